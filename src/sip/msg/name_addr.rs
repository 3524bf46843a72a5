//! `"Display" <uri>;param=value` of From, To, Contact, Route and their kin (RFC 3261 §20.10).

use super::Uri;
use std::fmt;
use std::str::FromStr;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NameAddr {
    /// Without quotes, escapes undone.
    pub display: Option<String>,
    pub uri: Uri,
    /// Header parameters (tag, q, expires, +sip.instance, lr is the URI's), in order; values as written.
    pub params: Vec<(String, Option<String>)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotANameAddr;

impl FromStr for NameAddr {
    type Err = NotANameAddr;
    fn from_str(_text: &str) -> Result<Self, NotANameAddr> {
        todo!()
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, _f: &mut fmt::Formatter<'_>) -> fmt::Result {
        todo!()
    }
}

impl NameAddr {
    #[must_use]
    pub fn new(display: Option<&str>, uri: Uri) -> Self {
        Self { display: display.map(str::to_owned), uri, params: Vec::new() }
    }

    /// Parameter by name, case ignored; `Some("")` for one without value.
    #[must_use]
    pub fn param(&self, _name: &str) -> Option<&str> {
        todo!()
    }

    pub fn set_param(&mut self, _name: &str, _value: Option<&str>) {
        todo!()
    }

    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.param("tag")
    }
}
