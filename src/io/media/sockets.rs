//! The sockets of one worker: a pair a leg, found by their number when something comes or goes.

use super::poller::Poller;
use super::ports::PortPairs;
use crate::base::LegId;
use crate::media::{Component, Place};
use socket2::{Domain, Type};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
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
    /// Two keys a slot: RTP, RTCP.
    slots: Vec<Option<Pair>>,
    vacant: Vec<usize>,
    by_leg: BTreeMap<LegId, usize>,
}

/// A leg's two sockets. They may go from one worker to another, as they stand.
pub(super) struct Pair {
    pub leg: LegId,
    /// Where the engine has the leg.
    pub place: Option<Place>,
    // Closed in this order, and the ports are free only after that.
    rtp: UdpSocket,
    rtcp: UdpSocket,
    _port: Port,
}

/// A pair of ports that is taken until this is dropped, wherever that happens.
struct Port {
    number: u16,
    ports: SharedPorts,
}

impl Drop for Port {
    fn drop(&mut self) {
        self.ports.lock().give_back(self.number);
    }
}

impl Pair {
    pub fn socket(&self, component: Component) -> &UdpSocket {
        match component {
            Component::Rtp => &self.rtp,
            Component::Rtcp => &self.rtcp,
        }
    }
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
    pub fn bind(&mut self, leg: LegId, local: IpAddr, poller: &Poller) -> Result<SocketAddr, BindError> {
        // Each free pair once: those of other programs go to the end of the line.
        let tries = self.ports.lock().free();
        for _ in 0..tries {
            let Some(number) = self.ports.lock().take() else { break };
            match self.bind_at(leg, local, self.port(number), poller) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                bound => return bound.map_err(BindError::Refused),
            }
        }
        Err(BindError::Exhausted)
    }

    /// Binds exactly the pair that begins at `port`: `leg` had it before a restart.
    pub fn bind_again(&mut self, leg: LegId, local: IpAddr, port: u16, poller: &Poller) -> Result<SocketAddr, BindError> {
        if port == u16::MAX || !self.ports.lock().take_exactly(port) {
            return Err(BindError::Refused(io::ErrorKind::AddrInUse.into()));
        }
        self.bind_at(leg, local, self.port(port), poller).map_err(BindError::Refused)
    }

    fn port(&self, number: u16) -> Port {
        Port { number, ports: self.ports.clone() }
    }

    fn bind_at(&mut self, leg: LegId, local: IpAddr, port: Port, poller: &Poller) -> io::Result<SocketAddr> {
        let address = SocketAddr::new(local, port.number);
        let rtp = open(address)?;
        let rtcp = open(SocketAddr::new(local, port.number + 1))?;
        self.take_in(Pair { leg, place: None, rtp, rtcp, _port: port }, poller)?;
        Ok(address)
    }

    /// Takes in a pair that was bound here or comes from another worker.
    pub fn take_in(&mut self, pair: Pair, poller: &Poller) -> io::Result<()> {
        let slot = self.vacant.last().copied().unwrap_or(self.slots.len());
        poller.add(&pair.rtp, slot as u64 * 2)?;
        poller.add(&pair.rtcp, slot as u64 * 2 + 1)?;
        if self.vacant.pop().is_none() {
            self.slots.push(None);
        }
        self.by_leg.insert(pair.leg, slot);
        self.slots[slot] = Some(pair);
        Ok(())
    }

    /// Gives the leg's pair away, open: what waits in it is read by whoever takes it in.
    pub fn hand_out(&mut self, leg: LegId, poller: &Poller) -> Option<Pair> {
        let slot = self.by_leg.remove(&leg)?;
        self.vacant.push(slot);
        let mut pair = self.slots[slot].take()?;
        pair.place = None;
        for socket in [&pair.rtp, &pair.rtcp] {
            // It was added: were it not, nothing would be told of it either.
            let _ = poller.remove(socket);
        }
        Some(pair)
    }

    /// Closes the leg's sockets, which takes them out of the poll, too, and frees its ports.
    pub fn release(&mut self, leg: LegId) {
        let Some(slot) = self.by_leg.remove(&leg) else { return };
        self.slots[slot] = None;
        self.vacant.push(slot);
    }

    /// Whose socket has this key; `None` for one that has just been closed.
    pub fn of_key(&self, key: u64) -> Option<(&Pair, Component)> {
        let pair = self.of_tag(u32::try_from(key / 2).ok()?)?;
        Some((pair, if key.is_multiple_of(2) { Component::Rtp } else { Component::Rtcp }))
    }

    /// The pair in slot `tag`.
    pub fn of_tag(&self, tag: u32) -> Option<&Pair> {
        self.slots.get(tag as usize)?.as_ref()
    }

    /// The slot of the leg's pair.
    pub fn tag(&self, leg: LegId) -> Option<u32> {
        u32::try_from(*self.by_leg.get(&leg)?).ok()
    }

    /// Notes where the engine has the leg.
    pub fn set_place(&mut self, tag: u32, place: Option<Place>) {
        if let Some(Some(pair)) = self.slots.get_mut(tag as usize) {
            pair.place = place;
        }
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        while let Some((&leg, _)) = self.by_leg.first_key_value() {
            self.release(leg);
        }
    }
}

fn open(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::DGRAM.nonblocking(), None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
        let _ = rustix::net::sockopt::set_ipv6_tclass(&socket, TOS_VOICE);
    } else {
        // A network that does not care for it, or a system that forbids it, carries voice all the same.
        let _ = socket.set_tos_v4(TOS_VOICE);
    }
    socket.bind(&address.into())?;
    Ok(socket.into())
}
