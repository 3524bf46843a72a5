//! One leg of a call: what was offered and answered on it, and where its media go. Knows nothing of the other leg.

use crate::base::srtp::{Protection, SrtpPolicy, Suite};
use crate::base::{Codec, Duration, LegId, OpusWishes, SessionId, bytes};
use crate::media::control::{Command as Media, Direction, StreamParameters};
use crate::sdp::{self, Negotiated, SdpError};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// What a leg offers and takes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MediaPolicy {
    /// In order of preference.
    pub codecs: Vec<Codec>,
    pub rtp_timeout: Duration,
}

impl MediaPolicy {
    /// The same, for a leg that may speak other codecs.
    #[must_use]
    pub fn with(&self, codecs: Vec<Codec>) -> Self {
        Self { codecs, ..self.clone() }
    }
}

/// What a leg is offered, so that the other leg's sound can be passed on to it, and its to the other, as they are.
#[derive(Clone, PartialEq, Debug)]
pub struct Likes {
    pub codecs: Vec<Codec>,
    pub comfort_noise: bool,
    pub opus: OpusWishes,
}

/// Whose turn it is in the exchange of descriptions (RFC 3264).
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
enum Exchange {
    /// Nothing was offered yet.
    None,
    /// The peer's offer waits for our answer.
    OfferReceived(#[serde(with = "bytes")] Vec<u8>),
    /// Our offer waits for the peer's answer.
    OfferSent(sdp::Local),
    /// Settled.
    Stable,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Leg {
    pub id: LegId,
    session: SessionId,
    policy: MediaPolicy,
    /// Whether and how it is encrypted.
    #[serde(default)]
    protection: Protection,
    /// Where the peer's signalling comes from.
    peer: IpAddr,
    address: Option<SocketAddr>,
    exchange: Exchange,
    negotiated: Option<Negotiated>,
    /// What we sent last; repeated where the protocol says the same again.
    #[serde(with = "bytes::option")]
    sent: Option<Vec<u8>>,
    version: u64,
    /// The peer's offer whose answer is written and not sent: of several codecs in common another may still be taken.
    #[serde(with = "bytes::option", default)]
    open: Option<Vec<u8>>,
    /// The peer may talk: before its answer, or ours, nothing is expected of it, and its silence is no time-out.
    up: bool,
}

/// The descriptions cannot be brought together; the SIP answer that says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unacceptable {
    pub code: u16,
    /// For the record, and the phone.
    pub why: &'static str,
}

impl From<SdpError> for Unacceptable {
    fn from(error: SdpError) -> Self {
        let is_plain = error == SdpError::NotAcceptable(sdp::SRTP_REQUIRED);
        Self { code: error.status(), why: if is_plain { sdp::SRTP_REQUIRED } else { "no common media" } }
    }
}

/// A new offer of ours, and the same in other words for a phone that refuses it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offered {
    pub sdp: Vec<u8>,
    pub otherwise: Option<Vec<u8>>,
}

impl Leg {
    #[must_use]
    pub fn new(id: LegId, session: SessionId, policy: MediaPolicy, protection: Protection, peer: IpAddr) -> Self {
        Self {
            id,
            session,
            policy,
            protection,
            peer,
            address: None,
            exchange: Exchange::None,
            negotiated: None,
            sent: None,
            version: 0,
            open: None,
            up: false,
        }
    }

    pub fn allocated(&mut self, address: SocketAddr) {
        self.address = Some(address);
    }

    /// From here on its voice is expected.
    pub fn came_up(&mut self) {
        self.up = true;
        self.open = None;
    }

    #[must_use]
    pub fn is_allocated(&self) -> bool {
        self.address.is_some()
    }

    /// It is in another session, with its port.
    pub fn belongs_to(&mut self, session: SessionId) {
        self.session = session;
    }

    pub fn peer_moved(&mut self, peer: IpAddr) {
        self.peer = peer;
    }

    /// The codec settled on, if any is.
    #[must_use]
    pub fn codec(&self) -> Option<Codec> {
        self.negotiated.as_ref().map(|negotiated| negotiated.codec)
    }

    /// What `other` is offered of what it may speak, to suit this leg: its codec first, then those that this leg can still turn to, and its
    /// own wishes.
    #[must_use]
    pub fn likes(&self, other: &Self) -> Likes {
        let codec = self.codec();
        let mut codecs = other.policy.codecs.clone();
        // By what it costs: nothing, another answer to this leg, transcoding. Equals stay in the other's order of preference.
        codecs.sort_by_key(|other| (Some(*other) != codec, !self.can_turn_to(*other)));
        let settled = self.negotiated.as_ref();
        let opus = settled.filter(|settled| settled.codec == Codec::Opus).map(|settled| settled.opus).unwrap_or_default();
        Likes {
            codecs,
            comfort_noise: settled.is_some_and(|settled| settled.comfort_noise),
            // A copy in the next packet is of use to us as well, when we decode.
            opus: OpusWishes { fec: true, ..opus },
        }
    }

