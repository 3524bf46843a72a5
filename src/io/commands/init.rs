//! `sanling init DIR`: a fresh configuration for a real site, made from the shipped one: random passwords, the site's address, the
//! prompts beside it, and what to type into each phone and to sign in to the pages. It never writes over anything.

use super::hash_password;
use crate::io::shipped;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

const SIP_PORT: u16 = 5060;
/// Of 32 letters and digits each: 80 bits, typed once into a phone.
const PASSWORD_LENGTH: usize = 16;
/// No 0 and O, 1, l and I: passwords are read off a screen.
const PASSWORD_LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// Why nothing, or not everything, was written.
#[derive(Debug)]
pub enum InitError {
    /// `--listen` is neither ADDRESS nor ADDRESS:PORT.
    NotAnAddress(String),
    NotEmpty(PathBuf),
    NotWritten {
        path: PathBuf,
        reason: io::Error,
    },
    NoRandomness,
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnAddress(text) => {
                write!(f, "--listen {text}: an address is wanted, with a port or not: 192.168.1.10 or 192.168.1.10:5060")
            }
            Self::NotEmpty(path) => {
                write!(f, "{}: there is something already; name a folder that is empty or not there yet", path.display())
            }
            Self::NotWritten { path, reason } => write!(f, "{}: cannot be written: {reason}", path.display()),
            Self::NoRandomness => f.write_str("the system gives no random numbers to make passwords of"),
        }
    }
}

impl std::error::Error for InitError {}

/// Writes the configuration into `folder` and what to type into each phone to `out`. Without `listen` the address by which this
/// host reaches its network is taken.
///
/// # Errors
///
/// The folder is not empty or cannot be written; `listen` is no address.
pub fn init(folder: &Path, listen: Option<&str>, out: &mut impl Write) -> Result<(), InitError> {
    let address = match listen {
        Some(text) => parse_address(text).ok_or_else(|| InitError::NotAnAddress(text.to_owned()))?,
        None => SocketAddr::new(own_address(), SIP_PORT),
    };
    if fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(InitError::NotEmpty(folder.to_owned()));
    }
    let (mut phones, mut users) = (Vec::new(), Vec::new());
    for (name, bytes) in shipped::FILES {
        let path = folder.join(name);
        let written = match *name {
            "agents.toml" => {
                write_file(&path, fresh(bytes, &mut phones, |password| Ok(password.to_owned()))?.as_bytes(), Readers::OwnerAlone)
            }
            "users.toml" => write_file(&path, fresh(bytes, &mut users, hashed)?.as_bytes(), Readers::OwnerAlone),
            "switch.toml" => write_file(&path, switch(bytes, address).as_bytes(), Readers::Everyone),
            _ => write_file(&path, bytes, Readers::Everyone),
        };
        written.map_err(|reason| InitError::NotWritten { path, reason })?;
    }
    let shown = |reason| InitError::NotWritten { path: PathBuf::from("standard output"), reason };
    tell(folder, address, &phones, &users, out).map_err(shown)
}

fn parse_address(text: &str) -> Option<SocketAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    text.parse().ok().or_else(|| Some(SocketAddr::new(bare.parse().ok()?, SIP_PORT)))
}

