//! Real files in folders of their own. Every wait has a deadline.

use super::*;
use crate::audio::g711::Law;
use crate::base::{CallId, CallSound, Codec, Rng, Timestamp};
use crate::media::control::{Channel, Recorded, Sound};
use crate::switch::input::RecorderReport;
use hound::{SampleFormat, WavReader, WavSpec};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

const DEADLINE: Duration = Duration::from_secs(10);

struct World {
    folder: tempfile::TempDir,
    recorder: Recorder,
    sink: RecorderSink,
    inbox: mpsc::Receiver<Input>,
    /// How recordings sound, as it was told before they were complete.
    sounds: Vec<(CallId, CallSound)>,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::recording_to(folder.path().to_owned(), folder)
    }

    fn recording_to(path: PathBuf, folder: tempfile::TempDir) -> Self {
        let (sender, inbox) = mpsc::channel(64);
        let recorder = Recorder::start(path, sender).expect("threads");
        Self { folder, sink: recorder.sink(), recorder, inbox, sounds: Vec::new() }
    }

    fn pass(&mut self, chunk: Recorded) {
        self.sink.pass(&mut vec![chunk]);
    }

    fn report(&mut self) -> RecorderReport {
        loop {
            match until(|| self.inbox.try_recv().ok()) {
                Input::Recorder(RecorderReport::Sounded { call, sound }) => self.sounds.push((call, sound)),
                Input::Recorder(report) => return report,
                other => panic!("a recorder does not say {other:?}"),
            }
        }
    }

    /// Two seconds of talk: A-law left, linear right from 0.5 s on.
    fn talk(&mut self, call: CallId, packets: u64) {
        self.pass(Recorded::Started { call, rate: 8_000, resumed: false });
        assert!(matches!(self.report(), RecorderReport::Opened { .. }));
        for n in 0..packets {
            let position = n * 160;
            let mut payload = Vec::new();
            Law::A.encode(&tone(440.0, position), &mut payload);
            let audio = Sound::Encoded { codec: Codec::Pcma, source: 1, payload };
            self.pass(Recorded::Audio { call, channel: Channel::Left, position, audio });
            if n >= 25 {
                let audio = Sound::Linear(tone(1_000.0, position));
                self.pass(Recorded::Audio { call, channel: Channel::Right, position, audio });
            }
        }
    }
}

fn until<T>(mut ready: impl FnMut() -> Option<T>) -> T {
    let give_up_at = Instant::now() + DEADLINE;
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < give_up_at, "waited too long");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn call(seed: u64) -> CallId {
    // 2026-11-21T00:00:00Z
    CallId::new(Timestamp(1_795_219_200_000), &mut Rng::new(seed))
}

fn tone(hz: f64, position: u64) -> Vec<i16> {
    let step = hz / 8_000.0 * std::f64::consts::TAU;
    (position..position + 160).map(|n| (8_000.0 * (n as f64 * step).sin()) as i16).collect()
}

/// A file's two channels.
fn channels(path: &Path) -> [Vec<i16>; 2] {
    let samples: Vec<i16> = WavReader::open(path).expect("a WAV file").samples().collect::<Result<_, _>>().expect("whole");
    [0, 1].map(|side| samples.iter().skip(side).step_by(2).copied().collect())
}

/// Frequency of a tone by its rising zero crossings.
fn pitch(samples: &[i16]) -> f64 {
    let rising = samples.windows(2).filter(|pair| pair[0] < 0 && pair[1] >= 0).count();
    rising as f64 * 8_000.0 / samples.len() as f64
}

fn is_tone(samples: &[i16], hz: f64) -> bool {
    (pitch(samples) - hz).abs() < 10.0 && samples.iter().any(|sample| *sample > 7_000)
}

