//! Which number leads where: routes.

use super::destination::{Dialled, Named};
use super::together::Asking;
use super::{Place, Resolver, Spot};
use crate::base::ReplayNumber;
use crate::base::limits::NUMBER_SKILLS_MAX;
use crate::config::raw::{RawRoute, Skills, example_of};
use crate::config::{Destination, NumberPattern, ReasonConfig, RouteConfig, RouteSource};
use std::collections::BTreeMap;

/// Longest number or pattern of a route; numbers of E.164 have 15 digits, prefixes and codes come on top.
const PATTERN_MAX: usize = 32;
/// What agents dial to log in and out and to say how they are: no route may stand on them.
pub(super) const FEATURE_CODES: [&str; 6] = ["*11", "*12", "*13", "*14", "*15", "*80"];

/// What is dialled to hear a recording, alone or with its number behind it.
const REPLAY: &str = "*9";

/// The codes that need no route; those of the reasons are among them where the configuration has the usual ones.
pub(super) fn built_in_codes(has_usual_reasons: bool) -> Vec<String> {
    let usual = ReasonConfig::usual().into_iter().filter(|_| has_usual_reasons).filter_map(|reason| reason.code);
    FEATURE_CODES.map(str::to_owned).into_iter().chain(usual).collect()
}

impl Resolver<'_> {
    /// `built_in` are the codes that mean something else to agents, and so is what begins with `listen`.
    pub(super) fn routes(&mut self, raw: Vec<RawRoute>, named: &Named, built_in: &[String], listen: &str) -> Vec<RouteConfig> {
        let mut routes: Vec<Spot<RouteConfig>> = Vec::new();
        for raw in raw {
            let number = self.required(raw.number.as_ref(), "route", "number", raw.place, &raw.given);
            let to = self.required(raw.to.as_ref(), "route", "to", raw.place, &raw.given);
            let sources = [("trunk", RouteSource::Trunk), ("internal", RouteSource::Internal), ("any", RouteSource::Any)];
            let from = self.choice(raw.from.as_ref(), "source of calls", &sources, RouteSource::Any);
            let pattern = number.and_then(|number| self.pattern(number));
            let destination = to.and_then(|to| self.destination(to, Dialled::ByCaller, named));
            let hours = self.route_hours(&raw, named);
            let skills = raw.skills.as_ref().map(|skills| self.number_asks(skills)).unwrap_or_default();
            let (Some(number), Some(pattern)) = (number, pattern) else { continue };
            if from != RouteSource::Trunk && !self.is_no_code(number, built_in, listen) {
                continue;
            }
            self.is_reachable(&pattern, from, number.place, &routes);
            // A wrong destination still takes its number from the routes after it.
            let to = destination.unwrap_or(Destination::DialledAgent);
            if let Some(asked) = raw.skills.as_ref().filter(|_| !skills.is_empty()) {
                let closed = hours.iter().flat_map(|hours| hours.holiday.iter().chain([&hours.closed]));
                let ways = closed.chain([&to]).cloned().collect();
                self.asking.push(Asking { number: pattern.0.clone(), skills: skills.clone(), place: asked.place, ways });
            }
            routes.push(Spot { value: RouteConfig { number: pattern, from, to, skills, hours }, place: number.place });
        }
        routes.into_iter().map(|spot| spot.value).collect()
    }

    /// Skills that a number asks for besides those of its queue.
    fn number_asks(&mut self, raw: &Skills) -> BTreeMap<String, u8> {
        let example = example_of("route", "skills");
        if raw.levels.is_empty() {
            self.faults.error(raw.place, "the number asks for nothing", format!("leave it out, or for example: {example}"));
        }
        if raw.levels.len() > NUMBER_SKILLS_MAX {
            self.faults.error(raw.place, "these are too many skills", format!("a number asks for at most {NUMBER_SKILLS_MAX}"));
        }
        self.skills(raw)
    }

    /// Whether agents who dial it come to the route: codes are looked at before routes.
    fn is_no_code(&mut self, number: &Spot<String>, built_in: &[String], listen: &str) -> bool {
        let text = number.value.as_str();
        let (what, remedy) = if text.starts_with(listen) {
            ("agents hear messages by it", "take another number, or another code for `rules.messages.listen`")
        } else if text.strip_prefix(REPLAY).is_some_and(|behind| behind.is_empty() || ReplayNumber::parse(behind).is_some()) {
            ("recordings are heard by it", "take another number")
        } else if built_in.iter().any(|code| code == text) {
            ("agents say by it why they are not ready", "take another number, or give each [[reason]] a code of the house's own")
        } else {
            return true;
        };
        self.faults.error(number.place, format!("\"{text}\" leads no agent here: {what}"), remedy);
        false
    }

    pub(super) fn pattern(&mut self, spot: &Spot<String>) -> Option<NumberPattern> {
        let text = spot.value.as_str();
        let last = text.chars().count().saturating_sub(1);
        let wrong = text.chars().enumerate().find(|(at, c)| match c {
            '0'..='9' | '*' | '#' | 'X' | 'N' => false,
            '+' => *at != 0,
            '.' => *at != last,
            _ => true,
        });
        let remedy = match wrong {
            _ if text.is_empty() => "digits, or a pattern: X is a digit, N is 2 to 9, a last . is one or more of anything".to_owned(),
            _ if text.len() > PATTERN_MAX => format!("at most {PATTERN_MAX} characters"),
            None if FEATURE_CODES.contains(&text) => format!("{} are built in and need no route", FEATURE_CODES.join(", ")),
            None => return Some(NumberPattern(text.to_owned())),
            Some((_, '.')) => "a dot is one or more of anything and stands last".to_owned(),
            Some((_, '+')) => "a plus stands first, or not at all".to_owned(),
            Some((_, c @ ('x' | 'n'))) => {
                format!("did you mean \"{}\"? X and N are capitals", text.replace(c, &c.to_uppercase().to_string()))
            }
            Some((_, c)) => format!("'{c}' is in no number: digits, * and #, X a digit, N 2 to 9, a last . for one or more of anything"),
        };
        self.faults.error(spot.place, format!("\"{text}\" is no number or pattern"), remedy);
        None
    }

    fn is_reachable(&mut self, pattern: &NumberPattern, from: RouteSource, place: Place, earlier: &[Spot<RouteConfig>]) {
        let takes_all = |route: &RouteConfig| (route.from == RouteSource::Any || route.from == from) && covers(&route.number.0, &pattern.0);
        let Some(first) = earlier.iter().find(|spot| takes_all(&spot.value)) else { return };
        let message = format!("no call gets to this route: \"{}\" before it takes them all", first.value.number.0);
        let remedy = "the first route that fits is taken: put this one first, or take one out";
        self.faults.error_also(place, message, ("the earlier route stands", first.place), remedy);
    }
}

/// Whether every number that `inner` fits is one that `outer` fits too.
fn covers(outer: &str, inner: &str) -> bool {
    let mut inner = inner.chars();
    for symbol in outer.chars() {
        let fits = match (symbol, inner.next()) {
            ('.', Some(_)) => return true,
            (_, None | Some('.')) => false,
            ('X', Some(c)) => c.is_ascii_digit() || c == 'X' || c == 'N',
            ('N', Some(c)) => ('2'..='9').contains(&c) || c == 'N',
            (literal, Some(c)) => literal == c,
        };
        if !fits {
            return false;
        }
    }
    inner.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_is_narrower() {
        for (outer, inner, expected) in [
            ("95000", "95000", true),
            ("XXXX", "1001", true),
            ("XXXX", "NXXX", true),
            ("NXXX", "XXXX", false),
            ("NXXX", "1001", false),
            (".", "95000", true),
            (".", "0.", true),
            ("0.", "0.", true),
            ("0.", "01X.", true),
            ("0.", "0", false),
            ("0.", ".", false),
            ("XXXX", "XXX.", false),
            ("XXXX", "XXXXX", false),
            ("X", "*", false),
        ] {
            assert_eq!(covers(outer, inner), expected, "{outer} covers {inner}");
        }
    }
}
