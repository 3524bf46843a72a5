//! The texts that a configuration is read from, and places in them.

/// One file of the configuration folder, read by `io`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceFile {
    /// As errors are to show it: `config/agents.toml`.
    pub path: String,
    pub text: String,
}

/// How an override's text names its place.
const OVERRIDE_PATH: &str = "--set";

/// A stretch of one source's text, in bytes. Ordered by file, then by place in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub(super) struct Place {
    pub file: usize,
    pub start: usize,
    pub end: usize,
}

/// A value and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Spot<T> {
    pub value: T,
    pub place: Place,
}

/// Every text that was read: the files, then the overrides. Never empty, so that each error has a place to stand.
#[derive(Debug)]
pub(super) struct Sources {
    texts: Vec<SourceFile>,
    /// How many of them are files.
    pub files: usize,
}

impl Sources {
    pub fn new(files: &[SourceFile], overrides: &[String]) -> Self {
        let mut texts = files.to_vec();
        if texts.is_empty() {
            texts.push(SourceFile { path: "*.toml".to_owned(), text: String::new() });
        }
        let files = texts.len();
        texts.extend(overrides.iter().map(|text| SourceFile { path: OVERRIDE_PATH.to_owned(), text: text.clone() }));
        Self { texts, files }
    }

    pub fn file(&self, place: Place) -> &SourceFile {
        &self.texts[place.file]
    }

    pub fn iter(&self) -> impl Iterator<Item = (usize, &SourceFile)> {
        self.texts.iter().enumerate()
    }
}
