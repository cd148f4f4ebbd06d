//! How an outstation behaves.

use std::time::Duration;

use super::{Attribute, PointKind};
use crate::app::{EventClasses, ResponseWriter, Width};

/// How an outstation behaves. Shared by many; what is wrong with it on purpose is in
/// [`super::Faults`].
#[derive(Clone, Debug, PartialEq)]
pub struct OutstationConfig {
    /// The octets of a fragment at most; less than [`ResponseWriter::BYTES_MIN`] counts as that.
    /// Default 2,048.
    pub fragment_bytes: usize,
    /// How long the confirm of a response may take. Default 5 s.
    pub confirm_timeout: Duration,
    /// How long the device takes to answer a request. Default 0.
    pub response_delay: Duration,
    /// The octets of the indexes before events: one (where they fit) or two. Default two.
    pub event_index_width: Width,
    /// How many events are kept of each kind of points.
    pub capacities: EventCapacities,
    /// Which event goes when there is no room. Default the oldest.
    pub overflow: Overflow,
    /// Whether and how events are sent unasked. Default `Some`, with no class enabled.
    pub unsolicited: Option<UnsolicitedConfig>,
    /// The clock.
    pub clock: ClockConfig,
    /// What the device says of itself in group 0.
    pub attributes: Vec<Attribute>,
}

/// How many events are kept of each kind of points; 0 makes no events of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventCapacities([usize; PointKind::ALL.len()]);

/// Which event goes when there is no room for another one of its kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The oldest one of the kind, even if its fragment is being sent.
    #[default]
    DropOldest,
    /// The new one.
    DropNewest,
}

/// How events are sent unasked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsolicitedConfig {
    /// The classes that need no ENABLE_UNSOLICITED after a start. Default none, as the standard
    /// wants.
    pub enabled_at_start: EventClasses,
    /// When it says that it is there by a response without objects.
    pub null: NullUnsolicited,
    /// How long a confirm may take. Default 5 s.
    pub confirm_timeout: Duration,
    /// How often events are sent again that nobody confirms. Default endlessly.
    pub retries: Retries,
    /// What is sent again. Default the same.
    pub retry_style: RetryStyle,
    /// How long the first of several events waits for others. Default 0.
    pub hold_time: Duration,
    /// With how many events it waits no longer. Default 1.
    pub hold_count: usize,
    /// Whether it also speaks while it awaits the confirm of a response. Default `false`.
    pub interleaves: bool,
}

/// When a NULL unsolicited response is sent. It is sent until it is confirmed, and no event goes
/// unasked before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NullUnsolicited {
    /// After each start of the device.
    #[default]
    AtStart,
    /// After each start, and each time a connection begins.
    OnConnect,
}

/// How often events are sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retries {
    /// Until they are confirmed.
    #[default]
    Endless,
    /// So often; then not before another event is made or a class is enabled.
    Times(u32),
}

/// What is sent when a confirm does not come. Both styles are in the field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryStyle {
    /// The same octets with the same sequence number.
    #[default]
    Identical,
    /// A new fragment with the next sequence number, with what was made meanwhile.
    Regenerated,
}

/// How a clock behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockConfig {
    /// Whether it wants to be set after a start. Default `true`.
    pub needs_time_at_start: bool,
    /// How long it goes well after it was set; `None` for ever. Default `None`.
    pub needs_time_every: Option<Duration>,
    /// How many milliseconds it is ahead of a right clock until it is set. Default 0.
    pub offset_ms: i64,
    /// Whether it is set by a master; otherwise it only says so. Default `true`.
    pub obeys_master: bool,
}

impl Default for OutstationConfig {
    fn default() -> Self {
        Self {
            fragment_bytes: 2_048,
            confirm_timeout: Duration::from_secs(5),
            response_delay: Duration::ZERO,
            event_index_width: Width::Two,
            capacities: EventCapacities::default(),
            overflow: Overflow::default(),
            unsolicited: Some(UnsolicitedConfig::default()),
            clock: ClockConfig::default(),
            attributes: Attribute::of_device("GridOS", "Simulated outstation", "00000001"),
        }
    }
}

impl OutstationConfig {
    /// The octets of a fragment at most.
    pub(super) fn limit(&self) -> usize {
        self.fragment_bytes.max(ResponseWriter::BYTES_MIN)
    }

    /// The octets of a string at most, so that its object has room in a fragment that has nothing
    /// else but an unknown object of six octets: before it go the header of the fragment, and one
    /// with a range or with a count and an index, of two octets each.
    pub(super) fn string_bytes(&self) -> usize {
        (self.limit() - 4 - 7 - 6).min(255)
    }
}

impl EventCapacities {
    /// `capacity` events of every kind.
    pub const fn all(capacity: usize) -> Self {
        Self([capacity; PointKind::ALL.len()])
    }

    /// The same but for `capacity` events of `kind`.
    #[must_use]
    pub fn with(mut self, kind: PointKind, capacity: usize) -> Self {
        if let Some(of_kind) = self.0.get_mut(kind.place()) {
            *of_kind = capacity;
        }
        self
    }

    /// How many events of `kind`.
    pub fn of(&self, kind: PointKind) -> usize {
        self.0.get(kind.place()).copied().unwrap_or(0)
    }
}

impl Default for EventCapacities {
    /// 1,000 events of every kind.
    fn default() -> Self {
        Self::all(1_000)
    }
}

impl Default for UnsolicitedConfig {
    fn default() -> Self {
        Self {
            enabled_at_start: EventClasses::empty(),
            null: NullUnsolicited::default(),
            confirm_timeout: Duration::from_secs(5),
            retries: Retries::default(),
            retry_style: RetryStyle::default(),
            hold_time: Duration::ZERO,
            hold_count: 1,
            interleaves: false,
        }
    }
}

impl Default for ClockConfig {
    fn default() -> Self {
        Self {
            needs_time_at_start: true,
            needs_time_every: None,
            offset_ms: 0,
            obeys_master: true,
        }
    }
}
