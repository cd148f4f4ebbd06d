//! What single cells say: scales, units, access, names.

use gridos_modbus::{Order, Table};

use super::column::normal;
use crate::config::NAME_BYTES_MAX;

/// A number to multiply with, `None` if there is none to speak of, or what is wrong.
///
/// Reads `0.1`, `0,1`, `1e-3`, `x10`, `*0.1`, `/10`, `÷10`, `1/10`, `10^-1`.
pub(super) fn scale(cell: &str, divides: bool) -> Result<Option<f64>, String> {
    let text: String = cell
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect();
    if is_nothing(&text) {
        return Ok(None);
    }
    let (text, divides) = match text.strip_prefix(['/', '÷', ':']) {
        Some(rest) => (rest, true),
        None => (text.trim_start_matches(['x', 'X', '*', '×']), divides),
    };
    let number = match (text.split_once('/'), text.split_once('^')) {
        (Some((above, below)), _) => decimal(above).zip(decimal(below)).map(|(a, b)| a / b),
        (_, Some((base, power))) => decimal(base)
            .zip(power.parse().ok())
            .map(|(b, p)| b.powi(p)),
        (None, None) => decimal(text),
    };
    let scale = number.map(|number| if divides { 1.0 / number } else { number });
    match scale.filter(|scale| scale.is_finite() && *scale != 0.0) {
        Some(scale) => Ok(Some(scale).filter(|scale| *scale != 1.0)),
        None => Err(format!("the scale '{cell}' is no number other than 0")),
    }
}

/// A number to add, `None` if there is none to speak of.
pub(super) fn offset(cell: &str) -> Result<Option<f64>, String> {
    if is_nothing(cell) {
        return Ok(None);
    }
    match decimal(cell) {
        Some(offset) => Ok(Some(offset).filter(|offset| *offset != 0.0)),
        None => Err(format!("the offset '{cell}' is no number")),
    }
}

fn decimal(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain = if text.contains('.') {
        text.to_owned()
    } else {
        text.replace(',', ".")
    };
    let allowed = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    let number: f64 = plain.parse().ok().filter(|_| plain.bytes().all(allowed))?;
    number.is_finite().then_some(number)
}

/// Cells that say that there is nothing to say.
fn is_nothing(cell: &str) -> bool {
    matches!(
        cell.to_ascii_lowercase().as_str(),
        "" | "-" | "--" | "–" | "n/a" | "na" | "none"
    )
}

/// A unit without brackets, up to the length that a unit may have; empty if there is none.
pub(super) fn unit(cell: &str) -> String {
    let bare = cell.trim_matches(['[', ']', '(', ')', ' ']);
    if is_nothing(bare) || bare.contains(char::is_control) {
        return String::new();
    }
    bare.chars().take(16).collect()
}

/// Whether a register of that access can be read.
pub(super) fn is_readable(access: &str) -> bool {
    !matches!(normal(access).as_str(), "w" | "wo" | "write" | "writeonly")
}

/// Whether a register of that name holds nothing: `Reserved`, `spare 2`, `(not used)`.
pub(super) fn is_reserved(name: &str) -> bool {
    let word = normal(name);
    let word = word.trim_end_matches(|letter: char| letter.is_ascii_digit());
    matches!(
        word,
        "reserved" | "reserve" | "rsvd" | "spare" | "unused" | "notused" | "reservedforfutureuse"
    )
}

/// The table that a cell names, by word or by the code of its read function.
pub(super) fn table(cell: &str) -> Option<Table> {
    let word = normal(cell);
    let code = word
        .strip_prefix("fc")
        .unwrap_or(&word)
        .trim_start_matches('0');
    match code {
        "1" => return Some(Table::Coil),
        "2" => return Some(Table::DiscreteInput),
        "3" => return Some(Table::HoldingRegister),
        "4" => return Some(Table::InputRegister),
        _ => {}
    }
    let words = [
        ("coil", Table::Coil),
        ("discrete", Table::DiscreteInput),
        ("holding", Table::HoldingRegister),
        ("input", Table::InputRegister),
    ];
    let named = words.into_iter().find(|(part, _)| word.contains(part));
    // "3, 6, 16" and "03/16": the function that reads comes first.
    named.map(|(_, table)| table).or_else(|| {
        let first: String = cell.chars().take_while(char::is_ascii_digit).collect();
        let is_list = first.len() < cell.len() && !first.is_empty();
        is_list.then(|| table(&first)).flatten()
    })
}

