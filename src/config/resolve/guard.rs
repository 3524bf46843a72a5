//! `[sip.guard]`: what a source may do before it has proven itself.

use super::{Resolver, Spot};
use crate::base::GuardSettings;
use crate::base::time::secs;
use crate::config::raw::RawGuard;
use ipnet::IpNet;

const HOUR: u64 = 3_600;

impl Resolver<'_> {
    pub(super) fn guard(&mut self, raw: &RawGuard) -> GuardSettings {
        let default = GuardSettings::default();
        let config = GuardSettings {
            enabled: raw.enabled.as_ref().map_or(default.enabled, |spot| spot.value),
            failures: self.number(raw.failures.as_ref(), 3..=1_000).unwrap_or(default.failures),
            window: self.duration(raw.window.as_ref(), default.window, secs(1)..=secs(HOUR)),
            block: self.duration(raw.block.as_ref(), default.block, secs(1)..=secs(24 * HOUR)),
            block_max: self.duration(raw.block_max.as_ref(), default.block_max, secs(1)..=secs(7 * 24 * HOUR)),
            invites: self.number(raw.invites.as_ref(), 1..=100_000).unwrap_or(default.invites),
            requests: self.number(raw.requests.as_ref(), 1..=100_000).unwrap_or(default.requests),
            connections: self.number(raw.connections.as_ref(), 1..=4_096).unwrap_or(default.connections),
            shared: raw.shared.iter().flatten().filter_map(|spot| self.shared_network(spot)).collect(),
        };
        if config.block > config.block_max {
            let place = raw.block.as_ref().or(raw.block_max.as_ref()).map_or(raw.place, |spot| spot.place);
            self.faults.error(
                place,
                "`sip.guard.block` is longer than `sip.guard.block_max`",
                "a block doubles each time, up to block_max",
            );
        }
        config
    }

    fn shared_network(&mut self, spot: &Spot<String>) -> Option<IpNet> {
        let network = spot.value.parse().ok().or_else(|| spot.value.parse().ok().map(|ip: std::net::IpAddr| IpNet::from(ip)));
        if network.is_none() {
            let message = format!("\"{}\" is no network", spot.value);
            self.faults.error(spot.place, message, "an address, or a network with its length: \"198.51.100.7\" or \"10.8.0.0/16\"");
        }
        network
    }
}
