//! docs/interworking.md in both languages, from what was measured.

use crate::Measured;
use crate::cell::{CLIENTS, CODECS, Cell, Client, Codec, FEATURES, Feature, Outcome, TRANSPORTS, Transport, WAYS, Way};
use crate::flows::{Flow, KINDS};
use crate::sound::in_tree;
use std::fmt::Write;
use std::process::Command;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    English,
    Chinese,
}

impl Language {
    fn of<'a>(self, english: &'a str, chinese: &'a str) -> &'a str {
        if self == Self::English { english } else { chinese }
    }
}

pub fn write(measured: &Measured, took: u64) {
    for (name, language) in [("interworking.md", Language::English), ("interworking.zh-CN.md", Language::Chinese)] {
        std::fs::write(in_tree("docs").join(name), page(measured, took, language)).expect("the page is written");
    }
}

/// As the programs themselves say.
fn versions() -> [(&'static str, String); 6] {
    let said = |program: &str, argument: &str| {
        let told = Command::new(program).arg(argument).output();
        let told = told.map(|told| String::from_utf8_lossy(&[told.stdout, told.stderr].concat()).into_owned()).unwrap_or_default();
        let number = |word: &&str| word.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()) && word.contains('.');
        let version = told.split_whitespace().find(number).unwrap_or("?");
        let version = version.trim_start_matches('v').trim_end_matches([',', '.']);
        version.split('-').next().unwrap_or(version).to_owned()
    };
    [
        ("baresip", said("baresip", "-h")),
        ("linphonec", said("linphonec", "--version")),
        ("SIPp", said("sipp", "-v")),
        ("sipsak", said("sipsak", "-V")),
        ("kamailio", said("kamailio", "-v")),
        ("rtpengine", said("rtpengine", "--version")),
    ]
}

const fn codec(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcma => "PCMA",
        Codec::Pcmu => "PCMU",
        Codec::G722 => "G.722",
        Codec::Opus => "Opus",
    }
}

fn transport(transport: Transport) -> String {
    transport.name().to_uppercase()
}

fn way(way: Way, language: Language) -> &'static str {
    match way {
        Way::Direct => language.of("direct", "直连"),
        _ => way.name(),
    }
}

fn feature(feature: Feature, language: Language) -> &'static str {
    match feature {
        Feature::Sound => language.of("calls: sound", "主叫：声音"),
        Feature::Hold => language.of("hold", "保持"),
        Feature::Reinvite => "re-INVITE",
        Feature::Dtmf => "DTMF",
        Feature::Transfer => language.of("called; transfer", "被叫；转接"),
        Feature::Srtp => "SRTP",
    }
}

fn outcome(outcome: Option<&Outcome>, language: Language) -> String {
    match outcome {
        Some(Outcome::Passed(figures)) => format!("✓ {figures}"),
        Some(Outcome::Failed(why)) => format!("✗ {}", why.replace('|', "\\|").replace('<', "&lt;")),
        Some(Outcome::Impossible(english, chinese)) => format!("— {}", language.of(english, chinese)),
        None => String::new(),
    }
}

fn line(page: &mut String, cells: impl IntoIterator<Item = String>) {
    let cells: Vec<String> = cells.into_iter().collect();
    let _ = writeln!(page, "| {} |", cells.join(" | "));
}

fn header(page: &mut String, cells: &[String]) {
    line(page, cells.iter().cloned());
    line(page, cells.iter().map(|_| "---".to_owned()));
}

