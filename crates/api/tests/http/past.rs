//! Readings, columns, instants and gaps of the past.

use std::sync::atomic::Ordering;
use std::time::Duration;

use gridos_model::{Quality, Timestamp};
use gridos_store::{Column, ColumnValues, GapRow, Grid, ReadingRow, Sample, TextRow};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::rig::{Rig, get};

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn second(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1_000)
}

fn rows(rig: &Rig, point: &str, count: i64) {
    let rows = (0..count).map(|second| ReadingRow {
        point: point.to_owned(),
        time: Timestamp::from_millis(second * 1_000),
        value: (second != 3).then_some(f64::from(u32::try_from(second).unwrap())),
        quality: if second == 3 {
            Quality::COMM_LOST
        } else {
            Quality::GOOD
        },
    });
    rig.store.readings.lock().unwrap().extend(rows);
}

#[tokio::test]
async fn history_is_read_from_the_store() {
    let rig = Rig::new();
    rows(&rig, "sub1.f1.ia", 10);
    let router = rig.router();
    let range = "from=1970-01-01T00:00:02Z&to=1970-01-01T01:00:08%2B01:00";
    let path = format!("/api/v1/scada/data?point=sub1.f1.ia&{range}");
    let history = get(&router, &path).await.json();
    assert_eq!(
        (&history["point"], &history["unit"]),
        (&json!("sub1.f1.ia"), &json!("A"))
    );
    assert_eq!(history["from"], "1970-01-01T00:00:02Z");
    assert_eq!(history["truncated"], false);
    let readings = history["readings"].as_array().unwrap();
    assert_eq!(readings.len(), 6);
    let expected = json!({"time": "1970-01-01T00:00:02Z", "value": 2.0, "quality": []});
    assert_eq!(readings[0], expected);
    let lost = json!({"time": "1970-01-01T00:00:03Z", "value": null, "quality": ["comm_lost"]});
    assert_eq!(readings[1], lost);
    let few = get(&router, &format!("{path}&limit=2")).await.json();
    assert_eq!(few["truncated"], true);
    assert_eq!(few["readings"].as_array().unwrap().len(), 2);
    assert_eq!(few["readings"][1]["value"], 7.0);
    let recent = get(&router, "/api/v1/scada/data?point=sub1.f1.ia")
        .await
        .json();
    assert_eq!(recent["readings"], json!([]));
}

#[tokio::test]
async fn a_point_that_is_configured_no_more_keeps_its_history() {
    let rig = Rig::new();
    rows(&rig, "old.f1.ia", 10);
    let router = rig.router();
    let path = "/api/v1/scada/data?point=old.f1.ia&from=1970-01-01T00:00:00Z";
    let history = get(&router, path).await.json();
    assert_eq!(history["readings"].as_array().unwrap().len(), 10);
    assert_eq!(history["unit"], "kW");
    let never = get(&router, "/api/v1/scada/data?point=never.f1.ia").await;
    never.problem(404, "not-found");
}

#[tokio::test]
async fn wrong_questions_are_refused_with_what_to_do() {
    let router = Rig::new().router();
    for (query, hint) in [
        ("", "point must be given"),
        ("point=a.b&point=a.b", "named twice"),
        ("point=a.b&cursor=5", "no cursor of an earlier answer"),
        ("point=a.b&order=random", "'youngest' or 'oldest'"),
        ("point=a.b&width=0", "from 1 to 20000"),
        ("point=a.b&point=a.c&width=10001", "from 1 to 10000"),
        ("point=a.b&width=100&step=1m", "give one of them"),
        (
            "point=a.b&width=100&limit=5",
            "columns are told all at once",
        ),
        ("point=a.b&step=fast", "15m"),
        ("point=a.b&step=0s", "15m"),
        ("point=a.b&from=-1d&step=1s", "makes 8640"),
        ("point=a.b&gaps=perhaps", "1 or 0"),
        ("point=a.b&limit=0", "from 1 to 100000"),
        ("point=a.b&limit=100001", "from 1 to 100000"),
        ("point=a.b&limit=-1", "from 1 to 100000"),
        ("point=a.b&from=yesterday", "-15m"),
        ("point=a.b&from=now&to=-1h", "before 'to'"),
        ("point=a.b&form=-1h", "'form'"),
    ] {
        let answer = get(&router, &format!("/api/v1/scada/data?{query}")).await;
        let detail = answer.problem(400, "bad-parameter");
        assert!(detail.contains(hint), "{query}: {detail}");
    }
}

