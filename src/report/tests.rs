//! Each formula by hand on a few facts; then all of them on random facts, against a reference that recomputes every figure from the raw facts
//! by another way: no tallies, no slices' arithmetic, one pass over all facts for each figure of each row.

use super::tally::LATE;
use super::*;
use crate::base::time::{millis, secs};
use crate::base::{CallId, Rng, Timestamp};
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
        id: CallId::new(arrived_at, &mut Rng::new(arrived_at.0.unsigned_abs())),
        direction: CallDirection::Inbound,
        caller: caller.to_owned(),
        called: "95000".into(),
        trunk: None,
        queue: Some("service".into()),
        agent: None,
        arrived_at,
        answered_at: None,
        connected_at: None,
        released_at: None,
        released_by: None,
        hung_up_first: None,
        release_cause: None,
        outcome: None,
        offers: Vec::new(),
        holds: Vec::new(),
        scripts: Vec::new(),
        segments: Vec::new(),
        visits: Vec::new(),
        survey: None,
        merged_into: None,
        recording: None,
    }
}

fn visit(queue: &str, entered: f64, left: Option<f64>, ending: VisitEnding) -> QueueVisit {
    QueueVisit { queue: queue.into(), entered_at: at(entered), left_at: left.map(at), ending }
}

fn offer(agent: &str, alerted: f64, ended: f64, rings: u32, result: OfferOutcome) -> OfferRecord {
    OfferRecord { agent: agent.into(), alerted_at: at(alerted), ended_at: Some(at(ended)), rings, result }
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

// ---- random facts ----

struct Facts {
    calls: Vec<CallRecord>,
    intervals: Vec<AgentInterval>,
}

/// Two days of calls and intervals, sound but arbitrary.
fn random(rng: &mut Rng) -> Facts {
    let queues = ["service", "second"];
    let agents = ["1001", "1002", "1003"];
    let mut calls = Vec::new();
    for _ in 0..rng.below(120) {
        let mut now = rng.below(2 * 86_400_000) as f64 / 1_000.0 - 3_600.0;
        let mut call = record(&format!("caller {}", rng.below(20)), now);
        let mut step = |rng: &mut Rng, most: u64| {
            now += rng.below(most * 1_000) as f64 / 1_000.0;
            now
        };
        let mut connected = false;
        for _ in 0..=rng.below(3) {
            let queue = queues[rng.below(2) as usize];
            let entered = step(rng, 2);
            if rng.one_in(8) {
                call.visits.push(visit(queue, entered, Some(entered), VisitEnding::Refused));
                continue;
            }
            call.queue = Some(queue.into());
            let index = call.visits.len();
            call.visits.push(visit(queue, entered, None, VisitEnding::Waiting));
            for _ in 0..rng.below(3) {
                let result =
                    [OfferOutcome::Missed, OfferOutcome::Rejected, OfferOutcome::Busy, OfferOutcome::Unreachable][rng.below(4) as usize];
                let (alerted, ended) = (step(rng, 5), step(rng, 16));
                call.offers.push(offer(agents[rng.below(3) as usize], alerted, ended, 1 + rng.below(3) as u32, result));
            }
            let ending = match rng.below(8) {
                0 => VisitEnding::Waiting,
                1 | 2 => VisitEnding::Abandoned,
                3 => VisitEnding::FlowedOut,
                _ => VisitEnding::Answered,
            };
            let result = if ending == VisitEnding::Answered { OfferOutcome::Answered } else { OfferOutcome::Withdrawn };
            let agent = agents[rng.below(3) as usize];
            let alerted = step(rng, 5);
            let left = step(rng, 30);
            if ending == VisitEnding::Answered || ending == VisitEnding::Abandoned && rng.one_in(2) {
                call.offers.push(offer(agent, alerted, left, 1 + rng.below(5) as u32, result));
            }
            call.visits[index].ending = ending;
            if ending == VisitEnding::Waiting {
                break;
            }
            call.visits[index].left_at = Some(at(left));
            if ending == VisitEnding::Abandoned {
                call.released_at = Some(at(left));
                call.outcome = Some(Outcome::Abandoned);
                break;
            }
            if ending == VisitEnding::FlowedOut {
                continue;
            }
            connected = true;
            call.connected_at = call.connected_at.or(Some(at(left)));
            call.agent = Some(agent.into());
            let mut began = left;
            for last in if rng.one_in(4) { [false, true].as_slice() } else { &[true] } {
                let ended = step(rng, 200);
                let ending = if *last { SegmentEnding::Left } else { SegmentEnding::Transferred };
                call.segments.push(part(agents[rng.below(3) as usize], began, ended, ending));
                if rng.one_in(2) {
                    let held = began + (ended - began) * 0.25;
                    let until = began + (ended - began) * 0.75;
                    let reassured = ((until - held) / 7.0) as u32 * u32::from(!rng.one_in(3));
                    call.holds.push(HoldRecord {
                        by: HeldBy::Agent,
                        started_at: at(held),
                        ended_at: Some(at(until)),
                        reassured,
                        reason: None,
                        promised: None,
                        kept: None,
                    });
                }
                began = ended;
            }
            if !rng.one_in(5) {
                break;
            }
        }
        if connected && call.visits.last().is_some_and(|visit| visit.ending == VisitEnding::Answered) && !rng.one_in(9) {
            let over = step(rng, 20);
            if rng.one_in(2) {
                call.survey = Some(SurveyRecord { asked_at: at(over), score: (!rng.one_in(3)).then(|| 1 + rng.below(5) as u8) });
            }
            call.released_at = Some(at(over + 1.0));
            call.hung_up_first = Some([ReleasedBy::Caller, ReleasedBy::Agent, ReleasedBy::Switch][rng.below(3) as usize]);
            call.outcome = Some(if rng.one_in(6) { Outcome::Silent } else { Outcome::Answered });
        }
        calls.push(call);
    }
    calls.sort_by_key(|call| call.arrived_at);
    let mut intervals = Vec::new();
    for agent in agents {
        let mut now = -3_600.0;
        while now < 2.0 * 86_400.0 {
            let state = ["ready", "reserved", "ringing", "talking", "wrap-up", "not-ready", "offline"][rng.below(7) as usize];
            let long = 1.0 + rng.below(20_000_000) as f64 / 1_000.0;
            let mut spell = interval(agent, state, now, now + long);
            spell.queue = ["talking", "wrap-up"].contains(&state).then(|| queues[rng.below(2) as usize].into());
            intervals.push(spell);
            now += long;
        }
    }
    Facts { calls, intervals }
}

/// The reference: every figure of one row, from all facts, by its definition.
struct Reference<'a> {
    facts: &'a Facts,
    from: Timestamp,
    until: Timestamp,
    now: Timestamp,
}

