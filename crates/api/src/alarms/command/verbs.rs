//! One endpoint for each thing that is done to an alarm, because not everybody may do each.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::response::Response;

use super::asked::{Asked, Verb};
use super::{Answer, command};
use crate::problem::{Problem, ProblemAnswer};
use crate::state::Api;

/// A handler for `$verb`, which needs the role `$role`.
macro_rules! verb {
    ($handler:ident, $verb:ident, $path:literal, $role:literal, $what:literal) => {
        #[doc = $what]
        #[utoipa::path(
            post,
            path = $path,
            tag = "alarms",
            params(
                (
                    "name" = String, Path,
                    description = "DEVICE.POINT:KIND or DEVICE:KIND, or the id"
                ),
                (
                    "Idempotency-Key" = Option<String>, Header,
                    description = "A name of this command: the same one again does nothing"
                ),
            ),
            request_body = Asked,
            responses(
                (status = 200, body = Answer, description = "Done, and recorded on the disk"),
                (status = 400, response = ProblemAnswer),
                (status = 404, response = ProblemAnswer),
                (status = 409, response = ProblemAnswer),
                (status = 422, response = ProblemAnswer),
                (status = 503, response = ProblemAnswer),
            ),
            security(("token" = [$role])),
        )]
        pub(crate) async fn $handler(
            State(api): State<Arc<Api>>,
            Path(name): Path<String>,
            request: Request,
        ) -> Result<Response, Problem> {
            command(&api, &name, Verb::$verb, request).await
        }
    };
}

verb!(
    acknowledge,
    Ack,
    "/api/v1/alarms/{name}/ack",
    "operator",
    "Says that the occurrence was seen."
);
verb!(
    reset,
    Reset,
    "/api/v1/alarms/{name}/reset",
    "operator",
    "Ends an alarm that is held after it returned to normal and was acknowledged."
);
verb!(
    silence,
    Silence,
    "/api/v1/alarms/{name}/silence",
    "operator",
    "Ends the horn for the occurrence, without acknowledging it."
);
verb!(
    shelve,
    Shelve,
    "/api/v1/alarms/{name}/shelve",
    "operator",
    "Hides the alarm for a time, or until it returns to normal."
);
verb!(
    unshelve,
    Unshelve,
    "/api/v1/alarms/{name}/unshelve",
    "operator",
    "Ends the shelving."
);
verb!(
    suppress,
    Suppress,
    "/api/v1/alarms/{name}/suppress",
    "engineer",
    "Hides the alarm by design, until it is ended."
);
verb!(
    unsuppress,
    Unsuppress,
    "/api/v1/alarms/{name}/unsuppress",
    "engineer",
    "Ends the suppression."
);
verb!(
    take_out_of_service,
    OutOfService,
    "/api/v1/alarms/{name}/out-of-service",
    "engineer",
    "Takes the alarm out of service, until it is put back."
);
verb!(
    put_in_service,
    InService,
    "/api/v1/alarms/{name}/in-service",
    "engineer",
    "Puts the alarm back in service."
);
