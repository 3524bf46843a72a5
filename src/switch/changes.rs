//! What a reload changed, a line each, in the configuration's own words: `rules.hold.patience: 7s → 9s`, `agent 1005 added`.

use crate::base::Duration;
use crate::base::{Consequence, Limit};
use crate::config::Config;
use std::collections::BTreeMap;
use std::fmt::Display;

/// Every difference between two configurations; passwords and hashes are never shown.
#[must_use]
pub fn changes(old: &Config, new: &Config) -> Vec<String> {
    let mut out = values(old).into_iter().zip(values(new)).filter(|(old, new)| old.1 != new.1).map(line).collect();
    keyed("agent", &old.agents, &new.agents, &mut out);
    keyed("queue", &old.queues, &new.queues, &mut out);
    keyed("trunk", &old.trunks, &new.trunks, &mut out);
    keyed("menu", &old.menus, &new.menus, &mut out);
    keyed("message box", &old.boxes, &new.boxes, &mut out);
    keyed("calendar", &old.calendars, &new.calendars, &mut out);
    keyed("user", &old.users, &new.users, &mut out);
    out.extend(agents(old, new));
    if old.routes != new.routes {
        out.push(format!("routes: {} → {}", old.routes.len(), new.routes.len()));
    }
    if old.recording_servers != new.recording_servers {
        out.push(format!("recording servers: {} → {}", old.recording_servers.len(), new.recording_servers.len()));
    }
    if old.recording_sources != new.recording_sources {
        out.push(format!("recording sources: {} → {}", old.recording_sources.len(), new.recording_sources.len()));
    }
    if old.reasons != new.reasons {
        out.push(format!("reasons: {} → {}", old.reasons.len(), new.reasons.len()));
    }
    let rules = [("rules.greeting", old.rules.greeting != new.rules.greeting), ("rules.sound", old.rules.sound != new.rules.sound)];
    out.extend(rules.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| format!("{name} changed")));
    if old.scorecards != new.scorecards {
        out.push(format!("scorecards: {} → {}", old.scorecards.len(), new.scorecards.len()));
    }
    if old.samplings != new.samplings {
        out.push(format!("sampling plans: {} → {}", old.samplings.len(), new.samplings.len()));
    }
    if old.rules.scripts != new.rules.scripts {
        out.push(format!("scripts: {} → {}", old.rules.scripts.len(), new.rules.scripts.len()));
    }
    out
}

type Value = (String, String);

fn line(((key, old), (_, new)): (Value, Value)) -> String {
    format!("{key}: {old} → {new}")
}

fn keyed<K: Ord + Display, V: PartialEq>(kind: &str, old: &BTreeMap<K, V>, new: &BTreeMap<K, V>, out: &mut Vec<String>) {
    out.extend(new.keys().filter(|id| !old.contains_key(*id)).map(|id| format!("{kind} {id} added")));
    out.extend(old.keys().filter(|id| !new.contains_key(*id)).map(|id| format!("{kind} {id} removed")));
    let changed = new.iter().filter(|(id, value)| kind != "agent" && old.get(id).is_some_and(|old| old != *value));
    out.extend(changed.map(|(id, _)| format!("{kind} {id} changed")));
}

/// Agents whose settings differ, and in what.
fn agents(old: &Config, new: &Config) -> Vec<String> {
    let mut out = Vec::new();
    for (id, was) in &old.agents {
        let Some(is) = new.agents.get(id).filter(|is| *is != was) else { continue };
        let mut what = Vec::new();
        let differs = [
            ("name", was.name != is.name),
            ("password", (&was.ha1_sha256, &was.ha1_md5) != (&is.ha1_sha256, &is.ha1_md5)),
            ("team", was.team != is.team),
            ("skills", was.skills != is.skills),
            ("rank", was.rank != is.rank),
            ("weight", was.weight != is.weight),
            ("caller", was.caller != is.caller),
            ("greeting", was.greeting != is.greeting),
            ("superior", was.superior != is.superior),
            ("shift", was.shift != is.shift),
            ("role", was.role != is.role),
            ("login", was.login != is.login),
            // Those of [media] are told once, there.
            ("codecs", was.codecs != is.codecs && (&was.codecs, &is.codecs) != (&old.media.codecs, &new.media.codecs)),
            ("srtp", was.srtp != is.srtp),
            ("auto_answer", was.auto_answer != is.auto_answer),
        ];
        what.extend(differs.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name));
        if !what.is_empty() {
            out.push(format!("agent {id} changed: {}", what.join(", ")));
        }
    }
    out
}

