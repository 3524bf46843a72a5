//! What phones watch over: an agent's messages (RFC 3842), his dialogs (RFC 4235), his presence (RFC 3856); and how a NOTIFY puts it.

use super::super::msg::{NameAddr, Request, Uri};
use super::super::{Activity, Presence, Settings};
use crate::base::{AgentId, Redacted};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// An event package that agents' phones subscribe to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub(in super::super) enum Package {
    #[default]
    Messages,
    Dialogs,
    Presence,
}

impl Package {
    pub const ALL: [Self; 3] = [Self::Messages, Self::Dialogs, Self::Presence];

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|package| package.name().eq_ignore_ascii_case(name))
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Messages => "message-summary",
            Self::Dialogs => "dialog",
            Self::Presence => "presence",
        }
    }

    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Messages => "application/simple-message-summary",
            Self::Dialogs => "application/dialog-info+xml",
            Self::Presence => "application/pidf+xml",
        }
    }
}

/// How many messages of an agent are new, and how many were heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(in super::super) struct Summary {
    pub new: u32,
    pub old: u32,
}

/// RFC 4235 §3.7.1, as far as it concerns others.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in super::super) enum LineState {
    Trying,
    Early,
    Confirmed,
}

impl LineState {
    const fn name(self) -> &'static str {
        match self {
            Self::Trying => "trying",
            Self::Early => "early",
            Self::Confirmed => "confirmed",
        }
    }
}

/// A dialog of an agent's phone. Its tags are those by which a colleague names it to us when he picks it up (RFC 3891): the local one is
/// ours, whom he calls for that, and good for that alone.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in super::super) struct Line {
    pub id: u64,
    pub call_id: String,
    pub local_tag: String,
    pub remote_tag: Option<String>,
    /// The agent began it.
    pub is_initiator: bool,
    pub state: LineState,
    /// With whom, as it stood on his phone.
    pub remote: String,
}

/// How things are with an agent, of one package.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in super::super) enum Facts {
    Messages(Summary),
    Dialogs(Vec<Line>),
    Presence(Presence),
}

/// Of whom, and which of a watch's bodies it is.
pub(super) struct About<'a> {
    pub agent: &'a AgentId,
    pub version: u32,
    /// What the watcher knows; `None`: he is told everything.
    pub known: Option<&'a Facts>,
}

impl Facts {
    fn package(&self) -> Package {
        match self {
            Self::Messages(_) => Package::Messages,
            Self::Dialogs(_) => Package::Dialogs,
            Self::Presence(_) => Package::Presence,
        }
    }

    pub(super) fn put(&self, request: &mut Request, about: &About, settings: &Settings) {
        let account = Uri::sip(Some(about.agent.as_str()), &settings.domain, None);
        request.headers.push("Content-Type", self.package().media_type());
        let body = match self {
            Self::Messages(summary) => summary_text(*summary, &account),
            Self::Dialogs(lines) => dialog_info(lines, &account, about, settings),
            Self::Presence(presence) => pidf(presence, &account, about.agent),
        };
        request.body = body.into_bytes();
    }
}

/// RFC 3842 §5.2.
fn summary_text(Summary { new, old }: Summary, account: &Uri) -> String {
    let waiting = if new > 0 { "yes" } else { "no" };
    format!("Messages-Waiting: {waiting}\r\nMessage-Account: {account}\r\nVoice-Message: {new}/{old} (0/0)\r\n")
}

