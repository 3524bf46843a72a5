//! Certificates and keys: read from their files, judged for `sanling check`, and made into what connections begin with. What happens on
//! a connection is `net`'s.

use crate::config::{CertificateFiles, Config, Finding, HostQuestion, KeyPair, ListenProtocol, TrunkConfig, TrunkHost, TrunkHostName};
use crate::sip::Protocol;
use crate::switch::input::FoundHosts;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// A certificate is spoken of when it has no longer than this: what renews them does so thirty days before.
const EXPIRES_SOON: i64 = 14 * 86_400;
/// No certificate is longer, and nobody means a disk.
const FILE_MAX: u64 = 1 << 20;

/// What connections begin with; made whole, swapped whole.
#[derive(Default)]
pub struct Material {
    /// For those that come in, where TLS is listened for.
    pub server: Option<ServerSide>,
    /// For pages and programs, where they come over TLS.
    pub pages: Option<Arc<ServerConfig>>,
    /// For those that go out to trunks.
    pub trunks: Vec<TrunkSide>,
    /// For those that go out to phones, where the configuration says whose certificates they have.
    pub phones: Option<Arc<ClientConfig>>,
}

pub struct ServerSide {
    pub config: Arc<ServerConfig>,
    /// Judges the certificates of those who bring one; where no trunk is known by one, none is asked for.
    pub judge: Option<Arc<dyn ClientCertVerifier>>,
}

/// A trunk's host, and how it is spoken to.
#[derive(Clone)]
pub struct TrunkSide {
    pub place: Place,
    /// Which its certificate must have.
    pub name: ServerName<'static>,
    pub config: Arc<ClientConfig>,
}

/// Where a trunk's host is.
#[derive(Clone)]
pub enum Place {
    At(SocketAddr),
    /// Where the answer to this leads.
    Where(HostQuestion),
}

/// Why there is none; for the operator.
#[derive(Debug)]
pub struct Unusable(String);

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unusable {}

fn unusable(error: impl fmt::Display) -> Unusable {
    Unusable(error.to_string())
}

/// ring's, named: a process may have others.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

impl Material {
    /// Reads what the configuration in `folder` names.
    ///
    /// # Errors
    /// A file cannot be read, or does not fit; the text names it.
    pub fn load(config: &Config, folder: &Path) -> Result<Self, Unusable> {
        let server = config.sip.tls.as_ref().map(|pair| server_side(pair, config, folder)).transpose()?;
        let spoken = config.sip.listen.iter().any(|listen| listen.protocol == ListenProtocol::Tls);
        let mut trunks = Vec::new();
        for trunk in config.trunks.values() {
            trunks.extend(trunk_sides(trunk, spoken, folder)?);
        }
        let pages = config.sip.tls.as_ref().filter(|_| config.http.tls).map(|pair| pages_side(pair, folder)).transpose()?;
        let phones =
            config.sip.phone_ca.as_deref().filter(|_| spoken).map(|ca| phone_side(ca, config.sip.tls.as_ref(), folder)).transpose()?;
        Ok(Self { server, pages, trunks, phones })
    }
}

/// To a phone we show who we are, should it ask (RFC 3261 §26.3.1).
fn phone_side(ca: &Path, own: Option<&KeyPair>, folder: &Path) -> Result<Arc<ClientConfig>, Unusable> {
    let config = client_config(authorities(Some(ca), folder)?, own, folder)?;
    Ok(Arc::new(config))
}

/// How somebody is spoken to whom one of these authorities has to vouch for.
fn client_config(roots: RootCertStore, own: Option<&KeyPair>, folder: &Path) -> Result<ClientConfig, Unusable> {
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build().map_err(unusable)?;
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(unusable)?;
    let builder = builder.with_webpki_verifier(verifier);
    match own {
        None => Ok(builder.with_no_client_auth()),
        Some(own) => {
            let pair = Pair::read(&folder.join(&own.certificate), &folder.join(&own.key)).map_err(|fault| Unusable(fault.message))?;
            builder.with_client_auth_cert(pair.chain, pair.key).map_err(unusable)
        }
    }
}

