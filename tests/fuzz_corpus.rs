//! The bounded run of the fuzz targets: every kept input, and seeded mutations of them. What libFuzzer finds is kept in `fuzz/corpus/`
//! and runs here ever after.

#[path = "../fuzz/targets.rs"]
mod targets;

use sanling::base::Rng;
use std::path::PathBuf;

/// Mutations a target; about a second each. `SANLING_FUZZ_ROUNDS` for more.
const ROUNDS: usize = 1_500;

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut inputs: Vec<(String, Vec<u8>)> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).expect("an input")))
        .collect();
    inputs.sort();
    inputs
}

fn below(rng: &mut Rng, len: usize) -> usize {
    usize::try_from(rng.below(len.max(1) as u64)).expect("an index")
}

/// Bytes flipped, cut, repeated, and parts of another input put in.
fn mutated(inputs: &[(String, Vec<u8>)], rng: &mut Rng) -> Vec<u8> {
    let mut bytes = inputs[below(rng, inputs.len())].1.clone();
    for _ in 0..=rng.below(5) {
        let at = below(rng, bytes.len() + 1);
        match rng.below(6) {
            0 if at < bytes.len() => bytes[at] = u8::try_from(rng.below(256)).expect("a byte"),
            1 if at < bytes.len() => bytes[at] ^= 1 << rng.below(8),
            2 => bytes.truncate(at),
            3 => bytes.insert(at, b"\r\n;,:<>\"=%0 \xff\x80"[below(rng, 14)]),
            4 => {
                let end = (at + below(rng, 64)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            _ => {
                let other = &inputs[below(rng, inputs.len())].1;
                let from = below(rng, other.len());
                let to = (from + below(rng, 128)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
        }
    }
    bytes.truncate(16_384);
    bytes
}

fn run(name: &str) {
    let (_, target) = targets::TARGETS.into_iter().find(|(known, _)| *known == name).expect("a target");
    let inputs = corpus(name);
    assert!(!inputs.is_empty());
    for (path, bytes) in &inputs {
        println!("{path}");
        target(bytes);
    }
    let rounds = std::env::var("SANLING_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let rounds = if name == "api" { rounds / 10 } else { rounds };
    let mut rng = Rng::new(4475);
    for round in 0..rounds {
        let bytes = mutated(&inputs, &mut rng);
        let failed = std::panic::catch_unwind(|| target(&bytes)).is_err();
        assert!(!failed, "{name}, round {round}: {}", bytes.escape_ascii());
    }
}

#[test]
fn sip_datagrams() {
    run("sip_datagram");
}

#[test]
fn sip_streams() {
    run("sip_stream");
}

#[test]
fn descriptions() {
    run("sdp");
}

#[test]
fn rtp() {
    run("rtp");
}

#[test]
fn rtcp() {
    run("rtcp");
}

#[test]
fn srtp() {
    run("srtp");
}

#[test]
fn configurations() {
    run("config");
}

#[test]
fn requests_of_the_api() {
    run("api");
}

#[test]
fn no_target_is_forgotten() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the targets")
        .map(|entry| entry.expect("an entry").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut known = targets::TARGETS.map(|(name, _)| name.to_owned());
    known.sort();
    assert_eq!(files, known);
}
