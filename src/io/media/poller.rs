//! Waiting for sockets: epoll, level-triggered. A socket that still holds something is told of again, so that one read a wake-up is
//! enough, where edges would need a second one to see that there is nothing more; and one flooded leg does not starve the others.

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

/// What was woken by the [`Waker`]; sockets have smaller keys.
pub(super) const WOKEN: u64 = u64::MAX;
/// Sockets told of at a time: the packets of so many are received before the first is sent on.
const EVENTS: usize = 256;

pub(super) struct Poller {
    epoll: OwnedFd,
    wake: Arc<OwnedFd>,
}

/// What a wait told of. Stays in its thread.
pub(super) struct Events(Vec<epoll::Event>);

impl Events {
    pub fn new() -> Self {
        Self(Vec::with_capacity(EVENTS))
    }

    pub fn keys(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(|event| event.data.u64())
    }
}

/// Ends a wait from another thread.
#[derive(Clone)]
pub(super) struct Waker(Arc<OwnedFd>);

impl Waker {
    pub fn wake(&self) -> io::Result<()> {
        match rustix::io::write(&*self.0, &1_u64.to_ne_bytes()) {
            // Full: it is woken already.
            Ok(_) | Err(rustix::io::Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl Poller {
    pub fn new() -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        epoll::add(&epoll, &*wake, EventData::new_u64(WOKEN), EventFlags::IN)?;
        Ok(Self { epoll, wake })
    }

    pub fn waker(&self) -> Waker {
        Waker(Arc::clone(&self.wake))
    }

    /// Tells of `socket` under `key` from now on, until it is closed.
    pub fn add(&self, socket: impl AsFd, key: u64) -> io::Result<()> {
        debug_assert_ne!(key, WOKEN);
        Ok(epoll::add(&self.epoll, socket, EventData::new_u64(key), EventFlags::IN)?)
    }

    /// Tells of `socket` no more, though it stays open.
    pub fn remove(&self, socket: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, socket)?)
    }

    /// Waits for a socket to hold something, or to be woken, for `patience` at most.
    pub fn wait(&self, events: &mut Events, patience: Duration) -> io::Result<()> {
        let patience = Timespec::try_from(patience).map_err(|_| io::ErrorKind::InvalidInput)?;
        events.0.clear();
        match epoll::wait(&self.epoll, spare_capacity(&mut events.0), Some(&patience)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the wake-up, so that the next one is told of anew.
    pub fn take_wake_up(&self) {
        // Nothing to take is no harm.
        let _ = rustix::io::read(&*self.wake, &mut [0_u8; 8]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;

    #[test]
    fn a_socket_is_told_of_until_it_is_read_and_a_wake_up_until_it_is_taken() {
        let poller = Poller::new().expect("epoll");
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        poller.add(&socket, 7).expect("added");
        let mut events = Events::new();
        let mut keys = || {
            poller.wait(&mut events, Duration::ZERO).expect("waited");
            events.keys().collect::<Vec<u64>>()
        };
        assert_eq!(keys(), [0_u64; 0]);
        for _ in 0..2 {
            socket.send_to(b"x", socket.local_addr().expect("bound")).expect("sent");
        }
        for _ in 0..2 {
            assert_eq!(keys(), [7]);
            socket.recv(&mut [0; 8]).expect("received");
        }
        let waker = poller.waker();
        waker.wake().expect("woken");
        waker.wake().expect("woken");
        assert_eq!((keys(), keys()), (vec![WOKEN], vec![WOKEN]));
        poller.take_wake_up();
        assert_eq!(keys(), [0_u64; 0]);
        socket.send_to(b"x", socket.local_addr().expect("bound")).expect("sent");
        drop(socket);
        assert_eq!(keys(), [0_u64; 0], "a closed socket is forgotten");
    }
}
