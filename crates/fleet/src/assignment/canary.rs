//! Which devices are the canary's.

use std::collections::BTreeMap;

use super::Device;
use super::hash::mix;
use crate::Share;

/// For each device, in the order given, whether it is the canary's.
///
/// Exactly [`Share::of`] all devices are, and of each profile the exact share of it, rounded up or down. A
/// greater share only adds devices; going back gives up exactly those.
///
/// One sequence of the devices does that, of which the canary has the beginning. At each step that profile
/// comes next which the quota method of Balinski and Young picks ("The quota method of
/// apportionment", 1975): of those that are below their exact share the one with the most devices per
/// place. Largest remainders alone would be exact as well, but not monotone (the Alabama paradox). Within a
/// profile the devices come by hash.
pub(super) fn canary(devices: &[Device], share: Share) -> Vec<bool> {
    let mut chosen = vec![false; devices.len()];
    let mut strata = strata(devices);
    let all = devices.len();
    for seats in 1..=share.of(all) {
        let next = strata
            .iter_mut()
            .filter(|stratum| stratum.is_below_quota(seats, all))
            .reduce(|best, other| if other.is_before(best) { other } else { best });
        // There is one at each step: the exact shares sum up to `seats`, the taken places to one less.
        if let Some(place) = next.and_then(Stratum::take) {
            chosen[place] = true;
        }
    }
    chosen
}

/// The devices of one profile.
struct Stratum {
    /// Places of the devices, by the hash of their ids.
    places: Vec<usize>,
    taken: usize,
}

impl Stratum {
    /// Whether another one would not be above the exact share, rounded up.
    fn is_below_quota(&self, seats: usize, all: usize) -> bool {
        (self.taken as u128) * (all as u128) < (seats as u128) * (self.places.len() as u128)
    }

    /// Whether it has more devices per place than `other`, after one more each.
    fn is_before(&self, other: &Self) -> bool {
        let ours = (self.places.len() as u128) * (other.taken as u128 + 1);
        ours > (other.places.len() as u128) * (self.taken as u128 + 1)
    }

    fn take(&mut self) -> Option<usize> {
        let place = self.places.get(self.taken).copied();
        self.taken += 1;
        place
    }
}

/// In the order of the profiles' numbers: of equal ones the first comes first.
fn strata(devices: &[Device]) -> Vec<Stratum> {
    let mut by_profile = BTreeMap::<u64, Vec<usize>>::new();
    for (place, device) in devices.iter().enumerate() {
        by_profile.entry(device.profile).or_default().push(place);
    }
    // Another salt than for the members', or the canary's devices would be a few members'.
    let rank = |place: &usize| (mix(devices[*place].id.raw() ^ SALT), devices[*place].id);
    by_profile
        .into_values()
        .map(|mut places| {
            places.sort_by_cached_key(rank);
            Stratum { places, taken: 0 }
        })
        .collect()
}

const SALT: u64 = 0x6361_6e61_7279_2121;
