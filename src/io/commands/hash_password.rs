//! `sanling hash-password`: a password in, its argon2id hash out, for `password` in users.toml. On a terminal it is asked for twice and not
//! shown; from a pipe the first line is taken.

use crate::base::limits::{PASSWORD_BYTES_MAX, PASSWORD_LETTERS_MIN};
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, SaltString};
use std::fmt;
use std::io::{self, BufRead, IsTerminal, Read, Stdin, Write};

/// Why there is no hash.
#[derive(Debug)]
pub enum HashError {
    NotRead(io::Error),
    TooShort,
    TooLong,
    /// Tabs and the like: they cannot be typed into a page.
    Untypeable,
    Demo,
    NotTheSame,
    NoRandomness,
}

impl fmt::Display for HashError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRead(reason) => write!(f, "the password cannot be read: {reason}"),
            Self::TooShort => write!(f, "the password has less than {PASSWORD_LETTERS_MIN} letters: a sentence is easier to remember, too"),
            Self::TooLong => write!(f, "the password has more than {PASSWORD_BYTES_MAX} bytes"),
            Self::Untypeable => f.write_str("the password has a control character in it, which nobody can type into a page"),
            Self::Demo => f.write_str("passwords that begin with demo- are the shipped ones, which everyone knows"),
            Self::NotTheSame => f.write_str("these were two different passwords; nothing was made"),
            Self::NoRandomness => f.write_str("the system gives no random numbers to make a salt of"),
        }
    }
}

impl std::error::Error for HashError {}

/// Reads a password from standard input and writes its hash, a PHC string on a line of its own, to `out`.
///
/// # Errors
///
/// There is no password, it is a bad one, or `out` cannot be written.
pub fn hash_password(out: &mut impl Write) -> Result<(), HashError> {
    let input = io::stdin();
    let password = if input.is_terminal() {
        let hidden = Hidden::begin(&input);
        let first = asked(&input, "Password: ")?;
        checked(&first)?;
        let again = asked(&input, "Again: ")?;
        drop(hidden);
        if first != again {
            return Err(HashError::NotTheSame);
        }
        first
    } else {
        let password = line(&input)?;
        checked(&password)?;
        password
    };
    writeln!(out, "{}", hash(&password)?).map_err(HashError::NotRead)
}

/// The PHC string of a password, with the crate's parameters, which are OWASP's: 19 MB, two passes, one lane.
///
/// # Errors
///
/// The system gives no randomness.
pub fn hash(password: &str) -> Result<String, HashError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|_| HashError::NoRandomness)?;
    let salt = SaltString::encode_b64(&salt).expect("16 bytes are a salt");
    let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
    Ok(hash.expect("the parameters are the crate's own").to_string())
}

fn checked(password: &str) -> Result<(), HashError> {
    match password {
        _ if password.chars().count() < PASSWORD_LETTERS_MIN => Err(HashError::TooShort),
        _ if password.len() > PASSWORD_BYTES_MAX => Err(HashError::TooLong),
        _ if password.chars().any(char::is_control) => Err(HashError::Untypeable),
        _ if password.starts_with("demo-") => Err(HashError::Demo),
        _ => Ok(()),
    }
}

/// The question goes to standard error: standard output is the hash alone.
fn asked(input: &Stdin, question: &str) -> Result<String, HashError> {
    eprint!("{question}");
    let answer = line(input);
    eprintln!();
    answer
}

fn line(input: &Stdin) -> Result<String, HashError> {
    let mut line = String::new();
    input.lock().take(PASSWORD_BYTES_MAX as u64 + 3).read_line(&mut line).map_err(HashError::NotRead)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// As long as it lives the terminal does not show what is typed.
struct Hidden<'a> {
    input: &'a Stdin,
    before: Option<rustix::termios::Termios>,
}

impl<'a> Hidden<'a> {
    fn begin(input: &'a Stdin) -> Self {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let before = tcgetattr(input).ok();
        if let Some(before) = &before {
            let mut quiet = before.clone();
            quiet.local_modes.remove(LocalModes::ECHO);
            let _ = tcsetattr(input, OptionalActions::Flush, &quiet);
        }
        Self { input, before }
    }
}

impl Drop for Hidden<'_> {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = rustix::termios::tcsetattr(self.input, rustix::termios::OptionalActions::Now, before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_passwords_are_refused_with_the_reason() {
        for (password, expected) in [
            ("short", "less than 8"),
            ("三铃三铃三铃三", "less than 8"),
            ("demo-something", "everyone knows"),
            ("with\ta tab", "control character"),
        ] {
            let error = checked(password).expect_err(password).to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(matches!(checked(&"x".repeat(PASSWORD_BYTES_MAX + 1)), Err(HashError::TooLong)));
        checked("三铃三铃三铃三铃").expect("eight letters");
    }
}
