//! Calls that a phone sends on (302): followed where the configuration wants it, to numbers that its agent could dial himself, and not in
//! circles. A queue's caller is never sent on by an agent's phone: to the queue it has refused him.

use super::Switch;
use super::directory::Role;
use super::output::Detail;
use super::routing::{Routed, route};
use super::slot::Purpose;
use crate::base::limits::DIVERSIONS_MAX;
use crate::base::{AgentId, CallId, Instant};
use crate::config::{Destination, Forwarding};
use crate::sip::{Diverted, Origin};

impl Switch {
    /// The phone of the agent who is called, and of nobody's queue, says where else its agent is. False when the caller is not sent there.
    pub(super) fn follows(&mut self, call: CallId, to: &[String], (rang, why): (bool, Option<&str>), now: Instant) -> bool {
        let Some(slot) = self.slots.get(&call) else { return false };
        let Purpose::Party(_) = &slot.purpose else { return false };
        let (Some(by), true) = (slot.callee_agent.clone(), slot.made.is_none()) else { return false };
        if slot.diverted.len() >= DIVERSIONS_MAX {
            return false;
        }
        let Some((number, destination)) = to.iter().find_map(|number| Some((number.clone(), self.leads_on(call, &by, number, now)?)))
        else {
            return false;
        };
        let reason = why.unwrap_or(if rang { "deflection" } else { "unconditional" });
        tracing::info!(%call, %by, "a phone sends its caller on");
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.diverted.push(Diverted { from: by.to_string(), reason: reason.to_owned() });
            slot.call.record_mut().diverted.clone_from(&slot.diverted);
            slot.callee_agent = None;
        }
        let text = |text: &str| Detail::Text(text.to_owned());
        let detail = vec![("by", text(by.as_str())), ("to", text(&number)), ("reason", text(reason))];
        self.publish("call.forwarded", Some(call), now, detail);
        self.disengage(&by, call, Role::Callee, now);
        self.go_to(call, &destination, now);
        true
    }

    /// Where that number leads, if the agent's phone may send callers there and none was there before.
    fn leads_on(&self, call: CallId, by: &AgentId, number: &str, now: Instant) -> Option<Destination> {
        let slot = self.slots.get(&call)?;
        let was_there = number == by.as_str()
            || slot.caller_agent.as_ref().is_some_and(|caller| caller.as_str() == number)
            || slot.diverted.iter().any(|one| one.from == number);
        if was_there || self.config.sip.forwarding == Forwarding::Off {
            return None;
        }
        let Routed::To(destination, _) = route(&self.config, number, &Origin::Account(by.clone()), self.at(now)) else { return None };
        let destination = match destination {
            Destination::Agent(_) | Destination::Message(_) => destination,
            // A pattern of the route: the number that the phone said.
            Destination::Trunk(mut trunk) if self.config.sip.forwarding == Forwarding::Routes => {
                trunk.number.get_or_insert(number.to_owned());
                Destination::Trunk(trunk)
            }
            other if self.config.sip.forwarding == Forwarding::Routes => other,
            _ => return None,
        };
        let free = self.purpose_of(&destination, number, slot.caller_agent.as_ref()).is_ok();
        free.then_some(destination)
    }
}
