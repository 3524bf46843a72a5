//! Orders and questions of the administrator: reload, audit log.

use super::Context;
use super::auth::Asker;
use super::calls::cut;
use super::dto::{AuditList, Reloaded};
use super::params::Params;
use super::problem::Problem;
use axum::extract::State;
use axum::{Extension, Json};
use std::sync::Arc;

/// Reads the configuration anew. Calls, registrations and agents' states are kept; with any error nothing changes.
#[utoipa::path(post, path = "/api/v1/config/reload", tag = "administration",
    responses((status = 200, body = Reloaded), (status = 422, body = Problem, content_type = "application/problem+json",
        description = "each error at its place; nothing has changed")))]
pub async fn reload(State(context): State<Arc<Context>>, Extension(asker): Extension<Asker>) -> Result<Json<Reloaded>, Problem> {
    let result = (context.api.reload)().await;
    let detail = match &result {
        Ok(changes) => format!("{} changes", changes.len()),
        Err(errors) => format!("refused with {} errors", errors.len()),
    };
    // The reload has happened: that its note cannot be kept is told by the store's own alarm, and must not hide the result.
    let _ = context.audit(&asker, "config.reloaded", None, detail);
    result.map(|changes| Json(Reloaded { changes })).map_err(Problem::configuration)
}

/// Who signed in, saw which call, played or downloaded which recording, changed what; newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "administration",
    params(
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 500, description = "rows of the page, 50 when absent"),
        ("cursor" = Option<String>, Query, description = "next of the page before"),
        ("subject" = Option<String>, Query, description = "a call's or agent's id")),
    responses((status = 200, body = AuditList), (status = 400, body = Problem, content_type = "application/problem+json")))]
pub async fn audit(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    mut params: Params,
) -> Result<Json<AuditList>, Problem> {
    let (limit, before, subject) = (params.limit()?, params.cursor()?, params.text("subject"));
    params.end()?;
    context.settle().await;
    let mut items = context.api.store.audit(subject.as_deref(), before.as_deref(), limit + 1).await?;
    let next = cut(&mut items, limit, |entry| entry.id.clone());
    let shown = context.shown(&asker);
    let items = items.into_iter().map(|entry| shown.audit(entry)).collect();
    Ok(Json(AuditList { items, next }))
}
