//! A scripted phone: it writes requests, answers challenges and requests, and decides nothing.

use super::world::{REALM, SWITCH, World, address};
use crate::base::LegId;
use crate::base::time::millis;
use crate::sip::msg::digest::{Challenge, Credentials, ha1};
use crate::sip::msg::{Message, Request, Response};
use crate::sip::{Command, Event, Flow, Protocol};
use std::net::SocketAddr;

#[derive(Clone)]
pub struct Phone {
    pub at: SocketAddr,
    at_text: String,
    /// As whom the digest is answered.
    pub user: String,
    from: String,
    protocol: Protocol,
    cseq: u32,
    /// What was asked last: method, URI, To user, further lines.
    asked: (String, String, String, String),
    pub last_authorization: String,
    /// To of the last answer, for requests inside its dialog.
    pub dialog_to: Option<String>,
    /// Its own otherwise.
    pub call_id: Option<String>,
    pub body: String,
    /// What was asked of it before an answer that it waited for.
    pub requests: Vec<Request>,
}

impl Phone {
    pub fn new(at: &str, user: &str) -> Self {
        Self {
            at: address(at),
            at_text: at.to_owned(),
            user: user.to_owned(),
            from: user.to_owned(),
            protocol: Protocol::Udp,
            cseq: 0,
            asked: Default::default(),
            last_authorization: String::new(),
            dialog_to: None,
            call_id: None,
            body: String::new(),
            requests: Vec::new(),
        }
    }

    pub fn over_tcp(mut self) -> Self {
        self.protocol = Protocol::Tcp;
        self
    }

    /// Its requests are numbered beyond this.
    pub fn numbered_from(mut self, cseq: u32) -> Self {
        self.cseq = cseq;
        self
    }

    pub fn over_tls(mut self) -> Self {
        self.protocol = Protocol::Tls;
        self
    }

    /// Its way to the switch.
    pub fn flow(&self) -> Flow {
        Flow { protocol: self.protocol, local: address(SWITCH), peer: self.at }
    }

    pub fn at(&self) -> &str {
        &self.at_text
    }

    pub fn text(&mut self, method: &str, uri: &str, to: &str, lines: &str) -> String {
        if method != "ACK" {
            self.cseq += 1;
        }
        self.text_numbered(method, uri, to, lines, self.cseq)
    }

    pub fn text_numbered(&self, method: &str, uri: &str, to: &str, lines: &str, number: u32) -> String {
        let transport = self.protocol.name().to_uppercase();
        let max_forwards = if lines.contains("Max-Forwards") { "" } else { "Max-Forwards: 70\r\n" };
        let to = self.dialog_to.clone().unwrap_or_else(|| format!("<sip:{to}@{REALM}>"));
        let call_id = self.call_id();
        let content = if self.body.is_empty() || lines.contains("Content-Type") { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{transport} {};branch=z9hG4bK{}{method}{number}{}\r\n{max_forwards}\
             From: <sip:{}@{REALM}>;tag=phone\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {number} {method}\r\n{lines}{content}Content-Length: {}\r\n\r\n{}",
            self.at_text,
            self.from,
            lines.len(),
            self.from,
            self.body.len(),
            self.body
        )
    }

    pub fn send(&mut self, world: &mut World, text: String) {
        world.post(self.protocol, self.at, address(SWITCH), text.as_bytes());
        world.run(millis(10));
    }

    /// Sends a request; gives the last answer.
    #[track_caller]
    pub fn ask(&mut self, world: &mut World, method: &str, uri: &str, to: &str, lines: &str) -> Response {
        self.asked = (method.into(), uri.into(), to.into(), lines.into());
        let text = self.text(method, uri, to, lines);
        self.send(world, text);
        self.answer(world)
    }

    #[track_caller]
    fn answer(&mut self, world: &mut World) -> Response {
        let mut last = None;
        for message in world.heard(&self.at_text) {
            match message {
                Message::Response(response) => last = Some(response),
                Message::Request(request) => self.requests.push(request),
            }
        }
        last.expect("an answer")
    }

    /// The request that was proven last, as it was sent.
    pub fn proven(&self) -> String {
        let (method, uri, to, lines) = &self.asked;
        self.text_numbered(method, uri, to, &format!("{}{lines}", self.last_authorization), self.cseq)
    }

    /// Sends what was sent before; gives the answer.
    #[track_caller]
    pub fn repeat(&mut self, world: &mut World, text: &str) -> Response {
        self.send(world, text.to_owned());
        self.answer(world)
    }

    /// Asks the same again with the answer to a challenge.
    #[track_caller]
    pub fn prove(&mut self, world: &mut World, challenged: &Response, password: &str) -> Response {
        let (method, uri, to, lines) = self.asked.clone();
        if method == "INVITE" {
            self.dialog_to = Some(challenged.headers.get("To").expect("To").to_owned());
            let ack = self.text("ACK", &uri, &to, &lines);
            let ack = ack.replace(&format!("{}ACK{}", self.from, self.cseq), &format!("{}INVITE{}", self.from, self.cseq));
            self.dialog_to = None;
            self.send(world, ack);
        }
        let text = self.answer_to(challenged, password);
        self.send(world, text);
        self.answer(world)
    }

