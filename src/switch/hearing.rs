//! What the switch hears by itself: how each party sounds, whether an agent talks where nobody hears him. An agent is told to his ear alone,
//! and whoever watches the events; a script that the configuration has for it is begun. The agent comes first: nobody else is told to do
//! anything by a machine that errs.

use super::greeting::Awaited;
use super::on_rules::token;
use super::output::Detail;
use super::slot::Slot;
use super::{Key, Switch};
use crate::base::limits::{TOLD_OF_SOUND_EVERY, TOLD_OF_SOUND_MAX};
use crate::base::{AgentId, CallId, ClipId, Flaw, Instant, LegId, Machine, Reading};
use crate::call::record::{BegunBy, GreetedBy, SoundRecord};
use crate::call::{Order, Part, Side};
use crate::rules::{OpenMicrophone, SoundWatch, open_microphone, sound_watch};
use serde::{Deserialize, Serialize};

const BOTH: [Side; 2] = [Side::Caller, Side::Callee];

/// Of one call.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Hearing {
    pub greeting: Option<Awaited>,
    /// Of the party in each seat.
    watches: [Option<SoundWatch>; 2],
    microphone: Option<OpenMicrophone>,
    /// When the agent was told last of how he sounds, and how often.
    told_at: Option<Instant>,
    told: u32,
}

impl Hearing {
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let watches = self.watches.iter().flatten().filter_map(Machine::deadline);
        let greeting = self.greeting.as_ref().and_then(|awaited| awaited.until);
        watches.chain(greeting).chain(self.microphone.as_ref().and_then(Machine::deadline)).min()
    }

    /// Whether a voice on that side is to be told.
    pub fn listens(&self, side: Side) -> bool {
        let watches = self.watches[seat(side)].as_ref().is_some_and(SoundWatch::is_listening);
        let greeting = self.greeting.as_ref().is_some_and(|awaited| awaited.until.is_some());
        let microphone = self.microphone.as_ref().is_some_and(OpenMicrophone::is_listening);
        watches || side == Side::Callee && (greeting || microphone)
    }

    /// Who sat here sits there, and the other way round.
    pub fn exchange(&mut self) {
        self.watches.swap(0, 1);
    }

    fn may_tell_agent(&mut self, now: Instant) -> bool {
        if self.told >= TOLD_OF_SOUND_MAX || self.told_at.is_some_and(|at| now < at + TOLD_OF_SOUND_EVERY) {
            return false;
        }
        (self.told, self.told_at) = (self.told + 1, Some(now));
        true
    }
}

const fn seat(side: Side) -> usize {
    match side {
        Side::Caller => 0,
        Side::Callee => 1,
    }
}

impl Switch {
    /// Whoever sits there now is measured from now on.
    pub(super) fn measure(&mut self, call: CallId, side: Side, now: Instant) {
        let sound = self.config.rules.sound;
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let is_agent = slot.agent_on(side).is_some();
        slot.hearing.watches[seat(side)] = Some(SoundWatch::new(!is_agent));
        // An agent who sits in the caller's seat is put in this one before he turns away.
        if side == Side::Callee {
            slot.hearing.microphone = Some(OpenMicrophone::new(sound.open_microphone));
        }
        self.order(call, Order::Measure { side, limits: sound.limits }, now);
    }

    /// Listens for a voice on both sides, if anything wants one.
    pub(super) fn heed_both(&mut self, call: CallId, now: Instant) {
        for side in BOTH {
            self.heed(call, side, now);
        }
    }

    /// Listens for a voice on that side, if anything wants one.
    pub(super) fn heed(&mut self, call: CallId, side: Side, now: Instant) {
        let Some(slot) = self.slots.get(&call) else { return };
        let on = slot.hearing.listens(side) || slot.listens_for_words();
        self.order(call, Order::ListenForSpeech { side, on }, now);
        // One who speaks already is not told to have begun.
        if on && self.slots.get(&call).is_some_and(|slot| speaks(slot, side)) {
            self.voice_on(call, side, true, now);
        }
    }

