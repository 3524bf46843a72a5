//! A call with the rules that watch it. None of them outlives it.

use super::admit::Admitted;
use super::calling_back::Made;
use super::copy_orders::CopyOrder;
use super::errand::Errand;
use super::fold::MediaFold;
use super::hearing::Hearing;
use super::offer::Offer;
use super::overflow::Overflow;
use super::quality::Travels;
use super::replaying::Replayer;
use super::wishes::Wish;
use crate::acd;
use crate::base::{AgentId, BoxId, CallId, ClipId, Duration, Instant, LegId, Machine, MenuId, QueueId};
use crate::call::record::{HeldBy, Outcome};
use crate::call::{Call, Side};
use crate::config::{Destination, FarewellRule, RulesConfig};
use crate::recording::{Recording, RecordingFile};
use crate::rules::farewell::{Survey, Words};
use crate::rules::{CallerRinging, CardData, Farewell, HoldPatience, Listening, Menu, Message, Promise, QueueComfort, Script};
use crate::sip::{self, Callee};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

/// What a call is for.
#[derive(Debug, Serialize, Deserialize)]
pub enum Purpose {
    /// A caller waits for an agent of this queue.
    Queue(QueueId),
    /// One party calls another: an agent's phone, or a number behind a trunk. Hosts are tried in order.
    Party(Party),
    /// The caller chooses by keys.
    Menu {
        menu: MenuId,
        machine: Menu,
        /// Of the prompt that plays; the end of an earlier one is not its own.
        token: u64,
    },
    /// The caller leaves a word.
    Message {
        id: BoxId,
        /// For an agent in a meeting.
        meeting: bool,
        machine: Message,
    },
    /// An agent listens to messages.
    Listen {
        /// In the order in which he hears them.
        messages: Vec<CallId>,
        /// So many of them, the first, are new.
        new: usize,
        machine: Listening,
        /// Of what is said; the end of anything earlier is not its own.
        token: u64,
    },
    /// Somebody hears recordings. Boxed: a call in ten thousand is one.
    Replay(Box<Replayer>),
    /// The switch speaks, then releases.
    Play {
        clips: Vec<ClipId>,
        /// Why he hears no more than this.
        #[serde(default)]
        turned: Option<Turned>,
    },
}

