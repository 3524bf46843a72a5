//! SIP messages: rsip's header container and status codes behind our own lexer, message, URI and digest.
//!
//! What lives here: bytes ↔ message, typed views of the headers that the machines read, stream framing, digest arithmetic. What must not:
//! any state of a transaction or dialog. Parsing never panics, is bounded (`base::limits`), and takes what RFC 4475 says is valid.
//! Bytes that are no UTF-8 (GBK display names) pass through unharmed: see [`Headers`].

pub mod digest;
pub mod framing;
pub mod headers;
pub mod message;
pub mod name_addr;
pub mod uri;
pub mod via;

pub use framing::Framer;
pub use headers::Headers;
pub use message::{Fault, Message, Method, Request, Response, parse};
pub use name_addr::NameAddr;
pub use uri::{Scheme, Uri};
pub use via::Via;
