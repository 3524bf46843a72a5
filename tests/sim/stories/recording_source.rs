//! Calls of other switches are recorded here: sound of each stream on its side, whatever the other switch does; and from nobody else.

use crate::cipher::{Setting, Transport};
use crate::sound::Sound;
use crate::vault::Vault;
use crate::world::World;
use sanling::base::srtp::Suite;
use sanling::base::time::{millis, secs};
use sanling::base::{CallId, Duration};
use sanling::call::record::{CallDirection, CallRecord, RecordingState};
use sanling::media::control::Channel;

const SILENT: f32 = -70.0;
const LOUD: f32 = -40.0;
const BRANCH: &str = "127.0.3.1:5060";
const SIPREC: &str = "Require: siprec\r\n";

fn world() -> World {
    world_with("")
}

fn world_with(trunk: &str) -> World {
    let tables = format!(
        "[[trunk]]\nid = \"branch\"\naccept_from = [\"127.0.3.0/24\"]\n{trunk}\n[[recording_source]]\nid = \"shanghai\"\ntrunk = \"branch\"\nsessions = 2\n\n[[trunk]]\nid = \"carrier\""
    );
    let mut world = World::story_with(&[("[[trunk]]\nid = \"carrier\"", &tables)], &[]);
    world.vaults.push(Vault::new(BRANCH));
    world
}

fn offer(lines: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 127.0.3.1\r\ns=-\r\nc=IN IP4 127.0.3.1\r\nt=0 0\r\n{lines}")
}

fn two(direction: &str) -> String {
    let line = |port: u16, label: &str| format!("m=audio {port} RTP/AVP 8 0\r\na={direction}\r\na=label:{label}\r\n");
    offer(&(line(50_000, "96") + &line(50_002, "97")))
}

fn person(id: &str, aor: &str, stream: &str) -> String {
    format!(
        "<participant participant_id=\"{id}\"><nameID aor=\"{aor}\"><name>N {id}</name></nameID></participant>\
         <participantstreamassoc participant_id=\"{id}\"><send>{stream}</send></participantstreamassoc>"
    )
}

fn document(mode: &str, inner: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><recording xmlns=\"urn:ietf:params:xml:ns:recording:1\"><datamode>{mode}</datamode>{inner}</recording>"
    )
}

fn first() -> String {
    let streams = "<session session_id=\"c2Vzcw==\"/><stream stream_id=\"sa\" session_id=\"c2Vzcw==\"><label>96</label></stream>\
                   <stream stream_id=\"sb\" session_id=\"c2Vzcw==\"><label>97</label></stream>";
    document("complete", &format!("{streams}{}{}", person("a", "sip:13900000000@branch", "sa"), person("b", "sip:8001@branch", "sb")))
}

fn both(sdp: &str, xml: &str) -> String {
    format!(
        "--x\r\nContent-Type: application/sdp\r\n\r\n{sdp}\r\n--x\r\nContent-Type: application/rs-metadata+xml\r\n\
         Content-Disposition: recording-session\r\n\r\n{xml}\r\n--x--\r\n"
    )
}

const MIXED: &str = "multipart/mixed;boundary=x";

fn begins(world: &mut World) -> CallId {
    let body = both(&two("sendonly"), &first());
    world.vault_sends(0, |vault, switch| vault.invites(switch, SIPREC, MIXED, &body)).after(millis(100));
    let (_, code, answer) = world.vaults[0].answers.last().expect("an answer").clone();
    assert_eq!(code, 200, "{answer}");
    assert_eq!((answer.matches("m=audio").count(), answer.matches("a=recvonly").count()), (2, 2), "{answer}");
    assert!(answer.contains("a=label:96") && answer.contains("a=label:97"), "{answer}");
    world.record().id
}

/// The To of the dialog, with the switch's tag, and its Call-ID: of the session that began last.
fn dialog(world: &World) -> (String, String) {
    (world.vaults[0].last_call_id.clone(), world.vaults[0].last_to.clone())
}

fn asks(world: &mut World, method: &str, headers: &str, body: &str) {
    let (call_id, to) = dialog(world);
    world.vault_sends(0, |vault, _| vault.asks(method, &call_id, &to, headers, body)).after(millis(100));
}

fn record(world: &World, call: CallId) -> CallRecord {
    world.records[&call].clone()
}

