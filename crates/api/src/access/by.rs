//! Who commands something that is recorded with a name.

use axum::http::Extensions;
use gridos_access::Principal;

use crate::parameters::cut;
use crate::problem::{Kind, Problem};

/// Whoever is signed in, if anybody is.
pub(crate) struct Commander(Option<String>);

impl Commander {
    /// The one of a request.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        let known = extensions.get::<Principal>();
        let known = known.filter(|principal| principal.is_known());
        Self(known.map(|principal| principal.name.clone()))
    }

    /// The name to record: theirs, or else the one that the body says.
    ///
    /// # Errors
    /// If somebody who is known says to be somebody else.
    pub(crate) fn name<'a>(&'a self, said: &'a str) -> Result<&'a str, Problem> {
        let Some(known) = &self.0 else {
            return Ok(said);
        };
        if !said.trim().is_empty() && said.trim() != known {
            let detail = format!(
                "'by' says '{}', but it is '{known}' who is signed in; leave it out",
                cut(said.trim())
            );
            return Err(Problem::new(Kind::Invalid, detail));
        }
        Ok(known)
    }
}
