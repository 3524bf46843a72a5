//! One Via value (RFC 3261 §20.42, RFC 3581).

use std::fmt;
use std::str::FromStr;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Via {
    /// UDP, TCP, TLS, … as written.
    pub transport: String,
    pub host: String,
    pub port: Option<u16>,
    /// branch, received, rport, maddr, ttl, …, in order.
    pub params: Vec<(String, Option<String>)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAVia;

impl FromStr for Via {
    type Err = NotAVia;
    fn from_str(_text: &str) -> Result<Self, NotAVia> {
        todo!()
    }
}

impl fmt::Display for Via {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl Via {
    #[must_use]
    pub fn param(&self, _name: &str) -> Option<&str> {
        todo!()
    }

    pub fn set_param(&mut self, _name: &str, _value: Option<&str>) {
        todo!()
    }

    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        self.param("branch")
    }
}
