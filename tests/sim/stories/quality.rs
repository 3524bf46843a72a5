//! How well a call's sound travels: minute by minute on its record, and told when it is poor.

use crate::net::Weather;
use crate::sound::{GREETING_MS, Sound};
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::base::{Codec, Instant, Mos, Rng};
use sanling::call::record::{CallRecord, QualityRecord};
use sanling::rtp::e_model::{Impairment, Loss, mos, rating};
use sanling::rtp::receiver::ReceptionReport;
use sanling::rtp::rtcp::{self, Reporter, Sent};
use sanling::switch::output::{Detail, Event};

/// A call between the caller and agent 1001 of which anything below that score is told.
fn talking(poor: &str) -> World {
    let mut world = World::story_with(&[], &[poor]);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).habit("1001", |habit| habit.sound = Sound::Speech);
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(millis(1_000 + GREETING_MS + 100));
    world.expect_up(CALLER).expect_up("1001");
    world
}

fn of_caller(record: &CallRecord) -> &QualityRecord {
    record.quality.iter().find(|line| line.agent.is_none()).expect("the caller's line")
}

fn of_agent(record: &CallRecord) -> &QualityRecord {
    record.quality.iter().find(|line| line.agent.is_some()).expect("the agent's line")
}

fn detail<'a>(event: &'a Event, name: &str) -> Option<&'a Detail> {
    event.detail.iter().find(|(its, _)| *its == name).map(|(_, detail)| detail)
}

/// Each time that it was told: at which second, whose leg, poor or not.
fn told(world: &World) -> Vec<(u64, String, bool)> {
    let words = |event: &Event| match (detail(event, "whose"), detail(event, "poor")) {
        (Some(Detail::Text(whose)), Some(Detail::Flag(poor))) => (whose.clone(), *poor),
        other => panic!("{other:?}"),
    };
    let of = |(at, event): &(Instant, Event)| {
        let (whose, poor) = words(event);
        (at.since_start().as_secs(), whose, poor)
    };
    world.events_named("call.quality").map(of).collect()
}

fn sum(line: &QualityRecord, pick: fn(&sanling::base::QualityPart) -> u32) -> u32 {
    line.parts.iter().map(pick).sum()
}

#[test]
fn a_good_call_has_its_minutes_on_record_and_nothing_is_told() {
    let mut world = talking("quality.poor=3.6");
    world.after(secs(150));
    let record = world.ends_well();
    assert_eq!(record.quality.len(), 2, "{:?}", record.quality);
    for line in &record.quality {
        assert_eq!((line.codec, line.interval, line.parts.len()), (Codec::Pcma, secs(60), 3), "{line:?}");
        assert_eq!((line.mos_min, line.mos_mean()), (Some(Mos::new(4.41)), Some(Mos::new(4.41))));
        assert_eq!(sum(line, |part| part.received.lost.unwrap_or(0)), 0);
        // Ended with the call: the last part-minute is there.
        let long = line.started_at.until(record.released_at.expect("released"));
        assert!(line.parts[2].to.abs_diff(long) <= millis(20), "{line:?} {long:?}");
        assert!((2_999..=3_001).contains(&line.parts[1].received.packets), "{line:?}");
    }
    assert_eq!(of_agent(&record).agent.as_ref().map(ToString::to_string).as_deref(), Some("1001"));
    assert_eq!((told(&world), world.snapshot().legs_poor), (vec![], 0));
    let mut kinds: Vec<(bool, Codec, Mos)> = world.ended_legs.iter().map(|leg| (leg.is_agent, leg.codec, leg.mos_min)).collect();
    kinds.sort_unstable_by_key(|kind| kind.0);
    assert_eq!(kinds, [(false, Codec::Pcma, Mos::new(4.41)), (true, Codec::Pcma, Mos::new(4.41))], "each leg is counted once");
}

