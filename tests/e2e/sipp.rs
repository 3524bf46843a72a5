//! SIPp: one call by a scenario of `sipp/`, and the times at which its messages were on the wire.

use crate::ear::Ear;
use crate::harness::{Site, until};
use crate::sound::in_tree;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

pub struct Sipp {
    process: Child,
    name: String,
    messages: PathBuf,
    errors: PathBuf,
}

/// A message as SIPp saw it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Seconds since 1970.
    pub at: f64,
    pub sent: bool,
    pub text: String,
}

impl Seen {
    pub fn first_line(&self) -> &str {
        self.text.lines().next().unwrap_or("")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.text
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }
}

impl Sipp {
    /// Starts a scenario, of `sipp/` or a path from there, on a port of the test. `arguments`: SIPp's own.
    pub fn start(site: &Site, scenario: &str, port: u16, arguments: &[&str]) -> Self {
        Self::begin("127.0.0.1", site, site.sip_port(), scenario, port, arguments)
    }

    /// The same on `ip` of loopback, `[::1]` of version 6.
    pub fn start_at(ip: &str, site: &Site, scenario: &str, port: u16, arguments: &[&str]) -> Self {
        Self::begin(ip, site, site.sip_port(), scenario, port, arguments)
    }

    /// The same, its requests going to a port before the switch.
    #[allow(dead_code, reason = "shared with tests/interop")]
    pub fn start_towards(site: &Site, to: u16, scenario: &str, port: u16, arguments: &[&str]) -> Self {
        Self::begin("127.0.0.1", site, to, scenario, port, arguments)
    }

    fn begin(ip: &str, site: &Site, to: u16, scenario: &str, port: u16, arguments: &[&str]) -> Self {
        let name = format!("{}-{port}", scenario.rsplit('/').next().unwrap_or(scenario));
        let (messages, errors) = (site.path(&format!("{name}.messages")), site.path(&format!("{name}.errors")));
        for old in [&messages, &errors] {
            let _ = std::fs::remove_file(old);
        }
        let process = Command::new("sipp")
            .arg(format!("{ip}:{to}"))
            .arg("-sf")
            .arg(in_tree(&format!("tests/e2e/sipp/{scenario}.xml")))
            .args(["-i", ip, "-p", &site.port(port).to_string(), "-m", "1", "-nostdin", "-timeout", "120", "-timeout_error"])
            .args(["-trace_msg", "-message_file"])
            .arg(&messages)
            .args(["-trace_err", "-error_file"])
            .arg(&errors)
            .args(arguments)
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sipp (make e2e-tools) starts");
        Self { process, name, messages, errors }
    }

    /// Registers an agent's phone whose SIPp will then answer on the same port.
    pub fn register(site: &Site, agent: &str, port: u16, arguments: &[&str]) {
        let password = format!("demo-{agent}");
        let contact = site.port(port).to_string();
        let all = [&["-key", "user", agent, "-key", "contact", &contact, "-au", agent, "-ap", &password][..], arguments].concat();
        // Over TCP a phone connects from a port and listens on another.
        let from = if arguments.contains(&"t1") { port + 20 } else { port };
        Self::start(site, "register", from, &all).done(10.0);
    }

    /// A caller on the trunk, by one of the `caller` scenarios.
    pub fn caller(site: &Site, scenario: &str, port: u16, number: &str, ear: &Ear, arguments: &[&str]) -> Self {
        let ear = ear.port.to_string();
        let all = [&["-s", "95000", "-key", "caller", number, "-key", "ear", &ear][..], arguments].concat();
        Self::start(site, scenario, port, &all)
    }

    /// An agent's phone, by one of the `agent` scenarios; it rings for so many milliseconds.
    pub fn agent(site: &Site, scenario: &str, port: u16, ear: &Ear, rings_for: u32, arguments: &[&str]) -> Self {
        let (ear, rings_for) = (ear.port.to_string(), rings_for.to_string());
        let all = [&["-set", "rings_for", &rings_for, "-key", "ear", &ear][..], arguments].concat();
        Self::start(site, scenario, port, &all)
    }

    /// The scenario was played to its end, as written.
    pub fn done(&mut self, limit: f64) {
        let status = until(limit, || self.process.try_wait().expect("its state"));
        let told = |path: &PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        match status {
            Some(status) if status.success() => (),
            other => panic!("sipp {}: {other:?} within {limit} s\n{}\n{}", self.name, told(&self.errors), told(&self.messages)),
        }
    }

    pub fn seen(&self) -> Vec<Seen> {
        let log = std::fs::read_to_string(&self.messages).unwrap_or_default();
        let mut seen = Vec::new();
        for part in log.split("-----------------------------------------------").skip(1) {
            let Some((head, text)) = part.split_once("\n\n") else { continue };
            let Some((time, kind)) = head.trim_start().split_once('\n') else { continue };
            let Some(at) = time.split_whitespace().last().and_then(moment) else { continue };
            seen.push(Seen { at: at + whole_day(time), sent: kind.contains("sent"), text: text.trim_start().to_owned() });
        }
        seen
    }

    /// The first message whose first line begins so.
    pub fn find(&self, begins: &str) -> Option<Seen> {
        self.seen().into_iter().find(|seen| seen.first_line().starts_with(begins))
    }

    /// As [`Self::find`], once it is there.
    pub fn saw(&self, begins: &str, limit: f64) -> Seen {
        until(limit, || self.find(begins)).unwrap_or_else(|| panic!("{} saw no {begins:?} within {limit} s: {:#?}", self.name, self.seen()))
    }
}

/// Seconds: since 1970, or since midnight where the log says hours.
fn moment(time: &str) -> Option<f64> {
    let parts: Vec<f64> = time.split(':').filter_map(|part| part.parse().ok()).collect();
    match parts[..] {
        [seconds] => Some(seconds),
        [hours, minutes, seconds] => Some(hours * 3_600.0 + minutes * 60.0 + seconds),
        _ => None,
    }
}

/// Midnight of the log's date in seconds since 1970; 0 where the line ends in seconds since 1970 already.
fn whole_day(time: &str) -> f64 {
    let fields: Vec<&str> = time.split_whitespace().collect();
    match fields[..] {
        [date, _] => date.parse::<jiff::civil::Date>().ok().and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC).ok()),
        _ => None,
    }
    .map_or(0.0, |midnight| midnight.timestamp().as_second() as f64)
}

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
