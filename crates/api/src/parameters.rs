//! The parameters of a query, each name and value of which must make sense.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use gridos_model::Timestamp;

use crate::instant::parse_instant;
use crate::problem::{Kind, Problem};

/// The pairs of a query in their order.
#[derive(Debug)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(pairs) = Query::try_from_uri(&parts.uri)
            .map_err(|error| Problem::new(Kind::BadParameter, error.body_text()))?;
        Ok(Self(pairs))
    }
}

impl Parameters {
    /// Refuses names that are not in `known`: a misspelt one would otherwise do nothing, silently.
    pub(crate) fn only(self, known: &[&str]) -> Result<Self, Problem> {
        match self.0.iter().find(|(name, _)| !known.contains(&&**name)) {
            None => Ok(self),
            Some((name, _)) => {
                let known = known.join(", ");
                let detail = format!("there is no parameter '{}'; known are: {known}", cut(name));
                Err(Problem::new(Kind::BadParameter, detail))
            }
        }
    }

    /// All values of `name`.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |(own, _)| own == name);
        named.map(|(_, value)| &**value)
    }

    /// The one value of `name`, or `None` if it is not given.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.all(name);
        let first = values.next();
        if values.next().is_some() {
            return Err(bad(name, "is given more than once"));
        }
        Ok(first)
    }

    /// A whole number from `least` to `most`.
    pub(crate) fn number(
        &self,
        name: &str,
        default: usize,
        least: usize,
        most: usize,
    ) -> Result<usize, Problem> {
        let Some(text) = self.one(name)? else {
            return Ok(default);
        };
        let number = text
            .parse()
            .ok()
            .filter(|number| (least..=most).contains(number));
        number.ok_or_else(|| {
            bad(
                name,
                &format!("must be a whole number from {least} to {most}"),
            )
        })
    }

    /// Whether something is wanted: 1 or 0, true or false.
    pub(crate) fn flag(&self, name: &str, default: bool) -> Result<bool, Problem> {
        match self.one(name)? {
            None => Ok(default),
            Some("1" | "true") => Ok(true),
            Some("0" | "false") => Ok(false),
            Some(_) => Err(bad(name, "must be 1 or 0")),
        }
    }

    /// An instant, absolute or relative to `now`.
    pub(crate) fn instant(&self, name: &str, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.one(name)? else {
            return Ok(None);
        };
        let instant = parse_instant(text, now)
            .map_err(|error| bad(name, &format!("'{}' {error}", cut(text))))?;
        Ok(Some(instant))
    }
}

/// A problem with the parameter `name`.
pub(crate) fn bad(name: &str, what: &str) -> Problem {
    Problem::new(Kind::BadParameter, format!("{name} {what}"))
}

/// A client's text for an answer, not longer than a line.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(120).collect()
}
