//! Who is to be called back: by whose wish, with which place in line, how often it was tried. What is done about it is `calling_back`'s.

use crate::acd::Levels;
use crate::base::limits::CALL_BACKS_MAX;
use crate::base::{AgentId, CallId, Instant, QueueId, Timestamp, TrunkId};
use crate::call::record::CallBackWhy;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Somebody who is to be called back. He is named by the call in which it came to that.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CallBack {
    pub queue: QueueId,
    pub number: String,
    /// By which he called; `None` for a phone of our own.
    pub trunk: Option<TrunkId>,
    pub why: CallBackWhy,
    /// His first arrival: his place in line.
    pub since: Instant,
    pub asked_at: Timestamp,
    /// What he was spoken to in, where it is not the switch's own.
    pub language: Option<String>,
    /// What the number that he dialled asked for besides the queue.
    #[serde(default)]
    pub asks: Levels,
    /// Who spoke with him last.
    pub preferred: Option<AgentId>,
    /// Calls to him that came to nothing.
    pub tries: u32,
    pub state: CallBackState,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum CallBackState {
    /// On the list, until an agent takes it.
    Listed,
    /// In line, under the name of the call that will be made.
    Waiting { call: CallId },
    /// The call is being made.
    Calling { call: CallId },
    /// He was called and not reached, and is called again then.
    Resting { until: Instant },
}

impl CallBackState {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Waiting { .. } => "waiting",
            Self::Calling { .. } => "calling",
            Self::Resting { .. } => "resting",
        }
    }

    #[must_use]
    pub const fn call(self) -> Option<CallId> {
        match self {
            Self::Waiting { call } | Self::Calling { call } => Some(call),
            Self::Listed | Self::Resting { .. } => None,
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct CallBacks {
    all: BTreeMap<CallId, CallBack>,
    of_calls: BTreeMap<CallId, CallId>,
    of_numbers: BTreeMap<(QueueId, String), CallId>,
    resting: BTreeSet<(Instant, CallId)>,
    changed: BTreeSet<CallId>,
}

impl CallBacks {
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.all.len() >= CALL_BACKS_MAX
    }

    /// One more, in place of one of the same name.
    pub fn insert(&mut self, id: CallId, call_back: CallBack) {
        self.remove(id);
        self.index(id, &call_back);
        self.all.insert(id, call_back);
        self.changed.insert(id);
    }

    pub fn remove(&mut self, id: CallId) -> Option<CallBack> {
        let call_back = self.all.remove(&id)?;
        self.changed.insert(id);
        self.of_numbers.remove(&(call_back.queue.clone(), call_back.number.clone()));
        self.forget_state(id, call_back.state);
        Some(call_back)
    }

    fn index(&mut self, id: CallId, call_back: &CallBack) {
        self.of_numbers.insert((call_back.queue.clone(), call_back.number.clone()), id);
        match call_back.state {
            CallBackState::Waiting { call } | CallBackState::Calling { call } => {
                self.of_calls.insert(call, id);
            }
            CallBackState::Resting { until } => {
                self.resting.insert((until, id));
            }
            CallBackState::Listed => {}
        }
    }

    fn forget_state(&mut self, id: CallId, state: CallBackState) {
        match state {
            CallBackState::Waiting { call } | CallBackState::Calling { call } => {
                self.of_calls.remove(&call);
            }
            CallBackState::Resting { until } => {
                self.resting.remove(&(until, id));
            }
            CallBackState::Listed => {}
        }
    }

    /// Changes one; nothing for one who is not known (any more).
    pub fn change(&mut self, id: CallId, change: impl FnOnce(&mut CallBack)) {
        if let Some(mut call_back) = self.remove(id) {
            change(&mut call_back);
            self.insert(id, call_back);
        }
    }

    #[must_use]
    pub fn get(&self, id: CallId) -> Option<&CallBack> {
        self.all.get(&id)
    }

    /// For whom that call is made, or will be.
    #[must_use]
    pub fn of_call(&self, call: CallId) -> Option<CallId> {
        self.of_calls.get(&call).copied()
    }

    /// Whether somebody of that number is to be called by that queue.
    #[must_use]
    pub fn find(&self, queue: &QueueId, number: &str) -> Option<CallId> {
        self.of_numbers.get(&(queue.clone(), number.to_owned())).copied()
    }

    /// In order of the calls in which it came to them.
    pub fn all(&self) -> impl Iterator<Item = (CallId, &CallBack)> {
        self.all.iter().map(|(id, call_back)| (*id, call_back))
    }

    /// When the next is called again.
    #[must_use]
    pub fn next_at(&self) -> Option<Instant> {
        self.resting.first().map(|(until, _)| *until)
    }

    #[must_use]
    pub fn due(&self, now: Instant) -> Vec<CallId> {
        self.resting.iter().take_while(|(until, _)| *until <= now).map(|(_, id)| *id).collect()
    }

    /// Which changed since this was last asked, those that are gone included.
    pub fn take_changed(&mut self) -> BTreeSet<CallId> {
        std::mem::take(&mut self.changed)
    }

    #[must_use]
    pub fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// One that was kept.
    pub fn restore(&mut self, id: CallId, call_back: CallBack) {
        self.index(id, &call_back);
        self.all.insert(id, call_back);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Rng;
    use crate::base::time::secs;

    fn call(n: i64) -> CallId {
        CallId::new(Timestamp(1_795_000_000_000 + n), &mut Rng::new(1))
    }

    fn asked(number: &str, state: CallBackState) -> CallBack {
        let (queue, trunk, language, preferred) = ("service".into(), None, None, None);
        let (since, asked_at) = (Instant::START, Timestamp(0));
        CallBack {
            queue,
            number: number.to_owned(),
            trunk,
            why: CallBackWhy::Asked,
            since,
            asked_at,
            language,
            asks: Levels::new(),
            preferred,
            tries: 0,
            state,
        }
    }

    #[test]
    fn each_is_found_by_its_call_its_number_and_its_moment_as_it_stands() {
        let mut all = CallBacks::default();
        let at = Instant::START + secs(300);
        all.insert(call(1), asked("13800138000", CallBackState::Waiting { call: call(2) }));
        assert_eq!((all.of_call(call(2)), all.find(&"service".into(), "13800138000")), (Some(call(1)), Some(call(1))));
        assert_eq!(all.next_at(), None);
        all.change(call(1), |one| one.state = CallBackState::Resting { until: at });
        assert_eq!((all.of_call(call(2)), all.next_at(), all.due(at)), (None, Some(at), vec![call(1)]));
        assert_eq!(all.due(Instant::START + secs(299)), []);
        all.insert(call(3), asked("13900139000", CallBackState::Listed));
        assert_eq!(all.take_changed(), BTreeSet::from([call(1), call(3)]));
        assert_eq!(all.remove(call(1)).map(|one| one.number), Some("13800138000".to_owned()));
        assert_eq!((all.next_at(), all.find(&"service".into(), "13800138000")), (None, None));
        assert_eq!((all.has_changed(), all.take_changed()), (true, BTreeSet::from([call(1)])));
        assert_eq!(all.all().map(|(id, _)| id).collect::<Vec<_>>(), [call(3)]);
    }
}
