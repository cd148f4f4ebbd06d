//! The order of a list, and the place in it where a page ends.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use gridos_alarm::Case;
use gridos_model::{AlarmId, Priority, Timestamp};

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Order {
    /// What was annunciated last, or raised if it never was.
    #[default]
    Newest,
    /// The highest priority, and the newest of each.
    Priority,
    /// The first name.
    Name,
}

impl Order {
    /// The order called `name`.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        match name {
            "newest" => Some(Self::Newest),
            "priority" => Some(Self::Priority),
            "name" => Some(Self::Name),
            _ => None,
        }
    }

    /// The place of an alarm in this order; no two alarms have the same.
    pub(crate) fn place(self, case: &Case, name: impl FnOnce() -> String) -> Place {
        match self {
            Self::Newest => Place::Newest(Reverse(newest(case)), case.alarm),
            Self::Priority => {
                let priority = Reverse(case.facts.priority);
                Place::Priority(priority, Reverse(newest(case)), case.alarm)
            }
            Self::Name => Place::Name(name(), case.alarm),
        }
    }
}

/// When, and which occurrence: of those of one instant the last raised stands first, as it would if
/// their times differed.
fn newest(case: &Case) -> (Timestamp, u64) {
    let raised = case.raised.map(|moment| moment.received);
    let time = case.annunciated.or(raised);
    let time = time.unwrap_or(Timestamp::from_nanos(i64::MIN));
    (time, case.occurrence)
}

/// The place of an alarm in a list. As text it is a cursor: what comes behind it comes next,
/// whatever was added or taken away meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Newest(Reverse<(Timestamp, u64)>, AlarmId),
    Priority(Reverse<Priority>, Reverse<(Timestamp, u64)>, AlarmId),
    Name(String, AlarmId),
}

impl Place {
    /// The order it is a place in.
    pub(crate) fn order(&self) -> Order {
        match self {
            Self::Newest(..) => Order::Newest,
            Self::Priority(..) => Order::Priority,
            Self::Name(..) => Order::Name,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newest(Reverse((time, occurrence)), id) => {
                write!(f, "n.{}.{occurrence}.{id}", time.as_nanos())
            }
            Self::Priority(Reverse(priority), Reverse((time, occurrence)), id) => {
                let (priority, time) = (*priority as u8, time.as_nanos());
                write!(f, "p.{priority}.{time}.{occurrence}.{id}")
            }
            Self::Name(name, id) => write!(f, "a.{id}.{name}"),
        }
    }
}

/// The text is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoPlace;

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let (order, rest) = text.split_once('.').ok_or(NoPlace)?;
        if order == "a" {
            let (id, name) = rest.split_once('.').ok_or(NoPlace)?;
            return Ok(Self::Name(name.to_owned(), self::id(id)?));
        }
        let parts: Vec<_> = rest.split('.').collect();
        match (order, &*parts) {
            ("n", [at, occurrence, id]) => {
                let newest = (time(at)?, number(occurrence)?);
                Ok(Self::Newest(Reverse(newest), self::id(id)?))
            }
            ("p", [priority, at, occurrence, id]) => {
                let priority = priority.parse().ok().and_then(Priority::from_raw);
                let priority = Reverse(priority.ok_or(NoPlace)?);
                let newest = (time(at)?, number(occurrence)?);
                Ok(Self::Priority(priority, Reverse(newest), self::id(id)?))
            }
            _ => Err(NoPlace),
        }
    }
}

fn time(text: &str) -> Result<Timestamp, NoPlace> {
    text.parse().map(Timestamp::from_nanos).map_err(|_| NoPlace)
}

fn number(text: &str) -> Result<u64, NoPlace> {
    text.parse().map_err(|_| NoPlace)
}

fn id(text: &str) -> Result<AlarmId, NoPlace> {
    number(text).map(AlarmId::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn case(raw: u64, priority: Priority, annunciated: Option<i64>) -> Case {
        let mut case = Case::new(AlarmId::from_raw(raw));
        case.facts.priority = priority;
        case.annunciated = annunciated.map(Timestamp::from_nanos);
        case
    }

    fn any_case() -> impl Strategy<Value = Case> {
        let priority = proptest::sample::select(Priority::ALL.to_vec());
        // Few times, so that many are equal.
        let time = proptest::option::of(-2_i64..3);
        (any::<u64>(), any::<u64>(), priority, time).prop_map(
            |(raw, occurrence, priority, time)| Case {
                occurrence,
                ..case(raw, priority, time)
            },
        )
    }

    proptest! {
        #[test]
        fn a_place_is_read_back_from_its_text(case in any_case(), name in ".{0,20}") {
            for order in [Order::Newest, Order::Priority, Order::Name] {
                let place = order.place(&case, || name.clone());
                prop_assert_eq!(place.order(), order);
                prop_assert_eq!(place.to_string().parse(), Ok(place));
            }
        }

        #[test]
        fn no_text_panics(text in "[apn]?\\.?.{0,30}") {
            let _ = text.parse::<Place>();
        }
    }

    #[test]
    fn the_first_of_a_burst_stands_last() {
        let of = |raw, occurrence| Case {
            occurrence,
            ..case(raw, Priority::Low, Some(1))
        };
        let mut cases = [of(3, 1), of(1, 2), of(2, 3)];
        for order in [Order::Newest, Order::Priority] {
            cases.sort_by_key(|case| order.place(case, String::new));
            assert_eq!(cases.each_ref().map(|case| case.occurrence), [3, 2, 1]);
        }
    }

    #[test]
    fn the_newest_and_the_most_urgent_come_first() {
        let [old, new] =
            [1_i64, 2].map(|time| case(time.unsigned_abs(), Priority::Low, Some(time)));
        let never = case(3, Priority::Urgent, None);
        let place = |order: Order, case: &Case| order.place(case, String::new);
        let sorted = |order| {
            let mut cases = [&old, &never, &new];
            cases.sort_by_key(|case| place(order, case));
            cases.map(|case| case.alarm.raw())
        };
        assert_eq!(sorted(Order::Newest), [2, 1, 3]);
        assert_eq!(sorted(Order::Priority), [3, 2, 1]);
    }
}
