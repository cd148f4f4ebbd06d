//! The master of opendnp3, and what it was told.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::peer::Peer;

/// A test that hangs ends after this time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The child process.
pub(crate) struct Master {
    peer: Peer,
    /// What it was told.
    pub(crate) told: Vec<Told>,
    /// The tasks that it has ended, and how.
    pub(crate) tasks: Vec<(String, String)>,
    /// IIN1 and IIN2.
    pub(crate) indications: [u64; 2],
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) variation: (u8, u8),
    pub(crate) index: u16,
    /// A number, `true` or `false`, or a text.
    pub(crate) value: Value,
    pub(crate) flags: Option<u8>,
    pub(crate) millis: Option<u64>,
    pub(crate) is_unsolicited: bool,
}

impl Told {
    fn parse(value: &Value) -> Self {
        let variation = value[0].as_str().unwrap().strip_prefix("Group").unwrap();
        let (group, number) = variation.split_once("Var").unwrap();
        let index = value[1].as_u64().unwrap();
        let flags = value[3].as_u64();
        Self {
            variation: (group.parse().unwrap(), number.parse().unwrap()),
            index: u16::try_from(index).unwrap(),
            value: value[2].clone(),
            flags: flags.map(|flags| u8::try_from(flags).unwrap()),
            millis: value[4].as_u64(),
            is_unsolicited: value[5].as_bool().unwrap(),
        }
    }
}

impl Master {
    /// Starts one, or says why the test is skipped.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        Some(Self {
            peer: Peer::start("yadnp3_master.py", arguments)?,
            told: Vec::new(),
            tasks: Vec::new(),
            indications: [0, 0],
        })
    }

    /// Starts one that connects to `port`.
    pub(crate) fn connect(port: u16) -> Option<Self> {
        Self::start(&["--connect", &port.to_string()])
    }

    /// Where it listens.
    pub(crate) fn port(&self) -> u16 {
        self.peer.port
    }

    /// Reads all objects of these variations.
    pub(crate) fn read(&mut self, objects: &[(u8, u8)]) {
        self.peer
            .order(&json!({ "do": "read", "objects": objects }));
    }

    /// Ends the connection, and makes another one.
    pub(crate) fn cut(&mut self) {
        self.peer.order(&json!({ "do": "cut" }));
    }

    /// Lets it forget everything and begin again.
    pub(crate) fn restart(&mut self) {
        self.take();
        self.tasks.clear();
        self.peer.order(&json!({ "do": "restart" }));
    }

    /// Reads once, when nothing else is done any more; what it is told by that.
    pub(crate) async fn read_alone(&mut self, objects: &[(u8, u8)]) -> Vec<Told> {
        self.told.clear();
        self.tasks.clear();
        self.read(objects);
        self.until(|master| master.has_done("USER_TASK")).await;
        std::mem::take(&mut self.told)
    }

    /// Whether it has done that task.
    pub(crate) fn has_done(&self, task: &str) -> bool {
        self.count_done(task) > 0
    }

    /// How often it has done that task.
    pub(crate) fn count_done(&self, task: &str) -> usize {
        let done = self.tasks.iter();
        done.filter(|(name, result)| name == task && result == "SUCCESS")
            .count()
    }

    /// Waits until it has done all that it does at the start of a connection.
    pub(crate) async fn until_started(&mut self) {
        self.until(|master| master.has_done("ENABLE_UNSOLICITED"))
            .await;
    }

    /// Waits until `is_so`.
    pub(crate) async fn until(&mut self, is_so: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        loop {
            self.take();
            if is_so(self) {
                return;
            }
            let (told, tasks) = (&self.told, &self.tasks);
            assert!(begun.elapsed() < PATIENCE, "{told:?} {tasks:?}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Takes what has come.
    pub(crate) fn take(&mut self) {
        let report = self.peer.order(&json!({ "do": "report" }));
        let values = report["values"].as_array().unwrap();
        self.told.extend(values.iter().map(Told::parse));
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let tasks = report["tasks"].as_array().unwrap();
        let tasks = tasks.iter().map(|task| (word(&task[0]), word(&task[1])));
        self.tasks.extend(tasks);
        self.indications = [0, 1].map(|n: usize| report["indications"][n].as_u64().unwrap());
    }
}
