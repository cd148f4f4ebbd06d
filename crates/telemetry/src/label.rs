//! The values of every label: short fixed lists, so that no series can multiply.

/// An enum whose variants each name one value of a label.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All of them, in the order of [`Self::LABELS`].
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Their values in metrics.
            pub const LABELS: &'static [&'static str] = &[$($text,)*];

            /// Its value in metrics.
            pub const fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

pub(crate) use label;

label! {
    /// Why a reading was not taken.
    Refusal {
        /// The ring had no room: the source must hold back and send again.
        RingFull = "ring_full",
        /// No free batch to hold it: the source must hold back and send again.
        PoolEmpty = "pool_empty",
        /// It names a device that is not configured.
        UnknownDevice = "unknown_device",
        /// It names a point that its device has not got.
        UnknownPoint = "unknown_point",
        /// It is no reading: malformed, of the wrong type or out of range.
        Invalid = "invalid",
        /// The journal could not be written, and no more could be held in memory.
        JournalStalled = "journal_stalled",
        /// The engine is draining and takes nothing more.
        Stopping = "stopping",
        /// Its device is another engine's of the fleet by now, or may be.
        Fenced = "fenced",
    }
}

label! {
    /// Why readings were gone from the journal before the database had them.
    Loss {
        /// The disk gave back something else than was written.
        Damaged = "damaged",
        /// Somebody deleted them, or a restored database asked for what was deleted.
        Trimmed = "trimmed",
        /// The disk was full and newer readings were to be kept instead.
        GivenUp = "given_up",
    }
}

label! {
    /// What became of a command about an alarm.
    CommandOutcome {
        /// It was done, and is durable.
        Done = "done",
        /// It was so already, or the command had come before.
        Unchanged = "unchanged",
        /// It was refused for what it asked.
        Refused = "refused",
        /// Too many commands waited.
        Busy = "busy",
        /// The journal could not be written.
        NotDurable = "not_durable",
    }
}

label! {
    /// What became of a notification.
    NotifyOutcome {
        /// The receiver took it.
        Taken = "taken",
        /// It did not, and is asked again.
        Failed = "failed",
        /// It never will.
        Rejected = "rejected",
    }
}

label! {
    /// How readings come.
    Protocol {
        /// Modbus TCP, polled or written to a listener.
        Modbus = "modbus",
        /// DNP3.
        Dnp3 = "dnp3",
        /// Posted over HTTP; also what is left of devices that are configured no more.
        Http = "http",
    }
}

label! {
    /// How a scan of a device ended; with DNP3, a request.
    ScanOutcome {
        /// All readings that it was for were taken.
        Answered = "answered",
        /// The device answered that it refuses some of them.
        Refused = "refused",
        /// The device could not be reached, or did not answer in time.
        Unavailable = "unavailable",
        /// The answer breaks the protocol, or the connection broke.
        Error = "error",
        /// The engine had no room for the readings.
        HeldBack = "held_back",
        /// It was passed over, because the one before had not ended.
        Skipped = "skipped",
    }
}

label! {
    /// What an engine is while a new version of it is tried.
    Role {
        /// The version that is trusted.
        Stable = "stable",
        /// The version that is tried.
        Canary = "canary",
    }
}

label! {
    /// The method of an HTTP request (RFC 9110, 9).
    HttpMethod {
        /// GET.
        Get = "get",
        /// POST; one with readings is answered when they are durable.
        Post = "post",
        /// Any other.
        Other = "other",
    }
}

label! {
    /// How far a batch has come; each latency is measured from when the batch was due.
    DueName {
        /// Its last byte was read from the wire.
        Wire = "wire",
        /// Judged, its alarms published.
        Alarm = "alarm",
        /// Durable in the journal.
        Durable = "durable",
        /// Committed by the database.
        Stored = "stored",
    }
}

label! {
    /// How far a batch has come; each latency is measured from the last byte on the wire.
    StageName {
        /// Taken out of the ring by the pipeline.
        Ring = "ring",
        /// Judged, its alarms published.
        Alarm = "alarm",
        /// Durable in the journal.
        Durable = "durable",
        /// Committed by the database.
        Stored = "stored",
    }
}

