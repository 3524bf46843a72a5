//! Every figure with its formula. The print rule: a share or a mean is never shown without its numerator and denominator.

use super::{Kind, Tally, VARIANTS, Variant, VisitTally};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// The value is the numerator itself.
    Count,
    /// The value is numerator / denominator × 100.
    Percent,
    /// Milliseconds: a sum, or with a denominator a mean.
    Milliseconds,
    /// A mean, or a number for each of something.
    Mean,
}

impl Unit {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Percent => "percent",
            Self::Milliseconds => "ms",
            Self::Mean => "mean",
        }
    }
}

/// How a figure follows from a tally.
pub struct Definition {
    pub name: &'static str,
    pub unit: Unit,
    pub formula: &'static str,
    /// What the formula's letters stand for, and who counts.
    pub meaning: &'static str,
    /// The reports in which it stands.
    pub kinds: &'static [Kind],
    /// Numerator, and the denominator of all but plain counts and sums.
    pub of: fn(&Tally) -> (u64, Option<u64>),
}

impl std::fmt::Debug for Definition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// A figure as it is shown.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Measure {
    pub name: &'static str,
    pub unit: Unit,
    pub formula: &'static str,
    pub numerator: u64,
    pub denominator: Option<u64>,
    /// `None` when the denominator is nought.
    pub value: Option<f64>,
}

impl Measure {
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "counts and milliseconds of years are far below 2^52")]
    pub fn new(name: &'static str, unit: Unit, formula: &'static str, (numerator, denominator): (u64, Option<u64>)) -> Self {
        let scale = if unit == Unit::Percent { 100.0 } else { 1.0 };
        let value = match denominator {
            None => Some(numerator as f64),
            Some(0) => None,
            Some(of) => Some(numerator as f64 * scale / of as f64),
        };
        Self { name, unit, formula, numerator, denominator, value }
    }
}

impl Definition {
    #[must_use]
    pub fn measure(&self, tally: &Tally) -> Measure {
        Measure::new(self.name, self.unit, self.formula, (self.of)(tally))
    }
}

/// A figure's name, unit, formula and meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Said {
    pub name: &'static str,
    pub unit: Unit,
    pub formula: &'static str,
    pub meaning: &'static str,
}

/// The service level in the variant of that name, or in `all` of them, each under its own name.
#[must_use]
pub fn service_levels(variant: &str, visits: &VisitTally) -> Vec<Measure> {
    let wanted = VARIANTS.iter().filter(|known| variant == "all" || known.name == variant);
    let measure = |known: &Variant| {
        let (numerator, denominator) = (known.of)(visits);
        let name = if variant == "all" { known.name } else { "service_level" };
        Measure::new(name, Unit::Percent, known.formula, (numerator, Some(denominator)))
    };
    wanted.map(measure).collect()
}

/// What is said of each figure of a report, in the order in which they stand.
#[must_use]
pub fn said(kind: Kind, variant: &str) -> Vec<Said> {
    let levels = if kind == Kind::Queues { service_levels(variant, &VisitTally::default()) } else { Vec::new() };
    let meaning = "the share of callers who were answered in time; variants differ in who counts";
    let levels = levels.into_iter().map(|Measure { name, unit, formula, .. }| Said { name, unit, formula, meaning });
    let figures = DEFINITIONS.iter().filter(|definition| definition.kinds.contains(&kind));
    let figures = figures.map(|Definition { name, unit, formula, meaning, .. }| Said { name, unit: *unit, formula, meaning });
    levels.chain(figures).collect()
}

const Q: &[Kind] = &[Kind::Queues];
const A: &[Kind] = &[Kind::Agents, Kind::Teams];
const QA: &[Kind] = &[Kind::Queues, Kind::Agents, Kind::Teams];
const S: &[Kind] = &[Kind::Scripts];

macro_rules! definitions {
    ($($name:literal $unit:ident $kinds:ident: $formula:literal, $meaning:literal, |$t:ident| $numerator:expr $(, $denominator:expr)?;)*) => {
        /// All figures but the service level, which has [`VARIANTS`].
        pub const DEFINITIONS: &[Definition] = &[$(Definition {
            name: $name,
            unit: Unit::$unit,
            formula: $formula,
            meaning: $meaning,
            kinds: $kinds,
            of: |$t| ($numerator, definitions!(@denominator $($denominator)?)),
        }),*];
    };
    (@denominator) => { None };
    (@denominator $denominator:expr) => { Some($denominator) };
}

