//! Encrypted sound: each leg at its own edge, by the policy of its agent or trunk; and the recording is in clear whatever they are.

use crate::cipher::{Cipher, Setting, Transport};
use crate::people::Way;
use crate::phones::{Saw, State};
use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::srtp::Suite;
use sanling::base::time::{millis, secs};
use sanling::call::record::{Outcome, RecordingState};

const AVP: Transport = Transport::Avp;
const SAVP: Transport = Transport::SavpAlone;

/// Agents 1001 and 1002 are there; `policy` is that of everybody.
fn house(policy: &str) -> World {
    let mut world = World::story_with(&[], &[&format!("media.srtp=\"{policy}\"")]);
    world.agents_come(&["1001", "1002"]);
    world
}

impl World {
    fn is_set(&mut self, name: &str, suite: Suite, transport: Transport) -> &mut Self {
        self.phone_mut(name).secure = Some(Setting { suite, transport });
        self
    }

    /// A caller from outside, whose phone is set so.
    fn caller_comes(&mut self, suite: Suite, transport: Transport) -> &mut Self {
        self.add_phone(CALLER, "127.0.2.9:5060", None);
        self.is_set(CALLER, suite, transport)
    }

    fn expect_encrypted(&mut self, name: &str, encrypted: bool) -> &mut Self {
        let cipher = self.leg(name).stream.cipher.as_ref();
        assert_eq!(cipher.is_some_and(Cipher::is_on), encrypted, "{name}");
        assert_eq!(cipher.map_or(0, |cipher| cipher.unreadable), 0, "{name} got what it could not read");
        self
    }
}

/// 1001 answers the hotline, and the two speak.
fn speak(world: &mut World) -> &mut World {
    world.agent_answers("1001", secs(1)).caller_dials("95000").after(secs(6));
    world.expect_up(CALLER).expect_up("1001").expect_conversation(CALLER, "1001")
}

#[test]
fn an_encrypted_caller_and_a_plain_agent_and_the_other_way_round() {
    for suite in Suite::ALL {
        for transport in [AVP, SAVP] {
            let mut world = house("optional");
            world.caller_comes(suite, transport);
            speak(&mut world).expect_encrypted(CALLER, true).expect_encrypted("1001", false);
            assert_eq!(world.ends_well().recording.map(|recording| recording.state), Some(RecordingState::Complete));

            let mut world = house("optional");
            world.is_set("1001", suite, transport);
            speak(&mut world).expect_encrypted("1001", true);
            assert!(world.leg(CALLER).stream.cipher.is_none());
            assert_eq!(world.ends_well().recording.map(|recording| recording.state), Some(RecordingState::Complete));
        }
    }
}

#[test]
fn two_who_are_encrypted_by_different_suites_hear_each_other() {
    let mut world = house("required");
    world.caller_comes(Suite::Cm128Tag32, SAVP).is_set("1001", Suite::Gcm256, SAVP);
    speak(&mut world).expect_encrypted(CALLER, true).expect_encrypted("1001", true);
    assert_eq!(world.ends_well().outcome, Some(Outcome::Answered));
}

#[test]
fn whoever_must_be_encrypted_and_is_not_is_refused_and_told_why() {
    let mut world = house("required");
    world.caller_dials("95000").after(secs(1)).expect_saw(CALLER, |saw| matches!(saw, Saw::Refused { code: 488, .. }));
    let record = world.ends_well();
    assert_eq!((record.outcome, record.release_cause.as_deref()), (Some(Outcome::Refused), Some("SRTP is required")));
    let told = world.events_named("call.released").next().expect("told").1.detail.clone();
    assert!(told.iter().any(|(name, detail)| *name == "cause" && format!("{detail:?}").contains("SRTP is required")), "{told:?}");
    assert_eq!(world.phone(CALLER).warnings, ["305 sanling.local \"SRTP is required\""]);
}

