//! Real threads and sockets on loopback: phones that send tones, a recorder that writes. Every wait has a deadline.

use super::*;
use crate::audio::g711::Law;
use crate::base::{CallId, Codec, LegId, Rng, Timestamp};
use crate::io::recorder::Recorder;
use crate::media::control::{AllocationFailure, Report, ResumedLeg, StreamParameters, all_hear_all};
use crate::switch::input::RecorderReport;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::AtomicU16;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const DEADLINE: Duration = Duration::from_secs(10);
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SESSION: SessionId = SessionId(7);

struct World {
    pool: MediaPool,
    recorder: Recorder,
    inbox: mpsc::Receiver<Input>,
    folder: tempfile::TempDir,
}

impl World {
    fn with_ports(ports: RangeInclusive<u16>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (sender, inbox) = mpsc::channel(1_024);
        let recorder = Recorder::start(folder.path().to_owned(), sender.clone()).expect("threads");
        let settings =
            MediaSettings { workers: Some(2), ports, engine: EngineSettings::default(), seed: 1, recordings: std::env::temp_dir() };
        let pool = MediaPool::start(&settings, &Arc::default(), Clock::started_now(), &sender, || recorder.sink()).expect("threads");
        Self { pool, recorder, inbox, folder }
    }

    /// The first answer that `wanted` takes; others are passed over.
    fn until<T>(&mut self, mut wanted: impl FnMut(Input) -> Option<T>) -> T {
        let give_up_at = Instant::now() + DEADLINE;
        loop {
            match self.inbox.try_recv() {
                Ok(input) => {
                    if let Some(found) = wanted(input) {
                        return found;
                    }
                }
                Err(_) => std::thread::sleep(Duration::from_millis(1)),
            }
            assert!(Instant::now() < give_up_at, "waited too long");
        }
    }

    fn allocate(&mut self, session: SessionId, leg: LegId) -> Result<SocketAddr, AllocationFailure> {
        self.pool.order(Command::Allocate { session, leg, local: HERE, resumed: None });
        self.until(|input| match input {
            Input::Media(Report::Allocated { leg: of, address, .. }) if of == leg => Some(Ok(address)),
            Input::Media(Report::AllocationFailed { leg: of, cause, .. }) if of == leg => Some(Err(cause)),
            _ => None,
        })
    }

    /// A leg and its phone, both sides configured for A-law.
    fn phone(&mut self, leg: LegId) -> Phone {
        self.phone_of(SESSION, leg)
    }

    fn phone_of(&mut self, session: SessionId, leg: LegId) -> Phone {
        let ours = self.allocate(session, leg).expect("a port");
        let socket = UdpSocket::bind((HERE, 0)).expect("a phone");
        socket.set_nonblocking(true).expect("a socket");
        let remote = socket.local_addr().expect("bound");
        let parameters = StreamParameters::new(remote, Codec::Pcma);
        self.pool.order(Command::Configure { session, leg, parameters });
        Phone { socket, ours, sent: 0, heard: Vec::new() }
    }
}

struct Phone {
    socket: UdpSocket,
    ours: SocketAddr,
    sent: u16,
    heard: Vec<i16>,
}

impl Phone {
    fn say(&mut self, hz: f64) {
        let position = u32::from(self.sent) * 160;
        let mut packet = vec![0x80, 8];
        packet.extend(self.sent.to_be_bytes());
        packet.extend(position.to_be_bytes());
        packet.extend(0xABCD_u32.to_be_bytes());
        Law::A.encode(&tone(hz, position), &mut packet);
        self.socket.send_to(&packet, self.ours).expect("sent");
        self.sent += 1;
    }

    fn listen(&mut self) {
        let mut buffer = [0; 512];
        while let Ok((length, from)) = self.socket.recv_from(&mut buffer) {
            assert_eq!(from, self.ours, "symmetric RTP (RFC 4961)");
            if buffer[1] & 0x7F == 8 {
                Law::A.decode(&buffer[12..length], &mut self.heard);
            }
        }
    }
}

fn tone(hz: f64, position: u32) -> Vec<i16> {
    let step = hz / 8_000.0 * std::f64::consts::TAU;
    (position..position + 160).map(|n| (8_000.0 * (f64::from(n) * step).sin()) as i16).collect()
}

fn pitch(samples: &[i16]) -> f64 {
    let rising = samples.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
    rising as f64 * 8_000.0 / samples.len() as f64
}

