//! The HTTP API against a real server and a real database on loopback; the switch behind the desk is a canned one.

mod access;
mod call_backs;
mod calls;
mod commands;
mod config;
mod events;
mod masks;
mod messages;
mod notes;
mod operation;
mod qa;
mod recording;
mod reports;
mod search;
mod sessions;
mod sip;
mod world;
