//! What was read, as JSON.

use gridos_collect::modbus::exception_name;
use gridos_modbus::guess::{Match, readings, texts};
use serde_json::{Value, json};

use super::advice;
use super::block::{Block, Content};
use super::show::{Shown, Style};

/// Everything about one block.
pub(super) fn block(block: &Block, style: Style) -> Value {
    let mut value = json!({
        "table": block.table.name(),
        "address": block.start,
        "count": block.count,
        "round_trip_us": block.round_trip.map(|time| time.as_secs_f64() * 1e6),
    });
    match &block.content {
        Content::Refused(code) => {
            value["exception"] = json!({
                "code": code,
                "name": exception_name(*code),
                "advice": advice::of_exception(*code),
            });
        }
        Content::Absent => {
            value["exception"] = json!({ "code": 2, "name": exception_name(2), "advice": null });
        }
        Content::Bits(bits) => value["bits"] = json!(bits),
        Content::Registers(words) => {
            value["registers"] = json!(words);
            value["readings"] = match style.only {
                Some((Shown::Text, _)) => json!([]),
                Some((Shown::Kind(kind), order)) => values(block, words, style, |at| {
                    let is_first = at % usize::from(kind.registers()) == 0;
                    let number = words.get(at..).and_then(|rest| kind.number(rest, order));
                    let number = number.filter(|_| is_first);
                    number.map(|(value, _)| vec![(kind.to_string(), order.name(), value, None)])
                }),
                None => values(block, words, style, |at| Some(all(words, at))),
            };
            let texts = texts(words).into_iter();
            value["texts"] = texts
                .map(|text| {
                    json!({
                        "address": block.address(text.at),
                        "registers": text.registers,
                        "bytes_swapped": text.swapped,
                        "text": text.text,
                    })
                })
                .collect();
        }
    }
    value
}

type Row = (String, &'static str, f64, Option<String>);

fn all(words: &[u16], at: usize) -> Vec<Row> {
    let row = |reading: gridos_modbus::guess::Reading| {
        let doubt = reading.doubt.map(|doubt| doubt.to_string());
        (
            reading.kind.to_string(),
            reading.order.name(),
            reading.value,
            doubt,
        )
    };
    readings(words, at).into_iter().map(row).collect()
}

fn values(
    block: &Block,
    words: &[u16],
    style: Style,
    rows: impl Fn(usize) -> Option<Vec<Row>>,
) -> Value {
    let mut values = Vec::new();
    for at in 0..words.len() {
        for (kind, order, value, doubt) in rows(at).unwrap_or_default() {
            if style.all || doubt.is_none() {
                values.push(json!({
                    "address": block.address(at),
                    "type": kind,
                    "order": order,
                    // JSON has no NaN and no infinity: they become null.
                    "value": value,
                    "doubt": doubt,
                }));
            }
        }
    }
    Value::Array(values)
}

/// One place where the expected value was found.
pub(super) fn found(block: &Block, found: &Match) -> Value {
    json!({
        "table": block.table.name(),
        "address": block.address(found.at),
        "type": found.kind.to_string(),
        "order": found.order.name(),
        "scale": found.scale,
        "value": found.value,
        "doubt": found.doubt.map(|doubt| doubt.to_string()),
    })
}
