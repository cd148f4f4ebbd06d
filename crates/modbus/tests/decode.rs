//! Golden values: what registers on the wire mean, for every kind and every order.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::sync::Arc;

use gridos_modbus::{DecodeError, Kind, Order, Plan, PlanLimits, RegisterPoint, Request, Table};
use gridos_model::{Batch, DirectoryBuilder, Layout, Point, Quality, TimeQuality, Timestamp};

const EXACT: Quality = Quality::GOOD;
const NO_VALUE: Quality = Quality::DEVICE_ERROR.union(Quality::NOT_FINITE);

fn request(point: RegisterPoint) -> Arc<Request> {
    let plan = Plan::new(vec![point], &PlanLimits::default()).unwrap();
    Arc::clone(&plan.requests()[0])
}

fn layout(points: usize) -> Arc<Layout> {
    let points = (0..points)
        .map(|n| Point::new(&format!("p{n}"), ""))
        .collect();
    let mut builder = DirectoryBuilder::default();
    let device = builder.add("d", points, &[]).unwrap();
    Arc::clone(builder.build().device(device).whole())
}

fn sweep(points: usize) -> Batch {
    let mut batch = Batch::default();
    let now = Timestamp::EPOCH;
    batch.start_sweep(&layout(points), now, TimeQuality::Synchronised, now);
    batch
}

fn decode(point: RegisterPoint, words: &[u16]) -> (f64, Quality) {
    let mut batch = sweep(1);
    request(point).decode_registers(words, &mut batch).unwrap();
    let readings = batch.readings().unwrap();
    let quality = readings.qualities().first().copied();
    (readings.values()[0], quality.unwrap_or_default())
}

fn point(kind: Kind, order: Order) -> RegisterPoint {
    RegisterPoint {
        order,
        ..RegisterPoint::new("p", Table::HoldingRegister, 0, kind)
    }
}

/// The registers on the wire in each order, from those in the order abcd.
fn on_the_wire(words: &[u16], order: Order) -> Vec<u16> {
    let swap = |word: &u16| match order.name() {
        "badc" | "dcba" => word.swap_bytes(),
        _ => *word,
    };
    let mut wire: Vec<_> = words.iter().map(swap).collect();
    if ["cdab", "dcba"].contains(&order.name()) {
        wire.reverse();
    }
    wire
}

#[test]
fn a_float_in_every_order_is_spelled_out() {
    // 123.456f32 is 0x42f6e979.
    for (order, words) in [
        (Order::ABCD, [0x42f6, 0xe979]),
        (Order::CDAB, [0xe979, 0x42f6]),
        (Order::BADC, [0xf642, 0x79e9]),
        (Order::DCBA, [0x79e9, 0xf642]),
    ] {
        let value = decode(point(Kind::F32, order), &words);
        assert_eq!(value, (f64::from(123.456_f32), EXACT), "{order}");
    }
    // 0x0102030405060708 in the orders that vendors call ABCDEFGH, GHEFCDAB, BADCFEHG, HGFEDCBA.
    for (order, words) in [
        (Order::ABCD, [0x0102, 0x0304, 0x0506, 0x0708]),
        (Order::CDAB, [0x0708, 0x0506, 0x0304, 0x0102]),
        (Order::BADC, [0x0201, 0x0403, 0x0605, 0x0807]),
        (Order::DCBA, [0x0807, 0x0605, 0x0403, 0x0201]),
    ] {
        let value = decode(point(Kind::U64, order), &words);
        let expected = (0x0102_0304_0506_0708_u64 as f64, Quality::IMPRECISE);
        assert_eq!(value, expected, "{order}");
    }
    // Twelve decimal digits.
    for (order, words) in [
        (Order::ABCD, [0x0123, 0x4567, 0x8901]),
        (Order::CDAB, [0x8901, 0x4567, 0x0123]),
        (Order::BADC, [0x2301, 0x6745, 0x0189]),
        (Order::DCBA, [0x0189, 0x6745, 0x2301]),
    ] {
        let value = decode(point(Kind::Bcd48, order), &words);
        assert_eq!(value, (12_345_678_901.0, EXACT), "{order}");
    }
}

