//! The agents by number: a seat each, in order of their ids, so that no decision compares names.

use super::AgentSettings;
use super::agent::{Agent, Policy, StateName};
use super::pool::Membership;
use super::strategy::{Standing, Tally};
use crate::base::{AgentId, Instant, Lookup, Machine};
use std::ops::{Index, IndexMut};
use std::sync::Arc;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Seat(u32);

impl Seat {
    pub(super) fn at(index: usize) -> Self {
        Self(u32::try_from(index).expect("fewer agents than 32 bits count"))
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Debug)]
pub(super) struct Member {
    pub id: AgentId,
    pub agent: Agent,
    pub settings: Arc<AgentSettings>,
    pub tally: Tally,
    /// The pools whose calls he can take.
    pub pools: Box<[Membership]>,
    /// Gone from the configuration; forgotten as soon as he is off his calls.
    pub retired: bool,
    pub indexed: Indexed,
}

/// How the pools and deadlines know an agent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Indexed {
    pub state: StateName,
    pub free: Option<Standing>,
    pub deadline: Option<Instant>,
}

impl Member {
    /// Offline, and in no pool yet.
    pub(super) fn new(id: AgentId, settings: Arc<AgentSettings>, policy: Policy, now: Instant) -> Self {
        let indexed = Indexed { state: StateName::Offline, free: None, deadline: None };
        let (tally, pools) = (Tally::default(), Box::from([]));
        Self { id, agent: Agent::new(policy, now), settings, tally, pools, retired: false, indexed }
    }

    /// As the pools and deadlines should know him.
    pub(super) fn to_index(&self, day: u64) -> Indexed {
        let free = self.agent.free_since().map(|since| self.tally.standing(day, since));
        Indexed { state: self.agent.name(), free, deadline: self.agent.deadline() }
    }
}

#[derive(Debug)]
pub(super) struct Roster {
    /// A seat whose agent is gone stays empty until all are numbered anew.
    members: Vec<Option<Member>>,
    seats: Lookup<AgentId, Seat>,
}

impl Default for Roster {
    fn default() -> Self {
        Self { members: Vec::new(), seats: Lookup::new(0) }
    }
}

impl Roster {
    pub(super) fn seat(&self, id: &str) -> Option<Seat> {
        self.seats.get(id).copied()
    }

    pub(super) fn find(&self, id: &str) -> Option<&Member> {
        self.get(self.seat(id)?)
    }

    pub(super) fn get(&self, seat: Seat) -> Option<&Member> {
        self.members.get(seat.index())?.as_ref()
    }

    /// In order of ids, as long as nobody came since they were numbered.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Seat, &Member)> {
        self.members.iter().enumerate().filter_map(|(n, member)| Some((Seat::at(n), member.as_ref()?)))
    }

    pub(super) fn seats(&self) -> Vec<Seat> {
        self.iter().map(|(seat, _)| seat).collect()
    }

    /// At the end, until all are numbered anew.
    pub(super) fn push(&mut self, member: Member) -> Seat {
        let seat = Seat::at(self.members.len());
        self.seats.insert(member.id.clone(), seat);
        self.members.push(Some(member));
        seat
    }

    pub(super) fn remove(&mut self, seat: Seat) {
        if let Some(member) = self.members[seat.index()].take() {
            self.seats.remove(&member.id);
        }
    }

    /// Seats in order of ids. Whatever knows agents by their seats must be made anew.
    pub(super) fn number_anew(&mut self) {
        let mut members: Vec<Member> = std::mem::take(&mut self.members).into_iter().flatten().collect();
        members.sort_by(|a, b| a.id.cmp(&b.id));
        self.seats = Lookup::new(0);
        for member in members {
            self.push(member);
        }
    }
}

impl Index<Seat> for Roster {
    type Output = Member;

    fn index(&self, seat: Seat) -> &Member {
        self.members[seat.index()].as_ref().expect("who has a seat in hand is there")
    }
}

impl IndexMut<Seat> for Roster {
    fn index_mut(&mut self, seat: Seat) -> &mut Member {
        self.members[seat.index()].as_mut().expect("who has a seat in hand is there")
    }
}
