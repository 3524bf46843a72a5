//! How messages stand in a call's file: a line of when, which way and how long, then the message as it was on the wire. For people with
//! `less`, and for the reader.

use super::path_of;
use crate::base::limits::TRACE_PAGE_MAX;
use crate::base::{CallId, Timestamp};
use crate::io::shapes::Time;
use crate::sip::{Flow, Protocol};
use std::io::{self, Read};
use std::path::Path;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    In,
    Out,
}

/// One message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub at: Timestamp,
    pub direction: Direction,
    pub flow: Flow,
    /// As on the wire, but for the proofs of passwords, the keys of sound, and the keys that people press.
    pub bytes: Vec<u8>,
}

impl Entry {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let Flow { protocol, local, peer } = self.flow;
        let way = match self.direction {
            Direction::In => '<',
            Direction::Out => '>',
        };
        let protocol = protocol.name();
        let bytes = without_keys(without_proofs(&self.bytes));
        out.extend_from_slice(format!("{} {way} {protocol} {local} {peer} {}\n", Time::from(self.at), bytes.len()).as_bytes());
        out.extend_from_slice(&bytes);
        out.push(b'\n');
    }

    /// The entry at the beginning of `text`, and what stands behind it; `None` at the end, or where a crash cut it.
    fn read(text: &[u8]) -> Option<(Self, &[u8])> {
        let end = text.iter().position(|byte| *byte == b'\n')?;
        let line = std::str::from_utf8(&text[..end]).ok()?;
        let mut words = line.split(' ');
        let at = Time::parse(words.next()?)?;
        let direction = match words.next()? {
            "<" => Direction::In,
            ">" => Direction::Out,
            _ => return None,
        };
        let protocol = match words.next()? {
            "udp" => Protocol::Udp,
            "tcp" => Protocol::Tcp,
            "tls" => Protocol::Tls,
            _ => return None,
        };
        let (local, peer) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        let length: usize = words.next()?.parse().ok()?;
        let (bytes, rest) = text[end + 1..].split_at_checked(length)?;
        let entry = Self { at: Timestamp(at.0), direction, flow: Flow { protocol, local, peer }, bytes: bytes.to_vec() };
        Some((entry, rest.strip_prefix(b"\n")?))
    }
}

/// A proof is of one nonce, and still nobody else's to see. A key opens what was overheard.
fn without_proofs(bytes: &[u8]) -> Vec<u8> {
    const NAMES: [&[u8]; 2] = [b"authorization", b"proxy-authorization"];
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let (head, body) = bytes.split_at(head);
    let mut out = Vec::with_capacity(bytes.len());
    let mut in_proof = false;
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        // RFC 3261 §7.3.1: a field goes on in lines that begin with a blank, and may have blanks before its colon.
        if line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t')) {
            if !in_proof {
                out.extend_from_slice(line);
            }
            continue;
        }
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii_end();
        in_proof = name.len() < line.len() && NAMES.iter().any(|known| name.eq_ignore_ascii_case(known));
        if in_proof {
            out.extend_from_slice(name);
            out.extend_from_slice(b": (not kept)\r\n");
        } else {
            out.extend_from_slice(line);
        }
    }
    // The head's last line has its end before the body.
    if out.ends_with(b": (not kept)\r\n") {
        out.truncate(out.len() - 2);
    }
    let body_at = out.len();
    out.extend_from_slice(body);
    hide_keys(&mut out[body_at..]);
    out
}

/// A key by INFO (`sip::info`) may be one of a card's number: of all of them an `x` stands there. How long it was pressed stays.
fn without_keys(mut bytes: Vec<u8>) -> Vec<u8> {
    let body = bytes.windows(4).position(|four| four == b"\r\n\r\n").filter(|_| bytes.starts_with(b"INFO ")).map(|head| head + 4);
    let body = body.and_then(|body| bytes.get_mut(body..)).unwrap_or_default();
    for line in body.split_mut(|byte| matches!(byte, b'\r' | b'\n')) {
        let equals = line.iter().position(|byte| *byte == b'=');
        let name = line[..equals.unwrap_or(0)].trim_ascii();
        if !name.eq_ignore_ascii_case(b"Duration") {
            let from = if name.eq_ignore_ascii_case(b"Signal") { equals.map_or(0, |at| at + 1) } else { 0 };
            line[from..].iter_mut().filter(|byte| !byte.is_ascii_whitespace()).for_each(|byte| *byte = b'x');
        }
    }
    bytes
}

/// What encrypts a call's sound (RFC 4568) is not kept beside it. As many letters stay as there were: lengths are to fit.
fn hide_keys(body: &mut [u8]) {
    for line in body.split_mut(|byte| matches!(byte, b'\r' | b'\n')) {
        if !line.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"a=crypto:")) {
            continue;
        }
        // Behind the suite: whatever the method, and however often.
        let blanks = line.iter().enumerate().filter(|(_, byte)| matches!(byte, b' ' | b'\t')).map(|(at, _)| at);
        let keys_at = blanks.skip_while(|at| *at < 10).nth(1).map_or(9, |at| at + 1);
        for byte in &mut line[keys_at..] {
            if !matches!(byte, b' ' | b'\t') {
                *byte = b'*';
            }
        }
    }
}

