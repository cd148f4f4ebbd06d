//! The whole router, asked as clients ask it, over a small engine without sockets or disk.

#![cfg(test)]

mod access;
mod alarms;
mod fleet;
mod formats;
mod forms;
mod health;
mod journal;
mod letters;
mod openapi;
mod page;
mod past;
mod plant;
mod post;
mod read;
mod rig;
mod serve;
mod slow;
mod sse;
mod store;
mod stream;
mod texts;
