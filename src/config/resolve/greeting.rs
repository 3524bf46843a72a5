//! The greeting, and what the switch hears of how parties sound.

use super::{Placed, Resolver, Spot};
use crate::base::time::{millis, secs};
use crate::base::{QueueId, SoundLimits};
use crate::config::prompts::SOUND_PROMPT_NAMES;
use crate::config::raw::{RawByTime, RawGreeting, RawSound};
use crate::config::{GreetingRule, QueueConfig, SoundRule};
use jiff::tz::TimeZone;

impl Resolver<'_> {
    /// `zone` is that of the reports.
    pub(super) fn greeting(
        &mut self,
        raw: &RawGreeting,
        queues: &Placed<QueueId, QueueConfig>,
        language: &str,
        zone: &TimeZone,
    ) -> GreetingRule {
        let none = RawByTime::default();
        let RawByTime { early, morning, noon, afternoon, evening, .. } = raw.by_time.as_ref().unwrap_or(&none);
        let mut clip = |spot: &Option<Spot<String>>| spot.as_ref().and_then(|spot| self.clip(spot.place, &spot.value, language));
        let by_time = [early, morning, noon, afternoon, evening].map(&mut clip);
        let company = clip(&raw.company);
        let zone = raw.zone.as_ref().and_then(|spot| self.zone(spot)).unwrap_or_else(|| zone.clone());
        let names_agent = self.choice(raw.agent.as_ref(), "naming of the agent", &[("named", true), ("not-named", false)], true);
        let within = self.duration(raw.within.as_ref(), secs(3), millis(100)..=secs(60));
        // What stands behind a good day, or a company, be it one queue's: an older folder may lack it.
        let begins = company.is_some() || by_time.iter().any(Option::is_some);
        let of_queue = queues.values().find(|queue| queue.value.company.is_some()).map(|queue| queue.place);
        if let Some(place) = begins.then_some(raw.place).or(of_queue).filter(|_| names_agent) {
            self.clip(place, "agent_number", language);
        }
        GreetingRule { zone, by_time, company, names_agent, within }
    }

    pub(super) fn sound(&mut self, raw: &RawSound, language: &str) -> SoundRule {
        let default = SoundLimits::default();
        let limits = SoundLimits {
            faint_below: self.level(raw.faint_below.as_ref(), default.faint_below),
            loud_above: self.level(raw.loud_above.as_ref(), default.loud_above),
            noise_within: self
                .number(raw.noise_within.as_ref(), 1..=40)
                .and_then(|db| u8::try_from(db).ok())
                .unwrap_or(default.noise_within),
        };
        if let (true, Some(spot)) = (limits.faint_below >= limits.loud_above, raw.faint_below.as_ref().or(raw.loud_above.as_ref())) {
            let message =
                format!("speech below {} dBov is faint, and above {} loud: nothing is fair", limits.faint_below, limits.loud_above);
            self.faults.error(spot.place, message, "faint_below = -38, loud_above = -12");
        }
        let tell_agent = raw.tell_agent.as_ref().is_some_and(|spot| spot.value);
        for name in SOUND_PROMPT_NAMES.iter().filter(|_| tell_agent) {
            self.clip(raw.place, name, language);
        }
        SoundRule { limits, open_microphone: self.duration(raw.open_microphone.as_ref(), secs(5), secs(1)..=secs(600)), tell_agent }
    }

    /// A level of speech in dBov.
    fn level(&mut self, spot: Option<&Spot<i64>>, default: i8) -> i8 {
        let Some(spot) = spot else { return default };
        match i8::try_from(spot.value).ok().filter(|level| (-60..=-3).contains(level)) {
            Some(level) => level,
            None => {
                self.faults.error(
                    spot.place,
                    format!("{} is no level of speech", spot.value),
                    "dBov, from -60 to -3; usual speech is about -26",
                );
                default
            }
        }
    }
}
