//! The whole switch on virtual time: one `Switch`, one media engine, a network, phones with real RTP, people, a disk, and checkers that look
//! on at every step. Stories tell the rules in the trade's words; the swarm tries what nobody thought of.
//!
//! `SANLING_SIM_TRACE=1` prints every message and event; `SANLING_SIM_SEED=n cargo test --test sim swarm` repeats one run of the swarm.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, clippy::cast_lossless)]

mod answers;
mod bent;
mod checkers;
mod cipher;
mod day;
mod disk;
mod hostile;
mod mischief;
mod net;
mod people;
mod phones;
mod plane;
mod pracks;
#[path = "../torture/sdp.rs"]
mod sdp_table;
mod seeds;
mod sound;
mod stories;
mod story;
mod stream;
mod swarm;
mod vault;
mod world;
