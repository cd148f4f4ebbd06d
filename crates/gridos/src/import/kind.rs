//! What a value is, by the names that vendors give the types of their registers.

use gridos_modbus::{Kind, Order};

use super::column::normal;

/// What vendors call each kind, normalised.
const WORDS: &[(Kind, &[&str])] = &[
    (
        Kind::Bool,
        &[
            "bool", "boolean", "bit", "coil", "digital", "binary", "discrete", "flag",
        ],
    ),
    (
        Kind::U16,
        &[
            "u16",
            "uint16",
            "uint",
            "word",
            "ushort",
            "unsigned",
            "unsignedint",
            "unsignedint16",
            "unsigned16",
            "uint16t",
            "unsignedshort",
            "unsigned16bit",
            "16bitunsigned",
            "u16bit",
            "enum",
            "enum16",
            "bitfield",
            "bitfield16",
            "bitmap",
            "bitmask",
            "bitmap16",
            "hex",
            "unsignedinteger",
            "uns16",
            "unsigned16bitinteger",
        ],
    ),
    (
        Kind::I16,
        &[
            "i16",
            "int16",
            "int",
            "short",
            "sint16",
            "s16",
            "signed",
            "signedint",
            "signedint16",
            "signed16",
            "int16t",
            "integer",
            "signed16bit",
            "16bitsigned",
            "sint",
            "signedinteger",
            "signed16bitinteger",
        ],
    ),
    (
        Kind::U32,
        &[
            "u32",
            "uint32",
            "udint",
            "dword",
            "ulong",
            "unsignedint32",
            "unsigned32",
            "unsignedlong",
            "uint32t",
            "unsigned32bit",
            "32bitunsigned",
            "bitfield32",
            "bitmap32",
            "uns32",
            "acc32",
            "enum32",
            "unsigned32bitinteger",
        ],
    ),
    (
        Kind::I32,
        &[
            "i32",
            "int32",
            "dint",
            "long",
            "sint32",
            "s32",
            "signedint32",
            "signed32",
            "signedlong",
            "int32t",
            "longint",
            "signed32bit",
            "32bitsigned",
            "signed32bitinteger",
        ],
    ),
    (
        Kind::U64,
        &[
            "u64",
            "uint64",
            "ulint",
            "qword",
            "lword",
            "unsignedint64",
            "unsigned64",
            "uint64t",
            "unsignedlonglong",
            "acc64",
            "int64u",
            "unsigned64bit",
        ],
    ),
    (
        Kind::I64,
        &[
            "i64",
            "int64",
            "lint",
            "longlong",
            "sint64",
            "s64",
            "signedint64",
            "signed64",
            "int64t",
            "signed64bit",
        ],
    ),
    (Kind::F16, &["f16", "float16", "half"]),
    (
        Kind::F32,
        &[
            "f32",
            "float32",
            "float",
            "real",
            "single",
            "real32",
            "ieee754",
            "floatieee754",
            "floatingpoint",
            "fp32",
            "ieeefloat",
            "float32bit",
            "32bitfloat",
            "ieee75432bit",
            "float4",
            "floatabcd",
        ],
    ),
    (
        Kind::F64,
        &[
            "f64",
            "float64",
            "double",
            "lreal",
            "real64",
            "double64",
            "64bitfloat",
            "doubleprecision",
            "float8",
        ],
    ),
    (Kind::Bcd16, &["bcd", "bcd16", "bcd4"]),
    (Kind::Bcd32, &["bcd32", "bcd8"]),
    (Kind::Bcd48, &["bcd48", "bcd12"]),
    (Kind::Bcd64, &["bcd64", "bcd16digits"]),
    (
        Kind::Unix32,
        &[
            "unix32",
            "unixtime",
            "utc",
            "unixtimestamp",
            "epoch",
            "epochtime",
            "timet",
        ],
    ),
    (
        Kind::Cp56,
        &["cp56", "cp56time2a", "datetime4", "iec8705", "ti081"],
    ),
];

/// Vendors write both the sign and the width behind: `INT16U`, `INT32S`.
const SUFFIXED: &[(&str, Kind)] = &[
    ("int16u", Kind::U16),
    ("int32u", Kind::U32),
    ("int64u", Kind::U64),
    ("int16s", Kind::I16),
    ("int32s", Kind::I32),
    ("int64s", Kind::I64),
];

/// The kind and, if the name says so, the order of a value that takes `size` registers (or bits).
///
/// # Errors
/// If it is none of them, with the reason.
pub(super) fn read(cell: &str, size: &str) -> Result<(Kind, Option<Order>), String> {
    let registers = registers(size);
    let word = normal(cell);
    if word.is_empty() {
        return match registers {
            None | Some(1) => Ok((Kind::U16, None)),
            Some(2) => Ok((Kind::U32, None)),
            Some(4) => Ok((Kind::U64, None)),
            Some(other) => Err(format!("it takes {other} registers and names no type")),
        };
    }
    if ["string", "ascii", "char", "text", "utf"]
        .iter()
        .any(|part| word.contains(part))
    {
        return text(cell, size).map(|kind| (kind, None));
    }
    let (word, order) = split_order(&word);
    // "Float (32 bit)", "uint32 [r]": what stands before a bracket is tried as well.
    let bare = normal(cell.split(['(', '[', ',']).next().unwrap_or_default());
    let Some(kind) = find(word).or_else(|| find(split_order(&bare).0)) else {
        return Err(format!("the type '{cell}' is not known"));
    };
    Ok((widened(kind, registers), order))
}

