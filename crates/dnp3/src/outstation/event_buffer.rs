//! The events that wait to be confirmed.

use std::collections::VecDeque;

use super::event::{Event, Occurrence, Stage, Voice};
use super::held::Held;
use super::{EventCapacities, Fate, Ledger, Overflow, PointKind, PointTable};
use crate::app::{EventClasses, Point, ResponseWriter, Variation, Width, WriteError};

/// The events of an outstation in the order in which they were made.
///
/// An event is first waiting; then selected by a request, or not if it goes unasked; then written
/// into a fragment. The confirm of the fragment deletes it. If that does not come, it waits again.
#[derive(Clone, Debug)]
pub(super) struct EventBuffer {
    queue: VecDeque<Event>,
    /// How many of each kind.
    kinds: [usize; PointKind::ALL.len()],
    /// How many of each class at each stage.
    stages: [[usize; Stage::PLACES]; CLASSES],
    is_overflown: bool,
    ledger: Ledger,
}

/// What came of writing events into a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written {
    /// Whether there are any in it.
    pub(super) has_events: bool,
    /// Whether more were wanted than there was room for.
    pub(super) is_full: bool,
}

/// How many classes have events.
const CLASSES: usize = 3;

impl EventBuffer {
    pub(super) fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            kinds: [0; PointKind::ALL.len()],
            stages: [[0; Stage::PLACES]; CLASSES],
            is_overflown: false,
            ledger: Ledger::default(),
        }
    }

    pub(super) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    /// What has become of an event; `None` if it has not been made.
    pub(super) fn fate(&self, number: u64) -> Option<Fate> {
        let place = self
            .queue
            .binary_search_by_key(&number, |event| event.number);
        match place.ok().and_then(|place| self.queue.get(place)) {
            Some(event) if matches!(event.stage, Stage::Written(_)) => Some(Fate::Written),
            Some(_) => Some(Fate::Buffered),
            None => self.ledger.settled(number),
        }
    }

    /// The classes with events that are in no fragment (IIN1.1 to IIN1.3).
    pub(super) fn unwritten(&self) -> EventClasses {
        let has_unwritten = |class: &EventClasses| {
            let stages = self.stages.get(place(*class));
            stages.is_some_and(|[waiting, selected, ..]| waiting + selected > 0)
        };
        EventClasses::all().iter().filter(has_unwritten).collect()
    }

    /// How many events of `classes` wait.
    pub(super) fn waiting(&self, classes: EventClasses) -> usize {
        let counts = classes
            .iter()
            .filter_map(|class| self.stages.get(place(class)));
        counts.map(|[waiting, ..]| waiting).sum()
    }

    /// Whether events of `classes` are in the unsolicited fragment whose confirm is awaited.
    pub(super) fn has_spoken_of(&self, classes: EventClasses) -> bool {
        let place_of_stage = Stage::Written(Voice::Unsolicited).place();
        let mut stages = classes
            .iter()
            .filter_map(|class| self.stages.get(place(class)));
        stages.any(|stages| stages.get(place_of_stage) > Some(&0))
    }

    /// Whether events were lost, and there is no more room than then (IIN2.3).
    pub(super) fn is_overflown(&self) -> bool {
        self.is_overflown
    }

    /// Takes an event and gives it a number. If there are `capacities` of its kind already, one
    /// of them is lost.
    pub(super) fn add(
        &mut self,
        occurrence: Occurrence,
        capacities: &EventCapacities,
        overflow: Overflow,
    ) -> u64 {
        let number = self.ledger.on_produced();
        let kind = occurrence.kind;
        let has_room = self.kinds.get(kind.place()) < Some(&capacities.of(kind));
        if !has_room {
            self.is_overflown = true;
            if overflow == Overflow::DropNewest || !self.drop_oldest(kind) {
                self.ledger.on_overflowed(number, false);
                return number;
            }
        }
        let event = Event {
            number,
            occurrence,
            stage: Stage::Waiting,
            was_sent: false,
        };
        self.count(&event, 1);
        self.queue.push_back(event);
        number
    }

    /// Selects up to `limit` events that wait and that `wants` wants, in variation `number` of
    /// their group.
    pub(super) fn select(&mut self, limit: usize, number: u8, wants: impl Fn(&Occurrence) -> bool) {
        let waiting = self
            .queue
            .iter_mut()
            .filter(|event| event.stage == Stage::Waiting && wants(&event.occurrence));
        for event in waiting.take(limit) {
            shift(&mut self.stages, event, Stage::Selected(number));
        }
    }

    /// Lets events wait again whose response is given up.
    pub(super) fn unselect(&mut self, voice: Voice) {
        for event in &mut self.queue {
            let is_of_voice = match event.stage {
                Stage::Waiting => false,
                Stage::Selected(_) => voice == Voice::Solicited,
                Stage::Written(of) => of == voice,
            };
            if is_of_voice {
                shift(&mut self.stages, event, Stage::Waiting);
            }
        }
    }

    /// Writes selected events into the fragment of a response.
    pub(super) fn write_selected(
        &mut self,
        points: &PointTable,
        width: Width,
        writer: &mut ResponseWriter,
    ) -> Written {
        self.write(
            points,
            width,
            writer,
            Voice::Solicited,
            |event| match event.stage {
                Stage::Selected(number) => Some(number),
                Stage::Waiting | Stage::Written(_) => None,
            },
        )
    }

    /// Writes waiting events of `classes` into an unsolicited fragment.
    pub(super) fn write_waiting(
        &mut self,
        classes: EventClasses,
        points: &PointTable,
        width: Width,
        writer: &mut ResponseWriter,
    ) -> Written {
        self.write(points, width, writer, Voice::Unsolicited, |event| {
            let is_wanted = classes.contains(event.occurrence.class);
            (event.stage == Stage::Waiting && is_wanted).then_some(0)
        })
    }

    /// Deletes what was written into the fragment that is confirmed.
    pub(super) fn confirm(&mut self, voice: Voice, capacities: &EventCapacities) {
        let written = Stage::Written(voice);
        // What was written is mostly what is oldest.
        while self
            .queue
            .front()
            .is_some_and(|event| event.stage == written)
        {
            if let Some(event) = self.queue.pop_front() {
                self.count(&event, -1);
                self.ledger.on_confirmed(event.number);
            }
        }
        if self
            .stages
            .iter()
            .any(|stages| stages.get(written.place()) > Some(&0))
        {
            self.drop_where(|event| event.stage == written, Ledger::on_confirmed_event);
        }
        let is_full = |kind: &PointKind| {
            let capacity = capacities.of(*kind);
            capacity > 0 && self.kinds.get(kind.place()) >= Some(&capacity)
        };
        self.is_overflown &= PointKind::ALL.iter().any(is_full);
    }

    /// Loses everything.
    pub(super) fn forget(&mut self) {
        self.drop_where(
            |_| true,
            |ledger, event| {
                ledger.on_forgotten(event.number, event.was_sent);
            },
        );
        self.is_overflown = false;
    }

    fn write(
        &mut self,
        points: &PointTable,
        width: Width,
        writer: &mut ResponseWriter,
        voice: Voice,
        wants: impl Fn(&Event) -> Option<u8>,
    ) -> Written {
        let mut written = Written {
            has_events: false,
            is_full: false,
        };
        for event in &mut self.queue {
            let Some(number) = wants(event) else {
                continue;
            };
            match append(&event.occurrence, number, points, width, writer) {
                Ok(()) => {
                    written.has_events = true;
                    event.was_sent = true;
                    shift(&mut self.stages, event, Stage::Written(voice));
                }
                Err(WriteError::Full) => {
                    written.is_full = true;
                    break;
                }
                // Selections are checked before, so this is a mistake of this module. The event
                // stays where a test will find it.
                Err(error) => debug_assert!(false, "{error}"),
            }
        }
        written
    }

    /// Whether there was one of that kind.
    fn drop_oldest(&mut self, kind: PointKind) -> bool {
        let place = self
            .queue
            .iter()
            .position(|event| event.occurrence.kind == kind);
        let event = place.and_then(|place| self.queue.remove(place));
        if let Some(event) = &event {
            self.count(event, -1);
            self.ledger.on_overflowed(event.number, event.was_sent);
        }
        event.is_some()
    }

    fn drop_where(
        &mut self,
        is_dropped: impl Fn(&Event) -> bool,
        settle: impl Fn(&mut Ledger, &Event),
    ) {
        for event in std::mem::take(&mut self.queue) {
            if is_dropped(&event) {
                self.count(&event, -1);
                settle(&mut self.ledger, &event);
            } else {
                self.queue.push_back(event);
            }
        }
    }

    /// Counts an event that comes or goes.
    fn count(&mut self, event: &Event, change: isize) {
        let occurrence = &event.occurrence;
        if let Some(count) = self.kinds.get_mut(occurrence.kind.place()) {
            *count = count.saturating_add_signed(change);
        }
        if let Some(count) = counted(&mut self.stages, occurrence.class, event.stage) {
            *count = count.saturating_add_signed(change);
        }
    }
}

