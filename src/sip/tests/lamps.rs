//! Busy lamps and presence: agents' phones that watch over colleagues (RFC 4235, RFC 3856).

use super::phone::Phone;
use super::world::{SWITCH, World};
use crate::base::time::{millis, secs};
use crate::base::{AgentId, LegId};
use crate::sip::msg::{Message, Request, Response};
use crate::sip::{Activity, Callee, Command, Presence};

/// Where the watcher is, and whom he watches.
const AT: &str = "10.0.0.9:5060";
const BUSY: &str = "10.0.0.9:5071";
const AOR: &str = "sip:1001@sanling.local";
const DIALOG: &str = "Event: dialog\r\nAccept: application/dialog-info+xml\r\n";
const LEG: LegId = LegId(2);

#[track_caller]
fn subscribes(world: &mut World, phone: &mut Phone, uri: &str, lines: &str) -> Response {
    phone.requests.clear();
    phone.dialog_to = None;
    let lines = format!("Contact: <sip:{}@{}>\r\n{lines}", phone.user, phone.at());
    let challenged = phone.ask(world, "SUBSCRIBE", uri, "1001", &lines);
    if challenged.code == 401 { phone.prove(world, &challenged, "secret") } else { challenged }
}

/// The NOTIFY that came with the answer, answered.
#[track_caller]
fn with_it(world: &mut World, phone: &mut Phone) -> String {
    let [notify] = &phone.requests[..] else { panic!("one NOTIFY: {:?}", phone.requests) };
    let notify = notify.clone();
    phone.requests.clear();
    phone.reply(world, &notify, 200, &[], "");
    in_short(&notify)
}

/// The one NOTIFY that was heard since, answered so.
#[track_caller]
fn told(world: &mut World, phone: &mut Phone, code: u16) -> String {
    let notify = notified(world, phone.at());
    phone.reply(world, &notify, code, &[], "");
    in_short(&notify)
}

/// The one NOTIFY, however often it was sent before it was answered.
#[track_caller]
fn notified(world: &mut World, at: &str) -> Request {
    let mut heard = world.heard(at);
    let Some(Message::Request(notify)) = heard.pop() else { panic!("a NOTIFY: {heard:?}") };
    assert!(heard.iter().all(|message| matches!(message, Message::Request(again) if again.cseq() == notify.cseq())), "{heard:?}");
    notify
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from).and_then(|(_, rest)| rest.split_once(to)).map(|(inside, _)| inside)
}

/// State of the subscription, number and kind of the body, and of each dialog its direction, state and with whom.
fn in_short(notify: &Request) -> String {
    assert_eq!(notify.headers.get("Content-Type"), Some("application/dialog-info+xml"));
    let body = String::from_utf8(notify.body.clone()).expect("text");
    assert!(body.contains("entity=\"sip:1001@sanling.local\"") && body.ends_with("</dialog-info>\r\n"), "{body}");
    let state = notify.headers.get("Subscription-State").unwrap_or_default().split(';').next().unwrap_or_default();
    let mut short = format!(
        "{state} {} {}",
        between(&body, "dialog-info\" version=\"", "\"").expect("a number"),
        between(&body, " state=\"", "\"").expect("a kind")
    );
    for dialog in body.split("<dialog ").skip(1) {
        let direction = between(dialog, "direction=\"", "\"").unwrap_or("-");
        let remote = between(dialog, "<remote>", "</remote>").and_then(|remote| between(remote, "sip:", "@")).unwrap_or("-");
        short.push_str(&format!(" | {direction} {} {remote}", between(dialog, "<state>", "</state>").expect("a state")));
    }
    short
}

/// 1002 watches 1001, who has a phone and no call.
#[track_caller]
fn watching(world: &mut World) -> (Phone, Phone) {
    let mut busy = Phone::new(BUSY, "1001");
    busy.register(world, "");
    let mut watcher = Phone::new(AT, "1002");
    let ok = subscribes(world, &mut watcher, AOR, DIALOG);
    assert_eq!((ok.code, ok.headers.get("Expires")), (200, Some("3600")));
    watcher.dialog_to = ok.headers.get("To").map(str::to_owned);
    assert_eq!(with_it(world, &mut watcher), "active 0 full");
    world.events(SWITCH);
    world.run(secs(2));
    (watcher, busy)
}

