//! What was ordered of the media plane for one call, folded to what still stands: the shortest list of orders that makes the session anew,
//! and the reports that were owed when the plane went down. A reducer over orders and reports; it decides nothing.

use crate::base::{CallId, Instant, LegId, SessionId, SoundLimits};
use crate::media::control::{Background, Command, Hearing, Report, ResumedLeg, StreamParameters, all_hear_all};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::net::IpAddr;

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(from = "Kept")]
pub struct MediaFold {
    session: SessionId,
    /// Boxed: a map's node has room for eleven, and a call has two.
    legs: BTreeMap<LegId, Box<LegFold>>,
    /// Of legs that are there alone.
    hearing: Hearing,
    recording: Option<RecordingFold>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct LegFold {
    local: IpAddr,
    since: Instant,
    /// Until the plane told it the leg was ordered, no more.
    port: Option<u16>,
    parameters: Option<StreamParameters>,
    background: Background,
    listens: bool,
    #[serde(default)]
    measured: Option<SoundLimits>,
    /// Told to have spoken, and not yet to have fallen silent.
    speaks: bool,
    /// Tokens of what is being said to it, in order.
    announced: Vec<u64>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct RecordingFold {
    call: CallId,
    left: LegId,
    #[serde(deserialize_with = "one_or_several")]
    right: Vec<LegId>,
    began_at: Instant,
    #[serde(default)]
    paused: bool,
}

/// As an image has it. Before legs were told whom they hear it had a bridge of two, and one party on the right of the recording.
#[derive(Deserialize)]
struct Kept {
    session: SessionId,
    legs: BTreeMap<LegId, Box<LegFold>>,
    #[serde(default)]
    hearing: Hearing,
    #[serde(default)]
    bridge: Option<(LegId, LegId)>,
    recording: Option<RecordingFold>,
}

impl From<Kept> for MediaFold {
    fn from(kept: Kept) -> Self {
        let Kept { session, legs, hearing, bridge, recording } = kept;
        let hearing = bridge.map_or(hearing, |(a, b)| all_hear_all(&[a, b]));
        Self { session, legs, hearing, recording }
    }
}

fn one_or_several<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<LegId>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Right {
        Several(Vec<LegId>),
        One(Option<LegId>),
    }
    Ok(match Right::deserialize(from)? {
        Right::Several(legs) => legs,
        Right::One(leg) => leg.into_iter().collect(),
    })
}

impl MediaFold {
    #[must_use]
    pub fn new(session: SessionId) -> Self {
        Self { session, legs: BTreeMap::new(), hearing: Vec::new(), recording: None }
    }

    /// An order goes out.
    pub fn ordered(&mut self, command: &Command, now: Instant) {
        match command {
            Command::Allocate { leg, local, resumed, .. } => {
                let new = || {
                    Box::new(LegFold {
                        local: *local,
                        since: resumed.map_or(now, |resumed| resumed.since),
                        port: resumed.map(|resumed| resumed.port),
                        parameters: None,
                        background: Background::None,
                        listens: false,
                        measured: None,
                        speaks: false,
                        announced: Vec::new(),
                    })
                };
                self.legs.entry(*leg).or_insert_with(new);
            }
            Command::Configure { leg, parameters, .. } => self.with(*leg, |leg| leg.parameters = Some(parameters.clone())),
            Command::SetHearing { hearing, .. } => {
                self.hearing.clone_from(hearing);
                self.hearing.retain_mut(|(hearer, heard)| {
                    heard.retain(|leg| self.legs.contains_key(leg));
                    self.legs.contains_key(hearer) && !heard.is_empty()
                });
            }
            // The other session's fold takes it in: `depart` and `arrive`.
            Command::Move { .. } => {}
            Command::SetBackground { leg, background, .. } => self.with(*leg, |leg| leg.background = background.clone()),
            Command::Announce { leg, token, .. } | Command::AnnounceRecording { leg, token, .. } => {
                self.with(*leg, |leg| leg.announced.push(*token));
            }
            // The plane reports each as ended: until then it is owed.
            Command::StopAnnouncements { .. } => {}
            Command::StartRecording { call, left, right, began_at, .. } => {
                let runs = self.recording.as_ref().is_some_and(|recording| recording.call == *call);
                if !runs && !self.legs.is_empty() {
                    self.recording = Some(RecordingFold {
                        call: *call,
                        left: *left,
                        right: right.clone(),
                        began_at: began_at.unwrap_or(now),
                        paused: false,
                    });
                }
            }
            Command::SetRecordedParties { left, right, .. } => {
                if let Some(recording) = &mut self.recording {
                    recording.left = *left;
                    recording.right.clone_from(right);
                }
            }
            Command::PauseRecording { on, .. } => {
                if let Some(recording) = &mut self.recording {
                    recording.paused = *on;
                }
            }
            Command::StopRecording { .. } => self.recording = None,
            // A recording session ends with the process: another takes its place.
            Command::Copy { .. } => {}
            Command::ListenForSpeech { leg, on, .. } => self.with(*leg, |leg| (leg.listens, leg.speaks) = (*on, leg.speaks && *on)),
            Command::Measure { leg, limits, .. } => self.with(*leg, |leg| leg.measured = *limits),
            Command::ReleaseLeg { leg, .. } => self.forget(*leg),
            Command::Release { .. } => *self = Self::new(self.session),
        }
    }