    /// Nothing of its codec was sent to the peer yet, and the peer has that one too.
    fn can_turn_to(&self, codec: Codec) -> bool {
        self.open.is_some() && self.negotiated.as_ref().is_some_and(|settled| settled.common.contains(&codec))
    }

    /// Takes the other leg's codec, where that is still possible: then nothing needs transcoding.
    pub fn suit(&mut self, other: &Self) {
        let Some(codec) = other.codec().filter(|codec| self.codec() != Some(*codec)) else { return };
        if self.can_turn_to(codec) {
            self.exchange = self.open.take().map_or(Exchange::Stable, Exchange::OfferReceived);
            // What was written before was never sent.
            self.version -= 1;
            // It had an answer, and the codec is in the offer: this is no refusal.
            let _ = self.answer_with(&first_of(&self.policy.codecs, codec));
        } else if !self.up && self.awaits_answer() {
            let likes = Likes { codecs: first_of(&self.policy.codecs, codec), ..other.likes(self) };
            self.version -= 1;
            self.offer(Some(likes));
        }
    }

    /// What it is encrypted with, if it is.
    #[must_use]
    pub fn suite(&self) -> Option<Suite> {
        self.negotiated.as_ref()?.srtp.as_ref().map(|keys| keys.send.suite())
    }

