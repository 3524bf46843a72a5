//! The commands that need no running switch, as a shell sees them: what they print and how they exit.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn sanling(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sanling")).args(arguments).output().expect("the program runs")
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn shipped() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("config").display().to_string()
}

#[test]
fn check_finds_the_shipped_configuration_good() {
    let output = sanling(&["check", "--config", &shipped()]);
    assert_eq!(printed(&output), format!("{}: good: 5 agents, 1 queue, 4 routes, 1 trunk; prompts zh-CN\n", shipped()));
    assert_eq!(output.status.code(), Some(0));
    let english = sanling(&["check", "--config", &shipped(), "--set", "switch.language=\"en-US\""]);
    assert_eq!(english.status.code(), Some(0), "{}", printed(&english));
}

#[test]
fn check_tells_every_error_and_exits_with_1() {
    let output = sanling(&["check", "--config", &shipped(), "--set", "rules.hold.patience=\"7x\"", "--set", "media.port=\"1-2\""]);
    let expected = r#"--set:1:21: "7x" is no duration
  |
1 | rules.hold.patience="7x"
  |                     ^^^^
  = a whole number and ms, s, m or h: "500ms", "7s", "2m", "1h"

--set:1:7: there is no key `port` in `media`
  |
1 | media.port="1-2"
  |       ^^^^
  = did you mean `ports`? For example: ports = "20000-29999"

2 errors
"#;
    assert_eq!(printed(&output), expected);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_folder_that_is_not_there_is_told_with_what_would_help() {
    let parent = tempfile::tempdir().expect("a folder for the test");
    let nowhere = parent.path().join("nowhere").display().to_string();
    let output = sanling(&["check", "--config", &nowhere]);
    assert_eq!(output.status.code(), Some(1));
    let expected =
        format!("{nowhere}: there is no such folder\n  = --config DIR names the configuration's; `sanling init {nowhere}` writes one\n");
    assert_eq!(printed(&output), expected);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanling"));
    command.args(["check", "--config", &shipped()]).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]));
}

#[test]
fn init_writes_what_check_finds_good_and_never_writes_over_it() {
    let parent = tempfile::tempdir().expect("a folder for the test");
    let site = parent.path().join("site").display().to_string();
    let first = sanling(&["init", &site, "--listen", "192.0.2.10"]);
    assert!(first.status.success(), "{first:?}");
    assert!(printed(&first).contains("192.0.2.10:5060"));
    let check = sanling(&["check", "--config", &site]);
    assert_eq!(check.status.code(), Some(0), "{}", printed(&check));
    let second = sanling(&["init", &site]);
    assert_eq!(second.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&second.stderr).contains("there is something already"));
}

/// What `hash-password` says to what is piped in.
fn hashed(input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sanling"));
    command.arg("hash-password").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    // One that has refused already does not read on.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    child.wait_with_output().expect("it ends")
}

#[test]
fn hash_password_prints_what_check_takes_and_each_time_another() {
    let (first, second) = (hashed("三铃 rings thrice\n"), hashed("三铃 rings thrice\r\nmore\n"));
    assert_eq!((first.status.code(), first.stderr.as_slice()), (Some(0), &b""[..]));
    let hash = printed(&first);
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && hash.ends_with('\n') && hash.lines().count() == 1, "{hash}");
    assert_ne!(hash, printed(&second), "another salt");
    let user = format!("user=[{{ id = \"li-qa\", role = \"qa\", password = \"{}\" }}]", hash.trim_end());
    let check = sanling(&["check", "--config", &shipped(), "--set", &user]);
    assert_eq!(check.status.code(), Some(0), "{}", printed(&check));
}

#[test]
fn hash_password_refuses_what_is_no_password() {
    for (input, expected) in [
        ("", "sanling: the password has less than 8 letters: a sentence is easier to remember, too\n"),
        ("seven77\n", "sanling: the password has less than 8 letters: a sentence is easier to remember, too\n"),
        ("demo-li-qa\n", "sanling: passwords that begin with demo- are the shipped ones, which everyone knows\n"),
        (&"x".repeat(5_000), "sanling: the password has more than 1024 bytes\n"),
    ] {
        let output = hashed(input);
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(1), expected));
        assert!(output.stdout.is_empty());
    }
}
