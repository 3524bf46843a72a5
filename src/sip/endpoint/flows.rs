//! What hangs on each flow, so that the end of one is felt by those alone who use it; and the way back to phones that a restart cut off.

use super::super::transaction::ClientKey;
use super::super::{Event, Flow, Output};
use super::{Endpoint, Leg};
use crate::base::{AgentId, Instant, LegId};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// How a leg holds on to its phone; nothing for one over UDP, which needs no connection.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Way {
    pub connection: Option<Flow>,
    /// After a restart the phone is asked after, and may come back on another connection.
    pub is_unheard: bool,
}

impl Way {
    fn seeks_at(self) -> Option<IpAddr> {
        self.connection.filter(|_| self.is_unheard).map(|flow| flow.peer.ip())
    }
}

#[derive(Default)]
pub(super) struct Flows {
    /// Requests of ours, over any transport: they get no answer when the flow fails.
    clients: BTreeMap<Flow, BTreeMap<u64, ClientKey>>,
    begun: u64,
    /// Dialogs, over TCP: they keep the connection open.
    dialogs: BTreeMap<Flow, usize>,
}

impl Flows {
    /// Gives the number by which it is to be told that the request has ended.
    pub fn begun(&mut self, flow: Flow, key: ClientKey) -> u64 {
        self.begun += 1;
        self.clients.entry(flow).or_default().insert(self.begun, key);
        self.begun
    }

    pub fn ended(&mut self, flow: Flow, number: u64) {
        if let Some(keys) = self.clients.get_mut(&flow) {
            keys.remove(&number);
            if keys.is_empty() {
                self.clients.remove(&flow);
            }
        }
    }

    /// A dialog came to, left, or changed its connection.
    fn moved(&mut self, from: Option<Flow>, to: Option<Flow>) {
        if let Some(count) = from.and_then(|from| self.dialogs.get_mut(&from)) {
            *count -= 1;
        }
        if let Some(from) = from.filter(|from| self.dialogs.get(from) == Some(&0)) {
            self.dialogs.remove(&from);
        }
        if let Some(to) = to {
            *self.dialogs.entry(to).or_default() += 1;
        }
    }

    pub fn waiting(&self, flow: Flow) -> Vec<ClientKey> {
        self.clients.get(&flow).into_iter().flat_map(BTreeMap::values).cloned().collect()
    }

    pub fn is_used(&self, flow: Flow) -> bool {
        self.clients.contains_key(&flow) || self.dialogs.contains_key(&flow)
    }
}

impl Endpoint {
    /// Whom requests that wait on this flow were for is told of, where it is an agent's phone; of carriers their own events tell.
    pub(super) fn no_tls(&mut self, flow: Flow, why: &str, out: &mut Vec<Output>) {
        let legs = self.flows.waiting(flow).into_iter().filter_map(|key| self.clients.get(&key)?.leg());
        let agents: BTreeSet<AgentId> = legs.filter_map(|leg| self.legs.get(&leg)?.account().cloned()).collect();
        for agent in agents {
            out.push(Output::Event(Event::PhoneTlsFailed { agent, flow, why: why.to_owned() }));
        }
    }

    /// A leg has another connection, or another need of it.
    pub(super) fn moved(&mut self, id: LegId, from: Way, to: Way) {
        if from == to {
            return;
        }
        self.flows.moved(from.connection, to.connection);
        if let Some(ip) = from.seeks_at() {
            self.cut_off.remove(&(ip, id));
        }
        if let Some(ip) = to.seeks_at() {
            self.cut_off.insert((ip, id));
        }
    }

    /// A phone registered over a connection: its legs that were cut off go on there.
    pub(super) fn rejoin_all(&mut self, flow: Flow, now: Instant, out: &mut Vec<Output>) {
        let ip = flow.peer.ip();
        let legs: Vec<LegId> = self.cut_off.range((ip, LegId(0))..=(ip, LegId(u64::MAX))).map(|(_, leg)| *leg).collect();
        for leg in legs {
            self.rejoin(leg, now, out);
        }
    }

    /// Moves a leg whose connection is gone to one that the same phone registered by. The same phone: its contact has the user and host
    /// of the dialog's remote target, and it comes from the same address. Another connection from that address may be another phone's
    /// behind the same NAT, whose 481 would end the call.
    pub(super) fn rejoin(&mut self, id: LegId, now: Instant, out: &mut Vec<Output>) {
        let Some(Leg::Session(session)) = self.legs.get(&id) else { return };
        let lost = session.dialog.flow;
        if !lost.protocol.is_stream() || self.streams.contains_key(&lost) {
            return;
        }
        let found =
            self.registrar.at(lost).find(|binding| session.dialog.is_with(&binding.uri) && self.streams.contains_key(&binding.flow));
        if let Some(flow) = found.map(|binding| binding.flow) {
            self.with_leg(id, now, out, |leg, room| {
                if let Leg::Session(session) = leg {
                    session.rejoined(flow, room);
                }
            });
        }
    }
}