/// The values of a page.
fn values(readings: &Value) -> Vec<f64> {
    let readings = readings.as_array().unwrap().iter();
    readings
        .map(|reading| reading["value"].as_f64().unwrap_or(-1.0))
        .collect()
}

#[tokio::test]
async fn a_long_history_is_read_page_by_page() {
    let rig = Rig::new();
    rows(&rig, "sub1.f1.ia", 10);
    let router = rig.router();
    for (order, expected) in [
        ("youngest", [[8.0, 9.0], [6.0, 7.0]]),
        ("oldest", [[0.0, 1.0], [2.0, -1.0]]),
    ] {
        let path = format!(
            "/api/v1/scada/data?point=sub1.f1.ia&from=1970-01-01T00:00:00Z&limit=2&order={order}"
        );
        let first = get(&router, &path).await.json();
        assert_eq!(values(&first["readings"]), expected[0]);
        assert_eq!(first["truncated"], true);
        let cursor = first["cursor"].as_str().unwrap();
        let second = get(&router, &format!("{path}&cursor={cursor}"))
            .await
            .json();
        assert_eq!(values(&second["readings"]), expected[1]);
    }
    let path = "/api/v1/scada/data?point=sub1.f1.ia&from=1970-01-01T00:00:00Z";
    let all = get(&router, path).await.json();
    assert_eq!(
        (&all["truncated"], &all["cursor"]),
        (&json!(false), &Value::Null)
    );
}

#[tokio::test]
async fn several_points_are_told_of_at_once() {
    let rig = Rig::new();
    rows(&rig, "sub1.f1.ia", 3);
    rows(&rig, "old.f1.p", 2);
    let path = "/api/v1/scada/data?from=1970-01-01T00:00:00Z\
                &point=sub1.f2.v&point=old.f1.p&point=sub1.f1.ia";
    let answer = get(&rig.router(), path).await.json();
    let series = answer["series"].as_array().unwrap();
    let told: Vec<_> = series
        .iter()
        .map(|one| (&one["point"], &one["unit"], values(&one["readings"])))
        .collect();
    let expected = [
        (&json!("sub1.f2.v"), &json!("kV"), vec![]),
        (&json!("old.f1.p"), &json!("kW"), vec![0.0, 1.0]),
        (&json!("sub1.f1.ia"), &json!("A"), vec![0.0, 1.0, 2.0]),
    ];
    assert_eq!(told, expected);
    assert_eq!(answer["truncated"], false);
    assert_eq!(answer.get("point"), None);
    let never = get(&rig.router(), &format!("{path}&point=never.f1.p")).await;
    let detail = never.problem(404, "not-found");
    assert!(detail.contains("'never.f1.p'"), "{detail}");
    let many: String = (0..101).map(|n| format!("&point=a.p{n}")).collect();
    let many = get(&rig.router(), &format!("/api/v1/scada/data?{}", &many[1..])).await;
    let detail = many.problem(400, "bad-parameter");
    assert!(detail.contains("100 at most"), "{detail}");
}

