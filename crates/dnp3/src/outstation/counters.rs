//! What an outstation has seen and done.

/// What an outstation has seen and done since it was made; restarts do not reset it.
///
/// Every fragment that arrived is accounted for: `fragments` is the sum of `malformed`, `requests`
/// and `confirms`; and `requests` is the sum of `answered`, `repeated`, `unanswered`, `broadcasts`
/// and `superseded`, and of the one that is not answered yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutstationCounters {
    /// Fragments that arrived.
    pub fragments: u64,
    /// Fragments that are none of a master, or in parts.
    pub malformed: u64,
    /// Fragments that ask for something.
    pub requests: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests that came twice; what was sent is sent again, or will be sent once.
    pub repeated: u64,
    /// Requests to which the standard knows no answer; they were ignored.
    pub unanswered: u64,
    /// Requests to all stations.
    pub broadcasts: u64,
    /// Requests that another one overtook before they were answered, or whose connection ended.
    pub superseded: u64,
    /// Answers that say an error: function, object or parameter.
    pub refused: u64,
    /// READs that had to wait for an unsolicited confirm.
    pub deferred: u64,
    /// Responses given up before they were confirmed, as another request came.
    pub aborted: u64,
    /// Confirms that arrived.
    pub confirms: u64,
    /// Confirms that a fault lost.
    pub confirms_lost: u64,
    /// Confirms of what nobody awaited. Repeated ones count again.
    pub confirms_unexpected: u64,
    /// Confirms of fragments that told of a full buffer (IIN2.3): a master knows of it.
    pub overflows_confirmed: u64,
    /// Fragments sent in answer to requests, repeated ones included.
    pub responses: u64,
    /// Responses whose confirm did not come in time.
    pub response_timeouts: u64,
    /// Fragments sent unasked, those without objects and repeated ones included.
    pub unsolicited: u64,
    /// Fragments sent unasked because one before was not confirmed.
    pub unsolicited_retries: u64,
    /// Fragments sent unasked whose confirm did not come in time.
    pub unsolicited_timeouts: u64,
    /// Starts after the first.
    pub restarts: u64,
}
