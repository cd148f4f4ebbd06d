//! A page of Markdown: its fenced blocks, headings and links.

use std::fs;
use std::path::{Path, PathBuf};

/// A page.
pub(super) struct Page {
    /// Its path from the root of the repository.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) blocks: Vec<Block>,
    /// What its headings are called in links.
    pub(super) anchors: Vec<String>,
    /// Where its links lead, each with its line.
    pub(super) links: Vec<(usize, String)>,
}

/// A fenced block.
pub(super) struct Block {
    /// The line of its fence, from 1.
    pub(super) line: usize,
    /// The word behind its fence: `sh`, `text`, `toml`.
    pub(super) language: String,
    pub(super) text: String,
    /// Whether nothing but empty lines is between it and the block before.
    pub(super) follows: bool,
}

impl Block {
    /// Whether it is commands.
    pub(super) fn is_shell(&self) -> bool {
        self.language == "sh"
    }

    /// Whether it shows what the commands before it told.
    pub(super) fn is_answer(&self) -> bool {
        self.follows && matches!(self.language.as_str(), "text" | "json")
    }
}

impl Page {
    pub(super) fn read(root: &Path, path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let name = path.strip_prefix(root).unwrap().to_string_lossy();
        let mut page = Self {
            name: name.into_owned(),
            path: path.to_owned(),
            blocks: Vec::new(),
            anchors: Vec::new(),
            links: Vec::new(),
        };
        page.take(&text);
        page
    }

    fn take(&mut self, text: &str) {
        let mut open: Option<Block> = None;
        let mut is_behind_a_block = false;
        for (number, line) in (1..).zip(text.lines()) {
            let fence = line.trim_start().strip_prefix("```");
            match (open.take(), fence) {
                (None, Some(language)) => {
                    open = Some(Block {
                        line: number,
                        language: language.split(' ').next().unwrap_or_default().to_owned(),
                        text: String::new(),
                        follows: is_behind_a_block,
                    });
                }
                (Some(block), Some(_)) => {
                    self.blocks.push(block);
                    is_behind_a_block = true;
                }
                (Some(mut block), None) => {
                    block.text += line;
                    block.text.push('\n');
                    open = Some(block);
                }
                (None, None) => {
                    is_behind_a_block &= line.trim().is_empty();
                    self.take_prose(number, line);
                }
            }
        }
        assert!(open.is_none(), "{}: a block has no end", self.name);
    }

    fn take_prose(&mut self, number: usize, line: &str) {
        if line.starts_with('#') {
            let heading = line.trim_start_matches('#').trim();
            let mut anchor = anchor(heading);
            let like = |known: &&String| {
                let rest = known.strip_prefix(anchor.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            };
            // The second of a name has a number, as on GitHub and in mdBook.
            match self.anchors.iter().filter(like).count() {
                0 => {}
                count if self.anchors.contains(&anchor) => anchor = format!("{anchor}-{count}"),
                _ => {}
            }
            self.anchors.push(anchor);
        }
        let mut rest = line;
        while let Some((_, behind)) = rest.split_once("](") {
            let (target, after) = behind.split_once(')').unwrap_or((behind, ""));
            self.links.push((number, target.to_owned()));
            rest = after;
        }
    }
}

/// What a heading is called in links: small letters, digits, `-` and `_`.
fn anchor(heading: &str) -> String {
    let letters = heading.chars().filter_map(|letter| match letter {
        ' ' | '-' => Some('-'),
        '_' => Some('_'),
        letter if letter.is_alphanumeric() => Some(letter.to_ascii_lowercase()),
        _ => None,
    });
    letters.collect()
}
