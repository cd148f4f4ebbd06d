//! What the watch of a node tells, and when.

use gridos_fleet::StoreId;

use crate::event::Event;
use crate::store::Value;
use crate::world::World;

impl World {
    pub(crate) fn watch(&mut self, n: usize) {
        let ms = self.ms;
        let pause = if self.is_rough && self.random.chance(5) {
            3_000
        } else {
            60
        };
        let next = ms + self.random.between(1, pause);
        self.at(next, Event::Watch(n));
        if !self.nodes[n].is_running(ms) || !self.nodes[n].has_store || self.store.is_down {
            return;
        }
        if self.is_rough && self.random.chance(1) {
            self.nodes[n].lose_watch();
        }
        if self.nodes[n].watched.is_some() && self.nodes[n].store != self.store.id {
            // It goes on without a word until somebody looks.
            if self.random.chance(90) {
                return;
            }
            self.nodes[n].lose_watch();
        }
        let (told, is_snapshot) = match self.nodes[n].watched {
            None => (self.store.snapshot(), true),
            Some(from) => {
                let some = self.random.between(1, 8) as usize;
                let to = self.store.log.len().min(from + some);
                (self.store.log[from..to].to_vec(), false)
            }
        };
        let node = &mut self.nodes[n];
        let now = node.clock(ms);
        node.watched = Some(if is_snapshot {
            node.store = self.store.id;
            let store = StoreId::from_raw(node.store);
            node.participant.handle_store(store, now);
            self.store.log.len()
        } else {
            node.watched.unwrap_or(0) + told.len()
        });
        for (revision, value) in told {
            match value {
                Value::Record(name, record) => {
                    node.participant.handle_record(&name, revision, record, now);
                }
                Value::Plan(plan) => node.participant.handle_plan(revision, Some(plan), now),
                Value::Share(share) => node.participant.handle_share(revision, share, now),
            }
        }
        if is_snapshot {
            node.participant.handle_snapshot_complete(now);
        }
        self.drive(n);
    }
}
