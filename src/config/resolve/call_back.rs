//! How a queue offers to call back, and does it.

use super::destination::Named;
use super::{Resolver, Spot};
use crate::base::TrunkId;
use crate::base::time::secs;
use crate::config::prompts::CALL_BACK_PROMPT_NAMES;
use crate::config::raw::{RawCallBack, example_of};
use crate::config::{CallBackFirst, CallBackRule};

/// Longest of all that is waited for here.
const DAY: crate::base::Duration = secs(24 * 3_600);
/// Calls to one who does not answer: more is a nuisance.
const TRIES_MAX: u32 = 10;

impl Resolver<'_> {
    pub(super) fn call_back(&mut self, raw: &RawCallBack, named: &Named) -> CallBackRule {
        for name in CALL_BACK_PROMPT_NAMES {
            self.clip(raw.place, name, &named.language);
        }
        let offer_after = self.duration(raw.offer_after.as_ref(), secs(30), secs(0)..=DAY);
        let firsts = [("agent", CallBackFirst::Agent), ("customer", CallBackFirst::Customer)];
        CallBackRule {
            key: self.call_back_key(raw),
            offer_after,
            every: self.duration(raw.every.as_ref(), secs(60), secs(10)..=DAY),
            first: self.choice(raw.first.as_ref(), "party to be called first", &firsts, CallBackFirst::Agent),
            tries: self.number(raw.tries.as_ref(), 1..=TRIES_MAX).unwrap_or(3),
            retry_after: self.duration(raw.retry_after.as_ref(), secs(300), secs(10)..=DAY),
            ring_for: self.duration(raw.ring_for.as_ref(), secs(30), secs(5)..=secs(120)),
            numbers: raw.numbers.iter().flatten().filter_map(|spot| self.pattern(spot)).collect(),
            trunks: raw.trunks.iter().flatten().filter_map(|spot| self.call_back_trunk(spot, named)).collect(),
            abandoned_after: raw.abandoned_after.as_ref().map(|spot| self.duration(Some(spot), secs(20), secs(0)..=DAY)),
        }
    }

    fn call_back_key(&mut self, raw: &RawCallBack) -> char {
        let key = self.required(raw.key.as_ref(), "queue.call_back", "key", raw.place, &raw.given);
        let Some(key) = key else { return '1' };
        let mut letters = key.value.chars();
        match (letters.next(), letters.next()) {
            (Some(digit), None) if digit.is_ascii_digit() => digit,
            _ => {
                let remedy = format!("one key from 0 to 9: {}", example_of("queue.call_back", "key"));
                self.faults.error(key.place, format!("\"{}\" is no key", key.value), remedy);
                '1'
            }
        }
    }

    fn call_back_trunk(&mut self, spot: &Spot<String>, named: &Named) -> Option<TrunkId> {
        if !self.known(spot.place, &spot.value, "trunk", &named.trunks) {
            return None;
        }
        if named.hostless.contains(&spot.value) {
            let remedy = "give it `hosts`, or name another trunk";
            self.faults.error(spot.place, format!("the trunk \"{}\" has no host: no call goes out over it", spot.value), remedy);
            return None;
        }
        Some(TrunkId::new(&spot.value))
    }
}
