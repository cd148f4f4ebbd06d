//! The models that are known point by point.

use std::sync::LazyLock;

/// The definitions, see the head of the file.
const MODELS: &str = include_str!("models.txt");

/// What one model of the standard consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    /// The id that a device tells.
    pub id: u16,
    /// What the names of its points begin with: `inverter`, `meter`, …
    pub prefix: &'static str,
    /// What the standard calls it.
    pub title: &'static str,
    /// What follows the id and the length once.
    pub(super) fields: Vec<Field>,
    /// What repeats behind that until the model's length ends, and what one round is called.
    pub(super) repeated: Option<(&'static str, Vec<Field>)>,
}

/// One point of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: FieldKind,
    /// The point that holds its power of ten.
    pub(super) exponent: Option<&'static str>,
    pub(super) unit: &'static str,
}

/// The types of the standard (4.4) that occur in the definitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldKind {
    Uint16,
    Int16,
    Enum16,
    Bitfield16,
    Count,
    /// A power of ten, −10 to 10.
    Exponent,
    Uint32,
    Int32,
    Bitfield32,
    Acc32,
    Float32,
    Uint64,
    Acc64,
    /// A text of so many registers.
    Text(u16),
    /// So many registers without a meaning.
    Pad(u16),
}

impl FieldKind {
    pub(super) fn registers(self) -> u16 {
        match self {
            Self::Uint16 | Self::Int16 | Self::Enum16 | Self::Bitfield16 => 1,
            Self::Count | Self::Exponent => 1,
            Self::Uint32 | Self::Int32 | Self::Bitfield32 | Self::Acc32 | Self::Float32 => 2,
            Self::Uint64 | Self::Acc64 => 4,
            Self::Text(registers) | Self::Pad(registers) => registers,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let sized = |name: &str| text.strip_prefix(name)?.parse::<u16>().ok();
        if let Some(registers) = sized("string") {
            return Some(Self::Text(registers));
        }
        if let Some(registers) = sized("pad") {
            return Some(Self::Pad(registers));
        }
        Some(match text {
            "uint16" => Self::Uint16,
            "int16" => Self::Int16,
            "enum16" => Self::Enum16,
            "bitfield16" => Self::Bitfield16,
            "count" => Self::Count,
            "sunssf" => Self::Exponent,
            "uint32" => Self::Uint32,
            "int32" => Self::Int32,
            "bitfield32" => Self::Bitfield32,
            "acc32" => Self::Acc32,
            "float32" => Self::Float32,
            "uint64" => Self::Uint64,
            "acc64" => Self::Acc64,
            _ => return None,
        })
    }
}

/// The definition of the model with this id, if it is known.
pub fn definition(id: u16) -> Option<&'static Definition> {
    static DEFINITIONS: LazyLock<Vec<Definition>> = LazyLock::new(|| {
        MODELS
            .split("\n\n")
            .flat_map(|block| parse(block).unwrap_or_default())
            .collect()
    });
    DEFINITIONS.iter().find(|definition| definition.id == id)
}

/// Reads one block of the file: models with the same points. A test reads the whole file.
fn parse(block: &'static str) -> Option<Vec<Definition>> {
    let mut models: Vec<(u16, &str, &str)> = Vec::new();
    let mut fields = Vec::new();
    let mut repeated: Option<(&str, Vec<Field>)> = None;
    for line in block.lines().filter(|line| !line.starts_with('#')) {
        if let Some(model) = line.strip_prefix("model ") {
            let mut words = model.splitn(3, ' ');
            let (id, prefix) = (words.next()?.parse().ok()?, words.next()?);
            models.push((id, prefix, words.next()?));
        } else if let Some(round) = line.strip_prefix("each ") {
            repeated = Some((round, Vec::new()));
        } else {
            let fields = repeated.as_mut().map_or(&mut fields, |(_, fields)| fields);
            fields.push(field(line)?);
        }
    }
    let definition = |(id, prefix, title)| Definition {
        id,
        prefix,
        title,
        fields: fields.clone(),
        repeated: repeated.clone(),
    };
    Some(models.into_iter().map(definition).collect())
}

/// Reads `NAME TYPE EXPONENT UNIT`.
fn field(line: &'static str) -> Option<Field> {
    let given = |text: &'static str| (text != "-").then_some(text);
    let mut words = line.splitn(4, ' ');
    Some(Field {
        name: words.next()?,
        kind: FieldKind::parse(words.next()?)?,
        exponent: given(words.next()?),
        unit: given(words.next()?).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_every_exponent_exists() {
        for block in MODELS.split("\n\n") {
            let read = parse(block).unwrap_or_else(|| panic!("{block}"));
            for definition in read {
                let repeated = definition.repeated.iter().flat_map(|(_, fields)| fields);
                for field in definition.fields.iter().chain(repeated) {
                    let mut all = definition.fields.iter();
                    let is_there = |name| {
                        all.any(|other| other.name == name && other.kind == FieldKind::Exponent)
                    };
                    assert!(field.exponent.is_none_or(is_there), "{field:?}");
                    assert!(field.unit.chars().count() <= 16, "{field:?}");
                }
            }
        }
    }

    #[test]
    fn models_have_the_lengths_of_the_standard() {
        let length = |fields: &[Field]| fields.iter().map(|f| f.kind.registers()).sum::<u16>();
        for (id, fixed, round) in [
            (1, 66, 0),
            (101, 50, 0),
            (103, 50, 0),
            (112, 60, 0),
            (120, 26, 0),
            (121, 30, 0),
            (122, 44, 0),
            (123, 24, 0),
            (124, 24, 0),
            (160, 8, 20),
            (201, 105, 0),
            (203, 105, 0),
            (214, 124, 0),
            (701, 153, 0),
            (702, 50, 0),
            (703, 17, 0),
            (713, 7, 0),
            (714, 18, 25),
            (802, 62, 0),
        ] {
            let definition = definition(id).unwrap_or_else(|| panic!("{id}"));
            let repeated = definition.repeated.as_ref();
            assert_eq!(length(&definition.fields), fixed, "{id}");
            assert_eq!(
                repeated.map_or(0, |(_, fields)| length(fields)),
                round,
                "{id}"
            );
        }
        assert_eq!(definition(64_999), None);
    }
}
