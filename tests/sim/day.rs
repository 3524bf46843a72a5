//! Whole days of a call centre on virtual time: agents with shifts and human habits, callers in waves, a network of changing weather, reloads,
//! steps of the wall clock and crashes, every checker looking on; at the end everybody has gone home and the books balance.
//!
//! `SANLING_SIM_DAY=200x20000 cargo test --test sim day` is the big one; `SANLING_SIM_SEEDS=50` tries more days,
//! `SANLING_SIM_SEED=n cargo test --test sim day` repeats one.
//!
//! Media are coarse here (`plane`): what is played, spoken, recorded and timed out takes its time, and no packet passes.

use super::net::Weather;
use super::people::{Alert, Deed, Habit, OnRing, Way};
use super::phones::State;
use super::plane::Plane;
use super::seeds;
use super::sound::Sound;
use super::world::{BEGAN, World};
use sanling::base::time::{millis, secs};
use sanling::base::{AgentId, Duration, Instant, Rng, Timestamp};
use sanling::config::{Config, PromptInventory, SourceFile, resolve};
use sanling::report::slices::midnight_before;
use sanling::report::{Basis, Kind, Question, Report, Slice, Slices, VisitTally};
use sanling::switch::input::{Command, RequestedState};
use sanling::switch::output::Reply;
use sanling::switch::view::QueueFigures;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

const HOURS: u64 = 12;
/// Hours after which whoever still has plans is sent home.
const CLOSES: u64 = 13;
const QUEUES: [(&str, &str, &str); 3] = [
    ("service", "95000", "strategy = \"longest-idle\""),
    ("sales", "95001", "strategy = \"ring-progressively\"\nring_step = \"4s\"\nring_at_once = 3"),
    ("complaints", "95002", "strategy = \"ring-all\"\nring_at_once = 4"),
];

#[derive(Clone, Copy)]
struct Size {
    agents: u64,
    calls: u64,
}

#[test]
fn day() {
    let small = Size { agents: 20, calls: 2_000 };
    let size = std::env::var("SANLING_SIM_DAY").ok().and_then(|text| {
        let (agents, calls) = text.split_once('x')?;
        Some(Size { agents: agents.parse().ok()?, calls: calls.parse().ok()? })
    });
    let size = size.unwrap_or(small);
    let lived = seeds::each("day", 2, |seed| live(seed, size));
    // A day on which a rule never comes to pass proves nothing of it.
    for what in ["answered", "abandoned", "silent", "offer.missed", "offer.ended", "hold.patience_exceeded", "queue.comforted"] {
        assert!(lived.get(what).is_some_and(|times| *times >= 3), "{what} too seldom: {lived:?}");
    }
}

/// On a day on which nobody sets the clock or changes the rules, what the switch shows as today's figures is at every moment what the report
/// of the day says, over crashes and midnight.
#[test]
fn todays_figures_are_those_of_the_days_report() {
    let lived = seeds::each("todays_figures", 1, |seed| live_on(seed, Size { agents: 20, calls: 1_000 }, true));
    assert!(lived.get("compared").is_some_and(|times| *times > 100), "{lived:?}");
}

