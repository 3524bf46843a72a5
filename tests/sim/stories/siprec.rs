//! A copy of calls goes to a recording server: the right party on the right stream, silence where the recording has silence, news of who is there;
//! and whatever the server does, the call goes on as if nothing were.

use crate::cipher::{Setting, Transport};
use crate::people::Way;
use crate::sound::{Heard, Sound};
use crate::story::CALLER;
use crate::vault::{Taking, Vault};
use crate::world::World;
use sanling::base::Instant;
use sanling::base::srtp::Suite;
use sanling::base::time::{millis, secs};
use sanling::switch::input::Command;
use sanling::switch::output::{Detail, Reply};
use std::collections::BTreeSet;

/// What a codec has of digital silence is not quite that.
const SILENT: f32 = -70.0;
const LOUD: f32 = -40.0;
/// Of the copied stream: what is mixed is late by a jitter buffer.
const LATE: u64 = 150;

/// Copies of all calls go to these hosts.
fn with_vaults(hosts: &[&str], keys: &str) -> World {
    with_trunk(hosts, "", keys)
}

fn with_trunk(hosts: &[&str], trunk: &str, keys: &str) -> World {
    let listed: Vec<String> = hosts.iter().map(|host| format!("\"sip:{host}\"")).collect();
    let tables = format!(
        "[[trunk]]\nid = \"vault\"\nhosts = [{}]\n{trunk}\n[[recording_server]]\nid = \"vault\"\ntrunk = \"vault\"\n{keys}\n\n[[trunk]]\nid = \"carrier\"",
        listed.join(", ")
    );
    let mut world = World::story_with(&[("[[trunk]]\nid = \"carrier\"", &tables)], &["media.codecs=[\"pcma\", \"pcmu\"]"]);
    world.vaults.extend(hosts.iter().map(|host| Vault::new(host)));
    world
}

const VAULT: &str = "127.0.0.9:5060";
const SECOND: &str = "127.0.0.8:5060";

fn copied(hosts: &[&str], keys: &str) -> World {
    let mut world = with_vaults(hosts, keys);
    world.agents_come(&["1001", "1002"]).agent_answers("1001", secs(1)).agent_answers("1002", secs(1));
    world
}

/// The caller speaks with 1001, the greeting over.
fn talking(hosts: &[&str], keys: &str) -> World {
    let mut world = copied(hosts, keys);
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(millis(1_000 + crate::sound::GREETING_MS + 500));
    world.expect_up(CALLER).expect_up("1001");
    world
}

fn level(world: &World, side: usize, from: Instant, to: Instant) -> f32 {
    world.vaults[0].sessions[0].level(side, from, to)
}

fn names(world: &World) -> Vec<&'static str> {
    world.events.iter().map(|(_, event)| event.name).filter(|name| name.starts_with("copy.")).collect()
}

