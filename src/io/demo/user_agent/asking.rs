//! What the phone asks: its requests, their repeats' beginnings, and what is made of the switch's answers to them.

use super::{Asking, Call, GIVE_UP, Heard, Phase, RINGING_MAX, T1, UserAgent};
use crate::base::Instant;
use crate::io::demo::session::{Direction, Remote};
use crate::sip::msg::digest::{Algorithm, Challenge, Credentials};
use crate::sip::msg::{Message, Method, Request, Response, Uri};

impl UserAgent {
    pub(super) fn contact(&self) -> String {
        format!("<sip:{}@{}>", self.identity.user, self.sip)
    }

    pub(super) fn describe(&self, request: &mut Request, body: Vec<u8>) {
        request.headers.push("Content-Type", "application/sdp");
        request.body = body;
    }

    pub(super) fn request(&mut self, method: Method, uri: Uri, from: &str, to: &str, call_id: &str) -> Request {
        self.cseq += 1;
        let cseq = format!("{} {method}", self.cseq);
        let mut request = Request::new(method, uri);
        request.headers.push("Via", self.via());
        for (name, value) in [("Max-Forwards", "70"), ("From", from), ("To", to), ("Call-ID", call_id), ("CSeq", &cseq)] {
            request.headers.push(name, value);
        }
        request.headers.push("User-Agent", "Sanling simulated phone");
        request
    }

    pub(super) fn via(&mut self) -> String {
        format!("SIP/2.0/UDP {};branch=z9hG4bK{};rport", self.sip, self.rng.hex(8))
    }

    pub(super) fn request_in_call(&mut self, method: Method) -> Option<Request> {
        let call = self.call.as_ref()?;
        let (uri, local, remote, id) = (call.target.clone(), call.local.clone(), call.remote.clone(), call.id.clone());
        Some(self.request(method, uri, &local, &remote, &id))
    }

    pub(super) fn ask(&mut self, request: Request, now: Instant) {
        self.ask_as(request, false, now);
    }

    pub(super) fn ask_as(&mut self, request: Request, proven: bool, now: Instant) {
        self.out.push(Message::Request(request.clone()).to_bytes());
        let branch = request.top_via().branch().unwrap_or_default().to_owned();
        self.asking.push(Asking { request, branch, repeat_at: now + T1, interval: T1, give_up_at: now + GIVE_UP, heeded: false, proven });
    }

    /// RFC 3261 §9.1: no CANCEL before a provisional answer; it has the INVITE's own branch and number.
    pub(super) fn cancel_if_possible(&mut self, now: Instant) {
        let Some(invite) = self.asking.iter().find(|asking| asking.request.method == Method::Invite) else { return };
        let Some(Call { phase: Phase::Cancelling { sent }, .. }) = &mut self.call else { return };
        if *sent || !invite.heeded {
            return;
        }
        *sent = true;
        let of = &invite.request;
        let mut cancel = Request::new(Method::Cancel, of.uri.clone());
        for name in ["Via", "Max-Forwards", "From", "To", "Call-ID"] {
            cancel.headers.push(name, of.headers.get(name).unwrap_or_default());
        }
        cancel.headers.push("CSeq", format!("{} CANCEL", of.cseq().0));
        self.ask(cancel, now);
    }

