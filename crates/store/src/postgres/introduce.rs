//! Making the layouts of the book known.

use std::collections::HashSet;

use gridos_journal::LayoutBook;
use gridos_model::LayoutId;

use super::connection::Connection;
use super::rows;
use crate::StoreError;
use crate::introduction::{definitions, portions};

/// Commits the layouts of `book` that the database has never seen, some at a time.
pub(crate) async fn layouts(
    connection: &mut Connection,
    book: &LayoutBook,
) -> Result<(), StoreError> {
    let ids = book.ids();
    let wanted: Vec<_> = ids.iter().map(|id| id.as_i64()).collect();
    let statement = connection
        .prepare("select id from layout where id = any($1)")
        .await?;
    let client = connection.client();
    let rows = connection
        .within(client.query(&statement, &[&wanted]))
        .await?;
    let stored: HashSet<i64> = rows.iter().map(|row| row.get(0)).collect();
    portions_of(connection, book, portions(&ids, &stored)).await
}

/// Commits layouts of `book`, each portion on its own.
pub(crate) async fn portions_of(
    connection: &mut Connection,
    book: &LayoutBook,
    portions: Vec<Vec<LayoutId>>,
) -> Result<(), StoreError> {
    for portion in portions {
        let definitions = definitions(book, &portion)?;
        connection.run("begin").await?;
        rows::layouts(connection, &definitions).await?;
        connection.run("commit").await?;
    }
    Ok(())
}
