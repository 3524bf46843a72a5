//! Messages that callers left: which there are, their sound, cut from the calls' recordings, and that somebody has listened to them.

use super::auth::Asker;
use super::dto::{HeardRequest, Message, MessageList};
use super::params::Params;
use super::problem::Problem;
use super::{Context, calls, recording, wav};
use crate::base::{BoxId, CallId};
use crate::switch::input::Command;
use crate::switch::output::Reply;
use crate::switch::view::MessageView;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use std::io::SeekFrom;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Messages, newest first; an agent sees those of his boxes.
#[utoipa::path(get, path = "/api/v1/messages", tag = "messages",
    params(
        ("box" = Option<String>, Query, description = "of one box"),
        ("new" = Option<bool>, Query, description = "true: only those that nobody has listened to")),
    responses((status = 200, body = MessageList)))]
pub async fn list(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    mut params: Params,
) -> Result<Json<MessageList>, Problem> {
    let in_box = params.text("box").map(|id| BoxId::new(&id));
    let new = match params.text("new").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::parameter("new", "new is true or false".to_owned())),
    };
    params.end()?;
    let shown = context.shown(&asker);
    let seen = ask(&context, in_box, new).await?.into_iter().filter(|view| may_see(&context, &asker, view));
    let items = seen.map(|view| shown.message(Message::from(&view))).collect();
    Ok(Json(MessageList { items, next: None }))
}

/// The message as WAV: the caller's side of the call, from the beep on. Each fetch is audited.
#[utoipa::path(get, path = "/api/v1/messages/{id}/audio", tag = "messages", params(("id" = String, Path, description = "ULID of its call")),
    responses(
        (status = 200, content_type = "audio/wav", body = Vec<u8>),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "the recording was removed by retention")))]
pub async fn audio(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    params: Params,
) -> Result<impl IntoResponse, Problem> {
    params.end()?;
    let view = one(&context, &asker, &id).await?;
    let call = calls::find(&context, &id).await?;
    let kept = call.recording.ok_or_else(|| Problem::not_found(format!("the call {id} was not recorded")))?;
    let mut file = recording::open(&context, &kept).await?;
    let sound = cut(&mut file, &view).await.map_err(recording::unreadable)?;
    let sound = sound.ok_or_else(|| Problem::not_found("the recording does not reach so far"))?;
    context.audit(&asker, "message.fetched", Some(&id), format!("box {}", view.in_box))?;
    Ok(([(header::CONTENT_TYPE, "audio/wav"), (header::CACHE_CONTROL, "private, no-cache")], sound))
}

/// Somebody has listened to it: the lamps go out. Who says so later changes nothing.
#[utoipa::path(post, path = "/api/v1/messages/{id}/heard", tag = "messages", params(("id" = String, Path, description = "ULID of its call")),
    request_body = HeardRequest,
    responses((status = 200, body = Message), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn heard(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: Result<Json<HeardRequest>, JsonRejection>,
) -> Result<Json<Message>, Problem> {
    let Json(HeardRequest { by }) = body?;
    let by = super::params::words(&by, BY_MAX).filter(|by| !by.is_empty());
    let by = by.ok_or_else(|| Problem::member("by", format!("who has listened: 1 to {BY_MAX} letters and no control characters")))?;
    let call: CallId = id.parse().map_err(|_| unknown(&id))?;
    one(&context, &asker, &id).await?;
    match context.api.desk.ask(Command::MessageHeard { call, by: by.clone() }).await? {
        Reply::UnknownCall => return Err(unknown(&id)),
        _ => context.audit(&asker, "message.heard", Some(&id), by)?,
    }
    let view = one(&context, &asker, &id).await?;
    Ok(Json(context.shown(&asker).message(Message::from(&view))))
}

/// Letters of a name.
const BY_MAX: usize = 64;

fn unknown(id: &str) -> Problem {
    Problem::not_found(format!("the call {id} left no message, or it is forgotten"))
}

async fn ask(context: &Context, in_box: Option<BoxId>, new: bool) -> Result<Vec<MessageView>, Problem> {
    match context.api.desk.ask(Command::Messages { in_box, new }).await? {
        Reply::Messages(messages) => Ok(messages),
        other => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("the switch answered {other:?}"))),
    }
}

async fn one(context: &Context, asker: &Asker, id: &str) -> Result<MessageView, Problem> {
    let found = ask(context, None, false).await?.into_iter().find(|view| view.message.call.to_string() == id);
    found.filter(|view| may_see(context, asker, view)).ok_or_else(|| unknown(id))
}

/// Whether the message's box is his, of who sees only his own.
fn may_see(context: &Context, asker: &Asker, view: &MessageView) -> bool {
    let config = context.api.config.get();
    let is_his = |own| config.boxes.get(&view.in_box).zip(config.agents.get(own)).is_some_and(|(of, agent)| of.is_of(agent));
    asker.own().is_none_or(is_his)
}

/// The caller's channel of the part that is the message, as a WAV of its own; `None` where the file has nothing of it.
async fn cut(file: &mut tokio::fs::File, view: &MessageView) -> std::io::Result<Option<Vec<u8>>> {
    let length = file.metadata().await?.len();
    let mut head = Vec::with_capacity(wav::HEAD_MAX);
    (&mut *file).take(wav::HEAD_MAX as u64).read_to_end(&mut head).await?;
    let (Some(layout), Some(hz)) = (wav::layout(&head), wav::rate(&head)) else { return Ok(None) };
    let bytes = |millis: u128| u64::try_from(millis * u128::from(hz) / 1_000).unwrap_or(u64::MAX).saturating_mul(layout.block);
    let from = layout.data_at.saturating_add(bytes(view.message.offset.as_millis()));
    let whole = wav::whole(layout, length);
    if from >= whole {
        return Ok(None);
    }
    let long = bytes(view.message.duration.as_millis()).min(whole - from);
    file.seek(SeekFrom::Start(from)).await?;
    let mut both = Vec::new();
    file.take(long).read_to_end(&mut both).await?;
    let block = usize::try_from(layout.block).unwrap_or(usize::MAX);
    let left: Vec<u8> = both.chunks_exact(block).flat_map(|moment| moment[..2].iter().copied()).collect();
    Ok(Some(wav::mono(&left, hz)))
}
