//! What an outstation says that it has.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use gridos_collect::dnp3::PointKind;
use gridos_dnp3::app::{CommonTime, ObjectHeader, Response};

use super::super::super::probe::dnp3::{Asked, attributes};

/// What an outstation has. However much it sends, this is bounded by what there can be: indexes
/// of nine kinds, and attributes by their numbers.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) points: BTreeSet<(PointKind, u16)>,
    /// By number: the name of the attribute and what it says.
    pub(super) attributes: BTreeMap<u8, (&'static str, String)>,
    /// The octets of the longest fragment.
    pub(super) fragment_octets: usize,
    /// What could not be read, and what is not collected.
    pub(super) remarks: BTreeSet<String>,
}

/// Indexes of one kind that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) kind: PointKind,
    pub(super) first: u16,
    pub(super) last: u16,
}

/// The points beyond so many: from this one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LeftOut {
    all: usize,
    taken: usize,
    first: (PointKind, u16),
}

/// A hostile outstation could make up any number of faults.
const REMARKS_MAX: usize = 16;

impl Found {
    pub(super) fn of(asked: &Asked) -> Self {
        let mut found = Self::default();
        let answers = [Some(&asked.values), asked.attributes.as_ref()];
        for answered in answers.into_iter().flatten() {
            for fragment in &answered.fragments {
                found.fragment_octets = found.fragment_octets.max(fragment.len());
                if let Ok(response) = Response::parse(fragment) {
                    found.take(&response);
                }
            }
            if let Some(why) = answered.unread {
                found.remark(why.to_string());
            }
        }
        found
    }

    fn take(&mut self, response: &Response<'_>) {
        for header in response.headers() {
            match header {
                Ok(header) => self.take_header(&header),
                Err(error) => self.remark(error.to_string()),
            }
        }
    }

    fn take_header(&mut self, header: &ObjectHeader<'_>) {
        for (number, name, text) in attributes(header) {
            self.attributes.entry(number).or_insert((name, text));
        }
        let Some(kind) = header.kind() else {
            return;
        };
        match PointKind::of(kind) {
            Some(kind) => {
                let points = header.points(CommonTime::NONE);
                self.points.extend(points.map(|point| (kind, point.index)));
            }
            None => self.remark(format!("{kind}: the engine collects no such points")),
        }
    }

    fn remark(&mut self, remark: String) {
        if self.remarks.len() < REMARKS_MAX {
            self.remarks.insert(remark);
        }
    }

    /// The first `max` points by kind and index, those with one index after the other together.
    pub(super) fn runs(&self, max: usize) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (kind, index) in self.points.iter().copied().take(max) {
            match runs.last_mut() {
                Some(run) if run.kind == kind && run.last.checked_add(1) == Some(index) => {
                    run.last = index;
                }
                _ => runs.push(Run {
                    kind,
                    first: index,
                    last: index,
                }),
            }
        }
        runs
    }

    /// What is beyond `max` points; `None` if nothing is.
    pub(super) fn left_out(&self, max: usize) -> Option<LeftOut> {
        let first = self.points.iter().nth(max)?;
        Some(LeftOut {
            all: self.points.len(),
            taken: max,
            first: *first,
        })
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { all, taken, first } = self;
        let (kind, index) = (first.0.word(), first.1);
        write!(
            f,
            "the outstation has {all} points, and the profile the first {taken} of them \
             (--max-points): {kind} {index} and all behind it are left out"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_runs_up_to_the_cap() {
        let mut found = Found::default();
        let analogs = [0, 1, 2, 5, u16::MAX].map(|index| (PointKind::Analog, index));
        let binaries = [3, 4].map(|index| (PointKind::Binary, index));
        found.points.extend(analogs.into_iter().chain(binaries));
        let shown = |max| {
            let runs = found.runs(max).into_iter();
            runs.map(|run| (run.kind.word(), run.first, run.last))
                .collect::<Vec<_>>()
        };
        let all = [
            ("binary", 3, 4),
            ("analog", 0, 2),
            ("analog", 5, 5),
            ("analog", u16::MAX, u16::MAX),
        ];
        assert_eq!(shown(7), all);
        assert_eq!(found.left_out(7), None);
        assert_eq!(shown(4), [("binary", 3, 4), ("analog", 0, 1)]);
        let told = found.left_out(4).unwrap().to_string();
        assert!(told.contains("has 7 points"), "{told}");
        assert!(told.contains("analog 2 and all behind it"), "{told}");
    }

    #[test]
    fn what_is_said_twice_is_there_once_and_what_is_hostile_is_escaped() {
        let mut found = Found::default();
        // g1v1 with the indexes 7 to 9, twice; a deadband; a name of two lines, and another one.
        let objects = [
            &[0xC0, 0x81, 0, 0][..],
            &[1, 1, 0x00, 7, 9, 0],
            &[1, 1, 0x00, 7, 9, 0],
            &[34, 1, 0x00, 0, 0, 1, 0],
            &[0, 247, 0x00, 0, 0, 1, 3, b'a', b'\n', b'['],
            &[0, 247, 0x00, 0, 0, 1, 1, b'b'],
            &[99, 99, 0x00, 0, 0],
        ]
        .concat();
        found.take(&Response::parse(&objects).unwrap());
        assert_eq!(found.runs(10).len(), 1);
        assert_eq!(found.points.len(), 3);
        assert_eq!(found.attributes[&247], ("device name", r"a\n[".to_owned()));
        assert_eq!(found.remarks.len(), 2, "{:?}", found.remarks);
    }
}
