//! Common times of occurrence, and what they are worth.

use gridos_dnp3::app::{CommonTime, PointTime, Response, TimeQuality};

use crate::build::{hex, points, readings, response};
use crate::golden::T;

const EVENT: &str = "02 03 17 01 05 81 0A 00";

fn times(objects: &str) -> Vec<Option<PointTime>> {
    let fragment = response(&hex(objects));
    let times: Vec<_> = points(&fragment).iter().map(|point| point.time).collect();
    let numbers = readings(&fragment).into_iter().map(|reading| reading.time);
    assert!(numbers.eq(times.iter().map(|time| time.map(|time| time.milliseconds))));
    times
}

fn at(milliseconds: u64, is_synchronised: bool) -> Option<PointTime> {
    Some(PointTime {
        milliseconds,
        is_synchronised,
    })
}

#[test]
fn without_a_common_time_there_is_none() {
    assert_eq!(times(EVENT), [None]);
    assert_eq!(times("04 03 17 01 05 C1 0A 00"), [None]);
}

#[test]
fn each_common_time_holds_until_the_next() {
    let synchronised = "33 01 07 01 00 68 E5 CF 8B 01";
    let unsynchronised = "33 02 07 01 00 68 E6 CF 8B 01";
    let objects = [EVENT, synchronised, EVENT, EVENT, unsynchronised, EVENT].join(" ");
    assert_eq!(
        times(&objects),
        [
            None,
            at(T + 10, true),
            at(T + 10, true),
            at(T + 65_536 + 10, false),
        ]
    );
}

#[test]
fn the_largest_times_do_not_wrap() {
    let objects = "33 01 07 01 FF FF FF FF FF FF 02 03 17 01 05 81 FF FF";
    assert_eq!(times(objects), [at((1 << 48) - 1 + 65_535, true)]);
    let absolute = "02 02 17 01 05 81 FF FF FF FF FF FF";
    assert_eq!(times(absolute), [at((1 << 48) - 1, true)]);
}

#[test]
fn of_several_in_one_header_the_last_holds() {
    let objects = "33 01 07 02 00 00 00 00 00 00 00 68 E5 CF 8B 01 02 03 17 01 05 81 01 00";
    assert_eq!(times(objects), [at(T + 1, true)]);
}

#[test]
fn a_fragment_begins_without_one() {
    let fragment = response(&hex("33 01 07 01 00 68 E5 CF 8B 01"));
    let mut common = CommonTime::NONE;
    for header in Response::parse(&fragment).unwrap().headers() {
        assert!(common.observe(&header.unwrap()));
    }
    assert_eq!(common.base(), at(T, true));
    assert_eq!(CommonTime::default(), CommonTime::NONE);
}

#[test]
fn quality_is_that_of_the_header() {
    let quality = |objects: &str, common| {
        let objects = hex(objects);
        crate::build::header(&objects).time_quality(common)
    };
    let unsynchronised = CommonTime::at(PointTime {
        milliseconds: 0,
        is_synchronised: false,
    });
    assert_eq!(quality(EVENT, unsynchronised), TimeQuality::Unsynchronised);
    assert_eq!(quality(EVENT, CommonTime::NONE), TimeQuality::None);
    let absolute = "02 02 17 01 05 81 00 00 00 00 00 00";
    assert_eq!(quality(absolute, unsynchronised), TimeQuality::Synchronised);
    assert_eq!(
        quality("02 01 17 01 05 81", unsynchronised),
        TimeQuality::None
    );
    assert_eq!(
        quality("01 01 00 00 00 01", unsynchronised),
        TimeQuality::None
    );
    assert_eq!(
        quality("6E 01 00 00 00 41", unsynchronised),
        TimeQuality::None
    );
}
