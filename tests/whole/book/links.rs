//! Links lead to files and headings that there are, and every page of the book is in its summary.

use std::fs;

use super::page::Page;
use super::{pages, root};

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut broken = Vec::new();
    for page in &pages {
        for (line, target) in &page.links {
            if let Some(what) = fault(page, target, &pages) {
                broken.push(format!("{}:{line}: {target} {what}", page.name));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

fn fault(page: &Page, target: &str, pages: &[Page]) -> Option<&'static str> {
    if target.starts_with("http://") || target.starts_with("https://") {
        return None;
    }
    let (file, anchor) = match target.split_once('#') {
        Some((file, anchor)) => (file, Some(anchor)),
        None => (target, None),
    };
    let path = match file {
        "" => page.path.clone(),
        file => page.path.parent()?.join(file),
    };
    let Ok(path) = path.canonicalize() else {
        return Some("is no file");
    };
    let anchor = anchor?;
    let has = |page: &Page| page.anchors.iter().any(|known| known == anchor);
    let is_there = match pages.iter().find(|page| page.path == path) {
        Some(page) => has(page),
        None => path.extension().is_none_or(|end| end != "md") || has(&Page::read(&root(), &path)),
    };
    (!is_there).then_some("is no heading of it")
}

#[test]
fn every_page_of_the_book_is_in_its_summary() {
    let summary = fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    for page in pages() {
        if let Some(name) = page.name.strip_prefix("docs/") {
            let is_there = name == "SUMMARY.md" || summary.contains(&format!("]({name})"));
            assert!(is_there, "docs/SUMMARY.md does not name {name}");
        }
    }
}
