//! Against a name server on loopback: what its records come to, and what is known while it answers otherwise, or not.

#[path = "../../../tests/e2e/dns.rs"]
mod dns;

use super::*;
use crate::config::{PromptInventory, SourceFile, resolve as resolved};
use crate::io::tls::Material;
use crate::sip::Protocol;
use dns::NameServer;
use hickory_resolver::proto::rr::RecordType;
use std::sync::Arc;

const ALL: [ListenProtocol; 3] = [ListenProtocol::Udp, ListenProtocol::Tcp, ListenProtocol::Tls];

/// Carrier `c.example`, with what `[[trunk]] hosts` may say of it.
fn question(host: &str) -> HostQuestion {
    let config = configuration(&format!("hosts = [\"{host}\"]"), &[]);
    questions(&config).into_iter().next().expect("a name")
}

/// The shipped configuration with a trunk "named" besides.
fn configuration(trunk: &str, dns: &[SocketAddr]) -> Config {
    let routing = format!("[[trunk]]\nid = \"named\"\n{trunk}\n");
    let files = [
        ("switch.toml", include_str!("../../../config/switch.toml").to_owned()),
        ("agents.toml", include_str!("../../../config/agents.toml").to_owned()),
        ("routing.toml", routing),
    ];
    let files = files.map(|(name, text)| SourceFile { path: name.to_owned(), text });
    let overrides = [
        "sip.listen=[\"udp:127.0.0.1:5060\", \"tls:127.0.0.1:5061\"]".to_owned(),
        "tls.certificate=\"own.pem\"".to_owned(),
        "tls.key=\"own-key.pem\"".to_owned(),
        format!("sip.dns={:?}", dns.iter().map(ToString::to_string).collect::<Vec<_>>()),
    ];
    resolved(&files, &overrides, &PromptInventory::complete(&["zh-CN", "en-US"])).unwrap_or_else(|errors| panic!("{}", errors[0]))
}

async fn asks(server: &NameServer, host: &str, spoken: &[ListenProtocol]) -> Result<Answer, Trouble> {
    let resolver = resolver_of(&[server.address]).expect("a resolver");
    resolve::resolve(&resolver, &question(host), spoken).await
}

/// Targets as `protocol:address`, the best first.
async fn leads(server: &NameServer, host: &str, spoken: &[ListenProtocol]) -> Vec<String> {
    let mut answer = asks(server, host, spoken).await.unwrap_or_else(|trouble| panic!("{host}: {trouble:?}"));
    answer.targets.sort_by_key(|target| target.priority);
    answer.targets.iter().map(|target| format!("{}:{}", target.protocol.name(), target.address)).collect()
}

/// All three transports, TCP preferred to UDP, and TLS last; two servers by UDP.
fn carrier() -> NameServer {
    let server = NameServer::start(0);
    server.naptr("c.example", (20, 1), "SIP+D2U", "_sip._udp.c.example");
    server.naptr("c.example", (10, 1), "SIP+D2T", "_sip._tcp.c.example");
    server.naptr("c.example", (20, 2), "SIPS+D2T", "_sips._tcp.c.example");
    server.naptr("c.example", (5, 1), "SIP+D2S", "_sip._sctp.c.example");
    server.srv("_sip._udp.c.example", (20, 1), "b.c.example", 5071).srv("_sip._udp.c.example", (10, 1), "a.c.example", 5070);
    server.srv("_sip._tcp.c.example", (1, 1), "a.c.example", 5072).srv("_sips._tcp.c.example", (1, 1), "a.c.example", 5073);
    server.address("a.c.example", "192.0.2.1").address("b.c.example", "192.0.2.3").address("b.c.example", "2001:db8::3");
    server.address("c.example", "192.0.2.9").address("c.example", "2001:db8::9");
    server
}

