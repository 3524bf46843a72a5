//! Messages out of a stream (RFC 3261 §18.3): Content-Length decides; CRLF keep-alives between messages are answered (RFC 5626 §4.4.1).

/// Cuts a TCP stream into messages. One a connection; holds at most one message (`limits::SIP_MESSAGE_MAX`).
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
}

/// What came out of the stream.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Framed {
    /// The bytes of one message.
    Message(Vec<u8>),
    /// A double CRLF ping: answer with a single CRLF.
    Ping,
}

/// The stream can no longer be framed (no or malformed Content-Length, too long): answer what can be answered, then close.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unframable {
    pub why: &'static str,
    /// The header part that was read, to make an answer from with `parse`.
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
    /// When the stream cannot be framed any more.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Framed>, Unframable> {
        todo!()
    }
}
