//! The walk along models that devices, honest and other, tell of.

#![cfg(test)]

use std::collections::BTreeMap;

use gridos_modbus::Kind;
use gridos_modbus::sunspec::{Discovery, End, Point, Walk};
use proptest::prelude::*;

/// Registers that are there; all others are exception 2.
type Registers = BTreeMap<u16, u16>;

fn walk(registers: &Registers) -> Discovery {
    let mut walk = Walk::default();
    let mut reads = 0;
    while let Some((start, count)) = walk.poll_read() {
        reads += 1;
        assert!((1..=125).contains(&count) && reads < 2_000);
        let words: Option<Vec<u16>> = (0..count)
            .map(|n| registers.get(&start.checked_add(n)?).copied())
            .collect();
        match words {
            Some(words) => walk.handle_words(&words),
            None => walk.handle_exception(2),
        }
    }
    walk.finish()
}

/// A device at `base` with these models.
fn device(base: u16, models: &[(u16, Vec<u16>)]) -> Registers {
    let mut words = vec![0x5375, 0x6e53];
    for (id, content) in models {
        words.extend([*id, u16::try_from(content.len()).unwrap()]);
        words.extend(content);
    }
    words.extend([0xffff, 0]);
    (base..).zip(words).collect()
}

fn common() -> (u16, Vec<u16>) {
    let mut words = vec![0; 66];
    for (at, text) in [(0, "GridOS"), (16, "Sim 5000"), (48, "S/N 17")] {
        for (word, pair) in words[at..].iter_mut().zip(text.as_bytes().chunks(2)) {
            *word = u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]);
        }
    }
    (1, words)
}

/// A three-phase inverter of 1,234.5 W, all else not implemented.
fn inverter() -> (u16, Vec<u16>) {
    let mut words = vec![0x8000; 50];
    (words[12], words[13]) = (12_345, 0xffff);
    words[36] = 4;
    (103, words)
}

#[test]
fn the_chain_is_walked_over_models_that_are_not_known() {
    for base in [40_000, 50_000, 0] {
        let found = walk(&device(
            base,
            &[common(), (64_999, vec![7; 300]), inverter()],
        ));
        assert_eq!((found.base, found.end), (Some(base), End::Marked));
        let models: Vec<_> = found
            .models
            .iter()
            .map(|model| (model.id, model.address - base, model.length))
            .collect();
        assert_eq!(models, [(1, 2, 66), (64_999, 70, 300), (103, 372, 50)]);
        assert!(found.models[1].words.is_empty());
        let points = found.points();
        assert_eq!(points[0].stated[2].text, "S/N 17");
        let power = points[1]
            .points
            .iter()
            .find(|p| p.name == "inverter_W")
            .unwrap();
        assert_eq!(
            (power.kind, power.unit, power.address),
            (Kind::I16, "W", base + 386)
        );
        assert_eq!(power.exponent.as_deref(), Some("inverter_W_SF"));
        assert_eq!(power.invalid, Some(0x8000));
        assert!(
            points[1]
                .absent
                .iter()
                .any(|point| point.name == "inverter_VA")
        );
    }
}

#[test]
fn texts_are_points_unless_they_are_empty() {
    let found = walk(&device(40_000, &[common()]));
    let points = found.points();
    let shape = |points: &[Point]| {
        let shape = |point: &Point| (point.name.clone(), point.address, point.kind);
        points.iter().map(shape).collect::<Vec<_>>()
    };
    let text = |name: &str, address, registers| (name.to_owned(), address, Kind::Text(registers));
    let mut present = shape(&points[0].points);
    present.retain(|(.., kind)| kind.is_text());
    let expected = [
        text("common_Mn", 40_004, 16),
        text("common_Md", 40_020, 16),
        text("common_SN", 40_052, 16),
    ];
    assert_eq!(present, expected);
    let absent = [text("common_Opt", 40_036, 8), text("common_Vr", 40_044, 8)];
    assert_eq!(shape(&points[0].absent), absent);
}

#[test]
fn an_exponent_that_is_not_there_scales_nothing() {
    let (id, mut words) = inverter();
    words[13] = 0x8000;
    let found = walk(&device(40_000, &[(id, words)]));
    let points = found.points();
    let power = points[0]
        .points
        .iter()
        .find(|p| p.name == "inverter_W")
        .unwrap();
    assert_eq!(power.exponent, None);
}

