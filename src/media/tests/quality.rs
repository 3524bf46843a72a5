//! How well sound travels, as it is told minute by minute: exactly what was done to the packets, whatever that was.

use super::world::{SESSION, World, at};
use crate::base::time::{millis, secs};
use crate::base::{Codec, Duration, ExtendedReports, Instant, LegId, Mos, QualityPart, Rng, SessionId};
use crate::media::Component;
use crate::media::control::{Command, Report};
use crate::rtp::Header;
use crate::rtp::e_model::{self, Impairment, Loss};
use crate::rtp::receiver::ReceptionReport;
use crate::rtp::rtcp::{self, Reporter, Sent};
use std::collections::BTreeSet;

const PHONE: &str = "198.51.100.1:4000";
const PHONE_RTCP: &str = "198.51.100.1:4001";

fn parts(world: &World, leg: u64) -> Vec<QualityPart> {
    let of_leg = |report: &Report| match report {
        Report::Quality { leg: its, part, .. } if *its == LegId(leg) => Some(**part),
        _ => None,
    };
    world.reports.iter().filter_map(|(_, report)| of_leg(report)).collect()
}

fn release(world: &mut World) {
    world.command(Command::Release { session: SESSION });
}

/// What a network did to the packets of a phone, on the books of whoever did it.
struct Weather {
    /// (arrives at ms, number).
    arrivals: Vec<(u64, u64)>,
}

impl Weather {
    /// So many of a thousand are lost, come up to 60 ms late, come twice.
    fn new(packets: u64, lost: u64, late: u64, twice: u64) -> Self {
        let mut rng = Rng::new(99);
        let mut arrivals = Vec::new();
        for number in 0..packets {
            // The first comes, and in time, so that there is something to count from.
            let mut chance = |of_thousand: u64| rng.below(1_000) < of_thousand && number > 0;
            let (is_lost, is_late, is_twice) = (chance(lost), chance(late), chance(twice));
            if is_lost {
                continue;
            }
            let when = 1 + number * 20 + if is_late { rng.below(60) } else { 0 };
            arrivals.push((when, number));
            if is_twice {
                arrivals.push((when + 1, number));
            }
        }
        arrivals.sort_unstable();
        Self { arrivals }
    }

    /// What of it is told by `ms`: packets that came, those that are missing up to the highest that came, and their runs.
    fn counted(&self, ms: u64) -> (u64, u64, u64) {
        let came: BTreeSet<u64> = self.arrivals.iter().filter(|(when, _)| *when < ms).map(|(_, number)| *number).collect();
        let highest = came.last().copied().unwrap_or(0);
        let missing: Vec<u64> = (0..=highest).filter(|number| !came.contains(number)).collect();
        let runs = missing.iter().filter(|number| !missing.contains(&(**number + 1))).count() as u64;
        (came.len() as u64, missing.len() as u64, runs)
    }

    /// RFC 3550 §A.8 as it is written, in milliseconds: mean over the packets of the time, and most.
    fn jitter(&self, from: u64, to: u64) -> (f64, f64) {
        let (mut estimate, mut before, mut seen) = (0.0_f64, None::<f64>, BTreeSet::new());
        let mut all = Vec::new();
        for (when, number) in &self.arrivals {
            if !seen.insert(*number) {
                continue;
            }
            let transit = *when as f64 - *number as f64 * 20.0;
            if let Some(before) = before.replace(transit) {
                estimate += ((transit - before).abs() - estimate) / 16.0;
            }
            if (from..to).contains(when) {
                all.push(estimate);
            }
        }
        (all.iter().sum::<f64>() / all.len() as f64, all.iter().copied().fold(0.0, f64::max))
    }
}

