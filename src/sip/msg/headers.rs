//! Header fields in their order, by name, whatever case or compact form they came in. rsip's container inside.
//!
//! Values are text. A byte that is no UTF-8 (0x80 to 0xFF) stands as the private character U+10FF00 + byte and is written back as that
//! byte, so that what came in GBK goes out in GBK. No value holds a line's end, so that none can smuggle in a field.

use super::names::{header, long, name_and_value};
use super::syntax::{List, trim};
use super::{NameAddr, Via};

/// A value that is there but cannot be read; the header's name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed(pub &'static str);

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Headers {
    inner: rsip::Headers,
}

impl Headers {
    /// Empty, with room for what a message usually has.
    pub(super) fn roomy() -> Self {
        Self { inner: Vec::with_capacity(24).into() }
    }

    /// First field of that name (case and compact forms are one), trimmed and unfolded.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let name = long(name);
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Every field of that name in order, one item a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let name = long(name);
        self.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Every value of a comma-separated header (Via, Contact, Route, Record-Route, Path, Require, Supported, Allow, …) over all its fields, split at
    /// commas outside quotes and angle brackets; empty ones left out.
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name).flat_map(List)
    }

    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.inner.push(field(name, value.into()));
    }

    /// Takes a field off the wire, which the lexer has trimmed and which holds no line's end.
    pub(super) fn take(&mut self, name: &str, value: String) {
        self.inner.push(header(long(name), value));
    }

    /// Takes a field of another message, as it stands.
    pub(super) fn copy(&mut self, field: &rsip::Header) {
        self.inner.push(field.clone());
    }

    /// Replaces the first value of that name (Via) by another; those that follow it stay as they were written.
    pub fn set_first(&mut self, name: &str, value: &str) {
        let name = long(name);
        let mut fields = Vec::from(std::mem::take(&mut self.inner));
        let holds = |field: &rsip::Header| {
            let (known, values) = name_and_value(field);
            known.eq_ignore_ascii_case(name) && List(values).next().is_some()
        };
        if let Some(place) = fields.iter().position(holds) {
            let mut values = List(name_and_value(&fields[place]).1);
            values.next();
            let rest = trim(values.0);
            let all = if rest.is_empty() { value.to_owned() } else { format!("{value}, {rest}") };
            fields[place] = field(name, all);
        }
        self.inner = fields.into();
    }

    /// Puts a field before all others of its name (Via, Record-Route).
    pub fn push_front(&mut self, name: &str, value: impl Into<String>) {
        let field = field(name, value.into());
        let place = self.iter().position(|(known, _)| known.eq_ignore_ascii_case(long(name))).unwrap_or(0);
        let mut fields = Vec::from(std::mem::take(&mut self.inner));
        fields.insert(place, field);
        self.inner = fields.into();
    }

    /// Replaces all fields of that name by one, which stands where the first of them stood.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let mut field = Some(field(name, value.into()));
        let name = long(name);
        let mut fields = Vec::from(std::mem::take(&mut self.inner));
        fields.retain_mut(|old| {
            let same = name_and_value(old).0.eq_ignore_ascii_case(name);
            match field.take_if(|_| same) {
                Some(new) => *old = new,
                None => return !same,
            }
            true
        });
        fields.extend(field);
        self.inner = fields.into();
    }

    /// Leaves only the fields of these long names, in no more room than they need.
    pub(super) fn shrink_to(&mut self, names: &[&str]) {
        let mut fields = Vec::from(std::mem::take(&mut self.inner));
        if fields.len() < fields.capacity() || fields.iter().any(|field| !names.contains(&name_and_value(field).0)) {
            fields.retain(|field| names.contains(&name_and_value(field).0));
            fields.shrink_to_fit();
        }
        self.inner = fields.into();
    }

    pub fn remove(&mut self, name: &str) {
        let name = long(name);
        self.inner.retain(|field| !name_and_value(field).0.eq_ignore_ascii_case(name));
    }

    /// Fields in order, with canonical names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.inner.iter().map(name_and_value)
    }

    /// The same fields as rsip's own types.
    pub fn typed(&self) -> impl Iterator<Item = &rsip::Header> {
        self.inner.iter()
    }

    /// A number: Expires, Max-Forwards, Min-Expires, RSeq, Min-SE, …; `None` when absent. What follows it (`;refresher=uac`, a comment) is
    /// left out. Larger than `u32::MAX` is `u32::MAX`.
    ///
    /// # Errors
    /// When the value does not begin with a number.
    pub fn number(&self, name: &'static str) -> Result<Option<u32>, Malformed> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let end = value.find([';', ' ', '\t', '(']).unwrap_or(value.len());
        number(&value[..end]).map(Some).ok_or(Malformed(name))
    }

    /// All Via values, topmost first.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn vias(&self) -> Result<Vec<Via>, Malformed> {
        self.list("Via").map(|value| value.parse().map_err(|_| Malformed("Via"))).collect()
    }

    /// All values of a name-addr list: Contact (not `*`), Route, Record-Route, Path.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn name_addrs(&self, name: &'static str) -> Result<Vec<NameAddr>, Malformed> {
        self.list(name).map(|value| value.parse().map_err(|_| Malformed(name))).collect()
    }

    /// Whether a comma-separated token list (Require, Supported, Allow) has `token`, case ignored.
    #[must_use]
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.list(name).any(|value| value.eq_ignore_ascii_case(token))
    }
}

