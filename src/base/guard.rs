//! `[sip.guard]`: the one set of values that the configuration reads and the guard obeys.

use super::Duration;
use super::time::secs;
use ipnet::IpNet;

/// What a source may do before it has proven itself (`sip::guard`, and the listeners for connections).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GuardSettings {
    pub enabled: bool,
    /// So many wrong answers to a challenge within `window` block their source.
    pub failures: u32,
    pub window: Duration,
    /// The first time; doubled with each further one up to `block_max`.
    pub block: Duration,
    pub block_max: Duration,
    /// A second, before the source has proven itself: new calls; everything else that needs no dialog.
    pub invites: u32,
    pub requests: u32,
    /// TCP connections of one address over which nobody has proven himself.
    pub connections: u32,
    /// Networks whose addresses many phones share.
    pub shared: Vec<IpNet>,
}

impl Default for GuardSettings {
    fn default() -> Self {
        let (window, block, block_max) = (secs(60), secs(300), secs(7_200));
        Self { enabled: true, failures: 10, window, block, block_max, invites: 20, requests: 100, connections: 64, shared: Vec::new() }
    }
}
