//! A call's sound: the file with ranges, or a running call's file as it stands. Plays and downloads are audited before a byte goes out.

use super::access::Right;
use super::auth::Asker;
use super::params::{self, Params};
use super::problem::Problem;
use super::range::{Wanted, wanted};
use super::{Context, calls, wav};
use crate::io::shapes::Recording;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use std::io::SeekFrom;
use std::path::{Component, PathBuf};
use std::sync::Arc;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Bytes read from the disk at a time.
const CHUNK: usize = 64 * 1024;
/// Letters of a reason.
const WHY_MAX: usize = 200;

/// A call's recording as WAV; of a running call, what there is so far.
#[utoipa::path(get, path = "/api/v1/calls/{id}/recording", tag = "calls",
    params(("id" = String, Path, description = "ULID"),
        ("download" = Option<String>, Query, description = "1: to be kept as a file, which is a right of its own"),
        ("why" = Option<String>, Query, description = "for the audit log, at most 200 letters"),
        ("Range" = Option<String>, Header, description = "bytes=FIRST-LAST, one range")),
    responses(
        (status = 200, content_type = "audio/wav", body = Vec<u8>, description = "left the caller, right the agent or the switch"),
        (status = 206, content_type = "audio/wav", body = Vec<u8>),
        (status = 304, description = "If-None-Match names the recording's hash"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "removed by retention: when and why"),
        (status = 416, body = Problem, content_type = "application/problem+json")))]
pub async fn fetch(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    method: Method,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let is_download = params.word("download", &["1"])?.is_some();
    let too_long = || Problem::parameter("why", format!("why has at most {WHY_MAX} letters and no control characters"));
    let why = params::words(&params.text("why").unwrap_or_default(), WHY_MAX).ok_or_else(too_long)?;
    params.end()?;
    if is_download {
        asker.require(Right::Download)?;
    }
    let call = calls::visible(&context, &asker, &id).await?;
    let recording = call.recording.ok_or_else(|| Problem::not_found(format!("the call {id} was not recorded")))?;
    let sound = Sound::open(&context, &recording).await?;
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    if let (Some(etag), Some(known)) = (&sound.etag, text(header::IF_NONE_MATCH))
        && known.split(',').any(|tag| matches!(tag.trim(), "*") || tag.trim().trim_start_matches("W/") == etag)
    {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag.clone())]).into_response());
    }
    // RFC 9110 §13.1.5: a range is meant for the file that If-Range names; of any other, all is sent. Only strong tags compare.
    let same_file = text(header::IF_RANGE).is_none_or(|tag| sound.etag.as_deref() == Some(tag.trim()));
    let wanted = if same_file { wanted(text(header::RANGE), sound.length) } else { Wanted::All };
    let (status, first, length) = match wanted {
        Wanted::All => (StatusCode::OK, 0, sound.length),
        Wanted::Part { first, length } => (StatusCode::PARTIAL_CONTENT, first, length),
        Wanted::Unsatisfiable => {
            let whole = HeaderValue::from_str(&format!("bytes */{}", sound.length)).expect("digits make a header");
            let detail = format!("the recording has {} bytes", sound.length);
            return Err(Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, detail).with_header(header::CONTENT_RANGE, whole));
        }
    };
    let disposition = if is_download { "attachment" } else { "inline" };
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "audio/wav")
        .header(header::CONTENT_LENGTH, length)
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CACHE_CONTROL, "private, no-cache")
        .header(header::CONTENT_DISPOSITION, format!("{disposition}; filename=\"{}.wav\"", call.id));
    if let Some(etag) = &sound.etag {
        response = response.header(header::ETAG, etag);
    }
    if status == StatusCode::PARTIAL_CONTENT {
        response = response.header(header::CONTENT_RANGE, format!("bytes {first}-{}/{}", first + length - 1, sound.length));
    }
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        if is_download {
            context.audit(&asker, "recording.downloaded", Some(&call.id), why)?;
        } else {
            context.audit_view(&asker, "recording.played", &call.id, why)?;
        }
        sound.body(first, length).await.map_err(unreadable)?
    };
    Ok(response.body(body).expect("these headers are well-formed"))
}

/// 410: it was there, and when and why it went.
pub fn removed(recording: &Recording) -> Problem {
    let at = recording.removed_at.map_or_else(String::new, |at| format!(" at {at}"));
    let reason = recording.reason.as_deref().unwrap_or("no reason is known");
    Problem::new(StatusCode::GONE, format!("the recording was removed{at}: {reason}"))
}

