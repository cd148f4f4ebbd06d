//! Alarms by what clients call them.

use gridos_model::AlarmId;

use crate::parameters::cut;
use crate::problem::{Kind, Problem};

/// The alarm of that name, or of that id; whether there is one is not said.
pub(super) fn alarm_of(name: &str) -> Result<AlarmId, Problem> {
    let by_id = || name.parse().ok().map(AlarmId::from_raw);
    AlarmId::of_name(name).or_else(by_id).ok_or_else(|| {
        let detail = format!(
            "'{}' is no alarm's name; those are DEVICE.POINT:KIND or DEVICE:KIND, as \
             feeder-07.voltage_ab:limit; see /api/v1/alarms/thresholds",
            cut(name)
        );
        Problem::new(Kind::NotFound, detail)
    })
}

/// No such alarm is configured.
pub(super) fn not_configured(name: &str) -> Problem {
    let detail = format!(
        "no alarm '{}' is configured; see /api/v1/alarms/thresholds",
        cut(name)
    );
    Problem::new(Kind::NotFound, detail)
}
