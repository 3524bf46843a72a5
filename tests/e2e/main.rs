//! The real binary on loopback, called by phones that nobody here wrote: SIPp, baresip, linphonec, sipsak. What is asserted is sound, in
//! both directions and in the recording, and times on the wire. Time is real here; what can be told on virtual time is in `tests/sim`.
//!
//! `make e2e-tools` installs the phones. A test that fails leaves its folder behind, with the switch's log and each phone's.
#![allow(clippy::cast_possible_truncation, reason = "sound is arithmetic between widths that are known to fit")]

mod baresip;
mod calling_back;
mod certificates;
mod codes;
mod colleagues;
mod disk;
#[expect(dead_code, reason = "the library's own tests need more of it")]
mod dns;
mod ear;
mod edge;
mod families;
mod harness;
mod hold;
mod kill9;
mod linphone;
mod names;
mod operate;
mod parties;
mod proxied;
mod recorders;
mod replay;
mod restart;
mod rings;
mod scanners;
mod secure;
mod sign_in;
mod silent;
mod sipp;
mod sound;
mod talk;
mod wire;
