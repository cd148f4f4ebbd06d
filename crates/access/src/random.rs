//! Octets that nobody can guess.

use subtle::ConstantTimeEq as _;

/// The operating system gives no random octets.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operating system gives no random numbers: {0}")]
pub struct RandomError(#[from] getrandom::Error);

/// 256 bits that nobody can guess.
pub(crate) fn secret() -> Result<[u8; 32], RandomError> {
    let mut octets = [0; 32];
    getrandom::fill(&mut octets)?;
    Ok(octets)
}

/// Whether two texts are the same, found out in the same time whatever they are; not so their lengths.
pub fn is_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// `octets` in lower-case hexadecimal digits.
pub(crate) fn hex(octets: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble & 0xf)]);
    let digits = octets
        .iter()
        .flat_map(|octet| [digit(octet >> 4), digit(*octet)]);
    digits.collect()
}

/// The 32 octets that 64 digits, as [`hex`] writes them, stand for.
pub(crate) fn octets(digits: &str) -> Option<[u8; 32]> {
    let digits = digits.as_bytes();
    let mut octets = [0; 32];
    if digits.len() != 2 * octets.len() {
        return None;
    }
    for (octet, pair) in octets.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *octet = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(octets)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_differ_and_their_digits_read_back() {
        let (one, other) = (secret().unwrap(), secret().unwrap());
        assert_ne!(one, other);
        assert_eq!(octets(&hex(&one)), Some(one));
        assert_eq!(hex(&[0x0f, 0xa0]), "0fa0");
        assert_eq!(octets(&"0".repeat(63)), None);
        assert_eq!(octets(&"G".repeat(64)), None);
        assert_eq!(octets(&"é".repeat(32)), None);
    }
}
