//! What every store must do, whatever it is.

use std::pin::Pin;
use std::sync::Arc;

use gridos_journal::Chunk;
use gridos_model::{DeviceId, PointId, Quality, Timestamp};
use gridos_store::{HistoryQuery, ReadingRow, Store};

use super::fixture::{Fixture, MIDNIGHT, at};

mod alarms;
mod books;
mod deeds;
mod history;
mod hours;
mod letters;
mod measures;
mod minutes;
mod pages;
mod readings;
mod reference;
mod standing;
mod texts;
mod wild;

/// An answer that is to come.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A kind of store under test: places are made by name and can be opened again.
pub(crate) trait Kind: Sync {
    /// An empty database of that name.
    fn create<'a>(&'a self, name: &'a str) -> Answer<'a, ()>;
    /// A database of that name as an earlier version left it, whose last step was `last`.
    fn earlier<'a>(&'a self, name: &'a str, last: &'a str) -> Answer<'a, ()>;
    /// Numbers as its columns of arrays take them.
    fn array(&self, numbers: &str) -> String;
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
    readings::the_latest_may_be_of_long_ago(kind).await;
    readings::doubt_and_nonsense_are_kept_apart_from_values(kind).await;
    books::what_cannot_be_stored_is_quarantined(kind).await;
    readings::wild_clocks_stop_nothing(kind).await;
    readings::a_wrong_clock_keeps_nothing_from_being_the_latest(kind).await;
    readings::old_events_are_found_beside_young_ones(kind).await;
    wild::whatever_the_clocks_say_is_stored(kind).await;
    wild::a_clock_ahead_is_told_in_every_shape(kind).await;
    books::a_loss_is_recorded(kind).await;
    texts::texts_come_back(kind).await;
    texts::a_text_of_no_point_is_quarantined(kind).await;
    texts::an_earlier_database_learns_texts(kind).await;
    deeds::deeds_are_kept_once_and_found(kind).await;
    deeds::an_earlier_database_learns_deeds(kind).await;
    letters::letters_are_kept_once(kind).await;
    letters::an_earlier_database_learns_letters(kind).await;
    pages::gaps_and_letters_are_paged(kind).await;
    alarms::what_happened_comes_back(kind).await;
    alarms::names_outlive_the_process(kind).await;
    alarms::pages_are_in_order_and_whole(kind).await;
    alarms::made_up_places_stop_nothing(kind).await;
    standing::what_stands_is_known(kind).await;
    measures::measures_are_those_reckoned_by_hand(kind).await;
    alarms::an_earlier_database_learns_alarms(kind).await;
    history::questions_are_answered_as_by_hand(kind).await;
    history::pages_stay_whole_while_data_arrives(kind).await;
    history::a_page_may_end_among_readings_of_one_time(kind).await;
    history::a_device_is_shown_at_an_instant(kind).await;
    history::gaps_reach_into_a_range(kind).await;
    history::what_nobody_knows_has_no_history(kind).await;
    minutes::minutes_are_those_of_the_readings(kind).await;
    minutes::open_minutes_are_added_up_again(kind).await;
    minutes::a_turn_is_refused_elsewhere(kind).await;
    minutes::the_ends_of_numbers_stop_no_query(kind).await;
    minutes::minutes_come_to_an_earlier_database(kind).await;
    minutes::texts_are_of_no_minute(kind).await;
    hours::long_columns_are_made_of_minutes(kind).await;
    books::engines_may_start_at_once(kind).await;
}

async fn fresh(kind: &dyn Kind, name: &str) -> Arc<dyn Store> {
    kind.create(name).await;
    let store = kind.open(name);
    store.migrate().await.unwrap();
    store
}

/// A database as an earlier version left it, with the first chunk of `fixture`, a sweep of 1.5 and 2.5.
pub(crate) async fn earlier(
    kind: &dyn Kind,
    name: &str,
    last: &str,
    fixture: &mut Fixture,
) -> Chunk {
    kind.earlier(name, last).await;
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    let chunk = fixture.all();
    let device = DeviceId::of("sub1.feeder-01").as_i64();
    let layout = pair.id().as_i64();
    let points = ["ia", "ib"].map(|name| PointId::of("sub1.feeder-01", name).as_i64());
    let (stream, until) = (fixture.stream().as_i64(), chunk.until());
    let last = chunk.last_checksum().unwrap();
    for sql in [
        format!("insert into device values ({device}, 'sub1.feeder-01')"),
        format!(
            "insert into point values ({}, {device}, '{IA}', 'A')",
            points[0]
        ),
        format!(
            "insert into point values ({}, {device}, '{IB}', 'A')",
            points[1]
        ),
        format!("insert into layout values ({layout}, {device})"),
        format!(
            "insert into layout_point values ({layout}, 0, {})",
            points[0]
        ),
        format!(
            "insert into layout_point values ({layout}, 1, {})",
            points[1]
        ),
        format!(
            "insert into sweep (layout, ts, received, value) values \
             ({layout}, '2026-11-23 00:00:00.000000', '2026-11-23 00:00:00.001000', '{}')",
            kind.array("1.5,2.5")
        ),
        format!(
            "insert into stream_position values ({stream}, {}, {}, 0, 0, {last})",
            until.position, until.readings
        ),
    ] {
        kind.sql(name, &sql).await;
    }
    chunk
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