fn rings(world: &mut World, busy: &mut Phone) -> Request {
    world.invite(SWITCH, LEG.0, Callee::Account(AgentId::new("1001")), "offer");
    world.run(millis(10));
    let invite = world.heard_request(BUSY);
    busy.reply(world, &invite, 180, &[], "");
    invite
}

fn hangs_up(world: &mut World, busy: &mut Phone) {
    world.command(SWITCH, Command::Release { leg: LEG, code: 200, reason: None, retry_after: None });
    world.run(millis(10));
    let bye = world.heard(BUSY).pop();
    let Some(Message::Request(bye)) = bye else { panic!("a BYE: {bye:?}") };
    busy.reply(world, &bye, 200, &[], "");
}

#[test]
fn a_lamp_follows_the_dialogs_of_a_colleague() {
    let mut world = World::new(1);
    let (mut watcher, mut busy) = watching(&mut world);
    let invite = rings(&mut world, &mut busy);
    assert_eq!(told(&mut world, &mut watcher, 200), "active 1 partial | recipient trying 138****8000");
    world.run(secs(1));
    let early = notified(&mut world, AT);
    let body = String::from_utf8_lossy(&early.body).into_owned();
    watcher.reply(&mut world, &early, 200, &[], "");
    assert_eq!(in_short(&early), "active 2 partial | recipient early 138****8000", "once a second");
    // By these a colleague names it to us to pick it up: the local tag stands for ours, and is good for that alone.
    assert_eq!(between(&body, "call-id=\"", "\""), Some(invite.call_id()));
    assert_ne!(between(&body, "local-tag=\"", "\""), invite.from_tag());
    assert_eq!(between(&body, "remote-tag=\"", "\""), Some("at-5071"));
    world.run(secs(1));
    busy.reply(&mut world, &invite, 200, &[], "answer");
    assert_eq!(told(&mut world, &mut watcher, 200), "active 3 partial | recipient confirmed 138****8000");
    world.run(secs(2));
    world.heard(BUSY);
    hangs_up(&mut world, &mut busy);
    assert_eq!(told(&mut world, &mut watcher, 200), "active 4 partial | - terminated -");
    // His own call, to a colleague, who is named.
    world.run(secs(2));
    world.events(SWITCH);
    busy.dialog_to = None;
    let (leg, _) = busy.calls(&mut world, "1002", "");
    assert_eq!(told(&mut world, &mut watcher, 200), "active 5 partial | initiator trying 1002");
    world.command(SWITCH, Command::Release { leg, code: 486, reason: None, retry_after: None });
    world.run(secs(1));
    let ack = busy.text("ACK", "sip:1002@sanling.local", "1002", "");
    busy.send(&mut world, ack);
    assert_eq!(told(&mut world, &mut watcher, 200), "active 6 partial | - terminated -");
    world.events(SWITCH);
    world.run(secs(40));
    world.expect_nothing_left();
}

