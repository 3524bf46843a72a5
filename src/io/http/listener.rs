//! A TCP listener that accepts no more connections than it may: the rest wait in the kernel's backlog. A connection is closed when for too
//! long nothing could be said to it: neither a head that comes byte by byte nor a peer that never reads holds its place, nor one who is long
//! in shaking hands. Hands are shaken when the connection is first read, so that accepting the next waits for nobody.

use crate::base::limits::{HTTP_CONNECTIONS_PER_ADDRESS_MAX, HTTP_SILENCE_MAX};
use crate::io::net::Tls;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

pub struct Bounded {
    listener: TcpListener,
    places: Arc<Semaphore>,
    addresses: Addresses,
    silence: Duration,
    tls: Option<Tls>,
}

/// How many connections each address has. A lock, because connections end on any thread; held for one look-up.
#[derive(Clone, Debug, Default)]
struct Addresses(Arc<Mutex<BTreeMap<IpAddr, usize>>>);

impl Addresses {
    fn counts(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat for one more connection; `None` when the address has too many.
    fn seat(&self, address: IpAddr) -> Option<Seat> {
        let mut counts = self.counts();
        let count = counts.entry(address).or_insert(0);
        if *count >= HTTP_CONNECTIONS_PER_ADDRESS_MAX && !address.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Seat { addresses: self.clone(), address })
    }
}

