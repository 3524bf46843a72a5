//! What a call says: its orders go to the SIP endpoint and the media plane, its facts to the rules that watch it and to the ACD.

use super::carriers::all_channels_taken;
use super::directory::Role;
use super::on_rules::token;
use super::output::{Detail, Output};
use super::routing::dialled_in_call;
use super::slot::{PARTY_RINGS_FOR, Purpose};
use super::{Closing, Key, Switch};
use crate::acd::{self, Leaving, OfferResult};
use crate::base::limits::{DIGITS_MAX, QUALITY_TOLD_WITHIN};
use crate::base::{AgentId, CallId, Instant, LegId, Machine, SessionId};
use crate::call::record::{
    GreetedBy, HeldBy, OfferOutcome, OfferRecord, Outcome, PauseEnding, ReleasedBy, ScriptEnding, SegmentEnding, SegmentRole,
};
use crate::call::{self, Action, Ending, Fact, Order, Side};
use crate::media::clips::{in_language, is_spoken};
use crate::media::control::Command as Media;
use crate::recording;
use crate::rules::{caller_ringing, farewell, hold_patience, message, queue_comfort, ring_limit, script};
use crate::sip::Failure;

/// What an agent presses to have his superior on the line.
const ESCALATES: &str = "**0";

impl Switch {
    pub(super) fn on_call(&mut self, call: CallId, action: Action, now: Instant) {
        match action {
            Action::Sip(command) => self.call_out(call, command, now),
            Action::Media(mut command) => {
                self.translate(call, &mut command);
                if let Some(slot) = self.slots.get_mut(&call) {
                    slot.counts_by(&command);
                    slot.media.ordered(&command, now);
                }
                if let Media::StartRecording { .. } | Media::SetRecordedParties { .. } = &command {
                    self.copies.note(call);
                }
                if let Media::Move { leg, from, to } = command {
                    self.fold_moves(leg, from, to);
                }
                self.out.push(Output::Media(command));
            }
            Action::Tell(fact) => self.on_fact(call, fact, now),
        }
    }

    /// Prompts of a call that speaks another language are that language's; where it has none, the switch's own are played.
    fn translate(&self, call: CallId, command: &mut Media) {
        let Media::Announce { clips, .. } = command else { return };
        let Some(language) = self.slots.get(&call).and_then(|slot| slot.language.as_deref()) else { return };
        for clip in clips.iter_mut().filter(|clip| is_spoken(clip)) {
            *clip = in_language(language, clip);
        }
    }

    /// What stands for a leg in one call's session stands in the other's from now on.
    fn fold_moves(&mut self, leg: LegId, from: SessionId, to: SessionId) {
        let [from, to] = [from, to].map(|session| self.calls_of_sessions.get(&session).copied());
        self.counts_move(leg, from, to);
        let fold = from.and_then(|call| self.slots.get_mut(&call)).and_then(|slot| slot.media.depart(leg));
        if let (Some(fold), Some(slot)) = (fold, to.and_then(|call| self.slots.get_mut(&call))) {
            slot.media.arrive(leg, fold);
        }
    }

