//! The craft of service: the silent call, the scripts that are begun by hand, and the farewell. Nobody hangs up on a customer: what an agent's
//! BYE leaves open is brought to its end here.

use super::directory::Role;
use super::on_rules::token;
use super::output::{Detail, Reply};
use super::slot::RunningScript;
use super::{Key, Switch};
use crate::base::limits::SCRIPTS_PER_CALL_MAX;
use crate::base::{CallId, ClipId, Duration, Instant, LegId, Machine, QueueId};
use crate::call::record::{BegunBy, Outcome, PauseEnding, ReleasedBy, ScriptEnding, ScriptRecord, SegmentEnding, SurveyRecord};
use crate::call::{Ending, Order, Side};
use crate::config::Destination;
use crate::rules::{Script, farewell, script};

/// What an agent presses when a script is not needed any more.
const ENDS: &str = "**#";

impl Switch {
    pub(super) fn tell_silent(&mut self, call: CallId, event: script::Event, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let Some(silent) = slot.silent.as_mut().filter(|silent| !silent.is_over()) else { return };
        let mut ordered = Vec::new();
        silent.handle(event, now, &mut ordered);
        let over = silent.is_over();
        self.touched.insert(Key::Slot(call));
        self.on_silent(call, ordered, now);
        if over {
            self.heed_both(call, now);
            self.see_off(call, now);
        }
    }

    pub(super) fn on_silent(&mut self, call: CallId, ordered: Vec<script::Action>, now: Instant) {
        for action in ordered {
            match action {
                script::Action::Say { step, clip } => {
                    let detail = vec![("step", number(step)), ("prompt", Detail::Text(clip.to_string()))];
                    self.publish("silent_call.step", Some(call), now, detail);
                    self.order(call, Order::Announce { side: Side::Caller, clips: vec![clip], token: token::SILENT_STEP }, now);
                }
                script::Action::Release => self.release(call, Outcome::Silent, "silent call", now),
                // A silent call's script has only prompts.
                script::Action::Queue(_) | script::Action::CallBack(_) => {}
            }
        }
    }

    /// Begins a script of the configuration; the one that runs, and the watch for silence, end.
    pub(super) fn begin_script(&mut self, call: CallId, id: &str, by: BegunBy, now: Instant) -> Reply {
        let Some(rule) = self.config.rules.scripts.iter().find(|rule| rule.id == id).cloned() else {
            return Reply::Refused(format!("the configuration has no script {id}"));
        };
        let Some(slot) = self.slots.get(&call) else { return Reply::UnknownCall };
        if slot.queue().is_none() || !slot.call.is_connected() {
            return Reply::Refused("a script needs a caller of a queue, and an agent with him".to_owned());
        }
        if slot.script.as_ref().is_some_and(|running| running.id == id) {
            return Reply::Done;
        }
        if slot.call.record().scripts.len() >= SCRIPTS_PER_CALL_MAX {
            return Reply::Refused(format!("{SCRIPTS_PER_CALL_MAX} scripts were begun in this call"));
        }
        self.end_script(call, ScriptEnding::CutShort, now);
        self.tell_silent(call, script::Event::Ended, now);
        let at = self.at_of(call, now);
        let Some(slot) = self.slots.get_mut(&call) else { return Reply::UnknownCall };
        let token = token::SCRIPT_STEP + 1_000 * slot.call.record().scripts.len() as u64;
        slot.call.record_mut().scripts.push(ScriptRecord {
            script: rule.id.clone(),
            begun_by: by,
            started_at: at,
            ended_at: None,
            said: 0,
            ending: ScriptEnding::Running,
        });
        slot.script = Some(RunningScript { id: rule.id.clone(), script: Script::new(rule.steps, rule.ends_on_speech), token });
        let detail = vec![("script", Detail::Text(rule.id)), ("by", Detail::Text(by.name().to_owned()))];
        self.publish("script.began", Some(call), now, detail);
        self.settle_hearing(call, now);
        self.heed_both(call, now);
        self.tell_script(call, script::Event::Begun, now);
        Reply::Done
    }

    /// What an agent pressed in the call: `**` and a digit begins a script, `**#` ends it.
    pub(super) fn script_by_code(&mut self, call: CallId, code: &str, now: Instant) {
        let reply = if code == ENDS {
            self.script_helped(call, now)
        } else {
            let Some(rule) = self.config.rules.scripts.iter().find(|rule| rule.code.as_deref() == Some(code)) else { return };
            let id = rule.id.clone();
            self.begin_script(call, &id, BegunBy::Agent, now)
        };
        if let Reply::Refused(why) = reply {
            tracing::debug!(%call, code, why, "a script's code did nothing");
        }
    }

