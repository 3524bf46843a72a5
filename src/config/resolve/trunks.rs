//! Trunks: the ways to the network outside.

use super::switch::{OfLegs, is_host};
use super::{Placed, Resolver, Spot};
use crate::base::TrunkId;
use crate::base::time::secs;
use crate::config::raw::RawTrunk;
use crate::config::{CallerShown, HostQuestion, ListenProtocol, TrunkAccount, TrunkConfig, TrunkHost, TrunkHostName, TrunkPing};
use ipnet::IpNet;
use std::net::IpAddr;

/// RFC 3263 §4.2: where a SIP host listens unless it says otherwise, and where over TLS.
const SIP_PORT: u16 = 5060;
const TLS_PORT: u16 = 5061;
/// Calls over one trunk at once, beyond all that a machine bears.
const CHANNELS_MAX: u32 = 100_000;

impl Resolver<'_> {
    pub(super) fn trunks(&mut self, raw: Vec<RawTrunk>, of_legs: &OfLegs) -> Placed<TrunkId, TrunkConfig> {
        let mut trunks: Placed<TrunkId, TrunkConfig> = Placed::new();
        for raw in raw {
            let id = self.required(raw.id.as_ref(), "trunk", "id", raw.place, &raw.given);
            let trunk = self.trunk(&raw, of_legs);
            let Some(id) = id else { continue };
            self.identifier(&id.value, id.place);
            let trunk = TrunkConfig { id: TrunkId::new(&id.value), ..trunk };
            if let Some(first) = trunks.get(&trunk.id).map(|spot| spot.place) {
                self.given_twice("trunk", &id.value, id.place, first);
                continue;
            }
            trunks.insert(trunk.id.clone(), Spot { value: trunk, place: id.place });
        }
        trunks
    }

    fn trunk(&mut self, raw: &RawTrunk, of_legs: &OfLegs) -> TrunkConfig {
        let hosts: Vec<TrunkHost> = (1..).zip(raw.hosts.iter().flatten()).map(|(place, spot)| self.host(spot, place)).collect();
        let account = self.trunk_account(raw);
        let expires = self.duration(raw.expires.as_ref(), secs(3_600), secs(60)..=secs(86_400));
        let register = raw.register.as_ref().filter(|register| register.value).map(|register| {
            if account.is_none() {
                self.faults.error(register.place, "nobody is registered without an account", "give it `user` and `password`");
            }
            if hosts.is_empty() && !raw.given.contains("hosts") {
                self.faults.error(register.place, "there is no host to register with", "give the trunk `hosts`");
            }
            expires
        });
        let failures = self.number(raw.ping_failures.as_ref(), 1..=20).unwrap_or(2);
        let ping =
            raw.ping.as_ref().map(|every| TrunkPing { every: self.duration(Some(every), secs(30), secs(1)..=secs(3_600)), failures });
        let shown = [("from", CallerShown::From), ("asserted", CallerShown::Asserted), ("behind-account", CallerShown::BehindAccount)];
        let caller_shown = self.choice(raw.caller_shown.as_ref(), "way to show a caller", &shown, CallerShown::From);
        if let (CallerShown::BehindAccount, None, Some(spot)) = (caller_shown, &account, &raw.caller_shown) {
            self.faults.error(spot.place, "there is no account to be behind", "give it `user` and `password`");
        }
        if let Some(domain) = &raw.domain
            && !is_host(&domain.value)
        {
            self.faults.error(domain.place, format!("\"{}\" is no host name", domain.value), "for example: domain = \"carrier.example\"");
        }
        let is_name = |spot: &&Spot<String>| spot.value.starts_with("sip:") || spot.value.starts_with("sips:");
        let (names, numbers): (Vec<_>, Vec<_>) = raw.accept_from.iter().flatten().partition(is_name);
        TrunkConfig {
            id: TrunkId::new(""),
            hosts,
            accept_from: numbers.into_iter().filter_map(|spot| self.network(spot)).collect(),
            accept_names: names.into_iter().filter_map(|spot| self.accepted_name(spot)).collect(),
            account,
            register,
            domain: raw.domain.as_ref().map(|domain| domain.value.clone()),
            ping,
            try_for: raw.try_for.as_ref().map(|spot| self.duration(Some(spot), secs(6), secs(1)..=secs(30))),
            channels: self.number(raw.channels.as_ref(), 1..=CHANNELS_MAX).and_then(|channels| usize::try_from(channels).ok()),
            caller_shown,
            caller: raw.caller.as_ref().and_then(|spot| self.shown_number(spot)),
            codecs: self.codecs(raw.codecs.as_ref(), ("trunk", raw.place), &of_legs.codecs),
            srtp: self.srtp(raw.srtp.as_ref(), of_legs.srtp),
            tls: self.trunk_tls(raw),
        }
    }

    fn trunk_account(&mut self, raw: &RawTrunk) -> Option<TrunkAccount> {
        match (&raw.user, &raw.password) {
            (Some(user), Some(password)) => Some(TrunkAccount { user: user.value.clone(), password: password.value.clone() }),
            (Some(user), None) if !raw.given.contains("password") => {
                self.faults.error(user.place, "a user without a password", "give both `user` and `password`, as the carrier gave them");
                None
            }
            (None, Some(password)) if !raw.given.contains("user") => {
                self.faults.error(password.place, "a password without a user", "give both `user` and `password`, as the carrier gave them");
                None
            }
            _ => None,
        }
    }

    /// A number as it is shown to the called.
    pub(super) fn shown_number(&mut self, spot: &Spot<String>) -> Option<String> {
        let digits = spot.value.strip_prefix('+').unwrap_or(&spot.value);
        let fits = (1..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if !fits {
            self.faults.error(spot.place, format!("\"{}\" is no number to be called back", spot.value), "digits, after a plus or not");
        }
        fits.then(|| spot.value.clone())
    }

    fn host(&mut self, spot: &Spot<String>, place: u16) -> TrunkHost {
        parse_host(&spot.value, place).unwrap_or_else(|| {
            let remedy = "sip:HOST, with :PORT, ;transport=tcp or tls, ;priority=1 and ;weight=2 if need be: \"sip:192.0.2.7:5060\"";
            self.faults.error(spot.place, format!("\"{}\" is no host of a trunk", spot.value), remedy);
            // Stands in, so that the trunk is not blamed for having none.
            let host = TrunkHostName::Name(String::new());
            TrunkHost {
                host,
                port: SIP_PORT,
                protocol: ListenProtocol::Udp,
                secure: false,
                says_port: false,
                says_transport: false,
                priority: place,
                weight: 1,
            }
        })
    }

    fn accepted_name(&mut self, spot: &Spot<String>) -> Option<HostQuestion> {
        let question = parse_host(&spot.value, 1).and_then(|host| host.question());
        if question.is_none() {
            let remedy = "the carrier's name as `hosts` has it, or an address as it is: \"sip:sbc.carrier.example\", \"192.0.2.7\"";
            self.faults.error(spot.place, format!("\"{}\" is no name of a host", spot.value), remedy);
        }
        question
    }

    fn network(&mut self, spot: &Spot<String>) -> Option<IpNet> {
        let text = spot.value.as_str();
        let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        match network {
            None => {
                let remedy = "an address and how many of its bits count: \"192.0.2.0/24\", one address: \"192.0.2.7\", or a name: \"sip:sbc.carrier.example\"";
                self.faults.error(spot.place, format!("\"{text}\" is no range of addresses"), remedy);
            }
            Some(network) if network.prefix_len() == 0 => {
                let remedy = "name the carrier's addresses; calls from these come in without a password";
                self.faults.warning(spot.place, format!("\"{text}\" takes calls from anyone on the network"), remedy);
            }
            Some(_) => {}
        }
        network
    }
}

