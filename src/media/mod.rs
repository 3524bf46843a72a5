//! The media plane: what the legs of a call hear, how it reaches them, and what is kept of it.
//!
//! `control` is the vocabulary between the switch and the plane. The `engine` below it is pure: packets, commands and time in, packets,
//! reports and recorded chunks out; `io` gives it sockets and a thread.

pub mod control;
