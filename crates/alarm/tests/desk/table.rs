//! The whole state table: every state, reached by the steps at the left, and what each input
//! makes of it.
//!
//! | cell | meaning |
//! |---|---|
//! | `N` | normal |
//! | `U`, `A` | active: unacknowledged, acknowledged |
//! | `R` | returned, unacknowledged |
//! | `LU`, `LA` | latched: unacknowledged, acknowledged |
//! | `SH`, `SU`, `OO` | shelved, suppressed, out of service |
//! | `!` | operators are told |
//! | `-` | nothing changes, and nothing is recorded |
//! | a word | refused for that reason |

use gridos_alarm::{Definition, Order, Refusal};
use gridos_model::{AlarmKind, AlarmState};

use crate::plant::{HOUR, Plant, limits};

const PLAIN: &str = "
|                         | H   | HH  | ok | ack   | reset   | silence | shelve | unshelve | suppress | allow | out | in  | hour |
|                         | U!  | U!  | -  | never | never   | never   | SH     | -        | SU       | -     | OO  | -   | -    |
| H                       | -   | U!  | R  | A     | unheld  | U       | SH     | -        | SU       | -     | OO  | -   | -    |
| H silence               | -   | U!  | R  | A     | unheld  | -       | SH     | -        | SU       | -     | OO  | -   | -    |
| HH                      | U   | -   | R  | A     | unheld  | U       | SH     | -        | SU       | -     | OO  | -   | -    |
| H ack                   | -   | U!  | N  | -     | unheld  | -       | SH     | -        | SU       | -     | OO  | -   | -    |
| HH ack                  | A   | -   | N  | -     | unheld  | -       | SH     | -        | SU       | -     | OO  | -   | -    |
| HH ack H                | -   | A   | N  | -     | unheld  | -       | SH     | -        | SU       | -     | OO  | -   | -    |
| H ok                    | U!  | U!  | -  | N     | unheld  | R       | SH     | -        | SU       | -     | OO  | -   | -    |
| H ok ack                | U!  | U!  | -  | -     | unheld  | -       | SH     | -        | SU       | -     | OO  | -   | -    |
| shelve                  | SH  | SH  | -  | never | never   | never   | SH     | N        | SU       | -     | OO  | -   | N    |
| H shelve                | -   | SH  | SH | SH    | unheld  | -       | SH     | U!       | SU       | -     | OO  | -   | U!   |
| H ack shelve            | -   | SH  | SH | -     | unheld  | -       | SH     | A        | SU       | -     | OO  | -   | A    |
| H ok shelve             | SH  | SH  | -  | SH    | unheld  | -       | SH     | R        | SU       | -     | OO  | -   | R    |
| shelve H                | -   | SH  | SH | SH    | unheld  | -       | SH     | U!       | SU       | -     | OO  | -   | U!   |
| shelve H ack            | -   | SH  | SH | -     | unheld  | -       | SH     | A        | SU       | -     | OO  | -   | A    |
| shelve H ok             | SH  | SH  | -  | -     | unheld  | -       | SH     | N        | SU       | -     | OO  | -   | N    |
| H ack shelve HH         | SH  | -   | SH | SH    | unheld  | -       | SH     | U!       | SU       | -     | OO  | -   | U!   |
| H ack shelve HH ok      | SH  | SH  | -  | -     | unheld  | -       | SH     | N        | SU       | -     | OO  | -   | N    |
| H shelve HH ok          | SH  | SH  | -  | SH    | unheld  | -       | SH     | R        | SU       | -     | OO  | -   | R    |
| H ok shelve H ok        | SH  | SH  | -  | SH    | unheld  | -       | SH     | R        | SU       | -     | OO  | -   | R    |
| suppress                | SU  | SU  | -  | never | never   | never   | SU     | -        | -        | N     | OO  | -   | -    |
| H suppress              | -   | SU  | SU | SU    | unheld  | -       | SU     | -        | -        | U!    | OO  | -   | -    |
| H ack suppress          | -   | SU  | SU | -     | unheld  | -       | SU     | -        | -        | A     | OO  | -   | -    |
| suppress H ok           | SU  | SU  | -  | -     | unheld  | -       | SU     | -        | -        | N     | OO  | -   | -    |
| H shelve suppress       | -   | SU  | SU | SU    | unheld  | -       | SU     | SU       | -        | SH    | OO  | -   | SU   |
| out                     | OO  | OO  | -  | never | never   | never   | OO     | -        | OO       | -     | -   | N   | -    |
| H out                   | -   | OO  | OO | OO    | unheld  | -       | OO     | -        | OO       | -     | -   | U!  | -    |
| H ack out               | -   | OO  | OO | -     | unheld  | -       | OO     | -        | OO       | -     | -   | A   | -    |
| out H ok                | OO  | OO  | -  | -     | unheld  | -       | OO     | -        | OO       | -     | -   | N   | -    |
| H out suppress shelve   | -   | OO  | OO | OO    | unheld  | -       | OO     | OO       | -        | OO    | -   | SU  | OO   |
";

