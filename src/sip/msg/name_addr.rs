//! `"Display" <uri>;param=value` of From, To, Contact, Route and their kin (RFC 3261 §20.10).

use super::syntax::{self, Params, is_token_byte, trim, trim_end, trim_start};
use super::{Uri, uri};
use std::fmt::{self, Write};
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

enum Display<'a> {
    None,
    /// Still escaped.
    Quoted(&'a str),
    Tokens(&'a str),
}

/// A name-addr or addr-spec in parts, borrowed; the parts not looked into.
struct Parts<'a> {
    display: Display<'a>,
    uri: &'a str,
    params: &'a str,
}

fn scan(text: &str) -> Option<Parts<'_>> {
    let text = trim(text);
    let (display, rest) = if text.starts_with('"') {
        let (inside, rest) = syntax::quoted(text)?;
        (Display::Quoted(inside), trim_start(rest))
    } else if let Some(bracket) = text.find('<') {
        let (display, rest) = text.split_at(bracket);
        let display = trim_end(display);
        // RFC 4475 §3.1.2.15: a comma wants quotes. Bytes of any tongue are taken without.
        let fine = display.bytes().all(|byte| is_token_byte(byte) || byte >= 0x80 || byte == b' ' || byte == b'\t');
        (if display.is_empty() { Display::None } else { fine.then_some(Display::Tokens(display))? }, rest)
    } else {
        // RFC 3261 §20: without brackets what follows a semicolon is the header's, and the URI has no comma, question mark or semicolon.
        let end = text.find([';', ' ', '\t']).unwrap_or(text.len());
        let (uri, params) = text.split_at(end);
        return (!uri.contains([',', '?'])).then_some(Parts { display: Display::None, uri, params });
    };
    let (uri, params) = rest.strip_prefix('<')?.split_once('>')?;
    Some(Parts { display, uri, params })
}

/// Whether `text` is a name-addr or addr-spec with its parameters, without making one.
pub(super) fn is_name_addr(text: &str) -> bool {
    scan(text).is_some_and(|parts| uri::is_uri(parts.uri) && Params(parts.params).all(|param| param.is_some()))
}

/// The tag of a name-addr or addr-spec, without making one; `Some("")` for one without value.
pub(super) fn tag_of(text: &str) -> Option<&str> {
    let tag = Params(scan(text)?.params).flatten().find(|(name, _)| name.eq_ignore_ascii_case("tag"));
    tag.map(|(_, value)| value.unwrap_or_default())
}

impl FromStr for NameAddr {
    type Err = NotANameAddr;
    fn from_str(text: &str) -> Result<Self, NotANameAddr> {
        let parts = scan(text).ok_or(NotANameAddr)?;
        let display = match parts.display {
            Display::None => None,
            Display::Quoted(inside) => Some(syntax::unescape(inside)),
            Display::Tokens(tokens) => Some(tokens.to_owned()),
        };
        let uri = parts.uri.parse().map_err(|_| NotANameAddr)?;
        let params = Params(parts.params).map(|param| param.map(syntax::owned)).collect::<Option<_>>().ok_or(NotANameAddr)?;
        Ok(Self { display, uri, params })
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            syntax::write_quoted(display, f)?;
            f.write_char(' ')?;
        }
        write!(f, "<{}>", self.uri)?;
        syntax::write_params(&self.params, f)
    }
}

impl NameAddr {
    #[must_use]
    pub fn new(display: Option<&str>, uri: Uri) -> Self {
        Self { display: display.map(str::to_owned), uri, params: Vec::new() }
    }

    /// Parameter by name, case ignored; `Some("")` for one without value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        syntax::find(&self.params, name)
    }

    pub fn set_param(&mut self, name: &str, value: Option<&str>) {
        syntax::set(&mut self.params, name, value);
    }

    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.param("tag")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_an_address() {
        for (text, display, uri, tag, written) in [
            ("sip:a@b", None, "sip:a@b", None, "<sip:a@b>"),
            ("sip:a@b ;  tag    = 19", None, "sip:a@b", Some("19"), "<sip:a@b>;tag=19"),
            ("caller<sip:a@b;x>;tag=323", Some("caller"), "sip:a@b;x", Some("323"), "\"caller\" <sip:a@b;x>;tag=323"),
            ("The Operator <sips:a@b>", Some("The Operator"), "sips:a@b", None, "\"The Operator\" <sips:a@b>"),
            ("三铃<sip:a@b>", Some("三铃"), "sip:a@b", None, "\"三铃\" <sip:a@b>"),
            (r#""A <x> \"B\"" <sip:a@b>;q=0.1"#, Some(r#"A <x> "B""#), "sip:a@b", None, r#""A <x> \"B\"" <sip:a@b>;q=0.1"#),
            (r#""" <sip:a,b?x=y@b>"#, Some(""), "sip:a,b?x=y@b", None, r#""" <sip:a,b?x=y@b>"#),
            ("<tel:+1-201;ext=2>", None, "tel:+1-201;ext=2", None, "<tel:+1-201;ext=2>"),
            ("tel:110;tag=z", None, "tel:110", Some("z"), "<tel:110>;tag=z"),
        ] {
            let address: NameAddr = text.parse().expect(text);
            assert_eq!((address.display.as_deref(), &*address.uri.to_string(), address.tag()), (display, uri, tag), "{text}");
            assert_eq!(address.to_string(), written);
            assert!(is_name_addr(text));
            assert_eq!(tag_of(text), tag);
        }
        for broken in [
            "",
            "*",
            "<>",
            "<sip:a@b",
            "sip:a@b>",
            "Bell, A <sip:a@b>",
            "\"J <sip:a@b>",
            "< sip:a@b>",
            "<sip:a@b >",
            "\"a\" sip:a@b",
            "<sip:a@b>;",
            "<sip:a@b>;;q=1",
            "<sip:a@b> x",
            "sip:a@b?Route=%3Csip:c%3E",
            "sip:a,b@c",
        ] {
            assert_eq!(broken.parse::<NameAddr>(), Err(NotANameAddr), "{broken}");
            assert!(!is_name_addr(broken), "{broken}");
        }
    }
}
