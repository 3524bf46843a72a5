//! Names of trunks, and where they lead (RFC 3263): asked for beside the switch, again as each answer's time runs out, and told to it when
//! something is new. The core sees targets with priorities and weights; nobody waits for a name.

mod resolve;
#[cfg(test)]
mod tests;

use super::loaded::Loaded;
use super::net::Tls;
use crate::config::{Config, HostQuestion, ListenProtocol, TrunkHost};
use crate::switch::input::{Found, FoundHosts, Input};
use futures_util::StreamExt;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{NameServerConfigGroup, ResolverConfig};
use hickory_resolver::name_server::TokioConnectionProvider;
use hickory_resolver::proto::rr::RecordType;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// When a name that led nowhere is asked for again.
const AGAIN: Duration = if cfg!(test) { Duration::from_millis(300) } else { Duration::from_secs(10) };
/// All that is asked for one name: with a dead server five questions of some seconds.
const PATIENCE: Duration = Duration::from_secs(40);
/// A name server that does not answer leaves what was known good for so long.
const STALE: Duration = Duration::from_secs(86_400);
/// How often it is looked whether something is due: a reload may have brought names.
const LOOK: Duration = Duration::from_millis(500);
/// Names that are asked for at a time.
const ASKED_AT_ONCE: usize = 8;

/// Why a name leads nowhere.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Trouble {
    /// Who knows says so.
    NotFound(String),
    /// Nobody says anything that could be used.
    Silent(String),
}

/// Where a name leads.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Answer {
    targets: Vec<Found>,
    /// For so long.
    life: Duration,
    /// What nobody answered: of some of its targets nothing could be learnt.
    silent: Unanswered,
}

/// Names, and what was asked of them.
type Unanswered = BTreeSet<(String, RecordType)>;

struct Known {
    /// What the switch was told.
    targets: Result<Vec<Found>, String>,
    /// Made without these answers.
    silent: Unanswered,
    good_until: Instant,
    again_at: Instant,
}

/// What is known of the names.
#[derive(Default)]
struct Book(BTreeMap<HostQuestion, Known>);

