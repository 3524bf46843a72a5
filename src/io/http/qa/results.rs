//! What scores add up to, of a time: by agent, team or item.

use super::super::Context;
use super::super::auth::Asker;
use super::super::params::Params;
use super::super::problem::Problem;
use super::shapes::{LostItem, ResultList, ResultRow, ScoreBody, read};
use crate::base::Timestamp;
use crate::base::limits::SCORES_ADDED_MAX;
use crate::io::shapes::Time;
use crate::io::store::{WorkFilter, WorkKind};
use crate::qa::{By, Fact, ItemFact, Row, results};
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
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
        ("agent" = Option<String>, Query), ("team" = Option<String>, Query)),
    responses((status = 200, body = ResultList), (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json", description = "more scores than are added up at once")))]
pub async fn all_results(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    mut params: Params,
) -> Result<Json<ResultList>, Problem> {
    let by = match params.word("by", &["agent", "team", "item"])?.as_deref() {
        Some("team") => By::Team,
        Some("item") => By::Item,
        _ => By::Agent,
    };
    let until = params.time("until")?.unwrap_or_else(super::now);
    let since = params.time("since")?.unwrap_or_else(|| Time::from(Timestamp(super::instant(until).0.saturating_sub(USUAL_MS))));
    let subject = super::scores::own_agent(&asker, params.text("agent"))?;
    let (scorecard, team) = (params.text("scorecard"), params.text("team"));
    params.end()?;
    if until <= since {
        return Err(Problem::parameter("until", "until is later than since"));
    }
    super::note_view(&context, &asker, "results.viewed", subject.as_deref())?;
    context.settle().await;
    let filter = WorkFilter { subject, since: Some(since), until: Some(until), ..WorkFilter::default() };
    let mut facts = facts(&context, filter, scorecard.as_deref()).await?;
    facts.retain(|fact| team.is_none() || fact.team == team);
    let items = results(by, &facts).into_iter().map(ResultRow::from).collect();
    Ok(Json(ResultList { since, until, items, next: None }))
}

/// The scores that count.
async fn facts(context: &Context, mut filter: WorkFilter, scorecard: Option<&str>) -> Result<Vec<Fact>, Problem> {
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
            facts.push(fact(agent, team, &body));
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
