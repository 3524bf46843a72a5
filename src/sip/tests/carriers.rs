//! Carriers from our side: registrations and pings. The carrier is a scripted phone at the switch's trunk.

use super::phone::Phone;
use super::world::{SWITCH, World, address};
use crate::base::time::{millis, secs};
use crate::base::{Duration, Instant, LegId, TrunkId};
use crate::sip::msg::digest::{Algorithm, Challenge, Credentials, ha1};
use crate::sip::msg::{Message, Request};
use crate::sip::{Callee, Command, Event, Flow, Password, Protocol, Trunk, TrunkAccount, TrunkCause, TrunkPing, TrunkRegister, TrunkWay};

pub const HOST: &str = "10.0.0.2:5080";
const OTHER: &str = "10.0.0.2:5081";
pub const MD5: (&str, &str) = ("WWW-Authenticate", "Digest realm=\"carrier.example\", nonce=\"abc\", qop=\"auth\", opaque=\"xyz\"");
pub const SHA256: (&str, &str) =
    ("WWW-Authenticate", "Digest realm=\"carrier.example\", nonce=\"def\", algorithm=SHA-256, qop=\"auth,auth-int\"");
pub const STALE: (&str, &str) = ("WWW-Authenticate", "Digest realm=\"carrier.example\", nonce=\"new\", qop=\"auth\", stale=true");

pub fn flow(host: &str) -> Flow {
    Flow { protocol: Protocol::Udp, local: address(SWITCH), peer: address(host) }
}

pub fn id() -> TrunkId {
    TrunkId::new("carrier")
}

pub fn trunk(hosts: &[&str]) -> Trunk {
    let mut trunk = Trunk::accepting(id(), vec!["10.0.0.2/32".parse().expect("a network")]);
    trunk.ways = hosts.iter().map(|host| TrunkWay { host: (*host).to_owned(), flow: flow(host) }).collect();
    trunk.account = Some(TrunkAccount { user: "us".into(), password: Password::new("secret") });
    trunk
}

fn registering(hosts: &[&str]) -> Trunk {
    let register = TrunkRegister { user: "4000".into(), domain: "carrier.example".into(), expires: secs(600) };
    Trunk { register: Some(register), ..trunk(hosts) }
}

fn pinging(hosts: &[&str]) -> Trunk {
    Trunk { ping: Some(TrunkPing { every: secs(30), failures: 3 }), ..trunk(hosts) }
}

pub fn configure(world: &mut World, trunks: Vec<Trunk>) {
    let settings = crate::sip::Settings { trunks, ..world.endpoint(SWITCH).settings().clone() };
    world.endpoint(SWITCH).reconfigure(settings);
    world.run(millis(10));
}

/// A carrier that is registered with, and the REGISTER that it got.
fn asked(trunk: Trunk) -> (World, Phone, Request) {
    let mut world = World::new(1);
    let carrier = Phone::new(HOST, "carrier");
    configure(&mut world, vec![trunk]);
    let register = world.heard_request(HOST);
    (world, carrier, register)
}

pub fn credentials(request: &Request) -> Option<Credentials> {
    ["Authorization", "Proxy-Authorization"].iter().find_map(|name| request.headers.get(name)).and_then(Credentials::from_header)
}

/// Whether it is the right answer to this challenge, and the how manyeth.
pub fn proves(request: &Request, challenge: (&str, &str)) -> Option<u32> {
    let challenge = Challenge::from_header(challenge.1).expect("a challenge");
    let credentials = credentials(request)?;
    let secret = ha1(challenge.algorithm, "us", &challenge.realm, "secret");
    assert_eq!((credentials.uri.as_str(), &credentials.nonce), (request.uri.to_string().as_str(), &challenge.nonce));
    credentials.proves(&secret, request.method.as_str()).then_some(credentials.nc?)
}

/// Registered for a time, by the answer to one challenge.
fn registered(expires: &str) -> (World, Phone, Instant) {
    let (mut world, mut carrier, first) = asked(registering(&[HOST]));
    carrier.reply(&mut world, &first, 401, &[MD5], "");
    let second = world.heard_request(HOST);
    assert_eq!(proves(&second, MD5), Some(1));
    let since = world.now;
    carrier.reply(&mut world, &second, 200, &[("Expires", expires)], "");
    (world, carrier, since)
}

