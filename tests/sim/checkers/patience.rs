//! Hold patience: a held party is reassured at each patience, not before, not after, and not when he has been retrieved.

use super::{Complaints, LATE, after_all_grace, is_kept};
use sanling::base::{CallId, Deadlines, Duration, Instant};
use std::collections::BTreeMap;

#[derive(Default)]
pub struct Patience {
    /// By call and holder.
    held: BTreeMap<(CallId, String), Held>,
    late: Deadlines<(CallId, String)>,
}

struct Held {
    patience: Duration,
    since: Instant,
    /// When last anything changed.
    told_at: Instant,
    reassured: u32,
    /// What fell due while the switch was away is due when it is back.
    back_at: Instant,
}

impl Held {
    fn late_at(&self) -> Instant {
        after_all_grace((self.since + self.patience * (self.reassured + 1)).max(self.back_at))
    }
}

impl Patience {
    pub fn held(&mut self, call: CallId, by: &str, patience: Duration, now: Instant) {
        let held = Held { patience, since: now, told_at: now, reassured: 0, back_at: now };
        let key = (call, by.to_owned());
        self.late.set(key.clone(), Some(held.late_at()));
        self.held.insert(key, held);
    }

    pub fn reassured(&mut self, call: CallId, by: &str, now: Instant, complaints: &mut Complaints) {
        let key = (call, by.to_owned());
        let Some(held) = self.held.get_mut(&key) else {
            return complaints.push(format!("{call}: reassured, and nobody is held by the {by}"));
        };
        held.reassured += 1;
        held.told_at = now;
        let due = held.patience * held.reassured;
        let after = now - held.since;
        if after < due || now > (held.since + due).max(held.back_at) + LATE {
            complaints.push(format!("{call}: reassured after {after:?} instead of {due:?}"));
        }
        let late_at = held.late_at();
        self.late.set(key, Some(late_at));
    }

    pub fn retrieved(&mut self, call: CallId, by: &str, now: Instant, complaints: &mut Complaints) {
        let key = (call, by.to_owned());
        if let Some(held) = self.held.remove(&key) {
            self.late.set(key, None);
            if now >= held.late_at() {
                complaints.push(format!("{call}: held for {:?} and reassured {} times", now - held.since, held.reassured));
            }
        }
    }

    /// Who is held at a crash is held on; of what changed in its last moment nobody may know.
    pub fn crashed(&mut self, now: Instant) {
        self.late = Deadlines::default();
        self.held.retain(|_, held| is_kept(held.told_at, now));
    }

    pub fn restarted(&mut self, now: Instant) {
        for (key, held) in &mut self.held {
            held.back_at = now;
            self.late.set(key.clone(), Some(held.late_at()));
        }
    }

    pub fn knows(&self, call: CallId, by: &str) -> bool {
        self.held.contains_key(&(call, by.to_owned()))
    }

    pub fn ended(&mut self, call: CallId) {
        let of_call: Vec<_> =
            self.held.range((call, String::new())..).map(|(key, _)| key).take_while(|key| key.0 == call).cloned().collect();
        for key in of_call {
            self.held.remove(&key);
            self.late.set(key, None);
        }
    }

    pub fn look(&mut self, now: Instant, complaints: &mut Complaints) {
        while let Some(key) = self.late.pop_due(now) {
            if let Some(held) = self.held.get(&key) {
                let after = now - held.since;
                complaints.push(format!("{}: held by the {} for {after:?} and reassured {} times", key.0, key.1, held.reassured));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanling::base::time::{millis, secs};
    use sanling::base::{Rng, Timestamp};

    /// Complaints about a hold at 1 s that is reassured at these moments and looked at in the end; times in ms since the hold.
    fn complaints_of(reassured: &[u64], retrieved: Option<u64>, looked: u64) -> usize {
        let call = CallId::new(Timestamp(1), &mut Rng::new(1));
        let at = |ms: u64| Instant::after_start(millis(1_000 + ms));
        let (mut patience, mut complaints) = (Patience::default(), Vec::new());
        patience.held(call, "agent", secs(7), at(0));
        let mut back = retrieved;
        for ms in reassured {
            if let Some(ms) = back.take_if(|back| *back < *ms) {
                patience.retrieved(call, "agent", at(ms), &mut complaints);
            }
            patience.reassured(call, "agent", at(*ms), &mut complaints);
        }
        if let Some(ms) = back {
            patience.retrieved(call, "agent", at(ms), &mut complaints);
        }
        patience.look(at(looked), &mut complaints);
        complaints.len()
    }

    #[test]
    fn both_bounds_of_the_patience_are_watched() {
        for (reassured, retrieved, looked, expected) in [
            (&[][..], Some(6_900), 60_000, 0),
            (&[7_000, 14_000, 21_020], Some(22_000), 60_000, 0),
            (&[6_999], Some(8_000), 60_000, 1),
            (&[7_021], Some(8_000), 60_000, 1),
            (&[7_000, 13_000], Some(13_500), 60_000, 1),
            (&[], None, 7_021, 1),
            (&[7_000], None, 14_021, 1),
            (&[], Some(7_200), 60_000, 1),
            (&[7_000], Some(3_000), 60_000, 1),
        ] {
            assert_eq!(complaints_of(reassured, retrieved, looked), expected, "{reassured:?} {retrieved:?} {looked}");
        }
    }
}
