//! A leg as the endpoint keeps it: a session, or a call out before it is one.

use super::super::leg_out::LegOut;
use super::super::replaces::tag_for_colleagues;
use super::super::session::{Phase, Session};
use super::super::transaction::{ClientKey, ServerKey};
use super::super::watch::{Line, LineState};
use super::flows::Way;
use crate::base::{AgentId, Instant, LegId};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Leg {
    Session(Box<Session>),
    Out(Box<LegOut>),
}

impl Leg {
    pub fn id(&self) -> LegId {
        match self {
            Self::Session(session) => session.leg,
            Self::Out(call) => call.leg,
        }
    }

    pub fn way(&self) -> Way {
        match self {
            Self::Session(session) if session.dialog.flow.protocol.is_stream() => {
                Way { connection: Some(session.dialog.flow), is_unheard: session.is_unheard() }
            }
            Self::Session(_) | Self::Out(_) => Way::default(),
        }
    }

    /// Transactions that wait for its answer.
    pub fn answers(&self) -> impl Iterator<Item = &ServerKey> {
        let session = match self {
            Self::Session(session) => Some(session),
            Self::Out(_) => None,
        };
        session.into_iter().flat_map(|session| session.early_invite().into_iter().chain(session.reoffer.theirs()))
    }

    /// Transactions that it waits for, before the answer.
    pub fn forks(&self) -> impl Iterator<Item = &ClientKey> {
        let call = match self {
            Self::Out(call) => Some(call),
            Self::Session(_) => None,
        };
        call.into_iter().flat_map(|call| call.forks())
    }

    pub fn dialog(&self) -> (String, String) {
        match self {
            Self::Session(session) => (session.dialog.call_id.clone(), session.dialog.local_tag.clone()),
            Self::Out(call) => (call.call_id.clone(), call.local_tag.clone()),
        }
    }

    /// Whose phone it is.
    pub fn account(&self) -> Option<&AgentId> {
        match self {
            Self::Session(session) => session.account.as_ref(),
            Self::Out(call) => call.account.as_ref(),
        }
    }

    /// The dialog as colleagues of its agent see it; none for one that ends.
    pub fn line(&self) -> Option<Line> {
        let session = match self {
            Self::Session(session) => session,
            Self::Out(call) => return call.line(),
        };
        let state = match &session.phase {
            Phase::Early(early) if early.has_rung() => LineState::Early,
            Phase::Early(_) => LineState::Trying,
            Phase::Unacked { .. } | Phase::Up => LineState::Confirmed,
            Phase::Leaving { .. } | Phase::Over => return None,
        };
        Some(Line {
            id: session.leg.0,
            call_id: session.dialog.call_id.clone(),
            local_tag: tag_for_colleagues(session.leg, &session.dialog.local_tag),
            remote_tag: Some(session.dialog.remote_tag.clone()).filter(|tag| !tag.is_empty()),
            is_initiator: !session.owns_call_id,
            state,
            remote: session.dialog.shown().to_owned(),
        })
    }

    pub fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Session(session) => session.deadline(),
            Self::Out(call) => call.deadline(),
        }
    }

    pub fn is_over(&self) -> bool {
        match self {
            Self::Session(session) => session.is_over(),
            Self::Out(call) => call.is_over(),
        }
    }
}
