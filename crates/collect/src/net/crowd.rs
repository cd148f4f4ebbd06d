//! All who are connected to one listener, bounded; strangers make room for each other.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

/// The connections of one listener.
///
/// Whoever has not yet sent one whole request is a stranger. If there is no room, a newcomer takes
/// the place of the stranger who came first, so that any number of silent connections keeps nobody
/// out; or else of the longest silent connection from its own address, which a device that
/// reconnects has given up.
#[derive(Debug)]
pub(crate) struct Crowd {
    most: usize,
    seats: Mutex<Seats>,
}

#[derive(Debug, Default)]
struct Seats {
    next: u64,
    taken: HashMap<u64, Seat>,
}

#[derive(Debug)]
struct Seat {
    address: IpAddr,
    is_stranger: bool,
    active: Instant,
    displaced: Arc<Notify>,
}

/// One place among the connections; dropping it leaves.
#[derive(Debug)]
pub(crate) struct Place {
    crowd: Arc<Crowd>,
    number: u64,
    displaced: Arc<Notify>,
}

impl Crowd {
    /// Room for `most` connections.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        let seats = Mutex::default();
        Arc::new(Self { most, seats })
    }

    /// A place for a connection from `address` at `now`; `None` if only known devices are there.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Place> {
        let mut seats = self.seats();
        if seats.taken.len() >= self.most {
            let leaves = seats.who_leaves(address)?;
            let seat = seats.taken.remove(&leaves)?;
            // Its task may not wait for this yet: the permit is kept until it does.
            seat.displaced.notify_one();
        }
        let number = seats.next;
        seats.next += 1;
        let displaced = Arc::new(Notify::new());
        let seat = Seat {
            address,
            is_stranger: true,
            active: now,
            displaced: Arc::clone(&displaced),
        };
        seats.taken.insert(number, seat);
        drop(seats);
        Some(Place {
            crowd: Arc::clone(self),
            number,
            displaced,
        })
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seats {
    fn who_leaves(&self, address: IpAddr) -> Option<u64> {
        let may = |seat: &Seat| seat.is_stranger || seat.address == address;
        let candidates = self.taken.iter().filter(|(_, seat)| may(seat));
        let first = candidates.min_by_key(|(number, seat)| {
            let silent_since = seat.active;
            (!seat.is_stranger, silent_since, **number)
        });
        first.map(|(number, _)| *number)
    }
}

impl Place {
    /// Notes a whole request at `now`: whoever sends one is no stranger.
    pub(crate) fn on_request(&self, now: Instant) {
        if let Some(seat) = self.crowd.seats().taken.get_mut(&self.number) {
            seat.is_stranger = false;
            seat.active = now;
        }
    }

    /// Ends when the place is needed for somebody else.
    pub(crate) async fn displaced(&self) {
        self.displaced.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.seats().taken.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn is_displaced(place: &Place) -> bool {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let waiting = std::pin::pin!(place.displaced());
        waiting.poll(&mut context).is_ready()
    }

    #[test]
    fn strangers_make_room_and_known_devices_stay() {
        let (a, b): (IpAddr, IpAddr) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let crowd = Crowd::new(2);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let known = crowd.enter(a, at(0)).unwrap();
        known.on_request(at(1));
        let stranger = crowd.enter(b, at(2)).unwrap();
        let newcomer = crowd.enter(b, at(3)).unwrap();
        assert!(is_displaced(&stranger) && !is_displaced(&known));
        drop(stranger);
        newcomer.on_request(at(4));
        assert!(crowd.enter([10, 0, 0, 3].into(), at(5)).is_none());
        // The same device again: its old connection makes room.
        let again = crowd.enter(a, at(6)).unwrap();
        assert!(is_displaced(&known));
        drop((known, again));
        assert!(crowd.enter([10, 0, 0, 3].into(), at(7)).is_some());
    }
}
