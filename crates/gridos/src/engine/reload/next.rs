//! The next configuration: what it changes, and whether it may.

use std::sync::Arc;
use std::time::Duration;

use gridos_api::ConfigRefusal;
use gridos_model::DeviceIndex;
use gridos_telemetry::Telemetry;

use super::difference::Difference;
use super::faulty;
use crate::config::{
    Bounds, Channel, Config, ConfigFile, Fleet, bounds, fixed_differences, show_size,
};
use crate::files;

/// What was laid out at the start and stays as large.
#[derive(Debug)]
pub(in super::super) struct Limits {
    /// Slots of the ring.
    pub(in super::super) ring_batches: usize,
    /// For how long other members of a fleet reckon that an answer is waited for; none where devices are not shared.
    pub(in super::super) answer_timeout: Option<Duration>,
    pub(in super::super) telemetry: Arc<Telemetry>,
}

/// A checked configuration, and what it changes.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) text: String,
    pub(super) fleet: Fleet,
    pub(super) difference: Difference,
    /// What to know about it.
    pub(super) notes: Vec<String>,
    /// What a fleet shares, if there is one.
    channels: Vec<Channel>,
}

impl Next {
    /// What a fleet shares, and the devices that are not shared.
    pub(super) fn shared(&self) -> (Vec<Channel>, Vec<DeviceIndex>) {
        (
            self.channels.clone(),
            self.fleet.unshared(&self.channels).collect(),
        )
    }
}

/// Reads and checks `after` as the text of `file`, in the place of `before`.
pub(super) fn prepare(
    file: &ConfigFile,
    (before, after): (&str, String),
    fleet: &Fleet,
    limits: &Limits,
) -> Result<Next, ConfigRefusal> {
    let config = file.parse(&after).map_err(faulty)?;
    let next = Fleet::after(&config, &fleet.directory).map_err(faulty)?;
    let difference = Difference::of(fleet, &next);
    let channels = next.channels(&config);
    let mut fixed: Vec<_> = fixed_differences(before, &after)
        .into_iter()
        .map(|key| format!("{key} differs"))
        .collect();
    fixed.extend(difference.fixed.iter().cloned());
    let notes = check_room(&config, &next, limits, &mut fixed);
    fixed.extend(longer_timeout(next.answer_timeout_max(), limits));
    fixed.extend(unknown_areas(&next, &limits.telemetry));
    if !fixed.is_empty() {
        return Err(ConfigRefusal::NeedsRestart(fixed));
    }
    files::allow(Bounds::of(&config).file_descriptors())
        .map_err(|error| ConfigRefusal::Failed(error.to_string()))?;
    Ok(Next {
        text: after,
        fleet: next,
        difference,
        notes,
        channels,
    })
}

/// Whether there is room for the fleet; what is only tight is returned.
fn check_room(
    config: &Config,
    next: &Fleet,
    limits: &Limits,
    fixed: &mut Vec<String>,
) -> Vec<String> {
    let bounds = Bounds::of(config);
    let directory = &next.directory;
    let left = directory.point_count() - directory.present_points();
    let needed = bounds.memory_bytes() + left as u64 * bounds::POINT_BYTES;
    let limit = config.engine.memory_limit;
    if left > 0 && needed > limit {
        fixed.push(format!(
            "{left} points that are gone still have their places in memory, and with them {} are \
             needed, more than [engine] memory_limit = {}",
            show_size(needed.next_multiple_of(1 << 20)),
            show_size(limit)
        ));
    }
    let (has, wants) = (limits.ring_batches, bounds.ring_batches);
    let mut notes = Vec::new();
    if wants > 2 * has {
        fixed.push(format!(
            "the ring has {has} slots, and this fleet wants {wants}"
        ));
    } else if wants > has {
        notes.push(format!(
            "the ring has {has} slots, and this fleet wants {wants}: a restart makes them"
        ));
    }
    notes
}

/// Other members know since the start how long they have to wait until no answer can be under way any more.
fn longer_timeout(wanted: Duration, limits: &Limits) -> Option<String> {
    let known = limits.answer_timeout.filter(|known| wanted > *known)?;
    Some(format!(
        "an answer would be waited for for {wanted:?}, and the other members of the fleet reckon with {known:?} at most"
    ))
}

/// The areas of operators that no series of the metrics is for.
fn unknown_areas(next: &Fleet, telemetry: &Telemetry) -> Vec<String> {
    let areas = &telemetry.alarms.areas;
    let known: Vec<_> = areas.names().collect();
    if known.last() == Some(&"other") {
        return Vec::new();
    }
    let new = next
        .areas()
        .into_iter()
        .filter(|area| !known.contains(&&**area));
    new.map(|area| format!("the area '{area}' is new"))
        .collect()
}
