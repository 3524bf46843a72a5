//! Hold patience: a held party is reassured at each patience, not before, not after, and not when he has been retrieved.

use super::{Complaints, LATE};
use sanling::base::{CallId, Duration, Instant};
use std::collections::BTreeMap;

pub struct Patience {
    patience: Duration,
    /// By call and holder: since when, and how often he was reassured.
    held: BTreeMap<(CallId, String), (Instant, u32)>,
}

impl Patience {
    pub fn new(patience: Duration) -> Self {
        Self { patience, held: BTreeMap::new() }
    }

    pub fn held(&mut self, call: CallId, by: &str, now: Instant) {
        self.held.insert((call, by.to_owned()), (now, 0));
    }

    pub fn reassured(&mut self, call: CallId, by: &str, now: Instant, complaints: &mut Complaints) {
        let Some((since, count)) = self.held.get_mut(&(call, by.to_owned())) else {
            return complaints.push(format!("{call}: reassured, and nobody is held by the {by}"));
        };
        *count += 1;
        let due = self.patience * *count;
        let after = now - *since;
        if after < due || after > due + LATE {
            complaints.push(format!("{call}: reassured after {after:?} instead of {due:?}"));
        }
    }

    pub fn retrieved(&mut self, call: CallId, by: &str, now: Instant, complaints: &mut Complaints) {
        if let Some((since, count)) = self.held.remove(&(call, by.to_owned())) {
            let after = now - since;
            if after > self.patience * (count + 1) + LATE {
                complaints.push(format!("{call}: held for {after:?} and reassured {count} times"));
            }
        }
    }

    /// Who is held at a crash is watched no more.
    pub fn forget(&mut self) {
        self.held.clear();
    }

    pub fn knows(&self, call: CallId, by: &str) -> bool {
        self.held.contains_key(&(call, by.to_owned()))
    }

    pub fn ended(&mut self, call: CallId) {
        self.held.retain(|(of, _), _| *of != call);
    }

    pub fn look(&self, now: Instant, complaints: &mut Complaints) {
        for ((call, by), (since, count)) in &self.held {
            let after = now - *since;
            if after > self.patience * (count + 1) + LATE {
                complaints.push(format!("{call}: held by the {by} for {after:?} and reassured {count} times"));
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
        let (mut patience, mut complaints) = (Patience::new(secs(7)), Vec::new());
        patience.held(call, "agent", at(0));
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
            (&[7_000, 14_000, 21_050], Some(22_000), 60_000, 0),
            (&[6_999], Some(8_000), 60_000, 1),
            (&[7_101], Some(8_000), 60_000, 1),
            (&[7_000, 13_000], Some(13_500), 60_000, 1),
            (&[], None, 7_101, 1),
            (&[7_000], None, 14_200, 1),
            (&[], Some(7_200), 60_000, 1),
            (&[7_000], Some(3_000), 60_000, 1),
        ] {
            assert_eq!(complaints_of(reassured, retrieved, looked), expected, "{reassured:?} {retrieved:?} {looked}");
        }
    }
}
