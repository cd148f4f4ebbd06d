//! The layout book: what every layout id in the journal means.
//!
//! Batches name their layout by an id that is a hash of its content, so this file can never
//! contradict the config or the database; it only has to be there before a record uses the id.
//! It is append-only: frames as in [`crate::frame`], position = offset in the file.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gridos_model::{Layout, LayoutId};
use rkyv::string::ArchivedString;
use rkyv::util::AlignedVec;
use rkyv::vec::ArchivedVec;
use rkyv::{Archive, Serialize};

use crate::memory::Memory;
use crate::scan::Scan;
use crate::storage::{Disk, Storage, StoredFile};
use crate::{JournalError, Position, frame, record, segment};

const KIND_LAYOUT: u16 = 16;
/// Entries are written in portions of about this size: those of a whole fleet are tens of
/// megabytes, which would stay the engine's peak of memory.
const PORTION_BYTES: usize = 256 << 10;
/// Stands in the frames' segment field: "layouts\0".
const BOOK: u64 = u64::from_le_bytes(*b"layouts\0");

/// What a layout is, without the process's columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutDefinition {
    /// The layout's id.
    pub id: LayoutId,
    /// The device's name.
    pub device: String,
    /// Each point's name within the device and its unit, in column order.
    pub points: Vec<(String, String)>,
}

#[derive(Archive, Serialize)]
struct LayoutRecord {
    id: u64,
    device: String,
    points: Vec<PointRecord>,
}

#[derive(Archive, Serialize)]
struct PointRecord {
    name: String,
    unit: String,
}

/// The layout book of a journal folder; shared by the engine that adds and the writer that asks.
#[derive(Debug)]
pub struct LayoutBook {
    path: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    file: Arc<dyn StoredFile>,
    end: u64,
    places: HashMap<LayoutId, (u64, usize)>,
}

impl LayoutBook {
    /// Opens the book in the journal folder `dir`, cutting off an entry a crash interrupted.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        Self::open_on(&Disk, dir)
    }

    /// The same, on `storage`.
    pub fn open_on(storage: &dyn Storage, dir: &Path) -> Result<Self, JournalError> {
        segment::make_dir(storage, dir)?;
        let path = dir.join("layouts");
        let file = match storage.open(&path, true) {
            Err(error) if error.kind() == ErrorKind::NotFound => storage.create(&path),
            opened => opened,
        };
        let file = file.map_err(JournalError::io("open", &path))?;
        segment::sync_dir(storage, dir)?;
        let mut places = HashMap::new();
        let mut payload = AlignedVec::<{ frame::ALIGN }>::new();
        let mut end = Position::START;
        let mut scan = Scan::of_file(&*file, &path, 0, end, Some(BOOK))?;
        while let Some(found) = scan.next(end)? {
            let length = found.header.frame_bytes();
            payload.clear();
            payload.extend_from_slice(body(scan.frame(&found)?, &found.header));
            if let Ok(definition) = read(&payload) {
                places.insert(definition.id, (found.position.get(), length));
            }
            end = found.position.plus(length as u64);
        }
        let cut = file.cut(end.get());
        cut.map_err(JournalError::io("truncate", &path))?;
        let inner = Inner {
            file,
            end: end.get(),
            places,
        };
        Ok(Self {
            path,
            inner: Mutex::new(inner),
        })
    }

    /// Looks at the book in the journal folder `dir` without changing it; `None` if there is none.
    /// Returns how many octets of it are no entries, too: a crash leaves some at its end.
    pub fn look(dir: &Path) -> Result<Option<(Self, u64)>, JournalError> {
        let path = dir.join("layouts");
        let file = match Disk.open(&path, false) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(JournalError::io("open", &path)(error)),
        };
        let bytes = file.bytes().map_err(JournalError::io("measure", &path))?;
        let mut places = HashMap::new();
        let mut payload = AlignedVec::<{ frame::ALIGN }>::new();
        let (mut end, mut entries) = (Position::START, 0);
        let mut scan = Scan::of_file(&*file, &path, 0, end, Some(BOOK))?;
        while let Some(found) = scan.next_known(end)? {
            let length = found.header.frame_bytes();
            payload.clear();
            payload.extend_from_slice(body(scan.frame(&found)?, &found.header));
            if let Ok(definition) = read(&payload) {
                places.insert(definition.id, (found.position.get(), length));
            }
            end = found.position.plus(length as u64);
            entries += length as u64;
        }
        let inner = Inner {
            file,
            end: end.get(),
            places,
        };
        let book = Self {
            path,
            inner: Mutex::new(inner),
        };
        Ok(Some((book, bytes.saturating_sub(entries))))
    }

    /// Adds the layouts that are not in the book and makes them durable; returns how many.
    pub fn add<'a>(
        &self,
        layouts: impl IntoIterator<Item = &'a Layout>,
    ) -> Result<usize, JournalError> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut added = HashMap::new();
        let mut portion = AlignedVec::new();
        let mut end = inner.end;
        for layout in layouts {
            if inner.places.contains_key(&layout.id()) || added.contains_key(&layout.id()) {
                continue;
            }
            let (start, offset) = (portion.len(), end + portion.len() as u64);
            write(layout, offset, &mut portion);
            added.insert(layout.id(), (offset, portion.len() - start));
            if portion.len() >= PORTION_BYTES {
                end = self.append(&*inner.file, end, &mut portion)?;
            }
        }
        if !added.is_empty() {
            inner.end = self.append(&*inner.file, end, &mut portion)?;
            let synced = inner.file.sync_all();
            synced.map_err(JournalError::io("sync", &self.path))?;
        }
        let count = added.len();
        inner.places.extend(added);
        Ok(count)
    }

    /// Writes `portion` at `end` and empties it; returns the new end.
    fn append(
        &self,
        file: &dyn StoredFile,
        end: u64,
        portion: &mut AlignedVec,
    ) -> Result<u64, JournalError> {
        let written = file.write_at(portion, end);
        written.map_err(JournalError::io("write", &self.path))?;
        let end = end + portion.len() as u64;
        portion.clear();
        Ok(end)
    }

    /// A book that is only in memory, for layouts that somebody sends.
    pub fn in_memory() -> Self {
        let inner = Inner {
            file: Arc::new(Memory::default()),
            end: 0,
            places: HashMap::new(),
        };
        Self {
            path: PathBuf::from("memory"),
            inner: Mutex::new(inner),
        }
    }

    /// Adds a layout that somebody sent, if it is not in the book; it is not made durable.
    pub fn adopt(&self, layout: &LayoutDefinition) -> Result<(), JournalError> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.places.contains_key(&layout.id) {
            return Ok(());
        }
        let offset = inner.end;
        let mut entry = AlignedVec::new();
        write_record(&layout.record(), offset, &mut entry);
        let length = entry.len();
        inner.end = self.append(&*inner.file, offset, &mut entry)?;
        inner.places.insert(layout.id, (offset, length));
        Ok(())
    }

    /// How many layouts are in the book.
    pub fn count(&self) -> usize {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.places.len()
    }

    /// Whether the layout `id` is in the book.
    pub fn has(&self, id: LayoutId) -> bool {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.places.contains_key(&id)
    }

    /// Every layout in the book, in the order in which they were added.
    pub fn ids(&self) -> Vec<LayoutId> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places: Vec<_> = inner.places.iter().collect();
        places.sort_unstable_by_key(|(_, (offset, _))| *offset);
        places.into_iter().map(|(id, _)| *id).collect()
    }

    /// What the layout `id` is, or `None` if the book does not have it.
    pub fn find(&self, id: LayoutId) -> Result<Option<LayoutDefinition>, JournalError> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(&(offset, length)) = inner.places.get(&id) else {
            return Ok(None);
        };
        let mut bytes = AlignedVec::<{ frame::ALIGN }>::new();
        bytes.resize(length, 0);
        let loaded = inner.file.read_at(&mut bytes, offset);
        loaded.map_err(JournalError::io("read", &self.path))?;
        let definition = frame::check(&bytes, Position::new(offset), BOOK)
            .ok()
            .and_then(|header| read(body(&bytes, &header)).ok());
        Ok(definition)
    }
}

