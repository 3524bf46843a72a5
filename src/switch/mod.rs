//! (room of its own; see lib.rs)
