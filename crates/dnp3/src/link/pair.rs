//! Who talks with whom.

use super::{Address, AddressError};

/// What a station is to the other: the direction bit of everything it sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Asks; its frames have DIR = 1.
    Master,
    /// Is asked; its frames have DIR = 0.
    Outstation,
}

/// Two stations that talk, seen from one of them. Both addresses are individual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    role: Role,
    local: Address,
    remote: Address,
}

impl Pair {
    /// The station `local`, which is a `role` and talks with `remote`.
    ///
    /// # Errors
    /// If one of the addresses does not name one station.
    pub fn new(role: Role, local: Address, remote: Address) -> Result<Self, AddressError> {
        Ok(Self {
            role,
            local: Address::individual(local.raw())?,
            remote: Address::individual(remote.raw())?,
        })
    }

    /// What the local station is.
    pub fn role(&self) -> Role {
        self.role
    }

    /// The source of what is sent.
    pub fn local(&self) -> Address {
        self.local
    }

    /// The destination of what is sent.
    pub fn remote(&self) -> Address {
        self.remote
    }

    /// The direction bit of what is sent.
    pub fn from_master(&self) -> bool {
        self.role == Role::Master
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_individual() {
        let one = Address::from_raw(1);
        let pair = Pair::new(Role::Outstation, one, Address::INDIVIDUAL_MAX).unwrap();
        assert_eq!((pair.local().raw(), pair.remote().raw()), (1, 65_519));
        assert_eq!((pair.role(), pair.from_master()), (Role::Outstation, false));
        for other in [Address::SELF, Address::BROADCAST_OPTIONAL] {
            let error = Err(AddressError(other.raw()));
            assert_eq!(Pair::new(Role::Master, one, other), error);
            assert_eq!(Pair::new(Role::Master, other, one), error);
        }
    }
}
