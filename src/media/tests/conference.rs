//! Several parties: each hears all the others and not himself, whatever they speak; who joins, leaves, holds, falls silent or is spoken to
//! by the switch is noticed by nobody else.

use super::world::{Phone, SESSION, World, at, level_at, rate_of};
use crate::audio::level::dbov;
use crate::audio::tone::Tone;
use crate::base::{Codec, Duration, LegId, time::millis};
use crate::media::control::{Background, Command};
use Codec::{G722, Opus, Pcma, Pcmu};

/// None has a whole number of periods in a frame: each begins at another phase.
const TONES: [f64; 8] = [437.0, 713.0, 1_109.0, 1_447.0, 547.0, 883.0, 1_277.0, 1_733.0];

/// Phones that each say a tone of their own at `level` dBov, and hear nobody yet.
fn phones(codecs: &[Codec], level: f64) -> World {
    let mut world = World::new();
    for (index, codec) in codecs.iter().enumerate() {
        world.phone(index as u64 + 1, *codec, TONES[index]);
        world.phones[index].voice = Tone::new(&[TONES[index]], &[], rate_of(*codec), level);
    }
    world
}

fn conference(codecs: &[Codec], level: f64) -> World {
    let mut world = phones(codecs, level);
    world.all_hear_all(&(1..=codecs.len() as u64).collect::<Vec<_>>());
    world
}

impl Phone {
    fn level_since(&self, hz: f64, from_ms: u64) -> f64 {
        level_at(&self.heard_since(at(from_ms)), hz, rate_of(self.parameters.codec))
    }

    /// The longest time from one packet to the next since `from_ms`.
    pub fn longest_gap(&self, from_ms: u64) -> Duration {
        let since: Vec<_> = self.got.iter().filter(|got| got.at >= at(from_ms)).collect();
        since.windows(2).map(|pair| pair[1].at - pair[0].at).max().unwrap_or(Duration::MAX)
    }
}

/// From each sample to the next; a click is a step that the sound itself does not make.
fn steps_of(samples: &[i16]) -> Vec<u16> {
    samples.windows(2).map(|pair| pair[0].abs_diff(pair[1])).collect()
}

fn steepest(samples: &[i16]) -> u16 {
    steps_of(samples).into_iter().max().unwrap_or(0)
}

#[test]
fn each_hears_all_the_others_and_not_himself() {
    for codecs in [
        &[Pcma, Pcma][..],
        &[Pcma, Opus],
        &[Pcma, Pcma, Pcma],
        &[Pcma, Pcmu, Pcma],
        &[Opus, Opus, Opus],
        &[Pcmu, Opus, Pcma],
        &[G722, Pcma, G722],
        &[Opus, G722, Pcmu, G722],
        &[Pcma, Pcmu, Opus, Pcma, Pcmu, Opus, Pcma, Pcma],
    ] {
        let mut world = conference(codecs, -30.0);
        world.talk().run(2_000);
        for (ear, phone) in world.phones.iter().enumerate() {
            for (party, hz) in TONES[..codecs.len()].iter().enumerate() {
                let level = phone.level_since(*hz, 700);
                if ear == party {
                    assert!(level < -42.0, "{codecs:?}: {ear} hears himself at {level}");
                } else {
                    assert!((level + 30.0).abs() < 2.5, "{codecs:?}: {ear} hears {party} at {level}");
                }
            }
            phone.expect_one_stream();
        }
    }
}

#[test]
fn loud_voices_together_are_rounded_and_do_not_wrap() {
    // Two of −6 dBov beside each other go over full scale.
    let mut world = conference(&[Pcma, Pcma, Pcma], -6.0);
    world.talk().run(1_500);
    let heard = world.phones[0].heard_since(at(700));
    let (one, other) = (level_at(&heard, TONES[1], rate_of(Pcma)), level_at(&heard, TONES[2], rate_of(Pcma)));
    assert!((-9.0..-5.0).contains(&one) && (-9.0..-5.0).contains(&other), "{one} {other}");
    // A wrap would be a step from one end to the other; two full sines of 700 and 1,100 Hz make steps of 37,000 at most.
    assert!(steepest(&heard) < 38_000, "{}", steepest(&heard));
    // No pumping: when the loud one stops, the other is as loud as ever at once.
    let mut world = conference(&[Pcma, Pcma, Pcma], -6.0);
    world.phones[2].voice = Tone::new(&[TONES[2]], &[], rate_of(Pcma), -26.0);
    world.talk().run(1_500);
    world.phones[1].talks = false;
    world.run(1_000);
    let heard = world.phones[0].heard_since(at(1_700));
    for piece in heard[..6_400].chunks(400) {
        let level = level_at(piece, TONES[2], rate_of(Pcma));
        assert!((level + 26.0).abs() < 1.0, "{level}");
    }
}

