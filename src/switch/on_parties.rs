//! Who comes into a call that stands, and who goes: transfer, consultation, conference, supervision. What agents press, phones refer, and
//! programs order comes together here; whom it is for is called by an `errand`.

use super::directory::Role;
use super::errand::{Aim, Errand, Granted, Kind, Refused, refused};
use super::input::{PartyOrder, SupervisionMode};
use super::output::{Detail, Reply};
use super::slot::PARTY_RINGS_FOR;
use super::{Key, Switch};
use crate::base::limits::SEGMENTS_PER_CALL_MAX;
use crate::base::time::secs;
use crate::base::{AgentId, CallId, ClipId, Instant, LegId};
use crate::call::record::{Outcome, SegmentEnding, SegmentRecord, SegmentRole};
use crate::call::{MUSIC, Order, Part, Place, Side};
use crate::config::{self, Config, Destination};
use crate::media::control::Background;
use crate::rules::script;
use crate::sip::{Command, ReferId, ReferTarget};

impl Switch {
    /// The agent of a call whose part it is to transfer and ask is put in the callee's seat: there he is whom the caller speaks with.
    pub(super) fn put_agent_in_place(&mut self, call: CallId, side: Side, now: Instant) {
        if side == Side::Callee {
            return;
        }
        let Some(slot) = self.slots.get_mut(&call).filter(|slot| slot.call.is_connected()) else { return };
        std::mem::swap(&mut slot.caller_agent, &mut slot.callee_agent);
        slot.digits.swap(0, 1);
        let (caller, callee) = (slot.caller_agent.clone(), slot.callee_agent.clone());
        for (agent, role, before) in [(caller, Role::Caller, Role::Callee), (callee, Role::Callee, Role::Caller)] {
            if let Some(agent) = agent {
                self.directory.takes_part(&agent, call, role);
                self.directory.leaves(&agent, call, before);
            }
        }
        self.order(call, Order::Exchange, now);
    }

    /// The side on which the agent of a call sits: the one who serves, or the one who called out.
    fn agents_side(&self, call: CallId) -> Side {
        let slot = self.slots.get(&call);
        let called_out = slot.is_some_and(|slot| slot.callee_agent.is_none() && slot.caller_agent.is_some());
        if called_out { Side::Caller } else { Side::Callee }
    }

    /// Sends the caller to `number`, without asking whom he comes to.
    pub(super) fn transfer(&mut self, call: CallId, number: &str, side: Side, refer: Option<ReferId>, now: Instant) -> Granted {
        let by = self.agent_in(call, side)?;
        match self.aim(number, by.as_ref(), Kind::Transfer, now)? {
            Aim::Caller(to) => {
                self.put_agent_in_place(call, side, now);
                self.tell_referrer(refer, 200, now);
                let detail = match &to {
                    Destination::Queue(queue) => format!("queue:{queue}"),
                    _ => number.to_owned(),
                };
                self.publish("call.transferred", Some(call), now, vec![("to", Detail::Text(detail))]);
                self.go_to(call, &to, now);
                Ok(())
            }
            Aim::Phone(errand) => {
                self.put_agent_in_place(call, side, now);
                self.send(call, errand.referred_by(refer), now)
            }
        }
    }

    /// The agent asks somebody while the caller waits; or adds him to the conversation.
    pub(super) fn invite(&mut self, call: CallId, number: &str, kind: Kind, side: Side, now: Instant) -> Granted {
        let by = self.agent_in(call, side)?;
        match self.aim(number, by.as_ref(), kind, now)? {
            Aim::Phone(errand) => {
                self.put_agent_in_place(call, side, now);
                self.send(call, errand, now)
            }
            Aim::Caller(_) => Err(refused(404, format!("{number} is nobody to speak with"))),
        }
    }