    pub(super) fn answered(&mut self, response: &Response, now: Instant) {
        let (_, method) = response.cseq();
        let branch = response.top_via().branch().unwrap_or_default().to_owned();
        let Some(at) = self.asking.iter().position(|asking| asking.branch == branch && asking.request.method == method) else {
            return self.repeat(&branch, &Method::Ack);
        };
        if response.code < 200 {
            if method == Method::Invite {
                // Timer A stops; what is left is how long one may ring (RFC 3261 §17.1.1.2).
                let asking = &mut self.asking[at];
                (asking.heeded, asking.repeat_at, asking.give_up_at) = (true, now + RINGING_MAX, now + RINGING_MAX);
                if response.code >= 180 {
                    self.heard.push_back(Heard::Rings);
                }
                self.cancel_if_possible(now);
            }
            return;
        }
        let asking = self.asking.remove(at);
        if method == Method::Invite {
            self.acknowledge(&asking, response);
        }
        if matches!(response.code, 401 | 407) && !asking.proven && self.prove(&asking, response, now) {
            return;
        }
        let ours = self.call.as_mut().filter(|call| call.id == response.call_id());
        match (method, response.code, ours) {
            (Method::Register, 200..=299, _) => self.heard.push_back(Heard::Registered),
            (Method::Invite, 200..=299, Some(call)) => {
                let first = call.phase != Phase::Talking;
                let cancelled = matches!(call.phase, Phase::Cancelling { .. } | Phase::Ending);
                call.remote = response.headers.get("To").unwrap_or_default().to_owned();
                call.remote_media = Remote::read(&response.body).or(call.remote_media);
                call.phase = Phase::Talking;
                if cancelled {
                    // The CANCEL crossed the 200: the call is up, and is ended (RFC 3261 §9.1).
                    return self.hang_up(now);
                }
                self.heard.push_back(if first { Heard::Established } else { Heard::Reoffered });
            }
            // A hold that is refused (491, 488) leaves the call as it was.
            (Method::Invite, _, Some(call)) if call.phase == Phase::Talking => {
                call.direction = Direction::SendRecv;
                self.heard.push_back(Heard::Reoffered);
            }
            (Method::Invite, _, Some(call)) => {
                let cancelled = matches!(call.phase, Phase::Cancelling { .. });
                self.call = None;
                self.heard.push_back(if cancelled { Heard::Over } else { Heard::Refused(response.code) });
            }
            (Method::Bye, _, Some(_)) => {
                self.call = None;
                self.heard.push_back(Heard::Over);
            }
            (Method::Register, code, _) => self.heard.push_back(Heard::Refused(code)),
            _ => {}
        }
    }

    /// ACK: to a refusal under the INVITE's branch (RFC 3261 §17.1.1.3), to a 2xx under one of its own, to the Contact (§13.2.2.4). Kept, for
    /// the answer's repeats.
    pub(super) fn acknowledge(&mut self, asking: &Asking, response: &Response) {
        let invite = &asking.request;
        let mut uri = invite.uri.clone();
        let mut via = invite.headers.get("Via").unwrap_or_default().to_owned();
        if response.code < 300 {
            if let Ok([contact, ..]) = response.headers.name_addrs("Contact").as_deref() {
                uri = contact.uri.clone();
            }
            via = self.via();
            if let Some(call) = self.call.as_mut().filter(|call| call.id == response.call_id()) {
                call.target = uri.clone();
            }
        }
        let mut ack = Request::new(Method::Ack, uri);
        ack.headers.push("Via", via);
        ack.headers.push("Max-Forwards", "70");
        ack.headers.push("From", invite.headers.get("From").unwrap_or_default());
        ack.headers.push("To", response.headers.get("To").unwrap_or_default());
        ack.headers.push("Call-ID", response.call_id());
        ack.headers.push("CSeq", format!("{} ACK", invite.cseq().0));
        let bytes = Message::Request(ack).to_bytes();
        self.keep(&asking.branch, &Method::Ack, bytes.clone());
        self.out.push(bytes);
    }

    /// Asks again with credentials; false when it cannot.
    pub(super) fn prove(&mut self, asking: &Asking, response: &Response, now: Instant) -> bool {
        let (header, field) =
            if response.code == 401 { ("WWW-Authenticate", "Authorization") } else { ("Proxy-Authenticate", "Proxy-Authorization") };
        let challenge =
            response.headers.all(header).filter_map(Challenge::from_header).find(|challenge| challenge.algorithm == Algorithm::Sha256);
        let (Some(challenge), Some(ha1)) = (challenge, self.identity.ha1.clone()) else { return false };
        let mut request = asking.request.clone();
        let method = request.method.clone();
        self.cseq += 1;
        request.headers.set("CSeq", format!("{} {method}", self.cseq));
        let via = self.via();
        request.headers.set("Via", via);
        let cnonce = self.rng.hex(8);
        let credentials = Credentials::answer(&challenge, &self.identity.user, &ha1, method.as_str(), &request.uri.to_string(), &cnonce, 1);
        request.headers.set(field, credentials.to_header());
        self.ask_as(request, true, now);
        true
    }
}
