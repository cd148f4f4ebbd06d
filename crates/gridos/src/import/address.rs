//! Where a register is, by the spellings of vendors.

use gridos_modbus::Table;

use super::Base;
use super::cell;
use super::column::Column;
use super::sheet::{Sheet, SheetError};

/// An address as a cell says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// The number.
    pub(super) number: u32,
    /// Whether it was written in hexadecimal: then it is never a number such as 40001.
    pub(super) is_hex: bool,
    /// The table, if the spelling names it: `4x0001`, `HR12`.
    pub(super) table: Option<Table>,
    /// How many digits it has, zeros before it included.
    pub(super) digits: usize,
    /// The bit behind it, if there is one: `40010.3`.
    pub(super) bit: Option<u8>,
}

/// How the numbers of a whole list are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counting {
    /// Whether numbers of five digits name their table by the first one.
    pub(super) are_references: bool,
    pub(super) base: Base,
    /// A number that looks like a reference and one that does not, in a list that says nothing
    /// that would decide between the two.
    pub(super) mixed: Option<[Seen; 2]>,
}

/// A number and the line it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    line: u64,
    number: u32,
}

/// What the numbers of a list speak for.
#[derive(Debug, Default)]
struct Evidence {
    /// A reference such as 40001, which may be an address on the wire as well.
    reference: Option<Seen>,
    /// A number too large for the wire: surely a reference.
    sure: Option<Seen>,
    /// A number that is no reference.
    plain: Option<Seen>,
    /// A number whose first digit is not that of the table its row says: surely no reference.
    contradicted: Option<Seen>,
}

impl Evidence {
    fn of(sheet: &Sheet) -> Self {
        let mut evidence = Self::default();
        for line in &sheet.lines {
            let Some(written) = parse(line.cell(&sheet.columns, Column::Address)) else {
                continue;
            };
            if written.is_hex || written.table.is_some() {
                continue;
            }
            let stated = cell::table(line.cell(&sheet.columns, Column::Table));
            let place = match reference(written) {
                // Spreadsheets drop the zeros of coil 00001.
                None if stated == Some(Table::Coil) && (1..=9_999).contains(&written.number) => {
                    continue;
                }
                // Neither an address nor a reference, and told with its line.
                None if written.number > WIRE_MAX => continue,
                None => &mut evidence.plain,
                _ if written.number > WIRE_MAX => &mut evidence.sure,
                Some((table, _)) if stated.is_some_and(|stated| stated != table) => {
                    &mut evidence.contradicted
                }
                // Zeros before a number may as well be nothing but zeros.
                Some((Table::Coil, _)) => continue,
                Some(_) => &mut evidence.reference,
            };
            place.get_or_insert(Seen {
                line: line.number,
                number: written.number,
            });
        }
        evidence
    }
}

impl Counting {
    /// How the list counts, judged by all its rows together: by references if none of its decimal
    /// numbers speaks against that, else from 0 unless `base` says otherwise.
    ///
    /// # Errors
    /// If some numbers must be references and others cannot be, and no `base` is said.
    pub(super) fn of(sheet: &Sheet, base: Option<Base>) -> Result<Self, SheetError> {
        let evidence = Evidence::of(sheet);
        let against = evidence.contradicted.or(evidence.plain);
        if let (Some(sure), Some(against), None) = (evidence.sure, against, base) {
            return Err(SheetError::Mixed {
                reference: sure.number,
                line: sure.line,
                plain: against.number,
                plain_line: against.line,
            });
        }
        let looks = evidence.sure.or(evidence.reference);
        let are_references = looks.is_some() && against.is_none();
        let default = if are_references {
            Base::One
        } else {
            Base::Zero
        };
        // A contradiction decides; a number that is none of a reference only makes it likely.
        let mixed = match (evidence.reference, evidence.plain) {
            (Some(reference), Some(plain)) if evidence.contradicted.is_none() => {
                Some([reference, plain])
            }
            _ => None,
        };
        Ok(Self {
            are_references,
            base: base.unwrap_or(default),
            mixed,
        })
    }

