//! The people who sign in to the pages: who they are, in what role, by what password. What a role may do is said in `rights`.

use crate::base::{AgentId, Duration, UserId};
use std::collections::BTreeSet;
use std::fmt;

/// What somebody is to the house.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum UserRole {
    /// Takes calls; his own are what he sees.
    Agent,
    Supervisor,
    /// Finds, hears and scores calls.
    Qa,
    /// Keeps the switch running.
    Operator,
    Admin,
}

impl UserRole {
    pub const ALL: [Self; 5] = [Self::Agent, Self::Supervisor, Self::Qa, Self::Operator, Self::Admin];

    /// As the configuration writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Qa => "qa",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for UserRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Somebody who signs in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UserConfig {
    pub id: UserId,
    pub name: String,
    pub role: UserRole,
    pub password: Password,
    /// Which agent he is when he is on the phone. Who has the role [`UserRole::Agent`] has one.
    pub agent: Option<AgentId>,
    /// Of his pages: zh, en; `None`: his browser's.
    pub language: Option<String>,
}

/// What a user proves to know.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// A PHC string of argon2id (RFC 9106), whose parameters were found bearable.
    Argon2id(String),
    /// A shipped password in plain; it stands on loopback alone.
    Demo(String),
}

/// Without it: whoever reads a hash can try guesses on it.
impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Argon2id(_) => "Argon2id(…)",
            Self::Demo(_) => "Demo(…)",
        })
    }
}

/// `[access]`: how long somebody stays signed in, and who sees whole numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AccessConfig {
    /// Who asks for nothing for so long is signed out.
    pub session_idle: Duration,
    /// And in any case after so long.
    pub session_longest: Duration,
    /// Roles that see whole telephone numbers.
    pub numbers: BTreeSet<UserRole>,
}
