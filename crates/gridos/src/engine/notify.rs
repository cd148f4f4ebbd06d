//! The tasks that tell receivers outside of alarms.

use gridos_notify::{Notifier, Sources};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{Config, NotifyError};

/// Where what must outlive the process is kept, below the data folder.
const FOLDER: &str = "notify";

/// Starts a task for each receiver, which ends with `stop`.
pub(super) fn start(
    config: &Config,
    sources: &Sources,
    stop: &watch::Receiver<bool>,
) -> Result<Vec<JoinHandle<()>>, NotifyError> {
    let tasks = config.notify.iter().map(|notify| {
        let sender = notify.sender()?;
        let target = notify.target(config.engine.name.as_str());
        let dir = config.engine.data_dir.join(FOLDER);
        let notifier = Notifier::new(target, sender, &dir, sources.clone());
        Ok(tokio::spawn(notifier.run(stop.clone())))
    });
    tasks.collect()
}
