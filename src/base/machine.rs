//! The one contract that every rule, call, agent and transaction of the switch obeys.

use super::Instant;

/// A pure state machine: facts go in with the time, orders come out, and it says when it wants to be woken.
pub trait Machine {
    /// A fact, past tense: `Rang`, `Answered`, `Held`.
    type Event;
    /// An order, imperative: `Cancel`, `Say`, `Release`.
    type Action;

    fn handle(&mut self, event: Self::Event, now: Instant, out: &mut Vec<Self::Action>);

    /// To be called when [`deadline`](Self::deadline) has passed; leaves no deadline at or before `now`.
    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Self::Action>);

    /// The moment at which `handle_timeout` must be called next; `None` while nothing is waited for.
    fn deadline(&self) -> Option<Instant>;
}

/// Drives one machine through virtual time in tests and writes down what it ordered, and when.
#[cfg(test)]
pub mod drive {
    use super::Machine;
    use crate::base::time::{Duration, Instant};

    pub struct Drive<M: Machine> {
        pub machine: M,
        pub now: Instant,
        pub log: Vec<(Duration, M::Action)>,
    }

    impl<M: Machine> Drive<M> {
        pub fn new(machine: M) -> Self {
            Self { machine, now: Instant::START, log: Vec::new() }
        }

        /// Hands `event` to the machine now.
        pub fn event(&mut self, event: M::Event) -> &mut Self {
            let mut out = Vec::new();
            self.machine.handle(event, self.now, &mut out);
            self.note(out);
            self
        }

        /// Lets time run to `since_start`, waking the machine at each of its deadlines.
        pub fn until(&mut self, since_start: Duration) -> &mut Self {
            let end = Instant::after_start(since_start);
            self.wake_early();
            while let Some(deadline) = self.machine.deadline().filter(|deadline| *deadline <= end) {
                self.now = self.now.max(deadline);
                let mut out = Vec::new();
                self.machine.handle_timeout(self.now, &mut out);
                assert!(
                    self.machine.deadline().is_none_or(|next| next > self.now),
                    "a machine that was woken leaves no deadline at or before now"
                );
                self.note(out);
            }
            self.now = end;
            self
        }

        /// Who is woken before his time does nothing and waits on.
        fn wake_early(&mut self) {
            let Some(deadline) = self.machine.deadline().filter(|deadline| *deadline > self.now) else { return };
            let mut out = Vec::new();
            self.machine.handle_timeout(self.now, &mut out);
            assert!(out.is_empty(), "a machine that was woken early ordered something");
            assert_eq!(self.machine.deadline(), Some(deadline), "a machine that was woken early changed its deadline");
        }

        fn note(&mut self, out: Vec<M::Action>) {
            let at = self.now.since_start();
            self.log.extend(out.into_iter().map(|action| (at, action)));
        }
    }
}