#[test]
fn each_party_is_on_his_stream_and_the_servers_are_told_who_is_there() {
    let mut world = talking(&[VAULT], "calls = [\"all\"]");
    world.says(CALLER, Sound::Speech).says("1001", Sound::Silence).after(millis(300));
    let began = world.now;
    world.after(secs(2));
    let turned = world.now;
    world.says(CALLER, Sound::Silence).says("1001", Sound::Speech).after(secs(2) + millis(LATE));
    let ended = world.now;
    assert_eq!(world.snapshot().copies, 1);
    world.hangs_up(CALLER).after(secs(1));
    let settle = millis(LATE);
    assert!(level(&world, 0, began, turned) > LOUD && level(&world, 1, began + settle, turned) < -60.0);
    assert!(level(&world, 0, turned + settle, ended) < -60.0 && level(&world, 1, turned + settle, ended) > LOUD);
    let session = &world.vaults[0].sessions[0];
    // The greeting, which the switch plays, is on the side of the agent, and there alone.
    let greeted = |side: usize| {
        session.streams[side].iter().filter(|packet| crate::sound::tell(&packet.payload) == Heard::Clip("agent_greeting")).count()
    };
    assert!(greeted(1) >= 25 && greeted(0) == 0, "{} and {}", greeted(1), greeted(0));
    // One source a stream, and no other's.
    let sources = |side: usize| session.streams[side].iter().map(|packet| packet.ssrc).collect::<std::collections::BTreeSet<_>>();
    assert!(sources(0).len() == 1 && sources(1).len() == 1 && sources(0) != sources(1));
    for what in [
        "Require: siprec\r\n",
        ";+sip.src\r\n",
        "Content-Type: multipart/mixed;boundary=",
        "a=label:1\r\n",
        "a=label:2\r\n",
        "sip:record@127.0.0.9",
    ] {
        assert!(session.invite.contains(what), "{what}: {}", session.invite);
    }
    assert_eq!((session.invite.matches("a=sendonly").count(), session.invite.contains("telephone-event")), (2, false));
    let first = &session.metadata[0];
    for what in ["<datamode>complete</datamode>", "aor=\"sip:13800000001@sanling.local\"", "<label>1</label>", "<sessionrecordingassoc "] {
        assert!(first.contains(what), "{what}: {first}");
    }
    assert!(session.metadata.iter().any(|document| document.contains("aor=\"sip:1001@sanling.local\"")), "{:?}", session.metadata);
    assert!(session.ended.as_ref().is_some_and(|(_, reason)| reason.contains("the call is over")), "{:?}", session.ended);
    assert_eq!(names(&world), ["copy.started", "copy.ended"]);
    let long = session.ended.as_ref().expect("ended").0 - session.began_at;
    // Both sides sound, or are silent, all the while: no gap.
    let packets = session.streams[1].len() as u64;
    assert!(packets.abs_diff(long.as_millis() as u64 / 20) <= 10, "{packets} packets in {long:?}");
    world.ends_well();
}

#[test]
fn card_data_are_silence_in_the_copy_as_well_and_keys_never_reach_it() {
    let mut world = talking(&[VAULT], "calls = [\"queue:service\"]");
    world.says(CALLER, Sound::Speech).says("1001", Sound::Speech).after(secs(1));
    world.presses("1001", "*8#").after(millis(1_500));
    let began = world.events_named("recording.paused").next().expect("told").0;
    world.presses(CALLER, "4111").after(secs(3)).presses("1001", "*8#").after(millis(1_500));
    let ended = world.events_named("recording.resumed").next().expect("told").0;
    world.after(secs(1)).hangs_up(CALLER).after(secs(1));
    let session = &world.vaults[0].sessions[0];
    for side in [0, 1] {
        let paused = session.level(side, began + millis(40), ended + millis(180));
        assert!(paused < SILENT, "{side}: {paused}");
        let packets = session.between(side, began, ended).len() as u64;
        assert!(packets.abs_diff((ended - began).as_millis() as u64 / 20) <= 3, "silence is sent, not nothing: {packets}");
        assert!(session.level(side, ended + millis(400), ended + millis(1_400)) > LOUD, "{side}");
        assert!(session.streams[side].iter().all(|packet| packet.payload_type == 8), "no key");
    }
    world.ends_well();
}

#[test]
fn a_hold_and_a_transfer_are_told_and_heard() {
    let mut world = talking(&[VAULT], "calls = [\"agent:1001\"]");
    world.says(CALLER, Sound::Silence).says("1001", Sound::Silence).holds("1001", Way::SendOnly).after(millis(400));
    let held = world.now;
    world.after(secs(2));
    assert_eq!(world.vaults[0].sessions[0].heard(1, held, world.now), Heard::Clip("music/hold"), "what the caller hears");
    let documents = world.vaults[0].sessions[0].metadata.len();
    world.retrieves("1001").after(secs(1)).refers("1001", "1002").after(secs(3));
    world.expect_up("1002").says("1002", Sound::Speech).after(secs(1));
    let moved = world.now;
    world.after(secs(1));
    assert!(level(&world, 1, moved, world.now) > LOUD, "who took over is on it");
    let after: String = world.vaults[0].sessions[0].metadata[documents..].concat();
    for what in ["<datamode>partial</datamode>", "aor=\"sip:1002@sanling.local\"", "<disassociate-time>"] {
        assert!(after.contains(what), "{what}: {after}");
    }
    assert_eq!(world.vaults[0].sessions.len(), 1, "one recording session all along");
    world.hangs_up(CALLER).after(secs(1)).ends_well();
}

