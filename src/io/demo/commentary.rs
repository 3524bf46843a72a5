//! What happens, in plain words, a line each: for the newcomer's terminal. Told from the switch's own events.

use crate::base::CallId;
use crate::call::record::Outcome;
use crate::switch::output::{Detail, Event};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// What was seen, for the last lines.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Seen {
    pub calls: u64,
    pub answered: u64,
    pub missed: u64,
    pub reassured: u64,
    pub silent: u64,
    pub recordings: u64,
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { calls, answered, missed, reassured, silent, recordings } = self;
        write!(
            f,
            "{calls} calls: {answered} answered by an agent, {silent} silent; {missed} offers missed after the last ring, {reassured} times \
             reassured on hold; {recordings} recordings"
        )
    }
}

/// A running call, as far as it is spoken of.
#[derive(Clone, Debug, Default)]
struct Spoken {
    caller: String,
    called: String,
    /// Whose phone rings, or who speaks.
    agent: String,
    missed_by: Option<String>,
}

/// Follows the calls in progress; as many as the switch has.
#[derive(Clone, Debug)]
pub struct Commentary {
    /// Of the hotline's rules: how many rings, and the patience on hold in seconds.
    pub max_rings: u32,
    pub patience_secs: u64,
    /// What the held party hears.
    pub patience_text: String,
    calls: BTreeMap<CallId, Spoken>,
    /// Agents who are not ready for a reason of their own.
    away: BTreeSet<String>,
    pub seen: Seen,
}

impl Commentary {
    #[must_use]
    pub fn new(max_rings: u32, patience_secs: u64, patience_text: String) -> Self {
        Self { max_rings, patience_secs, patience_text, calls: BTreeMap::new(), away: BTreeSet::new(), seen: Seen::default() }
    }

    /// The line of an event, if it has one. `caller` is asked for the number of a call that has just arrived.
    pub fn tell(&mut self, event: &Event, caller: Option<String>) -> Option<String> {
        let text = |name: &str| {
            event.detail.iter().find(|(known, _)| *known == name).map(|(_, value)| match value {
                Detail::Text(text) => text.clone(),
                Detail::Number(number) => number.to_string(),
                Detail::Hundredths(number) => (*number as f64 / 100.0).to_string(),
                Detail::Flag(flag) => flag.to_string(),
            })
        };
        let (Some(call), false) = (event.call, event.name.starts_with("agent.")) else {
            return self.agents_own(event, text("reason"), text("from"));
        };
        if event.name == "call.arrived" {
            let spoken = Spoken {
                caller: caller.unwrap_or_else(|| "a caller".to_owned()),
                called: text("called").unwrap_or_default(),
                ..Spoken::default()
            };
            let line = (!spoken.called.starts_with('*')).then(|| format!("{} calls {}", spoken.caller, spoken.called));
            self.calls.insert(call, spoken);
            return line;
        }
        if event.name == "recording.complete" {
            self.seen.recordings += 1;
            return None;
        }
        let spoken = self.calls.get_mut(&call)?;
        let who = spoken.caller.clone();
        let agent = text("agent").or_else(|| event.agent.as_ref().map(ToString::to_string));
        if let Some(agent) = &agent {
            spoken.agent.clone_from(agent);
        }
        let agent = spoken.agent.clone();
        match event.name {
            "call.delivered" => Some(match spoken.missed_by.take() {
                Some(by) => format!("{who} kept his place: {by} missed him → {agent} is offered the call"),
                None if agent.is_empty() => format!("{who} hears ringing"),
                None => format!("{agent} is offered the call of {who}: the phone rings"),
            }),
            "call.answered" if agent.is_empty() && !spoken.called.starts_with('*') => {
                Some(format!("{who} has no agent yet: the switch answers, a word of welcome, music"))
            }
            "call.established" => {
                self.seen.answered += 1;
                Some(format!("{agent} answers {who}: both hear the greeting, the recording holds both"))
            }
            "offer.missed" => {
                self.seen.missed += 1;
                spoken.missed_by = Some(agent.clone());
                spoken.agent.clear();
                Some(format!(
                    "{agent} missed the call of {who} after {} rings and is not ready now",
                    text("rings").unwrap_or_else(|| self.max_rings.to_string())
                ))
            }
            "call.held" => Some(format!("{agent} puts {who} on hold: music")),
            "call.retrieved" => Some(format!("{agent} takes {who} back")),
            "hold.patience_exceeded" => {
                self.seen.reassured += 1;
                Some(format!("{who} has been on hold for another {} s and hears: {}", self.patience_secs, self.patience_text))
            }
            "call.agent_left" => Some(format!("{agent} hangs up and is free: {who} stays, and is seen off")),
            "silent_call.step" => Some(format!("{who} says nothing: the switch says {}", text("prompt").unwrap_or_default())),
            "call.released" => {
                let Spoken { caller, called, .. } = self.calls.remove(&call)?;
                if called.starts_with('*') {
                    return None;
                }
                self.seen.calls += 1;
                let outcome = text("outcome").unwrap_or_default();
                if outcome == Outcome::Silent.name() {
                    self.seen.silent += 1;
                    return Some(format!("{caller} never said a word: the switch hangs up"));
                }
                let by = text("released_by").map(|by| format!(", ended by the {by}")).unwrap_or_default();
                Some(format!("{caller} is gone: {outcome}{by}"))
            }
            _ => None,
        }
    }

