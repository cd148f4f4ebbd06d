//! Posted readings, sorted into one group per device or refused one by one.

use std::collections::HashMap;
use std::time::Duration;

use gridos_model::{DeviceIndex, Directory, Quality, TEXT_BYTES_MAX, TEXTS_BYTES_MAX, Timestamp};
use gridos_telemetry::Refusal;

use super::finder::Finder;
use super::posted::{Item, Posted, When};
use super::refusals::{Refusals, RefusedReading};
use crate::parameters::cut;

/// A source time further ahead than this is taken as a wrong clock.
const FUTURE_MAX: Duration = Duration::from_secs(5 * 60);

/// The readings of a post.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// In the order in which their devices first came.
    pub(super) groups: Vec<Group>,
    pub(super) refused: Refusals,
}

/// Readings of one device that go into one batch: all numbers, or all texts.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) device: DeviceIndex,
    pub(super) is_text: bool,
    pub(super) entries: Vec<Entry>,
}

/// One reading that can be taken.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    /// Its place in the post.
    pub(super) index: usize,
    /// Its point's position in the device's whole layout.
    pub(super) position: u32,
    pub(super) time: Timestamp,
    pub(super) value: Value,
    pub(super) quality: Quality,
}

/// What a reading says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    /// At most [`TEXT_BYTES_MAX`].
    Text(Box<str>),
}

impl Sorted {
    /// How many readings can be taken.
    pub(super) fn accepted(&self) -> usize {
        self.groups.iter().map(|group| group.entries.len()).sum()
    }
}

/// Sorts `readings`, which were received at `received`, into groups of at most `batch_max`, and of no
/// more texts than a batch surely holds.
pub(super) fn sort<'a>(
    readings: impl IntoIterator<Item = Item<'a>>,
    directory: &Directory,
    received: Timestamp,
    batch_max: usize,
) -> Sorted {
    let mut sorted = Sorted::default();
    let mut group_by_device = GroupByDevice::default();
    let mut finder = Finder::new(directory);
    for (index, item) in readings.into_iter().enumerate() {
        let (device, entry) = match read(index, item, &mut finder, received) {
            Ok(taken) => taken,
            Err(refused) => {
                sorted.refused.add(refused);
                continue;
            }
        };
        let is_text = matches!(entry.value, Value::Text(_));
        let entries_max = if is_text {
            batch_max.min(TEXTS_BYTES_MAX / TEXT_BYTES_MAX)
        } else {
            batch_max
        };
        let group = group_by_device.of(device, is_text);
        match sorted.groups.get_mut(*group) {
            Some(open) if open.entries.len() < entries_max => open.entries.push(entry),
            Some(_) | None => {
                *group = sorted.groups.len();
                sorted.groups.push(Group {
                    device,
                    is_text,
                    entries: vec![entry],
                });
            }
        }
    }
    sorted
}

/// Which group is open for a device's numbers or texts; `usize::MAX` if none was yet.
#[derive(Debug, Default)]
struct GroupByDevice {
    /// That of the last reading: most are of the same device as the one before.
    last: Option<(DeviceIndex, bool)>,
    group: usize,
    others: HashMap<(DeviceIndex, bool), usize>,
}

impl GroupByDevice {
    fn of(&mut self, device: DeviceIndex, is_text: bool) -> &mut usize {
        let wanted = Some((device, is_text));
        if self.last != wanted {
            if let Some(last) = self.last {
                self.others.insert(last, self.group);
            }
            let known = self.others.get(&(device, is_text));
            self.group = known.copied().unwrap_or(usize::MAX);
            self.last = wanted;
        }
        &mut self.group
    }
}

fn read(
    index: usize,
    item: Item<'_>,
    finder: &mut Finder<'_>,
    received: Timestamp,
) -> Result<(DeviceIndex, Entry), RefusedReading> {
    let Item { line, reading } = item;
    let refuse = |point: Option<&str>, why, detail| RefusedReading {
        index,
        line,
        point: point.map(cut),
        why,
        detail,
    };
    let posted =
        reading.map_err(|wrong| refuse(wrong.point.as_deref(), Refusal::Invalid, wrong.detail))?;
    let point = &*posted.point;
    let at = finder
        .find(point)
        .map_err(|(why, detail)| refuse(Some(point), why, detail))?;
    let invalid = |detail| refuse(Some(point), Refusal::Invalid, detail);
    let Posted {
        value,
        text,
        time,
        quality,
        ..
    } = &posted;
    let text = text.as_deref();
    let value = read_value(*value, text, at.is_text).map_err(invalid)?;
    let quality = read_quality(quality.as_deref().unwrap_or_default()).map_err(invalid)?;
    let (time, quality) = match When::of(time.as_ref()).map_err(invalid)? {
        None => (received, quality | Quality::NO_SOURCE_TIME),
        Some(time) if time > received.saturating_add(FUTURE_MAX) => {
            (received, quality | Quality::CLOCK_CLAMPED)
        }
        Some(time) => (time, quality),
    };
    let entry = Entry {
        index,
        position: at.position,
        time,
        value,
        quality,
    };
    Ok((at.device, entry))
}

