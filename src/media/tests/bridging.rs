//! Two parties, and what the switch plays to them.

use super::world::{SESSION, World, at, level_at, rate_of};
use crate::base::{Cadence, Codec, LegId, time::millis};
use crate::media::control::{Background, Command, Report};

const CODECS: [Codec; 4] = Codec::ALL;

#[test]
fn the_same_codec_is_relayed_byte_for_byte() {
    for codec in CODECS {
        let mut world = World::bridged(codec, codec);
        world.talk().run(1_000);
        for (from, to) in [(0, 1), (1, 0)] {
            let (sent, got) = (&world.phones[from].sent, &world.phones[to].got);
            assert!(sent.len() >= 49, "{codec}");
            assert_eq!(got.iter().map(|got| got.payload.clone()).collect::<Vec<_>>(), *sent, "{codec}");
            world.phones[to].expect_one_stream();
            assert_ne!(got[0].header.ssrc, world.phones[from].ssrc, "the SSRC is ours");
            assert_eq!(got.iter().filter(|got| got.header.marker).count(), 1);
        }
    }
}

#[test]
fn each_pair_of_codecs_hears_the_other_ones_tone() {
    for a in CODECS {
        for b in CODECS {
            let mut world = World::bridged(a, b);
            world.talk().run(2_000);
            for (phone, hz, other) in [(0, 700.0, 400.0), (1, 400.0, 700.0)] {
                let codec = world.phones[phone].parameters.codec;
                let heard = world.phones[phone].heard_since(at(500));
                let (level, leak) = (level_at(&heard, hz, rate_of(codec)), level_at(&heard, other, rate_of(codec)));
                assert!((level + 20.0).abs() < 1.5, "{a} {b}: {hz} Hz at {level}");
                assert!(leak < -50.0, "{a} {b}: {other} Hz at {leak}");
                world.phones[phone].expect_one_stream();
            }
        }
    }
}

#[test]
fn an_announcement_over_a_bridge_is_mixed_over_the_other_party() {
    for b in [Codec::Pcma, Codec::Opus] {
        let mut world = World::bridged(Codec::Pcma, b);
        world.talk().run(1_000).announce(1, &["welcome"], 5).announce(2, &["welcome"], 6).run(900);
        for (phone, hz) in [(0, 700.0), (1, 400.0)] {
            let rate = rate_of(world.phones[phone].parameters.codec);
            let heard = world.phones[phone].heard_since(at(1_200));
            assert!((level_at(&heard, 1_000.0, rate) + 18.0).abs() < 1.5, "the announcement");
            assert!((level_at(&heard, hz, rate) + 20.0).abs() < 1.5, "the other party");
        }
        world.run(1_100);
        for (phone, hz) in [(0, 700.0), (1, 400.0)] {
            let rate = rate_of(world.phones[phone].parameters.codec);
            let heard = world.phones[phone].heard_since(at(2_200));
            assert!(level_at(&heard, 1_000.0, rate) < -60.0, "it is over");
            assert!((level_at(&heard, hz, rate) + 20.0).abs() < 1.5, "the other party alone");
            world.phones[phone].expect_one_stream();
        }
    }
}

#[test]
fn an_announcement_ends_with_its_last_sample() {
    let mut world = World::new();
    world.phone(1, Codec::Pcma, 400.0);
    world.run(5).announce(1, &["welcome", "digits/1"], 7).announce(1, &["missing"], 8).run(3_000);
    // 1,310 ms from the tick at 20 ms: the last sample is in the frame that begins 1,300 ms later.
    assert_eq!(world.times(|report| matches!(report, Report::AnnouncementEnded { token: 7, .. })), [1_320]);
    assert_eq!(world.times(|report| matches!(report, Report::AnnouncementEnded { token: 8, .. })), [1_320]);
    assert_eq!(world.phones[0].got.len(), 66);
    assert_eq!(world.phones[0].got.last().expect("packets").at, at(1_320), "and nothing is sent after");
}