    /// The agent's superior is asked: the first supervisor of his team who can be reached, else any.
    pub(super) fn escalate(&mut self, call: CallId, side: Side, now: Instant) -> Granted {
        let by = self.agent_in(call, side)?;
        let superior =
            superiors(&self.config, by.as_ref()).into_iter().find(|superior| self.to_agent(superior.clone(), by.as_ref()).is_ok());
        let Some(superior) = superior else { return Err(refused(480, "no superior can be reached")) };
        match self.aim(superior.as_str(), by.as_ref(), Kind::Escalation, now)? {
            Aim::Phone(errand) => {
                self.put_agent_in_place(call, side, now);
                self.send(call, errand, now)
            }
            Aim::Caller(_) => Err(refused(480, "no superior can be reached")),
        }
    }

    /// Whom the agent asked goes on with the caller.
    pub(super) fn complete_consultation(&mut self, call: CallId, now: Instant) -> Granted {
        let Some(leg) = self.slots.get(&call).and_then(|slot| slot.call.beside(Part::Consulted).next()) else {
            return Err(refused(481, "nobody is asked"));
        };
        self.order(call, Order::TakeSeat { leg, cause: "transferred".to_owned() }, now);
        Ok(())
    }

    /// Caller, agent and whom he asked speak together.
    pub(super) fn confer(&mut self, call: CallId, now: Instant) -> Granted {
        let asked: Vec<LegId> = self.slots.get(&call).map(|slot| slot.call.beside(Part::Consulted).collect()).unwrap_or_default();
        if asked.is_empty() {
            return Err(refused(481, "nobody is asked"));
        }
        for leg in asked {
            self.change_part(call, leg, Part::Conferee, now);
        }
        self.turn_back(call, now);
        Ok(())
    }

    /// Whom the agent asked goes, and the agent speaks with the caller again.
    pub(super) fn end_consultation(&mut self, call: CallId, now: Instant) -> Granted {
        let Some(slot) = self.slots.get(&call) else { return Err(refused(481, "the call is over")) };
        let ringing =
            slot.errands.iter().filter(|(_, errand)| matches!(errand.kind, Kind::Consultation | Kind::Escalation | Kind::Transfer));
        let ringing: Vec<LegId> = ringing.map(|(leg, _)| *leg).collect();
        let asked: Vec<LegId> = slot.call.beside(Part::Consulted).collect();
        if ringing.is_empty() && asked.is_empty() {
            return self.retrieve(call, now);
        }
        for leg in ringing {
            self.withdraw_errand(call, leg, "not needed any more", now);
        }
        for leg in asked {
            self.order(call, Order::Dismiss { leg, cause: "not needed any more".to_owned() }, now);
        }
        Ok(())
    }

    /// Someone beside the two is something else from now on.
    fn change_part(&mut self, call: CallId, leg: LegId, part: Part, now: Instant) {
        let Some(agent) = self.slots.get(&call).filter(|slot| slot.call.part_of(leg) != Some(part)).and_then(|slot| slot.beside.get(&leg))
        else {
            return self.order(call, Order::SetPart { leg, part }, now);
        };
        let agent = agent.clone();
        self.segment_ends(call, &agent, SegmentEnding::Changed, now);
        self.segment_begins(call, &agent, role_of(part), now);
        self.order(call, Order::SetPart { leg, part }, now);
        let detail = vec![("agent", Detail::Text(agent.to_string())), ("part", Detail::Text(role_of(part).name().to_owned()))];
        self.publish("party.changed", Some(call), now, detail);
    }

    /// A supervisor's phone is called to listen, whisper, barge in, or speak in the agent's place.
    pub(super) fn supervise(&mut self, call: CallId, supervisor: &AgentId, kind: Kind, now: Instant) -> Granted {
        self.may_supervise(supervisor)?;
        let side = self.agents_side(call);
        let there = self.slots.get(&call).and_then(|slot| slot.beside.iter().find(|(_, agent)| *agent == supervisor)).map(|(leg, _)| *leg);
        match (there, kind) {
            (Some(leg), Kind::Supervision(part)) => self.change_part(call, leg, part, now),
            (Some(leg), _) => {
                self.order(call, Order::TakeSeat { leg, cause: "taken over".to_owned() }, now);
            }
            (None, kind) => match self.aim(supervisor.as_str(), None, kind, now)? {
                Aim::Phone(errand) => {
                    self.put_agent_in_place(call, side, now);
                    self.send(call, errand, now)?;
                }
                Aim::Caller(_) => return Err(refused(404, "no phone of that supervisor is known")),
            },
        }
        Ok(())
    }

