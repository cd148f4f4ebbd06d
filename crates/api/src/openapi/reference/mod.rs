//! `GET /api/v1/reference`: the description, to be read by people. It is one page without scripts,
//! made of the document once, so that it can be read where there is no network but the engine's.

mod kind;
mod page;

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::response::Response;

use super::openapi;
use crate::page::File;

static PAGE: LazyLock<File> = LazyLock::new(|| {
    let document = serde_json::to_value(openapi()).unwrap_or_default();
    File::new("text/html; charset=utf-8", page::page(&document))
});

static STYLE: LazyLock<File> =
    LazyLock::new(|| File::new("text/css; charset=utf-8", include_str!("style.css")));

/// This description, to be read.
#[utoipa::path(
    get,
    path = "/api/v1/reference",
    tag = "page",
    operation_id = "reference",
    responses(
        (
            status = 200, body = String, content_type = "text/html; charset=utf-8",
            description = "A page without scripts"
        ),
        (status = 304, description = "The browser has it"),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn reference(headers: HeaderMap) -> Response {
    PAGE.answer(&headers)
}

/// How that page looks.
#[utoipa::path(
    get,
    path = "/api/v1/reference.css",
    tag = "page",
    operation_id = "reference_style",
    responses(
        (
            status = 200, body = String, content_type = "text/css; charset=utf-8",
            description = "A style sheet"
        ),
        (status = 304, description = "The browser has it"),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn style(headers: HeaderMap) -> Response {
    STYLE.answer(&headers)
}
