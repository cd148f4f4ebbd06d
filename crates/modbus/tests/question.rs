//! Questions and their answers: every cut, every foreign byte.

#![cfg(test)]

use gridos_modbus::{
    Addresses, AnswerError, Exception, Frame, FrameError, Incoming, Question, Reply, Table, Told,
    Values,
};
use proptest::prelude::*;
use proptest::sample::select;

fn question() -> impl Strategy<Value = Question> {
    let table = select(Table::ALL.to_vec());
    let parts = (
        any::<u16>(),
        any::<u8>(),
        table,
        0_u16..60_000,
        1_u16..=2_000,
    );
    parts.prop_map(|(transaction, unit, table, start, count)| Question {
        transaction,
        unit,
        table,
        start,
        count: if table.is_bits() {
            count
        } else {
            count % 125 + 1
        },
    })
}

/// The answer of an independent side to the question's very bytes, with these values.
fn reply(question: &Question, values: &[u16]) -> Vec<u8> {
    let bytes = question.to_bytes();
    let (asked, end) = Frame::parse(&bytes).unwrap().unwrap();
    assert_eq!(end, Question::BYTES);
    assert_eq!(
        (asked.transaction, asked.unit),
        (question.transaction, question.unit)
    );
    let Ok(Incoming::Read(addresses)) = Incoming::parse(asked.pdu) else {
        panic!("{asked:?} reads nothing");
    };
    let is_asked = |a: &Addresses| (a.table(), a.start(), a.count());
    assert_eq!(
        is_asked(&addresses),
        (question.table, question.start, question.count)
    );
    let values = values.iter().copied();
    Reply::values(&asked, addresses, values).as_bytes().to_vec()
}

/// Values for the question that differ from each other, made of a seed.
fn values(question: &Question, seed: u64) -> Vec<u16> {
    let value = |at: u64| {
        let [low, high, ..] = (seed ^ at)
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .swap_bytes()
            .to_le_bytes();
        let word = u16::from_le_bytes([low, high]);
        if question.table.is_bits() {
            word & 1
        } else {
            word
        }
    };
    (0..u64::from(question.count)).map(value).collect()
}

/// The same as numbers, however they are kept.
fn numbers(values: &Values) -> Vec<u16> {
    match values.registers() {
        Some(words) => words.to_vec(),
        None => values.bits().unwrap().map(u16::from).collect(),
    }
}

fn told(question: &Question, bytes: &[u8]) -> Option<Vec<u16>> {
    match question.answer(bytes).unwrap()? {
        Told::Values(values) => {
            assert_eq!(values.registers().is_none(), question.table.is_bits());
            Some(numbers(&values))
        }
        Told::Refused(code) => panic!("refused with {code}"),
    }
}

proptest! {
    #[test]
    fn an_answer_is_known_at_its_last_byte(question in question(), seed: u64) {
        let values = values(&question, seed);
        let bytes = reply(&question, &values);
        for cut in 0..bytes.len() {
            prop_assert_eq!(told(&question, &bytes[..cut]), None, "cut at {}", cut);
        }
        prop_assert_eq!(told(&question, &bytes), Some(values));
        let more = [&bytes[..], &[0]].concat();
        prop_assert_eq!(question.answer(&more).unwrap_err(), AnswerError::More);
    }

    #[test]
    fn one_foreign_byte_before_the_values_is_noticed(
        question in question(),
        at in 0_usize..9,
        by in 1_u8..,
    ) {
        let mut bytes = reply(&question, &values(&question, 0));
        bytes[at] ^= by;
        // A byte may turn the values into an exception, or have more waited for.
        let answered = question.answer(&bytes);
        prop_assert!(!matches!(answered, Ok(Some(Told::Values(_)))), "{:?}", answered);
    }

    /// Whatever is taken as the answer says so of itself, at the place and length that the
    /// specifications give.
    #[test]
    fn nothing_else_is_taken(
        question in question(),
        known in 0_usize..=9,
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut bytes = noise;
        let honest = reply(&question, &values(&question, 1));
        let known = bytes.len().min(known);
        bytes[..known].copy_from_slice(&honest[..known]);
        for cut in 0..=bytes.len() {
            let bytes = &bytes[..cut];
            let Ok(Some(told)) = question.answer(bytes) else { continue };
            let [high, low] = question.transaction.to_be_bytes();
            prop_assert_eq!(&bytes[..4], &[high, low, 0, 0]);
            prop_assert_eq!(usize::from(u16::from_be_bytes([bytes[4], bytes[5]])), cut - 6);
            prop_assert_eq!(bytes[6], question.unit);
            let function = question.table.function_code();
            match told {
                Told::Values(values) => {
                    prop_assert_eq!((bytes[7], usize::from(bytes[8])), (function, cut - 9));
                    prop_assert_eq!(numbers(&values).len(), usize::from(question.count));
                }
                Told::Refused(code) => {
                    prop_assert_eq!(&bytes[7..], &[function | 0x80, code]);
                }
            }
        }
    }

    /// No answer has more than a frame can hold, whatever was asked for.
    #[test]
    fn no_count_is_too_large(
        count: u16,
        table in select(Table::ALL.to_vec()),
        follow in 0_u8..=251,
    ) {
        let question = Question { table, count, ..QUESTION };
        let head = [1, 2, 0, 0, 0, follow + 3, 7, table.function_code(), follow];
        let bytes = [&head[..], &vec![0xff; usize::from(follow)]].concat();
        let fits = match table.is_bits() {
            true => usize::from(count).div_ceil(8) == usize::from(follow),
            false => 2 * usize::from(count) == usize::from(follow),
        };
        match question.answer(&bytes) {
            Ok(Some(Told::Values(values))) => {
                prop_assert!(fits);
                prop_assert_eq!(numbers(&values).len(), usize::from(count));
            }
            answered => {
                prop_assert!(!fits);
                prop_assert!(matches!(answered, Err(AnswerError::Count { .. })), "{:?}", answered);
            }
        }
    }
}

