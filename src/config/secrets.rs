//! Passwords in the configuration's texts, and what is as good as one: taken out before a text is shown, put back before it is examined.
//!
//! What lives here: finding them in a text. What must not: files, and what a password is good for.

use std::ops::Range;

/// Keys whose values nobody is shown. Who has the hash of a SIP password can register with it (RFC 3261 §22.4).
const KEYS: [&str; 3] = ["password", "ha1_sha256", "ha1_md5"];

/// The text without its passwords: for the first stands `"•••••• 1"`, for the second `"•••••• 2"`, so that they are known again when lines
/// have been moved.
#[must_use]
pub fn hidden(text: &str) -> String {
    replaced(text, |n, _| Some(stand_in(n)))
}

/// An edited text with the passwords of the `original` where [`hidden`] has left something in their place.
#[must_use]
pub fn restored(edited: &str, original: &str) -> String {
    let passwords: Vec<&str> = literals(original).into_iter().map(|place| &original[place]).collect();
    replaced(edited, |_, literal| {
        let known = (1..=passwords.len()).find(|n| stand_in(*n) == literal)?;
        Some(passwords[known - 1].to_owned())
    })
}

fn stand_in(n: usize) -> String {
    format!("\"•••••• {n}\"")
}

/// Each password's literal, counted from 1, replaced where `other` gives another.
fn replaced(text: &str, other: impl Fn(usize, &str) -> Option<String>) -> String {
    let (mut out, mut done) = (String::with_capacity(text.len()), 0);
    for (index, place) in literals(text).into_iter().enumerate() {
        let literal = &text[place.clone()];
        out.push_str(&text[done..place.start]);
        out.push_str(&other(index + 1, literal).unwrap_or_else(|| literal.to_owned()));
        done = place.end;
    }
    out.push_str(&text[done..]);
    out
}

/// The string behind each of the keys, quotes included; in comments too, where somebody may have left an old one.
fn literals(text: &str) -> Vec<Range<usize>> {
    let mut keys: Vec<(usize, &str)> = KEYS.iter().flat_map(|key| text.match_indices(key)).collect();
    keys.sort_unstable();
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, key) in keys {
        let begins_a_word = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '-');
        let after = text[at + key.len()..].trim_start_matches(['"', '\'']).trim_start_matches([' ', '\t']);
        let Some(value) = after.strip_prefix('=').map(|rest| rest.trim_start_matches([' ', '\t'])) else { continue };
        let start = text.len() - value.len();
        if begins_a_word && found.last().is_none_or(|last| last.end <= at) && value.starts_with(['"', '\'']) {
            found.push(start..start + literal_length(value));
        }
    }
    found
}

/// Of a TOML string at the beginning of `text`; one without an end goes to the end of its line.
fn literal_length(text: &str) -> usize {
    for quotes in ["\"\"\"", "'''"] {
        if let Some(inside) = text.strip_prefix(quotes) {
            return inside.find(quotes).map_or(text.len(), |end| end + 2 * quotes.len());
        }
    }
    let quote = if text.starts_with('\'') { '\'' } else { '"' };
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return at,
            '\\' if quote == '"' && !escaped => escaped = true,
            c if c == quote && !escaped => return at + 1,
            _ => escaped = false,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_left_however_it_is_written() {
        let table = [
            ("password = \"secret\"", "password = \"•••••• 1\""),
            ("# password=\"secret\"  old", "# password=\"•••••• 1\"  old"),
            ("user = { \"password\" = 'secret' }", "user = { \"password\" = \"•••••• 1\" }"),
            ("trunk.password\t= \"se\\\"cret\" # c", "trunk.password\t= \"•••••• 1\" # c"),
            ("password = \"\"\"\nsecret\"\"\"\nid = \"a\"", "password = \"•••••• 1\"\nid = \"a\""),
            ("password = \"secret", "password = \"•••••• 1\""),
            ("password = \"secret\nid = \"a\"", "password = \"•••••• 1\"\nid = \"a\""),
            ("password = \"password = 'secret'\"", "password = \"•••••• 1\""),
            (
                "ha1_md5 = 'a'\npassword = \"b\"\nha1_sha256 = \"c\"",
                "ha1_md5 = \"•••••• 1\"\npassword = \"•••••• 2\"\nha1_sha256 = \"•••••• 3\"",
            ),
        ];
        for (text, expected) in table {
            assert_eq!(hidden(text), expected, "{text}");
        }
        for plain in ["", "passwords = 3", "no_password = \"a\"", "# the password of", "password = 3"] {
            assert_eq!(hidden(plain), plain);
        }
    }

    #[test]
    fn passwords_come_back_where_they_belong_though_lines_were_moved_added_and_removed() {
        let original = "id = \"a\"\npassword = \"one\"\nid = \"b\"\npassword = \"two\"\nid = \"c\"\npassword = 'three'\n";
        assert_eq!(restored(&hidden(original), original), original);
        let edited = "id = \"c\"\npassword = \"•••••• 3\"\nid = \"new\"\npassword = \"four\"\nid = \"a\"\npassword = \"•••••• 1\"\n";
        let expected = "id = \"c\"\npassword = 'three'\nid = \"new\"\npassword = \"four\"\nid = \"a\"\npassword = \"one\"\n";
        assert_eq!(restored(edited, original), expected);
        assert_eq!(restored("password = \"•••••• 4\"", original), "password = \"•••••• 4\"");
    }
}
