//! The endpoint's way to its guard: what strangers ask for is weighed before anything is kept of it, and what can be answered without
//! remembering is (RFC 3261 §8.2.7), so that a flood of requests without proof leaves nothing behind.

use super::super::auth::Verdict;
use super::super::guard::{Blocked, Change, Kind, Refusal, Standing};
use super::super::msg::{Message, Method, Request, Response};
use super::super::order::Asked;
use super::super::transaction::ServerKey;
use super::super::{Event, Flow, Output, Protocol, Trunk, compose, refuse};
use super::{Endpoint, Leg, Timer, is_among};
use crate::base::{AgentId, Instant, LegId, TrunkId};
use std::net::{IpAddr, SocketAddr};

impl Endpoint {
    /// Whether a request that continues nothing is looked at.
    pub(super) fn admits(&mut self, asked: &Asked, now: Instant, out: &mut Vec<Output>) -> bool {
        let request = &asked.request;
        let (kind, needs_proof) = match request.method {
            Method::Invite => (Kind::Call, self.claims_account(request)),
            Method::Register | Method::Subscribe | Method::Message => (Kind::Request, true),
            _ => (Kind::Request, request.to_tag().is_some()),
        };
        // A carrier that is known by its certificate is meant to be loud, wherever it is.
        if asked.flow.protocol == Protocol::Tls && self.trunk_of(asked.flow).is_some() {
            return true;
        }
        match self.guard.admit(asked.flow.peer, kind, needs_proof, &self.settings, now) {
            Ok(()) => return true,
            Err(Refusal::Blocked) => self.counters.dropped_of_blocked += 1,
            Err(Refusal::Flood) if kind == Kind::Call => self.counters.dropped_call_floods += 1,
            Err(Refusal::Flood) => self.counters.dropped_request_floods += 1,
        }
        if asked.flow.protocol.is_stream() {
            out.push(Output::Close { flow: asked.flow });
            self.closed(asked.flow, now, out);
        }
        false
    }

    /// Whether what is no SIP gets an answer, or is at least counted as such.
    pub(super) fn admits_rubbish(&mut self, flow: Flow, now: Instant) -> bool {
        let admitted = self.guard.admit(flow.peer, Kind::Rubbish, false, &self.settings, now);
        match admitted {
            Ok(()) => {}
            Err(Refusal::Blocked) => self.counters.dropped_of_blocked += 1,
            Err(Refusal::Flood) => self.counters.dropped_rubbish_floods += 1,
        }
        admitted.is_ok()
    }

    /// The answer to a request that continues nothing and needs no remembering: a challenge to one that brings no proof, a refusal, OPTIONS.
    pub(super) fn answer_without_state(&mut self, asked: &Asked, now: Instant) -> Option<Response> {
        let request = &asked.request;
        let to = request.to();
        let proves = request.headers.get("Authorization").is_some();
        let response = if request.method == Method::Cancel {
            request.response(481, None, None)
        } else if to.tag().is_some() {
            match self.leg_of(request).is_some() || self.watch_of(request).is_some() {
                false => request.response(481, None, None),
                true if proves => return None,
                // Known by its tags, but not by its address: a phone that moved can prove itself (§22.1).
                true => self.challenge(asked, &request.from().uri.user_unescaped().unwrap_or_default(), false, now),
            }
        } else if let Some(refusal) = refuse::refusal(request, asked.flow.protocol, &self.cookie, self.source_of(asked.flow).is_some()) {
            refusal
        } else {
            match request.method {
                Method::Options => {
                    let mut response = request.response(200, None, None);
                    response.headers.push("Allow", compose::ALLOW);
                    response.headers.push("Accept", compose::ACCEPT);
                    response.headers.push("Supported", compose::SUPPORTED);
                    response.headers.push("Allow-Events", compose::ALLOW_EVENTS);
                    response
                }
                Method::Register if !self.is_ours(&request.uri.host) || !self.is_ours(&to.uri.host) => request.response(404, None, None),
                Method::Subscribe | Method::Message if !self.is_ours(&request.uri.host) => request.response(404, None, None),
                Method::Invite | Method::Register | Method::Subscribe | Method::Message if proves => return None,
                Method::Invite if self.is_trunks(asked.flow) && !self.claims_account(request) => return None,
                Method::Invite | Method::Subscribe | Method::Message => {
                    let user = request.from().uri.user_unescaped().unwrap_or_default();
                    self.challenge(asked, &user, false, now)
                }
                Method::Register => self.challenge(asked, &to.uri.user_unescaped().unwrap_or_default(), false, now),
                // BYE, INFO, UPDATE, PRACK belong to a dialog.
                _ => request.response(481, None, None),
            }
        };
        self.counters.requests_refused += u64::from(response.code >= 300);
        Some(self.tagged(response, request))
    }

    /// An answer that is not remembered, with the To tag that the request gets each time.
    pub(super) fn tagged(&self, mut response: Response, request: &Request) -> Response {
        response.tag_to(&self.auth.tag_of(request));
        response
    }

