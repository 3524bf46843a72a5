//! One branch of a call out: its early dialogs, its CANCEL, and what becomes of answers that nobody waits for any more. It outlives its
//! leg: a 200 that crosses the CANCEL is acknowledged and released with BYE (RFC 3261 §9.1, §13.2.2.4).

use super::dialog::Dialog;
use super::msg::demand::Demand;
use super::msg::{Method, NameAddr, Request, Response, Uri};
use super::order::{Order, Room, User};
use super::prack::Heard;
use super::transaction::client_invite::cancel_of;
use super::transaction::{ClientKey, PATIENCE};
use super::{Flow, Reason, compose, history};
use crate::base::bytes;
use crate::base::limits::{FORKED_DIALOGS_MAX, MOVED_TO_MAX};
use crate::base::{Duration, Instant, LegId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Fork {
    behind_nat: bool,
    /// By To tag.
    /// Boxed: a map's node has room for eleven, and few calls have more than one.
    early: BTreeMap<String, Box<Early>>,
    heard_provisional: bool,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
struct Early {
    dialog: Dialog,
    heard: Heard,
    /// The answer, when it came reliably before the 2xx (RFC 3262 §5).
    #[serde(with = "bytes::option")]
    sdp: Option<Vec<u8>>,
}

#[derive(Debug, Serialize, Deserialize)]
enum State {
    Wanted,
    /// Not wanted any more, but nothing was heard yet: no CANCEL before a provisional response (§9.1).
    Unwanted {
        reason: Option<Reason>,
    },
    Cancelled {
        /// Told again to a phone that has answered meanwhile.
        #[serde(default)]
        reason: Option<Reason>,
        give_up_at: Instant,
    },
    /// A final response came; any 2xx after it is another phone's.
    Settled,
}

/// What became of the branch, for the call out.
#[derive(Debug)]
pub(super) enum Outcome {
    /// `tag`: the phone's; empty for one that has none.
    Rang {
        code: u16,
        sdp: Option<Vec<u8>>,
        tag: String,
    },
    Answered(Box<Answered>),
    /// `demand`: the challenge of a 401 or 407.
    Refused {
        code: u16,
        reason: String,
        min_se: Option<Duration>,
        demand: Option<Demand>,
        /// Of a 3xx.
        moved: Option<Moved>,
    },
    TimedOut,
    Unreachable,
}

/// Where else he is.
#[derive(Debug)]
pub(super) struct Moved {
    /// The best first.
    pub to: Vec<Uri>,
    /// Why, by RFC 5806's word, where the phone says so.
    pub why: Option<String>,
}

#[derive(Debug)]
pub(super) struct Answered {
    pub dialog: Dialog,
    pub response: Response,
    /// The peer's SDP: of the 2xx, or of a reliable 18x before it.
    pub sdp: Option<Vec<u8>>,
}

/// The client transaction that a fork lives on.
pub(super) struct Way<'a> {
    pub key: &'a ClientKey,
    pub leg: LegId,
    pub invite: &'a Request,
    pub flow: Flow,
}

/// RFC 3261 §8.1.3.4: in the order of their q.
fn moved_to(response: &Response) -> Moved {
    let mut contacts: Vec<NameAddr> = response.headers.list("Contact").filter_map(|value| value.parse().ok()).take(MOVED_TO_MAX).collect();
    let q = |contact: &NameAddr| contact.param("q").and_then(|q| q.parse::<f32>().ok()).filter(|q| q.is_finite()).unwrap_or(1.0);
    contacts.sort_by(|a, b| q(b).total_cmp(&q(a)));
    let why = history::read(&response.headers).pop().map(|last| last.reason);
    Moved { to: contacts.into_iter().map(|contact| contact.uri).collect(), why }
}

impl Fork {
    pub fn new(behind_nat: bool) -> Self {
        Self { behind_nat, early: BTreeMap::new(), heard_provisional: false, state: State::Wanted }
    }

    /// The branch is not wanted any more.
    pub fn cancel(&mut self, way: &Way, reason: Option<Reason>, room: &mut Room) {
        if !matches!(self.state, State::Wanted) {
            return;
        }
        self.state = State::Unwanted { reason };
        if self.heard_provisional {
            self.send_cancel(way, room);
        }
    }

    fn send_cancel(&mut self, way: &Way, room: &mut Room) {
        let State::Unwanted { reason } = &mut self.state else { return };
        let mut request = cancel_of(way.invite);
        let reason = reason.take();
        if let Some(reason) = &reason {
            request.headers.push("Reason", compose::reason(reason));
        }
        self.state = State::Cancelled { reason, give_up_at: room.now + PATIENCE };
        room.orders.push(Order::Request { request: Box::new(request), flow: way.flow, user: User::Aside(way.leg) });
    }

    /// Whether a dialog with a phone of this tag is there, before its answer.
    pub fn is_early_with(&self, is_tag: impl Fn(&str) -> bool) -> bool {
        matches!(self.state, State::Wanted) && self.early.keys().any(|tag| is_tag(tag))
    }

    pub fn response(&mut self, way: &Way, response: Response, room: &mut Room) -> Option<Outcome> {
        match response.code {
            ..200 => self.rang(way, &response, room),
            200..300 => self.answered(way, response, room),
            code => {
                self.state = State::Settled;
                let min_se = compose::seconds(&response.headers, "Min-SE").filter(|_| code == 422);
                let demand = Demand::of(&response);
                let moved = (300..400).contains(&code).then(|| moved_to(&response));
                Some(Outcome::Refused { code, reason: response.reason, min_se, demand, moved })
            }
        }
    }

    fn rang(&mut self, way: &Way, response: &Response, room: &mut Room) -> Option<Outcome> {
        self.heard_provisional = true;
        if matches!(self.state, State::Unwanted { .. }) {
            self.send_cancel(way, room);
        }
        if !matches!(self.state, State::Wanted) || response.code == 100 {
            return None;
        }
        let sdp = compose::sdp_of(&response.headers, &response.body).ok().flatten();
        if let Some(tag) = response.to_tag() {
            if !self.early.contains_key(tag) && self.early.len() == FORKED_DIALOGS_MAX {
                return None;
            }
            let early = self.early.entry(tag.to_owned()).or_insert_with(|| {
                Box::new(Early {
                    dialog: Dialog::of_inviting(way.invite, response, way.flow, self.behind_nat),
                    heard: Heard::default(),
                    sdp: None,
                })
            });
            if let Some(rack) = early.heard.rack(response).ok()? {
                let mut prack = early.dialog.request(Method::Prack);
                prack.headers.push("RAck", rack);
                let hop = early.dialog.next_hop(room.settings);
                room.request(prack, hop, User::Aside(way.leg));
                early.sdp = sdp.clone().or(early.sdp.take());
            }
        }
        Some(Outcome::Rang { code: response.code, sdp, tag: response.to_tag().unwrap_or_default().to_owned() })
    }

    fn answered(&mut self, way: &Way, response: Response, room: &mut Room) -> Option<Outcome> {
        let tag = response.to_tag().unwrap_or("").to_owned();
        let early = self.early.remove(&tag);
        let mut dialog = Dialog::of_inviting(way.invite, &response, way.flow, self.behind_nat);
        if let Some(early) = &early {
            // PRACKs have used numbers up.
            dialog.local_seq = early.dialog.local_seq;
        }
        let hop = dialog.next_hop(room.settings);
        let mut ack = dialog.ack(way.invite.cseq().0);
        // §22.1: with the INVITE's credentials.
        for name in ["Authorization", "Proxy-Authorization"] {
            way.invite.headers.all(name).for_each(|value| ack.headers.push(name, value));
        }
        room.acknowledge(way.key, &tag, ack, hop);
        if matches!(self.state, State::Wanted) {
            self.state = State::Settled;
            let sdp = compose::sdp_of(&response.headers, &response.body).ok().flatten().or(early.and_then(|early| early.sdp));
            return Some(Outcome::Answered(Box::new(Answered { dialog, response, sdp })));
        }
        let mut bye = dialog.request(Method::Bye);
        // RFC 3326 §2: why it is not wanted, as the CANCEL that it crossed says.
        let reason = match &self.state {
            State::Unwanted { reason: Some(reason) } | State::Cancelled { reason: Some(reason), .. } => reason.clone(),
            _ => Reason::completed_elsewhere(),
        };
        bye.headers.push("Reason", compose::reason(&reason));
        room.request(bye, hop, User::Aside(way.leg));
        let settled = std::mem::replace(&mut self.state, State::Settled);
        let too_late = || Outcome::Refused { code: 487, reason: "Answered Too Late".to_owned(), min_se: None, demand: None, moved: None };
        (!matches!(settled, State::Settled)).then(too_late)
    }

    /// When the final response to a cancelled branch is not waited for any longer (§9.1).
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Cancelled { give_up_at, .. } => Some(give_up_at),
            State::Wanted | State::Unwanted { .. } | State::Settled => None,
        }
    }

    pub fn gives_up(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|deadline| deadline <= now)
    }
}
