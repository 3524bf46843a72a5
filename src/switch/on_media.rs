//! What the media plane and the recorder say.

use super::input::RecorderReport;
use super::output::Detail;
use super::{Key, Switch};
use crate::base::recorded::RecordingState;
use crate::base::{CallId, CallSound, Instant, Machine};
use crate::call::Event as CallEvent;
use crate::media::control::Report;
use crate::recording;

impl Switch {
    pub(super) fn on_media(&mut self, report: Report, now: Instant) {
        if let Some(call) = self.copies.of_leg(report.leg()) {
            return self.copy_reported(call, &report, now);
        }
        let Some(call) = self.calls_of_sessions.get(&report.session()).copied() else { return };
        if self.sources.record_of(call).is_some() {
            return self.session_reported(call, &report, now);
        }
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.media.reported(&report);
        }
        let event = match report {
            Report::Sounded { leg, reading, .. } => return self.sounded(call, leg, reading, now),
            Report::Quality { leg, began, codec, part, .. } => return self.travelled(call, leg, began, codec, *part, now),
            Report::Statistics { leg, .. } => return self.leg_counted(call, leg, now),
            Report::Allocated { leg, address, .. } => CallEvent::Allocated { leg, address },
            Report::AllocationFailed { leg, cause, .. } => CallEvent::AllocationFailed { leg, cause },
            Report::Spoke { leg, .. } => CallEvent::Spoke { leg },
            Report::FellSilent { leg, .. } => CallEvent::FellSilent { leg },
            Report::Digit { leg, digit, .. } => CallEvent::Digit { leg, digit },
            Report::AnnouncementEnded { leg, token, .. } => CallEvent::AnnouncementEnded { leg, token },
            Report::TimedOut { leg, .. } => CallEvent::TimedOut { leg },
            Report::FirstPacket { .. } => return,
        };
        // A silent call's script waits for less than the time-out would, tells the caller why, and releases him itself.
        if let CallEvent::TimedOut { leg } = &event
            && self.slots.get(&call).is_some_and(|slot| slot.awaits_word_of(*leg))
        {
            return;
        }
        self.tell_call(call, event, now);
    }

    pub(super) fn on_recorder(&mut self, report: RecorderReport, now: Instant) {
        let (call, event) = match report {
            RecorderReport::Sounded { call, sound } => return self.recording_sounded(call, sound),
            RecorderReport::Opened { call, .. } => {
                self.recording_alarm = None;
                (call, recording::state::Event::Opened)
            }
            RecorderReport::Complete { call, duration, sha256, .. } => (call, recording::state::Event::Closed { duration, sha256 }),
            RecorderReport::Failed { call, reason } => (call, recording::state::Event::Failed { reason }),
            RecorderReport::Recovered { call, duration, sha256 } => (call, recording::state::Event::Recovered { duration, sha256 }),
        };
        let machine = match (self.slots.get_mut(&call), self.closing.get_mut(&call), self.sources.recording_of(call)) {
            (Some(slot), ..) => &mut slot.recording,
            (None, Some(closing), _) => &mut closing.recording,
            (None, None, Some(recording)) => {
                self.touched.insert(Key::Source(call));
                recording
            }
            (None, None, None) => return,
        };
        let mut ordered = Vec::new();
        machine.handle(event, now, &mut ordered);
        self.on_recording(call, ordered, now);
    }

    pub(super) fn on_closing_timeout(&mut self, call: CallId, now: Instant) {
        let Some(closing) = self.closing.get_mut(&call) else { return };
        closing.give_up_counting(now);
        let mut ordered = Vec::new();
        if closing.records {
            closing.recording.handle_timeout(now, &mut ordered);
        }
        self.on_recording(call, ordered, now);
    }

    /// How a recording sounds, whole: on the record before it is told to be complete.
    fn recording_sounded(&mut self, call: CallId, sound: CallSound) {
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.call.record_mut().sound = Some(sound);
            self.touched.insert(Key::Slot(call));
        } else if let Some(closing) = self.closing.get_mut(&call) {
            (closing.record.sound, closing.changed) = (Some(sound), true);
        } else if let Some(record) = self.sources.record_of(call) {
            record.sound = Some(sound);
        }
    }

    /// What a recording orders. Its opening and closing go with the media plane's own orders, which the call gave.
    pub(super) fn on_recording(&mut self, call: CallId, ordered: Vec<recording::state::Action>, now: Instant) {
        for action in ordered {
            match action {
                recording::state::Action::Open { .. } | recording::state::Action::Close => {}
                recording::state::Action::Alarm { reason } => {
                    tracing::error!(%call, reason, "no recording");
                    self.recording_alarm = Some(reason.clone());
                    self.recordings_missing += 1;
                    self.publish("recording.missing", Some(call), now, vec![("reason", Detail::Text(reason))]);
                }
                recording::state::Action::Store(info) => {
                    if info.state == RecordingState::Complete {
                        let duration = i64::try_from(info.duration.as_millis()).unwrap_or(i64::MAX);
                        self.publish("recording.complete", Some(call), now, vec![("duration_ms", Detail::Number(duration))]);
                    }
                }
            }
        }
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.call.record_mut().recording = slot.recording.info();
            self.touched.insert(Key::Slot(call));
        } else if let Some(closing) = self.closing.get_mut(&call) {
            if closing.records && closing.recording.is_settled() {
                closing.changed = true;
                closing.record.recording = closing.recording.info();
            }
            self.settle_closing(call);
        }
    }
}
