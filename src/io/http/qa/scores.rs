//! Scores: given, changed, appealed against, answered. Each keeps what the switch had found beside what was answered.

use super::super::access::Right;
use super::super::auth::Asker;
use super::super::params::Params;
use super::super::problem::Problem;
use super::super::{Context, calls};
use super::appeals::appeal;
use super::news::News;
use super::shapes::{Answer, Appeal, Found, Score, ScoreAnswer, ScoreBody, ScoreChange, ScoreList, ScoreRequest, TaskBody, read, written};
use super::{AT_ONCE, TEXT_MAX, checked_if_any};
use crate::base::limits::SCORES_ADDED_MAX;
use crate::base::scorecard::Scorecard;
use crate::config::Config;
use crate::io::shapes::Call;
use crate::io::store::{Work, WorkFilter, WorkKind};
use crate::qa::{Given, Prefilled, check, prefill, score};
use crate::switch::basis;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use std::sync::Arc;

/// Letters of a note on one answer.
const NOTE_MAX: usize = 500;

/// Scores a call.
#[utoipa::path(post, path = "/api/v1/qa/scores", tag = "quality", request_body = ScoreRequest,
    responses((status = 201, body = Score), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "it is not over, or is scored already"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "an answer is missing, or none of its item's")))]
pub async fn give(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    body: Result<Json<ScoreRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<Score>), Problem> {
    let Json(request) = body?;
    let (call, record) = super::spoken(&context, &asker, &request.call_id).await?;
    let config = context.api.config.get();
    let (agent, card) = match &request.calibration {
        Some(id) => {
            let calibration = super::calibrations::to_score(&context, &asker, id, &call.id).await?;
            let version = Some(calibration.body.version);
            let card = config.scorecard(&calibration.body.scorecard, version);
            let gone = || Problem::new(StatusCode::CONFLICT, "the scorecard of this calibration is not configured any more");
            (super::scored_agent(&record, Some(&calibration.agent))?, card.ok_or_else(gone)?)
        }
        None => (super::scored_agent(&record, request.agent.as_deref())?, super::wanted_card(&config, request.scorecard.as_deref())?),
    };
    if asker.agent.as_ref() == Some(&agent) {
        return Err(Problem::new(StatusCode::CONFLICT, "nobody scores himself"));
    }
    // Two at once must not both find it unscored.
    let _turn = context.scoring.lock().await;
    let others = of_call(&context, &call.id).await?;
    let same = others.iter().find(|(other, body)| {
        let by_all = body.calibration.is_none() && request.calibration.is_none() && body.scorecard == card.id;
        let his = body.calibration.is_some() && body.calibration == request.calibration && other.who == asker.who;
        other.subject.as_deref() == Some(agent.as_str()) && (by_all || his)
    });
    if let Some((other, _)) = same {
        let detail = format!("{} has scored agent {agent} in call {} already: the score {}", other.who, call.id, other.id);
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    }
    let found = prefill(card, &record, &agent, &basis(&config).terms);
    let known: Vec<(Prefilled, Found)> = found.into_iter().map(|one| (one.clone(), Found::of(&one, &call))).collect();
    let note = checked_if_any(request.note.as_deref(), "note", TEXT_MAX)?;
    let mut body = scored(card, &request.answers, &known)?;
    (body.note, body.calibration) = (note, request.calibration.clone());
    let id = context.new_id();
    let work = of(&id, &call.id, agent.as_str(), &asker.who, &body);
    context.audit(&asker, "score.given", Some(&call.id), told(agent.as_str(), &body))?;
    context.keep(work.clone()).await?;
    done(&context, &asker, &call, agent.as_str(), &id, &body).await?;
    // What is given for a calibration the agent does not see.
    let counts_for = Some(agent.as_str()).filter(|_| body.calibration.is_none());
    let calibration = body.calibration.as_deref().unwrap_or("");
    context.tell(News::Scored, counts_for, &[("score", &id), ("call", &call.id), ("calibration", calibration)], &asker.who);
    Ok((StatusCode::CREATED, Json(shown(work, body, None))))
}

