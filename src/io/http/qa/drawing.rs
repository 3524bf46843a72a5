//! Drawing by the clock: calls are drawn for scoring as they end and as more of them fall due, whether or not anybody looks. What was drawn
//! is kept, and stays drawn; which lots are drawn is `qa`'s to say.

use super::super::{Context, wall_time};
use super::news::News;
use super::shapes::{Task, TaskBody};
use super::work::task_of;
use crate::base::limits::{SAMPLED_CALLS_MAX, TASKS_MAX};
use crate::base::scorecard::Sampling;
use crate::base::{AgentId, CallId, Timestamp};
use crate::config::Config;
use crate::io::facts;
use crate::io::shapes::{Call, Time};
use crate::io::store::{CallFilter, Row, StoreError, Work, WorkFilter, WorkKind};
use crate::qa::{Candidate, Period, draw, is_wanted};
use crate::report::Basis;
use crate::switch::basis;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Calls that end together are looked at together.
const SETTLED_AFTER: Duration = Duration::from_secs(2);
/// Looks through the calls of a busy house are so far apart.
const APART: Duration = Duration::from_secs(60);
/// And at least so many times as long as one took: drawing never takes more than two of a hundred parts of a core.
const APART_TIMES: u32 = 50;
/// While nothing happens more falls due all the same.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(900);
/// Who draws, in the audit log.
const WHO: &str = "sampling";
/// Whoever is to score a call has at least a day for it.
const DUE_AFTER_MS: i64 = 86_400_000;
/// Calls that are read at a time.
const PAGE: usize = 500;

/// Draws until the server ends.
pub async fn draw_by_the_clock(context: Arc<Context>, mut closing: watch::Receiver<bool>) {
    let mut news = context.api.hub.watch();
    // Times of a plan that are over and were looked through after their end.
    let mut over = BTreeSet::new();
    let work = async {
        loop {
            news.borrow_and_update();
            let begun = Instant::now();
            match context.draw_due(&mut over).await {
                // Nothing to draw of: the first call that ends is drawn at once.
                Ok(0) => {}
                Ok(_) => tokio::time::sleep(APART.max(begun.elapsed() * APART_TIMES)).await,
                Err(error) => {
                    tracing::warn!(%error, "calls cannot be drawn for scoring now; it is tried again");
                    tokio::time::sleep(APART).await;
                }
            }
            tokio::select! {
                changed = news.changed() => match changed {
                    Ok(()) => tokio::time::sleep(SETTLED_AFTER).await,
                    Err(_) => return,
                },
                () = tokio::time::sleep(LOOKED_AT_EVERY) => {}
            }
        }
    };
    tokio::select! {
        () = work => {}
        _ = closing.wait_for(|closing| *closing) => {}
    }
}

impl Context {
    /// Draws what is due by now by each plan: of this time the share so far, of the time before what is lacking. Gives how many calls were
    /// looked at.
    async fn draw_due(&self, over: &mut BTreeSet<(String, String)>) -> Result<usize, StoreError> {
        let (config, now) = (self.api.config.get(), wall_time());
        let basis = basis(&config);
        // What was drawn must be seen, lest it be drawn again.
        self.catch_up().await;
        if !self.api.store.troubles().is_empty() {
            return Ok(0);
        }
        let (mut looked_at, mut still_over) = (0, BTreeSet::new());
        for plan in &config.samplings {
            let this = Period::of(plan.every, now, &basis.zone);
            let before = this.before(plan.every, &basis.zone);
            let due = this.due(plan.per_agent, now);
            let key = (plan.id.clone(), before.name.clone());
            if !over.contains(&key) {
                looked_at += self.draw_of(plan, &before, plan.per_agent, now, &config, &basis).await?;
            }
            still_over.insert(key);
            looked_at += self.draw_of(plan, &this, due, now, &config, &basis).await?;
        }
        *over = still_over;
        Ok(looked_at)
    }

