//! Repairing a journal that no engine holds: nothing good is rewritten, nothing is thrown away.
//!
//! Damaged octets are copied to the folder `quarantine` beside the streams before anything else is
//! done. Where they stand between good frames they also stay where they are: readers skip them.

use std::fs::{self, File};
use std::io::{BufReader, Read as _, Seek as _, SeekFrom, Take};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::JournalError;
use crate::appender::lock;
use crate::inspect::{SegmentFile, SegmentInfo, SpanKind, Step, StreamFiles, Walk, stream_files};
use crate::segment::{HEADER_BYTES, SegmentHeader, sync_dir};
use crate::storage::{Disk, Lock};

/// What is done to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repair {
    /// The file.
    pub path: PathBuf,
    /// What is copied: octets from `offset`, so many.
    pub offset: u64,
    /// How many.
    pub bytes: u64,
    /// Where they are copied to.
    pub copy: PathBuf,
    /// What is done then.
    pub action: Action,
}

/// What is done to a file when the octets are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: readers skip them.
    Keep,
    /// The file is cut off where they begin.
    Cut,
    /// The header is written anew, as its neighbours and its first frame determine it.
    WriteHeader(SegmentInfo),
}

/// What can be done, and what cannot.
#[derive(Clone, Debug, Default)]
pub struct RepairPlan {
    /// What can be done, in order.
    pub repairs: Vec<Repair>,
    /// What only somebody who looks can decide.
    pub remarks: Vec<String>,
}

/// A journal folder, held for repairing.
#[derive(Debug)]
pub struct Workshop {
    root: PathBuf,
    _locks: Vec<Lock>,
}

impl Workshop {
    /// Takes the journal in `root`, which no engine may hold until this is dropped.
    pub fn enter(root: &Path) -> Result<Self, JournalError> {
        let mut locks = vec![lock(&Disk, root)?];
        for stream in stream_files(root)? {
            if stream.dir != root {
                locks.push(lock(&Disk, &stream.dir)?);
            }
        }
        Ok(Self {
            root: root.to_owned(),
            _locks: locks,
        })
    }

    /// Looks for what can be repaired, changing nothing.
    pub fn plan(&self) -> Result<RepairPlan, JournalError> {
        let mut plan = RepairPlan::default();
        for stream in stream_files(&self.root)? {
            for segment in &stream.segments {
                self.plan_segment(&stream, segment, &mut plan)?;
            }
        }
        plan.repairs.retain(|repair| !is_done(repair));
        Ok(plan)
    }

    fn plan_segment(
        &self,
        stream: &StreamFiles,
        segment: &SegmentFile,
        plan: &mut RepairPlan,
    ) -> Result<(), JournalError> {
        let info = match &segment.header {
            Ok(info) => *info,
            Err(why) => {
                let rebuilt = stream.stream.and_then(|id| segment.rebuild_header(id));
                let Some(info) = segment.info(stream.stream) else {
                    let path = segment.path.display();
                    plan.remarks.push(format!(
                        "{path}: {why}, and nothing determines it: the file is left as it is"
                    ));
                    return Ok(());
                };
                match rebuilt {
                    Some(info) => {
                        let bytes = segment.bytes.min(HEADER_BYTES as u64);
                        let action = Action::WriteHeader(info);
                        plan.repairs.push(self.repair(segment, 0, bytes, action));
                    }
                    None => plan.remarks.push(format!(
                        "{}: {why}, and so is the first frame, which would determine it: it is left as it is, \
                         and the good frames are read all the same",
                        segment.path.display()
                    )),
                }
                info
            }
        };
        let mut walk = Walk::open(segment, info)?;
        while let Some(step) = walk.step()? {
            let Step::Span(span) = step else { continue };
            let action = match span.kind {
                SpanKind::Damaged => Action::Keep,
                SpanKind::Torn => Action::Cut,
                SpanKind::Unused => continue,
                SpanKind::Missing => {
                    let path = segment.path.display();
                    plan.remarks.push(format!(
                        "{path}: the file ends {} bytes before the next segment begins: they are lost",
                        span.bytes
                    ));
                    continue;
                }
                SpanKind::Newer { version } => {
                    let path = segment.path.display();
                    plan.remarks.push(format!(
                        "{path}: a frame at {} is of a later version ({version}): it is left as it is",
                        span.offset
                    ));
                    continue;
                }
            };
            let repair = self.repair(segment, span.offset, span.bytes, action);
            plan.repairs.push(repair);
        }
        Ok(())
    }

    fn repair(&self, segment: &SegmentFile, offset: u64, bytes: u64, action: Action) -> Repair {
        let stream = segment.path.parent().and_then(Path::file_name);
        let stream = stream.unwrap_or_default().to_string_lossy();
        let name = format!("{stream}-{:020}-{offset}.bin", segment.base.get());
        Repair {
            path: segment.path.clone(),
            offset,
            bytes,
            copy: self.root.join("quarantine").join(name),
            action,
        }
    }

    /// Does one repair; each is whole and durable before the next begins.
    pub fn carry_out(&self, repair: &Repair) -> Result<(), JournalError> {
        copy(repair)?;
        let path = &repair.path;
        let open = || File::options().write(true).open(path);
        match repair.action {
            Action::Keep => Ok(()),
            Action::Cut => open()
                .and_then(|file| {
                    file.set_len(repair.offset)?;
                    file.sync_all()
                })
                .map_err(JournalError::io("truncate", path)),
            Action::WriteHeader(info) => {
                let header = SegmentHeader::from(info).to_bytes();
                open()
                    .and_then(|file| {
                        file.write_all_at(&header, 0)?;
                        file.sync_all()
                    })
                    .map_err(JournalError::io("write", path))
            }
        }
    }
}

/// Whether the octets are copied already, and nothing else is to do.
fn is_done(repair: &Repair) -> bool {
    repair.action == Action::Keep && is_copied(repair).unwrap_or(false)
}

fn is_copied(repair: &Repair) -> std::io::Result<bool> {
    let copy = File::open(&repair.copy)?;
    if copy.metadata()?.len() != repair.bytes {
        return Ok(false);
    }
    let mut octets = octets(repair)?.bytes();
    for octet in BufReader::new(copy).bytes() {
        if octets.next().transpose()? != Some(octet?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The octets as they stand in the file.
fn octets(repair: &Repair) -> std::io::Result<BufReader<Take<File>>> {
    let mut file = File::open(&repair.path)?;
    file.seek(SeekFrom::Start(repair.offset))?;
    Ok(BufReader::new(file.take(repair.bytes)))
}

/// Copies the octets, never over a copy of something else.
fn copy(repair: &Repair) -> Result<(), JournalError> {
    if is_copied(repair).unwrap_or(false) {
        return Ok(());
    }
    let path = &repair.copy;
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(JournalError::io("create", folder))?;
    let copied = || {
        let mut copy = File::create_new(path)?;
        std::io::copy(&mut octets(repair)?, &mut copy)?;
        copy.sync_all()
    };
    copied().map_err(JournalError::io("copy damaged octets to", path))?;
    sync_dir(&Disk, folder)
}
