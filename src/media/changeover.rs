//! How a hearer passes from one party's packets to a mix of several and back, so that he does not hear it happen.
//!
//! Packets are passed on as they come; a mix is late by what the jitter buffer holds, 50 ms or so. Into a mix, therefore, a hearer goes on
//! getting packets until the buffer has filled, then hears the last moments again, joined to what he heard by a cross-fade: no gap, no
//! click. Back from it, the moments in the buffer would be left out: he stays with the mix until the party pauses, and loses nothing.

use super::topology::Hears;
use crate::audio::{Decoder, Encoder, Rate, level, mix};
use crate::base::Codec;

/// Ticks within which a jitter buffer has filled, if its party says anything at all: 120 ms.
const FILLED_WITHIN: u16 = 6;
/// Packets that the joint must have heard to know how the sound goes on.
const KNOWN_AFTER: u16 = 3;
/// Ticks that the party waits for another word before his packets are passed on again: 100 ms, more than the buffer holds.
const PAUSE: u16 = 5;
/// What is quieter is a pause.
const PAUSE_DBOV: f32 = -50.0;
/// Ticks after which one who never pauses is passed on all the same: 10 s. The cross-over then costs what the buffer holds.
const PAUSED_WITHIN: u16 = 500;
/// The length of the joint: first what was heard before goes on alone, for as long as a filter that begins anew needs to find the sound,
/// then it fades into the new.
const HOLD_MS: usize = 2;
const FADE_MS: usize = 5;

/// A change that is under way.
#[derive(Debug)]
pub struct Changeover {
    pub to: Hears,
    ticks_left: u16,
    way: Way,
}

#[derive(Debug)]
enum Way {
    IntoMix(Box<Joint>),
    /// Ticks for which the party has been quiet.
    OutOfMix {
        quiet: u16,
    },
}

impl Changeover {
    /// From the packets of a party of `codec` into a mix with him in it.
    pub fn into_mix(to: Hears, codec: Codec, rate: Rate) -> Self {
        Self { to, ticks_left: FILLED_WITHIN, way: Way::IntoMix(Box::new(Joint::new(codec, rate))) }
    }

    /// From a mix to the packets of one who was in it.
    pub fn out_of_mix(to: Hears) -> Self {
        Self { to, ticks_left: PAUSED_WITHIN, way: Way::OutOfMix { quiet: 0 } }
    }

    /// A packet was passed on meanwhile.
    pub fn relayed(&mut self, payload: &[u8]) {
        if let Way::IntoMix(joint) = &mut self.way {
            joint.hear(payload);
        }
    }

    /// Whether it is time, in the tick in which the party says `frame`. Asked once a tick.
    pub fn is_due(&mut self, frame: Option<&[i16]>) -> bool {
        self.ticks_left = self.ticks_left.saturating_sub(1);
        let now = match &mut self.way {
            Way::IntoMix(joint) => frame.is_some() && joint.packets >= KNOWN_AFTER,
            Way::OutOfMix { quiet } => {
                let pauses = frame.is_none_or(|frame| level::dbov(frame) < PAUSE_DBOV);
                *quiet = if pauses { *quiet + 1 } else { 0 };
                *quiet >= PAUSE
            }
        };
        now || self.ticks_left == 0
    }

    /// What the mix is to be joined to.
    pub fn into_joint(self) -> Option<Box<Joint>> {
        match self.way {
            Way::IntoMix(joint) => Some(joint),
            Way::OutOfMix { .. } => None,
        }
    }
}

/// The end of what a hearer got relayed, and how it would have gone on.
#[derive(Debug)]
pub struct Joint {
    rate: Rate,
    decoder: Decoder,
    packets: u16,
    samples: Vec<i16>,
}

impl Joint {
    fn new(codec: Codec, rate: Rate) -> Self {
        Self { rate, decoder: Decoder::new(codec, rate), packets: 0, samples: Vec::new() }
    }

    /// What was heard is one packet.
    pub fn after(codec: Codec, rate: Rate, payload: &[u8]) -> Self {
        let mut joint = Self::new(codec, rate);
        joint.hear(payload);
        joint
    }