/// What the carrier hears next, and how long that took.
fn next(world: &mut World, at: &str, most: Duration) -> Option<(Request, Duration)> {
    let begin = world.now;
    while world.now - begin < most {
        world.run(millis(100));
        if let Some(Message::Request(request)) = world.heard(at).into_iter().next() {
            return Some((request, world.now - begin));
        }
    }
    None
}

fn not(cause: TrunkCause) -> Event {
    Event::TrunkUnregistered { trunk: id(), cause }
}

#[test]
fn a_trunk_is_registered_proven_and_renewed_before_its_time() {
    let (mut world, mut carrier, first) = asked(registering(&[HOST]));
    assert_eq!((first.uri.to_string().as_str(), first.to().to_string().as_str()), ("sip:carrier.example", "<sip:4000@carrier.example>"));
    assert_eq!((first.headers.get("Contact"), first.headers.get("Expires")), (Some("<sip:4000@10.0.0.1:5060>"), Some("600")));
    assert!(credentials(&first).is_none());
    // The better algorithm, which it names first.
    carrier.reply(&mut world, &first, 401, &[SHA256, MD5], "");
    let second = world.heard_request(HOST);
    assert_eq!(proves(&second, SHA256), Some(1));
    assert_eq!((second.call_id(), second.cseq().0, second.from_tag()), (first.call_id(), first.cseq().0 + 1, first.from_tag()));
    assert_eq!(world.events(SWITCH), []);
    carrier.reply(
        &mut world,
        &second,
        200,
        &[("Contact", "<sip:4000@10.0.0.1:5060>;expires=100, <sip:4000@10.9.9.9>;expires=7"), ("Expires", "3600")],
        "",
    );
    assert_eq!(world.event(SWITCH), Event::TrunkRegistered { trunk: id(), flow: flow(HOST), life: secs(100) });
    // Between 80 and 90 % of it, and proven unasked.
    let (third, after) = next(&mut world, HOST, secs(100)).expect("a renewal");
    assert!((secs(79)..=secs(91)).contains(&after), "{after:?}");
    assert_eq!((proves(&third, SHA256), third.call_id()), (Some(2), first.call_id()));
    carrier.reply(&mut world, &third, 200, &[("Expires", "100")], "");
    assert_eq!(world.events(SWITCH), [], "told once");
}

#[test]
fn an_old_nonce_is_answered_anew_and_a_wrong_password_is_not_tried_twice() {
    for (second, again) in [(STALE, true), (MD5, true)] {
        // Of a nonce that was answered unasked even a carrier that does not say so may mean that it is old.
        let (mut world, mut carrier, _) = registered("100");
        world.events(SWITCH);
        let (renewal, _) = next(&mut world, HOST, secs(100)).expect("a renewal");
        carrier.reply(&mut world, &renewal, 401, &[second], "");
        assert_eq!(proves(&world.heard_request(HOST), second), again.then_some(1));
        assert_eq!(world.events(SWITCH), []);
    }
    let (mut world, mut carrier, first) = asked(registering(&[HOST]));
    carrier.reply(&mut world, &first, 401, &[MD5], "");
    let second = world.heard_request(HOST);
    carrier.reply(&mut world, &second, 401, &[MD5], "");
    assert_eq!(world.event(SWITCH), not(TrunkCause::Status { code: 401 }));
    let (third, after) = next(&mut world, HOST, secs(120)).expect("asked again");
    assert!((secs(29)..=secs(61)).contains(&after) && credentials(&third).is_none(), "{after:?}");
    // Stale for ever: a carrier that is mad is not asked for ever.
    let mut request = third;
    for _ in 0..3 {
        carrier.reply(&mut world, &request, 401, &[STALE], "");
        request = world.heard_request(HOST);
    }
    carrier.reply(&mut world, &request, 401, &[STALE], "");
    assert_eq!((world.heard(HOST).len(), world.events(SWITCH)), (0, vec![]), "and told once");
}

#[test]
fn a_carrier_decides_how_long() {
    let (mut world, mut carrier, first) = asked(registering(&[HOST]));
    carrier.reply(&mut world, &first, 423, &[("Min-Expires", "1800")], "");
    let second = world.heard_request(HOST);
    assert_eq!(second.headers.get("Expires"), Some("1800"));
    carrier.reply(&mut world, &second, 200, &[], "");
    assert_eq!(world.event(SWITCH), Event::TrunkRegistered { trunk: id(), flow: flow(HOST), life: secs(1_800) });
    // One that wants more than it says, or nonsense, is a failure like any other.
    for line in [("Min-Expires", "60"), ("Min-Expires", "soon"), ("Min-Expires", "4294967295")] {
        let (mut world, mut carrier, first) = asked(registering(&[HOST]));
        carrier.reply(&mut world, &first, 423, &[line], "");
        assert_eq!((world.event(SWITCH), world.heard(HOST).len()), (not(TrunkCause::Status { code: 423 }), 0), "{line:?}");
    }
}

