//! Logs: to standard error, by `RUST_LOG`, for people or (with `SANLING_LOG=json`) for programs.
//!
//! Whoever logs a number wraps it in [`Redacted`](crate::base::Redacted); packets are logged at TRACE alone.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// How a line looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    Human,
    /// One JSON object a line: timestamp, level, target, fields, spans.
    Json,
}

impl LogFormat {
    /// From the text of `SANLING_LOG`; anything but `json` is for people.
    #[must_use]
    pub fn named(text: Option<&str>) -> Self {
        if text.is_some_and(|text| text.eq_ignore_ascii_case("json")) { Self::Json } else { Self::Human }
    }
}

/// Starts logging, in the format that `SANLING_LOG` names. A second call does nothing. Without `RUST_LOG` it is `info`, and the database and HTTP libraries speak from `warn` on; a
/// wrong `RUST_LOG` is told on standard error and taken for none.
pub fn start() {
    start_at("info");
}

/// As [`start`], with another level where `RUST_LOG` names none.
pub fn start_at(level: &str) {
    let format = LogFormat::named(std::env::var("SANLING_LOG").ok().as_deref());
    let wanted = std::env::var("RUST_LOG").ok().filter(|text| !text.trim().is_empty());
    let filter = match wanted.map(EnvFilter::try_new) {
        Some(Ok(filter)) => filter,
        Some(Err(error)) => {
            eprintln!("RUST_LOG is not understood ({error}); {level} is logged");
            usual(level)
        }
        None => usual(level),
    };
    let logs = fmt().with_env_filter(filter).with_writer(BoxMakeWriter::new(std::io::stderr));
    let result = match format {
        LogFormat::Human => logs.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
    // Only a test starts logging twice.
    drop(result);
}

fn usual(level: &str) -> EnvFilter {
    EnvFilter::new(format!("{level},sqlx=warn,hyper=warn,axum=warn,ureq=warn"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_is_json() {
        for (text, format) in [(None, LogFormat::Human), (Some("JSON"), LogFormat::Json), (Some("yes"), LogFormat::Human)] {
            assert_eq!(LogFormat::named(text), format);
        }
        assert_eq!(usual("info").to_string().matches("warn").count(), 4);
    }
}
