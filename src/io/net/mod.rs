//! SIP on the wire: listening sockets, and the way from a [`Flow`] to one of them. What lives here: bytes in and out, connections
//! and their ends. What must not: anything that knows what the bytes mean; framing of streams is `sip::msg`'s.
//!
//! Every socket is bound to a concrete address, so that a flow's `local` is what the peer can send to: a wildcard in the
//! configuration stands for one socket an address of the machine, as they are at the start.

mod counters;
mod listen;
mod secure;
mod strangers;
mod tcp;
mod udp;

pub use counters::NetCounters;
pub use secure::Tls;

use crate::base::limits::SWITCH_INBOX_BYTES_MAX;
use crate::config::{Listen, ListenProtocol};
use crate::sip::{Flow, Protocol, Received};
use crate::switch::input::Input;
use counters::{Counting, count};
use secure::Handshakes;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The listening sockets and open connections. Held by the one task that drives the switch; dropping it closes everything.
pub struct Net {
    udp: Vec<udp::Socket>,
    tcp: tcp::Connections,
    listeners: Vec<tcp::Listener>,
    out: Reporter,
}

impl Net {
    /// Binds every address and begins to receive into `inbox`; one address may hold `strangers_max` connections over which nobody has
    /// proven himself. `tls`: with what those over TLS begin. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// The first address that cannot be bound; the text names it, the cause and the remedy.
    pub fn bind(listen: &[Listen], strangers_max: u32, tls: Tls, inbox: mpsc::Sender<Input>) -> io::Result<Self> {
        let room = Arc::new(Semaphore::new(SWITCH_INBOX_BYTES_MAX));
        let out = Reporter { inbox, room, counting: Arc::default() };
        let over_tls = listen.iter().any(|listen| listen.protocol == ListenProtocol::Tls);
        let handshakes = over_tls.then(|| Handshakes::new(tls)).transpose()?;
        let connections = tcp::Connections::new(strangers_max, handshakes, out.clone());
        let mut net = Self { udp: Vec::new(), tcp: connections, listeners: Vec::new(), out };
        for (protocol, address) in listen::concrete(listen)? {
            match protocol {
                ListenProtocol::Udp => net.udp.push(udp::Socket::bind(address, &net.out)?),
                ListenProtocol::Tcp => net.listeners.push(tcp::Listener::bind(Protocol::Tcp, address, &net.tcp)?),
                ListenProtocol::Tls => net.listeners.push(tcp::Listener::bind(Protocol::Tls, address, &net.tcp)?),
            }
        }
        Ok(net)
    }

    /// Sends, or gives the bytes to the connection's writer; never waits. What cannot be sent comes back as `Received::Unsent`, or as
    /// `Received::SendFailed` where nothing can, save a datagram that finds no room or no way at this moment: that is dropped and counted,
    /// retransmission heals it.
    pub fn send(&self, flow: Flow, bytes: Vec<u8>) {
        match flow.protocol {
            Protocol::Udp => match self.udp.iter().find(|socket| socket.local == flow.local) {
                Some(socket) if socket.send(flow.peer, &bytes) => {}
                Some(_) => self.out.tell_if_room(Received::Unsent { flow, bytes }),
                None => self.out.tell_if_room(Received::SendFailed { flow }),
            },
            Protocol::Tcp | Protocol::Tls => self.tcp.send(flow, bytes),
        }
    }

    /// Should the next message to this flow open a connection over TLS: the peer's certificate is to be for that name.
    pub fn expect(&self, flow: Flow, name: String) {
        self.tcp.expect(flow, name);
    }

    /// Closes a connection once what was given to it is written; `Received::Closed` follows.
    pub fn close(&self, flow: Flow) {
        if flow.protocol.is_stream() {
            self.tcp.close(flow);
        }
    }

    /// The switch has taken this out of its inbox: what it held there is free again.
    pub fn taken(&self, input: &Input) {
        if let Input::Sip(Received::Bytes { bytes, .. } | Received::Unsent { bytes, .. }) = input {
            self.out.room.add_permits(bytes.len());
        }
    }

    /// The peer of a connection has proven himself.
    pub fn trust(&self, flow: Flow) {
        self.tcp.trust(flow);
    }

    /// Every address that is listened on, concrete, with the port that was got where 0 was asked for.
    #[must_use]
    pub fn local_addresses(&self) -> Vec<(Protocol, SocketAddr)> {
        let udp = self.udp.iter().map(|socket| (Protocol::Udp, socket.local));
        udp.chain(self.listeners.iter().map(|listener| (listener.protocol, listener.local))).collect()
    }

    #[must_use]
    pub fn counters(&self) -> NetCounters {
        self.out.counting.read()
    }

    /// The counts, to be read by others while the net runs.
    #[must_use]
    pub fn readings(&self) -> NetReadings {
        NetReadings(self.out.counting.clone())
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        self.tcp.abandon();
    }
}

/// The counts of a net that runs elsewhere.
#[derive(Clone)]
pub struct NetReadings(Arc<counters::Counting>);

impl NetReadings {
    #[must_use]
    pub fn read(&self) -> NetCounters {
        self.0.read()
    }
}

/// The way to the switch's inbox, and the counts.
#[derive(Clone)]
struct Reporter {
    inbox: mpsc::Sender<Input>,
    /// Bytes that the inbox may still hold.
    room: Arc<Semaphore>,
    counting: Arc<Counting>,
}

impl Reporter {
    /// Tells a rare fact that must not be lost, from a place that must not wait.
    fn tell(&self, fact: Received) {
        if let Err(TrySendError::Full(fact)) = self.inbox.try_send(Input::Sip(fact)) {
            let inbox = self.inbox.clone();
            tokio::spawn(async move { inbox.send(fact).await });
        }
    }

    /// Tells what may be lost where the inbox is full: a request that was not sent has its own time-out.
    fn tell_if_room(&self, fact: Received) {
        if self.try_tell(fact).is_err() {
            count(&self.counting.failures_untold);
        }
    }

    /// Waits for room; false once nobody listens any more.
    async fn tell_waiting(&self, fact: Received) -> bool {
        let room = self.room.acquire_many(weight(&fact)).await;
        let told = self.inbox.send(Input::Sip(fact)).await.is_ok();
        // Given back when it is taken (`Net::taken`); a task that ends before it has told gives it back itself.
        room.into_iter().for_each(SemaphorePermit::forget);
        told
    }

    /// Tells it if there is room.
    fn try_tell(&self, fact: Received) -> Result<(), TrySendError<()>> {
        let room = self.room.try_acquire_many(weight(&fact)).map_err(|_| TrySendError::Full(()))?;
        self.inbox.try_send(Input::Sip(fact)).map_err(|error| match error {
            TrySendError::Full(_) => TrySendError::Full(()),
            TrySendError::Closed(_) => TrySendError::Closed(()),
        })?;
        room.forget();
        Ok(())
    }
}

/// Bytes that a fact holds in the inbox.
fn weight(fact: &Received) -> u32 {
    match fact {
        Received::Bytes { bytes, .. } | Received::Unsent { bytes, .. } => u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        Received::Certified { .. } | Received::NoTls { .. } | Received::Closed { .. } | Received::SendFailed { .. } => 0,
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_tests;
