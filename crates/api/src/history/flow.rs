//! Readings as rows without end: page after page is asked for while the client takes them.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use gridos_store::{PointReading, ReadingsPage, ReadingsQuery, StoreError};
use serde::Serialize;

use super::asked::AskedPoint;
use super::readings::ShownReading;
use crate::form::{Form, Row};
use crate::problem::Problem;
use crate::state::Api;

/// Readings that are asked for at a time.
const PAGE: usize = 10_000;

/// A row: a part of a series, with the point that it is of.
#[derive(Serialize)]
pub(super) struct OfPoint<'a, T> {
    pub(super) point: &'a str,
    #[serde(flatten)]
    pub(super) row: T,
}

impl Row for OfPoint<'_, ShownReading> {
    const COLUMNS: &'static [&'static str] = &["point", "time", "value", "text", "quality"];
}

/// Where an answer stands.
struct Flow {
    api: Arc<Api>,
    points: Vec<AskedPoint>,
    query: ReadingsQuery,
    form: Form,
    /// How many readings may follow.
    left: usize,
    next: Next,
}

enum Next {
    /// The first page, which was asked for before the answer began.
    Page(ReadingsPage),
    Ask,
    Over,
}

/// All readings that `query` is about, `limit` at most. The first page is asked for at once, so
/// that what is wrong with the question is a problem; what breaks later breaks the answer off.
pub(super) async fn flow(
    api: Arc<Api>,
    points: Vec<AskedPoint>,
    mut query: ReadingsQuery,
    form: Form,
    limit: usize,
) -> Result<Response, Problem> {
    query.limit = PAGE.min(limit);
    let first = api.state.store.readings(&query).await?;
    let flow = Flow {
        api,
        points,
        query,
        form,
        left: limit,
        next: Next::Page(first),
    };
    let head = Bytes::from(form.head::<OfPoint<'_, ShownReading>>());
    let pages = stream::unfold(flow, |mut flow| async {
        let page = flow.next().await.transpose()?;
        Some((page, flow))
    });
    let head = stream::iter((!head.is_empty()).then_some(Ok(head)));
    let body = Body::from_stream(futures_util::StreamExt::chain(head, pages));
    Ok(([(header::CONTENT_TYPE, form.media_type())], body).into_response())
}

impl Flow {
    async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let page = match std::mem::replace(&mut self.next, Next::Over) {
            Next::Over => return Ok(None),
            Next::Page(page) => page,
            Next::Ask => {
                let _turn = self.api.questions.acquire().await;
                self.query.limit = PAGE.min(self.left);
                self.api.state.store.readings(&self.query).await?
            }
        };
        self.left = self.left.saturating_sub(page.readings.len());
        if page.next.is_some() && self.left > 0 {
            self.query.after = page.next;
            self.next = Next::Ask;
        }
        Ok(Some(self.written(&page)))
    }

    fn written(&self, page: &ReadingsPage) -> Bytes {
        let mut text = String::new();
        let mut write = |reading: &PointReading| {
            let Some(point) = self.points.get(reading.point) else {
                return;
            };
            let row = OfPoint {
                point: &point.name,
                row: ShownReading::of(reading),
            };
            self.form.row(&row, &mut text);
        };
        // Within a page the oldest comes first, also where the youngest page does.
        match self.query.youngest {
            true => page.readings.iter().rev().for_each(&mut write),
            false => page.readings.iter().for_each(&mut write),
        }
        text.into()
    }
}