    fn on_fact(&mut self, call: CallId, fact: Fact, now: Instant) {
        match fact {
            Fact::CallerReady => self.begin(call, now),
            Fact::CallerAnswered => self.caller_answered(call, now),
            Fact::OfferSent { leg } => self.offer_sent(call, leg, now),
            Fact::OfferRang { leg } => self.offer_rang(call, leg, now),
            Fact::OfferFailed { leg, failure } => self.offer_failed(call, leg, failure, now),
            Fact::Connected { leg } => {
                self.connected(call, leg, now);
                self.copies.note(call);
            }
            Fact::Held { by } => {
                self.copies.note(call);
                self.publish("call.held", Some(call), now, vec![("by", Detail::Text(by.name().to_owned()))]);
                self.tell_patience(call, by, hold_patience::Event::Held, now);
                self.tell_scripts(call, &script::Event::Held, now);
            }
            Fact::Retrieved { by } => {
                self.copies.note(call);
                self.publish("call.retrieved", Some(call), now, vec![("by", Detail::Text(by.name().to_owned()))]);
                self.tell_patience(call, by, hold_patience::Event::Retrieved, now);
                if by == HeldBy::Agent {
                    self.end_promise(call, now);
                }
                if !self.is_held(call) {
                    self.tell_scripts(call, &script::Event::Retrieved, now);
                }
            }
            Fact::Digit { side, digit } => {
                self.note_key(call, side, digit, now);
                self.digit(call, side, digit, now);
            }
            Fact::Spoke { side: Side::Caller } => {
                self.voice_on(call, Side::Caller, true, now);
                self.tell_message(call, message::Event::Spoke, now);
                self.tell_scripts(call, &script::Event::CallerSpoke, now);
            }
            Fact::Spoke { side: Side::Callee } => {
                self.voice_on(call, Side::Callee, true, now);
                self.tell_scripts(call, &script::Event::AgentSpoke, now);
            }
            Fact::FellSilent { side: Side::Caller } => self.tell_message(call, message::Event::FellSilent, now),
            Fact::FellSilent { side: Side::Callee } => {
                self.voice_on(call, Side::Callee, false, now);
                self.tell_scripts(call, &script::Event::AgentQuiet, now);
            }
            Fact::AnnouncementEnded { side, token } => self.announcement_ended(call, side, token, now),
            Fact::AgentLeft { leg } => self.agent_left(call, leg, now),
            Fact::Joined { leg } => self.joined(call, leg, now),
            Fact::Parted { leg } => self.parted(call, leg, now),
            Fact::Reseated { side, from, to } => self.reseated(call, side, from, to, now),
            // Whoever ordered it has it on the books.
            Fact::Exchanged => {
                if let Some(slot) = self.slots.get_mut(&call) {
                    slot.hearing.exchange();
                }
            }
            Fact::DigitBeside { leg, digit } => self.digit_beside(call, leg, digit, now),
            Fact::Ended => return self.ended(call, now),
        }
        self.settle_hearing(call, now);
    }

    /// An INVITE says what the call alone does not know: by whom its caller was sent on, and that an agent's phone is to answer by itself.
    /// Only what his queue gives an agent answers itself: no colleague listens in on him by calling.
    fn call_out(&mut self, call: CallId, mut command: crate::sip::Command, now: Instant) {
        if let (crate::sip::Command::Invite { leg, marks, .. }, Some(slot)) = (&mut command, self.slots.get(&call)) {
            let agent = slot.offers.get(leg).and_then(|offer| self.config.agents.get(&offer.agent));
            marks.auto_answer = agent.and_then(|agent| agent.auto_answer);
            marks.diverted.clone_from(&slot.diverted);
            marks.caller = Some(slot.call.caller());
        }
        if let crate::sip::Command::Answer { leg, .. } = &command {
            self.indicate_in_answer(call, *leg, now);
        }
        self.tell_sip(command, now);
    }

    pub(super) fn is_held(&self, call: CallId) -> bool {
        self.slots.get(&call).is_some_and(|slot| slot.call.is_held(HeldBy::Agent) || slot.call.is_held(HeldBy::Caller))
    }

    /// Both the watch for silence and a script that was begun.
    pub(super) fn tell_scripts(&mut self, call: CallId, event: &script::Event, now: Instant) {
        self.tell_silent(call, event.clone(), now);
        self.tell_script(call, event.clone(), now);
    }

    /// The called agent is in a call from the moment his phone is called.
    pub(super) fn set_callee_agent(&mut self, call: CallId, agent: AgentId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        slot.callee_agent = Some(agent.clone());
        self.engage(agent, call, Role::Callee, now);
    }