/// The address that this host's routes choose towards the world; nothing is sent. Loopback when there is no network.
fn own_address() -> IpAddr {
    let chosen = || -> io::Result<IpAddr> {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        // RFC 5737: an address that is nobody's.
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        Ok(socket.local_addr()?.ip())
    };
    chosen().ok().filter(|address| !address.is_unspecified()).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

/// What is shipped with a password of its own for each, noted in `passwords` by id; in the file it stands as `written`.
fn fresh(
    shipped: &[u8],
    passwords: &mut Vec<(String, String)>,
    written: impl Fn(&str) -> Result<String, InitError>,
) -> Result<String, InitError> {
    let text = String::from_utf8_lossy(shipped);
    let mut fresh = String::new();
    for line in text.lines() {
        match line.strip_prefix("password = \"demo-").and_then(|rest| rest.strip_suffix('"')) {
            Some(id) => {
                let password = random_password()?;
                fresh.push_str(&format!("password = \"{}\"\n", written(&password)?));
                passwords.push((id.to_owned(), password));
            }
            None if !line.contains(shipped::DEMO_NOTE) => {
                fresh.push_str(line);
                fresh.push('\n');
            }
            None => {}
        }
    }
    Ok(fresh)
}

/// Users' passwords are for people's heads: the file has their hashes.
fn hashed(password: &str) -> Result<String, InitError> {
    hash_password::hash(password).map_err(|_| InitError::NoRandomness)
}

fn switch(shipped: &[u8], address: SocketAddr) -> String {
    let text = String::from_utf8_lossy(shipped);
    let line = |line: &str| match line.strip_prefix("listen = [\"udp:") {
        Some(_) => format!("listen = [\"udp:{address}\", \"tcp:{address}\"]\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

fn random_password() -> Result<String, InitError> {
    let mut bytes = [0u8; PASSWORD_LENGTH];
    getrandom::fill(&mut bytes).map_err(|_| InitError::NoRandomness)?;
    Ok(bytes.iter().map(|byte| char::from(PASSWORD_LETTERS[usize::from(byte % 32)])).collect())
}

#[derive(Clone, Copy)]
enum Readers {
    Everyone,
    OwnerAlone,
}

fn write_file(path: &Path, bytes: &[u8], readers: Readers) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if let Readers::OwnerAlone = readers {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)?.write_all(bytes)
}

fn tell(
    folder: &Path,
    address: SocketAddr,
    phones: &[(String, String)],
    users: &[(String, String)],
    out: &mut impl Write,
) -> io::Result<()> {
    let folder = folder.display();
    writeln!(out, "A configuration stands in {folder}. Type into each phone:\n")?;
    writeln!(out, "  SIP server (domain, registrar)  {address}, over UDP or TCP\n")?;
    writeln!(out, "  user name  password")?;
    for (id, password) in phones {
        writeln!(out, "  {id:<9}  {password}")?;
    }
    writeln!(out, "\nSign in to the pages; these passwords stand nowhere but here:\n")?;
    writeln!(out, "  user             password")?;
    for (id, password) in users {
        writeln!(out, "  {id:<15}  {password}")?;
    }
    writeln!(out, "\nThe hotline is 95000. Phones call each other by user name; 1000 is the supervisor.")?;
    if address.ip().is_loopback() {
        writeln!(out, "{address} is reached from this computer alone; --listen ADDRESS names another.")?;
    }
    writeln!(out, "The carrier's addresses are yet to be entered: {folder}/routing.toml, [[trunk]].")?;
    writeln!(out, "Calls travel in clear until {folder}/switch.toml has a certificate, [tls], and srtp: README, Encryption.")?;
    writeln!(out, "\n  sanling check --config {folder}\n  sanling run --config {folder}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::config_files;

    #[test]
    fn a_fresh_configuration_has_passwords_of_its_own_and_listens_where_told() {
        let parent = tempfile::tempdir().expect("a folder for the test");
        let folder = parent.path().join("site");
        let mut told = Vec::new();
        init(&folder, Some("192.0.2.10"), &mut told).expect("an empty place");
        let outcome = config_files::load(&folder, &[]).expect("texts");
        let config = outcome.config.unwrap_or_else(|errors| panic!("{}", errors[0]));
        assert!(config.sip.listen.iter().all(|listen| listen.address == "192.0.2.10:5060".parse().expect("an address")));
        assert_eq!((config.sip.listen.len(), config.agents.len()), (2, 5));
        let agents = fs::read_to_string(folder.join("agents.toml")).expect("the agents' file");
        assert!(!agents.contains("demo-") && !agents.contains(shipped::DEMO_NOTE));
        let users = fs::read_to_string(folder.join("users.toml")).expect("the users' file");
        assert!(!users.contains("demo-") && !users.contains(shipped::DEMO_NOTE) && users.matches("= \"$argon2id$").count() == 5);
        let told = String::from_utf8(told).expect("text");
        for id in config.users.keys() {
            let line = told.lines().rfind(|line| line.trim_start().starts_with(id.as_str())).expect("a line a user");
            let password = line.split_whitespace().last().expect("a password");
            assert!(password.len() == PASSWORD_LENGTH && !users.contains(password), "{line}");
        }
        for id in config.agents.keys() {
            let line = told.lines().find(|line| line.trim_start().starts_with(id.as_str())).expect("a line a phone");
            let password = line.split_whitespace().last().expect("a password");
            assert_eq!(password.len(), PASSWORD_LENGTH);
            assert!(agents.contains(&format!("password = \"{password}\"")));
        }
    }

    #[test]
    fn nothing_is_written_over() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        fs::write(folder.path().join("mine.txt"), "mine").expect("a file");
        assert!(matches!(init(folder.path(), None, &mut Vec::new()), Err(InitError::NotEmpty(_))));
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
    }

    #[test]
    fn addresses_are_taken_with_and_without_a_port() {
        for (text, expected) in [
            ("192.0.2.10", Some("192.0.2.10:5060")),
            ("192.0.2.10:5070", Some("192.0.2.10:5070")),
            ("2001:db8::1", Some("[2001:db8::1]:5060")),
            ("[2001:db8::1]", Some("[2001:db8::1]:5060")),
            ("udp:192.0.2.10", None),
            ("", None),
        ] {
            assert_eq!(parse_address(text).map(|address| address.to_string()).as_deref(), expected, "{text}");
        }
    }
}
