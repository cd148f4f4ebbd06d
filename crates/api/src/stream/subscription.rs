//! What one client follows.

use super::table::Table;

/// Places of rows in the table; left when it is dropped.
#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) table: Table,
    /// Of points, of devices, and of the overview.
    pub(super) lists: [Vec<usize>; 3],
}

impl Subscription {
    pub(super) fn new(table: Table) -> Self {
        Self {
            table,
            lists: Default::default(),
        }
    }

    /// The version that the table is at, if any row that is followed is above `version`.
    pub(super) fn news(&self, version: u64) -> Option<u64> {
        let rows = self.table.read();
        let mut lists = self.lists.iter();
        let is_news = lists.any(|list| rows.is_any_above(version, list));
        is_news.then(|| rows.version())
    }

    /// The version that the table is at.
    pub(super) fn version(&self) -> u64 {
        self.table.read().version()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut rows = self.table.write();
        for place in self.lists.iter().flatten() {
            rows.leave(*place);
        }
    }
}
