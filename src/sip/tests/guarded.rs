//! Scanners, guessers and floods at the door, with honest phones beside them.

use super::phone::Phone;
use super::world::{REALM, SWITCH, World, address, name};
use crate::base::time::{millis, secs};
use crate::base::{LegId, Rng};
use crate::sip::guard::Change;
use crate::sip::msg::digest::{Challenge, Credentials, ha1};
use crate::sip::msg::{Message, Response};
use crate::sip::{Command, Event, Flow, Output, Protocol, Received};

/// What a scanner may compare: everything of an answer but what is random (nonces, tags) or repeats what it sent itself.
fn seen_by_a_scanner(response: &Response) -> Vec<String> {
    let mut lines = vec![format!("{} {}", response.code, response.reason)];
    for (name, value) in response.headers.iter() {
        let value = value.split(',').filter(|part| !part.contains("nonce=")).collect::<Vec<_>>().join(",");
        let own = ["Via", "From", "Call-ID", "CSeq"].contains(&name);
        let value = if name == "To" { value.split("tag=").count().to_string() } else { value };
        lines.push(if own { name.to_owned() } else { format!("{name}: {value}") });
    }
    lines.push(String::from_utf8_lossy(&response.body).into_owned());
    lines
}

#[test]
fn no_method_tells_an_extension_that_is_there_from_one_that_is_not() {
    for method in ["REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE", "PUBLISH", "NOTIFY", "BYE", "REFER", "INFO", "ACKNOWLEDGE"] {
        for contact in ["", "Contact: <sip:x@10.0.0.66>\r\n", "Contact: <sip:x@10.0.0.66>\r\nEvent: message-summary\r\n"] {
            let mut answers = Vec::new();
            for user in ["1001", "4711"] {
                let mut world = World::new(1);
                // As svwar does it: From, To and the request URI all name the extension.
                let mut scanner = Phone::new("10.0.0.66:5060", user);
                let uri = if method == "REGISTER" { format!("sip:{REALM}") } else { format!("sip:{user}@{REALM}") };
                let first = scanner.ask(&mut world, method, &uri, user, contact);
                let mut seen = vec![seen_by_a_scanner(&first)];
                if first.code == 401 {
                    seen.push(seen_by_a_scanner(&scanner.prove(&mut world, &first, "guess")));
                }
                answers.push((seen, world.endpoint(SWITCH).counters()));
            }
            assert_eq!(answers[0], answers[1], "{method} {contact}");
        }
    }
}

#[test]
fn a_guesser_does_not_get_in_with_the_right_password_behind_the_limit() {
    let mut world = World::new(1);
    let mut guesser = Phone::new("10.0.0.66:5060", "1001");
    for guess in 0..10 {
        let challenged = guesser.ask(&mut world, "REGISTER", "sip:sanling.local", "1001", "Contact: <sip:1001@10.0.0.66>\r\n");
        assert_eq!(guesser.prove(&mut world, &challenged, &format!("guess-{guess}")).code, 401);
    }
    let Event::Source(Change::Blocked(blocked)) = world.event(SWITCH) else { panic!("a source is blocked") };
    assert_eq!((blocked.source.to_string().as_str(), blocked.until - blocked.since, blocked.times), ("10.0.0.66", secs(300), 1));
    world.heard(guesser.at());
    let text = guesser.text("REGISTER", "sip:sanling.local", "1001", "Contact: <sip:1001@10.0.0.66>\r\n");
    guesser.send(&mut world, text);
    assert_eq!(world.heard(guesser.at()).len(), 0, "not even a challenge");
    assert_eq!(world.endpoint(SWITCH).counters().dropped_of_blocked, 1);
    // The agent himself, elsewhere, notices nothing.
    Phone::new("10.0.0.9:5060", "1001").register(&mut world, "");
    world.run(secs(301));
    let events = world.events(SWITCH);
    assert!(events.iter().any(|event| matches!(event, Event::Source(Change::Released(_)))), "{events:?}");
    guesser.register(&mut world, "");
}

