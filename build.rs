//! Tells the program what it was made of, for the operator's page: the compiler, and libopus.

use std::process::Command;

/// Where libopus is compiled, and told its version.
const LIBOPUS: &str = "vendor/audiopus_sys/build.rs";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={LIBOPUS}");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = Command::new(compiler).arg("--version").output().ok().and_then(|output| String::from_utf8(output.stdout).ok());
    // `rustc 1.91.0 (f8297e351 2025-10-28)`: the number is what one wants to know.
    let rustc = told.as_deref().and_then(|told| told.split_whitespace().nth(1)).unwrap_or("unknown");
    println!("cargo:rustc-env=SANLING_RUSTC={rustc}");
    // `build.define("PACKAGE_VERSION", "\"1.3.1\"");`
    let libopus = std::fs::read_to_string(LIBOPUS).unwrap_or_default();
    let version = libopus
        .split_once("PACKAGE_VERSION")
        .and_then(|(_, rest)| rest.split('"').find(|part| part.starts_with(|c: char| c.is_ascii_digit())));
    println!("cargo:rustc-env=SANLING_LIBOPUS={}", version.map_or("unknown", |version| version.trim_end_matches('\\')));
}
