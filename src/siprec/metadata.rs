//! Who takes part in a call that is copied, as its recording server is told (RFC 7865): all of it at the beginning, then what has changed.

use crate::base::limits::SESSION_LEGS_MAX;
use crate::base::{CallId, LegId, Rng, Timestamp};
use crate::media::control::Channel;
use crate::sip::Metadata;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Labels of the two streams in the description: the caller's, and all others'.
pub const LABELS: [&str; 2] = ["1", "2"];

/// One who is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Present {
    pub leg: LegId,
    /// His address: `sip:1001@sanling.local`.
    pub aor: String,
    pub name: Option<String>,
    pub side: Channel,
    /// Whether he is heard, and hears the other side: neither, of one who holds.
    pub sends: bool,
    pub hears: bool,
}

#[derive(Debug)]
struct Participant {
    id: String,
    present: Present,
    since: Timestamp,
    gone_at: Option<Timestamp>,
    /// The server does not know yet.
    is_news: bool,
}

/// What a recording server is told of one call.
#[derive(Debug)]
pub struct Book {
    group: String,
    session: String,
    call: CallId,
    began: Timestamp,
    streams: [String; 2],
    participants: BTreeMap<LegId, Participant>,
    /// Of those who left: their legs' numbers may come again in another place.
    gone: Vec<Participant>,
}

fn unique(rng: &mut Rng) -> String {
    // RFC 7865 §6.10: a UUID, in base 64; of version 4.
    let number = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
    let number = number & !(0xF << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    STANDARD.encode(number.to_be_bytes())
}

impl Book {
    #[must_use]
    pub fn new(call: CallId, began: Timestamp, rng: &mut Rng) -> Self {
        let streams = [unique(rng), unique(rng)];
        Self { group: unique(rng), session: unique(rng), call, began, streams, participants: BTreeMap::new(), gone: Vec::new() }
    }

    /// Who is there at `at`, completely. Whether the server must be told.
    pub fn note(&mut self, present: Vec<Present>, at: Timestamp, rng: &mut Rng) -> bool {
        let left: Vec<LegId> = self.participants.keys().copied().filter(|leg| present.iter().all(|one| one.leg != *leg)).collect();
        for mut one in left.iter().filter_map(|leg| self.participants.remove(leg)) {
            (one.gone_at, one.is_news) = (Some(at), true);
            self.gone.push(one);
        }
        for one in present.into_iter().take(SESSION_LEGS_MAX) {
            match self.participants.get_mut(&one.leg) {
                Some(known) if known.present == one => {}
                Some(known) => (known.present, known.is_news) = (one, true),
                None => {
                    let participant = Participant { id: unique(rng), present: one.clone(), since: at, gone_at: None, is_news: true };
                    self.participants.insert(one.leg, participant);
                }
            }
        }
        self.participants.values().chain(&self.gone).any(|one| one.is_news)
    }

    /// Everything, whatever was told before.
    pub fn complete(&mut self) -> Metadata {
        self.participants.values_mut().for_each(|one| one.is_news = true);
        self.write(true)
    }

    /// What has changed since it was told last.
    pub fn news(&mut self) -> Metadata {
        self.write(false)
    }

    fn write(&mut self, whole: bool) -> Metadata {
        let mut text =
            String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<recording xmlns=\"urn:ietf:params:xml:ns:recording:1\">\r\n");
        let mut line = |parts: std::fmt::Arguments<'_>| {
            let _ = write!(text, "  {parts}\r\n");
        };
        let (session, [left, right]) = (&self.session, &self.streams);
        line(format_args!("<datamode>{}</datamode>", if whole { "complete" } else { "partial" }));
        if whole {
            let began = time(self.began);
            line(format_args!("<group group_id=\"{}\"><associate-time>{began}</associate-time></group>", self.group));
            line(format_args!(
                "<session session_id=\"{session}\"><sipSessionID>{}</sipSessionID><group-ref>{}</group-ref><start-time>{began}</start-time></session>",
                self.call, self.group
            ));
        }
        let told: Vec<&Participant> = self.participants.values().chain(&self.gone).filter(|one| one.is_news).collect();
        for one in &told {
            let name = one.present.name.as_ref().map(|name| format!("<name>{}</name>", escaped(name))).unwrap_or_default();
            let aor = escaped(&one.present.aor);
            line(format_args!("<participant participant_id=\"{}\"><nameID aor=\"{aor}\">{name}</nameID></participant>", one.id));
        }
        if whole {
            for (stream, label) in [left, right].into_iter().zip(LABELS) {
                line(format_args!("<stream stream_id=\"{stream}\" session_id=\"{session}\"><label>{label}</label></stream>"));
            }
            let began = time(self.began);
            line(format_args!(
                "<sessionrecordingassoc session_id=\"{session}\"><associate-time>{began}</associate-time></sessionrecordingassoc>"
            ));
        }
        for one in &told {
            let since = time(one.since);
            let gone = one.gone_at.map(|at| format!("<disassociate-time>{}</disassociate-time>", time(at))).unwrap_or_default();
            line(format_args!(
                "<participantsessionassoc participant_id=\"{}\" session_id=\"{session}\"><associate-time>{since}</associate-time>{gone}</participantsessionassoc>",
                one.id
            ));
        }
        for one in told.iter().filter(|one| one.gone_at.is_none()) {
            let (own, other) = match one.present.side {
                Channel::Left => (left, right),
                Channel::Right => (right, left),
            };
            let send = if one.present.sends { format!("<send>{own}</send>") } else { String::new() };
            let recv = if one.present.hears { format!("<recv>{other}</recv>") } else { String::new() };
            line(format_args!("<participantstreamassoc participant_id=\"{}\">{send}{recv}</participantstreamassoc>", one.id));
        }
        text.push_str("</recording>\r\n");
        self.participants.values_mut().for_each(|one| one.is_news = false);
        self.gone.clear();
        Metadata(text.into_bytes())
    }
}