#[test]
fn behind_one_address_the_guesser_is_refused_and_his_neighbours_are_not() {
    let mut world = World::new(1);
    let mut honest = Phone::new("10.0.0.66:5060", "1001");
    honest.register(&mut world, "");
    let mut ports = 0;
    // From one port after another, so that no port is refused, and 1001 himself is tried, too.
    for user in ["1001", "1002"] {
        for guess in 0..12 {
            ports += 1;
            let mut guesser = Phone::new(&format!("10.0.0.66:{}", 7_000 + ports), user);
            let challenged = guesser.ask(&mut world, "REGISTER", "sip:sanling.local", user, "Contact: <sip:x@10.0.0.66>\r\n");
            assert_eq!(guesser.prove(&mut world, &challenged, &format!("guess-{guess}")).code, 401);
        }
        let mut lucky = Phone::new(&format!("10.0.0.66:{}", 8_000 + ports), user);
        let challenged = lucky.ask(&mut world, "REGISTER", "sip:sanling.local", user, "Contact: <sip:x@10.0.0.66>\r\n");
        let answered = lucky.prove(&mut world, &challenged, "secret");
        assert_eq!(answered.code, 401, "{user}: right, and behind the limit");
        assert!(answered.headers.all("WWW-Authenticate").all(|challenge| !challenge.contains("stale")), "and it is not told");
    }
    let blocked: Vec<String> = world.endpoint(SWITCH).blocked().map(|blocked| blocked.source.to_string()).collect();
    assert_eq!(blocked, ["1001@10.0.0.66", "1002@10.0.0.66"]);
    honest.register(&mut world, "");
    let challenged = honest.ask(&mut world, "INVITE", "sip:95000@sanling.local", "95000", "Contact: <sip:1001@10.0.0.66>\r\n");
    assert_eq!(honest.prove(&mut world, &challenged, "secret").code, 100, "and calls");
}

#[test]
fn wrong_answers_that_are_no_guesses_block_nobody() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:5060", "1001");
    phone.register(&mut world, "");
    // Its nonce is of another life of the switch: right digest or wrong, nothing is learnt by it.
    let foreign =
        "WWW-Authenticate: Digest realm=\"sanling.local\", nonce=\"00000000000000000000000000000000\", algorithm=MD5, qop=\"auth\"";
    let mut stranger = Phone::new("10.0.0.66:5060", "1002");
    for _ in 0..30 {
        let mut challenged = stranger.ask(&mut world, "REGISTER", "sip:sanling.local", "1002", "Contact: <sip:x@10.0.0.66>\r\n");
        challenged.headers.set("WWW-Authenticate", foreign.split_once(": ").expect("a header").1);
        assert_eq!(stranger.prove(&mut world, &challenged, "guess").code, 401);
        world.run(secs(1));
    }
    // Stale nonces, right passwords.
    for _ in 0..30 {
        let challenged = phone.ask(&mut world, "REGISTER", "sip:sanling.local", "1001", "Contact: <sip:1001@10.0.0.9>\r\n");
        world.run(secs(301));
        assert_eq!(phone.prove(&mut world, &challenged, "secret").code, 401);
    }
    assert_eq!(world.endpoint(SWITCH).blocked().count(), 0);
}

/// Half an hour at a door that is beaten at, from a seed: guessers, floods and rubbish from addresses of their own and from the honest
/// phones' own address; every phone stays registered, and what is kept stays small.
#[test]
fn half_an_hour_of_attacks_costs_no_honest_phone_its_registration() {
    for seed in 0..2 {
        let mut world = World::new(seed);
        let mut rng = Rng::new(seed);
        let mut phones = [Phone::new("10.0.0.66:5060", "1001"), Phone::new("10.0.0.67:5060", "1002")];
        for minute in 0..30 {
            if minute % 9 == 0 {
                for phone in &mut phones {
                    phone.register(&mut world, "");
                }
            }
            for attack in 0..150 {
                let host = 66 + rng.below(4);
                let mut stranger = Phone::new(&format!("10.0.0.{host}:{}", 20_000 + minute * 150 + attack), "1002");
                match rng.below(3) {
                    0 => {
                        let text = stranger.text("REGISTER", "sip:sanling.local", "1002", "Contact: <sip:x@10.0.0.66>\r\n");
                        stranger.send(&mut world, text);
                        let heard = world.heard(stranger.at());
                        if let Some(Message::Response(challenged)) = heard.last().filter(|message| name(message).starts_with("401")) {
                            let challenge =
                                challenged.headers.get("WWW-Authenticate").and_then(Challenge::from_header).expect("a challenge");
                            let credentials =
                                Credentials::answer(&challenge, "1002", "00", "REGISTER", "sip:sanling.local", "cn", 1).to_header();
                            let text = stranger.text("REGISTER", "sip:sanling.local", "1002", &format!("Authorization: {credentials}\r\n"));
                            stranger.send(&mut world, text);
                        }
                    }
                    1 => {
                        for _ in 0..30 {
                            let text = stranger.text("INVITE", "sip:95000@sanling.local", "95000", "Contact: <sip:x@10.0.0.66>\r\n");
                            world.post(Protocol::Udp, stranger.at, address(SWITCH), text.as_bytes());
                        }
                    }
                    _ => (0..30).for_each(|_| world.post(Protocol::Udp, stranger.at, address(SWITCH), b"rubbish sip:x SIP/2.0\r\n\r\n")),
                }
            }
            world.run(secs(60));
            let endpoint = world.endpoint(SWITCH);
            assert!(
                endpoint.transaction_count() <= 40,
                "seed {seed}: {} transactions of what proved nothing",
                endpoint.transaction_count()
            );
            assert_eq!(endpoint.leg_count(), 0);
        }
        let events = world.events(SWITCH);
        assert!(!events.iter().any(|event| matches!(event, Event::Unregistered { .. })), "seed {seed}: a phone was lost");
        assert!(events.iter().any(|event| matches!(event, Event::Source(Change::Blocked(_)))), "seed {seed}: and somebody was refused");
    }
}