#[track_caller]
fn expect_level(world: &World, call: CallId, side: Channel, from: Duration, loud: bool) {
    let level = world.disk.takes[&call].level(side, from, secs(1));
    assert!(if loud { level > LOUD } else { level < SILENT }, "{side:?} from {from:?}: {level} dBov");
}

#[test]
fn each_stream_has_its_side_and_what_changes_keeps_one_timeline() {
    let mut world = world();
    let call = begins(&mut world);
    let shown = world.snapshot();
    assert_eq!((shown.sessions_recorded, shown.recordings_open, shown.calls.len()), (1, 1, 0));
    assert_eq!((shown.externals[0].record.id, shown.externals[0].state), (call, "external"));
    world.vault_speaks(0, &[Sound::Speech, Sound::Silence], secs(2));
    world.vault_speaks(0, &[Sound::Silence, Sound::Speech], secs(2));
    // Held: nothing comes, and time goes on.
    asks(&mut world, "INVITE", "Content-Type: application/sdp\r\n", &two("inactive"));
    assert!(
        world.vaults[0].answers.last().expect("an answer").2.matches("a=inactive").count() == 2,
        "{:?}",
        world.vaults[0].answers.last()
    );
    world.after(secs(2));
    let news = document(
        "partial",
        &format!(
            "<participantsessionassoc participant_id=\"b\" session_id=\"c2Vzcw==\"><disassociate-time>x</disassociate-time></participantsessionassoc>{}",
            person("c", "sip:8002@branch", "sb")
        ),
    );
    asks(&mut world, "INVITE", "Content-Type: multipart/mixed;boundary=x\r\n", &both(&two("sendonly"), &news));
    world.vault_speaks(0, &[Sound::Nothing, Sound::Speech], secs(2));
    asks(&mut world, "BYE", "", "");
    world.after(secs(1));
    let record = record(&world, call);
    for (side, from, loud) in [
        (Channel::Left, millis(500), true),
        (Channel::Right, millis(500), false),
        (Channel::Left, millis(2_600), false),
        (Channel::Right, millis(2_600), true),
        (Channel::Left, millis(5_000), false),
        (Channel::Right, millis(5_000), false),
        (Channel::Left, millis(7_200), false),
        (Channel::Right, millis(7_200), true),
    ] {
        expect_level(&world, call, side, from, loud);
    }
    let recording = record.recording.clone().expect("recorded");
    assert_eq!((recording.state, recording.sha256.is_some()), (RecordingState::Complete, true));
    assert!(recording.duration > millis(8_000) && recording.duration < millis(9_000), "{:?}", recording.duration);
    assert_eq!((record.direction, record.caller.as_str(), record.called.as_str()), (CallDirection::External, "13900000000", "8001"));
    let external = record.external.expect("of another switch");
    assert_eq!((external.source.as_str(), external.session.as_deref()), ("shanghai", Some("c2Vzcw==")));
    let parties: Vec<_> = external.parties.iter().map(|party| (party.aor.as_str(), party.side.as_deref())).collect();
    let expected = [("sip:13900000000@branch", Some("left")), ("sip:8001@branch", Some("right")), ("sip:8002@branch", Some("right"))];
    assert_eq!(parties, expected);
    assert!(external.metadata.contains("8002"), "{}", external.metadata);
    world.expect_quiescence();
}

#[test]
fn what_cannot_be_read_is_refused_and_says_why_and_what_is_not_known_is_left_out() {
    let mut world = world();
    let long = document("complete", &" ".repeat(33_000));
    for (content_type, body, code, says) in [
        ("application/sdp", two("sendonly"), 200, ""),
        (MIXED, both(&two("sendonly"), &document("complete", "<stream stream_id=\"s\"><label>nosuch</label></stream>")), 200, ""),
        (MIXED, both(&two("sendonly"), "<?xml version=\"1.0\"?><recording><unclosed>"), 400, "399 sanling.local"),
        (MIXED, both(&two("sendonly"), "no XML at all"), 400, "399 sanling.local"),
        (MIXED, both(&two("sendonly"), "<!DOCTYPE r [<!ENTITY a \"b\">]><recording>&a;</recording>"), 400, "document type"),
        (MIXED, both(&two("sendonly"), &long), 400, "too long"),
        (MIXED, both(&offer("m=video 5000 RTP/AVP 96\r\n"), &first()), 488, "305 sanling.local"),
        (MIXED, both("rubbish", &first()), 488, ""),
    ] {
        world.vault_sends(0, |vault, switch| vault.invites(switch, SIPREC, content_type, &body)).after(millis(200));
        let (_, answered, text) =
            world.vaults[0].answers.iter().rev().find(|(method, code, _)| method == "INVITE" && *code >= 200).expect("answered").clone();
        assert_eq!(answered, code, "{content_type}: {body:.100} {text}");
        assert!(text.contains(says), "{body:.200}: {text}");
        if code == 200 {
            asks(&mut world, "BYE", "", "");
            world.after(millis(500));
        }
    }
    world.expect_quiescence();
}

