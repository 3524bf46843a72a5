//! Names of things, each with a type of its own.

use super::{Rng, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            #[must_use]
            pub fn new(text: &str) -> Self {
                Self(Arc::from(text))
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(
    /// An agent: his extension and SIP user name.
    AgentId
);
text_id!(
    /// Somebody who signs in to the pages.
    UserId
);
text_id!(
    /// A queue of the configuration.
    QueueId
);
text_id!(
    /// A trunk of the configuration.
    TrunkId
);
text_id!(
    /// A menu of the configuration.
    MenuId
);
text_id!(
    /// A message box of the configuration.
    BoxId
);
text_id!(
    /// A calendar of the configuration.
    CalendarId
);

text_id!(
    /// A piece of sound: a prompt of the configured language (`welcome`, `digits/7`) or `music/hold`.
    ClipId
);

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(self, f)
            }
        }
    };
}

number_id!(
    /// A leg: the switch's dialog, or dialog to be, with one phone or trunk. Numbered by whoever starts it, as HTTP/2 streams are: the
    /// SIP endpoint gives odd numbers to calls that come in, the switch even ones to calls that it sends out.
    LegId, "leg-"
);
number_id!(
    /// A media session: the legs of one call that hear each other.
    SessionId, "session-"
);

/// A call, as a ULID: 48 bits of milliseconds, 80 bits of chance; 26 letters of Crockford's base 32, in order of time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallId(u128);

const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

impl CallId {
    #[must_use]
    pub fn new(at: Timestamp, rng: &mut Rng) -> Self {
        let millis = u128::from(u64::try_from(at.0).unwrap_or(0) & 0xFFFF_FFFF_FFFF);
        let chance = (u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64())) & ((1 << 80) - 1);
        Self(millis << 80 | chance)
    }

    /// When the call was made, to the millisecond.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp(i64::try_from(self.0 >> 80).expect("48 bits of milliseconds"))
    }
}

impl From<CallId> for String {
    fn from(call: CallId) -> Self {
        call.to_string()
    }
}

impl TryFrom<String> for CallId {
    type Error = NotACallId;

    fn try_from(text: String) -> Result<Self, NotACallId> {
        text.parse()
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; 26];
        for (i, letter) in text.iter_mut().enumerate() {
            *letter = CROCKFORD[(self.0 >> (5 * (25 - i)) & 31) as usize];
        }
        f.pad(std::str::from_utf8(&text).expect("Crockford's letters are ASCII"))
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is no call's id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotACallId;

impl fmt::Display for NotACallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a call's id is 26 letters and digits, such as 01JD3KQ5ZV8N2M4X6Y7T9W0ABC")
    }
}

impl std::error::Error for NotACallId {}

impl FromStr for CallId {
    type Err = NotACallId;

    fn from_str(text: &str) -> Result<Self, NotACallId> {
        let digits = text.as_bytes();
        if digits.len() != 26 || digits[0] > b'7' {
            return Err(NotACallId);
        }
        let mut value = 0u128;
        for digit in digits {
            let upper = digit.to_ascii_uppercase();
            let bits = CROCKFORD.iter().position(|letter| *letter == upper).ok_or(NotACallId)?;
            value = value << 5 | bits as u128;
        }
        Ok(Self(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_id_reads_back_and_sorts_by_time() {
        let mut rng = Rng::new(3);
        let early = CallId::new(Timestamp(1_795_000_000_000), &mut rng);
        let late = CallId::new(Timestamp(1_795_000_000_001), &mut rng);
        assert!(early < late && early.to_string() < late.to_string());
        assert_eq!(late.to_string().parse(), Ok(late));
        assert_eq!(late.timestamp(), Timestamp(1_795_000_000_001));
        for wrong in ["", "../../etc/passwd", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "01JD3KQ5ZV8N2M4X6Y7T9W0ABU"] {
            assert_eq!(wrong.parse::<CallId>(), Err(NotACallId), "{wrong}");
        }
    }
}
