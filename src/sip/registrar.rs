//! Where agents are (RFC 3261 §10.3): their bindings, each with its own life, order and flow. Knows nothing of who may register: that is
//! proven before.

use super::msg::{NameAddr, Request, Response, Uri};
use super::outbound::{BadPath, Ways, Whereabouts, put_ways};
use super::{Event, Flow, Settings};
use crate::base::limits::CONTACTS_PER_AGENT_MAX;
use crate::base::{AgentId, Duration, Instant};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// One contact of an agent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Binding {
    pub uri: Uri,
    /// `+sip.instance`, which tells a phone that comes back on another address (RFC 5626 §4.1).
    pub instance: Option<String>,
    /// Preference in thousandths, 0 to 1000; 1000 when none was said.
    pub q: u16,
    pub expires_at: Instant,
    /// The way the REGISTER came: requests to the contact go there.
    pub flow: Flow,
    pub behind_nat: bool,
    pub user_agent: Option<String>,
    /// `reg-id`: which of the flows of its instance it is (RFC 5626 §4.2); `None` for a phone that keeps no flows.
    #[serde(default)]
    pub reg_id: Option<u32>,
    /// Proxies on the way to it, the nearest first (RFC 3327).
    #[serde(default)]
    pub path: Vec<NameAddr>,
    /// Its connection is gone, and `flow` leads to where it listens: connections are ours to open.
    #[serde(default)]
    pub is_dialled: bool,
    call_id: String,
    cseq: u32,
}

#[derive(Debug, Default)]
pub(super) struct Registrar {
    bindings: BTreeMap<AgentId, Vec<Binding>>,
    /// Whose bindings each flow leads to.
    by_flow: BTreeMap<Flow, BTreeSet<AgentId>>,
}

/// What a REGISTER did to the contacts of its agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    None,
    /// They are the same, by the same ways, and live longer.
    Refreshed,
    Changed,
}

/// A REGISTER that changes nothing.
struct Refusal {
    code: u16,
    why: &'static str,
}

const fn refusal(code: u16, why: &'static str) -> Refusal {
    Refusal { code, why }
}

impl Registrar {
    pub fn of(&self, agent: &str) -> &[Binding] {
        self.bindings.get(agent).map_or(&[], Vec::as_slice)
    }

    pub fn agents(&self) -> impl Iterator<Item = (&AgentId, &[Binding])> {
        self.bindings.iter().map(|(agent, bindings)| (agent, bindings.as_slice()))
    }

    pub fn uses(&self, flow: Flow) -> bool {
        self.by_flow.contains_key(&flow)
    }

    /// Bindings that came from the same host by the same listening address as `flow`.
    pub fn at(&self, flow: Flow) -> impl Iterator<Item = &Binding> {
        let port = |port| Flow { peer: SocketAddr::new(flow.peer.ip(), port), ..flow };
        let agents = self.by_flow.range(port(0)..=port(u16::MAX)).flat_map(|(_, agents)| agents);
        agents.flat_map(|agent| self.of(agent.as_str())).filter(move |binding| binding.flow.peer.ip() == flow.peer.ip())
    }

    /// Whether another agent than this one has bindings by the host and the listening address of `flow`.
    pub fn is_shared(&self, flow: Flow, agent: &AgentId) -> bool {
        let port = |port| Flow { peer: SocketAddr::new(flow.peer.ip(), port), ..flow };
        self.by_flow
            .range(port(0)..=port(u16::MAX))
            .any(|(at, agents)| at.peer.ip() == flow.peer.ip() && agents.iter().any(|one| one != agent))
    }

    /// Whether an agent, and nobody else, has a binding by this very way.
    pub fn is_alone_by(&self, flow: Flow, agent: &AgentId) -> bool {
        self.by_flow.get(&flow).is_some_and(|agents| agents.len() == 1 && agents.contains(agent))
    }

    /// Puts back what a restart kept. Connections went with it: who listens is called where he does.
    pub fn restore(&mut self, agent: &AgentId, mut bindings: Vec<Binding>, settings: &Settings) {
        for binding in bindings.iter_mut().filter(|binding| binding.flow.protocol.is_stream() && binding.reg_id.is_none()) {
            if let Some(listens) = binding.whereabouts().listens(settings) {
                (binding.flow, binding.is_dialled) = (listens, true);
            }
        }
        self.put(agent, bindings);
    }

