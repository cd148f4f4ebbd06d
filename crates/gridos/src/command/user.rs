//! `gridos user`: users with passwords.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::Path;
use std::time::SystemTime;

use gridos_access::{BookError, BookFile, Entry, Password, PasswordHash, UserEntry};
use serde_json::json;

use super::Outcome;
use crate::cli::{AccessList, UserAdd, UserCommand, UserNamed};
use crate::config::Config;
use crate::output;

/// Why no password was taken.
#[derive(Debug, thiserror::Error)]
enum NoPassword {
    #[error("the two passwords differ; nothing was changed")]
    Differ,
    #[error("no password was given; type one, or send one line to the standard input")]
    Missing,
}

pub(crate) fn run(command: &UserCommand) -> Outcome {
    match command {
        UserCommand::Add(args) => add(args),
        UserCommand::List(args) => list(args),
        UserCommand::Remove(args) => remove(args),
        UserCommand::Passwd(args) => passwd(args),
    }
}

/// The users' file that the configuration names.
pub(super) fn file(config: &Path) -> Result<BookFile, Box<dyn std::error::Error>> {
    let config = Config::load(config, std::env::vars_os())?;
    if !config.access.is_on {
        eprintln!("note: [access] mode is not \"on\": nobody is asked who they are yet");
    }
    Ok(BookFile::new(config.access.users_file))
}

fn add(args: &UserAdd) -> Outcome {
    let file = file(&args.config)?;
    // Before somebody types a password in vain.
    if file
        .read()?
        .is_some_and(|book| book.user(&args.name).is_some())
    {
        let (kind, name) = ("a user", args.name.clone());
        return Err(BookError::Taken { kind, name }.into());
    }
    let password = new_password(&args.name)?;
    let hash = password.hash()?;
    file.change(|book| book.add(Entry::User(entry(args, hash))))?;
    let (name, role, path) = (&args.name, args.role, file.path().display());
    if args.json {
        let file = path.to_string();
        let added = json!({ "user": name, "change": "added", "role": role.name(), "file": file });
        return output::json(&added);
    }
    output::line(format_args!(
        "user '{name}' with the role {role} is in {path}"
    ))
}

fn entry(args: &UserAdd, password: PasswordHash) -> UserEntry {
    UserEntry {
        name: args.name.clone(),
        role: args.role,
        password,
        created: SystemTime::now().into(),
    }
}

fn passwd(args: &UserNamed) -> Outcome {
    let file = file(&args.config)?;
    if file
        .read()?
        .is_none_or(|book| book.user(&args.name).is_none())
    {
        let (kind, name) = ("user", args.name.clone());
        return Err(BookError::Unknown { kind, name }.into());
    }
    let password = new_password(&args.name)?.hash()?;
    file.change(|book| book.set_password(&args.name, password))?;
    told(args, "password", "has another password")
}

fn remove(args: &UserNamed) -> Outcome {
    let file = file(&args.config)?;
    file.change(|book| book.remove_user(&args.name))?;
    told(args, "removed", "is removed")
}

/// Tells what was changed: in a word, and for people.
fn told(args: &UserNamed, change: &str, words: &str) -> Outcome {
    let name = &args.name;
    match args.json {
        true => output::json(&json!({ "user": name, "change": change })),
        false => output::line(format_args!("user '{name}' {words}")),
    }
}

fn list(args: &AccessList) -> Outcome {
    let book = file(&args.config)?.read()?.unwrap_or_default();
    if args.json {
        let user = |user: &UserEntry| {
            json!({
                "user": user.name, "role": user.role.name(), "created": user.created.to_string(),
            })
        };
        let users: Vec<_> = book.users().map(user).collect();
        return output::line(json!(users));
    }
    if book.users().next().is_none() {
        return output::line("there are no users; see gridos user add --help");
    }
    for user in book.users() {
        let (name, role) = (&user.name, user.role);
        output::line(format_args!("{name:<24} {role:<9} since {}", user.created))?;
    }
    Ok(())
}

/// A password that the user called `name` may have: typed twice, or a line of the standard input.
fn new_password(name: &str) -> Result<Password, Box<dyn std::error::Error>> {
    let text = match io::stdin().is_terminal() {
        true => {
            let first = rpassword::prompt_password(format!("password of '{name}': "))?;
            if rpassword::prompt_password("the same again: ")? != first {
                return Err(NoPassword::Differ.into());
            }
            first
        }
        false => {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line)?;
            line.trim_end_matches(['\r', '\n']).to_owned()
        }
    };
    if text.is_empty() {
        return Err(NoPassword::Missing.into());
    }
    let password = Password::new(text);
    password.check(name)?;
    Ok(password)
}
