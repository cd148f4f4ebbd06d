//! Gaps as both databases keep them.

use gridos_model::{DeviceId, Gap};

/// The device of a gap as its column has it; `None` for the whole engine.
pub(crate) fn gap_device(gap: &Gap) -> Option<i64> {
    (gap.device != DeviceId::WHOLE_ENGINE).then_some(gap.device.as_i64())
}
