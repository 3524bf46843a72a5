//! A script of service: what is said to a caller step by step, with waits between, up to the release; or until what it was for is over.
//! The silent call watches every caller of a queue from his greeting on; the others are begun by whoever hears that they are needed.
//! Knows nothing of prompts' sounds, of levels or of SIP; what is speech is the detector's business.

use crate::base::limits::CLIP_PLAYED_WITHIN;
use crate::base::{ClipId, Duration, Instant, Machine, QueueId, ScriptStep as Step};
use serde::{Deserialize, Serialize};

/// One call's script, from its first step to its last.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Script {
    steps: Vec<Step>,
    /// The caller's word ends it for the rest of the call.
    ends_on_speech: bool,
    /// Kept in every state: he may begin to speak during a clip or a hold, and still speak at its end.
    agent_speaks: bool,
    state: State,
}

/// `next` is the index of the step to come; a wait that runs is its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    /// Not yet begun.
    Before,
    /// The greeting plays; should its end never be told, it counts as ended at `give_up_at`.
    Greeting {
        give_up_at: Instant,
    },
    /// Neither side speaks.
    Waiting {
        next: usize,
        until: Instant,
    },
    /// The agent speaks. Not transient: his speech ends, or his part in the call does, or the call.
    AgentSpeaks {
        next: usize,
    },
    /// A prompt plays; should its end never be told, it counts as played at `give_up_at`.
    Playing {
        next: usize,
        give_up_at: Instant,
    },
    /// The call is on hold.
    Held {
        next: usize,
    },
    /// He was sent to a queue; should nobody be there, this comes next.
    Sent {
        next: usize,
    },
    Over,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The first step's time has come: nobody waits for a greeting.
    Begun,
    /// The greeting started to play. Not needed where there is none.
    GreetingBegan,
    GreetingEnded,
    /// The prompt that was ordered last has been played to its end.
    StepPlayed,
    /// 300 ms or more of voice from the caller.
    CallerSpoke,
    AgentSpoke,
    /// The agent's speech ended, or his part in the call.
    AgentQuiet,
    Held,
    Retrieved,
    /// Nobody is at work in the queue that he was sent to.
    NobodyThere,
    /// It is not needed any more: somebody says so, or the call ended.
    Ended,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Play `clip` to the caller; `step` counts what is said, from 0.
    Say { step: usize, clip: ClipId },
    /// The caller goes to wait in that queue, and the script is over; unless [`Event::NobodyThere`].
    Queue(QueueId),
    /// That queue is to call him back.
    CallBack(QueueId),
    /// Release both legs; the script is over.
    Release,
}

impl Script {
    /// The script of a silent call: a wait before each prompt, and one before the release. `wait` is longer than zero; without prompts the
    /// release follows the first wait.
    #[must_use]
    pub fn silent_call(wait: Duration, prompts: &[ClipId]) -> Self {
        assert!(!wait.is_zero(), "a wait of zero would release every caller");
        let asked = prompts.iter().flat_map(|clip| [Step::Wait(wait), Step::Say(clip.clone())]);
        Self::new(asked.chain([Step::Wait(wait), Step::Release]).collect(), true)
    }

    #[must_use]
    pub fn new(steps: Vec<Step>, ends_on_speech: bool) -> Self {
        Self { steps, ends_on_speech, agent_speaks: false, state: State::Before }
    }

    /// Whether the script can still speak or release.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Whether it has begun, and goes on.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !matches!(self.state, State::Before | State::Over)
    }

    /// What comes at step `next`, now or, when it is a wait, from the end of the agent's speech.
    fn go_on(&self, next: usize, now: Instant, out: &mut Vec<Action>) -> State {
        match self.steps.get(next) {
            Some(Step::Wait(_)) if self.agent_speaks => State::AgentSpeaks { next },
            Some(Step::Wait(wait)) => State::Waiting { next, until: now + *wait },
            Some(Step::Say(clip)) => {
                let step = self.steps[..next].iter().filter(|step| matches!(step, Step::Say(_))).count();
                out.push(Action::Say { step, clip: clip.clone() });
                State::Playing { next: next + 1, give_up_at: now + CLIP_PLAYED_WITHIN }
            }
            Some(Step::Queue(queue)) => {
                out.push(Action::Queue(queue.clone()));
                if self.steps.len() > next + 1 { State::Sent { next: next + 1 } } else { State::Over }
            }
            Some(Step::CallBack(queue)) => {
                out.push(Action::CallBack(queue.clone()));
                self.go_on(next + 1, now, out)
            }
            Some(Step::Release) => {
                out.push(Action::Release);
                State::Over
            }
            None => State::Over,
        }
    }
}

