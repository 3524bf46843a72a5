//! What stands in `docs/` is made from the code, and every key that the parser knows is described.
//!
//! `SANLING_WRITE_FIXTURES=1 cargo test --test docs` writes the pages anew.

use sanling::config::reference;
use sanling::report::page;
use std::collections::BTreeSet;
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

/// Every key stands in a shipped file, in use or behind a `#`, with a value; and every table by its name.
#[test]
fn every_key_of_the_configuration_has_an_example_in_what_is_shipped() {
    let shipped: String = ["switch", "agents", "queues", "routing", "rules"]
        .map(|name| std::fs::read_to_string(root().join(format!("config/{name}.toml"))).expect("is shipped"))
        .concat();
    let is_given = |key: &str| {
        let of_another = |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '.');
        shipped
            .match_indices(key)
            .any(|(at, _)| !of_another(&shipped[..at]) && shipped[at + key.len()..].trim_start_matches(' ').starts_with('='))
    };
    let missing: Vec<String> = reference::keys()
        .into_iter()
        .filter(|path| {
            let (table, key) = path.rsplit_once('.').unwrap_or(("", path));
            let last = table.rsplit('.').next().unwrap_or(table);
            let has_table = shipped.contains(&format!("[{table}]")) || is_given(last);
            !(has_table && is_given(key))
        })
        .collect();
    assert_eq!(missing, [""; 0], "to be shown in config/*.toml, in use or behind a #");
}

#[test]
fn the_page_of_figures_is_what_the_code_says() {
    is_as_written("figures.md", &page::markdown());
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
