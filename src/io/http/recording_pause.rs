//! Card data: a running call's recording is filled with silence while it is said or keyed, and goes on after it. Who ordered it is on the
//! call's record and in the audit log.

use super::access::Right;
use super::auth::Asker;
use super::dto::PauseRequest;
use super::params::{self, Params};
use super::problem::Problem;
use super::script::{order, running};
use super::{Context, calls};
use crate::base::limits::REASON_LETTERS_MAX;
use crate::io::shapes::Call;
use crate::switch::input::Command;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use std::sync::Arc;

/// From now on the recording is silent on both sides and keys are hidden; the parties hear each other. It ends by itself after
/// `rules.card_data.max`. An agent pauses the calls in which he is.
#[utoipa::path(post, path = "/api/v1/calls/{id}/recording/pause", tag = "calls", params(("id" = String, Path, description = "ULID")),
    request_body = PauseRequest,
    responses(
        (status = 200, body = Call, description = "the call's record, with the pause"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "no such call, or it is over"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "not now, and why")))]
pub async fn pause(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: Result<Json<PauseRequest>, JsonRejection>,
) -> Result<Json<Call>, Problem> {
    let Json(PauseRequest { reason }) = body?;
    let why = params::words(&reason, REASON_LETTERS_MAX).filter(|why| !why.is_empty());
    let why = why.ok_or_else(|| Problem::member("reason", format!("why: 1 to {REASON_LETTERS_MAX} letters and no control characters")))?;
    let call = running(&id)?;
    is_his(&context, &asker, &id).await?;
    order(&context, &id, Command::PauseRecording { call, by: asker.who.clone(), why: why.clone() }).await?;
    context.audit(&asker, "recording.paused", Some(&id), why)?;
    calls::find(&context, &id).await.map(|call| Json(context.shown(&asker).call(call)))
}

/// The recording goes on.
#[utoipa::path(post, path = "/api/v1/calls/{id}/recording/resume", tag = "calls", params(("id" = String, Path, description = "ULID")),
    responses(
        (status = 200, body = Call, description = "the call's record"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "no such call, or it is over"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "it is not paused")))]
pub async fn resume(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Call>, Problem> {
    params.end()?;
    let call = running(&id)?;
    is_his(&context, &asker, &id).await?;
    order(&context, &id, Command::ResumeRecording { call, by: asker.who.clone() }).await?;
    context.audit(&asker, "recording.resumed", Some(&id), String::new())?;
    calls::find(&context, &id).await.map(|call| Json(context.shown(&asker).call(call)))
}

/// Who sees only his own calls has to be in this one now: who was in it before has no more to do with what is said.
async fn is_his(context: &Context, asker: &Asker, id: &str) -> Result<(), Problem> {
    let Some(own) = asker.own() else { return Ok(()) };
    let call = calls::visible(context, asker, id).await?;
    let is_in_it = call.segments.iter().any(|part| part.agent == own.as_str() && part.ended_at.is_none());
    if is_in_it {
        return Ok(());
    }
    Err(Problem::lacking(Right::Pause, format!("agent {own} is not in the call {id} now")))
}
