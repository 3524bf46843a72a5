//! What the switch orders, brought to its leg; and where a call out goes.

use super::super::carrier::shown;
use super::super::leg_out::{Calling, LegOut, Target, hops_after};
use super::super::msg::Uri;
use super::super::registrar::Binding;
use super::super::watch::Summary;
use super::super::{Callee, Command, InviteMarks, Metadata, Output, Party, TrunkWay};
use super::{Endpoint, Leg};
use crate::base::{Instant, LegId};
use std::collections::{BTreeMap, VecDeque};

/// What goes with a call out.
struct Body {
    sdp: Vec<u8>,
    otherwise: Option<Vec<u8>>,
    marks: InviteMarks,
    metadata: Option<Metadata>,
}

impl Endpoint {
    /// What the switch orders.
    pub fn command(&mut self, command: Command, now: Instant, out: &mut Vec<Output>) {
        if let Command::SetMessagesWaiting { agent, new, old } = command {
            return self.set_messages_waiting(&agent, Summary { new, old }, now, out);
        }
        if let Command::SetPresence { agent, presence } = command {
            return self.set_presence(agent, presence, now, out);
        }
        let leg = match &command {
            Command::Ring { leg, .. }
            | Command::Answer { leg, .. }
            | Command::Invite { leg, .. }
            | Command::Record { leg, .. }
            | Command::Describe { leg, .. }
            | Command::AskSnapshot { leg, .. }
            | Command::Indicate { leg, .. }
            | Command::Release { leg, .. }
            | Command::Reoffer { leg, .. }
            | Command::AnswerReoffer { leg, .. }
            | Command::RejectReoffer { leg, .. } => *leg,
            Command::TellReferProgress { refer, .. } => refer.leg,
            Command::SetMessagesWaiting { .. } | Command::SetPresence { .. } => return,
        };
        let invites = match command {
            Command::Invite { callee, from, sdp, otherwise, marks, .. } => {
                Ok((callee, from, Body { sdp, otherwise, marks, metadata: None }))
            }
            Command::Record { callee, from, sdp, metadata, .. } => {
                Ok((callee, from, Body { sdp, otherwise: None, marks: InviteMarks::default(), metadata: Some(metadata) }))
            }
            other => Err(other),
        };
        let command = match invites {
            Ok((callee, from, body)) => return self.call_out(leg, callee, &from, body, now, out),
            Err(other) => other,
        };
        // RFC 5626 §5.3: of a phone's flows one that stands is used.
        self.rejoin(leg, now, out);
        self.with_leg(leg, now, out, |leg, room| match (leg, command) {
            (Leg::Out(call), Command::Release { reason, .. }) => call.release(reason.as_ref(), room),
            (Leg::Session(session), command) => match command {
                Command::Ring { code, sdp, .. } => session.ring(code, sdp, room),
                Command::Answer { sdp, .. } => session.answer(sdp, room),
                Command::Release { code, reason, retry_after, .. } => session.release(code, reason, retry_after, room),
                Command::Reoffer { sdp, .. } => session.offer(sdp, room),
                Command::AnswerReoffer { sdp, .. } => session.answer_reoffer(sdp, room),
                Command::RejectReoffer { code, .. } => session.reject_reoffer(code, room),
                Command::TellReferProgress { refer, status } => session.tell_referrer(refer.number, status, room),
                Command::Describe { sdp, metadata, .. } => session.describe(sdp, metadata, room),
                Command::Indicate { indication, .. } => session.indicate(indication, room),
                Command::AskSnapshot { why, .. } => session.ask_snapshot(why.to_owned(), room),
                Command::Invite { .. } | Command::Record { .. } | Command::SetMessagesWaiting { .. } | Command::SetPresence { .. } => {}
            },
            (Leg::Out(_), _) => {}
        });
    }

    fn call_out(&mut self, leg: LegId, callee: Callee, from: &Party, body: Body, now: Instant, out: &mut Vec<Output>) {
        let groups = self.targets(&callee, now);
        let (account, trunk) = match callee {
            Callee::Account(agent) => (Some(agent), None),
            Callee::Trunk { trunk, .. } => (None, trunk),
        };
        let settings = trunk.as_ref().and_then(|id| self.settings.trunks.iter().find(|trunk| trunk.id == *id));
        let Body { sdp, otherwise, marks, metadata } = body;
        let hops = hops_after(marks.caller.and_then(|caller| match self.legs.get(&caller)? {
            Leg::Session(session) => session.hops,
            Leg::Out(_) => None,
        }));
        let calling =
            Calling { account, groups, shown: shown(from, settings, &self.settings), trunk, sdp, otherwise, marks, hops, metadata };
        self.start_leg(leg, now, out, |room| Leg::Out(Box::new(LegOut::begin(leg, calling, room))));
    }

    /// Where a call out goes: contacts of an agent in groups of equal q, best first, or the trunk.
    fn targets(&self, callee: &Callee, now: Instant) -> VecDeque<Vec<Target>> {
        match callee {
            Callee::Account(agent) => {
                let to = Uri::sip(Some(agent.as_str()), &self.settings.domain, None);
                let target = |binding: &Binding, flow| Target {
                    behind_nat: binding.behind_nat,
                    route: binding.path.clone(),
                    reg_id: binding.reg_id,
                    ..Target::new(binding.uri.clone(), to.clone(), flow)
                };
                let mut groups: BTreeMap<u16, Vec<Target>> = BTreeMap::new();
                // RFC 5626 §7: a phone is called by one of its flows at a time, the newest first.
                let mut phones: BTreeMap<&str, (u16, usize)> = BTreeMap::new();
                for binding in self.registrar.of(agent.as_str()).iter().rev() {
                    let Some(flow) = binding.whereabouts().hop(&self.settings) else { continue };
                    let place = u16::MAX - binding.q;
                    let instance = binding.instance.as_deref().filter(|_| binding.reg_id.is_some());
                    if let Some((place, at)) = instance.and_then(|instance| phones.get(instance)) {
                        groups.entry(*place).or_default()[*at].other_flows.push(target(binding, flow));
                        continue;
                    }
                    let group = groups.entry(place).or_default();
                    if let Some(instance) = instance {
                        phones.insert(instance, (place, group.len()));
                    }
                    group.push(target(binding, flow));
                }
                groups.into_values().collect()
            }
            Callee::Trunk { trunk, number, host, flow } => {
                let uri = TrunkWay::uri(Some(number), host);
                let carrier = trunk.as_ref().and_then(|trunk| self.carriers.get(trunk));
                let route = carrier.map(|carrier| carrier.routes(*flow, now).to_vec()).unwrap_or_default();
                [vec![Target { route, ..Target::new(uri.clone(), uri, *flow) }]].into()
            }
        }
    }
}
