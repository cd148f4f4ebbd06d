//! Which member should have which device.

mod canary;
mod hash;
mod rendezvous;

use gridos_model::DeviceId;

use canary::canary;

use crate::Share;
use hash::{fingerprint, mix};

/// Which devices a member may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// It runs the version that is known to be good.
    #[default]
    Stable,
    /// It runs the version on trial.
    Canary,
}

/// A device to be assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// What kind it is: the canary gets its share of each kind.
    pub profile: u64,
}

impl Device {
    /// The device `id` of the profile called `profile`.
    pub fn new(id: DeviceId, profile: &str) -> Self {
        Self {
            id,
            profile: fingerprint(profile.as_bytes()),
        }
    }
}

/// A member that may be given devices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Its name: who comes back under its name gets the same devices.
    pub name: &'a str,
    /// Which devices it may have.
    pub role: Role,
    /// Its weight among the members of its role; with 0 it gets none.
    pub capacity: u32,
}

/// Who should have which device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// For each device, in the order given, the place of its member among the candidates; none if there
    /// is no candidate at all.
    pub members: Vec<Option<usize>>,
    /// How many devices are the canary's by the share.
    pub canary: usize,
    /// The role whose devices the other serves, because it has no member itself.
    pub unserved: Option<Role>,
}

/// Who should have which device when the canary's share of them is `share`.
///
/// It depends on neither the order of the devices nor that of the candidates, and is the same on every
/// machine. The canary's devices are chosen first, the exact share of each profile, whoever is there to poll
/// them; then each device goes to the member of its role with the greatest weighted score. So who joins
/// only takes devices from others, who leaves only leaves its own behind, and a changed
/// share moves only what changes its role. While a role has no member, the other serves its devices: it is
/// better to poll a device with the wrong version than not at all.
pub fn assign(devices: &[Device], candidates: &[Candidate<'_>], share: Share) -> Assignment {
    let chosen = canary(devices, share);
    let pool = |role| rendezvous::Pool::new(candidates, role);
    let (stable, canaries) = (pool(Role::Stable), pool(Role::Canary));
    let unserved = match (stable.is_empty(), canaries.is_empty()) {
        (true, false) => Some(Role::Stable),
        (false, true) => Some(Role::Canary),
        _ => None,
    };
    let serving = |is_canary: bool| match unserved {
        Some(Role::Stable) => &canaries,
        Some(Role::Canary) => &stable,
        None if is_canary => &canaries,
        None => &stable,
    };
    let members = devices.iter().zip(&chosen);
    Assignment {
        members: members
            .map(|(device, is_canary)| serving(*is_canary).winner(mix(device.id.raw())))
            .collect(),
        canary: share.of(devices.len()),
        unserved,
    }
}
