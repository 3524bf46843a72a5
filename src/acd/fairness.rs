//! Weighted fair queueing between the queues of an agent (start-time fair queueing: Goyal, Vin and Cheng, 1996).
//!
//! Queues with a weight are flows of their own; those without are one flow together, of weight 1, within which first arrival decides. Each
//! flow has a tag: the virtual time at which its next call is due. An offer moves the tag on by 1/weight, and virtual time to where the
//! tag stood. A tag that has fallen behind counts as of now, so that nobody saves up turns: what a flow has over another never grows
//! beyond one round, and none starves.

use serde::{Deserialize, Serialize};

/// The highest weight of a queue.
pub const QUEUE_WEIGHT_MAX: u32 = 100;
/// One turn of a flow of weight 1: the least common multiple of 1 to 20, which these weights divide without a rest.
pub(super) const TURN: u64 = 232_792_560;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct FlowId(usize);

/// Of all queues without a weight.
pub(super) const COMMON: FlowId = FlowId(0);

#[derive(Clone, Debug)]
pub(super) struct Flows {
    /// Virtual time: the tag of the last offer that was not late.
    now: u64,
    flows: Vec<Flow>,
}

#[derive(Clone, Copy, Debug)]
struct Flow {
    tag: u64,
    turn: u64,
}

/// What a restart must know of them: virtual time, and the common flow's tag. The others' are their queues'.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct FlowsImage {
    now: u64,
    common: u64,
}

impl Default for Flows {
    fn default() -> Self {
        Self { now: 0, flows: vec![Flow { tag: 0, turn: TURN }] }
    }
}

impl Flows {
    /// The common flow alone, as it stands.
    pub(super) fn renewed(&self) -> Self {
        Self { now: self.now, flows: self.flows[..1].to_vec() }
    }

    pub(super) fn add(&mut self, weight: Option<u32>, tag: u64) -> FlowId {
        let Some(weight) = weight else { return COMMON };
        self.flows.push(Flow { tag, turn: TURN / u64::from(weight.clamp(1, QUEUE_WEIGHT_MAX)) });
        FlowId(self.flows.len() - 1)
    }

    pub(super) fn tag(&self, id: FlowId) -> u64 {
        self.flows[id.0].tag
    }

    pub(super) fn set_tag(&mut self, id: FlowId, tag: u64) {
        self.flows[id.0].tag = tag;
    }

    /// When the next call of the flow is due: the lowest goes first.
    pub(super) fn due(&self, id: FlowId) -> u64 {
        self.flows[id.0].tag.max(self.now)
    }

    /// A call of the flow was offered.
    pub(super) fn charge(&mut self, id: FlowId) {
        self.now = self.due(id);
        let flow = &mut self.flows[id.0];
        flow.tag = self.now + flow.turn;
    }

    /// The offer came to nothing.
    pub(super) fn refund(&mut self, id: FlowId) {
        let flow = &mut self.flows[id.0];
        flow.tag = flow.tag.saturating_sub(flow.turn);
    }

    pub(super) fn image(&self) -> FlowsImage {
        FlowsImage { now: self.now, common: self.tag(COMMON) }
    }

    pub(super) fn restore(&mut self, image: FlowsImage) {
        self.now = image.now;
        self.set_tag(COMMON, image.common);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn served(flows: &mut Flows, waiting: &[FlowId], turns: usize) -> Vec<usize> {
        let mut counts = vec![0; waiting.len()];
        for _ in 0..turns {
            let (n, id) = waiting.iter().enumerate().min_by_key(|(n, id)| (flows.due(**id), *n)).expect("somebody waits");
            flows.charge(*id);
            counts[n] += 1;
        }
        counts
    }

    #[test]
    fn turns_are_shared_by_weight_and_nobody_saves_them_up() {
        let mut flows = Flows::default();
        let (three, one) = (flows.add(Some(3), 0), flows.add(Some(1), 0));
        assert_eq!(flows.add(None, 9), COMMON);
        assert_eq!(served(&mut flows, &[three, one, COMMON], 500), [300, 100, 100]);
        // For long only one of them had callers; when the others come back they have their share and no more. Its last turn counts.
        served(&mut flows, &[one], 10_000);
        assert_eq!(served(&mut flows, &[three, one, COMMON], 50), [31, 9, 10]);
        // Served by agents of its own beside the others, it has not lost its turn with these for ever.
        for _ in 0..1_000 {
            flows.charge(one);
        }
        assert!(served(&mut flows, &[three, one], 8)[1] >= 1);
    }

    #[test]
    fn an_offer_that_came_to_nothing_costs_no_turn() {
        let mut flows = Flows::default();
        let (a, b) = (flows.add(Some(1), 0), flows.add(Some(1), 0));
        flows.charge(a);
        assert!(flows.due(b) < flows.due(a));
        flows.refund(a);
        assert_eq!(flows.due(a), flows.due(b));
    }
}
