//! Restarts, hidden alarms, floods and clocks.

use std::collections::BTreeMap;

use gridos_model::Priority;
use gridos_notify::{Alert, Outbox, Receiver, WebhookMessage};

use crate::{SECOND, Scene};

impl Scene {
    /// What the webhook was told of alarms, and forgets that.
    fn told(&mut self) -> BTreeMap<String, &'static str> {
        let messages = std::mem::take(&mut self.webhook).into_iter();
        let alarms = messages.flat_map(|message| match message {
            WebhookMessage::Alarms { alarms, .. } => alarms,
            WebhookMessage::Flood { .. } => Vec::new(),
        });
        alarms
            .map(|alarm| (alarm.alert.alarm, alarm.status))
            .collect()
    }

    fn floods_told(&self) -> usize {
        let is_flood = |message: &&WebhookMessage| matches!(message, WebhookMessage::Flood { .. });
        self.webhook.iter().filter(is_flood).count()
    }
}

#[test]
fn a_restart_tells_nothing_twice_and_forgets_nothing() {
    let mut scene = Scene::new(Receiver::Webhook);
    let told = scene.raise("feeder-1", 1, Priority::High);
    scene.raise("feeder-2", 1, Priority::High);
    scene.send_all();
    scene.webhook.clear();
    let untold = scene.raise("feeder-3", 1, Priority::High);
    scene.restart();
    // It learns only from the table that one has returned to normal meanwhile.
    scene.active.remove(&told);
    scene.resync(scene.sequence + 5, &[]);
    scene.send_all();
    assert_eq!(
        scene.told(),
        [(told, "returned"), (untold, "active")].into()
    );
}

/// Of what is elsewhere nobody is told anything; of what comes, only what may not have been told.
#[test]
fn what_goes_to_another_engine_is_not_over_and_what_comes_is_not_new() {
    let mut scene = Scene::new(Receiver::Webhook);
    let names = [1, 2, 3].map(|n| scene.raise(&format!("feeder-{n}"), 1, Priority::High));
    scene.send_all();
    scene.webhook.clear();
    scene.outbox.hand_over(|_| true);
    scene.restart();
    scene.outbox.hand_over(|_| true);
    scene.send_all();
    assert_eq!(scene.told(), BTreeMap::new());
    let known = names.clone().map(|name| scene.active[&name].clone());
    // The first comes back as it went; of the others another occurrence, one of which somebody has seen.
    let [first, mut second, mut third] = known;
    (second.occurrence, third.occurrence) = (98, 99);
    for (alert, is_seen) in [(&first, false), (&second, false), (&third, true)] {
        scene.sequence += 1;
        let now = scene.now;
        scene
            .outbox
            .take_over(scene.sequence, alert.clone(), is_seen, now);
    }
    scene.send_all();
    assert_eq!(scene.told(), [(names[1].clone(), "active")].into());
    // They end here.
    for mut alert in [first, second, third] {
        scene.sequence += 1;
        alert.ends_ns = Some(scene.now.wall.as_nanos());
        let now = scene.now;
        scene.outbox.on_record(scene.sequence, alert, false, now);
    }
    scene.send_all();
    assert_eq!(scene.told(), names.map(|name| (name, "returned")).into());
}

#[test]
fn a_restart_with_the_state_of_a_later_time_tells_what_is_now() {
    let mut scene = Scene::new(Receiver::Webhook);
    scene.sequence = 1_000;
    let gone = scene.raise("feeder-1", 1, Priority::High);
    let again = scene.raise("feeder-2", 1, Priority::High);
    let over = scene.raise("feeder-3", 1, Priority::High);
    scene.send_all();
    let believed = scene.active[&over].clone();
    scene.end(&over);
    scene.told();
    scene.restart();
    // The data folder is that of an earlier day: other occurrences, lower numbers.
    scene.active.remove(&gone);
    scene.active.get_mut(&again).unwrap().occurrence = 3;
    // That it returned was shown, and lost before it was durable.
    scene.active.insert(over.clone(), believed);
    scene.resync(4, &[]);
    assert_eq!(scene.outbox.sequence(), 4);
    let later = scene.raise("feeder-4", 1, Priority::High);
    scene.send_all();
    let told = [
        (gone, "returned"),
        (again, "active"),
        (over, "active"),
        (later, "active"),
    ];
    assert_eq!(scene.told(), told.into());
}

