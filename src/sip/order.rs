//! What legs order of the endpoint, and the room they act in. Internal vocabulary of `sip`.

use super::ack_wait::AckWait;
use super::fork::Fork;
use super::msg::{Message, Request, Response, Uri};
use super::transaction::{ClientKey, ServerKey};
use super::{Event, Flow, Reason, Settings, compose};
use crate::base::{AgentId, Instant, LegId, Rng, TrunkId};
use serde::{Deserialize, Serialize};

/// A request that waits for its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Asked {
    pub key: ServerKey,
    /// The way it came.
    pub flow: Flow,
    /// The way its answers go (RFC 3261 §18.2.2, RFC 3581); mostly the same.
    pub back: Flow,
    pub request: Request,
}

/// Who gets the answers to a request of ours.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum User {
    Nobody,
    /// Nobody, but it is done for a leg, and to be done with it after a restart: CANCEL, PRACK.
    Aside(LegId),
    /// A leg, for a request inside its dialog.
    Session(LegId),
    /// A phone that watches over messages, for a NOTIFY.
    Watch(u64),
    /// A MESSAGE to a phone.
    Text(u64),
    /// A carrier that we register with.
    Registration(TrunkId),
    /// A carrier whose host is asked whether it is there.
    Ping(TrunkId, Flow),
    /// One branch of a call out; the leg may be gone before it.
    Fork(LegId, Box<Fork>),
}

/// Why a request of ours has no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Silence {
    TimedOut,
    /// It could not be sent.
    Unreachable,
}

#[derive(Debug)]
pub(super) enum Order {
    /// An answer, through its server transaction.
    Respond {
        to: ServerKey,
        response: Box<Response>,
    },
    /// Bytes outside any transaction: a 2xx or a reliable 18x again.
    Send {
        flow: Flow,
        wire: Vec<u8>,
        again: bool,
    },
    /// Begin a client transaction.
    Request {
        request: Box<Request>,
        flow: Flow,
        user: User,
    },
    /// The ACK to a 2xx: sent now, and again whenever that 2xx comes again.
    Acknowledge {
        invite: ClientKey,
        tag: String,
        flow: Flow,
        wire: Vec<u8>,
    },
    /// The fork is not wanted any more: CANCEL as soon as RFC 3261 §9.1 allows.
    Cancel {
        invite: ClientKey,
        reason: Option<Reason>,
    },
    /// A flow of an agent's phone is broken.
    FlowFailed {
        agent: AgentId,
        contact: Uri,
        reg_id: u32,
    },
    Event(Event),
}

/// What a leg acts with: the time, chance, settings, and a list to put its orders on.
pub(super) struct Room<'a> {
    pub now: Instant,
    pub rng: &'a mut Rng,
    pub settings: &'a Settings,
    /// In every branch of ours, so that a request of our own is known when it comes back.
    pub cookie: &'a str,
    pub orders: &'a mut Vec<Order>,
}

impl Room<'_> {
    pub fn event(&mut self, event: Event) {
        self.orders.push(Order::Event(event));
    }

    pub fn respond(&mut self, to: &ServerKey, mut response: Response) {
        response.headers.set("Server", self.settings.product.as_str());
        self.orders.push(Order::Respond { to: to.clone(), response: Box::new(response) });
    }

    /// A 2xx to an INVITE, to be repeated until its ACK comes.
    pub fn accept(&mut self, asked: &Asked, mut response: Response) -> AckWait {
        response.headers.set("Server", self.settings.product.as_str());
        let message = Message::Response(response.clone());
        self.respond(&asked.key, response);
        AckWait::new(asked.request.cseq().0, asked.back, message.to_bytes(), self.now)
    }

    /// An answer without a body of its own.
    pub fn refuse(&mut self, asked: &Asked, code: u16, to_tag: Option<&str>) {
        self.respond(&asked.key, asked.request.response(code, None, to_tag));
    }

    /// An RFC 3261 §14.2 500: try again in 0 to 10 s.
    pub fn refuse_for_now(&mut self, asked: &Asked, to_tag: &str) {
        let mut response = asked.request.response(500, Some("Another Offer Is Pending"), Some(to_tag));
        response.headers.push("Retry-After", self.rng.below(11).to_string());
        self.respond(&asked.key, response);
    }

    pub fn tag(&mut self) -> String {
        self.rng.hex(8)
    }

    /// Puts a Via with a new branch on top; gives the key of the client transaction.
    pub fn put_via(&mut self, request: &mut Request, flow: Flow) -> ClientKey {
        let branch = format!("z9hG4bK{}{}", self.cookie, self.rng.hex(8));
        request.headers.push_front("Via", compose::via(flow, &branch));
        ClientKey::of_request(request)
    }

    /// Begins a client transaction with a request that has no Via yet.
    pub fn request(&mut self, mut request: Request, flow: Flow, user: User) -> ClientKey {
        let key = self.put_via(&mut request, flow);
        request.headers.set("User-Agent", self.settings.product.as_str());
        self.orders.push(Order::Request { request: Box::new(request), flow, user });
        key
    }

    /// Sends the ACK to a 2xx and has it remembered.
    pub fn acknowledge(&mut self, invite: &ClientKey, tag: &str, mut ack: Request, flow: Flow) {
        self.put_via(&mut ack, flow);
        let wire = Message::Request(ack).to_bytes();
        self.orders.push(Order::Acknowledge { invite: invite.clone(), tag: tag.to_owned(), flow, wire });
    }
}