/// A caller who was answered, and could not be put through.
#[derive(Debug, Serialize, Deserialize)]
pub struct Turned {
    pub outcome: Outcome,
    pub cause: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Party {
    /// The agent whose phone is called, if it is one's.
    pub agent: Option<AgentId>,
    /// Ways that are still to be tried: the callee, and our address towards him.
    pub ways: VecDeque<(Callee, IpAddr)>,
    /// When the phone has rung long enough; set with the first INVITE.
    pub no_answer_at: Option<Instant>,
    /// When the next way is tried, should nothing ring by this one.
    #[serde(default)]
    pub next_at: Option<Instant>,
    /// How long the phone rings; [`PARTY_RINGS_FOR`] where nothing else is said.
    #[serde(default)]
    pub rings_for: Option<Duration>,
    /// The way that is being tried.
    pub trying: Option<LegId>,
    /// The best refusal so far, for the caller.
    pub refusal: Option<sip::Failure>,
}

impl Party {
    #[must_use]
    pub fn to(agent: Option<AgentId>, ways: VecDeque<(Callee, IpAddr)>) -> Self {
        Self { agent, ways, no_answer_at: None, next_at: None, rings_for: None, trying: None, refusal: None }
    }
}

/// A party call rings this long at most: the usual limit of carriers, and long past every person's patience.
pub const PARTY_RINGS_FOR: Duration = Duration::from_secs(60);

#[derive(Debug, Serialize, Deserialize)]
pub struct Slot {
    pub call: Call,
    /// Everything that is told of these legs is told to this call.
    pub legs: BTreeSet<LegId>,
    /// Agents' phones that ring for it.
    pub offers: BTreeMap<LegId, Offer>,
    /// What stands in the media plane.
    pub media: MediaFold,
    pub purpose: Purpose,
    /// Who is shown to the callee.
    pub from: sip::Party,
    /// Agents of ours in this call, so that they are offered no other.
    /// By whom he was sent on.
    #[serde(default)]
    pub diverted: Vec<sip::Diverted>,
    pub caller_agent: Option<AgentId>,
    pub callee_agent: Option<AgentId>,
    /// Those beside the two, who are agents.
    #[serde(default)]
    pub beside: BTreeMap<LegId, AgentId>,
    /// Phones that called to be let in, and are not yet.
    #[serde(default)]
    pub admitted: BTreeMap<LegId, Box<Admitted>>,
    /// What the caller was told of a hold.
    #[serde(default)]
    pub promise: Option<Promise>,
    /// Phones that are called for a place in it.
    #[serde(default)]
    pub errands: BTreeMap<LegId, Box<Errand>>,
    pub caller_ringing: CallerRinging,
    pub comfort: QueueComfort,
    /// One a party who may be held: the caller, held by the agent; and the other way round.
    pub patience_of_caller: HoldPatience,
    pub patience_of_callee: HoldPatience,
    /// Watches a queue's caller for silence.
    pub silent: Option<Script>,
    /// What was begun by hand.
    #[serde(default)]
    pub script: Option<RunningScript>,
    /// Of a queue's caller, where the configuration has one.
    #[serde(default)]
    pub farewell: Option<Farewell>,
    /// Where the caller goes once his agent is dismissed.
    #[serde(default, rename = "going")]
    pub onward: Option<Destination>,
    /// What the caller is spoken to in, where it is not the switch's own.
    #[serde(default)]
    pub language: Option<String>,
    /// Menus that he came to, and prompts of theirs that were begun.
    #[serde(default)]
    pub menus: u32,
    #[serde(default)]
    pub menu_prompts: u64,
    /// What the number that he dialled asks for, besides whatever queue he comes to.
    #[serde(default)]
    pub asks: acd::Levels,
    /// On his way along a queue's chain.
    #[serde(default)]
    pub overflow: Option<Overflow>,
    /// When he first came to a queue, before he spoke with anybody.
    #[serde(default)]
    pub queued_first: Option<Instant>,
    /// When he was last told of his place, and that he can be called back.
    #[serde(default)]
    pub announced_at: Option<Instant>,
    #[serde(default)]
    pub call_back_offered_at: Option<Instant>,
    /// He is asked where he is to be called.
    #[serde(default)]
    pub wish: Option<Wish>,
    /// What the switch has made the call for.
    #[serde(default)]
    pub made: Option<Box<Made>>,
    /// Since when he is in the queue that he is in.
    #[serde(default)]
    pub visit_since: Option<Instant>,
    /// Of the matcher about it, so far.
    #[serde(default)]
    pub decisions: u32,
    #[serde(default)]
    pub hearing: Hearing,
    #[serde(default)]
    pub travels: Travels,
    pub recording: Recording,
    /// The recording session to a recording server, if there is one.
    #[serde(default)]
    pub copied: Option<LegId>,
    /// What was ordered of its copies, in place of what the configuration has.
    #[serde(default)]
    pub copy_order: Option<CopyOrder>,
    /// What phones said of being recorded, by their legs.
    #[serde(default)]
    pub preferred: BTreeMap<LegId, String>,
    /// It is filled with silence for a while.
    #[serde(default)]
    pub card_data: CardData,
    /// Digits pressed in the call, newest last, by each side.
    pub digits: [String; 2],
}

/// A script of service in a call.
#[derive(Debug, Serialize, Deserialize)]
pub struct RunningScript {
    /// Its id in the configuration.
    pub id: String,
    pub script: Script,
    /// Of what it is saying; the end of anything else is not its own.
    pub token: u64,
}

/// Which machine of a slot a deadline belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    Call,
    RingLimit,
    CallerRinging,
    Comfort,
    PatienceOfCaller,
    PatienceOfCallee,
    Silent,
    Script,
    Farewell,
    Recording,
    NoAnswer,
    Errands,
    Promise,
    /// Nothing rings by the way that is tried.
    NextWay,
    Menu,
    Message,
    /// What the switch hears of the parties.
    Hearing,
    Wish,
    Listening,
    Replaying,
    CardData,
}

