//! What a load has to tell: a table for people, the same for programs.

use super::ground::Ground;
use super::histogram::Histogram;
use super::options::Load;
use super::process::Reading;
use crate::base::Duration;
use crate::io::client::table;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Percentiles {
    pub count: u64,
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

impl From<&Histogram> for Percentiles {
    fn from(times: &Histogram) -> Self {
        let [p50, p95, p99, p999] = [50.0, 95.0, 99.0, 99.9].map(|percent| times.percentile_ms(percent));
        Self { count: times.count(), p50, p95, p99, p999, max: times.max_ms() }
    }
}

/// One stage's measured window.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Stage {
    /// Calls at once that were wanted, or a second.
    pub wanted_calls: Option<usize>,
    pub wanted_rate: Option<f64>,
    pub seconds: f64,
    /// Calls that were up at the window's end.
    pub talking: usize,
    pub attempts: u64,
    pub answered: u64,
    pub completed: u64,
    pub completed_per_second: f64,
    pub failed: u64,
    pub failures: BTreeMap<String, u64>,
    pub repeats: u64,
    pub registrations: u64,
    pub registrations_per_second: f64,
    pub invite_to_agent_ms: Percentiles,
    pub invite_to_180_ms: Percentiles,
    pub invite_to_200_ms: Percentiles,
    pub release_ms: Percentiles,
    pub registration_ms: Percentiles,
    pub packets_expected: u64,
    pub packets_lost: u64,
    pub loss_percent: f64,
    /// The switch's own voice.
    pub packets_unmarked: u64,
    /// SSRC changed, or numbers went back.
    pub streams_broken: u64,
    /// Legs that never heard the other side.
    pub legs_deaf: u64,
    pub delay_ms: Percentiles,
    pub jitter_ms: Percentiles,
    /// Of each stream, the longest silence.
    pub longest_gap_ms: Percentiles,
    pub switch_cpu_percent: Option<f64>,
    pub switch_cpu_ms_per_call_second: Option<f64>,
    pub switch_cpu_ms_per_completed: Option<f64>,
    pub switch_cpu_ms_per_registration: Option<f64>,
    pub switch_rss_kib: Option<u64>,
    /// More than before the first call, shared among the calls that are up.
    pub switch_rss_kib_per_call: Option<f64>,
    /// The load's own.
    pub load_cpu_percent: f64,
    pub load_late_ms: Percentiles,
    pub load_unsent: u64,
}

/// What the kernel said at a moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Readings {
    pub switch: Option<Reading>,
    pub load: Reading,
}

/// What a window is reckoned from, beside the ground's tally.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    pub long: Duration,
    pub talking: usize,
    /// Answered calls added up over the time they were up.
    pub call_time: Duration,
    pub at_rest: Readings,
    pub before: Readings,
    pub after: Readings,
}

fn per(cpu: Duration, count: f64) -> Option<f64> {
    (count > 0.0).then(|| cpu.as_secs_f64() * 1_000.0 / count)
}

impl Stage {
    #[must_use]
    pub fn of(ground: &Ground, window: &Window) -> Self {
        let (tally, hearing) = (&ground.tally, &ground.media.hearing);
        let seconds = window.long.as_secs_f64();
        let cpu = window.after.switch.zip(window.before.switch).map(|(after, before)| after.cpu.saturating_sub(before.cpu));
        let rss = window.after.switch.map(|reading| reading.resident_kib);
        let grown = rss.zip(window.at_rest.switch).map(|(rss, rest)| rss.saturating_sub(rest.resident_kib));
        let lost = hearing.expected.saturating_sub(hearing.received);
        Self {
            wanted_calls: None,
            wanted_rate: None,
            seconds,
            talking: window.talking,
            attempts: tally.attempts,
            answered: tally.answered,
            completed: tally.completed,
            completed_per_second: tally.completed as f64 / seconds,
            failed: tally.failures.values().sum(),
            failures: tally.failures.clone(),
            repeats: tally.repeats,
            registrations: tally.registrations,
            registrations_per_second: tally.registrations as f64 / seconds,
            invite_to_agent_ms: (&tally.to_agent).into(),
            invite_to_180_ms: (&tally.to_ringing).into(),
            invite_to_200_ms: (&tally.to_answer).into(),
            release_ms: (&tally.release).into(),
            registration_ms: (&tally.registration).into(),
            packets_expected: hearing.expected,
            packets_lost: lost,
            loss_percent: 100.0 * lost as f64 / hearing.expected.max(1) as f64,
            packets_unmarked: hearing.unmarked,
            streams_broken: hearing.broken,
            legs_deaf: hearing.deaf,
            delay_ms: (&hearing.delay).into(),
            jitter_ms: (&hearing.jitter).into(),
            longest_gap_ms: (&hearing.gaps).into(),
            switch_cpu_percent: cpu.map(|cpu| 100.0 * cpu.as_secs_f64() / seconds),
            switch_cpu_ms_per_call_second: cpu.and_then(|cpu| per(cpu, window.call_time.as_secs_f64())),
            switch_cpu_ms_per_completed: cpu.and_then(|cpu| per(cpu, tally.completed as f64)),
            switch_cpu_ms_per_registration: cpu.and_then(|cpu| per(cpu, tally.registrations as f64)),
            switch_rss_kib: rss,
            switch_rss_kib_per_call: grown.filter(|_| window.talking > 0).map(|grown| grown as f64 / window.talking as f64),
            load_cpu_percent: 100.0 * window.after.load.cpu.saturating_sub(window.before.load.cpu).as_secs_f64() / seconds,
            load_late_ms: (&hearing.late).into(),
            load_unsent: hearing.unsent,
        }
    }

