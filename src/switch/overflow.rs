//! Where a caller goes whom his queue does not take, or not any longer: along the queue's chain, to the first destination that takes him.

use super::Switch;
use super::output::Detail;
use super::slot::{Purpose, Turned};
use crate::acd::Refusal;
use crate::base::{CallId, Instant, QueueId};
use crate::call::record::Outcome;
use crate::config::{Destination, OverflowCause};
use serde::{Deserialize, Serialize};

/// How far a caller has come on a queue's chain. It stands as long as he may have to go further: somebody who is called may not answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Overflow {
    from: QueueId,
    why: Why,
    /// Of the chain, what is to be tried next.
    next: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Why {
    Full,
    NobodyLoggedOn,
    NobodyReady,
    /// The configuration has no such queue any more.
    Gone,
    /// He has waited as long as the queue has anybody wait.
    Expired,
}

impl From<Refusal> for Why {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Full => Self::Full,
            Refusal::NobodyLoggedOn => Self::NobodyLoggedOn,
            Refusal::NobodyReady => Self::NobodyReady,
            Refusal::Unknown => Self::Gone,
        }
    }
}

impl Why {
    const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::NobodyLoggedOn => "nobody-logged-on",
            Self::NobodyReady => "nobody-ready",
            Self::Gone => "gone",
            Self::Expired => "expired",
        }
    }

    /// Which of the queue's chains.
    const fn cause(self) -> OverflowCause {
        match self {
            Self::Full | Self::Gone => OverflowCause::Full,
            Self::NobodyLoggedOn | Self::NobodyReady => OverflowCause::Nobody,
            Self::Expired => OverflowCause::Expired,
        }
    }

    /// For who is taken by nobody.
    const fn refusal(self) -> (u16, &'static str) {
        match self {
            Self::Full => (486, "the queue is full"),
            Self::NobodyLoggedOn => (480, "nobody of the queue is logged on"),
            Self::NobodyReady => (480, "nobody of the queue is ready"),
            Self::Gone => (404, "the queue is gone"),
            Self::Expired => (480, "the longest wait of the queue is over"),
        }
    }
}

impl Switch {
    /// The queue does not take the caller, or not any longer: he goes along its chain, and is turned away at its end.
    pub(super) fn overflow(&mut self, call: CallId, from: QueueId, why: Why, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        slot.overflow = Some(Overflow { from, why, next: 0 });
        let name = if why == Why::Expired { "queue.expired" } else { "queue.refused" };
        self.publish(name, Some(call), now, vec![("why", Detail::Text(why.name().to_owned()))]);
        let (code, cause) = why.refusal();
        self.turn_away(call, code, Outcome::Refused, cause, now);
    }

    /// Sends the caller to the next destination of his chain that takes him; false when there is none, or he is on no chain.
    pub(super) fn goes_further(&mut self, call: CallId, now: Instant) -> bool {
        while let Some((to, from, why)) = self.next_of_chain(call) {
            if !self.takes(call, &to) {
                continue;
            }
            let may_fail = matches!(to, Destination::Agent(_) | Destination::Trunk(_));
            if let Some(slot) = self.slots.get_mut(&call).filter(|_| !may_fail) {
                slot.overflow = None;
            }
            let text = |text: &str| Detail::Text(text.to_owned());
            let detail = vec![("from", text(from.as_str())), ("to", text(&to.to_string())), ("why", text(why.name()))];
            self.publish("call.diverted", Some(call), now, detail);
            let (_, cause) = why.refusal();
            if let Destination::Reject(code) = to {
                self.turn_away(call, code, Outcome::Refused, cause, now);
            } else {
                self.go_to(call, &to, now);
            }
            if let Some(Purpose::Play { turned, .. }) = self.slots.get_mut(&call).map(|slot| &mut slot.purpose) {
                turned.get_or_insert(Turned { outcome: Outcome::Refused, cause: cause.to_owned() });
            }
            return true;
        }
        false
    }

    /// Who hangs up while he hears that nobody takes him was turned away all the same.
    pub(super) fn settle_outcome(&mut self, call: CallId) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        if let Purpose::Play { turned: Some(Turned { outcome, .. }), .. } = &slot.purpose {
            let outcome = if slot.call.was_connected() { Outcome::Answered } else { *outcome };
            slot.call.record_mut().outcome = Some(outcome);
        }
        // Who hears a recording hangs up when he has heard enough.
        if matches!(&slot.purpose, Purpose::Replay(replayer) if replayer.of.is_some()) {
            slot.call.record_mut().outcome = Some(Outcome::Played);
        }
    }

    /// What is tried next. The chain is as the configuration has it now.
    fn next_of_chain(&mut self, call: CallId) -> Option<(Destination, QueueId, Why)> {
        let slot = self.slots.get_mut(&call)?;
        let Overflow { from, why, next } = slot.overflow.as_mut()?;
        let chain = self.config.queues.get(from).map(|queue| queue.overflow.chain(why.cause())).unwrap_or_default();
        let Some(to) = chain.get(*next).cloned() else {
            slot.overflow = None;
            return None;
        };
        *next += 1;
        Some((to, from.clone(), *why))
    }

    pub(super) fn takes(&mut self, call: CallId, to: &Destination) -> bool {
        let Some(slot) = self.slots.get(&call) else { return false };
        match to {
            Destination::Queue(queue) => self.acd.refusal(queue, &slot.asks).is_none(),
            Destination::Reject(_) => true,
            Destination::Message(id) => self.config.boxes.contains_key(id) && !self.boxes.is_full(id),
            to => self.purpose_of(to, &slot.call.record().called, slot.caller_agent.as_ref()).is_ok(),
        }
    }
}
