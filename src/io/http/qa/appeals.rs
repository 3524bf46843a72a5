//! Appeals: an agent objects to a score, and another than who gave it answers him.

use super::super::Context;
use super::super::access::{Right, rights};
use super::super::auth::Asker;
use super::super::params::Params;
use super::super::problem::Problem;
use super::news::News;
use super::scores::{again, find, own_agent, rewritten, shown};
use super::shapes::{Appeal, AppealAnswer, AppealBody, AppealDecision, AppealList, AppealRequest, Score};
use super::{AT_ONCE, TEXT_MAX, checked};
use crate::base::AgentId;
use crate::config::{Config, UserConfig};
use crate::io::store::{Work, WorkFilter, WorkKind};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use std::sync::Arc;

/// The agent objects to a score of his.
#[utoipa::path(post, path = "/api/v1/qa/scores/{id}/appeal", tag = "quality", params(("id" = String, Path, description = "of the score")),
    request_body = AppealRequest,
    responses((status = 201, body = Appeal), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "he has appealed against it already"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn make_appeal(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: Result<Json<AppealRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<Appeal>), Problem> {
    let Json(request) = body?;
    let (score, given) = find(&context, &asker, &id).await?;
    let text = checked(&request.text, "text", TEXT_MAX)?;
    let _turn = context.scoring.lock().await;
    if appeal(&context, &asker, &id).await?.is_some() {
        return Err(Problem::new(StatusCode::CONFLICT, "there is an appeal against this score already"));
    }
    if let Some(other) = request.items.iter().find(|item| !given.answers.iter().any(|answer| answer.item == **item)) {
        return Err(Problem::member("items", format!("the score has no item {other:?}")));
    }
    let body = AppealBody { text, items: request.items, state: "open".to_owned(), answer: None };
    let work = super::document(WorkKind::Appeal, id.clone(), &asker.who, &body);
    let work = Work { call: score.call.clone(), subject: score.subject.clone(), words: Some(body.text.clone()), ..work };
    context.audit(&asker, "score.appealed", work.call.as_deref(), format!("{id}: {}", body.text))?;
    context.keep(work.clone()).await?;
    context.tell(News::Appealed, work.subject.as_deref(), &[("score", &id), ("call", work.call.as_deref().unwrap_or(""))], &asker.who);
    let may_answer = may_answer(&context.api.config.get(), &asker, &score).is_ok();
    Ok((StatusCode::CREATED, Json(as_appeal(work, body, may_answer))))
}

/// Answers an appeal: the score stands, or is changed. Who gave the score does not answer, unless nobody else may.
#[utoipa::path(post, path = "/api/v1/qa/scores/{id}/answer", tag = "quality", params(("id" = String, Path, description = "of the score")),
    request_body = AppealDecision,
    responses((status = 200, body = Score), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 403, body = Problem, content_type = "application/problem+json", description = "he gave the score, or it is his own, and another can answer"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "there is no appeal, or it was answered"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn answer_appeal(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: Result<Json<AppealDecision>, JsonRejection>,
) -> Result<Json<Score>, Problem> {
    let Json(request) = body?;
    let (score, old) = find(&context, &asker, &id).await?;
    let text = checked(&request.text, "text", TEXT_MAX)?;
    let _turn = context.scoring.lock().await;
    let found = context.api.store.work(WorkKind::Appeal, &id).await?;
    let found = found.ok_or_else(|| Problem::new(StatusCode::CONFLICT, "there is no appeal against this score"))?;
    let mut appeal: AppealBody = super::body(&found)?;
    if appeal.answer.is_some() {
        return Err(Problem::new(StatusCode::CONFLICT, "this appeal was answered already"));
    }
    let why = may_answer(&context.api.config.get(), &asker, &score)?;
    let mut changed = None;
    if let Some(answers) = &request.answers {
        let mut body = again(&context, &old, answers)?;
        (body.note, body.changed_at) = (old.note.clone(), Some(super::now()));
        changed = Some(body);
    }
    let score_before = changed.as_ref().and(old.score);
    (if changed.is_some() { "changed" } else { "kept" }).clone_into(&mut appeal.state);
    let detail = format!("{id}: {}: {text}{why}", appeal.state);
    appeal.answer = Some(AppealAnswer { who: asker.who.clone(), at: super::now(), text, score_before });
    context.audit(&asker, "appeal.answered", score.call.as_deref(), detail)?;
    let body = changed.unwrap_or(old);
    let score = rewritten(&score, &body);
    context.keep(score.clone()).await?;
    let found = Work { body: serde_json::to_value(&appeal).expect("shapes become JSON"), ..found };
    context.keep(found.clone()).await?;
    context.tell(
        News::AppealAnswered,
        score.subject.as_deref(),
        &[("score", &id), ("call", score.call.as_deref().unwrap_or(""))],
        &asker.who,
    );
    Ok(Json(shown(score, body, Some(as_appeal(found, appeal, false)))))
}

/// Appeals, newest first. An agent sees his own.
#[utoipa::path(get, path = "/api/v1/qa/appeals", tag = "quality",
    params(("state" = Option<String>, Query, description = "open, kept, changed, or all when absent"), ("agent" = Option<String>, Query)),
    responses((status = 200, body = AppealList), (status = 400, body = Problem, content_type = "application/problem+json")))]
