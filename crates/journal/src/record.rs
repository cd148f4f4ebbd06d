//! Records: what the payload of a frame says.
//!
//! The shapes are rkyv archives (little-endian, 32-bit offsets, aligned); their order of fields is
//! frozen by [`crate::frame`]'s version. The model's own types stay free of any format.

mod alarms;
mod audit;

pub(crate) use alarms::portions as alarm_portions;
use bytemuck::cast_slice;
use gridos_model::{
    AlarmRecord, AuditRecord, DeadLetter, DeviceId, Epoch, Events, Gap, GapReason, LayoutId, Level,
    PointId, Quality, Readings, Sweep, TextColumn, Texts, TimeQuality, Timestamp, Transition,
};
use rkyv::rancor;
use rkyv::util::AlignedVec;
use rkyv::with::InlineAsBox;
use rkyv::{Archive, Serialize};

#[cfg(target_endian = "big")]
compile_error!("the journal's columns are read in place and are little-endian");

const KIND_SWEEP: u16 = 1;
const KIND_EVENTS: u16 = 2;
const KIND_TRANSITIONS: u16 = 3;
const KIND_GAP: u16 = 4;
const KIND_TEXTS: u16 = 5;
const KIND_LETTER: u16 = 6;
/// Beside the kind of a batch: behind the archive stands under which epoch its device was held, as
/// `u64` and zeros up to [`EPOCH_BYTES`]. Without a fleet there is none.
const WITH_EPOCH: u16 = 0x100;
const EPOCH_BYTES: usize = 16;
/// The kinds that can be marked so.
const HELD_KINDS: [u16; 3] = [KIND_SWEEP, KIND_EVENTS, KIND_TEXTS];
/// What happened to alarms.
pub(crate) const KIND_ALARMS: u16 = 7;
/// Who changed something of the engine, or was refused.
const KIND_AUDIT: u16 = 8;

/// One record as it stands in a chunk: the columns are borrowed from it.
#[derive(Clone, Debug, PartialEq)]
pub enum Record<'a> {
    /// A batch.
    Readings(Readings<'a>),
    /// Changes of alarm levels, in order, as earlier engines told them.
    Transitions(Vec<Transition>),
    /// Readings known to be missing.
    Gap(Gap),
    /// What could not be read.
    Letter(DeadLetter),
    /// What happened to alarms, in order.
    Alarms(Vec<AlarmRecord>),
    /// Who changed something of the engine or was refused, in order.
    Audit(Vec<AuditRecord>),
}

impl Record<'_> {
    /// When the engine received it; `None` if it does not say.
    pub fn received(&self) -> Option<Timestamp> {
        match self {
            Self::Readings(readings) => Some(readings.received()),
            Self::Transitions(transitions) => transitions.first().map(|first| first.received),
            Self::Gap(gap) => Some(gap.until),
            Self::Letter(letter) => Some(letter.received()),
            Self::Alarms(records) => records.first().map(|first| first.received),
            Self::Audit(records) => records.first().map(|first| first.time),
        }
    }
}

/// A frame whose checksum is right holds no record this version knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A kind from a later version.
    #[error("record kind {kind} is unknown to this version")]
    Kind {
        /// The kind.
        kind: u16,
    },
    /// The archive is not well formed.
    #[error("the record is malformed: {reason}")]
    Malformed {
        /// What rkyv or our own check found.
        reason: String,
    },
}

#[derive(Archive, Serialize)]
struct SweepRecord<'a> {
    layout: u64,
    time_ns: i64,
    received_ns: i64,
    time_quality: u8,
    #[rkyv(with = InlineAsBox)]
    values: &'a [f64],
    #[rkyv(with = InlineAsBox)]
    qualities: &'a [u32],
}

#[derive(Archive, Serialize)]
struct EventsRecord<'a> {
    layout: u64,
    received_ns: i64,
    #[rkyv(with = InlineAsBox)]
    points: &'a [u32],
    #[rkyv(with = InlineAsBox)]
    times_ns: &'a [i64],
    #[rkyv(with = InlineAsBox)]
    values: &'a [f64],
    #[rkyv(with = InlineAsBox)]
    qualities: &'a [u32],
}

#[derive(Archive, Serialize)]
struct TextsRecord<'a> {
    layout: u64,
    received_ns: i64,
    #[rkyv(with = InlineAsBox)]
    points: &'a [u32],
    #[rkyv(with = InlineAsBox)]
    times_ns: &'a [i64],
    #[rkyv(with = InlineAsBox)]
    ends: &'a [u32],
    #[rkyv(with = InlineAsBox)]
    bytes: &'a str,
    #[rkyv(with = InlineAsBox)]
    qualities: &'a [u32],
}

