//! The simulated people: agents who register and answer, callers who call. Each is one task with one phone, and does what the plan of the
//! call says.

use super::phone::Phone;
use super::plan::{Caller, EndedBy, Plan, Script};
use super::sound::{Manner, Words};
use super::user_agent::{Heard, REGISTERED_FOR};
use crate::base::Rng;
use crate::base::time::{millis, secs};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A phone in the office rings at most this long before its user thinks it broken.
const RINGING_MAX: Duration = secs(60);
/// What is agreed with the switch in one round trip and its repeats.
const ANSWER_MAX: Duration = secs(10);
/// Dialled to be ready again.
const READY: &str = "*13";

/// What all of them know.
#[derive(Debug)]
pub struct Office {
    pub script: Script,
    /// The hotline.
    pub number: String,
    /// One ring.
    pub ring_period: Duration,
    pub max_rings: u32,
    /// Who misses a call must make himself ready again.
    pub missed_is_not_ready: bool,
    /// One more than the index of the newest call whose first agent let it ring: so the next agent knows that he is the next.
    pub let_ring: AtomicU64,
}

impl Office {
    /// Whether the agent who asks is the one who lets this call ring.
    fn is_to_miss(&self, index: Option<u64>, plan: &Plan) -> bool {
        let Some(index) = index.filter(|_| plan.missed) else { return false };
        // Nothing but the number itself is told by it, so that no order of memory matters.
        self.let_ring.fetch_max(index + 1, Ordering::Relaxed) <= index
    }
}

/// An agent's day: registers, answers, and goes when the demo closes.
pub async fn agent(mut phone: Phone, office: Arc<Office>, words: Words, mut rng: Rng) {
    phone.agent.register(REGISTERED_FOR, phone.now());
    let mut register_at = phone.now() + REGISTERED_FOR / 2;
    loop {
        match phone.wait(register_at).await {
            Some(Heard::Called { caller }) => {
                if !take_call(&mut phone, &office, &caller, &words, &mut rng).await {
                    break;
                }
            }
            Some(Heard::ClosingTime) => break,
            Some(Heard::Refused(code)) => tracing::warn!(code, "a simulated agent was refused"),
            Some(_) => {}
            None => {
                phone.agent.register(REGISTERED_FOR, phone.now());
                register_at = phone.now() + REGISTERED_FOR / 2;
            }
        }
    }
    leave(&mut phone).await;
    phone.agent.register(Duration::ZERO, phone.now());
    while phone.pause(secs(1)).await.is_some_and(|heard| heard != Heard::Registered) {}
}

/// From the first ring to the end of the call; false at closing time.
async fn take_call(phone: &mut Phone, office: &Office, caller: &str, words: &Words, rng: &mut Rng) -> bool {
    phone.agent.ring();
    let index = Script::index_of(caller);
    // Somebody with a phone of his own: answered soon, and he ends it.
    let stranger =
        || Plan { arrives: Duration::ZERO, ring: 1, hold: None, talk: secs(600), ended_by: EndedBy::Caller, ..office.script.call(0) };
    let plan = index.map_or_else(stranger, |index| office.script.call(index));
    if office.is_to_miss(index, &plan) {
        return match until(phone, RINGING_MAX, |heard| *heard == Heard::Withdrawn).await {
            Waited::Closing => false,
            Waited::Gone => true,
            Waited::Came | Waited::Time => come_back(phone, office, rng).await,
        };
    }
    let answers_after = office.ring_period * (plan.ring.min(office.max_rings) - 1) + plan.into_ring.min(office.ring_period * 9 / 10);
    match until(phone, answers_after, |heard| *heard == Heard::Withdrawn).await {
        Waited::Closing => return false,
        Waited::Came | Waited::Gone => return true,
        Waited::Time => {}
    }
    phone.mouth.set(match plan.caller {
        Caller::Speaks => Manner::Speaks { words: words.clone(), first: false },
        // He waits for the caller's first word.
        Caller::Silent | Caller::Mute => Manner::Hiss,
    });
    phone.agent.answer(phone.now());
    match until(phone, ANSWER_MAX, |heard| *heard == Heard::Established).await {
        Waited::Came => {}
        Waited::Closing => return false,
        Waited::Gone | Waited::Time => return true,
    }
    talk(phone, &plan).await
}

