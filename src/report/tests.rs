//! Each formula by hand on a few facts; on random ones in `random`.

mod random;

use super::*;
use crate::base::time::{millis, secs};
use crate::base::{CallId, Planned, Rng, Timestamp};
use crate::call::record::*;
use std::collections::{BTreeMap, BTreeSet};

/// 2026-11-21T00:00:00Z.
const MIDNIGHT: i64 = 1_795_219_200_000;
const DAY: i64 = 86_400_000;

fn at(seconds: f64) -> Timestamp {
    Timestamp(MIDNIGHT + (seconds * 1_000.0) as i64)
}

fn record(caller: &str, arrived: f64) -> CallRecord {
    let arrived_at = at(arrived);
    CallRecord {
        queue: Some("service".into()),
        ..CallRecord::new(
            CallId::new(arrived_at, &mut Rng::new(arrived_at.0.unsigned_abs())),
            CallDirection::Inbound,
            caller.to_owned(),
            "95000".into(),
            arrived_at,
        )
    }
}

fn visit(queue: &str, entered: f64, left: Option<f64>, ending: VisitEnding) -> QueueVisit {
    QueueVisit { queue: queue.into(), entered_at: at(entered), left_at: left.map(at), ending }
}

fn offer(agent: &str, alerted: f64, ended: f64, rings: u32, result: OfferOutcome) -> OfferRecord {
    OfferRecord { agent: agent.into(), alerted_at: at(alerted), ended_at: Some(at(ended)), rings, result, beside: false }
}

fn part(agent: &str, from: f64, to: f64, ending: SegmentEnding) -> SegmentRecord {
    SegmentRecord { agent: agent.into(), role: SegmentRole::Serving, started_at: at(from), ended_at: Some(at(to)), ending }
}

fn question(kind: Kind) -> Question {
    Question {
        kind,
        slices: Slices { zone: jiff::tz::TimeZone::UTC, by: Slice::Whole, since: Timestamp(MIDNIGHT), until: Timestamp(MIDNIGHT + DAY) },
        terms: Terms::default(),
        queue: None,
        agent: None,
        teams: BTreeMap::new(),
        plans: BTreeMap::new(),
        now: Timestamp(MIDNIGHT + 30 * DAY),
        rows_max: 1_000,
    }
}

fn report(question: Question, calls: &[CallRecord], intervals: &[AgentInterval]) -> Vec<ReportRow> {
    let mut report = Report::new(question);
    calls.iter().for_each(|call| report.call(call).expect("few rows"));
    intervals.iter().for_each(|interval| report.interval(interval).expect("few rows"));
    report.rows()
}

/// The figures of the only row that is asked for, as (numerator, denominator).
fn figures(row: &ReportRow, kind: Kind, variant: &str) -> BTreeMap<&'static str, (u64, Option<u64>)> {
    row.measures(kind, variant).into_iter().map(|measure| (measure.name, (measure.numerator, measure.denominator))).collect()
}

