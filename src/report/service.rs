//! The craft of service, as it was practised in calls: parts of agents, holds, scripts, farewells, the survey, and who called again.

use super::tally::{Terms, between, ms, tally};
use crate::base::Timestamp;
use crate::call::record::{
    CallRecord, GreetingRecord, HoldRecord, ReleasedBy, ScriptEnding, ScriptRecord, SegmentEnding, SegmentRecord, SegmentRole, SoundRecord,
    SurveyRecord,
};

tally! {
    /// Counts of what agents did with the callers of queues.
    ServiceTally {
        /// Calls in which an agent had the caller, and which are over.
        connected,
        /// Of these, those whose first BYE came from the caller, the agent, or the switch.
        caller_first,
        agent_first,
        switch_first,
        /// Of these, those that the silent-call script released.
        silent,
        /// Parts in calls that agents had with callers and that are over.
        handled,
        /// Of these, those that ended with another agent in his place.
        transferred,
        /// Their length, without holds.
        talk_ms,
        hold_ms,
        /// Greetings that were due, that came, and that came in time.
        greetings,
        greeted,
        greeted_in_time,
        greeting_delay_ms,
        /// Agents who said enough in a call to be measured; of these, those who were too quiet, too loud, or drowned in noise.
        measured,
        faint,
        loud,
        noisy,
        /// Agents who talked in a call while the caller was on hold and nobody heard them.
        open_microphones,
        /// Holds that are over.
        holds,
        /// Of these, those in which nobody was left without a word for longer than the patience.
        holds_in_patience,
        /// Of these, those with a reason; those with a promised time; and those that took no longer.
        holds_with_reason,
        holds_promised,
        promises_kept,
        /// Callers asked how they were served.
        surveyed,
        scored,
        score_sum,
        score_1,
        score_2,
        score_3,
        score_4,
        score_5,
        /// Calls whose D days are over, so that it is known whether the caller came back.
        settled,
        /// Of these, those whose caller called again within D days.
        returned,
        /// Calls to customers who were to be called back, and that are over.
        call_backs,
        /// Of these, those in which he was reached; and the time from his wish to that, summed up.
        call_backs_reached,
        call_back_ms,
    } greatest {}
}

tally! {
    /// Scripts of service that were begun by hand, by their endings.
    ScriptTally {
        begun,
        running,
        helped,
        done,
        queued,
        released,
        cut_short,
        /// Prompts that were begun in them.
        said,
    } greatest {}
}

impl ServiceTally {
    /// Counts a call that the switch made to call somebody back.
    pub fn call_back(&mut self, record: &CallRecord) {
        // One that no agent took was none to the customer.
        let was_called = record.answered_at.is_some() || record.offers.is_empty();
        let Some(made) = record.call_back.as_ref().filter(|_| record.released_at.is_some() && was_called) else { return };
        self.call_backs += 1;
        if let Some(reached) = record.connected_at {
            self.call_backs_reached += 1;
            self.call_back_ms += between(made.asked_at, reached);
        }
    }

    /// Counts what is said of the call as a whole.
    pub fn call(&mut self, record: &CallRecord) {
        if record.released_at.is_none() {
            return;
        }
        self.connected += 1;
        match record.left_first() {
            Some(ReleasedBy::Caller) => self.caller_first += 1,
            Some(ReleasedBy::Agent) => self.agent_first += 1,
            Some(ReleasedBy::Switch | ReleasedBy::Callee) | None => self.switch_first += 1,
        }
        self.silent += u64::from(record.is_silent_release());
    }

    /// Counts an agent's part that is over; what of it the parties were on hold is hold.
    pub fn part(&mut self, part: &SegmentRecord, holds: &[HoldRecord]) {
        let Some(ended_at) = part.ended_at else { return };
        let held = covered(holds, part.started_at, ended_at);
        self.handled += 1;
        self.transferred += u64::from(part.ending == SegmentEnding::Transferred);
        self.hold_ms += held;
        self.talk_ms += between(part.started_at, ended_at).saturating_sub(held);
    }

    /// Counts a hold that is over.
    pub fn hold(&mut self, hold: &HoldRecord, terms: &Terms) {
        let Some(in_patience) = hold.is_in_patience(terms.patience) else { return };
        self.holds += 1;
        self.holds_with_reason += u64::from(hold.reason.is_some());
        self.holds_promised += u64::from(hold.promised.is_some());
        self.promises_kept += u64::from(hold.promise_kept() == Some(true));
        self.holds_in_patience += u64::from(in_patience);
    }

    pub fn greeting(&mut self, greeting: &GreetingRecord, terms: &Terms) {
        self.greetings += 1;
        let Some(delay) = greeting.delay else { return };
        self.greeted += 1;
        self.greeting_delay_ms += ms(delay);
        self.greeted_in_time += u64::from(greeting.is_in_time(terms.greeted_within));
    }

    /// Counts how an agent sounded in a call.
    pub fn sound(&mut self, sound: &SoundRecord) {
        self.measured += u64::from(!sound.speech.is_zero());
        self.faint += u64::from(sound.faint);
        self.loud += u64::from(sound.loud);
        self.noisy += u64::from(sound.noisy);
        self.open_microphones += u64::from(sound.open_microphone);
    }

    pub fn survey(&mut self, survey: &SurveyRecord) {
        self.surveyed += 1;
        let Some(score) = survey.score else { return };
        self.scored += 1;
        self.score_sum += u64::from(score);
        match score {
            1 => self.score_1 += 1,
            2 => self.score_2 += 1,
            3 => self.score_3 += 1,
            4 => self.score_4 += 1,
            5 => self.score_5 += 1,
            _ => {}
        }
    }
}

impl ScriptTally {
    pub fn script(&mut self, script: &ScriptRecord) {
        self.begun += 1;
        self.said += u64::from(script.said);
        match script.ending {
            ScriptEnding::Running => self.running += 1,
            ScriptEnding::Helped => self.helped += 1,
            ScriptEnding::Done => self.done += 1,
            ScriptEnding::Queued => self.queued += 1,
            ScriptEnding::Released => self.released += 1,
            ScriptEnding::CutShort => self.cut_short += 1,
        }
    }
}

/// How long of the time between the two moments somebody was on hold; holds of both sides at once count once.
fn covered(holds: &[HoldRecord], from: Timestamp, to: Timestamp) -> u64 {
    let mut spells: Vec<(Timestamp, Timestamp)> =
        holds.iter().map(|hold| (hold.started_at.max(from), hold.ended_at.unwrap_or(to).min(to))).filter(|(from, to)| from < to).collect();
    spells.sort_unstable();
    let (mut sum, mut until) = (0, from);
    for (begin, end) in spells {
        sum += between(begin.max(until), end);
        until = until.max(end);
    }
    sum
}

/// The parts that agents had with the caller of a queue. Of a record without any, as older versions wrote it, the whole time from the first
/// agent's answer is his whose name stands on it.
#[must_use]
pub fn parts(record: &CallRecord) -> Vec<SegmentRecord> {
    if !record.segments.is_empty() {
        return record.segments.iter().filter(|part| part.role == SegmentRole::Serving).cloned().collect();
    }
    let (Some(agent), Some(started_at)) = (record.agent.clone(), record.connected_at) else { return Vec::new() };
    let ending = if record.released_at.is_some() { SegmentEnding::Left } else { SegmentEnding::Running };
    vec![SegmentRecord { agent, role: SegmentRole::Serving, started_at, ended_at: record.released_at, ending }]
}
