//! Compiles libopus, as its configure would on a PC or server: floating point, vector code of x86-64 chosen when the program starts.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=opus");
    println!("cargo:rerun-if-changed=build.rs");
    let x86 = std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("x86_64");

    let mut opus = build(x86);
    for list in ["CELT_SOURCES", "SILK_SOURCES", "SILK_SOURCES_FLOAT", "OPUS_SOURCES", "OPUS_SOURCES_FLOAT"] {
        opus.files(sources(list));
    }
    if x86 {
        for list in ["CELT_SOURCES_SSE", "CELT_SOURCES_SSE2"] {
            opus.files(sources(list));
        }
        // Called on processors that have these instructions alone; nothing else may be compiled with them.
        let mut sse4 = build(x86);
        sse4.flag("-msse4.1");
        for list in ["CELT_SOURCES_SSE4_1", "SILK_SOURCES_SSE4_1"] {
            sse4.files(sources(list));
        }
        opus.objects(sse4.compile_intermediates());
    }
    opus.compile("opus");
}

fn build(x86: bool) -> cc::Build {
    let mut build = cc::Build::new();
    build.warnings(false).pic(true);
    // A test build's sound has its deadlines as well.
    build.opt_level(2).debug(false);
    for folder in ["opus/include", "opus/celt", "opus/silk", "opus/silk/float", "opus"] {
        build.include(folder);
    }
    for name in ["OPUS_BUILD", "VAR_ARRAYS", "HAVE_LRINT", "HAVE_LRINTF", "HAVE_STDINT_H"] {
        build.define(name, "1");
    }
    build.define("PACKAGE_VERSION", "\"1.3.1\"");
    if x86 {
        for name in [
            "OPUS_HAVE_RTCD",
            "CPU_INFO_BY_C",
            "OPUS_X86_MAY_HAVE_SSE",
            "OPUS_X86_MAY_HAVE_SSE2",
            "OPUS_X86_MAY_HAVE_SSE4_1",
            "OPUS_X86_PRESUME_SSE",
            "OPUS_X86_PRESUME_SSE2",
        ] {
            build.define(name, "1");
        }
    }
    build
}

/// The files of one list of libopus's own makefiles: `NAME = celt/bands.c \` and so on, until a line without a backslash.
fn sources(list: &str) -> Vec<String> {
    let file = format!("opus/{}_sources.mk", list.split('_').next().unwrap_or_default().to_lowercase());
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}")).replace("\\\r\n", " ").replace("\\\n", " ");
    let names = text
        .lines()
        .find_map(|line| line.split_once('=').filter(|(name, _)| name.trim() == list))
        .unwrap_or_else(|| panic!("{file} has no {list}"))
        .1;
    let files: Vec<String> = names.split_whitespace().map(|name| format!("opus/{name}")).collect();
    assert!(files.iter().all(|file| Path::new(file).exists()), "a file of {list} is not there");
    files
}
