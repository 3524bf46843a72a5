//! What a call tells of those beside the two, and of seats that change hands: the books of who takes part, the record's segments, and what
//! follows for a caller whose agent is gone.

use super::directory::Role;
use super::errand::Kind;
use super::output::Detail;
use super::{Key, Switch};
use crate::base::limits::SEGMENTS_PER_CALL_MAX;
use crate::base::{AgentId, CallId, ClipId, Instant, LegId};
use crate::call::record::{Outcome, SegmentEnding, SegmentRecord, SegmentRole};
use crate::call::{MUSIC, Order, Part, Place, Side};
use crate::config::Destination;
use crate::media::control::Background;
use crate::rules::script;

impl Switch {
    /// One has his place beside the two.
    pub(super) fn joined(&mut self, call: CallId, leg: LegId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let Some(part) = slot.call.part_of(leg) else { return };
        let errand = slot.errands.remove(&leg);
        let admitted = slot.admitted.remove(&leg);
        let agent = errand.as_ref().and_then(|errand| errand.agent.clone());
        let agent = agent.or_else(|| admitted.as_ref().map(|admitted| admitted.agent.clone()));
        if let Some(agent) = agent.clone() {
            slot.beside.insert(leg, agent.clone());
            self.segment_begins(call, &agent, role_of(part), now);
        }
        if part == Part::Consulted {
            self.order(call, Order::SetBackground { side: Side::Callee, background: Background::None }, now);
        }
        let kind = errand.as_ref().map(|errand| errand.kind);
        if kind == Some(Kind::Escalation) {
            self.introduce(call, leg, now);
        }
        if let Some(admitted) = admitted {
            self.came_in(*admitted, call, now);
        }
        let mut detail = vec![("part", Detail::Text(role_of(part).name().to_owned()))];
        detail.extend(agent.map(|agent| ("agent", Detail::Text(agent.to_string()))));
        detail.extend(errand.map(|errand| ("number", Detail::Text(errand.number))));
        self.publish("party.joined", Some(call), now, detail);
        self.store_record(call);
    }

    /// The superior hears whose call it is before the agent tells him the matter: his greeting, said to the superior alone.
    fn introduce(&mut self, call: CallId, leg: LegId, now: Instant) {
        let Some(agent) = self.slots.get(&call).and_then(|slot| slot.callee_agent.clone()) else { return };
        let digits = agent.as_str().chars().filter(char::is_ascii_digit).map(|digit| ClipId::new(&format!("digits/{digit}")));
        let clips = std::iter::once(ClipId::new("escalation")).chain(digits).collect();
        self.order(call, Order::AnnounceBeside { leg, clips, token: super::on_rules::token::INTRODUCTION }, now);
    }

    /// One who was beside the two is gone.
    pub(super) fn parted(&mut self, call: CallId, leg: LegId, now: Instant) {
        self.remove_leg(call, leg);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let admitted = slot.admitted.remove(&leg);
        let agent = slot.beside.remove(&leg).or_else(|| admitted.as_ref().map(|admitted| admitted.agent.clone()));
        let was_asked = slot.call.is_aside() && slot.call.beside(Part::Consulted).next().is_none() && slot.errands.is_empty();
        if let Some(agent) = &agent {
            self.segment_ends(call, agent, SegmentEnding::Left, now);
            self.disengage(agent, call, Role::Beside, now);
        }
        match admitted {
            Some(admitted) => self.stayed_out(*admitted, now),
            None => {
                let detail = agent.map(|agent| ("agent", Detail::Text(agent.to_string()))).into_iter().collect();
                self.publish("party.left", Some(call), now, detail);
            }
        }
        if was_asked {
            self.turn_back_unless_held(call, now);
        }
    }

