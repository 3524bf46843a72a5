//! Reads what we need of a description, and forgives what we do not need. Written by sdp-types, whose types stay in here and in
//! `offer_answer`.

use super::SdpError;
use super::crypto::{self, Crypto};
use crate::base::limits::SDP_MEDIA_MAX;
use crate::base::{Codec, ExtendedReports, OpusWishes};
use sdp_types::{Media, Session};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// One media line as offered or answered.
pub(super) struct Line {
    pub media: String,
    pub proto: String,
    pub formats: String,
    /// Port 0: there is no such stream, or none any more.
    pub is_off: bool,
    /// `None` when we cannot speak it: not audio, not RTP, keyed by DTLS, port 0, no unicast address.
    pub stream: Option<Stream>,
}

/// An audio stream over RTP, as its sender describes it.
pub(super) struct Stream {
    pub remote: SocketAddr,
    pub remote_rtcp: SocketAddr,
    pub rtcp_mux: bool,
    /// What the peer does, from its own side; both are false or half false under any spelling of hold.
    pub sends: bool,
    pub receives: bool,
    /// In its order of preference.
    pub formats: Vec<Format>,
    /// Milliseconds, as the peer would like them, before our bounds.
    pub ptime: Option<u16>,
    pub maxptime: Option<u16>,
    /// `a=silenceSupp:on`.
    pub silence_suppression: bool,
    /// Its transport says that it is encrypted.
    pub secure: bool,
    /// `a=crypto` lines that we can use, in its order.
    pub crypto: Vec<Crypto>,
    pub extended_reports: ExtendedReports,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Format {
    pub payload_type: u8,
    pub kind: Kind,
    /// Opus only: what its `a=fmtp` asks for.
    pub opus: OpusWishes,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Voice(Codec),
    /// telephone-event at this clock.
    Event(u32),
    ComfortNoise,
    /// A codec that the switch does not know.
    Unknown,
}

/// Reads all media lines in order.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Line>, SdpError> {
    let text = essential(bytes)?;
    let session = Session::parse(text.as_bytes()).map_err(|error| SdpError::Malformed(error.to_string()))?;
    if session.medias.iter().any(|media| !may_have_addresses(media)) {
        return Err(SdpError::Malformed("more than one address of a stream".to_owned()));
    }
    if session.medias.len() > SDP_MEDIA_MAX {
        return Err(SdpError::NotAcceptable("too many media lines"));
    }
    Ok(session.medias.iter().map(|media| line(&session, media)).collect())
}

/// The lines that we read, with runs of blanks made one: what is not read (a GBK session name, a malformed `b=`) cannot spoil the call.
///
/// # Errors
/// A line that a description has once at most (RFC 8866 §5) comes again: which of the two is meant, each reader would say otherwise.
fn essential(bytes: &[u8]) -> Result<String, SdpError> {
    let text = String::from_utf8_lossy(bytes);
    let mut kept = String::with_capacity(text.len());
    let (mut once, mut in_session) = (Vec::new(), true);
    for line in text.split(['\r', '\n']) {
        if let [kind @ (b'v' | b'o' | b's' | b'c'), b'=', ..] = line.as_bytes()
            && (*kind != b'c' || in_session)
        {
            if once.contains(kind) {
                return Err(SdpError::Malformed(format!("more than one {}= line", char::from(*kind))));
            }
            once.push(*kind);
        }
        match line.as_bytes() {
            [b'm' | b'c', b'=', ..] => kept.extend(line.split_ascii_whitespace().flat_map(|word| [word, " "])),
            [b'v', b'=', ..] => kept.push_str(line.trim_end()),
            [b'a', b'=', b'!'..=b'~', ..] => kept.push_str(line.trim_end()),
            _ => continue,
        }
        in_session &= !line.starts_with("m=");
        kept.truncate(kept.trim_end().len());
        kept.push_str("\r\n");
    }
    Ok(kept)
}

/// RFC 8866 §5.7: more than one address only where they are multicast, for the layers of one encoding.
fn may_have_addresses(media: &Media) -> bool {
    let is_multicast = |connection: &sdp_types::Connection| connection.try_address().is_ok_and(|address| address.ip.is_multicast());
    media.connections.len() <= 1 || media.connections.iter().all(is_multicast)
}

