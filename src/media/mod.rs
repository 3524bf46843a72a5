//! The media plane: what the legs of a call hear, how it reaches them, and what is kept of it.
//!
//! `control` is the vocabulary between the switch and the plane. The `engine` below it is pure: packets, commands and time in, packets,
//! reports and recorded chunks out; `io` gives it sockets and a thread.

mod changeover;
pub mod clips;
pub mod control;
mod detector;
pub mod engine;
mod inbound;
mod latch;
mod loss;
mod mixer;
mod outbound;
mod parties;
mod player;
mod replay;
mod session;
mod slots;
mod stream;
mod tap;
mod topology;
pub mod turn;

#[cfg(test)]
mod tests;

pub use clips::{Clip, ClipLibrary};
pub use engine::{Departed, Engine, EngineSettings, Place};
pub use turn::{Component, Outgoing, Turn, Wanted};