#[test]
fn both_sides_of_a_call_are_on_file_where_they_were_heard() {
    let mut world = World::new();
    let id = call(1);
    world.talk(id, 100);
    world.pass(Recorded::Stopped { call: id, samples: 20_000 });
    let RecorderReport::Complete { call, file, duration, sha256 } = world.report() else { panic!("not complete") };
    assert_eq!((call, file.as_str(), duration), (id, format!("2026/11/21/{id}.wav").as_str(), Duration::from_millis(2_500)));
    let path = world.folder.path().join(&file);
    let [left, right] = channels(&path);
    assert_eq!((left.len(), right.len()), (20_000, 20_000));
    assert!(is_tone(&left[..16_000], 440.0) && is_tone(&right[4_000..16_000], 1_000.0));
    assert!(right[..4_000].iter().chain(&left[16_000..]).chain(&right[16_000..]).all(|sample| *sample == 0), "silence where nothing was");
    assert_eq!(verify(world.folder.path(), &file, &sha256), Verdict::Intact);
    let &[(its, sound)] = &world.sounds[..] else { panic!("{:?}", world.sounds) };
    assert_eq!((its, sound.duration), (id, duration));
    // What goes on evenly from the start is no speech; what begins and ends is taken for some.
    let [left_side, right_side] = sound.sides;
    assert!(left_side.speech.is_zero() && (i32::from(left_side.noise_dbov) + 15).abs() <= 1, "{sound:?}");
    assert!((i32::from(right_side.level_dbov) + 15).abs() <= 1 && right_side.speech > Duration::from_secs(1), "{sound:?}");
    assert!(!path.with_extension("wav.part").exists());
    assert_eq!(finished(world.folder.path()).expect("listed").len(), 1);
    fs::write(&path, b"tampered").expect("written");
    assert!(matches!(verify(world.folder.path(), &file, &sha256), Verdict::Changed { .. }));
    fs::remove_file(&path).expect("removed");
    assert_eq!(verify(world.folder.path(), &file, &sha256), Verdict::Missing);
    assert!(matches!(verify(world.folder.path(), "../../etc/passwd", &sha256), Verdict::Unreadable { .. }));
}

#[test]
fn a_running_calls_file_is_right_to_within_a_second_and_survives_a_crash() {
    let mut world = World::new();
    let id = call(2);
    world.talk(id, 200);
    let part = world.folder.path().join(format!("2026/11/21/{id}.wav.part"));
    // Four seconds were heard: at most the window and one flush are missing.
    until(|| WavReader::open(&part).ok().filter(|reader| reader.duration() >= 3 * 8_000));
    let [left, right] = channels(&part);
    assert!(is_tone(&left, 440.0) && is_tone(&right[4_000..], 1_000.0));

    // A repair beside the running switch leaves it alone.
    let beside = repair(world.folder.path(), &BTreeSet::new()).expect("listed");
    assert_eq!((beside.recovered.len(), beside.left.len()), (0, 1));
    assert!(beside.left[0].reason.contains("running switch"), "{beside:?}");

    // The same file as a crash leaves it.
    let crashed = tempfile::tempdir().expect("a folder");
    let copy = crashed.path().join(format!("2026/11/21/{id}.wav.part"));
    fs::create_dir_all(copy.parent().expect("a day")).expect("a day");
    fs::copy(&part, &copy).expect("copied");
    let repaired = repair(crashed.path(), &BTreeSet::new()).expect("listed");
    assert_eq!(repaired.left, []);
    let Recovered { call, file, duration, sha256, sound } = &repaired.recovered[0];
    assert!(*call == id && *duration >= Duration::from_secs(3), "{duration:?}");
    assert!(sound.is_some_and(|sound| sound.duration.abs_diff(*duration) < Duration::from_millis(20)), "{sound:?}");
    assert_eq!(verify(crashed.path(), file, sha256), Verdict::Intact);
    assert!(is_tone(&channels(&crashed.path().join(file))[0], 440.0));
    assert_eq!(repair(crashed.path(), &BTreeSet::new()).expect("listed"), Repair::default(), "nothing is left to repair");
}

