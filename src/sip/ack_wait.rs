//! A 2xx to an INVITE, repeated end to end until its ACK comes (RFC 3261 §13.3.1.4). Over TCP too: a proxy may lie between.

use super::Flow;
use super::transaction::{PATIENCE, T1, T2};
use crate::base::bytes;
use crate::base::{Duration, Instant};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct AckWait {
    /// Number of the INVITE that was answered.
    pub cseq: u32,
    flow: Flow,
    #[serde(with = "bytes")]
    wire: Vec<u8>,
    interval: Duration,
    resend_at: Instant,
    give_up_at: Instant,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Resend { flow: Flow, wire: Vec<u8> },
    GaveUp,
}

impl AckWait {
    /// The 2xx was sent now.
    pub fn new(cseq: u32, flow: Flow, wire: Vec<u8>, now: Instant) -> Self {
        Self { cseq, flow, wire, interval: T1, resend_at: now + T1, give_up_at: now + PATIENCE }
    }

    pub fn handle_timeout(&mut self, now: Instant) -> Option<Due> {
        if self.give_up_at <= now {
            return Some(Due::GaveUp);
        }
        if self.resend_at > now {
            return None;
        }
        self.interval = (self.interval * 2).min(T2);
        self.resend_at = now + self.interval;
        Some(Due::Resend { flow: self.flow, wire: self.wire.clone() })
    }

    pub fn deadline(&self) -> Instant {
        self.resend_at.min(self.give_up_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;
    use crate::sip::Protocol;

    #[test]
    fn a_2xx_is_repeated_up_to_t2_and_given_up_after_64_t1() {
        let at = "10.0.0.1:5060".parse().expect("an address");
        let mut wait = AckWait::new(1, Flow { protocol: Protocol::Tcp, local: at, peer: at }, vec![], Instant::START);
        let mut log = Vec::new();
        loop {
            let now = wait.deadline();
            match wait.handle_timeout(now) {
                Some(Due::Resend { .. }) => log.push(now.since_start().as_millis()),
                Some(Due::GaveUp) => break assert_eq!(now, Instant::START + secs(32)),
                None => panic!("woken for nothing"),
            }
        }
        assert_eq!(log, [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
    }
}