/// Answers anew what one has scored.
#[utoipa::path(put, path = "/api/v1/qa/scores/{id}", tag = "quality", params(("id" = String, Path, description = "ULID")),
    request_body = ScoreChange,
    responses((status = 200, body = Score), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "another's"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "an appeal was made: it is to be answered, or was; or it was given for a calibration"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: Result<Json<ScoreChange>, JsonRejection>,
) -> Result<Json<Score>, Problem> {
    let Json(request) = body?;
    let (work, old) = find(&context, &asker, &id).await?;
    if work.who != asker.who && asker.require(Right::Audit).is_err() {
        return Err(Problem::new(StatusCode::FORBIDDEN, format!("{} gave this score, and may change it", work.who)));
    }
    if old.calibration.is_some() {
        return Err(Problem::new(StatusCode::CONFLICT, "what was given for a calibration stands: others' scores are seen with it"));
    }
    if appeal(&context, &asker, &id).await?.is_some() {
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "the agent has appealed against this score: what is changed is changed by the answer to it",
        ));
    }
    let note = checked_if_any(request.note.as_deref(), "note", TEXT_MAX)?;
    let mut body = again(&context, &old, &request.answers)?;
    (body.note, body.changed_at) = (note, Some(super::now()));
    let changed = rewritten(&work, &body);
    context.audit(
        &asker,
        "score.changed",
        work.call.as_deref(),
        format!("{id}: {}", told(work.subject.as_deref().unwrap_or(""), &body)),
    )?;
    context.keep(changed.clone()).await?;
    let call = work.call.as_deref().unwrap_or("");
    context.tell(News::Changed, work.subject.as_deref(), &[("score", &id), ("call", call)], &asker.who);
    Ok(Json(shown(changed, body, None)))
}