    /// Whether a request belongs to something that is there, and comes from who may ask it. A CANCEL, which cannot be challenged, comes
    /// from where its INVITE came from (§22.1).
    pub(super) fn continues(&self, asked: &Asked) -> bool {
        let (request, peer) = (&asked.request, asked.flow.peer);
        if request.method == Method::Cancel {
            let invite = self.servers.get(&ServerKey::of_invite(request));
            return invite.is_some_and(|invite| self.may_speak(peer, invite.back.peer.ip()));
        }
        self.leg_of(request).is_some_and(|leg| self.may_speak_for(leg, asked.flow))
            || self.watch_of(request).is_some_and(|watch| self.watches_from(watch, asked.flow))
    }

    /// The leg in whose dialog a request is, by its Call-ID and our tag.
    pub(super) fn leg_of(&self, request: &Request) -> Option<LegId> {
        let tag = request.to_tag()?.to_owned();
        self.dialogs.get(&(request.call_id().to_owned(), tag)).copied()
    }

    /// Whether a peer may speak in a transaction where another is expected: from the same address, or from one where somebody has proven
    /// himself. Branches are no secret to whoever reads along; an address is harder to come by.
    pub(super) fn may_speak(&self, peer: SocketAddr, expected: IpAddr) -> bool {
        peer.ip() == expected || self.is_no_stranger(peer)
    }

    fn is_no_stranger(&self, peer: SocketAddr) -> bool {
        !self.settings.guard.enabled || self.guard.standing(peer, &self.settings) != Standing::Stranger
    }

    /// Whether a request in a leg's dialog comes from its peer, and needs no proof. Every colleague is proven somewhere: that gives him no
    /// other's call. What does: for a carrier's leg any address of its, for an agent's phone
    /// - the way it had or is reached by, to the port; any port of that address where no other agent is registered from it (who is at home
    ///   or behind a NAT of his own changes ports at will, who shares one proves himself);
    /// - the way that a phone of the same agent registered by, unless others do, too;
    /// - the proxy that put itself into the dialog's route. It speaks for many; whom it lets speak in a dialog must know the tags, which are
    ///   told to that dialog's own phone and to nobody else (`replaces::tag_for_colleagues`). To challenge there would fail phones that
    ///   do not prove a BYE or a PRACK, and ACK and CANCEL cannot be.
    pub(super) fn may_speak_for(&self, leg: LegId, flow: Flow) -> bool {
        match self.legs.get(&leg) {
            Some(Leg::Session(session)) => {
                let (dialog, peer) = (&session.dialog, flow.peer);
                let (at, by) = (dialog.flow.peer, dialog.next_hop(&self.settings).peer);
                if at == peer || by == peer || dialog.is_routed_by(peer.ip()) {
                    return true;
                }
                let is_near = at.ip() == peer.ip() || by.ip() == peer.ip();
                match &session.account {
                    Some(agent) => (is_near && !self.is_shared(peer.ip(), agent)) || self.is_registered_by(agent, flow),
                    None => is_near || session.trunk.as_ref().is_some_and(|trunk| self.is_of_trunk(trunk, flow)),
                }
            }
            // Before the answer there is nothing that a callee could change.
            Some(Leg::Out(call)) => call.calls(flow.peer.ip()),
            None => false,
        }
    }

    /// The same of an ACK, which nobody can prove: what it confirms is there already.
    pub(super) fn may_acknowledge(&self, leg: LegId, flow: Flow) -> bool {
        let is_near = matches!(self.legs.get(&leg), Some(Leg::Session(session)) if session.dialog.flow.peer.ip() == flow.peer.ip());
        is_near || self.may_speak_for(leg, flow)
    }

    /// Whether another agent than this one is registered from that address.
    pub(super) fn is_shared(&self, ip: IpAddr, agent: &AgentId) -> bool {
        let ways =
            self.settings.listen.iter().map(|(protocol, local)| Flow { protocol: *protocol, local: *local, peer: SocketAddr::new(ip, 0) });
        ways.into_iter().any(|way| self.registrar.is_shared(way, agent))
    }

    /// Whether a phone of the agent's, and nobody else's, registered by this way.
    pub(super) fn is_registered_by(&self, agent: &AgentId, flow: Flow) -> bool {
        self.registrar.is_alone_by(flow, agent)
    }

    fn is_of_trunk(&self, id: &TrunkId, flow: Flow) -> bool {
        let names = self.streams.get(&flow).map(|stream| stream.names.as_slice()).unwrap_or_default();
        self.settings.trunks.iter().any(|trunk| trunk.id == *id && (trunk.accepts(flow.peer.ip()) || trunk.is_certified(names)))
    }

    /// Whose phone a request in a dialog has to prove itself to be, from elsewhere; nobody's for a carrier's.
    pub(super) fn owner_of(&self, request: &Request) -> Option<AgentId> {
        match (self.leg_of(request), self.watch_of(request)) {
            (Some(leg), _) => self.legs.get(&leg)?.account().cloned(),
            (None, Some(watch)) => self.watcher(watch).cloned(),
            (None, None) => None,
        }
    }

