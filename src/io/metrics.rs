//! What is counted for Prometheus: totals that grow as calls end, and the running switch as its snapshot shows it at the scrape.

use super::driver::LateMax;
use super::media::{MediaReadings, WorkerFigures};
use super::net::NetReadings;
use super::recorder::RecorderFigures;
use super::store::Store;
use crate::base::{CallId, LegQuality, Timestamp, limits};
use crate::call::record::{CallRecord, OfferOutcome, RecordingState};
use crate::media::control::StreamStatistics;
use crate::switch::view::{Snapshot, TrunkView};
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock};

type Labels = Vec<(&'static str, String)>;

/// What runs beside the switch and counts for itself.
pub struct Plant {
    pub net: NetReadings,
    pub media: MediaReadings,
    pub deadlines: LateMax,
    /// SIP messages that were not kept.
    pub sip_lost: Arc<AtomicU64>,
}

/// The counters; cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Shared>);

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

struct Shared {
    registry: Registry,
    calls: Family<Labels, Counter>,
    offers: Family<Labels, Counter>,
    recordings: Family<Labels, Counter>,
    wait: Histogram,
    duration: Histogram,
    events: Family<Labels, Counter>,
    packets: Family<Labels, Counter>,
    octets: Family<Labels, Counter>,
    jitter: Histogram,
    /// By whose leg it is, and its codec.
    mos: Family<Labels, Histogram, fn() -> Histogram>,
    mos_min: Family<Labels, Histogram, fn() -> Histogram>,
    round_trip: Histogram,
    /// Sockets, workers and recorder, once they run.
    plant: OnceLock<Plant>,
    /// Which released calls were counted: a lock, because the driver counts and a scrape may look; held for one look-up.
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    known: BTreeSet<CallId>,
    order: VecDeque<CallId>,
}

impl Counted {
    fn first_time(&mut self, id: CallId) -> bool {
        if !self.known.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > limits::RELEASED_REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let shared_seconds = [0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];
        let (calls, offers, recordings) = (Family::default(), Family::default(), Family::default());
        let (events, packets, octets) = (Family::default(), Family::default(), Family::default());
        let (wait, duration) = (Histogram::new(shared_seconds), Histogram::new(shared_seconds));
        let jitter = Histogram::new([1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0]);
        let of_mos: fn() -> Histogram = || Histogram::new([1.5, 2.0, 2.5, 2.6, 3.1, 3.6, 4.0, 4.2, 4.3, 4.4]);
        let (mos, mos_min) = (Family::new_with_constructor(of_mos), Family::new_with_constructor(of_mos));
        let round_trip = Histogram::new([0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 1.0]);
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("sanling_build", "The version that runs", build);
        registry.register("sanling_calls", "Calls that ended", Family::clone(&calls));
        registry.register("sanling_offers", "Offers to agents that ended", Family::clone(&offers));
        registry.register("sanling_recordings", "Recordings of calls that ended, by what came of them", Family::clone(&recordings));
        registry.register("sanling_call_wait_seconds", "From arrival to the first agent", Histogram::clone(&wait));
        registry.register("sanling_call_duration_seconds", "From the caller's answer to the release", Histogram::clone(&duration));
        registry.register("sanling_events", "Events published", Family::clone(&events));
        registry.register("sanling_media_packets", "RTP packets of legs that ended", Family::clone(&packets));
        registry.register("sanling_media_octets", "RTP octets of legs that ended", Family::clone(&octets));
        registry.register("sanling_media_jitter_milliseconds", "Interarrival jitter of legs at their end", Histogram::clone(&jitter));
        registry.register("sanling_leg_mos", "Mean opinion score (E-model) of legs that ended, over their minutes", Family::clone(&mos));
        registry.register("sanling_leg_mos_min", "The same, of their worst minute", Family::clone(&mos_min));
        registry.register(
            "sanling_leg_round_trip_seconds",
            "To the phone and back, by RTCP, of legs that ended",
            Histogram::clone(&round_trip),
        );
        let counted = Mutex::default();
        Self(Arc::new(Shared {
            registry,
            calls,
            offers,
            recordings,
            wait,
            duration,
            events,
            packets,
            octets,
            jitter,
            mos,
            mos_min,
            round_trip,
            plant: OnceLock::new(),
            counted,
        }))
    }

    /// Counts a call when its record comes for the first time with a release.
    pub fn call_stored(&self, record: &CallRecord) {
        let (Some(released_at), Some(outcome)) = (record.released_at, record.outcome) else { return };
        let first_time = self.0.counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner).first_time(record.id);
        if !first_time {
            return;
        }
        let labels = vec![("outcome", outcome.name().to_owned()), ("direction", record.direction.name().to_owned())];
        self.0.calls.get_or_create(&labels).inc();
        for offer in record.offers.iter().filter(|offer| offer.result != OfferOutcome::Pending) {
            self.0.offers.get_or_create(&vec![("result", offer.result.name().to_owned())]).inc();
        }
        if let Some(recording) = &record.recording {
            let result = if recording.state == RecordingState::Missing { "missing" } else { "kept" };
            self.0.recordings.get_or_create(&vec![("result", result.to_owned())]).inc();
        }
        if let Some(connected_at) = record.connected_at {
            self.0.wait.observe(seconds(record.arrived_at, connected_at));
        }
        if let Some(answered_at) = record.answered_at {
            self.0.duration.observe(seconds(answered_at, released_at));
        }
    }

    pub fn event_published(&self, name: &'static str) {
        self.0.events.get_or_create(&vec![("name", name.to_owned())]).inc();
    }

    /// Adds what was counted on a leg that ended.
    pub fn stream_ended(&self, statistics: &StreamStatistics) {
        for (kind, count) in [
            ("received", statistics.packets_received),
            ("sent", statistics.packets_sent),
            ("lost", statistics.packets_lost),
            ("refused", statistics.packets_refused),
            ("malformed", statistics.packets_malformed),
            ("unauthentic", statistics.packets_unauthentic),
        ] {
            self.0.packets.get_or_create(&vec![("kind", kind.to_owned())]).inc_by(count);
        }
        for (direction, count) in [("received", statistics.octets_received), ("sent", statistics.octets_sent)] {
            self.0.octets.get_or_create(&vec![("direction", direction.to_owned())]).inc_by(count);
        }
        if statistics.packets_received > 0 {
            self.0.jitter.observe(f64::from(statistics.jitter_ms));
        }
    }

    /// Adds how well the sound of a leg travelled.
    pub fn leg_travelled(&self, leg: &LegQuality) {
        let kind = if leg.is_agent { "agent" } else { "customer" };
        let labels = vec![("kind", kind.to_owned()), ("codec", leg.codec.name().to_owned())];
        self.0.mos.get_or_create(&labels).observe(leg.mos_mean.score());
        self.0.mos_min.get_or_create(&labels).observe(leg.mos_min.score());
        if let Some(trip) = leg.round_trip_us {
            self.0.round_trip.observe(f64::from(trip) / 1e6);
        }
    }

    /// From now on the figures of sockets, media workers and recorder are shown too. A second plant is ignored.
    pub fn watch(&self, plant: Plant) {
        let _ = self.0.plant.set(plant);
    }

    /// Pairs of media ports: free, and in all; `None` without a plant.
    #[must_use]
    pub fn media_ports(&self) -> Option<(usize, usize)> {
        self.0.plant.get().map(|plant| plant.media.ports())
    }

    /// OpenMetrics text. Without a snapshot (the switch does not answer) `sanling_up` is 0 and its gauges are left out.
    ///
    /// # Errors
    /// None that is known: text is written to memory.
    pub fn render(&self, snapshot: Option<&Snapshot>, store: &Store, recorder: &RecorderFigures) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode_registry(&mut text, &self.0.registry)?;
        encode_registry(&mut text, &at_the_scrape(snapshot, store, recorder, self.0.plant.get()))?;
        encode_eof(&mut text)?;
        Ok(text)
    }
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    std::time::Duration::from_millis(u64::try_from(to.0 - from.0).unwrap_or(0)).as_secs_f64()
}

