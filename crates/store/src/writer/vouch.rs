//! Whether what the database has is of this journal.

use gridos_journal::Tail;

use super::{Writer, WriterError};
use crate::Stored;
use crate::blocking::blocking;

impl Writer {
    /// Makes sure that what the database has is of this journal, as far as that can be told.
    pub(super) fn vouch(&mut self, stored: Stored) -> Result<(), WriterError> {
        if let Some(ahead) = stored.ahead {
            self.vouch_for(ahead.tail, ahead.last)?;
        }
        self.vouch_for(stored.tail, stored.last)
    }

    fn vouch_for(&mut self, at: Tail, last: Option<u32>) -> Result<(), WriterError> {
        if at.position > self.known && !self.has_meanwhile(at, last)? {
            return Err(WriterError::Ahead {
                stream: self.stream,
                stored: at.position,
                known: self.known,
            });
        }
        let is_ours = self.vouched == Some((at, last)) || blocking(|| self.reader.knows(at, last))?;
        if is_ours {
            Ok(())
        } else {
            Err(self.foreign(at))
        }
    }

    /// Whether the journal has come to where the database stands since it was opened: another
    /// writer of the very same records was here.
    fn has_meanwhile(&mut self, at: Tail, last: Option<u32>) -> Result<bool, WriterError> {
        let is_there = last.is_some() && at.position <= self.end;
        Ok(is_there && blocking(|| self.reader.knows(at, last))?)
    }

    pub(super) fn foreign(&self, at: Tail) -> WriterError {
        WriterError::Foreign {
            stream: self.stream,
            stored: at.position,
        }
    }
}
