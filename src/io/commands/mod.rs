//! The bodies of the commands, one a file: arguments in, text and an exit code out. Parsing of arguments is `main`'s.

pub mod check;
pub mod hash_password;
pub mod init;
pub mod recordings;
pub mod remote;
