//! The HTTP side: API, events, metrics, health and the page. It asks the switch at the [`Desk`](super::desk::Desk), reads the store and
//! the recordings folder, and decides nothing.

pub mod access;
mod admin;
mod agents;
pub mod auth;
mod blocked;
mod call_backs;
mod calls;
mod config;
mod copies;
mod csv;
pub mod dto;
mod health;
mod hold;
mod house;
mod listener;
pub mod mask;
mod messages;
mod notes;
mod openapi;
mod page;
mod params;
mod parties;
mod peaks;
pub mod problem;
mod qa;
mod range;
mod recording;
mod recording_pause;
mod reports;
mod script;
mod search;
mod session;
mod sign_in;
mod sip;
mod status;
mod stream;
mod throttle;
mod trunks;
mod views;
mod wav;

pub use auth::{TOKEN_FILE, Token, TokenSource};
pub use listener::Peer;
pub use openapi::document;

use super::config_files::ConfigFolder;
use super::desk::Desk;
use super::events::EventHub;
use super::loaded::Loaded;
use super::metrics::Metrics;
use super::net::Tls;
use super::recorder::RecorderStatus;
use super::shapes::{AuditEntry, Time};
use super::store::{Row, Store};
use crate::base::{CallId, Rng, Timestamp, limits};
use access::Right::{self, *};
use access::{Routes, needs};
use auth::Asker;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post, put};
use session::{Restored, Sessions};
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use throttle::Throttle;
use tokio::sync::{Semaphore, watch};
use tower_http::set_header::SetResponseHeaderLayer;
use views::{View, Views};

/// Reads the configuration anew, hands it to the switch, and tells what changed or what is wrong.
pub type Reload = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<Vec<String>, Vec<dto::ConfigError>>> + Send>> + Send + Sync>;

/// What the server stands on.
#[derive(Clone)]
pub struct Api {
    pub desk: Desk,
    pub store: Store,
    pub hub: EventHub,
    pub metrics: Metrics,
    /// The data folder: the SIP of calls is in it.
    pub data: PathBuf,
    /// The recordings folder.
    pub recordings: PathBuf,
    pub token: Token,
    /// The configuration in force: users and what is asked of them.
    pub config: Loaded,
    /// Where its files lie.
    pub folder: ConfigFolder,
    pub recorder: RecorderStatus,
    pub reload: Reload,
    /// Where pages and programs come over TLS alone.
    pub tls: Option<Tls>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("recordings", &self.recordings).finish_non_exhaustive()
    }
}

/// What handlers share.
struct Context {
    api: Api,
    sessions: Sessions,
    throttle: Throttle,
    views: Views,
    /// Turns of passwords to be looked at.
    passwords: Semaphore,
    consumers: Arc<Semaphore>,
    reports: Semaphore,
    /// Recordings that are looked through to be drawn.
    outlines: Semaphore,
    begun: status::Begun,
    /// One score is given at a time: whether a call has one must not change between the look and the writing.
    scoring: tokio::sync::Mutex<()>,
    /// Ids of audit entries; a lock, because requests run side by side; held to draw one number.
    ids: Mutex<AuditIds>,
    /// Turns true when the server ends, so that event streams end too.
    closing: watch::Receiver<bool>,
}

impl Context {
    /// Writes to the audit log.
    ///
    /// # Errors
    /// When it cannot be kept: then what it tells of must not be done.
    fn audit(&self, asker: &Asker, action: &str, subject: Option<&str>, detail: String) -> Result<(), problem::Problem> {
        self.audit_as(&asker.who, &asker.remote, action, subject, detail)
    }

    /// The same of who looks at something personal, once in ten minutes for the same reason.
    fn audit_view(&self, asker: &Asker, action: &'static str, subject: &str, why: String) -> Result<(), problem::Problem> {
        let view = View { who: asker.who.clone(), action, subject: subject.to_owned(), why };
        let now = wall_time();
        if !self.views.is_noted(&view, now) {
            self.audit(asker, action, Some(subject), view.why.clone())?;
            self.views.note(view, now);
        }
        Ok(())
    }

    /// The same of who is not known yet, or no more.
    fn audit_as(&self, who: &str, remote: &str, action: &str, subject: Option<&str>, detail: String) -> Result<(), problem::Problem> {
        let at = wall_time();
        let id = self.ids.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next(at).to_string();
        let entry = AuditEntry {
            id,
            at: Time::from(at),
            who: who.to_owned(),
            action: action.to_owned(),
            subject: subject.map(str::to_owned),
            remote: remote.to_owned(),
            detail,
        };
        tracing::info!(who = entry.who, action, subject, detail = entry.detail, "audit");
        self.api
            .store
            .try_push(Row::Audit(Box::new(entry)))
            .map_err(|_| problem::Problem::overloaded("the audit log cannot be written now"))
    }

