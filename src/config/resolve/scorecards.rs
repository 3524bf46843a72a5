//! Scorecards and sampling plans: what calls are scored by, and how many of them.

use super::{Place, Resolver, Spot};
use crate::base::breach::Breach;
use crate::base::limits::{SAMPLED_PER_AGENT_MAX, SCORECARD_ITEMS_MAX, SCORECARDS_MAX};
use crate::base::scorecard::{Auto, Drawn, Every, Item, ItemKind, Sampling, Scorecard, Section, Title};
use crate::base::time::secs;
use crate::config::raw::{RawDrawn, RawItem, RawSampling, RawScorecard, RawSection, Titles, example_of};
use crate::config::{AgentConfig, QueueConfig, ScriptRule, UserConfig, UserRole};
use std::collections::{BTreeMap, BTreeSet};

/// A script that an item asks after begins so.
const SCRIPT: &str = "script:";
const POINTS_MAX: u32 = 100;
const GUIDE_LETTERS_MAX: usize = 500;
const DAY: u64 = 24 * 3_600;

/// What scorecards and plans speak of.
pub(super) struct Spoken<'a> {
    pub scripts: &'a [ScriptRule],
    pub queues: Vec<&'a QueueConfig>,
    pub agents: Vec<&'a AgentConfig>,
    pub users: Vec<&'a UserConfig>,
}

