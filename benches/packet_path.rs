//! What a packet costs in threads and sockets: a media worker and the recorder beside a bare relay (epoll, one socket a leg, nothing
//! else), alternated in one run on loopback. CPU by the scheduler's own account of each thread, in microseconds a packet.
//! `cargo bench --bench packet_path -- [CALLS] [SECONDS] [ROUNDS]`

use rustix::event::epoll;
use sanling::base::{CallId, Codec, LegId, Rng, SessionId, Timestamp};
use sanling::io::clock::Clock;
use sanling::io::media::{MediaPool, MediaSettings};
use sanling::io::recorder::Recorder;
use sanling::media::EngineSettings;
use sanling::media::control::{Command, Report, StreamParameters, all_hear_all};
use sanling::switch::input::Input;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Nanoseconds that the threads whose name begins so have run.
fn cpu_of(name: &str) -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux");
    let of_task = |path: std::path::PathBuf| {
        let its = std::fs::read_to_string(path.join("comm")).ok()?;
        let stat = std::fs::read_to_string(path.join("schedstat")).ok()?;
        its.starts_with(name).then(|| stat.split(' ').next()?.parse::<u64>().ok())?
    };
    tasks.flatten().filter_map(|task| of_task(task.path())).sum()
}

struct Phones {
    sockets: Vec<(UdpSocket, SocketAddr)>,
    received: u64,
    sent: u64,
}