    /// Lets what was told before be written, so that who has heard of an event finds it. Not waited for when the store is in trouble.
    async fn settle(&self) {
        let _ = tokio::time::timeout(SETTLES_WITHIN, self.api.store.flush()).await;
    }

    /// The same for who may miss nothing: however long it takes, as long as the store is only busy and not in trouble.
    async fn catch_up(&self) {
        let written = self.api.store.flush();
        tokio::pin!(written);
        while tokio::time::timeout(SETTLES_WITHIN, &mut written).await.is_err() && self.api.store.troubles().is_empty() {}
    }
}

/// ULIDs that always grow, so that entries of one millisecond keep their order.
struct AuditIds {
    rng: Rng,
    last: Timestamp,
}

impl AuditIds {
    fn next(&mut self, now: Timestamp) -> CallId {
        self.last = now.max(Timestamp(self.last.0 + 1));
        CallId::new(self.last, &mut self.rng)
    }
}

/// What is written goes into the database within this, mostly.
const SETTLES_WITHIN: Duration = Duration::from_millis(250);

/// How long a legal hold waits until it is in the database.
const HOLD_PATIENCE: Duration = Duration::from_secs(5);

fn wall_time() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    closing: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
    drawing: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Listens and serves until [`close`](Self::close)d.
    ///
    /// # Errors
    /// When the address cannot be listened on, or the operating system gives no randomness.
    pub async fn start(listen: SocketAddr, api: Api) -> std::io::Result<Self> {
        let listener = listener::Bounded::bind(listen, limits::HTTP_CONNECTIONS_MAX, api.tls.clone()).await?;
        let address = listener.address()?;
        let (closing, closed) = watch::channel(false);
        let restored = Sessions::restored(&api.store, &api.config.get(), wall_time()).await;
        let context = context(api, restored, closed.clone())?;
        let drawing = tokio::spawn(qa::draw_by_the_clock(Arc::clone(&context), closed.clone()));
        let app = router(context).into_make_service_with_connect_info::<Peer>();
        let mut end = closed;
        let task = tokio::spawn(async move {
            let ended = async move {
                let _ = end.wait_for(|closing| *closing).await;
            };
            if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(ended).await {
                tracing::error!(%error, "the HTTP server has ended");
            }
        });
        Ok(Self { address, closing, task, drawing })
    }

    /// Where it listens; the port is the one the system chose when 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends event streams, lets running answers finish for at most two seconds, then closes.
    pub async fn close(mut self) {
        self.closing.send_replace(true);
        if tokio::time::timeout(Duration::from_secs(2), &mut self.task).await.is_err() {
            self.task.abort();
        }
        // It ends by itself; what it has begun is whole or not there.
        let _ = self.drawing.await;
    }
}

fn context(api: Api, restored: Restored, closing: watch::Receiver<bool>) -> std::io::Result<Arc<Context>> {
    let context = Arc::new(Context {
        api,
        sessions: restored.sessions,
        throttle: Throttle::default(),
        views: Views::default(),
        passwords: Semaphore::new(limits::PASSWORDS_AT_ONCE),
        consumers: Arc::new(Semaphore::new(limits::EVENT_CONSUMERS_MAX)),
        reports: Semaphore::new(limits::REPORTS_AT_ONCE),
        outlines: Semaphore::new(limits::OUTLINES_AT_ONCE),
        begun: status::Begun::now(wall_time()),
        scoring: tokio::sync::Mutex::default(),
        ids: Mutex::new(AuditIds { rng: Rng::new(u64::from_ne_bytes(auth::random()?)), last: Timestamp::default() }),
        closing,
    });
    context.ended("", restored.over);
    Ok(context)
}

