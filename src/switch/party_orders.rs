//! Who is to come into a call that stands, and who is to go: transfer, consultation, conference, supervision, as agents press it and programs
//! order it. Whom it is for is called by an `errand`; what comes of it is `on_parties`'.

use super::Switch;
use super::directory::Role;
use super::errand::{Aim, Granted, Kind, Refused, refused};
use super::input::{PartyOrder, SupervisionMode};
use super::on_parties::{is_supervision, role_of};
use super::output::{Detail, Reply};
use crate::base::time::secs;
use crate::base::{AgentId, CallId, Instant, LegId};
use crate::call::record::SegmentEnding;
use crate::call::{Order, Part, Side};
use crate::config::{self, Config, Destination};
use crate::sip::ReferId;

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
    pub(super) fn agents_side(&self, call: CallId) -> Side {
        let slot = self.slots.get(&call);
        let called_out = slot.is_some_and(|slot| slot.callee_agent.is_none() && slot.caller_agent.is_some());
        if called_out { Side::Caller } else { Side::Callee }
    }

    /// Sends the caller to `number`, without asking whom he comes to.
    pub(super) fn transfer(&mut self, call: CallId, number: &str, side: Side, refer: Option<ReferId>, now: Instant) -> Granted {
        let by = self.agent_in(call, side)?;
        match self.aim(number, by.as_ref(), Kind::Transfer, now)? {
            Aim::Caller(to, asks) => {
                self.put_agent_in_place(call, side, now);
                if let Some(slot) = self.slots.get_mut(&call) {
                    slot.asks = asks;
                }
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
            Aim::Caller(Destination::Agent(_), _) => {
                Err(refused(480, format!("{number} is in a meeting; a transfer asks the caller for a word")))
            }
            Aim::Caller(..) => Err(refused(404, format!("{number} is nobody to speak with"))),
        }
    }

    /// The agent's superior is asked: of those whom he may turn to the first who can be reached.
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
            Aim::Caller(..) => Err(refused(480, "no superior can be reached")),
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
    pub(super) fn change_part(&mut self, call: CallId, leg: LegId, part: Part, now: Instant) {
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
                Aim::Caller(..) => return Err(refused(404, "no phone of that supervisor is known")),
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
    /// the caller, `*7SECONDS#` puts him on hold with that promise, `*8#` pauses the recording for card data and ends that.
    pub(super) fn parties_by_code(&mut self, call: CallId, side: Side, pressed: &str, now: Instant) {
        let Some(code) = pressed.strip_prefix('*').and_then(|rest| rest.strip_suffix('#')) else { return };
        let granted = match code.split_at_checked(1) {
            Some(("2", number)) if !number.is_empty() => self.invite(call, number, Kind::Consultation, side, now),
            Some(("3", number)) if !number.is_empty() => self.transfer(call, number, side, None, now),
            Some(("4", "")) => self.complete_consultation(call, now),
            Some(("5", "")) => self.confer(call, now),
            Some(("6", "")) => self.end_consultation(call, now),
            Some(("7", "")) => self.hold(call, None, None, side, now),
            Some(("8", "")) => self.toggle_recording(call, side, now),
            Some(("7", seconds)) if seconds.parse::<u64>().is_ok() => self.hold(call, None, seconds.parse().ok().map(secs), side, now),
            _ => return,
        };
        if let Err(Refused { why, .. }) = granted {
            tracing::info!(%call, pressed, why, "a code in a call did nothing");
            self.publish("code.refused", Some(call), now, vec![("code", Detail::Text(pressed.to_owned())), ("why", Detail::Text(why))]);
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
