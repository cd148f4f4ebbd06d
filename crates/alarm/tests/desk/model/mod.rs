//! The desk against a naive model written from the words of the definition, on random days of a
//! plant: readings, lost links, commands, edits, restarts, crashes, and a clock that is set.
//!
//! The model goes minute by minute, keeps a list of what waits for an acknowledgement, and knows
//! nothing of records, timers or bands.

mod alarm;
mod step;
mod trial;
mod world;

use gridos_model::AlarmKind;
use proptest::prelude::*;

use self::step::step;
use self::trial::{Behaviour, Trial};

const DEVICES: usize = 2;
const KINDS: [AlarmKind; 3] = [AlarmKind::Limit, AlarmKind::Quality, AlarmKind::Link];
/// After so many minutes an alarm is told again, if it is.
const RE_ALARM: u64 = 90;
/// In minutes.
const DAY: i64 = 24 * 60;

fn behaviour() -> impl Strategy<Value = Behaviour> {
    let often = prop::bool::weighted(0.8);
    (often, any::<bool>(), any::<bool>()).prop_map(|(needs, latches, again)| Behaviour {
        needs_acknowledgement: needs,
        latches,
        is_told_again: again,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn the_desk_agrees_with_the_model(
        behaviours in prop::array::uniform3(behaviour()),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut trial = Trial::new(behaviours);
        for step in &steps {
            trial.step(step);
        }
    }
}
