//! A report: facts are put in one by one, rows come out.

use super::agents::Worth;
use super::returns::Returns;
use super::service::parts;
use super::tally::ms;
use super::{AgentInterval, DEFINITIONS, Measure, Slices, Tally, Terms, measure};
use crate::base::{AgentId, Planned, QueueId, Timestamp};
use crate::call::record::{CallDirection, CallRecord, VisitEnding};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the rows stand for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Queues,
    Agents,
    Teams,
    Scripts,
}

/// What is asked for.
#[derive(Clone, PartialEq, Debug)]
pub struct Question {
    pub kind: Kind,
    pub slices: Slices,
    pub terms: Terms,
    /// Only this queue: its rows, and of agents what they did for its callers.
    pub queue: Option<String>,
    /// Only this agent's part.
    pub agent: Option<String>,
    /// Agent → team, for reports by team.
    pub teams: BTreeMap<AgentId, String>,
    /// Agent → what was planned for him in the time of the report, in order; agents of one shift share it.
    pub plans: BTreeMap<AgentId, Arc<[Planned]>>,
    /// Up to when what runs has run.
    pub now: Timestamp,
    /// More rows are refused.
    pub rows_max: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooManyRows;

type Key = (String, Timestamp);

/// A report that is being made.
#[derive(Debug)]
pub struct Report {
    pub(super) question: Question,
    rows: BTreeMap<Key, Tally>,
    returns: Returns<Key>,
    /// Whose interval came last, and whether he was offline in it.
    last: Option<(AgentId, bool)>,
    too_many: bool,
}

/// A row, ready to be shown.
#[derive(Clone, PartialEq, Debug)]
pub struct ReportRow {
    /// The queue, agent, team or script.
    pub key: String,
    pub from: Timestamp,
    pub until: Timestamp,
    pub tally: Tally,
}

impl ReportRow {
    /// Its figures, the service level in that variant (or in `all`) first where it stands.
    #[must_use]
    pub fn measures(&self, kind: Kind, variant: &str) -> Vec<Measure> {
        let levels = if kind == Kind::Queues { measure::service_levels(variant, &self.tally.visits) } else { Vec::new() };
        let definitions = DEFINITIONS.iter().filter(|definition| definition.kinds.contains(&kind));
        levels.into_iter().chain(definitions.map(|definition| definition.measure(&self.tally))).collect()
    }
}

impl Report {
    #[must_use]
    pub fn new(question: Question) -> Self {
        Self { question, rows: BTreeMap::new(), returns: Returns::default(), last: None, too_many: false }
    }

    /// What was asked.
    #[must_use]
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// Counts a call that arrived no earlier than the one before.
    ///
    /// # Errors
    /// When there are more rows than may be: the rest is not counted.
    pub fn call(&mut self, record: &CallRecord) -> Result<(), TooManyRows> {
        match self.question.kind {
            Kind::Queues => self.queues(record),
            Kind::Agents | Kind::Teams => self.agents(record),
            Kind::Scripts => self.scripts(record),
        }
        self.whether_too_many()
    }

    /// A caller came at that moment, of whose call nothing else is to be counted: after the time of the report.
    pub fn came_again(&mut self, caller: &str, at: Timestamp) {
        if let Some(key) = self.returns.arrived(caller, at, ms(self.question.terms.resolved_after)) {
            self.with(key, |tally| tally.service.returned += 1);
        }
    }

    /// Counts a time of an agent; each agent's come one after the other. Who was not there before has logged on.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn interval(&mut self, interval: &AgentInterval) -> Result<(), TooManyRows> {
        let Question { kind, queue, agent, .. } = &self.question;
        let is = |wanted: &Option<String>, id: Option<&str>| wanted.as_deref().is_none_or(|wanted| Some(wanted) == id);
        let its_queue = interval.queue.as_ref().map(QueueId::as_str);
        if !is(agent, Some(interval.agent.as_str())) || !is(queue, its_queue) {
            return Ok(());
        }
        let is_off = Worth::of(&interval.state) == Worth::Offline;
        let was_off = self.last.replace((interval.agent.clone(), is_off)).is_none_or(|(last, was_off)| last != interval.agent || was_off);
        let key = match kind {
            Kind::Queues => its_queue.map(str::to_owned),
            Kind::Agents | Kind::Teams => self.row_of_agent(&interval.agent),
            Kind::Scripts => None,
        };
        let Some(key) = key else { return Ok(()) };
        if was_off && !is_off && *kind != Kind::Queues && queue.is_none() {
            self.at(&key, interval.from, |tally| tally.work.logons += 1);
        }
        self.cut(&key, interval.from, interval.to, |tally, ms| tally.work.spend(&interval.state, ms));
        self.worked(&key, interval);
        self.whether_too_many()
    }

