//! What layouts are: told to the writers before anything that uses them.

use std::sync::Arc;

use futures_util::future::try_join_all;
use gridos_journal::LayoutBook;

use crate::RelayError;
use crate::channel::Channel;

/// Layouts that are under way at once.
const PORTION: usize = 128;

/// The layouts of a book, as far as the stream has them.
#[derive(Debug)]
pub(crate) struct Layouts {
    book: Arc<LayoutBook>,
    /// So many of the book's, in its order.
    told: usize,
}

impl Layouts {
    pub(crate) fn new(book: Arc<LayoutBook>) -> Self {
        Self { book, told: 0 }
    }

    /// The stream may have lost them.
    pub(crate) fn forget(&mut self) {
        self.told = 0;
    }

    /// Makes sure that the stream has all that are in the book: a book only grows, and is always
    /// ahead of the journal.
    pub(crate) async fn tell(&mut self, channel: &Channel) -> Result<(), RelayError> {
        if self.told >= self.book.count() {
            return Ok(());
        }
        for portion in self.book.ids().split_off(self.told).chunks(PORTION) {
            let mut receipts = Vec::new();
            for id in portion {
                let found = self.book.find(*id);
                let found = found.map_err(|error| channel.failed(error))?;
                if let Some(layout) = found {
                    receipts.push(channel.send_layout(&layout).await?);
                }
            }
            try_join_all(receipts.into_iter().map(|one| channel.receipt(one))).await?;
            self.told += portion.len();
        }
        Ok(())
    }
}
