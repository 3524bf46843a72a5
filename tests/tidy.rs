//! Keeps the house in order: imports go down the layers only, the operating system is touched under `src/io/` and in `main.rs`
//! alone, and no file grows past its second idea. The rules are tried on made-up bad sources first.

use std::fmt;
use std::path::{Path, PathBuf};

/// Every room with the rooms it may import beside itself, as ARCHITECTURE draws them. `sip::msg` is a room of its own below `sip`.
const ROOMS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("config", &["base"]),
    ("sip::msg", &["base"]),
    ("sdp", &["base"]),
    ("rtp", &["base"]),
    ("audio", &["base"]),
    ("sip", &["base", "sip::msg"]),
    ("media", &["base", "rtp", "audio"]),
    ("call", &["base", "sip::msg", "sip", "sdp", "media::control"]),
    ("acd", &["base"]),
    ("rules", &["base"]),
    ("recording", &["base"]),
    ("siprec", &["base", "sip::msg", "sip", "sdp", "media::control"]),
    ("report", &["base", "call::record"]),
    ("qa", &["base", "call::record", "report"]),
    (
        "switch",
        &[
            "base",
            "config",
            "sip::msg",
            "sip",
            "sdp",
            "rtp",
            "audio",
            "media",
            "call",
            "acd",
            "rules",
            "recording",
            "siprec",
            "report",
            "qa",
        ],
    ),
    (
        "io",
        &[
            "base",
            "config",
            "sip::msg",
            "sip",
            "sdp",
            "rtp",
            "audio",
            "media",
            "call",
            "acd",
            "rules",
            "recording",
            "siprec",
            "report",
            "qa",
            "switch",
        ],
    ),
];

/// What the pure rooms must not name. `std::net` has address types, which are values and allowed.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::thread",
    "std::process",
    "std::env",
    "std::time::Instant",
    "std::time::SystemTime",
    "SystemTime::",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "ToSocketAddrs",
    "tokio",
    "sqlx",
    "axum",
    "mio",
    "socket2",
    "ureq",
    "getrandom",
    "tower_http",
    "utoipa",
    "prometheus_client",
    "tracing_subscriber",
    "std::sync::Mutex",
    "std::sync::RwLock",
];

/// Lines of code before the tests of a file; comments and empty lines are not counted.
const CODE_LINES_MAX: usize = 600;

#[derive(PartialEq, Eq, Debug)]
struct Disorder {
    file: String,
    line: usize,
    what: String,
}

impl fmt::Display for Disorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

/// Looks through one source; `file` is its path below `src/`.
fn look_through(file: &str, text: &str) -> Vec<Disorder> {
    let mut found = Vec::new();
    let mut disorder = |line: usize, what: String| found.push(Disorder { file: file.to_owned(), line, what });
    let room = room_of(file);
    let code = before_tests(text);
    let counted = code.iter().filter(|(_, line)| !line.trim().is_empty()).count();
    if counted > CODE_LINES_MAX {
        disorder(1, format!("{counted} lines of code; beyond {CODE_LINES_MAX} there is a second idea to split off"));
    }
    let Some((room, allowed)) = room else {
        return found;
    };
    for (number, line) in &code {
        for used in crate_paths(line) {
            let own = used == room || used.starts_with(&format!("{room}::")) && room_named(&used) == room;
            let below = allowed.iter().any(|below| used == *below || used.starts_with(&format!("{below}::")));
            if !own && !below {
                disorder(*number, format!("{room} imports crate::{used}, which is not below it"));
            }
        }
        if room != "io" {
            for name in IMPURE {
                if names(line, name) {
                    disorder(*number, format!("{room} names {name}: only src/io/ and main.rs touch the operating system"));
                }
            }
        }
    }
    found
}

/// The room a file belongs to and what it may import; none for `lib.rs` and `main.rs`.
fn room_of(file: &str) -> Option<(&'static str, &'static [&'static str])> {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod").replace('/', "::");
    let room = room_named(&path);
    ROOMS.iter().find(|(name, _)| *name == room).copied()
}

/// `sip::msg::uri` → `sip::msg`, `sip::dialog` → `sip`.
fn room_named(path: &str) -> &str {
    let within = |room: &str| path == room || path.starts_with(&format!("{room}::"));
    let names = ROOMS.iter().map(|(name, _)| *name).filter(|name| within(name));
    names.max_by_key(|name| name.len()).unwrap_or("")
}

/// Lines with their numbers, without comments and the texts in quotes, up to the tests at the file's end.
fn before_tests(text: &str) -> Vec<(usize, String)> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, bare(line)));
    let mut code: Vec<(usize, String)> = Vec::new();
    let mut lines = lines.peekable();
    while let Some((number, line)) = lines.next() {
        let opens_tests =
            line.trim() == "#[cfg(test)]" && lines.peek().is_some_and(|(_, next)| next.contains("mod ") && next.contains('{'));
        if opens_tests {
            break;
        }
        code.push((number, line));
    }
    code
}

/// A line without its comment and with its texts emptied, near enough for names of modules.
fn bare(line: &str) -> String {
    let mut out = String::new();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted => drop(chars.next()),
            '"' => {
                quoted = !quoted;
                out.push('"');
            }
            '/' if !quoted && chars.peek() == Some(&'/') => break,
            _ if quoted => {}
            _ => out.push(c),
        }
    }
    out
}

