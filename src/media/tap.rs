//! The call's recording as it leaves the engine: chunks of both channels on one timeline. Decoding, mixing and the file are the
//! recorder's.

use super::control::{Channel, Recorded, Sound};
use crate::audio::Rate;
use crate::audio::resample::{Downsampler, Upsampler};
use crate::base::limits::SESSION_LEGS_MAX;
use crate::base::{CallId, Codec, Duration, Instant, LegId, time::millis};

/// A stream this far off its place for a while is moved to where it arrives.
const DRIFT_MAX: Duration = millis(60);
/// This far off it is moved at once: its sender's clock jumped, or it paused without counting.
const JUMP_MAX: Duration = millis(150);
/// A stream whose every packet comes more milliseconds before its place than this is moved there: its first packet was late.
const EARLY_MAX_MS: i64 = 20;
/// Packets over which the least delay is watched: half a second.
const WATCHED: u32 = 25;

#[derive(Debug)]
pub struct Tap {
    call: CallId,
    rate: Rate,
    started_at: Instant,
    /// Who is on record: the left first, then those on the right.
    parties: Vec<Party>,
    /// Nothing is on record.
    paused: bool,
    /// Nor what belongs before this, however late it comes.
    silent_until: u64,
    down: Downsampler,
    up: Upsampler,
}

#[derive(Debug)]
struct Party {
    leg: LegId,
    place: Option<Place>,
}

/// Where a received stream stands on the timeline, in samples of the recording.
#[derive(Clone, Copy, Debug)]
struct Place {
    source: u32,
    clock_rate: u32,
    timestamp: u32,
    position: i64,
    /// Least delay of arrival against place, and over how many packets.
    least: i64,
    watched: u32,
}

/// A received packet, as the tap needs it.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    pub codec: Codec,
    /// Another number for another stream.
    pub source: u32,
    pub timestamp: u32,
    pub payload: &'a [u8],
}

impl Tap {
    /// Begins the timeline at `now`; or goes on with one that began at `began_at`.
    pub fn start(
        call: CallId,
        rate: Rate,
        (left, right): (LegId, &[LegId]),
        began_at: Option<Instant>,
        now: Instant,
        recorded: &mut Vec<Recorded>,
    ) -> Self {
        recorded.push(Recorded::Started { call, rate: rate.hz(), resumed: began_at.is_some() });
        let started_at = began_at.unwrap_or(now);
        let parties = vec![Party { leg: left, place: None }];
        let mut tap =
            Self { call, rate, started_at, parties, paused: false, silent_until: 0, down: Downsampler::new(), up: Upsampler::new() };
        tap.set_parties(left, right);
        tap
    }

    #[must_use]
    pub fn left(&self) -> LegId {
        self.parties[0].leg
    }