const LATCHING: &str = "
|                         | H   | HH  | ok | ack   | reset   | silence | shelve | unshelve | suppress | allow | out | in  | hour |
|                         | U!  | U!  | -  | never | never   | never   | SH     | -        | SU       | -     | OO  | -   | -    |
| H                       | -   | U!  | LU | A     | active  | U       | SH     | -        | SU       | -     | OO  | -   | -    |
| H ack                   | -   | U!  | LA | -     | active  | -       | SH     | -        | SU       | -     | OO  | -   | -    |
| H ok                    | U!  | U!  | -  | LA    | unacked | LU      | SH     | -        | SU       | -     | OO  | -   | -    |
| H ok ack                | U!  | U!  | -  | -     | N       | -       | SH     | -        | SU       | -     | OO  | -   | -    |
| H ok ack reset          | U!  | U!  | -  | -     | -       | -       | SH     | -        | SU       | -     | OO  | -   | -    |
| H ok ack shelve         | SH  | SH  | -  | -     | SH      | -       | SH     | LA       | SU       | -     | OO  | -   | LA   |
| H ok shelve             | SH  | SH  | -  | SH    | unacked | -       | SH     | LU       | SU       | -     | OO  | -   | LU   |
| shelve H ok             | SH  | SH  | -  | -     | SH      | -       | SH     | LA       | SU       | -     | OO  | -   | LA   |
| out H ok                | OO  | OO  | -  | -     | OO      | -       | OO     | -        | OO       | -     | -   | LA  | -    |
";

/// An alarm that nobody must acknowledge.
const NO_ACK: &str = "
|                         | H   | HH  | ok | ack   | reset   | silence | shelve | unshelve | suppress | allow | out | in  | hour |
|                         | A!  | A!  | -  | never | never   | never   | SH     | -        | SU       | -     | OO  | -   | -    |
| H                       | -   | A!  | N  | -     | unheld  | -       | SH     | -        | SU       | -     | OO  | -   | -    |
| H ok                    | A!  | A!  | -  | -     | unheld  | -       | SH     | -        | SU       | -     | OO  | -   | -    |
| H shelve                | -   | SH  | SH | -     | unheld  | -       | SH     | A        | SU       | -     | OO  | -   | A    |
| shelve H                | -   | SH  | SH | -     | unheld  | -       | SH     | A!       | SU       | -     | OO  | -   | A!   |
| shelve H ok             | SH  | SH  | -  | -     | unheld  | -       | SH     | N        | SU       | -     | OO  | -   | N    |
";

/// What a step leads to, as it is written in the tables.
fn step(plant: &mut Plant, input: &str) -> String {
    let before = plant.records.len();
    let order = match input {
        "H" => return condition(plant, before, 105.0),
        "HH" => return condition(plant, before, 120.0),
        "ok" => return condition(plant, before, 50.0),
        "hour" => {
            plant.wait(HOUR);
            return cell(plant, before);
        }
        "ack" => Order::Acknowledge,
        "reset" => Order::Reset,
        "silence" => Order::Silence,
        "shelve" => Order::Shelve {
            period: HOUR,
            is_one_shot: false,
        },
        "unshelve" => Order::Unshelve,
        "suppress" => Order::Suppress,
        "allow" => Order::Unsuppress,
        "out" => Order::TakeOutOfService,
        "in" => Order::PutInService,
        other => panic!("no input '{other}'"),
    };
    match plant.order(AlarmKind::Limit, order) {
        Ok(outcome) => {
            let cell = cell(plant, before);
            assert_eq!(outcome.is_changed, cell != "-");
            assert_eq!(outcome.case, plant.case(0, AlarmKind::Limit));
            cell
        }
        Err(refusal) => {
            assert_eq!(plant.records.len(), before);
            let words = [
                (Refusal::NeverRaised, "never"),
                (Refusal::NotLatched, "unheld"),
                (Refusal::StillActive, "active"),
                (Refusal::NotAcknowledged, "unacked"),
            ];
            let word = words.into_iter().find(|(known, _)| *known == refusal);
            word.unwrap().1.to_owned()
        }
    }
}

fn condition(plant: &mut Plant, before: usize, value: f64) -> String {
    plant.send(0, value);
    cell(plant, before)
}

fn cell(plant: &Plant, before: usize) -> String {
    let records = &plant.records[before..];
    let Some(last) = records.last() else {
        return "-".to_owned();
    };
    assert_eq!(records.len(), 1, "{records:?}");
    let case = plant.case(0, AlarmKind::Limit);
    assert_eq!(case.facts, last.after);
    let state = match case.facts.state() {
        AlarmState::Normal => "N",
        AlarmState::Unacknowledged => "U",
        AlarmState::Acknowledged => "A",
        AlarmState::ReturnedUnacknowledged => "R",
        AlarmState::LatchedUnacknowledged => "LU",
        AlarmState::LatchedAcknowledged => "LA",
        AlarmState::Shelved => "SH",
        AlarmState::Suppressed => "SU",
        AlarmState::OutOfService => "OO",
    };
    format!("{state}{}", if last.is_annunciated { "!" } else { "" })
}

fn cells(line: &str) -> Vec<&str> {
    let cells = line.trim_matches('|').split('|').map(str::trim);
    cells.collect()
}

/// Tries every input in every state of the table, each with a plant of its own.
fn check(table: &str, definition: &Definition) {
    let mut lines = table.lines().filter(|line| !line.is_empty());
    let inputs = cells(lines.next().unwrap());
    for line in lines {
        let row = cells(line);
        assert_eq!(row.len(), inputs.len(), "{line}");
        for (input, expected) in inputs.iter().zip(&row).skip(1) {
            let mut plant = Plant::new(1, std::slice::from_ref(definition));
            for before in row[0].split_whitespace() {
                step(&mut plant, before);
            }
            let found = step(&mut plant, input);
            assert_eq!(found, *expected, "after '{}': {input}", row[0]);
        }
    }
}

#[test]
fn every_state_and_every_input() {
    check(PLAIN, &limits());
}

#[test]
fn every_state_and_every_input_of_an_alarm_that_latches() {
    let definition = Definition {
        latches: true,
        ..limits()
    };
    check(LATCHING, &definition);
}

#[test]
fn every_state_and_every_input_of_an_alarm_that_needs_no_acknowledgement() {
    let definition = Definition {
        needs_acknowledgement: false,
        ..limits()
    };
    check(NO_ACK, &definition);
}