#[test]
fn what_changes_before_the_server_has_answered_is_told_once_it_has() {
    let mut world = copied(&[VAULT], "calls = [\"agent:1001\"]");
    world.vaults[0].taking = Taking::Ignore;
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(millis(1_100 + crate::sound::GREETING_MS)).expect_up("1001");
    world.holds("1001", Way::SendOnly).after(millis(300));
    assert_eq!(world.vaults[0].sessions.len(), 0, "it has not answered");
    world.vaults[0].taking = Taking::Answer;
    world.after(secs(4));
    let told = &world.vaults[0].sessions[0].metadata;
    assert!(told.len() == 2 && told[1].contains("<datamode>partial</datamode>"), "{told:?}");
    world.retrieves("1001").after(secs(1)).hangs_up(CALLER).after(secs(1)).ends_well();
}

#[test]
fn the_next_server_takes_what_the_first_does_not_and_the_call_waits_for_neither() {
    for (taking, why) in [(Taking::Refuse(503), "503"), (Taking::Ignore, "no answer in time")] {
        let mut world = copied(&[VAULT, SECOND], "calls = [\"trunk:carrier\"]");
        world.vaults[0].taking = taking;
        world.caller_dials("95000").says(CALLER, Sound::Speech).after(millis(1_500)).expect_up(CALLER).expect_up("1001").after(secs(7));
        let (_, refused) = world.events_named("copy.refused").next().expect("told");
        assert!(matches!(&refused.detail[1], ("why", Detail::Text(text)) if text.contains(why)), "{:?}", refused.detail);
        assert_eq!((world.vaults[0].sessions.len(), world.vaults[1].sessions.len(), world.snapshot().copies), (0, 1, 1));
        world.hangs_up(CALLER).after(secs(1));
        assert!(world.vaults[1].sessions[0].ended.is_some() && !world.vaults[1].sessions[0].streams[0].is_empty());
        world.ends_well();
    }
}

#[test]
fn a_call_that_no_server_takes_goes_on_and_that_is_told_and_tried_again_where_it_says_so() {
    let mut world = copied(&[VAULT], "calls = [\"number:9500X\"]\non_failure = \"retry\"\nretry_after = \"10s\"");
    world.vaults[0].taking = Taking::Refuse(480);
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(5)).expect_up(CALLER).expect_conversation(CALLER, "1001");
    assert_eq!(names(&world), ["copy.refused", "copy.failed"]);
    let snapshot = world.snapshot();
    assert_eq!((snapshot.copies, snapshot.copies_failed, snapshot.copy_alarm.as_deref()), (0, 1, Some("480 Temporarily Unavailable")));
    world.vaults[0].taking = Taking::Answer;
    world.after(secs(10));
    assert_eq!((world.vaults[0].sessions.len(), world.snapshot().copy_alarm), (1, None));
    // The server hangs up: it is told, and the call goes on.
    world.vault_sends(0, |vault, _| vault.says("BYE", "", "")).after(secs(1)).expect_conversation(CALLER, "1001");
    let (_, over) = world.events_named("copy.ended").next().expect("told");
    assert!(over.detail.contains(&("by", Detail::Text("server".to_owned()))), "{:?}", over.detail);
    world.hangs_up(CALLER).after(secs(1)).ends_well();
}

#[test]
fn calls_that_are_not_named_are_not_copied() {
    let mut world = copied(&[VAULT], "calls = [\"agent:1002\", \"number:800\"]");
    world.caller_dials("95000").says(CALLER, Sound::Speech).after(secs(4)).expect_up("1001").hangs_up(CALLER).after(secs(1));
    assert!(world.vaults[0].sessions.is_empty() && names(&world).is_empty());
    world.ends_well();
}

#[test]
fn a_restart_says_goodbye_to_the_server_and_begins_anew() {
    let mut world = talking(&[VAULT], "calls = [\"all\"]");
    world.says(CALLER, Sound::Speech).after(secs(3)).crash(secs(1)).after(secs(6));
    let sessions = &world.vaults[0].sessions;
    assert_eq!(sessions.len(), 2, "{} sessions", sessions.len());
    assert!(sessions[0].ended.as_ref().is_some_and(|(_, reason)| reason.contains("restarted")), "{:?}", sessions[0].ended);
    let heard_from = world.now;
    world.after(secs(2));
    assert!(world.vaults[0].sessions[1].level(0, heard_from, world.now) > LOUD);
    assert!(world.events_named("copy.ended").any(|(_, event)| event.detail == [("by", Detail::Text("restart".to_owned()))]));
    world.hangs_up(CALLER).after(secs(1)).ends_well();
}