#[test]
fn metadata_that_break_off_in_the_middle_are_told_and_cost_nothing() {
    let mut world = world();
    let call = begins(&mut world);
    asks(&mut world, "UPDATE", "Content-Type: application/rs-metadata+xml\r\n", "<recording><a>");
    assert_eq!(world.vaults[0].answers.last().map(|(method, code, _)| (method.as_str(), *code)), Some(("UPDATE", 200)));
    assert_eq!(world.events_named("session.unreadable").count(), 1);
    world.vault_speaks(0, &[Sound::Speech, Sound::Speech], secs(2));
    asks(&mut world, "BYE", "", "");
    world.after(secs(1));
    expect_level(&world, call, Channel::Left, millis(700), true);
    assert_eq!(record(&world, call).called, "8001");
    world.expect_quiescence();
}

#[test]
fn nobody_else_has_calls_recorded_here_and_a_source_so_many() {
    let mut world = world();
    // A carrier's address, and no source.
    world.vaults.push(Vault::new("127.0.2.77:5060"));
    let body = both(&two("sendonly"), &first());
    world.vault_sends(1, |vault, switch| vault.invites(switch, SIPREC, MIXED, &body)).after(millis(100));
    assert_eq!(world.vaults[1].answers.last().map(|(_, code, _)| *code), Some(420));
    world.vault_sends(1, |vault, switch| vault.invites(switch, "", MIXED, &body)).after(millis(100));
    assert_eq!(world.vaults[1].answers.last().map(|(_, code, _)| *code), Some(403), "the feature tag alone");
    world.vault_sends(0, |vault, switch| vault.invites(switch, SIPREC, "text/plain", "hello")).after(millis(100));
    assert_eq!(world.vaults[0].answers.last().map(|(_, code, _)| *code), Some(415), "no description");
    for code in [200, 200, 503] {
        world.vault_sends(0, |vault, switch| vault.invites(switch, SIPREC, MIXED, &body)).after(millis(100));
        assert_eq!(world.vaults[0].answers.last().map(|(_, code, _)| *code), Some(code));
    }
    assert_eq!((world.snapshot().sessions_recorded, world.snapshot().sessions_refused), (2, 1));
    assert!(world.records.values().all(|record| record.direction == CallDirection::External));
}

#[test]
fn a_crash_keeps_what_was_written() {
    let mut world = world();
    let call = begins(&mut world);
    world.vault_speaks(0, &[Sound::Speech, Sound::Silence], secs(3));
    world.crash(secs(1)).after(secs(3));
    let record = record(&world, call);
    assert!(record.released_at.is_some(), "{record:?}");
    assert_eq!(record.recording.as_ref().map(|recording| recording.state), Some(RecordingState::Recovered));
    expect_level(&world, call, Channel::Left, millis(500), true);
    expect_level(&world, call, Channel::Right, millis(500), false);
}

const ASKABLE: &str = "Require: siprec\r\nAllow: INVITE, ACK, BYE, UPDATE\r\nAccept: application/sdp, application/rs-metadata-request\r\n";

