//! Client transaction of every method but INVITE and ACK (RFC 3261 §17.1.2). Timers E, F, K. Knows no dialog and no socket.

use super::{ClientAction as Action, ClientEvent as Event, PATIENCE, T1, T2, T4};
use crate::base::bytes;
use crate::base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct Client {
    reliable: bool,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
enum State {
    /// Nothing heard yet. `resend` is Timer E (not on a reliable transport), `give_up_at` Timer F.
    Trying {
        #[serde(with = "bytes")]
        wire: Vec<u8>,
        resend: Option<(Instant, Duration)>,
        give_up_at: Instant,
    },
    /// A provisional response came: repeated each T2.
    Proceeding {
        #[serde(with = "bytes")]
        wire: Vec<u8>,
        resend: Option<(Instant, Duration)>,
        give_up_at: Instant,
    },
    /// Timer K: repeats of the final response are absorbed.
    Completed {
        until: Instant,
    },
    Over,
}

impl Client {
    /// Sends `wire` and waits for the answer.
    #[must_use]
    pub fn begin(wire: Vec<u8>, reliable: bool, now: Instant, out: &mut Vec<Action>) -> Self {
        let kept = wire.clone();
        out.push(Action::Send { wire, again: false });
        let wire = kept;
        let resend = (!reliable).then_some((now + T1, T1));
        Self { reliable, state: State::Trying { wire, resend, give_up_at: now + PATIENCE } }
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }
}

impl Machine for Client {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        let state = std::mem::replace(&mut self.state, State::Over);
        self.state = match (state, event) {
            (State::Trying { wire, resend, give_up_at } | State::Proceeding { wire, resend, give_up_at }, Event::Answered(response)) => {
                let provisional = response.code < 200;
                out.push(Action::Deliver(response));
                match (provisional, self.reliable) {
                    (true, _) => State::Proceeding { wire, resend, give_up_at },
                    (false, false) => State::Completed { until: now + T4 },
                    (false, true) => State::Over,
                }
            }
            (State::Trying { .. } | State::Proceeding { .. }, Event::SendFailed) => {
                out.push(Action::Unreachable);
                State::Over
            }
            (State::Trying { .. } | State::Proceeding { .. }, Event::Abandoned) => {
                out.push(Action::TimedOut);
                State::Over
            }
            (state @ (State::Completed { .. } | State::Over), _) => state,
        };
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        let proceeding = matches!(self.state, State::Proceeding { .. });
        match &mut self.state {
            State::Trying { give_up_at, .. } | State::Proceeding { give_up_at, .. } if *give_up_at <= now => {
                out.push(Action::TimedOut);
                self.state = State::Over;
            }
            State::Trying { wire, resend: Some((at, interval)), .. } | State::Proceeding { wire, resend: Some((at, interval)), .. }
                if *at <= now =>
            {
                out.push(Action::Send { wire: wire.clone(), again: true });
                // Timer E doubles up to T2, and is T2 at once after a provisional response (§17.1.2.2).
                *interval = if proceeding { T2 } else { (*interval * 2).min(T2) };
                *at = now + *interval;
            }
            State::Completed { until } if *until <= now => self.state = State::Over,
            State::Trying { .. } | State::Proceeding { .. } | State::Completed { .. } | State::Over => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Trying { resend, give_up_at, .. } | State::Proceeding { resend, give_up_at, .. } => {
                Some(resend.map_or(*give_up_at, |(at, _)| at.min(*give_up_at)))
            }
            State::Completed { until } => Some(*until),
            State::Over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};
    use crate::sip::msg::Response;

    fn begun(reliable: bool) -> (Drive<Client>, usize) {
        let mut out = Vec::new();
        let client = Client::begin(b"BYE".to_vec(), reliable, Instant::START, &mut out);
        (Drive::new(client), out.len())
    }

    fn response(code: u16) -> Event {
        Event::Answered(Box::new(Response { code, reason: String::new(), headers: crate::sip::msg::Headers::default(), body: vec![] }))
    }

    fn times(drive: &Drive<Client>) -> Vec<u128> {
        drive.log.iter().filter(|(_, action)| matches!(action, Action::Send { .. })).map(|(at, _)| at.as_millis()).collect()
    }

    #[test]
    fn an_unanswered_request_is_repeated_by_timer_e_and_given_up_by_timer_f() {
        let (mut drive, sent) = begun(false);
        drive.until(secs(60));
        assert_eq!(sent, 1);
        assert_eq!(times(&drive), [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
        assert_eq!(drive.log.last(), Some(&(secs(32), Action::TimedOut)));
        assert!(drive.machine.is_over());
    }

    #[test]
    fn after_a_provisional_response_it_is_repeated_each_t2() {
        let (mut drive, _) = begun(false);
        drive.until(millis(600)).event(response(100)).until(secs(12));
        assert_eq!(times(&drive), [500, 1500, 5500, 9500]);
    }

    #[test]
    fn on_tcp_nothing_is_repeated_and_the_end_is_at_once() {
        let (mut drive, _) = begun(true);
        drive.until(secs(31)).event(response(200));
        assert!(times(&drive).is_empty() && drive.machine.is_over());
    }

    #[test]
    fn repeats_of_the_final_response_are_absorbed_for_t4() {
        let (mut drive, _) = begun(false);
        drive.event(response(200)).until(secs(1)).event(response(200)).until(millis(4_999));
        assert!(!drive.machine.is_over());
        drive.until(secs(5));
        assert!(drive.machine.is_over());
        assert_eq!(drive.log.len(), 1, "delivered once: {:?}", drive.log);
    }

    #[test]
    fn a_failing_transport_is_told_once() {
        let (mut drive, _) = begun(false);
        drive.event(Event::SendFailed).event(Event::SendFailed).until(secs(60));
        assert_eq!(drive.log, [(Duration::ZERO, Action::Unreachable)]);
    }
}
