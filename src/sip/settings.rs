//! What the endpoint needs of the configuration: values only. How they are come by is the parent's business.

use super::{Protocol, guard};
use crate::base::time::secs;
use crate::base::{AgentId, Duration, TrunkId};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::SocketAddr;

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
    pub trunks: Vec<(TrunkId, Vec<IpNet>)>,
    pub session_expires: Duration,
    pub min_session_expires: Duration,
    pub registration_min: Duration,
    pub registration_max: Duration,
    pub registration_default: Duration,
    /// Phones that registered and did not subscribe to their agent's messages are told of them all the same, as old ones expect.
    pub unasked_message_summaries: bool,
    /// Shown as Server and User-Agent.
    pub product: String,
    pub guard: guard::GuardSettings,
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
