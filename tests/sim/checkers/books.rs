//! The queues' books: whoever came in was answered, left, or waits; the figures are those that an onlooker counts; and first come is first
//! served, but for an agent who let him down before. No more phones ring for a caller than his queue has ring at once.

use super::{Complaints, is_kept};
use sanling::base::time::secs;
use sanling::base::{CallId, Duration, Instant, QueueId, Timestamp, WallClock};
use sanling::call::record::OfferOutcome;
use sanling::config::Config;
use sanling::switch::view::{AgentView, CallView, QueueFigures, QueueView, Snapshot};
use std::collections::{BTreeMap, BTreeSet};

/// What the figures' documentation says of them.
const SHORT: Duration = secs(5);
const IN_TIME: Duration = secs(20);

pub struct Books {
    clock: WallClock,
    /// The next midnight at which the counting begins anew, as the wall reads it.
    midnight: Timestamp,
    /// What the clock of the reports' zone is ahead of UTC.
    ahead_ms: i64,
    queues: BTreeMap<QueueId, Book>,
    /// Where each waiting call waits, and its place.
    places: BTreeMap<CallId, (QueueId, u64)>,
    next_place: u64,
    /// When each call that has not been answered first came to a queue: that is its place, wherever it flows.
    first: BTreeMap<CallId, Instant>,
    /// Callers whom their queue did not take, or not any longer: their calls go on elsewhere.
    elsewhere: BTreeSet<CallId>,
    /// Phones that ring for a caller at once, the most that was ever allowed.
    at_once: BTreeMap<QueueId, usize>,
    /// Callers who are to be called back, by the calls in which it came to that.
    call_backs: BTreeSet<CallId>,
    /// Just back from a crash, and not heard out yet.
    unsettled: bool,
}

#[derive(Default)]
struct Book {
    /// Since midnight.
    counted: QueueFigures,
    waited_ms: u64,
    /// In order of arrival.
    waiting: BTreeMap<u64, Waiting>,
}

struct Waiting {
    call: CallId,
    since: Instant,
    first: Instant,
    /// Who are offered to take him, and whose phones are called for it: what of these rings together is one offer.
    offered_to: BTreeSet<String>,
    called: BTreeSet<String>,
    /// When one of those that were called with them rang out.
    rang_out: Option<Instant>,
    /// Known to a restart.
    kept: bool,
    /// Came before midnight: he counts there.
    yesterday: bool,
    /// Agents who did not take him.
    refused: BTreeSet<String>,
}

const DAY_MS: i64 = 86_400_000;

fn midnight_after(at: Timestamp, ahead_ms: i64) -> Timestamp {
    Timestamp(((at.0 + ahead_ms).div_euclid(DAY_MS) + 1) * DAY_MS - ahead_ms)
}

/// In whole milliseconds of the clock, as records have it.
fn waited_ms(since: Instant, now: Instant) -> u64 {
    let ms = |at: Instant| u64::try_from(at.since_start().as_millis()).expect("584 years");
    ms(now) - ms(since)
}

impl Books {
    pub fn new(clock: WallClock, ahead_ms: i64) -> Self {
        let midnight = midnight_after(clock.read(Instant::START), ahead_ms);
        Self {
            clock,
            midnight,
            ahead_ms,
            queues: BTreeMap::new(),
            places: BTreeMap::new(),
            next_place: 0,
            first: BTreeMap::new(),
            elsewhere: BTreeSet::new(),
            at_once: BTreeMap::new(),
            call_backs: BTreeSet::new(),
            unsettled: false,
        }
    }

    /// What rings when the rule changes rings on.
    pub fn rules_set(&mut self, config: &Config) {
        for (id, queue) in &config.queues {
            let most = if queue.strategy.rings_several() { queue.ring_at_once } else { 1 };
            let known = self.at_once.entry(id.clone()).or_default();
            *known = most.max(*known);
        }
    }

