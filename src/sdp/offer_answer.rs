//! The three steps of RFC 3264: what we offer, how we answer, what an answer to our offer settles.

use super::crypto::{self, Terms};
use super::description::{self, Kind, Stream};
use super::layout::{Layout, LayoutLine};
use super::{Direction, Local, Negotiated, SdpError};
use crate::base::srtp::{SrtpKeys, SrtpPolicy};
use crate::base::{Codec, ExtendedReports, OpusWishes, OtherCodec};
use sdp_types::{Attribute, Connection, Media, Origin, Session, Time};
use std::net::IpAddr;

/// Its number where the clock is 8 kHz (RFC 3389 §6).
const COMFORT_NOISE: u8 = 13;
/// Of telephone-event with G.711 and G.722.
const EVENT_CLOCK: u32 = 8_000;
/// Packet times we send: a multiple of 20 ms up to this.
const PTIME_MAX: u16 = 60;

/// What one line of ours says: payload types with their meaning, in order.
struct OurLine {
    formats: Vec<(u8, Kind)>,
    direction: Direction,
    rtcp_mux: bool,
    /// Values of its `a=crypto` lines.
    crypto: Vec<String>,
    extended_reports: ExtendedReports,
}

/// All we can do, in our order of preference; every line of earlier rounds is repeated in its place (RFC 3264 §8).
#[must_use]
pub fn offer(local: &Local) -> Vec<u8> {
    offer_over(local, local.protection.policy == SrtpPolicy::Required)
}

/// The same, for a peer that refused it though it may be encrypted: some take such an offer only where its transport says so. `None` where
/// that would be no other offer.
#[must_use]
pub fn offer_secured(local: &Local) -> Option<Vec<u8>> {
    (local.protection.policy == SrtpPolicy::Optional).then(|| offer_over(local, true))
}

fn offer_over(local: &Local, secured: bool) -> Vec<u8> {
    let types = local.layout.types;
    let mut formats: Vec<(u8, Kind)> = local.codecs.iter().map(|codec| (types.of_codec(*codec), Kind::Voice(*codec))).collect();
    for clock in event_clocks(&local.codecs).filter(|_| local.events) {
        formats.push((types.of_event(clock), Kind::Event(clock)));
    }
    if local.comfort_noise && local.codecs.iter().any(|codec| codec.clock_rate() == 8_000) {
        formats.push((COMFORT_NOISE, Kind::ComfortNoise));
    }
    let ours = OurLine {
        formats,
        direction: local.direction,
        rtcp_mux: true,
        crypto: crypto::offered(&local.protection),
        extended_reports: local.extended_reports,
    };
    if secured {
        write(local, &local.layout.clone().over(&crypto::secured(local.layout.transport())), &ours)
    } else {
        write(local, &local.layout, &ours)
    }
}

/// Answers an offer: the first audio line that we can speak is taken, all others are refused with port 0 (RFC 3264 §6); the offer's
/// payload types are used again.
///
/// # Errors
/// [`SdpError::status`] is the SIP answer: 400 for what is no description, 488 when no line can be taken.
pub fn answer(offer: &[u8], local: &Local) -> Result<(Vec<u8>, Negotiated), SdpError> {
    let lines = description::read(offer)?;
    let streams = || lines.iter().enumerate().filter_map(|(index, line)| Some((index, line.stream.as_ref()?)));
    let reached = || streams().filter(|(_, stream)| reaches(stream, local));
    let spoken = reached().filter_map(|(index, stream)| Some((index, stream, choose(stream, &local.codecs)?)));
    // What is encrypted goes before what is not, wherever it stands.
    let mut chosen = None;
    let mut refused = match (streams().next(), reached().next()) {
        (None, _) => "no audio over RTP is offered",
        (Some(_), None) => "no address family in common",
        _ => "no codec in common",
    };
    for (index, stream, codec) in spoken {
        match crypto::answered(stream, &local.protection) {
            Some(Terms::Encrypted(keys, line)) => {
                chosen = Some((index, stream, codec, Some((keys, line))));
                break;
            }
            Some(Terms::Plain) => chosen = chosen.or(Some((index, stream, codec, None))),
            None if local.protection.policy == SrtpPolicy::Required => refused = crypto::REQUIRED,
            None => refused = "no encryption in common",
        }
    }
    let Some((chosen, stream, (codec, payload_type), encryption)) = chosen else { return Err(SdpError::NotAcceptable(refused)) };
    let event = event_type(stream, codec).filter(|_| local.events);
    let direction = Direction { send: local.direction.send && stream.receives, receive: local.direction.receive && stream.sends };
    let layout = Layout::dictated(&lines, chosen, local.layout.types, &stream.formats);
    let mut formats = vec![(payload_type, Kind::Voice(codec))];
    formats.extend(event.map(|(number, clock)| (number, Kind::Event(clock))));
    formats.extend(takes_comfort_noise(stream, codec).then_some((COMFORT_NOISE, Kind::ComfortNoise)));
    let (srtp, crypto) = encryption.map_or((None, Vec::new()), |(keys, line)| (Some(keys), vec![line]));
    let extended_reports = stream.extended_reports;
    let body = write(local, &layout, &OurLine { formats, direction, rtcp_mux: stream.rtcp_mux, crypto, extended_reports });
    let settled = Negotiated {
        send_payload_type: payload_type,
        receive_payload_type: payload_type,
        send_event_type: event.map(|(number, _)| number),
        receive_event_type: event.map(|(number, _)| number),
        event_clock: event_clock(event, codec),
        common: local.codecs.iter().copied().filter(|codec| number_of(stream, *codec).is_some()).collect(),
        hold: !stream.receives,
        extended_reports,
        ..settle(stream, codec, payload_type, direction, local, layout, srtp)
    };
    Ok((body, settled))
}

