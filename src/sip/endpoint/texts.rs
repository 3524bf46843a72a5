//! MESSAGE between agents' phones (RFC 3428): taken from an agent who is proven, put to all phones of the other at once, and answered with
//! what the first says who takes it. Nothing is kept of it, and no log has its text.

use super::super::msg::{Message, Method, NameAddr, Request, Response, Uri};
use super::super::order::{Asked, Silence, User};
use super::super::refuse::with;
use super::super::registrar::Binding;
use super::super::transaction::ServerKey;
use super::super::{Event, Flow, Output, Protocol, compose};
use super::{Endpoint, Timer};
use crate::base::limits::{TEXT_BYTES_MAX, TEXT_PATIENCE, TEXT_UDP_MAX, TEXTS_OF_AGENT_MAX};
use crate::base::{AgentId, Instant};
use std::collections::{BTreeMap, VecDeque};

/// A MESSAGE that waits for the phones' answers.
#[derive(Debug)]
pub(super) struct Text {
    asked: ServerKey,
    request: Request,
    from: AgentId,
    to: AgentId,
    /// Phones that have not answered.
    waiting: usize,
    /// By the number of what was sent to a phone: what would go by its other flows.
    others: BTreeMap<u32, VecDeque<Addressed>>,
    /// The best refusal so far, and the bodies that phone takes instead (415).
    refusal: Option<(u16, Option<String>)>,
}

/// What one phone is sent, and by which way.
type Addressed = (Request, Flow);

impl Endpoint {
    /// A MESSAGE of an agent, who is proven.
    pub(super) fn text_came(&mut self, from: &AgentId, asked: &Asked, now: Instant, out: &mut Vec<Output>) {
        let (to, copies) = match self.copies(from, &asked.request) {
            Ok(copies) => copies,
            Err(response) => return self.refuse(asked, response, now, out),
        };
        self.last_text += 1;
        let number = self.last_text;
        let mut orders = Vec::new();
        let waiting = copies.len();
        let mut others = BTreeMap::new();
        for (place, mut ways) in copies.into_iter().enumerate() {
            if let Some((copy, flow)) = ways.pop_front() {
                self.room(now, &mut orders).request(copy, flow, User::Text(number));
            }
            others.insert(number_of(place), ways);
        }
        let mut request = asked.request.clone();
        request.body = Vec::new();
        let bytes = asked.request.body.len();
        let give_up_at = now + TEXT_PATIENCE;
        let text = Text { asked: asked.key.clone(), request, from: from.clone(), to: to.clone(), waiting, others, refusal: None };
        self.texts.insert(number, text);
        self.deadlines.set(Timer::Text(number), Some(give_up_at));
        out.push(Output::Event(Event::TextCame { from: from.clone(), to, bytes }));
        self.carry_out(orders, now, out);
    }

