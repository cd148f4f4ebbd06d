//! `gridos token`: tokens of machines.

use std::time::SystemTime;

use gridos_access::{Entry, Token, TokenEntry};
use gridos_model::Timestamp;
use serde_json::json;

use super::Outcome;
use super::user::file;
use crate::cli::{AccessList, Expiry, TokenCommand, TokenCreate, TokenNamed};
use crate::output;

pub(crate) fn run(command: &TokenCommand) -> Outcome {
    match command {
        TokenCommand::Create(args) => create(args),
        TokenCommand::List(args) => list(args),
        TokenCommand::Revoke(args) => revoke(args),
    }
}

fn create(args: &TokenCreate) -> Outcome {
    let file = file(&args.config)?;
    let token = Token::random()?;
    let created = Timestamp::from(SystemTime::now());
    let expires = match args.expires {
        Expiry::Never => None,
        Expiry::After(time) => Some(created.saturating_add(time)),
    };
    let entry = TokenEntry {
        name: args.name.clone(),
        role: args.role,
        digest: token.digest(),
        created,
        expires,
        revoked: None,
    };
    file.change(|book| book.add(Entry::Token(entry)))?;
    if args.json {
        return output::json(&json!({
            "token": args.name, "change": "created", "role": args.role.name(),
            "expires": expires.map(|at| at.to_string()), "secret": token.expose(),
        }));
    }
    let until = expires.map_or("does not expire".to_owned(), |at| format!("expires {at}"));
    eprintln!(
        "token '{}' with the role {} {until}; it is shown only now:",
        args.name, args.role
    );
    output::line(token.expose())
}

fn revoke(args: &TokenNamed) -> Outcome {
    let file = file(&args.config)?;
    let now = SystemTime::now().into();
    file.change(|book| book.revoke(&args.name, now))?;
    let name = &args.name;
    match args.json {
        true => output::json(&json!({ "token": name, "change": "revoked" })),
        false => output::line(format_args!("token '{name}' is revoked")),
    }
}

fn list(args: &AccessList) -> Outcome {
    let book = file(&args.config)?.read()?.unwrap_or_default();
    let now = Timestamp::from(SystemTime::now());
    let state = |token: &TokenEntry| match (token.revoked, token.is_valid(now)) {
        (Some(_), _) => "revoked",
        (None, true) => "valid",
        (None, false) => "expired",
    };
    if args.json {
        let text = |time: Option<Timestamp>| time.map(|time| time.to_string());
        let token = |token: &TokenEntry| {
            json!({
                "token": token.name, "role": token.role.name(), "state": state(token),
                "created": token.created.to_string(), "expires": text(token.expires),
                "revoked": text(token.revoked),
            })
        };
        let tokens: Vec<_> = book.tokens().map(token).collect();
        return output::line(json!(tokens));
    }
    if book.tokens().next().is_none() {
        return output::line("there are no tokens; see gridos token create --help");
    }
    for token in book.tokens() {
        let (name, role, state) = (&token.name, token.role, state(token));
        let end = match (token.revoked, token.expires) {
            (Some(at), _) => format!("at {at}"),
            (None, Some(at)) => format!("until {at}"),
            (None, None) => "does not expire".to_owned(),
        };
        output::line(format_args!("{name:<24} {role:<9} {state:<8} {end}"))?;
    }
    Ok(())
}
