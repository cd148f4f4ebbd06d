//! What DNP3 sessions count in.

use crate::label::label;
use crate::{Counter, Gauge, Histogram};

label! {
    /// What became of a fragment from an outstation.
    FragmentFate {
        /// An answer with something to keep.
        Answer = "answer",
        /// Unasked, with something to keep.
        Unsolicited = "unsolicited",
        /// Nothing in it to keep.
        Null = "null",
        /// It had been taken before, and was confirmed again.
        Repeated = "repeated",
        /// It is no fragment that an outstation sends.
        Malformed = "malformed",
        /// It answers a request that was given up, or none.
        Unasked = "unasked",
        /// Its place in the answer is wrong.
        OutOfSequence = "out_of_sequence",
        /// It came while nothing could be kept: it comes again.
        Paused = "paused",
        /// It came before the first integrity poll, and is configured to be ignored then.
        Early = "early",
    }
}

label! {
    /// Whether a confirm was for an answer.
    ConfirmSide {
        /// For an answer.
        Answer = "answer",
        /// For what came unasked.
        Unsolicited = "unsolicited",
    }
}

label! {
    /// Why a confirm that was owed was not sent: the outstation offers its events again.
    ConfirmWithheld {
        /// The fragment was not durable in time.
        Late = "late",
        /// Another fragment had come meanwhile.
        Superseded = "superseded",
        /// The connection had ended.
        Disconnected = "disconnected",
        /// The fragment could not be kept.
        Refused = "refused",
    }
}

label! {
    /// Why bytes or a frame came to nothing.
    FrameFault {
        /// The checksum of its header is wrong.
        HeaderCrc = "header_crc",
        /// The checksum of its user data is wrong.
        BodyCrc = "body_crc",
        /// It contradicts itself.
        Malformed = "malformed",
        /// It comes from a master.
        WrongDirection = "wrong_direction",
        /// It is for another link address.
        UnknownDestination = "unknown_destination",
        /// It is from another link address.
        UnknownSource = "unknown_source",
        /// It is for all stations, or for whoever receives it.
        NotIndividual = "not_individual",
        /// It is counted, and the link states have not been reset.
        NotReset = "not_reset",
    }
}

label! {
    /// What became of the end of a fragment that could not be read.
    DeadLetterFate {
        /// It was taken as a record.
        Taken = "taken",
        /// It had been taken before.
        Repeated = "repeated",
        /// So many came from the outstation within a minute that this one is only counted.
        OverLimit = "over_limit",
        /// The engine had no room for its fragment: if it wants a confirm, it comes again.
        Refused = "refused",
    }
}

label! {
    /// Why an outstation says that events may be lost.
    LossReason {
        /// It restarted.
        Restart = "restart",
        /// It had no room for events.
        Overflow = "overflow",
    }
}

/// What DNP3 sessions count in.
#[derive(Debug, Default)]
pub struct Dnp3Cells {
    /// Connections open.
    pub connections: Gauge,
    /// Connections made.
    pub connects: Counter,
    /// Connections refused or broken.
    pub io_errors: Counter,
    /// Sessions that read nothing, because nothing could be kept.
    pub paused: Gauge,
    /// Good frames.
    pub frames: Counter,
    /// Bytes outside of good frames.
    pub skipped_bytes: Counter,
    /// Segments of the transport function that came to nothing.
    pub segments_dropped: Counter,
    /// Statuses of links asked for after silence.
    pub keep_alives: Counter,
    /// Such without an answer in time.
    pub keep_alives_failed: Counter,
    /// Requests sent, confirms not included.
    pub requests: Counter,
    /// Requests without an answer in time, or without its end.
    pub timeouts: Counter,
    /// Tasks that failed, for whatever reason.
    pub tasks_failed: Counter,
    /// Integrity polls done.
    pub integrity_polls: Counter,
    /// Integrity polls under way.
    pub integrity_polls_open: Gauge,
    /// Clocks set.
    pub clocks_set: Counter,
    /// Events of points, those that came again included.
    pub events: Counter,
    /// Events that came again and were not taken again.
    pub events_repeated: Counter,
    /// Present values of points, as answers to polls.
    pub static_values: Counter,
    /// Values of points that no point of the config is.
    pub unmapped: Counter,
    /// From the last byte of a fragment with events until it was durable and could be confirmed.
    pub confirm_wait: Histogram,
    fragments: [Counter; FragmentFate::ALL.len()],
    confirms: [Counter; ConfirmSide::ALL.len()],
    withheld: [Counter; ConfirmWithheld::ALL.len()],
    faults: [Counter; FrameFault::ALL.len()],
    losses: [Counter; LossReason::ALL.len()],
    dead_letters: [Counter; DeadLetterFate::ALL.len()],
}

/// Methods that count by a label, and show the count.
macro_rules! by_label {
    ($($(#[$doc:meta])* $count:ident, $(#[$show_doc:meta])* $show:ident, $field:ident by $label:ident;)*) => {
        impl Dnp3Cells {
            $(
                $(#[$doc])*
                #[inline]
                pub fn $count(&self, label: $label, n: u64) {
                    if n > 0 {
                        self.$field[label as usize].add(n);
                    }
                }

                $(#[$show_doc])*
                pub fn $show(&self, label: $label) -> u64 {
                    self.$field[label as usize].get()
                }
            )*
        }
    };
}

by_label! {
    /// Counts `n` fragments.
    on_fragments,
    /// Fragments by what became of them.
    fragments, fragments by FragmentFate;
    /// Counts `n` confirms that were sent.
    on_confirms,
    /// Confirms sent.
    confirms, confirms by ConfirmSide;
    /// Counts `n` confirms that were not sent.
    on_withheld,
    /// Confirms that were owed and not sent.
    withheld, withheld by ConfirmWithheld;
    /// Counts `n` frames that came to nothing.
    on_faults,
    /// Frames that came to nothing.
    faults, faults by FrameFault;
    /// Counts `n` times that an outstation may have lost events.
    on_losses,
    /// How often outstations may have lost events.
    losses, losses by LossReason;
    /// Counts `n` fragments that could not be read to their end.
    on_dead_letters,
    /// Fragments that could not be read to their end.
    dead_letters, dead_letters by DeadLetterFate;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_label_has_a_cell() {
        let cells = Dnp3Cells::default();
        cells.on_withheld(ConfirmWithheld::Refused, 2);
        cells.on_faults(FrameFault::NotReset, 3);
        cells.on_fragments(FragmentFate::Early, 0);
        assert_eq!(cells.withheld(ConfirmWithheld::Refused), 2);
        assert_eq!(cells.withheld(ConfirmWithheld::Late), 0);
        assert_eq!(cells.faults(FrameFault::NotReset), 3);
        assert_eq!(cells.fragments(FragmentFate::Early), 0);
    }
}
