//! Why agents are not ready: the house's words, each with the code that an agent dials or presses.

use super::calls::FEATURE_CODES;
use super::{Placed, Resolver, Spot};
use crate::base::limits::REASONS_MAX;
use crate::config::raw::RawReason;
use crate::config::{MEETING, NO_REASON, OWN_REASONS, ReasonConfig, RouteConfig};

/// What begins so is pressed in calls for other things: transfers, consultations, holds, supervision.
const TAKEN: [&str; 8] = ["**", "*2", "*3", "*4", "*5", "*6", "*7", "*8"];
/// What neither is taken so nor built in.
const FREE: &str = "\"*16\" to \"*19\", \"*90\" to \"*97\" and \"*99\"";
/// Digits of a code, at least and at most.
const CODE_DIGITS: std::ops::RangeInclusive<usize> = 2..=4;

impl Resolver<'_> {
    /// Those given, or the usual ones; a meeting is always among them, for calls to an agent who is in one are treated apart.
    pub(super) fn reasons(&mut self, raw: Option<&[RawReason]>, routes: &[RouteConfig], listen: &str) -> Vec<ReasonConfig> {
        let usual = ReasonConfig::usual();
        let Some(raw) = raw else { return usual };
        let mut reasons: Placed<String, ReasonConfig> = Placed::new();
        let mut in_order = Vec::new();
        for raw in raw {
            let Some(id) = self.required(raw.id.as_ref(), "reason", "id", raw.place, &raw.given) else { continue };
            self.identifier(&id.value, id.place);
            if OWN_REASONS.contains(&id.value.as_str()) || id.value == NO_REASON {
                self.faults.error(id.place, format!("\"{}\" is the switch's own reason", id.value), "give it another id");
                continue;
            }
            if let Some(first) = reasons.get(&id.value).map(|spot| spot.place) {
                self.given_twice("reason", &id.value, id.place, first);
                continue;
            }
            if reasons.len() == REASONS_MAX {
                self.faults.error(raw.place, "this is one reason too many", format!("at most {REASONS_MAX}"));
                break;
            }
            let code = raw.code.as_ref().filter(|spot| self.is_code_free(spot, &reasons, routes, listen)).map(|spot| spot.value.clone());
            let reason = ReasonConfig { id: id.value.clone(), name: self.label(raw.name.as_ref(), &id.value), code };
            in_order.push(reason.clone());
            reasons.insert(id.value.clone(), Spot { value: reason, place: raw.code.as_ref().map_or(id.place, |spot| spot.place) });
        }
        if !reasons.contains_key(MEETING) {
            in_order.extend(usual.into_iter().filter(|reason| reason.id == MEETING));
        }
        in_order
    }

    /// Whether it is a code, and neither it nor another would be taken in the middle of the other.
    fn is_code_free(&mut self, spot: &Spot<String>, reasons: &Placed<String, ReasonConfig>, routes: &[RouteConfig], listen: &str) -> bool {
        if !self.is_code(spot, FEATURE_CODES.into_iter().chain([listen]), FREE) {
            return false;
        }
        let code = spot.value.as_str();
        let meets = |other: &str| other.starts_with(code) || code.starts_with(other);
        let mut given = reasons.values().filter_map(|other| Some((other.value.code.as_deref()?, other.place)));
        if let Some((other, place)) = given.find(|(other, _)| meets(other)) {
            let also = ("the other code stands", place);
            self.faults.error_also(spot.place, format!("{code} and {other} begin alike"), also, "no code begins with another");
            return false;
        }
        if routes.iter().any(|route| route.number.matches(code) && !route.number.0.contains(['.', 'X', 'N'])) {
            self.faults.error(spot.place, format!("a route leads from {code} already"), "take another code, or take the route out");
            return false;
        }
        true
    }

    /// Whether it is a code that begins like none of `others`, and like none that is pressed in calls; `free` are those that do not.
    pub(super) fn is_code<'c>(&mut self, spot: &Spot<String>, others: impl Iterator<Item = &'c str>, free: &str) -> bool {
        let code = spot.value.as_str();
        let digits =
            code.strip_prefix('*').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()) && CODE_DIGITS.contains(&digits.len()));
        if digits.is_none() {
            let remedy = format!("a star and {} to {} digits, such as \"*16\"", CODE_DIGITS.start(), CODE_DIGITS.end());
            self.faults.error(spot.place, format!("\"{code}\" is no code"), remedy);
            return false;
        }
        if let Some(other) = others.chain(TAKEN).find(|other| other.starts_with(code) || code.starts_with(*other)) {
            let message = format!("{other} is built in: {code} would be taken for it, or it for {code}");
            self.faults.error(spot.place, message, format!("no code begins with another: {free} are free"));
            return false;
        }
        true
    }
}
