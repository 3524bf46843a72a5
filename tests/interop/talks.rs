//! The calls of one cell: a phone under test and, direct, over UDP and PCMA, those whom it speaks with.

use crate::cell::{Cell, Client, Codec, Feature, Outcome, Transport, Way, attempted, impossible};
use crate::edge::{RTP_FIRST, RTP_LAST};
use crate::harness::{Site, pass, text, until};
use crate::runs::{Run, Tone, longest, runs, said};
use crate::softphone::{Setup, Softphone};
use crate::sound::{Samples, cut, level, parse_wav, tone};
use serde_json::Value;

/// Who says what: the phone under test, whom it calls, whom it refers him to.
const PHONE: Tone = said(1_000.0);
const OTHER: Tone = said(600.0);
const THIRD: Tone = said(1_400.0);
/// mediastreamer's G.722 codes half the amplitude and decodes to twice of it; baresip's (spandsp), ffmpeg's and the switch's agree.
const MEDIASTREAMERS_G722: f64 = 6.0;
const KEYS: &str = "57";

/// Those whom the phones under test speak with.
pub struct Company {
    other: Softphone,
    third: Softphone,
}

pub const OTHER_AGENT: &str = "1001";
pub const THIRD_AGENT: &str = "1002";

impl Company {
    pub fn start(site: &Site) -> Self {
        let phone = |agent, port, hz: Tone| {
            let says = tone(hz.hz, 120.0);
            let plain = Setup {
                client: Client::Baresip,
                way: Way::Direct,
                transport: Transport::Udp,
                codec: Codec::Pcma,
                encrypted: false,
                agent,
                port,
                says: &says,
                answers: true,
            };
            Softphone::start(site, plain)
        };
        Self { other: phone(OTHER_AGENT, 18, OTHER), third: phone(THIRD_AGENT, 42, THIRD) }
    }
}

/// A cell that is to be measured, with the two agents that its phones are.
pub struct Trial<'a> {
    pub client: Client,
    pub way: Way,
    pub transport: Transport,
    pub codec: Codec,
    pub plain: &'a str,
    pub encrypted: &'a str,
}

