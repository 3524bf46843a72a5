//! Lamps: one phone's subscription (RFC 6665) to the messages of its agent, or to a colleague's dialogs or presence, from its SUBSCRIBE to
//! its last NOTIFY. Knows nothing of how things come to be so: it is told how they are (`facts`), and who may know it is decided before.

mod facts;

pub(super) use facts::{Facts, Line, LineState, Package, Summary};

use super::dialog::{Dialog, is_behind_nat};
use super::msg::{Method, NameAddr, Request, Response, Uri};
use super::order::{Asked, Room, Silence, User};
use super::refuse::bad_event;
use super::{Flow, Settings, compose};
use crate::base::limits::LAMP_NEWS_EVERY;
use crate::base::time::secs;
use crate::base::{AgentId, Duration, Instant};
use facts::About;
use serde::{Deserialize, Serialize};

/// RFC 3842 §3.4, RFC 4235 §3.3, RFC 3856 §6.4.
const USUAL: Duration = secs(3_600);

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Watch {
    /// Who subscribed.
    pub agent: AgentId,
    #[serde(default)]
    pub package: Package,
    /// Whom he watches; `None` is himself.
    #[serde(default)]
    resource: Option<AgentId>,
    pub dialog: Dialog,
    /// The `id` of its Event, when it has one.
    id: Option<String>,
    /// `None`: over.
    expires_at: Option<Instant>,
    /// What was said last.
    #[serde(default)]
    said: Option<Facts>,
    /// Of the next body (RFC 4235 §4.1.2).
    #[serde(default)]
    version: u32,
    /// The NOTIFY that has no answer yet.
    asked: Option<u32>,
    /// What waits to be said, and when that may be (RFC 3842 §3.10, RFC 4235 §3.10).
    more: bool,
    not_before: Instant,
}

/// For how long a SUBSCRIBE asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Term {
    /// Only how things are now, or no more (RFC 6665 §4.4.3).
    Fetch,
    For(Duration),
    /// RFC 6665 §4.2.1.1: 423.
    TooBrief,
}

impl Term {
    /// The bounds are those of registrations: phones renew both together.
    pub fn of(request: &Request, settings: &Settings) -> Self {
        // §20.19: what cannot be read counts as not said.
        let asked = request.headers.number("Expires").ok().flatten().map(|seconds| secs(u64::from(seconds)));
        match asked {
            Some(Duration::ZERO) => Self::Fetch,
            Some(term) if term < settings.registration_min => Self::TooBrief,
            term => Self::For(term.unwrap_or(USUAL).min(settings.registration_max)),
        }
    }

    fn granted(self) -> Duration {
        match self {
            Self::For(term) => term,
            Self::Fetch | Self::TooBrief => Duration::ZERO,
        }
    }
}

/// Whether a subscriber takes what we have to say.
pub(super) fn is_understood(request: &Request, package: Package) -> bool {
    let mut accepted = request.headers.list("Accept").peekable();
    accepted.peek().is_none()
        || accepted.any(|range| {
            let range = range.split(';').next().unwrap_or(range).trim();
            [package.media_type(), "application/*", "*/*"].iter().any(|known| range.eq_ignore_ascii_case(known))
        })
}

pub(super) fn too_brief(request: &Request, settings: &Settings) -> Response {
    let mut response = request.response(423, None, None);
    response.headers.push("Min-Expires", settings.registration_min.as_secs().to_string());
    response
}

/// A NOTIFY to a phone that did not subscribe and is to have a lamp all the same.
pub(super) fn unasked(agent: &AgentId, contact: &Uri, (route, flow): (&[NameAddr], Flow), summary: Summary, room: &mut Room) {
    let mut request = Request::new(Method::Notify, contact.clone());
    for hop in route {
        request.headers.push("Route", hop.to_string());
    }
    let account = Uri::sip(Some(agent.as_str()), &room.settings.domain, None);
    let to = NameAddr::new(None, account);
    let mut from = to.clone();
    from.set_param("tag", Some(&room.tag()));
    let headers = &mut request.headers;
    headers.push("Max-Forwards", "70");
    headers.push("From", from.to_string());
    headers.push("To", to.to_string());
    headers.push("Call-ID", room.rng.hex(16));
    headers.push("CSeq", "1 NOTIFY");
    headers.push("Contact", compose::contact(flow));
    headers.push("Event", Package::Messages.name());
    headers.push("Subscription-State", "terminated;reason=noresource");
    Facts::Messages(summary).put(&mut request, &About { agent, version: 0, known: None }, room.settings);
    room.request(request, flow, User::Nobody);
}

