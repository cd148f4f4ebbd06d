//! Outstations: what is allowed, but probably not meant.

use std::collections::HashMap;
use std::time::Duration;

use gridos_dnp3::app::{Class, Selection};
use gridos_dnp3::link::Address as LinkAddress;
use gridos_dnp3::master::{Config as Master, Confirm, EarlyEvents};

use crate::config::{
    Address, Config, Device, OutstationMap, Profile, Protocol, Station, show_duration,
};

/// Syncs of the journal that a confirm should have time for: the one that is under way, its own,
/// and some that a busy disk draws out.
const SYNCS_PER_CONFIRM: u32 = 10;

/// Warnings of the profiles of `config` and of its enabled devices.
pub(super) fn warnings(config: &Config, enabled: &[&Device]) -> Vec<String> {
    let mut warnings = Vec::new();
    for profile in &config.profiles {
        if let Protocol::Dnp3(map) = &profile.protocol {
            warnings.extend(of_profile(profile, map, config));
        }
    }
    warnings.extend(two_masters(enabled));
    warnings
}

fn of_profile(profile: &Profile, map: &OutstationMap, config: &Config) -> Vec<String> {
    let master = &map.treatment.config;
    let sync = config.journal.sync_interval;
    let found = [
        received(master),
        late_confirms(master, sync),
        unread_classes(master),
        values_read_once(master),
        ignored(master),
        silence(map),
    ];
    let name = &profile.name;
    let found = found.into_iter().flatten();
    found
        .map(|what| format!("profile '{name}': {what}"))
        .collect()
}

fn received(master: &Master) -> Option<String> {
    let what = "events are confirmed before they are durable, so that a crash may lose what the \
                outstation has forgotten: confirm = \"received\"";
    (master.confirm == Confirm::Received).then(|| what.to_owned())
}

fn late_confirms(master: &Master, sync: Duration) -> Option<String> {
    let within = master.confirm_within();
    let is_durable = master.confirm == Confirm::Durable;
    let is_late = is_durable && within < sync.saturating_mul(SYNCS_PER_CONFIRM);
    is_late.then(|| {
        format!(
            "events that are not durable within {} are not confirmed and come again, but [journal] \
             sync_interval is {}; lower it, or raise outstation_confirm_timeout there and here",
            show_duration(within),
            show_duration(sync)
        )
    })
}

/// Classes whose events nobody asks for and that do not come unasked.
fn unread_classes(master: &Master) -> Option<String> {
    let unsolicited: Vec<Class> = master.enables_unsolicited.iter_classes().collect();
    let is_polled = |class: Class| {
        let mut polls = master.polls.iter();
        polls.any(|poll| poll.selections().contains(&Selection::class(class)))
    };
    let classes = [(1, Class::One), (2, Class::Two), (3, Class::Three)];
    let unread = classes
        .iter()
        .filter(|(_, class)| !unsolicited.contains(class) && !is_polled(*class));
    let unread: Vec<String> = unread.map(|(number, _)| number.to_string()).collect();
    if unread.is_empty() {
        return None;
    }
    let when = master.integrity_period.map_or_else(
        || "after a start and after losses".to_owned(),
        |period| format!("every {}", show_duration(period)),
    );
    Some(format!(
        "events of class {} neither come unasked nor are polled, and are read {when}; write \
         class_poll",
        unread.join(" and ")
    ))
}

fn values_read_once(master: &Master) -> Option<String> {
    let what = "values that cause no events are read only after a start and after losses: \
                integrity_period = false";
    let is_once = master.integrity_period.is_none() && !master.integrity_on_reconnect;
    is_once.then(|| what.to_owned())
}

fn ignored(master: &Master) -> Option<String> {
    let what = "early_events = \"ignore\" says nothing where no events may come unasked";
    let is_vain =
        master.early_events == EarlyEvents::Ignore && master.enables_unsolicited.is_empty();
    is_vain.then(|| what.to_owned())
}

