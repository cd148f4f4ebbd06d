//! `[[notify]]`: who is told of alarms outside.

use std::path::PathBuf;
use std::time::Duration;

use gridos_model::Priority;
use gridos_notify::{Access, Address, ClientError, Receiver, Sender, Target};

use super::name::Name;
use super::names::Names;
use super::secret::Secret;
use super::section::{Section, shown};
use super::source::Files;

pub(super) const KEYS: &[&str] = &[
    "name",
    "kind",
    "url",
    "priority",
    "token_file",
    "ca_file",
    "gather",
    "resend",
    "expires",
];

const SECOND: Duration = Duration::from_secs(1);

/// Somebody who is told of alarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// What it is called.
    pub name: Name,
    /// Who receives.
    pub receiver: Receiver,
    /// Where: the base of Alertmanager, or the webhook itself.
    pub address: Address,
    /// Alarms of lower priority are not told; default low: all are.
    pub priority: Priority,
    /// The file of the bearer token that is sent along; it is read again at each start.
    pub token_file: Option<PathBuf>,
    /// The file of the only authorities that are trusted, in PEM; it is read again at each start.
    /// Default none: the system's are trusted.
    pub ca_file: Option<PathBuf>,
    /// How long news waits for more; 0 s to 5 min, default 1 s.
    pub gather: Duration,
    /// How often Alertmanager is told of what is active; 1 s to 1 h, default 1 min.
    pub resend: Duration,
    /// How long it keeps what is not told again; 1 min to 7 d, default 1 h.
    pub expires: Duration,
}

/// Everybody who is told, in the order of the file.
pub(super) fn read(root: &Section<'_>, files: &Files<'_>) -> Vec<Notify> {
    let mut names = Names::default();
    let mut sections = root.tables("notify", KEYS, "notify");
    let read = |section: &mut Section<'_>| Notify::read(section, &mut names, files);
    sections.iter_mut().filter_map(read).collect()
}

impl Notify {
    fn read(section: &mut Section<'_>, names: &mut Names, files: &Files<'_>) -> Option<Self> {
        let name = section.word("name", Name::plain);
        let name = section.demand("name", name, "name = \"pager\"");
        if let Some(name) = &name {
            section.rename(format!("notify '{}'", name.value));
            names.note(section, name);
        }
        let kinds = [
            ("alertmanager", Receiver::Alertmanager),
            ("webhook", Receiver::Webhook),
        ];
        let kind = section.choice("kind", &kinds);
        let kind = section.demand("kind", kind, "kind = \"alertmanager\"");
        let receiver = kind.as_ref().map(|found| found.value);
        let address = address(section, receiver.unwrap_or(Receiver::Webhook));
        let priorities = Priority::ALL.map(|priority| (priority.name(), priority));
        let priority = section.choice("priority", &priorities);
        let token_file = file(section, files, "token_file", |bytes| {
            let token = std::str::from_utf8(bytes).map_err(|_| "is no UTF-8".to_owned())?;
            usable(Access {
                token: Some(token.trim().to_owned()),
                ..Access::default()
            })
        });
        let ca_file = file(section, files, "ca_file", |bytes| {
            usable(Access {
                authorities: Some(bytes.to_vec()),
                ..Access::default()
            })
        });
        let duration = |key, range| section.duration(key, &range).map(|found| found.value);
        let gather = duration("gather", Duration::ZERO..=300 * SECOND);
        let resend = duration("resend", SECOND..=3_600 * SECOND);
        let expires = duration("expires", 60 * SECOND..=7 * 24 * 3_600 * SECOND);
        let defaults = Target::new("", Receiver::Webhook, "");
        let (resend, expires) = (
            resend.unwrap_or(defaults.resend),
            expires.unwrap_or(defaults.expires),
        );
        if expires < 2 * resend {
            section.fault(
                "expires",
                "is less than twice `resend`: what stands would be forgotten in between",
            );
        }
        Some(Self {
            name: name?.value,
            receiver: receiver?,
            address: address?,
            priority: priority.map_or(Priority::Low, |found| found.value),
            token_file,
            ca_file,
            gather: gather.unwrap_or(defaults.gather),
            resend,
            expires,
        })
    }

    /// It as a target of the engine called `engine`.
    pub fn target(&self, engine: &str) -> Target {
        Target {
            priority_min: self.priority,
            gather: self.gather,
            resend: self.resend,
            expires: self.expires,
            ..Target::new(self.name.as_str(), self.receiver, engine)
        }
    }

    /// The way to it, with the files as they are now.
    ///
    /// # Errors
    /// If a file cannot be read, or what is in it cannot be used.
    pub fn sender(&self) -> Result<Sender, NotifyError> {
        let read = |file: &Option<PathBuf>| match file {
            Some(path) => std::fs::read(path).map(Some).map_err(|source| {
                let path = path.display().to_string();
                let name = self.name.to_string();
                NotifyError::File { name, path, source }
            }),
            None => Ok(None),
        };
        let token = read(&self.token_file)?;
        let token = token.map(|bytes| Secret::new(String::from_utf8_lossy(&bytes).trim()));
        let access = Access {
            token: token.map(|token| token.expose().to_owned()),
            authorities: read(&self.ca_file)?,
        };
        Sender::new(self.address.clone(), &access).map_err(|source| NotifyError::Client {
            name: self.name.to_string(),
            source,
        })
    }
}

/// Why a receiver cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// A file that it needs cannot be read.
    #[error("what notify '{name}' needs cannot be read from {path}")]
    File {
        /// Which one.
        name: String,
        /// The file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// There can be no way to it.
    #[error("notify '{name}' cannot be reached")]
    Client {
        /// Which one.
        name: String,
        /// Why not.
        source: ClientError,
    },
}