#[test]
fn doubles_and_signed_integers_of_64_bits_in_every_order_are_spelled_out() {
    // 3.585f64 is 0x400cae147ae147ae; −2 is 0xfffffffffffffffe.
    for (order, double, integer) in [
        (
            Order::ABCD,
            [0x400c, 0xae14, 0x7ae1, 0x47ae],
            [0xffff, 0xffff, 0xffff, 0xfffe],
        ),
        (
            Order::CDAB,
            [0x47ae, 0x7ae1, 0xae14, 0x400c],
            [0xfffe, 0xffff, 0xffff, 0xffff],
        ),
        (
            Order::BADC,
            [0x0c40, 0x14ae, 0xe17a, 0xae47],
            [0xffff, 0xffff, 0xffff, 0xfeff],
        ),
        (
            Order::DCBA,
            [0xae47, 0xe17a, 0x14ae, 0x0c40],
            [0xfeff, 0xffff, 0xffff, 0xffff],
        ),
    ] {
        assert_eq!(
            decode(point(Kind::F64, order), &double),
            (3.585, EXACT),
            "{order}"
        );
        assert_eq!(
            decode(point(Kind::I64, order), &integer),
            (-2.0, EXACT),
            "{order}"
        );
    }
}

/// A point with something to judge goes another way than a plain one, to the same number.
#[test]
fn judged_points_mean_the_same_as_plain_ones() {
    let words = [0x1234, 0x0607, 0x0809, 0x0203];
    let kinds = "u8_low u8_high i8_low i8_high u16 i16 u32 i32 u64 i64 f16 f32 f64 bcd16 bcd32 \
                 bcd48 bcd64 unix32 unix64 unix64ms cp56";
    for kind in kinds.split_whitespace() {
        let kind: Kind = kind.parse().unwrap();
        for order in Order::ALL {
            let wire = &words[..usize::from(kind.registers())];
            let plain = decode(point(kind, order), wire);
            let judged = RegisterPoint {
                invalid: vec![0xdead_beef_dead_beef],
                ..point(kind, order)
            };
            let judged = decode(judged, wire);
            assert_eq!(plain.0.to_bits(), judged.0.to_bits(), "{kind} {order}");
            assert_eq!(plain.1, judged.1, "{kind} {order}");
        }
    }
}

