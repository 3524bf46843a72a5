//! One direction's ciphers for one kind of packet: session keys drawn from the master key, and a packet sealed and opened in place. The
//! counters are the caller's.

use crate::base::srtp::{MasterKey, Suite};
use aes::cipher::{BlockCipherEncrypt, InnerIvInit, KeyInit, StreamCipher, StreamCipherCoreWrapper};
use aes::{Aes128, Aes128Enc, Aes256, Aes256Enc};
use aes_gcm::aead::{AeadInOut, Nonce, Tag};
use aes_gcm::{AesGcm, aead::consts::U12};
use ctr::{CtrCore, flavors::Ctr128BE};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use zeroize::{Zeroize, Zeroizing};

/// Longest that a packet grows: SRTCP's number, the tag of AES-GCM; a master key identifier is never sent.
const GCM_TAG: usize = 16;
/// RFC 3711 §5.2: the authentication key of HMAC-SHA1.
const AUTH_KEY: usize = 20;
/// SRTCP has the long tag, whatever the suite's is (RFC 4568 §6.2.2).
const REPORT_TAG: usize = 10;

type Gcm128 = AesGcm<Aes128, U12>;
type Gcm256 = AesGcm<Aes256, U12>;

/// Which kind of packet keys are drawn for: RFC 3711 §4.3.1 and §4.3.2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Rtp,
    Rtcp,
}

/// Session keys with their ciphers, ready for any packet.
pub enum Transform {
    Counter { cipher: Counter, mac: Hmac<Sha1>, salt: [u8; 14], tag: usize },
    Gcm128 { cipher: Box<Gcm128>, salt: [u8; 12] },
    Gcm256 { cipher: Box<Gcm256>, salt: [u8; 12] },
}

/// AES as a stream cipher (RFC 3711 §4.1.1, RFC 6188 §3). It only ever encrypts.
pub enum Counter {
    Aes128(Box<Aes128Enc>),
    Aes256(Box<Aes256Enc>),
}

impl Counter {
    fn new(key: &[u8]) -> Self {
        match key.len() {
            16 => Self::Aes128(Box::new(Aes128Enc::new_from_slice(key).expect("16 bytes"))),
            _ => Self::Aes256(Box::new(Aes256Enc::new_from_slice(key).expect("a suite's key has 16 or 32 bytes"))),
        }
    }

    /// Adds the key stream that begins at `iv`.
    fn apply(&self, iv: &[u8; 16], bytes: &mut [u8]) {
        match self {
            Self::Aes128(cipher) => stream(&**cipher, iv, bytes),
            Self::Aes256(cipher) => stream(&**cipher, iv, bytes),
        }
    }
}

fn stream<C>(cipher: &C, iv: &[u8; 16], bytes: &mut [u8])
where
    C: BlockCipherEncrypt<BlockSize = aes::cipher::consts::U16>,
{
    let core = CtrCore::<&C, Ctr128BE>::inner_iv_init(cipher, iv.into());
    StreamCipherCoreWrapper::from_core(core).apply_keystream(bytes);
}

/// What makes a packet's encryption its own.
#[derive(Clone, Copy, Debug)]
pub struct Index {
    pub ssrc: u32,
    /// RTP: roll-over counter and sequence number, 48 bits; RTCP: 31 bits.
    pub number: u64,
}

/// The tag is not that of the packet under these keys and this number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Forged;

impl Transform {
    /// Session keys of a master key (RFC 3711 §4.3).
    pub fn new(master: &MasterKey, kind: Kind) -> Self {
        let suite = master.suite();
        let (key, salt) = master.bytes().split_at(suite.key_length());
        let mut master_salt = [0; 14];
        // RFC 7714 §11: a salt of 96 bits is padded behind.
        master_salt[..salt.len()].copy_from_slice(salt);
        let prf = Counter::new(key);
        let label = if kind == Kind::Rtp { 0 } else { 3 };
        let (mut session_key, mut auth, mut session_salt) = (Zeroizing::new([0; 32]), Zeroizing::new([0; AUTH_KEY]), [0; 14]);
        let session_key = &mut session_key[..key.len()];
        derive(&prf, &master_salt, label, session_key);
        derive(&prf, &master_salt, label + 1, &mut auth[..]);
        derive(&prf, &master_salt, label + 2, &mut session_salt[..salt.len()]);
        Self::of_session(suite, kind, session_key, &auth, session_salt)
    }

