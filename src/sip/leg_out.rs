//! A call out until it is answered: to all contacts of an agent, best q first, or to a trunk. First 2xx wins (RFC 3261 §16.7).

use super::carrier::Shown;
use super::fork::{Answered, Fork, Moved, Outcome};
use super::msg::demand::Demand;
use super::msg::{Headers, Method, NameAddr, Request, Scheme, Uri};
use super::order::{Order, Room, User};
use super::recording::{self, Recording, Role};
use super::replaces::tag_for_colleagues;
use super::session::Session;
use super::transaction::ClientKey;
use super::watch::{Line, LineState};
use super::{Cause, Event, Failure, Flow, InviteMarks, Metadata, Reason, compose, history};
use crate::base::bytes;
use crate::base::limits::{INVITE_OUT_MAX, MOVED_TO_MAX};
use crate::base::{AgentId, AutoAnswer, Duration, Instant, LegId, TrunkId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

/// RFC 3261 §8.1.1.6.
const HOPS_MAX: u32 = 70;

fn hops_max() -> u32 {
    HOPS_MAX
}

/// How far a call out may go: one hop less than the call that it is for might (RFC 7332), so that a loop of several switches ends.
pub(super) fn hops_after(caller: Option<u32>) -> u32 {
    caller.map_or(HOPS_MAX, |hops| hops.min(HOPS_MAX).saturating_sub(1))
}

/// One place to call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Target {
    pub uri: Uri,
    /// Whom the To header names.
    pub to: Uri,
    pub flow: Flow,
    pub behind_nat: bool,
    /// Session-Expires, when the first one was too small for the callee (422).
    pub session_expires: Option<Duration>,
    /// Name and value of the header that answers the challenge of the first INVITE.
    #[serde(default)]
    pub proof: Option<(String, String)>,
    /// It has refused our offer, and gets it in other words.
    #[serde(default)]
    pub otherwise: bool,
    /// Proxies on the way, the nearest first.
    #[serde(default)]
    pub route: Vec<NameAddr>,
    /// Which flow of its phone it is (RFC 5626).
    #[serde(default)]
    pub reg_id: Option<u32>,
    /// The other flows of the same phone, the newest first: tried when this one turns out to be broken.
    #[serde(default)]
    pub other_flows: Vec<Target>,
}

impl Target {
    pub fn new(uri: Uri, to: Uri, flow: Flow) -> Self {
        let (behind_nat, session_expires, proof) = (false, None, None);
        Self {
            uri,
            to,
            flow,
            behind_nat,
            session_expires,
            proof,
            otherwise: false,
            route: Vec::new(),
            reg_id: None,
            other_flows: Vec::new(),
        }
    }
}

