//! What a call through the switch adds to the way of its sound: the real binary on loopback, two trunks whose phones have a codec each, chirps said on
//! one leg and looked for in what leaves on the other. Delay is from the moment a chirp's packet is sent to the moment its first sample is
//! there, less what encoding and decoding by the talker's codec cost a call without a switch. A thread that passes packets on and does nothing
//! else stands beside it, alternated in one run.
//! `cargo bench --bench delay -- [CALLS] [SECONDS] [ROUNDS]`; `SANLING_PROGRAM` names another binary.

use sanling::audio::{Decoder, Encoder, Rate};
use sanling::base::Codec;
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const SWITCH: &str = "127.0.0.1:5970";
/// Who calls, and who is called; each is a trunk.
const SIDES: [&str; 2] = ["127.0.0.2", "127.0.0.3"];
const FRAME: Duration = Duration::from_millis(20);
/// Frames from one chirp to the next, and milliseconds that it lasts.
const MARK_EVERY: usize = 25;
const CHIRP_MS: usize = 40;
/// Chirps at the beginning that are left out: buffers fill.
const SETTLING: usize = 3;
/// What is later is not found.
const DELAY_MAX: Duration = Duration::from_millis(400);

const PAIRS: [[Codec; 2]; 6] = [
    [Codec::Pcma, Codec::Pcma],
    [Codec::Opus, Codec::Opus],
    [Codec::Pcma, Codec::Pcmu],
    [Codec::Pcma, Codec::G722],
    [Codec::Pcma, Codec::Opus],
    [Codec::G722, Codec::Opus],
];

fn rate(codec: Codec) -> Rate {
    if codec.is_wideband() { Rate::Hz16000 } else { Rate::Hz8000 }
}

/// 300 to 3,000 Hz, which every codec carries: sharp in time.
fn chirp(rate: Rate) -> Vec<f64> {
    let hz = rate.hz() as usize;
    let count = hz * CHIRP_MS / 1_000;
    let at = |sample: usize| {
        let (t, whole) = (sample as f64 / hz as f64, CHIRP_MS as f64 / 1_000.0);
        let window = (std::f64::consts::PI * sample as f64 / count as f64).sin();
        window * (std::f64::consts::TAU * (300.0 * t + 2_700.0 * t * t / (2.0 * whole))).sin()
    };
    (0..count).map(at).collect()
}

/// The payloads of a talker who chirps each half second.
fn said(codec: Codec, frames: usize) -> Vec<Vec<u8>> {
    let (rate, mut encoder) = (rate(codec), Encoder::new(codec, rate(codec)));
    let chirp = chirp(rate);
    let length = rate.samples_per_frame();
    let frame = |number: usize| {
        let from = number % MARK_EVERY * length;
        let samples: Vec<i16> = (from..from + length).map(|at| chirp.get(at).map_or(0, |value| (value * 8_000.0) as i16)).collect();
        let mut payload = Vec::new();
        encoder.encode(&samples, &mut payload);
        payload
    };
    (0..frames).map(frame).collect()
}

/// Where in `samples` the chirp is, if it is there.
fn find(samples: &[i16], chirp: &[f64]) -> Option<usize> {
    let energy: f64 = chirp.iter().map(|value| value * value).sum();
    let likeness = |window: &[i16]| window.iter().zip(chirp).map(|(sample, value)| f64::from(*sample) * value).sum::<f64>() / energy;
    let (at, most) = samples.windows(chirp.len()).map(likeness).enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    // A third of what was said: noise does not come near it.
    (most.abs() > 2_700.0).then_some(at)
}

/// Milliseconds by which a call without a switch is behind, by its codec alone.
fn of_codec(codec: Codec) -> f64 {
    let (mut decoder, mut samples) = (Decoder::new(codec, rate(codec)), Vec::new());
    for payload in said(codec, MARK_EVERY * 2) {
        decoder.decode(&payload, &mut samples).expect("our own encoder's");
    }
    let begin = MARK_EVERY * rate(codec).samples_per_frame();
    let at = find(&samples[begin..], &chirp(rate(codec))).expect("it is in there");
    at as f64 * 1_000.0 / f64::from(rate(codec).hz())
}

/// One end of a call.
struct End {
    socket: UdpSocket,
    towards: SocketAddr,
    codec: Codec,
    /// Its number for what it sends, and for what it hears.
    kind: u8,
}

type Heard = Vec<(Instant, Vec<u8>)>;

fn bind(host: &str) -> UdpSocket {
    let socket = UdpSocket::bind((host, 0)).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(100))).expect("set");
    socket
}

