//! Responses in live dialogs that no phone would send, and what is due to each: nothing for what matches no request of the switch's, an ACK
//! to every 2xx of its INVITE, and a BYE to each that made another dialog (RFC 3261 §13.2.2.4). A stranger's responses are nobody's.

use super::mischief::{Deed, Dialog, Expect, Mischief, Stage};
use sanling::base::Instant;
use sanling::sip::msg::{Message, Method, Response};

/// Repeats of a 2xx are taken for 64 × T1 (RFC 6026 §7.2, Timer M).
pub const TIMER_M_S: u64 = 31;

pub fn answer(maker: &mut Mischief, call: &str, stranger: bool, now: Instant) -> Option<Deed> {
    let dialog = maker.dialogs.get(call)?;
    // The switch asked nothing in a call in; what looks like an answer to it is none.
    let is_ours = dialog.invite.from().tag() == dialog.switch_tag.as_deref();
    if !is_ours {
        return Some(stray(maker, call));
    }
    let is_ringing = dialog.stage == Stage::EarlyOut;
    let answered = dialog.accepted.as_ref().filter(|(at, _)| now.saturating_since(*at).as_secs() < TIMER_M_S);
    let answered = answered.map(|(_, response)| response.clone());
    match (maker.rng.below(6), answered) {
        (0, _) => Some(stray(maker, call)),
        (_, Some(_)) if stranger => Some(late(maker, call)),
        (1, Some(_)) => Some(late(maker, call)),
        (2 | 3, Some(ok)) => {
            let tag = ok.to().tag().unwrap_or_default().to_owned();
            Some(Deed::of("a 2xx again", &ok, Expect::Requests(tag, vec![Method::Ack])))
        }
        (_, Some(ok)) => Some(forked(maker, ok)),
        (1, None) if is_ringing && (stranger || maker.dialogs.get(call)?.is_tried) => Some(usurped(maker, call, stranger, now)),
        (_, None) if is_ringing => ringing(maker, call, stranger),
        (_, None) => Some(stray(maker, call)),
    }
}

impl Deed {
    fn of(what: &'static str, response: &Response, expect: Expect) -> Self {
        Self { what, bytes: Message::Response(response.clone()).to_bytes(), expect, is_told: false }
    }
}

fn response(dialog: &Dialog, code: u16, tag: &str) -> Response {
    let mut response = dialog.invite.response(code, None, Some(tag));
    if (101..300).contains(&code) {
        response.headers.push("Contact", format!("<sip:x@{}>", dialog.phone));
    }
    response
}

/// Matches nothing that the switch asked: an unknown branch, another method, a Via below ours (§17.1.3, §18.1.2, §8.1.3.3).
fn stray(maker: &mut Mischief, call: &str) -> Deed {
    let (branch, tag) = (maker.branch(), maker.tag());
    let code = [100, 180, 183, 200, 302, 401, 481, 486, 500, 603][maker.rng.below(10) as usize];
    let shape = maker.rng.below(3);
    let dialog = &maker.dialogs[call];
    let mut stray = response(dialog, code, &tag);
    let via = stray.headers.get("Via").unwrap_or_default().to_owned();
    let own = dialog.invite.top_via().branch().unwrap_or_default().to_owned();
    match shape {
        0 => stray.headers.set("Via", via.replace(&own, &branch)),
        1 => stray.headers.set("CSeq", format!("{} {}", dialog.invite.cseq().0, if code % 2 == 0 { "REFER" } else { "MESSAGE" })),
        _ => stray.headers.push("Via", "SIP/2.0/UDP 192.0.2.77:5060;branch=z9hG4bKbelow"),
    }
    Deed::of("a response to nothing", &stray, Expect::Silence)
}

/// After the final response: a provisional one, a refusal, a redirection (§17.1.1.2, RFC 6026 §7.2).
fn late(maker: &mut Mischief, call: &str) -> Deed {
    let code = [100, 180, 183, 199, 302, 401, 486, 487, 503, 603][maker.rng.below(10) as usize];
    let dialog = &maker.dialogs[call];
    let tag = dialog.phone_tag.clone().unwrap_or_default();
    Deed::of("a response after the final one", &response(dialog, code, &tag), Expect::Silence)
}