/// Nine callers of a morning, whose fates are told in the lines.
fn morning() -> Vec<CallRecord> {
    use OfferOutcome as O;
    use VisitEnding as V;
    let mut calls = Vec::new();
    let mut call = |caller: &str, arrived: f64, change: &dyn Fn(&mut CallRecord)| {
        let mut record = record(caller, arrived);
        change(&mut record);
        calls.push(record);
    };
    // Answered at once, with three rings; held for 20 s with two reassurances; hung up himself; scored 1.
    call("A", 0.0, &|call| {
        call.visits = vec![visit("service", 0.0, Some(12.0), V::Answered)];
        call.offers = vec![offer("1001", 0.0, 12.0, 3, O::Answered)];
        call.segments = vec![part("1001", 12.0, 72.0, SegmentEnding::Left)];
        call.holds = vec![HoldRecord {
            by: HeldBy::Agent,
            started_at: at(30.0),
            ended_at: Some(at(50.0)),
            reassured: 2,
            reason: Some("asks".into()),
            promised: Some(secs(30)),
            kept: Some(true),
        }];
        call.survey = Some(SurveyRecord { asked_at: at(73.0), score: Some(1) });
        (call.connected_at, call.released_at, call.agent) = (Some(at(12.0)), Some(at(80.0)), Some("1001".into()));
        (call.outcome, call.hung_up_first) = (Some(Outcome::Answered), Some(ReleasedBy::Caller));
    });
    // 1001 let it ring out, 1002 took it after 20.000 s: still in time; a hold of 9 s without a word; the agent was first; no answer to the survey.
    call("B", 100.0, &|call| {
        call.visits = vec![visit("service", 100.0, Some(120.0), V::Answered)];
        call.offers = vec![offer("1001", 100.0, 115.0, 3, O::Missed), offer("1002", 115.0, 120.0, 1, O::Answered)];
        call.segments = vec![part("1002", 120.0, 150.0, SegmentEnding::Left)];
        call.holds = vec![HoldRecord {
            by: HeldBy::Agent,
            started_at: at(130.0),
            ended_at: Some(at(139.0)),
            reassured: 0,
            reason: None,
            promised: None,
            kept: None,
        }];
        call.survey = Some(SurveyRecord { asked_at: at(151.0), score: None });
        (call.connected_at, call.released_at, call.agent) = (Some(at(120.0)), Some(at(160.0)), Some("1002".into()));
        (call.outcome, call.hung_up_first) = (Some(Outcome::Answered), Some(ReleasedBy::Agent));
    });
    // A millisecond too late, on the fourth ring by another cadence; transferred from 1001 to 1002; the silent-call script released it.
    call("C", 200.0, &|call| {
        call.visits = vec![visit("service", 200.0, Some(220.001), V::Answered)];
        call.offers = vec![offer("1001", 200.0, 220.001, 4, O::Answered)];
        call.segments =
            vec![part("1001", 220.001, 230.001, SegmentEnding::Transferred), part("1002", 230.001, 250.001, SegmentEnding::Left)];
        (call.connected_at, call.released_at, call.agent) = (Some(at(220.001)), Some(at(250.001)), Some("1002".into()));
        (call.outcome, call.hung_up_first) = (Some(Outcome::Silent), Some(ReleasedBy::Switch));
    });
    // Misdialled: gone after 4.999 s, while a phone rang.
    call("D", 300.0, &|call| {
        call.visits = vec![visit("service", 300.0, Some(304.999), V::Abandoned)];
        call.offers = vec![offer("1001", 300.5, 304.999, 1, O::Withdrawn)];
        (call.released_at, call.outcome) = (Some(at(304.999)), Some(Outcome::Abandoned));
    });
    // No short one: gone after 5 s; and one who waited longer than T.
    call("E", 400.0, &|call| {
        call.visits = vec![visit("service", 400.0, Some(405.0), V::Abandoned)];
        (call.released_at, call.outcome) = (Some(at(405.0)), Some(Outcome::Abandoned));
    });
    call("F", 500.0, &|call| {
        call.visits = vec![visit("service", 500.0, Some(530.0), V::Abandoned)];
        call.offers = vec![offer("1002", 500.0, 500.2, 0, O::Rejected), offer("1001", 501.0, 501.2, 0, O::Busy)];
        (call.released_at, call.outcome) = (Some(at(530.0)), Some(Outcome::Abandoned));
    });
    // Flows over after 60 s, and is answered in the other queue after 6 s.
    call("G", 600.0, &|call| {
        call.visits = vec![visit("service", 600.0, Some(660.0), V::FlowedOut), visit("second", 660.0, Some(666.0), V::Answered)];
        call.offers = vec![offer("1001", 600.0, 600.1, 0, O::Unreachable), offer("1003", 660.0, 666.0, 2, O::Answered)];
        call.segments = vec![part("1003", 666.0, 676.0, SegmentEnding::Left)];
        (call.queue, call.connected_at, call.released_at, call.agent) =
            (Some("second".into()), Some(at(666.0)), Some(at(676.0)), Some("1003".into()));
        (call.outcome, call.hung_up_first) = (Some(Outcome::Answered), Some(ReleasedBy::Caller));
    });
    // Not taken; and one who waits still.
    call("H", 700.0, &|call| {
        call.visits = vec![visit("service", 700.0, Some(700.0), V::Refused)];
        (call.released_at, call.outcome) = (Some(at(700.0)), Some(Outcome::Refused));
    });
    // The first caller calls again within D.
    call("A", 800.0, &|call| call.visits = vec![visit("service", 800.0, None, V::Waiting)]);
    calls
}

