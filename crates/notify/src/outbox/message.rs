//! The next message to a receiver.

use gridos_alarm::Now;
use gridos_model::{AlarmId, Timestamp};

use super::entry::Entry;
use super::{Delivery, Outbox, is_held};
use crate::body::{AlertmanagerAlert, WebhookAlarm};
use crate::{Alert, Body, Receiver, WebhookMessage};

/// One message has no more alerts than this.
const ALERTS_PER_MESSAGE_MAX: usize = 256;

impl Outbox {
    /// The summary of a flood.
    pub(super) fn summary(
        &self,
        now: Now,
        name_of: &dyn Fn(AlarmId) -> String,
    ) -> Option<Delivery> {
        let target = &self.target;
        let every = match target.receiver {
            Receiver::Alertmanager => target.resend,
            Receiver::Webhook => target.summary_every,
        };
        let mut summaries = self.summaries.iter();
        let (area, summary) = summaries.find(|(_, summary)| summary.is_due(now, every))?;
        let (flood, end) = (summary.flood(), summary.end());
        let body = match target.receiver {
            Receiver::Alertmanager => {
                let alert = AlertmanagerAlert::flood(flood, end, target, now.wall, name_of);
                Body::Alertmanager(vec![alert])
            }
            Receiver::Webhook => Body::Webhook(WebhookMessage::flood(flood, end, target, name_of)),
        };
        Some(Delivery {
            summary: Some((area.clone(), end.is_some())),
            ..Delivery::of(body)
        })
    }

    /// All that is news, and what Alertmanager might forget.
    pub(super) fn alertmanager(&self, now: Now) -> Option<Delivery> {
        let resend = self.target.resend;
        let is_old = |entry: &Entry| entry.is_old(now, resend);
        let is_ready = self.is_gathered(now)
            || self.entries.values().any(is_old)
            || self.ends.due(now, resend).next().is_some();
        if !is_ready {
            return None;
        }
        let is_due =
            |entry: &Entry| entry.is_news && !is_held(&self.floods, entry) || is_old(entry);
        let mut due: Vec<_> = self.entries.iter().filter(|(_, e)| is_due(e)).collect();
        // News must not wait behind what is only repeated.
        due.sort_by_key(|(_, entry)| (!entry.is_news, entry.sent));
        due.truncate(ALERTS_PER_MESSAGE_MAX);
        let mut alerts = Vec::with_capacity(due.len());
        let mut delivery = Delivery::of(Body::Alertmanager(Vec::new()));
        for (name, entry) in &due {
            let alert = &entry.alert;
            if let Some(former) = entry.former_severity() {
                alerts.push(self.ended(alert, former, now.wall, now));
                let end = (alert.clone(), former.to_owned(), now.wall);
                delivery.ended.push(end);
            }
            alerts.push(AlertmanagerAlert::of(
                alert,
                &alert.priority,
                &self.target,
                now.wall,
            ));
            if let Some(at) = alert.ends() {
                let end = (alert.clone(), alert.priority.clone(), at);
                delivery.ended.push(end);
            }
            delivery.told.push(((*name).clone(), entry.telling()));
        }
        let room = ALERTS_PER_MESSAGE_MAX - due.len();
        let is_over = |(name, severity): &(String, String)| {
            let entry = self.entries.get(name);
            entry.is_none_or(|entry| entry.alert.priority != *severity)
        };
        let due = self.ends.due(now, resend);
        for (key, end) in due.filter(|(key, _)| is_over(key)).take(room) {
            alerts.push(self.ended(&end.alert, &key.1, end.at, now));
            delivery.repeated.push(key.clone());
        }
        delivery.body = Body::Alertmanager(alerts);
        let is_empty = delivery.told.is_empty() && delivery.repeated.is_empty();
        (!is_empty).then_some(delivery)
    }

    fn ended(&self, alert: &Alert, severity: &str, at: Timestamp, now: Now) -> AlertmanagerAlert {
        AlertmanagerAlert::ended(alert, severity, at, &self.target, now.wall)
    }

    /// What is news of one device: that of which something waits longest.
    pub(super) fn webhook(&self, now: Now) -> Option<Delivery> {
        if !self.is_gathered(now) {
            return None;
        }
        let (_, oldest) = self.due().min_by_key(|(_, entry)| entry.since)?;
        let (area, device) = (&oldest.alert.area, &oldest.alert.device);
        let of_device = self
            .due()
            .filter(|(_, entry)| entry.alert.area == *area && entry.alert.device == *device);
        let due: Vec<_> = of_device.take(ALERTS_PER_MESSAGE_MAX).collect();
        let alarms = due.iter().map(|(_, entry)| WebhookAlarm::of(&entry.alert));
        let told = due
            .iter()
            .map(|(name, entry)| ((*name).clone(), entry.telling()));
        Some(Delivery {
            told: told.collect(),
            ..Delivery::of(Body::Webhook(WebhookMessage::Alarms {
                engine: self.target.engine.clone(),
                area: area.clone(),
                device: device.clone(),
                alarms: alarms.collect(),
            }))
        })
    }
}

impl Delivery {
    /// One that tells nothing yet.
    fn of(body: Body) -> Self {
        Self {
            body,
            told: Vec::new(),
            ended: Vec::new(),
            repeated: Vec::new(),
            summary: None,
        }
    }
}
