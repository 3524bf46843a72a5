//! Queues: what they ask for, whom they choose, whom they take and how long they have them wait.

use super::destination::{Dialled, Named};
use super::people::WEIGHT_MAX;
use super::words::show_duration;
use super::{Place, Placed, Resolver, Spot};
use crate::base::limits::{OVERFLOW_MAX, QUEUE_WAITING_MAX, RING_AT_ONCE_MAX, WIDENING_STEPS_MAX};
use crate::base::time::secs;
use crate::base::{Duration, QueueId};
use crate::base::{Join, Strategy, WrapUpKind};
use crate::config::prompts::WAITING_PROMPT_NAMES;
use crate::config::raw::{RawAnnounce, RawPreferred, RawQueue, RawWiden, example_of};
use crate::config::{AnnounceRule, Destination, OverflowConfig, PreferredRule, QueueConfig, WhoElse, Widening};
use std::collections::{BTreeMap, BTreeSet};

const HOUR: Duration = secs(3_600);
/// Longest that a caller waits, or that a step of his waiting lasts.
const WAIT_MAX: Duration = secs(24 * 3_600);
/// Longest that somebody stays the one who spoke with a caller last.
const PREFERRED_WITHIN_MAX: Duration = secs(366 * 24 * 3_600);
/// Phones that ring for a call at once, where the queue does not say.
const RING_AT_ONCE: u32 = 10;

