//! Whatever the registers hold: what is there is found.

#![cfg(test)]

use gridos_modbus::guess::{Match, Reading, find, readings, texts};
use gridos_modbus::{Kind, Order};
use proptest::prelude::*;

fn kinds() -> impl Strategy<Value = Kind> {
    prop::sample::select(vec![
        Kind::U16,
        Kind::I16,
        Kind::U32,
        Kind::I32,
        Kind::F32,
        Kind::U64,
        Kind::I64,
        Kind::F64,
        Kind::Bcd16,
        Kind::Bcd32,
    ])
}

fn orders() -> impl Strategy<Value = Order> {
    prop::sample::select(Order::ALL.to_vec())
}

/// Registers as they are met: many zeros, small numbers, digits, letters, and anything.
fn words(most: usize) -> impl Strategy<Value = Vec<u16>> {
    let word = prop_oneof![
        Just(0),
        0..1_000_u16,
        any::<u16>(),
        Just(0xffff),
        0x2020..0x7a7a_u16
    ];
    prop::collection::vec(word, 4..most)
}

proptest! {
    #[test]
    fn whatever_is_there_is_found(words in words(20), kind in kinds(), order in orders(), at in 0..16_usize) {
        let value = words.get(at..).and_then(|words| kind.number(words, order));
        let Some((value, _)) = value.filter(|(value, _)| value.is_finite()) else {
            return Ok(());
        };
        let found = find(&words, value, 1e-9);
        let here = |found: &&Match| found.at == at && found.exponent == 0;
        prop_assert!(found.iter().find(here).is_some());
        for one in &found {
            let reach = if value == 0.0 { 1e-9 } else { value.abs() * 1e-9 };
            prop_assert!((one.value - value).abs() <= reach);
            let read = one.kind.number(&words[one.at..], one.order);
            prop_assert_eq!(read.map(|(read, _)| read * one.scale), Some(one.value));
        }
    }

    #[test]
    fn no_two_readings_of_one_length_are_the_same(words in words(12), at in 0..14_usize) {
        let readings = readings(&words, at);
        for (n, one) in readings.iter().enumerate() {
            let twice = |other: &&Reading| {
                other.kind.registers() == one.kind.registers() && other.value == one.value
            };
            prop_assert!(readings[n + 1..].iter().find(twice).is_none());
        }
    }

    #[test]
    fn texts_are_disjoint_and_inside(words in words(30)) {
        let mut end = 0;
        for text in texts(&words) {
            prop_assert!(text.at >= end && text.registers >= 2);
            end = text.at + text.registers;
        }
        prop_assert!(end <= words.len());
    }
}
