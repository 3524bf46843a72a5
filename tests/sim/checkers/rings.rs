//! Three rings: no agent's phone rings past the limit, and none is given up for ringing too long before it.

use super::{Complaints, LATE};
use sanling::base::{Duration, Instant};
use std::collections::BTreeMap;

pub struct Rings {
    limit: Duration,
    ringing: BTreeMap<String, Ringing>,
}

struct Ringing {
    /// The first 18x, or the INVITE.
    from: Instant,
    rang: bool,
    /// Any response came: from then on a CANCEL may be sent (RFC 3261 §9.1).
    tried: bool,
}

impl Rings {
    pub fn new(limit: Duration) -> Self {
        Self { limit, ringing: BTreeMap::new() }
    }

    pub fn began(&mut self, id: &str, now: Instant) {
        self.ringing.insert(id.to_owned(), Ringing { from: now, rang: false, tried: false });
    }

    pub fn tried(&mut self, id: &str) {
        if let Some(ringing) = self.ringing.get_mut(id) {
            ringing.tried = true;
        }
    }

    pub fn was_tried(&self, id: &str) -> bool {
        self.ringing.get(id).is_some_and(|ringing| ringing.tried)
    }

    pub fn rang(&mut self, id: &str, now: Instant) {
        if let Some(ringing) = self.ringing.get_mut(id) {
            // One that comes when the limit has passed unheard changes nothing.
            if !ringing.rang && now - ringing.from < self.limit {
                (ringing.from, ringing.rang) = (now, true);
            }
            ringing.tried = true;
        }
    }

    /// Given up because it rang too long.
    pub fn withdrawn(&mut self, id: &str, now: Instant, complaints: &mut Complaints) {
        if let Some(ringing) = self.ringing.get(id) {
            let rang_for = now - ringing.from;
            if rang_for < self.limit {
                complaints.push(format!("{id} was given up after {rang_for:?}, before its limit"));
            }
        }
    }

    /// What rings at a crash is watched no more.
    pub fn forget(&mut self) {
        self.ringing.clear();
    }

    pub fn over(&mut self, id: &str) {
        self.ringing.remove(id);
    }

    pub fn look(&self, now: Instant, complaints: &mut Complaints) {
        for (id, ringing) in &self.ringing {
            let rang_for = now - ringing.from;
            if ringing.tried && rang_for > self.limit + LATE {
                complaints.push(format!("{id} rings for {rang_for:?}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanling::base::time::{millis, secs};

    fn complaints_of(rang_ms: Option<u64>, withdrawn_ms: Option<u64>, looked_ms: u64) -> usize {
        let at = |ms: u64| Instant::after_start(millis(ms));
        let (mut rings, mut complaints) = (Rings::new(secs(15)), Vec::new());
        rings.began("a", at(0));
        rings.tried("a");
        if let Some(ms) = rang_ms {
            rings.rang("a", at(ms));
        }
        if let Some(ms) = withdrawn_ms {
            rings.withdrawn("a", at(ms), &mut complaints);
            rings.over("a");
        }
        rings.look(at(looked_ms), &mut complaints);
        complaints.len()
    }

    #[test]
    fn both_bounds_of_three_rings_are_watched() {
        for (rang, withdrawn, looked, expected) in [
            (Some(200), Some(15_200), 20_000, 0),
            (Some(200), Some(15_199), 20_000, 1),
            (None, Some(15_000), 20_000, 0),
            (None, Some(14_000), 20_000, 1),
            (Some(200), None, 15_300, 0),
            (Some(200), None, 15_301, 1),
            (None, None, 15_101, 1),
        ] {
            assert_eq!(complaints_of(rang, withdrawn, looked), expected, "{rang:?} {withdrawn:?} {looked}");
        }
    }
}