#[test]
fn who_shelves_an_alarm_does_not_resolve_it_nor_does_a_restart_then() {
    let mut scene = Scene::new(Receiver::Alertmanager);
    let name = scene.raise("feeder-1", 1, Priority::Low);
    scene.send_all();
    // It is shelved, and becomes worse.
    let mut alert = scene.active[&name].clone();
    (alert.priority, alert.level) = ("urgent".to_owned(), "high_high".to_owned());
    scene.active.insert(name.clone(), alert.clone());
    for _ in 0..2 {
        scene.sequence += 1;
        scene.tell(alert.clone(), false);
    }
    scene.send_all();
    let firing = [(name.clone(), "low".to_owned())].into();
    assert_eq!(scene.firing(), firing);
    scene.restart();
    scene.resync(scene.sequence, &[&name]);
    scene.send_all();
    assert_eq!(scene.firing(), firing);
    // Nobody was told that it was urgent, so that is not resolved either.
    scene.end(&name);
    scene.send_all();
    assert_eq!(
        (scene.firing().len(), scene.alertmanager.alerts.len()),
        (0, 1)
    );
}

#[test]
fn an_occurrence_that_is_raised_while_hidden_is_not_told_after_a_restart() {
    let mut scene = Scene::new(Receiver::Webhook);
    let name = scene.raise("feeder-1", 1, Priority::High);
    scene.send_all();
    scene.told();
    scene.restart();
    scene.active.get_mut(&name).unwrap().occurrence = 7;
    scene.resync(9, &[&name]);
    scene.send_all();
    assert_eq!(scene.told(), [(name, "returned")].into());
}

#[test]
fn what_is_over_stays_over() {
    let mut scene = Scene::new(Receiver::Webhook);
    let name = scene.raise("feeder-1", 1, Priority::High);
    let alert = scene.active[&name].clone();
    scene.end(&name);
    // Somebody edits it, and of an alarm at rest nothing else is known.
    scene.sequence += 1;
    let edited = Alert {
        starts_ns: 0,
        ..alert
    };
    scene.tell(edited.clone(), false);
    scene.sequence += 1;
    scene.tell(edited, true);
    scene.send_all();
    assert_eq!(scene.told(), [(name, "returned")].into());
}

#[test]
fn what_becomes_worse_while_a_message_is_under_way_is_told_as_well() {
    let mut scene = Scene::new(Receiver::Webhook);
    let name = scene.raise("feeder-1", 1, Priority::High);
    scene.pass(2 * SECOND);
    let delivery = scene.outbox.poll(scene.now, &|id| id.to_string()).unwrap();
    let alert = Alert {
        level: "high_high".to_owned(),
        ..scene.active[&name].clone()
    };
    scene.sequence += 1;
    scene.tell(alert, true);
    scene.outbox.on_taken(delivery, scene.now);
    scene.send_all();
    assert_eq!(scene.told(), [(name, "active")].into());
}

#[test]
fn an_end_ahead_of_alertmanagers_clock_is_told_until_it_is_one() {
    let mut scene = Scene::new(Receiver::Alertmanager);
    scene.set_clock(30);
    let name = scene.raise("feeder-1", 1, Priority::Low);
    scene.send_all();
    // Both the severity that it has no more, and it altogether.
    let alert = Alert {
        priority: "high".to_owned(),
        ..scene.active[&name].clone()
    };
    scene.active.insert(name.clone(), alert.clone());
    scene.sequence += 1;
    scene.tell(alert, true);
    scene.pass(2 * SECOND);
    while scene.send(true) {}
    scene.end(&name);
    scene.pass(2 * SECOND);
    while scene.send(true) {}
    assert_eq!(scene.firing().len(), 2, "it takes neither end for one yet");
    scene.restart();
    scene.resync(scene.sequence, &[]);
    scene.send_all();
    assert_eq!(scene.firing().len(), 0);
    // It is not told for ever.
    for _ in 0..15 {
        scene.send_all();
    }
    scene.pass(1_000 * SECOND);
    assert!(!scene.send(true));
}

