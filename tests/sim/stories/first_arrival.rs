//! Who flows over from one queue into another has the place of his first arrival there, and each queue's figures have his time in it alone.

use crate::story::CALLER;
use crate::world::World;
use sanling::base::time::{millis, secs};

/// Callers of `service` wait ten seconds, then in `second`, which the same agents serve and 95001 leads to.
fn world() -> World {
    let queues = "wrap_up = \"0s\"\nmax_wait = \"10s\"\noverflow = [\"queue:second\"]\n[[queue]]\nid = \"second\"\nskill = \"service\"\n";
    let route = "[[route]]\nnumber = \"95001\"\nto = \"queue:second\"\n\n# Extensions call each other.";
    World::story_with(&[("wrap_up = \"0s\"", queues), ("# Extensions call each other.", route)], &[])
}

#[test]
fn who_came_first_to_any_queue_is_served_first() {
    let mut world = world();
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).dials("served", "95001").after(secs(2)).expect_up("1001");
    world.caller_dials("95000").after(secs(4)).dials("later", "95001").after(secs(8));
    assert_eq!(world.events_named("call.diverted").count(), 1, "the first waits with the other now");
    world.hangs_up("served").after(secs(3)).expect_up("1001").expect_conversation(CALLER, "1001");
    let record = world.records.values().find(|record| record.caller == CALLER).expect("his record").clone();
    let waits: Vec<i64> = record.visits.iter().map(|visit| visit.left_at.expect("left").0 - visit.entered_at.0).collect();
    assert!(waits[0] >= 10_000 && waits[0] <= 10_100 && waits[1] < 7_000, "{waits:?}");
    let second = world.snapshot().queues.into_iter().find(|queue| queue.id.as_str() == "second").expect("a queue");
    assert_eq!((second.today.offered, second.today.answered), (3, 2));
    world.ends_well();
}

#[test]
fn who_has_spoken_with_somebody_comes_anew() {
    let mut world = world();
    world.agents_come(&["1001"]).agent_answers("1001", secs(1)).caller_dials("95001").after(secs(6)).expect_up("1001");
    world.dials("other", "95001").after(secs(3)).refers("1001", "95001").after(secs(3));
    world.expect_up("1001").expect_conversation("other", "1001").after(millis(200)).expect_up(CALLER);
    world.ends_well();
}
