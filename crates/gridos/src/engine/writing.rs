//! Writing: what earlier lives of the engine left first, then what this one receives.

use gridos_journal::{EarlierStream, Tail};
use tokio::sync::watch;

use super::carrier::{Carrier, Carriers};
use super::undrained::Undrained;

/// Everything that is to be written, in order.
pub(super) struct Writing {
    pub(super) earlier: Vec<EarlierStream>,
    pub(super) undrained: Undrained,
    /// What carries each stream.
    pub(super) carriers: Carriers,
    /// What carries this life's.
    pub(super) current: Carrier,
}

/// What became of the earlier streams.
enum Drained {
    /// The database has all of them, but for what is set aside or gone.
    All,
    /// The database went back in time meanwhile, and may lack the ends of those drained before.
    SetBack,
    /// The writer was told to stop, and the rest is left to the next start.
    NotAll,
}

impl Writing {
    /// Writes until `stop` is true and everything durable is stored, or the database lets no more;
    /// returns whether everything is stored.
    ///
    /// A database that goes back in time lacks the ends of earlier streams, too: what the disk still
    /// has of them is written again, and again before what follows.
    pub(super) async fn run(
        mut self,
        durable: watch::Receiver<Tail>,
        stop: watch::Receiver<bool>,
    ) -> bool {
        loop {
            match self.drain(&durable, &stop).await {
                Drained::All => {}
                Drained::SetBack => continue,
                Drained::NotAll => return false,
            }
            let summary = self.current.run_on(durable.clone(), stop.clone()).await;
            if !summary.set_back {
                return summary.is_drained();
            }
            tracing::warn!("the database went back in time: what it lacks is written again");
        }
    }

    async fn drain(
        &self,
        durable: &watch::Receiver<Tail>,
        stop: &watch::Receiver<bool>,
    ) -> Drained {
        let mut drained = Drained::All;
        for earlier in &self.earlier {
            self.undrained.insert(earlier);
            if !earlier.dir.exists() {
                self.undrained.remove(&earlier.dir);
                self.look_after(earlier).await;
                continue;
            }
            let end = earlier.recovery.end;
            let carrier = self.carriers.of(&earlier.dir, earlier.stream, end);
            self.undrained.begin(&earlier.dir, carrier.stored());
            let summary = carrier.drain(end, durable.clone(), stop.clone()).await;
            if summary.is_drained() {
                self.undrained.remove(&earlier.dir);
            } else if summary.set_aside {
                self.undrained.set_aside(&earlier.dir);
            } else {
                return Drained::NotAll;
            }
            if summary.set_back {
                drained = Drained::SetBack;
            }
        }
        drained
    }

    /// Says aloud if the database has lost what the disk has no more.
    async fn look_after(&self, gone: &EarlierStream) {
        let (stream, end) = (gone.stream, gone.recovery.end);
        if let Ok(stored) = self.carriers.store.position(stream).await
            && stored.tail.position < end.position
        {
            let readings = end.readings.saturating_sub(stored.tail.readings);
            tracing::error!(
                %stream,
                readings,
                "the database went back in time and lacks readings of an earlier life of the \
                 engine, which the journal has given up: they are lost"
            );
        }
    }
}
