//! Definitions as they are shown, and the tags that tell them apart.

use gridos_alarm::Definition;
use gridos_pipeline::BookEntry;
use serde::Serialize;
use utoipa::ToSchema;

use crate::alarms::definition::DefinitionShape;
use crate::alarms::wire::ShownDeed;
use crate::form::Row;
use crate::page::fingerprint;

/// What one alarm is defined as now.
#[derive(Serialize, ToSchema)]
pub(in crate::alarms) struct Threshold<'a> {
    alarm: String,
    id: String,
    version: u32,
    device: &'a str,
    /// `DEVICE.POINT`; null for an alarm of a device.
    point: Option<String>,
    area: &'a str,
    #[schema(value_type = DefinitionShape)]
    definition: &'a Definition,
    /// Who changed it last; null if it is as configured.
    edited: Option<ShownDeed<'a>>,
}

impl<'a> Threshold<'a> {
    pub(in crate::alarms) fn new(entry: &'a BookEntry) -> Self {
        Self {
            alarm: entry.name(),
            id: entry.id.to_string(),
            version: entry.version,
            device: entry.device_name(),
            point: entry.point.map(|_| entry.owner()),
            area: &entry.area,
            definition: &entry.definition,
            edited: entry.edited.as_ref().map(ShownDeed::from),
        }
    }
}

impl Row for Threshold<'_> {
    const COLUMNS: &'static [&'static str] = &[
        "alarm",
        "version",
        "device",
        "point",
        "area",
        "definition",
        "edited.by",
        "edited.at",
    ];
}

/// The tag of a definition: the version, and a print of what it says, because after a restart with
/// another configuration the same version may be something else.
pub(super) fn tag(entry: &BookEntry) -> String {
    let text = serde_json::to_string(&*entry.definition).unwrap_or_default();
    format!(
        "\"{}-{:016x}\"",
        entry.version,
        fingerprint(text.as_bytes())
    )
}

/// The version that a tag is of, if it is one of these.
pub(super) fn version_of(tag: &str) -> Option<u32> {
    let (version, _) = tag.strip_prefix('"')?.split_once('-')?;
    version.parse().ok()
}
