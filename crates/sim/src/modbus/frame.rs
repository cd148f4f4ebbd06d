//! Requests and answers as bytes.

use super::device::{Device, Exception, Fault, Read, Table};

/// Bytes of the MBAP header up to and with the unit id.
const HEADER_BYTES: usize = 7;
/// Bytes of the longest frame: 6 of the header and 254 that its length field counts.
pub(crate) const FRAME_BYTES_MAX: usize = 260;
const REGISTERS_MAX: u16 = 125;
const BITS_MAX: u16 = 2_000;

/// One request as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    transaction: [u8; 2],
    unit: u8,
    function: u8,
    body: &'a [u8],
}

/// The bytes are no Modbus: the connection must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// What to do with the answer that was written to the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Send it, if it is not empty.
    Answer,
    /// Close the connection.
    Close,
}

/// The first frame of `input` and its length, or `None` if more bytes are needed.
pub(crate) fn parse(input: &[u8]) -> Result<Option<(Frame<'_>, usize)>, Malformed> {
    let [t0, t1, p0, p1, l0, l1, rest @ ..] = input else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([*l0, *l1]));
    if [*p0, *p1] != [0, 0] || !(2..=FRAME_BYTES_MAX - 6).contains(&length) {
        return Err(Malformed);
    }
    let Some([unit, function, body @ ..]) = rest.get(..length) else {
        return Ok(None);
    };
    let frame = Frame {
        transaction: [*t0, *t1],
        unit: *unit,
        function: *function,
        body,
    };
    Ok(Some((frame, 6 + length)))
}

/// Writes the answer of `device` to `frame` into the emptied `out`.
pub(crate) fn answer(frame: Frame<'_>, device: &dyn Device, out: &mut Vec<u8>) -> Outcome {
    let fault = device.fault(frame.unit);
    out.clear();
    out.extend(frame.transaction);
    out.extend([0, 0, 0, 0, frame.unit, frame.function]);
    let result = match fault {
        Some(Fault::Exception(exception)) => Err(exception),
        _ => content(frame, device, fault == Some(Fault::ShortReply), out),
    };
    if let Err(exception) = result {
        out.truncate(HEADER_BYTES);
        out.extend([frame.function | 0x80, exception as u8]);
    }
    let length = u16::try_from(out.len().saturating_sub(6)).unwrap_or(u16::MAX);
    out[4..6].copy_from_slice(&length.to_be_bytes());
    spoil(fault, out)
}

fn content(
    frame: Frame<'_>,
    device: &dyn Device,
    short: bool,
    out: &mut Vec<u8>,
) -> Result<(), Exception> {
    let table = Table::of_function(frame.function).ok_or(Exception::IllegalFunction)?;
    let [s0, s1, c0, c1] = frame.body else {
        return Err(Exception::IllegalValue);
    };
    let read = Read {
        unit: frame.unit,
        table,
        start: u16::from_be_bytes([*s0, *s1]),
        count: u16::from_be_bytes([*c0, *c1]),
    };
    let most = if table.is_bits() {
        BITS_MAX
    } else {
        REGISTERS_MAX
    };
    if !(1..=most).contains(&read.count) {
        return Err(Exception::IllegalValue);
    }
    if read.end() > 1 << 16 {
        return Err(Exception::IllegalAddress);
    }
    let at = out.len();
    out.push(0);
    if table.is_bits() {
        bits(read, device, out)?;
        out.truncate(out.len() - usize::from(short));
    } else {
        registers(read, device, out)?;
        out.truncate(out.len() - 2 * usize::from(short));
    }
    out[at] = u8::try_from(out.len() - at - 1).unwrap_or(u8::MAX);
    Ok(())
}

fn registers(read: Read, device: &dyn Device, out: &mut Vec<u8>) -> Result<(), Exception> {
    let mut words = [0; REGISTERS_MAX as usize];
    let words = &mut words[..usize::from(read.count)];
    device.registers(read, words)?;
    out.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    Ok(())
}

fn bits(read: Read, device: &dyn Device, out: &mut Vec<u8>) -> Result<(), Exception> {
    let mut bits = [false; BITS_MAX as usize];
    let bits = &mut bits[..usize::from(read.count)];
    device.bits(read, bits)?;
    let byte = |eight: &[bool]| {
        let bit = |(n, bit): (usize, &bool)| u8::from(*bit) << n;
        eight.iter().enumerate().map(bit).sum::<u8>()
    };
    out.extend(bits.chunks(8).map(byte));
    Ok(())
}

