//! REFER inside a dialog (RFC 3515): a peer asks that whom he speaks with be connected to somebody else. Here it is read, and taken or
//! refused by its session; what the referrer is told of it afterwards is `news`. Whether and how it is done is the switch's.

mod news;

use super::msg::{Headers, NameAddr, Request, Scheme, Uri};
use super::order::{Asked, Room, User};
use super::refuse::bad_event;
use super::replaces::Replaces;
use super::session::{Phase, Session};
use super::{Event, compose, msg};
use crate::base::{Instant, LegId};
pub(super) use news::News;
use news::Notice;
use serde::{Deserialize, Serialize};

/// A referral: the leg whose peer asked for it, and the number (CSeq) of his REFER.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ReferId {
    pub leg: LegId,
    pub number: u32,
}

/// Whom a referral is to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ReferTarget {
    /// A blind transfer: the number or name, unescaped, as if it had been called.
    Number(String),
    /// An attended one: the peer of this leg of ours, in the place of the referrer, who has that dialog too (RFC 5589 §7). The leg may
    /// not be answered yet.
    Replace(LegId),
}

/// A REFER, as its headers have it.
#[derive(Debug)]
pub(super) struct Asks {
    pub to: To,
    referred_by: Option<String>,
    /// Not so with `Refer-Sub: false` (RFC 4488 §4).
    wants_news: bool,
}

#[derive(Debug)]
pub(super) enum To {
    Called(Uri),
    Replacing(Replaces),
}

/// A REFER that nothing is done about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub code: u16,
    pub why: &'static str,
}

pub(super) const fn refusal(code: u16, why: &'static str) -> Refusal {
    Refusal { code, why }
}

/// A REFER whose target is known.
#[derive(Debug)]
pub(super) struct Referral {
    pub target: ReferTarget,
    pub asks: Asks,
}

/// Reads a REFER.
pub(super) fn read(request: &Request) -> Result<Asks, Refusal> {
    // RFC 3515 §2.4.2: zero, or more than one.
    let written = one(&request.headers, "Refer-To").ok_or(refusal(400, "One Refer-To"))?;
    let target: NameAddr = written.parse().map_err(|_| refusal(400, "Malformed Refer-To"))?;
    if !matches!(target.uri.scheme, Scheme::Sip | Scheme::Tel) {
        return Err(refusal(416, "Unsupported URI Scheme In Refer-To"));
    }
    if target.uri.param("method").is_some_and(|method| !method.eq_ignore_ascii_case("INVITE")) {
        return Err(refusal(501, "Only INVITE Is Referred To"));
    }
    // RFC 3892 §3: at most one.
    let referred_by = match request.headers.get("Referred-By") {
        None => None,
        Some(_) => {
            let value = one(&request.headers, "Referred-By").filter(|value| value.parse::<NameAddr>().is_ok());
            Some(value.ok_or(refusal(400, "Malformed Referred-By"))?.to_owned())
        }
    };
    // Of the headers that the URI asks for this one alone is heeded (§5.2: the others would be the referrer's words in our mouth).
    let mut fields = Headers::default();
    target.uri.header_fields().for_each(|(name, value)| fields.push(&name, value));
    let replaces = Replaces::of(&fields).map_err(|_| refusal(400, "Malformed Replaces In Refer-To"))?;
    Ok(Asks {
        to: match replaces {
            Some(replaces) => To::Replacing(replaces),
            None => To::Called(target.uri),
        },
        referred_by,
        wants_news: !request.headers.get("Refer-Sub").is_some_and(|value| first_word(value).eq_ignore_ascii_case("false")),
    })
}

/// The only value of a header.
fn one<'a>(headers: &'a Headers, name: &'a str) -> Option<&'a str> {
    let mut all = headers.list(name);
    all.next().filter(|_| all.next().is_none())
}

fn first_word(value: &str) -> &str {
    value.split(';').next().unwrap_or(value).trim()
}

