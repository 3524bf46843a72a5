//! From a called number to where the call goes: feature codes first, then the routes of the configuration in their order.

use crate::base::{AgentId, Timestamp};
use crate::config::{Config, Destination, RouteSource};
use crate::sip::Origin;

/// A code that an agent dials, or presses in a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FeatureCode {
    LogIn,
    LogOut,
    Ready,
    NotReady,
    Meeting,
}

/// Every code with its number.
pub const FEATURE_CODES: [(&str, FeatureCode); 5] = [
    ("*11", FeatureCode::LogIn),
    ("*12", FeatureCode::LogOut),
    ("*13", FeatureCode::Ready),
    ("*14", FeatureCode::NotReady),
    ("*15", FeatureCode::Meeting),
];

/// Where a call goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Routed {
    Feature(AgentId, FeatureCode),
    To(Destination),
    /// No route has that number.
    Nowhere,
}

/// The way of `number` for a call of `origin` that comes at that moment.
#[must_use]
pub fn route(config: &Config, number: &str, origin: &Origin, at: Timestamp) -> Routed {
    if let Origin::Account(agent) = origin
        && let Some((_, code)) = FEATURE_CODES.iter().find(|(text, _)| *text == number)
    {
        return Routed::Feature(agent.clone(), *code);
    }
    let source = match origin {
        Origin::Account(_) => RouteSource::Internal,
        Origin::Trunk(_) => RouteSource::Trunk,
    };
    config
        .routes
        .iter()
        .filter(|route| route.from == RouteSource::Any || route.from == source)
        .filter(|route| route.number.matches(number))
        // A pattern that covers extensions leads nowhere for one that no agent has; a later route may know it.
        .find(|route| route.to != Destination::DialledAgent || config.agents.contains_key(number))
        .map_or(Routed::Nowhere, |route| match route.leads_to(&config.calendars, at) {
            Destination::DialledAgent => Routed::To(Destination::Agent(AgentId::new(number))),
            to => Routed::To(to.clone()),
        })
}

/// The feature code that ends `digits`, if one does.
#[must_use]
pub fn dialled_in_call(digits: &str) -> Option<FeatureCode> {
    FEATURE_CODES.iter().find(|(text, _)| digits.ends_with(text)).map(|(_, code)| *code)
}
