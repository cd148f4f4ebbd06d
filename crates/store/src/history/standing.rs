//! Alarms that stood at an instant.

use gridos_model::{AlarmFlags, AlarmId, AlarmState, Timestamp};

/// An alarm that was active, or waited for its acknowledgement, at an instant. Times are those at
/// which the engine learned of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StandingRow {
    /// The alarm.
    pub alarm: AlarmId,
    /// When its condition became true, or its last record if that one is deleted; `None` if it was
    /// over.
    pub raised: Option<Timestamp>,
    /// Since when an annunciation of its last occurrence waited for its acknowledgement; `None` if
    /// none did.
    pub waiting: Option<Timestamp>,
    /// Whether operators were not shown it: shelved, suppressed or out of service.
    pub is_hidden: bool,
}

/// The question as SQL: the columns of [`StoredStanding`]. `last` joins `alarm_name as name` with
/// the last record of that alarm before the instant, called `last`.
///
/// The rest is found by walking back from there, along the index by alarm and time, to where the
/// occurrence began: it costs what the occurrence has, however long the history.
pub(crate) fn standing_sql(last: &str) -> String {
    let unacknowledged = AlarmFlags::UNACKNOWLEDGED.bits();
    format!(
        "select alarm, state, to_level <> 'normal', (flags & {unacknowledged}) <> 0, \
         coalesce(raised, received), coalesce(( \
             select min(told.received) from alarm_event as told \
             where told.alarm = standing.alarm and told.annunciated \
                 and told.received >= standing.raised and told.received <= standing.received \
                 and told.sequence > ( \
                     select coalesce(max(seen.sequence), 0) from alarm_event as seen \
                     where seen.alarm = standing.alarm \
                         and seen.received >= standing.raised \
                         and seen.received <= standing.received \
                         and (seen.flags & {unacknowledged}) = 0 \
                 ) \
         ), raised, received) \
         from ( \
             select last.alarm, last.state, last.to_level, last.flags, last.received, ( \
                 select case when event.sequence = last.occurrence then event.received end \
                 from alarm_event as event \
                 where event.alarm = last.alarm and event.received <= last.received \
                     and event.sequence <= last.occurrence \
                 order by event.received desc limit 1 \
             ) as raised \
             from alarm_name as name {last} \
             where last.to_level <> 'normal' or (last.flags & {unacknowledged}) <> 0 \
         ) as standing"
    )
}

/// A row as databases answer it, column by column.
pub(crate) struct StoredStanding<'a> {
    pub(crate) alarm: i64,
    pub(crate) state: &'a str,
    pub(crate) is_active: bool,
    pub(crate) is_waiting: bool,
    pub(crate) raised: Timestamp,
    pub(crate) annunciated: Timestamp,
}

impl StoredStanding<'_> {
    /// The row in our terms.
    pub(crate) fn row(&self) -> StandingRow {
        let hidden = [
            AlarmState::Shelved,
            AlarmState::Suppressed,
            AlarmState::OutOfService,
        ];
        StandingRow {
            alarm: AlarmId::from_raw(self.alarm.cast_unsigned()),
            raised: self.is_active.then_some(self.raised),
            waiting: self.is_waiting.then_some(self.annunciated),
            is_hidden: hidden.iter().any(|state| state.name() == self.state),
        }
    }
}
