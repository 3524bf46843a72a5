//! Stories of sources: who is refused for what, for how long, and who is not.

use super::*;
use crate::base::TrunkId;
use crate::base::time::millis;
use crate::sip::Trunk;

struct Story {
    guard: Guard,
    settings: Settings,
    now: Instant,
    /// What became of sources, with the second at which it did.
    log: Vec<(u64, String)>,
    /// Where a phone is registered.
    registered: Option<SocketAddr>,
}

fn address(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

impl Story {
    fn new() -> Self {
        let trunks = vec![Trunk::accepting(TrunkId::new("carrier"), vec!["203.0.113.0/24".parse().expect("a network")])];
        let settings = Settings { trunks, ..Settings::default() };
        Self { guard: Guard::default(), settings, now: Instant::START, log: Vec::new(), registered: None }
    }

    fn note(&mut self, changes: Vec<Change>) {
        let at = self.now.since_start().as_secs();
        self.log.extend(changes.into_iter().map(|change| match change {
            Change::Blocked(blocked) => (at, format!("{} blocked for {}", blocked.source, (blocked.until - blocked.since).as_secs())),
            Change::Released(source) => (at, format!("{source} released")),
        }));
    }

    fn guesses(&mut self, user: &str, peer: &str, times: usize) -> &mut Self {
        let (peer, registered) = (address(peer), self.registered);
        for _ in 0..times {
            let mut changes = Vec::new();
            let here = |port: Option<u16>| registered.is_some_and(|at| at.ip() == peer.ip() && port.is_none_or(|port| at.port() == port));
            self.guard.failed(user, peer, here, &self.settings, self.now, &mut changes);
            self.note(changes);
        }
        self
    }

    fn proves(&mut self, user: &str, peer: &str) -> &mut Self {
        self.guard.proved(user, address(peer), Kind::Request, self.now);
        self
    }

    fn after(&mut self, time: Duration) -> &mut Self {
        let end = self.now + time;
        while let Some(due) = self.guard.deadline().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            let mut changes = Vec::new();
            self.guard.handle_timeout(self.now, &mut changes);
            self.note(changes);
            assert!(self.guard.deadline().is_none_or(|next| next > self.now));
        }
        self.now = end;
        self
    }

    fn asks(&mut self, peer: &str, kind: Kind) -> Result<(), Refusal> {
        self.guard.admit(address(peer), kind, true, &self.settings, self.now)
    }

    /// How many of `times` are let through.
    fn floods(&mut self, peer: &str, kind: Kind, times: usize) -> usize {
        (0..times).filter(|_| self.asks(peer, kind).is_ok()).count()
    }

    #[track_caller]
    fn expect(&mut self, log: &[(u64, &str)]) -> &mut Self {
        let seen: Vec<(u64, &str)> = self.log.iter().map(|(at, what)| (*at, what.as_str())).collect();
        assert_eq!(seen, log);
        self.log.clear();
        self
    }
}

#[test]
fn the_tenth_wrong_answer_within_a_minute_blocks_a_strangers_address_for_five_minutes() {
    let mut story = Story::new();
    story.guesses("1001", "192.0.2.7:5060", 9).expect(&[]);
    story.after(secs(59)).guesses("1002", "192.0.2.7:9999", 1).expect(&[(59, "192.0.2.7 blocked for 300")]);
    assert_eq!(story.asks("192.0.2.7:1", Kind::Request), Err(Refusal::Blocked));
    assert_eq!(story.asks("192.0.2.8:1", Kind::Request), Ok(()), "the next address");
    story.after(millis(299_999)).expect(&[]);
    story.after(millis(1)).expect(&[(359, "192.0.2.7 released")]);
    assert_eq!(story.asks("192.0.2.7:1", Kind::Request), Ok(()));
}

#[test]
fn ten_wrong_answers_over_a_longer_time_are_somebody_who_forgets_his_password() {
    let mut story = Story::new();
    for _ in 0..100 {
        story.guesses("1001", "192.0.2.7:5060", 1).after(millis(6_700));
    }
    story.expect(&[]);
}

