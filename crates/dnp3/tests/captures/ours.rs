//! What this crate reads in a capture.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gridos_dnp3::app::{
    CommonTime, FlagSet, Layout, Object, ObjectError, ObjectHeader, ObjectHeaders, Range, Request,
    Response, Role, Variation,
};
use gridos_dnp3::explain::Utc;
use gridos_dnp3::link::{Address, LinkError, Reader, Recovery, UserData};
use gridos_dnp3::transport::{self, FragmentMax, Reassembler, TransportError};

use crate::capture::{Arrival, Conversation, Conversations, packets};
use crate::seen::{Fragment, Header, Point};

const CONTROL: Variation = Variation::new(12, 1);

/// Everything in a capture.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) fragments: Vec<Joined>,
    pub(crate) frames: u64,
    pub(crate) link_errors: Vec<LinkError>,
    pub(crate) transport_errors: Vec<TransportError>,
    /// Octets of fragments that never ended.
    pub(crate) unfinished: usize,
}

/// A fragment put together.
#[derive(Debug, PartialEq)]
pub(crate) struct Joined {
    /// The packet that completed it.
    pub(crate) packet: u64,
    pub(crate) octets: Vec<u8>,
    /// Its segments went over the end of their numbers, from 63 to 0.
    pub(crate) wraps: bool,
}

struct Side {
    reader: Reader,
    joined: BTreeMap<(Address, Address), Reassembler>,
    /// The number of the first segment of the last fragment.
    first: u8,
}

impl Side {
    fn new() -> Self {
        Self {
            reader: Reader::new(Recovery::Stream),
            joined: BTreeMap::new(),
            first: 0,
        }
    }

    fn push(&mut self, packet: u64, mut octets: &[u8], limit: FragmentMax, read: &mut Read) {
        let now = Instant::now();
        while let Some(frame) = self.reader.read(&mut octets) {
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    read.link_errors.push(error);
                    continue;
                }
            };
            read.frames += 1;
            if !frame.control.has_user_data() {
                continue;
            }
            let (source, destination) = (frame.source, frame.destination);
            let joined = self.joined.entry((source, destination));
            let joined =
                joined.or_insert_with(|| Reassembler::new(limit, Duration::from_secs(3_600)));
            let payload = frame.payload;
            let header = transport::Header::decode(payload.split_first().unwrap().0);
            if header.fir {
                self.first = header.sequence;
            }
            match joined.push(
                now,
                &UserData {
                    source,
                    destination,
                    payload,
                },
            ) {
                Ok(Some(fragment)) => read.fragments.push(Joined {
                    packet,
                    octets: fragment.to_vec(),
                    wraps: header.sequence < self.first,
                }),
                Ok(None) => {}
                Err(error) => read.transport_errors.push(error),
            }
        }
    }
}

/// Reads a capture down to its fragments of up to `limit`.
pub(crate) fn read(file: &[u8], port: u16, limit: FragmentMax) -> Read {
    let mut conversations = Conversations::new(port);
    let mut sides: BTreeMap<Conversation, Side> = BTreeMap::new();
    let mut read = Read::default();
    for packet in packets(file).unwrap() {
        let Some((conversation, arrivals)) = conversations.push(&packet) else {
            continue;
        };
        for arrival in arrivals {
            match arrival {
                Arrival::Begin => drop(sides.remove(&conversation)),
                Arrival::Missing(octets) => panic!("{octets} octets were not captured"),
                Arrival::Octets(octets) => {
                    let side = sides.entry(conversation).or_insert_with(Side::new);
                    side.push(packet.number, &octets, limit, &mut read);
                }
            }
        }
    }
    assert!(conversations.finish().is_empty());
    for joined in sides.values().flat_map(|side| side.joined.values()) {
        read.unfinished += joined.held_bytes();
    }
    read
}

/// The object headers of a fragment.
pub(crate) fn headers(fragment: &[u8]) -> ObjectHeaders<'_> {
    match Response::parse(fragment) {
        Ok(response) => response.headers(),
        Err(_) => Request::parse(fragment).unwrap().headers(),
    }
}