impl Phones {
    /// Every phone says a packet each 20 ms and hears what comes, for `time`.
    fn talk(&mut self, time: Duration) {
        let began = Instant::now();
        let mut packet = vec![0x55; 172];
        packet[..2].copy_from_slice(&[0x80, 8]);
        let mut buffer = [0; 512];
        let slots = 20;
        for slot in 0_u32.. {
            let due = began + Duration::from_millis(1) * slot;
            if due - began >= time {
                break;
            }
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let number = self.sent as u16;
            for (index, (socket, towards)) in self.sockets.iter().enumerate().filter(|(index, _)| index % slots == slot as usize % slots) {
                while socket.recv_from(&mut buffer).is_ok() {
                    self.received += 1;
                }
                let sequence = number.wrapping_add((slot / 20) as u16);
                packet[2..4].copy_from_slice(&sequence.to_be_bytes());
                packet[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
                packet[8..12].copy_from_slice(&(index as u32 + 7).to_be_bytes());
                if socket.send_to(&packet, *towards).is_ok() {
                    self.sent += 1;
                }
            }
        }
    }
}

fn phone() -> UdpSocket {
    let socket = UdpSocket::bind((HERE, 0)).expect("a socket");
    socket.set_nonblocking(true).expect("set");
    socket
}

struct Figure {
    micros: Vec<(&'static str, f64)>,
    loss: f64,
}

fn measure(phones: &mut Phones, threads: &[&'static str], time: Duration) -> Figure {
    phones.talk(Duration::from_millis(400));
    let (received, sent) = (phones.received, phones.sent);
    let before: Vec<u64> = threads.iter().map(|name| cpu_of(name)).collect();
    phones.talk(time);
    let packets = (phones.sent - sent) as f64;
    let micros = threads.iter().zip(before).map(|(name, before)| (*name, (cpu_of(name) - before) as f64 / 1_000.0 / packets)).collect();
    Figure { micros, loss: 1.0 - (phones.received - received) as f64 / packets }
}

fn relay(calls: usize, time: Duration) -> Figure {
    let ended = Arc::new(AtomicBool::new(false));
    let ours: Vec<UdpSocket> = (0..calls * 2).map(|_| phone()).collect();
    let theirs: Vec<UdpSocket> = (0..calls * 2).map(|_| phone()).collect();
    let address = |socket: &UdpSocket| socket.local_addr().expect("bound");
    let towards: Vec<SocketAddr> = theirs.iter().map(address).collect();
    let sockets = theirs.into_iter().zip(ours.iter().map(address)).collect();
    let its_ended = Arc::clone(&ended);
    let thread = thread::Builder::new().name("relay".to_owned()).spawn(move || {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("epoll");
        for (index, socket) in ours.iter().enumerate() {
            epoll::add(&poll, socket, epoll::EventData::new_u64(index as u64), epoll::EventFlags::IN).expect("added");
        }
        let (mut events, mut buffer) = (Vec::with_capacity(256), [0; 2_048]);
        let patience = rustix::event::Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
        while !its_ended.load(Relaxed) {
            events.clear();
            let _ = epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), Some(&patience));
            for event in &events {
                let index = event.data.u64() as usize;
                if let Ok((length, _)) = ours[index].recv_from(&mut buffer) {
                    let _ = ours[index ^ 1].send_to(&buffer[..length], towards[index ^ 1]);
                }
            }
        }
    });
    let mut phones = Phones { sockets, received: 0, sent: 0 };
    let figure = measure(&mut phones, &["relay"], time);
    ended.store(true, Relaxed);
    thread.expect("a thread").join().expect("it ended");
    figure
}

fn switch(calls: usize, record: bool, time: Duration) -> Figure {
    let folder = tempfile::tempdir().expect("a folder");
    let (sender, mut inbox) = tokio::sync::mpsc::channel(100_000);
    let recorder = Recorder::start(folder.path().to_owned(), sender.clone()).expect("threads");
    let settings = MediaSettings {
        workers: Some(1),
        ports: 20_000..=39_999,
        engine: EngineSettings::default(),
        seed: 1,
        recordings: std::env::temp_dir(),
    };
    let pool = MediaPool::start(&settings, &Arc::default(), Clock::started_now(), &sender, || recorder.sink()).expect("threads");
    let mut sockets = Vec::new();
    for call in 0..calls as u64 {
        let session = SessionId(call);
        let legs = [LegId(call * 2 + 1), LegId(call * 2 + 2)];
        for leg in legs {
            pool.order(Command::Allocate { session, leg, local: HERE, resumed: None });
            let ours = loop {
                if let Some(Input::Media(Report::Allocated { address, .. })) = inbox.blocking_recv() {
                    break address;
                }
            };
            let socket = phone();
            let remote = socket.local_addr().expect("bound");
            pool.order(Command::Configure { session, leg, parameters: parameters(remote) });
            sockets.push((socket, ours));
        }
        pool.order(Command::SetHearing { session, hearing: all_hear_all(&legs) });
        if record {
            let id = CallId::new(Timestamp(1_795_219_200_000), &mut Rng::new(call));
            pool.order(Command::StartRecording { session, call: id, left: legs[0], right: vec![legs[1]], began_at: None });
        }
    }
    let reader = thread::spawn(move || while inbox.blocking_recv().is_some() {});
    let mut phones = Phones { sockets, received: 0, sent: 0 };
    let figure = measure(&mut phones, &["media-0", "recorder", "recordings"], time);
    pool.close();
    recorder.close();
    drop(sender);
    reader.join().expect("it ended");
    figure
}

fn parameters(remote: SocketAddr) -> StreamParameters {
    StreamParameters { remote_rtcp: remote, rtcp_mux: true, ..StreamParameters::new(remote, Codec::Pcma) }
}

fn main() {
    // `cargo bench` adds its own `--bench`.
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let number = |index: usize, usual| numbers.get(index).copied().unwrap_or(usual);
    let (calls, time, rounds) = (number(0, 200), Duration::from_secs(number(1, 3) as u64), number(2, 3));
    println!("{calls} calls, {time:?} each, CPU in µs a packet");
    for round in 1..=rounds {
        let figures =
            [("bare relay", relay(calls, time)), ("relayed", switch(calls, false, time)), ("recorded", switch(calls, true, time))];
        let total = |figure: &Figure| figure.micros.iter().map(|(_, micros)| micros).sum::<f64>();
        let floor = total(&figures[0].1);
        for (name, figure) in &figures {
            let parts: Vec<String> = figure.micros.iter().map(|(thread, micros)| format!("{thread} {micros:.2}")).collect();
            let (sum, loss) = (total(figure), figure.loss * 100.0);
            println!("{round} {name:11} {sum:6.2}  {:.2} × the relay  loss {loss:.2} %  ({})", sum / floor, parts.join(", "));
        }
    }
}
