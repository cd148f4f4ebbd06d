//! What somebody may do.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What somebody may do, or what must be allowed to do something.
///
/// Viewer, operator, engineer and admin each may what those before may. Ingest stands aside: it
/// posts readings, and may do nothing else; engineers and admins may post as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads everything but the audit log.
    Viewer,
    /// Acts on alarms: acknowledges, shelves, silences.
    Operator,
    /// Changes thresholds and the configuration, suppresses, takes out of service.
    Engineer,
    /// Posts readings.
    Ingest,
    /// May do everything, and reads the audit log.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Viewer,
        Self::Operator,
        Self::Engineer,
        Self::Ingest,
        Self::Admin,
    ];

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Engineer => "engineer",
            Self::Ingest => "ingest",
            Self::Admin => "admin",
        }
    }

    /// The role called `name`.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether somebody with this role may do what needs `need`.
    pub const fn may(self, need: Self) -> bool {
        match need {
            Self::Viewer => !matches!(self, Self::Ingest),
            Self::Operator => matches!(self, Self::Operator | Self::Engineer | Self::Admin),
            Self::Engineer => matches!(self, Self::Engineer | Self::Admin),
            Self::Ingest => matches!(self, Self::Ingest | Self::Engineer | Self::Admin),
            Self::Admin => matches!(self, Self::Admin),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_may_what_the_table_says() {
        // Rows: who; columns: viewer, operator, engineer, ingest, admin.
        let table = [
            (Role::Viewer, [true, false, false, false, false]),
            (Role::Operator, [true, true, false, false, false]),
            (Role::Engineer, [true, true, true, true, false]),
            (Role::Ingest, [false, false, false, true, false]),
            (Role::Admin, [true, true, true, true, true]),
        ];
        for (role, may) in table {
            assert_eq!(Role::ALL.map(|need| role.may(need)), may, "{role}");
            assert_eq!(Role::of_name(role.name()), Some(role));
        }
        assert_eq!(Role::of_name("root"), None);
    }
}