impl Slot {
    #[must_use]
    pub fn new(call: Call, purpose: Purpose, from: sip::Party, rules: &RulesConfig) -> Self {
        let patience = rules.hold.patience;
        // Named by the moment in the call's id, which the recorder knows too.
        let recording = Recording::new(RecordingFile::new(call.id(), call.id().timestamp()));
        let mut slot = Self {
            media: MediaFold::new(call.session()),
            call,
            legs: BTreeSet::new(),
            offers: BTreeMap::new(),
            purpose: Purpose::Play { clips: Vec::new(), turned: None },
            from,
            diverted: Vec::new(),
            caller_agent: None,
            callee_agent: None,
            beside: BTreeMap::new(),
            admitted: BTreeMap::new(),
            promise: None,
            errands: BTreeMap::new(),
            caller_ringing: CallerRinging::new(rules.answer.cadence, rules.answer.max_rings),
            comfort: QueueComfort::new(patience),
            patience_of_caller: HoldPatience::new(patience),
            patience_of_callee: HoldPatience::new(patience),
            silent: None,
            script: None,
            farewell: None,
            onward: None,
            language: None,
            menus: 0,
            menu_prompts: 0,
            asks: acd::Levels::new(),
            overflow: None,
            queued_first: None,
            announced_at: None,
            call_back_offered_at: None,
            wish: None,
            made: None,
            visit_since: None,
            decisions: 0,
            hearing: Hearing::default(),
            travels: Travels::default(),
            recording,
            copied: None,
            copy_order: None,
            preferred: BTreeMap::new(),
            card_data: CardData::default(),
            digits: [String::new(), String::new()],
        };
        slot.takes_up(purpose, rules);
        slot
    }

    /// From now on the call is for something else. A queue's caller is watched for silence until he has spoken with somebody, and is seen off.
    pub fn takes_up(&mut self, purpose: Purpose, rules: &RulesConfig) {
        self.purpose = purpose;
        self.comfort = QueueComfort::new(rules.hold.patience);
        self.silent = None;
        if matches!(self.purpose, Purpose::Queue(_)) {
            let silent = &rules.silent_call;
            self.silent = (silent.enabled && !self.call.was_connected()).then(|| Script::silent_call(silent.wait, &silent.steps));
            self.farewell = rules.farewell.as_ref().map(farewell);
        } else {
            // The count of his rings is a queue's.
            self.caller_ringing = CallerRinging::new(rules.answer.cadence, rules.answer.max_rings);
        }
    }

    #[must_use]
    pub fn queue(&self) -> Option<&QueueId> {
        match &self.purpose {
            Purpose::Queue(queue) => Some(queue),
            Purpose::Party(_)
            | Purpose::Menu { .. }
            | Purpose::Message { .. }
            | Purpose::Listen { .. }
            | Purpose::Replay(_)
            | Purpose::Play { .. } => None,
        }
    }

    /// Whose patience a hold by `by` tries.
    pub fn patience_tried_by(&mut self, by: HeldBy) -> &mut HoldPatience {
        match by {
            HeldBy::Agent => &mut self.patience_of_caller,
            HeldBy::Caller => &mut self.patience_of_callee,
        }
    }

    /// Whether `leg` is the caller's and the silent-call script runs.
    #[must_use]
    pub fn awaits_word_of(&self, leg: LegId) -> bool {
        (self.call.is_connected() || self.call.is_parted())
            && self.call.legs().next() == Some(leg)
            && self.silent.as_ref().is_some_and(|silent| !silent.is_over())
    }

    /// Whether a script of either kind wants to know who speaks.
    #[must_use]
    pub fn listens_for_words(&self) -> bool {
        let watches = self.call.was_connected() && self.silent.as_ref().is_some_and(|silent| !silent.is_over());
        watches || self.script.is_some()
    }

    /// Agents who take part in it, be it that their phones are only called for it.
    pub fn agents(&self) -> impl Iterator<Item = &AgentId> {
        let seated = self.caller_agent.iter().chain(&self.callee_agent);
        seated.chain(self.agents_beside())
    }

