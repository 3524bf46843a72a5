//! Images of legs and bindings for a restart: whose are out of date, how one is taken, and how it is brought back. A leg is kept with the
//! transactions that are its own; those of nobody (REGISTER, OPTIONS, refusals) are not: who asked asks again.

use super::super::transaction::{ClientKey, ServerKey};
use super::super::{BindingsImage, Changed, LegImage, Output};
use super::flows::Way;
use super::transactions::{ClientEntry, ServerEntry};
use super::{Endpoint, Leg, Timer};
use crate::base::limits::{LEG_TRANSACTIONS_KEPT_MAX, LEGS_MAX};
use crate::base::{AgentId, Instant, LegId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, VecDeque};

/// The transactions of one leg, the newest of them.
#[derive(Default)]
pub(super) struct Threads {
    servers: VecDeque<ServerKey>,
    clients: VecDeque<ClientKey>,
}

/// A leg as it is written.
#[derive(Serialize)]
struct Keeping<'a> {
    leg: &'a Leg,
    servers: Vec<(&'a ServerKey, &'a ServerEntry)>,
    clients: Vec<(&'a ClientKey, &'a ClientEntry)>,
}

/// A leg as it is read.
#[derive(Deserialize)]
struct Kept {
    leg: Leg,
    servers: Vec<(ServerKey, ServerEntry)>,
    clients: Vec<(ClientKey, ClientEntry)>,
}

/// The newest stays, the oldest is forgotten.
fn note<T>(keys: &mut VecDeque<T>, key: T) {
    if keys.len() == LEG_TRANSACTIONS_KEPT_MAX {
        keys.pop_front();
    }
    keys.push_back(key);
}

impl Endpoint {
    /// Legs and agents whose images are out of date since this was asked last. Marked by what was done to them; a message that is merely
    /// repeated changes nothing.
    pub fn take_changed(&mut self) -> Changed {
        std::mem::take(&mut self.changed)
    }

    /// What a restart needs of a leg; `None` for one that is gone.
    #[must_use]
    pub fn leg_image(&self, id: LegId) -> Option<LegImage> {
        let leg = self.legs.get(&id)?;
        let threads = self.threads.get(&id);
        // What the leg waits for is kept, however many came after it.
        let servers: BTreeSet<&ServerKey> = threads.iter().flat_map(|threads| &threads.servers).chain(leg.answers()).collect();
        let clients: BTreeSet<&ClientKey> = threads.iter().flat_map(|threads| &threads.clients).chain(leg.forks()).collect();
        let keeping = Keeping {
            leg,
            servers: servers.into_iter().filter_map(|key| Some((key, &**self.servers.get(key)?))).collect(),
            clients: clients.into_iter().filter_map(|key| Some((key, &**self.clients.get(key)?))).collect(),
        };
        Some(LegImage(rmp_serde::to_vec_named(&keeping).expect("a leg's state is maps, lists, texts and numbers")))
    }

    /// The contacts of an agent, as a restart needs them; empty when there is none.
    #[must_use]
    pub fn bindings_image(&self, agent: &AgentId) -> BindingsImage {
        BindingsImage(self.bindings(agent).to_vec())
    }

    /// Brings a leg back with its transactions; deadlines that have passed fall due at once. False, and nothing done, when the image
    /// cannot be used: unreadable, of another leg, or one that is here already.
    pub fn restore_leg(&mut self, id: LegId, image: LegImage, _now: Instant) -> bool {
        let Ok(Kept { mut leg, servers, clients }) = rmp_serde::from_slice(&image.0) else { return false };
        let known = self.legs.contains_key(&id) || self.dialogs.contains_key(&leg.dialog());
        if leg.id() != id || leg.is_over() || known || self.legs.len() >= self.limits.legs {
            return false;
        }
        if let Leg::Session(session) = &mut leg {
            session.dialog.skip_numbers();
        }
        if id.0 % 2 == 1 {
            self.next_leg = self.next_leg.max(id.0 + 2);
        }
        self.dialogs.insert(leg.dialog(), id);
        self.keep_leg(id, leg, Way::default());
        for (key, entry) in servers {
            self.restore_server(id, key, entry);
        }
        for (key, entry) in clients {
            self.restore_client(id, key, entry);
        }
        true
    }

