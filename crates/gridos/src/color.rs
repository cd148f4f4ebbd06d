//! Colours: where they are shown, and which.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

/// What needs nobody's attention stays as the terminal has it; these are for the rest.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const TITLE: Style = Style::new().bold();

/// What the option is called.
const OPTION: &str = "--color";

/// Decides for the whole process, as the arguments that it was started with say; clap reads them later, and
/// refuses what is no choice.
pub(crate) fn choose(given: &[OsString]) {
    let mut words = given.iter().skip(1).filter_map(|word| word.to_str());
    let mut chosen = None;
    while let Some(word) = words.next().filter(|word| *word != "--") {
        match word.strip_prefix(OPTION) {
            Some("") => chosen = words.next(),
            Some(rest) => chosen = rest.strip_prefix('=').or(chosen),
            None => {}
        }
    }
    match chosen {
        Some("always") => ColorChoice::Always,
        Some("never") => ColorChoice::Never,
        // On a terminal, unless NO_COLOR or TERM=dumb forbid it, or where CLICOLOR_FORCE asks for it.
        Some(_) | None => ColorChoice::Auto,
    }
    .write_global();
}

/// Whether the standard output takes colours.
pub(crate) fn on_output() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

/// Whether the standard output is a terminal: where lines may be drawn over.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// `text` in a style; what does not take colours gets it without.
pub(crate) fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