#[test]
fn every_kind_in_every_order() {
    let golden: &[(Kind, &[u16], f64, Quality)] = &[
        (Kind::Bit(0), &[0x0001], 1.0, EXACT),
        (Kind::Bit(0), &[0xfffe], 0.0, EXACT),
        (Kind::Bit(9), &[0x0200], 1.0, EXACT),
        (Kind::Bit(15), &[0x8000], 1.0, EXACT),
        (Kind::Bit(15), &[0x7fff], 0.0, EXACT),
        (Kind::U16, &[0x0000], 0.0, EXACT),
        (Kind::U16, &[0x0102], 258.0, EXACT),
        (Kind::U16, &[0xffff], 65_535.0, EXACT),
        (Kind::I16, &[0x7fff], 32_767.0, EXACT),
        (Kind::I16, &[0x8000], -32_768.0, EXACT),
        (Kind::I16, &[0xffff], -1.0, EXACT),
        (Kind::U32, &[0x0001, 0x0002], 65_538.0, EXACT),
        (Kind::U32, &[0xffff, 0xffff], 4_294_967_295.0, EXACT),
        (Kind::I32, &[0x8000, 0x0000], -2_147_483_648.0, EXACT),
        (Kind::I32, &[0xffff, 0xfffe], -2.0, EXACT),
        (Kind::U64, &[0, 1, 2, 3], 4_295_098_371.0, EXACT),
        (Kind::U64, &[0x20, 0, 0, 0], 9_007_199_254_740_992.0, EXACT),
        (
            Kind::U64,
            &[0x20, 0, 0, 1],
            9_007_199_254_740_992.0,
            Quality::IMPRECISE,
        ),
        (
            Kind::U64,
            &[0xffff; 4],
            18_446_744_073_709_551_615.0,
            Quality::IMPRECISE,
        ),
        (Kind::I64, &[0xffff; 4], -1.0, EXACT),
        (
            Kind::I64,
            &[0xffe0, 0, 0, 0],
            -9_007_199_254_740_992.0,
            EXACT,
        ),
        (
            Kind::I64,
            &[0x8000, 0, 0, 0],
            -9_223_372_036_854_775_808.0,
            Quality::IMPRECISE,
        ),
        (Kind::F32, &[0x3dcc, 0xcccd], f64::from(0.1_f32), EXACT),
        (
            Kind::F32,
            &[0x0000, 0x0001],
            f64::from(f32::from_bits(1)),
            EXACT,
        ),
        (
            Kind::F32,
            &[0x7f80, 0x0000],
            f64::INFINITY,
            Quality::NOT_FINITE,
        ),
        (
            Kind::F32,
            &[0xff80, 0x0000],
            f64::NEG_INFINITY,
            Quality::NOT_FINITE,
        ),
        (Kind::F64, &[0x400c, 0xae14, 0x7ae1, 0x47ae], 3.585, EXACT),
        (
            Kind::F64,
            &[0xfff0, 0, 0, 0],
            f64::NEG_INFINITY,
            Quality::NOT_FINITE,
        ),
        (Kind::Bcd16, &[0x0000], 0.0, EXACT),
        (Kind::Bcd16, &[0x1234], 1_234.0, EXACT),
        (Kind::Bcd16, &[0x9999], 9_999.0, EXACT),
        (Kind::Bcd32, &[0x1234, 0x5678], 12_345_678.0, EXACT),
        (Kind::Bcd32, &[0x9999, 0x9999], 99_999_999.0, EXACT),
        (
            Kind::Bcd48,
            &[0x1234, 0x5678, 0x9012],
            123_456_789_012.0,
            EXACT,
        ),
        (
            Kind::Bcd64,
            &[0x0012, 0x3456, 0x7890, 0x1234],
            12_345_678_901_234.0,
            EXACT,
        ),
        (
            Kind::Bcd64,
            &[0x9007, 0x1992, 0x5474, 0x0992],
            9_007_199_254_740_992.0,
            EXACT,
        ),
        (
            Kind::Bcd64,
            &[0x9999; 4],
            9_999_999_999_999_999.0,
            Quality::IMPRECISE,
        ),
        (Kind::U8Low, &[0x12fe], 254.0, EXACT),
        (Kind::U8High, &[0xfe12], 254.0, EXACT),
        (Kind::I8Low, &[0x12fe], -2.0, EXACT),
        (Kind::I8High, &[0x8012], -128.0, EXACT),
        // The examples of IEEE 754-2008 for half precision.
        (Kind::F16, &[0x3c00], 1.0, EXACT),
        (Kind::F16, &[0x3c01], 1.000_976_562_5, EXACT),
        (Kind::F16, &[0xc000], -2.0, EXACT),
        (Kind::F16, &[0x7bff], 65_504.0, EXACT),
        (Kind::F16, &[0x0400], 6.103_515_625e-5, EXACT),
        (Kind::F16, &[0x03ff], 6.097_555_160_522_461e-5, EXACT),
        (Kind::F16, &[0x0001], 5.960_464_477_539_063e-8, EXACT),
        (Kind::F16, &[0x3555], 0.333_251_953_125, EXACT),
        (Kind::F16, &[0xfc00], f64::NEG_INFINITY, Quality::NOT_FINITE),
        (Kind::Unix32, &[0x6b03, 0xd94a], 1_795_414_346.0, EXACT),
        (
            Kind::Unix64,
            &[0, 0, 0x6b03, 0xd94a],
            1_795_414_346.0,
            EXACT,
        ),
        (
            Kind::Unix64Ms,
            &[0, 0x01a2, 0x0708, 0xcf8b],
            1_795_414_347.659,
            EXACT,
        ),
        (
            Kind::Cp56,
            &[26, 0x0b17, 0x060c, 26_123],
            1_795_414_346.123,
            EXACT,
        ),
    ];
    for (kind, words, value, quality) in golden {
        for order in Order::ALL {
            let wire = on_the_wire(words, order);
            let decoded = decode(point(*kind, order), &wire);
            assert_eq!(decoded, (*value, *quality), "{kind} {order} {wire:04x?}");
        }
    }
}

