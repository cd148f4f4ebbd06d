//! What the numbers of points mean, to show beside their values.

use std::collections::HashMap;
use std::sync::Arc;

use gridos_model::PointIndex;

/// What the numbers of one point mean, one text per number.
pub type StateTexts = Arc<[(i64, Box<str>)]>;

/// Every point whose numbers have texts, by its place.
#[derive(Clone, Debug, Default)]
pub struct StatesBook(HashMap<PointIndex, StateTexts>);

impl StatesBook {
    /// The book of `states`.
    pub fn new(states: impl IntoIterator<Item = (PointIndex, StateTexts)>) -> Self {
        Self(states.into_iter().collect())
    }

    /// What `value` of the point at `index` means, if that is known.
    pub fn text(&self, index: PointIndex, value: f64) -> Option<&str> {
        let mut states = self.0.get(&index)?.iter();
        let named = states.find(|(number, _)| *number as f64 == value);
        named.map(|(_, text)| &**text)
    }
}
