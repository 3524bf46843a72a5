//! A phone's conversations, datagram by datagram.

use super::*;
use crate::sip::msg::Response;
use crate::sip::msg::digest::{Algorithm, Challenge, Credentials, ha1};

const SWITCH: &str = "127.0.0.1:5060";

fn phone(user: &str, password: Option<&str>) -> UserAgent {
    let ha1 = password.map(|password| ha1(Algorithm::Sha256, user, "sanling.local", password));
    let identity = Identity { user: user.to_owned(), domain: "sanling.local".to_owned(), ha1 };
    let at = |text: &str| text.parse().expect("an address");
    UserAgent::new(identity, at("127.0.0.1:40001"), at("127.0.0.1:40002"), at(SWITCH), Rng::new(1))
}

fn at(ms: u64) -> Instant {
    Instant::after_start(millis(ms))
}

fn sent(phone: &mut UserAgent) -> Vec<Message> {
    phone.take_datagrams().iter().map(|bytes| msg::parse(bytes).expect("a message")).collect()
}

#[track_caller]
fn request(phone: &mut UserAgent) -> Request {
    match sent(phone).pop() {
        Some(Message::Request(request)) => request,
        other => panic!("no request: {other:?}"),
    }
}

#[track_caller]
fn response(phone: &mut UserAgent) -> Response {
    match sent(phone).pop() {
        Some(Message::Response(response)) => response,
        other => panic!("no response: {other:?}"),
    }
}

fn tell(phone: &mut UserAgent, message: impl Into<Message>, ms: u64) {
    phone.receive(&message.into().to_bytes(), at(ms));
}

impl From<Response> for Message {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

impl From<Request> for Message {
    fn from(request: Request) -> Self {
        Self::Request(request)
    }
}

/// A 200 with a stream.
fn accepted(invite: &Request) -> Response {
    let mut ok = invite.response(200, None, Some("switch"));
    ok.headers.push("Contact", "<sip:leg@127.0.0.1:5060>");
    ok.headers.push("Content-Type", "application/sdp");
    ok.body = session::offer("127.0.0.1:20000".parse().expect("an address"), 1, Direction::SendRecv);
    ok
}

/// INVITE of the switch.
fn invitation() -> Request {
    let mut invite = Request::new(Method::Invite, "sip:1001@127.0.0.1:40001".parse().expect("a URI"));
    for (name, value) in [
        ("Via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKa"),
        ("From", "<sip:13800001234@sanling.local>;tag=s"),
        ("To", "<sip:1001@sanling.local>"),
        ("Call-ID", "b-leg"),
        ("CSeq", "1 INVITE"),
        ("Contact", "<sip:leg@127.0.0.1:5060>"),
        ("Content-Type", "application/sdp"),
    ] {
        invite.headers.push(name, value);
    }
    invite.body = accepted(&invite).body;
    invite
}

fn in_dialog(method: Method, branch: &str, phone_to: &str) -> Request {
    let mut request = invitation();
    request.headers.set("Via", format!("SIP/2.0/UDP 127.0.0.1:5060;branch={branch}"));
    request.headers.set("CSeq", format!("2 {method}"));
    request.headers.set("To", phone_to);
    request.method = method;
    request.body.clear();
    request
}

#[test]
fn registering_answers_the_challenge_of_sha_256_once() {
    let mut phone = phone("1001", Some("demo-1001"));
    phone.register(REGISTERED_FOR, at(0));
    let first = request(&mut phone);
    let challenge = Challenge { realm: "sanling.local".into(), nonce: "n".into(), algorithm: Algorithm::Sha256, stale: false };
    let challenged = |request: &Request| {
        let mut response = request.response(401, None, Some("t"));
        response.headers.push("WWW-Authenticate", challenge.to_header());
        response
    };
    tell(&mut phone, challenged(&first), 1);
    let second = request(&mut phone);
    assert_eq!(second.cseq().0, first.cseq().0 + 1);
    let credentials = second.headers.get("Authorization").and_then(Credentials::from_header).expect("credentials");
    assert!(credentials.proves(&ha1(Algorithm::Sha256, "1001", "sanling.local", "demo-1001"), "REGISTER"));
    tell(&mut phone, challenged(&second), 2);
    assert_eq!(phone.take_heard(), Some(Heard::Refused(401)));
    phone.register(REGISTERED_FOR, at(3));
    let third = request(&mut phone);
    tell(&mut phone, third.response(200, None, Some("t")), 4);
    assert_eq!(phone.take_heard(), Some(Heard::Registered));
}

/// RFC 3261 §17.1.1.2: timers A and B.
#[test]
fn an_invite_is_repeated_until_it_is_heeded_and_given_up_if_never() {
    let mut phone = phone("13800001234", None);
    phone.invite("95000", at(0));
    let mut times = vec![];
    phone.take_datagrams();
    while let Some(deadline) = phone.deadline() {
        phone.handle_timeout(deadline);
        times.extend(phone.take_datagrams().iter().map(|_| deadline.since_start().as_millis()));
    }
    assert_eq!(times, [500, 1_500, 3_500, 7_500, 15_500, 31_500]);
    assert_eq!((phone.take_heard(), phone.is_idle()), (Some(Heard::Unanswered), true));
}

#[test]
fn a_call_out_rings_is_answered_held_retrieved_and_ended() {
    let mut phone = phone("13800001234", None);
    phone.invite("95000", at(0));
    let invite = request(&mut phone);
    tell(&mut phone, invite.response(180, None, Some("switch")), 10);
    assert_eq!(phone.take_heard(), Some(Heard::Rings));
    assert!(phone.sends_to().is_none());
    tell(&mut phone, accepted(&invite), 2_000);
    let ack = request(&mut phone);
    assert_eq!((ack.method.clone(), ack.uri.to_string().as_str()), (Method::Ack, "sip:leg@127.0.0.1:5060"));
    assert_eq!(phone.take_heard(), Some(Heard::Established));
    assert_eq!(phone.sends_to().map(|remote| remote.address.port()), Some(20_000));
    tell(&mut phone, accepted(&invite), 2_500);
    assert_eq!(request(&mut phone), ack, "the 200 again: the ACK again");
    assert_eq!(phone.take_heard(), None);

    phone.hold(true, at(3_000));
    let hold = request(&mut phone);
    assert_eq!(Remote::read(&hold.body).map(|remote| remote.direction), Some(Direction::SendOnly));
    assert_eq!(hold.to_tag(), Some("switch"));
    assert!(phone.sends_to().is_none(), "a phone that holds says nothing");
    tell(&mut phone, accepted(&hold), 3_010);
    assert_eq!((phone.take_heard(), request(&mut phone).method), (Some(Heard::Reoffered), Method::Ack));
    phone.hold(false, at(4_000));
    let back = request(&mut phone);
    tell(&mut phone, accepted(&back), 4_010);
    assert!(phone.sends_to().is_some());
    phone.take_heard();
    phone.take_datagrams();

    phone.hang_up(at(5_000));
    let bye = request(&mut phone);
    assert_eq!(bye.method, Method::Bye);
    tell(&mut phone, bye.response(200, None, None), 5_010);
    assert_eq!((phone.take_heard(), phone.is_idle(), phone.deadline()), (Some(Heard::Over), true, None));
}

/// RFC 3261 §9.1.
#[test]
fn a_caller_who_leaves_cancels_once_he_was_heeded() {
    let mut phone = phone("13800001234", None);
    phone.invite("95000", at(0));
    let invite = request(&mut phone);
    phone.hang_up(at(10));
    assert!(phone.take_datagrams().is_empty());
    tell(&mut phone, invite.response(100, None, None), 20);
    let cancel = request(&mut phone);
    assert_eq!((cancel.method.clone(), cancel.top_via(), cancel.cseq().0), (Method::Cancel, invite.top_via(), invite.cseq().0));
    tell(&mut phone, cancel.response(200, None, None), 30);
    tell(&mut phone, invite.response(487, None, Some("switch")), 31);
    assert_eq!(request(&mut phone).method, Method::Ack);
    assert_eq!((phone.take_heard(), phone.is_idle(), phone.deadline()), (Some(Heard::Over), true, None));
}

#[test]
fn a_200_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut phone = phone("13800001234", None);
    phone.invite("95000", at(0));
    let invite = request(&mut phone);
    tell(&mut phone, invite.response(180, None, Some("switch")), 10);
    phone.take_heard();
    phone.hang_up(at(20));
    phone.take_datagrams();
    tell(&mut phone, accepted(&invite), 21);
    let methods: Vec<_> = sent(&mut phone)
        .into_iter()
        .map(|message| match message {
            Message::Request(request) => request.method,
            Message::Response(_) => panic!("an answer"),
        })
        .collect();
    assert_eq!(methods, [Method::Ack, Method::Bye]);
    assert_eq!(phone.take_heard(), None);
}

