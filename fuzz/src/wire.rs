//! What arrives over a connection from somebody else.

use gridos_modbus::guess::{find, readings, texts};
use gridos_modbus::sunspec::{End, Walk};
use gridos_modbus::{Exception, FRAME_BYTES_MAX, Frame, Incoming, Reply};

use super::bytes::Bytes;

/// Any bytes that a device sends to a listener are frames, an error, or the beginning of a frame;
/// every request has an answer that is a frame of its own.
pub fn server(bytes: &[u8]) {
    let mut rest = bytes;
    while let Ok(Some((frame, length))) = Frame::parse(rest) {
        assert!(length <= FRAME_BYTES_MAX && length <= rest.len());
        // The end of a frame does not depend on what follows it.
        assert_eq!(Frame::parse(&rest[..length]), Ok(Some((frame, length))));
        assert!((7..length).all(|cut| Frame::parse(&rest[..cut]) == Ok(None)));
        let reply = answer(&frame);
        let answered = Frame::parse(reply.as_bytes());
        let Ok(Some((answered, bytes))) = answered else {
            panic!("the reply is no frame: {:?}", reply.as_bytes());
        };
        assert_eq!(bytes, reply.as_bytes().len());
        assert_eq!(
            (
                answered.transaction,
                answered.unit,
                answered.function() & 0x7f
            ),
            (frame.transaction, frame.unit, frame.function() & 0x7f)
        );
        rest = &rest[length..];
    }
}

fn answer(frame: &Frame<'_>) -> Reply {
    match Incoming::parse(frame.pdu) {
        Err(exception) => Reply::exception(frame, exception),
        Ok(Incoming::Read(addresses)) => {
            assert!(addresses.end() <= 1 << 16 && addresses.count() > 0);
            Reply::values(frame, addresses, std::iter::repeat(u16::MAX))
        }
        Ok(Incoming::Write(written)) => {
            let count = usize::from(written.addresses().count());
            assert_eq!(written.values().count(), count);
            Reply::acknowledgement(frame, &written)
        }
        Ok(Incoming::Exchange { written, read }) => {
            let count = usize::from(written.addresses().count());
            assert_eq!(written.values().count(), count);
            match written.values().next() {
                Some(_) => Reply::values(frame, read, 0..),
                None => Reply::exception(frame, Exception::IllegalValue),
            }
        }
    }
}

/// Any device, whatever it answers, is walked to an end; what it holds may be guessed at.
pub fn sunspec(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let (expected, tolerance) = (bytes.double(), bytes.double());
    let words: Vec<u16> = bytes
        .rest()
        .chunks_exact(2)
        .map(|two| u16::from_be_bytes([two[0], two[1]]))
        .collect();
    let found = chain(&words);
    assert!(found.end != End::NotYet);
    let mut names: Vec<String> = Vec::new();
    for model in found.points() {
        names.extend(model.points.into_iter().map(|point| point.name));
    }
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
    let block = &words[..words.len().min(64)];
    for at in 0..=block.len() {
        readings(block, at);
    }
    texts(block);
    find(block, expected, tolerance);
}

/// Walks a device whose registers from 40,000 on are `words`, and no others.
fn chain(words: &[u16]) -> gridos_modbus::sunspec::Discovery {
    let mut walk = Walk::default();
    let mut reads = 0;
    while let Some((start, count)) = walk.poll_read() {
        reads += 1;
        assert!((1..=125).contains(&count) && reads < 3_000);
        let at = usize::from(start).checked_sub(40_000);
        let asked = at.and_then(|at| words.get(at..at + usize::from(count)));
        match asked {
            Some(words) => walk.handle_words(words),
            None => walk.handle_exception(2),
        }
    }
    walk.finish()
}
