//! Which devices the candidate has.

use std::fs;
use std::path::PathBuf;

use gridos_model::DeviceId;
use serde_json::json;

use super::config::{self, Kind};
use super::error::RehearseError;
use super::line::Field;
use crate::client::Client;

/// 2⁶⁴ over the golden ratio: spreads numbers in a row evenly (Knuth, "The Art of Computer
/// Programming", 6.4).
const SCATTER: u64 = 0x9e37_79b9_7f4a_7c15;

/// Gives the candidate its share of the devices.
pub(super) trait ShareOf {
    /// Moves devices until the candidate has `percent` of them; raising only adds, lowering gives
    /// back what came last. Who has a device releases it before the other one takes it.
    async fn set(&mut self, percent: u8, fields: &[Field]) -> Result<Moved, RehearseError>;
}

/// What a change of the share did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    /// How many devices went from one to the other.
    pub(super) devices: usize,
    /// How many the candidate has.
    pub(super) candidate: usize,
}

/// The share without a fleet: both engines' configurations are rewritten and taken anew.
#[derive(Debug)]
pub(super) struct ByReload {
    pub(super) stable: Desk,
    pub(super) candidate: Desk,
    /// How many devices the candidate is given.
    given: usize,
    /// Whether it takes what it is given.
    takes: bool,
}

/// Where one side's configuration is, and who takes it.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) who: &'static str,
    pub(super) config: PathBuf,
    pub(super) data_dir: PathBuf,
    pub(super) commit_interval: &'static str,
    /// None while the engine does not run.
    pub(super) client: Option<Client>,
}

impl Desk {
    /// Writes its configuration.
    pub(super) fn write<'a>(
        &self,
        devices: impl Iterator<Item = (&'a str, std::net::SocketAddr)>,
    ) -> Result<(), RehearseError> {
        let kind = Kind {
            name: self.who,
            data_dir: &self.data_dir,
            commit_interval: self.commit_interval,
        };
        let text = config::text(kind, devices);
        fs::write(&self.config, text).map_err(RehearseError::folder(&self.config))
    }

    async fn reload(&self) -> Result<(), RehearseError> {
        let Some(client) = &self.client else {
            return Ok(());
        };
        let taken = client
            .post(&["api", "v1", "config", "reload"], &json!({}))
            .await;
        let who = self.who;
        taken.map_err(|source| RehearseError::NotTaken { who, source })?;
        Ok(())
    }
}

impl ByReload {
    /// The candidate has none yet; with `takes` unset, it never takes any.
    pub(super) fn new(stable: Desk, candidate: Desk, takes: bool) -> Self {
        Self {
            stable,
            candidate,
            given: 0,
            takes,
        }
    }

    /// Puts the devices that go first to the candidate first: an order that has nothing to do with
    /// their names, and is the same each time.
    pub(super) fn order(fields: &mut [Field]) {
        fields.sort_by_key(|field| {
            let id = DeviceId::of(&field.name).raw();
            // Names in a row have ids in a row.
            (id ^ (id >> 32)).wrapping_mul(SCATTER)
        });
    }

    fn write_stable(&self, fields: &[Field]) -> Result<(), RehearseError> {
        let rest = fields.iter().skip(self.given);
        self.stable
            .write(rest.map(|field| (field.name.as_str(), field.stable)))
    }

    fn write_candidate(&self, fields: &[Field]) -> Result<(), RehearseError> {
        let given = fields.iter().take(if self.takes { self.given } else { 0 });
        self.candidate
            .write(given.map(|field| (field.name.as_str(), field.candidate)))
    }
}

impl ShareOf for ByReload {
    async fn set(&mut self, percent: u8, fields: &[Field]) -> Result<Moved, RehearseError> {
        let before = self.given;
        self.given = (fields.len() * usize::from(percent) + 50) / 100;
        self.write_stable(fields)?;
        self.write_candidate(fields)?;
        if self.given >= before {
            self.stable.reload().await?;
            self.candidate.reload().await?;
        } else {
            // One that is gone has released what it had.
            let _ = self.candidate.reload().await;
            self.stable.reload().await?;
        }
        Ok(Moved {
            devices: self.given.abs_diff(before),
            candidate: self.given,
        })
    }
}
