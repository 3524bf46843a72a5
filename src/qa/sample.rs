//! Which calls are drawn for scoring. Chance, but no arbitrariness: the same plan, time and agent draw the same calls, whoever asks, and
//! what was drawn stays drawn while more calls come.

use crate::base::scorecard::{Drawn, Every, Sampling};
use crate::base::{AgentId, CallId, Timestamp};
use crate::call::record::CallRecord;
use crate::report::Terms;
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};

/// A day or a week of the house's clock.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Period {
    /// `2026-W47` (ISO 8601), or `2026-11-21`.
    pub name: String,
    pub since: Timestamp,
    /// Exclusive.
    pub until: Timestamp,
}

impl Period {
    /// The one in which the moment lies.
    #[must_use]
    pub fn of(every: Every, at: Timestamp, zone: &TimeZone) -> Self {
        let day = jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(zone.clone()).date();
        let (first, days, name) = match every {
            Every::Day => (day, 1, day.to_string()),
            Every::Week => {
                let week = day.iso_week_date();
                let back = i64::from(week.weekday().to_monday_zero_offset());
                let monday = day.checked_sub(jiff::Span::new().days(back)).unwrap_or(day);
                (monday, 7, format!("{}-W{:02}", week.year(), week.week()))
            }
        };
        let next = first.checked_add(jiff::Span::new().days(days)).unwrap_or(first);
        let begins =
            |date: jiff::civil::Date| date.to_zoned(zone.clone()).map_or(at, |zoned| Timestamp(zoned.timestamp().as_millisecond()));
        Self { name, since: begins(first), until: begins(next) }
    }

    /// The one before it.
    #[must_use]
    pub fn before(&self, every: Every, zone: &TimeZone) -> Self {
        Self::of(every, Timestamp(self.since.0 - 1), zone)
    }

    /// What of `all` is due by now, so that what is drawn is spread over the time: the first at once, the last before its end.
    #[must_use]
    pub fn due(&self, all: u32, now: Timestamp) -> u32 {
        let (passed, length) = (self.since.until(now).as_millis(), self.since.until(self.until).as_millis().max(1));
        let due = (u128::from(all) * passed).div_ceil(length);
        u32::try_from(due).unwrap_or(all).clamp(u32::from(all > 0), all)
    }
}

/// A call that may be drawn.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Candidate {
    pub call: CallId,
    pub agent: AgentId,
}

/// A call that is drawn, and for whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Task {
    pub call: CallId,
    pub agent: AgentId,
    pub to: String,
}

/// Whether a plan is about this call: its conversation is over, and all that the plan asks for is true of it.
#[must_use]
pub fn is_wanted(of: &Drawn, record: &CallRecord, team: impl Fn(&AgentId) -> bool, terms: &Terms) -> Vec<Candidate> {
    let (Some(connected), Some(released)) = (record.connected_at, record.released_at) else { return Vec::new() };
    let length = connected.until(released);
    let fits = record.direction.has_customer()
        && of.queue.as_ref().is_none_or(|queue| record.queue.as_ref().is_some_and(|of| of.as_str() == queue))
        && of.longer.is_none_or(|least| length >= least)
        && of.shorter.is_none_or(|most| length <= most)
        && of.broken.is_none_or(|breach| super::breaches(record, terms).contains(breach));
    if !fits {
        return Vec::new();
    }
    let agents = super::prefill::scored_agents(record).into_iter().filter(|agent| team(agent));
    agents.map(|agent| Candidate { call: record.id, agent }).collect()
}

