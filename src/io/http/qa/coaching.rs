//! Coaching notes: what an agent is to do better, or does well, by whom he was told.

use super::super::auth::Asker;
use super::super::params::Params;
use super::super::problem::Problem;
use super::super::{Context, calls};
use super::news::News;
use super::shapes::{Coaching, CoachingList, CoachingRequest};
use crate::io::store::{Work, WorkFilter, WorkKind};
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::json;
use std::sync::Arc;

/// Tells an agent something.
#[utoipa::path(post, path = "/api/v1/qa/coaching", tag = "quality", request_body = CoachingRequest,
    responses((status = 201, body = Coaching), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "there is no such agent, or no such score")))]
pub async fn coach(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    body: Result<Json<CoachingRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<Coaching>), Problem> {
    let Json(request) = body?;
    let text = super::checked(&request.text, "text", super::TEXT_MAX)?;
    if !context.api.config.get().agents.contains_key(request.agent.as_str()) {
        return Err(Problem::member("agent", format!("there is no agent {:?}", request.agent)));
    }
    if let Some(call) = &request.call_id {
        calls::visible(&context, &asker, call).await?;
    }
    if let Some(score) = &request.score_id {
        let found = context.api.store.work(WorkKind::Score, score).await?;
        if found.and_then(|work| work.subject).as_ref() != Some(&request.agent) {
            return Err(Problem::member("score_id", format!("agent {} has no score {score:?}", request.agent)));
        }
    }
    let body = json!({"text": text, "at_ms": request.at_ms, "score_id": request.score_id});
    let work = super::document(WorkKind::Coaching, context.new_id(), &asker.who, &body);
    let work = Work { call: request.call_id, subject: Some(request.agent.clone()), ..work };
    context.audit(&asker, "coaching.written", Some(&request.agent), text)?;
    context.keep(work.clone()).await?;
    context.tell(News::Coached, work.subject.as_deref(), &[("call", work.call.as_deref().unwrap_or(""))], &asker.who);
    Ok((StatusCode::CREATED, Json(Coaching::from(work))))
}

/// What agents were told, newest first. An agent sees what he was told.
#[utoipa::path(get, path = "/api/v1/qa/coaching", tag = "quality",
    params(("agent" = Option<String>, Query),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 500, description = "rows of the page, 50 when absent"),
        ("cursor" = Option<String>, Query, description = "next of the page before")),
    responses((status = 200, body = CoachingList), (status = 400, body = Problem, content_type = "application/problem+json")))]
pub async fn coachings(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    mut params: Params,
) -> Result<Json<CoachingList>, Problem> {
    let limit = params.limit()?;
    let subject = super::scores::own_agent(&asker, params.text("agent"))?;
    let filter = WorkFilter { subject, before: params.cursor()?, ..WorkFilter::default() };
    params.end()?;
    super::note_view(&context, &asker, "coaching.viewed", filter.subject.as_deref())?;
    context.settle().await;
    let mut found = context.api.store.works(WorkKind::Coaching, &filter, limit + 1).await?;
    let next = calls::cut(&mut found, limit, |work| work.id.clone());
    Ok(Json(CoachingList { items: found.into_iter().map(Coaching::from).collect(), next }))
}

impl From<Work> for Coaching {
    fn from(work: Work) -> Self {
        let text = |name: &str| work.body[name].as_str().map(str::to_owned);
        Self {
            text: text("text").unwrap_or_default(),
            at_ms: work.body["at_ms"].as_u64(),
            score_id: text("score_id"),
            id: work.id,
            agent: work.subject.unwrap_or_default(),
            who: work.who,
            at: work.at,
            call_id: work.call,
        }
    }
}
