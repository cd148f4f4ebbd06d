//! The nine rules of reassembly.

use gridos_dnp3::transport::{FragmentMax, Header, TransportError};

use crate::bench::{Bench, FIN, FIR, ONLY};

fn bench() -> Bench {
    Bench::new(2_048)
}

fn delivered(bytes: &[u8]) -> Result<Option<Vec<u8>>, TransportError> {
    Ok(Some(bytes.to_vec()))
}

fn orphan(header: u8) -> Result<Option<Vec<u8>>, TransportError> {
    Err(TransportError::Orphan(Header::decode(header)))
}

#[test]
fn rule_1_fir_begins_with_any_number() {
    let mut bench = bench();
    for sequence in 0..64 {
        let became = bench.push(ONLY | sequence, &[sequence, 1]);
        assert_eq!(became, delivered(&[sequence, 1]));
    }
    for sequence in [0, 1, 40, 63] {
        assert_eq!(bench.push(FIR | sequence, &[1]), Ok(None));
        let next = (sequence + 1) % 64;
        assert_eq!(bench.push(FIN | next, &[2]), delivered(&[1, 2]));
    }
    assert_eq!(bench.reassembler.counters().interrupted, 0);
}

#[test]
fn rule_1_fir_gives_an_unfinished_fragment_up() {
    let mut bench = bench();
    bench.push(FIR, &[1]).unwrap();
    bench.push(1, &[2]).unwrap();
    assert_eq!(bench.push(FIR | 2, &[3]), Ok(None));
    assert_eq!(bench.reassembler.held_bytes(), 1);
    assert_eq!(bench.push(FIN | 3, &[4]), delivered(&[3, 4]));
    bench.push(FIR, &[5]).unwrap();
    assert_eq!(bench.push(ONLY, &[6]), delivered(&[6]));
    let counters = bench.reassembler.counters();
    assert_eq!((counters.interrupted, counters.segments_dropped), (2, 3));
    assert_eq!((counters.fragments, counters.fragment_bytes), (2, 3));
}

#[test]
fn rule_2_without_fir_nothing_begins() {
    let mut bench = bench();
    for header in [0, 1, FIN, FIN | 63] {
        assert_eq!(bench.push(header, &[1]), orphan(header));
    }
    assert_eq!(bench.push(ONLY, &[1]), delivered(&[1]));
    assert_eq!(bench.push(1, &[2]), orphan(1));
    let counters = bench.reassembler.counters();
    assert_eq!((counters.orphans, counters.segments_dropped), (5, 5));
}

#[test]
fn rule_3_the_same_segment_once_more_is_ignored() {
    let mut bench = bench();
    bench.push(FIR | 7, &[1]).unwrap();
    for _ in 0..3 {
        assert_eq!(bench.push(8, &[2, 3]), Ok(None));
    }
    assert_eq!(bench.push(9, &[]), Ok(None));
    assert_eq!(bench.push(9, &[]), Ok(None));
    assert_eq!(bench.push(FIN | 10, &[4]), delivered(&[1, 2, 3, 4]));
    let counters = bench.reassembler.counters();
    assert_eq!((counters.duplicates, counters.segments_delivered), (3, 4));
}

#[test]
fn rule_3_the_same_number_with_other_bytes_is_out_of_sequence() {
    for (header, bytes) in [
        (8, &[2, 4][..]),
        (8, &[2]),
        (8, &[2, 3, 3]),
        (FIN | 8, &[2, 3]),
    ] {
        let mut bench = bench();
        bench.push(FIR | 7, &[1]).unwrap();
        bench.push(8, &[2, 3]).unwrap();
        let expected = 9;
        let header = Header::decode(header);
        assert_eq!(
            bench.push(header.encode(), bytes),
            Err(TransportError::Sequence { header, expected })
        );
    }
}

