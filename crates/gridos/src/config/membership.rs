//! `[fleet]`: this engine is one of several that share their devices.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gridos_fleet::{Role, Timing};
use gridos_nats::ServerOptions;
use gridos_roster::BucketOptions;

use super::keeping::Keeping;
use super::name::Name;
use super::nats::{NatsFileError, NatsServers, token};
use super::section::{Section, shown};
use super::source::Files;

pub(super) const KEYS: &[&str] = &[
    "servers",
    "name",
    "member",
    "capacity",
    "role",
    "role_file",
    "lease",
    "keep",
    "peer_listen",
    "peer_address",
    "replicas",
    "credentials_file",
    "token_file",
    "user",
    "password_file",
    "ca_file",
    "certificate_file",
    "key_file",
    "weight_file",
    "weight_url",
];

/// The label of the pod template by which a Rollout tells stable pods from those of the canary.
const ROLE_LABEL: &str = "gridos.io/role";
const SECOND: Duration = Duration::from_secs(1);

/// This engine's part in a fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Where the servers of NATS are, and how one comes in.
    pub nats: NatsServers,
    /// The fleet's name; default `gridos`.
    pub name: Name,
    /// What this engine is called in it; default the engine's name.
    pub member: Name,
    /// Its weight among the members; 0 to 1,000,000, default 100.
    pub capacity: u32,
    /// Its role, unless the file says another; default stable.
    pub role: Role,
    /// A file with labels of the pod, one of which is the role; it may change while the engine runs.
    pub role_file: Option<PathBuf>,
    /// How long others wait for a member that says nothing; 1 s to 10 min, default 15 s.
    pub lease: Duration,
    /// That devices are kept while NATS is away; default not.
    pub keeping: Option<Keeping>,
    /// On how many servers what is shared is kept; 1, 3 or 5, default 3.
    pub replicas: usize,
    /// Where the canary's share of the devices is read, if this engine is to set it.
    pub weight: Option<Weight>,
}

/// Where a Rollout's weight is read: a number from 0 to 100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weight {
    /// A file that holds the number, or a JSON document of the Rollout.
    File(PathBuf),
    /// A URL that answers with the same.
    Url(String),
}

impl Membership {
    /// What the section says; `None` if there is none.
    pub(super) fn read(
        section: &Section<'_>,
        engine: Option<&Name>,
        files: &Files<'_>,
    ) -> Option<Self> {
        if !section.is_given() && !KEYS.iter().any(|key| section.has(key)) {
            return None;
        }
        let nats = NatsServers::read(section, files);
        let name = section.word("name", token).map(|found| found.value);
        let member = section.word("member", token).map(|found| found.value);
        let member = member.or_else(|| engine_as_member(section, engine));
        let roles = [("stable", Role::Stable), ("canary", Role::Canary)];
        let lease = section.duration("lease", &(SECOND..=600 * SECOND));
        let lease = lease.map_or(15 * SECOND, |found| found.value);
        let keeping = Keeping::read(section, lease);
        let replicas = section.whole("replicas", 1..=5_usize);
        if replicas.as_ref().is_some_and(|found| found.value % 2 == 0) {
            section.fault(
                "replicas",
                "must be 1, 3 or 5: of an even number none can fail more",
            );
        }
        let file = |key| {
            section
                .text(key)
                .map(|found| files.folder.join(found.value))
        };
        let capacity = section.whole("capacity", 0..=1_000_000_u32);
        let role = section.choice("role", &roles);
        let weight = match (file("weight_file"), section.text("weight_url")) {
            (Some(_), Some(_)) => {
                section.fault("weight_url", "and `weight_file` exclude each other");
                None
            }
            (Some(path), None) => Some(Weight::File(path)),
            (None, Some(url)) => weight_url(section, url.value),
            (None, None) => None,
        };
        // All faults are told before the first of these ends it.
        Some(Self {
            nats: nats?,
            name: name.or_else(|| Name::plain("gridos").ok())?,
            member: member?,
            capacity: capacity.map_or(100, |found| found.value),
            role: role.map_or(Role::Stable, |found| found.value),
            role_file: file("role_file"),
            lease,
            keeping,
            replicas: replicas.map_or(3, |found| found.value),
            weight,
        })
    }

    /// Where the bucket is and how one comes in, with the files as they are now.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub fn bucket(&self, client: &str) -> Result<BucketOptions, MembershipError> {
        let ServerOptions {
            servers,
            client,
            credentials,
            ca_file,
            certificate,
        } = self.nats.options(client)?;
        Ok(BucketOptions {
            servers,
            fleet: self.name.to_string(),
            replicas: self.replicas,
            client,
            credentials,
            ca_file,
            certificate,
        })
    }

    /// The durations of leases, where an answer of a device is waited for as long as `poll_timeout`.
    ///
    /// # Errors
    /// If they do not go together, which a checked configuration makes all but impossible.
    pub fn timing(&self, poll_timeout: Duration) -> Result<Timing, MembershipError> {
        let keep = self.keeping.as_ref().map(|keeping| keeping.keep);
        Ok(Timing::new(
            self.lease,
            poll_timeout,
            keep.unwrap_or_default(),
        )?)
    }

    /// The role at this moment: what the file of labels says, or else `given` by the environment, or
    /// else the configuration.
    pub fn role_now(&self, given: Option<Role>) -> Role {
        let text = self.role_file.as_ref().map(std::fs::read_to_string);
        let labelled = text.and_then(|text| labelled_role(&text.unwrap_or_default()));
        labelled.or(given).unwrap_or(self.role)
    }
}

