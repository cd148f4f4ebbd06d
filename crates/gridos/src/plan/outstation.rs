//! What an outstation is sent, with the octets of each fragment.

use std::fmt;

use gridos_dnp3::app::{Assignment, EventClasses, MasterRequest, Selection, Sequence, Timestamp};
use gridos_dnp3::master::{Confirm, TimeSync};

use crate::config::{Dnp3Link, show_duration};

/// What one outstation is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutstationPlan {
    /// Its name.
    pub device: String,
    /// Its profile.
    pub profile: String,
    /// Where it is, and which one of those there.
    pub place: String,
    /// How many enabled devices have the profile.
    pub alike: usize,
    /// How many points it has, and how many groups of them are swept.
    pub points: (usize, usize),
    /// The requests, in the order in which they are sent after the first connect.
    pub requests: Vec<OutstationRequest>,
    /// When what it tells is confirmed.
    pub confirm: String,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutstationRequest {
    /// When it is sent.
    pub when: String,
    /// What it is for.
    pub what: &'static str,
    /// The fragment with the sequence number 0; a time in it is 0.
    pub octets: Vec<u8>,
}

impl OutstationPlan {
    pub(super) fn of(device: &str, profile: &str, link: &Dnp3Link) -> Self {
        let config = &link.treatment.config;
        let within = show_duration(config.confirm_within());
        let confirm = match config.confirm {
            Confirm::Durable => format!("when they are durable, if that is within {within}"),
            Confirm::Received => "when they have arrived".to_owned(),
        };
        Self {
            device: device.to_owned(),
            profile: profile.to_owned(),
            place: format!("{}, {}", link.address, link.pair),
            alike: 0,
            points: (link.map.points().len(), link.map.groups().len()),
            requests: requests(link),
            confirm,
        }
    }
}

fn requests(link: &Dnp3Link) -> Vec<OutstationRequest> {
    let config = &link.treatment.config;
    let mut all = Vec::new();
    let mut add = |when: String, what, request: MasterRequest<'_>| {
        let mut octets = Vec::new();
        // What does not fit one fragment was refused with the configuration.
        if request.encode(Sequence::ZERO, &mut octets).is_ok() {
            all.push(OutstationRequest { when, what, octets });
        }
    };
    let restart = "after a restart";
    let clear = MasterRequest::ClearRestart;
    add(restart.to_owned(), "clear the restart indication", clear);
    if config.disables_unsolicited {
        let disable = MasterRequest::DisableUnsolicited(EventClasses::all());
        add("once".to_owned(), "disable unsolicited responses", disable);
    }
    let assigned = link.treatment.assigned.iter();
    let assigned = assigned.map(|(class, points)| Assignment {
        class: *class,
        points,
    });
    let assigned: Vec<_> = assigned.collect();
    if !assigned.is_empty() {
        let assign = MasterRequest::AssignClass(&assigned);
        add(format!("once, and {restart}"), "assign classes", assign);
    }
    let integrity = MasterRequest::Read(&Selection::INTEGRITY);
    let connect = if config.integrity_on_reconnect {
        "after each connect"
    } else {
        "once"
    };
    let period = config.integrity_period;
    let again = period.map_or(String::new(), |p| format!(", every {}", show_duration(p)));
    add(format!("{connect}{again}"), "integrity poll", integrity);
    let time = Timestamp::from_octets([0; 6]);
    let need = "if it needs the time";
    match config.time_sync {
        TimeSync::Lan => {
            let record = MasterRequest::RecordCurrentTime;
            add(need.to_owned(), "record the current time", record);
            let write = MasterRequest::WriteRecordedTime(time);
            add(need.to_owned(), "write the recorded time", write);
        }
        TimeSync::Serial => {
            add(
                need.to_owned(),
                "measure the delay",
                MasterRequest::DelayMeasure,
            );
            add(
                need.to_owned(),
                "write the time",
                MasterRequest::WriteTime(time),
            );
        }
        TimeSync::Never => {}
    }
    if !config.enables_unsolicited.is_empty() {
        let enable = MasterRequest::EnableUnsolicited(config.enables_unsolicited);
        add(
            format!("once, and {restart}"),
            "enable unsolicited responses",
            enable,
        );
    }
    for poll in &config.polls {
        let every = format!("every {}", show_duration(poll.period()));
        add(every, "poll", MasterRequest::Read(poll.selections()));
    }
    all
}

impl fmt::Display for OutstationPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (points, groups) = self.points;
        writeln!(
            f,
            "device '{}' at {}; profile '{}' of {} devices",
            self.device, self.place, self.profile, self.alike
        )?;
        writeln!(f, "  {points} points, {groups} groups of them swept")?;
        for request in &self.requests {
            writeln!(f, "  {request}")?;
        }
        writeln!(f, "  events are confirmed {}", self.confirm)
    }
}

impl fmt::Display for OutstationRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<26} {:<29}", self.when, self.what)?;
        self.octets
            .iter()
            .try_for_each(|octet| write!(f, " {octet:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::PlanReport;
    use crate::config::Config;

    #[test]
    fn a_plan_shows_the_octets_of_all_requests() {
        let text = r#"
            [[profile]]
            name = "rtu"
            protocol = "dnp3"
            class_poll = "10s"
            time_sync = "lan"
            assign_class = { class1 = ["binary"] }
            reads = [{ group = 30, variation = 6, points = "0..9", every = "1min" }]
            point = [{ name = "a_{n}", analog = "0..9" }, { name = "b", binary = 7 }]
            [[device]]
            name = "one"
            profile = "rtu"
            address = "h"
            outstation = 10
        "#;
        let no_files = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
        let config = Config::parse(text, "x.toml", [("", ""); 0], &no_files);
        let config = config.unwrap_or_else(|faults| panic!("{faults}"));
        let report = PlanReport::of(&config, Some("one"), Duration::from_millis(10)).unwrap();
        let expected = "\
device 'one' at h:20000, outstation 10 of master 1; profile 'rtu' of 1 devices
  11 points, 1 groups of them swept
  after a restart            clear the restart indication  c0 02 50 01 00 07 07 00
  once                       disable unsolicited responses c0 15 3c 02 06 3c 03 06 3c 04 06
  once, and after a restart  assign classes                c0 16 3c 02 06 01 00 06
  once, every 1h             integrity poll                c0 01 3c 02 06 3c 03 06 3c 04 06 3c 01 06
  if it needs the time       record the current time       c0 18
  if it needs the time       write the recorded time       c0 02 32 03 07 01 00 00 00 00 00 00
  once, and after a restart  enable unsolicited responses  c0 14 3c 02 06 3c 03 06 3c 04 06
  every 10s                  poll                          c0 01 3c 02 06 3c 03 06 3c 04 06
  every 1min                 poll                          c0 01 1e 06 00 00 09
  events are confirmed when they are durable, if that is within 3s

";
        assert_eq!(report.to_string(), expected);
    }
}
