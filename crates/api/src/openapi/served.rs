//! `GET /api/v1/openapi.json`: the description itself.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::response::Response;

use super::openapi;
use crate::page::File;

static FILE: LazyLock<File> = LazyLock::new(|| {
    // Texts and maps of them: there is nothing that could fail.
    let text = serde_json::to_string(openapi()).unwrap_or_default();
    File::new("application/json", text)
});

/// This description (OpenAPI 3.1).
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "page",
    operation_id = "openapi",
    responses(
        (status = 200, body = Object, description = "The description of the API"),
        (status = 304, description = "The client has it"),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn document(headers: HeaderMap) -> Response {
    FILE.answer(&headers)
}
