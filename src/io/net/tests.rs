//! Real sockets on loopback. Every wait has a deadline; none sleeps.

use super::*;
use crate::base::limits::{SWITCH_INBOX_MAX, TCP_OUTBOX_MAX};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(5);

struct World {
    net: Net,
    inbox: mpsc::Receiver<Input>,
}

impl World {
    fn listening(on: &[&str]) -> Self {
        Self::with_inbox(on, SWITCH_INBOX_MAX)
    }

    fn with_inbox(on: &[&str], size: usize) -> Self {
        let listen: Vec<Listen> = on.iter().map(|text| entry(text)).collect();
        let (sender, inbox) = mpsc::channel(size);
        Self { net: Net::bind(&listen, 64, Tls::default(), sender).expect("loopback can be listened on"), inbox }
    }

    fn address(&self, protocol: Protocol) -> SocketAddr {
        self.net.local_addresses().into_iter().find(|(of, _)| *of == protocol).expect("it listens").1
    }

    async fn next(&mut self) -> Received {
        match timeout(DEADLINE, self.inbox.recv()).await.expect("in time").expect("the sockets live") {
            Input::Sip(received) => received,
            other => panic!("sockets say nothing like {other:?}"),
        }
    }

    /// Bytes of the stream until there are `length`.
    async fn stream_of(&mut self, length: usize) -> (Flow, Vec<u8>) {
        let mut all = Vec::new();
        loop {
            let Received::Bytes { flow, bytes } = self.next().await else { panic!("the stream ended early") };
            all.extend(bytes);
            if all.len() >= length {
                return (flow, all);
            }
        }
    }
}

fn entry(text: &str) -> Listen {
    let (protocol, address) = text.split_once(':').expect("protocol:address");
    let protocol = if protocol == "udp" { ListenProtocol::Udp } else { ListenProtocol::Tcp };
    Listen { protocol, address: address.parse().expect("an address") }
}

async fn read_exactly(stream: &mut TcpStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    timeout(DEADLINE, stream.read_exact(&mut bytes)).await.expect("in time").expect("readable");
    bytes
}

#[tokio::test]
async fn a_datagram_comes_in_and_its_answer_goes_back_from_the_same_address() {
    let mut world = World::listening(&["udp:127.0.0.1:0"]);
    let local = world.address(Protocol::Udp);
    let phone = UdpSocket::bind("127.0.0.1:0").await.expect("a phone");
    phone.send_to(b"OPTIONS", local).await.expect("sent");
    let flow = Flow { protocol: Protocol::Udp, local, peer: phone.local_addr().expect("bound") };
    assert_eq!(world.next().await, Received::Bytes { flow, bytes: b"OPTIONS".to_vec() });
    world.net.send(flow, b"200".to_vec());
    let mut buffer = [0; 16];
    let (length, from) = timeout(DEADLINE, phone.recv_from(&mut buffer)).await.expect("in time").expect("received");
    assert_eq!((&buffer[..length], from), (&b"200"[..], local));
}

#[tokio::test]
async fn what_cannot_be_sent_at_all_is_told() {
    let mut world = World::listening(&["udp:127.0.0.1:0"]);
    let local = world.address(Protocol::Udp);
    let elsewhere = Flow { protocol: Protocol::Udp, local: "127.0.0.1:1".parse().expect("an address"), peer: local };
    world.net.send(elsewhere, b"x".to_vec());
    assert_eq!(world.next().await, Received::SendFailed { flow: elsewhere });
    let too_long = Flow { protocol: Protocol::Udp, local, peer: local };
    world.net.send(too_long, vec![0; 66_000]);
    assert_eq!(world.next().await, Received::Unsent { flow: too_long, bytes: vec![0; 66_000] });
}