/// What is to be drawn now, beside what was drawn before in this period: of each agent who has calls, up to `share` in all. Each goes to
/// whom of the plan's people has the least to do by it.
#[must_use]
pub fn draw(
    plan: &Sampling,
    period: &Period,
    share: u32,
    before: &[Task],
    taken: &BTreeSet<Candidate>,
    candidates: &[Candidate],
) -> Vec<Task> {
    let mut drawn: BTreeMap<&AgentId, u32> = BTreeMap::new();
    let mut load: BTreeMap<&str, u32> = BTreeMap::new();
    for task in before {
        *drawn.entry(&task.agent).or_default() += 1;
        *load.entry(&task.to).or_default() += 1;
    }
    let is_new = |one: &&Candidate| !taken.contains(*one) && !before.iter().any(|task| task.call == one.call && task.agent == one.agent);
    let mut lots: Vec<(u64, &Candidate)> = candidates.iter().filter(is_new).map(|one| (lot(plan, period, one), one)).collect();
    lots.sort_unstable();
    lots.dedup();
    let mut tasks = Vec::new();
    for (_, one) in lots {
        let his = drawn.entry(&one.agent).or_default();
        if *his >= share {
            continue;
        }
        // Of several with as little to do the first of the list.
        let Some(to) = plan.to.iter().min_by_key(|to| load.get(to.as_str()).copied().unwrap_or(0)) else { return Vec::new() };
        *his += 1;
        *load.entry(to).or_default() += 1;
        tasks.push(Task { call: one.call, agent: one.agent.clone(), to: to.clone() });
    }
    tasks
}

