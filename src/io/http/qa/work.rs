//! Each person's queue of work: calls that the sampling plans have drawn, and calibrations that wait for him. Calls are drawn when somebody
//! looks, and are kept: what was drawn stays drawn.

use super::super::auth::Asker;
use super::super::params::Params;
use super::super::problem::Problem;
use super::super::{Context, wall_time};
use super::shapes::{Task, TaskBody, TaskList};
use crate::base::limits::{SAMPLED_CALLS_MAX, TASKS_MAX};
use crate::base::scorecard::Sampling;
use crate::base::{AgentId, CallId, Duration, Timestamp};
use crate::config::Config;
use crate::io::facts;
use crate::io::shapes::{Call, Time};
use crate::io::store::{CallFilter, Row, Work, WorkFilter, WorkKind};
use crate::qa::{Candidate, Period, draw, is_wanted};
use crate::report::Basis;
use crate::switch::basis;
use axum::extract::State;
use axum::{Extension, Json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A plan is looked after no oftener.
const DRAWN_EVERY: Duration = Duration::from_secs(300);
/// Calls that are read at a time.
const PAGE: usize = 500;

/// When each plan's time was last looked after; what is over and was drawn of is never looked after again. A lock, because people look side
/// by side, and two must not draw the same; held while lots are drawn.
#[derive(Debug, Default)]
pub struct Drawing(Mutex<BTreeMap<(String, String), Timestamp>>);

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
    context.draw_due(&asker).await?;
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

impl Context {
    /// Draws what is due by now by each plan: of this time the share so far, of the time before what is lacking.
    async fn draw_due(&self, asker: &Asker) -> Result<(), Problem> {
        let (config, now) = (self.api.config.get(), wall_time());
        let basis = basis(&config);
        let mut looked = self.drawing.0.lock().await;
        self.settle().await;
        for plan in &config.samplings {
            let this = Period::of(plan.every, now, &basis.zone);
            let before = this.before(plan.every, &basis.zone);
            let due = this.due(plan.per_agent, now);
            for (period, share) in [(before, plan.per_agent), (this, due)] {
                let key = (plan.id.clone(), period.name.clone());
                let is_over = period.until <= now;
                if looked.get(&key).is_some_and(|at| is_over && *at >= period.until || at.until(now) < DRAWN_EVERY) {
                    continue;
                }
                self.draw_of(asker, plan, &period, share, &config, &basis).await?;
                looked.insert(key, now);
            }
        }
        // Of older times nothing is drawn any more.
        while looked.len() > 2 * crate::base::limits::SCORECARDS_MAX {
            looked.pop_first();
        }
        Ok(())
    }

    async fn draw_of(
        &self,
        asker: &Asker,
        plan: &Sampling,
        period: &Period,
        share: u32,
        config: &Config,
        basis: &Basis,
    ) -> Result<(), Problem> {
        let store = &self.api.store;
        let since = WorkFilter { since: Some(Time::from(period.since)), ..WorkFilter::default() };
        let (mut before, mut taken) = (Vec::new(), BTreeSet::new());
        for work in store.works(WorkKind::Task, &since, TASKS_MAX).await? {
            let task = Task::try_from(work)?;
            let Ok(call) = task.call_id.parse::<CallId>() else { continue };
            let agent = AgentId::new(&task.agent);
            if task.body.plan.as_ref() == Some(&plan.id) && task.body.period.as_ref() == Some(&period.name) {
                before.push(crate::qa::Task { call, agent, to: task.who });
            } else if task.body.scorecard == plan.scorecard && task.body.calibration.is_none() {
                taken.insert(Candidate { call, agent });
            }
        }
        // Whom somebody has scored already without being told to.
        for work in store.works(WorkKind::Score, &since, TASKS_MAX).await? {
            if let (Some(Ok(call)), Some(agent)) = (work.call.map(|call| call.parse()), work.subject) {
                taken.insert(Candidate { call, agent: AgentId::new(&agent) });
            }
        }
        let (candidates, calls) = self.candidates(plan, period, config, basis).await?;
        let drawn = draw(plan, period, share, &before, &taken, &candidates);
        if drawn.is_empty() {
            return Ok(());
        }
        self.audit(asker, "calls.drawn", None, format!("{} by the plan {} of {}", drawn.len(), plan.id, period.name))?;
        for task in drawn {
            let Some(call) = calls.get(&task.call) else { continue };
            let body = TaskBody {
                plan: Some(plan.id.clone()),
                period: Some(period.name.clone()),
                ..task_of(call, &plan.scorecard, Time::from(period.until))
            };
            let work = super::document(WorkKind::Task, self.new_id(), &task.to, &body);
            let work = Work { call: Some(call.id.clone()), subject: Some(task.agent.to_string()), ..work };
            store.try_push(Row::Work(Box::new(work))).map_err(|_| Problem::overloaded("tasks cannot be kept now"))?;
        }
        self.settle().await;
        Ok(())
    }

    /// The calls of the time that the plan is about: the latest [`SAMPLED_CALLS_MAX`].
    async fn candidates(
        &self,
        plan: &Sampling,
        period: &Period,
        config: &Config,
        basis: &Basis,
    ) -> Result<(Vec<Candidate>, BTreeMap<CallId, Call>), Problem> {
        let of_team = |agent: &AgentId| {
            let team = config.agents.get(agent).and_then(|agent| agent.team.as_ref());
            plan.of.team.is_none() || team == plan.of.team.as_ref()
        };
        let (mut candidates, mut calls) = (Vec::new(), BTreeMap::new());
        let mut filter = CallFilter {
            queue: plan.of.queue.clone(),
            since: Some(Time::from(period.since)),
            until: Some(Time::from(period.until)),
            ..CallFilter::default()
        };
        for _ in 0..SAMPLED_CALLS_MAX / PAGE {
            let page = self.api.store.calls(&filter, PAGE).await?;
            let is_last = page.len() < PAGE;
            filter.before = page.last().map(|call| call.id.clone());
            for call in page {
                let Some(record) = facts::record(&call) else { continue };
                let found = is_wanted(&plan.of, &record, of_team, &basis.terms);
                if !found.is_empty() {
                    candidates.extend(found);
                    calls.insert(record.id, call);
                }
            }
            if is_last {
                break;
            }
        }
        Ok((candidates, calls))
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
