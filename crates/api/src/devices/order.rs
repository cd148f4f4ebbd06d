//! The order of devices, and the place in it where a page ends.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::{Instant, UNIX_EPOCH};

use gridos_telemetry::{DeviceState, DeviceStats};

/// What comes first; among equals the first name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// The first name.
    #[default]
    Name,
    /// Those that are down, then those that nobody knows of.
    State,
    /// The highest load; those that are not polled come last.
    Load,
    /// The youngest error; those that never failed come last.
    LastError,
}

/// Of names and letters in cursors.
const ORDERS: [(Order, &str, char); 4] = [
    (Order::Name, "name", 'n'),
    (Order::State, "state", 's'),
    (Order::Load, "load", 'l'),
    (Order::LastError, "last_error", 'e'),
];

impl Order {
    /// The order called `name`.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        let mut all = ORDERS.into_iter();
        all.find_map(|(order, own, _)| (own == name).then_some(order))
    }

    /// The place of a device in this order; no two devices have the same.
    pub(crate) fn place<'a>(self, name: &'a str, stats: &DeviceStats, now: Instant) -> Place<'a> {
        let key = match self {
            Self::Name => 0,
            Self::State => match stats.state() {
                DeviceState::Down => 0,
                DeviceState::Unknown => 1,
                DeviceState::Up => 2,
            },
            Self::Load => stats.load(now).map_or(i64::MAX, |load| -millionths(load)),
            Self::LastError => youth(stats),
        };
        let name = name.into();
        Place {
            order: self,
            key,
            name,
        }
    }
}

/// Smaller for a younger error.
fn youth(stats: &DeviceStats) -> i64 {
    let error = stats.last_error();
    let since = error.and_then(|error| error.time.duration_since(UNIX_EPOCH).ok());
    let nanos = since.and_then(|since| i64::try_from(since.as_nanos()).ok());
    nanos.map_or(i64::MAX, |nanos| -nanos)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "it saturates, far above any load"
)]
fn millionths(share: f64) -> i64 {
    (share * 1e6) as i64
}

/// The place of a device in a list. As text it is a cursor: what comes behind it comes next,
/// whatever was added or taken away meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    order: Order,
    key: i64,
    name: Cow<'a, str>,
}

impl Place<'_> {
    /// The order it is a place in.
    pub(crate) fn order(&self) -> Order {
        self.order
    }
}

impl PartialOrd for Place<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Place<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.key, &self.name).cmp(&(other.key, &other.name))
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = ORDERS.into_iter();
        let letter = all.find_map(|(order, _, letter)| (order == self.order).then_some(letter));
        write!(f, "{}.{}.{}", letter.unwrap_or('n'), self.key, self.name)
    }
}

/// The text is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoPlace;

impl FromStr for Place<'static> {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let mut parts = text.splitn(3, '.');
        let mut next = || parts.next().ok_or(NoPlace);
        let (letter, key, name) = (next()?, next()?, next()?);
        let mut all = ORDERS.into_iter();
        let order = all.find(|(.., own)| letter.chars().eq([*own]));
        Ok(Self {
            order: order.ok_or(NoPlace)?.0,
            key: key.parse().map_err(|_| NoPlace)?,
            name: name.to_owned().into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gridos_telemetry::Telemetry;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_needs_somebody_comes_first() {
        let names = ["a", "b", "c", "d"];
        let telemetry = Telemetry::new("1", names.map(str::to_owned));
        let [a, b, c, _] = [0, 1, 2, 3].map(|at| telemetry.devices.get(at).unwrap());
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        a.answered(1);
        a.begin_scans(&[second])[0].used.record(second / 4, now);
        b.failed(&"timeout");
        c.begin_scans(&[second])[0].used.record(second / 2, now);
        c.note(&"refused");
        let sorted = |order: Order| {
            let mut places: Vec<_> = names
                .iter()
                .zip(telemetry.devices.iter())
                .map(|(name, stats)| order.place(name, &stats, now))
                .collect();
            places.sort();
            places
                .into_iter()
                .map(|place| place.name)
                .collect::<String>()
        };
        assert_eq!(sorted(Order::Name), "abcd");
        assert_eq!(sorted(Order::State), "bcda");
        assert_eq!(sorted(Order::Load), "cabd");
        assert_eq!(sorted(Order::LastError), "cbad");
    }

    proptest! {
        #[test]
        fn a_place_is_read_back_from_its_text(key: i64, name in "[a-z.]{0,9}", at in 0_usize..4) {
            let place = Place { order: ORDERS[at].0, key, name: name.into() };
            prop_assert_eq!(place.to_string().parse(), Ok(place));
        }

        #[test]
        fn no_text_panics(text in "[nsle]?\\.?.{0,30}") {
            let _ = text.parse::<Place>();
        }
    }
}
