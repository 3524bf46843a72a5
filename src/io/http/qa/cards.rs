//! Scorecards, and the form of a call that is filled in as far as the switch can.

use super::super::Context;
use super::super::auth::Asker;
use super::super::params::Params;
use super::super::problem::Problem;
use super::shapes::{Form, Found, Scorecard, ScorecardList};
use crate::qa::{prefill, scored_agents};
use crate::switch::basis;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use std::sync::Arc;

/// By what calls are scored.
#[utoipa::path(get, path = "/api/v1/qa/scorecards", tag = "quality", responses((status = 200, body = ScorecardList)))]
pub async fn scorecards(State(context): State<Arc<Context>>, params: Params) -> Result<Json<ScorecardList>, Problem> {
    params.end()?;
    let config = context.api.config.get();
    let is_in_force =
        |card: &crate::base::scorecard::Scorecard| config.scorecard(&card.id, None).map(|best| best.version) == Some(card.version);
    let items = config.scorecards.iter().map(|card| Scorecard::of(card, is_in_force(card))).collect();
    Ok(Json(ScorecardList { items, next: None }))
}

/// What the switch itself knows of a call's answers, with the reason and the moment of each.
#[utoipa::path(get, path = "/api/v1/calls/{id}/form", tag = "quality",
    params(("id" = String, Path, description = "ULID"),
        ("scorecard" = Option<String>, Query, description = "the only one when absent"),
        ("agent" = Option<String>, Query, description = "who is scored: the last who spoke with the customer when absent")),
    responses((status = 200, body = Form), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "it is not over, or no agent spoke with a customer"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn form(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Json<Form>, Problem> {
    let (scorecard, agent) = (params.text("scorecard"), params.text("agent"));
    params.end()?;
    let (call, record) = super::spoken(&context, &asker, &id).await?;
    let config = context.api.config.get();
    let card = super::wanted_card(&config, scorecard.as_deref())?;
    let agent = super::scored_agent(&record, agent.as_deref())?;
    let found = prefill(card, &record, &agent, &basis(&config).terms);
    Ok(Json(Form {
        call_id: call.id.clone(),
        agent: agent.to_string(),
        agents: scored_agents(&record).iter().map(ToString::to_string).collect(),
        scorecard: card.id.clone(),
        version: card.version,
        found: found.iter().map(|one| (one.item.clone(), Found::of(one, &call))).collect(),
    }))
}
