//! `sanling load`: many plain phones against any switch, to see what it bears. Agents register and answer, callers call, both speak; what
//! is told is what the phones saw (failures, times, loss, delay) and what the kernel says of the switch's process.
//!
//! Beside `demo`, whose phones are few and behave like people, these are many and as cheap as can be, so that one core of load saturates
//! one of a switch: one thread, one epoll, two sockets for the signalling of all, one a leg for sound, messages scanned and written
//! without the switch's parser. What must not live here: anything that knows how this switch works inside.

mod agents;
mod bindings;
mod callers;
mod ground;
mod histogram;
mod hotline;
mod mark;
mod media;
mod options;
mod process;
mod relay;
mod report;
mod scan;
mod timers;
mod words;

pub use hotline::Hotline;
pub use options::{Load, LoadOptions, RelayOptions};

use super::clock::Clock;
use super::descriptors;
use crate::base::time::{millis, secs};
use crate::base::{Duration, Instant, Rng};
use agents::Agents;
use bindings::Bindings;
use callers::{Callers, Habit};
use ground::{Ground, Tally};
use media::{FIRST_LEG, Media};
use options::{Cast, seconds};
use report::{Readings, Stage, Window};
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use scan::scan;
use socket2::{Domain, SockRef, Socket, Type};
use std::fmt;
use std::io::{self, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use timers::{Timers, Who};

const CALLERS: u64 = 0;
const AGENTS: u64 = 1;
/// Registrations and closed-loop calls under way at a time, unless said otherwise.
const AT_ONCE: usize = 64;
/// Room for the answers that come while the load does something else.
const SIP_BUFFER: usize = 4 << 20;
/// Datagrams taken from one of the two sockets before legs are looked at again.
const BATCH: usize = 64;
/// Nothing registered for so long: the switch is not there, or refuses.
const REGISTERING_MAX: Duration = secs(10);
/// For the last calls to end.
const ENDING_MAX: Duration = secs(10);
/// Places for calls of a rate: those that fail take up to 32 s to be over.
const PLACES_MAX: usize = 60_000;
/// A rate that falls behind is caught up with by so much at most.
const CATCH_UP: Duration = millis(50);

/// Why there was no load.
#[derive(Debug)]
pub enum LoadError {
    Wrong(String),
    Unavailable(io::Error),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(what) => f.write_str(what),
            Self::Unavailable(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LoadError {}

impl From<io::Error> for LoadError {
    fn from(error: io::Error) -> Self {
        Self::Unavailable(error)
    }
}

/// `sanling load`, whole.
///
/// # Errors
/// What is asked for makes no sense, no socket can be had, or nobody registers.
pub fn main(mode: &Load, out: &mut impl Write) -> Result<(), LoadError> {
    descriptors::raise_limit();
    let options = match mode {
        Load::Relay(options) => return Ok(relay::relay(options)?),
        Load::Calls(options) | Load::Setups(options) | Load::Registrations(options) => options,
    };
    let mut run = Run::new(mode, options)?;
    let stages = match mode {
        Load::Registrations(_) => run.registrations()?,
        _ => run.calls()?,
    };
    Ok(report::write(mode, &stages, options.json, out)?)
}

/// How fast something is to happen: so many a second, at moments that do not depend on what becomes of it.
#[derive(Clone, Copy, Debug)]
struct Pace {
    every: Duration,
    next: Instant,
}

impl Pace {
    fn new(per_second: f64, now: Instant) -> Self {
        Self { every: seconds(1.0 / per_second.max(0.001)), next: now }
    }

    /// Whether one is due; each due one is told once.
    fn take(&mut self, now: Instant) -> bool {
        if now < self.next {
            return false;
        }
        self.next = (self.next + self.every).max(Instant::after_start(now.since_start().saturating_sub(CATCH_UP)));
        true
    }
}

struct Run<'a> {
    options: &'a LoadOptions,
    epoll: OwnedFd,
    events: Vec<Event>,
    buffer: Vec<u8>,
    clock: Clock,
    ground: Ground,
    callers: Callers,
    agents: Agents,
    bindings: Bindings,
    hold: Option<Duration>,
    /// Answered calls times time, since the window began.
    call_time: Duration,
    at_rest: Readings,
}

/// A socket that talks to the switch alone.
fn sip_socket(epoll: &OwnedFd, target: SocketAddr, token: u64) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(target), Type::DGRAM, None)?;
    // Less than wished for is no reason not to start.
    let _ = socket.set_recv_buffer_size(SIP_BUFFER);
    let _ = socket.set_send_buffer_size(SIP_BUFFER);
    socket.set_nonblocking(true)?;
    socket.connect(&target.into())?;
    let socket: UdpSocket = socket.into();
    epoll::add(epoll, &socket, EventData::new_u64(token), EventFlags::IN)?;
    Ok(socket)
}