    /// The one who is called first is an agent too.
    pub(super) fn set_caller_agent(&mut self, call: CallId, agent: AgentId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        slot.caller_agent = Some(agent.clone());
        self.engage(agent, call, Role::Caller, now);
    }

    /// A party call: the next way to its callee, or the end.
    pub(super) fn try_next_way(&mut self, call: CallId, now: Instant) {
        let leg = self.new_leg();
        loop {
            let Some(slot) = self.slots.get_mut(&call) else { return };
            let Purpose::Party(party) = &mut slot.purpose else { return };
            let Some((callee, local)) = party.ways.pop_front() else {
                let failure = party.refusal.take().unwrap_or(Failure::Unreachable);
                return self.party_failed(call, &failure, now);
            };
            if !self.takes_channel(leg, &callee) {
                self.way_is_full(call);
                continue;
            }
            let Some(slot) = self.slots.get_mut(&call) else { return };
            let (shown, by) = (slot.from.clone(), slot.caller_agent.clone());
            let Purpose::Party(party) = &mut slot.purpose else { return };
            party.trying = Some(leg);
            let agent = party.agent.clone();
            let place = if slot.call.has_caller() { call::Place::Callee } else { call::Place::Caller };
            let from = self.shown_as(&shown, by.as_ref(), &callee);
            let protection = self.protection_of(leg, &callee);
            let codecs = self.codecs_of(&callee);
            let offer = call::Offer { leg, callee, agent, from, local, early_media: true, place, protection, codecs };
            self.add_leg(call, leg);
            return self.order(call, Order::Offer(offer), now);
        }
    }

    /// All channels of its trunk are taken; should no other way serve, that is what the caller is told.
    fn way_is_full(&mut self, call: CallId) {
        if let Some(Purpose::Party(party)) = self.slots.get_mut(&call).map(|slot| &mut slot.purpose) {
            party.refusal.get_or_insert_with(all_channels_taken);
        }
    }

    /// No ringing is heard from the host that was tried.
    pub(super) fn way_is_silent(&mut self, call: CallId, now: Instant) {
        let Some(Purpose::Party(party)) = self.slots.get_mut(&call).map(|slot| &mut slot.purpose) else { return };
        party.next_at = None;
        let Some(leg) = party.trying.take() else { return };
        party.refusal = Some(Failure::Timeout);
        let reason = crate::sip::Reason { cause: 408, text: "no answer in time".to_owned() };
        self.order(call, Order::WithdrawOffer { leg, reason }, now);
        self.remove_leg(call, leg);
        self.try_next_way(call, now);
    }

    fn party_failed(&mut self, call: CallId, failure: &Failure, now: Instant) {
        let (code, outcome) = match failure {
            Failure::Status { code: code @ (486 | 600), .. } => (*code, Outcome::Busy),
            Failure::Status { code: code @ (404 | 410 | 484 | 604), .. } => (*code, Outcome::Unreachable),
            Failure::Status { code: code @ (408 | 480), .. } => (*code, Outcome::NoAnswer),
            // RFC 3261 §21.4.1: what the far side wants of us is not the caller's business.
            Failure::Status { code: 401 | 407, .. } => (503, Outcome::Unreachable),
            // Where a phone says that its agent is, is nothing that the caller could use.
            Failure::Status { code: 300..=399, .. } | Failure::Moved { .. } => (480, Outcome::Refused),
            Failure::Status { code, .. } => (*code, Outcome::Refused),
            Failure::Unreachable => (480, Outcome::Unreachable),
            Failure::Timeout => (408, Outcome::Unreachable),
        };
        let cause = match failure {
            Failure::Status { code, reason } => format!("{code} {reason}"),
            Failure::Moved { code, .. } => format!("{code} {}", crate::sip::msg::message::reason_phrase(*code)),
            Failure::Unreachable => "no phone or carrier could be reached".to_owned(),
            Failure::Timeout => "no response".to_owned(),
        };
        self.turn_away(call, code, outcome, &cause, now);
    }

