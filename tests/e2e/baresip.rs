//! baresip: a softphone whose microphone is a WAV file, whose ear is another, and whose keys are pressed over its control connection.

use crate::harness::{Site, until};
use crate::sound::{self, Samples};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What baresip's console takes for a key let go of.
const KEY_RELEASED: u8 = 4;

pub struct Baresip {
    process: Child,
    folder: PathBuf,
    control: TcpStream,
    told: String,
}

/// How a phone is set up.
pub struct Phone<'a> {
    pub agent: &'a str,
    /// First of four ports of the test.
    pub port: u16,
    /// What it speaks.
    pub says: &'a [i16],
    /// As baresip lists it: `pcma`, `pcmu`, `G722/16000/1`, `opus/48000/2`.
    pub codec: &'a str,
    pub answers: bool,
    /// Of its transport to the switch.
    pub transport: &'a str,
}

/// How a phone is set up that keeps its secrets.
#[derive(Clone, Copy, Default)]
pub struct Secrets<'a> {
    /// Of the switch, where it is not the one for UDP and TCP: a port of the test.
    pub port: Option<u16>,
    /// Who signed the switch's certificate: a file.
    pub authority: Option<&'a std::path::Path>,
    /// Its own certificate and key, in one file: it takes connections over TLS.
    pub certificate: Option<&'a std::path::Path>,
    /// Where it and the switch are, when that is not 127.0.0.1.
    pub host: Option<&'a str>,
    /// As baresip calls it: `srtp` where the other side can, `srtp-mand` always.
    pub encryption: Option<&'a str>,
}

impl Baresip {
    /// Starts a phone and waits until it is registered.
    pub fn start(site: &Site, phone: &Phone<'_>) -> Self {
        Self::start_with(site, phone, Secrets::default())
    }

    pub fn start_with(site: &Site, phone: &Phone<'_>, secrets: Secrets<'_>) -> Self {
        Self::start_knowing(site, phone, secrets, None)
    }

    /// A phone that knows a colleague: watches his presence, and writes to him.
    pub fn start_knowing(site: &Site, phone: &Phone<'_>, secrets: Secrets<'_>, colleague: Option<&str>) -> Self {
        let folder = site.path(&format!("baresip-{}", phone.agent));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (hz, channels) = match phone.codec {
            "opus/48000/2" => (48_000, 2),
            "G722/16000/1" => (16_000, 1),
            _ => (8_000, 1),
        };
        sound::write_wav(&folder.join("mouth.wav"), phone.says, hz, channels);
        let (port, control) = (site.port(phone.port), site.port(phone.port + 2));
        let host = secrets.host.unwrap_or("127.0.0.1");
        let config = format!(
            "poll_method epoll\nsip_listen {host}:{port}\ncall_local_timeout 120\naudio_player aubridge,{agent}\n\
             audio_source aufile,{folder}/mouth.wav\naudio_alert aubridge,{agent}\nrtp_ports {rtp}-{last}\njitter_buffer_delay 2-10\n\
             module_path {modules}\nmodule g711.so\nmodule opus.so\nmodule g722.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\n\
             module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\nmodule cons.so\ncons_listen 127.0.0.1:{cons}\n\
             ctrl_tcp_listen 127.0.0.1:{control}\nsnd_path {folder}\nstatmode_default off\n",
            agent = phone.agent,
            folder = folder.display(),
            rtp = site.port(phone.port + 4),
            last = site.port(phone.port + 7),
            cons = site.port(phone.port + 3),
            modules = modules(),
        );
        let mut config: String = config;
        if let Some(authority) = secrets.authority {
            config.push_str(&format!("sip_cafile {}\nsip_verify_server yes\n", authority.display()));
        }
        if let Some(certificate) = secrets.certificate {
            config.push_str(&format!("sip_certificate {}\n", certificate.display()));
        }
        if colleague.is_some() {
            config.push_str("module_app contact.so\nmodule_app presence.so\n");
        }
        if secrets.encryption.is_some() {
            config.push_str("module srtp.so\n");
        }
        let account = format!(
            "<sip:{agent}@sanling.local;transport={transport}>;auth_pass=demo-{agent};answermode={mode};regint=600;\
             outbound=\"sip:{host}:{sip};transport={transport}\";audio_codecs={codec}{encryption}\n",
            agent = phone.agent,
            transport = phone.transport,
            sip = secrets.port.map_or(site.sip_port(), |port| site.port(port)),
            encryption = secrets.encryption.map(|way| format!(";mediaenc={way}")).unwrap_or_default(),
            mode = if phone.answers { "auto" } else { "manual" },
            codec = phone.codec,
        );
        let contacts = colleague.map(|other| format!("\"{other}\" <sip:{other}@sanling.local>;presence=p2p\n")).unwrap_or_default();
        for (name, content) in [("config", config), ("accounts", account), ("contacts", contacts)] {
            std::fs::write(folder.join(name), content).expect("written");
        }
        let log = std::fs::File::create(folder.join("log")).expect("a log");
        let process = Command::new("baresip")
            .arg("-f")
            .arg(&folder)
            .arg("-s")
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a handle"))
            .stderr(log)
            .spawn()
            .expect("baresip (make e2e-tools) starts");
        let address = ("127.0.0.1", control);
        let control = until(10.0, || TcpStream::connect(address).ok()).expect("baresip's control port");
        control.set_read_timeout(Some(Duration::from_millis(200))).expect("a time-out");
        site.until(&format!("{} is registered", phone.agent), 10.0, |site| {
            let agents = site.get("/api/v1/agents");
            agents["items"].as_array().is_some_and(|all| all.iter().any(|one| one["id"] == phone.agent && one["contacts"] == 1))
        });
        Self { process, folder, control, told: String::new() }
    }

