//! Requests that a configuration spells out, checked to fit one fragment.

use std::time::Duration;

use crate::app::{Assignment, Class, MasterRequest, RequestTooLong, Selection, Sequence};

/// A READ that is sent again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Poll {
    selections: Box<[Selection]>,
    period: Duration,
}

/// A poll that cannot be. The mistake of who configures it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PollError {
    /// It reads nothing.
    #[error("the poll reads nothing")]
    Empty,
    /// It would be sent without end.
    #[error("the period is shorter than {} ms", Poll::PERIOD_MIN.as_millis())]
    Period,
    /// It does not fit one fragment.
    #[error(transparent)]
    TooLong(#[from] RequestTooLong),
}

/// Which points go into which classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignments(Box<[(Class, Box<[Selection]>)]>);

impl Poll {
    /// The shortest period.
    pub const PERIOD_MIN: Duration = Duration::from_millis(10);

    /// Reads `selections` every `period`.
    ///
    /// # Errors
    /// If it reads nothing, too often, or more than fits one request.
    pub fn new(selections: Vec<Selection>, period: Duration) -> Result<Self, PollError> {
        if selections.is_empty() {
            return Err(PollError::Empty);
        }
        if period < Self::PERIOD_MIN {
            return Err(PollError::Period);
        }
        MasterRequest::Read(&selections).encode(Sequence::ZERO, &mut Vec::new())?;
        Ok(Self {
            selections: selections.into(),
            period,
        })
    }

    /// What it reads.
    pub fn selections(&self) -> &[Selection] {
        &self.selections
    }

    /// How often.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Whether no event that waits is left out.
    pub(super) fn reads_all_events(&self) -> bool {
        [Class::One, Class::Two, Class::Three]
            .into_iter()
            .all(|class| self.selections.contains(&Selection::class(class)))
    }
}

impl Assignments {
    /// Points, by the groups of their static objects and variation 0, and their classes.
    ///
    /// # Errors
    /// If they do not fit one request.
    pub fn new(assignments: Vec<(Class, Vec<Selection>)>) -> Result<Self, RequestTooLong> {
        let assignments = assignments
            .into_iter()
            .map(|(class, points)| (class, points.into_boxed_slice()));
        let assignments = Self(assignments.collect());
        assignments.encode(Sequence::ZERO, &mut Vec::new())?;
        Ok(assignments)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends the request to `out`.
    pub(super) fn encode(
        &self,
        sequence: Sequence,
        out: &mut Vec<u8>,
    ) -> Result<(), RequestTooLong> {
        let assignments = self.0.iter().map(|(class, points)| Assignment {
            class: *class,
            points,
        });
        let assignments: Vec<_> = assignments.collect();
        MasterRequest::AssignClass(&assignments).encode(sequence, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Variation;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_poll_must_fit_one_request() {
        let strings = Selection::span(Variation::new(110, 0), 300, 301);
        assert!(Poll::new(vec![strings; 292], SECOND).is_ok());
        assert_eq!(
            Poll::new(vec![strings; 293], SECOND),
            Err(PollError::TooLong(RequestTooLong { length: 2_053 }))
        );
        assert_eq!(Poll::new(vec![], SECOND), Err(PollError::Empty));
        let error = Poll::new(vec![strings], Duration::ZERO).unwrap_err();
        assert_eq!(error.to_string(), "the period is shorter than 10 ms");
    }

    #[test]
    fn all_events_are_three_classes() {
        let poll = |selections: &[_]| Poll::new(selections.to_vec(), SECOND).unwrap();
        assert!(poll(&Selection::INTEGRITY).reads_all_events());
        assert!(!poll(&Selection::INTEGRITY[1..]).reads_all_events());
        let limited = Selection::up_to(Variation::CLASS_1, 10);
        let [_, two, three, _] = Selection::INTEGRITY;
        assert!(!poll(&[limited, two, three]).reads_all_events());
    }

    #[test]
    fn assignments_must_fit_one_request() {
        let inputs = vec![Selection::all(Variation::new(1, 0)); 700];
        assert!(Assignments::new(vec![(Class::One, inputs)]).is_err());
        assert!(Assignments::default().is_empty());
    }
}