/// Whether the phone's ear was sent, since `from_ms`, byte for byte what `party` said, at the moment when he said it. (One voice of G.711
/// decoded and coded again is the same bytes, in a tick.)
fn is_relayed(world: &World, party: usize, ear: usize, from_ms: u64) -> bool {
    let since: Vec<_> = world.phones[ear].got.iter().filter(|got| got.at >= at(from_ms)).collect();
    let sent = &world.phones[party].sent;
    let in_ticks = since.iter().any(|got| got.at.since_start().as_millis() % 20 == 0);
    !in_ticks && since.len() > 10 && sent.windows(since.len()).any(|said| said.iter().eq(since.iter().map(|got| &got.payload)))
}

#[test]
fn who_joins_and_leaves_makes_no_gap_and_no_click() {
    // The third comes at any moment of a packet and of a period.
    for (codecs, began) in [
        ([Pcma; 3], 1_001),
        ([Pcma; 3], 1_013),
        ([Pcmu; 3], 1_020),
        ([Pcma, Pcma, Pcmu], 1_007),
        ([Pcma, Pcma, Opus], 1_017),
        ([Opus; 3], 1_009),
    ] {
        let mut world = phones(&codecs, -20.0);
        world.all_hear_all(&[1, 2]).talk().run(began);
        assert!(is_relayed(&world, 0, 1, 0) && is_relayed(&world, 1, 0, 0), "{codecs:?}");
        world.phones[2].talks = false;
        world.all_hear_all(&[1, 2, 3]).run(1_000);
        for (ear, hz) in [(0, TONES[1]), (1, TONES[0])] {
            let (phone, rate) = (&world.phones[ear], rate_of(codecs[ear]));
            phone.expect_one_stream();
            assert!(phone.longest_gap(100) <= millis(40), "{codecs:?}: {:?}", phone.longest_gap(100));
            // A decoder of Opus that begins here finds the sound within a packet.
            let heard = &phone.heard_since(at(480))[rate.samples_in_ms(20)..];
            // As much was sent as time passed, and at no moment nothing.
            assert!(heard.len() >= rate.samples_in_ms(1_480), "{codecs:?}");
            let quietest = heard.chunks_exact(rate.samples_in_ms(10)).map(dbov).fold(0.0, f32::min);
            // The phone's own decoder of Opus needs 10 ms to follow another encoder.
            let least = if codecs[ear] == Opus { -36.0 } else { -30.0 };
            assert!(quietest > least, "{codecs:?} at {began}: a hole of {quietest} dBov");
            let (own, steps) = (steepest(&heard[..rate.samples_in_ms(400)]), steps_of(heard));
            let click = steps.iter().position(|step| *step > own + own / 2);
            assert_eq!(
                click,
                None,
                "{codecs:?} at {began}: a step of {} in a tone of {own}; {:?}",
                steepest(heard),
                &heard[click.unwrap_or(30) - 30..][..60]
            );
            assert!((level_at(&heard[rate.samples_in_ms(700)..], hz, rate) + 20.0).abs() < 1.0);
        }
    }
}

#[test]
fn who_is_alone_with_another_again_gets_his_packets_from_the_next_pause_on() {
    let mut world = phones(&[Pcma, Pcma, Pcma], -20.0);
    for phone in &mut world.phones[..2] {
        phone.voice = Tone::new(&[600.0], &[200, 800], rate_of(Pcma), -20.0);
    }
    // Words from 1,000 to 1,200, from 2,000 to 2,200, and so on.
    world.all_hear_all(&[1, 2, 3]).talk();
    world.phones[2].talks = false;
    world.run(2_100).command(Command::ReleaseLeg { session: SESSION, leg: LegId(3) }).all_hear_all(&[1, 2]).run(2_900);
    for (party, ear) in [(0, 1), (1, 0)] {
        assert!(!is_relayed(&world, party, ear, 2_110), "not in the middle of a word");
        assert!(is_relayed(&world, party, ear, 2_500), "but after it");
        let phone = &world.phones[ear];
        phone.expect_one_stream();
        // Each word is as long as it was said: nothing left out, nothing twice.
        let loud: Vec<bool> = phone.heard_since(at(1_500)).chunks(80).map(|piece| dbov(piece) > -40.0).collect();
        let words: Vec<usize> = loud.split(|loud| !loud).map(<[bool]>::len).filter(|length| *length > 0).collect();
        assert!(words.len() == 3 && words.iter().all(|length| (19..=21).contains(length)), "{words:?} times 10 ms");
    }
}