#[tokio::test]
async fn a_chart_gets_columns() {
    let rig = Rig::new();
    let sample = |at, value| Sample {
        time: second(at),
        value,
    };
    let values = ColumnValues {
        first: sample(1, 2.5),
        last: sample(4, 3.5),
        min: sample(2, -1.0),
        max: sample(3, f64::MAX),
        average: 2.25,
    };
    let column = |values| Column {
        from: second(1),
        count: 8,
        good: 2,
        values,
    };
    let columns = [column(Some(values)), column(None)];
    rig.store.columns.lock().unwrap().extend(columns);
    let router = rig.router();
    let range = "from=1970-01-01T00:00:01Z&to=1970-01-01T00:00:11Z";
    let path = format!("/api/v1/scada/data?point=sub1.f1.ia&{range}");
    let answer = get(&router, &format!("{path}&width=5")).await.json();
    assert_eq!(answer["column_seconds"], 2.0);
    assert_eq!(answer["unit"], "A");
    let shown = |at: &str, value: f64| json!({"time": at, "value": value});
    let expected = json!({
        "time": "1970-01-01T00:00:01Z", "count": 8, "good": 0.25, "average": 2.25,
        "first": shown("1970-01-01T00:00:01Z", 2.5), "min": shown("1970-01-01T00:00:02Z", -1.0),
        "max": shown("1970-01-01T00:00:03Z", f64::MAX), "last": shown("1970-01-01T00:00:04Z", 3.5),
    });
    assert_eq!(answer["columns"], json!([expected]));
    assert_eq!(
        (answer.get("truncated"), &answer["gaps"]),
        (None, &json!([]))
    );
    let asked = rig.store.trends.lock().unwrap().clone().unwrap();
    assert_eq!(asked.grid, Grid::pixels(second(1), second(11), 5));
    let two = get(&router, &format!("{path}&point=sub1.f1.ib&step=1m&gaps=0")).await;
    let two = two.json();
    let bad = &two["series"][1]["columns"][0];
    assert_eq!((&bad["count"], &bad["first"]), (&json!(8), &Value::Null));
    assert_eq!(
        (&two["column_seconds"], two.get("gaps")),
        (&json!(60.0), None)
    );
    let asked = rig.store.trends.lock().unwrap().clone().unwrap();
    let grid = Grid::steps(second(1), second(11), Duration::from_secs(60));
    assert_eq!((asked.grid, asked.points.len()), (grid, 2));
}

fn gap(device: &str, from: i64, until: i64) -> GapRow {
    GapRow {
        device: Some(device.to_owned()),
        from: second(from),
        until: second(until),
        reason: "device_down".to_owned(),
    }
}

#[tokio::test]
async fn gaps_are_told_beside_readings_and_alone() {
    let rig = Rig::new();
    let gaps = [
        gap("sub1.f1", 1, 3),
        gap("sub1.f2", 2, 4),
        gap("old.f1", 5, 6),
        GapRow {
            device: None,
            ..gap("", 7, 8)
        },
    ];
    rig.store.gaps.lock().unwrap().extend(gaps);
    rows(&rig, "old.f1.p", 1);
    let router = rig.router();
    let from = "from=1970-01-01T00:00:00Z";
    let data = get(
        &router,
        &format!("/api/v1/scada/data?point=sub1.f1.ia&{from}"),
    )
    .await;
    let expected = json!([{
        "device": "sub1.f1", "from": "1970-01-01T00:00:01Z", "to": "1970-01-01T00:00:03Z",
        "reason": "device_down",
    }, {
        "device": null, "from": "1970-01-01T00:00:07Z", "to": "1970-01-01T00:00:08Z",
        "reason": "device_down",
    }]);
    assert_eq!(data.json()["gaps"], expected);
    assert_eq!(data.json()["gaps_truncated"], false);
    for (query, count, truncated) in [
        ("", 4, false),
        ("&device=sub1.f1&device=old.f1", 3, false),
        ("&point=sub1.f2.v&point=old.f1.p", 3, false),
        ("&limit=2", 2, true),
        ("&to=1970-01-01T00:00:02Z", 1, false),
    ] {
        let answer = get(&router, &format!("/api/v1/scada/gaps?{from}{query}"))
            .await
            .json();
        assert_eq!(answer["gaps"].as_array().unwrap().len(), count, "{query}");
        assert_eq!(answer["truncated"], truncated, "{query}");
    }
    for (query, status, kind) in [
        ("device=never", 404, "not-found"),
        ("point=never.p", 404, "not-found"),
        ("device=sub1.f1&limit=10001", 400, "bad-parameter"),
        ("name=sub1.f1", 400, "bad-parameter"),
    ] {
        let answer = get(&router, &format!("/api/v1/scada/gaps?{query}")).await;
        answer.problem(status, kind);
    }
}

