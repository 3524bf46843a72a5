//! The recording client (SRC): one call's copy on its way to a recording server. Two ports, an INVITE with two streams and metadata, sound
//! from its answer on, news of who is there; and the next server where one does not take it. The call knows nothing of it and never waits.

use super::lines::parameters;
use super::metadata::{Book, LABELS, Present};
use crate::base::srtp::Protection;
use crate::base::time::secs;
use crate::base::{Codec, Duration, Instant, LegId, Rng, SessionId, Timestamp, TrunkId};
use crate::media::control::Command as Media;
use crate::sdp::{self, Direction, Local, Negotiated};
use crate::sip::{self, Callee, Cause, Failure, Metadata};
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// The media plane answers an allocation in microseconds.
const ALLOCATION_LIMIT: Duration = secs(5);

/// A place where the copy may go. Each is tried with legs of its own.
#[derive(Debug)]
pub struct Way {
    /// The server's name.
    pub server: String,
    /// The recording session, and its two streams: left, right.
    pub leg: LegId,
    pub streams: [LegId; 2],
    pub protections: [Protection; 2],
    pub callee: Callee,
    /// Our address towards it.
    pub local: IpAddr,
    pub codecs: Vec<Codec>,
    /// How long it has to answer.
    pub try_for: Duration,
    /// How often it is asked whether it still has the session: one that was started again has forgotten it, and says nothing.
    pub ask_every: Duration,
}

#[derive(Debug)]
enum State {
    /// No way is being tried.
    Idle,
    Allocating {
        addresses: [Option<SocketAddr>; 2],
        give_up_at: Instant,
    },
    Calling {
        offers: Box<[Local; 2]>,
        give_up_at: Instant,
        /// Something has changed since the server was asked.
        news: bool,
    },
    Running(Box<Running>),
}

#[derive(Debug)]
struct Running {
    offers: [Local; 2],
    /// Our last description.
    sent: Vec<u8>,
    peer: IpAddr,
    /// An offer of ours is under way.
    asking: bool,
    /// The server is to be told what has changed; `whole`: all there is, for it knows nothing, or what it knows is not known here.
    news: bool,
    whole: bool,
    ask_at: Instant,
}

#[derive(Debug)]
pub enum Event {
    Allocated {
        leg: LegId,
        address: SocketAddr,
    },
    AllocationFailed {
        leg: LegId,
    },
    Answered {
        leg: LegId,
        sdp: Option<Vec<u8>>,
        peer: IpAddr,
    },
    Failed {
        leg: LegId,
        failure: Failure,
    },
    Released {
        leg: LegId,
        cause: Cause,
    },
    ReofferAnswered {
        leg: LegId,
        sdp: Vec<u8>,
    },
    ReofferFailed {
        leg: LegId,
    },
    /// The server wants all metadata anew.
    SnapshotAsked {
        leg: LegId,
    },
    /// The server offers anew.
    Reoffered {
        leg: LegId,
        sdp: Option<Vec<u8>>,
    },
    /// The ACK to an offer of ours in a 200.
    Acked {
        leg: LegId,
        sdp: Option<Vec<u8>>,
    },
    /// Its host does not answer any more.
    Lost,
    /// The call is over, or its copy is not wanted any more.
    Ended {
        why: &'static str,
    },
}

#[derive(Debug)]
pub enum Action {
    Sip(sip::Command),
    /// Whether the server is still there.
    Ask {
        leg: LegId,
    },
    Media(Media),
    Tell(Fact),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// A server has the copy from now on.
    Began { server: String },
    /// One does not take it; the next is tried, if there is one.
    Refused { server: String, why: String },
    /// No way is left.
    Nowhere { why: String },
    /// It was taken, and is over. `by_server`: by its BYE, which wants no more of it; else it was lost, or the server stops.
    Over { server: String, by_server: bool, why: String },
}

#[derive(Debug)]
pub struct Client {
    session: SessionId,
    from: sip::Party,
    rtp_timeout: Duration,
    ways: VecDeque<Way>,
    way: Option<Way>,
    book: Book,
    state: State,
    last_failure: Option<String>,
}

impl Client {
    /// Nothing is tried yet: [`begin`](Self::begin).
    #[must_use]
    pub fn new(session: SessionId, from: sip::Party, rtp_timeout: Duration, book: Book) -> Self {
        let (ways, state) = (VecDeque::new(), State::Idle);
        Self { session, from, rtp_timeout, ways, way: None, book, state, last_failure: None }
    }