fn listen(end: &End, over: &AtomicBool) -> Heard {
    let (mut heard, mut buffer) = (Heard::new(), [0; 2_048]);
    while !over.load(Relaxed) {
        if let Ok(length) = end.socket.recv(&mut buffer) {
            heard.push((Instant::now(), buffer[..length].to_vec()));
        }
    }
    heard
}

/// Each end speaks for `frames` frames, at moments spread over the 20 ms; when each chirp was sent, and what came.
fn talk(ends: &[End], frames: usize) -> Vec<(Vec<Instant>, Heard)> {
    let payloads: Vec<Vec<Vec<u8>>> = ends.iter().map(|end| said(end.codec, frames)).collect();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &over;
        let ears: Vec<_> = ends.iter().map(|end| scope.spawn(move || listen(end, over))).collect();
        let mut marks: Vec<Vec<Instant>> = ends.iter().map(|_| Vec::new()).collect();
        let began = Instant::now() + FRAME;
        let mut packet = Vec::with_capacity(512);
        let payload = |end: usize, number: usize| &payloads[end][number];
        for number in 0..frames {
            for (index, end) in ends.iter().enumerate() {
                let due = began + FRAME * number as u32 + FRAME * index as u32 / ends.len() as u32;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                packet.clear();
                packet.extend([0x80, end.kind]);
                packet.extend((number as u16).to_be_bytes());
                packet.extend((number as u32 * end.codec.clock_rate() / 50).to_be_bytes());
                packet.extend((index as u32 + 7).to_be_bytes());
                packet.extend(payload(index, number));
                if number % MARK_EVERY == 0 {
                    marks[index].push(Instant::now());
                }
                let _ = end.socket.send_to(&packet, end.towards);
            }
        }
        thread::sleep(DELAY_MAX);
        over.store(true, Relaxed);
        marks.into_iter().zip(ears.into_iter().map(|ear| ear.join().expect("it ended"))).collect()
    })
}

/// Milliseconds from each chirp of a talker to the ear of his hearer.
fn delays(marks: &[Instant], heard: &Heard, ear: &End, own: f64) -> Vec<f64> {
    let rate = rate(ear.codec);
    let (mut decoder, chirp, mut samples) = (Decoder::new(ear.codec, rate), chirp(rate), Vec::new());
    // Where each packet's sound begins, and when it came.
    let mut came: Vec<(usize, Instant)> = Vec::new();
    for (at, bytes) in heard.iter().filter(|(_, bytes)| bytes.len() > 12 && bytes[1] & 0x7F == ear.kind) {
        let begin = samples.len();
        if decoder.decode(&bytes[12..], &mut samples).is_ok() {
            came.push((begin, *at));
        }
    }
    let found = marks.iter().skip(SETTLING).filter_map(|sent| {
        let first = came.partition_point(|(_, at)| at < sent);
        let last = came.partition_point(|(_, at)| *at < *sent + DELAY_MAX);
        let begin = came.get(first)?.0;
        let end = came.get(last).map_or(samples.len(), |(begin, _)| *begin);
        let at = begin + find(&samples[begin..end], &chirp)?;
        let (begin, arrived) = came[came.partition_point(|(begin, _)| *begin <= at) - 1];
        let into = (at - begin) as f64 * 1_000.0 / f64::from(rate.hz());
        Some((arrived - *sent).as_secs_f64() * 1_000.0 + into - own)
    });
    found.collect()
}

/// Both directions of all calls; ends are caller, called, caller, called, …
fn measure(ends: &[End], seconds: usize) -> [Vec<f64>; 2] {
    let told = talk(ends, seconds * 50);
    let mut found = [Vec::new(), Vec::new()];
    for (index, (marks, _)) in told.iter().enumerate() {
        let other = index ^ 1;
        found[index % 2].extend(delays(marks, &told[other].1, &ends[other], of_codec(ends[index].codec)));
    }
    let due = ends.len() / 2 * (seconds * 50).div_ceil(MARK_EVERY).saturating_sub(SETTLING);
    for found in &found {
        assert!(found.len() * 10 >= due * 9, "{} of {due} chirps were heard", found.len());
    }
    found
}

