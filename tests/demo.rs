//! `sanling demo` as a newcomer starts it: the real program, real SIP and sound over loopback, three quarters of a minute of it. What is
//! asserted is what stands in the records and in the files when it has ended.

use sanling::audio::level::dbov;
use sanling::io::shapes::Call;
use sanling::io::store::{CallFilter, Store};
use std::path::Path;
use std::process::{Command, Stdio};

/// The demo's first four callers, whose calls are written down.
const NORMAL: &str = "13800001234";
const MISSED: &str = "13800001235";
const HELD: &str = "13800001236";
const SILENT: &str = "13800001237";

fn calls_of(data: &Path) -> Vec<Call> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let store = Store::open(data).await.expect("the demo's database");
        store.calls(&CallFilter::default(), 500).await.expect("its calls")
    })
}

/// Levels of both channels in dBov, and the length in seconds.
fn sound(file: &Path) -> (f32, f32, f64) {
    let mut wav = hound::WavReader::open(file).expect("a WAV file");
    let spec = wav.spec();
    assert_eq!((spec.channels, spec.bits_per_sample), (2, 16));
    let samples: Vec<i16> = wav.samples().collect::<Result<_, _>>().expect("samples");
    let channel = |at: usize| samples.iter().skip(at).step_by(2).copied().collect::<Vec<_>>();
    let (left, right) = (channel(0), channel(1));
    (dbov(&left), dbov(&right), left.len() as f64 / f64::from(spec.sample_rate))
}

#[test]
fn within_three_quarters_of_a_minute_every_rule_is_seen_and_every_call_on_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, recordings) = (folder.path().join("data"), folder.path().join("recordings"));
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let output = Command::new(env!("CARGO_BIN_EXE_sanling"))
        .args(["demo", "--seconds", "45", "--calls-per-minute", "12", "--config"])
        .arg(config)
        .arg("--data")
        .arg(&data)
        .arg("--recordings")
        .arg(&recordings)
        .args(["--set", "sip.listen=[\"udp:127.0.0.1:0\"]", "--set", "http.listen=\"127.0.0.1:0\""])
        .env_remove("SANLING_ADMIN_TOKEN")
        .env_remove("RUST_LOG")
        .stderr(Stdio::piped())
        .output()
        .expect("the program runs");
    let told = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    let story = format!("{told}\n{log}");
    assert!(output.status.success(), "{story}");

    let token = std::fs::read_to_string(data.join("admin.token")).expect("a token");
    assert!(told.contains(&format!("/#token={}", token.trim())), "the page's address: {story}");
    assert!(told.contains("password demo-1000"), "{story}");
    for word in [
        "1002 missed the call of 13800001235 after 3 rings",
        "13800001235 kept his place: 1002 missed him → 1001 is offered the call",
        "1003 puts 13800001236 on hold",
        "13800001236 has been on hold for another 7 s",
        "13800001237 says nothing: the switch says silent_ask",
        "13800001237 says nothing: the switch says silent_farewell",
        "13800001237 never said a word: the switch hangs up",
    ] {
        assert!(told.contains(word), "{word:?} is not told: {story}");
    }
    assert!(!log.contains("ERROR") && !log.contains("heard nothing"), "{story}");

    let calls = calls_of(&data);
    let call = |caller: &str| calls.iter().find(|call| call.caller == caller).unwrap_or_else(|| panic!("no call of {caller}: {story}"));
    let offers = |caller: &str| {
        let offers = call(caller).offers.iter();
        offers.map(|offer| (offer.agent.as_str(), offer.rings, offer.result.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(offers(NORMAL), [("1001", 1, "answered")]);
    assert_eq!(offers(MISSED), [("1002", 3, "missed"), ("1001", 1, "answered")]);
    assert_eq!(offers(HELD), [("1003", 2, "answered")]);
    assert_eq!(offers(SILENT), [("1004", 1, "answered")]);
    for caller in [NORMAL, MISSED, HELD] {
        assert_eq!(call(caller).outcome.as_deref(), Some("answered"), "{caller}");
    }
    assert_eq!((call(SILENT).outcome.as_deref(), call(SILENT).released_by.as_deref()), (Some("silent"), Some("switch")));
    let holds = &call(HELD).holds;
    assert!(holds.len() == 1 && holds[0].reassured == 1 && holds[0].ended_at.is_some(), "{holds:?}");
    assert_eq!(call(NORMAL).released_by.as_deref(), Some("caller"));
    // Nobody hangs up on a customer: the agent's part ends, the caller is told good-bye and goes by himself.
    assert_eq!((call(HELD).hung_up_first.as_deref(), call(HELD).released_by.as_deref()), (Some("agent"), Some("caller")));

    // Nothing runs on, and nothing that was answered has no file.
    for call in &calls {
        assert!(call.released_at.is_some(), "{call:?}");
        let Some(recording) = &call.recording else {
            assert!(call.answered_at.is_none(), "answered and not recorded: {call:?}");
            continue;
        };
        assert_eq!(recording.state, "complete", "{call:?}");
        assert!(recording.sha256.is_some(), "{call:?}");
        let (left, right, seconds) = sound(&recordings.join(&recording.file));
        assert!((seconds * 1_000.0 - recording.duration_ms as f64).abs() < 1.0, "{seconds} s: {call:?}");
        let (from, to) = (call.answered_at.expect("recorded from the answer"), call.released_at.expect("released"));
        let lasted = (to.0 - from.0) as f64 / 1_000.0;
        assert!((seconds - lasted).abs() < 0.2, "{seconds} s of {lasted} s: {call:?}");
        println!("{} {seconds:6.2} s  left {left:6.1}  right {right:6.1} dBov", call.caller);
        match call.caller.as_str() {
            NORMAL | MISSED | HELD => assert!(left > -40.0 && right > -40.0, "both are heard: {left} {right} {call:?}"),
            SILENT => assert!(left < -55.0 && right > -40.0, "the switch alone is heard: {left} {right}"),
            _ => {}
        }
    }
    assert!(calls.iter().filter(|call| call.outcome.as_deref() == Some("answered")).count() >= 3);
}
