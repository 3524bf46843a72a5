//! Which prompts there must be, and which `io` found. Their sound is `audio`'s.

use std::collections::{BTreeMap, BTreeSet};

/// Prompts that every language must have, digits apart.
pub const PROMPT_NAMES: &[&str] = &[
    "welcome",
    "agent_greeting",
    "queue_comfort",
    "patience",
    "silent_ask",
    "silent_farewell",
    "low_volume_ask",
    "low_volume_farewell",
    "noise_farewell",
    "dialect_ask",
    "dialect_other_person",
    "closed",
    "goodbye",
    "survey_ask",
    "thanks",
];

/// What is said to callers who wait, where a queue announces it: needed only then.
pub const WAITING_PROMPT_NAMES: &[&str] = &[
    "queue_next",
    "queue_ahead",
    "queue_ahead_suffix",
    "queue_ahead_many",
    "queue_wait_soon",
    "queue_wait",
    "queue_wait_suffix",
    "queue_wait_long",
];

/// What is said to an agent of how he, or his caller, sounds, where `rules.sound` has him told: needed only then.
pub const SOUND_PROMPT_NAMES: &[&str] =
    &["caller_faint", "caller_noisy", "agent_faint", "agent_loud", "agent_noisy", "agent_open_microphone"];

/// What a greeting may begin with, where it is configured, and the script of the speakerphone.
const SERVICE_PROMPT_NAMES: &[&str] = &[
    "greeting_early",
    "greeting_morning",
    "greeting_noon",
    "greeting_afternoon",
    "greeting_evening",
    "company",
    "agent_number",
    "agent_greeting_suffix",
    "handset_ask",
    "handset_farewell",
];

/// What is said where a queue calls back: needed only then.
pub const CALL_BACK_PROMPT_NAMES: &[&str] = &[
    "call_back_offer",
    "call_back_offer_suffix",
    "call_back_confirm",
    "call_back_or_number",
    "call_back_number",
    "call_back_wrong_number",
    "call_back_promised",
    "call_back_agent",
    "call_back_reached",
    "call_back_not_reached",
];

/// The questions of a message, asked by boxes whose folder has them.
pub const QUESTION_PROMPT_NAMES: &[&str] = &["ask_who", "ask_what", "ask_when", "ask_number"];

/// The folder of `prompts/` that is no language, and its one prompt, music on hold.
pub const MUSIC_FOLDER: &str = "music";
pub const MUSIC_ON_HOLD: &str = "hold";

/// Every name that a language must have: [`PROMPT_NAMES`] and `digits/0` to `digits/9`.
pub fn required_names() -> impl Iterator<Item = String> {
    let digits = (0..=9).map(|digit| format!("digits/{digit}"));
    PROMPT_NAMES.iter().map(|name| (*name).to_owned()).chain(digits)
}

/// What lies in `prompts/`, by folder: one a language, and `music`.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct PromptInventory {
    pub folders: BTreeMap<String, PromptFolder>,
}

/// The prompts of one folder, by name without `.wav`: `welcome`, `digits/7`.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct PromptFolder {
    pub readable: BTreeSet<String>,
    /// With the reason. A prompt that `prompts.toml` names and that has no file belongs here too.
    pub unreadable: BTreeMap<String, String>,
}

impl PromptInventory {
    /// An inventory that lacks nothing, for tests and simulations that play no files.
    #[must_use]
    pub fn complete(languages: &[&str]) -> Self {
        let others = [WAITING_PROMPT_NAMES, SOUND_PROMPT_NAMES, SERVICE_PROMPT_NAMES, CALL_BACK_PROMPT_NAMES, QUESTION_PROMPT_NAMES];
        let others = others.into_iter().flatten();
        let names: BTreeSet<String> = required_names().chain(others.map(|name| (*name).to_owned())).collect();
        let whole = PromptFolder { readable: names.clone(), unreadable: BTreeMap::new() };
        let music = PromptFolder { readable: BTreeSet::from([MUSIC_ON_HOLD.to_owned()]), unreadable: BTreeMap::new() };
        let mut folders: BTreeMap<_, _> = languages.iter().map(|language| ((*language).to_owned(), whole.clone())).collect();
        folders.insert(MUSIC_FOLDER.to_owned(), music);
        Self { folders }
    }

    pub(super) fn languages(&self) -> impl Iterator<Item = &str> {
        self.folders.keys().map(String::as_str).filter(|folder| *folder != MUSIC_FOLDER)
    }
}