fn line(session: &Session, media: &Media) -> Line {
    let (name, proto, formats) = (media.media.clone(), media.proto.clone(), media.fmt.clone());
    Line { media: name, proto, formats, is_off: media.port == 0, stream: stream(session, media) }
}

fn stream(session: &Session, media: &Media) -> Option<Stream> {
    let is_one_of = |known: [&str; 2]| known.iter().any(|proto| media.proto.eq_ignore_ascii_case(proto));
    let secure = is_one_of(["RTP/SAVP", "RTP/SAVPF"]);
    if !media.media.eq_ignore_ascii_case("audio") || !(secure || is_one_of(["RTP/AVP", "RTP/AVPF"])) || media.port == 0 {
        return None;
    }
    // RFC 8866 §5.7: the media's own c= overrides the session's.
    let connection = media.connections.first().or(session.connection.as_ref())?;
    // RFC 4291 §2.5.5.2: a mapped address is one of version 4.
    let address = connection.try_address().ok()?.ip.to_canonical();
    // What is sent there would reach whoever did not ask for it.
    if address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST) {
        return None;
    }
    let (sends, mut receives) = direction(session, media);
    // RFC 3264 §8.4: an unspecified address is the old spelling of hold.
    receives &= !address.is_unspecified();
    let remote = SocketAddr::new(address, media.port);
    Some(Stream {
        remote,
        remote_rtcp: rtcp(media, remote),
        rtcp_mux: media.has_attribute("rtcp-mux"),
        sends,
        receives,
        formats: formats(media),
        ptime: number(session, media, "ptime"),
        maxptime: number(session, media, "maxptime"),
        silence_suppression: value(media, "silenceSupp").is_some_and(|value| value.starts_with("on")),
        secure,
        crypto: crypto::read(values(media, "crypto")),
        extended_reports: extended_reports(session, media),
    })
}

/// What the peer does: (sends, receives). The media's attribute overrides the session's; without any it is sendrecv (RFC 3264 §5.1).
fn direction(session: &Session, media: &Media) -> (bool, bool) {
    let named = |name: &str| match name.to_ascii_lowercase().as_str() {
        "sendrecv" => Some((true, true)),
        "sendonly" => Some((true, false)),
        "recvonly" => Some((false, true)),
        "inactive" => Some((false, false)),
        _ => None,
    };
    let of = |attributes: &[sdp_types::Attribute]| attributes.iter().find_map(|attribute| named(&attribute.attribute));
    of(&media.attributes).or_else(|| of(&session.attributes)).unwrap_or((true, true))
}

/// RFC 3605: `a=rtcp:53020` or `a=rtcp:53020 IN IP4 126.16.64.4`; else the next port.
fn rtcp(media: &Media, remote: SocketAddr) -> SocketAddr {
    let next = SocketAddr::new(remote.ip(), remote.port().saturating_add(1));
    let Some(value) = value(media, "rtcp") else { return next };
    let mut words = value.split_ascii_whitespace();
    let Some(port) = words.next().and_then(|word| word.parse().ok()).filter(|port| *port != 0) else { return next };
    let address = words.nth(2).and_then(|word| word.parse::<IpAddr>().ok()).map(|ip| ip.to_canonical());
    let address = address.filter(|ip| ip.is_ipv4() == remote.is_ipv4()).unwrap_or(remote.ip());
    SocketAddr::new(address, port)
}

/// RFC 3611 §5.1: `a=rtcp-xr:rcvr-rtt=all:10 voip-metrics`; the media's overrides the session's. What else it asks for is not ours to give.
fn extended_reports(session: &Session, media: &Media) -> ExtendedReports {
    let of = |attributes: &[sdp_types::Attribute]| {
        let attribute = attributes.iter().find(|attribute| attribute.attribute.eq_ignore_ascii_case("rtcp-xr"))?;
        let words = || attribute.value.as_deref().unwrap_or_default().split_ascii_whitespace().map(|word| word.split('=').next());
        let asks = |name: &str| words().any(|word| word.is_some_and(|word| word.eq_ignore_ascii_case(name)));
        Some(ExtendedReports { metrics: asks("voip-metrics"), round_trip: asks("rcvr-rtt") })
    };
    of(&media.attributes).or_else(|| of(&session.attributes)).unwrap_or_default()
}