    #[must_use]
    pub fn rows(mut self) -> Vec<ReportRow> {
        self.plan();
        let slices = self.question.slices;
        let row = |((key, from), tally): (Key, Tally)| ReportRow { key, from, until: slices.end(from), tally };
        self.rows.into_iter().map(row).collect()
    }

    fn queues(&mut self, record: &CallRecord) {
        let Question { terms, now, .. } = self.question;
        for (index, visit) in record.visits.iter().enumerate() {
            if self.wants_queue(visit.queue.as_str()) {
                self.at(visit.queue.as_str(), visit.entered_at, |tally| tally.visits.visit(record, index, now, &terms));
            }
        }
        for part in &parts(record) {
            if self.wants_agent(&part.agent) {
                self.of_queue(record, part.started_at, |tally| tally.service.part(part, &record.holds));
            }
        }
        for hold in &record.holds {
            self.of_queue(record, hold.started_at, |tally| tally.service.hold(hold, &terms));
        }
        if let Some(survey) = &record.survey {
            self.of_queue(record, survey.asked_at, |tally| tally.service.survey(survey));
        }
        if let Some(at) = record.connected_at {
            self.of_queue(record, at, |tally| tally.service.call(record));
            if let Some(greeting) = &record.greeting {
                self.of_queue(record, at, |tally| tally.service.greeting(greeting, &terms));
            }
            for sound in
                record.sounds.iter().filter(|sound| sound.agent.as_ref().is_some_and(|agent| self.wants_agent(agent))).collect::<Vec<_>>()
            {
                self.of_queue(record, at, |tally| tally.service.sound(sound));
            }
        }
        if record.call_back.is_some() {
            self.of_queue(record, record.arrived_at, |tally| tally.service.call_back(record));
        }
        let row = record.connected_at.and_then(|at| queue_at(record, at)).filter(|queue| self.wants_queue(queue.as_str()));
        self.came(record, row.map(|queue| queue.as_str().to_owned()));
    }

    fn agents(&mut self, record: &CallRecord) {
        let terms = self.question.terms;
        if record.queue.is_none() && record.visits.is_empty() {
            return;
        }
        for offer in &record.offers {
            self.of_agent(record, &offer.agent, offer.alerted_at, |tally| tally.visits.offer(offer, &terms));
        }
        let parts = parts(record);
        for part in &parts {
            self.of_agent(record, &part.agent, part.started_at, |tally| tally.service.part(part, &record.holds));
            let held = |at: Timestamp| part.started_at <= at && part.ended_at.is_none_or(|ended| at < ended);
            for hold in record.holds.iter().filter(|hold| held(hold.started_at)) {
                self.of_agent(record, &part.agent, hold.started_at, |tally| tally.service.hold(hold, &terms));
            }
        }
        if let (Some(greeting), Some(first)) = (&record.greeting, parts.first()) {
            self.of_agent(record, &first.agent, first.started_at, |tally| tally.service.greeting(greeting, &terms));
        }
        for sound in &record.sounds {
            let Some(part) = parts.iter().find(|part| Some(&part.agent) == sound.agent.as_ref()) else { continue };
            self.of_agent(record, &part.agent, part.started_at, |tally| tally.service.sound(sound));
        }
        let last = parts.last().map(|part| part.agent.clone()).or_else(|| record.agent.clone());
        let (Some(agent), Some(at)) = (&last, record.connected_at) else { return self.came(record, None) };
        if let Some(survey) = &record.survey {
            self.of_agent(record, agent, survey.asked_at, |tally| tally.service.survey(survey));
        }
        self.of_agent(record, agent, at, |tally| {
            tally.service.call(record);
            tally.service.call_back(record);
        });
        let wanted = self.wants_agent(agent) && queue_at(record, at).is_some_and(|queue| self.wants_queue(queue.as_str()));
        let row = self.row_of_agent(agent).filter(|_| wanted);
        self.came(record, row);
    }

