//! Time zones and leap seconds: the engine has UTC throughout, and people should know it.

use std::fs;
use std::time::{Duration, SystemTime};

use super::{Finding, clock};

const CHECK: &str = "time zone";
const LEAP: &str = "leap second";
/// The list of the IERS, as Debian's tzdata has it.
const LIST: &str = "/usr/share/zoneinfo/leap-seconds.list";
/// From the epoch of NTP (1900) to that of Unix.
const NTP_EPOCH_BEFORE: u64 = 2_208_988_800;

#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    zone: Option<String>,
    /// The clock of the board has local time, and steps with it twice a year.
    is_board_local: bool,
    /// What chrony says of the end of this day.
    leap: Option<String>,
    /// Until when the list of leap seconds holds, since the epoch of Unix.
    list_holds: Option<Duration>,
}

pub(super) fn look(times: &clock::Seen) -> Seen {
    let systemd = times.timedatectl.as_deref().unwrap_or_default();
    let adjusted = fs::read_to_string("/etc/adjtime").unwrap_or_default();
    let zone = clock::value(systemd, "Timezone").map(str::to_owned);
    Seen {
        zone: zone.or_else(|| {
            let link = fs::read_link("/etc/localtime").ok()?;
            let path = link.to_string_lossy().into_owned();
            Some(path.rsplit_once("zoneinfo/")?.1.to_owned())
        }),
        is_board_local: clock::value(systemd, "LocalRTC") == Some("yes")
            || adjusted.lines().any(|line| line.trim() == "LOCAL"),
        leap: times
            .chrony
            .as_deref()
            .and_then(clock::leap)
            .map(str::to_owned),
        list_holds: fs::read_to_string(LIST).ok().and_then(|text| holds(&text)),
    }
}

/// The line `#@ 3975004800` of the list: until when it holds, in seconds of NTP.
fn holds(list: &str) -> Option<Duration> {
    let line = list.lines().find_map(|line| line.strip_prefix("#@"))?;
    let seconds: u64 = line.trim().parse().ok()?;
    seconds
        .checked_sub(NTP_EPOCH_BEFORE)
        .map(Duration::from_secs)
}

pub(super) fn judge(seen: &Seen, now: SystemTime) -> Vec<Finding> {
    let zone = seen.zone.as_deref().unwrap_or("not known");
    let mut found = vec![match seen.is_board_local {
        true => Finding::warning(
            CHECK,
            "the clock of the board has local time: after a start without network the engine is off by hours",
            "timedatectl set-local-rtc 0",
        ),
        false => Finding::ok(
            CHECK,
            format!("this machine's is {zone}; the engine logs, stores and tells all times in UTC"),
        ),
    }];
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    found.push(match (seen.leap.as_deref(), seen.list_holds) {
        (Some(what @ ("Insert second" | "Delete second")), _) => Finding::warning(
            LEAP,
            format!("at the end of this day the clock does this: {what}"),
            "readings of that second can stand in the wrong order; let chrony smear it (leapsecmode slew)",
        ),
        (_, Some(holds)) if holds < since => Finding::warning(
            LEAP,
            "the list of leap seconds of this machine has expired",
            "update the package tzdata",
        ),
        _ => Finding::ok(LEAP, "none is announced"),
    });
    found
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    fn grades(seen: &Seen) -> Vec<Grade> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        judge(seen, now).iter().map(|found| found.grade).collect()
    }

    #[test]
    fn what_steps_the_clock_is_warned_of() {
        let plain = Seen::default();
        assert_eq!(grades(&plain), [Grade::Ok, Grade::Ok]);
        let local = Seen {
            is_board_local: true,
            ..plain.clone()
        };
        assert_eq!(grades(&local), [Grade::Warning, Grade::Ok]);
        let leap = |word: &str| Seen {
            leap: Some(word.to_owned()),
            ..Seen::default()
        };
        assert_eq!(grades(&leap("Insert second")), [Grade::Ok, Grade::Warning]);
        assert_eq!(grades(&leap("Normal")), [Grade::Ok, Grade::Ok]);
        let list = |seconds| Seen {
            list_holds: Some(Duration::from_secs(seconds)),
            ..Seen::default()
        };
        assert_eq!(grades(&list(1_799_999_999)), [Grade::Ok, Grade::Warning]);
        assert_eq!(grades(&list(1_800_000_001)), [Grade::Ok, Grade::Ok]);
    }

    #[test]
    fn the_list_tells_until_when_it_holds() {
        let list = "#\tx\n#$\t 3929093563\n#@\t3975004800\n2272060800\t10\n";
        assert_eq!(holds(list), Some(Duration::from_secs(1_766_016_000)));
        assert_eq!(holds(""), None);
    }
}
