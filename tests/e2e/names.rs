//! A carrier that is known by its name: a name server of the test says where it is, SIPp is it. What is asserted is sound, both ways and in
//! the recording, after targets that are dead.

use crate::baresip::{Baresip, Phone};
use crate::dns::NameServer;
use crate::ear::{Ear, Heard, Mouth};
use crate::harness::{Site, pass, text};
use crate::sipp::Sipp;
use crate::sound::{cut, parse_wav, seconds, tone, tone_level};
use std::path::Path;

const CARRIER: f64 = 600.0;
const AGENT: f64 = 1_000.0;
/// Ports of the test: the name server's, and the carrier's.
const DNS: u16 = 53;
const SERVES: u16 = 30;
const DEAD: u16 = 31;

/// The trunk "carrier" is where `carrier.example` leads, out and in.
fn site() -> Site {
    Site::start_with(&["sip.dns=[\"127.0.0.1:{53}\"]", "media.ports=\"{56}-{99}\""], |config: &Path| {
        let file = config.join("routing.toml");
        let routing = std::fs::read_to_string(&file).expect("the routing");
        let (hosts, from) = ("hosts = [\"sip:127.0.0.1:5090\"]", "accept_from = [\"127.0.0.0/8\"]");
        assert!(routing.contains(hosts) && routing.contains(from));
        let named = routing.replace(hosts, "hosts = [\"sip:carrier.example\"]\ntry_for = \"1s\"");
        std::fs::write(file, named.replace(from, "accept_from = [\"sip:carrier.example\"]")).expect("written");
    })
}

fn trunk(site: &Site) -> serde_json::Value {
    site.get("/api/v1/trunks")["items"][0].clone()
}

/// His tone is there at its level, and the other's is not.
fn expect(what: &str, sound: &[i16], (there, other): (f64, f64)) {
    let (heard, stray) = (tone_level(sound, there), tone_level(sound, other));
    println!("{what:<34} {there} Hz {heard:6.1} dBov   {other} Hz {stray:6.1} dBov");
    assert!((heard + 23.0).abs() < 3.0 && stray < -50.0, "{what}: {heard:.1} and {stray:.1} dBov");
}

#[test]
fn the_first_servers_of_a_name_are_dead_and_a_call_goes_by_the_next() {
    let site = site();
    let server = NameServer::start(site.port(DNS));
    site.until("the missing name is told", 60.0, |site| trunk(site)["hosts"][0]["state"] == "not-found");
    // TCP first: nobody listens there. Then UDP: the first says nothing.
    server.naptr("carrier.example", (10, 1), "SIP+D2T", "_sip._tcp.carrier.example");
    server.naptr("carrier.example", (20, 1), "SIP+D2U", "_sip._udp.carrier.example");
    server.srv("_sip._tcp.carrier.example", (1, 1), "dead.carrier.example", site.port(DEAD));
    server.srv("_sip._udp.carrier.example", (20, 1), "alive.carrier.example", site.port(SERVES));
    server.srv("_sip._udp.carrier.example", (10, 1), "dead.carrier.example", site.port(DEAD));
    server.address("dead.carrier.example", "127.0.0.1").address("alive.carrier.example", "127.0.0.1");
    let expected = [("tcp", DEAD), ("udp", DEAD), ("udp", SERVES)].map(|(with, port)| format!("{with}:127.0.0.1:{}", site.port(port)));
    site.until("its servers are found", 40.0, |site| trunk(site)["hosts"][0]["targets"].as_array().is_some_and(|all| all.len() == 3));
    let shown = trunk(&site);
    let targets: Vec<&str> =
        shown["hosts"][0]["targets"].as_array().expect("targets").iter().map(|target| text(&target["target"])).collect();
    assert_eq!((targets, &shown["used"]), (expected.iter().map(String::as_str).collect(), &serde_json::Value::Null));

    let ear = Ear::open(site.port(40), Mouth::Tone(CARRIER));
    let mut carrier = Sipp::agent(&site, "agent", SERVES, &ear, 500, &[]);
    let mut phone = Baresip::start(
        &site,
        &Phone { agent: "1001", port: 10, says: &tone(AGENT, 60.0), codec: "pcma", answers: false, transport: "udp" },
    );
    phone.dial("13900000000");
    phone.tells("CALL_ESTABLISHED", 10.0);
    pass(6.0);
    let used = trunk(&site)["used"].clone();
    phone.hang_up();
    carrier.done(10.0);
    let call = site.ended_call(5.0);
    println!("1001 (baresip) over carrier.example: {} and {} dead, {} answered", expected[0], expected[1], expected[2]);
    assert_eq!(text(&used), expected[2], "the view says by which it went");
    assert_eq!((text(&call["outcome"]), text(&call["direction"])), ("answered", "outbound"));
    let invite = carrier.saw("INVITE", 0.0);
    assert_eq!(invite.first_line(), "INVITE sip:13900000000@carrier.example SIP/2.0", "the name is asked for, wherever it is");

    let channels = parse_wav(&site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"]))).1);
    let lasted = seconds(&channels[0]);
    assert!(lasted > 5.0, "{lasted} s of six");
    expect("recording, left (the agent calls)", cut(&channels[0], 2.0, 4.5), (AGENT, CARRIER));
    expect("recording, right (the carrier)", cut(&channels[1], 2.0, 4.5), (CARRIER, AGENT));
    let heard = phone.heard();
    let end = seconds(&heard);
    expect("what the agent's phone heard", cut(&heard, end - 3.5, end - 1.0), (CARRIER, AGENT));
    let Heard { samples, .. } = ear.heard();
    let end = seconds(&samples);
    expect("what the carrier heard", cut(&samples, end - 3.5, end - 1.0), (AGENT, CARRIER));
    assert!(site.log().contains("it has no address") || site.log().contains("name server"), "the operator was told");
}

#[test]
fn who_calls_from_where_the_name_leads_comes_in_on_the_trunk() {
    let site = site();
    let server = NameServer::start(site.port(DNS));
    server.address("carrier.example", "127.0.0.1");
    site.until("the name is found", 60.0, |site| trunk(site)["hosts"][0]["targets"].as_array().is_some_and(|all| all.len() == 1));
    let (ear, caller_ear) = (Ear::open(site.port(40), Mouth::Tone(AGENT)), Ear::open(site.port(42), Mouth::Tone(CARRIER)));
    Sipp::register(&site, "1001", 10, &[]);
    let mut agent = Sipp::agent(&site, "agent", 10, &ear, 500, &[]);
    let mut caller = Sipp::caller(&site, "caller", 12, "13800138000", &caller_ear, &["-d", "7000"]);
    caller.done(25.0);
    agent.done(5.0);
    let call = site.ended_call(5.0);
    assert_eq!((text(&call["outcome"]), text(&call["trunk"]), text(&call["direction"])), ("answered", "carrier", "inbound"));
    let channels = parse_wav(&site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"]))).1);
    expect("recording, left (the caller)", cut(&channels[0], 4.0, 6.0), (CARRIER, AGENT));
    expect("recording, right (the agent)", cut(&channels[1], 4.0, 6.0), (AGENT, CARRIER));
    let heard = caller_ear.heard().samples;
    let end = seconds(&heard);
    expect("what the caller heard", cut(&heard, end - 2.5, end - 0.5), (AGENT, CARRIER));
}
