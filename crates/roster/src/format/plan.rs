//! A plan, packed: its channels in groups of one owner, one owner before and one epoch. A channel takes 8 bytes
//! beside the others of its group, and 40 where each was given by another plan. A plan is one message of NATS, which
//! takes 1 MiB with its headers unless `max_payload` of the server says more: a hundred thousand channels that few
//! plans gave, and 26,000 whatever becomes of them.
//!
//! ```text
//!  0  [u8; 8]  "GRIDOSP1"
//!  8  u64      version of the plan
//! then groups, each
//!  0  u64      session of the owner, 0 for none
//!  8  u64      session that had them and is not known to have let go, 0 for none
//! 16  u64      epoch
//! 24  u64      how many channels, at least 1
//! 32  u64 …    their ids
//! ```
//! All numbers are little-endian.

use std::collections::BTreeMap;

use bytes::Bytes;
use gridos_fleet::{Epoch, Holding, Plan, SessionId};
use gridos_model::DeviceId;

use crate::FormatError;
use crate::bucket::PLAN;

const MAGIC: &[u8; 8] = b"GRIDOSP1";

/// The most bytes that a plan of `channels` channels takes in NATS, with its headers.
pub const fn bytes_max(channels: usize) -> usize {
    const HEADERS: usize = 128;
    HEADERS + 16 + 40 * channels
}

pub(crate) fn write(plan: &Plan) -> Bytes {
    let mut groups: BTreeMap<(u64, u64, u64), Vec<u64>> = BTreeMap::new();
    for (device, holding) in &plan.holdings {
        let session = |session: Option<SessionId>| session.map_or(0, SessionId::raw);
        let key = (
            session(holding.owner),
            session(holding.from),
            holding.epoch.raw(),
        );
        groups.entry(key).or_default().push(device.raw());
    }
    let mut bytes = Vec::with_capacity(16 + 32 * groups.len() + 8 * plan.holdings.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&plan.version.raw().to_le_bytes());
    for ((owner, from, epoch), devices) in groups {
        for number in [owner, from, epoch, devices.len() as u64] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        for device in devices {
            bytes.extend_from_slice(&device.to_le_bytes());
        }
    }
    bytes.into()
}

pub(crate) fn read(bytes: &[u8]) -> Result<Plan, FormatError> {
    let wrong = |what: &str| FormatError::new(PLAN, what);
    let body = bytes.strip_prefix(MAGIC);
    let body = body.ok_or_else(|| wrong("it does not begin as a plan"))?;
    let (words, rest) = body.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(wrong("it is cut off"));
    }
    let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
    let version = words.next().ok_or_else(|| wrong("it is cut off"))?;
    let mut holdings = BTreeMap::new();
    while let Some(owner) = words.next() {
        let mut next = || words.next().ok_or_else(|| wrong("it is cut off"));
        let (from, epoch, count) = (next()?, next()?, next()?);
        if count == 0 || count > words.len() as u64 {
            return Err(wrong("a group is cut off"));
        }
        let session = |raw: u64| (raw != 0).then(|| SessionId::from_raw(raw));
        let holding = Holding {
            owner: session(owner),
            from: session(from),
            epoch: Epoch::from_raw(epoch),
        };
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        for device in words.by_ref().take(count) {
            if holdings
                .insert(DeviceId::from_raw(device), holding)
                .is_some()
            {
                return Err(wrong("a channel is in it twice"));
            }
        }
    }
    Ok(Plan {
        version: Epoch::from_raw(version),
        holdings,
    })
}

#[cfg(test)]
mod tests {
    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;

    use super::*;

    fn plans() -> impl Strategy<Value = Plan> {
        let session = || proptest::option::of((1_u64..5).prop_map(SessionId::from_raw));
        let holding = (session(), session(), 0_u64..4).prop_map(|(owner, from, epoch)| Holding {
            owner,
            from,
            epoch: Epoch::from_raw(epoch),
        });
        let device = any::<u64>().prop_map(DeviceId::from_raw);
        (any::<u64>(), btree_map(device, holding, 0..40)).prop_map(|(version, holdings)| Plan {
            version: Epoch::from_raw(version),
            holdings,
        })
    }

    proptest! {
        #[test]
        fn a_plan_reads_back_and_not_if_it_is_cut(plan in plans(), cut in any::<prop::sample::Index>()) {
            let bytes = write(&plan);
            prop_assert_eq!(read(&bytes), Ok(plan.clone()));
            prop_assert!(bytes.len() < bytes_max(plan.holdings.len()));
            let cut = &bytes[..cut.index(bytes.len())];
            // A plan that ends behind a group is another, smaller one; anything else is none.
            if let Ok(smaller) = read(cut) {
                prop_assert!(smaller.holdings.len() < plan.holdings.len());
            }
        }

        #[test]
        fn any_bytes_are_a_plan_or_none(words in vec(0_u64..6, 0..40)) {
            let bytes = words.iter().flat_map(|word| word.to_le_bytes());
            let bytes: Vec<u8> = MAGIC.iter().copied().chain(bytes).collect();
            if let Ok(plan) = read(&bytes) {
                prop_assert_eq!(read(&write(&plan)), Ok(plan));
            }
        }
    }

    #[test]
    fn as_many_channels_as_are_told_fit_into_a_message() {
        assert!(bytes_max(26_000) < 1 << 20);
        let holdings = (0..100_000_u64).map(|device| {
            let holding = Holding {
                owner: Some(SessionId::from_raw(1 + device % 50)),
                ..Holding::default()
            };
            (DeviceId::from_raw(device), holding)
        });
        let plan = Plan {
            version: Epoch::from_raw(1),
            holdings: holdings.collect(),
        };
        assert!(write(&plan).len() < 1 << 20);
    }
}