/// A registry that lives for one scrape.
struct Scrape(Registry);

impl Scrape {
    fn gauge(&mut self, name: &str, help: &str, value: usize) {
        let gauge = Gauge::<i64>::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        self.0.register(name, help, gauge);
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        let counter = Counter::<u64>::default();
        counter.inc_by(value);
        self.0.register(name, help, counter);
    }

    fn counters(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, u64)>) {
        let family = Family::<Labels, Counter>::default();
        for (labels, value) in values {
            family.get_or_create(&labels).inc_by(value);
        }
        self.0.register(name, help, family);
    }

    fn gauges(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, usize)>) {
        let family = Family::<Labels, Gauge>::default();
        for (labels, value) in values {
            family.get_or_create(&labels).set(i64::try_from(value).unwrap_or(i64::MAX));
        }
        self.0.register(name, help, family);
    }
}

fn at_the_scrape(snapshot: Option<&Snapshot>, store: &Store, recorder: &RecorderFigures, plant: Option<&Plant>) -> Registry {
    let mut scrape = Scrape(Registry::default());
    scrape.gauge("sanling_up", "Whether the switch answers", usize::from(snapshot.is_some()));
    scrape.gauge("sanling_store_rows_waiting", "Rows waiting to be written", store.rows_waiting());
    scrape.counter("sanling_store_rows_journalled", "Rows written to the journal since the start", store.rows_journalled());
    scrape.gauge(
        "sanling_store_journal_bytes",
        "Bytes of the journal on the disk",
        usize::try_from(store.journal_bytes()).unwrap_or(usize::MAX),
    );
    scrape.counter("sanling_store_rows_written", "Rows written since the start", store.rows_written());
    scrape.counter("sanling_store_rows_lost", "Rows that found the inbox full", store.rows_lost());
    scrape.gauge("sanling_store_failing", "Whether the last transaction failed", usize::from(store.is_failing()));
    scrape.gauge("sanling_store_blocked", "Whether new calls are refused because rows cannot be kept", usize::from(store.is_blocked()));
    scrape.gauge("sanling_recorder_chunks_waiting", "Chunks of sound waiting for the recorder", recorder.chunks_waiting);
    scrape.counter("sanling_recorder_chunks_lost", "Chunks that found no room: silence stands in their place", recorder.chunks_lost);
    scrape.counter("sanling_recorder_late_samples", "Samples that came after their place was written", recorder.late_samples);
    scrape.counter("sanling_recorder_undecodable", "Payloads that were no sound", recorder.undecodable);
    if let Some(snapshot) = snapshot {
        of_the_switch(&mut scrape, snapshot);
    }
    if let Some(plant) = plant {
        of_the_plant(&mut scrape, plant);
    }
    scrape.0
}

