//! TLS with real peers: certificates good and bad, made here; who is let in, who is connected to, and what a reload changes.

use super::*;
use crate::base::limits::SWITCH_INBOX_MAX;
use crate::config::{Config, PromptInventory, SourceFile, TrunkHost, resolve};
use crate::io::tls::Material;
use crate::switch::input::{Found, FoundHosts};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

const DEADLINE: Duration = Duration::from_secs(5);
/// The years in which a certificate is good.
const NOW: (i32, i32) = (2020, 2120);
const LONG_AGO: (i32, i32) = (2001, 2002);

/// One who signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate with its key, PEM.
struct Signed {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![]).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("signed").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn signs(&self, names: &[&str], (from, until): (i32, i32)) -> Signed {
        let key = KeyPair::generate().expect("a key");
        let plain: Vec<String> = names.iter().filter(|name| !name.starts_with("sip:")).map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(plain).expect("names");
        for uri in names.iter().filter(|name| name.starts_with("sip:")) {
            params.subject_alt_names.push(SanType::URI((*uri).try_into().expect("a URI")));
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
        let certificate = params.signed_by(&key, &self.issuer).expect("signed").pem();
        Signed { certificate, key: key.serialize_pem() }
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).expect("PEM")).expect("an authority");
        roots
    }
}

impl Signed {
    fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("PEM")]
    }

    fn private(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("PEM")
    }

    fn write(&self, folder: &Path, name: &str) {
        std::fs::write(folder.join(format!("{name}.pem")), &self.certificate).expect("written");
        std::fs::write(folder.join(format!("{name}-key.pem")), &self.key).expect("written");
    }
}

/// The shipped configuration with TLS; `trunk`: what else stands for the trunk "secure", which has the authority `ca.pem`.
fn configuration(trunk: &str) -> Config {
    configured("", trunk)
}

fn configured(more: &str, trunk: &str) -> Config {
    let files = [
        ("switch.toml", include_str!("../../../config/switch.toml").to_owned()),
        ("agents.toml", include_str!("../../../config/agents.toml").to_owned()),
        (
            "tls.toml",
            format!(
                "[tls]\ncertificate = \"own.pem\"\nkey = \"own-key.pem\"\n{more}[[trunk]]\nid = \"secure\"\nca = \"ca.pem\"\naccept_from = []\n{trunk}"
            ),
        ),
    ];
    let files = files.map(|(name, text)| SourceFile { path: name.to_owned(), text });
    let listen = "sip.listen=[\"tls:127.0.0.1:5061\"]".to_owned();
    resolve(&files, &[listen], &PromptInventory::complete(&["zh-CN", "en-US"])).unwrap_or_else(|errors| panic!("{}", errors[0]))
}

struct World {
    net: Net,
    inbox: mpsc::Receiver<Input>,
    tls: Tls,
    authority: Authority,
    folder: TempDir,
    config: Config,
}

impl World {
    /// Listens with a certificate for `switch.example`.
    fn new(trunk: &str) -> Self {
        Self::with("", trunk)
    }

    /// `tls`: what else stands in its table.
    fn with(more: &str, trunk: &str) -> Self {
        let (authority, folder) = (Authority::new(), tempfile::tempdir().expect("a folder"));
        authority.signs(&["switch.example"], NOW).write(folder.path(), "own");
        authority.signs(&["client.example"], NOW).write(folder.path(), "client");
        std::fs::write(folder.path().join("ca.pem"), &authority.pem).expect("written");
        let config = configured(more, trunk);
        let tls = Tls::new(Material::load(&config, folder.path()).expect("it fits"));
        let (sender, inbox) = mpsc::channel(SWITCH_INBOX_MAX);
        let listen = Listen { protocol: ListenProtocol::Tls, address: "127.0.0.1:0".parse().expect("an address") };
        let net = Net::bind(&[listen], 64, tls.clone(), sender).expect("loopback can be listened on");
        Self { net, inbox, tls, authority, folder, config }
    }

    fn local(&self) -> SocketAddr {
        let (protocol, local) = self.net.local_addresses()[0];
        assert_eq!(protocol, Protocol::Tls);
        local
    }

