//! The rules of the house: three rings, patience on hold, the silent call.

use super::{Placed, Resolver};
use crate::base::cadence::CADENCES;
use crate::base::time::secs;
use crate::base::{Cadence, Consequence, Limit, Limits};
use crate::base::{ClipId, QueueId};
use crate::config::raw::{RawAnswer, RawCardData, RawGreeting, RawHold, RawLimit, RawRules, RawSilentCall, RawSound, example_of};
use crate::config::{AnswerRule, CardDataRule, HoldRule, QueueConfig, RulesConfig, SilentCallRule};
use jiff::tz::TimeZone;

/// Offers that an agent may let go before it has a consequence.
const LET_GO_MAX: u32 = 100;
/// Usual for voice mail.
const LISTEN: &str = "*98";
/// Where that may be otherwise, whatever the reasons are.
const FREE_TO_LISTEN: &str = "\"*19\" and \"*90\" to \"*99\"";
const STEPS: [&str; 2] = ["silent_ask", "silent_farewell"];

impl Resolver<'_> {
    /// `zone` is that of the reports, `built_in` the codes that are taken.
    pub(super) fn rules(
        &mut self,
        raw: &RawRules,
        queues: &Placed<QueueId, QueueConfig>,
        language: &str,
        zone: &TimeZone,
        built_in: &[String],
    ) -> RulesConfig {
        let messages = raw.messages.as_ref();
        RulesConfig {
            answer: self.answer(raw.answer.as_ref().unwrap_or(&RawAnswer::default())),
            hold: self.hold(raw.hold.as_ref().unwrap_or(&RawHold::default())),
            card_data: self.card_data(raw.card_data.as_ref().unwrap_or(&RawCardData::default())),
            silent_call: self.silent_call(raw.silent_call.as_ref().unwrap_or(&RawSilentCall::default()), language),
            greeting: self.greeting(raw.greeting.as_ref().unwrap_or(&RawGreeting::default()), queues, language, zone),
            sound: self.sound(raw.sound.as_ref().unwrap_or(&RawSound::default()), language),
            scripts: self.scripts(raw.script.as_deref().unwrap_or_default(), queues, language),
            farewell: self.farewell(raw, language),
            escalate_after: messages
                .and_then(|messages| messages.escalate_after.as_ref())
                .map(|after| self.duration(Some(after), secs(1_800), secs(1)..=secs(7 * 86_400))),
            conference_outlives_caller: raw
                .conference
                .as_ref()
                .and_then(|conference| conference.outlives_caller.as_ref())
                .is_none_or(|spot| spot.value),
            listen: messages
                .and_then(|messages| messages.listen.as_ref())
                .filter(|spot| self.is_code(spot, built_in.iter().map(String::as_str), FREE_TO_LISTEN))
                .map_or_else(|| LISTEN.to_owned(), |spot| spot.value.clone()),
        }
    }

    fn answer(&mut self, raw: &RawAnswer) -> AnswerRule {
        let zones: Vec<(&str, Cadence)> = CADENCES.iter().map(|cadence| (cadence.zone, *cadence)).collect();
        let chinese = Cadence::of_zone("cn").expect("the table of cadences has cn");
        AnswerRule {
            max_rings: self.number(raw.max_rings.as_ref(), 1..=20).unwrap_or(3),
            cadence: self.choice(raw.cadence.as_ref(), "cadence", &zones, chinese),
            limits: self.limits(raw),
        }
    }

    /// `after_missed` says what follows a missed call where `missed.then` does not.
    fn limits(&mut self, raw: &RawAnswer) -> Limits {
        let default = Limits::default();
        let states = [("not-ready", Consequence::NotReady), ("ready", Consequence::Ready)];
        let after_missed = self.choice(raw.after_missed.as_ref(), "state after a missed call", &states, default.missed.then);
        if let (Some(then), Some(old)) = (raw.missed.as_ref().and_then(|limit| limit.then.as_ref()), &raw.after_missed) {
            let also = ("`after_missed` stands", old.place);
            self.faults.error_also(then.place, "what follows a missed call is said twice", also, "keep one of the two");
        }
        Limits {
            missed: self.limit(raw.missed.as_ref(), Limit { then: after_missed, ..default.missed }),
            rejected: self.limit(raw.rejected.as_ref(), default.rejected),
            busy: self.limit(raw.busy.as_ref(), default.busy),
            unreachable: self.limit(raw.unreachable.as_ref(), default.unreachable),
        }
    }

    fn limit(&mut self, raw: Option<&RawLimit>, default: Limit) -> Limit {
        let Some(raw) = raw else { return default };
        let ends = [("not-ready", Consequence::NotReady), ("ready", Consequence::Ready), ("log-off", Consequence::LogOff)];
        Limit {
            // Who names what follows and not when means the first.
            after: self.number(raw.after.as_ref(), 0..=LET_GO_MAX).unwrap_or_else(|| default.after.max(1)),
            then: self.choice(raw.then.as_ref(), "consequence", &ends, default.then),
        }
    }

    fn hold(&mut self, raw: &RawHold) -> HoldRule {
        HoldRule {
            patience: self.duration(raw.patience.as_ref(), secs(7), secs(1)..=secs(3_600)),
            escalate_after: self.duration(raw.escalate_after.as_ref(), secs(30), secs(1)..=secs(3_600)),
        }
    }

    fn card_data(&mut self, raw: &RawCardData) -> CardDataRule {
        let hidden = [("hidden-in-pauses", false), ("always-hidden", true)];
        CardDataRule {
            max: self.duration(raw.max.as_ref(), secs(120), secs(10)..=secs(900)),
            hides_all: self.choice(raw.keys.as_ref(), "treatment of keys", &hidden, false),
        }
    }

    fn silent_call(&mut self, raw: &RawSilentCall, language: &str) -> SilentCallRule {
        let enabled = raw.enabled.as_ref().is_none_or(|spot| spot.value);
        let steps = match &raw.steps {
            None => STEPS.map(ClipId::new).to_vec(),
            Some(steps) => steps.iter().filter_map(|step| self.clip(step.place, &step.value, language)).collect(),
        };
        if enabled && raw.steps.as_ref().is_some_and(Vec::is_empty) {
            let remedy = format!("name the prompts ({}), or say `enabled = false`", example_of("rules.silent_call", "steps"));
            self.faults.error(raw.place, "`rules.silent_call.steps` is empty: a silent caller would be hung up on unasked", remedy);
        }
        SilentCallRule { enabled, wait: self.duration(raw.wait.as_ref(), secs(5), secs(1)..=secs(600)), steps }
    }
}
