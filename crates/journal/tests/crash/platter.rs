//! What is on the disk for certain, and what a power cut may leave of the rest.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::chance::Chance;
use crate::disk::{Entry, Inode, SimulatedDisk, Step, is_in};

/// What a disk writes whole or not at all.
pub(crate) const SECTOR: usize = 512;

/// What of the writes that were not synced is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Luck {
    Nothing,
    Everything,
    /// Any sectors, sizes and names, whatever their order.
    Anything,
}

/// The disk as it is for certain at some step, and what is under way to it.
#[derive(Clone, Default)]
pub(crate) struct Platter {
    files: Vec<Platen>,
    names: BTreeMap<PathBuf, Entry>,
    /// Changes of names that are not synced, by folder.
    pending: Vec<Vec<(PathBuf, Option<Entry>)>>,
}

#[derive(Clone, Default)]
struct Platen {
    bytes: Vec<u8>,
    /// Writes and changes of size that are not synced.
    pending: Vec<Pending>,
}

#[derive(Clone)]
enum Pending {
    Write(usize, Vec<u8>),
    Size(usize),
}

impl Platter {
    /// What the disk of some steps becomes with one more.
    pub(crate) fn step(&mut self, step: &Step, chance: &mut Chance) {
        match step {
            Step::Write {
                inode,
                offset,
                bytes,
            } => self
                .platen(*inode)
                .pending
                .push(Pending::Write(*offset, bytes.clone())),
            Step::Size { inode, bytes } => {
                self.platen(*inode).pending.push(Pending::Size(*bytes));
            }
            Step::Sync { inode, is_all } => self.platen(*inode).sync(*is_all),
            Step::SyncFailed { inode } => {
                let platen = self.platen(*inode);
                platen.bytes = platen.after(Luck::Anything, chance);
                platen.pending.clear();
            }
            Step::Names(changes) => {
                for (_, entry) in changes {
                    if let Some(Entry::File(inode)) = entry {
                        self.platen(*inode);
                    }
                }
                self.pending.push(changes.clone());
            }
            Step::SyncDir(dir) => self.settle(Some(dir), Luck::Everything, chance),
            Step::SyncDirFailed(dir) => self.settle(Some(dir), Luck::Anything, chance),
            Step::Note(_) => {}
        }
    }

    /// A disk as the power cut leaves it.
    pub(crate) fn cut(&self, luck: Luck, chance: &mut Chance) -> SimulatedDisk {
        let mut left = Self {
            files: Vec::new(),
            names: self.names.clone(),
            pending: self.pending.clone(),
        };
        left.settle(None, luck, chance);
        let files = self.files.iter().map(|file| file.after(luck, chance));
        SimulatedDisk::with(files.collect(), left.names)
    }

    fn settle(&mut self, dir: Option<&Path>, luck: Luck, chance: &mut Chance) {
        let pending = std::mem::take(&mut self.pending);
        for changes in pending {
            let is_here = changes
                .iter()
                .all(|(path, _)| dir.is_none_or(|dir| is_in(path, dir)));
            if !is_here {
                self.pending.push(changes);
                continue;
            }
            if luck.keeps(chance) {
                for (path, entry) in changes {
                    match entry {
                        Some(entry) => self.names.insert(path, entry),
                        None => self.names.remove(&path),
                    };
                }
            }
        }
        if dir.is_none() {
            // What stands in a folder that is not there cannot be reached.
            let names = self.names.clone();
            let is_reached = |path: &Path| {
                let above = path.ancestors().skip(1);
                let mut above =
                    above.filter(|dir| dir.parent().is_some_and(|d| d != Path::new("")));
                above.all(|dir| names.get(dir) == Some(&Entry::Dir))
            };
            self.names.retain(|path, _| is_reached(path));
        }
    }

    fn platen(&mut self, inode: Inode) -> &mut Platen {
        if self.files.len() <= inode {
            self.files.resize_with(inode + 1, Platen::default);
        }
        &mut self.files[inode]
    }
}

impl Platen {
    fn sync(&mut self, is_all: bool) {
        // That a file was cut is told by `sync_all` only, unless it was written again.
        let is_cut = |pending: &Pending, bytes: &Vec<u8>| match pending {
            Pending::Size(size) => *size < bytes.len(),
            Pending::Write(..) => false,
        };
        let pending = std::mem::take(&mut self.pending);
        let written = pending
            .iter()
            .rposition(|p| matches!(p, Pending::Write(..)));
        for (index, pending) in pending.into_iter().enumerate() {
            let is_last = written.is_none_or(|written| written < index);
            if is_last && !is_all && is_cut(&pending, &self.bytes) {
                self.pending.push(pending);
            } else {
                pending.apply(&mut self.bytes);
            }
        }
    }

    fn after(&self, luck: Luck, chance: &mut Chance) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        for pending in &self.pending {
            match pending {
                Pending::Size(_) => {
                    if luck.keeps(chance) {
                        pending.apply(&mut bytes);
                    }
                }
                // Each sector for itself; of one that is written twice the later may be lost.
                Pending::Write(offset, written) => {
                    let mut at = 0;
                    while at < written.len() {
                        let rest = SECTOR - (offset + at) % SECTOR;
                        let until = (at + rest).min(written.len());
                        if luck.keeps(chance) {
                            let piece = written[at..until].to_vec();
                            Pending::Write(offset + at, piece).apply(&mut bytes);
                        }
                        at = until;
                    }
                }
            }
        }
        bytes
    }
}

impl Pending {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Size(size) => file.resize(*size, 0),
            Self::Write(offset, bytes) => {
                file.resize(file.len().max(offset + bytes.len()), 0);
                file[*offset..][..bytes.len()].copy_from_slice(bytes);
            }
        }
    }
}

impl Luck {
    fn keeps(self, chance: &mut Chance) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Anything => chance.one_in(2),
        }
    }
}

/// What each sector held before it was written last.
pub(crate) fn stale_sectors(steps: &[Step]) -> BTreeMap<(Inode, usize), Vec<u8>> {
    let (mut files, mut stale) = (BTreeMap::<Inode, Vec<u8>>::new(), BTreeMap::new());
    for step in steps {
        let Step::Write {
            inode,
            offset,
            bytes,
        } = step
        else {
            continue;
        };
        let file = files.entry(*inode).or_default();
        let end = (offset + bytes.len()).next_multiple_of(SECTOR);
        file.resize(file.len().max(end), 0);
        for sector in offset / SECTOR..end / SECTOR {
            let held = file[sector * SECTOR..][..SECTOR].to_vec();
            stale.insert((*inode, sector), held);
        }
        file[*offset..][..bytes.len()].copy_from_slice(bytes);
    }
    stale
}
