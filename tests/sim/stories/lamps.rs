//! Busy lamps and presence: a colleague's phone shows what an agent is at, through calls, a crash and a reload.

use crate::people::OnRing;
use crate::sound::Sound;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::sip::msg::Method;

/// 1002's phone watches 1001, who is ready.
fn watching(package: &str) -> World {
    let mut world = World::with_agents(&["1001", "1002"]);
    world.act("1002", |phone, now, out| {
        phone.ask_aside(&Method::Subscribe, "1001", &format!("Event: {package}\r\nExpires: 3600\r\n"), "", now, out)
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
    world.expect_conversation(CALLER, "1001");
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
    world.act("1001", |phone, now, out| phone.unregister(now, out));
    world.after(secs(2));
    assert_eq!(told(&mut world).last().map(String::as_str), Some("closed -"));
    world.ends_quietly();
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
