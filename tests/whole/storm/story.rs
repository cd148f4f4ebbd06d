//! What the history and the journal tell of a storm.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::follower::{Record, text};
use super::relays::{Relay, Relays};
use crate::support::engine::binary;

/// All that is in the table of what happened to alarms, in its order.
pub(super) fn stored(database: &Path) -> Vec<Record> {
    let sql = "select sequence, name, occurrence, action, annunciated, state \
               from alarm_event join alarm_name on alarm_name.id = alarm order by sequence";
    let lines = run(Command::new("sqlite3").arg(database).arg(sql));
    let record = |line: &str| {
        let cells: Vec<_> = line.split('|').collect();
        let [sequence, name, occurrence, action, told, state] = cells[..] else {
            panic!("{line}")
        };
        Record {
            sequence: sequence.parse().unwrap(),
            name: name.to_owned(),
            occurrence: occurrence.parse().unwrap(),
            action: action.to_owned(),
            is_annunciated: told == "1",
            state: state.to_owned(),
        }
    };
    lines.lines().map(record).collect()
}

/// All that the journal has of alarms, in its order.
pub(super) fn journalled(folder: &Path) -> Vec<Record> {
    let lines = run(Command::new(binary()).args(["journal", "dump"]).arg(folder));
    let lines = lines.lines().filter(|line| line.contains("\"alarms\""));
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    let records = lines.flat_map(|line| line["alarms"].as_array().unwrap().clone());
    let record = |record: Value| Record {
        sequence: record["sequence"].as_u64().unwrap(),
        name: text(&record["alarm"]),
        occurrence: record["occurrence"].as_u64().unwrap(),
        action: text(&record["action"]),
        is_annunciated: record["annunciated"].as_bool().unwrap(),
        state: text(&record["after"]["state"]),
    };
    records.map(record).collect()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Checks that `records` are a whole story of each alarm, and the one that `relays` lived through.
pub(super) fn check(records: &[Record], relays: &Relays) {
    let sequences = records.iter().map(|record| record.sequence);
    assert!(sequences.eq(1..=records.len() as u64), "a gap");
    let mut stories = BTreeMap::<&str, Vec<&Record>>::new();
    for record in records {
        stories.entry(&record.name).or_default().push(record);
    }
    for (name, story) in &stories {
        check_occurrences(name, story);
    }
    let story = |relay: &Relay, alarm: &str| {
        let name = format!("{}{alarm}", relay.name);
        stories.get(&*name).cloned().unwrap_or_default()
    };
    for relay in relays.iter() {
        let link = raised(&story(relay, ":link"));
        let expected: &[bool] = if relay.is_lost { &[true] } else { &[] };
        assert_eq!(link, expected, "{}", relay.name);
        let quality = story(relay, ".oil:quality");
        let stale = story(relay, ".oil:stale");
        let told = quality.iter().chain(&stale).filter(|r| r.is_annunciated);
        let told = told.collect::<Vec<_>>();
        // What cannot be read has no value, and after a while is stale.
        if relay.is_leaking {
            assert_eq!(raised(&quality), [true], "{}", relay.name);
        } else {
            assert!(told.is_empty(), "{}: {told:?}", relay.name);
        }
        if relay.is_lost {
            assert_eq!(raised(&quality), [false], "{}", relay.name);
            assert_eq!(raised(&stale), [false], "{}", relay.name);
        }
    }
}

/// Each occurrence begins with what raised it, ends before the next one, and is told once for each
/// level it got worse to: the alarms here have two.
fn check_occurrences(name: &str, story: &[&Record]) {
    let mut is_active = false;
    let (mut occurrence, mut told) = (0, Vec::new());
    for record in story {
        match &*record.action {
            "raised" => {
                assert!(!is_active, "{name} is raised again: {story:?}");
                (is_active, occurrence) = (true, record.sequence);
                told.clear();
            }
            "returned" => {
                assert!(is_active, "{name} returns again: {story:?}");
                is_active = false;
            }
            _ => {}
        }
        assert_eq!(record.occurrence, occurrence, "{name}: {story:?}");
        if record.is_annunciated {
            assert!(!told.contains(&&record.action), "{name} twice: {story:?}");
            told.push(&record.action);
        }
    }
    assert!(!is_active, "{name} is left: {story:?}");
}

/// Of each time that an alarm was raised, whether it was told.
fn raised(story: &[&Record]) -> Vec<bool> {
    let raised = story.iter().filter(|record| record.action == "raised");
    raised.map(|record| record.is_annunciated).collect()
}
