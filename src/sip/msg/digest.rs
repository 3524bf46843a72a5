//! Digest access authentication (RFC 7616, RFC 8760, RFC 2617 for older phones): arithmetic and header syntax, no state.

use super::syntax::{self, BLANK, trim};
use super::text;
use crate::base::limits::SIP_PARAMS_MAX;
use md5::Digest;
use subtle::ConstantTimeEq;

/// Hash of a challenge; SHA-256 is offered first, MD5 for older phones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Algorithm {
    Sha256,
    Md5,
}

impl Algorithm {
    /// As it stands in headers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "SHA-256",
            Self::Md5 => "MD5",
        }
    }

    /// RFC 7616 §3.3: MD5 when it is not said. The session forms (`MD5-sess`) are never offered.
    fn named(name: Option<&str>) -> Option<Self> {
        match name {
            None => Some(Self::Md5),
            Some(name) if name.eq_ignore_ascii_case("MD5") => Some(Self::Md5),
            Some(name) if name.eq_ignore_ascii_case("SHA-256") => Some(Self::Sha256),
            Some(_) => None,
        }
    }

    /// Lower-case hex of the hash of the parts, colons between them.
    fn hash(self, parts: &[&str]) -> String {
        fn over<D: Digest>(parts: &[&str]) -> String {
            let mut hasher = D::new();
            for (place, part) in parts.iter().enumerate() {
                if place > 0 {
                    hasher.update(b":");
                }
                hasher.update(text::bytes(part));
            }
            hex(&hasher.finalize())
        }
        match self {
            Self::Sha256 => over::<sha2::Sha256>(parts),
            Self::Md5 => over::<md5::Md5>(parts),
        }
    }
}

/// Lower-case hex digits of these bytes.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| b"0123456789abcdef"[usize::from(digit)];
    let digits = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    String::from_utf8(digits).expect("hex digits are ASCII")
}

/// A challenge, as it stands in WWW-Authenticate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Challenge {
    pub realm: String,
    pub nonce: String,
    pub algorithm: Algorithm,
    pub stale: bool,
}

/// What a phone answered in Authorization.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Credentials {
    pub username: String,
    pub realm: String,
    pub nonce: String,
    /// As written by the phone: it goes into the hash as it stands.
    pub uri: String,
    /// Lower-case hex.
    pub response: String,
    pub algorithm: Algorithm,
    pub cnonce: Option<String>,
    /// `auth` or none.
    pub qop: Option<String>,
    /// Nonce count; any 8 hex digits.
    pub nc: Option<u32>,
    pub opaque: Option<String>,
}

impl Challenge {
    /// The header's value, with `qop="auth"`.
    #[must_use]
    pub fn to_header(&self) -> String {
        let mut header = String::from("Digest realm=");
        push_quoted(&self.realm, &mut header);
        header.push_str(", nonce=");
        push_quoted(&self.nonce, &mut header);
        header.push_str(", algorithm=");
        header.push_str(self.algorithm.as_str());
        header.push_str(", qop=\"auth\"");
        if self.stale {
            header.push_str(", stale=true");
        }
        header
    }

