//! Requests: repeats are absorbed, what cannot be served is refused, the rest goes to its dialog, to the registrar, or becomes a call.
//! Whose a request is is found out in `proofs`.

use super::super::leg_in::Invitation;
use super::super::msg::{Method, NameAddr, Request, Response, Scheme, Uri};
use super::super::order::Asked;
use super::super::refuse::{self, with};
use super::super::reoffer::too_small;
use super::super::session::Session;
use super::super::session_timer::{Terms, TooSmall};
use super::super::transaction::server::Server;
use super::super::transaction::server_invite::ServerInvite;
use super::super::transaction::{ServerEvent, ServerKey, has_magic_cookie};
use super::super::{Metadata, Origin, Output, Party, compose, history, recording};
use super::proofs::{Proof, Unproven};
use super::transactions::{ServerEntry, ServerMachine};
use super::{Endpoint, Identity, Leg, Timer};
use crate::base::{Instant, LegId, TrunkId};
use std::sync::Arc;

/// Retry-After of a 503 at a limit, in seconds.
const BUSY_FOR: &str = "10";
/// Retry-After of a call turned away under overload, in seconds.
const SHED_FOR: std::ops::Range<u64> = 5..15;

/// By what a request without a To tag is known when it reaches us by two ways (§8.2.2.2).
fn identity_of(request: &Request) -> Option<Identity> {
    let tag = request.from_tag()?.to_owned();
    let is_first = request.to_tag().is_none() && request.method != Method::Cancel;
    is_first.then(|| Arc::new((request.call_id().to_owned(), tag, request.headers.get("CSeq").unwrap_or_default().to_owned())))
}

fn is_new_call(request: &Request) -> bool {
    request.method == Method::Invite && request.to_tag().is_none()
}

impl Endpoint {
    pub(super) fn request(&mut self, asked: Asked, now: Instant, out: &mut Vec<Output>) {
        let is_ack = asked.request.method == Method::Ack;
        if let Some(asked_from) = self.servers.get(&asked.key).map(|server| server.back.peer) {
            // Who repeats what he overheard gets nothing, and ends nothing.
            if !self.may_speak(asked.flow.peer, asked_from.ip()) {
                self.counters.dropped_of_strangers += 1;
                return;
            }
            self.counters.retransmissions_received += u64::from(!is_ack);
            let event = if is_ack { ServerEvent::Acked } else { ServerEvent::Repeated };
            // An ACK under its INVITE's own branch is of a failure; RFC 2543 phones send that of a 2xx so, too.
            self.server_event(&asked.key, event, now, out);
            if !is_ack {
                return;
            }
        }
        if is_ack {
            return self.acked(&asked, now, out);
        }
        // What belongs to a call that is there is always looked at.
        let continues = self.continues(&asked);
        if !continues {
            if !self.admits(&asked, now, out) {
                return;
            }
            if let Some(response) = self.answer_without_state(&asked, now) {
                return self.say_once(&asked, response, out);
            }
            if is_new_call(&asked.request) && !self.admission.admits(now) {
                return self.turn_away(&asked, out);
            }
        }
        if self.is_full_for(&asked.request) {
            self.counters.requests_refused += 1;
            let response = with(asked.request.response(503, None, None), "Retry-After", BUSY_FOR);
            return self.say_once(&asked, response, out);
        }
        let identity = identity_of(&asked.request);
        let merged = identity.as_ref().is_some_and(|identity| self.seen.contains_key(identity));
        let proof = match self.proof(&asked, merged || continues, now, out) {
            Ok(proof) => proof,
            Err(Unproven::Outrun) => {
                self.counters.retransmissions_received += 1;
                return;
            }
            // §26.3.2.4: to whoever proves nothing, statelessly.
            Err(Unproven::Challenged(response)) => {
                self.counters.requests_refused += 1;
                let response = self.tagged(response, &asked.request);
                return self.say_once(&asked, response, out);
            }
        };
        self.open(&asked, identity.filter(|_| !merged), now);
        let key = asked.key.clone();
        let first = out.len();
        if merged {
            // §8.2.2.2.
            self.refuse(&asked, asked.request.response(482, None, None), now, out);
        } else if (continues || asked.request.to_tag().is_some())
            && let Some(response) = refuse::refusal(&asked.request, asked.flow.protocol, &self.cookie, self.source_of(asked.flow).is_some())
        {
            // What continues nothing was looked at before.
            self.refuse(&asked, response, now, out);
        } else {
            match proof {
                Proof::NotAsked => self.serve(asked, now, out),
                Proof::Of(origin) => self.serve_proven(asked, origin, now, out),
                Proof::OfAnother(response) => self.refuse(&asked, response, now, out),
            }
        }
        self.say_trying(&key, first, now, out);
    }

    /// RFC 3261 §21.5.4, statelessly (§8.2.7): a repeat is judged anew, and the ACK finds nobody. Those turned away come again at
    /// different times.
    fn turn_away(&mut self, asked: &Asked, out: &mut Vec<Output>) {
        self.counters.calls_shed += 1;
        let after = SHED_FOR.start + self.rng.below(SHED_FOR.end - SHED_FOR.start);
        let tag = self.rng.hex(8);
        let response = with(asked.request.response(503, None, Some(&tag)), "Retry-After", &after.to_string());
        self.send(asked.back, super::super::msg::Message::Response(response).to_bytes(), false, out);
    }