#[test]
fn a_connection_is_trusted_once_its_phone_has_proven_itself() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:5060", "1001").over_tcp();
    let challenged = phone.ask(&mut world, "REGISTER", "sip:sanling.local", "1001", "Contact: <sip:1001@10.0.0.9>\r\n");
    assert_eq!(world.trusted, []);
    assert_eq!(phone.prove(&mut world, &challenged, "secret").code, 200);
    assert_eq!(world.trusted, [Flow { protocol: Protocol::Tcp, local: address(SWITCH), peer: phone.at }]);
    let mut out: Vec<Output> = Vec::new();
    assert_eq!(world.endpoint(SWITCH).release_blocked(None, &mut out), 0);
    world.run(millis(1));
}

/// RFC 3261 §26.1: whoever reads along knows tags, branches and numbers. He may not use them; a phone that moved may, with its password.
#[test]
fn who_overhears_a_dialog_may_not_speak_in_it() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:5060", "1001");
    let uri = "sip:95000@sanling.local";
    let challenged = phone.ask(&mut world, "INVITE", uri, "95000", "Contact: <sip:1001@10.0.0.9>\r\n");
    phone.prove(&mut world, &challenged, "secret");
    let leg = world.invited(SWITCH);
    let invite = phone.text_numbered("INVITE", uri, "95000", &format!("{}Contact: <sip:1001@10.0.0.9>\r\n", phone.last_authorization), 2);
    let mut spy = phone.clone();
    spy.at = address("10.0.0.66:5060");
    // Before the answer: a CANCEL under the INVITE's own branch, and the INVITE again.
    let branch = invite.split("branch=").nth(1).and_then(|rest| rest.split("\r\n").next()).expect("a branch").to_owned();
    let cancel = phone.text_numbered("CANCEL", uri, "95000", "", 2);
    let own = cancel.split("branch=").nth(1).and_then(|rest| rest.split("\r\n").next()).expect("a branch").to_owned();
    spy.send(&mut world, cancel.replace(&own, &branch));
    spy.send(&mut world, invite);
    assert_eq!((world.heard_line("10.0.0.66:5060").as_str(), world.heard_line(phone.at()).as_str()), ("481", ""));
    world.command(SWITCH, Command::Answer { leg, sdp: b"v=0".to_vec() });
    world.run(millis(10));
    let ok = world.heard_response_last(phone.at());
    phone.dialog_to = Some(ok.headers.get("To").expect("To").to_owned());
    (spy.dialog_to, spy.body) = (phone.dialog_to.clone(), String::new());
    // An ACK that is not the phone's ends nothing: the 200 is repeated.
    let ack = phone.text_numbered("ACK", "sip:10.0.0.1", "95000", "", 2);
    spy.send(&mut world, ack.clone());
    world.run(millis(600));
    assert_eq!(world.heard_line(phone.at()), "200");
    phone.send(&mut world, ack);
    for method in ["BYE", "INVITE", "UPDATE", "INFO"] {
        let text = phone.text_numbered(method, "sip:10.0.0.1", "95000", "Contact: <sip:x@10.0.0.66>\r\n", 7);
        spy.send(&mut world, text);
        assert_eq!(world.heard_line("10.0.0.66:5060"), "401", "{method}");
    }
    // The switch's own request is answered by him who was asked.
    world.command(SWITCH, Command::Reoffer { leg, sdp: b"v=1".to_vec() });
    world.run(millis(10));
    let asked = world.heard_request(phone.at());
    spy.reply(&mut world, &asked, 481, &[], "");
    assert_eq!(world.endpoint(SWITCH).leg_count(), 1, "the call is up");
    phone.reply(&mut world, &asked, 200, &[], "v=0");
    assert_eq!(world.endpoint(SWITCH).counters().dropped_of_strangers, 3);
    // The phone itself, from elsewhere.
    let bye = |lines: &str| phone.text_numbered("BYE", "sip:10.0.0.1", "95000", lines, 8);
    spy.send(&mut world, bye(""));
    let challenged = world.heard_response_last("10.0.0.66:5060");
    let challenge = challenged.headers.get("WWW-Authenticate").and_then(Challenge::from_header).expect("a challenge");
    let secret = ha1(challenge.algorithm, "1001", REALM, "secret");
    let credentials = Credentials::answer(&challenge, "1001", &secret, "BYE", "sip:10.0.0.1", "cn", 1).to_header();
    spy.send(&mut world, bye(&format!("Authorization: {credentials}\r\n")));
    assert_eq!(world.heard_line("10.0.0.66:5060"), "200");
    world.expect_nothing_left();
}

