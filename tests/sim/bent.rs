//! Requests in live dialogs that no phone would send, and the answer that the RFC gives to each: a table, a row a kind of mischief, with
//! what is due while the call rings (in, or out), while the switch's 200 waits for its ACK, and while it is up. In a dialog that is over
//! there is nobody: 481. A stranger is asked who he is wherever a dialog's own tags are right (RFC 3261 §22.1), and told 481 elsewhere.

use super::mischief::{Deed, Dialog, Expect, Mischief, Stage};
use sanling::base::{Instant, Rng};
use std::net::SocketAddr;

/// A request in pieces, to be bent.
pub struct Parts {
    method: String,
    branch: String,
    from_tag: Option<String>,
    to_tag: Option<String>,
    call_id: String,
    pub cseq: String,
    /// Whole lines.
    pub extra: String,
    body: String,
}

/// Whose dialog the bent request names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    /// None: what is due does not depend on how far the dialog is, nor on who sends it.
    Nobody,
    /// The right one by its Call-ID and the switch's tag.
    It,
    /// No SIP.
    Unreadable,
}

struct Row {
    what: &'static str,
    methods: &'static [&'static str],
    names: Names,
    bend: fn(&mut Parts, &Dialog, &mut Rng),
    /// Ringing in, ringing out, unacknowledged, up.
    due: [&'static [u16]; 4],
}

const ANY: &[&str] = &["BYE", "INFO", "UPDATE", "INVITE", "PRACK", "OPTIONS"];

const fn all(codes: &'static [u16]) -> [&'static [u16]; 4] {
    [codes; 4]
}

fn offer(parts: &mut Parts, sdp: &str) {
    parts.extra.push_str("Content-Type: application/sdp\r\n");
    parts.body = sdp.to_owned();
}

pub fn own_offer(parts: &mut Parts, dialog: &Dialog) {
    // Another version of what the phone said last.
    let sdp = String::from_utf8_lossy(&dialog.sdp).replace("o=- 1 ", "o=- 1 9");
    offer(parts, &sdp);
}

