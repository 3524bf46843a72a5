//! The recording server (SRS): one session of another switch, recorded here. A port for each stream, an answer that receives alone, and from
//! then on a recording like any other: the first stream on the left, the second on the right.

use super::lines::parameters;
use super::reading::{Known, Taken, Unreadable};
use crate::base::srtp::Protection;
use crate::base::time::secs;
use crate::base::{CallId, Codec, Duration, Instant, LegId, SessionId};
use crate::media::control::Command as Media;
use crate::sdp::{self, Direction, Local, Negotiated, SdpError};
use crate::sip::{self, Cause, Metadata};
use std::net::{IpAddr, SocketAddr};

/// The media plane answers an allocation in microseconds.
const ALLOCATION_LIMIT: Duration = secs(5);
/// Streams of a session that are recorded: left and right. Others are refused, line by line.
pub const STREAMS_MAX: usize = 2;

/// A session that comes in.
#[derive(Debug)]
pub struct Arrival {
    pub call: CallId,
    pub session: SessionId,
    pub leg: LegId,
    pub offer: Option<Vec<u8>>,
    pub metadata: Metadata,
    /// Our address towards the client, and its.
    pub local: IpAddr,
    pub peer: IpAddr,
    /// For each stream that is taken, in order.
    pub streams: [(LegId, Protection); STREAMS_MAX],
    pub codecs: Vec<Codec>,
    pub rtp_timeout: Duration,
}

/// Why a session is not taken: the status, and what the client is told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    pub code: u16,
    pub why: String,
}

impl From<SdpError> for Refusal {
    fn from(error: SdpError) -> Self {
        Self { code: error.status(), why: error.to_string() }
    }
}

impl From<Unreadable> for Refusal {
    fn from(Unreadable(why): Unreadable) -> Self {
        Self { code: 400, why: why.to_owned() }
    }
}

#[derive(Debug)]
enum State {
    Allocating { give_up_at: Instant },
    Running,
    Over,
}

/// A line of the description that is taken.
#[derive(Debug)]
struct Line {
    leg: LegId,
    /// Which of the offer's it is.
    place: usize,
    address: Option<SocketAddr>,
    protection: Protection,
    local: Option<Local>,
}

#[derive(Debug)]
pub enum Event {
    Allocated {
        leg: LegId,
        address: SocketAddr,
    },
    AllocationFailed,
    /// The client offers anew; `None`: it wants an offer of ours.
    Reoffered {
        sdp: Option<Vec<u8>>,
    },
    Described {
        metadata: Metadata,
    },
    Released {
        cause: Cause,
    },
    /// To be ended by us.
    Ended {
        why: &'static str,
    },
}

#[derive(Debug)]
pub enum Action {
    Sip(sip::Command),
    Media(Media),
    Tell(Fact),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// It is recorded from now on.
    Began,
    /// Who is there has changed.
    Described,
    /// What it was told of that cannot be read; what was known stands.
    Unreadable {
        why: &'static str,
    },
    Refused {
        code: u16,
        why: String,
    },
    Over {
        cause: Cause,
    },
}

#[derive(Debug)]
pub struct Server {
    call: CallId,
    session: SessionId,
    leg: LegId,
    peer: IpAddr,
    codecs: Vec<Codec>,
    rtp_timeout: Duration,
    offer: Vec<u8>,
    lines: Vec<Line>,
    state: State,
    pub known: Known,
    /// The last document, as it came.
    pub metadata: Metadata,
    /// The client was asked for all of them, and has not told yet: it is asked once.
    asked: bool,
    version: u64,
    sent: Vec<u8>,
}

