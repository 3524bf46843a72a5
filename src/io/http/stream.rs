//! Server-sent events: a consumer is given what comes after the last event he had, from the ring or, older, from the database, at his own
//! pace.

use super::Context;
use super::params::Params;
use super::problem::Problem;
use crate::base::limits;
use crate::io::events::After;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};

/// Events taken at a time: what a consumer's connection may hold in memory.
const PAGE: usize = 256;

/// What happens in the switch, from now on or from after `Last-Event-ID`. `id` is the event's `seq`, `event` its `name`, `data` the event as
/// JSON. An event `gap` {`after`, `before`} says that what was between is kept nowhere: load the present state anew.
#[utoipa::path(get, path = "/api/v1/events", tag = "events",
    params(("Last-Event-ID" = Option<u64>, Header, description = "seq of the last event received")),
    responses(
        (status = 200, content_type = "text/event-stream", body = String),
        (status = 400, body = Problem, content_type = "application/problem+json"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "too many consumers")))]
pub async fn events(State(context): State<Arc<Context>>, headers: HeaderMap, params: Params) -> Result<Response, Problem> {
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
    let consumer = Consumer { last, ready, news: context.api.hub.watch(), closing: context.closing.clone(), context, _place: place };
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
    /// Number of the last event put into `ready`.
    last: u64,
    ready: VecDeque<Event>,
    news: watch::Receiver<u64>,
    closing: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
}

impl Consumer {
    /// The next event; `None` when the server ends.
    async fn next(&mut self) -> Option<Event> {
        let mut closing = self.closing.clone();
        loop {
            if *self.closing.borrow() {
                return None;
            }
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
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
                    _ = closing.wait_for(|closing| *closing) => return None,
                }
            }
        }
    }

    async fn refill(&mut self) {
        match self.context.api.hub.after(self.last, PAGE) {
            After::Events(events) => {
                for event in events {
                    self.last = event.seq;
                    self.ready.push_back(Event::default().id(event.seq.to_string()).event(event.event.name).data(event.json()));
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
            let data = serde_json::to_string(&event).expect("a shape of plain values becomes JSON");
            self.ready.push_back(Event::default().id(event.seq.to_string()).event(event.name).data(data));
        }
        if !page_is_full {
            self.skip_to(ring_begins_at);
        }
    }

    fn skip_to(&mut self, seq: u64) {
        if self.last + 1 < seq {
            self.ready.push_back(gap(self.last, seq).id((seq - 1).to_string()));
            self.last = seq - 1;
        }
    }
}