/// A range of its own for each test, so that they can run side by side.
fn range(pairs: u16) -> RangeInclusive<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(41_000);
    let first = NEXT.fetch_add(pairs * 2 + 20, SeqCst);
    first..=first + pairs * 2 - 1
}

#[test]
fn two_phones_hear_each_other_and_the_file_has_both_where_they_spoke() {
    let mut world = World::with_ports(range(20));
    let call = CallId::new(Timestamp(1_795_219_200_000), &mut Rng::new(1));
    let (a, b) = (LegId(1), LegId(2));
    let (mut caller, mut agent) = (world.phone(a), world.phone(b));
    world.pool.order(Command::SetHearing { session: SESSION, hearing: all_hear_all(&[a, b]) });
    world.pool.order(Command::StartRecording { session: SESSION, call, left: a, right: vec![b], began_at: None });
    world.until(|input| matches!(input, Input::Recorder(RecorderReport::Opened { .. })).then_some(()));

    // 1.2 s of the caller; the agent speaks from 0.4 s on.
    let began = Instant::now();
    let mut agent_began = began;
    for packet in 0..60 {
        caller.say(440.0);
        if packet == 20 {
            agent_began = Instant::now();
        }
        if packet >= 20 {
            agent.say(1_000.0);
        }
        let next = began + Duration::from_millis(20) * (packet + 1);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        caller.listen();
        agent.listen();
    }
    let talked = began.elapsed();
    world.pool.order(Command::StopRecording { session: SESSION });
    world.pool.order(Command::Release { session: SESSION });
    let (file, duration) = world.until(|input| match input {
        Input::Recorder(RecorderReport::Complete { file, duration, .. }) => Some((file, duration)),
        Input::Recorder(RecorderReport::Failed { reason, .. }) => panic!("{reason}"),
        _ => None,
    });

    assert!(agent.heard.len() >= 55 * 160 && (pitch(&agent.heard[1_600..8_000]) - 440.0).abs() < 15.0, "{}", pitch(&agent.heard));
    let voice: Vec<i16> = caller.heard.iter().copied().skip_while(|sample| sample.abs() < 1_000).collect();
    assert!(voice.len() >= 30 * 160 && (pitch(&voice[..4_800]) - 1_000.0).abs() < 20.0, "{}", pitch(&voice));

    assert!(duration + Duration::from_millis(50) >= talked && duration < talked + Duration::from_secs(1), "{duration:?} of {talked:?}");
    let mut reader = hound::WavReader::open(world.folder.path().join(file)).expect("a WAV file");
    let frames: Vec<i16> = reader.samples().collect::<Result<_, _>>().expect("whole");
    let [left, right] = [0, 1].map(|side| frames.iter().skip(side).step_by(2).copied().collect::<Vec<i16>>());
    let first_heard = |side: &[i16]| side.iter().position(|sample| sample.abs() > 1_000).expect("a voice");
    let (caller_at, agent_at) = (first_heard(&left), first_heard(&right));
    let apart = (agent_at as f64 - caller_at as f64) / 8_000.0;
    let truly = (agent_began - began).as_secs_f64();
    assert!((apart - truly).abs() < 0.08, "the agent spoke {truly} s later, not {apart}");
    assert!((pitch(&left[caller_at..caller_at + 8_000]) - 440.0).abs() < 10.0);
    assert!((pitch(&right[agent_at..agent_at + 4_800]) - 1_000.0).abs() < 15.0);

    let figures = world.pool.readings().workers();
    let total = |count: fn(&WorkerFigures) -> u64| figures.iter().map(count).sum::<u64>();
    assert_eq!((total(|worker| worker.packets_received), total(|worker| worker.legs)), (100, 0));
    assert_eq!(world.pool.readings().ports(), (20, 20), "nothing leaks");
    assert!(figures.iter().any(|worker| worker.sessions == 0 && worker.packets_received == 0), "a session is on one worker alone");
    let World { pool, recorder, .. } = world;
    pool.close();
    recorder.close();
}