/// An answered call at the agent's end; false at closing time.
async fn talk(phone: &mut Phone, plan: &Plan) -> bool {
    let answered = phone.now();
    let (hold_at, retrieve_at) = plan.hold.map_or((None, None), |(at, held)| (Some(answered + at), Some(answered + at + held)));
    for (moment, held) in [(hold_at, true), (retrieve_at, false)] {
        let Some(moment) = moment else { continue };
        match until(phone, moment.saturating_since(phone.now()), |_| false).await {
            Waited::Time => phone.agent.hold(held, phone.now()),
            Waited::Closing => return false,
            Waited::Came | Waited::Gone => return true,
        }
        match until(phone, ANSWER_MAX, |heard| *heard == Heard::Reoffered).await {
            Waited::Came | Waited::Time => {}
            Waited::Closing => return false,
            Waited::Gone => return true,
        }
    }
    // The others end it themselves; an agent whose caller has forgotten to ends it for him.
    let grace = if plan.ended_by == EndedBy::Agent { Duration::ZERO } else { secs(60) };
    let left = (answered + plan.talk + grace).saturating_since(phone.now());
    match until(phone, left, |_| false).await {
        Waited::Closing => return false,
        Waited::Gone | Waited::Came => {}
        Waited::Time => {
            phone.agent.hang_up(phone.now());
            return until(phone, ANSWER_MAX, |_| false).await != Waited::Closing;
        }
    }
    true
}

/// Who missed a call finds himself not ready; some seconds later he is back at his desk and dials himself ready.
async fn come_back(phone: &mut Phone, office: &Office, rng: &mut Rng) -> bool {
    if !office.missed_is_not_ready {
        return true;
    }
    if until(phone, millis(6_000 + rng.below(6_000)), |_| false).await == Waited::Closing {
        return false;
    }
    phone.mouth.set(Manner::Hiss);
    phone.agent.invite(READY, phone.now());
    // A word is played to him, and the switch hangs up.
    match until(phone, secs(15), |_| false).await {
        Waited::Closing => return false,
        Waited::Gone | Waited::Came => {}
        Waited::Time => phone.agent.hang_up(phone.now()),
    }
    true
}

/// A caller's call, from the first ring to its end.
pub async fn caller(mut phone: Phone, office: Arc<Office>, plan: Plan, words: Words) {
    phone.mouth.set(match plan.caller {
        Caller::Speaks => Manner::Speaks { words, first: true },
        Caller::Silent => Manner::Hiss,
        Caller::Mute => Manner::Nothing,
    });
    phone.agent.invite(&office.number, phone.now());
    match until(&mut phone, plan.patience, |heard| *heard == Heard::Established).await {
        Waited::Came => {
            let stays = if plan.ended_by == EndedBy::Caller { plan.talk } else { secs(600) };
            if until(&mut phone, stays, |_| false).await != Waited::Gone {
                leave(&mut phone).await;
            }
            if phone.heard_packets() == 0 {
                tracing::warn!("a simulated caller heard nothing in his call");
            }
        }
        Waited::Time | Waited::Closing => leave(&mut phone).await,
        Waited::Gone => {}
    }
    // Repeats of the last answers are answered for a while, as by any phone.
    while phone.pause(secs(1)).await.is_some() {}
}

async fn leave(phone: &mut Phone) {
    phone.agent.hang_up(phone.now());
    if !phone.agent.is_idle() {
        until(phone, secs(2), |_| false).await;
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Waited {
    /// What was waited for.
    Came,
    /// The call is over.
    Gone,
    Time,
    Closing,
}

async fn until(phone: &mut Phone, time: Duration, wanted: impl Fn(&Heard) -> bool) -> Waited {
    let limit = phone.now() + time;
    loop {
        match phone.wait(limit).await {
            Some(heard) if wanted(&heard) => return Waited::Came,
            Some(Heard::HungUp | Heard::Over | Heard::Withdrawn | Heard::Refused(_) | Heard::Unanswered) => return Waited::Gone,
            Some(Heard::ClosingTime) => return Waited::Closing,
            Some(_) => {}
            None => return Waited::Time,
        }
    }
}
