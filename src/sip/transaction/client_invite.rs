//! INVITE client transaction (RFC 3261 §17.1.1 with the Accepted state of RFC 6026 §7.2). Timers A, B, D, M. The ACK to a failure is
//! its own business; the ACK to a 2xx is not.

use super::{ClientAction as Action, ClientEvent as Event, PATIENCE, T1};
use crate::base::bytes;
use crate::base::{Duration, Instant, Machine};
use crate::sip::msg::{Message, Method, Request, Response};
use serde::{Deserialize, Serialize};

/// What is left of the INVITE once it is not sent again: what ACK, CANCEL and further dialogs are made of.
const NEEDED_ONCE_ANSWERED: [&str; 8] = ["Via", "Route", "From", "To", "Call-ID", "CSeq", "Authorization", "Proxy-Authorization"];

#[derive(Debug, Serialize, Deserialize)]
pub struct ClientInvite {
    reliable: bool,
    request: Request,
    state: State,
}

#[derive(Debug, Serialize, Deserialize)]
enum State {
    /// Nothing heard yet. `resend` is Timer A (not on a reliable transport), `give_up_at` Timer B.
    Calling {
        resend: Option<(Instant, Duration)>,
        give_up_at: Instant,
    },
    /// A provisional response came; whoever calls decides how long to wait.
    Proceeding,
    /// Timer D: each repeat of the failure gets the ACK again.
    Completed {
        #[serde(with = "bytes")]
        ack: Vec<u8>,
        until: Instant,
    },
    /// Timer M: every 2xx goes up, it may be another phone's (RFC 6026 §7.2).
    Accepted {
        until: Instant,
    },
    Over,
}

impl ClientInvite {
    /// Sends `request` and waits for the answer.
    #[must_use]
    pub fn begin(request: Request, reliable: bool, now: Instant, out: &mut Vec<Action>) -> Self {
        out.push(Action::Send { wire: Message::Request(request.clone()).to_bytes(), again: false });
        let resend = (!reliable).then_some((now + T1, T1));
        Self { reliable, request, state: State::Calling { resend, give_up_at: now + PATIENCE } }
    }

    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }
}

impl Machine for ClientInvite {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        let state = std::mem::replace(&mut self.state, State::Over);
        self.state = match (state, event) {
            (State::Calling { .. } | State::Proceeding, Event::Answered(response)) => {
                self.request.shrink_to(&NEEDED_ONCE_ANSWERED);
                let next = match response.code {
                    ..200 => State::Proceeding,
                    200..300 => State::Accepted { until: now + PATIENCE },
                    _ => {
                        let ack = Message::Request(ack_of_failure(&self.request, &response)).to_bytes();
                        out.push(Action::Send { wire: ack.clone(), again: false });
                        // Timer D is zero on a reliable transport (§17.1.1.2).
                        if self.reliable { State::Over } else { State::Completed { ack, until: now + PATIENCE } }
                    }
                };
                out.push(Action::Deliver(response));
                next
            }
            (State::Calling { .. }, Event::SendFailed) => {
                out.push(Action::Unreachable);
                State::Over
            }
            (State::Calling { .. } | State::Proceeding, Event::Abandoned) => {
                out.push(Action::TimedOut);
                State::Over
            }
            (State::Completed { ack, until }, Event::Answered(response)) => {
                if response.code >= 300 {
                    out.push(Action::Send { wire: ack.clone(), again: true });
                }
                State::Completed { ack, until }
            }
            (State::Accepted { until }, Event::Answered(response)) => {
                if (200..300).contains(&response.code) {
                    out.push(Action::Deliver(response));
                }
                State::Accepted { until }
            }
            (state, _) => state,
        };
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        match &mut self.state {
            State::Calling { give_up_at, .. } if *give_up_at <= now => {
                out.push(Action::TimedOut);
                self.state = State::Over;
            }
            State::Calling { resend: Some((at, interval)), .. } if *at <= now => {
                out.push(Action::Send { wire: Message::Request(self.request.clone()).to_bytes(), again: true });
                // Timer A doubles without a cap (§17.1.1.2).
                *interval *= 2;
                *at = now + *interval;
            }
            State::Completed { until, .. } | State::Accepted { until } if *until <= now => self.state = State::Over,
            State::Calling { .. } | State::Proceeding | State::Completed { .. } | State::Accepted { .. } | State::Over => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Calling { resend, give_up_at } => Some(resend.map_or(*give_up_at, |(at, _)| at.min(*give_up_at))),
            State::Completed { until, .. } | State::Accepted { until } => Some(*until),
            State::Proceeding | State::Over => None,
        }
    }
}

/// A request that goes where `invite` went: same target, top Via, Route, From, Call-ID and CSeq number.
fn beside(invite: &Request, method: Method, to: &str) -> Request {
    let mut request = Request::new(method, invite.uri.clone());
    let cseq = format!("{} {}", invite.cseq().0, request.method);
    let headers = &mut request.headers;
    headers.push("Via", invite.top_via().to_via().to_string());
    for route in invite.headers.all("Route") {
        headers.push("Route", route);
    }
    headers.push("Max-Forwards", "70");
    headers.push("From", invite.headers.get("From").unwrap_or_default());
    headers.push("To", to);
    headers.push("Call-ID", invite.call_id());
    headers.push("CSeq", cseq);
    request
}