impl Ledger {
    fn on_confirmed_event(&mut self, event: &Event) {
        self.on_confirmed(event.number);
    }
}

/// Brings an event to another stage.
fn shift(stages: &mut [[usize; Stage::PLACES]; CLASSES], event: &mut Event, stage: Stage) {
    let class = event.occurrence.class;
    if let Some(count) = counted(stages, class, event.stage) {
        *count = count.saturating_sub(1);
    }
    if let Some(count) = counted(stages, class, stage) {
        *count += 1;
    }
    event.stage = stage;
}

fn counted(
    stages: &mut [[usize; Stage::PLACES]; CLASSES],
    class: EventClasses,
    stage: Stage,
) -> Option<&mut usize> {
    stages.get_mut(place(class))?.get_mut(stage.place())
}

/// The place of one class among counts by class.
fn place(class: EventClasses) -> usize {
    usize::try_from(class.bits().trailing_zeros()).unwrap_or(usize::MAX)
}

/// Appends an event in variation `number` of its group, or as its point says for 0.
fn append(
    occurrence: &Occurrence,
    number: u8,
    points: &PointTable,
    width: Width,
    writer: &mut ResponseWriter,
) -> Result<(), WriteError> {
    let Some(definition) = points.definition(occurrence.point) else {
        return Ok(());
    };
    let usual = definition.event_variation;
    let number = match (&occurrence.held, number) {
        (Held::Octets(_), _) => occurrence.held.length().unwrap_or(0),
        (_, 0) => usual.number,
        (_, number) => number,
    };
    let point = Point {
        index: definition.index,
        value: occurrence.held.value(),
        flags: occurrence.flags,
        time: Some(occurrence.time),
    };
    writer.event(Variation::new(usual.group, number), width, &point)
}
