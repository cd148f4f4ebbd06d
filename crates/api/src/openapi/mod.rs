//! The description of the API (OpenAPI 3.1.0), made from the handlers and their types.

#[cfg(test)]
pub(crate) mod fits;
mod parameters;
pub(crate) mod reference;
pub(crate) mod served;

use std::sync::LazyLock;

use utoipa::Modify;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, PathItem, RefOr, Response};

pub(crate) use self::parameters::{
    FilterParameters, PlaceParameters, RangeParameters, RecordParameters,
};
use crate::problem::ProblemAnswer;
use crate::router::endpoints;

static OPENAPI: LazyLock<OpenApi> = LazyLock::new(|| {
    let mut document = endpoints().into_openapi();
    for item in document.paths.paths.values_mut() {
        operations(item).for_each(tell_of_problems);
    }
    document
});

/// The description of every endpoint of the engine.
///
/// The role that an endpoint needs is the scope of its `token`: `viewer`, `operator`, `engineer`,
/// `ingest` or `admin`; one that needs none has an empty requirement.
pub fn openapi() -> &'static OpenApi {
    &OPENAPI
}

/// What is said of the API as a whole.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "GridOS",
        description = "Telemetry of devices: readings in and out, alarms, and how the engine does. \
                       Every answer that is no success is a problem (RFC 9457), which says what is \
                       wrong and what to do.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "readings", description = "Readings: posted, latest, and from the history"),
        (name = "devices", description = "Devices, points, and what devices sent"),
        (name = "alarms", description = "Alarms: the list, commands, thresholds, history"),
        (name = "engine", description = "How the engine does"),
        (name = "access", description = "Signing in and out, and the audit log"),
        (name = "health", description = "For probes: needs no role"),
        (name = "page", description = "The live page and the reference"),
    ),
    components(responses(ProblemAnswer)),
    modifiers(&Token),
)]
pub(crate) struct Base;

struct Token;

impl Modify for Token {
    fn modify(&self, openapi: &mut OpenApi) {
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "A token; the scope of an endpoint is the least role that it needs",
            ));
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(token.build()));
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ];
    all.into_iter().filter_map(Option::as_mut)
}

/// Whatever else an endpoint answers is a problem too.
fn tell_of_problems(operation: &mut Operation) {
    let problem = utoipa::openapi::Ref::from_response_name("ProblemAnswer");
    let default = operation.responses.responses.entry("default".to_owned());
    default.or_insert(RefOr::<Response>::Ref(problem));
}
