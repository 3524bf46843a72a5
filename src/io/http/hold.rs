//! Legal hold: a recording that must be kept, whatever retention says. Who put it there and who took it away is in the audit log.

use super::auth::Asker;
use super::dto::LegalHoldRequest;
use super::params::Params;
use super::problem::Problem;
use super::{Context, calls, params, wall_time};
use crate::io::shapes::{Call, LegalHold, Time};
use crate::io::store::Row;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use std::sync::Arc;

/// Letters of a reason.
const REASON_MAX: usize = 500;

/// Keeps a call's recording until the hold is taken away. A second hold replaces the first.
#[utoipa::path(put, path = "/api/v1/calls/{id}/recording/hold", tag = "calls", params(("id" = String, Path, description = "ULID")),
    request_body = LegalHoldRequest,
    responses(
        (status = 200, body = Call, description = "the call's record, with the hold"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "the recording was removed before"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "no reason")))]
pub async fn put(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: Result<Json<LegalHoldRequest>, JsonRejection>,
) -> Result<Json<Call>, Problem> {
    let Json(LegalHoldRequest { reason }) = body?;
    let reason = checked(&reason)?;
    // Until the hold is kept nothing is removed.
    let custody = context.api.store.custody();
    let _custody = custody.lock().await;
    let call = recorded(&context, &id).await?;
    context.audit(&asker, "recording.held", Some(&call.id), reason.clone())?;
    let hold = LegalHold { by: asker.who.clone(), at: Time::from(wall_time()), reason };
    keep(&context, &call.id, Some(hold)).await?;
    calls::find(&context, &id).await.map(|call| Json(context.shown(&asker).call(call)))
}

/// Takes the hold away; `reason` says why.
#[utoipa::path(delete, path = "/api/v1/calls/{id}/recording/hold", tag = "calls",
    params(("id" = String, Path, description = "ULID"), ("reason" = String, Query, description = "for the audit log")),
    responses(
        (status = 200, body = Call, description = "the call's record, without the hold"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "no call, no recording, or no hold on it"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "no reason")))]
pub async fn delete(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Json<Call>, Problem> {
    let reason = params.text("reason").unwrap_or_default();
    params.end()?;
    let reason = checked(&reason)?;
    let call = calls::find(&context, &id).await?;
    if call.recording.is_none_or(|recording| recording.hold.is_none()) {
        return Err(Problem::not_found(format!("no legal hold is on the recording of the call {id}")));
    }
    context.audit(&asker, "recording.hold_released", Some(&call.id), reason)?;
    keep(&context, &call.id, None).await?;
    calls::find(&context, &id).await.map(|call| Json(context.shown(&asker).call(call)))
}

fn checked(reason: &str) -> Result<String, Problem> {
    let wrong = || Problem::member("reason", format!("say why, in 1 to {REASON_MAX} letters without control characters"));
    params::words(reason, REASON_MAX).filter(|reason| !reason.is_empty()).ok_or_else(wrong)
}

async fn recorded(context: &Context, id: &str) -> Result<Call, Problem> {
    let call = calls::find(context, id).await?;
    match &call.recording {
        None => Err(Problem::not_found(format!("the call {id} was not recorded"))),
        Some(recording) if recording.state == "removed" => Err(super::recording::removed(recording)),
        Some(_) => Ok(call),
    }
}

/// Answered once it is in the database: a hold that was promised stands.
async fn keep(context: &Context, call: &str, hold: Option<LegalHold>) -> Result<(), Problem> {
    let row = Row::Hold { call: call.to_owned(), hold };
    let refused = || Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the hold cannot be written now; ask again");
    context.api.store.try_push(row).map_err(|_| refused())?;
    let written = tokio::time::timeout(super::HOLD_PATIENCE, context.api.store.flush()).await;
    written.map_err(|_| refused())?.map_err(|_| refused())
}