#[test]
fn five_percent_lost_on_one_side_are_that_sides_and_the_alarm_begins_and_ends() {
    let mut world = talking("quality.poor=4.0");
    let from = world.now;
    world.sends_through(CALLER, Weather { lost: 50, ..Weather::default() }).after(secs(170));
    assert_eq!(world.snapshot().legs_poor, 1);
    assert!(world.snapshot().calls[0].record.quality.iter().any(|line| line.poor && line.agent.is_none()), "the wall sees whose it is");
    world.sends_through(CALLER, Weather::default()).after(secs(120));
    let lost = world.lost_of(CALLER);
    assert!((380..480).contains(&lost), "5 % of 8,500: {lost}");
    assert_eq!(world.snapshot().legs_poor, 0);
    let record = world.ends_well();
    let (caller, agent) = (of_caller(&record), of_agent(&record));
    assert_eq!(sum(caller, |part| part.received.lost.unwrap_or(0)), lost, "each that was lost is told once");
    assert_eq!(sum(agent, |part| part.received.lost.unwrap_or(0)), 0);
    assert!(agent.parts.iter().all(|part| part.received.mos.is_none_or(|mos| mos == Mos::new(4.41))));
    let minute = &caller.parts[1].received;
    let percent = f64::from(minute.lost.expect("known")) * 100.0 / f64::from(minute.packets + minute.lost.expect("known"));
    assert!((3.8..6.2).contains(&percent), "{percent}");
    let random = Loss { missing: minute.lost.expect("known").into(), expected: 3_000, runs: None };
    let expected = mos(rating(Impairment::of(Codec::Pcma), random, None));
    assert!(minute.mos.expect("judged").hundredths().abs_diff(expected.hundredths()) <= 3, "{minute:?} {expected}");
    assert!(caller.mos_min < Some(Mos::new(4.0)) && caller.mos_mean() > caller.mos_min);
    // The legs are as old as the call: the minute ends at 60 s and 180 s of the caller's.
    let began = u64::try_from(caller.started_at.0 - crate::world::BEGAN.0).expect("later") / 1_000;
    let first = if from.since_start().as_secs() < began + 30 { 60 } else { 120 };
    assert_eq!(
        told(&world),
        [(began + first, "customer".to_owned(), true), (began + 240, "customer".to_owned(), false)],
        "once when it turns poor, once when a whole minute is well again"
    );
    let (_, event) = world.events_named("call.quality").next().expect("told");
    let Some(Detail::Hundredths(told_lost)) = detail(event, "lost_percent") else { panic!("{event:?}") };
    assert!((300..700).contains(told_lost), "{event:?}");
    assert!(matches!(detail(event, "mos"), Some(Detail::Hundredths(360..400))), "{event:?}");
    assert_eq!(event.call, Some(record.id));
}

#[test]
fn an_alarm_that_lasts_ends_with_the_call() {
    let mut world = talking("quality.poor=4.0");
    world.sends_through("1001", Weather { lost: 100, delay_ms: 30, ..Weather::default() }).after(secs(130));
    assert_eq!(told(&world).iter().map(|(_, whose, poor)| (whose.as_str(), *poor)).collect::<Vec<_>>(), [("1001", true)]);
    // Only what is followed by something is known to be lost.
    world.sends_through("1001", Weather::default()).after(secs(1));
    let record = world.ends_well();
    assert_eq!(told(&world).last().map(|(_, whose, poor)| (whose.as_str(), *poor)), Some(("1001", false)));
    let last = world.events_named("call.quality").last().expect("told").1.clone();
    assert_eq!(detail(&last, "ended"), Some(&Detail::Flag(true)));
    assert_eq!((world.snapshot().legs_poor, record.quality.iter().any(|line| line.poor)), (0, false));
    let jitter = of_agent(&record).parts[1].received.jitter_mean_us.expect("known");
    assert!((7_000..13_000).contains(&jitter), "up to 30 ms of delay, 10 ms apart on average: {jitter}");
    assert_eq!(sum(of_agent(&record), |part| part.received.lost.unwrap_or(0)), world.lost_of("1001"));
}