/// Whom a call out is for, and who calls.
pub(super) struct Calling {
    /// Whose phones are called.
    pub account: Option<AgentId>,
    /// The carrier that is.
    pub trunk: Option<TrunkId>,
    /// Called one after the other, all of a group at once.
    pub groups: VecDeque<Vec<Target>>,
    pub shown: Shown,
    pub sdp: Vec<u8>,
    pub otherwise: Option<Vec<u8>>,
    pub marks: InviteMarks,
    /// How far it may go.
    pub hops: u32,
    /// It is a recording session.
    pub metadata: Option<Metadata>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct LegOut {
    pub leg: LegId,
    pub call_id: String,
    pub local_tag: String,
    /// Whose phones are called; nobody's where it is a carrier.
    #[serde(default)]
    pub account: Option<AgentId>,
    /// By whose account a challenge is answered.
    #[serde(default)]
    trunk: Option<TrunkId>,
    from: NameAddr,
    #[serde(default)]
    asserted: Option<NameAddr>,
    #[serde(default)]
    is_private: bool,
    #[serde(default)]
    marks: InviteMarks,
    #[serde(default = "hops_max")]
    hops: u32,
    cseq: u32,
    #[serde(with = "bytes")]
    sdp: Vec<u8>,
    /// Our offer in other words.
    #[serde(with = "bytes::option", default)]
    otherwise: Option<Vec<u8>>,
    /// It is a recording session, and this goes with the offer.
    #[serde(with = "bytes::option", default)]
    metadata: Option<Vec<u8>>,
    /// Groups that are called when all before them failed.
    later: VecDeque<Vec<Target>>,
    forks: BTreeMap<ClientKey, Target>,
    best: Option<Loss>,
    /// Tag of the first phone that rang.
    #[serde(default)]
    rang: Option<String>,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
enum State {
    Calling {
        limit_at: Instant,
    },
    /// We gave up; the forks are cancelled, and the leg is done when they are.
    Cancelling,
    Over,
}

/// What a failed branch leaves for the answer to all (§16.7).
#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Loss {
    Unreachable,
    TimedOut,
    Status { code: u16, reason: String },
    Moved { code: u16, to: Vec<String>, why: Option<String> },
}

impl Loss {
    /// Lower is better (§16.7 step 6): 6xx, then the lowest class, in 4xx those first that tell the caller how to mend his request.
    fn rank(&self) -> (u16, u16) {
        match self {
            Self::Status { code: 600.., .. } => (0, 0),
            Self::Moved { .. } => (3, 0),
            Self::Status { code, .. } => (code / 100, u16::from(![401, 407, 415, 420, 484].contains(code))),
            Self::TimedOut => (7, 0),
            Self::Unreachable => (8, 0),
        }
    }
}

/// What the call out became.
pub(super) enum Next {
    Same,
    Answered(Box<Session>),
}

impl LegOut {
    /// Calls the first group.
    pub fn begin(leg: LegId, calling: Calling, room: &mut Room) -> Self {
        let Calling { account, trunk, mut groups, shown, sdp, otherwise, marks, hops, metadata } = calling;
        let Shown { mut from, asserted, is_private } = shown;
        let local_tag = room.tag();
        from.set_param("tag", Some(&local_tag));
        let first = groups.pop_front().unwrap_or_default();
        let mut this = Self {
            leg,
            call_id: room.rng.hex(16),
            local_tag,
            account,
            trunk,
            from,
            asserted,
            is_private,
            marks,
            hops,
            cseq: 1,
            sdp,
            otherwise,
            metadata: metadata.map(|Metadata(metadata)| metadata),
            later: groups,
            forks: BTreeMap::new(),
            best: None,
            rang: None,
            state: State::Calling { limit_at: room.now + INVITE_OUT_MAX },
        };
        if first.is_empty() {
            this.fail(Failure::Unreachable, room);
        }
        for target in first {
            this.call(target, room);
        }
        this
    }

    fn call(&mut self, target: Target, room: &mut Room) {
        let request = self.invite(&target, room);
        let fork = Box::new(Fork::new(target.behind_nat));
        let key = room.request(request, target.flow, User::Fork(self.leg, fork));
        self.forks.insert(key, target);
    }

    fn invite(&self, target: &Target, room: &Room) -> Request {
        let mut request = Request::new(Method::Invite, target.uri.clone());
        let interval = target.session_expires.unwrap_or(room.settings.session_expires);
        let min = room.settings.min_session_expires.max(target.session_expires.unwrap_or_default());
        let headers = &mut request.headers;
        for hop in &target.route {
            headers.push("Route", hop.to_string());
        }
        headers.push("Max-Forwards", self.hops.to_string());
        headers.push("From", self.from.to_string());
        headers.push("To", NameAddr::new(None, target.to.clone()).to_string());
        headers.push("Call-ID", self.call_id.as_str());
        headers.push("CSeq", format!("{} INVITE", self.cseq));
        headers.push("Contact", compose::contact_to(&target.uri, target.flow));
        headers.push("Allow", compose::ALLOW);
        headers.push("Supported", compose::SUPPORTED);
        headers.push("Session-Expires", interval.as_secs().to_string());
        headers.push("Min-SE", min.as_secs().to_string());
        if let Some(asserted) = &self.asserted {
            headers.push("P-Asserted-Identity", asserted.to_string());
        }
        if self.is_private {
            headers.push("Privacy", "id");
        }
        if let Some((name, value)) = &target.proof {
            headers.push(name, value.as_str());
        }
        history::write(headers, &self.marks.diverted, &target.to, room.settings);
        if let Some(auto_answer) = self.marks.auto_answer {
            put_auto_answer(headers, auto_answer, &room.settings.domain);
        }
        if self.metadata.is_some() {
            headers.push("Require", recording::OPTION);
            recording::put_feature(Some(&Recording::of(Role::Client)), headers);
        }
        recording::put_bodies(self.offer_to(target), self.metadata.as_deref(), &mut request.headers, &mut request.body);
        request
    }

