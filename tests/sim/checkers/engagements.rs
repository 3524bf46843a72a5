//! An agent has at most one offer or call: his phone is never called while another of his dialogs lives.

use super::Complaints;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Engagements {
    /// Live dialogs by Call-ID: the agent, and whether the switch called him.
    live: BTreeMap<String, (String, bool)>,
    /// The same by agent.
    of_agent: BTreeMap<String, BTreeSet<String>>,
    /// Every Call-ID by which the switch called: an INVITE goes again until its phone says something, even when the caller has left
    /// (RFC 3261 §9.1), and rings nobody anew.
    called: BTreeSet<String>,
}

impl Engagements {
    /// The switch calls the agent's phone. Returns false for an INVITE of a dialog that is known.
    pub fn is_called(&mut self, agent: &str, id: &str, complaints: &mut Complaints) -> bool {
        if !self.called.insert(id.to_owned()) {
            return false;
        }
        if let Some(other) = self.of_agent.get(agent).and_then(BTreeSet::first) {
            complaints.push(format!("agent {agent} is called ({id}) while he has {other}"));
        }
        self.begins(agent, id, true);
        true
    }

    /// The agent calls somebody: his right, at any time.
    pub fn dials(&mut self, agent: &str, id: &str) {
        if !self.live.contains_key(id) {
            self.begins(agent, id, false);
        }
    }

    fn begins(&mut self, agent: &str, id: &str, called: bool) {
        self.live.insert(id.to_owned(), (agent.to_owned(), called));
        self.of_agent.entry(agent.to_owned()).or_default().insert(id.to_owned());
    }

    /// The agent's own call was refused (or challenged).
    pub fn refused(&mut self, id: &str) {
        if self.live.get(id).is_some_and(|(_, called)| !called) {
            self.ends(id);
        }
    }

    pub fn is_ringing(&self, id: &str) -> bool {
        self.live.get(id).is_some_and(|(_, called)| *called)
    }

    pub fn ends(&mut self, id: &str) {
        if let Some((agent, _)) = self.live.remove(id)
            && let Some(his) = self.of_agent.get_mut(&agent)
        {
            his.remove(id);
        }
    }

    pub fn at_rest(&self, complaints: &mut Complaints) {
        for (id, (agent, _)) in &self.live {
            complaints.push(format!("agent {agent} still has {id}"));
        }
    }
}

#[test]
fn a_second_call_to_an_agent_is_seen() {
    let (mut books, mut complaints) = (Engagements::default(), Vec::new());
    assert!(books.is_called("1001", "a", &mut complaints));
    assert!(!books.is_called("1001", "a", &mut complaints), "the same INVITE again");
    books.is_called("1002", "b", &mut complaints);
    books.ends("a");
    assert!(!books.is_called("1001", "a", &mut complaints), "and once more, after its end");
    books.is_called("1001", "c", &mut complaints);
    books.dials("1001", "d");
    books.refused("d");
    assert_eq!(complaints, Vec::<String>::new());
    books.is_called("1001", "e", &mut complaints);
    assert_eq!(complaints.len(), 1);
    books.at_rest(&mut complaints);
    assert_eq!(complaints.len(), 4, "b, c and e are left: {complaints:?}");
}
