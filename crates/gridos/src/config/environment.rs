//! Overrides from the environment: `GRIDOS__HTTP__LISTEN=127.0.0.1:9000`.
//!
//! Two underscores stand between the section and the key; only the sections of single values can
//! be overridden. The environment is an argument: nothing here reads the process's own.

use std::ffi::OsString;

use super::fault::{FaultLog, Place};
use super::keys::SCALAR_SECTIONS;
use super::nearest::suggestion;

/// What the name of every override starts with.
pub const PREFIX: &str = "GRIDOS__";

/// One override.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) section: String,
    pub(super) key: String,
    pub(super) value: String,
}

/// The overrides among `variables`; others are not looked at.
pub(super) fn overrides<N, V>(
    variables: impl IntoIterator<Item = (N, V)>,
    faults: &FaultLog,
) -> Vec<Variable>
where
    N: Into<OsString>,
    V: Into<OsString>,
{
    let mut overrides = Vec::new();
    for (name, value) in variables {
        let name = name.into().to_string_lossy().into_owned();
        let Some(path) = name.strip_prefix(PREFIX) else {
            continue;
        };
        let place = Place::whole(name.as_str());
        let Ok(value) = value.into().into_string() else {
            faults.add(&place, "the value is no UTF-8; correct or unset it");
            continue;
        };
        match known(path) {
            Ok((section, key)) => overrides.push(Variable {
                name,
                section,
                key,
                value,
            }),
            Err(what) => faults.add(&place, what),
        }
    }
    overrides
}

fn known(path: &str) -> Result<(String, String), String> {
    let path = path.to_lowercase();
    let (section, key) = path
        .split_once("__")
        .ok_or_else(|| format!("names no key; write {PREFIX}SECTION__KEY"))?;
    let sections = SCALAR_SECTIONS.iter().map(|(section, _)| *section);
    let Some((_, keys)) = SCALAR_SECTIONS.iter().find(|(name, _)| *name == section) else {
        let near = suggestion(section, sections);
        return Err(format!("unknown section '{section}'{near}"));
    };
    if !keys.contains(&key) {
        let near = suggestion(key, keys.iter().copied());
        return Err(format!("[{section}] {key}: unknown key{near}"));
    }
    Ok((section.to_owned(), key.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults_of(name: &str) -> String {
        let log = FaultLog::default();
        let found = overrides([(name, "x")], &log);
        assert!(found.is_empty());
        log.judge(Some(()), &Place::whole("x"))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn other_variables_are_not_looked_at() {
        let log = FaultLog::default();
        let found = overrides([("PATH", "/bin"), ("GRIDOS_LOG", "info")], &log);
        assert!(found.is_empty() && log.is_empty());
    }

    #[test]
    fn the_fault_names_the_variable() {
        assert_eq!(
            faults_of("GRIDOS__HTTP__LISEN"),
            "GRIDOS__HTTP__LISEN: [http] lisen: unknown key; did you mean 'listen'?"
        );
        assert_eq!(
            faults_of("GRIDOS__HTPT__LISTEN"),
            "GRIDOS__HTPT__LISTEN: unknown section 'htpt'; did you mean 'http'?"
        );
        assert_eq!(
            faults_of("GRIDOS__HTTP"),
            "GRIDOS__HTTP: names no key; write GRIDOS__SECTION__KEY"
        );
    }
}
