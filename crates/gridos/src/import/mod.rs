//! `gridos import modbus FILE`: a profile from the list of registers that a vendor ships.
//!
//! Vendors agree on nothing: neither on the columns, nor on their names, nor on what an address
//! counts from. What can be understood is taken, what cannot is told with its line and why, and
//! every guess is written into the profile as a comment, for somebody to compare with the manual.

mod address;
mod cell;
mod column;
mod kind;
mod profile;
mod row;
mod sheet;
#[cfg(test)]
mod tests;

use gridos_modbus::{Order, Table};

pub use sheet::SheetError;

/// What the address of the first register of a table is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// 0, as on the wire.
    Zero,
    /// 1, as in most manuals.
    One,
}

/// What the list itself does not say.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of the profile.
    pub profile: String,
    /// What addresses count from. `None`: 1 for numbers such as 40001, else 0.
    pub base: Option<Base>,
    /// The table of rows that name none.
    pub table: Table,
    /// The order of words and bytes of the whole list.
    pub order: Order,
    /// Whether raw numbers are divided by the list's scales instead of multiplied.
    pub divides: bool,
}

impl Options {
    /// Addresses as they look, holding registers, the order `abcd`, scales that multiply.
    pub fn new(profile: &str) -> Self {
        Self {
            profile: profile.to_owned(),
            base: None,
            table: Table::HoldingRegister,
            order: Order::ABCD,
            divides: false,
        }
    }
}

/// A profile made of a list of registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// The `[[profile]]` as TOML, with comments.
    pub toml: String,
    /// How many points it has.
    pub points: usize,
    /// The rows that are not in it.
    pub skipped: Vec<Skipped>,
    /// What was guessed about the list as a whole.
    pub notes: Vec<String>,
}

/// A row that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its line, from 1.
    pub line: u64,
    /// Why not.
    pub why: String,
}

/// Makes a profile of the list of registers in `bytes`: rows separated into cells by commas,
/// semicolons or tabs, one of the first of which names the columns.
///
/// # Errors
/// If there is no row that names at least a column of addresses and one of names, or no row at
/// all can be used.
pub fn modbus(bytes: &[u8], options: &Options) -> Result<Imported, SheetError> {
    let sheet = sheet::Sheet::read(bytes)?;
    let counting = address::Counting::of(&sheet, options.base)?;
    let mut rows = row::Rows::new(options, counting);
    for line in &sheet.lines {
        rows.take(&sheet.columns, line);
    }
    let rows = rows.finish();
    if !rows
        .entries
        .iter()
        .any(|entry| matches!(entry, row::Entry::Point(_)))
    {
        let first = rows.skipped.first();
        return Err(SheetError::NothingUsable {
            rows: rows.skipped.len(),
            first: first.map_or_else(String::new, |s| format!("line {}: {}", s.line, s.why)),
        });
    }
    let mut notes = sheet.notes;
    notes.extend(rows.notes.iter().cloned());
    Ok(profile::write(options, rows, notes))
}
