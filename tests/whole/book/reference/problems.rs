//! `docs/reference/problems.md`: the kinds of problems that the API answers with.

use std::fmt::Write;

use gridos_api::problem_kinds;

use super::{cell, compare};

const HEAD: &str = "\
# Problems

Every answer that is no success is a problem (RFC 9457), as `application/problem+json`:

```json
{\"type\":\"urn:gridos:problem:not-found\",\"title\":\"There is no such thing here\",\"status\":404,
\"detail\":\"nothing is at '/api/v1/nope'; the API begins at /api/v1/\"}
```

The `type` stays for ever, so programs may look at it; `detail` says what is wrong, and `hint` what to do. Some
have members of their own, such as `errors` with everything that is wrong, or `present_version`.

408, 429, 503 and 504 may be tried again, after `Retry-After` if it is there; with the same
`Idempotency-Key` it is then done once. All others come again until the request is another one.

| Type: `urn:gridos:problem:` | Status | Title | What to do |
|---|---|---|---|
";

#[test]
fn the_page_of_problems_is_what_is_answered() {
    let mut kinds: Vec<_> = problem_kinds().collect();
    assert!(kinds.len() > 20, "{kinds:?}");
    kinds.sort_by_key(|kind| (kind.status, kind.slug));
    let mut page = HEAD.to_owned();
    for kind in kinds {
        let (slug, status, title, hint) = (kind.slug, kind.status, kind.title, cell(kind.hint));
        writeln!(page, "| `{slug}` | {status} | {title} | {hint} |").unwrap();
    }
    compare("problems.md", &page);
}