impl Machine for Script {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        match event {
            Event::AgentSpoke => self.agent_speaks = true,
            Event::AgentQuiet => self.agent_speaks = false,
            _ => {}
        }
        self.state = match (&self.state, event) {
            (State::Over, _) => return,
            (_, Event::Ended) => State::Over,
            (State::Sent { next }, Event::NobodyThere) => self.go_on(*next, now, out),
            (_, Event::CallerSpoke) if self.ends_on_speech => State::Over,

            (State::Before, Event::GreetingBegan) => State::Greeting { give_up_at: now + CLIP_PLAYED_WITHIN },
            (State::Before | State::Greeting { .. }, Event::GreetingEnded | Event::Begun) => self.go_on(0, now, out),
            (State::Before | State::Greeting { .. }, Event::Held) => State::Held { next: 0 },

            (State::Waiting { next, .. }, Event::AgentSpoke) => State::AgentSpeaks { next: *next },
            (State::AgentSpeaks { next }, Event::AgentQuiet) => self.go_on(*next, now, out),
            (State::Playing { next, .. }, Event::StepPlayed) => self.go_on(*next, now, out),

            (State::Waiting { next, .. } | State::AgentSpeaks { next } | State::Playing { next, .. }, Event::Held) => {
                State::Held { next: *next }
            }
            (State::Held { next }, Event::Retrieved) => self.go_on(*next, now, out),

            // What was told before, or concerns a prompt that a hold has overtaken.
            (
                _,
                Event::Begun
                | Event::GreetingBegan
                | Event::GreetingEnded
                | Event::StepPlayed
                | Event::CallerSpoke
                | Event::AgentSpoke
                | Event::AgentQuiet
                | Event::Held
                | Event::Retrieved
                | Event::NobodyThere,
            ) => return,
        };
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.state = match self.state {
            State::Greeting { give_up_at } if give_up_at <= now => self.go_on(0, now, out),
            State::Playing { next, give_up_at } if give_up_at <= now => self.go_on(next, now, out),
            State::Waiting { next, until } if until <= now => self.go_on(next + 1, now, out),
            _ => return,
        };
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Greeting { give_up_at } | State::Playing { give_up_at, .. } => Some(give_up_at),
            State::Waiting { until, .. } => Some(until),
            State::Before | State::AgentSpeaks { .. } | State::Held { .. } | State::Sent { .. } | State::Over => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};

    fn ask() -> Action {
        Action::Say { step: 0, clip: "silent_ask".into() }
    }

    fn farewell() -> Action {
        Action::Say { step: 1, clip: "silent_farewell".into() }
    }

    fn script() -> Script {
        Script::silent_call(secs(5), &["silent_ask".into(), "silent_farewell".into()])
    }

    /// A call whose greeting lasted from 0 s to 2 s.
    fn greeted() -> Drive<Script> {
        let mut drive = Drive::new(script());
        drive.event(Event::GreetingBegan).until(secs(2)).event(Event::GreetingEnded);
        drive
    }

    #[test]
    fn a_silent_caller_is_asked_told_goodbye_and_released() {
        let mut drive = greeted();
        drive.until(secs(10)).event(Event::StepPlayed).until(secs(18)).event(Event::StepPlayed).until(secs(60));
        // Greeting to 2 s, wait, ask at 7 s to 10 s, wait, farewell at 15 s to 18 s, wait, release.
        assert_eq!(drive.log, [(secs(7), ask()), (secs(15), farewell()), (secs(23), Action::Release)]);
        assert!(drive.machine.is_over());
    }

    #[test]
    fn who_finds_nobody_where_he_is_sent_is_promised_a_call() {
        let steps = [Step::Queue("dialect".into()), Step::Say("dialect_call_back".into()), Step::CallBack("dialect".into())];
        let sent = (secs(0), Action::Queue("dialect".into()));
        for nobody_there in [false, true] {
            let mut drive = Drive::new(Script::new(steps.to_vec(), false));
            drive.event(Event::Begun);
            if nobody_there {
                drive.event(Event::NobodyThere);
                drive.until(secs(2)).event(Event::StepPlayed);
            }
            drive.until(secs(60));
            let said = (secs(0), Action::Say { step: 0, clip: "dialect_call_back".into() });
            let promised = [sent.clone(), said, (secs(2), Action::CallBack("dialect".into()))];
            assert_eq!(drive.log, if nobody_there { promised.to_vec() } else { vec![sent.clone()] });
            assert_eq!(drive.machine.is_over(), nobody_there);
        }
    }

    #[test]
    fn nothing_is_said_before_its_time() {
        let mut drive = greeted();
        drive.until(millis(6_999));
        assert_eq!(drive.log, []);
        drive.until(secs(10)).event(Event::StepPlayed).until(millis(14_999));
        assert_eq!(drive.log.len(), 1);
        drive.until(secs(18)).event(Event::StepPlayed).until(millis(22_999));
        assert_eq!(drive.log.len(), 2);
    }

    #[test]
    fn a_caller_who_speaks_at_any_point_ends_the_script_for_good() {
        // (when he speaks, how much of the script was heard by then)
        for (spoke_at, heard) in [(1_000, 0), (4_000, 0), (6_999, 0), (8_000, 1), (14_999, 1), (16_000, 2), (22_999, 2)] {
            let mut drive = Drive::new(script());
            drive.event(Event::GreetingBegan);
            for (at, event) in [(2_000, Event::GreetingEnded), (10_000, Event::StepPlayed), (18_000, Event::StepPlayed)] {
                if drive.now.since_start() < millis(spoke_at) && at > spoke_at {
                    drive.until(millis(spoke_at)).event(Event::CallerSpoke);
                }
                drive.until(millis(at)).event(event);
            }
            if drive.now.since_start() < millis(spoke_at) {
                drive.until(millis(spoke_at)).event(Event::CallerSpoke);
            }
            drive.event(Event::Held).event(Event::Retrieved).event(Event::AgentSpoke).event(Event::AgentQuiet).until(secs(300));
            assert_eq!(drive.log.len(), heard, "spoke at {spoke_at} ms: {:?}", drive.log);
            assert!(drive.machine.is_over() && drive.machine.deadline().is_none());
        }
    }

    #[test]
    fn the_agents_speech_starts_the_current_wait_again_from_its_end() {
        let mut drive = greeted();
        drive.until(secs(6)).event(Event::AgentSpoke).until(secs(40)).event(Event::AgentQuiet).until(millis(44_999));
        assert_eq!(drive.log, []);
        drive.until(secs(45));
        assert_eq!(drive.log, [(secs(45), ask())]);
    }

    #[test]
    fn an_agent_who_speaks_over_greeting_or_step_is_waited_for() {
        let mut drive = Drive::new(script());
        drive.event(Event::GreetingBegan).until(secs(1)).event(Event::AgentSpoke).until(secs(2)).event(Event::GreetingEnded);
        drive.until(secs(9)).event(Event::AgentQuiet).until(secs(15));
        assert_eq!(drive.log, [(secs(14), ask())]);
        // He starts during the step and ends after it.
        drive.event(Event::AgentSpoke).until(secs(16)).event(Event::StepPlayed).until(secs(30)).event(Event::AgentQuiet).until(secs(34));
        assert_eq!(drive.log.len(), 1);
        drive.until(secs(35));
        assert_eq!(drive.log[1], (secs(35), farewell()));
        // He starts and ends within the step: its end counts.
        drive.event(Event::AgentSpoke).until(secs(36)).event(Event::AgentQuiet).until(secs(38)).event(Event::StepPlayed).until(secs(99));
        assert_eq!(drive.log[2..], [(secs(43), Action::Release)]);
    }

    #[test]
    fn a_hold_suspends_the_script_and_the_wait_starts_anew_at_retrieve() {
        let mut drive = greeted();
        drive.until(secs(6)).event(Event::Held).until(secs(100)).event(Event::Retrieved).until(millis(104_999));
        assert_eq!(drive.log, []);
        drive.until(secs(105));
        assert_eq!(drive.log, [(secs(105), ask())]);
    }

    #[test]
    fn a_step_cut_by_a_hold_counts_as_said_and_its_late_end_is_ignored() {
        let mut drive = greeted();
        drive.until(secs(8)).event(Event::Held).until(secs(20)).event(Event::Retrieved).until(secs(24)).event(Event::StepPlayed);
        drive.until(secs(25));
        assert_eq!(drive.log, [(secs(7), ask()), (secs(25), farewell())]);
    }

    #[test]
    fn an_agent_who_speaks_during_a_hold_is_still_waited_for_after_it() {
        let mut drive = greeted();
        drive.event(Event::Held).until(secs(5)).event(Event::AgentSpoke).event(Event::Held).until(secs(9)).event(Event::Retrieved);
        drive.until(secs(30)).event(Event::AgentQuiet).until(secs(35));
        assert_eq!(drive.log, [(secs(35), ask())]);
    }

    #[test]
    fn a_hold_during_the_greeting_leads_to_the_first_wait() {
        let mut drive = Drive::new(script());
        drive.event(Event::GreetingBegan).until(secs(1)).event(Event::Held).until(secs(2)).event(Event::GreetingEnded);
        drive.until(secs(10)).event(Event::Retrieved).until(secs(15));
        assert_eq!(drive.log, [(secs(15), ask())]);
    }

    #[test]
    fn lost_reports_of_playing_do_not_stop_the_script() {
        let mut drive = Drive::new(script());
        drive.event(Event::GreetingBegan).until(secs(300));
        // 30 s for each clip that never ends, 5 s for each wait.
        assert_eq!(drive.log, [(secs(35), ask()), (secs(70), farewell()), (secs(105), Action::Release)]);
    }

    #[test]
    fn before_the_greeting_nothing_runs_and_out_of_place_facts_are_ignored() {
        let mut drive = Drive::new(script());
        drive.event(Event::StepPlayed).event(Event::Retrieved).event(Event::AgentQuiet).until(secs(60));
        assert_eq!((drive.log.len(), drive.machine.deadline()), (0, None));
        drive.event(Event::GreetingEnded).event(Event::GreetingEnded).event(Event::GreetingBegan).event(Event::StepPlayed);
        drive.event(Event::Retrieved).event(Event::AgentQuiet).until(secs(65)).event(Event::GreetingEnded).event(Event::GreetingBegan);
        drive.event(Event::Retrieved).event(Event::StepPlayed).event(Event::AgentSpoke).event(Event::AgentSpoke);
        drive.event(Event::StepPlayed).event(Event::GreetingEnded).until(secs(70)).event(Event::Ended).until(secs(300));
        assert_eq!(drive.log, [(secs(65), ask())]);
    }

    #[test]
    fn without_steps_the_release_follows_the_first_wait() {
        let mut drive = Drive::new(Script::silent_call(secs(5), &[]));
        drive.event(Event::GreetingEnded).until(secs(60));
        assert_eq!(drive.log, [(secs(5), Action::Release)]);
    }

    #[test]
    fn the_script_is_over_when_it_can_say_no_more_and_not_before() {
        let mut drive = Drive::new(script());
        assert!(!drive.machine.is_over());
        drive.event(Event::GreetingBegan).event(Event::GreetingEnded).until(secs(6)).event(Event::Held);
        assert!(!drive.machine.is_over());
        drive.event(Event::Ended);
        assert!(drive.machine.is_over());
    }

    /// What an agent begins for a caller who is hard to hear.
    fn faint() -> Script {
        let ask = || Step::Say("low_volume_ask".into());
        Script::new(vec![ask(), Step::Wait(secs(5)), ask(), Step::Wait(secs(5)), Step::Release], false)
    }

    fn said(step: usize) -> Action {
        Action::Say { step, clip: "low_volume_ask".into() }
    }

    #[test]
    fn a_script_that_is_begun_speaks_at_once_and_is_not_ended_by_the_callers_voice() {
        let mut drive = Drive::new(faint());
        assert!(!drive.machine.is_running());
        drive.event(Event::Begun);
        assert!(drive.machine.is_running());
        drive.until(secs(2)).event(Event::StepPlayed).until(secs(4)).event(Event::CallerSpoke).event(Event::Begun).until(secs(9));
        drive.event(Event::StepPlayed).until(secs(60));
        assert_eq!(drive.log, [(secs(0), said(0)), (secs(7), said(1)), (secs(14), Action::Release)]);
        assert!(drive.machine.is_over() && !drive.machine.is_running());
    }

    #[test]
    fn a_script_that_is_not_needed_any_more_says_no_more() {
        for (ended_at, heard) in [(1, 1), (3, 1), (8, 2), (13, 2)] {
            let mut drive = Drive::new(faint());
            drive.event(Event::Begun);
            for played_at in [2, 9] {
                drive.until(secs(played_at.min(ended_at)));
                if played_at < ended_at {
                    drive.event(Event::StepPlayed);
                }
            }
            drive.until(secs(ended_at)).event(Event::Ended).event(Event::StepPlayed).until(secs(300));
            assert_eq!(drive.log.len(), heard, "ended at {ended_at} s: {:?}", drive.log);
        }
    }

    #[test]
    fn a_script_may_lead_to_another_queue_or_end_with_its_last_word() {
        let dialect = vec![Step::Say("dialect_ask".into()), Step::Wait(secs(5)), Step::Queue("dialect".into())];
        let mut drive = Drive::new(Script::new(dialect, false));
        drive.event(Event::Begun).event(Event::StepPlayed).until(secs(60));
        assert_eq!(drive.log[1..], [(secs(5), Action::Queue("dialect".into()))]);
        let mut drive = Drive::new(Script::new(vec![Step::Say("dialect_ask".into())], false));
        drive.event(Event::Begun);
        assert!(!drive.machine.is_over());
        drive.event(Event::StepPlayed).until(secs(60));
        assert!(drive.machine.is_over());
        assert_eq!(drive.log.len(), 1);
    }

    #[test]
    fn an_agent_who_is_gone_holds_nothing_up() {
        let mut drive = greeted();
        drive.until(secs(3)).event(Event::AgentSpoke).until(secs(4)).event(Event::AgentQuiet).until(secs(60));
        assert_eq!(drive.log[0], (secs(9), ask()));
    }
}