    pub(super) fn may_supervise(&self, supervisor: &AgentId) -> Granted {
        match self.config.agents.get(supervisor).map(|agent| agent.role) {
            Some(config::Role::Supervisor) => Ok(()),
            Some(config::Role::Agent) => Err(refused(403, format!("{supervisor} is no supervisor"))),
            None => Err(refused(404, format!("no agent {supervisor}"))),
        }
    }

    /// A supervisor leaves the call.
    pub(super) fn end_supervision(&mut self, call: CallId, supervisor: &AgentId, now: Instant) -> Granted {
        let slot = self.slots.get(&call).ok_or_else(|| refused(481, "the call is over"))?;
        let is_his = |agent: &Option<AgentId>| agent.as_ref() == Some(supervisor);
        let ringing = slot.errands.iter().find(|(_, errand)| is_his(&errand.agent) && matches!(errand.kind, Kind::Supervision(_)));
        let there = slot.beside.iter().find(|(leg, agent)| *agent == supervisor && slot.call.part_of(**leg).is_some_and(is_supervision));
        match (ringing.map(|(leg, _)| *leg), there.map(|(leg, _)| *leg)) {
            (Some(leg), _) => self.withdraw_errand(call, leg, "not needed any more", now),
            (None, Some(leg)) => self.order(call, Order::Dismiss { leg, cause: "supervision ended".to_owned() }, now),
            (None, None) => return Err(refused(404, format!("{supervisor} does not supervise that call"))),
        }
        Ok(())
    }

    fn agent_in(&self, call: CallId, side: Side) -> Result<Option<AgentId>, Refused> {
        let slot = self.slots.get(&call).filter(|slot| slot.call.is_connected());
        slot.map(|slot| slot.agent_on(side).cloned()).ok_or_else(|| refused(481, "nobody speaks in that call"))
    }

    /// An agent's phone refers whom it speaks with to somebody else.
    pub(super) fn referred(&mut self, refer: ReferId, target: &ReferTarget, now: Instant) {
        let found = self.calls_of_legs.get(&refer.leg).copied();
        let side = found.and_then(|call| self.slots.get(&call)?.call.side_of(refer.leg));
        let (Some(call), Some(side)) = (found, side) else {
            // One beside the two transfers nobody but himself.
            return self.tell_sip(Command::TellReferProgress { refer, status: 403 }, now);
        };
        let done = match target {
            ReferTarget::Number(number) => self.transfer(call, number, side, Some(refer), now),
            ReferTarget::Replace(other) => self.merge(call, refer, *other, now),
        };
        if let Err(Refused { code, why }) = done {
            tracing::info!(%call, code, why, "a referral came to nothing");
            self.tell_sip(Command::TellReferProgress { refer, status: code }, now);
        }
    }