#[tokio::test]
async fn a_full_inbox_drops_datagrams_and_counts_them() {
    let mut world = World::with_inbox(&["udp:127.0.0.1:0"], 2);
    let phone = UdpSocket::bind("127.0.0.1:0").await.expect("a phone");
    for _ in 0..5 {
        phone.send_to(b"flood", world.address(Protocol::Udp)).await.expect("sent");
    }
    let all_counted = async {
        while world.net.counters().datagrams_received < 5 {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, all_counted).await.expect("five came");
    assert_eq!(world.net.counters().datagrams_dropped_in, 3);
    world.next().await;
}

/// Sends `count` datagrams of `size` bytes, each when the one before has been seen, so that none is lost in the kernel; gives how many of
/// them found no room.
async fn floods(world: &World, phone: &UdpSocket, count: u64, size: usize) -> u64 {
    let before = world.net.counters();
    for sent in 1..=count {
        phone.send_to(&vec![b'x'; size], world.address(Protocol::Udp)).await.expect("sent");
        let seen = async {
            while world.net.counters().datagrams_received < before.datagrams_received + sent {
                tokio::task::yield_now().await;
            }
        };
        timeout(DEADLINE, seen).await.expect("received");
    }
    world.net.counters().datagrams_dropped_in - before.datagrams_dropped_in
}

/// Takes everything out of the inbox, as the switch does; gives how many inputs and bytes there were.
fn takes_all(world: &mut World) -> (u64, usize) {
    let (mut inputs, mut bytes) = (0, 0);
    while let Ok(input) = world.inbox.try_recv() {
        world.net.taken(&input);
        let Input::Sip(Received::Bytes { bytes: received, .. }) = input else { panic!("bytes alone were sent") };
        (inputs, bytes) = (inputs + 1, bytes + received.len());
    }
    (inputs, bytes)
}

#[tokio::test]
async fn what_waits_for_the_switch_is_bounded_in_bytes_too_and_taking_it_makes_room() {
    const SIZE: usize = 60_000;
    let fit = (SWITCH_INBOX_BYTES_MAX / SIZE) as u64;
    assert!(fit + 20 < SWITCH_INBOX_MAX as u64, "by number there is room for all of them");
    let mut world = World::listening(&["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]);
    let phone = UdpSocket::bind("127.0.0.1:0").await.expect("a phone");
    assert_eq!(floods(&world, &phone, fit + 20, SIZE).await, 20);
    // What is smaller than the rest of the room still fits, once.
    assert_eq!(floods(&world, &phone, 2, SWITCH_INBOX_BYTES_MAX % SIZE).await, 1);
    // One is taken, one fits; and it all begins anew when all are taken. More often than the bound would last if any were kept.
    let input = world.inbox.try_recv().expect("they wait");
    world.net.taken(&input);
    assert_eq!(floods(&world, &phone, 2, SIZE).await, 1);
    assert_eq!(takes_all(&mut world), (fit + 1, SWITCH_INBOX_BYTES_MAX));
    assert_eq!(floods(&world, &phone, fit + 1, SIZE).await, 1);
    // A stream is not read on until there is room, and nothing of it is lost.
    let rest = SWITCH_INBOX_BYTES_MAX % SIZE;
    assert_eq!(floods(&world, &phone, 1, rest).await, 0);
    let mut stream = TcpStream::connect(world.address(Protocol::Tcp)).await.expect("connected");
    stream.write_all(b"OPTIONS").await.expect("written");
    let accepted = async {
        while world.net.counters().connections_accepted < 1 {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, accepted).await.expect("accepted");
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert_eq!(takes_all(&mut world), (fit + 1, SWITCH_INBOX_BYTES_MAX), "the datagrams alone");
    assert_eq!(world.stream_of(7).await.1, b"OPTIONS");
}

#[tokio::test]
async fn a_stream_in_pieces_keeps_its_bytes_and_is_answered_on_the_same_connection() {
    let mut world = World::listening(&["tcp:127.0.0.1:0"]);
    let local = world.address(Protocol::Tcp);
    let mut phone = TcpStream::connect(local).await.expect("connected");
    let message = b"INVITE sip:95000@h SIP/2.0\r\n\r\n";
    for piece in message.chunks(7) {
        phone.write_all(piece).await.expect("written");
        phone.flush().await.expect("flushed");
    }
    let (flow, bytes) = world.stream_of(message.len()).await;
    assert_eq!((flow.local, flow.peer, &bytes[..]), (local, phone.local_addr().expect("bound"), &message[..]));
    world.net.send(flow, b"100".to_vec());
    world.net.send(flow, b"200".to_vec());
    assert_eq!(read_exactly(&mut phone, 6).await, b"100200");
    let counters = world.net.counters();
    assert_eq!((counters.connections_accepted, counters.connections_opened, counters.connections_open), (1, 0, 1));
    drop(phone);
    assert_eq!(world.next().await, Received::Closed { flow });
    assert_eq!(world.net.counters().connections_open, 0);
}

#[tokio::test]
async fn sending_opens_one_connection_and_uses_it_again() {
    let mut world = World::listening(&["tcp:127.0.0.1:0"]);
    let carrier = TcpListener::bind("127.0.0.1:0").await.expect("a carrier");
    let flow = Flow { protocol: Protocol::Tcp, local: world.address(Protocol::Tcp), peer: carrier.local_addr().expect("bound") };
    world.net.send(flow, b"one".to_vec());
    world.net.send(flow, b"two".to_vec());
    let (mut first, _) = timeout(DEADLINE, carrier.accept()).await.expect("in time").expect("accepted");
    assert_eq!(read_exactly(&mut first, 6).await, b"onetwo");
    first.write_all(b"answer").await.expect("written");
    assert_eq!(world.stream_of(6).await, (flow, b"answer".to_vec()));
    drop(first);
    assert_eq!(world.next().await, Received::Closed { flow });
    // Gone: the next message opens a new one.
    world.net.send(flow, b"three".to_vec());
    let (mut second, _) = timeout(DEADLINE, carrier.accept()).await.expect("in time").expect("accepted");
    assert_eq!(read_exactly(&mut second, 5).await, b"three");
    assert_eq!(world.net.counters().connections_opened, 2);
}

#[tokio::test]
async fn a_refused_connection_is_a_failed_send() {
    let mut world = World::listening(&["tcp:127.0.0.1:0"]);
    let nobody = TcpListener::bind("127.0.0.1:0").await.expect("bound").local_addr().expect("bound");
    let flow = Flow { protocol: Protocol::Tcp, local: world.address(Protocol::Tcp), peer: nobody };
    world.net.send(flow, b"INVITE".to_vec());
    assert_eq!(world.next().await, Received::SendFailed { flow });
    assert_eq!((world.net.counters().connect_failures, world.net.counters().connections_open), (1, 0));
}

#[tokio::test]
async fn closing_writes_what_was_given_first() {
    let mut world = World::listening(&["tcp:127.0.0.1:0"]);
    let mut phone = TcpStream::connect(world.address(Protocol::Tcp)).await.expect("connected");
    phone.write_all(b"garbage").await.expect("written");
    let (flow, _) = world.stream_of(7).await;
    world.net.send(flow, b"400".to_vec());
    world.net.close(flow);
    world.net.close(flow);
    assert_eq!(world.next().await, Received::Closed { flow }, "told once");
    assert_eq!(world.net.counters().connections_open, 0);
    let mut rest = Vec::new();
    timeout(DEADLINE, phone.read_to_end(&mut rest)).await.expect("in time").expect("readable");
    assert_eq!(rest, b"400");
}

#[tokio::test]
async fn a_wildcard_becomes_every_address_of_the_machine() {
    let world = World::listening(&["udp:0.0.0.0:0", "tcp:0.0.0.0:0"]);
    let addresses = world.net.local_addresses();
    assert!(addresses.iter().all(|(_, address)| !address.ip().is_unspecified() && address.port() != 0), "{addresses:?}");
    for protocol in [Protocol::Udp, Protocol::Tcp] {
        assert!(addresses.iter().any(|(of, address)| *of == protocol && address.ip().is_loopback()), "{addresses:?}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_address_and_the_remedy() {
    let world = World::listening(&["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]);
    let taken_udp = format!("udp:{}", world.address(Protocol::Udp));
    let taken_tcp = format!("tcp:{}", world.address(Protocol::Tcp));
    let cases = [(taken_udp.as_str(), "another program"), (&taken_tcp, "another program"), ("udp:192.0.2.77:5060", "no such address")];
    for (listen, remedy) in cases {
        let refusal = Net::bind(&[entry(listen)], 64, Tls::default(), mpsc::channel(1).0).err().expect("it cannot be bound").to_string();
        assert!(refusal.contains(listen) && refusal.contains(remedy) && refusal.contains("sip.listen"), "{refusal}");
    }
}

#[tokio::test]
async fn dropping_the_net_closes_its_sockets() {
    let world = World::listening(&["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]);
    let addresses = world.net.local_addresses();
    let mut phone = TcpStream::connect(world.address(Protocol::Tcp)).await.expect("connected");
    let World { net, inbox: _inbox } = world;
    drop(net);
    let ended = timeout(DEADLINE, phone.read(&mut [0; 8])).await.expect("in time");
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
    let again = async {
        let listen: Vec<Listen> = addresses
            .iter()
            .map(|(protocol, address)| Listen {
                protocol: if *protocol == Protocol::Udp { ListenProtocol::Udp } else { ListenProtocol::Tcp },
                address: *address,
            })
            .collect();
        while Net::bind(&listen, 64, Tls::default(), mpsc::channel(1).0).is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, again).await.expect("the addresses are free again");
}

/// A neighbour's full outbox, or a full inbox, costs one message and no task each.
#[tokio::test]
async fn a_message_that_finds_no_room_is_told_by_itself_and_the_others_arrive() {
    let mut world = World::listening(&["tcp:127.0.0.1:0"]);
    let carrier = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let flow = Flow { protocol: Protocol::Tcp, local: world.address(Protocol::Tcp), peer: carrier.local_addr().expect("bound") };
    let message = |number: usize| format!("{number:06}").into_bytes();
    // No writer has its turn meanwhile.
    for number in 0..=TCP_OUTBOX_MAX {
        world.net.send(flow, message(number));
    }
    let (mut stream, _) = timeout(DEADLINE, carrier.accept()).await.expect("in time").expect("accepted");
    assert_eq!(world.next().await, Received::Unsent { flow, bytes: message(TCP_OUTBOX_MAX) });
    let all = read_exactly(&mut stream, 6 * TCP_OUTBOX_MAX).await;
    assert_eq!(all[6 * (TCP_OUTBOX_MAX - 1)..], message(TCP_OUTBOX_MAX - 1));
    // Nobody listens: what cannot be told is counted.
    let mut world = World::with_inbox(&["udp:127.0.0.1:0"], 2);
    let elsewhere = Flow { protocol: Protocol::Udp, local: "127.0.0.1:1".parse().expect("an address"), peer: flow.peer };
    for _ in 0..5 {
        world.net.send(elsewhere, b"x".to_vec());
    }
    assert_eq!(world.net.counters().failures_untold, 3);
    assert_eq!(world.next().await, Received::SendFailed { flow: elsewhere });
}
