//! `sanling status`, `calls`, `agents`, `queues`, `reload`: a running switch asked over its API.

use crate::io::client::{ClientError, Remote, escaped, table};
use crate::io::shapes::Time;
use serde_json::{Value, json};
use std::io::Write;

/// Which calls are listed.
#[derive(Clone, Debug, Default)]
pub struct CallQuery {
    pub limit: usize,
    pub running: bool,
    pub agent: Option<String>,
    pub queue: Option<String>,
    pub caller: Option<String>,
    pub outcome: Option<String>,
    pub recording: Option<String>,
}

impl CallQuery {
    fn text(&self) -> String {
        let mut text = String::new();
        let given = [
            ("agent", &self.agent),
            ("queue", &self.queue),
            ("caller", &self.caller),
            ("outcome", &self.outcome),
            ("recording", &self.recording),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                text.push_str(&format!("&{name}={}", escaped(value)));
            }
        }
        if self.running {
            text.push_str("&running=true");
        }
        text
    }

    /// # Errors
    /// When the switch does not answer, or refuses.
    pub fn fetch(&self, remote: &Remote) -> Result<Vec<Value>, ClientError> {
        remote.list("/api/v1/calls", &self.text(), self.limit)
    }
}

/// For programs: the value, indented, with a line break.
pub(super) fn write_json(out: &mut impl Write, value: &Value) -> Result<(), ClientError> {
    Ok(writeln!(out, "{value:#}")?)
}

/// A member's text as it is shown; nothing for null.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `H:MM:SS`, without hours when there are none.
pub(super) fn span(millis: i64) -> String {
    let seconds = millis.max(0) / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// How long ago a time was.
fn since(value: &Value, now: Time) -> String {
    value.as_str().and_then(Time::parse).map_or_else(String::new, |time| span(now.0 - time.0))
}

fn now() -> Time {
    Time(jiff::Timestamp::now().as_millisecond())
}

/// One look at everything. An ailing switch is an error, so that scripts notice.
///
/// # Errors
/// When the switch does not answer, refuses, or is not well.
pub fn status(remote: &Remote, as_json: bool, out: &mut impl Write) -> Result<(), ClientError> {
    let health = remote.health()?;
    let (agents, queues) = (remote.get("/api/v1/agents"), remote.get("/api/v1/queues"));
    if as_json {
        let items = |answer: Result<Value, ClientError>| answer.map_or(Value::Null, |answer| answer["items"].clone());
        write_json(out, &json!({ "health": health, "agents": items(agents), "queues": items(queues) }))?;
    } else {
        writeln!(out, "sanling {}: {}", text(&health["version"]), text(&health["status"]))?;
        for reason in health["reasons"].as_array().into_iter().flatten() {
            writeln!(out, "  {}", text(reason))?;
        }
        writeln!(out, "calls in progress: {}", text(&health["calls"]))?;
        let mut states = std::collections::BTreeMap::<String, usize>::new();
        for agent in agents?["items"].as_array().into_iter().flatten() {
            *states.entry(text(&agent["state"])).or_default() += 1;
        }
        let states: Vec<_> = states.iter().map(|(state, count)| format!("{count} {state}")).collect();
        writeln!(out, "agents: {}", if states.is_empty() { "none".to_owned() } else { states.join(", ") })?;
        for queue in queues?["items"].as_array().into_iter().flatten() {
            writeln!(out, "queue {}: {} waiting, {} answered today", text(&queue["id"]), queue["waiting"], queue["today"]["answered"])?;
        }
    }
    let well = health["status"] == "ok";
    if well { Ok(()) } else { Err(ClientError::Found("the switch is not well".to_owned())) }
}

/// # Errors
/// When the switch does not answer, or refuses.
pub fn calls(remote: &Remote, query: &CallQuery, as_json: bool, out: &mut impl Write) -> Result<(), ClientError> {
    let calls = query.fetch(remote)?;
    if as_json {
        return write_json(out, &Value::Array(calls));
    }
    let now = now();
    let rows = calls.iter().map(|call| {
        let end = call["released_at"].as_str().and_then(Time::parse).unwrap_or(now);
        let lasted = call["arrived_at"].as_str().and_then(Time::parse).map_or_else(String::new, |start| span(end.0 - start.0));
        let result = if call["outcome"].is_null() { &call["state"] } else { &call["outcome"] };
        let [id, arrived, caller, called, queue, agent] =
            ["id", "arrived_at", "caller", "called", "queue", "agent"].map(|name| text(&call[name]));
        [id, arrived, caller, called, queue, agent, text(result), lasted]
    });
    Ok(table::write(out, ["ID", "ARRIVED", "CALLER", "CALLED", "QUEUE", "AGENT", "RESULT", "LASTED"], rows)?)
}

/// # Errors
/// When the switch does not answer, or refuses.
pub fn agents(remote: &Remote, as_json: bool, out: &mut impl Write) -> Result<(), ClientError> {
    let answer = remote.get("/api/v1/agents")?;
    if as_json {
        return write_json(out, &answer["items"]);
    }
    let now = now();
    let rows = answer["items"].as_array().into_iter().flatten().map(|agent| {
        let [id, name, state, reason, phones, call] = ["id", "name", "state", "reason", "contacts", "call"].map(|name| text(&agent[name]));
        [id, name, state, reason, since(&agent["since"], now), phones, call]
    });
    Ok(table::write(out, ["ID", "NAME", "STATE", "REASON", "SINCE", "PHONES", "CALL"], rows)?)
}

/// # Errors
/// When the switch does not answer, or refuses.
pub fn queues(remote: &Remote, as_json: bool, out: &mut impl Write) -> Result<(), ClientError> {
    let answer = remote.get("/api/v1/queues")?;
    if as_json {
        return write_json(out, &answer["items"]);
    }
    let now = now();
    let rows = answer["items"].as_array().into_iter().flatten().map(|queue| {
        let today = ["offered", "answered", "abandoned", "missed_offers"].map(|name| text(&queue["today"][name]));
        let [offered, answered, abandoned, missed] = today;
        let mean = queue["today"]["wait_mean_ms"].as_i64().map_or_else(String::new, span);
        [
            text(&queue["id"]),
            text(&queue["waiting"]),
            since(&queue["longest_waiting_since"], now),
            offered,
            answered,
            abandoned,
            mean,
            missed,
        ]
    });
    Ok(table::write(out, ["QUEUE", "WAITING", "LONGEST", "TODAY", "ANSWERED", "ABANDONED", "MEAN WAIT", "MISSED"], rows)?)
}

/// # Errors
/// When the switch does not answer, or its new configuration is wrong: then nothing has changed.
pub fn reload(remote: &Remote, as_json: bool, out: &mut impl Write) -> Result<(), ClientError> {
    let answer = remote.post("/api/v1/config/reload")?;
    if as_json {
        return write_json(out, &answer);
    }
    let changes = answer["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    if changes.is_empty() {
        writeln!(out, "reloaded; nothing has changed")?;
    }
    for change in changes {
        writeln!(out, "{}", text(change))?;
    }
    Ok(())
}
