//! Numbers, each of its own kind.

use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u64);

        impl $name {
            /// The number read back from where it was kept.
            pub const fn from_raw(raw: u64) -> Self {
                Self(raw)
            }

            /// The number itself.
            pub const fn raw(self) -> u64 {
                self.0
            }

            /// The number after it.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// What the shared store numbers its changes with, over all of its keys.
    Revision
);
number!(
    /// One life of a member in the store: the revision that began it. It never comes again.
    SessionId
);
number!(
    /// The version of the plan that gave a device to its owner: the fencing token. Of two owners of
    /// one device the later has the greater.
    Epoch
);
number!(
    /// Which store it is. One that lost everything and was made anew is another: its revisions begin anew, and
    /// it knows nothing of leases that were granted before.
    StoreId
);
number!(
    /// A write that awaits its answer; counted by the member that writes.
    WriteId
);
number!(
    /// A question to a peer that awaits its answer; counted by the member that asks.
    GrantId
);

impl SessionId {
    /// The session that the record of that revision began.
    pub const fn begun_at(revision: Revision) -> Self {
        Self(revision.raw())
    }
}