/// The order of words and bytes that a cell names.
pub(super) fn order(cell: &str) -> Option<Order> {
    match normal(cell).as_str() {
        "abcd" | "bigendian" | "big" | "be" | "msb" | "msbfirst" | "highwordfirst" | "no"
        | "none" => Some(Order::ABCD),
        "cdab"
        | "wordswap"
        | "wordswapped"
        | "swapped"
        | "lowwordfirst"
        | "littleendianwordswap"
        | "yes"
        | "midlittleendian" => Some(Order::CDAB),
        "badc" | "byteswap" | "byteswapped" | "midbigendian" => Some(Order::BADC),
        "dcba" | "littleendian" | "little" | "le" | "lsb" | "lsbfirst" => Some(Order::DCBA),
        _ => None,
    }
}

/// A name of letters, digits and `_`, made of whatever the cell says; empty if there is nothing.
pub(super) fn name(cell: &str) -> String {
    let mut name = String::new();
    for letter in cell.chars() {
        let plain: &str = match letter {
            'ä' | 'Ä' => "ae",
            'ö' | 'Ö' => "oe",
            'ü' | 'Ü' => "ue",
            'ß' => "ss",
            'φ' | 'Φ' | 'ϕ' => "phi",
            '%' => "percent",
            _ => "",
        };
        if letter.is_ascii_alphanumeric() {
            name.push(letter.to_ascii_lowercase());
        } else if plain.is_empty() {
            if !name.ends_with('_') {
                name.push('_');
            }
        } else {
            name.push_str(plain);
        }
    }
    let trimmed = name.trim_matches('_');
    trimmed
        .chars()
        .take(NAME_BYTES_MAX - SUFFIX_BYTES)
        .collect::<String>()
        .trim_end_matches('_')
        .to_owned()
}

/// Room behind a name for what tells it from another one: `_i65535_b15`.
const SUFFIX_BYTES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_spelled_in_many_ways() {
        for (cell, expected) in [
            ("0.1", 0.1),
            ("0,1", 0.1),
            ("/10", 0.1),
            ("÷ 10", 0.1),
            ("1/10", 0.1),
            ("x10", 10.0),
            ("* 0.001", 0.001),
            ("10^-1", 0.1),
            ("1e-3", 0.001),
            ("-1", -1.0),
        ] {
            let found = scale(cell, false).unwrap().unwrap();
            assert!((found - expected).abs() < 1e-15, "{cell}: {found}");
        }
        assert_eq!(scale("10", true), Ok(Some(0.1)));
        for cell in ["", "1", "-", "N/A", "1.0"] {
            assert_eq!(scale(cell, false), Ok(None), "{cell}");
        }
        for cell in ["0", "see note", "1/0", "inf", "1,000.5", "SF"] {
            assert!(scale(cell, false).is_err(), "{cell}");
        }
    }

    #[test]
    fn names_are_made_of_anything() {
        for (cell, expected) in [
            ("Voltage L1-N", "voltage_l1_n"),
            ("Leistung (Σ) [kW]", "leistung_kw"),
            ("Überstrom", "ueberstrom"),
            ("cos φ", "cos_phi"),
            ("  ", ""),
            ("___", ""),
        ] {
            assert_eq!(name(cell), expected, "{cell}");
        }
        assert!(name(&"long ".repeat(40)).len() <= NAME_BYTES_MAX);
    }

    #[test]
    fn tables_are_named_by_word_or_function() {
        for (cell, expected) in [
            ("Holding Register", Some(Table::HoldingRegister)),
            ("INPUT", Some(Table::InputRegister)),
            ("03", Some(Table::HoldingRegister)),
            ("FC04", Some(Table::InputRegister)),
            ("3, 6, 16", Some(Table::HoldingRegister)),
            ("03/16", Some(Table::HoldingRegister)),
            ("Coil", Some(Table::Coil)),
            ("Discrete Input", Some(Table::DiscreteInput)),
            ("", None),
            ("16", None),
        ] {
            assert_eq!(table(cell), expected, "{cell}");
        }
    }
}
