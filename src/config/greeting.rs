//! What a caller hears first of his agent: the time of day, the company, who it is. A pure function of the wall clock.

use crate::base::{AgentId, ClipId, Duration, Timestamp};
use jiff::tz::TimeZone;

#[derive(Clone, PartialEq, Debug)]
pub struct GreetingRule {
    /// By whose clock it is morning.
    pub zone: TimeZone,
    /// What is said at each part of the day, [`PARTS_OF_DAY`] in order; `None`: nothing.
    pub by_time: [Option<ClipId>; 5],
    /// The company's name, unless the queue has another.
    pub company: Option<ClipId>,
    /// Whether the agent is named, by his own prompt or by his number.
    pub names_agent: bool,
    /// A greeting that began no later than this after the connection was in time.
    pub within: Duration,
}

/// The parts of a day, each with the hour in which it begins; the evening goes on until the early morning.
pub const PARTS_OF_DAY: [(&str, i8); 5] = [("early", 5), ("morning", 8), ("noon", 12), ("afternoon", 14), ("evening", 18)];

impl GreetingRule {
    /// What is said at that moment, prompt by prompt; nothing where the agent greets by himself. `company` is the queue's own, `name` the
    /// agent's own prompt.
    #[must_use]
    pub fn clips(&self, agent: &AgentId, name: Option<&ClipId>, company: Option<&ClipId>, at: Timestamp) -> Vec<ClipId> {
        let mut clips: Vec<ClipId> = self.by_time[part_of_day(&self.zone, at)].iter().cloned().collect();
        clips.extend(company.or(self.company.as_ref()).cloned());
        if !self.names_agent {
            return clips;
        }
        if let Some(name) = name {
            clips.push(name.clone());
            return clips;
        }
        // "1001 号坐席为您服务": alone with a good day of its own.
        clips.push(ClipId::new(if clips.is_empty() { "agent_greeting" } else { "agent_number" }));
        let digits = agent.as_str().chars().filter(char::is_ascii_digit);
        clips.extend(digits.map(|digit| ClipId::new(&format!("digits/{digit}"))));
        clips.push(ClipId::new("agent_greeting_suffix"));
        clips
    }
}

/// Which of [`PARTS_OF_DAY`] it is by the clock of that zone.
fn part_of_day(zone: &TimeZone, at: Timestamp) -> usize {
    // A clock outside the years −9999 to 9999 is wrong, and any greeting is as good.
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    let hour = zone.to_datetime(moment).hour();
    PARTS_OF_DAY.iter().rposition(|(_, begins)| *begins <= hour).unwrap_or(PARTS_OF_DAY.len() - 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;

    fn rule() -> GreetingRule {
        GreetingRule {
            zone: super::super::calendar::zone("Asia/Shanghai").expect("a zone"),
            by_time: PARTS_OF_DAY.map(|(part, _)| (part != "noon").then(|| ClipId::new(part))),
            company: None,
            names_agent: true,
            within: secs(3),
        }
    }

    fn at(utc: &str) -> Timestamp {
        Timestamp(utc.parse::<jiff::Timestamp>().expect("a time").as_millisecond())
    }

    fn said(rule: &GreetingRule, name: Option<&str>, company: Option<&str>, utc: &str) -> Vec<String> {
        let [name, company] = [name, company].map(|clip| clip.map(ClipId::new));
        let clips = rule.clips(&"1001".into(), name.as_ref(), company.as_ref(), at(utc));
        clips.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_day_has_five_parts_by_the_clock_of_the_zone() {
        for (utc, part) in [
            ("2026-11-22T20:59:59.999Z", "evening"),
            ("2026-11-22T21:00:00Z", "early"),
            ("2026-11-22T23:59:59.999Z", "early"),
            ("2026-11-23T00:00:00Z", "morning"),
            ("2026-11-23T04:00:00Z", "noon"),
            ("2026-11-23T06:00:00Z", "afternoon"),
            ("2026-11-23T10:00:00Z", "evening"),
            ("2026-11-23T16:00:00Z", "evening"),
        ] {
            assert_eq!(PARTS_OF_DAY[part_of_day(&rule().zone, at(utc))].0, part, "{utc}");
        }
    }

    #[test]
    fn what_is_not_configured_is_not_said() {
        let morning = "2026-11-23T01:00:00Z";
        let number = ["digits/1", "digits/0", "digits/0", "digits/1", "agent_greeting_suffix"];
        assert_eq!(said(&rule(), None, None, morning), [&["morning", "agent_number"], &number[..]].concat());
        assert_eq!(said(&rule(), None, None, "2026-11-23T04:00:00Z"), [&["agent_greeting"], &number[..]].concat());
        assert_eq!(said(&rule(), Some("agents/li"), Some("firm"), morning), ["morning", "firm", "agents/li"]);
        let silent = GreetingRule { names_agent: false, by_time: [const { None }; 5], ..rule() };
        assert!(said(&silent, Some("agents/li"), None, morning).is_empty());
        let own = GreetingRule { company: Some("house".into()), ..silent };
        assert_eq!(said(&own, None, None, morning), ["house"]);
        assert_eq!(said(&own, None, Some("firm"), morning), ["firm"]);
    }
}