#[test]
fn a_registration_that_cannot_be_renewed_ends_when_its_time_is_over() {
    let (mut world, _, since) = registered("100");
    world.events(SWITCH);
    world.run(secs(99).saturating_sub(world.now - since));
    assert_eq!(world.events(SWITCH), []);
    world.run(secs(2));
    assert_eq!(world.event(SWITCH), not(TrunkCause::Expired));
    world.run(secs(200));
    assert_eq!(world.event(SWITCH), not(TrunkCause::Silent), "the reason, once");
    // One that refuses has us no more, at once; one that is out of order may.
    for (code, events) in [(403, vec![not(TrunkCause::Status { code: 403 })]), (503, vec![])] {
        let (mut world, mut carrier, _) = registered("100");
        world.events(SWITCH);
        let (renewal, _) = next(&mut world, HOST, secs(100)).expect("a renewal");
        carrier.reply(&mut world, &renewal, code, &[], "");
        assert_eq!(world.events(SWITCH), events, "{code}");
    }
}

#[test]
fn failures_are_tried_again_later_each_time_and_not_all_at_once() {
    let (mut world, mut carrier, mut request) = asked(registering(&[HOST]));
    let mut waits = Vec::new();
    for _ in 0..9 {
        carrier.reply(&mut world, &request, 500, &[], "");
        let (again, after) = next(&mut world, HOST, secs(2_000)).expect("asked again");
        waits.push(after.as_secs());
        request = again;
    }
    for (place, wait) in waits.iter().enumerate() {
        let most = (30 << (place + 1).min(16)).min(1_800);
        assert!((most / 2 - 1..=most + 1).contains(wait), "{waits:?}");
    }
    // Not before it is told to.
    carrier.reply(&mut world, &request, 503, &[("Retry-After", "1790 (later)")], "");
    assert!(next(&mut world, HOST, secs(2_000)).expect("asked again").1 >= secs(1_789));
    assert_eq!(world.events(SWITCH), [not(TrunkCause::Status { code: 500 }), not(TrunkCause::Status { code: 503 })]);
}

#[test]
fn the_next_host_is_asked_when_one_does_not_answer() {
    let (mut world, _, _) = asked(registering(&[HOST, OTHER]));
    world.run(millis(32_300));
    assert_eq!(world.event(SWITCH), not(TrunkCause::Silent));
    let register = world.heard_request(OTHER);
    let mut other = Phone::new(OTHER, "carrier");
    other.reply(&mut world, &register, 200, &[("Expires", "3600")], "");
    assert_eq!(world.event(SWITCH), Event::TrunkRegistered { trunk: id(), flow: flow(OTHER), life: secs(3_600) });
    // The hosts change their order; the one that has us is gone.
    configure(&mut world, vec![registering(&[OTHER, HOST])]);
    world.heard(HOST);
    assert_eq!((world.heard(OTHER).len(), world.events(SWITCH)), (0, vec![]));
    configure(&mut world, vec![registering(&[HOST])]);
    assert_eq!((world.heard(HOST).len(), world.heard(OTHER).len()), (1, 0));
    // No address is known, and then one.
    let mut world = World::new(1);
    configure(&mut world, vec![registering(&[])]);
    assert_eq!(world.event(SWITCH), not(TrunkCause::Unreachable));
    configure(&mut world, vec![registering(&[HOST])]);
    assert_eq!(world.heard(HOST).len(), 1);
}

