//! `sanling`: arguments in, a command run, an exit code out. What the commands do is in `sanling::io::commands`.

use clap::{Args, Parser, Subcommand};
use sanling::io::commands::{check, init};
use sanling::io::config_files::path_override;
use sanling::io::run::{self, RunOptions};
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

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
    /// Validate the whole configuration: exit code 0, or 1 with every error at its place
    Check(Configuration),
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
    let mut out = io::stdout();
    let command = Arguments::parse().command.unwrap_or_else(|| Command::Run(RunArguments::parse_from([""])));
    match command {
        Command::Run(args) => verdict(run::main(args.options())),
        Command::Init(args) => verdict(init::init(&args.folder, args.listen.as_deref(), &mut out)),
        Command::Check(args) => match check::check(&args.config, &args.overrides, &mut out) {
            Ok(good) => ExitCode::from(u8::from(!good)),
            Err(error) => verdict(Err(error)),
        },
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
