//! This engine's part in a fleet: the task that takes part, and what it is told and shows.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gridos_fleet::{Identity, Role};
use gridos_model::DeviceId;
use gridos_roster::{Hands, Member, Roll, Terms};
use gridos_telemetry::{FleetMember, FleetRoll, Telemetry};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};

use super::weight;
use crate::config::{Config, Fleet, Membership as Wanted, MembershipError, role_of};

/// How long the end may wait until all is given back; others then wait for the end of the lease.
const LEAVE_PATIENCE: Duration = Duration::from_secs(5);
/// How often the file of labels is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The variable that gives the role, unless a file of labels does.
const ROLE_VARIABLE: &str = "GRIDOS_ROLE";
/// The file in the data folder with the number by which a restart knows its own.
const INSTANCE_FILE: &str = "fleet-instance";

/// The tasks of this engine's part in a fleet; none without one.
#[derive(Debug, Default)]
pub(super) struct Membership {
    member: Option<JoinHandle<()>>,
    beside: Vec<JoinHandle<()>>,
    leave: watch::Sender<bool>,
}

impl Membership {
    /// Takes part from now on, if `config` says so; the journal's folder must be this process's.
    pub(super) async fn start(
        config: &Config,
        hands: Option<Hands>,
        fleet: &Fleet,
        telemetry: &Arc<Telemetry>,
    ) -> Result<Self, MembershipError> {
        let (Some(wanted), Some(hands)) = (&config.membership, hands) else {
            return Ok(Self::default());
        };
        let given = given_role()?;
        let (role, roles) = watch::channel(wanted.role_now(given));
        let terms = Terms {
            identity: identity(config, wanted, *roles.borrow())?,
            timing: wanted.timing(fleet.answer_timeout_max())?,
            bucket: wanted.bucket(&format!("gridos {}", wanted.member))?,
            peers: wanted.keeping.as_ref().map(|keeping| keeping.peers.clone()),
        };
        let bucket = terms.bucket.clone();
        let member = Member::new(terms, hands, roles, Arc::clone(telemetry)).await;
        let (member, roll) = member.map_err(|source| unheard(wanted, source))?;
        let (leave, leaving) = watch::channel(false);
        let shown = Shown {
            name: wanted.name.to_string(),
            member: wanted.member.to_string(),
            devices: names(config, fleet),
            telemetry: Arc::clone(telemetry),
        };
        let mut beside = vec![
            tokio::spawn(look_at_labels(wanted.clone(), given, role)),
            tokio::spawn(shown.run(roll)),
        ];
        if let Some(source) = wanted.weight.clone() {
            beside.push(tokio::spawn(weight::follow(source, bucket)));
        }
        Ok(Self {
            member: Some(tokio::spawn(member.run(leaving))),
            beside,
            leave,
        })
    }

    /// Gives all back, so that others can take it at once.
    pub(super) async fn end(self) {
        self.leave.send_replace(true);
        if let Some(mut member) = self.member
            && timeout(LEAVE_PATIENCE, &mut member).await.is_err()
        {
            tracing::warn!(
                "the fleet was not told of the end; others wait for the end of the lease"
            );
            member.abort();
        }
        self.beside.iter().for_each(JoinHandle::abort);
    }
}

fn unheard(wanted: &Wanted, source: io::Error) -> MembershipError {
    let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let keeping = wanted.keeping.as_ref();
    MembershipError::Peers {
        address: keeping.map_or(nowhere, |keeping| keeping.peers.listen),
        source,
    }
}

fn given_role() -> Result<Option<Role>, MembershipError> {
    let given = std::env::var(ROLE_VARIABLE).ok();
    let given = given.filter(|text| !text.is_empty());
    given
        .map(|text| role_of(&text).ok_or(MembershipError::Role(text)))
        .transpose()
}

fn identity(config: &Config, wanted: &Wanted, role: Role) -> Result<Identity, MembershipError> {
    let path = config.engine.data_dir.join(INSTANCE_FILE);
    let instance = instance(&path).map_err(|source| MembershipError::Instance {
        path: path.display().to_string(),
        source,
    })?;
    Ok(Identity {
        name: wanted.member.to_string(),
        instance,
        birth: random()?,
        role,
        capacity: wanted.capacity,
        address: String::new(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

/// The number in the file at `path`, which is made if there is none.
fn instance(path: &Path) -> io::Result<u64> {
    if let Ok(text) = fs::read_to_string(path)
        && let Ok(instance) = text.trim().parse()
    {
        return Ok(instance);
    }
    let instance = random().map_err(|error| io::Error::other(error.to_string()))?;
    fs::write(path, format!("{instance}\n"))?;
    Ok(instance)
}

fn random() -> Result<u64, MembershipError> {
    getrandom::u64().map_err(|error| MembershipError::Instance {
        path: "random numbers of the system".to_owned(),
        source: io::Error::other(error.to_string()),
    })
}

/// The names of the devices of each channel.
fn names(config: &Config, fleet: &Fleet) -> HashMap<DeviceId, Vec<String>> {
    let channels = fleet.channels(config).into_iter();
    let name = |device| fleet.directory.device(device).name().to_owned();
    channels
        .map(|channel| (channel.id, channel.devices.into_iter().map(name).collect()))
        .collect()
}

/// The role may change at any time: a Rollout's canary becomes stable without a restart.
async fn look_at_labels(wanted: Wanted, given: Option<Role>, role: watch::Sender<Role>) {
    let mut looks = interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        let now = wanted.role_now(given);
        role.send_if_modified(|role| std::mem::replace(role, now) != now);
    }
}

/// Shows the roll to the API, with the names of devices.
struct Shown {
    name: String,
    member: String,
    devices: HashMap<DeviceId, Vec<String>>,
    telemetry: Arc<Telemetry>,
}

impl Shown {
    async fn run(self, mut roll: watch::Receiver<Arc<Roll>>) {
        loop {
            let known = Arc::clone(&roll.borrow_and_update());
            self.telemetry.fleet.set_roll(self.told(&known));
            if roll.changed().await.is_err() {
                return;
            }
        }
    }

    fn told(&self, roll: &Roll) -> FleetRoll {
        let owned = roll.owners.iter().flat_map(|(id, owner)| {
            let devices = self.devices.get(id).into_iter().flatten();
            devices.map(|name| (name.clone(), Arc::clone(owner)))
        });
        let member = |standing: &gridos_roster::Standing| FleetMember {
            name: Arc::clone(&standing.name),
            role: match standing.role {
                Role::Stable => "stable",
                Role::Canary => "canary",
            },
            capacity: standing.capacity,
            version: standing.version.clone(),
            channels: standing.channels,
            leaving: standing.leaving,
            vitals: standing.vitals,
        };
        FleetRoll {
            name: self.name.clone(),
            member: self.member.clone(),
            share_ppm: roll.share.ppm(),
            plan: roll.plan,
            members: roll.members.iter().map(member).collect(),
            owners: owned.collect(),
        }
    }
}
