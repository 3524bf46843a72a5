//! A leg's way from one worker to another: its stream and its open sockets in one hand, passed by a channel that holds this one thing.
//!
//! The worker that waits for it keeps back what is ordered of the session meanwhile, in order, so that who orders need not know where
//! sessions live. It waits only for departures that were ordered earlier, so no two workers wait for each other.

use super::sockets::Pair;
use super::{Bell, Order, session_of};
use crate::base::limits::MEDIA_COMMANDS_MAX;
use crate::base::{LegId, SessionId};
use crate::media::Departed;
use crate::media::control::Command;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};

/// The leg, as it stands. Dropped on the way, its sockets are closed and its ports free.
type Passenger = (Departed, Pair);

/// For the worker that has the leg. However it ends, who waits for the leg is woken.
pub(super) struct Departure {
    pub leg: LegId,
    pub from: SessionId,
    way: Option<SyncSender<Passenger>>,
    bell: Bell,
}

/// For the worker that is to have it.
pub(super) struct Expected {
    pub leg: LegId,
    pub to: SessionId,
    way: Receiver<Passenger>,
    came: Option<Passenger>,
}

/// Opens the way of `leg`; `bell` is that of the worker to which it goes.
pub(super) fn open(leg: LegId, (from, to): (SessionId, SessionId), bell: Bell) -> (Departure, Expected) {
    let (sender, receiver) = sync_channel(1);
    (Departure { leg, from, way: Some(sender), bell }, Expected { leg, to, way: receiver, came: None })
}

impl Departure {
    /// Sends the leg on its way; `None`: nobody comes.
    pub fn hand_over(self, passenger: Option<Passenger>) {
        if let (Some(way), Some(passenger)) = (&self.way, passenger) {
            // Full it cannot be; closed, the other worker is gone or gave up, and the leg is nobody's.
            let _ = way.try_send(passenger);
        }
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        // Closed before it rings: who wakes must find that nobody comes any more.
        self.way = None;
        self.bell.ring();
    }
}

impl Expected {
    /// Whether it is known who came.
    fn is_settled(&mut self) -> bool {
        match self.way.try_recv() {
            _ if self.came.is_some() => true,
            Ok(passenger) => {
                self.came = Some(passenger);
                true
            }
            Err(TryRecvError::Empty) => false,
            Err(TryRecvError::Disconnected) => true,
        }
    }

    /// Who came.
    pub fn into_passenger(self) -> Option<Passenger> {
        self.came
    }
}

/// Orders that wait behind an expected leg: those of its session, in the order in which they were given.
#[derive(Default)]
pub(super) struct Awaited {
    waiting: VecDeque<Order>,
}

impl Awaited {
    /// Returns the order if it can be obeyed now, else keeps it for later.
    pub fn pass(&mut self, mut order: Order) -> Option<Order> {
        if self.waiting.iter().any(|earlier| concern_one(earlier, &order)) || !is_settled(&mut order) {
            self.waiting.push_back(order);
            return None;
        }
        Some(order)
    }

    /// The next order that waits no longer. When too many wait, the first of them, whoever came: a worker that does not let its legs go is
    /// not waited for while calls pile up behind it.
    pub fn take_ready(&mut self) -> Option<Order> {
        if self.waiting.len() >= MEDIA_COMMANDS_MAX {
            return self.waiting.pop_front();
        }
        for index in 0..self.waiting.len() {
            let is_behind = self.waiting.range(..index).any(|earlier| concern_one(earlier, &self.waiting[index]));
            if !is_behind && is_settled(&mut self.waiting[index]) {
                return self.waiting.remove(index);
            }
        }
        None
    }
}

fn is_settled(order: &mut Order) -> bool {
    if let Order::Expect(expected) = order { expected.is_settled() } else { true }
}

