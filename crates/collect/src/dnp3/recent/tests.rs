use proptest::prelude::*;

use super::*;

/// An event: its point, when it happened if it says so, its value.
type Event = (u32, Option<i64>, u8);

fn key((position, millis, value): Event) -> Key {
    let time = millis.map(Timestamp::from_millis);
    Key::of_number(position, time, f64::from(value), Quality::GOOD)
}

fn times(fragment: &[Event]) -> Times {
    let times = fragment.iter().filter_map(|event| event.1);
    times
        .map(Timestamp::from_millis)
        .fold(Times::NONE, Times::and)
}

fn key_and_time(event: &Event) -> (Key, Timestamp) {
    let time = event.1.map_or(Timestamp::EPOCH, Timestamp::from_millis);
    (key(*event), time)
}

/// What of a fragment is taken; it is remembered.
fn taken(recent: &mut Recent, may_repeat: bool, fragment: &[Event]) -> Vec<Event> {
    recent.begin_fragment(may_repeat, times(fragment));
    let mut events = fragment.to_vec();
    let dropped = recent.sift(&mut events, key_and_time);
    assert_eq!(dropped + events.len(), fragment.len());
    recent.remember(events.iter().copied().map(key));
    events
}

const A: Event = (1, Some(10), 1);
const B: Event = (2, Some(10), 0);
const C: Event = (1, Some(30), 0);
const U: Event = (7, None, 1);
const V: Event = (7, None, 0);
const W: Event = (8, None, 1);

#[test]
fn what_comes_again_in_another_fragment_is_taken_once() {
    let mut recent = Recent::default();
    assert_eq!(taken(&mut recent, true, &[A, B]), [A, B]);
    assert_eq!(taken(&mut recent, true, &[B, C]), [C]);
    assert_eq!(taken(&mut recent, true, &[A, B, C]), []);
}

#[test]
fn equal_events_are_counted() {
    let mut recent = Recent::default();
    assert_eq!(taken(&mut recent, true, &[A, A]), [A, A]);
    assert_eq!(taken(&mut recent, true, &[A, A, A]), [A]);
}

#[test]
fn events_with_times_are_known_again_whenever_they_come() {
    let mut recent = Recent::default();
    assert_eq!(taken(&mut recent, false, &[A, U]), [A, U]);
    assert_eq!(taken(&mut recent, false, &[A, U, C]), [U, C]);
    assert_eq!(taken(&mut recent, false, &[B, A]), [B]);
}

#[test]
fn a_clock_that_was_never_set_makes_nothing_look_repeated() {
    let mut recent = Recent::default();
    let event = |value| (1, Some(0), value);
    for value in [1, 0, 1, 0] {
        assert_eq!(taken(&mut recent, false, &[event(value)]), [event(value)]);
    }
    assert_eq!(
        taken(&mut recent, true, &[event(1), event(0), event(1)]),
        [event(1)]
    );
}

#[test]
fn events_are_known_again_though_thousands_of_other_classes_were_taken() {
    let mut recent = Recent::default();
    let of_class_2 = [A, B, C];
    assert_eq!(taken(&mut recent, false, &of_class_2), of_class_2);
    // Their confirm is lost, and the next polls of their class fail.
    let others = Recent::EVENTS_MAX - of_class_2.len();
    for n in 0..u32::try_from(others).unwrap() {
        let of_class_1 = [(n, Some(i64::from(n) + 100), 1)];
        assert_eq!(taken(&mut recent, false, &of_class_1), of_class_1);
    }
    assert_eq!(taken(&mut recent, false, &of_class_2), []);
}

#[test]
fn events_without_time_are_known_by_their_order() {
    let mut recent = Recent::default();
    assert_eq!(taken(&mut recent, true, &[U, V]), [U, V]);
    assert_eq!(taken(&mut recent, true, &[U, V, W]), [W]);
    assert_eq!(taken(&mut recent, true, &[V, W, U]), [U]);
    // The same values as ever, but not as the end of what was taken.
    assert_eq!(taken(&mut recent, true, &[V, U]), [V, U]);
}

#[test]
fn events_with_and_without_time_do_not_disturb_each_other() {
    let mut recent = Recent::default();
    assert_eq!(taken(&mut recent, true, &[U, A, V]), [U, A, V]);
    assert_eq!(taken(&mut recent, true, &[B, U, V, A, W]), [B, W]);
}

