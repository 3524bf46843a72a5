//! The lines of waiting calls: a line for each step of widening and each flow, of those for whom nothing rings yet and of those for whom more
//! phones are to ring; and whose turn it is among their heads.

use super::fairness::{FlowId, Flows};
use crate::base::{CallId, Instant};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// A call's place in its line: higher priority first, then first arrival, then the call's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Place {
    /// With what waiting has added to it.
    pub priority: Reverse<u8>,
    pub since: Instant,
    pub call: CallId,
}

/// Whose turn it is among the calls of several queues: the lowest goes first. Priority, then the flows' tags, then first arrival.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Turn {
    priority: Reverse<u8>,
    due: u64,
    since: Instant,
    pub call: CallId,
}

impl Place {
    pub(super) fn turn(self, flow: FlowId, flows: &Flows) -> Turn {
        let Self { priority, since, call } = self;
        Turn { priority, due: flows.due(flow), since, call }
    }
}

/// Of one pool. As many as its steps × flows, and as many again where several phones ring at once.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines(Vec<Line>);

#[derive(Clone, Debug)]
struct Line {
    step: u8,
    flow: FlowId,
    /// A phone rings for its calls already.
    rings: bool,
    /// The first of `places`, at hand without a walk through memory.
    head: Option<Place>,
    places: BTreeSet<Place>,
}

impl Lines {
    pub(super) fn insert(&mut self, step: u8, flow: FlowId, rings: bool, place: Place) {
        let at = self.0.binary_search_by_key(&(step, flow, rings), Line::key).unwrap_or_else(|at| {
            self.0.insert(at, Line { step, flow, rings, head: None, places: BTreeSet::new() });
            at
        });
        let line = &mut self.0[at];
        line.places.insert(place);
        if line.head.is_none_or(|head| place < head) {
            line.head = Some(place);
        }
    }

    pub(super) fn remove(&mut self, step: u8, flow: FlowId, rings: bool, place: Place) {
        let Ok(at) = self.0.binary_search_by_key(&(step, flow, rings), Line::key) else { return };
        let line = &mut self.0[at];
        line.places.remove(&place);
        if line.head == Some(place) {
            line.head = line.places.first().copied();
        }
    }

    /// How many stand before that place for whom nothing rings, counted to `most`.
    pub(super) fn ahead_of(&self, place: Place, most: usize) -> usize {
        self.0.iter().filter(|line| !line.rings).fold(0, |count, line| count + line.places.range(..place).take(most - count).count())
    }

    /// Whose turn it is among the calls that have come to `step` or beyond.
    pub(super) fn next(&self, step: u8, flows: &Flows) -> Option<Turn> {
        let open = self.0.iter().filter(|line| line.step >= step);
        open.filter_map(|line| Some(line.head?.turn(line.flow, flows))).min()
    }
}

impl Line {
    fn key(&self) -> (u8, FlowId, bool) {
        (self.step, self.flow, self.rings)
    }
}