/// What a lamp is told names a call to be picked up, which the switch decides on, and gives nobody a word in it.
#[test]
fn what_a_lamp_is_told_is_good_to_pick_up_by_and_for_nothing_else() {
    let mut world = World::new(1);
    let (mut watcher, mut busy) = watching(&mut world);
    Phone::new(AT, "1002").numbered_from(50).register(&mut world, "");
    let invite = rings(&mut world, &mut busy);
    told(&mut world, &mut watcher, 200);
    busy.reply(&mut world, &invite, 200, &[], "answer");
    world.run(secs(2));
    let body = String::from_utf8_lossy(&notified(&mut world, AT).body).into_owned();
    let inside = |from: &str| between(&body, from, "\"").expect("it is told").to_owned();
    let (call_id, local, remote) = (inside("call-id=\""), inside("local-tag=\""), inside("remote-tag=\""));
    world.heard(BUSY);
    // As if he were the peer.
    for method in ["BYE", "INVITE", "INFO"] {
        let mut thief = watcher.clone().numbered_from(900);
        (thief.call_id, thief.dialog_to) = (Some(call_id.clone()), Some(format!("<sip:x@10.0.0.1>;tag={local}")));
        let text =
            thief.text(method, "sip:10.0.0.1", "", &format!("Contact: <sip:1002@{AT}>\r\n")).replace("tag=phone", &format!("tag={remote}"));
        world.heard(AT);
        thief.send(&mut world, text);
        assert_eq!(world.heard_line(AT), "481", "{method}");
    }
    assert_eq!((world.endpoint(SWITCH).leg_count(), world.heard_line(BUSY).as_str()), (1, ""));
    // He picks it up: the switch is asked, after a restart, too.
    world.events(SWITCH);
    for round in 0..2 {
        let mut picks = watcher.clone().numbered_from(100 + 10 * round);
        picks.call_id = Some(format!("pick-up-{round}"));
        let replaces = format!("Replaces: {call_id};to-tag={local};from-tag={remote}\r\n");
        let (leg, event) = picks.calls(&mut world, "1001", &replaces);
        assert!(matches!(event, crate::sip::Event::Invited { replaces: Some(LEG), .. }), "{event:?}");
        world.command(SWITCH, Command::Release { leg, code: 403, reason: None, retry_after: None });
        world.run(millis(10));
        world.heard(AT);
        let ack = picks.text("ACK", "sip:1001@sanling.local", "1001", "");
        picks.send(&mut world, ack);
        if round == 0 {
            world.restart(SWITCH, secs(1));
            world.run(secs(1));
            world.events(SWITCH);
            world.heard(AT);
        }
    }
}

#[test]
fn what_comes_and_goes_within_a_second_is_not_told_and_a_renewal_tells_everything() {
    let mut world = World::new(1);
    let (mut watcher, mut busy) = watching(&mut world);
    let invite = rings(&mut world, &mut busy);
    told(&mut world, &mut watcher, 200);
    busy.reply(&mut world, &invite, 486, &[], "");
    world.run(secs(2));
    assert_eq!(told(&mut world, &mut watcher, 200), "active 2 partial | - terminated -", "ringing and gone within the second");
    world.events(SWITCH);
    world.invite(SWITCH, 4, Callee::Account(AgentId::new("1001")), "offer");
    world.run(secs(2));
    told(&mut world, &mut watcher, 200);
    let lines = format!("Contact: <sip:1002@{AT}>\r\n{DIALOG}Expires: 120\r\n");
    assert_eq!(watcher.ask(&mut world, "SUBSCRIBE", "sip:10.0.0.1", "", &lines).code, 200);
    assert_eq!(with_it(&mut world, &mut watcher), "active 4 full | recipient trying 138****8000");
    // Nobody answers the call.
    world.run(secs(40));
    assert_eq!(told(&mut world, &mut watcher, 200), "active 5 partial | - terminated -");
    world.run(secs(81));
    assert!(told(&mut world, &mut watcher, 200).starts_with("terminated 6"));
    assert_eq!(world.endpoint(SWITCH).watch_count(), 0);
}

#[test]
fn who_did_not_take_it_is_told_everything_with_the_next() {
    let mut world = World::new(1);
    let (mut watcher, mut busy) = watching(&mut world);
    rings(&mut world, &mut busy);
    assert_eq!(told(&mut world, &mut watcher, 500), "active 1 partial | recipient trying 138****8000");
    world.run(secs(1));
    assert_eq!(told(&mut world, &mut watcher, 481), "active 2 full | recipient early 138****8000");
    assert_eq!(world.endpoint(SWITCH).watch_count(), 0, "who knows of none has none");
}

#[test]
fn lamps_live_through_a_restart_and_calls_that_do_not_go_out() {
    let mut world = World::new(1);
    let (mut watcher, mut busy) = watching(&mut world);
    let invite = rings(&mut world, &mut busy);
    told(&mut world, &mut watcher, 200);
    busy.reply(&mut world, &invite, 200, &[], "answer");
    world.run(secs(2));
    told(&mut world, &mut watcher, 200);
    world.restart(SWITCH, secs(2));
    world.run(secs(2));
    assert_eq!(world.heard_line(AT), "", "it knows");
    world.heard(BUSY);
    hangs_up(&mut world, &mut busy);
    assert_eq!(told(&mut world, &mut watcher, 200), "active 3 partial | - terminated -");
}