fn formats(media: &Media) -> Vec<Format> {
    let listed = media.fmt.split_ascii_whitespace().filter_map(|word| word.parse().ok()).filter(|number| *number < 128);
    let mut formats: Vec<Format> = Vec::new();
    for payload_type in listed {
        if formats.iter().any(|format| format.payload_type == payload_type) {
            continue;
        }
        let kind = mapped(media, payload_type).unwrap_or(match payload_type {
            0 => Kind::Voice(Codec::Pcmu),
            8 => Kind::Voice(Codec::Pcma),
            9 => Kind::Voice(Codec::G722),
            13 => Kind::ComfortNoise,
            _ => Kind::Unknown,
        });
        let opus = of_type(media, "fmtp", payload_type).map(wishes).unwrap_or_default();
        formats.push(Format { payload_type, kind, opus });
    }
    formats
}

/// RFC 7587 §6.1: `useinbandfec=1; maxaveragebitrate=16000`. What is out of range, or not known, is not there.
fn wishes(parameters: &str) -> OpusWishes {
    let mut wishes = OpusWishes::default();
    for (name, value) in parameters.split(';').filter_map(|parameter| parameter.trim().split_once('=')) {
        let number = value.trim().parse::<u32>().unwrap_or(0);
        match name.trim().to_ascii_lowercase().as_str() {
            "useinbandfec" => wishes.fec = number == 1,
            "usedtx" => wishes.dtx = number == 1,
            "cbr" => wishes.constant_rate = number == 1,
            "maxaveragebitrate" if (6_000..=510_000).contains(&number) => wishes.bit_rate_max = Some(number),
            "maxplaybackrate" if (8_000..=48_000).contains(&number) => wishes.playback_rate_max = number,
            _ => {}
        }
    }
    wishes
}

/// What `a=rtpmap` says of a payload type: `opus/48000/2`.
fn mapped(media: &Media, payload_type: u8) -> Option<Kind> {
    let mut parts = of_type(media, "rtpmap", payload_type)?.trim().split('/');
    let name = parts.next()?.trim().to_ascii_lowercase();
    let clock = parts.next().and_then(|clock| clock.trim().parse::<u32>().ok())?;
    let mono = parts.next().is_none_or(|channels| channels.trim() == "1");
    Some(match (name.as_str(), clock) {
        ("pcmu", 8_000) if mono => Kind::Voice(Codec::Pcmu),
        ("pcma", 8_000) if mono => Kind::Voice(Codec::Pcma),
        // RFC 3551 §4.5.2: 8,000 by an old mistake that stays.
        ("g722", 8_000) if mono => Kind::Voice(Codec::G722),
        // RFC 7587 §7: always written opus/48000/2, whatever is sent; some leave the channels out.
        ("opus", 48_000) => Kind::Voice(Codec::Opus),
        ("telephone-event", clock) => Kind::Event(clock),
        ("cn", _) => Kind::ComfortNoise,
        _ => Kind::Unknown,
    })
}

/// The rest of `a=NAME:PAYLOAD-TYPE rest`.
fn of_type<'a>(media: &'a Media, name: &str, payload_type: u8) -> Option<&'a str> {
    media.attributes.iter().filter(|attribute| attribute.attribute.eq_ignore_ascii_case(name)).find_map(|attribute| {
        let (number, rest) = attribute.value.as_deref()?.trim_start().split_once([' ', '\t'])?;
        (number.parse() == Ok(payload_type)).then_some(rest)
    })
}

fn value<'a>(media: &'a Media, name: &'a str) -> Option<&'a str> {
    values(media, name).next()
}

fn values<'a>(media: &'a Media, name: &'a str) -> impl Iterator<Item = &'a str> {
    let named = media.attributes.iter().filter(move |attribute| attribute.attribute.eq_ignore_ascii_case(name));
    named.filter_map(|attribute| attribute.value.as_deref().map(str::trim))
}

fn number(session: &Session, media: &Media, name: &str) -> Option<u16> {
    let named = |attributes: &[sdp_types::Attribute]| {
        let attribute = attributes.iter().find(|attribute| attribute.attribute.eq_ignore_ascii_case(name))?;
        // Some phones write 20.0.
        attribute.value.as_deref()?.trim().split('.').next()?.parse().ok()
    };
    named(&media.attributes).or_else(|| named(&session.attributes))
}
