//! A Rollout of Argo: which share of the devices it wants its canary to have.
//!
//! Its weight says it while a canary is tried. Afterwards the weight is 0 at once, but the pods learn
//! that they are stable now by a label that reaches each at its own time. If the devices were taken
//! away before, those that are stable no longer would get them for their last seconds.

mod cluster;

use gridos_fleet::{Role, Share};
use gridos_roster::Standing;
use serde_json::Value;

pub(crate) use self::cluster::Cluster;

/// What the status of a Rollout says of its versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rollout {
    /// The hash of the pods that are trusted; empty before the first version is.
    stable: String,
    /// The hash of the pods that are wanted.
    current: String,
    /// The weight of the canary; nothing before the controller has set one.
    weight: Option<Share>,
}

/// What the share has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// Be this.
    Be(Share),
    /// Stay what it is.
    Stay,
}

/// Why the status of a Rollout says nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StatusError {
    /// The controller has not looked at it, or it is something else.
    #[error(
        "it has no status.currentPodHash; is it a Rollout, and does the controller of Argo Rollouts run?"
    )]
    NoHash,
    /// A number that is none of its.
    #[error("its status.canary.weights.canary.weight is {0}, which is not from 0 to 100")]
    Weight(String),
}

impl Rollout {
    /// What `document`, a Rollout as the API has it, says in its status.
    ///
    /// # Errors
    /// If it is none that its controller has looked at.
    pub(crate) fn read(document: &Value) -> Result<Self, StatusError> {
        let status = &document["status"];
        let hash = |key: &str| status[key].as_str().unwrap_or_default().to_owned();
        let given = &status["canary"]["weights"]["canary"]["weight"];
        let weight = match given.is_null() {
            true => None,
            false => {
                let share = given.as_f64().and_then(Share::from_percent);
                Some(share.ok_or_else(|| StatusError::Weight(given.to_string()))?)
            }
        };
        let read = Self {
            stable: hash("stableRS"),
            current: hash("currentPodHash"),
            weight,
        };
        match read.current.is_empty() {
            true => Err(StatusError::NoHash),
            false => Ok(read),
        }
    }

    /// Whether a version is tried, or given up and still wanted.
    pub(crate) fn is_tried(&self) -> bool {
        !self.stable.is_empty() && self.stable != self.current
    }

    /// What the share has to do, where `members` are in the fleet; each is called as its pod.
    pub(crate) fn wish(&self, members: &[Standing]) -> Wish {
        if self.is_tried() {
            return self.weight.map_or(Wish::Stay, Wish::Be);
        }
        let is_stable = |member: &&Standing| member.name.split('-').any(|part| part == self.stable);
        let mut of_stable = members.iter().filter(is_stable);
        match of_stable.any(|member| member.role == Role::Canary) {
            true => Wish::Stay,
            false => Wish::Be(Share::NONE),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gridos_fleet::SessionId;
    use serde_json::json;

    use super::*;

    fn percent(percent: u32) -> Share {
        Share::from_percent(percent.into()).unwrap()
    }

    fn rollout(stable: &str, current: &str, weight: u32) -> Rollout {
        let status = json!({
            "stableRS": stable, "currentPodHash": current,
            "canary": {"weights": {"canary": {"weight": weight}}},
        });
        Rollout::read(&json!({ "status": status })).unwrap()
    }

    fn member(name: &str, role: Role) -> Standing {
        Standing {
            name: name.into(),
            session: SessionId::from_raw(1),
            role,
            capacity: 100,
            version: String::new(),
            channels: 0,
            hold_off: Duration::ZERO,
            leaving: false,
            vitals: None,
        }
    }

    #[test]
    fn a_canary_has_its_weight_and_an_aborted_one_nothing() {
        let members = [
            member("gridos-old-1", Role::Stable),
            member("gridos-new-1", Role::Canary),
        ];
        for weight in [0, 20, 100] {
            let wish = rollout("old", "new", weight).wish(&members);
            assert_eq!(wish, Wish::Be(percent(weight)));
        }
    }

    #[test]
    fn a_promoted_version_keeps_its_devices_until_its_pods_know_that_they_are_stable() {
        let promoted = rollout("new", "new", 0);
        let [one, other] = ["gridos-new-1", "gridos-new-2"];
        let gone = member("gridos-old-1", Role::Canary);
        for (roles, wish) in [
            ([Role::Canary, Role::Canary], Wish::Stay),
            ([Role::Stable, Role::Canary], Wish::Stay),
            ([Role::Stable, Role::Stable], Wish::Be(Share::NONE)),
        ] {
            let members = [member(one, roles[0]), member(other, roles[1]), gone.clone()];
            assert_eq!(promoted.wish(&members), wish, "{roles:?}");
        }
    }

    #[test]
    fn a_version_that_is_no_longer_wanted_has_nothing_at_once() {
        let members = [
            member("gridos-old-1", Role::Stable),
            member("gridos-new-1", Role::Canary),
        ];
        let reverted = rollout("old", "old", 0);
        assert_eq!(reverted.wish(&members), Wish::Be(Share::NONE));
    }

    #[test]
    fn the_first_version_is_no_canary() {
        let first = rollout("", "first", 100);
        assert_eq!(first.wish(&[]), Wish::Be(Share::NONE));
    }

    #[test]
    fn a_weight_that_is_not_told_yet_changes_nothing() {
        let status = json!({"stableRS": "old", "currentPodHash": "new"});
        let begun = Rollout::read(&json!({ "status": status })).unwrap();
        assert_eq!(begun.wish(&[]), Wish::Stay);
    }

    #[test]
    fn what_is_no_status_is_told() {
        for document in [json!({}), json!([]), json!({"status": {"stableRS": "old"}})] {
            assert_eq!(Rollout::read(&document), Err(StatusError::NoHash));
        }
        for weight in [json!("20"), json!(101), json!(-1)] {
            let status = json!({"currentPodHash": "new", "canary": {"weights": {"canary": {"weight": weight}}}});
            let told = Rollout::read(&json!({ "status": status }));
            assert_eq!(told, Err(StatusError::Weight(weight.to_string())));
        }
    }
}
