//! Registrations, each whole: REGISTER, the challenge, REGISTER with the answer to it, 200 (RFC 3261 §10, RFC 7616). The first request never has
//! credentials, so that each is challenged with a nonce of its own.

use super::ground::{Ground, Repeat};
use super::scan::Scan;
use super::timers::Who;
use super::words::{Account, Request};
use crate::base::{Duration, Instant};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Idle,
    Asking { proven: bool },
}

#[derive(Debug)]
struct Binding {
    account: Account,
    state: State,
    since: Instant,
    cseq: u32,
    proof: Option<String>,
    repeat: Option<Repeat>,
    due: Option<Instant>,
    bound: bool,
}

pub struct Bindings {
    bindings: Vec<Binding>,
    expires: Duration,
    /// Anew before they expire.
    refresh: bool,
    asking: usize,
    bound: usize,
}

impl Bindings {
    #[must_use]
    pub fn new(accounts: Vec<Account>, expires: Duration, refresh: bool) -> Self {
        let binding = |account| Binding {
            account,
            state: State::Idle,
            since: Instant::START,
            cseq: 0,
            proof: None,
            repeat: None,
            due: None,
            bound: false,
        };
        Self { bindings: accounts.into_iter().map(binding).collect(), expires, refresh, asking: 0, bound: 0 }
    }

    #[must_use]
    pub fn count(&self) -> usize {
        self.bindings.len()
    }

    /// Those that have been registered.
    #[must_use]
    pub fn bound(&self) -> usize {
        self.bound
    }

    /// Those that are under way.
    #[must_use]
    pub fn asking(&self) -> usize {
        self.asking
    }

    /// Begins one, unless it is under way.
    pub fn register(&mut self, at: usize, ground: &mut Ground) -> bool {
        let binding = &mut self.bindings[at];
        if binding.state != State::Idle {
            return false;
        }
        self.asking += 1;
        (binding.since, binding.proof) = (ground.now, None);
        self.ask(at, false, ground);
        true
    }

    pub fn wake(&mut self, due: Instant, at: usize, ground: &mut Ground) {
        let binding = &mut self.bindings[at];
        if binding.due != Some(due) {
            return;
        }
        binding.due = None;
        if binding.state == State::Idle {
            self.register(at, ground);
            return;
        }
        binding.repeat = binding.repeat.and_then(|repeat| repeat.next(ground.now));
        match binding.repeat {
            Some(Repeat { at: next, .. }) => {
                ground.tally.repeats += 1;
                self.send(at, ground);
                self.wait(at, next, ground);
            }
            None => self.end(at, Err("REGISTER unanswered"), ground),
        }
    }

    /// A response to a REGISTER.
    pub fn receive(&mut self, scan: &Scan<'_>, ground: &mut Ground) {
        let (digits, run) = scan.call_id.strip_prefix('r').and_then(|id| id.split_once('-')).unwrap_or_default();
        let at = usize::from_str_radix(digits, 16).ok().filter(|_| u32::from_str_radix(run, 16) == Ok(ground.run));
        let Some((at, binding)) = at.and_then(|at| Some((at, self.bindings.get_mut(at)?))) else {
            ground.tally.strange += 1;
            return;
        };
        let State::Asking { proven } = binding.state else { return };
        if scan.cseq != binding.cseq {
            return;
        }
        match scan.status {
            ..200 => {}
            200..300 => {
                ground.tally.registration.add(ground.now - binding.since);
                ground.tally.registrations += 1;
                if !std::mem::replace(&mut binding.bound, true) {
                    self.bound += 1;
                }
                self.end(at, Ok(()), ground);
            }
            401 | 407 if !proven => {
                let name = if scan.status == 401 { "Authorization" } else { "Proxy-Authorization" };
                let uri = format!("sip:{}", ground.domain);
                match binding.account.answer(scan.challenge, "REGISTER", &uri, &mut ground.rng) {
                    Some(proof) => {
                        binding.proof = Some(format!("{name}: {proof}"));
                        self.ask(at, true, ground);
                    }
                    None => self.end(at, Err("REGISTER: a challenge without answer"), ground),
                }
            }
            status => self.end(at, Err(&format!("REGISTER {status}")), ground),
        }
    }

    fn ask(&mut self, at: usize, proven: bool, ground: &mut Ground) {
        let binding = &mut self.bindings[at];
        binding.state = State::Asking { proven };
        binding.cseq += 1;
        let repeat = Repeat::from(ground.now);
        binding.repeat = Some(repeat);
        self.send(at, ground);
        self.wait(at, repeat.at, ground);
    }

    fn end(&mut self, at: usize, came: Result<(), &str>, ground: &mut Ground) {
        if let Err(cause) = came {
            ground.tally.failed(cause);
        }
        self.asking -= 1;
        (self.bindings[at].state, self.bindings[at].due) = (State::Idle, None);
        if self.refresh {
            self.wait(at, ground.now + self.expires / 2, ground);
        }
    }

    fn wait(&mut self, at: usize, until: Instant, ground: &mut Ground) {
        self.bindings[at].due = Some(until);
        ground.timers.set(until, Who::Binding(at));
    }

    fn send(&mut self, at: usize, ground: &mut Ground) {
        let Binding { account, cseq, proof, .. } = &self.bindings[at];
        let (run, user) = (ground.run, &account.user);
        let (uri, to) = (format!("sip:{}", ground.domain), format!("<sip:{user}@{}>", ground.domain));
        let request = Request {
            method: "REGISTER",
            uri: &uri,
            branch: format_args!("{run:x}.r{at:x}.{cseq}"),
            from: format_args!("{to};tag={run:x}"),
            to: &to,
            call_id: format_args!("r{at:x}-{run:x}"),
            cseq: *cseq,
        };
        let local = ground.agents_at;
        ground.words.request(&request, local);
        ground.words.header(format_args!("Contact: <sip:{user}@{local}>"));
        ground.words.header(format_args!("Expires: {}", self.expires.as_secs()));
        if let Some(proof) = proof {
            ground.words.header(format_args!("{proof}"));
        }
        ground.words.end();
        ground.send_as_agent();
    }
}
