//! Fences: who had a device later, so that what an earlier holder still says is not taken for its word.

use std::collections::{BTreeMap, HashMap};

use gridos_model::{DeviceId, Epoch, Timestamp};

/// The epochs under which devices of a fleet were held, as the database knows them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fences {
    /// The last row that is known of.
    seen: i64,
    /// Since when each epoch counts; several of a device in no order.
    epochs: HashMap<DeviceId, Vec<(Epoch, Timestamp)>>,
}

/// What a chunk says of epochs that the database does not know: when the first batch of each was received.
pub(crate) type Claims = BTreeMap<(DeviceId, Epoch), Timestamp>;

impl Fences {
    /// Notes the row `id`: `device` is held under `epoch`, and what others received of it from `since` on
    /// is not taken.
    pub(crate) fn note(&mut self, id: i64, device: DeviceId, epoch: Epoch, since: Timestamp) {
        self.seen = self.seen.max(id);
        self.epochs.entry(device).or_default().push((epoch, since));
    }

    /// The last row that is known of.
    pub(crate) fn seen(&self) -> i64 {
        self.seen
    }

    /// The later epoch that was taken by force when a batch of `device` was received under `epoch`; none if it is to
    /// be stored. No clock is asked where whoever had the device let it go: all that it received was before.
    /// Of one that died or was cut off, what it received before is in its journal, and has to be stored.
    pub(crate) fn later(
        &self,
        device: DeviceId,
        epoch: Epoch,
        received: Timestamp,
    ) -> Option<Epoch> {
        let known = self.epochs.get(&device)?.iter();
        let later = known
            .filter(|(other, since)| *other > epoch && other.is_forced() && *since <= received);
        later.map(|(other, _)| *other).max()
    }

    /// Whether the database knows that `device` was held under `epoch`.
    pub(crate) fn knows(&self, device: DeviceId, epoch: Epoch) -> bool {
        let known = self.epochs.get(&device);
        known.is_some_and(|known| known.iter().any(|(other, _)| *other == epoch))
    }
}

/// Notes that a batch of `device` came under `epoch`.
pub(crate) fn claim(claims: &mut Claims, device: DeviceId, epoch: Epoch, received: Timestamp) {
    let since = claims.entry((device, epoch)).or_insert(received);
    *since = received.min(*since);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_earlier_holder_received_later_is_fenced() {
        let [device, other] = ["a", "b"].map(DeviceId::of);
        let epoch = |number| Epoch::new(number).unwrap();
        let at = Timestamp::from_millis;
        let mut fences = Fences::default();
        fences.note(4, device, epoch(3), at(100));
        fences.note(9, device, epoch(5), at(200));
        // Whoever had it let it go, whatever the clocks say.
        fences.note(8, device, epoch(6), at(50));
        assert_eq!(fences.seen(), 9);
        let later = |number, millis| fences.later(device, epoch(number), at(millis));
        assert_eq!(later(1, 99), None);
        assert_eq!(later(1, 100), Some(epoch(3)));
        assert_eq!(later(1, 200), Some(epoch(5)));
        assert_eq!((later(3, 199), later(3, 200)), (None, Some(epoch(5))));
        assert_eq!(later(5, 900), None);
        assert_eq!(fences.later(other, epoch(1), at(900)), None);
        assert!(fences.knows(device, epoch(3)) && !fences.knows(device, epoch(2)));
        let mut claims = Claims::new();
        claim(&mut claims, device, epoch(6), at(7));
        claim(&mut claims, device, epoch(6), at(5));
        assert_eq!(claims, Claims::from([((device, epoch(6)), at(5))]));
    }
}
