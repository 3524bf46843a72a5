//! The scripts of service, the farewell and the survey.

use super::{Place, Placed, Resolver, Spot};
use crate::base::time::secs;
use crate::base::{ClipId, Flaw, QueueId, ScriptStep};
use crate::config::raw::{RawFarewell, RawRules, RawScript, RawSurvey, example_of};
use crate::config::{FarewellRule, QueueConfig, ScriptRule, SurveyRule};
use std::collections::BTreeMap;

/// A caller who is not understood is helped on, never hung up on.
const NEVER_RELEASED: &str = "dialect";
/// `silent_call` watches every caller; these are begun by hand.
const CODES: &str = "123456789";

impl Resolver<'_> {
    pub(super) fn scripts(&mut self, raw: &[RawScript], queues: &Placed<QueueId, QueueConfig>, language: &str) -> Vec<ScriptRule> {
        let mut scripts = Vec::new();
        let (mut ids, mut codes, mut measures) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for raw in raw {
            let Some(id) = self.required(raw.id.as_ref(), "rules.script", "id", raw.place, &raw.given) else { continue };
            self.identifier(&id.value, id.place);
            if let Some(first) = ids.insert(&id.value, id.place) {
                self.given_twice("rules.script", &id.value, id.place, first);
            }
            if let Some(code) = &raw.code {
                let fits = code.value.strip_prefix("**").is_some_and(|digit| digit.len() == 1 && CODES.contains(digit));
                if !fits {
                    self.faults.error(
                        code.place,
                        format!("\"{}\" is no code of a script", code.value),
                        "two stars and a digit from 1 to 9: \"**2\"",
                    );
                } else if let Some(first) = codes.insert(&code.value, code.place) {
                    let message = format!("\"{}\" begins another script already", code.value);
                    self.faults.error_also(code.place, message, ("that one's code stands", first), "each script has a code of its own");
                }
            }
            let steps = self.required(raw.steps.as_ref(), "rules.script", "steps", raw.place, &raw.given);
            let ends_on_speech = self.choice(raw.ends_on.as_ref(), "end of a script", &[("speech", true), ("agent", false)], false);
            let steps = steps.map_or(&[][..], |steps| steps).iter().filter_map(|step| self.script_step(&id.value, step, queues, language));
            let steps: Vec<ScriptStep> = steps.collect();
            let measured = self.measured(raw, &steps, &mut measures);
            scripts.push(ScriptRule {
                id: id.value.clone(),
                code: raw.code.as_ref().map(|code| code.value.clone()),
                steps,
                ends_on_speech,
                measured,
            });
        }
        scripts
    }

    /// What begins it by itself. A machine errs: it releases nobody unless whoever runs the house says so.
    fn measured(&mut self, raw: &RawScript, steps: &[ScriptStep], others: &mut BTreeMap<Flaw, Place>) -> Option<Flaw> {
        let may_release = raw.may_release.as_ref().is_some_and(|spot| spot.value);
        let Some(spot) = &raw.measured else {
            if let Some(spot) = raw.may_release.as_ref().filter(|_| may_release) {
                self.faults.error(
                    spot.place,
                    "`may_release` is of scripts that a measurement begins",
                    "leave it out, or add measured = \"faint\"",
                );
            }
            return None;
        };
        let flaws = [Flaw::Faint, Flaw::Noisy].map(|flaw| (flaw.name(), Some(flaw)));
        let flaw = self.choice(Some(spot), "measurement", &flaws, None)?;
        if let Some(first) = others.insert(flaw, spot.place) {
            let message = format!("\"{}\" begins another script already", spot.value);
            self.faults.error_also(spot.place, message, ("that one stands", first), "one measurement begins one script");
        }
        if steps.contains(&ScriptStep::Release) && !may_release {
            let message = "a script that a measurement begins would release the caller".to_owned();
            self.faults.error(spot.place, message, "leave the step `release` out, or say may_release = true");
        }
        Some(flaw)
    }

    fn script_step(
        &mut self,
        script: &str,
        step: &Spot<String>,
        queues: &Placed<QueueId, QueueConfig>,
        language: &str,
    ) -> Option<ScriptStep> {
        match step.value.split_once(':') {
            Some(("say", prompt)) => self.clip(step.place, prompt, language).map(ScriptStep::Say),
            Some(("wait", wait)) => {
                let spot = Spot { value: wait.to_owned(), place: step.place };
                Some(ScriptStep::Wait(self.duration(Some(&spot), secs(5), secs(1)..=secs(600))))
            }
            Some((step_of @ ("queue" | "call-back"), queue)) => {
                let id = QueueId::new(queue);
                if !queues.contains_key(&id) {
                    self.unknown_word(step.place, queue, "queue", queues.keys().map(QueueId::as_str));
                }
                Some(if step_of == "queue" { ScriptStep::Queue(id) } else { ScriptStep::CallBack(id) })
            }
            None if step.value == "release" => {
                if script == NEVER_RELEASED {
                    let message = "the script \"dialect\" releases the caller: nobody is hung up on for how he speaks".to_owned();
                    self.faults.error(step.place, message, "lead him to somebody who understands him: \"queue:ID\"");
                }
                Some(ScriptStep::Release)
            }
            _ => {
                let remedy = format!(
                    "say:PROMPT, wait:DURATION, queue:ID, call-back:ID or release; for example: {}",
                    example_of("rules.script", "steps")
                );
                self.faults.error(step.place, format!("\"{}\" is no step of a script", step.value), remedy);
                None
            }
        }
    }

    pub(super) fn farewell(&mut self, raw: &RawRules, language: &str) -> Option<FarewellRule> {
        let survey = raw.survey.as_ref().and_then(|raw| self.survey(raw, language));
        let Some(farewell) = &raw.farewell else {
            if let (Some(_), Some(raw)) = (survey, &raw.survey) {
                let message = "a survey without a farewell is never asked: the agent's hanging up ends the call".to_owned();
                self.faults.error(
                    raw.place,
                    message,
                    format!("write [rules.farewell] too; for example: {}", example_of("rules.farewell", "wait")),
                );
            }
            return None;
        };
        let RawFarewell { enabled, prompt, wait, .. } = farewell;
        let rule = FarewellRule {
            prompt: self.clip_or(prompt.as_ref(), "goodbye", language),
            wait: self.duration(wait.as_ref(), secs(10), secs(1)..=secs(120)),
            survey,
        };
        enabled.as_ref().is_none_or(|spot| spot.value).then_some(rule)
    }

    fn survey(&mut self, raw: &RawSurvey, language: &str) -> Option<SurveyRule> {
        let highest = self.number(raw.highest.as_ref(), 2..=9).unwrap_or(3);
        let rule = SurveyRule {
            ask: self.clip_or(raw.ask.as_ref(), "survey_ask", language),
            thanks: self.clip_or(raw.thanks.as_ref(), "thanks", language),
            highest: u8::try_from(highest).unwrap_or(3),
            answer_within: self.duration(raw.answer_within.as_ref(), secs(8), secs(1)..=secs(60)),
            min_talk: self.duration(raw.min_talk.as_ref(), secs(20), secs(0)..=secs(3_600)),
            not_within: self.duration(raw.not_within.as_ref(), secs(24 * 3_600), secs(0)..=secs(90 * 24 * 3_600)),
        };
        raw.enabled.as_ref().is_none_or(|spot| spot.value).then_some(rule)
    }

    fn clip_or(&mut self, spot: Option<&Spot<String>>, default: &str, language: &str) -> ClipId {
        spot.and_then(|spot| self.clip(spot.place, &spot.value, language)).unwrap_or_else(|| ClipId::new(default))
    }
}