    /// A seat has another party. For the one before his part is over: his segment closes with the transfer.
    pub(super) fn reseated(&mut self, call: CallId, side: Side, from: LegId, to: LegId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let errand = slot.errands.remove(&to);
        let comes = errand.as_ref().and_then(|errand| errand.agent.clone());
        let admitted = slot.admitted.remove(&to);
        let comes = comes.or_else(|| slot.beside.remove(&to)).or_else(|| admitted.as_ref().map(|admitted| admitted.agent.clone()));
        let (seat, role) = match side {
            Side::Caller => (&mut slot.caller_agent, Role::Caller),
            Side::Callee => (&mut slot.callee_agent, Role::Callee),
        };
        let goes = std::mem::replace(seat, comes.clone());
        slot.digits[usize::from(side == Side::Callee)].clear();
        self.tell_referrer(errand.as_ref().and_then(|errand| errand.refer), 200, now);
        self.remove_leg(call, from);
        if let Some(comes) = &comes {
            self.directory.takes_part(comes, call, role);
            self.directory.leaves(comes, call, Role::Beside);
            self.tell_acd(crate::acd::Event::Engaged { agent: comes.clone(), call }, now);
            self.segment_ends(call, comes, SegmentEnding::Changed, now);
        }
        // He who called has hung up, and others speak on.
        let has_left = side == Side::Caller && self.slots.get(&call).is_some_and(|slot| slot.call.record().caller_left_at.is_some());
        if let Some(goes) = goes.as_ref().filter(|goes| Some(*goes) != comes.as_ref()) {
            let ending = if has_left { SegmentEnding::Left } else { SegmentEnding::Transferred };
            self.segment_ends(call, goes, ending, now);
            self.disengage(goes, call, role, now);
        }
        if let Some(comes) = &comes {
            let role = if side == Side::Caller { SegmentRole::Calling } else { SegmentRole::Serving };
            self.segment_begins(call, comes, role, now);
        }
        if side == Side::Callee {
            self.order(call, Order::SetBackground { side, background: Background::None }, now);
            self.forget_who_was_asked(call, now);
        }
        if let Some(admitted) = admitted {
            self.came_in(*admitted, call, now);
        }
        if has_left {
            return self.goes_on_without_caller(call, comes, now);
        }
        let mut detail = Vec::new();
        detail.extend(goes.map(|agent| ("from", Detail::Text(agent.to_string()))));
        let number = errand.map(|errand| errand.number);
        detail.extend(comes.map(|agent| agent.to_string()).or(number).map(|to| ("to", Detail::Text(to))));
        self.publish("call.transferred", Some(call), now, detail);
        self.measure(call, side, now);
        if side == Side::Callee {
            self.listens_to_another(call, now);
        }
        self.touched.insert(Key::Slot(call));
        self.store_record(call);
    }

    /// The caller has left the conference, and one of it has his seat: what was watched for him, and was to be said to him, is over.
    fn goes_on_without_caller(&mut self, call: CallId, heir: Option<AgentId>, now: Instant) {
        self.end_script(call, crate::call::record::ScriptEnding::CutShort, now);
        self.end_promise(call, now);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        (slot.silent, slot.farewell) = (None, None);
        self.heed_both(call, now);
        let detail = heir.map(|agent| ("heir", Detail::Text(agent.to_string()))).into_iter().collect();
        self.publish("call.caller_left", Some(call), now, detail);
        self.touched.insert(Key::Slot(call));
        self.store_record(call);
    }