#[test]
fn repeated_groups_and_second_models_are_numbered() {
    let mppt = (160, vec![1; 8 + 2 * 20]);
    let found = walk(&device(40_000, &[mppt.clone(), mppt]));
    let points = found.points();
    let names = |n: usize| points[n].points.iter().map(|point| point.name.as_str());
    assert!(names(0).any(|name| name == "mppt_module1_DCW"));
    assert!(names(0).any(|name| name == "mppt_module2_DCW"));
    assert!(!names(0).any(|name| name.contains("module3")));
    assert!(names(1).any(|name| name == "mppt2_module2_DCW"));
    let of_second = &points[1].points;
    let power = of_second
        .iter()
        .find(|p| p.name == "mppt2_module1_DCW")
        .unwrap();
    assert_eq!(power.exponent.as_deref(), Some("mppt2_DCW_SF"));
}

#[test]
fn a_model_of_another_length_brings_what_fits() {
    let (id, words) = inverter();
    let short = walk(&device(40_000, &[(id, words[..15].to_vec())]));
    assert_eq!(short.end, End::Marked);
    assert!(short.points()[0].points.iter().all(|p| p.address < 40_019));
    let long = [words, vec![5; 9]].concat();
    assert_eq!(
        walk(&device(40_000, &[(id, long)])).points()[0].unknown_registers,
        9
    );
}

#[test]
fn broken_chains_end() {
    assert_eq!(walk(&Registers::new()).end, End::NotSunSpec);
    let mut cut = device(40_000, &[common()]);
    cut.remove(&40_071);
    let end = walk(&cut).end;
    assert_eq!(
        end,
        End::Refused {
            address: 40_070,
            code: 2
        }
    );
    let past = device(40_000, &[(64_999, vec![])]);
    let past: Registers = past.into_iter().chain([(40_003, 30_000)]).collect();
    assert_eq!(walk(&past).end, End::Endless);
    let empty: Registers = (0..=65_535).map(|at| (at, 0)).collect();
    let empty = empty
        .into_iter()
        .chain([(40_000, 0x5375), (40_001, 0x6e53)]);
    assert_eq!(walk(&empty.collect()).end, End::Endless);
    let mut broken = Walk::default();
    broken.handle_words(&[1]);
    assert_eq!(broken.found().end, End::Broken);
}

#[test]
fn a_part_that_is_refused_costs_only_its_model() {
    let mut holed = device(40_000, &[common(), inverter()]);
    holed.remove(&40_010);
    let found = walk(&holed);
    assert_eq!(found.end, End::Marked);
    assert_eq!((found.models[0].refused, found.models.len()), (Some(2), 2));
}

proptest! {
    #[test]
    fn no_device_makes_the_walk_panic_or_go_on_forever(
        models in prop::collection::vec((prop_oneof![Just(1_u16), Just(103), Just(160), Just(714), any::<u16>()], 0..200_u16), 0..8),
        words in prop::collection::vec(any::<u16>(), 200),
        spoilt in prop::collection::vec((0..1_500_u16, prop::option::of(any::<u16>())), 0..6),
    ) {
        let content = |(id, length): &(u16, u16)| (*id, words[..usize::from(*length)].to_vec());
        let models: Vec<_> = models.iter().map(content).collect();
        let mut registers = device(40_000, &models);
        for (at, word) in spoilt {
            match word {
                Some(word) => registers.insert(40_000 + at, word),
                None => registers.remove(&(40_000 + at)),
            };
        }
        let found = walk(&registers);
        prop_assert!(found.end != End::NotYet);
        let mut names = Vec::new();
        for of_model in found.points() {
            names.extend(of_model.points.iter().chain(&of_model.absent).map(|p| p.name.clone()));
            for point in &of_model.points {
                let inside = u32::from(of_model.model.address) + 2 + u32::from(of_model.model.length);
                prop_assert!(u32::from(point.address) + u32::from(point.kind.registers()) <= inside);
            }
        }
        let all = names.len();
        names.sort();
        names.dedup();
        prop_assert_eq!(names.len(), all);
    }
}
