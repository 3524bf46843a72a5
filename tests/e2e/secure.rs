//! TLS and SRTP with phones and tools that nobody here wrote: what they register over, what they are keyed by, and that what each says is
//! what the other hears, and what is on record. And pages over TLS.

use crate::baresip::{Baresip, Phone, Secrets};
use crate::certificates::certify;
use crate::harness::{Site, pass, text, until};
use crate::linphone::{Line, Linphone};
use crate::sound::{cut, parse_wav, tone, tone_level};
use rcgen::KeyPair;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const CALLER: f64 = 600.0;
const AGENT: f64 = 1_000.0;

/// The TLS port, of those of the test.
const TLS: u16 = 3;

/// A switch that listens over TLS too, its sound encrypted as `policy` says.
fn site(policy: &str) -> (Site, PathBuf) {
    let listen = "sip.listen=[\"udp:127.0.0.1:{1}\", \"tcp:127.0.0.1:{1}\", \"tls:127.0.0.1:{3}\"]";
    let policy = format!("media.srtp=\"{policy}\"");
    let tls = ["tls.certificate=\"own.pem\"", "tls.key=\"own-key.pem\""];
    let site = Site::start_with(&[listen, &policy, tls[0], tls[1]], certify);
    let authority = site.path("config/ca.pem");
    (site, authority)
}

fn over_tls<'a>(authority: &'a Path, encryption: &'a str) -> Secrets<'a> {
    Secrets { port: Some(TLS), authority: Some(authority), encryption: Some(encryption), ..Secrets::default() }
}