/// Asks for all names of the configuration, and tells `tls` and the switch when something is new.
pub async fn look_up(loaded: Loaded, tls: Tls, inbox: mpsc::Sender<Input>) {
    let mut book = Book::default();
    let mut servers = None;
    let mut resolver = None;
    loop {
        let config = loaded.get();
        if servers.as_ref() != Some(&config.sip.dns) {
            servers = Some(config.sip.dns.clone());
            resolver = None;
            book.ask_all_anew();
        }
        let wanted = questions(&config);
        let mut is_new = book.keep(&wanted);
        let due = book.due(wanted, Instant::now());
        if !due.is_empty() && resolver.is_none() {
            resolver = resolver_of(&config.sip.dns);
        }
        let spoken: Vec<ListenProtocol> = config.sip.listen.iter().map(|listen| listen.protocol).collect();
        let mut is_silent = false;
        let asked = due.into_iter().map(|question| ask(resolver.as_ref(), question, &spoken));
        let mut answers = futures_util::stream::iter(asked).buffer_unordered(ASKED_AT_ONCE);
        loop {
            if is_new {
                let hosts = book.hosts();
                tls.found(&hosts);
                if inbox.send(Input::Hosts(hosts)).await.is_err() {
                    return;
                }
            }
            let Some((question, answer)) = answers.next().await else { break };
            is_silent |= matches!(answer, Err(Trouble::Silent(_)));
            is_new = book.note(question, answer, Instant::now());
        }
        drop(answers);
        // The system may have other servers by now.
        if is_silent && config.sip.dns.is_empty() {
            resolver = None;
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn ask(
    resolver: Option<&TokioResolver>,
    question: HostQuestion,
    spoken: &[ListenProtocol],
) -> (HostQuestion, Result<Answer, Trouble>) {
    let answer = match resolver {
        Some(resolver) => tokio::time::timeout(PATIENCE, resolve::resolve(resolver, &question, spoken))
            .await
            .unwrap_or_else(|_| Err(Trouble::Silent("no name server answers".to_owned()))),
        None => Err(Trouble::Silent("this machine knows no name server".to_owned())),
    };
    (question, answer)
}

/// What the configuration has of names: where calls go, and where they come from.
fn questions(config: &Config) -> BTreeSet<HostQuestion> {
    let of_trunk = |trunk: &crate::config::TrunkConfig| {
        let hosts = trunk.hosts.iter().filter_map(TrunkHost::question);
        hosts.chain(trunk.accept_names.iter().cloned()).collect::<Vec<_>>()
    };
    config.trunks.values().flat_map(of_trunk).collect()
}

impl Answer {
    fn is_whole(&self) -> bool {
        self.silent.is_empty()
    }

    /// What it says, and of what it does not say what was known before: addresses of one family; all, where its servers are not known.
    fn beside(&self, before: &[Found]) -> Vec<Found> {
        let is_silent = |of: RecordType| self.silent.iter().any(|(_, kind)| *kind == of);
        if self.silent.iter().any(|(_, kind)| !kind.is_ip_addr()) {
            return before.to_vec();
        }
        let is_known =
            |target: &Found| self.targets.iter().any(|found| (found.protocol, found.address) == (target.protocol, target.address));
        let kept = before.iter().filter(|target| {
            let kind = if target.address.is_ipv4() { RecordType::A } else { RecordType::AAAA };
            is_silent(kind) && !is_known(target)
        });
        // A server's weight is shared by both families: it is as it was.
        let as_before = |found: &Found| {
            let is_it =
                |target: &&Found| (target.protocol, target.address, target.priority) == (found.protocol, found.address, found.priority);
            before.iter().find(is_it).unwrap_or(found).clone()
        };
        // By their addresses, as an answer has them.
        let mut targets: Vec<Found> = self.targets.iter().map(as_before).chain(kept.cloned()).collect();
        targets.sort_by_key(|target| (target.priority, target.address));
        targets
    }
}

impl Book {
    fn ask_all_anew(&mut self) {
        self.0.values_mut().for_each(|known| known.again_at = Instant::now());
    }

    /// Forgets what nobody asks any more; true when there was something.
    fn keep(&mut self, wanted: &BTreeSet<HostQuestion>) -> bool {
        let before = self.0.len();
        self.0.retain(|question, _| wanted.contains(question));
        self.0.len() != before
    }

    fn due(&self, wanted: BTreeSet<HostQuestion>, now: Instant) -> Vec<HostQuestion> {
        wanted.into_iter().filter(|question| self.0.get(question).is_none_or(|known| known.again_at <= now)).collect()
    }

    fn hosts(&self) -> FoundHosts {
        self.0.iter().map(|(question, known)| (question.clone(), known.targets.clone())).collect()
    }

    /// True when the switch is to be told.
    fn note(&mut self, question: HostQuestion, answer: Result<Answer, Trouble>, now: Instant) -> bool {
        let before = self.0.get(&question);
        // Where nobody says that it leads elsewhere, it leads where it led.
        let still_good = before.filter(|before| before.targets.is_ok() && before.good_until > now);
        let (targets, silent, good_until, again_at) = match (answer, still_good) {
            (Err(Trouble::Silent(_)), Some(before)) => (before.targets.clone(), before.silent.clone(), before.good_until, now + AGAIN),
            // Now a question is lost that was answered then. What is never answered holds nothing up.
            (Ok(answer), Some(before)) if !answer.silent.is_subset(&before.silent) => {
                let targets = answer.beside(before.targets.as_ref().map_or(&[], Vec::as_slice));
                (Ok(targets), before.silent.clone(), before.good_until, now + AGAIN)
            }
            (Ok(answer), _) => {
                let life = if answer.is_whole() { answer.life } else { AGAIN };
                (Ok(answer.targets), answer.silent, now + life + STALE, now + life)
            }
            (Err(Trouble::Silent(why)), None) | (Err(Trouble::NotFound(why)), _) => (Err(why), Unanswered::new(), now, now + AGAIN),
        };
        let is_new = before.is_none_or(|before| before.targets != targets);
        if is_new {
            match &targets {
                Ok(targets) => tracing::info!(name = question.name, ?targets, "where a trunk's name leads"),
                Err(why) => tracing::warn!(name = question.name, why, "a trunk's name leads nowhere"),
            }
        }
        self.0.insert(question, Known { targets, silent, good_until, again_at });
        is_new
    }
}

fn resolver_of(servers: &[SocketAddr]) -> Option<TokioResolver> {
    let mut builder = if servers.is_empty() {
        TokioResolver::builder_tokio().inspect_err(|error| tracing::warn!(%error, "the system's name servers are not known")).ok()?
    } else {
        let mut group = NameServerConfigGroup::new();
        for server in servers {
            group.merge(NameServerConfigGroup::from_ips_clear(&[server.ip()], server.port(), true));
        }
        TokioResolver::builder_with_config(ResolverConfig::from_parts(None, Vec::new(), group), TokioConnectionProvider::default())
    };
    let options = builder.options_mut();
    options.timeout = if cfg!(test) { Duration::from_millis(300) } else { Duration::from_secs(2) };
    options.attempts = 2;
    // How long an answer is good is minded here.
    options.cache_size = 0;
    Some(builder.build())
}