impl<'a> Run<'a> {
    fn new(mode: &Load, options: &'a LoadOptions) -> Result<Self, LoadError> {
        let Cast { agents, callers, domain, number } = options.cast().map_err(LoadError::Wrong)?;
        if options.floor.is_none() && agents.is_empty() && callers.is_empty() && !matches!(mode, Load::Calls(_) | Load::Setups(_)) {
            return Err(LoadError::Wrong("nobody to register: give --config or --agents".to_owned()));
        }
        if options.calls.is_empty() && options.rate.is_empty() && !matches!(mode, Load::Registrations(_)) {
            return Err(LoadError::Wrong("how many? --calls, or --rate with --hold".to_owned()));
        }
        let epoll = epoll::create(CreateFlags::CLOEXEC).map_err(io::Error::from)?;
        let (from_callers, from_agents) = (sip_socket(&epoll, options.target, CALLERS)?, sip_socket(&epoll, options.target, AGENTS)?);
        let clock = Clock::started_now();
        let (callers_at, agents_at) = (from_callers.local_addr()?, from_agents.local_addr()?);
        let media = Media::new(&epoll, callers_at.ip(), clock.now())?;
        // The smallest buffer there is: what nobody reads is soon dropped.
        let sink = UdpSocket::bind(SocketAddr::new(callers_at.ip(), 0))?;
        let _ = SockRef::from(&sink).set_recv_buffer_size(1);
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(|error| io::Error::other(error.to_string()))?;
        let mut rng = Rng::new(u64::from_le_bytes(seed));
        let hold = match mode {
            Load::Setups(_) => Some(options.hold.map_or(Duration::ZERO, seconds)),
            _ => options.hold.map(seconds),
        };
        let ground = Ground {
            now: clock.now(),
            callers: from_callers,
            agents: from_agents,
            callers_at,
            agents_at,
            domain,
            words: words::Words::new(),
            run: rng.next_u32(),
            rng,
            media,
            sound: options.rtp && matches!(mode, Load::Calls(_)),
            sink,
            timers: Timers::default(),
            tally: Tally::default(),
        };
        let accounts: Vec<_> = agents.iter().chain(&callers).cloned().collect();
        let habit = Habit { uri: format!("sip:{number}@{}", options.target), hold, patience: seconds(options.patience), accounts: callers };
        let places = if options.rate.is_empty() { options.calls.iter().copied().max().unwrap_or(0) } else { PLACES_MAX };
        let refresh = !matches!(mode, Load::Registrations(_));
        Ok(Self {
            options,
            epoll,
            events: Vec::with_capacity(1_024),
            buffer: vec![0; 65_536],
            clock,
            callers: Callers::new(habit, places),
            agents: Agents::new(agents.iter().map(|account| account.user.as_str()), seconds(options.ring)),
            bindings: Bindings::new(accounts, Duration::from_secs(options.expires.max(2)), refresh),
            ground,
            hold,
            call_time: Duration::ZERO,
            at_rest: Readings::default(),
        })
    }