/// What each said is what the other heard, and what is on record.
fn expect_talk(site: &Site, sounds: &[(&str, &[i16], bool)], (from, to): (f64, f64)) {
    let call = site.ended_call(5.0);
    assert_eq!(text(&call["outcome"]), "answered");
    let channels = parse_wav(&site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"]))).1);
    let recorded = [("recording, left", &channels[0][..], true), ("recording, right", &channels[1][..], false)];
    for (what, sound, hears_caller) in recorded.iter().chain(sounds) {
        let sound = cut(sound, from, to);
        let (caller, agent) = (tone_level(sound, CALLER), tone_level(sound, AGENT));
        println!("{what:<34} {CALLER} Hz {caller:6.1} dBov   {AGENT} Hz {agent:6.1} dBov");
        let (there, other) = if *hears_caller { (caller, agent) } else { (agent, caller) };
        assert!((there + 23.0).abs() < 2.0 && other < -50.0, "{what}: {there:.1} and {other:.1} dBov");
    }
    let log = site.log();
    assert!(!log.contains("inline:") && !log.to_lowercase().contains("a=crypto"), "a key stands in the log");
}

/// The messages of the newest call, as they are kept.
fn messages(site: &Site) -> Vec<(String, String)> {
    let call = site.newest_call().expect("a call");
    pass(1.5);
    let kept = site.get(&format!("/api/v1/calls/{}/sip", text(&call["id"])));
    kept["items"]
        .as_array()
        .expect("messages")
        .iter()
        .map(|item| (text(&item["protocol"]).to_owned(), text(&item["text"]).to_owned()))
        .collect()
}

#[test]
fn two_phones_over_tls_encrypted_talk_through_the_hotline() {
    let (site, authority) = site("required");
    let says = [tone(AGENT, 60.0), tone(CALLER, 60.0)];
    let agent = Phone { agent: "1001", port: 10, says: &says[0], codec: "pcma", answers: true, transport: "tls" };
    let agent = Baresip::start_with(&site, &agent, over_tls(&authority, "srtp-mand"));
    let caller = Phone { agent: "1002", port: 20, says: &says[1], codec: "pcma", answers: false, transport: "tls" };
    let mut caller = Baresip::start_with(&site, &caller, over_tls(&authority, "srtp"));
    caller.dial("95000");
    caller.tells("CALL_ESTABLISHED", 8.0);
    pass(8.0);
    caller.hang_up();
    println!("1002 (baresip, TLS, SRTP) over 95000 to 1001 (baresip, TLS, SRTP mandatory)");
    site.ended_call(5.0);
    expect_talk(&site, &[("the agent's phone", &agent.heard(), true), ("the caller's phone", &caller.heard(), false)], (5.0, 7.5));
    let kept = messages(&site);
    assert!(kept.iter().all(|(protocol, _)| protocol == "tls") && kept.len() >= 8, "all went over TLS");
    assert!(kept.iter().any(|(_, text)| text.contains("a=crypto:")) && !kept.iter().any(|(_, text)| text.contains("inline:")));
    assert!(kept.iter().any(|(_, text)| text.starts_with("INVITE") && text.contains("SIP/2.0/TLS") && text.contains(";transport=tls>")));
}

#[test]
fn an_encrypted_caller_and_a_plain_agent_hear_each_other() {
    let (site, authority) = site("optional");
    let says = [tone(AGENT, 60.0), tone(CALLER, 60.0)];
    let agent = Phone { agent: "1001", port: 10, says: &says[0], codec: "pcma", answers: true, transport: "udp" };
    let agent = Baresip::start(&site, &agent);
    let caller = Phone { agent: "1002", port: 20, says: &says[1], codec: "opus/48000/2", answers: false, transport: "tls" };
    let mut caller = Baresip::start_with(&site, &caller, over_tls(&authority, "srtp-mand"));
    caller.dial("1001");
    caller.tells("CALL_ESTABLISHED", 8.0);
    pass(6.0);
    caller.hang_up();
    println!("1002 (baresip, TLS, SRTP mandatory, Opus) to 1001 (baresip, UDP, in clear, PCMA)");
    site.ended_call(5.0);
    expect_talk(&site, &[("the agent's phone", &agent.heard(), true), ("the caller's phone", &caller.heard(), false)], (2.5, 5.0));
}

#[test]
fn linphone_over_tls_encrypted_calls_and_is_called() {
    let (site, authority) = site("required");
    let line = Line { port: Some(TLS), transport: "tls", authority: Some(&authority), encrypted: true, ..Line::default() };
    let mut linphone = Linphone::start_with(&site, "1003", 10, &tone(CALLER, 30.0), line);
    let says = tone(AGENT, 60.0);
    let phone = Phone { agent: "1001", port: 20, says: &says, codec: "pcma", answers: true, transport: "tls" };
    let mut baresip = Baresip::start_with(&site, &phone, over_tls(&authority, "srtp-mand"));
    linphone.order("call sip:95000@sanling.local");
    site.until("they talk", 15.0, |site| site.newest_call().is_some_and(|call| !call["connected_at"].is_null()));
    pass(8.0);
    linphone.order("terminate");
    site.ended_call(5.0);
    pass(0.5);
    println!("1003 (linphonec, TLS, SRTP mandatory) over 95000 to 1001 (baresip, TLS, SRTP mandatory)");
    expect_talk(&site, &[("baresip", &baresip.heard(), true), ("linphone", &linphone.heard(), false)], (5.0, 7.0));
    // And the other way about: our offer, its answer.
    baresip.dial("1003");
    site.until("linphone rings", 10.0, |_| linphone.told().contains("Receiving new incoming call"));
    linphone.order("answer");
    site.until("they talk", 10.0, |site| {
        site.newest_call().is_some_and(|call| !call["connected_at"].is_null() && call["caller"] == "1001")
    });
    pass(1.0);
    baresip.hang_up();
    assert_eq!(text(&site.ended_call(5.0)["outcome"]), "answered");
}

#[test]
fn an_encrypted_call_outlives_the_switch() {
    let (mut site, authority) = site("required");
    let says = [tone(AGENT, 60.0), tone(CALLER, 60.0)];
    // Signalling over UDP: phones notice a lost connection each in its own time, and this is about sound.
    let encrypted = Secrets { encryption: Some("srtp-mand"), ..Secrets::default() };
    let agent = Phone { agent: "1001", port: 10, says: &says[0], codec: "pcma", answers: true, transport: "udp" };
    let agent = Baresip::start_with(&site, &agent, encrypted);
    let caller = Phone { agent: "1002", port: 20, says: &says[1], codec: "pcma", answers: false, transport: "udp" };
    let mut caller = Baresip::start_with(&site, &caller, encrypted);
    caller.dial("1001");
    caller.tells("CALL_ESTABLISHED", 8.0);
    pass(4.0);
    site.kill();
    site.launch();
    let back = std::time::Instant::now();
    pass(6.0);
    caller.hang_up();
    site.ended_call(5.0);
    let (agent_heard, caller_heard) = (agent.heard(), caller.heard());
    println!("killed in an encrypted call; {:.1} s after it was well again", back.elapsed().as_secs_f64());
    for (what, sound, frequency) in [("the agent's phone", &agent_heard, CALLER), ("the caller's phone", &caller_heard, AGENT)] {
        let end = sound.len() as f64 / 8_000.0;
        let level = tone_level(cut(sound, end - 2.5, end - 0.5), frequency);
        println!("{what:<34} {frequency} Hz {level:6.1} dBov at the end");
        assert!((level + 23.0).abs() < 2.0, "{what}: {level:.1} dBov");
    }
    drop(authority);
}

/// What `openssl s_client` prints, having sent `says`.
fn s_client(site: &Site, authority: &Path, more: &[&str], says: &str) -> String {
    let mut child = Command::new("openssl")
        .args(["s_client", "-connect", &format!("127.0.0.1:{}", site.port(TLS)), "-CAfile"])
        .arg(authority)
        .args(["-verify_return_error", "-verify_ip", "127.0.0.1", "-quiet", "-no_ign_eof"])
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl starts");
    let mut mouth = child.stdin.take().expect("piped");
    // It may have ended already.
    let _ = mouth.write_all(says.as_bytes());
    pass(1.0);
    drop(mouth);
    let told = child.wait_with_output().expect("it ends");
    String::from_utf8_lossy(&told.stdout).into_owned() + &String::from_utf8_lossy(&told.stderr)
}

#[test]
fn openssl_is_answered_over_both_versions_and_a_reload_brings_another_certificate() {
    let (site, authority) = site("off");
    let options = "OPTIONS sip:sanling.local SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bKs;rport\r\nMax-Forwards: 70\r\n\
                   From: <sip:o@h>;tag=1\r\nTo: <sip:sanling.local>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    for version in ["-tls1_2", "-tls1_3"] {
        let told = s_client(&site, &authority, &[version], options);
        assert!(told.contains("SIP/2.0 200 OK"), "{version}: {told}");
    }
    let told = s_client(&site, &authority, &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], options);
    assert!(!told.contains("SIP/2.0 200") && told.contains("alert"), "{told}");
    // Another certificate, of another authority.
    let before = std::fs::read(&authority).expect("the authority");
    certify(&site.path("config"));
    let old = site.path("old.pem");
    std::fs::write(&old, before).expect("written");
    assert!(s_client(&site, &old, &[], options).contains("200 OK"), "not before it is told");
    site.signal("HUP");
    // Prompts are read anew, too, which a debug build takes its time for.
    let reloaded = until(40.0, || s_client(&site, &authority, &[], options).contains("200 OK").then_some(()));
    assert!(reloaded.is_some() && !s_client(&site, &old, &[], options).contains("200 OK"));
    // A file that does not fit changes nothing.
    std::fs::write(site.path("config/own-key.pem"), KeyPair::generate().expect("a key").serialize_pem()).expect("written");
    let (status, errors) = site.post("/api/v1/config/reload", "");
    assert_eq!(status, 422, "{errors}");
    assert!(errors.to_string().contains("is not the key of"), "{errors}");
    assert!(s_client(&site, &authority, &[], options).contains("200 OK"));
}