    /// Whom it is for, and what his phones are sent.
    fn copies(&mut self, from: &AgentId, request: &Request) -> Result<(AgentId, Vec<VecDeque<Addressed>>), Response> {
        let refused = |code| request.response(code, None, None);
        let to = request.uri.user_unescaped().map(|user| AgentId::new(&user)).filter(|to| self.settings.accounts.contains_key(to));
        let to = to.ok_or_else(|| refused(404))?;
        if request.body.len() > TEXT_BYTES_MAX {
            return Err(refused(413));
        }
        if !request.body.is_empty() && compose::media_type(&request.headers).is_none() {
            return Err(request.response(400, Some("Missing Content-Type"), None));
        }
        if request.headers.get("Content-Encoding").is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            return Err(with(refused(415), "Accept-Encoding", "identity"));
        }
        if self.texts.values().filter(|text| text.from == *from).count() >= TEXTS_OF_AGENT_MAX {
            return Err(with(refused(503), "Retry-After", "5"));
        }
        // RFC 5626 §7: a phone is sent it by one of its flows at a time, the newest first.
        let mut phones: Vec<Vec<Binding>> = Vec::new();
        for binding in self.registrar.of(to.as_str()).iter().rev() {
            let keeps_flows = binding.reg_id.is_some() && binding.instance.is_some();
            let same = |phone: &&mut Vec<Binding>| keeps_flows && phone[0].reg_id.is_some() && phone[0].instance == binding.instance;
            match phones.iter_mut().find(same) {
                Some(phone) => phone.push(binding.clone()),
                None => phones.push(vec![binding.clone()]),
            }
        }
        if phones.is_empty() {
            return Err(refused(480));
        }
        let mut copies = Vec::new();
        for phone in phones.into_iter().rev() {
            let mut ways = VecDeque::new();
            for binding in phone {
                let Some(flow) = binding.whereabouts().hop(&self.settings) else { continue };
                let Binding { uri, path, .. } = binding;
                let mut copy = self.copy(from, &to, uri, request);
                copy.headers.push("CSeq", format!("{} MESSAGE", number_of(copies.len())));
                path.iter().for_each(|hop| copy.headers.push("Route", hop.to_string()));
                // RFC 3428 §8, RFC 3261 §18.1.1: what is larger goes over what is congestion-safe, or not at all.
                if flow.protocol != Protocol::Udp || Message::Request(copy.clone()).to_bytes().len() <= TEXT_UDP_MAX {
                    ways.push_back((copy, flow));
                }
            }
            if !ways.is_empty() {
                copies.push(ways);
            }
        }
        if copies.is_empty() { Err(refused(513)) } else { Ok((to, copies)) }
    }

    /// As from the one to the other; of what the phone wrote the text alone, and what it is.
    fn copy(&mut self, from: &AgentId, to: &AgentId, contact: Uri, request: &Request) -> Request {
        let named = |agent: &AgentId| NameAddr::new(None, Uri::sip(Some(agent.as_str()), &self.settings.domain, None));
        let (mut sender, receiver) = (named(from), named(to));
        sender.set_param("tag", Some(&self.rng.hex(8)));
        let mut copy = Request::new(Method::Message, contact);
        let headers = &mut copy.headers;
        let left = request.headers.number("Max-Forwards").ok().flatten().unwrap_or(70).min(70);
        headers.push("Max-Forwards", left.saturating_sub(1).to_string());
        headers.push("From", sender.to_string());
        headers.push("To", receiver.to_string());
        headers.push("Call-ID", self.rng.hex(16));
        for name in ["Content-Type", "Content-Language", "Date", "Expires"] {
            if let Some(value) = request.headers.get(name) {
                headers.push(name, value);
            }
        }
        copy.body.clone_from(&request.body);
        copy
    }

    /// A phone answered, or did not.
    pub(super) fn text_answered(&mut self, number: u64, copy: u32, answer: Result<Response, Silence>, now: Instant, out: &mut Vec<Output>) {
        let Some(text) = self.texts.get_mut(&number) else { return };
        let is_broken = answer.as_ref().map_or(true, |response| response.code == 430);
        if is_broken && let Some((copy, flow)) = text.others.get_mut(&copy).and_then(VecDeque::pop_front) {
            let mut orders = Vec::new();
            self.room(now, &mut orders).request(copy, flow, User::Text(number));
            return self.carry_out(orders, now, out);
        }
        let (code, accept) = match answer {
            Ok(response) if response.code < 200 => return,
            Ok(response) => (response.code, response.headers.get("Accept").map(str::to_owned)),
            Err(_) => (480, None),
        };
        text.waiting -= 1;
        if (200..300).contains(&code) {
            return self.text_over(number, code.min(202), None, now, out);
        }
        // RFC 3261 §16.7 step 6.
        let rank = |code: u16| if code >= 600 { 0 } else { code };
        if text.refusal.as_ref().is_none_or(|(known, _)| rank(code) < rank(*known)) {
            text.refusal = Some((code, accept));
        }
        if text.waiting == 0 || code >= 600 {
            let (code, accept) = text.refusal.take().unwrap_or((480, None));
            self.text_over(number, code, accept, now, out);
        }
    }

    /// No phone has said anything. RFC 4320 §4.2: the sender is told before he gives up himself.
    pub(super) fn text_timeout(&mut self, number: u64, now: Instant, out: &mut Vec<Output>) {
        self.text_over(number, 480, None, now, out);
    }

    fn text_over(&mut self, number: u64, code: u16, accept: Option<String>, now: Instant, out: &mut Vec<Output>) {
        self.deadlines.set(Timer::Text(number), None);
        let Some(text) = self.texts.remove(&number) else { return };
        // Whose password a phone asks for is no business of the sender's.
        let code = if matches!(code, 401 | 407 | 300..=399) { 480 } else { code };
        let mut response = text.request.response(code, None, None);
        response.tag_to(&self.rng.hex(8));
        if let Some(accept) = accept.filter(|_| code == 415) {
            response.headers.push("Accept", accept);
        }
        self.respond(&text.asked, response, now, out);
        out.push(Output::Event(Event::TextEnded { from: text.from, to: text.to, code }));
    }
}

/// CSeq of what the phone at this place is sent; by each of its flows the same.
fn number_of(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX - 1) + 1
}