/// A decimal number, at most `u32::MAX`.
pub(super) fn number(digits: &str) -> Option<u32> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().unwrap_or(u32::MAX))
}

/// A field of ours: what would end its line becomes a space.
fn field(name: &str, mut value: String) -> rsip::Header {
    if value.contains(['\r', '\n']) {
        value = value.replace(['\r', '\n'], " ");
    }
    let trimmed = trim(&value);
    if trimmed.len() < value.len() {
        value = trimmed.to_owned();
    }
    header(long(name), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in fields {
            headers.push(name, *value);
        }
        headers
    }

    #[test]
    fn case_and_compact_forms_are_one() {
        let headers = headers(&[("v", "SIP/2.0/UDP a"), ("VIA", "SIP/2.0/UDP b, SIP/2.0/UDP c"), ("k", "timer, 100rel"), ("x", "90")]);
        assert_eq!(headers.get("Via"), Some("SIP/2.0/UDP a"));
        assert_eq!(headers.all("V").count(), 2);
        assert_eq!(headers.list("via").count(), 3);
        assert_eq!(headers.vias().map(|vias| vias.len()), Ok(3));
        assert!(headers.has_token("Supported", "100REL") && !headers.has_token("Supported", "100"));
        assert_eq!(headers.get("session-expires"), Some("90"));
        assert!(matches!(headers.typed().next(), Some(rsip::Header::Via(_))));
    }

    #[test]
    fn fields_are_put_replaced_and_removed_in_their_places() {
        let mut headers = headers(&[("From", "f"), ("Via", "1"), ("Via", "2"), ("To", "t")]);
        headers.push_front("v", "0");
        headers.push_front("Record-Route", "r");
        headers.set("from", "g");
        headers.set("Server", "s");
        let names = |headers: &Headers| headers.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ");
        assert_eq!(names(&headers), "Record-Route=r From=g Via=0 Via=1 Via=2 To=t Server=s");
        headers.set("Via", "9");
        headers.remove("f");
        assert_eq!(names(&headers), "Record-Route=r Via=9 To=t Server=s");
    }

    #[test]
    fn the_first_value_is_replaced_and_the_others_stay() {
        let mut headers = headers(&[("From", "f"), ("Via", " , "), ("Via", "1 , 2,3"), ("Via", "4")]);
        headers.set_first("v", "9;x");
        assert_eq!(headers.all("Via").collect::<Vec<_>>(), [",", "9;x, 2,3", "4"]);
        headers.set_first("To", "t");
        assert_eq!(headers.get("To"), None);
    }

    #[test]
    fn numbers_stop_before_their_parameters() {
        let headers = headers(&[
            ("Expires", "0060"),
            ("x", "1800;refresher=uac"),
            ("Retry-After", "5 (soon)"),
            ("Min-SE", "x"),
            ("RSeq", "99999999999"),
        ]);
        assert_eq!(headers.number("Expires"), Ok(Some(60)));
        assert_eq!(headers.number("Session-Expires"), Ok(Some(1800)));
        assert_eq!(headers.number("Retry-After"), Ok(Some(5)));
        assert_eq!(headers.number("Min-SE"), Err(Malformed("Min-SE")));
        assert_eq!(headers.number("RSeq"), Ok(Some(u32::MAX)));
        assert_eq!(headers.number("Min-Expires"), Ok(None));
    }

    #[test]
    fn no_value_can_smuggle_in_a_field() {
        assert_eq!(headers(&[("Subject", "a\r\nVia: b\r\n")]).get("Subject"), Some("a  Via: b"));
    }
}
