//! What comes off the sockets: streams are framed, messages read, responses brought to their transactions, requests handed on.

use super::super::msg::framing::Framed;
use super::super::msg::{Fault, Message, Request, Response, parse, refusal};
use super::super::order::Asked;
use super::super::transaction::{ClientEvent, ClientKey, ServerKey};
use super::super::{Flow, Output, Protocol, outbound};
use super::{Endpoint, Stream, Timer};
use crate::base::Instant;
use crate::base::limits::TCP_IDLE_MAX;

impl Endpoint {
    pub(super) fn bytes(&mut self, flow: Flow, bytes: &[u8], now: Instant, out: &mut Vec<Output>) {
        match flow.protocol {
            Protocol::Udp => self.message(flow, bytes, now, out),
            Protocol::Tcp | Protocol::Tls => self.stream(flow, bytes, now, out),
        }
    }

    fn stream(&mut self, flow: Flow, bytes: &[u8], now: Instant, out: &mut Vec<Output>) {
        let idle_at = now + TCP_IDLE_MAX;
        self.streams.entry(flow).or_insert_with(|| Stream::new(idle_at)).framer.push(bytes);
        let mut pinged = false;
        // A message may end its stream: it is looked up each time.
        while let Some(stream) = self.streams.get_mut(&flow) {
            match stream.framer.next() {
                Ok(Some(Framed::Message(bytes))) => {
                    stream.idle_at = idle_at;
                    self.message(flow, &bytes, now, out);
                }
                Ok(Some(Framed::Ping)) => {
                    if !std::mem::replace(&mut pinged, true) {
                        self.pinged(flow, idle_at, now, out);
                    }
                }
                Ok(None) => {
                    let idle_at = stream.idle_at;
                    return self.deadlines.set(Timer::Stream(flow), Some(idle_at));
                }
                Err(unframable) => {
                    if let Some(response) = refusal(&unframable.head, unframable.code, unframable.why) {
                        self.counters.requests_refused += 1;
                        self.send(flow, Message::Response(response).to_bytes(), false, out);
                    } else {
                        self.counters.dropped_malformed += 1;
                    }
                    out.push(Output::Close { flow });
                    return self.closed(flow, now, out);
                }
            }
        }
    }

    /// RFC 5626 §4.4.1: the pong. One for all pings that were read together, and a stranger gets only so many.
    fn pinged(&mut self, flow: Flow, idle_at: Instant, now: Instant, out: &mut Vec<Output>) {
        let is_in_use = self.registrar.uses(flow) || self.flows.is_used(flow);
        if !is_in_use && !self.admits_rubbish(flow, now) {
            return;
        }
        if let Some(stream) = self.streams.get_mut(&flow) {
            stream.idle_at = idle_at;
        }
        out.push(Output::Send { flow, bytes: b"\r\n".to_vec() });
    }

    /// A connection begins whose peer is known by these names.
    pub(super) fn certified(&mut self, flow: Flow, names: Vec<String>, now: Instant) {
        let idle_at = now + TCP_IDLE_MAX;
        self.streams.entry(flow).or_insert_with(|| Stream::new(idle_at)).names = names;
        self.deadlines.set(Timer::Stream(flow), Some(idle_at));
    }

    pub(super) fn stream_timeout(&mut self, flow: Flow, now: Instant, out: &mut Vec<Output>) {
        let Some(stream) = self.streams.get_mut(&flow) else { return };
        // RFC 5626 §5.4: a phone that was to be heard of and was not has lost its flow.
        let is_in_use = (self.registrar.uses(flow) && !self.registrar.is_kept_up(flow)) || self.flows.is_used(flow);
        if stream.idle_at > now || is_in_use {
            stream.idle_at = stream.idle_at.max(now + TCP_IDLE_MAX / 2);
            self.deadlines.set(Timer::Stream(flow), Some(stream.idle_at));
        } else {
            out.push(Output::Close { flow });
            self.closed(flow, now, out);
        }
    }

    pub(super) fn closed(&mut self, flow: Flow, now: Instant, out: &mut Vec<Output>) {
        self.streams.remove(&flow);
        self.deadlines.set(Timer::Stream(flow), None);
        let mut events = Vec::new();
        for agent in self.registrar.flow_closed(flow, &self.settings, &mut events) {
            self.touch_agent(&agent);
        }
        self.registrations(events, out);
        self.send_failed(flow, now, out);
    }

