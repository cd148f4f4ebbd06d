//! The simulated outstation with any master.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_dnp3::app::{
    Class, CommonTime, Control, EventClasses, Flags, Function, Response, Value,
};
use gridos_dnp3::link::Address;
use gridos_dnp3::outstation::{
    EventCapacities, Every, Fate, Faults, Kept, Moment, Outstation, OutstationConfig, Overflow,
    PointDefinition, PointKind, PointTable, RetryStyle, UnsolicitedConfig, Update,
};

use super::super::bytes::Bytes;

const START_MS: u64 = 1_700_000_000_000;
const ME: Address = Address::from_raw(10);
/// Fragments that one step may make: whoever says more never stops.
const FRAGMENTS_MAX: usize = 1_000;
/// Points of each kind.
const POINTS: u16 = 3;
/// Beyond so many steps nothing new happens.
const STEPS_MAX: usize = 400;

/// Whatever a master says and whenever: each event has one fate, none is confirmed that was not
/// sent, and whatever goes out can be read.
pub fn outstation(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let mut bench = Bench::new(&mut bytes);
    for _ in 0..STEPS_MAX {
        if bytes.is_empty() {
            break;
        }
        bench.step(&mut bytes);
        bench.check();
    }
}

struct Bench {
    outstation: Outstation,
    start: Instant,
    elapsed_ms: u64,
    /// The last fragments that went out.
    sent: Vec<Vec<u8>>,
    /// Values of events that were in them; every event has a value of its own.
    told: BTreeSet<u64>,
}

impl Bench {
    fn new(bytes: &mut Bytes<'_>) -> Self {
        let choice = bytes.byte();
        let is = |bit: u8| choice & (1 << bit) != 0;
        let unsolicited = UnsolicitedConfig {
            enabled_at_start: EventClasses::from_bits_truncate(bytes.byte()),
            retry_style: match is(0) {
                true => RetryStyle::Regenerated,
                false => RetryStyle::Identical,
            },
            hold_time: Duration::from_millis(u64::from(bytes.byte())),
            hold_count: usize::from(bytes.byte()),
            interleaves: is(1),
            ..UnsolicitedConfig::default()
        };
        let config = OutstationConfig {
            fragment_bytes: usize::from(bytes.byte()) + 249,
            capacities: EventCapacities::all(usize::from(bytes.byte())),
            overflow: match is(2) {
                true => Overflow::DropNewest,
                false => Overflow::DropOldest,
            },
            unsolicited: is(3).then_some(unsolicited),
            response_delay: Duration::from_millis(if is(4) { 30 } else { 0 }),
            ..OutstationConfig::default()
        };
        let start = Instant::now();
        let at = Moment {
            now: start,
            unix_ms: START_MS,
        };
        let points = PointTable::new(table(bytes.byte())).unwrap();
        let mut outstation = Outstation::new(Arc::new(points), Arc::new(config), at);
        outstation.set_faults(Faults {
            lose_confirm: Every::nth(if is(5) { 3 } else { 0 }),
            repeat_confirm: Every::nth(if is(6) { 2 } else { 0 }),
            confirm_delay: Duration::from_millis(if is(7) { 200 } else { 0 }),
            ..Faults::default()
        });
        outstation.handle_connect(at);
        Self {
            outstation,
            start,
            elapsed_ms: 0,
            sent: Vec::new(),
            told: BTreeSet::new(),
        }
    }

    fn at(&self) -> Moment {
        Moment {
            now: self.start + Duration::from_millis(self.elapsed_ms),
            unix_ms: START_MS + self.elapsed_ms,
        }
    }

    fn step(&mut self, bytes: &mut Bytes<'_>) {
        let at = self.at();
        match bytes.byte() % 8 {
            0 => self.change(bytes),
            1 => {
                let length = usize::from(bytes.byte() % 64);
                let fragment: Vec<u8> = (0..length).map(|_| bytes.byte()).collect();
                let destination = Address::from_raw(bytes.choose(&[10, 0xfffd, 0xfffe, 0xffff]));
                self.outstation.handle_fragment(at, destination, &fragment);
            }
            2 => {
                let control = 0xc0 | bytes.byte() & 0x0f;
                let fragment = bytes.choose::<&[u8]>(&[
                    &[1, 60, 2, 6, 60, 3, 6, 60, 4, 6, 60, 1, 6],
                    &[1, 60, 2, 7, 5],
                    &[1, 2, 0, 6, 32, 0, 6],
                    &[2, 80, 1, 0, 7, 7, 0],
                    &[20, 60, 2, 6, 60, 3, 6],
                    &[21, 60, 2, 6],
                    &[22, 60, 3, 6, 30, 0, 6],
                    &[23],
                    &[24],
                ]);
                let fragment = [&[control], fragment].concat();
                self.outstation.handle_fragment(at, ME, &fragment);
            }
            // Confirms what went out, in any order.
            3 | 4 => {
                let which = usize::from(bytes.byte());
                let Some(last) = self.sent.len().checked_sub(1) else {
                    return;
                };
                let sent = &self.sent[last - which % self.sent.len()];
                let control = Control::decode(sent[0]);
                let confirm = Control {
                    uns: control.uns,
                    ..Control::single(control.sequence)
                };
                let confirm = [confirm.encode(), Function::Confirm.code()];
                self.outstation.handle_fragment(at, ME, &confirm);
            }
            5 => self.elapsed_ms += u64::from(bytes.word()),
            6 => match bytes.byte() % 4 {
                0 => self.outstation.handle_disconnect(),
                1 => self.outstation.handle_connect(at),
                2 => self.outstation.restart(at, Kept::Events),
                _ => self.outstation.restart(at, Kept::Nothing),
            },
            _ => {
                let idle = self.outstation.poll_timeout();
                let idle = idle.map(|due| due.saturating_duration_since(at.now));
                let idle = idle.and_then(|idle| u64::try_from(idle.as_millis()).ok());
                // What is due in less than a millisecond is due in one.
                self.elapsed_ms += idle.map_or(0, |idle| idle + 1);
            }
        }
        self.drain();
    }