#[test]
fn one_who_never_pauses_is_passed_on_at_last() {
    let mut world = phones(&[Pcma, Pcma, Pcma], -20.0);
    world.all_hear_all(&[1, 2, 3]).talk().run(1_000).all_hear_all(&[1, 2]).run(500);
    assert!(world.phones[0].level_since(TONES[2], 1_100) < -60.0, "whoever is not heard any more falls silent at once");
    assert!(!is_relayed(&world, 0, 1, 1_200));
    world.run(10_500);
    assert!(is_relayed(&world, 0, 1, 11_200));
    world.phones[1].expect_one_stream();
}

#[test]
fn an_announcement_to_one_is_heard_by_him_alone_over_the_others() {
    let mut world = conference(&[Pcma, Pcmu, Opus], -24.0);
    world.talk().run(1_000).announce(1, &["welcome"], 5).run(900);
    let first = &world.phones[0];
    assert!((first.level_since(1_000.0, 1_100) + 18.0).abs() < 1.5);
    for hz in [TONES[1], TONES[2]] {
        assert!((first.level_since(hz, 1_100) + 24.0).abs() < 1.5, "{hz}: {}", first.level_since(hz, 1_100));
    }
    for other in &world.phones[1..] {
        assert!(other.level_since(1_000.0, 1_100) < -45.0);
    }
    world.run(1_000);
    for phone in &world.phones {
        phone.expect_one_stream();
        assert!(phone.longest_gap(200) <= millis(20), "who is in a mix gets a packet each 20 ms, whatever happens");
    }
    assert!(world.phones[0].level_since(1_000.0, 2_100) < -50.0);
}

#[test]
fn one_who_holds_is_out_of_it_until_he_comes_back() {
    let mut world = conference(&[Pcma, Pcmu, Opus, Pcma], -24.0);
    world.talk().run(1_000).configure(1, |parameters| parameters.direction.receive = false);
    world
        .command(Command::SetBackground { session: SESSION, leg: LegId(2), background: Background::Music("music/hold".into()) })
        .run(1_000);
    assert!((world.phones[1].level_since(620.0, 1_100) + 18.0).abs() < 1.0, "his music");
    for ear in [0, 2, 3] {
        assert!(world.phones[ear].level_since(TONES[1], 1_100) < -45.0, "{ear} does not hear who holds");
        assert!(world.phones[ear].level_since(620.0, 1_100) < -45.0, "nor his music");
    }
    world.configure(1, |parameters| parameters.direction.receive = true);
    world.command(Command::SetBackground { session: SESSION, leg: LegId(2), background: Background::None }).run(1_000);
    for ear in 0..4 {
        for party in (0..4).filter(|party| *party != ear) {
            let level = world.phones[ear].level_since(TONES[party], 2_300);
            assert!((level + 24.0).abs() < 1.5, "{ear} hears {party} at {level}");
        }
        world.phones[ear].expect_one_stream();
        assert!(world.phones[ear].longest_gap(200) <= millis(20));
    }
}

#[test]
fn two_of_three_are_left_alone_while_the_third_holds() {
    let mut world = conference(&[Pcma, Pcma, Pcma], -20.0);
    for phone in &mut world.phones[..2] {
        phone.voice = Tone::new(&[600.0], &[200, 800], rate_of(Pcma), -20.0);
    }
    world.talk().run(1_500).configure(2, |parameters| parameters.direction.receive = false).run(1_500);
    assert!(is_relayed(&world, 0, 1, 2_000) && is_relayed(&world, 1, 0, 2_000), "no more is done than must be");
    world.configure(2, |parameters| parameters.direction.receive = true).run(1_500);
    assert!((world.phones[0].level_since(TONES[2], 3_500) + 20.0).abs() < 1.0);
    world.phones[0].expect_one_stream();
}

#[test]
fn one_who_sends_nothing_costs_nothing_and_is_no_noise() {
    let mut world = conference(&[Pcma, Pcma, Pcma], -20.0);
    world.talk().run(1_000);
    world.phones[1].talks = false;
    world.run(1_000);
    let third = &world.phones[2];
    assert!(third.level_since(TONES[1], 1_200) < -70.0);
    assert!((third.level_since(TONES[0], 1_200) + 20.0).abs() < 1.0);
    world.phones[0].talks = false;
    world.run(1_000);
    let third = &world.phones[2];
    let last: Vec<_> = third.got.iter().filter(|got| got.at > at(2_200)).collect();
    assert!(last.len() == 40 && last.iter().all(|got| got.payload == [0xD5; 160]), "digital silence, and his stream goes on");
    // He speaks again, and is heard from his first word on.
    world.phones[1].talks = true;
    world.run(500);
    assert!((world.phones[2].level_since(TONES[1], 3_150) + 20.0).abs() < 1.0);
}