impl Resolver<'_> {
    pub(super) fn scorecards(&mut self, raw: &[RawScorecard], spoken: &Spoken<'_>) -> Vec<Scorecard> {
        let mut cards = Vec::new();
        let mut versions: BTreeMap<(&str, u32), Place> = BTreeMap::new();
        for raw in raw {
            let id = self.required(raw.id.as_ref(), "scorecard", "id", raw.place, &raw.given);
            let version = self.required(raw.version.as_ref(), "scorecard", "version", raw.place, &raw.given);
            let version = self.number(version, 1..=9_999).unwrap_or(1);
            let title = self.required(raw.title.as_ref(), "scorecard", "title", raw.place, &raw.given);
            let title = title.map(|title| self.title(title, "scorecard.title")).unwrap_or_default();
            let pass = self.number(raw.pass.as_ref(), 1..=100).unwrap_or(85);
            let mut seen = BTreeMap::new();
            let raw_sections = self.required(raw.section.as_ref(), "scorecard", "section", raw.place, &raw.given);
            let sections = raw_sections.into_iter().flatten().filter_map(|raw| self.section(raw, &mut seen, spoken)).collect();
            let Some(id) = id else { continue };
            self.identifier(&id.value, id.place);
            let place = raw.version.as_ref().map_or(id.place, |spot| spot.place);
            if let Some(first) = versions.insert((&id.value, version), place) {
                let message = format!("there are two of version {version} of scorecard \"{}\"", id.value);
                self.faults.error_also(place, message, ("the first stands", first), "a card that is changed gets the next version");
                continue;
            }
            let card = Scorecard { id: id.value.clone(), version, title, pass, sections };
            self.items_of(&card, raw.place);
            cards.push(card);
        }
        if let Some(raw) = raw.get(SCORECARDS_MAX) {
            self.faults.error(raw.place, "this is one scorecard too many", format!("at most {SCORECARDS_MAX}, older versions included"));
        }
        cards
    }

    fn items_of(&mut self, card: &Scorecard, place: Place) {
        let items = card.items().count();
        if items > SCORECARD_ITEMS_MAX {
            let message = format!("scorecard \"{}\" has {items} items", card.id);
            self.faults.error(place, message, format!("at most {SCORECARD_ITEMS_MAX}"));
        }
        if items > 0 && card.items().all(|item| item.weight == 0) {
            let message = format!("no item of scorecard \"{}\" has any weight", card.id);
            self.faults.error(place, message, format!("give one some; for example: {}", example_of("scorecard.section.item", "weight")));
        }
    }

    fn section(&mut self, raw: &RawSection, seen: &mut BTreeMap<String, Place>, spoken: &Spoken<'_>) -> Option<Section> {
        const TABLE: &str = "scorecard.section";
        let id = self.required(raw.id.as_ref(), TABLE, "id", raw.place, &raw.given);
        let title = self.required(raw.title.as_ref(), TABLE, "title", raw.place, &raw.given);
        let title = title.map(|title| self.title(title, "scorecard.section.title")).unwrap_or_default();
        let raw_items = self.required(raw.item.as_ref(), TABLE, "item", raw.place, &raw.given);
        let items = raw_items.into_iter().flatten().filter_map(|raw| self.item(raw, seen, spoken)).collect();
        let id = id?;
        self.identifier(&id.value, id.place);
        Some(Section { id: id.value.clone(), title, items })
    }

    fn item(&mut self, raw: &RawItem, seen: &mut BTreeMap<String, Place>, spoken: &Spoken<'_>) -> Option<Item> {
        const TABLE: &str = "scorecard.section.item";
        let id = self.required(raw.id.as_ref(), TABLE, "id", raw.place, &raw.given);
        let title = self.required(raw.title.as_ref(), TABLE, "title", raw.place, &raw.given);
        let title = title.map(|title| self.title(title, "scorecard.section.item.title")).unwrap_or_default();
        let guide = raw.guide.as_ref().map(|guide| self.title(guide, "scorecard.section.item.guide"));
        let weight = self.required(raw.weight.as_ref(), TABLE, "weight", raw.place, &raw.given);
        let fatal = raw.fatal.as_ref().is_some_and(|spot| spot.value);
        let weight = self.weight(weight, fatal);
        let kind = self.kind(raw);
        let auto = raw.auto.as_ref().and_then(|spot| self.auto(spot, spoken.scripts));
        let not_applicable = raw.not_applicable.as_ref().is_some_and(|spot| spot.value);
        let id = id?;
        self.identifier(&id.value, id.place);
        if let Some(first) = seen.insert(id.value.clone(), id.place) {
            let message = format!("there are two of item \"{}\" in this scorecard", id.value);
            self.faults.error_also(
                id.place,
                message,
                ("the first stands", first),
                "each item has an id of its own, in whatever section it is",
            );
        }
        Some(Item { id: id.value.clone(), title, guide, weight, kind, fatal, auto, not_applicable })
    }

    fn weight(&mut self, spot: Option<&Spot<i64>>, fatal: bool) -> u32 {
        let weight = self.number(spot, 0..=100).unwrap_or(1);
        if let Some(spot) = spot.filter(|_| weight == 0 && !fatal) {
            let message = "an item without weight changes nothing";
            self.faults.error(spot.place, message, "a whole number from 1 to 100; or fatal = true, that it costs the call all");
        }
        weight
    }

    fn kind(&mut self, raw: &RawItem) -> ItemKind {
        let is_points = self.choice(raw.kind.as_ref(), "kind of item", &[("yes-no", false), ("points", true)], false);
        match (is_points, &raw.points) {
            (true, Some(points)) => ItemKind::Points(self.number(Some(points), 1..=POINTS_MAX).unwrap_or(1)),
            (true, None) => {
                let place = raw.kind.as_ref().map_or(raw.place, |spot| spot.place);
                if !raw.given.contains("points") {
                    self.faults.error(place, "how many points has it at most? `points` is missing", "for example: points = 5");
                }
                ItemKind::Points(1)
            }
            (false, Some(points)) => {
                if !raw.given.contains("kind") || raw.kind.is_some() {
                    self.faults.error(points.place, "an item of yes or no has no points", "say kind = \"points\", or leave `points` out");
                }
                ItemKind::YesNo
            }
            (false, None) => ItemKind::YesNo,
        }
    }

    fn auto(&mut self, spot: &Spot<String>, scripts: &[ScriptRule]) -> Option<Auto> {
        if let Some(id) = spot.value.strip_prefix(SCRIPT) {
            if !scripts.iter().any(|script| script.id == id) {
                self.unknown_word(spot.place, id, "script", scripts.iter().map(|script| script.id.as_str()));
            }
            return Some(Auto::Script(id.to_owned()));
        }
        let known = Auto::WORDS.iter().find(|(word, _)| *word == spot.value).map(|(_, auto)| auto.clone());
        if known.is_none() {
            let words = Auto::WORDS.iter().map(|(word, _)| *word).chain(["script:ID"]);
            self.unknown_word(spot.place, &spot.value, "thing that the switch knows of a call", words);
        }
        known
    }

    /// In both languages; one that is given alone stands for both.
    fn title(&mut self, raw: &Titles, table: &str) -> Title {
        let mut read = |spot: Option<&Spot<String>>| {
            let spot = spot?;
            let letters = spot.value.chars().count();
            if spot.value.trim().is_empty() || letters > GUIDE_LETTERS_MAX || spot.value.chars().any(char::is_control) {
                self.faults.error(spot.place, "this is no text for people", format!("1 to {GUIDE_LETTERS_MAX} characters on one line"));
            }
            Some(spot.value.clone())
        };
        let (zh, en) = (read(raw.zh.as_ref()), read(raw.en.as_ref()));
        if zh.is_none() && en.is_none() && !raw.is_wrong {
            self.faults.error(
                raw.place,
                format!("`{table}` says nothing"),
                "for example: { zh = \"问候\", en = \"Greeting\" }, or one text for both",
            );
        }
        let other = zh.clone().or_else(|| en.clone()).unwrap_or_default();
        Title { en: en.unwrap_or_else(|| other.clone()), zh: zh.unwrap_or(other) }
    }

    pub(super) fn samplings(&mut self, raw: &[RawSampling], cards: &[RawScorecard], spoken: &Spoken<'_>) -> Vec<Sampling> {
        let mut plans = Vec::new();
        let mut seen = BTreeMap::new();
        let known: BTreeSet<&str> = cards.iter().filter_map(|card| card.id.as_ref()).map(|id| id.value.as_str()).collect();
        for raw in raw {
            let id = self.required(raw.id.as_ref(), "sampling", "id", raw.place, &raw.given);
            let scorecard = self.required(raw.scorecard.as_ref(), "sampling", "scorecard", raw.place, &raw.given);
            if let Some(spot) = scorecard.filter(|spot| !known.contains(spot.value.as_str())) {
                self.unknown_word(spot.place, &spot.value, "scorecard", known.iter().copied());
            }
            let to = self.required(raw.to.as_ref(), "sampling", "to", raw.place, &raw.given).map_or(&[][..], Vec::as_slice);
            if to.is_empty() && raw.to.is_some() {
                self.faults.error(
                    raw.place,
                    "nobody scores what this plan draws",
                    format!("for example: {}", example_of("sampling", "to")),
                );
            }
            to.iter().for_each(|spot| self.scorer(spot, spoken));
            let per_agent = self.number(raw.per_agent.as_ref(), 1..=SAMPLED_PER_AGENT_MAX).unwrap_or(3);
            let every =
                self.choice(raw.every.as_ref(), "time between drawings", &[("week", Every::Week), ("day", Every::Day)], Every::Week);
            let of = raw.of.as_ref().map(|of| self.drawn(of, spoken)).unwrap_or_default();
            let Some(id) = id else { continue };
            self.identifier(&id.value, id.place);
            if let Some(first) = seen.insert(&id.value, id.place) {
                self.given_twice("sampling", &id.value, id.place, first);
                continue;
            }
            if plans.len() == SCORECARDS_MAX {
                self.faults.error(raw.place, "this is one sampling plan too many", format!("at most {SCORECARDS_MAX}"));
                break;
            }
            plans.push(Sampling {
                id: id.value.clone(),
                scorecard: scorecard.map(|spot| spot.value.clone()).unwrap_or_default(),
                per_agent,
                every,
                of,
                to: to.iter().map(|spot| spot.value.clone()).collect(),
            });
        }
        plans
    }

    /// Who signs in and may score.
    fn scorer(&mut self, spot: &Spot<String>, spoken: &Spoken<'_>) {
        match spoken.users.iter().find(|user| user.id.as_str() == spot.value) {
            None if spoken.users.is_empty() => {
                let message = format!("\"{}\" is nobody: no user is configured, and nobody signs in", spot.value);
                self.faults.warning(spot.place, message, "write [[user]], as users.toml of the shipped configuration shows");
            }
            None => self.unknown_word(spot.place, &spot.value, "user", spoken.users.iter().map(|user| user.id.as_str())),
            Some(user) if matches!(user.role, UserRole::Qa | UserRole::Supervisor | UserRole::Admin) => {}
            Some(user) => {
                let message = format!("user \"{}\" does not score: his role is {}", spot.value, user.role);
                self.faults.error(spot.place, message, "name users of the roles qa, supervisor or admin");
            }
        }
    }

    fn drawn(&mut self, raw: &RawDrawn, spoken: &Spoken<'_>) -> Drawn {
        if let Some(spot) = &raw.queue
            && !spoken.queues.iter().any(|queue| queue.id.as_str() == spot.value)
        {
            self.unknown_word(spot.place, &spot.value, "queue", spoken.queues.iter().map(|queue| queue.id.as_str()));
        }
        let teams: BTreeSet<&str> = spoken.agents.iter().filter_map(|agent| agent.team.as_deref()).collect();
        if let Some(spot) = raw.team.as_ref().filter(|spot| !teams.contains(spot.value.as_str())) {
            self.unknown_word(spot.place, &spot.value, "team", teams.iter().copied());
        }
        let broken = raw.broken.as_ref().and_then(|spot| {
            let breach = Breach::named(&spot.value);
            if breach.is_none() {
                self.unknown_word(spot.place, &spot.value, "rule", Breach::ALL.iter().map(|breach| breach.name()));
            }
            breach
        });
        let mut length = |spot: Option<&Spot<String>>| spot.map(|spot| self.duration(Some(spot), secs(0), secs(1)..=secs(DAY)));
        let (longer, shorter) = (length(raw.longer.as_ref()), length(raw.shorter.as_ref()));
        if let (Some(least), Some(most), Some(spot)) = (longer, shorter, &raw.shorter)
            && most < least
        {
            self.faults.error(
                spot.place,
                "no call is as long as `longer` and as short as this",
                "`longer` is the least, `shorter` the most",
            );
        }
        let text = |spot: &Option<Spot<String>>| spot.as_ref().map(|spot| spot.value.clone());
        Drawn { queue: text(&raw.queue), team: text(&raw.team), longer, shorter, broken }
    }
}