    fn restore_server(&mut self, leg: LegId, key: ServerKey, entry: ServerEntry) {
        if self.servers.contains_key(&key) {
            return;
        }
        if let Some(identity) = &entry.seen_as {
            self.seen.insert(identity.clone(), key.clone());
        }
        self.deadlines.set(Timer::Server(key.clone()), entry.machine.deadline());
        self.servers.insert(key.clone(), Box::new(entry));
        self.served_by(leg, &key);
    }

    fn restore_client(&mut self, leg: LegId, key: ClientKey, entry: ClientEntry) {
        if entry.leg() != Some(leg) || self.clients.contains_key(&key) {
            return;
        }
        self.deadlines.set(Timer::Client(key.clone()), entry.deadline());
        self.begin_client(key.clone(), entry);
        self.asked_by(leg, &key);
    }

    /// Brings the contacts of an agent back, in place of what is known of him. Those that ended meanwhile, and those of an agent who is
    /// no more, fall due at once: their `Unregistered` comes with the next time-out.
    pub fn restore_bindings(&mut self, agent: &AgentId, image: BindingsImage, _now: Instant) {
        self.registrar.restore(agent, image.0, &self.settings);
        let known = self.settings.accounts.contains_key(agent);
        let deadline = self.registrar.deadline(agent.as_str()).map(|deadline| if known { deadline } else { Instant::START });
        self.deadlines.set(Timer::Agent(agent.clone()), deadline);
    }

    /// Asks the peer of a leg that is up whether it is still there: UPDATE without a body where it allows that, else a re-INVITE with the
    /// last SDP that we sent. Refused with 481 or 408, or not answered in 32 s: `Released` with `PeerGone`. A leg that is not up is asked
    /// nothing: its own requests and time-outs tell.
    pub fn recheck(&mut self, leg: LegId, now: Instant, out: &mut Vec<Output>) {
        self.rejoin(leg, now, out);
        self.with_leg(leg, now, out, |leg, room| {
            if let Leg::Session(session) = leg {
                session.recheck(room);
            }
        });
    }

    /// The number that the next call in gets; odd.
    #[must_use]
    pub fn next_leg(&self) -> u64 {
        self.next_leg
    }

    /// Goes on counting from `next`, so that no leg's number is used twice over a restart. Never backwards.
    pub fn set_next_leg(&mut self, next: u64) {
        self.next_leg = self.next_leg.max(next | 1);
    }

    /// A leg is to be kept anew.
    pub(super) fn touch(&mut self, leg: LegId) {
        // Nobody asks in a tool or a test: then those that went are forgotten.
        if self.changed.legs.len() >= 2 * LEGS_MAX {
            let legs = &self.legs;
            self.changed.legs.retain(|leg| legs.contains_key(leg));
        }
        self.changed.legs.insert(leg);
    }

    pub(super) fn touch_agent(&mut self, agent: &AgentId) {
        if !self.changed.agents.contains(agent) {
            self.changed.agents.insert(agent.clone());
        }
    }

    pub(super) fn touch_refreshed(&mut self, agent: &AgentId) {
        if !self.changed.refreshed.contains(agent) {
            self.changed.refreshed.insert(agent.clone());
        }
    }

    /// A leg that lives answers in this transaction.
    pub(super) fn served_by(&mut self, leg: LegId, key: &ServerKey) {
        if let Some(server) = self.servers.get_mut(key).filter(|_| self.legs.contains_key(&leg)) {
            server.leg = Some(leg);
            note(&mut self.threads.entry(leg).or_default().servers, key.clone());
        }
    }

    /// A leg that lives asked in this transaction.
    pub(super) fn asked_by(&mut self, leg: LegId, key: &ClientKey) {
        if self.legs.contains_key(&leg) {
            note(&mut self.threads.entry(leg).or_default().clients, key.clone());
        }
    }

    pub(super) fn server_ended(&mut self, key: &ServerKey, entry: &ServerEntry) {
        if let Some(threads) = entry.leg.and_then(|leg| self.threads.get_mut(&leg)) {
            threads.servers.retain(|known| known != key);
        }
    }

    pub(super) fn client_ended(&mut self, key: &ClientKey, entry: &ClientEntry) {
        self.flows.ended(entry.flow, entry.number_on_flow);
        if let Some(threads) = entry.leg().and_then(|leg| self.threads.get_mut(&leg)) {
            threads.clients.retain(|known| known != key);
        }
    }
}