    /// What was asked last, with the answer to its challenge.
    pub fn answer_to(&mut self, challenged: &Response, password: &str) -> String {
        let (method, uri, to, lines) = self.asked.clone();
        let challenge = challenged.headers.get("WWW-Authenticate").and_then(Challenge::from_header).expect("a challenge");
        let secret = ha1(challenge.algorithm, &self.user, REALM, password);
        let credentials = Credentials::answer(&challenge, &self.user, &secret, &method, &uri, "cn", 1).to_header();
        self.last_authorization = format!("Authorization: {credentials}\r\n");
        let lines = format!("{}{lines}", self.last_authorization);
        self.text(&method, &uri, &to, &lines)
    }

    /// Registers, challenge included; `params` go to the Contact.
    #[track_caller]
    pub fn register(&mut self, world: &mut World, params: &str) {
        let contact = format!("Contact: <sip:{}@{}>{params}\r\n", self.user, self.at_text);
        assert_eq!(self.registers(world, &contact).code, 200);
    }

    /// Registers with these lines, challenge included; gives the answer.
    #[track_caller]
    pub fn registers(&mut self, world: &mut World, lines: &str) -> Response {
        let user = self.user.clone();
        let challenged = self.ask(world, "REGISTER", &format!("sip:{REALM}"), &user, lines);
        if challenged.code == 401 { self.prove(world, &challenged, "secret") } else { challenged }
    }

    fn invite(&mut self, world: &mut World, number: &str, lines: &str) -> Response {
        self.body = "offer".into();
        self.dialog_to = None;
        let lines = format!("Contact: <sip:{}@{}>\r\n{lines}", self.user, self.at_text);
        let challenged = self.ask(world, "INVITE", &format!("sip:{number}@{REALM}"), number, &lines);
        let answer = if challenged.code == 401 { self.prove(world, &challenged, "secret") } else { challenged };
        self.body.clear();
        answer
    }

    /// An agent's phone calls, and gets a final answer at once.
    #[track_caller]
    pub fn calls_in_vain(&mut self, world: &mut World, number: &str, lines: &str) -> Response {
        self.invite(world, number, lines)
    }

    /// An agent's phone calls; gives what the switch is told, its leg first.
    #[track_caller]
    pub fn calls(&mut self, world: &mut World, number: &str, lines: &str) -> (LegId, Event) {
        assert_eq!(self.invite(world, number, lines).code, 100);
        let event = world.event(SWITCH);
        let Event::Invited { leg, .. } = &event else { panic!("no call: {event:?}") };
        (*leg, event)
    }

    /// The call that it made is answered, and it acknowledges that.
    #[track_caller]
    pub fn is_answered(&mut self, world: &mut World, leg: LegId) {
        world.command(SWITCH, Command::Answer { leg, sdp: "answer".into() });
        world.run(millis(10));
        let ok = world.heard_response_last(&self.at_text);
        self.dialog_to = Some(ok.headers.get("To").expect("To").to_owned());
        let ack = self.text("ACK", "sip:10.0.0.1", "", "");
        self.send(world, ack);
        assert_eq!(world.event(SWITCH), Event::Acked { leg, sdp: None });
    }

    /// An agent's phone is in a call.
    #[track_caller]
    pub fn talks(&mut self, world: &mut World, number: &str) -> LegId {
        let (leg, _) = self.calls(world, number, "");
        self.is_answered(world, leg);
        leg
    }

    /// Its dialog as a Replaces header names it to the switch.
    pub fn dialog(&self) -> String {
        let to = self.dialog_to.as_deref().expect("a dialog");
        let tag = to.split("tag=").nth(1).expect("a tag");
        format!("{};to-tag={tag};from-tag=phone", self.call_id())
    }

    fn call_id(&self) -> String {
        self.call_id.clone().unwrap_or_else(|| format!("{}-{}", self.from, self.at_text))
    }

    /// Answers a request that was heard.
    pub fn reply(&mut self, world: &mut World, request: &Request, code: u16, lines: &[(&str, &str)], body: &str) {
        let tag = format!("at-{}", self.at.port());
        let mut response = request.response(code, None, Some(&tag));
        response.headers.push("Contact", format!("<sip:phone@{}>", self.at_text));
        for (name, value) in lines {
            response.headers.push(name, *value);
        }
        if !body.is_empty() {
            response.headers.push("Content-Type", "application/sdp");
            response.body = body.into();
        }
        world.post(self.protocol, self.at, address(SWITCH), &Message::Response(response).to_bytes());
        world.run(millis(10));
    }
}
