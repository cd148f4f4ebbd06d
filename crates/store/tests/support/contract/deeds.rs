//! The audit log: each deed stored once, and asked for by time, principal, outcome and action.

use gridos_model::{AuditRecord, Deed, DeedOutcome};
use gridos_store::{AuditQuery, AuditRow, Store, StoreError};

use super::{Kind, earlier, fresh};
use crate::support::fixture::{Fixture, at};

fn deed(principal: &str, action: &str, outcome: DeedOutcome) -> Deed {
    Deed {
        principal: principal.to_owned(),
        kind: "user".to_owned(),
        address: "2001:db8::7".to_owned(),
        action: action.to_owned(),
        target: "sub1 'x'".to_owned(),
        outcome,
        status: 422,
        detail: "it's \0 µ".to_owned(),
    }
}

/// `count` deeds, two at each millisecond.
fn story(count: u64) -> Vec<AuditRecord> {
    let record = |sequence: u64| {
        let outcome = DeedOutcome::ALL[usize::try_from(sequence % 3).unwrap()];
        let principal = if sequence.is_multiple_of(2) {
            "anna"
        } else {
            "bert"
        };
        let action = if sequence.is_multiple_of(5) {
            "PUT /a_b"
        } else {
            "PUT /axb"
        };
        let time = at(i64::try_from(sequence / 2).unwrap());
        AuditRecord::new(sequence, time, deed(principal, action, outcome))
    };
    (1..=count).map(record).collect()
}

fn sequences(rows: &[AuditRow]) -> Vec<u64> {
    rows.iter().map(|row| row.record.sequence).collect()
}

async fn pages(store: &dyn Store, query: &AuditQuery) -> Vec<AuditRow> {
    let mut all = Vec::new();
    let mut query = query.clone();
    loop {
        let page = store.deeds(&query).await.unwrap();
        let is_last = page.len() < query.limit;
        query.after = page.last().map(|row| row.place).or(query.after);
        // A place is what a client was told of it.
        query.after = query.after.map(|place| place.to_string().parse().unwrap());
        all.extend(page);
        if is_last {
            return all;
        }
    }
}

pub(super) async fn deeds_are_kept_once_and_found(kind: &dyn Kind) {
    let store = fresh(kind, "deeds").await;
    let mut fixture = Fixture::new();
    fixture.journal().append_audit(&story(20));
    let (stream, chunk) = (fixture.stream(), fixture.all());
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    let again = store.write(stream, &chunk, fixture.book()).await;
    assert!(matches!(again, Err(StoreError::Moved { .. })));

    let all = AuditQuery::between(at(0), at(1_000), 3);
    let found = pages(&*store, &all).await;
    assert_eq!(sequences(&found), (1..=20).rev().collect::<Vec<_>>());
    let last = &found[19].record;
    let told = (last.deed.status, last.deed.outcome, last.time);
    assert_eq!(told, (422, DeedOutcome::Refused, at(0)));
    // PostgreSQL has no NUL.
    let detail = last.deed.detail.replace('\u{fffd}', "\0");
    assert_eq!(detail, "it's \0 µ");
    assert_eq!(
        (&*last.deed.kind, &*last.deed.address),
        ("user", "2001:db8::7")
    );

    let ascending = AuditQuery {
        ascending: true,
        ..all.clone()
    };
    let found = pages(&*store, &ascending).await;
    assert_eq!(sequences(&found), (1..=20).collect::<Vec<_>>());
    let refused = AuditQuery {
        principal: Some("anna".to_owned()),
        outcome: Some(DeedOutcome::Refused),
        ..ascending.clone()
    };
    assert_eq!(sequences(&pages(&*store, &refused).await), [4, 10, 16]);
    // What stands for anything elsewhere stands for itself here.
    let action = |text: &str| AuditQuery {
        action: Some(text.to_owned()),
        ..ascending.clone()
    };
    assert_eq!(
        sequences(&pages(&*store, &action("PUT /a_")).await),
        [5, 10, 15, 20]
    );
    assert_eq!(pages(&*store, &action("PUT")).await.len(), 20);
    assert!(pages(&*store, &action("%")).await.is_empty());
    let early = AuditQuery::between(at(1), at(3), 100);
    assert_eq!(sequences(&pages(&*store, &early).await), [5, 4, 3, 2]);
    let nobody = AuditQuery {
        principal: Some("' or 1=1 --".to_owned()),
        ..all
    };
    assert!(pages(&*store, &nobody).await.is_empty());
}

pub(super) async fn an_earlier_database_learns_deeds(kind: &dyn Kind) {
    let mut fixture = Fixture::new();
    let chunk = earlier(kind, "before_deeds", "dead_letters", &mut fixture).await;
    let store = kind.open("before_deeds");
    store.migrate().await.unwrap();
    fixture.journal().append_audit(&story(1));
    let next = fixture.chunk(chunk.until());
    store
        .write(fixture.stream(), &next, fixture.book())
        .await
        .unwrap();
    let rows = store
        .deeds(&AuditQuery::between(at(0), at(1), 10))
        .await
        .unwrap();
    assert_eq!(sequences(&rows), [1]);
}
