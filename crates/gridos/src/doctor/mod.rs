//! Whether this machine, and what is around it, are fit for the engine of a configuration.
//!
//! Each check has two halves: one looks, and changes nothing that stays; the other judges what was seen, and
//! knows neither the system nor the clock.

mod certificates;
mod cgroup;
mod clock;
mod database;
mod devices;
mod disk;
mod files;
mod finding;
mod fleet;
mod memory;
mod pages;
mod ports;
mod relay;
mod shell;
mod space;
mod zone;

use std::time::SystemTime;

use crate::cli::Doctor;
use crate::config::{Bounds, Config};

pub(crate) use finding::{Finding, Grade};

/// Looks at everything; the slowest look takes some seconds.
pub(crate) async fn examine(config: &Config, args: &Doctor) -> Vec<Finding> {
    let bounds = Bounds::of(config);
    let now = SystemTime::now();
    let mut found = vec![files::judge(&files::look(bounds.file_descriptors()))];
    found.push(memory::judge(&memory::look(bounds.memory_bytes())));
    found.extend(cgroup::judge(&cgroup::look()));
    found.push(pages::judge(&pages::look()));
    let times = clock::look().await;
    found.push(clock::judge(&times));
    found.extend(zone::judge(&zone::look(&times), now));
    found.push(space::judge(&space::look(config)));
    found.push(disk::judge(&disk::look(config).await));
    found.extend(database::examine(config).await);
    found.extend(relay::examine(config).await);
    found.extend(fleet::examine(config).await);
    found.extend(ports::examine(config).await);
    found.extend(certificates::judge(&certificates::look(config), now.into()));
    found.extend(devices::judge(
        &devices::look(config, args.devices.into()).await,
    ));
    found
}
