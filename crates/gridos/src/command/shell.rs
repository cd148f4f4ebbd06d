//! `gridos completions` and `gridos man`.

use std::fs;

use clap_mangen::Man as Page;

use super::Outcome;
use crate::cli::{self, Completions, Man};
use crate::output::{self, NotWritten};

/// There is no command of that name.
#[derive(Debug, thiserror::Error)]
#[error("there is no command 'gridos {0}'; gridos help lists what there is")]
struct NoCommand(String);

pub(crate) fn completions(args: &Completions) -> Outcome {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut cli::command(), "gridos", &mut text);
    output::raw(&text)
}

pub(crate) fn man(args: &Man) -> Outcome {
    if let Some(folder) = &args.output {
        let made = fs::create_dir_all(folder);
        let made = made.and_then(|()| clap_mangen::generate_to(cli::command(), folder));
        return Ok(made.map_err(|source| NotWritten::new(folder, source))?);
    }
    let mut root = cli::command().disable_help_subcommand(true);
    // Gives each command its name as a page: gridos-journal-verify.
    root.build();
    let mut found = &root;
    for word in &args.of {
        let below = found.find_subcommand(word);
        found = below.ok_or_else(|| NoCommand(args.of.join(" ")))?;
    }
    let mut text = Vec::new();
    Page::new(found.clone()).render(&mut text)?;
    output::raw(&text)
}