fn read_value(number: Option<f64>, text: Option<&str>, is_text: bool) -> Result<Value, String> {
    let what = match (number, text) {
        (Some(number), None) if !is_text => return Ok(Value::Number(number)),
        (None, Some(text)) if is_text && text.len() <= TEXT_BYTES_MAX => {
            return Ok(Value::Text(text.into()));
        }
        (None, Some(text)) if is_text => format!(
            "text: has {} bytes; at most {TEXT_BYTES_MAX} are taken",
            text.len()
        ),
        (Some(_), Some(_)) => "a reading has either a value or a text".to_owned(),
        (Some(_) | None, None) if is_text => {
            "the point has texts: send a text instead of a value".to_owned()
        }
        (None, Some(_)) => "the point has numbers: send a value instead of a text".to_owned(),
        (Some(_) | None, None) => "missing field `value`, which must be a number".to_owned(),
    };
    Err(what)
}

fn read_quality(flags: &[String]) -> Result<Quality, String> {
    flags.iter().try_fold(Quality::GOOD, |quality, flag| {
        let known = Quality::from_name(&flag.to_ascii_uppercase());
        known.map(|known| quality | known).ok_or_else(|| {
            let names: Vec<_> = Quality::all().names().collect();
            format!(
                "quality: there is no flag '{}'; known are: {}",
                cut(flag),
                names.join(", ")
            )
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridos_model::{DirectoryBuilder, Point};
    use serde_json::value::RawValue;

    const NOW: Timestamp = Timestamp::from_millis(1_795_414_346_000);

    fn directory() -> Directory {
        let points = |names: &[&str]| names.iter().map(|name| Point::new(name, "A")).collect();
        let mut builder = DirectoryBuilder::default();
        builder.add("sub1.f1", points(&["ia", "ib"]), &[]).unwrap();
        builder.add("sub1.f2", points(&["ia"]), &[]).unwrap();
        let texts = vec![Point::new("ia", "A"), Point::text("serial")];
        builder.add("sub1.f3", texts, &[]).unwrap();
        builder.build()
    }

    fn sorted(body: &str, batch_max: usize) -> Sorted {
        let readings: Vec<&RawValue> = serde_json::from_str(body).unwrap();
        let readings = readings.into_iter();
        let readings = readings.map(|raw| Item::of_json(None, raw.get()));
        sort(readings, &directory(), NOW, batch_max)
    }

    fn entry(body: &str) -> Entry {
        let sorted = sorted(body, 10);
        assert!(sorted.refused.is_empty(), "{:?}", sorted.refused);
        sorted.groups[0].entries[0].clone()
    }

    #[test]
    fn readings_are_grouped_by_device_in_their_order() {
        let sorted = sorted(
            r#"[{"point":"sub1.f2.ia","value":1}, {"point":"sub1.f1.ib","value":2},
                {"point":"sub1.f2.ia","value":3}, {"point":"sub1.f2.ia","value":4}]"#,
            2,
        );
        let shape: Vec<_> = sorted
            .groups
            .iter()
            .map(|group| {
                let entries = group.entries.iter();
                let number = |entry: &Entry| match entry.value {
                    Value::Number(number) => number,
                    Value::Text(_) => panic!("{entry:?}"),
                };
                let places = entries.map(|e| (e.index, e.position, number(e)));
                let places: Vec<_> = places.collect();
                (group.device.get(), places)
            })
            .collect();
        let expected = [
            (1, vec![(0, 0, 1.0), (2, 0, 3.0)]),
            (0, vec![(1, 1, 2.0)]),
            (1, vec![(3, 0, 4.0)]),
        ];
        assert_eq!(shape, expected);
        assert_eq!(sorted.accepted(), 4);
    }

    #[test]
    fn texts_go_into_groups_of_their_own() {
        let sorted = sorted(
            r#"[{"point":"sub1.f3.serial","text":"SN 1"}, {"point":"sub1.f3.ia","value":1},
                {"point":"sub1.f3.serial","text":""}, {"point":"sub1.f3.serial","value":1},
                {"point":"sub1.f3.ia","text":"1"}, {"point":"sub1.f3.serial"},
                {"point":"sub1.f3.serial","text":"a","value":1},
                {"point":"sub1.f3.serial","text":null}, {"point":"sub1.f3.serial","text":7}]"#,
            10,
        );
        let shape = |group: &Group| {
            let values = group.entries.iter().map(|e| (e.index, e.value.clone()));
            (group.is_text, values.collect::<Vec<_>>())
        };
        let text = |text: &str| Value::Text(text.into());
        let groups: Vec<_> = sorted.groups.iter().map(shape).collect();
        let expected = [
            (true, vec![(0, text("SN 1")), (2, text(""))]),
            (false, vec![(1, Value::Number(1.0))]),
        ];
        assert_eq!(groups, expected);
        let refused = sorted.refused.shown.iter();
        let refused: Vec<_> = refused.map(|r| (r.index, r.detail.as_str())).collect();
        let texts = "the point has texts: send a text instead of a value";
        let expected = [
            (3, texts),
            (4, "the point has numbers: send a value instead of a text"),
            (5, texts),
            (6, "a reading has either a value or a text"),
            (7, texts),
            (8, "invalid type: integer `7`, expected a string"),
        ];
        assert_eq!(refused, expected);
    }

    #[test]
    fn long_texts_are_refused_and_many_are_split() {
        let body = |length: usize, count: usize| {
            let reading = format!(
                r#"{{"point":"sub1.f3.serial","text":"{}"}}"#,
                "x".repeat(length)
            );
            format!("[{}]", vec![reading; count].join(","))
        };
        let refused = &sorted(&body(TEXT_BYTES_MAX + 1, 1), 10).refused.shown[0];
        assert_eq!(
            refused.detail,
            "text: has 1025 bytes; at most 1024 are taken"
        );
        let sorted = sorted(&body(TEXT_BYTES_MAX, 1_025), 65_536);
        let sizes: Vec<_> = sorted.groups.iter().map(|g| g.entries.len()).collect();
        assert_eq!(sizes, [1_024, 1]);
    }

    #[test]
    fn times_are_neither_invented_nor_believed_blindly() {
        let with = |time: &str| {
            let entry = entry(&format!(r#"[{{"point":"sub1.f1.ia","value":1{time}}}]"#));
            (entry.time, entry.quality)
        };
        assert_eq!(with(""), (NOW, Quality::NO_SOURCE_TIME));
        assert_eq!(with(r#","time":null"#), (NOW, Quality::NO_SOURCE_TIME));
        let at = |time: Timestamp| with(&format!(r#","time":"{time}""#));
        let past = Timestamp::from_millis(77);
        assert_eq!(at(past), (past, Quality::GOOD));
        let near = NOW.saturating_add(FUTURE_MAX);
        assert_eq!(at(near), (near, Quality::GOOD));
        let far = near.saturating_add(Duration::from_nanos(1));
        assert_eq!(at(far), (NOW, Quality::CLOCK_CLAMPED));
    }

    #[test]
    fn every_flag_that_is_shown_is_understood() {
        let names: Vec<_> = Quality::all().names().collect();
        let flags = serde_json::to_string(&names).unwrap();
        let entry = entry(&format!(
            r#"[{{"point":"sub1.f1.ia","value":1,"time":"{NOW}","quality":{flags}}}]"#
        ));
        assert_eq!(entry.quality, Quality::all());
    }

    #[test]
    fn each_wrong_reading_is_refused_alone_with_its_reason() {
        let sorted = sorted(
            r#"[{"point":"sub1.f1.ia","value":1}, {"point":"sub1.f1.ix","value":1},
                {"point":"sub9.f1.ia","value":1}, {"point":"ia","value":1},
                {"point":"sub1.f1.ia","value":"1"}, {"point":"sub1.f1.ia","value":1e999},
                {"point":"sub1.f1.ia"}, {"value":1}, {"point":"sub1.f1.ia","value":1,"tiem":null},
                {"point":"sub1.f1.ia","value":1,"time":"today"}, 7,
                {"point":"sub1.f1.ia","value":1,"quality":["fine"]},
                {"point":"sub1.f1.ia","value":null}]"#,
            10,
        );
        assert_eq!(sorted.accepted(), 1);
        let refused: Vec<_> = sorted
            .refused
            .shown
            .iter()
            .map(|r| (r.index, r.point.as_deref().unwrap_or("?"), r.why.label()))
            .collect();
        let expected = [
            (1, "sub1.f1.ix", "unknown_point"),
            (2, "sub9.f1.ia", "unknown_device"),
            (3, "ia", "unknown_point"),
            (4, "sub1.f1.ia", "invalid"),
            (5, "sub1.f1.ia", "invalid"),
            (6, "sub1.f1.ia", "invalid"),
            (7, "?", "invalid"),
            (8, "sub1.f1.ia", "invalid"),
            (9, "sub1.f1.ia", "invalid"),
            (10, "?", "invalid"),
            (11, "sub1.f1.ia", "invalid"),
            (12, "sub1.f1.ia", "invalid"),
        ];
        assert_eq!(refused, expected);
        assert!(
            sorted.refused.shown[7].detail.contains("tiem"),
            "{}",
            sorted.refused.shown[7].detail
        );
        assert!(!sorted.refused.shown[7].detail.contains("line"));
    }

    #[test]
    fn a_long_name_is_cut_in_the_answer() {
        let body = format!(r#"[{{"point":"{}","value":1}}]"#, "x".repeat(100_000));
        let refused = &sorted(&body, 10).refused.shown[0];
        assert!(refused.point.as_ref().unwrap().len() <= 120);
    }
}
