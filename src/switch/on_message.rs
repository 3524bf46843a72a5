//! Message boxes: a caller leaves a word, its owner's lamp is lit, and it is listened to, or goes on to his superior. Agents in a meeting are
//! not disturbed: who calls them directly is asked for a word, which is delivered when the meeting is over.

use super::boxes::{Message as Kept, MessagePart};
use super::on_rules::token;
use super::output::{Detail, Event as Told, Output, Reply};
use super::slot::{Purpose, Turned};
use super::{Key, Switch};
use crate::acd::StateName;
use crate::base::limits::MENUS_PER_CALL_MAX;
use crate::base::{AgentId, BoxId, CallId, ClipId, Duration, Instant, Machine};
use crate::call::record::Outcome;
use crate::call::{Order, Side};
use crate::config::{BoxOwner, Questions};
use crate::media::clips::BEEP;
use crate::rules::Message;
use crate::rules::answers::{Answer, Part, Question};
use crate::rules::message::{Action, Bounds, Event};
use crate::sip::Command;

/// Why an agent is not disturbed.
const MEETING: &str = "meeting";
/// What a caller hears who has left nothing.
const PARTED: &str = "goodbye";
/// What he hears whose word has no room.
const FULL: &str = "box_full";

impl Switch {
    /// What a message box is for a caller who comes to it.
    pub(super) fn to_box(&self, id: &BoxId, meeting: bool) -> Option<Purpose> {
        let settings = self.config.boxes.get(id)?;
        let asks = match settings.questions {
            Questions::Never => false,
            Questions::Meeting => meeting,
            Questions::Always => true,
        };
        let questions = if asks { Question::ALL.to_vec() } else { Vec::new() };
        let machine = Message::asking(Bounds { max: settings.max, silence: settings.silence }, questions);
        Some(Purpose::Message { id: id.clone(), meeting, machine })
    }

    /// Whether the agent is in a meeting.
    pub(super) fn is_in_meeting(&self, agent: &AgentId) -> bool {
        self.acd
            .agent(agent.as_str())
            .is_some_and(|agent| agent.state == StateName::NotReady && agent.reason.is_some_and(|reason| reason.as_str() == MEETING))
    }

    /// The box of an agent, for whom it would be asked for a word.
    pub(super) fn box_of(&self, agent: &AgentId) -> Option<&BoxId> {
        let mut own = self.config.boxes.values().filter(|settings| matches!(&settings.owner, BoxOwner::Agent(owner) if owner == agent));
        own.next().map(|settings| &settings.id)
    }

    /// The caller is there, and is answered.
    pub(super) fn enter_box(&mut self, call: CallId, now: Instant) {
        let Some(Purpose::Message { id, .. }) = self.slots.get(&call).map(|slot| &slot.purpose) else { return };
        let id = id.clone();
        if self.boxes.is_full(&id) {
            return self.box_refuses(call, &id, now);
        }
        self.order(call, Order::AnswerCaller, now);
        self.tell_message(call, Event::Begun, now);
    }

    /// There is no room for his word, and nothing that happened is forgotten for it: he goes elsewhere, or hears that it is so.
    fn box_refuses(&mut self, call: CallId, id: &BoxId, now: Instant) {
        self.publish(
            "message.refused",
            Some(call),
            now,
            vec![("box", Detail::Text(id.to_string())), ("why", Detail::Text("full".to_owned()))],
        );
        let to = self.config.boxes.get(id).and_then(|settings| settings.full.clone());
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let turned = Some(Turned { outcome: Outcome::Refused, cause: "the message box is full".to_owned() });
        slot.purpose = Purpose::Play { clips: vec![ClipId::new(FULL)], turned };
        // Who is sent round between what is full and what leads here hears it in the end.
        slot.menus += 1;
        match to.filter(|_| slot.menus <= MENUS_PER_CALL_MAX) {
            Some(to) => self.go_to(call, &to, now),
            None => self.begin(call, now),
        }
    }

    pub(super) fn tell_message(&mut self, call: CallId, event: Event, now: Instant) {
        self.drive_message(call, now, |machine, ordered| machine.handle(event, now, ordered));
    }