    pub(super) fn party_rang_too_long(&mut self, call: CallId, now: Instant) {
        if self.slots.get(&call).is_some_and(|slot| matches!(slot.purpose, Purpose::Party(_))) {
            self.turn_away(call, 480, Outcome::NoAnswer, "no answer", now);
        }
    }

    fn caller_answered(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        slot.caller_ringing.handle(caller_ringing::Event::Answered, now, &mut Vec::new());
        let mut ordered = Vec::new();
        if slot.call.is_recorded() {
            slot.recording.handle(recording::state::Event::Started, now, &mut ordered);
        }
        self.on_recording(call, ordered, now);
        self.store_record(call);
        self.publish("call.answered", Some(call), now, Vec::new());
        self.first_is_there(call, now);
    }

    fn offer_sent(&mut self, call: CallId, leg: LegId, now: Instant) {
        let at = self.at_of(call, now);
        let tried_for = self.carriers.trunk_of(leg).and_then(|trunk| self.config.trunks.get(trunk)?.try_for);
        let rule = &self.config.rules.answer;
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let beside = slot.offers.iter().any(|(other, offer)| *other != leg && offer.ring_limit.is_some());
        if let Some(offer) = slot.offers.get_mut(&leg) {
            offer.invited(rule.cadence, rule.max_rings, now);
            self.touched.insert(Key::Slot(call));
            let offers = &mut slot.call.record_mut().offers;
            if offers.len() < crate::base::limits::OFFERS_PER_CALL_MAX {
                let agent = offer.agent.clone();
                offers.push(OfferRecord { agent, alerted_at: at, ended_at: None, rings: 0, result: OfferOutcome::Pending, beside });
            }
            // Of several phones that ring for him the first says all there is to say.
            if !beside {
                self.ring_caller(call, now);
            }
        } else if slot.errands.contains_key(&leg) {
            self.errand_sent(call, leg, now);
        } else if let Purpose::Party(party) = &mut slot.purpose {
            party.no_answer_at.get_or_insert(now + party.rings_for.unwrap_or(PARTY_RINGS_FOR));
            party.next_at = tried_for.map(|long| now + long);
        }
    }

    /// The caller hears ringing, and his own count of rings begins with the first.
    fn ring_caller(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        if !slot.call.is_caller_answered() && slot.call.has_caller() {
            slot.caller_ringing.handle(caller_ringing::Event::Rang, now, &mut Vec::new());
            self.order(call, Order::RingCaller, now);
        }
    }

    fn offer_rang(&mut self, call: CallId, leg: LegId, now: Instant) {
        self.carriers.serves(leg);
        if self.slots.get(&call).is_some_and(|slot| slot.errands.contains_key(&leg)) {
            return self.errand_rang(call, leg, now);
        }
        let Some((agent, first)) = self.slots.get(&call).and_then(|slot| slot.offers.get(&leg)).map(|offer| {
            let first = offer.ring_limit.as_ref().is_some_and(crate::rules::RingLimit::no_alert);
            (offer.agent.clone(), first)
        }) else {
            // A party call: the caller hears what the callee's side says, ringing or early media.
            if let Some(Purpose::Party(party)) = self.slots.get_mut(&call).map(|slot| &mut slot.purpose) {
                party.next_at = None;
                self.touched.insert(Key::Slot(call));
            }
            self.order(call, Order::RingCaller, now);
            return self.publish("call.delivered", Some(call), now, Vec::new());
        };
        if !first {
            return;
        }
        self.tell_ring_limit(call, leg, ring_limit::Event::Rang, now);
        let at = self.at_of(call, now);
        let pending = |line: &&mut OfferRecord| line.agent == agent && line.result == OfferOutcome::Pending;
        if let Some(line) = self.slots.get_mut(&call).and_then(|slot| slot.call.record_mut().offers.iter_mut().rev().find(pending)) {
            line.alerted_at = at;
        }
        self.publish("call.delivered", Some(call), now, vec![("agent", Detail::Text(agent.to_string()))]);
        self.tell_acd(acd::Event::Alerting { agent, call }, now);
    }

