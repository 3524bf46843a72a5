//! What of the switch outlives its process: images of its parts, kept as they change, from which a restart goes on.
//!
//! An image is MessagePack with names, so that the next version reads it; one that cannot be read costs the part it is of, never the
//! start. What changes is marked, and written a moment later, so that what passes quickly costs one image; a call whose record goes to the
//! store is written with it. How a switch is built of images again is in `restore`. What must not live here: where images are kept.

use super::day::Day;
use super::figures::KeptFigures;
use super::output::Output;
use super::remembered::Shard;
use super::slot::Slot;
use super::spells::Spell;
use super::{Key, Switch};
use crate::base::limits::{CHECKPOINT_WITHIN, REFRESHES_KEPT_AT_ONCE};
use crate::base::{AgentId, BoxId, CallId, Instant, LegId, QueueId, TrunkId, WallClock};
use crate::{acd, sip};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::str::FromStr;

/// One part of the switch. As text (`switch`, `call/01JD…`, `agent/1001`, `blocked`) it is the key under which its image is kept.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Part {
    /// What belongs to none of the others: the next numbers, the wall clock's anchor, seeds, the figures of the day.
    Switch,
    /// A call: its slot, offers, dialogs and transactions, its place in the queue, its media.
    Call(CallId),
    /// An agent: bindings, state, what was asked for after the call.
    Agent(AgentId),
    /// A message box.
    Box(BoxId),
    /// Somebody who is to be called back.
    CallBack(CallId),
    /// A queue's figures of the day.
    Figures(QueueId),
    /// What is remembered of some of the callers.
    Callers(u16),
    /// What sources called their last recording sessions.
    Sessions,
    /// The sources of SIP that are refused. A part of its own, for it is large in a flood, and seldom changes.
    Blocked,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switch => f.write_str("switch"),
            Self::Call(call) => write!(f, "call/{call}"),
            Self::Agent(agent) => write!(f, "agent/{agent}"),
            Self::Box(id) => write!(f, "box/{id}"),
            Self::CallBack(id) => write!(f, "call-back/{id}"),
            Self::Figures(queue) => write!(f, "figures/{queue}"),
            Self::Callers(shard) => write!(f, "callers/{shard}"),
            Self::Sessions => f.write_str("sessions"),
            Self::Blocked => f.write_str("blocked"),
        }
    }
}

/// A text that names no part.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAPart;

impl FromStr for Part {
    type Err = NotAPart;

    fn from_str(text: &str) -> Result<Self, NotAPart> {
        match text.split_once('/') {
            None if text == "switch" => Ok(Self::Switch),
            None if text == "blocked" => Ok(Self::Blocked),
            None if text == "sessions" => Ok(Self::Sessions),
            Some(("call", id)) => id.parse().map(Self::Call).map_err(|_| NotAPart),
            Some(("call-back", id)) => id.parse().map(Self::CallBack).map_err(|_| NotAPart),
            Some(("box", id)) if !id.is_empty() => Ok(Self::Box(BoxId::new(id))),
            Some(("callers", shard)) => shard.parse().map(Self::Callers).map_err(|_| NotAPart),
            Some(("figures", id)) if !id.is_empty() => Ok(Self::Figures(QueueId::new(id))),
            Some(("agent", id)) if !id.is_empty() => Ok(Self::Agent(AgentId::new(id))),
            _ => Err(NotAPart),
        }
    }
}

/// A call as it is written.
#[derive(Serialize)]
struct KeepingCall<'a> {
    at: Instant,
    slot: &'a Slot,
    legs: BTreeMap<LegId, sip::LegImage>,
    queued: Option<acd::QueuedImage>,
    lines: BTreeMap<LegId, TrunkId>,
}

