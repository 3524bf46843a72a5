//! Messages over HTTP: listed, cut out of the call's recording, listened to; and the trunks as they stand.

use crate::world::{NOW, World};
use sanling::base::time::{millis, secs};
use sanling::base::{BoxId, CallId, Rng, Timestamp, TrunkId};
use sanling::call::record::{RecordingRecord, RecordingState};
use sanling::sip::Protocol;
use sanling::switch::view::{Message, MessageView, TrunkHostView, TrunkTargetView, TrunkView};
use std::fs;

fn message(call: CallId, in_box: &str, offset_ms: u64, duration_ms: u64) -> MessageView {
    let message = Message {
        call,
        caller: "13800138000".to_owned(),
        left_at: Timestamp(NOW),
        offset: millis(offset_ms),
        duration: millis(duration_ms),
        delivered_at: Some(Timestamp(NOW)),
        escalated_at: None,
        heard_at: None,
        heard_by: None,
        parts: Vec::new(),
        taken_by: None,
    };
    MessageView { in_box: BoxId::new(in_box), message }
}

/// A call of ten seconds, whose left samples are 0, 1, 2, … and whose right ones are −1.
fn recorded(world: &mut World) -> CallId {
    let mut file = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec { channels: 2, sample_rate: 8_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::new(&mut file, spec).expect("writes");
    for n in 0..80_000 {
        writer.write_sample((n % 30_000) as i16).expect("writes");
        writer.write_sample(-1i16).expect("writes");
    }
    writer.finalize().expect("writes");
    let folder = world.recordings().join("2026/11/21");
    fs::create_dir_all(&folder).expect("makes");
    let record = world.kept_call(0, |call| {
        let file = format!("2026/11/21/{}.wav", call.id);
        let state = RecordingState::Complete;
        call.recording = Some(RecordingRecord { file, duration: secs(10), sha256: Some("0".repeat(64)), state, reason: None });
    });
    fs::write(folder.join(format!("{}.wav", record.id)), file.into_inner()).expect("writes");
    record.id
}

#[test]
fn a_message_is_the_callers_side_of_its_part_of_the_recording() {
    let mut world = World::new();
    let call = recorded(&mut world);
    for (offset_ms, duration_ms, from, samples) in [(2_000, 1_500, 16_000, 12_000), (9_000, 60_000, 72_000, 8_000)] {
        world.switch.lock().expect("fine").messages = vec![message(call, "desk", offset_ms, duration_ms)];
        let answer = world.get(&format!("/api/v1/messages/{call}/audio"));
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("audio/wav")));
        let reader = hound::WavReader::new(&answer.body[..]).expect("a WAV");
        assert_eq!((reader.spec().channels, reader.spec().sample_rate, reader.duration()), (1, 8_000, samples));
        let heard: Vec<i16> = reader.into_samples().map(|sample| sample.expect("reads")).collect();
        assert!(heard.iter().enumerate().all(|(n, sample)| *sample == ((from + n) % 30_000) as i16), "from {offset_ms} ms");
    }
    assert_eq!(world.newest_deed()["action"], "message.fetched");
    world.switch.lock().expect("fine").messages = vec![message(call, "desk", 11_000, 1_000)];
    world.get(&format!("/api/v1/messages/{call}/audio")).problem(404);
}

#[test]
fn messages_are_listed_and_listened_to() {
    let mut world = World::new();
    let call = recorded(&mut world);
    world.switch.lock().expect("fine").messages = vec![message(call, "desk", 2_000, 1_500)];
    let listed = world.get("/api/v1/messages?box=desk&new=true").json();
    let item = &listed["items"][0];
    assert_eq!((item["id"].as_str(), item["box"].as_str()), (Some(call.to_string().as_str()), Some("desk")));
    assert_eq!((item["offset_ms"].as_u64(), item["duration_ms"].as_u64()), (Some(2_000), Some(1_500)));
    assert!(item["heard_at"].is_null());
    assert_eq!(world.get("/api/v1/messages?box=other").json()["items"].as_array().map(Vec::len), Some(0));
    world.get("/api/v1/messages?new=maybe").problem(400);
    let heard = world.post(&format!("/api/v1/messages/{call}/heard"), r#"{"by": "1001"}"#);
    assert_eq!((heard.status, heard.json()["heard_by"].as_str()), (200, Some("1001")));
    assert_eq!(world.get("/api/v1/messages?new=true").json()["items"].as_array().map(Vec::len), Some(0));
    world.post(&format!("/api/v1/messages/{call}/heard"), r#"{"by": " "}"#).problem(422);
    let other = CallId::new(Timestamp(1), &mut Rng::new(1));
    world.post(&format!("/api/v1/messages/{other}/heard"), r#"{"by": "1001"}"#).problem(404);
    world.get(&format!("/api/v1/messages/{other}/audio")).problem(404);
}

#[test]
fn trunks_tell_how_they_stand() {
    let world = World::new();
    let host = |name: &str, state, lost: Option<&str>| TrunkHostView {
        host: name.to_owned(),
        state,
        lost: lost.map(str::to_owned),
        targets: Vec::new(),
    };
    let target = TrunkTargetView { protocol: Protocol::Tcp, address: "[2001:db8::7]:5070".parse().expect("an address"), state: "up" };
    let found = TrunkHostView { targets: vec![target.clone()], ..host("sip:sbc.carrier.example", "up", None) };
    let lost = host("sip:old.carrier.example", "not-found", Some("it has no address"));
    world.switch.lock().expect("fine").snapshot.trunks = vec![TrunkView {
        id: TrunkId::new("carrier"),
        calls: 2,
        channels: Some(30),
        registered: Some(Err("403 Forbidden".to_owned())),
        used: Some((Protocol::Tcp, target.address)),
        hosts: vec![host("sip:192.0.2.7:5060", "down", None), host("sip:192.0.2.8:5060", "unknown", None), found, lost],
    }];
    let trunk = &world.get("/api/v1/trunks").json()["items"][0];
    assert_eq!((trunk["calls"].as_u64(), trunk["channels"].as_u64()), (Some(2), Some(30)));
    assert_eq!((trunk["registered_since"].as_str(), trunk["unregistered_because"].as_str()), (None, Some("403 Forbidden")));
    assert_eq!(trunk["hosts"][0]["state"], "down");
    assert_eq!((&trunk["used"], &trunk["hosts"][2]["targets"][0]["target"]), (&"tcp:[2001:db8::7]:5070".into(), &trunk["used"]));
    assert_eq!((trunk["hosts"][3]["state"].as_str(), trunk["hosts"][3]["lost"].as_str()), (Some("not-found"), Some("it has no address")));
    let metrics = String::from_utf8(world.get("/metrics").body).expect("text");
    for line in [
        "sanling_trunk_calls{trunk=\"carrier\"} 2",
        "sanling_trunk_registered{trunk=\"carrier\"} 0",
        "sanling_trunk_host_up{trunk=\"carrier\",host=\"sip:192.0.2.7:5060\"} 0",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    assert!(!metrics.contains("192.0.2.8"), "of it nothing is known");
}
