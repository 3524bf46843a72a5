//! TLS on connections: handshakes on a thread of their own, so that whoever begins many delays no call, each within its time; who the
//! other side is; and, to whom we connect, whether it is who it should be.

use crate::io::tls::{Material, TrunkSide, is_for, names_of};
use crate::sip::Flow;
use crate::switch::input::FoundHosts;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ServerConfig};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector, TlsStream};

/// Who has not shaken hands within this is gone, or holds places for sport.
const HANDSHAKE_MAX: Duration = if cfg!(test) { Duration::from_millis(500) } else { Duration::from_secs(10) };

/// What connections begin with, by whatever was loaded last; clones are the same.
#[derive(Clone, Default)]
pub struct Tls(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Read once a connection, swapped with a reload.
    material: RwLock<Arc<Material>>,
    /// Where the names of trunks lead.
    found: RwLock<FoundHosts>,
}

impl Tls {
    #[must_use]
    pub fn new(material: Material) -> Self {
        let tls = Self::default();
        tls.swap(material);
        tls
    }

    /// New connections begin with this; those that are open stay as they are.
    pub fn swap(&self, material: Material) {
        *self.0.material.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(material);
    }

    /// Names of trunks lead there now.
    pub fn found(&self, hosts: &FoundHosts) {
        *self.0.found.write().unwrap_or_else(PoisonError::into_inner) = hosts.clone();
    }

    /// With what pages and programs are spoken to; `None` where they come in clear.
    pub(in crate::io) fn pages(&self) -> Option<Arc<ServerConfig>> {
        self.material().pages.clone()
    }

    fn material(&self) -> Arc<Material> {
        self.0.material.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Who is to be at that address: a trunk's host, or an agent's phone by the name that it gave, or by its address. Nobody else is connected to.
    fn far(&self, peer: SocketAddr, name: Option<String>) -> Option<Far> {
        let (found, material) = (self.0.found.read().unwrap_or_else(PoisonError::into_inner), self.material());
        if let Some(TrunkSide { name, config, .. }) = material.trunks.iter().find(|trunk| trunk.is_at(peer, &found)).cloned() {
            return Some(Far { name, config, phone: false });
        }
        let config = material.phones.clone()?;
        let name = match name {
            Some(name) => ServerName::try_from(name).ok()?,
            None => ServerName::IpAddress(peer.ip().into()),
        };
        Some(Far { name, config, phone: true })
    }
}

/// To whom we connect, and how he is to be known.
pub(super) struct Far {
    name: ServerName<'static>,
    config: Arc<ClientConfig>,
    /// Else a trunk's host.
    phone: bool,
}

/// A connection that stands, and the names that its peer has proven.
pub(super) struct Shaken {
    pub stream: TlsStream<TcpStream>,
    pub names: Vec<String>,
}

/// The thread on which hands are shaken.
pub(super) struct Handshakes {
    pub tls: Tls,
    /// Given up without waiting when the net is dropped, wherever that is.
    runtime: Option<Runtime>,
}

impl Drop for Handshakes {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Ends what it waits for when it is not waited for any more.
struct Waiting<T>(JoinHandle<T>);

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Handshakes {
    pub fn new(tls: Tls) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("tls").enable_all().build()?;
        Ok(Self { tls, runtime: Some(runtime) })
    }

    /// With one who connected.
    pub async fn accept(&self, stream: TcpStream, flow: Flow) -> Result<Shaken, String> {
        let material = self.tls.material();
        let server = material.server.as_ref().ok_or("no certificate of ours")?;
        let stream = self.shake(TlsAcceptor::from(server.config.clone()).accept(stream)).await?;
        let names = match (&server.judge, stream.get_ref().1.peer_certificates()) {
            (Some(judge), Some([own, others @ ..])) => match judge.verify_client_cert(own, others, UnixTime::now()) {
                Ok(_) => names_of(own),
                Err(error) => {
                    tracing::info!(peer = %flow.peer, %error, "a certificate that proves nothing");
                    Vec::new()
                }
            },
            _ => Vec::new(),
        };
        Ok(Shaken { stream: stream.into(), names })
    }

    /// With whom we have connected to.
    pub async fn connect(&self, stream: TcpStream, Far { name, config, phone }: Far) -> Result<Shaken, String> {
        let wanted = if let ServerName::DnsName(name) = &name { Some(name.as_ref().to_ascii_lowercase()) } else { None };
        let stream = self.shake(TlsConnector::from(config).connect(name, stream)).await?;
        let own: Option<&CertificateDer<'_>> = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        if phone {
            // RFC 5922 §7.2: no wildcards; carriers have them.
            let is_named = |wanted: &String| own.is_some_and(|own| is_for(own, wanted));
            return match wanted {
                Some(wanted) if !is_named(&wanted) => Err(format!("a wildcard certificate is not {wanted}'s")),
                // A phone's certificate makes nobody a carrier.
                _ => Ok(Shaken { stream: stream.into(), names: Vec::new() }),
            };
        }
        let names = own.map(names_of).unwrap_or_default();
        Ok(Shaken { stream: stream.into(), names })
    }

    /// Who is to be there, if it is somebody whom we would know.
    pub fn far(&self, peer: SocketAddr, name: Option<String>) -> Option<Far> {
        self.tls.far(peer, name)
    }

    async fn shake<T: Send + 'static>(&self, hands: impl Future<Output = io::Result<T>> + Send + 'static) -> Result<T, String> {
        let runtime = self.runtime.as_ref().ok_or("the switch ends")?;
        let mut shaking = Waiting(runtime.spawn(timeout(HANDSHAKE_MAX, hands)));
        match (&mut shaking.0).await {
            Ok(Ok(Ok(stream))) => Ok(stream),
            Ok(Ok(Err(error))) => Err(error.to_string()),
            Ok(Err(_)) | Err(_) => Err("no handshake in time".to_owned()),
        }
    }
}
