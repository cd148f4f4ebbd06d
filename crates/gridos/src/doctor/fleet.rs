//! Whether what members of a fleet share can be kept by its NATS servers.

use std::collections::BTreeSet;

use gridos_roster::{BucketError, Survey, plan_bytes_max};

use super::Finding;
use crate::config::Config;
use crate::size::show_bytes;

const CHECK: &str = "fleet";

/// Nothing without `[fleet]`.
pub(super) async fn examine(config: &Config) -> Option<Finding> {
    let membership = config.membership.as_ref()?;
    let options = match membership.bucket("gridos doctor") {
        Ok(options) => options,
        Err(error) => {
            let why = std::error::Error::source(&error).map(ToString::to_string);
            let what = format!("{error}: {}", why.unwrap_or_default());
            return Some(Finding::problem(
                CHECK,
                what,
                "let the engine's user read it",
            ));
        }
    };
    let survey = Survey::of(&options).await;
    Some(judge(&survey, membership.replicas, channels(config)))
}

/// How many addresses are dialled, each of which is one channel.
fn channels(config: &Config) -> usize {
    let enabled = config.devices.iter().filter(|device| device.enabled);
    let called = enabled.filter(|device| device.guest.is_none());
    let addresses = called.filter_map(|device| device.connection.as_ref());
    let addresses: BTreeSet<_> = addresses.map(|at| at.address.clone()).collect();
    addresses.len()
}

fn judge(survey: &Result<Survey, BucketError>, wanted: usize, channels: usize) -> Finding {
    let survey = match survey {
        Ok(survey) => survey,
        Err(error) => {
            return Finding::problem(
                CHECK,
                error.to_string(),
                "start the servers with JetStream, or correct [fleet]; without them no channel is polled",
            );
        }
    };
    let (needed, most) = (plan_bytes_max(channels), survey.message_bytes_max);
    if needed > most {
        let what = format!(
            "the plan of {channels} channels may take {}, and the NATS server takes messages of {}",
            show_bytes(needed as u64),
            show_bytes(most as u64)
        );
        let advice = format!("set max_payload of all NATS servers to {needed} or more");
        return Finding::warning(CHECK, what, advice);
    }
    match survey.replicas {
        None => Finding::ok(CHECK, "the bucket is made at the start".to_owned()),
        Some(replicas) if replicas < wanted => Finding::warning(
            CHECK,
            format!("the bucket is kept on {replicas} servers, not on {wanted}"),
            "edit its stream (nats stream edit --replicas), or set [fleet] replicas",
        ),
        Some(replicas) => {
            let what = format!("the bucket is there, with replicas = {replicas}");
            Finding::ok(CHECK, what)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    #[test]
    fn too_few_servers_and_too_small_messages_are_told() {
        let grade = |replicas, channels| {
            let message_bytes_max = 1 << 20;
            let survey = Survey {
                replicas,
                message_bytes_max,
            };
            judge(&Ok(survey), 3, channels).grade
        };
        assert_eq!(grade(None, 0), Grade::Ok);
        assert_eq!(grade(Some(3), 26_000), Grade::Ok);
        assert_eq!(grade(Some(1), 26_000), Grade::Warning);
        assert_eq!(grade(Some(3), 27_000), Grade::Warning);
        let away = judge(&Err(BucketError::NoAnswer), 3, 0);
        assert_eq!(away.grade, Grade::Problem);
    }
}