    /// Two calls of one agent become one: the other party of `other`'s call takes the place of the agent in `call`, or the other way round,
    /// so that the call that was there first goes on.
    fn merge(&mut self, call: CallId, refer: ReferId, other: LegId, now: Instant) -> Granted {
        let Some(second) = self.calls_of_legs.get(&other).copied().filter(|second| *second != call) else {
            return Err(refused(481, "the other call is over"));
        };
        let ((keeps, keeps_leg), (gives, gives_leg)) =
            if call < second { ((call, refer.leg), (second, other)) } else { ((second, other), (call, refer.leg)) };
        let side_in = |call: CallId, leg: LegId| self.slots.get(&call).and_then(|slot| slot.call.side_of(leg));
        let (Some(side), Some(gives_side)) = (side_in(keeps, keeps_leg), side_in(gives, gives_leg)) else {
            return Err(refused(481, "the other call is over"));
        };
        if !self.slots.get(&keeps).is_some_and(|slot| slot.call.is_connected()) {
            return Err(refused(481, "nobody speaks in the first call yet"));
        }
        let waits_in = self.slots.get(&gives).filter(|slot| !slot.call.is_connected()).and_then(|slot| slot.queue().cloned());
        if let Some(queue) = waits_in {
            // He who transfers waits in a queue himself: there it is the caller who is to wait.
            self.put_agent_in_place(keeps, side, now);
            self.tell_referrer(Some(refer), 200, now);
            self.go_to(keeps, &Destination::Queue(queue), now);
            self.release(gives, Outcome::Abandoned, "joined with another call", now);
            return Ok(());
        }
        let Some(giving) = self.slots.get_mut(&gives) else { return Err(refused(481, "the other call is over")) };
        let mut ordered = Vec::new();
        let Some(mut guest) = giving.call.give_away(gives_leg, now, &mut ordered) else {
            return Err(refused(481, "nobody is in the other call"));
        };
        giving.call.record_mut().merged_into = Some(keeps);
        let leg = guest.leg();
        giving.errands.remove(&leg);
        let agent = match gives_side {
            Side::Caller => giving.callee_agent.take(),
            Side::Callee => giving.caller_agent.take(),
        };
        giving.legs.remove(&leg);
        guest.agent.clone_from(&agent);
        self.put_agent_in_place(keeps, side, now);
        self.add_leg(keeps, leg);
        if let Some(agent) = &agent {
            self.engage(agent.clone(), keeps, Role::Beside, now);
            for role in [Role::Caller, Role::Callee, Role::Beside] {
                self.directory.leaves(agent, gives, role);
            }
            self.segment_ends(gives, agent, SegmentEnding::Changed, now);
        }
        let is_ringing = guest.is_ringing();
        let by = self.slots.get(&keeps).and_then(|slot| slot.callee_agent.clone());
        if let Some(slot) = self.slots.get_mut(&keeps) {
            if is_ringing {
                slot.errands.insert(leg, Box::new(Errand::taken_over(agent.clone(), PARTY_RINGS_FOR, refer, by, now)));
            } else if let Some(agent) = agent.clone() {
                slot.beside.insert(leg, agent);
            }
            let mut taken = Vec::new();
            slot.call.take_in(guest, "transferred", now, &mut taken);
            self.touched.insert(Key::Slot(keeps));
            self.work.extend(taken.into_iter().map(|action| super::Work::Call(keeps, action)));
        }
        if !is_ringing {
            self.tell_sip(Command::TellReferProgress { refer, status: 200 }, now);
        }
        self.touched.insert(Key::Slot(gives));
        self.work.extend(ordered.into_iter().map(|action| super::Work::Call(gives, action)));
        if let Some(agent) = agent {
            self.tell_acd(crate::acd::Event::Disengaged { agent, call: gives }, now);
        }
        Ok(())
    }

    /// What a program orders.
    pub(super) fn order_parties(&mut self, call: CallId, order: PartyOrder, now: Instant) -> Reply {
        if !self.slots.contains_key(&call) {
            return Reply::UnknownCall;
        }
        let side = self.agents_side(call);
        let granted = match order {
            PartyOrder::Transfer { to } => self.transfer(call, &to, side, None, now),
            PartyOrder::Consult { to } => self.invite(call, &to, Kind::Consultation, side, now),
            PartyOrder::Escalate => self.escalate(call, side, now),
            PartyOrder::Complete => self.complete_consultation(call, now),
            PartyOrder::Confer => self.confer(call, now),
            PartyOrder::Back => self.end_consultation(call, now),
            PartyOrder::Add { to } => self.invite(call, &to, Kind::Conference, side, now),
            PartyOrder::Supervise { supervisor, mode } => self.supervise(call, &supervisor, kind_of(mode), now),
            PartyOrder::Hold { reason, promise } => self.hold(call, reason.as_deref(), promise, side, now),
            PartyOrder::EndSupervision { supervisor } => self.end_supervision(call, &supervisor, now),
        };
        match granted {
            Ok(()) => Reply::Done,
            Err(Refused { why, .. }) => Reply::Refused(why),
        }
    }

