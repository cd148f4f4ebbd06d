//! Comparing a record with what another version makes of the same input, as both come.
//!
//! Lines of one place are held against each other by what they are of; memory is bounded by what one
//! piece of the input led to, and by the differences that are shown.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::line::{At, Counts, Line, What};
use super::record::{Reader, RecordError};

/// What differs, as it is found.
pub(crate) struct Comparison {
    stable: Reader,
    /// The candidate's lines of the place that is not complete yet.
    held: Vec<Line>,
    shown_max: usize,
    found: Found,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found {
    pub(crate) stable: Counts,
    pub(crate) candidate: Counts,
    /// The version that stable's record is of.
    pub(crate) stable_version: String,
    /// How many lines are the same.
    pub(crate) same: u64,
    /// By kind.
    pub(crate) kinds: BTreeMap<&'static str, Differences>,
    /// The first ones.
    pub(crate) shown: Vec<Difference>,
}

/// How many lines differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    pub(crate) changed: u64,
    pub(crate) only_stable: u64,
    pub(crate) only_candidate: u64,
}

/// One of them: what only one has, or what both have and how it differs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Difference {
    pub(crate) at: At,
    pub(crate) stable: Option<What>,
    pub(crate) candidate: Option<What>,
}

impl Found {
    pub(crate) fn is_parity(&self) -> bool {
        self.kinds.is_empty()
    }
}

impl Difference {
    pub(crate) fn either(&self) -> Option<&What> {
        self.stable.as_ref().or(self.candidate.as_ref())
    }

    /// What differs in what both have: its name, stable's and the candidate's.
    pub(crate) fn fields(&self) -> Vec<(String, Value, Value)> {
        let fields = |what: &Option<What>| match serde_json::to_value(what) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        let (stable, candidate) = (fields(&self.stable), fields(&self.candidate));
        let theirs = |name: &String| candidate.get(name).cloned().unwrap_or_default();
        let all = stable.into_iter();
        let pairs = all.map(|(name, value)| (theirs(&name), name, value));
        pairs
            .filter(|(other, _, value)| other != value)
            .map(|(other, name, value)| (name, value, other))
            .collect()
    }
}

impl Comparison {
    /// Against the record of `stable`; no more than `shown_max` differences are kept.
    pub(crate) fn with(stable: Reader, shown_max: usize) -> Self {
        let found = Found {
            stable_version: stable.version().to_owned(),
            ..Found::default()
        };
        Self {
            stable,
            held: Vec::new(),
            shown_max,
            found,
        }
    }

    /// Takes the candidate's next line.
    pub(crate) fn take(&mut self, line: Line) -> Result<(), RecordError> {
        self.found.candidate.note(&line.what);
        if self.held.first().is_some_and(|held| held.at != line.at) {
            self.settle()?;
        }
        self.held.push(line);
        Ok(())
    }

    /// The candidate has no more.
    pub(crate) fn end(mut self) -> Result<Found, RecordError> {
        self.settle()?;
        while let Some(line) = self.stable.take()? {
            self.differs(line.at, Some(line.what), None);
        }
        self.found.stable = self.stable.counts();
        Ok(self.found)
    }

    /// Compares the place whose lines are held, and says what only stable has before it.
    fn settle(&mut self) -> Result<(), RecordError> {
        let Some(at) = self.held.first().map(|line| line.at) else {
            return Ok(());
        };
        while self.stable.peek().is_some_and(|line| line.at < at) {
            if let Some(line) = self.stable.take()? {
                self.differs(line.at, Some(line.what), None);
            }
        }
        let mut theirs = Vec::new();
        while self.stable.peek().is_some_and(|line| line.at == at) {
            theirs.extend(self.stable.take()?);
        }
        let own = std::mem::take(&mut self.held);
        self.compare(at, theirs, own);
        Ok(())
    }

