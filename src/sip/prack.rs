//! Reliable provisional responses, our side (RFC 3262 §3): one at a time, repeated until its PRACK.

use super::msg::{Message, Request, Response};
use super::transaction::{PATIENCE, T1};
use crate::base::bytes;
use crate::base::{Duration, Instant};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// When a call in gets its 18x reliably.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Policy {
    /// The peer does not know 100rel.
    Never,
    /// It does: what carries an SDP is sent reliably.
    WithSdp,
    /// It insists (Require: 100rel).
    Always,
}

impl Policy {
    pub fn of(invite: &Request) -> Self {
        if invite.headers.has_token("Require", "100rel") {
            Self::Always
        } else if invite.headers.has_token("Supported", "100rel") {
            Self::WithSdp
        } else {
            Self::Never
        }
    }

    pub fn asks(self, with_sdp: bool) -> bool {
        match self {
            Self::Never => false,
            Self::WithSdp => with_sdp,
            Self::Always => true,
        }
    }
}

/// The reliable provisional responses of one INVITE.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Reliable {
    next_rseq: u32,
    waiting: Option<Waiting>,
    /// Made while another waited for its PRACK; at most [`QUEUED_MAX`], then the oldest is dropped.
    queued: VecDeque<Response>,
}

const QUEUED_MAX: usize = 4;

#[derive(Debug, Serialize, Deserialize)]
struct Waiting {
    rseq: u32,
    #[serde(with = "bytes")]
    wire: Vec<u8>,
    has_sdp: bool,
    interval: Duration,
    resend_at: Instant,
    give_up_at: Instant,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    Resend(Vec<u8>),
    /// No PRACK in 64 × T1: the INVITE is to be refused with a 5xx (§3).
    GaveUp,
}

impl Reliable {
    /// RSeq starts at `first` (1 to 2³¹ − 1, §3).
    pub fn new(first: u32) -> Self {
        Self { next_rseq: first.max(1), waiting: None, queued: VecDeque::new() }
    }

    /// Takes an 18x; gives it back, with RSeq, when it is to be sent now.
    pub fn send(&mut self, response: Response, now: Instant) -> Option<Response> {
        if self.waiting.is_some() {
            if self.queued.len() == QUEUED_MAX {
                self.queued.pop_front();
            }
            self.queued.push_back(response);
            return None;
        }
        let mut response = response;
        response.headers.push("Require", "100rel");
        response.headers.push("RSeq", self.next_rseq.to_string());
        let wire = Message::Response(response.clone()).to_bytes();
        let has_sdp = !response.body.is_empty();
        self.waiting = Some(Waiting { rseq: self.next_rseq, wire, has_sdp, interval: T1, resend_at: now + T1, give_up_at: now + PATIENCE });
        self.next_rseq += 1;
        Some(response)
    }

    /// A PRACK came for `rseq` of INVITE `cseq`: `Err` when it matches nothing that waits (481), else the next 18x to send, if any.
    pub fn acknowledge(&mut self, rack: &str, cseq: u32, now: Instant) -> Result<Option<Response>, NoSuchResponse> {
        match &self.waiting {
            Some(waiting) if named(rack) == Some((waiting.rseq, cseq)) => {
                self.waiting = None;
                Ok(self.queued.pop_front().and_then(|next| self.send(next, now)))
            }
            Some(_) | None => Err(NoSuchResponse),
        }
    }

    /// RSeq of the response that waits for its PRACK.
    pub fn outstanding(&self) -> Option<u32> {
        self.waiting.as_ref().map(|waiting| waiting.rseq)
    }