/// A call as it is read.
#[derive(Deserialize)]
pub(super) struct KeptCall {
    /// When the image was taken.
    pub at: Instant,
    pub slot: Slot,
    pub legs: BTreeMap<LegId, sip::LegImage>,
    pub queued: Option<acd::QueuedImage>,
    /// Channels of trunks that it takes.
    #[serde(default)]
    pub lines: BTreeMap<LegId, TrunkId>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct KeptAgent {
    pub bindings: sip::BindingsImage,
    #[serde(default)]
    pub watches: sip::WatchesImage,
    /// Registered contacts, and the way to the newest.
    pub contacts: usize,
    pub flow: Option<sip::Flow>,
    pub state: Option<acd::AgentImage>,
    #[serde(default)]
    pub spell: Option<Spell>,
}

/// What is remembered of some of the callers.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptCallers {
    pub asked: Shard<()>,
    pub spoke_last: Shard<AgentId>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct KeptSwitch {
    pub at: Instant,
    pub wall: WallClock,
    /// Of the media plane, so that streams go on under the names that they had.
    pub media_seed: u64,
    pub next_leg: u64,
    pub next_leg_in: u64,
    pub next_session: u64,
    pub figures: acd::FiguresImage,
    /// Whose figures they are.
    #[serde(default)]
    pub day: Option<Day>,
    /// When it began.
    #[serde(default)]
    pub day_began: Instant,
    pub recordings_missing: u64,
}

/// What has changed and is not written yet.
#[derive(Debug, Default)]
pub(super) struct Dirty {
    calls: BTreeSet<CallId>,
    agents: BTreeSet<AgentId>,
    boxes: BTreeSet<BoxId>,
    refreshed: Refreshed,
    switch: bool,
    blocked: bool,
    sessions: bool,
    /// The wall clock was set: written at once, for by the old one a restart would go on at a wrong moment.
    clock: bool,
    /// Queues whose figures of the day have changed: written at once, with the call that changed them.
    figures: BTreeSet<QueueId>,
    callers: BTreeSet<u16>,
    /// Calls whose record went to the store, each with the agent on it: written at once.
    urgent: BTreeMap<CallId, Option<AgentId>>,
    pub write_at: Option<Instant>,
    /// That moment has come.
    is_due: bool,
    /// Calls that have an image.
    kept: BTreeSet<CallId>,
}

/// Agents whose contacts live longer than their images say, the longest unwritten first, each once.
#[derive(Debug, Default)]
struct Refreshed {
    order: VecDeque<AgentId>,
    agents: BTreeSet<AgentId>,
}

impl Refreshed {
    fn note(&mut self, agent: AgentId) {
        if !self.agents.contains(&agent) {
            self.agents.insert(agent.clone());
            self.order.push_back(agent);
        }
    }

    fn take(&mut self) -> Option<AgentId> {
        let agent = self.order.pop_front()?;
        self.agents.remove(&agent);
        Some(agent)
    }
}

impl Dirty {
    pub fn call(&mut self, call: CallId) {
        self.calls.insert(call);
    }

    pub fn agent(&mut self, agent: AgentId) {
        self.agents.insert(agent);
    }

    pub fn message_box(&mut self, id: BoxId) {
        self.boxes.insert(id);
    }

    pub fn sessions(&mut self) {
        self.sessions = true;
    }

    pub fn clock(&mut self) {
        self.clock = true;
    }

    /// A visit of the call is over: its image and its queue's figures are of one moment.
    pub fn counted(&mut self, call: CallId, queue: QueueId) {
        self.urgent.entry(call).or_insert(None);
        self.figures.insert(queue);
    }

    pub fn every_queue<'a>(&mut self, queues: impl Iterator<Item = &'a QueueId>) {
        self.figures.extend(queues.cloned());
        self.switch = true;
    }

    pub fn stored(&mut self, call: CallId, agent: Option<AgentId>) {
        self.urgent.insert(call, agent);
    }

    /// All of it is to be written with this turn.
    pub fn fall_due(&mut self) {
        self.is_due = true;
        self.write_at = None;
    }

    /// Calls that were restored have their image already.
    pub fn is_kept(&mut self, call: CallId) {
        self.kept.insert(call);
    }
}

fn image(of: &impl Serialize) -> Vec<u8> {
    rmp_serde::to_vec_named(of).expect("the machines' state is maps, lists, texts and numbers")
}

impl Switch {
    /// Writes down every part that has changed since it was written last. The switch does so by itself, a call's part with the call's
    /// record, any other within [`CHECKPOINT_WITHIN`], save contacts that are merely refreshed, which are written a few at a time; to be
    /// called before a stop.
    pub fn checkpoint(&mut self, now: Instant, out: &mut Vec<Output>) {
        self.write_down(usize::MAX, now, out);
    }

