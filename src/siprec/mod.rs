//! Recording sessions (SIPREC): a copy of a call to a recording server (`client`), and calls of others recorded here (`server`), each with
//! who takes part in it (RFC 7865: `metadata` writes, `reading` reads). Machines over what SIP, descriptions and the media plane say; which
//! calls are copied, and from whom sessions are taken, is the switch's.
//!
//! A session has two streams of sound: on the first, label 1, the caller, on the second, label 2, all others and the switch's own voice: what
//! our recordings have left and right.

pub mod client;
mod lines;
pub mod metadata;
pub mod reading;
pub mod server;

pub use client::Client;
pub use metadata::{Book, Present};
pub use server::Server;
