//! The B2BUA: a call owns its legs.

pub mod record;
