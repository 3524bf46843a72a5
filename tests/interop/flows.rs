//! The call flows of RFC 3665 as SIPp plays them, and sipsak: what is on the wire is checked by the scenarios of `sipp/`, sound by the test's
//! own ear, the record by the switch's API.

use crate::cell::{Outcome, TRANSPORTS, Transport, Way, attempted};
use crate::ear::{Ear, Mouth};
use crate::edge::{EDGE, EDGE_TLS, Edge};
use crate::harness::{Site, pass, text, until};
use crate::runs::{Run, Tone, longest, runs, said};
use crate::sipp::{Seen, Sipp};
use crate::softphone::TLS;
use crate::sound::{Samples, cut, level};
use crate::talks::{around, ended, recorded, told_levels};
use crate::{keep, site};
use std::process::Command;

/// Who calls, and who is called, over UDP at all times.
const ALICE: &str = "2010";
const BOB: &str = "2000";
const ALICE_SAYS: Tone = said(600.0);
const BOB_SAYS: Tone = said(1_000.0);
/// From her other port.
const MOVED_SAYS: Tone = said(1_800.0);
/// Ports of the test.
const BOB_AT: u16 = 10;
const ALICE_AT: u16 = 12;
const REGISTERS_AT: u16 = 14;
const BOBS_EAR: u16 = 20;
const ALICES_EAR: u16 = 22;
const MOVED_EAR: u16 = 24;

/// One flow that was played.
#[derive(Clone, Debug)]
pub struct Flow {
    pub kind: &'static Kind,
    pub way: Way,
    pub transport: Transport,
    pub outcome: Outcome,
}

impl Flow {
    pub fn place(&self) -> (usize, u8, u8) {
        let row = KINDS.iter().position(|kind| std::ptr::eq(kind, self.kind)).unwrap_or(0);
        (row, self.way as u8, self.transport as u8)
    }
}

/// A row of the table.
#[derive(Debug)]
pub struct Kind {
    pub english: &'static str,
    pub chinese: &'static str,
    /// There is sound in it: it is played with rtpengine too.
    pub sounds: bool,
    play: fn(&Bench<'_>) -> String,
}

pub static KINDS: &[Kind] = &[
    Kind {
        english: "RFC 3665 §2.1 registration",
        chinese: "RFC 3665 §2.1 注册",
        sounds: false,
        play: |on| on.registers("register-new", &[]),
    },
    Kind {
        english: "RFC 3665 §2.2 a second contact",
        chinese: "RFC 3665 §2.2 增加联系地址",
        sounds: false,
        play: |on| on.registers("register-more", &[]),
    },
    Kind {
        english: "RFC 3665 §2.3 list of contacts",
        chinese: "RFC 3665 §2.3 查询联系地址",
        sounds: false,
        play: |on| on.registers("register-list", &[]),
    },
    Kind {
        english: "RFC 3665 §2.4 cancellation",
        chinese: "RFC 3665 §2.4 取消注册",
        sounds: false,
        play: |on| on.registers("register-cancel", &[]),
    },
    Kind {
        english: "RFC 3665 §2.5 wrong password",
        chinese: "RFC 3665 §2.5 密码错误",
        sounds: false,
        play: |on| on.registers("register-refused", &["-ap", "wrong"]),
    },
    Kind {
        english: "RFC 3665 §3.1–3.3 a call, with a password, through the proxy",
        chinese: "RFC 3665 §3.1–3.3 带认证的呼叫，经代理",
        sounds: true,
        play: |on| on.talks("caller"),
    },
    Kind {
        english: "RFC 3665 §3.6 offer in the 200, answer in the ACK",
        chinese: "RFC 3665 §3.6 200 中提供、ACK 中应答",
        sounds: true,
        play: |on| on.talks("caller-offers-late"),
    },
    Kind {
        english: "RFC 3665 §3.7 re-INVITE to another port",
        chinese: "RFC 3665 §3.7 re-INVITE 换端口",
        sounds: true,
        play: |bench| bench.moves(),
    },
    Kind { english: "hold and retrieval by re-INVITE", chinese: "re-INVITE 保持与取回", sounds: true, play: |bench| bench.holds() },
    Kind {
        english: "RFC 3665 §3.8 no answer, CANCEL",
        chinese: "RFC 3665 §3.8 无人接听，CANCEL",
        sounds: false,
        play: |on| on.fails("caller-gives-up", Some("agent-rings"), "abandoned"),
    },
    Kind {
        english: "RFC 3665 §3.9 busy",
        chinese: "RFC 3665 §3.9 忙",
        sounds: false,
        play: |on| on.fails("caller-told-486", Some("agent-refuses-486"), ""),
    },
    Kind {
        english: "RFC 3665 §3.10 no response",
        chinese: "RFC 3665 §3.10 无响应",
        sounds: false,
        play: |on| on.fails("caller-told-408", None, ""),
    },
    Kind {
        english: "RFC 3665 §3.11 temporarily unavailable",
        chinese: "RFC 3665 §3.11 暂时不可用",
        sounds: false,
        play: |on| on.fails("caller-told-480", Some("agent-refuses-480"), ""),
    },
    Kind { english: "sipsak: OPTIONS", chinese: "sipsak：OPTIONS", sounds: false, play: |bench| bench.sipsak_asks() },
    Kind { english: "sipsak: registration", chinese: "sipsak：注册", sounds: false, play: |bench| bench.sipsak_registers() },
];

/// A switch, and what is before it, for one transport.
struct Bench<'a> {
    site: &'a Site,
    way: Way,
    transport: Transport,
}