    fn put(&mut self, agent: &AgentId, bindings: Vec<Binding>) {
        // A refresh, mostly.
        if let Some(before) = self.bindings.get_mut(agent)
            && before.iter().map(|binding| binding.flow).eq(bindings.iter().map(|binding| binding.flow))
        {
            *before = bindings;
            return;
        }
        let flows = |bindings: &[Binding]| bindings.iter().map(|binding| binding.flow).collect::<BTreeSet<_>>();
        let (before, after) = (flows(self.of(agent.as_str())), flows(&bindings));
        for flow in before.difference(&after) {
            if let Some(agents) = self.by_flow.get_mut(flow) {
                agents.remove(agent);
                if agents.is_empty() {
                    self.by_flow.remove(flow);
                }
            }
        }
        for flow in after.difference(&before) {
            self.by_flow.entry(*flow).or_default().insert(agent.clone());
        }
        if bindings.is_empty() {
            self.bindings.remove(agent);
        } else {
            self.bindings.insert(agent.clone(), bindings);
        }
    }

    /// A REGISTER of `agent`, who was proven.
    pub fn register(
        &mut self,
        agent: &AgentId,
        request: &Request,
        (flow, behind_nat): (Flow, bool),
        settings: &Settings,
        now: Instant,
        out: &mut Vec<Event>,
    ) -> (Response, Effect) {
        let before = self.of(agent.as_str()).len();
        let outcome = self.change(agent, request, (flow, behind_nat), settings, now);
        let mut response = match outcome {
            Ok(_) => request.response(200, None, None),
            Err(Refusal { code, why }) => request.response(code, Some(why), None),
        };
        match outcome {
            Err(Refusal { code: 423, .. }) => response.headers.push("Min-Expires", settings.registration_min.as_secs().to_string()),
            Err(_) => {}
            Ok((change, _)) => {
                put_ways(&mut response, request, keeps_flows(request), flow, settings);
                let contacts = self.of(agent.as_str()).len();
                match change {
                    Change::Bound => out.push(Event::Registered { agent: agent.clone(), contacts, flow }),
                    Change::Removed if contacts < before => out.push(Event::Unregistered { agent: agent.clone(), contacts }),
                    Change::Removed | Change::None => {}
                }
                for binding in self.of(agent.as_str()) {
                    let mut contact = NameAddr::new(None, binding.uri.clone());
                    if binding.q < 1000 {
                        contact.set_param("q", Some(&format!("0.{:03}", binding.q)));
                    }
                    if let Some(instance) = &binding.instance {
                        contact.set_param("+sip.instance", Some(instance));
                    }
                    if let Some(reg_id) = binding.reg_id {
                        contact.set_param("reg-id", Some(&reg_id.to_string()));
                    }
                    // Rounded up: a binding that lives is never shown with 0.
                    let left = (binding.expires_at - now).as_millis().div_ceil(1000);
                    contact.set_param("expires", Some(&left.to_string()));
                    response.headers.push("Contact", contact.to_string());
                }
            }
        }
        (response, outcome.map_or(Effect::None, |(_, effect)| effect))
    }

    fn change(
        &mut self,
        agent: &AgentId,
        request: &Request,
        (flow, behind_nat): (Flow, bool),
        settings: &Settings,
        now: Instant,
    ) -> Result<(Change, Effect), Refusal> {
        let order = (request.call_id(), request.cseq().0);
        // §20.19: what cannot be read counts as 3600, here as not said.
        let expires = request.headers.number("Expires").ok().flatten();
        let written: Vec<&str> = request.headers.list("Contact").collect();
        if written.is_empty() {
            return Ok((Change::None, Effect::None));
        }
        let mut bindings = self.of(agent.as_str()).to_vec();
        // §10.3 step 7: all or nothing.
        let change = if written.contains(&"*") {
            // §10.3 step 6.
            if written.len() > 1 || expires != Some(0) {
                return Err(refusal(400, "Contact * Stands Alone With Expires 0"));
            }
            if bindings.iter().any(|binding| binding.is_newer(order)) {
                return Err(refusal(500, "Out Of Order"));
            }
            bindings.clear();
            Change::Removed
        } else {
            let ways = Ways::of(request).map_err(|BadPath| refusal(400, "Bad Path"))?;
            // RFC 5626 §6: one flow at a time.
            if ways.outbound && written.len() > 1 && written.iter().any(|value| reg_id_of(value).is_some()) {
                return Err(refusal(400, "One Flow Each"));
            }
            let user_agent = request.headers.get("User-Agent");
            let asked = Asked { order, expires, flow, behind_nat, ways, user_agent, settings, now };
            written.iter().try_fold(Change::None, |change, value| Ok(change.max(bind(&mut bindings, value, &asked)?)))?
        };
        let before = self.of(agent.as_str());
        let effect = if before == bindings {
            Effect::None
        } else if before.len() == bindings.len() && before.iter().zip(&bindings).all(|(old, new)| new.only_outlives(old)) {
            Effect::Refreshed
        } else {
            Effect::Changed
        };
        self.put(agent, bindings);
        Ok((change, effect))
    }