#[test]
fn a_phone_that_answers_by_rtcp_has_its_round_trip_on_record() {
    let mut world = talking("quality.poor=1.0");
    let mut reporter = Reporter::new("phone".into(), Instant::START, &mut Rng::new(1));
    let stream = &world.leg(CALLER).stream;
    let rtcp = std::net::SocketAddr::new(stream.local.ip(), stream.local.port() + 1);
    let (mut answered, mut at) = (0, Instant::START);
    while answered < 10 {
        world.after(millis(100));
        let Some((sent_at, bytes)) = world.report_to(rtcp).filter(|(sent_at, _)| *sent_at > at) else { continue };
        at = sent_at;
        let incoming = rtcp::read(bytes, 7).expect("RTCP of ours");
        let ssrc = u32::from_be_bytes(bytes[4..8].try_into().expect("a sender"));
        // It took 40 ms to the phone, was kept until now, and takes 35 ms back.
        reporter.note(incoming, sent_at + millis(40));
        let block = ReceptionReport { ssrc, fraction_lost: 0, cumulative_lost: 0, highest_sequence: 0, jitter: 40 };
        let mut answer = Vec::new();
        let silent = Sent { ssrc: 7, timestamp: 0, packets: 0, octets: 0 };
        let now = world.now.max(sent_at + millis(40));
        reporter.report(silent, Some(block), now, &mut Rng::new(2), &mut answer);
        world.sends_packet(CALLER, now - world.now + millis(35), answer);
        answered += 1;
    }
    world.after(secs(30));
    let record = world.ends_well();
    let told: Vec<_> = of_caller(&record).parts.iter().filter_map(|part| part.round_trip_mean_us.zip(part.round_trip_max_us)).collect();
    assert!(!told.is_empty() && told.iter().all(|(mean, most)| mean.abs_diff(75_000) < 40 && most.abs_diff(75_000) < 40), "{told:?}");
    assert!(of_caller(&record).parts.iter().any(|part| part.sent.jitter_mean_us == Some(5_000)));
    assert!(of_agent(&record).parts.iter().all(|part| part.round_trip_mean_us.is_none()), "his phone says nothing");
    let trips: Vec<_> = world.ended_legs.iter().map(|leg| leg.round_trip_us.is_some()).collect();
    assert_eq!(trips.iter().filter(|known| **known).count(), 1);
}

#[test]
fn over_a_restart_the_minutes_before_stay_and_the_gap_is_seen() {
    let mut world = talking("quality.poor=4.0");
    world.sends_through(CALLER, Weather { lost: 100, ..Weather::default() }).after(secs(75)).crash(secs(2)).after(secs(100));
    assert_eq!(world.snapshot().legs_poor, 1, "the alarm outlives the switch");
    assert_eq!(told(&world).len(), 1, "and is not told again");
    let record = world.ends_well();
    let caller = of_caller(&record);
    let spans: Vec<(u64, u64)> = caller.parts.iter().map(|part| (part.from.as_millis() as u64, part.to.as_millis() as u64)).collect();
    assert_eq!(spans.len(), 3, "{spans:?}");
    assert!(spans[0].1.abs_diff(60_000) <= 20 && spans[1].1.abs_diff(120_000) <= 20, "{spans:?}");
    // What was counted of the second minute before the end is gone with the process.
    assert!((75_000..90_000).contains(&spans[1].0), "{spans:?}");
    assert!(caller.parts[1].received.packets < 2_300 && caller.mos_min.is_some());
}

#[test]
fn whose_leg_it_is_is_known_when_it_is_over_whoever_leaves_first() {
    let mut world = talking("quality.poor=3.6");
    world.after(secs(10)).hangs_up("1001").after(secs(3)).expect_up(CALLER);
    let record = world.ends_well();
    let whose: Vec<_> = record.quality.iter().map(|line| line.agent.as_ref().map(ToString::to_string)).collect();
    assert_eq!((whose.len(), whose.contains(&Some("1001".to_owned())), whose.contains(&None)), (2, true, true), "{whose:?}");
    let mut refused = World::story();
    refused.caller_dials("99999").after(secs(1));
    let record = refused.ends_well();
    assert!(record.quality.is_empty() && record.released_at.is_some(), "nobody spoke, and the record is there all the same");
}
