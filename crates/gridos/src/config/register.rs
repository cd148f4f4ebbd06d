//! Where a point lies in a Modbus device: `holding = 12`, or `register = "40013"`.

use gridos_modbus::Table;

use super::section::Section;

/// The keys of which a point has exactly one.
pub(super) const KEYS: [&str; 5] = ["holding", "input", "coil", "discrete", "register"];

/// The table and the address on the wire, from 0.
pub(super) fn read(point: &Section<'_>) -> Option<(Table, u16)> {
    read_one_of(point, &KEYS)
}

/// The same where only some of the spellings are allowed.
pub(super) fn read_one_of(point: &Section<'_>, keys: &[&'static str]) -> Option<(Table, u16)> {
    let mut given = keys.iter().copied().filter(|key| point.has(key));
    let Some(key) = given.next() else {
        point.report(
            "says no register; write for example holding = 12 (counted from 0), \
             or register = \"40013\"",
        );
        return None;
    };
    if let Some(other) = given.next() {
        let what = format!("stands beside {key}, but a point has one register; remove one");
        point.fault(other, what);
        return None;
    }
    if key == "register" {
        return point.word(key, parse_reference).map(|found| found.value);
    }
    let table = key.parse().ok()?;
    let address = point.whole(key, 0..=u16::MAX)?;
    Some((table, address.value))
}

/// Reads a register number as manuals print it: five or six digits, the first one for the table,
/// the others counted from 1 (`40001` and `400001` are the first holding register).
pub(super) fn parse_reference(text: &str) -> Result<(Table, u16), &'static str> {
    let digits = matches!(text.len(), 5 | 6) && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err("is no register of five or six digits; write for example \"40013\"");
    }
    let (table, number) = text.split_at(1);
    let table = match table {
        "0" => Table::Coil,
        "1" => Table::DiscreteInput,
        "3" => Table::InputRegister,
        "4" => Table::HoldingRegister,
        _ => return Err("begins with no table; 0 is coil, 1 discrete, 3 input, 4 holding"),
    };
    let address = number
        .parse()
        .ok()
        .filter(|number| (1..=65_536).contains(number));
    let address = address.and_then(|number: u32| u16::try_from(number - 1).ok());
    match address {
        Some(address) => Ok((table, address)),
        None => Err("is out of range; the digits after the first count from 1 to 65536"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manuals_count_from_one() {
        use Table::{Coil, DiscreteInput, HoldingRegister, InputRegister};
        for (text, table, address) in [
            ("40001", HoldingRegister, 0),
            ("49999", HoldingRegister, 9_998),
            ("400001", HoldingRegister, 0),
            ("465536", HoldingRegister, 65_535),
            ("30013", InputRegister, 12),
            ("10001", DiscreteInput, 0),
            ("00001", Coil, 0),
        ] {
            assert_eq!(parse_reference(text), Ok((table, address)), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "", "4001", "40000", "465537", "20001", "4000001", "4000x", "４0001",
        ] {
            assert!(parse_reference(text).is_err(), "{text}");
        }
    }
}
