//! Reports: the database's facts streamed into the pure room, and its answer as JSON or CSV.

use super::Context;
use super::access::Right;
use super::auth::Asker;
use super::csv;
use super::dto::{AgentTime, AgentTimeList, Figure, Formula, ReportAnswer, ReportLine, ReportTerms, SessionShape, Timeline, TimelineList};
use super::params::Params;
use super::problem::Problem;
use crate::base::limits::{REPORT_CALLS_MAX, REPORT_INTERVALS_MAX, REPORT_PLANNED_MAX, REPORT_ROWS_MAX, REPORT_TIME_MAX, REPORTS_AT_ONCE};
use crate::base::{AgentId, CalendarId, CallId, Duration, Planned, Timestamp};
use crate::call::record::CallRecord;
use crate::io::facts;
use crate::io::shapes::Time;
use crate::report::slices::midnight_before;
use crate::report::{AgentInterval, Kind, Question, Report, Slice, Slices, VARIANTS, measure, sessions};
use crate::switch::view::{AgentView, Snapshot};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::SemaphorePermit;

/// What every report is asked.
struct Asked {
    since: Time,
    until: Time,
    now: Time,
    agent: Option<String>,
    wants_csv: bool,
    snapshot: Box<Snapshot>,
    deadline: Instant,
}

/// Why a report breaks off.
enum Broken {
    Calls,
    Intervals,
    Rows,
    Time,
}

impl From<Broken> for Problem {
    fn from(broken: Broken) -> Self {
        let too_much = |what: String| {
            Self::new(StatusCode::UNPROCESSABLE_ENTITY, format!("{what}; ask for less time, a single queue or agent, or longer slices"))
        };
        match broken {
            Broken::Calls => too_much(format!("more than {REPORT_CALLS_MAX} calls lie in the time asked for")),
            Broken::Intervals => too_much(format!("more than {REPORT_INTERVALS_MAX} intervals of agents lie in the time asked for")),
            Broken::Rows => too_much(format!("the report would have more than {REPORT_ROWS_MAX} rows")),
            Broken::Time => Self::overloaded(format!("the report was not done in {} s; ask for less time", REPORT_TIME_MAX.as_secs())),
        }
    }
}

impl Context {
    /// A place at the database, for as long as a report is made.
    fn report_place(&self) -> Result<SemaphorePermit<'_>, Problem> {
        self.reports.try_acquire().map_err(|_| Problem::overloaded(format!("{REPORTS_AT_ONCE} reports are being made already")))
    }
}

impl Asked {
    async fn read(context: &Context, asker: &Asker, headers: &HeaderMap, params: &mut Params) -> Result<Self, Problem> {
        let snapshot = context.api.desk.snapshot().await?;
        let now = super::wall_time();
        let today = Time::from(midnight_before(&snapshot.basis.zone, now));
        let (since, until) = (params.time("since")?.unwrap_or(today), params.time("until")?.unwrap_or(Time::from(now)));
        if until <= since {
            return Err(Problem::parameter("until", "until is later than since; without them a report is of today"));
        }
        let accepted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
        let wants_csv = match params.word("format", &["json", "csv"])? {
            Some(format) => format == "csv",
            None => accepted.contains("text/csv"),
        };
        if wants_csv {
            asker.require(Right::Export)?;
        }
        let agent = params.text("agent").or_else(|| asker.own().map(ToString::to_string));
        if let Some(other) = agent.as_ref().filter(|agent| !asker.may_see_of(agent)) {
            return Err(Problem::parameter("agent", format!("an agent sees his own figures, not those of {other}")));
        }
        if wants_csv {
            context.audit(asker, "report.exported", agent.as_deref(), format!("{since} to {until}"))?;
        }
        // What has just happened is in it.
        context.settle().await;
        Ok(Self { since, until, now: Time::from(now), agent, wants_csv, snapshot, deadline: Instant::now() + REPORT_TIME_MAX })
    }

