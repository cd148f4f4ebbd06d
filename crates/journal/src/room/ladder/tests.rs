use proptest::prelude::*;

use super::*;

const HOUR: Duration = Duration::from_secs(3_600);
const HEADROOM: u64 = 50;

fn ladder(when_full: WhenFull) -> Ladder {
    let thresholds = Thresholds {
        warn: 24 * HOUR,
        critical: 4 * HOUR,
    };
    Ladder::new(thresholds, when_full, HEADROOM)
}

/// A journal of so many bytes with a budget of 1,000 on a large disk.
fn room(used: u64, freeable: u64) -> Room {
    Room {
        used,
        budget: 1_000,
        free: 1_000_000,
        freeable,
    }
}

fn sight(room: Room) -> Sight {
    Sight {
        room,
        autonomy: Autonomy::Endless,
        refused: false,
    }
}

fn refused(room: Room) -> Sight {
    Sight {
        refused: true,
        ..sight(room)
    }
}

#[test]
fn hours_are_graded_and_a_grade_is_left_later_than_entered() {
    let mut ladder = ladder(WhenFull::Hold);
    let mut grade = |tenths_of_an_hour: u32| {
        let autonomy = Autonomy::Lasts(HOUR * tenths_of_an_hour / 10);
        let standing = ladder.step(&Sight {
            autonomy,
            ..sight(room(100, 0))
        });
        assert_eq!(standing.order, Order::Keep);
        (standing.rung, standing.grade)
    };
    assert_eq!(grade(240), (Rung::Normal, Grade::Ample));
    assert_eq!(grade(239), (Rung::Warn, Grade::Warn));
    assert_eq!(grade(263), (Rung::Warn, Grade::Warn));
    assert_eq!(grade(264), (Rung::Normal, Grade::Ample));
    assert_eq!(grade(39), (Rung::Warn, Grade::Critical));
    assert_eq!(grade(43), (Rung::Warn, Grade::Critical));
    assert_eq!(grade(44), (Rung::Warn, Grade::Warn));
    assert_eq!(grade(39), (Rung::Warn, Grade::Critical));
    assert_eq!(grade(1_000), (Rung::Normal, Grade::Ample));
}

#[test]
fn what_is_not_known_changes_no_grade() {
    let mut ladder = ladder(WhenFull::Hold);
    let mut grade = |autonomy| {
        let at = Sight {
            autonomy,
            ..sight(room(100, 0))
        };
        ladder.step(&at).grade
    };
    assert_eq!(grade(Autonomy::Unknown), Grade::Ample);
    assert_eq!(grade(Autonomy::Lasts(HOUR)), Grade::Critical);
    assert_eq!(grade(Autonomy::Unknown), Grade::Critical);
    assert_eq!(grade(Autonomy::Endless), Grade::Ample);
}

#[test]
fn above_four_fifths_the_safety_window_shrinks_by_what_is_too_much() {
    let mut ladder = ladder(WhenFull::Hold);
    let mut step = |used| {
        let standing = ladder.step(&sight(room(used, 500)));
        (standing.rung, standing.order)
    };
    assert_eq!(step(800), (Rung::Normal, Order::Keep));
    assert_eq!(step(830), (Rung::Pressed, Order::Free { bytes: 30 }));
    assert_eq!(step(790), (Rung::Pressed, Order::Keep));
    assert_eq!(step(700), (Rung::Pressed, Order::Keep));
    assert_eq!(step(699), (Rung::Normal, Order::Keep));
}

#[test]
fn a_disk_that_fills_presses_as_the_budget_does() {
    let mut ladder = ladder(WhenFull::Hold);
    let mut step = |free| {
        let standing = ladder.step(&sight(Room {
            free,
            ..room(100, 50)
        }));
        (standing.rung, standing.order)
    };
    assert_eq!(step(100), (Rung::Normal, Order::Keep));
    assert_eq!(step(70), (Rung::Pressed, Order::Free { bytes: 30 }));
    assert_eq!(step(149), (Rung::Pressed, Order::Keep));
    assert_eq!(step(150), (Rung::Normal, Order::Keep));
}

