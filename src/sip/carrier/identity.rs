//! How a caller is named to a carrier: in From, and where it wants that in P-Asserted-Identity (RFC 3325).

use super::super::msg::{NameAddr, Uri};
use super::super::{CallerShown, Party, Settings, Trunk};

/// What an INVITE says of its caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// Without a tag.
    pub from: NameAddr,
    pub asserted: Option<NameAddr>,
    /// The carrier is not to show him (RFC 3323, RFC 3325 §9.3).
    pub is_private: bool,
}

/// `trunk`: the carrier that is called; none for an agent's phone.
pub fn shown(party: &Party, trunk: Option<&Trunk>, settings: &Settings) -> Shown {
    let is_private = party.user.is_empty();
    let user = if is_private { "anonymous" } else { &party.user };
    let domain = trunk.and_then(|trunk| trunk.from_domain.as_deref()).unwrap_or(&settings.domain);
    let named = NameAddr::new(party.display.as_deref(), Uri::sip(Some(user), domain, None));
    let account = trunk.and_then(|trunk| trunk.account.as_ref());
    let who = trunk.map(|trunk| trunk.caller_shown).unwrap_or_default();
    match (who, account) {
        (CallerShown::From, _) | (CallerShown::BehindAccount, None) => Shown { from: named, asserted: None, is_private: false },
        (CallerShown::Asserted, None) if is_private => Shown { from: named, asserted: None, is_private },
        (CallerShown::Asserted, account) => {
            // Who hides is known to the carrier all the same: by the account that pays.
            let asserted = match account.filter(|_| is_private) {
                Some(account) => NameAddr::new(None, Uri::sip(Some(&account.user), domain, None)),
                None => named.clone(),
            };
            Shown { from: named, asserted: Some(asserted), is_private }
        }
        (CallerShown::BehindAccount, Some(account)) => {
            let from = NameAddr::new(party.display.as_deref(), Uri::sip(Some(&account.user), domain, None));
            Shown { from, asserted: (!is_private).then_some(named), is_private }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::TrunkId;
    use crate::sip::{Password, TrunkAccount};

    #[test]
    fn each_carrier_is_told_as_it_wants() {
        let settings = Settings { domain: "sanling.local".into(), ..Settings::default() };
        let caller = |user: &str| Party { display: None, user: user.into() };
        for (who, account, domain, user, expected) in [
            (CallerShown::From, true, None, "10086", ("<sip:10086@sanling.local>", None, false)),
            (CallerShown::From, true, Some("c.example"), "10086", ("<sip:10086@c.example>", None, false)),
            (CallerShown::From, true, None, "", ("<sip:anonymous@sanling.local>", None, false)),
            (CallerShown::Asserted, true, None, "10086", ("<sip:10086@sanling.local>", Some("<sip:10086@sanling.local>"), false)),
            (CallerShown::Asserted, true, None, "", ("<sip:anonymous@sanling.local>", Some("<sip:us@sanling.local>"), true)),
            (CallerShown::Asserted, false, None, "", ("<sip:anonymous@sanling.local>", None, true)),
            (CallerShown::BehindAccount, true, Some("c.example"), "10086", ("<sip:us@c.example>", Some("<sip:10086@c.example>"), false)),
            (CallerShown::BehindAccount, true, None, "", ("<sip:us@sanling.local>", None, true)),
            (CallerShown::BehindAccount, false, None, "10086", ("<sip:10086@sanling.local>", None, false)),
        ] {
            let mut trunk = Trunk::accepting(TrunkId::new("carrier"), Vec::new());
            trunk.caller_shown = who;
            trunk.from_domain = domain.map(str::to_owned);
            trunk.account = account.then(|| TrunkAccount { user: "us".into(), password: Password::new("p") });
            let Shown { from, asserted, is_private } = shown(&caller(user), Some(&trunk), &settings);
            let asserted = asserted.map(|asserted| asserted.to_string());
            assert_eq!((from.to_string().as_str(), asserted.as_deref(), is_private), expected, "{who:?} {user}");
        }
        assert_eq!(shown(&caller("1001"), None, &settings).from.to_string(), "<sip:1001@sanling.local>");
    }
}
