//! `sanling`: arguments in, a command run, an exit code out. What the commands do is in `sanling::io::commands`.

use clap::{Args, Parser, Subcommand};
use sanling::io::client::{self, ClientError, Remote};
use sanling::io::commands::{check, hash_password, init, recordings, remote};
use sanling::io::config_files::path_override;
use sanling::io::demo::{self, DemoOptions};
use sanling::io::load::{self, Load};
use sanling::io::run::{self, RunOptions};
use std::io::{self, Stdout, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// See Cargo.toml for what it saves.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Sanling (三铃): a CTI telephony switch and ACD engine.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Without one: run
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the switch: what happens without a command
    Run(RunArguments),
    /// Write a fresh configuration for a real site: random passwords, the address to listen on, what to type into each phone
    Init(InitArguments),
    /// Show it all: the switch with the shipped configuration, and simulated agents and callers over loopback
    Demo(DemoArguments),
    /// Put many plain phones on a switch and tell what it bears: calls with sound, set-ups a second, registrations a second
    #[command(subcommand)]
    Load(Load),
    /// Validate the whole configuration: exit code 0, or 1 with every error at its place
    Check(Configuration),
    /// Ask for a password and print its hash, for users.toml; piped in, the first line is the password
    HashPassword,
    /// The running switch at a glance; exit code 1 when it is not well
    Status(Running),
    /// The latest calls
    Calls(CallsArguments),
    /// The agents and what they do
    Agents(Running),
    /// The queues: who waits, and today's figures
    Queues(Running),
    /// Read the configuration anew; with any error nothing changes
    Reload(Running),
    /// The recordings: list, play, verify, repair
    #[command(subcommand)]
    Recordings(Recordings),
}

#[derive(Subcommand)]
enum Recordings {
    /// The latest recordings
    List {
        #[command(flatten)]
        at: Running,
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Play a call's recording, or write it to a file or to standard output
    Play {
        #[command(flatten)]
        at: Running,
        /// The call's id
        id: String,
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Compute every recording's hash anew and compare it with its record; needs no running switch
    Verify {
        #[command(flatten)]
        at: Running,
        #[arg(long, value_name = "DIR", default_value = "recordings")]
        recordings: PathBuf,
    },
    /// Finish what a crash left open, in folder and database; for a switch that does not run
    Repair {
        #[command(flatten)]
        at: Running,
        #[arg(long, value_name = "DIR", default_value = "recordings")]
        recordings: PathBuf,
    },
}

/// Which running switch is meant.
#[derive(Args)]
struct Running {
    /// Address of its HTTP API
    #[arg(long, env = "SANLING_URL", default_value = client::DEFAULT_URL)]
    url: String,
    /// Its admin token; else admin.token of the data folder
    #[arg(long, env = "SANLING_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The switch's data folder
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Whose certificates are trusted over https, PEM; else whom this machine trusts
    #[arg(long, value_name = "FILE", env = "SANLING_CA")]
    ca: Option<PathBuf>,
    /// For programs
    #[arg(long)]
    json: bool,
}

impl Running {
    fn remote(&self) -> Result<Remote, ClientError> {
        let remote = Remote::new(&self.url, self.token.clone(), &self.data);
        match &self.ca {
            Some(file) => remote.with_authority(file),
            None => Ok(remote),
        }
    }
}

#[derive(Args)]
struct CallsArguments {
    #[command(flatten)]
    at: Running,
    #[arg(long, default_value_t = 20)]
    limit: usize,
    /// Only calls in progress
    #[arg(long)]
    running: bool,
    #[arg(long)]
    agent: Option<String>,
    #[arg(long)]
    queue: Option<String>,
    /// The whole number
    #[arg(long)]
    caller: Option<String>,
    /// answered, abandoned, silent, …
    #[arg(long)]
    outcome: Option<String>,
}

/// Which configuration is meant.
#[derive(Args)]
struct Configuration {
    /// Folder of the configuration
    #[arg(long, value_name = "DIR", default_value = "config")]
    config: PathBuf,
    /// Override one dotted key with a TOML value: --set 'rules.hold.patience="8s"'
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
}

#[derive(Args)]
struct InitArguments {
    /// Folder to write into, empty or not there yet
    folder: PathBuf,
    /// Address to listen on, with a port or not; else the one by which this host reaches its network
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

#[derive(Args)]
struct DemoArguments {
    /// Folder of the configuration; `config` here, or the shipped one
    #[arg(long, value_name = "DIR")]
    config: Option<PathBuf>,
    /// Override one dotted key with a TOML value: --set 'rules.hold.patience="8s"'
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Folder of the database and the state; a temporary one otherwise
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Folder of the recordings; a temporary one otherwise
    #[arg(long, value_name = "DIR")]
    recordings: Option<PathBuf>,
    /// How many callers call, once the first four have
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=600))]
    calls_per_minute: u32,
    /// End by itself after so long
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// The same seed draws the same calls
    #[arg(long, value_name = "N", default_value_t = 3)]
    seed: u64,
}

