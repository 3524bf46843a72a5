//! The copy of one call to a recording server, ordered and ended by who supervises.

use super::auth::Asker;
use super::dto::CopyRequest;
use super::params::Params;
use super::problem::Problem;
use super::script::{order, running};
use super::{Context, calls};
use crate::io::shapes::Call;
use crate::switch::input::Command;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use std::sync::Arc;

/// From now on a copy of the call goes to a recording server: to the one that is named, or to the first that takes it of those with
/// `calls = ["on-demand"]`. Whether one takes it is told by `copy.started`, `copy.refused` and `copy.failed`.
#[utoipa::path(post, path = "/api/v1/calls/{id}/copies", tag = "calls", params(("id" = String, Path, description = "ULID")),
    request_body = CopyRequest,
    responses(
        (status = 200, body = Call, description = "the call's record"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "no such call, or it is over"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "not now, or no such server, and why")))]
pub async fn begin(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: Result<Json<CopyRequest>, JsonRejection>,
) -> Result<Json<Call>, Problem> {
    let Json(CopyRequest { server }) = body?;
    let call = running(&id)?;
    order(&context, &id, Command::BeginCopy { call, server: server.clone() }).await?;
    context.audit(&asker, "copy.ordered", Some(&id), server.unwrap_or_default())?;
    calls::find(&context, &id).await.map(|call| Json(context.shown(&asker).call(call)))
}

/// The call's copy ends, whoever ordered it, and no other begins by itself.
#[utoipa::path(delete, path = "/api/v1/calls/{id}/copies", tag = "calls", params(("id" = String, Path, description = "ULID")),
    responses(
        (status = 200, body = Call, description = "the call's record"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "no such call, or it is over"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "no server has a copy of it")))]
pub async fn end(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Call>, Problem> {
    params.end()?;
    let call = running(&id)?;
    order(&context, &id, Command::EndCopy { call, by: asker.who.clone() }).await?;
    context.audit(&asker, "copy.ended", Some(&id), String::new())?;
    calls::find(&context, &id).await.map(|call| Json(context.shown(&asker).call(call)))
}