#[tokio::test]
async fn naptr_says_by_which_transports_and_srv_by_which_servers() {
    let server = carrier();
    let udp = ["udp:192.0.2.1:5070", "udp:192.0.2.3:5071", "udp:[2001:db8::3]:5071"];
    let (tcp, tls) = (["tcp:192.0.2.1:5072"], ["tls:192.0.2.1:5073"]);
    assert_eq!(leads(&server, "sip:c.example", &ALL).await, [&tcp[..], &udp, &tls].concat());
    // RFC 3263 §4.1: what we do not speak is passed over, and of a SIPS URI all that is not TLS.
    assert_eq!(leads(&server, "sip:c.example", &[ListenProtocol::Udp]).await, udp);
    assert_eq!(leads(&server, "sips:c.example", &ALL).await, tls);
    // A transport that is given is not asked for, nor is a server where a port is given.
    assert_eq!(leads(&server, "sip:c.example;transport=tls", &ALL).await, tls);
    assert!(!server.asked().iter().any(|asked| asked.ends_with("_sip._sctp.c.example")));
    let before = server.asked().len();
    assert_eq!(leads(&server, "sip:c.example:5099", &ALL).await, ["udp:192.0.2.9:5099", "udp:[2001:db8::9]:5099"]);
    assert_eq!(leads(&server, "sips:c.example:5099", &ALL).await, ["tls:192.0.2.9:5099", "tls:[2001:db8::9]:5099"]);
    assert!(server.asked()[before..].iter().all(|asked| asked.starts_with("A ") || asked.starts_with("AAAA ")), "{:?}", server.asked());
}

#[tokio::test]
async fn without_naptr_each_transport_is_asked_for_and_without_srv_the_name_itself() {
    let server = NameServer::start(0);
    server.srv("_sip._tcp.c.example", (1, 1), "a.c.example", 5072).srv("_sip._udp.c.example", (9, 1), "a.c.example", 5070);
    server.srv("_sips._tcp.c.example", (1, 1), "a.c.example", 5073);
    server.address("a.c.example", "192.0.2.1").address("c.example", "192.0.2.9");
    assert_eq!(leads(&server, "sip:c.example", &ALL).await, ["udp:192.0.2.1:5070", "tcp:192.0.2.1:5072"]);
    assert_eq!(leads(&server, "sip:c.example", &[ListenProtocol::Tcp]).await, ["tcp:192.0.2.1:5072"]);
    assert_eq!(leads(&server, "sips:c.example", &ALL).await, ["tls:192.0.2.1:5073"]);
    server.alias("plain.example", "c.example");
    assert_eq!(leads(&server, "sip:plain.example", &ALL).await, ["udp:192.0.2.9:5060"]);
    assert_eq!(leads(&server, "sip:plain.example;transport=tcp", &ALL).await, ["tcp:192.0.2.9:5060"]);
    assert_eq!(leads(&server, "sips:plain.example", &ALL).await, ["tls:192.0.2.9:5061"]);
    // Who listens by TCP alone can use nothing else.
    assert_eq!(leads(&server, "sip:plain.example", &[ListenProtocol::Tcp]).await, ["tcp:192.0.2.9:5060"]);
}

#[tokio::test]
async fn a_name_that_is_not_there_is_told_from_a_server_that_does_not_say() {
    let server = NameServer::start(0);
    server.srv("_sip._udp.none.example", (1, 1), ".", 0).address("none.example", "192.0.2.9");
    server.srv("_sip._udp.lost.example", (1, 1), "nowhere.example", 5060).address("lost.example", "192.0.2.9");
    server.fails("broken.example").is_silent("silent.example").is_silent("_sip._udp.silent.example");
    for host in ["sip:nowhere.example", "sip:none.example", "sip:lost.example"] {
        let answer = asks(&server, host, &[ListenProtocol::Udp]).await;
        assert!(matches!(answer, Err(Trouble::NotFound(_))), "{host}: {answer:?}");
    }
    for host in ["sip:broken.example", "sip:silent.example"] {
        let answer = asks(&server, host, &[ListenProtocol::Udp]).await;
        assert!(matches!(answer, Err(Trouble::Silent(_))), "{host}: {answer:?}");
    }
}

#[tokio::test]
async fn a_servers_weight_is_shared_by_its_addresses_and_an_answer_lives_as_long_as_its_shortest_record() {
    let server = NameServer::start(0);
    server.srv("_sip._udp.c.example", (1, 3), "a.example", 5060).srv("_sip._udp.c.example", (1, 1), "b.example", 5060);
    server.address("a.example", "192.0.2.1").address("a.example", "192.0.2.2").address("b.example", "192.0.2.3");
    let weights = |answer: &Answer| answer.targets.iter().map(|target| target.weight).collect::<Vec<_>>();
    let answer = asks(&server, "sip:c.example", &[ListenProtocol::Udp]).await.expect("it is there");
    assert_eq!(weights(&answer), [3_780, 3_780, 2_520], "three of four go to the first's two addresses");
    assert!(answer.is_whole() && answer.life > Duration::from_secs(58) && answer.life <= Duration::from_secs(60), "{answer:?}");
    // One server of which nothing is said leaves the others.
    server.forgets("b.example").fails("b.example");
    let answer = asks(&server, "sip:c.example", &[ListenProtocol::Udp]).await.expect("one is there");
    assert_eq!((answer.targets.len(), answer.is_whole()), (2, false));
}