#[test]
fn only_agents_watch_and_only_agents_are_watched() {
    let mut world = World::new(1);
    for (user, uri, lines, code) in [
        ("1002", "sip:1009@sanling.local", DIALOG, 404),
        ("1002", "sip:1001@elsewhere.example", DIALOG, 404),
        ("1002", AOR, "Event: dialog\r\nAccept: application/pidf+xml\r\n", 406),
        ("1002", AOR, "Event: dialog\r\nExpires: 10\r\n", 423),
        ("1002", AOR, "Event: dialog;sla\r\n", 200),
        ("4711", AOR, DIALOG, 401),
    ] {
        let mut phone = Phone::new(AT, user);
        phone.call_id = Some(format!("{user}-{code}-{}", world.wire.len()));
        assert_eq!(subscribes(&mut world, &mut phone, uri, lines).code, code, "{user} {uri} {lines}");
    }
}

#[test]
fn who_is_no_more_is_watched_no_more() {
    let mut world = World::new(1);
    let (mut watcher, _) = watching(&mut world);
    let mut settings = world.endpoint(SWITCH).settings().clone();
    settings.accounts.remove("1001");
    world.endpoint(SWITCH).reconfigure(settings);
    world.run(millis(10));
    let last = world.heard(AT).into_iter().find_map(|message| match message {
        Message::Request(request) if request.method.as_str() == "NOTIFY" => Some(request),
        _ => None,
    });
    let last = last.expect("a last word");
    assert_eq!(last.headers.get("Subscription-State"), Some("terminated;reason=noresource"));
    watcher.reply(&mut world, &last, 200, &[], "");
    assert_eq!(world.endpoint(SWITCH).watch_count(), 0);
    world.expect_nothing_left();
}

#[test]
fn presence_says_what_a_colleague_is_at() {
    let mut world = World::new(1);
    let is = |world: &mut World, open, activity, note: &str| {
        let presence = Presence { open, activity, note: note.into() };
        world.command(SWITCH, Command::SetPresence { agent: AgentId::new("1001"), presence });
        world.run(millis(1_100));
    };
    is(&mut world, true, Activity::None, "ready");
    world.heard(AT);
    let mut watcher = Phone::new(AT, "1002");
    let ok = subscribes(&mut world, &mut watcher, AOR, "Event: presence\r\nAccept: application/pidf+xml\r\n");
    assert_eq!(ok.code, 200);
    let seen = |notify: &Request| {
        assert_eq!(notify.headers.get("Content-Type"), Some("application/pidf+xml"));
        let body = String::from_utf8_lossy(&notify.body).into_owned();
        let activity = between(&body, "<rpid:activities><rpid:", "/>").unwrap_or("-").to_owned();
        format!(
            "{} {activity} {}",
            between(&body, "<basic>", "</basic>").expect("basic"),
            between(&body, "<note>", "</note>").expect("a note")
        )
    };
    let first = watcher.requests.remove(0);
    watcher.reply(&mut world, &first, 200, &[], "");
    assert_eq!(seen(&first), "open - ready");
    world.run(secs(2));
    for (open, activity, note, shown) in [
        (true, Activity::OnThePhone, "in a call", "open on-the-phone in a call"),
        (true, Activity::Meal, "<lunch & tea>", "open meal &lt;lunch &amp; tea&gt;"),
        (false, Activity::None, "", "closed - "),
    ] {
        is(&mut world, open, activity, note);
        let notify = notified(&mut world, AT);
        watcher.reply(&mut world, &notify, 200, &[], "");
        assert_eq!(seen(&notify), shown);
        // The same again is nothing new.
        is(&mut world, open, activity, note);
        assert_eq!(world.heard_line(AT), "");
    }
}
