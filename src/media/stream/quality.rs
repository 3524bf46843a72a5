//! How well the leg's sound travels, minute by minute of its life: what came and did not, what the phone says by RTCP of what it was sent, how
//! long the way is. Sums alone: an hour costs no more room than a second.

use super::Stream;
use crate::base::quality::{Flow, Mos, QualityPart};
use crate::base::time::{millis, secs};
use crate::base::{Codec, Duration, Instant};
use crate::media::control::Report;
use crate::media::turn::Turn;
use crate::rtp::e_model::{self, Impairment, Loss};
use crate::rtp::jitter_buffer::{DELAY_MAX, DELAY_START};
use crate::rtp::rtcp::{Block, Incoming, OurMetrics, Wanted};

/// How long a part is.
const PART: Duration = secs(60);
/// Fewer packets than these, a second's, say nothing of how it sounds.
const JUDGED_FROM: u64 = 50;
/// How long a packet is taken to be, where the delay is reckoned.
const PACKET: Duration = millis(20);

#[derive(Debug)]
pub struct Quality {
    /// When the leg did; its parts are cut from there.
    began: Instant,
    since: Instant,
    due: Instant,
    /// Of ours, as of the last part.
    sent_told: u64,
    far: FarEnd,
    trips: Trips,
    /// What the phone makes of it itself.
    told: Option<Mos>,
    /// The last that is known.
    round_trip: Option<Duration>,
}

/// What the phone says of our stream.
#[derive(Clone, Copy, Debug, Default)]
struct FarEnd {
    /// It goes on from before a restart: reports of what was sent before this number are of another time.
    begins_at: Option<u16>,
    lost_before: i64,
    /// Packets lost on the way to it, told of, and told on.
    lost: u64,
    lost_told: u64,
    /// Of this part: reports, and the jitter that they tell, in microseconds.
    reports: u64,
    jitter_us: u64,
    jitter_most_us: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Trips {
    count: u64,
    sum_us: u64,
    most_us: u64,
}

impl FarEnd {
    /// `skipped`: numbers of ours that were never used, since whom we pass on to it has lost them before us.
    fn note(&mut self, block: Block, skipped: u64, clock_rate: u32) {
        self.reports += 1;
        let jitter_us = u64::from(block.jitter) * 1_000_000 / u64::from(clock_rate.max(1));
        self.jitter_us += jitter_us;
        self.jitter_most_us = self.jitter_most_us.max(jitter_us);
        if let Some(first) = self.begins_at {
            if (block.highest_sequence as u16).wrapping_sub(first) >= 0x8000 {
                return;
            }
            self.begins_at = None;
            self.lost_before = i64::from(block.cumulative_lost);
        }
        let lost = i64::from(block.cumulative_lost) - self.lost_before - i64::try_from(skipped).unwrap_or(i64::MAX);
        self.lost = u64::try_from(lost).unwrap_or(0);
    }
}

impl Quality {
    /// Of a leg that began at `began`; before `now` when a restart goes on with it: then `first` is the next number of ours.
    pub fn new(began: Instant, now: Instant, first: Option<u16>) -> Self {
        Self {
            began,
            since: now,
            due: next_cut(began, now),
            sent_told: 0,
            far: FarEnd { begins_at: first, ..FarEnd::default() },
            trips: Trips::default(),
            told: None,
            round_trip: None,
        }
    }

    pub fn deadline(&self) -> Instant {
        self.due
    }