    fn answer<T: serde::Serialize>(&self, name: &str, whole: &T, table: impl FnOnce() -> String) -> Response {
        if !self.wants_csv {
            return Json(whole).into_response();
        }
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
            (header::CONTENT_DISPOSITION, HeaderValue::try_from(format!("attachment; filename=\"{name}.csv\"")).expect("a plain name")),
        ];
        (headers, table()).into_response()
    }
}

/// Figures of queues: those that count by the queue, each with its numerator, denominator and formula.
#[utoipa::path(get, path = "/api/v1/reports/queues", tag = "reports",
    params(
        ("since" = Option<String>, Query, format = DateTime, description = "from, today's midnight in the zone of the reports when absent"),
        ("until" = Option<String>, Query, format = DateTime, description = "up to and without, now when absent"),
        ("by" = Option<String>, Query, description = "half-hour, day, or all in one when absent"),
        ("queue" = Option<String>, Query),
        ("agent" = Option<String>, Query, description = "of parts in calls, only this agent's"),
        ("service_level" = Option<String>, Query, description = "T, in place of the configuration's: 20s"),
        ("short_abandon" = Option<String>, Query, description = "s, in place of the configuration's: 5s"),
        ("variant" = Option<String>, Query, description = "of the service level: ours, genesys, genesys-without-short, genesys-without-abandoned, genesys-with-flow-outs, genesys-with-flow-outs-without-short, genesys-with-flow-outs-without-abandoned, asterisk, asterisk-2, cisco-ignored, cisco-positive, cisco-negative, or all"),
        ("format" = Option<String>, Query, description = "json, csv; or by the Accept header")),
    responses((status = 200, body = ReportAnswer), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "more than one report may look through"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "too many reports at once, or it took too long")))]
