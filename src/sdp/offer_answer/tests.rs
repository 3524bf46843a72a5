//! Tables of descriptions as phones and carriers write them.

use super::*;
use crate::base::Rng;
use std::net::SocketAddr;

const ALL: [Codec; 3] = [Codec::Pcma, Codec::Pcmu, Codec::Opus];
const WIDE_FIRST: [Codec; 3] = [Codec::Opus, Codec::G722, Codec::Pcma];

fn local(codecs: &[Codec]) -> Local {
    Local::new("192.0.2.9:20000".parse().expect("an address"), codecs, 77)
}

fn sdp(lines: &str) -> Vec<u8> {
    let all = format!("v=0\no=alice 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n{lines}");
    all.trim_end().replace('\n', "\r\n").into_bytes().into_iter().chain(*b"\r\n").collect()
}

fn answered(lines: &str, codecs: &[Codec]) -> (String, Negotiated) {
    let (body, settled) = answer(&sdp(lines), &local(codecs)).expect("an acceptable offer");
    (String::from_utf8(body).expect("text"), settled)
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

#[test]
fn an_answer_lists_one_codec_and_its_events_in_the_offers_numbers() {
    let (body, settled) = answered(
        "m=audio 49170 RTP/AVP 96 0 8 97 98\na=rtpmap:96 opus/48000/2\na=fmtp:96 usedtx=1;useinbandfec=1\n\
         a=rtpmap:97 telephone-event/8000\na=rtpmap:98 telephone-event/48000\na=ptime:30",
        &ALL,
    );
    assert_eq!(
        body,
        "v=0\r\no=- 77 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8 97\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
    );
    assert_eq!((settled.codec, settled.send_payload_type, settled.receive_payload_type), (Codec::Pcma, 8, 8));
    assert_eq!((settled.send_event_type, settled.receive_event_type), (Some(97), Some(97)));
    assert_eq!((settled.remote, settled.remote_rtcp), (address("192.0.2.1:49170"), address("192.0.2.1:49171")));
    assert_eq!((settled.ptime, settled.silence_suppression, settled.hold), (20, false, false));

    let (body, settled) = answered(
        "m=audio 49170 RTP/AVP 0 96 97 98\na=rtpmap:96 OPUS/48000/2\na=fmtp:96 useinbandfec=1; usedtx=1\n\
         a=rtpmap:97 telephone-event/8000\na=rtpmap:98 telephone-event/48000",
        &[Codec::Opus, Codec::Pcmu],
    );
    assert!(
        body.contains(
            "m=audio 20000 RTP/AVP 96 98\r\na=rtpmap:96 opus/48000/2\r\na=fmtp:96 useinbandfec=1\r\na=rtpmap:98 telephone-event/48000\r\n"
        ),
        "{body}"
    );
    assert_eq!((settled.codec, settled.send_payload_type, settled.send_event_type), (Codec::Opus, 96, Some(98)));
    assert!(settled.silence_suppression, "usedtx=1 announces silence");
}

#[test]
fn a_phone_that_lists_keys_at_8_khz_alone_has_them_beside_opus() {
    let listed = "a=rtpmap:96 opus/48000/2\na=rtpmap:101 telephone-event/8000";
    let (body, settled) = answered(&format!("m=audio 49170 RTP/AVP 96 101\n{listed}"), &ALL);
    assert!(body.contains("RTP/AVP 96 101\r\n") && body.contains("a=rtpmap:101 telephone-event/8000\r\n"), "{body}");
    assert_eq!((settled.codec, settled.send_event_type, settled.receive_event_type), (Codec::Opus, Some(101), Some(101)));
    assert_eq!(settled.event_clock, Some(8_000));
    // The same in answer to our offer, under our number; and Opus alone is offered with both.
    let ours = local(&[Codec::Opus]);
    let offered = String::from_utf8(offer(&ours)).expect("text");
    assert!(offered.contains("telephone-event/8000") && offered.contains("telephone-event/48000"), "{offered}");
    let settled = accept(&sdp(&format!("m=audio 49170 RTP/AVP 96 101\n{listed}")), &ours).expect("an answer");
    let number = ours.layout.types.of_event(8_000);
    assert_eq!((settled.send_event_type, settled.receive_event_type, settled.event_clock), (Some(101), Some(number), Some(8_000)));
    // Who has both keeps to the audio's.
    let (_, settled) = answered(&format!("m=audio 49170 RTP/AVP 96 101 98\n{listed}\na=rtpmap:98 telephone-event/48000"), &ALL);
    assert_eq!((settled.send_event_type, settled.event_clock), (Some(98), None));
}

/// RFC 3611 §5.
#[test]
fn extended_reports_are_given_to_whoever_asks_and_asked_of_him() {
    for (asked, metrics, round_trip, said) in [
        ("a=rtcp-xr:rcvr-rtt=all:10 voip-metrics", true, true, Some("a=rtcp-xr:rcvr-rtt=all voip-metrics\r\n")),
        ("a=rtcp-xr:pkt-loss-rle=100 stat-summary=loss,dup VOIP-METRICS", true, false, Some("a=rtcp-xr:voip-metrics\r\n")),
        ("a=rtcp-xr:rcvr-rtt=sender", false, true, Some("a=rtcp-xr:rcvr-rtt=all\r\n")),
        ("a=rtcp-xr:pkt-dup-rle", false, false, None),
        ("a=rtcp-xr", false, false, None),
        ("a=sendrecv", false, false, None),
    ] {
        let (body, settled) = answered(&format!("m=audio 4000 RTP/AVP 8\n{asked}"), &ALL);
        assert_eq!(settled.extended_reports, ExtendedReports { metrics, round_trip }, "{asked}");
        assert_eq!(body.lines().find(|line| line.contains("rtcp-xr")).map(|line| format!("{line}\r\n")).as_deref(), said, "{asked}");
    }
    // Of the session it counts for the media that say nothing of it.
    let offer = sdp("a=rtcp-xr:voip-metrics\nm=audio 4000 RTP/AVP 8");
    let (_, settled) = answer(&offer, &local(&ALL)).expect("acceptable");
    assert!(settled.extended_reports.metrics);
    // What was settled is repeated in our own offers, and ends with an answer without.
    let again = Local { extended_reports: settled.extended_reports, layout: settled.layout, ..local(&ALL) };
    assert!(String::from_utf8(super::offer(&again)).expect("text").contains("a=rtcp-xr:voip-metrics\r\n"));
    let with = accept(&sdp("m=audio 4000 RTP/AVP 8\na=rtcp-xr:voip-metrics"), &again).expect("acceptable");
    let without = accept(&sdp("m=audio 4000 RTP/AVP 8"), &again).expect("acceptable");
    assert_eq!((with.extended_reports.metrics, without.extended_reports.metrics), (true, false));
    let unasked = accept(&sdp("m=audio 4000 RTP/AVP 8\na=rtcp-xr:voip-metrics"), &local(&ALL)).expect("acceptable");
    assert_eq!(unasked.extended_reports, ExtendedReports::default(), "nobody asked us");
    assert!(!String::from_utf8(super::offer(&local(&ALL))).expect("text").contains("rtcp-xr"));
}

/// Hold in all its spellings (RFC 3264 §8.4, RFC 2543), and what is not hold.
#[test]
fn direction_is_mirrored_and_every_hold_is_seen() {
    let cases = [
        ("m=audio 4000 RTP/AVP 8", "sendrecv", false),
        ("m=audio 4000 RTP/AVP 8\na=sendrecv", "sendrecv", false),
        ("m=audio 4000 RTP/AVP 8\na=sendonly", "recvonly", true),
        ("m=audio 4000 RTP/AVP 8\na=SendOnly", "recvonly", true),
        ("m=audio 4000 RTP/AVP 8\na=recvonly", "sendonly", false),
        ("m=audio 4000 RTP/AVP 8\na=inactive", "inactive", true),
        ("a=sendonly\nm=audio 4000 RTP/AVP 8", "recvonly", true),
        ("a=inactive\nm=audio 4000 RTP/AVP 8\na=sendrecv", "sendrecv", false),
        ("m=audio 4000 RTP/AVP 8\nc=IN IP4 0.0.0.0", "recvonly", true),
        ("m=audio 4000 RTP/AVP 8\nc=IN IP4 0.0.0.0\na=sendonly", "recvonly", true),
        ("m=audio 4000 RTP/AVP 8\nc=IN IP4 0.0.0.0\na=inactive", "inactive", true),
        ("m=audio 4000 RTP/AVP 8\nc=IN IP6 ::", "recvonly", true),
    ];
    for (lines, expected, hold) in cases {
        let (body, settled) = answered(lines, &ALL);
        assert!(body.ends_with(&format!("a={expected}\r\n")), "{lines}: {body}");
        assert_eq!((settled.direction.name(), settled.hold), (expected, hold), "{lines}");
    }
    let zero = String::from_utf8(sdp("m=audio 4000 RTP/AVP 8")).expect("text").replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0");
    assert!(answer(zero.as_bytes(), &local(&ALL)).expect("held").1.hold, "0.0.0.0 at session level");
}

/// RFC 3264 §8.2.
#[test]
fn a_stream_that_is_taken_away_is_answered_so_and_may_come_back() {
    let (_, settled) = answered("m=audio 4000 RTP/AVP 8", &ALL);
    let aside = |lines: &str| set_aside(&sdp(lines), &settled, &local(&ALL));
    let (body, held) = aside("m=audio 0 RTP/AVP 8").expect("a hold");
    let body = String::from_utf8(body).expect("text");
    assert!(body.ends_with("t=0 0\r\nm=audio 0 RTP/AVP 8\r\n"), "{body}");
    assert_eq!((held.hold, held.direction, held.remote), (true, Direction::INACTIVE, settled.remote));
    for other in
        ["m=audio 4000 RTP/AVP 8", "m=audio 4000 RTP/AVP 18", "m=video 0 RTP/AVP 31", "m=audio 0 RTP/AVP 8\nm=audio 4002 RTP/AVP 8", ""]
    {
        assert!(aside(other).is_none(), "{other}");
    }
    let again = Local { layout: held.layout, ..local(&ALL) };
    let (_, back) = answer(&sdp("m=audio 4000 RTP/AVP 8"), &again).expect("it is back");
    assert!(!back.hold && back.direction == Direction::SENDRECV);
}

#[test]
fn every_line_is_answered_and_what_we_do_not_speak_has_port_zero() {
    let (body, settled) = answered(
        "m=video 5000 RTP/AVP 31 99\nc=IN IP4 192.0.2.2\na=rtpmap:99 H264/90000\nm=audio 0 RTP/AVP 8\nm=audio 5002 RTP/SAVP 8\n\
         m=audio 5004 RTP/AVPF 8\nm=audio 5006 RTP/AVP 0\nm=application 5008 UDP/DTLS/SCTP webrtc-datachannel",
        &ALL,
    );
    let lines: Vec<&str> = body.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(
        lines,
        [
            "m=video 0 RTP/AVP 31 99",
            "m=audio 0 RTP/AVP 8",
            "m=audio 0 RTP/SAVP 8",
            "m=audio 20000 RTP/AVPF 8",
            "m=audio 0 RTP/AVP 0",
            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
        ]
    );
    assert_eq!(settled.remote, address("192.0.2.1:5004"));
    // RFC 3264 §8: our own next offer keeps all six lines in their places.
    let again = offer(&Local { layout: settled.layout, version: 2, ..local(&ALL) });
    let again = String::from_utf8(again).expect("text");
    assert_eq!(again.lines().filter(|line| line.starts_with("m=")).count(), 6);
    assert!(again.contains("o=- 77 2 IN IP4 192.0.2.9\r\n") && again.contains("m=audio 20000 RTP/AVPF 8 0 111 101 110\r\n"), "{again}");
}

#[test]
fn refusals_say_whose_fault_it_is() {
    let cases = [
        ("m=audio 4000 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc", 488),
        ("m=audio 9 UDP/TLS/RTP/SAVPF 111\na=rtpmap:111 opus/48000/2", 488),
        ("m=audio 4000 RTP/AVP 18 4", 488),
        ("m=audio 4000 RTP/AVP 96\na=rtpmap:96 PCMA/16000", 488),
        ("m=audio 4000 RTP/AVP 8\na=rtpmap:8 G729/8000", 488),
        ("m=audio 0 RTP/AVP 8", 488),
        ("m=video 4000 RTP/AVP 31", 488),
        ("m=image 4000 udptl t38", 488),
        ("", 488),
        ("m=audio 4000 RTP/AVP 8\nc=IN IP4 224.2.1.1/127", 488),
        ("m=audio 4000 RTP/AVP 8\nc=IN IP4 phone.example.com", 488),
        ("m=audio 70000 RTP/AVP 8", 400),
        ("m=audio x RTP/AVP 8", 400),
        ("m=audio", 400),
        ("c=IN\nm=audio 4000 RTP/AVP 8", 400),
    ];
    for (lines, status) in cases {
        let refused = answer(&sdp(lines), &local(&ALL)).expect_err(lines);
        assert_eq!(refused.status(), status, "{lines}: {refused}");
    }
    for (body, status) in [(&b""[..], 400), (b"hello", 400), (b"<xml/>", 400), (&[0xFF; 64], 400)] {
        assert_eq!(answer(body, &local(&ALL)).expect_err("no description").status(), status);
    }
    let crowd = "m=video 0 RTP/AVP 31\n".repeat(40);
    assert_eq!(answer(&sdp(&crowd), &local(&ALL)).expect_err("a crowd").status(), 488);
}

/// Nineteen ways in which valid, or nearly valid, descriptions differ from the book.
#[test]
fn odd_descriptions_are_taken() {
    let audio = "m=audio 4000 RTP/AVP 8";
    let head = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n";
    let odd: [Vec<u8>; 19] = [
        format!("{head}{audio}").into_bytes(),
        format!("{head}{audio}\r\n").replace("\r\n", "\n").into_bytes(),
        format!("{head}{audio}\r\n").replace("\r\n", "\r").into_bytes(),
        format!("{head}{audio}\r\n\r\n\r\n").into_bytes(),
        format!("{head}m=audio  4000   RTP/AVP 8 \r\n").into_bytes(),
        format!("{head}m=audio 4000/2 RTP/AVP 8\r\n").into_bytes(),
        format!("{head}m=AUDIO 4000 rtp/avp 8\r\n").into_bytes(),
        format!("{head}{audio} 8 300 x\r\n").into_bytes(),
        format!("{head}{audio}\r\na=\r\na=rtpmap:8\r\na=rtpmap:\r\na=ptime:abc\r\na=rtcp:\r\n").into_bytes(),
        format!("{head}{audio}\r\na=rtpmap:8 pcma/8000/1\r\n").into_bytes(),
        format!("{head}b=TIAS:x\r\nb=X-YZ:1\r\nk=prompt\r\nz=oops\r\n{audio}\r\n").into_bytes(),
        format!("{head}{audio}\r\nx=unknown\r\ny\r\n=z\r\n").into_bytes(),
        format!("v=0\r\n{audio}\r\nc=IN IP4 192.0.2.1\r\n").into_bytes(),
        format!("v=0\r\no=my phone 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\n{audio}\r\n").into_bytes(),
        format!("v=0\r\no=- 99999999999999999999999 1 IN IP4 h\r\nc=IN IP4 192.0.2.1\r\n{audio}\r\n").into_bytes(),
        [b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=\xB2\xE2\xCA\xD4\r\nc=IN IP4 192.0.2.1\r\n", audio.as_bytes(), b"\r\n"].concat(),
        format!("{head}{audio}\r\na=candidate:1 1 UDP 2130706431 10.0.0.1 4000 typ host\r\na=mid:0\r\n").into_bytes(),
        format!("{head}{audio}\r\na=ptime:20.0\r\na=maxptime:240\r\n").into_bytes(),
        format!("{head}i=info\r\nu=http://x/\r\ne=a@b\r\np=+1 2\r\nr=7d 1h 0 25h\r\n{audio}\r\ni=title\r\n").into_bytes(),
    ];
    for body in odd {
        let text = String::from_utf8_lossy(&body).into_owned();
        let (_, settled) = answer(&body, &local(&ALL)).unwrap_or_else(|error| panic!("{error}: {text:?}"));
        assert_eq!((settled.remote, settled.codec), (address("192.0.2.1:4000"), Codec::Pcma), "{text:?}");
    }
}

#[test]
fn rtcp_goes_where_the_peer_wants_it() {
    let cases = [
        ("", "192.0.2.1:4001", false),
        ("a=rtcp:53020", "192.0.2.1:53020", false),
        ("a=rtcp:53020 IN IP4 198.51.100.7", "198.51.100.7:53020", false),
        ("a=rtcp:0", "192.0.2.1:4001", false),
        ("a=rtcp-mux", "192.0.2.1:4000", true),
        ("a=rtcp:53020\na=rtcp-mux", "192.0.2.1:4000", true),
    ];
    for (attribute, rtcp, mux) in cases {
        let (body, settled) = answered(&format!("m=audio 4000 RTP/AVP 8\n{attribute}"), &ALL);
        assert_eq!((settled.remote_rtcp, settled.rtcp_mux), (address(rtcp), mux), "{attribute}");
        assert_eq!(body.contains("a=rtcp-mux\r\n"), mux, "RFC 5761 §5.1.1: only what was offered is agreed");
    }
}

#[test]
fn packet_times_and_announced_silence() {
    for (attributes, ptime) in [("", 20), ("a=ptime:10", 20), ("a=ptime:40", 40), ("a=ptime:200", 60), ("a=ptime:60\na=maxptime:40", 40)] {
        assert_eq!(answered(&format!("m=audio 4000 RTP/AVP 8\n{attributes}"), &ALL).1.ptime, ptime, "{attributes}");
    }
    for (lines, quiet) in [
        ("m=audio 4000 RTP/AVP 8", false),
        ("m=audio 4000 RTP/AVP 8 13", true),
        ("m=audio 4000 RTP/AVP 8 99\na=rtpmap:99 CN/8000", true),
        ("m=audio 4000 RTP/AVP 8\na=silenceSupp:on - - - -", true),
        ("m=audio 4000 RTP/AVP 8\na=silenceSupp:off - - - -", false),
    ] {
        assert_eq!(answered(lines, &ALL).1.silence_suppression, quiet, "{lines}");
    }
}

/// RFC 3551 §4.5.2, RFC 3389, RFC 7587 §6.1: what is asked for is answered in its own words, and kept to.
#[test]
fn wideband_comfort_noise_and_the_wishes_of_opus() {
    let (body, settled) = answered("m=audio 4000 RTP/AVP 0 9 13 101\na=rtpmap:101 telephone-event/8000", &WIDE_FIRST);
    assert!(
        body.contains("m=audio 20000 RTP/AVP 9 101 13\r\na=rtpmap:9 G722/8000\r\n") && body.contains("a=rtpmap:13 CN/8000\r\n"),
        "{body}"
    );
    assert_eq!((settled.codec, settled.send_payload_type, settled.comfort_noise), (Codec::G722, 9, true));
    for (lines, agreed) in [
        ("m=audio 4000 RTP/AVP 8 99\na=rtpmap:99 CN/8000", false),
        ("m=audio 4000 RTP/AVP 96 13\na=rtpmap:96 opus/48000/2", false),
        ("m=audio 4000 RTP/AVP 8", false),
        ("m=audio 4000 RTP/AVP 8 13", true),
    ] {
        let (body, settled) = answered(lines, &WIDE_FIRST);
        assert_eq!((settled.comfort_noise, body.contains("CN/8000")), (agreed, agreed), "{lines}");
    }
    let wishes =
        |parameters: &str| answered(&format!("m=audio 4000 RTP/AVP 96\na=rtpmap:96 opus/48000/2\n{parameters}"), &WIDE_FIRST).1.opus;
    assert_eq!(
        wishes("a=fmtp:96 UseInbandFEC=1; usedtx = 1;cbr=1; maxaveragebitrate=20000;maxplaybackrate=16000;sprop-stereo=1"),
        OpusWishes { fec: true, dtx: true, constant_rate: true, bit_rate_max: Some(20_000), playback_rate_max: 16_000 }
    );
    for nonsense in [
        "",
        "a=fmtp:96 maxaveragebitrate=5;maxplaybackrate=99999999999",
        "a=fmtp:97 cbr=1",
        "a=fmtp:96 ;;=;useinbandfec",
        "a=fmtp:96 cbr=2",
    ] {
        assert_eq!(wishes(nonsense), OpusWishes::default(), "{nonsense}");
    }
    // What one leg wishes is asked of the other, in words that read back the same.
    let wished = OpusWishes { fec: true, dtx: true, constant_rate: true, bit_rate_max: Some(16_000), playback_rate_max: 8_000 };
    let asked = Local { opus: wished, comfort_noise: true, ..local(&WIDE_FIRST) };
    let body = offer(&asked);
    let (_, heard) = answer(&body, &local(&[Codec::Opus])).expect("acceptable");
    assert_eq!(heard.opus, wished, "{}", String::from_utf8_lossy(&body));
    let (_, heard) = answer(&body, &local(&[Codec::G722])).expect("acceptable");
    assert!(heard.comfort_noise && heard.opus == OpusWishes::default(), "wishes of Opus are nothing to G.722");
}

#[test]
fn ipv6_both_ways() {
    let ours = Local::new(address("[2001:db8::9]:20000"), &ALL, 1);
    let theirs = b"v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let (body, settled) = answer(theirs, &ours).expect("acceptable");
    assert_eq!(settled.remote, address("[2001:db8::1]:4000"));
    let body = String::from_utf8(body).expect("text");
    assert!(body.contains("o=- 1 1 IN IP6 2001:db8::9\r\n") && body.contains("c=IN IP6 2001:db8::9\r\n"), "{body}");
}

#[test]
fn our_offer_and_what_an_answer_settles() {
    let ours = local(&ALL);
    let body = String::from_utf8(offer(&ours)).expect("text");
    assert_eq!(
        body,
        "v=0\r\no=- 77 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8 0 111 101 110\r\n\
         a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\na=rtpmap:101 telephone-event/8000\r\n\
         a=fmtp:101 0-15\r\na=rtpmap:110 telephone-event/48000\r\na=fmtp:110 0-15\r\na=ptime:20\r\na=rtcp-mux\r\na=sendrecv\r\n"
    );
    // The answerer may number dynamic types anew: it sends with ours, we send with its (RFC 3264 §7).
    let settled =
        accept(&sdp("m=audio 6000 RTP/AVP 120 121 8\na=rtpmap:120 opus/48000/2\na=rtpmap:121 telephone-event/48000\na=rtcp-mux"), &ours);
    let settled = settled.expect("a good answer");
    assert_eq!((settled.codec, settled.send_payload_type, settled.receive_payload_type), (Codec::Opus, 120, 111));
    assert_eq!((settled.send_event_type, settled.receive_event_type, settled.rtcp_mux), (Some(121), Some(110), true));

    for (lines, expected) in
        [("m=audio 0 RTP/AVP 8", None), ("m=audio 6000 RTP/AVP 18", None), ("m=audio 6000 RTP/AVP 0", Some(Codec::Pcmu))]
    {
        assert_eq!(accept(&sdp(lines), &ours).ok().map(|settled| settled.codec), expected, "{lines}");
    }
    assert!(accept(&sdp("m=audio 6000 RTP/AVP 8"), &local(&[Codec::Pcmu])).is_err(), "a codec that was never offered");
}

#[test]
fn what_an_answer_lists_besides_may_come_too() {
    let body = sdp(
        "m=audio 6000 RTP/AVP 8 120 0 101 121\na=rtpmap:120 opus/48000/2\na=rtpmap:121 telephone-event/48000\na=rtpmap:101 telephone-event/8000",
    );
    let settled = accept(&body, &local(&[Codec::Opus, Codec::Pcma, Codec::Pcmu])).expect("acceptable");
    let others: Vec<_> = settled.others.iter().map(|other| (other.codec, other.send_payload_type, other.receive_payload_type)).collect();
    assert_eq!((settled.codec, others), (Codec::Pcma, vec![(Codec::Opus, 120, 111), (Codec::Pcmu, 0, 0)]));
    let opus = &settled.others[0];
    assert_eq!((opus.send_event_type, opus.event_clock, settled.send_event_type), (Some(121), None, Some(101)));
    // Of an offer one is taken, and no other is meant.
    assert!(answered("m=audio 49170 RTP/AVP 0 8", &ALL).1.others.is_empty());
}

#[test]
fn our_own_hold_is_not_taken_for_the_peers() {
    let ours = Local { direction: Direction::SENDONLY, ..local(&ALL) };
    let settled = accept(&sdp("m=audio 6000 RTP/AVP 8\na=recvonly"), &ours).expect("a good answer");
    assert_eq!((settled.direction, settled.hold), (Direction::SENDONLY, false));
    let ours = Local { direction: Direction::INACTIVE, ..local(&ALL) };
    assert!(!accept(&sdp("m=audio 6000 RTP/AVP 8\na=inactive"), &ours).expect("a good answer").hold);
    assert!(accept(&sdp("m=audio 6000 RTP/AVP 8\na=inactive"), &local(&ALL)).expect("a good answer").hold);
}

/// RFC 3264 §8.3.2: a payload type keeps its meaning, so our next offer uses the peer's numbers and avoids those it gave to others.
#[test]
fn later_offers_keep_the_meaning_of_payload_types() {
    let (_, settled) = answered(
        "m=audio 4000 RTP/AVP 8 101 111 96\na=rtpmap:101 opus/48000/2\na=rtpmap:111 AMR/8000\na=rtpmap:96 telephone-event/8000",
        &ALL,
    );
    let body = String::from_utf8(offer(&Local { layout: settled.layout, ..local(&ALL) })).expect("text");
    assert!(body.contains("RTP/AVP 8 0 101 96 110\r\n") && body.contains("a=rtpmap:101 opus"), "{body}");
    let (_, settled) = answered("m=audio 4000 RTP/AVP 8 111 110\na=rtpmap:111 AMR/8000\na=rtpmap:110 EVS/16000", &ALL);
    let body = String::from_utf8(offer(&Local { layout: settled.layout, ..local(&ALL) })).expect("text");
    assert!(body.contains("RTP/AVP 8 0 96 101 97\r\n"), "{body}");
}

#[test]
fn ten_thousand_mutations_are_answered_whole_or_refused() {
    let seeds = [
        sdp(
            "m=audio 49170 RTP/AVP 96 0 8 97\na=rtpmap:96 opus/48000/2\na=fmtp:96 usedtx=1\na=rtpmap:97 telephone-event/8000\na=rtcp:53020 IN IP4 192.0.2.5\na=rtcp-mux\na=ptime:20",
        ),
        sdp("a=sendonly\nm=video 5000 RTP/AVP 31\nm=audio 5004/2 RTP/AVPF 8 13\nc=IN IP4 224.2.1.1/127/3\na=maxptime:40"),
        offer(&local(&ALL)),
    ];
    let mut rng = Rng::new(5);
    let mut taken = 0;
    let index = |rng: &mut Rng, len: usize| usize::try_from(rng.below(len.max(1) as u64)).expect("an index");
    for round in 0..10_000 {
        let mut body = seeds[round % seeds.len()].clone();
        for _ in 0..=rng.below(6) {
            let at = index(&mut rng, body.len());
            match rng.below(4) {
                _ if body.is_empty() => {}
                0 => body[at] = rng.next_u32() as u8,
                1 => drop(body.drain(at..(at + index(&mut rng, 12)).min(body.len()))),
                2 => body.insert(at, *b"\r\n:/ 09=am\xFF".get(index(&mut rng, 11)).expect("one of eleven")),
                _ => body.extend_from_within(at..(at + index(&mut rng, 60)).min(body.len())),
            }
        }
        let _ = accept(&body, &local(&ALL));
        if let Ok((answer, _)) = answer(&body, &local(&ALL)) {
            taken += 1;
            let offered = description::read(&body).expect("it was read before").len();
            let answered = description::read(&answer).expect("our own answers are readable");
            assert_eq!(answered.len(), offered, "RFC 3264 §6: as many lines as offered");
            assert_eq!(answered.iter().filter(|line| line.stream.is_some()).count(), 1);
        }
    }
    assert!(taken > 1_000, "mutations that still make calls: {taken}");
}

/// RFC 6157: one leg, one family. A phone that offers both gets the line of ours.
#[test]
fn a_stream_of_the_other_address_family_is_not_taken() {
    let v6 = Local::new("[2001:db8::9]:20000".parse().expect("an address"), &ALL, 77);
    let v4 = local(&ALL);
    let (line4, line6) = ("m=audio 4000 RTP/AVP 8\nc=IN IP4 192.0.2.1", "m=audio 4002 RTP/AVP 8\nc=IN IP6 2001:db8::1");
    let mapped = "m=audio 4000 RTP/AVP 8\nc=IN IP6 ::ffff:192.0.2.1";
    for (lines, ours, remote) in [
        (line4.to_owned(), &v4, Some("192.0.2.1:4000")),
        (line4.to_owned(), &v6, None),
        (line6.to_owned(), &v6, Some("[2001:db8::1]:4002")),
        (line6.to_owned(), &v4, None),
        (format!("{line4}\n{line6}"), &v6, Some("[2001:db8::1]:4002")),
        (format!("{line6}\n{line4}"), &v4, Some("192.0.2.1:4000")),
        (mapped.to_owned(), &v4, Some("192.0.2.1:4000")),
        // Hold, as it was once spelt, is of no family.
        ("m=audio 4000 RTP/AVP 8\nc=IN IP4 0.0.0.0".to_owned(), &v6, Some("0.0.0.0:4000")),
        ("m=audio 4000 RTP/AVP 8\nc=IN IP6 ::".to_owned(), &v4, Some("[::]:4000")),
    ] {
        let answered = answer(&sdp(&lines), ours);
        assert_eq!(answered.as_ref().ok().map(|(_, settled)| settled.remote), remote.map(address), "{lines}");
        if let Err(error) = answered {
            assert_eq!((error.status(), error.to_string().contains("address family")), (488, true), "{error}");
        }
    }
    let (body, _) = answer(&sdp(line6), &v6).expect("it fits");
    let body = String::from_utf8(body).expect("text");
    assert!(body.contains("o=- 77 1 IN IP6 2001:db8::9\r\n") && body.contains("c=IN IP6 2001:db8::9\r\n"), "{body}");
    assert!(accept(&sdp(line4), &v6).is_err() && accept(&sdp(line6), &v6).is_ok(), "nor as an answer");
    assert_eq!(addresses(&sdp(&format!("{line4}\n{line6}"))), [address("192.0.2.1:1").ip(), address("[2001:db8::1]:1").ip()]);
}
