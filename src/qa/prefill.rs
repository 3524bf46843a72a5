//! What the switch itself knows of a call's answers, with the reason: a code with its numbers, which pages put into words, and the moment.
//! Of the agent who is scored, in his parts of the call; what cannot be said of him is not applicable.

use super::scoring::Given;
use crate::base::scorecard::{Auto, Item, ItemKind, Scorecard};
use crate::base::{AgentId, Duration, Timestamp};
use crate::call::record::{
    CallDirection, CallRecord, HoldRecord, OfferOutcome, OfferRecord, ReleasedBy, ScriptEnding, ScriptRecord, SegmentRecord, SegmentRole,
    SoundRecord,
};
use crate::report::Terms;
use crate::report::service::parts;

/// An answer that stands before anybody has listened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Prefilled {
    pub item: String,
    pub given: Given,
    pub reason: Reason,
}

/// Why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// One of [`CODES`].
    pub code: &'static str,
    /// Its numbers by their names: `rings` and `limit` are counts, what ends in `_ms` milliseconds.
    pub values: Vec<(&'static str, i64)>,
    /// Its word, such as a script's id.
    pub word: Option<String>,
    /// When that was.
    pub at: Option<Timestamp>,
}

/// Every reason there is.
pub const CODES: [&str; 30] = [
    "answered-in-rings",
    "answered-late",
    "rang-out",
    "no-offer",
    "greeted-in-time",
    "greeted-late",
    "not-greeted",
    "not-greeted-by-him",
    "no-greeting-due",
    "holds-in-patience",
    "hold-without-word",
    "holds-with-reason",
    "hold-without-reason",
    "promises-kept",
    "promise-broken",
    "nothing-promised",
    "no-hold",
    "customer-first",
    "agent-first",
    "switch-first",
    "script-release",
    "not-his-end",
    "sound-good",
    "sound-bad",
    "microphone-open",
    "not-measured",
    "scripts-followed",
    "script-cut-short",
    "no-script",
    "microphone-closed",
];

impl Reason {
    fn new(code: &'static str) -> Self {
        Self { code, values: Vec::new(), word: None, at: None }
    }

    fn at(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }

    fn with(mut self, name: &'static str, value: impl TryInto<i64>) -> Self {
        self.values.push((name, value.try_into().unwrap_or(i64::MAX)));
        self
    }

    fn word(mut self, word: &str) -> Self {
        self.word = Some(word.to_owned());
        self
    }
}

/// What is found: it was so, it was not, it cannot be said of him.
type Finding = (Option<bool>, Reason);

/// The answers of the items that the switch can answer, of that agent's parts of the call.
#[must_use]
pub fn prefill(card: &Scorecard, record: &CallRecord, agent: &AgentId, terms: &Terms) -> Vec<Prefilled> {
    let part = Part::of(record, agent);
    let answer = |item: &Item| {
        let (found, reason) = part.finding(item.auto.as_ref()?, terms);
        Some(Prefilled { item: item.id.clone(), given: given(item.kind, found), reason })
    };
    card.items().filter_map(answer).collect()
}

/// The agents who may be scored for a call: those who spoke with the customer, in order, each once.
#[must_use]
pub fn scored_agents(record: &CallRecord) -> Vec<AgentId> {
    let mut agents: Vec<AgentId> = Vec::new();
    for part in his_parts(record) {
        if !agents.contains(&part.agent) {
            agents.push(part.agent);
        }
    }
    agents
}

const fn given(kind: ItemKind, found: Option<bool>) -> Given {
    match (found, kind) {
        (None, _) => Given::NotApplicable,
        (Some(true), ItemKind::YesNo) => Given::Yes,
        (Some(false), ItemKind::YesNo) => Given::No,
        (Some(true), ItemKind::Points(most)) => Given::Points(most),
        (Some(false), ItemKind::Points(_)) => Given::Points(0),
    }
}

/// Parts in which an agent had the customer: he served, or he called out.
fn his_parts(record: &CallRecord) -> Vec<SegmentRecord> {
    let mut found = parts(record);
    if record.direction == CallDirection::Outbound {
        found.extend(record.segments.iter().filter(|part| part.role == SegmentRole::Calling).cloned());
        found.sort_by_key(|part| part.started_at);
    }
    found
}

struct Part<'a> {
    record: &'a CallRecord,
    agent: &'a AgentId,
    all: Vec<SegmentRecord>,
}

impl<'a> Part<'a> {
    fn of(record: &'a CallRecord, agent: &'a AgentId) -> Self {
        Self { record, agent, all: his_parts(record) }
    }

