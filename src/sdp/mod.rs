//! Session descriptions (RFC 8866) and the offer/answer model (RFC 3264): pure functions from (offer, capabilities) to (answer,
//! what was settled). sdp-types reads and writes the syntax.
