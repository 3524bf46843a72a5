//! Users: who signs in to the pages, in what role, and that no password of theirs can be read.

use super::destination::Named;
use super::people::DEMO_PREFIX;
use super::words::{parse_duration, show_duration};
use super::{Placed, Resolver, Spot};
use crate::base::time::secs;
use crate::base::{AgentId, Duration, UserId};
use crate::config::raw::{RawAccess, RawUser};
use crate::config::{AccessConfig, Password, UserConfig, UserRole};
use argon2::password_hash::PasswordHash;
use argon2::{ARGON2ID_IDENT, Params};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

const DAY: u64 = 86_400;
/// Who does things in the audit log without being a user: the token's bearer, the switch, and what removes old recordings.
const NOBODYS: [&str; 3] = ["token", "switch", "retention"];
/// Memory of a hash, in KiB: from what OWASP's password storage cheat sheet calls the least, to what a sign-in may cost the switch.
const MEMORY_KIB: RangeInclusive<u32> = 7_168..=262_144;
/// Passes over it.
const PASSES: RangeInclusive<u32> = 1..=16;
const LANES: RangeInclusive<u32> = 1..=8;
const REMEDY: &str = "`sanling hash-password` asks for the password and prints its hash: \"$argon2id$…\"";

impl Resolver<'_> {
    pub(super) fn users(&mut self, raw: Vec<RawUser>, named: &Named) -> Placed<UserId, UserConfig> {
        let mut users = Placed::new();
        for raw in raw {
            let user = self.user(&raw, named);
            let Some(id) = &raw.id else { continue };
            if let Some(first) = users.get(&user.id).map(|spot: &Spot<_>| spot.place) {
                self.given_twice("user", &id.value, id.place, first);
                continue;
            }
            users.insert(user.id.clone(), Spot { value: user, place: id.place });
        }
        users
    }

    fn user(&mut self, raw: &RawUser, named: &Named) -> UserConfig {
        let id = self.required(raw.id.as_ref(), "user", "id", raw.place, &raw.given);
        if let Some(id) = id {
            self.identifier(&id.value, id.place);
            if NOBODYS.contains(&id.value.as_str()) {
                let message = format!("\"{}\" is in the audit log already, for what no user does", id.value);
                self.faults.error(id.place, message, "give him another id");
            }
        }
        let id = id.map_or("", |id| &id.value);
        let role = self.required(raw.role.as_ref(), "user", "role", raw.place, &raw.given);
        let role = self.choice(role, "role", &UserRole::ALL.map(|role| (role.name(), role)), UserRole::Admin);
        let agent = raw.agent.as_ref().filter(|spot| self.known(spot.place, &spot.value, "agent", &named.agents));
        if let (UserRole::Agent, Some(spot), false) = (role, &raw.role, raw.given.contains("agent")) {
            let remedy = "say whose calls are his, by the agent's id: agent = \"1001\"";
            self.faults.error(spot.place, format!("user \"{id}\" is an agent, and nobody's phone is his"), remedy);
        }
        UserConfig {
            id: UserId::new(id),
            name: self.label(raw.name.as_ref(), id),
            role,
            password: self.password(raw, id),
            agent: agent.map(|spot| AgentId::new(&spot.value)),
            language: self.choice(raw.language.as_ref(), "language", &[("zh", Some("zh")), ("en", Some("en"))], None).map(str::to_owned),
        }
    }

    /// The hash of a password; in plain, only the shipped one, which [`no_demo_password_in_the_open`](Self::no_demo_password_in_the_open)
    /// keeps on loopback.
    fn password(&mut self, raw: &RawUser, id: &str) -> Password {
        let Some(spot) = self.required(raw.password.as_ref(), "user", "password", raw.place, &raw.given) else {
            return Password::Argon2id(String::new());
        };
        if spot.value == format!("{DEMO_PREFIX}{id}") {
            self.demo_password = self.demo_password.or(Some(spot.place));
            return Password::Demo(spot.value.clone());
        }
        if !spot.value.starts_with('$') {
            self.faults.error(spot.place, format!("the password of user \"{id}\" could be read by whoever reads this file"), REMEDY);
        } else if let Err(why) = bearable(&spot.value) {
            self.faults.error(spot.place, why, REMEDY);
        }
        Password::Argon2id(spot.value.clone())
    }

    pub(super) fn access(&mut self, raw: &RawAccess) -> AccessConfig {
        let idle = self.lifetime(raw.session_idle.as_ref(), secs(DAY / 2), secs(60)..=secs(31 * DAY));
        let longest = self.lifetime(raw.session_longest.as_ref(), secs(7 * DAY), secs(60)..=secs(366 * DAY));
        if idle > longest {
            let place = raw.session_idle.as_ref().or(raw.session_longest.as_ref()).map_or(raw.place, |spot| spot.place);
            let remedy = "make it as long or shorter; not given they are 12h and 7d";
            self.faults.error(place, "`access.session_idle` is longer than `access.session_longest`", remedy);
        }
        let numbers = match &raw.numbers {
            None => BTreeSet::from([UserRole::Supervisor, UserRole::Admin]),
            Some(list) => {
                let roles = UserRole::ALL.map(|role| (role.name(), Some(role)));
                list.iter().filter_map(|spot| self.choice(Some(spot), "role", &roles, None)).collect()
            }
        };
        AccessConfig { session_idle: idle, session_longest: longest, numbers }
    }

    /// As [`duration`](Self::duration), in days as well: `"7d"`.
    fn lifetime(&mut self, spot: Option<&Spot<String>>, default: Duration, bounds: RangeInclusive<Duration>) -> Duration {
        let Some(spot) = spot else { return default };
        let days = spot.value.strip_suffix('d').filter(|days| days.bytes().all(|b| b.is_ascii_digit()));
        let days = days.and_then(|days| days.parse::<u64>().ok()?.checked_mul(DAY)).map(secs);
        let Some(lifetime) = days.or_else(|| parse_duration(&spot.value)) else {
            let message = format!("\"{}\" is no duration", spot.value);
            self.faults.error(spot.place, message, "a whole number and s, m, h or d: \"90s\", \"15m\", \"12h\", \"7d\"");
            return default;
        };
        if !bounds.contains(&lifetime) {
            let (least, most) = (show_duration(*bounds.start()), bounds.end().as_secs() / DAY);
            self.faults.error(spot.place, format!("\"{}\" is out of bounds", spot.value), format!("from \"{least}\" to \"{most}d\""));
            return default;
        }
        lifetime
    }
}

/// Whether a PHC string is one of argon2id, dear enough for who guesses and cheap enough for us; or why not.
fn bearable(phc: &str) -> Result<(), String> {
    let not_one = |why: &dyn std::fmt::Display| format!("this is no hash of argon2id: {why}");
    let hash = PasswordHash::new(phc).map_err(|error| not_one(&error))?;
    if hash.algorithm != ARGON2ID_IDENT {
        return Err(not_one(&format_args!("it is one of {}", hash.algorithm)));
    }
    if hash.salt.is_none() || hash.hash.is_none() {
        return Err(not_one(&"it is cut short"));
    }
    let params = Params::try_from(&hash).map_err(|error| not_one(&error))?;
    if !MEMORY_KIB.contains(&params.m_cost()) || !PASSES.contains(&params.t_cost()) || !LANES.contains(&params.p_cost()) {
        let (least, most) = (MEMORY_KIB.start(), MEMORY_KIB.end());
        return Err(format!(
            "m={},t={},p={} of this hash are out of bounds: m from {least} to {most}, t to {}, p to {}",
            params.m_cost(),
            params.t_cost(),
            params.p_cost(),
            PASSES.end(),
            LANES.end()
        ));
    }
    Ok(())
}
