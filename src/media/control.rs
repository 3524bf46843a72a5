//! The vocabulary of the media plane: what the switch orders, what the plane reports, what it hands to the recorder.
//!
//! A session is one call. Its legs hear, in this order of precedence: what is announced to them; their background (ringback, music);
//! the parties that the hearing names for them; nothing. An announcement to a leg that hears parties and has no background is mixed over
//! them; otherwise it takes the place of what was heard.
//!
//! Listening in, whispering, barging in and taking over are tables of hearing and no more. With a customer C, an agent A, a supervisor S:
//!
//! | | C hears | A hears | S hears |
//! | --- | --- | --- | --- |
//! | a call | A | C | |
//! | listen | A | C | C, A |
//! | whisper | A | C, S | C, A |
//! | barge in | A, S | C, S | C, A |
//! | take over | S | | C |

use crate::base::srtp::SrtpKeys;
use crate::base::time::secs;
use crate::base::{
    Cadence, CallId, ClipId, Codec, Duration, ExtendedReports, Instant, LegId, OpusWishes, OtherCodec, QualityPart, Reading, SessionId,
    SoundLimits,
};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// What the switch orders. All of it is cheap to repeat, and an order for a session or leg that is gone does nothing.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// A port pair for `leg` on the address `local`; the session begins with its first leg. Answered by `Allocated` or `AllocationFailed`.
    Allocate {
        session: SessionId,
        leg: LegId,
        local: IpAddr,
        /// For a leg that a restart goes on with.
        resumed: Option<ResumedLeg>,
    },
    /// What offer and answer settled for a leg; may change at any time (re-INVITE). Sequence and SSRC towards the leg go on.
    Configure {
        session: SessionId,
        leg: LegId,
        parameters: StreamParameters,
    },
    /// Who hears whom from now on, completely: a leg that is not named as a hearer hears nobody, one that is not in the session is left out,
    /// nobody hears himself. Who hears one party of his own codec and nothing else gets its packets as they come, without decoding; who
    /// hears several, or another codec, gets a mix each 20 ms. Said again, it changes nothing; who goes on hearing the same does not notice.
    SetHearing {
        session: SessionId,
        hearing: Hearing,
    },
    /// A leg leaves one session and joins another, which may begin with it, as it stands: port, SSRC and numbers, what was settled, its
    /// latch and the packets held for it go along. What `from` had ordered for it besides ends: announcements (each is told), background,
    /// listening, hearing. Answered for `to`: `Allocated` with the address it has, or, if it was not there or finds no room,
    /// `AllocationFailed`; in the latter case the leg is released.
    Move {
        leg: LegId,
        from: SessionId,
        to: SessionId,
    },
    /// What a leg hears while nobody speaks to it.
    SetBackground {
        session: SessionId,
        leg: LegId,
        background: Background,
    },
    /// Plays clips to a leg one after the other, behind those already announced. Answered by `AnnouncementEnded` with the same `token` when the
    /// last sample is sent, or the leg goes, or it is stopped.
    Announce {
        session: SessionId,
        leg: LegId,
        clips: Vec<ClipId>,
        token: u64,
    },
    /// Plays pieces of recordings to a leg one after the other, behind what is announced already, and is answered as `Announce` is. The plane
    /// asks for them (`Turn::wanted`) a little before they sound, so that hours cost no more room than minutes; what cannot be read is left
    /// out.
    AnnounceRecording {
        session: SessionId,
        leg: LegId,
        excerpts: Vec<Excerpt>,
        token: u64,
    },
    /// Stops and forgets all announcements to the leg; each is reported as ended.
    StopAnnouncements {
        session: SessionId,
        leg: LegId,
    },
    /// Begins the call's recording: left what `left` says, right what each of `right` says and what the switch plays to `left`. Both may
    /// change (`SetRecordedParties`) while the timeline goes on. The plane only obeys: whether a whisper, which `left` does not hear, is to
    /// be on record is settled by who is named.
    StartRecording {
        session: SessionId,
        call: CallId,
        left: LegId,
        right: Vec<LegId>,
        /// When it began, for a recording that a restart goes on with: positions count from there, and silence fills the gap.
        began_at: Option<Instant>,
    },
    /// Who is on record from now on, completely; who was before, on the same side, goes on at his place.
    SetRecordedParties {
        session: SessionId,
        left: LegId,
        right: Vec<LegId>,
    },
    /// The recording is filled with silence on both sides, be it what parties say or what is played, or goes on. The timeline goes on all the
    /// while; sound that was said in between and comes late is left out too.
    PauseRecording {
        session: SessionId,
        on: bool,
    },
    StopRecording {
        session: SessionId,
    },
    /// What the recording of the session has on its left goes to one leg, what it has on its right to the other, as they are said; both
    /// are silent while it is paused. Ends with the legs, which hear nothing else.
    Copy {
        session: SessionId,
        left: LegId,
        right: LegId,
    },
    /// Whether voice of this leg is to be told (`Spoke`, `FellSilent`); detection costs CPU, so it runs only while wanted.
    ListenForSpeech {
        session: SessionId,
        leg: LegId,
        on: bool,
    },
    /// How the leg sounds is to be measured (`Sounded`), by these limits, or no more. G.711 is measured as it comes, without decoding; another
    /// codec only while its sound is decoded for somebody who hears it.
    Measure {
        session: SessionId,
        leg: LegId,
        limits: Option<SoundLimits>,
    },
    /// The leg's port pair is free again.
    ReleaseLeg {
        session: SessionId,
        leg: LegId,
    },
    /// The session and all its legs are gone, its recording ended.
    Release {
        session: SessionId,
    },
}