#[test]
fn the_figures_of_a_queue_by_hand() {
    let rows = report(question(Kind::Queues), &morning(), &[]);
    assert_eq!(rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["second", "service"]);
    let figures = figures(&rows[1], Kind::Queues, "ours");
    for (name, expected) in [
        ("offered", (8, None)),
        ("answered", (3, None)),
        ("abandoned", (3, None)),
        ("short_abandoned", (1, None)),
        ("flowed_out", (1, None)),
        ("waiting", (1, None)),
        ("refused", (1, None)),
        ("identity", (8, Some(8))),
        ("answered_in_time", (2, None)),
        ("abandoned_in_time", (2, None)),
        // A_T / (A + B − B_s) = 2 / (3 + 3 − 1).
        ("service_level", (2, Some(5))),
        ("abandon_rate", (3, Some(8))),
        // 12 + 20 + 20.001.
        ("average_speed_of_answer", (52_001, Some(3))),
        ("longest_wait", (60_000, None)),
        // 3 answered, 1 missed, 1 rejected, 1 busy, 1 unreachable, 1 withdrawn.
        ("offers", (8, None)),
        ("agent_answer_rate", (3, Some(8))),
        ("rona_rate", (1, Some(7))),
        ("three_ring_rate", (2, Some(3))),
        ("three_ring_rate_of_offers", (2, Some(8))),
        ("connected", (3, None)),
        ("handled", (4, None)),
        // 60 + 30 + 10 + 20, of which 20 + 9 on hold.
        ("average_handle_time", (120_000, Some(4))),
        ("average_talk_time", (91_000, Some(4))),
        ("average_hold_time", (29_000, Some(4))),
        ("transfer_rate", (1, Some(4))),
        ("holds", (2, None)),
        ("seven_second_hold_rate", (1, Some(2))),
        ("hold_reason_rate", (1, Some(2))),
        ("hold_promise_kept_rate", (1, Some(1))),
        ("customer_first_rate", (1, Some(3))),
        ("agent_first_rate", (1, Some(3))),
        ("switch_first_rate", (1, Some(3))),
        ("silent_rate", (1, Some(3))),
        // A called again, B and C did not.
        ("first_call_resolution", (2, Some(3))),
        ("survey_asked", (2, None)),
        ("survey_answer_rate", (1, Some(2))),
        ("survey_mean", (1, Some(1))),
        ("survey_share_1", (1, Some(1))),
        ("survey_share_2", (0, Some(1))),
    ] {
        assert_eq!(figures.get(name), Some(&expected), "{name}");
    }
}

/// 09:00 to 12:00 and 13:00 to 17:00, and the break between them.
fn early() -> Vec<Planned> {
    let planned = |from: f64, to: f64, at_work| Planned { from: at(from * 3_600.0), to: at(to * 3_600.0), at_work };
    vec![planned(9.0, 12.0, true), planned(12.0, 13.0, false), planned(13.0, 17.0, true)]
}