#[test]
fn loss_of_one_is_concealed_to_all() {
    let mut world = conference(&[Pcma, Pcmu, Opus], -20.0);
    (world.phones[0].loses_one_in, world.phones[0].jitter_ms) = (20, 30);
    world.talk().run(6_000);
    for ear in [1, 2] {
        let level = world.phones[ear].level_since(TONES[0], 500);
        assert!((level + 20.0).abs() < 2.0, "{level}");
        world.phones[ear].expect_one_stream();
    }
}

#[test]
fn a_key_goes_to_who_hears_its_presser_alone() {
    // The first is heard by the second alone, and by the third in a mix.
    let mut world = phones(&[Pcma, Pcma, Pcma], -20.0);
    world.hearing(&[(1, &[2]), (2, &[1]), (3, &[1, 2])]).talk().run(300);
    world.phones[0].talks = false;
    let timestamp = world.phones[0].timestamp;
    for step in 1..=5 {
        world.key(0, 5, step == 5, step * 160, timestamp).run(20);
    }
    let events = |world: &World, ear: usize| {
        let phone = &world.phones[ear];
        phone.got.iter().filter(|got| Some(got.header.payload_type) == phone.parameters.send_event_type).count()
    };
    assert_eq!((events(&world, 1), events(&world, 2)), (5, 0));
    assert_eq!(world.digits(), "5", "and the switch is told once");
}

#[test]
fn the_same_hearing_again_changes_nothing() {
    let mut world = phones(&[Pcma, Pcma, Pcma], -20.0);
    world.hearing(&[(1, &[2]), (2, &[1, 3]), (3, &[1, 1, 3, 9]), (9, &[1])]).talk();
    for _ in 0..50 {
        world.hearing(&[(3, &[1]), (2, &[3, 1]), (1, &[2, 1])]).run(20);
    }
    assert!(is_relayed(&world, 1, 0, 100) && is_relayed(&world, 0, 2, 100));
    for phone in &world.phones {
        phone.expect_one_stream();
        assert!(phone.got.iter().filter(|got| got.header.marker).count() <= 1, "a talkspurt begins once");
    }
    assert!(world.phones[0].level_since(TONES[2], 300) < -60.0 && world.phones[1].level_since(TONES[2], 300) > -21.0);
    let before: Vec<usize> = world.phones.iter().map(|phone| phone.got.len()).collect();
    world.hearing(&[]).run(200);
    assert_eq!(world.phones.iter().map(|phone| phone.got.len()).collect::<Vec<_>>(), before, "who is not named hears nobody");
}

#[test]
fn a_leg_that_goes_leaves_the_others_as_they_were() {
    // The first goes: everybody's place moves up, and nobody's stream notices.
    let mut world = phones(&[Pcmu, Pcma, Pcma], -20.0);
    world.hearing(&[(2, &[3]), (3, &[2])]).talk().run(500);
    world.command(Command::ReleaseLeg { session: SESSION, leg: LegId(1) }).run(500);
    for (party, ear) in [(1, 2), (2, 1)] {
        assert!(is_relayed(&world, party, ear, 0));
        assert_eq!(world.phones[ear].got.iter().filter(|got| got.header.marker).count(), 1);
    }
}

#[test]
fn a_wideband_phone_in_a_narrowband_conference_makes_no_gap_and_no_click() {
    for began in [1_000, 1_020, 1_040, 1_060, 1_080] {
        let mut world = phones(&[Pcma, Pcmu, Pcma], -20.0);
        world.all_hear_all(&[1, 2, 3]).talk();
        for phone in &mut world.phones[1..] {
            phone.talks = false;
        }
        world.run(began);
        world.phone(4, Opus, TONES[3]);
        world.all_hear_all(&[1, 2, 3, 4]).run(1_000).command(Command::ReleaseLeg { session: SESSION, leg: LegId(4) });
        // A re-INVITE shows that nobody is wideband any more.
        world.run(200).configure(0, |parameters| parameters.ptime = 20).run(800);
        for ear in [1, 2] {
            let phone = &world.phones[ear];
            phone.expect_one_stream();
            assert!(phone.longest_gap(200) <= millis(20));
            let heard = phone.heard_since(at(500));
            let (own, steps) = (steepest(&heard[..3_000]), steps_of(&heard));
            let click = steps.iter().position(|step| *step > own + own / 2);
            assert_eq!(click, None, "{began}: a step of {} in a tone of {own}", steepest(&heard));
            let quietest = heard.chunks_exact(80).map(dbov).fold(0.0, f32::min);
            assert!(quietest > -30.0, "{began}: a hole of {quietest} dBov");
        }
    }
}
