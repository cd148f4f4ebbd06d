//! The book: README.md and `docs/`. Its commands run as they stand there, its links lead somewhere,
//! and its reference is what the code says.

mod expected;
mod links;
mod page;
mod ports;
mod reference;
mod script;
mod shell;

use std::fs;
use std::path::{Path, PathBuf};

use page::Page;
use script::Site;

/// The root of the repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// README.md and every page of `docs/`, ascending by path.
fn pages() -> Vec<Page> {
    let root = root();
    let mut paths = vec![root.join("README.md")];
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "md") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths.iter().map(|path| Page::read(&root, path)).collect()
}

/// Each page in a folder of its own, with ports of its own: whoever reads it starts with nothing.
#[test]
fn every_command_of_the_book_runs() {
    let only = std::env::var("GRIDOS_PAGE").unwrap_or_default();
    let (mut run, mut faults) = (0, Vec::new());
    for page in pages().iter().filter(|page| page.name.contains(&only)) {
        if page.blocks.iter().any(|block| block.is_shell()) {
            let site = Site::new(&root(), page);
            faults.extend(site.map(|site| site.run(page)).unwrap_or_default());
            run += 1;
        }
    }
    assert!(run > 0, "no page has '{only}' in its name");
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn what_runs_elsewhere_is_still_in_the_book() {
    let pages = pages();
    let blocks = pages.iter().flat_map(|page| &page.blocks);
    let lines: Vec<&str> = blocks
        .filter(|block| block.is_shell())
        .flat_map(|block| block.text.lines())
        .collect();
    for (start, _) in script::ELSEWHERE {
        assert!(lines.iter().any(|line| line.starts_with(start)), "{start}");
    }
}
