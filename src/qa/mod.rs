//! Quality: which rules of service a call broke, what of a scorecard the switch can answer itself, what answers add up to, which calls are
//! drawn, where those who score differ, and what scores say of agents, teams and items.
//!
//! ```text
//! CallRecord, Terms → breaches → Breaches
//! Scorecard, CallRecord, agent → prefill → [Prefilled]      answers → check, score → Scored
//! Sampling, Period, [Candidate] → draw → [Task]             [Opinion] → differences        [Fact] → results → [Row]
//! ```
//!
//! Pure: records, cards and limits in, judgements out. What a rule means is said by the record itself (`call::record`), so that what is found
//! here and what [`report`](crate::report) counts is the same. What must not live here: SQL, JSON, clocks, words for people (rules and reasons
//! have codes; pages put them into words).

mod breaches;
mod calibration;
mod prefill;
mod results;
mod sample;
mod scoring;
#[cfg(test)]
mod tests;

pub use crate::base::breach::{Breach, Breaches};
pub use breaches::breaches;
pub use calibration::{Differences, ItemDifference, Opinion, Scorer, differences};
pub use prefill::{CODES, Prefilled, Reason, prefill, scored_agents};
pub use results::{By, Fact, ItemFact, Lost, Row, results};
pub use sample::{Candidate, Period, Task, draw, is_wanted};
pub use scoring::{AnswerError, Given, ItemScore, Scored, check, score};
