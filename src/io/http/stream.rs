//! Server-sent events: a consumer is given what comes after the last event he had, from the ring or, older, from the database, at his own
//! pace. A session's end is the end of its streams; an agent is told what concerns him.

use super::access::Right;
use super::auth::Asker;
use super::mask::Shown;
use super::params::Params;
use super::problem::Problem;
use super::{Context, qa};
use crate::base::{AgentId, limits};
use crate::io::events::After;
use crate::io::shapes::EventShape;
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};

/// Events taken at a time: what a consumer's connection may hold in memory.
const PAGE: usize = 256;
/// How often a stream on which nothing happens looks whether its session goes on.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(15);
/// Calls of an agent whose events he is told; he has one, and those that he speaks with colleagues about. More: the oldest is forgotten.
const OWN_CALLS_MAX: usize = 64;

/// What happens in the switch, from now on or from after `Last-Event-ID`. `id` is the event's `seq`, `event` its `name`, `data` the event as
/// JSON. Telephone numbers in it are masked for who need not see them; an agent is told what concerns him and his calls. An event `gap` {`after`, `before`} says that what was between is kept nowhere: load the present state anew.
#[utoipa::path(get, path = "/api/v1/events", tag = "events",
    params(("Last-Event-ID" = Option<u64>, Header, description = "seq of the last event received")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "too many consumers")))]
pub async fn events(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    headers: HeaderMap,
    params: Params,
) -> Result<Response, Problem> {
    params.end()?;
    let latest = context.api.hub.latest();
    let (mut last, mut ready) = (latest, VecDeque::new());
    if let Some(value) = headers.get("last-event-id") {
        let given: Option<u64> = value.to_str().ok().and_then(|text| text.trim().parse().ok());
        let given = given.ok_or_else(|| Problem::parameter("Last-Event-ID", "Last-Event-ID is the id of an event of this stream"))?;
        if given <= latest {
            last = given;
        } else {
            // Of a database that is no more: nothing is known of what lies between.
            ready.push_back(gap(given, latest + 1).id(latest.to_string()));
        }
    }
    let place = Arc::clone(&context.consumers)
        .try_acquire_owned()
        .map_err(|_| Problem::overloaded(format!("{} consumers of events are connected already", limits::EVENT_CONSUMERS_MAX)))?;
    let (news, closing, shown) = (context.api.hub.watch(), context.closing.clone(), context.shown(&asker));
    let consumer = Consumer { last, ready, news, closing, context, asker, shown, own_calls: BTreeSet::new(), _place: place };
    let events =
        stream::unfold(consumer, |mut consumer| async move { consumer.next().await.map(|event| (Ok::<_, Infallible>(event), consumer)) });
    let stream = Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)).text("still here"));
    Ok(([("x-accel-buffering", "no")], stream).into_response())
}

fn gap(after: u64, before: u64) -> Event {
    Event::default().event("gap").data(format!("{{\"after\":{after},\"before\":{before}}}"))
}

struct Consumer {
    context: Arc<Context>,
    asker: Asker,
    /// By the configuration as it stood at the last look.
    shown: Shown,
    /// Of an agent.
    own_calls: BTreeSet<String>,
    /// Number of the last event put into `ready`.
    last: u64,
    ready: VecDeque<Event>,
    news: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl Consumer {
    /// The next event; `None` when the server or the session ends.
    async fn next(&mut self) -> Option<Event> {
        let mut closing = self.closing.clone();
        loop {
            if *self.closing.borrow() {
                return None;
            }
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if !self.asker.goes_on(&self.context) {
                return None;
            }
            // Marked as seen before the ring is read: what comes in between wakes us again.
            self.news.borrow_and_update();
            tokio::select! {
                () = self.refill() => {}
                _ = closing.wait_for(|closing| *closing) => return None,
            }
            if self.ready.is_empty() {
                tokio::select! {
                    changed = self.news.changed() => changed.ok()?,
                    () = tokio::time::sleep(LOOKED_AT_EVERY) => {}
                    _ = closing.wait_for(|closing| *closing) => return None,
                }
            }
        }
    }

    async fn refill(&mut self) {
        self.shown = self.context.shown(&self.asker);
        match self.context.api.hub.after(self.last, PAGE) {
            After::Events(events) => {
                for event in events {
                    self.last = event.seq;
                    if self.shown.is_whole() && self.asker.own().is_none() && self.may_hear(event.event.name) {
                        self.ready.push_back(Event::default().id(event.seq.to_string()).event(event.event.name).data(event.json()));
                    } else {
                        self.take(EventShape::new(event.seq, &event.event));
                    }
                }
            }
            After::Older { ring_begins_at } => self.refill_from_database(ring_begins_at).await,
        }
    }

    /// What lies between the last event and the ring; holes in it, and what a database in trouble keeps from us, are told as gaps.
    async fn refill_from_database(&mut self, ring_begins_at: u64) {
        self.context.catch_up().await;
        let events = self.context.api.store.events_between(self.last, ring_begins_at, PAGE).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a consumer's missed events cannot be read");
            Vec::new()
        });
        let page_is_full = events.len() == PAGE;
        for event in events {
            self.skip_to(event.seq);
            self.last = event.seq;
            self.take(event);
        }
        if !page_is_full {
            self.skip_to(ring_begins_at);
        }
    }

    /// An event, as far as it is his and as he may see it.
    fn take(&mut self, event: EventShape) {
        if !self.may_hear(&event.name) || !self.concerns_him(&event) {
            return;
        }
        let event = self.shown.event(event);
        let data = serde_json::to_string(&event).expect("a shape of plain values becomes JSON");
        self.ready.push_back(Event::default().id(event.seq.to_string()).event(event.name).data(data));
    }

    /// What is said of scores is for who may see them.
    fn may_hear(&self, name: &str) -> bool {
        !name.starts_with(qa::news::PREFIX) || self.asker.rights().contains(&Right::Results)
    }

    /// Of who sees only his own: himself, his calls from when he comes into them, and his queues' figures.
    fn concerns_him(&mut self, event: &EventShape) -> bool {
        let Some(own) = self.asker.own().map(AgentId::as_str) else { return true };
        let named = event.agent.as_deref() == Some(own) || event.detail.get("agent").is_some_and(|agent| agent == own);
        let Some(call) = &event.call else { return named || event.agent.is_none() && event.name.starts_with("figures.") };
        if named {
            self.own_calls.insert(call.clone());
            if self.own_calls.len() > OWN_CALLS_MAX {
                self.own_calls.pop_first();
            }
        }
        named || self.own_calls.contains(call)
    }

    fn skip_to(&mut self, seq: u64) {
        if self.last + 1 < seq {
            self.ready.push_back(gap(self.last, seq).id((seq - 1).to_string()));
            self.last = seq - 1;
        }
    }
}
