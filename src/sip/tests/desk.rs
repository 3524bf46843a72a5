//! At the front desk: phones that register, prove who they are, and what is told to those who cannot.

use super::phone::Phone;
use super::world::{SWITCH, World, address, name, settings};
use crate::base::AgentId;
use crate::base::time::{millis, secs};
use crate::sip::msg::Message;
use crate::sip::{Command, Event, Flow, Origin, Protocol, Received};

#[test]
fn a_phone_is_challenged_and_then_bound() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:5060", "1001");
    let challenged = phone.ask(&mut world, "REGISTER", "sip:sanling.local", "1001", "Contact: <sip:1001@10.0.0.9>\r\n");
    assert_eq!(challenged.code, 401);
    let offered: Vec<_> = challenged.headers.all("WWW-Authenticate").map(str::to_owned).collect();
    assert!(offered.len() == 2 && offered[0].contains("SHA-256") && offered[1].contains("MD5"), "{offered:?}");
    assert!(offered.iter().all(|challenge| challenge.contains("realm=\"sanling.local\"")));
    let bound = phone.prove(&mut world, &challenged, "secret");
    assert_eq!((bound.code, bound.headers.get("Contact")), (200, Some("<sip:1001@10.0.0.9>;expires=600")));
    assert!(matches!(world.event(SWITCH), Event::Registered { contacts: 1, .. }));
    world.run(secs(599));
    assert_eq!(world.events(SWITCH), []);
    world.run(secs(2));
    assert_eq!(world.event(SWITCH), Event::Unregistered { agent: AgentId::new("1001"), contacts: 0 });
    world.expect_nothing_left();
}

#[test]
fn no_answer_tells_an_unknown_user_from_a_wrong_password() {
    let mut world = World::new(1);
    let shape = |response: &crate::sip::msg::Response| {
        let names: Vec<_> = response.headers.iter().map(|(name, _)| name.to_owned()).collect();
        let stale = response.headers.all("WWW-Authenticate").any(|challenge| challenge.contains("stale"));
        (response.code, response.reason.clone(), names, stale)
    };
    for method in ["REGISTER", "INVITE"] {
        let mut answers = Vec::new();
        for user in ["1001", "4711"] {
            let mut phone = Phone::new("10.0.0.9:5060", user);
            let uri = if method == "INVITE" { "sip:1002@sanling.local" } else { "sip:sanling.local" };
            let challenged = phone.ask(&mut world, method, uri, user, "Contact: <sip:x@10.0.0.9>\r\n");
            answers.push((shape(&challenged), shape(&phone.prove(&mut world, &challenged, "wrong"))));
        }
        assert_eq!(answers[0], answers[1], "{method}");
        assert_eq!(answers[0].1.0, 401);
    }
    assert!(world.events(SWITCH).is_empty());
}

#[test]
fn a_nonce_is_not_used_twice() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:5060", "1001");
    phone.register(&mut world, "");
    let replayed = phone.ask(&mut world, "REGISTER", "sip:sanling.local", "1001", &phone.last_authorization.clone());
    assert_eq!(replayed.code, 401);
    assert!(replayed.headers.get("WWW-Authenticate").is_some_and(|challenge| challenge.contains("stale=true")));
    assert_eq!(phone.prove(&mut world, &replayed, "secret").code, 200);
}

#[test]
fn a_phone_that_registers_again_leaves_one_transaction_and_its_last_request_may_come_twice() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:5060", "1001");
    phone.register(&mut world, "");
    let first = phone.proven();
    assert_eq!(world.endpoint(SWITCH).transaction_count(), 1);
    for _ in 0..5 {
        world.run(secs(1));
        phone.register(&mut world, "");
        assert_eq!(world.endpoint(SWITCH).transaction_count(), 1, "§10.2: the one before has its answer");
    }
    // The other line of the same phone, by the same Call-ID, asks for itself.
    let mut line = Phone::new("10.0.0.9:5060", "1002");
    line.call_id = Some("1001-10.0.0.9:5060".into());
    for _ in 0..50 {
        line.text("REGISTER", "", "", "");
    }
    line.register(&mut world, "");
    assert_eq!(world.endpoint(SWITCH).transaction_count(), 2);
    phone.register(&mut world, "");
    phone.register(&mut world, "");
    let bindings = world.endpoint(SWITCH).bindings(&AgentId::new("1001")).to_vec();
    let last = phone.proven();
    assert_eq!([&last, &last].map(|text| phone.repeat(&mut world, text).code), [200, 200]);
    // One that the network brings late is over: it gets no answer, least of all another one.
    phone.send(&mut world, first);
    assert_eq!(world.heard(phone.at()).len(), 0);
    assert_eq!(world.endpoint(SWITCH).bindings(&AgentId::new("1001")), bindings);
    assert_eq!(world.events(SWITCH).len(), 9);
    world.expect_nothing_left();
}

