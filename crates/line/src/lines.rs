//! Bytes to lines.
//!
//! The grammar is that of InfluxDB v2's reference, "Line protocol":
//! `measurement[,tag=value…] field=value[,field=value…] [timestamp]`; `#` begins a comment. A comma,
//! an equals sign and a space in a name are escaped by a backslash, a quote and a backslash in a text
//! as well; a backslash before anything else is a backslash. A text may hold line breaks.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use crate::number;

/// One line that can be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Line<'a> {
    /// The measurement, without its escapes; never empty.
    pub measurement: Cow<'a, str>,
    /// Names and values of the tags, in their order.
    pub tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Names and values of the fields, in their order; never empty.
    pub fields: Vec<(Cow<'a, str>, FieldValue<'a>)>,
    /// In the unit that the client chose.
    pub timestamp: Option<i64>,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue<'a> {
    /// A float, an integer as the nearest float, or a boolean as 1 or 0; always finite.
    Number(f64),
    /// A text, without its escapes.
    Text(Cow<'a, str>),
}

/// Why a line cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {what}")]
pub struct LineError {
    /// In bytes from the beginning of the line, from 1.
    pub column: usize,
    what: &'static str,
}

/// All lines of a body that say something, each with its number from 1.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a [u8],
    /// What is known of `rest`: it begins with this.
    known: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    /// The lines of `body`, which need not be UTF-8: what is none is the error of its line.
    pub fn new(body: &'a [u8]) -> Self {
        Self {
            rest: body,
            known: beginning(body),
            number: 1,
        }
    }

    /// Goes on behind `bytes`.
    fn skip(&mut self, bytes: usize) {
        let (gone, rest) = self.rest.split_at(bytes.min(self.rest.len()));
        self.number += memchr_iter(b'\n', gone).count();
        self.rest = rest;
        self.known = self.known.get(bytes..).unwrap_or_default();
    }

    /// Goes on behind the first line break after `bytes`.
    fn skip_line(&mut self, bytes: usize) {
        let from = bytes.min(self.rest.len());
        let end = memchr(b'\n', &self.rest[from..]);
        self.skip(end.map_or(self.rest.len(), |end| from + end + 1));
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = (usize, Result<Line<'a>, LineError>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.rest.first()? {
                b'\n' | b'\r' | b' ' | b'\t' => self.skip(1),
                b'#' => self.skip_line(0),
                _ => break,
            }
        }
        let number = self.number;
        let mut scanner = Scanner {
            text: self.rest,
            known: self.known,
            at: 0,
        };
        let line = scanner.line();
        match line {
            Ok(_) => self.skip(scanner.at),
            Err(error) => self.skip_line(error.column - 1),
        }
        Some((number, line))
    }
}

/// The UTF-8 that `body` begins with: looked at once, because that is far cheaper than name by name.
fn beginning(body: &[u8]) -> &str {
    std::str::from_utf8(body).unwrap_or_else(|error| {
        let (valid, _) = body.split_at(error.valid_up_to());
        std::str::from_utf8(valid).unwrap_or_default()
    })
}

