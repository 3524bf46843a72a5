//! One file a rule.

mod access;
mod calls;
mod descriptions;
mod failures;
mod greeting;
mod hold;
mod operating;
mod restarts;
mod silent_call;
mod three_rings;
mod waiting;
