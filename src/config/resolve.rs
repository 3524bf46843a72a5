//! From the mirror to the resolved configuration: defaults, bounds, and everything that must fit together. A fault is noted and the
//! default taken, so that the rest is looked at too; with one error noted the result is thrown away.

mod calendars;
mod call_back;
mod calls;
mod destination;
mod greeting;
mod guard;
mod menus;
mod people;
mod quality;
mod queues;
mod reasons;
mod reports;
mod retention;
mod rules;
mod scorecards;
mod service;
mod siprec;
mod switch;
mod tls;
mod together;
mod trunks;
mod users;
mod words;

use super::Config;
use super::document;
use super::error::{ConfigError, Faults, in_words};
use super::prompts::PromptInventory;
use super::raw::RawConfig;
use super::source::{Place, SourceFile, Sources, Spot};
use super::tls::{CertificateFiles, NoFiles};
use crate::base::QueueId;
use crate::base::srtp::SrtpPolicy;
use std::collections::BTreeMap;

/// What came of reading a configuration.
#[derive(Debug)]
pub struct Outcome {
    /// In order of their places.
    pub config: Result<Config, Vec<ConfigError>>,
    /// What is allowed and yet looks like a slip.
    pub warnings: Vec<ConfigError>,
}

/// The configuration, or everything that is wrong with it.
///
/// `files` are the folder's `*.toml` in order of their names, `overrides` the arguments of `--set` (`KEY=VALUE`), `prompts` what
/// lies in `prompts/`.
///
/// # Errors
///
/// Every error of the files, in order of their places; when a text is no TOML, the errors of syntax alone.
pub fn resolve(files: &[SourceFile], overrides: &[String], prompts: &PromptInventory) -> Result<Config, Vec<ConfigError>> {
    examine(files, overrides, prompts).config
}

/// [`resolve`], with the warnings beside it.
#[must_use]
pub fn examine(files: &[SourceFile], overrides: &[String], prompts: &PromptInventory) -> Outcome {
    examine_with(files, overrides, prompts, &NoFiles)
}

/// [`examine`], with the certificates that it names read and judged.
#[must_use]
pub fn examine_with(files: &[SourceFile], overrides: &[String], prompts: &PromptInventory, certificates: &dyn CertificateFiles) -> Outcome {
    let sources = Sources::new(files, overrides);
    let mut faults = Faults::default();
    let config = document::read(&sources, &mut faults).map(|root| {
        let raw = RawConfig::read(root, &mut faults);
        let (overflows, asking) = (Vec::new(), Vec::new());
        Resolver { prompts, certificates, faults: &mut faults, demo_password: None, overflows, asking }.config(raw)
    });
    let warnings = in_words(faults.warnings, &sources);
    let errors = in_words(faults.errors, &sources);
    let config = match config {
        Some(config) if errors.is_empty() => Ok(config),
        _ => Err(errors),
    };
    Outcome { config, warnings }
}

struct Resolver<'a> {
    prompts: &'a PromptInventory,
    certificates: &'a dyn CertificateFiles,
    faults: &'a mut Faults,
    /// Where the first of the shipped passwords stands.
    demo_password: Option<Place>,
    /// From which queue to which callers overflow, and where it stands.
    overflows: Vec<(QueueId, QueueId, Place)>,
    /// Numbers that ask for more than their queues do.
    asking: Vec<together::Asking>,
}

/// Things of one kind by their id, each with its place.
type Placed<Id, T> = BTreeMap<Id, Spot<T>>;

fn without_places<Id: Ord, T>(placed: Placed<Id, T>) -> BTreeMap<Id, T> {
    placed.into_iter().map(|(id, spot)| (id, spot.value)).collect()
}