    /// Who is on the right.
    pub fn right(&self) -> impl Iterator<Item = LegId> + '_ {
        self.parties.iter().skip(1).map(|party| party.leg)
    }

    /// Nothing is on record.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    #[must_use]
    pub fn call(&self) -> CallId {
        self.call
    }

    /// Who is on record from now on; who was before, on the same side, goes on at his place. More than a session has legs are left out.
    pub fn set_parties(&mut self, left: LegId, right: &[LegId]) {
        if self.parties[0].leg != left {
            self.parties[0] = Party { leg: left, place: None };
            let mut first = true;
            self.parties.retain(|party| std::mem::take(&mut first) || party.leg != left);
        }
        self.parties.retain(|party| party.leg == left || right.contains(&party.leg));
        for leg in right {
            if self.parties.len() < SESSION_LEGS_MAX && self.parties.iter().all(|party| party.leg != *leg) {
                self.parties.push(Party { leg: *leg, place: None });
            }
        }
    }

    /// The timeline goes on, and silence is on it; or sound again.
    pub fn pause(&mut self, on: bool, now: Instant) {
        if self.paused && !on {
            self.silent_until = self.samples_at(now) as u64;
        }
        self.paused = on;
    }

    /// The leg is gone; the timeline goes on.
    pub fn forget(&mut self, leg: LegId) {
        let left = self.parties[0].leg;
        self.parties.retain(|party| party.leg == left || party.leg != leg);
    }

    fn samples_at(&self, now: Instant) -> i64 {
        self.rate.samples_in(now.saturating_since(self.started_at)) as i64
    }

    /// A packet came from `leg`.
    pub fn received(&mut self, leg: LegId, packet: Received<'_>, now: Instant, recorded: &mut Vec<Recorded>) {
        let Some(index) = self.parties.iter().position(|party| party.leg == leg) else { return };
        let channel = if index == 0 { Channel::Left } else { Channel::Right };
        let here = self.samples_at(now);
        let (drift, jump) = (self.rate.samples_in(DRIFT_MAX) as i64, self.rate.samples_in(JUMP_MAX) as i64);
        let place = &mut self.parties[index].place;
        let clock_rate = packet.codec.clock_rate();
        let position = match place {
            Some(place) if place.source == packet.source && place.clock_rate == clock_rate => {
                place.advance(packet.timestamp, here, i64::from(self.rate.hz()), drift, jump)
            }
            _ => {
                *place = Some(Place {
                    source: packet.source,
                    clock_rate,
                    timestamp: packet.timestamp,
                    position: here,
                    least: i64::MAX,
                    watched: 0,
                });
                here
            }
        };
        // One from before the stream's first, and from before the recording.
        let Ok(position) = u64::try_from(position) else { return };
        if self.paused || position < self.silent_until {
            return;
        }
        let audio = Sound::Encoded { codec: packet.codec, source: packet.source, payload: packet.payload.to_vec() };
        recorded.push(Recorded::Audio { call: self.call, channel, position, audio });
    }

    /// The switch played `frame`, at `rate`, to the left leg in the tick at `now`.
    pub fn played(&mut self, frame: &[i16], rate: Rate, now: Instant, recorded: &mut Vec<Recorded>) {
        if self.paused {
            return;
        }
        let mut samples = Vec::with_capacity(self.rate.samples_per_frame());
        match (rate, self.rate) {
            (Rate::Hz16000, Rate::Hz8000) => self.down.process(frame, &mut samples),
            (Rate::Hz8000, Rate::Hz16000) => self.up.process(frame, &mut samples),
            _ => samples.extend_from_slice(frame),
        }
        let position = self.samples_at(now) as u64;
        recorded.push(Recorded::Audio { call: self.call, channel: Channel::Right, position, audio: Sound::Linear(samples) });
    }

    pub fn stop(self, now: Instant, recorded: &mut Vec<Recorded>) {
        recorded.push(Recorded::Stopped { call: self.call, samples: self.samples_at(now) as u64 });
    }
}

impl Place {
    /// The place of a packet with `timestamp` that arrived at the sample `here`: where its timestamp says, so that jitter does not tear
    /// the sound, as long as that agrees with when it came.
    fn advance(&mut self, timestamp: u32, here: i64, rate: i64, drift: i64, jump: i64) -> i64 {
        let ticks = i64::from(timestamp.wrapping_sub(self.timestamp) as i32);
        let told = self.position + ticks * rate / i64::from(self.clock_rate);
        let delay = here - told;
        self.least = self.least.min(delay);
        self.watched += 1;
        // Sound cannot arrive before it was said: when it seems to, the stream's first packet was the late one.
        let moved_by = if delay > jump || delay < -drift {
            delay
        } else if self.watched >= WATCHED && (self.least > drift || self.least < -EARLY_MAX_MS * rate / 1_000) {
            self.least
        } else {
            0
        };
        if moved_by != 0 || self.watched >= WATCHED {
            (self.least, self.watched) = (i64::MAX, 0);
        }
        let position = told + moved_by;
        if moved_by != 0 || ticks > 0 {
            (self.timestamp, self.position) = (timestamp, position);
        }
        position
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Rng, Timestamp};

    const LEFT: LegId = LegId(1);
    const RIGHT: LegId = LegId(2);

    fn at(ms: u64) -> Instant {
        Instant::after_start(millis(ms))
    }

