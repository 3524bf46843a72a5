//! Phones behind an edge proxy, and phones that keep their flows up: Path, Service-Route, RFC 5626.

use super::carriers::HOST as CARRIER;
use super::phone::Phone;
use super::world::{SWITCH, World, address, settings};
use crate::base::time::{millis, secs};
use crate::base::{AgentId, Instant, LegId, TrunkId};
use crate::sip::msg::{Request, Response};
use crate::sip::{Callee, Command, Event, Flow, Password, Protocol, Received, Trunk, TrunkAccount, TrunkRegister, TrunkWay};

/// The proxy, which all that its phones send comes from.
const EDGE: &str = "10.0.0.5:5060";
const LEG: LegId = LegId(2);

fn agent() -> AgentId {
    AgentId::new("1001")
}

/// A phone of which nothing is seen but its proxy.
fn behind(world: &mut World, contact: &str, lines: &str) -> (Phone, Response) {
    // One proxy, and as many phones behind it as registered.
    let number = u32::try_from((world.now - Instant::START).as_millis()).expect("a short test");
    let mut proxy = Phone::new(EDGE, "1001").numbered_from(number);
    proxy.call_id = Some(format!("register-{number}"));
    let via = "Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKphone;received=203.0.113.9\r\n";
    let answer = proxy.registers(world, &format!("{via}Contact: {contact}\r\n{lines}"));
    (proxy, answer)
}

fn contacts(response: &Response) -> Vec<String> {
    response.headers.all("Contact").map(str::to_owned).collect()
}

fn routes(request: &Request) -> Vec<String> {
    request.headers.all("Route").map(str::to_owned).collect()
}

fn called(world: &mut World) {
    world.events(SWITCH);
    world.invite(SWITCH, LEG.0, Callee::Account(agent()), "offer");
    world.run(millis(10));
}

#[test]
fn a_phone_behind_an_edge_proxy_is_reached_through_it_after_a_restart_too() {
    let mut world = World::new(1);
    let mut edged = settings(SWITCH, "10.0.0.2/32");
    edged.service_route = vec!["<sip:10.0.0.1;lr>".into()];
    world.endpoint(SWITCH).reconfigure(edged);
    let path = "Path: <sip:tok@10.0.0.5;lr>, <sip:inner.example;lr>\r\n";
    let (mut proxy, answer) = behind(&mut world, "<sip:1001@192.168.1.20:5060>", &format!("Supported: path\r\nRequire: path\r\n{path}"));
    assert_eq!(answer.code, 200);
    assert_eq!(answer.headers.all("Path").collect::<Vec<_>>().join(", "), "<sip:tok@10.0.0.5;lr>, <sip:inner.example;lr>");
    assert_eq!(answer.headers.get("Service-Route"), Some("<sip:10.0.0.1;lr>"));
    assert_eq!(answer.headers.get("Supported"), Some("path, outbound"));
    world.restart(SWITCH, secs(2));
    called(&mut world);
    let invite = world.heard_request(EDGE);
    assert_eq!(invite.uri.to_string(), "sip:1001@192.168.1.20:5060");
    assert_eq!(routes(&invite), ["<sip:tok@10.0.0.5;lr>", "<sip:inner.example;lr>"]);
    // The proxy stays in the dialog; the Path was the way in alone.
    proxy.reply(&mut world, &invite, 200, &[("Record-Route", "<sip:10.0.0.5;lr;ftag=x>")], "answer");
    let ack = world.heard_request(EDGE);
    assert_eq!(routes(&ack), ["<sip:10.0.0.5;lr;ftag=x>"]);
    world.command(SWITCH, Command::Release { leg: LEG, code: 200, reason: None, retry_after: None });
    world.run(millis(10));
    let bye = world.heard_request(EDGE);
    assert_eq!(routes(&bye), ["<sip:10.0.0.5;lr;ftag=x>"]);
    proxy.reply(&mut world, &bye, 200, &[], "");
    world.expect_nothing_left();
}