#[test]
fn what_is_not_wanted_any_more_is_taken_back() {
    let (mut world, mut carrier, _) = registered("3600");
    world.events(SWITCH);
    // Who else may call in is another matter.
    configure(&mut world, vec![Trunk { accept_from: Vec::new(), ..registering(&[HOST]) }]);
    assert_eq!((world.heard(HOST).len(), world.events(SWITCH)), (0, vec![]));
    configure(&mut world, vec![trunk(&[HOST])]);
    let last = world.heard_request(HOST);
    assert_eq!((last.headers.get("Expires"), proves(&last, MD5)), (Some("0"), Some(2)));
    carrier.reply(&mut world, &last, 200, &[], "");
    assert_eq!(world.event(SWITCH), not(TrunkCause::Removed));
    world.run(secs(4_000));
    assert_eq!((world.heard(HOST).len(), world.events(SWITCH)), (0, vec![]));
    world.expect_nothing_left();
    // Another account: the old one is taken back, the new one registered.
    let (mut world, _, _) = registered("3600");
    world.events(SWITCH);
    let account = Some(TrunkAccount { user: "others".into(), password: Password::new("x") });
    configure(&mut world, vec![Trunk { account, ..registering(&[HOST]) }]);
    let expires: Vec<_> = world.heard(HOST).iter().map(|message| message.headers().get("Expires").unwrap_or_default().to_owned()).collect();
    assert_eq!(expires, ["0", "600"]);
}

#[test]
fn strangers_register_nothing() {
    let (mut world, _, first) = asked(registering(&[HOST]));
    let mut stranger = Phone::new("10.0.0.66:5060", "x");
    stranger.reply(&mut world, &first, 200, &[("Expires", "3600")], "");
    assert_eq!(world.events(SWITCH), []);
    assert_eq!(world.endpoint(SWITCH).counters().dropped_of_strangers, 1);
}

#[test]
fn a_host_goes_down_and_comes_up() {
    let mut world = World::new(1);
    let mut carrier = Phone::new(HOST, "carrier");
    configure(&mut world, vec![pinging(&[HOST])]);
    let options = world.heard_request(HOST);
    assert_eq!((options.method.as_str(), options.uri.to_string().as_str()), ("OPTIONS", "sip:10.0.0.2:5080"));
    // Any answer will do, even one that refuses.
    carrier.reply(&mut world, &options, 404, &[], "");
    let up = Event::TrunkUp { trunk: id(), flow: flow(HOST) };
    assert_eq!(world.event(SWITCH), up);
    let (options, after) = next(&mut world, HOST, secs(40)).expect("asked again");
    assert!((secs(26)..=secs(31)).contains(&after), "{after:?}");
    carrier.reply(&mut world, &options, 200, &[], "");
    assert_eq!(world.events(SWITCH), []);
    // Twice out of order, then well: not down.
    for code in [503, 408, 200] {
        let (options, _) = next(&mut world, HOST, secs(40)).expect("asked again");
        carrier.reply(&mut world, &options, code, &[], "");
    }
    assert_eq!(world.events(SWITCH), []);
    // Three times nothing.
    world.run(secs(29 + 2 * 27));
    assert_eq!(world.events(SWITCH), [], "not before");
    world.run(secs(20));
    assert_eq!(world.event(SWITCH), Event::TrunkDown { trunk: id(), flow: flow(HOST), cause: TrunkCause::Silent });
    world.run(secs(120));
    assert_eq!(world.events(SWITCH), [], "told once");
    world.heard(HOST);
    // Those that were given up are still repeated; it answers them all.
    for _ in 0..40 {
        answers_all(&mut world, &mut carrier);
    }
    assert_eq!(world.event(SWITCH), up);
    // An answer that comes too late is none, and what is not wanted is not asked.
    configure(&mut world, vec![trunk(&[HOST])]);
    world.heard(HOST);
    world.run(secs(120));
    assert_eq!((world.heard(HOST).len(), world.events(SWITCH)), (0, vec![]));
    world.expect_nothing_left();
}

/// Answers what it was asked within a second.
fn answers_all(world: &mut World, carrier: &mut Phone) {
    world.run(secs(1));
    for message in world.heard(carrier.at()) {
        if let Message::Request(options) = message {
            carrier.reply(world, &options, 200, &[], "");
        }
    }
}

#[test]
fn each_host_is_asked_for_itself() {
    let mut world = World::new(1);
    configure(&mut world, vec![pinging(&[HOST, OTHER])]);
    let mut other = Phone::new(OTHER, "carrier");
    for _ in 0..110 {
        answers_all(&mut world, &mut other);
    }
    let down = Event::TrunkDown { trunk: id(), flow: flow(HOST), cause: TrunkCause::Silent };
    assert_eq!(world.events(SWITCH), [Event::TrunkUp { trunk: id(), flow: flow(OTHER) }, down]);
    world.receive(SWITCH, crate::sip::Received::SendFailed { flow: flow(OTHER) });
    assert_eq!(world.events(SWITCH), [], "once is not three times");
}

