//! Sessions: who is signed in, until when. A session belongs to its user as he was when it was opened: another password, another role or no
//! such user any more, and it is over.
//!
//! What lives here: sessions and how long they last; in `kept`, what a restart goes on from. What must not: passwords (`sign_in`), rights
//! (`access`).

mod kept;

use super::auth;
use crate::base::limits::{SESSIONS_MAX, SESSIONS_PER_USER_MAX};
use crate::base::{Duration, Timestamp, UserId};
use crate::config::{AccessConfig, Config, Password, UserConfig};
use kept::Kept;
pub use kept::Restored;
use sha2::{Digest, Sha256};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The hash of a session's token: all that is kept of it.
pub type Key = [u8; 32];

/// Everybody who is signed in. A lock, because requests run side by side; held for a look-up.
#[derive(Default, Debug)]
pub struct Sessions(Mutex<Kept>);

#[derive(Clone, Debug)]
struct Session {
    user: UserId,
    /// Of the user as he was then.
    fingerprint: Key,
    opened_at: Timestamp,
    seen_at: Timestamp,
    /// `seen_at` as it was when it was last written down.
    written_at: Timestamp,
}

/// A session that is over, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ended {
    pub user: UserId,
    pub why: &'static str,
}

/// A session that goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Open {
    pub key: Key,
    pub user: UserId,
    pub expires_at: Timestamp,
}

impl Session {
    fn expires_at(&self, access: &AccessConfig) -> Timestamp {
        Timestamp((self.seen_at.0.saturating_add(millis(access.session_idle))).min(self.opened_at.0 + millis(access.session_longest)))
    }

    /// Why it is over, if it is.
    fn is_over(&self, config: &Config, now: Timestamp) -> Option<&'static str> {
        match config.users.get(&self.user) {
            None => Some("the user was removed"),
            Some(user) if fingerprint(user) != self.fingerprint => Some("the user's password or role was changed"),
            Some(_) if self.expires_at(&config.access) <= now => Some("it was idle or open for too long"),
            Some(_) => None,
        }
    }
}