#[test]
fn ports_run_out_and_come_back_oldest_first() {
    let ports = range(3);
    let first = *ports.start();
    let mut world = World::with_ports(ports);
    let taken = UdpSocket::bind((HERE, first + 3)).expect("another program's, on the second pair's RTCP port");
    let port = |allocated: Result<SocketAddr, AllocationFailure>| allocated.map(|address| address.port());
    // Two sessions on two workers share the range.
    assert_eq!(port(world.allocate(SessionId(1), LegId(1))), Ok(first));
    assert_eq!(port(world.allocate(SessionId(2), LegId(3))), Ok(first + 4));
    assert_eq!(world.allocate(SessionId(1), LegId(5)), Err(AllocationFailure::PortsExhausted));
    drop(taken);
    world.pool.order(Command::ReleaseLeg { session: SessionId(2), leg: LegId(3) });
    assert_eq!(port(world.allocate(SessionId(2), LegId(7))), Ok(first + 2), "the pair just released comes last");
    assert_eq!(port(world.allocate(SessionId(2), LegId(9))), Ok(first + 4));
    assert_eq!(port(world.allocate(SessionId(2), LegId(9))), Ok(first + 4), "asked twice, bound once");
    world.pool.order(Command::Release { session: SessionId(2) });
    world.pool.order(Command::Release { session: SessionId(1) });
    let give_up_at = Instant::now() + DEADLINE;
    while world.pool.readings().ports() != (3, 3) {
        assert!(Instant::now() < give_up_at, "all ports are free again");
        std::thread::yield_now();
    }
}

#[test]
fn an_address_that_is_not_ours_is_refused_and_leaks_nothing() {
    let mut world = World::with_ports(range(2));
    world.pool.order(Command::Allocate {
        session: SESSION,
        leg: LegId(1),
        local: "192.0.2.77".parse().expect("an address"),
        resumed: None,
    });
    let cause = world.until(|input| match input {
        Input::Media(Report::AllocationFailed { cause, .. }) => Some(cause),
        _ => None,
    });
    assert_eq!((cause, world.pool.readings().ports()), (AllocationFailure::Refused, (2, 2)));
    assert!(world.allocate(SESSION, LegId(1)).is_ok());
}

#[test]
fn closing_ends_threads_and_sockets_and_the_recording_as_it_stands() {
    let mut world = World::with_ports(range(2));
    let call = CallId::new(Timestamp(1_795_219_200_000), &mut Rng::new(2));
    let mut phone = world.phone(LegId(1));
    world.pool.order(Command::StartRecording { session: SESSION, call, left: LegId(1), right: Vec::new(), began_at: None });
    world.until(|input| matches!(input, Input::Recorder(RecorderReport::Opened { .. })).then_some(()));
    phone.say(440.0);
    world.until(|input| matches!(input, Input::Media(Report::FirstPacket { .. })).then_some(()));
    let World { pool, recorder, mut inbox, folder: _folder } = world;
    pool.close();
    assert!(UdpSocket::bind(phone.ours).is_ok(), "the port is free");
    recorder.close();
    let reports: Vec<Input> = std::iter::from_fn(|| inbox.try_recv().ok()).collect();
    assert!(reports.iter().any(|input| matches!(input, Input::Recorder(RecorderReport::Complete { .. }))), "{reports:?}");
}

#[test]
fn a_leg_of_before_a_restart_has_its_pair_and_its_stream_again() {
    let mut world = World::with_ports(range(3));
    let (a, b) = (LegId(1), LegId(2));
    let resumed = |leg, port| Command::Allocate {
        session: SESSION,
        leg,
        local: HERE,
        resumed: Some(ResumedLeg { port, since: crate::base::Instant::default() }),
    };
    let port = world.allocate(SESSION, a).expect("a pair").port();
    world.pool.order(Command::Release { session: SESSION });
    let give_up_at = Instant::now() + DEADLINE;
    while world.pool.readings().ports() != (3, 3) {
        assert!(Instant::now() < give_up_at, "all ports are free again");
        std::thread::yield_now();
    }
    let answered = |input| match input {
        Input::Media(Report::Allocated { address, .. }) => Some(Ok(address.port())),
        Input::Media(Report::AllocationFailed { cause, .. }) => Some(Err(cause)),
        _ => None,
    };
    // The newest free pair, which a new leg would get last.
    world.pool.order(resumed(a, port));
    assert_eq!(world.until(answered), Ok(port));
    world.pool.order(resumed(b, port));
    assert_eq!(world.until(answered), Err(AllocationFailure::Refused), "another leg has it");
    let others = UdpSocket::bind((HERE, port + 3)).expect("another program's");
    world.pool.order(resumed(b, port + 2));
    assert_eq!(world.until(answered), Err(AllocationFailure::Refused), "no other pair will do");
    drop(others);
    world.pool.order(resumed(b, port + 2));
    assert_eq!(world.until(answered), Ok(port + 2));
    assert_eq!(world.pool.readings().ports(), (1, 3));
}

