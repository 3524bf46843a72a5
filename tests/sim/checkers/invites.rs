//! Every INVITE that begins a call has one final answer, and every call that came in has one record and one release.

use super::{Complaints, is_kept};
use sanling::base::{CallId, Instant};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Invites {
    /// By what names the transaction: those not answered yet.
    open: BTreeMap<String, Instant>,
    /// Made by the switch or finally answered, and not for want of credentials or room: each is a call.
    calls: u64,
    /// Answered 503: a call that found no room, or none at all.
    turned_away: u64,
    released: BTreeMap<CallId, u32>,
    recorded: BTreeSet<CallId>,
    /// Calls that a crash took in the moment of their arrival: nobody is told of their release.
    lost: BTreeSet<CallId>,
    /// What the last moment before a crash brought is not known here: how many calls were answered cannot be told.
    crashed: bool,
}

impl Invites {
    /// An INVITE outside of any dialog came; the same again is none.
    pub fn received(&mut self, transaction: String, is_known: bool, now: Instant) {
        if !is_known {
            self.open.entry(transaction).or_insert(now);
        }
    }

    pub fn answered(&mut self, transaction: &str, code: u16) {
        if code >= 200 && self.open.remove(transaction).is_some() {
            self.calls += u64::from(!matches!(code, 401 | 403 | 407 | 503));
            self.turned_away += u64::from(code == 503);
        }
    }

    /// The switch makes a call by itself.
    pub fn originated(&mut self) {
        self.calls += 1;
    }

    pub fn released(&mut self, call: CallId, complaints: &mut Complaints) {
        let times = self.released.entry(call).or_default();
        *times += 1;
        if *times > 1 {
            complaints.push(format!("{call} is released {times} times"));
        }
    }

    pub fn recorded(&mut self, call: CallId) {
        self.recorded.insert(call);
    }

    /// What was asked in the last moment of a switch that died is asked again by who wants it, or given up.
    pub fn crashed(&mut self, now: Instant) {
        self.crashed = true;
        self.open.retain(|_, at| is_kept(*at, now));
    }

    pub fn lost(&mut self, call: CallId) {
        self.lost.insert(call);
    }

    pub fn at_rest(&self, complaints: &mut Complaints) {
        for (transaction, at) in &self.open {
            complaints.push(format!("the INVITE {transaction} of {at:?} was never answered"));
        }
        let released = self.released.len() as u64;
        let ended: BTreeSet<CallId> = self.released.keys().copied().collect();
        let recorded = self.recorded.difference(&self.lost).count() as u64;
        let all = self.crashed || (self.calls..=self.calls + self.turned_away).contains(&released);
        if !all || self.recorded.symmetric_difference(&ended).any(|call| !self.lost.contains(call)) {
            complaints.push(format!("{} calls were answered or refused, {released} released, {recorded} are on record", self.calls));
        }
    }
}

#[test]
fn an_invite_without_an_answer_and_a_call_without_a_record_are_seen() {
    use sanling::base::{Rng, Timestamp};
    let call = |n| CallId::new(Timestamp(1), &mut Rng::new(n));
    let complaints_of = |answers: &[(&str, u16)], released: &[u64], recorded: &[u64]| {
        let (mut invites, mut complaints) = (Invites::default(), Vec::new());
        for name in ["a", "b"] {
            invites.received(name.to_owned(), false, Instant::START);
            invites.received(name.to_owned(), false, Instant::START);
        }
        invites.received("an old one".to_owned(), true, Instant::START);
        answers.iter().for_each(|(name, code)| invites.answered(name, *code));
        released.iter().for_each(|n| invites.released(call(*n), &mut complaints));
        recorded.iter().for_each(|n| invites.recorded(call(*n)));
        invites.at_rest(&mut complaints);
        complaints.len()
    };
    assert_eq!(complaints_of(&[("a", 180), ("a", 200), ("a", 200), ("b", 401)], &[1], &[1, 1]), 0);
    assert_eq!(complaints_of(&[("a", 180), ("b", 404)], &[1], &[1]), 1, "never answered");
    assert_eq!(complaints_of(&[("a", 200), ("b", 404)], &[1, 2], &[1]), 1, "not on record");
    assert_eq!(complaints_of(&[("a", 200), ("b", 404)], &[1], &[1, 2]), 1, "not released");
    assert_eq!(complaints_of(&[("a", 200), ("b", 404)], &[1, 2, 2], &[1, 2]), 1, "released twice");
}
