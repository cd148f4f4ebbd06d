//! A simulated disk: it records what was asked of it, and fails when told to.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use gridos_journal::storage::{Lock, Stat, Storage, StoredFile};

/// A file by its number; names are given to numbers.
pub(crate) type Inode = usize;

/// What was asked of the disk, in order.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Write {
        inode: Inode,
        offset: usize,
        bytes: Vec<u8>,
    },
    /// The file has this many bytes now; reserving room makes it longer.
    Size {
        inode: Inode,
        bytes: usize,
    },
    /// `is_all`: also the file's having been cut.
    Sync {
        inode: Inode,
        is_all: bool,
    },
    /// Nothing is known of what was not synced: some of it is on the disk, and no later sync will
    /// bring the rest there.
    SyncFailed {
        inode: Inode,
    },
    /// Names in one folder, all changed at once.
    Names(Vec<(PathBuf, Option<Entry>)>),
    SyncDir(PathBuf),
    SyncDirFailed(PathBuf),
    /// What the test has to say here.
    Note(usize),
}

impl Step {
    /// Without the bytes.
    pub(crate) fn in_short(&self) -> String {
        match self {
            Self::Write {
                inode,
                offset,
                bytes,
            } => format!("write {inode} {offset}+{}", bytes.len()),
            Self::Size { .. }
            | Self::Sync { .. }
            | Self::SyncFailed { .. }
            | Self::Names(_)
            | Self::SyncDir(_)
            | Self::SyncDirFailed(_)
            | Self::Note(_) => format!("{self:?}"),
        }
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    File(Inode),
    Dir,
}

/// What is to fail next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    Write,
    WriteFull,
    Allocate,
    Sync,
    SyncDir,
    Create,
    Rename,
    Remove,
    Cut,
}

#[derive(Default)]
struct World {
    files: Vec<Vec<u8>>,
    names: BTreeMap<PathBuf, Entry>,
    steps: Vec<Step>,
    faults: BTreeSet<Fault>,
    /// Refuses everything that has a fault, until told otherwise.
    is_broken: bool,
    reads: u64,
}

/// What runs while a sync is under way.
type Meanwhile = Box<dyn FnMut() + Send>;

/// The disk; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct SimulatedDisk {
    world: Arc<Mutex<World>>,
    meanwhile: Arc<Mutex<Option<Meanwhile>>>,
}

impl std::fmt::Debug for SimulatedDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SimulatedDisk")
    }
}

impl SimulatedDisk {
    pub(crate) fn with(files: Vec<Vec<u8>>, names: BTreeMap<PathBuf, Entry>) -> Self {
        let disk = Self::default();
        {
            let mut world = disk.world();
            (world.files, world.names) = (files, names);
        }
        disk
    }

    pub(crate) fn shared(&self) -> Arc<dyn Storage> {
        Arc::new(self.clone())
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        self.world().steps.clone()
    }

    pub(crate) fn note(&self, note: usize) {
        self.world().steps.push(Step::Note(note));
    }

    /// The next operation of that kind fails.
    pub(crate) fn fail_next(&self, fault: Fault) {
        self.world().faults.insert(fault);
    }

    /// Everything fails from now on, or nothing.
    pub(crate) fn set_broken(&self, is_broken: bool) {
        self.world().is_broken = is_broken;
    }

    /// Nothing is to fail any more.
    pub(crate) fn heal(&self) {
        self.world().faults.clear();
    }

    /// Runs `work` in the middle of each sync.
    pub(crate) fn meanwhile(&self, work: impl FnMut() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(work));
    }

    /// Bytes read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.world().reads
    }

    /// Every file with a name, and its bytes.
    pub(crate) fn named_files(&self) -> Vec<(PathBuf, Inode, Vec<u8>)> {
        let world = self.world();
        let files = world.names.iter().filter_map(|(path, entry)| match entry {
            Entry::File(inode) => Some((path.clone(), *inode, world.files[*inode].clone())),
            Entry::Dir => None,
        });
        files.collect()
    }

    pub(crate) fn overwrite(&self, inode: Inode, offset: usize, bytes: &[u8]) {
        self.world().files[inode][offset..][..bytes.len()].copy_from_slice(bytes);
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }
}

impl World {
    fn refuse(&mut self, fault: Fault) -> io::Result<()> {
        if self.faults.remove(&fault) || self.is_broken {
            return Err(match fault {
                Fault::WriteFull | Fault::Allocate => ErrorKind::StorageFull.into(),
                Fault::Write
                | Fault::Sync
                | Fault::SyncDir
                | Fault::Create
                | Fault::Rename
                | Fault::Remove
                | Fault::Cut => io::Error::from_raw_os_error(5),
            });
        }
        Ok(())
    }

    fn name(&mut self, changes: Vec<(PathBuf, Option<Entry>)>) {
        for (path, entry) in &changes {
            match entry {
                Some(entry) => self.names.insert(path.clone(), *entry),
                None => self.names.remove(path),
            };
        }
        self.steps.push(Step::Names(changes));
    }

    fn inode(&self, path: &Path) -> io::Result<Inode> {
        match self.names.get(path) {
            Some(Entry::File(inode)) => Ok(*inode),
            Some(Entry::Dir) => Err(ErrorKind::IsADirectory.into()),
            None => Err(ErrorKind::NotFound.into()),
        }
    }
}