    /// The phone sent a report.
    pub fn note(&mut self, incoming: &Incoming, skipped: u64, clock_rate: u32, now: Instant) {
        if let Some(block) = incoming.block {
            self.far.note(block, skipped, clock_rate);
        }
        if let Some(trip) = incoming.round_trip(now) {
            let us = u64::try_from(trip.as_micros()).unwrap_or(u64::MAX);
            self.trips.count += 1;
            self.trips.sum_us = self.trips.sum_us.saturating_add(us);
            self.trips.most_us = self.trips.most_us.max(us);
            self.round_trip = Some(trip);
        }
        self.told = incoming.extended.voip.and_then(|voip| voip.mos).or(self.told);
    }
}

fn next_cut(began: Instant, now: Instant) -> Instant {
    let parts = now.saturating_since(began).as_nanos() / PART.as_nanos() + 1;
    began + PART.saturating_mul(u32::try_from(parts).unwrap_or(u32::MAX))
}

/// Mouth to ear on this leg: half of the way there and back, a packet, and a jitter buffer.
fn delay_ms(round_trip_us: Option<u64>, jitter_us: u64) -> Option<f64> {
    let buffer = e_model::phone_buffer_ms(in_ms(jitter_us));
    round_trip_us.map(|trip| in_ms(trip / 2) + PACKET.as_secs_f64() * 1_000.0 + buffer)
}

fn in_ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

/// What was lost on the way, and what came too late for the phone that hears it, as far as that can be known.
fn lost_at_phone(lost: u64, sent: u64, jitter_us: u64) -> u64 {
    lost + e_model::late_at_phone(sent.saturating_sub(lost), in_ms(jitter_us))
}

fn judge(codec: Codec, loss: Loss, delay_ms: Option<f64>) -> Option<Mos> {
    (loss.expected >= JUDGED_FROM).then(|| e_model::mos(e_model::rating(Impairment::of(codec), loss, delay_ms)))
}

fn count(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Stream {
    /// A part of its life is over, or it is; what there is to tell of it is told.
    pub fn end_part(&mut self, now: Instant, turn: &mut Turn) {
        let stretch = self.receiver.take_stretch();
        let discarded = self.inbound.take_discarded();
        let sent = self.outbound.sent(now).packets;
        let codec = self.codec();
        let quality = &mut self.quality;
        let Trips { count: trips, sum_us, most_us } = std::mem::take(&mut quality.trips);
        let trip_us = sum_us.checked_div(trips);
        let far = &mut quality.far;
        let far_jitter = far.jitter_us.checked_div(far.reports);
        let lost_there = far.lost.saturating_sub(far.lost_told);
        let is_told = far.reports > 0;
        let packets_sent = sent - quality.sent_told;
        let jitter_us = stretch.jitter_us.map_or(0, |(mean, _)| mean);
        // Ours tells what it threw away; the buffer of who hears what is passed on does not.
        let late = discarded.unwrap_or_else(|| e_model::late_at_phone(stretch.received, in_ms(jitter_us)));
        let missing = stretch.lost + late;
        let runs = stretch.runs + late;
        let of_received = Loss { missing, expected: stretch.received + stretch.lost, runs: Some(runs) };
        let missing_there = lost_at_phone(lost_there, packets_sent, far_jitter.unwrap_or(0));
        let of_sent = Loss { missing: missing_there, expected: packets_sent, runs: None };
        let received_delay = delay_ms(trip_us, jitter_us);
        let sent_delay = delay_ms(trip_us, far_jitter.unwrap_or(0));
        let mut part = QualityPart {
            from: quality.since - quality.began,
            to: now - quality.began,
            received: Flow {
                packets: count(stretch.received),
                lost: Some(count(stretch.lost)),
                discarded: discarded.map(count),
                jitter_mean_us: stretch.jitter_us.map(|(mean, _)| count(mean)),
                jitter_max_us: stretch.jitter_us.map(|(_, most)| count(most)),
                mos: codec.and_then(|codec| judge(codec, of_received, received_delay)),
            },
            sent: Flow {
                packets: count(packets_sent),
                lost: is_told.then(|| count(lost_there)),
                discarded: None,
                jitter_mean_us: far_jitter.map(count),
                jitter_max_us: is_told.then(|| count(far.jitter_most_us)),
                mos: codec.filter(|_| is_told).and_then(|codec| judge(codec, of_sent, sent_delay)),
            },
            round_trip_mean_us: trip_us.map(count),
            round_trip_max_us: (trips > 0).then(|| count(most_us)),
            told: quality.told.take(),
            worst: None,
        };
        part.worst = part.mos();
        if is_told {
            far.lost_told += lost_there;
        }
        (far.reports, far.jitter_us, far.jitter_most_us) = (0, 0, 0);
        (quality.since, quality.sent_told, quality.due) = (now, sent, next_cut(quality.began, now));
        if let Some(codec) = codec.filter(|_| !part.is_empty()) {
            let (session, leg, began) = (self.session, self.leg, quality.began);
            turn.reports.push(Report::Quality { session, leg, began, codec, part: Box::new(part) });
        }
    }

    /// What the phone's description asks to be told besides.
    pub fn extended_report(&mut self, now: Instant) -> Wanted {
        let Some(parameters) = &self.parameters else { return Wanted::default() };
        let asked = parameters.extended_reports;
        let mut wanted = if asked.round_trip { self.reporter.reference(now) } else { Wanted::default() };
        if asked.metrics
            && let Some(ssrc) = self.receiver.ssrc()
        {
            let (expected, lost, discarded) = (self.receiver.expected(), self.receiver.lost(), self.inbound.discarded());
            let share = |part: u64| u8::try_from(part.min(expected) * 256 / expected.max(1)).unwrap_or(u8::MAX);
            let loss = Loss { missing: lost + discarded, expected, runs: None };
            let jitter_us = (self.receiver.jitter_ms() * 1_000.0) as u64;
            let delay = delay_ms(self.quality.round_trip.map(|trip| trip.as_micros() as u64), jitter_us);
            let codec = Impairment::of(parameters.codec);
            let buffer = if self.decodes { DELAY_START } else { Duration::ZERO };
            let ms = |long: Duration| u16::try_from(long.as_millis()).unwrap_or(u16::MAX);
            wanted.metrics = Some(OurMetrics {
                ssrc,
                loss_rate: share(lost),
                discard_rate: share(discarded),
                bursts: self.receiver.bursts().summary(expected),
                packet_ms: ms(PACKET),
                round_trip: self.quality.round_trip,
                end_system_delay_ms: ms(buffer),
                rating: e_model::rating(codec, loss, delay),
                listening: e_model::mos(e_model::rating(codec, loss, None)),
                conversational: delay.map(|delay| e_model::mos(e_model::rating(codec, loss, Some(delay)))),
                jitter_buffer_ms: ms(buffer),
                jitter_buffer_max_ms: if self.decodes { ms(DELAY_MAX) } else { 0 },
            });
        }
        wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Instant {
        Instant::after_start(secs(s))
    }

    #[test]
    fn parts_are_cut_from_the_legs_beginning_whenever_it_is_asked() {
        for (began, now, due) in [(7, 7, 67), (7, 66, 67), (7, 67, 127), (7, 600, 607), (0, 61, 120)] {
            assert_eq!(next_cut(at(began), at(now)), at(due), "{began} {now}");
        }
        assert_eq!(Quality::new(at(7), at(100), None).deadline(), at(127));
    }

    #[test]
    fn what_was_missing_before_us_is_not_lost_on_the_way_to_the_phone() {
        let block = |cumulative_lost, highest_sequence| Block { cumulative_lost, highest_sequence, jitter: 80, ..Block::default() };
        let mut far = FarEnd::default();
        far.note(block(7, 100), 4, 8_000);
        assert_eq!((far.lost, far.jitter_us), (3, 10_000));
        far.note(block(-2, 100), 0, 8_000);
        assert_eq!((far.lost, far.jitter_most_us), (0, 10_000), "twice is not less than never");
    }

    #[test]
    fn after_a_restart_the_phone_counts_from_our_first_packet() {
        let block = |cumulative_lost, highest_sequence| Block { cumulative_lost, highest_sequence, ..Block::default() };
        let mut far = FarEnd { begins_at: Some(65_530), ..FarEnd::default() };
        far.note(block(10, 0x1_0000 + 65_000), 0, 8_000);
        assert_eq!(far.lost, 0, "of before");
        far.note(block(510, 0x2_0000 + 3), 0, 8_000);
        assert_eq!(far.lost, 0, "the numbers that were left out");
        far.note(block(512, 0x2_0000 + 300), 0, 8_000);
        assert_eq!(far.lost, 2);
    }
}
