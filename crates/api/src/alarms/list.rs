//! `GET /api/v1/alarms`: the alarms that are not at rest.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use gridos_alarm::Case;
use gridos_model::AlarmId;
use gridos_pipeline::{AlarmTable, BookEntry};
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::Filter;
use super::item::Item;
use super::named::alarm_of;
use super::order::{Order, Place};
use crate::body::{Time, json, now};
use crate::form::{Accept, Next};
use crate::openapi::FilterParameters;
use crate::parameters::{Parameters, bad};
use crate::problem::Problem;
use crate::problem::ProblemAnswer;
use crate::state::{Api, ApiState};

const ROWS_DEFAULT: usize = 1_000;
const ROWS_MAX: usize = 10_000;

/// The most alarms that can be named.
const NAMED_MAX: usize = 1_000;

#[derive(Serialize, ToSchema)]
#[schema(as = AlarmList)]
struct List<'a> {
    /// The engine's clock, to reckon ages with.
    time: Time,
    /// The last record that the list knows of.
    sequence: u64,
    /// How many are not at rest.
    total: usize,
    /// How many of them are wanted, of which `alarms` shows a page.
    matching: usize,
    alarms: Vec<Item<'a>>,
    /// To be given for the next page; null if this is the last.
    cursor: Option<String>,
}

/// Parameters: those of [`Filter`]; `alarm` (names or ids, as many as wanted); `sort` (newest,
/// priority, name), `limit`, and the `cursor` of the page before.
#[utoipa::path(
    get,
    path = "/api/v1/alarms",
    tag = "alarms",
    operation_id = "alarms",
    params(
        FilterParameters,
        ("alarm" = Option<Vec<String>>, Query, description = "Only these, by name or id; at most 1000"),
        ("sort" = Option<String>, Query, description = "newest, priority or name; newest unless given"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "The most rows; 1000 unless given"),
        ("cursor" = Option<String>, Query, description = "The cursor of the page before"),
    ),
    responses(
        (status = 200, content((List = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")), description = "A page of the alarms that are not at rest"),
        (status = 400, response = ProblemAnswer),
        (status = 404, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    accept: Accept,
    parameters: Parameters,
) -> Result<Response, Problem> {
    accept.form()?;
    let mut known = Filter::NAMES.to_vec();
    known.extend(["alarm", "sort", "limit", "cursor"]);
    let parameters = parameters.only(&known)?;
    let state = &api.state;
    let asked = Asked::of(state, &parameters)?;
    let table = state.alarms.table();
    let page = page(state, &table, &asked);
    let next = page.rows.last().filter(|_| page.has_more);
    let alarms = page.rows.iter().map(|row| row.item(state));
    if accept.wants_rows() {
        let cursor = next.map(|row| row.place.to_string());
        return accept.rows(alarms, cursor.as_deref().map(Next::Cursor));
    }
    Ok(json(&List {
        time: Time(now()),
        sequence: table.sequence,
        total: table.cases.len(),
        matching: page.matching,
        alarms: alarms.collect(),
        cursor: next.map(|row| row.place.to_string()),
    }))
}

struct Asked {
    filter: Filter,
    /// Only these, in their order and each once; all if it is empty.
    alarms: Vec<AlarmId>,
    order: Order,
    limit: usize,
    after: Option<Place>,
}

impl Asked {
    fn of(state: &ApiState, parameters: &Parameters) -> Result<Self, Problem> {
        let order = match parameters.one("sort")? {
            None => Order::default(),
            Some(name) => Order::of_name(name)
                .ok_or_else(|| bad("sort", "must be newest, priority or name"))?,
        };
        let after = parameters.one("cursor")?.map(|text| {
            let place = text.parse().ok();
            let fits = place.filter(|place: &Place| place.order() == order);
            fits.ok_or_else(|| {
                let what = "is not that of a page before, in the same order; begin at the first \
                            page, without a cursor";
                bad("cursor", what)
            })
        });
        Ok(Self {
            filter: Filter::of(state, parameters)?,
            alarms: alarms(parameters)?,
            order,
            limit: parameters.number("limit", ROWS_DEFAULT, 1, ROWS_MAX)?,
            after: after.transpose()?,
        })
    }
}

fn alarms(parameters: &Parameters) -> Result<Vec<AlarmId>, Problem> {
    let named = parameters.all("alarm").map(alarm_of);
    let mut alarms = named.collect::<Result<Vec<_>, _>>()?;
    if alarms.len() > NAMED_MAX {
        let most = format!("can be given {NAMED_MAX} times at most; ask for the rest separately");
        return Err(bad("alarm", &most));
    }
    alarms.sort_unstable();
    alarms.dedup();
    Ok(alarms)
}

/// One row of a page.
struct Row<'t> {
    place: Place,
    case: &'t Case,
    entry: Option<BookEntry>,
}

impl<'t> Row<'t> {
    fn item<'a>(&self, state: &'a ApiState) -> Item<'a>
    where
        't: 'a,
    {
        Item::new(state, self.case, self.entry.as_ref())
    }
}

struct Page<'t> {
    rows: Vec<Row<'t>>,
    matching: usize,
    has_more: bool,
}

/// The cases of `alarms`, or all.
fn wanted<'t>(
    table: &'t AlarmTable,
    alarms: &[AlarmId],
) -> Box<dyn Iterator<Item = &'t Case> + 't> {
    if alarms.is_empty() {
        return Box::new(table.cases.values().map(|case| &**case));
    }
    let found = alarms.iter().filter_map(|alarm| table.cases.get(alarm));
    let found: Vec<_> = found.map(|case| &**case).collect();
    Box::new(found.into_iter())
}

fn page<'t>(state: &ApiState, table: &'t AlarmTable, asked: &Asked) -> Page<'t> {
    let mut matching = 0;
    let mut rows = Vec::new();
    for case in wanted(table, &asked.alarms) {
        let entry = state.book.find(case.alarm);
        if !asked.filter.wants(case, entry.as_ref()) {
            continue;
        }
        matching += 1;
        let name = || entry.as_ref().map(BookEntry::name).unwrap_or_default();
        let place = asked.order.place(case, name);
        if asked.after.as_ref().is_none_or(|after| place > *after) {
            rows.push(Row { place, case, entry });
        }
    }
    let has_more = rows.len() > asked.limit;
    if has_more {
        // Only the page is put in order; a flood has many times its rows.
        rows.select_nth_unstable_by(asked.limit, |a, b| a.place.cmp(&b.place));
        rows.truncate(asked.limit);
    }
    rows.sort_unstable_by(|a, b| a.place.cmp(&b.place));
    Page {
        rows,
        matching,
        has_more,
    }
}
