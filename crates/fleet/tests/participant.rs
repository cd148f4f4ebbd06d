//! One participant by itself, a step at a time.

#![cfg(test)]

use std::time::Duration;

use gridos_fleet::{
    Action, Device, Epoch, GrantRequest, Identity, MemberRecord, Moment, Participant, Revision,
    Role, SessionId, StoreId, Timing, WriteError,
};
use gridos_model::DeviceId;

const STORE: StoreId = StoreId::from_raw(1);

const fn at(secs: u64) -> Moment {
    Moment::from_nanos(secs * 1_000_000_000)
}

struct Alone {
    participant: Participant,
    revision: u64,
}

impl Alone {
    fn new(devices: u64) -> Self {
        let identity = Identity {
            name: "alone".to_owned(),
            instance: 1,
            birth: 1,
            role: Role::Stable,
            capacity: 1,
            address: String::new(),
            version: "1".to_owned(),
        };
        let timing = Timing::new(
            Duration::from_secs(10),
            Duration::from_secs(1),
            Duration::ZERO,
        );
        let device = |n| Device::new(DeviceId::of(&format!("rtu-{n}")), "feeder");
        let devices = (0..devices).map(device).collect();
        let mut participant = Participant::new(identity, timing.unwrap(), devices);
        participant.handle_store(STORE, at(0));
        participant.handle_snapshot_complete(at(0));
        Self {
            participant,
            revision: 0,
        }
    }

    /// The next thing to do that is no write; writes succeed at once.
    fn next(&mut self, now: Moment) -> Option<Action> {
        loop {
            let action = self.participant.poll_action(now, 1_000)?;
            self.revision += 1;
            let revision = Revision::from_raw(self.revision);
            let write = match action {
                Action::WriteRecord { write, record, .. } => {
                    self.participant
                        .handle_record("alone", revision, Some(record), now);
                    write
                }
                Action::WritePlan { write, plan, .. } => {
                    self.participant.handle_plan(revision, Some(plan), now);
                    write
                }
                Action::Close { write, name, .. } if name == "alone" => {
                    self.participant.handle_record("alone", revision, None, now);
                    write
                }
                other @ (Action::Close { .. }
                | Action::AskGrant { .. }
                | Action::Take { .. }
                | Action::Release { .. }
                | Action::Fence
                | Action::Left) => return Some(other),
            };
            self.participant.handle_written(write, Ok(revision), now);
        }
    }

    fn taken(&mut self, now: Moment) -> DeviceId {
        match self.next(now) {
            Some(Action::Take { device, .. }) => device,
            other => panic!("{other:?}"),
        }
    }
}

/// What another member says that may be closed by the first one 10 s after it was heard of.
fn other(session: Option<SessionId>) -> MemberRecord {
    MemberRecord {
        session,
        instance: 2,
        birth: 2,
        renewal: 1,
        role: Role::Stable,
        capacity: 1,
        address: String::new(),
        version: "1".to_owned(),
        hold_off: Duration::from_secs(10),
        keep_hold_off: Duration::from_secs(3_600),
        peers: vec![SessionId::from_raw(1)],
        seen: Epoch::default(),
        releasing: Vec::new(),
        leaving: false,
    }
}

#[test]
fn what_waited_to_be_taken_when_the_lease_ended_is_taken_later() {
    let mut alone = Alone::new(2);
    for second in 0..=12 {
        assert!(second == 12 || alone.next(at(second)).is_none());
    }
    let first = alone.taken(at(12));
    assert_eq!(alone.next(at(40)), Some(Action::Fence));
    alone.participant.handle_released(first, at(40));
    assert_eq!(alone.next(at(41)).map(|_| ()), Some(()));
    let status = alone.participant.status(at(41));
    assert_eq!((status.held, status.waiting), (2, 0));
}

#[test]
fn a_renewal_counts_from_when_it_was_sent_and_not_after_its_session() {
    let mut alone = Alone::new(0);
    assert!(alone.next(at(0)).is_none());
    assert_eq!(alone.participant.lease_until(), at(9));
    let Some(Action::WriteRecord { write, .. }) = alone.participant.poll_action(at(3), 0) else {
        panic!("a renewal is due");
    };
    // Somebody closed the session meanwhile; the answer of before is late.
    alone
        .participant
        .handle_record("alone", Revision::from_raw(3), None, at(8));
    assert_eq!(alone.participant.lease_until(), Moment::ZERO);
    alone
        .participant
        .handle_written(write, Ok(Revision::from_raw(2)), at(8));
    assert_eq!(alone.participant.lease_until(), Moment::ZERO);
}

