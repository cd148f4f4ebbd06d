//! Little-endian numbers at the start of a slice.

/// Takes `N` octets off the start of `bytes`; `None` leaves them as they are.
#[inline(always)]
pub(crate) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

/// Takes an unsigned number of 1, 2 or 4 octets off the start of `bytes`.
pub(crate) fn take_unsigned(bytes: &mut &[u8], size: usize) -> Option<u32> {
    match size {
        1 => take::<1>(bytes).map(|[octet]| u32::from(octet)),
        2 => take(bytes).map(|octets| u32::from(u16::from_le_bytes(octets))),
        4 => take(bytes).map(u32::from_le_bytes),
        _ => None,
    }
}
