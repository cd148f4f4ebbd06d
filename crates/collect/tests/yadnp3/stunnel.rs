//! stunnel, by which plain TCP becomes TLS with certificates on both sides.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};

use crate::authority::{Authority, Issued};
use crate::outstation::PATIENCE;
use crate::peer::skipped;

/// A process of stunnel; it ends with this.
pub(crate) struct Stunnel {
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    _folder: tempfile::TempDir,
}

/// On which of its sides the TLS is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secures {
    /// Whoever connects to it.
    Callers,
    /// What it connects to.
    Called,
}

impl Stunnel {
    /// Whether there is one; otherwise the test is skipped.
    pub(crate) fn is_installed() -> bool {
        let version = Command::new("stunnel")
            .arg("-version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let is_installed = version.is_ok();
        if !is_installed {
            skipped("there is no stunnel");
        }
        is_installed
    }

    /// Starts one that leads to `target`, trusts `authority` alone, and shows `own`.
    pub(crate) fn start(
        secures: Secures,
        target: SocketAddr,
        authority: &Authority,
        own: &Issued,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let ca = write("ca.pem", &authority.pem());
        let certificate = write("certificate.pem", &own.certificate);
        let key = write("key.pem", &own.key);
        let log = folder.path().join("log");
        let client = match secures {
            Secures::Callers => "requireCert = yes",
            Secures::Called => "client = yes\ncheckIP = 127.0.0.1",
        };
        let config = format!(
            "foreground = quiet\npid =\ndebug = info\noutput = {}\n[dnp3]\n\
             accept = 127.0.0.1:0\nconnect = {target}\ncert = {certificate}\nkey = {key}\n\
             CAfile = {ca}\nverifyChain = yes\n{client}\n",
            log.display()
        );
        let config = write("stunnel.conf", &config);
        let child = Command::new("stunnel").arg(config).spawn().unwrap();
        let mut stunnel = Self {
            child,
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            _folder: folder,
        };
        let begun = std::time::Instant::now();
        let bound = " bound to ";
        loop {
            let told = fs::read_to_string(&log).unwrap_or_default();
            let mut places = told.lines().filter_map(|line| line.split(bound).nth(1));
            if let Some(Ok(address)) = places.next().map(str::parse) {
                stunnel.address = address;
                return stunnel;
            }
            let ended = stunnel.child.try_wait().unwrap();
            assert!(ended.is_none() && begun.elapsed() < PATIENCE, "{told}");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

impl Drop for Stunnel {
    fn drop(&mut self) {
        // It may have ended already, for whatever reason the test has found.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
