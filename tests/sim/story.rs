//! The language of stories: what people do, and what is expected of the switch. Expectations are of phones, wire and records, not of the
//! switch's insides.

use super::people::{Alert, Habit, OnRing, Way};
use super::phones::{Leg, Phone, Saw, State};
use super::sound::{Heard, Sound};
use super::world::{World, configuration};
use sanling::base::time::{millis, secs};
use sanling::base::{Duration, Instant};
use sanling::call::record::{CallRecord, OfferOutcome};
use sanling::media::control::Channel;
use std::sync::Arc;

/// The caller of a story that has but one.
pub const CALLER: &str = "13800000001";

impl World {
    /// The shipped configuration, nobody there yet.
    pub fn story() -> Self {
        Self::new(7, configuration(&[], &[]))
    }

    pub fn story_with(replace: &[(&str, &str)], overrides: &[&str]) -> Self {
        Self::new(7, configuration(replace, overrides))
    }

    /// The shipped configuration with these agents registered and ready; the first has been idle longest.
    pub fn with_agents(ids: &[&str]) -> Self {
        let mut world = Self::story();
        world.agents_come(ids);
        world
    }

    pub fn agents_come(&mut self, ids: &[&str]) -> &mut Self {
        for id in ids {
            let password = format!("demo-{id}");
            let address = format!("127.0.1.{}:5060", id.parse::<u32>().expect("a number") - 999);
            if self.find(id).is_none() {
                self.add_phone(id, &address, Some(&password));
            }
            self.act(id, |phone, now, out| phone.register(3_600, now, out));
            self.run(millis(10));
        }
        self
    }

    // ---- what people do ----

    pub fn caller_dials(&mut self, number: &str) -> &mut Self {
        self.dials(CALLER, number)
    }

    /// Whoever has no phone yet gets one behind the trunk.
    pub fn dials(&mut self, name: &str, number: &str) -> &mut Self {
        if self.find(name).is_none() {
            let address = format!("127.0.2.{}:5060", self.phones.len() + 1);
            self.add_phone(name, &address, None);
        }
        self.act(name, |phone, now, out| phone.dial(number, now, out));
        self
    }

    /// His habit from now on.
    pub fn habit(&mut self, name: &str, change: impl FnOnce(&mut Habit)) -> &mut Self {
        change(&mut self.phone_mut(name).habit);
        self
    }

    pub fn agent_ignores(&mut self, id: &str) -> &mut Self {
        self.habit(id, |habit| habit.on_ring = OnRing::Ignore)
    }

    pub fn agent_answers(&mut self, id: &str, after: Duration) -> &mut Self {
        self.habit(id, |habit| habit.on_ring = OnRing::Answer(after))
    }

    pub fn agent_refuses(&mut self, id: &str, code: u16) -> &mut Self {
        self.habit(id, |habit| habit.on_ring = OnRing::Refuse(code, millis(500)))
    }

    pub fn alerts_by(&mut self, id: &str, alert: Alert) -> &mut Self {
        self.habit(id, |habit| habit.alert = alert)
    }

    pub fn answers(&mut self, name: &str) -> &mut Self {
        self.act(name, super::phones::Phone::answer);
        self
    }

    pub fn hangs_up(&mut self, name: &str) -> &mut Self {
        self.act(name, super::phones::Phone::hang_up);
        self
    }

    pub fn refers(&mut self, name: &str, number: &str) -> &mut Self {
        self.act(name, |phone, now, out| phone.refer(number, now, out));
        self
    }

    pub fn refers_to_other_line(&mut self, name: &str) -> &mut Self {
        self.act(name, Phone::refer_to_other_line);
        self
    }

    pub fn holds(&mut self, name: &str, way: Way) -> &mut Self {
        self.act(name, |phone, now, out| phone.hold(way, now, out));
        self
    }

    pub fn retrieves(&mut self, name: &str) -> &mut Self {
        self.act(name, super::phones::Phone::retrieve);
        self
    }

    pub fn says(&mut self, name: &str, sound: Sound) -> &mut Self {
        self.phone_mut(name).say(sound);
        self
    }

