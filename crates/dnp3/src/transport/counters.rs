//! What the transport function has seen.

/// What a reassembler has made of its segments.
///
/// Every segment is accounted for: `segments` is the sum of `segments_delivered`, `duplicates`,
/// `segments_dropped`, and the segments of the fragment that is not yet complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransportCounters {
    /// Segments that arrived.
    pub segments: u64,
    /// Segments of fragments that were delivered.
    pub segments_delivered: u64,
    /// Segments that came twice and were taken once.
    pub duplicates: u64,
    /// Segments that came to nothing, by themselves or with the fragment they belonged to.
    pub segments_dropped: u64,
    /// Fragments delivered.
    pub fragments: u64,
    /// Bytes of fragments delivered.
    pub fragment_bytes: u64,
    /// Fragments given up as another one began.
    pub interrupted: u64,
    /// Fragments given up as a segment was out of sequence.
    pub out_of_sequence: u64,
    /// Fragments given up as they became too long.
    pub too_long: u64,
    /// Fragments given up as no more segments came in time.
    pub expired: u64,
    /// Fragments given up as the connection ended.
    pub disconnected: u64,
    /// Segments dropped as they continued nothing.
    pub orphans: u64,
    /// Segments dropped as they had other addresses than the fragment.
    pub other_addresses: u64,
    /// Segments dropped as they had not even a header.
    pub empty: u64,
    /// Fragments dropped as they were complete and had no bytes.
    pub without_bytes: u64,
}