impl Server {
    /// # Errors
    /// What is offered cannot be recorded, or what goes with it cannot be read.
    pub fn arrive(arrival: Arrival, now: Instant, out: &mut Vec<Action>) -> Result<Self, Refusal> {
        let Arrival { call, session, leg, offer, metadata, local, peer, streams, codecs, rtp_timeout } = arrival;
        let mut known = Known::default();
        // RFC 7866 §9.1 lets them come later.
        if !metadata.0.is_empty() {
            let _ = known.take(&metadata.0)?;
        }
        let offer = offer.ok_or_else(|| Refusal { code: 488, why: "a recording client offers its streams".to_owned() })?;
        let offered = sdp::split(&offer)?;
        // On paper, so that ports are taken for what can be recorded alone.
        let paper = SocketAddr::new(local, 9);
        let takes =
            |stream: &sdp::Stream, protection: &Protection| sdp::answer(&stream.sdp, &described(paper, &codecs, protection, leg, 1));
        let mut lines: Vec<Line> = Vec::new();
        let mut refused = SdpError::NotAcceptable("no audio over RTP is offered");
        for (place, stream) in offered.iter().enumerate() {
            let Some((of_stream, protection)) = streams.get(lines.len()) else { break };
            match takes(stream, protection) {
                Ok(_) => lines.push(Line { leg: *of_stream, place, address: None, protection: protection.clone(), local: None }),
                Err(error) => refused = error,
            }
        }
        if lines.is_empty() {
            return Err(refused.into());
        }
        out.extend(lines.iter().map(|line| Action::Media(Media::Allocate { session, leg: line.leg, local, resumed: None })));
        let state = State::Allocating { give_up_at: now + ALLOCATION_LIMIT };
        let sent = Vec::new();
        Ok(Self { call, session, leg, peer, codecs, rtp_timeout, offer, lines, state, known, metadata, asked: false, version: 0, sent })
    }

    #[must_use]
    pub fn leg(&self) -> LegId {
        self.leg
    }

    #[must_use]
    pub fn session(&self) -> SessionId {
        self.session
    }

    /// Labels of left and right, as the description has them.
    #[must_use]
    pub fn labels(&self) -> Vec<String> {
        let streams = sdp::split(&self.offer).unwrap_or_default();
        self.lines.iter().map(|line| streams.get(line.place).and_then(|stream| stream.label.clone()).unwrap_or_default()).collect()
    }

    fn answer(&mut self, offer: &[u8], out: &mut Vec<Action>) -> Result<Vec<u8>, SdpError> {
        let offered = sdp::split(offer)?;
        self.version += 1;
        let mut bodies: Vec<Vec<u8>> = offered.iter().map(sdp::Stream::refused).collect();
        let mut settled: Vec<(LegId, Negotiated)> = Vec::new();
        for line in &mut self.lines {
            let (Some(address), Some(stream)) = (line.address, offered.get(line.place)) else { continue };
            let layout = line.local.take().map(|local| local.layout).unwrap_or_default();
            let mut local = Local { layout, ..described(address, &self.codecs, &line.protection, self.leg, self.version) };
            // A stream that ends, and may come back (RFC 3264 §8.2), is no reason to end the others.
            if let Ok((body, negotiated)) = sdp::answer(&stream.sdp, &local) {
                local.layout = negotiated.layout.clone();
                bodies[line.place] = body;
                settled.push((line.leg, negotiated));
            }
            line.local = Some(local);
        }
        if settled.is_empty() {
            return Err(SdpError::NotAcceptable("no stream that can be recorded"));
        }
        // The session's lines come with the first that is taken.
        let head = bodies.iter().find(|body| !body.starts_with(b"m=")).map(|body| head_of(body)).unwrap_or_default();
        let labels: Vec<Option<String>> = offered.iter().map(|stream| stream.label.clone()).collect();
        let labelled = bodies.into_iter().zip(labels.iter().map(Option::as_deref));
        let answer = sdp::join(std::iter::once((head, None)).chain(labelled));
        for (leg, negotiated) in &settled {
            let parameters = parameters(negotiated, self.peer, self.rtp_timeout);
            out.push(Action::Media(Media::Configure { session: self.session, leg: *leg, parameters }));
        }
        Ok(answer)
    }

    fn begin(&mut self, out: &mut Vec<Action>) {
        let offer = std::mem::take(&mut self.offer);
        let answer = self.answer(&offer, out);
        self.offer = offer;
        match answer {
            Ok(sdp) => {
                self.state = State::Running;
                self.sent.clone_from(&sdp);
                out.push(Action::Sip(sip::Command::Answer { leg: self.leg, sdp }));
                let left = self.lines[0].leg;
                let right = self.lines.iter().skip(1).map(|line| line.leg).collect();
                let (session, call) = (self.session, self.call);
                out.push(Action::Media(Media::StartRecording { session, call, left, right, began_at: None }));
                out.push(Action::Tell(Fact::Began));
            }
            Err(error) => self.refuse(error.into(), out),
        }
    }