    /// The plane told something.
    pub fn reported(&mut self, report: &Report) {
        match report {
            Report::Allocated { leg, address, .. } => self.with(*leg, |leg| leg.port = Some(address.port())),
            Report::AllocationFailed { leg, .. } => self.forget(*leg),
            Report::Spoke { leg, .. } => self.with(*leg, |leg| leg.speaks = true),
            Report::FellSilent { leg, .. } => self.with(*leg, |leg| leg.speaks = false),
            Report::AnnouncementEnded { leg, token, .. } => self.with(*leg, |leg| {
                if let Some(index) = leg.announced.iter().position(|announced| announced == token) {
                    leg.announced.remove(index);
                }
            }),
            Report::FirstPacket { .. }
            | Report::Sounded { .. }
            | Report::Digit { .. }
            | Report::TimedOut { .. }
            | Report::Quality { .. }
            | Report::Statistics { .. } => {}
        }
    }

    fn with(&mut self, leg: LegId, change: impl FnOnce(&mut LegFold)) {
        if let Some(leg) = self.legs.get_mut(&leg) {
            change(leg);
        }
    }

    fn forget(&mut self, leg: LegId) {
        self.legs.remove(&leg);
        self.hearing.retain_mut(|(hearer, heard)| {
            heard.retain(|heard| *heard != leg);
            *hearer != leg && !heard.is_empty()
        });
        if let Some(recording) = &mut self.recording {
            recording.right.retain(|right| *right != leg);
        }
        // A recording without a call has nothing more to tell.
        if self.legs.is_empty() {
            self.recording = None;
        }
    }

    /// The leg is moved out of the session (`Command::Move`): what goes with it.
    pub fn depart(&mut self, leg: LegId) -> Option<Box<LegFold>> {
        let fold = self.legs.remove(&leg);
        self.forget(leg);
        fold
    }

    /// The leg is moved into the session. Its port and what was settled for it came along, no more.
    pub fn arrive(&mut self, leg: LegId, mut fold: Box<LegFold>) {
        (fold.background, fold.listens, fold.speaks) = (Background::None, false, false);
        fold.measured = None;
        fold.announced.clear();
        self.legs.insert(leg, fold);
    }

    /// Legs that the plane has told to be there.
    pub fn allocated(&self) -> impl Iterator<Item = LegId> + '_ {
        self.legs.iter().filter(|(_, leg)| leg.port.is_some()).map(|(leg, _)| *leg)
    }

    /// Whether a voice is heard of that leg, as far as it was listened for.
    #[must_use]
    pub fn speaks(&self, leg: LegId) -> bool {
        self.legs.get(&leg).is_some_and(|leg| leg.speaks)
    }

    /// Whether the call's recording runs.
    #[must_use]
    pub fn records(&self) -> bool {
        self.recording.is_some()
    }

    /// The orders that make the session anew, on the ports that it had.
    #[must_use]
    pub fn commands(&self) -> Vec<Command> {
        let session = self.session;
        let mut out = Vec::new();
        for (leg, fold) in &self.legs {
            let resumed = fold.port.map(|port| ResumedLeg { port, since: fold.since });
            out.push(Command::Allocate { session, leg: *leg, local: fold.local, resumed });
        }
        for (leg, fold) in &self.legs {
            let leg = *leg;
            out.extend(fold.parameters.clone().map(|parameters| Command::Configure { session, leg, parameters }));
            if fold.background != Background::None {
                out.push(Command::SetBackground { session, leg, background: fold.background.clone() });
            }
            if fold.listens {
                out.push(Command::ListenForSpeech { session, leg, on: true });
            }
            out.extend(fold.measured.map(|limits| Command::Measure { session, leg, limits: Some(limits) }));
        }
        if !self.hearing.is_empty() {
            out.push(Command::SetHearing { session, hearing: self.hearing.clone() });
        }
        if let Some(RecordingFold { call, left, right, began_at, paused }) = self.recording.clone() {
            out.push(Command::StartRecording { session, call, left, right, began_at: Some(began_at) });
            out.extend(paused.then_some(Command::PauseRecording { session, on: true }));
        }
        out
    }

    /// What the plane can tell no more: what was being said has ended, and who spoke is silent until he is heard again.
    #[must_use]
    pub fn owed(&self) -> Vec<Report> {
        let session = self.session;
        let mut out = Vec::new();
        for (leg, fold) in &self.legs {
            let leg = *leg;
            out.extend(fold.speaks.then_some(Report::FellSilent { session, leg }));
            out.extend(fold.announced.iter().map(|token| Report::AnnouncementEnded { session, leg, token: *token }));
        }
        out
    }
}

#[cfg(test)]
mod tests;
