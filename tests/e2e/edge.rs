//! kamailio as an edge proxy in front of the switch, and rtpengine beside it, on ports of the test: `tests/interop/` has their configuration.

use crate::certificates::certify;
use crate::harness::{Site, until};
use crate::sound::in_tree;
use std::fs;
use std::net::UdpSocket;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Where the edge listens, of the ports of a test: UDP and TCP, TLS. The switch has TLS on 3.
pub const EDGE: u16 = 4;
pub const EDGE_TLS: u16 = 5;
const SWITCH_TLS: u16 = 3;
const NG: u16 = 6;
/// Of rtpengine's sound: four a call.
pub const RTP_FIRST: u16 = 26;
pub const RTP_LAST: u16 = 41;

pub struct Edge {
    kamailio: Child,
    rtpengine: Option<Child>,
}

impl Edge {
    /// Starts the proxy, and with `sound` what its calls' sound passes, and waits until both answer.
    pub fn start(site: &Site, sound: bool) -> Self {
        let folder = site.path("edge");
        fs::create_dir_all(&folder).expect("a folder");
        let authority = site.path("config/ca.pem");
        if !authority.exists() {
            certify(&site.path("config"));
        }
        for file in ["ca.pem", "own.pem", "own-key.pem"] {
            fs::copy(site.path("config").join(file), folder.join(file)).expect("copied");
        }
        let rtpengine = sound.then(|| {
            let mut command = Command::new("rtpengine");
            command.arg("--config-file").arg(filled_in(site, "rtpengine.conf"));
            started(site, command, "rtpengine")
        });
        if sound {
            answers(site.port(NG), "1 d7:command4:pinge", "rtpengine");
        }
        filled_in(site, "kamailio-tls.cfg");
        let mut command = Command::new("kamailio");
        command.arg("-f").arg(filled_in(site, "kamailio.cfg")).args(["-DD", "-E", "-m", "32", "-M", "8"]);
        command.arg("-w").arg(&folder).arg("-Y").arg(&folder);
        if sound {
            command.args(["-A", "RTPENGINE"]);
        }
        let kamailio = started(site, command, "kamailio");
        let edge = Self { kamailio, rtpengine };
        // Answered by the switch, behind it.
        let options = "OPTIONS sip:sanling.local SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKedge;rport\r\nMax-Forwards: 70\r\n\
                       From: <sip:o@h>;tag=1\r\nTo: <sip:sanling.local>\r\nCall-ID: edge\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
        answers(site.port(EDGE), options, "kamailio");
        edge
    }
}

/// A configuration of `tests/interop/` with the test's ports and files in it.
fn filled_in(site: &Site, name: &str) -> PathBuf {
    let folder = site.path("edge");
    let mut text = fs::read_to_string(in_tree(&format!("tests/interop/{name}"))).expect("a configuration");
    for (word, port) in [
        ("EDGE_PORT", EDGE),
        ("EDGE_TLS", EDGE_TLS),
        ("SWITCH_PORT", 1),
        ("SWITCH_TLS", SWITCH_TLS),
        ("NG_PORT", NG),
        ("RTP_FIRST", RTP_FIRST),
        ("RTP_LAST", RTP_LAST),
    ] {
        text = text.replace(word, &site.port(port).to_string());
    }
    let file = folder.join(name);
    fs::write(&file, text.replace("FOLDER", &folder.display().to_string())).expect("written");
    file
}

fn started(site: &Site, mut command: Command, name: &str) -> Child {
    let log = fs::File::create(site.path(&format!("edge/{name}.log"))).expect("a log");
    command.stdin(Stdio::null()).stdout(log.try_clone().expect("a handle")).stderr(log);
    command.spawn().unwrap_or_else(|error| panic!("{name} (make e2e-tools) starts: {error}"))
}

fn answers(port: u16, question: &str, who: &str) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(300))).expect("a time-out");
    let answered = until(15.0, || {
        socket.send_to(question.as_bytes(), ("127.0.0.1", port)).ok()?;
        socket.recv(&mut [0; 2_048]).ok()
    });
    assert!(answered.is_some(), "{who} answers on {port}");
}

impl Drop for Edge {
    /// kamailio's processes end when their first is told to.
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.kamailio.id().to_string()).status();
        if until(3.0, || self.kamailio.try_wait().ok().flatten()).is_none() {
            let _ = self.kamailio.kill();
            let _ = self.kamailio.wait();
        }
        if let Some(rtpengine) = &mut self.rtpengine {
            let _ = rtpengine.kill();
            let _ = rtpengine.wait();
        }
    }
}
