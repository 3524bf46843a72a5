//! How often somebody may be wrong about a password. Knows nothing of passwords or answers.

use crate::base::limits::SIGN_INS_REMEMBERED_MAX;
use crate::base::time::secs;
use crate::base::{Duration, Timestamp};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Tries in a row that are not made to wait.
const FREE: u32 = 5;
const WAIT_MAX: u64 = 60;
/// Who is not wrong for so long begins anew.
const FORGOTTEN_AFTER: Duration = secs(900);
/// Letters by which names are told apart.
const LETTERS: usize = 64;

/// Whose tries are counted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Of {
    User(String),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    count: u32,
    last: Timestamp,
    /// No other before.
    until: Timestamp,
}

/// Wrong passwords by user, existing or not, and by address. A lock, because requests run side by side; held for a look-up.
#[derive(Default, Debug)]
pub struct Throttle(Mutex<BTreeMap<Of, Tries>>);

impl Throttle {
    /// Counts a try as wrong until it has [`succeeded`](Self::succeeded), so that many at once are no way around.
    ///
    /// # Errors
    /// How long to wait: the try must not be looked at.
    pub fn begin(&self, user: &str, address: IpAddr, now: Timestamp) -> Result<(), Duration> {
        let mut all = self.all();
        let whose: Vec<Of> = whose(user, address).collect();
        if let Some(until) = whose.iter().filter_map(|of| all.get(of)).map(|tries| tries.until).max().filter(|until| *until > now) {
            return Err(Duration::from_millis(u64::try_from(until.0 - now.0).unwrap_or(0)));
        }
        for of in whose {
            let known = all.get(&of).filter(|tries| now.0 - tries.last.0 < millis(FORGOTTEN_AFTER));
            let count = known.map_or(0, |tries| tries.count).saturating_add(1);
            let wait = count.checked_sub(FREE).map_or(0, |beyond| 1_u64.checked_shl(beyond).unwrap_or(WAIT_MAX).min(WAIT_MAX));
            all.insert(of, Tries { count, last: now, until: Timestamp(now.0 + millis(secs(wait))) });
        }
        while all.len() > SIGN_INS_REMEMBERED_MAX {
            let Some(oldest) = all.iter().min_by_key(|(_, tries)| tries.last).map(|(of, _)| of.clone()) else { break };
            all.remove(&oldest);
        }
        Ok(())
    }

    /// The try was right: what counted against its user is forgotten, and it does not count against its address. What others did from there
    /// still does, or one right password would buy guesses at all the others.
    pub fn succeeded(&self, user: &str, address: IpAddr) {
        let mut all = self.all();
        for of in whose(user, address) {
            match (&of, all.get_mut(&of)) {
                (Of::Address(_), Some(tries)) if tries.count > 1 => {
                    tries.count -= 1;
                    tries.until = tries.last;
                }
                _ => drop(all.remove(&of)),
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<Of, Tries>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Loopback is nobody's address: a proxy may stand there, with everybody behind it.
fn whose(user: &str, address: IpAddr) -> impl Iterator<Item = Of> {
    let address = address.to_canonical();
    [Of::User(user.chars().take(LETTERS).collect())].into_iter().chain((!address.is_loopback()).then_some(Of::Address(address)))
}

fn millis(long: Duration) -> i64 {
    i64::try_from(long.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEAR: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn far(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn after_five_wrong_tries_each_further_one_waits_twice_as_long_up_to_a_minute() {
        let throttle = Throttle::default();
        let mut now = Timestamp(0);
        let mut waits = Vec::new();
        for _ in 0..14 {
            if let Err(wait) = throttle.begin("li-qa", NEAR, now) {
                waits.push(wait.as_secs());
                now = Timestamp(now.0 + millis(wait));
                throttle.begin("li-qa", NEAR, now).expect("he has waited");
            }
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(throttle.begin("other", NEAR, now), Ok(()), "behind a proxy all come from loopback");
        assert!(throttle.begin("li-qa", far(1), now).is_err(), "whatever address he comes from");
        let later = Timestamp(now.0 + 900_000);
        (0..5).for_each(|_| throttle.begin("li-qa", NEAR, later).expect("long forgotten"));
    }

    #[test]
    fn an_address_is_counted_whomever_it_tries_and_a_right_password_buys_no_guesses() {
        let throttle = Throttle::default();
        for user in ["a", "b", "c", "d"] {
            throttle.begin(user, far(7), Timestamp(0)).expect("free");
        }
        throttle.begin("own", far(7), Timestamp(0)).expect("free");
        throttle.succeeded("own", far(7));
        throttle.begin("own", far(7), Timestamp(0)).expect("his own was right");
        assert_eq!(throttle.begin("e", far(7), Timestamp(0)), Err(secs(1)));
        assert_eq!(throttle.begin("e", far(8), Timestamp(0)), Ok(()));
    }

    #[test]
    fn tries_at_once_are_counted_before_they_are_looked_at() {
        let throttle = Throttle::default();
        let begun = (0..100).filter(|_| throttle.begin("li-qa", NEAR, Timestamp(0)).is_ok()).count();
        assert_eq!(begun, 5);
    }

    #[test]
    fn no_more_are_remembered_than_may_be() {
        let throttle = Throttle::default();
        for n in 0..=SIGN_INS_REMEMBERED_MAX {
            let _ = throttle.begin(&format!("user {n}"), NEAR, Timestamp(n as i64));
        }
        assert_eq!(throttle.all().len(), SIGN_INS_REMEMBERED_MAX);
        assert!(!throttle.all().contains_key(&Of::User("user 0".into())));
    }
}
