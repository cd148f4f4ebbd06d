//! The way of a command to the pipeline thread, and of its answer back.

use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::{Case, Command, Generation, Outcome, Refusal};
use gridos_ring::Producer;
use gridos_telemetry::{CommandOutcome, Telemetry};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::book::AlarmBook;

/// So many commands wait for the pipeline thread at most.
const COMMANDS_MAX: usize = 1_024;
/// So long a command waits for room among them. The pipeline thread takes 256 between two turns'
/// readings, so who waits longer would wait for a disk.
const ROOM_WITHIN: Duration = Duration::from_secs(5);

/// Why a command was not done, or not said to be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotDone {
    /// It is refused for what it asks; nothing has changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Too many commands wait, for too long; nothing has changed.
    #[error("{COMMANDS_MAX} commands wait already, and none was taken in time; try again")]
    Busy,
    /// The journal cannot be written at present, or the engine ended before the command was durable.
    /// It may have been done: give it again with the same key.
    #[error("the journal cannot be written: the command is not durable; give it again")]
    NotDurable,
}

/// Gives commands to the pipeline thread; cloning shares the way.
#[derive(Clone, Debug)]
pub struct AlarmCommands {
    sender: mpsc::Sender<Given>,
    renewals: mpsc::Sender<Renewal>,
    waker: Producer,
    telemetry: Arc<Telemetry>,
}

/// The pipeline thread's end.
#[derive(Debug)]
pub struct CommandQueue {
    given: mpsc::Receiver<Given>,
    renewals: mpsc::Receiver<Renewal>,
}

/// Another generation, which waits until all that came before it is through.
#[derive(Debug)]
pub(crate) struct Renewal {
    pub(crate) generation: Generation,
    pub(crate) book: AlarmBook,
    /// Who waits until it counts.
    pub(crate) done: oneshot::Sender<Vec<Case>>,
}

/// A command that waits to be carried out.
#[derive(Debug)]
pub struct Given {
    /// What to do.
    pub command: Command,
    /// Who waits for what became of it.
    pub answer: Answer,
}

/// The way back. Dropping it tells that the command is not known to be durable.
#[derive(Debug)]
pub struct Answer(oneshot::Sender<Result<Outcome, NotDone>>);

/// Both ends of the way of commands. `waker` is a producer's end of the ring that the pipeline
/// thread sleeps on.
pub fn alarm_commands(waker: Producer, telemetry: Arc<Telemetry>) -> (AlarmCommands, CommandQueue) {
    let (sender, given) = mpsc::channel(COMMANDS_MAX);
    let (renewing, renewals) = mpsc::channel(1);
    let commands = AlarmCommands {
        sender,
        renewals: renewing,
        waker,
        telemetry,
    };
    (commands, CommandQueue { given, renewals })
}

impl AlarmCommands {
    /// Gives a command, and waits until what it did is durable.
    ///
    /// Where many are given at once, each waits for room in the order they came, for five seconds.
    ///
    /// Whoever stops waiting has not taken it back.
    ///
    /// # Errors
    /// If it is refused, cannot be taken, or is not known to be durable.
    pub async fn give(&self, command: Command) -> Result<Outcome, NotDone> {
        let done = self.carry(command).await;
        self.telemetry.alarms.commanded(match &done {
            Ok(outcome) if outcome.is_changed => CommandOutcome::Done,
            Ok(_) => CommandOutcome::Unchanged,
            Err(NotDone::Refused(_)) => CommandOutcome::Refused,
            Err(NotDone::Busy) => CommandOutcome::Busy,
            Err(NotDone::NotDurable) => CommandOutcome::NotDurable,
        });
        done
    }

    /// Goes on with another generation, whose alarms are in `book`: behind all batches that are in the
    /// ring by now, and between two others. Waits until it counts; returns what is known of the alarms
    /// that another engine goes on with, or nothing if the pipeline has ended.
    pub async fn renew(&self, generation: Generation, book: AlarmBook) -> Option<Vec<Case>> {
        let (done, counts) = oneshot::channel();
        let renewal = Renewal {
            generation,
            book,
            done,
        };
        if self.renewals.send(renewal).await.is_err() {
            return None;
        }
        self.waker.wake();
        counts.await.ok()
    }

