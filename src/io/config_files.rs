//! The configuration folder on disk: its `*.toml` as source texts, what lies in `prompts/`, and the prompts' sound. What is right or
//! wrong with the texts is `config`'s to say.

use crate::audio::wav::Clip;
use crate::base::ClipId;
use crate::base::limits::{CONFIG_FILE_MAX, PROMPT_FILE_MAX};
use crate::config::{MUSIC_FOLDER, Outcome, PromptFolder, PromptInventory, SourceFile, examine_with};
use crate::io::tls::Judge;
use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why a folder's texts could not even be read.
#[derive(Debug)]
pub enum FolderError {
    /// The folder or a file of it cannot be opened.
    Unreadable { path: PathBuf, reason: io::Error },
    /// No `*.toml` in it.
    Empty { path: PathBuf },
    /// A file is no UTF-8; line and column, from 1, of the first byte that is not.
    NotUtf8 { path: PathBuf, line: usize, column: usize },
}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { path, reason } if reason.kind() == io::ErrorKind::NotFound => {
                let path = path.display();
                write!(f, "{path}: there is no such folder\n  = --config DIR names the configuration's; `sanling init {path}` writes one")
            }
            Self::Unreadable { path, reason } => write!(f, "{}: cannot be read: {reason}", path.display()),
            Self::Empty { path } => {
                write!(f, "{0}: there is no *.toml in this folder\n  = `sanling init {0}` writes a configuration", path.display())
            }
            Self::NotUtf8 { path, line, column } => {
                write!(f, "{}:{line}:{column}: this is not UTF-8\n  = save the file as UTF-8 (not GBK or UTF-16)", path.display())
            }
        }
    }
}

impl std::error::Error for FolderError {}

/// Where a configuration lies, and what `--set` puts over it.
#[derive(Clone, Debug)]
pub struct ConfigFolder {
    pub path: PathBuf,
    /// `KEY=VALUE` each.
    pub overrides: Vec<String>,
}

impl ConfigFolder {
    /// Its `*.toml`, in order of their names.
    ///
    /// # Errors
    ///
    /// They cannot be read, or there is none.
    pub fn texts(&self) -> Result<Vec<SourceFile>, FolderError> {
        read_sources(&self.path)
    }

    /// What is right or wrong with the texts, be they the folder's own or somebody's wish, beside the folder's prompts and the certificates
    /// that they name.
    #[must_use]
    pub fn examine(&self, texts: &[SourceFile]) -> Outcome {
        let certificates = Judge { folder: self.path.clone() };
        examine_with(texts, &self.overrides, &read_inventory(&self.path.join("prompts")), &certificates)
    }
}

/// Reads and examines the configuration of `folder`, with `overrides` (`KEY=VALUE`) over it.
///
/// # Errors
///
/// The folder's texts cannot be read; what is wrong in them is in the outcome.
pub fn load(folder: &Path, overrides: &[String]) -> Result<Outcome, FolderError> {
    let folder = ConfigFolder { path: folder.to_owned(), overrides: overrides.to_owned() };
    Ok(folder.examine(&folder.texts()?))
}

/// `--data DIR` and the like as an override of `key`.
#[must_use]
pub fn path_override(key: &str, path: &Path) -> String {
    let text: String = path.to_string_lossy().chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    format!("{key}=\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Every `*.toml` of the folder, in order of their names.
fn read_sources(folder: &Path) -> Result<Vec<SourceFile>, FolderError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |reason| FolderError::Unreadable { path, reason }
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if path.extension().is_some_and(|extension| extension == "toml") && !hidden {
            paths.push(path);
        }
    }
    if paths.is_empty() {
        return Err(FolderError::Empty { path: folder.to_owned() });
    }
    paths.sort();
    paths.into_iter().map(|path| read_text(&path)).collect()
}

fn read_text(path: &Path) -> Result<SourceFile, FolderError> {
    let unreadable = |reason| FolderError::Unreadable { path: path.to_owned(), reason };
    // One byte more than is allowed, so that `config` sees a file that is too long.
    let bytes = read_at_most(path, CONFIG_FILE_MAX + 1).map_err(unreadable)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(SourceFile { path: path.display().to_string(), text }),
        Err(error) => {
            let good = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
            let line = good.matches('\n').count() + 1;
            let column = good.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            Err(FolderError::NotUtf8 { path: path.to_owned(), line, column })
        }
    }
}

