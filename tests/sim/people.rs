//! Habits: what people do when their phone rings, when their call is up, and when nobody answers.

use super::sound::Sound;
use sanling::base::time::{millis, secs};
use sanling::base::{Duration, Rng};

/// What a person does by himself; stories order the rest.
#[derive(Clone, Debug)]
pub struct Habit {
    pub alert: Alert,
    /// From the INVITE to the alert.
    pub alerts_after: Duration,
    pub on_ring: OnRing,
    /// What he sends once the call is up.
    pub sound: Sound,
    /// What he does once the call is up, each so long after.
    pub deeds: Vec<(Duration, Deed)>,
    /// A caller leaves when he was not answered for so long.
    pub leaves_after: Option<Duration>,
    /// Keeps sending RTP while he holds with `sendonly`.
    pub sends_on_hold: bool,
}

/// What the phone says of its ringing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alert {
    Ringing,
    /// 183 without a description.
    Progress,
    /// 183 with one, and sound before the answer.
    Early,
    /// 100 alone.
    Trying,
    /// No response at all.
    Deaf,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnRing {
    Ignore,
    /// So long after the alert.
    Answer(Duration),
    /// With this code, so long after the alert.
    Refuse(u16, Duration),
}

/// How a phone says hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    SendOnly,
    Inactive,
    /// `c=0.0.0.0` (RFC 2543).
    Old,
    /// Port 0: the stream is taken away (RFC 3264 §8.2).
    Off,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deed {
    HangUp,
    Hold(Way),
    Retrieve,
    /// The battery is empty: nothing is sent or answered any more.
    Die,
}

impl Default for Habit {
    fn default() -> Self {
        Self {
            alert: Alert::Ringing,
            alerts_after: Duration::ZERO,
            on_ring: OnRing::Ignore,
            sound: Sound::Speech,
            deeds: Vec::new(),
            leaves_after: None,
            sends_on_hold: false,
        }
    }
}

impl Habit {
    /// An agent of the swarm: late, forgetful, busy, at times all too quick.
    pub fn of_some_agent(rng: &mut Rng) -> Self {
        let on_ring = match rng.below(10) {
            0 => OnRing::Ignore,
            1 => OnRing::Refuse(486, millis(rng.below(3_000))),
            2 => OnRing::Refuse(603, millis(rng.below(3_000))),
            3 => OnRing::Answer(Duration::ZERO),
            4 => OnRing::Answer(millis(14_500 + rng.below(1_000))),
            _ => OnRing::Answer(millis(rng.below(12_000))),
        };
        let alert = match rng.below(8) {
            0 => Alert::Progress,
            1 => Alert::Trying,
            _ => Alert::Ringing,
        };
        let mut habit = Self { alert, on_ring, alerts_after: millis(rng.below(300)), sound: some_sound(rng), ..Self::default() };
        let mut at = Duration::ZERO;
        while rng.below(3) == 0 {
            at += millis(500 + rng.below(9_000));
            habit.deeds.push((at, Deed::Hold([Way::SendOnly, Way::Inactive, Way::Old][rng.below(3) as usize])));
            at += millis(200 + rng.below(16_000));
            habit.deeds.push((at, Deed::Retrieve));
        }
        if rng.one_in(2) {
            habit.deeds.push((at + secs(3 + rng.below(25)), Deed::HangUp));
        }
        habit
    }

    /// A caller of the swarm.
    pub fn of_some_caller(rng: &mut Rng) -> Self {
        let mut habit = Self { sound: some_sound(rng), ..Self::default() };
        if rng.one_in(3) {
            habit.leaves_after = Some(millis(rng.below(40_000)));
        }
        if rng.one_in(6) {
            habit.deeds.push((millis(rng.below(20_000)), Deed::Hold(Way::SendOnly)));
        }
        if rng.one_in(12) {
            habit.deeds.push((secs(1 + rng.below(20)), Deed::Die));
        }
        // Whoever is in music for ever leaves in the end.
        habit.deeds.push((secs(5 + rng.below(50)), Deed::HangUp));
        habit
    }
}

fn some_sound(rng: &mut Rng) -> Sound {
    [Sound::Speech, Sound::Speech, Sound::Speech, Sound::Silence, Sound::Comfort, Sound::Hum, Sound::Nothing][rng.below(7) as usize]
}
