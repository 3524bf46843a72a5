//! Menus and message boxes.

use super::destination::{Dialled, Named};
use super::{Place, Placed, Resolver, Spot};
use crate::base::time::secs;
use crate::base::{AgentId, BoxId, ClipId, MenuId};
use crate::config::prompts::{MUSIC_FOLDER, QUESTION_PROMPT_NAMES, required_names};
use crate::config::raw::{Keys, RawBox, RawMenu};
use crate::config::{BoxConfig, BoxOwner, Destination, MenuConfig, MenuKey, Questions};
use std::collections::BTreeMap;

/// Where he goes who has chosen nothing, unless the menu says otherwise.
const GIVEN_UP: &str = "goodbye";
/// What he hears who has left a word, unless the box says otherwise; a site whose own prompts have none says good-bye.
const KEPT: &str = "message_kept";

impl Resolver<'_> {
    pub(super) fn menus(&mut self, raw: Vec<RawMenu>, named: &Named) -> Placed<MenuId, MenuConfig> {
        let mut menus: Placed<MenuId, MenuConfig> = Placed::new();
        for raw in raw {
            let prompt = self.required(raw.prompt.as_ref(), "menu", "prompt", raw.place, &raw.given);
            let prompt = prompt.and_then(|spot| self.clip(spot.place, &spot.value, &named.language));
            let keys = self.required(raw.keys.as_ref(), "menu", "keys", raw.place, &raw.given).map(|keys| self.keys(keys, named));
            let otherwise = raw.otherwise.as_ref().and_then(|to| self.destination(to, Dialled::Nothing, named));
            let language = raw.language.as_ref().and_then(|spot| self.language(spot.place, &spot.value));
            let wrong = raw.wrong.as_ref().and_then(|spot| self.clip(spot.place, &spot.value, &named.language));
            let timeout = self.duration(raw.timeout.as_ref(), secs(5), secs(1)..=secs(60));
            let between = self.duration(raw.between.as_ref(), secs(3), secs(1)..=secs(30));
            let tries = self.number(raw.tries.as_ref(), 1..=10).unwrap_or(3);
            let Some(id) = self.required(raw.id.as_ref(), "menu", "id", raw.place, &raw.given) else { continue };
            self.identifier(&id.value, id.place);
            let key = MenuId::new(&id.value);
            if let Some(first) = menus.get(&key).map(|spot| spot.place) {
                self.given_twice("menu", &id.value, id.place, first);
                continue;
            }
            let menu = MenuConfig {
                id: key.clone(),
                language,
                prompt: prompt.unwrap_or_else(|| ClipId::new(GIVEN_UP)),
                keys: keys.unwrap_or_default(),
                timeout,
                between,
                tries,
                wrong,
                otherwise: otherwise.unwrap_or_else(|| Destination::Play(ClipId::new(GIVEN_UP))),
                extensions: raw.extensions.is_some_and(|spot| spot.value),
            };
            let place = raw.otherwise.map_or(id.place, |to| to.place);
            menus.insert(key, Spot { value: menu, place });
        }
        self.nobody_goes_in_circles(&menus);
        menus
    }

    fn keys(&mut self, raw: &Keys, named: &Named) -> BTreeMap<char, MenuKey> {
        let mut keys = BTreeMap::new();
        for (name, (place, to)) in &raw.keys {
            let mut letters = name.chars();
            let key = letters.next().filter(|c| letters.next().is_none() && (c.is_ascii_digit() || "*#".contains(*c)));
            let Some(key) = key else {
                self.faults.error(*place, format!("\"{name}\" is no key of a phone"), "one of 0 to 9, * and #, in quotes: \"1\"");
                continue;
            };
            let leads = match &to.texts[..] {
                [one] if one.value == "again" => Some(MenuKey::Again),
                [one] if one.value.starts_with("language:") => {
                    self.language(one.place, &one.value["language:".len()..]).map(MenuKey::Language)
                }
                _ => self.destination(to, Dialled::Nothing, named).map(MenuKey::To),
            };
            keys.extend(leads.map(|leads| (key, leads)));
        }
        keys
    }

    /// A folder of `prompts/` in which nothing is missing.
    fn language(&mut self, place: Place, language: &str) -> Option<String> {
        let prompts = self.prompts;
        if !prompts.folders.contains_key(language) || language == MUSIC_FOLDER {
            self.unknown_word(place, language, "folder of prompts for the language", prompts.languages());
            return None;
        }
        self.folder_has(place, language, required_names());
        Some(language.to_owned())
    }

    /// A caller who presses nothing would be led from one menu to the next without end.
    fn nobody_goes_in_circles(&mut self, menus: &Placed<MenuId, MenuConfig>) {
        for (id, spot) in menus {
            let mut here = &spot.value;
            for _ in 0..menus.len() {
                let Destination::Menu(next) = &here.otherwise else { break };
                let Some(there) = menus.get(next) else { break };
                if next == id {
                    let remedy = "let one of them lead to a queue, an agent, a message box or a prompt";
                    self.faults.error(spot.place, format!("who presses nothing in menu \"{id}\" comes back to it without end"), remedy);
                    break;
                }
                here = &there.value;
            }
        }
    }

    pub(super) fn boxes(&mut self, raw: Vec<RawBox>, named: &Named) -> Placed<BoxId, BoxConfig> {
        let mut boxes: Placed<BoxId, BoxConfig> = Placed::new();
        for raw in raw {
            let owner = self.required(raw.owner.as_ref(), "message_box", "owner", raw.place, &raw.given);
            let owner = owner.and_then(|spot| self.owner(spot, named));
            let greeting = self.required(raw.greeting.as_ref(), "message_box", "greeting", raw.place, &raw.given);
            let greeting = greeting.and_then(|spot| self.clip(spot.place, &spot.value, &named.language));
            let meeting = raw.meeting.as_ref().and_then(|spot| self.clip(spot.place, &spot.value, &named.language));
            let folder = self.prompts.folders.get(&named.language);
            let kept = if folder.is_some_and(|folder| folder.readable.contains(KEPT)) { KEPT } else { GIVEN_UP };
            let thanks = raw.thanks.as_ref().and_then(|spot| self.clip(spot.place, &spot.value, &named.language));
            let thanks = thanks.unwrap_or_else(|| ClipId::new(kept));
            let max = self.duration(raw.max.as_ref(), secs(180), secs(10)..=secs(1_800));
            let silence = self.duration(raw.silence.as_ref(), secs(5), secs(2)..=secs(60));
            let questions = self.questions(raw.questions.as_ref(), named);
            let superior = raw.superior.as_ref().filter(|spot| self.known(spot.place, &spot.value, "agent", &named.agents));
            let superior = superior.map(|spot| AgentId::new(&spot.value));
            let full = raw.full.as_ref().and_then(|to| self.destination(to, Dialled::Nothing, named));
            let Some(id) = self.required(raw.id.as_ref(), "message_box", "id", raw.place, &raw.given) else { continue };
            self.identifier(&id.value, id.place);
            let key = BoxId::new(&id.value);
            if let Some(first) = boxes.get(&key).map(|spot| spot.place) {
                self.given_twice("message_box", &id.value, id.place, first);
                continue;
            }
            let (Some(owner), Some(greeting)) = (owner, greeting) else { continue };
            let value = BoxConfig { id: key.clone(), owner, greeting, meeting, thanks, max, silence, questions, superior, full };
            boxes.insert(key, Spot { value, place: id.place });
        }
        boxes
    }

    /// A folder that has no voice for them asks none, unless the box wants it.
    fn questions(&mut self, raw: Option<&Spot<String>>, named: &Named) -> Questions {
        let has = |name: &&str| self.prompts.folders.get(&named.language).is_some_and(|folder| folder.readable.contains(*name));
        let usual = if QUESTION_PROMPT_NAMES.iter().all(has) { Questions::Meeting } else { Questions::Never };
        let words = [("never", Questions::Never), ("meeting", Questions::Meeting), ("always", Questions::Always)];
        let questions = self.choice(raw, "time for questions", &words, usual);
        if let Some(spot) = raw.filter(|_| questions != Questions::Never) {
            for name in QUESTION_PROMPT_NAMES {
                self.clip(spot.place, name, &named.language);
            }
        }
        questions
    }

    fn owner(&mut self, spot: &Spot<String>, named: &Named) -> Option<BoxOwner> {
        match spot.value.split_once(':') {
            Some(("agent", id)) => self.known(spot.place, id, "agent", &named.agents).then(|| BoxOwner::Agent(AgentId::new(id))),
            Some(("team", team)) if named.teams.iter().any(|known| known == team) => Some(BoxOwner::Team(team.to_owned())),
            Some(("team", team)) => {
                self.unknown_word(spot.place, team, "team", named.teams.iter().map(String::as_str));
                None
            }
            _ => {
                let remedy = "an agent or a team: \"agent:1001\", \"team:service\"";
                self.faults.error(spot.place, format!("\"{}\" owns no messages", spot.value), remedy);
                None
            }
        }
    }

    /// An agent's superior is another agent.
    pub(super) fn superior(&mut self, spot: Option<&Spot<String>>, agent: &str, named: &Named) -> Option<AgentId> {
        let spot = spot?;
        if spot.value == agent {
            self.faults.error(spot.place, format!("agent \"{agent}\" is his own superior"), "name another: superior = \"1000\"");
            return None;
        }
        self.known(spot.place, &spot.value, "agent", &named.agents).then(|| AgentId::new(&spot.value))
    }
}