/// RFC 7866 §9.2.
#[test]
fn who_tells_news_of_what_was_never_told_is_asked_for_all_of_it_once() {
    let gap = document("partial", "<participantstreamassoc participant_id=\"a\"><send>nosuch</send></participantstreamassoc>");
    let xml = "Content-Type: application/rs-metadata+xml\r\nContent-Disposition: recording-session\r\n";
    for (headers, asked) in [(ASKABLE, 1), (SIPREC, 0)] {
        let mut world = world();
        let body = both(&two("sendonly"), &first());
        world.vault_sends(0, |vault, switch| vault.invites(switch, headers, MIXED, &body)).after(millis(100));
        let call = world.record().id;
        for _ in 0..3 {
            asks(&mut world, "UPDATE", xml, &gap);
        }
        let requests = &world.vaults[0].asked_of_client;
        assert_eq!(requests.len(), asked, "{requests:?}");
        if let Some(request) = requests.first() {
            for what in [
                "UPDATE ",
                "Content-Type: application/rs-metadata-request\r\n",
                "Content-Disposition: recording-session\r\n",
                "<requestreason>",
            ] {
                assert!(request.contains(what) && !request.contains("m=audio"), "{what}: {request}");
            }
        }
        // Told everything, it may be asked again.
        asks(&mut world, "UPDATE", xml, &first());
        asks(&mut world, "UPDATE", xml, &gap);
        assert_eq!(world.vaults[0].asked_of_client.len(), 2 * asked);
        asks(&mut world, "BYE", "", "");
        world.after(secs(1));
        assert_eq!(record(&world, call).called, "8001");
        world.expect_quiescence();
    }
}

#[test]
fn after_a_crash_the_old_session_is_answered_481_and_a_new_one_of_the_same_name_goes_on() {
    let mut world = world();
    let before = begins(&mut world);
    world.vault_speaks(0, &[Sound::Speech, Sound::Silence], secs(3));
    world.crash(secs(1)).after(secs(2));
    asks(&mut world, "INVITE", "Content-Type: application/sdp\r\n", &two("sendonly"));
    assert_eq!(world.vaults[0].answers.last().map(|(method, code, _)| (method.as_str(), *code)), Some(("INVITE", 481)));
    let after = begins(&mut world);
    world.vault_speaks(0, &[Sound::Silence, Sound::Speech], secs(2));
    asks(&mut world, "BYE", "", "");
    world.after(secs(1));
    let continues = |call: CallId| record(&world, call).external.and_then(|external| external.continues);
    assert_eq!((continues(before), continues(after)), (None, Some(before)));
    let state = |call: CallId| record(&world, call).recording.map(|recording| recording.state);
    assert_eq!((state(before), state(after)), (Some(RecordingState::Recovered), Some(RecordingState::Complete)));
    expect_level(&world, before, Channel::Left, millis(500), true);
    expect_level(&world, after, Channel::Left, millis(700), false);
    expect_level(&world, after, Channel::Right, millis(700), true);
    // One beside a session that still runs is another recording of the same call.
    let third = begins(&mut world);
    let fourth = begins(&mut world);
    let continues = |call: CallId| record(&world, call).external.and_then(|external| external.continues);
    assert_eq!((continues(third), continues(fourth)), (Some(after), None));
}

#[test]
fn sound_of_a_source_is_encrypted_where_its_trunk_says_so() {
    for suite in [Suite::Cm128Tag80, Suite::Gcm128] {
        let mut world = world_with("srtp = \"required\"");
        let setting = Setting { suite, transport: Transport::SavpAlone };
        let sdp = world.vaults[0].is_encrypted(setting, &two("sendonly"));
        let body = both(&sdp, &first());
        world.vault_sends(0, |vault, switch| vault.invites(switch, SIPREC, MIXED, &body)).after(millis(100));
        let (_, code, answer) = world.vaults[0].answers.last().expect("an answer").clone();
        assert_eq!((code, answer.matches(" RTP/SAVP ").count(), answer.matches("a=crypto:").count()), (200, 2, 2), "{answer}");
        let call = world.record().id;
        world.vault_speaks(0, &[Sound::Speech, Sound::Silence], secs(3));
        asks(&mut world, "BYE", "", "");
        world.after(secs(1));
        expect_level(&world, call, Channel::Left, millis(1_000), true);
        expect_level(&world, call, Channel::Right, millis(1_000), false);
        world.expect_quiescence();
    }
    // In clear, none is taken.
    let mut world = world_with("srtp = \"required\"");
    let body = both(&two("sendonly"), &first());
    world.vault_sends(0, |vault, switch| vault.invites(switch, SIPREC, MIXED, &body)).after(millis(100));
    assert_eq!(world.vaults[0].answers.last().map(|(_, code, _)| *code), Some(488));
    world.expect_quiescence();
}
