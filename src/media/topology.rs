//! What a leg hears, decided from facts alone: `control` gives the order of precedence.

use crate::base::Codec;

/// What a hearer is sent. A number is the party's place in its session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hears {
    Nothing,
    /// Announcements in the place of everything else.
    Announcement,
    /// Announcements over the other party.
    AnnouncementOver(usize),
    Background,
    /// The other party, decoded and coded again.
    Decoded(usize),
    /// The other party's packets as they come.
    Relayed(usize),
}

impl Hears {
    /// The party that is heard.
    #[must_use]
    pub fn party(self) -> Option<usize> {
        match self {
            Self::AnnouncementOver(party) | Self::Decoded(party) | Self::Relayed(party) => Some(party),
            Self::Nothing | Self::Announcement | Self::Background => None,
        }
    }
}

/// What is known of a leg that hears or is heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// `None` before its stream is configured.
    pub codec: Option<Codec>,
    /// Its direction lets us send to it, and take from it.
    pub send: bool,
    pub receive: bool,
    pub announcing: bool,
    pub background: bool,
}

/// What `hearer` hears when it is bridged with `party`.
#[must_use]
pub fn hears(hearer: Facts, party: Option<(usize, Facts)>) -> Hears {
    // A party that is held, or has no stream yet, says nothing.
    let party = party.filter(|(_, facts)| facts.receive && facts.codec.is_some());
    match (hearer.announcing, hearer.background, party) {
        (true, false, Some((index, _))) if hearer.send => Hears::AnnouncementOver(index),
        // Announcements run out in their time even when nothing may be sent.
        (true, _, _) => Hears::Announcement,
        (false, true, _) => Hears::Background,
        (false, false, Some((index, facts))) if hearer.send && hearer.codec.is_some() => {
            if hearer.codec == facts.codec {
                Hears::Relayed(index)
            } else {
                Hears::Decoded(index)
            }
        }
        (false, false, _) => Hears::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precedence_is_announcement_background_party() {
        let plain = Facts { codec: Some(Codec::Pcma), send: true, receive: true, announcing: false, background: false };
        let opus = Facts { codec: Some(Codec::Opus), ..plain };
        let held = Facts { receive: false, ..plain };
        let announced = Facts { announcing: true, ..plain };
        let music = Facts { background: true, ..plain };
        let both = Facts { announcing: true, background: true, ..plain };
        let deaf = Facts { send: false, ..plain };
        for (hearer, party, expected) in [
            (plain, None, Hears::Nothing),
            (plain, Some(plain), Hears::Relayed(1)),
            (plain, Some(opus), Hears::Decoded(1)),
            (plain, Some(held), Hears::Nothing),
            (announced, Some(plain), Hears::AnnouncementOver(1)),
            (announced, Some(held), Hears::Announcement),
            (announced, None, Hears::Announcement),
            (music, Some(plain), Hears::Background),
            (both, Some(plain), Hears::Announcement),
            (deaf, Some(plain), Hears::Nothing),
            (Facts { announcing: true, ..deaf }, Some(plain), Hears::Announcement),
            (plain, Some(Facts { codec: None, ..plain }), Hears::Nothing),
        ] {
            assert_eq!(hears(hearer, party.map(|facts| (1, facts))), expected, "{hearer:?} {party:?}");
        }
    }
}
