//! RFC 3263 §4 for one name: NAPTR says by which transports, SRV (RFC 2782) by which servers, and A and AAAA where these are. Records that
//! are not there are skipped; a server that fails to say is no such answer.

use super::{Answer, Trouble, Unanswered};
use crate::config::{HostQuestion, ListenProtocol};
use crate::sip::Protocol;
use crate::switch::input::Found;
use hickory_resolver::proto::ProtoErrorKind;
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{ResolveError, TokioResolver};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// An answer is good for as long as it says, but no shorter and no longer than this.
const LIFE: (Duration, Duration) =
    (if cfg!(test) { Duration::from_millis(300) } else { Duration::from_secs(5) }, Duration::from_secs(3_600));
/// Targets of one name. More are not tried.
const TARGETS_MAX: usize = 16;
/// A server's weight is shared by its addresses: by this times it, so that up to ten of them have whole shares.
const SHARES: u32 = 2_520;

/// What is being asked for one name, for how long the answers so far are good, and what was not answered.
struct Asking<'r> {
    resolver: &'r TokioResolver,
    life: Duration,
    silent: Unanswered,
}

/// A server of a service.
struct Server {
    name: String,
    port: u16,
    priority: u16,
    weight: u16,
}

/// `spoken`: the transports that we listen to, which are those that we can use.
pub(super) async fn resolve(resolver: &TokioResolver, question: &HostQuestion, spoken: &[ListenProtocol]) -> Result<Answer, Trouble> {
    let mut asking = Asking { resolver, life: LIFE.1, silent: Unanswered::new() };
    let targets = asking.targets(question, spoken).await?;
    Ok(Answer { targets, life: asking.life.max(LIFE.0), silent: asking.silent })
}