    fn compare(&mut self, at: At, stable: Vec<Line>, candidate: Vec<Line>) {
        // Nearly always.
        if stable == candidate {
            self.found.same += stable.len() as u64;
            return;
        }
        let mut own: BTreeMap<(&'static str, String), Vec<What>> = BTreeMap::new();
        // The last first: each is taken from the end.
        for line in candidate.into_iter().rev() {
            let (kind, subject) = line.what.subject();
            let lines = own.entry((kind, subject.to_owned())).or_default();
            lines.push(line.what);
        }
        for line in stable {
            let (kind, subject) = line.what.subject();
            let lines = own.get_mut(&(kind, subject.to_owned()));
            match lines.and_then(Vec::pop) {
                Some(other) if other == line.what => self.found.same += 1,
                other => self.differs(at, Some(line.what), other),
            }
        }
        for mut lines in own.into_values() {
            while let Some(what) = lines.pop() {
                self.differs(at, None, Some(what));
            }
        }
    }

    fn differs(&mut self, at: At, stable: Option<What>, candidate: Option<What>) {
        let difference = Difference {
            at,
            stable,
            candidate,
        };
        let Some(either) = difference.either() else {
            return;
        };
        let counts = self.found.kinds.entry(either.subject().0).or_default();
        match (&difference.stable, &difference.candidate) {
            (Some(_), Some(_)) => counts.changed += 1,
            (Some(_), None) => counts.only_stable += 1,
            (None, _) => counts.only_candidate += 1,
        }
        if self.found.shown.len() < self.shown_max {
            self.found.shown.push(difference);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use gridos_model::{Quality, Timestamp};

    use super::super::line::SourceKind;
    use super::super::record::Writer;
    use super::*;

    fn reading(at: u64, point: &str, value: f64) -> Line {
        let time = Timestamp::from_millis(1_000);
        Line {
            at: At(1, at),
            what: What::reading(point.to_owned(), (time, time), value, Quality::LATE),
        }
    }

    fn record(lines: &[Line]) -> Vec<u8> {
        let mut text = Vec::new();
        let mut writer = Writer::begin(&mut text, SourceKind::Journal).unwrap();
        for line in lines {
            writer.line(line).unwrap();
        }
        writer.end().unwrap();
        text
    }

    fn open(text: Vec<u8>) -> Result<Reader, RecordError> {
        let input = Box::new(Cursor::new(text));
        Reader::open("stable".to_owned(), input, SourceKind::Journal)
    }

    fn compared(stable: &[Line], candidate: &[Line]) -> Found {
        let mut comparison = Comparison::with(open(record(stable)).unwrap(), 2);
        for line in candidate {
            comparison.take(line.clone()).unwrap();
        }
        comparison.end().unwrap()
    }

    #[test]
    fn the_same_is_parity_to_the_bit() {
        let lines = [
            reading(1, "d.a", 0.1),
            reading(1, "d.b", f64::NAN),
            reading(5, "d.a", -0.0),
        ];
        let found = compared(&lines, &lines);
        assert!(found.is_parity(), "{found:?}");
        assert_eq!((found.same, found.stable), (3, found.candidate));
        let other = [lines[0].clone(), lines[1].clone(), reading(5, "d.a", 0.0)];
        let found = compared(&lines, &other);
        let changed = Differences {
            changed: 1,
            ..Differences::default()
        };
        assert_eq!(found.kinds, BTreeMap::from([("reading", changed)]));
        let fields = found.shown[0].fields();
        assert_eq!(fields.len(), 1, "{fields:?}");
        assert_eq!(fields[0].0, "value");
    }

    #[test]
    fn what_only_one_has_moves_nothing_else() {
        let stable = [
            reading(1, "d.a", 1.0),
            reading(2, "d.a", 2.0),
            reading(4, "d.a", 4.0),
        ];
        let candidate = [
            reading(1, "d.b", 9.0),
            reading(1, "d.a", 1.0),
            reading(3, "d.a", 3.0),
            reading(4, "d.a", 4.0),
        ];
        let found = compared(&stable, &candidate);
        let differences = Differences {
            changed: 0,
            only_stable: 1,
            only_candidate: 2,
        };
        assert_eq!(found.kinds, BTreeMap::from([("reading", differences)]));
        assert_eq!((found.same, found.shown.len()), (2, 2));
        let behind = compared(&stable, &stable[..1]);
        assert_eq!(behind.kinds["reading"].only_stable, 2);
    }

    #[test]
    fn a_record_that_was_cut_or_shuffled_is_no_parity() {
        let lines = [reading(1, "d.a", 1.0), reading(2, "d.a", 2.0)];
        let whole = record(&lines);
        for end in 0..whole.len() {
            let opened = open(whole[..end].to_vec());
            let read = opened.and_then(|reader| {
                let mut comparison = Comparison::with(reader, 1);
                lines
                    .iter()
                    .try_for_each(|line| comparison.take(line.clone()))?;
                comparison.end()
            });
            let error = read.unwrap_err();
            assert!(matches!(error, RecordError::Cut { .. }), "{end}: {error}");
        }
        let shuffled = record(&[reading(2, "d.a", 2.0), reading(1, "d.a", 1.0)]);
        let mut reader = open(shuffled).unwrap();
        assert!(matches!(reader.take(), Err(RecordError::Order { .. })));
    }
}
