//! What one round of offer and answer fixes for the next: the order of the media lines and the meaning of payload types.
//! (RFC 3264 §8: lines are never removed or reordered; §8.3.2: a payload type never changes its codec within a session.)

use super::description::{Format, Kind, Line};
use crate::base::Codec;
use serde::{Deserialize, Serialize};

/// Carried from one round to the next by the caller, who need not look inside.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Layout {
    pub(super) lines: Vec<LayoutLine>,
    pub(super) types: PayloadTypes,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum LayoutLine {
    /// The one audio stream, with its transport: RTP/AVP, RTP/AVPF, or either with an S.
    Ours { proto: String },
    /// Refused: repeated with port 0.
    Refused { media: String, proto: String, formats: String },
}

impl Default for Layout {
    fn default() -> Self {
        Self { lines: vec![LayoutLine::Ours { proto: "RTP/AVP".to_owned() }], types: PayloadTypes::default() }
    }
}

impl Layout {
    /// The layout that an offer with `lines` dictates, of which `chosen` is taken.
    pub(super) fn dictated(lines: &[Line], chosen: usize, ours_before: PayloadTypes, formats: &[Format]) -> Self {
        let lines = lines.iter().enumerate().map(|(index, line)| {
            if index == chosen {
                LayoutLine::Ours { proto: line.proto.clone() }
            } else {
                LayoutLine::Refused { media: line.media.clone(), proto: line.proto.clone(), formats: line.formats.clone() }
            }
        });
        Self { lines: lines.collect(), types: ours_before.learned(formats) }
    }

    /// That of an offer of which nothing is taken.
    pub(super) fn refused(lines: &[Line], types: PayloadTypes) -> Self {
        Self::dictated(lines, usize::MAX, types, &[])
    }

    /// The same with the audio stream over another transport: the peer has answered by it.
    pub(super) fn over(mut self, transport: &str) -> Self {
        for line in &mut self.lines {
            if let LayoutLine::Ours { proto } = line {
                transport.clone_into(proto);
            }
        }
        self
    }

    /// That of the audio stream.
    pub(super) fn transport(&self) -> &str {
        self.lines
            .iter()
            .find_map(|line| if let LayoutLine::Ours { proto } = line { Some(proto.as_str()) } else { None })
            .unwrap_or_default()
    }

    /// Which media line is the audio stream.
    pub(super) fn ours(&self) -> usize {
        self.lines.iter().position(|line| matches!(line, LayoutLine::Ours { .. })).unwrap_or(0)
    }
}

/// The dynamic payload types of our own offers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct PayloadTypes {
    opus: u8,
    event_8k: u8,
    event_48k: u8,
}

impl Default for PayloadTypes {
    fn default() -> Self {
        Self { opus: 111, event_8k: 101, event_48k: 110 }
    }
}

impl PayloadTypes {
    pub(super) fn of_codec(self, codec: Codec) -> u8 {
        codec.static_payload_type().unwrap_or(self.opus)
    }

    pub(super) fn of_event(self, clock_rate: u32) -> u8 {
        if clock_rate == 48_000 { self.event_48k } else { self.event_8k }
    }

    /// Takes over the peer's numbers, and moves ours away from numbers that the peer gave another meaning.
    fn learned(mut self, offered: &[Format]) -> Self {
        let theirs = |kind: Kind| offered.iter().find(|format| format.kind == kind).map(|format| format.payload_type);
        let kinds = [Kind::Voice(Codec::Opus), Kind::Event(8_000), Kind::Event(48_000)];
        let mut taken: Vec<u8> = offered.iter().map(|format| format.payload_type).collect();
        for (ours, kind) in [&mut self.opus, &mut self.event_8k, &mut self.event_48k].into_iter().zip(kinds) {
            *ours = match theirs(kind) {
                Some(number) => number,
                None if !taken.contains(ours) => *ours,
                // Thirty-two dynamic types, each offered: then ours cannot be offered without harm, and no peer does that.
                None => (96..=127).find(|number| !taken.contains(number)).unwrap_or(*ours),
            };
            taken.push(*ours);
        }
        self
    }
}