/// A text of `size`, which is a number of registers unless it says otherwise, or else of as many
/// letters as its type says: `STRING(16)`.
fn text(cell: &str, size: &str) -> Result<Kind, String> {
    let number = |text: &str| {
        let digits = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let end = digits.find(|letter: char| !letter.is_ascii_digit());
        digits[..end.unwrap_or(digits.len())].parse::<u16>().ok()
    };
    let unit = size.to_ascii_lowercase();
    let of_size = number(size).map(|number| {
        if unit.contains("bit") {
            number.div_ceil(16)
        } else if unit.contains("byte") || unit.contains("char") {
            number.div_ceil(2)
        } else {
            number
        }
    });
    let of_type = || number(cell).map(|letters| letters.div_ceil(2));
    match of_size.or_else(of_type) {
        None => Err(format!(
            "the type '{cell}' is a text, and its number of registers is not told"
        )),
        Some(registers @ 1..=125) => Ok(Kind::Text(registers)),
        Some(other) => Err(format!(
            "the type '{cell}' is a text of {other} registers; one request reads 1 to 125"
        )),
    }
}

/// Reads `2`, or `32 bit`; a number of bits becomes that of registers.
fn registers(size: &str) -> Option<u32> {
    let digits: String = size.chars().take_while(char::is_ascii_digit).collect();
    let number: u32 = digits.parse().ok()?;
    let is_bits = size.to_ascii_lowercase().contains("bit") || matches!(number, 16 | 32 | 64);
    Some(if is_bits { number.div_ceil(16) } else { number })
}

fn find(word: &str) -> Option<Kind> {
    let suffixed = SUFFIXED.iter().find(|(name, _)| *name == word);
    suffixed.map(|(_, kind)| *kind).or_else(|| {
        let known = |(_, words): &&(Kind, &[&str])| words.contains(&word);
        WORDS.iter().find(known).map(|(kind, _)| *kind)
    })
}

/// `INT` of two registers is an `i32`: the count of registers is what the device really has.
fn widened(kind: Kind, registers: Option<u32>) -> Kind {
    match (kind, registers) {
        (Kind::U16, Some(2)) => Kind::U32,
        (Kind::U16 | Kind::U32, Some(4)) => Kind::U64,
        (Kind::I16, Some(2)) => Kind::I32,
        (Kind::I16 | Kind::I32, Some(4)) => Kind::I64,
        (Kind::U32, Some(1)) => Kind::U16,
        (Kind::I32, Some(1)) => Kind::I16,
        (Kind::F32, Some(4)) => Kind::F64,
        (Kind::Bcd16, Some(2)) => Kind::Bcd32,
        (Kind::Bcd16, Some(3)) => Kind::Bcd48,
        (Kind::Bcd16, Some(4)) => Kind::Bcd64,
        _ => kind,
    }
}

/// `float32le`, `floatcdab`, `uint32swapped`: the order stands behind the type.
fn split_order(word: &str) -> (&str, Option<Order>) {
    let orders = [
        ("abcd", Order::ABCD),
        ("cdab", Order::CDAB),
        ("badc", Order::BADC),
        ("dcba", Order::DCBA),
        ("wordswapped", Order::CDAB),
        ("wordswap", Order::CDAB),
        ("swapped", Order::CDAB),
        ("inverse", Order::CDAB),
        ("littleendian", Order::DCBA),
        ("bigendian", Order::ABCD),
        ("be", Order::ABCD),
        ("le", Order::DCBA),
    ];
    let found = orders.into_iter().find_map(|(suffix, order)| {
        let rest = word
            .strip_suffix(suffix)
            .filter(|rest| find(rest).is_some())?;
        Some((rest, order))
    });
    match found {
        Some((rest, order)) => (rest, Some(order)),
        None => (word, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_called_by_many_names() {
        for (cell, size, kind, order) in [
            ("FLOAT32", "", Kind::F32, None),
            ("UINT16", "1", Kind::U16, None),
            ("Int32", "2", Kind::I32, None),
            ("DWORD", "", Kind::U32, None),
            ("REAL", "2", Kind::F32, None),
            ("INT", "2", Kind::I32, None),
            ("INT16U", "", Kind::U16, None),
            ("unsigned int", "32 bit", Kind::U32, None),
            ("Float (IEEE 754)", "", Kind::F32, None),
            ("Float", "64 bits", Kind::F64, None),
            ("FLOAT32_LE", "", Kind::F32, Some(Order::DCBA)),
            ("float CDAB", "", Kind::F32, Some(Order::CDAB)),
            ("uint32 swapped", "", Kind::U32, Some(Order::CDAB)),
            ("double", "4", Kind::F64, None),
            ("", "2", Kind::U32, None),
            ("", "", Kind::U16, None),
            ("BCD", "3", Kind::Bcd48, None),
        ] {
            assert_eq!(read(cell, size), Ok((kind, order)), "{cell} {size}");
        }
    }

    #[test]
    fn texts_have_the_length_that_the_list_tells() {
        for (cell, size, registers) in [
            ("STRING(16)", "8", 8),
            ("STRING(15)", "", 8),
            ("ASCII", "16", 16),
            ("ascii", "20 registers", 20),
            ("char", "20 bytes", 10),
            ("Text", "64 bit", 4),
        ] {
            let expected = Ok((Kind::Text(registers), None));
            assert_eq!(read(cell, size), expected, "{cell} {size}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_the_reason() {
        assert_eq!(
            read("ASCII", "").unwrap_err(),
            "the type 'ASCII' is a text, and its number of registers is not told"
        );
        assert_eq!(
            read("ASCII", "126").unwrap_err(),
            "the type 'ASCII' is a text of 126 registers; one request reads 1 to 125"
        );
        assert!(read("blob", "").unwrap_err().contains("is not known"));
        assert!(read("", "10").unwrap_err().contains("takes 10 registers"));
    }
}
