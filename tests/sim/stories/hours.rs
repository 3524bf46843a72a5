//! Hours and holidays: where a number leads depends on the clock of its zone, at the moment of the call.

use crate::sound::Heard;
use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};
use sanling::call::record::Outcome;

/// The world begins at 16:00 of a Saturday in Shanghai.
fn world(saturday: &str, exception: &str) -> World {
    let calendar = format!(
        "[[calendar]]\nid = \"office\"\nzone = \"Asia/Shanghai\"\nopen = {{ fri = [\"00:00-24:00\"], sat = [\"{saturday}\"] }}\n{exception}\n\
         # Extensions call each other."
    );
    let route = "to = \"queue:service\"\ncalendar = \"office\"\nholiday = \"play:goodbye\"";
    let mut world = World::story_with(&[("to = \"queue:service\"", route), ("# Extensions call each other.", &calendar)], &[]);
    world.agents_come(&["1001"]).agent_answers("1001", secs(1));
    world
}

#[test]
fn a_house_that_is_open_puts_through_until_the_minute_it_closes() {
    let mut world = world("09:00-16:01", "");
    world.caller_dials("95000").after(secs(3)).expect_up("1001").hangs_up(CALLER).after(secs(56)).expect_ended("1001");
    // 59 s: still open. He waits over the closing, and is served.
    world.agent_ignores("1001").caller_dials("95000").after(secs(3)).expect_ringing("1001");
    world.answers("1001").after(secs(4)).expect_up("1001").expect_conversation(CALLER, "1001");
    assert_eq!(world.ends_well().outcome, Some(Outcome::Answered));
    world.dials("13800000002", "95000").after(millis(500)).expect_hears("13800000002", Heard::Clip("closed")).expect_not_ringing("1001");
    world.after(secs(2)).expect_ended("13800000002");
    assert_eq!(world.ends_well().outcome, Some(Outcome::Played));
}

#[test]
fn a_closed_house_opens_by_the_clock_of_its_zone_and_by_no_other() {
    // 16:00 in Shanghai is 08:00 in Greenwich.
    for (saturday, open) in [("15:59-16:01", true), ("16:01-24:00", false), ("07:59-08:01", false)] {
        let mut world = world(saturday, "");
        world.caller_dials("95000").after(millis(500));
        if open {
            world.expect_ringing("1001");
        } else {
            world.expect_not_ringing("1001").expect_hears(CALLER, Heard::Clip("closed"));
        }
        world.after(secs(3));
        world.ends_well();
    }
}

#[test]
fn a_holiday_has_its_own_word_and_a_working_day_inside_it_is_one() {
    let holiday = "[[calendar.exception]]\ndate = \"2026-11-20\"\nuntil = \"2026-11-22\"";
    let mut closed = world("09:00-18:00", holiday);
    closed.caller_dials("95000").after(millis(500)).expect_hears(CALLER, Heard::Clip("goodbye")).after(secs(2)).expect_ended(CALLER);
    assert_eq!(closed.ends_well().outcome, Some(Outcome::Played));
    let worked = format!("{holiday}\n[[calendar.exception]]\ndate = \"2026-11-21\"\nopen = [\"16:00-17:00\"]");
    let mut open = world("00:00-00:01", &worked);
    open.caller_dials("95000").after(millis(500)).expect_ringing("1001").after(secs(2)).expect_up("1001");
    assert_eq!(open.ends_well().outcome, Some(Outcome::Answered));
}

#[test]
fn a_calendar_that_a_reload_changes_counts_from_the_next_call_on() {
    let mut world = world("09:00-18:00", "");
    world.caller_dials("95000").after(secs(3)).expect_up("1001");
    let route = "to = \"queue:service\"\ncalendar = \"office\"";
    let calendar = "[[calendar]]\nid = \"office\"\nzone = \"Asia/Shanghai\"\nopen = {}\n# Extensions call each other.";
    let changes = world.reload(&[("to = \"queue:service\"", route), ("# Extensions call each other.", calendar)], &[]);
    assert!(changes.contains(&"calendar office changed".to_owned()), "{changes:?}");
    world.after(secs(1)).expect_up(CALLER).expect_up("1001");
    world.dials("13800000002", "95000").after(millis(500)).expect_hears("13800000002", Heard::Clip("closed")).after(secs(2));
    world.ends_well();
}