/// Digits of the session's id as its metadata have it.
fn session_id(document: &str) -> &str {
    document.split("session session_id=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id")
}

#[test]
fn a_server_that_forgot_the_session_is_asked_and_has_the_rest_in_a_new_one_of_the_same_name() {
    let mut world = talking(&[VAULT], "calls = [\"all\"]");
    world.vaults[0].forgets();
    // Asked each 30 s, from its answer on.
    world.says(CALLER, Sound::Speech).after(secs(27));
    assert_eq!(world.vaults[0].sessions.len(), 1);
    world.after(secs(4)).expect_conversation(CALLER, "1001");
    let sessions = &world.vaults[0].sessions;
    assert_eq!(sessions.len(), 2);
    assert_eq!(session_id(&sessions[0].metadata[0]), session_id(&sessions[1].metadata[0]), "the same call");
    assert!(sessions[1].metadata[0].contains("<datamode>complete</datamode>") && sessions[1].metadata[0].contains("sip:1001@"));
    let from = world.now;
    world.after(secs(1));
    assert!(world.vaults[0].sessions[1].level(0, from, world.now) > LOUD);
    assert_eq!(names(&world), ["copy.started", "copy.ended", "copy.started"]);
    let (_, over) = world.events_named("copy.ended").next().expect("told");
    assert!(over.detail.contains(&("by", Detail::Text("loss".to_owned()))), "{:?}", over.detail);
    world.hangs_up(CALLER).after(secs(1)).ends_well();
}

#[test]
fn of_a_server_that_stops_the_next_takes_over_within_seconds() {
    let mut world = talking(&[VAULT, SECOND], "calls = [\"all\"]");
    world.vaults[0].taking = Taking::Refuse(503);
    world.says(CALLER, Sound::Speech);
    world.vault_sends(0, |vault, _| vault.says("BYE", "Reason: SIP;cause=503;text=\"maintenance\"\r\n", "")).after(secs(3));
    assert_eq!((world.vaults[0].sessions.len(), world.vaults[1].sessions.len()), (1, 1));
    let from = world.now;
    world.after(secs(1));
    assert!(world.vaults[1].sessions[0].level(0, from, world.now) > LOUD);
    world.expect_conversation(CALLER, "1001").hangs_up(CALLER).after(secs(1)).ends_well();
}

/// RFC 7866 §9.2.
#[test]
fn a_server_that_asks_for_all_metadata_has_them_at_once() {
    let mut world = talking(&[VAULT], "calls = [\"all\"]");
    let session = &world.vaults[0].sessions[0];
    assert!(session.invite.contains("Accept: application/sdp, application/rs-metadata-request\r\n"), "{}", session.invite);
    for (content_type, body) in [
        ("application/rs-metadata-request", "SRS internal error\r\n"),
        ("application/rs-metadata-request", "<requestsnapshot xmlns='urn:ietf:params:xml:ns:recording:1'/>"),
        ("application/rs-metadata+xml", "<?xml version=\"1.0\"?><requestsnapshot xmlns='urn:ietf:params:xml:ns:recording:1'/>"),
    ] {
        let known = world.vaults[0].sessions[0].metadata.len();
        let headers = format!("Content-Type: {content_type}\r\nContent-Disposition: recording-session\r\n");
        world.vault_sends(0, |vault, _| vault.says("UPDATE", &headers, body)).after(millis(200));
        assert_eq!(world.vaults[0].answers.last().map(|(method, code, _)| (method.as_str(), *code)), Some(("UPDATE", 200)));
        let told = &world.vaults[0].sessions[0].metadata[known..];
        assert_eq!(told.len(), 1, "{content_type} {body}");
        for what in ["<datamode>complete</datamode>", "sip:1001@sanling.local", "sip:13800000001@sanling.local", "<label>2</label>"] {
            assert!(told[0].contains(what), "{what}: {}", told[0]);
        }
    }
    world.hangs_up(CALLER).after(secs(1)).ends_well();
}

