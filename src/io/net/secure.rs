//! TLS on connections: handshakes on a thread of their own, so that whoever begins many delays no call, each within its time; who the
//! other side is; and, to whom we connect, whether it is who it should be.

use crate::io::tls::{Material, TrunkSide, names_of};
use crate::sip::Flow;
use crate::switch::input::FoundHosts;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, UnixTime};
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

    /// The trunk at that address: nobody else is connected to.
    fn trunk_at(&self, peer: SocketAddr) -> Option<TrunkSide> {
        let found = self.0.found.read().unwrap_or_else(PoisonError::into_inner);
        self.material().trunks.iter().find(|trunk| trunk.is_at(peer, &found)).cloned()
    }
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
    pub async fn accept(&self, stream: TcpStream, flow: Flow) -> Option<Shaken> {
        let material = self.tls.material();
        let server = material.server.as_ref()?;
        let stream = self.shake(TlsAcceptor::from(server.config.clone()).accept(stream), flow).await?;
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
        Some(Shaken { stream: stream.into(), names })
    }

    /// With a trunk to which we have connected.
    pub async fn connect(&self, stream: TcpStream, flow: Flow) -> Option<Shaken> {
        let TrunkSide { name, config, .. } = self.tls.trunk_at(flow.peer)?;
        let stream = self.shake(TlsConnector::from(config).connect(name, stream), flow).await?;
        let own: Option<&CertificateDer<'_>> = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let names = own.map(names_of).unwrap_or_default();
        Some(Shaken { stream: stream.into(), names })
    }

    /// Whether somebody is there whom we would know.
    pub fn may_connect(&self, peer: SocketAddr) -> bool {
        self.tls.trunk_at(peer).is_some()
    }

    async fn shake<T: Send + 'static>(&self, hands: impl Future<Output = io::Result<T>> + Send + 'static, flow: Flow) -> Option<T> {
        let mut shaking = Waiting(self.runtime.as_ref()?.spawn(timeout(HANDSHAKE_MAX, hands)));
        match (&mut shaking.0).await {
            Ok(Ok(Ok(stream))) => Some(stream),
            Ok(Ok(Err(error))) => {
                tracing::info!(peer = %flow.peer, %error, "no TLS with this peer");
                None
            }
            Ok(Err(_)) | Err(_) => {
                tracing::debug!(peer = %flow.peer, "no TLS in time");
                None
            }
        }
    }
}