fn rows() -> Vec<Row> {
    use Names::{It, Nobody, Unreadable};
    let row = |what, methods, names, due: [&'static [u16]; 4], bend| Row { what, methods, names, bend, due };
    vec![
        // RFC 3261 §12.2.2: tags that match no dialog.
        row("a To tag of nobody", ANY, Nobody, all(&[481]), |parts, _, rng| parts.to_tag = Some(rng.hex(4))),
        row("no To tag", &["BYE", "INFO", "UPDATE", "PRACK"], Nobody, all(&[481]), |parts, _, _| parts.to_tag = None),
        row("another Call-ID", ANY, Nobody, all(&[481]), |parts, _, rng| parts.call_id = rng.hex(8)),
        // A From tag that no phone of a call out has shown may be a fork's that is still to ring.
        row("a From tag of nobody", &["BYE", "PRACK", "INVITE"], It, all(&[481]), |parts, _, rng| parts.from_tag = Some(rng.hex(4))),
        row("no From tag", &["BYE", "PRACK", "INVITE"], It, all(&[481]), |parts, _, _| parts.from_tag = None),
        // §12.2.2: out of order. A call out that rings has no dialog yet in which there were an order.
        row("a number that was used", ANY, It, [&[500], &[200, 481, 491], &[500], &[500]], |parts, dialog, _| {
            parts.cseq = format!("{} {}", dialog.taken.unwrap_or(0), parts.method);
        }),
        row("a lower number", ANY, It, [&[500], &[200, 481, 491], &[500], &[500]], |parts, dialog, _| {
            parts.cseq = format!("{} {}", dialog.taken.unwrap_or(0).saturating_sub(1), parts.method);
        }),
        // §8.1.1.5.
        row("a number of another method", ANY, Unreadable, all(&[400]), |parts, _, _| {
            parts.cseq = format!("77 {}", if parts.method == "BYE" { "INFO" } else { "BYE" });
        }),
        row("a number of 2^31 and more", ANY, Unreadable, all(&[400]), |parts, _, rng| {
            let number = [2_147_483_648_u64, 4_294_967_295, 36_893_488_147_419][rng.below(3) as usize];
            parts.cseq = format!("{number} {}", parts.method);
        }),
        row("a number that is none", ANY, Unreadable, all(&[400]), |parts, _, _| parts.cseq = format!("-1 {}", parts.method)),
        // §8.2.1.
        row("a method that is not allowed", &["MESSAGE"], It, all(&[405]), |_, _, _| {}),
        // RFC 3515 §2.4.2: to nobody, by a scheme that we do not speak, to somewhere else. A carrier refers to nobody at all.
        row(
            "a referral that leads nowhere",
            &["REFER"],
            It,
            [&[400, 403, 416, 603], &[481], &[400, 403, 416, 603], &[400, 403, 416, 603]],
            |parts, _, rng| {
                parts
                    .extra
                    .push_str(["", "Refer-To: <http://127.0.0.1>\r\n", "Refer-To: <sip:1@elsewhere.example>\r\n"][rng.below(3) as usize]);
            },
        ),
        // RFC 6665 §7.2, RFC 3903 §6.
        row("an event that nobody serves", &["NOTIFY", "SUBSCRIBE", "PUBLISH"], It, all(&[489]), |parts, _, _| {
            parts.extra.push_str("Event: conference\r\nSubscription-State: active\r\n");
        }),
        row("a method that is unknown", &["DANCE", "INVITED"], It, all(&[501]), |_, _, _| {}),
        // §8.2.2.3.
        row("an extension that nobody knows", ANY, It, all(&[420]), |parts, _, _| parts.extra.push_str("Require: dance\r\n")),
        // RFC 3262 §3.
        row("a PRACK for nothing", &["PRACK"], It, all(&[481]), |parts, _, rng| {
            let rack = ["7 1 INVITE", "1 1 UPDATE", "4294967295 4294967295 INVITE", "x", ""][rng.below(5) as usize];
            parts.extra.push_str(&format!("RAck: {rack}\r\n"));
        }),
        // §14.2, RFC 3311 §5.2: one offer at a time. What comes while the switch's own is under way is 491.
        row("another offer", &["INVITE"], It, [&[500], &[481], &[491], &[200, 491, 500]], |parts, dialog, _| own_offer(parts, dialog)),
        row("another offer by UPDATE", &["UPDATE"], It, [&[500], &[200, 491], &[491], &[200, 491, 500]], |parts, dialog, _| {
            own_offer(parts, dialog);
        }),
        row("an offer of nothing that we speak", &["INVITE"], It, [&[500], &[481], &[491], &[488, 491, 500]], |parts, _, rng| {
            let sdp = [
                "v=0\r\no=- 1 2 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 3\r\n",
                "v=0\r\no=- 1 2 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=video 4000 RTP/AVP 96\r\n",
            ];
            offer(parts, sdp[rng.below(2) as usize]);
        }),
        row("an offer that cannot be read", &["INVITE"], It, [&[500], &[481], &[491], &[400, 488, 491, 500]], |parts, _, rng| {
            offer(parts, ["v=0\r\nrubbish", "\0\0\0"][rng.below(2) as usize]);
        }),
        row("an offer of 60 kB", &["INVITE"], It, [&[500], &[481], &[491], &[200, 488, 491, 500]], |parts, dialog, _| {
            own_offer(parts, dialog);
            parts.body.push_str(&format!("a=x:{}\r\n", "y".repeat(60_000)));
        }),
        row("no offer", &["INVITE"], It, [&[500], &[481], &[491], &[200, 491, 500]], |_, _, _| {}),
        // §8.2.3.
        row("a body that is no SDP", &["INVITE"], It, [&[500], &[481], &[415], &[415]], |parts, _, _| {
            parts.extra.push_str("Content-Type: text/plain\r\n");
            parts.body = "hello".to_owned();
        }),
        row("an INFO that is no digit", &["INFO"], It, [&[400], &[200], &[400], &[400]], |parts, _, _| {
            parts.extra.push_str("Content-Type: application/dtmf-relay\r\n");
            parts.body = "Signal=55\r\n".to_owned();
        }),
        // RFC 4028 §9.
        row("a session of a second", &["UPDATE"], It, [&[200, 422], &[200], &[422], &[422]], |parts, _, _| {
            parts.extra.push_str("Supported: timer\r\nSession-Expires: 1\r\n");
        }),
        row("a session of no time that there is", &["UPDATE"], It, [&[200], &[200], &[200], &[200]], |parts, _, rng| {
            let value = ["4294967295;refresher=uac", "99999999999999999999", "-1", "soon", ""][rng.below(5) as usize];
            parts.extra.push_str(&format!("Supported: timer\r\nSession-Expires: {value}\r\nMin-SE: 90\r\n"));
        }),
        // §9.1, §9.2: a CANCEL that matches no INVITE.
        row("a CANCEL of another branch", &["CANCEL"], Nobody, all(&[481]), |_, _, _| {}),
    ]
}

/// A bent request in the dialog, or something that the phone would never say at this moment.
pub fn request(maker: &mut Mischief, call: &str, from: SocketAddr, stranger: bool, now: Instant) -> Option<Deed> {
    match maker.rng.below(12) {
        0 => return deaf(maker, call, from),
        1 => return crossed(maker, call, stranger),
        2 => return again(maker, call, now),
        3 if !stranger && maker.rng.one_in(4) => return gone(maker, call, from),
        _ => {}
    }
    let rows = rows();
    let row = &rows[maker.rng.below(rows.len() as u64) as usize];
    let branch = maker.branch();
    let dialog = maker.dialogs.get_mut(call)?;
    let (column, number) = match dialog.stage {
        Stage::EarlyIn => (Some(0), dialog.used),
        Stage::EarlyOut => (Some(1), dialog.used),
        Stage::Unacked => (Some(2), dialog.used),
        Stage::Up => (Some(3), dialog.used),
        Stage::Over => (None, dialog.used),
    };
    let method = row.methods[maker.rng.below(row.methods.len() as u64) as usize];
    let number = number + 1;
    let mut parts = parts_of(dialog, method, branch, number)?;
    (row.bend)(&mut parts, dialog, &mut maker.rng);
    let ordered = row.what.ends_with("number") || row.what.ends_with("used");
    if ordered && dialog.taken.is_none() {
        return None;
    }
    let due: Vec<u16> = match (row.names, column) {
        (Names::Unreadable, _) => row.due[0].to_vec(),
        (Names::Nobody, _) => row.due[0].to_vec(),
        // It may be leaving; its end is not told to whoever reads along.
        (Names::It, None) if stranger => vec![401, 481],
        // A call out that was given up still waits for its last response.
        (Names::It, None) => [&[200, 481, 500][..], row.due[1], row.due[3]].concat(),
        (Names::It, Some(_)) if stranger => vec![401],
        (Names::It, Some(column)) => row.due[column].to_vec(),
    };
    if row.names == Names::It && !stranger && !ordered {
        dialog.used = number;
    }
    let bytes = parts.text(dialog, from);
    Some(Deed { what: row.what, bytes, expect: Expect::Final(due), is_told: false })
}

/// An ACK for nothing: no answer, and nothing changes (§17.1.1.3, §13.2.2.4).
fn deaf(maker: &mut Mischief, call: &str, from: SocketAddr) -> Option<Deed> {
    let branch = maker.branch();
    let dialog = maker.dialogs.get(call)?;
    let mut parts = parts_of(dialog, "ACK", branch, dialog.invite.cseq().0 + 17)?;
    match maker.rng.below(3) {
        0 => parts.to_tag = Some(maker.rng.hex(4)),
        1 => parts.from_tag = Some(maker.rng.hex(4)),
        _ => {}
    }
    Some(Deed { what: "an ACK for nothing", bytes: parts.text(dialog, from), expect: Expect::Silence, is_told: false })
}

/// A CANCEL under the INVITE's own branch: ends it while it is not answered, does nothing afterwards (§9.2).
fn crossed(maker: &mut Mischief, call: &str, stranger: bool) -> Option<Deed> {
    let rare = maker.rng.one_in(6);
    let dialog = maker.dialogs.get_mut(call)?;
    let late = matches!(dialog.stage, Stage::Unacked | Stage::Up);
    let is_ours = dialog.invite.from().tag() == dialog.switch_tag.as_deref();
    if is_ours || dialog.switch_tag.is_none() || !(late || stranger || (rare && dialog.stage == Stage::EarlyIn)) {
        return None;
    }
    if !stranger && std::mem::replace(&mut dialog.is_crossed, true) {
        return None;
    }
    let header = |name: &str| dialog.invite.headers.get(name).unwrap_or_default();
    let text = format!(
        "CANCEL {} SIP/2.0\r\nVia: {}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} CANCEL\r\nContent-Length: 0\r\n\r\n",
        dialog.invite.uri,
        header("Via"),
        header("From"),
        header("To"),
        dialog.call_id,
        dialog.invite.cseq().0,
    );
    let what = if late { "a CANCEL after the answer" } else { "a CANCEL that the phone did not send" };
    Some(Deed { what, bytes: text.into_bytes(), expect: Expect::Repeats, is_told: !stranger })
}

/// What the phone said within 64 × T1, again (§17.2).
fn again(maker: &mut Mischief, call: &str, now: Instant) -> Option<Deed> {
    let dialog = maker.dialogs.get(call)?;
    let place = maker.rng.below(dialog.requests.len().max(1) as u64) as usize;
    let (at, bytes) = dialog.requests.get(place)?.clone();
    if now.saturating_since(at).as_secs() >= 31 {
        return None;
    }
    Some(Deed { what: "what the phone said, again", bytes, expect: Expect::Repeats, is_told: false })
}

/// BYE in the phone's name: in the early dialog of a call in, too (§15.1.2).
fn gone(maker: &mut Mischief, call: &str, from: SocketAddr) -> Option<Deed> {
    let branch = maker.branch();
    let dialog = maker.dialogs.get_mut(call)?;
    let due: &[u16] = match dialog.stage {
        Stage::EarlyIn | Stage::Unacked | Stage::Up => &[200],
        // §15: a callee sends none before it has answered.
        Stage::EarlyOut => &[481],
        Stage::Over => &[200, 481, 500],
    };
    let parts = parts_of(dialog, "BYE", branch, dialog.used + 1)?;
    dialog.used += 1;
    let is_told = dialog.stage != Stage::EarlyOut;
    Some(Deed { what: "a BYE that the phone did not send", bytes: parts.text(dialog, from), expect: Expect::Final(due.to_vec()), is_told })
}

pub fn parts_of(dialog: &Dialog, method: &str, branch: String, number: u32) -> Option<Parts> {
    Some(Parts {
        method: method.to_owned(),
        branch,
        from_tag: dialog.phone_tag.clone(),
        to_tag: Some(dialog.switch_tag.clone()?),
        call_id: dialog.call_id.clone(),
        cseq: format!("{number} {method}"),
        extra: String::new(),
        body: String::new(),
    })
}

impl Parts {
    pub fn text(&self, dialog: &Dialog, at: SocketAddr) -> Vec<u8> {
        let (from, to) = (dialog.invite.from(), dialog.invite.to());
        let is_ours = from.tag() == dialog.switch_tag.as_deref();
        let (phone, switch) = if is_ours { (to.uri, from.uri) } else { (from.uri, to.uri) };
        let tag = |tag: &Option<String>| tag.as_ref().map(|tag| format!(";tag={tag}")).unwrap_or_default();
        format!(
            "{} sip:127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP {at};branch={};rport\r\nMax-Forwards: 70\r\nFrom: <{phone}>{}\r\nTo: <{switch}>{}\r\n\
             Call-ID: {}\r\nCSeq: {}\r\nContact: <sip:{}>\r\n{}Content-Length: {}\r\n\r\n{}",
            self.method,
            self.branch,
            tag(&self.from_tag),
            tag(&self.to_tag),
            self.call_id,
            self.cseq,
            dialog.phone,
            self.extra,
            self.body.len(),
            self.body,
        )
        .into_bytes()
    }
}
