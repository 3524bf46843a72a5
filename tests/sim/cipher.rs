//! A phone's own side of SDES (RFC 4568): what it writes in its descriptions, what it makes of the switch's, and both ways of its sound. The
//! packets' ciphers are the switch's, which have the standards' vectors; who encrypts what, when and with which key is told here anew.

use sanling::base::Rng;
use sanling::base::srtp::{MasterKey, Suite};
use sanling::rtp::srtp::{Inbound, Outbound};

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// How a phone is set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setting {
    pub suite: Suite,
    pub transport: Transport,
}

/// How it offers, and what it takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// RTP/AVP with lines, and without them it speaks in clear: "best effort".
    Avp,
    /// RTP/SAVP, and anything else is refused with 488.
    SavpAlone,
}

pub struct Cipher {
    setting: Setting,
    key: MasterKey,
    seals: Outbound,
    /// How often our sequence rolled over.
    counter: u32,
    /// What the other side said: its key, and the tag that was taken.
    opens: Option<(MasterKey, Inbound)>,
    tag: String,
    pub unreadable: u64,
}

fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        let letters = (0..=three.len()).map(|place| char::from(LETTERS[(word >> (18 - 6 * place)) as usize & 63]));
        out.extend(letters.chain("==".chars().skip(three.len() - 1)));
    }
    out
}

fn of_base64(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> =
        text.trim_end_matches('=').bytes().map(|letter| Some(LETTERS.iter().position(|known| *known == letter)? as u32)).collect();
    let mut out = Vec::new();
    for four in digits?.chunks(4) {
        let word = four.iter().fold(0, |word, digit| word << 6 | digit) << (6 * (4 - four.len()));
        out.extend(word.to_be_bytes().into_iter().skip(1).take(four.len() * 6 / 8));
    }
    Some(out)
}

fn master(suite: Suite, bytes: Vec<u8>) -> Option<MasterKey> {
    MasterKey::new(suite, bytes, Vec::new())
}

impl Cipher {
    pub fn new(setting: Setting, rng: &mut Rng) -> Self {
        let key = Self::draw(setting.suite, rng);
        let seals = Outbound::new(&key, 0);
        Self { setting, key, seals, counter: 0, opens: None, tag: "1".to_owned(), unreadable: 0 }
    }

    fn draw(suite: Suite, rng: &mut Rng) -> MasterKey {
        let bytes = (0..suite.key_length() + suite.salt_length()).map(|_| rng.below(256) as u8).collect();
        master(suite, bytes).expect("as long as the suite has it")
    }

    /// Another key from the next description on.
    pub fn rekey(&mut self, rng: &mut Rng) {
        self.key = Self::draw(self.setting.suite, rng);
        self.seals = Outbound::new(&self.key, 0);
    }

    /// Puts our line, and our transport, into a description.
    pub fn describe(&self, sdp: &str) -> String {
        let line = format!("a=crypto:{} {} inline:{}\r\n", self.tag, self.setting.suite, base64(self.key.bytes()));
        match self.setting.transport {
            Transport::Avp => format!("{sdp}{line}"),
            Transport::SavpAlone => format!("{}{line}", sdp.replace("RTP/AVP", "RTP/SAVP")),
        }
    }

    /// Whether an offer is none of ours.
    pub fn refuses(&self, sdp: &[u8]) -> bool {
        self.setting.transport == Transport::SavpAlone && !String::from_utf8_lossy(sdp).contains(" RTP/SAVP ")
    }

    /// What the other side says of its key.
    pub fn take(&mut self, sdp: &[u8]) {
        let text = String::from_utf8_lossy(sdp);
        let found = text.lines().find_map(|line| {
            let mut words = line.strip_prefix("a=crypto:")?.split_whitespace();
            let (tag, suite, key) = (words.next()?, words.next()?, words.next()?.strip_prefix("inline:")?);
            let key = (suite == self.setting.suite.name()).then(|| of_base64(key)).flatten()?;
            Some((tag.to_owned(), master(self.setting.suite, key).expect("a key of its length")))
        });
        match found {
            None => self.opens = None,
            Some((tag, key)) => {
                self.tag = tag;
                // As phones do that take a key once: the same again changes nothing.
                if self.opens.as_ref().is_none_or(|(known, _)| *known != key) {
                    let opens = Inbound::new(&key, 0);
                    self.opens = Some((key, opens));
                }
            }
        }
    }

    pub fn is_on(&self) -> bool {
        self.opens.is_some()
    }

    pub fn seal(&mut self, packet: &mut Vec<u8>) {
        self.counter += u32::from(packet[2..4] == [0, 0]);
        if self.is_on() {
            self.seals.seal(self.counter, 0, packet);
        }
    }

    /// What came, if it is ours to hear.
    pub fn open(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let mut packet = packet.to_vec();
        if let Some((_, opens)) = &mut self.opens
            && opens.open(&mut packet).is_err()
        {
            self.unreadable += 1;
            return None;
        }
        Some(packet)
    }
}
