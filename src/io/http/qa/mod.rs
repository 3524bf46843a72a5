//! Quality over HTTP: scorecards and forms that the switch has filled in as far as it can, each person's queue of work, scores, appeals,
//! calibrations, results, coaching notes. What answers mean is said by the pure room `qa`; all that is written is kept as work documents.

mod appeals;
mod calibrations;
mod cards;
mod coaching;
mod drawing;
pub mod news;
mod plans;
mod results;
mod scores;
pub mod shapes;
mod work;

pub use appeals::*;
pub use calibrations::*;
pub use cards::*;
pub use coaching::*;
pub use drawing::draw_by_the_clock;
pub use plans::*;
pub use results::*;
pub use scores::*;
pub use work::*;

use super::auth::Asker;
use super::notes::checked;
use super::problem::Problem;
use super::{Context, calls, wall_time};
use crate::base::scorecard::Scorecard;
use crate::base::{AgentId, Timestamp};
use crate::call::record::CallRecord;
use crate::config::Config;
use crate::io::facts;
use crate::io::shapes::{Call, Time};
use crate::io::store::{Work, WorkKind};
use crate::qa::scored_agents;
use axum::http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Letters of what is said on a whole score, of an appeal, of coaching.
const TEXT_MAX: usize = 2_000;
/// Documents of one call, or of one agent's page, that are read at once.
const AT_ONCE: usize = 500;

/// A call that is over, whose record this version understands, and which he may see.
async fn spoken(context: &Context, asker: &Asker, id: &str) -> Result<(Call, CallRecord), Problem> {
    let call = calls::visible(context, asker, id).await?;
    if call.released_at.is_none() {
        return Err(Problem::new(StatusCode::CONFLICT, format!("call {} is not over", call.id)));
    }
    let record = facts::record(&call)
        .ok_or_else(|| Problem::new(StatusCode::CONFLICT, format!("call {} was written by a later version of the switch", call.id)))?;
    Ok((call, record))
}

/// Whom of a call's agents is meant.
fn scored_agent(record: &CallRecord, wanted: Option<&str>) -> Result<AgentId, Problem> {
    let agents = scored_agents(record);
    let found = match wanted {
        Some(wanted) => agents.iter().find(|agent| agent.as_str() == wanted),
        None => agents.last(),
    };
    found.cloned().ok_or_else(|| match wanted {
        Some(wanted) => Problem::member("agent", format!("agent {wanted} did not speak with the customer in call {}", record.id)),
        None => Problem::new(StatusCode::CONFLICT, format!("no agent spoke with a customer in call {}", record.id)),
    })
}

/// The scorecard of that id, in force; without an id the only one.
fn wanted_card<'c>(config: &'c Config, wanted: Option<&str>) -> Result<&'c Scorecard, Problem> {
    let first = || config.scorecards.first().map(|card| card.id.as_str());
    let is_only = || config.scorecards.iter().all(|card| Some(card.id.as_str()) == first());
    let id = match wanted {
        Some(id) => id,
        None if is_only() => first().ok_or_else(|| Problem::new(StatusCode::CONFLICT, "no scorecard is configured"))?,
        None => return Err(Problem::member("scorecard", "there are several scorecards: say which")),
    };
    config.scorecard(id, None).ok_or_else(|| Problem::member("scorecard", format!("there is no scorecard {id:?}")))
}

/// A text that may be left out; empty is left out.
fn checked_if_any(text: Option<&str>, member: &str, max: usize) -> Result<Option<String>, Problem> {
    text.filter(|text| !text.trim().is_empty()).map(|text| checked(text, member, max)).transpose()
}

/// Notes that somebody looked at what is said of an agent, or of all. What concerns himself is no news.
fn note_view(context: &Context, asker: &Asker, action: &'static str, agent: Option<&str>) -> Result<(), Problem> {
    if asker.own().is_some() { Ok(()) } else { context.audit_view(asker, action, agent.unwrap_or("everybody"), String::new()) }
}

fn document(kind: WorkKind, id: String, who: &str, body: &impl Serialize) -> Work {
    let body = serde_json::to_value(body).expect("shapes become JSON");
    Work { kind, id, call: None, subject: None, who: who.to_owned(), at: now(), number: None, words: None, body }
}

/// What a document says.
fn body<T: DeserializeOwned>(work: &Work) -> Result<T, Problem> {
    T::deserialize(&work.body).map_err(|error| Problem::from(crate::io::store::StoreError::Shape(error)))
}

fn now() -> Time {
    Time::from(wall_time())
}

fn instant(time: Time) -> Timestamp {
    Timestamp(time.0)
}

fn percent(part: u32, of: u32) -> Option<f64> {
    (of > 0).then(|| (f64::from(part) * 1_000.0 / f64::from(of)).round() / 10.0)
}
