//! The master and the simulated outstation of this crate, face to face.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use gridos_dnp3::app::{Class, CommonTime, EventClasses, Value};
use gridos_dnp3::link::Address;
use gridos_dnp3::master::{Config, Delivery, Gap, TimeSync, Token};
use gridos_dnp3::outstation::{
    EventCapacities, Every, Faults, Kept, Moment, NullUnsolicited, Outstation, OutstationConfig,
    PointDefinition, PointKind, PointTable, Retries, RetryStyle, UnsolicitedConfig, Update,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::bench::{T, milliseconds, quiet, seconds};
use crate::watch::Watch;

const ANALOG: PointKind = PointKind::AnalogInput;

/// What may happen.
#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    /// So many events.
    Burst(u16),
    Reconnect,
    Restart(bool),
    Pause(bool),
    /// The oldest receipt comes, or a refusal.
    Receipt(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4_000_u64).prop_map(Step::Pass),
        6 => (1..40_u16).prop_map(Step::Burst),
        6 => (0..10_u8).prop_map(|chance| Step::Receipt(chance > 0)),
        1 => Just(Step::Reconnect),
        1 => any::<bool>().prop_map(Step::Restart),
        1 => any::<bool>().prop_map(Step::Pause),
    ]
}

fn master() -> impl Strategy<Value = Config> {
    any::<[bool; 3]>().prop_map(|[disables, enables, syncs]| Config {
        disables_unsolicited: disables,
        enables_unsolicited: if enables {
            EventClasses::all()
        } else {
            EventClasses::empty()
        },
        time_sync: if syncs {
            TimeSync::Lan
        } else {
            TimeSync::Serial
        },
        integrity_period: Some(seconds(60)),
        ..quiet()
    })
}

fn outstation() -> impl Strategy<Value = OutstationConfig> {
    (any::<[bool; 4]>(), 20..100_usize, 249..600_usize).prop_map(
        |([speaks, regenerates, is_endless, interleaves], capacity, fragment_bytes)| {
            let unsolicited = UnsolicitedConfig {
                null: NullUnsolicited::default(),
                retries: if is_endless {
                    Retries::Endless
                } else {
                    Retries::Times(1)
                },
                retry_style: if regenerates {
                    RetryStyle::Regenerated
                } else {
                    RetryStyle::Identical
                },
                hold_time: milliseconds(20),
                hold_count: 10,
                interleaves,
                ..UnsolicitedConfig::default()
            };
            OutstationConfig {
                fragment_bytes,
                capacities: EventCapacities::all(capacity),
                unsolicited: speaks.then_some(unsolicited),
                ..OutstationConfig::default()
            }
        },
    )
}

/// What an outstation may do wrong over TCP, where nothing overtakes and no confirm is lost alone.
fn faults() -> impl Strategy<Value = Faults> {
    let hits = || (0..6_u32).prop_map(Every::nth);
    (hits(), hits()).prop_map(|(repeats, mistakes)| Faults {
        repeat_confirm: repeats,
        wrong_sequence: mistakes,
        ..Faults::default()
    })
}

struct Pair {
    watch: Watch,
    outstation: Outstation,
    is_paused: bool,
    receipts: VecDeque<(Token, Vec<u64>)>,
    kept: HashSet<u64>,
    /// Whether its repeats must be marked: those of an outstation that counts wrongly need not be.
    marks: bool,
}

impl Pair {
    fn new(master: Config, config: OutstationConfig) -> Self {
        let classes = [Class::One, Class::Two, Class::Three];
        let points = (0..)
            .zip(classes)
            .map(|(index, class)| PointDefinition::new(ANALOG, index, class).with_event(6));
        let points = Arc::new(PointTable::new(points).unwrap());
        let watch = Watch::new(master);
        let at = Moment {
            now: watch.now(),
            unix_ms: T,
        };
        let mut pair = Self {
            outstation: Outstation::new(points, Arc::new(config), at),
            watch,
            is_paused: false,
            receipts: VecDeque::new(),
            kept: HashSet::new(),
            marks: true,
        };
        pair.connect();
        pair
    }

    fn at(&self) -> Moment {
        let elapsed = u64::try_from(self.watch.elapsed.as_millis()).unwrap();
        Moment {
            now: self.watch.now(),
            unix_ms: T + elapsed,
        }
    }