    /// What stands in the call has changed: who can do something about what is heard, and who hears whom.
    pub(super) fn settle_hearing(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call) else { return };
        if slot.hearing.watches.iter().all(Option::is_none) {
            return;
        }
        let (open, away) = (BOTH.map(|side| is_open(slot, side)), talks_to_nobody(slot));
        for side in BOTH {
            let event = if open[seat(side)] { sound_watch::Event::Opened } else { sound_watch::Event::Shut };
            self.tell_watch(call, side, event, now);
        }
        let is_away = self.slots.get(&call).and_then(|slot| slot.hearing.microphone.as_ref()).map(OpenMicrophone::is_turned_away);
        if is_away.is_some_and(|is_away| is_away != away) {
            let event = if away { open_microphone::Event::TurnedAway } else { open_microphone::Event::TurnedBack };
            self.tell_microphone(call, event, now);
        }
    }

    /// A voice began on that side, or ended.
    pub(super) fn voice_on(&mut self, call: CallId, side: Side, speaks: bool, now: Instant) {
        if speaks {
            self.tell_watch(call, side, sound_watch::Event::Spoke, now);
        }
        if side == Side::Callee {
            let event = if speaks { open_microphone::Event::Spoke } else { open_microphone::Event::FellSilent };
            self.tell_microphone(call, event, now);
            if speaks {
                self.greeting_began(call, GreetedBy::Agent, now);
            }
        }
    }

    /// The media plane has measured a leg.
    pub(super) fn sounded(&mut self, call: CallId, leg: LegId, reading: Reading, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let Some(side) = slot.call.side_of(leg) else { return };
        let agent = slot.agent_on(side).cloned();
        if let Some(line) = sound_of(slot, agent) {
            (line.level_dbov, line.noise_dbov) = (reading.level_dbov, reading.noise_dbov);
            (line.clipped, line.speech) = (reading.clipped, reading.speech);
        }
        self.touched.insert(Key::Slot(call));
        let Reading { loudness, clarity, .. } = reading;
        self.tell_watch(call, side, sound_watch::Event::Measured { loudness, clarity }, now);
    }

    pub(super) fn hearing_due(&mut self, call: CallId, now: Instant) {
        for side in BOTH {
            self.drive_watch(call, side, now, |watch, ordered| watch.handle_timeout(now, ordered));
        }
        self.drive_microphone(call, now, |microphone, ordered| microphone.handle_timeout(now, ordered));
        self.greeting_due(call, now);
    }

    fn tell_watch(&mut self, call: CallId, side: Side, event: sound_watch::Event, now: Instant) {
        self.drive_watch(call, side, now, |watch, ordered| watch.handle(event, now, ordered));
    }

    fn drive_watch(&mut self, call: CallId, side: Side, now: Instant, drive: impl FnOnce(&mut SoundWatch, &mut Vec<sound_watch::Action>)) {
        let Some(watch) = self.slots.get_mut(&call).and_then(|slot| slot.hearing.watches[seat(side)].as_mut()) else { return };
        let mut ordered = Vec::new();
        let before = watch.deadline();
        drive(watch, &mut ordered);
        if before != watch.deadline() {
            self.touched.insert(Key::Slot(call));
        }
        for action in ordered {
            match action {
                sound_watch::Action::Listen(_) => self.heed(call, side, now),
                sound_watch::Action::Tell(flaw) => self.flawed(call, side, flaw, now),
                sound_watch::Action::Settle => self.sounds_well(call, side, now),
            }
        }
    }

    fn tell_microphone(&mut self, call: CallId, event: open_microphone::Event, now: Instant) {
        self.drive_microphone(call, now, |microphone, ordered| microphone.handle(event, now, ordered));
    }

    fn drive_microphone(&mut self, call: CallId, now: Instant, drive: impl FnOnce(&mut OpenMicrophone, &mut Vec<open_microphone::Action>)) {
        let Some(microphone) = self.slots.get_mut(&call).and_then(|slot| slot.hearing.microphone.as_mut()) else { return };
        let mut ordered = Vec::new();
        let before = microphone.deadline();
        drive(microphone, &mut ordered);
        if before != microphone.deadline() {
            self.touched.insert(Key::Slot(call));
        }
        for action in ordered {
            match action {
                open_microphone::Action::Listen(_) => self.heed(call, Side::Callee, now),
                open_microphone::Action::Tell => self.microphone_is_open(call, now),
            }
        }
    }

    /// Something is wrong with how that side sounds.
    fn flawed(&mut self, call: CallId, side: Side, flaw: Flaw, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let agent = slot.agent_on(side).cloned();
        let mut detail = Vec::new();
        if let Some(line) = sound_of(slot, agent.clone()) {
            match flaw {
                Flaw::Faint => line.faint = true,
                Flaw::Loud => line.loud = true,
                Flaw::Noisy => line.noisy = true,
            }
            detail = levels(line);
        }
        self.touched.insert(Key::Slot(call));
        match agent {
            Some(agent) => self.tell_agent(call, side, &agent, flaw.name(), detail, now),
            None => self.customer_flawed(call, side, flaw, detail, now),
        }
    }

    /// The caller is hard to understand: his agent is told, and the script begun that the configuration has for it.
    fn customer_flawed(&mut self, call: CallId, side: Side, flaw: Flaw, detail: Vec<(&'static str, Detail)>, now: Instant) {
        let (name, clip) = match flaw {
            Flaw::Faint => ("sound.faint", "caller_faint"),
            Flaw::Noisy => ("sound.noisy", "caller_noisy"),
            // Who shouts is understood.
            Flaw::Loud => return,
        };
        self.publish(name, Some(call), now, detail);
        if self.config.rules.sound.tell_agent {
            self.order(call, Order::Announce { side: side.other(), clips: vec![ClipId::new(clip)], token: token::SOUND }, now);
        }
        let script = self.config.rules.scripts.iter().find(|rule| rule.measured == Some(flaw)).map(|rule| rule.id.clone());
        let was_begun = |slot: &Slot, id: &str| {
            slot.call.record().scripts.iter().any(|script| script.script == id && script.begun_by == BegunBy::Measurement)
        };
        // Once a call, whoever has the caller by then.
        if let Some(script) = script.filter(|id| !self.slots.get(&call).is_some_and(|slot| was_begun(slot, id))) {
            self.begin_script(call, &script, BegunBy::Measurement, now);
        }
    }

    /// What a measurement has begun, a measurement ends.
    fn sounds_well(&mut self, call: CallId, side: Side, now: Instant) {
        let Some(slot) = self.slots.get(&call) else { return };
        let by = slot.call.record().scripts.last().map(|script| script.begun_by);
        if slot.agent_on(side).is_none() && slot.script.is_some() && by == Some(BegunBy::Measurement) {
            self.script_helped(call, now);
        }
    }

    fn microphone_is_open(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let Some(agent) = slot.callee_agent.clone() else { return };
        let mut detail = Vec::new();
        if let Some(line) = sound_of(slot, Some(agent.clone())) {
            line.open_microphone = true;
            detail = levels(line);
        }
        self.touched.insert(Key::Slot(call));
        self.tell_agent(call, Side::Callee, &agent, "open-microphone", detail, now);
    }

    fn tell_agent(
        &mut self,
        call: CallId,
        side: Side,
        agent: &AgentId,
        kind: &'static str,
        levels: Vec<(&'static str, Detail)>,
        now: Instant,
    ) {
        if !self.slots.get_mut(&call).is_some_and(|slot| slot.hearing.may_tell_agent(now)) {
            return;
        }
        let mut detail = vec![("agent", Detail::Text(agent.to_string())), ("kind", Detail::Text(kind.to_owned()))];
        detail.extend(levels);
        self.publish("agent.sound", Some(call), now, detail);
        if self.config.rules.sound.tell_agent {
            let clip = ClipId::new(&format!("agent_{}", kind.replace('-', "_")));
            self.order(call, Order::Announce { side, clips: vec![clip], token: token::SOUND }, now);
        }
    }
}

/// Whether somebody can do something about how that side sounds.
fn is_open(slot: &Slot, side: Side) -> bool {
    let is_held = BOTH.iter().any(|side| slot.call.is_held(super::slot::holder(*side)));
    if !slot.call.is_connected() || is_held {
        return false;
    }
    if slot.agent_on(side).is_some() {
        return true;
    }
    slot.queue().is_some() && slot.agent_on(side.other()).is_some() && slot.script.is_none()
}

/// Whether the agent has turned away from his caller, and nobody else is there to speak with.
fn talks_to_nobody(slot: &Slot) -> bool {
    let company = [Part::Consulted, Part::Whispering, Part::BargingIn].into_iter().any(|part| slot.call.beside(part).next().is_some());
    slot.call.is_connected() && slot.call.is_aside() && !company && slot.errands.is_empty()
}

fn speaks(slot: &Slot, side: Side) -> bool {
    let leg = match side {
        Side::Caller => Some(slot.call.caller()),
        Side::Callee => slot.call.callee(),
    };
    leg.is_some_and(|leg| slot.media.speaks(leg))
}

/// That party's line on the record: an agent's own, or the customer's.
fn sound_of(slot: &mut Slot, agent: Option<AgentId>) -> Option<&mut SoundRecord> {
    let lines = &mut slot.call.record_mut().sounds;
    let index = lines.iter().position(|line| line.agent == agent);
    match index {
        Some(index) => lines.get_mut(index),
        None if lines.len() < crate::base::limits::SEGMENTS_PER_CALL_MAX => {
            lines.push(SoundRecord { agent, ..SoundRecord::default() });
            lines.last_mut()
        }
        None => None,
    }
}

fn levels(line: &SoundRecord) -> Vec<(&'static str, Detail)> {
    let number = |level: i8| Detail::Number(i64::from(level));
    vec![("level_dbov", number(line.level_dbov)), ("noise_dbov", number(line.noise_dbov)), ("clipped", Detail::Flag(line.clipped))]
}