    /// The agent, or a program, says that it is not needed any more.
    pub(super) fn script_helped(&mut self, call: CallId, now: Instant) -> Reply {
        let Some(slot) = self.slots.get(&call) else { return Reply::UnknownCall };
        if slot.script.is_none() {
            return Reply::Refused("no script runs in this call".to_owned());
        }
        self.end_script(call, ScriptEnding::Helped, now);
        self.order(call, Order::StopAnnouncements { side: Side::Caller }, now);
        self.see_off(call, now);
        Reply::Done
    }

    pub(super) fn tell_script(&mut self, call: CallId, event: script::Event, now: Instant) {
        let Some(running) = self.slots.get_mut(&call).and_then(|slot| slot.script.as_mut()) else { return };
        let by_speech = event == script::Event::CallerSpoke;
        let mut ordered = Vec::new();
        running.script.handle(event, now, &mut ordered);
        self.touched.insert(Key::Slot(call));
        let spoke_up = by_speech && running.script.is_over();
        if spoke_up {
            self.end_script(call, ScriptEnding::Helped, now);
            return self.see_off(call, now);
        }
        self.on_script(call, ordered, now);
    }

    pub(super) fn on_script(&mut self, call: CallId, ordered: Vec<script::Action>, now: Instant) {
        for action in ordered {
            match action {
                script::Action::Say { step, clip } => self.say_step(call, step, clip, now),
                script::Action::Queue(queue) if self.may_find_nobody(call, &queue) => {
                    self.tell_script(call, script::Event::NobodyThere, now);
                }
                script::Action::CallBack(queue) => self.promised_by_script(call, &queue, now),
                script::Action::Queue(queue) => {
                    self.end_script(call, ScriptEnding::Queued, now);
                    self.go_to(call, &Destination::Queue(queue), now);
                }
                script::Action::Release => {
                    self.end_script(call, ScriptEnding::Released, now);
                    self.release(call, Outcome::Scripted, "released by a script of service", now);
                }
            }
        }
        if self.slots.get(&call).and_then(|slot| slot.script.as_ref()).is_some_and(|running| running.script.is_over()) {
            self.end_script(call, ScriptEnding::Done, now);
            self.see_off(call, now);
        }
    }

    /// Nobody is at work in that queue, and the script knows what then.
    fn may_find_nobody(&self, call: CallId, queue: &QueueId) -> bool {
        let running = self.slots.get(&call).and_then(|slot| slot.script.as_ref());
        running.is_some_and(|running| !running.script.is_over()) && !self.acd.is_staffed(queue)
    }

    fn say_step(&mut self, call: CallId, step: usize, clip: ClipId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let Some(running) = &mut slot.script else { return };
        running.token += 1;
        let (token, id) = (running.token, running.id.clone());
        if let Some(line) = slot.call.record_mut().scripts.last_mut() {
            line.said += 1;
        }
        let detail = vec![("script", Detail::Text(id)), ("step", number(step)), ("prompt", Detail::Text(clip.to_string()))];
        self.publish("script.step", Some(call), now, detail);
        self.order(call, Order::Announce { side: Side::Caller, clips: vec![clip], token }, now);
    }

    /// What a script of this call said has been played.
    pub(super) fn script_step_played(&mut self, call: CallId, token: u64, now: Instant) {
        if self.slots.get(&call).and_then(|slot| slot.script.as_ref()).is_some_and(|running| running.token == token) {
            self.tell_script(call, script::Event::StepPlayed, now);
        }
    }

    /// The running script, if one runs, is over.
    pub(super) fn end_script(&mut self, call: CallId, ending: ScriptEnding, now: Instant) {
        let at = self.at_of(call, now);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let Some(running) = slot.script.take() else { return };
        if let Some(line) = slot.call.record_mut().scripts.last_mut() {
            (line.ended_at, line.ending) = (Some(at), ending);
        }
        self.touched.insert(Key::Slot(call));
        let detail = vec![("script", Detail::Text(running.id)), ("ending", Detail::Text(ending.name().to_owned()))];
        self.publish("script.ended", Some(call), now, detail);
        self.heed_both(call, now);
        self.settle_hearing(call, now);
    }

    pub(super) fn release(&mut self, call: CallId, outcome: Outcome, cause: &str, now: Instant) {
        let ending = Ending { by: ReleasedBy::Switch, outcome: Some(outcome), code: 200, retry_after: None, cause: cause.to_owned() };
        self.order(call, Order::Release(ending), now);
    }