/// The phone of leg 1 sends through that weather.
fn through(world: &mut World, weather: &Weather, until: u64) {
    let clock = world.phones[0].parameters.codec.clock_rate();
    let kind = world.phones[0].parameters.receive_payload_type;
    let mut due = weather.arrivals.iter().peekable();
    while world.now < at(until) {
        world.run(1);
        let ms = world.now.since_start().as_millis() as u64;
        while let Some((_, number)) = due.next_if(|(when, _)| *when == ms) {
            let timestamp = (*number as u32).wrapping_mul(clock / 50);
            let mut bytes = Vec::new();
            Header { payload_type: kind, marker: false, sequence: *number as u16, timestamp, ssrc: 5 }.write(&[0x55; 160], &mut bytes);
            world.datagram(1, Component::Rtp, PHONE, &bytes);
        }
    }
}

#[test]
fn what_is_told_of_each_minute_is_what_was_done_in_it() {
    for (lost, late, twice) in [(0, 0, 0), (50, 0, 0), (0, 100, 0), (50, 100, 30), (300, 300, 300)] {
        let story = format!("lost {lost}, late {late}, twice {twice} of a thousand");
        let weather = Weather::new(9_500, lost, late, twice);
        let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
        through(&mut world, &weather, 195_000);
        release(&mut world);
        let told = parts(&world, 1);
        let spans: Vec<(u128, u128)> = told.iter().map(|part| (part.from.as_millis(), part.to.as_millis())).collect();
        assert_eq!(spans, [(0, 60_000), (60_000, 120_000), (120_000, 180_000), (180_000, 195_000)], "{story}");
        let (mut came, mut missing, mut runs) = (0, 0, 0);
        for (minute, part) in told.iter().enumerate() {
            // What comes at the very millisecond of the cut is handled before it or after.
            let (from, to) = (minute as u64 * 60_000, part.to.as_millis() as u64 + u64::from(minute == 3));
            let (all, gone, all_runs) = weather.counted(to);
            let loss = u32::try_from(gone - missing).expect("not fewer");
            assert_eq!((u64::from(part.received.packets), part.received.lost), (all - came, Some(loss)), "{story}, {minute}");
            assert_eq!(part.received.discarded, None, "{story}: it is only passed on");
            let (mean, most) = weather.jitter(from, to);
            let told_mean = f64::from(part.received.jitter_mean_us.expect("known")) / 1_000.0;
            let told_most = f64::from(part.received.jitter_max_us.expect("known")) / 1_000.0;
            assert!((told_mean - mean).abs() < 0.1 && (told_most - most).abs() < 0.2, "{story}: {told_mean} {mean}, {told_most} {most}");
            // It is passed on: what comes too late for the buffer of who hears it is reckoned from the jitter.
            let late = e_model::late_at_phone(all - came, f64::from(part.received.jitter_mean_us.expect("known")) / 1_000.0);
            let missed = u64::from(loss) + late;
            let of_it = Loss { missing: missed, expected: all - came + u64::from(loss), runs: Some(all_runs - runs + late) };
            let mos = e_model::mos(e_model::rating(Impairment::G711_CONCEALED, of_it, None));
            assert_eq!(part.received.mos, Some(mos), "{story}: listening quality, for no round trip is known");
            assert_eq!((part.mos(), part.worst, part.round_trip_mean_us), (Some(mos), Some(mos), None));
            (came, missing, runs) = (all, gone, all_runs);
        }
        // What is passed on to the other is all that came, and its own way has lost nothing that anybody knew of.
        let sent: u64 = parts(&world, 2).iter().map(|part| u64::from(part.sent.packets)).sum();
        let (unique, ..) = weather.counted(u64::MAX);
        assert!(sent <= unique && unique - sent <= 100, "{story}: {sent} of {unique}");
        assert!(parts(&world, 2).iter().all(|part| part.sent.lost.is_none() && part.sent.mos.is_none() && part.received.packets == 0));
    }
}