#[test]
fn rule_3_the_first_segment_once_more_begins_anew() {
    let mut bench = bench();
    bench.push(FIR, &[1]).unwrap();
    bench.push(FIR, &[1]).unwrap();
    assert_eq!(bench.push(FIN | 1, &[2]), delivered(&[1, 2]));
    assert_eq!(bench.reassembler.counters().interrupted, 1);
}

#[test]
fn rule_3_the_last_segment_once_more_continues_nothing() {
    let mut bench = bench();
    bench.push(FIR, &[1]).unwrap();
    assert_eq!(bench.push(FIN | 1, &[2]), delivered(&[1, 2]));
    assert_eq!(bench.push(FIN | 1, &[2]), orphan(FIN | 1));
}

#[test]
fn rule_4_the_next_number_continues_and_wraps() {
    let mut bench = bench();
    bench.push(FIR | 62, &[1, 1]).unwrap();
    bench.push(63, &[2]).unwrap();
    bench.push(0, &[3; 249]).unwrap();
    bench.push(1, &[]).unwrap();
    let fragment = [&[1, 1, 2][..], &[3; 249], &[4]].concat();
    assert_eq!(bench.push(FIN | 2, &[4]), delivered(&fragment));
}

#[test]
fn rule_5_any_other_number_gives_the_fragment_up() {
    for sequence in (0..64).filter(|sequence| *sequence != 11) {
        let mut bench = bench();
        bench.push(FIR | 9, &[1]).unwrap();
        bench.push(10, &[2]).unwrap();
        let header = Header::decode(FIN | sequence);
        let expected = 11;
        assert_eq!(
            bench.push(header.encode(), &[3]),
            Err(TransportError::Sequence { header, expected })
        );
        assert_eq!(bench.reassembler.held_bytes(), 0);
        // The right one comes too late, and only FIR begins again.
        assert_eq!(bench.push(FIN | 11, &[3]), orphan(FIN | 11));
        assert_eq!(bench.push(ONLY | 12, &[4]), delivered(&[4]));
        let counters = bench.reassembler.counters();
        assert_eq!(
            (counters.out_of_sequence, counters.segments_dropped),
            (1, 4)
        );
    }
}

#[test]
fn rule_6_segments_between_other_stations_do_not_mix() {
    let mut bench = bench();
    bench.push_from(10, 1, &[FIR, 1]).unwrap();
    for (source, destination) in [(11, 1), (10, 2), (1, 10), (10, 0xFFFF)] {
        let header = Header::decode(FIN | 1);
        assert_eq!(
            bench.push_from(source, destination, &[FIN | 1, 9]),
            Err(TransportError::OtherAddresses(header))
        );
    }
    let became = bench.push_from(10, 1, &[FIN | 1, 2]);
    assert_eq!(became, delivered(&[1, 2]));
    let counters = bench.reassembler.counters();
    assert_eq!(
        (counters.other_addresses, counters.segments_dropped),
        (4, 4)
    );
    // With FIR they begin a fragment of their own.
    bench.push_from(10, 0xFFFF, &[FIR, 3]).unwrap();
    let became = bench.push_from(10, 0xFFFF, &[FIN | 1, 4]);
    assert_eq!(became, delivered(&[3, 4]));
}

#[test]
fn rule_7_fin_delivers_and_clears() {
    let mut bench = bench();
    assert_eq!(bench.push(ONLY | 5, &[1, 2]), delivered(&[1, 2]));
    assert_eq!(bench.reassembler.held_bytes(), 0);
    assert_eq!(bench.push(FIN | 6, &[3]), orphan(FIN | 6));
}

#[test]
fn rule_7_the_last_segment_may_be_a_header_alone() {
    let mut bench = bench();
    bench.push(FIR, &[1; 249]).unwrap();
    assert_eq!(bench.push(FIN | 1, &[]), delivered(&[1; 249]));
}