    pub(super) fn message_due(&mut self, call: CallId, now: Instant) {
        self.drive_message(call, now, |machine, ordered| machine.handle_timeout(now, ordered));
    }

    fn drive_message(&mut self, call: CallId, now: Instant, drive: impl FnOnce(&mut Message, &mut Vec<Action>)) {
        let Some(Purpose::Message { id, meeting, machine }) = self.slots.get_mut(&call).map(|slot| &mut slot.purpose) else { return };
        let mut ordered = Vec::new();
        drive(machine, &mut ordered);
        let (id, meeting) = (id.clone(), *meeting);
        self.touched.insert(Key::Slot(call));
        for action in ordered {
            match action {
                Action::Greet => {
                    let settings = self.config.boxes.get(&id);
                    let clip = settings.map(|settings| settings.meeting.as_ref().filter(|_| meeting).unwrap_or(&settings.greeting).clone());
                    self.play(call, clip.into_iter().collect(), token::BOX_GREETING, now);
                }
                Action::Beep => {
                    self.order(call, Order::StopAnnouncements { side: Side::Caller }, now);
                    self.order(call, Order::ListenForSpeech { side: Side::Caller, on: true }, now);
                    self.play(call, vec![ClipId::new(BEEP)], token::BOX_BEEP, now);
                }
                Action::Ask { question, again } => {
                    self.order(call, Order::ListenForSpeech { side: Side::Caller, on: true }, now);
                    let clips = vec![ClipId::new(&format!("ask_{}", question.name())), ClipId::new(BEEP)];
                    self.play(call, clips, token::BOX_QUESTION, now);
                    let detail = vec![("question", Detail::Text(question.name().to_owned())), ("again", Detail::Flag(again))];
                    self.publish("message.asked", Some(call), now, detail);
                }
                Action::Hush => self.order(call, Order::StopAnnouncements { side: Side::Caller }, now),
                Action::Keep { began, long, parts, .. } => self.message_left(call, &id, (began, long), parts, now),
                Action::Drop => self.publish("message.empty", Some(call), now, vec![("box", Detail::Text(id.to_string()))]),
                Action::Part { kept } => {
                    self.order(call, Order::ListenForSpeech { side: Side::Caller, on: false }, now);
                    let thanks = self.config.boxes.get(&id).map(|settings| settings.thanks.clone()).filter(|_| kept);
                    let clip = thanks.unwrap_or_else(|| ClipId::new(PARTED));
                    let (outcome, cause) =
                        if kept { (Outcome::Message, "a message was left") } else { (Outcome::Played, "no message was left") };
                    if let Some(slot) = self.slots.get_mut(&call) {
                        slot.purpose = Purpose::Play { clips: vec![clip], turned: Some(Turned { outcome, cause: cause.to_owned() }) };
                    }
                    self.begin(call, now);
                }
            }
        }
    }

    fn play(&mut self, call: CallId, clips: Vec<ClipId>, token: u64, now: Instant) {
        self.order(call, Order::Announce { side: Side::Caller, clips, token }, now);
    }

    fn message_left(&mut self, call: CallId, id: &BoxId, (began, long): (Instant, Duration), parts: Vec<Part>, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let began_at = slot.call.at(began);
        let left_at = slot.call.at(now);
        let record = slot.call.record_mut();
        // He has hung up: he was not let down.
        if record.outcome == Some(Outcome::Abandoned) {
            record.outcome = Some(Outcome::Message);
        }
        let answered = record.answered_at.unwrap_or(began_at);
        let offset = Duration::from_millis(u64::try_from(began_at.0 - answered.0).unwrap_or(0));
        let caller = record.caller.clone();
        let part = |part: Part| MessagePart {
            question: part.question,
            offset: offset + (part.began - began),
            duration: part.long,
            spoken: part.answer == Answer::Spoken,
            number: match part.answer {
                Answer::Spoken => None,
                Answer::Keyed(keys) => Some(keys),
                Answer::HisNumber => Some(caller.clone()),
            },
        };
        let parts = parts.into_iter().map(part).collect();
        let held_back = match self.config.boxes.get(id).map(|settings| &settings.owner) {
            Some(BoxOwner::Agent(owner)) => self.is_in_meeting(&owner.clone()),
            Some(BoxOwner::Team(_)) | None => false,
        };
        let message = Kept {
            call,
            caller,
            left_at,
            offset,
            duration: long,
            delivered_at: (!held_back).then_some(left_at),
            escalated_at: None,
            heard_at: None,
            heard_by: None,
            parts,
            taken_by: None,
        };
        if let Some(gone) = self.boxes.keep(id, message) {
            self.publish_message("message.removed", id, gone.call, None, now);
        }
        let millis = |long: Duration| Detail::Number(i64::try_from(long.as_millis()).unwrap_or(i64::MAX));
        let detail = vec![("box", Detail::Text(id.to_string())), ("offset_ms", millis(offset)), ("duration_ms", millis(long))];
        self.publish("message.left", Some(call), now, detail);
        self.box_changed(id.clone(), now);
    }