    /// Those of them who have no seat.
    pub fn agents_beside(&self) -> impl Iterator<Item = &AgentId> {
        let called = self.errands.values().filter_map(|errand| errand.agent.as_ref());
        let admitted = self.admitted.values().map(|admitted| &admitted.agent);
        self.beside.values().chain(admitted).chain(called)
    }

    /// The agent on that side, if one is.
    #[must_use]
    pub fn agent_on(&self, side: Side) -> Option<&AgentId> {
        match side {
            Side::Caller => self.caller_agent.as_ref(),
            Side::Callee => self.callee_agent.as_ref(),
        }
    }

    /// The leg on which that agent's phone rings.
    #[must_use]
    pub fn ringing(&self, agent: &AgentId) -> Option<LegId> {
        self.offers.iter().find(|(_, offer)| offer.agent == *agent).map(|(leg, _)| *leg)
    }

    fn deadlines(&self) -> [(Rule, Option<Instant>); 21] {
        let no_answer = if let Purpose::Party(party) = &self.purpose { party.no_answer_at } else { None };
        let next_way = if let Purpose::Party(party) = &self.purpose { party.next_at } else { None };
        let menu = if let Purpose::Menu { machine, .. } = &self.purpose { machine.deadline() } else { None };
        let message = if let Purpose::Message { machine, .. } = &self.purpose { machine.deadline() } else { None };
        let replaying = if let Purpose::Replay(replayer) = &self.purpose { replayer.machine.deadline() } else { None };
        let listening = if let Purpose::Listen { machine, .. } = &self.purpose { machine.deadline() } else { None };
        [
            (Rule::Call, self.call.deadline()),
            (Rule::RingLimit, self.offers.values().filter_map(Offer::deadline).min()),
            (Rule::CallerRinging, self.caller_ringing.deadline()),
            (Rule::Comfort, self.comfort.deadline()),
            (Rule::PatienceOfCaller, self.patience_of_caller.deadline()),
            (Rule::PatienceOfCallee, self.patience_of_callee.deadline()),
            (Rule::Silent, self.silent.as_ref().and_then(Machine::deadline)),
            (Rule::Script, self.script.as_ref().and_then(|running| running.script.deadline())),
            (Rule::Farewell, self.farewell.as_ref().and_then(Machine::deadline)),
            (Rule::Recording, self.recording.deadline()),
            (Rule::NoAnswer, no_answer),
            (Rule::NextWay, next_way),
            (Rule::Errands, self.errands.values().filter_map(|errand| errand.deadline()).min()),
            (Rule::Promise, self.promise.as_ref().and_then(Machine::deadline)),
            (Rule::Menu, menu),
            (Rule::Message, message),
            (Rule::Hearing, self.hearing.deadline()),
            (Rule::Wish, self.wish.as_ref().and_then(Wish::deadline)),
            (Rule::Listening, listening),
            (Rule::Replaying, replaying),
            (Rule::CardData, self.card_data.deadline()),
        ]
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadlines().iter().filter_map(|(_, deadline)| *deadline).min()
    }

    /// The rules whose deadline has passed.
    #[must_use]
    pub fn due(&self, now: Instant) -> Vec<Rule> {
        let passed = self.deadlines().into_iter().filter(|(_, deadline)| deadline.is_some_and(|at| at <= now));
        passed.map(|(rule, _)| rule).collect()
    }
}

/// The rule of that name, with the words of the configuration.
#[must_use]
pub fn farewell(rule: &FarewellRule) -> Farewell {
    let survey = rule.survey.as_ref().map(|survey| Survey {
        ask: survey.ask.clone(),
        thanks: survey.thanks.clone(),
        answer_within: survey.answer_within,
        highest: survey.highest,
    });
    Farewell::new(Words { goodbye: rule.prompt.clone(), wait: rule.wait, survey })
}

/// Whose hold one by that side is.
#[must_use]
pub fn holder(side: Side) -> HeldBy {
    match side {
        Side::Caller => HeldBy::Caller,
        Side::Callee => HeldBy::Agent,
    }
}

/// The side that a hold by `by` leaves waiting.
#[must_use]
pub fn held_side(by: HeldBy) -> Side {
    match by {
        HeldBy::Agent => Side::Caller,
        HeldBy::Caller => Side::Callee,
    }
}