impl Sessions {
    /// A session for who has proven to be `user`: its token, told once, and who had to go for it.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn open(&self, user: &UserConfig, config: &Config, now: Timestamp) -> std::io::Result<(String, Open, Vec<Ended>)> {
        let token: String = auth::random::<32>()?.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut all = self.all();
        let mut ended = Vec::new();
        let over: Vec<_> = all.open.iter().filter_map(|(key, session)| Some((*key, session.is_over(config, now)?))).collect();
        for (key, why) in over {
            ended.extend(all.take(&key).map(|session| Ended { user: session.user, why }));
        }
        let is_his = |session: &Session| session.user == user.id;
        if all.open.values().filter(|session| is_his(session)).count() >= SESSIONS_PER_USER_MAX {
            ended.extend(all.take_longest_unused(is_his));
        }
        if all.open.len() >= SESSIONS_MAX {
            ended.extend(all.take_longest_unused(|_| true));
        }
        let session = Session { user: user.id.clone(), fingerprint: fingerprint(user), opened_at: now, seen_at: now, written_at: now };
        let open = Open { key: key(&token), user: user.id.clone(), expires_at: session.expires_at(&config.access) };
        all.put(open.key, session);
        Ok((token, open, ended))
    }

    /// The session of a token, which is in use now. `Err(None)`: there is none.
    ///
    /// # Errors
    /// It is over, and is forgotten by that.
    pub fn find(&self, token: &str, config: &Config, now: Timestamp) -> Result<Open, Option<Ended>> {
        let key = key(token);
        let mut all = self.all();
        let session = all.open.get(&key).ok_or(None)?;
        if let Some(why) = session.is_over(config, now) {
            let gone = all.take(&key);
            return Err(gone.map(|session| Ended { user: session.user, why }));
        }
        let session = all.see(&key, now).ok_or(None)?;
        Ok(Open { key, user: session.user.clone(), expires_at: session.expires_at(&config.access) })
    }

    /// Whether a session goes on, asked by what runs in its name and is a use of it: an event stream, as of a wall that nobody touches.
    pub fn goes_on(&self, key: &Key, config: &Config, now: Timestamp) -> bool {
        let mut all = self.all();
        let goes_on = all.open.get(key).is_some_and(|session| session.is_over(config, now).is_none());
        goes_on && all.see(key, now).is_some()
    }

    /// Its user signs out.
    pub fn close(&self, key: &Key) -> bool {
        self.all().take(key).is_some()
    }

    fn all(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(token: &str) -> Key {
    Sha256::digest(token.as_bytes()).into()
}

/// Changes with whatever ends a user's sessions when it changes.
fn fingerprint(user: &UserConfig) -> Key {
    let (Password::Argon2id(password) | Password::Demo(password)) = &user.password;
    Sha256::digest(format!("{}\n{}\n{password}", user.id, user.role)).into()
}

fn millis(long: Duration) -> i64 {
    i64::try_from(long.as_millis()).unwrap_or(i64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{PromptInventory, SourceFile, UserRole, resolve};

    const HOUR: i64 = 3_600_000;

    pub(super) fn config() -> Config {
        let files = [("switch", include_str!("../../../config/switch.toml")), ("users", include_str!("../../../config/users.toml"))];
        let agents = SourceFile { path: "agents.toml".into(), text: include_str!("../../../config/agents.toml").into() };
        let files = files.map(|(name, text)| SourceFile { path: format!("{name}.toml"), text: text.into() });
        let files: Vec<SourceFile> = files.into_iter().chain([agents]).collect();
        resolve(&files, &[], &PromptInventory::complete(&["zh-CN", "en-US"])).unwrap_or_else(|errors| panic!("{errors:?}"))
    }

    #[test]
    fn a_session_ends_when_nobody_uses_it_or_after_its_longest_time() {
        let (sessions, config) = (Sessions::default(), config());
        let user = &config.users["li-qa"];
        let (token, open, _) = sessions.open(user, &config, Timestamp(0)).expect("randomness");
        assert_eq!(open.expires_at, Timestamp(12 * HOUR));
        assert_eq!(sessions.find("another", &config, Timestamp(0)), Err(None));
        // Each use puts the end off, up to seven days.
        for hour in (11..=165).step_by(11) {
            let open = sessions.find(&token, &config, Timestamp(hour * HOUR)).expect("in use");
            assert_eq!(open.expires_at, Timestamp((hour + 12).min(168) * HOUR), "{hour}");
        }
        let over = Err(Some(Ended { user: user.id.clone(), why: "it was idle or open for too long" }));
        assert!(!sessions.goes_on(&open.key, &config, Timestamp(168 * HOUR)));
        assert_eq!(sessions.find(&token, &config, Timestamp(168 * HOUR)), over);
        assert_eq!(sessions.find(&token, &config, Timestamp(0)), Err(None), "it is forgotten");

        let (idle, ..) = sessions.open(user, &config, Timestamp(0)).expect("randomness");
        assert_eq!(sessions.find(&idle, &config, Timestamp(12 * HOUR)), over);
        // An event stream is a use.
        let (wall, open, _) = sessions.open(user, &config, Timestamp(0)).expect("randomness");
        assert!(sessions.goes_on(&open.key, &config, Timestamp(11 * HOUR)) && sessions.goes_on(&open.key, &config, Timestamp(22 * HOUR)));
        assert!(sessions.find(&wall, &config, Timestamp(33 * HOUR)).is_ok());
    }

    #[test]
    fn a_session_ends_with_its_user_his_role_and_his_password() {
        let old = config();
        let changes: [fn(&mut Config); 4] = [
            |config| drop(config.users.remove("li-qa")),
            |config| config.users.get_mut("li-qa").expect("is there").role = UserRole::Admin,
            |config| config.users.get_mut("li-qa").expect("is there").password = Password::Argon2id("another".into()),
            |config| config.users.get_mut("li-qa").expect("is there").name = "another name".into(),
        ];
        for (n, change) in changes.into_iter().enumerate() {
            let sessions = Sessions::default();
            let (token, open, _) = sessions.open(&old.users["li-qa"], &old, Timestamp(0)).expect("randomness");
            let mut new = old.clone();
            change(&mut new);
            let stays = n == 3;
            assert_eq!(sessions.goes_on(&open.key, &new, Timestamp(1)), stays, "{n}");
            assert_eq!(sessions.find(&token, &new, Timestamp(1)).is_ok(), stays, "{n}");
        }
    }

    #[test]
    fn the_one_unused_for_longest_goes_when_a_user_has_too_many() {
        let (sessions, config) = (Sessions::default(), config());
        let open = |user: &str, at: i64| sessions.open(&config.users[user], &config, Timestamp(at)).expect("randomness");
        let (other, ..) = open("ops", 0);
        let tokens: Vec<String> = (1..=SESSIONS_PER_USER_MAX as i64).map(|at| open("li-qa", at).0).collect();
        sessions.find(&tokens[0], &config, Timestamp(1_000)).expect("in use");
        let (_, _, ended) = open("li-qa", 2_000);
        assert_eq!(ended, [Ended { user: "li-qa".into(), why: "too many were open" }]);
        let is_there = |token: &String| sessions.find(token, &config, Timestamp(2_000)).is_ok();
        assert!(is_there(&other) && is_there(&tokens[0]) && !is_there(&tokens[1]) && is_there(&tokens[2]));
    }
}
