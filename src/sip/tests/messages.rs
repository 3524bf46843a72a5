//! Message-waiting: phones that subscribe to their agent's messages, and what their lamps are told.

use super::phone::Phone;
use super::world::{SWITCH, World, address};
use crate::base::AgentId;
use crate::base::time::{millis, secs};
use crate::sip::msg::{Request, Response};
use crate::sip::{Command, Flow, Protocol, Received};

const AT: &str = "10.0.0.9:5060";
const EVENT: &str = "Event: message-summary\r\n";
const AOR: &str = "sip:1001@sanling.local";

fn contact(phone: &Phone) -> String {
    format!("Contact: <sip:{}@{}>\r\n", phone.user, phone.at())
}

/// Subscribes with these lines, digest and all; gives the answer. The NOTIFY, if one came, is among the phone's requests.
#[track_caller]
fn subscribes(world: &mut World, phone: &mut Phone, lines: &str) -> Response {
    phone.requests.clear();
    phone.dialog_to = None;
    let lines = format!("{}{lines}", contact(phone));
    let user = phone.user.clone();
    let challenged = phone.ask(world, "SUBSCRIBE", AOR, &user, &lines);
    if challenged.code != 401 {
        return challenged;
    }
    phone.prove(world, &challenged, "secret")
}

/// The NOTIFY that came with the answer, answered.
#[track_caller]
fn with_it(world: &mut World, phone: &mut Phone) -> String {
    let [notify] = &phone.requests[..] else { panic!("one NOTIFY: {:?}", phone.requests) };
    let notify = notify.clone();
    phone.requests.clear();
    phone.reply(world, &notify, 200, &[], "");
    text(&notify)
}

/// The one NOTIFY that was heard since, answered.
#[track_caller]
fn lamp(world: &mut World, phone: &mut Phone) -> String {
    let notify = world.heard_request(phone.at());
    phone.reply(world, &notify, 200, &[], "");
    text(&notify)
}

fn text(notify: &Request) -> String {
    assert_eq!((notify.method.as_str(), notify.headers.get("Content-Type")), ("NOTIFY", Some("application/simple-message-summary")));
    let body = String::from_utf8_lossy(&notify.body).into_owned();
    let lines: Vec<_> = body.lines().collect();
    assert_eq!((lines.len(), lines[1], body.ends_with("\r\n")), (3, "Message-Account: sip:1001@sanling.local", true));
    let state = notify.headers.get("Subscription-State").unwrap_or_default();
    format!("{} | {state} | {} | {}", notify.headers.get("Event").unwrap_or_default(), lines[0], lines[2])
}

fn waiting(world: &mut World, new: u32, old: u32) {
    world.command(SWITCH, Command::SetMessagesWaiting { agent: AgentId::new("1001"), new, old });
    world.run(millis(10));
}

/// A phone whose lamp is off, and knows it.
#[track_caller]
fn watching(world: &mut World) -> Phone {
    let mut phone = Phone::new(AT, "1001");
    let ok = subscribes(world, &mut phone, EVENT);
    assert_eq!((ok.code, ok.headers.get("Expires")), (200, Some("3600")));
    phone.dialog_to = ok.headers.get("To").map(str::to_owned);
    let said = with_it(world, &mut phone);
    assert_eq!(said, "message-summary | active;expires=3600 | Messages-Waiting: no | Voice-Message: 0/0 (0/0)");
    phone
}

