//! The checksum of headers and blocks: CRC-16/DNP.

/// The generator 0x3D65 with its bits reversed, as the register shifts right.
const POLYNOMIAL: u16 = 0xA6BC;

/// No checksum of a frame covers more bytes (IEEE 1815-2012, 9.2.4).
const BLOCK_BYTES: usize = 16;

/// `TABLES[after][byte]` is what `byte` adds to the register if `after` more bytes follow it. As
/// the register begins at 0, the bytes of a block add up without waiting for one another.
static TABLES: [[u16; 256]; BLOCK_BYTES] = tables();

/// The checksum of `bytes`: reflected, begun with 0, inverted at the end. It stands in a frame
/// with its low byte first.
pub fn crc(bytes: &[u8]) -> u16 {
    let mut blocks = bytes.chunks(BLOCK_BYTES);
    let first = blocks.next().map_or(0, sum);
    !blocks.fold(first, after)
}

/// The checksum of exactly `N` bytes, at most 16: a whole block, or the header before its checksum.
#[inline]
pub(super) fn crc_of<const N: usize>(bytes: &[u8; N]) -> u16 {
    const { assert!(N <= BLOCK_BYTES) };
    let sum = (0..N).fold(0, |sum, at| {
        sum ^ TABLES[N - 1 - at][usize::from(bytes[at])]
    });
    !sum
}

/// The register after the first block, of at most 16 bytes.
#[inline]
fn sum(block: &[u8]) -> u16 {
    let tables = TABLES[..block.len().min(BLOCK_BYTES)].iter().rev();
    let summands = block.iter().zip(tables);
    summands.fold(0, |sum, (byte, table)| sum ^ table[usize::from(*byte)])
}

/// The register after a further block.
fn after(register: u16, block: &[u8]) -> u16 {
    let shift = |register: u16, byte| {
        let [low, high] = register.to_le_bytes();
        u16::from(high) ^ TABLES[0][usize::from(low ^ byte)]
    };
    block
        .iter()
        .fold(register, |register, byte| shift(register, *byte))
}

const fn tables() -> [[u16; 256]; BLOCK_BYTES] {
    let mut tables = [[0; 256]; BLOCK_BYTES];
    let mut byte = 0;
    let mut register = 0;
    while byte < 256 {
        tables[0][byte] = shifted(register);
        byte += 1;
        register += 1;
    }
    let mut after = 1;
    while after < BLOCK_BYTES {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[after - 1][byte];
            tables[after][byte] = before >> 8 ^ tables[0][(before & 0xFF) as usize];
            byte += 1;
        }
        after += 1;
    }
    tables
}

/// The register after eight shifts.
const fn shifted(mut register: u16) -> u16 {
    let mut bit = 0;
    while bit < 8 {
        let out = register & 1;
        register >>= 1;
        if out == 1 {
            register ^= POLYNOMIAL;
        }
        bit += 1;
    }
    register
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bit by bit, as the standard defines it.
    fn defined(bytes: &[u8]) -> u16 {
        !bytes
            .iter()
            .fold(0, |register, byte| shifted(register ^ u16::from(*byte)))
    }

    fn shifted(register: u16) -> u16 {
        (0..8).fold(register, |register, _| {
            register >> 1 ^ if register & 1 == 1 { 0xA6BC } else { 0 }
        })
    }

    #[test]
    fn published_values() {
        assert_eq!(crc(b"123456789"), 0xEA82);
        let header = [0x05, 0x64, 0x05, 0xC0, 0x01, 0x00, 0x00, 0x04];
        assert_eq!(crc(&header), 0x21E9);
        assert_eq!(crc_of(&header), 0x21E9);
        assert_eq!(crc(&[]), 0xFFFF);
    }

    #[test]
    fn bytes_with_their_checksum_always_leave_the_same_residue() {
        for length in 0..=40 {
            let mut bytes: Vec<u8> = (0..length).map(|at: u8| at.wrapping_mul(37) ^ 5).collect();
            bytes.extend(crc(&bytes).to_le_bytes());
            assert_eq!(crc(&bytes), 0x993A, "{length}");
        }
    }

    proptest! {
        #[test]
        fn tables_agree_with_the_definition(bytes in prop::collection::vec(any::<u8>(), 0..70)) {
            prop_assert_eq!(crc(&bytes), defined(&bytes));
        }

        #[test]
        fn a_whole_block_agrees_with_the_definition(bytes: [u8; 16]) {
            prop_assert_eq!(crc_of(&bytes), defined(&bytes));
        }
    }
}