    /// Drops the bindings of one agent whose life is over; all of them when the agent is no more.
    pub fn handle_timeout(&mut self, agent: &AgentId, settings: &Settings, now: Instant, out: &mut Vec<Event>) {
        let known = settings.accounts.contains_key(agent);
        let before = self.of(agent.as_str());
        let left: Vec<Binding> = before.iter().filter(|binding| known && binding.expires_at > now).cloned().collect();
        if left.len() < before.len() {
            out.push(Event::Unregistered { agent: agent.clone(), contacts: left.len() });
            self.put(agent, left);
        }
    }

    /// A connection closed: bindings that can be reached by it alone lead nowhere (RFC 5626 §4.4). A contact that names an address on
    /// the same host where the phone listens for new connections stays good, and a connection is opened to it when it is needed; over TLS
    /// where what listens there can prove that it is the phone. Gives the agents whose bindings changed.
    pub fn flow_closed(&mut self, flow: Flow, settings: &Settings, out: &mut Vec<Event>) -> Vec<AgentId> {
        let agents: Vec<AgentId> = self.by_flow.get(&flow).into_iter().flatten().cloned().collect();
        for agent in &agents {
            let mut bindings = self.of(agent.as_str()).to_vec();
            let before = bindings.len();
            bindings.retain_mut(|binding| {
                if binding.flow != flow || binding.is_dialled {
                    return true;
                }
                // A flow that the phone keeps up is a flow and nothing else.
                let listens = binding.whereabouts().listens(settings).filter(|to| binding.reg_id.is_none() && to.peer != flow.peer);
                if let Some(listens) = listens {
                    (binding.flow, binding.is_dialled) = (listens, true);
                }
                listens.is_some()
            });
            if bindings.len() < before {
                out.push(Event::Unregistered { agent: agent.clone(), contacts: bindings.len() });
            }
            self.put(agent, bindings);
        }
        agents
    }

    /// A proxy on the way says that the flow it kept is broken (430, RFC 5626 §11.5): the binding leads nowhere.
    pub fn flow_failed(&mut self, agent: &AgentId, contact: &Uri, reg_id: u32, out: &mut Vec<Event>) {
        let mut bindings = self.of(agent.as_str()).to_vec();
        let before = bindings.len();
        bindings.retain(|binding| binding.reg_id != Some(reg_id) || binding.uri != *contact);
        if bindings.len() < before {
            out.push(Event::Unregistered { agent: agent.clone(), contacts: bindings.len() });
            self.put(agent, bindings);
        }
    }

    /// Whether a phone has promised to be heard of on this flow.
    pub fn is_kept_up(&self, flow: Flow) -> bool {
        let mut agents = self.by_flow.get(&flow).into_iter().flatten();
        agents.any(|agent| {
            self.of(agent.as_str()).iter().any(|binding| binding.flow == flow && binding.reg_id.is_some() && binding.path.is_empty())
        })
    }