/// Two names of one host, or two records: it is one host, and is up while it answers.
#[test]
fn two_ways_that_lead_to_one_place_are_one_host() {
    let mut world = World::new(1);
    let mut carrier = Phone::new(HOST, "carrier");
    let mut trunk = pinging(&[HOST, HOST]);
    trunk.ways[1].host = "another.example".to_owned();
    configure(&mut world, vec![trunk]);
    for _ in 0..200 {
        answers_all(&mut world, &mut carrier);
    }
    assert_eq!(world.events(SWITCH), [Event::TrunkUp { trunk: id(), flow: flow(HOST) }]);
}

#[test]
fn no_log_shows_a_password() {
    assert!(!format!("{:?}", trunk(&[HOST])).contains("secret"));
}

/// A call out to a carrier whose proxy asks who we are, within the call, too.
fn up_with_account(world: &mut World) -> Phone {
    let mut with_trunk = world.endpoint(SWITCH).settings().clone();
    with_trunk.trunks = vec![trunk(&[HOST])];
    world.endpoint(SWITCH).reconfigure(with_trunk);
    let callee = Callee::Trunk { trunk: Some(id()), number: "10086".into(), host: "c.example".into(), flow: flow(HOST) };
    world.invite(SWITCH, 2, callee, "offer");
    world.run(millis(10));
    let mut carrier = Phone::new(HOST, "us");
    let invite = world.heard_request(carrier.at());
    carrier.reply(world, &invite, 200, &[("Session-Expires", "600;refresher=uac")], "answer");
    assert_eq!(world.heard_line(carrier.at()), "ACK");
    world.events(SWITCH);
    carrier
}

/// What is asked is challenged, and comes again with the right proof.
#[track_caller]
fn proves_itself(world: &mut World, carrier: &mut Phone, method: &str) -> Request {
    let asked = world.heard_request(carrier.at());
    assert_eq!((asked.method.as_str(), asked.headers.get("Proxy-Authorization")), (method, None));
    let challenge = ("Proxy-Authenticate", "Digest realm=\"c.example\", nonce=\"n\", algorithm=MD5, qop=\"auth\"");
    carrier.reply(world, &asked, 407, &[challenge], "");
    let again = world.heard(carrier.at()).into_iter().find_map(|message| match message {
        Message::Request(request) if request.method.as_str() == method => Some(request),
        _ => None,
    });
    let again = again.expect("once more");
    let secret = ha1(Algorithm::Md5, "us", "c.example", "secret");
    assert!(credentials(&again).expect("a proof").proves(&secret, method));
    assert_eq!(again.cseq().0, asked.cseq().0 + 1);
    again
}

#[test]
fn a_carrier_that_asks_within_the_call_who_we_are_is_told() {
    let mut world = World::new(1);
    let mut carrier = up_with_account(&mut world);
    world.run(secs(300));
    let refresh = proves_itself(&mut world, &mut carrier, "INVITE");
    carrier.reply(&mut world, &refresh, 200, &[("Session-Expires", "600;refresher=uac")], "answer");
    let ack = world.heard_request(carrier.at());
    assert_eq!((ack.method.as_str(), ack.headers.get("Proxy-Authorization").is_some()), ("ACK", true));
    assert_eq!(world.events(SWITCH), []);
    world.command(SWITCH, Command::Release { leg: LegId(2), code: 200, reason: None, retry_after: None });
    world.run(millis(10));
    let bye = proves_itself(&mut world, &mut carrier, "BYE");
    assert_eq!(world.events(SWITCH), [], "it is not over before the carrier says so");
    carrier.reply(&mut world, &bye, 200, &[], "");
    assert!(matches!(world.event(SWITCH), Event::Released { .. }));
    world.expect_nothing_left();
}

#[test]
fn a_proof_that_is_not_taken_is_not_given_twice() {
    let mut world = World::new(1);
    let mut carrier = up_with_account(&mut world);
    world.command(SWITCH, Command::Release { leg: LegId(2), code: 200, reason: None, retry_after: None });
    world.run(millis(10));
    let bye = proves_itself(&mut world, &mut carrier, "BYE");
    carrier.reply(&mut world, &bye, 407, &[("Proxy-Authenticate", "Digest realm=\"c.example\", nonce=\"m\", algorithm=MD5")], "");
    assert_eq!(world.heard_line(carrier.at()), "");
    assert!(matches!(world.event(SWITCH), Event::Released { .. }));
    world.expect_nothing_left();
}
