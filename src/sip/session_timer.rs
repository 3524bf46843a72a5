//! Session timers (RFC 4028): a session whose refreshes stop is over, so that a lost BYE cannot keep an agent busy. Who refreshes is
//! settled here, and when; how is the session's business.

use super::msg::Headers;
use super::{Settings, compose};
use crate::base::time::secs;
use crate::base::{Duration, Instant};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Refresher {
    Us,
    Them,
}

/// What an INVITE or UPDATE and its 2xx settled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Terms {
    pub interval: Duration,
    pub refresher: Refresher,
}

/// No session interval is shorter (§4): a peer that answers less must not make us refresh all the time.
const LEAST: Duration = secs(90);

/// The asked interval is below our least: 422 with Min-SE (§9).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TooSmall {
    pub min: Duration,
}

impl Terms {
    /// What we answer to a request (§9). Where the peer leaves the choice, we refresh: that finds a dead peer soonest. So do we for a
    /// peer that knows no timers.
    pub fn for_request(headers: &Headers, settings: &Settings) -> Result<Self, TooSmall> {
        let knows = headers.has_token("Supported", "timer") || headers.has_token("Require", "timer");
        let least = settings.min_session_expires.max(compose::seconds(headers, "Min-SE").unwrap_or_default());
        let asked = compose::seconds(headers, "Session-Expires");
        if knows && asked.is_some_and(|asked| asked < settings.min_session_expires) {
            return Err(TooSmall { min: settings.min_session_expires });
        }
        let ours = settings.session_expires.max(least);
        let interval = asked.map_or(ours, |asked| asked.min(ours)).max(least);
        let refresher = if knows && refresher_of(headers) == Some("uac") { Refresher::Them } else { Refresher::Us };
        Ok(Self { interval, refresher })
    }

    /// What a 2xx to our request says (§7.2); a peer that says nothing knows no timers, and we refresh.
    pub fn of_answer(headers: &Headers, offered: Duration) -> Self {
        match compose::seconds(headers, "Session-Expires") {
            Some(interval) => {
                let refresher = if refresher_of(headers) == Some("uas") { Refresher::Them } else { Refresher::Us };
                Self { interval: interval.max(LEAST), refresher }
            }
            None => Self { interval: offered, refresher: Refresher::Us },
        }
    }

    /// Writes them into our 2xx to a request of the peer's.
    pub fn put_answer(self, knows: bool, headers: &mut Headers) {
        let who = match self.refresher {
            Refresher::Us => "uas",
            Refresher::Them => "uac",
        };
        headers.push("Session-Expires", format!("{};refresher={who}", self.interval.as_secs()));
        if knows && self.refresher == Refresher::Them {
            headers.push("Require", "timer");
        }
    }

    /// Writes them into a request of ours inside the session.
    pub fn put_request(self, min: Duration, headers: &mut Headers) {
        let who = match self.refresher {
            Refresher::Us => "uac",
            Refresher::Them => "uas",
        };
        headers.push("Session-Expires", format!("{};refresher={who}", self.interval.as_secs()));
        headers.push("Min-SE", min.as_secs().to_string());
    }
}

fn refresher_of(headers: &Headers) -> Option<&str> {
    let (_, params) = headers.get("Session-Expires")?.split_once(';')?;
    params.split(';').find_map(|param| {
        let (name, value) = param.split_once('=')?;
        name.trim().eq_ignore_ascii_case("refresher").then(|| value.trim())
    })
}

/// A session's timer, running.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SessionTimer {
    terms: Terms,
    state: State,
}

/// Least time between two tries to refresh.
const AGAIN_AFTER: Duration = secs(1);

#[derive(Debug, Serialize, Deserialize)]
enum State {
    /// We refresh at half of the interval (§7.2).
    Refreshing { refresh_at: Instant, expires_at: Instant },
    /// A refresh of ours is out, or the peer is to send one.
    Waiting { expires_at: Instant },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Due {
    Refresh,
    /// To be ended with a BYE (§10).
    Expired,
}

impl SessionTimer {
    pub fn new(terms: Terms, now: Instant) -> Self {
        // §10: BYE goes out a third of the interval, at most 32 s, before the end.
        let expires_at = now + (terms.interval - (terms.interval / 3).min(secs(32)));
        let state = match terms.refresher {
            Refresher::Us => State::Refreshing { refresh_at: now + terms.interval / 2, expires_at },
            Refresher::Them => State::Waiting { expires_at },
        };
        Self { terms, state }
    }

    pub fn terms(&self) -> Terms {
        self.terms
    }

