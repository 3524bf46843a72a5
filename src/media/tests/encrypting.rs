//! Legs that are encrypted: each at its own edge, whatever the other one is.

use super::world::{World, at, level_at, master, rate_of};
use crate::audio::Rate;
use crate::base::Codec;
use crate::base::srtp::Suite;
use crate::media::Component;
use crate::media::control::{Channel, Command, Recorded, Report, Sound, StreamStatistics};
use crate::media::tests::world::SESSION;
use crate::rtp::rtcp;

/// What was counted on a phone's leg, at its end.
fn counted(world: &mut World, phone: usize) -> StreamStatistics {
    let leg = world.phones[phone].leg;
    world.command(Command::ReleaseLeg { session: SESSION, leg });
    let told = world.reports.iter().rev().find_map(|(_, report)| match report {
        Report::Statistics { leg: of, statistics, .. } if *of == leg => Some(*statistics),
        _ => None,
    });
    told.expect("told with its end")
}

fn expect_talk(world: &World, since: u64) {
    for (phone, own, other) in [(0, 400.0, 700.0), (1, 700.0, 400.0)] {
        let rate = rate_of(world.phones[phone].parameters.codec);
        let heard = world.phones[phone].heard_since(at(since));
        let (level, echo) = (level_at(&heard, other, rate), level_at(&heard, own, rate));
        assert!((level + 20.0).abs() < 1.5 && echo < -40.0, "phone {phone}: {level} dBov, {echo} of its own");
    }
}

#[test]
fn an_encrypted_leg_and_a_plain_one_hear_each_other() {
    for suite in Suite::ALL {
        let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
        world.encrypt(0, suite, 1).talk().run(1_000);
        expect_talk(&world, 300);
        world.phones[0].expect_one_stream();
        assert_eq!(world.phones[0].cipher.as_ref().expect("it has one").unreadable, 0, "{suite}");
        assert_eq!(counted(&mut world, 0).packets_unauthentic, 0, "{suite}");
    }
}

#[test]
fn two_legs_of_different_suites_hear_each_other_relayed_and_transcoded() {
    for (a, b) in [(Codec::Pcma, Codec::Pcma), (Codec::Pcma, Codec::Opus)] {
        let mut world = World::bridged(a, b);
        world.encrypt(0, Suite::Cm128Tag32, 1).encrypt(1, Suite::Gcm256, 2).talk().run(1_500);
        expect_talk(&world, 600);
    }
}

#[test]
fn reports_are_sealed_too_and_ours_can_be_read() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.encrypt(0, Suite::Gcm128, 1).encrypt(1, Suite::Cm256Tag80, 2).talk().run(12_000);
    for phone in &world.phones {
        assert!(phone.got_rtcp.len() >= 2, "{}", phone.got_rtcp.len());
        assert!(phone.got_rtcp.iter().all(|report| rtcp::read(report, phone.ssrc).is_ok()));
    }
    // One of the peer's in clear counts for nothing.
    world.datagram(1, Component::Rtcp, "198.51.100.1:4001", &[0x80, 201, 0, 1, 0, 0, 0, 9]);
    assert_eq!(counted(&mut world, 0).packets_malformed, 1);
}

#[test]
fn what_somebody_puts_in_between_is_counted_and_neither_heard_nor_recorded() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.encrypt(0, Suite::Cm128Tag80, 1);
    let (left, right, call) = (
        world.phones[0].leg,
        vec![world.phones[1].leg],
        crate::base::CallId::new(crate::base::Timestamp(0), &mut crate::base::Rng::new(1)),
    );
    world.command(Command::StartRecording { session: SESSION, call, left, right, began_at: None });
    world.talk();
    let mut meddled = 0;
    for _ in 0..50 {
        world.run(20);
        let good = world.phones[0].packet(&[0xD5; 160]);
        // Changed, in clear, under another key, and twice.
        let mut changed = good.clone();
        changed[40] ^= 1;
        let mut clear = good.clone();
        clear.truncate(172);
        let mut foreign = good[..12].to_vec();
        foreign.extend_from_slice(&[0x55; 160]);
        crate::rtp::srtp::Outbound::new(&master(Suite::Cm128Tag80, 9), 0).seal(0, 0, &mut foreign);
        for bytes in [&changed, &clear, &foreign, &good, &good] {
            world.datagram(1, Component::Rtp, "198.51.100.1:4000", bytes);
        }
        meddled += 4;
    }
    let loud = world.recorded.iter().any(|recorded| match recorded {
        Recorded::Audio { channel: Channel::Left, audio: Sound::Encoded { payload, .. }, .. } => {
            payload.contains(&0x55) && payload[0] == 0x55 && payload[159] == 0x55
        }
        _ => false,
    });
    assert!(!loud, "a forged packet is on record");
    let heard = world.phones[1].heard_since(at(300));
    assert!(level_at(&heard, 400.0, Rate::Hz8000) > -30.0, "and the caller is heard all the same");
    assert_eq!(counted(&mut world, 0).packets_unauthentic, meddled);
}

