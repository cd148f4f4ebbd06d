//! What an engine did, said at its end.

use std::fmt;
use std::time::Duration;

use gridos_journal::Tail;
use gridos_telemetry::{LedgerSnapshot, Refusal, Stage, Telemetry};

/// The ledger and the latencies at the end of an engine.
#[derive(Clone, Debug)]
pub struct Summary {
    ledger: LedgerSnapshot,
    journal_end: Tail,
    is_stored: bool,
    transitions: u64,
    durable: Percentiles,
    stored: Percentiles,
}

#[derive(Clone, Copy, Debug)]
struct Percentiles {
    p50: Option<Duration>,
    p95: Option<Duration>,
    p99: Option<Duration>,
}

impl Summary {
    pub(super) fn of(telemetry: &Telemetry, journal_end: Tail, is_stored: bool) -> Self {
        Self {
            ledger: telemetry.ledger.snapshot(),
            journal_end,
            is_stored,
            transitions: telemetry.alarms.transitions.get(),
            durable: Percentiles::of(&telemetry.stages.durable),
            stored: Percentiles::of(&telemetry.stages.stored),
        }
    }

    /// The ledger at the end.
    pub fn ledger(&self) -> &LedgerSnapshot {
        &self.ledger
    }

    /// The ledger on one line.
    pub fn in_one_line(&self) -> String {
        let ledger = &self.ledger;
        format!(
            "received {} + carried over {} = stored {} + refused {} + in the journal {} + in the \
             ring {}: {}",
            ledger.received,
            ledger.carried_over,
            ledger.stored,
            ledger.refused,
            ledger.in_journal,
            ledger.in_ring,
            self.balance()
        )
    }

    fn balance(&self) -> String {
        match self.ledger.unaccounted {
            0 => "balanced".to_owned(),
            unaccounted => format!("NOT BALANCED, {unaccounted} unaccounted; please report this"),
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ledger = &self.ledger;
        writeln!(f, "\nledger, in readings")?;
        writeln!(f, "  received      {:>12}", ledger.received)?;
        writeln!(
            f,
            "  carried over  {:>12}   in the journal at the start",
            ledger.carried_over
        )?;
        writeln!(f, "  stored        {:>12}", ledger.stored)?;
        writeln!(f, "  refused       {:>12}", ledger.refused)?;
        for reason in Refusal::ALL {
            let count = ledger.refused_for(*reason);
            if count > 0 {
                writeln!(f, "    {:<12}{count:>12}", reason.label())?;
            }
        }
        let in_flight = ledger.in_journal + ledger.in_ring;
        write!(f, "  in flight     {in_flight:>12}")?;
        let kept = "   kept in the journal, stored after the next start";
        writeln!(f, "{}", if self.is_stored { "" } else { kept })?;
        writeln!(f, "  {}", self.balance())?;
        writeln!(f, "alarm transitions {}", self.transitions)?;
        writeln!(f, "wire→durable  {}", self.durable)?;
        writeln!(f, "wire→stored   {}", self.stored)?;
        write!(f, "journal ends at {}", self.journal_end.position)
    }
}

impl Percentiles {
    fn of(stage: &Stage) -> Self {
        let [p50, p95, p99] = [0.50, 0.95, 0.99].map(|quantile| stage.quantile(quantile));
        Self { p50, p95, p99 }
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |quantile: Option<Duration>| match quantile {
            Some(duration) => format!("{:.1} ms", duration.as_secs_f64() * 1e3),
            None => "–".to_owned(),
        };
        write!(
            f,
            "p50 {}, p95 {}, p99 {}",
            show(self.p50),
            show(self.p95),
            show(self.p99)
        )
    }
}