const QUESTION: Question = Question {
    transaction: 0x0102,
    unit: 7,
    table: Table::HoldingRegister,
    start: 0x006b,
    count: 3,
};

/// The examples of the specification (V1.1b3, 6.1 to 6.4), with a header.
#[test]
fn the_specifications_own_examples() {
    let examples: [(Table, [u8; 5], &[u8]); 4] = [
        (Table::Coil, [1, 0, 0x13, 0, 0x13], &[1, 3, 0xcd, 0x6b, 5]),
        (
            Table::DiscreteInput,
            [2, 0, 0xc4, 0, 0x16],
            &[2, 3, 0xac, 0xdb, 0x35],
        ),
        (
            Table::HoldingRegister,
            [3, 0, 0x6b, 0, 3],
            &[3, 6, 2, 0x2b, 0, 0, 0, 0x64],
        ),
        (Table::InputRegister, [4, 0, 8, 0, 1], &[4, 2, 0, 0x0a]),
    ];
    let mut read = Vec::new();
    for (table, asked, answered) in examples {
        let question = Question {
            table,
            start: asked[2].into(),
            count: asked[4].into(),
            ..QUESTION
        };
        let frame = |pdu: &[u8]| {
            let length = u8::try_from(pdu.len() + 1).unwrap();
            [&[1, 2, 0, 0, 0, length, 7], pdu].concat()
        };
        assert_eq!(question.to_bytes().to_vec(), frame(&asked));
        read.push(told(&question, &frame(answered)).unwrap());
    }
    let [coils, inputs, holding, input] = &read[..] else {
        panic!("{read:?}");
    };
    // Outputs 27 to 20 are cd, the byte's most significant bit first; 38 to 36 the last ones.
    assert_eq!(coils[..8], [1, 0, 1, 1, 0, 0, 1, 1]);
    assert_eq!(coils[16..], [1, 0, 1]);
    assert_eq!(inputs[16..], [1, 0, 1, 0, 1, 1]);
    assert_eq!((&holding[..], &input[..]), (&[555, 0, 100][..], &[10][..]));
}

#[test]
fn a_refusal_is_told_with_its_code() {
    let bytes = QUESTION.to_bytes();
    let (asked, _) = Frame::parse(&bytes).unwrap().unwrap();
    for exception in Exception::ALL {
        let reply = Reply::exception(&asked, exception);
        let Ok(Some(Told::Refused(code))) = QUESTION.answer(reply.as_bytes()) else {
            panic!("{exception} is no refusal");
        };
        assert_eq!(code, exception.code());
    }
    let bare = [1, 2, 0, 0, 0, 2, 7, 0x83];
    let long = [1, 2, 0, 0, 0, 4, 7, 0x83, 2, 2];
    for (bytes, follow) in [(&bare[..], 0), (&long, 2)] {
        let wrong = AnswerError::Length { said: 1, follow };
        assert_eq!(QUESTION.answer(bytes).unwrap_err(), wrong);
    }
}

/// Nobody is waited for who only claims that more will come.
#[test]
fn what_is_no_modbus_is_refused_at_its_first_wrong_byte() {
    let wrong = |bytes: &[u8]| QUESTION.answer(bytes).unwrap_err();
    let protocol = FrameError::Protocol(0x4854);
    assert_eq!(wrong(b"  HT"), AnswerError::Frame(protocol));
    let long = FrameError::Length(0x0100);
    assert_eq!(wrong(&[1, 2, 0, 0, 1]), AnswerError::Frame(long));
    let empty = FrameError::Length(1);
    assert_eq!(wrong(&[1, 2, 0, 0, 0, 1]), AnswerError::Frame(empty));
    let full = FrameError::Length(255);
    assert_eq!(wrong(&[1, 2, 0, 0, 0, 255]), AnswerError::Frame(full));
}

#[test]
fn what_is_wrong_is_told_in_words() {
    let told = |bytes: &[u8]| QUESTION.answer(bytes).unwrap_err().to_string();
    let words = [
        (
            &[1, 2, 0, 0, 0, 9, 8, 3, 6, 0, 0, 0, 0, 0, 0][..],
            "it is of unit 8, not 7",
        ),
        (
            &[1, 3, 0, 0, 0, 9, 7, 3, 6, 0, 0, 0, 0, 0, 0],
            "it belongs to another request",
        ),
        (
            &[1, 2, 0, 0, 0, 9, 7, 4, 6, 0, 0, 0, 0, 0, 0],
            "it is of function 4, not 3",
        ),
        (
            &[1, 2, 0, 0, 0, 7, 7, 3, 4, 0, 0, 0, 0],
            "asked for 3 values, the answer has 2",
        ),
        (
            &[1, 2, 0, 0, 0, 8, 7, 3, 5, 0, 0, 0, 0, 0],
            "asked for 3 values, the answer has 2",
        ),
        (
            &[1, 2, 0, 0, 0, 9, 7, 3, 4, 0, 0, 0, 0, 0, 0],
            "it says that 4 bytes follow, and 6 do",
        ),
    ];
    for (bytes, expected) in words {
        assert_eq!(told(bytes), expected);
    }
}