#[test]
fn what_is_new_and_was_not_taken_is_told_whole_with_the_next() {
    let mut world = talking(&[VAULT], "calls = [\"all\"]");
    world.vaults[0].news = 488;
    world.holds("1001", Way::SendOnly).after(secs(1));
    world.vaults[0].news = 200;
    let known = world.vaults[0].sessions[0].metadata.len();
    world.retrieves("1001").after(secs(1));
    let told = &world.vaults[0].sessions[0].metadata[known..];
    assert!(!told.is_empty() && told[0].contains("<datamode>complete</datamode>"), "{told:?}");
    world.holds("1001", Way::SendOnly).after(secs(1));
    assert!(world.vaults[0].sessions[0].metadata.last().expect("told").contains("<datamode>partial</datamode>"));
    world.hangs_up(CALLER).after(secs(1)).ends_well();
}

#[test]
fn to_a_server_that_asks_who_we_are_the_account_of_its_trunk_is_proven() {
    let account = "user = \"branch\"\npassword = \"secret of the vault\"";
    let mut world = with_trunk(&[VAULT], account, "calls = [\"all\"]");
    world.vaults[0].taking = Taking::Challenge;
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(4));
    let session = &world.vaults[0].sessions[0];
    let proof = session.invite.lines().find(|line| line.starts_with("Authorization: Digest ")).expect("a proof");
    assert!(proof.contains("username=\"branch\"") && proof.contains("algorithm=SHA-256"), "{proof}");
    assert!(session.metadata[0].contains("<datamode>complete</datamode>") && !session.streams[0].is_empty());
    world.hangs_up(CALLER).after(secs(1)).ends_well();
}

#[test]
fn sound_to_a_server_is_encrypted_where_its_trunk_says_so() {
    for suite in [Suite::Cm128Tag80, Suite::Gcm256] {
        let mut world = with_trunk(&[VAULT], "srtp = \"required\"", "calls = [\"all\"]");
        world.vaults[0].secure = Some(Setting { suite, transport: Transport::SavpAlone });
        world.agents_come(&["1001"]).agent_answers("1001", secs(1)).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(4));
        world.expect_conversation(CALLER, "1001");
        let session = &world.vaults[0].sessions[0];
        assert_eq!(
            (session.invite.matches(" RTP/SAVP ").count(), session.invite.matches("inline:").count() >= 2),
            (2, true),
            "{}",
            session.invite
        );
        let keys: BTreeSet<&str> = session.invite.split("inline:").skip(1).map(|rest| &rest[..20]).collect();
        assert!(keys.len() >= 2, "a key for each stream");
        for side in [0, 1] {
            assert_eq!((session.ciphers[side].is_on(), session.ciphers[side].unreadable), (true, 0), "{side}");
        }
        world.says("1001", Sound::Silence).says(CALLER, Sound::Speech).after(secs(1));
        let from = world.now;
        world.after(secs(2));
        assert!(level(&world, 0, from, world.now) > LOUD && level(&world, 1, from, world.now) < -60.0);
        world.hangs_up(CALLER).after(secs(1)).ends_well();
    }
}

#[test]
fn a_server_that_takes_no_encrypted_sound_gets_none_in_clear() {
    let mut world = with_trunk(&[VAULT], "srtp = \"required\"", "calls = [\"all\"]");
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(6));
    world.expect_conversation(CALLER, "1001");
    assert!(world.vaults[0].sessions.iter().all(|session| session.streams.iter().all(Vec::is_empty)));
    assert_eq!(names(&world), ["copy.refused", "copy.failed"]);
    world.hangs_up(CALLER).after(secs(1)).ends_well();
}

fn refusal(reply: &Reply) -> &str {
    let Reply::Refused(why) = reply else { panic!("{reply:?}") };
    why
}

