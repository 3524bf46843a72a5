//! What stands in `docs/` is made from the code, or names what proves it, and every key that the parser knows is described.
//!
//! `SANLING_WRITE_FIXTURES=1 cargo test --test docs` writes the pages anew.

use sanling::config::reference;
use sanling::io::http::access;
use sanling::report::page;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn is_as_written(name: &str, made: &str) {
    let path = root().join("docs").join(name);
    if std::env::var_os("SANLING_WRITE_FIXTURES").is_some() {
        std::fs::create_dir_all(root().join("docs")).expect("a folder");
        std::fs::write(&path, made).expect("writes");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "docs/{name} is not what the code says; when the code is right: SANLING_WRITE_FIXTURES=1 cargo test --test docs");
}

#[test]
fn the_reference_of_the_configuration_is_what_the_code_says() {
    is_as_written("configuration.md", &reference::markdown());
}

#[test]
fn the_reference_in_chinese_is_what_the_code_says_and_lacks_nothing() {
    assert_eq!(reference::untranslated(), [""; 0], "to be added to, or taken out of, src/config/reference/chinese.rs");
    is_as_written("configuration.zh-CN.md", &reference::markdown_in_chinese());
}

/// `[reports]`, `# [[queue.widen]]   # why` → `reports`, `queue.widen`; prose that begins with a bracket is none.
fn heading(line: &str) -> Option<&str> {
    let line = line.trim_start_matches(['#', ' ']);
    let inner = line.split_once('#').map_or(line, |(before, _)| before).trim();
    let table = inner.trim_start_matches('[').trim_end_matches(']');
    let is_name = !table.is_empty() && table.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '.');
    (is_name && (inner == format!("[{table}]") || inner == format!("[[{table}]]"))).then_some(table)
}

/// What a shipped file says of each table: from its heading, in use or behind a `#`, to the next. Lines that stand right above a heading are
/// its own, and what the file begins with is its first table's that is in use.
fn said_of_tables(file: &str, said: &mut BTreeMap<String, String>) {
    let mut owner = file.lines().filter(|line| line.starts_with('[')).find_map(heading).expect("a table");
    let (mut above, mut may_be_the_nexts) = (String::new(), false);
    for line in file.lines() {
        if let Some(table) = heading(line) {
            let of = if may_be_the_nexts { table } else { owner };
            said.entry(of.to_owned()).or_default().push_str(&std::mem::take(&mut above));
            (owner, may_be_the_nexts) = (table, false);
            said.entry(owner.to_owned()).or_default();
        } else if line.is_empty() {
            said.entry(owner.to_owned()).or_default().push_str(&std::mem::take(&mut above));
            may_be_the_nexts = true;
        } else {
            above.push_str(line);
            above.push('\n');
        }
    }
    said.entry(owner.to_owned()).or_default().push_str(&above);
}

/// Whether the text gives the key a value, and not another whose name ends so.
fn is_given(text: &str, key: &str) -> bool {
    let of_another = |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
    text.match_indices(key).any(|(at, _)| !of_another(&text[..at]) && text[at + key.len()..].trim_start_matches(' ').starts_with('='))
}

/// Every key stands in a shipped file, in use or behind a `#`, with a value, where its table is: a key of the same name elsewhere is another.
#[test]
fn every_key_of_the_configuration_has_an_example_in_what_is_shipped() {
    let mut said = BTreeMap::new();
    for name in ["switch", "agents", "queues", "routing", "rules", "scorecards", "users"] {
        said_of_tables(&std::fs::read_to_string(root().join(format!("config/{name}.toml"))).expect("is shipped"), &mut said);
    }
    let missing: Vec<String> = reference::keys()
        .into_iter()
        .filter(|path| {
            let (table, key) = path.rsplit_once('.').unwrap_or(("", path));
            // A small table is written in braces, on one line.
            let in_braces = |text: &String| {
                let name = table.rsplit('.').next().unwrap_or(table);
                text.lines().filter_map(|line| line.split_once(&format!("{name} = {{"))).any(|(_, inner)| is_given(inner, key))
            };
            !said.get(table).map_or_else(|| said.values().any(in_braces), |text| is_given(text, key))
        })
        .collect();
    assert_eq!(missing, [""; 0], "to be shown in config/*.toml, in use or behind a #");
}

#[test]
fn a_key_counts_where_its_table_is() {
    let mut said = BTreeMap::new();
    let file = "# About.\n# of_a = 1\n\n[a]\nx = 1\n\n# About b.\n# of_b = 1\n[b]   # why\n\n# of_b_too = 1\n\n# [[b.c]]\n# y = 1\n# [d]\n# z = 1\n";
    said_of_tables(file, &mut said);
    let given = |table: &str, key: &str| is_given(&said[table], key);
    assert!(given("a", "of_a") && given("a", "x") && given("b", "of_b") && given("b", "of_b_too") && given("b.c", "y") && given("d", "z"));
    assert!(!given("a", "of_b") && !given("b", "x") && !given("b.c", "z") && !given("d", "y") && !given("b", "b_too"));
}