#[test]
fn a_refresh_is_marked_as_what_it_is() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:5060", "1001");
    let mut marked = |world: &mut World, params| {
        phone.register(world, params);
        let changed = world.endpoint(SWITCH).take_changed();
        (changed.agents.len(), changed.refreshed.len())
    };
    assert_eq!(marked(&mut world, ""), (1, 0));
    assert_eq!(marked(&mut world, ""), (0, 1));
    assert_eq!(marked(&mut world, ";q=0.5"), (1, 0));
    assert_eq!(marked(&mut world, ";expires=0"), (1, 0));
    assert_eq!(marked(&mut world, ";expires=0"), (0, 0));
}

#[test]
fn nobody_binds_or_calls_for_another() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:5060", "1001");
    let challenged = phone.ask(&mut world, "REGISTER", "sip:sanling.local", "1002", "Contact: <sip:x@10.0.0.9>\r\n");
    assert_eq!(phone.prove(&mut world, &challenged, "secret").code, 403);
    // From says 1002, the digest 1001.
    let mut other = Phone::new("10.0.0.9:5060", "1002");
    let challenged = other.ask(&mut world, "INVITE", "sip:95000@sanling.local", "95000", "Contact: <sip:x@10.0.0.9>\r\n");
    other.user = "1001".into();
    assert_eq!(other.prove(&mut world, &challenged, "secret").code, 403);
    // From is nobody of ours: refused, whatever is proven.
    let mut stranger = Phone::new("10.0.0.9:5060", "stranger");
    let challenged = stranger.ask(&mut world, "INVITE", "sip:95000@sanling.local", "95000", "Contact: <sip:x@10.0.0.9>\r\n");
    stranger.user = "1001".into();
    assert_eq!(stranger.prove(&mut world, &challenged, "secret").code, 401);
    assert_eq!(world.events(SWITCH), []);
    assert_eq!(world.endpoint(SWITCH).leg_count(), 0);
}

#[test]
fn an_agents_call_is_his_wherever_it_comes_from() {
    let mut world = World::new(1);
    // The address is the trunk's, the From an agent's: challenged all the same.
    for at in ["10.0.0.9:5060", "10.0.0.2:5099"] {
        let mut phone = Phone::new(at, "1001");
        let challenged = phone.ask(&mut world, "INVITE", "sip:95000@SWITCH.example", "95000", "Contact: <sip:1001@10.0.0.9>\r\n");
        assert_eq!(challenged.code, 401, "{at}");
        assert_eq!(phone.prove(&mut world, &challenged, "secret").code, 100, "{at}");
        let Event::Invited { origin, called, sdp, .. } = world.event(SWITCH) else { panic!("a call") };
        assert_eq!((origin, called.as_str(), sdp), (Origin::Account(AgentId::new("1001")), "95000", None));
    }
    let mut phone = Phone::new("10.0.0.9:5063", "1001");
    let challenged = phone.ask(&mut world, "INVITE", "sip:95000@elsewhere.example", "95000", "Contact: <sip:1001@10.0.0.9>\r\n");
    assert_eq!(phone.prove(&mut world, &challenged, "secret").code, 404, "no relay to other hosts");
}