#[test]
fn adherence_is_work_when_it_is_planned_and_none_in_breaks() {
    let hour = 3_600.0;
    let interval = |state: &str, from: f64, to: f64| AgentInterval {
        agent: "1001".into(),
        state: state.to_owned(),
        reason: None,
        call: None,
        queue: None,
        from: at(from * hour),
        to: at(to * hour),
    };
    // Half an hour late; at a meeting for one hour; works on for a quarter of his break; leaves an hour early, and is back at night.
    let spells = [
        interval("ready", 9.5, 10.0),
        interval("talking", 10.0, 11.0),
        interval("not-ready", 11.0, 12.0),
        interval("ready", 12.0, 12.25),
        interval("offline", 12.25, 13.0),
        interval("wrap-up", 13.0, 16.0),
        interval("offline", 16.0, 20.0),
        interval("ready", 20.0, 21.0),
    ];
    let mut asked = question(Kind::Agents);
    asked.plans = BTreeMap::from([("1001".into(), early().into()), ("1002".into(), early().into())]);
    asked.slices.by = Slice::Day;
    let rows = report(asked.clone(), &[], &spells);
    let adherence = |row: &ReportRow| figures(row, Kind::Agents, "ours")["adherence"];
    // In as planned: 1.5 + 3 hours; out as planned: 0.75; planned: 7 + 1.
    let of = |hours: f64| (hours * hour * 1_000.0) as u64;
    assert_eq!((rows[0].key.as_str(), adherence(&rows[0])), ("1001", (of(5.25), Some(of(8.0)))));
    // Who did not come at all was out in his break alone.
    assert_eq!((rows[1].key.as_str(), adherence(&rows[1])), ("1002", (of(1.0), Some(of(8.0)))));
    // Up to now: at half past nine nobody has been due for longer than half an hour.
    asked.now = at(9.5 * hour);
    asked.agent = Some("1002".to_owned());
    let rows = report(asked.clone(), &[], &[]);
    assert_eq!((rows.len(), adherence(&rows[0])), (1, (0, Some(of(0.5)))));
    // Half-hours are cut out of it, and without a shift there is none.
    (asked.now, asked.agent, asked.slices.by) = (at(24.0 * hour), Some("1001".to_owned()), Slice::HalfHour);
    let rows = report(asked.clone(), &[], &spells);
    let sum = rows.iter().map(adherence).fold((0, 0), |(part, of), (more, whole)| (part + more, of + whole.unwrap_or(0)));
    assert_eq!(sum, (of(5.25), of(8.0)));
    asked.plans.clear();
    assert!(report(asked, &[], &spells).iter().all(|row| adherence(row) == (0, Some(0))));
}

#[test]
fn who_is_called_back_is_counted_once_and_the_calls_to_him_apart() {
    let mut asked = record("A", 0.0);
    asked.visits = vec![visit("service", 0.0, Some(60.0), VisitEnding::CalledBack)];
    (asked.released_at, asked.outcome) = (Some(at(65.0)), Some(Outcome::CallBack));
    let made = |arrived: f64, attempt: u32, reached: Option<f64>| {
        let mut call = record("service", arrived);
        (call.direction, call.queue) = (CallDirection::Outbound, Some("service".into()));
        call.call_back = Some(CallBackRecord { asked_in: asked.id, asked_at: at(60.0), why: CallBackWhy::Asked, attempt });
        (call.connected_at, call.released_at) = (reached.map(at), Some(at(arrived + 90.0)));
        (call.agent, call.outcome) = (Some("1001".into()), Some(Outcome::Answered));
        call
    };
    let calls = [asked.clone(), made(300.0, 1, None), made(660.0, 2, Some(680.0))];
    let rows = report(question(Kind::Queues), &calls, &[]);
    let of_queue = figures(&rows[0], Kind::Queues, "ours");
    for (name, expected) in [
        ("offered", (1, None)),
        ("called_back", (1, None)),
        ("abandoned", (0, None)),
        ("answered", (0, None)),
        ("identity", (1, Some(1))),
        ("call_backs", (2, None)),
        ("call_back_reach_rate", (1, Some(2))),
        // From the wish at 60 s to the conversation at 680 s.
        ("average_call_back_time", (620_000, Some(1))),
    ] {
        assert_eq!(of_queue.get(name), Some(&expected), "{name}");
    }
    let rows = report(question(Kind::Agents), &calls, &[]);
    assert_eq!(figures(&rows[0], Kind::Agents, "ours")["call_backs"], (1, None));
}