    /// Requests that got no answer at all on this way will get none (RFC 3261 §18.4).
    pub(super) fn send_failed(&mut self, flow: Flow, now: Instant, out: &mut Vec<Output>) {
        for key in self.flows.waiting(flow) {
            self.client_event(&key, ClientEvent::SendFailed, now, out);
        }
    }

    /// A request that did not go out has no answer; a response is asked for again.
    pub(super) fn unsent(&mut self, bytes: &[u8], now: Instant, out: &mut Vec<Output>) {
        if let Ok(Message::Request(request)) = parse(bytes) {
            self.client_event(&ClientKey::of_request(&request), ClientEvent::SendFailed, now, out);
        }
    }

    fn message(&mut self, flow: Flow, bytes: &[u8], now: Instant, out: &mut Vec<Output>) {
        if let Some(pong) = outbound::pong(bytes, flow.peer).filter(|_| flow.protocol == Protocol::Udp) {
            // Its answer is longer than it, and goes to whoever is said to have asked: a phone asks seldom.
            if self.registrar.uses(flow) || self.admits_rubbish(flow, now) {
                out.push(Output::Send { flow, bytes: pong });
            }
            return;
        }
        // Keep-alives of phones behind a NAT.
        if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n' | b' ' | 0)) {
            return;
        }
        self.counters.messages_received += 1;
        match parse(bytes) {
            Ok(Message::Request(mut request)) => {
                note_source(&mut request, flow);
                let asked = Asked { key: ServerKey::of(&request), flow, back: way_back(&request, flow), request };
                self.request(asked, now, out);
            }
            Ok(Message::Response(response)) => self.response(flow, response, now, out),
            Err(_) if !self.admits_rubbish(flow, now) => {}
            Err(Fault::Answer { response, .. }) => {
                self.counters.requests_refused += 1;
                self.send(flow, Message::Response(*response).to_bytes(), false, out);
            }
            Err(Fault::Drop { .. }) => self.counters.dropped_malformed += 1,
        }
    }

    fn response(&mut self, flow: Flow, response: Response, now: Instant, out: &mut Vec<Output>) {
        // §18.1.2 and §8.1.3.3: a response with another Via below ours was not meant for us.
        if response.headers.list("Via").count() == 1 {
            let key = ClientKey::of_response(&response);
            // Who was not asked has nothing to answer (RFC 3581 §4: a response comes from where its request went).
            let asked = self.clients.get(&key).map(|client| client.flow.peer.ip());
            if asked.is_some_and(|asked| !self.may_speak(flow.peer, asked)) {
                self.counters.dropped_of_strangers += 1;
                return;
            }
            self.client_event(&key, ClientEvent::Answered(Box::new(response)), now, out);
        }
    }
}

/// RFC 3261 §18.2.1 and RFC 3581 §4: where the request really came from, on its topmost Via.
fn note_source(request: &mut Request, flow: Flow) {
    let top = request.top_via();
    let right_host = top.host.trim_start_matches('[').trim_end_matches(']').parse() == Ok(flow.peer.ip());
    let wants_port = top.param("rport").is_some();
    if right_host && !wants_port {
        return;
    }
    let mut top = top.to_via();
    if wants_port {
        top.set_param("rport", Some(&flow.peer.port().to_string()));
    }
    top.set_param("received", Some(&flow.peer.ip().to_string()));
    request.headers.set_first("Via", &top.to_string());
}

/// Where answers go (RFC 3261 §18.2.2, RFC 3581 §4): back to where the request came from. Only a UDP peer that wrote its own address
/// in Via, and did not ask for `rport`, gets them at the port written there.
fn way_back(request: &Request, flow: Flow) -> Flow {
    let via = request.top_via();
    if flow.protocol.is_stream() || via.param("rport").is_some() || via.param("received").is_some() {
        return flow;
    }
    let peer = std::net::SocketAddr::new(flow.peer.ip(), via.port.unwrap_or(5060));
    Flow { peer, ..flow }
}