#[test]
fn a_restart_tells_alertmanager_at_once_what_stands() {
    let mut scene = Scene::new(Receiver::Alertmanager);
    scene.raise("feeder-1", 1, Priority::High);
    scene.send_all();
    scene.restart();
    scene.resync(scene.sequence, &[]);
    assert!(
        scene.send(true),
        "what was down for long may be forgotten any moment"
    );
}

#[test]
fn news_does_not_wait_behind_what_is_repeated() {
    let mut scene = Scene::new(Receiver::Alertmanager);
    for n in 0..1_000 {
        scene.raise(&format!("feeder-{n}"), 1, Priority::Urgent);
    }
    scene.send_all();
    scene.pass(70 * SECOND);
    let name = scene.raise("zone", 1, Priority::Urgent);
    scene.pass(2 * SECOND);
    // The flood's summary comes first.
    assert!(scene.send(true) && scene.send(true));
    assert!(scene.firing().contains(&(name, "urgent".to_owned())));
}

#[test]
fn a_flood_goes_on_over_a_restart_and_its_end_is_told() {
    for receiver in [Receiver::Webhook, Receiver::Alertmanager] {
        let mut scene = Scene::new(receiver);
        for n in 0..200 {
            scene.raise(&format!("feeder-{n}"), 1, Priority::Medium);
        }
        scene.send_all();
        scene.restart();
        scene.resync(scene.sequence, &[]);
        scene.send_all();
        assert_eq!(
            (scene.told().len(), scene.firing().len()),
            (0, 0),
            "a storm"
        );
        assert_eq!(scene.outbox.waiting(), 200);
        scene.active.clear();
        scene.resync(scene.sequence + 200, &[]);
        scene.pass(700 * SECOND);
        scene.restart();
        scene.resync(scene.sequence, &[]);
        scene.send_all();
        let floods = scene.alertmanager.alerts.values();
        assert!(floods.copied().all(|(_, until)| until <= scene.now.wall));
        assert_eq!(
            scene.floods_told(),
            usize::from(receiver == Receiver::Webhook)
        );
        assert_eq!((scene.told().len(), scene.outbox.waiting()), (0, 0));
    }
}

#[test]
fn a_storm_that_was_too_fast_to_follow_is_a_flood_all_the_same() {
    let mut scene = Scene::new(Receiver::Webhook);
    let mut other = Scene::new(Receiver::Webhook);
    for n in 0..200 {
        other.raise(&format!("feeder-{n}"), 1, Priority::Medium);
    }
    scene.active = other.active;
    scene.resync(9_000, &[]);
    scene.send_all();
    assert_eq!((scene.floods_told(), scene.told().len()), (1, 0));
}

/// Alertmanager forgets a flood that is not told again, as it forgets an alarm.
#[test]
fn a_flood_is_told_again_before_it_is_forgotten() {
    let mut scene = Scene::new(Receiver::Alertmanager);
    let mut target = scene.outbox.target().clone();
    (target.resend, target.expires) = (20 * SECOND, 60 * SECOND);
    scene.outbox = Outbox::new(target);
    for n in 0..20 {
        scene.raise(&format!("feeder-{n}"), 1, Priority::Medium);
    }
    for _ in 0..20 {
        scene.pass(21 * SECOND);
        while scene.send(true) {}
        let mut alerts = scene.alertmanager.alerts.values();
        assert!(alerts.all(|(_, until)| *until > scene.now.wall));
    }
}
