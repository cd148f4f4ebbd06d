//! The search for a record that the database refuses for its content.
//!
//! A refused chunk is written again in smaller pieces until the record stands alone, and only then
//! is it quarantined. Where the database says which record it was, the pieces are what is before
//! it, it alone, and the rest; where it does not, halves.

use gridos_journal::Tail;

/// How much the next chunk may hold while a record is searched for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    /// At most so many bytes; `None` if nothing is searched for.
    bytes_max: Option<usize>,
    /// Not beyond here, where a suspect begins.
    suspect: Option<Tail>,
}

impl Search {
    /// Whether something is searched for.
    pub(super) fn is_on(&self) -> bool {
        *self != Self::default()
    }

    /// What the next chunk, which begins at `at`, may hold, instead of `bytes_max` up to `end`.
    pub(super) fn narrow(&self, at: Tail, bytes_max: usize, end: Tail) -> (usize, Tail) {
        let bytes = self.bytes_max.unwrap_or(bytes_max).min(bytes_max);
        let suspect = self
            .suspect
            .filter(|suspect| at.position < suspect.position && suspect.position < end.position);
        (bytes, suspect.unwrap_or(end))
    }

    /// A chunk of several records from `from` on, `bytes` long, was refused; the database says, or
    /// does not, that it is because of the record at `hint`.
    pub(super) fn on_refused(&mut self, from: Tail, bytes: usize, hint: Option<Tail>) {
        let within = from.position..from.position.plus(bytes as u64);
        let hint = hint.filter(|hint| within.contains(&hint.position));
        *self = match hint {
            Some(suspect) if suspect.position == from.position => Self::alone(),
            suspect @ Some(_) => Self { suspect, ..*self },
            None => Self {
                bytes_max: Some(bytes / 2),
                suspect: None,
            },
        };
    }

    /// A chunk of one record was refused: it comes once more.
    pub(super) fn on_alone(&mut self) {
        *self = Self::alone();
    }

    /// What was before `at` is done with; the last chunk had `bytes`, and without a search the next
    /// one may have `bytes_max`.
    pub(super) fn on_committed(&mut self, at: Tail, bytes: usize, bytes_max: usize) {
        if self
            .suspect
            .is_some_and(|suspect| suspect.position == at.position)
        {
            *self = Self::alone();
        } else if let Some(before) = self.bytes_max {
            // Where one was, others may be: back to large chunks step by step.
            let wider = before.max(bytes).saturating_mul(2);
            self.bytes_max = (wider < bytes_max).then_some(wider);
        }
        if self
            .suspect
            .is_some_and(|suspect| suspect.position <= at.position)
        {
            self.suspect = None;
        }
    }

    /// One record, however long.
    fn alone() -> Self {
        Self {
            bytes_max: Some(1),
            suspect: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use gridos_journal::Position;
    use proptest::prelude::*;

    use super::*;

    const BYTES_MAX: usize = 4_096;

    /// What the database says of a refused chunk.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Word {
        Nothing,
        First,
        /// Any record, as it comes.
        Wrong(usize),
    }

    fn tail(position: u64) -> Tail {
        let (position, readings) = (Position::new(position), 0);
        Tail { position, readings }
    }

    /// Writes records of so many bytes, of which some are bad; returns which went to quarantine and
    /// after how many attempts all was done.
    fn write(records: &[(usize, bool)], word: Word) -> (Vec<usize>, usize) {
        let ends = records.iter().scan(0, |end, (bytes, _)| {
            *end += *bytes as u64;
            Some(*end)
        });
        let ends: Vec<u64> = ends.collect();
        let begin = |nth: usize| nth.checked_sub(1).map_or(0, |before| ends[before]);
        let end = tail(ends.last().copied().unwrap_or(0));
        let (mut search, mut quarantined) = (Search::default(), Vec::new());
        let (mut next, mut attempts) = (0, 0);
        while next < records.len() {
            attempts += 1;
            let at = tail(begin(next));
            let (bytes_max, until) = search.narrow(at, BYTES_MAX, end);
            let fits = |nth: &usize| {
                ends[*nth] <= until.position.get() && ends[*nth] - begin(next) <= bytes_max as u64
            };
            let count = (next..records.len()).take_while(fits).count().max(1);
            let chunk = next..next + count;
            let bytes = usize::try_from(ends[chunk.end - 1] - begin(next)).unwrap();
            let bad = chunk.clone().find(|nth| records[*nth].1);
            match bad {
                Some(_) if count > 1 => {
                    let hint = match word {
                        Word::Nothing => None,
                        Word::First => bad,
                        Word::Wrong(any) => Some(any % records.len()),
                    };
                    search.on_refused(at, bytes, hint.map(|nth| tail(begin(nth))));
                    continue;
                }
                Some(bad) => quarantined.push(bad),
                None => {}
            }
            next = chunk.end;
            search.on_committed(tail(begin(next)), bytes, BYTES_MAX);
        }
        (quarantined, attempts)
    }

    proptest! {
        #[test]
        fn exactly_the_bad_records_go_to_quarantine(
            records in prop::collection::vec((16..2_000_usize, prop::bool::weighted(0.1)), 1..200),
            word in prop_oneof![
                Just(Word::Nothing), Just(Word::First), (0..200_usize).prop_map(Word::Wrong),
            ],
        ) {
            let bad = (0..records.len()).filter(|nth| records[*nth].1).collect::<Vec<_>>();
            let (quarantined, attempts) = write(&records, word);
            prop_assert_eq!(&quarantined, &bad);
            // A search halves twelve times at most and doubles as often.
            prop_assert!(attempts <= records.len() + 32 * bad.len(), "{}", attempts);
        }
    }

    #[test]
    fn one_bad_record_among_many_costs_little_and_is_forgotten() {
        let mut records = vec![(16, false); 4_096];
        records[1_000].1 = true;
        let clean = write(&vec![(16, false); 4_096], Word::First).1;
        assert_eq!(clean, 16);
        let (quarantined, attempts) = write(&records, Word::First);
        assert_eq!(quarantined, [1_000]);
        // Refused; what is before; it alone; then 2, 4 … 128 records up to the usual 256.
        assert_eq!(attempts, clean + 9);
        let (quarantined, attempts) = write(&records, Word::Nothing);
        assert_eq!(quarantined, [1_000]);
        assert!(attempts <= clean + 30, "{attempts}");
    }

    #[test]
    fn bad_records_only_cost_one_attempt_more_each() {
        let (quarantined, attempts) = write(&[(16, true); 500], Word::First);
        assert_eq!(quarantined.len(), 500);
        assert!(attempts <= 2 * 500 + 1, "{attempts}");
    }
}