    /// New calls and registrations are refused at the limit; what calls that are up need has room left beyond it.
    fn is_full_for(&self, request: &Request) -> bool {
        let is_new = request.method != Method::Cancel && request.to_tag().is_none();
        let limit = if is_new { self.limits.transactions } else { self.limits.transactions + self.limits.transactions / 4 };
        self.transaction_count() >= limit
    }

    /// Makes the server transaction. `identity`: by what the same request is known when it comes by another way.
    fn open(&mut self, asked: &Asked, identity: Option<Identity>, now: Instant) {
        let request = &asked.request;
        let reliable = asked.flow.protocol.is_stream();
        let machine = if request.method == Method::Invite {
            ServerMachine::Invite(ServerInvite::begin(reliable))
        } else {
            ServerMachine::Other(Server::begin(reliable, now))
        };
        let trying = (request.method == Method::Invite).then(|| Box::new(request.response(100, None, None)));
        if let Some(identity) = &identity {
            self.seen.insert(identity.clone(), asked.key.clone());
        }
        self.deadlines.set(Timer::Server(asked.key.clone()), machine.deadline());
        let entry = ServerEntry { machine, back: asked.back, leg: None, seen_as: identity, trying };
        self.servers.insert(asked.key.clone(), Box::new(entry));
    }

    /// §17.2.1: an INVITE that is not answered at once gets 100, before anything else goes out.
    fn say_trying(&mut self, key: &ServerKey, first: usize, now: Instant, out: &mut Vec<Output>) {
        let Some(server) = self.servers.get_mut(key) else { return };
        let trying = server.trying.take();
        if let (ServerMachine::Invite(machine), Some(trying)) = (&server.machine, trying)
            && machine.is_silent()
        {
            let rest = out.split_off(first);
            self.respond(key, *trying, now, out);
            out.extend(rest);
        }
    }

    pub(super) fn refuse(&mut self, asked: &Asked, mut response: Response, now: Instant, out: &mut Vec<Output>) {
        self.counters.requests_refused += 1;
        response.tag_to(&self.rng.hex(8));
        self.respond(&asked.key, response, now, out);
    }

    fn serve(&mut self, asked: Asked, now: Instant, out: &mut Vec<Output>) {
        if asked.request.method == Method::Cancel {
            return self.cancelled(&asked, now, out);
        }
        match (self.leg_of(&asked.request), self.watch_of(&asked.request)) {
            (Some(leg), _) => self.in_dialog(leg, asked, now, out),
            (None, Some(watch)) => self.in_watch(watch, &asked, now, out),
            // Everything else was answered without state.
            (None, None) => self.refuse(&asked, asked.request.response(481, None, None), now, out),
        }
    }

    /// A new call, a registration, or a subscription, of whom it is.
    fn serve_proven(&mut self, asked: Asked, origin: Origin, now: Instant, out: &mut Vec<Output>) {
        match origin {
            Origin::Account(agent) if asked.request.method == Method::Register => self.registered_by(&agent, &asked, now, out),
            Origin::Account(agent) if asked.request.method == Method::Subscribe && asked.request.to_tag().is_none() => {
                self.subscribed(&agent, &asked, now, out);
            }
            Origin::Account(agent) if asked.request.method == Method::Message => self.text_came(&agent, &asked, now, out),
            _ if is_new_call(&asked.request) => self.invited(asked, origin, now, out),
            _ => self.serve(asked, now, out),
        }
    }

    fn in_dialog(&mut self, id: LegId, asked: Asked, now: Instant, out: &mut Vec<Output>) {
        self.served_by(id, &asked.key);
        if asked.request.method == Method::Refer {
            return self.referred(id, &asked, now, out);
        }
        self.with_leg(id, now, out, |leg, room| match leg {
            Leg::Session(session) => session.request(asked, room),
            // Before the answer there is nothing that a callee could ask of us.
            Leg::Out(call) => match asked.request.method {
                Method::Options | Method::Info => room.refuse(&asked, 200, None),
                // RFC 3311 §5.2: without an offer it meets none; some say so who is rung now.
                Method::Update if asked.request.body.is_empty() => {
                    let response = compose::dialog_response(&asked.request, 200, &call.local_tag, asked.flow);
                    room.respond(&asked.key, response);
                }
                Method::Update => room.refuse(&asked, 491, None),
                _ => room.refuse(&asked, 481, None),
            },
        });
    }

    /// An ACK that no transaction took: to a 2xx (§13.3.1.4).
    fn acked(&mut self, asked: &Asked, now: Instant, out: &mut Vec<Output>) {
        let request = &asked.request;
        if let Some(leg) = self.leg_of(request) {
            if !self.may_acknowledge(leg, asked.flow) {
                self.counters.dropped_of_strangers += 1;
                return;
            }
            self.with_leg(leg, now, out, |leg, room| {
                if let Leg::Session(session) = leg {
                    session.acked(request, room);
                }
            });
        }
    }