/// What a SUBSCRIBE wants.
pub(super) struct Wish {
    pub agent: AgentId,
    pub package: Package,
    pub resource: AgentId,
    pub term: Term,
}

impl Watch {
    /// A SUBSCRIBE of the agent's, who was proven. Answers it, and says how things are.
    pub fn begin(number: u64, wish: Wish, asked: &Asked, facts: &Facts, room: &mut Room) -> Self {
        let Wish { agent, package, resource, term } = wish;
        let mut watch = Self {
            resource: Some(resource).filter(|resource| *resource != agent),
            agent,
            package,
            version: 0,
            dialog: Dialog::of_invited(&asked.request, room.tag(), asked.flow),
            id: compose::event(&asked.request.headers).and_then(|event| event.id).map(str::to_owned),
            expires_at: None,
            said: None,
            asked: None,
            more: false,
            not_before: room.now,
        };
        watch.granted(number, asked, term, facts, room);
        watch
    }

    /// Whom it is about.
    pub fn resource(&self) -> &AgentId {
        self.resource.as_ref().unwrap_or(&self.agent)
    }

    /// A SUBSCRIBE in its dialog: longer, or no more.
    pub fn renewed(&mut self, number: u64, asked: &Asked, facts: &Facts, room: &mut Room) {
        if !self.dialog.is_of(&asked.request) {
            return room.refuse(asked, 481, None);
        }
        if !self.dialog.takes_number(asked.request.cseq().0) {
            return room.refuse(asked, 500, None);
        }
        if compose::event(&asked.request.headers).and_then(|event| Package::named(event.package)) != Some(self.package) {
            return room.respond(&asked.key, bad_event(&asked.request));
        }
        let term = Term::of(&asked.request, room.settings);
        if term == Term::TooBrief {
            return room.respond(&asked.key, too_brief(&asked.request, room.settings));
        }
        self.dialog.refresh_target(&asked.request.headers);
        self.dialog.flow = asked.flow;
        self.dialog.behind_nat = is_behind_nat(&asked.request, asked.flow);
        self.granted(number, asked, term, facts, room);
    }

    /// RFC 6665 §4.2.1.2: 200, and at once a NOTIFY.
    fn granted(&mut self, number: u64, asked: &Asked, term: Term, facts: &Facts, room: &mut Room) {
        let mut response = compose::dialog_response(&asked.request, 200, &self.dialog.local_tag, asked.flow);
        response.headers.push("Expires", term.granted().as_secs().to_string());
        room.respond(&asked.key, response);
        match term {
            Term::For(term) => {
                self.expires_at = Some(room.now + term);
                self.more = true;
                // Who asks is told everything.
                self.said = None;
                self.not_before = room.now;
                self.say(number, facts, room);
            }
            Term::Fetch | Term::TooBrief => self.end("timeout", facts, room),
        }
    }

    /// The messages are so many now.
    pub fn changed(&mut self, number: u64, facts: &Facts, room: &mut Room) {
        self.more |= self.said.as_ref() != Some(facts);
        self.say(number, facts, room);
    }

    /// Says what there is to say, unless the last is not answered, or was a moment ago.
    fn say(&mut self, number: u64, facts: &Facts, room: &mut Room) {
        let Some(expires_at) = self.expires_at else { return };
        if !self.more || self.asked.is_some() || room.now < self.not_before {
            return;
        }
        if self.said.as_ref() == Some(facts) {
            self.more = false;
            return;
        }
        let left = (expires_at - room.now).as_millis().div_ceil(1000);
        self.more = false;
        self.not_before = room.now + LAMP_NEWS_EVERY;
        self.notify(&format!("active;expires={left}"), facts, User::Watch(number), room);
        self.asked = Some(self.dialog.local_seq);
    }

    /// It is over; the last NOTIFY says so, and nobody waits for its answer.
    pub fn end(&mut self, why: &str, facts: &Facts, room: &mut Room) {
        self.expires_at = None;
        self.notify(&format!("terminated;reason={why}"), facts, User::Nobody, room);
    }