#[test]
fn who_comes_again_is_blocked_twice_as_long_up_to_a_bound_and_peace_is_rewarded() {
    let mut story = Story::new();
    let mut lengths = Vec::new();
    for _ in 0..7 {
        story.guesses("1001", "192.0.2.7:5060", 10);
        let length = story.guard.blocked().map(|blocked| (blocked.until - blocked.since).as_secs()).next().expect("blocked");
        lengths.push(length);
        story.after(secs(length));
    }
    assert_eq!(lengths, [300, 600, 1_200, 2_400, 4_800, 7_200, 7_200]);
    story.log.clear();
    story.after(secs(7_201)).guesses("1001", "192.0.2.7:5060", 10);
    assert!(story.log[0].1.ends_with("blocked for 300"), "{:?}", story.log);
}

#[test]
fn a_shared_address_is_never_refused_for_what_one_of_its_phones_does() {
    let mut story = Story::new();
    story.proves("1001", "192.0.2.7:5060").guesses("1002", "192.0.2.7:6000", 10);
    story.expect(&[(0, "1002@192.0.2.7 blocked for 300"), (0, "192.0.2.7:6000 blocked for 300")]);
    assert_eq!(story.asks("192.0.2.7:6000", Kind::Request), Err(Refusal::Blocked));
    assert_eq!(story.asks("192.0.2.7:5060", Kind::Request), Ok(()));
    assert_eq!(story.asks("192.0.2.7:6001", Kind::Call), Ok(()), "a third phone behind the address");
    assert!(!story.guard.hears("1002", address("192.0.2.7:6001"), || false), "the guessed account from another port");
    assert!(story.guard.hears("1001", address("192.0.2.7:6001"), || false));
    assert!(story.guard.hears("1002", address("192.0.2.8:6001"), || false), "the account's owner at another address");
    assert!(story.guard.hears("1002", address("192.0.2.7:5062"), || true), "the account's own phone, registered right there");
}

#[test]
fn a_port_that_gave_a_right_answer_is_not_refused_though_its_guesses_are() {
    // A proxy, or one customer's NAT: many users, one port.
    let mut story = Story::new();
    story.proves("1001", "192.0.2.7:5060").guesses("1002", "192.0.2.7:5060", 30);
    story.expect(&[(0, "1002@192.0.2.7 blocked for 300")]);
    assert_eq!(story.asks("192.0.2.7:5060", Kind::Request), Ok(()));
}

#[test]
fn loopback_and_trunks_are_judged_by_port_and_account_and_may_be_loud() {
    for (guesser, neighbour) in
        [("127.0.0.1:6000", "127.0.0.1:5061"), ("203.0.113.9:6000", "203.0.113.9:5060"), ("[::1]:6000", "[::1]:5061")]
    {
        let mut story = Story::new();
        story.guesses("1002", guesser, 10);
        assert_eq!(story.log.len(), 2, "{:?}", story.log);
        assert_eq!(story.asks(guesser, Kind::Request), Err(Refusal::Blocked));
        assert_eq!(
            story.guard.admit(address(guesser), Kind::Call, false, &story.settings, story.now),
            Ok(()),
            "a trunk's call needs no proof"
        );
        assert_eq!(story.floods(neighbour, Kind::Call, 100_000), 100_000);
        assert_eq!(story.guard.sources.len(), 0, "and nothing is kept of them");
    }
}

#[test]
fn a_network_that_is_named_as_shared_is_one() {
    let mut story = Story::new();
    story.settings.guard.shared = vec!["198.51.100.0/24".parse().expect("a network")];
    story.guesses("1002", "198.51.100.7:6000", 10);
    story.expect(&[(0, "1002@198.51.100.7 blocked for 300"), (0, "198.51.100.7:6000 blocked for 300")]);
    assert_eq!(story.asks("198.51.100.7:5060", Kind::Request), Ok(()));
}

