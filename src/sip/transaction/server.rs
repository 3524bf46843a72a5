//! Server transaction of every method but INVITE and ACK (RFC 3261 §17.2.2, RFC 4320). Timer J. Knows no dialog and no socket.

use super::{PATIENCE, ServerAction as Action, ServerEvent as Event};
use crate::base::bytes;
use crate::base::{Instant, Machine};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct Server {
    reliable: bool,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
enum State {
    /// Whoever serves it has not answered. After 64 × T1 an answer would be too late to be of use, and none is sent (RFC 4320 §4.2).
    Trying {
        useless_at: Instant,
    },
    /// Timer J: repeats get the answer again.
    Completed {
        #[serde(with = "bytes")]
        wire: Vec<u8>,
        until: Instant,
    },
    Over,
}

impl Server {
    #[must_use]
    pub fn begin(reliable: bool, now: Instant) -> Self {
        Self { reliable, state: State::Trying { useless_at: now + PATIENCE } }
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }
}

impl Machine for Server {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        match (&self.state, event) {
            (State::Trying { .. }, Event::Responded { code: 408, .. }) => self.state = State::Over,
            (State::Trying { .. }, Event::Responded { code, wire }) if code >= 200 => {
                // The copy is kept, which is no longer than it must be: there are a hundred thousand of them.
                let kept = if self.reliable { Vec::new() } else { wire.clone() };
                out.push(Action::Send { wire, again: false });
                self.state = if self.reliable { State::Over } else { State::Completed { wire: kept, until: now + PATIENCE } };
            }
            (State::Completed { wire, .. }, Event::Repeated) => out.push(Action::Send { wire: wire.clone(), again: true }),
            // No provisional responses (RFC 4320 §4.1), and one final one.
            (State::Trying { .. } | State::Completed { .. } | State::Over, _) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant, _out: &mut Vec<Action>) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.state = State::Over;
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Trying { useless_at: at } | State::Completed { until: at, .. } => Some(*at),
            State::Over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};

    fn responded(code: u16) -> Event {
        Event::Responded { code, wire: code.to_string().into_bytes() }
    }

    #[test]
    fn repeats_get_the_one_final_response_until_timer_j() {
        let mut drive = Drive::new(Server::begin(false, Instant::START));
        drive.event(Event::Repeated).event(responded(200)).event(responded(500)).until(secs(1)).event(Event::Repeated);
        let ok = |again| Action::Send { wire: b"200".to_vec(), again };
        assert_eq!(drive.log, [(millis(0), ok(false)), (secs(1), ok(true))]);
        drive.until(millis(31_999));
        assert!(!drive.machine.is_over());
        drive.until(secs(32));
        assert!(drive.machine.is_over());
    }

    #[test]
    fn a_late_answer_and_a_408_are_never_sent() {
        let mut late = Drive::new(Server::begin(false, Instant::START));
        late.until(secs(32)).event(responded(200));
        let mut timed_out = Drive::new(Server::begin(false, Instant::START));
        timed_out.event(responded(408));
        assert!(late.log.is_empty() && timed_out.log.is_empty() && timed_out.machine.is_over());
    }

    #[test]
    fn on_tcp_it_ends_with_its_answer() {
        let mut drive = Drive::new(Server::begin(true, Instant::START));
        drive.event(responded(200));
        assert!(drive.machine.is_over());
    }
}
