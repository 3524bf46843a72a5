//! From a called number to where the call goes: feature codes first, then the routes of the configuration in their order.

use super::directory::levels;
use super::replaying::replay_code;
use crate::acd::Levels;
use crate::base::{AgentId, Timestamp};
use crate::config::{Config, Destination, MEETING, NO_REASON, RouteSource};
use crate::sip::Origin;

/// What an agent dials to call the next on the list of those who are to be called back.
const NEXT_CALL_BACK: &str = "*80";

/// A code that an agent dials, or presses in a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FeatureCode {
    LogIn,
    LogOut,
    Ready,
    /// With the reason.
    NotReady(String),
    /// The agent calls the next of those who are to be called back.
    NextCallBack,
}

/// Every code with what it means: those built in, then the reasons' own.
fn feature_codes(config: &Config) -> impl Iterator<Item = (&str, FeatureCode)> {
    let not_ready = |reason: &str| FeatureCode::NotReady(reason.to_owned());
    let built_in = [
        ("*11", FeatureCode::LogIn),
        ("*12", FeatureCode::LogOut),
        ("*13", FeatureCode::Ready),
        ("*14", not_ready(NO_REASON)),
        ("*15", not_ready(MEETING)),
        (NEXT_CALL_BACK, FeatureCode::NextCallBack),
    ];
    let own = config.reasons.iter().filter_map(move |reason| Some((reason.code.as_deref()?, not_ready(&reason.id))));
    built_in.into_iter().chain(own)
}

/// Where a call goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Routed {
    Feature(AgentId, FeatureCode),
    /// To messages: those that wait for the agent, or, named behind the code, a box's.
    Listen(AgentId, Option<String>),
    /// To recordings: the one whose number stands behind the code, or that he will key.
    Replay(AgentId, Option<String>),
    /// With what the number asks of the agents of whatever queue it comes to.
    To(Destination, Levels),
    /// No route has that number.
    Nowhere,
}

/// The way of `number` for a call of `origin` that comes at that moment.
#[must_use]
pub fn route(config: &Config, number: &str, origin: &Origin, at: Timestamp) -> Routed {
    if let Origin::Account(agent) = origin
        && let Some((_, code)) = feature_codes(config).find(|(text, _)| *text == number)
    {
        return Routed::Feature(agent.clone(), code);
    }
    // Where that code is another than the usual one, a recording may have a box's name behind `*9`: it is the box, and the recording is keyed.
    if let (Origin::Account(agent), Some(named)) = (origin, number.strip_prefix(&config.rules.listen)) {
        return Routed::Listen(agent.clone(), (!named.is_empty()).then(|| named.to_owned()));
    }
    if let (Origin::Account(agent), Some(dialled)) = (origin, replay_code(number)) {
        return Routed::Replay(agent.clone(), (!dialled.is_empty()).then(|| dialled.to_owned()));
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
            Destination::DialledAgent => Routed::To(Destination::Agent(AgentId::new(number)), Levels::new()),
            to => Routed::To(to.clone(), levels(&route.skills)),
        })
}

/// The feature code that ends `digits`, if one does.
#[must_use]
pub fn dialled_in_call(config: &Config, digits: &str) -> Option<FeatureCode> {
    let codes = feature_codes(config).filter(|(_, code)| *code != FeatureCode::NextCallBack);
    codes.into_iter().find(|(text, _)| digits.ends_with(text)).map(|(_, code)| code)
}