/// Reads one line from the beginning of `text`.
struct Scanner<'a> {
    text: &'a [u8],
    /// What `text` begins with, looked at before: all of it, as a rule.
    known: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn line(&mut self) -> Result<Line<'a>, LineError> {
        let measurement = self.name(b", ", "the measurement is missing")?;
        let mut tags = Vec::new();
        while self.take(b',') {
            let key = self.name(b"=", "a tag's name is missing")?;
            self.demand(b'=', "a tag is written name=value")?;
            let value = self.name(b", ", "a tag's value is missing")?;
            tags.push((key, value));
        }
        self.spaces("a space and fields must follow the measurement and its tags")?;
        let mut fields = Vec::new();
        loop {
            let key = self.field_name()?;
            self.demand(b'=', "a field is written name=value")?;
            fields.push((key, self.value()?));
            if !self.take(b',') {
                break;
            }
        }
        let timestamp = self.timestamp()?;
        Ok(Line {
            measurement,
            tags,
            fields,
            timestamp,
        })
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn demand(&mut self, byte: u8, what: &'static str) -> Result<(), LineError> {
        match self.take(byte) {
            true => Ok(()),
            false => Err(self.error(what)),
        }
    }

    fn spaces(&mut self, what: &'static str) -> Result<(), LineError> {
        self.demand(b' ', what)?;
        while self.take(b' ') {}
        Ok(())
    }

    fn error(&self, what: &'static str) -> LineError {
        self.error_at(self.at, what)
    }

    fn error_at(&self, at: usize, what: &'static str) -> LineError {
        LineError {
            column: at + 1,
            what,
        }
    }

    /// The name of a field; most are plain up to their equals sign.
    fn field_name(&mut self) -> Result<Cow<'a, str>, LineError> {
        let from = self.at;
        let rest = self.text.get(from..).unwrap_or_default();
        let plain = rest.iter().position(|byte| MEANS[usize::from(*byte)]);
        let plain = plain.unwrap_or_default();
        if plain > 0 && rest.get(plain) == Some(&b'=') {
            self.at += plain;
            return self.utf8(from, self.at).map(Cow::Borrowed);
        }
        self.name(b"=", "a field's name is missing")
    }

    /// A name up to one of `ends`, which is not taken; escapes are undone.
    fn name(&mut self, ends: &[u8], missing: &'static str) -> Result<Cow<'a, str>, LineError> {
        let from = self.at;
        let mut is_escaped = false;
        while let Some(byte) = self.peek() {
            match byte {
                b'\n' => break,
                b'\\' if self.text.get(self.at + 1).is_some_and(is_special) => {
                    is_escaped = true;
                    self.at += 1;
                }
                _ if ends.contains(&byte) => break,
                b' ' => return Err(self.error("a space in a name is written '\\ '")),
                b',' => return Err(self.error("a comma in a name is written '\\,'")),
                _ => {}
            }
            self.at += 1;
        }
        if self.at == from {
            return Err(self.error(missing));
        }
        let name = self.utf8(from, self.at)?;
        Ok(match is_escaped {
            true => Cow::Owned(without_escapes(name, is_special)),
            false => Cow::Borrowed(name),
        })
    }

    fn utf8(&self, from: usize, until: usize) -> Result<&'a str, LineError> {
        if let Some(known) = self.known.get(from..until) {
            return Ok(known);
        }
        let bytes = self.text.get(from..until).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| self.error_at(from, "this is no UTF-8"))
    }

    fn value(&mut self) -> Result<FieldValue<'a>, LineError> {
        if self.take(b'"') {
            return self.text_value().map(FieldValue::Text);
        }
        let from = self.at;
        let rest = self.text.get(from..).unwrap_or_default();
        if let Some((number, length)) = number::plain(rest) {
            self.at += length;
            return Ok(FieldValue::Number(number));
        }
        let number = number::of(self.word()?);
        number.map(FieldValue::Number).ok_or_else(|| {
            self.error_at(
                from,
                "a value is a number, an integer as 7i or 7u, true, false, or a \"text\"",
            )
        })
    }

    /// What stands up to the next comma, space or line break.
    fn word(&mut self) -> Result<&'a str, LineError> {
        let from = self.at;
        while self.peek().is_some_and(|byte| !number::is_end(byte)) {
            self.at += 1;
        }
        self.utf8(from, self.at)
    }

    fn text_value(&mut self) -> Result<Cow<'a, str>, LineError> {
        let from = self.at;
        let mut is_escaped = false;
        loop {
            match self.peek() {
                None => return Err(self.error_at(from - 1, "the text has no closing quote")),
                Some(b'"') => break,
                Some(b'\\') if self.text.get(self.at + 1).is_some_and(is_quoted_special) => {
                    is_escaped = true;
                    self.at += 1;
                }
                Some(_) => {}
            }
            self.at += 1;
        }
        let text = self.utf8(from, self.at)?;
        self.at += 1;
        Ok(match is_escaped {
            true => Cow::Owned(without_escapes(text, is_quoted_special)),
            false => Cow::Borrowed(text),
        })
    }

    fn timestamp(&mut self) -> Result<Option<i64>, LineError> {
        let had_space = self.take(b' ');
        while self.take(b' ') {}
        let from = self.at;
        let mut timestamp = None;
        if had_space && !matches!(self.peek(), None | Some(b'\n' | b'\r')) {
            let text = self.word()?;
            let number = text.parse().ok();
            let what = "a timestamp is a whole number";
            timestamp = Some(number.ok_or_else(|| self.error_at(from, what))?);
            while self.take(b' ') {}
        }
        self.take(b'\r');
        match self.peek() {
            None => Ok(timestamp),
            Some(b'\n') => {
                self.at += 1;
                Ok(timestamp)
            }
            Some(_) => Err(self.error("the line should end here")),
        }
    }
}

/// Which bytes may end a name, or are escaped in one, or escape.
const MEANS: [bool; 256] = {
    let mut means = [false; 256];
    means[b'\n' as usize] = true;
    means[b'\\' as usize] = true;
    means[b',' as usize] = true;
    means[b'=' as usize] = true;
    means[b' ' as usize] = true;
    means
};

fn is_special(byte: &u8) -> bool {
    matches!(byte, b',' | b'=' | b' ')
}

fn is_quoted_special(byte: &u8) -> bool {
    matches!(byte, b'"' | b'\\')
}

/// The text without the backslashes that stand before special bytes.
fn without_escapes(text: &str, is_special: fn(&u8) -> bool) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, behind) = rest.split_at(at);
        plain.push_str(before);
        let mut letters = behind[1..].chars();
        match letters.next() {
            Some(letter) if u8::try_from(letter).is_ok_and(|byte| is_special(&byte)) => {
                plain.push(letter);
            }
            Some(letter) => plain.extend(['\\', letter]),
            None => plain.push('\\'),
        }
        rest = letters.as_str();
    }
    plain.push_str(rest);
    plain
}
