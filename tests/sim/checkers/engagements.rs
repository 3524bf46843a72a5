//! An agent has at most one offer or call: his phone is never called while another of his dialogs lives.

use super::{Complaints, is_kept};
use sanling::base::Instant;
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Engagements {
    /// Live dialogs by Call-ID: the agent, and when the switch called him, if it was the switch.
    live: BTreeMap<String, (String, Option<Instant>)>,
    /// The same by agent.
    of_agent: BTreeMap<String, BTreeSet<String>>,
    /// Of those that he began: the switch has answered, and his ACK has not come.
    unacked: BTreeSet<String>,
    /// Every Call-ID by which the switch called: an INVITE goes again until its phone says something, even when the caller has left
    /// (RFC 3261 §9.1), and rings nobody anew.
    called: BTreeSet<String>,
}

impl Engagements {
    /// The switch calls the agent's phone. Returns false for an INVITE of a dialog that is known.
    pub fn is_called(&mut self, agent: &str, id: &str, now: Instant, complaints: &mut Complaints) -> bool {
        if !self.called.insert(id.to_owned()) {
            return false;
        }
        // One that is over may wait for his ACK: no BYE goes before it (RFC 3261 §15).
        let busy = |other: &&String| !self.unacked.contains(*other);
        if let Some(other) = self.of_agent.get(agent).and_then(|his| his.iter().find(busy)) {
            complaints.push(format!("agent {agent} is called ({id}) while he has {other}"));
        }
        self.begins(agent, id, Some(now));
        true
    }

    /// The agent calls somebody: his right, at any time.
    pub fn dials(&mut self, agent: &str, id: &str) {
        if !self.live.contains_key(id) {
            self.begins(agent, id, None);
        }
    }

    fn begins(&mut self, agent: &str, id: &str, called: Option<Instant>) {
        self.live.insert(id.to_owned(), (agent.to_owned(), called));
        self.of_agent.entry(agent.to_owned()).or_default().insert(id.to_owned());
    }

    /// The agent's own call is answered; and he has heard so.
    pub fn answered(&mut self, id: &str) {
        if self.live.get(id).is_some_and(|(_, called)| called.is_none()) {
            self.unacked.insert(id.to_owned());
        }
    }

    pub fn acked(&mut self, id: &str) {
        self.unacked.remove(id);
    }

    /// The agent's own call was refused (or challenged).
    pub fn refused(&mut self, id: &str) {
        if self.live.get(id).is_some_and(|(_, called)| called.is_none()) {
            self.ends(id);
        }
    }

    pub fn is_ringing(&self, id: &str) -> bool {
        self.live.get(id).is_some_and(|(_, called)| called.is_some())
    }

    /// The same, of that agent's phone.
    pub fn rings_at(&self, id: &str, agent: &str) -> bool {
        self.live.get(id).is_some_and(|(whose, called)| whose == agent && called.is_some())
    }

    pub fn ends(&mut self, id: &str) {
        self.unacked.remove(id);
        if let Some((agent, _)) = self.live.remove(id)
            && let Some(his) = self.of_agent.get_mut(&agent)
        {
            his.remove(id);
        }
    }

    /// Of whom the switch called in its last moment it may know nothing.
    pub fn crashed(&mut self, now: Instant) {
        let is_new = |(_, (_, called)): &(&String, &(String, Option<Instant>))| called.is_some_and(|at| !is_kept(at, now));
        let new: Vec<String> = self.live.iter().filter(is_new).map(|(id, _)| id.clone()).collect();
        new.iter().for_each(|id| self.ends(id));
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
    assert!(books.is_called("1001", "a", Instant::START, &mut complaints));
    assert!(!books.is_called("1001", "a", Instant::START, &mut complaints), "the same INVITE again");
    books.is_called("1002", "b", Instant::START, &mut complaints);
    books.ends("a");
    assert!(!books.is_called("1001", "a", Instant::START, &mut complaints), "and once more, after its end");
    books.is_called("1001", "c", Instant::START, &mut complaints);
    books.dials("1001", "d");
    books.refused("d");
    assert_eq!(complaints, Vec::<String>::new());
    books.is_called("1001", "e", Instant::START, &mut complaints);
    assert_eq!(complaints.len(), 1);
    books.at_rest(&mut complaints);
    assert_eq!(complaints.len(), 4, "b, c and e are left: {complaints:?}");
}
