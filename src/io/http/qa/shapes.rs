//! What the quality API takes and gives. Scores, tasks, appeals and calibrations are kept as these shapes' JSON.

use crate::base::scorecard::{ItemKind, Scorecard as Card, Title};
use crate::io::shapes::{Call, Time};
use crate::qa::{Given, Prefilled, Reason};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A text for people, in both languages.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Words {
    pub zh: String,
    pub en: String,
}

impl From<&Title> for Words {
    fn from(title: &Title) -> Self {
        Self { zh: title.zh.clone(), en: title.en.clone() }
    }
}

/// A form by which calls are scored.
#[derive(Debug, Serialize, ToSchema)]
pub struct Scorecard {
    pub id: String,
    pub version: u32,
    /// Of its versions this one is used for new scores.
    pub in_force: bool,
    pub title: Words,
    /// Percent from which on a call has passed.
    pub pass: u32,
    pub sections: Vec<ScorecardSection>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ScorecardSection {
    pub id: String,
    pub title: Words,
    pub items: Vec<ScorecardItem>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ScorecardItem {
    pub id: String,
    pub title: Words,
    /// What to listen for.
    pub guide: Option<Words>,
    /// Its share of the whole; what does not apply is left out.
    pub weight: u32,
    /// yes-no, points.
    pub kind: String,
    /// At most, of kind points.
    pub points: Option<u32>,
    /// Lost, it costs the call all.
    pub fatal: bool,
    /// What the switch itself knows of it: three-rings, greeting, patience, hold-reason, promise, customer-first, sound, microphone, scripts,
    /// script:ID.
    pub auto: Option<String>,
    /// It may be left out.
    pub not_applicable: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ScorecardList {
    /// All versions, in order of the configuration.
    pub items: Vec<Scorecard>,
    /// Always null.
    pub next: Option<String>,
}

impl Scorecard {
    pub fn of(card: &Card, in_force: bool) -> Self {
        let item = |item: &crate::base::scorecard::Item| {
            let (kind, points) = match item.kind {
                ItemKind::YesNo => ("yes-no", None),
                ItemKind::Points(most) => ("points", Some(most)),
            };
            ScorecardItem {
                id: item.id.clone(),
                title: Words::from(&item.title),
                guide: item.guide.as_ref().map(Words::from),
                weight: item.weight,
                kind: kind.to_owned(),
                points,
                fatal: item.fatal,
                auto: item.auto.as_ref().map(crate::base::scorecard::Auto::name),
                not_applicable: item.not_applicable,
            }
        };
        let sections = card.sections.iter().map(|section| ScorecardSection {
            id: section.id.clone(),
            title: Words::from(&section.title),
            items: section.items.iter().map(item).collect(),
        });
        Self {
            id: card.id.clone(),
            version: card.version,
            in_force,
            title: Words::from(&card.title),
            pass: card.pass,
            sections: sections.collect(),
        }
    }
}

/// What an item is answered with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    pub item: String,
    /// yes, no, points, not-applicable.
    #[schema(examples("yes"))]
    pub answer: String,
    /// With points.
    #[serde(default)]
    pub points: Option<u32>,
    /// Up to 500 letters.
    #[serde(default)]
    pub note: Option<String>,
}

/// The two members that an answer is written with.
pub fn written(given: Given) -> (String, Option<u32>) {
    let (word, points) = match given {
        Given::Yes => ("yes", None),
        Given::No => ("no", None),
        Given::Points(points) => ("points", Some(points)),
        Given::NotApplicable => ("not-applicable", None),
    };
    (word.to_owned(), points)
}

/// And back; `None` of what is no answer.
pub fn read(answer: &str, points: Option<u32>) -> Option<Given> {
    match (answer, points) {
        ("yes", None) => Some(Given::Yes),
        ("no", None) => Some(Given::No),
        ("points", Some(points)) => Some(Given::Points(points)),
        ("not-applicable", None) => Some(Given::NotApplicable),
        _ => None,
    }
}

/// What the switch knows of an item, before anybody has listened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Found {
    /// yes, no, points, not-applicable.
    pub answer: String,
    pub points: Option<u32>,
    pub reason: FoundReason,
}

/// Why: a code with its numbers, to be put into words, and the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FoundReason {
    /// answered-in-rings, answered-late, rang-out, no-offer; greeted-in-time, greeted-late, not-greeted, not-greeted-by-him, no-greeting-due;
    /// holds-in-patience, hold-without-word, holds-with-reason, hold-without-reason, promises-kept, promise-broken, nothing-promised, no-hold;
    /// customer-first, agent-first, switch-first, script-release, not-his-end; sound-good, sound-bad, not-measured; microphone-open,
    /// microphone-closed; scripts-followed, script-cut-short, no-script.
    pub code: String,
    /// rings, limit, holds, said; in milliseconds delay_ms, within_ms, longest_ms, patience_ms, took_ms, promised_ms; in dBov level_dbov,
    /// noise_dbov.
    pub values: BTreeMap<String, i64>,
    /// A hold's reason, a script's id, faint, loud, noisy.
    pub word: Option<String>,
    pub at: Option<Time>,
    /// The same from the beginning of the recording, in milliseconds; null before it.
    pub at_ms: Option<i64>,
}

