//! URIs: sip, sips, tel and any other scheme, kept as they came and readable by part.

use super::{syntax, text};
use crate::base::limits::SIP_PARAMS_MAX;
use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Scheme {
    Sip,
    Sips,
    Tel,
    Other(String),
}

impl Scheme {
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sip => "sip",
            Self::Sips => "sips",
            Self::Tel => "tel",
            Self::Other(name) => name,
        }
    }
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

/// What follows the scheme of a sip or sips URI, in parts, borrowed.
struct SipParts<'a> {
    user: Option<&'a str>,
    host: &'a str,
    port: Option<u16>,
    /// Without its first semicolon.
    params: Option<&'a str>,
    headers: Option<&'a str>,
}

/// Splits off the scheme. `None` where a character stands that no URI has: blanks, controls, brackets, quotes (RFC 4475 §3.1.2.7, §3.1.2.14).
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let fine = !rest.is_empty() && !rest.bytes().any(|byte| byte <= b' ' || matches!(byte, b'<' | b'>' | b'"' | 0x7F));
    (named && fine).then_some((scheme, rest))
}

fn is_sip(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips")
}

fn sip_parts(text: &str) -> Option<SipParts<'_>> {
    // The user part may hold all of `;?:/`, so that it ends at the at sign alone (RFC 4475 §3.1.1.9).
    let (user, rest) = match text.split_once('@') {
        Some((user, rest)) => (Some(user).filter(|user| !user.is_empty()).map(Some)?, rest),
        None => (None, text),
    };
    let (host, rest) = syntax::host(rest)?;
    let (port, rest) = match rest.strip_prefix(':') {
        Some(port) => syntax::port(port).map(|(port, rest)| (Some(port), rest))?,
        None => (None, rest),
    };
    let (rest, headers) = rest.split_once('?').map_or((rest, None), |(rest, headers)| (rest, Some(headers)));
    let params = if rest.is_empty() { None } else { Some(rest.strip_prefix(';')?) };
    let named = |(place, param): (usize, &str)| place < SIP_PARAMS_MAX && !param.is_empty() && !param.starts_with('=');
    params.is_none_or(|params| params.split(';').enumerate().all(named)).then_some(SipParts { user, host, port, params, headers })
}

/// `name[=value]` pairs between semicolons.
fn params(text: &str) -> impl Iterator<Item = syntax::Param<'_>> {
    text.split(';').map(|param| param.split_once('=').map_or((param, None), |(name, value)| (name, Some(value))))
}

/// Whether `text` is a URI, without making one.
pub(super) fn is_uri(text: &str) -> bool {
    scheme(text).is_some_and(|(scheme, rest)| !is_sip(scheme) || sip_parts(rest).is_some())
}

impl FromStr for Uri {
    type Err = NotAUri;
    fn from_str(text: &str) -> Result<Self, NotAUri> {
        let (name, rest) = scheme(text).ok_or(NotAUri)?;
        if !is_sip(name) {
            let scheme = if name.eq_ignore_ascii_case("tel") { Scheme::Tel } else { Scheme::Other(name.to_owned()) };
            let (user, host, port, params, headers) = (None, String::new(), None, Vec::new(), None);
            return Ok(Self { scheme, user, host, port, params, headers, opaque: rest.to_owned() });
        }
        let parts = sip_parts(rest).ok_or(NotAUri)?;
        Ok(Self {
            scheme: if name.len() == 3 { Scheme::Sip } else { Scheme::Sips },
            user: parts.user.map(str::to_owned),
            host: parts.host.to_owned(),
            port: parts.port,
            params: parts.params.map(|text| params(text).map(syntax::owned).collect()).unwrap_or_default(),
            headers: parts.headers.map(str::to_owned),
            opaque: String::new(),
        })
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scheme.as_str())?;
        f.write_str(":")?;
        if let Some(user) = &self.user {
            f.write_str(user)?;
            f.write_str("@")?;
        }
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        syntax::write_params(&self.params, f)?;
        if let Some(headers) = &self.headers {
            f.write_str("?")?;
            f.write_str(headers)?;
        }
        f.write_str(&self.opaque)
    }
}

impl Uri {
    /// `sip:user@host[:port]`; `user` is escaped where RFC 3261 §25.1 asks for it, an IPv6 address gets its brackets.
    #[must_use]
    pub fn sip(user: Option<&str>, host: &str, port: Option<u16>) -> Self {
        let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
        let user = user.filter(|user| !user.is_empty()).map(escape_user);
        Self { scheme: Scheme::Sip, user, host, port, params: Vec::new(), headers: None, opaque: String::new() }
    }

    /// Fit for a request line: what RFC 3261 §19.1.1 forbids there, and in a dialog's Contact, is left out.
    #[must_use]
    pub fn into_request_uri(mut self) -> Self {
        self.headers = None;
        self.params.retain(|(name, _)| !name.eq_ignore_ascii_case("method"));
        self
    }

    /// User part without password, `%XX` undone. Of a tel URI: its number without parameters.
    #[must_use]
    pub fn user_unescaped(&self) -> Option<String> {
        let user = match self.scheme {
            Scheme::Tel => self.opaque.split(';').next()?,
            _ => self.user.as_deref()?.split(':').next()?,
        };
        Some(text::read(&unescape(user)).into_owned())
    }

