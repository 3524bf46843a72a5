//! Who may: digest challenges and their answers (RFC 7616, RFC 3261 §22). Nonces are keyed and timed, so that none need be stored before
//! it is used; of those that were, the counts are kept, so that none is used twice. No answer tells an unknown user from a wrong password.

use super::msg::digest::{Algorithm, Challenge, Credentials, hex};
use super::msg::{Request, Uri};
use super::{Account, Settings};
use crate::base::limits::{NONCE_AGE_MAX, NONCES_MAX};
use crate::base::{AgentId, Duration, Instant};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

pub(super) struct Auth {
    secret: [u8; 32],
    /// The hash of nobody.
    decoy: String,
    /// Which hashes each account has, to show strangers the like of.
    shapes: Vec<Shape>,
    /// Makes two nonces of one moment different.
    made: u64,
    /// Nonces that were answered, the oldest first: highest count, and which of the 64 below it came (RFC 7616 §3.4.4).
    counts: BTreeMap<Made, (u32, u64)>,
    /// Nonces as old as this are stale: their counts had to be forgotten.
    forgotten_to: Option<Instant>,
}

/// What a nonce of ours says of itself: when it was made, to the millisecond, and the last 32 bits of its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Made {
    at: Instant,
    number: u32,
}

/// The algorithms that an account can be asked for.
#[derive(Clone, Copy, Debug)]
struct Shape {
    sha256: bool,
    md5: bool,
}

impl Shape {
    fn of(account: &Account) -> Self {
        Self { sha256: account.ha1_sha256.is_some(), md5: account.ha1_md5.is_some() }
    }
}

/// What a request's Authorization proves.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The digest of this agent.
    Proven(AgentId),
    /// None, or one that could not be right: to another realm, or a wrong one to a nonce that is not ours.
    Refused,
    /// A wrong one to a nonce of ours, for this user: a guess.
    Wrong(String),
    /// This agent's, but its nonce is too old, used up or none of ours: to be asked again, with `stale`.
    Stale(AgentId),
}

impl Auth {
    pub fn new(secret: [u8; 32]) -> Self {
        let mut auth = Self { secret, decoy: String::new(), shapes: Vec::new(), made: 0, counts: BTreeMap::new(), forgotten_to: None };
        auth.decoy = hex(&auth.keyed(&[b"no such user"]));
        auth
    }

    /// The accounts have changed.
    pub fn reconfigure(&mut self, settings: &Settings) {
        self.shapes = settings.accounts.values().map(Shape::of).collect();
    }

    fn keyed(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.secret);
        for part in parts {
            hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }

    fn nonce(&mut self, now: Instant) -> String {
        self.made += 1;
        let millis = u64::try_from(now.since_start().as_millis()).unwrap_or(u64::MAX);
        let head = hex(&millis.to_be_bytes()) + &hex(&self.made.to_be_bytes()[4..]);
        let mac = self.keyed(&[b"nonce", head.as_bytes()]);
        head + &hex(&mac[..16])
    }

    /// When we made a nonce; `None` when we did not.
    fn made(&self, nonce: &str) -> Option<Made> {
        let (head, mac) = nonce.split_at_checked(24)?;
        let right = hex(&self.keyed(&[b"nonce", head.as_bytes()])[..16]);
        if !bool::from(subtle::ConstantTimeEq::ct_eq(mac.as_bytes(), right.as_bytes())) {
            return None;
        }
        let millis = u64::from_str_radix(&head[..16], 16).ok()?;
        let number = u32::from_str_radix(&head[16..], 16).ok()?;
        Some(Made { at: Instant::after_start(Duration::from_millis(millis)), number })
    }

    /// WWW-Authenticate values for `user` on a phone that `fails_at_sha256` or not, best algorithm first. A user that we do not have is
    /// shown what some agent of ours would be.
    pub fn challenges(&mut self, user: &str, fails_at_sha256: bool, stale: bool, settings: &Settings, now: Instant) -> Vec<String> {
        // Reckoned for those whom we have, too: it takes the same time.
        let stand_in = self.stand_in(user);
        let Shape { sha256, md5 } = settings.accounts.get(user).map_or(stand_in, Shape::of);
        let sha256 = sha256 && !(md5 && fails_at_sha256);
        let offered = [(Algorithm::Sha256, sha256), (Algorithm::Md5, md5)];
        let mut challenges = Vec::new();
        for (algorithm, _) in offered.into_iter().filter(|(_, offered)| *offered) {
            let nonce = self.nonce(now);
            challenges.push(Challenge { realm: settings.domain.clone(), nonce, algorithm, stale }.to_header());
        }
        challenges
    }

