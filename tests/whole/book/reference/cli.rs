//! `docs/reference/cli.md`: every command, its arguments and its examples.

use std::fmt::Write;
use std::process;

use clap::{Arg, ArgAction, Command};

use super::{cell, compare};
use crate::support::engine;

const HEAD: &str = "\
# Commands

One binary has a command for each thing to do. `gridos COMMAND --help` tells what stands here, from
the same source.
";

#[test]
fn the_page_of_commands_is_what_they_take() {
    let mut page = HEAD.to_owned();
    let mut all = gridos::cli::command();
    all.build();
    if all.get_arguments().any(Arg::is_global_set) {
        page += "\nEvery command takes:\n";
        list(
            all.get_arguments().filter(|arg| arg.is_global_set()),
            &mut page,
        );
    }
    describe(&all, &mut page);
    let codes = process::Command::new(engine::binary())
        .args(["help", "exit-codes"])
        .output();
    let codes = String::from_utf8(codes.unwrap().stdout).unwrap();
    writeln!(
        page,
        "\n## Exit codes\n\n```text\n{}\n```",
        codes.trim_end()
    )
    .unwrap();
    compare("cli.md", &page);
}

fn describe(command: &Command, page: &mut String) {
    for inner in command.get_subcommands().filter(|c| c.get_name() != "help") {
        let name = inner.get_bin_name().unwrap_or(inner.get_name());
        writeln!(page, "\n## {name}\n").unwrap();
        let about = inner.get_long_about().or(inner.get_about());
        writeln!(page, "{}.", about.unwrap_or_default()).unwrap();
        if inner.has_subcommands() {
            describe(inner, page);
        } else {
            take(inner, page);
        }
    }
}

fn take(command: &Command, page: &mut String) {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    writeln!(page, "\n```text\n{usage}\n```").unwrap();
    let own = command.get_arguments().filter(|arg| !arg.is_global_set());
    list(own, page);
    if let Some(examples) = command.get_after_help() {
        let examples = examples.to_string();
        writeln!(page, "\n```text\n{}\n```", examples.trim_end()).unwrap();
    }
}

fn list<'a>(args: impl Iterator<Item = &'a Arg>, page: &mut String) {
    let is_help = |arg: &Arg| matches!(arg.get_id().as_str(), "help" | "version");
    let args: Vec<_> = args
        .filter(|arg| !arg.is_hide_set() && !is_help(arg))
        .collect();
    if !args.is_empty() {
        writeln!(page, "\n| | | Default |\n|---|---|---|").unwrap();
    }
    for arg in args {
        let help = arg.get_long_help().or(arg.get_help());
        let help = cell(&help.map(ToString::to_string).unwrap_or_default());
        let (choices, default) = (choices(arg), default(arg));
        writeln!(page, "| {} | {help}{choices} | {default} |", names(arg)).unwrap();
    }
}

fn choices(arg: &Arg) -> String {
    if !matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) {
        return String::new();
    }
    let choices = arg.get_possible_values();
    let choices = choices.iter().filter(|choice| !choice.is_hide_set());
    let choices: Vec<_> = choices
        .map(|choice| format!("`{}`", choice.get_name()))
        .collect();
    match choices.is_empty() {
        true => String::new(),
        false => format!(": {}", choices.join(", ")),
    }
}

fn names(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let mut names: Vec<_> = short.into_iter().chain(long).collect();
    let takes = arg.get_action().takes_values();
    let value = arg.get_value_names().unwrap_or_default();
    let value = value.first().map_or_else(String::new, ToString::to_string);
    if names.is_empty() {
        names.push(match arg.is_required_set() {
            true => value,
            false => format!("[{value}]"),
        });
    } else if takes && let Some(last) = names.last_mut() {
        *last += &format!(" {value}");
    }
    let names: Vec<_> = names
        .iter()
        .map(|name| format!("`{}`", cell(name)))
        .collect();
    names.join(", ")
}

fn default(arg: &Arg) -> String {
    let values = arg.get_default_values();
    if arg.is_hide_default_value_set() || !arg.get_action().takes_values() || values.is_empty() {
        return String::new();
    }
    let values: Vec<_> = values
        .iter()
        .map(|value| format!("`{}`", value.display()))
        .collect();
    values.join(" ")
}
