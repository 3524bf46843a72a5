//! A softphone under test, whichever it is: what a person does with it, and what it has heard.

use crate::baresip::{self, Baresip, Secrets};
use crate::cell::{Client, Codec, Transport, Way};
use crate::edge::{EDGE, EDGE_TLS};
use crate::harness::{Site, until};
use crate::linphone::{Line, Linphone};
use crate::sound::{Samples, parse_wav, read_phones_wav};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The switch's TLS port, of those of the test.
pub const TLS: u16 = 3;

pub struct Softphone {
    kind: Kind,
    agent: String,
    port: u16,
    folder: PathBuf,
    /// What there was to hear before the call that is asked about.
    old: BTreeSet<PathBuf>,
    calls: usize,
}

enum Kind {
    Baresip(Baresip),
    Linphone(Linphone),
}

/// How a phone of the matrix is set up.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    pub client: Client,
    pub way: Way,
    pub transport: Transport,
    pub codec: Codec,
    pub encrypted: bool,
    pub agent: &'a str,
    /// First of its eight ports.
    pub port: u16,
    pub says: &'a [i16],
    pub answers: bool,
}

impl Softphone {
    /// Starts it and waits until the switch has its registration.
    pub fn start(site: &Site, setup: Setup<'_>) -> Self {
        let Setup { agent, port, says, answers, .. } = setup;
        let authority = site.path("config/ca.pem");
        let (transport, secure) = (setup.transport.name(), setup.transport == Transport::Tls);
        let to = match (setup.way, secure) {
            (Way::Direct, false) => None,
            (Way::Direct, true) => Some(TLS),
            (_, false) => Some(EDGE),
            (_, true) => Some(EDGE_TLS),
        };
        let authority = secure.then_some(authority.as_path());
        let (kind, folder) = match setup.client {
            Client::Baresip => {
                let codec = match setup.codec {
                    Codec::Pcma => "pcma",
                    Codec::Pcmu => "pcmu",
                    Codec::G722 => "G722/16000/1",
                    Codec::Opus => "opus/48000/2",
                };
                let phone = baresip::Phone { agent, port, says, codec, answers, transport };
                let encryption = setup.encrypted.then_some("srtp-mand");
                (
                    Kind::Baresip(Baresip::start_with(site, &phone, Secrets { port: to, authority, encryption, ..Secrets::default() })),
                    "baresip",
                )
            }
            Client::Linphone => {
                let codec = match setup.codec {
                    Codec::Pcma => "PCMA",
                    Codec::Pcmu => "PCMU",
                    Codec::G722 => "G722",
                    Codec::Opus => "opus",
                };
                let line = Line { port: to, transport, authority, encrypted: setup.encrypted, codec: Some(codec) };
                (Kind::Linphone(Linphone::start_with(site, agent, port, says, line)), "linphone")
            }
        };
        let folder = site.path(&format!("{folder}-{agent}"));
        Self { kind, agent: agent.to_owned(), port, folder, old: BTreeSet::new(), calls: 0 }
    }

    /// What it hears from now on is what is asked for.
    pub fn listens_anew(&mut self) {
        self.old = self.dumps().into_iter().collect();
        self.calls += 1;
        let file = self.folder.join(format!("heard-{}.wav", self.calls));
        if let Kind::Linphone(phone) = &mut self.kind {
            phone.order(&format!("record {}", file.display()));
        }
    }

    pub fn dial(&mut self, number: &str) {
        match &mut self.kind {
            Kind::Baresip(phone) => phone.dial(number),
            Kind::Linphone(phone) => phone.order(&format!("call sip:{number}@sanling.local")),
        }
    }

    /// It rings, and is answered; a phone that answers by itself does so.
    pub fn answer(&mut self, site: &Site) {
        if let Kind::Linphone(phone) = &mut self.kind {
            site.until("the phone rings", 8.0, |_| phone.told().matches("Receiving new incoming call").count() >= 1);
            phone.order("answer");
        }
    }

    pub fn hold(&mut self) {
        match &mut self.kind {
            Kind::Baresip(phone) => phone.order("hold", ""),
            Kind::Linphone(phone) => phone.order("pause"),
        }
    }

    pub fn retrieve(&mut self) {
        match &mut self.kind {
            Kind::Baresip(phone) => phone.order("resume", ""),
            Kind::Linphone(phone) => phone.order("resume"),
        }
    }

    /// A re-INVITE that changes nothing, where the phone can be told to send one: linphonec cannot.
    pub fn refresh(&mut self) -> bool {
        match &mut self.kind {
            Kind::Baresip(phone) => phone.order("reinvite", ""),
            Kind::Linphone(_) => return false,
        }
        true
    }

    pub fn press(&mut self, site: &Site, keys: &str) {
        match &mut self.kind {
            Kind::Baresip(phone) => phone.press(site, self.port, keys),
            Kind::Linphone(phone) => keys.chars().for_each(|key| {
                phone.order(&key.to_string());
                std::thread::sleep(std::time::Duration::from_millis(300));
            }),
        }
    }

    pub fn transfer(&mut self, number: &str) {
        match &mut self.kind {
            Kind::Baresip(phone) => phone.transfer(number),
            Kind::Linphone(phone) => phone.order(&format!("transfer sip:{number}@sanling.local")),
        }
    }

    pub fn hang_up(&mut self) {
        match &mut self.kind {
            Kind::Baresip(phone) => phone.hang_up(),
            Kind::Linphone(phone) => phone.order("terminate"),
        }
    }

    /// All that it heard since [`Self::listens_anew`], in one piece: baresip begins a file with each change of a session.
    pub fn heard(&self) -> Samples {
        let new = || until(2.0, || Some(self.dumps()).filter(|dumps| dumps.iter().any(|file| !self.old.contains(file))));
        match &self.kind {
            Kind::Baresip(_) => {
                let files = new().unwrap_or_else(|| panic!("{} (baresip) heard nothing", self.agent));
                let pieces = files.iter().filter(|file| !self.old.contains(*file));
                pieces.flat_map(|file| parse_wav(&std::fs::read(file).expect("its dump")).into_iter().next().unwrap_or_default()).collect()
            }
            Kind::Linphone(_) => read_phones_wav(&self.folder.join(format!("heard-{}.wav", self.calls))),
        }
    }

    /// baresip's files of what it heard, in order of time.
    fn dumps(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut dumps: Vec<PathBuf> = files.filter(|path| path.to_string_lossy().ends_with("-dec.wav")).collect();
        dumps.sort();
        dumps
    }
}
