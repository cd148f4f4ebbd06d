//! `GET /api/v1/alarms/metrics`: how good the alarm system was over a time range, beside the usual
//! thresholds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use gridos_alarm::kpi::{KpiReport, Measures, Occurred, SplitReport, Standing, Targets};
use gridos_alarm::{Condition, Definition};
use gridos_model::{AlarmId, Level, Priority};
use gridos_pipeline::{AlarmBook, BookEntry};
use gridos_store::{AlarmEventRow, AlarmEventsQuery, StandingRow, Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use super::report::{ReportShape, SplitShape};
use crate::body::{json, now};
use crate::history::Range;
use crate::openapi::RangeParameters;
use crate::parameters::{Parameters, bad, cut};
use crate::problem::ProblemAnswer;
use crate::problem::{Kind, Problem};
use crate::state::{Api, ApiState};

const SPAN_DEFAULT: Duration = Duration::from_secs(24 * 3_600);
const SPAN_MAX: Duration = Duration::from_secs(31 * 24 * 3_600);
/// Records that are asked for at a time.
const PAGE: usize = 10_000;

const TARGETS: Targets = Targets::USUAL;

#[derive(Serialize, ToSchema)]
#[schema(as = AlarmMetrics)]
struct Metrics {
    #[serde(flatten)]
    #[schema(value_type = ReportShape)]
    report: KpiReport,
    /// Alarms as they are configured now; each limit is one.
    #[schema(value_type = SplitShape)]
    configured: SplitReport,
    /// Annunciations that are in no area's figures, because their alarms are of no device that is
    /// configured here.
    elsewhere: u64,
}

/// Parameters: `from` and `to`, by when the engine learned of it (24 h unless given, 31 days at
/// most, and not beyond now); `area`, any number of them.
#[utoipa::path(
    get,
    path = "/api/v1/alarms/metrics",
    tag = "alarms",
    operation_id = "alarm_metrics",
    params(
        RangeParameters,
        ("area" = Option<Vec<String>>, Query, description = "Only of these areas"),
    ),
    responses(
        (status = 200, body = Metrics, description = "How good the alarm system was"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
        (status = 504, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn metrics(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    let parameters = parameters.only(&["from", "to", "area"])?;
    let range = range(&parameters)?;
    let areas = Areas::of(&api.state.book, &parameters)?;
    let mut gathering = Gathering::new(&api.state, range, areas);
    {
        let _turn = api.questions.acquire().await;
        gathering.run(&*api.state.store).await?;
    }
    // Hundreds of thousands of alarms may have done something.
    let finished = tokio::task::spawn_blocking(move || json(&gathering.finish()));
    finished
        .await
        .map_err(|_| Problem::new(Kind::Internal, "the answer could not be written"))
}

fn range(parameters: &Parameters) -> Result<Range, Problem> {
    let now = now();
    let mut range = Range::of(parameters, now, SPAN_DEFAULT)?;
    // What is to come would thin out every average.
    range.until = range.until.min(now);
    if range.from >= range.until {
        return Err(bad("from", "must be before now"));
    }
    if range.until.since(range.from) > SPAN_MAX {
        let days = SPAN_MAX.as_secs() / (24 * 3_600);
        return Err(bad(
            "from",
            &format!("must be {days} days before 'to' at most"),
        ));
    }
    Ok(range)
}

/// The areas that are measured, in the order of the book.
struct Areas {
    names: Vec<String>,
    places: HashMap<Arc<str>, usize>,
}

impl Areas {
    fn of(book: &AlarmBook, parameters: &Parameters) -> Result<Self, Problem> {
        let asked: Vec<_> = parameters.all("area").collect();
        let known = book.areas();
        let is_known = |name: &&str| known.iter().any(|area| **area == **name);
        if let Some(unknown) = asked.iter().find(|name| !is_known(name)) {
            let detail = format!(
                "no alarm is of an area '{}'; see /api/v1/alarms/summary",
                cut(unknown)
            );
            return Err(Problem::new(Kind::NotFound, detail));
        }
        let is_wanted = |area: &&Arc<str>| asked.is_empty() || asked.contains(&&***area);
        let wanted: Vec<_> = known.iter().filter(is_wanted).cloned().collect();
        Ok(Self {
            names: wanted.iter().map(|area| area.to_string()).collect(),
            places: wanted.into_iter().zip(0..).collect(),
        })
    }

    fn place(&self, entry: &BookEntry) -> Option<usize> {
        self.places.get(&entry.area).copied()
    }
}

/// Reads all that happened, page by page.
struct Gathering {
    state: ApiState,
    range: Range,
    areas: Areas,
    measures: Measures,
    /// Of alarms that are in the book no more.
    names: HashMap<AlarmId, String>,
    elsewhere: u64,
}

impl Gathering {
    fn new(state: &ApiState, range: Range, areas: Areas) -> Self {
        Self {
            state: state.clone(),
            range,
            measures: Measures::new(TARGETS, range.from, areas.names.len()),
            areas,
            names: HashMap::new(),
            elsewhere: 0,
        }
    }

    async fn run(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let begin = self.range.from.saturating_sub(TARGETS.lead());
        for row in store.alarms_standing(begin).await? {
            self.seed(&row);
        }
        let mut query = AlarmEventsQuery {
            ascending: true,
            ..AlarmEventsQuery::between(begin, self.range.until, PAGE)
        };
        loop {
            let page = store.alarm_events(&query).await?;
            page.iter().for_each(|row| self.add(row));
            query.after = page.last().map(|row| row.place);
            if page.len() < query.limit {
                return Ok(());
            }
        }
    }

    fn seed(&mut self, row: &StandingRow) {
        let entry = self.state.book.find(row.alarm);
        if entry.is_some_and(|entry| self.areas.place(&entry).is_some()) {
            self.measures.seed(&Standing {
                alarm: row.alarm,
                raised: row.raised,
                waiting: row.waiting,
                is_hidden: row.is_hidden,
            });
        }
    }

    fn add(&mut self, row: &AlarmEventRow) {
        let record = &row.record;
        let Some(entry) = self.entry(row) else {
            let counts = record.is_annunciated && record.received >= self.range.from;
            self.elsewhere += u64::from(counts);
            return;
        };
        let Some(area) = self.areas.place(&entry) else {
            return;
        };
        if entry.id != record.alarm
            && let Some(name) = &row.name
        {
            let names = self.names.entry(record.alarm);
            names.or_insert_with(|| name.clone());
        }
        self.measures.add(&Occurred::of(record, area));
    }

    /// The alarm in the book; if it is there no more, another one of its device, which is of the
    /// same area.
    fn entry(&self, row: &AlarmEventRow) -> Option<BookEntry> {
        let book = &self.state.book;
        book.find(row.record.alarm).or_else(|| {
            let device = self.state.directory.find_device(row.device.as_deref()?)?;
            book.of_device(device).next()
        })
    }

    fn finish(self) -> Metrics {
        let Self {
            state,
            range,
            areas,
            measures,
            names,
            elsewhere,
        } = self;
        let name_of = |alarm| match state.book.find(alarm) {
            Some(entry) => entry.name(),
            None => names
                .get(&alarm)
                .cloned()
                .unwrap_or_else(|| alarm.to_string()),
        };
        let configured = configured(&state.book, &areas);
        Metrics {
            report: measures.finish(range.until, &areas.names, name_of),
            configured: SplitReport::of(configured),
            elsewhere,
        }
    }
}

fn configured(book: &AlarmBook, areas: &Areas) -> [u64; Priority::ALL.len()] {
    let mut counts = [0; Priority::ALL.len()];
    for entry in book.iter().filter(|entry| areas.place(entry).is_some()) {
        for priority in priorities(&entry.definition) {
            counts[priority as usize - 1] += 1;
        }
    }
    counts
}

/// The priority of each level that the alarm has.
fn priorities(definition: &Definition) -> impl Iterator<Item = Priority> {
    let limits = match &definition.condition {
        Condition::Limit(limits)
        | Condition::Deviation { limits, .. }
        | Condition::Rate { limits, .. } => Some(limits),
        Condition::State(_)
        | Condition::Chatter(_)
        | Condition::Quality
        | Condition::Stale { .. }
        | Condition::Frozen { .. }
        | Condition::Link => None,
    };
    let levels = [
        Level::High,
        Level::HighHigh,
        Level::Low,
        Level::LowLow,
        Level::Abnormal,
    ];
    let has = move |level: &Level| match limits {
        Some(limits) => limits.limit(*level).is_some(),
        None => *level == Level::Abnormal,
    };
    let levels = levels.into_iter().filter(has);
    let levels = levels.filter(|_| definition.is_enabled);
    levels.map(|level| definition.priority.of(level))
}