    /// The agent's part is over: he is free, and what the caller is owed goes on.
    pub(super) fn agent_left(&mut self, call: CallId, leg: LegId, now: Instant) {
        self.remove_leg(call, leg);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        slot.digits[1].clear();
        let agent = slot.callee_agent.take();
        let onward = slot.onward.take();
        let is_awaited = !slot.errands.is_empty();
        if let Some(agent) = agent {
            let detail = vec![("agent", Detail::Text(agent.to_string())), ("awaits_another", Detail::Flag(is_awaited))];
            self.publish("call.agent_left", Some(call), now, detail);
            let ending = if onward.is_some() || is_awaited { SegmentEnding::Transferred } else { SegmentEnding::Left };
            self.segment_ends(call, &agent, ending, now);
            self.disengage(&agent, call, Role::Callee, now);
        }
        // Whom he is transferred to may go on with it; else nobody is there who could end it.
        if !is_awaited {
            self.end_pause(call, PauseEnding::AgentLeft, None, now);
        }
        if let Some(to) = onward {
            return self.go_to(call, &to, now);
        }
        if is_awaited {
            return self.waits_for_transfer(call, now);
        }
        self.tell_silent(call, script::Event::AgentQuiet, now);
        self.tell_script(call, script::Event::AgentQuiet, now);
        self.see_off(call, now);
    }

    /// The farewell begins when the agent is gone and no script has more to say.
    fn see_off(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call) else { return };
        let watches = slot.silent.as_ref().is_some_and(|silent| !silent.is_over());
        if !slot.call.is_parted() || slot.script.is_some() || watches || !slot.errands.is_empty() {
            return;
        }
        if slot.farewell.as_ref().is_none_or(farewell::Farewell::is_running) {
            return;
        }
        let asks = self.asks(call, now);
        self.tell_farewell(call, farewell::Event::Begun { asks }, now);
    }

    /// Who spoke long enough, and was not asked lately.
    fn asks(&self, call: CallId, now: Instant) -> bool {
        let survey = self.config.rules.farewell.as_ref().and_then(|rule| rule.survey.as_ref());
        let (Some(survey), Some(slot)) = (survey, self.slots.get(&call)) else { return false };
        let record = slot.call.record();
        let talked = record
            .connected_at
            .is_some_and(|at| Duration::from_millis(slot.call.at(now).0.saturating_sub(at.0).try_into().unwrap_or(0)) >= survey.min_talk);
        talked && record.survey.is_none() && self.asked.within(&record.caller, survey.not_within, now).is_none()
    }

    pub(super) fn tell_farewell(&mut self, call: CallId, event: farewell::Event, now: Instant) {
        let Some(farewell) = self.slots.get_mut(&call).and_then(|slot| slot.farewell.as_mut()) else { return };
        let mut ordered = Vec::new();
        farewell.handle(event, now, &mut ordered);
        self.touched.insert(Key::Slot(call));
        self.on_farewell(call, ordered, now);
    }

    pub(super) fn on_farewell(&mut self, call: CallId, ordered: Vec<farewell::Action>, now: Instant) {
        let at = self.at_of(call, now);
        for action in ordered {
            match action {
                farewell::Action::Ask(clip) => {
                    let Some(slot) = self.slots.get_mut(&call) else { return };
                    slot.call.record_mut().survey = Some(SurveyRecord { asked_at: at, score: None });
                    self.asked.note(&slot.call.record().caller, (), now);
                    self.publish("survey.asked", Some(call), now, Vec::new());
                    self.order(call, Order::StopAnnouncements { side: Side::Caller }, now);
                    self.order(call, Order::Announce { side: Side::Caller, clips: vec![clip], token: token::FAREWELL_QUESTION }, now);
                }
                farewell::Action::Scored(score) => {
                    let Some(slot) = self.slots.get_mut(&call) else { return };
                    if let Some(survey) = &mut slot.call.record_mut().survey {
                        survey.score = Some(score);
                    }
                    self.publish("survey.answered", Some(call), now, vec![("score", Detail::Number(score.into()))]);
                }
                farewell::Action::Part(clip) => {
                    self.order(call, Order::StopAnnouncements { side: Side::Caller }, now);
                    self.order(call, Order::Announce { side: Side::Caller, clips: vec![clip], token: token::FAREWELL }, now);
                }
                farewell::Action::Release => self.release(call, Outcome::Answered, "the caller did not hang up", now),
            }
        }
    }
}

fn number(count: usize) -> Detail {
    Detail::Number(i64::try_from(count).unwrap_or(i64::MAX))
}
