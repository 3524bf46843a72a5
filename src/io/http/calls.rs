//! Calls: the list, one record, its timeline. A running call is shown as the switch has it now, before the store does.

use super::access::Right;
use super::auth::Asker;
use super::dto::{CallList, DecisionList, EventList};
use super::params::Params;
use super::problem::Problem;
use super::{Context, search};
use crate::base::CallId;
use crate::io::shapes::{Call, EventShape};
use crate::io::store::CallFilter;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use std::sync::Arc;

/// Calls, newest first. Running ones are among them, shown as the switch has them now. An agent sees his own.
#[utoipa::path(get, path = "/api/v1/calls", tag = "calls",
    params(
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 500, description = "rows of the page, 50 when absent"),
        ("cursor" = Option<String>, Query, description = "next of the page before"),
        ("agent" = Option<String>, Query, description = "who had a part in it"),
        ("queue" = Option<String>, Query),
        ("caller" = Option<String>, Query, description = "the whole number, its beginning (138*) or its end (*5678); who sees numbers masked: at most the last four digits (*5678)"),
        ("called" = Option<String>, Query, description = "as caller"),
        ("number" = Option<String>, Query, description = "the caller's or the one that he called, as caller"),
        ("direction" = Option<String>, Query, description = "inbound, outbound, internal"),
        ("outcome" = Option<String>, Query, description = "answered, abandoned, silent, scripted, refused, no-answer, busy, unreachable, played, message, call-back, failed"),
        ("first" = Option<String>, Query, description = "whose part ended first: caller, agent, callee, switch"),
        ("longer" = Option<String>, Query, description = "talk of this or more: 5m"),
        ("shorter" = Option<String>, Query, description = "talk of less than this: 20s"),
        ("waited" = Option<String>, Query, description = "this or more until the first connection, or to the end without one: 60s"),
        ("broken" = Option<String>, Query, description = "a rule of service that it broke: three-rings, patience, promise, hold-without-reason, greeting-late, greeting-missing, hung-up-first, abandoned, silent-release, open-microphone"),
        ("score_below" = Option<f64>, Query, description = "scored below, 0 to 100"),
        ("score_above" = Option<f64>, Query, description = "scored at or above"),
        ("mos_below" = Option<f64>, Query, description = "MOS of the worst leg in its worst minute below, 1 to 4.5"),
        ("words" = Option<String>, Query, description = "in notes on it; all of them"),
        ("recording" = Option<String>, Query, description = "open, complete, recovered, missing, removed, or any"),
        ("running" = Option<String>, Query, description = "true: only calls in progress; what only an end tells does not filter these"),
        ("since" = Option<String>, Query, format = DateTime, description = "arrived at or after"),
        ("until" = Option<String>, Query, format = DateTime, description = "arrived before"),
        ("format" = Option<String>, Query, description = "json, or csv: all that is found as a table, at most 100,000 rows; needs the right export")),
    responses((status = 200, body = CallList), (status = 400, body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    mut params: Params,
) -> Result<Response, Problem> {
    let limit = params.limit()?;
    let wants_table = params.word("format", &["json", "csv"])?.is_some_and(|format| format == "csv");
    let running = params.word("running", &["true"])?.is_some();
    let asked = params.to_string();
    let shown = context.shown(&asker);
    let filter = search::filter(&mut params, &asker, &shown)?;
    params.end()?;
    let Some(filter) = filter else { return Ok(Json(CallList { items: Vec::new(), next: None }).into_response()) };
    if wants_table {
        asker.require(Right::Export)?;
        context.audit(&asker, "calls.exported", None, asked)?;
        context.catch_up().await;
        return Ok(search::table(context, filter, shown));
    }
    let mut items = if running { in_progress(&context, &filter).await? } else { as_kept(&context, &filter, limit + 1).await? };
    let next = cut(&mut items, limit, |call| call.id.clone());
    // A call's minutes are its own page's.
    items.iter_mut().flat_map(|call| &mut call.quality).for_each(|leg| leg.minutes.clear());
    Ok(Json(CallList { items: items.into_iter().map(|call| shown.call(call)).collect(), next }).into_response())
}

/// The switch's calls, and those of others that are recorded here, newest first.
async fn in_progress(context: &Context, filter: &CallFilter) -> Result<Vec<Call>, Problem> {
    let snapshot = context.api.desk.snapshot().await?;
    let all = snapshot.calls.iter().chain(&snapshot.externals);
    let mut calls: Vec<_> = all.map(Call::from).filter(|call| search::is_running_match(filter, call)).collect();
    calls.sort_by(|a, b| b.id.cmp(&a.id));
    Ok(calls)
}

/// The store's calls; those that run are brought up to date, as far as the switch answers.
async fn as_kept(context: &Context, filter: &CallFilter, limit: usize) -> Result<Vec<Call>, Problem> {
    context.settle().await;
    let mut calls = context.api.store.calls(filter, limit).await?;
    if calls.iter().any(|call| call.released_at.is_none())
        && let Ok(snapshot) = context.api.desk.snapshot().await
    {
        for call in calls.iter_mut().filter(|call| call.released_at.is_none()) {
            if let Some(view) = snapshot.calls.iter().find(|view| view.record.id.to_string() == call.id) {
                let number = call.recording.as_ref().and_then(|recording| recording.replay_number);
                *call = Call::from(view);
                if let Some(recording) = &mut call.recording {
                    recording.replay_number = number;
                }
            }
        }
    }
    Ok(calls)
}

/// One row more than asked for was read: it tells whether there is another page, which begins after the last row shown.
pub fn cut<T>(items: &mut Vec<T>, limit: usize, key: impl Fn(&T) -> String) -> Option<String> {
    let more = items.len() > limit;
    items.truncate(limit);
    items.last().filter(|_| more).map(key)
}

/// A call's record, as far as it has come.
#[utoipa::path(get, path = "/api/v1/calls/{id}", tag = "calls", params(("id" = String, Path, description = "ULID")),
    responses((status = 200, body = Call), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn one(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Call>, Problem> {
    params.end()?;
    let call = view(&context, &asker, &id).await?;
    Ok(Json(context.shown(&asker).call(call)))
}

/// A call, for who may see it; to who may not there is none.
pub async fn visible(context: &Context, asker: &Asker, id: &str) -> Result<Call, Problem> {
    let call = find(context, id).await?;
    if asker.may_see(&call) { Ok(call) } else { Err(Problem::not_found(format!("no call has the id {}", call.id))) }
}

/// The same, noted as looked at.
pub async fn view(context: &Context, asker: &Asker, id: &str) -> Result<Call, Problem> {
    let call = visible(context, asker, id).await?;
    context.audit_view(asker, "call.viewed", &call.id, String::new())?;
    Ok(call)
}

/// The running call of the snapshot, else the store's. A switch that does not answer hides no stored call.
pub async fn find(context: &Context, id: &str) -> Result<Call, Problem> {
    let id: CallId = id.parse().map_err(|error| Problem::not_found(format!("no call has the id {id:?}: {error}")))?;
    if let Ok(snapshot) = context.api.desk.snapshot().await
        && let Some(view) = snapshot.calls.iter().find(|view| view.record.id == id)
    {
        let mut call = Call::from(view);
        if let Some(recording) = &mut call.recording {
            recording.hold = context.api.store.legal_hold(&call.id).await?;
            recording.replay_number = context.api.store.replay_number(&call.id).await?;
        }
        return Ok(call);
    }
    context.settle().await;
    let call = context.api.store.call(&id.to_string()).await?;
    call.ok_or_else(|| Problem::not_found(format!("no call has the id {id}")))
}

/// What happened in a call, in order.
#[utoipa::path(get, path = "/api/v1/calls/{id}/events", tag = "calls",
    params(
        ("id" = String, Path, description = "ULID"),
        ("limit" = Option<usize>, Query, minimum = 1, maximum = 500, description = "rows of the page, 50 when absent"),
        ("cursor" = Option<u64>, Query, description = "next of the page before")),
    responses((status = 200, body = EventList), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn timeline(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Json<EventList>, Problem> {
    let limit = params.limit()?;
    let after = params.text("cursor").map_or(Ok(0), |text| {
        text.parse().map_err(|_| Problem::parameter("cursor", format!("cursor is what next of the page before said, not {text:?}")))
    })?;
    params.end()?;
    let call = view(&context, &asker, &id).await?;
    context.settle().await;
    let mut items: Vec<EventShape> = context.api.store.events_of_call(&call.id, after, limit + 1).await?;
    let next = cut(&mut items, limit, |event| event.seq.to_string());
    let shown = context.shown(&asker);
    let items = items.into_iter().map(|event| shown.event(event)).collect();
    Ok(Json(EventList { items, next }))
}

/// Why the call was given to whom: each look of the matcher at it, newest first.
#[utoipa::path(get, path = "/api/v1/calls/{id}/decisions", tag = "calls", params(("id" = String, Path, description = "ULID")),
    responses((status = 200, body = DecisionList), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn decisions(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<DecisionList>, Problem> {
    params.end()?;
    let call = view(&context, &asker, &id).await?;
    context.settle().await;
    let items = context.api.store.decisions_of_call(&call.id).await?;
    Ok(Json(DecisionList { items, next: None }))
}
