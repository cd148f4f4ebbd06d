//! The configuration: one TOML file, checked as a whole before anything starts.
//!
//! Every fault is reported at once, with its file, its line and what to do about it. What comes
//! out has no raw texts left: durations, addresses, limits and request plans are ready for use.
//! The way in is [`Config::load`], or [`Config::parse`] where there are no files.

mod access;
#[cfg(test)]
mod access_tests;
mod address;
mod alarm;
mod alarms;
#[cfg(test)]
mod bad_tests;
mod belonging;
pub mod bounds;
mod channel;
mod device;
mod device_csv;
mod dnp3;
mod engine;
mod environment;
#[cfg(test)]
mod examples;
mod fault;
mod file;
mod fixed;
mod fleet;
mod fleet_alarm;
mod footprint;
mod given;
mod guest;
mod http;
mod http_tls;
mod journal;
mod judgement;
mod keeping;
mod keys;
mod listener;
mod load;
mod log;
mod membership;
mod modbus;
mod name;
mod names;
mod nats;
mod nearest;
mod notify;
mod point;
mod postgres_url;
mod profile;
mod quantity;
mod register;
mod relay;
mod report;
mod scan;
mod secret;
mod section;
mod source;
mod source_time;
mod store;
#[cfg(test)]
mod tests;
mod text;
mod tls;
#[cfg(test)]
mod value_tests;

pub use access::Access;
pub use address::{Address, AddressError, PORT_DEFAULT};
pub use alarm::{AlarmsByPosition, LinkAlarm, has_profiles};
pub use alarms::Alarms;
pub use bounds::Bounds;
pub use channel::Channel;
pub use device::{Connection, Device, Override};
pub use dnp3::{LinkPair, Meeting, OutstationMap, Station, Treatment};
pub use engine::Engine;
pub use environment::PREFIX as VARIABLE_PREFIX;
pub use fault::{Fault, Faults, Place};
pub use file::ConfigFile;
pub(crate) use fixed::fixed_differences;
pub use fleet::{Arrival, Dnp3Link, Fleet, FleetDevice, ModbusLink, PushedLink, Reach};
pub use fleet_alarm::FleetAlarm;
pub use guest::Guest;
pub use http::Http;
pub use journal::Journal;
pub use judgement::StateTexts;
pub use keeping::Keeping;
pub use keys::every_key;
pub use listener::{Identify, Listener, ListenerKind};
pub use load::Config;
pub use log::{Log, LogFormat};
pub(crate) use membership::role_of;
pub use membership::{Membership, MembershipError, Weight};
pub use modbus::Asking;
pub use name::{NAME_BYTES_MAX, Name, NameError};
pub use nats::{NatsFileError, NatsServers};
pub use notify::{Notify, NotifyError};
pub use postgres_url::{PostgresUrl, PostgresUrlError};
pub use profile::{ListedPoint, PointList, Profile, Protocol, RegisterMap, StatesByPosition};
pub use quantity::{QuantityError, parse_duration, show_duration, show_size};
pub use relay::Relay;
pub use scan::{ScanClass, ScanClasses};
pub use secret::{Secret, without_secrets};
pub use store::{Database, Password, Store};
pub use tls::Tls;
