//! Which calls are recorded. Today all of them, in full; the question has its place here so that its answer can change in one.

/// What of the switch's calls goes on file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Policy {
    /// Every call from the answer to the caller until the release, hold and transfer included.
    #[default]
    All,
}

impl Policy {
    /// Whether a call whose first leg has been answered is recorded.
    #[must_use]
    pub const fn records(self) -> bool {
        match self {
            Self::All => true,
        }
    }
}