/// What a crash may leave of a header and its file, and what becomes of it.
#[test]
fn every_kind_of_wreck_is_repaired_or_left_untouched() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut sound = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(
        &mut sound,
        WavSpec { channels: 2, sample_rate: 16_000, bits_per_sample: 16, sample_format: SampleFormat::Int },
    )
    .expect("a header");
    (0..32_000).for_each(|n: i16| writer.write_sample(n).expect("written"));
    writer.finalize().expect("finished");
    let whole = sound.into_inner();
    let with = |range: std::ops::Range<usize>, byte: u8| {
        let mut bytes = whole.clone();
        bytes[range].fill(byte);
        bytes
    };
    let cases: [(&str, Vec<u8>, Option<u64>); 9] = [
        ("whole", whole.clone(), Some(1_000)),
        ("sizes of zero, as hound leaves them", [&with(4..8, 0)[..40], &[0; 4], &whole[44..]].concat(), Some(1_000)),
        ("sizes too large", [&with(4..8, 0xFF)[..40], &[0xFF; 4], &whole[44..]].concat(), Some(1_000)),
        ("cut in the middle of a frame", whole[..44 + 32_003].to_vec(), Some(500)),
        ("a header never written: 8 kHz is assumed", with(0..44, 0), Some(2_000)),
        ("only a header", whole[..44].to_vec(), Some(0)),
        ("half a header", whole[..20].to_vec(), Some(0)),
        ("empty", Vec::new(), Some(0)),
        ("something else", with(0..44, b'x'), None),
    ];
    let mut expected = Vec::new();
    for (seed, (what, bytes, milliseconds)) in (1..).zip(cases) {
        let id = call(seed);
        let part = folder.path().join(format!("2026/11/21/{id}.wav.part"));
        fs::create_dir_all(part.parent().expect("a day")).expect("a day");
        fs::write(&part, &bytes).expect("written");
        expected.push((id, what, bytes, milliseconds));
    }
    fs::write(folder.path().join("2026/11/21/notes.wav.part"), b"not ours").expect("written");
    let repaired = repair(folder.path(), &BTreeSet::new()).expect("listed");
    for (id, what, bytes, milliseconds) in expected {
        let found = repaired.recovered.iter().find(|recovered| recovered.call == id);
        assert_eq!(found.map(|recovered| recovered.duration), milliseconds.map(Duration::from_millis), "{what}");
        let Some(recovered) = found else {
            assert_eq!(fs::read(folder.path().join(format!("2026/11/21/{id}.wav.part"))).expect("untouched"), bytes, "{what}");
            continue;
        };
        let path = folder.path().join(&recovered.file);
        let reader = WavReader::open(&path).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(Duration::from_millis(u64::from(reader.duration()) * 1_000 / u64::from(reader.spec().sample_rate)), recovered.duration);
        if bytes.len() > 44 {
            assert_eq!(fs::read(&path).expect("readable")[44..], bytes[44..bytes.len() / 4 * 4], "{what}: the sound is untouched");
        }
    }
    assert_eq!(repaired.left.len(), 1);
}

#[test]
fn a_finished_recording_is_never_overwritten() {
    let mut world = World::new();
    let id = call(3);
    let target = world.folder.path().join(format!("2026/11/21/{id}.wav"));
    world.talk(id, 10);
    fs::write(&target, b"an older recording").expect("written");
    world.pass(Recorded::Stopped { call: id, samples: 0 });
    let RecorderReport::Failed { reason, .. } = world.report() else { panic!("not failed") };
    assert!(reason.contains("both are kept"), "{reason}");
    assert_eq!(fs::read(&target).expect("still there"), b"an older recording");
    assert_eq!(channels(&target.with_extension("wav.part"))[0].len(), 1_600);
    let repaired = repair(world.folder.path(), &BTreeSet::new()).expect("listed");
    assert!(repaired.recovered.is_empty() && repaired.left[0].reason.contains("both are kept"), "{repaired:?}");
}