#[derive(Archive, Serialize)]
struct TransitionRecord {
    point: u64,
    occurrence: u64,
    time_ns: i64,
    received_ns: i64,
    value: f64,
    quality: u32,
    from: u8,
    to: u8,
}

#[derive(Archive, Serialize)]
struct GapRecord {
    device: u64,
    from_ns: i64,
    until_ns: i64,
    reason: u8,
}

#[derive(Archive, Serialize)]
struct LetterRecord<'a> {
    device: u64,
    received_ns: i64,
    length: u32,
    #[rkyv(with = InlineAsBox)]
    reason: &'a str,
    #[rkyv(with = InlineAsBox)]
    octets: &'a [u8],
}

// === writing ===

/// Appends the archive of a batch to `buffer`; returns the kind.
pub(crate) fn write_readings(readings: &Readings<'_>, buffer: &mut AlignedVec) -> u16 {
    match readings {
        Readings::Sweep(sweep) => {
            let record = SweepRecord {
                layout: sweep.layout.raw(),
                time_ns: sweep.time.as_nanos(),
                received_ns: sweep.received.as_nanos(),
                time_quality: time_quality_to_raw(sweep.time_quality),
                values: sweep.values,
                qualities: cast_slice(sweep.qualities),
            };
            write(&record, buffer);
            KIND_SWEEP
        }
        Readings::Events(events) => {
            let record = EventsRecord {
                layout: events.layout.raw(),
                received_ns: events.received.as_nanos(),
                points: events.points,
                times_ns: cast_slice(events.times),
                values: events.values,
                qualities: cast_slice(events.qualities),
            };
            write(&record, buffer);
            KIND_EVENTS
        }
        Readings::Texts(texts) => {
            let record = TextsRecord {
                layout: texts.layout.raw(),
                received_ns: texts.received.as_nanos(),
                points: texts.points,
                times_ns: cast_slice(texts.times),
                ends: texts.texts.ends(),
                bytes: texts.texts.bytes(),
                qualities: cast_slice(texts.qualities),
            };
            write(&record, buffer);
            KIND_TEXTS
        }
    }
}

/// Appends the archive of a batch whose device is held under `epoch`; returns the kind.
pub(crate) fn write_held_readings(
    readings: &Readings<'_>,
    epoch: Epoch,
    buffer: &mut AlignedVec,
) -> u16 {
    let kind = write_readings(readings, buffer);
    buffer.extend_from_slice(&epoch.get().to_le_bytes());
    buffer.extend_from_slice(&[0; EPOCH_BYTES - size_of::<u64>()]);
    kind | WITH_EPOCH
}

/// The epoch behind the archive in `payload`, if there is one.
pub(crate) fn epoch(kind: u16, payload: &[u8]) -> Option<Epoch> {
    let (_, tail) = split_epoch(kind, payload).ok()?;
    tail
}

/// The archive without what stands behind it.
fn split_epoch(kind: u16, payload: &[u8]) -> Result<(&[u8], Option<Epoch>), RecordError> {
    if kind & WITH_EPOCH == 0 {
        return Ok((payload, None));
    }
    let split = payload.split_last_chunk::<EPOCH_BYTES>();
    let (archive, tail) = split.ok_or_else(|| malformed("epoch"))?;
    let [n0, n1, n2, n3, n4, n5, n6, n7, zeros @ ..] = *tail;
    let epoch = Epoch::new(u64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]));
    match epoch.filter(|_| zeros == [0; EPOCH_BYTES - size_of::<u64>()]) {
        Some(epoch) => Ok((archive, Some(epoch))),
        None => Err(malformed("epoch")),
    }
}

/// Appends the archive of transitions to `buffer`; returns the kind.
pub(crate) fn write_transitions(transitions: &[Transition], buffer: &mut AlignedVec) -> u16 {
    let records: Vec<_> = transitions.iter().map(TransitionRecord::from).collect();
    write(&records, buffer);
    KIND_TRANSITIONS
}

/// Appends the archive of a gap to `buffer`; returns the kind.
pub(crate) fn write_gap(gap: &Gap, buffer: &mut AlignedVec) -> u16 {
    let record = GapRecord {
        device: gap.device.raw(),
        from_ns: gap.from.as_nanos(),
        until_ns: gap.until.as_nanos(),
        reason: gap.reason as u8,
    };
    write(&record, buffer);
    KIND_GAP
}

