//! What the command line says of a load.

use super::hotline::Hotline;
use super::words::{Account, Secret};
use crate::io::config_files;
use clap::{Args, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Clone, Debug, Subcommand)]
pub enum Load {
    /// Calls with sound in both directions, which stay up: what a call costs, and what is lost and delayed
    Calls(LoadOptions),
    /// Calls that are answered at once and ended at once, without sound: how many a second
    Setups(LoadOptions),
    /// Registrations, each with challenge and answer: how many a second
    Registrations(LoadOptions),
    /// The floor to measure against: no switch, a thread that passes packets on between pairs of ports
    Relay(RelayOptions),
}

#[derive(Clone, Debug, Args)]
pub struct RelayOptions {
    /// The first port; a leg takes every second one, and neighbours are a call
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:30000")]
    pub first: SocketAddr,
    #[arg(long, value_name = "N", default_value_t = 2_000, value_parser = clap::value_parser!(u16).range(1..=8_000))]
    pub calls: u16,
}

#[derive(Clone, Debug, Args)]
pub struct LoadOptions {
    /// Where the switch's SIP listens
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:5060")]
    pub target: SocketAddr,
    /// No switch and no SIP: the same packets through the bare relay whose first port this is
    #[arg(long, value_name = "ADDRESS")]
    pub floor: Option<SocketAddr>,
    /// Folder of the switch's configuration: agents, their passwords, domain and hotline are taken from it
    #[arg(long, value_name = "DIR")]
    pub config: Option<PathBuf>,
    /// The agents' ids
    #[arg(long, value_name = "FIRST-LAST")]
    pub agents: Option<String>,
    /// The agents' password; {id} in it stands for the id
    #[arg(long, default_value = "demo-{id}")]
    pub password: String,
    /// SIP domain of the agents
    #[arg(long, default_value = "sanling.local")]
    pub domain: String,
    /// Callers with a password, by their ids; without, the calls come from outside
    #[arg(long, value_name = "FIRST-LAST")]
    pub callers: Option<String>,
    /// The number that is called
    #[arg(long)]
    pub number: Option<String>,
    /// Calls at once; several numbers are stages, one after the other
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    pub calls: Vec<usize>,
    /// Calls or registrations a second, whatever becomes of them; several numbers are stages, one after the other
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    pub rate: Vec<f64>,
    /// How fast the calls of a stage are placed, a second
    #[arg(long, value_name = "N", default_value_t = 50.0)]
    pub ramp: f64,
    /// Seconds from a call's answer to its release; without, calls last until the load ends
    #[arg(long, value_name = "SECONDS")]
    pub hold: Option<f64>,
    /// Seconds from an agent's ringing to his answer
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    pub ring: f64,
    /// Seconds after which a call that nobody answered is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    pub patience: f64,
    /// Sound: on or off
    #[arg(long, value_name = "on|off", default_value = "on", value_parser = clap::builder::BoolishValueParser::new(), action = clap::ArgAction::Set)]
    pub rtp: bool,
    /// Seconds of a stage that are measured
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    pub time: f64,
    /// End after the first stage that loses 0.1 % or delays more than one packet in a hundred by 5 ms
    #[arg(long)]
    pub until_bad: bool,
    /// Seconds before them, once the calls of a stage are up: greetings are spoken
    #[arg(long, value_name = "SECONDS", default_value_t = 6.0)]
    pub settle: f64,
    /// Seconds that a registration is asked to last; it is renewed at half of them
    #[arg(long, value_name = "SECONDS", default_value_t = 3_600)]
    pub expires: u64,
    /// The switch's process: its processor time and memory are told
    #[arg(long)]
    pub pid: Option<u32>,
    /// For programs
    #[arg(long)]
    pub json: bool,
}

/// Seconds of the command line; nonsense is none.
pub(super) fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or_default()
}

/// Whom the load plays, and where he is found.
#[derive(Clone, Debug)]
pub(super) struct Cast {
    pub agents: Vec<Account>,
    pub callers: Vec<Account>,
    pub domain: String,
    pub number: String,
}

impl LoadOptions {
    /// # Errors
    /// The configuration cannot be read, or a range is none; the sentence says what.
    pub(super) fn cast(&self) -> Result<Cast, String> {
        let mut cast = Cast { agents: Vec::new(), callers: Vec::new(), domain: self.domain.clone(), number: "95000".to_owned() };
        if let Some(folder) = &self.config {
            let outcome = config_files::load(folder, &[]).map_err(|error| error.to_string())?;
            let config =
                outcome.config.map_err(|errors| format!("{}: {} error(s); see `sanling check`", folder.display(), errors.len()))?;
            let hotline = Hotline::of(&config, usize::MAX).ok_or("no number of the configuration leads to a queue with agents")?;
            let with_hash = hotline.agents.into_iter().map(|(user, hash)| Account { user, secret: Secret::Sha256(hash) });
            (cast.agents, cast.number, cast.domain) = (with_hash.collect(), hotline.number, config.switch.domain.clone());
        }
        if let Some(range) = &self.agents {
            cast.agents = self.accounts(range)?;
        }
        if let Some(range) = &self.callers {
            cast.callers = self.accounts(range)?;
        }
        if let Some(number) = &self.number {
            cast.number.clone_from(number);
        }
        Ok(cast)
    }

    fn accounts(&self, range: &str) -> Result<Vec<Account>, String> {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (Ok(from), Ok(to)) = (first.parse::<u64>(), last.parse::<u64>()) else {
            return Err(format!("{range} is no range of ids, as 1001-1500 is"));
        };
        let account = |id: u64| {
            let user = format!("{id:0width$}", width = first.len());
            let password = self.password.replace("{id}", &user);
            Account { user, secret: Secret::Password(password) }
        };
        Ok((from..=to).map(account).collect())
    }
}