/// 1001 speaks from this place.
fn talks(world: &mut World, at: &str) -> (Phone, LegId) {
    let mut phone = Phone::new(at, "1001");
    phone.register(world, "");
    world.events(SWITCH);
    let leg = phone.talks(world, "95000");
    (phone, leg)
}

/// The same request in the dialog of `phone` by another, who proves himself if he is asked: the codes that he got.
fn speaks_as(world: &mut World, phone: &Phone, spy: &Phone, method: &str, number: u32) -> Vec<u16> {
    let text = |lines: &str| {
        let text = phone.text_numbered(method, "sip:10.0.0.1", "", &format!("{lines}Contact: <sip:x@{}>\r\n", spy.at()), number);
        text.replace(&format!(" {};branch", phone.at()), &format!(" {};branch", spy.at()))
    };
    world.heard(spy.at());
    spy.clone().send(world, text(""));
    let first = world.heard_response(spy.at());
    if first.code != 401 {
        return vec![first.code];
    }
    let challenge = first.headers.get("WWW-Authenticate").and_then(Challenge::from_header).expect("a challenge");
    let secret = ha1(challenge.algorithm, &spy.user, REALM, "secret");
    let credentials = Credentials::answer(&challenge, &spy.user, &secret, method, "sip:10.0.0.1", "cn", 1).to_header();
    spy.clone().send(world, text(&format!("Authorization: {credentials}\r\n")));
    vec![401, world.heard_response(spy.at()).code]
}

/// Every agent is proven somewhere. That gives him no word in a colleague's call, though he knew its tags.
#[test]
fn a_colleague_has_no_word_in_anothers_call() {
    // From elsewhere, and from behind the same NAT.
    for place in ["10.0.0.66:5060", "10.0.0.9:5071"] {
        let mut world = World::new(1);
        let (mut phone, _) = talks(&mut world, "10.0.0.9:5060");
        let mut colleague = Phone::new(place, "1002");
        colleague.register(&mut world, "");
        world.events(SWITCH);
        for method in ["BYE", "INVITE", "UPDATE", "INFO", "REFER"] {
            assert_eq!(speaks_as(&mut world, &phone, &colleague, method, 1_000_000), [401, 403], "{method} from {place}");
        }
        assert_eq!((world.events(SWITCH), world.endpoint(SWITCH).leg_count()), (vec![], 1));
        // Nothing was moved: neither its numbers nor its way.
        world.heard(phone.at());
        assert_eq!(phone.ask(&mut world, "INFO", "sip:10.0.0.1", "", "Content-Type: application/dtmf-relay\r\n").code, 200);
        assert_eq!(phone.ask(&mut world, "BYE", "sip:10.0.0.1", "", "").code, 200);
    }
}

#[test]
fn a_phone_that_moved_goes_on_with_its_call() {
    let mut world = World::new(1);
    let (phone, _) = talks(&mut world, "10.0.0.9:5060");
    let other_port = Phone::new("10.0.0.9:40001", "1001");
    assert_eq!(speaks_as(&mut world, &phone, &other_port, "INFO", 20), [200], "alone at its address");
    Phone::new("10.0.0.9:5071", "1002").register(&mut world, "");
    let other_port = Phone::new("10.0.0.9:40002", "1001");
    assert_eq!(speaks_as(&mut world, &phone, &other_port, "INFO", 21), [401, 200], "not alone: it proves itself");
    let elsewhere = Phone::new("10.0.0.77:5060", "1001");
    assert_eq!(speaks_as(&mut world, &phone, &elsewhere, "INFO", 23), [401, 200]);
    let mut elsewhere = Phone::new("10.0.0.78:5060", "1001");
    elsewhere.register(&mut world, "");
    assert_eq!(speaks_as(&mut world, &phone, &elsewhere, "BYE", 25), [200], "registered from there");
    world.expect_nothing_left();
}

