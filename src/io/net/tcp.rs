//! TCP connections, plain or under TLS: accepted, or opened when something is to be sent and none is there; one task each, which ends with
//! the connection.
//!
//! A connection is named by its flow: the listening address that it belongs to, and the peer. Its table is shared between the
//! switch's task, which sends, and the tasks of the connections, which come and go; the lock is held for a look-up alone.

use super::Reporter;
use super::counters::count;
use super::listen::refused;
use super::secure::{Far, Handshakes, Shaken};
use super::strangers::Strangers;
use crate::base::limits::{TCP_CONNECTIONS_MAX, TCP_IDLE_MAX, TCP_OUTBOX_MAX};
use crate::config::ListenProtocol;
use crate::sip::{Flow, Protocol, Received};
use socket2::{Domain, SockRef, TcpKeepalive, Type};
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// A peer that takes no connection within this is unreachable: well under Timer B (32 s), so that the next target gets its turn.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// A peer that takes no bytes for this long does not read.
const WRITE_MAX: Duration = Duration::from_secs(10);
/// A dead peer is noticed after about two minutes of silence.
const KEEPALIVE: Duration = Duration::from_secs(60);
const READ_BUFFER: usize = 16 * 1024;
const BACKLOG: i32 = 1_024;
/// How long to wait after accept failed (descriptors used up), so that it does not eat a core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// All connections. Cheap to clone: clones are the same table.
#[derive(Clone)]
pub(super) struct Connections {
    table: Arc<Mutex<Table>>,
    next_serial: Arc<AtomicU64>,
    /// There where TLS is listened for.
    handshakes: Option<Arc<Handshakes>>,
    out: Reporter,
}

struct Table {
    open: BTreeMap<Flow, Connection>,
    /// By which name whom the next message goes to is to be known, where that opens a connection.
    expected: Option<(Flow, String)>,
    /// Those that were taken, and over which nobody has proven himself yet.
    strangers: Strangers,
}

impl Table {
    fn remove(&mut self, flow: Flow) -> Option<Connection> {
        let connection = self.open.remove(&flow)?;
        self.strangers.remove(flow, connection.serial);
        Some(connection)
    }
}

struct Connection {
    outbox: mpsc::Sender<Vec<u8>>,
    /// Tells a connection from a later one of the same flow.
    serial: u64,
    /// Ended when the table is dropped.
    task: Option<JoinHandle<()>>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

impl Connections {
    pub fn new(strangers_max: u32, handshakes: Option<Handshakes>, out: Reporter) -> Self {
        let table = Table {
            open: BTreeMap::new(),
            expected: None,
            strangers: Strangers::new(usize::try_from(strangers_max).unwrap_or(usize::MAX)),
        };
        Self { table: Arc::new(Mutex::new(table)), next_serial: Arc::default(), handshakes: handshakes.map(Arc::new), out }
    }

    pub fn send(&self, flow: Flow, bytes: Vec<u8>) {
        let waiting = match self.table().open.get(&flow) {
            Some(connection) => connection.outbox.try_send(bytes),
            None => Err(mpsc::error::TrySendError::Closed(bytes)),
        };
        match waiting {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(bytes)) => {
                count(&self.out.counting.outbox_overflows);
                self.out.tell_if_room(Received::Unsent { flow, bytes });
            }
            // None there, or one that is just ending.
            Err(mpsc::error::TrySendError::Closed(bytes)) => self.open(flow, bytes),
        }
    }

    pub fn expect(&self, flow: Flow, name: String) {
        let mut table = self.table();
        table.expected = (!table.open.contains_key(&flow)).then_some((flow, name));
    }

    pub fn close(&self, flow: Flow) {
        if let Some(mut connection) = self.table().remove(flow) {
            // Without an outbox the task writes what it has, and ends.
            connection.task = None;
            drop(connection);
            self.out.counting.connections_open.fetch_sub(1, Relaxed);
            self.out.tell(Received::Closed { flow });
        }
    }

    pub fn trust(&self, flow: Flow) {
        let mut table = self.table();
        if let Some(serial) = table.open.get(&flow).map(|connection| connection.serial) {
            table.strangers.remove(flow, serial);
        }
    }