/// What a killed recorder leaves of a call of which 8 kHz sound was heard: the folder of the part file as it stood.
fn wreck(id: CallId, packets: u64) -> (tempfile::TempDir, PathBuf, u64) {
    let mut world = World::new();
    world.talk(id, packets);
    let part = world.folder.path().join(format!("2026/11/21/{id}.wav.part"));
    until(|| WavReader::open(&part).ok().filter(|reader| u64::from(reader.duration()) >= packets * 160 - 3_200));
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join(format!("2026/11/21/{id}.wav.part"));
    fs::create_dir_all(copy.parent().expect("a day")).expect("a day");
    fs::copy(&part, &copy).expect("copied");
    // As a crash leaves it: half a frame behind the last, and a header that is behind.
    let mut bytes = fs::read(&copy).expect("read");
    bytes.extend([1, 2, 3]);
    bytes[40..44].fill(0);
    fs::write(&copy, &bytes).expect("written");
    (folder, copy, (bytes.len() as u64 - 47) / 4)
}

/// One second of a tone on the left, at a position of so many seconds of a recorder's time at `hz`.
fn second_at(world: &mut World, call: CallId, seconds: u64, hz: u32) {
    let per_packet = u64::from(hz) / 50;
    for n in 0..50 {
        let audio = if hz == 8_000 {
            let mut payload = Vec::new();
            Law::A.encode(&tone(440.0, n * 160), &mut payload);
            Sound::Encoded { codec: Codec::Pcma, source: 1, payload }
        } else {
            let step = 440.0 / f64::from(hz) * std::f64::consts::TAU;
            Sound::Linear((n * per_packet..(n + 1) * per_packet).map(|n| (8_000.0 * (n as f64 * step).sin()) as i16).collect())
        };
        let position = seconds * u64::from(hz) + n * per_packet;
        world.pass(Recorded::Audio { call, channel: Channel::Left, position, audio });
    }
}

#[test]
fn a_recording_goes_on_in_its_file_after_a_restart_and_the_gap_is_silent() {
    // The plane may count at another rate than the file has: the call changed its codec before the restart.
    for (seed, hz) in [(20, 8_000), (21, 16_000)] {
        let id = call(seed);
        let (folder, part, frames) = wreck(id, 100);
        let mut world = World::recording_to(folder.path().to_owned(), folder);
        world.pass(Recorded::Started { call: id, rate: hz, resumed: true });
        assert!(matches!(world.report(), RecorderReport::Opened { call, .. } if call == id));
        assert!(repair(world.folder.path(), &BTreeSet::new()).expect("listed").recovered.is_empty(), "it is locked again");
        // The call was silent to its fifth second, spoke for one, and ended with its seventh.
        second_at(&mut world, id, 5, hz);
        world.pass(Recorded::Stopped { call: id, samples: 7 * u64::from(hz) });
        let RecorderReport::Complete { file, duration, sha256, .. } = world.report() else { panic!("not complete") };
        assert_eq!((duration, part.exists()), (Duration::from_secs(7), false));
        let [left, right] = channels(&world.folder.path().join(&file));
        let frames = usize::try_from(frames).expect("short");
        assert!(frames >= 8_000 && is_tone(&left[..frames], 440.0) && is_tone(&right[4_000..frames], 1_000.0), "{frames}");
        assert!(left[frames..40_000].iter().all(|sample| *sample == 0) && left[41_000].abs() < 8_100, "silence stands in the gap");
        assert!(is_tone(&left[40_000..48_000], 440.0), "{hz}: to one frame where it was said");
        let first = left[frames..].iter().position(|sample| sample.abs() > 200).expect("a voice") + frames;
        assert!((40_000..40_020).contains(&first), "{hz}: {first}");
        assert!(left[48_020..].iter().all(|sample| *sample == 0) && left.len() == 56_000);
        assert_eq!(verify(world.folder.path(), &file, &sha256), Verdict::Intact);
    }
}