    /// Parameter by name, case ignored; `Some("")` for one without value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        syntax::find(&self.params, name)
    }

    /// The header fields that a request made of this URI is to have (RFC 3261 §19.1.1), `%XX` undone, in order; the first so many of them.
    pub fn header_fields(&self) -> impl Iterator<Item = (String, String)> {
        let fields = self.headers.iter().flat_map(|headers| headers.split('&')).take(SIP_PARAMS_MAX);
        let plain = |escaped: &str| text::read(&unescape(escaped)).into_owned();
        fields.map(move |field| field.split_once('=').map_or((plain(field), String::new()), |(name, value)| (plain(name), plain(value))))
    }

    /// `host[:port]` as an address, when the host is one.
    #[must_use]
    pub fn socket_addr(&self, default_port: u16) -> Option<SocketAddr> {
        let host = self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&self.host);
        // RFC 5118 §4.10: RFC 3261's grammar had a third colon before an embedded IPv4 address.
        let address: IpAddr =
            host.parse().or_else(|_| host.replacen(":::", if host.contains('.') { "::" } else { ":::" }, 1).parse()).ok()?;
        Some(SocketAddr::new(address, self.port.unwrap_or(default_port)))
    }

    /// Equality of RFC 3261 §19.1.4. Other schemes: the same letters, visual separators of tel left out (RFC 3966 §5).
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        match (&self.scheme, &other.scheme) {
            (Scheme::Sip, Scheme::Sip) | (Scheme::Sips, Scheme::Sips) => self.same_sip(other),
            (Scheme::Tel, Scheme::Tel) => {
                let bare = |uri: &Self| uri.opaque.replace(['-', '.', '(', ')'], "").to_ascii_lowercase();
                bare(self) == bare(other)
            }
            (Scheme::Other(a), Scheme::Other(b)) => a.eq_ignore_ascii_case(b) && self.opaque == other.opaque,
            _ => false,
        }
    }

    fn same_sip(&self, other: &Self) -> bool {
        // "A URI omitting any component with a default value will not match a URI explicitly containing that component with its default."
        let same_user = self.user.as_deref().map(normal) == other.user.as_deref().map(normal);
        same_user
            && self.host.eq_ignore_ascii_case(&other.host)
            && self.port == other.port
            && self.params_agree_with(other)
            && other.params_agree_with(self)
            && self.sorted_headers() == other.sorted_headers()
    }

    /// A parameter in both must be the same; user, ttl, method, maddr and transport in one alone never match.
    fn params_agree_with(&self, other: &Self) -> bool {
        const TELLING: [&str; 5] = ["transport", "maddr", "user", "ttl", "method"];
        self.params.iter().all(|(name, value)| match other.param(name) {
            Some(theirs) => normal(value.as_deref().unwrap_or_default()).eq_ignore_ascii_case(&normal(theirs)),
            None => !TELLING.iter().any(|telling| telling.eq_ignore_ascii_case(name)),
        })
    }

    fn sorted_headers(&self) -> Vec<Cow<'_, str>> {
        let mut headers: Vec<_> = self.headers.iter().flat_map(|headers| headers.split('&').map(normal)).collect();
        headers.sort_unstable();
        headers
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte)
}

/// Escapes what RFC 3261 §25.1 does not allow in a user part.
fn escape_user(user: &str) -> String {
    let mut escaped = String::with_capacity(user.len());
    for &byte in text::bytes(user).iter() {
        if is_unreserved(byte) || b"&=+$,;?/".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            push_escape(byte, &mut escaped);
        }
    }
    escaped
}

fn push_escape(byte: u8, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.extend(['%', char::from(HEX[usize::from(byte >> 4)]), char::from(HEX[usize::from(byte & 15)])]);
}

/// Undoes `%XX`; a percent sign that begins none stays.
fn unescape(escaped: &str) -> Vec<u8> {
    let bytes = text::bytes(escaped);
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = &bytes[..];
    while let Some((&byte, after)) = rest.split_first() {
        match escape_at(rest) {
            Some(escaped) => {
                plain.push(escaped);
                rest = &rest[3..];
            }
            None => {
                plain.push(byte);
                rest = after;
            }
        }
    }
    plain
}

