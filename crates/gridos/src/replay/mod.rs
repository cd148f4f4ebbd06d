//! Judging stored history with the alarms of today, or of tomorrow: what operators would have been told.
//!
//! Devices are replayed one after the other, each over its readings in order of time, page by page:
//! neither the range nor a device's part of it is ever in memory, only what is counted of alarms.
//! There is no clock but the readings': delays and ages run by their times.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::kpi::Standing;
use gridos_model::{AlarmId, AlarmRecord, DeviceEntry, Timestamp};
use gridos_store::{AlarmEventsQuery, PointReading, PointsQuery, ReadingsQuery, Store, StoreError};

use crate::config::{Fleet, FleetAlarm};
use crate::export::Way;
use crate::progress::Progress;

mod account;
mod activity;
mod course;
mod report;
#[cfg(test)]
mod tests;

pub(crate) use account::Account;
use course::Course;
pub(crate) use report::Report;

/// Readings, or events of alarms, that are asked for at once.
const PAGE: usize = if cfg!(test) { 50 } else { 10_000 };

/// What is to be replayed.
#[derive(Clone, Debug)]
pub(crate) struct Range {
    /// The first instant that counts.
    pub(crate) from: Timestamp,
    /// The first instant that no longer counts.
    pub(crate) until: Timestamp,
    /// How long before that it begins: what is active by then is not told anew.
    pub(crate) lead: Duration,
}

/// Alarms that readings are judged by, and what came of it.
#[derive(Debug)]
pub(crate) struct Version {
    /// Where they are from, as the report calls it.
    pub(crate) title: String,
    /// The alarms.
    pub(crate) fleet: Fleet,
    /// What they told.
    pub(crate) account: Account,
    /// Alarms that cannot be replayed, by the reason.
    pub(crate) left_out: BTreeMap<&'static str, usize>,
}

impl Version {
    pub(crate) fn new(title: &str, fleet: Fleet, range: &Range) -> Self {
        Self {
            title: title.to_owned(),
            fleet,
            account: Account::new(range),
            left_out: BTreeMap::new(),
        }
    }
}

/// How much was replayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// Devices with readings.
    pub(crate) devices: usize,
    /// Readings, those before the range included.
    pub(crate) readings: u64,
}

/// Why nothing is replayed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    /// The store does not answer.
    #[error("the history cannot be read")]
    Store(#[from] StoreError),
    /// No version has it.
    #[error("'{0}' is no enabled device of the configuration")]
    Device(String),
}

/// Judges the readings of `devices`, or of all if none is named, by each of `versions`.
pub(crate) async fn run(
    store: &Arc<dyn Store>,
    range: &Range,
    devices: &[String],
    versions: &mut [Version],
    progress: &Progress,
) -> Result<Extent, ReplayError> {
    let mut extent = Extent::default();
    let devices = chosen(devices, versions)?;
    let span = (range.from.saturating_sub(range.lead), range.until);
    let mut way = Way::between(progress, span, devices.len());
    for device in devices {
        let readings = replay(store, range, &device, versions, &mut way, &mut |_, _| {}).await?;
        way.on_device();
        extent.readings += readings;
        extent.devices += usize::from(readings > 0);
    }
    Ok(extent)
}

/// What operators were told in fact, as the store knows it.
pub(crate) async fn recorded(
    store: &Arc<dyn Store>,
    range: &Range,
    devices: &[String],
    fleet: &Fleet,
) -> Result<Account, StoreError> {
    let mut account = Account::new(range);
    let begin = range.from.saturating_sub(account::TARGETS.lead());
    let alarms = alarms_by_id(fleet, devices);
    for row in store.alarms_standing(begin).await? {
        if let Some((name, area)) = alarms.get(&row.alarm) {
            let standing = Standing {
                alarm: row.alarm,
                raised: row.raised,
                waiting: row.waiting,
                is_hidden: row.is_hidden,
            };
            account.seed(name, area, standing);
        }
    }
    let all = [None];
    let named: Vec<Option<String>> = devices.iter().cloned().map(Some).collect();
    for device in if named.is_empty() { &all[..] } else { &named } {
        let mut query = AlarmEventsQuery {
            device: device.clone(),
            ascending: true,
            ..AlarmEventsQuery::between(begin, range.until, PAGE)
        };
        loop {
            let page = store.alarm_events(&query).await?;
            for row in &page {
                let area = row.device.as_deref().and_then(|name| fleet.area_of(name));
                let name = row.name.as_deref().unwrap_or("?");
                account.take(name, area.unwrap_or("?"), &row.record);
            }
            query.after = page.last().map(|row| row.place);
            if page.len() < query.limit {
                break;
            }
        }
    }
    Ok(account)
}