/// A stranger who knows the port, and sprays it from another port of the same address, from another address, with the phone's own SSRC
/// and numbers and with others, before the phone was heard and after.
#[test]
fn a_stranger_who_sprays_a_call_is_heard_by_nobody() {
    let mut world = World::with_ports(range(4));
    let call = CallId::new(Timestamp(1_795_219_200_000), &mut Rng::new(3));
    let (a, b) = (LegId(1), LegId(2));
    let (mut caller, mut agent) = (world.phone(a), world.phone(b));
    world.pool.order(Command::SetHearing { session: SESSION, hearing: all_hear_all(&[a, b]) });
    world.pool.order(Command::StartRecording { session: SESSION, call, left: a, right: vec![b], began_at: None });
    world.until(|input| matches!(input, Input::Recorder(RecorderReport::Opened { .. })).then_some(()));
    let mut strangers: Vec<UdpSocket> =
        ["127.0.0.1:0", "127.0.0.2:0", "127.0.0.3:0"].iter().map(|address| UdpSocket::bind(address).expect("a stranger")).collect();
    let ours = caller.ours;
    let rtcp = SocketAddr::new(HERE, ours.port() + 1);
    let mut sprayed = 0;
    let mut spray = |strangers: &[UdpSocket], number: u16| {
        for stranger in strangers {
            for ssrc in [0xABCD_u32, 0x6666] {
                let mut packet = vec![0x80, 8];
                packet.extend(number.to_be_bytes());
                packet.extend((u32::from(number) * 160).to_be_bytes());
                packet.extend(ssrc.to_be_bytes());
                Law::A.encode(&tone(2_000.0, u32::from(number) * 160), &mut packet);
                stranger.send_to(&packet, ours).expect("sent");
                sprayed += 1;
            }
            if stranger.local_addr().expect("bound").ip() != HERE {
                // A goodbye in the phone's name.
                stranger.send_to(&[0x81, 203, 0, 1, 0, 0, 0xAB, 0xCD], rtcp).expect("sent");
                sprayed += 1;
            }
        }
    };
    // Before the phone is heard: other addresses are strangers already; another port of its own address could be the phone's.
    let same_address = strangers.remove(0);
    spray(&strangers, 0);
    caller.say(440.0);
    world.until(|input| matches!(input, Input::Media(Report::FirstPacket { leg, .. }) if leg == a).then_some(()));
    strangers.push(same_address);
    let began = Instant::now();
    for number in 1..=50 {
        spray(&strangers, number);
        caller.say(440.0);
        agent.say(1_000.0);
        let next = began + Duration::from_millis(20) * u32::from(number);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        agent.listen();
        caller.listen();
    }
    for stranger in &strangers {
        stranger.set_nonblocking(true).expect("set");
        assert!(stranger.recv_from(&mut [0; 512]).is_err(), "nothing goes to a stranger");
    }
    world.pool.order(Command::Release { session: SESSION });
    let (mut refused, mut file) = (None, None);
    while refused.is_none() || file.is_none() {
        world.until(|input| {
            match input {
                Input::Media(Report::Statistics { leg, statistics, .. }) if leg == a => refused = Some(statistics),
                Input::Recorder(RecorderReport::Complete { file: its, .. }) => file = Some(its),
                _ => return None,
            }
            Some(())
        });
    }
    let counted = refused.expect("told");
    assert_eq!((counted.packets_refused, counted.packets_received, counted.packets_lost), (sprayed, 51, 0));
    let path = world.folder.path().join(file.expect("told"));
    let samples: Vec<i16> = hound::WavReader::open(path).expect("a WAV file").samples().collect::<Result<_, _>>().expect("whole");
    let left: Vec<i16> = samples.iter().step_by(2).copied().collect();
    for (who, sound) in [("the agent", &agent.heard[..]), ("the recording", &left[..])] {
        let voice: Vec<i16> = sound.iter().copied().skip_while(|sample| sample.abs() < 1_000).take(6_400).collect();
        assert!((pitch(&voice) - 440.0).abs() < 15.0, "{who}: {}", pitch(&voice));
        assert!(sound.iter().all(|sample| sample.abs() < 8_300), "{who}: two tones at once would be louder");
    }
}

