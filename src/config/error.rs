//! Errors of the configuration: each at its place, with the line quoted, the place marked and what would be right. The rest of
//! `config` collects [`Faults`] by [`Place`]; here they become text. Nothing here knows what a key means.

use super::source::{Place, SourceFile, Sources};
use crate::base::limits::CONFIG_ERRORS_MAX;
use std::fmt;

/// One thing wrong with the configuration. `Display` shows it in full, over several lines without a last line break.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// The file as it was named to [`resolve`](super::resolve); `--set` for an override.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub message: String,
    /// The line's text and, in columns of a terminal, how far in the marked place starts and how wide it is.
    quote: Quote,
    /// Another place that has to do with it, such as the first of two: `first given at FILE:LINE:COLUMN`.
    pub also: Option<String>,
    /// What would be right.
    pub remedy: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Quote {
    text: String,
    indent: String,
    width: usize,
}

/// A fault at its place, before it is brought into words for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub place: Place,
    pub message: String,
    pub also: Option<(&'static str, Place)>,
    pub remedy: String,
}

/// Everything found so far: errors refuse the configuration, warnings are shown beside it.
#[derive(Default, Debug)]
pub(super) struct Faults {
    pub errors: Vec<Fault>,
    pub warnings: Vec<Fault>,
}

impl Faults {
    pub fn error(&mut self, place: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.errors.push(Fault { place, message: message.into(), also: None, remedy: remedy.into() });
    }