/// Answers a later offer that takes the audio stream away (port 0, RFC 3264 §8.2), as some phones spell hold: the stream is as it was when
/// one comes that brings it back. `None` for any other offer.
#[must_use]
pub fn set_aside(offer: &[u8], settled: &Negotiated, local: &Local) -> Option<(Vec<u8>, Negotiated)> {
    let lines = description::read(offer).ok()?;
    let audio = lines.get(settled.layout.ours()).filter(|line| line.is_off)?;
    if !audio.media.eq_ignore_ascii_case("audio") || lines.iter().any(|line| line.stream.is_some()) {
        return None;
    }
    let layout = Layout::refused(&lines, local.layout.types);
    let nothing = OurLine {
        formats: Vec::new(),
        direction: Direction::INACTIVE,
        rtcp_mux: false,
        crypto: Vec::new(),
        extended_reports: ExtendedReports::default(),
    };
    let settled = Negotiated { hold: true, direction: Direction::INACTIVE, ..settled.clone() };
    Some((write(local, &layout, &nothing), settled))
}

/// Where an offer's audio streams want to hear: by it the family of our address is chosen.
#[must_use]
pub fn addresses(offer: &[u8]) -> Vec<IpAddr> {
    let lines = description::read(offer).unwrap_or_default();
    lines.iter().filter_map(|line| Some(line.stream.as_ref()?.remote.ip())).collect()
}

/// Sound crosses from one address family to the other through us, not on one leg. An unspecified address says hold (RFC 3264 §8.4), of
/// whatever family.
fn reaches(stream: &Stream, local: &Local) -> bool {
    stream.remote.ip().is_unspecified() || stream.remote.is_ipv4() == local.address.is_ipv4()
}

/// What the peer's answer to `offer(offered)` settles. Of several codecs answered the first is meant, and any may come (RFC 3264 §7).
///
/// # Errors
/// The peer refused the stream, or answered with what was not offered, or not readably.
pub fn accept(answer: &[u8], offered: &Local) -> Result<Negotiated, SdpError> {
    let lines = description::read(answer)?;
    let stream = lines.get(offered.layout.ours()).and_then(|line| line.stream.as_ref());
    let stream = stream.ok_or(SdpError::NotAcceptable("the answer refuses the audio stream"))?;
    if !reaches(stream, offered) {
        return Err(SdpError::NotAcceptable("the answer has no address of the offer's family"));
    }
    let first = stream.formats.iter().find_map(|format| match format.kind {
        Kind::Voice(codec) if offered.codecs.contains(&codec) => Some((codec, format.payload_type)),
        _ => None,
    });
    let (codec, answered_type) = first.ok_or(SdpError::NotAcceptable("the answer has no codec that was offered"))?;
    let types = offered.layout.types;
    let direction = Direction { send: offered.direction.send && stream.receives, receive: offered.direction.receive && stream.sends };
    let event = event_type(stream, codec).filter(|_| offered.events);
    let srtp = crypto::accepted(stream, offered)?;
    let proto = &lines[offered.layout.ours()].proto;
    let layout = offered.layout.clone().over(proto);
    Ok(Negotiated {
        others: others(stream, codec, offered),
        // RFC 3264 §7: each side sends with the numbers that the other listed.
        send_payload_type: answered_type,
        receive_payload_type: types.of_codec(codec),
        send_event_type: event.map(|(number, _)| number),
        receive_event_type: event.map(|(_, clock)| types.of_event(clock)),
        event_clock: event_clock(event, codec),
        hold: offered.direction.send && !stream.receives,
        extended_reports: if offered.extended_reports == ExtendedReports::default() {
            offered.extended_reports
        } else {
            stream.extended_reports
        },
        ..settle(stream, codec, answered_type, direction, offered, layout, srtp)
    })
}