fn of_the_plant(scrape: &mut Scrape, plant: &Plant) {
    let (free, total) = plant.media.ports();
    scrape.gauge("sanling_media_ports_free", "RTP port pairs that are free", free);
    scrape.gauge("sanling_media_ports", "RTP port pairs there are", total);
    let workers = plant.media.workers();
    let sum = |pick: fn(&WorkerFigures) -> u64| workers.iter().map(pick).sum();
    scrape.counter("sanling_media_packets_received", "Packets that media workers took", sum(|worker| worker.packets_received));
    scrape.counter("sanling_media_packets_sent", "Packets that media workers sent", sum(|worker| worker.packets_sent));
    scrape.counter("sanling_media_packets_unsent", "Packets that the system refused", sum(|worker| worker.packets_unsent));
    scrape.counter("sanling_media_reports_lost", "Reports that found no room", sum(|worker| worker.reports_lost));
    let lag = workers.iter().map(|worker| worker.lag_max).max().unwrap_or_default();
    let lag = usize::try_from(lag.as_micros()).unwrap_or(usize::MAX);
    scrape.gauge("sanling_media_tick_lag_max_microseconds", "How late a tick began, at worst since the last scrape", lag);
    let late = usize::try_from(plant.deadlines.take().as_micros()).unwrap_or(usize::MAX);
    scrape.gauge("sanling_deadlines_late_max_microseconds", "How late a rule's timer had its turn, at worst since the last scrape", late);
    let net = plant.net.read();
    for (name, help, value) in [
        ("sanling_net_datagrams_received", "SIP datagrams received", net.datagrams_received),
        ("sanling_net_datagrams_sent", "SIP datagrams sent", net.datagrams_sent),
        ("sanling_net_datagrams_dropped_in", "SIP datagrams dropped because the switch was busy", net.datagrams_dropped_in),
        ("sanling_net_datagrams_dropped_out", "SIP datagrams dropped because the socket was full", net.datagrams_dropped_out),
        ("sanling_net_connections_accepted", "TCP connections taken", net.connections_accepted),
        ("sanling_net_connections_refused", "TCP connections closed because there were too many", net.connections_refused),
        ("sanling_net_handshake_failures", "Connections over which no TLS came about", net.handshake_failures),
        ("sanling_net_connections_displaced", "TCP connections of strangers that made room for newer ones", net.connections_displaced),
        ("sanling_net_outbox_overflows", "Messages that a slow connection could not take", net.outbox_overflows),
        ("sanling_net_failures_untold", "Failures to send that the switch's full inbox did not take", net.failures_untold),
        ("sanling_sip_trace_lost", "SIP messages that are not with their calls, because the disk was behind", plant.sip_lost.load(Relaxed)),
    ] {
        scrape.counter(name, help, value);
    }
}