    /// Makes events, each with its number as its value.
    fn change(&mut self, bytes: &mut Bytes<'_>) {
        let at = self.at();
        for _ in 0..bytes.byte() % 32 {
            let number = self.outstation.ledger().produced();
            let value = u32::try_from(number).unwrap();
            let (kind, value) = match bytes.byte() % 2 {
                0 => (PointKind::AnalogInput, Value::Float64(value.into())),
                _ => (PointKind::Counter, Value::Uint32(value)),
            };
            let index = u16::from(bytes.byte()) % POINTS;
            let point = self.outstation.points().find(kind, index).unwrap();
            let update = Update::new(value, at.unix_ms).with_flags(Flags::ONLINE);
            let made = self.outstation.update(point, update.forced(), at).unwrap();
            assert!(made.is_none_or(|made| made == number));
        }
    }

    fn drain(&mut self) {
        let at = self.at();
        self.outstation.handle_timeout(at);
        let mut count = 0;
        while let Some(fragment) = self.outstation.poll_fragment(at) {
            count += 1;
            assert!(count < FRAGMENTS_MAX, "it does not stop");
            assert!(fragment.len() <= 249 + 255);
            self.told.extend(events(fragment));
            self.sent.push(fragment.to_vec());
        }
        let idle = self.outstation.poll_timeout();
        assert!(
            idle.is_none_or(|due| due > at.now),
            "it is due and does nothing"
        );
        let many = self.sent.len().saturating_sub(8);
        self.sent.drain(..many);
    }

    fn check(&self) {
        let ledger = self.outstation.ledger();
        let mut in_buffer = 0;
        for number in 0..ledger.produced() {
            let fate = self.outstation.fate(number).unwrap();
            let settled = [
                ledger.confirmed().contains(number),
                ledger.overflowed().contains(number),
                ledger.forgotten().contains(number),
            ];
            let expected = match fate {
                Fate::Buffered | Fate::Written => {
                    in_buffer += 1;
                    [false; 3]
                }
                Fate::Confirmed => [true, false, false],
                Fate::Overflowed => [false, true, false],
                Fate::Forgotten => [false, false, true],
            };
            assert_eq!(settled, expected, "{number}");
            let was_told = self.told.contains(&number);
            assert!(
                fate != Fate::Confirmed || was_told,
                "{number} was never sent"
            );
        }
        assert_eq!(self.outstation.buffered(), in_buffer);
    }
}

fn table(classes: u8) -> Vec<PointDefinition> {
    let class = |at: u16| match classes >> (2 * at) & 3 {
        0 => Class::Zero,
        1 => Class::One,
        2 => Class::Two,
        _ => Class::Three,
    };
    let of_index = |index: u16| {
        [
            PointDefinition::new(PointKind::AnalogInput, index, class(index)).with_event(8),
            PointDefinition::new(PointKind::Counter, index, class(index)).with_event(1),
            PointDefinition::new(PointKind::BinaryInput, index, class(index)),
            PointDefinition::new(PointKind::OctetString, index, class(index)),
        ]
    };
    (0..POINTS).flat_map(of_index).collect()
}

/// The values of the events in a fragment.
fn events(fragment: &[u8]) -> Vec<u64> {
    let mut numbers = Vec::new();
    let mut common = CommonTime::NONE;
    let response = Response::parse(fragment).unwrap();
    response.check().unwrap();
    for header in response.headers() {
        let header = header.unwrap();
        common.observe(&header);
        if header.is_event() {
            let values = header
                .points(common)
                .filter_map(|point| point.value.number());
            numbers.extend(values.map(|number| format!("{number}").parse::<u64>().unwrap()));
        }
    }
    numbers
}