    /// A refresh did not come about; the next try is before the end, and some time from now: halves of halves have no end.
    pub fn try_again(&mut self, now: Instant) {
        if let (Refresher::Us, State::Waiting { expires_at }) = (self.terms.refresher, &self.state) {
            let refresh_at = now + ((*expires_at - now) / 2).max(AGAIN_AFTER);
            if refresh_at < *expires_at {
                self.state = State::Refreshing { refresh_at, expires_at: *expires_at };
            }
        }
    }

    pub fn handle_timeout(&mut self, now: Instant) -> Option<Due> {
        match self.state {
            State::Refreshing { expires_at, .. } | State::Waiting { expires_at } if expires_at <= now => Some(Due::Expired),
            State::Refreshing { refresh_at, expires_at } if refresh_at <= now => {
                self.state = State::Waiting { expires_at };
                Some(Due::Refresh)
            }
            State::Refreshing { .. } | State::Waiting { .. } => None,
        }
    }

    pub fn deadline(&self) -> Instant {
        match self.state {
            State::Refreshing { refresh_at, expires_at } => refresh_at.min(expires_at),
            State::Waiting { expires_at } => expires_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings { session_expires: secs(1800), min_session_expires: secs(90), ..Settings::default() }
    }

    fn headers(fields: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in fields {
            headers.push(name, *value);
        }
        headers
    }

    #[test]
    fn a_refresh_that_never_comes_about_is_tried_at_ever_shorter_intervals_that_have_an_end() {
        let mut timer = SessionTimer::new(Terms { interval: secs(90), refresher: Refresher::Us }, Instant::START);
        let mut tries = Vec::new();
        let expired = loop {
            let now = timer.deadline();
            match timer.handle_timeout(now) {
                Some(Due::Refresh) => tries.push(now),
                Some(Due::Expired) => break now,
                None => panic!("woken for nothing"),
            }
            assert!(timer.deadline() > now);
            timer.try_again(now);
            assert!(timer.deadline() > now, "no deadline is left behind");
        };
        assert_eq!((tries[0], expired), (Instant::START + secs(45), Instant::START + secs(60)));
        assert!(tries.len() > 2 && tries.windows(2).all(|two| two[1] - two[0] >= AGAIN_AFTER), "{tries:?}");
    }

    #[test]
    fn somebody_always_refreshes() {
        use Refresher::{Them, Us};
        let timer = ("Supported", "timer");
        for (fields, interval, refresher) in [
            (vec![], 1800, Us),
            (vec![("Session-Expires", "600")], 600, Us),
            (vec![timer, ("Session-Expires", "600")], 600, Us),
            (vec![timer, ("Session-Expires", "600;refresher=uac")], 600, Them),
            (vec![timer, ("Session-Expires", "600 ; refresher=uas")], 600, Us),
            (vec![timer, ("Session-Expires", "7200;refresher=uac")], 1800, Them),
            (vec![timer, ("Session-Expires", "7200"), ("Min-SE", "3600")], 3600, Us),
            (vec![("Session-Expires", "30")], 90, Us),
        ] {
            assert_eq!(Terms::for_request(&headers(&fields), &settings()), Ok(Terms { interval: secs(interval), refresher }), "{fields:?}");
        }
        assert_eq!(Terms::for_request(&headers(&[timer, ("Session-Expires", "30")]), &settings()), Err(TooSmall { min: secs(90) }));
        assert_eq!(Terms::of_answer(&headers(&[]), secs(1800)), Terms { interval: secs(1800), refresher: Us });
        assert_eq!(Terms::of_answer(&headers(&[("Session-Expires", "1;refresher=uac")]), secs(1800)).interval, secs(90));
        let theirs = headers(&[("Session-Expires", "600;refresher=uas")]);
        assert_eq!(Terms::of_answer(&theirs, secs(1800)), Terms { interval: secs(600), refresher: Them });
    }

    #[test]
    fn we_refresh_at_half_and_the_end_comes_32_s_early() {
        let mut timer = SessionTimer::new(Terms { interval: secs(600), refresher: Refresher::Us }, Instant::START);
        let at = |n| Instant::START + secs(n);
        assert_eq!(timer.deadline(), at(300));
        assert_eq!(timer.handle_timeout(at(299)), None);
        assert_eq!(timer.handle_timeout(at(300)), Some(Due::Refresh));
        assert_eq!((timer.handle_timeout(at(301)), timer.deadline()), (None, at(568)));
        timer.try_again(at(332));
        assert_eq!((timer.handle_timeout(at(450)), timer.handle_timeout(at(568))), (Some(Due::Refresh), Some(Due::Expired)));
    }

    #[test]
    fn a_peer_that_stops_refreshing_is_gone() {
        let mut timer = SessionTimer::new(Terms { interval: secs(90), refresher: Refresher::Them }, Instant::START);
        assert_eq!(timer.deadline(), Instant::START + secs(60));
        assert_eq!(timer.handle_timeout(Instant::START + secs(60)), Some(Due::Expired));
    }
}
