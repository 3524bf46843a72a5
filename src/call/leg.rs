//! One leg of a call: what was offered and answered on it, and where its media go. Knows nothing of the other leg.

use crate::base::{Codec, Duration, LegId, OpusWishes, SessionId, bytes};
use crate::media::control::{Command as Media, Direction, StreamParameters};
use crate::sdp::{self, Negotiated};
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};

/// What every leg of the switch offers and takes.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct MediaPolicy {
    pub codecs: Vec<Codec>,
    pub rtp_timeout: Duration,
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
    /// Where the peer's signalling comes from.
    peer: IpAddr,
    address: Option<SocketAddr>,
    exchange: Exchange,
    negotiated: Option<Negotiated>,
    /// What we sent last; repeated where the protocol says the same again.
    #[serde(with = "bytes::option")]
    sent: Option<Vec<u8>>,
    version: u64,
    /// The peer may talk: before its answer, or ours, nothing is expected of it, and its silence is no time-out.
    up: bool,
}

/// The descriptions cannot be brought together; the SIP answer that says so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unacceptable {
    pub code: u16,
}

impl Leg {
    #[must_use]
    pub fn new(id: LegId, session: SessionId, policy: MediaPolicy, peer: IpAddr) -> Self {
        Self { id, session, policy, peer, address: None, exchange: Exchange::None, negotiated: None, sent: None, version: 0, up: false }
    }

    pub fn allocated(&mut self, address: SocketAddr) {
        self.address = Some(address);
    }

    /// From here on its voice is expected.
    pub fn came_up(&mut self) {
        self.up = true;
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

    /// What another leg is offered of `codecs` to suit this one: its codec first, and its own wishes.
    #[must_use]
    pub fn likes(&self, codecs: &[Codec]) -> Likes {
        let first = self.codec().filter(|codec| codecs.contains(codec));
        let others = codecs.iter().copied().filter(|codec| Some(*codec) != first);
        let settled = self.negotiated.as_ref();
        let opus = settled.filter(|settled| settled.codec == Codec::Opus).map(|settled| settled.opus).unwrap_or_default();
        Likes {
            codecs: first.into_iter().chain(others).collect(),
            comfort_noise: settled.is_some_and(|settled| settled.comfort_noise),
            // A copy in the next packet is of use to us as well, when we decode.
            opus: OpusWishes { fec: true, ..opus },
        }
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
        let layout = self.negotiated.as_ref().map(|negotiated| negotiated.layout.clone()).unwrap_or_default();
        sdp::Local { version: self.version, layout, ..sdp::Local::new(address, codecs, self.id.0) }
    }

    /// Our side of the exchange: the answer where an offer waits, else an offer. Asking again before anything changed repeats what was
    /// sent.
    ///
    /// # Errors
    /// When the peer's offer has nothing that we can serve.
    pub fn describe(&mut self) -> Result<Vec<u8>, Unacceptable> {
        match std::mem::replace(&mut self.exchange, Exchange::Stable) {
            Exchange::OfferReceived(offer) => {
                let local = self.local(&self.policy.codecs.clone());
                match sdp::answer(&offer, &local) {
                    Ok((answer, negotiated)) => {
                        self.negotiated = Some(negotiated);
                        self.sent = Some(answer.clone());
                        Ok(answer)
                    }
                    Err(error) => {
                        self.version -= 1;
                        if self.negotiated.is_none() {
                            self.exchange = Exchange::None;
                        }
                        Err(Unacceptable { code: error.status() })
                    }
                }
            }
            Exchange::None => Ok(self.offer(None)),
            before @ (Exchange::Stable | Exchange::OfferSent(_)) => {
                self.exchange = before;
                Ok(self.sent.clone().unwrap_or_else(|| self.offer(None)))
            }
        }
    }

    /// A new offer of ours: of what the other leg likes or, by default, of all.
    pub fn offer(&mut self, likes: Option<Likes>) -> Vec<u8> {
        let mut local = self.local(&likes.as_ref().map_or_else(|| self.policy.codecs.clone(), |likes| likes.codecs.clone()));
        if let Some(likes) = likes {
            (local.comfort_noise, local.opus) = (likes.comfort_noise, likes.opus);
        }
        let offer = sdp::offer(&local);
        self.exchange = Exchange::OfferSent(local);
        self.sent = Some(offer.clone());
        offer
    }

    /// The peer's answer to our offer came; without an offer in the air it says nothing new.
    ///
    /// # Errors
    /// When it answers with what was not offered.
    pub fn answered(&mut self, answer: &[u8]) -> Result<(), Unacceptable> {
        let Exchange::OfferSent(local) = &self.exchange else { return Ok(()) };
        let negotiated = sdp::accept(answer, local).map_err(|error| Unacceptable { code: error.status() })?;
        self.negotiated = Some(negotiated);
        self.exchange = Exchange::Stable;
        Ok(())
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
            send_payload_type: settled.send_payload_type,
            receive_payload_type: settled.receive_payload_type,
            send_event_type: settled.send_event_type,
            receive_event_type: settled.receive_event_type,
            // A holder is not waited for: he may play music of his own, or fall silent.
            direction: Direction { send: settled.direction.send, receive: self.up && settled.direction.receive && !settled.hold },
            ptime: settled.ptime,
            silence_suppression: settled.silence_suppression,
            comfort_noise: settled.comfort_noise,
            opus: settled.opus,
            rtp_timeout: self.policy.rtp_timeout,
        };
        Some(Media::Configure { session: self.session, leg: self.id, parameters })
    }
}
