//! What happened on the sockets, counted without locks and read for metrics.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// A reading of the counts since the start.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct NetCounters {
            $($(#[$doc])* pub $name: u64,)*
        }

        #[derive(Default)]
        pub(super) struct Counting {
            $(pub $name: AtomicU64,)*
        }

        impl Counting {
            pub fn read(&self) -> NetCounters {
                NetCounters { $($name: self.$name.load(Relaxed),)* }
            }
        }
    };
}

counters! {
    datagrams_received,
    datagrams_sent,
    /// The switch's inbox was full.
    datagrams_dropped_in,
    /// The socket's send buffer was full.
    datagrams_dropped_out,
    /// Taken from peers, and opened by us.
    connections_accepted,
    connections_opened,
    /// Open at this moment.
    connections_open,
    /// Closed at once because there were too many.
    connections_refused,
    /// Strangers' that had to make room for newer ones: of their own address, or of all.
    connections_displaced,
    connect_failures,
    /// Connections over which no TLS came about: garbage, a certificate that is not taken, or too slow.
    handshake_failures,
    /// Messages that a connection could not take: peer does not read.
    outbox_overflows,
    /// Failures to send that the switch's full inbox did not take.
    failures_untold,
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}