    pub fn clock_set(&mut self, clock: WallClock) {
        self.clock = clock;
    }

    /// At midnight the counting begins anew; whoever waits counts in the day before. True when it did.
    pub fn turns_page(&mut self, now: Instant) -> bool {
        let reads = self.clock.read(now);
        let turns = reads >= self.midnight;
        if turns {
            for book in self.queues.values_mut() {
                book.counted = QueueFigures::default();
                book.waited_ms = 0;
                book.waiting.values_mut().for_each(|waiting| waiting.yesterday = true);
            }
        }
        // Put back over midnight, the one that has been is none again; a clock that was days ahead had been wrong.
        if turns || self.midnight.0 - reads.0 > 2 * DAY_MS {
            self.midnight = midnight_after(reads, self.ahead_ms);
        }
        turns
    }

    pub fn enqueued(&mut self, call: CallId, queue: &QueueId, now: Instant) {
        self.elsewhere.remove(&call);
        let first = *self.first.entry(call).or_insert(now);
        let book = self.queues.entry(queue.clone()).or_default();
        book.counted.offered += 1;
        self.next_place += 1;
        let place = self.next_place;
        let (offered_to, called, rang_out, refused) = (BTreeSet::new(), BTreeSet::new(), None, BTreeSet::new());
        book.waiting
            .insert(place, Waiting { call, since: now, first, offered_to, called, rang_out, kept: false, yesterday: false, refused });
        self.places.insert(call, (queue.clone(), place));
    }

    fn take(&mut self, call: CallId) -> Option<(&mut Book, Waiting)> {
        let (queue, place) = self.places.remove(&call)?;
        let book = self.queues.get_mut(&queue)?;
        let waiting = book.waiting.remove(&place)?;
        Some((book, waiting))
    }

    pub fn answered(&mut self, call: CallId, now: Instant) {
        self.first.remove(&call);
        if let Some((book, waiting)) = self.take(call).filter(|(_, waiting)| !waiting.yesterday) {
            let waited = waited_ms(waiting.since, now);
            book.counted.answered += 1;
            book.counted.answered_within_threshold += u64::from(u128::from(waited) <= IN_TIME.as_millis());
            book.waited_ms += waited;
        }
    }

    /// His queue did not take him, or not any longer.
    pub fn overflowed(&mut self, call: CallId, now: Instant) {
        self.first.entry(call).or_insert(now);
        if let Some((book, waiting)) = self.take(call).filter(|(_, waiting)| !waiting.yesterday) {
            book.counted.missed_offers += u64::from(waiting.rang_out.is_some());
            // Among those who left; how many of them flowed on is the switch's word.
            book.counted.abandoned += 1;
        }
        self.elsewhere.insert(call);
    }

    /// He hung up to be called back, or has left and is called back all the same.
    pub fn note_call_back(&mut self, call: CallId, asked: bool) {
        self.call_backs.insert(call);
        if asked && let Some((book, _)) = self.take(call).filter(|(_, waiting)| !waiting.yesterday) {
            book.counted.called_back += 1;
        }
    }

    pub fn call_back_closed(&mut self, call: CallId) {
        self.call_backs.remove(&call);
    }

    pub fn left(&mut self, call: CallId, now: Instant) {
        self.first.remove(&call);
        if let Some((book, waiting)) = self.take(call).filter(|(_, waiting)| !waiting.yesterday) {
            book.counted.missed_offers += u64::from(waiting.rang_out.is_some());
            book.counted.abandoned += 1;
            book.counted.short_abandoned += u64::from(u128::from(waited_ms(waiting.since, now)) < SHORT.as_millis());
        }
    }

