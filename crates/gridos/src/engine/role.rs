//! What the engine is while a new version of it is tried, as its surroundings say.

use std::env;

use gridos_telemetry::Role;

/// Names the role, as a Rollout gives it to its pods: `stable` or `canary`.
const VARIABLE: &str = "GRIDOS_ROLE";

/// The role that the environment names; stable if it names none.
pub(super) fn of_environment() -> Role {
    let Ok(named) = env::var(VARIABLE) else {
        return Role::Stable;
    };
    known(&named).unwrap_or_else(|| {
        tracing::warn!(
            role = named,
            "{VARIABLE} is neither stable nor canary; taken as stable"
        );
        Role::Stable
    })
}

fn known(named: &str) -> Option<Role> {
    let mut roles = Role::ALL.iter().copied();
    roles.find(|role| role.label() == named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_known_by_their_names() {
        let found = ["stable", "canary", "Canary", ""].map(known);
        assert_eq!(found, [Some(Role::Stable), Some(Role::Canary), None, None]);
    }
}