    fn open(&self, flow: Flow, bytes: Vec<u8>) {
        let name = self.table().expected.take().filter(|(expected, _)| *expected == flow).map(|(_, name)| name);
        // Over TLS who cannot be known is not connected to.
        let far = match (flow.protocol, &self.handshakes) {
            (Protocol::Tls, Some(handshakes)) => handshakes.far(flow.peer, name).map(Some),
            (Protocol::Tls, None) => None,
            (Protocol::Udp | Protocol::Tcp, _) => Some(None),
        };
        let opened = far.is_some_and(|far| self.start(flow, Beginning::Opened(far), Some(bytes)));
        if !opened {
            self.out.tell_if_room(Received::SendFailed { flow });
        }
    }

    fn accepted(&self, flow: Flow, stream: TcpStream) {
        if self.start(flow, Beginning::Accepted(stream), None) {
            count(&self.out.counting.connections_accepted);
        }
    }

    /// Enters a connection and starts its task; false when there are too many.
    fn start(&self, flow: Flow, beginning: Beginning, first: Option<Vec<u8>>) -> bool {
        let mut table = self.table();
        let serial = self.next_serial.fetch_add(1, Relaxed);
        let is_accepted = matches!(beginning, Beginning::Accepted(_));
        let displaced = if is_accepted { table.strangers.enter(flow, serial) } else { None };
        if let Some(displaced) = displaced
            && table.open.remove(&displaced).is_some()
        {
            count(&self.out.counting.connections_displaced);
            self.out.counting.connections_open.fetch_sub(1, Relaxed);
            self.out.tell(Received::Closed { flow: displaced });
        }
        if table.open.len() >= TCP_CONNECTIONS_MAX {
            table.strangers.remove(flow, serial);
            count(&self.out.counting.connections_refused);
            return false;
        }
        let (outbox, orders) = mpsc::channel(TCP_OUTBOX_MAX);
        if let Some(bytes) = first {
            outbox.try_send(bytes).expect("a new outbox has room");
        }
        let connections = self.clone();
        let task = tokio::spawn(async move {
            let end = run(beginning, orders, &connections, flow, serial).await;
            connections.ended(flow, serial, end).await;
        });
        let replaced = table.remove(flow);
        table.open.insert(flow, Connection { outbox, serial, task: Some(task) });
        drop(table);
        match replaced {
            None => count(&self.out.counting.connections_open),
            // One that was just ending, or that the peer forgot: half a message of it must not be taken for the new one's head.
            Some(_) => self.out.tell(Received::Closed { flow }),
        }
        true
    }

    /// Passes on what was read; false once nobody listens. A full inbox slows the peer down: nothing of a stream may be dropped. What comes
    /// on a connection that was closed is nobody's any more, but is still taken, so that the last answer gets through.
    async fn read(&self, flow: Flow, serial: u64, bytes: Vec<u8>) -> bool {
        !self.is_current(flow, serial) || self.out.tell_waiting(Received::Bytes { flow, bytes }).await
    }

    fn is_current(&self, flow: Flow, serial: u64) -> bool {
        self.table().open.get(&flow).is_some_and(|connection| connection.serial == serial)
    }

    /// Ends all of them at once.
    pub fn abandon(&self) {
        self.table().open.clear();
    }

