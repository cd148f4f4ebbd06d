//! The judge against the plainest one that could be written, on random streams, and each trap that
//! alarm systems fall into by its name.

#![cfg(test)]
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "what the plain judge does not name is alike to it"
)]

mod pitfalls;
mod plain;
mod stream;
mod truth;
mod words;
mod world;

use proptest::prelude::*;

use crate::stream::{Plan, plan};
use crate::world::World;

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(100),
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_judge_and_the_plain_one_agree(plan in plan()) {
        let Plan { alarms, restored, steps } = plan;
        let mut world = World::new(&alarms, &restored);
        for step in &steps {
            let [found, expected] = world.run(step);
            prop_assert_eq!(found, expected, "{:?}", step);
            world.check_levels();
        }
    }
}
