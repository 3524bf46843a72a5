//! A challenge as its answerer keeps it (RFC 7616 §3.4): with what is to go back as it came, and how often it was answered.

use super::Response;
use super::digest::{Challenge, Credentials, Fields, ha1};

/// A challenge of a server's, and how often it was answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Demand {
    challenge: Challenge,
    opaque: Option<String>,
    /// RFC 2069's form is wanted where no qop was offered.
    qop: bool,
    of_proxy: bool,
    answered: u32,
}

impl Demand {
    /// The first challenge of a 401 or 407 that we can answer, as RFC 8760 §2.4 has it: the server puts what it likes best first. `None`
    /// for any other response, and where none is digest with MD5 or SHA-256 and `auth`.
    #[must_use]
    pub fn of(response: &Response) -> Option<Self> {
        let (header, of_proxy) = match response.code {
            401 => ("WWW-Authenticate", false),
            407 => ("Proxy-Authenticate", true),
            _ => return None,
        };
        response.headers.all(header).find_map(|value| {
            let fields = Fields::read(value)?;
            let challenge = Challenge::from_header(value)?;
            let opaque = fields.raw("opaque").map(str::to_owned);
            Some(Self { challenge, opaque, qop: fields.raw("qop").is_some(), of_proxy, answered: 0 })
        })
    }

    /// Whether the answer was right, and only its nonce too old (RFC 7616 §3.3).
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.challenge.stale
    }

    /// Header and value of the next answer to it, for a request of this method and URI.
    #[must_use]
    pub fn answer(&mut self, user: &str, password: &str, method: &str, uri: &str, cnonce: &str) -> (&'static str, String) {
        self.answered = self.answered.saturating_add(1);
        let secret = ha1(self.challenge.algorithm, user, &self.challenge.realm, password);
        let mut credentials = if self.qop {
            Credentials::answer(&self.challenge, user, &secret, method, uri, cnonce, self.answered)
        } else {
            Credentials::answer_of_rfc_2069(&self.challenge, user, &secret, method, uri)
        };
        credentials.opaque.clone_from(&self.opaque);
        (if self.of_proxy { "Proxy-Authorization" } else { "Authorization" }, credentials.to_header())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Headers;
    use super::super::digest::Algorithm;
    use super::*;

    fn response(code: u16, challenges: &[(&str, &str)]) -> Response {
        let mut headers = Headers::default();
        challenges.iter().for_each(|(name, value)| headers.push(name, *value));
        Response { code, reason: String::new(), headers, body: Vec::new() }
    }

    #[test]
    fn the_first_that_can_be_answered_is_and_the_right_header_says_so() {
        const MD5: &str = "Digest realm=\"r\", nonce=\"a\", qop=\"auth,auth-int\", opaque=\"o\\\"p\"";
        const SHA256: &str = "Digest realm=\"r\", nonce=\"b\", algorithm=SHA-256, qop=\"auth\"";
        for (code, challenges, header, algorithm) in [
            (401, &[("WWW-Authenticate", MD5)][..], "Authorization", Algorithm::Md5),
            (407, &[("Proxy-Authenticate", SHA256), ("Proxy-Authenticate", MD5)], "Proxy-Authorization", Algorithm::Sha256),
            (401, &[("WWW-Authenticate", "Basic realm=\"r\""), ("WWW-Authenticate", MD5)], "Authorization", Algorithm::Md5),
            (401, &[("WWW-Authenticate", &SHA256.replace("-256", "-512-256")), ("WWW-Authenticate", MD5)], "Authorization", Algorithm::Md5),
        ] {
            let mut demand = Demand::of(&response(code, challenges)).expect("a challenge");
            for count in 1..=2 {
                let (name, value) = demand.answer("u", "p", "REGISTER", "sip:h", "c");
                let credentials = Credentials::from_header(&value).expect("an answer");
                assert_eq!((name, credentials.algorithm, credentials.nc), (header, algorithm, Some(count)));
                assert!(credentials.proves(&ha1(algorithm, "u", "r", "p"), "REGISTER"));
                assert_eq!(credentials.opaque.as_deref(), (algorithm == Algorithm::Md5).then_some("o\\\"p"));
            }
        }
    }

    #[test]
    fn a_server_of_rfc_2069_is_answered_in_its_form() {
        let plain = response(401, &[("WWW-Authenticate", "Digest realm=\"r\", nonce=\"a\", stale=TRUE")]);
        let mut demand = Demand::of(&plain).expect("a challenge");
        assert!(demand.is_stale());
        let (_, value) = demand.answer("u", "p", "REGISTER", "sip:h", "c");
        let credentials = Credentials::from_header(&value).expect("an answer");
        assert_eq!((credentials.qop.as_deref(), credentials.nc, credentials.cnonce.as_deref()), (None, None, None));
        assert!(credentials.proves(&ha1(Algorithm::Md5, "u", "r", "p"), "REGISTER"));
    }

    #[test]
    fn what_cannot_be_answered_is_none() {
        for (code, name, value) in [
            (403, "WWW-Authenticate", "Digest realm=\"r\", nonce=\"a\""),
            (401, "Proxy-Authenticate", "Digest realm=\"r\", nonce=\"a\""),
            (401, "WWW-Authenticate", "Digest realm=\"r\""),
            (401, "WWW-Authenticate", "Digest realm=\"r\", nonce=\"a\", qop=\"auth-int\""),
            (401, "WWW-Authenticate", "Digest realm=\"r\", nonce=\"a\", algorithm=MD5-sess"),
            (401, "WWW-Authenticate", "Digest realm=\"r, nonce=\"a"),
            (401, "WWW-Authenticate", ""),
        ] {
            assert_eq!(Demand::of(&response(code, &[(name, value)])), None, "{code} {value}");
        }
    }
}