impl FoundReason {
    fn of(reason: &Reason, call: &Call) -> Self {
        let at = reason.at.map(Time::from);
        let from = call.answered_at.map(|from| from.0);
        Self {
            code: reason.code.to_owned(),
            values: reason.values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect(),
            word: reason.word.clone(),
            at,
            at_ms: at.zip(from).map(|(at, from)| at.0.saturating_sub(from)).filter(|ms| *ms >= 0),
        }
    }
}

impl Found {
    pub fn of(prefilled: &Prefilled, call: &Call) -> Self {
        let (answer, points) = written(prefilled.given);
        Self { answer, points, reason: FoundReason::of(&prefilled.reason, call) }
    }
}

/// A form that is filled in as far as the switch can.
#[derive(Debug, Serialize, ToSchema)]
pub struct Form {
    pub call_id: String,
    /// Who is scored.
    pub agent: String,
    /// Who may be: all who spoke with the customer.
    pub agents: Vec<String>,
    pub scorecard: String,
    pub version: u32,
    /// By item; those that only who listens can answer are not among them.
    pub found: BTreeMap<String, Found>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreRequest {
    pub call_id: String,
    /// Absent: the only one who spoke with the customer, else the last.
    pub agent: Option<String>,
    /// Absent: the only one there is.
    pub scorecard: Option<String>,
    /// One to each item.
    pub answers: Vec<Answer>,
    /// On the whole; up to 2,000 letters.
    pub note: Option<String>,
    /// The calibration that it is for: it does not count in results.
    pub calibration: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScoreChange {
    pub answers: Vec<Answer>,
    pub note: Option<String>,
}

/// An answer of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScoreAnswer {
    pub item: String,
    /// As it was when it was scored.
    pub weight: u32,
    pub fatal: bool,
    /// yes, no, points, not-applicable.
    pub answer: String,
    pub points: Option<u32>,
    pub note: Option<String>,
    /// What of it was won, 0 to 1; null: it did not apply.
    pub won: Option<f64>,
    /// What the switch had found; the answer may be another.
    pub found: Option<Found>,
}

/// What is kept of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ScoreBody {
    pub scorecard: String,
    pub version: u32,
    /// Percent with one decimal; null: nothing applied.
    pub score: Option<f64>,
    pub passed: bool,
    /// Fatal items that were lost.
    pub fatal: Vec<String>,
    pub answers: Vec<ScoreAnswer>,
    pub note: Option<String>,
    pub changed_at: Option<Time>,
    /// The calibration that it is for.
    pub calibration: Option<String>,
}

