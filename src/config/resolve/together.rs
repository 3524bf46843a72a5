//! What must fit together across tables: ports that meet, skills and teams nobody has, shipped passwords on an open address.

use super::{Placed, Resolver, Spot};
use crate::base::{AgentId, QueueId};
use crate::config::raw::RawMedia;
use crate::config::suggest::nearest;
use crate::config::{AgentConfig, Listen, ListenProtocol, MediaConfig, QueueConfig, WhoElse};
use std::net::SocketAddr;

impl Resolver<'_> {
    pub(super) fn each_queue_has_an_agent(&mut self, queues: &Placed<QueueId, QueueConfig>, agents: &Placed<AgentId, AgentConfig>) {
        for Spot { value: queue, place } in queues.values() {
            if agents.values().any(|agent| queue.is_served_by(&agent.value)) {
                continue;
            }
            let asked =
                queue.skills.iter().map(|(skill, level)| if *level == 1 { format!("\"{skill}\"") } else { format!("\"{skill}\" {level}") });
            let skills = if queue.skills.len() == 1 { "the skill" } else { "all the skills" };
            let asked = asked.collect::<Vec<_>>().join(", ");
            let message = format!("no agent has {skills} {asked} of queue \"{}\": its callers would wait for ever", queue.id);
            let example = queue.skills.iter().map(|(skill, level)| format!("{skill} = {}", level.max(&5))).collect::<Vec<_>>().join(", ");
            self.faults.warning(*place, message, format!("give it to an agent: skills = {{ {example} }}"));
        }
    }

    /// Teams and skills that no agent has are slips of the pen.
    pub(super) fn each_step_lets_somebody_in(&mut self, queues: &Placed<QueueId, QueueConfig>, agents: &Placed<AgentId, AgentConfig>) {
        for Spot { value: queue, place } in queues.values() {
            for step in &queue.widen {
                let (what, name, known): (_, _, Vec<&str>) = match &step.add {
                    Some(WhoElse::Team(team)) => ("team", team, agents.values().filter_map(|agent| agent.value.team.as_deref()).collect()),
                    Some(WhoElse::Skill(skill)) => {
                        ("skill", skill, agents.values().flat_map(|agent| agent.value.skills.keys().map(String::as_str)).collect())
                    }
                    None => continue,
                };
                if !known.contains(&name.as_str()) {
                    let remedy = match nearest(name, known) {
                        Some(meant) => format!("did you mean \"{what}:{meant}\"?"),
                        None => format!("give an agent the {what} \"{name}\""),
                    };
                    self.faults.warning(
                        *place,
                        format!("queue \"{}\" widens to the {what} \"{name}\", which no agent has", queue.id),
                        remedy,
                    );
                }
            }
        }
    }

    pub(super) fn ports_do_not_meet(
        &mut self,
        listen: &[Spot<Listen>],
        http: &Spot<SocketAddr>,
        raw_media: &RawMedia,
        media: &MediaConfig,
    ) {
        let media_place = raw_media.ports.as_ref().map_or(raw_media.place, |spot| spot.place);
        for spot in listen {
            let Listen { protocol, address } = spot.value;
            if protocol == ListenProtocol::Udp && media.ports.contains(&address.port()) {
                let remedy = "move one of the two: SIP and sound need ports of their own";
                let message = format!("port {} is one of the media ports", address.port());
                self.faults.error_also(spot.place, message, ("the media ports stand", media_place), remedy);
            }
            if protocol == ListenProtocol::Tcp && address.port() != 0 && address == http.value {
                let remedy = "move one of the two: SIP over TCP and HTTP need addresses of their own";
                self.faults.error_also(http.place, format!("SIP listens on {address} already"), ("it stands", spot.place), remedy);
            }
        }
    }

    /// The switch refuses to start with a demo password on an address other than loopback.
    pub(super) fn no_demo_password_in_the_open(&mut self, listen: &[Spot<Listen>], http: &Spot<SocketAddr>) {
        let Some(password) = self.demo_password else { return };
        let sip = listen.iter().map(|spot| (spot.value.address, spot.place));
        for (address, place) in sip.chain([(http.value, http.place)]) {
            if !address.ip().to_canonical().is_loopback() {
                let message = format!("{} is open to the network, and an agent still has the password that everyone knows", address.ip());
                let remedy = "`sanling init DIR --listen ADDRESS` writes a configuration with passwords of its own";
                self.faults.error_also(place, message, ("the password stands", password), remedy);
            }
        }
    }
}
