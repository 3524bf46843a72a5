//! What people note on calls: a text, on the whole call or on a moment of its time line; and the searches that they keep.

use super::access::Right;
use super::auth::Asker;
use super::params::{self, Params};
use super::problem::Problem;
use super::{Context, calls, wall_time};
use crate::base::limits::{NOTES_PER_CALL_MAX, SEARCHES_MAX};
use crate::io::shapes::Time;
use crate::io::store::{Row, Work, WorkFilter, WorkKind};
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::sync::Arc;
use utoipa::ToSchema;

/// Letters of a note, of a search's name and of its query.
const TEXT_MAX: usize = 2_000;
const NAME_MAX: usize = 80;
const QUERY_MAX: usize = 1_000;

/// What somebody noted on a call.
#[derive(Debug, Serialize, ToSchema)]
pub struct Note {
    /// ULID.
    pub id: String,
    /// Id of the user who wrote it.
    pub who: String,
    pub at: Time,
    pub text: String,
    /// A moment of the recording, in milliseconds from its beginning; null: the whole call.
    pub at_ms: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct NoteList {
    /// Newest first.
    pub items: Vec<Note>,
    /// Always null: all come at once.
    pub next: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoteRequest {
    /// 1 to 2,000 letters; calls are found by its words.
    #[schema(examples("promised a refund"))]
    pub text: String,
    #[schema(examples(61_500))]
    pub at_ms: Option<u64>,
}

/// A search that somebody keeps.
#[derive(Debug, Serialize, ToSchema)]
pub struct Search {
    /// ULID.
    pub id: String,
    pub who: String,
    pub name: String,
    /// As behind the question mark of `/calls`.
    pub query: String,
    /// Everybody sees it.
    pub shared: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SearchList {
    /// His own and the shared ones, newest first.
    pub items: Vec<Search>,
    /// Always null: all come at once.
    pub next: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchRequest {
    /// 1 to 80 letters.
    #[schema(examples("long holds of this week"))]
    pub name: String,
    #[schema(examples("broken=patience&longer=5m"))]
    pub query: String,
    #[serde(default)]
    pub shared: bool,
}

impl From<Work> for Note {
    fn from(work: Work) -> Self {
        let text = work.body["text"].as_str().unwrap_or_default().to_owned();
        Self { id: work.id, who: work.who, at: work.at, text, at_ms: work.body["at_ms"].as_u64() }
    }
}

impl From<Work> for Search {
    fn from(work: Work) -> Self {
        let text = |name: &str| work.body[name].as_str().unwrap_or_default().to_owned();
        Self { name: text("name"), query: text("query"), shared: work.body["shared"] == true, id: work.id, who: work.who }
    }
}

/// Notes on a call.
#[utoipa::path(get, path = "/api/v1/calls/{id}/notes", tag = "notes", params(("id" = String, Path, description = "ULID")),
    responses((status = 200, body = NoteList), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<NoteList>, Problem> {
    params.end()?;
    let call = calls::visible(&context, &asker, &id).await?;
    let items = of_call(&context, &call.id).await?.into_iter().map(Note::from).collect();
    Ok(Json(NoteList { items, next: None }))
}

/// Notes something on a call.
#[utoipa::path(post, path = "/api/v1/calls/{id}/notes", tag = "notes", params(("id" = String, Path, description = "ULID")),
    request_body = NoteRequest,
    responses((status = 201, body = Note), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "the call has as many notes as it may"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn add(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    body: Result<Json<NoteRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<Note>), Problem> {
    let Json(request) = body?;
    let call = calls::visible(&context, &asker, &id).await?;
    let text = checked(&request.text, "text", TEXT_MAX)?;
    if of_call(&context, &call.id).await?.len() >= NOTES_PER_CALL_MAX {
        return Err(Problem::new(StatusCode::CONFLICT, format!("the call has {NOTES_PER_CALL_MAX} notes already")));
    }
    let work = note(context.new_id(), &call.id, &asker, &text, request.at_ms);
    context.audit(&asker, "note.written", Some(&call.id), text)?;
    context.keep(work.clone()).await?;
    Ok((StatusCode::CREATED, Json(work.into())))
}

/// Writes one's own note anew.
#[utoipa::path(put, path = "/api/v1/calls/{id}/notes/{note}", tag = "notes",
    params(("id" = String, Path, description = "ULID"), ("note" = String, Path, description = "ULID")),
    request_body = NoteRequest,
    responses((status = 200, body = Note), (status = 403, body = Problem, content_type = "application/problem+json", description = "another's"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path((id, note_id)): Path<(String, String)>,
    body: Result<Json<NoteRequest>, JsonRejection>,
) -> Result<Json<Note>, Problem> {
    let Json(request) = body?;
    let (call, old) = own_note(&context, &asker, &id, &note_id).await?;
    let text = checked(&request.text, "text", TEXT_MAX)?;
    let work = Work { who: old.who, at: old.at, ..note(old.id, &call, &asker, &text, request.at_ms) };
    context.audit(&asker, "note.changed", Some(&call), text)?;
    context.keep(work.clone()).await?;
    Ok(Json(work.into()))
}

/// Takes one's own note away.
#[utoipa::path(delete, path = "/api/v1/calls/{id}/notes/{note}", tag = "notes",
    params(("id" = String, Path, description = "ULID"), ("note" = String, Path, description = "ULID")),
    responses((status = 204), (status = 403, body = Problem, content_type = "application/problem+json", description = "another's"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn remove(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path((id, note_id)): Path<(String, String)>,
    params: Params,
) -> Result<StatusCode, Problem> {
    params.end()?;
    let (call, old) = own_note(&context, &asker, &id, &note_id).await?;
    context.audit(&asker, "note.removed", Some(&call), old.words.unwrap_or_default())?;
    context.forget(WorkKind::Note, old.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Searches that he, or somebody for all, keeps.
#[utoipa::path(get, path = "/api/v1/searches", tag = "notes", responses((status = 200, body = SearchList)))]
pub async fn searches(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    params: Params,
) -> Result<Json<SearchList>, Problem> {
    params.end()?;
    context.settle().await;
    let all = context.api.store.works(WorkKind::Search, &WorkFilter::default(), SEARCHES_MAX).await?;
    let items = all.into_iter().map(Search::from).filter(|search| search.shared || search.who == asker.who).collect();
    Ok(Json(SearchList { items, next: None }))
}

/// Keeps a search.
#[utoipa::path(post, path = "/api/v1/searches", tag = "notes", request_body = SearchRequest,
    responses((status = 201, body = Search),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "as many are kept as may be"),
        (status = 422, body = Problem, content_type = "application/problem+json")))]
pub async fn keep_search(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    body: Result<Json<SearchRequest>, JsonRejection>,
) -> Result<(StatusCode, Json<Search>), Problem> {
    let Json(request) = body?;
    let (name, query) = (checked(&request.name, "name", NAME_MAX)?, checked(&request.query, "query", QUERY_MAX)?);
    context.settle().await;
    if context.api.store.works(WorkKind::Search, &WorkFilter::default(), SEARCHES_MAX).await?.len() >= SEARCHES_MAX {
        return Err(Problem::new(StatusCode::CONFLICT, format!("{SEARCHES_MAX} searches are kept already")));
    }
    let body = json!({"name": name, "query": query, "shared": request.shared});
    let work = Work { call: None, words: None, body, ..work(WorkKind::Search, context.new_id(), &asker) };
    context.audit(&asker, "search.kept", None, format!("{name}: {query}"))?;
    context.keep(work.clone()).await?;
    Ok((StatusCode::CREATED, Json(work.into())))
}

/// Keeps a search no longer: one's own.
#[utoipa::path(delete, path = "/api/v1/searches/{id}", tag = "notes", params(("id" = String, Path, description = "ULID")),
    responses((status = 204), (status = 403, body = Problem, content_type = "application/problem+json", description = "another's"),
        (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn drop_search(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    params: Params,
) -> Result<StatusCode, Problem> {
    params.end()?;
    context.settle().await;
    let old = context.api.store.work(WorkKind::Search, &id).await?;
    let old = old.ok_or_else(|| Problem::not_found(format!("no search has the id {id:?}")))?;
    may_change(&asker, &old)?;
    context.audit(&asker, "search.dropped", None, Search::from(old).name)?;
    context.forget(WorkKind::Search, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Context {
    /// Of something new.
    pub(super) fn new_id(&self) -> String {
        self.ids.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next(wall_time()).to_string()
    }

    /// Writes a document, and waits until who asks next finds it.
    pub(super) async fn keep(&self, work: Work) -> Result<(), Problem> {
        self.put(Row::Work(Box::new(work))).await
    }

    pub(super) async fn forget(&self, kind: WorkKind, id: String) -> Result<(), Problem> {
        self.put(Row::WorkGone { kind, id }).await
    }

    async fn put(&self, row: Row) -> Result<(), Problem> {
        self.api.store.try_push(row).map_err(|_| Problem::overloaded("this cannot be kept now"))?;
        self.settle().await;
        Ok(())
    }
}

async fn of_call(context: &Context, call: &str) -> Result<Vec<Work>, Problem> {
    context.settle().await;
    let filter = WorkFilter { call: Some(call.to_owned()), ..WorkFilter::default() };
    Ok(context.api.store.works(WorkKind::Note, &filter, NOTES_PER_CALL_MAX).await?)
}

/// The call's id and the note, when he may change it.
async fn own_note(context: &Context, asker: &Asker, call: &str, note: &str) -> Result<(String, Work), Problem> {
    let call = calls::visible(context, asker, call).await?.id;
    context.settle().await;
    let found = context.api.store.work(WorkKind::Note, note).await?.filter(|work| work.call.as_ref() == Some(&call));
    let found = found.ok_or_else(|| Problem::not_found(format!("the call has no note with the id {note:?}")))?;
    may_change(asker, &found)?;
    Ok((call, found))
}

/// His own; an administrator's hand reaches all.
fn may_change(asker: &Asker, work: &Work) -> Result<(), Problem> {
    if asker.who == work.who {
        return Ok(());
    }
    asker
        .require(Right::Audit)
        .and_then(|()| asker.require(Right::Note))
        .map_err(|_| Problem::new(StatusCode::FORBIDDEN, format!("{} wrote it, and may change it", work.who)))
}

fn work(kind: WorkKind, id: String, asker: &Asker) -> Work {
    let (who, at) = (asker.who.clone(), Time::from(wall_time()));
    Work { kind, id, call: None, subject: None, who, at, number: None, words: None, body: serde_json::Value::Null }
}

fn note(id: String, call: &str, asker: &Asker, text: &str, at_ms: Option<u64>) -> Work {
    let (call, words) = (Some(call.to_owned()), Some(text.to_owned()));
    Work { call, words, body: json!({"text": text, "at_ms": at_ms}), ..work(WorkKind::Note, id, asker) }
}

/// A text of one line or several, without the spaces around it.
pub(super) fn checked(text: &str, member: &str, max: usize) -> Result<String, Problem> {
    let lines: Option<Vec<String>> = text.trim().lines().map(|line| params::words(line, max)).collect();
    let text = lines.map(|lines| lines.join("\n")).filter(|text| !text.is_empty() && text.chars().count() <= max);
    text.ok_or_else(|| Problem::member(member, format!("{member} has 1 to {max} letters, and no control characters but line ends")))
}