/// The crash came before the switch could write down that it recorded the call: what it heard till then is kept in front.
#[test]
fn a_recording_that_begins_where_a_file_is_already_stands_behind_it() {
    for finished in [false, true] {
        let id = call(40);
        let (folder, part, frames) = wreck(id, 100);
        if finished {
            assert_eq!(repair(folder.path(), &BTreeSet::new()).expect("listed").recovered.len(), 1);
        }
        let mut world = World::recording_to(folder.path().to_owned(), folder);
        world.pass(Recorded::Started { call: id, rate: 8_000, resumed: false });
        assert!(matches!(world.report(), RecorderReport::Opened { call, .. } if call == id));
        second_at(&mut world, id, 1, 8_000);
        world.pass(Recorded::Stopped { call: id, samples: 3 * 8_000 });
        let RecorderReport::Complete { file, sha256, .. } = world.report() else { panic!("not complete") };
        let [left, right] = channels(&world.folder.path().join(&file));
        let frames = usize::try_from(frames).expect("short");
        assert!(is_tone(&left[..frames], 440.0) && is_tone(&right[4_000..frames], 1_000.0), "what was heard before");
        assert!(left[frames..frames + 8_000].iter().all(|sample| *sample == 0));
        assert!(is_tone(&left[frames + 8_000..frames + 16_000], 440.0) && left.len() == frames + 24_000);
        assert_eq!((verify(world.folder.path(), &file, &sha256), part.exists()), (Verdict::Intact, false));
    }
}

#[test]
fn a_file_that_is_gone_or_was_finished_meanwhile_does_not_stop_the_recording() {
    let (gone, finished, doubly_named) = (call(30), call(31), call(32));
    let (folder, part, _) = wreck(finished, 100);
    let repaired = repair(folder.path(), &BTreeSet::new()).expect("listed");
    assert_eq!((repaired.recovered.len(), part.exists()), (1, false));
    let other = part.with_file_name(format!("{doubly_named}.wav.part"));
    fs::copy(folder.path().join(&repaired.recovered[0].file), &other).expect("copied");
    fs::hard_link(&other, other.with_extension("")).expect("linked");
    let mut world = World::recording_to(folder.path().to_owned(), folder);
    for (id, heard_before) in [(gone, false), (finished, true), (doubly_named, true)] {
        world.pass(Recorded::Started { call: id, rate: 8_000, resumed: true });
        assert!(matches!(world.report(), RecorderReport::Opened { call, .. } if call == id));
        second_at(&mut world, id, 3, 8_000);
        world.pass(Recorded::Stopped { call: id, samples: 32_000 });
        let RecorderReport::Complete { file, duration, .. } = world.report() else { panic!("not complete") };
        assert_eq!(duration, Duration::from_secs(4));
        let [left, _] = channels(&world.folder.path().join(file));
        assert_eq!(is_tone(&left[..8_000], 440.0), heard_before);
        assert!(left[16_000..24_000].iter().all(|sample| *sample == 0) && is_tone(&left[24_000..], 440.0));
    }
    assert_eq!(repair(world.folder.path(), &BTreeSet::new()).expect("listed"), Repair::default());
}

#[test]
fn repair_leaves_the_calls_that_go_on() {
    let (on, over) = (call(40), call(41));
    let (folder, part, _) = wreck(on, 50);
    let bytes = fs::read(&part).expect("read");
    fs::copy(&part, part.with_file_name(format!("{over}.wav.part"))).expect("copied");
    let repaired = repair(folder.path(), &BTreeSet::from([on])).expect("listed");
    assert!(repaired.recovered.iter().map(|recovered| recovered.call).eq([over]) && repaired.left.is_empty());
    assert_eq!(fs::read(&part).expect("read"), bytes, "untouched");
}