impl DemoArguments {
    fn options(self) -> DemoOptions {
        let Self { config, overrides, data, recordings, calls_per_minute, seconds, seed } = self;
        DemoOptions { config, overrides, data, recordings, calls_per_minute, seconds, seed }
    }
}

#[derive(Parser)]
struct RunArguments {
    #[command(flatten)]
    configuration: Configuration,
    /// Folder of the database and the state; storage.data of the configuration otherwise
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Folder of the recordings; storage.recordings of the configuration otherwise
    #[arg(long, value_name = "DIR")]
    recordings: Option<PathBuf>,
}

impl RunArguments {
    fn options(self) -> RunOptions {
        let Self { configuration: Configuration { config, mut overrides }, data, recordings } = self;
        overrides.extend(data.map(|path| path_override("storage.data", &path)));
        overrides.extend(recordings.map(|path| path_override("storage.recordings", &path)));
        RunOptions { config, overrides }
    }
}

fn main() -> ExitCode {
    let mut out = UntilClosed(io::stdout());
    let command = Arguments::parse().command.unwrap_or_else(|| Command::Run(RunArguments::parse_from([""])));
    match command {
        Command::Run(args) => verdict(run::main(args.options())),
        Command::Demo(args) => verdict(demo::main(args.options())),
        Command::Load(mode) => verdict(load::main(&mode, &mut out)),
        Command::Init(args) => verdict(init::init(&args.folder, args.listen.as_deref(), &mut out)),
        Command::Check(args) => match check::check(&args.config, &args.overrides, &mut out) {
            Ok(good) => ExitCode::from(u8::from(!good)),
            Err(error) => verdict(Err(error)),
        },
        Command::HashPassword => verdict(hash_password::hash_password(&mut out)),
        Command::Status(at) => verdict(at.remote().and_then(|switch| remote::status(&switch, at.json, &mut out))),
        Command::Calls(CallsArguments { at, limit, running, agent, queue, caller, outcome }) => {
            let query = remote::CallQuery { limit, running, agent, queue, caller, outcome, recording: None };
            verdict(at.remote().and_then(|switch| remote::calls(&switch, &query, at.json, &mut out)))
        }
        Command::Agents(at) => verdict(at.remote().and_then(|switch| remote::agents(&switch, at.json, &mut out))),
        Command::Queues(at) => verdict(at.remote().and_then(|switch| remote::queues(&switch, at.json, &mut out))),
        Command::Reload(at) => verdict(at.remote().and_then(|switch| remote::reload(&switch, at.json, &mut out))),
        Command::Recordings(Recordings::List { at, limit }) => {
            verdict(at.remote().and_then(|switch| recordings::list(&switch, limit, at.json, &mut out)))
        }
        Command::Recordings(Recordings::Play { at, id, output }) => {
            verdict(at.remote().and_then(|switch| recordings::play(&switch, &id, output.as_deref())))
        }
        Command::Recordings(Recordings::Verify { at, recordings }) => verdict(recordings::verify(&recordings, &at.data, at.json, &mut out)),
        Command::Recordings(Recordings::Repair { at, recordings }) => {
            verdict(at.remote().and_then(|switch| recordings::repair(&switch, &recordings, &at.data, &mut out)))
        }
    }
}

/// Standard output whose reader may have seen enough, as `head` has: then the command ends, without a word.
struct UntilClosed(Stdout);

impl UntilClosed {
    fn or_end<T>(result: io::Result<T>) -> io::Result<T> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
            other => other,
        }
    }
}

impl Write for UntilClosed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::or_end(self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Self::or_end(self.0.flush())
    }
}

/// Exit code 0, or the error on standard error and 1.
fn verdict<E: std::fmt::Display>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sanling: {error}");
            ExitCode::FAILURE
        }
    }
}