/// The byte that an escape at the start of `bytes` stands for.
fn escape_at(bytes: &[u8]) -> Option<u8> {
    let &[b'%', high, low, ..] = bytes else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

/// For comparison: escapes of unreserved characters undone, others in capitals.
fn normal(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut normal = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match escape_at(rest.as_bytes()) {
            Some(byte) if is_unreserved(byte) => normal.push(char::from(byte)),
            Some(byte) => push_escape(byte, &mut normal),
            None => {
                normal.push(c);
                rest = &rest[c.len_utf8()..];
                continue;
            }
        }
        rest = &rest[3..];
    }
    Cow::Owned(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().expect(text)
    }

    #[test]
    fn uris_are_written_as_they_came() {
        for text in [
            "sip:h",
            "sip:john.doe@h",
            "sips:a:secret@h:5061;transport=tcp;lr?Subject=a%20b&Replaces=x",
            "sip:user;par=u%40example.net@example.com",
            "sip:1_unusual.URI~(to-be!sure)&isn't+it$,/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
            "sip:a@[2001:db8::1]:5060",
            "sip:*11#@h",
            "tel:+86-10-95000;phone-context=cn",
            "soap.beep://192.0.2.103:3002",
            "sip:a@h;x=;y",
        ] {
            assert_eq!(uri(text).to_string(), text);
            assert!(is_uri(text));
        }
        for broken in [
            "",
            "sip",
            "sip:",
            ":h",
            "1ip:h",
            "sip:@h",
            "sip:a@",
            "sip:a@h:",
            "sip:a@h:x",
            "sip:a@h:70000",
            "sip:a@h;",
            "sip:a@h;;lr",
            "sip:a@h;=x",
            "sip:a b@h",
            "sip:a@h; lr",
            "<sip:a@h>",
            "sip:a@2001:db8::10",
            "sip:a@[::1",
            "sip:a\"@h",
            "sip:a@b@c",
            "sip:a@h/x",
        ] {
            assert_eq!(broken.parse::<Uri>(), Err(NotAUri), "{broken}");
            assert!(!is_uri(broken), "{broken}");
        }
    }

    #[test]
    fn parameters_are_bounded() {
        let with = |count| format!("sip:h{}", ";p".repeat(count));
        assert!(is_uri(&with(SIP_PARAMS_MAX)) && !is_uri(&with(SIP_PARAMS_MAX + 1)));
    }

    #[test]
    fn parts_can_be_read() {
        let address = uri("sip:a%20%40b:secret@[::1];transport=TCP;lr");
        assert_eq!(address.user_unescaped().as_deref(), Some("a @b"));
        assert_eq!((address.param("Transport"), address.param("LR"), address.param("x")), (Some("TCP"), Some(""), None));
        assert_eq!(address.socket_addr(5060), Some("[::1]:5060".parse().expect("an address")));
        assert_eq!(uri("sip:127.0.0.1:99").socket_addr(5060), Some("127.0.0.1:99".parse().expect("an address")));
        assert_eq!(uri("sip:a@h").socket_addr(5060), None);
        let third_colon = uri("sip:a@[2001:db8:::192.0.2.1]").socket_addr(5060);
        assert_eq!(third_colon, Some("[2001:db8::192.0.2.1]:5060".parse().expect("an address")));
        assert_eq!(uri("sip:a@[2001:db8:::1]").socket_addr(5060), None);
        assert_eq!(uri("tel:+1-201;x=y").user_unescaped().as_deref(), Some("+1-201"));
        assert_eq!(uri("sip:%C8%FD%@h").user_unescaped().as_deref(), Some("\u{10FFC8}\u{10FFFD}%"));
    }

    #[test]
    fn headers_can_be_read() {
        let fields = |text: &str| uri(text).header_fields().collect::<Vec<_>>();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            fields("sip:h?Replaces=c%40h%3Bto-tag%3D1%3Bfrom-tag%3d2&Require=replaces&x&=&%00=%zz"),
            [pair("Replaces", "c@h;to-tag=1;from-tag=2"), pair("Require", "replaces"), pair("x", ""), pair("", ""), pair("\0", "%zz")]
        );
        assert_eq!(fields("sip:h"), []);
        assert_eq!(fields(&format!("sip:h?{}", "a=b&".repeat(1_000))).len(), SIP_PARAMS_MAX);
    }

    #[test]
    fn a_made_uri_is_one() {
        for (user, host, port, text) in [
            (Some("1001"), "h", None, "sip:1001@h"),
            (Some("a b@\"<三>"), "::1", Some(5070), "sip:a%20b%40%22%3C%E4%B8%89%3E@[::1]:5070"),
            (Some("\u{10FFC8}#"), "[::1]", None, "sip:%C8%23@[::1]"),
            (Some(""), "h", None, "sip:h"),
            (None, "h", Some(1), "sip:h:1"),
        ] {
            let made = Uri::sip(user, host, port);
            assert_eq!(made.to_string(), text);
            assert_eq!(uri(text), made);
        }
    }

    /// RFC 3261 §19.1.4, its own examples.
    #[test]
    fn equality_is_the_rfcs() {
        for (a, b, same) in [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on", true),
            ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
                true,
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
                true,
            ),
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false),
            ("sip:bob@biloxi.com;transport=udp", "sip:bob@biloxi.com:6000;transport=tcp", false),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false),
            ("sip:a@h", "sips:a@h", false),
            ("sip:a%2fb@h", "sip:a%2Fb@h", true),
            ("sip:a%2Fb@h", "sip:a/b@h", false),
            ("tel:+1-201-555", "tel:+1201555", true),
            ("urn:a", "URN:a", true),
            ("urn:a", "urn:A", false),
        ] {
            assert_eq!(uri(a).same_as(&uri(b)), same, "{a} and {b}");
            assert_eq!(uri(b).same_as(&uri(a)), same, "{b} and {a}");
        }
    }
}
