//! What the engine is while a new version of it is tried.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::Role;

/// The role of the engine, which may change while it runs: a canary that is promoted is stable.
#[derive(Debug, Default)]
pub struct RoleCell(AtomicU8);

impl RoleCell {
    /// Makes it `role`.
    pub fn set(&self, role: Role) {
        self.0.store(role as u8, Ordering::Release);
    }

    /// The role; [`Role::Stable`] until it was set.
    pub fn get(&self) -> Role {
        let position = usize::from(self.0.load(Ordering::Acquire));
        Role::ALL.get(position).copied().unwrap_or(Role::Stable)
    }
}
