//! One UDP socket an address: a task that receives, and sending without waiting.

use super::Reporter;
use super::counters::count;
use super::listen::refused;
use crate::base::limits::SIP_MESSAGE_MAX;
use crate::config::ListenProtocol;
use crate::sip::{Flow, Protocol, Received};
use socket2::{Domain, SockAddr, SockRef, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::error::TrySendError;
use tokio::task::JoinHandle;

/// A second of 1,500 calls' signalling waits in it while the switch is busy. The kernel cuts it down to net.core.rmem_max.
const RECEIVE_BUFFER: usize = 4 << 20;
/// Datagrams that are taken before anybody else has his turn.
const DATAGRAMS_A_TURN: usize = 512;
/// How long to wait after a receive error, so that a lasting one does not eat a core.
const ERROR_PAUSE: Duration = Duration::from_millis(10);

pub(super) struct Socket {
    pub local: SocketAddr,
    socket: Arc<UdpSocket>,
    out: Reporter,
    reader: JoinHandle<()>,
}

impl Socket {
    pub fn bind(address: SocketAddr, out: &Reporter) -> io::Result<Self> {
        let socket = open(address).map_err(|error| refused(ListenProtocol::Udp, address, &error))?;
        let local = socket.local_addr()?;
        let socket = Arc::new(socket);
        let reader = tokio::spawn(receive(Arc::clone(&socket), local, out.clone()));
        Ok(Self { local, socket, out: out.clone(), reader })
    }

    /// False when the operating system says that this cannot be sent at all (too long, no such family of addresses).
    pub fn send(&self, peer: SocketAddr, bytes: &[u8]) -> bool {
        // Straight to the kernel: tokio's own try_send_to wants a readiness event first, and a fresh socket has seen none.
        match SockRef::from(&*self.socket).send_to(bytes, &SockAddr::from(peer)) {
            Ok(_) => count(&self.out.counting.datagrams_sent),
            Err(error) if is_for_now(&error) => count(&self.out.counting.datagrams_dropped_out),
            // An earlier datagram's ICMP answer; this one may have better luck, and the transaction's timer is the judge.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(_) => return false,
        }
        true
    }
}

/// Whether a repeat may have better luck: no room in the socket, the device or the firewall's table, no route while one is being changed.
fn is_for_now(error: &io::Error) -> bool {
    use io::ErrorKind::{HostUnreachable, NetworkDown, NetworkUnreachable, OutOfMemory, PermissionDenied, WouldBlock};
    let is_full = error.raw_os_error() == Some(rustix::io::Errno::NOBUFS.raw_os_error());
    is_full || matches!(error.kind(), WouldBlock | PermissionDenied | NetworkUnreachable | HostUnreachable | NetworkDown | OutOfMemory)
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Beyond the kernel's limit for whoever may (CAP_NET_ADMIN); a smaller buffer than wished for is no reason not to start.
    if rustix::net::sockopt::set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER).is_err() {
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}

/// What stands in the socket is taken in one go, so that it waits where it is seen to wait: in the inbox.
async fn receive(socket: Arc<UdpSocket>, local: SocketAddr, out: Reporter) {
    let mut buffer = vec![0; SIP_MESSAGE_MAX + 1];
    let mut taken = 0;
    loop {
        let (length, peer) = match socket.try_recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                taken = 0;
                if let Err(error) = socket.readable().await {
                    not_received(local, &error).await;
                }
                continue;
            }
            Err(error) => {
                not_received(local, &error).await;
                continue;
            }
        };
        taken += 1;
        if taken % DATAGRAMS_A_TURN == 0 {
            tokio::task::yield_now().await;
        }
        count(&out.counting.datagrams_received);
        let flow = Flow { protocol: Protocol::Udp, local, peer };
        match out.try_tell(Received::Bytes { flow, bytes: buffer[..length].to_vec() }) {
            Ok(()) => {}
            Err(TrySendError::Full(())) => count(&out.counting.datagrams_dropped_in),
            Err(TrySendError::Closed(())) => return,
        }
    }
}

async fn not_received(local: SocketAddr, error: &io::Error) {
    tracing::debug!(%local, %error, "datagram not received");
    tokio::time::sleep(ERROR_PAUSE).await;
}