    /// An error with a second place: `label` says what it is (`first given`).
    pub fn error_also(&mut self, place: Place, message: impl Into<String>, also: (&'static str, Place), remedy: impl Into<String>) {
        self.errors.push(Fault { place, message: message.into(), also: Some(also), remedy: remedy.into() });
    }

    pub fn warning(&mut self, place: Place, message: impl Into<String>, remedy: impl Into<String>) {
        self.warnings.push(Fault { place, message: message.into(), also: None, remedy: remedy.into() });
    }
}

/// In order of files and of places in them, each once, and no more than a person reads.
pub(super) fn in_words(mut faults: Vec<Fault>, sources: &Sources) -> Vec<ConfigError> {
    faults.sort_by_key(|fault| fault.place);
    faults.dedup();
    if faults.len() > CONFIG_ERRORS_MAX {
        let more = faults.len() - CONFIG_ERRORS_MAX;
        faults.truncate(CONFIG_ERRORS_MAX + 1);
        if let Some(last) = faults.last_mut() {
            last.message = format!("{more} more from here on");
            last.also = None;
            "mend those above first".clone_into(&mut last.remedy);
        }
    }
    faults.into_iter().map(|fault| ConfigError::new(fault, sources)).collect()
}

impl ConfigError {
    fn new(fault: Fault, sources: &Sources) -> Self {
        let file = sources.file(fault.place);
        let (line, column) = position(file, fault.place.start);
        Self {
            path: file.path.clone(),
            line,
            column,
            message: fault.message,
            quote: quote(file, fault.place),
            also: fault.also.map(|(label, place)| {
                let file = sources.file(place);
                let (line, column) = position(file, place.start);
                format!("{label} at {}:{line}:{column}", file.path)
            }),
            remedy: fault.remedy,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{}:{}:{}: {}", self.path, self.line, self.column, self.message)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", self.quote.text)?;
        write!(f, "{margin} | {}{}", self.quote.indent, "^".repeat(self.quote.width))?;
        if let Some(also) = &self.also {
            write!(f, "\n{margin} = {also}")?;
        }
        write!(f, "\n{margin} = {}", self.remedy)
    }
}

impl std::error::Error for ConfigError {}

fn floor_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

/// Line and column of a byte offset, both from 1; columns count characters.
fn position(file: &SourceFile, offset: usize) -> (usize, usize) {
    let before = &file.text[..floor_boundary(&file.text, offset)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn quote(file: &SourceFile, place: Place) -> Quote {
    let text = file.text.as_str();
    let start = floor_boundary(text, place.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let line_end = line_start + text[line_start..line_end].trim_end().len();
    let start = start.min(line_end);
    let end = floor_boundary(text, place.end).clamp(start, line_end);
    let secret_from = line_start + secret_from(&text[line_start..line_end]);
    // Only so much of an endless line is shown, beginning before the place.
    let shown_start = text[line_start..start].char_indices().rev().nth(QUOTE_BEFORE_MAX).map_or(line_start, |(at, _)| line_start + at);
    let mut quote = Quote { text: String::new(), indent: String::new(), width: 0 };
    for (at, c) in text[shown_start..line_end].char_indices().take(QUOTE_BEFORE_MAX + QUOTE_AFTER_MAX) {
        let at = shown_start + at;
        let c = if c == '\t' || !is_invisible(c) { c } else { '\u{FFFD}' };
        if at >= secret_from && !matches!(c, '"' | '\'' | ' ' | '\t') {
            quote.text.push_str(&"*".repeat(columns(c)));
        } else {
            quote.text.push(c);
        }
        // A tab stays a tab, so that the mark stands under its place whatever the terminal's tab stops.
        match c {
            '\t' if at < start => quote.indent.push('\t'),
            _ if at < start => quote.indent.push_str(&" ".repeat(columns(c))),
            _ if at < end => quote.width += columns(c),
            _ => {}
        }
    }
    quote.width = quote.width.max(1);
    quote
}

/// Where in a line a secret begins: after the `=` of a key that names a password or its hash, mistyped or not. Errors are shown over the API and in
/// logs, and the phones' secrets are not to be read there.
fn secret_from(line: &str) -> usize {
    let lower = line.to_ascii_lowercase();
    let named = ["pas", "pw", "secret", "ha1"].iter().filter_map(|name| lower.find(name)).min();
    named.and_then(|key| lower[key..].find('=').map(|equals| key + equals + 1)).unwrap_or(line.len())
}

/// Characters shown before the place and from it on; longer lines are cut.
const QUOTE_BEFORE_MAX: usize = 120;
const QUOTE_AFTER_MAX: usize = 120;

fn is_invisible(c: char) -> bool {
    // Controls, and the marks that turn the direction of text: they could show a line that is not the file's.
    c.is_control() || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Columns that a character takes on a terminal: 2 for the wide ones of Unicode Standard Annex 11 (CJK, kana, hangul, full-width
/// forms, emoji), 0 for combining marks, else 1.
fn columns(c: char) -> usize {
    match c {
        '\u{0300}'..='\u{036F}' | '\u{20D0}'..='\u{20FF}' | '\u{3099}'..='\u{309A}' | '\u{FE00}'..='\u{FE0F}' => 0,
        '\u{1100}'..='\u{115F}'
        | '\u{2E80}'..='\u{303E}'
        | '\u{3041}'..='\u{33FF}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{A000}'..='\u{A4CF}'
        | '\u{A960}'..='\u{A97F}'
        | '\u{AC00}'..='\u{D7A3}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{FE30}'..='\u{FE6F}'
        | '\u{FF00}'..='\u{FF60}'
        | '\u{FFE0}'..='\u{FFE6}'
        | '\u{1F300}'..='\u{1F64F}'
        | '\u{1F680}'..='\u{1F6FF}'
        | '\u{1F900}'..='\u{1F9FF}'
        | '\u{20000}'..='\u{3FFFD}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, start: usize, end: usize) -> String {
        let sources = Sources::new(&[SourceFile { path: "a.toml".into(), text: text.into() }], &[]);
        let mut faults = Faults::default();
        faults.error(Place { file: 0, start, end }, "wrong", "right");
        in_words(faults.errors, &sources)[0].to_string()
    }

    #[test]
    fn the_mark_stands_under_its_place_after_wide_characters_and_tabs() {
        let text = "a = 1\n\tname = \"三铃\" # here\n";
        let at = text.find("# here").expect("written above");
        assert_eq!(shown(text, at, at + 6), "a.toml:2:14: wrong\n  |\n2 | \tname = \"三铃\" # here\n  | \t              ^^^^^^\n  = right");
    }

    #[test]
    fn a_place_past_the_end_and_an_empty_text_are_shown_too() {
        assert_eq!(shown("", 0, 0), "a.toml:1:1: wrong\n  |\n1 | \n  | ^\n  = right");
        assert_eq!(shown("a = \n", 99, 120), "a.toml:2:1: wrong\n  |\n2 | \n  | ^\n  = right");
    }

    #[test]
    fn what_could_disguise_a_line_is_made_visible() {
        let text = "a\u{1b}[2J = 1";
        assert!(shown(text, 0, 1).contains("a\u{FFFD}[2J = 1"));
    }

    #[test]
    fn passwords_and_their_hashes_are_not_shown() {
        for (text, expected) in [
            ("pasword = hunter2", "pasword = *******"),
            ("passwrd = \"secret 三\" # mine", "passwrd = \"****** **\" * ****"),
            ("ha1_md5 = 'abc'", "ha1_md5 = '***'"),
            ("password", "password"),
        ] {
            assert_eq!(shown(text, 0, 3).lines().nth(2), Some(format!("1 | {expected}").as_str()));
        }
    }

    #[test]
    fn no_more_errors_are_told_than_a_person_reads() {
        let sources = Sources::new(&[SourceFile { path: "a.toml".into(), text: "x".repeat(1_000) }], &[]);
        let mut faults = Faults::default();
        (0..1_000).for_each(|start| faults.error(Place { file: 0, start, end: start + 1 }, "wrong", "right"));
        let told = in_words(faults.errors, &sources);
        assert_eq!(told.len(), CONFIG_ERRORS_MAX + 1);
        assert_eq!(told[CONFIG_ERRORS_MAX].message, format!("{} more from here on", 1_000 - CONFIG_ERRORS_MAX));
    }

    #[test]
    fn an_endless_line_is_cut_around_its_place() {
        let text = format!("{} = 1", "x".repeat(100_000));
        assert!(shown(&text, 100_001, 100_002).len() < 1_000);
        assert!(shown(&text, 0, 100_000).len() < 1_000);
    }
}
