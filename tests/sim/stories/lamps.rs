//! Busy lamps and presence: a colleague's phone shows what an agent is at, through calls, a crash and a reload.

use crate::people::OnRing;
use crate::phones::Phone;
use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::sip::msg::Method;

/// 1002's phone watches 1001, who is ready.
fn watching(package: &str) -> World {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.act("1002", |phone, now, out| {
        phone.ask_aside(&Method::Subscribe, "1001", &format!("Event: {package}\r\nExpires: 3600\r\n"), "", now, out);
    });
    world.after(millis(50));
    assert_eq!(world.phone("1002").answers.last().map(|(_, answer)| answer.code), Some(200));
    world
}

/// What it was told, in short, since it was looked at last.
fn told(world: &mut World) -> Vec<String> {
    let told = std::mem::take(&mut world.phone_mut("1002").told);
    let short = |body: String| {
        let states: Vec<&str> = body.split("<state>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
        let activity = body.split("<rpid:activities><rpid:").nth(1).and_then(|rest| rest.split('/').next());
        let basic = body.split("<basic>").nth(1).and_then(|rest| rest.split('<').next());
        match basic {
            Some(basic) => format!("{basic} {}", activity.unwrap_or("-")),
            None => states.join(" "),
        }
    };
    told.into_iter().map(|(_, notify)| short(String::from_utf8_lossy(&notify.body).into_owned())).collect()
}

#[test]
fn a_lamp_is_dark_flashes_burns_and_goes_out() {
    let mut world = watching("dialog");
    assert_eq!(told(&mut world), [""], "dark");
    world.habit("1002", |habit| habit.on_ring = OnRing::Refuse(486, millis(0)));
    world.agent_answers("1001", secs(4)).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(3));
    let rang = told(&mut world);
    assert_eq!(rang.last().map(String::as_str), Some("early"), "{rang:?}");
    world.after(secs(9));
    assert_eq!(told(&mut world), ["confirmed"]);
    world.expect_recorded_conversation(CALLER, "1001");
    // The switch dies and goes on, and so does the lamp.
    world.crash(secs(1)).after(secs(6));
    assert_eq!(told(&mut world), Vec::<String>::new(), "it burns still");
    world.hangs_up(CALLER).after(secs(5));
    assert_eq!(told(&mut world), ["terminated"]);
    world.ends_well();
}

#[test]
fn a_call_that_a_crash_ends_puts_the_lamp_out() {
    let mut world = watching("dialog");
    world.agent_answers("1001", secs(1)).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(9));
    assert_eq!(told(&mut world).last().map(String::as_str), Some("confirmed"));
    // Nobody is there any more when the switch comes back.
    world.dies("1001").dies(CALLER).crash(secs(1)).after(secs(80));
    assert_eq!(told(&mut world), ["terminated"]);
}

#[test]
fn a_colleague_sees_whether_one_is_ready_in_a_call_or_at_his_meal() {
    let mut world = watching("presence");
    assert_eq!(told(&mut world), ["open -"]);
    world.after(secs(2)).agent_answers("1001", secs(1)).caller_dials("95000").says(CALLER, Sound::Speech).after(secs(9));
    let told_in_call = told(&mut world);
    assert_eq!(told_in_call.last().map(String::as_str), Some("open on-the-phone"), "{told_in_call:?}");
    world.hangs_up(CALLER).after(secs(4));
    assert_eq!(told(&mut world).last().map(String::as_str), Some("open -"));
    world.dials("1001", "*17").after(secs(8));
    assert_eq!(told(&mut world).last().map(String::as_str), Some("open meal"));
    world.crash(secs(1)).after(secs(4));
    assert_eq!(told(&mut world), Vec::<String>::new(), "the same as before");
    world.act("1001", Phone::unregister);
    world.after(secs(2));
    assert_eq!(told(&mut world).last().map(String::as_str), Some("closed -"));
    world.ends_quietly();
}

#[test]
fn presence_has_each_state_with_its_word() {
    let mut world = World::story_with(&[("wrap_up = \"0s\"", "wrap_up = \"20s\"")], &[]);
    world.agents_come(&["1001", "1002"]).habit("1002", |habit| habit.on_ring = OnRing::Refuse(486, millis(0)));
    world.act("1002", |phone, now, out| phone.ask_aside(&Method::Subscribe, "1001", "Event: presence\r\nExpires: 3600\r\n", "", now, out));
    let is = |world: &mut World, after: u64, expected: &str| {
        world.after(secs(after));
        let (_, last) = world.phone("1002").told.last().expect("it was told");
        let body = String::from_utf8_lossy(&last.body).into_owned();
        let inside = |from: &str, to: &str| Some(body.split_once(from)?.1.split_once(to)?.0.to_owned());
        let activity = inside("<rpid:activities><rpid:", "/>").unwrap_or("-".to_owned());
        let (basic, note) = (inside("<basic>", "</basic>"), inside("<note>", "</note>"));
        assert_eq!(format!("{} {activity} {}", basic.expect("basic"), note.expect("a note")), expected);
    };
    is(&mut world, 1, "open - 就绪");
    world.agent_answers("1001", secs(4)).caller_dials("95000").says(CALLER, Sound::Speech);
    is(&mut world, 2, "open on-the-phone 振铃中");
    is(&mut world, 6, "open on-the-phone 通话中");
    world.expect_recorded_conversation(CALLER, "1001").hangs_up(CALLER);
    is(&mut world, 3, "open busy 话后处理");
    is(&mut world, 20, "open - 就绪");
    world.dials("1001", "*17");
    is(&mut world, 8, "open meal 未就绪: meal");
    world.dials("1001", "*15");
    is(&mut world, 8, "open meeting 未就绪: meeting");
    world.dials("1001", "*14");
    is(&mut world, 8, "open away 未就绪");
    world.act("1001", Phone::unregister);
    is(&mut world, 2, "closed - 离线");
    world.ends_well();
}

#[test]
fn a_lamp_that_is_not_renewed_is_put_out_and_may_be_asked_for_again() {
    let mut world = World::with_agents(&["1001", "1002"]);
    let asks = |world: &mut World| {
        let lines = "Event: dialog\r\nExpires: 120\r\n";
        world.act("1002", |phone, now, out| phone.ask_aside(&Method::Subscribe, "1001", lines, "", now, out));
        world.after(millis(50));
    };
    asks(&mut world);
    world.after(secs(121));
    let (_, last) = world.phone("1002").told.last().expect("a last word").clone();
    assert_eq!(last.headers.get("Subscription-State"), Some("terminated;reason=timeout"));
    world.phone_mut("1002").told.clear();
    // In a call that began meanwhile: told in full.
    world.agent_answers("1001", secs(1)).dials(CALLER, "95000").after(secs(5));
    asks(&mut world);
    let (_, first) = world.phone("1002").told.last().expect("at once").clone();
    let body = String::from_utf8_lossy(&first.body).into_owned();
    assert!(body.contains("version=\"0\" state=\"full\"") && body.contains("<state>confirmed</state>"), "{body}");
    assert!(body.contains("138****0001") && !body.contains(CALLER), "a caller is not told whole: {body}");
    world.ends_well();
}

#[test]
fn who_is_no_more_after_a_reload_is_watched_no_more() {
    let mut world = watching("dialog");
    told(&mut world);
    world.reload(&[("id = \"1001\"", "id = \"1009\""), ("demo-1001", "demo-1009")], &[]);
    world.after(secs(2));
    let last = world.phone("1002").told.last().expect("a last word").1.clone();
    assert_eq!(last.headers.get("Subscription-State"), Some("terminated;reason=noresource"));
}