impl Trial<'_> {
    pub fn run(&self, site: &Site, company: &mut Company) -> Cell {
        let mut outcomes = self.in_clear(site, company);
        outcomes.push((Feature::Srtp, Outcome::of(|| self.encrypted(site, company))));
        for (feature, outcome) in &mut outcomes {
            if let Some((why, in_chinese)) = impossible(self.client, self.codec, *feature) {
                *outcome = Outcome::Impossible(why, in_chinese);
            }
        }
        let Self { client, way, transport, codec, .. } = *self;
        Cell { client, way, transport, codec, outcomes }
    }

    fn phone(&self, site: &Site, encrypted: bool) -> Softphone {
        let agent = if encrypted { self.encrypted } else { self.plain };
        let Self { client, way, transport, codec, .. } = *self;
        let says = tone(PHONE.hz, 60.0);
        Softphone::start(site, Setup { client, way, transport, codec, encrypted, agent, port: 10, says: &says, answers: true })
    }

    /// How the phone is heard, and how it hears the others.
    fn spoken(&self) -> (Tone, Tone) {
        let off = if (self.client, self.codec) == (Client::Linphone, Codec::G722) { MEDIASTREAMERS_G722 } else { 0.0 };
        (Tone { level: PHONE.level - off, ..PHONE }, Tone { level: OTHER.level + off, ..OTHER })
    }

    fn in_clear(&self, site: &Site, company: &mut Company) -> Vec<(Feature, Outcome)> {
        let calls = attempted(|| {
            let mut phone = self.phone(site, false);
            (self.calls(site, &mut phone, company), Outcome::of(|| self.refers(site, &mut phone, company)))
        });
        match calls {
            Ok((mut outcomes, transfer)) => {
                outcomes.push((Feature::Transfer, transfer));
                outcomes
            }
            Err(why) => {
                let all = [Feature::Sound, Feature::Hold, Feature::Reinvite, Feature::Dtmf, Feature::Transfer];
                all.map(|feature| (feature, Outcome::Failed(why.clone()))).to_vec()
            }
        }
    }

    /// The phone calls, holds, retrieves, asks anew for what there is, presses keys, and hangs up.
    fn calls(&self, site: &Site, phone: &mut Softphone, company: &mut Company) -> Vec<(Feature, Outcome)> {
        let (heard_as, hears) = self.spoken();
        let told = attempted(|| {
            phone.listens_anew();
            company.other.listens_anew();
            phone.dial(OTHER_AGENT);
            connected(site, self.plain, OTHER_AGENT);
            pass(2.3);
            phone.hold();
            pass(2.5);
            phone.retrieve();
            pass(1.6);
            let refreshed = phone.refresh();
            pass(if refreshed { 1.8 } else { 0.2 });
            phone.press(site, KEYS);
            pass(0.6);
            phone.hang_up();
            let call = ended(site, self.plain, OTHER_AGENT);
            pass(1.2);
            (call.clone(), refreshed, messages(site, &call), recorded(site, &call))
        });
        let (call, refreshed, messages, recorded) = match told {
            Ok(told) => told,
            Err(why) => {
                phone.hang_up();
                let all = [Feature::Sound, Feature::Hold, Feature::Reinvite, Feature::Dtmf];
                return all.map(|feature| (feature, Outcome::Failed(why.clone()))).to_vec();
            }
        };
        let sound = Outcome::of(|| {
            self.came_as_agreed(site, &call, &messages, self.plain);
            let levels = [
                longest("the phone", &phone.heard(), hears, 1.2),
                longest("the other", &company.other.heard(), heard_as, 1.2),
                longest("recording, left", &recorded[0], heard_as, 1.2),
                longest("recording, right", &recorded[1], OTHER, 1.2),
            ];
            told_levels(&levels)
        });
        let hold = Outcome::of(|| {
            let heard = company.other.heard();
            let talks = runs(&heard, heard_as, 1.0);
            let (before, after) = around(&talks).unwrap_or_else(|| panic!("no hold of 1.5 s between {talks:?}"));
            let music = level(cut(&heard, before.to + 0.3, after.from - 0.3));
            assert!(music > -45.0, "music while he waits: {music:.1} dBov");
            let holds = call["holds"].as_array().map_or(0, Vec::len);
            assert_eq!(holds, 1, "holds on the record");
            format!("{music:.1} → {:.1}", after.level)
        });
        let reinvite = Outcome::of(|| {
            let theirs = |item: &&Value| item["direction"] == "in" && item["method"] == "INVITE" && item["code"].is_null();
            let within = messages
                .iter()
                .filter(theirs)
                .filter(|item| text(&item["text"]).lines().any(|line| line.starts_with("To:") && line.contains("tag=")));
            // One more for each that was asked for a password.
            let within = within.count();
            let wanted = 2 + usize::from(refreshed);
            assert!(within >= wanted, "{within} re-INVITEs, not {wanted}");
            // After the last of them both go on.
            let (here, there) = (last(&phone.heard(), hears), last(&company.other.heard(), heard_as));
            format!("{wanted}: {:.1} {:.1}", here.level, there.level)
        });
        let dtmf = Outcome::of(|| {
            let keys = call["keys"].as_array().cloned().unwrap_or_default();
            let pressed: String = keys.iter().filter(|key| key["agent"] == self.plain).map(|key| text(&key["key"])).collect();
            assert_eq!(pressed, KEYS, "on the record");
            pressed
        });
        vec![(Feature::Sound, sound), (Feature::Hold, hold), (Feature::Reinvite, reinvite), (Feature::Dtmf, dtmf)]
    }

    /// The phone is called, and refers its caller to the third.
    fn refers(&self, site: &Site, phone: &mut Softphone, company: &mut Company) -> String {
        let (heard_as, hears) = self.spoken();
        phone.listens_anew();
        let (other, third) = (&mut company.other, &mut company.third);
        other.listens_anew();
        third.listens_anew();
        other.dial(self.plain);
        phone.answer(site);
        connected(site, OTHER_AGENT, self.plain);
        pass(2.3);
        phone.transfer(THIRD_AGENT);
        let moved = until(8.0, || call_of(site, OTHER_AGENT, self.plain).filter(|call| call["agent"] == THIRD_AGENT));
        if moved.is_none() {
            other.hang_up();
            phone.hang_up();
            panic!("within 8 s the third has not got the call: {}", call_of(site, OTHER_AGENT, self.plain).unwrap_or_default()["segments"]);
        }
        pass(2.6);
        other.hang_up();
        let call = ended(site, OTHER_AGENT, self.plain);
        pass(0.5);
        let recorded = recorded(site, &call);
        longest("the phone, called", &phone.heard(), hears, 1.2);
        let first = longest("the caller, first", &other.heard(), heard_as, 1.2);
        let levels = [
            longest("the caller, then", &other.heard(), THIRD, 1.2),
            longest("the third", &third.heard(), OTHER, 1.2),
            longest("recording, left", &recorded[0], OTHER, 1.2),
            longest("recording, right, then", &recorded[1], THIRD, 1.2),
        ];
        let before = longest("recording, right, first", &recorded[1], heard_as, 1.2);
        assert!(first.from + 1.0 < levels[0].from && before.from + 1.0 < levels[3].from, "one after the other");
        told_levels(&levels)
    }

    /// A phone that speaks SRTP and nothing else calls one in clear.
    fn encrypted(&self, site: &Site, company: &mut Company) -> String {
        let (heard_as, hears) = self.spoken();
        let mut phone = self.phone(site, true);
        phone.listens_anew();
        company.other.listens_anew();
        phone.dial(OTHER_AGENT);
        connected(site, self.encrypted, OTHER_AGENT);
        pass(2.6);
        phone.hang_up();
        let call = ended(site, self.encrypted, OTHER_AGENT);
        pass(1.2);
        let messages = messages(site, &call);
        self.came_as_agreed(site, &call, &messages, self.encrypted);
        let keyed = |direction: &str, code: Option<u64>| {
            let items = messages
                .iter()
                .filter(|item| item["direction"] == direction && item["method"] == "INVITE" && item["code"].as_u64() == code);
            items.map(|item| text(&item["text"])).any(|text| text.contains("RTP/SAVP") && text.contains("a=crypto:"))
        };
        assert!(keyed("in", None) && keyed("out", Some(200)), "keys in offer and answer");
        let recorded = recorded(site, &call);
        let levels = [
            longest("the phone", &phone.heard(), hears, 1.2),
            longest("the other", &company.other.heard(), heard_as, 1.2),
            longest("recording, left", &recorded[0], heard_as, 1.2),
            longest("recording, right", &recorded[1], OTHER, 1.2),
        ];
        told_levels(&levels)
    }

    /// Over the transport, in the codec and by the way that the cell is about, and no other.
    fn came_as_agreed(&self, site: &Site, call: &Value, messages: &[Value], agent: &str) {
        let whole = site.get(&format!("/api/v1/calls/{}", text(&call["id"])));
        let legs = whole["quality"].as_array().cloned().unwrap_or_default();
        let codec = legs.iter().find(|leg| leg["agent"] == agent).map(|leg| text(&leg["codec"]).to_owned());
        assert_eq!(codec.as_deref(), Some(self.codec.name()), "the codec of its leg");
        assert!(
            !messages.is_empty() && messages.iter().all(|item| item["protocol"] == self.transport.name()),
            "all over {}",
            self.transport.name()
        );
        let offer =
            messages.iter().find(|item| item["direction"] == "in" && item["method"] == "INVITE").map_or("", |item| text(&item["text"]));
        let edged = offer.lines().any(|line| line.starts_with("Record-Route:"))
            && offer.lines().filter(|line| line.starts_with("Via:")).count() == 2;
        assert_eq!(edged, self.way != Way::Direct, "through the edge: {offer}");
        let port = offer.split_once("m=audio ").and_then(|(_, rest)| rest.split(' ').next()?.parse::<u16>().ok()).unwrap_or(0);
        let relayed = (site.port(RTP_FIRST)..=site.port(RTP_LAST)).contains(&port);
        assert_eq!(relayed, self.way == Way::EdgeAndSound, "rtpengine's port in the offer: {port}");
    }
}

