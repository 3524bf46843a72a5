//! Digest access authentication (RFC 7616, RFC 8760, RFC 2617 for older phones): arithmetic and header syntax, no state.

/// Hash of a challenge; SHA-256 is offered first, MD5 for older phones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Algorithm {
    Sha256,
    Md5,
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
        todo!()
    }

    /// Reads a WWW-Authenticate or Proxy-Authenticate value; `None` when it is no digest we know (for calls out and test phones).
    #[must_use]
    pub fn from_header(_value: &str) -> Option<Self> {
        todo!()
    }
}

impl Credentials {
    /// Reads an Authorization value; `None` when it is malformed or of an algorithm or qop that was not offered.
    #[must_use]
    pub fn from_header(_value: &str) -> Option<Self> {
        todo!()
    }

    #[must_use]
    pub fn to_header(&self) -> String {
        todo!()
    }

    /// Whether the response is right for `ha1` (lower-case hex) and `method`; constant time in the comparison.
    #[must_use]
    pub fn proves(&self, _ha1: &str, _method: &str) -> bool {
        todo!()
    }

    /// The answer of a client to `challenge` (qop auth).
    #[must_use]
    pub fn answer(_challenge: &Challenge, _username: &str, _ha1: &str, _method: &str, _uri: &str, _cnonce: &str, _nc: u32) -> Self {
        todo!()
    }
}

/// H(user:realm:password), lower-case hex.
#[must_use]
pub fn ha1(_algorithm: Algorithm, _user: &str, _realm: &str, _password: &str) -> String {
    todo!()
}