#[test]
fn an_address_with_a_phone_registered_before_a_restart_is_a_shared_one() {
    let mut story = Story::new();
    story.registered = Some(address("192.0.2.7:5060"));
    story.guesses("1002", "192.0.2.7:6000", 10).expect(&[]);
    story.guesses("1002", "192.0.2.7:6000", 10);
    story.expect(&[(0, "1002@192.0.2.7 blocked for 300"), (0, "192.0.2.7:6000 blocked for 300")]);
    story.guesses("1003", "192.0.2.7:5060", 10).expect(&[(0, "1003@192.0.2.7 blocked for 300")]);
}

#[test]
fn a_flood_is_let_through_at_its_rate_and_a_right_answer_costs_nothing() {
    let mut story = Story::new();
    assert_eq!(story.floods("192.0.2.7:5060", Kind::Call, 1_000), 40, "twice the rate at once");
    assert_eq!(story.floods("192.0.2.7:6060", Kind::Call, 1_000), 0, "the same stranger by another port");
    assert_eq!(story.floods("192.0.2.7:5060", Kind::Request, 1_000), 200, "another bucket");
    assert_eq!(story.floods("192.0.2.7:5060", Kind::Rubbish, 1_000), 0);
    story.after(millis(500));
    assert_eq!(story.floods("192.0.2.7:5060", Kind::Call, 1_000), 10);
    story.after(secs(3_600));
    assert_eq!(story.floods("192.0.2.7:5060", Kind::Call, 1_000), 40, "no more is saved up");
    for _ in 0..1_000 {
        story.proves("1001", "192.0.2.9:5060");
        assert_eq!(story.asks("192.0.2.9:5060", Kind::Request), Ok(()));
    }
}

#[test]
fn the_64_of_an_ipv6_customer_is_one_source_and_a_mapped_address_is_its_ipv4_one() {
    let mut story = Story::new();
    for host in 0..10 {
        story.guesses("1001", &format!("[2001:db8:1:2::{host}]:5060"), 1);
    }
    story.expect(&[(0, "2001:db8:1:2::/64 blocked for 300")]);
    assert_eq!(story.asks("[2001:db8:1:3::1]:5060", Kind::Request), Ok(()));
    story.guesses("1001", "[::ffff:192.0.2.7]:5060", 10).expect(&[(0, "192.0.2.7 blocked for 300")]);
    assert_eq!(story.asks("192.0.2.7:5060", Kind::Request), Err(Refusal::Blocked));
}

#[test]
fn a_right_answer_forgets_the_wrong_ones_of_its_own_account_alone() {
    let mut story = Story::new();
    story.settings.guard.shared = vec!["192.0.2.0/24".parse().expect("a network")];
    story.guesses("1001", "192.0.2.7:5060", 9).guesses("1002", "192.0.2.7:6000", 9);
    story.proves("1001", "192.0.2.7:5060").guesses("1001", "192.0.2.7:5060", 9).expect(&[]);
    story.guesses("1002", "192.0.2.7:7000", 1).expect(&[(0, "1002@192.0.2.7 blocked for 300")]);
}

#[test]
fn an_operator_releases_by_the_name_that_he_is_shown() {
    let mut story = Story::new();
    story.guesses("1001", "192.0.2.7:5060", 10).guesses("1001", "192.0.2.8:5060", 10);
    let mut changes = Vec::new();
    assert_eq!(story.guard.release(Some("192.0.2.9"), &mut changes), 0);
    assert_eq!(story.guard.release(Some("192.0.2.7"), &mut changes), 1);
    assert_eq!(story.guard.release(None, &mut changes), 1);
    story.log.clear();
    story.note(changes);
    story.expect(&[(0, "192.0.2.7 released"), (0, "192.0.2.8 released")]);
    assert_eq!(story.guard.deadline(), None);
    story.guesses("1001", "192.0.2.7:5060", 10).expect(&[(0, "192.0.2.7 blocked for 300")]);
}