/// All flows by one way.
pub fn run(way: Way) -> Vec<Flow> {
    let mut flows = Vec::new();
    let kinds = || KINDS.iter().filter(|kind| kind.sounds || way != Way::EdgeAndSound);
    let sipp = Command::new("sipp").arg("-v").output().map(|told| String::from_utf8_lossy(&told.stdout).into_owned()).unwrap_or_default();
    let whole = attempted(|| {
        let site = site();
        let _edge = (way != Way::Direct).then(|| Edge::start(&site, way == Way::EdgeAndSound));
        Bench { site: &site, way, transport: Transport::Udp }.bob_registers();
        for transport in TRANSPORTS {
            for kind in kinds() {
                let no_tls = transport == Transport::Tls && !kind.english.starts_with("sipsak") && !sipp.contains("-TLS");
                let outcome = if no_tls {
                    Outcome::Impossible("Debian's SIPp is built without TLS", "Debian 的 SIPp 未编入 TLS")
                } else {
                    Outcome::of(|| (kind.play)(&Bench { site: &site, way, transport }))
                };
                println!("{:<34} {:<40} {outcome:?}", format!("flows {} {}", way.word(), transport.name()), kind.english);
                flows.push(Flow { kind, way, transport, outcome });
            }
        }
        if flows.iter().any(|flow| flow.outcome.failed()) {
            keep(&format!("flows {}", way.word()), &site);
        }
    });
    if let Err(why) = whole {
        flows.extend(kinds().map(|kind| Flow { kind, way, transport: Transport::Udp, outcome: Outcome::Failed(why.clone()) }));
    }
    flows
}

/// The port at which the other side listens, by its description.
fn described(message: &Seen) -> u16 {
    let port = message.text.lines().find_map(|line| line.strip_prefix("m=audio ")?.split(' ').next()?.parse().ok());
    port.unwrap_or_else(|| panic!("a description: {message:?}"))
}