#[test]
fn outside_of_dialogs_each_request_gets_its_answer() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:5060", "1001");
    let options = phone.ask(&mut world, "OPTIONS", "sip:10.0.0.1", "x", "");
    assert_eq!(options.code, 200);
    assert!(options.headers.has_token("Allow", "PRACK") && options.headers.has_token("Accept", "application/sdp"));
    assert!(options.headers.has_token("Supported", "timer") && options.to_tag().is_some());
    for (method, extra, code) in [
        ("BYE", "", 481),
        ("CANCEL", "", 481),
        ("UPDATE", "", 481),
        ("PRACK", "", 481),
        ("REFER", "", 403),
        ("SUBSCRIBE", "", 489),
        ("SUBSCRIBE", "Event: message-summary\r\n", 401),
        ("DANCE", "", 501),
        ("OPTIONS", "Require: dance\r\n", 420),
        ("OPTIONS", "Max-Forwards: 0\r\n", 200),
        ("INVITE", "Max-Forwards: 0\r\n", 483),
    ] {
        let answer = phone.ask(&mut world, method, "sip:10.0.0.1", "x", extra);
        assert_eq!((answer.code, answer.to_tag().is_some()), (code, true), "{method} {extra}");
    }
    assert_eq!(phone.ask(&mut world, "OPTIONS", "mailto:x@y", "x", "").code, 416);
    world.expect_nothing_left();
}

#[test]
fn a_request_of_ours_that_comes_back_is_a_loop() {
    let mut world = World::new(1);
    let flow = Flow { protocol: Protocol::Udp, local: address(SWITCH), peer: address("10.0.0.2:5099") };
    world.invite(SWITCH, 2, crate::sip::Callee::Trunk { trunk: None, number: "1".into(), host: "10.0.0.2".into(), flow }, "offer");
    world.run(millis(10));
    let invite = world.heard_request("10.0.0.2:5099");
    world.post(Protocol::Udp, flow.peer, flow.local, &Message::Request(invite).to_bytes());
    world.run(millis(10));
    assert_eq!(world.heard_line("10.0.0.2:5099"), "482");
}

#[test]
fn the_same_request_by_two_ways_is_taken_once() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.2:5099", "13800138000");
    let text = phone.text("INVITE", "sip:95000@10.0.0.1", "95000", "Contact: <sip:x@10.0.0.2:5099>\r\n");
    let other = text.replace("branch=z9hG4bK", "branch=z9hG4bKother");
    world.post(Protocol::Udp, phone.at, address(SWITCH), text.as_bytes());
    world.post(Protocol::Udp, phone.at, address(SWITCH), other.as_bytes());
    world.run(millis(10));
    assert_eq!(world.heard_line("10.0.0.2:5099"), "100 482");
    world.invited(SWITCH);
}

#[test]
fn a_stream_may_be_cut_anywhere() {
    let phone = Phone::new("10.0.0.9:40000", "1001").over_tcp();
    let whole = phone.clone().text("OPTIONS", "sip:10.0.0.1", "x", "");
    for cut in 1..whole.len() {
        let mut world = World::new(1);
        let (head, tail) = whole.as_bytes().split_at(cut);
        world.post(Protocol::Tcp, phone.at, address(SWITCH), head);
        world.run(millis(5));
        assert!(world.heard("10.0.0.9:40000").is_empty());
        world.post(Protocol::Tcp, phone.at, address(SWITCH), tail);
        world.run(millis(5));
        assert_eq!(world.heard_line("10.0.0.9:40000"), "200", "cut at {cut}");
    }
    let mut world = World::new(1);
    let second =
        phone.clone().text("OPTIONS", "sip:10.0.0.1", "y", "").replace("branch=z9hG4bK", "branch=z9hG4bKb").replace("CSeq: 1", "CSeq: 9");
    world.post(Protocol::Tcp, phone.at, address(SWITCH), format!("{whole}\r\n\r\n{second}").as_bytes());
    world.run(millis(5));
    assert_eq!(world.heard_line("10.0.0.9:40000"), "200 200", "two in one run");
}

#[test]
fn a_stream_that_cannot_be_framed_or_sleeps_is_closed() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:40000", "1001").over_tcp();
    let text = phone.text("OPTIONS", "sip:10.0.0.1", "x", "");
    let unframable: String = text.lines().filter(|line| !line.starts_with("Content-Length")).flat_map(|line| [line, "\r\n"]).collect();
    world.post(Protocol::Tcp, phone.at, address(SWITCH), unframable.as_bytes());
    world.run(millis(5));
    assert_eq!((world.heard_line("10.0.0.9:40000").as_str(), world.closed.len()), ("400", 1));
    world.post(Protocol::Tcp, phone.at, address(SWITCH), text.as_bytes());
    world.run(secs(179));
    assert_eq!(world.closed.len(), 1);
    world.run(secs(2));
    assert_eq!(world.closed.len(), 2, "idle");
}

