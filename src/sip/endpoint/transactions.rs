//! The endpoint's entries of transactions: a machine, the way its messages go, and whose it is.

use super::super::Flow;
use super::super::msg::{Method, Response};
use super::super::order::User;
use super::super::transaction::client::Client;
use super::super::transaction::client_invite::ClientInvite;
use super::super::transaction::server::Server;
use super::super::transaction::server_invite::ServerInvite;
use super::super::transaction::{ClientAction, ClientEvent, ServerAction, ServerEvent};
use super::Identity;
use crate::base::bytes;
use crate::base::{Instant, LegId, Machine};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Serialize, Deserialize)]
pub(super) struct ServerEntry {
    pub machine: ServerMachine,
    pub back: Flow,
    /// The leg that answers.
    #[serde(skip)]
    pub leg: Option<LegId>,
    pub seen_as: Option<Identity>,
    /// The 100 of an INVITE, until it is sent.
    #[serde(skip)]
    pub trying: Option<Box<Response>>,
}

#[derive(Serialize, Deserialize)]
pub(super) enum ServerMachine {
    Invite(ServerInvite),
    Other(Server),
}

impl ServerMachine {
    pub fn handle(&mut self, event: ServerEvent, now: Instant, out: &mut Vec<ServerAction>) {
        match self {
            Self::Invite(machine) => machine.handle(event, now, out),
            Self::Other(machine) => machine.handle(event, now, out),
        }
    }

    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<ServerAction>) {
        match self {
            Self::Invite(machine) => machine.handle_timeout(now, out),
            Self::Other(machine) => machine.handle_timeout(now, out),
        }
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Invite(machine) => machine.deadline(),
            Self::Other(machine) => machine.deadline(),
        }
    }

    pub fn is_over(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_over(),
            Self::Other(machine) => machine.is_over(),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ClientEntry {
    pub machine: ClientMachine,
    pub flow: Flow,
    pub user: User,
    pub method: Method,
    pub number: u32,
    /// ACKs to its 2xx, by To tag: sent again when a 2xx comes again, whatever became of the leg.
    pub acks: BTreeMap<String, Ack>,
    /// A re-INVITE that only ever got provisional responses is given up.
    pub limit_at: Option<Instant>,
    /// Its place among the requests of its flow.
    #[serde(skip)]
    pub number_on_flow: u64,
}

/// An ACK to a 2xx, as it was sent.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Ack {
    pub flow: Flow,
    #[serde(with = "bytes")]
    pub wire: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
pub(super) enum ClientMachine {
    Invite(ClientInvite),
    Other(Client),
}

impl ClientMachine {
    pub fn handle(&mut self, event: ClientEvent, now: Instant, out: &mut Vec<ClientAction>) {
        match self {
            Self::Invite(machine) => machine.handle(event, now, out),
            Self::Other(machine) => machine.handle(event, now, out),
        }
    }

    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<ClientAction>) {
        match self {
            Self::Invite(machine) => machine.handle_timeout(now, out),
            Self::Other(machine) => machine.handle_timeout(now, out),
        }
    }

    pub fn is_over(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_over(),
            Self::Other(machine) => machine.is_over(),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Invite(machine) => machine.deadline(),
            Self::Other(machine) => machine.deadline(),
        }
    }
}

impl ClientEntry {
    pub fn deadline(&self) -> Option<Instant> {
        let fork = match &self.user {
            User::Fork(_, fork) => fork.deadline(),
            User::Nobody | User::Aside(_) | User::Session(_) | User::Watch(_) | User::Text(_) | User::Registration(_) | User::Ping(..) => {
                None
            }
        };
        [self.machine.deadline(), fork, self.limit_at].into_iter().flatten().min()
    }

    /// The leg whose request it is.
    pub fn leg(&self) -> Option<LegId> {
        match self.user {
            User::Nobody | User::Watch(_) | User::Text(_) | User::Registration(_) | User::Ping(..) => None,
            User::Aside(leg) | User::Session(leg) | User::Fork(leg, _) => Some(leg),
        }
    }

    /// Whether nobody waits any longer for the final response.
    pub fn is_to_be_abandoned(&self, now: Instant) -> bool {
        let fork_gives_up = matches!(&self.user, User::Fork(_, fork) if fork.gives_up(now));
        fork_gives_up || self.limit_at.is_some_and(|limit_at| limit_at <= now)
    }
}
