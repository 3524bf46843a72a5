//! Those who answer: registered phones behind one socket, each with one call at a time. The user of the Request-URI says whose a request is.

use super::callers::{Callers, reoffered};
use super::ground::{Ground, Repeat};
use super::scan::{Scan, audio_of, scan, user_of};
use super::timers::Who;
use crate::base::{Duration, Instant};
use std::collections::HashMap;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Idle,
    Ringing,
    /// The 200 is out, its ACK not in.
    Answered,
    Talking,
}

#[derive(Debug)]
struct Agent {
    state: State,
    call_id: String,
    /// The INVITE as it came, to be answered more than once.
    invite: Vec<u8>,
    repeat: Option<Repeat>,
    due: Option<Instant>,
}

pub struct Agents {
    agents: Vec<Agent>,
    by_user: HashMap<String, usize>,
    /// From ringing to the answer.
    ring: Duration,
}

/// The leg of sound of an agent.
fn leg(agent: usize) -> usize {
    2 * agent + 1
}

impl Agents {
    pub fn new<'a>(users: impl Iterator<Item = &'a str>, ring: Duration) -> Self {
        let by_user: HashMap<String, usize> = users.enumerate().map(|(at, user)| (user.to_owned(), at)).collect();
        let agent = |_| Agent { state: State::Idle, call_id: String::new(), invite: Vec::new(), repeat: None, due: None };
        Self { agents: (0..by_user.len()).map(agent).collect(), by_user, ring }
    }

    pub fn wake(&mut self, at: Instant, agent: usize, ground: &mut Ground) {
        let it = &mut self.agents[agent];
        if it.due != Some(at) {
            return;
        }
        it.due = None;
        match it.state {
            State::Ringing => self.answer(agent, ground),
            // RFC 3261 §13.3.1.4: the 200 again until the ACK.
            State::Answered => {
                it.repeat = it.repeat.and_then(|repeat| repeat.next(ground.now));
                match it.repeat {
                    Some(Repeat { at, .. }) => {
                        ground.tally.repeats += 1;
                        self.respond_to_invite(agent, "200 OK", true, ground);
                        self.wait(agent, at, ground);
                    }
                    None => {
                        ground.tally.failed("an agent's 200 unacknowledged");
                        self.free(agent, ground);
                    }
                }
            }
            State::Idle | State::Talking => {}
        }
    }

    /// A request on the agents' socket.
    pub fn receive(&mut self, bytes: &[u8], scan: &Scan<'_>, callers: &mut Callers, ground: &mut Ground) {
        let Some(&agent) = self.by_user.get(user_of(scan.uri)) else {
            ground.tally.strange += 1;
            if scan.method != "ACK" {
                respond(scan, "404 Not Found", ground);
            }
            return;
        };
        let it = &mut self.agents[agent];
        let is_ours = it.state != State::Idle && it.call_id == scan.call_id;
        match scan.method {
            "INVITE" if !scan.to.contains(";tag=") => match it.state {
                State::Idle => {
                    callers.offered(user_of(scan.from), ground);
                    it.state = State::Ringing;
                    scan.call_id.clone_into(&mut it.call_id);
                    bytes.clone_into(&mut it.invite);
                    self.respond_to_invite(agent, "180 Ringing", false, ground);
                    if self.ring.is_zero() {
                        self.answer(agent, ground);
                    } else {
                        let at = ground.now + self.ring;
                        self.wait(agent, at, ground);
                    }
                }
                State::Ringing if is_ours => self.respond_to_invite(agent, "180 Ringing", false, ground),
                State::Answered if is_ours => self.respond_to_invite(agent, "200 OK", true, ground),
                _ => respond(scan, "486 Busy Here", ground),
            },
            "ACK" => {
                if is_ours && it.state == State::Answered {
                    it.state = State::Talking;
                    it.due = None;
                    let peer = self::scan(&it.invite).and_then(|invite| audio_of(invite.body)).or_else(|| audio_of(scan.body));
                    if let Some(peer) = peer.filter(|_| ground.sound) {
                        ground.media.begin(leg(agent), peer);
                    }
                }
            }
            "CANCEL" => {
                respond(scan, "200 OK", ground);
                if is_ours && it.state == State::Ringing {
                    self.respond_to_invite(agent, "487 Request Terminated", false, ground);
                    self.free(agent, ground);
                }
            }
            "OPTIONS" | "NOTIFY" if !is_ours => respond(scan, "200 OK", ground),
            _ if !is_ours => respond(scan, "481 Call/Transaction Does Not Exist", ground),
            "BYE" => {
                respond(scan, "200 OK", ground);
                self.free(agent, ground);
            }
            "INVITE" | "UPDATE" => reoffered(scan, leg(agent), true, ground),
            _ => respond(scan, "200 OK", ground),
        }
    }

    fn answer(&mut self, agent: usize, ground: &mut Ground) {
        self.agents[agent].state = State::Answered;
        self.respond_to_invite(agent, "200 OK", true, ground);
        let repeat = Repeat::from(ground.now);
        self.agents[agent].repeat = Some(repeat);
        self.wait(agent, repeat.at, ground);
    }

    fn free(&mut self, agent: usize, ground: &mut Ground) {
        ground.media.end(leg(agent), ground.now);
        let it = &mut self.agents[agent];
        (it.state, it.due) = (State::Idle, None);
    }

    fn wait(&mut self, agent: usize, until: Instant, ground: &mut Ground) {
        self.agents[agent].due = Some(until);
        ground.timers.set(until, Who::Agent(agent));
    }

    fn respond_to_invite(&mut self, agent: usize, status: &str, with_audio: bool, ground: &mut Ground) {
        let Some(invite) = scan(&self.agents[agent].invite) else { return };
        let local = ground.agents_at;
        ground.words.response(&invite, status, format_args!("{agent:x}"));
        ground.words.header(format_args!("Contact: <sip:{}@{local}>", user_of(invite.uri)));
        match with_audio.then(|| ground.audio_port(leg(agent))) {
            Some(Ok(port)) => ground.words.end_with_audio(local.ip(), port),
            Some(Err(_)) | None => ground.words.end(),
        }
        ground.send_as_agent();
    }
}

fn respond(scan: &Scan<'_>, status: &str, ground: &mut Ground) {
    ground.words.response(scan, status, format_args!("load"));
    ground.words.end();
    ground.send_as_agent();
}
