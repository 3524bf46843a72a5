//! Dialogs of ours that are named in messages of others: by Replaces in a new call (RFC 3891), and in the target of a REFER.

use super::super::msg::{Request, Response, Scheme};
use super::super::order::{Asked, User};
use super::super::refer::{self, ReferTarget, Referral, Refusal, To, refusal};
use super::super::replaces::{NoDialog, Replaces, leg_for_colleagues, tag_for_colleagues};
use super::super::session::Phase;
use super::super::{Origin, Output};
use super::requests::called;
use super::{Endpoint, Leg};
use crate::base::{AgentId, Instant, LegId};

/// A dialog that was named.
struct Named {
    leg: LegId,
    stands: Stands,
    account: Option<AgentId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stands {
    /// A call in that is not answered.
    Arriving,
    /// A call out that is not answered, and rings there.
    Ringing,
    Up,
    Ending,
}

impl Endpoint {
    /// The dialog that a peer means, who names it with our tag as the To tag (RFC 3891 §3).
    fn named(&self, replaces: &Replaces) -> Option<Named> {
        let leg = match self.dialogs.get(&(replaces.call_id.clone(), replaces.to_tag.clone())) {
            Some(leg) => *leg,
            None => self.told_to_colleagues(replaces)?,
        };
        let is_tag = |tag: &str| replaces.is_with(tag);
        match self.legs.get(&leg)? {
            Leg::Session(session) => is_tag(&session.dialog.remote_tag).then(|| Named {
                leg,
                stands: match session.phase {
                    Phase::Early(_) => Stands::Arriving,
                    Phase::Unacked { .. } | Phase::Up => Stands::Up,
                    Phase::Leaving { .. } | Phase::Over => Stands::Ending,
                },
                account: session.account.clone(),
            }),
            Leg::Out(call) => {
                let rings_there = |key| match self.clients.get(key).map(|client| &client.user) {
                    Some(User::Fork(_, fork)) => fork.is_early_with(is_tag),
                    _ => false,
                };
                call.forks().any(rings_there).then(|| Named { leg, stands: Stands::Ringing, account: call.account.clone() })
            }
        }
    }

    /// The leg that a lamp was told of.
    fn told_to_colleagues(&self, replaces: &Replaces) -> Option<LegId> {
        let leg = leg_for_colleagues(&replaces.to_tag)?;
        let (call_id, tag) = self.legs.get(&leg)?.dialog();
        (call_id == replaces.call_id && tag_for_colleagues(leg, &tag) == replaces.to_tag).then_some(leg)
    }

    /// The leg whose peer a new call is to take the place of, by RFC 3891 §3.
    pub(super) fn replaced_by(&self, request: &Request, origin: &Origin) -> Result<Option<LegId>, Response> {
        let replaces = match Replaces::of(&request.headers) {
            Ok(Some(replaces)) => replaces,
            Ok(None) => return Ok(None),
            Err(NoDialog) => return Err(request.response(400, Some("Malformed Replaces"), None)),
        };
        // §8: knowing its tags is no leave to take a dialog over; an address is none either.
        if matches!(origin, Origin::Trunk(_)) {
            return Err(request.response(403, None, None));
        }
        match self.named(&replaces).map(|named| (named.leg, named.stands)) {
            // An early dialog that we did not begin cannot be replaced.
            None | Some((_, Stands::Arriving)) => Err(request.response(481, None, None)),
            Some((_, Stands::Ending)) => Err(request.response(603, None, None)),
            Some((_, Stands::Up)) if replaces.early_only => Err(request.response(486, None, None)),
            Some((leg, Stands::Up | Stands::Ringing)) => Ok(Some(leg)),
        }
    }

    /// A REFER inside the dialog of a leg.
    pub(super) fn referred(&mut self, id: LegId, asked: &Asked, now: Instant, out: &mut Vec<Output>) {
        let referral = self.referral(id, &asked.request);
        self.with_leg(id, now, out, |leg, room| match leg {
            Leg::Session(session) => session.referred(asked, referral, room),
            // Before the answer there is nobody to be connected.
            Leg::Out(_) => room.refuse(asked, 481, None),
        });
    }

    /// What a REFER of the leg's peer comes to. Never 481 or 404, which would say that the dialog it came in is no more (RFC 5057 §5.1).
    fn referral(&self, from: LegId, request: &Request) -> Result<Referral, Refusal> {
        let asks = refer::read(request)?;
        let target = match &asks.to {
            To::Called(uri) if uri.scheme == Scheme::Tel || self.is_ours(&uri.host) => {
                ReferTarget::Number(called(uri).ok_or(refusal(603, "Referred To Nobody"))?)
            }
            To::Called(_) => return Err(refusal(603, "Referred To Elsewhere")),
            To::Replacing(replaces) => {
                let none = refusal(603, "No Such Dialog To Replace");
                let Some(named) = self.named(replaces).filter(|named| named.leg != from) else { return Err(none) };
                let account = match self.legs.get(&from) {
                    Some(Leg::Session(session)) => session.account.as_ref(),
                    Some(Leg::Out(_)) | None => None,
                };
                match named.stands {
                    // RFC 3891 §8: his own alone.
                    _ if named.account.as_ref() != account => return Err(refusal(403, "Not Yours To Replace")),
                    Stands::Ending => return Err(none),
                    Stands::Up if replaces.early_only => return Err(refusal(486, "Answered Already")),
                    Stands::Arriving | Stands::Ringing | Stands::Up => ReferTarget::Replace(named.leg),
                }
            }
        };
        Ok(Referral { target, asks })
    }
}
