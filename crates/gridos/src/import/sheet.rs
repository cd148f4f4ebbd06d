//! The list as rows of cells, and which of its rows names the columns.

use super::column::Column;

/// Rows before the one that names the columns: titles, versions, empty ones.
const HEADER_WITHIN: usize = 40;

/// Why nothing can be made of a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// No row names the columns that are needed.
    #[error(
        "no row of the first {HEADER_WITHIN} names a column of addresses (address, register, offset) \
         and one of names (name, tag, description); rename the columns"
    )]
    NoHeader,
    /// The list counts its addresses in two ways that cannot both hold.
    #[error(
        "the list has both {reference} (line {line}), which must be a number whose first digit is the \
         table, and {plain} (line {plain_line}), which cannot be one: nobody knows what the addresses \
         count from; say it with --base 0 or --base 1, and compare with gridos probe"
    )]
    Mixed {
        /// A number beyond all addresses.
        reference: u32,
        /// Its line.
        line: u64,
        /// A number that is no reference, or whose row says another table.
        plain: u32,
        /// Its line.
        plain_line: u64,
    },
    /// Every row was passed over.
    #[error("none of {rows} rows can be used; the first is {first}")]
    NothingUsable {
        /// How many there are.
        rows: usize,
        /// What is wrong with the first one.
        first: String,
    },
}

/// A list of registers.
#[derive(Debug)]
pub(super) struct Sheet {
    /// What each column holds, `None` for those of no use.
    pub(super) columns: Vec<Option<Column>>,
    /// The rows behind the one that names the columns.
    pub(super) lines: Vec<Line>,
    /// What was guessed.
    pub(super) notes: Vec<String>,
}

/// One row.
#[derive(Debug)]
pub(super) struct Line {
    /// Its line in the file, from 1.
    pub(super) number: u64,
    /// Its cells, trimmed.
    pub(super) cells: Vec<String>,
}

impl Line {
    /// The cell of `column`, empty if there is none.
    pub(super) fn cell(&self, columns: &[Option<Column>], column: Column) -> &str {
        let mut of_column = columns
            .iter()
            .zip(&self.cells)
            .filter(|(c, _)| **c == Some(column));
        of_column
            .find(|(_, cell)| !cell.is_empty())
            .map_or("", |(_, cell)| cell)
    }
}

impl Sheet {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, SheetError> {
        let mut notes = Vec::new();
        let text = text(bytes, &mut notes);
        for separator in separators(&text) {
            let mut lines = lines(&text, separator);
            let named = |line: &Line| Column::of_header(&line.cells);
            let found = lines
                .iter()
                .take(HEADER_WITHIN)
                .position(|line| named(line).is_some());
            if let Some(header) = found
                && let Some(columns) = named(&lines[header])
            {
                let lines = lines.split_off(header + 1);
                return Ok(Self {
                    columns,
                    lines,
                    notes,
                });
            }
        }
        Err(SheetError::NoHeader)
    }
}

/// The file as text: UTF-8, or else Latin-1, which older spreadsheets save.
fn text(bytes: &[u8], notes: &mut Vec<String>) -> String {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            notes.push("the file is no UTF-8; read as Latin-1".to_owned());
            bytes.iter().map(|byte| char::from(*byte)).collect()
        }
    }
}

/// The separators, the one that is there most often first.
fn separators(text: &str) -> [u8; 3] {
    let mut separators = [b',', b';', b'\t'];
    let count = |separator: &u8| text.bytes().filter(|byte| byte == separator).count();
    separators.sort_by_key(|separator| std::cmp::Reverse(count(separator)));
    separators
}

fn lines(text: &str, separator: u8) -> Vec<Line> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut lines = Vec::new();
    for record in reader.records().filter_map(Result::ok) {
        let number = record
            .position()
            .map_or(0, |position| line_of(text, position));
        let cells = record.iter().map(|cell| cell.trim().to_owned()).collect();
        lines.push(Line { number, cells });
    }
    lines
}

/// The line of the record that begins at `position`, or behind the empty lines there.
fn line_of(text: &str, position: &csv::Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    let passed = rest
        .iter()
        .take_while(|byte| matches!(**byte, b'\n' | b'\r'));
    let empty = passed.filter(|byte| **byte == b'\n').count();
    position.line() + u64::try_from(empty).unwrap_or(0)
}