    /// In its next call it says a tone of `low` and one of `high` Hz, at 16 kHz.
    pub fn will_say_wide(&self, low: f64, high: f64) {
        self.will_say_wide_at(16_000, 1, low, high);
    }

    /// The same at the rate and the channels of its codec.
    pub fn will_say_wide_at(&self, hz: u32, channels: u16, low: f64, high: f64) {
        sound::write_wide(&self.folder.join("mouth.wav"), &[low, high], 60.0, hz, channels);
    }

    /// A command of its menu: `hold`, `resume`, `reinvite`.
    pub fn order(&mut self, command: &str, parameter: &str) {
        let order = serde_json::json!({ "command": command, "params": parameter }).to_string();
        write!(self.control, "{}:{order},", order.len()).expect("baresip listens");
    }

    pub fn dial(&mut self, number: &str) {
        self.order("dial", &format!("sip:{number}@sanling.local"));
    }

    pub fn hang_up(&mut self) {
        self.order("hangup", "");
    }

    /// Writes to the colleague whom it knows.
    pub fn write(&mut self, text: &str) {
        self.order("message", text);
    }

    /// What stands on its console.
    pub fn console(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.join("log")).expect("its log")).into_owned()
    }

    /// Waits until that stands there so many times.
    #[track_caller]
    pub fn shows(&self, text: &str, times: usize, limit: f64) {
        let found = until(limit, || (self.console().matches(text).count() >= times).then_some(()));
        assert!(found.is_some(), "{text:?} is not on its console within {limit} s: {}", self.console());
    }

    /// Waits until it lists the colleague so: `Online`, `Busy`, `Offline`.
    #[track_caller]
    pub fn sees(&mut self, status: &str, limit: f64) {
        let mut last = String::new();
        let seen = until(limit, || {
            self.order("contacts", "");
            let mut buffer = [0; 4_096];
            let length = self.control.read(&mut buffer).unwrap_or(0);
            last = String::from_utf8_lossy(&buffer[..length]).into_owned();
            self.told += &last;
            last.contains(status).then_some(())
        });
        assert!(seen.is_some(), "it does not see {status} within {limit} s: {last}");
    }

    /// Refers whom it speaks with to `number`.
    pub fn transfer(&mut self, number: &str) {
        self.order("transfer", &format!("sip:{number}@sanling.local"));
    }

    /// Keys pressed and let go of in a call: DTMF by RFC 4733.
    pub fn press(&self, site: &Site, port: u16, keys: &str) {
        let console = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
        for key in keys.chars() {
            for byte in [key as u8, KEY_RELEASED] {
                console.send_to(&[byte], ("127.0.0.1", site.port(port + 3))).expect("sent");
                std::thread::sleep(Duration::from_millis(125));
            }
        }
    }

    /// Waits until baresip tells of an event: `CALL_ESTABLISHED`, `CALL_CLOSED`.
    pub fn tells(&mut self, event: &str, limit: f64) {
        let wanted = format!("\"type\":\"{event}\"");
        let told = until(limit, || {
            let mut buffer = [0; 4_096];
            if let Ok(length) = self.control.read(&mut buffer) {
                self.told += &String::from_utf8_lossy(&buffer[..length]);
            }
            self.told.contains(&wanted).then_some(())
        });
        assert!(told.is_some(), "baresip tells no {event} within {limit} s: {}", self.told);
    }

    /// What it heard in its latest call, once that is over, at 8 kHz.
    pub fn heard(&self) -> Samples {
        sound::parse_wav(&self.heard_file()).remove(0)
    }

    /// The same as the file that it is, at the rate of the codec.
    pub fn heard_file(&self) -> Vec<u8> {
        let files = std::fs::read_dir(&self.folder).expect("a folder").flatten().map(|entry| entry.path());
        let mut dumps: Vec<PathBuf> = files.filter(|path| path.to_string_lossy().ends_with("-dec.wav")).collect();
        dumps.sort();
        let newest = dumps.last().unwrap_or_else(|| panic!("baresip heard nothing: no file in {}", self.folder.display()));
        std::fs::read(newest).expect("its dump")
    }
}

fn modules() -> &'static str {
    ["/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules", "/usr/lib/aarch64-linux-gnu/baresip/modules"]
        .into_iter()
        .find(|path| std::path::Path::new(path).exists())
        .expect("baresip's modules (make e2e-tools)")
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
