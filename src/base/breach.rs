//! The names of the rules of service that a call may have broken, and sets of them as bits: what is kept beside each call, so that calls can
//! be looked for by it. Which ones a call broke is found by the quality room.

use serde::{Deserialize, Serialize};

/// A rule of service that was broken. Its number is the bit under which it is kept: it never changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Breach {
    /// A phone rang for him to the limit, or was answered on a later ring.
    ThreeRings = 0,
    /// On hold he heard no word for longer than the patience.
    Patience = 1,
    /// A hold took longer than he was told.
    Promise = 2,
    /// He was put on hold, and it was not said why.
    HoldWithoutReason = 3,
    GreetingLate = 4,
    GreetingMissing = 5,
    /// The agent or the switch went before the customer, and no script of service was at its end.
    HungUpFirst = 6,
    /// He left while he waited for an agent.
    Abandoned = 7,
    /// The silent-call script released him.
    SilentRelease = 8,
    /// An agent talked while he was on hold, and nobody heard it.
    OpenMicrophone = 9,
}

impl Breach {
    /// All, in the order of their bits.
    pub const ALL: [Self; 10] = [
        Self::ThreeRings,
        Self::Patience,
        Self::Promise,
        Self::HoldWithoutReason,
        Self::GreetingLate,
        Self::GreetingMissing,
        Self::HungUpFirst,
        Self::Abandoned,
        Self::SilentRelease,
        Self::OpenMicrophone,
    ];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ThreeRings => "three-rings",
            Self::Patience => "patience",
            Self::Promise => "promise",
            Self::HoldWithoutReason => "hold-without-reason",
            Self::GreetingLate => "greeting-late",
            Self::GreetingMissing => "greeting-missing",
            Self::HungUpFirst => "hung-up-first",
            Self::Abandoned => "abandoned",
            Self::SilentRelease => "silent-release",
            Self::OpenMicrophone => "open-microphone",
        }
    }

    /// The rule of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|breach| breach.name() == name)
    }

    #[must_use]
    pub const fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// A set of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Breaches(u16);

impl Breaches {
    pub const NONE: Self = Self(0);

    /// Of the bits as they are kept; those of a later version are left out.
    #[must_use]
    pub fn from_bits(bits: u16) -> Self {
        Breach::ALL.into_iter().filter(|breach| bits & breach.bit() != 0).collect()
    }

    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub const fn contains(self, breach: Breach) -> bool {
        self.0 & breach.bit() != 0
    }

    pub fn insert(&mut self, breach: Breach) {
        self.0 |= breach.bit();
    }

    /// In the order of their bits.
    pub fn iter(self) -> impl Iterator<Item = Breach> {
        Breach::ALL.into_iter().filter(move |breach| self.contains(*breach))
    }

    /// Their names, in the order of their bits.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.iter().map(Breach::name)
    }
}

impl FromIterator<Breach> for Breaches {
    fn from_iter<I: IntoIterator<Item = Breach>>(breaches: I) -> Self {
        Self(breaches.into_iter().fold(0, |bits, breach| bits | breach.bit()))
    }
}

impl std::fmt::Debug for Breaches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_and_names_lead_back() {
        for (bit, breach) in Breach::ALL.into_iter().enumerate() {
            assert_eq!((breach.bit(), Breach::named(breach.name())), (1 << bit, Some(breach)));
        }
        let set: Breaches = [Breach::Promise, Breach::OpenMicrophone].into_iter().collect();
        assert_eq!(Breaches::from_bits(set.bits()), set);
        assert_eq!(set.names().collect::<Vec<_>>(), ["promise", "open-microphone"]);
        assert_eq!((Breaches::from_bits(1 << 15), Breach::named("no-rule")), (Breaches::NONE, None));
    }
}