/// A fragment in the words that both readers share.
pub(crate) fn fragment(packet: u64, octets: &[u8]) -> (Fragment, Option<ObjectError>) {
    let iin = Response::parse(octets).ok().map(|response| {
        let octets = response.iin.to_octets();
        u16::from_be_bytes(octets)
    });
    let mut seen = Fragment {
        packet,
        control: octets[0],
        function: octets[1],
        iin,
        ..Fragment::default()
    };
    let mut common = CommonTime::NONE;
    for one in headers(octets) {
        match one {
            Ok(one) => {
                common.observe(&one);
                seen.headers.push(header(&one, common));
            }
            Err(error) => {
                seen.is_cut = true;
                return (seen, Some(error));
            }
        }
    }
    (seen, None)
}

fn header(header: &ObjectHeader<'_>, common: CommonTime) -> Header {
    let octet = header.qualifier().octet();
    let (start, stop) = match header.range() {
        Range::Span { start, stop } => (Some(start.into()), Some(stop.into())),
        Range::All | Range::Addresses { .. } | Range::Count(_) => (None, None),
    };
    let quantity = match header.range() {
        Range::Count(count) => Some(count.into()),
        Range::All | Range::Addresses { .. } | Range::Span { .. } => None,
    };
    Header {
        group: header.variation().group,
        variation: header.variation().number,
        prefix: octet >> 4,
        range: octet & 0xf,
        start,
        stop,
        quantity,
        points: points(header, common),
    }
}

fn points(header: &ObjectHeader<'_>, common: CommonTime) -> Vec<Point> {
    if header.kind().is_some() {
        let set = header.flag_set();
        let is_status = set == FlagSet::Status;
        let has_flags = !matches!(set, FlagSet::None | FlagSet::Status);
        let points = header.points(common);
        return points
            .map(|point| Point {
                index: point.index.into(),
                value: point.value.number(),
                flags: has_flags.then_some(point.flags.raw()),
                time: point.time.map(|time| date(time.milliseconds)),
                more: Vec::from_iter(is_status.then_some(u64::from(point.flags.status().code()))),
            })
            .collect();
    }
    let description = header.description().filter(|_| header.carries_objects());
    let Some(description) = description else {
        return Vec::new();
    };
    if description.layout() == Layout::Bits {
        let bits = header.bits();
        return bits
            .map(|(index, bit)| Point {
                index: index.into(),
                value: Some(bit.into()),
                ..Point::default()
            })
            .collect();
    }
    let role = description.role();
    let one = |object: Object<'_>| {
        if matches!(role, Role::Time | Role::CommonTime) {
            return Some(Point {
                time: header.time().map(|time| date(time.milliseconds())),
                ..Point::default()
            });
        }
        let more = match header.variation() {
            Variation::DELAY_COARSE | Variation::DELAY_FINE => {
                vec![header.delay_milliseconds()?.into()]
            }
            CONTROL => order(object.octets),
            _ => return None,
        };
        Some(Point {
            index: object.index.unwrap_or(0).into(),
            more,
            ..Point::default()
        })
    };
    header.objects().filter_map(one).collect()
}

/// Count, on time, off time and status of a control relay output block.
fn order(octets: &[u8]) -> Vec<u64> {
    let number = |at: usize| {
        let octets = octets[at..at + 4].try_into().unwrap();
        u64::from(u32::from_le_bytes(octets))
    };
    let status = u64::from(octets[10] & 0x7f);
    vec![octets[1].into(), number(2), number(6), status]
}

/// As `tshark` writes it, to milliseconds.
fn date(milliseconds: u64) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let text = Utc(milliseconds).to_string();
    let (date, rest) = text.split_once(' ').unwrap();
    let mut parts = date.split('-').map(|part| part.parse::<usize>().unwrap());
    let [year, month, day] = [(); 3].map(|()| parts.next().unwrap());
    let time = rest.strip_suffix(" UTC").unwrap();
    format!("{} {day:>2}, {year} {time}", MONTHS[month - 1])
}
