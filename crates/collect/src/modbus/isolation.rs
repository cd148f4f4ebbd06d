//! Which points of a request a device refuses to be read, found by asking.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

/// The search for the points that spoil a request, as a pure machine.
///
/// A device answers a whole request with exception 2 if it lacks one of its addresses. Asked for
/// halves, and halves of halves, it tells which points it lacks; what is left between them is
/// joined again where the device allows it. The caller goes through *passes*: from
/// [`Isolation::begin`] on it asks for what [`Isolation::next_ask`] says and tells the outcome,
/// until there is nothing more to ask. With `b` points that cannot be read, or cannot be read
/// together, among `n`, the search costs O(b·log n) requests; after it, a pass reads every point
/// that can be read.
#[derive(Clone, Debug)]
pub struct Isolation {
    /// The addresses of each point, ascending.
    cells: Vec<Cell>,
    /// Neighbouring cells that are alike, in order and without a gap.
    parts: Vec<Part>,
    /// Cells that could not be read together with the one before, though each could alone.
    cuts: BTreeSet<usize>,
    trials: VecDeque<Trial>,
    /// Where the pass is; `None` between passes.
    at: Option<Step>,
    is_dirty: bool,
}

/// A range of addresses to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The first address.
    pub start: u32,
    /// How many addresses.
    pub count: u32,
    /// Whether the answer is part of the pass; else it only shows what can be read.
    pub is_kept: bool,
}

#[derive(Clone, Debug)]
struct Cell {
    addresses: Range<u32>,
    /// The place of the point in what the isolation was made of.
    position: usize,
}

#[derive(Clone, Debug, PartialEq)]
struct Part {
    cells: Range<usize>,
    is_refused: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    Part(usize),
    /// All is refused: whether it still is, so that the device is asked at all.
    Whole,
    Trial,
    End,
}

#[derive(Clone, Debug, PartialEq)]
enum Trial {
    /// Whether these cells, which were refused, can be read now.
    Refused(Range<usize>),
    /// Whether the parts on both sides of this cell's start can be read together.
    Joined(usize),
}

impl Isolation {
    /// Of points with these addresses, in any order; nothing is refused yet.
    pub fn new(points: impl IntoIterator<Item = Range<u32>>) -> Self {
        let cell = |(position, addresses)| Cell {
            addresses,
            position,
        };
        let mut cells: Vec<_> = points.into_iter().enumerate().map(cell).collect();
        cells.sort_by_key(|cell| (cell.addresses.start, cell.addresses.end));
        let all = Part {
            cells: 0..cells.len(),
            is_refused: false,
        };
        Self {
            cells,
            parts: vec![all],
            cuts: BTreeSet::new(),
            trials: VecDeque::new(),
            at: None,
            is_dirty: false,
        }
    }

    /// Begins a pass; what was asked and not answered is forgotten.
    pub fn begin(&mut self) {
        self.is_dirty = false;
        self.at = Some(if self.parts.iter().all(|part| part.is_refused) {
            Step::Whole
        } else {
            Step::Part(0)
        });
        self.pass_refused();
    }

    /// What to ask for now, the same until its outcome is told; `None` outside of a pass.
    pub fn next_ask(&self) -> Option<Ask> {
        let (cells, is_kept) = match self.at? {
            Step::Part(part) => (self.parts.get(part)?.cells.clone(), true),
            Step::Whole => (0..self.cells.len(), true),
            Step::Trial => (self.trial_cells()?, false),
            Step::End => return None,
        };
        let own = self.cells.get(cells)?;
        let start = own.first()?.addresses.start;
        let end = own.iter().map(|cell| cell.addresses.end).max()?;
        Some(Ask {
            start,
            count: end.saturating_sub(start),
            is_kept,
        })
    }

    /// What was asked for was answered.
    pub fn on_answer(&mut self) {
        match self.at {
            Some(Step::Part(part)) => self.at = Some(Step::Part(part + 1)),
            Some(Step::Whole) => {
                self.set(0..self.cells.len(), false);
                self.trials.clear();
                self.at = Some(Step::End);
            }
            Some(Step::Trial) => {
                match self.trials.pop_front() {
                    Some(Trial::Refused(cells)) => {
                        self.set(cells, false);
                        self.try_joining();
                        // Its answer is not part of the pass, which so lacks what it showed.
                        self.is_dirty = true;
                    }
                    Some(Trial::Joined(border)) => self.join(border),
                    None => {}
                }
                self.at = Some(Step::End);
            }
            Some(Step::End) | None => {}
        }
        self.pass_refused();
    }

    /// What was asked for was refused with exception 2.
    pub fn on_refusal(&mut self) {
        match self.at {
            Some(Step::Part(part)) => self.split(part),
            Some(Step::Whole) => self.at = Some(self.trial_step()),
            Some(Step::Trial) => {
                match self.trials.pop_front() {
                    Some(Trial::Refused(cells)) if cells.len() > 1 => {
                        let [first, second] = halves(&cells);
                        self.trials.push_back(Trial::Refused(first));
                        self.trials.push_back(Trial::Refused(second));
                    }
                    Some(Trial::Joined(border)) => {
                        self.cuts.insert(border);
                    }
                    Some(Trial::Refused(_)) | None => {}
                }
                self.at = Some(Step::End);
            }
            Some(Step::End) | None => {}
        }
        self.pass_refused();
    }

    /// Whether the pass found something new: then it must be begun again, since its answers lie
    /// too far apart to be of one time.
    pub fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    /// Tries everything that was refused again, one request per pass, as after a repair.
    pub fn retry(&mut self) {
        let refused = self.parts.iter().filter(|part| part.is_refused);
        self.trials = refused
            .map(|part| Trial::Refused(part.cells.clone()))
            .collect();
        self.cuts.clear();
        self.try_joining();
    }