    async fn draw_of(
        &self,
        plan: &Sampling,
        period: &Period,
        share: u32,
        now: Timestamp,
        config: &Config,
        basis: &Basis,
    ) -> Result<usize, StoreError> {
        let store = &self.api.store;
        let (before, taken) = self.drawn_before(plan, period).await?;
        if is_full(plan, share, &before, config) {
            return Ok(0);
        }
        let Candidates { looked_at, candidates, calls } = self.candidates(plan, period, config, basis).await?;
        let drawn = draw(plan, period, share, &before, &taken, &candidates);
        if drawn.is_empty() {
            return Ok(looked_at);
        }
        let detail = format!("{} by the plan {} of {}", drawn.len(), plan.id, period.name);
        // What cannot be noted is not done, and tried again.
        if self.audit_as(WHO, "", "calls.drawn", None, detail).is_err() {
            return Ok(looked_at);
        }
        let due_at = Time::from(period.until.max(Timestamp(now.0 + DUE_AFTER_MS)));
        for task in &drawn {
            let Some(call) = calls.get(&task.call) else { continue };
            let body =
                TaskBody { plan: Some(plan.id.clone()), period: Some(period.name.clone()), ..task_of(call, &plan.scorecard, due_at) };
            let work = super::document(WorkKind::Task, self.new_id(), &task.to, &body);
            let work = Work { call: Some(call.id.clone()), subject: Some(task.agent.to_string()), ..work };
            if store.try_push(Row::Work(Box::new(work))).is_err() {
                break;
            }
        }
        self.settle().await;
        self.tell(News::Drawn, None, &[("plan", &plan.id), ("period", &period.name)], WHO);
        Ok(looked_at)
    }

    /// What was drawn by the plan in this time, and what others have drawn or scored.
    async fn drawn_before(&self, plan: &Sampling, period: &Period) -> Result<(Vec<crate::qa::Task>, BTreeSet<Candidate>), StoreError> {
        let store = &self.api.store;
        let since = WorkFilter { since: Some(Time::from(period.since)), ..WorkFilter::default() };
        let (mut before, mut taken) = (Vec::new(), BTreeSet::new());
        for work in store.works(WorkKind::Task, &since, TASKS_MAX).await? {
            let Ok(task) = Task::try_from(work) else { continue };
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
        Ok((before, taken))
    }

    /// The calls of the time that the plan is about: the latest [`SAMPLED_CALLS_MAX`].
    async fn candidates(&self, plan: &Sampling, period: &Period, config: &Config, basis: &Basis) -> Result<Candidates, StoreError> {
        let of_team = |agent: &AgentId| is_of_team(plan, agent, config);
        let mut all = Candidates::default();
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
            all.looked_at += page.len();
            for call in page {
                let Some(record) = facts::record(&call) else { continue };
                let found = is_wanted(&plan.of, &record, of_team, &basis.terms);
                if !found.is_empty() {
                    all.candidates.extend(found);
                    all.calls.insert(record.id, call);
                }
            }
            if is_last {
                break;
            }
        }
        Ok(all)
    }
}

#[derive(Default)]
struct Candidates {
    /// Calls of the time, whether or not the plan is about them.
    looked_at: usize,
    candidates: Vec<Candidate>,
    calls: BTreeMap<CallId, Call>,
}

fn is_of_team(plan: &Sampling, agent: &AgentId, config: &Config) -> bool {
    let team = config.agents.get(agent).and_then(|agent| agent.team.as_ref());
    plan.of.team.is_none() || team == plan.of.team.as_ref()
}

/// Whether every agent's share is drawn already: then the calls need not be looked through.
fn is_full(plan: &Sampling, share: u32, before: &[crate::qa::Task], config: &Config) -> bool {
    let mut drawn: BTreeMap<&AgentId, u32> = BTreeMap::new();
    before.iter().for_each(|task| *drawn.entry(&task.agent).or_default() += 1);
    let mut of_plan = config.agents.keys().filter(|agent| is_of_team(plan, agent, config));
    of_plan.all(|agent| drawn.get(agent).copied().unwrap_or(0) >= share)
}
