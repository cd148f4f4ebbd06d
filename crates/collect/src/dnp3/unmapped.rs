//! The points that an outstation has and its profile does not name.

use std::fmt;

use gridos_telemetry::DeviceStats;

use super::PointKind;

/// The first such points that were seen, for people. However many there are, this stays small,
/// and so does what a reading of one costs.
#[derive(Debug, Default)]
pub(super) struct Unmapped {
    /// By kind and index; they do not overlap, and neighbours are joined.
    spans: Vec<Span>,
    /// Whether there were points that no span had room for.
    has_more: bool,
    has_changed: bool,
}

/// Points of one kind with one index after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    kind: PointKind,
    first: u16,
    last: u16,
}

const SPANS_MAX: usize = 32;

impl Unmapped {
    /// A value of that point came.
    #[cold]
    pub(super) fn note(&mut self, kind: PointKind, index: u16) {
        let behind = self
            .spans
            .partition_point(|span| (span.kind, span.first) <= (kind, index));
        let before = behind.checked_sub(1);
        let before = before.filter(|at| self.spans.get(*at).is_some_and(|span| span.kind == kind));
        let last = before.and_then(|at| self.spans.get(at)).map(|s| s.last);
        if last.is_some_and(|last| index <= last) {
            return;
        }
        let joins_before = before.filter(|_| last.is_some_and(|last| last + 1 == index));
        let follows = |span: &&Span| span.kind == kind && index.checked_add(1) == Some(span.first);
        let next = self.spans.get(behind).filter(follows).copied();
        match (joins_before, next) {
            (Some(at), next) => {
                if let Some(span) = self.spans.get_mut(at) {
                    span.last = next.map_or(index, |next| next.last);
                }
                if next.is_some() {
                    self.spans.remove(behind);
                }
            }
            (None, Some(_)) => {
                if let Some(span) = self.spans.get_mut(behind) {
                    span.first = index;
                }
            }
            (None, None) if self.spans.len() < SPANS_MAX => {
                let (first, last) = (index, index);
                self.spans.insert(behind, Span { kind, first, last });
            }
            (None, None) if self.has_more => return,
            (None, None) => self.has_more = true,
        }
        self.has_changed = true;
    }

    /// Shows the points if there are others than the last time; says so when the first appear.
    pub(super) fn tell(&mut self, stats: &DeviceStats) {
        if !std::mem::take(&mut self.has_changed) {
            return;
        }
        let points = self.to_string();
        if stats.set_unmapped_points(points.clone()) {
            tracing::info!(
                device = stats.name(),
                points,
                "the outstation has points that no profile names; `gridos discover dnp3` writes a \
                 profile of all"
            );
        }
    }
}

impl fmt::Display for Unmapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, span) in self.spans.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            write!(f, "{comma}{} {}", span.kind.word(), span.first)?;
            if span.last > span.first {
                write!(f, "..{}", span.last)?;
            }
        }
        f.write_str(if self.has_more { " and more" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use gridos_telemetry::Telemetry;
    use proptest::prelude::*;
    use tracing::{Event, Metadata, Subscriber, span};

    use super::*;

    #[test]
    fn neighbours_are_joined_in_any_order() {
        let mut unmapped = Unmapped::default();
        for index in [17, 19, 18, 18, 3, u16::MAX, 0, 1] {
            unmapped.note(PointKind::Analog, index);
        }
        unmapped.note(PointKind::Counter, 2);
        unmapped.note(PointKind::FrozenAnalog, 20);
        let expected =
            "counter 2, analog 0..1, analog 3, analog 17..19, analog 65535, frozen_analog 20";
        assert_eq!(unmapped.to_string(), expected);
    }

    #[test]
    fn it_stays_small_whatever_comes() {
        let mut unmapped = Unmapped::default();
        for kind in PointKind::ALL {
            for index in (0..=u16::MAX).step_by(2) {
                unmapped.note(kind, index);
            }
        }
        assert_eq!(unmapped.spans.len(), SPANS_MAX);
        assert!(unmapped.spans.capacity() <= SPANS_MAX);
        let shown = unmapped.to_string();
        assert!(shown.starts_with("binary 0, binary 2, "), "{shown}");
        assert!(shown.ends_with(", binary 62 and more"), "{shown}");
    }

    /// Counts lines of the log.
    #[derive(Clone, Default)]
    struct Lines(Arc<AtomicUsize>);

    impl Subscriber for Lines {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn enter(&self, _: &span::Id) {}

        fn exit(&self, _: &span::Id) {}
    }

    #[test]
    fn what_is_new_is_shown_and_the_first_is_logged() {
        let telemetry = Telemetry::new("0", ["rtu".to_owned()]);
        let stats = telemetry.devices.get(0).unwrap();
        let lines = Lines::default();
        let mut unmapped = Unmapped::default();
        let mut told = |index: Option<u16>| {
            if let Some(index) = index {
                unmapped.note(PointKind::Binary, index);
            }
            tracing::subscriber::with_default(lines.clone(), || unmapped.tell(&stats));
            (stats.unmapped_points(), lines.0.load(Ordering::Relaxed))
        };
        assert_eq!(told(None), (String::new(), 0));
        assert_eq!(told(Some(7)), ("binary 7".to_owned(), 1));
        assert_eq!(told(Some(7)), ("binary 7".to_owned(), 1));
        assert_eq!(told(Some(8)), ("binary 7..8".to_owned(), 1));
    }

    proptest! {
        #[test]
        fn the_spans_are_what_was_noted(indexes in prop::collection::vec(0_u16..40, 0..60)) {
            let mut unmapped = Unmapped::default();
            for index in &indexes {
                unmapped.note(PointKind::Counter, *index);
            }
            let spans = unmapped.spans.iter();
            let told: Vec<u16> = spans.flat_map(|span| span.first..=span.last).collect();
            let noted: BTreeSet<u16> = indexes.into_iter().collect();
            prop_assert_eq!(told, noted.into_iter().collect::<Vec<_>>());
            let touch = |pair: &[Span]| pair[0].last + 1 >= pair[1].first;
            prop_assert!(!unmapped.spans.windows(2).any(touch));
        }
    }
}