/// The sessions of two calls are on two workers; a leg goes from one to the other and back, with its sockets.
#[test]
fn a_leg_goes_to_another_worker_and_its_phone_does_not_notice() {
    const OTHER: SessionId = SessionId(8);
    let mut world = World::with_ports(range(4));
    let (customer, consulted) = (LegId(1), LegId(2));
    let (mut one, mut two) = (world.phone(customer), world.phone_of(OTHER, consulted));
    let joined = |session| Command::SetHearing { session, hearing: all_hear_all(&[customer, consulted]) };
    let speak = |one: &mut Phone, two: &mut Phone, packets: u32| {
        let began = Instant::now();
        for packet in 1..=packets {
            one.say(440.0);
            two.say(1_000.0);
            std::thread::sleep((began + Duration::from_millis(20) * packet).saturating_duration_since(Instant::now()));
            one.listen();
            two.listen();
        }
    };
    // There, back and there again, in one breath; what is ordered of the session then finds the leg in it.
    for (from, to) in [(OTHER, SESSION), (SESSION, OTHER), (OTHER, SESSION)] {
        world.pool.order_soon(Command::Move { leg: consulted, from, to });
    }
    world.pool.order(joined(SESSION));
    // Each worker tells in its own time.
    let mut told: Vec<SessionId> = (0..3)
        .map(|_| {
            world.until(|input| match input {
                Input::Media(Report::Allocated { session, leg, address }) if leg == consulted => {
                    assert_eq!(address, two.ours, "the same port");
                    Some(session)
                }
                _ => None,
            })
        })
        .collect();
    told.sort_unstable();
    assert_eq!(told, [SESSION, SESSION, OTHER]);
    speak(&mut one, &mut two, 40);
    for (phone, hz) in [(&one, 1_000.0), (&two, 440.0)] {
        assert!(phone.heard.len() >= 30 * 160 && (pitch(&phone.heard[800..4_800]) - hz).abs() < 20.0, "{}", phone.heard.len());
    }
    // One that is nowhere is told of, and its session is not kept waiting.
    world.pool.order(Command::Move { leg: LegId(9), from: OTHER, to: SESSION });
    let failed = world.until(|input| match input {
        Input::Media(Report::AllocationFailed { session, leg, .. }) => Some((session, leg)),
        _ => None,
    });
    assert_eq!(failed, (SESSION, LegId(9)));
    let before = one.heard.len();
    speak(&mut one, &mut two, 10);
    assert!(one.heard.len() > before, "the call goes on");
    // Into a session of the same worker, and its packets find it there.
    const THIRD: SessionId = SessionId(9);
    for leg in [customer, consulted] {
        world.pool.order_soon(Command::Move { leg, from: SESSION, to: THIRD });
    }
    world.pool.order(joined(THIRD));
    world.until(|input| matches!(input, Input::Media(Report::Allocated { session: THIRD, leg, .. }) if leg == consulted).then_some(()));
    let before = (one.heard.len(), two.heard.len());
    speak(&mut one, &mut two, 15);
    assert!(one.heard.len() >= before.0 + 1_600 && two.heard.len() >= before.1 + 1_600);
    world.pool.order(Command::Release { session: THIRD });
    let give_up_at = Instant::now() + DEADLINE;
    while world.pool.readings().ports() != (4, 4) {
        assert!(Instant::now() < give_up_at, "nothing leaks");
        std::thread::yield_now();
    }
}

/// A worker that ends while a leg is on its way to it frees what comes.
#[test]
fn closing_while_a_leg_is_on_its_way_leaves_no_port_taken() {
    let mut world = World::with_ports(range(2));
    let port = world.allocate(SessionId(8), LegId(1)).expect("a pair");
    for _ in 0..5 {
        world.pool.order_soon(Command::Move { leg: LegId(1), from: SessionId(8), to: SESSION });
        world.pool.order_soon(Command::Move { leg: LegId(1), from: SESSION, to: SessionId(8) });
    }
    let World { pool, recorder, .. } = world;
    let readings = pool.readings();
    pool.close();
    recorder.close();
    assert_eq!(readings.ports(), (2, 2));
    assert!(UdpSocket::bind(port).is_ok(), "the port is free");
}
