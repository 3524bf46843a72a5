//! One Via value (RFC 3261 §20.42, RFC 3581).

use super::syntax::{self, BLANK, Params, is_token, trim, trim_start};
use std::fmt::{self, Write};
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

/// A Via in parts, borrowed: for looking at what stands in a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ViaRef<'a> {
    /// UDP, TCP, TLS, … as written.
    pub transport: &'a str,
    pub host: &'a str,
    pub port: Option<u16>,
    /// As written, with the first semicolon.
    params: &'a str,
}

/// Reads `SIP / 2.0 / UDP host : port`, whitespace as RFC 4475 §3.1.1.1 has it; what follows are parameters. The version may be any: a
/// message of another one is answered too (505).
fn scan(text: &str) -> Option<ViaRef<'_>> {
    let (name, rest) = text.split_once('/')?;
    let (version, rest) = rest.split_once('/')?;
    let rest = trim_start(rest);
    let (transport, rest) = rest.split_at(rest.find(BLANK)?);
    let known = trim(name).eq_ignore_ascii_case("SIP") && is_token(trim(version)) && is_token(transport);
    let (host, rest) = syntax::host(trim_start(rest)).filter(|_| known)?;
    let rest = trim_start(rest);
    let (port, params) = match rest.strip_prefix(':') {
        Some(port) => syntax::port(trim_start(port)).map(|(port, rest)| (Some(port), rest))?,
        None => (None, rest),
    };
    let params = trim_start(params);
    (params.is_empty() || params.starts_with(';')).then_some(ViaRef { transport, host, port, params })
}

/// Parameters of a Via; empty ones between semicolons are passed over, as a sender's Via that can be understood is to be answered.
fn params(text: &str) -> impl Iterator<Item = Option<syntax::Param<'_>>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let Some(after) = rest.strip_prefix(';')
            && (after.is_empty() || trim_start(after).starts_with(';'))
        {
            rest = trim_start(after);
        }
        let mut one = Params(rest);
        let param = one.next();
        rest = one.0;
        param
    })
}

/// Whether `text` is a Via, without making one.
pub(super) fn is_via(text: &str) -> bool {
    scan(text).is_some_and(|parts| params(parts.params).all(|param| param.is_some()))
}

/// The branch of a Via, without making one.
pub(super) fn branch_of(text: &str) -> Option<&str> {
    scan(text)?.branch()
}

impl<'a> ViaRef<'a> {
    /// Of a Via that was proven to be one; else parameters from the first broken one on are left out.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        scan(trim(text))
    }

    /// Parameter by name, case ignored; `Some("")` for one without value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'a str> {
        params(self.params)
            .map_while(|param| param)
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.unwrap_or_default())
    }

    #[must_use]
    pub fn branch(&self) -> Option<&'a str> {
        self.param("branch")
    }

    #[must_use]
    pub fn to_via(&self) -> Via {
        let params = params(self.params).map_while(|param| param).map(syntax::owned).collect();
        Via { transport: self.transport.to_owned(), host: self.host.to_owned(), port: self.port, params }
    }
}

impl FromStr for Via {
    type Err = NotAVia;
    fn from_str(text: &str) -> Result<Self, NotAVia> {
        let parts = scan(trim(text)).ok_or(NotAVia)?;
        let params = params(parts.params).map(|param| param.map(syntax::owned)).collect::<Option<_>>().ok_or(NotAVia)?;
        Ok(Self { transport: parts.transport.to_owned(), host: parts.host.to_owned(), port: parts.port, params })
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SIP/2.0/")?;
        f.write_str(&self.transport)?;
        f.write_char(' ')?;
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        syntax::write_params(&self.params, f)
    }
}

impl Via {
    /// Parameter by name, case ignored; `Some("")` for one without value.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&str> {
        syntax::find(&self.params, name)
    }

    /// Sets a parameter where it stands (`rport`), or appends it (`received`).
    pub fn set_param(&mut self, name: &str, value: Option<&str>) {
        syntax::set(&mut self.params, name, value);
    }

    #[must_use]
    pub fn branch(&self) -> Option<&str> {
        self.param("branch")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vias_as_they_come() {
        for (text, written) in [
            ("SIP/2.0/UDP a.example.com", "SIP/2.0/UDP a.example.com"),
            (
                "SIP  / 2.0  / TCP     spindle.example.com   ;  branch  =   z9hG4bK9ikj8",
                "SIP/2.0/TCP spindle.example.com;branch=z9hG4bK9ikj8",
            ),
            (
                "sip/2.0/TLS [2001:db8::9:1] : 5061;rport;received=[2001:db8::9:255]",
                "SIP/2.0/TLS [2001:db8::9:1]:5061;rport;received=[2001:db8::9:255]",
            ),
            ("SIP/2.0/UDP h;received=2001:db8::9:255;branch=z", "SIP/2.0/UDP h;received=2001:db8::9:255;branch=z"),
            ("SIP/2.0/UDP 192.0.2.15;;branch=z;", "SIP/2.0/UDP 192.0.2.15;branch=z"),
        ] {
            let via: Via = text.parse().expect(text);
            assert_eq!(via.to_string(), written);
            assert!(is_via(text));
            assert_eq!(branch_of(text), via.branch());
            let read = ViaRef::read(text).expect(text);
            assert_eq!((read.to_via(), read.param("RECEIVED")), (via.clone(), via.param("received")));
        }
        for broken in [
            "",
            ";",
            "SIP/2.0/UDP",
            "SIP/2.0/UDP ",
            "SIP/2.0 UDP h",
            "HTTP/2.0/UDP h",
            "SIP/2.0/UDP h:x",
            "SIP/2.0/UDP h x",
            "SIP/2.0/U@P h",
            "SIP/2.0/UDP h;a=\"b",
        ] {
            assert_eq!(broken.parse::<Via>(), Err(NotAVia), "{broken}");
            assert!(!is_via(broken), "{broken}");
        }
    }

    #[test]
    fn rport_is_filled_where_it_stands() {
        let mut via: Via = "SIP/2.0/UDP h;rport;branch=z".parse().expect("a Via");
        assert_eq!(via.param("RPORT"), Some(""));
        via.set_param("rport", Some("5062"));
        via.set_param("received", Some("192.0.2.1"));
        assert_eq!(via.to_string(), "SIP/2.0/UDP h;rport=5062;branch=z;received=192.0.2.1");
    }
}
