//! Calls that are looked for: the parameters of a search, and what is found as a page or as a table.

use super::auth::{Asker, has_part};
use super::mask::{Shown, TAIL_MAX};
use super::params::Params;
use super::problem::Problem;
use super::{Context, csv};
use crate::base::limits::{EXPORT_ROWS_MAX, SEARCH_WORDS_MAX};
use crate::call::record::{CallDirection, Outcome, ReleasedBy};
use crate::io::shapes::Call;
use crate::io::store::{CallFilter, NumberPattern};
use crate::qa::Breach;
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::convert::Infallible;
use std::sync::Arc;

/// Rows of an export that are read at a time.
const PAGE: usize = 500;

/// Reads what is looked for. `None`: somebody who sees his own calls alone asks for another's.
pub fn filter(params: &mut Params, asker: &Asker, shown: &Shown) -> Result<Option<CallFilter>, Problem> {
    let broken = params.word("broken", &Breach::ALL.map(Breach::name))?;
    let mut filter = CallFilter {
        agent: params.text("agent"),
        queue: params.text("queue"),
        caller: number(params, "caller", shown)?,
        called: number(params, "called", shown)?,
        number: number(params, "number", shown)?,
        direction: params.word("direction", &CallDirection::ALL.map(CallDirection::name))?,
        outcome: params.word("outcome", &Outcome::ALL.map(Outcome::name))?,
        recording: params.word("recording", &["open", "complete", "recovered", "missing", "removed", "any"])?,
        first: params.word("first", &ReleasedBy::ALL.map(ReleasedBy::name))?,
        longer: millis(params, "longer")?,
        shorter: millis(params, "shorter")?,
        waited: millis(params, "waited")?,
        broken: broken.and_then(|name| Breach::named(&name)),
        score_below: score(params, "score_below")?,
        score_above: score(params, "score_above")?,
        mos_below: mos(params, "mos_below")?,
        words: words(params)?,
        since: params.time("since")?,
        until: params.time("until")?,
        before: params.cursor()?,
    };
    if let Some(own) = asker.own() {
        if filter.agent.as_ref().is_some_and(|agent| agent != own.as_str()) {
            return Ok(None);
        }
        filter.agent = Some(own.to_string());
    }
    Ok(Some(filter))
}

fn number(params: &mut Params, name: &str, shown: &Shown) -> Result<Option<NumberPattern>, Problem> {
    let Some(text) = params.text(name) else { return Ok(None) };
    let wrong = || Problem::parameter(name, format!("{name} is a number, its beginning (138*) or its end (*5678), not {text:?}"));
    let hidden = || {
        let detail = format!("numbers are masked for you: look for the last digits that you see, up to {TAIL_MAX}, as in *5678");
        Problem::parameter(name, detail)
    };
    shown.sought(NumberPattern::parse(&text).ok_or_else(wrong)?).map(Some).ok_or_else(hidden)
}

fn millis(params: &mut Params, name: &str) -> Result<Option<i64>, Problem> {
    Ok(params.duration(name)?.map(|long| i64::try_from(long.as_millis()).unwrap_or(i64::MAX)))
}

fn score(params: &mut Params, name: &str) -> Result<Option<f64>, Problem> {
    let Some(text) = params.text(name) else { return Ok(None) };
    let score = text.parse::<f64>().ok().filter(|score| (0.0..=100.0).contains(score));
    score.map(Some).ok_or_else(|| Problem::parameter(name, format!("{name} is a score from 0 to 100, not {text:?}")))
}

fn mos(params: &mut Params, name: &str) -> Result<Option<f64>, Problem> {
    let Some(text) = params.text(name) else { return Ok(None) };
    let score = text.parse::<f64>().ok().filter(|score| (1.0..=4.5).contains(score));
    score.map(Some).ok_or_else(|| Problem::parameter(name, format!("{name} is a mean opinion score from 1 to 4.5, not {text:?}")))
}

fn words(params: &mut Params) -> Result<Vec<String>, Problem> {
    let words: Vec<String> = params.text("words").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    if words.len() > SEARCH_WORDS_MAX {
        return Err(Problem::parameter("words", format!("at most {SEARCH_WORDS_MAX} words are looked for at once")));
    }
    Ok(words)
}

/// Whether a running call is among those that are looked for. What only an end tells does not filter these.
pub fn is_running_match(filter: &CallFilter, call: &Call) -> bool {
    let is = |wanted: &Option<String>, actual: Option<&str>| wanted.as_deref().is_none_or(|wanted| Some(wanted) == actual);
    let fits = |wanted: &Option<NumberPattern>, numbers: &[&str]| {
        wanted.as_ref().is_none_or(|pattern| numbers.iter().any(|number| pattern.matches(number)))
    };
    filter.agent.as_ref().is_none_or(|agent| has_part(call, &agent.as_str().into()))
        && is(&filter.queue, call.queue.as_deref())
        && is(&filter.direction, Some(&call.direction))
        && fits(&filter.caller, &[&call.caller])
        && fits(&filter.called, &[&call.called])
        && fits(&filter.number, &[&call.caller, &call.called])
        && filter.mos_below.is_none_or(|below| call.mos_min().is_some_and(|mos| mos < below))
        && filter.before.as_ref().is_none_or(|before| call.id < *before)
        && filter.since.is_none_or(|since| call.arrived_at >= since)
        && filter.until.is_none_or(|until| call.arrived_at < until)
}

/// What is found as a table, page after page as it is read; no more than [`EXPORT_ROWS_MAX`] rows.
pub fn table(context: Arc<Context>, filter: CallFilter, shown: Shown) -> Response {
    let begin = (Some(filter), 0, csv::calls_head());
    let pages = stream::unfold(begin, move |(filter, rows, mut text)| {
        let (context, shown) = (context.clone(), shown.clone());
        async move {
            let mut filter = filter?;
            let calls = context.api.store.calls(&filter, PAGE.min(EXPORT_ROWS_MAX - rows)).await.unwrap_or_else(|error| {
                tracing::error!(%error, "an export breaks off");
                Vec::new()
            });
            let rows = rows + calls.len();
            filter.before = calls.last().map(|call| call.id.clone());
            let next = Some(filter).filter(|_| calls.len() == PAGE && rows < EXPORT_ROWS_MAX);
            for call in calls {
                csv::call(&mut text, &shown.call(call));
            }
            Some((Ok::<_, Infallible>(text), (next, rows, String::new())))
        }
    });
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, "attachment; filename=\"calls.csv\"")];
    (headers, Body::from_stream(pages)).into_response()
}