#[test]
fn a_lamp_follows_the_messages() {
    let mut world = World::new(1);
    let mut phone = watching(&mut world);
    world.run(secs(10));
    waiting(&mut world, 2, 8);
    assert_eq!(lamp(&mut world, &mut phone), "message-summary | active;expires=3590 | Messages-Waiting: yes | Voice-Message: 2/8 (0/0)");
    waiting(&mut world, 2, 8);
    assert_eq!(world.heard_line(AT), "", "nothing new");
    // RFC 3842 §3.10: what changes within a second is told once.
    for new in [3, 4, 5] {
        waiting(&mut world, new, 8);
    }
    assert_eq!(world.heard_line(AT), "");
    world.run(secs(1));
    assert!(lamp(&mut world, &mut phone).ends_with("Voice-Message: 5/8 (0/0)"));
    // Back to what it knows: nothing is said for nothing.
    waiting(&mut world, 0, 13);
    world.run(secs(1));
    assert!(lamp(&mut world, &mut phone).ends_with("Messages-Waiting: no | Voice-Message: 0/13 (0/0)"));
    assert_eq!(world.endpoint(SWITCH).watch_count(), 1);
    assert_eq!(world.events(SWITCH), []);
    world.expect_nothing_left();
}

#[test]
fn it_is_renewed_and_ended_in_its_dialog() {
    let mut world = World::new(1);
    let mut phone = watching(&mut world);
    let asks = |world: &mut World, phone: &mut Phone, lines: &str| {
        let answer = phone.ask(world, "SUBSCRIBE", "sip:10.0.0.1", "", &format!("{}{lines}", contact(phone)));
        (answer.code, answer.headers.get("Expires").or(answer.headers.get("Min-Expires")).unwrap_or_default().to_owned())
    };
    let line = |expires: u32| format!("{EVENT}Expires: {expires}\r\n");
    assert_eq!(asks(&mut world, &mut phone, &line(120)), (200, "120".into()));
    assert_eq!(with_it(&mut world, &mut phone), "message-summary | active;expires=120 | Messages-Waiting: no | Voice-Message: 0/0 (0/0)");
    assert_eq!(asks(&mut world, &mut phone, &line(30)), (423, "60".into()));
    assert_eq!(asks(&mut world, &mut phone, "Event: refer\r\n").0, 489);
    assert_eq!(asks(&mut world, &mut phone, "Event: dialog\r\n").0, 489);
    assert_eq!(phone.ask(&mut world, "BYE", "sip:10.0.0.1", "", "").code, 481);
    assert_eq!(asks(&mut world, &mut phone, &line(0)), (200, "0".into()));
    assert!(with_it(&mut world, &mut phone).contains("| terminated;reason=timeout |"));
    assert_eq!(asks(&mut world, &mut phone, &line(120)).0, 481);
    // Only how things are.
    assert_eq!(subscribes(&mut world, &mut phone, &line(0)).code, 200);
    assert!(with_it(&mut world, &mut phone).contains("| terminated;reason=timeout |"));
    assert_eq!(world.endpoint(SWITCH).watch_count(), 0);
    world.expect_nothing_left();
}

#[test]
fn it_ends_by_itself() {
    let mut world = World::new(1);
    let mut phone = Phone::new(AT, "1001");
    assert_eq!(subscribes(&mut world, &mut phone, &format!("{EVENT}Expires: 60\r\n")).code, 200);
    with_it(&mut world, &mut phone);
    world.run(secs(59));
    assert_eq!(world.heard_line(AT), "");
    world.run(millis(1_200));
    assert!(lamp(&mut world, &mut phone).contains("| terminated;reason=timeout |"));
    waiting(&mut world, 1, 0);
    assert_eq!((world.heard_line(AT).as_str(), world.endpoint(SWITCH).watch_count()), ("", 0));
}