    fn of_session(suite: Suite, kind: Kind, key: &[u8], auth: &[u8; AUTH_KEY], salt: [u8; 14]) -> Self {
        let gcm_salt: [u8; 12] = salt[..12].try_into().expect("12 of 14 bytes");
        match suite {
            Suite::Gcm128 => {
                Self::Gcm128 { cipher: Box::new(Gcm128::new_from_slice(key).expect("the suite's key length")), salt: gcm_salt }
            }
            Suite::Gcm256 => {
                Self::Gcm256 { cipher: Box::new(Gcm256::new_from_slice(key).expect("the suite's key length")), salt: gcm_salt }
            }
            Suite::Cm128Tag80 | Suite::Cm128Tag32 | Suite::Cm256Tag80 => {
                let mac = <Hmac<Sha1> as KeyInit>::new_from_slice(auth).expect("HMAC takes a key of any length");
                let tag = if suite == Suite::Cm128Tag32 && kind == Kind::Rtp { 4 } else { REPORT_TAG };
                Self::Counter { cipher: Counter::new(key), mac, salt, tag }
            }
        }
    }

    /// Bytes of the tag.
    pub fn tag(&self) -> usize {
        match self {
            Self::Counter { tag, .. } => *tag,
            Self::Gcm128 { .. } | Self::Gcm256 { .. } => GCM_TAG,
        }
    }

    /// Encrypts what stands from `start` in `out`, of which the first `clear` bytes stay readable, and appends what the kind of cipher has
    /// behind it: SRTP's tag; SRTCP's tag and number in the order of the suite. `trailer`: the roll-over counter of RTP, which is not
    /// sent, or the flag and number of RTCP, which is.
    pub fn seal(&self, kind: Kind, index: Index, trailer: [u8; 4], clear: usize, start: usize, out: &mut Vec<u8>) {
        let (header, body) = out[start..].split_at_mut(clear);
        match self {
            Self::Counter { cipher, mac, salt, tag } => {
                cipher.apply(&counter_iv(salt, index), body);
                // RFC 3711 §3.1 and §3.4: over the packet as it is encrypted, and the trailer.
                let sum = mac.clone().chain_update(&out[start..]).chain_update(trailer).finalize().into_bytes();
                if kind == Kind::Rtcp {
                    out.extend_from_slice(&trailer);
                }
                out.extend_from_slice(&sum[..*tag]);
            }
            Self::Gcm128 { cipher, salt } => {
                let sum = gcm_seal(&**cipher, &gcm_iv(salt, kind, index), kind, trailer, header, body);
                append_gcm(out, kind, &sum, trailer);
            }
            Self::Gcm256 { cipher, salt } => {
                let sum = gcm_seal(&**cipher, &gcm_iv(salt, kind, index), kind, trailer, header, body);
                append_gcm(out, kind, &sum, trailer);
            }
        }
    }

    /// Decrypts `packet` in place, of which the first `clear` bytes are readable, if `tag` is right; else nothing is changed.
    pub fn open(&self, kind: Kind, index: Index, trailer: [u8; 4], clear: usize, packet: &mut [u8], tag: &[u8]) -> Result<(), Forged> {
        match self {
            Self::Counter { cipher, mac, salt, .. } => {
                let sum = mac.clone().chain_update(&*packet).chain_update(trailer);
                sum.verify_truncated_left(tag).map_err(|_| Forged)?;
                cipher.apply(&counter_iv(salt, index), &mut packet[clear..]);
                Ok(())
            }
            Self::Gcm128 { cipher, salt } => gcm_open(&**cipher, &gcm_iv(salt, kind, index), kind, trailer, clear, packet, tag),
            Self::Gcm256 { cipher, salt } => gcm_open(&**cipher, &gcm_iv(salt, kind, index), kind, trailer, clear, packet, tag),
        }
    }

