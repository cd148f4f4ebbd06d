//! What receivers are told, whatever fails.

#![cfg(test)]

mod restarts;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gridos_alarm::Now;
use gridos_model::{AlarmId, Priority, Timestamp};
use gridos_notify::{
    Alert, AlertmanagerAlert, Body, Outbox, Receiver, Standing, Target, WebhookMessage,
};
use proptest::prelude::*;

const SECOND: Duration = Duration::from_secs(1);

/// An outbox, its receiver's view, and time.
struct Scene {
    outbox: Outbox,
    now: Now,
    sequence: u64,
    /// What stands, by the alarm's name.
    active: BTreeMap<String, Alert>,
    alertmanager: Alertmanager,
    /// What the webhook got, in order.
    webhook: Vec<WebhookMessage>,
}

/// Alertmanager as it takes alerts.
///
/// Source: prometheus/alertmanager `provider/mem/mem.go`, `Alerts.Put`, and `types/types.go`,
/// `Alert.Validate` and `Alert.Merge`.
#[derive(Clone, Debug, Default, PartialEq)]
struct Alertmanager {
    /// By labels: from when and until when.
    alerts: BTreeMap<BTreeMap<&'static str, String>, (Timestamp, Timestamp)>,
    /// Its own clock.
    now: Timestamp,
}

impl Alertmanager {
    fn take(&mut self, alert: &AlertmanagerAlert) {
        let mut starts: Timestamp = alert.starts_at.parse().unwrap();
        let mut ends: Timestamp = alert.ends_at.parse().unwrap();
        assert!(ends >= starts, "start time must be before end time");
        if let Some((from, until)) = self.alerts.get(&alert.labels).copied()
            && ((ends > from && ends < until) || (starts > from && starts < until))
        {
            starts = starts.min(from);
            let (is_over, was_over) = (ends <= self.now, until <= self.now);
            if !is_over || was_over {
                ends = ends.max(until);
            }
        }
        self.alerts.insert(alert.labels.clone(), (starts, ends));
    }
}

impl Scene {
    fn new(receiver: Receiver) -> Self {
        Self {
            outbox: Outbox::new(Target::new("receiver", receiver, "engine")),
            now: Now {
                wall: Timestamp::from_millis(1_000_000_000_000),
                mono: Duration::ZERO,
            },
            sequence: 0,
            active: BTreeMap::new(),
            alertmanager: Alertmanager {
                now: Timestamp::from_millis(1_000_000_000_000),
                ..Alertmanager::default()
            },
            webhook: Vec::new(),
        }
    }

    fn pass(&mut self, time: Duration) {
        self.now.mono += time;
        self.now.wall = self.now.wall.saturating_add(time);
        self.alertmanager.now = self.alertmanager.now.saturating_add(time);
    }

    /// The engine's clock is set.
    fn set_clock(&mut self, seconds: i64) {
        let wall = self.now.wall.as_nanos() + seconds * 1_000_000_000;
        self.now.wall = Timestamp::from_nanos(wall);
    }

    fn raise(&mut self, device: &str, n: usize, priority: Priority) -> String {
        let name = format!("{device}.p{n}:limit");
        self.sequence += 1;
        let alert = Alert {
            alarm: name.clone(),
            occurrence: self.sequence,
            device: device.to_owned(),
            point: format!("p{n}"),
            area: "north".to_owned(),
            kind: "limit".to_owned(),
            priority: priority.name().to_owned(),
            level: "high".to_owned(),
            value: Some(101.5),
            limit: Some(100.0),
            unit: "A".to_owned(),
            response: "Shed load.".to_owned(),
            starts_ns: self.now.wall.as_nanos(),
            ends_ns: None,
        };
        self.active.insert(name.clone(), alert.clone());
        self.tell(alert, true);
        name
    }

    fn end(&mut self, name: &str) {
        let Some(mut alert) = self.active.remove(name) else {
            return;
        };
        self.sequence += 1;
        alert.ends_ns = Some(self.now.wall.as_nanos());
        alert.level = "normal".to_owned();
        self.tell(alert, false);
    }

    fn tell(&mut self, alert: Alert, is_annunciated: bool) {
        let (sequence, now) = (self.sequence, self.now);
        self.outbox.on_record(sequence, alert, is_annunciated, now);
    }

    /// The engine ends, and another one goes on from its state file.
    fn restart(&mut self) {
        let text = serde_json::to_string(&self.outbox.kept()).unwrap();
        self.outbox = Outbox::new(self.outbox.target().clone());
        let kept = serde_json::from_str(&text).unwrap();
        self.now.mono = Duration::ZERO;
        self.outbox.restore(kept, self.now);
    }

