//! `reads = [{ group = 30, variation = 6, every = "1min" }]`: what else is read of outstations.

use gridos_collect::dnp3::PointKind;
use gridos_dnp3::app::{Selection, Variation};
use gridos_dnp3::master::Poll;

use super::super::section::Section;
use super::index::{event_group, parse_range, static_group};
use super::treatment::PERIODS;

/// The keys of one read.
pub(in super::super) const KEYS: &[&str] = &["group", "variation", "points", "at_most", "every"];

/// The group of the classes, which are no objects themselves.
const CLASSES: u8 = Variation::CLASS_0.group;
/// The variations of that group.
const CLASS_0: u8 = Variation::CLASS_0.number;
const CLASS_3: u8 = Variation::CLASS_3.number;

/// All of them.
pub(super) fn read(profile: &Section<'_>) -> Vec<Poll> {
    let title = format!("{} reads", profile.title());
    let reads = profile.tables("reads", KEYS, &title);
    reads.iter().filter_map(read_one).collect()
}

fn read_one(section: &Section<'_>) -> Option<Poll> {
    let group = section.whole("group", 0..=u8::MAX);
    let group = section.demand("group", group, "group = 30");
    let variation = section.whole("variation", 0..=u8::MAX);
    let points = section.word("points", parse_range);
    let at_most = section.whole("at_most", 1..=u16::MAX);
    let every = section.duration("every", &PERIODS);
    let every = section.demand("every", every, "every = \"1min\"");
    let group = group?.value;
    let is_static = PointKind::ALL
        .iter()
        .any(|kind| static_group(*kind) == group);
    let is_event = PointKind::ALL
        .iter()
        .any(|kind| event_group(*kind) == group);
    if !is_static && !is_event && group != CLASSES {
        let what = "is none that is collected; write that of present values (1, 3, 10, 20, 21, 30, \
                    31, 40, 110), of events (2, 4, 11, 22, 23, 32, 33, 42, 111), or of classes (60)";
        section.fault("group", what);
        return None;
    }
    let number = variation.map_or(0, |found| found.value);
    let variation = Variation::new(group, number);
    let is_known = if group == CLASSES {
        (CLASS_0..=CLASS_3).contains(&number)
    } else {
        number == 0 || variation.describe().is_some()
    };
    if !is_known {
        let what = match group {
            CLASSES => "must be 1 to 4: class 0, 1, 2 or 3".to_owned(),
            _ => format!("{number} is none of group {group}; 0 is what the outstation chooses"),
        };
        section.fault("variation", what);
    }
    if points.is_some() && !is_static {
        section.fault("points", "are only of groups of present values; remove it");
    }
    let is_class_0 = variation == Variation::CLASS_0;
    if at_most.is_some() && (is_static || is_class_0) {
        section.fault("at_most", "is only of events; remove it");
    }
    let selection = match (points, at_most) {
        (Some(points), _) => Selection::span(variation, *points.value.start(), *points.value.end()),
        (None, Some(at_most)) => Selection::up_to(variation, at_most.value),
        (None, None) => Selection::all(variation),
    };
    let poll = Poll::new(vec![selection], every?.value);
    poll.map_err(|error| section.report(error)).ok()
}
