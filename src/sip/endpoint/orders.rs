//! Carrying out what legs order, and telling them what became of it: the way between legs and transactions.

use super::super::fork::{Outcome, Way};
use super::super::leg_out::Next;
use super::super::msg::{Message, Method, Request, Response};
use super::super::order::{Order, Room, Silence, User};
use super::super::outbound::name_asked;
use super::super::transaction::client::Client;
use super::super::transaction::client_invite::{ClientInvite, ack_of_success};
use super::super::transaction::{ClientAction, ClientEvent, ClientKey, ServerAction, ServerEvent, ServerKey};
use super::super::{Flow, Output, Protocol};
use super::transactions::{Ack, ClientEntry, ClientMachine};
use super::{Endpoint, Leg, Timer};
use crate::base::limits::{FORKED_DIALOGS_MAX, REINVITE_MAX};
use crate::base::{Instant, LegId};
use std::collections::BTreeMap;

/// What a fork said when it acted, its leg, and what it ordered.
struct Said<T> {
    leg: LegId,
    said: T,
    orders: Vec<Order>,
}

impl Endpoint {
    pub(super) fn carry_out(&mut self, orders: Vec<Order>, now: Instant, out: &mut Vec<Output>) {
        for order in orders {
            match order {
                Order::Respond { to, response } => self.respond(&to, *response, now, out),
                Order::Send { flow, wire, again } => self.send(flow, wire, again, out),
                Order::Request { request, flow, user } => self.begin(*request, flow, user, now, out),
                Order::Acknowledge { invite, tag, flow, wire } => {
                    if let Some(client) = self.clients.get_mut(&invite) {
                        client.acks.insert(tag, Ack { flow, wire: wire.clone() });
                    }
                    self.send(flow, wire, false, out);
                }
                Order::Cancel { invite, reason } => {
                    let orders =
                        self.with_fork(&invite, now, |fork, way, room| fork.cancel(way, reason, room)).map_or(vec![], |said| said.orders);
                    self.carry_out(orders, now, out);
                }
                Order::FlowFailed { agent, contact, reg_id } => {
                    let mut events = Vec::new();
                    self.registrar.flow_failed(&agent, &contact, reg_id, &mut events);
                    self.registrations(events, out);
                }
                Order::Event(event) => out.push(Output::Event(event)),
            }
        }
    }

    pub(super) fn send(&mut self, flow: Flow, bytes: Vec<u8>, again: bool, out: &mut Vec<Output>) {
        self.counters.messages_sent += 1;
        self.counters.retransmissions_sent += u64::from(again);
        out.push(Output::Send { flow, bytes });
    }

    /// An answer, through its transaction; one that is gone needs none.
    pub(super) fn respond(&mut self, to: &ServerKey, mut response: Response, now: Instant, out: &mut Vec<Output>) {
        response.headers.set("Server", self.settings.product.as_str());
        let code = response.code;
        let wire = Message::Response(response).to_bytes();
        self.server_event(to, ServerEvent::Responded { code, wire }, now, out);
    }

    pub(super) fn server_event(&mut self, key: &ServerKey, event: ServerEvent, now: Instant, out: &mut Vec<Output>) {
        let Some(server) = self.servers.get_mut(key) else { return };
        let mut actions = Vec::new();
        server.machine.handle(event, now, &mut actions);
        self.settle_server(key, actions, out);
    }

    pub(super) fn server_timeout(&mut self, key: &ServerKey, now: Instant, out: &mut Vec<Output>) {
        let Some(server) = self.servers.get_mut(key) else { return };
        let mut actions = Vec::new();
        server.machine.handle_timeout(now, &mut actions);
        self.settle_server(key, actions, out);
    }

    fn settle_server(&mut self, key: &ServerKey, actions: Vec<ServerAction>, out: &mut Vec<Output>) {
        let Some(server) = self.servers.get(key) else { return };
        let back = server.back;
        if server.machine.is_over() {
            self.forget_server(key);
        } else {
            self.deadlines.set(Timer::Server(key.clone()), server.machine.deadline());
        }
        for ServerAction::Send { wire, again } in actions {
            self.send(back, wire, again, out);
        }
    }

    pub(super) fn forget_server(&mut self, key: &ServerKey) {
        self.deadlines.set(Timer::Server(key.clone()), None);
        if let Some(server) = self.servers.remove(key) {
            self.server_ended(key, &server);
            if let Some(identity) = server.seen_as {
                self.seen.remove(&identity);
                if self.last_registers.get(&identity.0).is_some_and(|last| last.key == *key) {
                    self.last_registers.remove(&identity.0);
                }
            }
        }
    }