    /// Whether the tag stands behind all else (RFC 3711), or before SRTCP's number (RFC 7714 §9.2).
    pub fn is_aead(&self) -> bool {
        !matches!(self, Self::Counter { .. })
    }
}

impl Drop for Transform {
    fn drop(&mut self) {
        // The ciphers clear themselves.
        match self {
            Self::Counter { salt, .. } => salt.zeroize(),
            Self::Gcm128 { salt, .. } | Self::Gcm256 { salt, .. } => salt.zeroize(),
        }
    }
}

/// RFC 3711 §4.3.1 and §4.3.3, with a key derivation rate of zero: the label stands at byte 7 of the salt.
fn derive(prf: &Counter, master_salt: &[u8; 14], label: u8, key: &mut [u8]) {
    let mut iv = [0; 16];
    iv[..14].copy_from_slice(master_salt);
    iv[7] ^= label;
    key.fill(0);
    prf.apply(&iv, key);
}

/// RFC 3711 §4.1.1: (salt × 2^16) ⊕ (SSRC × 2^64) ⊕ (number × 2^16).
fn counter_iv(salt: &[u8; 14], index: Index) -> [u8; 16] {
    let mut salted = [0; 16];
    salted[..14].copy_from_slice(salt);
    let own = u128::from(index.ssrc) << 64 ^ u128::from(index.number) << 16;
    (u128::from_be_bytes(salted) ^ own).to_be_bytes()
}

/// RFC 7714 §8.1 and §9.1: 0 ‖ SSRC ‖ roll-over counter and sequence number, or 0 ‖ SRTCP's number; with the salt added.
fn gcm_iv(salt: &[u8; 12], kind: Kind, index: Index) -> [u8; 12] {
    let mut iv = [0; 12];
    iv[2..6].copy_from_slice(&index.ssrc.to_be_bytes());
    match kind {
        Kind::Rtp => iv[6..].copy_from_slice(&index.number.to_be_bytes()[2..]),
        Kind::Rtcp => iv[8..].copy_from_slice(&index.number.to_be_bytes()[4..]),
    }
    iv.iter_mut().zip(salt).for_each(|(byte, salt)| *byte ^= salt);
    iv
}

/// What is authenticated and not encrypted: the header, and of SRTCP its flag and number too (RFC 7714 §9.2).
fn with_associated<T>(kind: Kind, trailer: [u8; 4], header: &[u8], with: impl FnOnce(&[u8]) -> T) -> T {
    match kind {
        Kind::Rtp => with(header),
        Kind::Rtcp => {
            let mut associated = [0; 12];
            associated[..8].copy_from_slice(header);
            associated[8..].copy_from_slice(&trailer);
            with(&associated)
        }
    }
}

fn gcm_seal<C: AeadInOut>(cipher: &C, iv: &[u8; 12], kind: Kind, trailer: [u8; 4], header: &[u8], body: &mut [u8]) -> Tag<C> {
    let nonce = Nonce::<C>::try_from(&iv[..]).expect("a nonce of 12 bytes");
    with_associated(kind, trailer, header, |associated| {
        cipher.encrypt_inout_detached(&nonce, associated, body.into()).expect("a packet is shorter than 64 GB")
    })
}

fn gcm_open<C: AeadInOut>(
    cipher: &C,
    iv: &[u8; 12],
    kind: Kind,
    trailer: [u8; 4],
    clear: usize,
    packet: &mut [u8],
    tag: &[u8],
) -> Result<(), Forged> {
    let nonce = Nonce::<C>::try_from(&iv[..]).expect("a nonce of 12 bytes");
    let tag = Tag::<C>::try_from(tag).map_err(|_| Forged)?;
    let (header, body) = packet.split_at_mut(clear);
    with_associated(kind, trailer, header, |associated| {
        cipher.decrypt_inout_detached(&nonce, associated, body.into(), &tag).map_err(|_| Forged)
    })
}

