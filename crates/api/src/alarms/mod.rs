//! `/api/v1/alarms`: the alarms that are not at rest, what operators do about them, what they are
//! defined as, and what happened to them.

mod command;
mod definition;
mod filter;
mod history;
mod item;
mod list;
mod metrics;
mod named;
mod one;
mod order;
mod report;
mod stream;
mod summary;
mod threshold;
mod wire;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use self::command::idempotency_key;
use self::command::verbs;
pub(crate) use self::summary::Waiting;
use crate::state::Api;

/// What is asked.
pub(crate) fn questions() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(summary::summary))
        .routes(routes!(history::all))
        .routes(routes!(metrics::metrics))
        .routes(routes!(stream::stream))
        .routes(routes!(one::one))
        .routes(routes!(history::of_one))
        .routes(routes!(threshold::list))
        .routes(routes!(threshold::one))
}

/// What is commanded.
pub(crate) fn commands() -> OpenApiRouter<Arc<Api>> {
    OpenApiRouter::new()
        .routes(routes!(command::bulk::acknowledge))
        .routes(routes!(verbs::acknowledge))
        .routes(routes!(verbs::reset))
        .routes(routes!(verbs::silence))
        .routes(routes!(verbs::shelve))
        .routes(routes!(verbs::unshelve))
        .routes(routes!(verbs::suppress))
        .routes(routes!(verbs::unsuppress))
        .routes(routes!(verbs::take_out_of_service))
        .routes(routes!(verbs::put_in_service))
        .routes(routes!(threshold::many::patch))
        .routes(routes!(threshold::put))
}