    fn scripts(&mut self, record: &CallRecord) {
        let parts = parts(record);
        for script in &record.scripts {
            let agent = parts.iter().rfind(|part| part.started_at <= script.started_at).map(|part| &part.agent).or(record.agent.as_ref());
            let by = self.question.agent.is_none() || agent.is_some_and(|agent| self.wants_agent(agent));
            let of =
                self.question.queue.is_none() || queue_at(record, script.started_at).is_some_and(|queue| self.wants_queue(queue.as_str()));
            if by && of {
                self.at(&script.script, script.started_at, |tally| tally.scripts.script(script));
            }
        }
    }

    /// Whoever calls has not been settled by his last call; whether this one settles his matter shows later, if it was of the report's time.
    fn came(&mut self, record: &CallRecord, row: Option<String>) {
        if record.direction != CallDirection::Inbound || record.visits.is_empty() && record.queue.is_none() {
            return;
        }
        self.came_again(&record.caller, record.arrived_at);
        let (Some(connected), Some(over)) = (record.connected_at, record.released_at) else { return };
        let within = i64::try_from(ms(self.question.terms.resolved_after)).unwrap_or(i64::MAX);
        let is_ripe = over.0.saturating_add(within) <= self.question.now.0;
        let (Some(row), Some(slice)) = (row, self.question.slices.of(connected)) else { return };
        if is_ripe {
            self.with((row.clone(), slice), |tally| tally.service.settled += 1);
            self.returns.over(&record.caller, over, (row, slice));
        }
    }

    fn wants_queue(&self, queue: &str) -> bool {
        self.question.queue.as_deref().is_none_or(|wanted| wanted == queue)
    }

    pub(super) fn wants_agent(&self, agent: &AgentId) -> bool {
        self.question.agent.as_deref().is_none_or(|wanted| wanted == agent.as_str())
    }

    /// The agent, or his team.
    pub(super) fn row_of_agent(&self, agent: &AgentId) -> Option<String> {
        match self.question.kind {
            Kind::Agents => Some(agent.as_str().to_owned()),
            Kind::Teams => self.question.teams.get(agent).cloned(),
            Kind::Queues | Kind::Scripts => None,
        }
    }

    fn of_queue(&mut self, record: &CallRecord, at: Timestamp, count: impl FnOnce(&mut Tally)) {
        if let Some(queue) = queue_at(record, at).filter(|queue| self.wants_queue(queue.as_str())) {
            self.at(queue.as_str(), at, count);
        }
    }

    fn of_agent(&mut self, record: &CallRecord, agent: &AgentId, at: Timestamp, count: impl FnOnce(&mut Tally)) {
        let wanted = self.wants_agent(agent) && queue_at(record, at).is_some_and(|queue| self.wants_queue(queue.as_str()));
        if let Some(key) = self.row_of_agent(agent).filter(|_| wanted) {
            self.at(&key, at, count);
        }
    }

    fn at(&mut self, key: &str, at: Timestamp, count: impl FnOnce(&mut Tally)) {
        if let Some(slice) = self.question.slices.of(at) {
            self.with((key.to_owned(), slice), count);
        }
    }

    /// Counts what of that time lies in which slice.
    pub(super) fn cut(&mut self, key: &str, from: Timestamp, to: Timestamp, count: impl Fn(&mut Tally, u64)) {
        let slices = self.question.slices.clone();
        slices.cut(from, to, |begin, ms| self.with((key.to_owned(), begin), |tally| count(tally, ms)));
    }

    fn with(&mut self, key: Key, count: impl FnOnce(&mut Tally)) {
        if !self.rows.contains_key(&key) && self.rows.len() >= self.question.rows_max {
            self.too_many = true;
            return;
        }
        count(self.rows.entry(key).or_default());
    }

    fn whether_too_many(&self) -> Result<(), TooManyRows> {
        if self.too_many { Err(TooManyRows) } else { Ok(()) }
    }
}

/// Whose caller he was at that moment: of the queue that he had entered last.
fn queue_at(record: &CallRecord, at: Timestamp) -> Option<&QueueId> {
    let visit = record.visits.iter().rfind(|visit| visit.ending != VisitEnding::Refused && visit.entered_at <= at);
    visit.map(|visit| &visit.queue).or(record.queue.as_ref())
}
