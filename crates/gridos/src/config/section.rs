//! The reader of one section: a table of the file, environment variables over it, or a CSV row.
//!
//! Reading never stops at a fault: a value that cannot be read is reported and taken as not given.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::Variable;
use super::fault::{FaultLog, Place};
use super::given::{Given, kind_of};
use super::nearest::suggestion;
use super::quantity::{parse_duration, parse_size, show_duration, show_size};
use super::source::{Found, Source};

/// One section with the keys it may have.
#[derive(Debug)]
pub(super) struct Section<'a> {
    title: String,
    place: Place,
    keys: &'static [&'static str],
    lookup: Lookup<'a>,
    faults: &'a FaultLog,
}

#[derive(Debug)]
enum Lookup<'a> {
    Table {
        table: Option<&'a DeTable<'a>>,
        source: &'a Source,
        variables: Vec<&'a Variable>,
    },
    Row {
        columns: &'a [&'static str],
        row: &'a csv::StringRecord,
    },
}

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn root(
        table: &'a DeTable<'a>,
        keys: &'static [&'static str],
        source: &'a Source,
        faults: &'a FaultLog,
    ) -> Self {
        let root = Self {
            title: String::new(),
            place: source.whole(),
            keys,
            lookup: Lookup::Table {
                table: Some(table),
                source,
                variables: Vec::new(),
            },
            faults,
        };
        root.refuse_unknown_keys();
        root
    }

    /// One row of a CSV file whose columns have been checked; an empty cell is not given.
    pub(super) fn row(
        columns: &'a [&'static str],
        row: &'a csv::StringRecord,
        place: Place,
        faults: &'a FaultLog,
    ) -> Self {
        Self {
            title: "device".to_owned(),
            place,
            keys: &[],
            lookup: Lookup::Row { columns, row },
            faults,
        }
    }

    /// The section `[key]`, which may be absent, with the variables that override it.
    pub(super) fn section(
        &self,
        key: &'static str,
        keys: &'static [&'static str],
        variables: &'a [Variable],
    ) -> Section<'a> {
        let variables = variables.iter().filter(|v| v.section == key).collect();
        let found = self.given(key).and_then(|given| self.as_table(key, given));
        self.child(format!("[{key}]"), found, keys, variables)
    }

    /// The table under `key`, if it is given.
    pub(super) fn table(
        &self,
        key: &str,
        keys: &'static [&'static str],
        title: String,
    ) -> Option<Section<'a>> {
        let found = self.given(key)?;
        let table = self.as_table(key, found)?;
        Some(self.child(title, Some(table), keys, Vec::new()))
    }

    /// The tables of the list under `key`: `[[key]]`, or an array of inline tables.
    pub(super) fn tables(
        &self,
        key: &str,
        keys: &'static [&'static str],
        title: &str,
    ) -> Vec<Section<'a>> {
        let Some(found) = self.given(key) else {
            return Vec::new();
        };
        let Given::Typed(DeValue::Array(list)) = found.value else {
            self.fault_of(key, &found.place, "must be a list of tables");
            return Vec::new();
        };
        let Lookup::Table { source, .. } = &self.lookup else {
            return Vec::new();
        };
        let elements = list.iter().filter_map(|element| {
            let place = source.place(element.span());
            let given = Given::Typed(element.get_ref());
            let table = self.as_table(key, Found::new(given, &place))?;
            Some(self.child(title.to_owned(), Some(table), keys, Vec::new()))
        });
        elements.collect()
    }

    /// The keys of a section whose keys are names of the user's choice.
    pub(super) fn names(&self) -> Vec<Found<&'a str>> {
        let Lookup::Table { table, source, .. } = &self.lookup else {
            return Vec::new();
        };
        let keys = table.iter().flat_map(|table| table.keys());
        let named = keys.map(|key| Found::new(&**key.get_ref(), &source.place(key.span())));
        named.collect()
    }

    /// Whether `key` is given at all, rightly or wrongly.
    pub(super) fn has(&self, key: &str) -> bool {
        self.given(key).is_some()
    }

    /// Whether `key` is a table, where something else could stand as well.
    pub(super) fn is_table(&self, key: &str) -> bool {
        let given = self.given(key).map(|found| found.value);
        matches!(given, Some(Given::Typed(DeValue::Table(_))))
    }

    /// Where the section is.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// Where `key` is given, or else where the section is.
    pub(super) fn place_of(&self, key: &str) -> Place {
        self.given(key)
            .map_or_else(|| self.place.clone(), |found| found.place)
    }

    /// Calls the section `title` in faults from now on.
    pub(super) fn rename(&mut self, title: String) {
        self.title = title;
    }

    /// Whether `key` is given in a file rather than by a variable.
    pub(super) fn is_in_file(&self, key: &str) -> bool {
        match &self.lookup {
            Lookup::Table { variables, .. } => !variables.iter().any(|v| v.key == key),
            Lookup::Row { .. } => true,
        }
    }

    /// Whether the section is in the file, be it empty.
    pub(super) fn is_given(&self) -> bool {
        match &self.lookup {
            Lookup::Table { table, .. } => table.is_some(),
            Lookup::Row { .. } => true,
        }
    }

    /// What the section is called in faults.
    pub(super) fn title(&self) -> &str {
        &self.title
    }

    /// Reports a fault of the section as a whole.
    pub(super) fn report(&self, what: impl Display) {
        self.faults
            .add(&self.place, format!("{}: {what}", self.title));
    }

    /// Reports a fault of what is at `place` within the section.
    pub(super) fn report_at(&self, place: &Place, what: impl Display) {
        self.faults.add(place, format!("{}: {what}", self.title));
    }

    /// Reports a fault of `key`, at its value or, if it is not given, at the section.
    pub(super) fn fault(&self, key: &str, what: impl Display) {
        self.fault_of(key, &self.place_of(key), what);
    }

    /// Reports that `key` is missing, unless it is given (then its own fault was reported).
    pub(super) fn demand<T>(&self, key: &str, found: Option<T>, example: &str) -> Option<T> {
        if found.is_none() && !self.has(key) {
            self.fault(key, format_args!("is missing; write {example}"));
        }
        found
    }

    /// A text.
    pub(super) fn text(&self, key: &str) -> Option<Found<&'a str>> {
        let found = self.given(key)?;
        match found.value {
            Given::Typed(DeValue::String(text)) => Some(Found::new(&**text, &found.place)),
            Given::Word(text) => Some(Found::new(text, &found.place)),
            Given::Typed(other) => {
                let what = format!("is {}; write a text in quotes", kind_of(other));
                self.fault_of(key, &found.place, what);
                None
            }
        }
    }

    /// A text that `parse` understands; its error says what is wrong with the text.
    pub(super) fn word<T, E: Display>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Found<T>> {
        let text = self.text(key)?;
        match parse(text.value) {
            Ok(value) => Some(Found::new(value, &text.place)),
            Err(error) => {
                let error = error.to_string();
                let what = format!("{} {}", shown(text.value), without_text(&error, text.value));
                self.fault_of(key, &text.place, what);
                None
            }
        }
    }

    /// One of the words of `choices`.
    pub(super) fn choice<T: Copy>(
        &self,
        key: &str,
        choices: &[(&'static str, T)],
    ) -> Option<Found<T>> {
        let found = self.given(key)?;
        if found.value.text().is_none() {
            let words: Vec<_> = choices
                .iter()
                .map(|(word, _)| format!("\"{word}\""))
                .collect();
            let what = format!("must be one of {}, in quotes", words.join(", "));
            self.fault_of(key, &found.place, what);
            return None;
        }
        self.word(key, |text| {
            let chosen = choices.iter().find(|(word, _)| *word == text);
            let words = choices.iter().map(|(word, _)| *word);
            chosen
                .map(|(_, choice)| *choice)
                .ok_or_else(|| format!("is unknown{}", suggestion(text, words)))
        })
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, key: &str) -> Option<bool> {
        let found = self.given(key)?;
        match found.value {
            Given::Typed(DeValue::Boolean(flag)) => return Some(*flag),
            Given::Word("true") => return Some(true),
            Given::Word("false") => return Some(false),
            Given::Word(_) | Given::Typed(_) => {}
        }
        self.fault_of(key, &found.place, "must be true or false, without quotes");
        None
    }

    /// A whole number within `range`.
    pub(super) fn whole<T>(&self, key: &str, range: RangeInclusive<T>) -> Option<Found<T>>
    where
        T: TryFrom<i128> + PartialOrd + Display,
    {
        let found = self.given(key)?;
        let (low, high) = (range.start(), range.end());
        let what = match found.value.whole().map(T::try_from) {
            Some(Ok(number)) if range.contains(&number) => {
                return Some(Found::new(number, &found.place));
            }
            Some(_) => format!("is out of range; allowed are {low} to {high}"),
            None => format!("must be a whole number from {low} to {high}, without quotes"),
        };
        self.fault_of(key, &found.place, what);
        None
    }

    /// A finite number.
    pub(super) fn number(&self, key: &str) -> Option<Found<f64>> {
        let found = self.given(key)?;
        let finite = found.value.number();
        if finite.is_none() {
            self.fault_of(key, &found.place, "must be a finite decimal number");
        }
        finite.map(|number| Found::new(number, &found.place))
    }

    /// The elements of a list, each read by `read`; `what` says what they must be.
    pub(super) fn list<T>(
        &self,
        key: &str,
        what: &str,
        read: impl Fn(Given<'a>) -> Option<T>,
    ) -> Option<Found<Vec<T>>> {
        let found = self.given(key)?;
        let Given::Typed(DeValue::Array(list)) = found.value else {
            self.fault_of(key, &found.place, format_args!("must be {what}"));
            return None;
        };
        let read = |element: &'a Spanned<DeValue<'a>>| read(Given::Typed(element.get_ref()));
        let elements: Vec<Option<T>> = list.iter().map(read).collect();
        let wrong = (1..).zip(&elements).filter(|(_, read)| read.is_none());
        let wrong = wrong.take(ENTRIES_SHOWN);
        let wrong: Vec<String> = wrong
            .map(|(entry, _): (usize, _)| entry.to_string())
            .collect();
        match wrong.as_slice() {
            [] => {}
            [entry] => {
                let what = format_args!("must be {what}; entry {entry} is none");
                self.fault_of(key, &found.place, what);
            }
            entries => {
                let entries = entries.join(", ");
                let what = format_args!("must be {what}; entries {entries} are none");
                self.fault_of(key, &found.place, what);
            }
        }
        let elements: Option<Vec<T>> = elements.into_iter().collect();
        elements.map(|elements| Found::new(elements, &found.place))
    }

    /// A duration within `range`.
    pub(super) fn duration(
        &self,
        key: &str,
        range: &RangeInclusive<Duration>,
    ) -> Option<Found<Duration>> {
        self.quantity(key, range, parse_duration, show_duration)
    }

    /// A size in bytes within `range`.
    pub(super) fn size(&self, key: &str, range: &RangeInclusive<u64>) -> Option<Found<u64>> {
        self.quantity(key, range, parse_size, show_size)
    }

    fn quantity<T: PartialOrd + Copy, E: Display>(
        &self,
        key: &str,
        range: &RangeInclusive<T>,
        parse: fn(&str) -> Result<T, E>,
        show: fn(T) -> String,
    ) -> Option<Found<T>> {
        let found = self.given(key)?;
        if let Given::Typed(DeValue::Integer(number)) = found.value
            && let Err(error) = parse(number.as_str())
        {
            self.fault_of(key, &found.place, format_args!("{number} {error}"));
            return None;
        }
        let quantity = self.word(key, parse)?;
        if !range.contains(&quantity.value) {
            let (low, high) = (show(*range.start()), show(*range.end()));
            let value = show(quantity.value);
            let what = format!("{value} is out of range; allowed are {low} to {high}");
            self.fault_of(key, &found.place, what);
            return None;
        }
        Some(quantity)
    }

    fn fault_of(&self, key: &str, place: &Place, what: impl Display) {
        let gap = if self.title.is_empty() { "" } else { " " };
        let text = format!("{}{gap}{}: {what}", self.title, escaped(key));
        self.faults.add(place, text);
    }

    fn child(
        &self,
        title: String,
        table: Option<Found<&'a DeTable<'a>>>,
        keys: &'static [&'static str],
        variables: Vec<&'a Variable>,
    ) -> Section<'a> {
        let (table, place) = match table {
            Some(found) => (Some(found.value), found.place),
            None => (None, self.place.clone()),
        };
        let lookup = match &self.lookup {
            Lookup::Table { source, .. } => Lookup::Table {
                table,
                source,
                variables,
            },
            Lookup::Row { columns, row } => Lookup::Row { columns, row },
        };
        let faults = self.faults;
        let child = Section {
            title,
            place,
            keys,
            lookup,
            faults,
        };
        child.refuse_unknown_keys();
        child
    }

    /// Sections without a list of keys hold names of the user's choice.
    fn refuse_unknown_keys(&self) {
        if self.keys.is_empty() {
            return;
        }
        for key in self.names() {
            if !self.keys.contains(&key.value) {
                let near = suggestion(key.value, self.keys.iter().copied());
                let what = format!("unknown key{near}");
                self.fault_of(key.value, &key.place, what);
            }
        }
    }

    /// What stands under `key`, whatever it is.
    pub(super) fn given(&self, key: &str) -> Option<Found<Given<'a>>> {
        debug_assert!(self.keys.is_empty() || self.keys.contains(&key));
        match &self.lookup {
            Lookup::Table {
                table,
                source,
                variables,
            } => {
                if let Some(variable) = variables.iter().find(|variable| variable.key == key) {
                    let place = Place::whole(variable.name.as_str());
                    return Some(Found::new(Given::Word(&variable.value), &place));
                }
                let value: &Spanned<DeValue<'a>> = table.and_then(|table| table.get(key))?;
                let place = source.place(value.span());
                Some(Found::new(Given::Typed(value.get_ref()), &place))
            }
            Lookup::Row { columns, row } => {
                let column = columns.iter().position(|column| *column == key)?;
                let word = row.get(column).filter(|word| !word.is_empty())?;
                Some(Found::new(Given::Word(word), &self.place))
            }
        }
    }

    fn as_table(&self, key: &str, found: Found<Given<'a>>) -> Option<Found<&'a DeTable<'a>>> {
        if let Given::Typed(DeValue::Table(table)) = found.value {
            return Some(Found::new(table, &found.place));
        }
        self.fault_of(key, &found.place, "must be a table");
        None
    }
}

/// A text of the user, in quotes, without line breaks, cut where it would fill the screen.
pub(super) fn shown(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// What an error says behind the text in quotes that some begin with: the text is shown already.
fn without_text<'a>(error: &'a str, text: &str) -> &'a str {
    let quoted = error.strip_prefix('\'');
    let behind = quoted.and_then(|rest| rest.split_once("' "));
    match behind {
        Some((start, rest)) if text.starts_with(start) => rest,
        Some(_) | None => error,
    }
}

fn escaped(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN_MAX).collect();
    let more = if cut.len() < text.len() { "…" } else { "" };
    format!("{}{more}", cut.escape_debug())
}

const SHOWN_MAX: usize = 60;
const ENTRIES_SHOWN: usize = 8;
