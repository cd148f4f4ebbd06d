//! What somebody read in a fragment, in words that two readers share.

/// One fragment.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fragment {
    /// The packet that completed it.
    pub(crate) packet: u64,
    pub(crate) control: u8,
    pub(crate) function: u8,
    /// IIN1 in the upper octet.
    pub(crate) iin: Option<u16>,
    pub(crate) headers: Vec<Header>,
    /// The last header is followed by something that cannot be read.
    pub(crate) is_cut: bool,
    /// The reader says that it joined segments of several fragments.
    pub(crate) is_mixed: bool,
}

/// One object header.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Header {
    pub(crate) group: u8,
    pub(crate) variation: u8,
    pub(crate) prefix: u8,
    pub(crate) range: u8,
    pub(crate) start: Option<u64>,
    pub(crate) stop: Option<u64>,
    pub(crate) quantity: Option<u64>,
    pub(crate) points: Vec<Point>,
}

/// One object.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Point {
    pub(crate) index: u64,
    pub(crate) value: Option<f64>,
    pub(crate) flags: Option<u8>,
    /// As in `Oct 11, 2004 10:16:34.018`.
    pub(crate) time: Option<String>,
    /// What an order or a delay has besides: count, on time, off time, status; milliseconds.
    pub(crate) more: Vec<u64>,
}

impl Header {
    /// Whether two readers saw the same; values that one of them writes with few digits may differ
    /// in the others.
    pub(crate) fn agrees(&self, other: &Self) -> bool {
        let bare = |header: &Self| Self {
            points: Vec::new(),
            ..header.clone()
        };
        bare(self) == bare(other)
            && self.points.len() == other.points.len()
            && self.points.iter().zip(&other.points).all(|(a, b)| {
                let bare = |point: &Point| Point {
                    value: None,
                    ..point.clone()
                };
                bare(a) == bare(b) && is_near(a.value, b.value)
            })
    }
}

fn is_near(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= a.abs().max(b.abs()) * 1e-5,
        (a, b) => a == b,
    }
}
