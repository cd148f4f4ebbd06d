//! What was read, as text.

use std::fmt::{self, Display, Write as _};
use std::str::FromStr;

use gridos_collect::modbus::exception_name;
use gridos_modbus::guess::{Match, Reading, readings, texts};
use gridos_modbus::{Kind, Order, ParseKindError, Table, text_bytes};

use super::advice;
use super::block::{Block, Content};
use crate::number::significant;

/// As what registers are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// As one value behind the other.
    Kind(Kind),
    /// All of a range as one text.
    Text,
}

impl FromStr for Shown {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "string" {
            return Ok(Self::Text);
        }
        // The range says how long a text is.
        let of_range = |error: ParseKindError| error.to_string().replace(" with its length", "");
        text.parse().map(Self::Kind).map_err(of_range)
    }
}

/// How much is shown, and how.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Style {
    /// Also the readings that are not believable, with the rule against each.
    pub(super) all: bool,
    /// Only this reading of registers.
    pub(super) only: Option<(Shown, Order)>,
    /// Whether to dim what is not believable.
    pub(super) color: bool,
}

const BITS_PER_LINE: usize = 16;
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

impl Style {
    /// Everything about one block, with its line feeds.
    pub(super) fn block(self, block: &Block) -> String {
        let mut out = String::new();
        // Writing to a text cannot fail.
        let _ = self.write(&mut out, block);
        out
    }

    fn write(self, out: &mut String, block: &Block) -> fmt::Result {
        let (table, start, last) = (words(block.table), block.start, block.address(block.count));
        write!(out, "{table} {start} to {}: ", last.saturating_sub(1))?;
        if let Some(time) = block.round_trip {
            writeln!(out, "answered in {:.1} ms", time.as_secs_f64() * 1e3)?;
        }
        match &block.content {
            Content::Refused(code) => {
                writeln!(
                    out,
                    "refused with exception {code} ({})",
                    exception_name(*code)
                )?;
                writeln!(out, "  {}", advice::of_exception(*code))
            }
            Content::Absent => writeln!(out, "not there: exception 2 (illegal data address)"),
            Content::Bits(bits) => self.bits(out, block, bits),
            Content::Registers(words) => match self.only {
                Some((Shown::Text, order)) => text(out, block, words, order),
                Some((Shown::Kind(kind), order)) => only(out, block, words, kind, order),
                None => {
                    self.registers(out, block, words)?;
                    self.readings(out, block, words)?;
                    texts_of(out, block, words)
                }
            },
        }
    }

