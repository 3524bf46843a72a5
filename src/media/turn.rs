//! What one turn of the engine brought forth, in buffers that the caller keeps: no allocation a packet.

use super::control::{Excerpt, Recorded, Report};
use crate::base::{LegId, SessionId};
use std::net::SocketAddr;

/// One of a leg's two sockets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Component {
    Rtp,
    Rtcp,
}

/// A datagram to be sent from a leg's socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outgoing {
    pub leg: LegId,
    /// What the caller set for the leg, 0 before.
    pub tag: u32,
    pub component: Component,
    pub destination: SocketAddr,
    start: usize,
    end: usize,
}

/// Sound that a leg is to hear soon, and that must be read first; answered by `Engine::read`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wanted {
    pub session: SessionId,
    pub leg: LegId,
    pub excerpt: Excerpt,
}

/// Filled by the engine, emptied by the caller after each turn with `clear`.
#[derive(Debug, Default)]
pub struct Turn {
    packets: Vec<Outgoing>,
    bytes: Vec<u8>,
    pub reports: Vec<Report>,
    /// For the recorder, in order for each call.
    pub recorded: Vec<Recorded>,
    /// Pieces of recordings that must be read.
    pub wanted: Vec<Wanted>,
    /// Legs whose sockets are to be closed, after the packets above are sent.
    pub released: Vec<LegId>,
    /// Room for a packet to be decrypted in.
    pub(super) opened: Vec<u8>,
}

impl Turn {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets everything, keeps the room.
    pub fn clear(&mut self) {
        self.packets.clear();
        self.bytes.clear();
        self.reports.clear();
        self.recorded.clear();
        self.wanted.clear();
        self.released.clear();
    }

    /// Forgets the datagrams, which were sent; keeps what is to be passed on.
    pub fn clear_packets(&mut self) {
        self.packets.clear();
        self.bytes.clear();
    }

    /// The datagrams to send, in order.
    pub fn packets(&self) -> impl ExactSizeIterator<Item = (Outgoing, &[u8])> {
        self.packets.iter().map(|packet| (*packet, &self.bytes[packet.start..packet.end]))
    }

    /// Adds a datagram whose bytes `write` appends.
    pub(super) fn send(
        &mut self,
        (leg, tag): (LegId, u32),
        component: Component,
        destination: SocketAddr,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.packets.push(Outgoing { leg, tag, component, destination, start, end: self.bytes.len() });
    }
}
