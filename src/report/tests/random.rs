//! All figures on random facts, against a reference that recomputes every one from the raw facts by another way: no tallies, no slices'
//! arithmetic, one pass over all facts for each figure of each row.

use super::*;
use crate::call::record::LATE;

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
                // Another phone rang with it.
                if rng.one_in(3) {
                    let result = [OfferOutcome::Missed, OfferOutcome::Rejected, OfferOutcome::Withdrawn][rng.below(3) as usize];
                    call.offers.push(OfferRecord { beside: true, ..offer(agents[rng.below(3) as usize], alerted, ended, 1, result) });
                }
            }
            let ending = match rng.below(9) {
                0 => VisitEnding::Waiting,
                1 | 2 => VisitEnding::Abandoned,
                3 => VisitEnding::FlowedOut,
                4 => VisitEnding::CalledBack,
                _ => VisitEnding::Answered,
            };
            let result = if ending == VisitEnding::Answered { OfferOutcome::Answered } else { OfferOutcome::Withdrawn };
            let agent = agents[rng.below(3) as usize];
            let alerted = step(rng, 5);
            let left = step(rng, 30);
            if ending == VisitEnding::Answered || ending == VisitEnding::Abandoned && rng.one_in(2) {
                call.offers.push(offer(agent, alerted, left, 1 + rng.below(5) as u32, result));
                let other = agents[rng.below(3) as usize];
                if ending == VisitEnding::Answered && other != agent && rng.one_in(2) {
                    call.offers.push(OfferRecord { beside: true, ..offer(other, alerted, left, 1, OfferOutcome::Elsewhere) });
                }
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
            if ending == VisitEnding::CalledBack {
                call.released_at = Some(at(left));
                call.outcome = Some(Outcome::CallBack);
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
        if rng.one_in(5) {
            let asked_at = Timestamp(call.arrived_at.0 - rng.below(600_000) as i64);
            let asked_in = CallId::new(asked_at, rng);
            call.call_back = Some(CallBackRecord { asked_in, asked_at, why: CallBackWhy::Asked, attempt: 1 });
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
        let c = of(VisitEnding::CalledBack);
        let called = |call: &CallRecord| call.call_back.is_some() && (call.answered_at.is_some() || call.offers.is_empty());
        let made = |call: &&CallRecord| called(call) && call.released_at.is_some() && here(call.arrived_at, call);
        let made: Vec<&CallRecord> = calls.iter().filter(made).collect();
        let reached = made.iter().filter_map(|call| Some(call.connected_at?.0 - call.call_back.as_ref()?.asked_at.0));
        let (reached, since_asked) = (reached.clone().count() as u64, reached.sum::<i64>() as u64);
        let short = visits.iter().filter(|v| v.ending == VisitEnding::Abandoned && wait(v) < 5_000).count() as u64;
        let at_t = fast(VisitEnding::Answered, 20_000);
        let waited: u64 = visits.iter().filter(|v| v.ending == VisitEnding::Answered).map(|v| wait(v)).sum();
        let longest = visits.iter().filter(|v| v.left_at.is_some() && v.ending != VisitEnding::Refused).map(|v| wait(v)).max().unwrap_or(0);
        // Each offer with the last visit that it falls into; of phones that rang together the one that was answered, or else rang out, or was
        // withdrawn, or said no.
        let mut offers: Vec<&OfferRecord> = Vec::new();
        for call in calls {
            let mut together: Vec<&OfferRecord> = Vec::new();
            for (n, offer) in call.offers.iter().enumerate() {
                together.push(offer);
                if call.offers.get(n + 1).is_some_and(|next| next.beside) {
                    continue;
                }
                let of = |result: OfferOutcome| together.iter().find(|offer| offer.result == result).copied();
                let one = of(OfferOutcome::Answered).or(of(OfferOutcome::Missed)).or(of(OfferOutcome::Withdrawn));
                let offer = one.or(of(OfferOutcome::Rejected)).or(of(OfferOutcome::Busy)).unwrap_or(offer);
                together.clear();
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
            ("offered", (a + b + c + f + w, None)),
            ("called_back", (c, None)),
            ("call_backs", (made.len() as u64, None)),
            ("call_back_reach_rate", (reached, Some(made.len() as u64))),
            ("average_call_back_time", (since_asked, Some(reached))),
            ("answered", (a, None)),
            ("abandoned", (b, None)),
            ("flowed_out", (f, None)),
            ("waiting", (w, None)),
            ("refused", (of(VisitEnding::Refused), None)),
            ("service_level", (at_t, Some(a + b - short))),
            ("abandon_rate", (b, Some(a + b + c + f + w))),
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
        let offers = offers.filter(|offer| offer.result != OfferOutcome::Elsewhere);
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
