//! What a waiting caller is told of his place: how many are ahead of him, and how long it will take. In words that the prompts have.

use super::on_rules::token;
use super::output::Detail;
use super::{Key, Switch};
use crate::acd::Outlook;
use crate::base::{CallId, ClipId, Duration, Instant};
use crate::call::{Order, Side};
use crate::config::AnnounceRule;

/// The most that is said by number; more is "many", "long".
const SPOKEN_MAX: u64 = 9;

impl Switch {
    /// Tells him where he stands, when the queue does so and it is time again; false when there is nothing to tell now.
    pub(super) fn tell_place(&mut self, call: CallId, now: Instant) -> bool {
        let Some(slot) = self.slots.get(&call) else { return false };
        let Some(rule) = slot.queue().and_then(|queue| self.config.queues.get(queue)).and_then(|queue| queue.announce) else {
            return false;
        };
        if slot.announced_at.is_some_and(|at| now - at < rule.every) {
            return false;
        }
        let Some(outlook) = self.acd.outlook(call) else { return false };
        let clips = words(outlook, rule);
        if clips.is_empty() {
            return false;
        }
        if let Some(slot) = self.slots.get_mut(&call) {
            slot.announced_at = Some(now);
        }
        self.touched.insert(Key::Slot(call));
        let number = |count: u64| Detail::Number(i64::try_from(count).unwrap_or(i64::MAX));
        let wait = outlook.wait.map(|wait| ("wait_seconds", number(wait.as_secs())));
        let detail = std::iter::once(("ahead", number(outlook.ahead as u64))).chain(wait).collect();
        self.publish("queue.announced", Some(call), now, detail);
        self.order(call, Order::Announce { side: Side::Caller, clips, token: token::COMFORT }, now);
        true
    }
}

fn words(outlook: Outlook, rule: AnnounceRule) -> Vec<ClipId> {
    let position = if rule.position { position(outlook.ahead as u64) } else { Vec::new() };
    let wait = outlook.wait.filter(|_| rule.wait).map(wait).unwrap_or_default();
    position.into_iter().chain(wait).map(|name| ClipId::new(&name)).collect()
}

fn position(ahead: u64) -> Vec<String> {
    match ahead {
        0 => vec!["queue_next".to_owned()],
        1..=SPOKEN_MAX => counted("queue_ahead", ahead),
        _ => vec!["queue_ahead_many".to_owned()],
    }
}

/// In minutes begun: nobody is angry about an earlier answer.
fn wait(wait: Duration) -> Vec<String> {
    match wait.as_secs().div_ceil(60) {
        0 | 1 => vec!["queue_wait_soon".to_owned()],
        minutes @ 2..=SPOKEN_MAX => counted("queue_wait", minutes),
        _ => vec!["queue_wait_long".to_owned()],
    }
}

fn counted(name: &str, count: u64) -> Vec<String> {
    vec![name.to_owned(), format!("digits/{count}"), format!("{name}_suffix")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::secs;

    #[test]
    fn places_and_waits_are_said_in_words_that_there_are() {
        let both = AnnounceRule { position: true, wait: true, every: secs(30) };
        for (ahead, wait, rule, said) in [
            (0, Some(59), both, "queue_next queue_wait_soon"),
            (0, Some(60), both, "queue_next queue_wait_soon"),
            (1, Some(61), both, "queue_ahead digits/1 queue_ahead_suffix queue_wait digits/2 queue_wait_suffix"),
            (9, Some(540), both, "queue_ahead digits/9 queue_ahead_suffix queue_wait digits/9 queue_wait_suffix"),
            (10, Some(541), both, "queue_ahead_many queue_wait_long"),
            (3, None, both, "queue_ahead digits/3 queue_ahead_suffix"),
            (3, Some(0), AnnounceRule { position: false, ..both }, "queue_wait_soon"),
            (3, Some(0), AnnounceRule { wait: false, ..both }, "queue_ahead digits/3 queue_ahead_suffix"),
            (3, None, AnnounceRule { position: false, ..both }, ""),
        ] {
            let words: Vec<String> = words(Outlook { ahead, wait: wait.map(secs) }, rule).iter().map(ToString::to_string).collect();
            assert_eq!(words.join(" "), said, "{ahead} {wait:?}");
        }
    }
}
