//! What a leg hears, decided from facts alone: `control` gives the order of precedence.

use super::parties::Parties;
use crate::base::Codec;

/// What a hearer is sent. Parties are named by their places in the session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hears {
    Nothing,
    /// Announcements in the place of everything else.
    Announcement,
    /// Announcements over the parties it hears.
    AnnouncementOver(Parties),
    Background,
    /// Parties decoded, added up and coded again; one, if its codec is another.
    Mixed(Parties),
    /// A side of the recording as it sounds: the parties on it, and what the switch says there.
    Copied(Parties),
    /// One party's packets as they come.
    Relayed(usize),
}

impl Hears {
    /// The parties that are heard.
    #[must_use]
    pub fn parties(self) -> Parties {
        match self {
            Self::AnnouncementOver(parties) | Self::Mixed(parties) | Self::Copied(parties) => parties,
            Self::Relayed(party) => Parties::of(party),
            Self::Nothing | Self::Announcement | Self::Background => Parties::NONE,
        }
    }

    /// The parties whose sound must be decoded for it.
    #[must_use]
    pub fn decoded(self) -> Parties {
        if self.is_relayed() { Parties::NONE } else { self.parties() }
    }

    #[must_use]
    pub fn is_relayed(self) -> bool {
        matches!(self, Self::Relayed(_))
    }

    /// The same after the leg at `place` left the session; nothing, if it was that leg's packets.
    #[must_use]
    pub fn close_up(self, place: usize) -> Self {
        match self {
            Self::AnnouncementOver(parties) => Self::AnnouncementOver(parties.close_up(place)),
            Self::Mixed(parties) => Self::Mixed(parties.close_up(place)),
            Self::Copied(parties) => Self::Copied(parties.close_up(place)),
            Self::Relayed(party) => Parties::of(party).close_up(place).only().map_or(Self::Nothing, Self::Relayed),
            Self::Nothing | Self::Announcement | Self::Background => self,
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

impl Facts {
    /// A party that is held, or has no stream yet, says nothing.
    #[must_use]
    pub fn may_speak(self) -> bool {
        self.receive && self.codec.is_some()
    }
}

/// What `hearer` hears of `parties`, all of whom may speak. `codec` is that of the party who is heard alone.
#[must_use]
pub fn hears(hearer: Facts, parties: Parties, codec: Option<Codec>) -> Hears {
    match (hearer.announcing, hearer.background, parties.only()) {
        (true, false, _) if hearer.send && !parties.is_empty() => Hears::AnnouncementOver(parties),
        // Announcements run out in their time even when nothing may be sent.
        (true, _, _) => Hears::Announcement,
        (false, true, _) => Hears::Background,
        (false, false, _) if parties.is_empty() || !hearer.send || hearer.codec.is_none() => Hears::Nothing,
        (false, false, Some(party)) if codec == hearer.codec => Hears::Relayed(party),
        (false, false, _) => Hears::Mixed(parties),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Facts = Facts { codec: Some(Codec::Pcma), send: true, receive: true, announcing: false, background: false };

    #[test]
    fn precedence_is_announcement_background_parties() {
        let announced = Facts { announcing: true, ..PLAIN };
        let music = Facts { background: true, ..PLAIN };
        let both = Facts { announcing: true, background: true, ..PLAIN };
        let deaf = Facts { send: false, ..PLAIN };
        let (pcma, opus) = (Some(Codec::Pcma), Some(Codec::Opus));
        let (nobody, one, two) = (Parties::NONE, Parties::of(1), Parties::from_iter([1, 3]));
        for (hearer, parties, codec, expected) in [
            (PLAIN, nobody, None, Hears::Nothing),
            (PLAIN, one, pcma, Hears::Relayed(1)),
            (PLAIN, one, opus, Hears::Mixed(one)),
            (PLAIN, two, None, Hears::Mixed(two)),
            (announced, one, pcma, Hears::AnnouncementOver(one)),
            (announced, two, None, Hears::AnnouncementOver(two)),
            (announced, nobody, None, Hears::Announcement),
            (music, two, None, Hears::Background),
            (both, one, pcma, Hears::Announcement),
            (deaf, one, pcma, Hears::Nothing),
            (deaf, two, None, Hears::Nothing),
            (Facts { announcing: true, ..deaf }, one, pcma, Hears::Announcement),
            (Facts { codec: None, ..PLAIN }, one, None, Hears::Nothing),
        ] {
            assert_eq!(hears(hearer, parties, codec), expected, "{hearer:?} {parties:?}");
        }
    }

    #[test]
    fn who_is_held_or_not_settled_says_nothing() {
        assert!(PLAIN.may_speak());
        assert!(!Facts { receive: false, ..PLAIN }.may_speak() && !Facts { codec: None, ..PLAIN }.may_speak());
    }

    #[test]
    fn places_move_up_when_a_leg_leaves() {
        let three = Parties::from_iter([0, 2, 3]);
        for (hears, after) in [
            (Hears::Relayed(2), Hears::Relayed(1)),
            (Hears::Relayed(0), Hears::Relayed(0)),
            (Hears::Relayed(1), Hears::Nothing),
            (Hears::Mixed(three), Hears::Mixed(Parties::from_iter([0, 1, 2]))),
            (Hears::Background, Hears::Background),
        ] {
            assert_eq!(hears.close_up(1), after, "{hears:?}");
        }
    }
}
