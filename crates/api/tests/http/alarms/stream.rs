//! The stream of alarms.

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::http::{StatusCode, header};
use futures_util::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::table::Table;
use crate::rig::Rig;
use crate::sse::{Client, Follower as _, respond};

const PATH: &str = "/api/v1/alarms/stream";

/// A client that has seen the event `last_id`.
pub(crate) async fn connect(router: &Router, last_id: Option<&str>) -> Client {
    Client::connect(router, PATH, last_id).await
}

#[tokio::test(start_paused = true)]
async fn a_client_gets_the_table_and_then_what_happens() {
    let rig = Rig::new();
    rig.plant.read("sub1.f1.ia", 150.0);
    let (router, mut table) = (rig.router(), Table::default());
    let mut client = connect(&router, None).await;
    client.fill(&mut table).await;
    assert!(table.is_whole);
    assert_eq!(
        (table.sequence, table.cases.len(), table.records),
        (1, 1, 0)
    );
    rig.plant.read("sub1.f1.ib", 15.0);
    rig.plant.read("sub1.f1.ia", 250.0);
    client.fill(&mut table).await;
    assert_eq!(
        (table.sequence, table.cases.len(), table.records),
        (3, 2, 2)
    );
    assert_eq!(table.snapshots, 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_was_away_gets_what_it_missed() {
    let rig = Rig::new();
    let router = rig.router();
    let mut table = Table::default();
    connect(&router, None).await.fill(&mut table).await;
    rig.plant.read("sub1.f1.ia", 150.0);
    rig.plant.read("sub1.f1.ia", 250.0);
    let id = table.last_id.clone().unwrap();
    connect(&router, Some(&id)).await.fill(&mut table).await;
    assert_eq!((table.snapshots, table.records), (1, 2));
    // Of another life, of the future, or of nobody.
    let life = id.rsplit('-').next().unwrap();
    for strange in [
        "1-0000000000000000",
        &format!("9-0-{life}"),
        &format!("1-{life}"),
        "1",
        "",
        "x-y",
    ] {
        let mut table = Table::default();
        let mut client = connect(&router, Some(strange)).await;
        client.fill(&mut table).await;
        assert_eq!((table.snapshots, table.records), (1, 0), "{strange}");
        assert_eq!(table.sequence, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_gets_what_is_new_and_the_end() {
    let rig = Rig::new();
    let router = rig.router();
    rig.plant.read("sub1.f1.ia", 150.0);
    let mut table = Table::default();
    ask(&router, &mut table).await;
    assert_eq!((table.cases.len(), table.records), (1, 0));
    rig.plant.read("sub1.f1.ib", 15.0);
    rig.plant.read("sub1.f1.ia", 250.0);
    ask(&router, &mut table).await;
    assert_eq!((table.sequence, table.snapshots), (3, 1));
    ask(&router, &mut table).await;
    assert_eq!((table.cases.len(), table.records), (2, 2));
    let wrong = respond(&router, &format!("{PATH}?wait=no"), None).await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
}

/// Takes all that the stream tells to who does not wait.
async fn ask(router: &Router, table: &mut Table) {
    let last_id = table.last_id.clone();
    let answer = respond(router, &format!("{PATH}?wait=0"), last_id.as_deref()).await;
    let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    table.feed(&body);
}

#[tokio::test(start_paused = true)]
async fn where_an_alarm_belongs_is_told() {
    let rig = Rig::new();
    let router = rig.router();
    rig.plant.read("sub1.f1.ia", 150.0);
    let path = format!("{PATH}?wait=0");
    let text = async |last_id| {
        let answer = respond(&router, &path, last_id).await;
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        String::from_utf8(body.into()).unwrap()
    };
    let mut table = Table::default();
    ask(&router, &mut table).await;
    let snapshot = text(None).await;
    rig.plant.read("sub1.f1.ib", 15.0);
    for told in [snapshot, text(table.last_id.as_deref()).await] {
        assert!(
            told.contains(r#""device":"sub1.f1","area":"north""#),
            "{told}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_quiet_stream_shows_that_it_is_there() {
    let router = Rig::new().router();
    let mut client = connect(&router, None).await;
    client.fill(&mut Table::default()).await;
    for _ in 0..2 {
        let piece = client.piece().await.unwrap();
        assert_eq!(&piece[..], b": here\n\n");
    }
}

#[tokio::test(start_paused = true)]
async fn no_more_clients_than_there_are_places() {
    let mut rig = Rig::new();
    rig.state.settings.streams_max = 2;
    let router = rig.router();
    let first = connect(&router, None).await;
    let _second = connect(&router, None).await;
    let third = respond(&router, PATH, None).await;
    assert_eq!(third.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(third.headers()[header::RETRY_AFTER], "5");
    drop(first);
    connect(&router, None).await;
}

#[tokio::test(start_paused = true)]
async fn who_does_not_wait_takes_no_place_and_is_not_refused() {
    let mut rig = Rig::new();
    rig.state.settings.streams_max = 1;
    let telemetry = Arc::clone(&rig.state.telemetry);
    let router = rig.router();
    let _one = connect(&router, None).await;
    let mut tables = Vec::new();
    for _ in 0..2 {
        let answer = respond(&router, &format!("{PATH}?wait=0"), None).await;
        assert_eq!(answer.status(), StatusCode::OK);
        tables.push(answer);
    }
    assert_eq!(telemetry.http.streams.get(), 1);
    drop(tables);
    assert_eq!(telemetry.http.streams.get(), 1);
    assert_eq!(telemetry.http.streams_refused.get(), 0);
}

#[tokio::test]
async fn a_stream_ends_with_what_it_is_of() {
    let pieces = respond(&Rig::new().router(), PATH, None)
        .await
        .into_body()
        .into_data_stream();
    assert_eq!(pieces.count().await, 0);
}

#[tokio::test]
async fn streams_end_when_the_engine_does() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(gridos_api::serve(listener, Rig::new().state, stopped));
    let mut client = TcpStream::connect(at).await.unwrap();
    let request = b"GET /api/v1/alarms/stream HTTP/1.1\r\nHost: x\r\n\r\n";
    client.write_all(request).await.unwrap();
    let mut text = Vec::new();
    while !text.windows(8).any(|part| part == b"snapshot") {
        assert_ne!(client.read_buf(&mut text).await.unwrap(), 0);
    }
    stop.send(true).unwrap();
    client.read_to_end(&mut text).await.unwrap();
    // The body is complete: it was not cut off.
    assert!(text.ends_with(b"\r\n0\r\n\r\n"), "{}", text.escape_ascii());
    server.await.unwrap().unwrap();
}