pub async fn queues(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Problem> {
    make(&context, &asker, Kind::Queues, "queues", &headers, params).await
}

/// Figures of agents: offers, parts in calls, and their time.
#[utoipa::path(get, path = "/api/v1/reports/agents", tag = "reports",
    params(
        ("since" = Option<String>, Query, format = DateTime), ("until" = Option<String>, Query, format = DateTime),
        ("by" = Option<String>, Query, description = "half-hour, day, or all in one when absent"),
        ("queue" = Option<String>, Query, description = "only what was done for its callers"), ("agent" = Option<String>, Query),
        ("format" = Option<String>, Query, description = "json, csv; or by the Accept header")),
    responses((status = 200, body = ReportAnswer), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn agents(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Problem> {
    make(&context, &asker, Kind::Agents, "agents", &headers, params).await
}

/// Figures of teams, as the configuration has them now: their agents' together.
#[utoipa::path(get, path = "/api/v1/reports/teams", tag = "reports",
    params(
        ("since" = Option<String>, Query, format = DateTime), ("until" = Option<String>, Query, format = DateTime),
        ("by" = Option<String>, Query, description = "half-hour, day, or all in one when absent"),
        ("queue" = Option<String>, Query, description = "only what was done for its callers"), ("agent" = Option<String>, Query),
        ("format" = Option<String>, Query, description = "json, csv; or by the Accept header")),
    responses((status = 200, body = ReportAnswer), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn teams(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Problem> {
    make(&context, &asker, Kind::Teams, "teams", &headers, params).await
}

/// Scripts of service that were begun by hand, and what came of them.
#[utoipa::path(get, path = "/api/v1/reports/scripts", tag = "reports",
    params(
        ("since" = Option<String>, Query, format = DateTime), ("until" = Option<String>, Query, format = DateTime),
        ("by" = Option<String>, Query, description = "half-hour, day, or all in one when absent"),
        ("queue" = Option<String>, Query), ("agent" = Option<String>, Query),
        ("format" = Option<String>, Query, description = "json, csv; or by the Accept header")),
    responses((status = 200, body = ReportAnswer), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn scripts(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Problem> {
    make(&context, &asker, Kind::Scripts, "scripts", &headers, params).await
}

/// What agents were at, one line a state and reason; those that last have no end.
#[utoipa::path(get, path = "/api/v1/reports/intervals", tag = "reports",
    params(
        ("since" = Option<String>, Query, format = DateTime), ("until" = Option<String>, Query, format = DateTime),
        ("agent" = Option<String>, Query), ("format" = Option<String>, Query, description = "json, csv; or by the Accept header")),
    responses((status = 200, body = AgentTimeList), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn intervals(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let _place = context.report_place()?;
    let asked = Asked::read(&context, &asker, &headers, &mut params).await?;
    params.end()?;
    let mut items = Vec::new();
    each_interval(&context, &asked, |interval, lasts| {
        items.push(AgentTime::new(&interval, lasts));
        if items.len() > REPORT_ROWS_MAX { Err(Broken::Rows) } else { Ok(()) }
    })
    .await?;
    let list = AgentTimeList { items, next: None };
    Ok(asked.answer("intervals", &list, || csv::intervals(&list.items)))
}

/// Each agent's time line: when he was logged on, and what he was at.
#[utoipa::path(get, path = "/api/v1/reports/timeline", tag = "reports",
    params(
        ("since" = Option<String>, Query, format = DateTime), ("until" = Option<String>, Query, format = DateTime),
        ("agent" = Option<String>, Query), ("format" = Option<String>, Query, description = "json, csv (the sessions); or by the Accept header")),
    responses((status = 200, body = TimelineList), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn timeline(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let _place = context.report_place()?;
    let asked = Asked::read(&context, &asker, &headers, &mut params).await?;
    params.end()?;
    let (mut of_agents, mut rows) = (BTreeMap::<AgentId, Vec<(AgentInterval, bool)>>::new(), 0);
    each_interval(&context, &asked, |interval, lasts| {
        rows += 1;
        of_agents.entry(interval.agent.clone()).or_default().push((interval, lasts));
        if rows > REPORT_ROWS_MAX { Err(Broken::Rows) } else { Ok(()) }
    })
    .await?;
    let items = of_agents.into_iter().map(|(agent, spells)| {
        let view = asked.snapshot.agents.iter().find(|view| view.id == agent);
        let plain: Vec<_> = spells.iter().map(|(spell, _)| spell.clone()).collect();
        let ends = Timestamp(asked.until.0.min(asked.now.0));
        Timeline {
            agent: agent.to_string(),
            name: view.map(|view| view.name.clone()),
            team: view.and_then(|view| view.team.clone()),
            sessions: sessions(&plain, ends).iter().map(SessionShape::from).collect(),
            intervals: spells.iter().map(|(spell, lasts)| AgentTime::new(spell, *lasts)).collect(),
        }
    });
    let list = TimelineList { items: items.collect(), next: None };
    Ok(asked.answer("timeline", &list, || csv::timeline(&list.items)))
}

async fn make(
    context: &Context,
    asker: &Asker,
    kind: Kind,
    name: &'static str,
    headers: &HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let _place = context.report_place()?;
    let asked = Asked::read(context, asker, headers, &mut params).await?;
    let by = params.word("by", &["half-hour", "day"])?;
    let slice = match by.as_deref() {
        Some("half-hour") => Slice::HalfHour,
        Some(_) => Slice::Day,
        None => Slice::Whole,
    };
    let mut terms = asked.snapshot.basis.terms;
    let mut variant = "ours".to_owned();
    if kind == Kind::Queues {
        terms.service_level = params.duration("service_level")?.unwrap_or(terms.service_level);
        terms.short_abandon = params.duration("short_abandon")?.unwrap_or(terms.short_abandon);
        let known: Vec<&str> = VARIANTS.iter().map(|variant| variant.name).chain(["all"]).collect();
        variant = params.word("variant", &known)?.unwrap_or(variant);
    }
    let zone = asked.snapshot.basis.zone.clone();
    let (since, until) = (Timestamp(asked.since.0), Timestamp(asked.until.0));
    let queue = params.text("queue");
    // What was planned is planned for no queue in particular.
    let has_plans = matches!(kind, Kind::Agents | Kind::Teams) && queue.is_none();
    let question = Question {
        kind,
        slices: Slices { zone, by: slice, since, until },
        terms,
        queue,
        agent: asked.agent.clone(),
        teams: asked.snapshot.agents.iter().filter_map(|view| Some((view.id.clone(), view.team.clone()?))).collect(),
        plans: if has_plans { plans(&asked)? } else { BTreeMap::new() },
        now: Timestamp(asked.now.0),
        rows_max: REPORT_ROWS_MAX,
    };
    params.end()?;
    let mut report = Report::new(question);
    let calls = each_call(context, &asked, |record| report.call(record).map_err(|_| Broken::Rows)).await?;
    if kind != Kind::Scripts {
        each_who_came_later(context, &asked, terms.resolved_after, |caller, at| report.came_again(caller, at)).await?;
        each_interval(context, &asked, |interval, _| report.interval(&interval).map_err(|_| Broken::Rows)).await?;
    }
    // Ten thousand rows of fifty figures are work for a moment, in which this thread has others to answer.
    let told = tokio::task::spawn_blocking(move || tell(&asked, kind, name, by, &variant, report, calls)).await;
    told.map_err(|error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the report could not be made: {error}")))
}

fn tell(asked: &Asked, kind: Kind, name: &'static str, by: Option<String>, variant: &str, report: Report, calls: usize) -> Response {
    let terms = report.question().terms;
    let rows: Vec<ReportLine> = report
        .rows()
        .iter()
        .map(|row| ReportLine {
            key: row.key.clone(),
            from: Time::from(row.from),
            until: Time::from(row.until),
            figures: row.measures(kind, variant).iter().map(Figure::from).collect(),
        })
        .collect();
    let whole = ReportAnswer {
        report: name,
        since: asked.since,
        until: asked.until,
        zone: asked.snapshot.basis.zone.iana_name().unwrap_or("UTC").to_owned(),
        by,
        calls,
        terms: ReportTerms::from(&terms),
        formulas: measure::said(kind, variant).into_iter().map(Formula::from).collect(),
        rows,
    };
    asked.answer(name, &whole, || csv::report(&whole))
}

/// What was planned up to now for those whom the report is of. A shift is reckoned once, however many agents have it.
fn plans(asked: &Asked) -> Result<BTreeMap<AgentId, Arc<[Planned]>>, Problem> {
    let (since, until) = (Timestamp(asked.since.0), Timestamp(asked.until.0.min(asked.now.0)));
    let wanted = |agent: &AgentId| asked.agent.as_deref().is_none_or(|one| one == agent.as_str());
    let shifts: Vec<_> = asked.snapshot.shifts.iter().filter(|(agent, _)| wanted(agent)).collect();
    let long = Duration::from_millis(until.0.saturating_sub(since.0).try_into().unwrap_or(0));
    if !shifts.is_empty() && long > REPORT_PLANNED_MAX {
        let days = REPORT_PLANNED_MAX.as_secs() / 86_400;
        return Err(Problem::parameter("since", format!("agents' shifts are reckoned for at most {days} days; ask for less time")));
    }
    let mut reckoned = BTreeMap::<&CalendarId, Arc<[Planned]>>::new();
    for (_, shift) in &shifts {
        reckoned.entry(&shift.id).or_insert_with(|| shift.planned(since, until).into());
    }
    Ok(shifts.iter().filter_map(|(agent, shift)| Some(((*agent).clone(), reckoned.get(&shift.id)?.clone()))).collect())
}

/// Every call of the time asked for; those that run as the switch has them now. Returns how many there are.
async fn each_call(context: &Context, asked: &Asked, mut take: impl FnMut(&CallRecord) -> Result<(), Broken>) -> Result<usize, Problem> {
    let running: BTreeSet<CallId> = asked.snapshot.calls.iter().map(|view| view.record.id).collect();
    let (mut calls, mut broken) = (0, None);
    let stream = context.api.store.each_call(asked.since, asked.until, |call| {
        let Some(record) = facts::record(&call).filter(|record| !running.contains(&record.id)) else { return ControlFlow::Continue(()) };
        calls += 1;
        let done = match (calls > REPORT_CALLS_MAX, asked.deadline < Instant::now()) {
            (true, _) => Err(Broken::Calls),
            (_, true) => Err(Broken::Time),
            _ => take(&record),
        };
        broke(done, &mut broken)
    });
    stream.await?;
    for record in asked.snapshot.calls.iter().map(|view| &view.record).filter(|record| record.arrived_at.0 < asked.until.0) {
        calls += 1;
        let _ = broken.is_none() && broke(take(record), &mut broken).is_break();
    }
    broken.map_or(Ok(calls), |broken| Err(broken.into()))
}

/// Everybody who called after the time of the report, as long as it matters whether somebody called again.
async fn each_who_came_later(
    context: &Context,
    asked: &Asked,
    within: std::time::Duration,
    mut take: impl FnMut(&str, Timestamp),
) -> Result<(), Problem> {
    let end = Time(asked.until.0.saturating_add(i64::try_from(within.as_millis()).unwrap_or(i64::MAX)));
    let (mut callers, mut broken) = (0, None);
    let stream = context.api.store.each_caller(asked.until, end, |caller, at| {
        callers += 1;
        take(caller, Timestamp(at.0));
        let done = match (callers > REPORT_CALLS_MAX, asked.deadline < Instant::now()) {
            (true, _) => Err(Broken::Calls),
            (_, true) => Err(Broken::Time),
            _ => Ok(()),
        };
        broke(done, &mut broken)
    });
    stream.await?;
    broken.map_or(Ok(()), |broken| Err(broken.into()))
}

/// Every time of agents that lies in the time asked for, agent by agent in order of time; what lasts comes last of each, and is told.
async fn each_interval(
    context: &Context,
    asked: &Asked,
    mut take: impl FnMut(AgentInterval, bool) -> Result<(), Broken>,
) -> Result<(), Problem> {
    let wanted = |view: &&AgentView| asked.agent.as_deref().is_none_or(|agent| agent == view.id.as_str());
    let mut lasting: BTreeMap<AgentId, AgentInterval> =
        asked.snapshot.agents.iter().filter(wanted).filter_map(|view| Some((view.id.clone(), lasts(view, asked)?))).collect();
    let (mut intervals, mut broken, mut current) = (0, None, None::<AgentId>);
    let stream = context.api.store.each_interval(asked.since, asked.until, asked.agent.as_deref(), |interval| {
        intervals += 1;
        if intervals > REPORT_INTERVALS_MAX {
            return broke(Err(Broken::Intervals), &mut broken);
        }
        if asked.deadline < Instant::now() {
            return broke(Err(Broken::Time), &mut broken);
        }
        // It ended between the snapshot and the look into the database: the snapshot's word stands.
        if lasting.get(&interval.agent).is_some_and(|lasting| interval.from == lasting.from) {
            return ControlFlow::Continue(());
        }
        if let Some(last) = current.replace(interval.agent.clone()).filter(|last| *last != interval.agent)
            && let Some(lasting) = lasting.remove(&last)
            && broke(take(lasting, true), &mut broken).is_break()
        {
            return ControlFlow::Break(());
        }
        broke(take(interval, false), &mut broken)
    });
    stream.await?;
    for lasting in lasting.into_values() {
        let _ = broken.is_none() && broke(take(lasting, true), &mut broken).is_break();
    }
    broken.map_or(Ok(()), |broken| Err(broken.into()))
}

/// What the agent is at now, as far as it lies in the time asked for.
fn lasts(view: &AgentView, asked: &Asked) -> Option<AgentInterval> {
    let from = view.since;
    let to = Timestamp(asked.now.0.max(from.0));
    (from.0 < asked.until.0 && to.0 > asked.since.0).then(|| AgentInterval {
        agent: view.id.clone(),
        state: view.state.to_owned(),
        reason: view.reason.clone(),
        call: view.works_for.0,
        queue: view.works_for.1.clone(),
        from,
        to,
    })
}

fn broke(done: Result<(), Broken>, broken: &mut Option<Broken>) -> ControlFlow<()> {
    match done {
        Ok(()) => ControlFlow::Continue(()),
        Err(why) => {
            *broken = Some(why);
            ControlFlow::Break(())
        }
    }
}
