//! Replaces: dialogs of ours that are named in a new call, or in the target of a REFER.

use super::phone::Phone;
use super::world::{FAR, SWITCH, World};
use crate::base::LegId;
use crate::base::time::millis;
use crate::sip::{Callee, Command, Event, Protocol, ReferTarget};

const AT: &str = "10.0.0.9:5060";

/// A phone of agent 1001, and the second line of it that calls.
fn two_lines() -> (Phone, Phone) {
    let (first, mut second) = (Phone::new(AT, "1001"), Phone::new(AT, "1001"));
    second.call_id = Some("second-line".into());
    for _ in 0..100 {
        second.text("OPTIONS", "", "", "");
    }
    (first, second)
}

/// What such a REFER gets, and what it is to.
fn refers(world: &mut World, phone: &mut Phone, dialog: &str) -> (String, Option<ReferTarget>) {
    let escaped = dialog.replace(';', "%3B").replace('=', "%3D").replace('@', "%40");
    let lines = format!("Contact: <sip:1001@{AT}>\r\nRefer-To: <sip:10.0.0.1:5060?Replaces={escaped}&Require=replaces>\r\n");
    let text = phone.text("REFER", "sip:10.0.0.1", "", &lines);
    phone.send(world, text);
    let target = world.events(SWITCH).into_iter().find_map(|event| match event {
        Event::Referred { target, .. } => Some(target),
        _ => None,
    });
    (world.heard_line(AT), target)
}

#[test]
fn an_attended_referral_names_the_other_leg_of_the_same_agent() {
    let mut world = World::new(1);
    let (mut first, mut second) = two_lines();
    first.talks(&mut world, "95000");
    let (consulted, _) = second.calls(&mut world, "1002", "");
    world.heard(AT);
    world.command(SWITCH, Command::Ring { leg: consulted, code: 180, sdp: None });
    world.run(millis(10));
    // Half attended: it still rings. For a REFER that is enough, the switch knows the leg.
    let ringing = world.heard_response(AT);
    second.dialog_to = Some(ringing.headers.get("To").expect("To").to_owned());
    let dialog = second.dialog();
    assert_eq!(refers(&mut world, &mut first, &dialog), ("202 NOTIFY".into(), Some(ReferTarget::Replace(consulted))));
    assert_eq!(refers(&mut world, &mut first, &format!("{dialog};early-only")).1, Some(ReferTarget::Replace(consulted)));
    second.is_answered(&mut world, consulted);
    assert_eq!(refers(&mut world, &mut first, &second.dialog()), ("202 NOTIFY".into(), Some(ReferTarget::Replace(consulted))));
    assert_eq!(refers(&mut world, &mut first, &format!("{dialog};early-only")), ("486".into(), None));
    // Itself, tags changed over, and another's.
    let own = first.dialog();
    assert_eq!(refers(&mut world, &mut first, &own), ("603".into(), None));
    let changed_over = dialog.replace("to-tag", "x").replace("from-tag", "to-tag").replace("x=", "from-tag=");
    assert_eq!(refers(&mut world, &mut first, &changed_over), ("603".into(), None));
    let mut other = Phone::new("10.0.0.8:5060", "1002");
    other.talks(&mut world, "95000");
    assert_eq!(refers(&mut world, &mut first, &other.dialog()), ("403".into(), None));
    world.command(SWITCH, Command::Release { leg: consulted, code: 200, reason: None, retry_after: None });
    world.run(millis(10));
    world.heard(AT);
    assert_eq!(refers(&mut world, &mut first, &dialog), ("603".into(), None), "it is being ended");
}

#[test]
fn a_new_call_names_the_dialog_that_it_replaces() {
    let mut world = World::new(1);
    let (mut first, mut second) = two_lines();
    let leg = first.talks(&mut world, "95000");
    let line = format!("Replaces: {}\r\nRequire: replaces\r\n", first.dialog());
    let (new, event) = second.calls(&mut world, "95000", &line);
    assert!(
        new != leg && matches!(&event, Event::Invited { replaces: Some(replaced), called, .. } if *replaced == leg && called == "95000")
    );
    // To our Contact, which names nobody.
    let mut third = Phone::new("10.0.0.8:5060", "1002");
    third.body = "offer".into();
    let line = format!("Contact: <sip:1002@10.0.0.8>\r\nReplaces: {}\r\n", first.dialog());
    let challenged = third.ask(&mut world, "INVITE", "sip:10.0.0.1:5060", "95000", &line);
    assert_eq!(challenged.code, 401, "whoever knows the tags proves himself like anybody");
    assert_eq!(third.prove(&mut world, &challenged, "secret").code, 100);
    assert!(matches!(world.event(SWITCH), Event::Invited { replaces: Some(replaced), called, .. } if replaced == leg && called.is_empty()));
}

