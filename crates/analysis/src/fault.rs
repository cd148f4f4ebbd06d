//! What is wrong with a manifest.

/// Why a manifest cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no YAML.
    #[error("is no YAML: {0}")]
    Yaml(String),
    /// Something is not as Argo has it, or is nothing that a rehearsal can follow.
    #[error("{place}: {what}")]
    Shape {
        /// Which object, and which part of it.
        place: String,
        /// What is wrong there.
        what: String,
    },
    /// There is no object of that kind.
    #[error("holds no {0}")]
    Missing(&'static str),
    /// A template wants an argument that nobody gives.
    #[error("{place}: nobody gives the argument '{name}'")]
    Argument {
        /// Which template.
        place: String,
        /// Which argument.
        name: String,
    },
}

impl Fault {
    pub(crate) fn shape(place: impl Into<String>, what: impl ToString) -> Self {
        Self::Shape {
            place: place.into(),
            what: what.to_string(),
        }
    }
}