fn shown(duration: Duration) -> String {
    match duration.as_millis() {
        ms if ms % 60_000 == 0 && ms > 0 => format!("{}m", ms / 60_000),
        ms if ms % 1_000 == 0 => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

fn kept(time: Option<Duration>) -> String {
    time.map_or_else(|| "ever".to_owned(), |time| format!("{}d", time.as_secs() / 86_400))
}

/// Every single value by its dotted key, always in the same order.
fn values(config: &Config) -> Vec<Value> {
    let Config { switch, sip, media, http, storage, rules, reports, access, .. } = config;
    let off = || "off".to_owned();
    let farewell = rules.farewell.as_ref();
    let survey = farewell.and_then(|rule| rule.survey.as_ref());
    let list = |items: Vec<String>| format!("[{}]", items.join(", "));
    let entries = [
        ("switch.name", switch.name.clone()),
        ("switch.domain", switch.domain.clone()),
        ("switch.language", switch.language.clone()),
        ("switch.drain", shown(switch.drain)),
        ("sip.listen", list(sip.listen.iter().map(|listen| format!("{:?}:{}", listen.protocol, listen.address).to_lowercase()).collect())),
        ("sip.session_expires", shown(sip.session_expires)),
        ("sip.min_session_expires", shown(sip.min_session_expires)),
        ("sip.registration_min", shown(sip.registration_min)),
        ("sip.registration_max", shown(sip.registration_max)),
        ("sip.registration_default", shown(sip.registration_default)),
        ("sip.service_route", list(sip.service_route.clone())),
        ("sip.forwarding", sip.forwarding.name().to_owned()),
        ("sip.dns", list(sip.dns.iter().map(ToString::to_string).collect())),
        ("sip.guard.enabled", sip.guard.enabled.to_string()),
        ("sip.guard.failures", sip.guard.failures.to_string()),
        ("sip.guard.window", shown(sip.guard.window)),
        ("sip.guard.block", shown(sip.guard.block)),
        ("sip.guard.block_max", shown(sip.guard.block_max)),
        ("sip.guard.invites", sip.guard.invites.to_string()),
        ("sip.guard.requests", sip.guard.requests.to_string()),
        ("sip.guard.connections", sip.guard.connections.to_string()),
        ("sip.guard.shared", list(sip.guard.shared.iter().map(ToString::to_string).collect())),
        ("media.ports", format!("{}-{}", media.ports.start(), media.ports.end())),
        ("media.codecs", list(media.codecs.iter().map(ToString::to_string).collect())),
        ("media.rtp_timeout", shown(media.rtp_timeout)),
        ("media.workers", media.workers.map_or_else(|| "one a core".to_owned(), |workers| workers.to_string())),
        ("http.listen", http.listen.to_string()),
        ("http.tls", http.tls.to_string()),
        ("storage.data", storage.data.display().to_string()),
        ("storage.recordings", storage.recordings.display().to_string()),
        ("storage.retention.recordings", kept(storage.retention.recordings)),
        ("storage.retention.records", kept(storage.retention.records)),
        ("storage.retention.signalling", kept(storage.retention.signalling)),
        ("storage.retention.free_space", storage.retention.free_space.to_string()),
        ("access.session_idle", shown(access.session_idle)),
        ("access.session_longest", shown(access.session_longest)),
        ("access.numbers", list(access.numbers.iter().map(ToString::to_string).collect())),
        ("reports.zone", reports.zone.iana_name().unwrap_or("UTC").to_owned()),
        ("reports.service_level", shown(reports.service_level)),
        ("reports.short_abandon", shown(reports.short_abandon)),
        ("reports.settled_days", reports.settled_days.to_string()),
        ("rules.answer.max_rings", rules.answer.max_rings.to_string()),
        ("rules.answer.cadence", rules.answer.cadence.zone.to_owned()),
        ("rules.answer.missed", limit(rules.answer.limits.missed)),
        ("rules.answer.rejected", limit(rules.answer.limits.rejected)),
        ("rules.answer.busy", limit(rules.answer.limits.busy)),
        ("rules.answer.unreachable", limit(rules.answer.limits.unreachable)),
        ("rules.hold.patience", shown(rules.hold.patience)),
        ("rules.hold.escalate_after", shown(rules.hold.escalate_after)),
        ("rules.card_data.max", shown(rules.card_data.max)),
        ("rules.card_data.keys", if rules.card_data.hides_all { "always-hidden" } else { "hidden-in-pauses" }.to_owned()),
        ("rules.silent_call.enabled", rules.silent_call.enabled.to_string()),
        ("rules.silent_call.wait", shown(rules.silent_call.wait)),
        ("rules.silent_call.steps", list(rules.silent_call.steps.iter().map(ToString::to_string).collect())),
        ("rules.farewell", farewell.map_or_else(off, |rule| format!("{} and {}", rule.prompt, shown(rule.wait)))),
        ("rules.conference.outlives_caller", rules.conference_outlives_caller.to_string()),
        ("rules.messages.listen", rules.listen.clone()),
        ("rules.messages.escalate_after", rules.escalate_after.map_or_else(off, shown)),
        ("rules.survey", survey.map_or_else(off, |rule| format!("{} to {} within {}", rule.ask, rule.highest, shown(rule.answer_within)))),
    ];
    entries.map(|(key, value)| (key.to_owned(), value)).into()
}

fn limit(limit: Limit) -> String {
    let then = match limit.then {
        Consequence::NotReady => "not-ready",
        Consequence::Ready => "ready",
        Consequence::LogOff => "log-off",
    };
    if limit.after == 0 { "never".to_owned() } else { format!("{then} after {}", limit.after) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;
    use crate::config::{PromptInventory, SourceFile, resolve};

    fn shipped() -> Config {
        let files = ["switch", "agents", "queues", "routing", "rules"].map(|name| {
            let text = match name {
                "switch" => include_str!("../../config/switch.toml"),
                "agents" => include_str!("../../config/agents.toml"),
                "queues" => include_str!("../../config/queues.toml"),
                "routing" => include_str!("../../config/routing.toml"),
                _ => include_str!("../../config/rules.toml"),
            };
            SourceFile { path: format!("{name}.toml"), text: text.to_owned() }
        });
        resolve(&files, &[], &PromptInventory::complete(&["zh-CN", "en-US"])).expect("the shipped configuration is right")
    }

    #[test]
    fn nothing_changed_is_nothing_told() {
        assert_eq!(changes(&shipped(), &shipped()), Vec::<String>::new());
    }

    #[test]
    fn each_change_is_told_in_the_files_own_words() {
        let old = shipped();
        let mut new = shipped();
        new.rules.hold.patience = secs(9);
        new.storage.retention.free_space = crate::config::FreeSpace::Percent(5);
        new.rules.silent_call.enabled = false;
        new.rules.greeting.names_agent = false;
        new.rules.sound.tell_agent = !old.rules.sound.tell_agent;
        new.agents.remove("1004");
        let agent = new.agents.get_mut("1001").expect("the shipped agent");
        agent.ha1_md5 = Some("0".repeat(32));
        agent.name = "other".to_owned();
        agent.greeting = Some("agents/other".into());
        agent.shift = Some("office".into());
        new.queues.clear();
        assert_eq!(
            changes(&old, &new),
            [
                "storage.retention.free_space: 1GB → 5%",
                "rules.hold.patience: 7s → 9s",
                "rules.silent_call.enabled: true → false",
                "agent 1004 removed",
                "queue service removed",
                "agent 1001 changed: name, password, greeting, shift",
                "rules.greeting changed",
                "rules.sound changed",
            ]
        );
    }
}
