//! Whatever happens, in whatever order: the promises hold.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use gridos_dnp3::app::{CommonTime, EventClasses, Selection, Variation};
use gridos_dnp3::master::{Config, Delivery, Poll, TimeSync, Token};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::bench::{milliseconds, quiet, seconds};
use crate::outstation::Outstation;
use crate::watch::Watch;

/// What may happen.
#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Connect,
    Disconnect,
    Pause(bool),
    Grant,
    Demand,
    /// The oldest receipt comes, or a refusal.
    Receipt(bool),
    /// The outstation sees an event.
    Occur,
    Restart,
    /// The next fragment of the outstation does not arrive.
    Lose,
    /// The connection ends before what is sent arrives.
    Cut,
    /// A fragment that nobody honest sent.
    Hear(Vec<u8>),
}

fn config() -> impl Strategy<Value = Config> {
    let poll = Poll::new(vec![Selection::all(Variation::new(30, 0))], seconds(7)).unwrap();
    (any::<[bool; 4]>(), 0..3_u64).prop_map(move |([disables, enables, syncs, polls], spread)| {
        let enabled = if enables {
            EventClasses::all()
        } else {
            EventClasses::empty()
        };
        Config {
            disables_unsolicited: disables,
            enables_unsolicited: enabled,
            time_sync: if syncs {
                TimeSync::Lan
            } else {
                TimeSync::Never
            },
            polls: if polls { vec![poll.clone()] } else { vec![] },
            integrity_period: Some(seconds(60)),
            spread: seconds(spread),
            ..quiet()
        }
    })
}

fn common_step() -> BoxedStrategy<Step> {
    prop_oneof![
        6 => (0..4_000_u64).prop_map(Step::Pass),
        2 => Just(Step::Grant),
        5 => (0..10_u8).prop_map(|chance| Step::Receipt(chance > 0)),
        1 => Just(Step::Connect),
        1 => Just(Step::Disconnect),
        1 => any::<bool>().prop_map(Step::Pause),
        1 => Just(Step::Demand),
    ]
    .boxed()
}

fn honest_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => common_step(),
        6 => Just(Step::Occur),
        1 => Just(Step::Restart),
        1 => Just(Step::Lose),
        1 => Just(Step::Cut),
    ]
}

/// Fragments that look right, or nearly, or not at all.
fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let objects = prop_oneof![
        Just(vec![]),
        Just(vec![2, 1, 0x28, 1, 0, 0, 0, 0x81]),
        Just(vec![30, 5, 0, 0, 0, 1, 0, 0, 0xa0, 0x3f]),
        Just(vec![52, 2, 7, 1, 10, 0]),
        vec(any::<u8>(), 0..40),
    ];
    let iin = prop_oneof![3 => Just(0_u16), 1 => any::<u16>()];
    let near = (any::<u8>(), 0x81..=0x82_u8, iin, objects).prop_map(
        |(control, function, iin, objects)| {
            let [iin_1, iin_2] = iin.to_le_bytes();
            [vec![control, function, iin_1, iin_2], objects].concat()
        },
    );
    prop_oneof![9 => near, 1 => vec(any::<u8>(), 0..20)]
}

fn hostile_step() -> impl Strategy<Value = Step> {
    prop_oneof![1 => common_step(), 1 => fragment().prop_map(Step::Hear)]
}

/// A watched association, and the receipts that it waits for.
struct World {
    watch: Watch,
    outstation: Outstation,
    is_connected: bool,
    is_paused: bool,
    receipts: VecDeque<(Token, Vec<u16>)>,
    /// Events that are durable.
    kept: HashSet<u16>,
}

impl World {
    fn new(config: Config) -> Self {
        Self {
            watch: Watch::new(config),
            outstation: Outstation::new(),
            is_connected: false,
            is_paused: false,
            receipts: VecDeque::new(),
            kept: HashSet::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Pass(duration) => {
                let end = self.watch.elapsed + milliseconds(*duration);
                while self.watch.elapsed < end {
                    let left = end - self.watch.elapsed;
                    self.watch.passes(left.min(seconds(1)));
                    self.outstation_acts();
                    self.exchange();
                }
            }
            Step::Connect => {
                self.disconnect();
                self.watch.connect();
                self.is_connected = true;
            }
            Step::Disconnect => self.disconnect(),
            Step::Pause(is_paused) => {
                self.watch.pause(*is_paused);
                self.is_paused = *is_paused;
            }
            Step::Grant => self.watch.grant(),
            Step::Demand => {
                let now = self.watch.now();
                self.watch.association.demand_integrity(now);
            }
            Step::Receipt(is_durable) => self.receipt(*is_durable),
            Step::Occur => {
                self.outstation.occur();
                self.outstation_acts();
            }
            Step::Restart => {
                // It takes the connection with it.
                self.disconnect();
                self.outstation.restart();
            }
            Step::Lose => {
                self.outstation_acts();
                self.outstation.sent.pop_front();
            }
            Step::Cut => {
                self.receipt(true);
                self.watch.sends();
                self.disconnect();
            }
            Step::Hear(fragment) => {
                if let Some(delivery) = self.watch.hears(fragment) {
                    self.receipts.push_back((delivery.token, vec![]));
                }
            }
        }
        self.exchange();
    }

