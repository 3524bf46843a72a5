//! What calls are scored by, and how many of them: values that the configuration gives and the quality room reckons with.

use super::breach::Breach;
use super::time::Duration;

/// A text for people, in both languages of the house.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Title {
    pub zh: String,
    pub en: String,
}

/// A form by which calls are scored. What was scored by one version stays scored by it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scorecard {
    pub id: String,
    /// From 1; the highest is in force.
    pub version: u32,
    pub title: Title,
    /// Percent of its weight from which on a call has passed.
    pub pass: u32,
    pub sections: Vec<Section>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Section {
    pub id: String,
    pub title: Title,
    pub items: Vec<Item>,
}

/// A question that is put to a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// One of its card.
    pub id: String,
    pub title: Title,
    /// What to listen for.
    pub guide: Option<Title>,
    /// Its share of the whole, beside the other items' weights.
    pub weight: u32,
    pub kind: ItemKind,
    /// Lost, it costs the call all.
    pub fatal: bool,
    /// What the switch itself knows of it.
    pub auto: Option<Auto>,
    /// It may be left out of a call to which it does not apply.
    pub not_applicable: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ItemKind {
    YesNo,
    /// So many at most.
    Points(u32),
}

/// What is known of a call without hearing it; of the agent who is scored, in his part of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Auto {
    /// His phone was answered within the rings.
    ThreeRings,
    /// The greeting began in time.
    Greeting,
    /// Nobody on hold was left without a word for longer than the patience.
    Patience,
    /// Each hold was begun with a reason.
    HoldReason,
    /// Each hold for which a time was promised took no longer.
    Promise,
    /// The customer hung up before the agent and the switch.
    CustomerFirst,
    /// He was neither too quiet nor too loud, nor drowned in noise.
    Sound,
    /// He did not talk while the customer was on hold and nobody heard him.
    Microphone,
    /// Each script of service that was begun came to an end of its own.
    Scripts,
    /// The same of this script.
    Script(String),
}

impl Auto {
    /// Those that are a word; a script is `script:ID`.
    pub const WORDS: [(&'static str, Self); 9] = [
        ("three-rings", Self::ThreeRings),
        ("greeting", Self::Greeting),
        ("patience", Self::Patience),
        ("hold-reason", Self::HoldReason),
        ("promise", Self::Promise),
        ("customer-first", Self::CustomerFirst),
        ("sound", Self::Sound),
        ("microphone", Self::Microphone),
        ("scripts", Self::Scripts),
    ];

    /// As it is written.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Script(id) => format!("script:{id}"),
            word => Self::WORDS.iter().find(|(_, known)| known == word).map_or_else(String::new, |(name, _)| (*name).to_owned()),
        }
    }
}

impl Scorecard {
    /// In the order in which they are asked.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.sections.iter().flat_map(|section| &section.items)
    }

    #[must_use]
    pub fn item(&self, id: &str) -> Option<&Item> {
        self.items().find(|item| item.id == id)
    }
}

/// How often calls are drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Every {
    Day,
    /// From Monday on.
    Week,
}

impl Every {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
        }
    }
}

/// A plan: so many calls of each agent are drawn for the people of quality.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sampling {
    pub id: String,
    /// Of the scorecard by which they are to be scored.
    pub scorecard: String,
    pub per_agent: u32,
    pub every: Every,
    pub of: Drawn,
    /// Users among whom they are shared out.
    pub to: Vec<String>,
}

/// Which calls are drawn: all that is given must be true of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Drawn {
    pub queue: Option<String>,
    pub team: Option<String>,
    /// The conversation lasted at least, and at most.
    pub longer: Option<Duration>,
    pub shorter: Option<Duration>,
    /// This rule of service was broken in it.
    pub broken: Option<Breach>,
}