    /// What some agent of ours looks like, always the same one for a name.
    fn stand_in(&self, user: &str) -> Shape {
        let [a, b, c, d, ..] = self.keyed(&[b"stand-in", user.as_bytes()]);
        let hash = usize::try_from(u32::from_be_bytes([a, b, c, d]) >> 4).unwrap_or(0);
        let nobody = Shape { sha256: true, md5: true };
        self.shapes.get(hash % self.shapes.len().max(1)).copied().unwrap_or(nobody)
    }

    /// A To tag that a request gets each time it comes, without our remembering it (RFC 3261 §8.2.7).
    pub fn tag_of(&self, request: &Request) -> String {
        let (branch, of_peer) = (request.top_via().branch().unwrap_or_default(), request.from_tag().unwrap_or_default());
        hex(&self.keyed(&[b"tag", branch.as_bytes(), request.call_id().as_bytes(), of_peer.as_bytes()])[..4])
    }

    /// Judges a request's Authorization. Takes as long for unknown users as for known ones.
    pub fn judge<'a>(&mut self, request: &Request, settings: &'a Settings, is_ours: impl Fn(&str) -> bool, now: Instant) -> Verdict {
        let ours = request.headers.all("Authorization").filter_map(Credentials::from_header).find(|found| found.realm == settings.domain);
        let Some(credentials) = ours else { return Verdict::Refused };
        let account = settings.accounts.get(credentials.username.as_str());
        let secret = |account: &'a Account| match credentials.algorithm {
            Algorithm::Sha256 => account.ha1_sha256.as_ref(),
            Algorithm::Md5 => account.ha1_md5.as_ref(),
        };
        let known = account.and_then(secret);
        let proven = credentials.proves(known.unwrap_or(&self.decoy), request.method.as_str());
        let made = self.made(&credentials.nonce);
        // RFC 7616 §3.4.6: the URI answered for must be the one asked for. Phones write the server's where a proxy would: ours passes.
        let uri: Option<Uri> = credentials.uri.parse().ok();
        let right_uri = uri.is_some_and(|uri| uri.same_as(&request.uri) || is_ours(&uri.host));
        let (Some(_), true, true) = (known, proven, right_uri) else {
            return if proven || made.is_none() { Verdict::Refused } else { Verdict::Wrong(credentials.username) };
        };
        // RFC 7616 §3.3: who answers a nonce rightly that is not ours knows the password; it was made before a restart.
        let Some(made) = made else { return Verdict::Stale(AgentId::new(&credentials.username)) };
        if now - made.at > NONCE_AGE_MAX || self.forgotten_to.is_some_and(|to| made.at <= to) || !self.count(made, &credentials, now) {
            return Verdict::Stale(AgentId::new(&credentials.username));
        }
        Verdict::Proven(AgentId::new(&credentials.username))
    }

    /// Notes a use of a nonce; false when that count was used before. A client of RFC 2069 has no count: one use.
    fn count(&mut self, made: Made, credentials: &Credentials, now: Instant) -> bool {
        self.forget_old(now);
        let count = if credentials.qop.is_some() { credentials.nc.unwrap_or(0) } else { 1 };
        let (highest, seen) = self.counts.entry(made).or_insert((0, 0));
        if count > *highest {
            let shift = count - *highest;
            // Bit n: the count n + 1 below the highest was used.
            *seen = if shift > 64 { 0 } else { (seen.checked_shl(shift).unwrap_or(0)) | u64::from(*highest > 0) << (shift - 1) };
            *highest = count;
            return true;
        }
        let below = *highest - count;
        let fresh = (1..=64).contains(&below) && count > 0 && *seen & (1 << (below - 1)) == 0;
        if fresh {
            *seen |= 1 << (below - 1);
        }
        fresh
    }

    fn forget_old(&mut self, now: Instant) {
        while self.counts.first_key_value().is_some_and(|(made, _)| now - made.at > NONCE_AGE_MAX) {
            self.counts.pop_first();
        }
        if self.counts.len() >= NONCES_MAX
            && let Some((made, _)) = self.counts.pop_first()
        {
            self.forgotten_to = Some(made.at).max(self.forgotten_to);
        }
    }
}

