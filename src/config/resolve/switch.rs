//! The switch itself: its name and domain, where it listens, its media and folders, and that its prompts are there.

use super::{Place, Resolver, Spot};
use crate::base::Codec;
use crate::base::srtp::{SrtpPolicy, Suite};
use crate::base::time::secs;
use crate::config::prompts::{MUSIC_FOLDER, MUSIC_ON_HOLD, required_names};
use crate::config::raw::{RawHttp, RawMedia, RawSip, RawStorage, RawSwitch, example_of};
use crate::config::{
    Forwarding, HttpConfig, KeyPair, Listen, ListenProtocol, MediaConfig, Retention, SipConfig, StorageConfig, SwitchConfig,
};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

const HOUR: u64 = 3_600;
/// Letters of a proxy's URI.
const SIP_PROXY_MAX: usize = 200;
/// RFC 4028 §5: no session timer below 90 s.
const SESSION_EXPIRES_LEAST: u64 = 90;
const DEFAULT_PORTS: RangeInclusive<u16> = 20_000..=29_999;
const DEFAULT_HTTP: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// What [media] says of the legs of agents and trunks that say nothing themselves.
pub(super) struct OfLegs {
    pub codecs: Vec<Codec>,
    pub srtp: SrtpPolicy,
}

impl Resolver<'_> {
    pub(super) fn switch(&mut self, raw: &RawSwitch) -> SwitchConfig {
        let domain = self.required(raw.domain.as_ref(), "switch", "domain", raw.place, &raw.given);
        if let Some(domain) = domain
            && !is_host(&domain.value)
        {
            let message = format!("\"{}\" is no domain", domain.value);
            self.faults.error(domain.place, message, "a host name or address, as phones put it after the @: \"sanling.local\"");
        }
        SwitchConfig {
            name: self.label(raw.name.as_ref(), "sanling"),
            domain: domain.map(|spot| spot.value.to_ascii_lowercase()).unwrap_or_default(),
            language: raw.language.as_ref().map_or("zh-CN", |spot| &spot.value).to_owned(),
            drain: self.duration(raw.drain.as_ref(), secs(30), secs(0)..=secs(HOUR)),
        }
    }

    /// The addresses of `sip.listen`, each with its place.
    pub(super) fn listen(&mut self, raw: &RawSip) -> Vec<Spot<Listen>> {
        let list = self.required(raw.listen.as_ref(), "sip", "listen", raw.place, &raw.given).map_or(&[][..], Vec::as_slice);
        let mut listen: Vec<Spot<Listen>> = Vec::new();
        for spot in list {
            match parse_listen(&spot.value) {
                Ok(value) => match listen.iter().find(|other| other.value == value && value.address.port() != 0) {
                    Some(first) => {
                        let message = format!("the switch listens on \"{}\" already", spot.value);
                        self.faults.error_also(spot.place, message, ("first given", first.place), "keep one of the two");
                    }
                    None => listen.push(Spot { value, place: spot.place }),
                },
                Err(remedy) => self.faults.error(spot.place, format!("\"{}\" is no address to listen on", spot.value), remedy),
            }
        }
        if raw.listen.as_ref().is_some_and(Vec::is_empty) {
            self.faults.error(raw.place, "`sip.listen` is empty", format!("for example: {}", example_of("sip", "listen")));
        }
        listen
    }

    /// A hop of a route, in its brackets.
    fn proxy(&mut self, spot: &Spot<String>) -> Option<String> {
        let fine = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b',');
        let uri = spot.value.as_str();
        let fits = uri.len() <= SIP_PROXY_MAX && uri.bytes().all(fine) && uri.strip_prefix("sip:").is_some_and(|rest| !rest.is_empty());
        if !fits || !uri.split(';').any(|param| param == "lr") {
            self.faults.error(spot.place, format!("\"{uri}\" is no proxy on a way"), "the URI of a loose router: \"sip:192.0.2.5;lr\"");
            return None;
        }
        Some(format!("<{uri}>"))
    }

    fn name_server(&mut self, spot: &Spot<String>) -> Option<SocketAddr> {
        let address = spot.value.parse().ok().or_else(|| spot.value.parse().ok().map(|ip: IpAddr| SocketAddr::new(ip, 53)));
        if address.is_none() {
            let remedy = "its address, and its port if need be: \"192.0.2.53:53\"";
            self.faults.error(spot.place, format!("\"{}\" is no name server", spot.value), remedy);
        }
        address
    }

    pub(super) fn sip(&mut self, raw: &RawSip, listen: &[Spot<Listen>], tls: Option<KeyPair>) -> SipConfig {
        let session = secs(SESSION_EXPIRES_LEAST)..=secs(24 * HOUR);
        let life = secs(1)..=secs(24 * HOUR);
        let config = SipConfig {
            listen: listen.iter().map(|spot| spot.value).collect(),
            session_expires: self.duration(raw.session_expires.as_ref(), secs(30 * 60), session.clone()),
            min_session_expires: self.duration(raw.min_session_expires.as_ref(), secs(SESSION_EXPIRES_LEAST), session),
            registration_min: self.duration(raw.registration_min.as_ref(), secs(60), life.clone()),
            registration_max: self.duration(raw.registration_max.as_ref(), secs(HOUR), life.clone()),
            registration_default: self.duration(raw.registration_default.as_ref(), secs(10 * 60), life),
            service_route: raw.service_route.iter().flatten().filter_map(|spot| self.proxy(spot)).collect(),
            forwarding: self.choice(raw.forwarding.as_ref(), "way to treat calls that phones send on", &Forwarding::NAMES, Forwarding::Off),
            dns: raw.dns.iter().flatten().filter_map(|spot| self.name_server(spot)).collect(),
            guard: self.guard(raw.guard.as_ref().unwrap_or(&crate::config::raw::RawGuard::default())),
            tls,
            phone_ca: None,
        };
        if config.min_session_expires > config.session_expires {
            let place = raw.min_session_expires.as_ref().or(raw.session_expires.as_ref()).map_or(raw.place, |spot| spot.place);
            self.faults.error(place, "`sip.min_session_expires` is longer than `sip.session_expires`", "make it as long or shorter");
        }
        let (least, most) = (config.registration_min, config.registration_max);
        if least > most || !(least..=most).contains(&config.registration_default) {
            let given = [&raw.registration_default, &raw.registration_min, &raw.registration_max];
            let place = given.into_iter().flatten().next().map_or(raw.place, |spot| spot.place);
            let remedy = "registration_min ≤ registration_default ≤ registration_max; not given they are 60s, 10m and 1h";
            self.faults.error(place, "the lives of registrations do not fit together", remedy);
        }
        config
    }

    pub(super) fn media(&mut self, raw: &RawMedia) -> MediaConfig {
        let workers = self.number(raw.workers.as_ref(), 1..=256).and_then(|workers| usize::try_from(workers).ok());
        MediaConfig {
            ports: self.ports(raw.ports.as_ref()),
            codecs: self.codecs(raw.codecs.as_ref(), ("media", raw.place), &Codec::ALL),
            rtp_timeout: self.duration(raw.rtp_timeout.as_ref(), secs(30), secs(1)..=secs(HOUR)),
            workers,
            srtp_suites: self.suites(raw),
        }
    }

    fn ports(&mut self, spot: Option<&Spot<String>>) -> RangeInclusive<u16> {
        let Some(spot) = spot else { return DEFAULT_PORTS };
        let bounds = spot.value.split_once('-').and_then(|(first, last)| {
            let port = |text: &str| text.trim().parse::<u16>().ok().filter(|_| text.trim().bytes().all(|b| b.is_ascii_digit()));
            Some((port(first)?, port(last)?))
        });
        let (first, last) = bounds.unwrap_or((0, 0));
        let remedy = match bounds {
            None => "two ports and a hyphen: \"20000-29999\"".to_owned(),
            Some(_) if first >= last => "the smaller port first: \"20000-29999\"".to_owned(),
            Some(_) if first < 1024 => "ports from 1024 on; those below belong to the system".to_owned(),
            Some(_) if first % 2 == 1 => format!("RTP takes even ports: begin at {}", first.saturating_add(1)),
            Some(_) if last % 2 == 0 => format!("RTCP takes the odd port after RTP's: end at {}", last.saturating_sub(1)),
            Some(_) if last - first < 3 => "a call has two legs of two ports each: at least four ports".to_owned(),
            Some(_) => return first..=last,
        };
        self.faults.error(spot.place, format!("\"{}\" is no range of media ports", spot.value), remedy);
        DEFAULT_PORTS
    }

    /// The codecs of a table, in order of preference; `default` where the key is not given.
    pub(super) fn codecs(&mut self, list: Option<&Vec<Spot<String>>>, (table, place): (&str, Place), default: &[Codec]) -> Vec<Codec> {
        const KNOWN: [Codec; 4] = Codec::ALL;
        let Some(list) = list else { return default.to_vec() };
        let mut codecs: Vec<(Codec, &Spot<String>)> = Vec::new();
        for spot in list {
            match KNOWN.into_iter().find(|codec| codec.name() == spot.value) {
                Some(codec) => match codecs.iter().find(|(other, _)| *other == codec) {
                    Some((_, first)) => {
                        let message = format!("\"{codec}\" is given twice");
                        self.faults.error_also(spot.place, message, ("first given", first.place), "keep one of the two");
                    }
                    None => codecs.push((codec, spot)),
                },
                None => self.unknown_word(spot.place, &spot.value, "codec", KNOWN.map(Codec::name)),
            }
        }
        if list.is_empty() {
            self.faults.error(place, format!("`{table}.codecs` is empty"), format!("for example: {}", example_of(table, "codecs")));
        }
        codecs.into_iter().map(|(codec, _)| codec).collect()
    }

    fn suites(&mut self, raw: &RawMedia) -> Vec<Suite> {
        let Some(list) = &raw.srtp_suites else { return Suite::ALL.to_vec() };
        let mut suites: Vec<Suite> = Vec::new();
        for spot in list {
            match spot.value.parse() {
                Ok(suite) if suites.contains(&suite) => {
                    self.faults.error(spot.place, format!("\"{suite}\" is given twice"), "keep one of the two");
                }
                Ok(suite) => suites.push(suite),
                Err(_) => self.unknown_word(spot.place, &spot.value, "SRTP suite", Suite::ALL.map(Suite::name)),
            }
        }
        if list.is_empty() {
            self.faults.error(raw.place, "`media.srtp_suites` is empty", format!("for example: {}", example_of("media", "srtp_suites")));
        }
        suites
    }

    /// Whether sound is encrypted; `default` where the key is not given.
    pub(super) fn srtp(&mut self, spot: Option<&Spot<String>>, default: SrtpPolicy) -> SrtpPolicy {
        let words = [("off", SrtpPolicy::Off), ("optional", SrtpPolicy::Optional), ("required", SrtpPolicy::Required)];
        self.choice(spot, "policy of encryption", &words, default)
    }

    pub(super) fn http(&mut self, raw: &RawHttp) -> HttpConfig {
        let parsed = raw.listen.as_ref().map(|spot| (spot, spot.value.parse()));
        let listen = match parsed {
            None => DEFAULT_HTTP,
            Some((_, Ok(address))) => address,
            Some((spot, Err(_))) => {
                let message = format!("\"{}\" is no address to listen on", spot.value);
                self.faults.error(spot.place, message, "an address and a port: \"127.0.0.1:8080\" or \"[::1]:8080\"");
                DEFAULT_HTTP
            }
        };
        HttpConfig { listen, tls: raw.tls.as_ref().is_some_and(|spot| spot.value) }
    }

    pub(super) fn storage(&mut self, raw: &RawStorage) -> StorageConfig {
        let mut folder = |spot: Option<&Spot<String>>, default: &str| {
            let Some(spot) = spot else { return PathBuf::from(default) };
            if spot.value.trim().is_empty() || spot.value.chars().any(char::is_control) {
                self.faults.error(spot.place, "this is no folder", format!("a path, such as \"{default}\""));
            }
            PathBuf::from(&spot.value)
        };
        let data = folder(raw.data.as_ref(), "data");
        let recordings = folder(raw.recordings.as_ref(), "recordings");
        if data == recordings {
            let place = raw.recordings.as_ref().or(raw.data.as_ref()).map_or(raw.place, |spot| spot.place);
            self.faults.error(place, "data and recordings are the same folder", "give each a folder of its own");
        }
        let retention = raw.retention.as_ref().map_or_else(Retention::default, |raw| self.retention(raw));
        StorageConfig { data, recordings, retention }
    }

    /// Every prompt of the language, and music on hold, must be there and readable.
    pub(super) fn prompts_of_language(&mut self, raw: &RawSwitch, language: &str) {
        let place = raw.language.as_ref().map_or(raw.place, |spot| spot.place);
        let prompts = self.prompts;
        if prompts.folders.contains_key(language) && language != MUSIC_FOLDER {
            self.folder_has(place, language, required_names());
        } else {
            self.unknown_word(place, language, "folder of prompts for the language", prompts.languages());
        }
        self.folder_has(place, MUSIC_FOLDER, [MUSIC_ON_HOLD.to_owned()].into_iter());
    }

    pub(super) fn folder_has(&mut self, place: Place, folder: &str, names: impl Iterator<Item = String>) {
        let empty = crate::config::prompts::PromptFolder::default();
        let found = self.prompts.folders.get(folder).unwrap_or(&empty);
        let missing: Vec<String> = names
            .filter(|name| !found.readable.contains(name) && !found.unreadable.contains_key(name))
            .map(|name| format!("{name}.wav"))
            .collect();
        if !missing.is_empty() {
            let remedy = format!("put them into prompts/{folder}/, or make them with `make prompts`");
            self.faults.error(place, format!("prompts/{folder}/ lacks {}", missing.join(", ")), remedy);
        }
        for (name, reason) in &found.unreadable {
            let remedy = "a mono WAV of 16 bits, at any sample rate";
            self.faults.error(place, format!("prompts/{folder}/{name}.wav cannot be read: {reason}"), remedy);
        }
    }
}

/// `udp:ADDRESS:PORT`, `tcp:…` or `tls:…`; the error is what would be right.
fn parse_listen(text: &str) -> Result<Listen, String> {
    let example = "a transport, an address and a port: \"udp:127.0.0.1:5060\", \"tcp:[::1]:5060\" or \"tls:192.168.1.10:5061\"";
    let (protocol, address) = text.split_once(':').ok_or(example)?;
    let protocol = match protocol {
        "udp" => ListenProtocol::Udp,
        "tcp" => ListenProtocol::Tcp,
        "tls" => ListenProtocol::Tls,
        "ws" | "wss" => return Err(format!("{protocol} is not built yet; the transports are udp, tcp and tls")),
        _ => return Err(example.to_owned()),
    };
    let address = address.parse().map_err(|_| example)?;
    Ok(Listen { protocol, address })
}

/// A host name or a literal address, as it may stand in a SIP URI (RFC 3261 §25.1, `host`).
pub(super) fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => text.len() <= 253 && text.split('.').all(label),
    }
}