fn of_the_switch(scrape: &mut Scrape, snapshot: &Snapshot) {
    scrape.gauge("sanling_calls_active", "Calls in progress", snapshot.calls.len());
    scrape.gauge("sanling_legs", "Dialogs with phones and trunks", snapshot.legs);
    scrape.gauge("sanling_sip_transactions", "SIP transactions alive", snapshot.transactions);
    scrape.gauge("sanling_media_sessions", "Calls with media", snapshot.sessions);
    scrape.gauge("sanling_legs_poor", "Legs whose sound travels poorly now", snapshot.legs_poor);
    scrape.gauge("sanling_recordings_open", "Recordings being written", snapshot.recordings_open);
    scrape.counter("sanling_recordings_missing", "Recordings that failed since the start", snapshot.recordings_missing);
    scrape.gauge("sanling_copies", "Calls of which a recording server has a copy (SIPREC)", snapshot.copies);
    scrape.counter("sanling_copies_failed", "Calls of which no recording server took a copy, since the start", snapshot.copies_failed);
    scrape.gauge("sanling_copy_alarm", "Whether the last copy found no recording server", usize::from(snapshot.copy_alarm.is_some()));
    scrape.gauge("sanling_recording_sessions", "Calls of other switches that are recorded here (SIPREC)", snapshot.sessions_recorded);
    scrape.counter(
        "sanling_recording_sessions_refused",
        "Recording sessions that were refused, since the start",
        snapshot.sessions_refused,
    );
    scrape.gauge("sanling_recording_alarm", "Whether the switch cannot record", usize::from(snapshot.recording_alarm.is_some()));
    scrape.gauge("sanling_guard_blocked_sources", "Sources of SIP that are refused for wrong passwords", snapshot.blocked.len());
    scrape.gauge("sanling_draining", "Whether new calls are refused because the switch ends", usize::from(snapshot.draining));
    let mut agents = BTreeMap::new();
    for state in ["offline", "ready", "reserved", "ringing", "talking", "wrap-up", "not-ready"] {
        agents.insert(state, 0);
    }
    for agent in &snapshot.agents {
        *agents.entry(agent.state).or_insert(0) += 1;
    }
    scrape.gauges("sanling_agents", "Agents by state", agents.into_iter().map(|(state, count)| (vec![("state", state.to_owned())], count)));
    let trunk = |view: &TrunkView| vec![("trunk", view.id.to_string())];
    scrape.gauges("sanling_trunk_calls", "Calls over the trunk", snapshot.trunks.iter().map(|view| (trunk(view), view.calls)));
    scrape.gauges(
        "sanling_trunk_registered",
        "Whether the carrier has us, where that is wanted",
        snapshot.trunks.iter().filter_map(|view| Some((trunk(view), usize::from(view.registered.as_ref()?.is_ok())))),
    );
    scrape.gauges(
        "sanling_trunk_host_up",
        "Whether the host answers, where it is asked",
        snapshot.trunks.iter().flat_map(|view| {
            let asked = view.hosts.iter().filter(|host| host.state != "unknown");
            asked.map(move |host| (vec![("trunk", view.id.to_string()), ("host", host.host.clone())], usize::from(host.state == "up")))
        }),
    );
    let queue = |id: &crate::base::QueueId| vec![("queue", id.to_string())];
    scrape.gauges("sanling_queue_waiting", "Callers waiting", snapshot.queues.iter().map(|view| (queue(&view.id), view.waiting)));
    let today = |pick: fn(&crate::switch::view::QueueFigures) -> u64| {
        snapshot.queues.iter().map(move |view| (queue(&view.id), usize::try_from(pick(&view.today)).unwrap_or(usize::MAX)))
    };
    scrape.gauges(
        "sanling_queue_today_offered",
        "Calls of the queue since midnight in the zone of the reports",
        today(|figures| figures.offered),
    );
    scrape.gauges("sanling_queue_today_answered", "Of these, answered", today(|figures| figures.answered));
    scrape.gauges("sanling_queue_today_abandoned", "Of these, abandoned", today(|figures| figures.abandoned));
    scrape.gauges(
        "sanling_queue_today_missed_offers",
        "Offers that rang too long since midnight in the zone of the reports",
        today(|figures| figures.missed_offers),
    );
    let sip = &snapshot.sip;
    scrape.counters(
        "sanling_guard_dropped",
        "SIP not looked at: of blocked sources, beyond what a source may send before it has proven itself, or of strangers to a call",
        [
            ("blocked", sip.dropped_of_blocked),
            ("calls", sip.dropped_call_floods),
            ("requests", sip.dropped_request_floods),
            ("rubbish", sip.dropped_rubbish_floods),
            ("strangers", sip.dropped_of_strangers),
        ]
        .map(|(cause, count)| (vec![("cause", cause.to_owned())], count)),
    );
    for (name, help, value) in [
        ("sanling_sip_messages_received", "SIP messages received", sip.messages_received),
        ("sanling_sip_messages_sent", "SIP messages sent", sip.messages_sent),
        ("sanling_sip_dropped_malformed", "Datagrams that were no SIP", sip.dropped_malformed),
        ("sanling_sip_retransmissions_received", "SIP retransmissions received", sip.retransmissions_received),
        ("sanling_sip_retransmissions_sent", "SIP retransmissions sent", sip.retransmissions_sent),
        ("sanling_sip_auth_challenges", "Requests challenged", sip.auth_challenges),
        ("sanling_sip_auth_failures", "Wrong credentials", sip.auth_failures),
        ("sanling_guard_sources_blocked", "Sources blocked since the start", sip.sources_blocked),
        ("sanling_sip_requests_refused", "Requests refused", sip.requests_refused),
        ("sanling_sip_calls_shed", "New calls refused with 503 under overload", sip.calls_shed),
    ] {
        scrape.counter(name, help, value);
    }
}