    fn hear(&mut self, payload: &[u8]) {
        self.samples.clear();
        // What is no sound was none to the hearer either.
        if self.decoder.decode(payload, &mut self.samples).is_ok() {
            self.packets += 1;
        }
    }

    /// Lets the first frame that `encoder` is given begin with what was heard before it.
    pub fn join(mut self, encoder: &mut Encoder, frame: &mut [i16]) {
        if self.packets == 0 || encoder.rate() != self.rate {
            return;
        }
        let (heard, delay) = (self.samples.len(), self.decoder.delay() + encoder.delay());
        // What was heard is as much further on as decoding and coding again take.
        let hold = self.rate.samples_in_ms(HOLD_MS);
        self.decoder.conceal(delay + hold + self.rate.samples_in_ms(FADE_MS), &mut self.samples);
        let (before, joint) = self.samples.split_at(heard + delay);
        encoder.follow(before);
        let ((held, faded), (first, rest)) = (joint.split_at(hold), frame.split_at_mut(hold));
        first.copy_from_slice(held);
        mix::cross_fade(faded, rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::parties::Parties;

    fn both() -> Hears {
        Hears::Mixed(Parties::from_iter([0, 1]))
    }

    #[test]
    fn into_a_mix_it_waits_for_the_buffer_and_for_the_joint() {
        let mut change = Changeover::into_mix(both(), Codec::Pcma, Rate::Hz8000);
        let frame = [5_000; 160];
        for _ in 0..3 {
            assert!(!change.is_due(None), "nothing is in the buffer yet");
            change.relayed(&[0x2A; 160]);
        }
        assert!(change.is_due(Some(&frame)));

        let mut change = Changeover::into_mix(both(), Codec::Pcma, Rate::Hz8000);
        change.relayed(&[0x2A; 160]);
        assert!(!change.is_due(Some(&frame)), "the buffer was full before, the joint is not");

        let mut change = Changeover::into_mix(both(), Codec::Pcma, Rate::Hz8000);
        let ticks = (1..1_000).find(|_| change.is_due(None));
        assert_eq!(ticks, Some(FILLED_WITHIN), "one who says nothing is not waited for");
    }

    #[test]
    fn out_of_a_mix_it_waits_for_a_pause() {
        let (loud, quiet) = ([5_000; 160], [3; 160]);
        let mut change = Changeover::out_of_mix(Hears::Relayed(0));
        let said = [&loud, &quiet, &quiet, &loud, &quiet, &quiet, &quiet, &quiet];
        assert!(said.iter().all(|frame| !change.is_due(Some(&frame[..]))), "a breath is no pause");
        assert!(change.is_due(None), "and no packet is one");

        let mut change = Changeover::out_of_mix(Hears::Relayed(0));
        let ticks = (1..1_000).find(|_| change.is_due(Some(&loud)));
        assert_eq!(ticks, Some(PAUSED_WITHIN));
    }

    #[test]
    fn the_joint_takes_the_step_out_of_the_first_frame() {
        let sine = |n: usize| (8_000.0 * (n as f64 * 400.0 / 8_000.0 * std::f64::consts::TAU).sin()) as i16;
        let heard: Vec<i16> = (0..490).map(sine).collect();
        // The mix begins anywhere in the period.
        for from in 0..20 {
            let mut change = Changeover::into_mix(both(), Codec::Pcma, Rate::Hz8000);
            for packet in heard[10..].chunks(160) {
                let mut payload = Vec::new();
                crate::audio::g711::Law::A.encode(packet, &mut payload);
                change.relayed(&payload);
            }
            let mut frame: Vec<i16> = (from..from + 160).map(sine).collect();
            change.into_joint().expect("a joint").join(&mut Encoder::new(Codec::Pcma, Rate::Hz8000), &mut frame);
            let line: Vec<i16> = heard[480..].iter().chain(&frame).copied().collect();
            let steepest = line.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max();
            assert!(steepest < Some(3_100), "{steepest:?} from {from}; the sine's own is 2,500");
        }
    }
}
