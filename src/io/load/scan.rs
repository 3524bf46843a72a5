//! The least of a SIP message that a phone under load needs, found in one pass over its bytes, nothing copied. It takes what switches
//! send, not all that RFC 3261 allows: a folded line is not put together. The switch's own parser is not used, so that a load costs
//! little beside what it loads, and so that it is a conversation of two programs.

use std::str;

/// Via lines looked at; a response to a request with more cannot find its way, and such a request is left unanswered.
const VIAS_MAX: usize = 8;

/// A message's parts.
#[derive(Clone, Copy, Default, Debug)]
pub struct Scan<'a> {
    /// 0 for a request.
    pub status: u16,
    /// Of a request: its method; of a response: the one in CSeq.
    pub method: &'a str,
    /// Of a request.
    pub uri: &'a str,
    pub vias: [&'a str; VIAS_MAX],
    pub from: &'a str,
    pub to: &'a str,
    pub call_id: &'a str,
    pub cseq: u32,
    pub contact: &'a str,
    /// The first challenge by SHA-256, else the first.
    pub challenge: &'a str,
    pub reason: &'a str,
    pub body: &'a str,
}

/// What cannot be read is `None`: the sender repeats it or not, and it is counted.
#[must_use]
pub fn scan(bytes: &[u8]) -> Option<Scan<'_>> {
    let text = str::from_utf8(bytes).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let mut scan = Scan { body, ..Scan::default() };
    let first = lines.next()?;
    if let Some(status) = first.strip_prefix("SIP/2.0 ") {
        scan.status = status.get(..3)?.parse().ok()?;
    } else {
        let (method, rest) = first.split_once(' ')?;
        (scan.method, scan.uri) = (method, rest.split_once(' ')?.0);
    }
    let mut vias = 0;
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let value = value.trim_ascii();
        let is = |long: &str, short: &str| name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(short);
        match name.len() {
            3 if is("Via", "") => push_via(&mut scan, &mut vias, value)?,
            1 if is("", "v") => push_via(&mut scan, &mut vias, value)?,
            1 | 4 if is("From", "f") => scan.from = value,
            1 | 2 if is("To", "t") => scan.to = value,
            1 | 7 if is("Call-ID", "i") => scan.call_id = value,
            1 | 7 if is("Contact", "m") => scan.contact = value,
            4 if is("CSeq", "") => {
                let (number, method) = value.split_once(' ')?;
                scan.cseq = number.parse().ok()?;
                if scan.status > 0 {
                    scan.method = method.trim_ascii();
                }
            }
            16 | 18 if is("WWW-Authenticate", "Proxy-Authenticate") => {
                if scan.challenge.is_empty() || !scan.challenge.contains("SHA-256") && value.contains("SHA-256") {
                    scan.challenge = value;
                }
            }
            6 if is("Reason", "") => scan.reason = value,
            _ => {}
        }
    }
    (!scan.call_id.is_empty() && !scan.method.is_empty() && vias > 0).then_some(scan)
}

fn push_via<'a>(scan: &mut Scan<'a>, vias: &mut usize, value: &'a str) -> Option<()> {
    *scan.vias.get_mut(*vias)? = value;
    *vias += 1;
    Some(())
}

/// The URI in a name-addr or addr-spec: `"A" <sip:a@b>;tag=c` → `sip:a@b`.
#[must_use]
pub fn uri_of(value: &str) -> &str {
    match value.split_once('<') {
        Some((_, rest)) => rest.split_once('>').map_or(rest, |(uri, _)| uri),
        None => value.split(';').next().unwrap_or_default().trim_ascii(),
    }
}

/// The user of a URI, or of a value that holds one; empty when it has none.
#[must_use]
pub fn user_of(value: &str) -> &str {
    let uri = uri_of(value);
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    rest.split_once('@').map_or("", |(user, _)| user)
}

/// Where a description wants its audio: address and port. `None` when there is no stream, or when the port is 0.
#[must_use]
pub fn audio_of(body: &str) -> Option<std::net::SocketAddr> {
    let mut host = None;
    let mut port = None;
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("c=IN IP4 ").or_else(|| line.strip_prefix("c=IN IP6 ")) {
            host = Some(rest.trim_ascii());
        } else if let Some(rest) = line.strip_prefix("m=audio ") {
            port = rest.split(' ').next()?.parse().ok().filter(|port| *port != 0);
        }
    }
    Some(std::net::SocketAddr::new(host?.parse().ok()?, port?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_gives_what_its_answer_needs() {
        let bytes = b"INVITE sip:1001@127.0.0.1:5070 SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=1\r\nv: SIP/2.0/UDP b\r\nFrom: \"x\" <sip:139@h>;tag=f\r\n\
            To: <sip:1001@h>\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\nm: <sip:s@127.0.0.1:5060>\r\n\r\n\
            v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 20000 RTP/AVP 8\r\n";
        let scan = scan(bytes).expect("a message");
        assert_eq!((scan.status, scan.method, scan.cseq, scan.call_id), (0, "INVITE", 7, "c"));
        assert_eq!((user_of(scan.uri), user_of(scan.from), uri_of(scan.contact)), ("1001", "139", "sip:s@127.0.0.1:5060"));
        assert_eq!(scan.vias[..3], ["SIP/2.0/UDP a;branch=1", "SIP/2.0/UDP b", ""]);
        assert_eq!(audio_of(scan.body), "127.0.0.1:20000".parse().ok());
    }

    #[test]
    fn of_two_challenges_the_better_is_taken() {
        let bytes = b"SIP/2.0 401 Unauthorized\r\nVia: v\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nWWW-Authenticate: Digest algorithm=MD5\r\n\
            WWW-Authenticate: Digest algorithm=SHA-256\r\n\r\n";
        let scan = scan(bytes).expect("a message");
        assert_eq!((scan.status, scan.method, scan.challenge), (401, "REGISTER", "Digest algorithm=SHA-256"));
    }

    #[test]
    fn what_is_no_message_is_none() {
        for bytes in [&b""[..], b"\r\n\r\n", b"SIP/2.0 2", b"OPTIONS sip:x SIP/2.0\r\n\r\n", b"\xff"] {
            assert!(scan(bytes).is_none(), "{bytes:?}");
        }
    }
}
