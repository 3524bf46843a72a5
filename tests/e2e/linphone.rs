//! linphonec: a softphone on a terminal, with files for microphone and loudspeaker.

use crate::harness::Site;
use crate::sound::{self, Samples};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};

pub struct Linphone {
    process: Child,
    keys: ChildStdin,
    folder: PathBuf,
}

/// How a phone reaches its switch.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// Where it is not the switch's own for UDP and TCP: a port of the test.
    pub port: Option<u16>,
    pub transport: &'a str,
    /// Who signed the certificate of the other side: a file.
    pub authority: Option<&'a std::path::Path>,
    /// SRTP, or nothing.
    pub encrypted: bool,
    /// The one codec that it speaks, as it calls it: `PCMA`, `PCMU`, `G722`, `opus`. Without, its own choice.
    pub codec: Option<&'a str>,
}

impl Default for Line<'_> {
    fn default() -> Self {
        Self { port: None, transport: "udp", authority: None, encrypted: false, codec: None }
    }
}

/// What it would offer by itself, and G.722: name, rate, channels.
const CODECS: [(&str, u32, u8); 7] = [
    ("opus", 48_000, 2),
    ("speex", 16_000, 1),
    ("speex", 8_000, 1),
    ("PCMU", 8_000, 1),
    ("PCMA", 8_000, 1),
    ("G722", 8_000, 1),
    ("G729", 8_000, 1),
];

impl Linphone {
    /// Starts a phone that speaks `says` in every call and writes down what it hears, and waits until it is registered.
    pub fn start(site: &Site, agent: &str, port: u16, says: &[i16]) -> Self {
        Self::start_with(site, agent, port, says, Line::default())
    }

    pub fn start_with(site: &Site, agent: &str, port: u16, says: &[i16], line: Line<'_>) -> Self {
        let transport = line.transport;
        // Its TLS knows names in certificates, and no addresses.
        let host = if transport == "tls" { "localhost" } else { "127.0.0.1" };
        let sip = line.port.map_or(site.sip_port(), |port| site.port(port));
        let mut more = String::new();
        if let Some(authority) = line.authority {
            more.push_str(&format!("root_ca={}\nverify_server_certs=1\nverify_server_cn=1\n", authority.display()));
        }
        if line.encrypted {
            more.push_str("media_encryption=srtp\nmedia_encryption_mandatory=1\n");
        }
        let mut codecs = String::new();
        for (n, (mime, rate, channels)) in CODECS.iter().enumerate().take(if line.codec.is_some() { CODECS.len() } else { 0 }) {
            let enabled = u8::from(line.codec == Some(mime));
            codecs.push_str(&format!("[audio_codec_{n}]\nmime={mime}\nrate={rate}\nchannels={channels}\nenabled={enabled}\n"));
        }
        let folder = site.path(&format!("linphone-{agent}"));
        for needed in [".local/share/linphone", ".config/linphone"] {
            std::fs::create_dir_all(folder.join(needed)).expect("a folder");
        }
        sound::write_wav(&folder.join("mouth.wav"), says, 8_000, 1);
        let config = format!(
            "[sip]\nsip_port={port}\nsip_tcp_port={tcp}\nsip_tls_port={tls}\ndefault_proxy=0\n{more}[rtp]\naudio_rtp_port={rtp}\n\
             [proxy_0]\nreg_proxy=<sip:{host}:{sip};transport={transport}>\nreg_route=<sip:{host}:{sip};transport={transport};lr>\n\
             reg_identity=sip:{agent}@sanling.local\nreg_expires=600\nreg_sendregister=1\npublish=0\n\
             [auth_info_0]\nusername={agent}\npasswd=demo-{agent}\nrealm=sanling.local\ndomain=sanling.local\n\
             {codecs}[sound]\nechocancellation=0\n[video]\nenabled=0\ncapture=0\ndisplay=0\n[net]\nmtu=0\n",
            port = site.port(port),
            rtp = site.port(port + 2),
            // -1: any, 0: none.
            tcp = if transport == "tcp" { -1 } else { 0 },
            tls = if transport == "tls" { -1 } else { 0 },
        );
        std::fs::write(folder.join("rc"), config).expect("written");
        let told = std::fs::File::create(folder.join("told")).expect("a log");
        let mut process = Command::new("linphonec")
            .args(["-c", "rc", "-d", "6", "-l", "log"])
            .current_dir(&folder)
            .env("HOME", &folder)
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .stdin(Stdio::piped())
            .stdout(told.try_clone().expect("a handle"))
            .stderr(told)
            .spawn()
            .expect("linphonec (make e2e-tools) starts");
        let keys = process.stdin.take().expect("piped");
        let mut phone = Self { process, keys, folder };
        site.until(&format!("linphone {agent} is registered"), 15.0, |site| {
            let agents = site.get("/api/v1/agents");
            agents["items"].as_array().is_some_and(|all| all.iter().any(|one| one["id"] == agent && one["contacts"] == 1))
        });
        phone.order("soundcard use files");
        phone.order(&format!("play {}", phone.folder.join("mouth.wav").display()));
        phone.order(&format!("record {}", phone.folder.join("heard.wav").display()));
        phone
    }

    /// A line typed at its prompt: `call sip:…`, `answer`, `terminate`.
    pub fn order(&mut self, line: &str) {
        writeln!(self.keys, "{line}").expect("linphonec listens");
    }

    /// What it has printed so far.
    pub fn told(&self) -> String {
        std::fs::read_to_string(self.folder.join("told")).unwrap_or_default()
    }

    /// What it heard in its call, once that is over.
    pub fn heard(&self) -> Samples {
        sound::read_phones_wav(&self.folder.join("heard.wav"))
    }
}

impl Drop for Linphone {
    fn drop(&mut self) {
        let _ = writeln!(self.keys, "quit");
        std::thread::sleep(std::time::Duration::from_millis(300));
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
