//! Figures and reports: facts in, measures out. Pure: whoever has the facts, from memory or from the database, gets the same figures.
//!
//! ```text
//! CallRecord, AgentInterval → Report (rows by key and slice of time) → Tally (counts and sums) → Measure (value, numerator, denominator)
//! ```
//!
//! Facts are call records (`call::record`) and [`AgentInterval`]s. A [`Tally`] adds up what one row of a report stands for: a queue, an
//! agent, a team, a script, each in a slice of time. A [`Definition`] says how a measure follows from a tally, in words and in code;
//! `docs/figures.md` is made of them.
//!
//! **When a fact counts.** A time in a queue counts, with its offers and however it ends, in the slice in which it began, so that offered =
//! answered + abandoned + called back + flowed out + still waiting holds in every slice, and slices add up. The same goes for a part in a call, a hold, a
//! script and a question of the survey; what is said of a call as a whole counts when an agent had the caller first. Agents' time is cut at
//! the edges of slices.
//!
//! What must not live here: SQL, JSON, clocks. The zone by which days begin is given, with the terms.

pub mod agents;
pub mod measure;
pub mod page;
pub mod service;
pub mod service_level;
pub mod slices;
pub mod tally;
pub mod visits;

mod adherence;
mod builder;
mod returns;
#[cfg(test)]
mod tests;

pub use agents::{AgentInterval, Session, WorkTally, sessions};
pub use builder::{Kind, Question, Report, ReportRow, TooManyRows};
pub use measure::{DEFINITIONS, Definition, Measure, Said, Unit};
pub use service::{ScriptTally, ServiceTally};
pub use service_level::{VARIANTS, Variant};
pub use slices::{Slice, Slices};
pub use tally::{Basis, Tally, Terms};
pub use visits::VisitTally;
