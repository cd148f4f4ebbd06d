//! The model's words in definitions.

/// A priority by its name.
pub(crate) mod priority {
    use gridos_model::Priority;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(priority: &Priority, to: S) -> Result<S::Ok, S::Error> {
        priority.name().serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Priority, D::Error> {
        let name = String::deserialize(from)?;
        Priority::of_name(&name).ok_or_else(|| {
            D::Error::custom(format_args!(
                "'{name}' is no priority; those are low, medium, high and urgent"
            ))
        })
    }
}
