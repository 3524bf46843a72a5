//! Messages that were left, by box: which are heard, which wait until their owner is out of his meeting, which went on to his superior, and
//! who of a team listens to one at present. Their sound is in the calls' recordings; whose lamps are lit follows from here.

use crate::base::limits::MESSAGES_PER_BOX_MAX;
use crate::base::{AgentId, BoxId, CallId, Duration, Timestamp};
use crate::config::{BoxOwner, Config};
use crate::rules::answers::Question;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A word that a caller left. It is named by its call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Message {
    pub call: CallId,
    pub caller: String,
    /// When it was over.
    pub left_at: Timestamp,
    /// Where it is in the call's recording.
    pub offset: Duration,
    pub duration: Duration,
    /// When its owner was told; `None` while he is in a meeting.
    pub delivered_at: Option<Timestamp>,
    pub escalated_at: Option<Timestamp>,
    pub heard_at: Option<Timestamp>,
    pub heard_by: Option<String>,
    /// What was asked and answered, in order; none: it is one word.
    #[serde(default)]
    pub parts: Vec<MessagePart>,
    /// Who of its readers listens to it: no other need. Not kept: his call has it again when it goes on after a restart.
    #[serde(skip)]
    pub taken_by: Option<AgentId>,
}

/// The answer to one question.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MessagePart {
    pub question: Question,
    /// Where it is in the call's recording.
    pub offset: Duration,
    pub duration: Duration,
    /// Where he is to be called back, in keys, or the number that he called from.
    pub number: Option<String>,
    /// Whether there is a word to be heard.
    pub spoken: bool,
}

impl Message {
    fn is_waited_for(&self) -> bool {
        self.delivered_at.is_some() && self.heard_at.is_none()
    }

    fn went_on(&self) -> bool {
        self.is_waited_for() && self.escalated_at.is_some()
    }

    /// No other agent listens to it.
    pub fn is_free_for(&self, agent: &AgentId) -> bool {
        self.taken_by.as_ref().is_none_or(|by| by == agent)
    }
}

/// Messages that wait to be listened to, and those that were: what a lamp shows.
pub type Lamp = (u32, u32);

#[derive(Debug, Default)]
pub struct Boxes {
    /// Each in order of arrival.
    boxes: BTreeMap<BoxId, Vec<Message>>,
}

impl Boxes {
    /// What was kept of a box.
    pub fn restore(&mut self, id: BoxId, messages: Vec<Message>) {
        self.boxes.insert(id, messages);
    }

    #[must_use]
    pub fn of(&self, id: &BoxId) -> &[Message] {
        self.boxes.get(id).map_or(&[], Vec::as_slice)
    }

    /// All of them, newest first within each box.
    pub fn all(&self) -> impl Iterator<Item = (&BoxId, &Message)> {
        self.boxes.iter().flat_map(|(id, messages)| messages.iter().rev().map(move |message| (id, message)))
    }

    /// It has room for no more: nobody has listened to any of so many.
    #[must_use]
    pub fn is_full(&self, id: &BoxId) -> bool {
        let messages = self.of(id);
        messages.len() >= MESSAGES_PER_BOX_MAX && messages.iter().all(|message| message.heard_at.is_none())
    }

    /// Of a box with many the oldest goes that was heard, and is given back. None that was not goes: who had room when he came has it.
    pub fn keep(&mut self, id: &BoxId, message: Message) -> Option<Message> {
        let messages = self.boxes.entry(id.clone()).or_default();
        let heard = messages.iter().position(|message| message.heard_at.is_some()).filter(|_| messages.len() >= MESSAGES_PER_BOX_MAX);
        let gone = heard.map(|place| messages.remove(place));
        messages.push(message);
        gone
    }

    #[must_use]
    pub fn find(&self, call: CallId) -> Option<(&BoxId, &Message)> {
        self.all().find(|(_, message)| message.call == call)
    }

    fn find_mut(&mut self, call: CallId) -> Option<(&BoxId, &mut Message)> {
        self.boxes.iter_mut().find_map(|(id, messages)| Some((id, messages.iter_mut().find(|message| message.call == call)?)))
    }

