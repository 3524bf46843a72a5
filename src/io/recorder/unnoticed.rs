//! Recordings that were finished, and the switch was killed before it wrote down that they are.

use super::finish::{Seen, look_through};
use super::repair::Recovered;
use crate::base::Duration;
use crate::recording::RecordingFile;
use std::fs::File;
use std::path::Path;

/// Those of `files` (`2026/11/21/CALL-ID.wav`, below `folder`), which their records have as open, that lie there under their own names.
#[must_use]
pub fn unnoticed(folder: &Path, files: &[String]) -> Vec<Recovered> {
    files.iter().filter_map(|file| found(folder, RecordingFile::parse(file)?)).collect()
}

fn found(folder: &Path, file: RecordingFile) -> Option<Recovered> {
    let path = folder.join(file.to_string());
    let Seen { sha256, sound } = look_through(File::open(&path).ok()?).ok()?;
    let reader = hound::WavReader::open(&path).ok()?;
    let duration = Duration::from_micros(u64::from(reader.duration()) * 1_000_000 / u64::from(reader.spec().sample_rate.max(1)));
    Some(Recovered { call: file.call(), file: file.to_string(), duration, sha256, sound })
}

#[cfg(test)]
mod tests {
    use super::super::finish::hash;
    use super::*;
    use crate::base::time::secs;
    use crate::base::{CallId, Rng, Timestamp};

    #[test]
    fn a_file_that_is_there_is_told_with_its_length_and_one_that_is_not_is_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let name = |n: i64| RecordingFile::new(CallId::new(Timestamp(n), &mut Rng::new(1)), Timestamp(n));
        let (there, gone) = (name(1_000), name(2_000));
        std::fs::create_dir_all(folder.path().join(there.folder())).expect("makes");
        let path = folder.path().join(there.to_string());
        let spec = hound::WavSpec { channels: 2, sample_rate: 8_000, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
        let mut writer = hound::WavWriter::create(&path, spec).expect("makes");
        (0..32_000).for_each(|_| writer.write_sample(7_i16).expect("writes"));
        writer.finalize().expect("ends");
        let found = unnoticed(folder.path(), &[there.to_string(), gone.to_string(), "../x.wav".to_owned()]);
        let sha256 = hash(File::open(path).expect("is there")).expect("reads");
        let sound = found[0].sound;
        assert_eq!(found, [Recovered { call: there.call(), file: there.to_string(), duration: secs(2), sha256, sound }]);
        assert_eq!(sound.map(|sound| (sound.duration, sound.silence)), Some((secs(2), secs(2))));
    }
}
