//! Who changed something of the engine or was refused, as it stands in a frame.

use gridos_model::{AuditRecord, Deed, DeedOutcome, Timestamp};
use rkyv::util::AlignedVec;
use rkyv::with::InlineAsBox;
use rkyv::{Archive, Serialize};

use super::{Record, RecordError, access, malformed, write};

#[derive(Archive, Serialize)]
struct AuditRow<'a> {
    sequence: u64,
    time_ns: i64,
    status: u16,
    outcome: u8,
    #[rkyv(with = InlineAsBox)]
    principal: &'a str,
    #[rkyv(with = InlineAsBox)]
    kind: &'a str,
    #[rkyv(with = InlineAsBox)]
    address: &'a str,
    #[rkyv(with = InlineAsBox)]
    action: &'a str,
    #[rkyv(with = InlineAsBox)]
    target: &'a str,
    #[rkyv(with = InlineAsBox)]
    detail: &'a str,
}

/// Appends the archive of `records` to `buffer`.
pub(super) fn write_rows(records: &[AuditRecord], buffer: &mut AlignedVec) {
    let rows: Vec<_> = records.iter().map(AuditRow::from).collect();
    write(&rows, buffer);
}

pub(super) fn read(payload: &[u8]) -> Result<Record<'_>, RecordError> {
    let rows: &rkyv::vec::ArchivedVec<ArchivedAuditRow<'_>> = access(payload)?;
    let records = rows.iter().map(AuditRecord::try_from);
    records.collect::<Result<_, _>>().map(Record::Audit)
}

impl<'a> From<&'a AuditRecord> for AuditRow<'a> {
    fn from(record: &'a AuditRecord) -> Self {
        let deed = &record.deed;
        Self {
            sequence: record.sequence,
            time_ns: record.time.as_nanos(),
            status: deed.status,
            outcome: deed.outcome as u8,
            principal: &deed.principal,
            kind: &deed.kind,
            address: &deed.address,
            action: &deed.action,
            target: &deed.target,
            detail: &deed.detail,
        }
    }
}

impl TryFrom<&ArchivedAuditRow<'_>> for AuditRecord {
    type Error = RecordError;

    fn try_from(row: &ArchivedAuditRow<'_>) -> Result<Self, Self::Error> {
        let text = |text: &str| text.to_owned();
        let deed = Deed {
            principal: text(&row.principal),
            kind: text(&row.kind),
            address: text(&row.address),
            action: text(&row.action),
            target: text(&row.target),
            outcome: DeedOutcome::from_raw(row.outcome)
                .ok_or_else(|| malformed("outcome of a deed"))?,
            status: row.status.to_native(),
            detail: text(&row.detail),
        };
        let time = Timestamp::from_nanos(row.time_ns.to_native());
        Ok(Self::new(row.sequence.to_native(), time, deed))
    }
}