#[test]
fn what_cannot_be_subscribed_to_is_refused() {
    let mut world = World::new(1);
    for (uri, lines, code) in [
        (AOR, String::new(), 489),
        (AOR, "Event: conference\r\n".to_owned(), 489),
        (AOR, "Event: refer\r\n".to_owned(), 489),
        (AOR, format!("{EVENT}Require: eventlist\r\n"), 420),
        ("sip:1001@elsewhere.example", EVENT.to_owned(), 404),
        ("sip:1002@sanling.local", EVENT.to_owned(), 403),
        (AOR, format!("{EVENT}Accept: text/plain\r\n"), 406),
        (AOR, format!("{EVENT}Expires: 59\r\n"), 423),
        (AOR, format!("{EVENT}Contact: *\r\n"), 400),
        (AOR, format!("{EVENT}Contact: rubbish <\r\n"), 400),
    ] {
        let mut phone = Phone::new(AT, "1001");
        let lines = if lines.contains("Contact") { lines } else { format!("{}{lines}", contact(&phone)) };
        let mut answer = phone.ask(&mut world, "SUBSCRIBE", uri, "1001", &lines);
        if answer.code == 401 {
            answer = phone.prove(&mut world, &answer, "secret");
        }
        assert_eq!(answer.code, code, "{uri} {lines}");
        assert_eq!(answer.headers.get("Allow-Events").is_some(), code == 489);
        world.run(secs(40));
        world.heard(AT);
    }
    let mut guesser = Phone::new("10.0.0.66:5060", "1001");
    let challenged = guesser.ask(&mut world, "SUBSCRIBE", AOR, "1001", &format!("{}{EVENT}", contact(&guesser)));
    assert_eq!(guesser.prove(&mut world, &challenged, "wrong").code, 401);
    assert_eq!(world.endpoint(SWITCH).watch_count(), 0);
    world.expect_nothing_left();
}

#[test]
fn a_stranger_has_no_say_in_a_watch() {
    let mut world = World::new(1);
    let phone = watching(&mut world);
    let mut stranger = Phone::new("10.0.0.66:5060", "1001");
    stranger.call_id = Some(format!("1001-{AT}"));
    stranger.dialog_to.clone_from(&phone.dialog_to);
    let ended = format!("{}{EVENT}Expires: 0\r\n", contact(&stranger));
    for _ in 0..10 {
        stranger.text("SUBSCRIBE", "", "", "");
    }
    assert_eq!(stranger.ask(&mut world, "SUBSCRIBE", "sip:10.0.0.1", "", &ended).code, 401);
    assert_eq!(world.endpoint(SWITCH).watch_count(), 1);
}

#[test]
fn a_phone_that_comes_again_has_one_and_five_phones_are_enough() {
    let mut world = World::new(1);
    let mut phone = watching(&mut world);
    phone.call_id = Some("after-a-power-cut".into());
    assert_eq!(subscribes(&mut world, &mut phone, EVENT).code, 200);
    with_it(&mut world, &mut phone);
    waiting(&mut world, 1, 0);
    world.run(secs(1));
    assert!(lamp(&mut world, &mut phone).contains("1/0"), "told once");
    for port in 5061..5065 {
        let mut phone = Phone::new(&format!("10.0.0.9:{port}"), "1001");
        assert_eq!(subscribes(&mut world, &mut phone, EVENT).code, 200, "{port}");
    }
    let mut sixth = Phone::new("10.0.0.9:5065", "1001");
    assert_eq!(subscribes(&mut world, &mut sixth, EVENT).code, 403);
    assert_eq!(world.endpoint(SWITCH).watch_count(), 5);
}

#[test]
fn a_phone_that_does_not_answer_has_none_any_more() {
    for (answer, left) in [(Some(481), 0), (Some(489), 0), (Some(500), 1), (None, 0)] {
        let mut world = World::new(1);
        let mut phone = watching(&mut world);
        world.run(secs(2));
        waiting(&mut world, 1, 0);
        let notify = world.heard_request(AT);
        match answer {
            Some(code) => phone.reply(&mut world, &notify, code, &[], ""),
            None => drop(world.run(secs(40))),
        }
        world.heard(AT);
        assert_eq!(world.endpoint(SWITCH).watch_count(), left, "{answer:?}");
        waiting(&mut world, 1, 0);
        world.run(secs(2));
        assert_eq!(world.heard(AT).is_empty(), left == 0, "{answer:?}: said again with the next");
    }
}