/// Some name servers fail on what they do not know.
#[tokio::test]
async fn where_nothing_is_said_of_its_servers_a_name_is_taken_for_one_as_long_as_nothing_better_is_known() {
    let server = NameServer::start(0);
    server.fails("_sip._udp.c.example").address("c.example", "192.0.2.9");
    let answer = asks(&server, "sip:c.example", &[ListenProtocol::Udp]).await.expect("an address");
    assert_eq!((answer.targets[0].address.to_string(), answer.is_whole()), ("192.0.2.9:5060".to_owned(), false));
    server.forgets("_sip._udp.c.example").srv("_sip._udp.c.example", (1, 1), "c.example", 5070);
    let answer = asks(&server, "sip:c.example", &[ListenProtocol::Udp]).await.expect("a server");
    assert_eq!((answer.targets[0].address.to_string(), answer.is_whole()), ("192.0.2.9:5070".to_owned(), true));
}

/// A carrier of both families is not taken away from who has one of them, because a question was lost.
#[tokio::test]
async fn a_family_of_which_nothing_is_said_stays_where_it_was() {
    let server = NameServer::start(0);
    server.address("c.example", "192.0.2.9").address("c.example", "2001:db8::9");
    let mut book = Book::default();
    let now = Instant::now();
    let mut next = async || {
        let answer = asks(&server, "sip:c.example:5060", &ALL).await;
        let is_new = book.note(question("sip:c.example:5060"), answer, now);
        let known = book.hosts().into_values().next().expect("one").expect("it is there");
        (is_new, known.iter().map(|target| target.address.ip().to_string()).collect::<Vec<_>>())
    };
    let both = vec!["192.0.2.9".to_owned(), "2001:db8::9".to_owned()];
    assert_eq!(next().await, (true, both.clone()));
    server.fails_of("c.example", RecordType::A);
    assert_eq!(next().await, (false, both));
    // Of the other family it says something, and that counts.
    server.forgets("c.example").address("c.example", "192.0.2.9").address("c.example", "2001:db8::8");
    assert_eq!(next().await, (true, vec!["192.0.2.9".to_owned(), "2001:db8::8".to_owned()]));
    server.recovers_of("c.example", RecordType::A).forgets("c.example").address("c.example", "192.0.2.8");
    assert_eq!(next().await, (true, vec!["192.0.2.8".to_owned()]));
    // Nothing was known, and half of it is better than nothing; it is asked again soon.
    server.fails_of("c.example", RecordType::AAAA);
    let answer = asks(&server, "sip:c.example:5060", &ALL).await.expect("one family");
    assert!(!answer.is_whole() && answer.targets.len() == 1, "{answer:?}");
}

/// Some name servers never say anything of records that they do not know; what they do say counts all the same.
#[tokio::test]
async fn a_question_that_is_never_answered_does_not_freeze_the_others() {
    let server = NameServer::start(0);
    server.fails_of("c.example", RecordType::NAPTR).address("c.example", "192.0.2.1");
    let mut book = Book::default();
    let mut next = async || {
        let answer = asks(&server, "sip:c.example", &ALL).await;
        let is_new = book.note(question("sip:c.example"), answer, Instant::now());
        let known = book.hosts().into_values().next().expect("one");
        (is_new, known.map(|known| known.iter().map(|target| target.address.to_string()).collect::<Vec<_>>()))
    };
    let at = |address: &str| Ok(vec![address.to_owned()]);
    assert_eq!(next().await, (true, at("192.0.2.1:5060")));
    server.forgets("c.example").address("c.example", "192.0.2.2");
    assert_eq!(next().await, (true, at("192.0.2.2:5060")), "its address is another");
    // What is known of its servers is not given up for a guess, when the question of them is lost.
    server.srv("_sip._udp.c.example", (1, 1), "a.c.example", 5070).address("a.c.example", "192.0.2.3");
    assert_eq!(next().await, (true, at("192.0.2.3:5070")));
    server.fails_of("_sip._udp.c.example", RecordType::SRV);
    assert_eq!(next().await, (false, at("192.0.2.3:5070")));
}

fn targets(ips: &[&str]) -> Vec<Found> {
    let found = |ip: &&str| Found {
        protocol: Protocol::Udp,
        address: SocketAddr::new(ip.parse().expect("an address"), 5060),
        priority: 0,
        weight: 1,
    };
    ips.iter().map(found).collect()
}

