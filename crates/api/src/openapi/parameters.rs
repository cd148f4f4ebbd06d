//! Parameters that several endpoints have, as the description tells them.

use utoipa::IntoParams;

/// A time range.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is the shape of what is read by name")]
pub(crate) struct RangeParameters {
    /// The first instant: RFC 3339, `now`, or a time ago such as `-15m`.
    from: Option<String>,
    /// The first instant behind the range; now unless given.
    to: Option<String>,
}

/// Where alarms are, and of which kind.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is the shape of what is read by name")]
pub(crate) struct PlaceParameters {
    /// Only of these kinds.
    kind: Option<Vec<String>>,
    /// Only of these devices.
    device: Option<Vec<String>>,
    /// Only of these points.
    point: Option<Vec<String>>,
    /// Only in these areas.
    area: Option<Vec<String>>,
    /// A part of the name, in any case.
    q: Option<String>,
}

/// Which alarms are wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is the shape of what is read by name")]
pub(crate) struct FilterParameters {
    /// Only in these states.
    state: Option<Vec<String>>,
    /// Only of these kinds.
    kind: Option<Vec<String>>,
    /// Only of these devices.
    device: Option<Vec<String>>,
    /// Only of these points.
    point: Option<Vec<String>>,
    /// Only in these areas.
    area: Option<Vec<String>>,
    /// The least priority.
    priority_min: Option<String>,
    /// 1: only active ones; 0: only those that are not.
    active: Option<String>,
    /// 1: only acknowledged ones; 0: only those that are not.
    acknowledged: Option<String>,
    /// 1: only hidden ones; 0: only those that are not.
    hidden: Option<String>,
    /// A part of the name, in any case.
    q: Option<String>,
}

/// Which records of alarms are wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it is the shape of what is read by name")]
pub(crate) struct RecordParameters {
    /// Only these actions.
    action: Option<Vec<String>>,
    /// 1: only what operators were told.
    annunciated: Option<String>,
    /// youngest or oldest first; youngest unless given.
    order: Option<String>,
}
