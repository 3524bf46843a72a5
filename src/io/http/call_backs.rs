//! Who is to be called back: those who wished it, whom it was promised, and who abandoned a long wait. Agents call those on the list.

use super::Context;
use super::auth::Asker;
use super::params::Params;
use super::problem::Problem;
use crate::base::{AgentId, CallId};
use crate::io::shapes::Time;
use crate::switch::input::Command;
use crate::switch::output::Reply;
use crate::switch::view::{CallBackState, CallBackView};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Somebody who is to be called back.
#[derive(Debug, Serialize, ToSchema)]
pub struct CallBack {
    /// ULID of the call in which it came to that.
    pub id: String,
    pub queue: String,
    pub number: String,
    /// asked, promised (by a script of service), abandoned.
    pub why: &'static str,
    /// listed (an agent may take it), waiting (in line), calling, resting (not reached, and called again).
    pub state: &'static str,
    /// His place in line is of that moment.
    pub arrived_at: Time,
    pub asked_at: Time,
    /// Calls to him that came to nothing.
    pub tries: u32,
    /// When he is called again.
    pub next_at: Option<Time>,
    /// The call that is being made.
    pub call: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CallBackList {
    pub items: Vec<CallBack>,
    /// Always null: all come at once.
    pub next: Option<String>,
}

/// Who calls somebody back.
#[derive(Debug, Deserialize, ToSchema)]
pub struct TakeRequest {
    /// An agent's id.
    pub agent: String,
}

impl From<&CallBackView> for CallBack {
    fn from(view: &CallBackView) -> Self {
        let one = &view.call_back;
        let call = match one.state {
            CallBackState::Calling { call } => Some(call.to_string()),
            _ => None,
        };
        Self {
            id: view.id.to_string(),
            queue: one.queue.to_string(),
            number: one.number.clone(),
            why: one.why.name(),
            state: one.state.name(),
            arrived_at: view.arrived_at.into(),
            asked_at: one.asked_at.into(),
            tries: one.tries,
            next_at: view.next_at.map(Time::from),
            call,
        }
    }
}

/// Who is to be called back, oldest wish first. Who was reached, or given up, is no more among them: see the events `call_back.closed`, and
/// `call_back` on the records of the calls that were made.
#[utoipa::path(get, path = "/api/v1/call-backs", tag = "call-backs",
    params(
        ("queue" = Option<String>, Query, description = "of one queue"),
        ("state" = Option<String>, Query, description = "listed, waiting, calling, resting")),
    responses((status = 200, body = CallBackList)))]
pub async fn list(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    mut params: Params,
) -> Result<Json<CallBackList>, Problem> {
    let (queue, state) = (params.text("queue"), params.word("state", &["listed", "waiting", "calling", "resting"])?);
    params.end()?;
    let is_asked_for =
        |one: &CallBack| queue.as_ref().is_none_or(|queue| one.queue == *queue) && state.as_ref().is_none_or(|state| one.state == *state);
    let shown = context.shown(&asker);
    let items = all(&context).await?.into_iter().filter(is_asked_for).map(|one| shown.call_back(one)).collect();
    Ok(Json(CallBackList { items, next: None }))
}

/// Has an agent call back somebody now: his phone rings and, when he has answered, the customer's.
#[utoipa::path(post, path = "/api/v1/call-backs/{id}/call", tag = "call-backs",
    params(("id" = String, Path, description = "ULID of the call in which it came to that")), request_body = TakeRequest,
    responses(
        (status = 200, body = CallBack, description = "his phone is called"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "nobody is to be called back for that call, or no such agent"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "not now, and why")))]
pub async fn call(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: Result<Json<TakeRequest>, JsonRejection>,
) -> Result<Json<CallBack>, Problem> {
    let Json(TakeRequest { agent }) = body?;
    let call: CallId = id.parse().map_err(|_| unknown(&id))?;
    order(&context, &id, &agent, Command::TakeCallBack { id: call, agent: AgentId::new(&agent) }).await?;
    context.audit(&asker, "call_back.taken", Some(&id), format!("agent {agent}"))?;
    let one = all(&context).await?.into_iter().find(|one| one.id == id).ok_or_else(|| unknown(&id))?;
    Ok(Json(context.shown(&asker).call_back(one)))
}

/// Somebody need not be called back any more.
#[utoipa::path(delete, path = "/api/v1/call-backs/{id}", tag = "call-backs",
    params(("id" = String, Path, description = "ULID of the call in which it came to that")),
    responses(
        (status = 204),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "he is being called")))]
pub async fn drop(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let call: CallId = id.parse().map_err(|_| unknown(&id))?;
    order(&context, &id, "", Command::DropCallBack { id: call }).await?;
    context.audit(&asker, "call_back.dropped", Some(&id), String::new())?;
    Ok(StatusCode::NO_CONTENT)
}

fn unknown(id: &str) -> Problem {
    Problem::not_found(format!("nobody is to be called back for the call {id}"))
}

async fn order(context: &Context, id: &str, agent: &str, command: Command) -> Result<(), Problem> {
    match context.api.desk.ask(command).await? {
        Reply::UnknownCall => Err(unknown(id)),
        Reply::UnknownAgent => Err(Problem::not_found(format!("there is no agent {agent}"))),
        Reply::Refused(why) => Err(Problem::new(StatusCode::CONFLICT, why)),
        _ => Ok(()),
    }
}

async fn all(context: &Context) -> Result<Vec<CallBack>, Problem> {
    match context.api.desk.ask(Command::CallBacks).await? {
        Reply::CallBacks(all) => Ok(all.iter().map(CallBack::from).collect()),
        other => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the switch answered {other:?}"))),
    }
}
