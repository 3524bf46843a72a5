//! One call's recording from the order to open its file to the hash of the finished one. It belongs to the call, not to a leg, and
//! never holds a call up: whatever happens to the disk, the call goes on.

use super::metadata::RecordingFile;
use crate::base::limits::{RECORDING_CLOSES_WITHIN, RECORDING_OPENS_WITHIN};
use crate::base::recorded::{RecordingRecord, RecordingState};
use crate::base::{Duration, Instant, Machine};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Recording {
    file: RecordingFile,
    state: State,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum State {
    /// Not yet asked for.
    Idle,
    Opening {
        give_up_at: Instant,
    },
    Active,
    Closing {
        give_up_at: Instant,
    },
    /// Nothing was heard of the recorder in time. What it says later still counts.
    Overdue {
        why: Overdue,
    },
    Complete {
        duration: Duration,
        sha256: String,
    },
    Recovered {
        duration: Duration,
        sha256: String,
    },
    /// The recorder failed; final, for what it wrote is not the whole call.
    Failed {
        reason: String,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Overdue {
    Opening,
    Closing,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The caller was answered.
    Started,
    /// The recorder has the file open.
    Opened,
    /// The recorder cannot write: folder unwritable, disk full.
    Failed { reason: String },
    /// The call was released.
    Released,
    /// The file is whole, synced, hashed and renamed.
    Closed { duration: Duration, sha256: String },
    /// After a crash: the file was repaired, finished, hashed and renamed.
    Recovered { duration: Duration, sha256: String },
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    Open {
        file: RecordingFile,
    },
    /// Finish the file; the audio sent before still belongs to it.
    Close,
    /// The recording is not being made, or was lost: tell the operators.
    Alarm {
        reason: String,
    },
    /// What the call's record says of it has changed for good.
    Store(RecordingRecord),
}

impl Recording {
    #[must_use]
    pub fn new(file: RecordingFile) -> Self {
        Self { file, state: State::Idle }
    }

    #[must_use]
    pub fn file(&self) -> RecordingFile {
        self.file
    }

    /// Nothing more is waited for: the call may be forgotten.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(
            self.state,
            State::Complete { .. } | State::Recovered { .. } | State::Failed { .. } | State::Overdue { why: Overdue::Closing }
        )
    }

    /// What the call's record says now; `None` before the start.
    #[must_use]
    pub fn info(&self) -> Option<RecordingRecord> {
        let (state, duration, sha256, reason) = match &self.state {
            State::Idle => return None,
            State::Opening { .. } | State::Active | State::Closing { .. } => (RecordingState::Open, Duration::ZERO, None, None),
            State::Complete { duration, sha256 } => (RecordingState::Complete, *duration, Some(sha256.clone()), None),
            State::Recovered { duration, sha256 } => (RecordingState::Recovered, *duration, Some(sha256.clone()), None),
            State::Overdue { why } => (RecordingState::Missing, Duration::ZERO, None, Some(why.reason().to_owned())),
            State::Failed { reason } => (RecordingState::Missing, Duration::ZERO, None, Some(reason.clone())),
        };
        Some(RecordingRecord { file: self.file.to_string(), duration, sha256, state, reason })
    }

    fn enter(&mut self, state: State, out: &mut Vec<Action>) {
        self.state = state;
        match &self.state {
            State::Failed { reason } => out.push(Action::Alarm { reason: reason.clone() }),
            State::Overdue { why } => out.push(Action::Alarm { reason: why.reason().to_owned() }),
            State::Complete { .. } | State::Recovered { .. } => {}
            State::Idle | State::Opening { .. } | State::Active | State::Closing { .. } => return,
        }
        out.extend(self.info().map(Action::Store));
    }
}

impl Overdue {
    const fn reason(self) -> &'static str {
        match self {
            Self::Opening => "the recorder did not open the file in time",
            Self::Closing => "the recorder did not finish the file in time",
        }
    }
}

impl Machine for Recording {
    type Event = Event;
    type Action = Action;

    fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        let next = match (&self.state, event) {
            // What was recovered was the beginning: the call goes on after the crash, and its file with it.
            (State::Idle | State::Recovered { .. }, Event::Started) => {
                out.push(Action::Open { file: self.file });
                State::Opening { give_up_at: now + RECORDING_OPENS_WITHIN }
            }
            (State::Opening { .. } | State::Overdue { why: Overdue::Opening }, Event::Opened) => State::Active,
            (
                State::Idle | State::Opening { .. } | State::Active | State::Closing { .. } | State::Overdue { .. },
                Event::Failed { reason },
            ) => State::Failed { reason },
            // The recorder takes its orders in turn: a file ordered closed before it was open is opened first.
            (State::Opening { .. } | State::Active | State::Overdue { why: Overdue::Opening }, Event::Released) => {
                out.push(Action::Close);
                State::Closing { give_up_at: now + RECORDING_CLOSES_WITHIN }
            }
            (State::Opening { .. } | State::Active | State::Closing { .. } | State::Overdue { .. }, Event::Closed { duration, sha256 }) => {
                State::Complete { duration, sha256 }
            }
            (
                State::Idle | State::Opening { .. } | State::Active | State::Closing { .. } | State::Overdue { .. } | State::Failed { .. },
                Event::Recovered { duration, sha256 },
            ) => State::Recovered { duration, sha256 },
            (State::Idle, Event::Opened | Event::Released | Event::Closed { .. })
            | (State::Active | State::Closing { .. } | State::Overdue { why: Overdue::Closing }, Event::Opened)
            | (State::Closing { .. } | State::Overdue { why: Overdue::Closing }, Event::Released)
            | (State::Opening { .. } | State::Active | State::Closing { .. } | State::Overdue { .. }, Event::Started)
            | (State::Failed { .. }, Event::Started | Event::Opened | Event::Failed { .. } | Event::Released | Event::Closed { .. })
            | (State::Complete { .. }, _)
            | (
                State::Recovered { .. },
                Event::Opened | Event::Failed { .. } | Event::Released | Event::Closed { .. } | Event::Recovered { .. },
            ) => return,
        };
        self.enter(next, out);
    }

    fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        match self.state {
            State::Opening { give_up_at } if give_up_at <= now => self.enter(State::Overdue { why: Overdue::Opening }, out),
            State::Closing { give_up_at } if give_up_at <= now => self.enter(State::Overdue { why: Overdue::Closing }, out),
            _ => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Opening { give_up_at } | State::Closing { give_up_at } => Some(give_up_at),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::machine::drive::Drive;
    use crate::base::time::{millis, secs};
    use crate::base::{CallId, Rng, Timestamp};

    fn recording() -> Drive<Recording> {
        let at = Timestamp(1_795_219_200_000);
        Drive::new(Recording::new(RecordingFile::new(CallId::new(at, &mut Rng::new(1)), at)))
    }

    fn closed() -> Event {
        Event::Closed { duration: millis(61_020), sha256: "ab".repeat(32) }
    }

    fn state(drive: &Drive<Recording>) -> Option<&'static str> {
        drive.machine.info().map(|info| info.state.name())
    }

    fn stored(drive: &Drive<Recording>) -> Vec<&'static str> {
        drive.log.iter().filter_map(|(_, action)| if let Action::Store(info) = action { Some(info.state.name()) } else { None }).collect()
    }

    #[test]
    fn a_call_is_recorded_from_answer_to_release() {
        let mut drive = recording();
        assert_eq!(state(&drive), None);
        drive.event(Event::Started).until(millis(3)).event(Event::Opened).until(secs(3_600));
        assert_eq!(state(&drive), Some("open"));
        drive.event(Event::Released).event(closed()).until(secs(9_000));
        let info = drive.machine.info().expect("it was started");
        assert_eq!((info.state, info.duration, info.sha256), (RecordingState::Complete, millis(61_020), Some("ab".repeat(32))));
        assert_eq!(drive.log.len(), 3, "open, close, store: {:?}", drive.log);
        assert!(drive.machine.is_settled());
    }

    #[test]
    fn a_full_disk_is_told_at_once_and_not_taken_back() {
        let mut drive = recording();
        drive.event(Event::Started).event(Event::Opened).until(secs(9)).event(Event::Failed { reason: "disk full".into() });
        assert_eq!(drive.log[1], (secs(9), Action::Alarm { reason: "disk full".into() }));
        drive.event(Event::Released).event(closed()).event(Event::Failed { reason: "again".into() }).until(secs(900));
        assert_eq!((state(&drive), stored(&drive)), (Some("missing"), vec!["missing"]));
        assert_eq!(drive.machine.info().and_then(|info| info.reason), Some("disk full".to_owned()));
    }

    #[test]
    fn a_recorder_that_does_not_answer_is_missing_until_it_does() {
        let mut drive = recording();
        drive.event(Event::Started).until(millis(9_999));
        assert_eq!(state(&drive), Some("open"));
        drive.until(secs(10));
        assert_eq!(state(&drive), Some("missing"));
        let reason = "the recorder did not open the file in time".to_owned();
        assert!(drive.log.contains(&(secs(10), Action::Alarm { reason: reason.clone() })));
        assert_eq!(drive.machine.info().and_then(|info| info.reason), Some(reason));
        drive.event(Event::Opened).until(secs(30)).event(Event::Released).until(secs(149));
        assert_eq!((state(&drive), drive.machine.is_settled()), (Some("open"), false));
        drive.until(secs(150));
        assert_eq!((state(&drive), drive.machine.is_settled()), (Some("missing"), true));
        drive.event(closed());
        assert_eq!(stored(&drive), ["missing", "missing", "complete"]);
    }

    #[test]
    fn a_call_shorter_than_the_opening_of_its_file_is_on_file_too() {
        let mut drive = recording();
        drive.event(Event::Started).event(Event::Released).event(Event::Opened).event(closed()).until(secs(300));
        assert_eq!((state(&drive), stored(&drive)), (Some("complete"), vec!["complete"]));
    }

    #[test]
    fn what_was_repaired_after_a_crash_says_so() {
        let mut drive = recording();
        drive.event(Event::Recovered { duration: secs(9), sha256: "cd".repeat(32) }).event(closed()).until(secs(300));
        assert_eq!((state(&drive), stored(&drive)), (Some("recovered"), vec!["recovered"]));
    }

    #[test]
    fn a_call_whose_beginning_was_recovered_is_recorded_on() {
        let mut drive = recording();
        drive.event(Event::Recovered { duration: millis(20), sha256: "cd".repeat(32) });
        drive.event(Event::Started).event(Event::Opened).event(Event::Released).event(closed());
        assert_eq!((state(&drive), stored(&drive)), (Some("complete"), vec!["recovered", "complete"]));
    }

    #[test]
    fn facts_out_of_place_change_nothing() {
        let mut drive = recording();
        drive.event(Event::Opened).event(Event::Released).event(closed());
        assert_eq!((state(&drive), drive.log.len()), (None, 0));
        drive.event(Event::Started).event(Event::Started).event(Event::Opened).event(Event::Opened).event(Event::Released);
        drive.event(Event::Released).event(Event::Opened).event(Event::Started).event(closed());
        for late in [Event::Started, Event::Opened, Event::Released, Event::Failed { reason: "late".into() }, closed()] {
            drive.event(late);
        }
        assert_eq!((state(&drive), drive.log.len()), (Some("complete"), 3));
    }
}