    fn refuse(&mut self, refusal: Refusal, out: &mut Vec<Action>) {
        let Refusal { code, why } = refusal;
        let reason = Some(sip::Reason { cause: code, text: why.clone() });
        out.push(Action::Sip(sip::Command::Release { leg: self.leg, code, reason, retry_after: (code == 503).then_some(10) }));
        out.push(Action::Media(Media::Release { session: self.session }));
        self.state = State::Over;
        out.push(Action::Tell(Fact::Refused { code, why }));
    }

    /// RFC 7866 §9.2: once; who errs again would err for ever.
    fn ask(&mut self, why: &'static str, out: &mut Vec<Action>) {
        if !std::mem::replace(&mut self.asked, true) {
            out.push(Action::Sip(sip::Command::AskSnapshot { leg: self.leg, why }));
        }
    }

    fn over(&mut self, cause: Cause, out: &mut Vec<Action>) {
        out.push(Action::Media(Media::StopRecording { session: self.session }));
        out.push(Action::Media(Media::Release { session: self.session }));
        self.state = State::Over;
        out.push(Action::Tell(Fact::Over { cause }));
    }

    pub fn handle(&mut self, event: Event, out: &mut Vec<Action>) {
        match (&self.state, event) {
            (State::Allocating { .. }, Event::Allocated { leg, address }) => {
                self.lines.iter_mut().filter(|line| line.leg == leg).for_each(|line| line.address = Some(address));
                if self.lines.iter().all(|line| line.address.is_some()) {
                    self.begin(out);
                }
            }
            (State::Allocating { .. }, Event::AllocationFailed) => {
                self.refuse(Refusal { code: 503, why: "no port is free for its sound".to_owned() }, out);
            }
            (State::Running, Event::Reoffered { sdp: Some(offer) }) => match self.answer(&offer, out) {
                Ok(sdp) => {
                    (self.offer, self.sent) = (offer, sdp.clone());
                    out.push(Action::Sip(sip::Command::AnswerReoffer { leg: self.leg, sdp }));
                }
                Err(error) => out.push(Action::Sip(sip::Command::RejectReoffer { leg: self.leg, code: error.status() })),
            },
            // What was settled is offered again, and its answer says nothing new.
            (State::Running, Event::Reoffered { sdp: None }) => {
                out.push(Action::Sip(sip::Command::AnswerReoffer { leg: self.leg, sdp: self.sent.clone() }));
            }
            (State::Allocating { .. } | State::Running, Event::Described { metadata }) => match self.known.take(&metadata.0) {
                Ok(taken) => {
                    self.metadata = metadata;
                    out.push(Action::Tell(Fact::Described));
                    match taken {
                        Taken::Whole => self.asked = false,
                        Taken::Gap => self.ask("news of what was not told before", out),
                        Taken::News => {}
                    }
                }
                Err(Unreadable(why)) => {
                    out.push(Action::Tell(Fact::Unreadable { why }));
                    self.ask(why, out);
                }
            },
            (State::Allocating { .. } | State::Running, Event::Released { cause }) => self.over(cause, out),
            (State::Allocating { .. } | State::Running, Event::Ended { why }) => {
                let reason = Some(sip::Reason { cause: 503, text: why.to_owned() });
                out.push(Action::Sip(sip::Command::Release { leg: self.leg, code: 503, reason, retry_after: Some(10) }));
                self.over(Cause::Ours, out);
            }
            (State::Over, _)
            | (State::Allocating { .. }, Event::Reoffered { .. })
            | (State::Running, Event::Allocated { .. } | Event::AllocationFailed) => {}
        }
    }

    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.handle(Event::AllocationFailed, out);
        }
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Allocating { give_up_at } => Some(give_up_at),
            State::Running | State::Over => None,
        }
    }
}

/// We receive, and send nothing.
fn described(address: SocketAddr, codecs: &[Codec], protection: &Protection, leg: LegId, version: u64) -> Local {
    let protection = protection.clone();
    Local { direction: Direction::RECVONLY, events: false, protection, version, ..Local::new(address, codecs, leg.0) }
}

/// A description's lines before its first stream.
fn head_of(body: &[u8]) -> Vec<u8> {
    let end = body.windows(3).position(|window| window == b"\nm=").map_or(body.len(), |at| at + 1);
    body[..end].to_vec()
}
