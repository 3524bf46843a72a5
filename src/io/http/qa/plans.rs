//! What the configuration says of the work: by which plans calls are drawn, and who scores.

use super::super::access::{Right, rights};
use super::super::params::Params;
use super::super::problem::Problem;
use super::super::{Context, wall_time};
use super::shapes::{Plan, PlanList, PlanShare, Scorer, ScorerList, Task};
use crate::base::Duration;
use crate::base::limits::TASKS_MAX;
use crate::base::scorecard::Sampling;
use crate::io::shapes::Time;
use crate::io::store::{WorkFilter, WorkKind};
use crate::qa::Period;
use crate::switch::basis;
use axum::Json;
use axum::extract::State;
use std::collections::BTreeMap;
use std::sync::Arc;

/// By which plans calls are drawn for scoring, and how far each has come.
#[utoipa::path(get, path = "/api/v1/qa/plans", tag = "quality", responses((status = 200, body = PlanList)))]
pub async fn plans(State(context): State<Arc<Context>>, params: Params) -> Result<Json<PlanList>, Problem> {
    params.end()?;
    let (config, now) = (context.api.config.get(), wall_time());
    let zone = basis(&config).zone;
    context.settle().await;
    let mut items = Vec::new();
    for plan in &config.samplings {
        let period = Period::of(plan.every, now, &zone);
        let drawn = WorkFilter { since: Some(Time::from(period.since)), ..WorkFilter::default() };
        let mut agents: BTreeMap<String, PlanShare> = BTreeMap::new();
        for work in context.api.store.works(WorkKind::Task, &drawn, TASKS_MAX).await? {
            let task = Task::try_from(work)?;
            if task.body.plan.as_ref() != Some(&plan.id) || task.body.period.as_ref() != Some(&period.name) {
                continue;
            }
            let empty = || PlanShare { agent: task.agent.clone(), drawn: 0, done: 0 };
            let share = agents.entry(task.agent.clone()).or_insert_with(empty);
            share.drawn += 1;
            share.done += u32::from(task.body.state == "done");
        }
        items.push(Plan::of(plan, period, agents.into_values().collect()));
    }
    Ok(Json(PlanList { items, next: None }))
}

/// Who scores.
#[utoipa::path(get, path = "/api/v1/qa/scorers", tag = "quality", responses((status = 200, body = ScorerList)))]
pub async fn scorers(State(context): State<Arc<Context>>, params: Params) -> Result<Json<ScorerList>, Problem> {
    params.end()?;
    let config = context.api.config.get();
    let scores = config.users.values().filter(|user| rights(user.role).contains(&Right::Score));
    let items = scores.map(|user| Scorer { user: user.id.to_string(), name: user.name.clone(), role: user.role.name().to_owned() });
    Ok(Json(ScorerList { items: items.collect(), next: None }))
}

impl Plan {
    fn of(plan: &Sampling, period: Period, agents: Vec<PlanShare>) -> Self {
        let ms = |length: Option<Duration>| length.map(|length| u64::try_from(length.as_millis()).unwrap_or(u64::MAX));
        Self {
            id: plan.id.clone(),
            scorecard: plan.scorecard.clone(),
            per_agent: plan.per_agent,
            every: plan.every.name().to_owned(),
            period: period.name,
            since: Time::from(period.since),
            until: Time::from(period.until),
            queue: plan.of.queue.clone(),
            team: plan.of.team.clone(),
            longer_ms: ms(plan.of.longer),
            shorter_ms: ms(plan.of.shorter),
            broken: plan.of.broken.map(|rule| rule.name().to_owned()),
            to: plan.to.clone(),
            agents,
        }
    }
}