#[test]
fn a_stopped_or_lost_announcement_is_told_as_ended() {
    let mut world = World::new();
    world.phone(1, Codec::Pcma, 400.0);
    world.announce(1, &["welcome"], 1).announce(1, &["welcome"], 2).run(100);
    world.command(Command::StopAnnouncements { session: SESSION, leg: LegId(1) });
    assert_eq!(world.times(|report| matches!(report, Report::AnnouncementEnded { .. })), [100, 100]);
    world.announce(1, &["welcome"], 3).run(100).command(Command::ReleaseLeg { session: SESSION, leg: LegId(1) });
    world.announce(1, &["welcome"], 4);
    assert_eq!(world.times(|report| matches!(report, Report::AnnouncementEnded { token: 3 | 4, .. })), [200, 200]);
}

#[test]
fn from_ringback_to_prompt_to_agent_to_music_is_one_stream() {
    for (caller, agent) in [(Codec::Pcma, Codec::Pcma), (Codec::Opus, Codec::Opus), (Codec::Opus, Codec::Pcmu), (Codec::Pcmu, Codec::Opus)]
    {
        let mut world = World::bridged(caller, agent);
        let background = |background| Command::SetBackground { session: SESSION, leg: LegId(1), background };
        world.command(Command::SetHearing { session: SESSION, hearing: Vec::new() });
        world.talk();
        world.command(background(Background::Ringback(Cadence::of_zone("cn").expect("a known zone")))).run(1_500);
        world.announce(1, &["welcome"], 1).run(1_007);
        world.all_hear_all(&[1, 2]);
        world.command(background(Background::None)).run(1_000);
        world.command(background(Background::Music("music/hold".into()))).run(1_013);
        world.announce(1, &["digits/1"], 2).run(500);
        world.command(background(Background::None)).run(1_000);
        world.command(background(Background::Silence)).run(300);
        world.command(background(Background::None)).run(1_100);
        let phone = &world.phones[0];
        phone.expect_one_stream();
        let rate = rate_of(caller);
        for (from, to, hz, level) in [
            (100, 900, 450.0, -18.0),
            (1_600, 2_400, 1_000.0, -18.0),
            (2_700, 3_500, 700.0, -20.0),
            (3_700, 4_500, 620.0, -18.0),
            (4_600, 4_800, 1_300.0, -18.0),
            (5_200, 5_900, 700.0, -20.0),
            (6_500, 7_300, 700.0, -20.0),
        ] {
            let heard = phone.heard_since(at(from));
            let heard = &heard[..rate.samples_in_ms((to - from) as usize).min(heard.len())];
            assert!(
                (level_at(heard, hz, rate) - level).abs() < 2.0,
                "{caller} {agent}: {hz} Hz from {from}: {}",
                level_at(heard, hz, rate)
            );
        }
        // The agent is relayed or decoded all the while, and hears nothing of it.
        let rate = rate_of(agent);
        let heard = world.phones[1].heard_since(at(3_700));
        assert!(level_at(&heard, 620.0, rate) < -50.0 && (level_at(&heard, 400.0, rate) + 20.0).abs() < 1.5);
    }
}

#[test]
fn who_hears_nothing_is_sent_nothing() {
    let mut world = World::new();
    world.phone(1, Codec::Pcma, 400.0);
    world.talk().run(500);
    assert!(world.phones[0].got.is_empty());
    world.command(Command::SetBackground { session: SESSION, leg: LegId(1), background: Background::Silence }).run(200);
    assert_eq!(world.phones[0].got.len(), 10);
    assert!(world.phones[0].got.iter().all(|got| got.payload == [0xD5; 160]), "digital silence");
}