#[test]
fn a_replaces_that_names_nothing_of_ours_is_no_call() {
    let mut world = World::new(1);
    let (mut first, _) = two_lines();
    let leg = first.talks(&mut world, "95000");
    let dialog = first.dialog();
    let mut line = 0;
    let mut asks = |world: &mut World, lines: &str| {
        line += 1;
        let mut phone = Phone::new("10.0.0.8:5060", "1002");
        phone.call_id = Some(format!("line-{line}"));
        let code = phone.calls_in_vain(world, "95000", lines).code;
        world.run(crate::base::time::secs(40));
        world.heard(phone.at());
        code
    };
    for (lines, code) in [
        ("Replaces: c;to-tag=1;from-tag=2\r\n".to_owned(), 481),
        (format!("Replaces: {}\r\n", dialog.replace("from-tag=phone", "from-tag=telephone")), 481),
        (format!("Replaces: {dialog};early-only\r\n"), 486),
        (format!("Replaces: {dialog}\r\nReplaces: {dialog}\r\n"), 400),
        (format!("Replaces: {dialog}\r\nJoin: {dialog}\r\n"), 400),
        ("Replaces: \r\n".to_owned(), 400),
        (format!("Replaces: {dialog}\r\nRequire: join\r\n"), 420),
    ] {
        assert_eq!(asks(&mut world, &lines), code, "{lines}");
    }
    assert_eq!(world.events(SWITCH), []);
    world.command(SWITCH, Command::Release { leg, code: 200, reason: None, retry_after: None });
    world.run(millis(10));
    assert_eq!(asks(&mut world, &format!("Replaces: {dialog}\r\n")), 603, "it is being ended");
    assert_eq!(asks(&mut world, &format!("Replaces: {dialog}\r\n")), 481, "it has ended");
}

#[test]
fn of_dialogs_that_are_not_answered_only_ours_are_replaced() {
    let mut world = World::new(1);
    // One that arrives (RFC 3891 §3: 481).
    let (mut first, mut second) = two_lines();
    let (arriving, _) = first.calls(&mut world, "95000", "");
    world.heard(AT);
    world.command(SWITCH, Command::Ring { leg: arriving, code: 180, sdp: None });
    world.run(millis(10));
    first.dialog_to = Some(world.heard_response(AT).headers.get("To").expect("To").to_owned());
    assert_eq!(second.calls_in_vain(&mut world, "95000", &format!("Replaces: {}\r\n", first.dialog())).code, 481);
    world.heard(AT);
    // One that rings at an agent's phone: his neighbour takes it.
    let mut third = Phone::new("10.0.0.8:5060", "1002");
    third.register(&mut world, "");
    world.events(SWITCH);
    world.heard(third.at());
    world.invite(SWITCH, 2, Callee::Account("1002".into()), "offer");
    world.run(millis(10));
    let invite = world.heard_request(third.at());
    let line =
        |tag: &str| format!("Replaces: {};to-tag={};from-tag={tag};early-only\r\n", invite.call_id(), invite.from_tag().expect("a tag"));
    second.call_id = Some("again".into());
    assert_eq!(second.calls_in_vain(&mut world, "95000", &line("at-5060")).code, 481, "nobody rang yet");
    world.heard(AT);
    third.reply(&mut world, &invite, 180, &[], "");
    world.events(SWITCH);
    second.call_id = Some("and-again".into());
    assert!(matches!(second.calls(&mut world, "95000", &line("at-5060")).1, Event::Invited { replaces: Some(LegId(2)), .. }));
}

#[test]
fn a_carrier_replaces_nothing() {
    let mut world = World::new(1);
    let (mut first, _) = two_lines();
    first.talks(&mut world, "95000");
    let mut trunk = Phone::new("10.0.0.2:5099", "x");
    let lines = format!("Contact: <sip:x@10.0.0.2:5099>\r\nReplaces: {}\r\n", first.dialog());
    assert_eq!(trunk.ask(&mut world, "INVITE", "sip:95000@10.0.0.1", "95000", &lines).code, 403);
    // And one that does not know of it is called as ever.
    world.dial(FAR, SWITCH, 2, Protocol::Udp, "offer");
    world.run(millis(10));
    assert!(matches!(world.event(SWITCH), Event::Invited { replaces: None, .. }));
}