    /// The agent's state has changed: what was kept from him is delivered when he is in no meeting.
    pub(super) fn deliver_messages(&mut self, agent: &AgentId, now: Instant) {
        if self.is_in_meeting(agent) {
            return;
        }
        let own = self.config.boxes.values().filter(|settings| matches!(&settings.owner, BoxOwner::Agent(owner) if owner == agent));
        let held: Vec<BoxId> = own.map(|settings| settings.id.clone()).collect();
        let at = self.at(now);
        for id in held {
            let delivered = self.boxes.deliver(&id, at);
            for call in &delivered {
                self.publish_message("message.delivered", &id, *call, Some(agent.clone()), now);
            }
            if !delivered.is_empty() {
                self.box_changed(id, now);
            }
        }
    }

    /// Somebody has listened to the message of that call.
    pub(super) fn message_heard(&mut self, call: CallId, by: &str, now: Instant) -> Reply {
        let at = self.at(now);
        let Some((id, first)) = self.boxes.hear(call, by, at) else { return Reply::UnknownCall };
        if first {
            let detail = vec![("box", Detail::Text(id.to_string())), ("by", Detail::Text(by.to_owned()))];
            self.publish("message.heard", Some(call), now, detail);
            self.box_changed(id, now);
        }
        Reply::Done
    }

    pub(super) fn on_messages_due(&mut self, now: Instant) {
        let config = std::sync::Arc::clone(&self.config);
        for (id, call, superior) in self.boxes.escalate(&config, self.at(now)) {
            self.publish_message("message.escalated", &id, call, Some(superior), now);
            self.box_changed(id, now);
        }
        self.touched.insert(Key::Messages);
    }

    /// When a message goes on to a superior.
    pub(super) fn messages_due_at(&self) -> Option<Instant> {
        self.boxes.escalates_at(&self.config).map(|at| self.wall.moment(at))
    }

    pub(super) fn publish_message(&mut self, name: &'static str, id: &BoxId, call: CallId, agent: Option<AgentId>, now: Instant) {
        let detail = vec![("box", Detail::Text(id.to_string()))];
        self.out.push(Output::Event(Told { at: self.at(now), name, call: Some(call), agent, queue: None, detail }));
    }

    pub(super) fn box_changed(&mut self, id: BoxId, now: Instant) {
        self.dirty.message_box(id);
        self.light_lamps(now);
    }

    /// Says what has changed on the agents' phones since it was said last; all of it after a start.
    pub(super) fn light_lamps(&mut self, now: Instant) {
        self.touched.insert(Key::Messages);
        let lamps = self.boxes.lamps(&self.config);
        let gone: Vec<AgentId> = self.lamps.keys().filter(|agent| !lamps.contains_key(*agent)).cloned().collect();
        for agent in gone {
            self.tell_sip(Command::SetMessagesWaiting { agent, new: 0, old: 0 }, now);
        }
        for (agent, (new, old)) in &lamps {
            if self.lamps.get(agent) != Some(&(*new, *old)) {
                self.tell_sip(Command::SetMessagesWaiting { agent: agent.clone(), new: *new, old: *old }, now);
            }
        }
        self.lamps = lamps;
    }
}