#[test]
fn a_guard_that_is_switched_off_lets_everything_through() {
    let mut story = Story::new();
    story.settings.guard.enabled = false;
    story.guesses("1001", "192.0.2.7:5060", 100).expect(&[]);
    assert_eq!(story.floods("192.0.2.7:5060", Kind::Call, 1_000), 1_000);
}

#[test]
fn a_million_forged_addresses_fill_no_memory_and_release_nobody() {
    let mut story = Story::new();
    story.guesses("1001", "192.0.2.7:5060", 10);
    for forged in 0..100_000_u32 {
        let peer = SocketAddr::new(IpAddr::from((0x0B00_0000 + forged).to_be_bytes()), 5060);
        assert_eq!(story.guard.admit(peer, Kind::Call, true, &story.settings, story.now), Ok(()));
    }
    assert_eq!(story.guard.sources.len(), GUARD_SOURCES_MAX);
    assert_eq!(story.asks("192.0.2.7:5060", Kind::Request), Err(Refusal::Blocked));
    story.after(secs(7_600));
    let _ = story.asks("192.0.2.9:5060", Kind::Request);
    assert_eq!(story.guard.sources.len(), 1, "what is old is forgotten");
}

#[test]
fn as_many_are_blocked_as_may_be_and_the_one_that_ends_soonest_makes_room() {
    let mut story = Story::new();
    for forged in 0..=u32::try_from(GUARD_BLOCKED_MAX).expect("a number") {
        let peer = SocketAddr::new(IpAddr::from((0x0B00_0000 + forged).to_be_bytes()), 5060).to_string();
        story.guesses("1001", &peer, 10).after(millis(1));
    }
    assert_eq!(story.guard.blocked().count(), GUARD_BLOCKED_MAX);
    assert_eq!(story.asks("11.0.0.0:5060", Kind::Request), Ok(()), "the first");
    assert_eq!(story.asks("11.0.0.1:5060", Kind::Request), Err(Refusal::Blocked));
}

#[test]
fn who_is_blocked_stays_so_over_a_restart_until_the_same_moment() {
    let mut story = Story::new();
    story.guesses("1001", "192.0.2.66:5060", 10).after(secs(100)).guesses("1001", "192.0.2.67:5060", 9);
    story.expect(&[(0, "192.0.2.66 blocked for 300")]);
    let restart = |story: &mut Story| {
        let image = rmp_serde::to_vec_named(&story.guard.blocked().collect::<Vec<_>>()).expect("plain values");
        story.guard = Guard::default();
        story.guard.restore(rmp_serde::from_slice(&image).expect("it was written a moment ago"));
    };
    restart(&mut story);
    assert_eq!(story.asks("192.0.2.66:5061", Kind::Call), Err(Refusal::Blocked));
    // Counts are forgotten: one wrong answer more blocks nobody.
    story.guesses("1001", "192.0.2.67:5060", 1).after(secs(199)).expect(&[]);
    assert_eq!(story.asks("192.0.2.66:5061", Kind::Call), Err(Refusal::Blocked));
    story.after(secs(1)).expect(&[(300, "192.0.2.66 released")]);
    assert_eq!(story.asks("192.0.2.66:5061", Kind::Call), Ok(()));
    // He goes on: it is his second time, and what ended while nobody was there ends at once.
    story.guesses("1001", "192.0.2.66:5060", 10).expect(&[(300, "192.0.2.66 blocked for 600")]);
    restart(&mut story);
    story.now += secs(5_000);
    story.after(Duration::ZERO).expect(&[(5_300, "192.0.2.66 released")]);
}

#[test]
fn more_blocks_than_the_bound_are_not_taken_over() {
    let of = |n: u32| Blocked {
        source: Source::Address(IpAddr::V4(n.into())),
        since: Instant::START,
        until: Instant::after_start(secs(300)),
        times: 1,
    };
    let mut guard = Guard::default();
    guard.restore((0..GUARD_BLOCKED_MAX as u32 + 10).map(of).collect());
    assert_eq!(guard.blocked().count(), GUARD_BLOCKED_MAX);
}