fn router(context: Arc<Context>) -> Router {
    let guarded = Routes::new()
        .route("/openapi.json", needs(See, get(openapi::openapi)))
        .route("/calls", needs(See, get(calls::list)))
        .route("/calls/{id}", needs(See, get(calls::one)))
        .route("/calls/{id}/events", needs(See, get(calls::timeline)))
        .route("/calls/{id}/decisions", needs(See, get(calls::decisions)))
        .route("/calls/{id}/notes", needs(See, get(notes::list)).merge(needs(Note, post(notes::add))))
        .route("/calls/{id}/notes/{note}", needs(Note, put(notes::change).delete(notes::remove)))
        .route("/calls/{id}/form", needs(Score, get(qa::form)))
        .route("/calls/{id}/scores", needs(Results, get(qa::of_a_call)))
        .route("/qa/scorecards", needs(Results, get(qa::scorecards)))
        .route("/qa/work", needs(Score, get(qa::tasks)))
        .route("/qa/plans", needs(Score, get(qa::plans)))
        .route("/qa/scorers", needs(Score, get(qa::scorers)))
        .route("/qa/scores", needs(Results, get(qa::list_scores)).merge(needs(Score, post(qa::give))))
        .route("/qa/scores/{id}", needs(Results, get(qa::one_score)).merge(needs(Score, put(qa::change))))
        .route("/qa/scores/{id}/appeal", needs(Appeal, post(qa::make_appeal)))
        .route("/qa/scores/{id}/answer", needs(Score, post(qa::answer_appeal)))
        .route("/qa/appeals", needs(Results, get(qa::appeals)))
        .route("/qa/calibrations", needs(Score, get(qa::calibrations)).merge(needs(Plan, post(qa::begin_calibration))))
        .route("/qa/calibrations/{id}", needs(Score, get(qa::calibration)))
        .route("/qa/results", needs(Results, get(qa::all_results)))
        .route("/qa/coaching", needs(Results, get(qa::coachings)).merge(needs(Coach, post(qa::coach))))
        .route("/searches", needs(See, get(notes::searches)).merge(needs(Note, post(notes::keep_search))))
        .route("/searches/{id}", needs(Note, delete(notes::drop_search)))
        .route("/calls/{id}/recording/peaks", needs(Hear, get(peaks::fetch)))
        .route("/calls/{id}/sip", needs(See, get(sip::list)))
        .route("/calls/{id}/recording", needs(Hear, get(recording::fetch)))
        .route("/calls/{id}/script", needs(Supervise, post(script::begin).delete(script::end)))
        .route("/calls/{id}/copies", needs(Supervise, post(copies::begin).delete(copies::end)))
        .route("/calls/{id}/parties", needs(Supervise, post(parties::command)))
        .route("/calls/{id}/recording/pause", needs(Pause, post(recording_pause::pause)))
        .route("/calls/{id}/recording/resume", needs(Pause, post(recording_pause::resume)))
        .route("/calls/{id}/recording/hold", needs(Hold, put(hold::put).delete(hold::delete)))
        .route("/agents", needs(See, get(agents::list)))
        .route("/agents/{id}/state", needs(Supervise, post(agents::set_state)))
        .route("/queues", needs(See, get(agents::queues)))
        .route("/reports/queues", needs(See, get(reports::queues)))
        .route("/reports/agents", needs(See, get(reports::agents)))
        .route("/reports/teams", needs(See, get(reports::teams)))
        .route("/reports/scripts", needs(See, get(reports::scripts)))
        .route("/reports/intervals", needs(See, get(reports::intervals)))
        .route("/reports/timeline", needs(See, get(reports::timeline)))
        .route("/events", needs(See, get(stream::events)))
        .route("/config", needs(Configure, get(config::texts)))
        .route("/config/check", needs(Configure, post(config::check)))
        .route("/config/reload", needs(Configure, post(admin::reload)))
        .route("/audit", needs(Right::Audit, get(admin::audit)))
        .route("/call-backs", needs(Supervise, get(call_backs::list)))
        .route("/call-backs/{id}", needs(Supervise, delete(call_backs::drop)))
        .route("/call-backs/{id}/call", needs(Supervise, post(call_backs::call)))
        .route("/messages", needs(See, get(messages::list)))
        .route("/messages/{id}/audio", needs(Hear, get(messages::audio)))
        .route("/messages/{id}/heard", needs(Hear, post(messages::heard)))
        .route("/house", needs(See, get(house::show)))
        .route("/status", needs(Health, get(status::show)))
        .route("/trunks", needs(Health, get(trunks::list)))
        .route("/blocked", needs(Health, get(blocked::list)).merge(needs(Configure, delete(blocked::release))))
        .into_router()
        .fallback(nothing_here)
        .layer(from_fn_with_state(Arc::clone(&context), auth::gate));
    let app = Router::new()
        .route("/", get(page::index))
        .route("/assets/{file}", get(page::asset))
        .route("/healthz", get(health::healthz))
        .route("/metrics", get(health::metrics))
        // The only paths of the API that ask for no right: by them one comes to have some.
        .route("/api/v1/session", get(sign_in::show).post(sign_in::open).delete(sign_in::close))
        .nest("/api/v1", guarded)
        .fallback(page::anywhere)
        .layer(DefaultBodyLimit::max(limits::API_BODY_MAX))
        .layer(from_fn(problem::everywhere));
    secured(app).with_state(context)
}

/// The answer stays 404; `problem::everywhere` gives it its words.
async fn nothing_here() -> axum::http::StatusCode {
    axum::http::StatusCode::NOT_FOUND
}

/// Headers that keep a browser from doing with our answers what we did not mean. No CORS: the API's own origin and programs use it.
fn secured(app: Router<Arc<Context>>) -> Router<Arc<Context>> {
    let policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    let headers: [(HeaderName, &'static str); 6] = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    headers
        .into_iter()
        .fold(app, |app, (name, value)| app.layer(SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))))
}
