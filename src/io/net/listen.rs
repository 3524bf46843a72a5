//! From what the configuration says to addresses that can be bound, and from a refusal to what the operator can do.

use crate::config::{Listen, ListenProtocol};
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Each address once, a wildcard replaced by every address of its family that the machine has (link-local ones left out: they mean
/// nothing without a scope).
pub(super) fn concrete(listen: &[Listen]) -> io::Result<BTreeSet<(ListenProtocol, SocketAddr)>> {
    let mut all = BTreeSet::new();
    for entry in listen {
        if !entry.address.ip().is_unspecified() {
            all.insert((entry.protocol, entry.address));
            continue;
        }
        let machine = if_addrs::get_if_addrs().map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("cannot list this machine's addresses ({error}); name one in sip.listen instead of {}", entry.address.ip()),
            )
        })?;
        let fitting: Vec<IpAddr> = machine.iter().map(if_addrs::Interface::ip).filter(|ip| of_family(*ip, entry.address)).collect();
        if fitting.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::AddrNotAvailable,
                format!(
                    "cannot listen on {}: this machine has no address of that family; change sip.listen",
                    name(entry.protocol, entry.address)
                ),
            ));
        }
        all.extend(fitting.into_iter().map(|ip| (entry.protocol, SocketAddr::new(ip, entry.address.port()))));
    }
    Ok(all)
}

fn of_family(ip: IpAddr, wildcard: SocketAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => wildcard.is_ipv4() && !ip.is_link_local(),
        IpAddr::V6(ip) => wildcard.is_ipv6() && !ip.is_unicast_link_local(),
    }
}

/// The operating system's refusal, with the address and the remedy.
pub(super) fn refused(protocol: ListenProtocol, address: SocketAddr, error: &io::Error) -> io::Error {
    let port = address.port();
    let flag = if protocol == ListenProtocol::Udp { "u" } else { "t" };
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!("another program has this port (`ss -l{flag}np 'sport = :{port}'` names it): stop it, or change sip.listen")
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address (`ip address` lists them): change sip.listen".to_owned(),
        io::ErrorKind::PermissionDenied => format!("port {port} is reserved for root: take one above 1023 in sip.listen"),
        _ => "change sip.listen".to_owned(),
    };
    io::Error::new(error.kind(), format!("cannot listen on {}: {error}; {remedy}", name(protocol, address)))
}

fn name(protocol: ListenProtocol, address: SocketAddr) -> String {
    format!("{}:{address}", protocol.name())
}