    /// The peer wants to hear nothing from us: it holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.negotiated.as_ref().is_some_and(|negotiated| negotiated.hold)
    }

    /// The peer's offer came; it is answered by [`describe`](Self::describe).
    pub fn offered(&mut self, sdp: Option<Vec<u8>>) {
        self.exchange = sdp.map_or(Exchange::None, Exchange::OfferReceived);
    }

    fn local(&mut self, codecs: &[Codec]) -> sdp::Local {
        let address = self.address.expect("a leg is described only after its port was allocated");
        self.version += 1;
        let (layout, extended_reports) =
            self.negotiated.as_ref().map(|settled| (settled.layout.clone(), settled.extended_reports)).unwrap_or_default();
        let protection = self.protection.clone();
        sdp::Local { version: self.version, layout, protection, extended_reports, ..sdp::Local::new(address, codecs, self.id.0) }
    }

    /// As `local`, for an offer of ours: what was settled of encryption stays. Some phones take a key once, and never another.
    fn local_to_offer(&mut self, codecs: &[Codec]) -> sdp::Local {
        let mut local = self.local(codecs);
        match (&self.negotiated, self.suite()) {
            (Some(_), Some(suite)) => local.protection.suites = vec![suite],
            (Some(_), None) if local.protection.policy == SrtpPolicy::Optional => local.protection.policy = SrtpPolicy::Off,
            _ => {}
        }
        local
    }

    /// Our side of the exchange: the answer where an offer waits, else an offer. Asking again before anything changed repeats what was
    /// sent.
    ///
    /// # Errors
    /// When the peer's offer has nothing that we can serve.
    pub fn describe(&mut self) -> Result<Vec<u8>, Unacceptable> {
        match &self.exchange {
            Exchange::OfferReceived(_) => self.answer_with(&self.policy.codecs.clone()),
            Exchange::None => Ok(self.offer(None).sdp),
            Exchange::Stable | Exchange::OfferSent(_) => Ok(self.sent.clone().unwrap_or_else(|| self.offer(None).sdp)),
        }
    }

    /// Answers the offer that waits, by `codecs` in that order.
    fn answer_with(&mut self, codecs: &[Codec]) -> Result<Vec<u8>, Unacceptable> {
        let Exchange::OfferReceived(offer) = std::mem::replace(&mut self.exchange, Exchange::Stable) else {
            unreachable!("only an offer is answered")
        };
        let mut local = self.local(codecs);
        // The suite that was settled stays while it is offered.
        if let Some(suite) = self.suite() {
            local.protection.suites.sort_by_key(|other| *other != suite);
        }
        let aside = self.negotiated.as_ref().and_then(|settled| sdp::set_aside(&offer, settled, &local));
        match aside.map_or_else(|| sdp::answer(&offer, &local), Ok) {
            Ok((answer, negotiated)) => {
                self.open = (!self.up && negotiated.common.len() > 1).then_some(offer);
                self.negotiated = Some(negotiated);
                self.sent = Some(answer.clone());
                Ok(answer)
            }
            Err(error) => {
                self.version -= 1;
                if self.negotiated.is_none() {
                    self.exchange = Exchange::None;
                }
                Err(error.into())
            }
        }
    }

    /// What was written to the peer is sent: its codec stands from here on, though it is not up yet.
    pub fn was_told(&mut self) {
        self.open = None;
    }

    /// A new offer of ours: of what the other leg likes or, by default, of all.
    pub fn offer(&mut self, likes: Option<Likes>) -> Offered {
        let mut local = self.local_to_offer(&likes.as_ref().map_or_else(|| self.policy.codecs.clone(), |likes| likes.codecs.clone()));
        if let Some(likes) = likes {
            (local.comfort_noise, local.opus) = (likes.comfort_noise, likes.opus);
        }
        let (sdp, otherwise) = (sdp::offer(&local), sdp::offer_secured(&local));
        self.exchange = Exchange::OfferSent(local);
        self.sent = Some(sdp.clone());
        Offered { sdp, otherwise }
    }

    /// The peer's answer to our offer came; without an offer in the air it says nothing new.
    ///
    /// # Errors
    /// When it answers with what was not offered.
    pub fn answered(&mut self, answer: &[u8]) -> Result<(), Unacceptable> {
        let Exchange::OfferSent(local) = &self.exchange else { return Ok(()) };
        let negotiated = sdp::accept(answer, local)?;
        self.negotiated = Some(negotiated);
        self.exchange = Exchange::Stable;
        Ok(())
    }

    /// What we had sent went out once more, as an offer, and was answered; true when that is another answer than before.
    ///
    /// # Errors
    /// When it answers with what was not offered; then all is as it was.
    pub fn reaffirmed(&mut self, answer: &[u8]) -> Result<bool, Unacceptable> {
        if !matches!(self.exchange, Exchange::Stable) || self.negotiated.is_none() {
            return Ok(false);
        }
        let version = self.version;
        let local = self.local_to_offer(&self.policy.codecs.clone());
        self.version = version;
        let negotiated = sdp::accept(answer, &local)?;
        let is_new = self.negotiated.as_ref() != Some(&negotiated);
        self.negotiated = Some(negotiated);
        Ok(is_new)
    }

    /// Early media (RFC 3960 §3): what an answer would settle is in force, and the offer waits for its answer all the same: of several who
    /// are called behind one number another may give it (RFC 3261 §13.2.2.4). False when it cannot be used or says nothing new.
    pub fn previewed(&mut self, answer: &[u8]) -> bool {
        let Exchange::OfferSent(local) = &self.exchange else { return false };
        let Some(negotiated) = sdp::accept(answer, local).ok().filter(|settled| self.negotiated.as_ref() != Some(settled)) else {
            return false;
        };
        self.negotiated = Some(negotiated);
        true
    }

    /// An answer without a description: that of the early media counts.
    pub fn settled_early(&mut self) {
        if self.negotiated.is_some() {
            self.exchange = Exchange::Stable;
        }
    }

    /// Whether our offer still waits for its answer.
    #[must_use]
    pub fn awaits_answer(&self) -> bool {
        matches!(self.exchange, Exchange::OfferSent(_))
    }

    /// The order that gives the media plane what was settled.
    #[must_use]
    pub fn configure(&self) -> Option<Media> {
        let settled = self.negotiated.as_ref()?;
        let parameters = StreamParameters {
            remote: settled.remote,
            remote_rtcp: settled.remote_rtcp,
            rtcp_mux: settled.rtcp_mux,
            signalled_from: self.peer,
            codec: settled.codec,
            others: settled.others.clone(),
            send_payload_type: settled.send_payload_type,
            receive_payload_type: settled.receive_payload_type,
            send_event_type: settled.send_event_type,
            receive_event_type: settled.receive_event_type,
            event_clock: settled.event_clock,
            // A holder is not waited for: he may play music of his own, or fall silent.
            direction: Direction { send: settled.direction.send, receive: self.up && settled.direction.receive && !settled.hold },
            ptime: settled.ptime,
            silence_suppression: settled.silence_suppression,
            comfort_noise: settled.comfort_noise,
            opus: settled.opus,
            rtp_timeout: self.policy.rtp_timeout,
            srtp: settled.srtp.clone().map(Box::new),
            extended_reports: settled.extended_reports,
        };
        Some(Media::Configure { session: self.session, leg: self.id, parameters })
    }
}

fn first_of(codecs: &[Codec], first: Codec) -> Vec<Codec> {
    let mut codecs = codecs.to_vec();
    codecs.sort_by_key(|codec| *codec != first);
    codecs
}
