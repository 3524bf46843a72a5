//! The Replaces header (RFC 3891 §6.1): which dialog a new call is to take the place of. Reads it; whose dialog that is, and whether it may
//! be replaced, is the endpoint's to find out.

use super::msg::Headers;
use crate::base::LegId;
use crate::base::limits::SIP_PARAMS_MAX;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::str::FromStr;

/// A dialog, as seen by whom it is sent to: `to_tag` is his own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Replaces {
    pub call_id: String,
    pub to_tag: String,
    from_tag: String,
    /// Only while it is not answered.
    pub early_only: bool,
}

/// It names no dialog, or there are two of them (RFC 3891 §3: 400).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct NoDialog;

impl Replaces {
    /// The one Replaces of a request; `None` when it has none.
    pub fn of(headers: &Headers) -> Result<Option<Self>, NoDialog> {
        let mut all = headers.list("Replaces");
        match (all.next(), all.next()) {
            (None, _) if headers.get("Replaces").is_some() => Err(NoDialog),
            (None, _) => Ok(None),
            // RFC 3911 §4: who joins a dialog does not replace one.
            (Some(_), None) if headers.get("Join").is_some() => Err(NoDialog),
            (Some(value), None) => value.parse().map(Some),
            (Some(_), Some(_)) => Err(NoDialog),
        }
    }

    /// Whether it means a peer of this tag. "0" is one that has none (RFC 3891 §3).
    pub fn is_with(&self, remote_tag: &str) -> bool {
        self.from_tag == remote_tag || (self.from_tag == "0" && remote_tag.is_empty())
    }
}

/// The tag by which colleagues, whose lamps are told of a leg, name it when they pick it up. The true one stays with the leg's own peer: who
/// knows it could end or turn a colleague's call as if he were him. This one is no tag of any dialog, does not lead back to the true one,
/// and is the same after a restart.
pub(super) fn tag_for_colleagues(leg: LegId, local_tag: &str) -> String {
    let digest = Sha256::new().chain_update("for colleagues\0").chain_update(local_tag).finalize();
    let mut tag = format!("{}.", leg.0);
    for byte in &digest[..8] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag
}

/// Which leg such a tag would be of; whether it is its, is to be compared.
pub(super) fn leg_for_colleagues(tag: &str) -> Option<LegId> {
    tag.split_once('.')?.0.parse().ok().map(LegId)
}

impl FromStr for Replaces {
    type Err = NoDialog;
    fn from_str(text: &str) -> Result<Self, NoDialog> {
        let mut parts = text.split(';').map(str::trim);
        let call_id = parts.next().filter(|call_id| is_word(call_id)).ok_or(NoDialog)?;
        let (mut to_tag, mut from_tag, mut early_only) = (None, None, false);
        for (place, part) in parts.enumerate() {
            let (name, value) = part.split_once('=').map_or((part, ""), |(name, value)| (name.trim(), value.trim()));
            if place >= SIP_PARAMS_MAX || !is_word(name) {
                return Err(NoDialog);
            }
            let tag = match name.to_ascii_lowercase().as_str() {
                "to-tag" => &mut to_tag,
                "from-tag" => &mut from_tag,
                "early-only" => {
                    early_only = true;
                    continue;
                }
                _ => continue,
            };
            if !is_word(value) || tag.replace(value.to_owned()).is_some() {
                return Err(NoDialog);
            }
        }
        let (Some(to_tag), Some(from_tag)) = (to_tag, from_tag) else { return Err(NoDialog) };
        Ok(Self { call_id: call_id.to_owned(), to_tag, from_tag, early_only })
    }
}

/// Something, without blanks and controls.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte > b' ' && byte != 0x7F)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialog_is_named_by_call_id_and_both_tags() {
        let read = |text: &str| text.parse::<Replaces>().map(|read| (read.call_id, read.to_tag, read.from_tag, read.early_only));
        let right = |early_only| Ok(("98732@sip.example.com".to_owned(), "r33th4x0r".to_owned(), "ff87ff".to_owned(), early_only));
        assert_eq!(read("98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff").map(|read| read.1), Ok("ff87ff".into()));
        for (text, early_only) in [
            ("98732@sip.example.com;to-tag=r33th4x0r;from-tag=ff87ff", false),
            ("98732@sip.example.com ; From-Tag = ff87ff ;TO-TAG=r33th4x0r; early-only", true),
            ("98732@sip.example.com;x;to-tag=r33th4x0r;y=z;from-tag=ff87ff;early-only=", true),
        ] {
            assert_eq!(read(text), right(early_only), "{text}");
        }
        let long = format!("c;to-tag=1;from-tag=2{}", ";x=y".repeat(SIP_PARAMS_MAX));
        for text in [
            "",
            ";to-tag=1;from-tag=2",
            "c",
            "c;to-tag=1",
            "c;from-tag=2",
            "c;to-tag=1;from-tag=",
            "c;to-tag;from-tag=2",
            "c;to-tag=1;to-tag=1;from-tag=2",
            "c d;to-tag=1;from-tag=2",
            "c;to-tag=1 2;from-tag=2",
            "c;to-tag=1;;from-tag=2",
            "c\r\nVia: x;to-tag=1;from-tag=2",
            &long,
        ] {
            assert_eq!(read(text), Err(NoDialog), "{text}");
        }
    }

    #[test]
    fn one_is_enough() {
        let of = |lines: &[(&str, &str)]| {
            let mut headers = Headers::default();
            lines.iter().for_each(|(name, value)| headers.push(name, *value));
            Replaces::of(&headers).map(|found| found.map(|found| found.call_id))
        };
        assert_eq!(of(&[("To", "t")]), Ok(None));
        assert_eq!(of(&[("Replaces", "c;to-tag=1;from-tag=2")]), Ok(Some("c".into())));
        assert_eq!(of(&[("Replaces", "")]), Err(NoDialog));
        assert_eq!(of(&[("Replaces", "c;to-tag=1;from-tag=2, d;to-tag=1;from-tag=2")]), Err(NoDialog));
        assert_eq!(of(&[("Replaces", "c;to-tag=1;from-tag=2"), ("replaces", "c;to-tag=1;from-tag=2")]), Err(NoDialog));
        assert_eq!(of(&[("Replaces", "c;to-tag=1;from-tag=2"), ("Join", "c;to-tag=1;from-tag=2")]), Err(NoDialog));
    }

    #[test]
    fn a_peer_of_rfc_2543_has_the_tag_0() {
        let replaces: Replaces = "c;to-tag=1;from-tag=0".parse().expect("a dialog");
        assert!(replaces.is_with("") && replaces.is_with("0") && !replaces.is_with("1"));
        let replaces: Replaces = "c;to-tag=1;from-tag=a".parse().expect("a dialog");
        assert!(replaces.is_with("a") && !replaces.is_with("A") && !replaces.is_with(""));
    }
}
