//! kill −9 at random moments while callers call: what a caller saw end has its record with the right outcome, every recording is whole or
//! lacks its last second at most, nothing is left half done. `scripts/kill9 200` runs many rounds; a few are always run.

use crate::harness::{Site, text};
use sanling::base::Rng;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Rounds when `SANLING_KILLS` does not say.
const ROUNDS: u32 = 6;
/// A new call this often.
const CALLS_EVERY: Duration = Duration::from_millis(30);
/// Between a caller's hearing that his call has ended and its record's being written lie a few thread switches, and a machine that also runs
/// other tests takes its time over them. A kill just there leaves a record that says `failed`; it is counted, and none is missing.
const EDGE: Duration = Duration::from_millis(250);

/// As its caller knows it.
#[derive(Debug)]
struct Call {
    media: Option<SocketAddr>,
    to: String,
    hangs_up_after: Duration,
    answered: Option<Instant>,
    bye_sent: bool,
    ended: Option<Instant>,
}

/// Callers on one socket, each with a number of his own.
struct Callers {
    sip: UdpSocket,
    rtp: UdpSocket,
    switch: SocketAddr,
    calls: BTreeMap<String, Call>,
    frames: u16,
}

impl Callers {
    fn new(switch: u16) -> Self {
        let socket = || {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
            socket.set_nonblocking(true).expect("does not block");
            socket
        };
        Self { sip: socket(), rtp: socket(), switch: ([127, 0, 0, 1], switch).into(), calls: BTreeMap::new(), frames: 0 }
    }

    fn send(&self, message: &str) {
        // A switch that was killed is not there.
        let _ = self.sip.send_to(message.as_bytes(), self.switch);
    }

    fn request(&self, number: &str, method: &str, cseq: u32, to: &str, body: &str) -> String {
        let here = self.sip.local_addr().expect("bound");
        format!(
            "{method} sip:95000@{} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{number}{cseq}{method};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:{number}@{here}>;tag=t{number}\r\nTo: {to}\r\nCall-ID: {number}\r\nCSeq: {cseq} {method}\r\nContact: <sip:{number}@{here}>\r\n\
             {}Content-Length: {}\r\n\r\n{body}",
            self.switch,
            if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" },
            body.len()
        )
    }

    fn dial(&mut self, number: String, hangs_up_after: Duration) {
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {} RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n",
            self.rtp.local_addr().expect("bound").port()
        );
        self.send(&self.request(&number, "INVITE", 1, "<sip:95000@sanling.local>", &sdp));
        self.calls.insert(number, Call { media: None, to: String::new(), hangs_up_after, answered: None, bye_sent: false, ended: None });
    }

    /// One turn: what came is answered, who has talked enough hangs up, and everybody who talks sends 20 ms of sound when it is time.
    fn turn(&mut self, with_sound: bool) {
        let mut buffer = [0; 4_096];
        while let Ok((length, _)) = self.sip.recv_from(&mut buffer) {
            let message = String::from_utf8_lossy(&buffer[..length]).into_owned();
            self.heard(&message);
        }
        let due = |call: &Call| !call.bye_sent && call.answered.is_some_and(|at| at.elapsed() >= call.hangs_up_after);
        let over: Vec<String> = self.calls.iter().filter(|(_, call)| due(call)).map(|(number, _)| number.clone()).collect();
        for number in over {
            let to = self.calls[&number].to.clone();
            self.send(&self.request(&number, "BYE", 2, &to, ""));
            self.calls.get_mut(&number).expect("is there").bye_sent = true;
        }
        if with_sound {
            self.frames = self.frames.wrapping_add(1);
            let mut packet = vec![0x80, 8];
            packet.extend(self.frames.to_be_bytes());
            packet.extend((u32::from(self.frames) * 160).to_be_bytes());
            packet.extend([1, 2, 3, 4]);
            packet.extend((0..160u8).map(|n| if n % 8 < 4 { 0xA5 } else { 0x25 }));
            for media in self.calls.values().filter(|call| call.ended.is_none()).filter_map(|call| call.media) {
                let _ = self.rtp.send_to(&packet, media);
            }
        }
    }

    fn heard(&mut self, message: &str) {
        let header = |name: &str| message.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default().to_owned();
        let number = header("Call-ID:");
        if !message.starts_with("SIP/2.0 ") {
            // The switch releases or asks after a call: it is answered, or not known any more.
            let known = self.calls.get_mut(&number).filter(|call| call.ended.is_none());
            let status = if known.is_some() && message.starts_with("BYE") { "200 OK" } else { "481 Call/Transaction Does Not Exist" };
            let copied: String = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"]
                .iter()
                .flat_map(|name| message.lines().filter(move |line| line.starts_with(name)))
                .map(|line| format!("{line}\r\n"))
                .collect();
            if !message.starts_with("ACK") {
                self.send(&format!("SIP/2.0 {status}\r\n{copied}Content-Length: 0\r\n\r\n"));
            }
            return;
        }
        let (status, cseq) = (&message[8..11], header("CSeq:"));
        let Some(call) = self.calls.get_mut(&number) else { return };
        match (status, cseq.as_str()) {
            ("200", "1 INVITE") => {
                let to = header("To:");
                let port = message.lines().find_map(|line| line.strip_prefix("m=audio ")?.split(' ').next()?.parse().ok());
                call.answered.get_or_insert_with(Instant::now);
                call.media = port.map(|port: u16| ([127, 0, 0, 1], port).into());
                call.to.clone_from(&to);
                let hung_up = call.bye_sent;
                self.send(&self.request(&number, "ACK", 1, &to, ""));
                // An answer that is repeated to who has hung up meanwhile.
                if hung_up {
                    self.send(&self.request(&number, "BYE", 2, &to, ""));
                }
            }
            ("200" | "481", "2 BYE") => {
                call.ended.get_or_insert_with(Instant::now);
            }
            _ => {}
        }
    }
}

