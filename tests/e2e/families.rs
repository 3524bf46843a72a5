//! IPv4 and IPv6 on loopback: a phone of each in one call, with sound both ways and in the recording.

use crate::baresip::{Baresip, Phone, Secrets};
use crate::certificates::certify;
use crate::ear::{Ear, Mouth};
use crate::harness::{Site, pass, text};
use crate::sipp::Sipp;
use crate::sound::{Samples, cut, parse_wav, seconds, tone, tone_level};
use std::path::Path;

const CALLER: f64 = 600.0;
const AGENT: f64 = 1_000.0;
const V6: &str = "[::1]";

/// Listens on both families; calls come in on the trunk from both.
fn site() -> Site {
    let listen = "sip.listen=[\"udp:127.0.0.1:{1}\", \"tcp:127.0.0.1:{1}\", \"udp:[::1]:{1}\", \"tcp:[::1]:{1}\"]";
    Site::start_with(&[listen], |config: &Path| {
        let file = config.join("routing.toml");
        let routing = std::fs::read_to_string(&file).expect("the routing");
        let from = "accept_from = [\"127.0.0.0/8\"]";
        assert!(routing.contains(from));
        std::fs::write(file, routing.replace(from, "accept_from = [\"127.0.0.0/8\", \"::1\"]")).expect("written");
    })
}

/// His tone is there at its level, and the other's is not.
fn expect(what: &str, sound: &[i16], (there, other): (f64, f64)) {
    let (heard, stray) = (tone_level(sound, there), tone_level(sound, other));
    println!("{what:<34} {there} Hz {heard:6.1} dBov   {other} Hz {stray:6.1} dBov");
    assert!((heard + 23.0).abs() < 3.0 && stray < -50.0, "{what}: {heard:.1} and {stray:.1} dBov");
}

fn last(sound: &[i16]) -> Samples {
    let end = seconds(sound);
    cut(sound, end - 2.5, end - 0.5).to_vec()
}