fn append_gcm(out: &mut Vec<u8>, kind: Kind, sum: &[u8], trailer: [u8; 4]) {
    out.extend_from_slice(sum);
    if kind == Kind::Rtcp {
        out.extend_from_slice(&trailer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("text"), 16).expect("digits")).collect()
    }

    /// RFC 3711 §B.2.
    #[test]
    fn the_key_stream_is_the_standards() {
        let cipher = Counter::new(&hex("2B7E151628AED2A6ABF7158809CF4F3C"));
        let salt: [u8; 14] = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD").try_into().expect("14 bytes");
        let mut stream = vec![0; 48];
        cipher.apply(&counter_iv(&salt, Index { ssrc: 0, number: 0 }), &mut stream);
        assert_eq!(stream, hex("E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0"));
    }

    /// RFC 3711 §B.3, RFC 6188 §7.2.
    #[test]
    fn session_keys_are_the_standards() {
        let cases = [
            (
                "E1F97A0D3E018BE0D64FA32C06DE4139",
                "0EC675AD498AFEEBB6960B3AABE6",
                "C61E7A93744F39EE10734AFE3FF7A087",
                "30CBBC08863D8C85D49DB34A9AE1",
                "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4",
            ),
            (
                "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
                "3b04803de51ee7c96423ab5b78d2",
                "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
                "fa31791685ca444a9e07c6c64e93",
                "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05",
            ),
        ];
        for (master, master_salt, key, salt, auth) in cases {
            let prf = Counter::new(&hex(master));
            let master_salt: [u8; 14] = hex(master_salt).try_into().expect("14 bytes");
            for (label, expected) in [(0, key), (2, salt), (1, auth)] {
                let mut derived = vec![0; expected.len() / 2];
                derive(&prf, &master_salt, label, &mut derived);
                assert_eq!(derived, hex(expected), "label {label}");
            }
        }
    }

    /// RFC 7714 §16.1.1, §16.2.1, §17.1 and §17.2: under these very session keys.
    #[test]
    fn packets_of_aes_gcm_are_the_standards() {
        let key: Vec<u8> = (0..32).collect();
        let mut salt = [0; 14];
        salt[..12].copy_from_slice(b"Quid pro quo");
        let rtp = hex("8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573");
        let rtcp = hex("81c8000d4d6172734e5450314e545032525450200000042a 0000e930 4c756e61 deadbeef deadbeef deadbeef deadbeef deadbeef");
        let cases = [
            (
                Suite::Gcm128,
                "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce",
                "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade",
            ),
            (
                Suite::Gcm256,
                "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13",
                "d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be",
            ),
        ];
        for (suite, sealed, sealed_report) in cases {
            let key = &key[..suite.key_length()];
            let index = Index { ssrc: 0x5501_a0b2, number: 0xf17b };
            let transform = Transform::of_session(suite, Kind::Rtp, key, &[0; AUTH_KEY], salt);
            let mut out = rtp.clone();
            transform.seal(Kind::Rtp, index, [0; 4], 12, 0, &mut out);
            assert_eq!(out, [&rtp[..12], &hex(sealed)[..]].concat(), "{suite}");

            let transform = Transform::of_session(suite, Kind::Rtcp, key, &[0; AUTH_KEY], salt);
            let index = Index { ssrc: 0x4d61_7273, number: 0x5d4 };
            let mut out = rtcp.clone();
            transform.seal(Kind::Rtcp, index, hex("800005d4").try_into().expect("four"), 8, 0, &mut out);
            assert_eq!(out, [&rtcp[..8], &hex(sealed_report)[..], &hex("800005d4")[..]].concat(), "{suite}");
        }
    }
}
