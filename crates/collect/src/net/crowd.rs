//! All who are connected to one listener, bounded; strangers and crowds make room.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

/// The connections of one listener.
///
/// Whoever has not yet sent one whole request to a device is a stranger. If there is no room, a
/// newcomer takes the place of
///
/// 1. a connection from its own address, if that has more than half of all places;
/// 2. the first stranger of the address with the most strangers, so that any number of silent
///    connections keeps nobody out;
/// 3. the longest silent connection from its own address, which a device that reconnects has given
///    up;
/// 4. the longest silent connection of the address with the most, if these are more than one, so
///    that no single peer keeps all others out.
#[derive(Debug)]
pub(crate) struct Crowd {
    most: usize,
    seats: Mutex<Seats>,
}

/// The connections, ranked so that nobody must look at each of them.
#[derive(Debug, Default)]
struct Seats {
    next: u64,
    taken: HashMap<u64, Seat>,
    groups: HashMap<IpAddr, Group>,
    /// The addresses with strangers: those with the most last, of equal ones that of the first.
    strangers: BTreeSet<(usize, Reverse<Turn>, IpAddr)>,
    /// The same of the others.
    known: BTreeSet<(usize, Reverse<Turn>, IpAddr)>,
}

#[derive(Debug)]
struct Seat {
    address: IpAddr,
    is_stranger: bool,
    active: Instant,
    displaced: Arc<Notify>,
}

/// The connections from one address, the longest silent first.
#[derive(Debug, Default)]
struct Group {
    strangers: BTreeSet<Turn>,
    known: BTreeSet<Turn>,
}

