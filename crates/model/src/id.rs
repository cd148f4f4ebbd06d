//! Ids that are the same in every process that reads the same names.
//!
//! Device, point and layout ids are hashes of what they name, so no registry has to agree with the
//! journal or the database, and two engines that take over each other's devices write the same
//! ids. A collision is refused when the directory is built.

use std::fmt;

use crate::AlarmKind;

/// FNV-1a, 64 bit (Fowler, Noll, Vo; draft-eastlake-fnv), fed with length-prefixed fields.
#[derive(Clone, Copy)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    /// The alarm of that kind of the owner that was fed.
    fn kind(self, kind: AlarmKind) -> AlarmId {
        AlarmId(self.field(kind.name().as_bytes()).finish())
    }

    pub(crate) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds one field; the length goes in first so that ("ab", "c") and ("a", "bc") differ.
    pub(crate) fn field(mut self, field: &[u8]) -> Self {
        self.feed(&(field.len() as u64).to_le_bytes());
        self.feed(field);
        self
    }

    /// The fingerprint in 63 bits, so that it is a positive `bigint` in SQL.
    pub(crate) fn finish(self) -> u64 {
        self.0 & (u64::MAX >> 1)
    }

    fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

macro_rules! fingerprint_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u64);

        impl $name {
            /// An id read back from the journal or a database; the top bit is ignored.
            pub const fn from_raw(raw: u64) -> Self {
                Self(raw & (u64::MAX >> 1))
            }

            /// The id as 63 bits.
            pub const fn raw(self) -> u64 {
                self.0
            }

            /// The id as a positive SQL `bigint`.
            pub const fn as_i64(self) -> i64 {
                self.0.cast_signed()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

fingerprint_id!(
    /// A device, by its name.
    DeviceId
);
fingerprint_id!(
    /// A point, by its device's name and its own.
    PointId
);
fingerprint_id!(
    /// An alarm, by the name of its point or device and its kind.
    AlarmId
);
fingerprint_id!(
    /// An immutable list of points of one device, by its content.
    LayoutId
);

impl DeviceId {
    /// No device of its own: all that the engine has. No name hashes to it.
    pub const WHOLE_ENGINE: Self = Self(0);

    /// The id of the device called `name`.
    pub fn of(name: &str) -> Self {
        Self(
            Fingerprint::new()
                .field(b"device")
                .field(name.as_bytes())
                .finish()
                .max(1),
        )
    }
}

impl PointId {
    /// The id of the point `point` of the device called `device`.
    pub fn of(device: &str, point: &str) -> Self {
        let print = Fingerprint::new().field(b"point");
        Self(
            print
                .field(device.as_bytes())
                .field(point.as_bytes())
                .finish(),
        )
    }
}

impl AlarmId {
    /// The id of the alarm of that kind of `owner`: a point's full name `device.point`, or a device's.
    pub fn of(owner: &str, kind: AlarmKind) -> Self {
        Self::print(owner).kind(kind)
    }

    /// The ids of the alarms of all kinds of `owner`.
    pub fn each_of(owner: &str) -> [(AlarmKind, Self); AlarmKind::ALL.len()] {
        let print = Self::print(owner);
        AlarmKind::ALL.map(|kind| (kind, print.kind(kind)))
    }

    fn print(owner: &str) -> Fingerprint {
        let print = Fingerprint::new().field(b"alarm");
        print.field(owner.as_bytes())
    }

    /// The id of the alarm called `name`: `device.point:kind`, or `device:link`.
    pub fn of_name(name: &str) -> Option<Self> {
        let (owner, kind) = name.rsplit_once(':')?;
        Some(Self::of(owner, AlarmKind::of_name(kind)?))
    }
}

/// A point's place in the columns of this process: dense from 0, contiguous within a device.
///
/// It is never written to disk: it may differ in the next process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PointIndex(u32);

impl PointIndex {
    /// The `index`-th point of this process.
    pub const fn new(index: u32) -> Self {
        Self(index)
    }

    /// The index as a position in a column.
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    /// The index `offset` places further on.
    pub const fn offset(self, offset: u32) -> Self {
        Self(self.0 + offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_frozen() {
        assert_eq!(DeviceId::of("feeder-01").raw(), 9_220_172_513_840_776_469);
        assert_eq!(
            PointId::of("feeder-01", "current_a").raw(),
            7_093_995_632_998_812_882
        );
    }

    #[test]
    fn each_alarm_of_an_owner_is_the_one_of_its_kind() {
        for (kind, alarm) in AlarmId::each_of("feeder-01.current_a") {
            assert_eq!(alarm, AlarmId::of("feeder-01.current_a", kind));
            let name = format!("feeder-01.current_a:{kind}");
            assert_eq!(AlarmId::of_name(&name), Some(alarm));
        }
    }

    #[test]
    fn fields_do_not_run_together() {
        assert_ne!(PointId::of("ab", "c"), PointId::of("a", "bc"));
    }

    #[test]
    fn ids_are_positive_in_sql() {
        for n in 0..1_000 {
            assert!(DeviceId::of(&n.to_string()).as_i64() >= 0);
        }
    }
}
