//! The HTTP API against a real server and a real database on loopback; the switch behind the desk is a canned one.

mod call_backs;
mod calls;
mod commands;
mod events;
mod messages;
mod operation;
mod recording;
mod reports;
mod world;
