//! A member's record as JSON.

use std::time::Duration;

use bytes::Bytes;
use gridos_fleet::{Epoch, MemberRecord, Role, SessionId};
use gridos_model::DeviceId;
use gridos_telemetry::Vitals;
use serde::{Deserialize, Serialize};

use super::vitals::WrittenVitals;
use crate::FormatError;

#[derive(Deserialize, Serialize)]
struct Written {
    session: Option<u64>,
    instance: u64,
    birth: u64,
    renewal: u64,
    role: WrittenRole,
    capacity: u32,
    address: String,
    version: String,
    hold_off_ms: u64,
    keep_hold_off_ms: u64,
    peers: Vec<u64>,
    seen: u64,
    releasing: Vec<u64>,
    leaving: bool,
    /// For people; members of before have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vitals: Option<WrittenVitals>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum WrittenRole {
    Stable,
    Canary,
}

pub(crate) fn write(record: &MemberRecord, vitals: Option<Vitals>) -> Bytes {
    let millis = |duration: Duration| {
        // Rounded up: nobody may wait for less.
        let millis = duration.as_nanos().div_ceil(1_000_000);
        u64::try_from(millis).unwrap_or(u64::MAX)
    };
    let written = Written {
        session: record.session.map(SessionId::raw),
        instance: record.instance,
        birth: record.birth,
        renewal: record.renewal,
        role: match record.role {
            Role::Stable => WrittenRole::Stable,
            Role::Canary => WrittenRole::Canary,
        },
        capacity: record.capacity,
        address: record.address.clone(),
        version: record.version.clone(),
        hold_off_ms: millis(record.hold_off),
        keep_hold_off_ms: millis(record.keep_hold_off),
        peers: record.peers.iter().map(|peer| peer.raw()).collect(),
        seen: record.seen.raw(),
        releasing: record.releasing.iter().map(|device| device.raw()).collect(),
        leaving: record.leaving,
        vitals: vitals.map(WrittenVitals::from),
    };
    // Numbers and texts cannot fail.
    serde_json::to_vec(&written).unwrap_or_default().into()
}

/// The record, and how the member did lately, if it says so.
pub(crate) fn read(key: &str, bytes: &[u8]) -> Result<(MemberRecord, Option<Vitals>), FormatError> {
    let written: Written =
        serde_json::from_slice(bytes).map_err(|error| FormatError::new(key, error))?;
    let vitals = written.vitals.map(Vitals::from);
    let record = MemberRecord {
        session: written.session.map(SessionId::from_raw),
        instance: written.instance,
        birth: written.birth,
        renewal: written.renewal,
        role: match written.role {
            WrittenRole::Stable => Role::Stable,
            WrittenRole::Canary => Role::Canary,
        },
        capacity: written.capacity,
        address: written.address,
        version: written.version,
        hold_off: Duration::from_millis(written.hold_off_ms),
        keep_hold_off: Duration::from_millis(written.keep_hold_off_ms),
        peers: written.peers.into_iter().map(SessionId::from_raw).collect(),
        seen: Epoch::from_raw(written.seen),
        releasing: written
            .releasing
            .into_iter()
            .map(DeviceId::from_raw)
            .collect(),
        leaving: written.leaving,
    };
    Ok((record, vitals))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_back() {
        let record = MemberRecord {
            session: Some(SessionId::from_raw(u64::MAX)),
            instance: u64::MAX - 1,
            birth: 2,
            renewal: 3,
            role: Role::Canary,
            capacity: 100,
            address: "a:1".to_owned(),
            version: "0.1.0".to_owned(),
            hold_off: Duration::from_millis(1_500),
            keep_hold_off: Duration::from_secs(60),
            peers: vec![SessionId::from_raw(4)],
            seen: Epoch::from_raw(5),
            releasing: vec![DeviceId::of("d")],
            leaving: true,
        };
        let vitals = Some(Vitals::default());
        let bytes = write(&record, vitals);
        assert_eq!(read("session.a", &bytes), Ok((record.clone(), vitals)));
        let silent = write(&record, None);
        assert_eq!(read("session.a", &silent), Ok((record.clone(), None)));
        for cut in 0..bytes.len() {
            assert!(read("session.a", &bytes[..cut]).is_err(), "{cut}");
        }
        let odd = MemberRecord {
            hold_off: Duration::from_nanos(1),
            ..record
        };
        let (back, _) = read("session.a", &write(&odd, None)).unwrap();
        assert_eq!(back.hold_off, Duration::from_millis(1));
    }
}