    fn write_down(&mut self, refreshes: usize, now: Instant, out: &mut Vec<Output>) {
        self.note_changes(now);
        for call in std::mem::take(&mut self.dirty.calls) {
            self.keep_call(call, now, out);
        }
        for agent in std::mem::take(&mut self.dirty.agents) {
            self.keep_agent(agent, out);
        }
        for _ in 0..refreshes {
            let Some(agent) = self.dirty.refreshed.take() else { break };
            self.keep_agent(agent, out);
        }
        for id in std::mem::take(&mut self.dirty.boxes) {
            let messages = self.boxes.of(&id);
            let image = (!messages.is_empty()).then(|| image(&messages));
            out.push(Output::Keep { part: Part::Box(id), image });
        }
        for id in self.call_backs.take_changed() {
            let image = self.call_backs.get(id).map(image);
            out.push(Output::Keep { part: Part::CallBack(id), image });
        }
        for shard in std::mem::take(&mut self.dirty.callers) {
            self.keep_callers(shard, out);
        }
        if std::mem::take(&mut self.dirty.blocked) {
            self.keep_blocked(out);
        }
        if std::mem::take(&mut self.dirty.sessions) {
            out.push(Output::Keep { part: Part::Sessions, image: Some(image(self.sources.recent())) });
        }
        if std::mem::take(&mut self.dirty.switch) {
            self.keep_switch(now, out);
        }
        let left = !self.dirty.refreshed.order.is_empty();
        (self.dirty.write_at, self.dirty.is_due) = (left.then(|| now + CHECKPOINT_WITHIN), false);
        self.deadlines.set(Key::Checkpoint, self.dirty.write_at);
    }

    /// Writes down all that has changed, when its time has come in this turn.
    pub(super) fn keep_due(&mut self, now: Instant, out: &mut Vec<Output>) {
        if self.dirty.is_due {
            self.write_down(REFRESHES_KEPT_AT_ONCE, now, out);
        }
    }

    /// Writes down the calls whose record goes to the store in this turn, before anything of it is sent.
    pub(super) fn keep_urgent(&mut self, now: Instant, out: &mut Vec<Output>) {
        if std::mem::take(&mut self.dirty.clock) {
            self.keep_switch(now, out);
        }
        for queue in std::mem::take(&mut self.dirty.figures) {
            let kept = KeptFigures { day: Some(self.day), tally: self.figures.of(&queue) };
            out.push(Output::Keep { part: Part::Figures(queue), image: Some(image(&kept)) });
        }
        for (call, agent) in std::mem::take(&mut self.dirty.urgent) {
            self.dirty.calls.remove(&call);
            self.keep_call(call, now, out);
            if let Some(agent) = agent.filter(|agent| self.dirty.agents.remove(agent)) {
                self.keep_agent(agent, out);
            }
        }
    }

    /// Marks what the machines say of themselves to have changed.
    pub(super) fn note_changes(&mut self, now: Instant) {
        let sip::Changed { legs, agents, refreshed, blocked } = self.endpoint.take_changed();
        self.dirty.blocked |= blocked;
        self.dirty.calls.extend(legs.iter().filter_map(|leg| self.calls_of_legs.get(leg).copied().or(self.copies.of_leg(*leg))));
        self.dirty.agents.extend(agents);
        refreshed.into_iter().for_each(|agent| self.dirty.refreshed.note(agent));
        let acd::Changed { agents, calls, figures } = self.acd.take_changed();
        self.dirty.calls.extend(calls);
        self.dirty.agents.extend(agents);
        self.dirty.callers.extend(self.asked.take_changed());
        self.dirty.callers.extend(self.spoke_last.take_changed());
        // With the anchor of the clock by which their moments are reckoned.
        self.dirty.switch |= figures || blocked || !self.dirty.calls.is_empty();
        self.dirty.switch |= !self.dirty.boxes.is_empty() || self.call_backs.has_changed();
        let clean = self.dirty.calls.is_empty()
            && self.dirty.agents.is_empty()
            && self.dirty.refreshed.order.is_empty()
            && self.dirty.callers.is_empty()
            && !self.dirty.sessions
            && !self.dirty.switch;
        if !clean && self.dirty.write_at.is_none() {
            self.dirty.write_at = Some(now + CHECKPOINT_WITHIN);
            self.deadlines.set(Key::Checkpoint, self.dirty.write_at);
        }
    }