#[test]
fn watches_live_through_a_restart_and_are_told_what_they_do_not_know() {
    let mut world = World::new(1);
    let mut phone = watching(&mut world);
    world.run(secs(2));
    waiting(&mut world, 1, 0);
    lamp(&mut world, &mut phone);
    world.restart(SWITCH, secs(2));
    waiting(&mut world, 1, 0);
    world.run(secs(2));
    assert_eq!(world.heard_line(AT), "", "it knows");
    waiting(&mut world, 2, 0);
    assert!(lamp(&mut world, &mut phone).ends_with("Messages-Waiting: yes | Voice-Message: 2/0 (0/0)"));
    // One that was under way when it died is said again.
    world.run(secs(2));
    waiting(&mut world, 3, 0);
    world.restart(SWITCH, secs(2));
    world.heard(AT);
    waiting(&mut world, 3, 0);
    assert!(lamp(&mut world, &mut phone).contains("3/0"));
    let line = format!("{}{EVENT}", contact(&phone));
    assert_eq!(phone.ask(&mut world, "SUBSCRIBE", "sip:10.0.0.1", "", &line).code, 200, "renewed");
}

#[test]
fn a_phone_that_comes_back_on_another_connection_is_told_there() {
    let mut world = World::new(1);
    let mut phone = Phone::new(AT, "1001").over_tcp();
    assert_eq!(subscribes(&mut world, &mut phone, EVENT).code, 200);
    with_it(&mut world, &mut phone);
    world.run(secs(2));
    let flow = Flow { protocol: Protocol::Tcp, local: address(SWITCH), peer: phone.at };
    world.receive(SWITCH, Received::Closed { flow });
    let mut back = Phone::new("10.0.0.9:50600", "1001").over_tcp();
    back.register(&mut world, "");
    waiting(&mut world, 1, 0);
    assert_eq!(world.heard_line(AT), "");
    assert!(lamp(&mut world, &mut back).ends_with("Voice-Message: 1/0 (0/0)"));
    assert_eq!(world.endpoint(SWITCH).watch_count(), 1);
}

#[test]
fn phones_that_only_register_are_told_where_that_is_wanted() {
    for wanted in [false, true] {
        let mut world = World::new(1);
        let mut settings = world.endpoint(SWITCH).settings().clone();
        settings.unasked_message_summaries = wanted;
        world.endpoint(SWITCH).reconfigure(settings);
        let mut subscribed = watching(&mut world);
        subscribed.call_id = Some("registers".into());
        subscribed.dialog_to = None;
        subscribed.register(&mut world, "");
        let mut phone = Phone::new("10.0.0.9:5061", "1001");
        phone.register(&mut world, "");
        world.run(secs(2));
        waiting(&mut world, 1, 2);
        assert_eq!(world.heard(AT).len(), 1, "as it subscribed");
        if !wanted {
            assert_eq!(world.heard_line(phone.at()), "");
            continue;
        }
        assert!(lamp(&mut world, &mut phone).ends_with("terminated;reason=noresource | Messages-Waiting: yes | Voice-Message: 1/2 (0/0)"));
        // One that comes now hears it at once; a refresh is none.
        let mut third = Phone::new("10.0.0.9:5062", "1001");
        third.register(&mut world, "");
        assert!(text(&third.requests[0]).contains("1/2"));
        third.requests.clear();
        third.register(&mut world, "");
        assert_eq!((third.requests.len(), world.heard(phone.at()).len()), (0, 0));
    }
}

#[test]
fn an_agent_who_is_no_more_has_no_lamp() {
    let mut world = World::new(1);
    let mut phone = watching(&mut world);
    let mut settings = world.endpoint(SWITCH).settings().clone();
    settings.accounts.clear();
    world.endpoint(SWITCH).reconfigure(settings);
    world.run(millis(10));
    assert!(lamp(&mut world, &mut phone).contains("| terminated;reason=noresource |"));
    waiting(&mut world, 1, 0);
    assert_eq!((world.heard_line(AT).as_str(), world.endpoint(SWITCH).watch_count()), ("", 0));
    world.expect_nothing_left();
}
