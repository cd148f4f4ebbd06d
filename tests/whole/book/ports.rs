//! The ports that the book names, and the free ones that stand for them in a test.

use crate::support::postgres::port::free_ports;

/// The ports in the book: the first of each range, and how many there are.
const RANGES: [(u16, u16); 9] = [
    (4222, 1),
    (5020, 1),
    (5432, 1),
    (8080, 1),
    (8443, 1),
    (9093, 1),
    (20_000, 10),
    (20_500, 1),
    (20_600, 4),
];

/// Free ports in the place of those of the book.
pub(super) struct Ports {
    first: u16,
    given: Option<(u16, u16)>,
}

impl Ports {
    pub(super) fn find() -> Self {
        let count: u16 = RANGES.iter().map(|(_, count)| count).sum();
        Self {
            first: free_ports(count),
            given: None,
        }
    }

    /// Lets `other` stand for `port`.
    pub(super) fn set(&mut self, port: u16, other: u16) {
        self.given = Some((port, other));
    }

    /// The port that stands for `port`, if the book names it.
    pub(super) fn of(&self, port: u16) -> Option<u16> {
        if let Some((_, other)) = self.given.filter(|(given, _)| *given == port) {
            return Some(other);
        }
        let mut next = self.first;
        for (first, count) in RANGES {
            if (first..first + count).contains(&port) {
                return Some(next + port - first);
            }
            next += count;
        }
        None
    }

    /// `text` with other ports in the place of those of the book.
    pub(super) fn put_into(&self, text: &str) -> String {
        let mut put = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, at) = rest.split_at(start);
            put += before;
            let end = at.find(|c: char| !c.is_ascii_digit()).unwrap_or(at.len());
            let (digits, after) = at.split_at(end);
            let is_port = before.ends_with([':', ' ', '=']) && !after.starts_with('.');
            let port = digits.parse().ok().filter(|_| is_port);
            match port.and_then(|port| self.of(port)) {
                Some(other) => put += &other.to_string(),
                None => put += digits,
            }
            rest = after;
        }
        put + rest
    }
}

#[test]
fn ports_of_the_book_are_replaced_and_nothing_else() {
    let ports = Ports {
        first: 30_000,
        given: None,
    };
    let text = "http://127.0.0.1:8080/ --port-base 20000 = 20001 v8080 8080.5 :20099";
    let expected = "http://127.0.0.1:30003/ --port-base 30006 = 30007 v8080 8080.5 :20099";
    assert_eq!(ports.put_into(text), expected);
}