    fn bits(self, out: &mut String, block: &Block, bits: &[bool]) -> fmt::Result {
        for (line, bits) in bits.chunks(BITS_PER_LINE).enumerate() {
            let address = block.address(line * BITS_PER_LINE);
            write!(out, "  {address:>5} ")?;
            for (n, bit) in bits.iter().enumerate() {
                let gap = if n % 4 == 0 { " " } else { "" };
                write!(out, "{gap}{}", u8::from(*bit))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    fn registers(self, out: &mut String, block: &Block, words: &[u16]) -> fmt::Result {
        let digit = if block.table == Table::InputRegister {
            3
        } else {
            4
        };
        writeln!(
            out,
            "address  manual     hex    u16     i16                 bits  text"
        )?;
        for (at, word) in words.iter().enumerate() {
            let address = block.address(at);
            let negative = word.cast_signed().is_negative();
            let signed = negative.then(|| word.cast_signed().to_string());
            let letters: String = word.to_be_bytes().map(letter).iter().collect();
            writeln!(
                out,
                "{address:>7} {digit}{:05}  0x{word:04x}  {word:>5}  {:>6}  {}  {letters}",
                address + 1,
                signed.unwrap_or_default(),
                nibbles(*word)
            )?;
        }
        Ok(())
    }

    fn readings(self, out: &mut String, block: &Block, words: &[u16]) -> fmt::Result {
        let is_shown = |reading: &Reading| {
            let is_above = matches!(reading.kind, Kind::U16 | Kind::I16);
            let is_above = is_above && reading.order == Order::ABCD;
            !is_above && (self.all || reading.doubt.is_none())
        };
        let readings = (0..words.len()).flat_map(|at| readings(words, at));
        let shown: Vec<Reading> = readings.filter(is_shown).collect();
        if shown.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "as other values{}:",
            if self.all {
                ""
            } else {
                ", as far as believable"
            }
        )?;
        for reading in shown {
            let (dim, plain) = match reading.doubt.is_some() && self.color {
                true => (DIM, PLAIN),
                false => ("", ""),
            };
            let address = block.address(reading.at);
            let (kind, order) = (reading.kind.to_string(), reading.order);
            let value = number(reading.kind, reading.value);
            let doubt = match reading.doubt {
                Some(doubt) => format!("   ({doubt})"),
                None => String::new(),
            };
            writeln!(
                out,
                "{dim}{address:>7} {kind:<6} {order}  {value}{doubt}{plain}"
            )?;
        }
        Ok(())
    }
}

/// All values of one kind, one behind the other.
fn only(out: &mut String, block: &Block, words: &[u16], kind: Kind, order: Order) -> fmt::Result {
    let registers = usize::from(kind.registers());
    for (n, one) in words.chunks(registers).enumerate() {
        let address = block.address(n * registers);
        let hex: Vec<String> = one.iter().map(|word| format!("{word:04x}")).collect();
        let value = match kind.number(one, order) {
            Some((value, _)) => number(kind, value),
            None if one.len() < registers => "cut off: read more registers".to_owned(),
            None => format!("is no {kind}"),
        };
        writeln!(
            out,
            "{address:>7} {kind} {order}  {:<19}  {value}",
            hex.join(" ")
        )?;
    }
    Ok(())
}

/// All of a block as one text.
fn text(out: &mut String, block: &Block, words: &[u16], order: Order) -> fmt::Result {
    let bytes = text_bytes(words, order);
    let address = block.address(0);
    writeln!(
        out,
        "{address:>7} string {order}  \"{}\"",
        bytes.escape_ascii()
    )
}

fn texts_of(out: &mut String, block: &Block, words: &[u16]) -> fmt::Result {
    for text in texts(words) {
        let (first, last) = (text.at, text.at + text.registers - 1);
        let swapped = if text.swapped { " (bytes swapped)" } else { "" };
        let (first, last) = (block.address(first), block.address(last));
        writeln!(out, "text in {first} to {last}{swapped}: {:?}", text.text)?;
    }
    Ok(())
}

/// One place where the expected value was found, and how to write it into a profile.
pub(super) fn found(block: &Block, found: &Match, expected: f64) -> String {
    let (kind, order) = (found.kind.to_string(), found.order);
    let value = significant(found.value, 7);
    let off = (found.value - expected).abs();
    let off = match expected.abs() {
        0.0 => format!("off by {}", significant(off, 2)),
        size => format!("off by {} %", significant(off / size * 100.0, 2)),
    };
    let doubt = match found.doubt {
        Some(doubt) => format!("   ({doubt})"),
        None => String::new(),
    };
    let address = block.address(found.at);
    let table = words(block.table);
    let scale = format!("x {}", found.scale);
    format!("{table} {address:<5} {kind:<6} {order} {scale:<10} = {value:<12} {off}{doubt}")
}

/// The point of a profile that reads what was found.
pub(super) fn point(block: &Block, found: &Match) -> String {
    let table = block.table.name().split('_').next().unwrap_or_default();
    let mut line = format!(
        "{{ name = \"NAME\", {table} = {}, type = \"{}\"",
        block.address(found.at),
        found.kind
    );
    if found.order != Order::ABCD {
        let _ = write!(line, ", order = \"{}\"", found.order);
    }
    if found.exponent != 0 {
        let _ = write!(line, ", scale = {}", found.scale);
    }
    line + " }"
}

/// A number as precise as its kind.
fn number(kind: Kind, value: f64) -> String {
    if kind == Kind::F32 {
        significant(value, 7)
    } else if kind == Kind::F64 {
        significant(value, 15)
    } else {
        value.to_string()
    }
}

/// The table in words.
pub(super) fn words(table: Table) -> impl Display {
    match table {
        Table::Coil => "coil",
        Table::DiscreteInput => "discrete input",
        Table::HoldingRegister => "holding register",
        Table::InputRegister => "input register",
    }
}

fn nibbles(word: u16) -> String {
    let bits = format!("{word:016b}");
    let parts = [0, 4, 8, 12].map(|at| bits.get(at..at + 4).unwrap_or_default());
    parts.join(" ")
}

fn letter(byte: u8) -> char {
    if byte == b' ' || byte.is_ascii_graphic() {
        char::from(byte)
    } else {
        '.'
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gridos_modbus::guess::find;

    use super::*;

    fn block(content: Content) -> Block {
        Block {
            table: Table::HoldingRegister,
            start: 10,
            count: match &content {
                Content::Registers(words) => words.len(),
                Content::Bits(bits) => bits.len(),
                Content::Refused(_) | Content::Absent => 2,
            },
            content,
            round_trip: Some(Duration::from_micros(1_250)),
        }
    }

    #[test]
    fn registers_are_shown_raw_and_as_what_they_may_be() {
        let words = vec![0x4366, 0x199a, 0xfff6, 0x4b57];
        let shown = Style::default().block(&block(Content::Registers(words)));
        let expected = "\
holding register 10 to 13: answered in 1.2 ms
address  manual     hex    u16     i16                 bits  text
     10 400011  0x4366  17254          0100 0011 0110 0110  Cf
     11 400012  0x199a   6554          0001 1001 1001 1010  ..
     12 400013  0xfff6  65526     -10  1111 1111 1111 0110  ..
     13 400014  0x4b57  19287          0100 1011 0101 0111  KW
as other values, as far as believable:
     10 f32    abcd  230.1
";
        assert!(shown.starts_with(expected), "{shown}");
    }

    #[test]
    fn what_is_not_believable_has_its_rule() {
        let style = Style {
            all: true,
            color: true,
            ..Style::default()
        };
        let shown = style.block(&block(Content::Registers(vec![1_000, 0])));
        let dimmed = "\x1b[2m     10 u32    abcd  65536000   (lower half 0: another order?)\x1b[0m";
        assert!(shown.contains(dimmed), "{shown}");
    }

    #[test]
    fn one_kind_is_shown_alone() {
        let style = Style {
            only: Some((Shown::Kind(Kind::F32), Order::CDAB)),
            ..Style::default()
        };
        let words = vec![0x199a, 0x4366, 0];
        let shown = style.block(&block(Content::Registers(words)));
        let lines: Vec<_> = shown.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "     10 f32 cdab  199a 4366            230.1",
                "     12 f32 cdab  0000                 cut off: read more registers",
            ]
        );
    }

    #[test]
    fn a_range_is_shown_as_one_text() {
        assert_eq!("string".parse(), Ok(Shown::Text));
        assert_eq!("f32".parse(), Ok(Shown::Kind(Kind::F32)));
        assert!(!"text".parse::<Shown>().unwrap_err().contains("length"));
        let style = Style {
            only: Some((Shown::Text, Order::ABCD)),
            ..Style::default()
        };
        let shown = style.block(&block(Content::Registers(vec![0x534e, 0x2d37, 0])));
        assert!(
            shown.ends_with("     10 string abcd  \"SN-7\"\n"),
            "{shown}"
        );
    }

    #[test]
    fn bits_and_exceptions_are_shown() {
        let shown = Style::default().block(&block(Content::Bits(vec![true; 18])));
        assert!(
            shown.ends_with("   10  1111 1111 1111 1111\n     26  11\n"),
            "{shown}"
        );
        let shown = Style::default().block(&block(Content::Refused(2)));
        assert!(
            shown.contains("exception 2 (illegal data address)\n  at least one"),
            "{shown}"
        );
    }

    #[test]
    fn what_was_found_can_be_pasted() {
        let words = vec![1, 0x199a, 0x4366];
        let one = find(&words, 230.1, 0.01)[0];
        let block = block(Content::Registers(words));
        assert_eq!(
            found(&block, &one, 230.0),
            "holding register 11    f32    cdab x 1        = 230.1        off by 0.043 %"
        );
        assert_eq!(
            point(&block, &one),
            "{ name = \"NAME\", holding = 11, type = \"f32\", order = \"cdab\" }"
        );
    }
}
