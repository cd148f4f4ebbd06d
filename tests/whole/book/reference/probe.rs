//! What the reader of configurations says of a key when it is given nonsense: so the types and the
//! ranges of the reference are those that are checked, and no second list of them.

use std::io;
use std::path::Path;

use gridos::config::Config;

use super::example::Entry;

/// The reference, in which one line at a time is replaced.
pub(super) struct Probe<'a> {
    lines: Vec<&'a str>,
}

impl<'a> Probe<'a> {
    pub(super) fn new(reference: &'a str) -> Self {
        Self {
            lines: reference.lines().collect(),
        }
    }

    /// The type of a key with its range, in words.
    pub(super) fn kind(&self, entry: &Entry) -> String {
        let told = self.told(entry, "{}");
        let between = |text: &str, start: &str, end: &str| {
            let (_, rest) = text.split_once(start)?;
            let (found, _) = rest.split_once(end)?;
            Some(found.to_owned())
        };
        if let Some(range) = between(&told, "must be a whole number from ", ", without") {
            return format!("whole number, {range}");
        }
        if told.contains("must be true or false") {
            return "true or false".to_owned();
        }
        if told.contains("must be a finite decimal number") {
            return "number".to_owned();
        }
        if let Some(words) = between(&told, "must be one of ", ", in quotes") {
            let words: Vec<_> = words.split(", ").map(|word| format!("`{word}`")).collect();
            return words.join(", ");
        }
        if let Some(list) = between(&told, "must be a list", "\n") {
            let list = list.split("; entry").next().unwrap_or_default().trim();
            return format!("list {list}").trim().to_owned();
        }
        if !told.contains("write a text in quotes") {
            return String::new();
        }
        for (most, kind) in [("\"99999d\"", "duration"), ("\"9999TiB\"", "size")] {
            let told = self.told(entry, most);
            if let Some(range) = between(&told, "out of range; allowed are ", "\n") {
                return format!("{kind}, {range}");
            }
        }
        "text".to_owned()
    }

    /// Whether the key must be there.
    pub(super) fn is_needed(&self, entry: &Entry) -> bool {
        let text = self.with(entry, "");
        let told = faults(&text);
        let missing = format!(" {}: is missing", entry.key);
        entry.is_set && told.lines().any(|line| line.contains(&missing))
    }

    /// What is said of the key if its value is `value`.
    fn told(&self, entry: &Entry, value: &str) -> String {
        let text = self.with(entry, &format!("{} = {value}", entry.key));
        let place = format!("reference.toml:{}: ", entry.line);
        let of_key = |line: &&str| {
            let what = line.strip_prefix(&place).unwrap_or_default();
            what.contains(&format!("{}: ", entry.key))
        };
        let told = faults(&text);
        let told: Vec<_> = told.lines().filter(of_key).collect();
        told.join("\n") + "\n"
    }

    fn with(&self, entry: &Entry, line: &str) -> String {
        let mut lines = self.lines.clone();
        if let Some(place) = lines.get_mut(entry.line - 1) {
            *place = line;
        }
        lines.join("\n")
    }
}

fn faults(text: &str) -> String {
    let no_files = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let variables: [(&str, &str); 0] = [];
    match Config::parse(text, "reference.toml", variables, &no_files) {
        Ok(_) => String::new(),
        Err(faults) => faults.to_string(),
    }
}