#[test]
fn what_was_known_stays_while_nobody_says_otherwise() {
    let (mut book, start, name) = (Book::default(), Instant::now(), question("sip:c.example"));
    let answer = |ips: &[&str], whole: bool| {
        let silent = (!whole).then(|| ("_sip._udp.c.example.".to_owned(), RecordType::SRV)).into_iter().collect();
        Ok(Answer { targets: targets(ips), life: Duration::from_secs(60), silent })
    };
    let silent = || Err(Trouble::Silent("no answer".to_owned()));
    let at = |seconds: u64| start + Duration::from_secs(seconds);
    let known = |book: &Book| book.hosts().into_values().next().expect("one");
    let due = |book: &Book, seconds| !book.due([question("sip:c.example")].into(), at(seconds)).is_empty();
    assert!(due(&book, 0) && book.note(name.clone(), silent(), at(0)), "that nothing is known is told");
    assert!(known(&book).is_err() && !due(&book, 0) && due(&book, 10));
    // As long as nothing better is known, half of it is good.
    assert!(book.note(name.clone(), answer(&["192.0.2.1"], false), at(10)));
    assert!(known(&book).is_ok() && due(&book, 20));
    assert!(book.note(name.clone(), answer(&["192.0.2.1", "192.0.2.2"], true), at(20)));
    assert!(!due(&book, 79) && due(&book, 80));
    for answer in [silent(), answer(&["192.0.2.1"], false), answer(&["192.0.2.1", "192.0.2.2"], true)] {
        assert!(!book.note(name.clone(), answer, at(80)), "no news");
        assert_eq!(known(&book), Ok(targets(&["192.0.2.1", "192.0.2.2"])));
    }
    // For a day, and then it is forgotten.
    assert!(!book.note(name.clone(), silent(), at(80 + 60 + 86_399)));
    assert!(book.note(name.clone(), silent(), at(80 + 60 + 86_401)) && known(&book).is_err());
    // Who knows that it is not there is believed at once.
    assert!(book.note(name.clone(), answer(&["192.0.2.1"], true), at(90_000)));
    assert!(book.note(name.clone(), Err(Trouble::NotFound("gone".to_owned())), at(90_060)));
    assert_eq!(known(&book), Err("gone".to_owned()));
    assert!(book.keep(&BTreeSet::new()) && book.hosts().is_empty(), "what nobody asks for is forgotten");
}

#[tokio::test]
async fn the_switch_is_told_what_is_new_and_nothing_else() {
    let server = NameServer::start(0);
    server.lives_briefly("c.example", "192.0.2.1").address("callers.example", "192.0.2.7").is_silent("slow.example");
    let trunk = "hosts = [\"sip:c.example:5060\", \"sip:slow.example\"]\naccept_from = [\"192.0.2.0/30\", \"sip:callers.example:5060\"]";
    let config = Arc::new(configuration(trunk, &[server.address]));
    let tls = Tls::new(Material::default());
    let (inbox, mut told) = mpsc::channel(8);
    let task = tokio::spawn(look_up(Loaded::new(config, Vec::new()), tls, inbox));
    let mut next = async || {
        let told = tokio::time::timeout(Duration::from_secs(20), told.recv()).await.expect("something is told").expect("it runs");
        let Input::Hosts(hosts) = told else { panic!("only names are told: {told:?}") };
        let of = |name: &str| hosts.iter().find(|(question, _)| question.name == name).map(|(_, found)| found.clone());
        (of("c.example"), of("callers.example"), of("slow.example"))
    };
    let led = |ip: &str| Some(targets(&[ip]).first().expect("one").address);
    let first = |found: Option<Result<Vec<Found>, String>>| found?.ok()?.first().map(|found| found.address);
    // A slow name holds up no other.
    loop {
        let (host, callers, slow) = next().await;
        assert_eq!(slow, None, "of it nothing is known yet");
        if (first(host), first(callers)) == (led("192.0.2.1"), led("192.0.2.7")) {
            break;
        }
    }
    let (host, _, slow) = next().await;
    assert_eq!((first(host), slow.is_some_and(|slow| slow.is_err())), (led("192.0.2.1"), true), "and that is told");
    // Its time is over, and it leads elsewhere.
    server.forgets("c.example").lives_briefly("c.example", "192.0.2.2");
    assert_eq!(first(next().await.0), led("192.0.2.2"));
    // A server that fails changes nothing for a while; one that says no is believed.
    server.fails("c.example");
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    server.forgets("c.example");
    assert!(next().await.0.is_some_and(|gone| gone.is_err()));
    task.abort();
}
