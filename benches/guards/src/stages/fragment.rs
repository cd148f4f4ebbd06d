//! DNP3 frames to columns.

#![expect(clippy::expect_used, reason = "a guard stops at the first surprise")]

use gridos_benches::{Fleet, Master, fragments};
use gridos_model::Batch;

use super::Rounds;

pub(super) fn frames() -> Rounds {
    let (fragments, events) = fragments();
    let octets = fragments.concat();
    let mut master = Master::default();
    let fleet = Fleet::new(1).expect("a plain fleet");
    let mut batch = Batch::with_capacity(256);
    Rounds::new(events, move || {
        let decoded = master.decode(&octets, fleet.layout(0), &mut batch);
        assert_eq!(decoded, events, "every event is decoded");
    })
}