    /// Waits for something, `until` at the latest, and does what follows.
    fn turn(&mut self, until: Instant) {
        let before = self.ground.now;
        let deadlines = [self.ground.media.deadline(), self.ground.timers.next(), Some(until)];
        let wake_at = deadlines.into_iter().flatten().min().unwrap_or(until);
        let patience = wake_at.saturating_since(self.clock.now());
        // The kernel counts in whole milliseconds here; a packet is at most one late, and its mark tells when it was sent.
        let whole = patience.min(millis(900)).as_micros().div_ceil(1_000);
        let patience = Timespec { tv_sec: 0, tv_nsec: i64::from(whole as u32) * 1_000_000 };
        self.events.clear();
        // An interruption is a turn without events.
        let _ = epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut self.events), Some(&patience));
        self.ground.now = self.clock.now();
        for at in 0..self.events.len() {
            match self.events[at].data.u64() {
                token @ (CALLERS | AGENTS) => self.receive(token),
                token => {
                    let now = self.clock.now();
                    self.ground.media.receive((token - FIRST_LEG) as usize, now, Instant::START);
                }
            }
        }
        self.ground.now = self.clock.now();
        // One slot a turn: what came meanwhile does not wait for a load that is late.
        self.ground.media.send_due(self.ground.now, Instant::START);
        while let Some((at, who)) = self.ground.timers.pop_due(self.ground.now) {
            match who {
                Who::Caller(place) => self.callers.wake(at, place, &mut self.ground),
                Who::Agent(agent) => self.agents.wake(at, agent, &mut self.ground),
                Who::Binding(binding) => self.bindings.wake(at, binding, &mut self.ground),
            }
        }
        if !self.hold.is_some_and(|hold| hold.is_zero()) {
            self.call_time += (self.ground.now - before) * u32::try_from(self.callers.talking()).unwrap_or(u32::MAX);
        }
    }

    fn receive(&mut self, token: u64) {
        let mut buffer = std::mem::take(&mut self.buffer);
        for _ in 0..BATCH {
            let socket = if token == CALLERS { &self.ground.callers } else { &self.ground.agents };
            // Nothing more, or the switch is not there just now.
            let Ok(length) = socket.recv(&mut buffer) else { break };
            self.ground.now = self.clock.now();
            let bytes = &buffer[..length];
            let Some(message) = scan(bytes) else {
                self.ground.tally.strange += 1;
                continue;
            };
            match (token, message.status) {
                (CALLERS, _) => self.callers.receive(&message, &mut self.ground),
                (_, 0) => self.agents.receive(bytes, &message, &mut self.callers, &mut self.ground),
                (_, _) => self.bindings.receive(&message, &mut self.ground),
            }
        }
        self.buffer = buffer;
    }

    fn turns_until(&mut self, end: Instant) {
        while self.ground.now < end {
            self.turn(end);
        }
    }

    /// All accounts, `AT_ONCE` at a time.
    fn register_all(&mut self) -> Result<(), LoadError> {
        let mut next = 0;
        let mut progress = (0, self.ground.now);
        while self.bindings.bound() < self.bindings.count() {
            while next < self.bindings.count() && self.bindings.asking() < AT_ONCE {
                self.bindings.register(next, &mut self.ground);
                next += 1;
            }
            self.turn(self.ground.now + millis(100));
            if self.bindings.bound() > progress.0 {
                progress = (self.bindings.bound(), self.ground.now);
            }
            let stuck = next == self.bindings.count() && self.bindings.asking() == 0 && self.bindings.bound() < self.bindings.count();
            if stuck || self.ground.now.saturating_since(progress.1) > REGISTERING_MAX {
                let (bound, all) = (self.bindings.bound(), self.bindings.count());
                let causes = &self.ground.tally.failures;
                return Err(LoadError::Wrong(format!("{bound} of {all} registered at {}: {causes:?}", self.options.target)));
            }
        }
        Ok(())
    }

    fn read(&self) -> Readings {
        Readings { switch: self.options.pid.and_then(process::read), load: process::read(std::process::id()).unwrap_or_default() }
    }

    /// Measures while `drive` keeps the load up, called at least each millisecond or so.
    fn measure(&mut self, long: Duration, mut drive: impl FnMut(&mut Self) -> Instant) -> Stage {
        let began = self.ground.now;
        self.ground.tally = Tally::default();
        self.ground.media.begin_window(began);
        self.call_time = Duration::ZERO;
        let before = self.read();
        while self.ground.now < began + long {
            let next = drive(self);
            self.turn(next.min(began + long));
        }
        self.ground.media.end_window(self.ground.now);
        let after = self.read();
        let window = Window {
            long: self.ground.now - began,
            talking: self.callers.talking(),
            call_time: self.call_time,
            at_rest: self.at_rest,
            before,
            after,
        };
        Stage::of(&self.ground, &window)
    }

    fn calls(&mut self) -> Result<Vec<Stage>, LoadError> {
        if let Some(first) = self.options.floor {
            return Ok(self.floor(first)?);
        }
        self.register_all()?;
        self.at_rest = self.read();
        let (settle, time) = (seconds(self.options.settle), seconds(self.options.time));
        let mut stages = Vec::new();
        for &wanted in &self.options.calls {
            let mut pace = Pace::new(self.options.ramp, self.ground.now);
            // In a closed loop the next call is placed as soon as one is over.
            let closed = self.hold.is_some_and(|hold| hold.is_zero());
            let mut keep_up = move |run: &mut Self| {
                while run.callers.active() < wanted && (closed || pace.take(run.ground.now)) && run.callers.place(&mut run.ground) {}
                if run.callers.active() < wanted { pace.next } else { run.ground.now + millis(100) }
            };
            let given_up = self.ground.now + seconds(wanted as f64 / self.options.ramp) + secs(5);
            while !closed && self.callers.talking() < wanted && self.ground.now < given_up {
                let next = keep_up(self);
                self.turn(next.min(given_up));
            }
            let settled = self.ground.now + settle;
            while self.ground.now < settled {
                let next = keep_up(self);
                self.turn(next.min(settled));
            }
            let stage = self.measure(time, keep_up);
            stages.push(Stage { wanted_calls: Some(wanted), ..stage });
            if self.options.until_bad && stages.last().is_some_and(Stage::is_bad) {
                break;
            }
        }
        for &rate in &self.options.rate {
            let mut pace = Pace::new(rate, self.ground.now);
            let mut at_rate = move |run: &mut Self| {
                while pace.take(run.ground.now) {
                    if !run.callers.place(&mut run.ground) {
                        run.ground.tally.failed("no place left in the load");
                    }
                }
                pace.next
            };
            let settled = self.ground.now + settle;
            while self.ground.now < settled {
                let next = at_rate(self);
                self.turn(next.min(settled));
            }
            let stage = self.measure(time, at_rate);
            stages.push(Stage { wanted_rate: Some(rate), ..stage });
        }
        let end = self.ground.now + ENDING_MAX;
        self.callers.hang_up_all(&mut self.ground);
        while self.callers.active() > 0 && self.ground.now < end {
            self.turn(end.min(self.ground.now + millis(100)));
        }
        Ok(stages)
    }

    /// Sound alone, by the ports of the bare relay.
    fn floor(&mut self, first: SocketAddr) -> io::Result<Vec<Stage>> {
        let port = |leg: usize| u16::try_from(usize::from(first.port()) + 2 * leg).map_err(|_| io::Error::other("not enough ports"));
        self.at_rest = self.read();
        let mut stages = Vec::new();
        let mut up = 0;
        for &wanted in &self.options.calls {
            while up < 2 * wanted {
                self.ground.media.port(up)?;
                self.ground.media.begin(up, SocketAddr::new(first.ip(), port(up)?));
                up += 1;
                // As fast as calls are placed.
                let next = self.ground.now + seconds(0.5 / self.options.ramp);
                self.turns_until(next);
            }
            let settled = self.ground.now + seconds(self.options.settle);
            self.turns_until(settled);
            let stage = self.measure(seconds(self.options.time), |run| run.ground.now + millis(100));
            let call_seconds = wanted as f64 * stage.seconds;
            let cpu = stage.switch_cpu_percent.map(|percent| percent * 10.0 * stage.seconds / call_seconds);
            stages.push(Stage { wanted_calls: Some(wanted), talking: wanted, switch_cpu_ms_per_call_second: cpu, ..stage });
            if self.options.until_bad && stages.last().is_some_and(Stage::is_bad) {
                break;
            }
        }
        Ok(stages)
    }

    fn registrations(&mut self) -> Result<Vec<Stage>, LoadError> {
        self.register_all()?;
        self.at_rest = self.read();
        let count = self.bindings.count();
        let mut next = 0;
        let mut stages = Vec::new();
        let wanted: Vec<(Option<usize>, Option<f64>)> = match (&self.options.calls[..], &self.options.rate[..]) {
            ([], []) => vec![(Some(AT_ONCE), None)],
            (at_once, rates) => {
                at_once.iter().map(|many| (Some(*many), None)).chain(rates.iter().map(|rate| (None, Some(*rate)))).collect()
            }
        };
        for (at_once, rate) in wanted {
            let mut pace = Pace::new(rate.unwrap_or(1e6), self.ground.now);
            let at_once = at_once.map(|many| many.min(count));
            let stage = self.measure(seconds(self.options.time), |run| {
                let mut busy = 0;
                while at_once.is_none_or(|many| run.bindings.asking() < many)
                    && busy < count
                    && (rate.is_none() || pace.take(run.ground.now))
                {
                    busy += usize::from(!run.bindings.register(next, &mut run.ground));
                    next = (next + 1) % count;
                }
                if rate.is_some() { pace.next } else { run.ground.now + millis(100) }
            });
            stages.push(Stage { wanted_calls: at_once, wanted_rate: rate, ..stage });
        }
        Ok(stages)
    }
}