#[test]
fn where_the_switch_decodes_it_knows_what_came_too_late_to_be_heard() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcmu);
    let mut arrivals: Vec<(u64, u64)> = (0..3_100).map(|number| (1 + number * 20, number)).collect();
    // Ten of them come half a second late.
    for late in (100..1_100).step_by(100) {
        arrivals[late].0 += 500;
    }
    arrivals.sort_unstable();
    through(&mut world, &Weather { arrivals }, 61_000);
    let part = parts(&world, 1)[0];
    assert_eq!((part.received.packets, part.received.lost, part.received.discarded), (3_000, Some(0), Some(10)));
    let of_it = Loss { missing: 10, expected: 3_000, runs: Some(10) };
    assert_eq!(part.received.mos, Some(e_model::mos(e_model::rating(Impairment::G711_CONCEALED, of_it, None))));
    assert!(part.received.mos < Some(Mos::new(4.41)));
}

/// A phone that answers by RTCP: it heard our last report `there` after it was sent, and answers after `kept`; that takes `back`.
fn answers(
    world: &mut World,
    reporter: &mut Reporter,
    block: impl FnOnce(&World) -> ReceptionReport,
    there: Duration,
    kept: Duration,
    back: Duration,
) {
    let (seen, mut rng) = (world.phones[0].got_rtcp.len(), Rng::new(3));
    while world.phones[0].got_rtcp.len() == seen {
        world.run(1);
    }
    let block = block(world);
    let (sent_at, bytes) = (world.now, world.phones[0].got_rtcp.last().expect("a report").clone());
    reporter.note(rtcp::read(&bytes, 5).expect("our report"), sent_at + there);
    let mut answer = Vec::new();
    let sent = Sent { ssrc: 5, timestamp: 0, packets: 0, octets: 0 };
    reporter.report(sent, Some(block), sent_at + there + kept, &mut rng, &mut answer);
    world.run((there + kept + back).as_millis() as u64);
    world.datagram(1, Component::Rtcp, PHONE_RTCP, &answer);
}

fn our_ssrc(world: &World) -> u32 {
    world.phones[0].got[0].header.ssrc
}

fn block(world: &World, cumulative_lost: u32, jitter: u32) -> ReceptionReport {
    let highest_sequence = u32::from(world.phones[0].got.last().expect("heard").header.sequence);
    ReceptionReport { ssrc: our_ssrc(world), fraction_lost: 0, cumulative_lost, highest_sequence, jitter }
}

#[test]
fn the_round_trip_and_what_the_phone_hears_are_what_it_says() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.talk().run(1_000);
    let mut reporter = Reporter::new("phone".into(), Instant::START, &mut Rng::new(1));
    for (lost, jitter, there, back) in [(3, 80, 20, 30), (7, 160, 60, 90), (12, 240, 20, 30)] {
        answers(&mut world, &mut reporter, |world| block(world, lost, jitter), millis(there), millis(700), millis(back));
    }
    world.run(60_500 - world.now.since_start().as_millis() as u64);
    let part = parts(&world, 1)[0];
    let near = |told: Option<u32>, us: u32| told.is_some_and(|told| told.abs_diff(us) < 40);
    assert!(near(part.round_trip_mean_us, 83_333) && near(part.round_trip_max_us, 150_000), "{part:?}");
    assert_eq!(
        (part.sent.lost, part.sent.packets),
        (Some(12), u32::try_from(world.phones[0].got.iter().filter(|got| got.at < at(60_000)).count()).expect("few"))
    );
    assert_eq!((part.sent.jitter_mean_us, part.sent.jitter_max_us), (Some(20_000), Some(30_000)));
    let trip = f64::from(part.round_trip_mean_us.expect("known")) / 1_000.0;
    // Of what came to the phone, with 20 ms of jitter, one of a hundred came too late for a buffer of 4.605 times that.
    let late = ((f64::from(part.sent.packets) - 12.0) * 0.01).round() as u64;
    let of_it = Loss { missing: 12 + late, expected: part.sent.packets.into(), runs: None };
    let mos = e_model::mos(e_model::rating(Impairment::G711_CONCEALED, of_it, Some(trip / 2.0 + 20.0 + 4.605 * 20.0)));
    assert_eq!(part.sent.mos, Some(mos), "conversational quality");
    assert!(part.received.mos > part.sent.mos && part.mos() == Some(mos));
    // Nothing is told of a minute in which the phone says nothing.
    world.run(60_000);
    let next = parts(&world, 1)[1];
    assert_eq!((next.sent.lost, next.round_trip_mean_us, next.sent.mos), (None, None, None));
    assert!(next.sent.packets >= 2_999);
}

