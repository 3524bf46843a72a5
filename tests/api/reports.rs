//! Reports, from the facts of the database and of the running switch.

use crate::world::{NOW, World, call_record};
use sanling::base::Timestamp;
use sanling::call::record::{CallRecord, QueueVisit, VisitEnding};
use sanling::config::{Calendar, Span};
use sanling::report::AgentInterval;
use sanling::switch::view::CallView;
use serde_json::Value;

/// The day of [`NOW`], which is 09:30.
const DAY: &str = "since=2026-11-21T00:00:00Z&until=2026-11-22T00:00:00Z";

fn visited(call: &mut CallRecord, seconds: i64, ending: VisitEnding) {
    let left_at = (ending != VisitEnding::Waiting).then(|| Timestamp(call.arrived_at.0 + seconds * 1_000));
    call.visits = vec![QueueVisit { queue: "service".into(), entered_at: call.arrived_at, left_at, ending }];
}

fn interval(world: &World, agent: &str, state: &str, from: i64, to: i64) {
    let (from, to) = (Timestamp(NOW + from * 1_000), Timestamp(NOW + to * 1_000));
    let reason = (state == "not-ready").then(|| "meal".to_owned());
    let interval = AgentInterval { agent: agent.into(), state: state.to_owned(), reason, call: None, queue: None, from, to };
    world.ledger.give(vec![world.ledger.interval(Box::new(interval))]);
}

/// Value, numerator and denominator of a figure of a row.
fn figure(row: &Value, name: &str) -> (Option<f64>, u64, Option<u64>) {
    let figures = row["figures"].as_array().expect("figures");
    let figure = figures.iter().find(|figure| figure["name"] == name).unwrap_or_else(|| panic!("no {name} in {row}"));
    (figure["value"].as_f64(), figure["numerator"].as_u64().expect("a number"), figure["denominator"].as_u64())
}

#[test]
fn a_queues_figures_come_with_what_they_are_made_of() {
    let mut world = World::new();
    world.kept_call(0, |call| visited(call, 8, VisitEnding::Answered));
    world.kept_call(60, |call| visited(call, 30, VisitEnding::Answered));
    world.kept_call(120, |call| {
        visited(call, 6, VisitEnding::Abandoned);
        (call.connected_at, call.agent) = (None, None);
    });
    // Another day's.
    world.kept_call(-86_400, |call| visited(call, 8, VisitEnding::Answered));
    let mut running = call_record(NOW + 300_000, &mut world.rng);
    (running.connected_at, running.released_at, running.outcome) = (None, None, None);
    visited(&mut running, 0, VisitEnding::Waiting);
    let view = CallView { record: running, state: "waiting", state_since: Timestamp(NOW) };
    world.switch.lock().expect("fine").snapshot.calls.push(view);

    let report = world.get(&format!("/api/v1/reports/queues?{DAY}")).json();
    assert!(report["report"] == "queues" && report["zone"] == "UTC" && report["calls"] == 4, "{report}");
    assert_eq!(report["terms"]["service_level_ms"], 20_000);
    let rows = report["rows"].as_array().expect("rows");
    assert!(rows.len() == 1 && rows[0]["key"] == "service" && rows[0]["from"] == "2026-11-21T00:00:00.000Z", "{report}");
    assert_eq!(figure(&rows[0], "offered"), (Some(4.0), 4, None));
    assert_eq!(figure(&rows[0], "waiting"), (Some(1.0), 1, None));
    assert_eq!(figure(&rows[0], "service_level"), (Some(100.0 / 3.0), 1, Some(3)));
    assert_eq!(figure(&rows[0], "average_speed_of_answer"), (Some(19_000.0), 38_000, Some(2)));
    let formulas = report["formulas"].as_array().expect("formulas");
    let names = |list: &[Value]| list.iter().map(|item| item["name"].as_str().expect("a name").to_owned()).collect::<Vec<_>>();
    assert_eq!(names(formulas), names(rows[0]["figures"].as_array().expect("figures")), "each figure has its formula");
    assert!(formulas.iter().all(|formula| formula["formula"].as_str().is_some_and(|text| !text.is_empty())));

    let longer = world.get(&format!("/api/v1/reports/queues?{DAY}&service_level=30s&short_abandon=10s")).json();
    assert_eq!(figure(&longer["rows"][0], "service_level"), (Some(100.0), 2, Some(2)));
    let asterisk = world.get(&format!("/api/v1/reports/queues?{DAY}&variant=asterisk-2")).json();
    assert_eq!(figure(&asterisk["rows"][0], "service_level"), (Some(200.0 / 3.0), 2, Some(3)));
    let all = world.get(&format!("/api/v1/reports/queues?{DAY}&variant=all")).json();
    assert_eq!(figure(&all["rows"][0], "cisco-negative").1, 1);
}

