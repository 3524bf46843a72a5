//! The sockets of one worker: a pair a leg, found by token when something came and by leg when something goes.

use super::ports::PortPairs;
use crate::base::LegId;
use crate::media::Component;
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Type};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Expedited forwarding (RFC 3246), what RFC 4594 §4.1 asks for voice, as the octet of the IP header.
const TOS_VOICE: u32 = 46 << 2;

/// The pairs of the whole switch. Locked when a leg comes or goes, never for a packet.
#[derive(Clone)]
pub(super) struct SharedPorts(Arc<Mutex<PortPairs>>);

impl SharedPorts {
    pub fn new(pairs: PortPairs) -> Self {
        Self(Arc::new(Mutex::new(pairs)))
    }

    pub fn lock(&self) -> MutexGuard<'_, PortPairs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Sockets {
    ports: SharedPorts,
    /// Two tokens a slot: RTP, RTCP.
    slots: Vec<Option<Pair>>,
    vacant: Vec<usize>,
    by_leg: BTreeMap<LegId, usize>,
}

struct Pair {
    leg: LegId,
    port: u16,
    rtp: UdpSocket,
    rtcp: UdpSocket,
}

/// Why no pair could be bound.
#[derive(Debug)]
pub(super) enum BindError {
    /// Every pair is taken, by us or by other programs.
    Exhausted,
    /// No descriptors, no such address.
    Refused(io::Error),
}

impl Sockets {
    pub fn new(ports: SharedPorts) -> Self {
        Self { ports, slots: Vec::new(), vacant: Vec::new(), by_leg: BTreeMap::new() }
    }

    /// Binds a pair for `leg` on `local` and returns its RTP address.
    pub fn bind(&mut self, leg: LegId, local: IpAddr, registry: &Registry) -> Result<SocketAddr, BindError> {
        // Each free pair once: those of other programs go to the end of the line.
        let tries = self.ports.lock().free();
        for _ in 0..tries {
            let Some(port) = self.ports.lock().take() else { break };
            match self.bind_at(leg, local, port, registry) {
                Ok(()) => return Ok(SocketAddr::new(local, port)),
                Err(error) => {
                    self.ports.lock().give_back(port);
                    if error.kind() != io::ErrorKind::AddrInUse {
                        return Err(BindError::Refused(error));
                    }
                }
            }
        }
        Err(BindError::Exhausted)
    }

    /// Binds exactly the pair that begins at `port`: `leg` had it before a restart.
    pub fn bind_again(&mut self, leg: LegId, local: IpAddr, port: u16, registry: &Registry) -> Result<SocketAddr, BindError> {
        if port == u16::MAX || !self.ports.lock().take_exactly(port) {
            return Err(BindError::Refused(io::ErrorKind::AddrInUse.into()));
        }
        self.bind_at(leg, local, port, registry).map(|()| SocketAddr::new(local, port)).map_err(|error| {
            self.ports.lock().give_back(port);
            BindError::Refused(error)
        })
    }

    fn bind_at(&mut self, leg: LegId, local: IpAddr, port: u16, registry: &Registry) -> io::Result<()> {
        let mut rtp = open(SocketAddr::new(local, port))?;
        let mut rtcp = open(SocketAddr::new(local, port + 1))?;
        let slot = self.vacant.last().copied().unwrap_or(self.slots.len());
        registry.register(&mut rtp, token(slot, Component::Rtp), Interest::READABLE)?;
        registry.register(&mut rtcp, token(slot, Component::Rtcp), Interest::READABLE)?;
        if self.vacant.pop().is_none() {
            self.slots.push(None);
        }
        self.slots[slot] = Some(Pair { leg, port, rtp, rtcp });
        self.by_leg.insert(leg, slot);
        Ok(())
    }

    /// Closes the leg's sockets and frees its ports.
    pub fn release(&mut self, leg: LegId) {
        let Some(slot) = self.by_leg.remove(&leg) else { return };
        if let Some(pair) = self.slots[slot].take() {
            let port = pair.port;
            // Closing takes them out of the poll, too; the ports are free only after that.
            drop(pair);
            self.ports.lock().give_back(port);
        }
        self.vacant.push(slot);
    }

    /// Whose socket has this token, and the socket; `None` for one that has just been closed.
    pub fn of_token(&self, token: Token) -> Option<(LegId, Component, &UdpSocket)> {
        let pair = self.slots.get(token.0 / 2)?.as_ref()?;
        Some(if token.0.is_multiple_of(2) { (pair.leg, Component::Rtp, &pair.rtp) } else { (pair.leg, Component::Rtcp, &pair.rtcp) })
    }

    pub fn of_leg(&self, leg: LegId, component: Component) -> Option<&UdpSocket> {
        let pair = self.slots[*self.by_leg.get(&leg)?].as_ref()?;
        Some(match component {
            Component::Rtp => &pair.rtp,
            Component::Rtcp => &pair.rtcp,
        })
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        while let Some((&leg, _)) = self.by_leg.first_key_value() {
            self.release(leg);
        }
    }
}

fn token(slot: usize, component: Component) -> Token {
    Token(slot * 2 + usize::from(component == Component::Rtcp))
}

fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    } else {
        // A network that does not care for it, or a system that forbids it, carries voice all the same.
        let _ = socket.set_tos_v4(TOS_VOICE);
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(UdpSocket::from_std(socket.into()))
}
