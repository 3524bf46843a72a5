//! Configuration: every `*.toml` of a folder read as one document, resolved whole, or refused with every error at its place.
//!
//! What lives here: the resolved types, and the way from text to them. What must not: files and name look-ups (`io` reads them), and
//! any default at a point of use.

mod calendar;
mod call_back;
mod document;
mod error;
mod greeting;
mod menu;
mod prompts;
mod queue;
mod raw;
mod reason;
pub mod reference;
mod resolve;
mod retention;
mod rights;
pub mod secrets;
mod siprec;
mod source;
mod suggest;
mod tls;
mod users;

pub use calendar::{Calendar, Exception, Hours, Span};
pub use call_back::{CallBackFirst, CallBackRule};
pub use error::ConfigError;
pub use greeting::{GreetingRule, PARTS_OF_DAY};
pub use menu::{BoxConfig, BoxOwner, MenuConfig, MenuKey, Questions};
pub use prompts::{
    CALL_BACK_PROMPT_NAMES, MUSIC_FOLDER, MUSIC_ON_HOLD, PROMPT_NAMES, PromptFolder, PromptInventory, WAITING_PROMPT_NAMES, required_names,
};
pub use queue::{AnnounceRule, OverflowCause, OverflowConfig, PreferredRule, QueueConfig, WhoElse, Widening};
pub use reason::{MEETING, NO_REASON, OWN_REASONS, ReasonConfig};
pub use resolve::{Outcome, examine, examine_with, resolve};
pub use retention::{FreeSpace, Retention};
pub use rights::{Right, rights};
pub use siprec::{CopiedCalls, RecordingServer, RecordingSource};
pub use source::SourceFile;
pub use suggest::nearest;
pub use tls::{CertificateFiles, Finding, KeyPair, NoFiles, TrunkTls};
pub use users::{AccessConfig, Password, UserConfig, UserRole};

use crate::base::scorecard::{Sampling, Scorecard};
use crate::base::srtp::{SrtpPolicy, Suite};
use crate::base::{
    AgentId, AutoAnswer, BoxId, Cadence, CalendarId, ClipId, Codec, Duration, Flaw, GuardSettings, Limits, MenuId, Mos, QueueId,
    ScriptStep, SoundLimits, Timestamp, TrunkId, UserId,
};
use ipnet::IpNet;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// The whole configuration, which cannot be half-made.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    pub switch: SwitchConfig,
    pub sip: SipConfig,
    pub media: MediaConfig,
    pub http: HttpConfig,
    pub storage: StorageConfig,
    pub agents: BTreeMap<AgentId, AgentConfig>,
    pub queues: BTreeMap<QueueId, QueueConfig>,
    /// In order of the files; the first that matches number and source is taken.
    pub routes: Vec<RouteConfig>,
    pub trunks: BTreeMap<TrunkId, TrunkConfig>,
    /// To whom copies of calls go, in order of preference.
    pub recording_servers: Vec<RecordingServer>,
    /// Whose calls are recorded here.
    pub recording_sources: Vec<RecordingSource>,
    pub calendars: BTreeMap<CalendarId, Calendar>,
    pub menus: BTreeMap<MenuId, MenuConfig>,
    pub boxes: BTreeMap<BoxId, BoxConfig>,
    pub rules: RulesConfig,
    /// Why agents may say that they are not ready; `meeting` is always among them.
    pub reasons: Vec<ReasonConfig>,
    pub reports: ReportsConfig,
    pub quality: QualityConfig,
    /// Who signs in to the pages.
    pub users: BTreeMap<UserId, UserConfig>,
    pub access: AccessConfig,
    /// By what calls are scored, all versions, in order of the files.
    pub scorecards: Vec<Scorecard>,
    /// How many calls are drawn for scoring.
    pub samplings: Vec<Sampling>,
}

impl Config {
    /// The scorecard of that version, or the one in force.
    #[must_use]
    pub fn scorecard(&self, id: &str, version: Option<u32>) -> Option<&Scorecard> {
        let versions = self.scorecards.iter().filter(|card| card.id == id && version.is_none_or(|version| card.version == version));
        versions.max_by_key(|card| card.version)
    }