/// A piece of a call's recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Excerpt {
    pub call: CallId,
    /// One side of it, or `None`: both together.
    pub side: Option<Channel>,
    /// From the recording's beginning. What lies behind its end is left out.
    pub from: Duration,
    pub to: Duration,
}

/// Who hears whom: each hearer once, with the parties he hears.
pub type Hearing = Vec<(LegId, Vec<LegId>)>;

/// Each of `legs` hears all the others: two parties, or a conference.
#[must_use]
pub fn all_hear_all(legs: &[LegId]) -> Hearing {
    legs.iter().map(|hearer| (*hearer, legs.iter().copied().filter(|leg| leg != hearer).collect())).collect()
}

/// A leg that was there before a restart: the same port or none, and the stream towards it goes on. The SSRC and first numbers of a leg are
/// drawn from the plane's seed and the leg's number alone, so that the same seed gives them again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ResumedLeg {
    /// Its RTP port; RTCP is the next.
    pub port: u16,
    /// When it was allocated first: what has been sent since is reckoned from it, so that numbers do not go back.
    pub since: Instant,
}

/// What a leg hears in the background.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Background {
    /// The parties that it hears.
    None,
    /// Digital silence is sent, so that the path stays open; no party is heard.
    Silence,
    /// The ringback tone of a country, from its start.
    Ringback(Cadence),
    /// A clip over and over, `music/hold`.
    Music(ClipId),
}

/// One direction each: what may flow, as seen from the switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Direction {
    /// The switch sends to the leg.
    pub send: bool,
    /// The leg is expected to send; while not, the RTP time-out does not run.
    pub receive: bool,
}

/// What offer and answer settled for one leg.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StreamParameters {
    /// Where the leg said it receives RTP. Media go there until a packet came from elsewhere and latching allowed it.
    pub remote: SocketAddr,
    /// Where it receives RTCP: RTP port + 1, `a=rtcp`, or the RTP port itself when `rtcp_mux`.
    pub remote_rtcp: SocketAddr,
    pub rtcp_mux: bool,
    /// Where the leg's signalling comes from. A source at this address or `remote`'s may be the leg; any other only where `remote` is
    /// private and this address is not (a phone behind NAT), and later: see `media::latch`.
    pub signalled_from: IpAddr,
    pub codec: Codec,
    /// What the leg may turn to without a word: then it is spoken both ways.
    #[serde(default)]
    pub others: Vec<OtherCodec>,
    /// Payload type that the leg wants to receive (we send) and the one it sends (we receive).
    pub send_payload_type: u8,
    pub receive_payload_type: u8,
    /// telephone-event in each direction, when agreed.
    pub send_event_type: Option<u8>,
    pub receive_event_type: Option<u8>,
    /// Its clock, where that is not the codec's (8000 or 48000): phones that speak Opus and know keys at 8 kHz alone.
    #[serde(default)]
    pub event_clock: Option<u32>,
    pub direction: Direction,
    /// Packet time we send, milliseconds; a multiple of 20.
    pub ptime: u16,
    /// The leg announced silence suppression (CN, Opus usedtx): its silence is no RTP time-out.
    pub silence_suppression: bool,
    /// The leg takes comfort noise (RFC 3389, payload type 13): a party's is passed on to it.
    #[serde(default)]
    pub comfort_noise: bool,
    /// What the leg asks of Opus that we send.
    #[serde(default)]
    pub opus: OpusWishes,
    /// Release after so long without a packet, RTP or RTCP, while it is expected to send.
    pub rtp_timeout: Duration,
    /// What it is encrypted with, both ways; `None`: not at all.
    #[serde(default)]
    pub srtp: Option<Box<SrtpKeys>>,
    /// What the leg asks to be told besides receiver reports.
    #[serde(default)]
    pub extended_reports: ExtendedReports,
}

