//! Migrations: numbered SQL files that are compiled in, applied once each and in order.

use crate::StoreError;

/// One step from a schema to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// 1 for the first; no number is missing.
    pub(crate) version: i32,
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

impl Migration {
    /// What tells whether the file was changed after it was applied: FNV-1a, 63 bit.
    pub(crate) fn checksum(&self) -> i64 {
        let hash = self.sql.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| {
            (hash ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        (hash >> 1).cast_signed()
    }
}

/// Compares what the database says it has, as (version, checksum) in order, with `all`; returns
/// the steps it still needs.
pub(crate) fn missing<'a>(
    all: &'a [Migration],
    applied: &[(i32, i64)],
) -> Result<&'a [Migration], StoreError> {
    for (index, (version, checksum)) in applied.iter().enumerate() {
        let Some(migration) = all.get(index) else {
            return Err(schema(format!(
                "the database's schema has version {version}, this GridOS knows versions up to \
                 {}: a later version of GridOS was here; use that one or a later one",
                all.len()
            )));
        };
        if migration.version != *version {
            return Err(schema(format!(
                "the database's table schema_migration lists version {version} where {} should be; \
                 restore the database from a backup",
                migration.version
            )));
        }
        if migration.checksum() != *checksum {
            return Err(schema(format!(
                "the database was made by another build of GridOS: its schema step {version} \
                 ({}) is not the one of this build; use the build that made it",
                migration.name
            )));
        }
    }
    Ok(&all[applied.len()..])
}

fn schema(reason: String) -> StoreError {
    StoreError::Schema { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[Migration] = &[
        Migration {
            version: 1,
            name: "start",
            sql: "create table a(b)",
        },
        Migration {
            version: 2,
            name: "next",
            sql: "create table c(d)",
        },
    ];

    #[test]
    fn a_database_gets_what_it_has_not() {
        let (one, two) = (ALL[0].checksum(), ALL[1].checksum());
        let versions = |applied: &[(i32, i64)]| {
            let missing = missing(ALL, applied).unwrap();
            missing.iter().map(|m| m.version).collect::<Vec<_>>()
        };
        assert_eq!(versions(&[]), [1, 2]);
        assert_eq!(versions(&[(1, one)]), [2]);
        assert!(versions(&[(1, one), (2, two)]).is_empty());
    }

    #[test]
    fn what_is_not_understood_is_refused_in_words() {
        let (one, two) = (ALL[0].checksum(), ALL[1].checksum());
        let refusal = |applied: &[(i32, i64)]| missing(ALL, applied).unwrap_err().to_string();
        assert!(refusal(&[(1, one), (2, two), (3, 0)]).contains("a later version of GridOS"));
        assert!(refusal(&[(1, one + 1)]).contains("another build"));
        assert!(refusal(&[(2, two)]).contains("where 1 should be"));
    }
}
