//! SIP messages: rsip's header container and status codes behind our own lexer, message, URI and digest.
//!
//! What lives here: bytes ↔ message, typed views of the headers that the machines read, stream framing, digest arithmetic. What must not:
//! any state of a transaction or dialog. Parsing never panics, is bounded (`base::limits`), and takes what RFC 4475 says is valid.
//! Bytes that are no UTF-8 (GBK display names) pass through unharmed: see [`Headers`].

//!
//! Inside, from the bottom: `text` (bytes ↔ text), `syntax` (values), `lexer` (lines and fields), `names` and `reasons` (tables over rsip's
//! types); then the public types, and `parse` over them all.

pub mod demand;
pub mod digest;
pub mod framing;
pub mod headers;
mod kept;
mod lexer;
pub mod message;
pub mod multipart;
pub mod name_addr;
mod names;
mod parse;
mod reasons;
mod syntax;
mod text;
pub mod uri;
pub mod via;

pub use framing::{Framed, Framer, Unframable};
pub use headers::{Headers, Malformed};
pub use message::{Fault, Message, Method, Request, Response, reason_phrase};
pub use name_addr::NameAddr;
pub use parse::{parse, refusal};
pub use uri::{Scheme, Uri};
pub use via::{Via, ViaRef};
