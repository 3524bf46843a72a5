//! Messages out of a stream (RFC 3261 §18.3): Content-Length decides; CRLF keep-alives between messages are answered (RFC 5626 §4.4.1).

use super::{lexer, text};
use crate::base::limits::SIP_MESSAGE_MAX;

/// Cuts a TCP stream into messages. One a connection; holds at most one message (`limits::SIP_MESSAGE_MAX`) and what was read with it.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    progress: Progress,
}

/// How far the message at the buffer's start is known, so that no byte is looked at twice.
#[derive(Debug, Clone, Copy)]
enum Progress {
    /// No empty line begins before `looked`.
    Head { looked: usize },
    /// Head and body have `length` bytes together.
    Body { length: usize },
}

impl Default for Progress {
    fn default() -> Self {
        Self::Head { looked: 0 }
    }
}

/// What came out of the stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Framed {
    /// The bytes of one message.
    Message(Vec<u8>),
    /// A double CRLF ping, or several in a row: answer with a single CRLF.
    Ping,
}

/// The stream can no longer be framed (no or malformed Content-Length, too long): answer what can be answered, then close.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unframable {
    /// 400, or 513 for what is too long.
    pub code: u16,
    pub why: &'static str,
    /// The header part that was read, to make an answer from with [`refusal`](super::refusal).
    pub head: Vec<u8>,
}

impl Framer {
    /// Takes bytes of the stream; call [`next`](Self::next) until it gives `None`.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message.
    ///
    /// # Errors
    /// When the stream cannot be framed any more. What it held is given up.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Framed>, Unframable> {
        let length = match self.progress {
            Progress::Body { length } => length,
            Progress::Head { looked } => {
                if self.skip_line_ends() {
                    return Ok(Some(Framed::Ping));
                }
                if self.buffer.first().is_none_or(|byte| matches!(byte, b'\r' | b'\n')) {
                    return Ok(None);
                }
                let Some(end) = lexer::head_end(&self.buffer, looked) else {
                    // The line's end that was last seen may be the one before the empty line.
                    self.progress = Progress::Head { looked: self.buffer.len().saturating_sub(2) };
                    let fits = self.buffer.len() <= SIP_MESSAGE_MAX;
                    return if fits { Ok(None) } else { Err(self.give_up(513, "longer than 65535 bytes", SIP_MESSAGE_MAX)) };
                };
                let body = match lexer::content_length(&text::read(&self.buffer[..end])) {
                    Ok(Some(body)) => body,
                    Ok(None) => return Err(self.give_up(400, "no Content-Length", end)),
                    Err(why) => return Err(self.give_up(400, why, end)),
                };
                let length = end.saturating_add(body);
                if length > SIP_MESSAGE_MAX {
                    return Err(self.give_up(513, "longer than 65535 bytes", end));
                }
                self.progress = Progress::Body { length };
                length
            }
        };
        if self.buffer.len() < length {
            return Ok(None);
        }
        let rest = self.buffer.split_off(length);
        self.progress = Progress::default();
        Ok(Some(Framed::Message(std::mem::replace(&mut self.buffer, rest))))
    }

    /// Drops what stands between messages; whether it was a ping. A single CRLF is a pong, or the first half of a ping still to come.
    fn skip_line_ends(&mut self) -> bool {
        // All at once: megabytes of them cost what one does.
        let pings = self.buffer.chunks_exact(4).take_while(|four| *four == b"\r\n\r\n").count();
        if pings > 0 {
            self.buffer.drain(..4 * pings);
            return true;
        }
        let blank = self.buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if blank < self.buffer.len() || blank > 3 {
            self.buffer.drain(..blank);
        }
        false
    }

    fn give_up(&mut self, code: u16, why: &'static str, head: usize) -> Unframable {
        let mut head_bytes = std::mem::take(&mut self.buffer);
        head_bytes.truncate(head);
        self.progress = Progress::default();
        Unframable { code, why, head: head_bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "OPTIONS sip:a SIP/2.0\r\nl: 5\r\n\r\nab\r\n\r";
    const B: &str = "BYE sip:b SIP/2.0\nContent-Length:\r\n 0\r\n\r\n";

    fn drain(framer: &mut Framer) -> Vec<Result<Framed, (u16, &'static str)>> {
        let step = |framer: &mut Framer| framer.next().map_err(|gone| (gone.code, gone.why)).transpose();
        std::iter::from_fn(|| step(framer)).collect()
    }

    fn message(text: &str) -> Result<Framed, (u16, &'static str)> {
        Ok(Framed::Message(text.as_bytes().to_vec()))
    }

    #[test]
    fn a_stream_may_be_split_at_every_byte() {
        let stream = format!("\r\n{A}{B}\r\n\r\n{A}\r\n");
        let expected = [message(A), message(B), Ok(Framed::Ping), message(A)];
        for at in 0..=stream.len() {
            let mut framer = Framer::default();
            let mut framed = Vec::new();
            for part in [&stream[..at], &stream[at..]] {
                framer.push(part.as_bytes());
                framed.extend(drain(&mut framer));
            }
            assert_eq!(framed, expected, "split at {at}");
        }
        let mut framer = Framer::default();
        let mut framed = Vec::new();
        for byte in stream.bytes() {
            framer.push(&[byte]);
            framed.extend(drain(&mut framer));
        }
        assert_eq!(framed, expected);
    }

    #[test]
    fn pings_are_told_from_pongs() {
        let mut framer = Framer::default();
        for (bytes, expected) in
            [("\r\n", vec![]), ("\r\n", vec![Ok(Framed::Ping)]), ("\r\n\r\n\r\n\r\n\r", vec![Ok(Framed::Ping)]), (B, vec![message(B)])]
        {
            framer.push(bytes.as_bytes());
            assert_eq!(drain(&mut framer), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_cannot_be_framed_is_given_up_with_its_head() {
        let head = "BYE sip:b SIP/2.0\r\nTo: x\r\n";
        for (fields, code, why) in [
            ("\r\n", 400, "no Content-Length"),
            ("l: -1\r\n\r\n", 400, "a bad Content-Length"),
            ("l: 1\r\nl: 2\r\n\r\n", 400, "two Content-Lengths"),
            ("l: 65535\r\n\r\n", 513, "longer than 65535 bytes"),
        ] {
            let mut framer = Framer::default();
            framer.push(format!("{head}{fields}body").as_bytes());
            assert_eq!(framer.next(), Err(Unframable { code, why, head: format!("{head}{fields}").into_bytes() }));
            assert_eq!(framer.next(), Ok(None));
        }
    }

    #[test]
    fn the_longest_message_fits_and_one_byte_more_does_not() {
        let head = "BYE sip:b SIP/2.0\r\nl: 65000\r\nX: ";
        let rest = SIP_MESSAGE_MAX - 65_000 - head.len() - 4;
        for (more, fits) in [(0, true), (1, false)] {
            let mut framer = Framer::default();
            framer.push(format!("{head}{}\r\n\r\n{}", "x".repeat(rest + more), "b".repeat(65_000)).as_bytes());
            assert_eq!(framer.next().is_ok_and(|framed| framed.is_some()), fits);
        }
        let mut endless = Framer::default();
        let chunk = [b'x'; 1024];
        let given_up = (0..100).find(|_| {
            endless.push(&chunk);
            endless.next().is_err()
        });
        assert_eq!(given_up, Some(63), "at 64 KiB");
    }
}