    /// What an agent pressed in a call, if it is of this kind.
    ///
    /// `*2NUMBER#` asks, `*3NUMBER#` transfers, `*4#` gives the caller to whom was asked, `*5#` makes it a conference, `*6#` goes back to
    /// the caller, `*7SECONDS#` puts him on hold with that promise.
    pub(super) fn parties_by_code(&mut self, call: CallId, side: Side, pressed: &str, now: Instant) -> bool {
        let Some(code) = pressed.strip_prefix('*').and_then(|rest| rest.strip_suffix('#')) else { return false };
        let granted = match code.split_at_checked(1) {
            Some(("2", number)) if !number.is_empty() => self.invite(call, number, Kind::Consultation, side, now),
            Some(("3", number)) if !number.is_empty() => self.transfer(call, number, side, None, now),
            Some(("4", "")) => self.complete_consultation(call, now),
            Some(("5", "")) => self.confer(call, now),
            Some(("6", "")) => self.end_consultation(call, now),
            Some(("7", "")) => self.hold(call, None, None, side, now),
            Some(("7", seconds)) if seconds.parse::<u64>().is_ok() => self.hold(call, None, seconds.parse().ok().map(secs), side, now),
            _ => return false,
        };
        if let Err(Refused { why, .. }) = granted {
            tracing::info!(%call, pressed, why, "a code in a call did nothing");
            self.publish("code.refused", Some(call), now, vec![("code", Detail::Text(pressed.to_owned())), ("why", Detail::Text(why))]);
        }
        true
    }

    // What the call tells of it.

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
        if let Some(goes) = goes.as_ref().filter(|goes| Some(*goes) != comes.as_ref()) {
            self.segment_ends(call, goes, SegmentEnding::Transferred, now);
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
        let mut detail = Vec::new();
        detail.extend(goes.map(|agent| ("from", Detail::Text(agent.to_string()))));
        let number = errand.map(|errand| errand.number);
        detail.extend(comes.map(|agent| agent.to_string()).or(number).map(|to| ("to", Detail::Text(to))));
        self.publish("call.transferred", Some(call), now, detail);
        if side == Side::Callee {
            self.listens_to_another(call, now);
        }
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
        let Some(slot) = self.slots.get(&call) else { return };
        let on = slot.script.is_some() || slot.silent.as_ref().is_some_and(|silent| !silent.is_over());
        self.order(call, Order::ListenForSpeech { side: Side::Callee, on }, now);
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

    fn store_record(&mut self, call: CallId) {
        if let Some(record) = self.slots.get(&call).map(|slot| slot.call.record().clone()) {
            self.store(record);
        }
    }
}

const fn kind_of(mode: SupervisionMode) -> Kind {
    match mode {
        SupervisionMode::Listen => Kind::Supervision(Part::Listening),
        SupervisionMode::Whisper => Kind::Supervision(Part::Whispering),
        SupervisionMode::BargeIn => Kind::Supervision(Part::BargingIn),
        SupervisionMode::TakeOver => Kind::TakeOver,
    }
}

/// Whom an agent may turn to: his own superior, then the supervisors, of his team first.
fn superiors(config: &Config, agent: Option<&AgentId>) -> Vec<AgentId> {
    let team = agent.and_then(|agent| config.agents.get(agent)).and_then(|agent| agent.team.as_deref());
    let is_other_supervisor = |one: &&config::AgentConfig| one.role == config::Role::Supervisor && Some(&one.id) != agent;
    let mut superiors: Vec<_> = config.agents.values().filter(is_other_supervisor).collect();
    superiors.sort_by_key(|one| team.is_none() || one.team.as_deref() != team);
    let own = agent.and_then(|agent| config.agents.get(agent)).and_then(|agent| agent.superior.as_ref());
    own.into_iter().chain(superiors.into_iter().map(|one| &one.id).filter(|one| Some(*one) != own)).cloned().collect()
}

const fn is_supervision(part: Part) -> bool {
    matches!(part, Part::Listening | Part::Whispering | Part::BargingIn)
}

const fn role_of(part: Part) -> SegmentRole {
    match part {
        Part::Consulted => SegmentRole::Consulted,
        Part::Conferee => SegmentRole::Conferee,
        Part::Listening => SegmentRole::Listening,
        Part::Whispering => SegmentRole::Whispering,
        Part::BargingIn => SegmentRole::BargingIn,
    }
}
