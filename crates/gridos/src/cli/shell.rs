//! What shells and manuals are made of.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

/// What `gridos completions` takes.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
        gridos completions bash > /etc/bash_completion.d/gridos\n  \
        gridos completions zsh > /usr/local/share/zsh/site-functions/_gridos\n  \
        gridos completions fish > ~/.config/fish/completions/gridos.fish")]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// What `gridos man` takes.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
        gridos man | man -l -\n  \
        gridos man status | man -l -\n  \
        gridos man --output /usr/local/share/man/man1")]
pub struct Man {
    /// The command whose page is shown, such as `journal verify`; not given, that of gridos itself
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    pub of: Vec<String>,
    /// Write the pages of all commands into this folder instead of showing one
    #[arg(long, value_name = "FOLDER")]
    pub output: Option<PathBuf>,
}
