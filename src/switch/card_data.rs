//! Card data must not be kept (PCI DSS 3.3): while a caller says or keys it, the agent or a program has the recording filled with silence and
//! keys hidden. The parties hear each other all the while, and the timeline goes on.

use super::errand::{Granted, refused};
use super::on_rules::token;
use super::output::Detail;
use super::{Key, Switch};
use crate::base::limits::{KEYS_PER_CALL_MAX, PAUSES_PER_CALL_MAX, REASON_LETTERS_MAX};
use crate::base::{CallId, ClipId, Instant, Machine};
use crate::call::record::{KEY_HIDDEN, KeyRecord, PauseEnding, PauseRecord};
use crate::call::{Order, Side};
use crate::rules::card_data::{Action, Event};

/// Why, when an agent's key says no more.
const CARD_DATA: &str = "card data";

impl Switch {
    /// What an agent's key asks for: a pause, or the end of one.
    pub(super) fn toggle_recording(&mut self, call: CallId, side: Side, now: Instant) -> Granted {
        let Some(slot) = self.slots.get(&call) else { return Err(refused(481, "the call is over")) };
        let by = slot.agent_on(side).map(ToString::to_string).unwrap_or_default();
        if slot.card_data.is_paused() { self.resume_recording(call, &by, now) } else { self.pause_recording(call, &by, CARD_DATA, now) }
    }

    pub(super) fn pause_recording(&mut self, call: CallId, by: &str, why: &str, now: Instant) -> Granted {
        let max = self.config.rules.card_data.max;
        let at = self.at_of(call, now);
        let Some(slot) = self.slots.get_mut(&call).filter(|slot| slot.call.is_connected()) else {
            return Err(refused(481, "nobody speaks in that call"));
        };
        if slot.card_data.is_paused() {
            return Err(refused(409, "the recording is paused already"));
        }
        let pauses = &mut slot.call.record_mut().pauses;
        if pauses.len() >= PAUSES_PER_CALL_MAX {
            return Err(refused(409, format!("a recording is paused {PAUSES_PER_CALL_MAX} times at most")));
        }
        let why = why.chars().take(REASON_LETTERS_MAX).collect();
        let pause = PauseRecord { started_at: at, ended_at: None, by: by.to_owned(), why, ending: PauseEnding::Running, ended_by: None };
        pauses.push(pause);
        let mut ordered = Vec::new();
        slot.card_data.handle(Event::Wanted { max }, now, &mut ordered);
        self.on_card_data(call, ordered, PauseEnding::Resumed, None, now);
        Ok(())
    }

    pub(super) fn resume_recording(&mut self, call: CallId, by: &str, now: Instant) -> Granted {
        if !self.slots.get(&call).is_some_and(|slot| slot.card_data.is_paused()) {
            return Err(refused(409, "the recording is not paused"));
        }
        self.end_pause(call, PauseEnding::Resumed, Some(by), now);
        Ok(())
    }

    /// It is needed no more, if one runs.
    pub(super) fn end_pause(&mut self, call: CallId, ending: PauseEnding, by: Option<&str>, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let mut ordered = Vec::new();
        slot.card_data.handle(Event::Over, now, &mut ordered);
        self.on_card_data(call, ordered, ending, by, now);
    }

    /// Two calls become one, and in the one that ends card data is being said: the other one's recording has none of it either.
    pub(super) fn pause_goes_along(&mut self, from: CallId, to: CallId, now: Instant) {
        let paused = self.slots.get(&from).filter(|slot| slot.card_data.is_paused());
        if let Some(pause) = paused.and_then(|slot| slot.call.record().pauses.last().cloned())
            && let Err(refused) = self.pause_recording(to, &pause.by, &pause.why, now)
        {
            tracing::debug!(call = %to, why = refused.why, "a pause does not go along");
        }
    }

    pub(super) fn card_data_due(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let mut ordered = Vec::new();
        slot.card_data.handle_timeout(now, &mut ordered);
        self.on_card_data(call, ordered, PauseEnding::Resumed, None, now);
    }

    fn on_card_data(&mut self, call: CallId, ordered: Vec<Action>, ending: PauseEnding, by: Option<&str>, now: Instant) {
        self.touched.insert(Key::Slot(call));
        if !ordered.is_empty() {
            self.copies.note(call);
        }
        for action in ordered {
            match action {
                Action::Pause => {
                    self.order(call, Order::PauseRecording { on: true }, now);
                    let pause = self.slots.get(&call).and_then(|slot| slot.call.record().pauses.last());
                    let detail = pause.map(|pause| vec![("by", Detail::Text(pause.by.clone())), ("why", Detail::Text(pause.why.clone()))]);
                    self.tell_pauser(call, "recording_paused", now);
                    self.publish("recording.paused", Some(call), now, detail.unwrap_or_default());
                }
                Action::Resume { forgotten } => {
                    let ending = if forgotten { PauseEnding::TimedOut } else { ending };
                    let at = self.at_of(call, now);
                    if let Some(pause) = self.slots.get_mut(&call).and_then(|slot| slot.call.record_mut().pauses.last_mut()) {
                        (pause.ended_at, pause.ending, pause.ended_by) = (Some(at), ending, by.map(str::to_owned));
                    }
                    let mut detail = vec![("how", Detail::Text(ending.name().to_owned()))];
                    detail.extend(by.map(|by| ("by", Detail::Text(by.to_owned()))));
                    if ending != PauseEnding::Released {
                        self.order(call, Order::PauseRecording { on: false }, now);
                        if ending != PauseEnding::AgentLeft {
                            self.tell_pauser(call, "recording_resumed", now);
                        }
                    }
                    self.publish("recording.resumed", Some(call), now, detail);
                }
            }
            // A restart finds it so.
            self.store_record(call);
        }
    }

    /// Said to the agent alone.
    fn tell_pauser(&mut self, call: CallId, clip: &str, now: Instant) {
        let side = self.agents_side(call);
        self.order(call, Order::Announce { side, clips: vec![ClipId::new(clip)], token: token::CARD_DATA }, now);
    }

    /// A key that a party pressed is on the record, hidden where it is to be.
    pub(super) fn note_key(&mut self, call: CallId, side: Side, digit: char, now: Instant) {
        let at = self.at_of(call, now);
        let always = self.config.rules.card_data.hides_all;
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let agent = slot.agent_on(side).cloned();
        let hidden = slot.card_data.is_paused() || always && agent.is_none();
        let keys = &mut slot.call.record_mut().keys;
        if keys.len() < KEYS_PER_CALL_MAX {
            keys.push(KeyRecord { at, agent, key: if hidden { KEY_HIDDEN } else { digit } });
        }
        self.touched.insert(Key::Slot(call));
    }

    /// Whether what is pressed now is to be forgotten at once, but for codes.
    pub(super) fn hides_keys(&self, call: CallId) -> bool {
        self.slots.get(&call).is_some_and(|slot| slot.card_data.is_paused())
    }
}
