//! Readings that are posted: taken, refused, held back, and never acknowledged too early.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, header};
use gridos_model::{Quality, Readings, Timestamp};
use gridos_telemetry::{DeviceState, Refusal};
use serde_json::{Value, json};

use crate::rig::{FRAME_BYTES, Rig, ask, get, post};

fn body(points: &[&str]) -> String {
    let readings = points
        .iter()
        .map(|point| json!({"point": point, "value": 1.5}));
    json!({ "readings": readings.collect::<Vec<_>>() }).to_string()
}

#[tokio::test]
async fn readings_are_accepted_when_they_are_durable() {
    let running = Rig::new().run();
    let router = gridos_api::router(running.state.clone());
    let time = "2020-01-01T00:00:00Z";
    let readings = json!([
        {"point": "sub1.f1.ia", "time": time, "value": -1.5e3, "quality": ["local_forced"]},
        {"point": "sub1.f2.v", "time": null, "value": 2},
    ]);
    let answer = post(&router, readings.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let expected = json!({"accepted": 2, "refused": [], "refused_total": 0, "refused_by": {},
        "position": 2 * FRAME_BYTES});
    assert_eq!(answer.json(), expected);
    let path = "/api/v1/scada/latest?point=sub1.f1.ia&point=sub1.f2.v";
    let latest = get(&router, path).await.json();
    let [ia, v] = [&latest["readings"][0], &latest["readings"][1]];
    assert_eq!((&ia["value"], &ia["time"]), (&json!(-1500.0), &json!(time)));
    assert_eq!(
        (&ia["quality"], &v["quality"]),
        (&json!(["local_forced"]), &json!(["no_source_time"]))
    );
    let snapshot = running.state.telemetry.ledger.snapshot();
    assert_eq!(
        (snapshot.received, snapshot.offered, snapshot.refused),
        (2, 2, 0)
    );
    assert!(snapshot.is_balanced());
    let device = running.state.telemetry.devices.get(0).unwrap();
    assert_eq!(
        (device.state(), device.readings.get()),
        (DeviceState::Up, 1)
    );
}

#[tokio::test]
async fn a_polled_device_is_not_up_because_somebody_posts() {
    let running = Rig::polled().run();
    let device = running.state.telemetry.devices.get(0).unwrap();
    let router = gridos_api::router(running.state.clone());
    assert_eq!(post(&router, body(&["sub1.f1.ia"])).await.status, 200);
    // Not even one that could never be asked.
    assert_eq!(device.state(), DeviceState::Unknown);
    device.failed(&"no route to host");
    assert_eq!(post(&router, body(&["sub1.f1.ia"])).await.status, 200);
    assert_eq!(device.state(), DeviceState::Down);
}

#[tokio::test]
async fn a_post_full_of_wrong_readings_has_a_short_answer() {
    let rig = Rig::new();
    let text = body(&vec!["sub9.ia"; 20_000]);
    let answer = post(&rig.router(), text).await;
    answer.problem(422, "nothing-accepted");
    assert!(answer.text.len() < 30_000, "{}", answer.text.len());
    let answer = answer.json();
    let refused = answer["refused"].as_array().unwrap();
    assert_eq!((refused.len(), &refused[99]["index"]), (100, &json!(99)));
    assert_eq!(answer["refused_total"], 20_000);
    assert_eq!(answer["refused_by"], json!({"unknown_device": 20_000}));
    let snapshot = rig.state.telemetry.ledger.snapshot();
    assert_eq!(snapshot.refused_for(Refusal::UnknownDevice), 20_000);
    assert!(snapshot.is_balanced());
}

#[tokio::test]
async fn wrong_readings_are_refused_one_by_one() {
    let running = Rig::new().run();
    let router = gridos_api::router(running.state.clone());
    let answer = post(&router, body(&["sub1.f1.ia", "sub1.f1.ix", "sub9.ia"])).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    assert_eq!(answer["accepted"], 1);
    let refused = answer["refused"].as_array().unwrap();
    assert_eq!(refused.len(), 2);
    assert_eq!(
        (&refused[0]["index"], &refused[0]["point"]),
        (&json!(1), &json!("sub1.f1.ix"))
    );
    assert_eq!(refused[0]["reason"], "unknown_point");
    assert_eq!(refused[1]["reason"], "unknown_device");
    let snapshot = running.state.telemetry.ledger.snapshot();
    assert_eq!((snapshot.received, snapshot.offered), (3, 1));
    assert_eq!(snapshot.refused_for(Refusal::UnknownPoint), 1);
    assert_eq!(snapshot.refused_for(Refusal::UnknownDevice), 1);
    assert!(snapshot.is_balanced());
}

#[tokio::test]
async fn a_post_of_which_all_is_wrong_is_refused() {
    let rig = Rig::new();
    let answer = post(&rig.router(), r#"[{"point":"sub1.f1.ia","value":"high"}]"#).await;
    answer.problem(422, "nothing-accepted");
    let answer = answer.json();
    assert_eq!(answer["accepted"], 0);
    assert_eq!(answer["refused"][0]["reason"], "invalid");
    let snapshot = rig.state.telemetry.ledger.snapshot();
    assert_eq!(snapshot.refused_for(Refusal::Invalid), 1);
    assert!(snapshot.is_balanced());
}

#[tokio::test]
async fn a_post_of_nothing_accepts_nothing() {
    let answer = post(&Rig::new().router(), "[]").await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({"accepted": 0, "refused": [], "refused_total": 0, "refused_by": {},
            "position": null})
    );
}

#[tokio::test]
async fn malformed_bodies_are_told_where() {
    let router = Rig::new().router();
    let answer = post(&router, "{\"readings\":[\n  {\"point\":}]}").await;
    let detail = answer.problem(400, "malformed");
    assert!(detail.contains("line 2 column"), "{detail}");
    assert_eq!(answer.json()["line"], 2);
    post(&router, "").await.problem(400, "malformed");
    post(&router, "{\"reading\":[]}")
        .await
        .problem(400, "malformed");
    post(&router, &b"[\"\xff\"]"[..])
        .await
        .problem(400, "malformed");
}

#[tokio::test]
async fn another_media_type_is_refused() {
    let router = Rig::new().router();
    for kind in [
        "application/xml",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "",
    ] {
        let request = Request::post("/api/v1/scada/data").header(header::CONTENT_TYPE, kind);
        let answer = ask(&router, request.body("[]".into()).unwrap()).await;
        answer.problem(415, "media-type");
    }
    let bare = Request::post("/api/v1/scada/data")
        .body("[]".into())
        .unwrap();
    ask(&router, bare).await.problem(415, "media-type");
    let packed = Request::post("/api/v1/scada/data")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_ENCODING, "br")
        .body("[]".into());
    ask(&router, packed.unwrap())
        .await
        .problem(415, "media-type");
    let fitting = Request::post("/api/v1/scada/data")
        .header(header::CONTENT_TYPE, "Application/Senml+JSON")
        .body("[]".into());
    assert_eq!(ask(&router, fitting.unwrap()).await.status, 200);
}