impl Session {
    /// A REFER; `referral` is what the endpoint made of it.
    pub fn referred(&mut self, asked: &Asked, referral: Result<Referral, Refusal>, room: &mut Room) {
        if !self.takes(asked, room) {
            return;
        }
        let referral = match (&self.phase, referral) {
            (Phase::Leaving { .. } | Phase::Over, _) => return room.refuse(asked, 481, None),
            // Only agents connect others; a carrier that did would call on our account.
            _ if self.account.is_none() => Err(refusal(403, "Not From Here")),
            (_, Err(wrong)) => Err(wrong),
            (Phase::Early(_), _) => Err(refusal(603, "Not Before The Answer")),
            (_, Ok(referral)) if referral.asks.wants_news && self.news.is_full() => Err(refusal(603, "Too Many Referrals")),
            (Phase::Unacked { .. } | Phase::Up, Ok(referral)) => Ok(referral),
        };
        let Referral { target, asks } = match referral {
            Ok(referral) => referral,
            Err(Refusal { code, why }) => {
                return room.respond(&asked.key, asked.request.response(code, Some(why), None));
            }
        };
        let refer = ReferId { leg: self.leg, number: asked.request.cseq().0 };
        let mut response = compose::dialog_response(&asked.request, 202, &self.dialog.local_tag, asked.flow);
        if !asks.wants_news {
            response.headers.push("Refer-Sub", "false");
        }
        room.respond(&asked.key, response);
        if asks.wants_news {
            self.with_news(room, |news, now, send| news.open(refer.number, now, send));
        }
        room.event(Event::Referred { leg: self.leg, refer, target, referred_by: asks.referred_by });
    }

    /// `Command::TellReferProgress`.
    pub fn tell_referrer(&mut self, number: u32, status: u16, room: &mut Room) {
        if matches!(self.phase, Phase::Unacked { .. } | Phase::Up) {
            self.with_news(room, |news, now, send| news.report(number, status, now, send));
        }
    }

    /// A SUBSCRIBE inside the dialog: the referrer wants to hear longer of it, or no more (RFC 3515 §2.4.4).
    pub(super) fn resubscribed(&mut self, asked: &Asked, room: &mut Room) {
        let event = compose::event(&asked.request.headers).filter(|event| event.package.eq_ignore_ascii_case("refer"));
        let Some(event) = event else { return room.respond(&asked.key, bad_event(&asked.request)) };
        let id = event.id.and_then(|id| id.parse().ok());
        let expires = asked.request.headers.number("Expires").ok().flatten();
        let Some(left) = self.news.renew(id, expires, room.now) else { return room.refuse(asked, 481, None) };
        let mut response = compose::dialog_response(&asked.request, 200, &self.dialog.local_tag, asked.flow);
        response.headers.push("Expires", left.to_string());
        room.respond(&asked.key, response);
        self.with_news(room, |news, now, send| news.repeat(id, now, send));
    }

    /// The answer to a NOTIFY, or none: a referrer who does not want to hear is not told, and nothing else comes of it.
    pub(super) fn notified(&mut self, number: u32, accepted: bool, room: &mut Room) {
        self.with_news(room, |news, now, send| news.answered(number, accepted, now, send));
    }

    pub(super) fn news_timeout(&mut self, room: &mut Room) {
        self.with_news(room, |news, now, send| news.handle_timeout(now, send));
    }

    /// The dialog ends: what waits to be said is said at once.
    pub(super) fn last_news(&mut self, room: &mut Room) {
        let news = std::mem::take(&mut self.news);
        news.close(room.now, &mut |notice| self.notify(&notice, User::Aside(self.leg), room));
    }

    fn with_news(&mut self, room: &mut Room, act: impl FnOnce(&mut News, Instant, &mut dyn FnMut(Notice) -> u32)) {
        let mut news = std::mem::take(&mut self.news);
        act(&mut news, room.now, &mut |notice| self.notify(&notice, User::Session(self.leg), room));
        self.news = news;
    }

    /// Gives the number of the NOTIFY.
    fn notify(&mut self, notice: &Notice, user: User, room: &mut Room) -> u32 {
        let mut request = self.dialog.request(msg::Method::Notify);
        let hop = self.dialog.next_hop(room.settings);
        request.headers.push("Contact", compose::contact_to(&request.uri, hop));
        request.headers.push("Event", format!("refer;id={}", notice.refer));
        request.headers.push("Subscription-State", notice.state.as_str());
        request.headers.push("Content-Type", "message/sipfrag;version=2.0");
        // RFC 3515 §2.4.5: at least a status line.
        request.body = format!("SIP/2.0 {} {}\r\n", notice.status, msg::reason_phrase(notice.status)).into_bytes();
        room.request(request, hop, user);
        self.dialog.local_seq
    }
}