#[test]
fn nan_stays_nan_and_is_flagged() {
    for (kind, words) in [
        (Kind::F32, &[0x7fc0, 0x0000][..]),
        (Kind::F32, &[0xff80, 0x0001]),
        (Kind::F64, &[0x7ff8, 0, 0, 0]),
        (Kind::F16, &[0x7e00]),
    ] {
        let (value, quality) = decode(point(kind, Order::ABCD), words);
        assert!(value.is_nan());
        assert_eq!(quality, Quality::NOT_FINITE);
    }
}

#[test]
fn invalid_bcd_is_no_value() {
    for nibble in 0..4 {
        for digit in 0xa..=0xf_u16 {
            let (value, quality) =
                decode(point(Kind::Bcd16, Order::ABCD), &[digit << (4 * nibble)]);
            assert!(value.is_nan() && quality == NO_VALUE);
        }
    }
    for (kind, words) in [
        (Kind::Bcd32, &[0xf000, 0x0001][..]),
        (Kind::Bcd48, &[0, 0, 0x000a]),
        (Kind::Bcd64, &[0xa000, 0, 0, 0]),
        (Kind::Cp56, &[0xffff; 4]),
    ] {
        let (value, quality) = decode(point(kind, Order::ABCD), words);
        assert!(value.is_nan() && quality == NO_VALUE, "{kind}");
    }
}

#[test]
fn scale_and_offset_apply_in_this_order() {
    let scaled = |kind, scale, offset, words: &[u16]| {
        let point = RegisterPoint {
            scale,
            offset,
            ..point(kind, Order::ABCD)
        };
        decode(point, words)
    };
    assert_eq!(scaled(Kind::U16, 0.1, -40.0, &[652]).0, 652.0 * 0.1 - 40.0);
    assert_eq!(scaled(Kind::I16, 2.0, 1.0, &[0xffff]).0, -1.0);
    // A normally closed contact: 1 - bit.
    assert_eq!(scaled(Kind::Bit(3), -1.0, 1.0, &[0x0008]).0, 0.0);
    assert_eq!(scaled(Kind::Bit(3), -1.0, 1.0, &[0x0000]).0, 1.0);
    let imprecise = scaled(Kind::U64, 0.001, 0.0, &[0xffff; 4]);
    assert_eq!(imprecise.1, Quality::IMPRECISE);
    let overflow = scaled(Kind::F64, 1e300, 0.0, &[0x7fef, 0xffff, 0xffff, 0xffff]);
    assert_eq!(overflow, (f64::INFINITY, Quality::NOT_FINITE));
}

#[test]
fn an_unscaled_float_keeps_every_bit() {
    for bits in [0x8000_0000, 0x0000_0001, 0x3f80_0001, 0x7f7f_ffff_u32] {
        let [a, b, c, d] = bits.to_be_bytes();
        let words = [u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])];
        let (value, _) = decode(point(Kind::F32, Order::ABCD), &words);
        assert_eq!(value.to_bits(), f64::from(f32::from_bits(bits)).to_bits());
    }
}

#[test]
fn bits_of_the_bit_tables() {
    for table in [Table::Coil, Table::DiscreteInput] {
        let point = |name, address| RegisterPoint::new(name, table, address, Kind::Bool);
        let points = vec![point("a", 10), point("b", 12)];
        let plan = Plan::new(points, &PlanLimits::default()).unwrap();
        let mut batch = sweep(2);
        let request = &plan.requests()[0];
        request
            .decode_bits(&[true, true, false], &mut batch)
            .unwrap();
        assert_eq!(batch.readings().unwrap().values(), [1.0, 0.0]);
        assert_eq!(
            request.decode_registers(&[0, 0, 0], &mut batch),
            Err(DecodeError::Table { table })
        );
    }
}

#[test]
fn another_count_than_asked_decodes_nothing() {
    let request = request(point(Kind::U32, Order::ABCD));
    let mut batch = sweep(1);
    for answered in [0, 1, 3, 125] {
        let error = request
            .decode_registers(&vec![0; answered], &mut batch)
            .unwrap_err();
        let expected = DecodeError::Count {
            table: Table::HoldingRegister,
            start: 0,
            asked: 2,
            answered,
        };
        assert_eq!(error, expected);
        assert!(batch.is_empty());
    }
    let bits = request.decode_bits(&[false, false], &mut batch);
    assert!(matches!(bits, Err(DecodeError::Table { .. })));
}