/// Phones that fail at the sight of an algorithm they do not know, even where MD5 stands beside it, against RFC 7616 §3.7: baresip before
/// 3.12 (Debian 12 has 1.0, Ubuntu 24.04 has 1.1) and sipsak (to 0.9.8.1, its last), told by their User-Agent; SIPp before 3.7 (Debian 12 has 3.6), which reads the first
/// challenge alone and says nothing of itself, told by the branches that it numbers: `z9hG4bK-PID-CALL-MESSAGE`. Its own Via is the last: there
/// may be proxies between.
pub(super) fn fails_at_sha256(request: &Request) -> bool {
    let vias = request.headers.vias().unwrap_or_default();
    let branch = vias.last().and_then(|via| via.branch()).unwrap_or_default();
    let user_agent = request.headers.get("User-Agent").unwrap_or_default();
    is_old_baresip(user_agent) || user_agent.starts_with("sipsak ") || is_sipp(branch)
}

fn is_old_baresip(user_agent: &str) -> bool {
    let version = user_agent.strip_prefix("baresip v").and_then(|rest| rest.split([' ', '-']).next());
    let mut numbers = version.into_iter().flat_map(|version| version.split('.')).map_while(|number| number.parse::<u32>().ok());
    matches!((numbers.next(), numbers.next()), (Some(major), Some(minor)) if (major, minor) < (3, 12))
}

