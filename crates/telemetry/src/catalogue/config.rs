//! Reloads of the configuration.

use super::double;
use crate::{Metric, ReloadOutcome, Unit};

pub(super) const CONFIG: &[Metric] = &[
    Metric::gauge(
        "gridos_config_generation",
        "Configurations that were put into effect since the start; 1 is the first.",
        Unit::Count,
        |m, _| double(m.telemetry.config.generation.get()),
    ),
    Metric::gauge(
        "gridos_config_left_points",
        "Places of removed points in memory, until the next start.",
        Unit::Count,
        |m, _| double(m.telemetry.config.left_points.get()),
    ),
    Metric::gauge(
        "gridos_config_reload_time_seconds",
        "When the configuration was put into effect last, in seconds since 1970.",
        Unit::Seconds,
        |m, _| double(m.telemetry.config.taken.get()),
    ),
    Metric::counter(
        "gridos_config_reloads_total",
        "Reloads of the configuration, by what became of them.",
        |m, position| {
            let outcome = ReloadOutcome::ALL.get(position);
            outcome.map_or(0, |outcome| m.telemetry.config.reloads(*outcome))
        },
    )
    .by("outcome", ReloadOutcome::LABELS),
];