/// The record of the call from a number, once the switch is done with it; `None` when it knows of none. Its callers go on answering meanwhile.
fn record(site: &Site, callers: &mut Callers, number: &str) -> Option<Value> {
    let mut found = None;
    let done = |call: &Value| !call["released_at"].is_null() && call["recording"]["state"] != "open";
    let limit = Instant::now() + Duration::from_secs(40);
    while found.is_none() && Instant::now() < limit {
        let calls = site.get(&format!("/api/v1/calls?caller={number}"));
        let call = calls["items"].get(0)?;
        found = Some(call.clone()).filter(done);
        if found.is_none() {
            callers.turn(false);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert!(found.is_some(), "the call from {number} is not finished after 40 s");
    found
}

#[derive(Default, Debug)]
struct Tally {
    kills: u32,
    /// Calls that their callers saw end.
    ended: u32,
    /// Of these, with a record that says `failed` because the kill fell into [`EDGE`].
    on_the_edge: u32,
    /// Calls that were answered in the moment of the kill, within [`EDGE`], and are not known any more.
    forgotten: u32,
    /// Calls that were up when the switch was killed.
    cut: u32,
    /// Files of calls that were cut before their recording was made.
    never_begun: Vec<String>,
    worst_loss_ms: i64,
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kills, ended, on_the_edge, forgotten, cut, never_begun, worst_loss_ms } = self;
        write!(
            f,
            "{kills} kills: {ended} calls ended, each with its record ({on_the_edge} as failed, on the edge); {cut} were cut ({} before \
             their recording began), {forgotten} more forgotten as they began; at most {worst_loss_ms} ms of a recording lost",
            never_begun.len()
        )
    }
}

