//! What goes beside the batches of one fragment.

use gridos_model::{DirectoryBuilder, LinkState, Point, Quality};
use gridos_ring::{Pool, ring};
use gridos_telemetry::Telemetry;

use super::*;

#[test]
fn a_change_of_the_link_goes_with_the_first_batch_that_is_taken() {
    let mut builder = DirectoryBuilder::default();
    let device = builder.add("d", vec![Point::new("p", "")], &[]).unwrap();
    let whole = Arc::clone(builder.build().device(device).whole());
    let telemetry = Arc::new(Telemetry::new("0", ["d".to_owned()]));
    let (producer, mut consumer) = ring(2);
    let intake = Intake::new(Pool::new(4, 1), producer, telemetry);
    let row = Row {
        position: 0,
        time: Timestamp::EPOCH,
        value: 1.0,
        quality: Quality::GOOD,
        key: Key::NONE,
    };
    let rows = vec![row; Dnp3Device::EVENTS_PER_BATCH_MAX + 1];
    let link = LinkChange {
        device,
        state: LinkState::Lost,
        time: Timestamp::EPOCH,
    };
    let offer = || {
        let mut offer = Offer::new(&intake, &whole, Timestamp::EPOCH);
        offer.add_rows(&rows);
        let now = Instant::now();
        let terms = Terms {
            due: now,
            wire: now,
            with_receipts: false,
            gap: None,
            link: Some(link),
        };
        offer.make(terms, &mut Recent::default(), &rows, &[]).link
    };
    assert_eq!(offer(), Some(link));
    // There is no room for more.
    assert_eq!(offer(), None);
    let beside = std::iter::from_fn(|| Some(consumer.pop()?.beside.link));
    assert_eq!(beside.collect::<Vec<_>>(), [Some(link), None]);
}
