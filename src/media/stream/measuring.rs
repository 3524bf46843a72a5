//! How the leg sounds: G.711 is measured as it comes, what else is decoded anyway once it is. Nothing is decoded for it.

use super::Stream;
use crate::audio::Rate;
use crate::audio::g711::Law;
use crate::base::Codec;
use crate::media::control::Report;
use crate::media::turn::Turn;

/// The law of a codec that needs no decoder.
fn law(codec: Codec) -> Option<Law> {
    match codec {
        Codec::Pcma => Some(Law::A),
        Codec::Pcmu => Some(Law::Mu),
        Codec::G722 | Codec::Opus => None,
    }
}

impl Stream {
    /// A packet of its sound came.
    pub fn measure_packet(&mut self, payload: &[u8], turn: &mut Turn) {
        let law = self.codec().and_then(law);
        if let (Some(gauge), Some(law)) = (&mut self.gauge, law)
            && let Some(reading) = gauge.push_law(law, payload)
        {
            turn.reports.push(Report::Sounded { session: self.session, leg: self.leg, reading });
        }
    }

    /// Its frame of this tick is decoded.
    pub fn measure_frame(&mut self, codec: Codec, rate: Rate, turn: &mut Turn) {
        if let (Some(gauge), None, Some(frame)) = (&mut self.gauge, law(codec), self.inbound.frame())
            && let Some(reading) = gauge.push(frame, rate)
        {
            turn.reports.push(Report::Sounded { session: self.session, leg: self.leg, reading });
        }
    }
}
