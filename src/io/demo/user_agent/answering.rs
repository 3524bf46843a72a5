//! What the phone is asked: the switch's requests, the phone's answers, and their repeats.

use super::{Call, Confirming, GIVE_UP, Heard, Phase, REPEATS_KEPT, T1, UserAgent};
use crate::base::Instant;
use crate::io::demo::session::{self, Direction, Remote};
use crate::sip::msg::{Message, Method, NameAddr, Request};

impl UserAgent {
    pub(super) fn requested(&mut self, request: Request, now: Instant) {
        let method = request.method.clone();
        let branch = request.top_via().branch().unwrap_or_default().to_owned();
        if method == Method::Ack {
            return self.confirmed(&request, now);
        }
        if self.repeats.iter().any(|(key, _)| *key == key_of(&branch, &method)) {
            return self.repeat(&branch, &method);
        }
        let in_call = self.call.as_ref().is_some_and(|call| call.id == request.call_id());
        match method {
            Method::Invite if in_call => self.reoffered(&request, now),
            Method::Invite if self.call.is_some() => self.respond(&request, 486, None),
            Method::Invite => self.called(request),
            Method::Cancel => {
                self.respond(&request, 200, None);
                if in_call && matches!(&self.call, Some(Call { phase: Phase::Called(_), .. })) {
                    if let Some(bytes) = self.respond_to_invite(487, None) {
                        self.confirm(bytes, now);
                    }
                    self.call = None;
                    self.heard.push_back(Heard::Withdrawn);
                }
            }
            Method::Bye if in_call => {
                self.respond(&request, 200, None);
                let ours = self.call.take().is_some_and(|call| call.phase == Phase::Ending);
                self.asking.retain(|asking| asking.request.method == Method::Register);
                self.heard.push_back(if ours { Heard::Over } else { Heard::HungUp });
            }
            Method::Update if in_call => self.reoffered(&request, now),
            Method::Options => self.respond(&request, 200, None),
            Method::Info | Method::Notify if in_call => self.respond(&request, 200, None),
            Method::Bye | Method::Update | Method::Info | Method::Notify => self.respond(&request, 481, None),
            _ => self.respond(&request, 405, None),
        }
    }

    pub(super) fn called(&mut self, request: Request) {
        let Some(remote) = Remote::read(&request.body) else { return self.respond(&request, 488, None) };
        let contacts: Vec<NameAddr> = request.headers.name_addrs("Contact").unwrap_or_default();
        let Some(contact) = contacts.first() else { return self.respond(&request, 400, None) };
        // Repeats of the INVITE find an answer from now on.
        self.respond(&request, 100, None);
        let caller = request.from().uri.user_unescaped().unwrap_or_default();
        let tag = self.rng.hex(4);
        self.call = Some(Call {
            id: request.call_id().to_owned(),
            local: format!("{};tag={tag}", request.headers.get("To").unwrap_or_default()),
            remote: request.headers.get("From").unwrap_or_default().to_owned(),
            target: contact.uri.clone(),
            remote_media: Some(remote),
            direction: Direction::SendRecv,
            version: 1,
            phase: Phase::Called(Box::new(request)),
        });
        self.heard.push_back(Heard::Called { caller });
    }

    /// A re-INVITE or UPDATE: taken as it comes.
    pub(super) fn reoffered(&mut self, request: &Request, now: Instant) {
        let Some(call) = &mut self.call else { return };
        let mut body = None;
        if let Some(remote) = Remote::read(&request.body) {
            call.remote_media = Some(remote);
            call.version += 1;
            body = Some(remote.answer(self.rtp, call.version));
        } else if request.method == Method::Invite {
            call.version += 1;
            body = Some(session::offer(self.rtp, call.version, call.direction));
        }
        self.respond(request, 200, body);
        if request.method == Method::Invite
            && let Some(bytes) = self.out.last().cloned()
        {
            self.confirm(bytes, now);
        }
    }

    pub(super) fn confirmed(&mut self, ack: &Request, now: Instant) {
        self.confirming = None;
        let Some(call) = self.call.as_mut().filter(|call| call.id == ack.call_id()) else { return };
        let Phase::Answering { and_end } = call.phase else { return };
        call.phase = Phase::Talking;
        if and_end {
            self.hang_up(now);
        } else {
            self.heard.push_back(Heard::Established);
        }
    }

    pub(super) fn confirm(&mut self, bytes: Vec<u8>, now: Instant) {
        self.confirming = Some(Confirming { bytes, repeat_at: now + T1, interval: T1, give_up_at: now + GIVE_UP });
    }

    /// Answers the INVITE of the call that came; gives the bytes.
    pub(super) fn respond_to_invite(&mut self, code: u16, body: Option<Vec<u8>>) -> Option<Vec<u8>> {
        let Some(Call { phase: Phase::Called(request), .. }) = &self.call else { return None };
        let request = request.clone();
        self.respond(&request, code, body);
        self.out.last().cloned()
    }

    pub(super) fn respond(&mut self, request: &Request, code: u16, body: Option<Vec<u8>>) {
        let ours = self.call.as_ref().filter(|call| call.id == request.call_id());
        let tag = ours.and_then(|call| call.local.rsplit_once(";tag=")).map_or("stateless", |(_, tag)| tag).to_owned();
        let mut response = request.response(code, None, Some(&tag));
        if code == 405 {
            response.headers.push("Allow", "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, INFO, NOTIFY");
        }
        if matches!(request.method, Method::Invite | Method::Update) {
            response.headers.push("Contact", self.contact());
        }
        if let Some(body) = body {
            response.headers.push("Content-Type", "application/sdp");
            response.body = body;
        }
        let bytes = Message::Response(response).to_bytes();
        let branch = request.top_via().branch().unwrap_or_default().to_owned();
        self.keep(&branch, &request.method, bytes.clone());
        self.out.push(bytes);
    }

    pub(super) fn keep(&mut self, branch: &str, method: &Method, bytes: Vec<u8>) {
        let key = key_of(branch, method);
        self.repeats.retain(|(known, _)| *known != key);
        if self.repeats.len() == REPEATS_KEPT {
            self.repeats.pop_front();
        }
        self.repeats.push_back((key, bytes));
    }

    pub(super) fn repeat(&mut self, branch: &str, method: &Method) {
        let key = key_of(branch, method);
        self.out.extend(self.repeats.iter().find(|(known, _)| *known == key).map(|(_, bytes)| bytes.clone()));
    }
}

fn key_of(branch: &str, method: &Method) -> String {
    format!("{branch} {method}")
}
