//! Servers that record our calls, and sources that we record.

use super::destination::Named;
use super::{Placed, Resolver, Spot};
use crate::base::time::secs;
use crate::base::{AgentId, Codec, QueueId, TrunkId};
use crate::config::raw::{RawRecordingServer, RawRecordingSource, example_of};
use crate::config::{CopiedCalls, RecordingServer, RecordingSource, TrunkConfig};

/// Recording sessions of one source at once, beyond all that a machine bears.
const SESSIONS_MAX: u32 = 10_000;

impl Resolver<'_> {
    pub(super) fn recording_servers(
        &mut self,
        raw: &[RawRecordingServer],
        named: &Named,
        trunks: &Placed<TrunkId, TrunkConfig>,
        codecs: &[Codec],
    ) -> Vec<RecordingServer> {
        let mut servers: Vec<(RecordingServer, super::Place)> = Vec::new();
        for raw in raw {
            let id = self.required(raw.id.as_ref(), "recording_server", "id", raw.place, &raw.given).cloned();
            let trunk = self.required(raw.trunk.as_ref(), "recording_server", "trunk", raw.place, &raw.given).cloned();
            let trunk = trunk.and_then(|spot| self.trunk_named(&spot, trunks));
            if let Some((trunk, place)) = trunk.as_ref().filter(|(trunk, _)| trunk.hosts.is_empty()) {
                self.faults.error(*place, format!("trunk \"{}\" has no host to send copies to", trunk.id), "give the trunk `hosts`");
            }
            let given =
                self.required(raw.calls.as_ref(), "recording_server", "calls", raw.place, &raw.given).map_or(&[][..], Vec::as_slice);
            let calls: Vec<CopiedCalls> = given.iter().filter_map(|spot| self.copied_calls(spot, named)).collect();
            if raw.calls.as_ref().is_some_and(Vec::is_empty) {
                let remedy = format!("for example: {}", example_of("recording_server", "calls"));
                self.faults.error(raw.place, "no call is copied to it", remedy);
            }
            let retry = self.choice(raw.on_failure.as_ref(), "thing to do", &[("go-on", false), ("retry", true)], false);
            let after = self.duration(raw.retry_after.as_ref(), secs(30), secs(5)..=secs(3_600));
            let codecs = self.codecs(raw.codecs.as_ref(), ("recording_server", raw.place), codecs);
            let Some(id) = id else { continue };
            self.identifier(&id.value, id.place);
            if let Some((_, first)) = servers.iter().find(|(server, _)| server.id == id.value) {
                self.given_twice("recording server", &id.value, id.place, *first);
                continue;
            }
            let server = RecordingServer {
                id: id.value.clone(),
                trunk: trunk.map_or_else(|| TrunkId::new(""), |(trunk, _)| trunk.id.clone()),
                calls,
                user: self.label(raw.user.as_ref(), "record"),
                codecs,
                retry_after: retry.then_some(after),
            };
            servers.push((server, id.place));
        }
        servers.into_iter().map(|(server, _)| server).collect()
    }

    pub(super) fn recording_sources(&mut self, raw: &[RawRecordingSource], trunks: &Placed<TrunkId, TrunkConfig>) -> Vec<RecordingSource> {
        let mut sources: Vec<(RecordingSource, super::Place)> = Vec::new();
        for raw in raw {
            let id = self.required(raw.id.as_ref(), "recording_source", "id", raw.place, &raw.given).cloned();
            let trunk = self.required(raw.trunk.as_ref(), "recording_source", "trunk", raw.place, &raw.given).cloned();
            let trunk = trunk.and_then(|spot| self.trunk_named(&spot, trunks));
            if let Some((trunk, place)) = &trunk
                && trunk.accept_from.is_empty()
                && trunk.accept_names.is_empty()
                && trunk.tls.accept_certificate.is_none()
            {
                let remedy = "give the trunk `accept_from` or `accept_certificate`";
                self.faults.error(*place, format!("nothing comes in on trunk \"{}\"", trunk.id), remedy);
            }
            let sessions = self.number(raw.sessions.as_ref(), 1..=SESSIONS_MAX).unwrap_or(100);
            let (Some(id), Some((trunk, place))) = (id, trunk) else { continue };
            self.identifier(&id.value, id.place);
            if let Some((_, first)) = sources.iter().find(|(source, _)| source.id == id.value) {
                self.given_twice("recording source", &id.value, id.place, *first);
                continue;
            }
            if let Some((first, _)) = sources.iter().find(|(source, _)| source.trunk == trunk.id) {
                self.faults.error(
                    place,
                    format!("trunk \"{}\" is recording source \"{}\" already", trunk.id, first.id),
                    "keep one of the two",
                );
                continue;
            }
            let sessions = usize::try_from(sessions).unwrap_or(usize::MAX);
            sources.push((RecordingSource { id: id.value.clone(), trunk: trunk.id.clone(), sessions }, id.place));
        }
        sources.into_iter().map(|(source, _)| source).collect()
    }

    fn trunk_named(&mut self, spot: &Spot<String>, trunks: &Placed<TrunkId, TrunkConfig>) -> Option<(TrunkConfig, super::Place)> {
        let found = trunks.get(spot.value.as_str()).map(|trunk| (trunk.value.clone(), spot.place));
        if found.is_none() {
            self.unknown_word(spot.place, &spot.value, "trunk", trunks.keys().map(TrunkId::as_str));
        }
        found
    }

    fn copied_calls(&mut self, spot: &Spot<String>, named: &Named) -> Option<CopiedCalls> {
        let text = spot.value.as_str();
        if text == "all" {
            return Some(CopiedCalls::All);
        }
        if text == "on-demand" {
            return Some(CopiedCalls::OnDemand);
        }
        let (kind, name) = text.split_once(':').unwrap_or((text, ""));
        let names = match kind {
            "queue" => &named.queues,
            "agent" => &named.agents,
            "trunk" => &named.trunks,
            "number" => {
                let pattern = self.pattern(&Spot { value: name.to_owned(), place: spot.place });
                return pattern.map(CopiedCalls::Number);
            }
            _ => {
                let remedy = "\"all\", \"on-demand\", \"queue:ID\", \"agent:ID\", \"trunk:ID\" or \"number:95000\"";
                self.faults.error(spot.place, format!("\"{text}\" names no calls"), remedy);
                return None;
            }
        };
        if !names.contains_key(name) {
            self.unknown_word(spot.place, name, kind, names.keys().map(String::as_str));
            return None;
        }
        Some(match kind {
            "queue" => CopiedCalls::Queue(QueueId::new(name)),
            "agent" => CopiedCalls::Agent(AgentId::new(name)),
            _ => CopiedCalls::Trunk(TrunkId::new(name)),
        })
    }
}
