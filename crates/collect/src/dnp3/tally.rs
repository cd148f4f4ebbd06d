//! What the machines have counted becomes what the engine shows.

use gridos_dnp3::link::{ReaderCounters, Refusal};
use gridos_dnp3::master::Counters;
use gridos_telemetry::{
    ConfirmSide, ConfirmWithheld, DeviceStats, Dnp3Cells, FragmentFate, FrameFault, Protocol,
    ScanOutcome, Telemetry,
};

/// One of the counters.
type Count = fn(&Counters) -> u64;

/// Counts what an association has seen since the last time.
pub(super) fn tell(seen: &Counters, stats: &DeviceStats, telemetry: &Telemetry) {
    if *seen == Counters::default() {
        return;
    }
    let cells = &telemetry.dnp3;
    let more = |count: Count| count(seen);
    let fates: [(FragmentFate, Count); 9] = [
        (FragmentFate::Answer, |c| c.delivered_solicited),
        (FragmentFate::Unsolicited, |c| c.delivered_unsolicited),
        (FragmentFate::Null, |c| c.null),
        (FragmentFate::Repeated, |c| c.repeated),
        (FragmentFate::Malformed, |c| {
            c.malformed + c.bad_control + c.authentication
        }),
        (FragmentFate::Unasked, |c| c.unasked + c.disconnected),
        (FragmentFate::OutOfSequence, |c| {
            c.out_of_sequence + c.out_of_order
        }),
        (FragmentFate::Paused, |c| c.paused),
        (FragmentFate::Early, |c| c.early),
    ];
    for (fate, count) in fates {
        cells.on_fragments(fate, more(count));
    }
    cells.on_confirms(ConfirmSide::Answer, more(|c| c.confirms_solicited));
    cells.on_confirms(ConfirmSide::Unsolicited, more(|c| c.confirms_unsolicited));
    cells.on_withheld(ConfirmWithheld::Late, more(|c| c.confirms_late));
    cells.on_withheld(ConfirmWithheld::Superseded, more(|c| c.confirms_superseded));
    cells.on_withheld(
        ConfirmWithheld::Disconnected,
        more(|c| c.confirms_disconnected),
    );
    cells.on_withheld(ConfirmWithheld::Refused, more(|c| c.confirms_refused));
    let (requests, timeouts) = (more(|c| c.requests), more(|c| c.timeouts));
    let outcomes = [
        (ScanOutcome::Answered, more(|c| c.answered)),
        (ScanOutcome::Refused, more(|c| c.refused)),
        (ScanOutcome::Unavailable, timeouts + more(|c| c.cut_off)),
        (ScanOutcome::Error, more(|c| c.faulty)),
        (ScanOutcome::HeldBack, more(|c| c.not_kept)),
    ];
    telemetry.scans.expect(Protocol::Dnp3, requests);
    for (outcome, count) in outcomes.into_iter().filter(|(_, count)| *count > 0) {
        telemetry.scans.end(Protocol::Dnp3, outcome, count);
    }
    for (cell, count) in [
        (&cells.requests, requests),
        (&stats.polls, requests),
        (&cells.timeouts, timeouts),
        (&stats.failures, timeouts),
        (&cells.tasks_failed, more(|c| c.tasks_failed)),
        (&cells.integrity_polls, more(|c| c.integrity_polls)),
        (&cells.clocks_set, more(|c| c.clocks_set)),
    ] {
        if count > 0 {
            cell.add(count);
        }
    }
}

/// The same for the reader of a connection.
pub(super) fn tell_reader(seen: &ReaderCounters, before: &ReaderCounters, cells: &Dnp3Cells) {
    if seen == before {
        return;
    }
    let more = |count: fn(&ReaderCounters) -> u64| count(seen).saturating_sub(count(before));
    cells.frames.add(more(|c| c.frames));
    cells.skipped_bytes.add(more(|c| c.skipped_bytes));
    cells.on_faults(FrameFault::HeaderCrc, more(|c| c.header_crc_errors));
    cells.on_faults(FrameFault::BodyCrc, more(|c| c.body_crc_errors));
    cells.on_faults(
        FrameFault::Malformed,
        more(|c| c.bad_length + c.bad_control + c.bad_payload + c.bad_source),
    );
}

/// What is wrong with a frame that a station does not take.
pub(super) fn fault(refusal: Refusal) -> FrameFault {
    match refusal {
        Refusal::WrongDirection => FrameFault::WrongDirection,
        Refusal::Broadcast | Refusal::SelfAddress => FrameFault::NotIndividual,
        Refusal::UnknownDestination => FrameFault::UnknownDestination,
        Refusal::UnknownSource => FrameFault::UnknownSource,
        Refusal::NotReset => FrameFault::NotReset,
    }
}
