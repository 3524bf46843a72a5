//! Menus and message boxes as configured.

use super::{AgentConfig, Config, Destination};
use crate::base::{AgentId, BoxId, ClipId, Duration, MenuId};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MenuConfig {
    pub id: MenuId,
    /// Who comes here hears this language from now on; `None`: as he did before.
    pub language: Option<String>,
    pub prompt: ClipId,
    /// Digits, star and hash.
    pub keys: BTreeMap<char, MenuKey>,
    /// From the end of the prompt to the first digit.
    pub timeout: Duration,
    /// From one digit to the next.
    pub between: Duration,
    /// How often the prompt is played.
    pub tries: u32,
    /// Played before the prompt after a wrong key.
    pub wrong: Option<ClipId>,
    /// Where he goes who has chosen nothing.
    pub otherwise: Destination,
    /// The agents' extensions may be dialled.
    pub extensions: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MenuKey {
    To(Destination),
    /// The prompt again, in this language, as all that follows.
    Language(String),
    /// The prompt again.
    Again,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BoxConfig {
    pub id: BoxId,
    pub owner: BoxOwner,
    /// Before the beep.
    pub greeting: ClipId,
    /// In its place, for who called an agent in a meeting; `None`: the greeting.
    pub meeting: Option<ClipId>,
    /// Who has left a word hears this, and is released.
    pub thanks: ClipId,
    /// Longest message.
    pub max: Duration,
    /// Who has said nothing for so long has said all.
    pub silence: Duration,
    /// When callers are asked one thing after the other in place of one word.
    pub questions: Questions,
    /// To whom its messages go that nobody listens to; `None`: to its owner's superior, if he has one.
    pub superior: Option<AgentId>,
    /// Where callers go when it is full.
    pub full: Option<Destination>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Questions {
    Never,
    /// Of callers of an agent who is in a meeting.
    Meeting,
    Always,
}

/// Whose lamps are lit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BoxOwner {
    Agent(AgentId),
    Team(String),
}

impl BoxConfig {
    /// Whether it is this agent's, alone or with his team.
    #[must_use]
    pub fn is_of(&self, agent: &AgentConfig) -> bool {
        match &self.owner {
            BoxOwner::Agent(owner) => *owner == agent.id,
            BoxOwner::Team(team) => agent.team.as_ref() == Some(team),
        }
    }
}

impl Config {
    /// The languages that calls are spoken to in, the switch's own first.
    #[must_use]
    pub fn languages(&self) -> Vec<&str> {
        let keys = self.menus.values().flat_map(|menu| menu.keys.values()).filter_map(|key| match key {
            MenuKey::Language(language) => Some(language.as_str()),
            MenuKey::To(_) | MenuKey::Again => None,
        });
        let own = self.switch.language.as_str();
        let others: BTreeSet<&str> = self.menus.values().filter_map(|menu| menu.language.as_deref()).chain(keys).collect();
        std::iter::once(own).chain(others.into_iter().filter(|language| *language != own)).collect()
    }
}