pub fn told_levels(levels: &[Run]) -> String {
    let [here, there, left, right] = levels else { unreachable!("four of them") };
    format!("{:.1} {:.1} · {:.1} {:.1}", here.level, there.level, left.level, right.level)
}

/// Two runs with a hold between them.
pub fn around(talks: &[Run]) -> Option<(Run, Run)> {
    talks.windows(2).find(|pair| pair[1].from - pair[0].to > 1.5).map(|pair| (pair[0], pair[1]))
}

/// The tone is heard for a second after whatever happened last.
#[track_caller]
fn last(sound: &Samples, tone: Tone) -> Run {
    let all = runs(sound, tone, 1.0);
    *all.last().unwrap_or_else(|| panic!("{} Hz is not heard again", tone.hz))
}

/// The newest call from one to the other.
fn call_of(site: &Site, caller: &str, called: &str) -> Option<Value> {
    let calls = site.get("/api/v1/calls?limit=5");
    let found = calls["items"].as_array().into_iter().flatten().find(|call| call["caller"] == caller && call["called"] == called);
    found.cloned()
}

#[track_caller]
fn connected(site: &Site, caller: &str, called: &str) {
    let connected = until(8.0, || call_of(site, caller, called).filter(|call| !call["connected_at"].is_null()));
    assert!(connected.is_some(), "{caller} and {called} do not talk within 8 s: {}", what_became(site, caller, called));
}

fn what_became(site: &Site, caller: &str, called: &str) -> String {
    call_of(site, caller, called).map_or("no call".to_owned(), |call| format!("{} {}", text(&call["outcome"]), call["cause"]))
}

#[track_caller]
pub fn ended(site: &Site, caller: &str, called: &str) -> Value {
    let done = |call: &Value| !call["released_at"].is_null() && call["recording"]["state"] != "open";
    let ended = until(6.0, || call_of(site, caller, called).filter(done));
    ended.unwrap_or_else(|| panic!("the call of {caller} to {called} has not ended within 6 s"))
}

pub fn recorded(site: &Site, call: &Value) -> Vec<Samples> {
    parse_wav(&site.get_bytes(&format!("/api/v1/calls/{}/recording", text(&call["id"]))).1)
}

/// The SIP of the caller's leg.
fn messages(site: &Site, call: &Value) -> Vec<Value> {
    let kept = site.get(&format!("/api/v1/calls/{}/sip", text(&call["id"])));
    kept["items"].as_array().into_iter().flatten().filter(|item| item["leg"] == 0).cloned().collect()
}
