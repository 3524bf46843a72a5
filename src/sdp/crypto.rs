//! `a=crypto` (RFC 4568): what the peer's lines say, which of them is taken, and ours.
//!
//! An offer over RTP/SAVP is encrypted or nothing. One over RTP/AVP with these lines is encrypted if both can (RFC 8643, what phones call
//! "best effort"): so we offer where encryption is optional, and so it is answered, over the same transport. Our key is the same for a
//! leg's life: phones that were keyed once never take another.

use super::description::Stream;
use super::{Local, SdpError};
use crate::base::srtp::{MasterKey, Protection, SrtpKeys, SrtpPolicy, Suite};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// Lines read of one stream; nobody writes so many.
const LINES_MAX: usize = 32;

/// A line that we can use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Crypto {
    /// As written: repeated in the answer.
    pub tag: String,
    pub key: MasterKey,
}

/// How a stream is answered.
pub(super) enum Terms {
    Plain,
    /// With the line that says so.
    Encrypted(SrtpKeys, String),
}

/// The lines of a stream that we can use, in the peer's order.
pub(super) fn read<'a>(values: impl Iterator<Item = &'a str>) -> Vec<Crypto> {
    values.take(LINES_MAX).filter_map(line).collect()
}

/// `1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20|1:4 WSH=64`; `None` for what we cannot do.
fn line(value: &str) -> Option<Crypto> {
    let mut words = value.split_ascii_whitespace();
    let tag = words.next().filter(|tag| (1..=9).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_digit()))?;
    let suite: Suite = words.next()?.parse().ok()?;
    // Several keys at once (§6.1) nobody uses.
    let inline = words.next().filter(|keys| !keys.contains(';'))?;
    let inline = inline.get(..7).filter(|method| method.eq_ignore_ascii_case("inline:")).map(|_| &inline[7..])?;
    let mut parts = inline.split('|');
    let key = Zeroizing::new(decoded(parts.next()?)?);
    let mut mki = Vec::new();
    for part in parts {
        // Not a life (how many packets the peer sends under it is his to watch), but a name and its length.
        if let Some((name, length)) = part.split_once(':') {
            mki = named(name, length)?;
        }
    }
    // §6.3: what we do not know must be refused, unless it says that it may be ignored. A window for repeats is ours to choose.
    let is_known = |parameter: &str| parameter.starts_with('-') || parameter == "KDR=0" || parameter.starts_with("WSH=");
    if !words.all(is_known) {
        return None;
    }
    Some(Crypto { tag: tag.to_owned(), key: MasterKey::new(suite, key.to_vec(), mki)? })
}