/// Counts as long as it is held.
#[derive(Debug)]
struct Seat {
    addresses: Addresses,
    address: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.addresses.counts();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

impl Bounded {
    /// `tls`: everybody comes over TLS, with the certificate that was loaded last.
    pub async fn bind(listen: SocketAddr, connections_max: usize, tls: Option<Tls>) -> io::Result<Self> {
        Ok(Self {
            listener: TcpListener::bind(listen).await?,
            places: Arc::new(Semaphore::new(connections_max)),
            addresses: Addresses::default(),
            silence: HTTP_SILENCE_MAX,
            tls,
        })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// What is read and written.
enum Stream {
    Plain(TcpStream),
    Shaking(Box<Accept<TcpStream>>),
    Secure(Box<TlsStream<TcpStream>>),
    /// Hands were not shaken.
    Failed,
}

impl Stream {
    /// The stream as it can be read and written: first hands are shaken.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Duplex>>> {
        if let Self::Shaking(shaking) = self {
            match Pin::new(shaking.as_mut()).poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(stream)) => *self = Self::Secure(Box::new(stream)),
                Poll::Ready(Err(error)) => {
                    tracing::debug!(%error, "no TLS with this browser or program");
                    *self = Self::Failed;
                    return Poll::Ready(Err(error));
                }
            }
        }
        match self {
            Self::Plain(stream) => Poll::Ready(Ok(Pin::new(stream))),
            Self::Secure(stream) => Poll::Ready(Ok(Pin::new(stream.as_mut()))),
            Self::Shaking(_) | Self::Failed => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

/// Read and written.
trait Duplex: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

/// A connection with its place among the allowed ones.
pub struct Connection {
    stream: Stream,
    /// When it has been silent for too long; put off by each byte that it takes.
    silent: Pin<Box<Sleep>>,
    silence: Duration,
    _place: OwnedSemaphorePermit,
    _seat: Seat,
}

impl Connection {
    /// What is to be waited for, unless it was waited for too long.
    fn waiting<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        self.silent.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }

    fn written(&mut self, cx: &mut Context<'_>, poll: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match poll {
            Poll::Pending => self.waiting(cx),
            Poll::Ready(Ok(length)) if length > 0 => {
                let silence = self.silence;
                self.silent.as_mut().reset(Instant::now() + silence);
                Poll::Ready(Ok(length))
            }
            ready @ Poll::Ready(_) => ready,
        }
    }
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let place = Arc::clone(&self.places).acquire_owned().await.expect("the semaphore is never closed");
        loop {
            // axum's own accept waits and tries again when descriptors run out.
            let (stream, peer) = Listener::accept(&mut self.listener).await;
            let Some(seat) = self.addresses.seat(peer.ip().to_canonical()) else { continue };
            let _ = stream.set_nodelay(true);
            let stream = match &self.tls {
                None => Stream::Plain(stream),
                // It was there when the switch began; without it nobody is spoken to in clear.
                Some(tls) => match tls.pages() {
                    Some(config) => Stream::Shaking(Box::new(TlsAcceptor::from(config).accept(stream))),
                    None => continue,
                },
            };
            return (Connection { stream, silent: Box::pin(sleep(self.silence)), silence: self.silence, _place: place, _seat: seat }, peer);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.address()
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Asked first: a peer that always has a byte more would else never be found out.
        if self.silent.is_elapsed() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        match flat(self.stream.poll_ready(cx).map_ok(|stream| stream.poll_read(cx, buf))) {
            Poll::Pending => self.waiting(cx),
            ready @ Poll::Ready(_) => ready,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let poll = self.stream.poll_ready(cx).map_ok(|stream| stream.poll_write(cx, buf));
        let poll = flat(poll);
        self.written(cx, poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Secure(stream) => Pin::new(stream.as_mut()).poll_flush(cx),
            // Nothing was written.
            Stream::Shaking(_) | Stream::Failed => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Secure(stream) => Pin::new(stream.as_mut()).poll_shutdown(cx),
            Stream::Shaking(_) | Stream::Failed => Poll::Ready(Ok(())),
        }
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let poll = self.stream.poll_ready(cx).map_ok(|stream| stream.poll_write_vectored(cx, bufs));
        let poll = flat(poll);
        self.written(cx, poll)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Secure(stream) => stream.is_write_vectored(),
            Stream::Shaking(_) | Stream::Failed => false,
        }
    }
}

fn flat<T>(poll: Poll<io::Result<Poll<io::Result<T>>>>) -> Poll<io::Result<T>> {
    match poll {
        Poll::Ready(Ok(inner)) => inner,
        Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        Poll::Pending => Poll::Pending,
    }
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

impl Connected<IncomingStream<'_, Bounded>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Bounded>) -> Self {
        Self(*stream.remote_addr())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn pair(silence: Duration) -> (Connection, TcpStream) {
        let mut bounded = Bounded::bind("127.0.0.1:0".parse().expect("an address"), 8, None).await.expect("it listens");
        bounded.silence = silence;
        let peer = TcpStream::connect(bounded.address().expect("bound")).await.expect("it connects");
        (bounded.accept().await.0, peer)
    }

    #[tokio::test]
    async fn a_head_that_never_ends_holds_no_place_however_it_trickles() {
        let (mut connection, mut peer) = pair(Duration::from_millis(50)).await;
        let trickling = tokio::spawn(async move {
            while peer.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let mut byte = [0; 1];
        let ended = tokio::time::timeout(Duration::from_secs(5), async { while connection.read_exact(&mut byte).await.is_ok() {} }).await;
        assert!(ended.is_ok(), "it was closed, though bytes came all the time");
        drop(connection);
        trickling.await.expect("the peer notices");
    }

    #[tokio::test]
    async fn a_peer_that_never_reads_is_given_up() {
        let (mut connection, _peer) = pair(Duration::from_millis(50)).await;
        let block = vec![0; 1 << 20];
        let ended = tokio::time::timeout(Duration::from_secs(5), async {
            loop {
                if let Err(error) = connection.write_all(&block).await {
                    return error.kind();
                }
            }
        });
        assert_eq!(ended.await.expect("in time"), io::ErrorKind::TimedOut);
    }

    #[test]
    fn an_address_has_so_many_seats_and_loopback_has_all() {
        let addresses = Addresses::default();
        let far: IpAddr = "192.0.2.7".parse().expect("an address");
        let mut seats: Vec<Seat> = (0..HTTP_CONNECTIONS_PER_ADDRESS_MAX).map(|_| addresses.seat(far).expect("a seat")).collect();
        assert!(addresses.seat(far).is_none());
        assert!(addresses.seat("192.0.2.8".parse().expect("an address")).is_some());
        seats.pop();
        seats.push(addresses.seat(far).expect("one has gone"));
        let loopback = "127.0.0.1".parse().expect("an address");
        let near: Vec<Option<Seat>> = (0..=HTTP_CONNECTIONS_PER_ADDRESS_MAX).map(|_| addresses.seat(loopback)).collect();
        assert!(near.iter().all(Option::is_some));
        drop((seats, near));
        assert!(addresses.counts().is_empty(), "nothing is kept of who has gone");
    }
}