#[test]
fn a_new_key_takes_over_without_a_gap_and_ours_stays() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.encrypt(0, Suite::Cm128Tag80, 1).talk().run(1_000);
    // A packet that was on its way when the phone was keyed anew.
    let late = world.phones[0].packet(&[0xD5; 160]);
    world.encrypt(0, Suite::Cm128Tag80, 2);
    world.datagram(1, Component::Rtp, "198.51.100.1:4000", &late);
    let after = world.phones[1].got.len();
    assert_eq!(world.phones[1].got.last().map(|got| got.payload.clone()), Some(vec![0xD5; 160]), "of {after}");
    world.run(1_000);
    expect_talk(&world, 1_100);
    world.phones[0].expect_one_stream();
    assert_eq!(world.phones[0].cipher.as_ref().expect("it has one").unreadable, 0);
    // The same again changes nothing; and then it is encrypted no more.
    world.encrypt(0, Suite::Cm128Tag80, 2).run(200);
    world.phones[0].cipher = None;
    world.configure(0, |parameters| parameters.srtp = None).run(600);
    expect_talk(&world, 2_300);
    assert_eq!(counted(&mut world, 0).packets_unauthentic, 0);
}

#[test]
fn both_counters_roll_over_and_the_call_goes_on() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.encrypt(0, Suite::Gcm128, 1).encrypt(1, Suite::Cm128Tag80, 2);
    for _ in 0..70_000 {
        world.say(0, &[0xD5; 160]);
    }
    let cipher = world.phones[1].cipher.as_ref().expect("it has one");
    assert_eq!((cipher.unreadable, world.phones[1].got.len()), (0, 70_000));
    assert_eq!(counted(&mut world, 0).packets_unauthentic, 0);
}

#[test]
fn a_restart_finds_the_count_again_and_is_understood() {
    for suite in Suite::ALL {
        let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
        world.phones[0].sequence = 65_480;
        world.encrypt(0, suite, 1).encrypt(1, Suite::Gcm256, 2).talk().run(3_000);
        assert_eq!(world.phones[0].cipher.as_ref().expect("it has one").counter, 1, "it has rolled over");
        world.restart(300).all_hear_all(&[1, 2]).run(1_500);
        expect_talk(&world, 3_900);
        for phone in [0, 1] {
            assert_eq!(world.phones[phone].cipher.as_ref().expect("it has one").unreadable, 0, "{suite}");
            assert_eq!(counted(&mut world, phone).packets_unauthentic, 0, "{suite}");
        }
    }
}

/// RFC 3711 §9.1: a keystream used twice gives both plaintexts away.
#[test]
fn a_key_that_was_laid_by_goes_on_where_it_was_when_it_comes_again() {
    let mut world = World::bridged(Codec::Pcma, Codec::Pcma);
    world.phones[0].sequence = 65_480;
    world.encrypt(0, Suite::Cm128Tag80, 1).talk().run(8_000);
    for _ in 0..70_000 {
        world.say(1, &[0xD5; 160]);
    }
    for between in [None, Some(Suite::Gcm128)] {
        let (cipher, keys) = (world.phones[0].cipher.take(), world.phones[0].parameters.srtp.take());
        if let Some(suite) = between {
            world.encrypt(0, suite, 3).run(8_000);
        } else {
            world.configure(0, |parameters| parameters.srtp = None).run(8_000);
        }
        world.phones[0].cipher = cipher;
        world.configure(0, |parameters| parameters.srtp = keys).talk().run(8_000);
        // What it opens it takes once, and at its place.
        let cipher = world.phones[0].cipher.as_ref().expect("it has one");
        assert_eq!((cipher.unreadable, cipher.counter), (0, 1), "{between:?}");
    }
    assert_eq!(counted(&mut world, 0).packets_unauthentic, 0);
}