#[tokio::test]
async fn a_device_is_shown_as_it_was() {
    let rig = Rig::with_text();
    rows(&rig, "sub1.f2.v", 5);
    rig.store.texts.lock().unwrap().push(TextRow {
        point: "sub1.f2.serial".to_owned(),
        time: second(0),
        text: "SN-1".to_owned(),
        quality: Quality::GOOD,
    });
    rows(&rig, "old.f1.p", 2);
    let router = rig.router();
    let at = "at=1970-01-01T00:00:02.5Z";
    let answer = get(&router, &format!("/api/v1/scada/at?device=sub1.f2&{at}"))
        .await
        .json();
    assert_eq!(answer["look_back_seconds"], 86_400);
    let expected = json!([
        {"point": "sub1.f2.v", "unit": "kV", "value": 2.0, "time": "1970-01-01T00:00:02Z",
         "age_seconds": 0.5, "quality": []},
        {"point": "sub1.f2.serial", "unit": "", "value": null, "text": "SN-1",
         "time": "1970-01-01T00:00:00Z", "age_seconds": 2.5, "quality": []},
    ]);
    assert_eq!(answer["points"], expected);
    let none = get(&router, "/api/v1/scada/at?device=sub1.f1&look_back=1h")
        .await
        .json();
    let ia = &none["points"][0];
    assert_eq!((&ia["time"], &ia["quality"]), (&Value::Null, &Value::Null));
    assert_eq!(none["points"].as_array().unwrap().len(), 2);
    let old = get(&router, &format!("/api/v1/scada/at?device=old.f1&{at}"))
        .await
        .json();
    assert_eq!(old["points"][0]["value"], 1.0);
    for (query, status, kind) in [
        ("", 400, "bad-parameter"),
        ("device=sub9", 404, "not-found"),
        ("device=sub1.f1&look_back=32d", 400, "bad-parameter"),
        ("device=sub1.f1&at=then", 400, "bad-parameter"),
    ] {
        let answer = get(&router, &format!("/api/v1/scada/at?{query}")).await;
        answer.problem(status, kind);
    }
}

#[tokio::test]
async fn a_number_that_was_a_state_is_shown_with_its_text() {
    let rig = Rig::new();
    rows(&rig, "sub1.f1.ib", 2);
    let path = "/api/v1/scada/at?device=sub1.f1&at=1970-01-01T00:00:01Z";
    let answer = get(&rig.router(), path).await.json();
    assert_eq!(answer["points"][1]["state"], "closed");
    assert_eq!(answer["points"][0].get("state"), None);
}

/// Waits until `wanted` questions wait for the store.
async fn questions(rig: &Rig, wanted: usize) {
    let seeing = async {
        while rig.store.waiting.load(Ordering::Relaxed) != wanted {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, seeing)
        .await
        .expect("never seen");
}

#[tokio::test]
async fn a_client_that_goes_away_takes_its_question_with_it() {
    let mut rig = Rig::new();
    rig.state.settings.answer_timeout = 10 * PATIENCE;
    rig.store.is_stuck.store(true, Ordering::Relaxed);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(gridos_api::serve(listener, rig.state.clone(), stopped));
    for path in [
        "data?point=sub1.f1.ia",
        "data?point=sub1.f1.ia&width=9",
        "at?device=sub1.f1",
        "gaps",
    ] {
        let mut client = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /api/v1/scada/{path} HTTP/1.1\r\nhost: engine\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        questions(&rig, 1).await;
        drop(client);
        questions(&rig, 0).await;
    }
    stop.send_replace(true);
    serving.await.unwrap().unwrap();
}
