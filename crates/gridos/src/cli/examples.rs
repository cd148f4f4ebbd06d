//! Every example of the help is a command line that parses, and every command has one.

use clap::error::ErrorKind;

use super::everywhere::command;

/// The commands of the text of a help: from `gridos` to where the shell takes over.
fn examples(help: &str) -> Vec<Vec<String>> {
    let lines = help.lines().filter(|line| line.starts_with("  "));
    let parts = lines.flat_map(|line| line.split(['|', ';', '<', '>', '&']));
    let mut examples = Vec::new();
    for part in parts {
        let words = words(part);
        let Some(begin) = words.iter().position(|word| word == "gridos") else {
            continue;
        };
        // Variables, and programs that run others.
        let before = &words[..begin];
        let is_in_front = |word: &String| {
            word.contains('=') || ["sudo", "-u", "gridos", "$"].contains(&word.as_str())
        };
        if before.iter().all(is_in_front) {
            let begin = words.iter().rposition(|word| word == "gridos").unwrap();
            examples.push(words[begin..].to_vec());
        }
    }
    examples
}

/// The words of a line as a shell takes them, as far as examples need it.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (_, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

fn check(path: &str, command: &clap::Command, wrong: &mut Vec<String>) {
    if command.get_subcommands().next().is_some() {
        for below in command.get_subcommands() {
            check(&format!("{path} {}", below.get_name()), below, wrong);
        }
        return;
    }
    let help = command.get_after_help().map(ToString::to_string);
    let of_this = |example: &Vec<String>| example.join(" ").starts_with(path);
    let examples = examples(&help.unwrap_or_default());
    if !examples.iter().any(of_this) {
        wrong.push(format!("{path} has no example"));
    }
    for example in examples {
        if let Err(error) = super::everywhere::command().try_get_matches_from(&example)
            && error.kind() != ErrorKind::DisplayHelp
        {
            wrong.push(format!("{}: {error}", example.join(" ")));
        }
    }
}

#[test]
fn every_command_has_examples_and_all_of_them_parse() {
    let mut wrong = Vec::new();
    check("gridos", &command(), &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_definition_of_the_command_line_is_sound() {
    command().debug_assert();
}

#[test]
fn examples_are_read_as_a_shell_would() {
    let read = examples("Examples:\n  A=1 gridos run x.toml --for \"2 h\" > y && gridos check z\n");
    assert_eq!(
        read,
        [
            vec!["gridos", "run", "x.toml", "--for", "2 h"],
            vec!["gridos", "check", "z"]
        ]
    );
    assert!(examples("gridos is a program\n  see gridos there").is_empty());
}
