//! Calibrations: several score one call apart, and then see where they differ.

use super::super::Context;
use super::super::auth::Asker;
use super::super::params::Params;
use super::super::problem::Problem;
use super::news::News;
use super::shapes::{
    Calibration, CalibrationBody, CalibrationDifferences, CalibrationList, CalibrationRequest, ItemDifference, ScorerAnswer,
    ScorerDifference, TaskBody, read, written,
};
use crate::base::Timestamp;
use crate::config::{Config, UserConfig};
use crate::io::shapes::Time;
use crate::io::store::{Work, WorkFilter, WorkKind};
use crate::qa::{Differences, Opinion, differences};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

const SCORERS: RangeInclusive<usize> = 2..=20;
/// When no other time is given.
const DUE_AFTER_MS: i64 = 7 * 86_400_000;

/// Has several score a call.
#[utoipa::path(post, path = "/api/v1/qa/calibrations", tag = "quality", request_body = CalibrationRequest,
    responses((status = 201, body = Calibration), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "the call is not over"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "a scorer is no user who scores")))]
pub async fn begin_calibration(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    body: Result<Json<CalibrationRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<Calibration>), Problem> {
    let Json(request) = body?;
    let (call, record) = super::spoken(&context, &asker, &request.call_id).await?;
    let config = context.api.config.get();
    let card = super::wanted_card(&config, request.scorecard.as_deref())?;
    let agent = super::scored_agent(&record, request.agent.as_deref())?;
    let scorers = scorers(&config, &request)?;
    let due_at = request.due_at.unwrap_or_else(|| Time::from(Timestamp(super::now().0 + DUE_AFTER_MS)));
    let (version, reference) = (card.version, request.reference.clone());
    let body = CalibrationBody { scorecard: card.id.clone(), version, scorers, reference, due_at };
    let id = context.new_id();
    let about = |work: Work| Work { call: Some(call.id.clone()), subject: Some(agent.to_string()), ..work };
    let work = about(super::document(WorkKind::Calibration, id.clone(), &asker.who, &body));
    context.audit(&asker, "calibration.begun", Some(&call.id), format!("agent {agent}, {}: {}", card.id, body.scorers.join(", ")))?;
    for scorer in &body.scorers {
        let task = TaskBody { calibration: Some(id.clone()), ..super::work::task_of(&call, &card.id, due_at) };
        context.keep(about(super::document(WorkKind::Task, context.new_id(), scorer, &task))).await?;
    }
    context.keep(work.clone()).await?;
    context.tell(News::CalibrationBegun, None, &[("calibration", &id), ("call", &call.id)], &asker.who);
    Ok((StatusCode::CREATED, Json(shown(work, body, Vec::new(), None))))
}

/// Calibrations, newest first.
#[utoipa::path(get, path = "/api/v1/qa/calibrations", tag = "quality", responses((status = 200, body = CalibrationList)))]
pub async fn calibrations(State(context): State<Arc<Context>>, params: Params) -> Result<Json<CalibrationList>, Problem> {
    params.end()?;
    context.settle().await;
    let mut items = Vec::new();
    for work in context.api.store.works(WorkKind::Calibration, &WorkFilter::default(), super::AT_ONCE).await? {
        let body = super::body(&work)?;
        items.push(shown(work, body, Vec::new(), None));
    }
    Ok(Json(CalibrationList { items, next: None }))
}