    fn offer_to(&self, target: &Target) -> &[u8] {
        self.otherwise.as_ref().filter(|_| target.otherwise).unwrap_or(&self.sdp)
    }

    /// One of the forks has something to say.
    pub fn forked(&mut self, key: &ClientKey, outcome: Outcome, room: &mut Room) -> Next {
        match outcome {
            Outcome::Rang { code, sdp, tag } => {
                if matches!(self.state, State::Calling { .. }) {
                    self.rang.get_or_insert(tag);
                    room.event(Event::Ringing { leg: self.leg, code, sdp });
                }
            }
            Outcome::Answered(answered) => return self.answered(key, *answered, room),
            Outcome::Refused { code, moved: Some(Moved { to, why }), .. } if self.account.is_some() && !to.is_empty() => {
                let to = numbers(&to, room);
                self.lost(key, Loss::Moved { code, to, why }, room);
            }
            Outcome::Refused { code, reason, min_se, demand, .. } => {
                if !demand.is_some_and(|demand| self.proves(key, demand, room)) {
                    self.refused(key, code, reason, min_se, room);
                }
            }
            Outcome::TimedOut => self.lost(key, Loss::TimedOut, room),
            Outcome::Unreachable => self.lost(key, Loss::Unreachable, room),
        }
        Next::Same
    }

    fn answered(&mut self, key: &ClientKey, answered: Answered, room: &mut Room) -> Next {
        let Some(target) = self.forks.remove(key) else { return Next::Same };
        self.cancel_forks(&Reason::completed_elsewhere(), room);
        self.forks.clear();
        let by = compose::contact_of(&answered.response.headers).map(|uri| uri.to_string());
        room.event(Event::Answered { leg: self.leg, sdp: answered.sdp.clone(), flow: target.flow, by });
        let interval = target.session_expires.unwrap_or(room.settings.session_expires);
        let offer = self.offer_to(&target).to_vec();
        let mut session = Box::new(Session::of_answer(self.leg, self.account.take(), answered, offer, interval, room));
        session.trunk = self.trunk.take();
        session.recording = self.metadata.as_ref().map(|_| Recording::of(Role::Client));
        Next::Answered(session)
    }

    /// Answers a challenge, once (RFC 3261 §22.2), with the next number of the same call. False where that cannot be.
    fn proves(&mut self, key: &ClientKey, mut demand: Demand, room: &mut Room) -> bool {
        let trunk = self.trunk.as_ref().and_then(|id| room.settings.trunks.iter().find(|trunk| trunk.id == *id));
        let (Some(account), State::Calling { .. }) = (trunk.and_then(|trunk| trunk.account.as_ref()), &self.state) else { return false };
        let Some(target) = self.forks.get(key).filter(|target| target.proof.is_none()) else { return false };
        let uri = target.uri.clone().into_request_uri().to_string();
        let (name, value) = demand.answer(&account.user, account.password.reveal(), "INVITE", &uri, &room.rng.hex(8));
        let target = Target { proof: Some((name.to_owned(), value)), ..target.clone() };
        self.forks.remove(key);
        self.cseq += 1;
        self.call(target, room);
        true
    }