label! {
    /// Why somebody who connected to a listener was sent away.
    PeerRefusal {
        /// The address is not allowed.
        Address = "address",
        /// No TLS, no certificate, or one that is expired or of another authority.
        Tls = "tls",
        /// The certificate has none of the roles that are demanded.
        Role = "role",
        /// No device is configured for who they are.
        Unknown = "unknown",
        /// They were silent for too long, or stopped within a frame.
        Silent = "silent",
        /// What they sent is no Modbus.
        Malformed = "malformed",
        /// There were too many connections, and theirs was idle for the longest time.
        Displaced = "displaced",
    }
}

label! {
    /// How a request to a listener was answered.
    ListenerAnswer {
        /// What was written is taken.
        Taken = "taken",
        /// What was written before was read back.
        Read = "read",
        /// Exception 1: the function is none that is served.
        IllegalFunction = "illegal_function",
        /// Exception 2: no point covers any of the addresses, or they were never written.
        IllegalAddress = "illegal_address",
        /// Exception 3: the length or a count is wrong.
        IllegalValue = "illegal_value",
        /// Exception 4: what was written could not be made durable.
        Failure = "failure",
        /// Exception 6: the engine is at its limit.
        Busy = "busy",
        /// Exception 10: no device is configured for the unit.
        NoPath = "no_path",
    }
}

label! {
    /// Why a transaction or a connection of the database writer failed.
    StoreFault {
        /// The database cannot be reached, or broke off.
        Away = "away",
        /// It took too long, or gave way to another transaction.
        Busy = "busy",
        /// It takes no writes, as a standby does.
        ReadOnly = "read_only",
        /// Its disk or memory is full.
        Full = "full",
        /// The login, the certificate or a right is refused.
        Forbidden = "forbidden",
        /// Its schema is not the engine's.
        Schema = "schema",
        /// A record was refused for its content: it goes to quarantine, and the rest goes in.
        Content = "content",
        /// Anything else that it refused.
        Refused = "refused",
        /// The journal could not be read.
        Journal = "journal",
        /// It holds another history of the journal.
        Foreign = "foreign",
    }
}

label! {
    /// What became of a reload of the configuration.
    ReloadOutcome {
        /// It was taken.
        Taken = "taken",
        /// It says the same as before.
        Unchanged = "unchanged",
        /// It is faulty, or needs a restart; nothing was changed.
        Refused = "refused",
        /// It was sound and could not be put into effect; nothing was changed.
        Failed = "failed",
    }
}

label! {
    /// Why an HTTP request was refused, or its connection ended.
    HttpRefusal {
        /// It is not known who asks.
        Unauthenticated = "unauthenticated",
        /// Who asks has not got the role.
        Forbidden = "forbidden",
        /// More readings, or attempts to sign in, than one client may send.
        RateLimited = "rate_limited",
        /// The body is too large, packed or unpacked.
        TooLarge = "too_large",
        /// The body cannot be read.
        Malformed = "malformed",
        /// The body is of a type that is not taken.
        MediaType = "media_type",
        /// The body did not come in time.
        SlowClient = "slow_client",
        /// As many requests are under way as there may be.
        Busy = "busy",
        /// The answer was not there in time.
        SlowAnswer = "slow_answer",
        /// The engine is draining.
        Stopping = "stopping",
        /// The head did not come in time, or was none; or the answer was not read in time.
        Connection = "connection",
    }
}

label! {
    /// The class of an HTTP answer (RFC 9110, 15).
    StatusClass {
        /// 1xx and 2xx.
        Success = "2xx",
        /// 3xx.
        Redirection = "3xx",
        /// 4xx: the client must change something.
        ClientError = "4xx",
        /// 5xx: the engine could not.
        ServerError = "5xx",
    }
}

impl StatusClass {
    /// The class of the status code `status`; what is no valid code counts as the engine's fault.
    pub const fn of(status: u16) -> Self {
        match status {
            100..300 => Self::Success,
            300..400 => Self::Redirection,
            400..500 => Self::ClientError,
            _ => Self::ServerError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_agree_with_labels() {
        for (position, refusal) in Refusal::ALL.iter().enumerate() {
            assert_eq!(*refusal as usize, position);
            assert_eq!(refusal.label(), Refusal::LABELS[position]);
        }
    }

    #[test]
    fn statuses_have_classes() {
        let classes = [200, 204, 304, 404, 503, 999].map(|s| StatusClass::of(s).label());
        assert_eq!(classes, ["2xx", "2xx", "3xx", "4xx", "5xx", "5xx"]);
    }
}