    /// Tries these ways, one after the other.
    pub fn begin(&mut self, ways: VecDeque<Way>, now: Instant, out: &mut Vec<Action>) {
        if matches!(self.state, State::Idle) {
            self.ways = ways;
            self.last_failure = None;
            self.next(now, out);
        }
    }

    /// The server that has the copy.
    #[must_use]
    pub fn runs_at(&self) -> Option<&str> {
        self.way.as_ref().filter(|_| matches!(self.state, State::Running(_))).map(|way| way.server.as_str())
    }

    /// Whether it is that host of that trunk which has the copy.
    #[must_use]
    pub fn runs_on(&self, host: &(TrunkId, SocketAddr)) -> bool {
        let is_it =
            |callee: &Callee| matches!(callee, Callee::Trunk { trunk: Some(trunk), flow, .. } if (trunk, flow.peer) == (&host.0, host.1));
        self.runs_at().is_some() && self.way.as_ref().is_some_and(|way| is_it(&way.callee))
    }

    /// The leg of the recording session that is tried or runs.
    #[must_use]
    pub fn leg(&self) -> Option<LegId> {
        self.way.as_ref().map(|way| way.leg)
    }

    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle)
    }

    /// Who is there now, completely.
    pub fn note(&mut self, present: Vec<Present>, at: Timestamp, rng: &mut Rng, out: &mut Vec<Action>) {
        if !self.book.note(present, at, rng) {
            return;
        }
        match &mut self.state {
            State::Calling { news, .. } => *news = true,
            State::Running(running) => {
                running.news = true;
                self.tell_news(out);
            }
            // All is told with the invitation.
            State::Idle | State::Allocating { .. } => {}
        }
    }

    fn next(&mut self, now: Instant, out: &mut Vec<Action>) {
        self.state = State::Idle;
        self.way = self.ways.pop_front();
        let Some(way) = &self.way else {
            let why = self.last_failure.take().unwrap_or_else(|| "no address of a recording server is known".to_owned());
            return out.push(Action::Tell(Fact::Nowhere { why }));
        };
        for leg in way.streams {
            out.push(Action::Media(Media::Allocate { session: self.session, leg, local: way.local, resumed: None }));
        }
        self.state = State::Allocating { addresses: [None; 2], give_up_at: now + ALLOCATION_LIMIT };
    }

    /// This way leads nowhere; what it had goes.
    fn refused(&mut self, why: String, now: Instant, out: &mut Vec<Action>) {
        self.free_streams(out);
        if let Some(way) = &self.way {
            out.push(Action::Tell(Fact::Refused { server: way.server.clone(), why: why.clone() }));
        }
        self.last_failure = Some(why);
        self.next(now, out);
    }

    fn free_streams(&self, out: &mut Vec<Action>) {
        let session = self.session;
        let streams = self.way.iter().flat_map(|way| way.streams);
        out.extend(streams.map(|leg| Action::Media(Media::ReleaseLeg { session, leg })));
    }

    fn hang_up(&self, cause: u16, text: &str, out: &mut Vec<Action>) {
        if let Some(way) = &self.way {
            let reason = Some(sip::Reason { cause, text: text.to_owned() });
            out.push(Action::Sip(sip::Command::Release { leg: way.leg, code: 487, reason, retry_after: None }));
        }
    }

    /// The ports are there: the INVITE goes out.
    fn call(&mut self, addresses: [SocketAddr; 2], now: Instant, out: &mut Vec<Action>) {
        let Some(way) = &self.way else { return };
        let offers = [0, 1].map(|side| Local {
            direction: Direction::SENDONLY,
            events: false,
            protection: way.protections[side].clone(),
            ..Local::new(addresses[side], &way.codecs, way.leg.0)
        });
        let (sdp, metadata) = (described(&offers), self.book.complete());
        let (callee, from) = (way.callee.clone(), self.from.clone());
        out.push(Action::Sip(sip::Command::Record { leg: way.leg, callee, from, sdp, metadata }));
        self.state = State::Calling { offers: Box::new(offers), give_up_at: now + way.try_for, news: false };
    }

    fn answered(&mut self, sdp: Option<Vec<u8>>, peer: IpAddr, now: Instant, out: &mut Vec<Action>) {
        let State::Calling { offers, news, .. } = &self.state else { return };
        let (mut offers, news) = ((**offers).clone(), *news);
        let sent = described(&offers);
        let settled = sdp.ok_or_else(|| "it answered without a description".to_owned()).and_then(|sdp| accepted(&sdp, &mut offers));
        match settled {
            Ok(settled) => {
                self.configure(&settled, peer, out);
                if let Some(way) = &self.way {
                    let [left, right] = way.streams;
                    out.push(Action::Media(Media::Copy { session: self.session, left, right }));
                    out.push(Action::Tell(Fact::Began { server: way.server.clone() }));
                }
                let ask_at = now + self.way.as_ref().map_or(ALLOCATION_LIMIT, |way| way.ask_every);
                let running = Running { offers, sent, peer, asking: false, news, whole: false, ask_at };
                self.state = State::Running(Box::new(running));
                self.tell_news(out);
            }
            Err(why) => {
                self.hang_up(488, &why, out);
                self.refused(why, now, out);
            }
        }
    }

    fn configure(&self, settled: &[Negotiated; 2], peer: IpAddr, out: &mut Vec<Action>) {
        let Some(way) = &self.way else { return };
        for (leg, settled) in way.streams.into_iter().zip(settled) {
            let parameters = parameters(settled, peer, self.rtp_timeout);
            out.push(Action::Media(Media::Configure { session: self.session, leg, parameters }));
        }
    }

    /// One news at a time: what changes meanwhile goes with the next.
    fn tell_news(&mut self, out: &mut Vec<Action>) {
        let (State::Running(running), Some(way)) = (&mut self.state, &self.way) else { return };
        if running.news && !running.asking {
            (running.news, running.asking) = (false, true);
            let metadata: Metadata = if running.whole { self.book.complete() } else { self.book.news() };
            running.whole = false;
            out.push(Action::Sip(sip::Command::Describe { leg: way.leg, sdp: running.sent.clone(), metadata }));
        }
    }

    fn told(&mut self, answer: Option<&[u8]>, out: &mut Vec<Action>) {
        let State::Running(running) = &mut self.state else { return };
        running.asking = false;
        // What was not taken goes with the next, whole.
        running.whole |= answer.is_none();
        let peer = running.peer;
        let settled = answer.and_then(|answer| accepted(answer, &mut running.offers).ok());
        if let Some(settled) = settled {
            self.configure(&settled, peer, out);
        }
        self.tell_news(out);
    }

    /// The server would have it otherwise: streams paused, or elsewhere.
    fn reoffered(&mut self, leg: LegId, offer: Option<&[u8]>, out: &mut Vec<Action>) {
        let State::Running(running) = &mut self.state else { return };
        running.offers.iter_mut().for_each(|ours| ours.version += 1);
        let Some(offer) = offer else {
            running.sent = described(&running.offers);
            return out.push(Action::Sip(sip::Command::AnswerReoffer { leg, sdp: running.sent.clone() }));
        };
        let answers = sdp::split(offer).ok().filter(|streams| streams.len() >= 2).and_then(|streams| {
            let ours = running.offers.iter().zip(&streams).map(|(ours, stream)| sdp::answer(&stream.sdp, ours).ok());
            let taken: Option<Vec<(Vec<u8>, Negotiated)>> = ours.collect();
            Some((taken?, streams[2..].iter().map(sdp::Stream::refused).collect::<Vec<_>>()))
        });
        let Some((taken, refused)) = answers else {
            return out.push(Action::Sip(sip::Command::RejectReoffer { leg, code: 488 }));
        };
        let (bodies, settled): (Vec<_>, Vec<_>) = taken.into_iter().unzip();
        let [Some(left), Some(right)] = [settled.first(), settled.get(1)] else { return };
        let settled = [left.clone(), right.clone()];
        let labelled = bodies.into_iter().zip(LABELS).map(|(body, label)| (body, Some(label)));
        running.sent = sdp::join(labelled.chain(refused.into_iter().map(|line| (line, None))));
        for (ours, settled) in running.offers.iter_mut().zip(&settled) {
            ours.layout = settled.layout.clone();
        }
        let peer = running.peer;
        out.push(Action::Sip(sip::Command::AnswerReoffer { leg, sdp: running.sent.clone() }));
        self.configure(&settled, peer, out);
    }

    pub fn handle(&mut self, event: Event, now: Instant, out: &mut Vec<Action>) {
        match event {
            Event::Allocated { leg, address } => {
                let place = self.way.as_ref().and_then(|way| way.streams.iter().position(|stream| *stream == leg));
                let (State::Allocating { addresses, .. }, Some(place)) = (&mut self.state, place) else { return };
                addresses[place] = Some(address);
                if let [Some(left), Some(right)] = *addresses {
                    self.call([left, right], now, out);
                }
            }
            Event::AllocationFailed { leg } => {
                let is_its = self.way.as_ref().is_some_and(|way| way.streams.contains(&leg));
                if is_its && matches!(self.state, State::Allocating { .. }) {
                    self.refused("no port is free for its sound".to_owned(), now, out);
                }
            }
            Event::Ended { why } => {
                self.ways.clear();
                if matches!(self.state, State::Calling { .. } | State::Running(_)) {
                    self.hang_up(200, why, out);
                }
                self.free_streams(out);
                (self.state, self.way) = (State::Idle, None);
            }
            Event::Lost if matches!(self.state, State::Running(_)) => {
                self.hang_up(408, "the host does not answer", out);
                self.released(&Cause::PeerGone, out);
            }
            Event::Answered { leg, sdp, peer } if self.leg() == Some(leg) => self.answered(sdp, peer, now, out),
            Event::Failed { leg, failure } if self.leg() == Some(leg) && matches!(self.state, State::Calling { .. }) => {
                self.refused(in_words(&failure), now, out);
            }
            Event::Released { leg, cause } if self.leg() == Some(leg) => self.released(&cause, out),
            Event::ReofferAnswered { leg, sdp } if self.leg() == Some(leg) => self.told(Some(&sdp), out),
            Event::ReofferFailed { leg } if self.leg() == Some(leg) => self.told(None, out),
            Event::Acked { leg, sdp: Some(sdp) } if self.leg() == Some(leg) => self.told(Some(&sdp), out),
            Event::Reoffered { leg, sdp } if self.leg() == Some(leg) => self.reoffered(leg, sdp.as_deref(), out),
            Event::SnapshotAsked { leg } if self.leg() == Some(leg) => {
                // RFC 7866 §9.2: at once, in a request of its own.
                if let State::Running(running) = &mut self.state {
                    (running.news, running.whole) = (true, true);
                }
                self.tell_news(out);
            }
            // Of a way that was given up.
            _ => {}
        }
    }

    fn released(&mut self, cause: &Cause, out: &mut Vec<Action>) {
        if !matches!(self.state, State::Running(_)) {
            return;
        }
        self.free_streams(out);
        self.state = State::Idle;
        let Some(way) = self.way.take() else { return };
        let (by_server, why) = match cause {
            Cause::Bye { reason } | Cause::Cancelled { reason, .. } => {
                (true, reason.clone().unwrap_or_else(|| "the server hung up".to_owned()))
            }
            Cause::SessionExpired | Cause::PeerGone | Cause::NoAck => (false, "the server is gone".to_owned()),
            Cause::NoMedia => (false, "the server's answer cannot be used".to_owned()),
            Cause::Ours => (false, "released".to_owned()),
        };
        out.push(Action::Tell(Fact::Over { server: way.server, by_server, why }));
    }

    pub fn handle_timeout(&mut self, now: Instant, out: &mut Vec<Action>) {
        if self.deadline().is_none_or(|deadline| deadline > now) {
            return;
        }
        match self.state {
            State::Calling { .. } => {
                self.hang_up(408, "no answer in time", out);
                self.refused("no answer in time".to_owned(), now, out);
            }
            State::Allocating { .. } => self.refused("no port is free for its sound".to_owned(), now, out),
            State::Running(ref mut running) => {
                if let Some(way) = &self.way {
                    running.ask_at = now + way.ask_every;
                    out.push(Action::Ask { leg: way.leg });
                }
            }
            State::Idle => {}
        }
    }

    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Allocating { give_up_at, .. } | State::Calling { give_up_at, .. } => Some(*give_up_at),
            State::Running(running) => Some(running.ask_at),
            State::Idle => None,
        }
    }
}