impl Bench<'_> {
    fn play(&self, scenario: &str, port: u16, transport: Transport, arguments: &[&str]) -> Sipp {
        let to = if self.way == Way::Direct { self.site.sip_port() } else { self.site.port(EDGE) };
        let over: &[&str] = if transport == Transport::Tcp { &["-t", "t1"] } else { &[] };
        let path = if scenario == "agent" { scenario.to_owned() } else { format!("../../interop/sipp/{scenario}") };
        Sipp::start_towards(self.site, to, &path, port, &[arguments, over].concat())
    }

    /// `contact`: where the phone listens.
    fn register(&self, user: &str, scenario: &str, port: u16, contact: u16, transport: Transport, arguments: &[&str]) {
        let password = format!("demo-{user}");
        let (contact, other) = (self.site.port(contact).to_string(), self.site.port(contact + 1).to_string());
        let keys = ["-key", "user", user, "-key", "contact", &contact, "-key", "other", &other, "-au", user];
        let proof = if arguments.is_empty() { vec!["-ap", &password] } else { arguments.to_vec() };
        self.play(scenario, port, transport, &[&keys[..], &proof].concat()).done(10.0);
    }

    fn bob_registers(&self) {
        self.register(BOB, "register-new", BOB_AT, BOB_AT, Transport::Udp, &[]);
    }

    /// Each transport has an account of its own.
    fn registers(&self, scenario: &str, arguments: &[&str]) -> String {
        let user = format!("{}", 2_001 + self.transport as u16);
        // Over TCP a contact where nobody listens but the connection itself would go with it (RFC 5626 §4.4).
        self.register(&user, scenario, REGISTERS_AT, REGISTERS_AT + 1, self.transport, arguments);
        let agents = self.site.get("/api/v1/agents");
        let agent =
            agents["items"].as_array().into_iter().flatten().find(|agent| agent["id"] == user.as_str()).cloned().unwrap_or_default();
        let contacts = agent["contacts"].as_u64().unwrap_or(99);
        let wanted = match scenario {
            "register-new" => 1,
            "register-more" | "register-list" => 2,
            _ => 0,
        };
        assert_eq!(contacts, wanted, "contacts of {user}");
        format!("{contacts}")
    }

    fn bob(&self, scenario: &str, ear: Option<&Ear>) -> Sipp {
        let ear = ear.map_or(9, |ear| ear.port).to_string();
        let rings: &[&str] = if scenario == "agent" { &["-set", "rings_for", "300"] } else { &[] };
        let sipp = self.play(scenario, BOB_AT, Transport::Udp, &[&["-key", "ear", &ear, "-key", "user", BOB], rings].concat());
        pass(0.4);
        sipp
    }

    fn alice(&self, scenario: &str, ear: &Ear, lasts: &str) -> Sipp {
        let password = format!("demo-{ALICE}");
        let (ear, moved) = (ear.port.to_string(), self.site.port(MOVED_EAR).to_string());
        let who = ["-key", "user", ALICE, "-au", ALICE, "-ap", &password, "-key", "called", BOB];
        self.play(scenario, ALICE_AT, self.transport, &[&who[..], &["-key", "ear", &ear, "-key", "moved", &moved, "-d", lasts]].concat())
    }

    fn ears(&self) -> [Ear; 2] {
        let open = |port, says: Tone| Ear::open(self.site.port(port), Mouth::Tone(says.hz));
        [open(ALICES_EAR, ALICE_SAYS), open(BOBS_EAR, BOB_SAYS)]
    }

    /// Both scenarios to their ends, and what was recorded.
    fn plays_out(&self, scenario: &str, ears: &[Ear; 2], lasts: &str) -> Vec<Samples> {
        self.plays_out_with(scenario, ears, lasts, |_| ())
    }

    /// The same; `meanwhile` sees what the caller sees, once the two talk.
    fn plays_out_with(&self, scenario: &str, ears: &[Ear; 2], lasts: &str, meanwhile: impl FnOnce(&Sipp)) -> Vec<Samples> {
        let mut bob = self.bob("agent", Some(&ears[1]));
        let mut alice = self.alice(scenario, &ears[0], lasts);
        // Nobody but the two speaks on this call, so each begins with where he is told to.
        ears[1].speak_to(("127.0.0.1", described(&bob.saw("INVITE", 5.0))));
        ears[0].speak_to(("127.0.0.1", described(&alice.saw("SIP/2.0 200", 5.0))));
        meanwhile(&alice);
        alice.done(25.0);
        bob.done(5.0);
        // What is said within the dialog takes the way that the proxy recorded.
        let hops = bob.saw("BYE", 1.0).text.lines().filter(|line| line.starts_with("Via:")).count();
        assert_eq!(hops, if self.way == Way::Direct { 1 } else { 2 }, "hops of the BYE");
        let call = ended(self.site, ALICE, BOB);
        assert_eq!(text(&call["outcome"]), "answered");
        recorded(self.site, &call)
    }

    fn talks(&self, scenario: &str) -> String {
        let ears = self.ears();
        let recorded = self.plays_out(scenario, &ears, "2600");
        told_levels(&[
            longest("Alice", &ears[0].heard().samples, BOB_SAYS, 1.2),
            longest("Bob", &ears[1].heard().samples, ALICE_SAYS, 1.2),
            longest("recording, left", &recorded[0], ALICE_SAYS, 1.2),
            longest("recording, right", &recorded[1], BOB_SAYS, 1.2),
        ])
    }

    fn moves(&self) -> String {
        let ears = self.ears();
        let moved = Ear::open(self.site.port(MOVED_EAR), Mouth::Tone(MOVED_SAYS.hz));
        let recorded = self.plays_out_with("caller-moves", &ears, "2300", |alice| {
            let is_it = |seen: &Seen| seen.first_line().starts_with("SIP/2.0 200") && seen.header("CSeq") == Some("3 INVITE");
            let agreed = until(8.0, || alice.seen().into_iter().find(is_it)).expect("her other port is agreed on");
            // Where she was she says nothing more.
            ears[0].say(Mouth::Mute);
            moved.speak_to(("127.0.0.1", described(&agreed)));
        });
        let bob = ears[1].heard().samples;
        longest("Alice, before", &ears[0].heard().samples, BOB_SAYS, 1.2);
        longest("Bob, before", &bob, ALICE_SAYS, 1.2);
        // Her other port is another voice.
        told_levels(&[
            longest("Alice, moved", &moved.heard().samples, BOB_SAYS, 1.2),
            longest("Bob, then", &bob, MOVED_SAYS, 1.2),
            longest("recording, left, then", &recorded[0], MOVED_SAYS, 1.2),
            longest("recording, right", &recorded[1], BOB_SAYS, 1.2),
        ])
    }

    fn holds(&self) -> String {
        let ears = self.ears();
        let recorded = self.plays_out("caller-holds", &ears, "2300");
        let heard = ears[1].heard().samples;
        let talks: Vec<Run> = runs(&heard, ALICE_SAYS, 1.0);
        let (before, after) = around(&talks).unwrap_or_else(|| panic!("no hold of 1.5 s between {talks:?}"));
        let music = level(cut(&heard, before.to + 0.3, after.from - 0.3));
        assert!(music > -45.0, "music while he waits: {music:.1} dBov");
        let levels = [
            longest("Alice", &ears[0].heard().samples, BOB_SAYS, 1.2),
            after,
            longest("recording, left", &recorded[0], ALICE_SAYS, 1.2),
            longest("recording, right", &recorded[1], BOB_SAYS, 1.2),
        ];
        format!("{}; ♪ {music:.1}", told_levels(&levels))
    }

    /// Nobody talks, and both are told why.
    fn fails(&self, caller: &str, agent: Option<&str>, outcome: &str) -> String {
        let ear = Ear::open(self.site.port(ALICES_EAR), Mouth::Mute);
        let began = std::time::Instant::now();
        let mut bob = agent.map(|agent| self.bob(agent, None));
        let mut alice = self.alice(caller, &ear, "1500");
        alice.done(45.0);
        if let Some(bob) = &mut bob {
            bob.done(5.0);
        }
        let call = ended(self.site, ALICE, BOB);
        assert!(call["connected_at"].is_null() && (outcome.is_empty() || text(&call["outcome"]) == outcome), "{}", call["outcome"]);
        format!("{} {:.1} s", text(&call["outcome"]), began.elapsed().as_secs_f64())
    }

    fn sipsak(&self, arguments: &[&str]) -> String {
        let port = match (self.way, self.transport) {
            (Way::Direct, Transport::Tls) => self.site.port(TLS),
            (Way::Direct, _) => self.site.sip_port(),
            (_, Transport::Tls) => self.site.port(EDGE_TLS),
            _ => self.site.port(EDGE),
        };
        let mut command = Command::new("timeout");
        command.args(["10", "sipsak", "-vvv", "-E", self.transport.name(), "-p", &format!("127.0.0.1:{port}")]);
        if self.transport == Transport::Tls {
            command.arg(format!("--tls-ca-cert={}", self.site.path("config/ca.pem").display()));
            // It takes TLS 1.3's tickets for an answer that cannot be read: it is told to speak 1.2.
            let settings = self.site.path("gnutls.cfg");
            std::fs::write(&settings, "[overrides]\ndisabled-version = tls1.3\n").expect("written");
            command.env("GNUTLS_SYSTEM_PRIORITY_FILE", settings);
        }
        let told = command.args(arguments).output().expect("sipsak (make e2e-tools) runs");
        let (out, err) = (String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
        assert!(told.status.success(), "{} {err} {out}", told.status);
        out.into_owned()
    }

    fn sipsak_asks(&self) -> String {
        let began = std::time::Instant::now();
        let told = self.sipsak(&["-s", "sip:sanling.local"]);
        assert!(told.contains("SIP/2.0 200") && told.contains("Allow:"), "{told}");
        format!("200 {:.0} ms", began.elapsed().as_secs_f64() * 1_000.0)
    }

    fn sipsak_registers(&self) -> String {
        let user = format!("{}", 2_005 + self.transport as u16);
        let (address, password) = (format!("sip:{user}@sanling.local"), format!("demo-{user}"));
        let contact = format!("sip:{user}@127.0.0.1:{}", self.site.port(17));
        self.sipsak(&["-U", "-C", &contact, "-x", "600", "-u", &user, "-a", &password, "-s", &address]);
        // The connection ends with the program, and over TLS whom nobody vouches for is reached by no other: his contact goes with it.
        let wanted = u64::from((self.way, self.transport) != (Way::Direct, Transport::Tls));
        let kept = || {
            let agents = self.site.get("/api/v1/agents");
            let agent = agents["items"].as_array()?.iter().find(|agent| agent["id"] == user.as_str())?.clone();
            (agent["contacts"] == wanted).then_some(())
        };
        assert!(until(3.0, kept).is_some(), "{user} has not {wanted} contacts");
        format!("200, {wanted}")
    }
}
