//! Agents and queues, as the switch has them now.

use super::auth::Asker;
use super::dto::{Agent, AgentList, AgentStateRequest, Queue, QueueList};
use super::params::Params;
use super::problem::Problem;
use super::{Context, params};
use crate::base::AgentId;
use crate::switch::input::{Command, RequestedState};
use crate::switch::output::Reply;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use std::sync::Arc;

/// Letters of a reason that are kept.
const REASON_MAX: usize = 64;

/// All agents with their states; an agent sees himself.
#[utoipa::path(get, path = "/api/v1/agents", tag = "agents", responses((status = 200, body = AgentList)))]
pub async fn list(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    params: Params,
) -> Result<Json<AgentList>, Problem> {
    params.end()?;
    let snapshot = context.api.desk.snapshot().await?;
    let seen = snapshot.agents.iter().filter(|view| asker.may_see_of(view.id.as_str()));
    Ok(Json(AgentList { items: seen.map(Agent::from).collect(), next: None }))
}

/// Makes an agent ready, not ready, or logs him out.
#[utoipa::path(post, path = "/api/v1/agents/{id}/state", tag = "agents", params(("id" = String, Path)), request_body = AgentStateRequest,
    responses(
        (status = 200, body = Agent, description = "the agent as he is now"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "no such reason: the detail names the known"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "not now, and why"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "no such state")))]
pub async fn set_state(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: Result<Json<AgentStateRequest>, JsonRejection>,
) -> Result<Json<Agent>, Problem> {
    let Json(AgentStateRequest { state, reason }) = body?;
    let requested = match state.as_str() {
        "offline" => RequestedState::Offline,
        "ready" => RequestedState::Ready,
        "not-ready" => RequestedState::NotReady,
        other => return Err(Problem::member("state", format!("state is one of offline, ready, not-ready, not {other:?}"))),
    };
    let wrong = || Problem::member("reason", format!("reason has at most {REASON_MAX} letters and no control characters"));
    let reason = params::words(&reason.unwrap_or_default(), REASON_MAX).ok_or_else(wrong)?;
    let reason = (!reason.is_empty()).then_some(reason);
    let detail = reason.as_ref().map_or_else(|| state.clone(), |reason| format!("{state} ({reason})"));
    let agent = AgentId::new(&id);
    match context.api.desk.ask(Command::SetAgentState { agent, state: requested, reason }).await? {
        Reply::UnknownAgent => return Err(Problem::not_found(format!("there is no agent {id}"))),
        Reply::UnknownReason { known } => {
            return Err(Problem::parameter("reason", format!("reason is one of {}", known.join(", "))));
        }
        Reply::Refused(why) => return Err(Problem::new(StatusCode::CONFLICT, why)),
        Reply::Done
        | Reply::UnknownCall
        | Reply::Snapshot(_)
        | Reply::Messages(_)
        | Reply::CallBacks(_)
        | Reply::Reloaded { .. }
        | Reply::Unblocked { .. } => {}
    }
    context.audit(&asker, "agent.state_set", Some(&id), detail)?;
    let snapshot = context.api.desk.snapshot().await?;
    let view = snapshot.agents.iter().find(|view| view.id.as_str() == id);
    view.map(|view| Json(Agent::from(view))).ok_or_else(|| Problem::not_found(format!("the agent {id} was removed")))
}

/// All queues: who waits, since when, who could answer, and today's figures.
#[utoipa::path(get, path = "/api/v1/queues", tag = "queues", responses((status = 200, body = QueueList)))]
pub async fn queues(State(context): State<Arc<Context>>, params: Params) -> Result<Json<QueueList>, Problem> {
    params.end()?;
    let snapshot = context.api.desk.snapshot().await?;
    Ok(Json(QueueList { items: snapshot.queues.iter().map(Queue::from).collect(), next: None }))
}
