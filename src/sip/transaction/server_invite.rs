//! INVITE server transaction (RFC 3261 §17.2.1 with the Accepted state of RFC 6026 §7.1). Timers G, H, I, L. A 2xx is sent once here;
//! who answered repeats it until the ACK.

use super::{PATIENCE, ServerAction as Action, ServerEvent as Event, T1, T2, T4};
use crate::base::bytes;
use crate::base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct ServerInvite {
    reliable: bool,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
enum State {
    /// A repeated INVITE gets the last provisional response again. Bounded by the leg that answers.
    Proceeding {
        #[serde(with = "bytes::option")]
        last: Option<Vec<u8>>,
    },
    /// A failure waits for its ACK. `resend` is Timer G (not on a reliable transport), `give_up_at` Timer H.
    Completed {
        #[serde(with = "bytes")]
        wire: Vec<u8>,
        resend: Option<(Instant, Duration)>,
        give_up_at: Instant,
    },
    /// Timer I: repeats of the ACK are absorbed.
    Confirmed {
        until: Instant,
    },
    /// Timer L: repeats of the INVITE are absorbed after a 2xx (RFC 6026 §7.1).
    Accepted {
        until: Instant,
    },
    Over,
}

impl ServerInvite {
    #[must_use]
    pub fn begin(reliable: bool) -> Self {
        Self { reliable, state: State::Proceeding { last: None } }
    }

    /// Whether nothing was answered yet: 100 is due (§17.2.1).
    #[must_use]
    pub fn is_silent(&self) -> bool {
        matches!(self.state, State::Proceeding { last: None })
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }
}

impl Machine for ServerInvite {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        match (&mut self.state, event) {
            (State::Proceeding { last }, Event::Responded { code, wire }) => {
                match code {
                    ..200 => *last = Some(wire.clone()),
                    200..300 => self.state = State::Accepted { until: now + PATIENCE },
                    _ => {
                        let resend = (!self.reliable).then_some((now + T1, T1));
                        self.state = State::Completed { wire: wire.clone(), resend, give_up_at: now + PATIENCE };
                    }
                }
                out.push(Action::Send { wire, again: false });
            }
            (State::Proceeding { last: Some(wire) } | State::Completed { wire, .. }, Event::Repeated) => {
                out.push(Action::Send { wire: wire.clone(), again: true });
            }
            (State::Completed { .. }, Event::Acked) => {
                self.state = if self.reliable { State::Over } else { State::Confirmed { until: now + T4 } };
            }
            (
                State::Proceeding { .. } | State::Completed { .. } | State::Confirmed { .. } | State::Accepted { .. } | State::Over,
                Event::Repeated | Event::Acked | Event::Responded { .. },
            ) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        match &mut self.state {
            State::Completed { give_up_at, .. } if *give_up_at <= now => self.state = State::Over,
            State::Completed { wire, resend: Some((at, interval)), .. } if *at <= now => {
                out.push(Action::Send { wire: wire.clone(), again: true });
                *interval = (*interval * 2).min(T2);
                *at = now + *interval;
            }
            State::Confirmed { until } | State::Accepted { until } if *until <= now => self.state = State::Over,
            State::Proceeding { .. } | State::Completed { .. } | State::Confirmed { .. } | State::Accepted { .. } | State::Over => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Completed { resend, give_up_at, .. } => Some(resend.map_or(*give_up_at, |(at, _)| at.min(*give_up_at))),
            State::Confirmed { until } | State::Accepted { until } => Some(*until),
            State::Proceeding { .. } | State::Over => None,
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

    fn sent(drive: &Drive<ServerInvite>) -> Vec<(u128, String)> {
        drive.log.iter().map(|(at, Action::Send { wire, .. })| (at.as_millis(), String::from_utf8_lossy(wire).into_owned())).collect()
    }

    #[test]
    fn a_repeated_invite_gets_the_last_provisional_again() {
        let mut drive = Drive::new(ServerInvite::begin(false));
        drive.event(responded(100)).event(responded(180)).event(Event::Repeated);
        assert_eq!(sent(&drive), [(0, "100".into()), (0, "180".into()), (0, "180".into())]);
    }

    #[test]
    fn a_failure_is_repeated_by_timer_g_until_the_ack() {
        let mut drive = Drive::new(ServerInvite::begin(false));
        drive.event(responded(486)).until(secs(16));
        let at: Vec<u128> = sent(&drive).iter().map(|(at, _)| *at).collect();
        assert_eq!(at, [0, 500, 1500, 3500, 7500, 11500, 15500]);
        drive.event(Event::Acked).until(millis(20_999));
        assert!(!drive.machine.is_over());
        drive.event(Event::Acked).until(secs(21));
        assert!(drive.machine.is_over(), "Timer I");
        assert_eq!(drive.log.len(), 7);
    }

    #[test]
    fn without_an_ack_timer_h_ends_it_even_on_tcp() {
        for reliable in [false, true] {
            let mut drive = Drive::new(ServerInvite::begin(reliable));
            drive.event(responded(486)).until(millis(31_999));
            assert!(!drive.machine.is_over());
            drive.until(secs(32));
            assert!(drive.machine.is_over());
            assert_eq!(drive.log.len() == 1, reliable, "repeated over UDP alone");
        }
    }

    #[test]
    fn after_a_2xx_repeats_of_the_invite_are_absorbed_until_timer_l() {
        let mut drive = Drive::new(ServerInvite::begin(false));
        drive.event(responded(200)).event(Event::Repeated).event(responded(486)).until(millis(31_999));
        assert_eq!(sent(&drive), [(0, "200".into())]);
        assert!(!drive.machine.is_over());
        drive.until(secs(32));
        assert!(drive.machine.is_over());
    }
}