fn is_sipp(branch: &str) -> bool {
    let numbers = branch.strip_prefix("z9hG4bK-").into_iter().flat_map(|rest| rest.split('-'));
    numbers.clone().count() == 3 && numbers.clone().all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;
    use crate::sip::msg::digest::ha1;
    use crate::sip::msg::{Message, parse};

    const REALM: &str = "sanling.local";

    fn settings() -> Settings {
        let account = |user: &str| Account {
            ha1_sha256: Some(ha1(Algorithm::Sha256, user, REALM, "secret")),
            ha1_md5: Some(ha1(Algorithm::Md5, user, REALM, "secret")),
        };
        Settings { domain: REALM.into(), accounts: [(AgentId::new("1001"), account("1001"))].into(), ..Settings::default() }
    }

    fn answer(challenge: &str, user: &str, password: &str, nc: u32) -> Request {
        let challenge = Challenge::from_header(challenge).expect("a challenge");
        let secret = ha1(challenge.algorithm, user, REALM, password);
        let uri = "sip:sanling.local";
        let credentials = Credentials::answer(&challenge, user, &secret, "REGISTER", uri, "cn", nc).to_header();
        let text = format!(
            "REGISTER {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK1\r\nMax-Forwards: 70\r\nFrom: <sip:1001@sanling.local>;tag=1\r\n\
             To: <sip:1001@sanling.local>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\nAuthorization: {credentials}\r\n\r\n"
        );
        let Ok(Message::Request(request)) = parse(text.as_bytes()) else { panic!("a REGISTER: {text}") };
        request
    }

    fn at(seconds: u64) -> Instant {
        Instant::START + secs(seconds)
    }

    #[test]
    fn the_right_password_proves_the_agent_by_either_hash() {
        let (mut auth, settings) = (Auth::new([7; 32]), settings());
        let challenges = auth.challenges("1001", false, false, &settings, at(0));
        assert!(challenges[0].contains("SHA-256") && challenges[1].contains("MD5"), "{challenges:?}");
        for challenge in &challenges {
            let mut judge = |user, password| auth.judge(&answer(challenge, user, password, 1), &settings, |_| false, at(1));
            assert_eq!(judge("1001", "wrong"), Verdict::Wrong("1001".into()));
            assert_eq!(judge("9999", "secret"), Verdict::Wrong("9999".into()));
            assert_eq!(judge("1001", "secret"), Verdict::Proven(AgentId::new("1001")));
        }
    }

    #[test]
    fn a_replayed_nonce_is_refused_and_a_risen_count_is_not() {
        let (mut auth, settings) = (Auth::new([7; 32]), settings());
        let challenge = auth.challenges("1001", false, false, &settings, at(0)).remove(0);
        let mut judge = |nc| auth.judge(&answer(&challenge, "1001", "secret", nc), &settings, |_| false, at(1));
        let proven = || Verdict::Proven(AgentId::new("1001"));
        let stale = || Verdict::Stale(AgentId::new("1001"));
        let verdicts: Vec<_> = [1, 1, 2, 5, 3, 3, 4, 5, 2, 0, 100, 5, 101].map(&mut judge).into();
        let expected = [true, false, true, true, true, false, true, false, false, false, true, false, true];
        assert_eq!(verdicts, expected.map(|right| if right { proven() } else { stale() }));
    }

    #[test]
    fn an_old_nonce_is_stale_and_so_is_one_of_before_a_restart() {
        let (mut auth, settings) = (Auth::new([7; 32]), settings());
        let challenge = auth.challenges("1001", false, false, &settings, at(0)).remove(0);
        let request = answer(&challenge, "1001", "secret", 1);
        let stale = || Verdict::Stale(AgentId::new("1001"));
        assert_eq!(auth.judge(&request, &settings, |_| false, at(301)), stale());
        assert_eq!(Auth::new([8; 32]).judge(&request, &settings, |_| false, at(1)), stale());
        assert_eq!(Auth::new([8; 32]).judge(&answer(&challenge, "1001", "wrong", 1), &settings, |_| false, at(1)), Verdict::Refused);
        assert_eq!(auth.judge(&answer(&challenge, "1001", "wrong", 2), &settings, |_| false, at(301)), Verdict::Wrong("1001".into()));
    }

    #[test]
    fn an_unknown_user_is_challenged_as_a_known_one_is() {
        let mut settings = settings();
        settings.accounts.iter_mut().for_each(|(_, account)| account.ha1_md5 = None);
        let mut auth = Auth::new([7; 32]);
        auth.reconfigure(&settings);
        let shape = |challenges: Vec<String>| challenges.iter().map(|one| one.contains("MD5")).collect::<Vec<_>>();
        assert_eq!(shape(auth.challenges("1001", false, false, &settings, at(0))), [false]);
        assert_eq!(shape(auth.challenges("nobody", false, false, &settings, at(0))), [false]);
        auth.reconfigure(&Settings::default());
        assert_eq!(shape(auth.challenges("nobody", false, false, &Settings::default(), at(0))), [false, true]);
    }

    #[test]
    fn a_phone_that_fails_on_sha256_is_asked_for_md5_alone() {
        for (user_agent, old) in [
            ("baresip v1.0.0 (x86_64/linux)", true),
            ("baresip v3.10.1 (x86_64/Linux)", true),
            ("baresip v3.11.0-dev", true),
            ("baresip v3.12.0 (x86_64/Linux)", false),
            ("baresip v4.0", false),
            ("baresip vX", false),
            ("Linphone-Desktop/5.0 baresip v1.0", false),
        ] {
            assert_eq!(is_old_baresip(user_agent), old, "{user_agent}");
        }
        for (branch, sipp) in [
            ("z9hG4bK-12345-1-0", true),
            ("z9hG4bK-12345-1", false),
            ("z9hG4bK-12345-1-", false),
            ("z9hG4bK-a2345-1-0", false),
            ("z9hG4bK12345-1-0", false),
            ("", false),
        ] {
            assert_eq!(is_sipp(branch), sipp, "{branch}");
        }
        let asks = |first: &str, last: &str, user_agent: &str| {
            let via = |branch: &str| format!("Via: SIP/2.0/UDP 192.0.2.1;branch={branch}\r\n");
            let text = format!(
                "REGISTER sip:sanling.local SIP/2.0\r\n{}{}User-Agent: {user_agent}\r\nFrom: <sip:1001@h>;tag=1\r\nTo: <sip:1001@h>\r\nCall-ID: c\r\nCSeq: 1 REGISTER\r\n\r\n",
                via(first),
                via(last)
            );
            let Ok(Message::Request(request)) = parse(text.as_bytes()) else { panic!("{text}") };
            fails_at_sha256(&request)
        };
        let behind = |first: &str, last: &str| asks(first, last, "a phone");
        assert!(asks("z9hG4bK.5ee3b303", "z9hG4bK.5ee3b303", "sipsak 0.9.8.1") && !behind("z9hG4bK.5ee3b303", "z9hG4bK.5ee3b303"));
        assert!(
            behind("z9hG4bKproxy", "z9hG4bK-12345-1-0") && !behind("z9hG4bK-12345-1-0", "z9hG4bKphone"),
            "the phone's own Via is the last"
        );
        let mut auth = Auth::new([7; 32]);
        let mut settings = settings();
        let asked = auth.challenges("1001", true, false, &settings, at(0));
        assert!(asked.len() == 1 && asked[0].contains("MD5"), "{asked:?}");
        // An account that has no MD5 hash is not opened by one.
        settings.accounts.iter_mut().for_each(|(_, account)| account.ha1_md5 = None);
        assert!(auth.challenges("1001", true, false, &settings, at(0))[0].contains("SHA-256"));
    }
}
