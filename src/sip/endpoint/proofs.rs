//! Whose a request is: proven by digest, or by the address or certificate it comes with; and what becomes of one that proves nothing.

use super::super::Origin;
use super::super::Output;
use super::super::auth::{Verdict, fails_at_sha256};
use super::super::msg::{Method, Response};
use super::super::order::Asked;
use super::super::recording;
use super::Endpoint;
use crate::base::Instant;

/// Whose request it is.
pub(super) enum Proof {
    /// Nothing needs to be proven.
    NotAsked,
    Of(Origin),
    /// Somebody's, but not for this, or no longer; and the refusal.
    OfAnother(Response),
}

/// Why a request is not looked at any further.
pub(super) enum Unproven {
    /// Nobody's: the challenge.
    Challenged(Response),
    /// Of a time before what the same agent asked since: it was answered then, and the answer heard.
    Outrun,
}

impl Endpoint {
    /// Whose request it is, where that must be known: not of one that `continues` something, or that came before.
    ///
    /// # Errors
    /// It proves nothing, or is out of date.
    pub(super) fn proof(&mut self, asked: &Asked, continues: bool, now: Instant, out: &mut Vec<Output>) -> Result<Proof, Unproven> {
        let request = &asked.request;
        match request.method {
            _ if continues => Ok(Proof::NotAsked),
            Method::Register => {
                let user = request.to().uri.user_unescaped().unwrap_or_default();
                self.prove(asked, &user, Some(&user), now, out)
            }
            Method::Invite if request.to_tag().is_none() => self.origin(asked, now, out),
            _ => {
                let user = request.from().uri.user_unescaped().unwrap_or_default();
                // Within a dialog, from elsewhere: he alone whose it is.
                let owner = match request.to_tag() {
                    Some(_) => self.owner_of(request).map(|agent| agent.to_string()),
                    None => Some(user.clone()),
                };
                self.prove(asked, &user, owner.as_deref(), now, out)
            }
        }
    }

    /// Whose call it is: an agent's by his From, proven; else a trunk's by its address or certificate; else nobody's, and challenged like a wrong password.
    fn origin(&mut self, asked: &Asked, now: Instant, out: &mut Vec<Output>) -> Result<Proof, Unproven> {
        let user = asked.request.from().uri.user_unescaped().unwrap_or_default();
        if self.claims_account(&asked.request) {
            return self.prove(asked, &user, Some(&user), now, out);
        }
        let source = if recording::is_recording(&asked.request) { self.source_of(asked.flow) } else { None };
        if let Some(trunk) = source.or_else(|| self.trunk_of(asked.flow)) {
            let trunk = trunk.id.clone();
            self.trust(asked.flow, out);
            return Ok(Proof::Of(Origin::Trunk(trunk)));
        }
        // Looked at as a known user's would be, so that it takes as long.
        match self.prove(asked, &user, Some(&user), now, out) {
            Err(Unproven::Challenged(challenge)) | Ok(Proof::OfAnother(challenge)) if challenge.code == 401 => {
                Err(Unproven::Challenged(challenge))
            }
            _ => Err(Unproven::Challenged(self.challenge(asked, &user, false, now))),
        }
    }

    /// The agent `wanted`, proven by digest; who says that he is `user` is challenged as such. Who has another's password, or answers what is
    /// out of date, is refused with a transaction: that answer would be another one the next time.
    fn prove(&mut self, asked: &Asked, user: &str, wanted: Option<&str>, now: Instant, out: &mut Vec<Output>) -> Result<Proof, Unproven> {
        match self.judged(asked, now, out) {
            Verdict::Proven(agent) if wanted == Some(agent.as_str()) => Ok(Proof::Of(Origin::Account(agent))),
            Verdict::Proven(_) => {
                self.counters.auth_failures += 1;
                Ok(Proof::OfAnother(asked.request.response(403, None, None)))
            }
            Verdict::Stale(agent) if self.is_outrun(asked, &agent) => Err(Unproven::Outrun),
            Verdict::Stale(_) => Ok(Proof::OfAnother(self.challenge(asked, user, true, now))),
            Verdict::Refused | Verdict::Wrong(_) => {
                self.counters.auth_failures += u64::from(asked.request.headers.get("Authorization").is_some());
                Err(Unproven::Challenged(self.challenge(asked, user, false, now)))
            }
        }
    }

    pub(super) fn challenge(&mut self, asked: &Asked, user: &str, stale: bool, now: Instant) -> Response {
        self.counters.auth_challenges += 1;
        let mut response = asked.request.response(401, None, None);
        let limited = fails_at_sha256(&asked.request);
        for challenge in self.auth.challenges(user, limited, stale, &self.settings, now) {
            response.headers.push("WWW-Authenticate", challenge);
        }
        response
    }
}
