//! Three rings: no agent's phone rings past the limit, and none is given up for ringing too long before it.

use super::{Complaints, after_all_grace, is_kept};
use sanling::base::{Deadlines, Duration, Instant};
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Rings {
    ringing: BTreeMap<String, Ringing>,
    /// When a phone that still rings has rung too long.
    late: Deadlines<String>,
}

struct Ringing {
    /// The rule when it began: a reload changes it for the next.
    limit: Duration,
    /// The first 18x, or the INVITE.
    from: Instant,
    /// When last anything changed.
    told_at: Instant,
    rang: bool,
    /// Any response came: from then on a CANCEL may be sent (RFC 3261 §9.1).
    tried: bool,
}

impl Rings {
    pub fn began(&mut self, id: &str, limit: Duration, now: Instant) {
        self.ringing.insert(id.to_owned(), Ringing { limit, from: now, told_at: now, rang: false, tried: false });
    }

    pub fn tried(&mut self, id: &str) {
        if let Some(ringing) = self.ringing.get_mut(id) {
            ringing.tried = true;
            self.late.set(id.to_owned(), Some(after_all_grace(ringing.from + ringing.limit)));
        }
    }

    pub fn was_tried(&self, id: &str) -> bool {
        self.ringing.get(id).is_some_and(|ringing| ringing.tried)
    }

    pub fn rang(&mut self, id: &str, now: Instant) {
        if let Some(ringing) = self.ringing.get_mut(id) {
            // One that comes when the limit has passed unheard changes nothing.
            if !ringing.rang && now - ringing.from < ringing.limit {
                (ringing.from, ringing.told_at, ringing.rang) = (now, now, true);
            }
            self.tried(id);
        }
    }

    /// Given up because it rang too long.
    pub fn withdrawn(&mut self, id: &str, now: Instant, complaints: &mut Complaints) {
        if let Some(ringing) = self.ringing.get(id) {
            let rang_for = now - ringing.from;
            if rang_for < ringing.limit {
                complaints.push(format!("{id} was given up after {rang_for:?}, before its limit"));
            }
        }
    }

    /// What rings at a crash rings on; of what changed in its last moment nobody may know.
    pub fn crashed(&mut self, now: Instant) {
        self.late = Deadlines::default();
        self.ringing.retain(|_, ringing| is_kept(ringing.told_at, now));
    }

    /// What fell due meanwhile is due now.
    pub fn restarted(&mut self, now: Instant) {
        for (id, ringing) in self.ringing.iter().filter(|(_, ringing)| ringing.tried) {
            self.late.set(id.clone(), Some(after_all_grace((ringing.from + ringing.limit).max(now))));
        }
    }

    pub fn over(&mut self, id: &str) {
        if self.ringing.remove(id).is_some() {
            self.late.set(id.to_owned(), None);
        }
    }

    pub fn look(&mut self, now: Instant, complaints: &mut Complaints) {
        while let Some(id) = self.late.pop_due(now) {
            if let Some(ringing) = self.ringing.get(&id) {
                complaints.push(format!("{id} rings for {:?}", now - ringing.from));
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
        let (mut rings, mut complaints) = (Rings::default(), Vec::new());
        rings.began("a", secs(15), at(0));
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
            (Some(200), None, 15_220, 0),
            (Some(200), None, 15_221, 1),
            (None, None, 15_021, 1),
        ] {
            assert_eq!(complaints_of(rang, withdrawn, looked), expected, "{rang:?} {withdrawn:?} {looked}");
        }
    }
}