fn page(measured: &Measured, took: u64, language: Language) -> String {
    let mut page = String::new();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let versions = versions();
    let version = |name: &str| versions.iter().find(|(found, _)| *found == name).map_or("?", |(_, version)| version);
    let all: Vec<String> = versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let minutes = format!("{}:{:02}", took / 60, took % 60);
    if language == Language::English {
        let _ = write!(
            page,
            "# Interworking\n\n[中文](interworking.zh-CN.md)\n\n\
             Written by `make interop` from what it measured on {today} in {minutes} min on {cores} cores; nothing here is written by hand. The \
             clients are Debian's: {}. The test starts them, the switch and the proxies on loopback; `tests/interop/` has the configurations and \
             scenarios.\n\n\
             - **Ways.** *direct*: the phone registers with the switch. *kamailio*: kamailio is the edge proxy; phones register through it (Path, \
             RFC 3327), its Record-Route stands in every dialog, in-dialog requests are routed loosely, and each hop has the same transport. \
             *kamailio + rtpengine*: all sound of the phone passes rtpengine too.\n\
             - **Each cell** has its own phone, which speaks the one codec. It says 1000 Hz at -23 dBov; whom it speaks with is a baresip, direct, \
             UDP, PCMA, which says 600 Hz: with another codec the switch transcodes. Transport, codec, way and keys are checked in the switch's \
             record of the call and in its SIP.\n\
             - **Figures** are levels in dBov of the tone that should be heard, over a stretch of 1.2 s at least in which there is little else (10 dB \
             below): *the phone hears the other, the other hears the phone · recording left (caller), right (callee)*.\n\
             - **Calls**: the phone dials. **Hold**: it holds for 2.5 s and retrieves; the level of the music that the other hears, then that of the \
             phone again. **re-INVITE**: how many it sent within the dialog (linphonec knows hold and retrieval; baresip a third that changes \
             nothing), and what is heard after the last. **DTMF**: keys pressed on it, as the record has them. **Called; transfer**: it is \
             called, both hear each other, it refers its caller to a third; levels of caller and third. **SRTP**: it insists on SDES (RFC 4568), the \
             other is in clear.\n\n",
            all.join(", ")
        );
    } else {
        let _ = write!(
            page,
            "# 互通矩阵\n\n[English](interworking.md)\n\n\
             本页由 `make interop` 于 {today} 在 {cores} 核机器上用 {minutes} 分钟实测写成，没有一格是手写的。客户端均为 Debian 的软件包：{}。\
             它们与交换机、代理都由测试在本机回环地址上启动；配置与场景在 `tests/interop/`。\n\n\
             - **路径**。*直连*：话机直接向交换机注册。*kamailio*：kamailio 作边缘代理，话机经它注册（Path，RFC 3327），每个对话都有它的 \
             Record-Route，对话内请求走松散路由，前后两跳传输方式相同。*kamailio + rtpengine*：话机的全部声音还要经过 rtpengine。\n\
             - **每一格**用一部独立的话机，只说这一种编码。它发 1000 Hz、-23 dBov 的音；对方是直连、UDP、PCMA 的 baresip，发 600 Hz：编码不同时由\
             交换机转码。传输、编码、路径和密钥都在交换机的呼叫记录与 SIP 记录中核对。\n\
             - **数字**是应当听到的音的电平（dBov），取自至少 1.2 s、其他成分低 10 dB 以上的一段：*话机听到对方、对方听到话机 · 录音左（主叫）、右（被叫）*。\n\
             - **主叫**：话机拨号。**保持**：保持 2.5 s 后取回；对方听到的音乐电平，以及随后话机的电平。**re-INVITE**：它在对话内发了几个\
             （linphonec 有保持与取回；baresip 还有一个不改变任何内容的），以及最后一个之后听到的电平。**DTMF**：按下的键，以记录为准。\
             **被叫；转接**：它被呼叫，双方互相听到，再把主叫转给第三方；主叫与第三方的电平。**SRTP**：它强制 SDES（RFC 4568），对方为明文。\n\n",
            all.join("、")
        );
    }
    summary(&mut page, measured, version, language);
    let _ = writeln!(page, "\n## {}\n", language.of("RFC 3665 by SIPp, and sipsak", "SIPp 的 RFC 3665 流程与 sipsak"));
    flows(&mut page, measured, language);
    for client in CLIENTS {
        for by in WAYS {
            let _ = writeln!(page, "\n## {} {}, {}\n", client.name(), version(client.name()), way(by, language));
            let mut head = vec![String::new(), String::new()];
            head.extend(FEATURES.map(|found| feature(found, language).to_owned()));
            header(&mut page, &head);
            for cell in measured.cells.iter().filter(|cell| cell.client == client && cell.way == by) {
                let mut cells = vec![transport(cell.transport), codec(cell.codec).to_owned()];
                cells.extend(FEATURES.map(|found| outcome(cell.of(found), language)));
                line(&mut page, cells);
            }
        }
    }
    page
}

/// Rows of clients and ways, columns of transports and codecs: how many of the features of each.
fn summary<'a>(page: &mut String, measured: &Measured, version: impl Fn(&str) -> &'a str, language: Language) {
    let mut head = vec![language.of("client", "客户端").to_owned(), language.of("way", "路径").to_owned()];
    head.extend(TRANSPORTS.into_iter().flat_map(|over| CODECS.map(|spoken| format!("{} {}", transport(over), codec(spoken)))));
    header(page, &head);
    for client in CLIENTS {
        for by in WAYS {
            let mut cells = vec![format!("{} {}", client.name(), version(client.name())), way(by, language).to_owned()];
            for over in TRANSPORTS {
                cells.extend(CODECS.map(|spoken| tally(measured, client, by, over, spoken)));
            }
            line(page, cells);
        }
    }
}

fn tally(measured: &Measured, client: Client, by: Way, over: Transport, spoken: Codec) -> String {
    let is_it = |cell: &&Cell| cell.client == client && cell.way == by && cell.transport == over && cell.codec == spoken;
    let Some(cell) = measured.cells.iter().find(is_it) else { return "✗".to_owned() };
    let tried = cell.outcomes.iter().filter(|(_, outcome)| !matches!(outcome, Outcome::Impossible(..))).count();
    let passed = cell.outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Passed(_))).count();
    match tried {
        0 => "—".to_owned(),
        _ if passed == tried => format!("✓ {passed}/{tried}"),
        _ => format!("✗ {passed}/{tried}"),
    }
}

fn flows(page: &mut String, measured: &Measured, language: Language) {
    let mut head = vec![String::new(), language.of("way", "路径").to_owned()];
    head.extend(TRANSPORTS.map(transport));
    header(page, &head);
    for kind in KINDS {
        for by in WAYS.into_iter().filter(|by| kind.sounds || *by != Way::EdgeAndSound) {
            let is_it = |flow: &&Flow, over| std::ptr::eq(flow.kind, kind) && flow.way == by && flow.transport == over;
            let of = |over| measured.flows.iter().find(|flow| is_it(flow, over)).map(|flow| &flow.outcome);
            let mut cells = vec![language.of(kind.english, kind.chinese).to_owned(), way(by, language).to_owned()];
            cells.extend(TRANSPORTS.map(|over| outcome(of(over), language)));
            line(page, cells);
        }
    }
}