    /// Begins a client transaction.
    fn begin(&mut self, request: Request, flow: Flow, user: User, now: Instant, out: &mut Vec<Output>) {
        let key = ClientKey::of_request(&request);
        let reliable = flow.protocol.is_stream();
        if flow.protocol == Protocol::Tls
            && !self.streams.contains_key(&flow)
            && let Some(name) = name_asked(&request)
        {
            out.push(Output::Expect { flow, name });
        }
        let (method, number) = (request.method.clone(), request.cseq().0);
        let mut actions = Vec::new();
        let limit_at = match (&user, &method) {
            (User::Session(_), Method::Invite) => Some(now + REINVITE_MAX),
            _ => None,
        };
        let machine = if method == Method::Invite {
            ClientMachine::Invite(ClientInvite::begin(request, reliable, now, &mut actions))
        } else {
            ClientMachine::Other(Client::begin(Message::Request(request).to_bytes(), reliable, now, &mut actions))
        };
        let entry = ClientEntry { machine, flow, user, method, number, acks: BTreeMap::new(), limit_at, number_on_flow: 0 };
        if let Some(leg) = entry.leg() {
            self.asked_by(leg, &key);
        }
        self.begin_client(key.clone(), entry);
        self.settle_client(&key, actions, now, out);
    }

    pub(super) fn begin_client(&mut self, key: ClientKey, mut entry: ClientEntry) {
        entry.number_on_flow = self.flows.begun(entry.flow, key.clone());
        self.clients.insert(key, Box::new(entry));
    }

    pub(super) fn client_event(&mut self, key: &ClientKey, event: ClientEvent, now: Instant, out: &mut Vec<Output>) {
        let Some(client) = self.clients.get_mut(key) else { return };
        let mut actions = Vec::new();
        client.machine.handle(event, now, &mut actions);
        if let Some(leg) = client.leg().filter(|leg| self.legs.contains_key(leg)) {
            self.touch(leg);
        }
        self.settle_client(key, actions, now, out);
    }

    pub(super) fn client_timeout(&mut self, key: &ClientKey, now: Instant, out: &mut Vec<Output>) {
        let Some(client) = self.clients.get_mut(key) else { return };
        let mut actions = Vec::new();
        if client.is_to_be_abandoned(now) {
            client.limit_at = None;
            client.machine.handle(ClientEvent::Abandoned, now, &mut actions);
        }
        client.machine.handle_timeout(now, &mut actions);
        self.settle_client(key, actions, now, out);
    }

    fn settle_client(&mut self, key: &ClientKey, actions: Vec<ClientAction>, now: Instant, out: &mut Vec<Output>) {
        for action in actions {
            match action {
                ClientAction::Send { wire, again } => {
                    let Some(flow) = self.clients.get(key).map(|client| client.flow) else { return };
                    self.send(flow, wire, again, out);
                }
                ClientAction::Deliver(response) => self.deliver(key, *response, now, out),
                ClientAction::TimedOut => self.deliver_loss(key, Outcome::TimedOut, now, out),
                ClientAction::Unreachable => self.deliver_loss(key, Outcome::Unreachable, now, out),
            }
        }
        let Some(client) = self.clients.get(key) else { return };
        if client.machine.is_over() {
            self.deadlines.set(Timer::Client(key.clone()), None);
            if let Some(client) = self.clients.remove(key) {
                self.client_ended(key, &client);
            }
        } else {
            self.deadlines.set(Timer::Client(key.clone()), client.deadline());
        }
    }

    /// A response, to whoever waits for it.
    fn deliver(&mut self, key: &ClientKey, response: Response, now: Instant, out: &mut Vec<Output>) {
        let Some(client) = self.clients.get_mut(key) else { return };
        if response.code >= 200 {
            client.limit_at = None;
        }
        let accepted = client.method == Method::Invite && (200..300).contains(&response.code);
        if accepted && let Some(Ack { flow, wire }) = client.acks.get(response.to_tag().unwrap_or("")).cloned() {
            // §13.2.2.4: the ACK goes again with each repeat of the 2xx.
            self.counters.retransmissions_received += 1;
            return self.send(flow, wire, true, out);
        }
        // Who answers one call that often does so for sport; his phones give up by themselves.
        if accepted && client.acks.len() >= FORKED_DIALOGS_MAX {
            return;
        }
        match &client.user {
            User::Fork(..) => {
                let outcome = self.with_fork(key, now, |fork, way, room| fork.response(way, response, room));
                self.fork_said(key, outcome, now, out);
            }
            User::Session(leg) => {
                let leg = *leg;
                if accepted {
                    self.acknowledge(key, &response, now, out);
                }
                self.session_heard(leg, key, Ok(response), now, out);
            }
            User::Watch(watch) => {
                let (watch, notify) = (*watch, client.number);
                self.watch_heard(watch, notify, Ok(response), now, out);
            }
            User::Text(text) => {
                let (text, copy) = (*text, client.number);
                self.text_answered(text, copy, Ok(response), now, out);
            }
            User::Registration(trunk) => {
                let (user, number) = (User::Registration(trunk.clone()), client.number);
                self.carrier_heard(user, number, Ok(response), now, out);
            }
            User::Ping(trunk, flow) => {
                let (user, number) = (User::Ping(trunk.clone(), *flow), client.number);
                self.carrier_heard(user, number, Ok(response), now, out);
            }
            User::Nobody | User::Aside(_) => {}
        }
    }

