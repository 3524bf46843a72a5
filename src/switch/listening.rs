//! Agents listen to messages by phone: which they may hear, what is said of each, and what their keys do to it. Of a team's box the first who
//! listens to a message has it; the others' lamps go out until he gives it back unheard.

use super::boxes::{Boxes, Message};
use super::going::Nowhere;
use super::on_rules::token;
use super::output::Detail;
use super::slot::Purpose;
use super::{Key, Switch};
use crate::base::{AgentId, BoxId, CallId, ClipId, Instant, Machine, Timestamp};
use crate::call::record::{CallDirection, Outcome, ReleasedBy};
use crate::call::{Ending, Order, Side};
use crate::config::{BoxOwner, Role};
use crate::media::control::{Channel, Excerpt};
use crate::rules::Listening;
use crate::rules::listening::{Action, Event};
use jiff::tz::TimeZone;

/// Letters of a number that are said: all of one from abroad.
const DIGITS_SAID_MAX: usize = 13;

impl Switch {
    /// What the agent hears who dials the code: the messages that wait for him, or those of a box, new ones first.
    pub(super) fn to_messages(&self, agent: &AgentId, named: Option<&str>) -> Result<(Purpose, CallDirection), Nowhere> {
        let mut found: Vec<&Message> = match named {
            None => self.boxes.all().filter(|(id, message)| self.waits_for(agent, id, message)).map(|(_, message)| message).collect(),
            Some(named) => {
                // Which boxes there are is nobody's business who may not hear them.
                let id = self.box_named(named).filter(|id| self.may_hear(agent, id)).ok_or((404, Outcome::Unreachable))?;
                self.boxes.of(id).iter().collect()
            }
        };
        found.retain(|message| message.is_free_for(agent));
        found.sort_by_key(|message| (message.heard_at.is_some(), message.left_at, message.call));
        let new = found.iter().filter(|message| message.heard_at.is_none()).count();
        let sounds = |message: &&Message| excerpts(message).iter().map(|piece| piece.to - piece.from).sum();
        let machine = Listening::new(found.iter().map(sounds).collect());
        let messages = found.into_iter().map(|message| message.call).collect();
        Ok((Purpose::Listen { messages, new, machine, token: 0 }, CallDirection::Internal))
    }

    /// The messages of his own boxes and his team's, and those that went on to him.
    fn waits_for(&self, agent: &AgentId, id: &BoxId, message: &Message) -> bool {
        let (Some(settings), Some(who)) = (self.config.boxes.get(id), self.config.agents.get(agent)) else { return false };
        settings.is_of(who) || (message.escalated_at.is_some() && Boxes::superior(&self.config, id) == Some(agent))
    }

    /// A box by its name, or by whose it is.
    fn box_named(&self, named: &str) -> Option<&BoxId> {
        self.config.boxes.get_key_value(named).map(|(id, _)| id).or_else(|| self.box_of(&AgentId::new(named)))
    }

    fn may_hear(&self, agent: &AgentId, id: &BoxId) -> bool {
        let (Some(settings), Some(who)) = (self.config.boxes.get(id), self.config.agents.get(agent)) else { return false };
        settings.is_of(who) || who.role == Role::Supervisor || Boxes::superior(&self.config, id) == Some(agent)
    }

    pub(super) fn begin_listening(&mut self, call: CallId, now: Instant) {
        self.order(call, Order::AnswerCaller, now);
        self.drive_listening(call, now, |machine, ordered| machine.handle(Event::Begun, now, ordered));
    }

    /// A key of an agent who listens; false of anybody else.
    pub(super) fn listener_pressed(&mut self, call: CallId, key: char, now: Instant) -> bool {
        let listens = self.slots.get(&call).is_some_and(|slot| matches!(slot.purpose, Purpose::Listen { .. }));
        self.drive_listening(call, now, |machine, ordered| machine.handle(Event::Pressed(key), now, ordered));
        listens
    }

    pub(super) fn listening_said(&mut self, call: CallId, ended: u64, now: Instant) {
        let Some(Purpose::Listen { token, .. }) = self.slots.get(&call).map(|slot| &slot.purpose) else { return };
        let event = match *token {
            token if token == ended => Event::Said,
            token if token == ended + 1 => Event::Introduced,
            // Something that was cut short.
            _ => return,
        };
        self.drive_listening(call, now, |machine, ordered| machine.handle(event, now, ordered));
    }

    /// Its end will be told, and is none: the media plane begins anew.
    pub(super) fn forget_what_is_said(&mut self, call: CallId) {
        if let Some(Purpose::Listen { token, .. }) = self.slots.get_mut(&call).map(|slot| &mut slot.purpose) {
            *token = 0;
        }
    }