impl Asking<'_> {
    async fn targets(&mut self, question: &HostQuestion, spoken: &[ListenProtocol]) -> Result<Vec<Found>, Trouble> {
        let given = question.protocol.map(Protocol::from);
        let usual = given.unwrap_or(if question.secure {
            Protocol::Tls
        } else if spoken.contains(&ListenProtocol::Udp) || !spoken.contains(&ListenProtocol::Tcp) {
            Protocol::Udp
        } else {
            Protocol::Tcp
        });
        // §4.2: with a port there is no SRV to ask for.
        if let Some(port) = question.port {
            return self.addresses(&question.name, (usual, port), (0, 1)).await;
        }
        let (mut targets, mut is_served, mut silent) = (Vec::new(), false, None);
        let services = match given {
            Some(protocol) => vec![(protocol, srv_name(protocol, &question.name))],
            None => {
                let named = self.naptr(question, spoken).await.unwrap_or_else(|trouble| {
                    silent = Some(trouble);
                    Vec::new()
                });
                if named.is_empty() { each(question, spoken) } else { named }
            }
        };
        for (rank, (protocol, service)) in (0u32..).zip(services) {
            let servers = match self.servers(&service).await {
                Ok(Some(servers)) => servers,
                Ok(None) => continue,
                Err(trouble) => {
                    silent = Some(trouble);
                    continue;
                }
            };
            is_served = true;
            for Server { name, port, priority, weight } in servers {
                // One transport after the other, and in each the priorities of its servers.
                let order = (rank * 65_536 + u32::from(priority), weight);
                match self.addresses(&name, (protocol, port), order).await {
                    Ok(found) => targets.extend(found),
                    Err(Trouble::NotFound(_)) => {}
                    Err(trouble) => silent = Some(trouble),
                }
            }
            if targets.len() >= TARGETS_MAX {
                break;
            }
        }
        if !is_served {
            // Where nobody says anything of its servers, as where there is nothing but a file of hosts, it may be one itself.
            return match (self.addresses(&question.name, (usual, usual.default_port()), (0, 1)).await, silent) {
                (Ok(found), _) => Ok(found),
                (Err(_), Some(silent)) => Err(silent),
                (Err(trouble), None) => Err(trouble),
            };
        }
        targets.truncate(TARGETS_MAX);
        match (targets.is_empty(), silent) {
            (true, Some(silent)) => Err(silent),
            (true, None) => Err(Trouble::NotFound("none of its servers is found".to_owned())),
            (false, _) => Ok(targets),
        }
    }

    /// §4.1: the services that the name's owner wants, the best first, among those that we can use.
    async fn naptr(&mut self, question: &HostQuestion, spoken: &[ListenProtocol]) -> Result<Vec<(Protocol, String)>, Trouble> {
        let mut found = Vec::new();
        for data in self.ask(&question.name, RecordType::NAPTR).await? {
            let RData::NAPTR(naptr) = data else { continue };
            let protocol = match naptr.services().to_ascii_uppercase().as_slice() {
                // §4.1: for a SIPS URI no other; for a SIP URI it is as good as they are.
                b"SIPS+D2T" => ListenProtocol::Tls,
                b"SIP+D2U" if !question.secure => ListenProtocol::Udp,
                b"SIP+D2T" if !question.secure => ListenProtocol::Tcp,
                _ => continue,
            };
            if naptr.flags().eq_ignore_ascii_case(b"s") && spoken.contains(&protocol) {
                found.push((naptr.order(), naptr.preference(), Protocol::from(protocol), naptr.replacement().to_utf8()));
            }
        }
        found.sort_by_key(|(order, preference, ..)| (*order, *preference));
        found.truncate(4);
        Ok(found.into_iter().map(|(_, _, protocol, service)| (protocol, service)).collect())
    }

    /// RFC 2782, the lowest priority first; `None` where there is no record. A target of "." says that there is no such service.
    async fn servers(&mut self, service: &str) -> Result<Option<Vec<Server>>, Trouble> {
        let records = self.ask(service, RecordType::SRV).await?;
        let servers = records.iter().filter_map(|data| if let RData::SRV(srv) = data { Some(srv) } else { None });
        let offered = servers.filter(|srv| !srv.target().is_root());
        let mut offered: Vec<Server> = offered
            .map(|srv| Server { name: srv.target().to_utf8(), port: srv.port(), priority: srv.priority(), weight: srv.weight() })
            .collect();
        offered.sort_by_key(|server| server.priority);
        offered.truncate(TARGETS_MAX);
        Ok(if records.is_empty() { None } else { Some(offered) })
    }

    async fn addresses(
        &mut self,
        name: &str,
        (protocol, port): (Protocol, u16),
        (priority, weight): (u32, u16),
    ) -> Result<Vec<Found>, Trouble> {
        let (mut ips, mut silent) = (Vec::new(), None);
        for kind in [RecordType::A, RecordType::AAAA] {
            match self.ask(name, kind).await {
                Ok(found) => ips.extend(found.iter().filter_map(RData::ip_addr)),
                Err(trouble) => silent = Some(trouble),
            }
        }
        if let (Some(silent), true) = (silent, ips.is_empty()) {
            return Err(silent);
        }
        // Servers give them in turn: that is no news.
        ips.sort_unstable();
        ips.dedup();
        ips.truncate(TARGETS_MAX);
        let share = u32::from(weight) * SHARES / u32::try_from(ips.len().max(1)).unwrap_or(1);
        let found = ips.into_iter().map(|ip| Found { protocol, address: SocketAddr::new(ip, port), priority, weight: share });
        let found: Vec<Found> = found.collect();
        if found.is_empty() { Err(Trouble::NotFound("it has no address".to_owned())) } else { Ok(found) }
    }

    /// The records of a name; none where it has none.
    async fn ask(&mut self, name: &str, kind: RecordType) -> Result<Vec<RData>, Trouble> {
        // As it stands: no search list.
        let name = format!("{}.", name.trim_end_matches('.'));
        let said = match self.resolver.lookup(name.as_str(), kind).await {
            Ok(answer) => {
                self.life = self.life.min(answer.valid_until().saturating_duration_since(Instant::now()));
                Ok(answer.iter().filter(|data| data.record_type() == kind).cloned().collect())
            }
            Err(error) => match code_of(&error) {
                Some(ResponseCode::NoError | ResponseCode::NXDomain) => Ok(Vec::new()),
                // SERVFAIL and the like say nothing of the name.
                Some(code) => Err(Trouble::Silent(format!("the name server says \"{code}\""))),
                None => Err(Trouble::Silent(error.to_string())),
            },
        };
        if said.is_err() {
            self.silent.insert((name, kind));
        }
        said
    }
}

/// What a name server said that gave no record.
fn code_of(error: &ResolveError) -> Option<ResponseCode> {
    match error.proto()?.kind() {
        ProtoErrorKind::NoRecordsFound { response_code, .. } => Some(*response_code),
        _ => None,
    }
}

/// §4.1: without NAPTR, those of all transports that we can use.
fn each(question: &HostQuestion, spoken: &[ListenProtocol]) -> Vec<(Protocol, String)> {
    let each: &[ListenProtocol] = if question.secure { &[ListenProtocol::Tls] } else { &[ListenProtocol::Udp, ListenProtocol::Tcp] };
    let usable = each.iter().filter(|protocol| question.secure || spoken.contains(protocol)).map(|protocol| Protocol::from(*protocol));
    usable.map(|protocol| (protocol, srv_name(protocol, &question.name))).collect()
}

fn srv_name(protocol: Protocol, name: &str) -> String {
    match protocol {
        Protocol::Udp => format!("_sip._udp.{name}"),
        Protocol::Tcp => format!("_sip._tcp.{name}"),
        Protocol::Tls => format!("_sips._tcp.{name}"),
    }
}