    fn agents_own(&mut self, event: &Event, reason: Option<String>, from: Option<String>) -> Option<String> {
        let agent = event.agent.as_ref()?.to_string();
        match (event.name, from.as_deref()) {
            ("agent.logged_on", _) => Some(format!("{agent} registers his phone")),
            ("agent.ready", _) => self.away.remove(&agent).then(|| format!("{agent} is ready again")),
            // On the way from offline to ready there is a moment of this.
            ("agent.not_ready", from) if from != Some("offline") => {
                let line = (reason.as_deref() == Some("meeting")).then(|| format!("{agent} is in a meeting"));
                self.away.insert(agent);
                line
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Rng, Timestamp};

    #[test]
    fn a_call_that_two_agents_were_offered_is_told_in_order() {
        let call = CallId::new(Timestamp(0), &mut Rng::new(1));
        let event = |name, detail: &[(&'static str, &str)]| Event {
            at: Timestamp(0),
            name,
            call: Some(call),
            agent: None,
            queue: None,
            detail: detail.iter().map(|(name, text)| (*name, Detail::Text((*text).to_owned()))).collect(),
        };
        let mut commentary = Commentary::new(3, 7, "感谢您的耐心等待。".to_owned());
        let mut told = vec![];
        for event in [
            event("call.arrived", &[("called", "95000")]),
            event("call.queued", &[]),
            event("call.delivered", &[("agent", "1002")]),
            event("offer.ring", &[("agent", "1002")]),
            event("offer.missed", &[("agent", "1002"), ("rings", "3")]),
            event("call.delivered", &[("agent", "1003")]),
            event("call.established", &[]),
            event("call.held", &[("by", "agent")]),
            event("hold.patience_exceeded", &[("by", "agent")]),
            event("call.retrieved", &[("by", "agent")]),
            event("call.released", &[("outcome", "answered"), ("released_by", "agent")]),
            event("recording.complete", &[]),
        ] {
            told.extend(commentary.tell(&event, Some("13800001234".to_owned())));
        }
        assert_eq!(
            told,
            [
                "13800001234 calls 95000",
                "1002 is offered the call of 13800001234: the phone rings",
                "1002 missed the call of 13800001234 after 3 rings and is not ready now",
                "13800001234 kept his place: 1002 missed him → 1003 is offered the call",
                "1003 answers 13800001234: both hear the greeting, the recording holds both",
                "1003 puts 13800001234 on hold: music",
                "13800001234 has been on hold for another 7 s and hears: 感谢您的耐心等待。",
                "1003 takes 13800001234 back",
                "13800001234 is gone: answered, ended by the agent",
            ]
        );
        assert_eq!(commentary.seen, Seen { calls: 1, answered: 1, missed: 1, reassured: 1, silent: 0, recordings: 1 });
        assert!(commentary.calls.is_empty());
    }

    #[test]
    fn a_feature_code_is_no_call_of_the_house() {
        let call = CallId::new(Timestamp(0), &mut Rng::new(1));
        let event = |name, detail| Event { at: Timestamp(0), name, call: Some(call), agent: Some("1002".into()), queue: None, detail };
        let mut commentary = Commentary::new(3, 7, String::new());
        let called = vec![("called", Detail::Text("*13".to_owned()))];
        assert_eq!(commentary.tell(&event("call.arrived", called), Some("1002".to_owned())), None);
        assert_eq!(commentary.tell(&event("call.released", vec![]), None), None);
        let agents = |name, from: &str| Event { call: None, ..event(name, vec![("from", Detail::Text(from.to_owned()))]) };
        let mut told = vec![];
        for (name, from) in [
            ("agent.logged_on", "offline"),
            ("agent.not_ready", "offline"),
            ("agent.ready", "not-ready"),
            ("agent.not_ready", "ringing"),
            ("agent.ready", "talking"),
            ("agent.ready", "talking"),
        ] {
            told.extend(commentary.tell(&agents(name, from), None));
        }
        assert_eq!(told, ["1002 registers his phone", "1002 is ready again"]);
        assert_eq!(commentary.seen, Seen::default());
    }
}