    pub fn presses(&mut self, name: &str, keys: &str) -> &mut Self {
        self.phone_mut(name).press(keys);
        self
    }

    pub fn dies(&mut self, name: &str) -> &mut Self {
        self.phone_mut(name).alive = false;
        self
    }

    pub fn after(&mut self, long: Duration) -> &mut Self {
        self.run(long);
        self
    }

    /// A call that is up between the caller and the agent, its greeting over; both send what is given.
    pub fn talking(agent: &str, caller_sends: Sound, agent_sends: Sound) -> Self {
        let mut world = Self::with_agents(&[agent]);
        world.agent_answers(agent, secs(1)).habit(agent, |habit| habit.sound = agent_sends);
        world.caller_dials("95000").says(CALLER, caller_sends).after(millis(1_000 + super::sound::GREETING_MS + 100));
        world.expect_up(CALLER).expect_up(agent);
        world
    }

    // ---- what is expected ----

    pub fn leg(&self, name: &str) -> &Leg {
        self.phone(name).leg().unwrap_or_else(|| panic!("{name} has no call"))
    }

    #[track_caller]
    pub fn expect_ringing(&mut self, name: &str) -> &mut Self {
        assert_eq!(self.phone(name).state(), Some(State::Incoming), "{name} does not ring at {:?}", self.now);
        self
    }

    #[track_caller]
    pub fn expect_not_ringing(&mut self, name: &str) -> &mut Self {
        assert_ne!(self.phone(name).state(), Some(State::Incoming), "{name} rings at {:?}", self.now);
        self
    }

    /// The agent's phone rang for that long and was given up, and by the switch.
    #[track_caller]
    pub fn expect_gave_up_ringing(&mut self, name: &str, long: Duration) -> &mut Self {
        let leg = self.leg(name);
        let rang_for = leg.ended_at.expect("ended") - leg.alerted_at.unwrap_or(leg.began_at);
        assert_eq!(rang_for, long, "{name}");
        self.expect_saw(name, |saw| matches!(saw, Saw::Cancelled { .. }))
    }

    #[track_caller]
    pub fn expect_up(&mut self, name: &str) -> &mut Self {
        assert_eq!(self.phone(name).state(), Some(State::Up), "{name} at {:?}: {:?}", self.now, self.phone(name).log.last());
        self
    }

    #[track_caller]
    pub fn expect_ended(&mut self, name: &str) -> &mut Self {
        assert_eq!(self.phone(name).state(), Some(State::Ended), "{name} at {:?}", self.now);
        self
    }

    #[track_caller]
    pub fn expect_saw(&mut self, name: &str, what: impl Fn(&Saw) -> bool) -> &mut Self {
        assert!(self.phone(name).log.iter().any(|(_, saw)| what(saw)), "{name} saw {:?}", self.phone(name).log);
        self
    }

    #[track_caller]
    pub fn expect_agent(&mut self, id: &str, state: &str, reason: Option<&str>) -> &mut Self {
        let agent = self.agent(id);
        assert_eq!((agent.state, agent.reason.as_deref()), (state, reason), "{id} at {:?}", self.now);
        self
    }

    /// What the party hears at this moment: what most of the last 300 ms were.
    pub fn hears(&self, name: &str) -> Heard {
        let pieces = self.heard(name, self.now - Instant::after_start(millis(300)), self.now);
        pieces.into_iter().max_by_key(|(_, _, long)| *long).map_or(Heard::Nothing, |(heard, ..)| heard)
    }

    /// What the party heard between two times since the start.
    pub fn heard(&self, name: &str, from: Duration, to: Instant) -> Vec<(Heard, Instant, Duration)> {
        self.leg(name).stream.heard_between(Instant::after_start(from), to)
    }

    #[track_caller]
    pub fn expect_hears(&mut self, name: &str, heard: Heard) -> &mut Self {
        let hears = self.hears(name);
        assert_eq!(hears, heard, "{name} at {:?}", self.now);
        self
    }