    fn connect(&mut self) {
        self.watch.connect();
        self.outstation.handle_connect(self.at());
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Pass(duration) => self.pass(milliseconds(*duration)),
            Step::Burst(count) => (0..*count).for_each(|_| self.occur()),
            Step::Reconnect => {
                self.watch.disconnect();
                self.outstation.handle_disconnect();
                self.connect();
            }
            Step::Restart(keeps) => {
                let kept = if *keeps { Kept::Events } else { Kept::Nothing };
                self.watch.disconnect();
                self.outstation.restart(self.at(), kept);
                self.connect();
            }
            Step::Pause(is_paused) => {
                self.is_paused = *is_paused;
                self.watch.pause(*is_paused);
            }
            Step::Receipt(is_durable) => self.receipt(*is_durable),
        }
        self.exchange();
    }

    /// An event whose value is its number.
    fn occur(&mut self) {
        let number = self.outstation.ledger().produced();
        let point = u16::try_from(number % 3).unwrap();
        let point = self.outstation.points().find(ANALOG, point).unwrap();
        let value = Value::Float64(f64::from(u32::try_from(number).unwrap()));
        let update = Update::new(value, self.at().unix_ms);
        let at = self.at();
        self.outstation.update(point, update, at).unwrap();
    }

    fn pass(&mut self, duration: Duration) {
        let end = self.watch.elapsed + duration;
        loop {
            let due = self.outstation.poll_timeout();
            let due = due.map_or(end, |due| due.duration_since(self.watch.start()));
            let next = due.clamp(self.watch.elapsed, end);
            self.watch.passes(next - self.watch.elapsed);
            self.outstation.handle_timeout(self.at());
            self.exchange();
            if self.watch.elapsed >= end {
                break;
            }
        }
    }

    fn receipt(&mut self, is_durable: bool) {
        let Some((token, events)) = self.receipts.pop_front() else {
            return;
        };
        if is_durable {
            self.kept.extend(events);
            self.watch.durable(token);
        } else {
            self.watch.refused(token);
        }
    }

    /// Fragments go to and fro until there are none left.
    fn exchange(&mut self) {
        if self.watch.wants_integrity {
            self.watch.grant();
        }
        loop {
            let at = self.at();
            for fragment in self.watch.sends() {
                let me = Address::from_raw(10);
                self.outstation.handle_fragment(at, me, &fragment);
            }
            let Some(fragment) = self.outstation.poll_fragment(at) else {
                break;
            };
            let fragment = fragment.to_vec();
            if let Some(delivery) = self.watch.hears(&fragment) {
                assert!(!self.is_paused);
                self.take(&delivery);
            }
        }
        for event in self.outstation.ledger().confirmed().iter() {
            assert!(self.kept.contains(&event), "event {event} is lost");
        }
    }

    /// Keeps what is delivered, until its receipt.
    fn take(&mut self, delivery: &Delivery<'_>) {
        assert_eq!(delivery.dead_letter, None);
        let mut events = Vec::new();
        for header in delivery.response.headers() {
            let header = header.unwrap();
            if header.is_event() {
                let values = header.points(CommonTime::NONE);
                let number = |value: Value<'_>| format!("{}", value.number().unwrap());
                events.extend(values.map(|point| number(point.value).parse::<u64>().unwrap()));
            }
        }
        assert_eq!(delivery.needs_receipt, !events.is_empty());
        let is_pending = |event: &u64| self.receipts.iter().any(|(_, kept)| kept.contains(event));
        let is_repeated = |event: &u64| self.kept.contains(event) || is_pending(event);
        if self.marks && events.iter().any(is_repeated) {
            assert!(delivery.may_repeat, "{events:?} come again unmarked");
        }
        if delivery.needs_receipt {
            self.receipts.push_back((delivery.token, events));
        }
    }

    /// From now on all goes well.
    fn recovers(&mut self) {
        self.outstation.set_faults(Faults::default());
        self.step(&Step::Pause(false));
        for _ in 0..200 {
            while !self.receipts.is_empty() {
                self.step(&Step::Receipt(true));
            }
            self.step(&Step::Pass(1_000));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Every event is kept, or was lost before it could be; none is kept twice unmarked.
    #[test]
    fn every_event_is_kept_unless_the_outstation_lost_it(
        master in master(),
        outstation in outstation(),
        faults in faults(),
        steps in vec(step(), 0..80),
    ) {
        let mut pair = Pair::new(master, outstation);
        pair.marks = faults.wrong_sequence == Every::default();
        pair.outstation.set_faults(faults);
        for step in &steps {
            pair.step(step);
        }
        pair.recovers();
        prop_assert_eq!(pair.outstation.buffered(), 0);
        let ledger = pair.outstation.ledger();
        for event in 0..ledger.produced() {
            let is_lost = ledger.overflowed().contains(event) || ledger.forgotten().contains(event);
            prop_assert!(pair.kept.contains(&event) || is_lost);
        }
        let restarts = steps.iter().filter(|step| matches!(step, Step::Restart(_)));
        if restarts.count() > 0 {
            prop_assert!(pair.watch.gaps.contains(&Gap::Restart));
        }
    }
}
