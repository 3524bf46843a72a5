//! How well a call's sound travelled, and how its recording sounds.

use super::{Time, ms};
use crate::base::{CallSound, Flow, Mos, QualityPart, SideFigures};
use crate::call::record::QualityRecord;
use serde::{Deserialize, Serialize};

/// How well the sound of one leg travelled. MOS is an estimate by the E-model (ITU-T G.107), 1 to 4.5; a clean G.711 call has 4.41.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LegQuality {
    /// Its number within the switch.
    pub leg: u64,
    /// Whose phone it is; absent for a customer's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// pcma, pcmu, opus: the last that was spoken.
    pub codec: String,
    pub started_at: Time,
    /// How long each of `minutes` is, from the leg's start: 60, and twice as much each time that there would be more than sixty of them.
    pub interval_s: u64,
    /// In the worst minute, of the worse direction; and the mean of all. Absent where too little was said to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mos_min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mos_mean: Option<f64>,
    /// It sounds poor now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub poor: bool,
    /// In order; those in which nothing came or was sent are left out. Not in lists of calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub minutes: Vec<QualityMinute>,
}

/// A minute of a leg, or several.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QualityMinute {
    /// Since the leg's start.
    pub from_ms: u64,
    pub to_ms: u64,
    /// What came of the phone.
    pub received: QualityFlow,
    /// What was sent to it; what became of that the phone itself tells, by RTCP.
    pub sent: QualityFlow,
    /// To the phone and back, by RTCP: mean, and longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_max_ms: Option<f64>,
    /// What the phone makes of what it hears (RTCP XR).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_mos: Option<f64>,
    /// Of the worse direction, in the worst minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mos_min: Option<f64>,
}

/// One direction. What is not known is absent.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct QualityFlow {
    pub packets: u32,
    /// On the way of this leg.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<u32>,
    /// Came too late to be heard; known where the switch decodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discarded: Option<u32>,
    /// Interarrival jitter (RFC 3550): mean, and most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_max_ms: Option<f64>,
    /// With the delay in it (MOS-CQ) where the round trip is known, else without (MOS-LQ).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mos: Option<f64>,
}

/// How both sides of a recording sound, whole: measured when it was finished. The right has all but the caller, and what the switch played
/// to him: music and prompts count as speech there.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecordedSound {
    pub duration_ms: u64,
    /// Nobody speaks.
    pub silence_ms: u64,
    /// Both do.
    pub over_talk_ms: u64,
    pub left: RecordedSide,
    pub right: RecordedSide,
}

/// A side of a recording.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RecordedSide {
    /// Mean level of speech; −127 where nobody spoke.
    #[schema(maximum = 0)]
    pub level_dbov: i8,
    /// Median of what is heard between words; −127: nothing is.
    #[schema(maximum = 0)]
    pub noise_dbov: i8,
    /// Of the samples of speech, those at full scale, in percent.
    pub clipped_percent: f64,
    pub speech_ms: u64,
    /// It spoke while the other side did, which had begun before.
    pub talked_over_ms: u64,
}

fn score(mos: Option<Mos>) -> Option<f64> {
    mos.map(Mos::score)
}

/// Milliseconds with two places.
fn millis(us: Option<u32>) -> Option<f64> {
    us.map(|us| f64::from((us + 5) / 10) / 100.0)
}

impl From<&QualityRecord> for LegQuality {
    fn from(line: &QualityRecord) -> Self {
        Self {
            leg: line.leg.0,
            agent: line.agent.as_ref().map(ToString::to_string),
            codec: line.codec.name().to_owned(),
            started_at: line.started_at.into(),
            interval_s: line.interval.as_secs(),
            mos_min: score(line.mos_min),
            mos_mean: score(line.mos_mean()),
            poor: line.poor,
            minutes: line.parts.iter().map(QualityMinute::from).collect(),
        }
    }
}

impl From<&QualityPart> for QualityMinute {
    fn from(part: &QualityPart) -> Self {
        Self {
            from_ms: ms(part.from),
            to_ms: ms(part.to),
            received: QualityFlow::from(&part.received),
            sent: QualityFlow::from(&part.sent),
            round_trip_ms: millis(part.round_trip_mean_us),
            round_trip_max_ms: millis(part.round_trip_max_us),
            told_mos: score(part.told),
            mos_min: score(part.worst),
        }
    }
}

impl From<&Flow> for QualityFlow {
    fn from(flow: &Flow) -> Self {
        Self {
            packets: flow.packets,
            lost: flow.lost,
            discarded: flow.discarded,
            jitter_ms: millis(flow.jitter_mean_us),
            jitter_max_ms: millis(flow.jitter_max_us),
            mos: score(flow.mos),
        }
    }
}

impl From<&CallSound> for RecordedSound {
    fn from(sound: &CallSound) -> Self {
        let [left, right] = sound.sides.each_ref().map(RecordedSide::from);
        Self { duration_ms: ms(sound.duration), silence_ms: ms(sound.silence), over_talk_ms: ms(sound.over_talk), left, right }
    }
}

impl From<&SideFigures> for RecordedSide {
    fn from(side: &SideFigures) -> Self {
        Self {
            level_dbov: side.level_dbov,
            noise_dbov: side.noise_dbov,
            clipped_percent: f64::from(side.clipped_ppm) / 10_000.0,
            speech_ms: ms(side.speech),
            talked_over_ms: ms(side.talked_over),
        }
    }
}