/// Base 64, with its padding or without.
fn decoded(text: &str) -> Option<Vec<u8>> {
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// The bytes of a master key identifier: `1:4` is 00 00 00 01.
fn named(name: &str, length: &str) -> Option<Vec<u8>> {
    let (name, length): (u64, usize) = (name.parse().ok()?, length.parse().ok()?);
    let bytes = name.to_be_bytes();
    let first = bytes.len().checked_sub(length).filter(|_| length > 0)?;
    (bytes[..first].iter().all(|byte| *byte == 0)).then(|| bytes[first..].to_vec())
}

/// Our key of that suite.
fn ours(protection: &Protection, suite: Suite) -> MasterKey {
    let length = suite.key_length() + suite.salt_length();
    let mut bytes = Vec::with_capacity(64);
    for part in 0..2_u8 {
        let hash = Sha256::new().chain_update(protection.secret.reveal()).chain_update(suite.name()).chain_update([part]).finalize();
        bytes.extend_from_slice(&hash);
    }
    bytes.truncate(length);
    MasterKey::new(suite, bytes, Vec::new()).expect("as long as the suite has it")
}

fn written(tag: &str, key: &MasterKey) -> String {
    format!("{tag} {} inline:{}", key.suite(), STANDARD.encode(key.bytes()))
}

/// What we offer, in our order, tagged from 1.
pub(super) fn offered(protection: &Protection) -> Vec<String> {
    if protection.policy == SrtpPolicy::Off {
        return Vec::new();
    }
    let suites = protection.suites.iter().zip(1_u32..);
    suites.map(|(suite, tag)| written(&tag.to_string(), &ours(protection, *suite))).collect()
}

/// How an offered stream is answered, `None` when not at all: what our preferred suite is, among those that the peer offers.
pub(super) fn answered(stream: &Stream, protection: &Protection) -> Option<Terms> {
    let chosen = match protection.policy {
        SrtpPolicy::Off => None,
        SrtpPolicy::Optional | SrtpPolicy::Required => {
            protection.suites.iter().find_map(|suite| stream.crypto.iter().find(|crypto| crypto.key.suite() == *suite))
        }
    };
    match chosen {
        Some(Crypto { tag, key }) => {
            let send = ours(protection, key.suite());
            let line = written(tag, &send);
            Some(Terms::Encrypted(SrtpKeys { receive: key.clone(), send }, line))
        }
        None if stream.secure || protection.policy == SrtpPolicy::Required => None,
        None => Some(Terms::Plain),
    }
}

/// What the peer's answer to our lines settles.
///
/// # Errors
/// It is encrypted with what was not offered, or not although it must be.
pub(super) fn accepted(stream: &Stream, offered: &Local) -> Result<Option<SrtpKeys>, SdpError> {
    let protection = &offered.protection;
    if protection.policy == SrtpPolicy::Off {
        return if stream.secure { Err(SdpError::NotAcceptable("encryption is answered that was not offered")) } else { Ok(None) };
    }
    let settled = stream.crypto.iter().find_map(|crypto| {
        // §5.1.2: the tag of the line that is taken, and its suite.
        let place: usize = crypto.tag.parse().ok()?;
        let suite = protection.suites.get(place.checked_sub(1)?)?;
        (crypto.key.suite() == *suite).then(|| SrtpKeys { receive: crypto.key.clone(), send: ours(protection, *suite) })
    });
    match settled {
        Some(keys) => Ok(Some(keys)),
        None if protection.policy == SrtpPolicy::Required => Err(SdpError::NotAcceptable(REQUIRED)),
        None if stream.secure => Err(SdpError::NotAcceptable("the answer's encryption is none that was offered")),
        None => Ok(None),
    }
}

/// Why a stream that is not encrypted is refused.
pub const REQUIRED: &str = "SRTP is required";

/// The transport under which the same is encrypted or nothing.
pub(super) fn secured(proto: &str) -> String {
    match proto.to_ascii_uppercase().as_str() {
        "RTP/AVP" => "RTP/SAVP".to_owned(),
        "RTP/AVPF" => "RTP/SAVPF".to_owned(),
        _ => proto.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Codec;
    use crate::base::srtp::LegSecret;
    use crate::sdp::{Negotiated, accept, answer, offer, offer_secured};

    const KEY: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

    fn local(policy: SrtpPolicy, suites: &[Suite]) -> Local {
        let protection = Protection { policy, suites: suites.to_vec(), secret: LegSecret::new([9; 32]) };
        Local { protection, ..Local::new("192.0.2.9:20000".parse().expect("an address"), &[Codec::Pcma], 77) }
    }

    fn sdp(lines: &str) -> Vec<u8> {
        let all = format!("v=0\no=a 1 1 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n{lines}\n");
        all.replace('\n', "\r\n").into_bytes()
    }

    fn answered(lines: &str, policy: SrtpPolicy) -> Result<(String, Negotiated), SdpError> {
        answer(&sdp(lines), &local(policy, &Suite::ALL)).map(|(body, settled)| (String::from_utf8(body).expect("text"), settled))
    }

    fn suite_of(settled: &Negotiated) -> Option<Suite> {
        settled.srtp.as_ref().map(|keys| keys.send.suite())
    }

    #[test]
    fn lines_are_read_as_phones_write_them() {
        let mki = |bytes: &[u8]| Some(bytes.to_vec());
        for (written, expected) in [
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"), mki(&[])),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^31"), mki(&[])),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1048576|1:4"), mki(&[0, 0, 0, 1])),
            (format!("1 AES_CM_128_HMAC_SHA1_32 inline:{KEY}|1:1"), mki(&[1])),
            (format!("007 aes_cm_128_hmac_sha1_80 INLINE:{KEY} WSH=64 -unknown"), mki(&[])),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=0"), mki(&[])),
            // What must not be taken for what it is not.
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} KDR=1"), None),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNENCRYPTED_SRTP"), None),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY} UNAUTHENTICATED_SRTP"), None),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20|1:4;inline:{KEY}|2^20|2:4"), None),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|256:1"), None),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:0"), None),
            (format!("1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|1:128"), None),
            (format!("1 AES_256_CM_HMAC_SHA1_80 inline:{KEY}"), None),
            (format!("1 AEAD_AES_128_GCM inline:{KEY}"), None),
            (format!("x AES_CM_128_HMAC_SHA1_80 inline:{KEY}"), None),
            (format!("1234567890 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"), None),
            (format!("1 F8_128_HMAC_SHA1_80 inline:{KEY}"), None),
            (format!("1 AES_CM_128_HMAC_SHA1_80 uri:{KEY}"), None),
            ("1 AES_CM_128_HMAC_SHA1_80 inline:???".to_owned(), None),
            ("1 AES_CM_128_HMAC_SHA1_80 é".to_owned(), None),
            ("1 AES_CM_128_HMAC_SHA1_80".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(line(&written).map(|crypto| crypto.key.mki().to_vec()), expected, "{written}");
        }
        let gcm = format!("1 AEAD_AES_256_GCM inline:{}", STANDARD.encode([7; 44]));
        assert_eq!(line(&gcm).map(|crypto| crypto.key.bytes().to_vec()), Some(vec![7; 44]));
        let unpadded = gcm.trim_end_matches('=');
        assert!(unpadded.len() < gcm.len() && line(unpadded) == line(&gcm), "some leave the padding out");
    }

    #[test]
    fn an_answer_takes_our_first_suite_under_its_tag_over_the_same_transport() {
        let lines = format!(
            "a=crypto:4 AES_CM_128_HMAC_SHA1_32 inline:{KEY}\na=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:{KEY}|2^20\na=crypto:8 UNKNOWN inline:x"
        );
        for transport in ["RTP/SAVP", "RTP/SAVPF", "RTP/AVP"] {
            for policy in [SrtpPolicy::Optional, SrtpPolicy::Required] {
                let (body, settled) = answered(&format!("m=audio 4000 {transport} 8\n{lines}"), policy).expect("acceptable");
                assert!(body.contains(&format!("m=audio 20000 {transport} 8\r\n")), "{body}");
                assert!(body.contains("a=crypto:7 AES_CM_128_HMAC_SHA1_80 inline:") && !body.contains(KEY), "{body}");
                assert_eq!(body.matches("a=crypto").count(), 1);
                let keys = settled.srtp.expect("encrypted");
                assert_eq!((STANDARD.encode(keys.receive.bytes()).as_str(), keys.send.suite()), (KEY, Suite::Cm128Tag80));
                assert!(body.contains(&STANDARD.encode(keys.send.bytes())), "what we say is what we do");
            }
        }
    }

    #[test]
    fn what_the_policy_forbids_is_refused_and_what_it_allows_is_taken() {
        let good = format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}");
        let odd = "a=crypto:1 F8_128_HMAC_SHA1_80 inline:x";
        let (off, optional, required) = (SrtpPolicy::Off, SrtpPolicy::Optional, SrtpPolicy::Required);
        for (policy, lines, expected) in [
            (off, "m=audio 4000 RTP/AVP 8".to_owned(), Ok(false)),
            (off, format!("m=audio 4000 RTP/AVP 8\n{good}"), Ok(false)),
            (off, format!("m=audio 4000 RTP/SAVP 8\n{good}"), Err("no encryption in common")),
            (optional, "m=audio 4000 RTP/AVP 8".to_owned(), Ok(false)),
            (optional, format!("m=audio 4000 RTP/AVP 8\n{odd}"), Ok(false)),
            (optional, format!("m=audio 4000 RTP/SAVP 8\n{odd}"), Err("no encryption in common")),
            (optional, "m=audio 4000 RTP/SAVP 8".to_owned(), Err("no encryption in common")),
            (required, "m=audio 4000 RTP/AVP 8".to_owned(), Err(REQUIRED)),
            (required, format!("m=audio 4000 RTP/AVP 8\n{odd}"), Err(REQUIRED)),
            (required, format!("m=audio 4000 RTP/SAVP 8\n{odd}"), Err(REQUIRED)),
            (required, format!("m=audio 4000 RTP/SAVP 0\n{good}"), Err("no codec in common")),
            (required, "m=audio 4000 UDP/TLS/RTP/SAVPF 8\na=fingerprint:sha-256 00".to_owned(), Err("no audio over RTP is offered")),
        ] {
            let outcome = answered(&lines, policy).map(|(_, settled)| settled.srtp.is_some());
            let expected = expected.map_err(SdpError::NotAcceptable);
            assert_eq!(outcome, expected, "{policy:?}: {lines}");
        }
    }

    #[test]
    fn of_two_lines_the_encrypted_one_is_taken_wherever_it_stands() {
        let (plain, secure) =
            ("m=audio 4000 RTP/AVP 8".to_owned(), format!("m=audio 4002 RTP/SAVP 8\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}"));
        for lines in [format!("{plain}\n{secure}"), format!("{secure}\n{plain}")] {
            let (body, settled) = answered(&lines, SrtpPolicy::Optional).expect("acceptable");
            assert!(settled.srtp.is_some() && settled.remote.port() == 4002, "{lines}");
            assert!(body.contains("m=audio 0 RTP/AVP 8"), "{body}");
            let (body, settled) = answered(&lines, SrtpPolicy::Off).expect("acceptable");
            assert!(settled.srtp.is_none() && settled.remote.port() == 4000 && body.contains("m=audio 0 RTP/SAVP 8"), "{body}");
        }
    }

    /// Whatever both sides want, they agree on the same, or not at all.
    #[test]
    fn two_like_us_settle_on_each_others_keys() {
        let (off, optional, required) = (SrtpPolicy::Off, SrtpPolicy::Optional, SrtpPolicy::Required);
        for (offerer, answerer, expected) in [
            (off, off, Some(false)),
            (off, optional, Some(false)),
            (off, required, None),
            (optional, off, Some(false)),
            (optional, optional, Some(true)),
            (optional, required, Some(true)),
            (required, off, None),
            (required, optional, Some(true)),
            (required, required, Some(true)),
        ] {
            let one = local(offerer, &Suite::ALL);
            let secret = LegSecret::new([3; 32]);
            let mut other = local(answerer, &[Suite::Cm256Tag80, Suite::Gcm256]);
            other.protection.secret = secret;
            let settled = answer(&offer(&one), &other).ok().map(|(body, theirs)| (accept(&body, &one).expect("an answer"), theirs));
            assert_eq!(settled.as_ref().map(|(ours, _)| ours.srtp.is_some()), expected, "{offerer:?} {answerer:?}");
            if let Some((Some(ours), Some(theirs))) = settled.map(|(ours, theirs)| (ours.srtp, theirs.srtp)) {
                assert_eq!((&ours.send, &ours.receive), (&theirs.receive, &theirs.send));
                assert_eq!(ours.send.suite(), Suite::Cm256Tag80, "the answerer's order counts");
            }
        }
    }

    #[test]
    fn an_offer_is_best_effort_and_may_be_said_again_as_nothing_else() {
        let optional = local(SrtpPolicy::Optional, &[Suite::Gcm128, Suite::Cm128Tag80]);
        let first = String::from_utf8(offer(&optional)).expect("text");
        assert!(first.contains("m=audio 20000 RTP/AVP 8 101\r\n") && first.contains("a=crypto:1 AEAD_AES_128_GCM inline:"), "{first}");
        assert!(first.contains("a=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:"), "{first}");
        let second = String::from_utf8(offer_secured(&optional).expect("another way")).expect("text");
        assert_eq!(first.replace("RTP/AVP", "RTP/SAVP"), second);
        let required = local(SrtpPolicy::Required, &Suite::ALL);
        assert!(String::from_utf8(offer(&required)).expect("text").contains("RTP/SAVP") && offer_secured(&required).is_none());
        let off = local(SrtpPolicy::Off, &Suite::ALL);
        assert!(!String::from_utf8(offer(&off)).expect("text").contains("crypto") && offer_secured(&off).is_none());
        // The transport by which it was answered is that of the next round.
        let settled = accept(&sdp(&format!("m=audio 4000 RTP/SAVP 8\na=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:{KEY}")), &optional);
        let settled = settled.expect("settled");
        assert_eq!(suite_of(&settled), Some(Suite::Cm128Tag80));
        let next = Local { layout: settled.layout, version: 2, ..optional };
        assert!(String::from_utf8(offer(&next)).expect("text").contains("m=audio 20000 RTP/SAVP 8 101\r\n"));
    }

    #[test]
    fn an_answer_that_was_not_asked_for_is_refused() {
        let optional = local(SrtpPolicy::Optional, &[Suite::Gcm128]);
        let required = local(SrtpPolicy::Required, &[Suite::Gcm128]);
        let good = format!("a=crypto:1 AEAD_AES_128_GCM inline:{}", STANDARD.encode([7; 28]));
        let settle = |local: &Local, lines: &str| accept(&sdp(lines), local).map(|settled| settled.srtp.is_some());
        assert_eq!(settle(&optional, "m=audio 4000 RTP/AVP 8"), Ok(false), "a phone that does not know of it");
        assert_eq!(settle(&optional, &format!("m=audio 4000 RTP/AVP 8\n{good}")), Ok(true));
        assert!(settle(&required, "m=audio 4000 RTP/AVP 8").is_err() && settle(&required, "m=audio 4000 RTP/SAVP 8").is_err());
        // Another tag, another suite: nothing that could be decrypted.
        for bad in [good.replace("crypto:1", "crypto:2"), format!("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{KEY}")] {
            assert!(settle(&optional, &format!("m=audio 4000 RTP/SAVP 8\n{bad}")).is_err(), "{bad}");
            assert!(settle(&required, &format!("m=audio 4000 RTP/SAVP 8\n{bad}")).is_err(), "{bad}");
        }
        assert!(settle(&local(SrtpPolicy::Off, &[]), &format!("m=audio 4000 RTP/SAVP 8\n{good}")).is_err());
    }

    #[test]
    fn a_new_key_of_the_peer_leaves_ours_as_it_is() {
        let other = STANDARD.encode([1; 30]);
        let keys = [KEY, &other].map(|key| {
            let lines = format!("m=audio 4000 RTP/SAVP 8\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:{key}");
            answered(&lines, SrtpPolicy::Optional).expect("acceptable").1.srtp.expect("encrypted")
        });
        assert_ne!(keys[0].receive, keys[1].receive);
        assert_eq!(keys[0].send, keys[1].send);
    }
}