    /// What is not sure of a number, for somebody to compare with the manual.
    pub(super) fn doubt(self, written: Written) -> Option<String> {
        let is_plain = self.mixed.is_some() && !written.is_hex && written.number <= WIRE_MAX;
        let number = written.number;
        let (table, counted) = reference(written).filter(|_| is_plain)?;
        Some(format!(
            "taken as address {number}; or is it {table} {} of a manual?",
            counted.saturating_sub(1)
        ))
    }

    /// What in the list speaks against itself, in words.
    pub(super) fn warning(self) -> Option<String> {
        let [reference, plain] = self.mixed?;
        Some(format!(
            "the list has both {} (line {}), which looks like a number whose first digit is the table, \
             and {} (line {}), which does not: all are taken as addresses, and those that look so are \
             marked; compare with the manual, and with gridos probe",
            reference.number, reference.line, plain.number, plain.line
        ))
    }

    /// What was guessed, in words.
    pub(super) fn note(self) -> &'static str {
        match (self.are_references, self.base) {
            (true, Base::One) => {
                "addresses look like 40001: the first digit is the table, the others count from 1"
            }
            (true, Base::Zero) => {
                "addresses look like 40001: the first digit is the table, the others count from 0"
            }
            (false, Base::Zero) => {
                "addresses are taken as on the wire, from 0; if the manual counts from 1, import \
                 again with the base 1"
            }
            (false, Base::One) => "addresses count from 1: they are one less on the wire",
        }
    }

    /// The table and the address on the wire of `written`, in `table` if the number names none.
    pub(super) fn place(
        self,
        written: Written,
        stated: Option<Table>,
        otherwise: Table,
    ) -> Result<(Table, u16), String> {
        let number = written.number;
        let is_reference = !written.is_hex && (self.are_references || number > WIRE_MAX);
        let named = reference(written).filter(|_| is_reference && written.table.is_none());
        let (table, counted, base) = match named {
            // A column that says another table makes it a plain number.
            Some((table, _)) if stated.is_some_and(|stated| stated != table) => {
                (stated.unwrap_or(table), number, self.base)
            }
            Some((table, counted)) => (table, counted, self.base),
            None => (
                written.table.or(stated).unwrap_or(otherwise),
                number,
                self.base,
            ),
        };
        let first = match base {
            Base::Zero => 0,
            Base::One => 1,
        };
        let address = counted
            .checked_sub(first)
            .and_then(|at| u16::try_from(at).ok());
        match address {
            Some(address) => Ok((table, address)),
            None => Err(format!(
                "address {number} is none from {first} to {}",
                65_535 + first
            )),
        }
    }
}

/// The largest address on the wire, and one more for lists that count from 1.
const WIRE_MAX: u32 = 65_536;

/// The table and the counted number of references such as 40001 or 400001, or 00001 for a coil.
fn reference(written: Written) -> Option<(Table, u32)> {
    let number = written.number;
    let is_padded = match written.digits {
        5 => number <= 9_999,
        6 => number <= 65_536,
        _ => false,
    };
    if is_padded {
        return (number > 0).then_some((Table::Coil, number));
    }
    let (first, counted) = match number {
        10_001..=49_999 => (number / 10_000, number % 10_000),
        100_001..=465_536 => (number / 100_000, number % 100_000),
        _ => return None,
    };
    let table = match first {
        1 => Table::DiscreteInput,
        3 => Table::InputRegister,
        4 => Table::HoldingRegister,
        _ => return None,
    };
    (counted <= 65_536).then_some((table, counted))
}

/// Reads `40001`, `400001`, `0x9C40`, `9C40h`, `4x0001`, `HR12`, `40010.3`, or the first one of `40001-40002`.
pub(super) fn parse(cell: &str) -> Option<Written> {
    let text = cell.trim().to_ascii_lowercase().replace([' ', '_'], "");
    let (text, bit) = split_bit(&text);
    let (table, text) = split_table(text);
    if let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_suffix('h')) {
        let digits: String = hex.chars().take_while(char::is_ascii_hexdigit).collect();
        let number = u32::from_str_radix(&digits, 16).ok()?;
        return Some(Written {
            number,
            digits: digits.len(),
            is_hex: true,
            table,
            bit,
        });
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    // "40001-40002", "40001..40002", "40001/40002": a range, of which the first one counts.
    let is_range = rest.starts_with(['-', '.', '/', '~', ':', '–', ',']);
    (rest.is_empty() || is_range).then_some(())?;
    Some(Written {
        number: number.parse().ok()?,
        digits,
        is_hex: false,
        table,
        bit,
    })
}

