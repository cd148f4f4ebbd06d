//! `gridos alarms ack`, `shelve`, `unshelve`: what operators do, answered when it is on the disk.

use serde_json::{Value, json};

use super::super::{Outcome, block_on};
use crate::cli::{AlarmAct, AlarmsAck, AlarmsShelve, AlarmsUnshelve};
use crate::client::Client;
use crate::output;

pub(super) fn ack(args: &AlarmsAck) -> Outcome {
    act(
        &args.act,
        "ack",
        "acknowledged",
        json!({ "occurrence": args.occurrence }),
    )
}

pub(super) fn shelve(args: &AlarmsShelve) -> Outcome {
    let body = match args.duration {
        Some(duration) => json!({ "seconds": duration.as_secs_f64() }),
        None => json!({ "one_shot": true }),
    };
    act(&args.act, "shelve", "shelved", body)
}

pub(super) fn unshelve(args: &AlarmsUnshelve) -> Outcome {
    act(&args.act, "unshelve", "shown again", json!({}))
}

/// Does `verb`, after which an alarm is `done`.
fn act(args: &AlarmAct, verb: &str, done: &str, mut body: Value) -> Outcome {
    if let Some(comment) = &args.comment {
        body["comment"] = json!(comment);
    }
    let answer = block_on(async {
        let client = Client::new(&args.at)?;
        // An engine that knows who asks refuses what is said in the name of somebody else.
        let user = || (!client.is_known()).then(|| std::env::var("USER").ok());
        if let Some(by) = args.by.clone().or_else(|| user().flatten()) {
            body["by"] = json!(by);
        }
        client
            .post(&["api", "v1", "alarms", &args.alarm, verb], &body)
            .await
    })??;
    if args.json {
        return output::json(&answer);
    }
    let alarm = &answer["alarm"];
    let changed = match answer["changed"].as_bool() {
        Some(false) => " already",
        Some(true) | None => "",
    };
    output::line(format_args!(
        "{} is {done}{changed}; its state is {}",
        args.alarm,
        alarm["state"]
            .as_str()
            .unwrap_or("not known")
            .replace('_', " ")
    ))
}