/// The ACK to a failure (RFC 3261 §17.1.1.3).
#[must_use]
pub fn ack_of_failure(invite: &Request, response: &Response) -> Request {
    beside(invite, Method::Ack, response.headers.get("To").unwrap_or_default())
}

/// The ACK to a 2xx that came when the dialog's owner was gone, or to a re-INVITE: to the target that the 2xx names (§13.2.2.4).
#[must_use]
pub fn ack_of_success(invite: &Request, response: &Response) -> Request {
    let mut ack = ack_of_failure(invite, response);
    ack.headers.remove("Via");
    let routed_loosely =
        invite.headers.name_addrs("Route").is_ok_and(|routes| routes.first().is_none_or(|route| route.uri.param("lr").is_some()));
    if let (true, Some(target)) = (routed_loosely, crate::sip::compose::contact_of(&response.headers)) {
        ack.uri = target;
    }
    // §22.1: with the INVITE's credentials.
    for name in ["Authorization", "Proxy-Authorization"] {
        invite.headers.all(name).for_each(|value| ack.headers.push(name, value));
    }
    ack
}

/// The CANCEL of a request that has no final response yet (RFC 3261 §9.1).
#[must_use]
pub fn cancel_of(invite: &Request) -> Request {
    beside(invite, Method::Cancel, invite.headers.get("To").unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};
    use crate::sip::msg::parse;

    const INVITE: &str = "INVITE sip:95000@switch SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
        Route: <sip:p1;lr>\r\nFrom: <sip:a@a>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n";

    fn begun(reliable: bool) -> Drive<ClientInvite> {
        let Ok(Message::Request(request)) = parse(INVITE.as_bytes()) else { panic!("an INVITE") };
        Drive::new(ClientInvite::begin(request, reliable, Instant::START, &mut Vec::new()))
    }

    fn response(drive: &Drive<ClientInvite>, code: u16) -> Event {
        Event::Answered(Box::new(drive.machine.request.response(code, None, Some("t"))))
    }

    fn sent(drive: &Drive<ClientInvite>) -> Vec<(u128, String)> {
        let word = |wire: &[u8]| String::from_utf8_lossy(wire).split(' ').next().unwrap_or_default().to_owned();
        drive
            .log
            .iter()
            .filter_map(|(at, action)| match action {
                Action::Send { wire, .. } => Some((at.as_millis(), word(wire))),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn timer_a_doubles_without_a_cap_and_timer_b_ends_it() {
        let mut drive = begun(false);
        drive.until(secs(60));
        let at: Vec<u128> = sent(&drive).iter().map(|(at, _)| *at).collect();
        assert_eq!(at, [500, 1500, 3500, 7500, 15500, 31500]);
        assert_eq!(drive.log.last(), Some(&(secs(32), Action::TimedOut)));
    }

    #[test]
    fn a_failure_is_acknowledged_each_time_it_comes_until_timer_d() {
        let mut drive = begun(false);
        let busy = response(&drive, 486);
        let again = response(&drive, 486);
        drive.event(busy).until(secs(1)).event(again).until(millis(31_999));
        assert_eq!(sent(&drive), [(0, "ACK".into()), (1000, "ACK".into())]);
        assert_eq!(drive.log.iter().filter(|(_, action)| matches!(action, Action::Deliver(_))).count(), 1);
        assert!(!drive.machine.is_over());
        drive.until(secs(32));
        assert!(drive.machine.is_over());
    }

    #[test]
    fn the_ack_to_a_failure_keeps_via_route_and_number_of_its_invite() {
        let drive = begun(false);
        let invite = &drive.machine.request;
        let ack = ack_of_failure(invite, &invite.response(486, None, Some("t")));
        assert_eq!(ack.top_via(), invite.top_via());
        assert_eq!(ack.headers.get("Route"), Some("<sip:p1;lr>"));
        assert_eq!(ack.cseq(), (7, Method::Ack));
        assert_eq!(ack.to_tag(), Some("t"));
        let cancel = cancel_of(invite);
        assert_eq!((cancel.cseq(), cancel.to_tag()), ((7, Method::Cancel), None));
    }

    #[test]
    fn every_2xx_goes_up_until_timer_m() {
        let mut drive = begun(false);
        for _ in 0..3 {
            let ok = response(&drive, 200);
            drive.event(ok);
        }
        drive.until(millis(31_999));
        assert!(sent(&drive).is_empty());
        assert_eq!(drive.log.len(), 3);
        assert!(!drive.machine.is_over());
        drive.until(secs(32));
        assert!(drive.machine.is_over());
    }

    #[test]
    fn a_ringing_call_has_no_timer_of_its_own_and_can_be_abandoned() {
        let mut drive = begun(false);
        let ringing = response(&drive, 180);
        drive.until(millis(100)).event(ringing).until(secs(600));
        assert!(sent(&drive).is_empty() && drive.machine.deadline().is_none());
        drive.event(Event::Abandoned);
        assert!(drive.machine.is_over());
    }

    #[test]
    fn on_tcp_nothing_is_repeated_and_a_failure_ends_at_once() {
        let mut drive = begun(true);
        drive.until(secs(31));
        let busy = response(&drive, 486);
        drive.event(busy);
        assert_eq!(sent(&drive), [(31_000, "ACK".into())]);
        assert!(drive.machine.is_over());
    }
}
