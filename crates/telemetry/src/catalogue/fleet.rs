//! The fleet's part of the catalogue.

use super::double;
use crate::{Metric, Unit};

pub(super) const FLEET: &[Metric] = &[
    Metric::gauge(
        "gridos_fleet_channels",
        "Channels (devices behind one address) that the fleet shares; 0 without a fleet.",
        Unit::Count,
        |m, _| double(m.telemetry.fleet.channels.get()),
    ),
    Metric::gauge(
        "gridos_fleet_channels_held",
        "Channels of the fleet that this engine polls.",
        Unit::Count,
        |m, _| double(m.telemetry.fleet.held.get()),
    ),
    Metric::gauge(
        "gridos_fleet_channels_unowned",
        "Channels that the fleet's plan gives to nobody, or to who is no member any more, as this engine knows it; all of them while there is no plan.",
        Unit::Count,
        |m, _| double(m.telemetry.fleet.unowned.get()),
    ),
    Metric::counter(
        "gridos_fleet_fences_total",
        "Times that the lease ended, so that all channels were given up at once.",
        |m, _| m.telemetry.fleet.fences.get(),
    ),
    Metric::gauge(
        "gridos_fleet_kept_by_peers",
        "1 while what the fleet shares in NATS is away for longer than a lease and the other members let this engine go on, else 0.",
        Unit::Count,
        |m, _| double(m.telemetry.fleet.kept_by_peers.get()),
    ),
    Metric::counter(
        "gridos_fleet_releases_total",
        "Channels that were given back to the fleet.",
        |m, _| m.telemetry.fleet.releases.get(),
    ),
    Metric::gauge(
        "gridos_fleet_store_reachable",
        "1 while what the fleet shares in NATS can be read and written, else 0.",
        Unit::Count,
        |m, _| double(m.telemetry.fleet.reachable.get()),
    ),
    Metric::counter(
        "gridos_fleet_takes_total",
        "Channels that were taken from the fleet.",
        |m, _| m.telemetry.fleet.takes.get(),
    ),
];
