//! Each person's queue of work: calls that the sampling plans have drawn, and calibrations that wait for him.

use super::super::Context;
use super::super::auth::Asker;
use super::super::params::Params;
use super::super::problem::Problem;
use super::shapes::{Task, TaskBody, TaskList};
use crate::base::limits::TASKS_MAX;
use crate::io::shapes::{Call, Time};
use crate::io::store::{Work, WorkFilter, WorkKind};
use axum::extract::State;
use axum::{Extension, Json};
use std::sync::Arc;

/// What he is to score: calls drawn for him, and calibrations.
#[utoipa::path(get, path = "/api/v1/qa/work", tag = "quality",
    params(("state" = Option<String>, Query, description = "open when absent, done, or all"),
        ("who" = Option<String>, Query, description = "another's, or everybody's with *; himself when absent"),
        ("agent" = Option<String>, Query, description = "only calls of this agent")),
    responses((status = 200, body = TaskList), (status = 400, body = Problem, content_type = "application/problem+json")))]
pub async fn tasks(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    mut params: Params,
) -> Result<Json<TaskList>, Problem> {
    let state = params.word("state", &["open", "done", "all"])?.unwrap_or_else(|| "open".to_owned());
    let (who, agent) = (params.text("who"), params.text("agent"));
    params.end()?;
    context.settle().await;
    let who = if who.as_deref() == Some("*") { None } else { Some(who.unwrap_or_else(|| asker.who.clone())) };
    let found = context.api.store.works(WorkKind::Task, &WorkFilter { who, subject: agent, ..WorkFilter::default() }, TASKS_MAX).await?;
    let mut items: Vec<Task> = found.into_iter().map(Task::try_from).collect::<Result<_, _>>()?;
    items.retain(|task| state == "all" || task.body.state == state);
    items.sort_by(|a, b| a.body.due_at.cmp(&b.body.due_at).then_with(|| a.id.cmp(&b.id)));
    items.truncate(super::AT_ONCE);
    Ok(Json(TaskList { items, next: None }))
}

impl TryFrom<Work> for Task {
    type Error = Problem;

    fn try_from(work: Work) -> Result<Self, Problem> {
        let body = super::body(&work)?;
        Ok(Self {
            id: work.id,
            call_id: work.call.unwrap_or_default(),
            agent: work.subject.unwrap_or_default(),
            who: work.who,
            at: work.at,
            body,
        })
    }
}

/// What is kept of a call that is to be scored.
pub(super) fn task_of(call: &Call, scorecard: &str, due_at: Time) -> TaskBody {
    let talk = call.connected_at.zip(call.released_at).map_or(0, |(from, to)| to.0.saturating_sub(from.0));
    TaskBody {
        plan: None,
        period: None,
        scorecard: scorecard.to_owned(),
        due_at,
        state: "open".to_owned(),
        score_id: None,
        calibration: None,
        arrived_at: call.arrived_at,
        talk_ms: talk,
        queue: call.queue.clone(),
    }
}
