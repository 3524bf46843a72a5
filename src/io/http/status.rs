//! What the switch stands on, for who looks after it: its disks, its ports, its versions, and since when it runs. Each with a word for whether
//! something must be done.

use super::Context;
use super::params::Params;
use super::problem::Problem;
use crate::base::Timestamp;
use crate::config::FreeSpace;
use crate::io::retention::Free;
use crate::io::shapes::Time;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use utoipa::ToSchema;

/// A disk that does not answer within this is not known.
const DISK_PATIENCE: Duration = Duration::from_secs(2);
/// What is asked for where the configuration asks for nothing: of the data folder, and with `free_space = "off"`.
const ROOM: FreeSpace = FreeSpace::Bytes(1_000_000_000);

/// Since when the switch runs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    at: Timestamp,
    /// Wall clocks are set; this one is not.
    instant: Instant,
}

impl Begun {
    pub fn now(at: Timestamp) -> Self {
        Self { at, instant: Instant::now() }
    }
}

/// What the switch stands on.
#[derive(Debug, Serialize, ToSchema)]
pub struct Status {
    pub started_at: Time,
    pub uptime_ms: u64,
    pub versions: Versions,
    /// Where data and recordings lie; the same disk twice when both lie on it.
    pub disks: Vec<Disk>,
    /// null in a switch without media.
    pub media_ports: Option<MediaPorts>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Versions {
    #[schema(examples("0.1.0"))]
    pub switch: &'static str,
    /// The compiler.
    pub rustc: &'static str,
    /// null when the database does not answer.
    pub sqlite: Option<String>,
    /// libopus.
    pub opus: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Disk {
    /// data, recordings.
    pub of: &'static str,
    pub folder: String,
    /// Bytes; null when the disk does not answer.
    pub free: Option<u64>,
    pub total: Option<u64>,
    /// Percent of it that is free.
    pub free_percent: Option<f64>,
    /// Bytes that are to be free: `[storage.retention] free_space` of the recordings, below which the oldest of them go; else 1 GB.
    pub wanted: Option<u64>,
    /// ok; low: less than twice what is to be free; short: less than that; unknown.
    pub state: &'static str,
}

/// Pairs of ports, one a leg: RTP and RTCP.
#[derive(Debug, Serialize, ToSchema)]
pub struct MediaPorts {
    #[schema(examples("20000-29999"))]
    pub range: String,
    pub total: usize,
    pub used: usize,
    pub free: usize,
    /// ok; low: less than a tenth is free; short: none is, and calls are refused.
    pub state: &'static str,
}

/// Disks, ports, versions, and since when the switch runs.
#[utoipa::path(get, path = "/api/v1/status", tag = "operation", responses((status = 200, body = Status)))]
pub async fn show(State(context): State<Arc<Context>>, params: Params) -> Result<Json<Status>, Problem> {
    params.end()?;
    let api = &context.api;
    let config = api.config.get();
    let (data, recordings) = tokio::join!(
        disk("data", api.data.clone(), ROOM),
        disk("recordings", api.recordings.clone(), config.storage.retention.free_space),
    );
    let versions = Versions {
        switch: env!("CARGO_PKG_VERSION"),
        rustc: env!("SANLING_RUSTC"),
        sqlite: api.store.version().await.ok(),
        opus: env!("SANLING_LIBOPUS"),
    };
    Ok(Json(Status {
        started_at: context.begun.at.into(),
        uptime_ms: u64::try_from(context.begun.instant.elapsed().as_millis()).unwrap_or(u64::MAX),
        versions,
        disks: vec![data, recordings],
        media_ports: api.metrics.media_ports().map(|(free, total)| MediaPorts {
            range: format!("{}-{}", config.media.ports.start(), config.media.ports.end()),
            total,
            used: total.saturating_sub(free),
            free,
            state: ports_state(free, total),
        }),
    }))
}

/// A network's disk may hang: another thread waits for it, and not for ever.
async fn disk(of: &'static str, folder: PathBuf, rule: FreeSpace) -> Disk {
    let asked = {
        let folder = folder.clone();
        tokio::task::spawn_blocking(move || Free::of(existing(&folder)))
    };
    let free = tokio::time::timeout(DISK_PATIENCE, asked).await.ok().and_then(Result::ok).and_then(Result::ok);
    let wanted = free.map(|free| wanted(rule, free.of));
    Disk {
        of,
        folder: folder.display().to_string(),
        free: free.map(|free| free.bytes),
        total: free.map(|free| free.of),
        free_percent: free.filter(|free| free.of > 0).map(share),
        wanted,
        state: free.zip(wanted).map_or("unknown", |(free, wanted)| disk_state(free.bytes, wanted)),
    }
}

/// The folder, or as long as it is not made the next above it that is there.
fn existing(folder: &Path) -> &Path {
    folder.ancestors().find(|folder| folder.exists()).unwrap_or_else(|| Path::new("."))
}

fn wanted(rule: FreeSpace, of: u64) -> u64 {
    // What lacks of a disk with nothing free is what is to be free.
    rule.missing(0, of).or_else(|| ROOM.missing(0, of)).unwrap_or(0)
}

#[allow(clippy::cast_precision_loss)] // A tenth of a percent is what is shown.
fn share(free: Free) -> f64 {
    (free.bytes as f64 * 1_000.0 / free.of as f64).round() / 10.0
}

fn disk_state(free: u64, wanted: u64) -> &'static str {
    if free < wanted {
        "short"
    } else if free / 2 < wanted {
        "low"
    } else {
        "ok"
    }
}

fn ports_state(free: usize, total: usize) -> &'static str {
    if free == 0 {
        "short"
    } else if free < total.div_ceil(10) {
        "low"
    } else {
        "ok"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_short_below_what_is_to_be_free_and_low_below_twice_that() {
        for (free, wanted, expected) in
            [(99, 100, "short"), (100, 100, "low"), (199, 100, "low"), (200, 100, "ok"), (0, 0, "ok"), (u64::MAX, u64::MAX, "low")]
        {
            assert_eq!(disk_state(free, wanted), expected, "{free} of {wanted}");
        }
        assert_eq!(wanted(FreeSpace::Percent(5), 1_000), 50);
        assert_eq!(wanted(FreeSpace::Bytes(7), 1_000), 7);
        assert_eq!(wanted(FreeSpace::Off, 5_000_000_000), 1_000_000_000);
    }

    #[test]
    fn ports_are_low_below_a_tenth_and_short_when_none_is_left() {
        for (free, expected) in [(0, "short"), (1, "low"), (9, "low"), (10, "ok"), (100, "ok")] {
            assert_eq!(ports_state(free, 100), expected, "{free}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_yet_lies_on_the_disk_of_the_next_above_it() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(existing(&folder.path().join("recordings/2026")), folder.path());
        assert_eq!(existing(folder.path()), folder.path());
    }

    #[tokio::test]
    async fn the_disk_of_a_folder_is_told_with_its_share() {
        let folder = tempfile::tempdir().expect("a folder");
        let disk = disk("data", folder.path().to_owned(), FreeSpace::Bytes(1)).await;
        let (free, total) = (disk.free.expect("it answers"), disk.total.expect("it answers"));
        assert!(free <= total && total > 0 && disk.wanted == Some(1) && disk.state == "ok", "{disk:?}");
        let percent = disk.free_percent.expect("a share");
        assert!((0.0..=100.0).contains(&percent));
    }
}