/// `40010.3` and `40010:3`: one digit or two behind the number are a bit.
fn split_bit(text: &str) -> (&str, Option<u8>) {
    let Some((number, bit)) = text.rsplit_once(['.', ':']) else {
        return (text, None);
    };
    let is_bit = (1..=2).contains(&bit.len()) && bit.bytes().all(|byte| byte.is_ascii_digit());
    match bit
        .parse()
        .ok()
        .filter(|bit| is_bit && *bit < 16 && !number.ends_with('.'))
    {
        Some(bit) => (number, Some(bit)),
        None => (text, None),
    }
}

/// `4x0001`, `hr12`, `ir12`: a table before the number.
fn split_table(text: &str) -> (Option<Table>, &str) {
    let prefixes = [
        ("1x", Table::DiscreteInput),
        ("3x", Table::InputRegister),
        ("4x", Table::HoldingRegister),
        ("hr", Table::HoldingRegister),
        ("ir", Table::InputRegister),
        ("di", Table::DiscreteInput),
        ("co", Table::Coil),
    ];
    let found = prefixes
        .into_iter()
        .find_map(|(prefix, table)| Some((table, text.strip_prefix(prefix)?)));
    match found {
        Some((table, rest)) => (Some(table), rest),
        None => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_spelled_in_many_ways() {
        let parsed = |cell| parse(cell).map(|w| (w.number, w.is_hex, w.table, w.bit));
        for (cell, number, is_hex, table, bit) in [
            ("40001", 40_001, false, None, None),
            (" 400001 ", 400_001, false, None, None),
            ("0x9C40", 40_000, true, None, None),
            ("9C40h", 40_000, true, None, None),
            ("4x0012", 12, false, Some(Table::HoldingRegister), None),
            ("HR 12", 12, false, Some(Table::HoldingRegister), None),
            ("40010.3", 40_010, false, None, Some(3)),
            ("40010:12", 40_010, false, None, Some(12)),
            ("40001-40002", 40_001, false, None, None),
            ("100..101", 100, false, None, None),
            ("3027–3028", 3_027, false, None, None),
        ] {
            assert_eq!(parsed(cell), Some((number, is_hex, table, bit)), "{cell}");
        }
        for cell in ["", "-", "reserved", "0x", "h", "12 V", "99999999999", "4x"] {
            assert_eq!(parse(cell), None, "{cell}");
        }
    }

    #[test]
    fn references_count_from_one_and_plain_numbers_from_zero() {
        use Table::{HoldingRegister, InputRegister};
        let plain = |number: u32| Written {
            number,
            digits: number.to_string().len(),
            is_hex: false,
            table: None,
            bit: None,
        };
        let counting = |are_references, base| Counting {
            are_references,
            base,
            mixed: None,
        };
        let manual = counting(true, Base::One);
        let place = |counting: Counting, number, stated| {
            counting.place(plain(number), stated, HoldingRegister).ok()
        };
        assert_eq!(place(manual, 40_013, None), Some((HoldingRegister, 12)));
        assert_eq!(place(manual, 30_001, None), Some((InputRegister, 0)));
        assert_eq!(
            place(manual, 465_536, None),
            Some((HoldingRegister, 65_535))
        );
        assert_eq!(place(manual, 40_000, None), None);
        // Input register 40013, said by a column of its own.
        let stated = place(manual, 40_013, Some(InputRegister));
        assert_eq!(stated, Some((InputRegister, 40_012)));
        let wire = counting(false, Base::Zero);
        assert_eq!(place(wire, 40_013, None), Some((HoldingRegister, 40_013)));
        assert_eq!(place(wire, 65_536, None), None);
        assert_eq!(place(counting(false, Base::One), 0, None), None);
        assert_eq!(
            place(counting(false, Base::One), 1, None),
            Some((HoldingRegister, 0))
        );
    }
}
