//! Every variation that carries points, as this crate writes it: `tshark` reads the same.

use std::fs;

use gridos_dnp3::app::{
    Control, Description, DoubleBit, Field, Flags, Group, Iin, Layout, Number, Point, PointTime,
    ResponseWriter, Role, Sequence, Value, Variation, Width,
};
use gridos_dnp3::link::{Address, Pair, Role as Side};
use gridos_dnp3::transport::Segmenter;

use crate::{ours, tshark};

const POINTS: u16 = 5;
const T: u64 = 1_700_000_000_000;

/// What tshark 4.0 does not know or reads otherwise than IEEE 1815-2012, Annex A, and how.
fn why_not(variation: Variation) -> Option<&'static str> {
    Some(match (variation.group, variation.number) {
        (4, 3) | (31, 1..=6) | (33, 1..=4) | (113, _) => "it does not know them",
        (13, _) => "it does not tell the state that was ordered",
        (34, 1 | 2) => "it reads deadbands as signed numbers",
        (43, 1 | 3) => "it loses its place behind the first one",
        (110 | 111, _) => "it does not tell the length",
        _ => return None,
    })
}

#[test]
fn tshark_reads_every_variation_alike() {
    if !tshark::is_installed() {
        return;
    }
    let fragments: Vec<_> = writable().iter().map(written).collect();
    let path = std::env::temp_dir().join(format!("gridos-dnp3-{}.pcap", std::process::id()));
    fs::write(&path, capture(&fragments)).unwrap();
    let theirs = tshark::fragments(&path, 20_000);
    fs::remove_file(&path).unwrap();
    assert_eq!(theirs.len(), fragments.len());
    let mut differ = Vec::new();
    let (mut variations, mut points) = (0, 0);
    for ((description, octets), theirs) in writable().iter().zip(&fragments).zip(&theirs) {
        let variation = description.variation();
        let (ours, error) = ours::fragment(theirs.packet, octets);
        assert_eq!(error, None);
        let agrees = ours.headers.len() == theirs.headers.len()
            && ours
                .headers
                .iter()
                .zip(&theirs.headers)
                .all(|(ours, theirs)| ours.agrees(theirs));
        if let (false, Some(why)) = (agrees, why_not(variation)) {
            println!("{description}: {why}");
        } else if !agrees {
            differ.push(format!(
                "{description}\nours   {:?}\ntheirs {:?}",
                ours.headers, theirs.headers
            ));
        }
        if agrees {
            variations += 1;
            points += ours
                .headers
                .iter()
                .map(|header| header.points.len())
                .sum::<usize>();
        }
    }
    println!("{variations} variations, {points} points agree");
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(variations >= 70);
}

/// All variations that the writer can write; of strings, three.
fn writable() -> Vec<Description> {
    let variations = Group::all().flat_map(Group::variations);
    variations
        .filter(|description| description.kind().is_some())
        .filter(|description| description.role() != Role::Command)
        .filter(|description| {
            let is_string = matches!(description.layout(), Layout::Octets(_));
            !is_string || [1, 5, 255].contains(&description.variation().number)
        })
        .collect()
}

/// A fragment of a few points.
fn written(description: &Description) -> Vec<u8> {
    let text = [b'x'; 255];
    let points: Vec<_> = (0..POINTS)
        .map(|index| point(description, index, &text))
        .collect();
    let variation = description.variation();
    let mut writer = ResponseWriter::new(2_048);
    if description.role().is_event() {
        for point in &points {
            writer.event(variation, Width::Two, point).unwrap();
        }
    } else {
        writer.static_points(variation, points.into_iter()).unwrap();
    }
    let control = Control::single(Sequence::ZERO);
    writer.finish(control, Iin::DEVICE_TROUBLE).to_vec()
}

fn point<'t>(description: &Description, index: u16, text: &'t [u8]) -> Point<'t> {
    let mut point = Point {
        index,
        value: Value::Binary(index.is_multiple_of(2)),
        flags: Flags::ONLINE,
        time: None,
    };
    let state = u8::try_from(index % 4).unwrap();
    let fields = match description.layout() {
        Layout::Bits => return point,
        Layout::BitPairs => {
            point.value = Value::DoubleBit(DoubleBit::from_bits(state));
            return point;
        }
        Layout::Octets(length) => {
            point.value = Value::Octets(&text[..usize::from(length)]);
            return point;
        }
        Layout::Fields(fields) => fields,
        other @ (Layout::HeaderOnly | Layout::Attribute | Layout::Sized) => panic!("{other:?}"),
    };
    let quality = (u8::try_from(index).unwrap() * 7) & 0x1f;
    for field in fields {
        match field {
            Field::Flags | Field::Status => point.flags = Flags::new(quality),
            Field::BinaryState | Field::CommandState => {
                point.flags = Flags::new(quality);
            }
            Field::DoubleBitState => {
                point.flags = Flags::new(quality);
                point.value = Value::DoubleBit(DoubleBit::from_bits(state));
            }
            Field::Value(number) => point.value = value(*number, index),
            Field::Time | Field::RelativeTime => {
                point.time = Some(PointTime {
                    milliseconds: T + 86_400_123 * u64::from(index / 2) + u64::from(index),
                    is_synchronised: true,
                });
            }
            other @ (Field::Delta(_) | Field::Named(..) | Field::Opaque(..)) => {
                panic!("{other:?} in {description}")
            }
        }
    }
    point
}

fn value(number: Number, index: u16) -> Value<'static> {
    let small = i16::try_from(index).unwrap() - 2;
    let wide = i32::from(small) * 70_001;
    match number {
        Number::Binary | Number::DoubleBit => panic!("they have no octets"),
        Number::Uint16 => Value::Uint16(index * 13_001),
        Number::Uint32 => Value::Uint32(u32::from(index) * 1_000_000_007),
        Number::Int16 => Value::Int16(small * 16_001),
        Number::Int32 => Value::Int32(wide * 15_000),
        Number::Float32 => Value::Float32(f32::from(small) * 1.25e-3),
        Number::Float64 => Value::Float64(f64::from(wide) * 1.5e9),
    }
}

/// A capture of raw IP with one UDP packet for each fragment.
fn capture(fragments: &[Vec<u8>]) -> Vec<u8> {
    let address = |raw| Address::individual(raw).unwrap();
    let pair = Pair::new(Side::Outstation, address(10), address(1)).unwrap();
    let mut segmenter = Segmenter::new();
    let mut file = vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0];
    file.extend([0; 8]);
    file.extend(65_535_u32.to_le_bytes());
    file.extend(101_u32.to_le_bytes());
    for fragment in fragments {
        let mut frames = Vec::new();
        segmenter.write_frames(&pair, fragment, &mut frames);
        let size = |header: usize| u16::try_from(header + frames.len()).unwrap().to_be_bytes();
        let mut packet = vec![0x45, 0];
        packet.extend(size(28));
        packet.extend([0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 7, 192, 0, 2, 9]);
        packet.extend([20_000_u16.to_be_bytes(), 20_000_u16.to_be_bytes()].concat());
        packet.extend(size(8));
        packet.extend([0, 0]);
        packet.extend(frames);
        let length = u32::try_from(packet.len()).unwrap().to_le_bytes();
        file.extend([[0, 0, 0, 0], [0, 0, 0, 0], length, length].concat());
        file.extend(packet);
    }
    file
}