/// Whoever is only listened to may be gone for hours.
fn silence(map: &OutstationMap) -> Option<String> {
    let master = &map.treatment.config;
    let is_unnoticed = map.treatment.keep_alive.is_none() && master.polls.is_empty();
    is_unnoticed.then(|| {
        "nothing is sent while nothing changes, so that a dead connection is not noticed; write \
         keep_alive or class_poll"
            .to_owned()
    })
}

/// Two masters of one outstation take events from each other.
fn two_masters(enabled: &[&Device]) -> Option<String> {
    let mut known: HashMap<(&Address, LinkAddress), &Device> = HashMap::new();
    for device in enabled {
        let Some(connection) = &device.connection else {
            continue;
        };
        let Station::Outstation(pair) = connection.station else {
            continue;
        };
        let key = (&connection.address, pair.outstation);
        if let Some(first) = known.insert(key, device) {
            return Some(format!(
                "devices '{}' and '{}' are outstation {} at {} for two masters: if the outstation \
                 has one buffer for both, each takes events from the other",
                first.name, device.name, pair.outstation, connection.address
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::check::Report;
    use crate::config::Config;

    fn report(keys: &str, device: &str) -> Report {
        let text = format!(
            "[journal]\nsync_interval = \"500ms\"\n\
             [[profile]]\nname = \"rtu\"\nprotocol = \"dnp3\"\n{keys}\n\
             point = [{{ name = \"a_{{n}}\", analog = \"0..9\" }}, {{ name = \"b\", binary = 7 }}]\n\
             [[device]]\nname = \"d\"\nprofile = \"rtu\"\naddress = \"h\"\noutstation = 10\n\
             {device}"
        );
        let no_files = |_: &std::path::Path| Ok(Vec::new());
        let config = Config::parse(&text, "g.toml", [("", ""); 0], &no_files);
        Report::of(&config.unwrap_or_else(|faults| panic!("{faults}"))).unwrap()
    }

    #[test]
    fn what_is_probably_not_meant_is_warned_of() {
        let late = "outstation_confirm_timeout = \"9s\"";
        for (keys, warnings) in [
            (late, &[][..]),
            (
                "outstation_confirm_timeout = \"8s\"",
                &["events that are not durable within 4800ms are not confirmed and come again"],
            ),
            (
                "confirm = \"received\"",
                &["events are confirmed before they are durable"],
            ),
            (
                "confirm = \"received\"\nunsolicited = [\"class1\"]\nclass_poll = { class3 = \"1s\" }",
                &[
                    "before they are durable",
                    "events of class 2 neither come unasked nor are",
                ],
            ),
            (
                "outstation_confirm_timeout = \"9s\"\nunsolicited = false\n\
                 early_events = \"ignore\"\nintegrity_period = false\nkeep_alive = false",
                &[
                    "class 1 and 2 and 3 neither come unasked nor are polled, and are read after a",
                    "values that cause no events are read only after a start",
                    "early_events = \"ignore\" says nothing",
                    "nothing is sent while nothing changes",
                ],
            ),
        ] {
            let found = report(keys, "").warnings;
            assert_eq!(found.len(), warnings.len(), "{keys}: {found:?}");
            for (found, expected) in found.iter().zip(warnings) {
                assert!(found.contains(expected), "{expected} not in {found}");
            }
        }
        let second = "[[device]]\nname = \"e\"\nprofile = \"rtu\"\naddress = \"h\"\n\
                      outstation = 10\nmaster = 2";
        let found = report(late, second).warnings;
        let what = "devices 'd' and 'e' are outstation 10 at h:20000 for two masters";
        assert!(found.len() == 1 && found[0].contains(what), "{found:?}");
    }

    #[test]
    fn what_is_read_is_shown() {
        let report = report(
            "outstation_confirm_timeout = \"9s\"\nclass_poll = \"10s\"",
            "",
        );
        let text = report.to_string();
        for line in [
            "\noutstations             1, at most 1 of them read as a whole at once\n",
            "\nconnections             1\n",
            "\nrequests                0.1 a second\n",
            "KiB  outstations\n",
        ] {
            assert!(text.contains(line), "{line} not in\n{text}");
        }
        let hourly = 11.0 / 3_600.0;
        assert!((report.bounds.readings_per_second - hourly).abs() < 1e-9);
    }
}