    fn finding(&self, auto: &Auto, terms: &Terms) -> Finding {
        match auto {
            Auto::ThreeRings => self.three_rings(terms.rings),
            Auto::Greeting => self.greeting(terms.greeted_within),
            Auto::Patience => self.patience(terms.patience),
            Auto::HoldReason => self.hold_reason(),
            Auto::Promise => self.promise(),
            Auto::CustomerFirst => self.customer_first(),
            Auto::Sound => self.sound(),
            Auto::Microphone => self.microphone(),
            Auto::Scripts => self.scripts(None),
            Auto::Script(id) => self.scripts(Some(id)),
        }
    }

    fn is_his(&self, at: Timestamp) -> bool {
        let within = |part: &&SegmentRecord| part.started_at <= at && part.ended_at.is_none_or(|ended| at < ended);
        self.all.iter().filter(within).any(|part| part.agent == *self.agent)
    }

    fn three_rings(&self, limit: u32) -> Finding {
        let his = || self.record.offers.iter().filter(|offer| offer.agent == *self.agent);
        let told = |code, offer: &OfferRecord| {
            Reason::new(code).with("rings", offer.rings).with("limit", limit).at(offer.ended_at.unwrap_or(offer.alerted_at))
        };
        if let Some(offer) = his().find(|offer| offer.rang_past(limit)) {
            let code = if offer.result == OfferOutcome::Missed { "rang-out" } else { "answered-late" };
            return (Some(false), told(code, offer));
        }
        match his().find(|offer| offer.is_answered_within(limit)) {
            Some(offer) => (Some(true), told("answered-in-rings", offer)),
            None => (None, Reason::new("no-offer")),
        }
    }

    fn greeting(&self, within: Duration) -> Finding {
        let (Some(greeting), Some(connected)) = (self.record.greeting, self.record.connected_at) else {
            return (None, Reason::new("no-greeting-due"));
        };
        if self.all.first().is_none_or(|part| part.agent != *self.agent) {
            return (None, Reason::new("not-greeted-by-him"));
        }
        let Some(delay) = greeting.delay else { return (Some(false), Reason::new("not-greeted").at(connected)) };
        let in_time = greeting.is_in_time(within);
        let reason = Reason::new(if in_time { "greeted-in-time" } else { "greeted-late" });
        let at = Timestamp(connected.0.saturating_add(ms(delay)));
        (Some(in_time), reason.with("delay_ms", ms(delay)).with("within_ms", ms(within)).at(at))
    }

    /// His holds of the customer that are over.
    fn holds(&self) -> Vec<&HoldRecord> {
        let by = self.record.held_by_agent();
        let his = |hold: &&HoldRecord| hold.by == by && hold.ended_at.is_some() && self.is_his(hold.started_at);
        self.record.holds.iter().filter(his).collect()
    }

    fn patience(&self, patience: Duration) -> Finding {
        let holds = self.holds();
        let silence = |hold: &HoldRecord| hold.longest_silence(patience).unwrap_or_default();
        let Some(worst) = holds.iter().max_by_key(|hold| silence(hold)) else { return (None, Reason::new("no-hold")) };
        let kept = worst.is_in_patience(patience) != Some(false);
        let code = if kept { "holds-in-patience" } else { "hold-without-word" };
        let reason = Reason::new(code).with("holds", holds.len()).with("longest_ms", ms(silence(worst))).with("patience_ms", ms(patience));
        (Some(kept), reason.at(worst.started_at))
    }

    fn hold_reason(&self) -> Finding {
        let holds = self.holds();
        let Some(first) = holds.first() else { return (None, Reason::new("no-hold")) };
        match holds.iter().find(|hold| hold.reason.is_none()) {
            Some(without) => (Some(false), Reason::new("hold-without-reason").with("holds", holds.len()).at(without.started_at)),
            None => {
                let reason = Reason::new("holds-with-reason").with("holds", holds.len()).at(first.started_at);
                (Some(true), first.reason.as_deref().map_or(reason.clone(), |word| reason.word(word)))
            }
        }
    }

    fn promise(&self) -> Finding {
        let holds = self.holds();
        let promised: Vec<&HoldRecord> = holds.iter().copied().filter(|hold| hold.promise_kept().is_some()).collect();
        let Some(first) = promised.first() else {
            return (None, Reason::new(if holds.is_empty() { "no-hold" } else { "nothing-promised" }));
        };
        let told = |code, hold: &HoldRecord| {
            let took = hold.ended_at.map_or(0, |ended| ms(hold.started_at.until(ended)));
            let promised = ms(hold.promised.unwrap_or_default());
            Reason::new(code).with("took_ms", took).with("promised_ms", promised).at(hold.started_at)
        };
        match promised.iter().find(|hold| hold.promise_kept() == Some(false)) {
            Some(broken) => (Some(false), told("promise-broken", broken)),
            None => (Some(true), told("promises-kept", first)),
        }
    }