    /// The media plane is there again: what it was saying is said once more.
    pub(super) fn listening_resumed(&mut self, call: CallId, now: Instant) {
        self.drive_listening(call, now, |machine, ordered| machine.handle(Event::Resumed, now, ordered));
    }

    pub(super) fn listening_due(&mut self, call: CallId, now: Instant) {
        self.drive_listening(call, now, |machine, ordered| machine.handle_timeout(now, ordered));
    }

    /// He is gone, or goes elsewhere: what he had not heard to its end is anybody's again.
    pub(super) fn listener_left(&mut self, call: CallId, now: Instant) {
        self.drive_listening(call, now, |machine, ordered| machine.handle(Event::Left, now, ordered));
        self.gives_back(call, now);
    }

    fn gives_back(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call) else { return };
        let (Purpose::Listen { .. }, Some(agent)) = (&slot.purpose, &slot.caller_agent) else { return };
        for id in self.boxes.give_back(agent) {
            self.box_changed(id, now);
        }
    }

    fn drive_listening(&mut self, call: CallId, now: Instant, drive: impl FnOnce(&mut Listening, &mut Vec<Action>)) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let (Purpose::Listen { messages, new, machine, .. }, Some(agent)) = (&mut slot.purpose, slot.caller_agent.clone()) else { return };
        let mut ordered = Vec::new();
        drive(machine, &mut ordered);
        let (messages, new) = (messages.clone(), *new);
        self.touched.insert(Key::Slot(call));
        for action in ordered {
            match action {
                Action::Count => self.say_to_listener(call, counted(new), Vec::new(), now),
                Action::Play(index) => self.play_message(call, messages[index], &agent, now),
                Action::Heard(index) => {
                    self.message_heard(messages[index], agent.as_str(), now);
                    self.gives_back(call, now);
                }
                Action::Explain(index) => {
                    let number =
                        self.boxes.find(messages[index]).and_then(|(_, message)| message.parts.iter().find_map(|part| part.number.clone()));
                    self.say_to_listener(call, explained(number.as_deref()), Vec::new(), now);
                }
                Action::Delete(index) => {
                    if let Some(id) = self.boxes.delete(messages[index]) {
                        self.publish_message("message.deleted", &id, messages[index], Some(agent.clone()), now);
                        self.box_changed(id, now);
                    }
                }
                Action::Part => {
                    self.gives_back(call, now);
                    self.say_to_listener(call, vec![ClipId::new("messages_end")], Vec::new(), now);
                }
                Action::Release => {
                    let cause = "all messages were heard".to_owned();
                    let ending = Ending { by: ReleasedBy::Switch, outcome: Some(Outcome::Played), code: 200, retry_after: None, cause };
                    self.order(call, Order::Release(ending), now);
                }
            }
        }
    }

    /// In place of whatever is said.
    fn say_to_listener(&mut self, call: CallId, clips: Vec<ClipId>, excerpts: Vec<Excerpt>, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let Purpose::Listen { token, .. } = &mut slot.purpose else { return };
        // The words before a message have the one before it.
        slot.menu_prompts += 2;
        let next = token::MENU_PROMPT + slot.menu_prompts;
        *token = next;
        self.order(call, Order::StopAnnouncements { side: Side::Caller }, now);
        if excerpts.is_empty() {
            return self.order(call, Order::Announce { side: Side::Caller, clips, token: next }, now);
        }
        self.order(call, Order::Announce { side: Side::Caller, clips, token: next - 1 }, now);
        self.order(call, Order::AnnounceRecording { side: Side::Caller, excerpts, token: next }, now);
    }

    /// Who left it, when, and the message. One that is gone meanwhile, or has another's ear, is passed over.
    fn play_message(&mut self, call: CallId, message: CallId, agent: &AgentId, now: Instant) {
        let begins = |message: &Message| message.heard_at.is_none() && message.taken_by.is_none();
        let begins = self.boxes.find(message).is_some_and(|(_, message)| begins(message));
        self.gives_back(call, now);
        if !self.boxes.take(message, agent) {
            return self.drive_listening(call, now, |machine, ordered| machine.handle(Event::Pressed('2'), now, ordered));
        }
        let Some((id, found)) = self.boxes.find(message) else { return };
        let id = id.clone();
        let (clips, excerpts) = (introduction(found, &self.config.reports.zone), excerpts(found));
        let is_shared = self.config.boxes.get(&id).is_some_and(|settings| matches!(settings.owner, BoxOwner::Team(_)));
        if is_shared && begins {
            self.publish_message("message.taken", &id, message, Some(agent.clone()), now);
        }
        self.box_changed(id, now);
        let detail = vec![("message", Detail::Text(message.to_string()))];
        self.publish("message.played", Some(call), now, detail);
        self.say_to_listener(call, clips, excerpts, now);
    }
}

