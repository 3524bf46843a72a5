//! Where callers go, as text: `queue:service`, `play:closed`, `["trunk:a", "trunk:b"]`. Routes, menus, queues and message boxes are read
//! with it, so what it is looked up in are the names of the whole document, before any of them is resolved.

use super::{Place, Resolver, Spot};
use crate::base::{AgentId, BoxId, ClipId, MenuId, QueueId, TrunkId};
use crate::config::Destination;
use crate::config::TrunkCall;
use crate::config::prompts::MUSIC_FOLDER;
use crate::config::raw::{RawConfig, Texts};
use std::collections::BTreeMap;

/// Digits of a number that is written into a destination.
const NUMBER_MAX: usize = 32;

/// Names of one kind, each with where it stands.
pub(super) type Names = BTreeMap<String, Place>;

/// What the document names, wherever it stands.
#[derive(Default)]
pub(super) struct Named {
    pub agents: Names,
    pub queues: Names,
    pub trunks: Names,
    pub calendars: Names,
    pub menus: Names,
    pub boxes: Names,
    pub teams: Vec<String>,
    /// Trunks that have no host.
    pub hostless: Vec<String>,
    pub language: String,
}

impl Named {
    pub fn of(raw: &RawConfig, language: &str) -> Self {
        fn names<'r, T: 'r>(tables: Option<&'r Vec<T>>, id: impl Fn(&'r T) -> Option<&'r Spot<String>>) -> Names {
            tables.into_iter().flatten().filter_map(id).map(|spot| (spot.value.clone(), spot.place)).collect()
        }
        let hostless = raw.trunk.iter().flatten().filter(|trunk| trunk.hosts.as_ref().is_none_or(Vec::is_empty));
        Self {
            agents: names(raw.agent.as_ref(), |agent| agent.id.as_ref()),
            queues: names(raw.queue.as_ref(), |queue| queue.id.as_ref()),
            trunks: names(raw.trunk.as_ref(), |trunk| trunk.id.as_ref()),
            calendars: names(raw.calendar.as_ref(), |calendar| calendar.id.as_ref()),
            menus: names(raw.menu.as_ref(), |menu| menu.id.as_ref()),
            boxes: names(raw.message_box.as_ref(), |message_box| message_box.id.as_ref()),
            teams: raw.agent.iter().flatten().filter_map(|agent| agent.team.as_ref().map(|team| team.value.clone())).collect(),
            hostless: hostless.filter_map(|trunk| trunk.id.as_ref().map(|id| id.value.clone())).collect(),
            language: language.to_owned(),
        }
    }
}

/// Whether there is a number that the caller dialled, for `agent` and `trunk:ID` to mean it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialled {
    ByCaller,
    /// A menu, a queue, a message box: what led there is no number of an agent or of the world outside.
    Nothing,
}