    /// Both speak, and each hears the other.
    #[track_caller]
    pub fn expect_conversation(&mut self, a: &str, b: &str) -> &mut Self {
        self.says(a, Sound::Speech).says(b, Sound::Silence).after(millis(600));
        self.expect_hears(b, Heard::Voice).expect_hears(a, Heard::Silence);
        self.says(a, Sound::Silence).says(b, Sound::Speech).after(millis(600));
        self.expect_hears(a, Heard::Voice).expect_hears(b, Heard::Silence);
        self.says(a, Sound::Speech)
    }

    /// Both hear each other, and the recording has the first on its left and the second on its right where they spoke.
    #[track_caller]
    pub fn expect_recorded_conversation(&mut self, left: &str, right: &str) -> &mut Self {
        let began = self.wall(self.now);
        self.expect_conversation(left, right).after(secs(2));
        let record = self.record();
        let answered = record.answered_at.expect("answered");
        let take = &self.disk.takes[&record.id];
        let from = millis(u64::try_from(began.0 - answered.0).expect("it was answered before"));
        for (at, channel, loud) in
            [(200, Channel::Left, true), (200, Channel::Right, false), (800, Channel::Left, false), (800, Channel::Right, true)]
        {
            let level = take.level(channel, from + millis(at), millis(300));
            assert_eq!(level > -45.0, loud, "{channel:?} at {at} ms: {level} dBov");
        }
        self
    }

    /// When the clip began at the party's ear, each time since `from`, and how long it was.
    pub fn times_of(&self, name: &str, clip: &'static str, from: Instant) -> Vec<(Duration, Duration)> {
        let pieces = self.leg(name).stream.heard_between(from, self.now);
        let of_clip = pieces.into_iter().filter(|(heard, ..)| *heard == Heard::Clip(clip));
        of_clip.map(|(_, at, long)| (at - from, long)).collect()
    }

    /// The clip began at the party's ear at these times after `from`, to 60 ms (a tick, and the detection of a sine's first frame), and
    /// at no other.
    #[track_caller]
    pub fn expect_clip(&mut self, name: &str, clip: &'static str, from: Instant, times: &[Duration]) -> &mut Self {
        let heard = self.times_of(name, clip, from);
        let fits = heard.len() == times.len() && heard.iter().zip(times).all(|((at, _), time)| *at >= *time && *at - *time <= millis(60));
        assert!(fits, "{name} heard {clip} at {heard:?}, expected {times:?}");
        self
    }

    /// The offers on the newest record: agent, result, rings.
    pub fn offers(&self) -> Vec<(String, OfferOutcome, u32)> {
        self.record().offers.iter().map(|offer| (offer.agent.to_string(), offer.result, offer.rings)).collect()
    }

    #[track_caller]
    pub fn expect_offers(&mut self, expected: &[(&str, OfferOutcome, u32)]) -> &mut Self {
        let expected: Vec<_> = expected.iter().map(|(agent, result, rings)| ((*agent).to_owned(), *result, *rings)).collect();
        assert_eq!(self.offers(), expected);
        self
    }

    /// Everybody hangs up; nothing is left behind. Returns the newest record.
    #[track_caller]
    pub fn ends_well(&mut self) -> CallRecord {
        for index in 0..self.phones.len() {
            let name = self.phones[index].name.clone();
            while !self.phones[index].is_idle() && self.phones[index].alive {
                self.hangs_up(&name);
                if self.phone(&name).state() == Some(State::Dialling) {
                    break;
                }
            }
        }
        self.expect_quiescence();
        assert!(self.checkers.looked > 0);
        self.record().clone()
    }

    /// Nothing is left behind, where no call came about.
    pub fn ends_quietly(&mut self) {
        self.expect_quiescence();
    }

    pub fn reload(&mut self, replace: &[(&str, &str)], overrides: &[&str]) -> Vec<String> {
        use sanling::switch::{input::Command, output::Reply};
        let config = configuration(replace, overrides);
        self.config = Arc::clone(&config);
        self.checkers.reloaded(&config);
        match self.command(Command::Reload(config)) {
            Reply::Reloaded { changes } => changes,
            other => panic!("{other:?}"),
        }
    }
}
