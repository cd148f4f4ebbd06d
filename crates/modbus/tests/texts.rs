//! Texts: planned with the numbers around them, and told when they are news.

#![cfg(test)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_modbus::{
    Answer, DecodeError, Image, Incoming, Kind, Memory, Order, Plan, PlanLimits, RegisterPoint,
    Report, Span, Stamp, Table,
};
use gridos_model::{
    Batch, Directory, DirectoryBuilder, Point, Quality, Readings, TimeQuality, Timestamp,
};

const NOON: Timestamp = Timestamp::from_millis(1_795_435_200_000);

fn number(name: &str, address: u16) -> RegisterPoint {
    RegisterPoint::new(name, Table::HoldingRegister, address, Kind::U16)
}

fn text(name: &str, address: u16, registers: u16) -> RegisterPoint {
    RegisterPoint::new(name, Table::HoldingRegister, address, Kind::Text(registers))
}

fn reported(name: &str, address: u16) -> RegisterPoint {
    RegisterPoint {
        report: Some(Report {
            deadband: 0.0,
            at_least: Duration::from_secs(60),
            edges: Arc::default(),
        }),
        ..number(name, address)
    }
}

fn planned(points: Vec<RegisterPoint>) -> Plan {
    Plan::new(points, &PlanLimits::default()).unwrap()
}

fn directory(plan: &Plan) -> Directory {
    let points = plan.points().iter().map(|point| {
        if point.kind.is_text() {
            Point::text(&point.name)
        } else {
            Point::new(&point.name, "")
        }
    });
    let swept = plan.requests().iter().map(|request| request.sweep_points());
    let groups: Vec<_> = swept.filter(|points| !points.is_empty()).collect();
    let mut builder = DirectoryBuilder::default();
    builder.add("d", points.collect(), &groups).unwrap();
    builder.build()
}

/// What is told of `words`: name, text and quality.
fn told(
    plan: &Plan,
    request: usize,
    words: &[u16],
    memory: &mut Memory,
    stamp: &Stamp,
) -> Vec<(String, String, Quality)> {
    let directory = directory(plan);
    let whole = directory.devices()[0].whole();
    let request = &plan.requests()[request];
    let answer = Answer::registers(words);
    let has_news = request.has_new_text(answer, memory, stamp).unwrap();
    let mut batch = Batch::default();
    batch.start_texts(whole, NOON);
    request
        .tell_texts(answer, memory, stamp, &mut batch)
        .unwrap();
    assert_eq!(has_news, !batch.is_empty());
    let Some(Readings::Texts(texts)) = batch.readings() else {
        panic!("no texts");
    };
    assert!(texts.times.iter().all(|time| *time == stamp.time));
    let name = |at: &u32| whole.points()[*at as usize].name().to_owned();
    let names = texts.points.iter().map(name);
    let told = names.zip(texts.texts.iter()).enumerate();
    told.map(|(nth, (name, text))| {
        let quality = texts.qualities.get(nth).copied().unwrap_or_default();
        (name, text.to_owned(), quality)
    })
    .collect()
}

fn good(rows: &[(&str, &str)]) -> Vec<(String, String, Quality)> {
    let good =
        |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned(), Quality::GOOD);
    rows.iter().map(good).collect()
}

fn mixed() -> Plan {
    planned(vec![
        text("serial", 0, 2),
        number("a", 2),
        reported("b", 3),
        text("version", 4, 2),
        number("c", 6),
        text("far", 500, 125),
    ])
}

#[test]
fn texts_stand_behind_the_numbers_of_their_request() {
    let plan = mixed();
    let names: Vec<_> = plan.points().iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["a", "c", "b", "serial", "version", "far"]);
    let near = &plan.requests()[0];
    assert_eq!(
        (near.start(), near.count(), near.points()),
        (0, 7, 0..6 - 1)
    );
    assert_eq!(near.sweep_points(), 0..2);
    assert_eq!(near.reported_points(), 2..3);
    assert_eq!(near.text_points(), 3..5);
    let far = &plan.requests()[1];
    assert_eq!((far.start(), far.count()), (500, 125));
    assert_eq!(far.sweep_points(), 5..5);
    assert_eq!(far.reported_points(), 5..5);
    assert_eq!(far.text_points(), 5..6);
    // The numbers are read from around the texts.
    let directory = directory(&plan);
    let words = [0x5331, 0x3031, 7, 8, 0x7631, 0, 9];
    let mut memory = plan.memory();
    let mut batch = Batch::default();
    let layout = &directory.devices()[0].groups()[0];
    batch.start_sweep(layout, NOON, TimeQuality::Synchronised, NOON);
    let answer = Answer::registers(&words);
    near.sweep(answer, &mut memory, &mut batch).unwrap();
    assert_eq!(batch.check(), Ok(()));
    assert_eq!(batch.readings().unwrap().values(), [7.0, 9.0]);
    batch.start_events(directory.devices()[0].whole(), NOON);
    let stamp = Stamp::of_engine(NOON);
    near.report(answer, &mut memory, &stamp, Instant::now(), &mut batch)
        .unwrap();
    assert_eq!(batch.readings().unwrap().values(), [8.0]);
}

