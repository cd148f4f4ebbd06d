//! What a hostile peer would send.

use gridos_dnp3::transport::{Header, TransportError};

use crate::bench::{Bench, FIN, FIR, ONLY};

#[test]
fn a_fragment_that_never_ends_is_never_kept() {
    for limit in [249, 300, 2_048, 65_536] {
        let mut bench = Bench::new(limit);
        let mut long = 0;
        bench.push(FIR, &[1; 249]).unwrap();
        for segment in 1..10_000 {
            let sequence = u8::try_from(segment % 64).unwrap();
            match bench.push(sequence, &[1; 249]) {
                Ok(None) | Err(TransportError::Orphan(_)) => {}
                Err(TransportError::Long { bytes, .. }) => {
                    assert_eq!(bytes, (limit / 249 + 1) * 249);
                    long += 1;
                }
                other => panic!("{other:?}"),
            }
            assert!(bench.reassembler.held_bytes() <= limit);
            assert!(bench.reassembler.allocated_bytes() <= limit);
        }
        // The one that began; the others were never begun.
        assert_eq!(long, 1);
        assert_eq!(bench.reassembler.held_bytes(), 0);
    }
}

#[test]
fn headers_alone_without_end_hold_nothing() {
    let mut bench = Bench::new(2_048);
    bench.push(FIR, &[]).unwrap();
    for segment in 1..100_000 {
        let sequence = u8::try_from(segment % 64).unwrap();
        assert_eq!(bench.push(sequence, &[]), Ok(None));
    }
    assert_eq!(bench.reassembler.held_bytes(), 0);
    assert_eq!(bench.reassembler.allocated_bytes(), 0);
}

#[test]
fn a_storm_of_fir_keeps_only_the_last() {
    let mut bench = Bench::new(2_048);
    for segment in 0..10_000_u32 {
        let sequence = u8::try_from(segment % 64).unwrap();
        assert_eq!(bench.push(FIR | sequence, &[1; 249]), Ok(None));
        assert_eq!(bench.reassembler.held_bytes(), 249);
    }
    assert_eq!(bench.reassembler.counters().interrupted, 9_999);
    assert!(bench.reassembler.allocated_bytes() <= 256);
}

#[test]
fn a_storm_of_fin_delivers_nothing() {
    let mut bench = Bench::new(2_048);
    for segment in 0..10_000_u32 {
        let header = FIN | u8::try_from(segment % 64).unwrap();
        let orphan = TransportError::Orphan(Header::decode(header));
        assert_eq!(bench.push(header, &[1; 249]), Err(orphan));
    }
    assert_eq!(bench.reassembler.counters().fragments, 0);
}

#[test]
fn a_segment_without_application_bytes_is_no_fragment() {
    let mut bench = Bench::new(2_048);
    let nothing = |header| Err(TransportError::Nothing(Header::decode(header)));
    assert_eq!(bench.push(ONLY | 9, &[]), nothing(ONLY | 9));
    bench.push(FIR, &[]).unwrap();
    bench.push(1, &[]).unwrap();
    assert_eq!(bench.push(FIN | 2, &[]), nothing(FIN | 2));
    let counters = bench.reassembler.counters();
    assert_eq!((counters.without_bytes, counters.segments_dropped), (2, 4));
    // Nor does it leave anything of an older fragment behind.
    bench.push(ONLY, &[1, 2, 3]).unwrap();
    assert_eq!(bench.push(ONLY, &[]), nothing(ONLY));
    assert_eq!(bench.push(ONLY, &[9]), Ok(Some(vec![9])));
}

#[test]
fn a_slow_drip_of_short_segments_ends_at_the_limit() {
    let mut bench = Bench::new(249);
    bench.push(FIR, &[0]).unwrap();
    for segment in 1..249_u64 {
        bench.seconds = segment * 4;
        let sequence = u8::try_from(segment % 64).unwrap();
        assert_eq!(bench.push(sequence, &[0]), Ok(None));
    }
    let sequence = u8::try_from(249 % 64).unwrap();
    assert!(matches!(
        bench.push(sequence, &[0]),
        Err(TransportError::Long { bytes: 250, .. })
    ));
    assert_eq!(bench.reassembler.held_bytes(), 0);
}

#[test]
fn duplicates_without_end_are_a_fragment_that_expires() {
    let mut bench = Bench::new(2_048);
    bench.push(FIR, &[1]).unwrap();
    bench.push(1, &[2]).unwrap();
    for second in 1..5 {
        bench.seconds = second;
        assert_eq!(bench.push(1, &[2]), Ok(None));
    }
    bench.seconds = 5;
    assert!(bench.push(1, &[2]).is_err());
    assert_eq!(bench.reassembler.counters().expired, 1);
}

#[test]
fn memory_goes_from_one_to_another_between_fragments_and_within_the_limit() {
    let (mut one, mut other, mut small) = (Bench::new(2_048), Bench::new(2_048), Bench::new(249));
    assert_eq!(one.push(FIR, &[1; 249]), Ok(None));
    assert_eq!(one.reassembler.give_memory(), None);
    assert_eq!(one.push(FIN | 1, &[1; 249]), Ok(Some(vec![1; 498])));
    let mut memory = one.reassembler.give_memory().unwrap();
    assert_eq!(one.reassembler.allocated_bytes(), 0);
    small.reassembler.take_memory(&mut memory);
    assert_eq!(small.reassembler.allocated_bytes(), 0);
    other.reassembler.take_memory(&mut memory);
    assert_eq!(
        (memory.capacity(), other.reassembler.allocated_bytes()),
        (0, 512)
    );
    assert_eq!(other.push(FIR | FIN, &[2; 3]), Ok(Some(vec![2; 3])));
    assert_eq!(other.push(FIR, &[3; 1]), Ok(None));
    let mut memory = vec![9; 100];
    other.reassembler.take_memory(&mut memory);
    assert_eq!(memory.len(), 100);
    assert_eq!(other.push(FIN | 1, &[3; 1]), Ok(Some(vec![3; 2])));
}