    async fn next(&mut self) -> Received {
        match timeout(DEADLINE, self.inbox.recv()).await.expect("in time").expect("the sockets live") {
            Input::Sip(received) => received,
            other => panic!("sockets say nothing like {other:?}"),
        }
    }

    /// A phone connects: it knows our authority, and perhaps shows a certificate.
    async fn phone(&self, own: Option<&Signed>, versions: &[&'static SupportedProtocolVersion]) -> std::io::Result<TlsStream<TcpStream>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).expect("versions");
        let builder = builder.with_root_certificates(self.authority.roots());
        let config = match own {
            Some(own) => builder.with_client_auth_cert(own.chain(), own.private()).expect("it fits"),
            None => builder.with_no_client_auth(),
        };
        let stream = TcpStream::connect(self.local()).await?;
        let name = ServerName::try_from("switch.example").expect("a name");
        timeout(DEADLINE, TlsConnector::from(Arc::new(config)).connect(name, stream)).await.expect("in time")
    }

    async fn counted(&self, wanted: impl Fn(NetCounters) -> bool) {
        let all_counted = async {
            while !wanted(self.net.counters()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(DEADLINE, all_counted).await.expect("counted");
    }
}

async fn read_exactly(stream: &mut (impl AsyncReadExt + Unpin), length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    timeout(DEADLINE, stream.read_exact(&mut bytes)).await.expect("in time").expect("readable");
    bytes
}

/// A carrier that listens with `own`, and asks for a certificate of `asks`.
struct Carrier {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl Carrier {
    async fn new(own: &Signed, asks: Option<&Authority>) -> Self {
        Self::at("127.0.0.1:0", own, asks).await
    }

    async fn at(address: &str, own: &Signed, asks: Option<&Authority>) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().expect("versions");
        let builder = match asks {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let roots = Arc::new(authority.roots());
                let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(roots, provider).build().expect("roots");
                builder.with_client_cert_verifier(verifier)
            }
        };
        let config = builder.with_single_cert(own.chain(), own.private()).expect("it fits");
        Self { listener: TcpListener::bind(address).await.expect("bound"), acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    fn flow(&self, world: &World) -> Flow {
        Flow { protocol: Protocol::Tls, local: world.local(), peer: self.listener.local_addr().expect("bound") }
    }

    async fn accepts(&self) -> std::io::Result<tokio_rustls::server::TlsStream<TcpStream>> {
        let (stream, _) = timeout(DEADLINE, self.listener.accept()).await.expect("in time")?;
        timeout(DEADLINE, self.acceptor.accept(stream)).await.expect("in time")
    }
}

/// A world whose trunk "secure" is at `name`, on the carrier's port, wherever that is.
async fn calling(own: &[&str], years: (i32, i32), signed_by_ours: bool, named: &str, more: &str) -> (World, Carrier) {
    let mut world = World::new("hosts = []\n");
    let stranger = Authority::new();
    let signer = if signed_by_ours { &world.authority } else { &stranger };
    let carrier = Carrier::new(&signer.signs(own, years), None).await;
    let port = carrier.listener.local_addr().expect("bound").port();
    world.config = configuration(&format!("hosts = [\"sip:{named}:{port};transport=tls\"]\n{more}"));
    world.tls.swap(Material::load(&world.config, world.folder.path()).expect("it fits"));
    world.tls.found(&leading(&world.config, port));
    (world, carrier)
}

/// The names of its trunks lead here, over TLS.
fn leading(config: &Config, port: u16) -> FoundHosts {
    let questions = config.trunks.values().flat_map(|trunk| &trunk.hosts).filter_map(TrunkHost::question);
    let found = Found { protocol: Protocol::Tls, address: SocketAddr::from(([127, 0, 0, 1], port)), priority: 0, weight: 1 };
    questions.map(|question| (question, Ok(vec![found.clone()]))).collect()
}

#[tokio::test]
async fn a_phone_speaks_over_tls_of_both_versions_and_is_answered_on_its_connection() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut world = World::new("hosts = []\n");
        let mut phone = world.phone(None, &[version]).await.expect("shaken");
        assert_eq!(phone.get_ref().1.protocol_version(), Some(version.version));
        phone.write_all(b"OPTIONS").await.expect("written");
        let Received::Bytes { flow, bytes } = world.next().await else { panic!("bytes come first") };
        let peer = phone.get_ref().0.local_addr().expect("bound");
        assert_eq!((flow, &bytes[..]), (Flow { protocol: Protocol::Tls, local: world.local(), peer }, &b"OPTIONS"[..]));
        world.net.send(flow, b"200".to_vec());
        world.net.send(flow, b"INVITE".to_vec());
        assert_eq!(read_exactly(&mut phone, 9).await, b"200INVITE");
        let counters = world.net.counters();
        assert_eq!((counters.connections_accepted, counters.connections_opened, counters.handshake_failures), (1, 0, 0));
        drop(phone);
        assert_eq!(world.next().await, Received::Closed { flow });
        // It is nobody whom we could know again: no connection is opened to it.
        world.net.send(flow, b"INVITE".to_vec());
        assert_eq!(world.next().await, Received::SendFailed { flow });
        assert_eq!(world.net.counters().connect_failures, 0);
    }
}

#[tokio::test]
async fn garbage_and_half_a_handshake_bring_nothing_and_hold_no_place() {
    let mut world = World::new("hosts = []\n");
    let hello = [&[22, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3][..], &[7; 40]].concat();
    for rubbish in [&b"OPTIONS sip:95000@h SIP/2.0\r\n\r\n"[..], &[0; 300], &hello, &[22, 3, 1], b""] {
        let before = world.net.counters().handshake_failures;
        let mut stream = TcpStream::connect(world.local()).await.expect("connected");
        stream.write_all(rubbish).await.expect("written");
        // Whoever says no more is given up, too.
        let mut rest = Vec::new();
        let _ = timeout(DEADLINE, stream.read_to_end(&mut rest)).await.expect("it is closed");
        assert!(!rest.windows(7).any(|seven| seven == b"SIP/2.0"), "nothing is said in clear");
        world.counted(|counters| counters.handshake_failures == before + 1 && counters.connections_open == 0).await;
    }
    assert!(world.inbox.try_recv().is_err(), "the switch hears of none of them");
    // And somebody who leaves in the middle.
    drop(TcpStream::connect(world.local()).await.expect("connected"));
    world.counted(|counters| counters.handshake_failures == 6 && counters.connections_open == 0).await;
    let mut phone = world.phone(None, rustls::ALL_VERSIONS).await.expect("others are served all the while");
    phone.write_all(b"OPTIONS").await.expect("written");
    assert!(matches!(world.next().await, Received::Bytes { .. }));
}

#[tokio::test]
async fn a_trunk_is_connected_to_when_its_certificate_is_of_its_name() {
    let (mut world, carrier) = calling(&["sbc.carrier.example"], NOW, true, "sbc.carrier.example", "").await;
    let flow = carrier.flow(&world);
    world.net.send(flow, b"one".to_vec());
    world.net.send(flow, b"two".to_vec());
    let mut stream = carrier.accepts().await.expect("shaken");
    assert_eq!(stream.get_ref().1.server_name(), Some("sbc.carrier.example"), "which of its names is meant");
    assert_eq!(read_exactly(&mut stream, 6).await, b"onetwo");
    assert_eq!(world.next().await, Received::Certified { flow, names: vec!["sbc.carrier.example".to_owned()] });
    stream.write_all(b"answer").await.expect("written");
    assert_eq!(world.next().await, Received::Bytes { flow, bytes: b"answer".to_vec() });
    assert_eq!(world.net.counters().connections_opened, 1);
}

#[tokio::test]
async fn a_trunk_that_is_not_who_it_should_be_gets_nothing() {
    for (own, years, signed_by_ours) in
        [("another.example", NOW, true), ("sbc.carrier.example", LONG_AGO, true), ("sbc.carrier.example", NOW, false)]
    {
        let (mut world, carrier) = calling(&[own], years, signed_by_ours, "sbc.carrier.example", "").await;
        let flow = carrier.flow(&world);
        world.net.send(flow, b"INVITE".to_vec());
        assert!(carrier.accepts().await.is_err(), "{own} {years:?}");
        assert!(matches!(world.next().await, Received::NoTls { flow: told, .. } if told == flow));
        assert_eq!(world.next().await, Received::SendFailed { flow });
        let counters = world.net.counters();
        assert_eq!((counters.handshake_failures, counters.connections_open), (1, 0), "{own} {years:?} {signed_by_ours}");
    }
}

/// RFC 5922 §7.1: a phone is known by the host of its Contact, an address of either family or a name; §7.2: by no wildcard.
#[tokio::test]
async fn a_phone_is_connected_to_when_its_certificate_is_of_its_contact() {
    const HERE: &str = "127.0.0.1:0";
    for (address, own, named, signed_by_ours, fits) in [
        (HERE, "127.0.0.1", None, true, true),
        ("[::1]:0", "::1", None, true, true),
        (HERE, "desk-1.house", Some("desk-1.house"), true, true),
        (HERE, "127.0.0.2", None, true, false),
        ("[::1]:0", "127.0.0.1", None, true, false),
        (HERE, "127.0.0.1", Some("desk-1.house"), true, false),
        (HERE, "desk-1.house", None, true, false),
        (HERE, "*.house", Some("desk-1.house"), true, false),
        (HERE, "127.0.0.1", None, false, false),
    ] {
        let mut world = World::with("phone_ca = \"ca.pem\"\n", "hosts = []\n");
        let stranger = Authority::new();
        let signer = if signed_by_ours { &world.authority } else { &stranger };
        let phone = Carrier::at(address, &signer.signs(&[own], NOW), Some(&world.authority)).await;
        let flow = phone.flow(&world);
        if let Some(name) = named {
            world.net.expect(flow, name.to_owned());
        }
        world.net.send(flow, b"INVITE".to_vec());
        let accepted = phone.accepts().await;
        if fits {
            let mut stream = accepted.expect("shaken");
            assert!(stream.get_ref().1.peer_certificates().is_some(), "it sees who we are");
            assert_eq!(read_exactly(&mut stream, 6).await, b"INVITE");
            stream.write_all(b"180").await.expect("written");
            // No name is certified by it: a phone is no carrier.
            assert_eq!(world.next().await, Received::Bytes { flow, bytes: b"180".to_vec() });
        } else {
            assert!(
                matches!(world.next().await, Received::NoTls { flow: told, why } if told == flow && why.contains("certificate")),
                "{own}"
            );
            assert_eq!(world.next().await, Received::SendFailed { flow });
            if let Ok(mut stream) = accepted {
                let mut said = Vec::new();
                let _ = timeout(DEADLINE, stream.read_to_end(&mut said)).await.expect("it is closed");
                assert!(said.is_empty(), "{own} was told something");
            }
        }
    }
}

#[tokio::test]
async fn a_trunk_by_its_address_has_that_or_the_name_by_which_it_calls_in_its_certificate() {
    for (own, more, fits) in [
        ("127.0.0.1", "", true),
        ("sbc.carrier.example", "", false),
        ("sbc.carrier.example", "accept_certificate = \"sbc.carrier.example\"\n", true),
    ] {
        let (world, carrier) = calling(&[own], NOW, true, "127.0.0.1", more).await;
        world.net.send(carrier.flow(&world), b"INVITE".to_vec());
        assert_eq!(carrier.accepts().await.is_ok(), fits, "{own} {more}");
    }
}

/// RFC 5922 §4, RFC 3263 §4.1: DNS may say that a name is spoken to over TLS, and where; who is there must show the name that was asked for.
#[tokio::test]
async fn where_dns_leads_over_tls_the_name_of_the_configuration_must_be_shown() {
    for (shown, fits) in [("c.example", true), ("sbc1.c.example", false)] {
        let mut world = World::new("hosts = []\n");
        let carrier = Carrier::new(&world.authority.signs(&[shown], NOW), None).await;
        let port = carrier.listener.local_addr().expect("bound").port();
        world.config = configuration("hosts = [\"sip:c.example\"]\n");
        world.tls.swap(Material::load(&world.config, world.folder.path()).expect("it fits"));
        // Elsewhere nobody is known, and nobody is connected to.
        world.net.send(carrier.flow(&world), b"INVITE".to_vec());
        assert_eq!(world.next().await, Received::SendFailed { flow: carrier.flow(&world) });
        world.tls.found(&leading(&world.config, port));
        world.net.send(carrier.flow(&world), b"INVITE".to_vec());
        assert_eq!(carrier.accepts().await.is_ok(), fits, "{shown}");
    }
}

#[tokio::test]
async fn we_show_our_certificate_to_a_trunk_that_asks() {
    for (shows, fits) in [(true, true), (false, false)] {
        let world = World::new("hosts = []\n");
        let carrier = Carrier::new(&world.authority.signs(&["sbc.carrier.example"], NOW), Some(&world.authority)).await;
        let port = carrier.listener.local_addr().expect("bound").port();
        let own = if shows { "certificate = \"client.pem\"\nkey = \"client-key.pem\"\n" } else { "" };
        let config = configuration(&format!("hosts = [\"sips:sbc.carrier.example:{port}\"]\n{own}"));
        world.tls.swap(Material::load(&config, world.folder.path()).expect("it fits"));
        world.tls.found(&leading(&config, port));
        world.net.send(carrier.flow(&world), b"INVITE".to_vec());
        let shaken = carrier.accepts().await;
        assert_eq!(shaken.is_ok(), fits, "{shows}");
        if let Ok(mut stream) = shaken {
            assert!(stream.get_ref().1.peer_certificates().is_some_and(|shown| shown.len() == 1));
            assert_eq!(read_exactly(&mut stream, 6).await, b"INVITE");
        }
    }
}

#[tokio::test]
async fn who_calls_with_a_good_certificate_is_known_by_its_names_and_nobody_else_is() {
    let mut world = World::new("hosts = []\naccept_certificate = \"sbc.carrier.example\"\n");
    let stranger = Authority::new();
    let known = |name: &str| Some(vec![name.to_owned()]);
    for (own, names) in [
        (Some(world.authority.signs(&["SBC.carrier.example"], NOW)), known("sbc.carrier.example")),
        // RFC 5922 §7.1: where there are URIs they are the names.
        (Some(world.authority.signs(&["sip:carrier.example", "host.example"], NOW)), known("carrier.example")),
        (Some(world.authority.signs(&["*.carrier.example"], NOW)), None),
        (Some(world.authority.signs(&["sbc.carrier.example"], LONG_AGO)), None),
        (Some(stranger.signs(&["sbc.carrier.example"], NOW)), None),
        (None, None),
    ] {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let mut phone = world.phone(own.as_ref(), &[version]).await.expect("whoever comes may speak");
            phone.write_all(b"INVITE").await.expect("written");
            if let Some(expected) = &names {
                let Received::Certified { names, .. } = world.next().await else { panic!("names come before bytes") };
                assert_eq!(names, *expected);
            }
            assert!(matches!(world.next().await, Received::Bytes { .. }));
            drop(phone);
            assert!(matches!(world.next().await, Received::Closed { .. }));
        }
    }
}

#[tokio::test]
async fn a_reload_gives_new_connections_the_new_certificate_and_leaves_the_old_ones() {
    let mut world = World::new("hosts = []\n");
    let mut old = world.phone(None, rustls::ALL_VERSIONS).await.expect("shaken");
    let shown = |stream: &TlsStream<TcpStream>| stream.get_ref().1.peer_certificates().map(|shown| shown[0].to_vec());
    world.authority.signs(&["switch.example"], NOW).write(world.folder.path(), "own");
    world.tls.swap(Material::load(&world.config, world.folder.path()).expect("it fits"));
    let new = world.phone(None, rustls::ALL_VERSIONS).await.expect("shaken");
    assert!(shown(&old).is_some() && shown(&old) != shown(&new));
    old.write_all(b"still here").await.expect("written");
    assert!(matches!(world.next().await, Received::Bytes { bytes, .. } if bytes == b"still here"));
    // What does not fit is refused whole, and what was in force stays.
    std::fs::write(world.folder.path().join("own-key.pem"), KeyPair::generate().expect("a key").serialize_pem()).expect("written");
    let refusal = Material::load(&world.config, world.folder.path()).err().expect("it does not fit").to_string();
    assert!(refusal.contains("own-key.pem is not the key of"), "{refusal}");
    assert_eq!(shown(&world.phone(None, rustls::ALL_VERSIONS).await.expect("shaken")), shown(&new));
}