/// The names of events are written out where they are published; the dotted keys of `changes.rs` are no events.
#[test]
fn every_event_is_named_in_both_readmes_and_has_chinese_words_in_the_pages() {
    let readmes = ["README.md", "README.zh-CN.md"].map(|name| std::fs::read_to_string(root().join(name)).expect("a README"));
    let mut names = BTreeSet::new();
    let switch = std::fs::read_dir(root().join("src/switch")).expect("a folder").map(|entry| entry.expect("an entry").path());
    for path in switch.chain([root().join("src/io/http/qa/news.rs")]) {
        if !path.is_file() || path.ends_with("changes.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let is_name = |text: &&str| {
            let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '_');
            text.split_once('.').is_some_and(|(thing, happened)| is_word(thing) && is_word(happened))
        };
        names.extend(code.split('"').filter(is_name).map(str::to_owned));
    }
    assert!(names.len() > 60, "the events are found: {names:?}");
    let unnamed = names.iter().filter(|name| readmes.iter().any(|readme| !readme.contains(&format!("`{name}`"))));
    assert_eq!(unnamed.collect::<Vec<_>>(), [""; 0], "to be named in README.md and README.zh-CN.md");
    let words = std::fs::read_to_string(root().join("web/src/words/events.ts")).expect("the pages' words");
    let wordless = names.iter().filter(|name| !words.contains(&format!("'{name}': '")));
    assert_eq!(wordless.collect::<Vec<_>>(), [""; 0], "to have Chinese words in web/src/words/events.ts");
}

#[test]
fn the_pages_of_roles_are_what_the_code_says() {
    is_as_written("roles.md", &access::markdown());
    is_as_written("roles.zh-CN.md", &access::markdown_in_chinese());
}

#[test]
fn the_page_of_figures_is_what_the_code_says() {
    is_as_written("figures.md", &page::markdown());
}

/// Of a page of features: the RFCs and stories of each line.
fn features(page: &str) -> Vec<(String, Vec<String>)> {
    let text = std::fs::read_to_string(root().join("docs").join(page)).expect("is shipped");
    let lines = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let of_line = |line: &str| {
        let cells: Vec<&str> = line.split(" | ").collect();
        let [_, rfc, _, proof] = cells[..] else { panic!("four cells: {line}") };
        let stories = proof.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        (rfc.to_owned(), stories)
    };
    // Headings and rules have no digit where the RFC stands.
    lines.map(of_line).filter(|(rfc, _)| rfc.contains(|c: char| c.is_ascii_digit())).collect()
}

/// `sim::edge::he_is_called` stands in `tests/sim/stories/edge.rs`.
fn is_there(story: &str) -> bool {
    let names: Vec<&str> = story.split("::").collect();
    let [house, file, name] = names[..] else { panic!("no story: {story}") };
    let folder = match house {
        "sim" => "tests/sim/stories",
        "sip" => "src/sip/tests",
        "media" => "src/media/tests",
        "sdp" => "src/sdp",
        _ => panic!("no house of stories: {story}"),
    };
    let text = std::fs::read_to_string(root().join(folder).join(format!("{file}.rs"))).unwrap_or_default();
    text.contains(&format!("#[test]\nfn {name}()"))
}

#[test]
fn every_feature_of_sip_names_stories_that_there_are_and_both_pages_the_same() {
    let (english, chinese) = (features("sip.md"), features("sip.zh-CN.md"));
    assert_eq!(english, chinese, "docs/sip.md and docs/sip.zh-CN.md");
    assert!(english.len() >= 35, "{} features", english.len());
    let unproven: Vec<_> = english.iter().filter(|(_, stories)| stories.is_empty()).collect();
    let missing: Vec<_> = english.iter().flat_map(|(_, stories)| stories).filter(|story| !is_there(story)).collect();
    assert!(unproven.is_empty() && missing.is_empty(), "without a story: {unproven:?}; no such story: {missing:?}");
}

#[test]
fn every_key_of_the_parser_is_described_and_nothing_else_is() {
    let set = |keys: Vec<String>| keys.into_iter().collect::<BTreeSet<_>>();
    let (known, described) = (set(reference::keys()), set(reference::described()));
    let undescribed: Vec<_> = known.difference(&described).collect();
    let unknown: Vec<_> = described.difference(&known).collect();
    assert!(
        undescribed.is_empty() && unknown.is_empty(),
        "to be added to src/config/reference.rs: {undescribed:?}; to be taken out: {unknown:?}"
    );
}