    /// An agent listens to it now; false when another does, or it is gone.
    pub fn take(&mut self, call: CallId, by: &AgentId) -> bool {
        let Some((_, message)) = self.find_mut(call) else { return false };
        message.taken_by.get_or_insert_with(|| by.clone()) == by
    }

    /// He listens to nothing any longer; gives the boxes of what he had.
    pub fn give_back(&mut self, by: &AgentId) -> Vec<BoxId> {
        let mut given = Vec::new();
        for (id, messages) in &mut self.boxes {
            let his = messages.iter_mut().filter_map(|message| message.taken_by.take_if(|taken| taken == by)).count();
            given.extend((his > 0).then(|| id.clone()));
        }
        given
    }

    pub fn delete(&mut self, call: CallId) -> Option<BoxId> {
        let (id, messages) = self.boxes.iter_mut().find(|(_, messages)| messages.iter().any(|message| message.call == call))?;
        messages.retain(|message| message.call != call);
        Some(id.clone())
    }

    /// The owner of the box can be told: gives what he had not been told of.
    pub fn deliver(&mut self, id: &BoxId, at: Timestamp) -> Vec<CallId> {
        let waiting = self.boxes.get_mut(id).into_iter().flatten().filter(|message| message.delivered_at.is_none());
        waiting
            .map(|message| {
                message.delivered_at = Some(at);
                message.call
            })
            .collect()
    }

    /// Somebody has listened to it; gives its box. Who listens later is not the first.
    pub fn hear(&mut self, call: CallId, by: &str, at: Timestamp) -> Option<(BoxId, bool)> {
        let (id, message) = self.find_mut(call)?;
        let first = message.heard_at.is_none();
        if first {
            (message.heard_at, message.heard_by) = (Some(at), Some(by.to_owned()));
            message.delivered_at.get_or_insert(at);
        }
        Some((id.clone(), first))
    }