/// The configuration of the day; `variant` 1 and 2 are what reloads bring.
fn configuration(agents: u64, variant: u64) -> Arc<Config> {
    let file = |name: &str, text: String| SourceFile { path: format!("config/{name}.toml"), text };
    let mut people = String::new();
    // The last is taken on and let go by reloads.
    for n in 0..agents - u64::from(variant == 2) {
        let id = 2_001 + n;
        let skills = match n % 5 {
            0 => "service = 5, sales = 3",
            1 | 2 => "service = 7",
            3 => "sales = 6, complaints = 2",
            _ => "complaints = 8, service = 1",
        };
        people += &format!("[[agent]]\nid = \"{id}\"\nname = \"{id}\"\npassword = \"pw-{id}\"\nteam = \"t\"\nskills = {{ {skills} }}\n");
        people += "role = \"agent\"\nlogin = \"on-register\"\n";
    }
    let wrap_up = ["20s", "10s", "30s"][variant as usize];
    let queue = |(id, _, strategy): &(&str, &str, &str)| {
        format!("[[queue]]\nid = \"{id}\"\nskill = \"{id}\"\n{strategy}\nwrap_up = \"{wrap_up}\"\n")
    };
    let route = |(id, number, _): &(&str, &str, &str)| format!("[[route]]\nnumber = \"{number}\"\nfrom = \"any\"\nto = \"queue:{id}\"\n");
    let routing = QUEUES.iter().map(route).collect::<String>() + include_str!("../../config/routing.toml");
    let rules = include_str!("../../config/rules.toml");
    let rules = match variant {
        1 => rules.replace("max_rings = 3", "max_rings = 4").replace("patience = \"7s\"", "patience = \"9s\""),
        2 => rules.replace("wait = \"5s\"", "wait = \"6s\""),
        _ => rules.to_owned(),
    };
    let files = [
        file("switch", include_str!("../../config/switch.toml").to_owned()),
        file("agents", people),
        file("queues", QUEUES.iter().map(queue).collect()),
        file("routing", routing.replacen("[[route]]\nnumber = \"95000\"\nfrom = \"any\"\nto = \"queue:service\"\n", "", 1)),
        file("rules", rules),
    ];
    // Half an hour without a refresh is found out by the session timer; the dead are found by their silence.
    let overrides = ["sip.session_expires=\"5m\"".to_owned()];
    Arc::new(resolve(&files, &overrides, &PromptInventory::complete(&["zh-CN", "en-US"])).unwrap_or_else(|errors| panic!("{errors:?}")))
}

/// What is to happen on its own account.
#[derive(Clone, Copy)]
enum Plan {
    Comes(usize),
    Goes(usize),
    Pauses(usize),
    Returns(usize),
    /// The cable is out, and in again.
    Unplugged(usize),
    Plugged(usize),
    /// An agent calls another, or a feature code.
    Dials(usize),
    CallerDials,
    /// A supervisor wakes those who missed or refused a call.
    Round,
    Weather,
    Reload,
    ClockStep,
    Crash,
}

struct Day {
    world: World,
    rng: Rng,
    size: Size,
    plans: BTreeMap<(Instant, u64), Plan>,
    order: u64,
    /// Phones of the agents are the first; these are the callers', longest unused first.
    callers: VecDeque<usize>,
    on_shift: Vec<bool>,
    /// What the wall read, in milliseconds: the day begins at any hour, and has its midnight somewhere.
    began: i64,
    dialled: u64,
    callers_without_phone: u64,
    calm: bool,
    compared: u64,
}

/// One day. Returns how often each event and outcome was.
fn live(seed: u64, size: Size) -> BTreeMap<String, u64> {
    live_on(seed, size, false)
}

/// On a calm day nobody sets the clock or reloads, and figures are compared with the report.
fn live_on(seed: u64, size: Size, calm: bool) -> BTreeMap<String, u64> {
    let mut rng = Rng::new(seed ^ 0xDA7);
    let mut world = World::new(seed, configuration(size.agents, 0));
    world.plane = Some(Plane::new(rng.fork()));
    world.keeps_events = false;
    world.disk.keeps_sound = false;
    let began = BEGAN.0 + rng.below(86_400_000) as i64;
    world.sets_clock(Timestamp(began));
    for n in 0..size.agents {
        let (id, address) = (2_001 + n, format!("127.1.{}.{}:5060", n / 250, n % 250 + 1));
        let index = world.add_phone(&id.to_string(), &address, Some(&format!("pw-{id}")));
        world.phones[index].temper = Some(Habit::of_an_agent_at_work);
        world.phones[index].is_record_aware = n % 3 == 0;
    }
    let callers = 40 + size.calls.div_ceil(20);
    let callers = (0..callers)
        .map(|n| {
            let index = world.add_phone(&format!("138{n:08}"), &format!("127.2.{}.{}:5060", n / 250, n % 250 + 1), None);
            world.phones[index].temper = Some(Habit::of_a_caller);
            world.phones[index].is_record_aware = n % 4 == 0;
            index
        })
        .collect();
    let on_shift = vec![false; size.agents as usize];
    let mut day = Day {
        world,
        rng,
        size,
        plans: BTreeMap::new(),
        order: 0,
        callers,
        on_shift,
        began,
        dialled: 0,
        callers_without_phone: 0,
        calm,
        compared: 0,
    };
    day.plan();
    // Whoever still has plans then is sent home with the others.
    let closing = Instant::START + minutes(60 * CLOSES);
    while let Some(((at, _), plan)) = day.plans.pop_first().filter(|((at, _), _)| *at < closing) {
        day.world.run_until(at.max(day.world.now));
        day.carry_out(plan);
    }
    day.everybody_goes_home();
    let mut lived: BTreeMap<String, u64> = day.world.lived.iter().map(|(name, times)| ((*name).to_owned(), *times)).collect();
    for outcome in day.world.records.values().filter_map(|record| record.outcome) {
        *lived.entry(outcome.name().to_owned()).or_default() += 1;
    }
    lived.insert("steps".to_owned(), day.world.checkers.looked);
    lived.insert("messages".to_owned(), day.world.messages);
    lived.insert("compared".to_owned(), day.compared);
    lived.insert("callers without a phone".to_owned(), day.callers_without_phone);
    lived
}