#[test]
fn every_variant_of_the_service_level_by_hand() {
    let rows = report(question(Kind::Queues), &morning(), &[]);
    // A 3 (2 in time), B 3 (2 in time, 1 short), F 1 (late), W 1 (late, a month on), M_T 1. S = 3 + 3 + 1 + 1 + 1.
    let expected = [
        ("ours", (2, 5)),
        ("genesys", (2, 6)),
        ("genesys-without-short", (2, 5)),
        ("genesys-without-abandoned", (2, 3)),
        ("genesys-with-flow-outs", (2, 7)),
        ("genesys-with-flow-outs-without-short", (2, 6)),
        ("genesys-with-flow-outs-without-abandoned", (2, 4)),
        ("asterisk", (2, 3)),
        ("asterisk-2", (4, 6)),
        ("cisco-ignored", (2, 6)),
        ("cisco-positive", (5, 9)),
        ("cisco-negative", (2, 9)),
    ];
    assert_eq!(expected.len(), VARIANTS.len());
    for (variant, (numerator, denominator)) in expected {
        assert_eq!(figures(&rows[1], Kind::Queues, variant)["service_level"], (numerator, Some(denominator)), "{variant}");
    }
    let level = |variant: &str, visits: &VisitTally| measure::service_levels(variant, visits).first().and_then(|level| level.value);
    assert_eq!(level("ours", &rows[1].tally.visits), Some(40.0));
    assert_eq!(level("ours", &VisitTally::default()), None, "a share of nothing is none");
    assert_eq!(measure::service_levels("all", &rows[1].tally.visits).len(), VARIANTS.len());
    assert!(measure::service_levels("another", &rows[1].tally.visits).is_empty());
    let said = measure::said(Kind::Queues, "all");
    let shown = rows[1].measures(Kind::Queues, "all");
    assert!(said.iter().map(|said| (said.name, said.formula)).eq(shown.iter().map(|shown| (shown.name, shown.formula))));
}

fn interval(agent: &str, state: &str, from: f64, to: f64) -> AgentInterval {
    let queue = (state == "wrap-up").then(|| "service".into());
    AgentInterval { agent: agent.into(), state: state.into(), reason: None, call: None, queue, from: at(from), to: at(to) }
}

