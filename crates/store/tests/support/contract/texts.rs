//! Texts: readings of a kind of their own, stored with the others and beside them.

use gridos_model::{Quality, Readings, TextColumn, Texts};
use gridos_store::{HistoryQuery, StoreError, TextRow};

use super::{IA, Kind, STATE, earlier, ever, fresh, good, short};
use crate::support::fixture::{Fixture, MIDNIGHT, at};

fn plain(rows: &[TextRow]) -> Vec<(i64, &str, Quality)> {
    let millis = |row: &TextRow| row.time.as_millis() - MIDNIGHT.as_millis();
    let plain = |row| -> (i64, &str, Quality) {
        let row: &TextRow = row;
        (millis(row), &row.text, row.quality)
    };
    rows.iter().map(plain).collect()
}

pub(super) async fn texts_come_back(kind: &dyn Kind) {
    let store = fresh(kind, "texts").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    let good_text = |millis, text| (2, at(millis), text, Quality::GOOD);
    fixture.texts(&[
        good_text(1_000, &b"v1.0 \xc2\xb5"[..]),
        (0, at(1_500), b"SN'42", Quality::NO_SOURCE_TIME),
        (2, at(3_000), b"\xff\0", Quality::GOOD),
        (2, at(2_000), b"", Quality::COMM_LOST | Quality::LATE),
    ]);
    fixture.events(&[(2, at(500), 7.5, Quality::GOOD)]);
    let (stream, chunk) = (fixture.stream(), fixture.all());
    assert_eq!(chunk.readings(), 7);
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    let again = store.write(stream, &chunk, fixture.book()).await;
    assert!(matches!(again, Err(StoreError::Moved { stored }) if stored == chunk.until()));
    let state = store.texts(&ever(STATE)).await.unwrap();
    assert!(state.iter().all(|row| row.point == STATE));
    let none = Quality::COMM_LOST | Quality::LATE;
    let all = [
        (1_000, "v1.0 µ", Quality::GOOD),
        (2_000, "", none),
        (3_000, "\\xff\\x00", Quality::TEXT_ESCAPED),
    ];
    assert_eq!(plain(&state), all);
    let ask = async |from, until, limit, youngest| {
        let query = HistoryQuery {
            from: at(from),
            until: at(until),
            limit,
            youngest,
            ..ever(STATE)
        };
        store.texts(&query).await.unwrap()
    };
    assert_eq!(plain(&ask(1_000, 3_000, 9, true).await), all[..2]);
    assert_eq!(plain(&ask(0, 9_000, 2, true).await), all[1..]);
    assert_eq!(plain(&ask(0, 9_000, 1, false).await), all[..1]);
    assert_eq!(store.texts(&ever("nobody.x")).await.unwrap(), []);
    // Numbers are beside them, and not among them.
    let numbers = store.history(&ever(STATE)).await.unwrap();
    assert_eq!(short(&numbers), good(&[(500, 7.5)]));
    let latest = "select point, text, quality from latest_text order by point";
    let escaped = Quality::TEXT_ESCAPED.bits();
    let expected = [
        format!("{IA}|SN'42|{}", Quality::NO_SOURCE_TIME.bits()),
        format!("{STATE}|\\xff\\x00|{escaped}"),
    ];
    assert_eq!(kind.sql("texts", latest).await, expected);
    let count = "select count(*) from text_reading";
    assert_eq!(kind.sql("texts", count).await, ["4"]);
}

/// A text goes to quarantine as any other reading does.
pub(super) async fn a_text_of_no_point_is_quarantined(kind: &dyn Kind) {
    let store = fresh(kind, "text_quarantined").await;
    let mut fixture = Fixture::new();
    let layout = fixture.whole().id();
    fixture.readings(&Readings::Texts(Texts {
        layout,
        received: at(0),
        points: &[0, 3],
        times: &[at(0), at(1)],
        texts: TextColumn::new("a\"b", &[2, 3]).unwrap(),
        qualities: &[],
    }));
    fixture.texts(&[(0, at(2), b"c", Quality::GOOD)]);
    let chunk = fixture.all();
    let written = store.write(fixture.stream(), &chunk, fixture.book()).await;
    assert_eq!(written.unwrap().quarantined, 2);
    let rows = kind
        .sql("text_quarantined", "select reason, record from quarantine")
        .await;
    let record = format!(
        r#"{{"layout":{layout},"received_ns":{0},"points":[0,3],"times_ns":[{0},{1}],"texts":["a\"","b"],"qualities":[]}}"#,
        at(0).as_nanos(),
        at(1).as_nanos(),
    );
    let reason = "a text is of a point beyond the 3 of its layout";
    assert_eq!(rows, [format!("{reason}|{record}")]);
    let ia = store.texts(&ever(IA)).await.unwrap();
    assert_eq!(plain(&ia), [(2, "c", Quality::GOOD)]);
}

/// A database of the first schema takes texts after the next start, and keeps what it has.
pub(super) async fn an_earlier_database_learns_texts(kind: &dyn Kind) {
    let mut fixture = Fixture::new();
    let first = earlier(kind, "earlier", "start", &mut fixture).await;
    let stream = fixture.stream();
    let store = kind.open("earlier");
    store.migrate().await.unwrap();
    fixture.texts(&[(0, at(1_000), b"v1", Quality::GOOD)]);
    let second = fixture.chunk(first.until());
    store.write(stream, &second, fixture.book()).await.unwrap();
    let ia = store.texts(&ever(IA)).await.unwrap();
    assert_eq!(plain(&ia), [(1_000, "v1", Quality::GOOD)]);
    let numbers = store.history(&ever(IA)).await.unwrap();
    assert_eq!(short(&numbers), good(&[(0, 1.5)]));
}