#[test]
fn a_call_that_comes_rings_is_answered_and_its_200_repeated_until_the_ack() {
    let mut phone = phone("1001", None);
    tell(&mut phone, invitation(), 0);
    assert_eq!(phone.take_heard(), Some(Heard::Called { caller: "13800001234".to_owned() }));
    assert_eq!(response(&mut phone).code, 100);
    phone.ring();
    let ringing = response(&mut phone);
    assert_eq!(ringing.code, 180);
    tell(&mut phone, invitation(), 500);
    assert_eq!(response(&mut phone), ringing, "a repeat");
    phone.answer(at(2_000));
    let ok = response(&mut phone);
    assert_eq!((ok.code, ok.to_tag()), (200, ringing.to_tag()));
    phone.handle_timeout(at(2_500));
    assert_eq!(response(&mut phone), ok);
    tell(&mut phone, in_dialog(Method::Ack, "z9hG4bKb", ok.headers.get("To").expect("To")), 2_600);
    assert_eq!((phone.take_heard(), phone.deadline()), (Some(Heard::Established), None));
    tell(&mut phone, in_dialog(Method::Bye, "z9hG4bKc", ok.headers.get("To").expect("To")), 9_000);
    assert_eq!((response(&mut phone).code, phone.take_heard(), phone.is_idle()), (200, Some(Heard::HungUp), true));
}

#[test]
fn a_call_that_is_withdrawn_gets_487_until_its_ack() {
    let mut phone = phone("1001", None);
    tell(&mut phone, invitation(), 0);
    phone.take_heard();
    phone.ring();
    phone.take_datagrams();
    let mut cancel = in_dialog(Method::Cancel, "z9hG4bKa", "<sip:1001@sanling.local>");
    cancel.headers.set("CSeq", "1 CANCEL");
    tell(&mut phone, cancel, 15_000);
    let codes: Vec<_> = sent(&mut phone)
        .into_iter()
        .map(|message| match message {
            Message::Response(response) => response.code,
            Message::Request(_) => panic!("a request"),
        })
        .collect();
    assert_eq!(codes, [200, 487]);
    assert_eq!(phone.take_heard(), Some(Heard::Withdrawn));
    phone.handle_timeout(at(15_500));
    assert_eq!(response(&mut phone).code, 487);
    tell(&mut phone, in_dialog(Method::Ack, "z9hG4bKa", "<sip:1001@sanling.local>"), 15_600);
    assert_eq!(phone.deadline(), None);
}