#[test]
fn an_unwritable_folder_is_told_once_a_call_and_tried_again_for_the_next() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("recordings");
    fs::write(&path, b"a file stands where the folder should be").expect("written");
    let mut world = World::recording_to(path.clone(), folder);
    let status = world.recorder.status();
    until(|| status.alarm().filter(|alarm| alarm.contains("recordings")));
    let first = call(1);
    world.pass(Recorded::Started { call: first, rate: 8_000, resumed: false });
    assert!(matches!(world.report(), RecorderReport::Failed { call, .. } if call == first));
    world.pass(Recorded::Audio { call: first, channel: Channel::Left, position: 0, audio: Sound::Linear(vec![1; 160]) });
    world.pass(Recorded::Stopped { call: first, samples: 160 });
    fs::remove_file(&path).expect("removed");
    let second = call(2);
    world.pass(Recorded::Started { call: second, rate: 8_000, resumed: false });
    world.pass(Recorded::Stopped { call: second, samples: 160 });
    assert!(matches!(world.report(), RecorderReport::Opened { call, .. } if call == second), "and nothing more of the first");
    assert!(matches!(world.report(), RecorderReport::Complete { call, .. } if call == second));
    assert_eq!(status.figures().failed, 1);
}

#[test]
fn the_alarm_ends_with_its_cause() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("recordings");
    fs::write(&path, b"in the way").expect("written");
    let status = RecorderStatus { shared: Arc::default(), backlog: Arc::default() };
    let mut desk = Desk::new(path.clone(), mpsc::channel(1).0, sync_channel(1).0, status.clone());
    desk.probe();
    assert!(status.alarm().is_some());
    fs::remove_file(&path).expect("removed");
    desk.probe();
    assert_eq!(status.alarm(), None);
    status.backlog.lost.store(5, Relaxed);
    desk.probe();
    assert!(status.alarm().is_some_and(|alarm| alarm.contains("5 chunks")));
    desk.probe();
    assert_eq!(status.alarm(), None);
}

/// A disk of 256 KiB. Where mounting is not allowed (no root), the test says so and proves nothing.
#[test]
fn a_full_disk_loses_the_rest_and_keeps_what_was_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("disk");
    fs::create_dir(&path).expect("made");
    let mount = std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(&path).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        eprintln!("not allowed to mount a small disk: nothing was tested");
        return;
    }
    let mut world = World::recording_to(path.clone(), folder);
    let id = call(1);
    world.talk(id, 1_000); // 20 s, 640 KB.
    let RecorderReport::Failed { call, reason } = world.report() else { panic!("not failed") };
    assert!(call == id && reason.contains("space"), "{reason}");
    assert!(world.recorder.status().alarm().is_some());
    world.pass(Recorded::Stopped { call: id, samples: 160_000 });
    let [left, _] = channels(&path.join(format!("2026/11/21/{id}.wav.part")));
    assert!(left.len() > 40_000 && is_tone(&left, 440.0), "{} frames", left.len());
    let World { recorder, sink, inbox, folder: _folder, .. } = world;
    drop((sink, inbox));
    recorder.close();
    let unmounted = std::process::Command::new("umount").arg(&path).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
}

