//! Files that are wrong in many ways, in `bad/`, and all that is told of each. Write the reports
//! anew with `GRIDOS_WRITE=1 cargo test -p gridos --lib bad_files`, and read what has changed.

use std::fs;
use std::path::Path;

use super::Config;
use super::tests::{NO_VARIABLES, no_files};

#[test]
fn all_that_is_wrong_with_bad_files_is_told_at_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/bad");
    let files = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut bad: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    bad.sort();
    assert!(bad.len() >= 4, "{bad:?}");
    for path in bad {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let faults = Config::parse(&text, name, NO_VARIABLES, &no_files).unwrap_err();
        let told = format!("{faults}\n");
        let known = path.with_extension("txt");
        if std::env::var_os("GRIDOS_WRITE").is_some() {
            fs::write(&known, &told).unwrap();
        }
        let expected = fs::read_to_string(&known).unwrap_or_default();
        assert_eq!(told, expected, "{name}: is what is told now better?");
        for fault in faults.as_slice() {
            let (place, what) = (fault.place.to_string(), &fault.what);
            assert!(place.starts_with(&format!("{name}:")), "no line: {fault}");
            // What is wrong, and then what to do about it.
            assert!(
                what.contains([';', '?']) || what.contains("must"),
                "{fault}"
            );
        }
    }
}