fn spoil(fault: Option<Fault>, out: &mut Vec<u8>) -> Outcome {
    match fault {
        Some(Fault::Silent) => out.clear(),
        Some(Fault::WrongUnit) => out[6] = out[6].wrapping_add(1),
        Some(Fault::WrongTransaction) => out[1] = out[1].wrapping_add(1),
        Some(Fault::HalfReply) => out.truncate(out.len() / 2),
        Some(Fault::Close) => return Outcome::Close,
        Some(Fault::ShortReply | Fault::Exception(_)) | None => {}
    }
    Outcome::Answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modbus::Memory;

    const READ_TWO: [u8; 12] = [0, 7, 0, 0, 0, 6, 1, 3, 0, 107, 0, 2];

    fn memory() -> Memory {
        let memory = Memory::default();
        memory.set_registers(Table::HoldingRegister, 107, &[0x0102, 0x0304]);
        memory.set_bits(
            Table::Coil,
            19,
            &[true, false, true, true, false, false, true, true, true],
        );
        memory
    }

    fn ask(request: &[u8], device: &Memory) -> Vec<u8> {
        let (frame, bytes) = parse(request).unwrap().unwrap();
        assert_eq!(bytes, request.len());
        let mut out = Vec::new();
        assert_eq!(answer(frame, device, &mut out), Outcome::Answer);
        out
    }

    #[test]
    fn registers_are_answered() {
        let expected = [0, 7, 0, 0, 0, 7, 1, 3, 4, 1, 2, 3, 4];
        assert_eq!(ask(&READ_TWO, &memory()), expected);
    }

    #[test]
    fn bits_are_packed_from_the_lowest() {
        let request = [0, 8, 0, 0, 0, 6, 1, 1, 0, 19, 0, 9];
        let expected = [0, 8, 0, 0, 0, 5, 1, 1, 2, 0b1100_1101, 1];
        assert_eq!(ask(&request, &memory()), expected);
    }

    #[test]
    fn a_frame_cut_anywhere_waits_for_more() {
        for end in 0..READ_TWO.len() {
            assert_eq!(parse(&READ_TWO[..end]), Ok(None), "{end}");
        }
    }

    #[test]
    fn what_is_no_modbus_is_refused() {
        let mut wrong = READ_TWO;
        wrong[3] = 1;
        assert_eq!(parse(&wrong), Err(Malformed));
        for length in [0_u16, 1, 255, u16::MAX] {
            let mut wrong = READ_TWO;
            wrong[4..6].copy_from_slice(&length.to_be_bytes());
            assert_eq!(parse(&wrong), Err(Malformed), "{length}");
        }
    }

    #[test]
    fn what_cannot_be_answered_is_an_exception() {
        for (function, start, count, code) in [
            (6, 107, 2, 1),
            (43, 0, 0, 1),
            (3, 106, 2, 2),
            (3, 108, 2, 2),
            (3, 65_535, 2, 2),
            (3, 107, 0, 3),
            (3, 107, 126, 3),
            (1, 19, 2_001, 3),
        ] {
            let mut request = READ_TWO;
            request[7] = function;
            request[8..10].copy_from_slice(&u16::to_be_bytes(start));
            request[10..12].copy_from_slice(&u16::to_be_bytes(count));
            let expected = [0, 7, 0, 0, 0, 3, 1, function | 0x80, code];
            assert_eq!(ask(&request, &memory()), expected);
        }
        let cut = [0, 7, 0, 0, 0, 5, 1, 3, 0, 107, 0];
        assert_eq!(ask(&cut, &memory())[7..], [0x83, 3]);
    }

    #[test]
    fn faults_spoil_the_answer() {
        let memory = memory();
        let spoilt = |fault| {
            memory.set_fault(Some(fault));
            ask(&READ_TWO, &memory)
        };
        assert_eq!(spoilt(Fault::Silent), []);
        assert_eq!(spoilt(Fault::WrongUnit)[6], 2);
        assert_eq!(spoilt(Fault::WrongTransaction)[..2], [0, 8]);
        assert_eq!(spoilt(Fault::ShortReply), [0, 7, 0, 0, 0, 5, 1, 3, 2, 1, 2]);
        assert_eq!(spoilt(Fault::HalfReply), [0, 7, 0, 0, 0, 7]);
        assert_eq!(spoilt(Fault::Exception(Exception::Busy))[7..], [0x83, 6]);
        memory.set_fault(Some(Fault::Close));
        let (frame, _) = parse(&READ_TWO).unwrap().unwrap();
        assert_eq!(answer(frame, &memory, &mut Vec::new()), Outcome::Close);
    }
}