    fn disconnect(&mut self) {
        self.watch.disconnect();
        self.outstation.disconnect();
        self.is_connected = false;
    }

    fn outstation_acts(&mut self) {
        if self.is_connected {
            self.outstation.handle_time(self.watch.elapsed);
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
        loop {
            for fragment in self.watch.sends() {
                self.outstation.hears(self.watch.elapsed, &fragment);
            }
            let Some(fragment) = self.outstation.sent.pop_front() else {
                break;
            };
            if let Some(delivery) = self.watch.hears(&fragment) {
                assert!(!self.is_paused);
                self.take(&delivery);
            }
        }
        for event in &self.outstation.confirmed {
            assert!(self.kept.contains(event), "event {event} is lost");
        }
    }

    /// Keeps what is delivered, until its receipt.
    fn take(&mut self, delivery: &Delivery<'_>) {
        assert!(delivery.needs_receipt && delivery.dead_letter.is_none());
        let headers = delivery.response.headers();
        let events: Vec<_> = headers
            .flat_map(|header| header.unwrap().points(CommonTime::NONE))
            .map(|point| point.index)
            .collect();
        let is_pending = |event: &u16| {
            self.receipts
                .iter()
                .any(|(_, events)| events.contains(event))
        };
        let is_repeated = |event: &u16| self.kept.contains(event) || is_pending(event);
        if events.iter().any(is_repeated) {
            assert!(delivery.may_repeat, "{events:?} come again unmarked");
        }
        self.receipts.push_back((delivery.token, events));
    }

    /// From now on all goes well.
    fn recovers(&mut self, duration: Duration) {
        self.step(&Step::Pause(false));
        if !self.is_connected {
            self.step(&Step::Connect);
        }
        let end = self.watch.elapsed + duration;
        while self.watch.elapsed < end {
            while !self.receipts.is_empty() {
                self.step(&Step::Receipt(true));
            }
            if self.watch.wants_integrity {
                self.step(&Step::Grant);
            }
            self.step(&Step::Pass(1_000));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// No event is lost: what the outstation forgets is durable. None comes twice unmarked. And
    /// once all is well, all that waited arrives, and later events are known to be new.
    #[test]
    fn an_honest_outstation_loses_nothing(
        config in config(),
        steps in vec(honest_step(), 0..120),
    ) {
        let mut world = World::new(config);
        for step in &steps {
            world.step(step);
        }
        world.recovers(seconds(200));
        prop_assert_eq!(world.outstation.waiting_events(), 0);
        world.outstation.occur();
        let delivered = world.watch.association.counters().delivered();
        world.recovers(seconds(200));
        prop_assert_eq!(world.outstation.waiting_events(), 0);
        prop_assert_eq!(world.watch.association.counters().delivered(), delivered + 1);
    }

    /// Whatever arrives, nothing is confirmed that is not durable, or late, or twice; nothing is
    /// asked twice at a time; and it never hangs.
    #[test]
    fn a_hostile_outstation_breaks_no_promise(
        config in config(),
        steps in vec(hostile_step(), 0..200),
    ) {
        let mut world = World::new(config);
        world.watch.connect();
        for step in &steps {
            world.hostile(step);
        }
    }
}

impl World {
    /// As [`World::step`], with nobody at the other end.
    fn hostile(&mut self, step: &Step) {
        match step {
            Step::Pass(duration) => {
                let end = self.watch.elapsed + milliseconds(*duration);
                while self.watch.elapsed < end {
                    self.watch.passes(end - self.watch.elapsed);
                    self.watch.sends();
                }
            }
            Step::Hear(fragment) => {
                // Half of them with the number that is waited for.
                let sent = self.watch.sends();
                let mut fragment = fragment.clone();
                if let (Some(request), Some(control)) = (sent.last(), fragment.first_mut()) {
                    *control = *control & 0xf0 | request[0] & 0x0f;
                }
                if let Some(delivery) = self.watch.hears(&fragment) {
                    self.receipts.push_back((delivery.token, vec![]));
                }
            }
            Step::Connect => self.watch.connect(),
            Step::Disconnect => self.watch.disconnect(),
            Step::Pause(is_paused) => self.watch.pause(*is_paused),
            Step::Grant => self.watch.grant(),
            Step::Demand => {
                let now = self.watch.now();
                self.watch.association.demand_integrity(now);
            }
            Step::Receipt(is_durable) => self.receipt(*is_durable),
            Step::Occur | Step::Restart | Step::Lose | Step::Cut => {}
        }
        self.watch.sends();
    }
}