    fn keep_call(&mut self, call: CallId, now: Instant, out: &mut Vec<Output>) {
        let part = Part::Call(call);
        let Some(slot) = self.slots.get(&call) else {
            if self.dirty.kept.remove(&call) {
                out.push(Output::Keep { part, image: None });
            }
            return;
        };
        let legs = slot.legs.iter().chain(&slot.copied).filter_map(|leg| Some((*leg, self.endpoint.leg_image(*leg)?)));
        let keeping = KeepingCall {
            at: now,
            slot,
            legs: legs.collect(),
            queued: self.acd.call_image(call),
            lines: self.carriers.lines_of(&slot.legs).collect(),
        };
        out.push(Output::Keep { part, image: Some(image(&keeping)) });
        self.dirty.kept.insert(call);
    }

    fn keep_agent(&mut self, agent: AgentId, out: &mut Vec<Output>) {
        let kept = KeptAgent {
            bindings: self.endpoint.bindings_image(&agent),
            watches: self.endpoint.watches_image(&agent),
            contacts: self.directory.contacts.get(&agent).copied().unwrap_or(0),
            flow: self.directory.flows.get(&agent).copied(),
            state: self.acd.agent_image(&agent),
            spell: self.spells.of(&agent).cloned(),
        };
        let image = (kept.state.is_some() || !kept.bindings.is_empty() || !kept.watches.is_empty()).then(|| image(&kept));
        out.push(Output::Keep { part: Part::Agent(agent), image });
    }

    fn keep_callers(&self, shard: u16, out: &mut Vec<Output>) {
        let kept = KeptCallers { asked: self.asked.shard(shard).clone(), spoke_last: self.spoke_last.shard(shard).clone() };
        let image = (!kept.asked.is_empty() || !kept.spoke_last.is_empty()).then(|| image(&kept));
        out.push(Output::Keep { part: Part::Callers(shard), image });
    }

    fn keep_blocked(&self, out: &mut Vec<Output>) {
        let blocked: Vec<_> = self.endpoint.blocked().collect();
        let image = (!blocked.is_empty()).then(|| image(&blocked));
        out.push(Output::Keep { part: Part::Blocked, image });
    }

    fn keep_switch(&self, now: Instant, out: &mut Vec<Output>) {
        let kept = KeptSwitch {
            at: now,
            wall: self.wall,
            media_seed: self.surroundings.media_seed,
            next_leg: self.next_leg,
            next_leg_in: self.endpoint.next_leg(),
            next_session: self.next_session,
            figures: self.acd.figures_image(),
            day: Some(self.day),
            day_began: self.figures.began,
            recordings_missing: self.recordings_missing,
        };
        out.push(Output::Keep { part: Part::Switch, image: Some(image(&kept)) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Rng, Timestamp};

    #[test]
    fn refreshed_agents_are_written_in_their_order_each_once() {
        let mut refreshed = Refreshed::default();
        let take = |refreshed: &mut Refreshed| refreshed.take().map(|agent| agent.as_str().to_owned());
        for agent in ["1003", "1001", "1003", "1002", "1001"] {
            refreshed.note(AgentId::new(agent));
        }
        assert_eq!(take(&mut refreshed).as_deref(), Some("1003"));
        refreshed.note(AgentId::new("1003"));
        assert_eq!(
            [take(&mut refreshed), take(&mut refreshed), take(&mut refreshed)].map(Option::unwrap_or_default),
            ["1001", "1002", "1003"]
        );
        assert_eq!(take(&mut refreshed), None);
    }

    #[test]
    fn the_key_of_a_part_reads_back() {
        let call = CallId::new(Timestamp(1_795_000_000_000), &mut Rng::new(1));
        for part in [
            Part::Switch,
            Part::Call(call),
            Part::Agent(AgentId::new("10/01")),
            Part::Box(BoxId::new("service")),
            Part::CallBack(call),
            Part::Figures("service".into()),
            Part::Callers(17),
            Part::Blocked,
            Part::Sessions,
        ] {
            assert_eq!(part.to_string().parse(), Ok(part));
        }
        for wrong in ["", "call/", "call/1", "agent/", "box/", "switch/", "blocked/", "trunk/carrier", "callers/x"] {
            assert_eq!(wrong.parse::<Part>(), Err(NotAPart), "{wrong}");
        }
    }
}