#[test]
fn what_was_not_kept_is_taken_again() {
    let mut recent = Recent::default();
    recent.begin_fragment(true, times(&[A, B, U, C]));
    let first = recent.remember([A, B].map(key));
    let second = recent.remember([U, C].map(key));
    assert_eq!((first.clone(), second.clone()), (0..2, 2..4));
    recent.forget(second);
    assert_eq!(taken(&mut recent, true, &[A, B, U, C]), [U, C]);
    recent.forget(first);
    assert_eq!(taken(&mut recent, true, &[A, U]), [A]);
}

#[test]
fn no_more_than_the_last_events_are_remembered() {
    let mut recent = Recent::default();
    for time in 0..100 {
        let fragment: Vec<_> = (0..500).map(|n| (n, Some(time), 1)).collect();
        taken(&mut recent, time % 2 == 0, &fragment);
    }
    assert_eq!(recent.len(), Recent::EVENTS_MAX);
}

#[test]
fn the_last_events_of_the_journal_are_known() {
    let restored = |count: u32| {
        let at = Timestamp::from_millis(5);
        Recent::restore((0..count).map(move |n| (n, at, 1.0, Quality::LATE)))
    };
    let mut recent = restored(3);
    assert_eq!(recent.len(), 3);
    assert_eq!(
        taken(&mut recent, true, &[(2, Some(5), 1), (3, Some(5), 1)]),
        [(3, Some(5), 1)]
    );
    let many = Recent::EVENTS_MAX + 10;
    let mut recent = restored(u32::try_from(many).unwrap());
    assert_eq!(recent.len(), Recent::EVENTS_MAX);
    assert_eq!(
        taken(&mut recent, true, &[(9, Some(5), 1), (10, Some(5), 1)]),
        [(9, Some(5), 1)]
    );
    let received = Quality::NO_SOURCE_TIME;
    let untimed = [(7, 1.0), (7, 0.0)].map(|(at, v)| (at, Timestamp::EPOCH, v, received));
    let mut recent = Recent::restore(untimed);
    assert_eq!(taken(&mut recent, true, &[U, V, U]), [U]);
}

/// The same by looking through everything that was taken.
fn model(remembered: &[Event], fragment: &[Event]) -> Vec<Event> {
    let is_untimed = |event: &&Event| event.1.is_none();
    let old: Vec<_> = remembered.iter().filter(is_untimed).collect();
    let new: Vec<_> = fragment.iter().filter(is_untimed).collect();
    let longest = (0..=new.len()).rev().find(|n| old.ends_with(&new[..*n]));
    let mut untimed_left = longest.unwrap_or(0);
    let mut known = remembered.to_vec();
    let mut taken = Vec::new();
    for event in fragment {
        if is_untimed(&event) {
            if untimed_left > 0 {
                untimed_left -= 1;
                continue;
            }
        } else if let Some(at) = known.iter().position(|old| old == event) {
            known.remove(at);
            continue;
        }
        taken.push(*event);
    }
    taken
}

fn event() -> impl Strategy<Value = Event> {
    (0..3_u32, prop::option::weighted(0.6, 1..4_i64), 0..2_u8)
}

/// Fragments that are as long as several spans, most with times later than those before.
fn long_fragments() -> impl Strategy<Value = Vec<Vec<Event>>> {
    let fragment = |n: i64| {
        let time = (n * 3 - 4).max(1)..n * 3 + 2;
        let event = (0..3_u32, time.prop_map(Some), 0..2_u8);
        prop::collection::vec(event, 0..100)
    };
    (1..8).map(fragment).collect::<Vec<_>>()
}

proptest! {
    #[test]
    fn it_takes_what_a_naive_memory_takes(
        fragments in prop::collection::vec(
            (prop::collection::vec(event(), 0..12), any::<bool>()),
            0..12,
        ),
    ) {
        let mut recent = Recent::default();
        let mut remembered: Vec<Event> = Vec::new();
        for (fragment, is_kept) in fragments {
            let expected = model(&remembered, &fragment);
            recent.begin_fragment(true, times(&fragment));
            let mut events = fragment;
            recent.sift(&mut events, key_and_time);
            prop_assert_eq!(&events, &expected);
            let numbers = recent.remember(events.iter().copied().map(key));
            if is_kept {
                remembered.extend(events);
            } else {
                recent.forget(numbers);
            }
        }
    }

    #[test]
    fn of_many_events_it_knows_those_that_a_naive_memory_knows(fragments in long_fragments()) {
        let mut recent = Recent::default();
        let mut remembered: Vec<Event> = Vec::new();
        for fragment in fragments {
            let expected = model(&remembered, &fragment);
            let events = taken(&mut recent, true, &fragment);
            prop_assert_eq!(&events, &expected);
            remembered.extend(events);
        }
    }
}
