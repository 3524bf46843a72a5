//! Copies that somebody orders for one call, or has end, whatever the configuration has: how it was ordered lives as long as the call.

use super::Switch;
use super::errand::{Granted, refused};
use crate::base::{CallId, Instant};
use crate::config::CopiedCalls;
use serde::{Deserialize, Serialize};

/// What was ordered last of a call's copies.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum CopyOrder {
    /// To these servers, by their ids.
    To(Vec<String>),
    /// None.
    Ended,
}

impl CopyOrder {
    pub fn names(&self, server: &str) -> bool {
        match self {
            Self::To(servers) => servers.iter().any(|one| one == server),
            Self::Ended => false,
        }
    }
}

impl Switch {
    /// `server`: that one alone; else those that take copies on demand.
    pub(super) fn begin_copy(&mut self, call: CallId, server: Option<&str>, now: Instant) -> Granted {
        let servers = &self.config.recording_servers;
        let on_demand = servers.iter().filter(|one| one.calls.contains(&CopiedCalls::OnDemand));
        let wanted: Vec<String> = match server {
            Some(server) => servers.iter().filter(|one| one.id == server).map(|one| one.id.clone()).collect(),
            None => on_demand.map(|one| one.id.clone()).collect(),
        };
        if wanted.is_empty() {
            let why = match server {
                Some(server) => format!("there is no recording server {server}"),
                None => "no recording server takes copies on demand".to_owned(),
            };
            return Err(refused(404, why));
        }
        if self.is_copied(call) {
            return Err(refused(409, "a server has the call's copy already, or is being tried"));
        }
        let Some(slot) = self.slots.get_mut(&call).filter(|slot| slot.media.records()) else {
            return Err(refused(409, "the call is not on record now"));
        };
        slot.copy_order = Some(CopyOrder::To(wanted));
        self.touched.insert(super::Key::Slot(call));
        self.copy_begins(call, now);
        Ok(())
    }

    pub(super) fn end_copy(&mut self, call: CallId, by: &str, now: Instant) -> Granted {
        if !self.is_copied(call) {
            return Err(refused(409, "no server has a copy of the call"));
        }
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.copy_order = Some(CopyOrder::Ended);
        }
        self.touched.insert(super::Key::Slot(call));
        self.copy_is_unwanted(call, by, now);
        Ok(())
    }
}
