//! Of a configuration what simulated callers and agents need: a number that leads to a queue, and the agents who answer it.

use crate::config::{Config, Destination, Login, RouteSource};

/// Where callers call, and who answers.
#[derive(Debug)]
pub struct Hotline {
    pub number: String,
    /// Id and H(user:realm:password) of each.
    pub agents: Vec<(String, String)>,
    /// Somebody else, whose phone stays free.
    pub guest: Option<String>,
}

impl Hotline {
    /// The first number that reaches a queue from outside, and the queue's first `most` agents who register to work.
    #[must_use]
    pub fn of(config: &Config, most: usize) -> Option<Self> {
        let hotline = |pattern: &str| !pattern.is_empty() && pattern.bytes().all(|byte| byte.is_ascii_digit());
        let (number, queue) = config.routes.iter().find_map(|route| match &route.to {
            Destination::Queue(queue) if route.from != RouteSource::Internal && hotline(route.number.0.as_str()) => {
                Some((route.number.0.as_str().to_owned(), config.queues.get(queue)?))
            }
            _ => None,
        })?;
        let able = config.agents.values().filter(|agent| agent.login == Login::OnRegister && queue.is_served_by(agent));
        let agents: Vec<_> = able.filter_map(|agent| Some((agent.id.to_string(), agent.ha1_sha256.clone()?))).take(most).collect();
        let is_free = |id: &str| !agents.iter().any(|(agent, _)| agent == id);
        let guest = config.agents.keys().map(ToString::to_string).find(|id| is_free(id));
        (!agents.is_empty()).then_some(Self { number, agents, guest })
    }
}
