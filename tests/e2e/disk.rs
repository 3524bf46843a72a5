//! The switch's data on a disk of the test's own, which gets full or stands still under real calls: a small tmpfs, and an ext4 in a file
//! that is frozen. Where a disk cannot be made or mounted (no root, a container) nothing is proven.

use crate::baresip::{Baresip, Phone};
use crate::harness::{Site, pass, text};
use crate::sound::tone;
use serde_json::Value;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Unmounted when dropped: to be made before the site, so that it outlives it.
struct Disk(tempfile::TempDir);

impl Disk {
    fn of_memory(size: &str) -> Option<Self> {
        let disk = Self::folder();
        disk.mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).then_some(disk)
    }

    fn ext4(bytes: u64) -> Option<Self> {
        let disk = Self::folder();
        let image = disk.0.path().join("image");
        File::create(&image).and_then(|file| file.set_len(bytes)).expect("room for a disk");
        let made = Command::new("mkfs.ext4").arg("-q").arg(&image).output().is_ok_and(|output| output.status.success());
        (made && disk.mount(&["-o", "loop", utf8(&image)])).then_some(disk)
    }

    fn mount(&self, what: &[&str]) -> bool {
        let mounted = Command::new("mount").args(what).arg(self.path()).output().is_ok_and(|output| output.status.success());
        if !mounted {
            eprintln!("not allowed to mount a disk: nothing was tested");
        }
        mounted
    }

    fn folder() -> Self {
        let disk = Self(tempfile::Builder::new().prefix("sanling-disk-").tempdir().expect("a folder"));
        fs::create_dir(disk.path()).expect("made");
        disk
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("disk")
    }

    /// A site whose data are on it.
    fn site(&self) -> Site {
        let data = self.path().join("data");
        fs::create_dir(&data).expect("made");
        Site::start_with(&[], |config| std::os::unix::fs::symlink(&data, config.with_file_name("data")).expect("linked"))
    }

    /// Not a byte is left.
    fn fill(&self) {
        let mut ballast = File::create(self.path().join("ballast")).expect("created");
        for size in [65_536, 4_096, 1] {
            while ballast.write_all(&vec![1; size]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.path().join("ballast")).expect("removed");
    }

    /// Whoever writes from now on waits, until what is returned is dropped.
    fn freeze(&self) -> Frozen {
        run("fsfreeze", &["-f", utf8(&self.path())]);
        Frozen(self.path())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

struct Frozen(PathBuf);

impl Drop for Frozen {
    fn drop(&mut self) {
        let _ = Command::new("fsfreeze").arg("-u").arg(&self.0).status();
    }
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("a path of the test's own")
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
}

fn phones(site: &Site, says: &[i16]) -> (Baresip, Baresip) {
    let phone = |agent, port, answers| Phone { agent, port, says, codec: "pcma", answers, transport: "udp" };
    (Baresip::start(site, &phone("1001", 10, true)), Baresip::start(site, &phone("1002", 20, false)))
}

/// A row for the store: what agent 1004 says of himself.
fn writes_something(site: &Site, reason: &str) {
    let (status, _) = site.post("/api/v1/agents/1004/state", &format!(r#"{{"state": "not-ready", "reason": "{reason}"}}"#));
    assert!(status < 500, "{status}: to write it down is waited for by nobody");
}

fn gauge(site: &Site, name: &str) -> String {
    let text = String::from_utf8_lossy(&site.get_bytes("/metrics").1).into_owned();
    text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name}")).trim().to_owned()
}

/// Both calls, newest first, are whole.
fn expect_two_whole_calls(site: &Site) {
    let list = site.get("/api/v1/calls");
    let calls: &Vec<Value> = list["items"].as_array().expect("a list");
    assert_eq!(calls.len(), 2, "{calls:#?}");
    for call in calls {
        assert_eq!((text(&call["outcome"]), text(&call["released_by"])), ("answered", "caller"), "{call:#}");
        assert_eq!(text(&call["recording"]["state"]), "complete", "{call:#}");
        let told: Vec<String> = site.events(call).into_iter().map(|(name, ..)| name).collect();
        for name in ["call.arrived", "call.established", "call.released"] {
            assert_eq!(told.iter().filter(|one| *one == name).count(), 1, "{name} in {told:?}");
        }
    }
}

/// The second call ends, and both are written down, not only shown.
fn ends_whole(site: &mut Site, caller: &mut Baresip) {
    pass(1.0);
    caller.hang_up();
    site.ended_call(10.0);
    expect_two_whole_calls(site);
    site.kill();
    site.launch();
    expect_two_whole_calls(site);
}

#[test]
fn a_full_disk_under_the_data_is_told_stops_no_call_and_costs_no_record() {
    let Some(disk) = Disk::of_memory("24m") else { return };
    let mut site = disk.site();
    let says = tone(600.0, 60.0);
    let (_agent, mut caller) = phones(&site, &says);
    caller.dial("95000");
    site.agent_becomes("1001", "talking", 5.0);
    disk.fill();
    let mut told = Value::Null;
    site.until("the trouble is told", 15.0, |site| {
        writes_something(site, "break");
        told = site.get("/healthz");
        told["reasons"].to_string().contains("No space left")
    });
    assert_eq!(text(&told["status"]), "failing");
    assert!(site.log().contains("No space left"), "and logged");
    // The call goes on, and another comes and is answered: what is to be written waits, and there is room for much more.
    pass(2.0);
    assert_eq!(site.agent("1001").0, "talking");
    caller.hang_up();
    site.agent_becomes("1001", "ready", 5.0);
    caller.dial("95000");
    site.agent_becomes("1001", "talking", 5.0);
    assert_eq!((gauge(&site, "sanling_store_blocked "), gauge(&site, "sanling_store_rows_lost_total ")), ("0".to_owned(), "0".to_owned()));
    disk.free();
    site.until("it is well again by itself", 15.0, |site| site.get_bytes("/healthz").0 == 200);
    ends_whole(&mut site, &mut caller);
}

#[test]
fn a_disk_that_stands_still_for_five_seconds_delays_no_call_and_costs_no_record() {
    let Some(disk) = Disk::ext4(64 << 20) else { return };
    let mut site = disk.site();
    let says = tone(600.0, 60.0);
    let (_agent, mut caller) = phones(&site, &says);
    caller.dial("95000");
    site.agent_becomes("1001", "talking", 5.0);
    let stands_still = disk.freeze();
    let frozen = std::time::Instant::now();
    pass(1.0);
    caller.hang_up();
    site.agent_becomes("1001", "ready", 1.0);
    caller.dial("95000");
    site.agent_becomes("1001", "talking", 1.5);
    writes_something(&site, "meal");
    pass((5.0 - frozen.elapsed().as_secs_f64()).max(0.0));
    assert_eq!(site.agent("1001").0, "talking");
    assert_ne!(gauge(&site, "sanling_store_rows_waiting "), "0", "nothing was written all that time");
    assert_eq!((gauge(&site, "sanling_store_blocked "), gauge(&site, "sanling_store_rows_lost_total ")), ("0".to_owned(), "0".to_owned()));
    drop(stands_still);
    ends_whole(&mut site, &mut caller);
}
