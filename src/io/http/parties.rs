//! Who comes into a call and who goes: transfer, consultation, conference, supervision, ordered by a desk or a supervisor's wall.

use super::auth::Asker;
use super::dto::PartyRequest;
use super::problem::Problem;
use super::script::{order, running};
use super::{Context, calls};
use crate::base::AgentId;
use crate::io::shapes::Call;
use crate::switch::input::{Command, PartyOrder, SupervisionMode};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use std::sync::Arc;

/// Orders somebody into a call in which two speak, or out of it. What comes of it is told by events, and stands on the call's record.
#[utoipa::path(post, path = "/api/v1/calls/{id}/parties", tag = "calls", params(("id" = String, Path, description = "ULID")),
    request_body = PartyRequest,
    responses(
        (status = 200, body = Call, description = "ordered; the call's record as it stands"),
        (status = 400, body = Problem, content_type = "application/problem+json", description = "no such order, or it lacks whom it is about"),
        (status = 404, body = Problem, content_type = "application/problem+json", description = "no such call, or it is over"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "not now, and why")))]
pub async fn command(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: Result<Json<PartyRequest>, JsonRejection>,
) -> Result<Json<Call>, Problem> {
    let Json(request) = body?;
    let call = running(&id)?;
    let detail = request.to.iter().chain(&request.supervisor).fold(request.order.clone(), |detail, who| format!("{detail} {who}"));
    order(&context, &id, Command::Parties { call, order: read(request)? }).await?;
    context.audit(&asker, "parties.ordered", Some(&id), detail)?;
    calls::find(&context, &id).await.map(|call| Json(context.shown(&asker).call(call)))
}

fn read(request: PartyRequest) -> Result<PartyOrder, Problem> {
    let PartyRequest { order, to, supervisor, reason, seconds } = request;
    let lacks = |what: &str| Problem::new(StatusCode::BAD_REQUEST, format!("{order} needs `{what}`"));
    let to = || to.clone().filter(|to| !to.is_empty()).ok_or_else(|| lacks("to"));
    let supervisor = || supervisor.as_deref().map(AgentId::new).ok_or_else(|| lacks("supervisor"));
    let supervise = |mode| supervisor().map(|supervisor| PartyOrder::Supervise { supervisor, mode });
    match order.as_str() {
        "transfer" => to().map(|to| PartyOrder::Transfer { to }),
        "consult" => to().map(|to| PartyOrder::Consult { to }),
        "add" => to().map(|to| PartyOrder::Add { to }),
        "hold" => Ok(PartyOrder::Hold { reason, promise: seconds.map(std::time::Duration::from_secs) }),
        "escalate" => Ok(PartyOrder::Escalate),
        "complete" => Ok(PartyOrder::Complete),
        "confer" => Ok(PartyOrder::Confer),
        "back" => Ok(PartyOrder::Back),
        "listen" => supervise(SupervisionMode::Listen),
        "whisper" => supervise(SupervisionMode::Whisper),
        "barge-in" => supervise(SupervisionMode::BargeIn),
        "take-over" => supervise(SupervisionMode::TakeOver),
        "leave" => supervisor().map(|supervisor| PartyOrder::EndSupervision { supervisor }),
        _ => {
            const KNOWN: &str =
                "transfer, consult, hold, escalate, complete, confer, back, add, listen, whisper, barge-in, take-over, leave";
            Err(Problem::new(StatusCode::BAD_REQUEST, format!("no order {order}; there are {KNOWN}")))
        }
    }
}
