//! A photovoltaic inverter that describes itself by SunSpec models, with a meter beside it.
//!
//! Clauses are those of the *SunSpec Device Information Model Specification* (version 1.2).

use std::time::{Duration, SystemTime};

use crate::modbus::{Device, Exception, Read, Table};
use crate::noise::mix;

/// Where the letters "SunS" stand.
const BASE: u32 = 40_000;
const NOT_16: u16 = 0xffff;
const NOT_S16: u16 = 0x8000;
const DAY_S: u64 = 86_400;

/// A three-phase inverter: models 1, 103, 160 with two strings, one of a vendor, and meter 203.
///
/// Its values change every second and are functions of the second and the seed alone.
#[derive(Clone, Debug)]
pub struct Inverter {
    seed: u64,
}

/// What it measures at one second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Yield {
    /// Power fed in, in W: a multiple of 10, 0 to 30,000.
    pub power: f64,
    /// Energy fed in since 1970, in Wh: never falls.
    pub energy: f64,
    /// Voltage of the first phase, in V: a multiple of 0.1.
    pub voltage: f64,
    /// Frequency, in Hz: a multiple of 0.01.
    pub frequency: f64,
    /// Temperature of the cabinet, in °C: a multiple of 0.1.
    pub temperature: f64,
}

/// What it measures in the steps of its registers.
struct Raw {
    tens_of_watts: u16,
    watt_hours: u32,
    decivolts: u16,
    centihertz: u16,
    decidegrees: u16,
}

impl Inverter {
    /// The inverter of that seed.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// What it measures `since_epoch` after 1970-01-01T00:00:00Z, in steps of a second.
    pub fn measure(&self, since_epoch: Duration) -> Yield {
        let raw = self.raw(since_epoch.as_secs());
        Yield {
            power: f64::from(raw.tens_of_watts) * 10.0,
            energy: f64::from(raw.watt_hours),
            voltage: f64::from(raw.decivolts) / 10.0,
            frequency: f64::from(raw.centihertz) / 100.0,
            temperature: f64::from(raw.decidegrees) / 10.0,
        }
    }

    /// All its holding registers at that second, from the letters to the end of the chain.
    pub fn registers(&self, since_epoch: Duration) -> Vec<u16> {
        let raw = self.raw(since_epoch.as_secs());
        let mut words = vec![0x5375, 0x6e53];
        for (id, content) in [
            (1, self.common()),
            (103, inverter(&raw)),
            (160, strings(&raw)),
            (64_001, vec![0x1234; 12]),
            (203, meter(&raw)),
            (NOT_16, Vec::new()),
        ] {
            words.extend([id, u16::try_from(content.len()).unwrap_or(0)]);
            words.extend(content);
        }
        words
    }

    fn raw(&self, second: u64) -> Raw {
        let noise = |channel: u64, steps: u64| {
            let some = mix(self.seed ^ channel.rotate_left(40), second) % steps;
            u16::try_from(some).unwrap_or(0)
        };
        // A triangle between six and eighteen o'clock, in tens of watts.
        let of_day = second % DAY_S;
        let from_noon = of_day.abs_diff(DAY_S / 2);
        let sun = (DAY_S / 4).saturating_sub(from_noon) * 2_900 / (DAY_S / 4);
        let sun = u16::try_from(sun).unwrap_or(0);
        // 348 kWh a day, which fit into 32 bits for as long as a yield of this year is shown.
        let days = (second / DAY_S) % 10_000;
        let energy = days * 348_000 + of_day * 348_000 / DAY_S;
        Raw {
            tens_of_watts: sun + if sun > 0 { noise(1, 100) } else { 0 },
            watt_hours: u32::try_from(energy).unwrap_or(u32::MAX),
            decivolts: 2_290 + noise(2, 30),
            centihertz: 4_998 + noise(3, 5),
            decidegrees: 250 + sun / 20 + noise(4, 4),
        }
    }

    /// Model 1: who it is.
    fn common(&self) -> Vec<u16> {
        let mut words = Vec::new();
        for (text, registers) in [
            ("GridOS".to_owned(), 16),
            ("Simulated inverter".to_owned(), 16),
            ("3 x 10 kW".to_owned(), 8),
            ("1.0".to_owned(), 8),
            (format!("{:08}", self.seed % 100_000_000), 16),
        ] {
            words.extend(letters(&text, registers));
        }
        words.extend([1, NOT_S16]);
        words
    }
}