    /// Positions in milliseconds of packets given as (arrival ms, source, timestamp in ms).
    fn positions(packets: &[(u64, u32, i64)]) -> Vec<u64> {
        let (call, mut recorded) = (CallId::new(Timestamp(0), &mut Rng::new(1)), Vec::new());
        let mut tap = Tap::start(call, Rate::Hz8000, (LEFT, &[RIGHT]), None, at(1_000), &mut recorded);
        for (arrival, source, timestamp) in packets {
            let packet = Received { codec: Codec::Opus, source: *source, timestamp: (*timestamp * 48) as u32, payload: &[] };
            tap.received(LEFT, packet, at(1_000 + arrival), &mut recorded);
        }
        tap.stop(at(9_000), &mut recorded);
        assert_eq!(recorded.first(), Some(&Recorded::Started { call, rate: 8_000, resumed: false }));
        assert_eq!(recorded.last(), Some(&Recorded::Stopped { call, samples: 64_000 }));
        let place = |chunk: &Recorded| if let Recorded::Audio { position, .. } = chunk { Some(position / 8) } else { None };
        recorded.iter().filter_map(place).collect()
    }

    #[test]
    fn sound_stands_where_it_was_said() {
        for (story, packets, expected) in [
            ("jitter does not tear", vec![(500, 1, 0), (545, 1, 20), (546, 1, 40), (560, 1, 60)], vec![500, 520, 540, 560]),
            ("loss leaves its gap", vec![(0, 1, 0), (20, 1, 20), (100, 1, 100)], vec![0, 20, 100]),
            ("order is mended", vec![(0, 1, 0), (40, 1, 40), (41, 1, 20), (60, 1, 60)], vec![0, 40, 20, 60]),
            ("a new source stands where it comes", vec![(0, 1, 0), (33, 2, 99_000), (53, 2, 99_020)], vec![0, 33, 53]),
            ("the clock runs over", vec![(0, 1, -20), (20, 1, 0), (40, 1, 20)], vec![0, 20, 40]),
            ("a pause that was not counted", vec![(0, 1, 0), (2_000, 1, 20), (2_020, 1, 40)], vec![0, 2_000, 2_020]),
            (
                "a late first packet",
                vec![(100, 1, 0), (101, 1, 20), (102, 1, 40), (103, 1, 60), (104, 1, 80)],
                vec![100, 120, 140, 160, 104],
            ),
            ("one from before the beginning", vec![(5, 1, 20), (6, 1, 0), (25, 1, 40)], vec![5, 25]),
        ] {
            assert_eq!(positions(&packets), expected, "{story}");
        }
    }

    #[test]
    fn a_clock_that_runs_slow_is_followed() {
        // 1 % slow: after 8 s it would be 80 ms behind.
        let packets: Vec<(u64, u32, i64)> = (0..400).map(|n| (n as u64 * 20, 1, n * 198 / 10)).collect();
        for (position, (arrival, ..)) in positions(&packets).iter().zip(&packets) {
            assert!(position.abs_diff(*arrival) <= 75, "{position} for {arrival}");
        }
    }

    #[test]
    fn what_is_played_is_brought_to_the_recordings_rate() {
        let (call, mut recorded) = (CallId::new(Timestamp(0), &mut Rng::new(1)), Vec::new());
        let mut tap = Tap::start(call, Rate::Hz8000, (LEFT, &[]), None, at(0), &mut recorded);
        tap.played(&[0; 320], Rate::Hz16000, at(20), &mut recorded);
        let expected = Recorded::Audio { call, channel: Channel::Right, position: 160, audio: Sound::Linear(vec![0; 160]) };
        assert_eq!(recorded[1], expected);
        tap.received(LegId(9), Received { codec: Codec::Pcma, source: 1, timestamp: 0, payload: &[1] }, at(30), &mut recorded);
        assert_eq!(recorded.len(), 2, "whoever is no party of the recording is not on it");
    }

