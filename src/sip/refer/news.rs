//! What referrers are told: the subscriptions that their REFERs made (RFC 3515 §2.4.4, RFC 6665), of one dialog. One NOTIFY at a time
//! each, so that none overtakes another; what comes to pass while it is out is said after it, the last of it alone. Knows no dialog: the
//! session sends, and tells the number that was sent.

use crate::base::limits::{REFERRAL_NEWS_MAX, REFERRALS_PER_LEG_MAX};
use crate::base::time::secs;
use crate::base::{Duration, Instant};
use crate::sip::transaction::PATIENCE;
use serde::{Deserialize, Serialize};

/// Oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct News(Vec<Subscription>);

/// A NOTIFY to be sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Notice {
    /// Number of the REFER.
    pub refer: u32,
    /// How far it has come: 100 to 699.
    pub status: u16,
    /// The value of Subscription-State.
    pub state: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Subscription {
    /// Number of the REFER.
    refer: u32,
    status: u16,
    /// The NOTIFY that has no answer yet.
    asked: Option<u32>,
    /// There is more to say than that NOTIFY said.
    more: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum State {
    Open {
        ends_at: Instant,
    },
    /// The last was said, or is going to be.
    Closing {
        why: Why,
        forget_at: Instant,
    },
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Why {
    /// It has come to an end (RFC 3515 §2.4.7).
    Done,
    /// It was subscribed to for so long, or is not any more.
    TimedOut,
}

type Send<'a> = &'a mut dyn FnMut(Notice) -> u32;

impl Subscription {
    fn close(&mut self, why: Why, now: Instant) {
        self.state = State::Closing { why, forget_at: now + PATIENCE };
    }

    /// Says how things are, or notes that it is to be said.
    fn say(&mut self, now: Instant, send: Send) {
        self.more = self.asked.is_some();
        if !self.more {
            self.asked = Some(send(self.notice(now)));
        }
    }

    fn notice(&self, now: Instant) -> Notice {
        let state = match self.state {
            State::Open { ends_at } => format!("active;expires={}", seconds(ends_at - now)),
            State::Closing { why: Why::Done, .. } => "terminated;reason=noresource".to_owned(),
            State::Closing { why: Why::TimedOut, .. } => "terminated;reason=timeout".to_owned(),
        };
        Notice { refer: self.refer, status: self.status, state }
    }

    fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }
}

/// Rounded up: what lives is never shown with 0.
fn seconds(left: Duration) -> u128 {
    left.as_millis().div_ceil(1000)
}

impl News {
    /// Whether as many referrals are told of as may be.
    pub fn is_full(&self) -> bool {
        self.0.len() >= REFERRALS_PER_LEG_MAX
    }

    /// A REFER was taken: 100 is said at once (RFC 3515 §2.4.4).
    pub fn open(&mut self, refer: u32, now: Instant, send: Send) {
        let state = State::Open { ends_at: now + REFERRAL_NEWS_MAX };
        let mut subscription = Subscription { refer, status: 100, asked: None, more: false, state };
        subscription.say(now, send);
        self.0.push(subscription);
    }

    /// It has come so far; from 200 on that is its end.
    pub fn report(&mut self, refer: u32, status: u16, now: Instant, send: Send) {
        let Some(subscription) = self.0.iter_mut().find(|one| one.refer == refer && one.is_open()) else { return };
        let status = status.clamp(100, 699);
        if status == subscription.status {
            return;
        }
        subscription.status = status;
        if status >= 200 {
            subscription.close(Why::Done, now);
        }
        subscription.say(now, send);
    }

    /// A NOTIFY was answered. Whoever does not take it is told no more (RFC 6665 §4.2.2).
    pub fn answered(&mut self, notify: u32, accepted: bool, now: Instant, send: Send) {
        let Some(place) = self.0.iter().position(|one| one.asked == Some(notify)) else { return };
        let subscription = &mut self.0[place];
        subscription.asked = None;
        if accepted && subscription.more {
            subscription.say(now, send);
        } else if !accepted || !subscription.is_open() {
            self.0.remove(place);
        }
    }

    /// A SUBSCRIBE to the referral `id`, to the oldest where it names none: for so many seconds from now, 0 for no more. Gives how many
    /// are granted; `None` when there is no such subscription. It is to be followed by [`repeat`](Self::repeat).
    pub fn renew(&mut self, id: Option<u32>, expires: Option<u32>, now: Instant) -> Option<u64> {
        let subscription = self.named(id)?;
        let granted = expires.map_or(REFERRAL_NEWS_MAX, |expires| secs(u64::from(expires)).min(REFERRAL_NEWS_MAX));
        if granted.is_zero() {
            subscription.close(Why::TimedOut, now);
        } else {
            subscription.state = State::Open { ends_at: now + granted };
        }
        Some(granted.as_secs())
    }

    /// Says again how things are: a SUBSCRIBE asks for that (RFC 6665 §4.2.1.2).
    pub fn repeat(&mut self, id: Option<u32>, now: Instant, send: Send) {
        let subscription = match id {
            None => self.0.first_mut(),
            Some(id) => self.0.iter_mut().find(|one| one.refer == id),
        };
        if let Some(subscription) = subscription {
            subscription.say(now, send);
        }
    }

    fn named(&mut self, id: Option<u32>) -> Option<&mut Subscription> {
        match id {
            None => self.0.first_mut().filter(|one| one.is_open()),
            Some(id) => self.0.iter_mut().find(|one| one.refer == id && one.is_open()),
        }
    }

    pub fn handle_timeout(&mut self, now: Instant, send: Send) {
        self.0.retain(|one| !matches!(one.state, State::Closing { forget_at, .. } if forget_at <= now));
        for subscription in &mut self.0 {
            if matches!(subscription.state, State::Open { ends_at } if ends_at <= now) {
                subscription.close(Why::TimedOut, now);
                subscription.say(now, send);
            }
        }
    }

    /// The dialog ends: nobody waits for answers any more.
    pub fn close(self, now: Instant, send: Send) {
        for subscription in self.0.into_iter().filter(|one| one.more) {
            send(subscription.notice(now));
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        let at = |one: &Subscription| match one.state {
            State::Open { ends_at } => ends_at,
            State::Closing { forget_at, .. } => forget_at,
        };
        self.0.iter().map(at).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// News whose NOTIFYs are numbered from 1.
    #[derive(Default)]
    struct Desk {
        news: News,
        said: Vec<String>,
    }

    impl Desk {
        fn act(&mut self, act: impl FnOnce(&mut News, Send)) -> Vec<String> {
            let said = &mut self.said;
            let before = said.len();
            act(&mut self.news, &mut |notice| {
                said.push(format!("{} {} {}", notice.refer, notice.status, notice.state));
                u32::try_from(said.len()).expect("few")
            });
            self.said[before..].to_vec()
        }
    }

    fn at(seconds: u64) -> Instant {
        Instant::START + secs(seconds)
    }

    #[test]
    fn one_notify_at_a_time_and_the_last_word_is_said() {
        let mut desk = Desk::default();
        assert_eq!(desk.act(|news, send| news.open(5, at(0), send)), ["5 100 active;expires=300"]);
        assert!(desk.act(|news, send| news.report(5, 180, at(1), send)).is_empty(), "the first is out");
        assert!(desk.act(|news, send| news.report(5, 183, at(2), send)).is_empty());
        assert_eq!(desk.act(|news, send| news.answered(1, true, at(3), send)), ["5 183 active;expires=297"]);
        assert!(desk.act(|news, send| news.answered(2, true, at(4), send)).is_empty());
        assert!(desk.act(|news, send| news.report(5, 183, at(5), send)).is_empty(), "nothing new");
        assert_eq!(desk.act(|news, send| news.report(5, 200, at(6), send)), ["5 200 terminated;reason=noresource"]);
        assert!(desk.act(|news, send| news.report(5, 486, at(7), send)).is_empty(), "it is over");
        desk.act(|news, send| news.answered(3, true, at(8), send));
        assert_eq!(desk.news.deadline(), None);
    }

    #[test]
    fn whoever_does_not_take_it_is_told_no_more() {
        let mut desk = Desk::default();
        desk.act(|news, send| news.open(5, at(0), send));
        desk.act(|news, send| news.open(6, at(0), send));
        desk.act(|news, send| news.report(5, 200, at(1), send));
        assert!(desk.act(|news, send| news.answered(1, false, at(1), send)).is_empty());
        assert!(desk.act(|news, send| news.report(5, 200, at(1), send)).is_empty());
        desk.act(|news, send| news.answered(2, true, at(1), send));
        assert_eq!(desk.act(|news, send| news.report(6, 999, at(1), send)), ["6 699 terminated;reason=noresource"]);
    }

    #[test]
    fn it_ends_by_itself_and_is_forgotten_even_when_no_answer_is_ever_told() {
        let mut desk = Desk::default();
        desk.act(|news, send| news.open(5, at(0), send));
        assert_eq!(desk.news.deadline(), Some(at(300)));
        assert!(desk.act(|news, send| news.handle_timeout(at(300), send)).is_empty(), "the first is still out");
        assert_eq!(desk.news.deadline(), Some(at(332)));
        assert!(!desk.news.0.is_empty());
        desk.act(|news, send| news.handle_timeout(at(332), send));
        assert!(desk.news.0.is_empty());
    }

    #[test]
    fn a_referrer_may_renew_or_end_it_and_hears_how_things_are() {
        let mut desk = Desk::default();
        desk.act(|news, send| news.open(5, at(0), send));
        desk.act(|news, send| news.answered(1, true, at(0), send));
        for (id, expires, granted) in
            [(Some(5), Some(60), Some(60)), (None, None, Some(300)), (Some(5), Some(9_999), Some(300)), (Some(6), Some(60), None)]
        {
            assert_eq!(desk.news.renew(id, expires, at(1)), granted, "{id:?} {expires:?}");
        }
        assert_eq!(desk.act(|news, send| news.repeat(Some(5), at(1), send)), ["5 100 active;expires=300"]);
        desk.act(|news, send| news.answered(2, true, at(1), send));
        assert_eq!(desk.news.renew(Some(5), Some(0), at(2)), Some(0));
        assert_eq!(desk.act(|news, send| news.repeat(Some(5), at(2), send)), ["5 100 terminated;reason=timeout"]);
        assert_eq!(desk.news.renew(Some(5), Some(60), at(2)), None);
    }

    #[test]
    fn the_end_of_the_dialog_says_what_is_left_to_say() {
        let mut desk = Desk::default();
        for refer in 1..=u32::try_from(REFERRALS_PER_LEG_MAX).expect("few") {
            assert!(!desk.news.is_full());
            desk.act(|news, send| news.open(refer, at(0), send));
        }
        assert!(desk.news.is_full());
        desk.act(|news, send| news.report(2, 200, at(0), send));
        let news = std::mem::take(&mut desk.news);
        assert_eq!(desk.act(|_, send| news.close(at(1), send)), ["2 200 terminated;reason=noresource"]);
    }
}
