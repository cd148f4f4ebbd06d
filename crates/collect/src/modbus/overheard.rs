//! A device that somebody else polls: its answers, decoded as a session of its own would.

use std::sync::Arc;
use std::time::Instant;

use gridos_modbus::{Answer, DecodeError, Memory, Plan, Request, Table};
use gridos_model::{Batch, Layout, Timestamp};

/// The addresses that somebody asked for, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// The table asked.
    pub table: Table,
    /// The first address.
    pub start: u16,
    /// How many registers or bits.
    pub count: u16,
    /// When it was sent.
    pub asked: Timestamp,
}

/// What was answered: as many as were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// Registers.
    Registers(&'a [u16]),
    /// Bits.
    Bits(&'a [bool]),
}

/// A device that somebody else polls.
///
/// Every request of its plan that lies within what an answer holds is decoded from it, so another
/// way to group the same registers shows the same readings.
#[derive(Debug)]
pub struct Overheard {
    plan: Arc<Plan>,
    layouts: Vec<Option<Arc<Layout>>>,
    whole: Arc<Layout>,
    memory: Memory,
    batch: Batch,
}

impl Overheard {
    /// A device that is read by `plan`; `layouts` and `whole` as of
    /// [`ModbusDevice`](super::ModbusDevice).
    pub fn new(plan: Arc<Plan>, layouts: &[Arc<Layout>], whole: Arc<Layout>) -> Self {
        let mut layouts = layouts.iter();
        let requests = plan.requests().iter();
        let of_each = requests.map(|request| match request.sweep_points().is_empty() {
            true => None,
            false => layouts.next().cloned(),
        });
        Self {
            layouts: of_each.collect(),
            memory: plan.memory(),
            plan,
            whole,
            batch: Batch::default(),
        }
    }

    /// Takes an answer that was received then, `now` by the monotonic clock, and gives each batch of
    /// it to `take`; returns how many requests were decoded.
    ///
    /// # Errors
    /// If the answer holds another number of values than was asked for.
    pub fn on_answer(
        &mut self,
        question: &Question,
        content: Content<'_>,
        received: Timestamp,
        now: Instant,
        take: &mut dyn FnMut(&mut Batch),
    ) -> Result<usize, DecodeError> {
        let plan = Arc::clone(&self.plan);
        let mut decoded = 0;
        for (request, layout) in plan.requests().iter().zip(self.layouts.clone()) {
            let Some(answer) = within(request, question, content) else {
                continue;
            };
            let moment = Moment::of(question, received, now);
            self.decode(request, layout.as_ref(), answer, moment, take)?;
            decoded += 1;
        }
        Ok(decoded)
    }

    fn decode(
        &mut self,
        request: &Request,
        layout: Option<&Arc<Layout>>,
        answer: Answer<'_>,
        moment: Moment,
        take: &mut dyn FnMut(&mut Batch),
    ) -> Result<(), DecodeError> {
        let (batch, memory) = (&mut self.batch, &mut self.memory);
        let stamp = request.stamp(answer, moment.polled);
        if let Some(layout) = layout {
            batch.start_sweep(layout, stamp.time, stamp.time_quality, moment.received);
            request.sweep(answer, memory, batch)?;
            take(batch);
        }
        if !request.reported_points().is_empty() {
            batch.start_events(&self.whole, moment.received);
            request.report(answer, memory, &stamp, moment.now, batch)?;
            if !batch.is_empty() {
                take(batch);
            }
        }
        if !request.text_points().is_empty() && request.has_new_text(answer, memory, &stamp)? {
            batch.start_texts(&self.whole, moment.received);
            request.tell_texts(answer, memory, &stamp, batch)?;
            take(batch);
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Moment {
    /// In the middle between the question and the answer, as a session counts it.
    polled: Timestamp,
    received: Timestamp,
    now: Instant,
}

impl Moment {
    fn of(question: &Question, received: Timestamp, now: Instant) -> Self {
        let half = received.since(question.asked) / 2;
        Self {
            polled: received.saturating_sub(half),
            received,
            now,
        }
    }
}

/// The part of `content` that `request` would have asked for; `None` if it is not all there.
fn within<'a>(request: &Request, question: &Question, content: Content<'a>) -> Option<Answer<'a>> {
    if request.table() != question.table {
        return None;
    }
    let first = usize::from(request.start().checked_sub(question.start)?);
    let range = first..first + usize::from(request.count());
    match content {
        Content::Registers(words) => words.get(range).map(Answer::registers),
        Content::Bits(bits) => bits.get(range).map(Answer::bits),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gridos_modbus::{Kind, PlanLimits, RegisterPoint};
    use gridos_model::{DirectoryBuilder, Point};

    use super::*;

    #[test]
    fn what_lies_within_an_answer_is_decoded_at_its_middle() {
        let point =
            |name, address| RegisterPoint::new(name, Table::HoldingRegister, address, Kind::U16);
        let plan = Plan::new(vec![point("a", 10), point("b", 11)], &PlanLimits::default());
        let plan = Arc::new(plan.unwrap());
        let mut builder = DirectoryBuilder::default();
        let points = vec![Point::new("a", ""), Point::new("b", "")];
        let index = builder
            .add("d", points, std::slice::from_ref(&(0..2)))
            .unwrap();
        let directory = builder.build();
        let entry = directory.device(index);
        let mut heard = Overheard::new(plan, entry.groups(), Arc::clone(entry.whole()));
        let mut told = Vec::new();
        let question = |start, count| Question {
            table: Table::HoldingRegister,
            start,
            count,
            asked: Timestamp::from_millis(1_000),
        };
        let mut hear = |start, words: &[u16]| {
            let count = u16::try_from(words.len()).unwrap();
            heard.on_answer(
                &question(start, count),
                Content::Registers(words),
                Timestamp::from_millis(1_020),
                Instant::now() + Duration::from_secs(1),
                &mut |batch| {
                    let Some(gridos_model::Readings::Sweep(sweep)) = batch.readings() else {
                        panic!("no sweep");
                    };
                    told.push((sweep.time, sweep.received, sweep.values.to_vec()));
                },
            )
        };
        assert_eq!(hear(11, &[2]), Ok(0));
        assert_eq!(hear(8, &[0, 0, 5, 6, 0]), Ok(1));
        let at = Timestamp::from_millis;
        assert_eq!(told, [(at(1_010), at(1_020), vec![5.0, 6.0])]);
    }
}
