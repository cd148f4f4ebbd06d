//! Clients of the alarms' stream, each with a table of its own.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::http::Client;

/// With this comment somebody does the last thing of all.
pub(super) const THE_END: &str = "the storm is over";

/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a client follows.
#[derive(Clone)]
pub(super) enum Way {
    /// As fast as it can.
    Steadily,
    /// So many records behind another one, until the end.
    Slowly { behind: u64, whom: Shared },
    /// On a connection that is cut after so many events, again and again.
    WithCuts { events: usize },
}

/// A client's table, for those who wait for something in it.
pub(super) type Shared = Arc<Watched>;

#[derive(Default)]
pub(super) struct Watched {
    table: Mutex<Table>,
    changed: Condvar,
}

/// What a client has.
#[derive(Clone, Default)]
pub(super) struct Table {
    pub(super) rows: BTreeMap<String, Row>,
    pub(super) records: Vec<Record>,
    pub(super) snapshots: usize,
    sequence: u64,
    last_id: Option<String>,
    has_ended: bool,
}

/// An alarm in a table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) occurrence: u64,
    pub(super) sequence: u64,
    pub(super) level: String,
    pub(super) state: String,
    facts: Vec<Value>,
}

/// What happened to an alarm, as all who tell of it do: the stream, the history and the journal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    pub(super) sequence: u64,
    pub(super) name: String,
    pub(super) occurrence: u64,
    pub(super) action: String,
    pub(super) is_annunciated: bool,
    pub(super) state: String,
}

/// A client that follows on a thread of its own.
pub(super) struct Follower {
    pub(super) table: Shared,
    thread: JoinHandle<()>,
}

impl Follower {
    pub(super) fn start(address: &str, way: Way) -> Self {
        let table = Shared::default();
        let (address, own) = (address.to_owned(), Arc::clone(&table));
        let thread = std::thread::spawn(move || {
            while !own.look().has_ended {
                // The engine may be away, or have cut the connection.
                let _ = follow(&address, &way, &own);
                crate::support::patience::look_again();
            }
        });
        Self { table, thread }
    }

    pub(super) fn look(&self) -> MutexGuard<'_, Table> {
        self.table.look()
    }

    /// Waits until its table is so.
    #[track_caller]
    pub(super) fn until(&self, is_so: impl Fn(&Table) -> bool) {
        drop(self.table.until(is_so));
    }

    /// Waits until it has seen the end; returns what it has then.
    pub(super) fn finish(self) -> Table {
        self.thread.join().unwrap();
        self.table.look().clone()
    }
}

impl Watched {
    fn look(&self) -> MutexGuard<'_, Table> {
        let table = self.table.lock();
        table.unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    fn until(&self, is_so: impl Fn(&Table) -> bool) -> MutexGuard<'_, Table> {
        let began = Instant::now();
        let mut table = self.look();
        while !is_so(&table) {
            assert!(began.elapsed() < PATIENCE, "{:?}", table.tally());
            table = self.changed.wait_timeout(table, PATIENCE).unwrap().0;
        }
        table
    }
}

/// Follows until the end, a cut or a failure.
fn follow(address: &str, way: &Way, own: &Watched) -> io::Result<()> {
    let mut client = Client::connect(address)?;
    let last = own.look().last_id.clone();
    let header = last.map_or_else(String::new, |id| format!("last-event-id: {id}\r\n"));
    let status = client.follow("/api/v1/alarms/stream", &header)?;
    assert_eq!(status, 200);
    let (mut text, mut events) = (String::new(), 0);
    loop {
        text += &String::from_utf8(client.piece()?).unwrap();
        while let Some(end) = text.find("\n\n") {
            let event: String = text.drain(..end + 2).collect();
            if let Way::Slowly { behind, whom } = way
                && event.starts_with("event: record")
            {
                let sequence = own.look().sequence;
                drop(whom.until(|other| other.has_ended || other.sequence >= sequence + behind));
            }
            let mut table = own.look();
            table.event(&event);
            own.changed.notify_all();
            events += 1;
            let is_cut = matches!(way, Way::WithCuts { events: most } if events > *most);
            if table.has_ended || is_cut {
                return Ok(());
            }
        }
    }
}

impl Table {
    /// The alarms whose names end so.
    pub(super) fn of(&self, alarm: &str) -> impl Iterator<Item = &Row> {
        let rows = self.rows.values();
        rows.filter(move |row| row.name.ends_with(alarm))
    }

    /// How many alarms of which kind have which level and state.
    fn tally(&self) -> BTreeMap<(&str, &str, &str), usize> {
        let mut tally = BTreeMap::new();
        for row in self.rows.values() {
            let kind = row.name.rsplit(':').next().unwrap();
            *tally.entry((kind, &*row.level, &*row.state)).or_default() += 1;
        }
        tally
    }

    fn event(&mut self, text: &str) {
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        if let Some(id) = field("id: ") {
            self.last_id = Some(id.to_owned());
        }
        let Some(data) = field("data: ") else { return };
        self.has_ended |= data.contains(THE_END);
        let data: Value = serde_json::from_str(data).unwrap();
        match field("event: ") {
            Some("snapshot") => self.snapshot(&data),
            Some("record") => self.record(&data),
            // No record says it, so it may be said behind the end.
            Some("confirmed") => {}
            other => panic!("{other:?}"),
        }
    }

    fn snapshot(&mut self, data: &Value) {
        if data["part"] == 0 {
            self.rows.clear();
            self.snapshots += 1;
        }
        self.sequence = data["sequence"].as_u64().unwrap();
        self.rows.extend(rows(data));
    }

    fn record(&mut self, data: &Value) {
        let sequence = data["sequence"].as_u64().unwrap();
        assert_eq!(sequence, self.sequence + 1, "a gap");
        self.sequence = sequence;
        let id = text(&data["id"]);
        if data["after"]["state"] == "normal" {
            self.rows.remove(&id);
        } else {
            self.rows.insert(id, Row::of(data, &data["after"]));
        }
        self.records.push(Record {
            sequence,
            name: text(&data["name"]),
            occurrence: data["occurrence"].as_u64().unwrap(),
            action: text(&data["action"]),
            is_annunciated: data["annunciated"].as_bool().unwrap(),
            state: text(&data["after"]["state"]),
        });
    }
}

impl Row {
    fn of(data: &Value, facts: &Value) -> Self {
        let keys = [
            "base_state",
            "worst_level",
            "priority",
            "flags",
            "suppressed_by",
            "shelf",
        ];
        let mut facts = facts.clone();
        // No record takes this mark away.
        let flags = facts["flags"].as_array_mut().unwrap();
        flags.retain(|flag| flag != "unconfirmed");
        Self {
            name: text(&data["name"]),
            occurrence: data["occurrence"].as_u64().unwrap(),
            sequence: data["sequence"].as_u64().unwrap(),
            level: text(&facts["level"]),
            state: text(&facts["state"]),
            facts: keys.map(|key| facts[key].clone()).into(),
        }
    }
}

/// The alarms of a snapshot or a list, by id.
pub(super) fn rows(data: &Value) -> BTreeMap<String, Row> {
    let alarms = data["alarms"].as_array().unwrap().iter();
    alarms
        .map(|alarm| (text(&alarm["id"]), Row::of(alarm, alarm)))
        .collect()
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
