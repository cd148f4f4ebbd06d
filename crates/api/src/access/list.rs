//! `GET /api/v1/audit`: who changed something of the engine, or was refused.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use gridos_model::DeedOutcome;
use gridos_store::{AuditQuery, AuditRow};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::{Time, json, now};
use crate::form::{Accept, Next, Row};
use crate::history::Range;
use crate::openapi::RangeParameters;
use crate::parameters::{Parameters, bad};
use crate::problem::{Problem, ProblemAnswer};
use crate::state::Api;

const SPAN_DEFAULT: Duration = Duration::from_secs(24 * 3_600);
const ROWS_DEFAULT: usize = 1_000;
const ROWS_MAX: usize = 10_000;

#[derive(Serialize, ToSchema)]
#[schema(as = AuditLog)]
struct Deeds<'a> {
    from: Time,
    to: Time,
    deeds: Vec<ShownDeed<'a>>,
    /// To be given for the next page; null if this is the last.
    cursor: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuditedDeed)]
struct ShownDeed<'a> {
    /// Counts the deeds of one life of the engine.
    sequence: u64,
    time: Time,
    /// Empty if it is not known who it was.
    principal: &'a str,
    kind: &'a str,
    address: &'a str,
    action: &'a str,
    target: &'a str,
    /// allowed, refused or failed
    outcome: &'static str,
    /// The status that was answered; 0 if nobody waited for an answer.
    status: u16,
    detail: &'a str,
}

impl Row for ShownDeed<'_> {
    const COLUMNS: &'static [&'static str] = &[
        "sequence",
        "time",
        "principal",
        "kind",
        "address",
        "action",
        "target",
        "outcome",
        "status",
        "detail",
    ];
}

/// Who changed something of the engine from outside, or was refused.
///
/// Parameters: `from` and `to` (24 h unless given), `principal`, `outcome` (allowed, refused,
/// failed), `action` (its beginning), `order` (youngest, oldest), `limit`, and the `cursor` of the
/// page before.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "access",
    operation_id = "deeds",
    params(
        RangeParameters,
        ("principal" = Option<String>, Query, description = "Only of whom has this name"),
        ("outcome" = Option<String>, Query, description = "allowed, refused or failed"),
        ("action" = Option<String>, Query, description = "How the action begins, such as PUT"),
        ("order" = Option<String>, Query, description = "youngest or oldest first"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 10000, description = "The most rows; 1000 unless given"),
        ("cursor" = Option<String>, Query, description = "The cursor of the page before"),
    ),
    responses(
        (status = 200, content((Deeds = "application/json"), (String = "application/x-ndjson"), (String = "text/csv")), description = "A page of deeds"),
        (status = 400, response = ProblemAnswer),
        (status = 503, response = ProblemAnswer),
        (status = 504, response = ProblemAnswer),
    ),
    security(("token" = ["admin"])),
)]
pub(crate) async fn list(
    State(api): State<Arc<Api>>,
    accept: Accept,
    parameters: Parameters,
) -> Result<Response, Problem> {
    accept.form()?;
    let known = [
        "from",
        "to",
        "principal",
        "outcome",
        "action",
        "order",
        "limit",
        "cursor",
    ];
    let query = asked(&parameters.only(&known)?)?;
    let rows = {
        let _turn = api.questions.acquire().await;
        api.state.store.deeds(&query).await?
    };
    let next = rows.last().filter(|_| rows.len() >= query.limit);
    let cursor = next.map(|row| row.place.to_string());
    if accept.wants_rows() {
        let rows = rows.iter().map(shown);
        return accept.rows(rows, cursor.as_deref().map(Next::Cursor));
    }
    Ok(json(&Deeds {
        from: Time(query.from),
        to: Time(query.until),
        deeds: rows.iter().map(shown).collect(),
        cursor,
    }))
}

fn asked(parameters: &Parameters) -> Result<AuditQuery, Problem> {
    let range = Range::of(parameters, now(), SPAN_DEFAULT)?;
    let limit = parameters.number("limit", ROWS_DEFAULT, 1, ROWS_MAX)?;
    let after = parameters.one("cursor")?.map(|text| {
        let place = text.parse();
        place.map_err(|_| bad("cursor", "is not that of a page before"))
    });
    let outcome = parameters.one("outcome")?.map(|name| {
        let known = DeedOutcome::ALL.map(DeedOutcome::name).join(", ");
        let found = DeedOutcome::of_name(name);
        found.ok_or_else(|| bad("outcome", &format!("must be one of {known}")))
    });
    Ok(AuditQuery {
        principal: parameters.one("principal")?.map(str::to_owned),
        outcome: outcome.transpose()?,
        action: parameters.one("action")?.map(str::to_owned),
        after: after.transpose()?,
        ascending: match parameters.one("order")? {
            None | Some("youngest") => false,
            Some("oldest") => true,
            Some(_) => return Err(bad("order", "must be youngest or oldest")),
        },
        ..AuditQuery::between(range.from, range.until, limit)
    })
}

fn shown(row: &AuditRow) -> ShownDeed<'_> {
    let deed = &row.record.deed;
    ShownDeed {
        sequence: row.record.sequence,
        time: Time(row.record.time),
        principal: &deed.principal,
        kind: &deed.kind,
        address: &deed.address,
        action: &deed.action,
        target: &deed.target,
        outcome: deed.outcome.name(),
        status: deed.status,
        detail: &deed.detail,
    }
}
