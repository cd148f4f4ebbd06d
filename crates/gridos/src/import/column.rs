//! What the columns of a list hold, by the names that vendors give them.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    Description,
    Address,
    /// The table, or the function code that reads it.
    Table,
    Kind,
    /// How many registers the value takes.
    Size,
    Order,
    /// Multiplies the raw number.
    Scale,
    /// Divides the raw number.
    Divisor,
    Offset,
    Unit,
    Access,
    Comment,
}

/// The words by which a column is known, normalised; the first column of a kind that matches wins
/// a word of its own, and a longer word wins over a shorter one that it begins with.
const WORDS: &[(Column, &[&str])] = &[
    (
        Column::Name,
        &[
            "name",
            "registername",
            "tag",
            "tagname",
            "signal",
            "signalname",
            "variable",
            "variablename",
            "parameter",
            "parametername",
            "point",
            "pointname",
            "label",
            "symbol",
            "measurement",
            "quantity",
        ],
    ),
    (
        Column::Description,
        &[
            "description",
            "desc",
            "designation",
            "meaning",
            "text",
            "definition",
        ],
    ),
    (
        Column::Address,
        &[
            "address",
            "addr",
            "register",
            "reg",
            "registeraddress",
            "registernumber",
            "registerno",
            "regno",
            "modbusaddress",
            "modbusregister",
            "startaddress",
            "startregister",
            "startingaddress",
            "offset",
            "registeroffset",
            "addressdec",
            "addresshex",
            "addressdecimal",
            "registerdec",
            "mbaddress",
            "modbusaddr",
            "holdingregister",
            "inputregister",
        ],
    ),
    (
        Column::Table,
        &[
            "table",
            "function",
            "functioncode",
            "fc",
            "fcode",
            "registertype",
            "regtype",
            "objecttype",
            "modbusfunction",
            "modbustype",
            "area",
            "registerclass",
            "readfunction",
            "functioncoderead",
        ],
    ),
    (
        Column::Kind,
        &[
            "type",
            "datatype",
            "format",
            "dataformat",
            "vartype",
            "variabletype",
            "valuetype",
            "encoding",
        ],
    ),
    (
        Column::Size,
        &[
            "size",
            "length",
            "len",
            "count",
            "registers",
            "numberofregisters",
            "noofregisters",
            "words",
            "quantityofregisters",
            "nofregisters",
            "registercount",
            "sizeinwords",
        ],
    ),
    (
        Column::Order,
        &[
            "order",
            "byteorder",
            "wordorder",
            "endian",
            "endianness",
            "swap",
        ],
    ),
    (
        Column::Scale,
        &[
            "scale",
            "scaling",
            "factor",
            "multiplier",
            "scalefactor",
            "scalingfactor",
            "coefficient",
            "resolution",
            "multiplicator",
            "multiplyby",
        ],
    ),
    (Column::Divisor, &["gain", "divisor", "divider", "divideby"]),
    (
        Column::Offset,
        &["bias", "adder", "zero", "valueoffset", "scaleoffset", "add"],
    ),
    (
        Column::Unit,
        &[
            "unit",
            "units",
            "uom",
            "engineeringunit",
            "engunit",
            "eu",
            "physicalunit",
        ],
    ),
    (
        Column::Access,
        &[
            "access",
            "rw",
            "readwrite",
            "accesstype",
            "permission",
            "mode",
            "rwtype",
            "accessright",
            "accessrights",
        ],
    ),
    (
        Column::Comment,
        &[
            "comment",
            "comments",
            "remark",
            "remarks",
            "note",
            "notes",
            "range",
            "values",
            "info",
            "remarksandranges",
        ],
    ),
];

impl Column {
    /// The columns that the cells of one row name, if they name one of addresses and one of names
    /// or descriptions.
    pub(super) fn of_header(cells: &[String]) -> Option<Vec<Option<Self>>> {
        let mut columns: Vec<Option<Self>> = cells.iter().map(|cell| Self::of(cell)).collect();
        let has = |columns: &[Option<Self>], column| columns.contains(&Some(column));
        // "Offset" is an address in one list and added to the value in another; beside a column
        // that is surely of addresses it is the latter.
        let addresses = columns
            .iter()
            .filter(|c| **c == Some(Self::Address))
            .count();
        for (cell, column) in cells.iter().zip(&mut columns) {
            if *column == Some(Self::Address) && addresses > 1 && normal(cell) == "offset" {
                *column = Some(Self::Offset);
            }
        }
        let names = has(&columns, Self::Name) || has(&columns, Self::Description);
        (names && has(&columns, Self::Address)).then_some(columns)
    }

    fn of(cell: &str) -> Option<Self> {
        // "Address (dec)", "Scale [factor]": what stands in brackets is tried as well.
        let bare = cell.split(['(', '[', '/', ':']).next().unwrap_or_default();
        let known = |text: &str| {
            let word = normal(text);
            let of_word = |(_, words): &&(Self, &[&str])| words.contains(&word.as_str());
            WORDS.iter().find(of_word).map(|(column, _)| *column)
        };
        known(cell).or_else(|| known(bare))
    }
}

/// Letters and digits only, in lower case.
pub(super) fn normal(text: &str) -> String {
    let kept = text.chars().filter(|letter| letter.is_alphanumeric());
    kept.flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Option<Vec<Option<Column>>> {
        Column::of_header(&text.split(',').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn vendors_name_their_columns_as_they_like() {
        use Column::{Access, Address, Description, Kind, Name, Offset, Scale, Size, Unit};
        let known = |text| {
            header(text)
                .unwrap()
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
        };
        assert_eq!(known("Name,Address,Type"), [Name, Address, Kind]);
        assert_eq!(
            known("Register (dec),Description,Data Type,Scale Factor,Units,R/W"),
            [Address, Description, Kind, Scale, Unit, Access]
        );
        assert_eq!(known("TAG NAME,Offset,# of Registers"), [Name, Address]);
        assert_eq!(
            known("Start Address,No. of registers,Label"),
            [Address, Size, Name]
        );
        assert_eq!(
            known("address,name,scale,offset"),
            [Address, Name, Scale, Offset]
        );
        assert_eq!(known("Register,Register name"), [Address, Name]);
        assert_eq!(header("Name,Value"), None);
        assert_eq!(header("Version 1.0"), None);
    }
}