/// A call's lot: FNV-1a of all that it depends on, stirred by SplitMix64's last step, so that neighbours lie apart.
fn lot(plan: &Sampling, period: &Period, one: &Candidate) -> u64 {
    let call = one.call.to_string();
    let parts = [plan.id.as_str(), period.name.as_str(), one.agent.as_str(), call.as_str()];
    let hash = parts
        .iter()
        .flat_map(|part| part.bytes().chain([0]))
        .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3));
    let z = (hash ^ (hash >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;
    use crate::base::breach::Breach;
    use crate::base::time::secs;
    use crate::call::record::CallDirection;
    use crate::qa::tests::{MIDNIGHT, good};

    fn plan() -> Sampling {
        Sampling {
            id: "weekly".into(),
            scorecard: "service".into(),
            per_agent: 3,
            every: Every::Week,
            of: Drawn::default(),
            to: vec!["li-qa".into(), "zhao-qa".into()],
        }
    }

    fn week() -> Period {
        Period::of(Every::Week, Timestamp(MIDNIGHT), &TimeZone::UTC)
    }

    /// So many calls of each agent.
    fn calls(agents: u32, each: u32) -> Vec<Candidate> {
        let mut rng = Rng::new(7);
        let mut call = |at: u32| CallId::new(Timestamp(MIDNIGHT + i64::from(at)), &mut rng);
        (0..agents * each).map(|n| Candidate { call: call(n), agent: AgentId::new(&(1001 + n % agents).to_string()) }).collect()
    }

    #[test]
    fn weeks_begin_on_monday_by_the_clock_of_the_house() {
        let shanghai = jiff::tz::TimeZoneDatabase::bundled().get("Asia/Shanghai").expect("a known zone");
        let at = |text: &str| Timestamp(text.parse::<jiff::Timestamp>().expect("a time").as_millisecond());
        for (every, moment, name, since, until) in [
            (Every::Week, "2026-11-22T15:59:59Z", "2026-W47", "2026-11-15T16:00:00Z", "2026-11-22T16:00:00Z"),
            (Every::Week, "2026-11-22T16:00:00Z", "2026-W48", "2026-11-22T16:00:00Z", "2026-11-29T16:00:00Z"),
            // The first of January is of the last week of the year before.
            (Every::Week, "2027-01-01T04:00:00Z", "2026-W53", "2026-12-27T16:00:00Z", "2027-01-03T16:00:00Z"),
            (Every::Day, "2026-11-22T16:00:00Z", "2026-11-23", "2026-11-22T16:00:00Z", "2026-11-23T16:00:00Z"),
        ] {
            let period = Period::of(every, at(moment), &shanghai);
            assert_eq!(period, Period { name: name.into(), since: at(since), until: at(until) }, "{moment}");
            let before = period.before(every, &shanghai);
            assert_eq!(before.until, period.since);
        }
    }

    #[test]
    fn what_is_due_grows_over_the_week() {
        let week = week();
        let hour = |n: i64| Timestamp(week.since.0 + n * 3_600_000);
        // A third of 168 hours is 56.
        let due: Vec<u32> = [0, 1, 56, 57, 112, 113, 168, 500].into_iter().map(|n| week.due(3, hour(n))).collect();
        assert_eq!(due, [1, 1, 1, 2, 2, 3, 3, 3]);
        assert_eq!(week.due(0, hour(100)), 0);
    }

    #[test]
    fn each_agent_gets_his_share_and_the_people_of_quality_as_much_to_do() {
        let candidates = calls(5, 20);
        let tasks = draw(&plan(), &week(), 3, &[], &BTreeSet::new(), &candidates);
        for agent in 1001..=1005 {
            assert_eq!(tasks.iter().filter(|task| task.agent.as_str() == agent.to_string()).count(), 3);
        }
        let of = |who: &str| tasks.iter().filter(|task| task.to == who).count();
        assert_eq!(of("li-qa").abs_diff(of("zhao-qa")), 1, "15 tasks of two");
    }

    #[test]
    fn the_same_lots_are_drawn_again_whatever_the_order_of_the_calls() {
        let candidates = calls(5, 20);
        let mut turned = candidates.clone();
        turned.reverse();
        let drawn = |candidates: &[Candidate]| draw(&plan(), &week(), 3, &[], &BTreeSet::new(), candidates);
        assert_eq!(drawn(&candidates), drawn(&turned));
        let other = draw(&Sampling { id: "other".into(), ..plan() }, &week(), 3, &[], &BTreeSet::new(), &candidates);
        assert_ne!(drawn(&candidates), other, "another plan draws others");
    }

    #[test]
    fn what_was_drawn_counts_and_is_not_drawn_again() {
        let candidates = calls(5, 20);
        let first = draw(&plan(), &week(), 1, &[], &BTreeSet::new(), &candidates[..40]);
        assert_eq!(first.len(), 5);
        let next = draw(&plan(), &week(), 3, &first, &BTreeSet::new(), &candidates);
        assert_eq!(next.len(), 10);
        assert!(next.iter().all(|task| !first.iter().any(|before| before.call == task.call)));
        assert_eq!(draw(&plan(), &week(), 3, &[first, next].concat(), &BTreeSet::new(), &candidates), []);
        // Whom another plan has drawn is left to it.
        let taken: BTreeSet<Candidate> = candidates.iter().cloned().collect();
        assert_eq!(draw(&plan(), &week(), 3, &[], &taken, &candidates), []);
        assert_eq!(draw(&Sampling { to: Vec::new(), ..plan() }, &week(), 3, &[], &BTreeSet::new(), &candidates), []);
    }

    #[test]
    fn a_plan_wants_what_all_of_it_is_true_of() {
        // 5 s to 60 s in the queue "service", with 1001.
        let wants = |of: Drawn, change: fn(&mut CallRecord)| {
            let mut call = good();
            change(&mut call);
            is_wanted(&of, &call, |agent| agent.as_str() == "1001", &Terms::default()).len()
        };
        let none = Drawn::default;
        assert_eq!(wants(none(), |_| {}), 1);
        for (of, expected) in [
            (Drawn { queue: Some("service".into()), longer: Some(secs(55)), shorter: Some(secs(55)), ..none() }, 1),
            (Drawn { queue: Some("other".into()), ..none() }, 0),
            (Drawn { longer: Some(secs(56)), ..none() }, 0),
            (Drawn { shorter: Some(secs(54)), ..none() }, 0),
            (Drawn { broken: Some(Breach::Promise), ..none() }, 0),
        ] {
            assert_eq!(wants(of.clone(), |_| {}), expected, "{of:?}");
        }
        assert_eq!(wants(Drawn { broken: Some(Breach::Promise), ..none() }, |call| call.holds[0].kept = Some(false)), 1);
        assert_eq!(wants(none(), |call| call.direction = CallDirection::Internal), 0);
        assert_eq!(wants(none(), |call| call.released_at = None), 0);
        assert_eq!(wants(none(), |call| call.segments[0].agent = "1002".into()), 0, "not of the team");
    }
}