#[test]
fn a_carriers_call_is_the_carriers_wherever_it_speaks_from() {
    let mut world = World::new(1);
    let mut settings = world.endpoint(SWITCH).settings().clone();
    settings.trunks[0].accept_from.push("10.0.0.3/32".parse().expect("a network"));
    world.endpoint(SWITCH).reconfigure(settings);
    Phone::new("10.0.0.66:5060", "1001").register(&mut world, "");
    world.events(SWITCH);
    let mut gateway = Phone::new("10.0.0.2:5070", "4711");
    gateway.body = "offer".into();
    assert_eq!(gateway.ask(&mut world, "INVITE", "sip:95000@sanling.local", "95000", "Contact: <sip:x@10.0.0.2:5070>\r\n").code, 100);
    gateway.body.clear();
    let leg = world.invited(SWITCH);
    gateway.is_answered(&mut world, leg);
    assert_eq!(speaks_as(&mut world, &gateway, &Phone::new("10.0.0.66:5060", "1001"), "BYE", 20), [401, 403]);
    assert_eq!(speaks_as(&mut world, &gateway, &Phone::new("10.0.0.3:5060", "4711"), "BYE", 21), [200], "its other host");
    world.expect_nothing_left();
}

/// Four bytes that must be answered are the cheapest flood there is.
#[test]
fn a_stranger_who_sends_nothing_but_pings_is_answered_seldom() {
    let mut world = World::new(1);
    let stranger = Phone::new("10.0.0.66:40000", "1001").over_tcp();
    let most = world.endpoint(SWITCH).settings().guard.requests;
    let pings = b"\r\n\r\n".repeat(4_096);
    for _ in 0..256 {
        world.receive(SWITCH, Received::Bytes { flow: stranger.flow(), bytes: pings.clone() });
    }
    let pongs = u32::try_from(world.sent_raw.len()).expect("few");
    assert!((1..=2 * most).contains(&pongs), "{pongs} answers to a million pings");
    world.run(secs(3));
    // A phone that keeps its flow is answered each time, however loud its neighbour was.
    let mut phone = Phone::new("10.0.0.66:40001", "1001").over_tcp();
    phone.register(&mut world, "");
    world.sent_raw.clear();
    for _ in 0..100 {
        phone.send(&mut world, "\r\n\r\n".into());
    }
    assert_eq!(world.sent_raw.len(), 100);
}

#[test]
fn wrong_answers_leave_no_transactions_behind() {
    let mut world = World::new(1);
    for method in ["REGISTER", "INVITE"] {
        let mut guesser = Phone::new("10.0.0.66:5060", "1001");
        let uri = if method == "INVITE" { "sip:95000@sanling.local" } else { "sip:sanling.local" };
        let challenged = guesser.ask(&mut world, method, uri, "1001", "Contact: <sip:1001@10.0.0.66>\r\n");
        let first = guesser.prove(&mut world, &challenged, "guess");
        assert_eq!((first.code, world.endpoint(SWITCH).transaction_count()), (401, 0), "{method}");
    }
}

/// RFC 3261 §13.2.2.4 would have each 2xx acknowledged; who sends hundreds does so for sport.
#[test]
fn a_callee_that_answers_a_hundred_times_is_heard_sixteen_times() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:5060", "1001");
    phone.register(&mut world, "");
    world.events(SWITCH);
    world.invite(SWITCH, 100, crate::sip::Callee::Account(crate::base::AgentId::new("1001")), "v=0");
    world.run(millis(10));
    let Some(Message::Request(invite)) = world.heard(phone.at()).pop() else { panic!("an INVITE") };
    for tag in 0..100 {
        let mut ok = invite.response(200, None, Some(&format!("fork-{tag}")));
        ok.headers.push("Contact", "<sip:1001@10.0.0.9>");
        world.post(Protocol::Udp, phone.at, address(SWITCH), &Message::Response(ok).to_bytes());
    }
    world.run(millis(10));
    let heard = world.heard(phone.at());
    let count = |wanted: &str| heard.iter().filter(|message| name(message).starts_with(wanted)).count();
    assert_eq!((count("ACK"), count("BYE")), (16, 15));
}