    fn offer_failed(&mut self, call: CallId, leg: LegId, failure: Failure, now: Instant) {
        if let Some(offer) = self.slots.get_mut(&call).and_then(|slot| slot.offers.get_mut(&leg)) {
            offer.refused = match &failure {
                Failure::Status { code, .. } | Failure::Moved { code, .. } => Some(*code),
                Failure::Unreachable | Failure::Timeout => None,
            };
            let (outcome, result) = match &failure {
                Failure::Status { code: 486 | 600, .. } => (OfferOutcome::Busy, OfferResult::Busy),
                Failure::Status { code: 404 | 408 | 410 | 480 | 503, .. } | Failure::Unreachable | Failure::Timeout => {
                    (OfferOutcome::Unreachable, OfferResult::Unreachable)
                }
                Failure::Status { .. } | Failure::Moved { .. } => (OfferOutcome::Rejected, OfferResult::Rejected),
            };
            self.tell_ring_limit(call, leg, ring_limit::Event::Ended, now);
            return self.offer_ended(call, leg, outcome, result, now);
        }
        if self.slots.get(&call).is_some_and(|slot| slot.errands.contains_key(&leg)) {
            return self.errand_refused(call, leg, &failure, now);
        }
        self.remove_leg(call, leg);
        let Some(Purpose::Party(party)) = self.slots.get_mut(&call).map(|slot| &mut slot.purpose) else { return };
        if party.trying != Some(leg) {
            return;
        }
        party.trying = None;
        party.next_at = None;
        // Another host may serve what this one could not (RFC 3263 §4.3): silence and 5xx; a callee's own no stands.
        let elsewhere = matches!(&failure, Failure::Unreachable | Failure::Timeout | Failure::Status { code: 408 | 500..=599, .. });
        if elsewhere {
            party.refusal = Some(failure);
            self.try_next_way(call, now);
        } else if !matches!(&failure, Failure::Moved { to, rang, why, .. } if self.follows(call, to, (*rang, why.as_deref()), now)) {
            self.party_failed(call, &failure, now);
        }
    }

