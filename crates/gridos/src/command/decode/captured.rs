//! A capture: each packet with what it completes.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Instant;

use gridos_dnp3::explain::{Limits, Line, StreamExplainer, Tone, Utc};
use serde_json::json;

use super::NotCaptured;
use super::show::Shown;
use crate::capture::{
    Arrival, Conversation, Conversations, FileError, Packet, Passed, Protocol, packets,
};

/// Why a capture was not decoded to its end.
#[derive(Debug)]
pub(super) enum Failed {
    File(FileError),
    /// Nothing in it is of the port.
    Port(u16, Passed),
    Output(io::Error),
}

/// Ports that are named where another one may be meant.
const PORTS_SHOWN: usize = 8;

pub(super) fn decode(
    file: &[u8],
    port: u16,
    limits: Limits,
    shown: &mut Shown<impl Write>,
) -> Result<(), Failed> {
    let packets = packets(file).map_err(Failed::File)?;
    let mut conversations = Conversations::new(port);
    let mut explainers = Explainers {
        limits,
        begun: Instant::now(),
        by_conversation: BTreeMap::new(),
    };
    let mut found = false;
    for packet in &packets {
        let Some((conversation, arrivals)) = conversations.push(packet) else {
            continue;
        };
        found = true;
        let lines = explainers.explain(conversation, &arrivals);
        show(Some(packet), conversation, &lines, shown)?;
    }
    for (conversation, arrivals) in conversations.finish() {
        let lines = explainers.explain(conversation, &arrivals);
        show(None, conversation, &lines, shown)?;
    }
    for (conversation, mut explainer) in explainers.by_conversation {
        let mut lines = Vec::new();
        explainer.finish(&mut lines);
        show(None, conversation, &lines, shown)?;
    }
    match found {
        true => Ok(()),
        false => Err(Failed::Port(port, conversations.passed().clone())),
    }
}

struct Explainers {
    limits: Limits,
    begun: Instant,
    by_conversation: BTreeMap<Conversation, StreamExplainer>,
}

impl Explainers {
    fn explain(&mut self, conversation: Conversation, arrivals: &[Arrival]) -> Vec<Line> {
        let explainer = self.by_conversation.entry(conversation);
        let begin = || StreamExplainer::new(self.begun, self.limits);
        let explainer = explainer.or_insert_with(begin);
        let mut lines = Vec::new();
        for arrival in arrivals {
            match arrival {
                Arrival::Begin => explainer.finish(&mut lines),
                Arrival::Missing(count) => {
                    explainer.finish(&mut lines);
                    lines.push(Line {
                        depth: 0,
                        tone: Tone::Doubt,
                        text: format!("{count} octets of the stream were not captured"),
                    });
                }
                Arrival::Octets(octets) => explainer.push(octets, &mut lines),
            }
        }
        lines
    }
}

fn show(
    packet: Option<&Packet<'_>>,
    conversation: Conversation,
    lines: &[Line],
    shown: &mut Shown<impl Write>,
) -> Result<(), Failed> {
    if lines.is_empty() {
        return Ok(());
    }
    let Conversation { protocol, from, to } = conversation;
    let protocol = match protocol {
        Protocol::Tcp => "TCP",
        Protocol::Udp => "UDP",
    };
    let number = packet.map(|packet| packet.number);
    let time = packet.and_then(|packet| packet.time);
    let time = time.map(|time| Utc(time / 1_000_000).to_string());
    let place = match (number, &time) {
        (Some(number), Some(time)) => format!("packet {number}, {time}"),
        (Some(number), None) => format!("packet {number}"),
        (None, _) => "at the end".to_owned(),
    };
    let heading = format!("{place}, {protocol} {from} -> {to}");
    let context = json!({
        "packet": number,
        "time": time,
        "protocol": protocol,
        "from": from.to_string(),
        "to": to.to_string(),
    });
    shown.heading(&heading, context).map_err(Failed::Output)?;
    for line in lines {
        shown.line(1, line).map_err(Failed::Output)?;
    }
    Ok(())
}

impl Failed {
    /// As an error about the capture `name`.
    pub(super) fn within(self, name: &str) -> Box<dyn std::error::Error> {
        let name = name.to_owned();
        match self {
            Self::Output(error) => error.into(),
            Self::File(error) => NotCaptured::File { name, error }.into(),
            Self::Port(port, passed) => match why(&passed) {
                Some(why) => NotCaptured::Link { name, why }.into(),
                None => {
                    let instead = instead(&passed);
                    NotCaptured::Port {
                        name,
                        port,
                        instead,
                    }
                    .into()
                }
            },
        }
    }
}

/// Why nothing at all could be read, if so.
fn why(passed: &Passed) -> Option<String> {
    if !passed.ports.is_empty() {
        return None;
    }
    if let Some(link) = passed.links.first() {
        return Some(format!(
            "they have link type {link}; Ethernet (1), Linux cooked (113, 276) and raw IP (101) \
             can be read"
        ));
    }
    (passed.parts > 0).then(|| "they are parts of IP packets".to_owned())
}

fn instead(passed: &Passed) -> String {
    if passed.ports.is_empty() {
        return String::new();
    }
    let ports = passed.ports.iter().take(PORTS_SHOWN);
    let ports: Vec<_> = ports.map(u16::to_string).collect();
    let more = if passed.ports.len() > PORTS_SHOWN {
        ", …"
    } else {
        ""
    };
    format!(" (its other ports: {}{more})", ports.join(", "))
}