/// RFC 3339, UTC.
fn time(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // What XML 1.0 §2.2 has no place for.
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(leg: u64, side: Channel) -> Present {
        Present { leg: LegId(leg), aor: format!("sip:{leg}@h"), name: Some("O'Neill <&>\u{7}".into()), side, sends: true, hears: true }
    }

    fn text(Metadata(bytes): Metadata) -> String {
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn all_is_told_once_and_then_what_changed() {
        let mut rng = Rng::new(3);
        let at = Timestamp(1_795_248_000_500);
        let mut book = Book::new(CallId::new(at, &mut rng), at, &mut rng);
        assert!(book.note(vec![present(1, Channel::Left), present(2, Channel::Right)], at, &mut rng));
        let first = text(book.complete());
        for (what, times) in [
            ("<datamode>complete</datamode>", 1),
            ("<participant ", 2),
            ("<stream ", 2),
            ("<label>1</label>", 1),
            ("<label>2</label>", 1),
            ("<send>", 2),
            ("<recv>", 2),
            ("<associate-time>2026-11-21T08:00:00.5Z</associate-time>", 4),
            ("<name>O&apos;Neill &lt;&amp;&gt; </name>", 2),
        ] {
            assert_eq!(first.matches(what).count(), times, "{what}: {first}");
        }
        assert!(!book.note(vec![present(1, Channel::Left), present(2, Channel::Right)], at, &mut rng), "nothing changed");
        // A transfer: another takes the second's place, and the first holds.
        let held = Present { hears: false, ..present(1, Channel::Left) };
        assert!(book.note(vec![held, present(3, Channel::Right)], Timestamp(at.0 + 1_000), &mut rng));
        let second = text(book.news());
        for (what, times) in [
            ("<datamode>partial</datamode>", 1),
            ("<participant ", 3),
            ("<stream ", 0),
            ("<disassociate-time>2026-11-21T08:00:01.5Z</disassociate-time>", 1),
            ("<participantstreamassoc ", 2),
            ("<send>", 2),
            ("<recv>", 1),
        ] {
            assert_eq!(second.matches(what).count(), times, "{what}: {second}");
        }
        let third = text(book.complete());
        assert_eq!((third.matches("<participant ").count(), third.contains("disassociate")), (2, false), "{third}");
    }

    #[test]
    fn ids_are_uuids_in_base_64() {
        let bytes = STANDARD.decode(unique(&mut Rng::new(1))).expect("base 64");
        assert_eq!((bytes.len(), bytes[6] >> 4, bytes[8] >> 6), (16, 4, 2));
    }
}