    /// What stands, as it is after a restart.
    fn resync(&mut self, sequence: u64, hidden: &[&str]) {
        self.sequence = sequence;
        let standing: Vec<_> = self
            .active
            .values()
            .map(|alert| Standing {
                is_hidden: hidden.contains(&&*alert.alarm),
                annunciated: Timestamp::from_nanos(alert.starts_ns),
                alert: alert.clone(),
            })
            .collect();
        self.outbox.resync(sequence, standing, self.now);
    }

    /// Sends one message if one is due; returns whether one was.
    fn send(&mut self, succeeds: bool) -> bool {
        let name_of = |id: AlarmId| format!("alarm {id}");
        let Some(delivery) = self.outbox.poll(self.now, &name_of) else {
            return false;
        };
        if !succeeds {
            self.outbox.on_failed(self.now);
            return true;
        }
        match &delivery.body {
            Body::Alertmanager(alerts) => {
                for alert in alerts {
                    self.alertmanager.take(alert);
                }
            }
            Body::Webhook(message) => self.webhook.push(message.clone()),
        }
        self.outbox.on_taken(delivery, self.now);
        true
    }

    fn send_all(&mut self) {
        self.pass(70 * SECOND);
        while self.send(true) {}
    }

    /// The alarms that Alertmanager takes for active, with their severities.
    fn firing(&self) -> BTreeSet<(String, String)> {
        let Alertmanager { alerts, now } = &self.alertmanager;
        let active = alerts.iter().filter(|(_, (_, until))| until > now);
        let alarms = active.filter_map(|(labels, _)| {
            Some((labels.get("alarm")?.clone(), labels["severity"].clone()))
        });
        alarms.collect()
    }

    fn standing(&self) -> BTreeSet<(String, String)> {
        let alerts = self.active.iter();
        alerts
            .map(|(name, alert)| (name.clone(), alert.priority.clone()))
            .collect()
    }
}

#[test]
fn it_is_resolved_when_it_returns_to_normal_and_not_before() {
    let mut scene = Scene::new(Receiver::Alertmanager);
    let name = scene.raise("feeder-1", 1, Priority::High);
    scene.send_all();
    assert_eq!(scene.firing(), [(name.clone(), "high".to_owned())].into());
    // Nobody sends for most of an hour, and it stands all the same.
    scene.pass(Duration::from_secs(3_500));
    assert_eq!(scene.firing().len(), 1);
    scene.end(&name);
    scene.send_all();
    assert_eq!(scene.firing(), BTreeSet::new());
    let before = scene.alertmanager.clone();
    scene.send_all();
    assert_eq!(scene.alertmanager.alerts, before.alerts);
}

#[test]
fn what_is_active_is_sent_again_before_it_is_forgotten() {
    let mut scene = Scene::new(Receiver::Alertmanager);
    scene.raise("feeder-1", 1, Priority::High);
    for _ in 0..200 {
        scene.send_all();
        assert_eq!(scene.firing().len(), 1);
    }
}

#[test]
fn a_worse_level_is_another_alert_and_ends_the_one_before() {
    let mut scene = Scene::new(Receiver::Alertmanager);
    let name = scene.raise("feeder-1", 1, Priority::Low);
    scene.send_all();
    let mut alert = scene.active[&name].clone();
    alert.priority = "urgent".to_owned();
    scene.active.insert(name.clone(), alert.clone());
    scene.sequence += 1;
    scene.tell(alert, true);
    scene.send_all();
    assert_eq!(scene.firing(), [(name, "urgent".to_owned())].into());
}

#[test]
fn a_receiver_that_is_away_is_asked_ever_less_often_and_told_all_later() {
    let mut scene = Scene::new(Receiver::Webhook);
    let name = scene.raise("feeder-1", 1, Priority::High);
    let mut attempts = 0;
    for _ in 0..600 {
        scene.pass(SECOND);
        attempts += usize::from(scene.send(false));
    }
    assert!((10..20).contains(&attempts), "{attempts}");
    scene.end(&name);
    scene.send_all();
    let [WebhookMessage::Alarms { alarms, .. }] = &scene.webhook[..] else {
        panic!("{:?}", scene.webhook)
    };
    // What came and went in between is told in one piece, with the level that it had.
    assert_eq!((alarms.len(), alarms[0].status), (1, "returned"));
    assert_eq!(alarms[0].alert.level, "high");
    assert_eq!(
        alarms[0].summary,
        "feeder-1.p1: back to normal, was high at 101.5 A, limit 100 A"
    );
}