    fn notify(&mut self, state: &str, facts: &Facts, user: User, room: &mut Room) {
        let mut request = self.dialog.request(Method::Notify);
        let hop = self.dialog.next_hop(room.settings);
        let event = self.id.as_ref().map_or(self.package.name().to_owned(), |id| format!("{};id={id}", self.package.name()));
        request.headers.push("Contact", compose::contact_to(&request.uri, hop));
        request.headers.push("Event", event);
        request.headers.push("Subscription-State", state);
        let about = About { agent: self.resource(), version: self.version, known: self.said.as_ref() };
        facts.put(&mut request, &about, room.settings);
        self.version += 1;
        self.said = Some(facts.clone());
        room.request(request, hop, user);
    }

    /// A NOTIFY was answered, or not.
    pub fn answered(&mut self, number: u64, notify: u32, answer: Result<Response, Silence>, facts: &Facts, room: &mut Room) {
        if self.asked != Some(notify) || answer.as_ref().is_ok_and(|answer| answer.code < 200) {
            return;
        }
        self.asked = None;
        match answer {
            Ok(answer) if !ends_it(answer.code) => {
                // What was not taken is said anew with the next.
                if answer.code >= 300 {
                    self.said = None;
                }
                self.more |= self.said.as_ref().is_some_and(|said| said != facts);
                self.say(number, facts, room);
            }
            Ok(_) | Err(_) => self.expires_at = None,
        }
    }

    pub fn handle_timeout(&mut self, number: u64, facts: &Facts, room: &mut Room) {
        match self.expires_at {
            Some(expires_at) if expires_at <= room.now => self.end("timeout", facts, room),
            Some(_) => self.say(number, facts, room),
            None => {}
        }
    }

    /// After a restart: what was under way may not have arrived, and is said again.
    pub fn restored(&mut self) {
        self.dialog.skip_numbers();
        // Calls may have been lost with the one before.
        self.more |= self.package == Package::Dialogs;
        if self.asked.take().is_some() {
            self.said = None;
        }
    }

    /// It is over, and nobody is told.
    pub fn forget(&mut self) {
        self.expires_at = None;
    }

    pub fn deadline(&self) -> Option<Instant> {
        let say_at = (self.more && self.asked.is_none()).then_some(self.not_before);
        [self.expires_at, say_at.filter(|_| self.expires_at.is_some())].into_iter().flatten().min()
    }

    pub fn is_over(&self) -> bool {
        self.expires_at.is_none()
    }
}

/// Whether an answer to a NOTIFY ends its subscription (RFC 6665 §4.2.2).
fn ends_it(code: u16) -> bool {
    matches!(code, 404 | 405 | 410 | 416 | 480..=485 | 489 | 501 | 604)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::msg::{Message, parse};

    fn subscribe(lines: &str) -> Request {
        let text = format!(
            "SUBSCRIBE sip:1001@s SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:1001@s>;tag=1\r\n\
             To: <sip:1001@s>\r\nCall-ID: c\r\nCSeq: 1 SUBSCRIBE\r\n{lines}\r\n"
        );
        let Ok(Message::Request(request)) = parse(text.as_bytes()) else { panic!("a SUBSCRIBE: {text}") };
        request
    }

    #[test]
    fn a_term_is_granted_within_its_bounds() {
        let settings = Settings { registration_max: secs(1_800), ..Settings::default() };
        for (lines, term) in [
            ("", Term::For(secs(1_800))),
            ("Expires: soon\r\n", Term::For(secs(1_800))),
            ("Expires: 0\r\n", Term::Fetch),
            ("Expires: 59\r\n", Term::TooBrief),
            ("Expires: 60\r\n", Term::For(secs(60))),
            ("Expires: 99999999999\r\n", Term::For(secs(1_800))),
        ] {
            assert_eq!(Term::of(&subscribe(lines), &settings), term, "{lines}");
        }
    }

    #[test]
    fn who_does_not_take_a_summary_is_not_understood() {
        for (lines, understood) in [
            ("", true),
            ("Accept: application/simple-message-summary\r\n", true),
            ("Accept: text/plain, Application/Simple-Message-Summary;q=0.1\r\n", true),
            ("Accept: */*\r\n", true),
            ("Accept: application/dialog-info+xml\r\n", false),
        ] {
            assert_eq!(is_understood(&subscribe(lines), Package::Messages), understood, "{lines}");
        }
    }
}