#[test]
fn the_figures_of_an_agent_and_his_team_by_hand() {
    let intervals = [
        interval("1001", "offline", 0.0, 600.0),
        interval("1001", "not-ready", 600.0, 700.0),
        interval("1001", "ready", 700.0, 1_000.0),
        interval("1001", "ringing", 1_000.0, 1_010.0),
        interval("1001", "talking", 1_010.0, 1_200.0),
        interval("1001", "wrap-up", 1_200.0, 1_300.0),
        interval("1002", "talking", 1_000.0, 2_000.0),
    ];
    let mut asked = question(Kind::Agents);
    asked.agent = Some("1001".into());
    let rows = report(asked, &morning(), &intervals);
    assert_eq!(rows.len(), 1, "only he was asked for");
    let his = figures(&rows[0], Kind::Agents, "ours");
    for (name, expected) in [
        // A and C answered, B missed, D withdrawn, F busy, G unreachable.
        ("offers", (6, None)),
        ("agent_answer_rate", (2, Some(6))),
        ("rona_rate", (1, Some(5))),
        ("three_ring_rate", (1, Some(2))),
        ("handled", (2, None)),
        ("transfer_rate", (1, Some(2))),
        // 60 + 10 on calls, 100 after them.
        ("average_handle_time", (170_000, Some(2))),
        ("connected", (1, None)),
        ("customer_first_rate", (1, Some(1))),
        ("logged_on_time", (700_000, None)),
        ("logons", (1, None)),
        // (190 + 100) / (190 + 100 + 310).
        ("occupancy", (290_000, Some(600_000))),
        ("utilisation", (190_000, Some(600_000))),
        ("idle_time", (310_000, None)),
        ("not_ready_time", (100_000, None)),
    ] {
        assert_eq!(his.get(name), Some(&expected), "{name}");
    }
    let mut asked = question(Kind::Teams);
    asked.teams =
        BTreeMap::from([("1001".into(), "first".to_owned()), ("1002".into(), "first".to_owned()), ("1003".into(), "second".to_owned())]);
    let rows = report(asked, &morning(), &intervals);
    assert_eq!(rows.iter().map(|row| (row.key.as_str(), row.tally.service.handled)).collect::<Vec<_>>(), [("first", 4), ("second", 1)]);
    assert_eq!(rows[0].tally.work.talking_ms, 1_190_000);
    assert!(!figures(&rows[0], Kind::Teams, "ours").contains_key("service_level"), "a team has no queue's service level");
}

#[test]
fn greetings_and_sounds_count_for_whoever_they_were_of() {
    let sound = |agent: Option<&str>, flaws: [bool; 4]| SoundRecord {
        agent: agent.map(Into::into),
        speech: secs(9),
        faint: flaws[0],
        loud: flaws[1],
        noisy: flaws[2],
        open_microphone: flaws[3],
        ..SoundRecord::default()
    };
    let call = |arrived: f64, by, delay: Option<u64>, sounds| {
        let mut call = record("A", arrived);
        call.visits = vec![visit("service", arrived, Some(arrived + 5.0), VisitEnding::Answered)];
        call.connected_at = Some(at(arrived + 5.0));
        call.agent = Some("1002".into());
        call.segments = vec![
            part("1001", arrived + 5.0, arrived + 30.0, SegmentEnding::Transferred),
            part("1002", arrived + 30.0, arrived + 60.0, SegmentEnding::Left),
        ];
        call.greeting = Some(GreetingRecord { by, delay: delay.map(millis) });
        call.sounds = sounds;
        call
    };
    let calls = [
        call(0.0, GreetedBy::Switch, Some(20), vec![sound(None, [true; 4]), sound(Some("1001"), [true, false, false, true])]),
        call(100.0, GreetedBy::Agent, Some(3_000), vec![sound(Some("1001"), [false; 4]), sound(Some("1002"), [false, true, true, false])]),
        call(200.0, GreetedBy::Agent, Some(3_001), vec![]),
        call(300.0, GreetedBy::Agent, None, vec![]),
    ];
    let names = ["greeting_in_time_rate", "greeting_delay", "sound_measured", "too_quiet", "too_loud", "noisy_floor", "open_microphone"];
    let of = |row: &ReportRow, kind| names.map(|name| figures(row, kind, "ours")[name]);
    let rows = report(question(Kind::Queues), &calls, &[]);
    let counts = |counts: [u64; 5]| counts.map(|count| (count, None));
    let greeted = [(2, Some(4)), (6_021, Some(3))];
    assert_eq!(
        of(&rows[0], Kind::Queues).to_vec(),
        [&greeted[..], &counts([3, 1, 1, 1, 1])].concat(),
        "the customer's own are not among them"
    );
    let rows = report(question(Kind::Agents), &calls, &[]);
    assert_eq!(rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(), ["1001", "1002"]);
    // Whoever had the caller first greeted him.
    assert_eq!(of(&rows[0], Kind::Agents).to_vec(), [&greeted[..], &counts([2, 1, 0, 0, 1])].concat());
    assert_eq!(of(&rows[1], Kind::Agents).to_vec(), [&[(0, Some(0)), (0, Some(0))][..], &counts([1, 0, 1, 1, 0])].concat());
}

