//! How well a call's sound travels: what the media plane counts goes on the record, a line a leg, minute by minute; a leg that sounds poor is
//! told of, once, and again when it does no more. A call that is over waits for what was counted at its end.

use super::output::{Detail, Output};
use super::slot::{Purpose, Slot};
use super::{Closing, Key, Switch};
use crate::base::limits::SEGMENTS_PER_CALL_MAX;
use crate::base::{AgentId, CallId, Codec, Instant, LegId, Mos, QualityPart};
use crate::call::Side;
use crate::call::record::{CallRecord, QualityRecord};
use crate::media::control::Command as Media;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A leg that is poor is so until a minute is this much better than the limit, in hundredths: what hovers about it is told once.
const HYSTERESIS: u16 = 20;

/// Of one call.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Travels {
    /// Whose each leg is: an agent's, or a customer's. A leg is counted to its end, and has left its seat by then.
    whose: BTreeMap<LegId, Option<AgentId>>,
    /// Legs that were ordered away, and of which the plane has not told all. A plane that died tells nothing.
    #[serde(skip)]
    owing: BTreeSet<LegId>,
}

impl Travels {
    pub fn owing(&self) -> &BTreeSet<LegId> {
        &self.owing
    }
}

impl Slot {
    /// What an order to the media plane means for who is counted.
    pub fn counts_by(&mut self, command: &Media) {
        match command {
            Media::Configure { leg, .. } => {
                let whose = self.whose(*leg);
                let known = self.travels.whose.entry(*leg).or_default();
                *known = whose.or(known.take());
            }
            Media::ReleaseLeg { leg, .. } => self.travels.owing.extend(self.media.allocated().filter(|other| other == leg)),
            Media::Release { .. } => self.travels.owing.extend(self.media.allocated()),
            _ => {}
        }
    }

    /// The agent whose phone that leg is, if it is one's.
    pub(super) fn whose(&self, leg: LegId) -> Option<AgentId> {
        let seated = self.call.side_of(leg).and_then(|side| match side {
            Side::Caller => self.caller_agent.clone(),
            Side::Callee => self.callee_agent.clone(),
        });
        let tried = match &self.purpose {
            Purpose::Party(party) if party.trying == Some(leg) => party.agent.clone(),
            _ => None,
        };
        seated
            .or_else(|| self.offers.get(&leg).map(|offer| offer.agent.clone()))
            .or_else(|| self.beside.get(&leg).cloned())
            .or_else(|| self.errands.get(&leg).and_then(|errand| errand.agent.clone()))
            .or_else(|| self.admitted.get(&leg).map(|admitted| admitted.agent.clone()))
            .or(tried)
    }
}

impl Closing {
    /// Nothing more is waited for.
    pub(super) fn is_settled(&self) -> bool {
        (!self.records || self.recording.is_settled()) && self.travels.owing.is_empty()
    }

    /// What the plane has not told by now it does not tell.
    pub(super) fn give_up_counting(&mut self, now: Instant) {
        if self.counted_by <= now {
            self.travels.owing.clear();
        }
    }
}

/// The leg's line, begun if it has none; `None` when there are too many.
fn line_of<'a>(
    record: &'a mut CallRecord,
    whose: &BTreeMap<LegId, Option<AgentId>>,
    leg: LegId,
    begin: impl FnOnce(Option<AgentId>) -> QualityRecord,
) -> Option<&'a mut QualityRecord> {
    let lines = &mut record.quality;
    let place = lines.iter().position(|line| line.leg == leg);
    match place {
        Some(place) => lines.get_mut(place),
        None if lines.len() < SEGMENTS_PER_CALL_MAX => {
            lines.push(begin(whose.get(&leg).cloned().flatten()));
            lines.last_mut()
        }
        None => None,
    }
}

impl Switch {
    /// What stood for a leg in one call stands in the other's from now on.
    pub(super) fn counts_move(&mut self, leg: LegId, from: Option<CallId>, to: Option<CallId>) {
        let whose = from.and_then(|call| self.slots.get(&call)).and_then(|slot| slot.travels.whose.get(&leg).cloned());
        if let (Some(whose), Some(slot)) = (whose, to.and_then(|call| self.slots.get_mut(&call))) {
            slot.travels.whose.insert(leg, whose);
        }
    }

    /// A minute of a leg is over, or the leg is.
    pub(super) fn travelled(&mut self, call: CallId, leg: LegId, began: Instant, codec: Codec, part: QualityPart, now: Instant) {
        let poor = self.config.quality.poor;
        let (record, travels, started_at, lives) = match (self.slots.get_mut(&call), self.closing.get_mut(&call)) {
            (Some(slot), _) => {
                let started_at = slot.call.at(began);
                (slot.call.record_mut(), &slot.travels, started_at, true)
            }
            (None, Some(closing)) => {
                closing.changed = true;
                (&mut closing.record, &closing.travels, closing.wall.read(began), false)
            }
            (None, None) => return,
        };
        let Some(line) = line_of(record, &travels.whose, leg, |agent| QualityRecord::new(leg, agent, codec, started_at)) else { return };
        line.codec = codec;
        line.add(part);
        // Of a leg that goes nobody need be told any more.
        let changed = lives && !travels.owing.contains(&leg) && turns(line, part.mos(), poor);
        let detail = if changed { detail(line, &part) } else { Vec::new() };
        if lives {
            self.touched.insert(Key::Slot(call));
        }
        if changed {
            self.publish("call.quality", Some(call), now, detail);
        }
    }