/// Why this engine cannot take part.
#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    /// A file that it needs cannot be read.
    #[error(transparent)]
    File(#[from] NatsFileError),
    /// The durations do not go together.
    #[error("[fleet] lease")]
    Timing(#[from] gridos_fleet::TimingError),
    /// Peers cannot be listened to.
    #[error(
        "[fleet] peer_listen = \"{address}\" cannot be listened at; give another address or port"
    )]
    Peers {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The number by which a restart knows its own cannot be kept.
    #[error("the file {path}, by which this engine is known again, cannot be used")]
    Instance {
        /// The file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// `GRIDOS_ROLE` is none.
    #[error("the variable GRIDOS_ROLE is '{0}'; write stable or canary")]
    Role(String),
}

/// The role in a file of labels as the downward API writes them (`gridos.io/role="canary"`, one a
/// line), or in one that holds nothing but the role.
pub(crate) fn labelled_role(text: &str) -> Option<Role> {
    text.lines().find_map(|line| {
        let value = match line.split_once('=') {
            Some((ROLE_LABEL, value)) => value,
            Some(_) => return None,
            None => line,
        };
        role_of(value.trim().trim_matches('"'))
    })
}

/// The role of that name.
pub(crate) fn role_of(name: &str) -> Option<Role> {
    match name {
        "stable" => Some(Role::Stable),
        "canary" => Some(Role::Canary),
        _ => None,
    }
}

fn engine_as_member(section: &Section<'_>, engine: Option<&Name>) -> Option<Name> {
    let engine = engine?;
    let member = token(engine.as_str());
    member
        .map_err(|what| {
            let what = format!(
                "is missing, and [engine] name = {} {what}",
                shown(engine.as_str())
            );
            section.fault("member", what);
        })
        .ok()
}

fn weight_url(section: &Section<'_>, text: &str) -> Option<Weight> {
    let is_url = ["http://", "https://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    if !is_url || text.contains([' ', '@']) {
        section.fault(
            "weight_url",
            "must begin with http:// or https://, without a password",
        );
        return None;
    }
    Some(Weight::Url(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::super::tests::NO_VARIABLES;
    use super::super::{Config, Faults};
    use super::*;

    fn parse(text: &str) -> Result<Config, Faults> {
        let read = |path: &Path| match path.to_str() {
            Some("etc/token") => Ok(b"a-token\n".to_vec()),
            _ => Err(io::Error::other("there is none")),
        };
        Config::parse(text, "etc/g.toml", NO_VARIABLES, &read)
    }

    #[test]
    fn a_member_is_read() {
        assert_eq!(parse("").unwrap().membership, None);
        let text = "[engine]\nname = \"north-1\"\n[fleet]\n\
                    servers = \"nats://a:4222, tls://b:4222\"\nrole = \"canary\"\n\
                    lease = \"5s\"\nreplicas = 1\ntoken_file = \"token\"\nweight_file = \"w\"";
        let membership = parse(text).unwrap().membership.unwrap();
        assert_eq!(membership.nats.servers, ["nats://a:4222", "tls://b:4222"]);
        assert_eq!(membership.member.as_str(), "north-1");
        assert_eq!((membership.capacity, membership.replicas), (100, 1));
        assert_eq!(membership.role, Role::Canary);
        assert_eq!(membership.nats.token_file, Some("etc/token".into()));
        assert_eq!(membership.weight, Some(Weight::File("etc/w".into())));
    }

    #[test]
    fn a_variable_overrides_the_role() {
        let read = |_: &Path| Err(io::Error::other("there is none"));
        let variables = [("GRIDOS__FLEET__ROLE", "canary")];
        let text = "[fleet]\nservers = \"nats://a:4222\"";
        let config = Config::parse(text, "g.toml", variables, &read).unwrap();
        assert_eq!(config.membership.unwrap().role, Role::Canary);
    }

    #[test]
    fn all_faults_are_told_at_once_with_their_lines() {
        let text = "[engine]\nname = \"north 1\"\n[fleet]\nservers = \"http://me:hunter2@a\"\n\
                    name = \"a.b\"\nrole = \"boss\"\nlease = \"1ms\"\nreplicas = 2\n\
                    token_file = \"gone\"\nuser = \"me\"\nkey_file = \"k\"\nweight_url = \"x\"";
        let told = parse(text).unwrap_err().to_string();
        for expected in [
            "etc/g.toml:2: [engine] name: \"north 1\" has the letter ' '",
            "etc/g.toml:4: [fleet] servers: ",
            "etc/g.toml:5: [fleet] name: \"a.b\" may hold",
            "etc/g.toml:6: [fleet] role: \"boss\" is unknown",
            "etc/g.toml:7: [fleet] lease: ",
            "etc/g.toml:8: [fleet] replicas: must be 1, 3 or 5",
            "etc/g.toml:9: [fleet] token_file: \"etc/gone\" cannot be read: there is none",
            "etc/g.toml:10: [fleet] user: needs `password_file`",
            "etc/g.toml:11: [fleet] key_file: needs `certificate_file`",
            "etc/g.toml:12: [fleet] weight_url: must begin",
            "token_file, user exclude each other",
        ] {
            assert!(told.contains(expected), "{expected}\n{told}");
        }
        assert!(!told.contains("hunter2"), "{told}");
        let told = parse("[fleet]\nname = \"a\"").unwrap_err().to_string();
        assert!(
            told.contains("etc/g.toml:1: [fleet] servers: is missing"),
            "{told}"
        );
    }

    #[test]
    fn the_role_is_among_the_labels() {
        let labels = "app=\"gridos\"\ngridos.io/role=\"canary\"\n";
        assert_eq!(labelled_role(labels), Some(Role::Canary));
        assert_eq!(labelled_role("stable\n"), Some(Role::Stable));
        assert_eq!(labelled_role("app=\"canary\""), None);
        assert_eq!(labelled_role(""), None);
    }
}
