//! Scripts of service, begun and ended by whoever sits beside the agent: a desk, a CRM.

use super::auth::Asker;
use super::dto::ScriptRequest;
use super::params::Params;
use super::problem::Problem;
use super::{Context, calls};
use crate::base::CallId;
use crate::io::shapes::Call;
use crate::switch::input::Command;
use crate::switch::output::Reply;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use std::sync::Arc;

/// Begins a script in a call in which a queue's caller is with an agent. One that runs is cut short; the same one goes on as it is.
#[utoipa::path(post, path = "/api/v1/calls/{id}/script", tag = "calls", params(("id" = String, Path, description = "ULID")),
    request_body = ScriptRequest,
    responses(
        (status = 200, body = Call, description = "the call's record, with the script"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "no such call, or it is over"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "not now, or no such script, and why")))]
pub async fn begin(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: Result<Json<ScriptRequest>, JsonRejection>,
) -> Result<Json<Call>, Problem> {
    let Json(ScriptRequest { script }) = body?;
    let call = running(&id)?;
    order(&context, &id, Command::BeginScript { call, script: script.clone() }).await?;
    context.audit(&asker, "script.began", Some(&id), script)?;
    calls::find(&context, &id).await.map(|call| Json(context.shown(&asker).call(call)))
}

/// The running script is not needed any more.
#[utoipa::path(delete, path = "/api/v1/calls/{id}/script", tag = "calls", params(("id" = String, Path, description = "ULID")),
    responses(
        (status = 200, body = Call, description = "the call's record"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "no such call, or it is over"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "no script runs in it")))]
pub async fn end(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Call>, Problem> {
    params.end()?;
    let call = running(&id)?;
    order(&context, &id, Command::EndScript { call }).await?;
    context.audit(&asker, "script.ended", Some(&id), String::new())?;
    calls::find(&context, &id).await.map(|call| Json(context.shown(&asker).call(call)))
}

pub(super) fn running(id: &str) -> Result<CallId, Problem> {
    id.parse().map_err(|_| gone(id))
}

fn gone(id: &str) -> Problem {
    Problem::not_found(format!("no call {id} is running"))
}

pub(super) async fn order(context: &Context, id: &str, command: Command) -> Result<(), Problem> {
    match context.api.desk.ask(command).await? {
        Reply::UnknownCall => Err(gone(id)),
        Reply::Refused(why) => Err(Problem::new(StatusCode::CONFLICT, why)),
        _ => Ok(()),
    }
}
