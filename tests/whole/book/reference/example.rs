//! `examples/reference.toml`, taken apart into its keys and what is said of them.

/// A key that stands in the file, set or behind a `#`.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its line, from 1.
    pub(super) line: usize,
    /// Its section, as `profile.point`.
    pub(super) section: String,
    /// Which of several sections of that name, from 0.
    pub(super) occurrence: usize,
    pub(super) key: String,
    /// Whether it is set there.
    pub(super) is_set: bool,
    /// The value there.
    pub(super) value: String,
    /// What is said above it; `None` if it stands right behind another key.
    pub(super) meaning: Option<String>,
    /// Lines above it that are indented: what may stand in the value.
    pub(super) options: Vec<String>,
    /// Whether it is the first of its section.
    pub(super) is_first: bool,
}

/// A section, with what is said above it.
pub(super) struct Head {
    pub(super) section: String,
    pub(super) occurrence: usize,
    pub(super) is_list: bool,
    pub(super) meaning: Option<String>,
}

/// All of the file.
#[derive(Default)]
pub(super) struct Example {
    pub(super) heads: Vec<Head>,
    pub(super) entries: Vec<Entry>,
}

impl Example {
    pub(super) fn read(text: &str) -> Self {
        let mut example = Self::default();
        let (mut comment, mut options) = (Vec::<String>::new(), Vec::<String>::new());
        let (mut section, mut occurrence) = (String::new(), 0);
        for (line, content) in (1..).zip(text.lines()) {
            let (is_set, bare) = match content.strip_prefix('#') {
                Some(rest) => (false, rest),
                None => (true, content),
            };
            let meaning = |comment: &mut Vec<String>| {
                let words = std::mem::take(comment).join(" ");
                (!words.is_empty()).then_some(words)
            };
            if let Some(name) = header(bare) {
                let is_list = bare.starts_with("[[");
                let before = example.heads.iter().filter(|head| head.section == name);
                (section, occurrence) = (name.to_owned(), before.count());
                example.heads.push(Head {
                    section: section.clone(),
                    occurrence,
                    is_list,
                    meaning: meaning(&mut comment),
                });
            } else if let Some((key, value)) = assignment(bare) {
                example.entries.push(Entry {
                    line,
                    section: section.clone(),
                    occurrence,
                    key: key.to_owned(),
                    is_set,
                    value: value.to_owned(),
                    meaning: meaning(&mut comment),
                    options: std::mem::take(&mut options),
                    is_first: is_first(&example.entries, &section, occurrence),
                });
            } else if is_set || bare.starts_with(" ---") {
                comment.clear();
                options.clear();
            } else if let Some(option) = bare.strip_prefix("   ") {
                match option.strip_prefix("   ") {
                    // The line before goes on.
                    Some(more) if !options.is_empty() => {
                        if let Some(last) = options.last_mut() {
                            *last += &format!(" {}", more.trim());
                        }
                    }
                    _ => options.push(option.trim().to_owned()),
                }
            } else {
                comment.push(bare.trim().to_owned());
            }
        }
        example
    }
}

fn is_first(entries: &[Entry], section: &str, occurrence: usize) -> bool {
    let before = entries.last();
    before.is_none_or(|last| last.section != section || last.occurrence != occurrence)
}

fn header(line: &str) -> Option<&str> {
    let name = line.strip_prefix('[')?.trim_matches(['[', ']']);
    let is_name = |c: char| c.is_ascii_lowercase() || matches!(c, '_' | '.');
    name.chars().all(is_name).then_some(name)
}

fn assignment(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(" = ")?;
    let is_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    key.chars().all(is_key).then_some((key, value))
}
