//! Questions and their answers: every cut, every foreign byte.

#![cfg(test)]
#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use gridos_modbus::{
    Addresses, AnswerError, Exception, Frame, Incoming, Question, Reply, Table, Told,
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
        1_u16..2_000,
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

/// The answer of an independent side to the question's very bytes, with the values of `value`.
fn reply(question: &Question, value: impl Fn(usize) -> u16) -> Vec<u8> {
    let bytes = question.to_bytes();
    let (asked, end) = Frame::parse(&bytes).unwrap().unwrap();
    assert_eq!(end, Question::BYTES);
    let Ok(Incoming::Read(addresses)) = Incoming::parse(asked.pdu) else {
        panic!("{asked:?} reads nothing");
    };
    let is_asked = |a: &Addresses| (a.table(), a.start(), a.count());
    assert_eq!(
        is_asked(&addresses),
        (question.table, question.start, question.count)
    );
    let values = (0..usize::from(question.count)).map(value);
    Reply::values(&asked, addresses, values).as_bytes().to_vec()
}

fn told(question: &Question, value: impl Fn(usize) -> u16) -> Told {
    let values = (0..usize::from(question.count)).map(value);
    match question.table.is_bits() {
        true => Told::Bits(values.map(|value| value != 0).collect()),
        false => Told::Registers(values.collect()),
    }
}

proptest! {
    #[test]
    fn an_answer_is_known_at_its_last_byte(question in question(), seed in any::<u16>()) {
        let value = |at: usize| match question.table.is_bits() {
            true => seed >> (at % 16) & 1,
            false => seed.wrapping_mul(at as u16 | 1),
        };
        let bytes = reply(&question, value);
        for cut in 0..bytes.len() {
            prop_assert_eq!(question.answer(&bytes[..cut]), Ok(None), "cut at {}", cut);
        }
        prop_assert_eq!(question.answer(&bytes), Ok(Some(told(&question, value))));
        let more = [&bytes[..], &[0]].concat();
        prop_assert_eq!(question.answer(&more), Err(AnswerError::More));
    }

    #[test]
    fn one_foreign_byte_before_the_values_is_noticed(
        question in question(),
        at in 0_usize..9,
        by in 1_u8..,
    ) {
        let mut bytes = reply(&question, |_| 0);
        bytes[at] ^= by;
        let answered = question.answer(&bytes);
        // A byte may turn the values into an exception, or have more wait for more.
        let is_taken = matches!(answered, Ok(Some(Told::Registers(_) | Told::Bits(_))));
        prop_assert!(!is_taken, "{:?}", answered);
    }

    #[test]
    fn whatever_comes_is_no_panic(
        question in question(),
        head in any::<bool>(),
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut bytes = noise;
        if head {
            let honest = reply(&question, |_| 1);
            let known = bytes.len().min(9);
            bytes[..known].copy_from_slice(&honest[..known]);
        }
        for cut in 0..=bytes.len() {
            if let Ok(Some(told)) = question.answer(&bytes[..cut]) {
                let values = match told {
                    Told::Registers(words) => words.len(),
                    Told::Bits(bits) => bits.len(),
                    Told::Refused(_) => question.count.into(),
                };
                prop_assert_eq!(values, usize::from(question.count));
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

/// The example of the specification (V1.1b3, 6.3), with a header.
#[test]
fn the_specifications_own_example() {
    let sent = [1, 2, 0, 0, 0, 6, 7, 3, 0, 0x6b, 0, 3];
    assert_eq!(QUESTION.to_bytes(), sent);
    let back = [1, 2, 0, 0, 0, 9, 7, 3, 6, 2, 0x2b, 0, 0, 0, 0x64];
    let told = Told::Registers(vec![555, 0, 100]);
    assert_eq!(QUESTION.answer(&back), Ok(Some(told)));
}

#[test]
fn a_refusal_is_told_with_its_code() {
    let bytes = QUESTION.to_bytes();
    let (asked, _) = Frame::parse(&bytes).unwrap().unwrap();
    for exception in Exception::ALL {
        let reply = Reply::exception(&asked, exception);
        let told = Told::Refused(exception.code());
        assert_eq!(QUESTION.answer(reply.as_bytes()), Ok(Some(told)));
    }
    let bare = [1, 2, 0, 0, 0, 2, 7, 0x83];
    let long = [1, 2, 0, 0, 0, 4, 7, 0x83, 2, 2];
    for (bytes, follow) in [(&bare[..], 0), (&long, 2)] {
        let wrong = AnswerError::Length { said: 1, follow };
        assert_eq!(QUESTION.answer(bytes), Err(wrong));
    }
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
