//! Registrations of proven agents, on their way to the registrar and back (RFC 3261 §10.3).

use super::super::Output;
use super::super::dialog::is_behind_nat;
use super::super::msg::Method;
use super::super::order::Asked;
use super::super::registrar::Effect;
use super::{Endpoint, Registered, Timer};
use crate::base::{AgentId, Instant};

impl Endpoint {
    /// A REGISTER; the agent is proven.
    pub(super) fn registered_by(&mut self, agent: &AgentId, asked: &Asked, now: Instant, out: &mut Vec<Output>) {
        let mut events = Vec::new();
        let way = (asked.flow, is_behind_nat(&asked.request, asked.flow));
        let (mut response, effect) = self.registrar.register(agent, &asked.request, way, &self.settings, now, &mut events);
        if response.code == 200 {
            response.tag_to(&self.rng.hex(8));
            self.respond(&asked.key, response, now, out);
            self.registered_anew(agent, asked);
        } else {
            self.refuse(asked, response, now, out);
        }
        if effect == Effect::Refreshed {
            self.deadlines.set(Timer::Agent(agent.clone()), self.registrar.deadline(agent.as_str()));
            self.touch_refreshed(agent);
            out.extend(events.into_iter().map(Output::Event));
        } else {
            self.registrations(events, out);
        }
        if effect == Effect::Changed {
            self.light_unasked(agent, vec![asked.flow], now, out);
        }
        if asked.flow.protocol.is_stream() {
            self.rejoin_all(asked.flow, now, out);
        }
    }

    /// A phone that registers again has the answer to its REGISTER before: it asks one at a time (§10.2), so that the one before is not
    /// asked again. Its transaction ends, lest those of phones that register often pile up for 32 s each.
    fn registered_anew(&mut self, agent: &AgentId, asked: &Asked) {
        let Some(identity) = self.servers.get(&asked.key).and_then(|server| server.seen_as.as_ref()) else { return };
        let registered = Registered { agent: agent.clone(), number: asked.request.cseq().0, key: asked.key.clone() };
        if let Some(before) = self.last_registers.insert(identity.0.clone(), registered)
            && before.agent == *agent
            && before.number < asked.request.cseq().0
        {
            self.forget_server(&before.key);
        }
    }

    /// Whether a REGISTER is of a time before the agent's last: the network brought it twice, and so late.
    pub(super) fn is_outrun(&self, asked: &Asked, agent: &AgentId) -> bool {
        let last = self.last_registers.get(asked.request.call_id()).filter(|_| asked.request.method == Method::Register);
        last.is_some_and(|last| last.agent == *agent && asked.request.cseq().0 < last.number)
    }
}
