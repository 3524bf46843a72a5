//! No transaction gets two different final responses, and none a provisional one after its final one.

use super::Complaints;
use sanling::base::time::secs;
use sanling::base::{Duration, Instant};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Twice 64 × T1: no transaction is remembered longer on either side (RFC 3261 §17.2).
const FORGOTTEN_AFTER: Duration = secs(64);

#[derive(Default)]
pub struct Finals {
    /// By what names the transaction.
    sent: BTreeMap<String, u16>,
    oldest: VecDeque<(Instant, String)>,
    /// Answered by a process that is dead.
    before_crash: BTreeSet<String>,
}

impl Finals {
    /// It has had its final response.
    pub fn knows(&self, transaction: &str) -> bool {
        self.sent.contains_key(transaction)
    }

    /// It has had it of the process that runs: what comes of it now is a repeat, however late, and begins nothing.
    pub fn repeats(&self, transaction: &str) -> bool {
        self.knows(transaction) && !self.before_crash.contains(transaction)
    }

    pub fn crashed(&mut self) {
        self.before_crash.extend(self.sent.keys().cloned());
    }

    pub fn sent(&mut self, transaction: String, code: u16, now: Instant, complaints: &mut Complaints) {
        while self.oldest.front().is_some_and(|(at, _)| now - *at > FORGOTTEN_AFTER) {
            if let Some((_, old)) = self.oldest.pop_front() {
                self.sent.remove(&old);
                self.before_crash.remove(&old);
            }
        }
        match self.sent.get(&transaction) {
            // The BYE or CANCEL of a call that is over comes again, its 200 was lost, and with the process what it was of: it is no more.
            Some(200) if code == 481 && ends_call(&transaction) && self.before_crash.contains(&transaction) => {}
            Some(before) if *before != code => complaints.push(format!("{code} after {before} in {transaction}")),
            Some(_) => {}
            None if code >= 200 => {
                self.oldest.push_back((now, transaction.clone()));
                self.sent.insert(transaction, code);
            }
            None => {}
        }
    }
}

fn ends_call(transaction: &str) -> bool {
    transaction.contains(" BYE ") || transaction.contains(" CANCEL ")
}

#[test]
fn a_second_final_response_is_seen_and_a_retransmission_is_none() {
    let (mut finals, mut complaints) = (Finals::default(), Vec::new());
    for code in [100, 180, 180, 200, 200] {
        finals.sent("a".to_owned(), code, Instant::START, &mut complaints);
    }
    assert_eq!(complaints.len(), 0);
    let later = Instant::after_start(secs(60));
    for (transaction, code) in [("a", 487), ("a", 180), ("b", 487)] {
        finals.sent(transaction.to_owned(), code, later, &mut complaints);
    }
    assert_eq!(complaints, ["487 after 200 in a", "180 after 200 in a"]);
    finals.sent("c 1 BYE x".to_owned(), 200, later, &mut complaints);
    finals.sent("d 1 INVITE".to_owned(), 200, later, &mut complaints);
    assert!(finals.repeats("d 1 INVITE") && !finals.repeats("e 1 INVITE"));
    finals.crashed();
    assert!(finals.knows("d 1 INVITE") && !finals.repeats("d 1 INVITE"), "the next process takes it for a new one");
    finals.sent("c 1 BYE x".to_owned(), 481, later, &mut complaints);
    assert_eq!(complaints.len(), 2);
    finals.sent("d 1 INVITE".to_owned(), 481, later, &mut complaints);
    assert_eq!(complaints.len(), 3);
}