/// The text may hold a password: it is not shown.
fn address(section: &Section<'_>, receiver: Receiver) -> Option<Address> {
    let text = section.text("url");
    let text = section.demand("url", text, "url = \"http://127.0.0.1:9093\"")?;
    let address = Address::parse(receiver, text.value);
    address.map_err(|error| section.fault("url", error)).ok()
}

/// The file is read again at every start; that it can be used is seen here.
fn file(
    section: &Section<'_>,
    files: &Files<'_>,
    key: &'static str,
    check: impl Fn(&[u8]) -> Result<(), String>,
) -> Option<PathBuf> {
    let path = files.folder.join(section.text(key)?.value);
    let read = (files.read)(&path).map_err(|error| format!("cannot be read: {error}"));
    if let Err(wrong) = read.and_then(|bytes| check(&bytes)) {
        let shown = shown(&path.to_string_lossy());
        section.fault(key, format_args!("{shown} {wrong}"));
    }
    Some(path)
}

fn usable(access: Access) -> Result<(), String> {
    access
        .check()
        .map_err(|error| format!("cannot be used: {error}"))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::super::tests::{NO_VARIABLES, faults};
    use super::super::{Config, Faults};
    use super::*;

    const CA: &str = "etc/ca.pem";

    fn parse(text: &str) -> Result<Config, Faults> {
        let read = |path: &Path| match path.to_str() {
            Some("etc/token") => Ok(b"a-token\n".to_vec()),
            Some("etc/lines") => Ok(b"a\ntoken".to_vec()),
            Some("etc/none.pem") => Ok(b"nothing".to_vec()),
            Some(CA) => {
                let key = rcgen::KeyPair::generate().unwrap();
                let params = rcgen::CertificateParams::new(["ca".to_owned()]).unwrap();
                Ok(params.self_signed(&key).unwrap().pem().into_bytes())
            }
            _ => Err(io::Error::other("there is none")),
        };
        Config::parse(text, "etc/g.toml", NO_VARIABLES, &read)
    }

    #[test]
    fn a_receiver_is_read() {
        let text = "[[notify]]\nname = \"pager\"\nkind = \"alertmanager\"\n\
                    url = \"https://[2001:db8::1]:9093/alerts/\"\n\
                    token_file = \"token\"\nca_file = \"ca.pem\"\npriority = \"high\"";
        let config = parse(text).unwrap();
        let [notify] = &config.notify[..] else {
            panic!("{:?}", config.notify)
        };
        assert_eq!(
            notify.address.to_string(),
            "https://[2001:db8::1]:9093/alerts/api/v2/alerts"
        );
        assert_eq!(notify.token_file, Some("etc/token".into()));
        assert_eq!(notify.ca_file, Some(CA.into()));
        assert_eq!(notify.target("e").priority_min, Priority::High);
    }

    #[test]
    fn all_faults_are_told_at_once_with_their_lines() {
        let text = "[[notify]]\nkind = \"mail\"\nurl = 5\n\
                    [[notify]]\nname = \"a\"\nkind = \"webhook\"\nurl = \"nowhere\"\n\
                    token_file = \"gone\"\nresend = \"40s\"\nexpires = \"1min\"\n\
                    [[notify]]\nname = \"a\"\nkind = \"webhook\"\nurl = \"ftp://h\"\ngather = \"1h\"";
        let told = parse(text).unwrap_err().to_string();
        for expected in [
            "etc/g.toml:1: notify name: is missing",
            "etc/g.toml:2: notify kind: \"mail\" is unknown",
            "etc/g.toml:3: notify url: is a number",
            "etc/g.toml:7: notify 'a' url: is no address",
            "etc/g.toml:8: notify 'a' token_file: \"etc/gone\" cannot be read: there is none",
            "etc/g.toml:10: notify 'a' expires: is less than twice `resend`",
            "etc/g.toml:12: notify 'a' name: ",
            "etc/g.toml:14: notify 'a' url: is no address",
            "etc/g.toml:15: notify 'a' gather: ",
        ] {
            assert!(told.contains(expected), "{expected}\n{told}");
        }
        assert_eq!(told.lines().count(), 9, "{told}");
    }

    #[test]
    fn no_secret_is_in_the_file_or_shown() {
        for url in [
            "http://me:hunter2@h/",
            "http:me:hunter2@h",
            "//me:hunter2@h",
        ] {
            let told = faults(&format!(
                "[[notify]]\nname = \"a\"\nkind = \"webhook\"\nurl = \"{url}\""
            ));
            assert!(told.starts_with("g.toml:4: notify 'a' url: "), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }

    #[test]
    fn an_address_within_alertmanager_is_refused() {
        for (url, what) in [
            ("http://h:9093/api/v2/alerts", "the path of its API"),
            ("http://h:9093/#/alerts", "a fragment"),
            ("http://h:9093/?filter=x", "a query"),
        ] {
            let told = faults(&format!(
                "[[notify]]\nname = \"a\"\nkind = \"alertmanager\"\nurl = \"{url}\""
            ));
            assert!(told.contains(what), "{told}");
        }
    }

    #[test]
    fn files_that_cannot_be_used_are_told() {
        let text = "[[notify]]\nname = \"a\"\nkind = \"webhook\"\nurl = \"http://h\"\n\
                    token_file = \"lines\"\nca_file = \"none.pem\"";
        let told = parse(text).unwrap_err().to_string();
        for expected in [
            "g.toml:5: notify 'a' token_file: \"etc/lines\" cannot be used: the token holds",
            "g.toml:6: notify 'a' ca_file: \"etc/none.pem\" cannot be used: there is no",
        ] {
            assert!(told.contains(expected), "{expected}\n{told}");
        }
    }
}