pub async fn appeals(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    mut params: Params,
) -> Result<Json<AppealList>, Problem> {
    let state = params.word("state", &["open", "kept", "changed", "all"])?.filter(|state| state != "all");
    let subject = own_agent(&asker, params.text("agent"))?;
    params.end()?;
    super::note_view(&context, &asker, "appeals.viewed", subject.as_deref())?;
    context.settle().await;
    let (config, mut items) = (context.api.config.get(), Vec::new());
    for work in context.api.store.works(WorkKind::Appeal, &WorkFilter { subject, ..WorkFilter::default() }, AT_ONCE).await? {
        let body: AppealBody = super::body(&work)?;
        if state.as_ref().is_none_or(|state| *state == body.state) {
            let score = if body.answer.is_none() { context.api.store.work(WorkKind::Score, &work.id).await? } else { None };
            let may_answer = score.is_some_and(|score| may_answer(&config, &asker, &score).is_ok());
            items.push(as_appeal(work, body, may_answer));
        }
    }
    Ok(Json(AppealList { items, next: None }))
}

/// Whether he may answer the appeal against this score, and what is to be noted of it.
///
/// # Errors
/// 403: he has judged already, or it is his own cause, and another can answer.
fn may_answer(config: &Config, asker: &Asker, score: &Work) -> Result<&'static str, Problem> {
    asker.require(Right::Score)?;
    let is_of = |agent: Option<&AgentId>| agent.is_some_and(|agent| Some(agent.as_str()) == score.subject.as_deref());
    let why = if score.who == asker.who {
        "who gave the score does not answer the appeal against it"
    } else if is_of(asker.agent.as_ref()) {
        "nobody answers an appeal against a score of his own"
    } else {
        return Ok("");
    };
    let can = |user: &&UserConfig| {
        let is_another = user.id.as_str() != score.who && user.id.as_str() != asker.who;
        is_another && rights(user.role).contains(&Right::Score) && !is_of(user.agent.as_ref())
    };
    let others: Vec<&str> = config.users.values().filter(can).map(|user| user.id.as_str()).collect();
    if others.is_empty() {
        return Ok(" (there is nobody else who may answer)");
    }
    Err(Problem::new(StatusCode::FORBIDDEN, format!("{why}: another does ({})", others.join(", "))))
}

/// The appeal against a score, as somebody sees it.
pub(super) async fn appeal(context: &Context, asker: &Asker, score: &str) -> Result<Option<Appeal>, Problem> {
    let store = &context.api.store;
    let Some(work) = store.work(WorkKind::Appeal, score).await? else { return Ok(None) };
    let body: AppealBody = super::body(&work)?;
    let of = if body.answer.is_none() { store.work(WorkKind::Score, score).await? } else { None };
    let may_answer = of.is_some_and(|of| may_answer(&context.api.config.get(), asker, &of).is_ok());
    Ok(Some(as_appeal(work, body, may_answer)))
}

fn as_appeal(work: Work, body: AppealBody, may_answer: bool) -> Appeal {
    let (call_id, agent) = (work.call.unwrap_or_default(), work.subject.unwrap_or_default());
    Appeal { score_id: work.id, call_id, agent, who: work.who, at: work.at, may_answer, body }
}
