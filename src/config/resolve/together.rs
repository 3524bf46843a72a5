//! What must fit together across tables: ports that meet, skills and teams nobody has, numbers that ask for what nobody of their queue has,
//! shipped passwords on an open address.

use super::{Place, Placed, Resolver, Spot};
use crate::base::limits::NUMBER_REQUIREMENTS_MAX;
use crate::base::{AgentId, MenuId, QueueId};
use crate::config::raw::RawMedia;
use crate::config::suggest::nearest;
use crate::config::{AgentConfig, Destination, Listen, ListenProtocol, MediaConfig, MenuConfig, MenuKey, QueueConfig, WhoElse};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// A number that asks for more than its queue does.
pub(super) struct Asking {
    pub number: String,
    pub skills: BTreeMap<String, u8>,
    pub place: Place,
    /// Where it leads at one time or another.
    pub ways: Vec<Destination>,
}

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

    /// What a number asks for goes with its caller to whatever queue he comes to, through menus too: in each of these somebody must have it.
    pub(super) fn each_number_finds_somebody(
        &mut self,
        queues: &Placed<QueueId, QueueConfig>,
        menus: &Placed<MenuId, MenuConfig>,
        agents: &Placed<AgentId, AgentConfig>,
    ) {
        let asking = std::mem::take(&mut self.asking);
        let mut known = BTreeSet::new();
        for Asking { number, skills, place, ways } in &asking {
            if known.insert(skills) && known.len() == NUMBER_REQUIREMENTS_MAX + 1 {
                let remedy = format!("all numbers together ask in at most {NUMBER_REQUIREMENTS_MAX} ways; let some ask for the same");
                self.faults.error(*place, "this is one requirement too many", remedy);
            }
            let reached = queues_of(ways, menus);
            if reached.is_empty() {
                let remedy = "skills are asked of a queue's agents: let the number lead to a queue, or to a menu that leads to one";
                self.faults.error(*place, format!("number \"{number}\" asks for skills, and leads to no queue"), remedy);
            }
            for queue in reached.iter().filter_map(|id| queues.get(id)).map(|spot| &spot.value) {
                if !agents.values().any(|agent| may_take(queue, skills, &agent.value)) {
                    let asked = skills.iter().map(|(skill, level)| format!("{skill} = {level}")).collect::<Vec<_>>().join(", ");
                    let message = format!("no agent of queue \"{}\" has what number \"{number}\" asks for: {asked}", queue.id);
                    let remedy = format!("give it to one of the queue's agents: skills = {{ …, {asked} }}, or ask for less");
                    self.faults.error(*place, message, remedy);
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
            if protocol != ListenProtocol::Udp && address.port() != 0 && address == http.value {
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
                let message = format!("{} is open to the network, and somebody still has a password that everyone knows", address.ip());
                let remedy = "`sanling init DIR --listen ADDRESS` writes a configuration with passwords of its own";
                self.faults.error_also(place, message, ("the password stands", password), remedy);
            }
        }
    }

    /// Passwords of people, and recordings, are asked for here.
    pub(super) fn no_pages_in_clear_in_the_open(&mut self, http: &Spot<SocketAddr>, tls: bool) {
        if !tls && !http.value.ip().to_canonical().is_loopback() {
            let remedy = "`tls = true` in [http] and a certificate in [tls]; or listen on loopback, behind a proxy that speaks TLS";
            self.faults.warning(http.place, "passwords, numbers and recordings go over this network in clear", remedy);
        }
    }
}

/// The queues that these destinations lead to, straight or by menus.
fn queues_of(ways: &[Destination], menus: &Placed<MenuId, MenuConfig>) -> BTreeSet<QueueId> {
    let (mut open, mut seen, mut queues) = (ways.to_vec(), BTreeSet::new(), BTreeSet::new());
    while let Some(way) = open.pop() {
        match way {
            Destination::Queue(queue) => {
                queues.insert(queue);
            }
            Destination::Menu(id) if seen.insert(id.clone()) => {
                let Some(Spot { value: menu, .. }) = menus.get(&id) else { continue };
                let keys = menu.keys.values().filter_map(|key| if let MenuKey::To(to) = key { Some(to) } else { None });
                open.extend(keys.chain([&menu.otherwise]).cloned());
            }
            _ => {}
        }
    }
    queues
}

/// Whether the agent may take a call of the queue, at once or after all of its widening, whose number asks for these skills.
fn may_take(queue: &QueueConfig, asks: &BTreeMap<String, u8>, agent: &AgentConfig) -> bool {
    let has = |skill: &str, level: u8| agent.skills.get(skill).is_some_and(|has| *has >= level);
    let lowered = |skill: &str| queue.widen.iter().filter_map(|step| step.skills.as_ref()?.get(skill).copied()).min().unwrap_or(9);
    let is_let_in = |step: &crate::config::Widening| {
        let by_skills = step.skills.as_ref().is_some_and(|skills| skills.iter().all(|(skill, level)| has(skill, *level)));
        let added = match &step.add {
            Some(WhoElse::Team(team)) => agent.team.as_ref() == Some(team),
            Some(WhoElse::Skill(skill)) => agent.skills.contains_key(skill),
            None => false,
        };
        by_skills || added
    };
    (queue.is_served_by(agent) || queue.widen.iter().any(is_let_in))
        && asks.iter().all(|(skill, level)| has(skill, (*level).min(lowered(skill))))
}
