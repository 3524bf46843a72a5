//! A set of a session's legs, named by their places in it: a word of bits, so that who hears whom is asked and compared at no cost.

use crate::base::limits::SESSION_LEGS_MAX;
use std::fmt;

const _: () = assert!(SESSION_LEGS_MAX <= u64::BITS as usize, "a word names every leg of a session");

#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Parties(u64);

impl Parties {
    pub const NONE: Self = Self(0);

    #[must_use]
    pub fn of(place: usize) -> Self {
        Self(1 << place)
    }

    #[must_use]
    pub fn contains(self, place: usize) -> bool {
        self.0 >> place & 1 == 1
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub fn count(self) -> usize {
        self.0.count_ones() as usize
    }

    /// The one that is there alone.
    #[must_use]
    pub fn only(self) -> Option<usize> {
        self.0.is_power_of_two().then(|| self.0.trailing_zeros() as usize)
    }

    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Those who are in both.
    #[must_use]
    pub fn among(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The leg at `place` left the session: it is in no set any more, and those behind it moved up.
    #[must_use]
    pub fn close_up(self, place: usize) -> Self {
        let before = (1 << place) - 1;
        Self(self.0 & before | self.0 >> 1 & !before)
    }

    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let place = (rest != 0).then(|| rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(place)
        })
    }
}

impl FromIterator<usize> for Parties {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> Self {
        places.into_iter().fold(Self::NONE, |set, place| set.with(Self::of(place)))
    }
}

impl fmt::Debug for Parties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(places: &[usize]) -> Parties {
        places.iter().copied().collect()
    }

    #[test]
    fn sets_are_made_compared_and_walked_in_order() {
        let some = set(&[63, 0, 5]);
        assert_eq!(some.iter().collect::<Vec<_>>(), [0, 5, 63]);
        assert_eq!((some.count(), some.only(), some.contains(5), some.contains(6)), (3, None, true, false));
        assert_eq!(some.without(set(&[0, 63])).only(), Some(5));
        assert_eq!(some.among(set(&[5, 6])), Parties::of(5));
        assert!(Parties::NONE.is_empty() && Parties::NONE.only().is_none());
    }

    #[test]
    fn who_stood_behind_one_that_left_moves_up() {
        for (before, left, after) in [
            (&[0, 3, 5][..], 3, &[0, 4][..]),
            (&[0, 3, 5], 1, &[0, 2, 4]),
            (&[0, 63], 0, &[62]),
            (&[0, 63], 63, &[0]),
            (&[1, 2], 6, &[1, 2]),
        ] {
            assert_eq!(set(before).close_up(left), set(after), "{before:?} without {left}");
        }
    }
}