fn minutes(n: u64) -> Duration {
    secs(60 * n)
}

impl Day {
    fn put(&mut self, after: Duration, plan: Plan) {
        self.order += 1;
        self.plans.insert((Instant::START + after, self.order), plan);
    }

    fn later(&mut self, after: Duration, plan: Plan) {
        self.put(self.world.now - Instant::START + after, plan);
    }

    fn upto(&mut self, n: u64) -> Duration {
        minutes(0) + millis(self.rng.below(n * 60_000))
    }

    fn plan(&mut self) {
        for agent in 0..self.size.agents as usize {
            // Early, middle and late shifts.
            let start = minutes([0, 90, 200][agent % 3]) + self.upto(30);
            let end = start + minutes(8 * 60) + self.upto(20);
            self.put(start, Plan::Comes(agent));
            for at in [120, 240, 390] {
                let pause = start + minutes(at) + self.upto(30);
                let back = pause + minutes(if at == 240 { 30 } else { 8 }) + self.upto(15);
                self.put(pause, Plan::Pauses(agent));
                self.put(back, Plan::Returns(agent));
            }
            if self.rng.one_in(8) {
                let out = start + self.upto(400);
                let long = self.upto(20);
                self.put(out, Plan::Unplugged(agent));
                self.put(out + long, Plan::Plugged(agent));
            }
            for _ in 0..3 {
                let at = start + self.upto(480);
                self.put(at, Plan::Dials(agent));
            }
            // One in twenty forgets to log out.
            if !self.rng.one_in(20) {
                self.put(end, Plan::Goes(agent));
            }
        }
        // Two waves, in the morning and after lunch, on a steady flow.
        for _ in 0..self.size.calls {
            let around = |rng: &mut Rng, hour: u64| minutes(60 * hour) + millis((0..3).map(|_| rng.below(2_400_000)).sum());
            let at = match self.rng.below(4) {
                0 => around(&mut self.rng, 2),
                1 => around(&mut self.rng, 6),
                _ => minutes(30) + self.upto(60 * (HOURS - 2)),
            };
            self.put(at, Plan::CallerDials);
        }
        for n in 1..HOURS * 6 {
            self.put(minutes(10 * n), Plan::Round);
        }
        for n in 1..HOURS * 2 {
            self.put(minutes(30 * n), Plan::Weather);
            if !self.calm {
                self.put(minutes(30 * n + 7), Plan::Reload);
                self.put(minutes(30 * n + 13), Plan::ClockStep);
            }
            let at = minutes(30 * n) + self.upto(30);
            self.put(at, Plan::Crash);
        }
    }

