//! Menus: a caller is played a prompt and chooses by keys, or dials an extension. What the keys lead to is looked up in the configuration as
//! it is when he presses.

use super::on_rules::token;
use super::output::Detail;
use super::slot::Purpose;
use super::{Key, Switch};
use crate::base::limits::MENUS_PER_CALL_MAX;
use crate::base::{AgentId, CallId, Instant, Machine, MenuId};
use crate::call::record::Outcome;
use crate::call::{Order, Side};
use crate::config::{Destination, MenuConfig, MenuKey};
use crate::rules::Menu;
use crate::rules::menu::{Action, Event, Meaning, Patience};
use std::ops::Bound;

impl Switch {
    /// What a menu is for a caller who comes to it.
    pub(super) fn to_menu(&self, id: &MenuId) -> Option<Purpose> {
        let menu = self.config.menus.get(id)?;
        let patience = Patience { timeout: menu.timeout, between: menu.between, tries: menu.tries };
        Some(Purpose::Menu { menu: id.clone(), machine: Menu::new(patience), token: 0 })
    }

    /// The caller is there, and is answered.
    pub(super) fn enter_menu(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let Purpose::Menu { menu, .. } = &slot.purpose else { return };
        let menu = menu.clone();
        slot.menus += 1;
        if slot.menus > MENUS_PER_CALL_MAX {
            return self.turn_away(call, 480, Outcome::Refused, "too many menus", now);
        }
        if let Some(language) = self.config.menus.get(&menu).and_then(|menu| menu.language.clone()) {
            self.speak(call, language, now);
        }
        self.order(call, Order::AnswerCaller, now);
        self.publish("menu.entered", Some(call), now, vec![("menu", Detail::Text(menu.to_string()))]);
        self.tell_menu(call, Event::Begun, now);
    }

    /// From now on the call hears this language.
    fn speak(&mut self, call: CallId, language: String, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let detail = vec![("language", Detail::Text(language.clone()))];
        // The switch's own needs no name, and follows a reload.
        slot.language = Some(language).filter(|language| *language != self.config.switch.language);
        self.publish("call.language", Some(call), now, detail);
    }

    /// A key of a caller who is in a menu; false when he is in none.
    pub(super) fn menu_pressed(&mut self, call: CallId, digit: char, now: Instant) -> bool {
        let Some(Purpose::Menu { menu, machine, .. }) = self.slots.get(&call).map(|slot| &slot.purpose) else { return false };
        let pressed = format!("{}{digit}", machine.pressed());
        let meaning = self.config.menus.get(menu).map_or(Meaning { whole: false, begins: false }, |menu| self.meaning(menu, &pressed));
        self.tell_menu(call, Event::Pressed(digit, meaning), now);
        true
    }

    fn meaning(&self, menu: &MenuConfig, pressed: &str) -> Meaning {
        let agents = &self.config.agents;
        // In order of ids, those that begin so follow the one that is so.
        let mut longer = agents.range::<str, _>((Bound::Excluded(pressed), Bound::Unbounded));
        Meaning {
            whole: key_of(menu, pressed).is_some() || menu.extensions && agents.contains_key(pressed),
            begins: menu.extensions && longer.next().is_some_and(|(id, _)| id.as_str().starts_with(pressed)),
        }
    }

    pub(super) fn menu_prompt_ended(&mut self, call: CallId, ended: u64, now: Instant) {
        if let Some(Purpose::Menu { token, .. }) = self.slots.get(&call).map(|slot| &slot.purpose)
            && *token == ended
        {
            self.tell_menu(call, Event::Prompted, now);
        }
    }

    pub(super) fn menu_due(&mut self, call: CallId, now: Instant) {
        self.drive_menu(call, now, |machine, ordered| machine.handle_timeout(now, ordered));
    }

    fn tell_menu(&mut self, call: CallId, event: Event, now: Instant) {
        self.drive_menu(call, now, |machine, ordered| machine.handle(event, now, ordered));
    }

    fn drive_menu(&mut self, call: CallId, now: Instant, drive: impl FnOnce(&mut Menu, &mut Vec<Action>)) {
        let Some(Purpose::Menu { menu, machine, .. }) = self.slots.get_mut(&call).map(|slot| &mut slot.purpose) else { return };
        let mut ordered = Vec::new();
        drive(machine, &mut ordered);
        let id = menu.clone();
        self.touched.insert(Key::Slot(call));
        for action in ordered {
            let Some(menu) = self.config.menus.get(&id).cloned() else {
                // A reload has taken it away.
                return self.turn_away(call, 480, Outcome::Refused, "the menu is gone", now);
            };
            match action {
                Action::Prompt { wrong } => self.prompt(call, &menu, wrong, now),
                Action::Hush => self.order(call, Order::StopAnnouncements { side: Side::Caller }, now),
                Action::Choose(pressed) => self.chosen(call, &menu, &pressed, now),
                Action::GiveUp => {
                    self.publish("menu.given_up", Some(call), now, vec![("menu", Detail::Text(id.to_string()))]);
                    self.go_to(call, &menu.otherwise, now);
                }
            }
        }
    }

    fn prompt(&mut self, call: CallId, menu: &MenuConfig, wrong: bool, now: Instant) {
        self.order(call, Order::StopAnnouncements { side: Side::Caller }, now);
        let Some(slot) = self.slots.get_mut(&call) else { return };
        slot.menu_prompts += 1;
        let next = token::MENU_PROMPT + slot.menu_prompts;
        if let Purpose::Menu { token, .. } = &mut slot.purpose {
            *token = next;
        }
        let clips = menu.wrong.iter().filter(|_| wrong).chain([&menu.prompt]).cloned().collect();
        self.order(call, Order::Announce { side: Side::Caller, clips, token: next }, now);
    }

    fn chosen(&mut self, call: CallId, menu: &MenuConfig, pressed: &str, now: Instant) {
        let detail = vec![("menu", Detail::Text(menu.id.to_string())), ("pressed", Detail::Text(pressed.to_owned()))];
        self.publish("menu.chosen", Some(call), now, detail);
        match key_of(menu, pressed) {
            Some(MenuKey::To(to)) => self.leads_to(call, menu, to, now),
            Some(MenuKey::Language(language)) => {
                self.speak(call, language.clone(), now);
                self.tell_menu(call, Event::Returned, now);
            }
            Some(MenuKey::Again) => self.tell_menu(call, Event::Returned, now),
            None => self.leads_to(call, menu, &Destination::Agent(AgentId::new(pressed)), now),
        }
    }

    /// One whom nobody would take there is not turned away: he goes where the menu leads otherwise.
    fn leads_to(&mut self, call: CallId, menu: &MenuConfig, to: &Destination, now: Instant) {
        if matches!(to, Destination::Agent(_) | Destination::Trunk(_)) && !self.takes(call, to) {
            let text = |text: &str| Detail::Text(text.to_owned());
            let detail = vec![("menu", text(menu.id.as_str())), ("from", text(&to.to_string())), ("to", text(&menu.otherwise.to_string()))];
            self.publish("menu.diverted", Some(call), now, detail);
            return self.go_to(call, &menu.otherwise, now);
        }
        self.go_to(call, to, now);
    }
}

/// What a single key leads to.
fn key_of<'m>(menu: &'m MenuConfig, pressed: &str) -> Option<&'m MenuKey> {
    let mut letters = pressed.chars();
    let key = letters.next().filter(|_| letters.next().is_none())?;
    menu.keys.get(&key)
}
