//! The layout book: what every layout id in the journal means.
//!
//! Batches name their layout by an id that is a hash of its content, so this file can never
//! contradict the config or the database; it only has to be there before a record uses the id.
//! It is append-only: frames as in [`crate::frame`], position = offset in the file.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use gridos_model::{Layout, LayoutId};
use rkyv::string::ArchivedString;
use rkyv::util::AlignedVec;
use rkyv::vec::ArchivedVec;
use rkyv::{Archive, Serialize};

use crate::recovery::find_frame;
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
    file: File,
    end: u64,
    places: HashMap<LayoutId, (u64, usize)>,
}

impl LayoutBook {
    /// Opens the book in the journal folder `dir`, cutting off an entry a crash interrupted.
    pub fn open(dir: &Path) -> Result<Self, JournalError> {
        std::fs::create_dir_all(dir).map_err(JournalError::io("create", dir))?;
        let path = dir.join("layouts");
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(JournalError::io("open", &path))?;
        segment::sync_dir(dir)?;
        let bytes = std::fs::read(&path).map_err(JournalError::io("read", &path))?;
        let mut inner = Inner {
            file,
            end: 0,
            places: HashMap::new(),
        };
        let mut payload = AlignedVec::<{ frame::ALIGN }>::new();
        let mut offset = 0;
        let find = |offset| {
            find_frame(&bytes, offset, Position::START, BOOK).map_err(|newer| newer.refuse(&path))
        };
        while let Some(found) = find(offset)? {
            let length = found.header.frame_bytes();
            payload.clear();
            payload.extend_from_slice(body(&bytes[found.offset..], &found.header));
            if let Ok(definition) = read(&payload) {
                inner
                    .places
                    .insert(definition.id, (found.offset as u64, length));
            }
            offset = found.offset + length;
        }
        inner.end = offset as u64;
        inner
            .file
            .set_len(inner.end)
            .map_err(JournalError::io("truncate", &path))?;
        Ok(Self {
            path,
            inner: Mutex::new(inner),
        })
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
                end = self.append(&inner.file, end, &mut portion)?;
            }
        }
        if !added.is_empty() {
            inner.end = self.append(&inner.file, end, &mut portion)?;
            let synced = inner.file.sync_all();
            synced.map_err(JournalError::io("sync", &self.path))?;
        }
        let count = added.len();
        inner.places.extend(added);
        Ok(count)
    }

    /// Writes `portion` at `end` and empties it; returns the new end.
    fn append(&self, file: &File, end: u64, portion: &mut AlignedVec) -> Result<u64, JournalError> {
        let written = file.write_all_at(portion, end);
        written.map_err(JournalError::io("write", &self.path))?;
        let end = end + portion.len() as u64;
        portion.clear();
        Ok(end)
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
        inner
            .file
            .read_exact_at(&mut bytes, offset)
            .map_err(JournalError::io("read", &self.path))?;
        let definition = frame::check(&bytes, Position::new(offset), BOOK)
            .ok()
            .and_then(|header| read(body(&bytes, &header)).ok());
        Ok(definition)
    }
}

fn write(layout: &Layout, offset: u64, buffer: &mut AlignedVec) {
    let start = buffer.len();
    buffer.resize(start + frame::HEADER_BYTES, 0);
    let points = layout.points().iter().map(|point| PointRecord {
        name: point.name().to_owned(),
        unit: point.unit().to_owned(),
    });
    let record = LayoutRecord {
        id: layout.id().raw(),
        device: layout.device().to_owned(),
        points: points.collect(),
    };
    record::write(&record, buffer);
    let header = frame::Header {
        length: 0,
        position: Position::new(offset),
        segment: BOOK,
        readings_before: 0,
        readings: 0,
        kind: KIND_LAYOUT,
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