    /// Whom a message of the box goes on to.
    pub fn superior<'c>(config: &'c Config, id: &BoxId) -> Option<&'c AgentId> {
        let settings = config.boxes.get(id)?;
        settings.superior.as_ref().or_else(|| match &settings.owner {
            BoxOwner::Agent(owner) => config.agents.get(owner)?.superior.as_ref(),
            BoxOwner::Team(_) => None,
        })
    }

    /// When the next message goes on to its owner's superior.
    #[must_use]
    pub fn escalates_at(&self, config: &Config) -> Option<Timestamp> {
        let after = i64::try_from(config.rules.escalate_after?.as_millis()).unwrap_or(i64::MAX);
        let concerned = self.boxes.iter().filter(|(id, _)| Self::superior(config, id).is_some());
        let waiting =
            concerned.flat_map(|(_, messages)| messages).filter(|message| message.is_waited_for() && message.escalated_at.is_none());
        waiting.filter_map(|message| message.delivered_at).map(|at| Timestamp(at.0.saturating_add(after))).min()
    }

    /// Messages that were delivered and not listened to for so long go on to the superior of their owner.
    pub fn escalate(&mut self, config: &Config, now: Timestamp) -> Vec<(BoxId, CallId, AgentId)> {
        let Some(after) = config.rules.escalate_after else { return Vec::new() };
        let after = i64::try_from(after.as_millis()).unwrap_or(i64::MAX);
        let mut gone = Vec::new();
        for (id, messages) in &mut self.boxes {
            let Some(superior) = Self::superior(config, id) else { continue };
            for message in messages.iter_mut().filter(|message| message.is_waited_for() && message.escalated_at.is_none()) {
                if message.delivered_at.is_some_and(|at| at.0.saturating_add(after) <= now.0) {
                    message.escalated_at = Some(now);
                    gone.push((id.clone(), message.call, superior.clone()));
                }
            }
        }
        gone
    }

    /// What each agent's lamp shows who has a box with a message, or was sent one.
    #[must_use]
    pub fn lamps(&self, config: &Config) -> BTreeMap<AgentId, Lamp> {
        let mut lamps: BTreeMap<AgentId, Lamp> = BTreeMap::new();
        for (id, messages) in &self.boxes {
            let Some(owned) = config.boxes.get(id) else { continue };
            let count =
                |is: &dyn Fn(&Message) -> bool| u32::try_from(messages.iter().filter(|message| is(message)).count()).unwrap_or(u32::MAX);
            let old = count(&|message| message.heard_at.is_some());
            let free_for = |agent, is: fn(&Message) -> bool| count(&|message| is(message) && message.is_free_for(agent));
            let owners: Vec<&AgentId> = match &owned.owner {
                BoxOwner::Agent(owner) => vec![owner],
                BoxOwner::Team(_) => config.agents.values().filter(|agent| owned.is_of(agent)).map(|agent| &agent.id).collect(),
            };
            let superior = Self::superior(config, id).filter(|superior| !owners.contains(superior));
            let shown = owners.into_iter().map(|agent| (agent, free_for(agent, Message::is_waited_for), old));
            for (agent, new, old) in shown.chain(superior.map(|agent| (agent, free_for(agent, Message::went_on), 0))) {
                let lamp = lamps.entry(agent.clone()).or_default();
                *lamp = (lamp.0 + new, lamp.1 + old);
            }
        }
        lamps.retain(|_, lamp| *lamp != (0, 0));
        lamps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;
    use crate::base::time::secs;

    fn message(n: i64, heard: bool) -> Message {
        let at = Timestamp(1_795_000_000_000 + n);
        Message {
            call: CallId::new(at, &mut Rng::new(1)),
            caller: "13800138000".to_owned(),
            left_at: at,
            offset: secs(3),
            duration: secs(10),
            delivered_at: Some(at),
            escalated_at: None,
            heard_at: heard.then_some(at),
            heard_by: None,
            parts: Vec::new(),
            taken_by: None,
        }
    }

    #[test]
    fn a_box_with_many_gives_up_what_was_heard_and_nothing_else() {
        let (mut boxes, id) = (Boxes::default(), BoxId::new("service"));
        for n in 0..MESSAGES_PER_BOX_MAX as i64 {
            assert_eq!(boxes.keep(&id, message(n, n == 3)), None);
        }
        assert!(!boxes.is_full(&id), "one of them can go");
        assert_eq!(boxes.keep(&id, message(1_000, false)), Some(message(3, true)));
        assert!(boxes.is_full(&id));
        // He was there before it was.
        assert_eq!(boxes.keep(&id, message(1_001, false)), None);
        assert!(boxes.find(message(0, false).call).is_some() && boxes.of(&id).len() == MESSAGES_PER_BOX_MAX + 1);
        assert_eq!((boxes.delete(message(0, false).call), boxes.delete(message(3, true).call)), (Some(id.clone()), None));
        boxes.hear(message(1, false).call, "1001", Timestamp(5));
        assert!(!boxes.is_full(&id));
    }

    #[test]
    fn what_one_listens_to_no_other_does_until_he_gives_it_back() {
        let (mut boxes, id) = (Boxes::default(), BoxId::new("service"));
        boxes.keep(&id, message(1, false));
        let (call, one, other) = (message(1, false).call, AgentId::new("1001"), AgentId::new("1002"));
        assert!(boxes.take(call, &one) && boxes.take(call, &one) && !boxes.take(call, &other));
        assert_eq!((boxes.give_back(&other), boxes.give_back(&one)), (vec![], vec![id.clone()]));
        assert!(boxes.take(call, &other) && !boxes.take(message(2, false).call, &one));
        // Who listened when the switch died does so again by his call, or not at all.
        let image = rmp_serde::to_vec_named(boxes.of(&id)).expect("plain values");
        boxes.restore(id, rmp_serde::from_slice(&image).expect("what was written"));
        assert!(boxes.take(call, &one) && !boxes.take(call, &other));
    }

    #[test]
    fn only_the_first_who_listens_is_noted() {
        let (mut boxes, id) = (Boxes::default(), BoxId::new("service"));
        boxes.keep(&id, message(1, false));
        let call = message(1, false).call;
        assert_eq!(boxes.hear(call, "1001", Timestamp(5)), Some((id.clone(), true)));
        assert_eq!(boxes.hear(call, "1002", Timestamp(6)), Some((id.clone(), false)));
        assert_eq!(boxes.of(&id)[0].heard_by.as_deref(), Some("1001"));
        assert_eq!(boxes.hear(message(2, false).call, "1001", Timestamp(7)), None);
    }
}