/// Whether `path` is directly in `dir`; asked so often that it compares bytes.
pub(crate) fn is_in(path: &Path, dir: &Path) -> bool {
    let dir = dir.as_os_str().as_bytes();
    let dir = dir.strip_suffix(b"/").unwrap_or(dir);
    let rest = path.as_os_str().as_bytes().strip_prefix(dir);
    let name = rest.and_then(|rest| rest.strip_prefix(b"/"));
    name.is_some_and(|name| !name.contains(&b'/'))
}

impl Storage for SimulatedDisk {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        let mut world = self.world();
        if !world.names.contains_key(dir) {
            world.name(vec![(dir.to_owned(), Some(Entry::Dir))]);
        }
        Ok(())
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        let mut world = self.world();
        let names: Vec<_> = world.names.keys().cloned().collect();
        for path in names.into_iter().filter(|path| path.starts_with(dir)).rev() {
            world.name(vec![(path, None)]);
        }
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        let world = self.world();
        if !world.names.contains_key(dir) {
            return Err(ErrorKind::NotFound.into());
        }
        let names = world.names.keys();
        Ok(names.filter(|path| is_in(path, dir)).cloned().collect())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut world = self.world();
        if let Err(error) = world.refuse(Fault::SyncDir) {
            world.steps.push(Step::SyncDirFailed(dir.to_owned()));
            return Err(error);
        }
        world.steps.push(Step::SyncDir(dir.to_owned()));
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn StoredFile>> {
        let mut world = self.world();
        world.refuse(Fault::Create)?;
        if world.names.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let inode = world.files.len();
        world.files.push(Vec::new());
        world.name(vec![(path.to_owned(), Some(Entry::File(inode)))]);
        Ok(self.file(inode))
    }

    fn open(&self, path: &Path, _: bool) -> io::Result<Arc<dyn StoredFile>> {
        let inode = self.world().inode(path)?;
        Ok(self.file(inode))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.refuse(Fault::Rename)?;
        let entry = Some(Entry::File(world.inode(from)?));
        world.name(vec![(from.to_owned(), None), (to.to_owned(), entry)]);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.inode(path)?;
        world.refuse(Fault::Remove)?;
        world.name(vec![(path.to_owned(), None)]);
        Ok(())
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let world = self.world();
        let (is_dir, bytes) = match world.names.get(path) {
            Some(Entry::Dir) => (true, 0),
            Some(Entry::File(inode)) => (false, world.files[*inode].len()),
            None => return Err(ErrorKind::NotFound.into()),
        };
        Ok(Stat {
            is_dir,
            bytes: bytes as u64,
            modified: SystemTime::UNIX_EPOCH,
        })
    }

    fn lock(&self, _: &Path) -> io::Result<Option<Lock>> {
        Ok(Some(Lock::alone()))
    }
}

impl SimulatedDisk {
    fn file(&self, inode: Inode) -> Arc<dyn StoredFile> {
        let disk = self.clone();
        Arc::new(SimulatedFile { disk, inode })
    }
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    inode: Inode,
}

impl SimulatedFile {
    fn resize(&self, world: &mut World, bytes: usize) {
        world.files[self.inode].resize(bytes, 0);
        let inode = self.inode;
        world.steps.push(Step::Size { inode, bytes });
    }

    fn sync(&self, is_all: bool) -> io::Result<()> {
        // What is written while the disk works is not part of it.
        let inode = self.inode;
        let outcome = {
            let mut world = self.disk.world();
            let outcome = world.refuse(Fault::Sync);
            world.steps.push(match outcome {
                Ok(()) => Step::Sync { inode, is_all },
                Err(_) => Step::SyncFailed { inode },
            });
            outcome
        };
        let work = self.disk.meanwhile.lock().unwrap().take();
        if let Some(mut work) = work {
            work();
            *self.disk.meanwhile.lock().unwrap() = Some(work);
        }
        outcome
    }
}

impl StoredFile for SimulatedFile {
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut world = self.disk.world();
        let file = &world.files[self.inode];
        let from = file.len().min(usize::try_from(offset).unwrap());
        let count = bytes.len().min(file.len() - from);
        bytes[..count].copy_from_slice(&file[from..from + count]);
        world.reads += count as u64;
        Ok(count)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let mut world = self.disk.world();
        let offset = usize::try_from(offset).unwrap();
        let refused = world
            .refuse(Fault::Write)
            .and_then(|()| world.refuse(Fault::WriteFull));
        // A write that fails has written a part.
        let bytes = match refused {
            Ok(()) => bytes,
            Err(_) => &bytes[..bytes.len() / 2],
        };
        let file = &mut world.files[self.inode];
        file.resize(file.len().max(offset + bytes.len()), 0);
        file[offset..][..bytes.len()].copy_from_slice(bytes);
        let (inode, bytes) = (self.inode, bytes.to_vec());
        world.steps.push(Step::Write {
            inode,
            offset,
            bytes,
        });
        refused
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        let mut world = self.disk.world();
        world.refuse(Fault::Allocate)?;
        let bytes = usize::try_from(bytes).unwrap();
        let longer = bytes.max(world.files[self.inode].len());
        self.resize(&mut world, longer);
        Ok(())
    }

    fn cut(&self, bytes: u64) -> io::Result<()> {
        let mut world = self.disk.world();
        world.refuse(Fault::Cut)?;
        self.resize(&mut world, usize::try_from(bytes).unwrap());
        Ok(())
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.disk.world().files[self.inode].len() as u64)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.sync(false)
    }

    fn sync_all(&self) -> io::Result<()> {
        self.sync(true)
    }
}