impl StreamParameters {
    /// A plain stream to a phone that is where it signals from: sound both ways in packets of 20 ms under the codec's own number (111 for
    /// Opus), RTCP on the next port, no telephone-event, no encryption, released after 30 s without a packet.
    #[must_use]
    pub fn new(remote: SocketAddr, codec: Codec) -> Self {
        let payload_type = codec.static_payload_type().unwrap_or(111);
        Self {
            remote,
            remote_rtcp: SocketAddr::new(remote.ip(), remote.port().saturating_add(1)),
            rtcp_mux: false,
            signalled_from: remote.ip(),
            codec,
            others: Vec::new(),
            send_payload_type: payload_type,
            receive_payload_type: payload_type,
            send_event_type: None,
            receive_event_type: None,
            event_clock: None,
            direction: Direction { send: true, receive: true },
            ptime: 20,
            silence_suppression: false,
            comfort_noise: false,
            opus: OpusWishes::default(),
            rtp_timeout: secs(30),
            srtp: None,
            extended_reports: ExtendedReports::default(),
        }
    }

    /// The same, as it is once the leg has turned to one of its other codecs; `None` where it has no such one.
    #[must_use]
    pub fn turned_to(&self, codec: Codec) -> Option<Self> {
        let place = self.others.iter().position(|other| other.codec == codec)?;
        let mut turned = self.clone();
        let other = std::mem::replace(
            &mut turned.others[place],
            OtherCodec {
                codec: self.codec,
                send_payload_type: self.send_payload_type,
                receive_payload_type: self.receive_payload_type,
                send_event_type: self.send_event_type,
                receive_event_type: self.receive_event_type,
                event_clock: self.event_clock,
                comfort_noise: self.comfort_noise,
                opus: self.opus,
            },
        );
        turned.codec = other.codec;
        (turned.send_payload_type, turned.receive_payload_type) = (other.send_payload_type, other.receive_payload_type);
        (turned.send_event_type, turned.receive_event_type) = (other.send_event_type, other.receive_event_type);
        (turned.event_clock, turned.comfort_noise, turned.opus) = (other.event_clock, other.comfort_noise, other.opus);
        Some(turned)
    }

    /// On which keys are pressed, and told.
    #[must_use]
    pub fn event_clock(&self) -> u32 {
        self.event_clock.unwrap_or(self.codec.clock_rate())
    }
}