impl Resolver<'_> {
    fn config(&mut self, mut raw: RawConfig) -> Config {
        let raw_switch = raw.switch.take().unwrap_or_default();
        let switch = self.switch(&raw_switch);
        let named = destination::Named::of(&raw, &switch.language);
        let raw_sip = raw.sip.unwrap_or_default();
        let raw_media = raw.media.unwrap_or_default();
        let raw_http = raw.http.unwrap_or_default();
        let listen = self.listen(&raw_sip);
        let raw_tls = raw.tls.unwrap_or_default();
        let tls = self.tls(&raw_tls, &listen, &raw_http);
        let sip = super::SipConfig { phone_ca: self.phone_ca(&raw_tls, &listen), ..self.sip(&raw_sip, &listen, tls) };
        let media = self.media(&raw_media);
        let of_legs = switch::OfLegs { codecs: media.codecs.clone(), srtp: self.srtp(raw_media.srtp.as_ref(), SrtpPolicy::Off) };
        let http = self.http(&raw_http);
        let storage = self.storage(&raw.storage.unwrap_or_default());
        let agents = self.agents(raw.agent.unwrap_or_default(), &switch.domain, &of_legs, &named);
        let queues = self.queues(raw.queue.unwrap_or_default(), &named);
        let menus = self.menus(raw.menu.unwrap_or_default(), &named);
        let boxes = self.boxes(raw.message_box.unwrap_or_default(), &named);
        let calendars = self.calendars(raw.calendar.unwrap_or_default());
        let trunks = self.trunks(raw.trunk.unwrap_or_default(), &of_legs);
        let raw_servers = raw.recording_server.unwrap_or_default();
        let recording_servers = self.recording_servers(&raw_servers, &named, &trunks, &media.codecs);
        let recording_sources = self.recording_sources(&raw.recording_source.unwrap_or_default(), &trunks);
        let raw_rules = raw.rules.unwrap_or_default();

        let reports = self.reports(&raw.reports.unwrap_or_default());
        let quality = self.quality(&raw.quality.unwrap_or_default());
        let users = self.users(raw.user.unwrap_or_default(), &named);
        let access = self.access(&raw.access.unwrap_or_default());

        self.prompts_of_language(&raw_switch, &switch.language);
        let built_in = calls::built_in_codes(raw.reason.is_none());
        let rules = self.rules(&raw_rules, &queues, &switch.language, &reports.zone, &built_in);
        let routes = self.routes(raw.route.unwrap_or_default(), &named, &built_in, &rules.listen);
        let reasons = self.reasons(raw.reason.as_deref(), &routes, &rules.listen);
        let spoken = scorecards::Spoken {
            scripts: &rules.scripts,
            queues: queues.values().map(|spot| &spot.value).collect(),
            agents: agents.values().map(|spot| &spot.value).collect(),
            users: users.values().map(|spot| &spot.value).collect(),
        };
        let raw_cards = raw.scorecard.unwrap_or_default();
        let samplings = self.samplings(&raw.sampling.unwrap_or_default(), &raw_cards, &spoken);
        let scorecards = self.scorecards(&raw_cards, &spoken);
        self.no_queue_overflows_in_circles();
        self.each_queue_has_an_agent(&queues, &agents);
        self.each_step_lets_somebody_in(&queues, &agents);
        self.each_number_finds_somebody(&queues, &menus, &agents);
        let http_place = raw_http.listen.as_ref().map_or(raw_http.place, |spot| spot.place);
        let http_listen = Spot { value: http.listen, place: http_place };
        self.secrets_stay_secret(&raw_sip, &listen, &agents, &trunks);
        self.ports_do_not_meet(&listen, &http_listen, &raw_media, &media);
        self.no_demo_password_in_the_open(&listen, &http_listen);
        self.no_pages_in_clear_in_the_open(&http_listen, http.tls);
        Config {
            switch,
            sip,
            media,
            http,
            storage,
            agents: without_places(agents),
            queues: without_places(queues),
            routes,
            trunks: without_places(trunks),
            recording_servers,
            recording_sources,
            calendars: without_places(calendars),
            menus: without_places(menus),
            boxes: without_places(boxes),
            rules,
            reasons,
            reports,
            quality,
            users: without_places(users),
            access,
            scorecards,
            samplings,
        }
    }
}
