//! `gridos import modbus`: a profile from the list of registers that a vendor ships.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Outcome;
use crate::cli::ImportModbus;
use crate::config::Name;
use crate::import::{Base, Imported, Options, modbus};
use crate::output;

/// The name of a profile whose file has none that would do.
const PROFILE_DEFAULT: &str = "imported";
/// A list of every register there is has less than a tenth of it.
const FILE_BYTES_MAX: u64 = 64 << 20;

pub(crate) fn run(args: &ImportModbus) -> Outcome {
    let bytes = read(&args.file).map_err(|source| CannotRead {
        path: args.file.clone(),
        source,
    })?;
    let imported = modbus(&bytes, &options(args))?;
    if args.json {
        return tell(args, &imported);
    }
    for note in &imported.notes {
        eprintln!("note: {note}");
    }
    for skipped in &imported.skipped {
        eprintln!("line {} is left out: {}", skipped.line, skipped.why);
    }
    match &args.output {
        None => output::line(imported.toml.trim_end())?,
        Some(path) => {
            output::new_file(path, &imported.toml)?;
            let (points, skipped) = (imported.points, imported.skipped.len());
            let path = path.display();
            let done = format_args!("{points} points, {skipped} rows left out, written to {path}");
            output::line(done)?;
        }
    }
    Ok(())
}

/// The same for machines; the profile itself only if it goes into no file.
fn tell(args: &ImportModbus, imported: &Imported) -> Outcome {
    if let Some(path) = &args.output {
        output::new_file(path, &imported.toml)?;
    }
    let skipped = imported.skipped.iter();
    let skipped = skipped.map(|row| json!({ "line": row.line, "why": row.why.to_string() }));
    output::json(&json!({
        "points": imported.points,
        "notes": imported.notes,
        "skipped": skipped.collect::<Vec<_>>(),
        "file": args.output.as_ref().map(|path| path.display().to_string()),
        "profile": args.output.is_none().then_some(&imported.toml),
    }))
}

/// The file, if it ends soon enough: some never do.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = fs::File::open(path)?.take(FILE_BYTES_MAX + 1);
    file.read_to_end(&mut bytes)?;
    if file.limit() == 0 {
        let what = "it has more than 64 MiB, which is no list of registers";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}

fn options(args: &ImportModbus) -> Options {
    let profile = match &args.profile {
        Some(name) => name.to_string(),
        None => name_of(&args.file),
    };
    Options {
        base: args.base.map(|base| match base {
            0 => Base::Zero,
            _ => Base::One,
        }),
        table: args.table,
        order: args.order,
        divides: args.divide,
        ..Options::new(&profile)
    }
}

/// The file's name as that of a profile.
fn name_of(file: &Path) -> String {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy());
    let plain = |letter: char| match letter {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => letter,
        _ => '_',
    };
    let name: String = stem.unwrap_or_default().chars().map(plain).collect();
    match Name::plain(&name) {
        Ok(_) => name,
        Err(_) => PROFILE_DEFAULT.to_owned(),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
struct CannotRead {
    path: PathBuf,
    source: io::Error,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_names_its_profile() {
        for (file, name) in [
            ("/x/PM5000 list.v2.csv", "PM5000_list_v2"),
            ("", PROFILE_DEFAULT),
            ("äöü.csv", "___"),
        ] {
            assert_eq!(name_of(Path::new(file)), name);
        }
    }

    #[test]
    fn a_file_without_end_is_refused() {
        let error = read(Path::new("/dev/zero")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert!(error.to_string().contains("more than 64 MiB"), "{error}");
    }
}