#[test]
fn a_day_is_cut_into_its_half_hours() {
    let mut world = World::new();
    for seconds in [0, 1_799, 1_800, 7_200] {
        world.kept_call(seconds, |call| visited(call, 8, VisitEnding::Answered));
    }
    let report = world.get(&format!("/api/v1/reports/queues?{DAY}&by=half-hour")).json();
    let slices: Vec<_> =
        report["rows"].as_array().expect("rows").iter().map(|row| (row["from"].clone(), figure(row, "offered").1)).collect();
    let expected = [("2026-11-21T09:30:00.000Z", 2), ("2026-11-21T10:00:00.000Z", 1), ("2026-11-21T11:30:00.000Z", 1)];
    assert_eq!(slices, expected.map(|(from, offered)| (Value::from(from), offered)));
    let empty = world.get(&format!("/api/v1/reports/queues?{DAY}&queue=another")).json();
    assert!(empty["rows"].as_array().is_some_and(Vec::is_empty), "{empty}");
}

#[test]
fn agents_and_teams_have_their_time_and_their_parts() {
    let mut world = World::new();
    world.kept_call(0, |call| visited(call, 8, VisitEnding::Answered));
    interval(&world, "1001", "offline", -3_600, -600);
    interval(&world, "1001", "ready", -600, 8);
    interval(&world, "1001", "talking", 8, 68);
    interval(&world, "1009", "ready", 0, 10);
    let report = world.get(&format!("/api/v1/reports/agents?{DAY}&agent=1001")).json();
    let row = &report["rows"][0];
    assert_eq!((figure(row, "handled").1, figure(row, "logons").1), (1, 1));
    assert_eq!(figure(row, "average_handle_time"), (Some(60_000.0), 60_000, Some(1)));
    assert_eq!(figure(row, "occupancy").1, 60_000);
    assert_eq!(figure(row, "three_ring_rate"), (Some(100.0), 1, Some(1)));
    let teams = world.get(&format!("/api/v1/reports/teams?{DAY}")).json();
    assert!(
        teams["rows"].as_array().is_some_and(|rows| rows.len() == 1) && teams["rows"][0]["key"] == "service",
        "1009 has no team: {teams}"
    );
}

#[test]
fn shifts_are_reckoned_for_a_year_at_most_up_to_now_and_only_where_they_are_asked_for() {
    let world = World::new();
    let week = std::array::from_fn(|_| vec![Span { from: 0, to: 1_440 }]);
    let shift = Calendar { id: "always".into(), zone: jiff::tz::TimeZone::UTC, week, exceptions: Vec::new() };
    world.switch.lock().expect("fine").snapshot.shifts = [("1001".into(), shift)].into();
    let (long, plan) = ("since=2000-01-01T00:00:00Z", "&by=day&agent=1001");
    for kind in ["agents", "teams"] {
        let refused = world.get(&format!("/api/v1/reports/{kind}?{long}")).problem(400);
        assert!(refused["parameter"] == "since" && refused["detail"].as_str().is_some_and(|text| text.contains("366 days")), "{refused}");
    }
    // Nothing is planned for queues and scripts, for who has no shift, nor for one queue's callers.
    for asked in ["queues?", "scripts?", "agents?agent=1002&", "agents?queue=service&"] {
        assert_eq!(world.get(&format!("/api/v1/reports/{asked}{long}")).status, 200, "{asked}");
    }
    // What is to come is not planned yet, however far the report looks.
    let report = world.get(&format!("/api/v1/reports/agents?until=2999-12-31T00:00:00Z{plan}")).json();
    let planned = figure(&report["rows"][0], "adherence").2.expect("a denominator");
    assert!((1..=2 * 86_400_000).contains(&planned), "{report}");
}

