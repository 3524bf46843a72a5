//! What an agent can do and how well, and what the calls of a queue ask for.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Skills with their levels, 1 (beginner) to 9 (expert): what an agent has, or the least that a queue asks for, all of it.
pub type Levels = BTreeMap<Skill, u8>;

/// What a queue asks for and an agent has.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Skill(Arc<str>);

impl Skill {
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(Arc::from(name))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Skill {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl fmt::Display for Skill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Skill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// The first skill, in order of names, that `has` falls short of: the skill, the level he has (0 for none) and the one it takes.
pub(super) fn shortfall<'a>(wants: &'a Levels, has: &Levels) -> Option<(&'a Skill, u8, u8)> {
    let level = |skill| has.get(skill).copied().unwrap_or(0);
    wants.iter().map(|(skill, wanted)| (skill, level(skill), *wanted)).find(|(_, has, wanted)| has < wanted)
}

/// Both requirements in one: of a skill in both of them the higher level.
pub(super) fn both(one: &Levels, other: &Levels) -> Levels {
    let mut both = one.clone();
    for (skill, level) in other {
        both.entry(skill.clone()).and_modify(|known| *known = (*known).max(*level)).or_insert(*level);
    }
    both
}