    #[test]
    fn each_on_the_right_has_a_place_of_his_own() {
        let (call, mut recorded) = (CallId::new(Timestamp(0), &mut Rng::new(1)), Vec::new());
        let mut tap = Tap::start(call, Rate::Hz8000, (LEFT, &[RIGHT, LEFT, RIGHT]), None, at(0), &mut recorded);
        let mut comes = |tap: &mut Tap, leg: u64, ms: u64, timestamp: u32| {
            let packet = Received { codec: Codec::Pcma, source: leg as u32, timestamp, payload: &[leg as u8] };
            recorded.clear();
            tap.received(LegId(leg), packet, at(ms), &mut recorded);
            recorded.first().and_then(|chunk| match chunk {
                Recorded::Audio { channel, position, .. } => Some((*channel, *position / 8)),
                _ => None,
            })
        };
        assert_eq!(comes(&mut tap, 2, 100, 800), Some((Channel::Right, 100)));
        tap.set_parties(LEFT, &[LegId(3), RIGHT]);
        assert_eq!(comes(&mut tap, 3, 110, 55), Some((Channel::Right, 110)));
        assert_eq!(comes(&mut tap, 2, 139, 960), Some((Channel::Right, 120)), "at the place that he had, whoever joined");
        assert_eq!(comes(&mut tap, 1, 140, 0), Some((Channel::Left, 140)));
        tap.set_parties(LEFT, &[LegId(3)]);
        assert_eq!(comes(&mut tap, 2, 150, 1_120), None);
        tap.forget(LegId(3));
        tap.forget(LEFT);
        assert_eq!(comes(&mut tap, 3, 160, 455), None);
        assert_eq!(comes(&mut tap, 1, 160, 160), Some((Channel::Left, 160)), "the left stays the left");
        tap.set_parties(LEFT, &(10..200).map(LegId).collect::<Vec<_>>());
        assert_eq!(tap.parties.len(), SESSION_LEGS_MAX);
    }

    #[test]
    fn a_pause_is_silence_on_a_timeline_that_goes_on_and_what_was_said_in_it_is_left_out_however_late() {
        let (call, mut recorded) = (CallId::new(Timestamp(0), &mut Rng::new(1)), Vec::new());
        let mut tap = Tap::start(call, Rate::Hz8000, (LEFT, &[RIGHT]), None, at(0), &mut recorded);
        let mut comes = |tap: &mut Tap, ms: u64, timestamp_ms: u32| {
            recorded.clear();
            let packet = Received { codec: Codec::Pcma, source: 1, timestamp: timestamp_ms * 8, payload: &[1] };
            tap.received(LEFT, packet, at(ms), &mut recorded);
            tap.played(&[9; 160], Rate::Hz8000, at(ms), &mut recorded);
            let place = |chunk: &Recorded| {
                if let Recorded::Audio { channel, position, .. } = chunk { Some((*channel, position / 8)) } else { None }
            };
            recorded.iter().filter_map(place).collect::<Vec<_>>()
        };
        assert_eq!(comes(&mut tap, 100, 0), [(Channel::Left, 100), (Channel::Right, 100)]);
        tap.pause(true, at(110));
        assert_eq!(comes(&mut tap, 120, 20), []);
        assert_eq!(comes(&mut tap, 140, 40), []);
        tap.pause(true, at(150));
        tap.pause(false, at(200));
        // Said at 160, and held up on the way; what is played is of now.
        assert_eq!(comes(&mut tap, 205, 60), [(Channel::Right, 205)]);
        assert_eq!(comes(&mut tap, 206, 100), [(Channel::Left, 200), (Channel::Right, 206)], "at the place that it had all the while");
        tap.pause(false, at(300));
        assert_eq!(comes(&mut tap, 301, 190), [(Channel::Left, 290), (Channel::Right, 301)], "what is not paused does not end");
        tap.pause(true, at(400));
        recorded.clear();
        tap.stop(at(1_000), &mut recorded);
        assert_eq!(recorded, [Recorded::Stopped { call, samples: 8_000 }]);
    }

    #[test]
    fn a_recording_that_is_resumed_counts_from_its_beginning() {
        let (call, mut recorded) = (CallId::new(Timestamp(0), &mut Rng::new(1)), Vec::new());
        let mut tap = Tap::start(call, Rate::Hz8000, (LEFT, &[]), Some(at(500)), at(60_000), &mut recorded);
        tap.received(LEFT, Received { codec: Codec::Pcma, source: 1, timestamp: 9, payload: &[1] }, at(60_500), &mut recorded);
        tap.stop(at(61_500), &mut recorded);
        let sound = Sound::Encoded { codec: Codec::Pcma, source: 1, payload: vec![1] };
        let expected = [
            Recorded::Started { call, rate: 8_000, resumed: true },
            Recorded::Audio { call, channel: Channel::Left, position: 60_000 * 8, audio: sound },
            Recorded::Stopped { call, samples: 61_000 * 8 },
        ];
        assert_eq!(recorded, expected);
    }
}
