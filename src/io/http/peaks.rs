//! A recording as it is drawn, so that a page need not load an hour of sound to show it.

use super::auth::Asker;
use super::params::Params;
use super::problem::Problem;
use super::{Context, calls, recording, wav};
use crate::audio::outline::{Outline, Outliner};
use crate::io::shapes::Time;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Serialize;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use utoipa::ToSchema;

/// Points when none are asked for, and how many may be.
const POINTS: u64 = 2_000;
const POINTS_MAX: u64 = 8_000;

/// One side of a recording.
#[derive(Debug, Serialize, ToSchema)]
pub struct Channel {
    /// customer (left), agent (right: the agent, and what the switch says).
    pub who: &'static str,
    /// The highest sample of each part, 0 to 127.
    pub peaks: Vec<u8>,
    /// How much of it this side speaks.
    pub talks_ms: u64,
}

/// A time on the recording's time line, in milliseconds from its beginning.
#[derive(Debug, Serialize, ToSchema)]
pub struct SpanOfTime {
    pub from_ms: u64,
    pub to_ms: u64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Peaks {
    pub duration_ms: u64,
    /// The recording's first moment: the caller was answered, or the first who was called by the switch.
    pub began_at: Option<Time>,
    pub channels: Vec<Channel>,
    /// Neither side speaks, for 2 s or longer.
    pub silences: Vec<SpanOfTime>,
    /// Both speak, for 0.4 s or longer.
    pub over_talk: Vec<SpanOfTime>,
}

impl Peaks {
    fn of(outline: Outline, began_at: Option<Time>) -> Self {
        let spans = |spans: Vec<(u64, u64)>| spans.into_iter().map(|(from_ms, to_ms)| SpanOfTime { from_ms, to_ms }).collect();
        let channels = ["customer", "agent"].into_iter().zip(outline.peaks).zip(outline.talks_ms);
        Self {
            duration_ms: outline.duration_ms,
            began_at,
            channels: channels.map(|((who, peaks), talks_ms)| Channel { who, peaks, talks_ms }).collect(),
            silences: spans(outline.silences),
            over_talk: spans(outline.over_talk),
        }
    }
}

/// The outline of a call's recording: peaks of each side, silences, over-talk. Of a running call, as far as it has come.
#[utoipa::path(get, path = "/api/v1/calls/{id}/recording/peaks", tag = "calls",
    params(("id" = String, Path, description = "ULID"),
        ("points" = Option<u64>, Query, minimum = 1, maximum = 8_000, description = "2,000 when absent")),
    responses((status = 200, body = Peaks), (status = 404, body = Problem, content_type = "application/problem+json"),
        (status = 410, body = Problem, content_type = "application/problem+json", description = "removed by retention: when and why"),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "too many at once")))]
pub async fn fetch(
    State(context): State<Arc<Context>>,
    Extension(asker): Extension<Asker>,
    Path(id): Path<String>,
    mut params: Params,
) -> Result<Json<Peaks>, Problem> {
    let points = params.text("points").map_or(Ok(POINTS), |text| {
        let points = text.parse().ok().filter(|points| (1..=POINTS_MAX).contains(points));
        points.ok_or_else(|| Problem::parameter("points", format!("points is a number from 1 to {POINTS_MAX}, not {text:?}")))
    })?;
    params.end()?;
    let call = calls::visible(&context, &asker, &id).await?;
    let of = call.recording.as_ref().ok_or_else(|| Problem::not_found(format!("the call {id} was not recorded")))?;
    let file = recording::open(&context, of).await?.into_std().await;
    let _place = context.outlines.try_acquire().map_err(|_| Problem::overloaded("enough recordings are being looked through already"))?;
    let outline = tokio::task::spawn_blocking(move || outline(file, points)).await;
    let outline = outline.map_err(|error| recording::unreadable(io::Error::other(error)))?.map_err(recording::unreadable)?;
    let outline = outline.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "the recording has no sound yet"))?;
    Ok(Json(Peaks::of(outline, call.answered_at)))
}

/// `None` when there is no sound of two sides in the file.
fn outline(mut file: File, points: u64) -> io::Result<Option<Outline>> {
    let mut head = Vec::with_capacity(wav::HEAD_MAX);
    Read::by_ref(&mut file).take(wav::HEAD_MAX as u64).read_to_end(&mut head)?;
    let Some((layout, hz)) = wav::layout(&head).filter(|layout| layout.block == 4).zip(wav::rate(&head)) else { return Ok(None) };
    let moments = file.metadata()?.len().saturating_sub(layout.data_at) / layout.block;
    file.seek(SeekFrom::Start(layout.data_at))?;
    let mut sound = BufReader::with_capacity(256 * 1024, file);
    let mut outliner = Outliner::new(hz, moments, points);
    let mut block = [0; 4];
    for _ in 0..moments {
        sound.read_exact(&mut block)?;
        let [a, b, c, d] = block;
        outliner.push(i16::from_le_bytes([a, b]), i16::from_le_bytes([c, d]));
    }
    Ok(Some(outliner.finish()))
}
