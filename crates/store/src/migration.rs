//! Migrations: numbered SQL files that are compiled in, applied once each and in order.

use std::fmt;

use crate::StoreError;

/// One step from a schema to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Migration {
    /// 1 for the first; no number is missing.
    pub(crate) version: i32,
    pub(crate) name: &'static str,
    /// What is done before the step, each in a transaction of its own and again if it was broken off: what would
    /// hold everybody up for long within the step.
    pub(crate) before: &'static [&'static str],
    pub(crate) sql: &'static str,
    /// The oldest version whose engines still read and write a schema with this step.
    pub(crate) runs_since: i32,
}

impl Migration {
    /// What tells whether the file was changed after it was applied: FNV-1a, 63 bit.
    pub(crate) fn checksum(&self) -> i64 {
        let bytes = self.before.iter().chain([&self.sql]);
        let bytes = bytes.flat_map(|sql| sql.bytes());
        let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, b| {
            (hash ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        (hash >> 1).cast_signed()
    }
}

/// A step that a database says it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Applied {
    pub(crate) version: i32,
    pub(crate) checksum: i64,
    /// The oldest version whose engines still run with the step; `None` if it does not say.
    pub(crate) runs_since: Option<i32>,
}

/// How the schema of a database stands to that of this build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaState {
    /// The version the database has; 0 for an empty one.
    pub version: i32,
    /// The version this build makes.
    pub wanted: i32,
    /// The steps that are missing, in order: number and name.
    pub missing: Vec<(i32, &'static str)>,
}

impl SchemaState {
    /// Whether nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.missing.is_empty()
    }
}

impl fmt::Display for SchemaState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            version, wanted, ..
        } = self;
        if self.is_whole() && version > wanted {
            return write!(
                f,
                "the schema has version {version}, newer than the {wanted} of this build, which still runs with it"
            );
        }
        if self.is_whole() {
            return write!(f, "the schema has version {version}, as it should");
        }
        write!(f, "the schema has version {version} of {wanted}; missing:")?;
        for (step, name) in &self.missing {
            write!(f, " {step} {name}")?;
        }
        Ok(())
    }
}

/// Compares what the database says it has, in order, with `all`; returns the steps it still needs.
/// A database of a later build is taken if all its later steps let this build run.
pub(crate) fn missing<'a>(
    all: &'a [Migration],
    applied: &[Applied],
) -> Result<&'a [Migration], StoreError> {
    for (index, step) in applied.iter().enumerate() {
        let Applied {
            version, checksum, ..
        } = step;
        let Some(migration) = all.get(index) else {
            judge_later(all.len(), &applied[index..])?;
            return Ok(&[]);
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

/// How a database stands, of which [`missing`] was found to be `missing`.
pub(crate) fn state(all: &[Migration], applied: &[Applied], missing: &[Migration]) -> SchemaState {
    let last = |version: Option<i32>| version.unwrap_or(0);
    SchemaState {
        version: last(applied.last().map(|step| step.version)),
        wanted: last(all.last().map(|step| step.version)),
        missing: missing
            .iter()
            .map(|step| (step.version, step.name))
            .collect(),
    }
}

/// Whether a build that knows `known` steps runs with those that came `later`.
fn judge_later(known: usize, later: &[Applied]) -> Result<(), StoreError> {
    let known = i32::try_from(known).unwrap_or(i32::MAX);
    let allows = |step: &&Applied| step.runs_since.is_some_and(|since| since <= known);
    let version = later.last().map_or(known, |step| step.version);
    let Some(barrier) = later.iter().find(|step| !allows(step)) else {
        tracing::debug!(
            version,
            known,
            "the database's schema is newer, and lets this build run"
        );
        return Ok(());
    };
    let needed = barrier.runs_since.unwrap_or(barrier.version);
    Err(schema(format!(
        "the database's schema has version {version}, this GridOS knows versions up to {known}: a \
         later version of GridOS was here, and since its step {} only builds that know version \
         {needed} can use the database; use that one or a later one",
        barrier.version
    )))
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
            before: &[],
            sql: "create table a(b)",
            runs_since: 1,
        },
        Migration {
            version: 2,
            name: "next",
            before: &["select 1"],
            sql: "create table c(d)",
            runs_since: 1,
        },
    ];

    fn has(version: i32, checksum: i64, runs_since: Option<i32>) -> Applied {
        Applied {
            version,
            checksum,
            runs_since,
        }
    }

    fn both() -> [Applied; 2] {
        [(1, ALL[0]), (2, ALL[1])].map(|(version, step)| has(version, step.checksum(), None))
    }

    #[test]
    fn a_database_gets_what_it_has_not() {
        let versions = |applied: &[Applied]| {
            let missing = missing(ALL, applied).unwrap();
            missing.iter().map(|m| m.version).collect::<Vec<_>>()
        };
        assert_eq!(versions(&[]), [1, 2]);
        assert_eq!(versions(&both()[..1]), [2]);
        assert!(versions(&both()).is_empty());
    }

    #[test]
    fn what_is_not_understood_is_refused_in_words() {
        let [one, two] = both();
        let refusal = |applied: &[Applied]| missing(ALL, applied).unwrap_err().to_string();
        let text = refusal(&[one, two, has(3, 0, None)]);
        assert!(
            text.contains("a later version of GridOS") && text.contains("know version 3"),
            "{text}"
        );
        let text = refusal(&[one, two, has(3, 0, Some(2)), has(4, 0, Some(3))]);
        assert!(
            text.contains("since its step 4 only builds that know version 3"),
            "{text}"
        );
        let changed = has(1, one.checksum + 1, None);
        assert!(refusal(&[changed]).contains("another build"));
        assert!(refusal(&[two]).contains("where 1 should be"));
    }

    #[test]
    fn a_newer_schema_is_taken_if_its_steps_allow() {
        let [one, two] = both();
        let applied = [one, two, has(3, 0, Some(1)), has(4, 0, Some(2))];
        let missing = missing(ALL, &applied).unwrap();
        assert!(missing.is_empty());
        let state = state(ALL, &applied, missing);
        assert_eq!((state.version, state.wanted), (4, 2));
        assert!(state.to_string().contains("newer than the 2"), "{state}");
    }

    #[test]
    fn what_is_done_before_a_step_is_part_of_it() {
        let changed = Migration {
            before: &["select 2"],
            ..ALL[1]
        };
        assert_ne!(changed.checksum(), ALL[1].checksum());
    }
}
