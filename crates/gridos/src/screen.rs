//! The terminal on which a page is shown again and again.

use terminal_size::{Height, Width, terminal_size};

use crate::command::Outcome;
use crate::{color, output};

/// The whole terminal, which is given back as it was; or lines one below the other where there is none.
#[derive(Debug)]
pub(crate) struct Screen {
    is_terminal: bool,
}

/// The other screen of the terminal, without its cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
const HOME: &str = "\x1b[H";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";
const PLAIN: &str = "\x1b[0m";
const ESCAPE: char = '\x1b';

impl Screen {
    pub(crate) fn enter(is_terminal: bool) -> Self {
        if is_terminal {
            // What cannot be drawn shows with the first page.
            let _ = output::drawn(ENTER);
        }
        Self { is_terminal }
    }

    /// Draws over the page before, line by line, so that nothing flickers; what does not fit is cut,
    /// for a line that wraps would push all others down.
    pub(crate) fn show(&self, page: &str) -> Outcome {
        if !self.is_terminal {
            return output::line(page);
        }
        let page = match color::on_output() {
            true => page.to_owned(),
            false => anstream::adapter::strip_str(page).to_string(),
        };
        let size = terminal_size().filter(|(Width(columns), _)| *columns > 0);
        let (Width(columns), Height(rows)) = size.unwrap_or((Width(80), Height(24)));
        let lines = page.lines().take(usize::from(rows.max(1)));
        let lines: Vec<_> = lines
            .map(|line| fit(line, usize::from(columns)) + CLEAR_LINE)
            .collect();
        output::drawn(&format!("{HOME}{}{CLEAR_BELOW}", lines.join("\n")))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.is_terminal {
            let _ = output::drawn(LEAVE);
        }
    }
}

/// A line that takes so many columns at most; colours take none.
fn fit(line: &str, columns: usize) -> String {
    if anstream::adapter::strip_str(line)
        .to_string()
        .chars()
        .count()
        <= columns
    {
        return line.to_owned();
    }
    let (mut shown, mut width, mut in_escape) = (String::new(), 0, false);
    for letter in line.chars() {
        in_escape |= letter == ESCAPE;
        if in_escape {
            shown.push(letter);
            // A colour ends with its first letter (ECMA-48, §8.3.117).
            in_escape = !letter.is_ascii_alphabetic();
            continue;
        }
        if width + 1 >= columns {
            return shown + "…" + PLAIN;
        }
        shown.push(letter);
        width += 1;
    }
    shown
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::color::{BAD, paint};

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn a_line_that_is_too_long_is_cut() {
        assert_eq!(fit("abcdef", 6), "abcdef");
        assert_eq!(plain(&fit("abcdefg", 6)), "abcde…");
        let red = paint(BAD, "abcdef");
        assert_eq!(fit(&red, 6), red);
        let cut = fit(&paint(BAD, "abcdefg"), 6);
        assert_eq!(plain(&cut), "abcde…");
        assert!(cut.ends_with(PLAIN), "{cut:?}");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(
            parts in proptest::collection::vec(("[a-zµ]{0,9}", any::<bool>()), 0..6), columns in 1_usize..30,
        ) {
            let parts = parts.iter().map(|(text, is_red)| match is_red {
                true => paint(BAD, text),
                false => text.clone(),
            });
            let line: String = parts.collect();
            let (whole, shown) = (plain(&line), plain(&fit(&line, columns)));
            prop_assert!(shown.chars().count() <= columns, "{:?}", shown);
            if whole.chars().count() <= columns {
                prop_assert_eq!(shown, whole);
            }
        }
    }
}
