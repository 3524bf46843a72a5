//! Where calls come from and go: routes and trunks.

use super::destination::{Dialled, Named};
use super::switch::is_host;
use super::{Place, Placed, Resolver, Spot};
use crate::base::TrunkId;
use crate::config::raw::{RawRoute, RawTrunk};
use crate::config::{Destination, ListenProtocol, NumberPattern, RouteConfig, RouteSource, TrunkConfig, TrunkHost, TrunkHostName};
use ipnet::IpNet;
use std::net::IpAddr;

/// Longest number or pattern of a route; numbers of E.164 have 15 digits, prefixes and codes come on top.
const PATTERN_MAX: usize = 32;
/// What agents dial to log in and out and to say how they are: no route may stand on them.
const FEATURE_CODES: [&str; 5] = ["*11", "*12", "*13", "*14", "*15"];
/// RFC 3263 §4.2: where a SIP host listens unless it says otherwise.
const SIP_PORT: u16 = 5060;

impl Resolver<'_> {
    pub(super) fn routes(&mut self, raw: Vec<RawRoute>, named: &Named) -> Vec<RouteConfig> {
        let mut routes: Vec<Spot<RouteConfig>> = Vec::new();
        for raw in raw {
            let number = self.required(raw.number.as_ref(), "route", "number", raw.place, &raw.given);
            let to = self.required(raw.to.as_ref(), "route", "to", raw.place, &raw.given);
            let sources = [("trunk", RouteSource::Trunk), ("internal", RouteSource::Internal), ("any", RouteSource::Any)];
            let from = self.choice(raw.from.as_ref(), "source of calls", &sources, RouteSource::Any);
            let pattern = number.and_then(|number| self.pattern(number));
            let destination = to.and_then(|to| self.destination(to, Dialled::ByCaller, named));
            let hours = self.route_hours(&raw, named);
            let (Some(number), Some(pattern)) = (number, pattern) else { continue };
            self.is_reachable(&pattern, from, number.place, &routes);
            // A wrong destination still takes its number from the routes after it.
            let to = destination.unwrap_or(Destination::DialledAgent);
            routes.push(Spot { value: RouteConfig { number: pattern, from, to, hours }, place: number.place });
        }
        routes.into_iter().map(|spot| spot.value).collect()
    }

    fn pattern(&mut self, spot: &Spot<String>) -> Option<NumberPattern> {
        let text = spot.value.as_str();
        let last = text.chars().count().saturating_sub(1);
        let wrong = text.chars().enumerate().find(|(at, c)| match c {
            '0'..='9' | '*' | '#' | 'X' | 'N' => false,
            '+' => *at != 0,
            '.' => *at != last,
            _ => true,
        });
        let remedy = match wrong {
            _ if text.is_empty() => "digits, or a pattern: X is a digit, N is 2 to 9, a last . is one or more of anything".to_owned(),
            _ if text.len() > PATTERN_MAX => format!("at most {PATTERN_MAX} characters"),
            None if FEATURE_CODES.contains(&text) => format!("{} are built in and need no route", FEATURE_CODES.join(", ")),
            None => return Some(NumberPattern(text.to_owned())),
            Some((_, '.')) => "a dot is one or more of anything and stands last".to_owned(),
            Some((_, '+')) => "a plus stands first, or not at all".to_owned(),
            Some((_, c @ ('x' | 'n'))) => {
                format!("did you mean \"{}\"? X and N are capitals", text.replace(c, &c.to_uppercase().to_string()))
            }
            Some((_, c)) => format!("'{c}' is in no number: digits, * and #, X a digit, N 2 to 9, a last . for one or more of anything"),
        };
        self.faults.error(spot.place, format!("\"{text}\" is no number or pattern"), remedy);
        None
    }

    fn is_reachable(&mut self, pattern: &NumberPattern, from: RouteSource, place: Place, earlier: &[Spot<RouteConfig>]) {
        let takes_all = |route: &RouteConfig| (route.from == RouteSource::Any || route.from == from) && covers(&route.number.0, &pattern.0);
        let Some(first) = earlier.iter().find(|spot| takes_all(&spot.value)) else { return };
        let message = format!("no call gets to this route: \"{}\" before it takes them all", first.value.number.0);
        let remedy = "the first route that fits is taken: put this one first, or take one out";
        self.faults.error_also(place, message, ("the earlier route stands", first.place), remedy);
    }

    pub(super) fn trunks(&mut self, raw: Vec<RawTrunk>) -> Placed<TrunkId, TrunkConfig> {
        let mut trunks: Placed<TrunkId, TrunkConfig> = Placed::new();
        for raw in raw {
            let id = self.required(raw.id.as_ref(), "trunk", "id", raw.place, &raw.given);
            let hosts = raw.hosts.iter().flatten().map(|spot| self.host(spot)).collect();
            let accept_from = raw.accept_from.iter().flatten().filter_map(|spot| self.network(spot)).collect();
            let Some(id) = id else { continue };
            self.identifier(&id.value, id.place);
            let trunk = TrunkConfig { id: TrunkId::new(&id.value), hosts, accept_from };
            if let Some(first) = trunks.get(&trunk.id).map(|spot| spot.place) {
                self.given_twice("trunk", &id.value, id.place, first);
                continue;
            }
            trunks.insert(trunk.id.clone(), Spot { value: trunk, place: id.place });
        }
        trunks
    }

    fn host(&mut self, spot: &Spot<String>) -> TrunkHost {
        parse_host(&spot.value).unwrap_or_else(|| {
            let remedy = "sip:HOST, with :PORT and ;transport=tcp if need be: \"sip:192.0.2.7:5060\"";
            self.faults.error(spot.place, format!("\"{}\" is no host of a trunk", spot.value), remedy);
            // Stands in, so that the trunk is not blamed for having none.
            TrunkHost { host: TrunkHostName::Name(String::new()), port: SIP_PORT, protocol: ListenProtocol::Udp }
        })
    }

    fn network(&mut self, spot: &Spot<String>) -> Option<IpNet> {
        let text = spot.value.as_str();
        let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        match network {
            None => {
                let remedy = "an address and how many of its bits count: \"192.0.2.0/24\", or one address: \"192.0.2.7\"";
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

/// Whether every number that `inner` fits is one that `outer` fits too.
fn covers(outer: &str, inner: &str) -> bool {
    let mut inner = inner.chars();
    for symbol in outer.chars() {
        let fits = match (symbol, inner.next()) {
            ('.', Some(_)) => return true,
            (_, None | Some('.')) => false,
            ('X', Some(c)) => c.is_ascii_digit() || c == 'X' || c == 'N',
            ('N', Some(c)) => ('2'..='9').contains(&c) || c == 'N',
            (literal, Some(c)) => literal == c,
        };
        if !fits {
            return false;
        }
    }
    inner.next().is_none()
}

/// `sip:HOST[:PORT][;transport=udp|tcp]`.
fn parse_host(text: &str) -> Option<TrunkHost> {
    let rest = text.strip_prefix("sip:")?;
    let (address, protocol) = match rest.split_once(';') {
        None | Some((_, "transport=udp")) => (rest.split(';').next()?, ListenProtocol::Udp),
        Some((address, "transport=tcp")) => (address, ListenProtocol::Tcp),
        Some(_) => return None,
    };
    let port_of = |text: &str| text.parse::<u16>().ok().filter(|port| *port != 0 && text.bytes().all(|b| b.is_ascii_digit()));
    // The colon before a port is the last one, and outside the brackets of a version 6 address.
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port_of(port)?),
        _ => (address, SIP_PORT),
    };
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host = match (bare, host.parse::<IpAddr>()) {
        (Some(v6), _) => TrunkHostName::Address(IpAddr::V6(v6.parse().ok()?)),
        (None, Ok(IpAddr::V4(v4))) => TrunkHostName::Address(IpAddr::V4(v4)),
        (None, Ok(IpAddr::V6(_))) => return None,
        (None, Err(_)) if is_host(host) => TrunkHostName::Name(host.to_ascii_lowercase()),
        (None, Err(_)) => return None,
    };
    Some(TrunkHost { host, port, protocol })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_what_is_narrower() {
        for (outer, inner, expected) in [
            ("95000", "95000", true),
            ("XXXX", "1001", true),
            ("XXXX", "NXXX", true),
            ("NXXX", "XXXX", false),
            ("NXXX", "1001", false),
            (".", "95000", true),
            (".", "0.", true),
            ("0.", "0.", true),
            ("0.", "01X.", true),
            ("0.", "0", false),
            ("0.", ".", false),
            ("XXXX", "XXX.", false),
            ("XXXX", "XXXXX", false),
            ("X", "*", false),
        ] {
            assert_eq!(covers(outer, inner), expected, "{outer} covers {inner}");
        }
    }

    #[test]
    fn hosts_of_trunks_are_read_as_sip_writes_them() {
        let host = |text: &str| parse_host(text).map(|host| (host.host, host.port, host.protocol));
        let v4 = TrunkHostName::Address("192.0.2.7".parse().expect("an address"));
        let v6 = TrunkHostName::Address("2001:db8::1".parse().expect("an address"));
        let name = TrunkHostName::Name("sbc.example.com".into());
        for (text, expected) in [
            ("sip:192.0.2.7", Some((v4.clone(), 5060, ListenProtocol::Udp))),
            ("sip:192.0.2.7:5090;transport=udp", Some((v4, 5090, ListenProtocol::Udp))),
            ("sip:[2001:db8::1]", Some((v6.clone(), 5060, ListenProtocol::Udp))),
            ("sip:[2001:db8::1]:5090;transport=tcp", Some((v6, 5090, ListenProtocol::Tcp))),
            ("sip:SBC.example.com", Some((name, 5060, ListenProtocol::Udp))),
            ("192.0.2.7", None),
            ("sips:192.0.2.7", None),
            ("sip:2001:db8::1", None),
            ("sip:host:0", None),
            ("sip:host:99999", None),
            ("sip:host:+5060", None),
            ("sip:host;transport=sctp", None),
            ("sip:user@host", None),
            ("sip:", None),
        ] {
            assert_eq!(host(text), expected, "{text}");
        }
    }
}