    pub fn offered(&mut self, call: CallId, agent: &str, complaints: &mut Complaints) {
        let queue = self.places.get(&call).map(|(queue, _)| queue);
        let at_once = queue.and_then(|queue| self.at_once.get(queue)).copied().unwrap_or(1);
        let Some((book, place)) = self.places.get(&call).and_then(|(queue, place)| Some((self.queues.get_mut(queue)?, *place))) else {
            // The call to somebody who is called back has no name before an agent is there for it.
            if !self.call_backs.is_empty() {
                return;
            }
            return complaints.push(format!("{call} is offered to {agent} and does not wait"));
        };
        // Of two who came in the same moment neither was first.
        let first = book.waiting.get(&place).map_or(Instant::START, |waiting| waiting.first);
        let passed = |other: &&Waiting| other.first < first && other.offered_to.is_empty() && !other.refused.contains(agent);
        if let Some(other) = book.waiting.values().find(passed) {
            complaints.push(format!("{call} is offered to {agent} before {}, who came first", other.call));
        }
        if let Some(waiting) = book.waiting.get_mut(&place)
            && (!waiting.offered_to.insert(agent.to_owned()) || waiting.offered_to.len() > at_once)
        {
            complaints.push(format!("{call} is offered to {agent}, and rings at {:?}: {at_once} at once", waiting.offered_to));
        }
    }

    /// The agent's phone is sent its INVITE.
    pub fn called(&mut self, call: CallId, agent: &str) {
        let place = self.places.get(&call).and_then(|(queue, place)| self.queues.get_mut(queue)?.waiting.get_mut(place));
        if let Some(waiting) = place {
            waiting.called.insert(agent.to_owned());
        }
    }

    /// The offer came to nothing.
    pub fn offer_ended(&mut self, call: CallId, agent: &str, missed: bool, now: Instant) {
        let Some((queue, place)) = self.places.get(&call) else { return };
        let Some(book) = self.queues.get_mut(queue) else { return };
        if let Some(waiting) = book.waiting.get_mut(place) {
            if missed {
                waiting.rang_out = Some(now);
            }
            waiting.offered_to.remove(agent);
            waiting.called.remove(agent);
            waiting.refused.insert(agent.to_owned());
            if waiting.called.is_empty() && waiting.rang_out.take().is_some() {
                book.counted.missed_offers += u64::from(!waiting.yesterday);
            }
        }
    }

    /// It has told what it did at once; from here on the figures are followed.
    pub fn settled(&mut self, queues: &[QueueView]) {
        self.unsettled = false;
        for view in queues {
            let book = self.queues.entry(view.id.clone()).or_default();
            (book.counted, book.waited_ms) = (view.today.clone(), view.today.wait_total_ms);
        }
    }

    /// The switch's own figures.
    pub fn counted(&self, queue: &QueueView, now: Instant, complaints: &mut Complaints) {
        if self.unsettled {
            return;
        }
        let theirs = &queue.today;
        let nothing = Book::default();
        let book = self.queues.get(&queue.id).unwrap_or(&nothing);
        let mut ours = book.counted.clone();
        ours.wait_total_ms = book.waited_ms;
        ours.waiting = book.waiting.values().filter(|waiting| !waiting.yesterday).count() as u64;
        // An offer without an INVITE is none on the records; and the limit of rings may be another by now.
        (ours.offers, ours.answered_in_rings) = (theirs.offers, theirs.answered_in_rings);
        // Whoever left was abandoned or flowed on: the onlooker cannot tell.
        ours.flowed_out = theirs.flowed_out;
        ours.abandoned -= theirs.flowed_out.min(ours.abandoned);
        let counting = (ours.answered + ours.abandoned).saturating_sub(ours.short_abandoned);
        ours.service_level = (ours.answered_within_threshold, counting, theirs.service_level.2);
        if (&ours, book.waiting.len()) != (theirs, queue.waiting) {
            let (here, there) = (book.waiting.len(), queue.waiting);
            complaints.push(format!("{now:?}: {}: the switch says {theirs:?}, {there} waiting; we saw {ours:?}, {here} waiting", queue.id));
        }
        let adds_up = theirs.offered == theirs.answered + theirs.abandoned + theirs.called_back + theirs.flowed_out + theirs.waiting;
        let offers_fit = theirs.answered_in_rings <= theirs.answered && theirs.missed_offers + theirs.answered_in_rings <= theirs.offers;
        if !adds_up || !offers_fit || theirs.waiting > queue.waiting as u64 {
            complaints.push(format!("{now:?}: {}: the figures do not add up: {theirs:?}, {} waiting", queue.id, queue.waiting));
        }
    }