/// The names and areas of the alarms of `devices`, or of all if none is named.
fn alarms_by_id(fleet: &Fleet, devices: &[String]) -> HashMap<AlarmId, (String, Arc<str>)> {
    let all = fleet.directory.devices().iter().map(DeviceEntry::name);
    let chosen = all.filter(|name| devices.is_empty() || devices.iter().any(|one| one == name));
    let found = chosen.filter_map(|name| fleet.directory.find_device(name));
    let alarms = found.flat_map(|device| fleet.alarms_of(device));
    let named = alarms.map(|FleetAlarm { defined, area }| {
        let kind = defined.definition.condition.kind();
        let point = defined
            .point
            .and_then(|point| fleet.directory.point_name(point));
        let owner =
            point.unwrap_or_else(|| fleet.directory.device(defined.device).name().to_owned());
        (defined.id, (format!("{owner}:{kind}"), area))
    });
    named.collect()
}

/// The names of the devices, in the order of the versions.
fn chosen(devices: &[String], versions: &[Version]) -> Result<Vec<String>, ReplayError> {
    let mut known = BTreeSet::new();
    let mut all = Vec::new();
    for version in versions {
        for device in version.fleet.directory.devices() {
            if known.insert(device.name().to_owned()) {
                all.push(device.name().to_owned());
            }
        }
    }
    if let Some(unknown) = devices.iter().find(|name| !known.contains(*name)) {
        return Err(ReplayError::Device(unknown.clone()));
    }
    all.retain(|name| devices.is_empty() || devices.contains(name));
    Ok(all)
}

/// Replays one device, and tells how many readings it has. `told` gets every record of every version,
/// those before the range as well, with the version's place among all.
async fn replay(
    store: &Arc<dyn Store>,
    range: &Range,
    device: &str,
    versions: &mut [Version],
    way: &mut Way<'_>,
    told: &mut (dyn FnMut(usize, &AlarmRecord) + Send),
) -> Result<u64, ReplayError> {
    let start = range.from.saturating_sub(range.lead);
    let mut courses = Vec::new();
    for (at, version) in versions.iter_mut().enumerate() {
        let left_out = &mut version.left_out;
        if let Some(course) = Course::of(&version.fleet, device, start, left_out) {
            courses.push((at, course));
        }
    }
    let names = known_points(store, device, &courses).await?;
    if names.is_empty() {
        return Ok(0);
    }
    for (_, course) in &mut courses {
        course.expect(&names);
    }
    let mut query = ReadingsQuery {
        points: names,
        from: start,
        until: range.until,
        limit: PAGE,
        youngest: false,
        after: None,
    };
    let mut count = 0;
    loop {
        let page = store.readings(&query).await?;
        count += page.readings.len() as u64;
        way.on_page(
            page.readings.len(),
            page.readings.last().map(|reading| reading.time),
        );
        for (at, course) in &mut courses {
            feed(
                course,
                &page.readings,
                &mut versions[*at].account,
                *at,
                told,
            );
        }
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    for (at, course) in &mut courses {
        let account = &mut versions[*at].account;
        course.end(range.until, &mut |alarm, record| {
            told(*at, record);
            account.take(&alarm.name, &alarm.area, record);
        });
    }
    Ok(count)
}

fn feed(
    course: &mut Course,
    readings: &[PointReading],
    account: &mut Account,
    at: usize,
    told: &mut (dyn FnMut(usize, &AlarmRecord) + Send),
) {
    for reading in readings {
        course.take(reading, &mut |alarm, record| {
            told(at, record);
            account.take(&alarm.name, &alarm.area, record);
        });
    }
}

/// The points of a device that its courses look at and that the store knows.
async fn known_points(
    store: &Arc<dyn Store>,
    device: &str,
    courses: &[(usize, Course)],
) -> Result<Vec<String>, StoreError> {
    let wanted: BTreeSet<&str> = courses.iter().flat_map(|(_, c)| c.wanted()).collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let query = PointsQuery {
        devices: vec![device.to_owned()],
        points: Vec::new(),
    };
    let known = store.points(&query).await?.into_iter();
    let known = known.map(|row| row.point);
    Ok(known
        .filter(|name| wanted.contains(name.as_str()))
        .collect())
}