    /// Whether the caller says that he is an agent of ours.
    pub(super) fn claims_account(&self, request: &Request) -> bool {
        let from = request.from().uri;
        self.is_ours(&from.host) && self.settings.accounts.contains_key(from.user_unescaped().unwrap_or_default().as_str())
    }

    pub(super) fn is_trunks(&self, flow: Flow) -> bool {
        self.trunk_of(flow).is_some()
    }

    /// Whose calls come in by this way unchallenged: by address, or by the certificate that its connection began with.
    pub(super) fn trunk_of(&self, flow: Flow) -> Option<&Trunk> {
        let names = self.streams.get(&flow).map(|stream| stream.names.as_slice()).unwrap_or_default();
        self.settings.trunks.iter().find(|trunk| trunk.accepts(flow.peer.ip()) || trunk.is_certified(names))
    }

    /// Whose recording sessions come from there, if anybody's are taken.
    pub(super) fn source_of(&self, flow: Flow) -> Option<&Trunk> {
        let names = self.streams.get(&flow).map(|stream| stream.names.as_slice()).unwrap_or_default();
        self.settings.trunks.iter().find(|trunk| trunk.records && (trunk.accepts(flow.peer.ip()) || trunk.is_certified(names)))
    }

    /// What a request proves, once the guard has heard of it.
    pub(super) fn judged(&mut self, asked: &Asked, now: Instant, out: &mut Vec<Output>) -> Verdict {
        let (hosts, peer) = (&self.our_hosts, asked.flow.peer);
        let verdict = self.auth.judge(&asked.request, &self.settings, |host| is_among(hosts, host), now);
        match verdict {
            Verdict::Proven(agent) | Verdict::Stale(agent) if !self.hears(&agent, asked.flow) => {
                self.counters.dropped_of_blocked += 1;
                Verdict::Refused
            }
            Verdict::Proven(agent) => {
                let kind = if asked.request.method == Method::Invite { Kind::Call } else { Kind::Request };
                self.guard.proved(agent.as_str(), peer, kind, now);
                self.trust(asked.flow, out);
                Verdict::Proven(agent)
            }
            Verdict::Wrong(user) => {
                let registrar = &self.registrar;
                let registered_here = |port: Option<u16>| {
                    let at = |peer: std::net::SocketAddr, ip| peer.ip() == ip && port.is_none_or(|port| peer.port() == port);
                    registrar.agents().any(|(_, bindings)| bindings.iter().any(|binding| at(binding.flow.peer, peer.ip())))
                };
                let mut changes = Vec::new();
                self.guard.failed(&user, peer, registered_here, &self.settings, now, &mut changes);
                self.tell_changes(changes, out);
                Verdict::Wrong(user)
            }
            Verdict::Stale(_) | Verdict::Refused => verdict,
        }
    }

    fn hears(&self, agent: &AgentId, flow: Flow) -> bool {
        let at_home = || self.registrar.of(agent.as_str()).iter().any(|binding| binding.flow.peer == flow.peer);
        self.guard.hears(agent.as_str(), flow.peer, at_home)
    }

    /// A connection over which somebody has proven himself is no stranger's.
    pub(super) fn trust(&self, flow: Flow, out: &mut Vec<Output>) {
        if flow.protocol.is_stream() {
            out.push(Output::Trust { flow });
        }
    }

    pub(super) fn guard_timeout(&mut self, now: Instant, out: &mut Vec<Output>) {
        let mut changes = Vec::new();
        self.guard.handle_timeout(now, &mut changes);
        self.tell_changes(changes, out);
    }

    /// Releases a blocked source, named as it is shown, or all; gives how many.
    pub fn release_blocked(&mut self, named: Option<&str>, out: &mut Vec<Output>) -> usize {
        let mut changes = Vec::new();
        let released = self.guard.release(named, &mut changes);
        self.tell_changes(changes, out);
        released
    }

    /// The sources that are refused, in their order.
    pub fn blocked(&self) -> impl Iterator<Item = &Blocked> {
        self.guard.blocked()
    }

    /// Takes over who was refused before a restart, unless the guard is off by now; what ended meanwhile falls due at once.
    pub fn restore_blocked(&mut self, blocked: Vec<Blocked>) {
        if self.settings.guard.enabled {
            self.guard.restore(blocked);
            self.deadlines.set(Timer::Guard, self.guard.deadline());
        } else {
            self.changed.blocked = true;
        }
    }

    fn tell_changes(&mut self, changes: Vec<Change>, out: &mut Vec<Output>) {
        self.changed.blocked |= !changes.is_empty();
        self.counters.sources_blocked += changes.iter().filter(|change| matches!(change, Change::Blocked(_))).count() as u64;
        out.extend(changes.into_iter().map(|change| Output::Event(Event::Source(change))));
        self.deadlines.set(Timer::Guard, self.guard.deadline());
    }

    /// Sends what is not remembered.
    pub(super) fn say_once(&mut self, asked: &Asked, response: Response, out: &mut Vec<Output>) {
        self.send(asked.back, Message::Response(response).to_bytes(), false, out);
    }
}