    /// What nobody would call a good line any more.
    #[must_use]
    pub fn is_bad(&self) -> bool {
        self.loss_percent >= 0.1 || self.delay_ms.p99 >= 5.0
    }

    fn wanted(&self) -> String {
        match (self.wanted_calls, self.wanted_rate) {
            (Some(calls), _) => calls.to_string(),
            (None, Some(rate)) => format!("{rate}/s"),
            (None, None) => "all there are".to_owned(),
        }
    }

    fn causes(&self) -> String {
        let causes: Vec<String> = self.failures.iter().map(|(cause, count)| format!("{count} × {cause}")).collect();
        causes.join(", ")
    }
}

fn or_dash(number: Option<f64>, digits: usize) -> String {
    number.map_or_else(|| "-".to_owned(), |number| format!("{number:.digits$}"))
}

fn spread(times: Percentiles) -> String {
    format!("{:.2}/{:.2}", times.p50, times.p99)
}

/// The stages in the form that `mode` is looked at in.
///
/// # Errors
/// When `out` cannot be written.
pub fn write(mode: &Load, stages: &[Stage], json: bool, out: &mut impl Write) -> io::Result<()> {
    if json {
        let text = serde_json::to_string_pretty(stages).map_err(io::Error::other)?;
        return writeln!(out, "{text}");
    }
    match mode {
        Load::Calls(_) | Load::Relay(_) => write_calls(stages, out)?,
        Load::Setups(_) => write_setups(stages, out)?,
        Load::Registrations(_) => write_registrations(stages, out)?,
    }
    for stage in stages.iter().filter(|stage| !stage.failures.is_empty()) {
        writeln!(out, "failed at {}: {}", stage.wanted(), stage.causes())?;
    }
    writeln!(out, "times in ms, p50/p99; cpu % of one core")
}

fn write_calls(stages: &[Stage], out: &mut impl Write) -> io::Result<()> {
    let heads = [
        "CALLS",
        "UP",
        "FAILED",
        "→200",
        "LOSS %",
        "DELAY",
        "MAX",
        "JITTER",
        "GAP MAX",
        "BROKEN",
        "DEAF",
        "CPU %",
        "MS/CALL-S",
        "KIB/CALL",
        "LOAD %",
        "LATE",
    ];
    let row = |stage: &Stage| {
        [
            stage.wanted(),
            stage.talking.to_string(),
            stage.failed.to_string(),
            spread(stage.invite_to_200_ms),
            format!("{:.3}", stage.loss_percent),
            spread(stage.delay_ms),
            format!("{:.1}", stage.delay_ms.max),
            spread(stage.jitter_ms),
            format!("{:.0}", stage.longest_gap_ms.max),
            stage.streams_broken.to_string(),
            stage.legs_deaf.to_string(),
            or_dash(stage.switch_cpu_percent, 0),
            or_dash(stage.switch_cpu_ms_per_call_second, 2),
            or_dash(stage.switch_rss_kib_per_call, 0),
            format!("{:.0}", stage.load_cpu_percent),
            spread(stage.load_late_ms),
        ]
    };
    table::write(out, heads, stages.iter().map(row))
}

fn write_setups(stages: &[Stage], out: &mut impl Write) -> io::Result<()> {
    let heads =
        ["WANTED", "DONE/S", "FAILED", "503", "→AGENT", "→180", "→200", "RELEASE", "REPEATS", "CPU %", "MS/CALL", "RSS MIB", "LOAD %"];
    let row = |stage: &Stage| {
        [
            stage.wanted(),
            format!("{:.0}", stage.completed_per_second),
            stage.failed.to_string(),
            stage.failures.get("503").copied().unwrap_or_default().to_string(),
            spread(stage.invite_to_agent_ms),
            spread(stage.invite_to_180_ms),
            spread(stage.invite_to_200_ms),
            spread(stage.release_ms),
            stage.repeats.to_string(),
            or_dash(stage.switch_cpu_percent, 0),
            or_dash(stage.switch_cpu_ms_per_completed, 3),
            or_dash(stage.switch_rss_kib.map(|kib| kib as f64 / 1_024.0), 1),
            format!("{:.0}", stage.load_cpu_percent),
        ]
    };
    table::write(out, heads, stages.iter().map(row))
}

fn write_registrations(stages: &[Stage], out: &mut impl Write) -> io::Result<()> {
    let heads = ["WANTED", "DONE/S", "FAILED", "TIME", "REPEATS", "CPU %", "MS/REGISTRATION", "RSS MIB", "LOAD %"];
    let row = |stage: &Stage| {
        [
            stage.wanted(),
            format!("{:.0}", stage.registrations_per_second),
            stage.failed.to_string(),
            spread(stage.registration_ms),
            stage.repeats.to_string(),
            or_dash(stage.switch_cpu_percent, 0),
            or_dash(stage.switch_cpu_ms_per_registration, 3),
            or_dash(stage.switch_rss_kib.map(|kib| kib as f64 / 1_024.0), 1),
            format!("{:.0}", stage.load_cpu_percent),
        ]
    };
    table::write(out, heads, stages.iter().map(row))
}