    fn customer_first(&self) -> Finding {
        let Some(customer_first) = self.record.customer_left_first() else { return (None, Reason::new("not-his-end")) };
        let Some(last) = self.all.last().filter(|part| part.agent == *self.agent) else { return (None, Reason::new("not-his-end")) };
        let ended = last.ended_at.or(self.record.released_at);
        let told = |code| {
            let reason = Reason::new(code);
            ended.map_or(reason.clone(), |at| reason.at(at))
        };
        if customer_first {
            return (Some(true), told("customer-first"));
        }
        if self.record.is_script_release() {
            return (None, told("script-release"));
        }
        // A line that broke, or a shutdown: nobody hung up on anybody.
        if self.record.left_first() == Some(ReleasedBy::Switch) {
            return (None, told("switch-first"));
        }
        (Some(false), told("agent-first"))
    }

    fn sound(&self) -> Finding {
        let measured = |sound: &&SoundRecord| sound.agent.as_ref() == Some(self.agent) && !sound.speech.is_zero();
        let Some(sound) = self.record.sounds.iter().find(measured) else { return (None, Reason::new("not-measured")) };
        let flaws = [(sound.faint, "faint"), (sound.loud, "loud"), (sound.noisy, "noisy")];
        let reason = |code| Reason::new(code).with("level_dbov", sound.level_dbov).with("noise_dbov", sound.noise_dbov);
        match flaws.iter().find(|(is, _)| *is) {
            Some((_, flaw)) => (Some(false), reason("sound-bad").word(flaw)),
            None => (Some(true), reason("sound-good")),
        }
    }

    fn microphone(&self) -> Finding {
        if self.holds().is_empty() {
            return (None, Reason::new("no-hold"));
        }
        let open = self.record.sounds.iter().any(|sound| sound.agent.as_ref() == Some(self.agent) && sound.is_agents_open_microphone());
        if open { (Some(false), Reason::new("microphone-open")) } else { (Some(true), Reason::new("microphone-closed")) }
    }

    /// Scripts that were begun in his part, by hand or by measurement: each is to come to its own end.
    fn scripts(&self, only: Option<&String>) -> Finding {
        let his = |script: &&ScriptRecord| only.is_none_or(|id| *id == script.script) && self.is_his(script.started_at);
        let begun: Vec<&ScriptRecord> = self.record.scripts.iter().filter(his).collect();
        let Some(first) = begun.first() else {
            let reason = Reason::new("no-script");
            return (None, only.map_or(reason.clone(), |id| reason.word(id)));
        };
        let cut = begun.iter().find(|script| matches!(script.ending, ScriptEnding::CutShort | ScriptEnding::Running));
        let told = |code, script: &ScriptRecord| Reason::new(code).word(&script.script).with("said", script.said).at(script.started_at);
        match cut {
            Some(cut) => (Some(false), told("script-cut-short", cut)),
            None => (Some(true), told("scripts-followed", first)),
        }
    }
}

fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;
    use crate::base::time::{millis, secs};
    use crate::call::record::{BegunBy, GreetedBy, GreetingRecord, HeldBy, Outcome};
    use crate::qa::tests::{at, card, good, hold, offer, segment};

    fn script(id: &str, at_ms: i64, ending: ScriptEnding) -> ScriptRecord {
        let begun_by = BegunBy::Agent;
        ScriptRecord { script: id.into(), begun_by, started_at: at(at_ms), ended_at: Some(at(at_ms + 5_000)), said: 2, ending }
    }

    /// What is asked, how the call was, what is found, why, and when (ms from the call's arrival).
    type Case = (Auto, fn(&mut CallRecord), Option<bool>, &'static str, Option<i64>);

    /// The call of `good`, 5 s to 60 s with 1001, a hold of 20 s at 20 s, then changed.
    const CASES: &[Case] = &[
        (Auto::ThreeRings, |_| {}, Some(true), "answered-in-rings", Some(5_000)),
        (Auto::ThreeRings, |call| call.offers[0].rings = 4, Some(false), "answered-late", Some(5_000)),
        (
            Auto::ThreeRings,
            |call| call.offers = vec![offer(OfferOutcome::Missed, 3), offer(OfferOutcome::Answered, 1)],
            Some(false),
            "rang-out",
            Some(5_000),
        ),
        (
            Auto::ThreeRings,
            |call| call.offers.insert(0, OfferRecord { agent: "1002".into(), ..offer(OfferOutcome::Missed, 3) }),
            Some(true),
            "answered-in-rings",
            Some(5_000),
        ),
        (Auto::ThreeRings, |call| call.offers.clear(), None, "no-offer", None),
        (Auto::Greeting, |_| {}, Some(true), "greeted-in-time", Some(8_000)),
        (Auto::Greeting, |call| greeted(call, Some(millis(3_001))), Some(false), "greeted-late", Some(8_001)),
        (Auto::Greeting, |call| greeted(call, None), Some(false), "not-greeted", Some(5_000)),
        (Auto::Greeting, |call| call.greeting = None, None, "no-greeting-due", None),
        // It was another who had him first.
        (Auto::Greeting, after_another, None, "not-greeted-by-him", None),
        (Auto::Patience, |_| {}, Some(true), "holds-in-patience", Some(20_000)),
        (Auto::Patience, |call| call.holds.push(hold(9_000, 0)), Some(false), "hold-without-word", Some(20_000)),
        (Auto::Patience, |call| call.holds.clear(), None, "no-hold", None),
        (Auto::Patience, |call| call.holds[0].by = HeldBy::Caller, None, "no-hold", None),
        // The hold was the other's.
        (Auto::Patience, after_another, None, "no-hold", None),
        (Auto::HoldReason, |_| {}, Some(true), "holds-with-reason", Some(20_000)),
        (Auto::HoldReason, |call| call.holds[0].reason = None, Some(false), "hold-without-reason", Some(20_000)),
        (Auto::Promise, |_| {}, Some(true), "promises-kept", Some(20_000)),
        (Auto::Promise, |call| call.holds[0].kept = Some(false), Some(false), "promise-broken", Some(20_000)),
        (Auto::Promise, |call| (call.holds[0].promised, call.holds[0].kept) = (None, None), None, "nothing-promised", None),
        (Auto::Promise, |call| call.holds.clear(), None, "no-hold", None),
        (Auto::CustomerFirst, |_| {}, Some(true), "customer-first", Some(60_000)),
        (Auto::CustomerFirst, |call| call.hung_up_first = Some(ReleasedBy::Agent), Some(false), "agent-first", Some(60_000)),
        (Auto::CustomerFirst, |call| call.hung_up_first = Some(ReleasedBy::Switch), None, "switch-first", Some(60_000)),
        (
            Auto::CustomerFirst,
            |call| (call.hung_up_first, call.outcome) = (Some(ReleasedBy::Switch), Some(Outcome::Silent)),
            None,
            "script-release",
            Some(60_000),
        ),
        // He had handed the customer on.
        (Auto::CustomerFirst, |call| call.segments.push(segment("1002", SegmentRole::Serving, 50_000, 60_000)), None, "not-his-end", None),
        (Auto::CustomerFirst, |call| call.released_at = None, None, "not-his-end", None),
        (Auto::Sound, |_| {}, Some(true), "sound-good", None),
        (Auto::Sound, |call| call.sounds[0].faint = true, Some(false), "sound-bad", None),
        (Auto::Sound, |call| call.sounds[0].speech = Duration::ZERO, None, "not-measured", None),
        (Auto::Microphone, |_| {}, Some(true), "microphone-closed", None),
        (Auto::Microphone, |call| call.sounds[0].open_microphone = true, Some(false), "microphone-open", None),
        (Auto::Microphone, |call| call.holds.clear(), None, "no-hold", None),
        (Auto::Scripts, |_| {}, None, "no-script", None),
        (
            Auto::Scripts,
            |call| call.scripts = vec![script("faint", 30_000, ScriptEnding::Helped)],
            Some(true),
            "scripts-followed",
            Some(30_000),
        ),
        (
            Auto::Scripts,
            |call| {
                call.scripts = vec![script("faint", 30_000, ScriptEnding::Done), script("noisy", 40_000, ScriptEnding::CutShort)];
            },
            Some(false),
            "script-cut-short",
            Some(40_000),
        ),
    ];

    fn greeted(call: &mut CallRecord, delay: Option<Duration>) {
        call.greeting = Some(GreetingRecord { by: GreetedBy::Agent, delay });
    }

    /// 1002 had the customer until 41 s, then 1001.
    fn after_another(call: &mut CallRecord) {
        call.segments = vec![segment("1002", SegmentRole::Serving, 5_000, 41_000), segment("1001", SegmentRole::Serving, 41_000, 60_000)];
    }

    fn found(auto: &Auto, record: &CallRecord) -> Finding {
        Part::of(record, &"1001".into()).finding(auto, &Terms::default())
    }

    #[test]
    fn each_finding_has_its_reason_and_its_moment() {
        for (auto, change, expected, code, moment) in CASES {
            let mut call = good();
            change(&mut call);
            let (is, reason) = found(auto, &call);
            assert_eq!((is, reason.code, reason.at), (*expected, *code, moment.map(at)), "{auto:?}");
            assert!(CODES.contains(&reason.code), "{code} is not among the known");
        }
        let told: Vec<&str> = CASES.iter().map(|(_, _, _, code, _)| *code).collect();
        assert!(CODES.iter().all(|code| told.contains(code)), "each reason is told once");
    }

    #[test]
    fn reasons_carry_their_numbers() {
        let mut call = good();
        call.holds = vec![hold(9_000, 0)];
        assert_eq!(found(&Auto::Patience, &call).1.values, [("holds", 1), ("longest_ms", 9_000), ("patience_ms", 7_000)]);
        assert_eq!(found(&Auto::Promise, &call).1.values, [("took_ms", 9_000), ("promised_ms", 30_000)]);
        assert_eq!(found(&Auto::ThreeRings, &call).1.values, [("rings", 3), ("limit", 3)]);
        assert_eq!(found(&Auto::Greeting, &call).1.values, [("delay_ms", 3_000), ("within_ms", 3_000)]);
        call.sounds[0].noisy = true;
        assert_eq!(found(&Auto::Sound, &call).1.word.as_deref(), Some("noisy"));
    }

    #[test]
    fn a_script_that_was_not_begun_is_not_asked_for() {
        let mut call = good();
        call.scripts = vec![script("faint", 30_000, ScriptEnding::CutShort)];
        assert_eq!(found(&Auto::Script("dialect".into()), &call).0, None);
        assert_eq!(found(&Auto::Script("faint".into()), &call).0, Some(false));
    }

    #[test]
    fn the_card_s_own_items_alone_are_filled_in() {
        let filled = prefill(&card(), &good(), &"1001".into(), &Terms::default());
        let (item, given): (&str, Given) = (&filled[0].item, filled[0].given);
        assert_eq!((filled.len(), item, given), (1, "rings", Given::Yes));
        assert_eq!((given, super::given(ItemKind::Points(5), Some(true))), (Given::Yes, Given::Points(5)));
        assert_eq!(
            (super::given(ItemKind::Points(5), Some(false)), super::given(ItemKind::YesNo, None)),
            (Given::Points(0), Given::NotApplicable)
        );
    }

    #[test]
    fn who_spoke_with_the_customer_is_scored() {
        let mut call = good();
        after_another(&mut call);
        call.segments.push(segment("1000", SegmentRole::Listening, 10_000, 60_000));
        call.segments.push(segment("1002", SegmentRole::Consulted, 50_000, 60_000));
        assert_eq!(scored_agents(&call), [AgentId::new("1002"), AgentId::new("1001")]);
        let mut out = good();
        out.direction = CallDirection::Outbound;
        out.segments = vec![segment("1003", SegmentRole::Calling, 5_000, 60_000)];
        assert_eq!(scored_agents(&out), [AgentId::new("1003")]);
    }

    /// Whatever is on record, in whatever order of time: something is said, and it is one of the known.
    #[test]
    fn no_record_is_too_strange() {
        let mut rng = Rng::new(2026);
        let autos: Vec<Auto> = Auto::WORDS.into_iter().map(|(_, auto)| auto).collect();
        for _ in 0..2_000 {
            let mut call = good();
            let mut strange = |most: u64| match rng.below(10) {
                0 => Timestamp(i64::MIN),
                1 => Timestamp(i64::MAX),
                _ => at(i64::try_from(rng.below(most)).expect("small") - 30_000),
            };
            for hold in &mut call.holds {
                (hold.started_at, hold.ended_at) = (strange(90_000), Some(strange(90_000)));
            }
            for part in &mut call.segments {
                (part.started_at, part.ended_at) = (strange(90_000), Some(strange(90_000)));
            }
            (call.connected_at, call.released_at) = (Some(strange(90_000)), Some(strange(90_000)));
            call.greeting = Some(GreetingRecord { by: GreetedBy::Switch, delay: Some(secs(rng.next_u64())) });
            call.holds[0].reassured = rng.next_u32();
            for auto in &autos {
                assert!(CODES.contains(&found(auto, &call).1.code));
            }
        }
    }
}