impl Tally {
    /// Looks at what became of a round's calls.
    fn check(&mut self, site: &Site, callers: &mut Callers, killed: Instant) {
        let facts = |(number, call): (&String, &Call)| Some((number.clone(), call.answered?, call.ended));
        let calls: Vec<_> = callers.calls.iter().filter_map(facts).collect();
        for (number, answered, ended) in calls {
            let lasted = ended.unwrap_or(killed).duration_since(answered);
            let Some(found) = record(site, callers, &number) else {
                assert!(ended.is_none() && lasted < EDGE, "the call from {number} has no finished record; {lasted:?}, ended: {ended:?}");
                self.forgotten += 1;
                continue;
            };
            if let Some(ended) = ended {
                self.ended += 1;
                match text(&found["outcome"]) {
                    "abandoned" => {}
                    "failed" if killed.saturating_duration_since(ended) < EDGE => self.on_the_edge += 1,
                    other => panic!(
                        "{number} left {:?} before the kill, and its outcome is {other}: {found:#}",
                        killed.saturating_duration_since(ended)
                    ),
                }
            } else {
                self.cut += 1;
            }
            let recording = &found["recording"];
            // Cut so soon after the answer that no file had been made: a second may be lost, and this one was shorter.
            if ended.is_none() && lasted < Duration::from_secs(1) && (recording.is_null() || recording["state"] == "missing") {
                self.never_begun.push(text(&recording["file"]).to_owned());
                continue;
            }
            assert!(["complete", "recovered"].contains(&text(&recording["state"])), "{number} lasted {lasted:?}: {found:#}");
            let kept = recording["duration_ms"].as_i64().expect("a length");
            let loss = i64::try_from(lasted.as_millis()).expect("short") - kept;
            self.worst_loss_ms = self.worst_loss_ms.max(loss);
            assert!(loss <= 1_000, "{number} lasted {lasted:?}, recorded are {kept} ms: {found:#}");
        }
    }
}

fn part_files(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            part_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "part") {
            found.push(path.display().to_string());
        }
    }
}

#[test]
fn killed_at_random_moments_the_switch_loses_no_call_that_ended_and_no_more_than_a_second_of_sound() {
    let rounds = std::env::var("SANLING_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let seed = std::env::var("SANLING_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut rng = Rng::new(seed);
    let mut site = Site::start(&[]);
    let (mut tally, mut numbers) = (Tally::default(), 0u64);
    for round in 0..rounds {
        let mut callers = Callers::new(site.sip_port());
        let kill_at = Instant::now() + Duration::from_millis(200 + rng.below(1_300));
        let (mut next_call, mut next_sound) = (Instant::now(), Instant::now());
        while Instant::now() < kill_at {
            let running = callers.calls.values().filter(|call| call.ended.is_none()).count();
            if Instant::now() >= next_call && running < 10 {
                numbers += 1;
                callers.dial(format!("139{numbers:08}"), Duration::from_millis(50 + rng.below(700)));
                next_call += CALLS_EVERY;
            }
            let with_sound = Instant::now() >= next_sound;
            next_sound += if with_sound { Duration::from_millis(20) } else { Duration::ZERO };
            callers.turn(with_sound);
            std::thread::sleep(Duration::from_millis(1));
        }
        site.kill();
        let killed = Instant::now();
        // Answers that were on their way.
        callers.turn(false);
        tally.kills += 1;
        site.launch();
        // What the switch asks of phones that were cut off is answered.
        for call in callers.calls.values_mut() {
            call.bye_sent = true;
        }
        let until = Instant::now() + Duration::from_millis(200);
        while Instant::now() < until {
            callers.turn(false);
            std::thread::sleep(Duration::from_millis(5));
        }
        tally.check(&site, &mut callers, killed);
        let mut parts = Vec::new();
        part_files(&site.recordings(), &mut parts);
        assert!(parts.is_empty(), "round {round}: {parts:?}");
        assert!(!site.log().contains("is damaged"), "round {round}: a torn tail is no damage");
        if round % 20 == 19 || round + 1 == rounds {
            eprintln!("{tally}");
        }
    }
    let verified = Command::new(env!("CARGO_BIN_EXE_sanling"))
        .args(["recordings", "verify", "--json", "--data"])
        .arg(site.path("data"))
        .arg("--recordings")
        .arg(site.recordings())
        .output()
        .expect("verify runs");
    let verdict: Value = serde_json::from_slice(&verified.stdout).expect("JSON");
    let wrong = verdict["wrong"].as_array().expect("a list").iter();
    let wrong: Vec<_> = wrong.filter(|one| !tally.never_begun.iter().any(|file| file == text(&one["file"]))).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(tally.ended > rounds && tally.cut > 0, "callers called: {tally:?}");
}
