//! Which recording a number means that somebody keyed on his phone: asked of the store and of the folder, beside the switch's task.

use super::shapes::Call;
use super::store::Store;
use crate::base::limits::{NUMBER_FOUND_WITHIN, NUMBERS_SOUGHT_MAX};
use crate::base::{AgentId, CallId, Duration, ReplayNumber};
use crate::switch::input::{FoundRecording, Input, Sought, WhatIsThere};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};

pub struct Finder {
    store: Store,
    recordings: PathBuf,
    inbox: mpsc::Sender<Input>,
    /// Where it is looked up.
    readers: Handle,
    room: Arc<Semaphore>,
}

impl Finder {
    #[must_use]
    pub fn new(store: Store, recordings: PathBuf, inbox: mpsc::Sender<Input>, readers: Handle) -> Self {
        Self { store, recordings, inbox, readers, room: Arc::new(Semaphore::new(NUMBERS_SOUGHT_MAX)) }
    }

    /// Has the switch told what there is of that number. When too many are sought at once nothing is told, and the switch gives up by itself.
    pub fn find(&self, call: CallId, number: ReplayNumber) {
        let Ok(place) = Arc::clone(&self.room).try_acquire_owned() else {
            return tracing::warn!(%call, "too many recordings are sought by phone at once");
        };
        let (store, recordings, inbox) = (self.store.clone(), self.recordings.clone(), self.inbox.clone());
        self.readers.spawn(async move {
            let sought = tokio::time::timeout(NUMBER_FOUND_WITHIN, look_up(&store, recordings, number)).await.unwrap_or(Sought::Unanswered);
            // A switch that is gone needs no answer.
            let _ = inbox.send(Input::RecordingFound(FoundRecording { call, number, sought })).await;
            drop(place);
        });
    }
}

async fn look_up(store: &Store, recordings: PathBuf, number: ReplayNumber) -> Sought {
    // A call that has just ended is found, as long as the store is only busy.
    let _ = tokio::time::timeout(NUMBER_FOUND_WITHIN / 2, store.flush()).await;
    match store.call_of_number(number).await {
        Ok(Some(call)) => {
            let there = tokio::task::spawn_blocking(move || what_is_there(&call, &recordings)).await;
            there.ok().flatten().unwrap_or(Sought::Nothing)
        }
        Ok(None) => Sought::Nothing,
        Err(error) => {
            tracing::error!(%error, "a recording's number cannot be looked up");
            Sought::Unanswered
        }
    }
}

/// `None` for a record without a recording.
fn what_is_there(call: &Call, recordings: &std::path::Path) -> Option<Sought> {
    let of: CallId = call.id.parse().ok()?;
    let recording = call.recording.as_ref()?;
    let agents = call.agent.iter().chain(call.segments.iter().map(|segment| &segment.agent));
    let agents = agents.map(|agent| AgentId::new(agent)).collect();
    let what = match recording.state.as_str() {
        "complete" | "recovered" if recordings.join(&recording.file).is_file() => {
            WhatIsThere::Whole(Duration::from_millis(recording.duration_ms))
        }
        // What a crash left of a call that goes on is recovered, and grows.
        "complete" | "recovered" if call.released_at.is_none() => WhatIsThere::Open,
        "open" => WhatIsThere::Open,
        "removed" => WhatIsThere::Removed,
        _ => WhatIsThere::Missing,
    };
    Some(Sought::There { of, agents, what })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{Rng, Timestamp};
    use crate::call::record::{CallDirection, CallRecord, RecordingRecord, RecordingState};
    use crate::io::store::Row;

    #[tokio::test]
    async fn a_number_means_what_the_record_says_and_the_folder_has() {
        let folder = tempfile::tempdir().expect("a folder");
        let recordings = folder.path().join("recordings");
        std::fs::create_dir_all(&recordings).expect("a folder");
        let store = Store::open(&folder.path().join("data")).await.expect("opens");
        let mut rng = Rng::new(3);
        let keep = |name: &str, n: i64, state, over: bool, rng: &mut Rng| {
            let at = Timestamp(1_795_000_000_000 + n * 1_000);
            let recording = RecordingRecord { file: name.to_owned(), duration: Duration::from_secs(9), sha256: None, state, reason: None };
            let new = CallRecord::new(CallId::new(at, rng), CallDirection::Inbound, "1".to_owned(), "2".to_owned(), at);
            let agent = Some(AgentId::new("1001"));
            let record = CallRecord { agent, answered_at: Some(at), released_at: over.then_some(at), recording: Some(recording), ..new };
            store.try_push(Row::Call(Box::new(record))).expect("room");
        };
        std::fs::write(recordings.join("whole.wav"), b"RIFF").expect("writes");
        keep("whole.wav", 0, RecordingState::Complete, true, &mut rng);
        keep("gone.wav", 1, RecordingState::Complete, true, &mut rng);
        keep("grows.wav", 2, RecordingState::Recovered, false, &mut rng);
        keep("open.wav", 3, RecordingState::Open, false, &mut rng);
        keep("never.wav", 4, RecordingState::Missing, true, &mut rng);
        let mut found = Vec::new();
        for count in 0..6 {
            found.push(match look_up(&store, recordings.clone(), ReplayNumber::of_count(count)).await {
                Sought::There { agents, what, .. } => {
                    assert!(agents.contains(&AgentId::new("1001")));
                    Some(what)
                }
                Sought::Nothing => None,
                Sought::Unanswered => panic!("the store is well"),
            });
        }
        let expected =
            [WhatIsThere::Whole(Duration::from_secs(9)), WhatIsThere::Missing, WhatIsThere::Open, WhatIsThere::Open, WhatIsThere::Missing];
        assert_eq!(found[..5], expected.map(Some));
        assert_eq!(found[5], None);
    }
}
