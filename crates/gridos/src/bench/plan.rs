//! What a scenario asks of the devices, and the configuration of the engine that reads them.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::plant::Plant;
use super::poster::READINGS;
use crate::cli::Scenario;
use crate::command::demo::config::{profile, quoted};

/// Points of a device that posts.
pub(super) const POSTED_POINTS: usize = 100;
/// The name of the device that posts, and of its profile.
pub(super) const POSTING: &str = "plant";
/// Of all outstations of a simulator, the link address of the first.
pub(super) const FIRST_ADDRESS: usize = 10;
/// The shortest period there is: a device that answers within it is asked a thousand times a second.
pub(super) const AT_ONCE: Duration = Duration::from_millis(1);
/// Points of a simulated outstation whose events count.
pub(super) const COUNTED_POINTS: usize = 3;

/// All that a scenario has at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Devices with nothing but registers that are read as fast as they answer.
    pub(super) dense: usize,
    /// Feeders that are read once a second.
    pub(super) feeders: usize,
    /// Outstations that make events.
    pub(super) outstations: usize,
    /// Clients that post.
    pub(super) posters: usize,
    /// How often a dense device is read, if it answers as fast.
    pub(super) period: Duration,
    /// How often each of them posts; `None` if the next post follows the answer.
    pub(super) post_every: Option<Duration>,
    /// Whether the database is taken away for a while.
    pub(super) has_outage: bool,
    /// How large its Modbus devices are, and how often they are read.
    pub(super) plant: Plant,
}

const MIXED: Plan = Plan {
    dense: 5,
    feeders: 1_000,
    outstations: 1_000,
    posters: 2,
    period: AT_ONCE,
    post_every: None,
    has_outage: false,
    plant: Plant::OF_SCENARIO,
};
/// How often a dense device is read, and a client posts, where it is to last for hours.
const UNHURRIED: Duration = Duration::from_millis(100);

/// Each outstation makes so many events at once, once a second.
pub(super) const BURST: u32 = 10;

impl Plan {
    /// What `scenario` has, so many times as much as it is made for; one of each at the least.
    pub(super) fn of(scenario: Scenario, scale: f64) -> Self {
        let nothing = Self {
            period: AT_ONCE,
            ..Self::default()
        };
        let unscaled = match scenario {
            Scenario::ModbusDense => Self {
                dense: 100,
                ..nothing
            },
            Scenario::ModbusWide => Self {
                feeders: 10_000,
                ..nothing
            },
            Scenario::Dnp3Storm => Self {
                outstations: 10_000,
                ..nothing
            },
            Scenario::Http => Self {
                posters: 16,
                ..nothing
            },
            Scenario::Mixed => MIXED,
            // What comes as fast as it can fills a disk within an hour.
            Scenario::Soak => Self {
                period: UNHURRIED,
                post_every: Some(UNHURRIED),
                ..MIXED
            },
            Scenario::Outage => Self {
                feeders: 2_000,
                has_outage: true,
                ..nothing
            },
        };
        let scaled = |count: usize| match count {
            0 => 0,
            count => scaled(count, scale),
        };
        Self {
            dense: scaled(unscaled.dense),
            feeders: scaled(unscaled.feeders),
            outstations: scaled(unscaled.outstations),
            posters: scaled(unscaled.posters),
            ..unscaled
        }
    }

    /// Readings a second that the devices have, if that is fixed.
    pub(super) fn offered(&self) -> Option<f64> {
        let dense = match (self.dense, self.period) {
            (0, _) => 0.0,
            (_, AT_ONCE) => return None,
            (_, period) => self.dense_points() as f64 / period.as_secs_f64(),
        };
        let posts = match (self.posters, self.post_every) {
            (0, _) => 0.0,
            (_, None) => return None,
            (posters, Some(pause)) => (posters * READINGS) as f64 / pause.as_secs_f64(),
        };
        let polled = (self.feeders * self.plant.feeder_points()) as f64;
        let events = self.outstations as f64 * f64::from(BURST);
        Some(dense + polled / self.plant.period().as_secs_f64() + events + posts)
    }

    /// The longest time from one reading of a device to the next.
    pub(super) fn slowest(&self) -> Duration {
        match self.feeders {
            0 => self.period,
            _ => self.plant.period(),
        }
    }

    /// Points of all dense devices.
    pub(super) fn dense_points(&self) -> usize {
        self.dense * usize::from(self.plant.registers())
    }