    /// Whether one request reads all again, and there is nothing left to try.
    pub fn is_whole(&self) -> bool {
        matches!(&*self.parts, [part] if !part.is_refused)
    }

    /// Whether there is nothing left to try.
    pub fn is_settled(&self) -> bool {
        self.trials.is_empty() && !self.is_dirty
    }

    /// The points that are refused, by their place in what the isolation was made of.
    pub fn refused(&self) -> impl Iterator<Item = usize> {
        let refused = self.parts.iter().filter(|part| part.is_refused);
        let cells = refused.flat_map(|part| self.cells.get(part.cells.clone()));
        cells.flatten().map(|cell| cell.position)
    }

    /// The points of which the ranges `kept` lack an address, by their place in what the isolation
    /// was made of.
    pub fn missing(&self, kept: &[Range<u32>]) -> impl Iterator<Item = usize> {
        let holds = |address: u32| kept.iter().any(|range| range.contains(&address));
        let lacks = move |cell: &&Cell| !cell.addresses.clone().all(holds);
        self.cells.iter().filter(lacks).map(|cell| cell.position)
    }

    /// The addresses of neighbouring points that are refused, first and last one.
    pub fn refused_addresses(&self) -> impl Iterator<Item = (u32, u32)> {
        let refused = self.parts.iter().filter(|part| part.is_refused);
        refused.filter_map(|part| {
            let own = self.cells.get(part.cells.clone())?;
            let end = own.iter().map(|cell| cell.addresses.end).max()?;
            Some((own.first()?.addresses.start, end.saturating_sub(1)))
        })
    }

    /// Goes on to what the pass has to ask next.
    fn pass_refused(&mut self) {
        while let Some(Step::Part(part)) = self.at {
            match self.parts.get(part) {
                Some(part) if !part.is_refused => return,
                Some(_) => self.at = Some(Step::Part(part + 1)),
                None if self.is_dirty => {
                    self.try_joining();
                    self.at = Some(Step::End);
                }
                None => self.at = Some(self.trial_step()),
            }
        }
    }

    fn trial_step(&mut self) -> Step {
        while !self.trials.is_empty() {
            if self.trial_cells().is_some() {
                return Step::Trial;
            }
            self.trials.pop_front();
        }
        Step::End
    }

    /// What the next trial asks for; `None` if it has become pointless.
    fn trial_cells(&self) -> Option<Range<usize>> {
        let part_of = |cell: usize| self.parts.iter().find(|part| part.cells.contains(&cell));
        match self.trials.front()? {
            Trial::Refused(cells) => {
                let part = part_of(cells.start)?;
                (part.is_refused && part.cells.end >= cells.end).then(|| cells.clone())
            }
            Trial::Joined(border) => {
                let (left, right) = (part_of(border.checked_sub(1)?)?, part_of(*border)?);
                let both = !left.is_refused && !right.is_refused && left.cells.end == *border;
                both.then_some(left.cells.start..right.cells.end)
            }
        }
    }

    /// Takes the part apart, or refuses it if it is a single cell.
    fn split(&mut self, part: usize) {
        self.is_dirty = true;
        let Some(refused) = self.parts.get_mut(part) else {
            return;
        };
        if refused.cells.len() <= 1 {
            refused.is_refused = true;
            return;
        }
        let [first, second] = halves(&refused.cells);
        refused.cells = first;
        let second = Part {
            cells: second,
            is_refused: false,
        };
        self.parts.insert(part + 1, second);
    }

    /// Makes `cells` a part of its own, and joins refused neighbours.
    fn set(&mut self, cells: Range<usize>, is_refused: bool) {
        let mut parts: Vec<Part> = Vec::with_capacity(self.parts.len() + 2);
        for part in std::mem::take(&mut self.parts) {
            let before = part.cells.start..part.cells.end.min(cells.start);
            let behind = part.cells.start.max(cells.end)..part.cells.end;
            let keep = |cells: Range<usize>| Part {
                cells,
                is_refused: part.is_refused,
            };
            if !before.is_empty() {
                parts.push(keep(before));
            }
            if part.cells.contains(&cells.start) {
                parts.push(Part {
                    cells: cells.clone(),
                    is_refused,
                });
            }
            if !behind.is_empty() {
                parts.push(keep(behind));
            }
        }
        self.parts = parts;
    }

    fn join(&mut self, border: usize) {
        let right = self
            .parts
            .iter()
            .position(|part| part.cells.start == border);
        if let Some(right) = right.filter(|right| *right > 0) {
            let part = self.parts.remove(right);
            if let Some(left) = self.parts.get_mut(right - 1) {
                left.cells.end = part.cells.end;
            }
        }
    }

    /// Joins refused neighbours, and plans the trials that would join the others.
    fn try_joining(&mut self) {
        self.parts.dedup_by(|right, left| {
            let both = left.is_refused && right.is_refused;
            if both {
                left.cells.end = right.cells.end;
            }
            both
        });
        for pair in self.parts.windows(2) {
            let border = pair[1].cells.start;
            let is_refused = pair.iter().any(|part| part.is_refused);
            let trial = Trial::Joined(border);
            if !is_refused && !self.cuts.contains(&border) && !self.trials.contains(&trial) {
                self.trials.push_back(trial);
            }
        }
    }
}

fn halves(cells: &Range<usize>) -> [Range<usize>; 2] {
    let middle = cells.start + cells.len() / 2;
    [cells.start..middle, middle..cells.end]
}

#[cfg(test)]
mod tests;