/// Whether two orders concern one session, and must keep their turn.
fn concern_one(earlier: &Order, later: &Order) -> bool {
    let (earlier, later) = (sessions_of(earlier), sessions_of(later));
    earlier.into_iter().flatten().any(|session| later.contains(&Some(session)))
}

fn sessions_of(order: &Order) -> [Option<SessionId>; 2] {
    match order {
        Order::Command(Command::Move { from, to, .. }) => [Some(*from), Some(*to)],
        Order::Command(command) => [Some(session_of(command)), None],
        Order::Depart(departure) => [Some(departure.from), None],
        Order::Expect(expected) => [Some(expected.to), None],
        Order::SetClips(_) => [None, None],
    }
}

#[cfg(test)]
mod tests {
    use super::super::poller::Poller;
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    fn way(leg: u64, from: u64, to: u64) -> (Departure, Order) {
        let waker = Poller::new().expect("epoll").waker();
        let bell = Bell { rung: Arc::new(AtomicBool::new(false)), waker };
        let (departure, expected) = open(LegId(leg), (SessionId(from), SessionId(to)), bell);
        (departure, Order::Expect(expected))
    }

    fn release(session: u64) -> Order {
        Order::Command(Command::Release { session: SessionId(session) })
    }

    /// A name for the order: what it does, and to which session.
    fn name(order: &Order) -> String {
        let sessions: Vec<String> = sessions_of(order).into_iter().flatten().map(|session| session.0.to_string()).collect();
        let what = match order {
            Order::Command(_) => "command",
            Order::Depart(_) => "depart",
            Order::Expect(_) => "expect",
            Order::SetClips(_) => "clips",
        };
        format!("{what} {}", sessions.join(" "))
    }

    #[test]
    fn orders_of_a_session_wait_for_its_leg_and_others_do_not() {
        let mut awaited = Awaited::default();
        let (first, expect_first) = way(1, 10, 1);
        let (second, expect_second) = way(2, 1, 2);
        let moved = Order::Command(Command::Move { leg: LegId(5), from: SessionId(4), to: SessionId(1) });
        let mut passed = Vec::new();
        for order in [expect_first, release(3), release(1), Order::Depart(second), moved, release(4), Order::SetClips(Arc::default())] {
            passed.extend(awaited.pass(order).map(|order| name(&order)));
        }
        // Session 4's release stands behind the move out of it.
        assert_eq!(passed, ["command 3", "clips "]);
        assert!(awaited.take_ready().is_none(), "nobody came yet");
        first.hand_over(None);
        let ready: Vec<String> = std::iter::from_fn(|| awaited.take_ready().map(|order| name(&order))).collect();
        assert_eq!(ready, ["expect 1", "command 1", "depart 1", "command 4 1", "command 4"], "in the order in which they were given");
        let Order::Expect(mut expected) = expect_second else { panic!("it is expected") };
        assert!(expected.is_settled() && expected.into_passenger().is_none(), "a departure that is dropped brings nobody");
    }

    #[test]
    fn who_came_before_he_was_looked_for_is_not_waited_for() {
        let mut awaited = Awaited::default();
        let (departure, expect) = way(1, 10, 1);
        departure.hand_over(None);
        assert!(matches!(awaited.pass(expect), Some(Order::Expect(_))));
        assert!(awaited.pass(release(1)).is_some());
    }

    #[test]
    fn a_leg_that_never_comes_is_given_up_when_too_many_orders_wait() {
        let mut awaited = Awaited::default();
        let (_departure, expect) = way(1, 10, 1);
        assert!(awaited.pass(expect).is_none());
        for _ in 1..MEDIA_COMMANDS_MAX {
            assert!(awaited.take_ready().is_none());
            assert!(awaited.pass(release(1)).is_none());
        }
        assert_eq!(awaited.take_ready().map(|order| name(&order)), Some("expect 1".to_owned()));
        assert_eq!(std::iter::from_fn(|| awaited.take_ready()).count(), MEDIA_COMMANDS_MAX - 1);
    }
}
