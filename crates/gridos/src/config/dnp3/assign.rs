//! `assign_class = { class1 = ["binary"], class2 = ["analog 0..99"] }`: what goes into which class.

use gridos_dnp3::app::{Class, Selection, Variation};
use gridos_dnp3::master::Assignments;

use super::super::section::Section;
use super::index::{kind_of, parse_range, static_group};

/// The keys of the table.
pub(in super::super) const KEYS: &[&str] = &["class0", "class1", "class2", "class3"];

const CLASSES: [(&str, Class); 4] = [
    ("class0", Class::Zero),
    ("class1", Class::One),
    ("class2", Class::Two),
    ("class3", Class::Three),
];

/// The points of each class.
pub(super) type Assigned = Vec<(Class, Vec<Selection>)>;

/// What the outstations are told, to be shown and as their association wants it.
pub(super) fn read(profile: &Section<'_>) -> Option<(Assigned, Assignments)> {
    let title = format!("{} assign_class", profile.title());
    let section = profile.table("assign_class", KEYS, title)?;
    let what = "a list such as [\"binary\", \"analog 0..99\", \"counter 7\"]";
    let mut all = Assigned::new();
    for (key, class) in CLASSES {
        let points = section.list(key, what, |given| selection(given.text()?));
        all.extend(points.map(|found| (class, found.value)));
    }
    match Assignments::new(all.clone()) {
        Ok(assignments) => Some((all, assignments)),
        Err(error) => {
            section.report(error);
            None
        }
    }
}

/// Reads `binary`, `analog 0..99` or `counter 7`.
fn selection(text: &str) -> Option<Selection> {
    let (word, points) = match text.split_once(' ') {
        Some((word, points)) => (word, Some(points.trim())),
        None => (text, None),
    };
    let variation = Variation::new(static_group(kind_of(word)?), 0);
    let Some(points) = points else {
        return Some(Selection::all(variation));
    };
    let points = match points.parse::<u16>() {
        Ok(index) => index..=index,
        Err(_) => parse_range(points).ok()?,
    };
    Some(Selection::span(variation, *points.start(), *points.end()))
}
