//! A cell for words: what is wrong, for people.

use std::sync::{Mutex, PoisonError};

/// A sentence, or none; it is written on a change and never on the way of a reading.
#[derive(Debug, Default)]
pub struct Note(Mutex<Option<String>>);

impl Note {
    /// Makes it say `text`.
    pub fn set(&self, text: &str) {
        self.replace(Some(text.to_owned()));
    }

    /// There is nothing to say any more.
    pub fn clear(&self) {
        self.replace(None);
    }

    /// What it says.
    pub fn get(&self) -> Option<String> {
        let text = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        text.clone()
    }

    fn replace(&self, text: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts() {
        let note = Note::default();
        assert_eq!(note.get(), None);
        note.set("away");
        note.set("ahead");
        assert_eq!(note.get().as_deref(), Some("ahead"));
        note.clear();
        assert_eq!(note.get(), None);
    }
}