#[test]
fn scripts_are_counted_by_their_endings() {
    let script = |id: &str, started: f64, ending| ScriptRecord {
        script: id.to_owned(),
        begun_by: BegunBy::Agent,
        started_at: at(started),
        ended_at: Some(at(started + 5.0)),
        said: 2,
        ending,
    };
    let mut call = record("A", 0.0);
    call.scripts = vec![
        script("faint", 10.0, ScriptEnding::Helped),
        script("faint", 20.0, ScriptEnding::Released),
        script("dialect", 30.0, ScriptEnding::Queued),
    ];
    let rows = report(question(Kind::Scripts), &[call], &[]);
    let figures: Vec<_> = rows.iter().map(|row| (row.key.as_str(), figures(row, Kind::Scripts, "ours"))).collect();
    assert_eq!(
        (figures[1].0, figures[1].1["begun"], figures[1].1["helped_rate"], figures[1].1["prompts_said"]),
        ("faint", (2, None), (1, Some(2)), (4, Some(2)))
    );
    assert_eq!((figures[0].0, figures[0].1["queued_rate"], figures[0].1["released_rate"]), ("dialect", (1, Some(1)), (0, Some(1))));
}

#[test]
fn sessions_run_from_log_on_to_log_off() {
    let day = [
        interval("1001", "offline", 0.0, 100.0),
        interval("1001", "ready", 100.0, 200.0),
        interval("1001", "talking", 200.0, 250.0),
        interval("1001", "offline", 250.0, 300.0),
        interval("1001", "not-ready", 300.0, 400.0),
    ];
    let times = |until: f64| {
        let found = sessions(&day, at(until));
        found.iter().map(|session| (session.logged_on_at, session.logged_off_at, session.work.logged_on_ms())).collect::<Vec<_>>()
    };
    assert_eq!(times(1_000.0), [(at(100.0), Some(at(250.0)), 150_000), (at(300.0), Some(at(400.0)), 100_000)], "he is offline since");
    assert_eq!(times(400.0)[1], (at(300.0), None, 100_000), "he is there still");
    assert!(sessions(&day[..1], at(1_000.0)).is_empty());
}

#[test]
fn more_rows_than_may_be_are_refused() {
    let mut asked = question(Kind::Queues);
    asked.rows_max = 1;
    let mut report = Report::new(asked);
    let calls = morning();
    assert!(calls[..6].iter().all(|call| report.call(call).is_ok()));
    assert_eq!(report.call(&calls[6]), Err(TooManyRows));
}

#[test]
fn names_and_formulas_stand_once_in_each_report() {
    for kind in [Kind::Queues, Kind::Agents, Kind::Teams, Kind::Scripts] {
        let names: Vec<_> =
            DEFINITIONS.iter().filter(|definition| definition.kinds.contains(&kind)).map(|definition| definition.name).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{kind:?}");
        assert!(!names.contains(&"service_level") && names.len() > 5, "{kind:?}");
    }
    assert!(
        DEFINITIONS
            .iter()
            .all(|definition| !definition.formula.is_empty() && (definition.unit != Unit::Percent || definition.formula.contains('/')))
    );
}

#[test]
fn terms_move_the_limits() {
    let mut asked = question(Kind::Queues);
    asked.terms = Terms { service_level: millis(20_001), short_abandon: secs(6), rings: 2, patience: secs(9), ..Terms::default() };
    let rows = report(asked, &morning(), &[]);
    let figures = figures(&rows[1], Kind::Queues, "ours");
    assert_eq!(figures["service_level"], (3, Some(4)));
    assert_eq!((figures["three_ring_rate"], figures["seven_second_hold_rate"]), ((1, Some(3)), (2, Some(2))));
}
