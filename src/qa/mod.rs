//! Quality: which rules of service a call broke. Pure: records and limits in, judgements out.
//!
//! What a rule means is said by the record itself (`call::record`), so that what is found here and what [`report`](crate::report) counts is
//! the same. What must not live here: SQL, JSON, clocks, words for people (rules and reasons have codes; pages put them into words).

mod breaches;

pub use breaches::{Breach, Breaches, breaches};