fn pages_side(pair: &KeyPair, folder: &Path) -> Result<Arc<ServerConfig>, Unusable> {
    let pair = Pair::read(&folder.join(&pair.certificate), &folder.join(&pair.key)).map_err(|fault| Unusable(fault.message))?;
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(unusable)?;
    let mut config = builder.with_no_client_auth().with_single_cert(pair.chain, pair.key).map_err(unusable)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn server_side(pair: &KeyPair, config: &Config, folder: &Path) -> Result<ServerSide, Unusable> {
    let pair = Pair::read(&folder.join(&pair.certificate), &folder.join(&pair.key)).map_err(|fault| Unusable(fault.message))?;
    let judge = client_judge(config, folder)?;
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(unusable)?;
    let builder = match &judge {
        Some(judge) => builder.with_client_cert_verifier(Arc::new(lenient::Asks(judge.clone()))),
        None => builder.with_no_client_auth(),
    };
    let config = builder.with_single_cert(pair.chain, pair.key).map_err(unusable)?;
    Ok(ServerSide { config: Arc::new(config), judge })
}

/// Who judges certificates of callers: by the authorities of all trunks that are known by one.
fn client_judge(config: &Config, folder: &Path) -> Result<Option<Arc<dyn ClientCertVerifier>>, Unusable> {
    let by_certificate: Vec<&TrunkConfig> = config.trunks.values().filter(|trunk| trunk.tls.accept_certificate.is_some()).collect();
    if by_certificate.is_empty() {
        return Ok(None);
    }
    let mut roots = RootCertStore::empty();
    for trunk in &by_certificate {
        roots.roots.extend(authorities(trunk.tls.ca.as_deref(), folder)?.roots);
    }
    let judge = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build().map_err(unusable)?;
    Ok(Some(judge))
}

/// `spoken`: we can use TLS, should a name's owner want it (NAPTR, RFC 3263 §4.1).
fn trunk_sides(trunk: &TrunkConfig, spoken: bool, folder: &Path) -> Result<Vec<TrunkSide>, Unusable> {
    let is_tls = |host: &&TrunkHost| host.protocol == ListenProtocol::Tls;
    let may_be = |host: &&TrunkHost| {
        let open = host.question().is_some_and(|question| question.port.is_none() && question.protocol.is_none());
        is_tls(host) || spoken && open
    };
    let hosts: Vec<_> = trunk.hosts.iter().filter(may_be).collect();
    if hosts.is_empty() {
        return Ok(Vec::new());
    }
    let roots = match authorities(trunk.tls.ca.as_deref(), folder) {
        Ok(roots) => roots,
        // Then it is not spoken to over TLS; nobody has said that it is to be.
        Err(_) if !trunk.hosts.iter().any(|host| is_tls(&host)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let config = client_config(roots, trunk.tls.own.as_ref(), folder)?;
    let config = Arc::new(config);
    let side = |host: &TrunkHost| {
        // RFC 5922 §7.1: the name that was asked for, not what it led to. An address is no name: then the one by which the trunk calls.
        let name = match (&host.host, &trunk.tls.accept_certificate) {
            (TrunkHostName::Name(name), _) | (TrunkHostName::Address(_), Some(name)) => {
                ServerName::try_from(name.clone()).map_err(|_| Unusable(format!("\"{name}\" is no name of a certificate")))?
            }
            (TrunkHostName::Address(ip), None) => ServerName::IpAddress((*ip).into()),
        };
        let place = match &host.host {
            TrunkHostName::Address(ip) => Place::At(SocketAddr::new(*ip, host.port)),
            TrunkHostName::Name(name) => Place::Where(host.question_of(name)),
        };
        Ok(TrunkSide { place, name, config: config.clone() })
    };
    hosts.into_iter().map(side).collect()
}

/// The certificates of a file, or of the system's store.
fn authorities(file: Option<&Path>, folder: &Path) -> Result<RootCertStore, Unusable> {
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            for certificate in read_certificates(&folder.join(file)).map_err(|fault| Unusable(fault.message))? {
                roots.add(certificate).map_err(|error| Unusable(format!("{}: {error}", file.display())))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                let why = "this machine trusts no authority for certificates: install ca-certificates, or give the trunk `ca`";
                return Err(Unusable(why.to_owned()));
            }
        }
    }
    Ok(roots)
}

/// A certificate chain and the key that fits its first.
struct Pair {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// What is wrong with a file.
struct Fault {
    of_key: bool,
    message: String,
    remedy: String,
}

impl Pair {
    fn read(certificate: &Path, key: &Path) -> Result<Self, Fault> {
        let chain = read_certificates(certificate)?;
        let of_key = |fault: Fault| Fault { of_key: true, ..fault };
        let text = read(key).map_err(of_key)?;
        let private = PrivateKeyDer::from_pem_slice(&text).map_err(|_| Fault {
            of_key: true,
            message: format!("{} has no private key that can be read", key.display()),
            remedy: "PEM, \"-----BEGIN PRIVATE KEY-----\", without a password: openssl pkey -in OLD -out NEW takes one off".to_owned(),
        })?;
        // A key without a certificate of its own is used, and yet not this one's.
        match CertifiedKey::from_der(chain.clone(), private.clone_key(), &provider()) {
            Ok(_) => Ok(Self { chain, key: private }),
            Err(rustls::Error::InconsistentKeys(_)) => Err(Fault {
                of_key: true,
                message: format!("{} is not the key of {}", key.display(), certificate.display()),
                remedy: "give the key that the certificate was made with; its first certificate is the server's own".to_owned(),
            }),
            Err(error) => Err(Fault {
                of_key: true,
                message: format!("{} and {} cannot be used: {error}", certificate.display(), key.display()),
                remedy: "an RSA key of 2048 bits or more, or ECDSA on P-256 or P-384, or Ed25519".to_owned(),
            }),
        }
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let text = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    found.ok().filter(|found| !found.is_empty()).ok_or_else(|| Fault {
        of_key: false,
        message: format!("{} has no certificate that can be read", path.display()),
        remedy: "PEM, \"-----BEGIN CERTIFICATE-----\": the server's own first, then those that lead to its authority".to_owned(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    let read = || {
        let length = std::fs::metadata(path)?.len();
        if length > FILE_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is {length} bytes long")));
        }
        std::fs::read(path)
    };
    read().map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => "the path is relative to the configuration's folder, or begins with /".to_owned(),
            io::ErrorKind::PermissionDenied => {
                format!("the user that runs the switch must be able to read it: setfacl -m u:USER:r {}", path.display())
            }
            _ => "a PEM file".to_owned(),
        };
        Fault { of_key: false, message: format!("{} cannot be read: {error}", path.display()), remedy }
    })
}

/// Reads and judges what a configuration names, relative to its folder.
#[derive(Clone, Debug)]
pub struct Judge {
    pub folder: PathBuf,
}

impl Judge {
    fn age(path: &Path, certificates: &[CertificateDer<'static>]) -> Vec<Finding> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
        certificates.iter().filter_map(|certificate| aged(path, certificate, now)).collect()
    }
}

/// What the dates of a certificate have to say.
fn aged(path: &Path, certificate: &CertificateDer<'_>, now: i64) -> Option<Finding> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    let (from, until) = (parsed.validity().not_before.timestamp(), parsed.validity().not_after.timestamp());
    let day =
        |seconds: i64| jiff::Timestamp::from_second(seconds).map_or_else(|_| "?".to_owned(), |at| at.strftime("%Y-%m-%d").to_string());
    let (path, subject) = (path.display(), parsed.subject().to_string());
    let message = if until <= now {
        format!("{path}: the certificate of {subject} has expired on {}", day(until))
    } else if from > now {
        format!("{path}: the certificate of {subject} is not good before {}", day(from))
    } else if until - now < EXPIRES_SOON {
        format!("{path}: the certificate of {subject} expires on {}", day(until))
    } else {
        return None;
    };
    let remedy = "renew it, and `sanling reload`: connections that are open stay".to_owned();
    Some(Finding { of_key: false, is_error: false, message, remedy })
}

fn error(Fault { of_key, message, remedy }: Fault) -> Vec<Finding> {
    vec![Finding { of_key, is_error: true, message, remedy }]
}

impl CertificateFiles for Judge {
    fn pair(&self, certificate: &str, key: &str) -> Vec<Finding> {
        let path = self.folder.join(certificate);
        match Pair::read(&path, &self.folder.join(key)) {
            Ok(pair) => Self::age(&path, &pair.chain),
            Err(fault) => error(fault),
        }
    }

    fn authorities(&self, file: &str) -> Vec<Finding> {
        let path = self.folder.join(file);
        match read_certificates(&path) {
            Ok(certificates) => Self::age(&path, &certificates),
            Err(fault) => error(fault),
        }
    }
}

impl TrunkSide {
    /// Whether it is at that address, of those that its name leads to.
    #[must_use]
    pub fn is_at(&self, peer: SocketAddr, found: &FoundHosts) -> bool {
        match &self.place {
            Place::At(address) => *address == peer,
            Place::Where(question) => {
                let targets = found.get(question).and_then(|targets| targets.as_ref().ok());
                targets.is_some_and(|targets| targets.iter().any(|target| target.protocol == Protocol::Tls && target.address == peer))
            }
        }
    }
}

/// The names for which a certificate was given (RFC 5922 §7.1): of URIs `sip:HOST`, else of DNS; lower case, without wildcards.
#[must_use]
pub fn names_of(certificate: &CertificateDer<'_>) -> Vec<String> {
    let Ok(certificate) = webpki::EndEntityCert::try_from(certificate) else { return Vec::new() };
    let of_uris = certificate.valid_uri_names().filter_map(|uri| uri.strip_prefix("sip:").filter(|host| !host.contains('@')));
    let mut names: Vec<String> = of_uris.map(str::to_ascii_lowercase).collect();
    if names.is_empty() {
        names = certificate.valid_dns_names().filter(|name| !name.starts_with("*.")).map(str::to_ascii_lowercase).collect();
    }
    names
}

/// Whether a certificate is for that very name, in lower case; one for all below another is not (RFC 5922 §7.2).
pub fn is_for(certificate: &CertificateDer<'_>, name: &str) -> bool {
    let certificate = webpki::EndEntityCert::try_from(certificate);
    certificate.is_ok_and(|certificate| certificate.valid_dns_names().any(|known| known.eq_ignore_ascii_case(name)))
}

mod lenient {
    //! Asks for a certificate and takes any, if its key is there too: phones bring those of their makers. Whether it says who is calling is
    //! judged once it is known.

    use rustls::client::danger::HandshakeSignatureValid;
    use rustls::pki_types::{CertificateDer, UnixTime};
    use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
    use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
    use std::sync::Arc;

    #[derive(Debug)]
    pub(super) struct Asks(pub Arc<dyn ClientCertVerifier>);

    impl ClientCertVerifier for Asks {
        fn client_auth_mandatory(&self) -> bool {
            false
        }

        fn root_hint_subjects(&self) -> &[DistinguishedName] {
            self.0.root_hint_subjects()
        }

        fn verify_client_cert(&self, _: &CertificateDer<'_>, _: &[CertificateDer<'_>], _: UnixTime) -> Result<ClientCertVerified, Error> {
            Ok(ClientCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            self.0.verify_tls12_signature(message, certificate, signature)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signature: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            self.0.verify_tls13_signature(message, certificate, signature)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.supported_verify_schemes()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{PromptInventory, SourceFile, examine_with};
    use rcgen::{CertificateParams, KeyPair as Key, date_time_ymd};

    /// A certificate signed by itself, good between these years, and its key.
    fn signed((from, until): (i32, i32)) -> (String, String) {
        let key = Key::generate().expect("a key");
        let mut params = CertificateParams::new(vec!["pbx.example".to_owned()]).expect("a name");
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
        (params.self_signed(&key).expect("signed").pem(), key.serialize_pem())
    }

    /// What `check` says, errors and warnings, of a configuration with [tls] in lines 4 and 5.
    fn told(folder: &Path) -> Vec<String> {
        let text =
            "[switch]\ndomain = \"d\"\n[tls]\ncertificate = \"own.pem\"\nkey = \"own-key.pem\"\n[sip]\nlisten = [\"tls:127.0.0.1:5061\"]\n";
        let files = [SourceFile { path: "switch.toml".to_owned(), text: text.to_owned() }];
        let prompts = PromptInventory::complete(&["zh-CN", "en-US"]);
        let outcome = examine_with(&files, &[], &prompts, &Judge { folder: folder.to_owned() });
        let errors = outcome.config.err().unwrap_or_default();
        errors
            .iter()
            .map(|error| format!("error {error}"))
            .chain(outcome.warnings.iter().map(|warning| format!("warning {warning}")))
            .collect()
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_at_its_place_with_what_would_help() {
        let (good, key) = signed((2020, 2120));
        let (_, other) = signed((2020, 2120));
        let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        let soon = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
        assert!(soon.year() < 2119, "the certificates of this test have run out");
        let (expired, expired_key) = signed((2001, 2002));
        let (early, early_key) = signed((2110, 2120));
        for (certificate, key, expected) in [
            (Some(good.as_str()), Some(key.as_str()), None),
            (None, Some(&key), Some(("error switch.toml:4:15", "own.pem cannot be read", "relative to the configuration's folder"))),
            (Some(&good), None, Some(("error switch.toml:5:7", "own-key.pem cannot be read", "relative to the configuration's folder"))),
            (Some("rubbish"), Some(&key), Some(("error switch.toml:4:15", "no certificate that can be read", "BEGIN CERTIFICATE"))),
            (Some(&key), Some(&key), Some(("error switch.toml:4:15", "no certificate that can be read", "BEGIN CERTIFICATE"))),
            (Some(&good), Some("rubbish"), Some(("error switch.toml:5:7", "no private key that can be read", "without a password"))),
            (Some(&good), Some(&encrypted), Some(("error switch.toml:5:7", "no private key that can be read", "without a password"))),
            (Some(&good), Some(&other), Some(("error switch.toml:5:7", "is not the key of", "made with"))),
            (Some(&expired), Some(&expired_key), Some(("warning switch.toml:4:15", "has expired on 2002-01-01", "sanling reload"))),
            (Some(&early), Some(&early_key), Some(("warning switch.toml:4:15", "is not good before 2110-01-01", "sanling reload"))),
        ] {
            let folder = tempfile::tempdir().expect("a folder");
            for (name, text) in [("own.pem", certificate), ("own-key.pem", key)] {
                if let Some(text) = text {
                    std::fs::write(folder.path().join(name), text).expect("written");
                }
            }
            let told = told(folder.path());
            match expected {
                None => assert_eq!(told, [] as [String; 0]),
                Some((place, message, remedy)) => {
                    assert_eq!(told.len(), 1, "{told:#?}");
                    assert!(told[0].starts_with(place) && told[0].contains(message) && told[0].contains(remedy), "{}", told[0]);
                    assert!(!told[0].contains("BEGIN PRIVATE KEY-----\nM"), "no key is shown");
                }
            }
        }
    }

    #[test]
    fn a_certificate_is_spoken_of_two_weeks_before_it_ends() {
        let (pem, _) = signed((2020, 2030));
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).expect("PEM");
        let end: i64 = "2030-01-01T00:00:00Z".parse::<jiff::Timestamp>().expect("a time").as_second();
        let says = |now: i64| aged(Path::new("own.pem"), &certificate, now).map(|finding| finding.message);
        assert_eq!(says(end - EXPIRES_SOON), None);
        assert!(says(end - EXPIRES_SOON + 1).is_some_and(|message| message.contains("expires on 2030-01-01")));
        assert!(says(end).is_some_and(|message| message.contains("has expired")));
    }
}