    fn connected(&mut self, call: CallId, leg: LegId, now: Instant) {
        self.carriers.serves(leg);
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.overflow = None;
            slot.queued_first = None;
        }
        self.tell_ring_limit(call, leg, ring_limit::Event::Answered, now);
        if let Some(offer) = self.close_offer(call, leg, OfferOutcome::Answered, now) {
            self.serves(call, &offer.agent, now);
        } else if !self.took_over(call, leg, now) {
            if let Some(Purpose::Party(party)) = self.slots.get_mut(&call).map(|slot| &mut slot.purpose) {
                party.no_answer_at = None;
                party.next_at = None;
                party.trying = None;
            }
            self.publish("call.established", Some(call), now, Vec::new());
            let (caller, callee) = self.slots.get(&call).map(|slot| (slot.caller_agent.clone(), slot.callee_agent.clone())).unzip();
            for (agent, role) in [(caller.flatten(), SegmentRole::Calling), (callee.flatten(), SegmentRole::Serving)] {
                if let Some(agent) = agent {
                    self.segment_begins(call, &agent, role, now);
                }
            }
        }
        for side in [Side::Caller, Side::Callee] {
            self.measure(call, side, now);
        }
        self.end_wish(call);
        self.call_back_connected(call, now);
        self.touched.insert(Key::Slot(call));
        self.store_record(call);
    }

    /// An agent has the caller of his queue, or of another's who rang for him.
    pub(super) fn serves(&mut self, call: CallId, agent: &AgentId, now: Instant) {
        self.directory.takes_part(agent, call, Role::Callee);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let is_queued = slot.queue().is_some();
        slot.comfort.handle(queue_comfort::Event::Ended, now, &mut Vec::new());
        slot.callee_agent = Some(agent.clone());
        let outlives = slot.farewell.is_some();
        if is_queued && slot.made.is_none() {
            self.spoke_last.note(&slot.call.record().caller, agent.clone(), now);
        }
        self.tell_acd(acd::Event::Answered { agent: agent.clone(), call }, now);
        self.publish("call.established", Some(call), now, Vec::new());
        self.segment_begins(call, agent, SegmentRole::Serving, now);
        if outlives {
            self.order(call, Order::OutliveAgent, now);
        }
        self.called_by_himself(call, now);
        if is_queued {
            self.greet(call, agent, now);
        }
    }

    fn announcement_ended(&mut self, call: CallId, side: Side, token: u64, now: Instant) {
        if side != Side::Caller {
            return;
        }
        match token {
            token::WELCOME => {
                if let Some(slot) = self.slots.get_mut(&call).filter(|slot| !slot.call.is_connected() && slot.queue().is_some()) {
                    slot.comfort.handle(queue_comfort::Event::MusicBegan, now, &mut Vec::new());
                    self.touched.insert(Key::Slot(call));
                    self.tell_place(call, now);
                }
            }
            token::GREETING_BEGAN => self.greeting_began(call, GreetedBy::Switch, now),
            token::GREETING => self.tell_silent(call, script::Event::GreetingEnded, now),
            token::SILENT_STEP => self.tell_silent(call, script::Event::StepPlayed, now),
            token::PLAY => self.played(call, now),
            token::FAREWELL_QUESTION => self.tell_farewell(call, farewell::Event::Asked, now),
            token::FAREWELL => self.tell_farewell(call, farewell::Event::Parted, now),
            token::BOX_GREETING => self.tell_message(call, message::Event::Greeted, now),
            token::BOX_BEEP => self.tell_message(call, message::Event::Beeped, now),
            token::BOX_QUESTION => self.tell_message(call, message::Event::Asked, now),
            token::WISH..token::MENU_PROMPT => self.wish_asked(call, token, now),
            token::MENU_PROMPT.. => {
                self.menu_prompt_ended(call, token, now);
                self.listening_said(call, token, now);
                self.replaying_said(call, token, now);
            }
            _ => self.script_step_played(call, token, now),
        }
    }

    /// All is said to a caller who was only to hear it.
    fn played(&mut self, call: CallId, now: Instant) {
        let Some(Purpose::Play { turned, .. }) = self.slots.get(&call).map(|slot| &slot.purpose) else { return };
        let (outcome, cause) = match turned {
            Some(turned) => (turned.outcome, turned.cause.clone()),
            None => (Outcome::Played, "played to its end".to_owned()),
        };
        let ending = Ending { by: ReleasedBy::Switch, outcome: Some(outcome), code: 200, retry_after: None, cause };
        self.order(call, Order::Release(ending), now);
    }

    /// An agent's digits may be a feature code; a caller's may answer the survey.
    fn digit(&mut self, call: CallId, side: Side, digit: char, now: Instant) {
        if side == Side::Caller {
            let taken = self.menu_pressed(call, digit, now)
                || self.wish_pressed(call, digit, now)
                || self.listener_pressed(call, digit, now)
                || self.replayer_pressed(call, digit, now);
            if taken {
                return;
            }
            self.tell_message(call, message::Event::Digit(digit), now);
            self.tell_farewell(call, farewell::Event::Digit(digit), now);
        }
        let hidden = self.hides_keys(call);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let Some(agent) = slot.agent_on(side).cloned() else { return };
        let pressed = &mut slot.digits[usize::from(side == Side::Callee)];
        // A second star makes the code of a script; any other begins anew.
        if (digit == '*' && pressed != "*") || pressed.len() >= DIGITS_MAX {
            pressed.clear();
        }
        // Of what is no code nothing is kept, were it for a moment.
        if hidden && pressed.is_empty() && digit != '*' {
            return;
        }
        pressed.push(digit);
        if digit == '#' && !pressed.starts_with("**") {
            let code = std::mem::take(pressed);
            self.parties_by_code(call, side, &code, now);
        } else if pressed == ESCALATES {
            pressed.clear();
            if let Err(refused) = self.escalate(call, side, now) {
                self.publish(
                    "code.refused",
                    Some(call),
                    now,
                    vec![("code", Detail::Text(ESCALATES.to_owned())), ("why", Detail::Text(refused.why))],
                );
            }
        } else if let Some(code) = dialled_in_call(&self.config, pressed) {
            pressed.clear();
            self.obey(&agent, code, now);
        } else if side == Side::Callee && pressed.starts_with("**") && pressed.len() > 2 {
            let code = std::mem::take(pressed);
            self.script_by_code(call, &code, now);
        }
    }

    /// The call is over: its offers are withdrawn, its agents are free, its record goes to the store when its recording is closed.
    fn ended(&mut self, call: CallId, now: Instant) {
        self.settle_outcome(call);
        self.end_pause(call, PauseEnding::Released, None, now);
        for leg in self.slots.get(&call).map(|slot| slot.offers.keys().copied().collect::<Vec<_>>()).unwrap_or_default() {
            self.close_offer(call, leg, OfferOutcome::Withdrawn, now);
        }
        self.end_script(call, ScriptEnding::CutShort, now);
        self.end_promise(call, now);
        for agent in self.slots.get(&call).map(|slot| slot.agents().cloned().collect::<Vec<_>>()).unwrap_or_default() {
            self.segment_ends(call, &agent, SegmentEnding::Left, now);
        }
        self.tell_message(call, message::Event::Left, now);
        self.may_have_abandoned(call, now);
        self.call_back_over(call, now);
        self.listener_left(call, now);
        self.replayer_left(call, now);
        self.quality_ended(call, now);
        self.copy_ends(call, now);
        self.tell_acd(acd::Event::Left { call, why: Leaving::Abandoned }, now);
        let detail = self.slots.get(&call).map(|slot| {
            let record = slot.call.record();
            vec![
                ("outcome", Detail::Text(record.outcome.map_or("", Outcome::name).to_owned())),
                ("released_by", Detail::Text(record.released_by.map_or("", ReleasedBy::name).to_owned())),
                ("cause", Detail::Text(record.release_cause.clone().unwrap_or_default())),
            ]
        });
        self.publish("call.released", Some(call), now, detail.unwrap_or_default());
        let Some(mut slot) = self.slots.remove(&call) else { return };
        self.touched.insert(Key::Slot(call));
        for leg in &slot.legs {
            self.calls_of_legs.remove(leg);
            self.carriers.free(*leg);
        }
        for (agent, role) in [(&slot.caller_agent, Role::Caller), (&slot.callee_agent, Role::Callee)] {
            if let Some(agent) = agent {
                self.disengage(agent, call, role, now);
            }
        }
        for agent in slot.agents_beside() {
            self.disengage(agent, call, Role::Beside, now);
        }
        let mut ordered = Vec::new();
        slot.recording.handle(recording::state::Event::Released, now, &mut ordered);
        let mut record = slot.call.record().clone();
        record.recording = slot.recording.info();
        tracing::info!(
            %call,
            outcome = record.outcome.map(Outcome::name),
            by = record.released_by.map(ReleasedBy::name),
            cause = record.release_cause,
            "call released"
        );
        self.store(record.clone());
        let closing = Closing {
            records: record.recording.is_some() && !slot.recording.is_settled(),
            record,
            recording: slot.recording,
            session: slot.call.session(),
            travels: slot.travels,
            counted_by: now + QUALITY_TOLD_WITHIN,
            wall: slot.call.wall(),
            changed: false,
        };
        self.closing.insert(call, closing);
        self.settle_closing(call);
    }
}
