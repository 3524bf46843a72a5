//! The interworking proof: the real binary, phones and proxies that nobody here wrote, each way that they can meet, with sound measured at
//! both ends and in the recording. `make interop` runs it whole and writes docs/interworking.md from what was measured; words after
//! `cargo test --test interop --` choose a part (`baresip kamailio tls`), which is printed and written nowhere.
//!
//! Every cell is expected to pass but for those that `cell::impossible` gives a reason for; one that does not makes this program fail.
#![allow(clippy::cast_possible_truncation, reason = "sound is arithmetic between widths that are known to fit")]

#[path = "../e2e/baresip.rs"]
#[allow(dead_code, reason = "shared with tests/e2e, which uses the rest of it")]
mod baresip;
mod cell;
#[path = "../e2e/certificates.rs"]
mod certificates;
#[path = "../e2e/ear.rs"]
#[allow(dead_code, reason = "shared with tests/e2e, which uses the rest of it")]
mod ear;
#[path = "../e2e/edge.rs"]
mod edge;
mod flows;
#[path = "../e2e/harness.rs"]
#[allow(dead_code, reason = "shared with tests/e2e, which uses the rest of it")]
mod harness;
#[path = "../e2e/linphone.rs"]
#[allow(dead_code, reason = "shared with tests/e2e, which uses the rest of it")]
mod linphone;
mod runs;
#[path = "../e2e/sipp.rs"]
#[allow(dead_code, reason = "shared with tests/e2e, which uses the rest of it")]
mod sipp;
mod softphone;
#[path = "../e2e/sound.rs"]
#[allow(dead_code, reason = "shared with tests/e2e, which uses the rest of it")]
mod sound;
mod table;
mod talks;

use cell::{CLIENTS, CODECS, Cell, Client, FEATURES, Outcome, TRANSPORTS, Transport, WAYS, Way, attempted};
use edge::Edge;
use flows::Flow;
use harness::Site;
use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use talks::{Company, Trial};

/// Switches that run at a time, each with its proxies and phones. What they do is wait, mostly.
const LANES: usize = 4;

/// What one switch is started for.
enum Job {
    Talks(Client, Way, Transport),
    Flows(Way),
}

/// All that was measured.
#[derive(Default)]
pub struct Measured {
    pub cells: Vec<Cell>,
    pub flows: Vec<Flow>,
}

fn main() -> ExitCode {
    let chosen: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let lanes = std::env::var("INTEROP_LANES").ok().and_then(|lanes| lanes.parse().ok()).unwrap_or(LANES);
    harness::SEATS.store(lanes, std::sync::atomic::Ordering::Relaxed);
    // What is asserted in vain is in the table, and a whole thread's fault in its cells.
    std::panic::set_hook(Box::new(|_| ()));
    let began = Instant::now();
    let mut jobs: VecDeque<Job> = WAYS.into_iter().map(Job::Flows).filter(|_| wanted(&chosen, "flows", "")).collect();
    for way in WAYS {
        for client in CLIENTS {
            jobs.extend(TRANSPORTS.map(|transport| Job::Talks(client, way, transport)));
        }
    }
    let (jobs, measured) = (Mutex::new(jobs), Mutex::new(Measured::default()));
    std::thread::scope(|scope| {
        for _ in 0..lanes {
            scope.spawn(|| {
                loop {
                    let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(job) = job else { break };
                    let done = job.run(&chosen);
                    let mut measured = measured.lock().unwrap_or_else(PoisonError::into_inner);
                    measured.cells.extend(done.cells);
                    measured.flows.extend(done.flows);
                }
            });
        }
    });
    let mut measured = measured.into_inner().unwrap_or_else(PoisonError::into_inner);
    let place = |cell: &Cell| (cell.client as u8, cell.way as u8, cell.transport as u8, cell.codec as u8);
    measured.cells.sort_by_key(place);
    measured.flows.sort_by_key(Flow::place);
    let took = began.elapsed().as_secs();
    let failed = measured.cells.iter().flat_map(|cell| &cell.outcomes).filter(|(_, outcome)| outcome.failed()).count()
        + measured.flows.iter().filter(|flow| flow.outcome.failed()).count();
    let passed = measured.cells.iter().flat_map(|cell| &cell.outcomes).map(|(_, outcome)| outcome);
    let passed =
        passed.chain(measured.flows.iter().map(|flow| &flow.outcome)).filter(|outcome| matches!(outcome, Outcome::Passed(_))).count();
    if chosen.is_empty() {
        table::write(&measured, took);
    }
    println!("{passed} passed, {failed} failed, in {took} s");
    if failed == 0 && passed > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether all the words fit, each as a whole.
fn wanted(chosen: &[String], what: &str, more: &str) -> bool {
    let names: Vec<&str> = what.split(' ').chain(more.split(' ')).collect();
    chosen.iter().all(|word| names.contains(&word.as_str()))
}

impl Way {
    /// To choose by.
    const fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Edge => "kamailio",
            Self::EdgeAndSound => "rtpengine",
        }
    }
}

