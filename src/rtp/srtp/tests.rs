//! Packets there and back, and all that may go wrong on the way.

use super::*;
use crate::base::Rng;
use crate::base::srtp::Suite;
use crate::rtp::Header;

fn key(suite: Suite, mki: &[u8]) -> MasterKey {
    let bytes = (0..suite.key_length() + suite.salt_length()).map(|n| n as u8 ^ 0x5A).collect();
    MasterKey::new(suite, bytes, mki.to_vec()).expect("a key")
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("text"), 16).expect("digits")).collect()
}

fn packet(sequence: u16, ssrc: u32) -> Vec<u8> {
    let mut out = Vec::new();
    let header = Header { payload_type: 8, marker: false, sequence, timestamp: u32::from(sequence) * 160, ssrc };
    header.write(&[sequence as u8; 160], &mut out);
    out
}

fn sealed(sender: &Outbound, number: u64, ssrc: u32) -> Vec<u8> {
    let mut out = packet(number as u16, ssrc);
    sender.seal((number >> 16) as u32, 0, &mut out);
    out
}

fn opened(receiver: &mut Inbound, mut packet: Vec<u8>) -> Result<Vec<u8>, Rejected> {
    receiver.open(&mut packet).map(|()| packet)
}

/// The packets of libsrtp's own tests, whose keys are those of RFC 3711 §B.3.
#[test]
fn packets_are_those_of_other_implementations() {
    let bytes = hex("E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6");
    let key = MasterKey::new(Suite::Cm128Tag80, bytes, vec![]).expect("a key");
    let mut sender = Outbound::new(&key, 0);
    let plain = hex("800f1234decafbadcafebabe abababababababababababababababab");
    let mut out = plain.clone();
    sender.seal(0, 0, &mut out);
    let expected = hex("800f1234decafbadcafebabe 4e55dc4ce79978d88ca4d215949d2402 b78d6acc99ea179b8dbb");
    assert_eq!(out, expected);
    let mut receiver = Inbound::new(&key, 0);
    assert_eq!(opened(&mut receiver, out), Ok(plain));

    let plain = hex("81c8000bcafebabe abababababababababababababababab");
    let mut out = plain.clone();
    sender.seal_report(0, &mut out);
    assert_eq!(out, hex("81c8000bcafebabe 7128035be487b9bdbef89041f977a5a8 80000001 993e08cd54d6c1230798"));
    receiver.open_report(&mut out).expect("opens");
    assert_eq!(out, plain);
}

#[test]
fn each_suite_brings_back_what_it_sealed_and_says_how_long() {
    for suite in Suite::ALL {
        let (sender, mut receiver) = (Outbound::new(&key(suite, &[]), 0), Inbound::new(&key(suite, &[]), 0));
        let growth = match suite {
            Suite::Gcm128 | Suite::Gcm256 => 16,
            Suite::Cm128Tag80 | Suite::Cm256Tag80 => 10,
            Suite::Cm128Tag32 => 4,
        };
        // Something stands before it in the buffer.
        let mut out = vec![1, 2, 3];
        out.extend(packet(7, 9));
        sender.seal(0, 3, &mut out);
        assert_eq!((out.len(), &out[..3]), (3 + 172 + growth, &[1, 2, 3][..]), "{suite}");
        assert_ne!(out[15..20], packet(7, 9)[12..17], "{suite}: it is encrypted");
        assert_eq!(opened(&mut receiver, out.split_off(3)), Ok(packet(7, 9)), "{suite}");
    }
}

#[test]
fn reports_are_sealed_under_rising_numbers_and_opened_once() {
    for suite in Suite::ALL {
        let (mut sender, mut receiver) = (Outbound::new(&key(suite, &[]), 7), Inbound::new(&key(suite, &[]), 0));
        let report = hex("80c90001 00000009");
        for _ in 0..3 {
            let mut out = report.clone();
            sender.seal_report(0, &mut out);
            let repeated = out.clone();
            receiver.open_report(&mut out).unwrap_or_else(|why| panic!("{suite}: {why:?}"));
            assert_eq!(out, report, "{suite}");
            assert_eq!(receiver.open_report(&mut repeated.clone()), Err(Rejected::Repeated), "{suite}");
        }
    }
}

#[test]
fn what_was_changed_on_the_way_is_dropped_and_changes_nothing() {
    for suite in Suite::ALL {
        let (sender, mut receiver) = (Outbound::new(&key(suite, &[]), 0), Inbound::new(&key(suite, &[]), 3));
        let good = sealed(&sender, 100, 9);
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0x40;
            assert!(opened(&mut receiver, bad).is_err(), "{suite}: byte {at}");
        }
        for length in 0..good.len() {
            assert!(opened(&mut receiver, good[..length].to_vec()).is_err(), "{suite}: {length} bytes");
        }
        assert!(receiver.sources.is_empty(), "who proves nothing is not remembered");
        let other = MasterKey::new(suite, vec![9; suite.key_length() + suite.salt_length()], vec![]).expect("a key");
        assert_eq!(opened(&mut Inbound::new(&other, 0), good.clone()), Err(Rejected::Forged));
        assert_eq!(opened(&mut receiver, good), Ok(packet(100, 9)), "{suite}");
    }
}

