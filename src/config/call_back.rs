//! Who waits may be called back instead: how a queue offers it, and how it is done.

use super::NumberPattern;
use crate::base::{Duration, TrunkId};
use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallBackRule {
    /// What a caller presses: `0` to `9`.
    pub key: char,
    /// Time waited from which on he is told so, and how long until he is told again.
    pub offer_after: Duration,
    pub every: Duration,
    pub first: CallBackFirst,
    /// How often a customer is called who does not answer, and how long between.
    pub tries: u32,
    pub retry_after: Duration,
    /// How long his phone rings.
    pub ring_for: Duration,
    /// Numbers that a caller may give; none: he is called where he calls from.
    pub numbers: Vec<NumberPattern>,
    /// Trunks by which he is called; none: that by which he called.
    pub trunks: Vec<TrunkId>,
    /// Who hung up after so long a wait is put on the list of those whom agents call; `None`: nobody is.
    pub abandoned_after: Option<Duration>,
}

/// Who is called first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum CallBackFirst {
    /// An agent's phone rings as for any caller; when he has answered, the customer is called.
    Agent,
    /// The customer is called when an agent is there for him, and waits at the head of the line.
    Customer,
}
