//! Many cases by alarm, cheap to keep a copy of while they go on changing.

use std::collections::BTreeMap;
use std::sync::Arc;

use gridos_alarm::Case;
use gridos_model::AlarmId;

/// The cases are kept in so many parts, and a part is copied only if it changes while somebody
/// looks at it.
const PARTS: usize = 256;

/// Ids have 63 bits; the highest eight say which part.
const PART_SHIFT: u32 = 55;

/// Cases by alarm, ascending by id.
///
/// A clone costs one count, however many cases there are; what changes afterwards is copied in
/// parts of one in 256.
#[derive(Clone, Debug)]
pub struct Cases {
    parts: Arc<Vec<Part>>,
    len: usize,
}

type Part = Arc<BTreeMap<AlarmId, Arc<Case>>>;

impl Default for Cases {
    fn default() -> Self {
        Self {
            parts: Arc::new(vec![Part::default(); PARTS]),
            len: 0,
        }
    }
}

impl Cases {
    /// The case of `alarm`, if it is there.
    pub fn get(&self, alarm: &AlarmId) -> Option<&Arc<Case>> {
        self.parts.get(part_of(*alarm))?.get(alarm)
    }

    /// All, ascending by id.
    pub fn iter(&self) -> impl Iterator<Item = (&AlarmId, &Arc<Case>)> {
        self.parts.iter().flat_map(|part| part.iter())
    }

    /// All, ascending by id.
    pub fn values(&self) -> impl Iterator<Item = &Arc<Case>> {
        self.iter().map(|(_, case)| case)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts `case` there; returns what stood there before.
    pub(crate) fn put(&mut self, case: Arc<Case>) -> Option<Arc<Case>> {
        let before = self.part(case.alarm)?.insert(case.alarm, case);
        self.len += usize::from(before.is_none());
        before
    }

    /// Takes the case of `alarm` away.
    pub(crate) fn take(&mut self, alarm: AlarmId) -> Option<Arc<Case>> {
        let before = self.part(alarm)?.remove(&alarm);
        self.len -= usize::from(before.is_some());
        before
    }

    fn part(&mut self, alarm: AlarmId) -> Option<&mut BTreeMap<AlarmId, Arc<Case>>> {
        let parts = Arc::make_mut(&mut self.parts);
        parts.get_mut(part_of(alarm)).map(Arc::make_mut)
    }
}

fn part_of(alarm: AlarmId) -> usize {
    usize::try_from(alarm.raw() >> PART_SHIFT).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(raw: u64, sequence: u64) -> Arc<Case> {
        let mut case = Case::new(AlarmId::from_raw(raw));
        case.sequence = sequence;
        Arc::new(case)
    }

    /// Ids in all parts, among them the first and the last.
    fn raws() -> impl Iterator<Item = u64> {
        let spread = (0..1_000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1);
        spread.chain([0, u64::MAX >> 1])
    }

    #[test]
    fn cases_are_those_of_a_plain_map() {
        let (mut cases, mut plain) = (Cases::default(), BTreeMap::new());
        for (sequence, raw) in raws().chain(raws()).enumerate() {
            let case = case(raw, sequence as u64);
            assert_eq!(cases.put(Arc::clone(&case)), plain.insert(case.alarm, case));
            assert_eq!(cases.len(), plain.len());
        }
        assert!(cases.iter().eq(plain.iter()));
        for raw in raws().step_by(2) {
            let alarm = AlarmId::from_raw(raw);
            assert_eq!(cases.get(&alarm), plain.get(&alarm));
            assert_eq!(cases.take(alarm), plain.remove(&alarm));
            assert_eq!(cases.get(&alarm), None);
        }
        assert!(cases.values().eq(plain.values()));
        assert_eq!((cases.len(), cases.is_empty()), (plain.len(), false));
    }

    #[test]
    fn a_copy_stays_as_it_was() {
        let mut cases = Cases::default();
        cases.put(case(1, 1));
        let copy = cases.clone();
        cases.put(case(1, 2));
        cases.put(case(2, 3));
        let sequences =
            |cases: &Cases| cases.values().map(|case| case.sequence).collect::<Vec<_>>();
        assert_eq!((sequences(&copy), copy.len()), (vec![1], 1));
        assert_eq!(sequences(&cases), [2, 3]);
    }
}