#[test]
fn a_phone_without_a_path_is_told_of_none_and_a_bad_one_is_refused() {
    let mut world = World::new(1);
    let mut edged = settings(SWITCH, "10.0.0.2/32");
    edged.service_route = vec!["<sip:10.0.0.1;lr>".into()];
    world.endpoint(SWITCH).reconfigure(edged);
    let mut phone = Phone::new("10.0.0.9:5060", "1001");
    let answer = phone.registers(&mut world, "Contact: <sip:1001@10.0.0.9>\r\n");
    assert_eq!((answer.code, answer.headers.get("Path"), answer.headers.get("Service-Route")), (200, None, None));
    called(&mut world);
    assert!(routes(&world.heard_request("10.0.0.9:5060")).is_empty());
    assert_eq!(behind(&mut world, "<sip:1001@192.168.1.20>", "Path: no hop at all <\r\n").1.code, 400);
    let nine: Vec<String> = (0..9).map(|n| format!("<sip:hop{n}.example;lr>")).collect();
    assert_eq!(behind(&mut world, "<sip:1001@192.168.1.20>", &format!("Path: {}\r\n", nine.join(", "))).1.code, 400);
    assert_eq!(world.endpoint(SWITCH).bindings(&agent()).len(), 1, "all or nothing");
}

#[test]
fn a_path_leads_nowhere_but_back() {
    let mut world = World::new(1);
    behind(&mut world, "<sip:1001@192.168.1.20>", "Path: <sip:192.0.2.66;lr>\r\n");
    called(&mut world);
    assert!(world.heard("192.0.2.66:5060").is_empty());
    assert_eq!(routes(&world.heard_request(EDGE)), ["<sip:192.0.2.66;lr>"]);
}

const INSTANCE: &str = "+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\"";

/// A flow of the one phone, over TCP from this port.
fn flow(world: &mut World, port: u16, reg_id: u32) -> (Phone, Response) {
    let at = format!("10.0.0.9:{port}");
    let mut phone = Phone::new(&at, "1001").over_tcp();
    let contact = format!("Contact: <sip:1001@{at};transport=tcp;ob>;{INSTANCE};reg-id={reg_id}\r\nSupported: outbound, path\r\n");
    let answer = phone.registers(world, &contact);
    (phone, answer)
}

#[test]
fn a_phone_keeps_several_flows_and_is_called_by_one() {
    let mut world = World::new(1);
    let (_, first) = flow(&mut world, 40_001, 1);
    assert_eq!((first.code, first.headers.get("Require"), first.headers.get("Flow-Timer")), (200, Some("outbound"), Some("120")));
    assert!(contacts(&first)[0].contains("reg-id=1"), "{:?}", contacts(&first));
    let (_, second) = flow(&mut world, 40_002, 2);
    assert_eq!(contacts(&second).len(), 2);
    // It lost its first flow, and has not told us.
    let (mut newest, third) = flow(&mut world, 40_003, 1);
    assert_eq!(contacts(&third).len(), 2, "a flow with the same number takes the place of the old one");
    world.restart(SWITCH, secs(1));
    called(&mut world);
    assert_eq!(
        (world.heard_line("10.0.0.9:40001"), world.heard_line("10.0.0.9:40002")),
        (String::new(), "INVITE".into()),
        "one of its flows"
    );
    let flow = Flow { protocol: Protocol::Tcp, local: address(SWITCH), peer: address("10.0.0.9:40002") };
    world.receive(SWITCH, Received::Closed { flow });
    world.run(millis(10));
    let invite = world.heard_request("10.0.0.9:40003");
    newest.reply(&mut world, &invite, 200, &[], "answer");
    assert_eq!(world.endpoint(SWITCH).bindings(&agent()).len(), 1, "a flow is a flow and nothing else");
    let events = world.events(SWITCH);
    assert!(matches!(events[..], [Event::Unregistered { contacts: 1, .. }, Event::Answered { .. }]), "{events:?}");
}

