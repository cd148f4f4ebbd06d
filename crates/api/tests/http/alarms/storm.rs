//! A client of the stream has exactly the engine's table, whatever storm there is and however often
//! its connection is cut.

use std::collections::BTreeMap;

use axum::Router;
use gridos_alarm::Case;
use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmRecord, Level, Note, Priority, Quality,
    Shelf, Suppression, Timestamp,
};
use gridos_pipeline::AlarmBoard;
use proptest::prelude::*;

use super::stream::connect;
use super::table::Table;
use crate::rig::Rig;
use crate::sse::{Client, Follower as _};

/// More than two parts of a snapshot.
const ALARMS: u64 = 700;

/// What happens to the engine or to the connection.
#[derive(Clone, Debug)]
enum Step {
    /// So many records in one go.
    Storm(u64),
    /// So many alarms are confirmed.
    Confirm(u64),
    /// The client takes so many pieces.
    Take(usize),
    /// The client takes all there is.
    TakeAll,
    /// The connection is cut in the middle of a piece.
    Cut,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1_u64..40).prop_map(Step::Storm),
        // Twice of these is more than the engine keeps.
        2 => (3_000_u64..6_000).prop_map(Step::Storm),
        3 => (1_u64..300).prop_map(Step::Confirm),
        1 => (3_000_u64..6_000).prop_map(Step::Confirm),
        4 => (0_usize..6).prop_map(Step::Take),
        1 => Just(Step::TakeAll),
        3 => Just(Step::Cut),
    ]
}

/// Numbers that look random (splitmix64, Steele et al. 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }

    fn time(&mut self) -> Timestamp {
        Timestamp::from_nanos(i64::try_from(self.below(4_000_000_000_000_000_000)).unwrap())
    }

    fn facts(&mut self) -> AlarmFacts {
        // Half of them are at rest.
        if self.below(2) == 0 {
            return AlarmFacts::REST;
        }
        let levels = [Level::Normal, Level::Low, Level::HighHigh, Level::Abnormal];
        AlarmFacts {
            level: self.one(&levels),
            worst: self.one(&levels),
            priority: self.one(&Priority::ALL),
            flags: AlarmFlags::from_bits_truncate(u16::try_from(self.below(64)).unwrap()),
            suppression: Suppression::from_bits_truncate(u8::try_from(self.below(4)).unwrap()),
            shelf: (self.below(4) == 0).then(|| Shelf {
                until: self.time(),
                is_one_shot: self.below(2) == 0,
            }),
        }
    }

    fn record(&mut self, sequence: u64) -> AlarmRecord {
        let value = self.one(&[1.5, -3.0, f64::NAN, 1e9]);
        let note = Note {
            by: "anna".into(),
            comment: "line one\n\nevent: record\r\n\u{2028}µ".into(),
            ..Note::default()
        };
        AlarmRecord {
            sequence,
            alarm: AlarmId::from_raw(self.below(ALARMS)),
            occurrence: self.below(sequence + 1),
            action: self.one(&AlarmAction::ALL),
            is_annunciated: self.below(2) == 0,
            from: self.one(&[Level::Normal, Level::High]),
            time: self.time(),
            received: self.time(),
            value,
            quality: self.one(&[Quality::GOOD, Quality::OFFLINE | Quality::LATE]),
            after: self.facts(),
            note: (self.below(2) == 0).then(|| Box::new(note)),
        }
    }
}

struct Storm {
    rig: Rig,
    dice: Dice,
    router: Router,
    client: Option<Client>,
    table: Table,
}

impl Storm {
    async fn step(&mut self, step: &Step) {
        match step {
            Step::Storm(count) => {
                let board = &self.rig.state.alarms;
                let from = board.table().sequence + 1;
                let records = (from..from + count).map(|sequence| self.dice.record(sequence));
                board.show(&records.collect::<Vec<_>>());
            }
            Step::Confirm(count) => {
                let alarm = |_| AlarmId::from_raw(self.dice.below(ALARMS));
                let alarms: Vec<_> = (0..*count).map(alarm).collect();
                self.rig.state.alarms.confirm(&alarms);
            }
            Step::Take(pieces) => {
                for _ in 0..*pieces {
                    if let Some(piece) = self.client().await.piece_at_once().await {
                        self.table.feed(&piece);
                    }
                }
            }
            Step::TakeAll => {
                let mut client = self.connected().await;
                client.fill(&mut self.table).await;
                self.client = Some(client);
                self.check();
            }
            Step::Cut => {
                let Some(mut client) = self.client.take() else {
                    return;
                };
                if let Some(piece) = client.piece_at_once().await {
                    let whole = u64::try_from(piece.len()).unwrap();
                    let cut = usize::try_from(self.dice.below(whole)).unwrap();
                    self.table.feed(&piece[..cut]);
                }
                self.table.cut();
            }
        }
    }

    async fn client(&mut self) -> &mut Client {
        let client = self.connected().await;
        self.client.insert(client)
    }

    async fn connected(&mut self) -> Client {
        match self.client.take() {
            Some(client) => client,
            None => connect(&self.router, self.table.last_id.as_deref()).await,
        }
    }

    fn check(&self) {
        let board: &AlarmBoard = &self.rig.state.alarms;
        let table = board.table();
        assert!(self.table.is_whole);
        assert_eq!(self.table.sequence, table.sequence);
        let theirs = table.cases.iter();
        let theirs: BTreeMap<_, Case> = theirs.map(|(id, case)| (*id, (**case).clone())).collect();
        // As texts, because NaN is not equal to itself.
        assert_eq!(format!("{:?}", self.table.cases), format!("{theirs:?}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn a_client_has_exactly_the_table(
        seed: u64,
        steps in proptest::collection::vec(step(), 1..16),
    ) {
        let rig = Rig::new();
        let mut storm = Storm {
            router: rig.router(),
            rig,
            dice: Dice(seed),
            client: None,
            table: Table::default(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            for step in steps.iter().chain([&Step::TakeAll]) {
                storm.step(step).await;
            }
        });
    }
}

#[tokio::test(start_paused = true)]
async fn pitfall_14_a_client_that_is_too_slow_gets_the_table_anew() {
    let rig = Rig::new();
    let mut storm = Storm {
        router: rig.router(),
        rig,
        dice: Dice(7),
        client: None,
        table: Table::default(),
    };
    storm.step(&Step::TakeAll).await;
    for _ in 0..3 {
        storm.step(&Step::Storm(3_000)).await;
    }
    storm.step(&Step::TakeAll).await;
    assert_eq!(storm.table.snapshots, 2);
    // Those who were away a short time only do not.
    storm.step(&Step::Cut).await;
    storm.step(&Step::Storm(3_000)).await;
    storm.step(&Step::TakeAll).await;
    assert_eq!((storm.table.snapshots, storm.table.records), (2, 3_000));
}
