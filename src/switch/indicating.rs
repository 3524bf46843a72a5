//! What phones are told of a call's recording, and what they say of it (RFC 7866 §6.3). Whether a call is recorded is the configuration's to say:
//! a phone's wish is told, and changes nothing.

use super::Switch;
use super::output::Detail;
use crate::base::limits::SESSION_LEGS_MAX;
use crate::base::{CallId, Instant, LegId};
use crate::call::Side;
use crate::sip::{self, Command, Indication};

impl Switch {
    /// Tells every phone of the call how it stands; the endpoint knows who was told already, and who understands it.
    pub(super) fn indicate(&mut self, call: CallId, now: Instant) {
        let Some(slot) = self.slots.get(&call) else { return };
        let indication = match (slot.media.records(), slot.card_data.is_paused()) {
            (true, false) => Indication::On,
            (true, true) => Indication::Paused,
            (false, _) => Indication::Off,
        };
        let legs: Vec<LegId> = slot.call.legs().collect();
        for leg in legs {
            self.tell_sip(Command::Indicate { leg, indication }, now);
        }
    }

    /// Whose call is on record from our answer on is told so with it.
    pub(super) fn indicate_in_answer(&mut self, call: CallId, leg: LegId, now: Instant) {
        if self.slots.get(&call).is_some_and(|slot| slot.call.is_recorded()) {
            self.tell_sip(Command::Indicate { leg, indication: Indication::On }, now);
        }
    }

    /// A phone would, or would not, be recorded.
    pub(super) fn note_preference(&mut self, call: CallId, leg: LegId, sdp: Option<&[u8]>, now: Instant) {
        let Some(preference) = sdp.and_then(sip::preference) else { return };
        let Some(slot) = self.slots.get_mut(&call) else { return };
        let known = slot.preferred.get(&leg).map(String::as_str);
        if known == Some(preference) || known.is_none() && slot.preferred.len() >= SESSION_LEGS_MAX {
            return;
        }
        slot.preferred.insert(leg, preference.to_owned());
        let by = match (slot.whose(leg), slot.call.side_of(leg)) {
            (Some(agent), _) => agent.to_string(),
            (None, Some(Side::Caller)) => "caller".to_owned(),
            (None, _) => "callee".to_owned(),
        };
        let detail = vec![("by", Detail::Text(by)), ("preference", Detail::Text(preference.to_owned()))];
        self.publish("recording.preferred", Some(call), now, detail);
    }
}
