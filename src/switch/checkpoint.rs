//! What of the switch outlives its process: images of its parts, kept as they change, from which a restart goes on.
//!
//! An image is MessagePack with names, so that the next version reads it; one that cannot be read costs the part it is of, never the
//! start. What must not live here: where images are kept.

use crate::base::{AgentId, CallId};
use std::fmt;
use std::str::FromStr;

/// One part of the switch. As text (`switch`, `call/01JD…`, `agent/1001`) it is the key under which its image is kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// What belongs to none of the others: the next numbers, the wall clock's anchor, seeds, the figures of the day.
    Switch,
    /// A call: its slot, offers, dialogs and transactions, its place in the queue, its media.
    Call(CallId),
    /// An agent: bindings, state, what was asked for after the call.
    Agent(AgentId),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch => f.write_str("switch"),
            Self::Call(call) => write!(f, "call/{call}"),
            Self::Agent(agent) => write!(f, "agent/{agent}"),
        }
    }
}

/// A text that names no part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAPart;

impl FromStr for Part {
    type Err = NotAPart;

    fn from_str(text: &str) -> Result<Self, NotAPart> {
        match text.split_once('/') {
            None if text == "switch" => Ok(Self::Switch),
            Some(("call", id)) => id.parse().map(Self::Call).map_err(|_| NotAPart),
            Some(("agent", id)) if !id.is_empty() => Ok(Self::Agent(AgentId::new(id))),
            _ => Err(NotAPart),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Rng, Timestamp};

    #[test]
    fn the_key_of_a_part_reads_back() {
        let call = CallId::new(Timestamp(1_795_000_000_000), &mut Rng::new(1));
        for part in [Part::Switch, Part::Call(call), Part::Agent(AgentId::new("10/01"))] {
            assert_eq!(part.to_string().parse(), Ok(part));
        }
        for wrong in ["", "call/", "call/1", "agent/", "switch/", "trunk/carrier"] {
            assert_eq!(wrong.parse::<Part>(), Err(NotAPart), "{wrong}");
        }
    }
}
