//! Why agents are not ready: the words that the house has for it.

/// A reason that an agent or a program may give.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReasonConfig {
    pub id: String,
    /// For people.
    pub name: String,
    /// What an agent dials, or presses in a call: `*` and digits.
    pub code: Option<String>,
}

/// What the code `*14` and a program that gives no reason mean.
pub const NO_REASON: &str = "not-ready";
/// What the code `*15` means: it is always among the configured.
pub const MEETING: &str = "meeting";
/// The switch's own, which nobody gives.
pub const OWN_REASONS: [&str; 6] = ["logged-on", "missed", "rejected", "busy", "unreachable", "wrap-up-overdue"];

impl ReasonConfig {
    /// Those of a configuration that names none.
    #[must_use]
    pub fn usual() -> Vec<Self> {
        let usual = [("break", Some("*16")), ("meal", Some("*17")), ("training", Some("*18")), (MEETING, None)];
        usual.into_iter().map(|(id, code)| Self { id: id.to_owned(), name: id.to_owned(), code: code.map(str::to_owned) }).collect()
    }
}