impl LayoutDefinition {
    /// The layout as an entry of a book, checked like one, to be sent to somebody else.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut entry = AlignedVec::new();
        write_record(&self.record(), 0, &mut entry);
        entry.to_vec()
    }

    /// The inverse of [`Self::to_bytes`], whatever the bytes are; `None` if they are no layout.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut entry = AlignedVec::<{ frame::ALIGN }>::new();
        entry.extend_from_slice(bytes);
        let header = frame::check(&entry, Position::START, BOOK).ok()?;
        read(body(&entry, &header)).ok()
    }

    fn record(&self) -> LayoutRecord {
        let points = self.points.iter();
        let points = points.map(|(name, unit)| PointRecord {
            name: name.clone(),
            unit: unit.clone(),
        });
        LayoutRecord {
            id: self.id.raw(),
            device: self.device.clone(),
            points: points.collect(),
        }
    }
}

fn write(layout: &Layout, offset: u64, buffer: &mut AlignedVec) {
    let points = layout.points().iter().map(|point| PointRecord {
        name: point.name().to_owned(),
        unit: point.unit().to_owned(),
    });
    let record = LayoutRecord {
        id: layout.id().raw(),
        device: layout.device().to_owned(),
        points: points.collect(),
    };
    write_record(&record, offset, buffer);
}

fn write_record(record: &LayoutRecord, offset: u64, buffer: &mut AlignedVec) {
    let start = buffer.len();
    buffer.resize(start + frame::HEADER_BYTES, 0);
    record::write(record, buffer);
    let header = frame::Header {
        length: 0,
        position: Position::new(offset),
        segment: BOOK,
        readings_before: 0,
        readings: 0,
        kind: KIND_LAYOUT,
        stream: 0,
    };
    let header = frame::seal(buffer, start, header);
    buffer.resize(start + header.frame_bytes(), 0);
}

fn read(payload: &[u8]) -> Result<LayoutDefinition, crate::RecordError> {
    let record: &ArchivedLayoutRecord = record::access(payload)?;
    let text = |text: &ArchivedString| text.as_str().to_owned();
    let points: &ArchivedVec<ArchivedPointRecord> = &record.points;
    Ok(LayoutDefinition {
        id: LayoutId::from_raw(record.id.to_native()),
        device: text(&record.device),
        points: points
            .iter()
            .map(|point| (text(&point.name), text(&point.unit)))
            .collect(),
    })
}

fn body<'a>(frame: &'a [u8], header: &frame::Header) -> &'a [u8] {
    &frame[frame::HEADER_BYTES..frame::HEADER_BYTES + header.length as usize]
}