    /// Whether there is nothing else than devices that are read as fast as they answer.
    pub(super) fn has_dense_alone(&self) -> bool {
        let dense = Self {
            dense: self.dense,
            period: self.period,
            plant: self.plant,
            ..Self::default()
        };
        self.dense > 0 && *self == dense
    }

    /// The devices in a table: the head, and a row each.
    pub(super) fn devices(&self, at: &Addresses) -> String {
        let mut text = "name,profile,address,outstation\n".to_owned();
        let kinds = [("dense", &at.dense), ("feeder", &at.feeders)];
        for (kind, addresses) in kinds {
            for (n, address) in addresses.iter().enumerate() {
                row(&mut text, kind, (n, address), None);
            }
        }
        for (n, address) in at.outstations.iter().enumerate() {
            row(&mut text, "rtu", (n, address), Some(FIRST_ADDRESS + n));
        }
        if self.posters > 0 {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{POSTING},{POSTING},,");
        }
        text
    }

    /// The configuration; `devices` is the name of the table beside it.
    pub(super) fn config(&self, data_dir: &Path, devices: &str, url: &str) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write(&mut text, data_dir, devices, url);
        text
    }

    fn write(
        &self,
        text: &mut String,
        data_dir: &Path,
        devices: &str,
        url: &str,
    ) -> std::fmt::Result {
        let data_dir = quoted(&data_dir.to_string_lossy());
        writeln!(
            text,
            "[engine]\nname = \"bench\"\ndata_dir = {data_dir}\nmemory_limit = \"{}MiB\"",
            self.memory_mib()
        )?;
        writeln!(text, "[http]\nlisten = \"127.0.0.1:0\"")?;
        writeln!(text, "[journal]\ndisk_limit = \"8GiB\"")?;
        writeln!(text, "[store]\nkind = \"postgres\"\nurl = {}", quoted(url))?;
        writeln!(
            text,
            "[scan_class]\ndense = \"{}ms\"\npaced = \"{}ms\"",
            self.period.as_millis(),
            self.plant.period().as_millis()
        )?;
        writeln!(text, "[devices]\ncsv = {}", quoted(devices))?;
        self.write_profiles(text)
    }

    fn write_profiles(&self, text: &mut String) -> std::fmt::Result {
        if self.dense > 0 {
            counting(text, "dense", "dense", self.plant.registers())?;
        }
        if self.feeders > 0 {
            match self.plant.points {
                Some(registers) => counting(text, "feeder", "paced", registers)?,
                None => profile(text, "paced")?,
            }
        }
        if self.outstations > 0 {
            writeln!(
                text,
                "[[profile]]\nname = \"rtu\"\nprotocol = \"dnp3\"\n\
                 point = [{{ name = \"n_{{n}}\", analog = \"0..{}\" }}]",
                COUNTED_POINTS - 1
            )?;
        }
        if self.posters > 0 {
            writeln!(
                text,
                "[[profile]]\nname = \"{POSTING}\"\nprotocol = \"push\"\npoint = ["
            )?;
            for n in 0..POSTED_POINTS {
                writeln!(text, "    {{ name = \"f{n}\" }},")?;
            }
            writeln!(text, "]")?;
        }
        Ok(())
    }
}

/// The profile of devices that have nothing but registers.
fn counting(text: &mut String, name: &str, scan: &str, registers: u16) -> std::fmt::Result {
    writeln!(
        text,
        "[[profile]]\nname = \"{name}\"\nprotocol = \"modbus\"\nscan = \"{scan}\"\npoint = ["
    )?;
    for register in 0..registers {
        writeln!(
            text,
            "    {{ name = \"r{register}\", holding = {register}, scale = 0.1 }},"
        )?;
    }
    writeln!(text, "]")
}

/// Where the devices of each kind are.
#[derive(Clone, Debug, Default)]
pub(super) struct Addresses {
    pub(super) dense: Vec<SocketAddr>,
    pub(super) feeders: Vec<SocketAddr>,
    pub(super) outstations: Vec<SocketAddr>,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a factor of at most 4, above 0"
)]
fn scaled(count: usize, scale: f64) -> usize {
    (count as f64 * scale).round().max(1.0) as usize
}

fn row(
    text: &mut String,
    kind: &str,
    (n, address): (usize, &SocketAddr),
    outstation: Option<usize>,
) {
    let outstation = outstation.map(|n| n.to_string()).unwrap_or_default();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{kind}-{n:05},{kind},{address},{outstation}");
}