#[test]
fn what_the_other_lost_before_us_is_not_lost_on_the_way_to_the_phone() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.phones[1].loses_one_in = 10;
    world.talk().run(1_000);
    let mut reporter = Reporter::new("phone".into(), Instant::START, &mut Rng::new(1));
    let (mut missed, mut lost_there) = (0, 0);
    for _ in 0..8 {
        lost_there += 3;
        // The phone misses what never came to us, and three more.
        let misses = |world: &World| {
            let numbers: Vec<u16> = world.phones[0].got.iter().map(|got| got.header.sequence).collect();
            let span = u32::from(numbers[numbers.len() - 1].wrapping_sub(numbers[0])) + 1;
            missed = span - u32::try_from(numbers.len()).expect("few");
            block(world, missed + lost_there, 0)
        };
        answers(&mut world, &mut reporter, misses, millis(1), millis(1), millis(1));
    }
    assert!(missed > 100, "{missed}");
    world.run(60_500_u64.saturating_sub(world.now.since_start().as_millis() as u64));
    let told: u32 = parts(&world, 1).iter().filter_map(|part| part.sent.lost).sum();
    assert!((lost_there - 3..=lost_there).contains(&told), "{told} of {lost_there}");
    let received = parts(&world, 2)[0].received;
    assert!(received.lost.is_some_and(|lost| (250..400).contains(&lost)), "{received:?}");
}

#[test]
fn after_a_restart_minutes_go_on_and_only_what_is_known_is_told() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.talk().run(90_000);
    assert_eq!(parts(&world, 1).len(), 1);
    let before = world.phones[0].got.len();
    world.restart(500).all_hear_all(&[1, 2]);
    world.run(10_000);
    let mut reporter = Reporter::new("phone".into(), Instant::START, &mut Rng::new(1));
    // The phone takes the numbers that were left out at the restart for lost.
    assert!(world.phones[0].got.len() > before + 400);
    for lost in [70, 72] {
        answers(&mut world, &mut reporter, |world| block(world, lost, 0), millis(5), millis(5), millis(5));
    }
    world.run(121_000 - world.now.since_start().as_millis() as u64);
    let part = parts(&world, 1)[1];
    assert_eq!((part.from, part.to), (millis(90_500), secs(120)), "the cut is where it would have been, and the gap is seen");
    assert_eq!((part.sent.lost, part.received.lost), (Some(2), Some(0)), "{part:?}");
    assert!((1_470..=1_476).contains(&part.received.packets), "{part:?}");
}

#[test]
fn a_leg_that_is_moved_has_its_minutes_in_either_call() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.talk().run(70_000);
    world.command(Command::Move { leg: LegId(1), from: SESSION, to: SessionId(2) });
    world.run(60_000);
    let told: Vec<(SessionId, u128, u128)> = world
        .reports
        .iter()
        .filter_map(|(_, report)| match report {
            Report::Quality { session, leg: LegId(1), part, .. } => Some((*session, part.from.as_millis(), part.to.as_millis())),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(SESSION, 0, 60_000), (SESSION, 60_000, 70_000), (SessionId(2), 70_000, 120_000)]);
}

