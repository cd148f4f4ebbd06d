//! The whole router, asked as clients ask it, over a small engine without sockets or disk.

#![cfg(test)]

mod health;
mod letters;
mod page;
mod post;
mod read;
mod rig;
mod serve;
mod store;
mod texts;