    /// Whether an SDP of ours is not acknowledged: a 2xx must wait (§3).
    pub fn holds_back_answer(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| waiting.has_sdp)
    }

    /// A final response was made: nothing is repeated any more.
    pub fn stop(&mut self) {
        self.waiting = None;
        self.queued.clear();
    }

    pub fn handle_timeout(&mut self, now: Instant) -> Option<Due> {
        let waiting = self.waiting.as_mut()?;
        if waiting.give_up_at <= now {
            return Some(Due::GaveUp);
        }
        if waiting.resend_at > now {
            return None;
        }
        // §3: the interval doubles, without T2's cap.
        waiting.interval *= 2;
        waiting.resend_at = now + waiting.interval;
        Some(Due::Resend(waiting.wire.clone()))
    }

    pub fn deadline(&self) -> Option<Instant> {
        self.waiting.as_ref().map(|waiting| waiting.resend_at.min(waiting.give_up_at))
    }
}

/// What an RAck names (§7.2): RSeq and CSeq of a response to an INVITE, for nothing else is made reliable here.
pub(super) fn named(rack: &str) -> Option<(u32, u32)> {
    let mut parts = rack.split_whitespace();
    let (rseq, cseq, method) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
    (method == "INVITE").then_some((rseq, cseq))
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoSuchResponse;

/// The peer's reliable provisional responses of one early dialog, as we hear them (§4).
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Heard {
    last_rseq: Option<u32>,
}

impl Heard {
    /// RAck for a response that is reliable and next in order; `None` for one that is unreliable.
    ///
    /// # Errors
    /// A repeat, or one after a gap: to be dropped (§4).
    pub fn rack(&mut self, response: &Response) -> Result<Option<String>, OutOfOrder> {
        let Some(rseq) = response.headers.number("RSeq").ok().flatten().filter(|_| response.headers.has_token("Require", "100rel")) else {
            return Ok(None);
        };
        if self.last_rseq.is_some_and(|last| last.checked_add(1) != Some(rseq)) {
            return Err(OutOfOrder);
        }
        self.last_rseq = Some(rseq);
        Ok(Some(format!("{rseq} {} INVITE", response.cseq().0)))
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct OutOfOrder;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;
    use crate::sip::msg::Headers;

    fn ringing(body: &[u8]) -> Response {
        Response { code: 183, reason: "Session Progress".into(), headers: Headers::default(), body: body.to_vec() }
    }

    #[test]
    fn one_waits_for_its_prack_and_the_next_follows_it() {
        let now = Instant::START;
        let mut reliable = Reliable::new(7);
        assert_eq!(reliable.send(ringing(b"v=0"), now).expect("sent").headers.get("RSeq"), Some("7"));
        assert!(reliable.holds_back_answer());
        assert_eq!(reliable.send(ringing(b""), now), None);
        for wrong in ["6 1 INVITE", "7 2 INVITE", "7 1 UPDATE", "seven", ""] {
            assert_eq!(reliable.acknowledge(wrong, 1, now), Err(NoSuchResponse), "{wrong}");
        }
        let next = reliable.acknowledge("7 1 INVITE", 1, now).expect("right").expect("the queued one");
        assert_eq!(next.headers.get("RSeq"), Some("8"));
        assert!(!reliable.holds_back_answer());
        assert_eq!(reliable.acknowledge("7 1 INVITE", 1, now), Err(NoSuchResponse), "once");
        assert_eq!(reliable.acknowledge("8 1 INVITE", 1, now), Ok(None));
        assert_eq!(reliable.deadline(), None);
    }

    #[test]
    fn it_is_repeated_at_doubling_intervals_for_64_t1() {
        let mut reliable = Reliable::new(1);
        reliable.send(ringing(b""), Instant::START);
        let mut log = Vec::new();
        loop {
            let now = reliable.deadline().expect("waiting");
            match reliable.handle_timeout(now) {
                Some(Due::Resend(_)) => log.push(now.since_start().as_millis()),
                Some(Due::GaveUp) => break assert_eq!(now, Instant::START + secs(32)),
                None => panic!("woken for nothing"),
            }
        }
        assert_eq!(log, [500, 1500, 3500, 7500, 15500, 31500]);
    }
}
