//! Recordings by phone: who has the right to hear them dials `*9` and a recording's number. Which recording that is the store knows, and it is
//! asked for it; each that is heard is in the audit log. The call itself is not recorded: a recording that was removed is not to live on in
//! another.

use super::input::{FoundRecording, Sought, WhatIsThere};
use super::on_rules::token;
use super::output::{AuditNote, Detail, Output};
use super::slot::{Purpose, Turned};
use super::{Key, Switch};
use crate::base::{AgentId, CallId, ClipId, Instant, Machine, ReplayNumber, UserId};
use crate::call::record::{CallDirection, Outcome, ReleasedBy};
use crate::call::{Ending, Order, Side};
use crate::config::{Right, UserRole, rights};
use crate::media::control::{Background, Channel, Excerpt};
use crate::rules::Replaying;
use crate::rules::replaying::{Action, Ear, Event, NotThere};
use serde::{Deserialize, Serialize};

/// What he hears who has no right to it.
const REFUSED: &str = "replay_refused";

/// Somebody who hears recordings by phone.
#[derive(Debug, Serialize, Deserialize)]
pub struct Replayer {
    /// Who has the phone, if he may.
    pub by: Option<UserId>,
    /// He hears the calls of this agent alone: his own.
    pub own: Option<AgentId>,
    pub machine: Replaying,
    /// The call whose recording was found last, with its number.
    pub of: Option<(CallId, u64)>,
    /// It is in the audit log.
    pub noted: bool,
    /// Of what is said; the end of anything earlier is not its own.
    pub token: u64,
}

impl Switch {
    /// What an agent comes to who dials the code, with the number behind it.
    pub(super) fn to_recording(&self, agent: &AgentId, dialled: Option<String>) -> (Purpose, CallDirection) {
        // Several may share a phone: the one counts who sees most.
        let hears = |role: UserRole| rights(role).contains(&Right::Hear);
        let people = self.config.users.values().filter(|user| user.agent.as_ref() == Some(agent) && hears(user.role));
        let who = people.min_by_key(|user| user.role == UserRole::Agent);
        let own = who.filter(|user| user.role == UserRole::Agent).and_then(|user| user.agent.clone());
        let by = who.map(|user| user.id.clone());
        let replayer = Replayer { by, own, machine: Replaying::new(dialled), of: None, noted: false, token: 0 };
        (Purpose::Replay(Box::new(replayer)), CallDirection::Internal)
    }

    pub(super) fn begin_replaying(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let Purpose::Replay(replayer) = &slot.purpose else { return };
        if replayer.by.is_none() {
            let turned = Turned { outcome: Outcome::Refused, cause: "no right to hear recordings".to_owned() };
            slot.purpose = Purpose::Play { clips: vec![ClipId::new(REFUSED)], turned: Some(turned) };
            self.publish("replay.refused", Some(call), now, vec![("why", Detail::Text("no right".to_owned()))]);
            self.order(call, Order::LeaveUnrecorded, now);
            return self.begin(call, now);
        }
        self.order(call, Order::LeaveUnrecorded, now);
        self.order(call, Order::AnswerCaller, now);
        // A phone that hears no packet in a pause would take the call for dead.
        self.order(call, Order::SetBackground { side: Side::Caller, background: Background::Silence }, now);
        self.drive_replaying(call, now, |machine, ordered| machine.handle(Event::Begun, now, ordered));
    }

    /// A key of who hears a recording; false of anybody else.
    pub(super) fn replayer_pressed(&mut self, call: CallId, key: char, now: Instant) -> bool {
        let hears = self.slots.get(&call).is_some_and(|slot| matches!(slot.purpose, Purpose::Replay(_)));
        self.drive_replaying(call, now, |machine, ordered| machine.handle(Event::Pressed(key), now, ordered));
        hears
    }

    pub(super) fn replaying_said(&mut self, call: CallId, ended: u64, now: Instant) {
        if self.replayer(call).is_some_and(|replayer| replayer.token == ended) {
            self.drive_replaying(call, now, |machine, ordered| machine.handle(Event::Said, now, ordered));
        }
    }

    pub(super) fn replaying_due(&mut self, call: CallId, now: Instant) {
        self.drive_replaying(call, now, |machine, ordered| machine.handle_timeout(now, ordered));
    }

    pub(super) fn replayer_left(&mut self, call: CallId, now: Instant) {
        self.drive_replaying(call, now, |machine, ordered| machine.handle(Event::Left, now, ordered));
    }

    /// The switch was started anew: what he heard is cut short, and he is let go to dial again.
    pub(super) fn replaying_cut_short(&mut self, call: CallId, now: Instant) {
        if self.replayer(call).is_some() {
            self.replayer_left(call, now);
            self.release_replayer(call, "the switch was started anew", now);
        }
    }

    /// The store has looked a number up.
    pub(super) fn recording_found(&mut self, found: FoundRecording, now: Instant) {
        let FoundRecording { call, number, sought } = found;
        let Some(Purpose::Replay(replayer)) = self.slots.get_mut(&call).map(|slot| &mut slot.purpose) else { return };
        let why = match sought {
            // To who may not see a call there is none.
            Sought::There { agents, .. } if replayer.own.as_ref().is_some_and(|own| !agents.contains(own)) => NotThere::Unknown,
            Sought::There { of, what: WhatIsThere::Whole(long), .. } => {
                (replayer.of, replayer.noted) = (Some((of, number.keyed())), false);
                let event = Event::Found { number, long };
                return self.drive_replaying(call, now, |machine, ordered| machine.handle(event, now, ordered));
            }
            Sought::There { what: WhatIsThere::Open, .. } => NotThere::Open,
            Sought::There { what: WhatIsThere::Removed, .. } => NotThere::Removed,
            Sought::There { what: WhatIsThere::Missing, .. } => NotThere::Missing,
            Sought::Nothing => NotThere::Unknown,
            Sought::Unanswered => NotThere::Unavailable,
        };
        self.drive_replaying(call, now, |machine, ordered| machine.handle(Event::NotFound { number, why }, now, ordered));
    }