#[test]
fn a_copy_of_one_call_is_ordered_and_ended_and_ordered_again() {
    let mut world = talking(&[VAULT], "calls = [\"on-demand\"]");
    world.says(CALLER, Sound::Speech).after(secs(2));
    let call = world.record().id;
    assert!(world.vaults[0].sessions.is_empty(), "by itself none goes out");
    let end = || Command::EndCopy { call, by: "wang".to_owned() };
    assert!(refusal(&world.command(end())).contains("no server"));
    let to = |server: &str| Command::BeginCopy { call, server: Some(server.to_owned()) };
    assert!(refusal(&world.command(to("nosuch"))).contains("nosuch"));
    assert_eq!(world.command(Command::BeginCopy { call, server: None }), Reply::Done);
    world.after(secs(1));
    assert!(refusal(&world.command(to("vault"))).contains("already"));
    let from = world.now;
    world.after(secs(1));
    assert!(level(&world, 0, from, world.now) > LOUD);
    assert_eq!(world.command(end()), Reply::Done);
    let ended = world.now + millis(100);
    world.holds("1001", Way::SendOnly).after(secs(1)).retrieves("1001").after(secs(2)).expect_conversation(CALLER, "1001");
    let session = &world.vaults[0].sessions[0];
    assert!(session.ended.as_ref().is_some_and(|(_, reason)| reason.contains("not wanted any more")), "{:?}", session.ended);
    assert!(session.between(0, ended, world.now).is_empty() && session.between(1, ended, world.now).is_empty(), "not a packet more");
    let (_, over) = world.events_named("copy.ended").next().expect("told").clone();
    let text = |text: &str| Detail::Text(text.to_owned());
    assert_eq!(over.detail, [("server", text("vault")), ("by", text("order")), ("who", text("wang"))]);
    // Again, of the same name, and over a crash.
    assert_eq!(world.command(to("vault")), Reply::Done);
    world.says(CALLER, Sound::Speech).after(secs(2)).crash(secs(1)).after(secs(6));
    let sessions = &world.vaults[0].sessions;
    assert_eq!(sessions.len(), 3);
    assert_eq!(session_id(&sessions[0].metadata[0]), session_id(&sessions[1].metadata[0]));
    assert_eq!(world.snapshot().copies, 1);
    world.hangs_up(CALLER).after(secs(1)).ends_well();
    let over = Command::BeginCopy { call, server: None };
    assert_eq!(world.command(over), Reply::UnknownCall);
}

#[test]
fn a_copy_that_was_ended_by_order_does_not_come_back_by_itself() {
    let mut world = talking(&[VAULT], "calls = [\"all\"]\non_failure = \"retry\"\nretry_after = \"5s\"");
    let call = world.record().id;
    assert_eq!(world.command(Command::EndCopy { call, by: "wang".to_owned() }), Reply::Done);
    world.says(CALLER, Sound::Speech).after(secs(8)).crash(secs(1)).after(secs(8)).expect_conversation(CALLER, "1001");
    assert_eq!((world.vaults[0].sessions.len(), names(&world)), (1, vec!["copy.started", "copy.ended"]));
    world.hangs_up(CALLER).after(secs(1)).ends_well();
}

#[test]
fn of_a_host_that_answers_no_more_the_next_takes_over_when_its_pings_say_so() {
    let mut world = with_trunk(&[VAULT, SECOND], "ping = \"5s\"", "calls = [\"all\"]");
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(4));
    assert_eq!((world.vaults[0].sessions.len(), world.vaults[1].sessions.len()), (1, 0));
    world.vaults[0].is_dead = true;
    let died = world.now;
    // Two pings of 5 s, each waited for 10 s.
    world.after(secs(30)).expect_conversation(CALLER, "1001");
    let taken = world.vaults[1].sessions.first().expect("taken over").began_at - died;
    assert!(taken < secs(25), "after {taken:?}");
    let from = world.now;
    world.after(secs(1));
    assert!(world.vaults[1].sessions[0].level(0, from, world.now) > LOUD);
    assert_eq!(session_id(&world.vaults[0].sessions[0].metadata[0]), session_id(&world.vaults[1].sessions[0].metadata[0]));
    world.hangs_up(CALLER).after(secs(40));
    // Pings go on.
    let left = world.snapshot();
    assert_eq!((left.calls.len(), left.legs, left.sessions, left.copies, world.ports()), (0, 0, 0, 0, 0));
    assert!(world.vaults[1].sessions[0].ended.is_some());
}
