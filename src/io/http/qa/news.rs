//! What happens in quality, as events of the stream, so that whoever looks at a queue, at appeals or at his scores need not load them again.
//! They name the call in their detail alone: a score is no part of the call, and who sees the call's timeline need not see its scores.

use super::super::Context;
use crate::base::{AgentId, Timestamp};
use crate::io::ledger::Ledger;
use crate::switch::output::{Detail, Event};

/// The events, by what happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum News {
    Drawn,
    Scored,
    Changed,
    Appealed,
    AppealAnswered,
    Coached,
    CalibrationBegun,
}

/// Names of all of them begin so; who may not see results is told none.
pub(in crate::io::http) const PREFIX: &str = "qa.";

impl News {
    const fn name(self) -> &'static str {
        match self {
            Self::Drawn => "qa.calls_drawn",
            Self::Scored => "qa.score_given",
            Self::Changed => "qa.score_changed",
            Self::Appealed => "qa.appealed",
            Self::AppealAnswered => "qa.appeal_answered",
            Self::Coached => "qa.coached",
            Self::CalibrationBegun => "qa.calibration_begun",
        }
    }
}

impl Context {
    /// Tells who listens. An agent hears what has his name as `agent`, and nothing else of it; what is empty is left out.
    pub(super) fn tell(&self, news: News, agent: Option<&str>, said: &[(&'static str, &str)], by: &str) {
        let said = said.iter().copied().chain([("by", by)]).filter(|(_, text)| !text.is_empty());
        let detail = said.map(|(name, text)| (name, Detail::Text(text.to_owned()))).collect();
        let at = Timestamp(super::now().0);
        let event = Event { at, name: news.name(), call: None, agent: agent.map(AgentId::new), queue: None, detail };
        let ledger = Ledger::new(self.api.store.clone(), self.api.hub.clone(), self.api.metrics.clone());
        ledger.give(vec![ledger.event(event)]);
    }
}
