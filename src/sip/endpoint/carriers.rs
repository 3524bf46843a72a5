//! What is done about carriers, on its way to them and back.

use super::super::carrier::Carrier;
use super::super::msg::Response;
use super::super::order::{Room, Silence, User};
use super::super::{Output, Trunk};
use super::{Endpoint, Timer};
use crate::base::{Instant, TrunkId};

impl Endpoint {
    /// The configuration has changed. What is new falls due at once, as does what is to be taken back.
    pub(super) fn reconfigure_carriers(&mut self) {
        let wanted: Vec<Trunk> = self.settings.trunks.iter().filter(|trunk| Carrier::is_wanted(trunk)).cloned().collect();
        for (_, carrier) in self.carriers.iter_mut().filter(|(id, _)| !wanted.iter().any(|trunk| trunk.id == **id)) {
            carrier.retire();
        }
        for trunk in wanted {
            match self.carriers.get_mut(&trunk.id) {
                Some(carrier) => carrier.follow(trunk, &mut self.rng),
                None => drop(self.carriers.insert(trunk.id.clone(), Carrier::new(trunk, &mut self.rng))),
            }
        }
        self.carriers.retain(|id, carrier| {
            let deadline = carrier.deadline();
            self.deadlines.set(Timer::Carrier(id.clone()), deadline);
            deadline.is_some()
        });
    }

    pub(super) fn carrier_timeout(&mut self, id: &TrunkId, now: Instant, out: &mut Vec<Output>) {
        self.with_carrier(id, now, out, Carrier::handle_timeout);
    }

    /// A REGISTER or OPTIONS of ours was answered, or not.
    pub(super) fn carrier_heard(
        &mut self,
        user: User,
        number: u32,
        answer: Result<Response, Silence>,
        now: Instant,
        out: &mut Vec<Output>,
    ) {
        match user {
            User::Registration(id) => self.with_carrier(&id, now, out, |carrier, room| carrier.registered(number, answer, room)),
            User::Ping(id, flow) => self.with_carrier(&id, now, out, |carrier, room| carrier.ponged(flow, number, answer, room)),
            User::Nobody | User::Aside(_) | User::Session(_) | User::Watch(_) | User::Text(_) | User::Fork(..) => {}
        }
    }

    fn with_carrier(&mut self, id: &TrunkId, now: Instant, out: &mut Vec<Output>, act: impl FnOnce(&mut Carrier, &mut Room)) {
        let Some(mut carrier) = self.carriers.remove(id) else { return };
        let mut orders = Vec::new();
        act(&mut carrier, &mut self.room(now, &mut orders));
        let deadline = carrier.deadline();
        self.deadlines.set(Timer::Carrier(id.clone()), deadline);
        if deadline.is_some() {
            self.carriers.insert(id.clone(), carrier);
        }
        self.carry_out(orders, now, out);
    }
}