fn read_at_most(path: &Path, most: usize) -> io::Result<Vec<u8>> {
    use io::Read;
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(most as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The clips of `language` and the music: `welcome`, `digits/7`, `music/hold`. Those that cannot be read are left out; `load` has
/// refused a configuration that needs them.
#[must_use]
pub fn read_clips(folder: &Path, language: &str) -> BTreeMap<ClipId, Clip> {
    let mut clips = BTreeMap::new();
    for (place, prefix) in [(language, ""), (MUSIC_FOLDER, "music/")] {
        let root = folder.join("prompts").join(place);
        for clip in wav_files(&root) {
            if let Ok(sound) = read_clip(&root.join(format!("{clip}.wav"))) {
                clips.insert(ClipId::new(&format!("{prefix}{clip}")), sound);
            }
        }
    }
    clips
}

/// What lies in `prompts/`, each file read whole once: a prompt that cannot be played is told now, not in a call.
fn read_inventory(prompts: &Path) -> PromptInventory {
    let folders = subfolders(prompts).into_iter().map(|name| (name.clone(), read_folder(&prompts.join(name))));
    PromptInventory { folders: folders.collect() }
}

fn read_folder(root: &Path) -> PromptFolder {
    let mut folder = PromptFolder::default();
    for name in wav_files(root) {
        match read_clip(&root.join(format!("{name}.wav"))) {
            Ok(_) => drop(folder.readable.insert(name)),
            Err(reason) => drop(folder.unreadable.insert(name, reason)),
        }
    }
    for name in named_in_texts(&root.join("prompts.toml")) {
        if !folder.readable.contains(&name) {
            folder.unreadable.entry(name).or_insert_with(|| "prompts.toml names it, and there is no such file".to_owned());
        }
    }
    folder
}

fn read_clip(path: &Path) -> Result<Clip, String> {
    let bytes = read_at_most(path, PROMPT_FILE_MAX + 1).map_err(|reason| reason.to_string())?;
    if bytes.len() > PROMPT_FILE_MAX {
        return Err(format!("it is longer than {} MB", PROMPT_FILE_MAX >> 20));
    }
    Clip::read(&bytes).map_err(|reason| reason.to_string())
}

/// Names of the WAV files of a folder and of its folders (one level: `digits/7`), without `.wav`.
fn wav_files(root: &Path) -> Vec<String> {
    let wavs = |folder: &Path, prefix: &str| -> Vec<String> {
        let names = names_in(folder).into_iter();
        names.filter_map(|name| name.strip_suffix(".wav").map(|bare| format!("{prefix}{bare}"))).collect()
    };
    let mut found = wavs(root, "");
    for folder in subfolders(root) {
        found.extend(wavs(&root.join(&folder), &format!("{folder}/")));
    }
    found
}

/// The names under `[prompts]` of `prompts.toml`: texts, and tables of texts (`digits`).
fn named_in_texts(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let Ok(table) = text.parse::<toml::Table>() else { return Vec::new() };
    let Some(prompts) = table.get("prompts").and_then(toml::Value::as_table) else { return Vec::new() };
    let mut names = Vec::new();
    for (name, value) in prompts {
        match value {
            toml::Value::Table(inner) => names.extend(inner.keys().map(|inner| format!("{name}/{inner}"))),
            _ => names.push(name.clone()),
        }
    }
    names
}

fn subfolders(folder: &Path) -> Vec<String> {
    names_in(folder).into_iter().filter(|name| folder.join(name).is_dir()).collect()
}

/// Names in a folder, in order; none when it cannot be read, which shows as prompts that are missing.
fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder for the test");
        for (name, bytes) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a file stands in a folder")).expect("a folder");
            fs::write(path, bytes).expect("a file");
        }
        folder
    }

    #[test]
    fn texts_that_cannot_be_read_are_told_with_their_place() {
        let gbk = folder_with(&[("a.toml", b"[switch]\nname = \"\xc8\xfd\xc1\xe5\"\n")]);
        let error = load(gbk.path(), &[]).expect_err("GBK is not UTF-8");
        assert!(error.to_string().contains("a.toml:2:9: this is not UTF-8"), "{error}");
        let empty = folder_with(&[("notes.txt", b""), (".hidden.toml", b"")]);
        assert!(matches!(load(empty.path(), &[]), Err(FolderError::Empty { .. })));
        assert!(matches!(load(&empty.path().join("nowhere"), &[]), Err(FolderError::Unreadable { .. })));
    }

    #[test]
    fn prompts_are_told_apart_into_readable_unreadable_and_named_but_absent() {
        let texts = b"[prompts]\nwelcome = \"hello\"\nthanks = \"thanks\"\n[prompts.digits]\n7 = \"seven\"\n";
        let mut wav = io::Cursor::new(Vec::new());
        let spec = hound::WavSpec { channels: 1, sample_rate: 16_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let mut writer = hound::WavWriter::new(&mut wav, spec).expect("a header");
        (0..160).for_each(|sample| writer.write_sample(sample as i16).expect("a sample"));
        writer.finalize().expect("a whole file");
        let good = wav.into_inner();
        let folder = folder_with(&[
            ("prompts/en-US/prompts.toml", texts),
            ("prompts/en-US/welcome.wav", &good),
            ("prompts/en-US/digits/7.wav", &good),
            ("prompts/en-US/goodbye.wav", b"RIFF"),
            ("prompts/music/hold.wav", &good),
        ]);
        let inventory = read_inventory(&folder.path().join("prompts"));
        let english = &inventory.folders["en-US"];
        assert_eq!(english.readable.iter().map(String::as_str).collect::<Vec<_>>(), ["digits/7", "welcome"]);
        assert_eq!(english.unreadable.keys().map(String::as_str).collect::<Vec<_>>(), ["goodbye", "thanks"]);
        let clips = read_clips(folder.path(), "en-US");
        assert_eq!(clips.keys().map(ClipId::as_str).collect::<Vec<_>>(), ["digits/7", "music/hold", "welcome"]);
    }

    #[test]
    fn a_path_becomes_an_override_whatever_its_letters() {
        let text = path_override("storage.data", Path::new("/srv/\"a\\b\"/三铃"));
        assert_eq!(text, r#"storage.data="/srv/\"a\\b\"/三铃""#);
    }
}
