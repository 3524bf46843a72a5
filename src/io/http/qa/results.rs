//! What scores add up to, of a time: by agent, team or item.

use super::super::access::Right;
use super::super::auth::Asker;
use super::super::params::Params;
use super::super::problem::Problem;
use super::super::{Context, csv};
use super::shapes::{LostItem, ResultList, ResultRow, ScoreBody, read};
use crate::base::Timestamp;
use crate::base::limits::SCORES_ADDED_MAX;
use crate::base::scorecard::Every;
use crate::io::shapes::Time;
use crate::io::store::{WorkFilter, WorkKind};
use crate::qa::{By, Fact, ItemFact, Period, Row, results};
use crate::switch::basis;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// When no other time is asked for: four weeks.
const USUAL_MS: i64 = 28 * 86_400_000;
/// Scores that are read at a time.
const PAGE: usize = 1_000;

/// Results of scores: numbers, means, shares, and by what most was lost. What was given for calibrations is not among them. An agent sees his
/// own.
#[utoipa::path(get, path = "/api/v1/qa/results", tag = "quality",
    params(("by" = Option<String>, Query, description = "agent when absent, team, item"),
        ("since" = Option<String>, Query, format = DateTime, description = "scored at or after; four weeks ago when absent"),
        ("until" = Option<String>, Query, format = DateTime, description = "scored before; now when absent"),
        ("scorecard" = Option<String>, Query, description = "all versions of this one; all when absent"),
        ("agent" = Option<String>, Query), ("team" = Option<String>, Query),
        ("every" = Option<String>, Query, description = "week (from Monday on) or day: a row for each; all in one when absent"),
        ("format" = Option<String>, Query, description = "json, or csv: needs the right export")),
    responses((status = 200, body = ResultList), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "more scores than are added up at once")))]
pub async fn all_results(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    mut params: Params,
) -> Result<Response, Problem> {
    let by = match params.word("by", &["agent", "team", "item"])?.as_deref() {
        Some("team") => By::Team,
        Some("item") => By::Item,
        _ => By::Agent,
    };
    let until = params.time("until")?.unwrap_or_else(super::now);
    let since = params.time("since")?.unwrap_or_else(|| Time::from(Timestamp(super::instant(until).0.saturating_sub(USUAL_MS))));
    let subject = super::scores::own_agent(&asker, params.text("agent"))?;
    let (scorecard, team) = (params.text("scorecard"), params.text("team"));
    let every = params.word("every", &["week", "day"])?.map(|word| if word == "day" { Every::Day } else { Every::Week });
    let wants_table = params.word("format", &["json", "csv"])?.is_some_and(|format| format == "csv");
    params.end()?;
    if until <= since {
        return Err(Problem::parameter("until", "until is later than since"));
    }
    if wants_table {
        asker.require(Right::Export)?;
        context.audit(&asker, "results.exported", subject.as_deref(), format!("{since} to {until}"))?;
    }
    super::note_view(&context, &asker, "results.viewed", subject.as_deref())?;
    context.settle().await;
    let filter = WorkFilter { subject, since: Some(since), until: Some(until), ..WorkFilter::default() };
    let mut facts = facts(&context, filter, scorecard.as_deref()).await?;
    facts.retain(|(_, fact)| team.is_none() || fact.team == team);
    let zone = basis(&context.api.config.get()).zone;
    let mut slices: BTreeMap<Option<Timestamp>, Vec<Fact>> = BTreeMap::new();
    for (at, fact) in facts {
        slices.entry(every.map(|every| Period::of(every, at, &zone).since)).or_default().push(fact);
    }
    let rows = |(from, facts): (&Option<Timestamp>, &Vec<Fact>)| {
        let from = from.map(Time::from);
        results(by, facts).into_iter().map(move |row| ResultRow { from, ..ResultRow::from(row) }).collect::<Vec<_>>()
    };
    let items: Vec<ResultRow> = slices.iter().flat_map(rows).collect();
    if wants_table {
        let headers =
            [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, "attachment; filename=\"quality.csv\"")];
        return Ok((headers, csv::results(&items)).into_response());
    }
    Ok(Json(ResultList { since, until, items, next: None }).into_response())
}

/// The scores that count, and when they were given.
async fn facts(context: &Context, mut filter: WorkFilter, scorecard: Option<&str>) -> Result<Vec<(Timestamp, Fact)>, Problem> {
    let config = context.api.config.get();
    let mut facts = Vec::new();
    loop {
        let page = context.api.store.works(WorkKind::Score, &filter, PAGE).await?;
        let is_last = page.len() < PAGE;
        filter.before = page.last().map(|work| work.id.clone());
        for work in page {
            let body: ScoreBody = super::body(&work)?;
            if body.calibration.is_some() || scorecard.is_some_and(|wanted| wanted != body.scorecard) {
                continue;
            }
            let agent = work.subject.unwrap_or_default();
            let team = config.agents.get(agent.as_str()).and_then(|agent| agent.team.clone());
            facts.push((super::instant(work.at), fact(agent, team, &body)));
        }
        if is_last {
            return Ok(facts);
        }
        if facts.len() > SCORES_ADDED_MAX {
            let detail = format!("more than {SCORES_ADDED_MAX} scores lie in the time asked for; ask for less time, or a single agent");
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
        }
    }
}

fn fact(agent: String, team: Option<String>, body: &ScoreBody) -> Fact {
    let items = body.answers.iter().filter_map(|answer| {
        Some(ItemFact {
            item: answer.item.clone(),
            weight: answer.weight,
            won: answer.won,
            fatal: answer.fatal,
            prefilled: answer.found.as_ref().and_then(|found| read(&found.answer, found.points)),
            given: read(&answer.answer, answer.points)?,
        })
    });
    Fact { agent, team, per_mille: body.score.map(per_mille), passed: body.passed, fatal: !body.fatal.is_empty(), items: items.collect() }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "percent from 0 to 100")]
fn per_mille(percent: f64) -> u32 {
    (percent.clamp(0.0, 100.0) * 10.0).round() as u32
}

impl From<Row> for ResultRow {
    fn from(row: Row) -> Self {
        let lost = row.lost.into_iter().map(|lost| LostItem { item: lost.item, n: lost.n, weight: (lost.weight * 10.0).round() / 10.0 });
        Self {
            key: row.key,
            from: None,
            n: row.n,
            mean: row.mean,
            passed: row.passed,
            pass_rate: super::percent(row.passed, row.n),
            fatal: row.fatal,
            fatal_rate: super::percent(row.fatal, row.n),
            not_applicable: row.not_applicable,
            overruled: row.overruled,
            lost: lost.collect(),
        }
    }
}
