//! The floor: what a machine can carry when nothing is done but to take packets and to pass them on. One thread, epoll, one socket a leg;
//! leg 2n is joined with leg 2n + 1, and each sends to where its last packet came from.

use super::options::RelayOptions;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use std::io;
use std::net::{SocketAddr, UdpSocket};

struct Leg {
    socket: UdpSocket,
    peer: Option<SocketAddr>,
}

/// Until it is killed.
///
/// # Errors
/// A port is taken, or no descriptor is left; the text names the port.
pub fn relay(options: &RelayOptions) -> io::Result<()> {
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    let mut legs = Vec::new();
    for at in 0..2 * options.calls {
        let mut address = options.first;
        let port = options.first.port().checked_add(2 * at).ok_or_else(|| io::Error::other("not enough ports above the first"))?;
        address.set_port(port);
        let socket = UdpSocket::bind(address).map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))?;
        socket.set_nonblocking(true)?;
        epoll::add(&epoll, &socket, EventData::new_u64(u64::from(at)), EventFlags::IN)?;
        legs.push(Leg { socket, peer: None });
    }
    let mut events = Vec::with_capacity(1_024);
    let mut buffer = [0; 2_048];
    loop {
        events.clear();
        match epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut events), None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        for event in &events {
            let at = event.data.u64() as usize;
            let Ok((length, peer)) = legs[at].socket.recv_from(&mut buffer) else { continue };
            legs[at].peer = Some(peer);
            let other = &legs[at ^ 1];
            if let Some(peer) = other.peer {
                // Lost is lost.
                let _ = other.socket.send_to(&buffer[..length], peer);
            }
        }
    }
}