    fn replayer(&mut self, call: CallId) -> Option<&mut Replayer> {
        match self.slots.get_mut(&call).map(|slot| &mut slot.purpose) {
            Some(Purpose::Replay(replayer)) => Some(replayer),
            _ => None,
        }
    }

    fn drive_replaying(&mut self, call: CallId, now: Instant, drive: impl FnOnce(&mut Replaying, &mut Vec<Action>)) {
        let Some(replayer) = self.replayer(call) else { return };
        let mut ordered = Vec::new();
        drive(&mut replayer.machine, &mut ordered);
        self.touched.insert(Key::Slot(call));
        for action in ordered {
            match action {
                Action::Ask => self.say_to_replayer(call, "replay_ask", now),
                Action::Hush => {
                    self.hush_replayer(call, now);
                }
                Action::Find(number) => {
                    self.hush_replayer(call, now);
                    self.out.push(Output::FindRecording { call, number });
                }
                Action::Tell(why) => {
                    self.publish("replay.refused", Some(call), now, vec![("why", Detail::Text(why.name().to_owned()))]);
                    self.say_to_replayer(call, not_there(why), now);
                }
                Action::Play { from, to, ear } => {
                    let Some((of, number)) = self.replayer(call).and_then(|replayer| replayer.of) else { continue };
                    self.note_replay(call, of, number, now);
                    let side = match ear {
                        Ear::Both => None,
                        Ear::Left => Some(Channel::Left),
                        Ear::Right => Some(Channel::Right),
                    };
                    let token = self.hush_replayer(call, now);
                    let excerpts = vec![Excerpt { call: of, side, from, to }];
                    self.order(call, Order::AnnounceRecording { side: Side::Caller, excerpts, token }, now);
                }
                Action::Explain => self.say_to_replayer(call, "replay_end", now),
                Action::Part => self.say_to_replayer(call, "replay_goodbye", now),
                Action::Release => self.release_replayer(call, "the recording was heard", now),
            }
        }
    }

    /// In the audit log once each time that a number leads to it, whatever he winds back, before he hears a word of it.
    fn note_replay(&mut self, call: CallId, of: CallId, number: u64, now: Instant) {
        let at = self.at(now);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let phone = slot.caller_agent.clone();
        let Purpose::Replay(replayer) = &mut slot.purpose else { return };
        let Some(by) = replayer.by.clone().filter(|_| !std::mem::replace(&mut replayer.noted, true)) else { return };
        let remote = phone.map_or_else(|| "phone".to_owned(), |agent| format!("phone {agent}"));
        let note = AuditNote {
            id: CallId::new(at, &mut self.rng),
            at,
            who: by.to_string(),
            action: "recording.replayed",
            subject: of,
            remote,
            detail: format!("by phone, number {number}"),
        };
        self.out.push(Output::Audit(note));
        let detail = vec![
            ("recording", Detail::Text(of.to_string())),
            ("number", Detail::Number(i64::try_from(number).unwrap_or(i64::MAX))),
            ("by", Detail::Text(by.to_string())),
        ];
        self.publish("recording.replayed", Some(call), now, detail);
    }

    /// Nothing is said any more. Returns the token of what is said next.
    fn hush_replayer(&mut self, call: CallId, now: Instant) -> u64 {
        let Some(slot) = self.slots.get_mut(&call) else { return 0 };
        slot.menu_prompts += 1;
        let next = token::MENU_PROMPT + slot.menu_prompts;
        if let Purpose::Replay(replayer) = &mut slot.purpose {
            replayer.token = next;
        }
        self.order(call, Order::StopAnnouncements { side: Side::Caller }, now);
        next
    }

    fn say_to_replayer(&mut self, call: CallId, clip: &str, now: Instant) {
        let token = self.hush_replayer(call, now);
        self.order(call, Order::Announce { side: Side::Caller, clips: vec![ClipId::new(clip)], token }, now);
    }

    fn release_replayer(&mut self, call: CallId, cause: &str, now: Instant) {
        let ending =
            Ending { by: ReleasedBy::Switch, outcome: Some(Outcome::Played), code: 200, retry_after: None, cause: cause.to_owned() };
        self.order(call, Order::Release(ending), now);
    }
}

const fn not_there(why: NotThere) -> &'static str {
    match why {
        NotThere::Unknown => "replay_unknown",
        NotThere::Open => "replay_open",
        NotThere::Removed => "replay_removed",
        NotThere::Missing => "replay_missing",
        NotThere::Unavailable => "replay_unavailable",
    }
}

/// What stands behind the code where that is dialled: a number, or nothing.
#[must_use]
pub(super) fn replay_code(number: &str) -> Option<&str> {
    number.strip_prefix("*9").filter(|behind| behind.is_empty() || ReplayNumber::parse(behind).is_some())
}
