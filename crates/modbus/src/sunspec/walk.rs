//! The way along the chain of models.

use super::definition::{Definition, definition};

/// Where the letters may stand, in the order in which they are looked for.
pub const BASES: [u16; 3] = [40_000, 50_000, 0];

/// "SunS".
const MARK: [u16; 2] = [0x5375, 0x6e53];
/// The id behind the last model.
const END_ID: u16 = 0xffff;
/// Registers of the id and the length.
const HEADER: u32 = 2;
const REGISTERS_PER_READ: u32 = 125;
/// No device has so many; a broken chain of empty models ends here.
const MODELS_MAX: usize = 500;

/// What a device says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discovery {
    /// Where its letters stand; `None` if it has none.
    pub base: Option<u16>,
    /// Its models, in their order.
    pub models: Vec<Model>,
    /// How the walk ended.
    pub end: End,
}

/// One model of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its id.
    pub id: u16,
    /// Where its id stands.
    pub address: u16,
    /// How many registers follow its id and its length.
    pub length: u16,
    /// These registers, as far as they could be read; empty if the model is not known.
    pub words: Vec<u16>,
    /// The exception that ended the reading of them.
    pub refused: Option<u8>,
    /// What it consists of, if it is known.
    pub definition: Option<&'static Definition>,
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It has not ended yet.
    NotYet,
    /// At the end of the chain, as it should be.
    Marked,
    /// The letters stand at none of the [`BASES`].
    NotSunSpec,
    /// The device refused to read the header of the next model.
    Refused {
        /// Where it would stand.
        address: u16,
        /// The exception.
        code: u8,
    },
    /// The chain leads past address 65,535, or is longer than any device's.
    Endless,
    /// An answer had another length than was asked for.
    Broken,
}

/// A walk along the chain: read what [`Walk::poll_read`] asks for, and hand in the answer.
#[derive(Clone, Debug)]
pub struct Walk {
    place: Place,
    found: Discovery,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Looking for the letters at this one of the bases.
    Base(usize),
    /// At the header of a model.
    Header(u32),
    /// In the last found model, from this address on.
    Body { next: u32, end: u32 },
}

impl Default for Walk {
    /// A walk that looks for the letters.
    fn default() -> Self {
        Self {
            place: Place::Base(0),
            found: Discovery {
                base: None,
                models: Vec::new(),
                end: End::NotYet,
            },
        }
    }
}

impl Walk {
    /// The first address and the number of holding registers to read next, at most 125; `None` at
    /// the end.
    pub fn poll_read(&self) -> Option<(u16, u16)> {
        if self.found.end != End::NotYet {
            return None;
        }
        let (start, count) = match self.place {
            Place::Base(n) => (u32::from(*BASES.get(n)?), 2),
            Place::Header(address) => (address, HEADER),
            Place::Body { next, end } => (next, (end - next).min(REGISTERS_PER_READ)),
        };
        Some((u16::try_from(start).ok()?, u16::try_from(count).ok()?))
    }

    /// Takes the registers that were asked for.
    pub fn handle_words(&mut self, words: &[u16]) {
        let Some((_, count)) = self.poll_read() else {
            return;
        };
        if words.len() != usize::from(count) {
            self.found.end = End::Broken;
            return;
        }
        match self.place {
            Place::Base(n) if words == MARK => {
                self.found.base = BASES.get(n).copied();
                let base = self.found.base.map_or(0, u32::from);
                self.go_to_header(base + HEADER);
            }
            Place::Base(n) => self.go_to_base(n + 1),
            Place::Header(address) => self.enter(address, words),
            Place::Body { next, end } => {
                if let Some(model) = self.found.models.last_mut() {
                    model.words.extend(words);
                }
                let next = next + u32::from(count);
                if next < end {
                    self.place = Place::Body { next, end };
                } else {
                    self.go_to_header(end);
                }
            }
        }
    }

    /// Takes the exception `code` that the device answered instead.
    pub fn handle_exception(&mut self, code: u8) {
        match self.place {
            Place::Base(n) => self.go_to_base(n + 1),
            Place::Header(address) => {
                let address = u16::try_from(address).unwrap_or(u16::MAX);
                self.found.end = End::Refused { address, code };
            }
            Place::Body { end, .. } => {
                if let Some(model) = self.found.models.last_mut() {
                    model.refused = Some(code);
                }
                self.go_to_header(end);
            }
        }
    }

    /// What was found so far.
    pub fn found(&self) -> &Discovery {
        &self.found
    }

    /// What was found.
    pub fn finish(self) -> Discovery {
        self.found
    }

    fn go_to_base(&mut self, n: usize) {
        self.place = Place::Base(n);
        if n >= BASES.len() {
            self.found.end = End::NotSunSpec;
        }
    }

    fn go_to_header(&mut self, address: u32) {
        self.place = Place::Header(address);
        if address + HEADER > 1 << 16 || self.found.models.len() == MODELS_MAX {
            self.found.end = End::Endless;
        }
    }

    /// At `address` stands a header.
    fn enter(&mut self, address: u32, header: &[u16]) {
        let &[id, length] = header else { return };
        if id == END_ID {
            self.found.end = End::Marked;
            return;
        }
        let known = definition(id);
        self.found.models.push(Model {
            id,
            address: u16::try_from(address).unwrap_or(u16::MAX),
            length,
            words: Vec::new(),
            refused: None,
            definition: known,
        });
        let next = address + HEADER;
        let end = next + u32::from(length);
        if known.is_some() && length > 0 && end <= 1 << 16 {
            self.place = Place::Body { next, end };
        } else {
            self.go_to_header(end);
        }
    }
}