impl Resolver<'_> {
    /// One destination, or several trunks.
    pub(super) fn destination(&mut self, texts: &Texts, dialled: Dialled, named: &Named) -> Option<Destination> {
        match &texts.texts[..] {
            [one] => self.one_destination(one, dialled, named),
            [] => {
                let remedy = "one destination, or several trunks: [\"trunk:a\", \"trunk:b\"]";
                self.faults.error(texts.place, "nowhere to go: the list is empty", remedy);
                None
            }
            several => self.trunks_in_order(several, dialled, named),
        }
    }

    fn trunks_in_order(&mut self, several: &[Spot<String>], dialled: Dialled, named: &Named) -> Option<Destination> {
        let mut call: Option<TrunkCall> = None;
        for spot in several {
            let Destination::Trunk(next) = self.one_destination(spot, dialled, named)? else {
                let remedy = "one that is no trunk stands alone: to = \"queue:service\"";
                self.faults.error(spot.place, format!("\"{}\" is no trunk: only trunks stand in a list", spot.value), remedy);
                return None;
            };
            match &mut call {
                None => call = Some(next),
                Some(call) if call.number == next.number => call.trunks.extend(next.trunks),
                Some(_) => {
                    let remedy = "the trunks of a list are ways to the same number";
                    self.faults.error(spot.place, format!("\"{}\" leads to another number than the trunk before", spot.value), remedy);
                    return None;
                }
            }
        }
        call.map(Destination::Trunk)
    }

    pub(super) fn one_destination(&mut self, spot: &Spot<String>, dialled: Dialled, named: &Named) -> Option<Destination> {
        const KINDS: [&str; 7] = ["queue", "agent", "menu", "message", "play", "trunk", "reject"];
        let (kind, name) = spot.value.split_once(':').map_or((spot.value.as_str(), None), |(kind, name)| (kind, Some(name)));
        match (kind, name) {
            ("agent", None) if dialled == Dialled::ByCaller => Some(Destination::DialledAgent),
            ("agent", None) => {
                self.faults.error(spot.place, "nobody dialled an agent here", "say which: \"agent:1001\"");
                None
            }
            ("agent", Some(id)) => self.known(spot.place, id, "agent", &named.agents).then(|| Destination::Agent(AgentId::new(id))),
            ("queue", Some(id)) => self.known(spot.place, id, "queue", &named.queues).then(|| Destination::Queue(QueueId::new(id))),
            ("menu", Some(id)) => self.known(spot.place, id, "menu", &named.menus).then(|| Destination::Menu(MenuId::new(id))),
            ("message", Some(id)) => self.known(spot.place, id, "message box", &named.boxes).then(|| Destination::Message(BoxId::new(id))),
            ("trunk", Some(name)) => self.trunk_call(spot, name, dialled, named).map(Destination::Trunk),
            ("play", Some(name)) => self.clip(spot.place, name, &named.language).map(Destination::Play),
            ("reject", Some(code)) => {
                let code = code.parse::<u16>().ok().filter(|code| (400..=699).contains(code));
                if code.is_none() {
                    let remedy = "a SIP status from 400 to 699: \"reject:404\" not found, \"reject:603\" declined";
                    self.faults.error(spot.place, format!("\"{}\" names no refusal", spot.value), remedy);
                }
                code.map(Destination::Reject)
            }
            _ if KINDS.contains(&kind) => {
                self.faults.error(spot.place, format!("\"{kind}\" does not say which"), format!("write it with a colon: \"{kind}:NAME\""));
                None
            }
            _ => {
                self.unknown_word(spot.place, kind, "kind of destination", KINDS);
                None
            }
        }
    }

    /// `trunk:ID`, or `trunk:ID:NUMBER`.
    fn trunk_call(&mut self, spot: &Spot<String>, name: &str, dialled: Dialled, named: &Named) -> Option<TrunkCall> {
        let (id, number) = name.split_once(':').map_or((name, None), |(id, number)| (id, Some(number)));
        if !self.known(spot.place, id, "trunk", &named.trunks) {
            return None;
        }
        if named.hostless.iter().any(|trunk| trunk == id) {
            let also = ("the trunk stands", named.trunks[id]);
            let remedy = "give the trunk `hosts`, such as [\"sip:127.0.0.1:5090\"]";
            self.faults.error_also(spot.place, format!("trunk \"{id}\" has no host to send calls to"), also, remedy);
        }
        let fits = |number: &str| {
            let digits = number.strip_prefix('+').unwrap_or(number);
            (1..=NUMBER_MAX).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'*' || b == b'#')
        };
        match number {
            Some(number) if !fits(number) => {
                self.faults.error(
                    spot.place,
                    format!("\"{number}\" is no number"),
                    "digits, after a plus or not: \"trunk:carrier:02012345678\"",
                );
                return None;
            }
            None if dialled == Dialled::Nothing => {
                let remedy = format!("say which is to be called: \"trunk:{id}:02012345678\"");
                self.faults.error(spot.place, "nobody dialled a number here", remedy);
                return None;
            }
            _ => {}
        }
        Some(TrunkCall { trunks: vec![TrunkId::new(id)], number: number.map(str::to_owned) })
    }

    pub(super) fn known(&mut self, place: Place, id: &str, what: &str, among: &Names) -> bool {
        let found = among.contains_key(id);
        if !found {
            self.unknown_word(place, id, what, among.keys().map(String::as_str));
        }
        found
    }

    /// A prompt of the language, or `music/…`.
    pub(super) fn clip(&mut self, place: Place, name: &str, language: &str) -> Option<ClipId> {
        let prompts = self.prompts;
        let (folder, bare) = match name.split_once('/') {
            Some((MUSIC_FOLDER, music)) => (MUSIC_FOLDER, music),
            _ => (language, name),
        };
        // Without the folder, or with the file unreadable, the fault is noted at the language.
        let found = prompts.folders.get(folder)?;
        if found.readable.contains(bare) || found.unreadable.contains_key(bare) {
            return Some(ClipId::new(name));
        }
        let prefix = if folder == MUSIC_FOLDER { "music/" } else { "" };
        let known: Vec<String> = found.readable.iter().map(|bare| format!("{prefix}{bare}")).collect();
        self.unknown_word(place, name, "prompt", known.iter().map(String::as_str));
        None
    }
}
