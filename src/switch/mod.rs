//! The switch: owns all machines and routes what one says to the others. One value, driven by one task.
//!
//! `input`, `output` and `view` are its surface.

pub mod input;
pub mod output;
pub mod view;