impl Job {
    fn run(&self, chosen: &[String]) -> Measured {
        match *self {
            Self::Flows(way) => Measured { flows: flows::run(way), ..Measured::default() },
            Self::Talks(client, way, transport) => {
                let what = format!("{} {} {}", client.name(), way.word(), transport.name());
                let codecs: Vec<_> = CODECS.into_iter().filter(|codec| wanted(chosen, &what, codec.name())).collect();
                let mut cells = Vec::new();
                if codecs.is_empty() {
                    return Measured::default();
                }
                let whole = attempted(|| {
                    let site = site();
                    let _edge = (way != Way::Direct).then(|| Edge::start(&site, way == Way::EdgeAndSound));
                    let mut company = Company::start(&site);
                    for (n, &codec) in codecs.iter().enumerate() {
                        let (plain, encrypted) = (format!("{}", 2_000 + n), format!("{}", 2_010 + n));
                        let trial = Trial { client, way, transport, codec, plain: &plain, encrypted: &encrypted };
                        let cell = trial.run(&site, &mut company);
                        told(&cell, &site);
                        cells.push(cell);
                    }
                });
                if let Err(why) = whole {
                    println!("{what}: {why}");
                    for &codec in &codecs[cells.len()..] {
                        let outcomes = FEATURES.map(|feature| (feature, Outcome::Failed(why.clone()))).to_vec();
                        cells.push(Cell { client, way, transport, codec, outcomes });
                    }
                }
                Measured { cells, ..Measured::default() }
            }
        }
    }
}

/// The shipped configuration with all three transports, SRTP for who wants it, and people enough for each cell to have its own.
pub fn site() -> Site {
    let listen = "sip.listen=[\"udp:127.0.0.1:{1}\", \"tcp:127.0.0.1:{1}\", \"tls:127.0.0.1:{3}\"]";
    let keys = ["media.srtp=\"optional\"", "tls.certificate=\"own.pem\"", "tls.key=\"own-key.pem\""];
    Site::start_with(&[listen, keys[0], keys[1], keys[2]], |config| {
        certificates::certify(config);
        let file = config.join("agents.toml");
        let mut agents = std::fs::read_to_string(&file).expect("the agents");
        for id in 2_000..2_020 {
            agents.push_str(&format!(
                "\n[[agent]]\nid = \"{id}\"\nname = \"{id}\"\npassword = \"demo-{id}\"\nteam = \"service\"\nrole = \"agent\"\nlogin = \"on-register\"\n"
            ));
        }
        std::fs::write(file, agents).expect("written");
    })
}

/// As it goes; what failed leaves its folder behind.
fn told(cell: &Cell, site: &Site) {
    let Cell { client, way, transport, codec, outcomes } = cell;
    let name = format!("{} {} {} {}", client.name(), way.word(), transport.name(), codec.name());
    for (feature, outcome) in outcomes {
        println!("{name:<34} {feature:<9?} {outcome:?}");
    }
    if outcomes.iter().any(|(_, outcome)| outcome.failed()) {
        keep(&name, site);
    }
}

/// The folder of a switch with all logs and sounds, for whoever looks for the fault.
pub fn keep(name: &str, site: &Site) {
    let kept = sound::in_tree("target/interop").join(name.replace(' ', "-"));
    let _ = std::fs::remove_dir_all(&kept);
    let _ = std::fs::create_dir_all(&kept);
    let from = site.path("switch.log");
    let copied = std::process::Command::new("cp").arg("-r").arg(from.parent().unwrap_or(&from).join(".")).arg(&kept).status();
    println!("{name}: kept in {} ({})", kept.display(), copied.is_ok_and(|status| status.success()));
}
