//! SIPVicious at the door: what everybody on the internet is scanned with learns no extension and no password.

use crate::harness::{Site, hash_passwords};
use crate::sound::in_tree;
use md5::{Digest, Md5};
use std::fs;
use std::process::Command;

/// A site whose trunk is elsewhere, so that loopback is a network of phones and guessers. Its passwords are kept for MD5 alone: SIPVicious
/// 0.3.8 knows no other, and falls over a challenge for SHA-256.
fn site() -> Site {
    Site::start_with(&[], |config| {
        hash_passwords(config, "ha1_md5", |text| Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect());
        let file = config.join("routing.toml");
        let routing = fs::read_to_string(&file).expect("the routing");
        assert!(routing.contains("127.0.0.0/8"));
        fs::write(file, routing.replace("127.0.0.0/8", "192.0.2.0/24")).expect("written");
    })
}

/// What a tool of SIPVicious says, both streams.
fn sipvicious(site: &Site, tool: &str, arguments: &[&str]) -> String {
    let folder = in_tree("target/sipvicious");
    let port = site.sip_port().to_string();
    let output = Command::new("timeout")
        .args(["60", "python3", "-W", "ignore"])
        .arg(folder.join("bin").join(format!("sipvicious_{tool}")))
        .args(arguments)
        .args(["-p", &port, "127.0.0.1"])
        .env("PYTHONPATH", &folder)
        .env("HOME", site.path("."))
        .env("TERM", "dumb")
        .output()
        .expect("python3 and SIPVicious (make e2e-tools)");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(!said.contains("Traceback") && !said.contains("No such file"), "{said}");
    said
}

#[test]
fn svwar_and_svmap_learn_no_extension() {
    let site = site();
    for method in ["REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE"] {
        let said = sipvicious(&site, "svwar", &["-m", method, "--force", "-e", "998-1006", "-t", "1"]);
        let found: Vec<&str> =
            said.lines().filter(|line| line.trim_start().starts_with('|') || line.contains('┃') || line.contains('│')).collect();
        let all_or_none = (998..=1006).map(|extension| found.iter().any(|line| line.contains(&extension.to_string())));
        let told: Vec<bool> = all_or_none.collect();
        assert!(told.iter().all(|told| *told == told_first(&found)), "{method} tells them apart: {said}");
    }
    let said = sipvicious(&site, "svmap", &[]);
    assert!((1_000..=1_004).all(|agent| !said.contains(&format!("{agent}@"))), "{said}");
}

fn told_first(found: &[&str]) -> bool {
    found.iter().any(|line| line.contains("998"))
}

#[test]
fn svcrack_finds_a_password_in_time_and_none_behind_the_limit() {
    let site = site();
    let list = |name: &str, words: Vec<String>| {
        let path = site.path(name);
        fs::write(&path, words.join("\n") + "\n").expect("written");
        path.display().to_string()
    };
    let wrong = |count: usize| (0..count).map(|n| format!("guess-{n}")).collect::<Vec<_>>();
    let late = list("late.txt", [wrong(40), vec!["demo-1002".to_owned()]].concat());
    let said = sipvicious(&site, "svcrack", &["-u", "1002", "-d", &late, "-P", &site.port(30).to_string()]);
    assert!(!said.contains("demo-1002"), "{said}");
    // A neighbour on the same address, and the proof that the tool works.
    let early = list("early.txt", [wrong(3), vec!["demo-1003".to_owned()]].concat());
    let said = sipvicious(&site, "svcrack", &["-u", "1003", "-d", &early, "-P", &site.port(40).to_string()]);
    assert!(said.contains("demo-1003"), "{said}");
    let blocked = site.get("/api/v1/blocked");
    let sources: Vec<&str> = blocked["items"].as_array().expect("a list").iter().filter_map(|item| item["source"].as_str()).collect();
    assert_eq!(sources, [format!("127.0.0.1:{}", site.port(30)).as_str(), "1002@127.0.0.1"]);
    let metrics = String::from_utf8(site.get_bytes("/metrics").1).expect("text");
    assert!(metrics.contains("sanling_guard_dropped_total{cause=\"blocked\"}"), "{metrics}");
}