#[test]
fn a_packet_is_taken_once_within_the_window_and_never_behind_it() {
    let (sender, mut receiver) = (Outbound::new(&key(Suite::Gcm128, &[]), 0), Inbound::new(&key(Suite::Gcm128, &[]), 0));
    let mut take = |number| opened(&mut receiver, sealed(&sender, number, 9)).map(drop);
    assert_eq!(
        [1_000, 1_001, 1_001, 1_003, 1_002, 1_002].map(&mut take),
        [Ok(()), Ok(()), Err(Rejected::Repeated), Ok(()), Ok(()), Err(Rejected::Repeated)]
    );
    assert_eq!(take(1_003 - WINDOW + 1), Ok(()));
    assert_eq!(take(1_003 - WINDOW), Err(Rejected::Repeated), "too old to know");
    assert_eq!(take(1_003 + 500), Ok(()));
    assert_eq!(take(1_003), Err(Rejected::Repeated));
}

#[test]
fn the_counter_follows_the_sequence_over_its_end_and_back() {
    for suite in Suite::ALL {
        let (sender, mut receiver) = (Outbound::new(&key(suite, &[]), 0), Inbound::new(&key(suite, &[]), 0));
        for number in [0xFFFE, 0x1_0001, 0xFFFF, 0x1_0000, 0x1_7000, 0x1_F000, 0x2_0001, 0x1_FFFF] {
            assert!(opened(&mut receiver, sealed(&sender, number, 9)).is_ok(), "{suite}: {number:x}");
        }
        assert_eq!(receiver.counter(), 2);
        // A second stream has a count of its own.
        assert!(opened(&mut receiver, sealed(&sender, 0xFFFF, 10)).is_ok());
    }
}

#[test]
fn a_stream_is_come_into_at_any_count_that_the_time_allows() {
    for suite in Suite::ALL {
        let sender = Outbound::new(&key(suite, &[]), 0);
        let packet = |number| sealed(&sender, number, 9);
        assert_eq!(opened(&mut Inbound::new(&key(suite, &[]), 0), packet(0x3_1234)), Err(Rejected::Forged));
        let mut receiver = Inbound::new(&key(suite, &[]), 5);
        assert!(opened(&mut receiver, packet(0x3_1234)).is_ok(), "{suite}");
        assert!(opened(&mut receiver, packet(0x3_1235)).is_ok(), "{suite}");
        assert!(opened(&mut Inbound::new(&key(suite, &[]), u32::MAX), packet(0xFFFF_0001)).is_err(), "and the tries are bounded");
    }
}

#[test]
fn a_key_that_is_named_is_named_in_each_packet() {
    for suite in Suite::ALL {
        let sender = Outbound::new(&key(suite, &[]), 0);
        let mut named = sealed(&sender, 5, 9);
        // Ours name none: as a peer would write it.
        let tag = Transform::new(&key(suite, &[]), Kind::Rtp).tag();
        let at = if suite.name().starts_with("AEAD") { named.len() } else { named.len() - tag };
        named.splice(at..at, [0, 0, 0, 1]);
        let mut other = named.clone();
        other[at] = 9;
        let mut receiver = Inbound::new(&key(suite, &[0, 0, 0, 1]), 0);
        assert_eq!(opened(&mut receiver, other), Err(Rejected::Forged), "{suite}");
        assert_eq!(opened(&mut receiver, named), Ok(packet(5, 9)), "{suite}");
    }
}

#[test]
fn streams_that_are_remembered_are_few() {
    let (sender, mut receiver) = (Outbound::new(&key(Suite::Cm128Tag80, &[]), 0), Inbound::new(&key(Suite::Cm128Tag80, &[]), 0));
    for ssrc in 0..100 {
        assert!(opened(&mut receiver, sealed(&sender, 5, ssrc)).is_ok());
    }
    assert_eq!(receiver.sources.len(), SOURCES_MAX);
    assert_eq!(opened(&mut receiver, sealed(&sender, 5, 97)), Err(Rejected::Repeated));
    assert_eq!(receiver.sources[0].ssrc, 99);
    assert!(opened(&mut receiver, sealed(&sender, 6, 97)).is_ok());
    assert_eq!(receiver.sources[0].ssrc, 97, "the one heard last comes first");
}

#[test]
fn whatever_the_network_brings_is_no_end() {
    let mut rng = Rng::new(11);
    for suite in Suite::ALL {
        let mut receiver = Inbound::new(&key(suite, &[0, 1]), 4);
        let sender = Outbound::new(&key(suite, &[]), 0);
        for round in 0..2_000_u64 {
            let mut bytes = if round % 2 == 0 { sealed(&sender, round, 9) } else { Vec::new() };
            bytes.resize(rng.below(220) as usize, 0x80);
            for _ in 0..rng.below(8) {
                let at = rng.below(bytes.len().max(1) as u64) as usize;
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = rng.below(256) as u8;
                }
            }
            assert!(receiver.open(&mut bytes.clone()).is_err());
            assert!(receiver.open_report(&mut bytes).is_err());
        }
    }
}
