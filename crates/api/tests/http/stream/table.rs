//! What a client of the stream has, made of the events alone.

use std::collections::BTreeMap;

use axum::Router;
use serde_json::Value;

use crate::sse::{Client, Event, Follower};

/// A client that follows what `query` asks for.
pub(crate) async fn connect(router: &Router, query: &str) -> Client {
    Client::connect(router, &format!("/api/v1/stream?{query}"), None).await
}

/// What a client has.
#[derive(Default)]
pub(crate) struct Table {
    pub(crate) points: BTreeMap<String, Value>,
    pub(crate) devices: BTreeMap<String, Value>,
    pub(crate) overview: Value,
    pub(crate) sequence: u64,
    pub(crate) snapshots: usize,
    pub(crate) deltas: usize,
    pub(crate) beats: usize,
    /// The data of the last event.
    pub(crate) last: Value,
    /// An event of which not all has come yet.
    rest: Vec<u8>,
}

impl Follower for Table {
    fn rest(&mut self) -> &mut Vec<u8> {
        &mut self.rest
    }

    fn event(&mut self, event: Event) {
        let Event { id, name, data } = event;
        let id: u64 = id.unwrap().parse().unwrap();
        self.last = data.clone();
        match &*name {
            "snapshot" => {
                assert_eq!(self.snapshots, 0);
                self.snapshots += 1;
            }
            "delta" => {
                assert_eq!(self.snapshots, 1, "the snapshot comes first");
                assert!(id > self.sequence, "{id} after {}", self.sequence);
                self.deltas += 1;
            }
            "beat" => {
                assert_eq!(id, self.sequence);
                assert!(data["time"].is_string());
                self.beats += 1;
                return;
            }
            other => panic!("{other}"),
        }
        self.sequence = id;
        assert_eq!(data["sequence"], id);
        take(&mut self.points, &data["points"], "point");
        take(&mut self.devices, &data["devices"], "name");
        if !data["overview"].is_null() {
            self.overview = data["overview"].clone();
        }
    }
}

fn take(table: &mut BTreeMap<String, Value>, rows: &Value, name: &str) {
    for row in rows.as_array().unwrap() {
        table.insert(row[name].as_str().unwrap().to_owned(), row.clone());
    }
}