    fn refused(&mut self, key: &ClientKey, code: u16, reason: String, min_se: Option<Duration>, room: &mut Room) {
        let calling = matches!(self.state, State::Calling { .. });
        // RFC 4028 §7.4: a 422 names the least interval; one more try with it.
        if let (Some(min), true) = (min_se, calling)
            && let Some(target) = self.forks.get(key).filter(|target| target.session_expires.is_none())
        {
            // A nonce's answer counts once; the next may be asked for anew.
            let session_expires = Some(min.max(room.settings.session_expires));
            let target = Target { session_expires, proof: None, ..target.clone() };
            self.forks.remove(key);
            self.cseq += 1;
            return self.call(target, room);
        }
        // RFC 3261 §21.4.26 and §21.6.4: what we offer is not what it takes; in other words it may be.
        if matches!(code, 488 | 606)
            && calling
            && self.otherwise.is_some()
            && let Some(target) = self.forks.get(key).filter(|target| !target.otherwise)
        {
            let target = Target { otherwise: true, proof: None, ..target.clone() };
            self.forks.remove(key);
            self.cseq += 1;
            return self.call(target, room);
        }
        let decline = code >= 600;
        self.lost(key, Loss::Status { code, reason: reason.clone() }, room);
        // §16.7 step 5: a 6xx speaks for all branches.
        if decline && matches!(self.state, State::Calling { .. }) {
            self.cancel_forks(&Reason { cause: code, text: reason.clone() }, room);
            self.fail(Failure::Status { code, reason }, room);
        }
    }

    /// RFC 5626 §7: of a phone that keeps several flows the next is tried when one is broken; one that a proxy says to be broken (430) is
    /// no way to it any more.
    fn flow_failed(&mut self, mut target: Target, is_told: bool, room: &mut Room) -> bool {
        if let (Some(agent), Some(reg_id), true) = (&self.account, target.reg_id, is_told) {
            room.orders.push(Order::FlowFailed { agent: agent.clone(), contact: target.uri.clone(), reg_id });
        }
        if !matches!(self.state, State::Calling { .. }) || target.other_flows.is_empty() {
            return false;
        }
        let next = target.other_flows.remove(0);
        // RFC 3261 §8.2.2.2: else a phone that it has reached already takes it for the same one.
        self.cseq += 1;
        self.call(Target { other_flows: target.other_flows, ..next }, room);
        true
    }

    /// A branch is done, without an answer.
    fn lost(&mut self, key: &ClientKey, loss: Loss, room: &mut Room) {
        let Some(target) = self.forks.remove(key) else { return };
        let is_told = matches!(loss, Loss::Status { code: 430, .. });
        if (is_told || matches!(loss, Loss::Unreachable | Loss::TimedOut)) && self.flow_failed(target, is_told, room) {
            return;
        }
        let decline = loss.rank() == (0, 0);
        if self.best.as_ref().is_none_or(|best| loss.rank() < best.rank()) {
            self.best = Some(loss);
        }
        if !self.forks.is_empty() || (decline && !self.later.is_empty()) {
            return;
        }
        match self.state {
            State::Calling { .. } => match self.later.pop_front() {
                Some(group) => {
                    // As in `flow_failed`.
                    self.cseq += 1;
                    group.into_iter().for_each(|target| self.call(target, room));
                }
                None => {
                    let failure = match self.best.take() {
                        Some(Loss::Status { code, reason }) => Failure::Status { code, reason },
                        Some(Loss::Moved { code, to, why }) => Failure::Moved { code, to, rang: self.rang.is_some(), why },
                        Some(Loss::TimedOut) => Failure::Timeout,
                        Some(Loss::Unreachable) | None => Failure::Unreachable,
                    };
                    self.fail(failure, room);
                }
            },
            State::Cancelling => {
                self.state = State::Over;
                room.event(Event::Released { leg: self.leg, cause: Cause::Ours });
            }
            State::Over => {}
        }
    }

