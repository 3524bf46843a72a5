//! How a phone is asked to answer by itself: the one set of words that the configuration reads and the signalling writes.

/// Phones understand different things; most ignore what they do not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum AutoAnswer {
    /// RFC 5373.
    AnswerMode,
    /// `Call-Info: …;answer-after=0`.
    CallInfo,
    /// `Alert-Info: …;info=alert-autoanswer`.
    AlertInfo,
    All,
}

impl AutoAnswer {
    /// As the configuration writes them.
    pub const NAMES: [(&'static str, Option<Self>); 5] = [
        ("off", None),
        ("answer-mode", Some(Self::AnswerMode)),
        ("call-info", Some(Self::CallInfo)),
        ("alert-info", Some(Self::AlertInfo)),
        ("all", Some(Self::All)),
    ];

    #[must_use]
    pub fn includes(self, other: Self) -> bool {
        self == other || self == Self::All
    }
}