#[test]
fn a_connection_takes_its_binding_along() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:40000", "1001").over_tcp();
    phone.register(&mut world, "");
    world.run(secs(500));
    assert!(world.closed.is_empty(), "a bound connection is not idle");
    world.events(SWITCH);
    let flow = Flow { protocol: Protocol::Tcp, local: address(SWITCH), peer: phone.at };
    world.receive(SWITCH, Received::Closed { flow });
    assert_eq!(world.event(SWITCH), Event::Unregistered { agent: AgentId::new("1001"), contacts: 0 });
}

#[test]
fn a_reload_keeps_bindings_and_drops_those_of_agents_that_are_no_more() {
    let mut world = World::new(1);
    for user in ["1001", "1002"] {
        Phone::new("10.0.0.9:5060", user).register(&mut world, "");
    }
    world.events(SWITCH);
    let mut changed = settings(SWITCH, "10.0.0.2/32");
    changed.accounts.remove("1002");
    world.endpoint(SWITCH).reconfigure(changed);
    world.run(secs(1));
    assert_eq!(world.event(SWITCH), Event::Unregistered { agent: AgentId::new("1002"), contacts: 0 });
    assert_eq!(world.endpoint(SWITCH).bindings(&AgentId::new("1001")).len(), 1);
}

#[test]
fn rubbish_is_counted_and_broken_requests_are_answered() {
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:5060", "1001");
    let broken = phone.text("OPTIONS", "sip:10.0.0.1", "x", "").replace("Max-Forwards: 70", "Max-Forwards: many");
    for bytes in [b"\r\n\r\n".to_vec(), b"\0\0\0\0".to_vec(), b"hello".to_vec(), vec![0xFF; 900], broken.into_bytes()] {
        world.post(Protocol::Udp, phone.at, address(SWITCH), &bytes);
    }
    world.run(millis(10));
    assert_eq!(world.heard_line("10.0.0.9:5060"), "400");
    let counters = world.endpoint(SWITCH).counters();
    assert_eq!((counters.dropped_malformed, counters.requests_refused), (2, 1), "keep-alives are no rubbish");
}

#[test]
fn answers_go_where_the_request_came_from() {
    // The phone wrote another address into Via, and asks for its port: RFC 3581.
    let mut world = World::new(1);
    let mut phone = Phone::new("10.0.0.9:5060", "1001");
    let text = phone.text("OPTIONS", "sip:10.0.0.1", "x", "").replace("UDP 10.0.0.9:5060;", "UDP 192.168.7.7:5062;rport;");
    world.post(Protocol::Udp, address("10.0.0.9:33333"), address(SWITCH), text.as_bytes());
    world.run(millis(10));
    let response = world.heard_response("10.0.0.9:33333");
    let via = response.top_via();
    assert_eq!((via.param("received"), via.param("rport")), (Some("10.0.0.9"), Some("33333")));
    // No rport, and its own address in Via: the port written there (RFC 3261 §18.2.2).
    let text = phone.text("OPTIONS", "sip:10.0.0.1", "x", "").replace("10.0.0.9:5060;", "10.0.0.9:5070;");
    world.post(Protocol::Udp, address("10.0.0.9:33333"), address(SWITCH), text.as_bytes());
    world.run(millis(10));
    assert_eq!(world.heard_line("10.0.0.9:5070"), "200");
}

#[test]
fn a_call_out_to_an_agent_who_is_nowhere_fails() {
    let mut world = World::new(1);
    world.invite(SWITCH, 2, crate::sip::Callee::Account(AgentId::new("1001")), "offer");
    assert!(matches!(world.event(SWITCH), Event::Failed { failure: crate::sip::Failure::Unreachable, .. }));
    world.command(SWITCH, Command::Release { leg: crate::base::LegId(2), code: 200, reason: None, retry_after: None });
    assert_eq!(world.events(SWITCH), []);
    assert!(world.wire.iter().all(|(.., message)| name(message) != "INVITE"));
}
