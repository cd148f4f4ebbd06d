//! Whether the clock is synchronised: readings, alarms and what outstations are told have its time.

use super::Finding;
use super::shell::told;

const CHECK: &str = "clock";
/// Further off than this, readings of two engines do not fit together.
const OFFSET_MAX: f64 = 0.1;
/// Bit of adjtimex(2): nobody keeps the clock.
const STA_UNSYNC: u32 = 0x40;

/// What the programs say that know; `None` of those that are not there or do not answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// `chronyc -n -c tracking`.
    pub(super) chrony: Option<String>,
    /// `timedatectl show`.
    pub(super) timedatectl: Option<String>,
    /// `adjtimex --print`.
    pub(super) adjtimex: Option<String>,
}

pub(super) async fn look() -> Seen {
    let (chrony, timedatectl, adjtimex) = tokio::join!(
        told("chronyc", &["-n", "-c", "tracking"]),
        told("timedatectl", &["show"]),
        told("adjtimex", &["--print"]),
    );
    Seen {
        chrony,
        timedatectl,
        adjtimex,
    }
}

/// Columns of chrony's answer.
const CHRONY_OFFSET: usize = 4;
const CHRONY_LEAP: usize = 13;

/// What chrony says of leap seconds: `Normal`, `Insert second`, `Delete second`, `Not synchronised`.
pub(super) fn leap(chrony: &str) -> Option<&str> {
    chrony.trim().split(',').nth(CHRONY_LEAP)
}

/// The value of `key` in lines of `key=value`.
pub(super) fn value<'a>(lines: &'a str, key: &str) -> Option<&'a str> {
    let mut pairs = lines.lines().filter_map(|line| line.split_once('='));
    pairs.find(|(name, _)| *name == key).map(|(_, value)| value)
}

pub(super) fn judge(seen: &Seen) -> Finding {
    if let Some(chrony) = &seen.chrony {
        return judge_chrony(chrony);
    }
    let by_systemd = seen.timedatectl.as_deref();
    let by_systemd = by_systemd.and_then(|text| value(text, "NTPSynchronized"));
    let by_kernel = seen.adjtimex.as_deref().and_then(status);
    let is_kept = match (by_systemd, by_kernel) {
        (Some(word), _) => Some(word == "yes"),
        (None, Some(status)) => Some(status & STA_UNSYNC == 0),
        (None, None) => None,
    };
    match is_kept {
        Some(true) => Finding::ok(CHECK, "it is synchronised"),
        Some(false) => Finding::warning(CHECK, "nobody synchronises it", ADVICE),
        None => Finding::warning(
            CHECK,
            "no program here tells whether it is synchronised (chronyc, timedatectl, adjtimex)",
            ADVICE,
        ),
    }
}

const ADVICE: &str = "install chrony and name the time servers of your site in /etc/chrony/chrony.conf; in a container, look \
                      at its host";

fn judge_chrony(text: &str) -> Finding {
    if leap(text) == Some("Not synchronised") {
        let advice = "see chronyc sources: none of the servers in chrony.conf is usable";
        return Finding::warning(CHECK, "chrony runs and is not synchronised", advice);
    }
    let offset = text.split(',').nth(CHRONY_OFFSET);
    let Some(offset) = offset.and_then(|offset| offset.parse::<f64>().ok()) else {
        return Finding::warning(
            CHECK,
            "what chrony says is not understood",
            "see chronyc tracking",
        );
    };
    let what = format!("chrony synchronises it, {:.3} ms off", offset.abs() * 1e3);
    match offset.abs() <= OFFSET_MAX {
        true => Finding::ok(CHECK, what),
        false => Finding::warning(
            CHECK,
            what,
            "chronyc makestep, before the engine is started",
        ),
    }
}

/// The line `status: 64`.
fn status(text: &str) -> Option<u32> {
    let mut lines = text.lines().map(str::trim);
    lines.find_map(|line| line.strip_prefix("status:")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;

    fn chrony(offset: &str, leap: &str) -> Seen {
        let text = format!(
            "A29FC87B,162.159.200.123,4,1700000000.1,{offset},0.00001,0.00002,-5.1,0.001,0.02,0.01,0.001,64.2,{leap}\n"
        );
        Seen {
            chrony: Some(text),
            ..Seen::default()
        }
    }

    #[test]
    fn chrony_is_believed_first() {
        assert_eq!(judge(&chrony("-0.000012", "Normal")).grade, Grade::Ok);
        assert_eq!(judge(&chrony("0.25", "Normal")).grade, Grade::Warning);
        assert_eq!(
            judge(&chrony("0.0", "Not synchronised")).grade,
            Grade::Warning
        );
        let odd = Seen {
            chrony: Some("506 Cannot talk".to_owned()),
            ..Seen::default()
        };
        assert_eq!(judge(&odd).grade, Grade::Warning);
    }

    #[test]
    fn systemd_and_the_kernel_are_asked_as_well() {
        let systemd = |word: &str| Seen {
            timedatectl: Some(format!("Timezone=Etc/UTC\nNTPSynchronized={word}\n")),
            ..Seen::default()
        };
        assert_eq!(judge(&systemd("yes")).grade, Grade::Ok);
        assert_eq!(judge(&systemd("no")).grade, Grade::Warning);
        let kernel = |status: u32| Seen {
            adjtimex: Some(format!("  mode: 0\n  status: {status}\n")),
            ..Seen::default()
        };
        assert_eq!(judge(&kernel(1)).grade, Grade::Ok);
        assert_eq!(judge(&kernel(64)).grade, Grade::Warning);
        assert!(judge(&Seen::default()).what.starts_with("no program"));
    }
}