/// What the plane reports. Past tense.
#[derive(Clone, PartialEq, Debug)]
pub enum Report {
    /// The leg's RTP address; RTCP is the next port.
    Allocated {
        session: SessionId,
        leg: LegId,
        address: SocketAddr,
    },
    AllocationFailed {
        session: SessionId,
        leg: LegId,
        cause: AllocationFailure,
    },
    /// The leg's first packet came (in this configuration of its stream).
    FirstPacket {
        session: SessionId,
        leg: LegId,
    },
    /// Voice, not noise, hum, tone or comfort noise, is heard from the leg.
    Spoke {
        session: SessionId,
        leg: LegId,
    },
    /// The voice ended.
    FellSilent {
        session: SessionId,
        leg: LegId,
    },
    /// How the leg sounds, once enough of its speech was heard: told again when a class changed, at most each two seconds, and else ever more
    /// rarely, so that what was told last covers two thirds of all that it said.
    Sounded {
        session: SessionId,
        leg: LegId,
        reading: Reading,
    },
    /// A digit by RFC 4733, once a key press.
    Digit {
        session: SessionId,
        leg: LegId,
        digit: char,
        duration: Duration,
    },
    AnnouncementEnded {
        session: SessionId,
        leg: LegId,
        token: u64,
    },
    /// No packet for the leg's `rtp_timeout`; told once.
    TimedOut {
        session: SessionId,
        leg: LegId,
    },
    /// How well the leg's sound travelled for a part of its life: told each minute, counted from the leg's beginning, and for what is left when
    /// it is released or moved. Of a part in which nothing was sent or came nothing is told.
    Quality {
        session: SessionId,
        leg: LegId,
        began: Instant,
        codec: Codec,
        part: Box<QualityPart>,
    },
    /// What was counted on a leg, told when it is released, the last of it.
    Statistics {
        session: SessionId,
        leg: LegId,
        statistics: StreamStatistics,
    },
}

impl Report {
    /// Whose report it is.
    #[must_use]
    pub fn session(&self) -> SessionId {
        match self {
            Self::Allocated { session, .. }
            | Self::AllocationFailed { session, .. }
            | Self::FirstPacket { session, .. }
            | Self::Spoke { session, .. }
            | Self::FellSilent { session, .. }
            | Self::Sounded { session, .. }
            | Self::Digit { session, .. }
            | Self::AnnouncementEnded { session, .. }
            | Self::TimedOut { session, .. }
            | Self::Quality { session, .. }
            | Self::Statistics { session, .. } => *session,
        }
    }

    /// Of which leg it is.
    #[must_use]
    pub fn leg(&self) -> LegId {
        match self {
            Self::Allocated { leg, .. }
            | Self::AllocationFailed { leg, .. }
            | Self::FirstPacket { leg, .. }
            | Self::Spoke { leg, .. }
            | Self::FellSilent { leg, .. }
            | Self::Sounded { leg, .. }
            | Self::Digit { leg, .. }
            | Self::AnnouncementEnded { leg, .. }
            | Self::TimedOut { leg, .. }
            | Self::Quality { leg, .. }
            | Self::Statistics { leg, .. } => *leg,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AllocationFailure {
    PortsExhausted,
    /// The operating system refused (descriptors, address).
    Refused,
}

/// Counted on one leg from its allocation to its release.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct StreamStatistics {
    pub packets_received: u64,
    pub octets_received: u64,
    pub packets_sent: u64,
    pub octets_sent: u64,
    /// Expected − received (RFC 3550 §A.3).
    pub packets_lost: u64,
    /// Interarrival jitter, RTP clock ticks turned to milliseconds (RFC 3550 §A.8), at the end.
    pub jitter_ms: f32,
    /// From strangers: refused and counted.
    pub packets_refused: u64,
    pub packets_malformed: u64,
    /// SRTP and SRTCP that proved not to be the leg's, or came before: dropped.
    pub packets_unauthentic: u64,
}

/// A side of the stereo file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Channel {
    /// The caller.
    Left,
    /// The agent and whoever else is on the call, and the switch's own voice.
    Right,
}

/// What goes to the recorder, in order for each call. Positions are samples at `rate` since the recording began; chunks of one channel may
/// overlap (two parties, agent and announcement) and are then summed, may leave gaps (silence), and come at most 200 ms late.
#[derive(Clone, PartialEq, Debug)]
pub enum Recorded {
    /// `resumed`: the file was begun before a restart and is gone on with.
    Started {
        call: CallId,
        rate: u32,
        resumed: bool,
    },
    Audio {
        call: CallId,
        channel: Channel,
        position: u64,
        audio: Sound,
    },
    /// `samples` is the length of the timeline: the file is padded with silence to it.
    Stopped {
        call: CallId,
        samples: u64,
    },
}

/// Sound of one packet or one tick.
#[derive(Clone, PartialEq, Debug)]
pub enum Sound {
    /// As it came in RTP; decoded by the recorder, whose decoders are one a call, channel and `source` (it changes when a stream does).
    Encoded { codec: Codec, source: u32, payload: Vec<u8> },
    /// At the recording's rate.
    Linear(Vec<i16>),
}
