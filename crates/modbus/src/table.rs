//! The four tables of a Modbus device.

use std::fmt;
use std::str::FromStr;

/// One of the four tables of the Modbus data model (V1.1b3, 4.3), each with its read function.
///
/// There is no other function code in this crate: 1 to 4 are all that GridOS ever sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// Single bits that a master could write; read with function 1 (6.1).
    Coil,
    /// Single bits, read-only; read with function 2 (6.2).
    DiscreteInput,
    /// 16-bit registers that a master could write; read with function 3 (6.3).
    HoldingRegister,
    /// 16-bit registers, read-only; read with function 4 (6.4).
    InputRegister,
}

impl Table {
    /// All tables, in the order of their function codes.
    pub const ALL: [Self; 4] = [
        Self::Coil,
        Self::DiscreteInput,
        Self::HoldingRegister,
        Self::InputRegister,
    ];

    /// The function code that reads the table: 1 to 4.
    pub const fn function_code(self) -> u8 {
        match self {
            Self::Coil => 1,
            Self::DiscreteInput => 2,
            Self::HoldingRegister => 3,
            Self::InputRegister => 4,
        }
    }

    /// Whether the table holds single bits rather than registers.
    pub const fn is_bits(self) -> bool {
        matches!(self, Self::Coil | Self::DiscreteInput)
    }

    /// The name in configuration: `coil`, `discrete_input`, `holding_register`, `input_register`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Coil => "coil",
            Self::DiscreteInput => "discrete_input",
            Self::HoldingRegister => "holding_register",
            Self::InputRegister => "input_register",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no table; use coil, discrete_input, holding_register or input_register")]
pub struct ParseTableError {
    text: String,
}

impl FromStr for Table {
    type Err = ParseTableError;

    /// Reads a [`Table::name`], or its short form `coil`, `discrete`, `holding`, `input`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "coil" => Self::Coil,
            "discrete_input" | "discrete" => Self::DiscreteInput,
            "holding_register" | "holding" => Self::HoldingRegister,
            "input_register" | "input" => Self::InputRegister,
            _ => {
                return Err(ParseTableError {
                    text: text.chars().take(32).collect(),
                });
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for (code, table) in (1..).zip(Table::ALL) {
            assert_eq!(table.function_code(), code);
            assert_eq!(table.name().parse(), Ok(table));
        }
        assert_eq!("holding".parse(), Ok(Table::HoldingRegister));
        let error = "40001".parse::<Table>().unwrap_err();
        assert!(error.to_string().starts_with("'40001' is no table"));
    }
}
