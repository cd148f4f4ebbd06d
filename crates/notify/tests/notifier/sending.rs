//! What a webhook gets, whatever it answers.

use std::time::Duration;

use gridos_notify::{Access, Receiver as Kind};
use gridos_telemetry::NotifyOutcome;
use serde_json::json;

use crate::engine::{DEVICES, Engine};
use crate::receiver::{Receiver, Reply};
use crate::until;

#[tokio::test]
async fn each_device_has_a_message_of_its_own() {
    let receiver = Receiver::start(&[]).await;
    let mut engine = Engine::new();
    engine.notify(&receiver.url());
    for point in ["feeder-1.p", "feeder-2.p", "feeder-1.q"] {
        engine.raise(point);
    }
    until("both told", || receiver.requests().len() == 2).await;
    let requests = receiver.requests();
    let first = &requests[0].body;
    let own =
        json!({ "event": "alarms", "engine": "engine", "area": "north", "device": "feeder-1" });
    for (key, value) in own.as_object().unwrap() {
        assert_eq!(first[key], *value, "{first}");
    }
    let alarm = &first["alarms"][0];
    assert_eq!(alarm["summary"], "feeder-1.p: high at 101.3 A, limit 100 A");
    assert_eq!(
        (&alarm["status"], &alarm["ends"]),
        (&json!("active"), &json!(null))
    );
    assert_eq!(first["alarms"].as_array().unwrap().len(), 2);
    assert_eq!(requests[1].body["device"], "feeder-2");
    assert_eq!(
        (&*requests[0].path, requests[0].authorization.is_none()),
        ("/hook", true)
    );
    engine.end("feeder-2.p");
    until("the end told", || receiver.requests().len() == 3).await;
    let last = &receiver.requests()[2].body["alarms"][0];
    assert_eq!(
        last["summary"],
        "feeder-2.p: back to normal, was high at 101.3 A, limit 100 A"
    );
}

#[tokio::test]
async fn what_fails_is_sent_again_and_what_is_refused_is_not() {
    let failures = [500, 503, 429, 401, 404].map(|status| Reply::Status(status, "no"));
    let refusal = Reply::Status(400, "what is that?");
    let receiver = Receiver::start(&[&failures[..], &[refusal]].concat()).await;
    let mut engine = Engine::new();
    engine.notify(&receiver.url());
    engine.raise("feeder-1.p");
    until("refused", || engine.messages(NotifyOutcome::Rejected) == 1).await;
    assert_eq!(engine.messages(NotifyOutcome::Failed), 5);
    engine.raise("feeder-2.p");
    until("told", || engine.messages(NotifyOutcome::Taken) == 1).await;
    let requests = receiver.requests();
    let devices: Vec<_> = requests
        .iter()
        .map(|r| r.body["device"].as_str().unwrap())
        .collect();
    assert_eq!(devices[..6], ["feeder-1"; 6]);
    assert_eq!(devices[6..], ["feeder-2"]);
    until("nothing waits", || engine.waiting() == 0).await;
}

#[tokio::test]
async fn a_receiver_that_comes_back_is_told_also_by_the_next_process() {
    let receiver = Receiver::start(&[]).await;
    let (url, address) = (receiver.url(), receiver.address.to_string());
    let mut engine = Engine::new();
    engine.notify(&url);
    engine.raise("feeder-1.p");
    until("told", || receiver.requests().len() == 1).await;
    until("kept", || engine.has_kept_that_it_told()).await;
    // It is away while one returns, another is raised, and the engine is killed.
    drop(receiver);
    engine.end("feeder-1.p");
    engine.raise("feeder-2.p");
    until("it fails", || engine.messages(NotifyOutcome::Failed) > 2).await;
    engine.kill().await;
    let (sequence, cases) = (2, engine.cases());
    engine.begin(sequence + 1, cases);
    engine.notify(&url);
    let receiver = Receiver::listen(&address, &[], None).await;
    until("both told", || receiver.requests().len() == 2).await;
    let mut told: Vec<_> = receiver
        .requests()
        .iter()
        .map(|request| {
            let alarm = &request.body["alarms"][0];
            format!("{} {}", alarm["alarm"], alarm["status"])
        })
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "\"feeder-1.p:limit\" \"returned\"",
            "\"feeder-2.p:limit\" \"active\""
        ]
    );
}