pub fn unreadable(error: std::io::Error) -> Problem {
    tracing::error!(%error, "a recording cannot be read");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the recording cannot be read; the switch's log says why")
}

/// A recording's file.
enum Found {
    Whole(File),
    /// The call still runs, or its file is being finished.
    Growing(File),
}

/// The file of a recording, as it stands.
///
/// # Errors
/// 404 where there is none, 410 where it was removed.
pub async fn open(context: &Context, recording: &Recording) -> Result<File, Problem> {
    match find(context, recording).await? {
        Found::Whole(file) | Found::Growing(file) => Ok(file),
    }
}

async fn find(context: &Context, recording: &Recording) -> Result<Found, Problem> {
    if recording.state == "removed" {
        return Err(removed(recording));
    }
    if recording.state == "missing" {
        let reason = recording.reason.as_deref().unwrap_or("no reason is known");
        return Err(Problem::not_found(format!("the recording is missing: {reason}")));
    }
    let relative = PathBuf::from(&recording.file);
    if !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(Problem::not_found("the recording's file is not below the recordings folder"));
    }
    let path = context.api.recordings.join(relative);
    let mut growing = path.clone().into_os_string();
    growing.push(".part");
    // Finished first: between the look-up and the opening a growing file may be renamed, never the other way.
    match File::open(&path).await {
        Ok(file) => Ok(Found::Whole(file)),
        Err(_) => match File::open(&growing).await {
            Ok(file) => Ok(Found::Growing(file)),
            // And once more, had it been renamed between the two.
            Err(_) => match File::open(&path).await {
                Ok(file) => Ok(Found::Whole(file)),
                Err(_) => Err(Problem::not_found(format!("the file {} is not in the recordings folder", recording.file))),
            },
        },
    }
}

/// An opened file, and what of it is served.
struct Sound {
    file: File,
    /// The file's beginning where it must be served otherwise than it stands: a growing file's header.
    head: Vec<u8>,
    length: u64,
    /// The hash, quoted; a growing file has none.
    etag: Option<String>,
}

impl Sound {
    async fn open(context: &Context, recording: &Recording) -> Result<Self, Problem> {
        match find(context, recording).await? {
            Found::Whole(file) => Self::finished(file, recording).await.map_err(unreadable),
            Found::Growing(file) => Self::growing(file).await,
        }
    }

    async fn finished(file: File, recording: &Recording) -> std::io::Result<Self> {
        let length = file.metadata().await?.len();
        Ok(Self { file, head: Vec::new(), length, etag: recording.sha256.as_ref().map(|hash| format!("\"{hash}\"")) })
    }

    async fn growing(mut file: File) -> Result<Self, Problem> {
        let length = file.metadata().await.map_err(unreadable)?.len();
        let mut head = Vec::with_capacity(wav::HEAD_MAX);
        (&mut file).take(wav::HEAD_MAX as u64).read_to_end(&mut head).await.map_err(unreadable)?;
        head.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        let layout = wav::layout(&head).ok_or_else(|| Problem::overloaded("the recording has just begun and has no header yet"))?;
        let length = wav::whole(layout, length);
        wav::set_sizes(&mut head, layout, length);
        head.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        Ok(Self { file, head, length, etag: None })
    }

    /// `length` bytes from `first` on, read as they are taken. A file that turns out shorter ends the answer in an error, never silently.
    async fn body(mut self, first: u64, length: u64) -> std::io::Result<Body> {
        let skip = usize::try_from(first).unwrap_or(usize::MAX).min(self.head.len());
        let mut head = self.head.split_off(skip);
        head.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        let left = length - head.len() as u64;
        self.file.seek(SeekFrom::Start(first + head.len() as u64)).await?;
        let head = (!head.is_empty()).then(|| Bytes::from(head));
        Ok(Body::from_stream(stream::try_unfold((head, self.file, left), |(head, mut file, left)| async move {
            if let Some(head) = head {
                return Ok(Some((head, (None, file, left))));
            }
            if left == 0 {
                return Ok(None);
            }
            let mut chunk = vec![0; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK))];
            let count = file.read(&mut chunk).await?;
            if count == 0 {
                return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof));
            }
            chunk.truncate(count);
            Ok(Some((Bytes::from(chunk), (None, file, left - count as u64))))
        })))
    }
}
