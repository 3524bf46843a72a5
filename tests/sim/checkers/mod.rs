//! Onlookers with books of their own: they see what crosses the switch's border (messages, orders, reports, events, records) and complain when
//! a promise of the house is broken, too early or too late. Each is tested beside itself with sequences that break its rule.

mod books;
pub mod callers;
mod engagements;
mod files;
mod finals;
mod invites;
mod patience;
mod rings;
mod shifts;
mod silent;

use books::Books;
use engagements::Engagements;
use files::Files;
use finals::Finals;
use invites::Invites;
use patience::Patience;
use rings::Rings;
use shifts::Shifts;
use silent::Silent;

use sanling::base::limits::{CHECKPOINT_WITHIN, OFFER_GRACE};
use sanling::base::time::millis;
use sanling::base::{CallId, Duration, Instant, LegId, SessionId, WallClock};
use sanling::call::record::CallRecord;
use sanling::config::Config;
use sanling::media::control::{Command as Media, Report};
use sanling::sip::msg::{Message, Method, Request, Response, parse};
use sanling::switch::output::{Detail, Event, Output};
use sanling::switch::view::{QueueView, Snapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

/// How late a rule's timer may fire on virtual time: a tick of the media plane.
pub const LATE: Duration = millis(20);

/// The first moment at which what was due then is too late.
fn after_all_grace(due: Instant) -> Instant {
    due + LATE + Duration::from_nanos(1)
}

/// Whether what changed then was written before a crash: what is younger than the moment of writing may be unknown to the restart.
fn is_kept(changed_at: Instant, crashed_at: Instant) -> bool {
    changed_at + CHECKPOINT_WITHIN < crashed_at
}

/// What is wrong, in words.
pub type Complaints = Vec<String>;

/// What keeps a caller waiting whose agent has hung up while another is called.
const AWAITS_ANOTHER: &str = "transfer";

/// Tokens of what a script says that was begun by hand begin here.
const BEGUN_BY_HAND: u64 = 1 << 32;
/// Announced under this number, whatever it consists of.
const GREETING: u64 = 4;

pub struct Checkers {
    agents: BTreeSet<String>,
    engagements: Engagements,
    rings: Rings,
    patience: Patience,
    silent: Silent,
    finals: Finals,
    books: Books,
    files: Files,
    invites: Invites,
    shifts: Shifts,
    /// The rules in force, and those in force when each live call arrived.
    rules: Rules,
    rules_of: BTreeMap<CallId, Rules>,
    /// When each live call arrived.
    live: BTreeMap<CallId, Instant>,
    crashed_at: Instant,
    /// Offers that the ACD has made and whose INVITE is to come: agent → call.
    reserved: BTreeMap<String, CallId>,
    /// Which call each offer's dialog (Call-ID) belongs to.
    dialogs: BTreeMap<String, CallId>,
    dialogs_of: BTreeMap<CallId, Vec<String>>,
    sessions: BTreeMap<SessionId, Session>,
    complaints: Complaints,
    /// After a crash some of what is under way is not known here: what its last moment brought, nobody saw.
    crashed: bool,
    /// Checks that were made, so that a silent checker is noticed.
    pub looked: u64,
}

/// What the orders to the media plane told of a session.
struct Session {
    call: CallId,
    caller: LegId,
    callee: Option<LegId>,
    /// Announcements to the caller that belong to the silent-call script, by token.
    script: BTreeMap<u64, Clip>,
}

#[derive(Clone, Copy)]
enum Clip {
    Greeting,
    Step,
}

/// What of the configuration the checkers measure by.
#[derive(Clone, Copy)]
struct Rules {
    limit: Duration,
    max_rings: u32,
    patience: Duration,
    wait: Duration,
    steps: usize,
    /// A greeting is played, whatever the time of day.
    greets: bool,
    /// Of the queue that gives most.
    wrap_up: Duration,
}

impl Rules {
    fn of(config: &Config) -> Self {
        let rules = &config.rules;
        Self {
            limit: rules.answer.cadence.period() * rules.answer.max_rings,
            max_rings: rules.answer.max_rings,
            patience: rules.hold.patience,
            wait: rules.silent_call.wait,
            steps: rules.silent_call.steps.len(),
            greets: rules.greeting.names_agent || rules.greeting.company.is_some(),
            wrap_up: config.queues.values().map(|queue| queue.wrap_up).max().unwrap_or_default(),
        }
    }
}

impl Checkers {
    pub fn new(config: &Config, clock: WallClock) -> Self {
        let rules = Rules::of(config);
        let mut books = Books::new(clock, sanling::report::slices::offset_ms(&config.reports.zone, clock.read(Instant::START)));
        books.rules_set(config);
        Self {
            agents: config.agents.keys().map(ToString::to_string).collect(),
            engagements: Engagements::default(),
            rings: Rings::default(),
            patience: Patience::default(),
            silent: Silent::default(),
            finals: Finals::default(),
            books,
            files: Files::new(rules.limit, rules.max_rings),
            invites: Invites::default(),
            shifts: Shifts::default(),
            rules,
            rules_of: BTreeMap::new(),
            live: BTreeMap::new(),
            crashed_at: Instant::START,
            reserved: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            dialogs_of: BTreeMap::new(),
            sessions: BTreeMap::new(),
            complaints: Vec::new(),
            crashed: false,
            looked: 0,
        }
    }

    /// The switch took another configuration: what begins from now on keeps its rules.
    pub fn reloaded(&mut self, config: &Config) {
        self.agents.extend(config.agents.keys().map(ToString::to_string));
        self.books.rules_set(config);
        // A call answered before keeps the wrap-up of then.
        let wrap_up = self.rules.wrap_up;
        self.rules = Rules::of(config);
        self.rules.wrap_up = self.rules.wrap_up.max(wrap_up);
        self.files.reloaded(self.rules.limit, self.rules.max_rings);
    }

    pub fn clock_set(&mut self, clock: WallClock) {
        self.books.clock_set(clock);
    }

    fn rules_of(&self, call: CallId) -> Rules {
        self.rules_of.get(&call).copied().unwrap_or(self.rules)
    }

    /// The switch is dead. What runs against a clock may fall due before it is back, and what it did in its last moment may be undone.
    pub fn crashed(&mut self, now: Instant) {
        self.crashed = true;
        self.crashed_at = now;
        self.engagements.crashed(now);
        self.books.crashed(now);
        self.shifts.crashed(now);
        self.rings.crashed(now);
        self.patience.crashed(now);
        self.silent.crashed(now);
        self.invites.crashed(now);
        self.finals.crashed();
        self.reserved.clear();
    }

    /// It is back with these calls: all that were, but those who came in its last moment. `out`: what it does at once, and nobody has seen yet.
    pub fn restarted(&mut self, calls: &BTreeSet<CallId>, snapshot: &Snapshot, out: &[Output], now: Instant) {
        let offered_anew = out.iter().filter_map(|output| match output {
            Output::Event(event) if event.name == "agent.reserved" => event.call.zip(event.agent.as_ref().map(ToString::to_string)),
            _ => None,
        });
        self.books.restarted(snapshot, &offered_anew.collect(), now, &mut self.complaints);
        self.rings.restarted(now);
        self.patience.restarted(now);
        self.silent.restarted(now);
        for call in self.live.keys() {
            self.files.was_away(*call, now - self.crashed_at);
        }
        let (live, lost) = std::mem::take(&mut self.live).into_iter().partition(|(call, _)| calls.contains(call));
        self.live = live;
        let lost: BTreeMap<CallId, Instant> = lost;
        for (call, arrived) in lost {
            self.invites.lost(call);
            if is_kept(arrived, self.crashed_at) {
                self.complaints.push(format!("{call} of {arrived:?} is lost in the crash of {:?}", self.crashed_at));
            }
        }
        for call in calls.iter().filter(|call| !self.live.contains_key(call)) {
            self.complaints.push(format!("{call} was over, and is back after a crash"));
        }
        self.sessions.retain(|_, session| calls.contains(&session.call));
        // Whoever was called for a call that is lost is free again.
        let lost: Vec<(String, CallId)> =
            self.dialogs.iter().filter(|(_, call)| !calls.contains(call)).map(|(id, call)| (id.clone(), *call)).collect();
        for (id, call) in lost {
            self.dialogs.remove(&id);
            self.engagements.ends(&id);
            self.dialogs_of.remove(&call);
        }
    }

    /// It has told what it did at once when it was back.
    pub fn settled(&mut self, snapshot: &Snapshot, now: Instant) {
        self.books.settled(&snapshot.queues);
        self.shifts.restarted(&snapshot.agents, now, &mut self.complaints);
    }

    /// A message came to the switch.
    pub fn received(&mut self, _from: SocketAddr, bytes: &[u8], now: Instant) {
        match parse(bytes) {
            Ok(Message::Request(request)) => self.request_in(&request, now),
            Ok(Message::Response(response)) => self.response_in(&response, now),
            Err(_) => {}
        }
    }

    /// The switch sent a message.
    pub fn sent(&mut self, _to: SocketAddr, bytes: &[u8], now: Instant) {
        match parse(bytes) {
            Ok(Message::Request(request)) => self.request_out(&request, now),
            Ok(Message::Response(response)) => self.response_out(&response, now),
            Err(fault) => self.complaints.push(format!("the switch sent no SIP: {fault:?}")),
        }
    }

    fn request_in(&mut self, request: &Request, now: Instant) {
        let id = request.call_id();
        let from = request.from().uri.user_unescaped().unwrap_or_default();
        match request.method {
            Method::Invite if request.to().tag().is_none() => {
                let key = transaction(id, request.cseq().0, &Method::Invite, request.top_via().branch());
                if self.agents.contains(&from) && !self.finals.repeats(&key) {
                    self.engagements.dials(&from, id);
                }
                let is_known = self.finals.knows(&key);
                self.invites.received(key, is_known, now);
            }
            Method::Bye => self.engagements.ends(id),
            Method::Ack => self.engagements.acked(id),
            _ => {}
        }
    }

    fn response_in(&mut self, response: &Response, now: Instant) {
        if response.cseq().1 != Method::Invite {
            return;
        }
        let id = response.call_id();
        match response.code {
            100 => self.rings.tried(id),
            101..=199 => self.rings.rang(id, now),
            200..=299 => self.rings.over(id),
            _ if self.engagements.is_ringing(id) => {
                self.rings.over(id);
                self.engagements.ends(id);
            }
            _ => {}
        }
    }

    fn request_out(&mut self, request: &Request, now: Instant) {
        let id = request.call_id();
        let user = request.uri.user_unescaped().unwrap_or_default();
        // RFC 3326: nobody is left without a word why.
        let says_why = request.headers.get("Reason").is_some_and(|reason| reason.starts_with("SIP;cause=") && reason.contains(";text=\""));
        if matches!(request.method, Method::Cancel | Method::Bye) && !says_why {
            self.complaints.push(format!("{now:?} a {} without a Reason: {id}", request.method));
        }
        match request.method {
            Method::Invite if request.to().tag().is_none() && self.agents.contains(&user) => {
                let offered = self.reserved.remove(&user);
                if self.engagements.is_called(&user, id, now, &mut self.complaints) {
                    if let Some(call) = offered {
                        self.rings.began(id, self.rules.limit, now);
                        self.books.called(call, &user);
                        self.dialogs.insert(id.to_owned(), call);
                        self.dialogs_of.entry(call).or_default().push(id.to_owned());
                    }
                } else if let Some(call) = offered {
                    // Another contact of the same offer, or the INVITE again.
                    self.reserved.insert(user, call);
                }
            }
            Method::Cancel => {
                let missed = request.headers.get("Reason").is_some_and(|reason| reason.contains("RONA"));
                if missed {
                    self.rings.withdrawn(id, now, &mut self.complaints);
                }
                self.rings.over(id);
                self.engagements.ends(id);
            }
            Method::Bye => self.engagements.ends(id),
            _ => {}
        }
    }

    fn response_out(&mut self, response: &Response, now: Instant) {
        let (cseq, method) = response.cseq();
        let key = transaction(response.call_id(), cseq, &method, response.top_via().branch());
        self.invites.answered(&key, response.code);
        self.finals.sent(key, response.code, now, &mut self.complaints);
        if method == Method::Invite && response.code >= 300 && response.to().tag().is_some() {
            self.engagements.refused(response.call_id());
        }
        if method == Method::Invite && (200..300).contains(&response.code) {
            self.engagements.answered(response.call_id());
        }
    }

    /// The switch ordered something of the media plane.
    pub fn ordered(&mut self, command: &Media, now: Instant) {
        match command {
            Media::StartRecording { session, call, left, .. } => {
                let new = || Session { call: *call, caller: *left, callee: None, script: BTreeMap::new() };
                self.sessions.entry(*session).or_insert_with(new);
            }
            // Of two it listens to, the one who is not the caller: whoever else hears him, or is heard.
            Media::ListenForSpeech { session, leg, on: true } => {
                if let Some(session) = self.sessions.get_mut(session).filter(|session| session.caller != *leg) {
                    session.callee = Some(*leg);
                }
            }
            Media::Announce { session, leg, clips, token } => {
                let Some(session) = self.sessions.get_mut(session).filter(|session| session.caller == *leg) else { return };
                let first = clips.first().map(sanling::base::ClipId::as_str).unwrap_or_default();
                if *token == GREETING && !clips.is_empty() {
                    session.script.insert(*token, Clip::Greeting);
                    let rules = self.rules_of.get(&session.call).copied().unwrap_or(self.rules);
                    self.silent.greeted(session.call, rules.wait, rules.steps, now);
                } else if first.starts_with("silent_") && *token < BEGUN_BY_HAND {
                    session.script.insert(*token, Clip::Step);
                    self.silent.said(session.call, now, &mut self.complaints);
                }
            }
            Media::Release { session } => {
                self.sessions.remove(session);
            }
            _ => {}
        }
    }

    /// The media plane told the switch something.
    pub fn reported(&mut self, report: &Report, now: Instant) {
        let (Report::Spoke { session, leg } | Report::FellSilent { session, leg } | Report::AnnouncementEnded { session, leg, .. }) =
            report
        else {
            return;
        };
        let Some(session) = self.sessions.get(session) else { return };
        let call = session.call;
        match report {
            Report::Spoke { .. } if *leg == session.caller => self.silent.caller_spoke(call, now),
            Report::Spoke { .. } if Some(*leg) == session.callee => self.silent.agent_spoke(call, now),
            Report::FellSilent { .. } if Some(*leg) == session.callee => self.silent.agent_quiet(call, now),
            Report::AnnouncementEnded { token, .. } if *leg == session.caller => match session.script.get(token) {
                Some(Clip::Greeting | Clip::Step) => self.silent.played(call, now),
                None => {}
            },
            _ => {}
        }
    }

    /// The switch told an event.
    pub fn told(&mut self, event: &Event, now: Instant) {
        self.books.turns_page(now);
        let text = |name: &str| {
            event.detail.iter().find_map(|(key, detail)| match detail {
                Detail::Text(text) if *key == name => Some(text.clone()),
                _ => None,
            })
        };
        let by = text("by").unwrap_or_default();
        if let (Some(agent), Some(from), Some(to)) = (&event.agent, text("from"), text("state")) {
            let within = match to.as_str() {
                "reserved" | "ringing" => Some(self.rules.limit + OFFER_GRACE),
                "wrap-up" => Some(self.rules.wrap_up),
                _ => None,
            };
            self.shifts.changed(agent.as_str(), &from, &to, within, now, &mut self.complaints);
        }
        match (event.name, event.call) {
            ("agent.reserved", Some(call)) => {
                let agent = event.agent.as_ref().map(ToString::to_string).unwrap_or_default();
                self.books.offered(call, &agent, &mut self.complaints);
                self.reserved.insert(agent, call);
            }
            ("call_back.asked", Some(call)) => self.books.note_call_back(call, text("why").as_deref() == Some("asked")),
            ("call_back.closed", Some(call)) => self.books.call_back_closed(call),
            ("call.arrived" | "call.originated", Some(call)) => {
                if event.name == "call.originated" {
                    self.invites.originated();
                }
                self.rules_of.insert(call, self.rules);
                self.live.insert(call, now);
                self.files.arrived(call);
            }
            ("offer.missed" | "offer.ended", Some(call)) => {
                let agent = text("agent").unwrap_or_default();
                self.books.offer_ended(call, &agent, event.name == "offer.missed", now);
                self.reserved.remove(&agent);
                // The phone that said nothing at all gets no CANCEL.
                for id in self.dialogs_of.get(&call).cloned().unwrap_or_default() {
                    if self.engagements.rings_at(&id, &agent) && !self.rings.was_tried(&id) {
                        self.rings.over(&id);
                        self.engagements.ends(&id);
                    }
                }
            }
            ("call.queued", Some(call)) => {
                // Who waits anew is watched no longer.
                self.silent.displaced(call, now);
                if let Some(queue) = &event.queue {
                    self.books.enqueued(call, queue, now);
                }
            }
            ("queue.expired" | "queue.refused", Some(call)) => self.books.overflowed(call, now),
            ("call.agent_left", Some(call)) => {
                self.silent.agent_left(call, now);
                if event.detail.contains(&("awaits_another", Detail::Flag(true))) {
                    self.silent.held(call, AWAITS_ANOTHER, now);
                }
            }
            ("call.transferred", Some(call)) => {
                self.silent.agent_left(call, now);
                self.silent.another_came(call, AWAITS_ANOTHER, now);
            }
            ("script.began" | "call.caller_left", Some(call)) => self.silent.displaced(call, now),
            ("call.established", Some(call)) => {
                self.books.answered(call, now);
                let rules = self.rules_of(call);
                if !rules.greets && event.queue.is_some() {
                    self.silent.greeted(call, rules.wait, rules.steps, now);
                    self.silent.played(call, now);
                }
            }
            ("call.held", Some(call)) => {
                let patience = self.rules_of(call).patience;
                self.patience.held(call, &by, patience, now);
                self.silent.held(call, &by, now);
            }
            ("call.retrieved", Some(call)) => {
                self.patience.retrieved(call, &by, now, &mut self.complaints);
                self.silent.retrieved(call, &by, now);
            }
            ("hold.patience_exceeded", Some(call)) if self.crashed && !self.patience.knows(call, &by) => {}
            ("hold.patience_exceeded", Some(call)) => self.patience.reassured(call, &by, now, &mut self.complaints),
            ("call.released", Some(call)) => {
                self.books.left(call, now);
                self.invites.released(call, &mut self.complaints);
                self.rules_of.remove(&call);
                self.live.remove(&call);
                self.patience.ended(call);
                let silent = text("outcome").as_deref() == Some("silent") && (!self.crashed || self.silent.knows(call));
                self.silent.released(call, silent, now, &mut self.complaints);
                for id in self.dialogs_of.remove(&call).unwrap_or_default() {
                    self.rings.over(&id);
                    self.engagements.ends(&id);
                    self.dialogs.remove(&id);
                }
                self.reserved.retain(|_, of| *of != call);
            }
            _ => {}
        }
    }

    pub fn stored(&mut self, record: &CallRecord) {
        self.files.stored(record, &mut self.complaints);
        self.invites.recorded(record.id);
    }

    /// A queue's figures as the switch shows them.
    pub fn counted(&mut self, queue: &QueueView, now: Instant) {
        self.books.turns_page(now);
        self.books.counted(queue, now, &mut self.complaints);
    }

    /// Time has passed: what should have happened by now?
    pub fn look(&mut self, now: Instant) {
        self.looked += 1;
        self.rings.look(now, &mut self.complaints);
        self.patience.look(now, &mut self.complaints);
        self.silent.look(now, &mut self.complaints);
        self.shifts.look(now, &mut self.complaints);
    }

    /// Nothing is going on any more.
    pub fn at_rest(&mut self, snapshot: &Snapshot, now: Instant) {
        self.engagements.at_rest(&mut self.complaints);
        self.books.at_rest(&mut self.complaints);
        self.files.at_rest(&mut self.complaints);
        self.invites.at_rest(&mut self.complaints);
        self.shifts.at_rest(&snapshot.agents, now, &mut self.complaints);
    }

    /// Panics with everything that is wrong.
    pub fn verdict(&self, seed: u64) {
        assert!(self.complaints.is_empty(), "seed {seed}: {:#?}", self.complaints);
    }
}

/// What names a server transaction (RFC 3261 §17.2.3), and its dialog for whoever reads a complaint.
fn transaction(call_id: &str, cseq: u32, method: &Method, branch: Option<&str>) -> String {
    format!("{call_id} {cseq} {method} {}", branch.unwrap_or_default())
}
