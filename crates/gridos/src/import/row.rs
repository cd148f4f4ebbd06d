//! Rows become points, comments, or the reason why not.

use std::collections::HashSet;

use gridos_modbus::{Kind, Order, Plan, PlanLimits, RegisterPoint, Table};

use super::address::{self, Counting};
use super::cell;
use super::column::Column;
use super::kind;
use super::sheet::Line;
use super::{Options, Skipped};

/// What stands in the profile, in the order of the list.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// A line of its own: a title among the rows.
    Title(String),
    Point(Box<Imported>),
}

/// A point with what the list says about it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Imported {
    pub(super) point: RegisterPoint,
    pub(super) comment: String,
}

/// The rows of a list, as far as they were taken.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    options: &'a Options,
    counting: Counting,
    pub(super) entries: Vec<Entry>,
    pub(super) skipped: Vec<Skipped>,
    pub(super) notes: Vec<String>,
    names: HashSet<String>,
    has_tables: bool,
    has_kinds: bool,
}

impl<'a> Rows<'a> {
    pub(super) fn new(options: &'a Options, counting: Counting) -> Self {
        Self {
            options,
            counting,
            entries: Vec::new(),
            skipped: Vec::new(),
            notes: Vec::new(),
            names: HashSet::new(),
            has_tables: true,
            has_kinds: true,
        }
    }

    /// Takes one row.
    pub(super) fn take(&mut self, columns: &[Option<Column>], line: &Line) {
        let mut texts = line.cells.iter().filter(|cell| !cell.is_empty());
        let Some(first) = texts.next() else { return };
        // A single text in a row is a title; a mark before it, a comment.
        let written = address::parse(line.cell(columns, Column::Address));
        if first.starts_with(['#', ';']) || (texts.next().is_none() && written.is_none()) {
            let title = first.trim_start_matches(['#', ';', ' ']);
            self.entries.push(Entry::Title(title.to_owned()));
            return;
        }
        match self.point(columns, line) {
            Ok(imported) => self.entries.push(Entry::Point(Box::new(imported))),
            Err(why) => self.skipped.push(Skipped {
                line: line.number,
                why,
            }),
        }
    }

    /// All rows were taken.
    pub(super) fn finish(mut self) -> Self {
        self.notes.push(self.counting.note().to_owned());
        if !self.has_tables {
            let table = self.options.table;
            self.notes
                .push(format!("rows that name no table are taken as {table}"));
        }
        if !self.has_kinds {
            self.notes
                .push("rows without a type are taken as unsigned".to_owned());
        }
        self
    }

    fn point(&mut self, columns: &[Option<Column>], line: &Line) -> Result<Imported, String> {
        let cell = |column| line.cell(columns, column);
        let access = cell(Column::Access);
        if !cell::is_readable(access) {
            return Err(format!("it can only be written ('{access}')"));
        }
        let address = cell(Column::Address);
        let written = address::parse(address)
            .ok_or_else(|| format!("the address '{address}' is no number"))?;
        let stated = cell::table(cell(Column::Table));
        let (table, at) = self.counting.place(written, stated, self.options.table)?;
        let (kind, order) =
            self.kind(cell(Column::Kind), cell(Column::Size), table, written.bit)?;
        let own_order = cell::order(cell(Column::Order)).or(order);
        let named = [cell(Column::Name), cell(Column::Description)].map(cell::name);
        let is_bits = table.is_bits();
        let scale = match cell::scale(cell(Column::Scale), self.options.divides)? {
            None => cell::scale(cell(Column::Divisor), true)?,
            given => given,
        };
        let mut point = RegisterPoint {
            unit: cell::unit(cell(Column::Unit)),
            order: own_order.unwrap_or(if is_bits {
                Order::ABCD
            } else {
                self.options.order
            }),
            scale: scale.unwrap_or(1.0),
            offset: cell::offset(cell(Column::Offset))?.unwrap_or(0.0),
            ..RegisterPoint::new("", table, at, kind)
        };
        if kind.is_text() {
            // A list that has a factor and a unit in every row means no more by it here.
            point = RegisterPoint {
                order: text_order(point.order),
                ..RegisterPoint::new("", table, at, kind)
            };
        }
        if let Err(error) = Plan::new(vec![point.clone()], &PlanLimits::default()) {
            return Err(error.to_string().replace("point '' ", "it "));
        }
        self.has_tables &= is_stated(address, written, stated, self.counting);
        self.has_kinds &= !cell(Column::Kind).is_empty() || is_bits || written.bit.is_some();
        point.name = self.name(named.into_iter().find(|name| !name.is_empty()), &point);
        let mut comments = vec![cell(Column::Description), cell(Column::Comment)];
        if cell(Column::Name).is_empty() || cell::name(cell(Column::Name)) != point.name {
            comments.insert(0, cell(Column::Name));
        }
        comments.retain(|comment| !comment.is_empty());
        comments.dedup();
        Ok(Imported {
            point,
            comment: comments.join("; "),
        })
    }

    fn kind(
        &self,
        cell: &str,
        size: &str,
        table: Table,
        bit: Option<u8>,
    ) -> Result<(Kind, Option<Order>), String> {
        if table.is_bits() {
            return Ok((Kind::Bool, None));
        }
        if let Some(bit) = bit {
            return Ok((Kind::Bit(bit), None));
        }
        match kind::read(cell, size)? {
            (Kind::Bool, _) => Ok((Kind::Bit(0), None)),
            known => Ok(known),
        }
    }

    /// A name that no other point has.
    fn name(&mut self, wanted: Option<String>, point: &RegisterPoint) -> String {
        let table = match point.table {
            Table::Coil => "c",
            Table::DiscreteInput => "d",
            Table::HoldingRegister => "h",
            Table::InputRegister => "i",
        };
        let bit = if let Kind::Bit(bit) = point.kind {
            format!("_b{bit}")
        } else {
            String::new()
        };
        let place = format!("{table}{}{bit}", point.address);
        let wanted = wanted.unwrap_or_else(|| place.clone());
        let mut name = wanted.clone();
        if self.names.contains(&name) {
            name = format!("{wanted}_{place}");
        }
        let mut count = 2;
        while !self.names.insert(name.clone()) {
            // The same register under the same name again.
            name = format!("{}_{count}", wanted.chars().take(48).collect::<String>());
            count += 1;
        }
        name
    }
}

/// The order of the letters of a text where that of numbers is `order`: registers are always in
/// their own order.
pub(super) fn text_order(order: Order) -> Order {
    Order::new(false, order.bytes_reversed())
}

/// Whether the row itself says which table it is of.
fn is_stated(
    cell: &str,
    written: address::Written,
    stated: Option<Table>,
    counting: Counting,
) -> bool {
    let is_reference = counting.are_references && !written.is_hex;
    stated.is_some() || written.table.is_some() || is_reference || cell.len() > 5
}