#[test]
fn a_text_is_never_split_and_counts_as_all_of_its_registers() {
    // 60 + 8 + 60 registers are more than one request.
    let plan = planned(vec![text("a", 0, 60), text("b", 68, 60)]);
    let spans: Vec<_> = plan
        .requests()
        .iter()
        .map(|r| (r.start(), r.count()))
        .collect();
    assert_eq!(spans, [(0, 60), (68, 60)]);
    let plan = planned(vec![text("a", 0, 60), text("b", 68, 57), number("c", 133)]);
    let spans: Vec<_> = plan
        .requests()
        .iter()
        .map(|r| (r.start(), r.count()))
        .collect();
    assert_eq!(spans, [(0, 125), (133, 1)]);
}

#[test]
fn a_text_is_told_at_first_and_when_it_changes() {
    let plan = mixed();
    let mut memory = plan.memory();
    let stamp = Stamp::of_engine(NOON);
    let mut words = [0x5331, 0x3031, 7, 8, 0x7631, 0, 9];
    let first = told(&plan, 0, &words, &mut memory, &stamp);
    assert_eq!(first, good(&[("serial", "S101"), ("version", "v1")]));
    words[2] = 70;
    // Filled with spaces instead of zeros, it is the same text.
    words[5] = 0x2020;
    assert_eq!(told(&plan, 0, &words, &mut memory, &stamp), []);
    words[4] = 0x7632;
    let change = told(&plan, 0, &words, &mut memory, &stamp);
    assert_eq!(change, good(&[("version", "v2")]));
    // The other request has its own place in the memory.
    let mut far = [0; 125];
    far[0] = 0xff41;
    let escaped = told(&plan, 1, &far, &mut memory, &stamp);
    let text = ("far".to_owned(), "\\xffA".to_owned(), Quality::TEXT_ESCAPED);
    assert_eq!(escaped, [text]);
    assert_eq!(told(&plan, 1, &far, &mut memory, &stamp), []);
    plan.requests()[0].forget_texts(&mut memory);
    let again = told(&plan, 0, &words, &mut memory, &stamp);
    assert_eq!(again, good(&[("serial", "S101"), ("version", "v2")]));
    assert_eq!(told(&plan, 1, &far, &mut memory, &stamp), []);
}

#[test]
fn what_is_known_against_a_text_is_news_as_well() {
    let plan = mixed();
    let mut memory = plan.memory();
    let stamp = Stamp::of_engine(NOON);
    let words = [0x5331, 0x3031, 7, 8, 0x7631, 0, 9];
    assert_eq!(told(&plan, 0, &words, &mut memory, &stamp).len(), 2);
    memory.refuse(&plan.requests()[0].points(), &[3]);
    let refused = told(&plan, 0, &words, &mut memory, &stamp);
    let none = ("serial".to_owned(), String::new(), Quality::DEVICE_ERROR);
    assert_eq!(refused, [none]);
    assert_eq!(told(&plan, 0, &words, &mut memory, &stamp), []);
    memory.refuse(&plan.requests()[0].points(), &[]);
    let back = told(&plan, 0, &words, &mut memory, &stamp);
    assert_eq!(back, good(&[("serial", "S101")]));
    let doubted = Stamp {
        time_quality: TimeQuality::Unsynchronised,
        ..stamp
    };
    let all = told(&plan, 0, &words, &mut memory, &doubted);
    let qualities: Vec<_> = all.iter().map(|(.., quality)| *quality).collect();
    assert_eq!(qualities, [Quality::CLOCK_UNSYNCHRONISED; 2]);
}

#[test]
fn an_answer_that_does_not_fit_tells_no_text() {
    let plan = mixed();
    let request = &plan.requests()[0];
    let mut memory = plan.memory();
    let directory = directory(&plan);
    let mut batch = Batch::default();
    batch.start_texts(directory.devices()[0].whole(), NOON);
    let stamp = Stamp::of_engine(NOON);
    let short = Answer::registers(&[0; 6]);
    let told = request.tell_texts(short, &mut memory, &stamp, &mut batch);
    assert!(matches!(told, Err(DecodeError::Count { answered: 6, .. })));
    assert!(batch.is_empty());
    let news = request.has_new_text(short, &memory, &stamp);
    assert!(matches!(news, Err(DecodeError::Count { answered: 6, .. })));
}

