//! Twenty milliseconds at a time: what each leg that is not passed packets hears, and what else time brings.

use super::Session;
use crate::audio::Rate;
use crate::base::{Instant, Rng};
use crate::media::changeover::Joint;
use crate::media::clips::ClipLibrary;
use crate::media::control::Report;
use crate::media::detector::Voice;
use crate::media::mixer::Mixer;
use crate::media::outbound::Outbound;
use crate::media::parties::Parties;
use crate::media::stream::Stream;
use crate::media::topology::Hears;
use crate::media::turn::{Turn, Wanted};

/// Room for one tick, kept by the engine and lent to each session in turn.
#[derive(Debug, Default)]
pub struct Scratch {
    frame: Vec<i16>,
    background: Vec<i16>,
    ended: Vec<u64>,
    mixer: Mixer,
    joints: Vec<(usize, Box<Joint>)>,
    /// What the switch says in the recording in this tick, if anything.
    played: Vec<i16>,
}

impl Session {
    /// Twenty milliseconds of sound for every leg that needs some, and what else time brings.
    pub fn tick(&mut self, library: &ClipLibrary, now: Instant, rng: &mut Rng, scratch: &mut Scratch, turn: &mut Turn) {
        for stream in &mut self.legs {
            decode(stream, self.rate, now, turn);
        }
        self.change_over(now, turn, &mut scratch.joints);
        scratch.mixer.begin(&self.legs);
        let mut replan = self.copies.are_due(now);
        scratch.played.clear();
        // Copies last: they have what the others were told.
        let copies = self.copied();
        for index in (0..self.legs.len()).filter(|place| !copies.contains(*place)).chain(copies.iter()) {
            replan |= self.sound(index, library, now, scratch, turn);
        }
        // Who could not be sent to has nothing to be joined to any more.
        scratch.joints.clear();
        for stream in &mut self.legs {
            stream.handle_timeout(now, rng, turn);
        }
        if replan {
            self.plan();
        }
    }

    /// Until when ticks bring nothing to any leg; the start when each of them does.
    pub fn quiet_until(&self) -> Instant {
        self.legs.iter().map(Stream::quiet_until).min().unwrap_or(Instant::NEVER)
    }

    /// Brings forth what the leg at `index` hears in this tick. True when an announcement ended.
    fn sound(&mut self, index: usize, library: &ClipLibrary, now: Instant, scratch: &mut Scratch, turn: &mut Turn) -> bool {
        let Scratch { frame, background, ended, mixer, joints, played } = scratch;
        let stream = &mut self.legs[index];
        let hears = stream.hears;
        if matches!(hears, Hears::Nothing | Hears::Relayed(_)) {
            return false;
        }
        frame.clear();
        frame.resize(self.rate.samples_per_frame(), 0);
        // What the switch itself plays, and whether it is more than digital silence. Who hears several is sent something in each tick, be it
        // silence: his stream goes on whoever of them speaks.
        let (sends, loud) = match hears {
            Hears::Nothing | Hears::Relayed(_) => return false,
            Hears::Mixed(parties) => (parties.count() > 1, false),
            Hears::Announcement | Hears::AnnouncementOver(_) => {
                let some = stream.player.announce_frame(library, frame, ended);
                let (session, leg) = (stream.session, stream.leg);
                turn.wanted.extend(stream.player.wanted().map(|excerpt| Wanted { session, leg, excerpt }));
                (some || hears.parties().count() > 1, some)
            }
            Hears::Background => (true, stream.player.background_frame(library, frame, background)),
            Hears::Copied(_) if self.copies.has_voice_of_switch(stream.leg, now) && !played.is_empty() => {
                frame.copy_from_slice(played);
                (true, true)
            }
            Hears::Copied(_) => (true, false),
        };
        if let Some(tap) = &mut self.tap
            && loud
            && tap.left() == stream.leg
            && stream.towards().is_some()
        {
            tap.played(frame, self.rate, now, &mut turn.recorded);
            if !tap.is_paused() {
                played.clone_from(frame);
            }
        }
        // The parties are mixed in after the tap: they have their own places on it.
        let held = stream.outbound.is_held_by_event(now);
        let said = if held { Parties::NONE } else { mixer.speaking_of(hears.parties()) };
        mixer.mix(&self.legs, said, loud, frame);
        let joint = joints.iter().position(|(place, _)| *place == index).map(|found| joints.swap_remove(found).1);
        let sends = sends || !said.is_empty();
        let (stream, rate) = (&mut self.legs[index], self.rate);
        let has_ended = !ended.is_empty();
        stream.send(|outbound: &mut Outbound, towards| {
            if sends {
                outbound.send_frame(frame, rate, joint, towards, now, turn);
            }
            // The last sample has gone out when its end is told.
            if has_ended || !sends {
                outbound.flush(towards, now, turn);
            }
        });
        stream.report_ended(ended, turn);
        has_ended
    }
}

/// Decodes the leg's frame of this tick and listens to it.
fn decode(stream: &mut Stream, rate: Rate, now: Instant, turn: &mut Turn) {
    let Some(codec) = stream.codec().filter(|_| stream.decodes) else { return };
    stream.inbound.tick(codec, rate, now);
    stream.measure_frame(codec, rate, turn);
    let Some(detector) = &mut stream.detector else { return };
    let (session, leg) = (stream.session, stream.leg);
    match detector.hear(stream.inbound.frame_or_silence(), now) {
        Some(Voice::Spoke) => turn.reports.push(Report::Spoke { session, leg }),
        Some(Voice::FellSilent) => turn.reports.push(Report::FellSilent { session, leg }),
        None => {}
    }
}
