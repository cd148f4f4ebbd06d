//! The live page's files.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Request, header};

use crate::rig::{Rig, ask, get};

/// All files of the page together, so that it is there at once also over a slow line.
const BYTES_MAX: u64 = 250_000;

/// Every file that the page and its files name, beginning at the page.
async fn all_files() -> BTreeSet<String> {
    let router = Rig::new().router();
    let index = get(&router, "/").await;
    assert_eq!(
        index.headers[header::CONTENT_TYPE],
        "text/html; charset=utf-8"
    );
    let mut open: Vec<String> = quoted(&index.text)
        .filter_map(|text| text.strip_prefix("assets/").map(str::to_owned))
        .collect();
    let mut found = BTreeSet::new();
    while let Some(name) = open.pop() {
        if !found.insert(name.clone()) {
            continue;
        }
        let file = get(&router, &format!("/assets/{name}")).await;
        assert_eq!(file.status, 200, "{name}");
        let imported = quoted(&file.text).filter_map(|text| text.strip_prefix("./"));
        open.extend(imported.map(str::to_owned));
    }
    found
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

#[tokio::test]
async fn every_file_that_is_named_is_there_and_none_else() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/page");
    let files = std::fs::read_dir(folder).unwrap();
    let files = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<_> = files.filter(|name| name != "index.html").collect();
    assert_eq!(all_files().await, files);
}

#[test]
fn the_page_is_light() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/page");
    let files = std::fs::read_dir(folder).unwrap();
    let bytes: u64 = files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum();
    assert!(bytes < BYTES_MAX, "{bytes} bytes");
}

#[tokio::test]
async fn the_page_asks_nobody_else_and_runs_nothing_inline() {
    let router = Rig::new().router();
    let mut texts = vec![get(&router, "/").await.text];
    for name in all_files().await {
        texts.push(get(&router, &format!("/assets/{name}")).await.text);
    }
    for text in texts {
        // Names of markup languages, which nobody asks for.
        let text = text.replace("http://www.w3.org/", "");
        for foreign in [
            "http:", "https:", "//cdn", " style=", " onclick", "<style", "eval(",
        ] {
            assert!(!text.contains(foreign), "{foreign}");
        }
    }
}

#[test]
fn texts_of_devices_are_never_read_as_markup() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/src");
    let mut folders = vec![std::path::PathBuf::from(source)];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for door in [
                "innerHTML",
                "InnerHTML",
                "outerHTML",
                "AdjacentHTML",
                "DOMParser",
            ] {
                assert!(!text.contains(door), "{door} in {}", path.display());
            }
            files += 1;
        }
    }
    assert!(files > 40, "{files} files");
}

#[tokio::test]
async fn a_browser_that_has_a_file_is_told_so() {
    let router = Rig::new().router();
    for path in ["/", "/assets/page.js", "/assets/page.css"] {
        let first = get(&router, path).await;
        let tag = first.headers[header::ETAG].to_str().unwrap();
        for known in [tag.to_owned(), format!("\"other\", W/{tag}")] {
            let request = Request::get(path).header(header::IF_NONE_MATCH, known);
            let again = ask(&router, request.body(Body::empty()).unwrap()).await;
            assert_eq!((again.status.as_u16(), &*again.text), (304, ""));
            assert_eq!(again.headers[header::ETAG], tag);
        }
        let request = Request::get(path).header(header::IF_NONE_MATCH, "\"older\"");
        let newer = ask(&router, request.body(Body::empty()).unwrap()).await;
        assert_eq!(newer.text, first.text);
    }
    get(&router, "/assets/none.js")
        .await
        .problem(404, "not-found");
}
