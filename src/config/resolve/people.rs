//! Agents: who they are, what they can do, what their phones prove to know.

use super::destination::Named;
use super::switch::OfLegs;
use super::{Place, Placed, Resolver, Spot};
use crate::base::{AgentId, AutoAnswer, CalendarId};
use crate::config::raw::{RawAgent, Skills};
use crate::config::{AgentConfig, Login, Role};
use md5::Md5;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Digits of the longest number (ITU-T E.164).
const AGENT_ID_MAX: usize = 15;
/// Of an agent, for `top-down`.
const RANK_MAX: u32 = 9_999;
/// Of an agent, for `weighted-random`, and of a queue beside others.
pub(super) const WEIGHT_MAX: u32 = 100;
/// The shipped passwords begin so, `demo-1001`; nobody's own may.
pub(super) const DEMO_PREFIX: &str = "demo-";

impl Resolver<'_> {
    pub(super) fn agents(&mut self, raw: Vec<RawAgent>, domain: &str, of_legs: &OfLegs, named: &Named) -> Placed<AgentId, AgentConfig> {
        let mut agents = Placed::new();
        for raw in raw {
            let agent = self.agent(&raw, domain, of_legs, named);
            let Some(id) = &raw.id else { continue };
            let place = id.place;
            if let Some(first) = agents.get(&agent.id).map(|spot: &Spot<_>| spot.place) {
                self.given_twice("agent", &id.value, place, first);
                continue;
            }
            agents.insert(agent.id.clone(), Spot { value: agent, place });
        }
        agents
    }

    fn shift(&mut self, spot: Option<&Spot<String>>, named: &Named) -> Option<CalendarId> {
        let spot = spot.filter(|spot| self.known(spot.place, &spot.value, "calendar", &named.calendars))?;
        Some(CalendarId::new(&spot.value))
    }

    fn agent(&mut self, raw: &RawAgent, domain: &str, of_legs: &OfLegs, named: &Named) -> AgentConfig {
        let id = self.required(raw.id.as_ref(), "agent", "id", raw.place, &raw.given);
        if let Some(id) = id
            && !((1..=AGENT_ID_MAX).contains(&id.value.len()) && id.value.bytes().all(|b| b.is_ascii_digit()))
        {
            let message = format!("\"{}\" cannot be dialled", id.value);
            self.faults.error(id.place, message, format!("an agent's id is his extension: 1 to {AGENT_ID_MAX} digits, such as \"1001\""));
        }
        let id = id.map_or("", |id| &id.value);
        let (ha1_sha256, ha1_md5) = self.secrets(raw, id, domain);
        AgentConfig {
            id: AgentId::new(id),
            name: self.label(raw.name.as_ref(), id),
            ha1_sha256,
            ha1_md5,
            team: raw.team.as_ref().map(|team| self.label(Some(team), "")),
            skills: raw.skills.as_ref().map(|skills| self.skills(skills)).unwrap_or_default(),
            rank: self.number(raw.rank.as_ref(), 1..=RANK_MAX).and_then(|rank| u16::try_from(rank).ok()),
            weight: self.number(raw.weight.as_ref(), 1..=WEIGHT_MAX).unwrap_or(1),
            greeting: raw.greeting.as_ref().and_then(|spot| self.clip(spot.place, &spot.value, &named.language)),
            caller: raw.caller.as_ref().and_then(|spot| self.shown_number(spot)),
            superior: self.superior(raw.superior.as_ref(), id, named),
            shift: self.shift(raw.shift.as_ref(), named),
            auto_answer: self.choice(raw.auto_answer.as_ref(), "way to answer by itself", &AutoAnswer::NAMES, None),
            role: self.choice(raw.role.as_ref(), "role", &[("agent", Role::Agent), ("supervisor", Role::Supervisor)], Role::Agent),
            login: self.choice(
                raw.login.as_ref(),
                "kind of login",
                &[("on-register", Login::OnRegister), ("manual", Login::Manual)],
                Login::OnRegister,
            ),
            codecs: self.codecs(raw.codecs.as_ref(), ("agent", raw.place), &of_legs.codecs),
            srtp: self.srtp(raw.srtp.as_ref(), of_legs.srtp),
        }
    }

    /// What the agent's phone proves to know: H(user:realm:password), from the password or given as such (RFC 7616 §3.4.2).
    fn secrets(&mut self, raw: &RawAgent, id: &str, domain: &str) -> (Option<String>, Option<String>) {
        let sha256 = raw.ha1_sha256.as_ref().map(|spot| self.hexadecimal(spot, 64));
        let md5 = raw.ha1_md5.as_ref().map(|spot| self.hexadecimal(spot, 32));
        let Some(password) = &raw.password else {
            if !["password", "ha1_sha256", "ha1_md5"].iter().any(|key| raw.given.contains(key)) {
                let remedy = "give him `password`, or `ha1_sha256` and `ha1_md5`, the hashes of ID:DOMAIN:PASSWORD";
                self.faults.error(raw.place, format!("agent \"{id}\" has no password"), remedy);
            }
            let demo = ha1::<Sha256>(id, domain, &format!("{DEMO_PREFIX}{id}"));
            if sha256.as_ref() == Some(&demo) {
                self.demo_password = self.demo_password.or(raw.ha1_sha256.as_ref().map(|spot| spot.place));
            }
            return (sha256, md5);
        };
        if let Some(hash) = raw.ha1_sha256.as_ref().or(raw.ha1_md5.as_ref()) {
            let also = ("the password stands", password.place);
            self.faults.error_also(hash.place, "both a password and its hash are given", also, "keep one of the two");
        }
        if password.value.is_empty() {
            self.faults.error(password.place, "the password is empty", "`sanling init` makes random ones");
        }
        if password.value.starts_with(DEMO_PREFIX) {
            self.demo_password = self.demo_password.or(Some(password.place));
        }
        (Some(ha1::<Sha256>(id, domain, &password.value)), Some(ha1::<Md5>(id, domain, &password.value)))
    }

    fn hexadecimal(&mut self, spot: &Spot<String>, digits: usize) -> String {
        if spot.value.len() != digits || !spot.value.bytes().all(|b| b.is_ascii_hexdigit()) {
            self.faults.error(spot.place, "this is no such hash", format!("{digits} hexadecimal digits"));
        }
        spot.value.to_ascii_lowercase()
    }

    pub(super) fn skills(&mut self, raw: &Skills) -> BTreeMap<String, u8> {
        let mut skills = BTreeMap::new();
        for (skill, (place, level)) in &raw.levels {
            self.identifier(skill, *place);
            match u8::try_from(level.value) {
                Ok(value @ 1..=9) => {
                    skills.insert(skill.clone(), value);
                }
                _ => self.faults.error(level.place, format!("{} is no level of a skill", level.value), "1 (beginner) to 9 (expert)"),
            }
        }
        skills
    }

    pub(super) fn given_twice(&mut self, what: &str, id: &str, place: Place, first: Place) {
        let remedy = format!("each {what} has an id of its own");
        self.faults.error_also(place, format!("there are two of {what} \"{id}\""), ("the first stands", first), remedy);
    }
}

/// H(user:realm:password) in lower-case hexadecimal digits.
fn ha1<H: Digest>(user: &str, realm: &str, password: &str) -> String {
    let hash = H::digest(format!("{user}:{realm}:{password}"));
    hash.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_are_those_of_the_standard() {
        // RFC 7616 §3.9.1: user Mufasa, realm http-auth@example.org, password "Circle of Life"; checked with openssl.
        assert_eq!(ha1::<Md5>("Mufasa", "http-auth@example.org", "Circle of Life"), "3d78807defe7de2157e2b0b6573a855f");
        assert_eq!(
            ha1::<Sha256>("Mufasa", "http-auth@example.org", "Circle of Life"),
            "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"
        );
    }
}
