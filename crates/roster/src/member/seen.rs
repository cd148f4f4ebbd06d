//! What the watch tells a member.

use gridos_fleet::{Moment, StoreId};

use super::{Member, now};
use crate::bucket::{PLAN, SESSION};
use crate::known::Known;
use crate::watching::Seen;

impl Member {
    pub(super) fn on_seen(&mut self, told: Seen) {
        let now = now();
        self.known.is_new = true;
        match told {
            Seen::Store(store) => self.on_store(store, now),
            Seen::Record(name, revision, record) => {
                let key = format!("{SESSION}{name}");
                match record.as_deref() {
                    None => {
                        self.deleted.insert(key, revision.raw());
                        self.known.members.remove(&name);
                    }
                    Some((record, vitals)) => {
                        self.deleted.remove(&key);
                        let known = (record.session_at(revision), record.clone(), *vitals);
                        self.known.members.insert(name.clone(), known);
                    }
                }
                let record = record.map(|said| said.0);
                self.participant.handle_record(&name, revision, record, now);
            }
            Seen::Plan(revision, plan) => {
                match plan {
                    None => self.deleted.insert(PLAN.to_owned(), revision.raw()),
                    Some(_) => self.deleted.remove(PLAN),
                };
                self.known.plan.clone_from(&plan);
                self.participant.handle_plan(revision, plan, now);
            }
            Seen::Share(revision, share) => {
                self.known.share = share;
                self.participant.handle_share(revision, share, now);
            }
            Seen::Note(channel, revision, noted) => self.notes.on_seen(channel, revision, noted),
            Seen::Complete => {
                self.known.is_complete = true;
                self.telemetry.fleet.reachable.set(1);
                self.participant.handle_snapshot_complete(now);
            }
            Seen::Lost => {
                self.telemetry.fleet.reachable.set(0);
                self.known = Known::default();
                self.participant.handle_watch_lost();
            }
        }
    }

    fn on_store(&mut self, store: StoreId, now: Moment) {
        if self.store.replace(store).is_some_and(|was| was != store) {
            tracing::error!(
                "NATS has lost what the fleet shares, and its bucket was made anew: this member stops at the end of its lease, \
                 and all channels are shared out again; what gave the canary its share has to give it again"
            );
            self.deleted.clear();
            self.notes.on_other_store();
            if let Some(line) = &mut self.line {
                line.on_other_store();
            }
        }
        self.participant.handle_store(store, now);
    }
}