/// Appends the archive of a dead letter to `buffer`; returns the kind.
pub(crate) fn write_letter(letter: &DeadLetter, buffer: &mut AlignedVec) -> u16 {
    let record = LetterRecord {
        device: letter.device().raw(),
        received_ns: letter.received().as_nanos(),
        length: letter.length(),
        reason: letter.reason(),
        octets: letter.octets(),
    };
    write(&record, buffer);
    KIND_LETTER
}

/// Appends the archive of what happened to alarms to `buffer`; returns the kind.
pub(crate) fn write_alarms(records: &[AlarmRecord], buffer: &mut AlignedVec) -> u16 {
    alarms::write_rows(records, buffer);
    KIND_ALARMS
}

/// Appends the archive of what somebody did to `buffer`; returns the kind.
pub(crate) fn write_audit(records: &[AuditRecord], buffer: &mut AlignedVec) -> u16 {
    audit::write_rows(records, buffer);
    KIND_AUDIT
}

/// Appends the archive of `record`; writing to memory cannot fail.
pub(crate) fn write<T>(record: &T, buffer: &mut AlignedVec)
where
    T: for<'a> Serialize<
        rkyv::api::high::HighSerializer<
            AlignedVec,
            rkyv::ser::allocator::ArenaHandle<'a>,
            rancor::Panic,
        >,
    >,
{
    let whole = std::mem::take(buffer);
    *buffer = match rkyv::api::high::to_bytes_in::<_, rancor::Panic>(record, whole) {
        Ok(whole) => whole,
        Err(never) => match never {},
    };
}

// === reading ===

/// The record in `payload`, which must be aligned to [`crate::frame::ALIGN`] in memory.
pub(crate) fn read(kind: u16, payload: &[u8]) -> Result<Record<'_>, RecordError> {
    if let Some(plain) = HELD_KINDS.iter().find(|plain| *plain | WITH_EPOCH == kind) {
        let (archive, _) = split_epoch(kind, payload)?;
        return read(*plain, archive);
    }
    match kind {
        KIND_SWEEP => read_sweep(payload),
        KIND_EVENTS => read_events(payload),
        KIND_TRANSITIONS => read_transitions(payload),
        KIND_GAP => read_gap(payload),
        KIND_TEXTS => read_texts(payload),
        KIND_LETTER => read_letter(payload),
        KIND_ALARMS => alarms::read(payload),
        KIND_AUDIT => audit::read(payload),
        kind => Err(RecordError::Kind { kind }),
    }
}

/// The archived `T` at the end of `payload`, checked.
pub(crate) fn access<'a, T>(payload: &'a [u8]) -> Result<&'a T, RecordError>
where
    T: rkyv::Portable
        + for<'b> rkyv::bytecheck::CheckBytes<rkyv::api::high::HighValidator<'b, rancor::Error>>,
{
    rkyv::access::<T, rancor::Error>(payload).map_err(|error| RecordError::Malformed {
        reason: error.to_string(),
    })
}

fn read_sweep(payload: &[u8]) -> Result<Record<'_>, RecordError> {
    let record: &ArchivedSweepRecord<'_> = access(payload)?;
    let values = cast_slice(&record.values);
    let qualities = cast_slice(&record.qualities);
    check_columns(values.len(), qualities)?;
    Ok(Record::Readings(Readings::Sweep(Sweep {
        layout: LayoutId::from_raw(record.layout.to_native()),
        time: Timestamp::from_nanos(record.time_ns.to_native()),
        time_quality: time_quality_from_raw(record.time_quality)?,
        received: Timestamp::from_nanos(record.received_ns.to_native()),
        values,
        qualities,
    })))
}

fn read_events(payload: &[u8]) -> Result<Record<'_>, RecordError> {
    let record: &ArchivedEventsRecord<'_> = access(payload)?;
    let values: &[f64] = cast_slice(&record.values);
    let qualities = cast_slice(&record.qualities);
    let points: &[u32] = cast_slice(&record.points);
    let times: &[Timestamp] = cast_slice(&record.times_ns);
    check_columns(values.len(), qualities)?;
    if points.len() != values.len() || times.len() != values.len() {
        return Err(malformed("columns of different length"));
    }
    Ok(Record::Readings(Readings::Events(Events {
        layout: LayoutId::from_raw(record.layout.to_native()),
        received: Timestamp::from_nanos(record.received_ns.to_native()),
        points,
        times,
        values,
        qualities,
    })))
}