/// A calibration: who has scored, and where they differ. Who is to score and has not yet is not told what others gave.
#[utoipa::path(get, path = "/api/v1/qa/calibrations/{id}", tag = "quality", params(("id" = String, Path, description = "ULID")),
    responses((status = 200, body = Calibration), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn calibration(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Calibration>, Problem> {
    params.end()?;
    let found = find(&context, &id).await?;
    let opinions = opinions(&context, &found).await?;
    let scored: Vec<String> = opinions.iter().map(|opinion| opinion.who.clone()).collect();
    let is_to_score = found.body.scorers.contains(&asker.who) && !scored.contains(&asker.who);
    let config = context.api.config.get();
    let card = config.scorecard(&found.body.scorecard, Some(found.body.version)).filter(|_| !is_to_score);
    let differences = match card {
        Some(card) => Some(compared(&differences(card, &found.body.reference, &opinions), &notes(&context, &found).await?)),
        None => None,
    };
    Ok(Json(Calibration { scored, differences, ..found }))
}

/// The calibration for which he scores that call.
pub(super) async fn to_score(context: &Context, asker: &Asker, id: &str, call: &str) -> Result<Calibration, Problem> {
    let found = find(context, id)
        .await
        .map_err(|problem| if problem.status == 404 { Problem::member("calibration", problem.detail) } else { problem })?;
    if found.call_id != call {
        return Err(Problem::member("calibration", format!("the calibration {id} is of the call {}", found.call_id)));
    }
    if !found.body.scorers.contains(&asker.who) {
        return Err(Problem::member("calibration", format!("{} does not score in the calibration {id}", asker.who)));
    }
    Ok(found)
}

async fn find(context: &Context, id: &str) -> Result<Calibration, Problem> {
    context.settle().await;
    let work = context.api.store.work(WorkKind::Calibration, id).await?;
    let work = work.ok_or_else(|| Problem::not_found(format!("no calibration has the id {id:?}")))?;
    let body = super::body(&work)?;
    Ok(shown(work, body, Vec::new(), None))
}

/// What was given, in order of the scorers.
async fn opinions(context: &Context, calibration: &Calibration) -> Result<Vec<Opinion>, Problem> {
    let scores = super::scores::of_call(context, &calibration.call_id).await?;
    let of = |who: &String| {
        let (_, body) = scores.iter().find(|(work, body)| work.who == *who && body.calibration.as_ref() == Some(&calibration.id))?;
        let answers = body.answers.iter().filter_map(|answer| Some((answer.item.clone(), read(&answer.answer, answer.points)?)));
        Some(Opinion { who: who.clone(), answers: answers.collect() })
    };
    Ok(calibration.body.scorers.iter().filter_map(of).collect())
}

/// What each said to each item.
async fn notes(context: &Context, calibration: &Calibration) -> Result<BTreeMap<(String, String), String>, Problem> {
    let mut notes = BTreeMap::new();
    for (work, body) in super::scores::of_call(context, &calibration.call_id).await? {
        if body.calibration.as_ref() == Some(&calibration.id) {
            let said = body.answers.into_iter().filter_map(|answer| Some(((work.who.clone(), answer.item), answer.note?)));
            notes.extend(said);
        }
    }
    Ok(notes)
}

fn scorers(config: &Config, request: &CalibrationRequest) -> Result<Vec<String>, Problem> {
    let unlike: BTreeSet<&String> = request.scorers.iter().collect();
    if unlike.len() != request.scorers.len() || !SCORERS.contains(&unlike.len()) {
        let detail = format!("{} to {} different users score", SCORERS.start(), SCORERS.end());
        return Err(Problem::member("scorers", detail));
    }
    let scores = |user: &UserConfig| super::super::access::rights(user.role).contains(&super::super::access::Right::Score);
    if let Some(other) = request.scorers.iter().find(|who| !config.users.get(who.as_str()).is_some_and(scores)) {
        return Err(Problem::member("scorers", format!("{other:?} is no user who scores")));
    }
    if !request.scorers.contains(&request.reference) {
        return Err(Problem::member("reference", "whose score is the measure is one of the scorers"));
    }
    Ok(request.scorers.clone())
}

fn shown(work: Work, body: CalibrationBody, scored: Vec<String>, differences: Option<CalibrationDifferences>) -> Calibration {
    let (call_id, agent) = (work.call.unwrap_or_default(), work.subject.unwrap_or_default());
    Calibration { id: work.id, call_id, agent, who: work.who, at: work.at, body, scored, differences }
}

fn compared(differences: &Differences, notes: &BTreeMap<(String, String), String>) -> CalibrationDifferences {
    let item = |item: &crate::qa::ItemDifference| ItemDifference {
        item: item.item.clone(),
        given: item
            .given
            .iter()
            .map(|(who, given)| {
                let (answer, points) = written(*given);
                let note = notes.get(&(who.clone(), item.item.clone())).cloned();
                ScorerAnswer { who: who.clone(), answer, points, note }
            })
            .collect(),
        agreement: super::percent(item.same, item.pairs),
    };
    let scorer = |scorer: &crate::qa::Scorer| ScorerDifference {
        who: scorer.who.clone(),
        score: scorer.per_mille.map(|score| f64::from(score) / 10.0),
        passed: scorer.passed,
        distance: scorer.distance.and_then(|distance| i32::try_from(distance).ok()).map(|distance| f64::from(distance) / 10.0),
        compared: scorer.compared,
        agreed: scorer.agreed,
    };
    CalibrationDifferences {
        items: differences.items.iter().map(item).collect(),
        scorers: differences.scorers.iter().map(scorer).collect(),
        spread: differences.spread.map(|spread| f64::from(spread) / 10.0),
    }
}