#[test]
fn an_agents_time_line_has_his_sessions_and_what_lasts() {
    let world = World::new();
    interval(&world, "1002", "offline", -3_600, -600);
    interval(&world, "1002", "not-ready", -600, -500);
    interval(&world, "1002", "ready", -500, 0);
    let until = "since=2026-11-21T08:00:00Z&until=2026-11-21T12:00:00Z";
    // By the canned switch he talks since NOW.
    let line = world.get(&format!("/api/v1/reports/timeline?{until}&agent=1002")).json();
    let his = &line["items"][0];
    assert!(his["agent"] == "1002" && his["team"] == "service" && his["sessions"].as_array().is_some_and(|all| all.len() == 1), "{line}");
    assert_eq!(his["sessions"][0]["logged_on_at"], "2026-11-21T09:20:00.000Z");
    let spells = his["intervals"].as_array().expect("a list");
    assert!(
        spells.len() == 4 && spells[1]["reason"] == "meal" && spells[3]["state"] == "talking" && spells[3]["until"].is_null(),
        "{line}"
    );
    let intervals = world.get(&format!("/api/v1/reports/intervals?{until}&agent=1002")).json();
    assert_eq!(intervals["items"], his["intervals"]);
    // What ended after the snapshot was taken is in the database already, and told once all the same.
    interval(&world, "1002", "talking", 0, 1);
    assert_eq!(world.get(&format!("/api/v1/reports/intervals?{until}&agent=1002")).json(), intervals);
}

#[test]
fn who_called_again_was_not_settled_even_after_the_time_of_the_report() {
    let mut world = World::new();
    // Long ago, so that the seven days are over.
    let month = -40 * 86_400;
    for (seconds, caller) in [(0, "A"), (60, "B"), (86_400 * 3, "A"), (86_400 * 9, "B")] {
        world.kept_call(month + seconds, |call| {
            call.caller = caller.to_owned();
            visited(call, 8, VisitEnding::Answered);
        });
    }
    let report = world.get("/api/v1/reports/queues?since=2026-10-12T00:00:00Z&until=2026-10-13T00:00:00Z").json();
    assert_eq!(figure(&report["rows"][0], "first_call_resolution"), (Some(50.0), 1, Some(2)), "B came back after nine days");
}

#[test]
fn a_report_is_a_table_where_one_is_asked_for() {
    let mut world = World::new();
    world.kept_call(0, |call| visited(call, 8, VisitEnding::Answered));
    let table = world.get_with(&format!("/api/v1/reports/queues?{DAY}"), &[("accept", "text/csv")]);
    assert_eq!((table.status, table.header("content-type")), (200, Some("text/csv; charset=utf-8")));
    let text = String::from_utf8(table.body.clone()).expect("text");
    let mut lines = text.split("\r\n");
    assert_eq!(lines.next(), Some("report,key,from,until,figure,value,unit,numerator,denominator,formula"));
    let line = "queues,service,2026-11-21T00:00:00.000Z,2026-11-22T00:00:00.000Z,service_level,100,percent,1,1,A_T / (A + B − B_s)";
    assert_eq!(lines.next(), Some(line));
    let by_format = world.get(&format!("/api/v1/reports/queues?{DAY}&format=csv"));
    assert_eq!(by_format.body, table.body);
    for name in ["intervals", "timeline", "scripts", "agents"] {
        assert_eq!(world.get(&format!("/api/v1/reports/{name}?{DAY}&format=csv")).status, 200, "{name}");
    }
}

#[test]
fn a_wrong_question_is_refused_by_its_name() {
    let world = World::new();
    for (path, name) in [
        ("queues?until=2026-11-20T00:00:00Z&since=2026-11-21T00:00:00Z", "until"),
        ("queues?by=week", "by"),
        ("queues?variant=best", "variant"),
        ("queues?service_level=20", "service_level"),
        ("queues?service_level=25h", "service_level"),
        ("agents?variant=ours", "variant"),
        ("intervals?by=day", "by"),
        ("queues?format=xls", "format"),
    ] {
        assert_eq!(world.get(&format!("/api/v1/reports/{path}")).problem(400)["parameter"], name, "{path}");
    }
    world.get("/api/v1/reports/nothing").problem(404);
    world.switch.lock().expect("fine").silent = true;
    world.get("/api/v1/reports/queues").problem(504);
}
