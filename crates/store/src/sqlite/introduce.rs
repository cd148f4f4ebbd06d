//! Making the layouts of the book known.

use std::collections::HashSet;

use gridos_journal::LayoutDefinition;
use rusqlite::{Connection, Result, TransactionBehavior};

use super::rows;

/// The layouts that the database has.
pub(crate) fn stored(connection: &Connection) -> Result<HashSet<i64>> {
    let mut ids = connection.prepare("select id from layout")?;
    ids.query_map([], |row| row.get(0))?.collect()
}

/// Commits layouts on their own.
pub(crate) fn layouts(connection: &mut Connection, layouts: &[LayoutDefinition]) -> Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    rows::layouts(&transaction, layouts)?;
    transaction.commit()
}