#[test]
fn a_write_that_came_through_without_an_answer_is_known_again() {
    let mut alone = Alone::new(0);
    assert!(alone.next(at(0)).is_none());
    let Some(Action::WriteRecord { write, record, .. }) = alone.participant.poll_action(at(3), 0)
    else {
        panic!("a renewal is due");
    };
    alone
        .participant
        .handle_written(write, Err(WriteError::Unknown), at(5));
    assert_eq!(alone.participant.lease_until(), at(9));
    alone
        .participant
        .handle_record("alone", Revision::from_raw(2), Some(record), at(8));
    assert_eq!(alone.participant.lease_until(), at(12));
}

#[test]
fn who_leaves_gives_all_back_first() {
    let mut alone = Alone::new(1);
    let mut device = None;
    for second in 0..=12 {
        if let Some(Action::Take { device: taken, .. }) = alone.next(at(second)) {
            device = Some(taken);
        }
    }
    let device = device.unwrap();
    alone.participant.handle_leave();
    assert_eq!(alone.next(at(13)), Some(Action::Release { device }));
    assert_eq!(alone.next(at(13)), None);
    alone.participant.handle_released(device, at(13));
    assert_eq!(alone.next(at(13)), Some(Action::Left));
    assert_eq!(alone.next(at(14)), None);
    assert_eq!(alone.participant.poll_timeout(), None);
}

#[test]
fn who_began_to_close_a_session_promises_nothing_until_it_is_heard_of() {
    let mut alone = Alone::new(0);
    assert!(alone.next(at(0)).is_none());
    let (me, subject) = (SessionId::from_raw(1), SessionId::from_raw(1_000));
    let revision = Revision::from_raw(1_000);
    alone
        .participant
        .handle_record("other", revision, Some(other(None)), at(1));
    let request = GrantRequest {
        store: STORE,
        subject,
        peer: me,
        hold_off: Duration::from_secs(20),
    };
    let elsewhere = GrantRequest {
        store: StoreId::from_raw(2),
        ..request
    };
    assert!(!alone.participant.handle_grant_request(elsewhere, at(2)));
    assert!(alone.participant.handle_grant_request(request, at(2)));
    // The promise outlasts the hold-off.
    for second in 2..22 {
        assert_eq!(alone.next(at(second)), None, "after {second} s");
    }
    let Some(Action::Close { name, expect, .. }) = alone.next(at(22)) else {
        panic!("the other is silent, and nothing is promised any more");
    };
    assert_eq!((name.as_str(), expect), ("other", revision));
    assert!(!alone.participant.handle_grant_request(request, at(22)));
    let later = Revision::from_raw(1_001);
    alone
        .participant
        .handle_record("other", later, Some(other(Some(subject))), at(23));
    assert!(alone.participant.handle_grant_request(request, at(23)));
}

#[test]
fn after_an_outage_others_have_their_time_to_be_heard() {
    let mut alone = Alone::new(0);
    assert!(alone.next(at(0)).is_none());
    let revision = Revision::from_raw(1_000);
    alone
        .participant
        .handle_record("other", revision, Some(other(None)), at(1));
    // Nobody could renew for a minute.
    assert_eq!(alone.next(at(60)), Some(Action::Fence));
    for second in 60..70 {
        assert_eq!(alone.next(at(second)), None, "after {second} s");
    }
    assert!(matches!(alone.next(at(70)), Some(Action::Close { .. })));
}

#[test]
fn in_another_store_the_lease_ends_and_nothing_is_taken_before_others_must_have_stopped() {
    let mut alone = Alone::new(1);
    let device = (0..=12).find_map(|second| match alone.next(at(second)) {
        Some(Action::Take { device, epoch, .. }) => Some((device, epoch)),
        _ => None,
    });
    let (device, before) = device.unwrap();
    assert_eq!(alone.participant.lease_until(), at(21));
    // The other store begins to count at 1 again, and holds nothing.
    alone.revision = 0;
    alone.participant.handle_watch_lost();
    alone.participant.handle_store(StoreId::from_raw(2), at(14));
    alone.participant.handle_snapshot_complete(at(14));
    for second in 14..21 {
        assert_eq!(alone.next(at(second)), None, "after {second} s");
        assert_eq!(
            alone.revision, 0,
            "nothing is written for the lease of before"
        );
    }
    assert_eq!(alone.participant.lease_until(), at(21));
    assert_eq!(alone.next(at(21)), Some(Action::Fence));
    alone.participant.handle_released(device, at(21));
    assert_eq!(alone.next(at(21)), None);
    assert!(alone.participant.lease_until() > at(21), "it has joined");
    // A lease of 10 s, what clocks may differ, and a poll of 1 s, since the other store was seen.
    for second in 21..=25 {
        assert_eq!(alone.next(at(second)), None, "after {second} s");
    }
    match alone.next(at(26)) {
        Some(Action::Take { epoch, .. }) => assert!(epoch >= before),
        other => panic!("{other:?}"),
    }
}