#[test]
fn a_phone_that_keeps_flows_no_more_has_one_contact() {
    let mut world = World::new(1);
    flow(&mut world, 40_001, 1);
    flow(&mut world, 40_002, 2);
    let mut phone = Phone::new("10.0.0.9:5062", "1001");
    let answer = phone.registers(&mut world, &format!("Contact: <sip:1001@10.0.0.9:5062>;{INSTANCE}\r\n"));
    assert_eq!(contacts(&answer), [format!("<sip:1001@10.0.0.9:5062>;{INSTANCE};expires=600")]);
}

#[test]
fn a_proxy_that_lost_the_flow_has_the_next_one_tried() {
    let mut world = World::new(1);
    let lines = |token: &str| format!("Supported: outbound, path\r\nPath: <sip:{token}@10.0.0.5;lr;ob>\r\n");
    let contact = |reg_id: u32| format!("<sip:1001@192.168.1.20:{};ob>;{INSTANCE};reg-id={reg_id}", 5_060 + reg_id);
    assert_eq!(behind(&mut world, &contact(1), &lines("one")).1.code, 200);
    let (mut proxy, answer) = behind(&mut world, &contact(2), &lines("two"));
    assert_eq!((contacts(&answer).len(), answer.headers.get("Flow-Timer")), (2, None), "the proxy keeps the flow, not we: {answer:?}");
    called(&mut world);
    let invite = world.heard_request(EDGE);
    assert_eq!(routes(&invite), ["<sip:two@10.0.0.5;lr;ob>"]);
    proxy.reply(&mut world, &invite, 430, &[], "");
    let again: Vec<_> = world.heard(EDGE);
    let Some(crate::sip::msg::Message::Request(invite)) = again.last() else { panic!("{again:?}") };
    assert_eq!((invite.method.as_str(), routes(invite)), ("INVITE", vec!["<sip:one@10.0.0.5;lr;ob>".to_owned()]));
    assert_eq!(world.endpoint(SWITCH).bindings(&agent()).len(), 1, "a broken flow is none");
    // When that one is broken as well, he is nowhere.
    let invite = invite.clone();
    world.events(SWITCH);
    proxy.reply(&mut world, &invite, 430, &[], "");
    assert!(world.endpoint(SWITCH).bindings(&agent()).is_empty());
    let events = world.events(SWITCH);
    assert!(matches!(events[..], [Event::Unregistered { contacts: 0, .. }, Event::Failed { .. }]), "{events:?}");
    world.expect_nothing_left();
}

#[test]
fn what_outbound_cannot_be_is_refused() {
    let mut world = World::new(1);
    let contact = format!("<sip:1001@192.168.1.20;ob>;{INSTANCE};reg-id=1");
    let (_, answer) = behind(&mut world, &contact, "Supported: outbound, path\r\nPath: <sip:10.0.0.5;lr>\r\n");
    assert_eq!(answer.code, 439, "its proxy keeps no flows");
    // Who does not know of outbound, or has no number above 0, is a contact like any other.
    assert_eq!(behind(&mut world, &contact, "Path: <sip:10.0.0.5;lr>\r\n").1.headers.get("Require"), None);
    let mut phone = Phone::new("10.0.0.9:5060", "1001");
    let zero = format!("Contact: <sip:1001@10.0.0.9>;{INSTANCE};reg-id=0\r\nSupported: outbound\r\n");
    let answer = phone.registers(&mut world, &zero);
    assert_eq!((answer.code, answer.headers.get("Require")), (200, None));
    let two = format!("Contact: <sip:a@10.0.0.9>;{INSTANCE};reg-id=1, <sip:b@10.0.0.9>\r\nSupported: outbound\r\n");
    assert_eq!(phone.registers(&mut world, &two).code, 400);
}

