//! What a role may do of what the engine must: asked, and nothing changed.

use tokio_postgres::types::ToSql;

use super::connection::Connection;
use super::roles::{UPKEEP, WRITER};
use crate::StoreError;

/// A server as the engine's role finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// As the server calls it: `15.4`.
    pub version: String,
    /// As a number: 150004.
    pub version_number: i32,
    /// Who is logged in.
    pub role: String,
    /// Whether nothing is forbidden to it.
    pub is_superuser: bool,
    /// Whether it may make tables in the schema.
    pub may_create: bool,
    /// What it may not and the engine must, in words; of tables that are not there yet nothing.
    pub missing: Vec<String>,
}

/// What the engine must be able to do with one table or function.
struct Need {
    object: &'static str,
    right: &'static str,
    /// For a right to some columns only.
    column: Option<&'static str>,
}

pub(super) async fn survey(connection: &mut Connection) -> Result<Survey, StoreError> {
    let asking = connection.client().query_one(
        "select current_setting('server_version'), current_setting('server_version_num')::int, \
         current_user::text, \
         coalesce((select rolsuper from pg_roles where rolname = current_user), false), \
         coalesce(has_schema_privilege(current_schema(), 'create'), false)",
        &[],
    );
    let row = connection.within(asking).await?;
    let mut survey = Survey {
        version: row.get(0),
        version_number: row.get(1),
        role: row.get(2),
        is_superuser: row.get(3),
        may_create: row.get(4),
        missing: Vec::new(),
    };
    for need in WRITER
        .iter()
        .flat_map(|(table, rights)| needs(table, rights))
    {
        if !may(connection, &need).await? {
            let Need { object, right, .. } = need;
            let column = need
                .column
                .map_or(String::new(), |column| format!(" ({column})"));
            survey.missing.push(format!("{right} {object}{column}"));
        }
    }
    for function in UPKEEP {
        let sql = "select coalesce(has_function_privilege(to_regprocedure($1), 'execute'), true)";
        if !ask(connection, sql, &[function]).await? {
            survey.missing.push(format!("execute {function}"));
        }
    }
    Ok(survey)
}

/// The single rights of a list such as `select, insert, update (ts, value)`.
fn needs(object: &'static str, rights: &'static str) -> Vec<Need> {
    let (plain, columns) = rights.split_once(" (").unwrap_or((rights, ""));
    let columns = columns.trim_end_matches(')');
    let mut needs = Vec::new();
    for right in plain.split(", ") {
        let is_of_columns = right == "update" && !columns.is_empty();
        let whole = [None];
        let each: Vec<_> = columns
            .split(',')
            .map(|column| Some(column.trim()))
            .collect();
        for column in if is_of_columns { &each[..] } else { &whole } {
            needs.push(Need {
                object,
                right,
                column: *column,
            });
        }
    }
    needs
}

async fn may(connection: &Connection, need: &Need) -> Result<bool, StoreError> {
    let Need {
        object,
        right,
        column,
    } = need;
    match column {
        None => {
            let sql = "select coalesce(has_table_privilege(to_regclass($1), $2), true)";
            ask(connection, sql, &[object, right]).await
        }
        // A column of a step that is missing is not there either.
        Some(column) => {
            let sql = "select not exists (select from pg_attribute where attrelid = to_regclass($1) \
                       and attname = $2 and not has_column_privilege(attrelid, attnum, $3))";
            ask(connection, sql, &[object, column, right]).await
        }
    }
}

async fn ask(
    connection: &Connection,
    sql: &str,
    values: &[&(dyn ToSql + Sync)],
) -> Result<bool, StoreError> {
    let row = connection.within(connection.client().query_one(sql, values));
    Ok(row.await?.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_rights_is_taken_apart() {
        let shown = |rights| -> Vec<String> {
            let needs = needs("t", rights).into_iter();
            let needs = needs.map(|need| format!("{} {}", need.right, need.column.unwrap_or("-")));
            needs.collect()
        };
        assert_eq!(shown("select"), ["select -"]);
        assert_eq!(
            shown("select, insert, update (ts, value)"),
            ["select -", "insert -", "update ts", "update value"]
        );
        let all = WRITER
            .iter()
            .map(|(table, rights)| needs(table, rights).len());
        assert!(all.sum::<usize>() > 2 * WRITER.len());
    }
}