/// A disk that stands still: the writing thread waits at a gate of the test's, the sinks do not wait.
#[test]
fn a_disk_that_stands_still_delays_nobody_and_costs_no_more_than_the_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    let (gate, (sender, mut inbox)) = (Arc::new(Mutex::new(())), mpsc::channel(64));
    let its_gate = Arc::clone(&gate);
    let recorder = Recorder::start_with(folder.path().to_owned(), sender, move || drop(its_gate.lock())).expect("threads");
    let (mut sink, status) = (recorder.sink(), recorder.status());
    let id = call(50);
    sink.pass(&mut vec![Recorded::Started { call: id, rate: 8_000, resumed: false }]);
    let report = until(|| inbox.try_recv().ok());
    assert!(matches!(report, Input::Recorder(RecorderReport::Opened { .. })));
    let packet = |n: u64| {
        let mut payload = Vec::new();
        Law::A.encode(&tone(440.0, n * 160), &mut payload);
        Recorded::Audio {
            call: id,
            channel: Channel::Left,
            position: n * 160,
            audio: Sound::Encoded { codec: Codec::Pcma, source: 1, payload },
        }
    };
    let held = gate.lock().expect("nobody panics with it");
    // Five seconds of a call, and then noise of other calls until there is no more room.
    for n in 0..250 {
        sink.pass(&mut vec![packet(n)]);
    }
    assert_eq!(status.figures().chunks_lost, 0);
    let other = Recorded::Audio { call: call(51), channel: Channel::Left, position: 0, audio: Sound::Linear(Vec::new()) };
    let room = crate::base::limits::RECORD_CHUNKS_MAX;
    for _ in 0..room / 10_000 + 2 {
        let began = Instant::now();
        sink.pass(&mut vec![other.clone(); 10_000]);
        assert!(began.elapsed() < DEADLINE / 10, "nobody waits");
    }
    let rest = room - status.figures().chunks_waiting;
    sink.pass(&mut vec![other; rest]);
    let figures = status.figures();
    assert!(figures.chunks_waiting == room && figures.chunks_lost >= 10_000, "{figures:?}");
    // While there is no room, sound is lost and an end is not.
    for n in 250..300 {
        sink.pass(&mut vec![packet(n)]);
    }
    sink.pass(&mut vec![Recorded::Stopped { call: id, samples: 300 * 160 }]);
    drop(held);
    until(|| (status.figures().chunks_waiting == 0).then_some(()));
    sink.pass(&mut Vec::new());
    assert!(matches!(until(|| inbox.try_recv().ok()), Input::Recorder(RecorderReport::Sounded { .. })));
    let Input::Recorder(RecorderReport::Complete { file, duration, .. }) = until(|| inbox.try_recv().ok()) else { panic!("not complete") };
    assert_eq!(duration, Duration::from_secs(6));
    let [left, _] = channels(&folder.path().join(file));
    assert!(
        is_tone(&left[..40_000], 440.0) && left[..40_000].windows(80).all(|run| run.iter().any(|sample| *sample != 0)),
        "5 s are whole"
    );
    assert!(left[40_000..].iter().all(|sample| *sample == 0), "silence stands for what was lost");
    let lost = status.figures().chunks_lost;
    assert_eq!(lost, figures.chunks_lost + 50, "and it is counted");
    drop(sink);
    recorder.close();
}

#[test]
fn a_disk_with_room_again_records_the_next_call() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("disk");
    fs::create_dir(&path).expect("made");
    let mount = std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(&path).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        eprintln!("not allowed to mount a small disk: nothing was tested");
        return;
    }
    let mut world = World::recording_to(path.clone(), folder);
    fs::write(path.join("ballast"), vec![1; 150 << 10]).expect("written");
    let (first, second) = (call(1), call(2));
    world.talk(first, 500); // 10 s, 320 KB.
    assert!(matches!(world.report(), RecorderReport::Failed { call, .. } if call == first));
    fs::remove_file(path.join("ballast")).expect("removed");
    world.talk(second, 50);
    world.pass(Recorded::Stopped { call: second, samples: 8_000 });
    assert!(matches!(world.report(), RecorderReport::Complete { call, .. } if call == second));
    let World { recorder, sink, inbox, folder: _folder, .. } = world;
    drop((sink, inbox));
    recorder.close();
    let unmounted = std::process::Command::new("umount").arg(&path).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
}

#[test]
fn closing_finishes_what_is_open() {
    let mut world = World::new();
    let id = call(4);
    world.talk(id, 50);
    let World { recorder, sink, mut inbox, folder, .. } = world;
    drop(sink);
    recorder.close();
    assert!(matches!(inbox.try_recv(), Ok(Input::Recorder(RecorderReport::Sounded { .. }))));
    let Ok(Input::Recorder(RecorderReport::Complete { file, duration, .. })) = inbox.try_recv() else { panic!("not complete") };
    assert_eq!(duration, Duration::from_secs(1));
    assert_eq!(channels(&folder.path().join(file))[0].len(), 8_000);
}
