//! What the endpoint needs of the configuration: values only. How they are come by is the parent's business.

use super::msg::{Scheme, Uri};
use super::{Flow, Protocol, guard};
use crate::base::time::secs;
use crate::base::{AgentId, Duration, TrunkId};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// What the endpoint needs of the configuration; swapped whole on reload, bindings and dialogs kept.
#[derive(Clone, PartialEq, Debug)]
pub struct Settings {
    /// Digest realm and SIP domain.
    pub domain: String,
    /// Hosts that count as ours in a request URI, To and From, lower case, beside the domain and every listening address: the machine's names.
    pub our_hosts: Vec<String>,
    /// Listening addresses, concrete.
    pub listen: Vec<(Protocol, SocketAddr)>,
    pub accounts: BTreeMap<AgentId, Account>,
    pub trunks: Vec<Trunk>,
    pub session_expires: Duration,
    pub min_session_expires: Duration,
    pub registration_min: Duration,
    pub registration_max: Duration,
    pub registration_default: Duration,
    /// Phones that registered and did not subscribe to their agent's messages are told of them all the same, as old ones expect.
    pub unasked_message_summaries: bool,
    /// The way by which phones that registered through an edge proxy are to send their requests (RFC 3608), each in its brackets.
    pub service_route: Vec<String>,
    /// Who is called over TLS where no connection of his is open is called by one of ours: he can be known by his certificate.
    pub calls_over_tls: bool,
    /// Shown as Server and User-Agent.
    pub product: String,
    pub guard: guard::GuardSettings,
}

impl Settings {
    /// Whether a host of a URI means us.
    pub(super) fn means_us(&self, host: &str) -> bool {
        let named = self.our_hosts.iter().chain([&self.domain]).any(|ours| ours.eq_ignore_ascii_case(host));
        let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        named || ip.is_ok_and(|ip| self.listen.iter().any(|(_, address)| address.ip() == ip))
    }
}

impl Default for Settings {
    /// Nobody's: no domain, no address, no account; times as a configuration has them that does not give its own.
    fn default() -> Self {
        Self {
            domain: String::new(),
            our_hosts: Vec::new(),
            listen: Vec::new(),
            accounts: BTreeMap::new(),
            trunks: Vec::new(),
            session_expires: secs(1_800),
            min_session_expires: secs(90),
            registration_min: secs(60),
            registration_max: secs(3_600),
            registration_default: secs(600),
            unasked_message_summaries: false,
            service_route: Vec::new(),
            calls_over_tls: false,
            product: "Sanling".to_owned(),
            guard: guard::GuardSettings::default(),
        }
    }
}

/// Digest secrets of an agent: lower-case hex of H(user:realm:password).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Account {
    pub ha1_sha256: Option<String>,
    pub ha1_md5: Option<String>,
}

/// A carrier: who calls in on it, how its hosts are reached, and what is kept up with it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trunk {
    pub id: TrunkId,
    /// Whose unauthenticated INVITEs come in on it.
    pub accept_from: Vec<IpNet>,
    /// The same by certificate, wherever it comes from: the name in it, lower case.
    pub accept_certificate: Option<String>,
    /// Its hosts, best first: where it is registered with and asked after. What is called is said with each call.
    pub ways: Vec<TrunkWay>,
    /// Who we are to it, where it asks.
    pub account: Option<TrunkAccount>,
    pub register: Option<TrunkRegister>,
    pub ping: Option<TrunkPing>,
    pub caller_shown: CallerShown,
    /// Recording sessions are taken from it (RFC 7866).
    pub records: bool,
    /// Host of the callers that are shown to it; our domain where it has no wish.
    pub from_domain: Option<String>,
}

/// A host of a carrier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrunkWay {
    /// What a request URI shows, with its port where that is not the usual one; `sips:` before it where the URI is to be one.
    pub host: String,
    pub flow: Flow,
}

/// Our account with a carrier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrunkAccount {
    pub user: String,
    pub password: Password,
}

/// We register with the carrier (RFC 3261 §10.2), as `user` of `domain`, so that calls to us come here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrunkRegister {
    pub user: String,
    pub domain: String,
    /// Asked for; the carrier decides.
    pub expires: Duration,
}

/// Its hosts are asked with OPTIONS whether they are there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrunkPing {
    /// At least a second.
    pub every: Duration,
    /// So many unanswered in a row, and the host counts as down.
    pub failures: u32,
}

/// Where a caller is shown to a carrier.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum CallerShown {
    /// In From.
    #[default]
    From,
    /// In From and in P-Asserted-Identity (RFC 3325); one who hides in neither, and Privacy says so.
    Asserted,
    /// In P-Asserted-Identity; From is our account, by which the carrier knows us.
    BehindAccount,
}

/// A password, which no log shows.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl TrunkWay {
    /// The URI of `user`, or of nobody, at a host as [`TrunkWay::host`] has it.
    #[must_use]
    pub fn uri(user: Option<&str>, host: &str) -> Uri {
        let (scheme, host) = host.strip_prefix("sips:").map_or((Scheme::Sip, host), |host| (Scheme::Sips, host));
        // The host may bring a port.
        let parsed = format!("sip:{host}").parse::<Uri>().ok().filter(|uri| uri.user.is_none());
        let mut uri = parsed.map_or_else(|| Uri::sip(user, host, None), |parsed| Uri::sip(user, &parsed.host, parsed.port));
        uri.scheme = scheme;
        uri
    }
}

impl Trunk {
    /// One that calls come in from, and that nothing is kept up with.
    #[must_use]
    pub fn accepting(id: TrunkId, accept_from: Vec<IpNet>) -> Self {
        Self {
            id,
            accept_from,
            accept_certificate: None,
            ways: Vec::new(),
            account: None,
            register: None,
            ping: None,
            caller_shown: CallerShown::From,
            from_domain: None,
            records: false,
        }
    }

    /// Whether calls from this address come in on it.
    #[must_use]
    pub fn accepts(&self, ip: IpAddr) -> bool {
        self.accept_from.iter().any(|net| net.contains(&ip))
    }

    /// Whether calls from who has these names certified come in on it. Wildcards count for nothing (RFC 5922 §7.2).
    #[must_use]
    pub fn is_certified(&self, names: &[String]) -> bool {
        self.accept_certificate.as_ref().is_some_and(|accepted| names.iter().any(|name| name.eq_ignore_ascii_case(accepted)))
    }
}