/// A 2xx of another phone behind the same branch: acknowledged and released.
fn forked(maker: &mut Mischief, mut ok: Response) -> Deed {
    let tag = maker.tag();
    let to = ok.headers.get("To").unwrap_or_default().split(";tag=").next().unwrap_or_default().to_owned();
    ok.headers.set("To", format!("{to};tag={tag}"));
    maker.forks.insert(tag.clone());
    Deed::of("a 2xx of another phone", &ok, Expect::Requests(tag, vec![Method::Ack, Method::Bye]))
}

/// A 2xx of another phone behind the same branch, before that of the phone: it is the first, and taken; what comes later is the other one.
/// Now and then the proxy that must be between them gives the phone up, as it should (§16.7 step 10); else the phone may answer, too. What
/// is due to it then is in the books (`mischief::Late`).
fn usurped(maker: &mut Mischief, call: &str, stranger: bool, now: Instant) -> Deed {
    let (tag, gives_up) = (maker.tag(), maker.rng.one_in(2));
    let dialog = &maker.dialogs[call];
    let (phone, ip) = (dialog.phone, dialog.phone.ip());
    let mut ok = response(dialog, 200, &tag);
    ok.headers.push("Content-Type", "application/sdp");
    ok.body = format!("v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio 39998 RTP/AVP 8\r\n").into_bytes();
    if stranger {
        return Deed::of("a 2xx of a stranger", &ok, Expect::Silence);
    }
    if gives_up {
        let header = |name: &str| dialog.invite.headers.get(name).unwrap_or_default();
        let cancel = format!(
            "CANCEL {} SIP/2.0\r\nVia: {}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {call}\r\nCSeq: {} CANCEL\r\n\
             Content-Length: 0\r\n\r\n",
            dialog.invite.uri,
            header("Via"),
            header("From"),
            header("To"),
            dialog.invite.cseq().0,
        );
        maker.to_phones.push((phone, cancel.into_bytes()));
    }
    maker.forks.insert(tag.clone());
    let dialog = maker.dialogs.get_mut(call).expect("it was looked at a moment ago");
    (dialog.stage, dialog.phone_tag, dialog.usurper) = (Stage::Up, Some(tag.clone()), Some(tag.clone()));
    (dialog.accepted, dialog.sdp) = (Some((now, ok.clone())), ok.body.clone());
    let mut deed = Deed::of("a 2xx before the phone's", &ok, Expect::Requests(tag, vec![Method::Ack]));
    deed.is_told = true;
    deed
}

/// Provisional responses out of order, of other phones, and reliable ones: in order each gets its PRACK, else none (RFC 3262 §4).
fn ringing(maker: &mut Mischief, call: &str, stranger: bool) -> Option<Deed> {
    let reliable = maker.rng.one_in(2);
    let (jump, code) = (maker.rng.below(4) as u32, [180, 181, 182, 183, 199][maker.rng.below(5) as usize]);
    let dialog = maker.dialogs.get_mut(call)?;
    let tag = format!("{}x", dialog.switch_tag.clone()?);
    let mut rings = response(dialog, if reliable { code } else { 100 + (code % 2) * 80 }, &tag);
    if !reliable || stranger {
        if stranger {
            return Some(Deed::of("ringing out of order", &rings, Expect::Silence));
        }
        // It is ringing all the same: to the checkers, and to a caller who is told of it. No request is due.
        let mut deed = Deed::of("ringing out of order", &rings, Expect::Requests(tag, Vec::new()));
        deed.is_told = true;
        return Some(deed);
    }
    maker.forks.insert(tag.clone());
    let number = dialog.rseq.map_or(5, |last| last.wrapping_add(jump));
    let in_order = dialog.rseq.is_none() || jump == 1;
    if in_order {
        dialog.rseq = Some(number);
    }
    rings.headers.push("Require", "100rel");
    rings.headers.push("RSeq", number.to_string());
    let due = if in_order { vec![Method::Prack] } else { Vec::new() };
    let mut deed = Deed::of("reliable ringing", &rings, Expect::Requests(tag, due));
    deed.is_told = true;
    Some(deed)
}
