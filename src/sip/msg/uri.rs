//! URIs: sip, sips, tel and any other scheme, kept as they came and readable by part.

use std::fmt;
use std::str::FromStr;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Scheme {
    Sip,
    Sips,
    Tel,
    Other(String),
}

/// A URI. For sip and sips all parts are read; for others `opaque` holds what follows the colon. Display writes it back byte-faithfully
/// (escapes kept as they came).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Uri {
    pub scheme: Scheme,
    /// As written, escapes kept; with its password (`user:password`) when it had one.
    pub user: Option<String>,
    /// Lower-cased for comparison by `same_as`, kept here as written; IPv6 in its brackets.
    pub host: String,
    pub port: Option<u16>,
    /// `;name=value`, in order, escapes kept.
    pub params: Vec<(String, Option<String>)>,
    /// What follows `?`, as written.
    pub headers: Option<String>,
    /// For schemes other than sip and sips.
    pub opaque: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAUri;

impl FromStr for Uri {
    type Err = NotAUri;
    fn from_str(_text: &str) -> Result<Self, NotAUri> {
        todo!()
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl Uri {
    /// `sip:user@host[:port]`; `user` is escaped where RFC 3261 §25.1 asks for it.
    #[must_use]
    pub fn sip(_user: Option<&str>, _host: &str, _port: Option<u16>) -> Self {
        todo!()
    }

    /// User part without password, `%XX` undone.
    #[must_use]
    pub fn user_unescaped(&self) -> Option<String> {
        todo!()
    }

    /// Parameter by name, case ignored; `Some("")` for one without value.
    #[must_use]
    pub fn param(&self, _name: &str) -> Option<&str> {
        todo!()
    }

    /// `host[:port]` as an address, when the host is one.
    #[must_use]
    pub fn socket_addr(&self, _default_port: u16) -> Option<std::net::SocketAddr> {
        todo!()
    }

    /// Equality of RFC 3261 §19.1.4.
    #[must_use]
    pub fn same_as(&self, _other: &Self) -> bool {
        todo!()
    }
}
