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

fn newest(case: &Case) -> Timestamp {
    let raised = case.raised.map(|moment| moment.received);
    case.annunciated
        .or(raised)
        .unwrap_or(Timestamp::from_nanos(i64::MIN))
}

/// The place of an alarm in a list. As text it is a cursor: what comes behind it comes next,
/// whatever was added or taken away meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Newest(Reverse<Timestamp>, AlarmId),
    Priority(Reverse<Priority>, Reverse<Timestamp>, AlarmId),
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
            Self::Newest(Reverse(time), id) => write!(f, "n.{}.{id}", time.as_nanos()),
            Self::Priority(Reverse(priority), Reverse(time), id) => {
                write!(f, "p.{}.{}.{id}", *priority as u8, time.as_nanos())
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
            ("n", [at, id]) => Ok(Self::Newest(Reverse(time(at)?), self::id(id)?)),
            ("p", [priority, at, id]) => {
                let priority = priority.parse().ok().and_then(Priority::from_raw);
                let priority = Reverse(priority.ok_or(NoPlace)?);
                Ok(Self::Priority(priority, Reverse(time(at)?), self::id(id)?))
            }
            _ => Err(NoPlace),
        }
    }
}

fn time(text: &str) -> Result<Timestamp, NoPlace> {
    text.parse().map(Timestamp::from_nanos).map_err(|_| NoPlace)
}

fn id(text: &str) -> Result<AlarmId, NoPlace> {
    text.parse().map(AlarmId::from_raw).map_err(|_| NoPlace)
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
        (any::<u64>(), priority, proptest::option::of(-2_i64..3))
            .prop_map(|(raw, priority, time)| case(raw, priority, time))
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
