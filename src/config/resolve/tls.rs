//! TLS and encryption: certificates that are there and fit, and keys of sound that nobody overhears.

use super::switch::is_host;
use super::{Place, Placed, Resolver, Spot};
use crate::base::srtp::SrtpPolicy;
use crate::base::{AgentId, TrunkId};
use crate::config::raw::{RawHttp, RawSip, RawTls, RawTrunk};
use crate::config::{AgentConfig, Finding, KeyPair, Listen, ListenProtocol, TrunkConfig, TrunkTls};
use std::path::PathBuf;

/// How to have a certificate, in one line.
const HOW: &str = "[tls] certificate = \"tls/cert.pem\" and key = \"tls/key.pem\"; to try it: openssl req -x509 -newkey ec -pkeyopt \
                   ec_paramgen_curve:P-256 -nodes -days 365 -subj /CN=HOST -addext subjectAltName=DNS:HOST -keyout key.pem -out cert.pem";

impl Resolver<'_> {
    /// With what is listened over TLS, by phones and by pages.
    pub(super) fn tls(&mut self, raw: &RawTls, listen: &[Spot<Listen>], http: &RawHttp) -> Option<KeyPair> {
        let pair = self.pair(raw.certificate.as_ref(), raw.key.as_ref(), (raw.given.contains("certificate"), raw.given.contains("key")));
        let phones = listen.iter().find(|spot| spot.value.protocol == ListenProtocol::Tls).map(|spot| spot.place);
        let listens = phones.or_else(|| http.tls.as_ref().filter(|spot| spot.value).map(|spot| spot.place));
        match (listens, &pair) {
            (Some(place), None) if !raw.given.contains("certificate") && !raw.given.contains("key") => {
                self.faults.error(place, "over TLS it listens with a certificate, and none is given", HOW);
            }
            (None, Some(_)) => {
                let remedy = "add \"tls:ADDRESS:5061\" to sip.listen, or `tls = true` to [http], or leave [tls] out";
                self.faults.warning(raw.place, "a certificate is given, and nothing listens over TLS", remedy);
            }
            _ => {}
        }
        pair
    }

    /// By whose certificates phones are known that are called over TLS.
    pub(super) fn phone_ca(&mut self, raw: &RawTls, listen: &[Spot<Listen>]) -> Option<PathBuf> {
        let ca = raw.phone_ca.as_ref()?;
        for finding in self.certificates.authorities(&ca.value) {
            self.found(ca.place, finding);
        }
        if !listen.iter().any(|spot| spot.value.protocol == ListenProtocol::Tls) {
            let remedy = "add \"tls:ADDRESS:5061\" to sip.listen, or leave phone_ca out";
            self.faults.warning(ca.place, "phones are to be called over TLS, and the switch has no address for it", remedy);
        }
        Some(PathBuf::from(&ca.value))
    }

    /// `given`: the certificate, and the key, be they right or wrong.
    fn pair(&mut self, certificate: Option<&Spot<String>>, key: Option<&Spot<String>>, given: (bool, bool)) -> Option<KeyPair> {
        let remedy = "give both `certificate` and `key`, each a PEM file, relative to this folder";
        match (certificate, key) {
            (Some(certificate), Some(key)) => {
                for finding in self.certificates.pair(&certificate.value, &key.value) {
                    let place = if finding.of_key { key.place } else { certificate.place };
                    self.found(place, finding);
                }
                Some(KeyPair { certificate: PathBuf::from(&certificate.value), key: PathBuf::from(&key.value) })
            }
            (Some(certificate), None) if !given.1 => {
                self.faults.error(certificate.place, "a certificate without its key", remedy);
                None
            }
            (None, Some(key)) if !given.0 => {
                self.faults.error(key.place, "a key without its certificate", remedy);
                None
            }
            _ => None,
        }
    }

    fn found(&mut self, place: Place, finding: Finding) {
        let Finding { is_error, message, remedy, .. } = finding;
        if is_error {
            self.faults.error(place, message, remedy);
        } else {
            self.faults.warning(place, message, remedy);
        }
    }

    pub(super) fn trunk_tls(&mut self, raw: &RawTrunk) -> TrunkTls {
        let own = self.pair(raw.certificate.as_ref(), raw.key.as_ref(), (raw.given.contains("certificate"), raw.given.contains("key")));
        if let Some(ca) = &raw.ca {
            for finding in self.certificates.authorities(&ca.value) {
                self.found(ca.place, finding);
            }
        }
        let accept_certificate = raw.accept_certificate.as_ref().and_then(|spot| {
            if !is_host(&spot.value) {
                let remedy = "the name in the carrier's certificate: \"sbc.carrier.example\"";
                self.faults.error(spot.place, format!("\"{}\" is no name of a certificate", spot.value), remedy);
                return None;
            }
            Some(spot.value.to_ascii_lowercase())
        });
        TrunkTls { ca: raw.ca.as_ref().map(|ca| PathBuf::from(&ca.value)), own, accept_certificate }
    }

    /// What of TLS and encryption does not fit together.
    pub(super) fn secrets_stay_secret(
        &mut self,
        raw_sip: &RawSip,
        listen: &[Spot<Listen>],
        agents: &Placed<AgentId, AgentConfig>,
        trunks: &Placed<TrunkId, TrunkConfig>,
    ) {
        let listens_over_tls = listen.iter().any(|spot| spot.value.protocol == ListenProtocol::Tls);
        let remedy = "add \"tls:ADDRESS:5061\" to sip.listen, and have phones register over TLS";
        let encrypted = agents.values().find(|agent| agent.value.srtp != SrtpPolicy::Off);
        if let Some(Spot { value: agent, place }) = encrypted.filter(|_| !listens_over_tls) {
            let message = format!("the keys that encrypt the sound of agent \"{}\" are sent in clear: nothing listens over TLS", agent.id);
            self.faults.warning(*place, message, remedy);
        }
        for Spot { value: trunk, place } in trunks.values() {
            let over_tls = |host: &&crate::config::TrunkHost| host.protocol == ListenProtocol::Tls;
            if trunk.srtp != SrtpPolicy::Off && trunk.hosts.iter().any(|host| !over_tls(&host)) {
                let message =
                    format!("the keys that encrypt the sound of trunk \"{}\" are sent in clear: it is not called over TLS", trunk.id);
                self.faults.warning(*place, message, "write its hosts with ;transport=tls");
            }
            if !listens_over_tls && (trunk.hosts.iter().any(|host| over_tls(&host)) || trunk.tls.accept_certificate.is_some()) {
                let also = listen.first().map_or(raw_sip.place, |spot| spot.place);
                let message = format!("trunk \"{}\" speaks over TLS, and the switch has no address for it", trunk.id);
                self.faults.error_also(*place, message, ("it listens", also), "add \"tls:ADDRESS:5061\" to sip.listen, and [tls]");
            }
        }
    }
}