    /// When the first binding of `agent` ends.
    pub fn deadline(&self, agent: &str) -> Option<Instant> {
        self.of(agent).iter().map(|binding| binding.expires_at).min()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Change {
    None,
    Removed,
    Bound,
}

struct Asked<'a> {
    order: (&'a str, u32),
    expires: Option<u32>,
    flow: Flow,
    behind_nat: bool,
    ways: Ways,
    user_agent: Option<&'a str>,
    settings: &'a Settings,
    now: Instant,
}

impl Binding {
    pub(super) fn whereabouts(&self) -> Whereabouts<'_> {
        let keeps_flow = self.reg_id.is_some();
        Whereabouts { path: &self.path, contact: &self.uri, flow: self.flow, behind_nat: self.behind_nat, keeps_flow }
    }

    /// Whether a REGISTER with this Call-ID and CSeq is older than the one that made the binding (§10.3 step 7).
    fn is_newer(&self, (call_id, cseq): (&str, u32)) -> bool {
        self.call_id == call_id && self.cseq >= cseq
    }

    /// Whether nothing else is new than that it lives longer, by a later REGISTER.
    fn only_outlives(&self, old: &Self) -> bool {
        let same = |binding: &Self| (binding.q, binding.flow, binding.behind_nat, binding.reg_id);
        self.expires_at >= old.expires_at
            && same(self) == same(old)
            && self.uri == old.uri
            && self.instance == old.instance
            && self.path == old.path
            && self.user_agent == old.user_agent
            && self.call_id == old.call_id
    }
}

/// One Contact of a REGISTER.
fn bind(bindings: &mut Vec<Binding>, written: &str, asked: &Asked) -> Result<Change, Refusal> {
    let contact: NameAddr = written.parse().map_err(|_| refusal(400, "Malformed Contact"))?;
    let instance = contact.param("+sip.instance").map(str::to_owned);
    let reg_id = reg_id_of(written).filter(|_| asked.ways.outbound);
    if reg_id.is_some() && asked.ways.lacks_outbound {
        return Err(refusal(439, "First Hop Lacks Outbound Support"));
    }
    // RFC 5626 §6: a flow is known by its instance and number, wherever it leads.
    let of_instance = |binding: &Binding| instance.is_some() && binding.instance == instance;
    let place = bindings.iter().position(|binding| match reg_id {
        Some(_) => of_instance(binding) && (binding.reg_id.is_none() || binding.reg_id == reg_id),
        None => binding.uri.same_as(&contact.uri) || of_instance(binding),
    });
    if place.is_some_and(|place| bindings[place].is_newer(asked.order)) {
        return Err(refusal(500, "Out Of Order"));
    }
    let seconds = contact.param("expires").and_then(|value| value.parse::<u32>().ok()).or(asked.expires);
    let life = match seconds.map(|seconds| Duration::from_secs(u64::from(seconds))) {
        Some(Duration::ZERO) => {
            if let Some(place) = place {
                bindings.remove(place);
            }
            return Ok(Change::Removed);
        }
        Some(life) if life < asked.settings.registration_min => return Err(refusal(423, "Interval Too Brief")),
        Some(life) => life.min(asked.settings.registration_max),
        None => asked.settings.registration_default,
    };
    let binding = Binding {
        uri: contact.uri.clone(),
        instance,
        q: contact.param("q").map_or(1000, thousandths),
        expires_at: asked.now + life,
        flow: asked.flow,
        behind_nat: asked.behind_nat,
        user_agent: asked.user_agent.map(str::to_owned),
        reg_id,
        path: asked.ways.path.clone(),
        is_dialled: false,
        call_id: asked.order.0.to_owned(),
        cseq: asked.order.1,
    };
    match place {
        Some(place) => {
            let alone = binding.instance.clone().filter(|_| binding.reg_id.is_none());
            bindings[place] = binding;
            // A phone that keeps no flows any more has one way.
            if alone.is_some() {
                let mut at = 0..;
                bindings.retain(|other| at.next() == Some(place) || other.instance != alone);
            }
        }
        None if bindings.len() >= CONTACTS_PER_AGENT_MAX => return Err(refusal(403, "Too Many Contacts")),
        None => bindings.push(binding),
    }
    Ok(Change::Bound)
}

/// The `reg-id` of a Contact that has an instance as well (RFC 5626 §4.2).
fn reg_id_of(written: &str) -> Option<u32> {
    let contact: NameAddr = written.parse().ok()?;
    contact.param("+sip.instance")?;
    contact.param("reg-id")?.parse().ok().filter(|number| *number > 0)
}

/// Whether a REGISTER that was granted is of a flow that its phone keeps up.
fn keeps_flows(request: &Request) -> bool {
    request.headers.has_token("Supported", "outbound") && request.headers.list("Contact").any(|value| reg_id_of(value).is_some())
}

/// A qvalue (RFC 3261 §25.1), in thousandths; one that cannot be read is the least.
fn thousandths(q: &str) -> u16 {
    let (whole, fraction) = q.split_once('.').unwrap_or((q, ""));
    let fraction: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u16>(), fraction.parse::<u16>()) {
        (Ok(0), Ok(fraction)) => fraction,
        (Ok(1), Ok(0)) => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;
    use crate::sip::Protocol;
    use crate::sip::msg::{Message, parse};

    struct Desk {
        registrar: Registrar,
        settings: Settings,
        now: Instant,
        cseq: u32,
        events: Vec<Event>,
        /// Of the last REGISTER.
        effect: Effect,
    }

    fn desk() -> Desk {
        let settings = Settings { accounts: [(AgentId::new("1001"), crate::sip::Account::default())].into(), ..Settings::default() };
        Desk { registrar: Registrar::default(), settings, now: Instant::START, cseq: 0, events: Vec::new(), effect: Effect::None }
    }

    fn flow() -> Flow {
        let address = |text: &str| text.parse().expect("an address");
        Flow { protocol: Protocol::Udp, local: address("10.0.0.1:5060"), peer: address("10.0.0.9:5060") }
    }

    impl Desk {
        /// Registers with these header lines; gives the code and the contacts of the answer.
        fn register(&mut self, lines: &[&str]) -> (u16, Vec<String>) {
            self.cseq += 1;
            self.register_as("c", self.cseq, lines)
        }

        fn register_as(&mut self, call_id: &str, cseq: u32, lines: &[&str]) -> (u16, Vec<String>) {
            let text = format!(
                "REGISTER sip:s SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:1001@s>;tag=1\r\n\
                 To: <sip:1001@s>\r\nCall-ID: {call_id}\r\nCSeq: {cseq} REGISTER\r\n{}\r\n",
                lines.iter().flat_map(|line| [line, "\r\n"]).collect::<String>()
            );
            let Ok(Message::Request(request)) = parse(text.as_bytes()) else { panic!("a REGISTER: {text}") };
            let agent = AgentId::new("1001");
            let (response, effect) = self.registrar.register(&agent, &request, (flow(), false), &self.settings, self.now, &mut self.events);
            self.effect = effect;
            (response.code, response.headers.all("Contact").map(str::to_owned).collect())
        }
    }

    #[test]
    fn contacts_are_added_refreshed_listed_and_removed() {
        let mut desk = desk();
        assert_eq!(desk.register(&["Contact: <sip:a@h>", "Expires: 120"]), (200, vec!["<sip:a@h>;expires=120".into()]));
        desk.now += secs(20);
        let (code, both) = desk.register(&["Contact: <sip:b@h>;q=0.5;expires=9999"]);
        assert_eq!((code, both), (200, vec!["<sip:a@h>;expires=100".into(), "<sip:b@h>;q=0.500;expires=3600".into()]));
        assert_eq!(desk.register(&[]).1.len(), 2, "a query changes nothing");
        assert_eq!(desk.register(&["Contact: <sip:a@h>;expires=0"]).1, ["<sip:b@h>;q=0.500;expires=3600"]);
        assert_eq!(desk.register(&["Contact: *", "Expires: 0"]), (200, vec![]));
        let contacts: Vec<_> = desk
            .events
            .iter()
            .map(|event| match event {
                Event::Registered { contacts, .. } => ('+', *contacts),
                Event::Unregistered { contacts, .. } => ('-', *contacts),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(contacts, [('+', 1), ('+', 2), ('-', 1), ('-', 0)]);
    }

    #[test]
    fn a_refresh_is_told_from_every_other_change() {
        let mut desk = desk();
        for (lines, effect) in [
            (&["Contact: <sip:a@h>", "Expires: 120"] as &[&str], Effect::Changed),
            (&["Contact: <sip:a@h>", "Expires: 120"], Effect::Refreshed),
            (&[], Effect::None),
            (&["Contact: <sip:a@h>;expires=59"], Effect::None),
            (&["Contact: <sip:a@h>;q=0.5", "Expires: 120"], Effect::Changed),
            (&["Contact: <sip:a@h>;q=0.5", "Expires: 120"], Effect::Refreshed),
            // What was kept would outlive it.
            (&["Contact: <sip:a@h>;q=0.5", "Expires: 60"], Effect::Changed),
            (&["Contact: <sip:a@h>;q=0.5", "Contact: <sip:b@h>", "Expires: 120"], Effect::Changed),
            (&["Contact: <sip:b@h>", "Expires: 120"], Effect::Refreshed),
            (&["Contact: <sip:b@h>", "Expires: 120", "User-Agent: other"], Effect::Changed),
            (&["Contact: <sip:b@h>;expires=0"], Effect::Changed),
            (&["Contact: <sip:b@h>;expires=0"], Effect::None),
        ] {
            desk.now += secs(1);
            desk.register(lines);
            assert_eq!(desk.effect, effect, "{lines:?}");
        }
        desk.register_as("restarted", 1, &["Contact: <sip:a@h>;q=0.5", "Expires: 120"]);
        assert_eq!(desk.effect, Effect::Changed, "another Call-ID: its numbers are to be kept");
    }

    #[test]
    fn what_cannot_be_granted_is_refused_whole() {
        let mut desk = desk();
        assert_eq!(desk.register(&["Contact: <sip:a@h>;expires=59"]).0, 423);
        assert_eq!(desk.register(&["Contact: *"]).0, 400);
        assert_eq!(desk.register(&["Contact: *", "Expires: 60"]).0, 400);
        assert_eq!(desk.register(&["Contact: *", "Contact: <sip:a@h>", "Expires: 0"]).0, 400);
        let six: Vec<String> = (0..6).map(|n| format!("Contact: <sip:{n}@h>")).collect();
        let six: Vec<&str> = six.iter().map(String::as_str).collect();
        assert_eq!(desk.register(&six).0, 403);
        assert_eq!(desk.register(&[]), (200, vec![]), "all or nothing");
        assert_eq!(desk.register(&six[..5]).0, 200);
        assert_eq!(desk.events.len(), 1);
    }

    #[test]
    fn an_older_register_changes_nothing() {
        let mut desk = desk();
        assert_eq!(desk.register_as("c", 5, &["Contact: <sip:a@h>"]).0, 200);
        assert_eq!(desk.register_as("c", 5, &["Contact: <sip:a@h>;expires=0"]).0, 500);
        assert_eq!(desk.register_as("c", 4, &["Contact: *", "Expires: 0"]).0, 500);
        assert_eq!(desk.register_as("other", 1, &["Contact: <sip:a@h>;expires=0"]), (200, vec![]));
    }

    #[test]
    fn the_same_instance_replaces_its_old_address() {
        let mut desk = desk();
        desk.register(&["Contact: <sip:a@10.0.0.1>;+sip.instance=\"<urn:uuid:1>\""]);
        let (_, contacts) = desk.register(&["Contact: <sip:a@10.0.0.2>;+sip.instance=\"<urn:uuid:1>\""]);
        assert_eq!(contacts.len(), 1);
        assert!(contacts[0].contains("10.0.0.2") && contacts[0].contains("<urn:uuid:1>"), "{contacts:?}");
    }

    #[test]
    fn a_life_ends_at_its_time_and_a_flow_takes_its_bindings_along() {
        let mut desk = desk();
        desk.register(&["Contact: <sip:a@h>;expires=60", "Contact: <sip:b@h>;expires=90"]);
        assert_eq!(desk.registrar.deadline("1001"), Some(Instant::START + secs(60)));
        desk.registrar.handle_timeout(&AgentId::new("1001"), &desk.settings, Instant::START + secs(60), &mut desk.events);
        assert_eq!(desk.registrar.of("1001").len(), 1);
        desk.registrar.flow_closed(flow(), &desk.settings, &mut desk.events);
        assert!(desk.registrar.of("1001").is_empty() && desk.registrar.deadline("1001").is_none());
        assert_eq!(desk.events.len(), 3);
    }

    #[test]
    fn a_phone_that_listens_outlives_the_connection_it_registered_on() {
        let mut desk = desk();
        let (own, listening) = (flow().peer, std::net::SocketAddr::new(flow().peer.ip(), 5099));
        desk.register(&[&format!("Contact: <sip:a@{own}>"), &format!("Contact: <sip:a@{listening}>"), "Contact: <sip:a@192.0.2.77:5099>"]);
        desk.registrar.flow_closed(flow(), &desk.settings, &mut desk.events);
        let left: Vec<_> = desk.registrar.of("1001").iter().map(|binding| binding.flow.peer).collect();
        assert_eq!(left, [listening], "neither the connection's own port nor another host can be reached");
    }

    #[test]
    fn preferences_are_read_in_thousandths() {
        assert_eq!(["1", "1.000", "0.5", "0.75", "0", "0.123", "7", "x"].map(thousandths), [1000, 1000, 500, 750, 0, 123, 0, 0]);
    }
}