    async fn ended(&self, flow: Flow, serial: u64, end: End) {
        let current = {
            let mut table = self.table();
            let current = table.open.get(&flow).is_some_and(|connection| connection.serial == serial);
            if current && let Some(mut connection) = table.remove(flow) {
                connection.task = None; // It is this very task.
                self.out.counting.connections_open.fetch_sub(1, Relaxed);
            }
            current
        };
        if end.unsent {
            self.out.tell_waiting(Received::SendFailed { flow }).await;
        }
        if current && end.connected {
            self.out.tell_waiting(Received::Closed { flow }).await;
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing in here panics half-way through a change.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn open(peer: SocketAddr, out: &Reporter) -> Option<TcpStream> {
    let stream = timeout(CONNECT_MAX, TcpStream::connect(peer)).await.ok().and_then(Result::ok);
    count(if stream.is_some() { &out.counting.connections_opened } else { &out.counting.connect_failures });
    stream
}

/// How a connection comes about.
enum Beginning {
    Accepted(TcpStream),
    /// By us; over TLS to who is to be there.
    Opened(Option<Far>),
}

/// A connection's life, from its beginning.
async fn run(beginning: Beginning, mut orders: mpsc::Receiver<Vec<u8>>, connections: &Connections, flow: Flow, serial: u64) -> End {
    let (stream, far) = match beginning {
        Beginning::Accepted(stream) => (stream, None),
        Beginning::Opened(far) => match open(flow.peer, &connections.out).await {
            Some(stream) => (stream, far),
            None => return End { unsent: true, connected: false },
        },
    };
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_tcp_keepalive(&TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE / 4));
    let Some(handshakes) = connections.handshakes.as_ref().filter(|_| flow.protocol == Protocol::Tls) else {
        let (reader, writer) = stream.into_split();
        return live(reader, writer, orders, connections, flow, serial).await;
    };
    let opened = far.is_some();
    let shaken = match far {
        None => handshakes.accept(stream, flow).await,
        Some(far) => handshakes.connect(stream, far).await,
    };
    let Shaken { stream, names } = match shaken {
        Ok(shaken) => shaken,
        Err(why) => {
            tracing::info!(peer = %flow.peer, why, "no TLS with this peer");
            count(&connections.out.counting.handshake_failures);
            if opened {
                connections.out.tell_waiting(Received::NoTls { flow, why }).await;
            }
            orders.close();
            return End { unsent: orders.try_recv().is_ok(), connected: false };
        }
    };
    if !names.is_empty() && connections.is_current(flow, serial) {
        connections.out.tell_waiting(Received::Certified { flow, names }).await;
    }
    let (reader, writer) = tokio::io::split(stream);
    live(reader, writer, orders, connections, flow, serial).await
}

/// How a connection's life ended.
struct End {
    /// Something that was to be sent was not.
    unsent: bool,
    connected: bool,
}

/// Reads and writes until either side ends.
async fn live(
    mut reader: impl AsyncRead + Unpin,
    mut writer: impl AsyncWrite + Unpin,
    mut orders: mpsc::Receiver<Vec<u8>>,
    connections: &Connections,
    flow: Flow,
    serial: u64,
) -> End {
    let mut write_failed = false;
    let reading = async {
        let mut buffer = vec![0; READ_BUFFER];
        let mut patience = Some(TCP_IDLE_MAX);
        loop {
            // The endpoint closes idle connections, but of one that never said a word it has never heard.
            let read = match patience {
                Some(limit) => timeout(limit, reader.read(&mut buffer)).await.unwrap_or(Ok(0)),
                None => reader.read(&mut buffer).await,
            };
            let length = read.unwrap_or(0);
            if length == 0 || !connections.read(flow, serial, buffer[..length].to_vec()).await {
                return;
            }
            patience = None;
        }
    };
    let writing = async {
        while let Some(bytes) = orders.recv().await {
            // Under TLS what is written may wait to be sent.
            let written = async {
                writer.write_all(&bytes).await?;
                writer.flush().await
            };
            if !matches!(timeout(WRITE_MAX, written).await, Ok(Ok(()))) {
                write_failed = true;
                return;
            }
        }
        let _ = writer.shutdown().await;
    };
    tokio::select! { () = reading => {} () = writing => {} }
    orders.close();
    End { unsent: write_failed || orders.try_recv().is_ok(), connected: true }
}

/// A listening socket and the task that accepts.
pub(super) struct Listener {
    pub protocol: Protocol,
    pub local: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Listener {
    pub fn bind(protocol: Protocol, address: SocketAddr, connections: &Connections) -> io::Result<Self> {
        let named = if protocol == Protocol::Tls { ListenProtocol::Tls } else { ListenProtocol::Tcp };
        let listener = listen(address).map_err(|error| refused(named, address, &error))?;
        let local = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, protocol, local, connections.clone()));
        Ok(Self { protocol, local, accepting })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Connections of the life before are in TIME_WAIT; that is no reason not to start.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

async fn accept(listener: TcpListener, protocol: Protocol, local: SocketAddr, connections: Connections) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => connections.accepted(Flow { protocol, local, peer }, stream),
            Err(error) => {
                tracing::warn!(%local, %error, "connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}