impl Reference<'_> {
    fn within(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    fn queue_of(call: &CallRecord, at: Timestamp) -> String {
        let mut entered = call.visits.iter().filter(|visit| visit.ending != VisitEnding::Refused && visit.entered_at <= at);
        entered
            .next_back()
            .map_or_else(|| call.queue.clone(), |visit| Some(visit.queue.clone()))
            .map(|queue| queue.to_string())
            .unwrap_or_default()
    }

    fn queue(&self, queue: &str) -> BTreeMap<&'static str, (u64, Option<u64>)> {
        let calls = &self.facts.calls;
        let here = |at: Timestamp, call: &CallRecord| self.within(at) && Self::queue_of(call, at) == queue;
        let mine = |visit: &&QueueVisit| visit.queue.as_str() == queue && self.within(visit.entered_at);
        let visits: Vec<&QueueVisit> = calls.iter().flat_map(|call| &call.visits).filter(mine).collect();
        let of = |ending: VisitEnding| visits.iter().filter(|visit| visit.ending == ending).count() as u64;
        let wait = |visit: &QueueVisit| (visit.left_at.unwrap_or(self.now).0 - visit.entered_at.0) as u64;
        let fast = |ending: VisitEnding, limit: u64| visits.iter().filter(|v| v.ending == ending && wait(v) <= limit).count() as u64;
        let (a, b, f, w) = (of(VisitEnding::Answered), of(VisitEnding::Abandoned), of(VisitEnding::FlowedOut), of(VisitEnding::Waiting));
        let short = visits.iter().filter(|v| v.ending == VisitEnding::Abandoned && wait(v) < 5_000).count() as u64;
        let at_t = fast(VisitEnding::Answered, 20_000);
        let waited: u64 = visits.iter().filter(|v| v.ending == VisitEnding::Answered).map(|v| wait(v)).sum();
        let longest = visits.iter().filter(|v| v.left_at.is_some() && v.ending != VisitEnding::Refused).map(|v| wait(v)).max().unwrap_or(0);
        // Each offer with the last visit that it falls into.
        let mut offers = Vec::new();
        for call in calls {
            for offer in &call.offers {
                let fits = |v: &&QueueVisit| {
                    v.ending != VisitEnding::Refused
                        && (v.entered_at.0..=v.left_at.map_or(i64::MAX, |left| left.0)).contains(&offer.alerted_at.0)
                };
                offers.extend(call.visits.iter().rfind(fits).filter(mine).map(|_| offer));
            }
        }
        let count = |result: OfferOutcome| offers.iter().filter(|offer| offer.result == result).count() as u64;
        let three = offers.iter().filter(|offer| offer.result == OfferOutcome::Answered && offer.rings <= 3).count() as u64;
        let parts: Vec<(&SegmentRecord, &CallRecord)> = calls
            .iter()
            .flat_map(|call| call.segments.iter().map(move |part| (part, call)))
            .filter(|(p, call)| here(p.started_at, call))
            .collect();
        // Second by second would be slow; tenths of a hold that is a part's quarter to three quarters are exact by its two ends.
        let hold = |part: &SegmentRecord, call: &CallRecord| -> u64 {
            let (from, to) = (part.started_at.0, part.ended_at.expect("over").0);
            call.holds.iter().map(|h| (h.ended_at.expect("over").0.min(to) - h.started_at.0.max(from)).max(0) as u64).sum()
        };
        let held: u64 = parts.iter().map(|(part, call)| hold(part, call)).sum();
        let long: u64 = parts.iter().map(|(part, _)| (part.ended_at.expect("over").0 - part.started_at.0) as u64).sum();
        let over: Vec<&CallRecord> =
            calls.iter().filter(|call| call.released_at.is_some() && call.connected_at.is_some_and(|at| here(at, call))).collect();
        let first = |by: ReleasedBy| over.iter().filter(|call| call.hung_up_first == Some(by)).count() as u64;
        let holds: Vec<&HoldRecord> = calls.iter().flat_map(|call| call.holds.iter().filter(|h| here(h.started_at, call))).collect();
        let kept = |hold: &&&HoldRecord| {
            let length = hold.ended_at.expect("over").0 - hold.started_at.0;
            // Walk through the hold, word by word.
            let words: Vec<i64> = (1..=i64::from(hold.reassured)).map(|n| n * 7_000).collect();
            let edges: Vec<i64> = std::iter::once(0).chain(words).chain([length]).collect();
            edges.windows(2).all(|pair| pair[1] - pair[0] <= 7_000 + LATE.as_millis() as i64)
        };
        let surveys: Vec<&SurveyRecord> = calls.iter().filter_map(|c| c.survey.as_ref().filter(|s| here(s.asked_at, c))).collect();
        let scores: Vec<u64> = surveys.iter().filter_map(|survey| survey.score).map(u64::from).collect();
        let after: u64 = self.time(|spell| spell.state == "wrap-up" && spell.queue.as_ref().is_some_and(|q| q.as_str() == queue));
        let d = 7 * DAY;
        let ripe: Vec<&&CallRecord> = over.iter().filter(|call| call.released_at.expect("over").0 + d <= self.now.0).collect();
        let came_back = |call: &&&&CallRecord| {
            let over = call.released_at.expect("over").0;
            let position = calls.iter().position(|other| std::ptr::eq(other, **call as &CallRecord)).expect("one of them");
            let next = calls[position + 1..]
                .iter()
                .find(|other| other.caller == call.caller && (other.queue.is_some() || !other.visits.is_empty()));
            next.is_some_and(|next| next.arrived_at.0 - over <= d)
        };
        let handled = parts.len() as u64;
        let n = offers.len() as u64;
        BTreeMap::from([
            ("offered", (a + b + f + w, None)),
            ("answered", (a, None)),
            ("abandoned", (b, None)),
            ("flowed_out", (f, None)),
            ("waiting", (w, None)),
            ("refused", (of(VisitEnding::Refused), None)),
            ("service_level", (at_t, Some(a + b - short))),
            ("abandon_rate", (b, Some(a + b + f + w))),
            ("abandoned_in_time", (fast(VisitEnding::Abandoned, 20_000), None)),
            ("average_speed_of_answer", (waited, Some(a))),
            ("longest_wait", (longest, None)),
            ("offers", (n, None)),
            ("agent_answer_rate", (count(OfferOutcome::Answered), Some(n))),
            ("rona_rate", (count(OfferOutcome::Missed), Some(n - count(OfferOutcome::Withdrawn)))),
            ("three_ring_rate", (three, Some(count(OfferOutcome::Answered)))),
            ("three_ring_rate_of_offers", (three, Some(n))),
            ("handled", (handled, None)),
            ("average_handle_time", (long + after, Some(handled))),
            ("average_talk_time", (long - held, Some(handled))),
            ("average_hold_time", (held, Some(handled))),
            ("average_after_call_work", (after, Some(handled))),
            ("transfer_rate", (parts.iter().filter(|(part, _)| part.ending == SegmentEnding::Transferred).count() as u64, Some(handled))),
            ("connected", (over.len() as u64, None)),
            ("customer_first_rate", (first(ReleasedBy::Caller), Some(over.len() as u64))),
            ("agent_first_rate", (first(ReleasedBy::Agent), Some(over.len() as u64))),
            ("silent_rate", (over.iter().filter(|call| call.outcome == Some(Outcome::Silent)).count() as u64, Some(over.len() as u64))),
            ("holds", (holds.len() as u64, None)),
            ("seven_second_hold_rate", (holds.iter().filter(kept).count() as u64, Some(holds.len() as u64))),
            ("survey_asked", (surveys.len() as u64, None)),
            ("survey_answer_rate", (scores.len() as u64, Some(surveys.len() as u64))),
            ("survey_mean", (scores.iter().sum(), Some(scores.len() as u64))),
            ("first_call_resolution", ((ripe.len() - ripe.iter().filter(came_back).count()) as u64, Some(ripe.len() as u64))),
        ])
    }

    /// Milliseconds of all intervals of that kind inside the row's time.
    fn time(&self, wanted: impl Fn(&AgentInterval) -> bool) -> u64 {
        let spells = self.facts.intervals.iter().filter(|spell| wanted(spell));
        spells.map(|spell| (spell.to.0.min(self.until.0) - spell.from.0.max(self.from.0)).max(0) as u64).sum()
    }

    fn agent(&self, agent: &str) -> BTreeMap<&'static str, (u64, Option<u64>)> {
        let spent = |states: &[&str]| self.time(|spell| spell.agent.as_str() == agent && states.contains(&spell.state.as_str()));
        let (talking, after, idle) = (spent(&["talking"]), spent(&["wrap-up"]), spent(&["ready", "reserved", "ringing"]));
        let offers = self.facts.calls.iter().flat_map(|call| &call.offers);
        let offers: Vec<_> = offers.filter(|offer| offer.agent.as_str() == agent && self.within(offer.alerted_at)).collect();
        let parts = self.facts.calls.iter().flat_map(|call| &call.segments);
        let parts = parts.filter(|part| part.agent.as_str() == agent && self.within(part.started_at)).count() as u64;
        BTreeMap::from([
            ("offers", (offers.len() as u64, None)),
            ("handled", (parts, None)),
            ("occupancy", (talking + after, Some(talking + after + idle))),
            ("utilisation", (talking, Some(talking + after + idle))),
            ("not_ready_time", (spent(&["not-ready"]), None)),
            ("logged_on_time", (talking + after + idle + spent(&["not-ready"]), None)),
        ])
    }
}