definitions! {
    // Times in queues.
    "offered" Count Q: "O = A + B + C + F + W", "callers who entered the queue", |t| t.visits.offered;
    "answered" Count Q: "A", "whom an agent answered", |t| t.visits.answered;
    "abandoned" Count Q: "B", "who left the switch while they waited", |t| t.visits.abandoned;
    "short_abandoned" Count Q: "B_s", "who left after less than s: misdialled", |t| t.visits.short_abandoned;
    "flowed_out" Count Q: "F", "who left the queue alive, for another one or another destination", |t| t.visits.flowed_out;
    "called_back" Count Q: "C", "who hung up to be called back; the call-backs themselves are not among O", |t| t.visits.called_back;
    "waiting" Count Q: "W", "who wait still", |t| t.visits.waiting;
    "refused" Count Q: "R", "whom the queue did not take: full, or nobody there; not among O", |t| t.visits.refused;
    "identity" Percent Q: "(A + B + C + F + W) / O", "100 by construction; anything else is a fault of the books",
        |t| t.visits.answered + t.visits.abandoned + t.visits.called_back + t.visits.flowed_out + t.visits.waiting, t.visits.offered;
    "answered_in_time" Count Q: "A_T", "answered after a wait of at most T", |t| t.visits.answered_in_time;
    "abandoned_in_time" Count Q: "B_T", "left after a wait of at most T", |t| t.visits.abandoned_in_time;
    "abandon_rate" Percent Q: "B / O", "short ones included", |t| t.visits.abandoned, t.visits.offered;
    "average_speed_of_answer" Milliseconds Q: "Σ wait of the answered / A", "wait: from the entry into the queue to the agent's answer",
        |t| t.visits.answered_wait_ms, t.visits.answered;
    "longest_wait" Milliseconds Q: "max wait", "of waits that have ended, however they did", |t| t.visits.longest_wait_ms;

    // Offers.
    "offers" Count QA: "offers", "times that a queue's caller was offered to agents, or to one and to others at once, and it is known what came of it; of an agent: times that his phone was rung and no other answered first", |t| t.visits.offers;
    "agent_answer_rate" Percent QA: "answered offers / offers", "offers that ended otherwise count against it",
        |t| t.visits.offers_answered, t.visits.offers;
    "rona_rate" Percent QA: "offers that rang out / (offers − withdrawn)",
        "withdrawn: the caller left while the phone rang, or another agent took him", |t| t.visits.offers_missed, t.visits.offers - t.visits.offers_withdrawn;
    "three_ring_rate" Percent QA: "answered offers with rings ≤ N / answered offers", "rings begun by the switch's clock and the configured cadence",
        |t| t.visits.offers_in_rings, t.visits.offers_answered;
    "three_ring_rate_of_offers" Percent QA: "answered offers with rings ≤ N / offers", "offers that rang out count against it",
        |t| t.visits.offers_in_rings, t.visits.offers;

    // Conversations.
    "connected" Count QA: "calls", "calls that are over and in which an agent had the caller", |t| t.service.connected;
    "handled" Count QA: "parts", "parts of agents in calls with callers of queues that are over; a transferred call has several", |t| t.service.handled;
    "average_handle_time" Milliseconds QA: "(Σ talk + Σ hold + Σ after-call work) / handled", "after-call work: from the end of the conversation to ready, or its limit",
        |t| t.service.talk_ms + t.service.hold_ms + t.work.after_call_ms, t.service.handled;
    "average_talk_time" Milliseconds QA: "Σ talk / handled", "without holds", |t| t.service.talk_ms, t.service.handled;
    "average_hold_time" Milliseconds QA: "Σ hold / handled", "both sides' holds, what overlaps once", |t| t.service.hold_ms, t.service.handled;
    "average_after_call_work" Milliseconds QA: "Σ after-call work / handled", "", |t| t.work.after_call_ms, t.service.handled;
    "transfer_rate" Percent QA: "parts that ended with another agent in his place / handled", "", |t| t.service.transferred, t.service.handled;
    "holds" Count QA: "holds", "holds that are over", |t| t.service.holds;
    "seven_second_hold_rate" Percent QA: "holds without a silence longer than the patience / holds",
        "from the hold to the first reassurance, between two, and from the last to the retrieve", |t| t.service.holds_in_patience, t.service.holds;
    "hold_reason_rate" Percent QA: "holds with a reason / holds", "the others were begun without a word of why", |t| t.service.holds_with_reason, t.service.holds;
    "hold_promise_kept_rate" Percent QA: "holds that took no longer than promised / holds with a promise", "", |t| t.service.promises_kept, t.service.holds_promised;
    "customer_first_rate" Percent QA: "calls whose caller hung up first / connected", "whose part ended first: an agent's ends before the call does",
        |t| t.service.caller_first, t.service.connected;
    "agent_first_rate" Percent QA: "calls whose agent hung up first / connected", "", |t| t.service.agent_first, t.service.connected;
    "switch_first_rate" Percent QA: "calls that the switch released / connected", "", |t| t.service.switch_first, t.service.connected;
    "silent_rate" Percent QA: "calls that the silent-call script released / connected", "", |t| t.service.silent, t.service.connected;
    "first_call_resolution" Percent QA: "calls whose caller did not call again within D / calls whose D is over",
        "by the caller's number; a call counts for the agent who had the caller last", |t| t.service.settled - t.service.returned, t.service.settled;

    "greeting_in_time_rate" Percent QA: "greetings begun within G / greetings due", "from the connection to the first sound of what is played, or to the agent's own first words",
        |t| t.service.greeted_in_time, t.service.greetings;
    "greeting_delay" Milliseconds QA: "Σ time to the greeting / greetings that came", "", |t| t.service.greeting_delay_ms, t.service.greeted;
    "sound_measured" Count QA: "agents' parts measured", "agents who said enough in a call, each call once", |t| t.service.measured;
    "too_quiet" Count QA: "of these, too quiet", "mean level of speech below rules.sound.faint_below", |t| t.service.faint;
    "too_loud" Count QA: "of these, too loud", "above rules.sound.loud_above, or clipped", |t| t.service.loud;
    "noisy_floor" Count QA: "of these, noisy", "speech less than rules.sound.noise_within above the noise behind it", |t| t.service.noisy;
    "open_microphone" Count QA: "calls", "in which he talked while the caller was on hold and nobody heard him", |t| t.service.open_microphones;

    // Call-backs.
    "call_backs" Count QA: "call-backs", "calls to customers who were to be called back; of agents, those in which they had him",
        |t| t.service.call_backs;
    "call_back_reach_rate" Percent Q: "reached / call-backs", "a customer who is called three times is three of them",
        |t| t.service.call_backs_reached, t.service.call_backs;
    "average_call_back_time" Milliseconds QA: "Σ from the wish to the conversation / reached", "how long they waited, off the line",
        |t| t.service.call_back_ms, t.service.call_backs_reached;
    // Survey.
    "survey_asked" Count QA: "asked", "callers asked how they were served", |t| t.service.surveyed;
    "survey_answer_rate" Percent QA: "answers / asked", "", |t| t.service.scored, t.service.surveyed;
    "survey_mean" Mean QA: "Σ scores / answers", "", |t| t.service.score_sum, t.service.scored;
    "survey_share_1" Percent QA: "answers of 1 / answers", "", |t| t.service.score_1, t.service.scored;
    "survey_share_2" Percent QA: "answers of 2 / answers", "", |t| t.service.score_2, t.service.scored;
    "survey_share_3" Percent QA: "answers of 3 / answers", "", |t| t.service.score_3, t.service.scored;
    "survey_share_4" Percent QA: "answers of 4 / answers", "", |t| t.service.score_4, t.service.scored;
    "survey_share_5" Percent QA: "answers of 5 / answers", "", |t| t.service.score_5, t.service.scored;

    // Agents' time.
    "logons" Count A: "log-ons", "times that he came from offline", |t| t.work.logons;
    "logged_on_time" Milliseconds A: "Σ time not offline", "", |t| t.work.logged_on_ms();
    "talking_time" Milliseconds A: "Σ time in state talking", "every call, holds included", |t| t.work.talking_ms;
    "after_call_time" Milliseconds A: "Σ time in state wrap-up", "", |t| t.work.after_call_ms;
    "idle_time" Milliseconds A: "Σ time in states ready, reserved and ringing", "at hand for the next caller", |t| t.work.idle_ms;
    "not_ready_time" Milliseconds A: "Σ time in state not-ready", "whatever the reason; intervals tell them apart", |t| t.work.not_ready_ms;
    "occupancy" Percent A: "(talk + hold + after-call work) / (talk + hold + after-call work + idle)", "of the agents' states",
        |t| t.work.talking_ms + t.work.after_call_ms, t.work.talking_ms + t.work.after_call_ms + t.work.idle_ms;
    "utilisation" Percent A: "(talk + hold) / (talk + hold + after-call work + idle)", "of the agents' states",
        |t| t.work.talking_ms, t.work.talking_ms + t.work.after_call_ms + t.work.idle_ms;

    "adherence" Percent A: "(in service when planned in + out when planned out) / planned",
        "by the agent's shift, up to now; in service: on calls, after them, or at hand; planned out: the breaks between the hours of one day",
        |t| t.work.worked_as_planned_ms + t.work.planned_breaks_ms.saturating_sub(t.work.worked_in_breaks_ms),
        t.work.planned_ms + t.work.planned_breaks_ms;
    // Scripts of service.
    "begun" Count S: "begun", "times that the script was begun", |t| t.scripts.begun;
    "helped_rate" Percent S: "helped / begun", "the caller spoke up, or the agent said that it is not needed any more", |t| t.scripts.helped, t.scripts.begun;
    "done_rate" Percent S: "done / begun", "its last step was done, and the call went on", |t| t.scripts.done, t.scripts.begun;
    "queued_rate" Percent S: "queued / begun", "the caller went to wait for another agent", |t| t.scripts.queued, t.scripts.begun;
    "released_rate" Percent S: "released / begun", "it released the call", |t| t.scripts.released, t.scripts.begun;
    "cut_short_rate" Percent S: "cut short / begun", "the call ended before, or another script began", |t| t.scripts.cut_short, t.scripts.begun;
    "prompts_said" Mean S: "prompts begun / begun", "", |t| t.scripts.said, t.scripts.begun;
}