impl Resolver<'_> {
    pub(super) fn queues(&mut self, raw: Vec<RawQueue>, named: &Named) -> Placed<QueueId, QueueConfig> {
        let mut queues = Placed::new();
        for raw in raw {
            let queue = self.queue(&raw, named);
            let Some(id) = &raw.id else { continue };
            if let Some(first) = queues.get(&queue.id).map(|spot: &Spot<_>| spot.place) {
                self.given_twice("queue", &id.value, id.place, first);
                continue;
            }
            queues.insert(queue.id.clone(), Spot { value: queue, place: id.place });
        }
        queues
    }

    fn queue(&mut self, raw: &RawQueue, named: &Named) -> QueueConfig {
        let id = self.required(raw.id.as_ref(), "queue", "id", raw.place, &raw.given);
        if let Some(id) = id {
            self.identifier(&id.value, id.place);
        }
        let skills = self.asked_for(raw);
        let waits = secs(1)..=WAIT_MAX;
        let strategy = self.strategy(raw.strategy.as_ref());
        let wrap_up = self.duration(raw.wrap_up.as_ref(), secs(0), secs(0)..=HOUR);
        QueueConfig {
            id: QueueId::new(id.map_or("", |id| &id.value)),
            widen: self.widening(raw.widen.as_deref().unwrap_or_default(), &skills),
            skills,
            strategy,
            ring_at_once: self.ring_at_once(raw, strategy),
            ring_step: self.ring_step(raw, strategy),
            wrap_up,
            wrap_up_kind: self.wrap_up_kind(raw, wrap_up),
            ageing: raw.ageing.as_ref().map(|spot| self.duration(Some(spot), secs(60), waits.clone())),
            weight: self.number(raw.weight.as_ref(), 1..=WEIGHT_MAX),
            capacity: self.capacity(raw.capacity.as_ref()),
            join: self.choice(
                raw.join.as_ref(),
                "condition to join a queue",
                &[("always", Join::Always), ("logged-on", Join::LoggedOn), ("ready", Join::Ready)],
                Join::Always,
            ),
            max_wait: raw.max_wait.as_ref().map(|spot| self.duration(Some(spot), WAIT_MAX, waits.clone())),
            preferred: raw.preferred.as_ref().map(|raw| self.preferred(raw)),
            caller: raw.caller.as_ref().and_then(|spot| self.shown_number(spot)),
            overflow: self.overflow(raw, named),
            announce: raw.announce.as_ref().and_then(|raw| self.announce(raw, &named.language)),
            company: raw.company.as_ref().and_then(|spot| self.clip(spot.place, &spot.value, &named.language)),
            call_back: raw.call_back.as_ref().map(|raw| self.call_back(raw, named)),
            music: raw.music.as_ref().and_then(|spot| self.clip(spot.place, &spot.value, &named.language)),
        }
    }

    /// `skills`, or `skill` as the one of them, of any level.
    fn asked_for(&mut self, raw: &RawQueue) -> BTreeMap<String, u8> {
        match (&raw.skills, &raw.skill) {
            (Some(skills), Some(skill)) => {
                let also = ("`skills` stands", skills.place);
                self.faults.error_also(skill.place, "both `skill` and `skills` are given", also, "keep one of the two");
                BTreeMap::new()
            }
            (Some(skills), None) => {
                if skills.levels.is_empty() && !raw.given.contains("skill") {
                    let remedy = format!("for example: {}", example_of("queue", "skills"));
                    self.faults.error(skills.place, "the queue asks for no skill", remedy);
                }
                self.skills(skills)
            }
            (None, Some(skill)) => {
                self.identifier(&skill.value, skill.place);
                BTreeMap::from([(skill.value.clone(), 1)])
            }
            (None, None) => {
                if !raw.given.contains("skill") && !raw.given.contains("skills") {
                    let remedy =
                        format!("for example: {}, or with levels: {}", example_of("queue", "skill"), example_of("queue", "skills"));
                    self.faults.error(raw.place, "`queue.skill` is missing", remedy);
                }
                BTreeMap::new()
            }
        }
    }

    fn strategy(&mut self, spot: Option<&Spot<String>>) -> Strategy {
        let strategies = Strategy::ALL.map(|strategy| (strategy.as_str(), strategy));
        self.choice(spot, "strategy", &strategies, Strategy::LongestIdle)
    }

    fn ring_at_once(&mut self, raw: &RawQueue, strategy: Strategy) -> usize {
        if let Some(spot) = raw.ring_at_once.as_ref().filter(|_| !strategy.rings_several()) {
            let message = format!("with the strategy \"{strategy}\" one phone rings at a time");
            self.faults.warning(spot.place, message, "strategy = \"ring-all\" or \"ring-progressively\" has several ring");
        }
        self.number(raw.ring_at_once.as_ref(), 1..=RING_AT_ONCE_MAX).unwrap_or(RING_AT_ONCE) as usize
    }

    fn ring_step(&mut self, raw: &RawQueue, strategy: Strategy) -> Duration {
        if let Some(spot) = raw.ring_step.as_ref().filter(|_| strategy != Strategy::RingProgressively) {
            let message = format!("with the strategy \"{strategy}\" no phone is added to one that rings");
            self.faults.warning(spot.place, message, "strategy = \"ring-progressively\" adds one each `ring_step`");
        }
        self.duration(raw.ring_step.as_ref(), secs(5), secs(1)..=secs(60))
    }

    fn wrap_up_kind(&mut self, raw: &RawQueue, wrap_up: Duration) -> WrapUpKind {
        let kinds = WrapUpKind::ALL.map(|kind| (kind.as_str(), kind));
        let kind = self.choice(raw.wrap_up_kind.as_ref(), "kind of wrap-up", &kinds, WrapUpKind::Optional);
        if let Some(spot) = raw.wrap_up_kind.as_ref().filter(|_| kind != WrapUpKind::Optional && wrap_up.is_zero()) {
            let message = format!("a wrap-up that is {kind} has no time");
            self.faults.error(spot.place, message, "say how long it lasts at most, such as wrap_up = \"2m\"");
        }
        kind
    }

    fn capacity(&mut self, spot: Option<&Spot<i64>>) -> usize {
        let most = u32::try_from(QUEUE_WAITING_MAX).unwrap_or(u32::MAX);
        self.number(spot, 1..=most).map_or(QUEUE_WAITING_MAX, |calls| calls as usize)
    }

    fn overflow(&mut self, raw: &RawQueue, named: &Named) -> OverflowConfig {
        OverflowConfig {
            otherwise: self.chain(raw, raw.overflow.as_deref().unwrap_or_default(), named),
            full: raw.overflow_full.as_ref().map(|chain| self.chain(raw, chain, named)),
            nobody: raw.overflow_nobody.as_ref().map(|chain| self.chain(raw, chain, named)),
            expired: raw.overflow_expired.as_ref().map(|chain| self.chain(raw, chain, named)),
        }
    }

    /// What comes after one that takes everybody is never tried.
    fn chain(&mut self, raw: &RawQueue, chain: &[Spot<String>], named: &Named) -> Vec<Destination> {
        let mut ends: Option<Place> = None;
        let mut read = Vec::new();
        for spot in chain {
            if read.len() == OVERFLOW_MAX {
                self.faults.error(spot.place, "this is one destination too many", format!("a chain has at most {OVERFLOW_MAX}"));
                break;
            }
            if let Some(last) = ends {
                let also = ("it ends", last);
                self.faults.error_also(
                    spot.place,
                    "nobody comes so far: the chain has ended before",
                    also,
                    "put what takes everybody last",
                );
                break;
            }
            let Some(to) = self.one_destination(spot, Dialled::Nothing, named) else { continue };
            if matches!(to, Destination::Play(_) | Destination::Reject(_)) {
                ends = Some(spot.place);
            }
            if let (Destination::Queue(next), Some(id)) = (&to, &raw.id) {
                self.overflows.push((QueueId::new(&id.value), next.clone(), spot.place));
            }
            read.push(to);
        }
        read
    }

    /// A caller who goes from queue to queue must come to an end.
    pub(super) fn no_queue_overflows_in_circles(&mut self) {
        let overflows = std::mem::take(&mut self.overflows);
        let leads_to = |from: &QueueId, to: &QueueId| {
            let (mut seen, mut open) = (BTreeSet::from([from.clone()]), vec![from.clone()]);
            while let Some(at) = open.pop() {
                if at == *to {
                    return true;
                }
                open.extend(
                    overflows
                        .iter()
                        .filter(|(queue, ..)| *queue == at)
                        .map(|(_, next, _)| next.clone())
                        .filter(|next| seen.insert(next.clone())),
                );
            }
            false
        };
        // The last one written that closes a circle is the one to be pointed at.
        let circle = overflows.iter().rev().find(|(from, to, _)| leads_to(to, from));
        if let Some((from, to, place)) = circle {
            let message = if from == to {
                format!("queue \"{from}\" overflows into itself")
            } else {
                format!("queue \"{to}\" leads back to \"{from}\": a caller would go round and round")
            };
            self.faults.error(*place, message, "let a chain end elsewhere: \"play:closed\", \"agent:1000\", \"reject:486\"");
        }
    }

    /// Both are told unless the file says otherwise.
    fn announce(&mut self, raw: &RawAnnounce, language: &str) -> Option<AnnounceRule> {
        let says = |spot: &Option<Spot<bool>>| spot.as_ref().is_none_or(|spot| spot.value);
        let rule = AnnounceRule {
            position: says(&raw.position),
            wait: says(&raw.wait),
            every: self.duration(raw.every.as_ref(), secs(30), secs(5)..=HOUR),
        };
        for name in WAITING_PROMPT_NAMES.iter().filter(|_| rule.position || rule.wait) {
            self.clip(raw.place, name, language);
        }
        (rule.position || rule.wait).then_some(rule)
    }

    fn preferred(&mut self, raw: &RawPreferred) -> PreferredRule {
        PreferredRule {
            within: self.duration(raw.within.as_ref(), secs(24 * 3_600), secs(1)..=PREFERRED_WITHIN_MAX),
            wait: self.duration(raw.wait.as_ref(), secs(20), secs(1)..=HOUR),
        }
    }

    /// Steps in order of their moments, each of which lets somebody in and nobody out.
    fn widening(&mut self, raw: &[RawWiden], skills: &BTreeMap<String, u8>) -> Vec<Widening> {
        let mut steps: Vec<Widening> = Vec::new();
        let mut needed = skills.clone();
        for raw in raw {
            let Some(step) = self.widening_step(raw, &needed) else { continue };
            if steps.len() == WIDENING_STEPS_MAX {
                self.faults.error(raw.place, "this is one step too many", format!("a queue widens in at most {WIDENING_STEPS_MAX} steps"));
                break;
            }
            if let Some(before) = steps.last().filter(|before| before.after >= step.after) {
                let place = raw.after.as_ref().map_or(raw.place, |spot| spot.place);
                let remedy = "each step comes later than the one before it; `after` counts from the entry into the queue";
                self.faults.error(place, format!("the step before it comes after \"{}\" already", show_duration(before.after)), remedy);
            }
            needed = step.skills.clone().unwrap_or(needed);
            steps.push(step);
        }
        steps
    }

    fn widening_step(&mut self, raw: &RawWiden, needed: &BTreeMap<String, u8>) -> Option<Widening> {
        let after = self.required(raw.after.as_ref(), "queue.widen", "after", raw.place, &raw.given);
        let after = self.duration(after, secs(1), secs(1)..=WAIT_MAX);
        let add = raw.add.as_ref().map(|spot| self.who_else(spot));
        let skills = raw.skills.as_ref().map(|raw| {
            for (skill, (place, level)) in &raw.levels {
                self.widens(skill, *place, level, needed);
            }
            self.skills(raw)
        });
        if skills.is_none() && add.is_none() && !["skills", "add"].iter().any(|key| raw.given.contains(key)) {
            let remedy = format!(
                "lower what is asked for: {}, or let others in: {}",
                example_of("queue.widen", "skills"),
                example_of("queue.widen", "add")
            );
            self.faults.error(raw.place, "this step widens nothing", remedy);
            return None;
        }
        Some(Widening { after, skills, add: add.flatten() })
    }

    /// A step asks for nothing that was not asked for before it, and for no higher level.
    fn widens(&mut self, skill: &str, place: Place, level: &Spot<i64>, needed: &BTreeMap<String, u8>) {
        match needed.get(skill) {
            None => {
                let known: Vec<&str> = needed.keys().map(String::as_str).collect();
                let remedy = match known.as_slice() {
                    [] => "say first what the queue asks for".to_owned(),
                    known => format!("it asks for: {}; to let in who has another skill: add = \"skill:{skill}\"", known.join(", ")),
                };
                self.faults.error(place, format!("the queue did not ask for \"{skill}\" before"), remedy);
            }
            Some(before) if level.value > i64::from(*before) => {
                let message = format!("level {} of \"{skill}\" is higher than the {before} before it: that lets nobody in", level.value);
                self.faults.error(level.place, message, format!("at most {before}; `skills` of a step stand in place of those before it"));
            }
            Some(_) => {}
        }
    }

    fn who_else(&mut self, spot: &Spot<String>) -> Option<WhoElse> {
        let name = |name: &str| (!name.is_empty()).then(|| name.to_owned());
        let read = match spot.value.split_once(':') {
            Some(("team", team)) => name(team).map(WhoElse::Team),
            Some(("skill", skill)) => name(skill).map(WhoElse::Skill),
            _ => None,
        };
        if read.is_none() {
            let bare = spot.value.rsplit(':').next().filter(|bare| !bare.is_empty()).unwrap_or("second-line");
            let remedy = format!("a team of agents or a skill of any level: \"team:{bare}\" or \"skill:{bare}\"");
            self.faults.error(spot.place, format!("\"{}\" does not say who", spot.value), remedy);
        }
        read
    }
}