#[test]
fn the_direction_is_obeyed() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.talk().run(100).configure(1, |parameters| parameters.direction.receive = false);
    let before = world.phones[0].got.len();
    world.run(500);
    assert_eq!(world.phones[0].got.len(), before, "a held leg's packets are not passed on");
    assert!(world.phones[1].got.len() > 25, "it still hears");
    world.configure(1, |parameters| parameters.direction.send = false);
    let before = world.phones[1].got.len();
    world.announce(2, &["welcome"], 9).run(1_500);
    assert_eq!(world.phones[1].got.len(), before, "nothing is sent");
    assert_eq!(world.times(|report| matches!(report, Report::AnnouncementEnded { token: 9, .. })).len(), 1, "and nobody waits for it");
    world.configure(1, |parameters| {
        parameters.direction.send = true;
        parameters.direction.receive = true;
    });
    world.run(200);
    assert!(world.phones[1].got.len() > before, "it hears again");
    world.configure(1, |parameters| parameters.remote = "0.0.0.0:4000".parse().expect("an address"));
    let before = world.phones[1].got.len();
    world.phones[1].talks = false;
    world.run(200);
    assert_eq!(world.phones[1].got.len(), before, "0.0.0.0 is no place to send to");
}

#[test]
fn the_packet_time_is_the_one_settled() {
    for (ptime, packets, bytes) in [(20, 50, 160), (40, 25, 320), (60, 17, 480)] {
        let mut world = World::new();
        world.phone(1, Codec::Pcmu, 400.0);
        world.configure(0, |parameters| parameters.ptime = ptime).announce(1, &["welcome"], 1).run(1_200);
        let got = &world.phones[0].got;
        assert_eq!((got.len(), got[0].payload.len()), (packets, bytes));
        assert_eq!(got.iter().map(|got| got.payload.len()).sum::<usize>(), 8_000, "the last one as short as it must be");
        for pair in got.windows(2) {
            assert_eq!(pair[1].header.timestamp.wrapping_sub(pair[0].header.timestamp), bytes as u32);
        }
    }
}

#[test]
fn five_percent_of_loss_is_concealed() {
    for (a, b) in [(Codec::Pcma, Codec::Pcmu), (Codec::Opus, Codec::Pcma)] {
        let mut world = World::bridged(a, b);
        world.phones[0].loses_one_in = 20;
        world.phones[0].jitter_ms = 30;
        world.talk().run(10_000);
        let lost = world.phones[0].sent.len();
        let heard = world.phones[1].heard_since(at(500));
        assert!((level_at(&heard, 400.0, rate_of(b)) + 20.0).abs() < 2.0, "{}", level_at(&heard, 400.0, rate_of(b)));
        let quiet = heard.chunks(40).filter(|piece| crate::audio::level::dbov(piece) < -40.0).count();
        assert!(quiet * 100 < heard.len() / 40, "{quiet} of {} pieces of 5 ms are holes", heard.len() / 40);
        assert!(heard.len() > 9_400 * 8, "{}", heard.len());
        world.command(Command::Release { session: SESSION });
        let counted = world.reports.iter().find_map(|(_, report)| match report {
            Report::Statistics { leg: LegId(1), statistics, .. } => Some(*statistics),
            _ => None,
        });
        let counted = counted.expect("statistics on release");
        assert!((10..50).contains(&counted.packets_lost), "{} of {lost}", counted.packets_lost);
        assert!(counted.jitter_ms > 3.0 && counted.jitter_ms < 20.0, "{}", counted.jitter_ms);
    }
}

#[test]
fn a_leg_that_comes_later_is_heard_at_once() {
    let mut world = World::new();
    world.phone(1, Codec::Pcma, 400.0);
    world.talk().run(1_000);
    world.phone(2, Codec::Pcma, 700.0);
    world.all_hear_all(&[2, 1]);
    world.talk().run(100);
    assert_eq!(world.phones[1].got.len(), 5);
    assert!(world.phones[0].got.len() >= 4);
    assert!(millis(1_000) <= world.phones[1].got[0].at.since_start());
}