    fn carry_out(&mut self, plan: Plan) {
        match plan {
            Plan::Comes(agent) | Plan::Plugged(agent) => {
                if matches!(plan, Plan::Comes(_)) {
                    self.on_shift[agent] = true;
                }
                if self.on_shift[agent] {
                    let now = self.world.now;
                    if !self.world.phones[agent].alive {
                        self.world.phones[agent].revive(now);
                    }
                    self.world.act_at(agent, |phone, now, out| phone.register(3_600, now, out));
                }
            }
            Plan::Goes(agent) => {
                self.on_shift[agent] = false;
                if self.world.phones[agent].is_idle() {
                    self.world.act_at(agent, super::phones::Phone::unregister);
                } else {
                    self.later(minutes(1), plan);
                }
            }
            Plan::Pauses(agent) => self.set_state(agent, RequestedState::NotReady, Some("break")),
            Plan::Returns(agent) => self.set_state(agent, RequestedState::Ready, None),
            Plan::Unplugged(agent) => self.world.act_at(agent, |phone, _, _| phone.die()),
            Plan::Dials(agent) => {
                let number = match self.rng.below(6) {
                    0 => "*14".to_owned(),
                    1 => "*13".to_owned(),
                    2 => "4711".to_owned(),
                    _ => (2_001 + self.rng.below(self.size.agents)).to_string(),
                };
                if self.on_shift[agent] && self.world.phones[agent].is_idle() && self.world.phones[agent].alive {
                    self.world.act_at(agent, |phone, now, out| phone.dial(&number, now, out));
                }
            }
            Plan::CallerDials => self.caller_dials(),
            Plan::Round => {
                if self.calm {
                    self.compares_with_the_report();
                }
                let sleepers: Vec<String> = {
                    let view = self.world.snapshot();
                    let sleeps = |reason: &Option<String>| matches!(reason.as_deref(), Some("missed" | "rejected" | "not-ready"));
                    view.agents
                        .iter()
                        .filter(|agent| agent.state == "not-ready" && sleeps(&agent.reason))
                        .map(|a| a.id.to_string())
                        .collect()
                };
                for id in sleepers {
                    let agent = self.world.find(&id).expect("an agent's phone");
                    if self.on_shift[agent] {
                        self.set_state(agent, RequestedState::Ready, None);
                    }
                }
            }
            Plan::Weather => {
                let rng = &mut self.rng;
                self.world.net.sip = match rng.below(3) {
                    0 => Weather::default(),
                    1 => Weather { lost: rng.below(10), doubled: rng.below(10), least_ms: 5, delay_ms: rng.below(30) },
                    _ => Weather { lost: rng.below(60), doubled: rng.below(40), least_ms: rng.below(20), delay_ms: rng.below(80) },
                };
            }
            Plan::Reload => {
                let config = configuration(self.size.agents, self.rng.below(3));
                self.world.config = Arc::clone(&config);
                self.world.checkers.reloaded(&config);
                let reply = self.world.command(Command::Reload(config));
                assert!(matches!(reply, Reply::Reloaded { .. }), "{reply:?}");
            }
            Plan::ClockStep => {
                // Corrected by seconds, or set by hours; forwards and backwards, over midnight too.
                let by = if self.rng.one_in(4) { 3_600_000 * (1 + self.rng.below(14) as i64) } else { self.rng.below(5_000) as i64 };
                let off = if self.rng.one_in(2) { by } else { -by };
                let right = self.began + (self.world.now - Instant::START).as_millis() as i64;
                self.world.sets_clock(Timestamp(right + off));
            }
            Plan::Crash => {
                let down_for = millis(200 + self.rng.below(2_500));
                self.world.crash(down_for).run(down_for);
            }
        }
    }

    /// The report of the day, of what was stored and what runs, against what the switch shows.
    fn compares_with_the_report(&mut self) {
        let snapshot = self.world.snapshot();
        let now = self.world.wall(self.world.now);
        let Basis { terms, zone } = snapshot.basis.clone();
        let slices = Slices { since: midnight_before(&zone, now), until: Timestamp(now.0 + 1), by: Slice::Whole, zone };
        let (queue, agent, teams) = (None, None, BTreeMap::new());
        let mut report =
            Report::new(Question { kind: Kind::Queues, slices, terms, queue, agent, teams, plans: BTreeMap::new(), now, rows_max: 100 });
        let mut records = self.world.records.clone();
        records.extend(snapshot.calls.iter().map(|view| (view.record.id, view.record.clone())));
        for record in records.values() {
            report.call(record).expect("few queues");
        }
        let rows = report.rows();
        for view in &snapshot.queues {
            let reported = rows.iter().find(|row| row.key == view.id.as_str()).map(|row| QueueFigures::from(&row.tally.visits));
            assert_eq!(view.today, reported.unwrap_or_else(|| QueueFigures::from(&VisitTally::default())), "{} at {now:?}", view.id);
            self.compared += 1;
        }
    }