/// Model 103: three phases, integers with exponents.
fn inverter(raw: &Raw) -> Vec<u16> {
    let mut words = vec![NOT_16; 50];
    let phase = raw.tens_of_watts;
    set(
        &mut words,
        0,
        &[phase * 3 / 2, phase / 2, phase / 2, phase / 2, minus(1)],
    );
    let volts = raw.decivolts;
    set(&mut words, 8, &[volts, volts + 1, volts - 1, minus(1)]);
    set(
        &mut words,
        12,
        &[raw.tens_of_watts, 1, raw.centihertz, minus(2)],
    );
    set(&mut words, 16, &[raw.tens_of_watts, 1, 0, 1, 995, minus(1)]);
    set(&mut words, 22, &wide(raw.watt_hours));
    words[24] = 0;
    // No measurement of the direct current; its exponents and its power are signed.
    for at in [26, 28, 29, 30] {
        words[at] = NOT_S16;
    }
    set(
        &mut words,
        31,
        &[raw.decidegrees, NOT_S16, NOT_S16, NOT_S16, minus(1)],
    );
    words[36] = if raw.tens_of_watts > 0 { 4 } else { 2 };
    set(&mut words, 38, &[0; 4]);
    words
}

/// Model 160: two strings of modules on the roof.
fn strings(raw: &Raw) -> Vec<u16> {
    let mut words = vec![minus(1), minus(1), 1, 1, 0, 0, 2, NOT_16];
    for (n, name) in (1..).zip(["east", "west"]) {
        words.push(n);
        words.extend(letters(name, 8));
        let watts = raw.tens_of_watts / 2;
        words.extend([watts / 6, 6_000, watts]);
        words.extend(wide(raw.watt_hours / 20));
        words.extend([NOT_16, NOT_16, NOT_S16, 4, 0, 0]);
    }
    words
}

/// Model 203: a meter where the house meets the grid. It feeds in what the inverter makes.
fn meter(raw: &Raw) -> Vec<u16> {
    let mut words = vec![NOT_S16; 105];
    let volts = raw.decivolts;
    set(&mut words, 5, &[volts, volts, volts + 1, volts - 1]);
    words[13] = minus(1);
    set(
        &mut words,
        14,
        &[raw.centihertz, minus(2), raw.tens_of_watts.wrapping_neg()],
    );
    words[20] = 1;
    set(&mut words, 36, &[0; 67]);
    set(&mut words, 36, &wide(raw.watt_hours));
    words[52] = 0;
    set(&mut words, 103, &[0, 0]);
    words
}

fn set(words: &mut [u16], at: usize, content: &[u16]) {
    for (word, new) in words.iter_mut().skip(at).zip(content) {
        *word = *new;
    }
}

fn minus(exponent: u16) -> u16 {
    exponent.wrapping_neg()
}

fn wide(number: u32) -> [u16; 2] {
    let [a, b, c, d] = number.to_be_bytes();
    [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])]
}

fn letters(text: &str, registers: usize) -> Vec<u16> {
    let at = |n: usize| text.as_bytes().get(n).copied().unwrap_or(0);
    let word = |n: usize| u16::from_be_bytes([at(2 * n), at(2 * n + 1)]);
    (0..registers).map(word).collect()
}

impl Device for Inverter {
    fn registers(&self, read: Read, words: &mut [u16]) -> Result<(), Exception> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let all = self.registers(now.unwrap_or_default());
        let start = u32::from(read.start).checked_sub(BASE);
        let start = start.and_then(|start| usize::try_from(start).ok());
        let start = start.filter(|_| read.table == Table::HoldingRegister);
        let start = start.ok_or(Exception::IllegalAddress)?;
        let asked = all.get(start..start + words.len());
        words.copy_from_slice(asked.ok_or(Exception::IllegalAddress)?);
        Ok(())
    }

    fn bits(&self, _read: Read, _bits: &mut [bool]) -> Result<(), Exception> {
        Err(Exception::IllegalAddress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    #[test]
    fn it_works_by_day_and_counts_on() {
        let inverter = Inverter::new(7);
        let (noon, night) = (inverter.measure(at(DAY_S / 2)), inverter.measure(at(DAY_S)));
        assert!((29_000.0..=30_000.0).contains(&noon.power), "{noon:?}");
        assert_eq!(night.power, 0.0);
        assert!(night.energy > noon.energy && noon.energy > 0.0);
        assert_eq!(noon, inverter.measure(at(DAY_S / 2)));
    }

    #[test]
    fn every_model_has_its_length() {
        let words = Inverter::new(7).registers(at(1_000_000));
        let mut models = Vec::new();
        let mut header = 2;
        while words[header] != NOT_16 {
            models.push((words[header], words[header + 1]));
            header += 2 + usize::from(words[header + 1]);
        }
        assert_eq!(
            models,
            [(1, 66), (103, 50), (160, 48), (64_001, 12), (203, 105)]
        );
        assert_eq!(header + 2, words.len());
    }
}
