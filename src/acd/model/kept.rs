//! The images as a store has them: taken now and then, of what changed.

use super::super::*;
use crate::base::Rng;
use std::collections::BTreeMap;

#[derive(Default)]
pub(super) struct Kept {
    agents: BTreeMap<AgentId, Vec<u8>>,
    pub calls: BTreeMap<CallId, Vec<u8>>,
    figures: Vec<u8>,
}

fn packed(image: &impl serde::Serialize) -> Vec<u8> {
    rmp_serde::to_vec_named(image).expect("an image is written")
}

fn unpacked<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> T {
    rmp_serde::from_slice(bytes).expect("an image reads back")
}

impl Kept {
    pub(super) fn keep(&mut self, acd: &mut Acd) {
        let changed = acd.take_changed();
        for id in changed.agents {
            match acd.agent_image(&id) {
                Some(image) => self.agents.insert(id, packed(&image)),
                None => self.agents.remove(&id),
            };
        }
        for call in changed.calls {
            match acd.call_image(call) {
                Some(image) => self.calls.insert(call, packed(&image)),
                None => self.calls.remove(&call),
            };
        }
        if changed.figures {
            self.figures = packed(&acd.figures_image());
        }
    }

    /// In an order of chance.
    pub(super) fn restore(&self, acd: &mut Acd, rng: &mut Rng) {
        let parts = self.agents.len() + self.calls.len() + 1;
        let mut order: Vec<usize> = (0..parts).collect();
        order.sort_by_cached_key(|_| rng.next_u64());
        for part in order {
            if let Some((id, image)) = self.agents.iter().nth(part) {
                acd.restore_agent(id, unpacked(image));
            } else if let Some((call, image)) = self.calls.iter().nth(part - self.agents.len()) {
                acd.restore_call(*call, unpacked(image));
            } else if !self.figures.is_empty() {
                acd.restore_figures(unpacked(&self.figures));
            }
        }
    }

    pub(super) fn lose_some(&mut self, rng: &mut Rng) {
        self.agents.retain(|_, _| !rng.one_in(4));
        self.calls.retain(|_, _| !rng.one_in(4));
        if rng.one_in(2) {
            self.figures.clear();
        }
    }
}
