use std::task::Waker;

use gridos_dnp3::app::Response;
use gridos_dnp3::master::{Association, Received};
use gridos_model::{Quality, Timestamp};
use gridos_ring::Receipt;

use super::super::recent::Key;
use super::*;

/// Names as an association gives them.
fn tokens(count: u8) -> Vec<Token> {
    let now = Instant::now();
    let mut association = Association::new(std::sync::Arc::default(), 1);
    association.handle_connected(now);
    let mut tokens = Vec::new();
    for sequence in 0..count {
        // An unsolicited response with g2v1, point 0.
        let fragment = [0xF0 | sequence, 0x82, 0, 0, 2, 1, 0x17, 1, 0, 0x81];
        assert!(Response::parse(&fragment).is_ok());
        let Received::Deliver(delivery) = association.handle_fragment(now, &fragment) else {
            panic!("an event is delivered");
        };
        tokens.push(delivery.token);
    }
    tokens
}

/// A fragment of one event, which is remembered.
fn fragment(token: Token, depends: bool, recent: &mut Recent) -> (Fragment, Receipt) {
    let (receipt, receiver) = Receipt::pair();
    let time = Timestamp::from_millis(recent.len() as i64);
    let key = Key::of_number(0, Some(time), 1.0, Quality::GOOD);
    let part = Part {
        receiver,
        events: recent.remember([key]),
        letter: None,
    };
    let fragment = Fragment {
        token,
        wire: Instant::now(),
        parts: [part].into(),
        depends,
        is_refused: false,
        is_lost: false,
    };
    (fragment, receipt)
}

fn poll(pending: &mut Pending, recent: &mut Recent) -> Poll<Outcome> {
    pending.poll(&mut Context::from_waker(Waker::noop()), recent)
}

fn is_durable(outcome: Poll<Outcome>, token: Token) -> bool {
    matches!(outcome, Poll::Ready(Outcome::Durable(durable, _)) if durable == token)
}

#[test]
fn fragments_become_durable_in_order() {
    let (tokens, mut recent, mut pending) = (tokens(2), Recent::default(), Pending::default());
    let (first, first_receipt) = fragment(tokens[0], false, &mut recent);
    let (second, second_receipt) = fragment(tokens[1], false, &mut recent);
    pending.push(first);
    pending.push(second);
    second_receipt.redeem(2);
    assert_eq!(poll(&mut pending, &mut recent), Poll::Pending);
    first_receipt.redeem(1);
    assert!(is_durable(poll(&mut pending, &mut recent), tokens[0]));
    assert!(is_durable(poll(&mut pending, &mut recent), tokens[1]));
    assert!(pending.is_empty());
    assert_eq!(poll(&mut pending, &mut recent), Poll::Pending);
}

#[test]
fn who_dropped_what_was_lost_is_lost_as_well() {
    let (tokens, mut recent, mut pending) = (tokens(3), Recent::default(), Pending::default());
    let (first, first_receipt) = fragment(tokens[0], false, &mut recent);
    let (second, second_receipt) = fragment(tokens[1], false, &mut recent);
    let (third, third_receipt) = fragment(tokens[2], true, &mut recent);
    pending.push(first);
    pending.push(second);
    pending.push(third);
    drop(first_receipt);
    second_receipt.redeem(2);
    third_receipt.redeem(3);
    let lost = |token| Poll::Ready(Outcome::Lost(token));
    assert_eq!(poll(&mut pending, &mut recent), lost(tokens[0]));
    assert!(is_durable(poll(&mut pending, &mut recent), tokens[1]));
    assert_eq!(poll(&mut pending, &mut recent), lost(tokens[2]));
}

#[test]
fn a_fragment_without_batches_waits_for_those_before() {
    let (tokens, mut recent, mut pending) = (tokens(2), Recent::default(), Pending::default());
    let (first, first_receipt) = fragment(tokens[0], false, &mut recent);
    let (second, _) = fragment(tokens[1], true, &mut recent);
    pending.push(first);
    pending.push(Fragment {
        parts: VecDeque::new(),
        ..second
    });
    assert_eq!(poll(&mut pending, &mut recent), Poll::Pending);
    first_receipt.redeem(1);
    assert!(is_durable(poll(&mut pending, &mut recent), tokens[0]));
    assert!(is_durable(poll(&mut pending, &mut recent), tokens[1]));
}

#[test]
fn a_refused_fragment_is_told_of_once() {
    let (tokens, mut recent, mut pending) = (tokens(1), Recent::default(), Pending::default());
    let (first, receipt) = fragment(tokens[0], false, &mut recent);
    pending.push(Fragment {
        is_refused: true,
        ..first
    });
    receipt.redeem(1);
    assert_eq!(poll(&mut pending, &mut recent), Poll::Pending);
    assert!(pending.is_empty());
}