/// Passes packets on and does nothing else.
fn echo(calls: usize, codec: Codec, seconds: usize) -> [Vec<f64>; 2] {
    let kind = codec.static_payload_type().unwrap_or(111);
    let (mut ends, mut ways) = (Vec::new(), Vec::new());
    for _ in 0..calls {
        let phones = SIDES.map(bind);
        let ours = [bind("127.0.0.1"), bind("127.0.0.1")];
        let address = |socket: &UdpSocket| socket.local_addr().expect("bound");
        let [first, second] = [address(&ours[0]), address(&ours[1])];
        let [caller, called] = [address(&phones[0]), address(&phones[1])];
        ends.extend(phones.into_iter().zip([first, second]).map(|(socket, towards)| End { socket, towards, codec, kind }));
        let ours = ours.map(Arc::new);
        ways.push((Arc::clone(&ours[0]), Arc::clone(&ours[1]), called));
        ways.push((Arc::clone(&ours[1]), Arc::clone(&ours[0]), caller));
    }
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &over;
        for (hears, sends, towards) in &ways {
            scope.spawn(move || {
                let mut buffer = [0; 2_048];
                while !over.load(Relaxed) {
                    if let Ok(length) = hears.recv(&mut buffer) {
                        let _ = sends.send_to(&buffer[..length], towards);
                    }
                }
            });
        }
        let found = measure(&ends, seconds);
        over.store(true, Relaxed);
        found
    })
}

struct Switch(Child);

impl Drop for Switch {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The real binary, with a trunk on either side.
fn switch(folder: &Path, codecs: [Codec; 2], ports: [u16; 2]) -> Switch {
    let config = folder.join("config");
    let copied = Command::new("cp").arg("-r").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("config")).arg(&config).status();
    assert!(copied.is_ok_and(|status| status.success()), "the configuration is copied");
    let mut routing = "[[route]]\nnumber = \"9.\"\nfrom = \"trunk\"\nto = \"trunk:called\"\n".to_owned();
    for (id, (host, port)) in ["caller", "called"].into_iter().zip(SIDES.into_iter().zip(ports)) {
        routing += &format!("[[trunk]]\nid = \"{id}\"\nhosts = [\"sip:{host}:{port}\"]\naccept_from = [\"{host}/32\"]\n");
    }
    // The phones speak one each.
    let [a, b] = codecs;
    let list = if a == b { format!("\"{a}\"") } else { format!("\"{a}\", \"{b}\"") };
    std::fs::write(config.join("routing.toml"), routing).expect("written");
    let program = std::env::var("SANLING_PROGRAM").unwrap_or_else(|_| env!("CARGO_BIN_EXE_sanling").to_owned());
    let started = Command::new(program)
        .args(["run", "--config"])
        .arg(&config)
        .arg("--data")
        .arg(folder.join("data"))
        .arg("--recordings")
        .arg(folder.join("recordings"))
        .args(["--set", &format!("sip.listen=[\"udp:{SWITCH}\"]"), "--set", "http.listen=\"127.0.0.1:5971\""])
        .args(["--set", &format!("media.codecs=[{list}]")])
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(folder.join("log")).expect("a file"))
        .spawn();
    Switch(started.expect("the switch starts"))
}

fn rtpmap(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcma => "PCMA/8000",
        Codec::Pcmu => "PCMU/8000",
        Codec::G722 => "G722/8000",
        Codec::Opus => "opus/48000/2",
    }
}

fn description(socket: &UdpSocket, codec: Codec, kind: u8) -> String {
    let address = socket.local_addr().expect("bound");
    let (ip, port, map) = (address.ip(), address.port(), rtpmap(codec));
    format!("v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP {kind}\r\na=rtpmap:{kind} {map}\r\n")
}

fn line<'a>(text: &'a str, begin: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(begin)).map(str::trim)
}

/// Where the other side of a description hears.
fn towards(text: &str) -> SocketAddr {
    let ip = line(text, "c=IN IP4 ").expect("an address");
    let port = line(text, "m=audio ").and_then(|line| line.split(' ').next()).expect("a port");
    format!("{ip}:{port}").parse().expect("an address")
}

