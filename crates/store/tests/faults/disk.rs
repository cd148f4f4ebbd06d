//! A small disk that can be filled to the last byte.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::postgres::{give_away, is_root, run};

/// A file system in memory, mounted on a folder as long as this.
pub(crate) struct Disk {
    at: PathBuf,
}

impl Disk {
    /// A disk of so many MiB at a folder that is made for it, or `None` with a word on the terminal
    /// if this process may not mount any.
    pub(crate) fn mount(at: &Path, mebibytes: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={mebibytes}m");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at);
        if !is_root() || !mount.status().unwrap().success() {
            println!("skipped: only root may mount a small disk, and not in every container");
            return None;
        }
        give_away(at);
        Some(Self { at: at.to_owned() })
    }

    /// Leaves no byte free.
    pub(crate) fn fill(&self) {
        let mut ballast = File::create(self.ballast()).unwrap();
        for size in [1 << 20, 1 << 12, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Makes room again.
    pub(crate) fn free(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    /// Lets nobody write to it, or lets everybody again.
    pub(crate) fn set_read_only(&self, is_read_only: bool) {
        let how = if is_read_only {
            "remount,ro"
        } else {
            "remount,rw"
        };
        run(Command::new("mount").args(["-o", how]).arg(&self.at));
    }

    fn ballast(&self) -> PathBuf {
        self.at.join("ballast")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.at).status();
        // The temporary folder around it could not be removed before.
        let _ = self.at.parent().map(std::fs::remove_dir_all);
    }
}