#[tokio::test]
async fn a_body_has_an_end() {
    let mut rig = Rig::new();
    rig.state.settings.body_bytes_max = 64;
    let router = rig.router();
    let long = body(&["sub1.f1.ia", "sub1.f1.ib"]);
    post(&router, long.clone()).await.problem(413, "too-large");
    // Without a Content-Length too.
    let chunks = long
        .as_bytes()
        .chunks(10)
        .map(|chunk| Ok(Bytes::copy_from_slice(chunk)));
    let body = Body::new(Chunks(chunks.collect::<Vec<_>>().into_iter()));
    post(&router, body).await.problem(413, "too-large");
    assert_eq!(rig.state.telemetry.ledger.snapshot().received, 0);
}

#[tokio::test]
async fn more_readings_or_batches_than_a_post_may_have_are_refused_whole() {
    let mut rig = Rig::new();
    rig.state.settings.batches_per_post_max = 1;
    let router = rig.router();
    let answer = post(&router, body(&["sub1.f1.ia", "sub1.f2.v"])).await;
    let detail = answer.problem(413, "too-large");
    assert!(detail.contains("2 batches"), "{detail}");
    post(&router, format!("[{}0]", "0,".repeat(50_000)))
        .await
        .problem(413, "too-large");
    assert_eq!(rig.state.telemetry.ledger.snapshot().offered, 0);
    assert!(rig.state.telemetry.ledger.snapshot().is_balanced());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_given_up() {
    let rig = Rig::new();
    let answer = post(&rig.router(), Body::new(Endless)).await;
    answer.problem(408, "slow-client");
}

#[tokio::test]
async fn a_full_ring_holds_the_client_back_and_takes_nothing() {
    let mut rig = Rig::sized(1, 8);
    let router = rig.router();
    let answer = post(&router, body(&["sub1.f1.ia", "sub1.f2.v"])).await;
    let detail = answer.problem(503, "busy");
    assert!(
        detail.contains("nothing of this post was taken"),
        "{detail}"
    );
    assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    assert_eq!(answer.json()["accepted"], 0);
    assert!(rig.consumer.pop().is_none());
    assert_eq!(rig.pool.free(), 8);
    let snapshot = rig.state.telemetry.ledger.snapshot();
    assert_eq!(
        (snapshot.received, snapshot.refused_for(Refusal::RingFull)),
        (2, 2)
    );
    assert!(snapshot.is_balanced());
}

#[tokio::test]
async fn a_stalled_journal_holds_the_client_back_and_is_named() {
    let rig = Rig::new();
    rig.consumer.set_stalled(true);
    let answer = post(&rig.router(), body(&["sub1.f1.ia", "sub1.f2.v"])).await;
    answer.problem(503, "not-durable");
    let of = |index: u32| json!({"index": index, "reason": "journal_stalled"});
    assert_eq!(answer.json()["send_again"], json!([of(0), of(1)]));
    let snapshot = rig.state.telemetry.ledger.snapshot();
    assert_eq!(snapshot.refused_for(Refusal::JournalStalled), 2);
    assert!(snapshot.is_balanced());
    assert_eq!(rig.pool.free(), 8);
}

#[tokio::test]
async fn an_empty_pool_holds_the_client_back_and_takes_nothing() {
    let mut rig = Rig::sized(8, 1);
    let answer = post(&rig.router(), body(&["sub1.f1.ia", "sub1.f2.v"])).await;
    answer.problem(503, "busy");
    assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    assert!(rig.consumer.pop().is_none());
    assert_eq!(rig.pool.free(), 1);
    let snapshot = rig.state.telemetry.ledger.snapshot();
    assert_eq!(snapshot.refused_for(Refusal::PoolEmpty), 2);
    assert!(snapshot.is_balanced());
}

#[tokio::test]
async fn too_many_posts_at_once_are_held_back() {
    let mut rig = Rig::new();
    rig.state.settings.posts_max = 0;
    post(&rig.router(), body(&["sub1.f1.ia"]))
        .await
        .problem(503, "busy");
}

#[tokio::test]
async fn a_draining_engine_takes_nothing() {
    let rig = Rig::new();
    rig.state.readiness.on_draining();
    let answer = post(&rig.router(), body(&["sub1.f1.ia"])).await;
    answer.problem(503, "stopping");
    assert!(answer.headers.contains_key(header::RETRY_AFTER));
}

#[tokio::test]
async fn readings_that_come_while_the_draining_begins_are_refused_and_counted() {
    let rig = Rig::new();
    let (readiness, text) = (
        rig.state.readiness.clone(),
        body(&["sub1.f1.ia", "sub9.ia"]),
    );
    let chunks = std::iter::once_with(move || {
        readiness.on_draining();
        Ok(Bytes::from(text))
    });
    let answer = post(&rig.router(), Body::new(Chunks(chunks))).await;
    answer.problem(503, "stopping");
    let snapshot = rig.state.telemetry.ledger.snapshot();
    assert_eq!((snapshot.received, snapshot.offered), (2, 0));
    assert_eq!(snapshot.refused_for(Refusal::Stopping), 1);
    assert!(snapshot.is_balanced());
}

/// The clock is paused and nothing redeems, so it jumps to the end of the patience.
#[tokio::test(start_paused = true)]
async fn an_outcome_that_is_not_known_is_called_that() {
    let mut rig = Rig::new();
    let answer = post(&rig.router(), body(&["sub1.f1.ia", "sub1.ix", "sub1.f2.v"])).await;
    let detail = answer.problem(504, "outcome-unknown");
    assert!(
        detail.contains("30 s") && detail.contains("twice"),
        "{detail}"
    );
    let answer = answer.json();
    assert_eq!(
        (&answer["accepted"], &answer["send_again"]),
        (&json!(0), &json!([]))
    );
    let indices = |list: &Value| -> Vec<u64> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|of| of["index"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(indices(&answer["unknown"]), [0, 2]);
    assert_eq!(indices(&answer["refused"]), [1]);
    // They are still under way.
    assert!(rig.consumer.pop().is_some() && rig.consumer.pop().is_some());
    assert!(rig.state.telemetry.ledger.snapshot().is_balanced());
}

#[tokio::test]
async fn lost_readings_are_named_and_the_others_stay_accepted() {
    let mut rig = Rig::new();
    let router = rig.router();
    let text = body(&["sub1.f1.ia", "sub1.f2.v"]);
    let waiting = post(&router, text);
    let pipeline = async {
        let mut next = async || loop {
            if let Some(slot) = rig.consumer.pop() {
                break slot.receipt.unwrap();
            }
            tokio::task::yield_now().await;
        };
        let first = next().await;
        drop(next().await);
        first.redeem(7);
    };
    let (answer, ()) = tokio::join!(waiting, pipeline);
    answer.problem(503, "not-durable");
    assert_eq!(answer.headers[header::RETRY_AFTER], "1");
    let answer = answer.json();
    assert_eq!(
        (&answer["accepted"], &answer["position"]),
        (&json!(1), &json!(7))
    );
    assert_eq!(
        answer["send_again"],
        json!([{"index": 1, "reason": "lost"}])
    );
}

#[tokio::test]
async fn readings_stand_in_batches_of_events_as_they_were_posted() {
    let mut rig = Rig::new();
    rig.state.settings.batch_readings_max = 2;
    let router = rig.router();
    let future = "2200-01-01T00:00:00Z";
    let text = json!([
        {"point": "sub1.f1.ib", "value": 1, "time": "1970-01-01T00:00:01Z"},
        {"point": "sub1.f1.ia", "value": 2, "time": future},
        {"point": "sub1.f1.ia", "value": 3},
    ]);
    let waiting = post(&router, text.to_string());
    let pipeline = async {
        while rig.consumer.len() < 2 {
            tokio::task::yield_now().await;
        }
        let first = rig.consumer.pop().unwrap();
        let Some(Readings::Events(events)) = first.batch.readings() else {
            panic!("not events");
        };
        assert_eq!(
            (events.points, events.values),
            (&[1, 0][..], &[1.0, 2.0][..])
        );
        assert_eq!(
            events.times,
            [Timestamp::from_millis(1_000), events.received]
        );
        assert_eq!(events.qualities, [Quality::GOOD, Quality::CLOCK_CLAMPED]);
        let second = rig.consumer.pop().unwrap();
        assert_eq!(second.batch.len(), 1);
        second.receipt.unwrap().redeem(2);
        first.receipt.unwrap().redeem(1);
    };
    let (answer, ()) = tokio::join!(waiting, pipeline);
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["position"]),
        (200, &json!(2))
    );
}

#[tokio::test]
async fn a_large_body_is_taken_as_well() {
    let mut rig = Rig::new();
    rig.state.settings.batch_readings_max = 65_536;
    let running = rig.run();
    let router = gridos_api::router(running.state.clone());
    let answer = post(&router, body(&["sub1.f1.ia"; 20_000])).await;
    assert_eq!(answer.json()["accepted"], 20_000, "{}", answer.text);
}

struct Chunks<I>(I);

impl<I: Iterator<Item = Result<Bytes, Infallible>> + Unpin> HttpBody for Chunks<I> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Infallible>>> {
        Poll::Ready(
            self.0
                .next()
                .map(|chunk| chunk.map(hyper::body::Frame::data)),
        )
    }
}

struct Endless;

impl HttpBody for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<hyper::body::Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}