#[test]
fn rule_7_user_data_have_a_header() {
    let mut bench = bench();
    bench.push(FIR, &[1]).unwrap();
    assert_eq!(bench.push_from(10, 1, &[]), Err(TransportError::Empty));
    assert_eq!(bench.push(FIN | 1, &[2]), delivered(&[1, 2]));
    assert_eq!(bench.reassembler.counters().empty, 1);
}

#[test]
fn rule_7_segments_of_any_length_add_up() {
    let mut bench = bench();
    for length in 0..=249_u8 {
        bench.push(FIR | 3, &[length]).unwrap();
        bench.push(4, &vec![7; usize::from(length)]).unwrap();
        let fragment = [&[length][..], &vec![7; usize::from(length)], &[9]].concat();
        assert_eq!(bench.push(FIN | 5, &[9]), delivered(&fragment));
    }
}

#[test]
fn rule_8_a_fragment_may_have_the_limit_and_no_byte_more() {
    let limit = FragmentMax::new(2_048).unwrap();
    let mut bench = bench();
    for more in [0, 1] {
        bench.push(FIR, &[1; 249]).unwrap();
        for sequence in 1..8 {
            bench.push(sequence, &[1; 249]).unwrap();
        }
        let became = bench.push(FIN | 8, &vec![1; 56 + more]);
        if more == 0 {
            assert_eq!(became, delivered(&[1; 2_048]));
        } else {
            let header = Header::decode(FIN | 8);
            let bytes = 2_049;
            assert_eq!(
                became,
                Err(TransportError::Long {
                    header,
                    bytes,
                    limit
                })
            );
        }
    }
    assert_eq!(bench.push(9, &[1]), orphan(9));
    assert_eq!(bench.push(ONLY, &[1]), delivered(&[1]));
    let counters = bench.reassembler.counters();
    assert_eq!((counters.too_long, counters.segments_dropped), (1, 10));
    assert_eq!(bench.reassembler.allocated_bytes(), 2_048);
}

#[test]
fn rule_9_a_fragment_waits_only_so_long_for_its_next_segment() {
    let mut bench = bench();
    assert_eq!(bench.due(), None);
    bench.push(FIR, &[1]).unwrap();
    assert_eq!(bench.due(), Some(5));
    bench.seconds = 4;
    assert!(!bench.expire());
    bench.push(1, &[2]).unwrap();
    assert_eq!(bench.due(), Some(9));
    bench.seconds = 8;
    // What was there already does not prolong it.
    bench.push(1, &[2]).unwrap();
    assert_eq!(bench.due(), Some(9));
    bench.seconds = 9;
    assert!(bench.expire());
    assert_eq!((bench.due(), bench.expire()), (None, false));
    assert_eq!(bench.push(FIN | 2, &[3]), orphan(FIN | 2));
    let counters = bench.reassembler.counters();
    assert_eq!((counters.expired, counters.segments_dropped), (1, 3));
}

#[test]
fn rule_9_a_segment_that_comes_too_late_continues_nothing() {
    let mut bench = bench();
    bench.push(FIR, &[1]).unwrap();
    bench.seconds = 5;
    assert_eq!(bench.push(FIN | 1, &[2]), orphan(FIN | 1));
    bench.push(FIR, &[1]).unwrap();
    bench.seconds = 10;
    assert_eq!(bench.push(ONLY, &[2]), delivered(&[2]));
    let counters = bench.reassembler.counters();
    assert_eq!((counters.expired, counters.interrupted), (2, 0));
}

#[test]
fn rule_9_a_fragment_ends_with_its_connection() {
    let mut bench = bench();
    bench.push(FIR, &[1]).unwrap();
    bench.push(1, &[1]).unwrap();
    bench.reassembler.reset();
    bench.check();
    assert_eq!(bench.push(FIN | 2, &[2]), orphan(FIN | 2));
    bench.reassembler.reset();
    let counters = bench.reassembler.counters();
    assert_eq!((counters.disconnected, counters.segments_dropped), (1, 3));
}