fn words(text: &str) -> impl Iterator<Item = ClipId> {
    text.chars().filter(char::is_ascii_digit).map(|digit| ClipId::new(&format!("digits/{digit}"))).collect::<Vec<_>>().into_iter()
}

fn counted(new: usize) -> Vec<ClipId> {
    match new {
        0 => vec![ClipId::new("messages_none")],
        new => {
            let about = |name: &str| std::iter::once(ClipId::new(name));
            about("messages_new").chain(words(&new.to_string())).chain(about("messages_new_suffix")).collect()
        }
    }
}

fn introduction(message: &Message, zone: &TimeZone) -> Vec<ClipId> {
    let one = |name: &str| std::iter::once(ClipId::new(name));
    let number: String = message.caller.chars().filter(char::is_ascii_digit).take(DIGITS_SAID_MAX).collect();
    let mut clips: Vec<ClipId> = Vec::new();
    if !number.is_empty() {
        clips.extend(one("message_from").chain(words(&number)));
    }
    if let Some([month, day, hour, minute]) = by_the_clock(message.left_at, zone) {
        clips.extend(one("message_at").chain(words(&month)).chain(one("date_month")).chain(words(&day)).chain(one("date_day")));
        clips.extend(words(&hour).chain(one("clock_hour")).chain(words(&minute)).chain(one("clock_minute")));
    }
    clips
}

/// Where he is to be called back, and what the keys do.
fn explained(number: Option<&str>) -> Vec<ClipId> {
    let number = number.into_iter().flat_map(|number| std::iter::once(ClipId::new("message_number")).chain(words(number)));
    number.chain([ClipId::new("message_keys")]).collect()
}

/// Month, day, hour, minute.
fn by_the_clock(at: Timestamp, zone: &TimeZone) -> Option<[String; 4]> {
    let local = zone.to_datetime(jiff::Timestamp::from_millisecond(at.0).ok()?);
    Some([local.month(), local.day(), local.hour(), local.minute()].map(|number| number.to_string()))
}

/// Where it is to be heard: all of it, or each answer by itself.
fn excerpts(message: &Message) -> Vec<Excerpt> {
    let piece = |from, long| Excerpt { call: message.call, side: Some(Channel::Left), from, to: from + long };
    if message.parts.is_empty() {
        return vec![piece(message.offset, message.duration)];
    }
    message.parts.iter().filter(|part| part.spoken).map(|part| piece(part.offset, part.duration)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;
    use crate::base::time::secs;

    #[test]
    fn who_and_when_are_said_in_digits() {
        let message = |caller: &str| Message {
            call: CallId::new(Timestamp(1), &mut Rng::new(1)),
            caller: caller.to_owned(),
            // 2026-11-21T08:05:00Z.
            left_at: Timestamp(1_795_248_300_000),
            offset: secs(3),
            duration: secs(10),
            delivered_at: None,
            escalated_at: None,
            heard_at: None,
            heard_by: None,
            parts: Vec::new(),
            taken_by: None,
        };
        let shanghai = jiff::tz::TimeZoneDatabase::bundled().get("Asia/Shanghai").expect("a zone");
        let said = |caller: &str, zone: &TimeZone| {
            introduction(&message(caller), zone).iter().map(|clip| clip.as_str().replace("digits/", "")).collect::<Vec<_>>().join(" ")
        };
        let utc = "message_at 1 1 date_month 2 1 date_day 8 clock_hour 5 clock_minute";
        assert_eq!(said("+86 138", &TimeZone::UTC), format!("message_from 8 6 1 3 8 {utc}"));
        assert_eq!(said("anonymous", &shanghai), "message_at 1 1 date_month 2 1 date_day 1 6 clock_hour 5 clock_minute");
        assert!(introduction(&message("99999999999999999999"), &shanghai).len() + 4 <= crate::base::limits::CLIPS_QUEUED_MAX);
    }

    #[test]
    fn how_many_there_are_is_said_in_words_that_there_are() {
        let said = |new| counted(new).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!((said(0), said(12)), ("messages_none".to_owned(), "messages_new digits/1 digits/2 messages_new_suffix".to_owned()));
    }
}