    /// §9.2.
    fn cancelled(&mut self, asked: &Asked, now: Instant, out: &mut Vec<Output>) {
        let invite = ServerKey::of_invite(&asked.request);
        let Some(leg) = self.servers.get(&invite).map(|server| server.leg) else {
            return self.refuse(asked, asked.request.response(481, None, None), now, out);
        };
        let tag = self.rng.hex(8);
        self.respond(&asked.key, asked.request.response(200, None, Some(&tag)), now, out);
        let parting = compose::parting(&asked.request.headers);
        if let Some(leg) = leg {
            self.with_leg(leg, now, out, |leg, room| {
                if let Leg::Session(session) = leg {
                    session.cancel_came(&invite, parting, room);
                }
            });
        }
    }

    /// A new call; it is known whose it is.
    fn invited(&mut self, asked: Asked, origin: Origin, now: Instant, out: &mut Vec<Output>) {
        let invitation = match self.invitation(&asked.request, origin) {
            Ok(invitation) => invitation,
            Err(response) => return self.refuse(&asked, response, now, out),
        };
        if self.legs.len() >= self.limits.legs {
            let response = with(asked.request.response(503, None, None), "Retry-After", BUSY_FOR);
            return self.refuse(&asked, response, now, out);
        }
        let leg = LegId(self.next_leg);
        self.next_leg += 2;
        let key = asked.key.clone();
        self.start_leg(leg, now, out, |room| Leg::Session(Box::new(Session::invited(leg, asked, invitation, room))));
        self.served_by(leg, &key);
    }

    fn records_for(&self, trunk: &TrunkId) -> bool {
        self.settings.trunks.iter().any(|known| known.id == *trunk && known.records)
    }

    fn invitation(&self, request: &Request, origin: Origin) -> Result<Invitation, Response> {
        let is_trunk = matches!(origin, Origin::Trunk(_));
        // RFC 7866 §8.1: recording sessions are taken from those of whom the configuration says so.
        if recording::is_recording(request) && !matches!(&origin, Origin::Trunk(trunk) if self.records_for(trunk)) {
            let unknown = request.headers.has_token("Require", recording::OPTION);
            let refusal = request.response(if unknown { 420 } else { 403 }, None, None);
            return Err(if unknown { with(refusal, "Unsupported", recording::OPTION) } else { refusal });
        }
        let replaces = self.replaced_by(request, &origin)?;
        let ours = is_trunk || request.uri.scheme == Scheme::Tel || self.is_ours(&request.uri.host);
        // Who replaces a dialog calls our Contact, which names nobody.
        let called = called(&request.uri).or(replaces.map(|_| String::new())).filter(|_| ours);
        let called = called.ok_or_else(|| request.response(404, None, None))?;
        // §8.1.1.8: without a Contact there is nowhere to send requests. A peer of RFC 2543 may leave it out; then it is From.
        if compose::contact_of(&request.headers).is_none() && request.top_via().branch().is_some_and(has_magic_cookie) {
            return Err(request.response(400, Some("Missing Contact"), None));
        }
        // §21.4.7: who takes no SDP cannot be answered.
        if request.headers.get("Accept").is_some() && !compose::accepts_sdp(&request.headers) {
            return Err(request.response(406, None, None));
        }
        let sdp = compose::sdp_of(&request.headers, &request.body)
            .map_err(|compose::Unsupported| with(request.response(415, None, None), "Accept", compose::SDP))?;
        let terms = Terms::for_request(&request.headers, &self.settings).map_err(|TooSmall { min }| too_small(request, min))?;
        // RFC 5806 §6, RFC 7044 §11: believed of who is trusted alone.
        let diverted = if is_trunk { history::read(&request.headers) } else { Vec::new() };
        let recording =
            recording::is_recording(request).then(|| Metadata(recording::metadata_of(&request.headers, &request.body).unwrap_or_default()));
        Ok(Invitation { recording, from: caller(request, is_trunk), origin, called, replaces, diverted, sdp, terms })
    }
}

/// The number or name that was called.
pub(super) fn called(uri: &Uri) -> Option<String> {
    let called = match uri.scheme {
        Scheme::Tel => uri.opaque.split(';').next().map(str::to_owned),
        _ => uri.user_unescaped(),
    };
    called.filter(|called| !called.is_empty())
}

/// Who calls: From; of a trunk, which is trusted (RFC 3325 §9.1), P-Asserted-Identity where there is one.
fn caller(request: &Request, is_trunk: bool) -> Party {
    let asserted = request.headers.list("P-Asserted-Identity").next().filter(|_| is_trunk).and_then(|value| value.parse().ok());
    let from: NameAddr = asserted.unwrap_or_else(|| request.from());
    let user = match from.uri.scheme {
        Scheme::Tel => from.uri.opaque.split(';').next().unwrap_or_default().to_owned(),
        _ => from.uri.user_unescaped().unwrap_or_default(),
    };
    Party { display: from.display, user }
}