#[test]
fn a_flow_of_which_nothing_is_heard_is_broken() {
    let mut world = World::new(1);
    flow(&mut world, 40_001, 1);
    let (mut heard, _) = flow(&mut world, 40_002, 2);
    for _ in 0..5 {
        world.run(secs(100));
        heard.send(&mut world, "\r\n\r\n".into());
    }
    let closed: Vec<_> = world.closed.iter().map(|flow| flow.peer.port()).collect();
    assert_eq!(closed, [40_001]);
    assert_eq!(world.endpoint(SWITCH).bindings(&agent()).len(), 1);
}

#[test]
fn a_flow_over_udp_is_kept_up_by_stun() {
    let mut world = World::new(1);
    let request = [&[0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42][..], &[7; 12]].concat();
    let flow = Flow { protocol: Protocol::Udp, local: address(SWITCH), peer: address("10.0.0.9:5060") };
    world.sent_raw.clear();
    world.receive(SWITCH, Received::Bytes { flow, bytes: request });
    assert_eq!(world.sent_raw.len(), 1);
    assert_eq!((world.sent_raw[0].0, &world.sent_raw[0].1[..2]), (flow.peer, &[1, 1][..]));
    assert_eq!(world.endpoint(SWITCH).counters().dropped_malformed, 0);
}

/// RFC 8489 §16.2.1: an address that is not the asker's is not to be flooded through us.
#[test]
fn strangers_are_answered_by_stun_seldom() {
    let mut world = World::new(1);
    Phone::new("10.0.0.9:5060", "1001").register(&mut world, "");
    let request = [&[0, 1, 0, 0, 0x21, 0x12, 0xA4, 0x42][..], &[7; 12]].concat();
    let asks = |world: &mut World, peer: &str| {
        world.sent_raw.clear();
        for _ in 0..1_000 {
            let flow = Flow { protocol: Protocol::Udp, local: address(SWITCH), peer: address(peer) };
            world.receive(SWITCH, Received::Bytes { flow, bytes: request.clone() });
        }
        world.sent_raw.len()
    };
    let most = 2 * usize::try_from(world.endpoint(SWITCH).settings().guard.requests).expect("few");
    assert_eq!(asks(&mut world, "10.0.0.66:3478"), most);
    assert_eq!(asks(&mut world, "10.0.0.9:5060"), 1_000, "its own flow is a registered phone's");
}

#[test]
fn a_carriers_service_route_is_the_way_of_calls_out() {
    let mut world = World::new(1);
    let mut trunk = Trunk::accepting(TrunkId::new("carrier"), Vec::new());
    let flow = Flow { protocol: Protocol::Udp, local: address(SWITCH), peer: address(CARRIER) };
    trunk.ways = vec![TrunkWay { host: "c.example".into(), flow }];
    trunk.account = Some(TrunkAccount { user: "us".into(), password: Password::new("p") });
    trunk.register = Some(TrunkRegister { user: "us".into(), domain: "c.example".into(), expires: secs(600) });
    let mut with_trunk = settings(SWITCH, "10.0.0.2/32");
    with_trunk.trunks = vec![trunk];
    world.endpoint(SWITCH).reconfigure(with_trunk);
    world.run(millis(300));
    let mut carrier = Phone::new(CARRIER, "us");
    let register = world.heard_request(CARRIER);
    carrier.reply(&mut world, &register, 200, &[("Expires", "100"), ("Service-Route", "<sip:core.c.example;lr>")], "");
    let call = |world: &mut World, leg| {
        let callee = Callee::Trunk { trunk: Some(TrunkId::new("carrier")), number: "10086".into(), host: "c.example".into(), flow };
        world.heard(CARRIER);
        world.invite(SWITCH, leg, callee, "offer");
        world.run(millis(10));
        routes(&world.heard_request(CARRIER))
    };
    assert_eq!(call(&mut world, 2), ["<sip:core.c.example;lr>"]);
    // Nobody renews it: what a registration gave ends with it.
    world.run(secs(101));
    assert!(call(&mut world, 4).is_empty());
}