#[test]
fn a_journal_that_holds_frees_what_is_stored_and_gives_up_nothing() {
    let mut ladder = ladder(WhenFull::Hold);
    let all = Order::Free { bytes: u64::MAX };
    let mut step = |sight: Sight| {
        let standing = ladder.step(&sight);
        (standing.rung, standing.order)
    };
    assert_eq!(step(sight(room(990, 0))).0, Rung::Pressed);
    // There is something to delete yet.
    assert_eq!(step(refused(room(1_000, 300))), (Rung::Pressed, all));
    assert_eq!(step(refused(room(1_000, 0))), (Rung::Full, all));
    // A little was stored and deleted: it writes again, and soon refuses again.
    assert_eq!(step(sight(room(960, 0))).0, Rung::Full);
    assert_eq!(step(sight(room(950, 0))).0, Rung::Pressed);
    assert_eq!(step(sight(room(600, 0))), (Rung::Normal, Order::Keep));
}

#[test]
fn a_journal_that_drops_gives_up_the_oldest_before_it_refuses() {
    let mut ladder = ladder(WhenFull::DropOldest);
    let mut step = |sight: Sight| {
        let standing = ladder.step(&sight);
        (standing.rung, standing.order)
    };
    assert_eq!(
        step(sight(room(950, 0))),
        (Rung::Pressed, Order::Free { bytes: 150 })
    );
    assert_eq!(
        step(sight(room(970, 0))),
        (Rung::Full, Order::GiveUp { bytes: 20 })
    );
    // What is stored is enough.
    assert_eq!(
        step(sight(room(970, 100))),
        (Rung::Pressed, Order::Free { bytes: 170 })
    );
    let disk = Room {
        free: 10,
        ..room(500, 0)
    };
    assert_eq!(step(sight(disk)), (Rung::Full, Order::GiveUp { bytes: 40 }));
}

/// A quota is seen by nobody before it refuses.
#[test]
fn a_refusal_that_no_figure_explains_gives_up_a_segment_when_nothing_else_is_left() {
    let mut ladder = ladder(WhenFull::DropOldest);
    let mut step = |freeable| ladder.step(&refused(room(500, freeable))).order;
    assert_eq!(step(100), Order::Free { bytes: u64::MAX });
    assert_eq!(step(0), Order::GiveUp { bytes: 1 });
}

fn sights() -> impl Strategy<Value = Sight> {
    let room = (0..1_500_u64, 0..2_000_u64, 0..1_500_u64);
    let hours = prop_oneof![
        Just(Autonomy::Unknown),
        Just(Autonomy::Endless),
        (0..200_u32).prop_map(|hours| Autonomy::Lasts(hours * HOUR)),
    ];
    (room, hours, any::<bool>()).prop_map(|((used, free, freeable), autonomy, refused)| Sight {
        room: Room {
            used,
            budget: 1_000,
            free,
            freeable: freeable.min(used),
        },
        autonomy,
        refused,
    })
}

proptest! {
    #[test]
    fn whatever_is_seen_nothing_is_given_up_without_need(
        sights in prop::collection::vec(sights(), 1..60),
        drops in any::<bool>(),
    ) {
        let mut ladder = ladder(if drops { WhenFull::DropOldest } else { WhenFull::Hold });
        for sight in &sights {
            let standing = ladder.step(sight);
            let left = sight.room.left();
            if let Order::GiveUp { bytes } = standing.order {
                prop_assert!(drops);
                prop_assert_eq!(standing.rung, Rung::Full);
                prop_assert!(bytes > 0 && bytes <= HEADROOM);
                prop_assert!(left < HEADROOM || (sight.refused && sight.room.freeable == 0));
            }
            if drops && left < HEADROOM {
                prop_assert!(matches!(standing.order, Order::GiveUp { .. }), "{:?}", standing);
            }
            if standing.rung == Rung::Normal {
                prop_assert!(!sight.refused && standing.order == Order::Keep);
            }
            if sight.refused {
                prop_assert!(standing.order != Order::Keep);
            }
            let same = ladder.step(sight);
            prop_assert_eq!(same, standing, "the same sight twice is the same standing");
        }
    }
}