    /// Who asked is gone: whom he called to ask is not needed.
    fn forget_who_was_asked(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call) else { return };
        let asked = slot.errands.iter().filter(|(_, errand)| errand.kind.place() == Place::Beside(Part::Consulted));
        let ringing: Vec<LegId> = asked.map(|(leg, _)| *leg).collect();
        let there: Vec<LegId> = slot.call.beside(Part::Consulted).collect();
        for leg in ringing {
            self.withdraw_errand(call, leg, "not needed any more", now);
        }
        for leg in there {
            self.order(call, Order::Dismiss { leg, cause: "not needed any more".to_owned() }, now);
        }
    }

    /// Who was called for the caller has him, whose agent had hung up before; or a colleague who picked up what rang. False for neither.
    pub(super) fn took_over(&mut self, call: CallId, leg: LegId, now: Instant) -> bool {
        let Some(slot) = self.slots.get_mut(&call) else { return false };
        let errand = slot.errands.remove(&leg);
        let admitted = slot.admitted.remove(&leg);
        let number = errand.as_ref().map(|errand| errand.number.clone());
        let agent = match (errand, &admitted) {
            (None, None) => return false,
            (Some(errand), _) => errand.agent,
            (None, Some(admitted)) => Some(admitted.agent.clone()),
        };
        // The call gave these up when somebody was there.
        for leg in slot.errands.keys().copied().collect::<Vec<_>>() {
            self.withdraw_errand(call, leg, "answered elsewhere", now);
        }
        if let Some(agent) = &agent {
            self.directory.leaves(agent, call, Role::Beside);
        }
        if let Some(admitted) = admitted {
            let agent = admitted.agent.clone();
            self.came_in(*admitted, call, now);
            self.serves(call, &agent, now);
            return true;
        }
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.callee_agent.clone_from(&agent);
        }
        if let Some(agent) = &agent {
            self.directory.takes_part(agent, call, Role::Callee);
            self.tell_acd(crate::acd::Event::Answered { agent: agent.clone(), call }, now);
            self.segment_begins(call, agent, SegmentRole::Serving, now);
        }
        let to = agent.map(|agent| agent.to_string()).or(number);
        self.publish("call.transferred", Some(call), now, to.map(|to| ("to", Detail::Text(to))).into_iter().collect());
        self.listens_to_another(call, now);
        if !self.is_held(call) {
            self.tell_scripts(call, &script::Event::Retrieved, now);
        }
        true
    }

    /// The agent hung up while somebody was being called for the caller, who waits.
    pub(super) fn waits_for_transfer(&mut self, call: CallId, now: Instant) {
        let background = Background::Music(ClipId::new(MUSIC));
        self.order(call, Order::SetBackground { side: Side::Caller, background }, now);
        self.tell_scripts(call, &script::Event::AgentQuiet, now);
        self.tell_scripts(call, &script::Event::Held, now);
    }

    /// Another speaks with the caller: what listens for words listens to him now.
    fn listens_to_another(&mut self, call: CallId, now: Instant) {
        self.heed(call, Side::Callee, now);
        self.tell_scripts(call, &script::Event::AgentQuiet, now);
    }

    /// Nobody has the caller, and nobody is being called for him any more.
    pub(super) fn left_alone(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call) else { return };
        match slot.queue().cloned() {
            Some(queue) => self.go_to(call, &Destination::Queue(queue), now),
            None => self.release(call, Outcome::Answered, "nobody took the transferred call", now),
        }
    }

    pub(super) fn digit_beside(&mut self, call: CallId, leg: LegId, digit: char, now: Instant) {
        let part = match digit {
            '4' => Part::Listening,
            '5' => Part::Whispering,
            '6' => Part::BargingIn,
            _ => return,
        };
        if self.slots.get(&call).and_then(|slot| slot.call.part_of(leg)).is_some_and(is_supervision) {
            self.change_part(call, leg, part, now);
        }
    }

    // Segments of the record.

    pub(super) fn segment_begins(&mut self, call: CallId, agent: &AgentId, role: SegmentRole, now: Instant) {
        let at = self.at_of(call, now);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let segments = &mut slot.call.record_mut().segments;
        if segments.len() < SEGMENTS_PER_CALL_MAX {
            segments.push(SegmentRecord { agent: agent.clone(), role, started_at: at, ended_at: None, ending: SegmentEnding::Running });
        }
    }

    pub(super) fn segment_ends(&mut self, call: CallId, agent: &AgentId, ending: SegmentEnding, now: Instant) {
        let at = self.at_of(call, now);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let running = |segment: &&mut SegmentRecord| segment.agent == *agent && segment.ending == SegmentEnding::Running;
        if let Some(segment) = slot.call.record_mut().segments.iter_mut().rev().find(running) {
            (segment.ended_at, segment.ending) = (Some(at), ending);
        }
    }

    pub(super) fn store_record(&mut self, call: CallId) {
        if let Some(record) = self.slots.get(&call).map(|slot| slot.call.record().clone()) {
            self.store(record);
        }
    }
}

pub(super) const fn is_supervision(part: Part) -> bool {
    matches!(part, Part::Listening | Part::Whispering | Part::BargingIn)
}

pub(super) const fn role_of(part: Part) -> SegmentRole {
    match part {
        Part::Consulted => SegmentRole::Consulted,
        Part::Conferee => SegmentRole::Conferee,
        Part::Listening => SegmentRole::Listening,
        Part::Whispering => SegmentRole::Whispering,
        Part::BargingIn => SegmentRole::BargingIn,
    }
}