    async fn carry(&self, command: Command) -> Result<Outcome, NotDone> {
        if self.waker.is_stalled() {
            return Err(NotDone::NotDurable);
        }
        let (sender, answer) = oneshot::channel();
        let given = Given {
            command,
            answer: Answer(sender),
        };
        self.room().await?.send(given);
        self.waker.wake();
        answer.await.unwrap_or(Err(NotDone::NotDurable))
    }

    /// Room for one command; given in the order in which it is asked for.
    async fn room(&self) -> Result<mpsc::Permit<'_, Given>, NotDone> {
        let room = match self.sender.try_reserve() {
            Err(mpsc::error::TrySendError::Full(())) => {
                let room = timeout(ROOM_WITHIN, self.sender.reserve());
                room.await.map_err(|_| NotDone::Busy)?.ok()
            }
            tried => tried.ok(),
        };
        room.ok_or(NotDone::NotDurable)
    }
}

impl CommandQueue {
    /// The oldest command that waits.
    pub fn pop(&mut self) -> Option<Given> {
        self.given.try_recv().ok()
    }

    /// The generation that waits, if one does.
    pub(crate) fn pop_renewal(&mut self) -> Option<Renewal> {
        self.renewals.try_recv().ok()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty() && self.renewals.is_empty()
    }
}

impl Answer {
    /// Tells whoever commanded, if they still wait.
    pub fn tell(self, done: Result<Outcome, NotDone>) {
        let _ = self.0.send(done);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use gridos_alarm::Order;
    use gridos_model::{AlarmId, Note};
    use gridos_ring::ring;
    use tokio::task::JoinSet;

    use super::*;

    /// Several consoles' worth of commands, each of another alarm.
    const GIVEN: u64 = 3 * COMMANDS_MAX as u64 + 1;

    fn command(alarm: u64) -> Command {
        Command {
            alarm: AlarmId::from_raw(alarm),
            occurrence: None,
            worst: None,
            order: Order::Acknowledge,
            note: Note::default(),
        }
    }

    /// All of them given at once, before any is taken.
    async fn give_all() -> (JoinSet<Result<Outcome, NotDone>>, CommandQueue) {
        let (producer, _consumer) = ring(1);
        let (commands, queue) = alarm_commands(producer, Arc::new(Telemetry::new("0", [])));
        let (mut given, begun) = (JoinSet::new(), Arc::new(AtomicU64::new(0)));
        for alarm in 0..GIVEN {
            let (commands, begun) = (commands.clone(), Arc::clone(&begun));
            given.spawn(async move {
                begun.fetch_add(1, Ordering::AcqRel);
                commands.give(command(alarm)).await
            });
        }
        while begun.load(Ordering::Acquire) < GIVEN {
            tokio::task::yield_now().await;
        }
        (given, queue)
    }

    #[tokio::test(start_paused = true)]
    async fn commands_that_find_no_room_wait_for_it_in_their_order() {
        let (mut given, mut queue) = give_all().await;
        for alarm in 0..GIVEN {
            let Given { command, answer } = loop {
                match queue.pop() {
                    Some(given) => break given,
                    None => tokio::task::yield_now().await,
                }
            };
            assert_eq!(command.alarm, AlarmId::from_raw(alarm));
            answer.tell(Err(NotDone::NotDurable));
        }
        while let Some(done) = given.join_next().await {
            assert_eq!(done.unwrap(), Err(NotDone::NotDurable));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_room_for_long_is_told_to_try_again() {
        let (mut given, queue) = give_all().await;
        let mut busy = 0;
        while busy < GIVEN - COMMANDS_MAX as u64 {
            assert_eq!(
                given.join_next().await.unwrap().unwrap(),
                Err(NotDone::Busy)
            );
            busy += 1;
        }
        drop(queue);
        while let Some(done) = given.join_next().await {
            assert_eq!(done.unwrap(), Err(NotDone::NotDurable));
        }
    }
}