    /// Reads a WWW-Authenticate or Proxy-Authenticate value; `None` when it is no digest we know (for calls out and test phones).
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        let fields = Fields::read(value)?;
        if fields.raw("qop").is_some_and(|offered| !offered.split(',').any(is_auth)) {
            return None;
        }
        Some(Self {
            realm: fields.text("realm")?,
            nonce: fields.raw("nonce")?.to_owned(),
            algorithm: Algorithm::named(fields.raw("algorithm"))?,
            stale: fields.raw("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }
}

fn is_auth(qop: &str) -> bool {
    trim(qop).eq_ignore_ascii_case("auth")
}

impl Credentials {
    /// Reads an Authorization value; `None` when it is malformed or of an algorithm or qop that was not offered.
    #[must_use]
    pub fn from_header(value: &str) -> Option<Self> {
        let fields = Fields::read(value)?;
        let owned = |name| fields.raw(name).map(str::to_owned);
        let credentials = Self {
            username: fields.text("username")?,
            realm: fields.text("realm")?,
            nonce: owned("nonce")?,
            uri: owned("uri")?,
            response: fields.raw("response")?.to_ascii_lowercase(),
            algorithm: Algorithm::named(fields.raw("algorithm"))?,
            cnonce: owned("cnonce"),
            qop: owned("qop"),
            nc: match fields.raw("nc") {
                None => None,
                Some(digits) => Some(nonce_count(digits)?),
            },
            opaque: owned("opaque"),
        };
        // RFC 7616 §3.4: with qop there must be both of these.
        let whole = match &credentials.qop {
            None => true,
            Some(qop) => is_auth(qop) && credentials.cnonce.is_some() && credentials.nc.is_some(),
        };
        whole.then_some(credentials)
    }

    #[must_use]
    pub fn to_header(&self) -> String {
        let mut header = String::from("Digest username=");
        push_quoted(&self.username, &mut header);
        header.push_str(", realm=");
        push_quoted(&self.realm, &mut header);
        // These were kept as written, or are ours and need no escapes.
        for (name, value) in [("nonce", &self.nonce), ("uri", &self.uri), ("response", &self.response)] {
            header.extend([", ", name, "=\"", value, "\""]);
        }
        header.extend([", algorithm=", self.algorithm.as_str()]);
        if let Some(cnonce) = &self.cnonce {
            header.extend([", cnonce=\"", cnonce, "\""]);
        }
        if let Some(qop) = &self.qop {
            header.extend([", qop=", qop]);
        }
        if let Some(nc) = self.nc {
            header.push_str(&format!(", nc={nc:08x}"));
        }
        if let Some(opaque) = &self.opaque {
            header.extend([", opaque=\"", opaque, "\""]);
        }
        header
    }

    /// Whether the response is right for `ha1` (lower-case hex) and `method`; constant time in the comparison.
    #[must_use]
    pub fn proves(&self, ha1: &str, method: &str) -> bool {
        let ha2 = self.algorithm.hash(&[method, &self.uri]);
        let is = |expected: &str| bool::from(expected.as_bytes().ct_eq(self.response.as_bytes()));
        match (&self.qop, self.nc) {
            (Some(qop), Some(nc)) => {
                let cnonce = self.cnonce.as_deref().unwrap_or_default();
                let with = |nc: &str| is(&self.algorithm.hash(&[ha1, &self.nonce, nc, cnonce, qop, &ha2]));
                // The count goes into the hash as written; some phones write it in capitals.
                let (small, capital) = (format!("{nc:08x}"), format!("{nc:08X}"));
                with(&small) || (small != capital && with(&capital))
            }
            // RFC 2617 §3.2.2.1: the form of RFC 2069, without qop.
            _ => is(&self.algorithm.hash(&[ha1, &self.nonce, &ha2])),
        }
    }

    /// The answer of a client to `challenge` (qop auth).
    #[must_use]
    pub fn answer(challenge: &Challenge, username: &str, ha1: &str, method: &str, uri: &str, cnonce: &str, nc: u32) -> Self {
        let Challenge { realm, nonce, algorithm, .. } = challenge;
        let ha2 = algorithm.hash(&[method, uri]);
        Self {
            username: username.to_owned(),
            realm: realm.clone(),
            nonce: nonce.clone(),
            uri: uri.to_owned(),
            response: algorithm.hash(&[ha1, nonce, &format!("{nc:08x}"), cnonce, "auth", &ha2]),
            algorithm: *algorithm,
            cnonce: Some(cnonce.to_owned()),
            qop: Some("auth".to_owned()),
            nc: Some(nc),
            opaque: None,
        }
    }

    /// The same to a server of RFC 2069, which offers no qop.
    #[must_use]
    pub fn answer_of_rfc_2069(challenge: &Challenge, username: &str, ha1: &str, method: &str, uri: &str) -> Self {
        let response = challenge.algorithm.hash(&[ha1, &challenge.nonce, &challenge.algorithm.hash(&[method, uri])]);
        Self { response, cnonce: None, qop: None, nc: None, ..Self::answer(challenge, username, ha1, method, uri, "", 1) }
    }
}

/// H(user:realm:password), lower-case hex.
#[must_use]
pub fn ha1(algorithm: Algorithm, user: &str, realm: &str, password: &str) -> String {
    algorithm.hash(&[user, realm, password])
}

fn nonce_count(digits: &str) -> Option<u32> {
    let eight = digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    u32::from_str_radix(digits, 16).ok().filter(|_| eight)
}

fn push_quoted(plain: &str, out: &mut String) {
    syntax::write_quoted(plain, out).expect("a String takes all");
}

/// `Digest name=value, name="value", …`: the values without their quotes, still escaped.
pub(super) struct Fields<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Fields<'a> {
    /// `None` for another scheme, a field without value, one given twice, or too many.
    pub(super) fn read(value: &'a str) -> Option<Self> {
        let (scheme, rest) = trim(value).split_once(BLANK)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let mut fields = Self(Vec::with_capacity(12));
        for field in syntax::List(rest) {
            let (name, value) = field.split_once('=')?;
            let (name, value) = (trim(name), trim(value));
            let value = if value.starts_with('"') { syntax::quoted(value).filter(|(_, rest)| rest.is_empty())?.0 } else { value };
            if fields.raw(name).is_some() || fields.0.len() == SIP_PARAMS_MAX {
                return None;
            }
            fields.0.push((name, value));
        }
        Some(fields)
    }

    /// As written, without quotes.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// Escapes undone.
    fn text(&self, name: &str) -> Option<String> {
        self.raw(name).map(syntax::unescape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MUFASA: &str = "Mufasa";

    /// RFC 7616 §3.9.1: the same request, answered by SHA-256 and by MD5.
    #[test]
    fn the_examples_of_rfc_7616() {
        let realm = "http-auth@example.org";
        for (algorithm, response) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (Algorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let header = format!(
                "Digest username=\"Mufasa\", realm=\"{realm}\", uri=\"/dir/index.html\", algorithm={}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", \
                 qop=auth, response=\"{response}\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
                algorithm.as_str()
            );
            let credentials = Credentials::from_header(&header).expect("a digest");
            let ha1 = ha1(algorithm, MUFASA, realm, "Circle of Life");
            assert!(credentials.proves(&ha1, "GET"));
            assert!(!credentials.proves(&ha1, "PUT"));
            assert!(!credentials.proves(&super::ha1(algorithm, MUFASA, realm, "Circle of life"), "GET"));
            assert_eq!(Credentials::from_header(&credentials.to_header()), Some(credentials.clone()));
            let challenge = Challenge { realm: realm.to_owned(), nonce: credentials.nonce.clone(), algorithm, stale: false };
            let cnonce = credentials.cnonce.as_deref().unwrap_or_default();
            let answer = Credentials::answer(&challenge, MUFASA, &ha1, "GET", "/dir/index.html", cnonce, 1);
            assert_eq!(answer, Credentials { opaque: None, ..credentials });
        }
    }

    /// RFC 2617 §3.5.
    #[test]
    fn the_example_of_rfc_2617() {
        let header = "Digest username=\"Mufasa\",realm=\"testrealm@host.com\",nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\",\
                      uri=\"/dir/index.html\",qop=auth,nc=00000001,cnonce=\"0a4f113b\",response=\"6629fae49393a05397450978507c4ef1\",\
                      opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
        let credentials = Credentials::from_header(header).expect("a digest");
        let ha1 = ha1(Algorithm::Md5, MUFASA, "testrealm@host.com", "Circle Of Life");
        assert_eq!(ha1, "939e7578ed9e3c518a452acee763bce9");
        assert!(credentials.proves(&ha1, "GET"));
        let changed = Credentials { nc: Some(2), ..credentials };
        assert!(!changed.proves(&ha1, "GET"));
    }

    /// RFC 2069 §2.4 as corrected: no qop, no count.
    #[test]
    fn an_answer_without_qop_is_of_the_old_form() {
        let (nonce, uri) = ("84a4cc6f3082121f32b42a2187831a9e", "sip:h");
        let ha1 = ha1(Algorithm::Md5, "a", "r", "p");
        let response = Algorithm::Md5.hash(&[&ha1, nonce, &Algorithm::Md5.hash(&["REGISTER", uri])]);
        let header = format!("digest username=a, realm=r, nonce={nonce}, uri=\"{uri}\", response=\"{}\"", response.to_uppercase());
        assert!(Credentials::from_header(&header).is_some_and(|credentials| credentials.proves(&ha1, "REGISTER")));
    }

    #[test]
    fn algorithm_count_and_uri_come_in_every_dress() {
        let challenge = Challenge { realm: "三铃".to_owned(), nonce: "n".to_owned(), algorithm: Algorithm::Sha256, stale: false };
        let uri = "sip:95000@h:5060;transport=udp;lr";
        let ha1 = ha1(Algorithm::Sha256, "1001", "三铃", "p");
        let answer = Credentials::answer(&challenge, "1001", &ha1, "INVITE", uri, "c", 0xABC);
        assert!(answer.proves(&ha1, "INVITE"));
        let header = answer.to_header();
        assert!(header.contains("algorithm=SHA-256, ") && header.contains("nc=00000abc"), "{header}");
        let quoted = header.replace("SHA-256", "\"sha-256\"").replace("qop=auth", "qop=\"auth\"");
        assert_eq!(Credentials::from_header(&quoted).as_ref(), Some(&answer));
        // A phone that writes its count in capitals hashes it so.
        let ha2 = Algorithm::Sha256.hash(&["INVITE", uri]);
        let capitals = Credentials { response: Algorithm::Sha256.hash(&[&ha1, "n", "00000ABC", "c", "auth", &ha2]), ..answer };
        assert!(capitals.proves(&ha1, "INVITE"));
    }

    #[test]
    fn quotes_are_undone_where_they_are_text() {
        let header = r#"Digest username="a\"b, c", realm="\\r", nonce="n", uri="sip:h", response="0""#;
        let credentials = Credentials::from_header(header).expect("a digest");
        assert_eq!((&*credentials.username, &*credentials.realm), (r#"a"b, c"#, r"\r"));
        assert_eq!(Credentials::from_header(&credentials.to_header()), Some(credentials));
    }

    #[test]
    fn what_was_not_offered_or_is_broken_is_none() {
        let whole = "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\", response=\"0\"";
        assert!(Credentials::from_header(whole).is_some());
        for broken in [
            "",
            "Digest",
            "Basic dXNlcjpwYXNz",
            "NoOneKnowsThisScheme opaque-data=here",
            "Digest username=\"a\", realm=\"r\", nonce=\"n\", uri=\"u\"",
            "Digest username=\"a, realm=r, nonce=n, uri=u, response=0",
            &format!("{whole}, algorithm=MD5-sess"),
            &format!("{whole}, qop=auth-int, nc=00000001, cnonce=c"),
            &format!("{whole}, qop=auth, nc=00000001"),
            &format!("{whole}, qop=auth, cnonce=c"),
            &format!("{whole}, nc=1"),
            &format!("{whole}, nc=+0000001"),
            &format!("{whole}, nonce=m"),
            &(0..60).fold(whole.to_owned(), |header, count| format!("{header}, x{count}=y")),
        ] {
            assert_eq!(Credentials::from_header(broken), None, "{broken}");
        }
    }

    #[test]
    fn a_challenge_is_written_and_read() {
        let challenge = Challenge { realm: "a \"b\"".to_owned(), nonce: "n".to_owned(), algorithm: Algorithm::Md5, stale: true };
        assert_eq!(challenge.to_header(), r#"Digest realm="a \"b\"", nonce="n", algorithm=MD5, qop="auth", stale=true"#);
        assert_eq!(Challenge::from_header(&challenge.to_header()), Some(challenge));
        let plain = Challenge::from_header("Digest realm=\"r\", nonce=\"n\", qop=\"auth-int, auth\", opaque=\"\"");
        assert!(plain.is_some_and(|challenge| challenge.algorithm == Algorithm::Md5 && !challenge.stale));
        for unknown in [
            "Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"",
            "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256",
            "Basic realm=\"r\"",
        ] {
            assert_eq!(Challenge::from_header(unknown), None);
        }
    }
}