#[tokio::test]
async fn pitfall_14_who_does_not_answer_holds_up_nobody_and_is_left_at_the_end() {
    let receiver = Receiver::start(&[Reply::Hang]).await;
    let mut engine = Engine::new();
    engine.notify(&receiver.url());
    engine.raise("feeder-0.p");
    until("it hangs", || receiver.requests().len() == 1).await;
    for device in 1..DEVICES {
        engine.raise(&format!("feeder-{device}.p"));
    }
    // The board goes on, and so does the table of what is to be told.
    assert_eq!(engine.sources.board.table().cases.len(), DEVICES as usize);
    until("followed", || engine.waiting() == u64::from(DEVICES)).await;
    engine.stop().await;
    engine.notify(&receiver.url());
    // In a flood the one that was under way waits with the others: a summary stands for them.
    until("told", || receiver.requests().len() == 2).await;
    let flood = &receiver.requests()[1].body;
    assert_eq!(
        (&flood["event"], &flood["annunciations"]),
        (&json!("flood"), &json!(DEVICES))
    );
}

#[tokio::test]
async fn records_that_the_board_has_no_more_are_made_up_for_by_its_table() {
    let receiver = Receiver::start(&[]).await;
    let mut engine = Engine::new();
    engine.notify(&receiver.url());
    engine.raise("feeder-1.p");
    until("told", || receiver.requests().len() == 1).await;
    // Nothing else runs meanwhile: this test and the notifier share a thread.
    engine.end("feeder-1.p");
    for _ in 0..5_000 {
        engine.raise("feeder-2.p");
        engine.end("feeder-2.p");
    }
    engine.raise("feeder-3.p");
    assert!(engine.sources.board.since(1, 1).is_none());
    until("both told", || receiver.requests().len() == 3).await;
    let told = receiver.requests();
    let shown = |at: usize| {
        let alarm = &told[at].body["alarms"][0];
        (alarm["alarm"].clone(), alarm["status"].clone())
    };
    assert_eq!(shown(1), (json!("feeder-1.p:limit"), json!("returned")));
    assert_eq!(shown(2), (json!("feeder-3.p:limit"), json!("active")));
}

/// A7.13: shown at once, and told when it cannot be lost any more.
#[tokio::test]
async fn pitfall_13_nothing_is_told_before_it_is_durable() {
    let receiver = Receiver::start(&[]).await;
    let mut engine = Engine::new();
    engine.notify(&receiver.url());
    engine.raise("feeder-1.p");
    until("told", || receiver.requests().len() == 1).await;
    engine.is_disk_well = false;
    engine.raise("feeder-2.p");
    engine.end("feeder-1.p");
    // The board says otherwise, long enough for what is sent again and for many looks.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(engine.cases().len(), 1);
    assert_eq!((receiver.requests().len(), engine.waiting()), (1, 0));
    // The disk takes the first of them, and then the rest.
    engine.sources.board.on_durable(2);
    until("the first told", || receiver.requests().len() == 2).await;
    assert_eq!(receiver.requests()[1].body["device"], "feeder-2");
    engine.recover();
    until("the end told", || receiver.requests().len() == 3).await;
    let last = &receiver.requests()[2].body["alarms"][0];
    assert_eq!(last["status"], "returned", "{last}");
}

/// A7.13: what was lost with the process was told to nobody, and its number is another one's.
#[tokio::test]
async fn pitfall_13_an_occurrence_that_died_with_the_engine_was_told_to_nobody() {
    let receiver = Receiver::start(&[]).await;
    let mut engine = Engine::new();
    engine.notify(&receiver.url());
    engine.is_disk_well = false;
    engine.raise("feeder-1.p");
    tokio::time::sleep(Duration::from_millis(600)).await;
    engine.kill().await;
    engine.begin(0, []);
    engine.is_disk_well = true;
    engine.notify(&receiver.url());
    engine.raise("feeder-1.q");
    until("told", || !receiver.requests().is_empty()).await;
    let alarms = receiver.requests()[0].body["alarms"].clone();
    assert_eq!(alarms.as_array().unwrap().len(), 1, "{alarms}");
    assert_eq!(alarms[0]["alarm"], "feeder-1.q:limit");
}