fn described(offers: &[Local; 2]) -> Vec<u8> {
    sdp::join(offers.iter().map(sdp::offer).zip(LABELS.map(Some)))
}

/// What the server's answer settles, stream by stream. Both must be taken: half a call is no copy of it.
fn accepted(answer: &[u8], offers: &mut [Local; 2]) -> Result<[Negotiated; 2], String> {
    let streams = sdp::split(answer).map_err(|error| error.to_string())?;
    let [Some(left), Some(right)] = [streams.first(), streams.get(1)] else { return Err("it takes one stream of two".to_owned()) };
    let settle = |stream: &sdp::Stream, offer: &mut Local| {
        let settled = sdp::accept(&stream.sdp, offer).map_err(|error| error.to_string())?;
        offer.layout = settled.layout.clone();
        Ok::<_, String>(settled)
    };
    let [first, second] = offers;
    Ok([settle(left, first)?, settle(right, second)?])
}

fn in_words(failure: &Failure) -> String {
    match failure {
        Failure::Status { code, reason } => format!("{code} {reason}"),
        Failure::Moved { code, .. } => format!("{code}: it says that it is elsewhere"),
        Failure::Unreachable => "nothing could be sent".to_owned(),
        Failure::Timeout => "no answer".to_owned(),
    }
}