/// The paths after each `crate::` of a line, groups taken apart: `crate::{base::Rng, sip}` → `base::Rng`, `sip`. The path of one item
/// is cut to two parts, which is as deep as rooms go.
fn crate_paths(line: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, _) in line.match_indices("crate::") {
        let rest = &line[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => paths.extend(top_items(group).iter().map(|item| first_parts(item))),
            None => paths.extend(expanded(rest)),
        }
    }
    paths.retain(|path| !path.is_empty());
    paths
}

/// `media::{control, engine}` → `media::control`, `media::engine`; without a group the path alone.
fn expanded(path: &str) -> Vec<String> {
    match path.split_once("::{") {
        Some((room, group)) if room.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            top_items(group).iter().map(|item| format!("{room}::{}", first_parts(item).split("::").next().unwrap_or_default())).collect()
        }
        _ => vec![first_parts(path)],
    }
}

fn top_items(group: &str) -> Vec<String> {
    let (mut depth, mut items) = (0, vec![String::new()]);
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => items.push(String::new()),
            _ => {}
        }
        if !(c == ',' && depth == 0) {
            items.last_mut().expect("one item at least").push(c);
        }
    }
    items.into_iter().map(|item| item.trim().to_owned()).collect()
}

fn first_parts(path: &str) -> String {
    let word = |part: &str| part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    path.split("::").take(2).map(word).take_while(|part| !part.is_empty()).collect::<Vec<_>>().join("::")
}

/// Whether `name` stands in the line as a word of its own.
fn names(line: &str, name: &str) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(name).any(|(at, _)| {
        let ends_open = name.ends_with(':');
        !word(line[..at].chars().next_back()) && (ends_open || !word(line[at + name.len()..].chars().next()))
    })
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a source folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_house_is_in_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    sources(&root, &mut paths);
    assert!(paths.len() > 30, "the sources are found");
    let mut found = Vec::new();
    for path in paths {
        let file = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
        found.extend(look_through(&file, &std::fs::read_to_string(&path).expect("a source")));
    }
    let shown: Vec<String> = found.iter().map(|disorder| format!("src/{disorder}")).collect();
    assert!(shown.is_empty(), "\n{}", shown.join("\n"));
}

#[test]
fn rooms_of_the_source_are_rooms_of_the_plan() {
    let lib = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("lib.rs");
    let declared: Vec<&str> = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert!(!declared.is_empty());
    for room in declared {
        assert!(ROOMS.iter().any(|(name, _)| *name == room), "{room} has no place in the layers");
    }
}

#[test]
fn disorder_is_seen() {
    let seen = |file: &str, text: &str| look_through(file, text).iter().map(|disorder| disorder.line).collect::<Vec<_>>();
    for (file, text, lines) in [
        // Layers.
        ("acd/queue.rs", "use crate::base::Rng;\nuse crate::sip::Dialog;\n", vec![2]),
        ("acd/queue.rs", "use crate::{base::Rng, rules};\n", vec![1]),
        ("acd/queue.rs", "fn f() { crate::call::go() }\n", vec![1]),
        ("sip/msg/uri.rs", "use crate::sip::dialog::Dialog;\n", vec![1]),
        ("sip/dialog.rs", "use crate::sip::msg::Uri;\nuse crate::sip::registrar;\n", vec![]),
        ("call/leg.rs", "use crate::media::control::Command;\nuse crate::media::engine::Engine;\n", vec![2]),
        ("call/leg.rs", "use crate::media::{control, engine};\n", vec![1]),
        ("base/id.rs", "use crate::config::Config;\n", vec![1]),
        ("switch/mod.rs", "use crate::io::Clock;\n", vec![1]),
        // The operating system.
        ("rules/mod.rs", "use std::time::Duration;\nlet now = std::time::Instant::now();\n", vec![2]),
        ("media/engine.rs", "use std::net::SocketAddr;\nuse std::net::UdpSocket;\n", vec![2]),
        ("switch/mod.rs", "use std::collections::BTreeMap;\nasync fn f() { tokio::spawn(g()); }\n", vec![2]),
        ("io/net/udp.rs", "use std::net::UdpSocket;\nuse crate::switch::Switch;\n", vec![]),
        ("main.rs", "use std::process::ExitCode;\n", vec![]),
        // What is said, not done.
        ("acd/queue.rs", "// use crate::sip::Dialog;\nlet text = \"std::fs crate::io\";\nlet x = my_tokio;\n", vec![]),
        ("acd/queue.rs", "#[cfg(test)]\nmod tests {\n    use std::thread;\n}\n", vec![]),
    ] {
        assert_eq!(seen(file, text), lines, "{file}: {text}");
    }
    let long = "let x = 1;\n".repeat(CODE_LINES_MAX + 1);
    assert_eq!(seen("acd/queue.rs", &long), [1]);
    let commented = "// why\n\n".repeat(CODE_LINES_MAX + 1);
    assert_eq!(seen("acd/queue.rs", &commented), [] as [usize; 0]);
}