/// Sets a call up through the switch; both its ends.
fn call(number: usize, sip: &[UdpSocket; 2], codecs: [Codec; 2]) -> [End; 2] {
    let phones = SIDES.map(bind);
    let from = sip[0].local_addr().expect("bound");
    let kind = codecs[0].static_payload_type().unwrap_or(111);
    let head = |method: &str, uri: &str, to_tag: &str, branch: &str| {
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\nFrom: <sip:138{number}@{from}>;tag=f\r\n\
             To: <sip:9{number}@{SWITCH}>{to_tag}\r\nCall-ID: delay-{number}\r\nCSeq: 1 {method}\r\nContact: <sip:{from}>\r\n"
        )
    };
    let body = description(&phones[0], codecs[0], kind);
    let invite = head("INVITE", &format!("sip:9{number}@{SWITCH}"), "", &format!("i{number}"));
    let invite = format!("{invite}Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let (mut caller, mut called, mut buffer) = (None, None, vec![0; 65_536]);
    for attempt in 0..200 {
        if caller.is_some() && called.is_some() {
            break;
        }
        if attempt % 10 == 0 && caller.is_none() && called.is_none() {
            sip[0].send_to(invite.as_bytes(), SWITCH).expect("sent");
        }
        if let Ok((length, _)) = sip[1].recv_from(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let wanted = format!("INVITE sip:9{number}@");
            if text.starts_with(&wanted) {
                let map = format!(" {}", rtpmap(codecs[1]));
                let kind = text
                    .lines()
                    .find_map(|line| line.strip_prefix("a=rtpmap:")?.strip_suffix(&map)?.parse().ok())
                    .expect("the trunk's codec");
                let body = description(&phones[1], codecs[1], kind);
                let kept: String = text
                    .lines()
                    .filter(|line| ["Via:", "From:", "Call-ID:", "CSeq:", "Record-Route:"].iter().any(|name| line.starts_with(name)))
                    .map(|line| format!("{line}\r\n"))
                    .collect();
                let (to, here) = (line(&text, "To:").expect("a To"), sip[1].local_addr().expect("bound"));
                let answer = format!(
                    "SIP/2.0 200 OK\r\n{kept}To: {to};tag=t{number}\r\nContact: <sip:{here}>\r\nContent-Type: application/sdp\r\n\
                     Content-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                sip[1].send_to(answer.as_bytes(), SWITCH).expect("sent");
                called = Some((towards(&text), kind));
            }
        }
        if let Ok((length, _)) = sip[0].recv_from(&mut buffer) {
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let is_ours = line(&text, "Call-ID:") == Some(&format!("delay-{number}"));
            let code = text.strip_prefix("SIP/2.0 ").and_then(|rest| rest.get(..3)).unwrap_or_default().to_owned();
            assert!(!is_ours || code.as_str() < "300", "the call is refused: {text}");
            if is_ours && code == "200" {
                let tag = line(&text, "To:").and_then(|to| to.split_once(";tag=")).map_or("", |(_, tag)| tag);
                let contact = line(&text, "Contact:").and_then(|contact| contact.split(['<', '>']).nth(1)).expect("a contact");
                let ack = head("ACK", contact, &format!(";tag={tag}"), &format!("a{number}"));
                sip[0].send_to(format!("{ack}Content-Length: 0\r\n\r\n").as_bytes(), SWITCH).expect("sent");
                caller = Some(towards(&text));
            }
        }
    }
    let (Some(first), Some((second, its))) = (caller, called) else { panic!("call {number} does not come about") };
    let [a, b] = phones;
    [End { socket: a, towards: first, codec: codecs[0], kind }, End { socket: b, towards: second, codec: codecs[1], kind: its }]
}

fn through_switch(calls: usize, codecs: [Codec; 2], seconds: usize) -> [Vec<f64>; 2] {
    let folder = tempfile::tempdir().expect("a folder");
    let sip = SIDES.map(bind);
    let _switch = switch(folder.path(), codecs, [0, 1].map(|side: usize| sip[side].local_addr().expect("bound").port()));
    thread::sleep(Duration::from_secs(2));
    let ends: Vec<End> = (0..calls).flat_map(|number| call(number, &sip, codecs)).collect();
    measure(&ends, seconds)
}

fn row(name: &str, all: &mut [f64]) {
    all.sort_by(f64::total_cmp);
    let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize];
    println!("{name:<22} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {:>7}", at(0.01), at(0.5), at(0.99), all[all.len() - 1], all.len());
}

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let number = |index: usize, usual| numbers.get(index).copied().unwrap_or(usual);
    let (calls, seconds, rounds) = (number(0, 10), number(1, 20), number(2, 1));
    let mut found: BTreeMap<usize, [Vec<f64>; 2]> = BTreeMap::new();
    for _ in 0..rounds {
        let echoed = echo(calls, Codec::Pcma, seconds);
        let through = PAIRS.into_iter().map(|codecs| through_switch(calls, codecs, seconds));
        for (place, told) in std::iter::once(echoed).chain(through).enumerate() {
            let all = found.entry(place).or_default();
            all.iter_mut().zip(told).for_each(|(all, told)| all.extend(told));
        }
    }
    println!("{calls} calls, {seconds} s, {rounds} rounds; added delay one way, ms");
    println!("{:<22} {:>8} {:>8} {:>8} {:>8} {:>7}", "way", "1 %", "median", "99 %", "most", "chirps");
    for (place, [there, back]) in &mut found {
        let codecs = place.checked_sub(1).map(|place| PAIRS[place]);
        match codecs {
            None => row("bare relay", &mut [there.as_slice(), back].concat()),
            Some([a, b]) if a == b => row(&format!("{a} passed on"), &mut [there.as_slice(), back].concat()),
            Some([a, b]) => {
                row(&format!("{a} → {b}"), there);
                row(&format!("{b} → {a}"), back);
            }
        }
    }
}
