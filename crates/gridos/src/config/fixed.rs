//! What of a configuration counts only at the start of an engine.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

/// The tables that another configuration may change while the engine runs; all others count only at
/// the start.
const CHANGEABLE: &[&str] = &[
    "scan_class",
    "modbus",
    "dnp3",
    "alarms",
    "profile",
    "device",
    "devices",
];

/// What of these counts only at the start all the same.
const FIXED: &[&str] = &[
    "modbus.connects_at_once",
    "dnp3.connects_at_once",
    "dnp3.integrity_polls_at_once",
];

/// The keys that count only at the start and whose values differ between two texts that were read
/// without a fault, such as `http.listen`.
pub(crate) fn fixed_differences(before: &str, after: &str) -> Vec<String> {
    let (before, after) = (fixed(before), fixed(after));
    let gone = before.keys().filter(|key| !after.contains_key(*key));
    let new_or_other = after
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(value));
    let mut keys: Vec<_> = gone
        .chain(new_or_other.map(|(key, _)| key))
        .cloned()
        .collect();
    keys.sort();
    keys
}

fn fixed(text: &str) -> BTreeMap<String, String> {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut values = BTreeMap::new();
    flatten("", table.get_ref(), &mut values);
    values.retain(|key, _| {
        let top = key.split(['.', '[']).next().unwrap_or_default();
        !CHANGEABLE.contains(&top) || FIXED.contains(&&**key)
    });
    values
}

fn flatten(path: &str, table: &DeTable<'_>, values: &mut BTreeMap<String, String>) {
    for (key, value) in table {
        let key = key.get_ref();
        let path = match path {
            "" => key.to_string(),
            path => format!("{path}.{key}"),
        };
        flatten_value(path, value.get_ref(), values);
    }
}

fn flatten_value(path: String, value: &DeValue<'_>, values: &mut BTreeMap<String, String>) {
    match value {
        DeValue::Table(table) => flatten(&path, table, values),
        DeValue::Array(array) => {
            for (at, value) in array.iter().enumerate() {
                flatten_value(format!("{path}[{at}]"), value.get_ref(), values);
            }
        }
        DeValue::String(text) => {
            values.insert(path, format!("{text:?}"));
        }
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {
            values.insert(path, format!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_only_at_the_start_is_named() {
        let before =
            "http.listen = \"127.0.0.1:1\"\n[journal]\nkeep = \"1d\"\n[modbus]\ntimeout = \"1s\"\n";
        let after = "[http]\nlisten = \"127.0.0.1:2\"\n[store]\nkind = \"sqlite\"\n\
                     [modbus]\ntimeout = \"2s\"\nconnects_at_once = 7\n[[device]]\nname = \"a\"\n\
                     [[listener]]\nname = \"l\"\n";
        let expected = [
            "http.listen",
            "journal.keep",
            "listener[0].name",
            "modbus.connects_at_once",
            "store.kind",
        ];
        assert_eq!(fixed_differences(before, after), expected);
        // Another way to write the same.
        let same = "# a comment\n[http]\nlisten = '127.0.0.1:1'\n[journal]\nkeep=\"1d\"\n";
        assert_eq!(fixed_differences(before, same), [""; 0]);
    }
}