    fn fail(&mut self, failure: Failure, room: &mut Room) {
        self.state = State::Over;
        room.event(Event::Failed { leg: self.leg, failure });
    }

    fn cancel_forks(&mut self, reason: &Reason, room: &mut Room) {
        for key in self.forks.keys() {
            room.orders.push(Order::Cancel { invite: key.clone(), reason: Some(reason.clone()) });
        }
    }

    /// The dialog as colleagues see it, while somebody is called.
    pub fn line(&self) -> Option<Line> {
        let state = if self.rang.is_some() { LineState::Early } else { LineState::Trying };
        matches!(self.state, State::Calling { .. }).then(|| Line {
            id: self.leg.0,
            call_id: self.call_id.clone(),
            local_tag: tag_for_colleagues(self.leg, &self.local_tag),
            remote_tag: self.rang.clone().filter(|tag| !tag.is_empty()),
            is_initiator: false,
            state,
            remote: self.from.to_string(),
        })
    }

    /// The branches that are called now.
    pub fn forks(&self) -> impl Iterator<Item = &ClientKey> {
        self.forks.keys()
    }

    /// Whether one of the places that are called is at this address.
    pub fn calls(&self, ip: IpAddr) -> bool {
        self.forks.values().any(|target| target.flow.peer.ip() == ip)
    }

    /// `Command::Release`.
    pub fn release(&mut self, reason: Option<&Reason>, room: &mut Room) {
        if matches!(self.state, State::Calling { .. }) {
            self.state = State::Cancelling;
            self.later.clear();
            let withdrawn = || Reason { cause: 487, text: "the caller left".to_owned() };
            self.cancel_forks(&reason.cloned().unwrap_or_else(withdrawn), room);
        }
    }

    /// Nobody answered for minutes: the forks are cancelled and left to themselves.
    pub fn handle_timeout(&mut self, room: &mut Room) {
        if self.deadline().is_some_and(|deadline| deadline <= room.now) {
            self.cancel_forks(&Reason { cause: 408, text: "No answer".to_owned() }, room);
            self.fail(Failure::Status { code: 408, reason: "Request Timeout".to_owned() }, room);
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Calling { limit_at } => Some(limit_at),
            State::Cancelling | State::Over => None,
        }
    }

    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }
}

/// Where a phone says that its agent is, as far as that is a number of ours.
fn numbers(moved: &[Uri], room: &Room) -> Vec<String> {
    let ours = moved.iter().filter(|uri| uri.scheme == Scheme::Tel || room.settings.means_us(&uri.host));
    ours.filter_map(Uri::user_unescaped).filter(|user| !user.is_empty()).take(MOVED_TO_MAX).collect()
}

/// What asks a phone to answer by itself: RFC 5373, and the two older spellings.
fn put_auto_answer(headers: &mut Headers, auto_answer: AutoAnswer, domain: &str) {
    if auto_answer.includes(AutoAnswer::AnswerMode) {
        headers.push("Answer-Mode", "Auto");
    }
    if auto_answer.includes(AutoAnswer::CallInfo) {
        headers.push("Call-Info", format!("<sip:{domain}>;answer-after=0"));
    }
    if auto_answer.includes(AutoAnswer::AlertInfo) {
        headers.push("Alert-Info", format!("<http://{domain}>;info=alert-autoanswer;delay=0"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_failure_speaks_for_all_branches() {
        let status = |code| Loss::Status { code, reason: String::new() };
        let mut all = [status(503), Loss::Unreachable, status(480), status(407), status(302), status(603), Loss::TimedOut];
        all.sort_by_key(Loss::rank);
        assert_eq!(all, [status(603), status(302), status(407), status(480), status(503), Loss::TimedOut, Loss::Unreachable]);
    }
}
