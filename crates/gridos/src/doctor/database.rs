//! Whether the database can be reached, is one the engine can use, and lets it do what it must.

use gridos_store::postgres::Survey;
use gridos_store::{Maintain, SchemaState, StoreError};

use super::Finding;
use super::disk::existing;
use crate::config::{Config, Database};
use crate::engine::Configured;

const CHECK: &str = "database";
const RIGHTS: &str = "database rights";
const SCHEMA: &str = "schema";
/// The oldest PostgreSQL that the engine writes to.
const POSTGRES_MIN: i32 = 130_000;
/// Missing rights that are named.
const NAMED_MAX: usize = 4;

pub(super) async fn examine(config: &Config) -> Vec<Finding> {
    let configured = match Configured::of(config) {
        Ok(configured) => configured,
        Err(error) => {
            let why = std::error::Error::source(&error).map(ToString::to_string);
            let what = format!("{error}: {}", why.unwrap_or_default());
            return vec![Finding::problem(
                CHECK,
                what,
                "let the engine's user read it",
            )];
        }
    };
    match configured {
        Configured::Sqlite(store) => sqlite(config, &*store).await,
        Configured::Postgres(store) => {
            let survey = match store.survey().await {
                Ok(survey) => survey,
                Err(error) => return vec![judge_error(&error)],
            };
            let mut found = vec![judge_version(&survey), judge_rights(&survey)];
            found.push(judge_schema(&store.schema().await, Some(&survey)));
            found
        }
    }
}

async fn sqlite(config: &Config, store: &dyn Maintain) -> Vec<Finding> {
    let Database::Sqlite { path } = &config.store.database else {
        return Vec::new();
    };
    if path.exists() {
        let name = path.display();
        let found = judge_schema(&store.schema().await, None);
        return vec![Finding::ok(CHECK, format!("{name} is there")), found];
    }
    let dir = existing(path.parent().unwrap_or(path));
    // Asking for a file must not make one; a folder that takes files is seen by the check of the disk.
    let what = format!(
        "{} is made in {} at the start",
        path.display(),
        dir.display()
    );
    vec![Finding::ok(CHECK, what)]
}

fn judge_error(error: &StoreError) -> Finding {
    let advice = match error {
        StoreError::Away { .. } | StoreError::Busy { .. } => {
            "start the server, or correct [store] url; the journal keeps readings meanwhile"
        }
        StoreError::ReadOnly { .. } => {
            "name the server that takes writes, or all of them, in [store] url"
        }
        StoreError::Forbidden { .. } => {
            "correct user, password and pg_hba.conf, or the certificate; see [store] password_file"
        }
        StoreError::Full { .. }
        | StoreError::Moved { .. }
        | StoreError::Schema { .. }
        | StoreError::Content { .. }
        | StoreError::TooLarge { .. }
        | StoreError::Refused { .. } => "see the log of the server",
    };
    Finding::problem(CHECK, error, advice)
}

fn judge_version(survey: &Survey) -> Finding {
    let what = format!("PostgreSQL {} answers to {}", survey.version, survey.role);
    match survey.version_number >= POSTGRES_MIN {
        true => Finding::ok(CHECK, what),
        false => Finding::problem(CHECK, what, "the engine needs PostgreSQL 13 or later"),
    }
}

fn judge_rights(survey: &Survey) -> Finding {
    let role = &survey.role;
    if survey.is_superuser {
        return Finding::warning(
            RIGHTS,
            format!("{role} may do everything there is"),
            "make a role that may only write: gridos migrate --grant-to ROLE, as the owner",
        );
    }
    let missing = &survey.missing;
    if missing.is_empty() {
        return Finding::ok(RIGHTS, format!("{role} may do what the engine must"));
    }
    let named = missing.iter().take(NAMED_MAX).cloned().collect::<Vec<_>>();
    let more = match missing.len().saturating_sub(NAMED_MAX) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Finding::problem(
        RIGHTS,
        format!("{role} may not {}{more}", named.join(", ")),
        format!("gridos migrate --grant-to {role}, as the owner of the schema"),
    )
}

fn judge_schema(state: &Result<SchemaState, StoreError>, survey: Option<&Survey>) -> Finding {
    let state = match state {
        Ok(state) => state,
        Err(error @ StoreError::Schema { .. }) => {
            return Finding::problem(SCHEMA, error, "use the build of GridOS that made it");
        }
        Err(error) => {
            return Finding {
                check: SCHEMA,
                ..judge_error(error)
            };
        }
    };
    if state.is_whole() {
        return Finding::ok(SCHEMA, state);
    }
    // The engine takes missing steps by itself where it may.
    match survey.is_none_or(|survey| survey.may_create) {
        true => Finding::warning(
            SCHEMA,
            state,
            "gridos migrate takes them; else the engine at its start",
        ),
        false => Finding::problem(
            SCHEMA,
            state,
            "run gridos migrate as the owner of the schema: this role may not",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    fn survey() -> Survey {
        Survey {
            version: "15.4".to_owned(),
            version_number: 150_004,
            role: "gridos".to_owned(),
            is_superuser: false,
            may_create: false,
            missing: Vec::new(),
        }
    }

    #[test]
    fn rights_are_enough_missing_or_too_many() {
        assert_eq!(judge_rights(&survey()).grade, Grade::Ok);
        let missing = (1..=6).map(|n| format!("insert into t{n}")).collect();
        let found = judge_rights(&Survey {
            missing,
            ..survey()
        });
        assert_eq!(found.grade, Grade::Problem);
        assert!(
            found.what.ends_with("insert into t4 and 2 more"),
            "{found:?}"
        );
        let root = Survey {
            is_superuser: true,
            ..survey()
        };
        assert_eq!(judge_rights(&root).grade, Grade::Warning);
    }

    #[test]
    fn an_old_server_and_a_lacking_schema_are_told() {
        assert_eq!(judge_version(&survey()).grade, Grade::Ok);
        let old = Survey {
            version_number: 120_016,
            ..survey()
        };
        assert_eq!(judge_version(&old).grade, Grade::Problem);
        let state = |missing| SchemaState {
            version: 1,
            wanted: 2,
            missing,
        };
        let grade =
            |state: SchemaState, survey: Option<&Survey>| judge_schema(&Ok(state), survey).grade;
        let lacking = || state(vec![(2, "texts")]);
        assert_eq!(grade(state(vec![]), None), Grade::Ok);
        assert_eq!(grade(lacking(), None), Grade::Warning);
        assert_eq!(grade(lacking(), Some(&survey())), Grade::Problem);
        let owner = Survey {
            may_create: true,
            ..survey()
        };
        assert_eq!(grade(lacking(), Some(&owner)), Grade::Warning);
    }

    #[test]
    fn a_database_that_is_away_is_a_problem_with_advice() {
        let reason = "connection refused".to_owned();
        let found = judge_error(&StoreError::Away { reason });
        assert_eq!(found.grade, Grade::Problem);
        assert!(found.advice.contains("[store] url"), "{found:?}");
    }
}
