//! What people write.

use std::io;
use std::path::Path;

use gridos::config::Config;
use gridos::import::{Options, modbus};

/// Any text is a configuration, or its faults can be shown.
pub fn config(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    let no_variables: [(&str, &str); 0] = [];
    let no_files = |_: &Path| Err(io::ErrorKind::NotFound.into());
    match Config::parse(text, "fuzz.toml", no_variables, &no_files) {
        Ok(config) => assert!(!format!("{config:?}").is_empty()),
        Err(faults) => assert!(!faults.to_string().is_empty()),
    }
}

/// Any list of registers makes a profile that the reader of configurations understands, or an
/// error.
pub fn import(bytes: &[u8]) {
    let Ok(imported) = modbus(bytes, &Options::new("imported")) else {
        return;
    };
    let no_variables: [(&str, &str); 0] = [];
    let no_files = |_: &Path| Err(io::ErrorKind::NotFound.into());
    let read = Config::parse(&imported.toml, "imported.toml", no_variables, &no_files);
    if let Err(faults) = read {
        panic!("{faults}\n{}", imported.toml);
    }
}