fn read_texts(payload: &[u8]) -> Result<Record<'_>, RecordError> {
    let record: &ArchivedTextsRecord<'_> = access(payload)?;
    let texts = TextColumn::new(&record.bytes, cast_slice(&record.ends))
        .ok_or_else(|| malformed("ends of texts"))?;
    let qualities = cast_slice(&record.qualities);
    let points: &[u32] = cast_slice(&record.points);
    let times: &[Timestamp] = cast_slice(&record.times_ns);
    check_columns(texts.len(), qualities)?;
    if points.len() != texts.len() || times.len() != texts.len() {
        return Err(malformed("columns of different length"));
    }
    Ok(Record::Readings(Readings::Texts(Texts {
        layout: LayoutId::from_raw(record.layout.to_native()),
        received: Timestamp::from_nanos(record.received_ns.to_native()),
        points,
        times,
        texts,
        qualities,
    })))
}

fn read_transitions(payload: &[u8]) -> Result<Record<'_>, RecordError> {
    let records: &rkyv::vec::ArchivedVec<ArchivedTransitionRecord> = access(payload)?;
    records
        .iter()
        .map(Transition::try_from)
        .collect::<Result<_, _>>()
        .map(Record::Transitions)
}

fn read_gap(payload: &[u8]) -> Result<Record<'_>, RecordError> {
    let record: &ArchivedGapRecord = access(payload)?;
    Ok(Record::Gap(Gap {
        device: DeviceId::from_raw(record.device.to_native()),
        from: Timestamp::from_nanos(record.from_ns.to_native()),
        until: Timestamp::from_nanos(record.until_ns.to_native()),
        reason: GapReason::from_raw(record.reason).ok_or_else(|| malformed("gap reason"))?,
    }))
}

fn read_letter(payload: &[u8]) -> Result<Record<'_>, RecordError> {
    let record: &ArchivedLetterRecord<'_> = access(payload)?;
    let letter = DeadLetter::kept(
        DeviceId::from_raw(record.device.to_native()),
        Timestamp::from_nanos(record.received_ns.to_native()),
        &record.reason,
        &record.octets,
        record.length.to_native(),
    );
    letter
        .map(Record::Letter)
        .ok_or_else(|| malformed("length of a dead letter"))
}

fn check_columns(count: usize, qualities: &[Quality]) -> Result<(), RecordError> {
    if qualities.is_empty() || qualities.len() == count {
        Ok(())
    } else {
        Err(malformed("columns of different length"))
    }
}

fn malformed(reason: &str) -> RecordError {
    RecordError::Malformed {
        reason: reason.to_owned(),
    }
}

impl From<&Transition> for TransitionRecord {
    fn from(transition: &Transition) -> Self {
        Self {
            point: transition.point.raw(),
            occurrence: transition.occurrence,
            time_ns: transition.time.as_nanos(),
            received_ns: transition.received.as_nanos(),
            value: transition.value,
            quality: transition.quality.bits(),
            from: transition.from as u8,
            to: transition.to as u8,
        }
    }
}

impl TryFrom<&ArchivedTransitionRecord> for Transition {
    type Error = RecordError;

    fn try_from(record: &ArchivedTransitionRecord) -> Result<Self, Self::Error> {
        let level = |raw| Level::from_raw(raw).ok_or_else(|| malformed("alarm level"));
        Ok(Self {
            point: PointId::from_raw(record.point.to_native()),
            from: level(record.from)?,
            to: level(record.to)?,
            time: Timestamp::from_nanos(record.time_ns.to_native()),
            received: Timestamp::from_nanos(record.received_ns.to_native()),
            value: record.value.to_native(),
            quality: Quality::from_bits_retain(record.quality.to_native()),
            occurrence: record.occurrence.to_native(),
        })
    }
}

fn time_quality_to_raw(quality: TimeQuality) -> u8 {
    match quality {
        TimeQuality::Synchronised => 0,
        TimeQuality::Unsynchronised => 1,
        TimeQuality::None => 2,
    }
}

fn time_quality_from_raw(raw: u8) -> Result<TimeQuality, RecordError> {
    Ok(match raw {
        0 => TimeQuality::Synchronised,
        1 => TimeQuality::Unsynchronised,
        2 => TimeQuality::None,
        _ => return Err(malformed("time quality")),
    })
}