/// What an answer lists of our offer beside `spoken`.
fn others(stream: &Stream, spoken: Codec, offered: &Local) -> Vec<OtherCodec> {
    let is_other = |codec: &&Codec| **codec != spoken;
    let other = |codec: &Codec| {
        let (codec, types) = (*codec, offered.layout.types);
        let format = stream.formats.iter().find(|format| format.kind == Kind::Voice(codec))?;
        let event = event_type(stream, codec).filter(|_| offered.events);
        Some(OtherCodec {
            codec,
            send_payload_type: format.payload_type,
            receive_payload_type: types.of_codec(codec),
            send_event_type: event.map(|(number, _)| number),
            receive_event_type: event.map(|(_, clock)| types.of_event(clock)),
            event_clock: event_clock(event, codec),
            comfort_noise: takes_comfort_noise(stream, codec),
            opus: if codec == Codec::Opus { format.opus } else { OpusWishes::default() },
        })
    };
    offered.codecs.iter().filter(is_other).filter_map(other).collect()
}

/// What offer and answer have in common to say of the peer's stream.
fn settle(
    stream: &Stream,
    codec: Codec,
    payload_type: u8,
    direction: Direction,
    local: &Local,
    layout: Layout,
    srtp: Option<SrtpKeys>,
) -> Negotiated {
    let voice = stream.formats.iter().find(|format| format.payload_type == payload_type && format.kind == Kind::Voice(codec));
    let opus = voice.map(|format| format.opus).filter(|_| codec == Codec::Opus).unwrap_or_default();
    let comfort_noise = takes_comfort_noise(stream, codec);
    let tells_silence = codec != Codec::Opus && stream.formats.iter().any(|format| format.kind == Kind::ComfortNoise);
    Negotiated {
        remote: stream.remote,
        remote_rtcp: if stream.rtcp_mux { stream.remote } else { stream.remote_rtcp },
        rtcp_mux: stream.rtcp_mux,
        codec,
        common: vec![codec],
        others: Vec::new(),
        send_payload_type: payload_type,
        receive_payload_type: payload_type,
        send_event_type: None,
        receive_event_type: None,
        event_clock: None,
        direction,
        ptime: ptime(stream, local),
        silence_suppression: tells_silence || opus.dtx || stream.silence_suppression,
        comfort_noise,
        opus,
        hold: false,
        extended_reports: ExtendedReports::default(),
        layout,
        srtp,
    }
}

/// RFC 3389 §6: under the number 13 where the clock is 8 kHz; Opus has noise of its own.
fn takes_comfort_noise(stream: &Stream, codec: Codec) -> bool {
    codec.clock_rate() == 8_000
        && stream.formats.iter().any(|format| format.kind == Kind::ComfortNoise && format.payload_type == COMFORT_NOISE)
}

/// Our preference among what the peer lists: the codec and the peer's number for it.
fn choose(stream: &Stream, codecs: &[Codec]) -> Option<(Codec, u8)> {
    codecs.iter().find_map(|codec| Some((*codec, number_of(stream, *codec)?)))
}

fn number_of(stream: &Stream, codec: Codec) -> Option<u8> {
    stream.formats.iter().find(|format| format.kind == Kind::Voice(codec)).map(|format| format.payload_type)
}

/// RFC 4733 §2.1: events run on the clock of the audio they stand for. Phones that know one clock alone (baresip 1.0) list 8 kHz beside Opus
/// too, and press their keys on it: without it they had none.
fn event_type(stream: &Stream, codec: Codec) -> Option<(u8, u32)> {
    let at = |clock| stream.formats.iter().find(|format| format.kind == Kind::Event(clock)).map(|format| (format.payload_type, clock));
    at(codec.clock_rate()).or_else(|| at(EVENT_CLOCK))
}