/// A score. An agent sees his own.
#[utoipa::path(get, path = "/api/v1/qa/scores/{id}", tag = "quality", params(("id" = String, Path, description = "ULID")),
    responses((status = 200, body = Score), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn one_score(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Score>, Problem> {
    params.end()?;
    let (work, body) = find(&context, &asker, &id).await?;
    context.audit_view(&asker, "score.viewed", &id, String::new())?;
    let appeal = appeal(&context, &asker, &id).await?;
    Ok(Json(shown(work, body, appeal)))
}

/// Scores of a call; of calibrations only one's own. An agent sees his own.
#[utoipa::path(get, path = "/api/v1/calls/{id}/scores", tag = "quality", params(("id" = String, Path, description = "ULID")),
    responses((status = 200, body = ScoreList), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn of_a_call(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<ScoreList>, Problem> {
    params.end()?;
    let call = calls::visible(&context, &asker, &id).await?;
    let mut items = Vec::new();
    for (work, body) in of_call(&context, &call.id).await? {
        if !may_see(&asker, &work, &body) {
            continue;
        }
        let appeal = appeal(&context, &asker, &work.id).await?;
        items.push(shown(work, body, appeal));
    }
    if !items.is_empty() {
        context.audit_view(&asker, "scores.viewed", &call.id, String::new())?;
    }
    Ok(Json(ScoreList { items, next: None }))
}

/// Scores, newest first. An agent sees his own.
#[utoipa::path(get, path = "/api/v1/qa/scores", tag = "quality",
    params(("agent" = Option<String>, Query), ("who" = Option<String>, Query, description = "who scored"),
        ("since" = Option<String>, Query, format = DateTime, description = "scored at or after"),
        ("until" = Option<String>, Query, format = DateTime, description = "scored before"),
        ("team" = Option<String>, Query, description = "of its agents"), ("scorecard" = Option<String>, Query),
        ("item" = Option<String>, Query, description = "something of it was lost"),
        ("counted" = Option<bool>, Query, description = "true: without those of calibrations, which count in no result"),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 500, description = "rows of the page, 50 when absent"),
        ("cursor" = Option<String>, Query, description = "next of the page before")),
    responses((status = 200, body = ScoreList), (status = 400, body = Problem, content_type = "application/problem+json")))]
pub async fn list_scores(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    mut params: Params,
) -> Result<Json<ScoreList>, Problem> {
    let limit = params.limit()?;
    let subject = own_agent(&asker, params.text("agent"))?;
    let (since, until) = (params.time("since")?, params.time("until")?);
    let mut filter = WorkFilter { subject, who: params.text("who"), since, until, before: params.cursor()?, ..WorkFilter::default() };
    let wanted = Wanted {
        team: params.text("team"),
        scorecard: params.text("scorecard"),
        item: params.text("item"),
        counted: params.word("counted", &["true", "false"])?.as_deref() == Some("true"),
    };
    params.end()?;
    super::note_view(&context, &asker, "scores.viewed", filter.subject.as_deref())?;
    context.settle().await;
    let (config, mut items, mut looked_at) = (context.api.config.get(), Vec::<Score>::new(), 0);
    let next = loop {
        let page = context.api.store.works(WorkKind::Score, &filter, AT_ONCE).await?;
        looked_at += page.len();
        let is_last = page.len() < AT_ONCE;
        filter.before = page.last().map(|work| work.id.clone());
        let mut is_full = false;
        for work in page {
            let body: ScoreBody = super::body(&work)?;
            if !may_see(&asker, &work, &body) || !wanted.matches(&config, &work, &body) {
                continue;
            }
            if items.len() == limit {
                is_full = true;
                break;
            }
            let appeal = appeal(&context, &asker, &work.id).await?;
            items.push(shown(work, body, appeal));
        }
        if is_full {
            break items.last().map(|score| score.id.clone());
        }
        if is_last {
            break None;
        }
        // Whoever looks for few among many goes on from there.
        if looked_at >= SCORES_ADDED_MAX {
            break filter.before;
        }
    };
    Ok(Json(ScoreList { items, next }))
}

/// Which scores, beside what the store looks for.
struct Wanted {
    team: Option<String>,
    scorecard: Option<String>,
    item: Option<String>,
    counted: bool,
}

impl Wanted {
    fn matches(&self, config: &Config, work: &Work, body: &ScoreBody) -> bool {
        let team = || work.subject.as_deref().and_then(|agent| config.agents.get(agent)?.team.as_deref());
        let lost = |item: &String| body.answers.iter().any(|answer| answer.item == *item && answer.won.is_some_and(|won| won < 1.0));
        self.team.as_deref().is_none_or(|wanted| team().unwrap_or_default() == wanted)
            && self.scorecard.as_ref().is_none_or(|wanted| *wanted == body.scorecard)
            && self.item.as_ref().is_none_or(lost)
            && !(self.counted && body.calibration.is_some())
    }
}

/// The agent who is asked for; an agent sees himself alone.
pub(super) fn own_agent(asker: &Asker, wanted: Option<String>) -> Result<Option<String>, Problem> {
    match wanted {
        Some(other) if !asker.may_see_of(&other) => {
            Err(Problem::parameter("agent", format!("an agent sees his own results, not those of {other}")))
        }
        wanted => Ok(wanted.or_else(|| asker.own().map(ToString::to_string))),
    }
}

/// A score that he may see; to who may not there is none.
pub(super) async fn find(context: &Context, asker: &Asker, id: &str) -> Result<(Work, ScoreBody), Problem> {
    context.settle().await;
    let none = || Problem::not_found(format!("no score has the id {id:?}"));
    let work = context.api.store.work(WorkKind::Score, id).await?.ok_or_else(none)?;
    let body: ScoreBody = super::body(&work)?;
    if may_see(asker, &work, &body) { Ok((work, body)) } else { Err(none()) }
}

/// What was given for a calibration is shown by the calibration, when all know what they gave.
fn may_see(asker: &Asker, work: &Work, body: &ScoreBody) -> bool {
    let is_his = work.subject.as_deref().is_some_and(|agent| asker.may_see_of(agent));
    is_his && (body.calibration.is_none() || work.who == asker.who)
}

pub(super) async fn of_call(context: &Context, call: &str) -> Result<Vec<(Work, ScoreBody)>, Problem> {
    context.settle().await;
    let filter = WorkFilter { call: Some(call.to_owned()), ..WorkFilter::default() };
    let found = context.api.store.works(WorkKind::Score, &filter, AT_ONCE).await?;
    found.into_iter().map(|work| super::body(&work).map(|body| (work, body))).collect()
}

pub(super) fn shown(work: Work, body: ScoreBody, appeal: Option<Appeal>) -> Score {
    let (call_id, agent) = (work.call.unwrap_or_default(), work.subject.unwrap_or_default());
    Score { id: work.id, call_id, agent, who: work.who, at: work.at, body, appeal }
}

fn of(id: &str, call: &str, agent: &str, who: &str, body: &ScoreBody) -> Work {
    let work =
        Work { call: Some(call.to_owned()), subject: Some(agent.to_owned()), ..super::document(WorkKind::Score, id.to_owned(), who, body) };
    rewritten(&work, body)
}

/// The same document with that in it. Calls are looked for by their score; one that a calibration gave is none of theirs.
pub(super) fn rewritten(work: &Work, body: &ScoreBody) -> Work {
    let number = body.score.filter(|_| body.calibration.is_none());
    Work { number, words: body.note.clone(), body: serde_json::to_value(body).expect("shapes become JSON"), ..work.clone() }
}

fn told(agent: &str, body: &ScoreBody) -> String {
    let score = body.score.map_or_else(|| "nothing applied".to_owned(), |score| format!("{score}"));
    let fatal = if body.fatal.is_empty() { String::new() } else { format!(", fatal: {}", body.fatal.join(", ")) };
    format!("agent {agent}, {} version {}: {score}{fatal}", body.scorecard, body.version)
}

/// Answers anew, by the version and with what was found then.
pub(super) fn again(context: &Context, old: &ScoreBody, answers: &[Answer]) -> Result<ScoreBody, Problem> {
    let config = context.api.config.get();
    let gone = || {
        let detail = format!("version {} of scorecard {} is not configured any more: the score stands", old.version, old.scorecard);
        Problem::new(StatusCode::CONFLICT, detail)
    };
    let card = config.scorecard(&old.scorecard, Some(old.version)).ok_or_else(gone)?;
    let known = old.answers.iter().filter_map(|answer| {
        let found = answer.found.clone()?;
        let given = read(&found.answer, found.points)?;
        let reason = crate::qa::Reason { code: "", values: Vec::new(), word: None, at: None };
        Some((Prefilled { item: answer.item.clone(), given, reason }, found))
    });
    let body = scored(card, answers, &known.collect::<Vec<_>>())?;
    Ok(ScoreBody { calibration: old.calibration.clone(), ..body })
}

/// The score of answers by a card.
fn scored(card: &Scorecard, answers: &[Answer], known: &[(Prefilled, Found)]) -> Result<ScoreBody, Problem> {
    let mut given: Vec<(String, Given)> = Vec::new();
    for answer in answers {
        let wrong = || {
            let detail = format!("{:?} is answered with yes, no, not-applicable, or points and how many", answer.item);
            Problem::member("answers", detail)
        };
        given.push((answer.item.clone(), read(&answer.answer, answer.points).ok_or_else(wrong)?));
    }
    let prefilled: Vec<Prefilled> = known.iter().map(|(prefilled, _)| prefilled.clone()).collect();
    check(card, &given, &prefilled).map_err(|error| Problem::member("answers", error.to_string()))?;
    let result = score(card, &given);
    let mut kept = Vec::new();
    for item in card.items() {
        let Some(((_, given), answer)) = given.iter().zip(answers).find(|((id, _), _)| *id == item.id) else { continue };
        let (word, points) = written(*given);
        kept.push(ScoreAnswer {
            item: item.id.clone(),
            weight: item.weight,
            fatal: item.fatal,
            answer: word,
            points,
            note: checked_if_any(answer.note.as_deref(), "note", NOTE_MAX)?,
            won: result.items.iter().find(|won| won.item == item.id).map(|won| won.won),
            found: known.iter().find(|(prefilled, _)| prefilled.item == item.id).map(|(_, found)| found.clone()),
        });
    }
    Ok(ScoreBody {
        scorecard: card.id.clone(),
        version: card.version,
        score: result.percent(),
        passed: result.passed,
        fatal: result.fatal,
        answers: kept,
        note: None,
        changed_at: None,
        calibration: None,
    })
}

/// Who was to score it has done it, or another for him.
async fn done(context: &Context, asker: &Asker, call: &Call, agent: &str, score: &str, given: &ScoreBody) -> Result<(), Problem> {
    let filter = WorkFilter { call: Some(call.id.clone()), subject: Some(agent.to_owned()), ..WorkFilter::default() };
    for work in context.api.store.works(WorkKind::Task, &filter, AT_ONCE).await? {
        let mut task: TaskBody = super::body(&work)?;
        let is_his = task.calibration.is_none() || work.who == asker.who;
        if is_his && task.state == "open" && task.scorecard == given.scorecard && task.calibration == given.calibration {
            "done".clone_into(&mut task.state);
            task.score_id = Some(score.to_owned());
            context.keep(Work { body: serde_json::to_value(&task).expect("shapes become JSON"), ..work }).await?;
        }
    }
    Ok(())
}
