//! The way to whoever keeps the configuration, and what comes back.

use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use utoipa::ToSchema;

/// So many requests wait at most; they are dealt with one after the other.
const WAITING_MAX: usize = 8;

/// Gives requests about the configuration to whoever keeps it.
#[derive(Clone, Debug, Default)]
pub struct ConfigDesk {
    sender: Option<mpsc::Sender<ConfigAsked>>,
}

/// A request about the configuration.
#[derive(Debug)]
pub struct ConfigAsked {
    /// What is asked for.
    pub order: ConfigOrder,
    /// Who asks, for the log.
    pub by: String,
    /// The way back.
    pub answer: oneshot::Sender<Result<ConfigAnswer, ConfigRefusal>>,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigOrder {
    /// The main file's text.
    Show,
    /// To take the files as they are now.
    Reload {
        /// Only to check them, and to tell what would change.
        is_dry: bool,
    },
    /// To put a text in the place of the main file's, and to take it.
    Replace {
        /// The text.
        text: String,
        /// The tags of texts that may be replaced; `None`: any.
        seen: Option<Vec<String>>,
        /// Only to check it, and to tell what would change.
        is_dry: bool,
    },
}

/// What comes back.
#[derive(Clone, Debug, PartialEq)]
pub enum ConfigAnswer {
    /// The main file's text.
    Text {
        /// The text.
        text: String,
        /// Tells it from others.
        tag: String,
    },
    /// What was changed, or would be.
    Report(Box<ReloadReport>),
}

/// Why nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigRefusal {
    /// The configuration has faults.
    #[error("the configuration has {} faults; nothing was changed", .0.len())]
    Faulty(Vec<FaultTold>),
    /// Something differs that is only read at the start.
    #[error("needs a restart: {}; nothing was changed", .0.join("; "))]
    NeedsRestart(Vec<String>),
    /// Another text is there than was seen.
    #[error("the file is another one than you have seen; look at it again")]
    Moved {
        /// The tag of what is there.
        tag: String,
    },
    /// The file cannot be written.
    #[error("{0}")]
    ReadOnly(String),
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// It could not be put into effect, such as for a port that is taken.
    #[error("{0}; nothing was changed")]
    Failed(String),
    /// There is no file, or the engine ends.
    #[error("{0}")]
    Unavailable(String),
}

/// One fault of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultTold {
    /// File and line.
    pub place: String,
    /// What is wrong, and what to do.
    pub what: String,
}

/// What a reload changed, or would change.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct ReloadReport {
    /// Counts the configurations that were put into effect, from 1 at the start.
    pub generation: u64,
    /// Whether nothing was changed because only a check was asked for.
    pub dry_run: bool,
    /// Whether anything differs.
    pub changed: bool,
    /// Devices.
    pub devices: DeviceChanges,
    /// Alarms, by their names.
    pub alarms: Changes,
    /// What to know about it.
    pub notes: Vec<String>,
}

/// Which devices are changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeviceChanges {
    /// New ones.
    pub added: Names,
    /// Those that are gone.
    pub removed: Names,
    /// Those that are configured otherwise.
    pub changed: Names,
    /// Those that are not, and whose connection is made anew all the same, because they share it.
    pub reconnected: Names,
    /// How many go on untouched.
    pub untouched: usize,
}

/// What is changed of a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Changes {
    /// New ones.
    pub added: Names,
    /// Those that are gone.
    pub removed: Names,
    /// Those that are configured otherwise.
    pub changed: Names,
}

impl Changes {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        [&self.added, &self.removed, &self.changed]
            .iter()
            .all(|names| names.count == 0)
    }
}

/// How many there are, and the first of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Names {
    /// How many.
    pub count: usize,
    /// The first thousand.
    pub names: Vec<String>,
}

/// More names are only counted.
const NAMES_MAX: usize = 1_000;

impl FromIterator<String> for Names {
    fn from_iter<I: IntoIterator<Item = String>>(all: I) -> Self {
        let mut names = Self::default();
        all.into_iter().for_each(|name| names.push(name));
        names
    }
}

impl Names {
    /// Adds one.
    pub fn push(&mut self, name: String) {
        self.count += 1;
        if self.names.len() < NAMES_MAX {
            self.names.push(name);
        }
    }
}

impl ConfigDesk {
    /// The desk, and where what is asked at it arrives.
    pub fn new() -> (Self, mpsc::Receiver<ConfigAsked>) {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let desk = Self {
            sender: Some(sender),
        };
        (desk, receiver)
    }

    /// Asks for something, and waits for what comes of it.
    ///
    /// # Errors
    /// If nothing comes of it; then nothing was changed.
    pub async fn ask(&self, order: ConfigOrder, by: String) -> Result<ConfigAnswer, ConfigRefusal> {
        let unavailable = |what: &str| ConfigRefusal::Unavailable(what.to_owned());
        let Some(sender) = &self.sender else {
            return Err(unavailable(
                "this engine was started without a configuration file",
            ));
        };
        let (answer, answered) = oneshot::channel();
        let asked = ConfigAsked { order, by, answer };
        sender.try_send(asked).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                unavailable("other changes of the configuration are under way; try again")
            }
            mpsc::error::TrySendError::Closed(_) => unavailable("the engine is stopping"),
        })?;
        let stopping = Err(unavailable("the engine is stopping"));
        answered.await.unwrap_or(stopping)
    }
}