    /// Whether recording sessions are taken from that trunk.
    #[must_use]
    pub fn is_recording_source(&self, trunk: &TrunkId) -> bool {
        self.recording_sources.iter().any(|source| source.trunk == *trunk)
    }

    /// The words for why an agent is not ready.
    pub fn known_reasons(&self) -> impl Iterator<Item = &str> {
        self.reasons.iter().map(|reason| reason.id.as_str()).chain([NO_REASON])
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct SwitchConfig {
    pub name: String,
    /// SIP domain and digest realm.
    pub domain: String,
    /// Folder of `prompts/`.
    pub language: String,
    /// How long running calls get on SIGTERM.
    pub drain: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ListenProtocol {
    Udp,
    Tcp,
    Tls,
}

impl ListenProtocol {
    /// As `sip.listen` has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Listen {
    pub protocol: ListenProtocol,
    pub address: SocketAddr,
}

#[derive(Clone, PartialEq, Debug)]
pub struct SipConfig {
    pub listen: Vec<Listen>,
    /// Session-Expires that the switch asks for (RFC 4028); default 30 min.
    pub session_expires: Duration,
    /// Smallest Session-Expires taken (Min-SE); at least 90 s.
    pub min_session_expires: Duration,
    /// Registration life: shortest (else 423), longest (cut down to), and the one given to who asks for none.
    pub registration_min: Duration,
    pub registration_max: Duration,
    pub registration_default: Duration,
    /// What phones behind an edge proxy are told to send their requests by (RFC 3608), each `<URI>`.
    pub service_route: Vec<String>,
    /// Whether calls that a phone sends on (302) are followed.
    pub forwarding: Forwarding,
    /// Name servers for trunks; none: the system's.
    pub dns: Vec<SocketAddr>,
    pub guard: GuardSettings,
    /// With what it listens over TLS; there where an address says so.
    pub tls: Option<KeyPair>,
    /// Who must have signed the certificates of phones that connections are opened to; `None`: to none is one opened over TLS.
    pub phone_ca: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Forwarding {
    Off,
    /// To extensions and boxes of the house.
    House,
    /// To all numbers that its agent may dial.
    Routes,
}

impl Forwarding {
    /// As the configuration writes them.
    pub const NAMES: [(&'static str, Self); 3] = [("off", Self::Off), ("house", Self::House), ("routes", Self::Routes)];

    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(_, one)| *one == self).map_or("off", |(name, _)| name)
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct MediaConfig {
    /// RTP on even ports of the range, RTCP on the next odd one. Starts even, ends odd.
    pub ports: RangeInclusive<u16>,
    /// In order of preference; at least one.
    pub codecs: Vec<Codec>,
    /// A leg that is not held and sends nothing for this long releases its call; default 30 s.
    pub rtp_timeout: Duration,
    /// Media threads; default: one a core.
    pub workers: Option<usize>,
    /// By which sound is encrypted where it is, in order of preference; at least one.
    pub srtp_suites: Vec<Suite>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct HttpConfig {
    pub listen: SocketAddr,
    /// Over TLS alone, with the certificate of [`SipConfig::tls`].
    pub tls: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct StorageConfig {
    pub data: PathBuf,
    pub recordings: PathBuf,
    pub retention: Retention,
}

/// By what figures are counted.
#[derive(Clone, PartialEq, Debug)]
pub struct ReportsConfig {
    /// Days begin by its clock.
    pub zone: TimeZone,
    /// An answer within this wait counts for the service level.
    pub service_level: Duration,
    /// Who leaves sooner has misdialled.
    pub short_abandon: Duration,
    /// Who does not call again for so many days has had his matter settled.
    pub settled_days: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    Agent,
    Supervisor,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Login {
    /// Registering logs in and makes ready.
    OnRegister,
    /// Logged in by feature code or API only.
    Manual,
}

#[derive(Clone, PartialEq, Eq)]
pub struct AgentConfig {
    pub id: AgentId,
    pub name: String,
    /// Lower-case hex of H(user:realm:password); both stand unless the file gives only one.
    pub ha1_sha256: Option<String>,
    pub ha1_md5: Option<String>,
    pub team: Option<String>,
    /// 1 to 9 each.
    pub skills: BTreeMap<String, u8>,
    /// For `top-down`: the lowest first, who has none last.
    pub rank: Option<u16>,
    /// For `weighted-random`; at least 1.
    pub weight: u32,
    /// The number that he shows in calls out.
    pub caller: Option<String>,
    /// The prompt that says his name; `None`: his number is said.
    pub greeting: Option<ClipId>,
    /// Who is told of what he leaves undone.
    pub superior: Option<AgentId>,
    /// When he is to work: a calendar's hours.
    pub shift: Option<CalendarId>,
    pub role: Role,
    pub login: Login,
    /// What his phone is offered and answered with, in order of preference; at least one.
    pub codecs: Vec<Codec>,
    /// Whether the sound of his phone is encrypted.
    pub srtp: SrtpPolicy,
    /// His phone answers by itself what his queues give him.
    pub auto_answer: Option<AutoAnswer>,
}

/// Without the hashes: whoever has them can register as the agent.
impl std::fmt::Debug for AgentConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, name, ha1_sha256: _, ha1_md5: _, team, skills, rank, weight, caller, greeting, superior, shift, role, .. } = self;
        let Self { login, codecs, srtp, auto_answer, .. } = self;
        let mut shown = f.debug_struct("AgentConfig");
        shown.field("id", id).field("name", name).field("team", team).field("skills", skills);
        shown.field("rank", rank).field("weight", weight).field("caller", caller).field("greeting", greeting);
        shown
            .field("superior", superior)
            .field("shift", shift)
            .field("role", role)
            .field("login", login)
            .field("codecs", codecs)
            .field("srtp", srtp)
            .field("auto_answer", auto_answer)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RouteSource {
    Trunk,
    Internal,
    Any,
}

/// Where a caller goes: from a route, a menu, a queue that cannot take him, a transfer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Destination {
    Queue(QueueId),
    /// The agent whose id was dialled.
    DialledAgent,
    Agent(AgentId),
    Menu(MenuId),
    /// To leave a word.
    Message(BoxId),
    Play(ClipId),
    Trunk(TrunkCall),
    Reject(u16),
}

/// As the configuration writes it.
impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Queue(queue) => write!(f, "queue:{queue}"),
            Self::DialledAgent => f.write_str("agent"),
            Self::Agent(agent) => write!(f, "agent:{agent}"),
            Self::Menu(menu) => write!(f, "menu:{menu}"),
            Self::Message(id) => write!(f, "message:{id}"),
            Self::Play(clip) => write!(f, "play:{clip}"),
            Self::Trunk(TrunkCall { trunks, .. }) => {
                let trunks: Vec<String> = trunks.iter().map(|trunk| format!("trunk:{trunk}")).collect();
                f.write_str(&trunks.join(", "))
            }
            Self::Reject(code) => write!(f, "reject:{code}"),
        }
    }
}

/// A number that is called over trunks: the first that can take the call does.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TrunkCall {
    /// At least one, best first.
    pub trunks: Vec<TrunkId>,
    /// `None`: the number that was dialled.
    pub number: Option<String>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct RouteConfig {
    pub number: NumberPattern,
    pub from: RouteSource,
    pub to: Destination,
    /// What is asked for besides what its queue asks for, or the queue that its menu leads to.
    pub skills: BTreeMap<String, u8>,
    /// `None`: always open.
    pub hours: Option<RouteHours>,
}

/// Where a route leads outside its hours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteHours {
    pub calendar: CalendarId,
    pub closed: Destination,
    /// `None`: as closed.
    pub holiday: Option<Destination>,
}

impl RouteConfig {
    /// Where it leads at that moment. A calendar that is not there closes nothing.
    #[must_use]
    pub fn leads_to(&self, calendars: &BTreeMap<CalendarId, Calendar>, at: Timestamp) -> &Destination {
        let Some(RouteHours { calendar, closed, holiday }) = &self.hours else { return &self.to };
        match calendars.get(calendar).map_or(Hours::Open, |calendar| calendar.at(at)) {
            Hours::Open => &self.to,
            Hours::Closed => closed,
            Hours::Holiday => holiday.as_ref().unwrap_or(closed),
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub struct TrunkConfig {
    pub id: TrunkId,
    /// Where calls out go, in order.
    pub hosts: Vec<TrunkHost>,
    /// Whose unauthenticated INVITEs come in on it.
    pub accept_from: Vec<IpNet>,
    /// The same, by where these names lead.
    pub accept_names: Vec<HostQuestion>,
    /// Who we are to it, where it asks.
    pub account: Option<TrunkAccount>,
    /// We register with it, for so long at a time.
    pub register: Option<Duration>,
    /// Host of our addresses there; `None`: its first host where we register, the switch's domain elsewhere.
    pub domain: Option<String>,
    pub ping: Option<TrunkPing>,
    /// A host that lets nothing ring for so long is followed by the next.
    pub try_for: Option<Duration>,
    /// Calls over it at once, in and out.
    pub channels: Option<usize>,
    pub caller_shown: CallerShown,
    /// The number that agents show who have none of their own.
    pub caller: Option<String>,
    /// What its calls are offered and answered with, in order of preference; at least one.
    pub codecs: Vec<Codec>,
    /// Whether the sound of its calls is encrypted.
    pub srtp: SrtpPolicy,
    pub tls: TrunkTls,
}

#[derive(Clone, PartialEq, Eq)]
pub struct TrunkAccount {
    pub user: String,
    pub password: String,
}

/// Without the password.
impl std::fmt::Debug for TrunkAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TrunkAccount").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Its hosts are asked with OPTIONS whether they are there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrunkPing {
    pub every: Duration,
    /// So many unanswered in a row, and a host counts as down.
    pub failures: u32,
}

/// Where a caller is shown to a carrier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallerShown {
    From,
    /// In From and in P-Asserted-Identity (RFC 3325).
    Asserted,
    /// In P-Asserted-Identity; From is our account.
    BehindAccount,
}

/// `sip:HOST[:PORT][;transport=udp|tcp|tls]` or `sips:HOST[:PORT]`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrunkHost {
    pub host: TrunkHostName,
    pub port: u16,
    pub protocol: ListenProtocol,
    /// `sips:`: whom it is asked for, too, is a SIPS URI.
    pub secure: bool,
    /// What the configuration says of port and transport, and DNS is not asked for (RFC 3263 §4).
    pub says_port: bool,
    pub says_transport: bool,
    /// The lowest is tried first (RFC 2782); of those that say nothing each comes after the one before.
    pub priority: u16,
    /// Its share among hosts of one priority; at least 1.
    pub weight: u16,
}

/// What DNS is asked: where SIP for a name is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct HostQuestion {
    pub name: String,
    /// Given: its addresses alone are asked for.
    pub port: Option<u16>,
    pub protocol: Option<ListenProtocol>,
    /// Of a SIPS URI: nothing but TLS will do.
    pub secure: bool,
}

impl TrunkHost {
    /// `None` of an address, about which there is nothing to ask.
    #[must_use]
    pub fn question(&self) -> Option<HostQuestion> {
        if let TrunkHostName::Name(name) = &self.host { Some(self.question_of(name)) } else { None }
    }

    /// What is asked of that name, as this host says how.
    #[must_use]
    pub fn question_of(&self, name: &str) -> HostQuestion {
        let (port, protocol) = (self.says_port.then_some(self.port), self.says_transport.then_some(self.protocol));
        HostQuestion { name: name.to_owned(), port, protocol, secure: self.secure }
    }
}

/// As the configuration writes it, priority and weight apart.
impl std::fmt::Display for TrunkHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.secure { "sips" } else { "sip" };
        match &self.host {
            TrunkHostName::Address(IpAddr::V6(v6)) => write!(f, "{scheme}:[{v6}]:{}", self.port)?,
            TrunkHostName::Address(IpAddr::V4(v4)) => write!(f, "{scheme}:{v4}:{}", self.port)?,
            TrunkHostName::Name(name) if self.says_port => write!(f, "{scheme}:{name}:{}", self.port)?,
            TrunkHostName::Name(name) => write!(f, "{scheme}:{name}")?,
        }
        match self.protocol {
            ListenProtocol::Udp => Ok(()),
            ListenProtocol::Tls if self.secure => Ok(()),
            ListenProtocol::Tcp | ListenProtocol::Tls => write!(f, ";transport={}", self.protocol.name()),
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TrunkHostName {
    Address(IpAddr),
    /// Looked up by `io`.
    Name(String),
}

#[derive(Clone, PartialEq, Debug)]
pub struct RulesConfig {
    pub answer: AnswerRule,
    pub hold: HoldRule,
    pub card_data: CardDataRule,
    pub silent_call: SilentCallRule,
    pub greeting: GreetingRule,
    pub sound: SoundRule,
    /// Scripts that an agent or a program begins.
    pub scripts: Vec<ScriptRule>,
    /// Nobody hangs up on a customer; `None`: the agent's BYE ends the call.
    pub farewell: Option<FarewellRule>,
    /// A message that was delivered and not listened to for so long goes to its owner's superior.
    pub escalate_after: Option<Duration>,
    /// What an agent dials to listen to messages.
    pub listen: String,
    /// A conference goes on when the caller has left it.
    pub conference_outlives_caller: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct AnswerRule {
    pub max_rings: u32,
    pub cadence: Cadence,
    /// What follows when an agent lets offers go.
    pub limits: Limits,
}

#[derive(Clone, PartialEq, Debug)]
pub struct HoldRule {
    pub patience: Duration,
    /// From the moment promised to a held caller to the call of the agent's superior.
    pub escalate_after: Duration,
}

/// What must not be kept.
#[derive(Clone, PartialEq, Debug)]
pub struct CardDataRule {
    /// A pause of the recording ends by itself after so long.
    pub max: Duration,
    /// The keys of customers are hidden in all calls, not in pauses alone.
    pub hides_all: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct SilentCallRule {
    pub enabled: bool,
    pub wait: Duration,
    pub steps: Vec<ClipId>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct ScriptRule {
    pub id: String,
    /// What an agent presses in the call: `**` and a digit.
    pub code: Option<String>,
    pub steps: Vec<ScriptStep>,
    /// The caller's word ends it.
    pub ends_on_speech: bool,
    /// What, measured of the caller, begins it.
    pub measured: Option<Flaw>,
}

/// How well sound must travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct QualityConfig {
    /// A leg whose minute is worse than this is told of.
    pub poor: Mos,
}

/// What the switch hears by itself of how parties sound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SoundRule {
    pub limits: SoundLimits,
    /// An agent who speaks for so long while the caller waits, and nobody hears him, has left his microphone open.
    pub open_microphone: Duration,
    /// The agent hears what is the matter, with him or with his caller.
    pub tell_agent: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct FarewellRule {
    pub prompt: ClipId,
    /// How long the caller then has to hang up himself.
    pub wait: Duration,
    pub survey: Option<SurveyRule>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct SurveyRule {
    pub ask: ClipId,
    pub thanks: ClipId,
    /// Answers are the digits from 1 to this.
    pub highest: u8,
    pub answer_within: Duration,
    /// Who spoke for less is not asked.
    pub min_talk: Duration,
    /// Who was asked so lately is not asked again.
    pub not_within: Duration,
}

/// A number, or a pattern: `X` a digit, `N` 2 to 9, `.` one or more of anything (last only).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberPattern(pub(crate) String);

impl NumberPattern {
    /// Whether it fits one number alone.
    #[must_use]
    pub fn is_one(&self) -> bool {
        !self.0.contains(['X', 'N', '.'])
    }

    #[must_use]
    pub fn matches(&self, number: &str) -> bool {
        let mut rest = number.chars();
        for symbol in self.0.chars() {
            let taken = rest.next();
            let fits = match (symbol, taken) {
                ('.', Some(_)) => return true,
                ('X', Some(c)) => c.is_ascii_digit(),
                ('N', Some(c)) => ('2'..='9').contains(&c),
                (literal, Some(c)) => literal == c,
                (_, None) => false,
            };
            if !fits {
                return false;
            }
        }
        rest.next().is_none()
    }
}
