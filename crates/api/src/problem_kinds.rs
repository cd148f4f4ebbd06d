//! The kinds of problems, for whoever describes them outside the API.

use crate::problem::Kind;

/// A kind of problem, as it is answered.
#[derive(Clone, Copy, Debug)]
pub struct ProblemKind {
    /// The last word of its type.
    pub slug: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// What went wrong, for people.
    pub title: &'static str,
    /// What to do about it.
    pub hint: &'static str,
}

/// Every kind there is.
pub fn problem_kinds() -> impl Iterator<Item = ProblemKind> {
    Kind::ALL.into_iter().map(|kind| ProblemKind {
        slug: kind.slug(),
        status: kind.status().as_u16(),
        title: kind.title(),
        hint: kind.hint(),
    })
}
