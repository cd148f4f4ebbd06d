//! Requests are carried out.

use super::solicited::Pending;
use super::{Moment, Outstation};
use crate::app::{
    Control, Function, Iin, ObjectErrorKind, ObjectHeader, Range, Request, Variation,
};

impl Outstation {
    /// Carries a request out and makes the first fragment of its answer.
    pub(super) fn answer(&mut self, at: Moment, pending: &Pending) {
        self.counters.answered += 1;
        let control = Control::single(pending.sequence());
        let null = |outstation: &mut Self, iin| {
            let writer = outstation.writer();
            outstation.finish(at, writer, &[], control, iin);
        };
        let Ok(request) = Request::parse(&pending.octets) else {
            return null(self, Iin::NO_FUNC_CODE_SUPPORT);
        };
        let function = request.function;
        if function == Function::Read {
            match objects_error(&request) {
                Some(iin) => null(self, iin),
                None => {
                    let series = self.select(&request);
                    self.go_on(at, series);
                }
            }
        } else if is_order(function) {
            let (objects, iin) = self.refuse_orders(&request);
            let writer = self.writer();
            self.finish(at, writer, &objects, control, iin);
        } else if function == Function::DelayMeasure {
            let delay = at.now.saturating_duration_since(pending.arrived.now);
            let milliseconds = u16::try_from(delay.as_millis()).unwrap_or(u16::MAX);
            let mut writer = self.writer();
            // A fragment has room for one object.
            let written = writer.delay_fine(milliseconds);
            debug_assert_eq!(written, Ok(()));
            self.finish(at, writer, &[], control, Iin::empty());
        } else {
            let iin = self.obey(pending.arrived, &request);
            null(self, iin);
        }
    }

    /// Carries out what needs no answer but whether it was done.
    pub(super) fn obey(&mut self, arrived: Moment, request: &Request<'_>) -> Iin {
        let function = request.function;
        let has_unsolicited = self.config.unsolicited.is_some();
        let carry_out: fn(&mut Self, Moment, &Request<'_>) -> Iin = if function == Function::Write {
            Self::write
        } else if function == Function::EnableUnsolicited && has_unsolicited {
            Self::enable_unsolicited
        } else if function == Function::DisableUnsolicited && has_unsolicited {
            Self::disable_unsolicited
        } else if function == Function::AssignClass {
            Self::assign_class
        } else if function == Function::RecordCurrentTime {
            Self::record_time
        } else {
            return Iin::NO_FUNC_CODE_SUPPORT;
        };
        objects_error(request).unwrap_or_else(|| carry_out(self, arrived, request))
    }

    fn record_time(&mut self, arrived: Moment, _request: &Request<'_>) -> Iin {
        self.clock.record(arrived);
        Iin::empty()
    }

    fn write(&mut self, arrived: Moment, request: &Request<'_>) -> Iin {
        let mut iin = Iin::empty();
        for header in request.headers().flatten() {
            iin |= match header.variation() {
                Variation::INDICATIONS => self.write_indications(&header),
                Variation::TIME | Variation::RECORDED_TIME => self.write_time(&header, arrived),
                _ => Iin::OBJECT_UNKNOWN,
            };
        }
        iin
    }

    /// A master may clear DEVICE_RESTART, and nothing else (IEEE 1815-2012, Annex A, group 80).
    fn write_indications(&mut self, header: &ObjectHeader<'_>) -> Iin {
        let mut iin = Iin::empty();
        let mut written = 0;
        for (index, value) in header.bits() {
            written += 1;
            if index == RESTART_INDEX && value == 0 {
                self.has_restarted = false;
            } else {
                iin = Iin::PARAMETER_ERROR;
            }
        }
        if written == 0 {
            Iin::PARAMETER_ERROR
        } else {
            iin
        }
    }

    fn write_time(&mut self, header: &ObjectHeader<'_>, arrived: Moment) -> Iin {
        let is_set = match (header.range(), header.time()) {
            (Range::Count(1), Some(time)) if header.variation() == Variation::TIME => {
                self.clock.set(time, arrived);
                true
            }
            (Range::Count(1), Some(time)) => self.clock.set_recorded(time, arrived.now),
            _ => false,
        };
        if is_set {
            Iin::empty()
        } else {
            Iin::PARAMETER_ERROR
        }
    }
}

/// The functions that order something of an output and want to know what became of it.
fn is_order(function: Function) -> bool {
    matches!(
        function,
        Function::Select | Function::Operate | Function::DirectOperate
    )
}

/// The index of IIN1.7 in group 80.
const RESTART_INDEX: u16 = 7;

/// What is wrong with the objects of a request: then nothing of it is carried out.
pub(super) fn objects_error(request: &Request<'_>) -> Option<Iin> {
    let error = request.headers().find_map(Result::err)?;
    Some(match error.kind {
        ObjectErrorKind::Unknown
        | ObjectErrorKind::HeaderOnly
        | ObjectErrorKind::Misplaced { .. } => Iin::OBJECT_UNKNOWN,
        ObjectErrorKind::Cut
        | ObjectErrorKind::Qualifier { .. }
        | ObjectErrorKind::Empty
        | ObjectErrorKind::Reversed { .. }
        | ObjectErrorKind::Index { .. }
        | ObjectErrorKind::Misfit { .. }
        | ObjectErrorKind::Short { .. } => Iin::PARAMETER_ERROR,
    })
}
