//! Setting the clock of an outstation, and what its times are worth.

use std::time::{Duration, Instant};

use super::{Failure, TimeSync};
use crate::app::{Iin, MasterRequest, Response, Timestamp};

/// Sets the clock in two requests (IEEE 1815-2012, clause 10).
///
/// Over a LAN: both sides note when RECORD_CURRENT_TIME left and arrived, and the time at which it
/// left is then written as g50v3. Over a serial line: the answer to DELAY_MEASURE tells how long
/// the outstation took for it, so that half of the rest is the way of the line, which is added to
/// the time written as g50v1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    way: TimeSync,
    step: Step,
    /// When the last request left.
    left: Option<(Instant, Timestamp)>,
    /// When a synchronisation was last over.
    ended: Option<Instant>,
    /// Whether the outstation has restarted since.
    is_suspect: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The first request is to be sent, or has been.
    Ask,
    /// The outstation has noted when the first request arrived; it left at this time.
    WriteRecorded(Timestamp),
    /// What is sent takes so long to arrive.
    Write(Duration),
    /// The second request has been sent.
    Written,
}

/// What an answer has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The second request can be sent.
    Half,
    /// The clock has been set.
    Set,
}

impl Clock {
    pub(super) fn new(way: TimeSync) -> Self {
        Self {
            way,
            step: Step::Ask,
            left: None,
            ended: None,
            is_suspect: false,
        }
    }

    /// Whether the clock may be set.
    pub(super) fn is_settable(&self) -> bool {
        self.way != TimeSync::Never
    }

    /// Whether absolute times of a fragment with `iin` count as synchronised.
    pub(super) fn is_synchronised(&self, iin: Iin) -> bool {
        let is_suspect = match self.way {
            TimeSync::Never => iin.contains(Iin::DEVICE_RESTART),
            TimeSync::Lan | TimeSync::Serial => self.is_suspect,
        };
        !is_suspect && !iin.contains(Iin::NEED_TIME)
    }

    /// The outstation has restarted: its clock may have stood still or begun anew.
    pub(super) fn on_restart(&mut self) {
        self.is_suspect = true;
        if self.is_between() {
            self.step = Step::Ask;
        }
    }

    /// The next request, which is sent `now`.
    pub(super) fn request(&mut self, now: Instant, wall: Timestamp) -> MasterRequest<'static> {
        self.left = Some((now, wall));
        let (step, request) = match (self.step, self.way) {
            (Step::WriteRecorded(time), _) => {
                (Step::Written, MasterRequest::WriteRecordedTime(time))
            }
            (Step::Write(way), _) => {
                let way = u64::try_from(way.as_millis()).unwrap_or(u64::MAX);
                let arrival = Timestamp::new(wall.milliseconds().saturating_add(way));
                let request = MasterRequest::WriteTime(arrival.unwrap_or(Timestamp::MAX));
                (Step::Written, request)
            }
            (Step::Ask | Step::Written, TimeSync::Serial) => {
                (Step::Ask, MasterRequest::DelayMeasure)
            }
            (Step::Ask | Step::Written, TimeSync::Lan | TimeSync::Never) => {
                (Step::Ask, MasterRequest::RecordCurrentTime)
            }
        };
        self.step = step;
        request
    }

    /// The last octet of the request has left.
    pub(super) fn on_sent(&mut self, now: Instant, wall: Timestamp) {
        if self.left.is_some() {
            self.left = Some((now, wall));
        }
    }

    /// Whether the next request belongs to the last one.
    pub(super) fn is_between(&self) -> bool {
        matches!(self.step, Step::WriteRecorded(_) | Step::Write(_))
    }

    /// The last fragment of an answer has arrived. Answers to the first request lead to the second
    /// one, if they tell what it needs.
    pub(super) fn on_answer(&mut self, now: Instant, response: &Response<'_>) {
        let (Step::Ask, Some((left, wall))) = (self.step, self.left) else {
            return;
        };
        self.step = match self.way {
            TimeSync::Lan | TimeSync::Never => Step::WriteRecorded(wall),
            TimeSync::Serial => match delay(response) {
                Some(delay) => {
                    let elapsed = now.saturating_duration_since(left);
                    Step::Write(elapsed.saturating_sub(delay) / 2)
                }
                None => return,
            },
        };
    }

    /// What the answer, whose last fragment indicates `iin`, has brought.
    pub(super) fn progress(&self, iin: Iin) -> Result<Progress, Failure> {
        match self.step {
            Step::Ask => Err(Failure::NoDelay),
            Step::WriteRecorded(_) | Step::Write(_) => Ok(Progress::Half),
            Step::Written if iin.contains(Iin::NEED_TIME) => Err(Failure::StillSet(Iin::NEED_TIME)),
            Step::Written => Ok(Progress::Set),
        }
    }

    /// The clock has been set.
    pub(super) fn on_set(&mut self, now: Instant) {
        self.is_suspect = false;
        self.on_ended(now);
    }

    /// It is over, whether the clock has been set or not.
    pub(super) fn on_ended(&mut self, now: Instant) {
        self.ended = Some(now);
        self.on_interrupted();
    }

    /// The connection has ended.
    pub(super) fn on_interrupted(&mut self) {
        self.step = Step::Ask;
        self.left = None;
    }

    /// When it was last over.
    pub(super) fn ended(&self) -> Option<Instant> {
        self.ended
    }
}

fn delay(response: &Response<'_>) -> Option<Duration> {
    let header = response.headers().next()?.ok()?;
    let milliseconds = header.delay_milliseconds()?;
    Some(Duration::from_millis(u64::from(milliseconds)))
}
