//! The log: structured, to standard error, filtered by `RUST_LOG`. Numbers of callers are redacted where they are logged.

use tracing_subscriber::EnvFilter;

/// Starts the log; a second start does nothing.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
