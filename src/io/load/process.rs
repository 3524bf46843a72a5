//! What the kernel says of a process: processor time and memory.

use std::fs;
use std::time::Duration;

/// A reading; differences of two are what is told.
#[derive(Clone, Copy, Default, Debug)]
pub struct Reading {
    /// In user and kernel, all threads, also those that have ended.
    pub cpu: Duration,
    /// Resident set, in KiB.
    pub resident_kib: u64,
}

/// `USER_HZ`, which Linux shows to programs as 100 on every machine.
const TICK: Duration = Duration::from_millis(10);

/// Reads `/proc/PID`; `None` when there is no such process (any more).
#[must_use]
pub fn read(pid: u32) -> Option<Reading> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(Reading { cpu: cpu_of(&stat)?, resident_kib: resident_of(&status)? })
}

/// Fields 14 and 15 of proc(5); the name before them may hold anything, a parenthesis too.
fn cpu_of(stat: &str) -> Option<Duration> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * user + TICK * system)
}

fn resident_of(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 10 0 0 0 150 25 0 0 20 0 4 0 100 0 0";
        assert_eq!(cpu_of(stat), Some(Duration::from_millis(1_750)));
        assert_eq!(resident_of("Name:\tx\nVmRSS:\t    1234 kB\n"), Some(1_234));
        assert_eq!(cpu_of("7 (x"), None);
    }

    #[test]
    fn we_are_a_process_ourselves() {
        assert!(read(std::process::id()).is_some_and(|reading| reading.resident_kib > 0));
    }
}
