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
