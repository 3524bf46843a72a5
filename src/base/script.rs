//! What a script of service is made of: shared by the configuration, which reads it, and the rule that carries it out.

use super::{ClipId, Duration, QueueId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that a script does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ScriptStep {
    /// A prompt to the caller; what follows begins when it was played.
    Say(ClipId),
    /// Neither side speaks for so long; the agent's speech begins it anew from its end.
    Wait(Duration),
    /// The caller waits in another queue, for somebody who can help him; while nobody is at work there, what follows comes instead.
    Queue(QueueId),
    /// That queue calls him back; he is told so by the step before, and nobody hangs up on him.
    CallBack(QueueId),
    /// The call ends.
    Release,
}

impl fmt::Display for ScriptStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Say(clip) => write!(f, "say:{clip}"),
            Self::Wait(wait) => write!(f, "wait:{}ms", wait.as_millis()),
            Self::Queue(queue) => write!(f, "queue:{queue}"),
            Self::CallBack(queue) => write!(f, "call-back:{queue}"),
            Self::Release => f.write_str("release"),
        }
    }
}