/// `sip:HOST[:PORT][;transport=udp|tcp|tls][;priority=N][;weight=N]`, or `sips:` and always over TLS; the `place` of those that say nothing is their priority.
fn parse_host(text: &str, place: u16) -> Option<TrunkHost> {
    let secured = text.strip_prefix("sips:");
    let mut rest = secured.or_else(|| text.strip_prefix("sip:"))?.split(';');
    let address = rest.next()?;
    let secure = secured.is_some();
    let (mut protocol, mut priority, mut weight) = (if secure { ListenProtocol::Tls } else { ListenProtocol::Udp }, place, 1);
    let mut says_transport = false;
    for param in rest {
        let number = |text: &str| text.parse::<u16>().ok().filter(|number| *number > 0 && text.bytes().all(|b| b.is_ascii_digit()));
        says_transport |= param.starts_with("transport=");
        match param.split_once('=')? {
            // RFC 3261 §26.2.2: over TCP, a SIPS URI says, and that is over TLS.
            ("transport", "tls" | "tcp") if secure => {}
            ("transport", _) if secure => return None,
            ("transport", "udp") => protocol = ListenProtocol::Udp,
            ("transport", "tcp") => protocol = ListenProtocol::Tcp,
            ("transport", "tls") => protocol = ListenProtocol::Tls,
            ("priority", text) => priority = number(text)?,
            ("weight", text) => weight = number(text)?,
            _ => return None,
        }
    }
    let port_of = |text: &str| text.parse::<u16>().ok().filter(|port| *port != 0 && text.bytes().all(|b| b.is_ascii_digit()));
    // The colon before a port is the last one, and outside the brackets of a version 6 address.
    let (host, port, says_port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port_of(port)?, true),
        _ => (address, if protocol == ListenProtocol::Tls { TLS_PORT } else { SIP_PORT }, false),
    };
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host = match (bare, host.parse::<IpAddr>()) {
        (Some(v6), _) => TrunkHostName::Address(IpAddr::V6(v6.parse().ok()?)),
        (None, Ok(IpAddr::V4(v4))) => TrunkHostName::Address(IpAddr::V4(v4)),
        (None, Ok(IpAddr::V6(_))) => return None,
        (None, Err(_)) if is_host(host) => TrunkHostName::Name(host.to_ascii_lowercase()),
        (None, Err(_)) => return None,
    };
    Some(TrunkHost { host, port, protocol, secure, says_port, says_transport, priority, weight })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_trunks_are_read_as_sip_writes_them() {
        let host = |text: &str| parse_host(text, 1).map(|host| (host.host, host.port, host.protocol));
        let v4 = TrunkHostName::Address("192.0.2.7".parse().expect("an address"));
        let v6 = TrunkHostName::Address("2001:db8::1".parse().expect("an address"));
        let name = TrunkHostName::Name("sbc.example.com".into());
        for (text, expected) in [
            ("sip:192.0.2.7", Some((v4.clone(), 5060, ListenProtocol::Udp))),
            ("sip:192.0.2.7:5090;transport=udp", Some((v4, 5090, ListenProtocol::Udp))),
            ("sip:[2001:db8::1]", Some((v6.clone(), 5060, ListenProtocol::Udp))),
            ("sip:[2001:db8::1]:5090;transport=tcp", Some((v6, 5090, ListenProtocol::Tcp))),
            ("sip:SBC.example.com", Some((name.clone(), 5060, ListenProtocol::Udp))),
            ("sip:SBC.example.com;transport=tls", Some((name.clone(), 5061, ListenProtocol::Tls))),
            ("sip:SBC.example.com:5071;transport=tls", Some((name.clone(), 5071, ListenProtocol::Tls))),
            ("sips:SBC.example.com", Some((name.clone(), 5061, ListenProtocol::Tls))),
            ("sips:SBC.example.com;transport=tcp", Some((name, 5061, ListenProtocol::Tls))),
            ("sips:SBC.example.com;transport=udp", None),
            ("192.0.2.7", None),
            ("sip:2001:db8::1", None),
            ("sip:host:0", None),
            ("sip:host:99999", None),
            ("sip:host:+5060", None),
            ("sip:host;transport=sctp", None),
            ("sip:user@host", None),
            ("sip:", None),
            ("sip:host;priority=0", None),
            ("sip:host;weight=-1", None),
            ("sip:host;", None),
        ] {
            assert_eq!(host(text), expected, "{text}");
        }
        let order = |text: &str| parse_host(text, 3).map(|host| (host.priority, host.weight));
        assert_eq!(order("sip:host"), Some((3, 1)), "in order, where nothing is said");
        assert_eq!(order("sip:host;priority=1;transport=tcp;weight=20"), Some((1, 20)));
    }
}