    fn set_state(&mut self, agent: usize, state: RequestedState, reason: Option<&str>) {
        if self.on_shift[agent] {
            let id = AgentId::new(&self.world.phones[agent].name);
            self.world.command(Command::SetAgentState { agent: id, state, reason: reason.map(str::to_owned) });
        }
    }

    fn caller_dials(&mut self) {
        let now = self.world.now;
        let Some(place) =
            self.callers.iter().take(40).position(|index| self.world.phones[*index].is_idle() || !self.world.phones[*index].alive)
        else {
            self.callers_without_phone += 1;
            return;
        };
        let index = self.callers.remove(place).expect("just found");
        self.callers.push_back(index);
        let phone = &mut self.world.phones[index];
        if !phone.alive {
            phone.revive(now);
        }
        self.dialled += 1;
        phone.name = format!("139{:08}", self.dialled);
        let (_, number, _) = QUEUES[[0, 0, 0, 1, 1, 2][self.rng.below(6) as usize]];
        self.world.act_at(index, |phone, now, out| phone.dial(number, now, out));
    }

    /// On a good network, whoever still talks hangs up, and what died is found out.
    fn everybody_goes_home(&mut self) {
        self.world.net.sip = Weather::default();
        for _ in 0..6 {
            for index in 0..self.world.phones.len() {
                let phone = &mut self.world.phones[index];
                phone.temper = None;
                phone.habit = Habit { alert: Alert::Ringing, on_ring: OnRing::Ignore, ..Habit::default() };
                let live = phone.legs.iter().filter(|leg| leg.state != State::Ended).count();
                for _ in 0..if phone.alive { live } else { 0 } {
                    self.world.act_at(index, super::phones::Phone::hang_up);
                }
            }
            self.world.run(secs(40));
        }
        // The session timer is the last who finds out.
        self.world.run(minutes(11));
        // Whoever forgot to log out would renew his registration all night.
        for phone in &mut self.world.phones {
            phone.die();
        }
        self.world.expect_quiescence();
    }
}

impl Habit {
    /// An agent's next call: in time as a rule, late at times, seldom not at all.
    fn of_an_agent_at_work(rng: &mut Rng) -> Self {
        let on_ring = match rng.below(100) {
            0..=3 => OnRing::Ignore,
            4 | 5 => OnRing::Refuse(486, millis(rng.below(3_000))),
            6 => OnRing::Refuse(603, millis(rng.below(3_000))),
            7..=9 => OnRing::Answer(millis(13_500 + rng.below(3_000))),
            10..=14 => OnRing::Answer(Duration::ZERO),
            _ => OnRing::Answer(millis(1_000 + rng.below(7_000))),
        };
        let alert = if rng.one_in(20) { Alert::Progress } else { Alert::Ringing };
        let mut habit = Self { alert, on_ring, alerts_after: millis(rng.below(300)), ..Self::default() };
        let mut at = secs(10);
        if rng.one_in(6) {
            at += secs(rng.below(60));
            habit.deeds.push((at, Deed::Hold([Way::SendOnly, Way::Inactive, Way::Old][rng.below(3) as usize])));
            at += secs(3 + rng.below(40));
            // One in ten forgets whom he put on hold.
            if !rng.one_in(10) {
                habit.deeds.push((at, Deed::Retrieve));
            }
        }
        if rng.one_in(2) {
            habit.deeds.push((at + secs(20 + rng.below(180)), Deed::HangUp));
        }
        habit
    }

    /// A caller: impatient or not, speaks or not, holds, dies, and leaves in the end.
    fn of_a_caller(rng: &mut Rng) -> Self {
        let sound = match rng.below(40) {
            0 => Sound::Silence,
            1 => Sound::Comfort,
            2 => Sound::Nothing,
            _ => Sound::Speech,
        };
        let mut habit = Self { sound, ..Self::default() };
        if rng.one_in(2) {
            // Counts until somebody answers, be it the switch.
            habit.leaves_after = Some(millis(500 + rng.below(14_000)));
        }
        if rng.one_in(25) {
            habit.deeds.push((secs(5 + rng.below(60)), Deed::Hold(Way::SendOnly)));
        }
        if rng.one_in(80) {
            habit.deeds.push((secs(1 + rng.below(90)), Deed::Die));
        }
        habit.deeds.push((secs(20 + rng.below(240)), Deed::HangUp));
        habit
    }
}