/// The messages of a call, as they came and went; of one of which nothing is kept, none.
///
/// # Errors
/// What the file system said.
pub fn read(folder: &Path, call: CallId) -> io::Result<Vec<Entry>> {
    let file = match std::fs::File::open(path_of(folder, call)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut text = Vec::new();
    file.take(TRACE_PAGE_MAX).read_to_end(&mut text)?;
    let (mut rest, mut entries) = (text.as_slice(), Vec::new());
    while let Some((entry, more)) = Entry::read(rest) {
        entries.push(entry);
        rest = more;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(text: &str) -> Entry {
        let flow = Flow {
            protocol: Protocol::Tcp,
            local: "127.0.0.1:5060".parse().expect("an address"),
            peer: "[::1]:5062".parse().expect("an address"),
        };
        Entry { at: Timestamp(1_795_253_400_123), direction: Direction::In, flow, bytes: text.as_bytes().to_vec() }
    }

    #[test]
    fn what_is_written_is_read_up_to_where_a_crash_cut_it() {
        let all = [entry("INVITE sip:1 SIP/2.0\r\nCall-ID: a\r\n\r\nv=0\n\n> < udp"), entry("SIP/2.0 200 OK\r\n\r\n"), entry("")];
        let mut text = Vec::new();
        all.iter().for_each(|entry| entry.write(&mut text));
        let read = |mut text: &[u8]| {
            let mut found = Vec::new();
            while let Some((entry, more)) = Entry::read(text) {
                found.push(entry);
                text = more;
            }
            found
        };
        assert_eq!(read(&text), all);
        for length in 0..text.len() {
            let found = read(&text[..length]);
            assert!(found.len() < 3 && all.starts_with(&found), "{length}");
        }
    }

    #[test]
    fn no_key_of_sound_is_kept_and_lengths_stay() {
        let key = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
        for (line, kept) in [
            (format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}|2^20|1:4 WSH=64"), "a=crypto:1 AES_CM_128_HMAC_SHA1_80 ***"),
            (format!("A=CRYPTO:1\tX  inline:{key}"), "A=CRYPTO:1\tX "),
            (format!("a=crypto:inline:{key}"), "a=crypto:***"),
            ("a=sendrecv".to_owned(), "a=sendrecv"),
        ] {
            for end in ["\r\n", "\n", ""] {
                let body = format!("v=0\r\n{line}{end}");
                let whole = format!("INVITE sip:1 SIP/2.0\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                let mut text = Vec::new();
                entry(&whole).write(&mut text);
                let (read, _) = Entry::read(&text).expect("an entry");
                let read = String::from_utf8(read.bytes).expect("text");
                assert!(!read.contains(&key[..6]) && read.contains(kept) && read.len() == whole.len(), "{read}");
            }
        }
    }

    #[test]
    fn no_proof_of_a_password_is_kept() {
        for (line, kept) in [
            ("Authorization: Digest response=\"abc\"", "Authorization: (not kept)"),
            ("proxy-authorization:Digest x", "proxy-authorization: (not kept)"),
            ("Authorization \t: Digest response=\"abc\"", "Authorization: (not kept)"),
            ("Authorization: Digest realm=\"r\",\r\n response=\"abc\",\r\n\tnonce=\"n\"", "Authorization: (not kept)"),
            ("Subject: a\r\n authorization: it stays", "Subject: a\r\n authorization: it stays"),
            ("Subject: authorization: it stays", "Subject: authorization: it stays"),
        ] {
            for (before, after) in
                [("INVITE sip:1 SIP/2.0\r\n", "\r\nTo: x\r\n\r\nauthorization: body"), ("REGISTER sip:1 SIP/2.0\r\n", "\r\n\r\n")]
            {
                let mut text = Vec::new();
                entry(&format!("{before}{line}{after}")).write(&mut text);
                let (read, rest) = Entry::read(&text).expect("an entry");
                assert_eq!((String::from_utf8_lossy(&read.bytes).into_owned(), rest), (format!("{before}{kept}{after}"), &[][..]));
            }
        }
    }

    #[test]
    fn of_a_key_by_info_its_length_alone_is_kept() {
        let head = "INFO sip:1 SIP/2.0\r\nCall-ID: 5\r\nContent-Type: application/dtmf-relay\r\n\r\n";
        for (body, kept) in [
            ("Signal=4\r\nDuration=160\r\n", "Signal=x\r\nDuration=160\r\n"),
            ("signal = 11\r\n", "signal = xx\r\n"),
            ("4", "x"),
            ("4\r\nDuration=5", "x\r\nDuration=5"),
            ("Other=4111", "xxxxxxxxxx"),
            ("", ""),
        ] {
            assert_eq!(without_keys(format!("{head}{body}").into_bytes()), format!("{head}{kept}").into_bytes(), "{body:?}");
        }
        let other = b"MESSAGE sip:1 SIP/2.0\r\n\r\nSignal=4".to_vec();
        assert_eq!(without_keys(other.clone()), other);
        assert_eq!(without_keys(b"INFO sip:1 SIP/2.0\r\n".to_vec()), b"INFO sip:1 SIP/2.0\r\n");
    }
}