#[test]
fn a_webhook_gets_a_message_for_each_device() {
    let mut scene = Scene::new(Receiver::Webhook);
    for n in 0..3 {
        scene.raise("feeder-1", n, Priority::High);
        scene.raise("feeder-2", n, Priority::High);
    }
    assert!(!scene.send(true), "it waits for more");
    scene.send_all();
    let shown = scene.webhook.iter().map(|message| match message {
        WebhookMessage::Alarms { device, alarms, .. } => (device.as_str(), alarms.len()),
        WebhookMessage::Flood { .. } => panic!("{message:?}"),
    });
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [("feeder-1", 3), ("feeder-2", 3)]
    );
}

#[test]
fn a_flood_is_told_by_a_summary_and_urgent_ones_by_themselves() {
    let mut scene = Scene::new(Receiver::Webhook);
    let mut names = Vec::new();
    for n in 0..1_000 {
        names.push(scene.raise(&format!("feeder-{n}"), 1, Priority::Medium));
    }
    scene.raise("transformer", 1, Priority::Urgent);
    scene.send_all();
    let [
        WebhookMessage::Flood {
            annunciations,
            end: None,
            ..
        },
        urgent,
    ] = &scene.webhook[..]
    else {
        panic!("{:?}", scene.webhook)
    };
    assert_eq!(*annunciations, 1_001);
    assert!(matches!(urgent, WebhookMessage::Alarms { device, .. } if device == "transformer"));
    // All but one return to normal while it goes on.
    names.split_off(1).iter().for_each(|name| scene.end(name));
    scene.webhook.clear();
    scene.send_all();
    assert_eq!((scene.webhook.len(), scene.outbox.summarised()), (0, 999));
    scene.pass(Duration::from_secs(600));
    while scene.send(true) {}
    let [WebhookMessage::Flood { end: Some(_), .. }, last] = &scene.webhook[..] else {
        panic!("{:?}", scene.webhook)
    };
    assert!(matches!(last, WebhookMessage::Alarms { device, .. } if device == "feeder-0"));
}

#[test]
fn what_has_too_little_priority_is_not_told() {
    let mut scene = Scene::new(Receiver::Webhook);
    let mut target = scene.outbox.target().clone();
    target.priority_min = Priority::High;
    scene.outbox = Outbox::new(target);
    scene.raise("feeder-1", 1, Priority::Medium);
    scene.raise("feeder-2", 1, Priority::High);
    scene.send_all();
    assert_eq!(scene.webhook.len(), 1);
}

#[derive(Clone, Debug)]
enum Step {
    Raise(usize, usize, Priority),
    End(usize, usize),
    Pass(u64),
    SetClock(i64),
    Send(bool),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let priority = prop::sample::select(Priority::ALL.to_vec());
    prop_oneof![
        4 => (0_usize..6, 0_usize..3, priority).prop_map(|(d, n, p)| Step::Raise(d, n, p)),
        4 => (0_usize..6, 0_usize..3).prop_map(|(d, n)| Step::End(d, n)),
        3 => (0_u64..400).prop_map(Step::Pass),
        1 => (-30_i64..30).prop_map(Step::SetClock),
        4 => any::<bool>().prop_map(Step::Send),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #[test]
    fn alertmanager_has_in_the_end_what_stands(steps in prop::collection::vec(step(), 1..120)) {
        let mut scene = Scene::new(Receiver::Alertmanager);
        let mut clock = 0;
        for step in steps {
            match step {
                Step::Raise(device, n, priority) => {
                    // An alarm that stands is not raised again.
                    let name = format!("feeder-{device}.p{n}:limit");
                    if !scene.active.contains_key(&name) {
                        scene.raise(&format!("feeder-{device}"), n, priority);
                    }
                }
                Step::End(device, n) => scene.end(&format!("feeder-{device}.p{n}:limit")),
                Step::Pass(seconds) => scene.pass(Duration::from_secs(seconds)),
                // A clock that is set goes right in the end.
                Step::SetClock(seconds) => {
                    scene.set_clock(seconds - clock);
                    clock = seconds;
                }
                Step::Send(succeeds) => {
                    scene.send(succeeds);
                }
                Step::Restart => {
                    scene.restart();
                    scene.resync(scene.sequence, &[]);
                }
            }
        }
        // Any flood is over, and the receiver is there.
        scene.send_all();
        scene.pass(Duration::from_secs(700));
        while scene.send(true) {}
        // Ends that were ahead of its clock are repeated.
        scene.send_all();
        prop_assert_eq!(scene.firing(), scene.standing());
        prop_assert_eq!(scene.outbox.waiting(), 0);
    }
}
