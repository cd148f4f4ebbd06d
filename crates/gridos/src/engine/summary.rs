//! What an engine did, said at its end.

use std::fmt;
use std::time::Duration;

use gridos_telemetry::{LedgerSnapshot, Refusal, Stage, Telemetry};
use serde_json::{Map, Value, json};

/// The ledger and the latencies at the end of an engine.
#[derive(Clone, Debug)]
pub struct Summary {
    ledger: LedgerSnapshot,
    journal_end: u64,
    is_stored: bool,
    alarm_records: u64,
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
    pub(super) fn of(telemetry: &Telemetry, is_stored: bool) -> Self {
        Self {
            ledger: telemetry.ledger.snapshot(),
            journal_end: telemetry.journal.durable.get(),
            is_stored,
            alarm_records: telemetry.alarms.records_in_all(),
            durable: Percentiles::of(&telemetry.stages.durable),
            stored: Percentiles::of(&telemetry.stages.stored),
        }
    }

    /// The ledger at the end.
    pub fn ledger(&self) -> &LedgerSnapshot {
        &self.ledger
    }

    /// Whether the database has everything that was in the journal.
    pub fn is_stored(&self) -> bool {
        self.is_stored
    }

    /// The same for machines.
    pub(crate) fn as_json(&self) -> Value {
        let ledger = &self.ledger;
        let refused = Refusal::ALL.iter();
        let refused: Map<String, Value> = refused
            .map(|reason| {
                (
                    reason.label().to_owned(),
                    json!(ledger.refused_for(*reason)),
                )
            })
            .collect();
        json!({
            "ledger": {
                "received": ledger.received,
                "carried_over": ledger.carried_over,
                "stored": ledger.stored,
                "quarantined": ledger.quarantined,
                "lost": ledger.lost,
                "refused": ledger.refused,
                "refused_by": refused,
                "in_journal": ledger.in_journal,
                "in_ring": ledger.in_ring,
                "balanced": ledger.is_balanced(),
            },
            "stored_all": self.is_stored,
            "alarm_records": self.alarm_records,
            "wire_to_durable": self.durable.as_json(),
            "wire_to_stored": self.stored.as_json(),
            "journal_end": self.journal_end,
        })
    }

    /// The ledger on one line.
    pub fn in_one_line(&self) -> String {
        let ledger = &self.ledger;
        format!(
            "received {} + carried over {} = stored {} + quarantined {} + lost {} + refused {} + \
             in the journal {} + in the ring {}: {}",
            ledger.received,
            ledger.carried_over,
            ledger.stored,
            ledger.quarantined,
            ledger.lost,
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
        for (name, count, what) in [
            ("quarantined", ledger.quarantined, "in the table quarantine"),
            (
                "lost",
                ledger.lost,
                "the journal was damaged, trimmed or given up",
            ),
        ] {
            if count > 0 {
                writeln!(f, "  {name:<14}{count:>12}   {what}")?;
            }
        }
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
        writeln!(f, "alarm records {}", self.alarm_records)?;
        writeln!(f, "wire→durable  {}", self.durable)?;
        writeln!(f, "wire→stored   {}", self.stored)?;
        write!(f, "journal ends at {}", self.journal_end)
    }
}

impl Percentiles {
    fn of(stage: &Stage) -> Self {
        let [p50, p95, p99] = [0.50, 0.95, 0.99].map(|quantile| stage.quantile(quantile));
        Self { p50, p95, p99 }
    }
}

impl Percentiles {
    fn as_json(self) -> Value {
        let ms = |quantile: Option<Duration>| quantile.map(|time| time.as_secs_f64() * 1e3);
        json!({ "p50_ms": ms(self.p50), "p95_ms": ms(self.p95), "p99_ms": ms(self.p99) })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_said_and_none_is_not() {
        let telemetry = Telemetry::new("1", []);
        let ledger = &telemetry.ledger;
        ledger.carried_over.add(12);
        ledger.stored.add(5);
        let whole = Summary::of(&telemetry, true).to_string();
        assert!(!whole.contains("lost") && !whole.contains("quarantined"));
        ledger.lose(gridos_telemetry::Loss::Damaged, 4);
        ledger.quarantined.add(3);
        let summary = Summary::of(&telemetry, true);
        let text = summary.to_string();
        assert!(
            text.contains("\n  quarantined              3   in"),
            "{text}"
        );
        assert!(
            text.contains("\n  lost                     4   the"),
            "{text}"
        );
        assert!(text.contains("\n  balanced\n"), "{text}");
        let line = summary.in_one_line();
        assert!(line.contains("stored 5 + quarantined 3 + lost 4"), "{line}");
    }
}