#[test]
fn an_agents_phone_that_must_be_encrypted_and_cannot_is_passed_over() {
    let mut world = house("optional");
    world.reload(&[("id = \"1001\"\n", "id = \"1001\"\nsrtp = \"required\"\n")], &["media.srtp=\"optional\""]);
    world.agent_answers("1001", secs(1)).agent_answers("1002", secs(1)).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(8));
    // His phone takes RTP/SAVP for what it does not know, and answers in clear.
    world.expect_conversation(CALLER, "1002");
    assert_ne!(world.phone("1001").state(), Some(State::Up));
    world.ends_well();
}

#[test]
fn policy_off_speaks_in_clear_with_who_would_do_otherwise_and_not_with_who_must() {
    let mut world = house("off");
    world.caller_comes(Suite::Cm128Tag80, AVP);
    speak(&mut world).expect_encrypted(CALLER, false);
    world.ends_well();
    let mut world = house("off");
    world.caller_comes(Suite::Cm128Tag80, SAVP).caller_dials("95000").after(secs(1));
    world.expect_saw(CALLER, |saw| matches!(saw, Saw::Refused { code: 488, .. }));
    assert_eq!(world.ends_well().outcome, Some(Outcome::Refused));
}

#[test]
fn a_held_caller_hears_music_and_a_new_key_with_the_hold_is_taken() {
    for way in [Way::SendOnly, Way::Inactive] {
        let mut world = house("optional");
        world.caller_comes(Suite::Gcm128, SAVP).is_set("1001", Suite::Cm128Tag80, AVP);
        speak(&mut world);
        let mut rng = sanling::base::Rng::new(5);
        let leg = world.phone_mut("1001").legs.last_mut().expect("a call");
        leg.stream.cipher.as_mut().expect("encrypted").rekey(&mut rng);
        let held = world.now;
        world.holds("1001", way).after(secs(9)).expect_clip(CALLER, "patience", held, &[secs(7)]).retrieves("1001").after(secs(1));
        world.expect_conversation(CALLER, "1001").expect_encrypted(CALLER, true).expect_encrypted("1001", true);
        assert_eq!(world.ends_well().holds.len(), 1);
    }
}

#[test]
fn a_transfer_goes_from_an_encrypted_phone_to_a_plain_one_and_on() {
    let mut world = house("optional");
    world.caller_comes(Suite::Cm256Tag80, SAVP).is_set("1001", Suite::Gcm256, SAVP);
    speak(&mut world);
    world.agent_answers("1002", secs(1)).refers("1001", "1002").after(secs(4));
    world.expect_conversation(CALLER, "1002").expect_encrypted(CALLER, true).expect_ended("1001");
    world.ends_well();
}

#[test]
fn what_is_changed_repeated_or_put_in_is_neither_heard_nor_on_record() {
    let mut world = house("required");
    world.caller_comes(Suite::Cm128Tag80, SAVP).is_set("1001", Suite::Gcm128, SAVP);
    speak(&mut world);
    world.phone_mut(CALLER).legs.last_mut().expect("a call").stream.meddled = true;
    world.after(secs(1)).expect_conversation(CALLER, "1001").after(secs(3));
    // The checkers compare what is on record with what was said.
    assert_eq!(world.ends_well().recording.map(|recording| recording.state), Some(RecordingState::Complete));
    assert!(world.unauthentic > 300, "{}", world.unauthentic);
}

#[test]
fn a_call_that_is_encrypted_outlives_the_switch() {
    for (caller, agent) in [(Suite::Cm128Tag80, Suite::Gcm128), (Suite::Gcm256, Suite::Cm256Tag80)] {
        let mut world = house("required");
        world.caller_comes(caller, SAVP).is_set("1001", agent, SAVP);
        speak(&mut world).after(secs(20)).crash(millis(1_500)).after(secs(3));
        world.expect_conversation(CALLER, "1001").expect_encrypted(CALLER, true).expect_encrypted("1001", true);
        world.holds("1001", Way::SendOnly).after(secs(2)).retrieves("1001").after(secs(1)).expect_conversation(CALLER, "1001");
        world.ends_well();
    }
}
