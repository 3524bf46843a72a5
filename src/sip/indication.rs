//! Whether a call is recorded, as phones are told that understand it (RFC 7866 §6.3, §7.1.2): a line of each description of ours, and a new
//! description when it changes. What is recorded is not known here.

use super::msg::Headers;
use super::order::Room;
use super::session::{Phase, Session};
use serde::{Deserialize, Serialize};

/// The option tag of a phone that understands it.
const OPTION: &str = "record-aware";

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Indication {
    On,
    Paused,
    Off,
}

impl Indication {
    const fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Paused => "paused",
            Self::Off => "off",
        }
    }
}

/// What the peer of a session is told of its recording.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Awareness {
    is_aware: bool,
    told: Option<Indication>,
    /// Descriptions that were sent for its sake alone; each counts in `o=` (RFC 3264 §8).
    more: u64,
    /// Another is to be sent.
    pub owes: bool,
}

impl Awareness {
    pub fn of(headers: &Headers) -> Self {
        Self { is_aware: headers.has_token("Supported", OPTION), ..Self::default() }
    }

    /// A description as it goes out.
    pub fn put(&self, sdp: &[u8]) -> Vec<u8> {
        let (Some(told), Ok(text)) = (self.told.filter(|_| self.is_aware), std::str::from_utf8(sdp)) else { return sdp.to_vec() };
        let mut out = String::with_capacity(sdp.len() + 20);
        let mut is_said = false;
        for line in text.split_inclusive('\n') {
            if line.starts_with("m=") && !is_said {
                is_said = true;
                out.push_str(&format!("a=record:{}\r\n", told.word()));
            }
            match line.strip_prefix("o=").and_then(|origin| self.counted(origin)) {
                Some(origin) => out.push_str(&origin),
                None => out.push_str(line),
            }
        }
        out.into_bytes()
    }

    fn counted(&self, origin: &str) -> Option<String> {
        let mut words: Vec<&str> = origin.split(' ').collect();
        let version = (words.get(2)?.parse::<u64>().ok()? + self.more).to_string();
        words[2] = &version;
        Some(format!("o={}", words.join(" ")))
    }
}

impl Session {
    /// `Command::Indicate`.
    pub fn indicate(&mut self, indication: Indication, room: &mut Room) {
        let awareness = &mut self.awareness;
        // Who was told nothing yet knows of no recording.
        let is_new = awareness.told != Some(indication) && (awareness.told.is_some() || indication != Indication::Off);
        if !awareness.is_aware || !is_new {
            return;
        }
        awareness.told = Some(indication);
        if matches!(self.phase, Phase::Unacked { .. } | Phase::Up) && self.sent.is_some() {
            awareness.more += 1;
            awareness.owes = true;
            self.next_offer(room);
        }
    }
}

/// Whether the peer would be recorded (RFC 7866 §6.3, `a=recordpref`): `on`, `off`, `pause`, `nopreference`.
#[must_use]
pub fn preference(sdp: &[u8]) -> Option<&'static str> {
    let text = std::str::from_utf8(sdp).ok()?;
    let said = text.lines().find_map(|line| line.strip_prefix("a=recordpref:"))?.trim();
    ["on", "off", "pause", "nopreference"].into_iter().find(|word| said.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SDP: &str = "v=0\r\no=- 7 3 IN IP4 h\r\ns=-\r\nt=0 0\r\nm=audio 4 RTP/AVP 8\r\na=sendrecv\r\nm=video 0 RTP/AVP 96\r\n";

    #[test]
    fn it_stands_before_the_first_stream_and_counts_in_the_version() {
        let mut awareness = Awareness { is_aware: true, ..Awareness::default() };
        assert_eq!(awareness.put(SDP.as_bytes()), SDP.as_bytes());
        (awareness.told, awareness.more) = (Some(Indication::Paused), 2);
        let expected = SDP.replace("7 3 IN", "7 5 IN").replacen("m=", "a=record:paused\r\nm=", 1);
        assert_eq!(String::from_utf8(awareness.put(SDP.as_bytes())).as_deref(), Ok(expected.as_str()));
        awareness.is_aware = false;
        assert_eq!(awareness.put(SDP.as_bytes()), SDP.as_bytes());
    }

    #[test]
    fn a_preference_is_one_of_four_words() {
        for (line, expected) in [
            ("a=recordpref:off", Some("off")),
            ("a=recordpref: PAUSE ", Some("pause")),
            ("a=recordpref:never", None),
            ("a=record:on", None),
        ] {
            assert_eq!(preference(format!("{SDP}{line}\r\n").as_bytes()), expected, "{line}");
        }
        assert_eq!(preference(b"\xFF"), None);
    }
}
