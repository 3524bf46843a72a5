//! `sanling check`: the whole configuration validated, every error shown at its place.

use crate::config::Config;
use crate::io::config_files;
use std::io::Write;
use std::path::Path;

/// Writes the verdict on `folder` to `out`. True when the switch would start with it.
///
/// # Errors
///
/// `out` cannot be written.
pub fn check(folder: &Path, overrides: &[String], out: &mut impl Write) -> std::io::Result<bool> {
    let outcome = match config_files::load(folder, overrides) {
        Ok(outcome) => outcome,
        Err(error) => {
            writeln!(out, "{error}")?;
            return Ok(false);
        }
    };
    for warning in &outcome.warnings {
        writeln!(out, "warning: {warning}\n")?;
    }
    match outcome.config {
        Ok(config) => {
            writeln!(out, "{}: {}", folder.display(), summary(&config))?;
            Ok(true)
        }
        Err(errors) => {
            for error in &errors {
                writeln!(out, "{error}\n")?;
            }
            writeln!(out, "{}", counted(errors.len(), "error"))?;
            Ok(false)
        }
    }
}

fn summary(config: &Config) -> String {
    let counts = [
        counted(config.agents.len(), "agent"),
        counted(config.queues.len(), "queue"),
        counted(config.routes.len(), "route"),
        counted(config.trunks.len(), "trunk"),
    ];
    format!("good: {}; prompts {}", counts.join(", "), config.switch.language)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
