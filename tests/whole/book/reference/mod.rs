//! The pages of `docs/reference` that are made of what the code says. Write them anew with
//! `GRIDOS_WRITE=1 cargo test --workspace --test whole reference`.

mod cli;
mod configuration;
mod example;
mod http;
mod journal;
mod metrics;
mod probe;
mod problems;
mod sql;

use std::fs;

use super::root;

/// Holds `text` against the page `name`, or writes it.
fn compare(name: &str, text: &str) {
    let path = root().join("docs/reference").join(name);
    if std::env::var_os("GRIDOS_WRITE").is_some() {
        fs::write(&path, text).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap_or_default();
    let differs = page
        .lines()
        .zip(text.lines())
        .find(|(is, should)| is != should);
    assert!(
        page == text,
        "docs/reference/{name} is not what the code says; write it anew with GRIDOS_WRITE=1\n\
         first difference: {differs:#?}"
    );
}

/// A cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}
