//! Torturous descriptions, each with what becomes of it as an offer: by RFC 8866 and 4566 (what a description is) and RFC 3264 (what an
//! answer is). Read by `torture_sdp` straight into the parser, and by the simulation in the INVITE of a call.

/// What becomes of an offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Due {
    /// It is answered: media lines, `P` for a port of ours, and the direction of ours.
    Taken(&'static [&'static str], &'static str),
    /// 400: no description; 488: one that cannot be had.
    Refused(u16),
}

pub struct Offer {
    pub what: &'static str,
    pub body: String,
    pub due: Due,
}

const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 127.0.2.1\r\ns=-\r\nc=IN IP4 127.0.2.1\r\nt=0 0\r\n";
const BARE: &str = "v=0\r\no=- 1 1 IN IP4 127.0.2.1\r\ns=-\r\nt=0 0\r\n";
const AUDIO: &str = "m=audio 4000 RTP/AVP 8\r\n";
const EIGHT: &[&str] = &["m=audio P RTP/AVP 8"];

pub fn offers() -> Vec<Offer> {
    use Due::{Refused, Taken};
    let both = Taken(EIGHT, "sendrecv");
    let with = |lines: &str| format!("{HEAD}{lines}");
    let after = |lines: &str| format!("{HEAD}{AUDIO}{lines}");
    let rows: Vec<(&'static str, String, Due)> = vec![
        // Media lines: RFC 3264 §6.
        (
            "two audio lines",
            with("m=audio 4000 RTP/AVP 8\r\nm=audio 4002 RTP/AVP 0\r\n"),
            Taken(&["m=audio P RTP/AVP 8", "m=audio 0 RTP/AVP 0"], "sendrecv"),
        ),
        (
            "video before audio",
            with("m=video 5000 RTP/AVP 31\r\nm=audio 4000 RTP/AVP 8\r\n"),
            Taken(&["m=video 0 RTP/AVP 31", "m=audio P RTP/AVP 8"], "sendrecv"),
        ),
        (
            "the second audio line is the one",
            with("m=audio 0 RTP/AVP 8\r\nm=audio 4002 RTP/AVP 0\r\n"),
            Taken(&["m=audio 0 RTP/AVP 8", "m=audio P RTP/AVP 0"], "sendrecv"),
        ),
        ("port 0", with("m=audio 0 RTP/AVP 8\r\n"), Refused(488)),
        ("no media", HEAD.to_owned(), Refused(488)),
        ("33 media lines", with(&AUDIO.repeat(33)), Refused(488)),
        (
            "a line of each kind",
            with("m=text 1 TCP/T140 *\r\nm=image 2 udptl t38\r\nm=message 3 TCP/MSRP *\r\nm=audio 4000 RTP/AVP 8\r\n"),
            Taken(&["m=text 0 TCP/T140 *", "m=image 0 udptl t38", "m=message 0 TCP/MSRP *", "m=audio P RTP/AVP 8"], "sendrecv"),
        ),
        // Ports: RFC 8866 §5.14.
        ("port 65536", with("m=audio 65536 RTP/AVP 8\r\n"), Refused(400)),
        ("port −1", with("m=audio -1 RTP/AVP 8\r\n"), Refused(400)),
        ("a port of twenty digits", with("m=audio 18446744073709551616 RTP/AVP 8\r\n"), Refused(400)),
        ("two ports", with("m=audio 4000/2 RTP/AVP 8\r\n"), both),
        ("no port", with("m=audio RTP/AVP 8\r\n"), Refused(400)),
        // Addresses: §5.7.
        ("multicast", format!("{BARE}c=IN IP4 224.2.17.12/127\r\n{AUDIO}"), Refused(488)),
        ("IPv6 multicast", format!("{BARE}c=IN IP6 ff15::101/3\r\n{AUDIO}"), Refused(488)),
        ("broadcast", format!("{BARE}c=IN IP4 255.255.255.255\r\n{AUDIO}"), Refused(488)),
        ("no address", format!("{BARE}{AUDIO}"), Refused(488)),
        ("an address of the line alone", format!("{BARE}{AUDIO}c=IN IP4 127.0.2.1\r\n"), both),
        ("a name for an address (RFC 3264 §10.1)", format!("{BARE}c=IN IP4 host.anywhere.com\r\n{AUDIO}"), Refused(488)),
        ("999.1.1.1", format!("{BARE}c=IN IP4 999.1.1.1\r\n{AUDIO}"), Refused(488)),
        ("an address of ATM", format!("{BARE}c=ATM NSAP 47.0091\r\n{AUDIO}"), Refused(488)),
        ("half an address line", format!("{BARE}c=IN\r\n{AUDIO}"), Refused(400)),
        ("0.0.0.0", format!("{BARE}c=IN IP4 0.0.0.0\r\n{AUDIO}"), Taken(EIGHT, "recvonly")),
        // Directions: RFC 8866 §6.7, RFC 3264 §5.1.
        ("the session is inactive", with(&format!("a=inactive\r\n{AUDIO}")), Taken(EIGHT, "inactive")),
        ("the session sends, the line does both", with(&format!("a=sendonly\r\n{AUDIO}a=sendrecv\r\n")), both),
        ("two directions", after("a=recvonly\r\na=sendrecv\r\n"), Taken(EIGHT, "sendonly")),
        ("a direction that is none", after("a=sideways\r\n"), both),
        // Formats: RFC 8866 §6.6, §5.14.
        ("no format", with("m=audio 4000 RTP/AVP\r\n"), Refused(400)),
        ("300 formats, all the same", with(&format!("m=audio 4000 RTP/AVP{}\r\n", " 8".repeat(300))), both),
        ("formats beyond 127", with("m=audio 4000 RTP/AVP 200 256 8\r\n"), both),
        ("formats beyond 127 alone", with("m=audio 4000 RTP/AVP 128 200\r\na=rtpmap:128 PCMA/8000\r\n"), Refused(488)),
        ("formats that are no numbers", with("m=audio 4000 RTP/AVP pcma -8 8.0\r\n"), Refused(488)),
        ("an rtpmap of nothing", with("m=audio 4000 RTP/AVP 96 8\r\na=rtpmap:96\r\na=rtpmap:\r\na=rtpmap\r\n"), both),
        ("an rtpmap without a clock", after("a=rtpmap:8 PCMA\r\n"), both),
        ("an rtpmap with a clock that is none", after("a=rtpmap:8 PCMA/fast\r\n"), both),
        ("an rtpmap of another clock", after("a=rtpmap:8 PCMA/16000\r\n"), Refused(488)),
        ("two rtpmaps of one number", after("a=rtpmap:8 PCMA/8000\r\na=rtpmap:8 G729/8000\r\n"), both),
        ("fmtp junk", after("a=fmtp:8 ;;;=;\u{7F}\"\r\na=fmtp\r\na=fmtp:8\r\n"), both),
        // Telephone events: RFC 4733 §2.4.1.
        (
            "events in odd ranges",
            with("m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 16-0,,66-,-1,999\r\n"),
            Taken(&["m=audio P RTP/AVP 8 101"], "sendrecv"),
        ),
        ("events at another clock", with("m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/48000\r\n"), both),
        ("events alone", with("m=audio 4000 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n"), Refused(488)),
        // Profiles and keys: RFC 4568, RFC 5763, RFC 9143, RFC 8445.
        ("a key without its profile", after("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:junk\r\n"), both),
        (
            "SRTP",
            with("m=audio 4000 RTP/SAVP 8\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz\r\n"),
            Refused(488),
        ),
        (
            "a browser's",
            with("a=group:BUNDLE 0\r\na=ice-ufrag:x\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=rtpmap:111 opus/48000/2\r\n"),
            Refused(488),
        ),
        (
            "bundled, with candidates",
            with(&format!(
                "a=group:BUNDLE 0 1\r\n{AUDIO}a=mid:0\r\na=rtcp-mux\r\na=candidate:1 1 UDP 1 127.0.2.1 4000 typ host\r\nm=video 4000 RTP/AVP 31\r\na=mid:1\r\n"
            )),
            Taken(&["m=audio P RTP/AVP 8", "m=video 0 RTP/AVP 31"], "sendrecv"),
        ),
        ("RTCP at ports that are none", after("a=rtcp:0\r\na=rtcp:99999 IN IP4 x\r\n"), both),
        // Packet times: RFC 8866 §6.4.
        ("packets of an hour", after("a=ptime:3600000\r\na=maxptime:0\r\n"), both),
        ("packets of no time", after("a=ptime:-20\r\na=maxptime:\r\n"), both),
        // The rest: §5, §9.
        ("line feeds alone", after("a=sendrecv\r\n").replace("\r\n", "\n"), both),
        ("carriage returns alone", after("a=sendrecv\r\n").replace("\r\n", "\r"), both),
        ("no line end at the end", with("m=audio 4000 RTP/AVP 8"), both),
        ("blanks in the line", with("m=audio   4000  RTP/AVP\t8  \r\n"), both),
        ("a line of 50 kB", after(&format!("a=x:{}\r\n", "y".repeat(50_000))), both),
        ("500 attributes that nobody knows", after(&"a=unheard-of:1\r\n".repeat(500)), both),
        ("lines that are none", after("hello\r\n=\r\na=\r\n\r\nz=\r\n"), both),
        ("NUL in the session's name", after("").replace("s=-", "s=\0\0"), both),
        ("NUL in the media line", with("m=audio 4000 RTP/AVP 8\0\r\n"), Refused(400)),
        ("two times, bandwidths that are none", after("").replace("t=0 0\r\n", "t=0 0\r\nt=1 x\r\nb=\r\nb=AS:-1\r\n"), both),
        ("out of order", format!("v=0\r\nt=0 0\r\nc=IN IP4 127.0.2.1\r\no=- 1 1 IN IP4 127.0.2.1\r\n{AUDIO}s=-\r\n"), both),
        // Once at most: RFC 8866 §5. Of an address, §5.7.
        ("two versions", format!("v=0\r\n{HEAD}{AUDIO}"), Refused(400)),
        ("a version again in the media", after("v=0\r\n"), Refused(400)),
        ("two origins", after("").replace("s=-\r\n", "o=- 1 1 IN IP4 127.0.2.1\r\ns=-\r\n"), Refused(400)),
        ("an origin again in the media", after("o=again\r\n"), Refused(400)),
        ("two names", after("").replace("s=-\r\n", "s=-\r\ns=-\r\n"), Refused(400)),
        ("three times, with a repetition", after("").replace("t=0 0\r\n", "t=0 0\r\nr=1d 1h 0\r\nt=1 2\r\nt=3 4\r\n"), both),
        ("two addresses of the session", with(&format!("c=IN IP4 127.0.2.1\r\n{AUDIO}")), Refused(400)),
        ("two addresses of the line", after("c=IN IP4 127.0.2.1\r\nc=IN IP4 127.0.2.2\r\n"), Refused(400)),
        ("a multicast address of the line, and another", after("c=IN IP4 224.2.1.1/127\r\nc=IN IP4 127.0.2.1\r\n"), Refused(400)),
        ("two multicast addresses of the line", after("c=IN IP4 224.2.1.1/127\r\nc=IN IP4 224.2.1.2/127\r\n"), Refused(488)),
        (
            "layers of a video that we do not take",
            after("m=video 5000 RTP/AVP 31\r\nc=IN IP4 224.2.1.1/127\r\nc=IN IP4 224.2.1.2/127\r\n"),
            Taken(&["m=audio P RTP/AVP 8", "m=video 0 RTP/AVP 31"], "sendrecv"),
        ),
        (
            "an address of each line, and of the session",
            after("c=IN IP4 127.0.2.1\r\nm=audio 0 RTP/AVP 8\r\nc=IN IP4 127.0.2.2\r\n"),
            Taken(&["m=audio P RTP/AVP 8", "m=audio 0 RTP/AVP 8"], "sendrecv"),
        ),
        ("version 1", after("").replace("v=0", "v=1"), Refused(400)),
        ("no version", after("").replace("v=0\r\n", ""), Refused(400)),
        ("a byte order mark", format!("\u{FEFF}{HEAD}{AUDIO}"), Refused(400)),
        ("another language", "<?xml version=\"1.0\"?><media/>".to_owned(), Refused(400)),
        ("blanks alone", "   \r\n \r\n".to_owned(), Refused(400)),
    ];
    rows.into_iter().map(|(what, body, due)| Offer { what, body, due }).collect()
}

/// The media lines of an answer, with `P` for a port that is none of 0, and its last direction.
pub fn read(answer: &[u8]) -> (Vec<String>, String) {
    let text = String::from_utf8_lossy(answer).into_owned();
    let media = text.lines().filter(|line| line.starts_with("m=")).map(|line| {
        let mut words: Vec<&str> = line.split(' ').collect();
        if words[1] != "0" {
            words[1] = "P";
        }
        words.join(" ")
    });
    let direction = text.lines().rev().find_map(|line| {
        let name = line.strip_prefix("a=")?;
        ["sendrecv", "sendonly", "recvonly", "inactive"].contains(&name).then(|| name.to_owned())
    });
    (media.collect(), direction.unwrap_or_default())
}
