//! What the matrix is made of: who calls, by which way, over what, in which codec; and what came of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Client {
    Baresip,
    Linphone,
}

/// What is between the phone and the switch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Direct,
    /// kamailio: registered through it (Path), called through it, its Record-Route in each dialog.
    Edge,
    /// The same, and all sound through rtpengine.
    EdgeAndSound,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Codec {
    Pcma,
    Pcmu,
    G722,
    Opus,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Feature {
    /// It calls, and each hears the other.
    Sound,
    Hold,
    Reinvite,
    Dtmf,
    /// It is called, and refers its caller to a third.
    Transfer,
    Srtp,
}

pub const CLIENTS: [Client; 2] = [Client::Baresip, Client::Linphone];
pub const WAYS: [Way; 3] = [Way::Direct, Way::Edge, Way::EdgeAndSound];
pub const TRANSPORTS: [Transport; 3] = [Transport::Udp, Transport::Tcp, Transport::Tls];
pub const CODECS: [Codec; 4] = [Codec::Pcma, Codec::Pcmu, Codec::G722, Codec::Opus];
pub const FEATURES: [Feature; 6] = [Feature::Sound, Feature::Hold, Feature::Reinvite, Feature::Dtmf, Feature::Transfer, Feature::Srtp];

impl Client {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Baresip => "baresip",
            Self::Linphone => "linphonec",
        }
    }
}

impl Way {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Edge => "kamailio",
            Self::EdgeAndSound => "kamailio + rtpengine",
        }
    }
}

impl Transport {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

impl Codec {
    /// As the switch calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcma => "pcma",
            Self::Pcmu => "pcmu",
            Self::G722 => "g722",
            Self::Opus => "opus",
        }
    }
}

/// What came of one thing that was tried.
#[derive(Clone, PartialEq, Debug)]
pub enum Outcome {
    /// As measured.
    Passed(String),
    /// Why not.
    Failed(String),
    /// The client cannot: why, in English and Chinese.
    Impossible(&'static str, &'static str),
}

impl Outcome {
    /// Assertions that do not hold, in the tests' own words.
    pub fn of(attempt: impl FnOnce() -> String) -> Self {
        match attempted(attempt) {
            Ok(measured) => Self::Passed(measured),
            Err(why) => Self::Failed(why),
        }
    }

    pub const fn failed(&self) -> bool {
        matches!(self, Self::Failed(_))
    }
}

/// What was asserted in vain, in one line.
pub fn attempted<T>(attempt: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(attempt)).map_err(|panic| {
        let told = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|&told| told.to_owned()));
        let line = told.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().take(300).collect()
    })
}

/// One cell of the matrix.
#[derive(Clone, Debug)]
pub struct Cell {
    pub client: Client,
    pub way: Way,
    pub transport: Transport,
    pub codec: Codec,
    pub outcomes: Vec<(Feature, Outcome)>,
}

impl Cell {
    pub fn of(&self, feature: Feature) -> Option<&Outcome> {
        self.outcomes.iter().find(|(found, _)| *found == feature).map(|(_, outcome)| outcome)
    }
}

/// What a client cannot do, whatever the switch: all else is expected to pass.
pub const fn impossible(_client: Client, _codec: Codec, _feature: Feature) -> Option<(&'static str, &'static str)> {
    None
}