    /// Those who had come into a queue before a crash's last moment, with when.
    pub fn crashed(&mut self, now: Instant) {
        for book in self.queues.values_mut() {
            for waiting in book.waiting.values_mut() {
                waiting.kept = is_kept(waiting.since, now);
                waiting.rang_out = waiting.rang_out.filter(|at| is_kept(*at, now));
            }
        }
    }

    /// The switch is back with these calls. What it counted in its last moment may be uncounted. Whoever waited waits on, in his place, and
    /// whoever is being offered to an agent still is. `offered_anew`: calls whose offer it made with its return, and is about to tell.
    pub fn restarted(&mut self, snapshot: &Snapshot, offered_anew: &BTreeSet<(CallId, String)>, now: Instant, complaints: &mut Complaints) {
        let (clock, midnight, ahead_ms, next_place) = (self.clock, self.midnight, self.ahead_ms, self.next_place);
        let (elsewhere, at_once) = (std::mem::take(&mut self.elsewhere), std::mem::take(&mut self.at_once));
        let (first, call_backs) = (std::mem::take(&mut self.first), std::mem::take(&mut self.call_backs));
        let (queues, places) = (BTreeMap::new(), BTreeMap::new());
        let anew = Self { clock, midnight, ahead_ms, next_place, first, elsewhere, at_once, call_backs, unsettled: true, queues, places };
        let known = std::mem::replace(self, anew);
        // The page is turned before what is shown is taken over, for it is of this day.
        let turned = self.turns_page(now);
        let elsewhere = &self.elsewhere;
        let waits = |call: &&CallView| {
            let waits = call.record.connected_at.is_none() || matches!(call.state, "waiting" | "offering");
            waits && call.record.call_back.is_none() && !elsewhere.contains(&call.record.id)
        };
        // In order of arrival, as their ids are.
        let mut calls: Vec<&CallView> = snapshot.calls.iter().filter(waits).collect();
        calls.sort_by_key(|call| (call.record.arrived_at, call.record.id));
        for view in calls {
            let (id, Some(queue)) = (view.record.id, view.record.queue.as_ref()) else { continue };
            let before = known.places.get(&id).and_then(|(queue, place)| known.queues.get(queue)?.waiting.get(place));
            let (since, refused) = before.map_or((Instant::START, BTreeSet::new()), |before| (before.since, before.refused.clone()));
            let first = *self.first.entry(id).or_insert_with(|| before.map_or(Instant::START, |before| before.first));
            let yesterday = turned || before.is_some_and(|before| before.yesterday);
            // By the agents' states, for an offer stands on the record from its INVITE on.
            let offered = |agent: &&AgentView| agent.call == Some(id) && matches!(agent.state, "reserved" | "ringing");
            let offered_to = snapshot.agents.iter().filter(offered).map(|agent| agent.id.to_string());
            let offered_to: BTreeSet<String> = offered_to.filter(|agent| !offered_anew.contains(&(id, agent.clone()))).collect();
            let pending = view.record.offers.iter().filter(|offer| offer.result == OfferOutcome::Pending);
            let called: BTreeSet<String> = pending.map(|offer| offer.agent.to_string()).collect();
            let rang_out = before.and_then(|before| before.rang_out).filter(|_| !called.is_empty());
            let book = self.queues.entry(queue.clone()).or_default();
            self.next_place += 1;
            let place = known.places.get(&id).map_or(self.next_place, |(_, place)| *place);
            book.waiting.insert(place, Waiting { call: id, since, first, offered_to, called, rang_out, kept: true, yesterday, refused });
            self.places.insert(id, (queue.clone(), place));
        }
        for waiting in known.queues.values().flat_map(|book| book.waiting.values()) {
            if waiting.kept && !self.places.contains_key(&waiting.call) {
                complaints.push(format!("{} waited since {:?}, and a crash has lost him", waiting.call, waiting.since));
            }
        }
    }

