//! Sanling (三铃, "three bells"): a CTI telephony switch and ACD engine.

pub mod base;

pub mod config;

pub mod audio;
pub mod rtp;
pub mod sdp;

pub mod sip;

pub mod media;

pub mod acd;
pub mod call;
pub mod recording;
pub mod rules;

pub mod switch;

pub mod io;
