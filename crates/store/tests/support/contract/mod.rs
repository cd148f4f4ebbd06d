//! What every store must do, whatever it is.

use std::pin::Pin;
use std::sync::Arc;

use gridos_model::{Quality, Timestamp};
use gridos_store::{HistoryQuery, ReadingRow, Store};

use super::fixture::MIDNIGHT;

mod books;
mod letters;
mod readings;
mod texts;

/// An answer that is to come.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A kind of store under test: places are made by name and can be opened again.
pub(crate) trait Kind: Sync {
    /// An empty database of that name.
    fn create<'a>(&'a self, name: &'a str) -> Answer<'a, ()>;
    /// The store in it.
    fn open(&self, name: &str) -> Arc<dyn Store>;
    /// What a user's SQL answers: rows of columns joined by `|`, NULL as nothing.
    fn sql<'a>(&'a self, name: &'a str, sql: &'a str) -> Answer<'a, Vec<String>>;
}

const IA: &str = "sub1.feeder-01.ia";
const IB: &str = "sub1.feeder-01.ib";
const STATE: &str = "sub1.feeder-01.state";

/// Runs every case.
pub(crate) async fn check(kind: &dyn Kind) {
    readings::readings_come_back(kind).await;
    readings::history_is_cut_at_the_end_asked_for(kind).await;
    books::a_chunk_is_stored_once(kind).await;
    books::a_reopened_store_goes_on(kind).await;
    books::alarms_and_gaps_are_kept(kind).await;
    readings::the_latest_is_the_youngest_of_either_shape(kind).await;
    readings::doubt_and_nonsense_are_kept_apart_from_values(kind).await;
    books::what_cannot_be_stored_is_quarantined(kind).await;
    readings::wild_clocks_stop_nothing(kind).await;
    readings::a_wrong_clock_keeps_nothing_from_being_the_latest(kind).await;
    readings::old_events_are_found_beside_young_ones(kind).await;
    books::a_loss_is_recorded(kind).await;
    texts::texts_come_back(kind).await;
    texts::a_text_of_no_point_is_quarantined(kind).await;
    texts::an_earlier_database_learns_texts(kind).await;
    letters::letters_are_kept_once(kind).await;
    letters::an_earlier_database_learns_letters(kind).await;
    books::engines_may_start_at_once(kind).await;
}

async fn fresh(kind: &dyn Kind, name: &str) -> Arc<dyn Store> {
    kind.create(name).await;
    let store = kind.open(name);
    store.migrate().await.unwrap();
    store
}

fn ever(point: &str) -> HistoryQuery {
    HistoryQuery {
        point: point.to_owned(),
        from: Timestamp::MIN,
        until: Timestamp::MAX,
        limit: 1_000,
        youngest: false,
    }
}

fn short(rows: &[ReadingRow]) -> Vec<(i64, Option<f64>, Quality)> {
    let millis = |row: &ReadingRow| row.time.as_millis() - MIDNIGHT.as_millis();
    let short = |row: &ReadingRow| (millis(row), row.value, row.quality);
    rows.iter().map(short).collect()
}

fn good(rows: &[(i64, f64)]) -> Vec<(i64, Option<f64>, Quality)> {
    let good = |(millis, value): &(i64, f64)| (*millis, Some(*value), Quality::GOOD);
    rows.iter().map(good).collect()
}