/// Both are in the recording of the newest call, each on his side.
fn expect_recorded(site: &Site, from: f64, to: f64) {
    let call = site.ended_call(5.0);
    assert_eq!((text(&call["outcome"]), text(&call["recording"]["state"])), ("answered", "complete"));
    let channels = parse_wav(&site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"]))).1);
    expect("recording, left (the caller)", cut(&channels[0], from, to), (CALLER, AGENT));
    expect("recording, right (the agent)", cut(&channels[1], from, to), (AGENT, CALLER));
}

#[test]
fn a_caller_of_ipv6_speaks_with_an_agent_of_ipv4() {
    let site = site();
    let agent =
        Baresip::start(&site, &Phone { agent: "1001", port: 10, says: &tone(AGENT, 60.0), codec: "pcma", answers: true, transport: "udp" });
    let ear = Ear::open_at("::1", site.port(42), Mouth::Tone(CALLER));
    let port = ear.port.to_string();
    let mut caller =
        Sipp::start_at(V6, &site, "caller", 30, &["-s", "95000", "-key", "caller", "13800138000", "-key", "ear", &port, "-d", "8000"]);
    caller.done(25.0);
    println!("13800138000 (SIPp on [::1]) over 95000 to 1001 (baresip on 127.0.0.1)");
    expect_recorded(&site, 4.5, 7.0);
    expect("what the caller heard", &last(&ear.heard().samples), (AGENT, CALLER));
    expect("what the agent's phone heard", &last(&agent.heard()), (CALLER, AGENT));
    let answer = caller.saw("SIP/2.0 200", 0.0);
    assert!(answer.text.contains("c=IN IP6 ::1") && answer.text.contains(&format!("sip:[::1]:{}", site.sip_port())), "{}", answer.text);
}

#[test]
fn a_caller_of_ipv4_speaks_with_an_agent_of_ipv6() {
    let site = site();
    let contact = site.port(30).to_string();
    // SIPp 3.6 writes an address of version 6 without its brackets there, which is no URI.
    let registers = ["-auth_uri", "sanling.local", "-key", "user", "1001", "-key", "contact", &contact, "-au", "1001", "-ap", "demo-1001"];
    Sipp::start_at(V6, &site, "register", 30, &registers).done(10.0);
    let ear = Ear::open_at("::1", site.port(42), Mouth::Tone(AGENT));
    let port = ear.port.to_string();
    let mut agent = Sipp::start_at(V6, &site, "agent", 30, &["-set", "rings_for", "500", "-key", "ear", &port]);
    let mut caller = Baresip::start(
        &site,
        &Phone { agent: "1002", port: 10, says: &tone(CALLER, 60.0), codec: "pcma", answers: false, transport: "udp" },
    );
    caller.dial("1001");
    caller.tells("CALL_ESTABLISHED", 8.0);
    pass(6.0);
    caller.hang_up();
    agent.done(10.0);
    println!("1002 (baresip on 127.0.0.1) to 1001 (SIPp on [::1])");
    expect_recorded(&site, 2.0, 4.5);
    expect("what the agent heard", &last(&ear.heard().samples), (CALLER, AGENT));
    expect("what the caller's phone heard", &last(&caller.heard()), (AGENT, CALLER));
    let invite = agent.saw("INVITE", 0.0);
    assert!(invite.first_line().contains(&format!("[::1]:{contact}")) && invite.text.contains("c=IN IP6 ::1"), "{}", invite.text);
    assert!(invite.header("Via").is_some_and(|via| via.contains(&format!("[::1]:{}", site.sip_port()))), "{}", invite.text);
}

/// Two phones of IPv6, the agent's over TLS. The switch is killed, and with it the connection of his phone: he is called by one that the
/// new one opens, to where his phone listens with a certificate for `::1`.
#[test]
fn phones_of_ipv6_speak_and_one_over_tls_is_called_where_it_listens() {
    let listen = "sip.listen=[\"udp:127.0.0.1:{1}\", \"udp:[::1]:{1}\", \"tls:[::1]:{3}\"]";
    let tls = ["tls.certificate=\"own.pem\"", "tls.key=\"own-key.pem\"", "tls.phone_ca=\"ca.pem\""];
    let mut site = Site::start_with(&[listen, tls[0], tls[1], tls[2]], certify);
    let (authority, certificate) = (site.path("config/ca.pem"), site.path("phone.pem"));
    let parts = ["config/own.pem", "config/own-key.pem"].map(|name| std::fs::read_to_string(site.path(name)).expect("PEM"));
    std::fs::write(&certificate, parts.concat()).expect("written");
    let says = [tone(AGENT, 60.0), tone(CALLER, 60.0)];
    let agent = Phone { agent: "1001", port: 10, says: &says[0], codec: "pcma", answers: true, transport: "tls" };
    let secrets =
        Secrets { port: Some(3), authority: Some(&authority), certificate: Some(&certificate), host: Some(V6), ..Secrets::default() };
    let agent = Baresip::start_with(&site, &agent, secrets);
    let caller = Phone { agent: "1002", port: 20, says: &says[1], codec: "pcma", answers: false, transport: "udp" };
    let mut caller = Baresip::start_with(&site, &caller, Secrets { host: Some(V6), ..Secrets::default() });
    site.kill();
    site.launch();
    caller.dial("1001");
    caller.tells("CALL_ESTABLISHED", 8.0);
    pass(6.0);
    caller.hang_up();
    println!("1002 (baresip on [::1], UDP) to 1001 (baresip on [::1], TLS), after the switch was killed");
    expect_recorded(&site, 2.0, 4.5);
    expect("what the agent's phone heard", &last(&agent.heard()), (CALLER, AGENT));
    expect("what the caller's phone heard", &last(&caller.heard()), (AGENT, CALLER));
    // It did not come back by itself before.
    let registered = agent.console().matches("200 OK (Sanling").count();
    assert_eq!(registered, 1, "{}", agent.console());
    let call = site.newest_call().expect("a call");
    let kept = site.get(&format!("/api/v1/calls/{}/sip", text(&call["id"])));
    let invited = kept["items"].as_array().expect("messages").iter().any(|item| {
        let said = text(&item["text"]);
        text(&item["protocol"]) == "tls" && said.starts_with("INVITE sip:1001-") && said.contains(&format!("[::1]:{}", site.port(11)))
    });
    assert!(invited, "{kept}");
}
