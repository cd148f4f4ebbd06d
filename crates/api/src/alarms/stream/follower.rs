//! One client of the stream: what it gets next.
//!
//! Nothing is kept for a client but the number of the record that it has: what comes next is made
//! when its connection takes it. A client that is too slow for the records that are kept gets the
//! table anew.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use gridos_alarm::Case;
use gridos_pipeline::{AlarmBoard, AlarmBook, Following};
use tokio::sync::watch;
use tokio::time::timeout;

use super::frame::{self, HEARTBEAT, Part, Seen};
use crate::body::{Time, now};
use crate::sse::{Guest, RETRY};

/// Cases in a part of a snapshot.
const PIECE: usize = 256;

/// How often a quiet stream shows that it is there.
const QUIET: Duration = Duration::from_secs(15);

/// What a client is sent.
pub(super) struct Follower {
    board: Arc<AlarmBoard>,
    book: Arc<AlarmBook>,
    changed: watch::Receiver<u64>,
    guest: Guest,
    life: u64,
    /// Whether it waits for what is to come.
    waits: bool,
    next: Next,
}

/// Where it stands.
enum Next {
    /// It has just come, and has seen that.
    Greeting(Option<Seen>),
    /// It needs the table.
    Table,
    /// It has parts of the table up to there.
    Parts {
        table: Vec<Arc<Case>>,
        seen: Seen,
        number: usize,
    },
    /// It has everything up to there.
    Records(Seen),
    /// It has everything, and does not wait.
    End,
}

impl Follower {
    pub(super) fn new(
        board: Arc<AlarmBoard>,
        book: Arc<AlarmBook>,
        guest: Guest,
        life: u64,
        waits: bool,
        seen: Option<Seen>,
    ) -> Self {
        Self {
            changed: board.changed(),
            board,
            book,
            guest,
            life,
            waits,
            next: Next::Greeting(seen),
        }
    }

    /// The next piece, as soon as there is one; `None` when the engine stops, or when everything is told to
    /// a client that does not wait.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.guest.is_over() {
                return None;
            }
            match std::mem::replace(&mut self.next, Next::Table) {
                Next::Greeting(seen) => {
                    self.next = seen.map_or(Next::Table, Next::Records);
                    return Some(RETRY.into());
                }
                Next::Table => self.next = self.take_table(),
                Next::Parts {
                    table,
                    seen,
                    number,
                } => return Some(self.part(table, seen, number).into()),
                Next::Records(seen) => {
                    if let Some(piece) = self.records(seen).await {
                        return Some(piece);
                    }
                }
                Next::End => return None,
            }
        }
    }

    fn take_table(&self) -> Next {
        let confirmations = self.board.confirmations();
        let table = self.board.table();
        Next::Parts {
            table: table.cases.values().cloned().collect(),
            seen: Seen {
                sequence: table.sequence,
                confirmations,
                life: self.life,
            },
            number: 0,
        }
    }

    fn part(&mut self, table: Vec<Arc<Case>>, seen: Seen, number: usize) -> String {
        let from = number * PIECE;
        let until = table.len().min(from + PIECE);
        let part = Part {
            number,
            is_last: until == table.len(),
        };
        let cases = table.get(from..until).unwrap_or_default();
        let cases = cases.iter().map(|case| &**case);
        let text = frame::snapshot(seen, part, cases, &self.book, Time(now()));
        self.next = match part.is_last {
            true => Next::Records(seen),
            false => Next::Parts {
                table,
                seen,
                number: number + 1,
            },
        };
        text
    }

    /// What happened behind what was `seen`, or a sign of life; `None` if there is something else to
    /// do first.
    async fn records(&mut self, mut seen: Seen) -> Option<Bytes> {
        // Before the look: what comes meanwhile ends the waiting at once.
        self.changed.mark_unchanged();
        let following = self.board.following(seen.sequence, seen.confirmations)?;
        let piece = match &following {
            Following::Records(records) => {
                let before = seen;
                seen.sequence = records.last().map_or(seen.sequence, |last| last.sequence);
                let records = records.iter().map(|record| &**record);
                frame::records(before, records, &self.book)
            }
            Following::Confirmed(alarms) => {
                seen.confirmations += alarms.len() as u64;
                frame::confirmed(seen, alarms, &self.book)
            }
        };
        self.next = Next::Records(seen);
        if !piece.is_empty() {
            return Some(piece.into());
        }
        if !self.waits {
            self.next = Next::End;
            return None;
        }
        let waiting = async {
            tokio::select! {
                _ = self.changed.changed() => {}
                () = self.guest.over() => {}
            }
        };
        let is_quiet = timeout(QUIET, waiting).await.is_err();
        is_quiet.then(|| HEARTBEAT.into())
    }
}