    /// All of a leg is told.
    pub(super) fn leg_counted(&mut self, call: CallId, leg: LegId, now: Instant) {
        let record = match (self.slots.get_mut(&call), self.closing.get_mut(&call)) {
            (Some(slot), _) => {
                slot.travels.owing.remove(&leg);
                slot.travels.whose.remove(&leg);
                slot.call.record_mut()
            }
            (None, Some(closing)) => {
                closing.travels.owing.remove(&leg);
                &mut closing.record
            }
            (None, None) => return,
        };
        let line = record.quality.iter_mut().find(|line| line.leg == leg);
        let whole = line.as_ref().and_then(|line| line.whole());
        let ended = line.and_then(|line| std::mem::take(&mut line.poor).then(|| detail_of_end(line)));
        self.out.extend(whole.map(|whole| Output::Leg(Box::new(whole))));
        if let Some(detail) = ended {
            self.touched.insert(Key::Slot(call));
            self.publish("call.quality", Some(call), now, detail);
        }
        self.settle_closing(call);
    }

    /// The call is over: nobody need do anything about how it sounds any more.
    pub(super) fn quality_ended(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let lines = slot.call.record_mut().quality.iter_mut();
        let told: Vec<_> = lines.filter_map(|line| std::mem::take(&mut line.poor).then(|| detail_of_end(line))).collect();
        for detail in told {
            self.publish("call.quality", Some(call), now, detail);
        }
    }

    /// A call of which nothing more is waited for is forgotten; its record is kept as it stands now.
    pub(super) fn settle_closing(&mut self, call: CallId) {
        let Some(closing) = self.closing.get(&call) else { return };
        self.touched.insert(Key::Closing(call));
        if !closing.is_settled() {
            return;
        }
        if let Some(closing) = self.closing.remove(&call) {
            self.calls_of_sessions.remove(&closing.session);
            if closing.changed {
                self.store(closing.record);
            }
        }
    }

    /// Legs that sound poor now.
    pub(super) fn legs_poor(&self) -> usize {
        self.slots.values().flat_map(|slot| &slot.call.record().quality).filter(|line| line.poor).count()
    }
}

/// Whether the leg has become poor with this minute, or is so no more.
fn turns(line: &mut QualityRecord, mos: Option<Mos>, poor: Mos) -> bool {
    let Some(mos) = mos else { return false };
    let limit = if line.poor { Mos::of_hundredths(poor.hundredths() + HYSTERESIS) } else { poor };
    let is_poor = mos < limit;
    std::mem::replace(&mut line.poor, is_poor) != is_poor
}

fn detail(line: &QualityRecord, part: &QualityPart) -> Vec<(&'static str, Detail)> {
    let mut detail = whose_leg(line);
    detail.push(("poor", Detail::Flag(line.poor)));
    let worse =
        if part.received.mos.is_some_and(|mos| Some(mos) == part.mos()) { ("received", &part.received) } else { ("sent", &part.sent) };
    let (direction, flow) = worse;
    detail.push(("direction", Detail::Text(direction.to_owned())));
    detail.extend(part.mos().map(|mos| ("mos", Detail::Hundredths(mos.hundredths().into()))));
    if let Some(lost) = flow.lost {
        let missing = u64::from(lost) + u64::from(flow.discarded.unwrap_or(0));
        let of = if direction == "received" { u64::from(flow.packets) + u64::from(lost) } else { u64::from(flow.packets) };
        detail.push(("lost_percent", Detail::Hundredths(i64::try_from((missing * 10_000 / of.max(1)).min(10_000)).unwrap_or(10_000))));
    }
    let ms = |us: u32| Detail::Hundredths((i64::from(us) + 5) / 10);
    detail.extend(flow.jitter_mean_us.map(|jitter| ("jitter_ms", ms(jitter))));
    detail.extend(part.round_trip_mean_us.map(|trip| ("round_trip_ms", ms(trip))));
    detail
}

fn detail_of_end(line: &QualityRecord) -> Vec<(&'static str, Detail)> {
    let mut detail = whose_leg(line);
    detail.extend([("poor", Detail::Flag(false)), ("ended", Detail::Flag(true))]);
    detail
}

fn whose_leg(line: &QualityRecord) -> Vec<(&'static str, Detail)> {
    let leg = ("leg", Detail::Number(i64::try_from(line.leg.0).unwrap_or(i64::MAX)));
    let whose = line.agent.as_ref().map_or("customer", AgentId::as_str);
    vec![leg, ("whose", Detail::Text(whose.to_owned()))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    #[test]
    fn what_hovers_about_the_limit_is_told_once() {
        let mut line = QualityRecord::new(LegId(1), None, Codec::Pcma, Timestamp(0));
        let scores = [Some(4.4), None, Some(3.59), Some(3.61), None, Some(3.5), Some(3.79), Some(3.8), Some(3.6), Some(2.0)];
        let told = scores.map(|score| turns(&mut line, score.map(Mos::new), Mos::new(3.6)).then_some(line.poor));
        assert_eq!(told, [None, None, Some(true), None, None, None, None, Some(false), None, Some(true)]);
    }
}