/// RFC 4235 §4: everything, or what is new since the watcher was told.
fn dialog_info(lines: &[Line], account: &Uri, about: &About, settings: &Settings) -> String {
    let known = match about.known {
        Some(Facts::Dialogs(known)) => Some(known.as_slice()),
        _ => None,
    };
    let state = if known.is_some() { "partial" } else { "full" };
    let known = known.unwrap_or_default();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{}\" \
         state=\"{state}\" entity=\"{}\">\r\n",
        about.version,
        escaped(&account.to_string())
    );
    for line in lines.iter().filter(|line| !known.contains(line)) {
        let direction = if line.is_initiator { "initiator" } else { "recipient" };
        let remote_tag = line.remote_tag.as_ref().map(|tag| format!(" remote-tag=\"{}\"", escaped(tag))).unwrap_or_default();
        let _ = write!(
            xml,
            "<dialog id=\"{}\" call-id=\"{}\" local-tag=\"{}\"{remote_tag} direction=\"{direction}\">\r\n<state>{}</state>\r\n\
             <local><identity>{account}</identity></local>\r\n{}</dialog>\r\n",
            line.id,
            escaped(&line.call_id),
            escaped(&line.local_tag),
            line.state.name(),
            remote(&line.remote, settings),
            account = escaped(&account.to_string()),
        );
    }
    for gone in known.iter().filter(|known| lines.iter().all(|line| line.id != known.id)) {
        let _ = write!(xml, "<dialog id=\"{}\">\r\n<state>terminated</state>\r\n</dialog>\r\n", gone.id);
    }
    xml.push_str("</dialog-info>\r\n");
    xml
}

/// Colleagues are named to each other; of a customer only as much as tells two apart.
fn remote(written: &str, settings: &Settings) -> String {
    let Ok(party) = written.parse::<NameAddr>() else { return String::new() };
    let user = party.uri.user_unescaped().unwrap_or_default();
    let is_colleague = settings.accounts.contains_key(user.as_str());
    let (display, user) = if is_colleague { (party.display, user) } else { (None, Redacted(&user).to_string()) };
    if user.is_empty() {
        return String::new();
    }
    let display = display.map(|display| format!(" display=\"{}\"", escaped(&display))).unwrap_or_default();
    let uri = escaped(&Uri::sip(Some(&user), &settings.domain, None).to_string());
    format!("<remote><identity{display}>{uri}</identity></remote>\r\n")
}

/// RFC 3863, with RFC 4479 and RFC 4480 for what he is at.
fn pidf(presence: &Presence, account: &Uri, agent: &AgentId) -> String {
    let activity = match presence.activity {
        Activity::None => String::new(),
        Activity::OnThePhone => "<rpid:activities><rpid:on-the-phone/></rpid:activities>".to_owned(),
        Activity::Busy => "<rpid:activities><rpid:busy/></rpid:activities>".to_owned(),
        Activity::Away => "<rpid:activities><rpid:away/></rpid:activities>".to_owned(),
        Activity::Meeting => "<rpid:activities><rpid:meeting/></rpid:activities>".to_owned(),
        Activity::Meal => "<rpid:activities><rpid:meal/></rpid:activities>".to_owned(),
    };
    let basic = if presence.open { "open" } else { "closed" };
    let (entity, note) = (escaped(&account.to_string()), escaped(&presence.note));
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
         xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"{entity}\">\r\n\
         <tuple id=\"t{agent}\"><status><basic>{basic}</basic></status><contact>{entity}</contact><note>{note}</note></tuple>\r\n\
         <dm:person id=\"p{agent}\">{activity}<dm:note>{note}</dm:note></dm:person>\r\n</presence>\r\n"
    )
}

/// For XML, in text and attributes; characters that XML has not are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}')) {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_stays_text() {
        assert_eq!(escaped("a<b>&\"c'\u{1}\u{FFFF}张"), "a&lt;b&gt;&amp;&quot;c&apos;张");
        let settings = Settings {
            domain: "s".into(),
            accounts: [(AgentId::new("1001"), crate::sip::Account::default())].into(),
            ..Settings::default()
        };
        assert_eq!(
            remote("\"<Z>\" <sip:1001@s>;tag=1", &settings),
            "<remote><identity display=\"&lt;Z&gt;\">sip:1001@s</identity></remote>\r\n"
        );
        assert_eq!(remote("\"Li\" <sip:13812345678@c>", &settings), "<remote><identity>sip:138****5678@s</identity></remote>\r\n");
        assert_eq!(remote("rubbish <", &settings), "");
    }
}