    fn deliver_loss(&mut self, key: &ClientKey, loss: Outcome, now: Instant, out: &mut Vec<Output>) {
        let silence = if matches!(loss, Outcome::Unreachable) { Silence::Unreachable } else { Silence::TimedOut };
        match self.clients.get(key).map(|client| (&client.user, client.number)) {
            Some((User::Fork(..), _)) => {
                let outcome = self.with_fork(key, now, |_, _, _| Some(loss));
                self.fork_said(key, outcome, now, out);
            }
            Some((User::Session(leg), _)) => {
                let leg = *leg;
                self.rejoin(leg, now, out);
                self.session_heard(leg, key, Err(silence), now, out);
            }
            Some((User::Watch(watch), notify)) => {
                let watch = *watch;
                self.watch_heard(watch, notify, Err(silence), now, out);
            }
            Some((User::Text(text), copy)) => {
                let text = *text;
                self.text_answered(text, copy, Err(silence), now, out);
            }
            Some((User::Registration(trunk), number)) => {
                self.carrier_heard(User::Registration(trunk.clone()), number, Err(silence), now, out);
            }
            Some((User::Ping(trunk, flow), number)) => {
                self.carrier_heard(User::Ping(trunk.clone(), *flow), number, Err(silence), now, out);
            }
            Some((User::Nobody | User::Aside(_), _)) | None => {}
        }
    }

    /// The ACK to a 2xx of a re-INVITE, whether its leg still lives or not.
    fn acknowledge(&mut self, key: &ClientKey, response: &Response, now: Instant, out: &mut Vec<Output>) {
        let Some(ClientEntry { machine: ClientMachine::Invite(machine), flow, .. }) = self.clients.get(key).map(|client| &**client) else {
            return;
        };
        let (ack, flow) = (ack_of_success(machine.request(), response), *flow);
        let mut orders = Vec::new();
        self.room(now, &mut orders).acknowledge(key, response.to_tag().unwrap_or(""), ack, flow);
        self.carry_out(orders, now, out);
    }

    fn session_heard(&mut self, leg: LegId, key: &ClientKey, response: Result<Response, Silence>, now: Instant, out: &mut Vec<Output>) {
        let Some((method, number)) = self.clients.get(key).map(|client| (client.method.clone(), client.number)) else { return };
        self.with_leg(leg, now, out, |leg, room| {
            if let Leg::Session(session) = leg {
                session.response(&method, number, response, room);
            }
        });
    }

    /// Lets a fork act with its client transaction at hand.
    fn with_fork<T>(
        &mut self,
        key: &ClientKey,
        now: Instant,
        act: impl FnOnce(&mut super::super::fork::Fork, &Way, &mut Room) -> T,
    ) -> Option<Said<T>> {
        let ClientEntry { machine: ClientMachine::Invite(machine), flow, user: User::Fork(leg, fork), .. } =
            &mut **self.clients.get_mut(key)?
        else {
            return None;
        };
        let mut orders = Vec::new();
        let way = Way { key, leg: *leg, invite: machine.request(), flow: *flow };
        let mut room = Room { now, rng: &mut self.rng, settings: &self.settings, cookie: &self.cookie, orders: &mut orders };
        let said = act(fork, &way, &mut room);
        let leg = *leg;
        if let Some(client) = self.clients.get(key) {
            self.deadlines.set(Timer::Client(key.clone()), client.deadline());
        }
        Some(Said { leg, said, orders })
    }

    /// Carries out what a fork ordered, then tells its leg what became of it.
    fn fork_said(&mut self, key: &ClientKey, said: Option<Said<Option<Outcome>>>, now: Instant, out: &mut Vec<Output>) {
        let Some(Said { leg, said: outcome, orders }) = said else { return };
        self.carry_out(orders, now, out);
        let Some(outcome) = outcome else { return };
        self.with_leg(leg, now, out, |leg, room| {
            let next = match leg {
                Leg::Out(call) => call.forked(key, outcome, room),
                Leg::Session(_) => Next::Same,
            };
            if let Next::Answered(session) = next {
                *leg = Leg::Session(session);
            }
        });
    }
}