/// A call's score.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Score {
    /// ULID.
    pub id: String,
    pub call_id: String,
    pub agent: String,
    /// Who scored.
    pub who: String,
    pub at: Time,
    #[serde(flatten)]
    pub body: ScoreBody,
    pub appeal: Option<Appeal>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ScoreList {
    /// Newest first.
    pub items: Vec<Score>,
    pub next: Option<String>,
}

/// An agent's objection to a score.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Appeal {
    pub score_id: String,
    pub call_id: String,
    pub agent: String,
    pub who: String,
    pub at: Time,
    /// Whether who asks may answer it: it is open, and he neither gave the score nor is it his own, unless nobody else may.
    pub may_answer: bool,
    #[serde(flatten)]
    pub body: AppealBody,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AppealBody {
    pub text: String,
    /// The items whose answers he objects to; none: the whole.
    #[serde(default)]
    pub items: Vec<String>,
    /// open, kept (the score stands), changed.
    pub state: String,
    pub answer: Option<AppealAnswer>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AppealAnswer {
    pub who: String,
    pub at: Time,
    pub text: String,
    /// What the score was before, when it was changed.
    pub score_before: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AppealList {
    /// Newest first.
    pub items: Vec<Appeal>,
    pub next: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealRequest {
    /// 1 to 2,000 letters.
    pub text: String,
    /// The items whose answers he objects to; none: the whole.
    #[serde(default)]
    pub items: Vec<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppealDecision {
    /// 1 to 2,000 letters.
    pub text: String,
    /// Answers in place of those of the score; absent: it stands.
    pub answers: Option<Vec<Answer>>,
}

/// What is kept of a call that is to be scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TaskBody {
    /// The sampling plan that drew it, and of which week or day (2026-W47, 2026-11-21); null of a calibration.
    pub plan: Option<String>,
    pub period: Option<String>,
    pub scorecard: String,
    pub due_at: Time,
    /// open, done.
    pub state: String,
    pub score_id: Option<String>,
    pub calibration: Option<String>,
    pub arrived_at: Time,
    pub talk_ms: i64,
    pub queue: Option<String>,
}

/// A call that is to be scored.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Task {
    /// ULID.
    pub id: String,
    pub call_id: String,
    /// Who is scored.
    pub agent: String,
    /// Who is to score.
    pub who: String,
    /// When it was drawn.
    pub at: Time,
    #[serde(flatten)]
    pub body: TaskBody,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TaskList {
    /// Soonest due first.
    pub items: Vec<Task>,
    /// Always null.
    pub next: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalibrationRequest {
    pub call_id: String,
    pub agent: Option<String>,
    pub scorecard: Option<String>,
    /// Users who score, 2 to 20.
    pub scorers: Vec<String>,
    /// Whose score is the measure: one of them.
    pub reference: String,
    /// Absent: in a week.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub due_at: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct CalibrationBody {
    pub scorecard: String,
    pub version: u32,
    pub scorers: Vec<String>,
    pub reference: String,
    pub due_at: Time,
}

/// Several score one call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Calibration {
    /// ULID.
    pub id: String,
    pub call_id: String,
    pub agent: String,
    /// Who began it.
    pub who: String,
    pub at: Time,
    #[serde(flatten)]
    pub body: CalibrationBody,
    /// Who has scored.
    pub scored: Vec<String>,
    /// Where they differ; null to a scorer who has not scored yet, and in lists.
    pub differences: Option<CalibrationDifferences>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CalibrationList {
    /// Newest first.
    pub items: Vec<Calibration>,
    pub next: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CalibrationDifferences {
    /// In the scorecard's order.
    pub items: Vec<ItemDifference>,
    pub scorers: Vec<ScorerDifference>,
    /// Greatest less least score, percent; null with fewer than two.
    pub spread: Option<f64>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ItemDifference {
    pub item: String,
    pub given: Vec<ScorerAnswer>,
    /// Percent of pairs of scorers who gave the same; null with fewer than two.
    pub agreement: Option<f64>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScorerAnswer {
    pub who: String,
    pub answer: String,
    pub points: Option<u32>,
    /// What he said to it.
    pub note: Option<String>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ScorerDifference {
    pub who: String,
    pub score: Option<f64>,
    pub passed: bool,
    /// His score less the reference's, percent.
    pub distance: Option<f64>,
    /// Items that both answered, and those that he answered as the reference did.
    pub compared: u32,
    pub agreed: u32,
}

/// What scores say of an agent, a team or an item.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ResultRow {
    /// An agent's or an item's id, a team; empty: agents of no team.
    pub key: String,
    /// Of which week or day, by its beginning; null without `every`.
    pub from: Option<Time>,
    /// Scores; of an item, those to which it applied.
    pub n: u32,
    /// Percent, of n.
    pub mean: Option<f64>,
    /// Passed; of an item, won whole. And in percent of n.
    pub passed: u32,
    pub pass_rate: Option<f64>,
    /// With a fatal item lost. And in percent of n.
    pub fatal: u32,
    pub fatal_rate: Option<f64>,
    /// Of an item: it did not apply; what the switch had found was answered otherwise.
    pub not_applicable: u32,
    pub overruled: u32,
    /// Items by which most was lost, at most five.
    pub lost: Vec<LostItem>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LostItem {
    pub item: String,
    /// Scores in which something of it was lost, and the sum of the weight.
    pub n: u32,
    pub weight: f64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ResultList {
    pub since: Time,
    pub until: Time,
    /// In order of the weeks or days, then of the keys.
    pub items: Vec<ResultRow>,
    /// Always null.
    pub next: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CoachingRequest {
    pub agent: String,
    /// 1 to 2,000 letters.
    pub text: String,
    /// The call that it is about, and the moment of its recording.
    pub call_id: Option<String>,
    pub at_ms: Option<u64>,
    pub score_id: Option<String>,
}

/// What an agent is to do better, or does well.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Coaching {
    /// ULID.
    pub id: String,
    pub agent: String,
    pub who: String,
    pub at: Time,
    pub text: String,
    pub call_id: Option<String>,
    pub at_ms: Option<u64>,
    pub score_id: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CoachingList {
    /// Newest first.
    pub items: Vec<Coaching>,
    pub next: Option<String>,
}

/// How many calls of each agent are drawn for scoring.
#[derive(Debug, Serialize, ToSchema)]
pub struct Plan {
    pub id: String,
    pub scorecard: String,
    /// Calls of each agent a week or a day.
    pub per_agent: u32,
    /// week, day.
    pub every: String,
    /// The present one: its name (2026-W47, 2026-11-21), its beginning and its end.
    pub period: String,
    pub since: Time,
    pub until: Time,
    /// Which calls; null: all.
    pub queue: Option<String>,
    pub team: Option<String>,
    pub longer_ms: Option<u64>,
    pub shorter_ms: Option<u64>,
    /// A rule of service that was broken in them.
    pub broken: Option<String>,
    /// Users among whom they are shared out.
    pub to: Vec<String>,
    /// Agents of whom calls were drawn in this time.
    pub agents: Vec<PlanShare>,
}

/// How far a plan has come with an agent.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanShare {
    pub agent: String,
    pub drawn: u32,
    pub done: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PlanList {
    /// In order of the configuration.
    pub items: Vec<Plan>,
    /// Always null.
    pub next: Option<String>,
}

/// A user who scores.
#[derive(Debug, Serialize, ToSchema)]
pub struct Scorer {
    pub user: String,
    pub name: String,
    pub role: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ScorerList {
    /// In order of their ids.
    pub items: Vec<Scorer>,
    /// Always null.
    pub next: Option<String>,
}
