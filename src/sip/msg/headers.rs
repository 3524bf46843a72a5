//! Header fields in their order, by name, whatever case or compact form they came in. rsip's container inside.
//!
//! Values are text. A byte that is no UTF-8 (0x80 to 0xFF) stands as the private character U+10FF00 + byte and is written back as that
//! byte, so that what came in GBK goes out in GBK.

use super::{NameAddr, Via};

/// A value that is there but cannot be read; the header's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed(pub &'static str);

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Headers {
    // rsip::Headers inside; canonical long names.
    inner: rsip::Headers,
}

impl Headers {
    /// First field of that name (case and compact forms are one), trimmed and unfolded.
    #[must_use]
    pub fn get(&self, _name: &str) -> Option<&str> {
        todo!()
    }

    /// Every field of that name in order, one item a field.
    pub fn all<'a>(&'a self, _name: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::empty()
    }

    /// Every value of a comma-separated header (Via, Contact, Route, Record-Route, Path, Require, Supported, Allow, …) over all its fields, split at
    /// commas outside quotes and angle brackets.
    pub fn list<'a>(&'a self, _name: &'a str) -> impl Iterator<Item = &'a str> {
        std::iter::empty()
    }

    pub fn push(&mut self, _name: &str, _value: impl Into<String>) {
        todo!()
    }

    /// Puts a field before all others of its name (Via, Record-Route).
    pub fn push_front(&mut self, _name: &str, _value: impl Into<String>) {
        todo!()
    }

    /// Replaces all fields of that name by one.
    pub fn set(&mut self, _name: &str, _value: impl Into<String>) {
        todo!()
    }

    pub fn remove(&mut self, _name: &str) {
        todo!()
    }

    /// Fields in order, with canonical names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        std::iter::empty()
    }

    /// A number: Expires, Max-Forwards, Min-Expires, RSeq, Min-SE, …; `None` when absent.
    pub fn number(&self, _name: &'static str) -> Result<Option<u32>, Malformed> {
        todo!()
    }

    /// All Via values, topmost first.
    pub fn vias(&self) -> Result<Vec<Via>, Malformed> {
        todo!()
    }

    /// All values of a name-addr list: Contact (not `*`), Route, Record-Route, Path.
    pub fn name_addrs(&self, _name: &'static str) -> Result<Vec<NameAddr>, Malformed> {
        todo!()
    }

    /// Whether a comma-separated token list (Require, Supported, Allow) has `token`, case ignored.
    #[must_use]
    pub fn has_token(&self, _name: &str, _token: &str) -> bool {
        todo!()
    }
}
