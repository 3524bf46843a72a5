//! The desk at which programs and people put orders to the switch, and wait for its answer.
//!
//! The driver owns the other end: it numbers each question, hands it to the switch, and answers when `Output::Reply` comes.

use crate::base::limits;
use crate::switch::input::Command;
use crate::switch::output::Reply;
use crate::switch::view::Snapshot;
use std::fmt;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// An order, and where its answer goes.
pub type Question = (Command, oneshot::Sender<Reply>);

/// The asking end; cheap to clone.
#[derive(Clone, Debug)]
pub struct Desk {
    questions: mpsc::Sender<Question>,
    patience: Duration,
}

/// Why there is no answer. All of them are the switch's fault, none the asker's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeskError {
    /// Too many wait already.
    Busy,
    /// No answer in time.
    Silent,
    /// The switch has ended.
    Gone,
}

impl fmt::Display for DeskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "too many requests wait for the switch",
            Self::Silent => "the switch did not answer in time",
            Self::Gone => "the switch has ended",
        })
    }
}

impl std::error::Error for DeskError {}

impl Desk {
    /// The asking end and the answering one.
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<Question>) {
        Self::with_patience(limits::DESK_PATIENCE)
    }

    #[must_use]
    pub fn with_patience(patience: Duration) -> (Self, mpsc::Receiver<Question>) {
        let (questions, receiver) = mpsc::channel(limits::DESK_QUESTIONS_MAX);
        (Self { questions, patience }, receiver)
    }

    /// Puts an order to the switch and waits for its answer, at most [`limits::DESK_PATIENCE`].
    ///
    /// # Errors
    /// When the switch is busy, silent or gone.
    pub async fn ask(&self, command: Command) -> Result<Reply, DeskError> {
        let (answer, reply) = oneshot::channel();
        self.questions.try_send((command, answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => DeskError::Busy,
            mpsc::error::TrySendError::Closed(_) => DeskError::Gone,
        })?;
        match tokio::time::timeout(self.patience, reply).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(_)) => Err(DeskError::Gone),
            Err(_) => Err(DeskError::Silent),
        }
    }

    /// The running switch, cut at one moment.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub async fn snapshot(&self) -> Result<Box<Snapshot>, DeskError> {
        match self.ask(Command::Snapshot).await? {
            Reply::Snapshot(snapshot) => Ok(snapshot),
            other => {
                tracing::error!(?other, "the switch answered a question for its snapshot with something else");
                Err(DeskError::Silent)
            }
        }
    }
}