fn event_clock(event: Option<(u8, u32)>, codec: Codec) -> Option<u32> {
    event.map(|(_, clock)| clock).filter(|clock| *clock != codec.clock_rate())
}

fn event_clocks(codecs: &[Codec]) -> impl Iterator<Item = u32> {
    [EVENT_CLOCK, 48_000].into_iter().filter(|clock| *clock == EVENT_CLOCK || codecs.iter().any(|codec| codec.clock_rate() == *clock))
}

fn ptime(stream: &Stream, local: &Local) -> u16 {
    let wanted = stream.ptime.unwrap_or(local.ptime).min(stream.maxptime.unwrap_or(u16::MAX));
    (wanted / 20 * 20).clamp(20, PTIME_MAX)
}

fn write(local: &Local, layout: &Layout, ours: &OurLine) -> Vec<u8> {
    let host = local.address.ip();
    let mut session = Session::new(Origin::with_ip_addr(local.session_id, local.version, host), "-");
    session.connection = Some(Connection::from_ip_addr(host));
    session.times.push(Time::new(0, 0));
    for line in &layout.lines {
        session.medias.push(match line {
            LayoutLine::Ours { proto } => our_media(local, proto, ours),
            LayoutLine::Refused { media, proto, formats } => media_line(media, 0, proto, formats),
        });
    }
    let mut body = Vec::with_capacity(512);
    session.write(&mut body).expect("a Vec takes every write");
    body
}

fn our_media(local: &Local, proto: &str, ours: &OurLine) -> Media {
    let numbers: Vec<String> = ours.formats.iter().map(|(number, _)| number.to_string()).collect();
    let mut media = media_line("audio", local.address.port(), proto, &numbers.join(" "));
    for (number, kind) in &ours.formats {
        let name = match kind {
            Kind::Voice(Codec::Pcmu) => "PCMU/8000",
            Kind::Voice(Codec::Pcma) => "PCMA/8000",
            Kind::Voice(Codec::G722) => "G722/8000",
            Kind::Voice(Codec::Opus) => "opus/48000/2",
            Kind::Event(48_000) => "telephone-event/48000",
            Kind::Event(_) => "telephone-event/8000",
            Kind::ComfortNoise => "CN/8000",
            Kind::Unknown => continue,
        };
        media.attributes.push(Attribute::with_value("rtpmap", format!("{number} {name}")));
        let parameters = match kind {
            Kind::Event(_) => "0-15".to_owned(),
            Kind::Voice(Codec::Opus) => fmtp(local.opus),
            _ => continue,
        };
        if !parameters.is_empty() {
            media.attributes.push(Attribute::with_value("fmtp", format!("{number} {parameters}")));
        }
    }
    for line in &ours.crypto {
        media.attributes.push(Attribute::with_value("crypto", line));
    }
    media.attributes.push(Attribute::with_value("ptime", local.ptime));
    if ours.rtcp_mux {
        media.attributes.push(Attribute::new("rtcp-mux"));
    }
    // What we are asked for we send, and ask for the same: whichever of the two receives alone needs the other's answers.
    let ExtendedReports { metrics, round_trip } = ours.extended_reports;
    let asked: Vec<&str> =
        [(round_trip, "rcvr-rtt=all"), (metrics, "voip-metrics")].into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect();
    if !asked.is_empty() {
        media.attributes.push(Attribute::with_value("rtcp-xr", asked.join(" ")));
    }
    media.attributes.push(Attribute::new(ours.direction.name()));
    media
}

/// RFC 7587 §6.1: what differs from what goes without saying.
fn fmtp(wishes: OpusWishes) -> String {
    let mut said = Vec::new();
    let mut say = |differs: bool, name: &str, value: u32| {
        if differs {
            said.push(format!("{name}={value}"));
        }
    };
    say(wishes.fec, "useinbandfec", 1);
    say(wishes.dtx, "usedtx", 1);
    say(wishes.constant_rate, "cbr", 1);
    say(wishes.bit_rate_max.is_some(), "maxaveragebitrate", wishes.bit_rate_max.unwrap_or_default());
    say(wishes.playback_rate_max < 48_000, "maxplaybackrate", wishes.playback_rate_max);
    said.join(";")
}

fn media_line(media: &str, port: u16, proto: &str, formats: &str) -> Media {
    Media {
        media: media.to_owned(),
        port,
        num_ports: None,
        proto: proto.to_owned(),
        fmt: formats.to_owned(),
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
