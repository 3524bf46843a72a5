//! What the switch orders, brought to its leg; and where a call out goes.

use super::super::carrier::shown;
use super::super::leg_out::{Calling, LegOut, Target};
use super::super::msg::Uri;
use super::super::watch::Summary;
use super::super::{Callee, Command, Output, TrunkWay};
use super::{Endpoint, Leg};
use crate::base::Instant;
use std::collections::{BTreeMap, VecDeque};

impl Endpoint {
    /// What the switch orders.
    pub fn command(&mut self, command: Command, now: Instant, out: &mut Vec<Output>) {
        if let Command::SetMessagesWaiting { agent, new, old } = command {
            return self.set_messages_waiting(&agent, Summary { new, old }, now, out);
        }
        let leg = match &command {
            Command::Ring { leg, .. }
            | Command::Answer { leg, .. }
            | Command::Invite { leg, .. }
            | Command::Release { leg, .. }
            | Command::Reoffer { leg, .. }
            | Command::AnswerReoffer { leg, .. }
            | Command::RejectReoffer { leg, .. } => *leg,
            Command::TellReferProgress { refer, .. } => refer.leg,
            Command::SetMessagesWaiting { .. } => return,
        };
        if let Command::Invite { callee, from, sdp, otherwise, .. } = command {
            let groups = self.targets(&callee);
            let (account, trunk) = match callee {
                Callee::Account(agent) => (Some(agent), None),
                Callee::Trunk { trunk, .. } => (None, trunk),
            };
            let settings = trunk.as_ref().and_then(|id| self.settings.trunks.iter().find(|trunk| trunk.id == *id));
            let calling = Calling { account, groups, shown: shown(&from, settings, &self.settings), trunk, sdp, otherwise };
            return self.start_leg(leg, now, out, |room| Leg::Out(Box::new(LegOut::begin(leg, calling, room))));
        }
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
                Command::Invite { .. } | Command::SetMessagesWaiting { .. } => {}
            },
            (Leg::Out(_), _) => {}
        });
    }

    /// Where a call out goes: contacts of an agent in groups of equal q, best first, or the trunk.
    fn targets(&self, callee: &Callee) -> VecDeque<Vec<Target>> {
        match callee {
            Callee::Account(agent) => {
                let to = Uri::sip(Some(agent.as_str()), &self.settings.domain, None);
                let mut groups: BTreeMap<u16, Vec<Target>> = BTreeMap::new();
                for binding in self.registrar.of(agent.as_str()) {
                    groups.entry(u16::MAX - binding.q).or_default().push(Target {
                        uri: binding.uri.clone(),
                        to: to.clone(),
                        flow: binding.flow,
                        behind_nat: binding.behind_nat,
                        session_expires: None,
                        proof: None,
                        otherwise: false,
                    });
                }
                groups.into_values().collect()
            }
            Callee::Trunk { number, host, flow, .. } => {
                let uri = TrunkWay::uri(Some(number), host);
                [vec![Target {
                    to: uri.clone(),
                    uri,
                    flow: *flow,
                    behind_nat: false,
                    session_expires: None,
                    proof: None,
                    otherwise: false,
                }]]
                .into()
            }
        }
    }
}