#[test]
fn pages_and_commands_come_over_tls_alone_and_a_reload_brings_another_certificate() {
    let tls = ["http.tls=true", "tls.certificate=\"own.pem\"", "tls.key=\"own-key.pem\""];
    let mut site = Site::start_with(&tls, certify);
    let authority = site.path("config/ca.pem");
    // Who only connects, and who speaks in clear, keeps nobody waiting and is told nothing.
    let address = ("127.0.0.1", site.port(2));
    let idle: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(address).expect("connects")).collect();
    let mut clear = TcpStream::connect(address).expect("connects");
    clear.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").expect("written");
    let mut told = Vec::new();
    let _ = clear.read_to_end(&mut told);
    assert!(!told.starts_with(b"HTTP/"), "{}", String::from_utf8_lossy(&told));
    assert_eq!(site.get("/healthz")["status"], "ok");
    drop(idle);
    // The session's cookie does not travel in clear.
    let credentials = r#"{"user":"ops","password":"demo-ops"}"#;
    let request = site.client().post(site.url("/api/v1/session")).header("x-sanling", "page").header("content-type", "application/json");
    let answer = request.send(credentials).expect("an answer");
    let cookie = answer.headers()["set-cookie"].to_str().expect("text");
    assert!(cookie.contains("; Secure") && cookie.contains("; HttpOnly"), "{cookie}");
    let status = |ca: &Path| {
        let command = Command::new(env!("CARGO_BIN_EXE_sanling"))
            .args(["status", "--url", &site.url(""), "--ca"])
            .arg(ca)
            .env("SANLING_TOKEN", crate::harness::TOKEN)
            .output();
        let output = command.expect("it runs");
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let (good, told) = status(&authority);
    assert!(good && told.contains("calls in progress: 0"), "{told}");
    // Another certificate, of another authority.
    let old = site.path("old.pem");
    std::fs::copy(&authority, &old).expect("copied");
    certify(&site.path("config"));
    assert!(status(&old).0 && !status(&authority).0, "not before it is told");
    site.signal("HUP");
    assert!(until(40.0, || status(&authority).0.then_some(())).is_some());
    let (good, told) = status(&old);
    assert!(!good && told.contains("certificate"), "{told}");
    site.trust(&authority);
    assert_eq!(site.get("/healthz")["status"], "ok");
}