/// When a connection was last active, and its number.
type Turn = (Instant, u64);

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

    /// A place for a connection from `address` at `now`; `None` if only known devices are there,
    /// one of each address.
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Place> {
        let mut seats = self.seats();
        if seats.taken.len() >= self.most {
            let leaves = seats.who_leaves(address, self.most)?;
            let seat = seats.remove(leaves)?;
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
        seats.insert(number, seat);
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
    fn who_leaves(&self, address: IpAddr, most: usize) -> Option<u64> {
        let own = self.groups.get(&address);
        if let Some(own) = own.filter(|own| own.len() > most / 2) {
            return own.first();
        }
        if let Some((_, Reverse((_, number)), _)) = self.strangers.last() {
            return Some(*number);
        }
        if let Some(own) = own {
            return own.first();
        }
        let (count, Reverse((_, number)), _) = self.known.last()?;
        (*count > 1).then_some(*number)
    }

    fn insert(&mut self, number: u64, seat: Seat) {
        let turn = (seat.active, number);
        self.change(seat.address, |group| {
            group.of(seat.is_stranger).insert(turn);
        });
        self.taken.insert(number, seat);
    }

    fn remove(&mut self, number: u64) -> Option<Seat> {
        let seat = self.taken.remove(&number)?;
        let turn = (seat.active, number);
        self.change(seat.address, |group| {
            group.of(seat.is_stranger).remove(&turn);
        });
        Some(seat)
    }

    /// Changes who is there of `address`, and ranks it anew.
    fn change(&mut self, address: IpAddr, change: impl FnOnce(&mut Group)) {
        let group = self.groups.entry(address).or_default();
        let before = group.ranks(address);
        change(group);
        let after = group.ranks(address);
        if group.len() == 0 {
            self.groups.remove(&address);
        }
        for (ranking, before, after) in [
            (&mut self.strangers, before.0, after.0),
            (&mut self.known, before.1, after.1),
        ] {
            if before != after {
                before.map(|rank| ranking.remove(&rank));
                after.map(|rank| ranking.insert(rank));
            }
        }
    }
}

type Rank = (usize, Reverse<Turn>, IpAddr);

impl Group {
    fn of(&mut self, is_stranger: bool) -> &mut BTreeSet<Turn> {
        if is_stranger {
            &mut self.strangers
        } else {
            &mut self.known
        }
    }

    fn len(&self) -> usize {
        self.strangers.len() + self.known.len()
    }

    /// Who of them leaves: a stranger if there is one.
    fn first(&self) -> Option<u64> {
        let first = self.strangers.first().or_else(|| self.known.first());
        first.map(|(_, number)| *number)
    }

    fn ranks(&self, address: IpAddr) -> (Option<Rank>, Option<Rank>) {
        let rank = |all: &BTreeSet<Turn>| Some((all.len(), Reverse(*all.first()?), address));
        (rank(&self.strangers), rank(&self.known))
    }
}

impl Place {
    /// Notes a whole request to a device at `now`: whoever sends one is no stranger.
    pub(crate) fn on_request(&self, now: Instant) {
        let mut seats = self.crowd.seats();
        // Who was displaced meanwhile has no seat any more.
        if let Some(seat) = seats.remove(self.number) {
            let seat = Seat {
                is_stranger: false,
                active: now,
                ..seat
            };
            seats.insert(self.number, seat);
        }
    }

    /// Ends when the place is needed for somebody else.
    pub(crate) async fn displaced(&self) {
        self.displaced.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.seats().remove(self.number);
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

    fn address(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn strangers_make_room_and_known_devices_stay() {
        let (a, b) = (address(1), address(2));
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
        assert!(crowd.enter(address(3), at(5)).is_none());
        // The same device again: its old connection makes room.
        let again = crowd.enter(a, at(6)).unwrap();
        assert!(is_displaced(&known));
        drop((known, again));
        assert!(crowd.enter(address(3), at(7)).is_some());
    }

    #[test]
    fn a_crowd_of_one_address_makes_room_for_all_others() {
        let crowd = Crowd::new(4);
        let now = Instant::now();
        let known = |last| {
            let place = crowd.enter(address(last), now).unwrap();
            place.on_request(now);
            place
        };
        let good = known(1);
        let many = [known(2), known(2), known(2)];
        many[0].on_request(now + Duration::from_secs(1));
        let newcomer = known(3);
        assert!(is_displaced(&many[1]) && !is_displaced(&good));
        let other = known(4);
        assert!(is_displaced(&many[2]) && !is_displaced(&good) && !is_displaced(&newcomer));
        // Now nobody has more than one.
        assert!(crowd.enter(address(5), now).is_none());
        drop((other, many));
        assert!(crowd.enter(address(5), now).is_some());
    }

    #[test]
    fn whoever_renews_displaces_nobody_who_has_just_come() {
        let crowd = Crowd::new(4);
        let now = Instant::now();
        let known = crowd.enter(address(2), now).unwrap();
        known.on_request(now);
        let mut many = vec![known];
        many.extend((0..2).map(|_| crowd.enter(address(2), now).unwrap()));
        let good = crowd.enter(address(1), now).unwrap();
        for _ in 0..9 {
            many.push(crowd.enter(address(2), now).unwrap());
            assert!(!is_displaced(&good));
        }
        let left = many.iter().filter(|place| !is_displaced(place)).count();
        assert_eq!(left, 3);
        // The same with as many strangers from two addresses.
        let crowd = Crowd::new(5);
        let (a, b) = (address(2), address(3));
        let mut many: Vec<_> = [a, a, b, b]
            .map(|address| crowd.enter(address, now).unwrap())
            .into();
        let good = crowd.enter(address(1), now).unwrap();
        for address in [a, b, a, b] {
            many.push(crowd.enter(address, now).unwrap());
            assert!(!is_displaced(&good));
        }
    }

    #[test]
    fn the_ranking_forgets_whoever_leaves() {
        let crowd = Crowd::new(9);
        let now = Instant::now();
        let places: Vec<_> = (0..9)
            .map(|n| crowd.enter(address(n % 3), now).unwrap())
            .collect();
        places.iter().step_by(2).for_each(|p| p.on_request(now));
        places.iter().step_by(4).for_each(|p| p.on_request(now));
        drop(places);
        let seats = crowd.seats();
        assert!(seats.taken.is_empty() && seats.groups.is_empty());
        assert!(seats.strangers.is_empty() && seats.known.is_empty());
    }
}