#[test]
fn of_a_leg_on_which_nothing_passes_nothing_is_told() {
    let mut world = World::new();
    world.phone(1, Codec::Pcma, 400.0);
    world.configure(0, |parameters| parameters.direction.receive = false).run(300_000);
    release(&mut world);
    assert_eq!(parts(&world, 1), []);
    assert_eq!(world.times(|report| matches!(report, Report::Statistics { .. })).len(), 1, "it is told to be over all the same");
}

#[test]
fn a_flood_of_reports_that_are_none_is_counted_and_changes_nothing() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.talk().run(1_000);
    let ours = our_ssrc(&world);
    let mut rng = Rng::new(4);
    let mut bad = 0;
    for _ in 0..20_000 {
        // A sender report of ours to itself, and rubbish behind it or in it.
        let mut bytes: Vec<u8> = [0x81, 201, 0, 7].into_iter().chain(9_u32.to_be_bytes()).chain(ours.to_be_bytes()).collect();
        bytes.resize(32, 0);
        match rng.below(4) {
            0 => bytes[3] = 200,
            1 => bytes.truncate(31),
            2 => bytes.extend([0x80, 207, 0, 3, 0, 0, 0, 9, 7, 0, 0, 1, 0, 0, 0, 0]),
            _ => bytes.extend((0..rng.below(40)).map(|_| rng.next_u32() as u8)),
        }
        bad += u64::from(rtcp::read(&bytes, ours).is_err());
        world.datagram(1, Component::Rtcp, PHONE_RTCP, &bytes);
    }
    assert!(bad > 10_000);
    world.run(60_000);
    let part = parts(&world, 1)[0];
    assert_eq!((part.received.lost, part.round_trip_mean_us, part.sent.lost.unwrap_or(0)), (Some(0), None, 0), "{part:?}");
    release(&mut world);
    let malformed = world.reports.iter().find_map(|(_, report)| match report {
        Report::Statistics { leg: LegId(1), statistics, .. } => Some(statistics.packets_malformed),
        _ => None,
    });
    assert_eq!(malformed, Some(bad));
}

#[test]
fn whoever_asks_for_extended_reports_gets_them_and_is_believed() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.phones[0].loses_one_in = 20;
    world.configure(0, |parameters| parameters.extended_reports = ExtendedReports { metrics: true, round_trip: true });
    world.talk().run(30_000);
    let told: Vec<_> =
        world.phones[0].got_rtcp.iter().map(|bytes| rtcp::read(bytes, world.phones[0].ssrc).expect("RTCP").extended).collect();
    assert!(told.len() >= 4 && told.iter().all(|told| told.reference_time.is_some()), "{told:?}");
    let voip = told.last().and_then(|told| told.voip).expect("metrics of his stream");
    assert!((8..=18).contains(&voip.loss_rate) && voip.discard_rate == 0, "5 % are 13 of 256: {voip:?}");
    let mos = voip.mos.expect("a score");
    assert!(mos > Mos::new(3.6) && mos < Mos::new(4.3), "{mos}");
    assert!(world.phones[1].got_rtcp.iter().all(|bytes| rtcp::read(bytes, 0).expect("RTCP").extended == rtcp::Extended::default()));
    // What the phone says of our stream comes with its minute.
    let mut says = vec![0x80, 201, 0, 1, 0, 0, 0, 5, 0x80, 207, 0, 10, 0, 0, 0, 5, 7, 0, 0, 8];
    says.extend(our_ssrc(&world).to_be_bytes());
    says.extend([1, 0, 0, 0, 0, 0, 0, 0, 0, 44, 0, 60, 127, 127, 127, 16, 90, 127, 42, 38, 0xF0, 0, 0, 50, 0, 200, 0, 200]);
    world.datagram(1, Component::Rtcp, PHONE_RTCP, &says);
    world.run(30_000);
    assert_eq!(parts(&world, 1)[0].told, Some(Mos::new(3.8)));
}