#[test]
fn a_text_has_nothing_that_numbers_are_judged_by() {
    let fault = |point: RegisterPoint| {
        let refused = Plan::new(vec![point], &PlanLimits::default()).unwrap_err();
        refused.to_string()
    };
    let plain = || text("t", 0, 4);
    let judged = "point 't' is a text, which has no unit, scale, offset, invalid codes, states, \
                  range, exponent or report; remove them";
    let unit = "kV".to_owned();
    for point in [
        RegisterPoint { unit, ..plain() },
        RegisterPoint {
            scale: 2.0,
            ..plain()
        },
        RegisterPoint {
            offset: 1.0,
            ..plain()
        },
        RegisterPoint {
            invalid: vec![0],
            ..plain()
        },
        RegisterPoint {
            states: vec![1],
            ..plain()
        },
        RegisterPoint {
            span: Some(Span::new(0.0, 1.0)),
            ..plain()
        },
        RegisterPoint {
            report: reported("r", 0).report,
            ..plain()
        },
    ] {
        assert_eq!(fault(point), judged);
    }
    for order in [Order::CDAB, Order::DCBA] {
        let what = "point 't' is a text, whose registers are in their own order; use abcd or badc";
        assert_eq!(fault(RegisterPoint { order, ..plain() }), what);
    }
    for registers in [0, 126] {
        let what = "point 't' cannot be of kind string in the table holding_register; use bit0 to bit15 or \
                    a kind of registers, of a text 1 to 125";
        assert_eq!(fault(text("t", 0, registers)), what);
    }
    let past = fault(text("t", 65_530, 7));
    assert_eq!(
        past,
        "point 't' at address 65530 of kind string reaches past address 65535"
    );
    let limits = PlanLimits {
        max_registers: 10,
        ..PlanLimits::default()
    };
    let long = Plan::new(vec![text("t", 0, 11)], &limits).unwrap_err();
    let what = "point 't' of kind string is longer than a request; max_registers is 10";
    assert_eq!(long.to_string(), what);
    let map = vec![
        RegisterPoint {
            exponent: Some("t".to_owned()),
            ..number("n", 9)
        },
        plain(),
    ];
    let refused = Plan::new(map, &PlanLimits::default()).unwrap_err();
    assert!(
        refused.to_string().contains("power of ten from 't'"),
        "{refused}"
    );
}

/// A device writes its name in two halves between other registers.
#[test]
fn a_written_text_is_complete_when_all_of_it_came() {
    let plan = Arc::new(planned(vec![text("name", 10, 3), number("a", 13)]));
    let directory = directory(&plan);
    let whole = Arc::clone(directory.devices()[0].whole());
    let mut image = Image::new(Arc::clone(&plan), whole, Duration::from_secs(10));
    let now = Instant::now();
    let mut write = |first: u16, words: &[u16]| {
        let mut pdu = vec![0x10];
        pdu.extend(first.to_be_bytes());
        let count = u16::try_from(words.len()).unwrap();
        pdu.extend(count.to_be_bytes());
        pdu.push(u8::try_from(2 * count).unwrap());
        pdu.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        let Ok(Incoming::Write(written)) = Incoming::parse(&pdu) else {
            panic!("no write");
        };
        let staged = image.stage(written, now, NOON).unwrap();
        let texts = staged.texts().iter();
        let texts: Vec<_> = texts
            .map(|text| (text.position, text.text.clone(), text.stamp))
            .collect();
        let numbers: Vec<_> = staged.completed().iter().map(|c| c.value).collect();
        staged.keep();
        (texts, numbers)
    };
    assert_eq!(write(10, &[0x5350, 0x532d]), (vec![], vec![]));
    let both = write(12, &[0x4100, 42]);
    assert_eq!(both, (vec![(1, b"SPS-A".to_vec(), None)], vec![42.0]));
    let again = write(10, &[0x5350, 0x532d, 0x4200]);
    assert_eq!(again, (vec![(1, b"SPS-B".to_vec(), None)], vec![]));
    let Ok(Incoming::Read(all)) = Incoming::parse(&[3, 0, 10, 0, 4]) else {
        panic!("no read");
    };
    assert!(image.can_read(all, None));
    let values: Vec<_> = image.values(all).collect();
    assert_eq!(values, [0x5350, 0x532d, 0x4200, 42]);
}
