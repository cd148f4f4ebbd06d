//! What is recorded of requests: changes, and whoever was refused.

use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use gridos_access::{Principal, Role};
use gridos_model::{Deed, DeedOutcome};

use super::peer::Peer;
use super::policy::Need;
use crate::state::Api;

/// Acts on alarms are recorded with the alarm.
const ALARMS: &str = "/api/v1/alarms";

/// A request that may have to be recorded.
#[derive(Debug)]
pub(super) struct Attempt {
    method: Method,
    path: String,
    address: std::net::IpAddr,
    need: Option<Need>,
    /// Who it is, and how that is known.
    by: Option<(String, &'static str)>,
    shows_something: bool,
    refusal: Option<String>,
}

/// Said by an endpoint in its answer, for the record: it never leaves the engine.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// Whom it was about.
    pub(super) principal: String,
    /// How they are known, or would be.
    pub(super) kind: &'static str,
    /// More about it.
    pub(super) detail: String,
}

impl Attempt {
    pub(super) fn of(parts: &Parts, peer: &Peer) -> Self {
        Self {
            method: parts.method.clone(),
            path: parts.uri.path().to_owned(),
            address: peer.address,
            need: None,
            by: None,
            shows_something: parts.headers.contains_key("authorization"),
            refusal: None,
        }
    }

    pub(super) fn needs(&mut self, need: Option<Need>) {
        self.need = need;
    }

    pub(super) fn is_by(&mut self, principal: &Principal) {
        self.by = Some((principal.name.clone(), principal.kind.name()));
    }

    pub(super) fn refuse(&mut self, why: &str) {
        self.refusal = Some(why.to_owned());
    }

    /// Records it, if it must be.
    pub(super) fn record(self, api: &Api, response: &Response) {
        let status = response.status();
        let outcome = self.outcome(status);
        if !self.is_worth_it(outcome) {
            return;
        }
        let said = response.extensions().get::<Said>();
        if outcome == DeedOutcome::Refused && !self.finds_room(api) {
            return;
        }
        let (principal, kind) = match (&said, self.by) {
            (Some(said), _) => (said.principal.clone(), said.kind),
            (None, Some(by)) => by,
            (None, None) => Default::default(),
        };
        let detail = said.map(|said| said.detail.clone()).or(self.refusal);
        api.state.audit.record(Deed {
            principal,
            kind: kind.to_owned(),
            address: self.address.to_canonical().to_string(),
            action: format!("{} {}", self.method, self.path),
            target: String::new(),
            outcome,
            status: status.as_u16(),
            detail: detail.unwrap_or_default(),
        });
    }

    fn outcome(&self, status: StatusCode) -> DeedOutcome {
        let is_of_access = matches!(
            status,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS
        );
        match status {
            _ if is_of_access || self.refusal.is_some() => DeedOutcome::Refused,
            _ if status.is_client_error() || status.is_server_error() => DeedOutcome::Failed,
            _ => DeedOutcome::Allowed,
        }
    }

    fn is_worth_it(&self, outcome: DeedOutcome) -> bool {
        let is_change = !self.method.is_safe() && self.method != Method::OPTIONS;
        let is_reading = self.need == Some(Need::Role(Role::Ingest));
        match outcome {
            // Whoever shows nothing and reads is a page before somebody signed in.
            DeedOutcome::Refused => is_change || self.by.is_some() || self.shows_something,
            DeedOutcome::Allowed | DeedOutcome::Failed => {
                let is_of_alarm = self.path.starts_with(ALARMS);
                let is_kept_elsewhere = is_of_alarm && outcome == DeedOutcome::Allowed;
                is_change && self.need.is_some() && !is_reading && !is_kept_elsewhere
            }
        }
    }

    /// Nobody fills the disk by being refused.
    fn finds_room(&self, api: &Api) -> bool {
        let access = &api.state.access;
        let now = access.elapsed();
        let mut recorded = access.recorded();
        let has_room = recorded.check("", self.address, now).is_ok();
        if has_room {
            recorded.on_failure("", self.address, now);
        } else {
            api.state.telemetry.journal.deeds_unrecorded.increment();
        }
        has_room
    }
}