#[test]
fn on_random_facts_every_figure_is_what_the_reference_says() {
    let mut compared = 0;
    for seed in 0..60 {
        let mut rng = Rng::new(seed);
        let facts = random(&mut rng);
        let by = [Slice::Whole, Slice::HalfHour, Slice::Day][rng.below(3) as usize];
        let zone =
            jiff::tz::TimeZoneDatabase::bundled().get(["UTC", "Asia/Shanghai", "Asia/Kathmandu"][rng.below(3) as usize]).expect("a zone");
        let since = Timestamp(MIDNIGHT + rng.below(86_400_000) as i64);
        let until = Timestamp(since.0 + 1 + rng.below(86_400_000) as i64);
        for kind in [Kind::Queues, Kind::Agents] {
            let mut asked = question(kind);
            asked.slices = Slices { zone: zone.clone(), by, since, until };
            asked.now = Timestamp(MIDNIGHT + if rng.one_in(2) { 9 * DAY } else { 4 * DAY });
            let now = asked.now;
            let rows = report(asked, &facts.calls, &facts.intervals);
            let mut offered = 0;
            for row in &rows {
                let reference = Reference { facts: &facts, from: row.from, until: row.until, now };
                let expected = if kind == Kind::Queues { reference.queue(&row.key) } else { reference.agent(&row.key) };
                let found = figures(row, kind, "ours");
                for (name, expected) in expected {
                    assert_eq!(found.get(name), Some(&expected), "seed {seed}, {by:?}, {} from {:?}: {name}", row.key, row.from);
                    compared += 1;
                }
                offered += row.tally.visits.offered;
            }
            // Slices leave nothing out, and count nothing twice.
            let whole = Reference { facts: &facts, from: since, until, now };
            let all: u64 = ["service", "second"].iter().map(|queue| whole.queue(queue)["offered"].0).sum();
            assert!(kind == Kind::Agents || offered == all, "seed {seed}: {offered} of {all}");
        }
    }
    assert!(compared > 20_000, "{compared}");
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
