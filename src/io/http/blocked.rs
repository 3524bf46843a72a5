//! Sources of SIP that are refused for wrong passwords: shown, and heard again when an operator says so.

use super::Context;
use super::auth::Asker;
use super::dto::{BlockedList, BlockedSource, Unblocked};
use super::params::Params;
use super::problem::Problem;
use crate::switch::input::Command;
use crate::switch::output::Reply;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use std::sync::Arc;

/// Who is refused now, and until when.
#[utoipa::path(get, path = "/api/v1/blocked", tag = "administration", responses((status = 200, body = BlockedList)))]
pub async fn list(State(context): State<Arc<Context>>, params: Params) -> Result<Json<BlockedList>, Problem> {
    params.end()?;
    let snapshot = context.api.desk.snapshot().await?;
    Ok(Json(BlockedList { items: snapshot.blocked.iter().map(BlockedSource::from).collect(), next: None }))
}

/// Hears a source again, or all of them.
#[utoipa::path(delete, path = "/api/v1/blocked", tag = "administration",
    params(("source" = Option<String>, Query, description = "as the list names it: 192.0.2.7, 192.0.2.7:5060, 1001@192.0.2.7; absent: all")),
    responses((status = 200, body = Unblocked), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn release(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    mut params: Params,
) -> Result<Json<Unblocked>, Problem> {
    let source = params.text("source");
    params.end()?;
    let sources = match context.api.desk.ask(Command::Unblock { source: source.clone() }).await? {
        Reply::Unblocked { sources } => sources,
        other => return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the switch answered {other:?}"))),
    };
    match source {
        Some(source) if sources == 0 => Err(Problem::not_found(format!("{source} is not blocked"))),
        source => {
            context.audit(&asker, "source.unblocked", source.as_deref(), format!("{sources} sources"))?;
            Ok(Json(Unblocked { sources }))
        }
    }
}