/// A7.13: also the table is told only when all of it is durable.
#[tokio::test]
async fn pitfall_13_a_table_that_is_gone_on_from_is_durable() {
    let receiver = Receiver::start(&[]).await;
    let mut engine = Engine::new();
    engine.is_disk_well = false;
    engine.raise("feeder-1.p");
    engine.notify(&receiver.url());
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!((receiver.requests().len(), engine.waiting()), (0, 0));
    engine.recover();
    until("told", || receiver.requests().len() == 1).await;
}

/// A pager that is silent because a disk is full would be worse.
#[tokio::test]
async fn when_the_journal_takes_nothing_for_long_it_is_told_all_the_same() {
    let receiver = Receiver::start(&[]).await;
    let mut engine = Engine::new();
    engine.is_disk_well = false;
    engine.unrecorded_after = Duration::from_millis(50);
    engine.notify(&receiver.url());
    engine.raise("feeder-1.p");
    until("told", || receiver.requests().len() == 1).await;
    until("kept", || engine.has_kept_that_it_told()).await;
    // It did not outlive the process: its number is that of another occurrence, which is told.
    engine.kill().await;
    engine.begin(0, []);
    engine.is_disk_well = true;
    engine.notify(&receiver.url());
    until("its end told", || receiver.requests().len() == 2).await;
    engine.raise("feeder-1.p");
    until("the other told", || receiver.requests().len() == 3).await;
    let told = receiver.requests();
    let alarm = |at: usize| &told[at].body["alarms"][0];
    assert_eq!(alarm(1)["status"], "returned");
    assert_eq!(
        (&alarm(2)["status"], &alarm(2)["occurrence"]),
        (&json!("active"), &alarm(0)["occurrence"])
    );
}

#[tokio::test]
async fn a_token_is_sent_and_shown_nowhere() {
    let reply = Reply::Status(400, "Bearer s3cret\r\nis\tnot 's3cret'");
    let receiver = Receiver::start(&[reply]).await;
    let access = Access {
        token: Some("s3cret".to_owned()),
        ..Access::default()
    };
    let address = gridos_notify::Address::parse(Kind::Webhook, &receiver.url()).unwrap();
    let sender = gridos_notify::Sender::new(address, &access).unwrap();
    let body = gridos_notify::Body::Alertmanager(Vec::new());
    let error = sender.send(&body).await.unwrap_err();
    let sent = receiver.requests()[0].authorization.clone();
    assert_eq!(sent.as_deref(), Some("Bearer s3cret"));
    assert!(
        error.to_string().ends_with(": Bearer *** is not '***'"),
        "{error}"
    );
    for shown in [
        format!("{error:?}"),
        format!("{sender:?}"),
        format!("{access:?}"),
    ] {
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

#[tokio::test]
async fn redirections_are_not_followed() {
    let thief = Receiver::start(&[]).await;
    let receiver = Receiver::start(&[Reply::Redirect(thief.address)]).await;
    let mut engine = Engine::new();
    let access = Access {
        token: Some("s3cret".to_owned()),
        ..Access::default()
    };
    engine.notify_with(Kind::Webhook, &receiver.url(), &access);
    engine.raise("feeder-1.p");
    until("told", || engine.messages(NotifyOutcome::Taken) == 1).await;
    assert_eq!((receiver.requests().len(), thief.requests().len()), (2, 0));
    assert_eq!(engine.messages(NotifyOutcome::Failed), 1);
}

#[tokio::test]
async fn an_alertmanager_may_be_at_ipv6_below_a_path() {
    let receiver = Receiver::listen("[::1]:0", &[], None).await;
    let mut engine = Engine::new();
    let url = format!("http://{}/monitoring/alerts/", receiver.address);
    engine.notify_with(Kind::Alertmanager, &url, &Access::default());
    engine.raise("feeder-1.p");
    until("told", || receiver.requests().len() == 1).await;
    let request = &receiver.requests()[0];
    assert_eq!(request.path, "/monitoring/alerts/api/v2/alerts");
    assert_eq!(request.body[0]["labels"]["device"], "feeder-1");
}