    pub fn at_rest(&self, complaints: &mut Complaints) {
        if !self.places.is_empty() {
            complaints.push(format!("{} callers still wait", self.places.len()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sanling::base::Rng;
    use sanling::base::time::millis;

    fn call(n: u64) -> CallId {
        CallId::new(Timestamp(1), &mut Rng::new(n))
    }

    fn at(ms: u64) -> Instant {
        Instant::after_start(millis(ms))
    }

    fn with_callers(count: u64) -> Books {
        let mut books = Books::new(WallClock::new(Instant::START, Timestamp(DAY_MS / 2)), 0);
        for n in 1..=count {
            books.enqueued(call(n), &QueueId::new("service"), at(n - 1));
        }
        books
    }

    #[test]
    fn one_who_is_passed_over_is_seen() {
        let (mut books, mut complaints) = (with_callers(3), Vec::new());
        books.enqueued(call(4), &QueueId::new("another"), at(0));
        books.offered(call(1), "1001", &mut complaints);
        books.offered(call(2), "1002", &mut complaints);
        books.offer_ended(call(1), "1001", false, at(3));
        books.offered(call(3), "1001", &mut complaints);
        books.offered(call(4), "1005", &mut complaints);
        assert_eq!(complaints.len(), 0, "the first let 1001 down, the fourth waits elsewhere: {complaints:?}");
        books.offer_ended(call(3), "1001", true, at(4));
        books.offered(call(3), "1003", &mut complaints);
        assert_eq!(complaints.len(), 1, "the first waits, and 1003 is given to the third");
        books.offered(call(3), "1004", &mut complaints);
        books.offered(call(9), "1004", &mut complaints);
        assert_eq!(complaints.len(), 4, "{complaints:?}");
    }

    #[test]
    fn more_phones_than_may_ring_at_once_are_seen_and_all_that_ring_are_one_offer() {
        let (mut books, mut complaints) = (with_callers(1), Vec::new());
        books.at_once.insert(QueueId::new("service"), 2);
        let missed = |books: &Books| books.queues[&QueueId::new("service")].counted.missed_offers;
        books.offered(call(1), "1001", &mut complaints);
        books.offered(call(1), "1002", &mut complaints);
        assert_eq!(complaints.len(), 0, "{complaints:?}");
        books.offered(call(1), "1003", &mut complaints);
        assert_eq!(complaints.len(), 1, "a third");
        ["1001", "1002", "1003"].iter().for_each(|agent| books.called(call(1), agent));
        for (agent, rang_out, expected) in [("1003", false, 0), ("1001", true, 0), ("1002", false, 1)] {
            books.offer_ended(call(1), agent, rang_out, at(9));
            assert_eq!(missed(&books), expected, "{agent}");
        }
        books.offered(call(1), "1001", &mut complaints);
        books.offered(call(1), "1002", &mut complaints);
        ["1001", "1002"].iter().for_each(|agent| books.called(call(1), agent));
        books.offer_ended(call(1), "1001", true, at(9));
        books.answered(call(1), at(10));
        assert_eq!((missed(&books), complaints.len()), (1, 1), "he was answered, whoever did not");
    }

    #[test]
    fn figures_that_do_not_add_up_or_are_not_ours_are_seen() {
        let mut books = with_callers(3);
        books.offered(call(1), "1001", &mut Vec::new());
        books.offer_ended(call(1), "1001", true, at(20_000));
        books.answered(call(1), at(21_000));
        books.left(call(2), at(4_999));
        let right = QueueFigures {
            offered: 3,
            answered: 1,
            answered_in_rings: 1,
            abandoned: 1,
            waiting: 1,
            short_abandoned: 1,
            wait_total_ms: 21_000,
            offers: 2,
            missed_offers: 1,
            service_level: (0, 1, ""),
            ..QueueFigures::default()
        };
        let complaints_of = |change: &dyn Fn(&mut QueueFigures), waiting: usize| {
            let (mut today, mut complaints) = (right.clone(), Vec::new());
            change(&mut today);
            let view =
                QueueView { id: QueueId::new("service"), waiting, call_backs: 0, longest_waiting_since: None, agents: Vec::new(), today };
            books.counted(&view, at(30_000), &mut complaints);
            complaints.len()
        };
        assert_eq!(complaints_of(&|_| {}, 1), 0);
        let flowed = |today: &mut QueueFigures| (today.abandoned, today.flowed_out, today.service_level.1) = (0, 1, 0);
        assert_eq!(complaints_of(&flowed, 1), 0, "he flowed on");
        assert_eq!(complaints_of(&|_| {}, 0), 2);
        assert_eq!(complaints_of(&|today| today.offered = 4, 1), 2);
        let wrong: [&dyn Fn(&mut QueueFigures); 6] = [
            &|today| today.answered_within_threshold = 1,
            &|today| today.short_abandoned = 0,
            &|today| today.wait_total_ms = 20_999,
            &|today| today.missed_offers = 0,
            &|today| today.offers = 1,
            &|today| today.service_level.1 = 2,
        ];
        for (index, change) in wrong.iter().enumerate() {
            assert_eq!(complaints_of(change, 1), 1, "{index}");
        }
        let mut complaints = Vec::new();
        books.at_rest(&mut complaints);
        assert_eq!(complaints.len(), 1);
    }

    #[test]
    fn figures_that_go_on_over_midnight_or_begin_anew_without_one_are_seen() {
        let mut books = with_callers(2);
        books.answered(call(1), at(1_000));
        let at_midnight = DAY_MS.unsigned_abs() / 2;
        let (old, new) = ((2, 1, 1), (0, 0, 0));
        let sees = |books: &mut Books, ms: u64, (offered, answered, came_today): (u64, u64, u64), waiting: usize| {
            books.turns_page(at(ms));
            let today = QueueFigures {
                offered,
                answered,
                waiting: came_today,
                answered_within_threshold: answered,
                wait_total_ms: answered * 1_000,
                service_level: (answered, answered, ""),
                ..QueueFigures::default()
            };
            let view =
                QueueView { id: QueueId::new("service"), waiting, call_backs: 0, longest_waiting_since: None, agents: Vec::new(), today };
            let mut complaints = Vec::new();
            books.counted(&view, at(ms), &mut complaints);
            complaints.is_empty()
        };
        assert!(sees(&mut books, at_midnight - 1, old, 1) && !sees(&mut books, at_midnight - 1, new, 1));
        assert!(sees(&mut books, at_midnight, new, 1) && !sees(&mut books, at_midnight, old, 1));
        // Put back to an hour before, then over the same midnight again.
        books.clock_set(WallClock::new(at(at_midnight), Timestamp(DAY_MS - 3_600_000)));
        books.enqueued(call(3), &QueueId::new("service"), at(at_midnight));
        assert!(sees(&mut books, at_midnight + 3_700_000, (1, 0, 1), 2) && !sees(&mut books, at_midnight + 3_700_000, new, 2));
        // Whoever came before midnight counts in the day before, whenever he is answered.
        books.answered(call(2), at(at_midnight + 3_700_001));
        assert!(sees(&mut books, at_midnight + 3_700_002, (1, 0, 1), 1));
    }
}
